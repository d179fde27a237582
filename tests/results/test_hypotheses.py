"""Hypotheses tested on records: by hand, by SciPy, with planted effects and without."""

import dataclasses
import math
import subprocess
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from records import BASE
from records import FLAT
from records import choices
from records import errors_in
from records import line
from records import log
from records import record

from alexnet_paper.results import experiments
from alexnet_paper.results import hypotheses
from alexnet_paper.results.experiments import Gate
from alexnet_paper.results.experiments import Hypothesis
from alexnet_paper.results.record import load_all
from alexnet_paper.results.record import shipped

CHOICES = experiments.get("choices")
GATE = Gate(levelled=0.4, window=2, fitted=0.55)
ONE = Hypothesis(("F02",), "no-lrn", "ten views", printed=1.4)


def decide(records, hypothesis=ONE, gate=GATE, others=()):
    asked = dataclasses.replace(CHOICES, hypotheses=(hypothesis, *others), gate=gate)
    (found,) = hypotheses.decide(asked, records)
    return found


def test_a_paired_difference_by_hand():
    """1, 2, 3: mean 2, standard error 1/√3, t = 3.46; 95 % of t with 2 degrees of
    freedom is 4.303."""
    found = hypotheses.difference({0: 5, 1: 5, 2: 5}, {0: 6, 1: 7, 2: 8}, paired=True)
    half = 4.302653 / 3**0.5
    assert (found.mean, found.seeds) == (2, 3)
    assert (found.low, found.high) == pytest.approx((2 - half, 2 + half), abs=1e-5)
    assert found.p == pytest.approx(0.07418, abs=1e-5)
    assert found.values == (1, 2, 3)
    lone = hypotheses.difference({0: 5}, {0: 6}, paired=True)
    assert lone is None and hypotheses.difference({}, {}, paired=False) is None


@pytest.mark.filterwarnings("error")
def test_an_arm_whose_seeds_err_alike_by_hand():
    """t = (20.03 − 11.03) / √(2/2): one degree of freedom, its quantile 12.706."""
    base, without = {0: 11.03, 1: 11.03}, {0: 19.03, 1: 21.03}
    found = hypotheses.difference(base, without, paired=False)
    assert (found.mean, found.low, found.high, found.p) == pytest.approx(
        (9, 9 - 12.706, 9 + 12.706, 1 - 2 / math.pi * math.atan(9)), abs=1e-3
    )


def test_nets_that_differ_are_compared_by_welch_whatever_their_seeds():
    base, without = {0: 1.0, 1: 2.0, 2: 3.0}, {4: 5.0, 5: 7.0}
    found = hypotheses.difference(base, without, paired=False)
    error = (1 / 3 + 2 / 2) ** 0.5
    freedom = (1 / 3 + 1) ** 2 / ((1 / 3) ** 2 / 2 + 1**2 / 1)
    assert found.mean == 4 and found.values == ()
    half = scipy.stats.t.ppf(0.975, freedom) * error
    assert found.half_width == pytest.approx(half)


def test_holm_by_hand():
    adjusted, levels = hypotheses.holm([0.01, 0.04, 0.03, 0.005])
    assert adjusted == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert levels == pytest.approx([1 - 0.05 / 3, 0.95, 0.975, 1 - 0.05 / 4])


@pytest.mark.parametrize(
    ("tests", "sign"),
    [
        ((19.5, 19.8, 19.4), 1),
        ((16.5, 16.8, 16.4), -1),
        ((18.1, 18.1, 18.0), 0),
    ],
)
def test_a_planted_effect_is_found_with_its_sign(tests, sign):
    """+ means lost without it, whatever the verdict."""
    found = decide([*BASE, *choices("no-lrn", tests)])
    expected = np.mean(tests) - np.mean((18.0, 18.2, 17.9))
    assert found.corrected.mean == pytest.approx(expected)
    assert found.sign == sign and found.gate.levelled and found.gate.fitted
    assert found.test == found.corrected and found.train.mean == 0


def test_untested_hypotheses_count_in_the_correction():
    records = [*BASE, *choices("no-lrn", (19.5, 19.8, 19.4))]
    others = CHOICES.hypotheses[1:-1]  # of arms that have no record here
    alone, among = decide(records), decide(records, others=others)
    assert among.p == pytest.approx((1 + len(others)) * alone.p)
    assert among.plain == alone.plain and among.corrected.high > alone.corrected.high


def test_runs_of_another_length_are_none_of_the_experiment():
    """A short trial beside the real runs; a control in another precision counts."""
    changes = dict(CHOICES.plans(arms=["base"]))["base"].changes()
    mine = {**changes, "precision": "float32", "watch": "train"}
    found = []
    for seed, said in enumerate((changes, mine, {**changes, "epochs": 1}, None)):
        found += choices("base", [18.0] * 4, changes=said)[3 * seed : 3 * seed + 3]
    assert set(hypotheses.runs(found, CHOICES)["base"]) == {0, 1, 3}


STEEP = log([30, 28, 24, 20, 12, 10, 10, 10, 9, 9])  # 29 → 22 before the first drop


@pytest.mark.parametrize(
    ("part", "base", "without"),
    [
        ("levelled", {"history": STEEP}, {}),
        ("levelled", {}, {"history": STEEP}),
        ("fitted", {"train": 11.5}, {"train": 11.5}),  # of 20 % at the first drop
    ],
)
def test_each_part_of_the_gate_can_fail(part, base, without):
    """The effect is as clear as before; the gate makes it inconclusive."""
    records = [
        *choices("base", (18.0, 18.2, 17.9), **base),
        *choices("no-lrn", (19.5, 19.8, 19.4), **without),
    ]
    found = decide(records)
    parts = ("levelled", "fitted", "precise")
    failed = [name for name in parts if not getattr(found.gate, name)]
    assert failed == [part] and found.sign == 0
    assert decide(records, gate=None).sign == 1


def test_a_wide_interval_fails_the_gate_unless_the_effect_is_large():
    wide = choices("no-lrn", (18.3, 21.0, 19.0))
    assert not decide([*BASE, *wide]).gate.precise
    large = choices("no-lrn", (28.3, 31.0, 29.0))
    assert decide([*BASE, *large]).gate.precise


def test_what_training_error_still_loses_before_a_drop():
    """In phases of four epochs one counts after the first: 24 → 20 and 10 → 10, a third
    phase has no drop. Of seven epochs three count: from 21 on average to 18."""
    assert hypotheses.still_falling(STEEP, 2) == pytest.approx([4, 0])
    long = log([30, 22, 21, 20, 19, 18, 17, 9], [0.01] * 7 + [0.001])
    assert hypotheses.still_falling(long, 3) == pytest.approx([1])
    assert hypotheses.still_falling(long, 1) == pytest.approx([1])


def sampled(hypothesis, base, other):
    """The samples of two seeds an arm with these histories."""
    first = choices("base", (18, 18.2), history=base)
    second = choices(hypothesis.without, (18, 18.2), history=other)
    return hypotheses.samples(hypotheses.runs([*first, *second], CHOICES), hypothesis)


def test_test_error_at_equal_training_loss():
    """The base comes down to a loss of 0.9, the other to 1.0, where the base was at
    11.0 and 10 % of test error from 20 to 19; the other ends at 25."""
    rates = [0.01] * 3
    base, other = log([20, 10, 9], rates), log([20, 15, 10], rates)
    base[1]["loss"], base[2]["loss"] = 1.1, 0.9
    other[2]["test_top1_error"] = 0.25
    asked = Hypothesis(("G02",), "no-overlap", hypotheses.AT_EQUAL_LOSS)
    ours, theirs = sampled(asked, base, other)
    assert ours == pytest.approx({0: 19.5, 1: 19.5})
    assert theirs == pytest.approx({0: 25, 1: 25})


def test_pace_is_a_ratio_of_epochs():
    """25 % test error is 15 % of training error here: after 1.5 epochs and after 3."""
    rates = [0.01] * 4
    fast, slow = log([20, 10, 9, 9], rates), log([40, 30, 15, 9], rates)
    asked = Hypothesis(("J02",), "no-dropout", "pace", printed=2.0)
    found = hypotheses.difference(*sampled(asked, slow, fast), paired=True)
    assert np.exp(found.mean) == pytest.approx(2.0)
    assert hypotheses.printed(asked) == pytest.approx(np.log(2))


def test_validation_images_stand_for_missing_test_images():
    measured = record(split="validation", metrics={"top1_error": 0.25}, history=FLAT)
    run = {("validation", 1): measured}
    assert (
        hypotheses.error(run, "test") == 25 and hypotheses.error(run, "train") is None
    )
    lines = [line(n, val_top1_error=0.5 / n) for n in (1, 2, 3)]
    run = {("validation", 1): dataclasses.replace(measured, history=lines)}
    assert hypotheses.pace(run, target=0.2) == pytest.approx(-np.log(2.6))


def test_one_arm_against_nothing():
    """Ten views save a point in every seed, by construction."""
    asked = Hypothesis(("I04",), "base", "views", printed=1.5)
    found = decide([*BASE], asked)
    assert found.corrected.mean == pytest.approx(1) and found.sign == 1


def noise(rng, names):
    """Five seeds of arms whose errors differ by chance alone."""
    return [r for name in names for r in choices(name, rng.normal(18, 0.2, 5))]


def test_shuffled_labels_have_no_effect():
    """Runs of one distribution dealt to all arms: of forty families at most five
    have a hypothesis that holds or fails (Holm: two expected, five in 98 of 100)."""
    rng = np.random.default_rng(0)
    asked = [one for one in CHOICES.hypotheses if one.measure == "ten views"]
    names = {name for one in asked for name in (one.base, one.without)}
    ungated, wrong = dataclasses.replace(CHOICES, gate=None), 0
    for _ in range(40):
        found = hypotheses.decide(ungated, noise(rng, names))
        own = [one for one in found if one.hypothesis.measure == "ten views"]
        assert len(own) == len(asked) == 10
        wrong += any(one.sign != 0 for one in own)
    assert wrong <= 5


def test_over_images_and_mcnemar_by_hand():
    """Of six images one net errs alone on five and the other on one: 2 · 7/64."""
    first = np.array([1, 1, 1, 1, 1, 0, 0], bool)
    second = np.array([0, 0, 0, 0, 0, 1, 0], bool)
    assert hypotheses.mcnemar(first, second) == pytest.approx(14 / 64)
    assert hypotheses.mcnemar(first, first) == 1
    found = hypotheses.over_images(second[None], first[None])
    expected = scipy.stats.ttest_rel(100.0 * first, 100.0 * second)
    assert found.mean == pytest.approx(400 / 7)
    assert found.p == pytest.approx(expected.pvalue)


# the shipped records


def in_files(folder, arm, measure):
    """{seed: value} of a measure, in points, straight from the files."""
    test, ten, train = (
        errors_in(folder, "choices", arm, *where)
        for where in (("test", 1), ("test", 10), ("train", 1))
    )
    gap = {seed: test[seed] - train[seed] for seed in test}
    views = {seed: test[seed] - ten[seed] for seed in test}
    found = {"test": test, "ten views": ten, "train": train, "gap": gap, "views": views}
    return found.get(measure)  # the others are worked by hand above


@pytest.mark.parametrize("kind", ["artificial", "shipped"])
def test_decisions_are_those_of_scipy(kind, tmp_path):
    rng, folder = np.random.default_rng(1), shipped()
    if kind == "artificial":
        folder = tmp_path
        for one in noise(rng, CHOICES.arms):
            one.metrics["top1_error"] += rng.normal(0, 0.001)  # of each measure
            one.save(folder)
    decisions = hypotheses.decide(CHOICES, load_all(folder))
    assert len(decisions) > 10 or kind == "shipped"
    for decision in decisions:
        asked = decision.hypothesis
        if not (without := in_files(folder, asked.without, asked.measure)):
            continue
        base = in_files(folder, asked.base, asked.measure)
        if asked.base == asked.without:
            base = dict.fromkeys(base, 0.0)
        if asked.paired:
            both = sorted(set(base) & set(without))
            pair = [[of[seed] for seed in both] for of in (without, base)]
            found = scipy.stats.ttest_rel(*pair)
        else:
            pair = list(without.values()), list(base.values())
            found = scipy.stats.ttest_ind(*pair, equal_var=False)
        plain = decision.plain.low, decision.plain.high
        assert plain == pytest.approx(tuple(found.confidence_interval(0.95)))
        assert decision.plain.p == pytest.approx(found.pvalue)


REGISTERED = {
    record.protocol.experiment
    for record in load_all(shipped())
    if record.protocol.protocol_commit
}


@pytest.mark.parametrize("name", sorted(REGISTERED))
def test_shipped_runs_are_of_one_committed_protocol(name):
    """All name one commit, which is older than every commit that trained them, and in
    which the protocol had its present content."""
    records = [r for r in load_all(shipped()) if r.protocol.experiment == name]
    folder = Path(__file__).parent

    def git(*words):
        return subprocess.run(["git", "-C", folder, *words], capture_output=True)

    if git("rev-parse", "--is-shallow-repository").stdout.strip() != b"false":
        pytest.skip("the history of the checkout is not there")
    (commit,) = {record.protocol.protocol_commit for record in records}
    content = git("hash-object", experiments.get(name).file).stdout.strip().decode()
    found = git("ls-tree", "-r", "--full-tree", commit).stdout.decode()
    assert content in found
    trained = {one for record in records for one in record.protocol.trained_by}
    for one in {name for said in trained for name in said.split(", ")}:
        assert git("merge-base", "--is-ancestor", commit, one).returncode == 0
