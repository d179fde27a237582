"""What the experiments on CIFAR-10 say, from hand-made records."""

import dataclasses
import json
import math

import numpy as np
import pytest
import scipy.stats

from alexnet_paper import paper
from alexnet_paper.report import prose
from alexnet_paper.results import curves
from alexnet_paper.results import experiments
from alexnet_paper.results.record import Protocol
from alexnet_paper.results.record import Record
from alexnet_paper.results.record import load_all
from alexnet_paper.results.record import pack
from alexnet_paper.results.record import shipped
from alexnet_paper.verdicts import recorded
from alexnet_paper.verdicts import stand_ins
from alexnet_paper.verdicts.finding import CONTRADICTED
from alexnet_paper.verdicts.finding import INCONCLUSIVE
from alexnet_paper.verdicts.finding import NOT_REPRODUCED
from alexnet_paper.verdicts.finding import REPRODUCED
from alexnet_paper.verdicts.finding import SUPPORTED

CLAIM = {claim.id: claim for claim in paper.CLAIMS}


def finding(claim, records):
    return recorded.finding(claim, records, "paper")


def measured(experiment, arm, errors, split="test", views=1, epochs=20):
    """Records of an arm, one a seed, with these errors in %."""
    return [
        Record(
            "paper-32",
            "cifar10",
            split,
            10_000,
            Protocol(
                experiment=experiment,
                arm=arm,
                views=views,
                seed=str(seed),
                epochs=epochs,
            ),
            {"top1_error": error / 100},
            "c",
            {},
        )
        for seed, error in enumerate(errors)
    ]


CHOICES = experiments.get("choices")


@pytest.mark.parametrize("id", ["B06", "F02", "I04", "J02", "J03", "K02", "O01"])
def test_a_claim_of_the_choices(id):
    """No record, no finding; one seed of the base alone: none either."""
    assert id in stand_ins.READINGS and finding(CLAIM[id], []) is None
    assert finding(CLAIM[id], chosen("base", (18, 18.1, 18.2))[:3]) is None or (
        id == "I04"
    )
    arms = {arm for one in stand_ins.of_claim(CLAIM[id]) for arm in (one.without,)}
    assert arms <= set(CHOICES.arms)


RATES = [0.01] * 4 + [0.001] * 4 + [0.0001] * 2
ERRORS = [0.21, 0.2, 0.2, 0.2, 0.11, 0.1, 0.1, 0.1, 0.09, 0.09]  # level before drops


def chosen(arm, errors, train=9.0):
    """Records of an arm of the choices, three a seed; ten views save a point."""
    history = [
        {"epoch": n, "rate": rate, "top1_error": error, "loss": error}
        for n, (rate, error) in enumerate(zip(RATES, ERRORS, strict=True), 1)
    ]
    found = [
        record
        for split, views, less in (("test", 1, 0), ("test", 10, 1))
        for record in measured("choices", arm, [e - less for e in errors], split, views)
    ]
    found += measured("choices", arm, [train] * len(errors), "train")
    return [dataclasses.replace(record, history=history) for record in found]


BASE = chosen("base", (18.0, 18.2, 17.9, 18.1, 18.0))


def test_a_claim_of_several_arms_takes_them_all():
    """O01: five layers. All cost points: supported; one saves some: contradicted; one
    was not run: nothing is said yet."""
    layers = ("no-conv2", "no-conv3", "no-conv4", "no-conv5", "no-fc7")
    worse, better = (23.0, 23.3, 22.9, 23.1, 23.0), (13.0, 13.3, 12.9, 13.1, 13.0)
    records = [*BASE, *(r for one in layers[:4] for r in chosen(one, worse))]
    assert finding(CLAIM["O01"], records) is None
    whole = finding(CLAIM["O01"], [*records, *chosen("no-fc7", worse)])
    assert whole.verdict == SUPPORTED and "no-conv4 +5.02 [" in whole.ours
    assert "gate passed" in whole.note and "training error +0.00" in whole.note
    mixed = finding(CLAIM["O01"], [*records, *chosen("no-fc7", better)])
    assert mixed.verdict == CONTRADICTED and "no-fc7 -4.98 [" in mixed.ours


def test_few_seeds_are_under_way():
    records = [*chosen("base", (18.0, 18.2)), *chosen("no-lrn", (20.0, 20.1))]
    found = finding(CLAIM["F02"], records)
    assert (found.ours, found.verdict) == ("under way", INCONCLUSIVE)
    assert found.note == "2 of 5 seeds: too few to tell"


def test_fewer_seeds_than_the_protocol_says_decide_nothing():
    """However clear they are."""
    arms = ("base", (18.0, 18.2, 17.9)), ("no-lrn", (23.0, 23.3, 22.9))
    found = finding(CLAIM["F02"], [one for arm in arms for one in chosen(*arm)])
    assert found.verdict == INCONCLUSIVE and "3 of 5 seeds" in found.note


def biased(steps):
    """Records of the experiment on biases: {arm: steps of ten that each seed took}."""
    found = []
    for arm, counts in steps.items():
        for seed, count in enumerate(counts):
            (record,) = measured("biases", arm, (50,))
            protocol = {
                "seed": str(seed),
                "classes": 10,
                "steps": 10,
                "batch_size": 128,
            }
            lines = [{"epoch": n, "loss": 2.3} for n in range(1, count + 1)]
            lines[-1]["loss"] = 2.3 if count == 100 else 2.0
            protocol = dataclasses.replace(
                record.protocol, **protocol, training_images=50_000
            )
            found.append(dataclasses.replace(record, protocol=protocol, history=lines))
    return found


def test_biases_and_the_start():
    """Ones leave after 30 steps, the others after 200 and more, or never."""
    nets = ("paper-32", "paper")
    sooner = {f"{net}-bias-1": (3, 3, 4, 3, 2) for net in nets}
    small = {f"{net}-bias-0.1": (20, 21, 22, 23, 24) for net in nets}
    zero = {f"{net}-bias-0": (30, 31, 32, 100, 100) for net in nets}
    found = finding(CLAIM["K06"], biased({**sooner, **small, **zero}))
    assert found.verdict == SUPPORTED
    assert found.ours == "paper-32 30 / 220 / 320; paper 30 / 220 / 320"
    later = {f"{net}-bias-1": (100,) * 5 for net in nets}
    found = finding(CLAIM["K06"], biased({**later, **small, **zero}))
    assert "never" in found.ours and found.verdict == INCONCLUSIVE  # p of zero's ties
    assert finding(CLAIM["K06"], biased(sooner)) is None


def test_averaging_nets_is_read_from_their_probabilities():
    label = np.arange(4) % 3
    records = []
    for seed, record in enumerate(measured("choices", "base", (25, 25, 25), views=10)):
        p = np.full((4, 3), 0.05)
        p[np.arange(4), label] = 0.9
        p[seed] = 0.05
        p[seed, label[seed]], p[seed, (label[seed] + 1) % 3] = 0.45, 0.5
        arrays = {
            "probabilities": np.round(65535 * p).astype("uint16"),
            "rank": (p.argmax(axis=1) != label).astype("uint8"),
            "label": label.astype("uint8"),
        }
        packed = {name: pack(array) for name, array in arrays.items()}
        records.append(dataclasses.replace(record, arrays=packed))
    found = finding(CLAIM["L05"], records)
    assert found.ours == "25.0 → 0.0 %" and "the paper 2.6" in found.note
    assert found.verdict == "inconclusive" and "3 of 5 seeds" in found.note


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
        (5, 30, SUPPORTED, SUPPORTED),
        (5, 12, CONTRADICTED, SUPPORTED),
        (5, 7, CONTRADICTED, CONTRADICTED),
        (2, 40, CONTRADICTED, SUPPORTED),
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
        (5, INCONCLUSIVE, INCONCLUSIVE),  # over 1.0 times
        (20, INCONCLUSIVE, SUPPORTED),  # over 4.0 times: six or more, who knows
        (45, CONTRADICTED, SUPPORTED),  # over 9.0 times
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
        ((14, 14.2), (11, 11.2), 200, INCONCLUSIVE),
        ((14, 14.2), (11, 11.2), 20, INCONCLUSIVE),
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
        object.__setattr__(record.protocol, "training_images", 50_000)
    said = prose.on_footnote_3([*records, *alone])
    assert f"{epochs} epochs of 50,000 images" in said
    assert f"errors are {sum(first) / 2:.1f} % and {sum(second) / 2:.1f} %" in said
    assert "+1.00 [+1.00, +1.00] points more, which is signif" in said
    assert found.records == (
        "footnote3-11pct-cifar10-test-views10-seed*.json",
        "footnote3-11pct-no-lrn-cifar10-test-views10-seed*.json",
        "footnote3-13pct-cifar10-test-views10-seed*.json",
    )


def test_the_small_net_and_its_schedule():
    said = prose.on_small_nets(chosen("base", (18.0, 18.2, 17.9)))
    assert "Seeds so far: 3 of 5" in said
    assert "18.0 % of the test images by one view, 17.0 % by ten, and on 9.0 %" in said
    assert "the rate divided by ten after epochs 4 and 8" in said


def test_when_the_rate_falls():
    """Of four epochs only the first of two drops, at 80 and 90 %, is within them."""
    lines = [{"epoch": n + 1, "rate": rate} for n, rate in enumerate((1, 1, 1, 0.1))]
    assert prose.falls(lines) == "the rate divided by ten after epoch 3"
    assert prose.falls(lines[:2]) == "the rate constant"


def test_every_run_says_what_is_excluded():
    """One of three parts; differences of 0.4, 0.1 and 0: mean 0.17, t of two degrees
    of freedom 4.303 over the root of three times their deviation, 0.208."""
    colours = ((0.2, 0.6), (0.4, 0.5), (0.4, 0.4))
    records = [
        dataclasses.replace(one, metrics={"colour": {"means": m, "p_value": p}})
        for one, m, p in zip(BASE[:3], colours, (0.001, 0.2, 0.9), strict=True)
    ]
    found = finding(CLAIM["N04"], records)
    assert found.ours == "1 of 3 seeds (p < 0.05)" and found.verdict == INCONCLUSIVE
    assert "selectivity 0.17, 95 % interval up to 0.68" in found.note
    all_of_them = [
        dataclasses.replace(
            one, metrics={"colour": {"means": (0.1, 0.8), "p_value": 0}}
        )
        for one in BASE[:3]
    ]
    assert finding(CLAIM["N04"], all_of_them).verdict == SUPPORTED


def test_towers_over_seeds():
    """One seed of three parts its towers' colours."""
    colours = ((0.2, 0.6), (0.4, 0.5), (0.4, 0.4))
    records = [
        dataclasses.replace(
            record,
            metrics={**record.metrics, "colour": {"means": m, "p_value": p}},
            protocol=dataclasses.replace(record.protocol, training_images=50_000),
        )
        for record, m, p in zip(BASE[:3], colours, (0.001, 0.2, 0.9), strict=True)
    ]
    assert stand_ins.coloured(records) == records
    said = prose.on_towers(records)
    assert "after 20 epochs of 50,000 images: 0.20 and 0.60 (p = 0.001), 0.40" in said
    assert "significant in 1 of 3 seeds" in said
    assert stand_ins.coloured(BASE) == [] and prose.on_towers(BASE) == ""


SHIPPED = load_all(shipped())


def shipped_errors(experiment, arm, split, views):
    """Errors in %, by seed, straight from the files."""
    pattern = f"{experiment}-{arm}-cifar10-{split}-views{views}-seed*.json"
    found = [json.loads(path.read_text()) for path in shipped().glob(pattern)]
    return {
        one["protocol"]["seed"]: 100 * one["metrics"]["top1_error"] for one in found
    }


def test_the_shipped_effect_on_footnote_3_is_that_of_scipy():
    """Three seeds of each; the paired interval is SciPy's."""
    arms = ("11pct", "11pct-no-lrn")
    ours, theirs = (shipped_errors("footnote3", arm, "test", 10) for arm in arms)
    found = stand_ins.Footnote3.read(SHIPPED).alone
    assert len(set(ours) & set(theirs)) == len(theirs) >= 3
    points = [theirs[seed] - ours[seed] for seed in sorted(theirs)]
    interval = scipy.stats.ttest_1samp(points, 0).confidence_interval()
    assert found.values == pytest.approx(points)
    assert (found.low, found.high) == pytest.approx(tuple(interval))


@pytest.mark.parametrize("id", stand_ins.READINGS)
def test_shipped_verdicts_name_files_that_are_there(id):
    found = finding(CLAIM[id], SHIPPED)
    names = {record.name for record in SHIPPED}
    for name in found.records if found else ():
        assert name.replace("*", "0") in names


def test_the_shipped_ratio_of_figure_1():
    """Three seeds a kind, and the medians of where their logs cross 25 %."""
    race = curves.figure1(SHIPPED)
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


def test_shipped_errors_of_footnote_3_and_of_the_18_percent_net():
    """Means over seeds, and the one run of the whole schedule, from their files."""
    first, second = (
        np.mean(list(shipped_errors("footnote3", arm, "test", 10).values()))
        for arm in ("13pct", "11pct")
    )
    assert finding(CLAIM["F03"], SHIPPED).ours == f"{first:.1f} → {second:.1f} %"
    (error,) = shipped_errors("net-18pct", "published", "test", 1).values()
    said = prose.on_the_18_percent_net(SHIPPED)
    assert f"Here {error:.2f} % [" in said
    assert "after 140 epochs of 50,000 images" in said


def test_words_are_those_of_the_records():
    """Every number of the paragraphs, from runs whose outcome is known."""
    said = prose.on_figure_1(race(5, 30))
    assert "ReLU 5.0; tanh 30.0" in said and "are 6.0 times apart" in said
    assert "ReLU 0.001 (25.0); tanh 0.01 (25.0)" in said
    (record,) = measured("net-18pct", "published", (19.5,), epochs=140)
    record = dataclasses.replace(
        record,
        variant="cifar-18pct",
        protocol=dataclasses.replace(record.protocol, training_images=50_000),
        metrics={"top1_error": 0.195, "top1_error_interval": [0.187, 0.203]},
        history=[
            {"epoch": 1, "seconds": 3600, "rate": 1.0, "top1_error": 0.5},
            {"epoch": 2, "seconds": 1800, "rate": 0.01, "top1_error": 0.4},
        ],
    )
    assert "19.50 % [18.70, 20.30] after 140 epochs of 50,000" in (
        prose.on_the_18_percent_net([record])
    )
    said = prose.on_compute([record, record, *race(5, 30)])
    assert "together: 1.5 hours of training" in said and "logs: net-18pct 1.5." in said
    assert "by 100 after epoch 1; training error in the last epoch 40.0 %." in (
        prose.on_the_18_percent_net([record])
    )
