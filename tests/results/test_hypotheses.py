"""Hypotheses tested on records: by hand, by SciPy, with planted effects and without."""

import dataclasses
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from alexnet_paper.results import experiments
from alexnet_paper.results import hypotheses
from alexnet_paper.results.experiments import Gate
from alexnet_paper.results.experiments import Hypothesis
from alexnet_paper.results.record import Protocol
from alexnet_paper.results.record import Record
from alexnet_paper.results.record import load_all
from alexnet_paper.results.record import pack
from alexnet_paper.results.record import shipped

CHOICES = experiments.get("choices")
RATES = [0.01] * 4 + [0.001] * 4 + [0.0001] * 2


def log(errors, rates=RATES):
    """Lines of a log with these training errors in %; loss and test error follow."""
    return [
        {
            "epoch": epoch,
            "rate": rate,
            "loss": error / 10,
            "top1_error": error / 100,
            "test_top1_error": (error + 10) / 100,
        }
        for epoch, (error, rate) in enumerate(zip(errors, rates, strict=True), 1)
    ]


FLAT = log([21, 20, 20, 20, 11, 10, 10, 10, 9, 9])  # levelled before each drop


def run(arm, seed, test, train=9.0, history=FLAT, experiment="choices", **arrays):
    """The three records of one run, errors in %; ten views save a point."""
    found = {("test", 1): test, ("test", 10): test - 1, ("train", 1): train}
    return [
        Record(
            "paper-32",
            "cifar10",
            split,
            10_000,
            Protocol(experiment=experiment, arm=arm, views=views, seed=str(seed)),
            {"top1_error": error / 100},
            "c",
            {},
            history,
            {name: pack(array) for name, array in arrays.items()},
        )
        for (split, views), error in found.items()
    ]


def arm(name, tests, **options):
    return [r for s, test in enumerate(tests) for r in run(name, s, test, **options)]


BASE = arm("base", (18.0, 18.2, 17.9))
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
    found = decide([*BASE, *arm("no-lrn", tests)])
    expected = np.mean(tests) - np.mean((18.0, 18.2, 17.9))
    assert found.corrected.mean == pytest.approx(expected)
    assert found.sign == sign and found.gate.levelled and found.gate.fitted
    assert found.test == found.corrected and found.train.mean == 0


OTHERS = CHOICES.hypotheses[1:-1]  # of arms that have no record here


def test_untested_hypotheses_count_in_the_correction():
    records = [*BASE, *arm("no-lrn", (19.5, 19.8, 19.4))]
    alone, among = decide(records), decide(records, others=OTHERS)
    assert among.p == pytest.approx((1 + len(OTHERS)) * alone.p)
    assert among.plain == alone.plain and among.corrected.high > alone.corrected.high


def test_two_seeds_decide_nothing():
    records = [*arm("base", (18, 18.2)), *arm("no-lrn", (19.5, 19.8))]
    assert hypotheses.decide(CHOICES, records) == []


def test_runs_of_another_length_are_none_of_the_experiment():
    """A short trial beside the real runs; a control in another precision counts."""
    changes = dict(CHOICES.plans(arms=["base"]))["base"].changes()
    mine = {**changes, "precision": "float32", "watch": "train"}
    found = []
    for seed, said in enumerate((changes, mine, {**changes, "epochs": 1}, None)):
        for one in run("base", seed, 18.0):
            protocol = dataclasses.replace(one.protocol, changes=said)
            found.append(dataclasses.replace(one, protocol=protocol))
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
        *arm("base", (18.0, 18.2, 17.9), **base),
        *arm("no-lrn", (19.5, 19.8, 19.4), **without),
    ]
    found = decide(records)
    failed = {
        name
        for name in ("levelled", "fitted", "precise")
        if not getattr(found.gate, name)
    }
    assert failed == {part} and found.sign == 0
    assert decide(records, gate=None).sign == 1


def test_a_wide_interval_fails_the_gate_unless_the_effect_is_large():
    wide = arm("no-lrn", (18.3, 21.0, 19.0))
    assert not decide([*BASE, *wide]).gate.precise
    large = arm("no-lrn", (28.3, 31.0, 29.0))
    assert decide([*BASE, *large]).gate.precise


def test_what_training_error_still_loses_before_a_drop():
    """In phases of four epochs one counts after the first: 24 → 20 and 10 → 10, a third
    phase has no drop. Of seven epochs three count: from 21 on average to 18."""
    assert hypotheses.still_falling(STEEP, 2) == pytest.approx([4, 0])
    long = log([30, 22, 21, 20, 19, 18, 17, 9], [0.01] * 7 + [0.001])
    assert hypotheses.still_falling(long, 3) == pytest.approx([1])
    assert hypotheses.still_falling(long, 1) == pytest.approx([1])


def test_test_error_at_equal_training_loss():
    """The base comes down to a loss of 0.9, the other to 1.0, where the base was at
    11.0 and 10 % of test error from 20 to 19; the other ends at 25."""
    rates = [0.01] * 3
    base, other = log([20, 10, 9], rates), log([20, 15, 10], rates)
    base[1]["loss"], base[2]["loss"] = 1.1, 0.9
    other[2]["test_top1_error"] = 0.25
    records = [
        *arm("base", (18, 18.2), history=base),
        *arm("no-overlap", (18, 18.2), history=other),
    ]
    arms = hypotheses.runs(records, CHOICES)
    asked = Hypothesis(("G02",), "no-overlap", hypotheses.AT_EQUAL_LOSS)
    ours, theirs = hypotheses.samples(arms, asked)
    assert ours == pytest.approx({0: 19.5, 1: 19.5})
    assert theirs == pytest.approx({0: 25, 1: 25})


def test_pace_is_a_ratio_of_epochs():
    """25 % test error is 15 % of training error here: after 1.5 epochs and after 3."""
    rates = [0.01] * 4
    fast, slow = log([20, 10, 9, 9], rates), log([40, 30, 15, 9], rates)
    records = [
        *arm("base", (18, 18.2), history=slow),
        *arm("no-dropout", (18, 18.2), history=fast),
    ]
    arms = hypotheses.runs(records, CHOICES)
    asked = Hypothesis(("J02",), "no-dropout", "pace", printed=2.0)
    found = hypotheses.difference(*hypotheses.samples(arms, asked), paired=True)
    assert np.exp(found.mean) == pytest.approx(2.0)
    assert hypotheses.printed(asked) == pytest.approx(np.log(2))


def test_one_arm_against_nothing():
    """Ten views save a point in every seed, by construction."""
    asked = Hypothesis(("I04",), "base", "views", printed=1.5)
    found = decide([*BASE], asked)
    assert found.corrected.mean == pytest.approx(1) and found.sign == 1


def noise(rng, names, seeds=5):
    """Arms whose runs all have the same error but for chance."""
    return [r for name in names for r in arm(name, rng.normal(18, 0.2, seeds))]


def test_shuffled_labels_have_no_effect():
    """Runs of one distribution dealt to all arms: of forty families fewer than five
    have a hypothesis that holds or fails, as Holm's correction promises (two expected,
    at most five in more than 98 of a hundred cases)."""
    rng = np.random.default_rng(0)
    names = [*{h.base for h in CHOICES.hypotheses}, "no-lrn", "no-overlap", "one-tower",
             "no-conv1", "no-conv2", "no-conv3", "no-conv4", "no-conv5", "no-fc7",
             "no-colour"]  # fmt: skip
    wrong = 0
    for _ in range(40):
        found = hypotheses.decide(
            dataclasses.replace(CHOICES, gate=None), noise(rng, names)
        )
        own = [one for one in found if one.hypothesis.measure == "ten views"]
        assert len(own) == 10
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


def test_an_average_of_nets_from_its_arrays():
    """Three nets, each sure and wrong about another image, are right together."""
    label = np.arange(3)
    records = []
    for seed in range(3):
        p = np.full((3, 3), 0.05)
        p[label, label] = 0.9
        p[seed] = np.roll(np.array([0.5, 0.45, 0.05]), seed + 1)[::1]
        p[seed, seed], p[seed, (seed + 1) % 3] = 0.45, 0.5
        p[seed, (seed + 2) % 3] = 0.05
        rank = (p.argmax(axis=1) != label).astype("uint8")
        arrays = {
            "probabilities": np.round(65535 * p).astype("uint16"),
            "rank": rank,
            "label": label.astype("uint8"),
        }
        records += run("base", seed, 100 / 3, **arrays)
    saved, together = hypotheses.averaged(hypotheses.runs(records, CHOICES))
    assert saved.mean == pytest.approx(100 / 3) and together == 0
    assert saved.seeds == 3
    assert hypotheses.averaged(hypotheses.runs(BASE, CHOICES)) is None


# the shipped records

SHIPPED = [r for r in load_all(shipped()) if r.protocol.experiment == "choices"]


def in_files(arm, split, views):
    """Errors in %, by seed, straight from the files."""
    pattern = f"choices-{arm}-cifar10-{split}-views{views}-seed*.json"
    found = [json.loads(path.read_text()) for path in shipped().glob(pattern)]
    return {
        one["protocol"]["seed"]: 100 * one["metrics"]["top1_error"] for one in found
    }


WHERE = {"ten views": ("test", 10), "train": ("train", 1), "test": ("test", 1)}


@pytest.mark.parametrize("decision", hypotheses.decide(CHOICES, SHIPPED), ids=str)
def test_shipped_decisions_are_those_of_scipy(decision):
    asked = decision.hypothesis
    if asked.measure not in WHERE:
        pytest.skip(f"{asked.measure} is no error of one file; worked by hand above")
    base, without = (
        in_files(name, *WHERE[asked.measure]) for name in (asked.base, asked.without)
    )
    if asked.paired:
        seeds = sorted(set(base) & set(without))
        found = scipy.stats.ttest_rel(*([m[s] for s in seeds] for m in (without, base)))
    else:
        pair = list(without.values()), list(base.values())
        found = scipy.stats.ttest_ind(*pair, equal_var=False)
    interval = found.confidence_interval(0.95)
    plain = decision.plain.low, decision.plain.high
    assert plain == pytest.approx(tuple(interval))
    assert decision.plain.p == pytest.approx(found.pvalue)


@pytest.mark.parametrize("name", ["choices", "biases"])
def test_shipped_runs_are_of_one_committed_protocol(name):
    """All name one commit, which is older than every commit that trained them, and in
    which the protocol had its present content."""
    records = [r for r in load_all(shipped()) if r.protocol.experiment == name]
    if not records:
        pytest.skip("no record of it is shipped yet")
    folder = Path(__file__).parent

    def git(*words):
        return subprocess.run(["git", "-C", folder, *words], capture_output=True)

    if git("rev-parse", "--is-shallow-repository").stdout.strip() != b"false":
        pytest.skip("the history of the checkout is not there")
    (commit,) = {record.protocol.protocol_commit for record in records}
    content = git("hash-object", experiments.get(name).file).stdout.strip().decode()
    found = git("ls-tree", "-r", "--full-tree", commit).stdout.decode()
    assert content in found
    for record in records:
        for trained_by in record.protocol.trained_by:
            for one in trained_by.split(", "):
                assert git("merge-base", "--is-ancestor", commit, one).returncode == 0
