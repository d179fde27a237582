"""What the experiments on CIFAR-10 say, from hand-made records."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from alexnet_paper import effects
from alexnet_paper import evidence
from alexnet_paper import experiments
from alexnet_paper import paper
from alexnet_paper import small_nets
from alexnet_paper.findings import FAILS
from alexnet_paper.findings import HOLDS
from alexnet_paper.findings import NOT_REPRODUCED
from alexnet_paper.findings import REPRODUCED
from alexnet_paper.findings import UNDECIDED
from alexnet_paper.record import Record
from alexnet_paper.record import load_all
from alexnet_paper.record import shipped

CLAIM = {claim.id: claim for claim in paper.CLAIMS}


def finding(claim, records):
    return evidence.finding(claim, records, "paper")


def measured(experiment, arm, errors, split="test", views=1, epochs=20):
    """Records of an arm, one a seed, with these errors in %."""
    return [
        Record(
            "paper-32",
            "cifar10",
            split,
            10_000,
            {
                "experiment": experiment,
                "arm": arm,
                "views": views,
                "seed": str(seed),
                "epochs": epochs,
            },
            {"top1_error": error / 100},
            "c",
            {},
        )
        for seed, error in enumerate(errors)
    ]


BASE = measured("proxies", "paper-32", (30, 31, 32))


@pytest.mark.parametrize(
    ("errors", "said", "verdict"),
    [
        ((32, 33, 34.1), "no-colour +2.03 [+1.89, +2.18]", HOLDS),
        ((28, 29, 29.9), "no-colour -2.03 [-2.18, -1.89]", FAILS),
        ((32, 30, 33), "no-colour +0.67", UNDECIDED),
        ((32,), "no-colour +2.00 (one seed)", UNDECIDED),
    ],
)
def test_a_claim_in_a_small_net(errors, said, verdict):
    records = [*BASE, *measured("proxies", "no-colour", errors)]
    found = finding(CLAIM["I06"], records)
    assert found.ours.startswith(said) and found.verdict == verdict
    assert f"{len(errors)} seeds, 20 epochs" in found.note


def test_every_arm_must_agree():
    """O01 takes all three layers: none may be missing, and one that does not matter
    leaves it undecided."""
    worse = (32, 33, 34.1)
    records = [*BASE]
    for arm in ("no-conv3", "no-conv4"):
        records += measured("proxies", arm, worse)
    assert finding(CLAIM["O01"], records) is None
    whole = [*records, *measured("proxies", "no-conv5", worse)]
    assert finding(CLAIM["O01"], whole).verdict == HOLDS
    mixed = [*records, *measured("proxies", "no-conv5", (30, 31, 32.1))]
    assert finding(CLAIM["O01"], mixed).verdict == UNDECIDED


def test_what_ten_views_save():
    records = [*BASE, *measured("proxies", "paper-32", (28.9, 30, 31), views=10)]
    found = finding(CLAIM["I04"], records)
    assert found.ours.startswith("paper-32 +1.03 [") and found.verdict == HOLDS


def test_training_error_without_decay():
    records = measured("proxies", "paper-32", (10, 11, 12), split="train")
    records += measured("proxies", "no-decay", (8, 9.1, 10), split="train")
    assert finding(CLAIM["K02"], [*BASE, *records]).verdict == FAILS


@pytest.mark.parametrize("id", small_nets.PROXIES)
def test_a_proxy_s_arms_are_those_of_its_experiment(id):
    proxy = small_nets.PROXIES[id]
    arms = experiments.get(proxy.experiment).arms
    assert {proxy.base, *proxy.others} <= set(arms)
    assert id in CLAIM and finding(CLAIM[id], []) is None


def race(relu, tanh, cut=math.inf):
    """One run a kind that gets to 25 % after so many epochs, or not before a cut."""

    def run_of(arm, epochs):
        history = [
            {"epoch": n + 1, "top1_error": 0.9 if n + 1 < epochs else 0.25}
            for n in range(min(epochs, cut))
        ]
        (record,) = measured("figure1", arm, (20,))
        return Record(**{**vars(record), "history": history})

    return [run_of("relu-0.001", relu), run_of("tanh-0.01", tanh)]


@pytest.mark.parametrize(
    ("relu", "tanh", "d01", "d02"),
    [
        (5, 30, REPRODUCED, REPRODUCED),
        (5, 12, NOT_REPRODUCED, REPRODUCED),
        (5, 7, NOT_REPRODUCED, NOT_REPRODUCED),
        (2, 40, NOT_REPRODUCED, REPRODUCED),
    ],
)
def test_relu_against_tanh(relu, tanh, d01, d02):
    records = race(relu, tanh)
    for id, verdict in (("D01", d01), ("D02", d02)):
        found = finding(CLAIM[id], records)
        assert found.ours == f"{tanh / relu:.1f} times" and found.verdict == verdict


@pytest.mark.parametrize(
    ("cut", "d01", "d02"),
    [
        (5, UNDECIDED, UNDECIDED),  # over 1.0 times
        (20, UNDECIDED, REPRODUCED),  # over 4.0 times: six or more, who knows
        (45, NOT_REPRODUCED, REPRODUCED),  # over 9.0 times
    ],
)
def test_a_lower_bound_decides_what_more_training_could_not_change(cut, d01, d02):
    records = race(5, 60, cut)
    for id, verdict in (("D01", d01), ("D02", d02)):
        found = finding(CLAIM[id], records)
        assert found.ours == f"over {cut / 5:.1f} times" and found.verdict == verdict


@pytest.mark.parametrize(
    ("first", "second", "epochs", "verdict"),
    [
        ((13, 13.2), (11, 11.2), 160, REPRODUCED),
        ((13, 13.2), (11, 11.2), 20, REPRODUCED),
        ((14, 14.2), (11, 11.2), 520, NOT_REPRODUCED),
        ((14, 14.2), (11, 11.2), 200, UNDECIDED),
        ((14, 14.2), (11, 11.2), 20, UNDECIDED),
    ],
)
def test_footnote_3(first, second, epochs, verdict):
    """A short training that does not get there decides nothing."""
    records = measured("footnote3", "13pct", first, views=10, epochs=epochs)
    assert finding(CLAIM["F03"], records) is None
    records += measured("footnote3", "11pct", second, views=10, epochs=epochs)
    alone = measured("footnote3", "11pct-no-lrn", (12, 12.2), views=10, epochs=epochs)
    found = finding(CLAIM["F03"], [*records, *alone])
    assert found.verdict == verdict and "without its normalization +1.00" in found.note
    assert f"2 seeds, {epochs} epochs of the 160 and 520" in found.note
    assert found.ours == f"{sum(first) / 2:.1f} → {sum(second) / 2:.1f} %"
    for record in (*records, *alone):
        record.protocol["training_images"] = 50_000
    said = small_nets.on_footnote_3([*records, *alone])
    assert f"{epochs} epochs of 50,000 images" in said
    assert f"{sum(first) / 2:.1f} % and {sum(second) / 2:.1f} % of the test" in said
    assert "+1.00 [+1.00, +1.00] points more" in said and "is told from" in said
    assert found.records == (
        "footnote3-11pct-cifar10-test-views10-seed*.json",
        "footnote3-11pct-no-lrn-cifar10-test-views10-seed*.json",
        "footnote3-13pct-cifar10-test-views10-seed*.json",
    )


def test_the_small_net_and_its_schedule():
    trained = measured("proxies", "paper-32", (20, 21, 25), split="train")
    rates = [0.01] * 16 + [0.001] * 2 + [0.0001] * 2
    history = [{"epoch": n + 1, "rate": rate} for n, rate in enumerate(rates)]
    records = [
        dataclasses.replace(
            record,
            protocol={**record.protocol, "training_images": 10_000},
            history=history,
        )
        for record in (*BASE, *trained)
    ]
    said = small_nets.on_small_nets(records)
    assert "10,000 training images, 20 epochs, the rate divided by ten after" in said
    assert "after epochs 16 and 18, the same seeds" in said
    assert "far from over-fitting" in said  # 22 % of the training images are wrong
    assert "31.0 % of the test images and on 22.0 % of those" in said


def test_when_the_rate_falls():
    """Of four epochs only the first of two drops, at 80 and 90 %, is within them."""
    lines = [{"epoch": n + 1, "rate": rate} for n, rate in enumerate((1, 1, 1, 0.1))]
    assert small_nets.falls(lines) == "the rate divided by ten after epoch 3"
    assert small_nets.falls(lines[:2]) == "the rate constant"


def test_only_what_was_trained_alike_is_compared():
    """A short trial of one arm says nothing beside long runs of the other, and the
    longest training that both have counts."""
    short = measured("proxies", "no-colour", (80, 81, 82), epochs=2)
    assert finding(CLAIM["I06"], [*BASE, *short]) is None
    base = measured("proxies", "paper-32", (79, 80, 81), epochs=2)
    found = finding(CLAIM["I06"], [*BASE, *base, *short])
    assert found.ours.startswith("no-colour +1.00") and "2 epochs" in found.note
    long = measured("proxies", "no-colour", (33, 34, 35))
    for records in ((*BASE, *base, *short, *long), (*long, *short, *base, *BASE)):
        found = finding(CLAIM["I06"], records)
        assert found.ours.startswith("no-colour +3.00") and "20 epochs" in found.note


def test_towers_over_seeds():
    """One seed of three parts its towers' colours in the short training, all in the
    long one."""
    short = [
        dataclasses.replace(
            record,
            metrics={**record.metrics, "colour": {"means": m, "p_value": p}},
            protocol={**record.protocol, "training_images": 10_000},
        )
        for record, m, p in zip(
            BASE, ((0.2, 0.6), (0.4, 0.5), (0.4, 0.4)), (0.001, 0.2, 0.9), strict=True
        )
    ]
    long = [
        dataclasses.replace(
            record,
            metrics={**record.metrics, "colour": {"means": (0.1, 0.7), "p_value": 0}},
            protocol={**short[0].protocol, "experiment": "towers", "epochs": 90},
        )
        for record in short
    ]
    assert small_nets.coloured([*long, *short]) == [short, long]
    said = small_nets.on_towers(short)
    assert "after 20 epochs of 10,000 images: 0.20 and 0.60 (p = 0.001), 0.40" in said
    assert "they part in 1 of 3 seeds" in said and "90 epochs" not in said
    said = small_nets.on_towers([*long, *short])
    assert "in 1 of 3 seeds (p < 0.05); after 90 epochs of 10,000 images: 0.10" in said
    assert said.endswith("so that they part in 3 of 3 seeds (p < 0.05).")
    assert small_nets.coloured(BASE) == [] and small_nets.on_towers(BASE) == ""


def test_all_effects_are_those_that_were_run():
    records = [*BASE, *measured("proxies", "no-lrn", (32, 33, 34.1))]
    (key,) = small_nets.all_effects(records)
    assert key == ("no-lrn", "test error")
    assert small_nets.all_effects(BASE) == {}


SHIPPED = load_all(shipped())
ASKED = {  # (experiment, unchanged arm, changed arm, measure) of every claim
    (proxy.experiment, proxy.base, other, proxy.what)
    for proxy in small_nets.PROXIES.values()
    for other in proxy.others
} | {("footnote3", "11pct", "11pct-no-lrn", "ten views")}


def shipped_errors(experiment, arm, split, views):
    """Errors in %, by seed, straight from the files."""
    pattern = f"{experiment}-{arm}-cifar10-{split}-views{views}-seed*.json"
    found = [json.loads(path.read_text()) for path in shipped().glob(pattern)]
    return {
        one["protocol"]["seed"]: 100 * one["metrics"]["top1_error"] for one in found
    }


@pytest.mark.parametrize("asked", sorted(ASKED))
def test_shipped_effects_are_those_of_scipy(asked):
    """Each arm has three seeds or more, or none; the paired interval is SciPy's."""
    experiment, base, other, what = asked
    where = {"gap": ("test", 1), "ten views": ("test", 10)}.get(what, (what, 1))
    ours, theirs = (shipped_errors(experiment, arm, *where) for arm in (base, other))
    if what == "gap":
        for arm, errors in ((base, ours), (other, theirs)):
            for seed, error in shipped_errors(experiment, arm, "train", 1).items():
                errors[seed] -= error
    effect = effects.effect(SHIPPED, *asked)
    if not theirs:
        assert effect is None
        return
    assert len(set(ours) & set(theirs)) == len(theirs) >= 3
    points = [theirs[seed] - ours[seed] for seed in sorted(theirs)]
    interval = scipy.stats.ttest_1samp(points, 0).confidence_interval()
    assert effect.differences == pytest.approx(points)
    assert effect.interval == pytest.approx(tuple(interval))


@pytest.mark.parametrize("id", small_nets.READINGS)
def test_shipped_verdicts_name_files_that_are_there(id):
    found = finding(CLAIM[id], SHIPPED)
    names = {record.name for record in SHIPPED}
    for name in found.records if found else ():
        assert name.replace("*", "0") in names


def test_the_shipped_ratio_of_figure_1():
    """Three seeds a kind, and the medians of where their logs cross 25 %."""
    race = effects.race(SHIPPED)
    medians = {}
    for kind, of_kind in race.records.items():
        crossed = []
        for record in of_kind:
            epochs = [line["epoch"] for line in record.history]
            errors = [line["top1_error"] for line in record.history]
            first = next(n for n, error in enumerate(errors) if error <= 0.25)
            span = slice(first - 1, first + 1)  # falls from above 25 % to below
            crossed.append(np.interp(-0.25, -np.array(errors[span]), epochs[span]))
        assert len(crossed) >= 3
        medians[kind] = np.median(crossed)
    assert race.ratio == (pytest.approx(medians["tanh"] / medians["relu"]), False)
    assert finding(CLAIM["D01"], SHIPPED).ours == f"{race.ratio[0]:.1f} times"


def test_what_ten_views_save_is_that_of_scipy():
    one, ten = (shipped_errors("proxies", "paper-32", "test", n) for n in (1, 10))
    assert set(one) == set(ten) and len(one) >= 3
    points = [one[seed] - ten[seed] for seed in sorted(one)]
    low, high = scipy.stats.ttest_1samp(points, 0).confidence_interval()
    said = f"paper-32 {np.mean(points):+.2f} [{low:+.2f}, {high:+.2f}]"
    assert finding(CLAIM["I04"], SHIPPED).ours == said


def test_shipped_errors_of_footnote_3_and_of_the_18_percent_net():
    """Means over seeds, and the one run of the whole schedule, from their files."""
    first, second = (
        np.mean(list(shipped_errors("footnote3", arm, "test", 10).values()))
        for arm in ("13pct", "11pct")
    )
    assert finding(CLAIM["F03"], SHIPPED).ours == f"{first:.1f} → {second:.1f} %"
    (error,) = shipped_errors("net-18pct", "published", "test", 1).values()
    said = small_nets.on_the_18_percent_net(SHIPPED)
    assert f"Here {error:.2f} % [" in said and "after 140 of 50,000 images" in said


def test_the_shipped_towers():
    """Three seeds of each training, and as many that part as their files say."""
    assert len(small_nets.coloured(SHIPPED)) == 2  # short and long trainings
    for found in small_nets.coloured(SHIPPED):
        files = [json.loads(Path(record.source).read_text()) for record in found]
        chances = [one["metrics"]["colour"]["p_value"] for one in files]
        assert len({one["protocol"]["seed"] for one in files}) == len(files) >= 3
        parted = sum(chance < 0.05 for chance in chances)
        said = f"in {parted} of {len(files)} seeds (p < 0.05)"
        assert small_nets.how_many_part(found) == said


def test_words_are_those_of_the_records():
    """Every number of the paragraphs, from runs whose outcome is known."""
    assert [explain([]) for explain in small_nets.EXPLANATIONS.values()] == [""] * 6
    said = small_nets.on_figure_1(race(5, 30))
    assert "ReLU 5.0; tanh 30.0" in said and "are 6.0 times apart" in said
    assert "ReLU 0.001 (25.0); tanh 0.01 (90.0)" in said
    (record,) = measured("net-18pct", "published", (19.5,), epochs=140)
    record = dataclasses.replace(
        record,
        variant="cifar-18pct",
        protocol={**record.protocol, "training_images": 50_000},
        metrics={"top1_error": 0.195, "top1_error_interval": [0.187, 0.203]},
        history=[
            {"epoch": 1, "seconds": 3600, "rate": 1.0, "top1_error": 0.5},
            {"epoch": 2, "seconds": 1800, "rate": 0.01, "top1_error": 0.4},
        ],
    )
    assert "19.50 % [18.70, 20.30] after 140 of 50,000" in (
        small_nets.on_the_18_percent_net([record])
    )
    said = small_nets.on_compute([record, record, *race(5, 30)])
    assert "together: 1.5 hours of training" in said and "logs: net-18pct 1.5." in said
    assert "the rate divided by 100 after epoch 1; 40.0 % of the training images" in (
        small_nets.on_the_18_percent_net([record])
    )
