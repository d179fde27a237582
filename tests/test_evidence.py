"""What records say of claims, from hand-made records."""

import math

import pytest

from alexnet_paper import articles
from alexnet_paper import evidence
from alexnet_paper import experiments
from alexnet_paper import paper
from alexnet_paper.findings import FAILS
from alexnet_paper.findings import HOLDS
from alexnet_paper.findings import NOT_REPRODUCED
from alexnet_paper.findings import REPRODUCED
from alexnet_paper.findings import UNDECIDED
from alexnet_paper.record import Record

CLAIM = {
    claim.id: claim
    for claims in (paper.CLAIMS, *(a.claims for a in articles.ARTICLES.values()))
    for claim in claims
}


def run(variant, history, error=0.4, recipe="as-published", images=800, **metrics):
    data = "cats-vs-dogs" if variant == "cats-vs-dogs" else variant[3:]
    metrics = {
        "top1_error": error,
        "top1_error_interval": [error - 0.01, error + 0.01],
        **metrics,
    }
    protocol = {"recipe": recipe, "training_images": images, "epochs": len(history)}
    return Record(variant, data, "test", 100, protocol, metrics, "c", {}, history)


def lines(*rows, rates=None):
    """Lines of a log from (loss, error) pairs, the same for validation."""
    return [
        {
            "epoch": n + 1,
            "loss": loss,
            "top1_error": error,
            "val_loss": loss,
            "val_top1_error": error,
            "rate": rates[n] if rates else 0.001,
            "seconds": 10.0 + n,
        }
        for n, (loss, error) in enumerate(rows)
    ]


STUCK = lines((7.4, 0.48), *((evidence.SATURATED * e, e) for e in (0.5, 0.49, 0.51)))
TRAINS = lines((0.9, 0.5), (0.6, 0.3), (0.5, 0.25), (0.4, 0.1))


@pytest.mark.parametrize("id", ["CD10", "CD11", "CD12", "CD13"])
def test_lines_of_the_log(id):
    stuck, trains = (run("cats-vs-dogs", history) for history in (STUCK, TRAINS))
    assert evidence.finding(CLAIM[id], [stuck]).verdict == REPRODUCED
    assert evidence.finding(CLAIM[id], [trains]).verdict == NOT_REPRODUCED
    other = run("cats-vs-dogs", STUCK, recipe="as-fixed")
    assert evidence.finding(CLAIM[id], [other]) is None
    if id == "CD10":
        mean = (7.4 + evidence.SATURATED * 1.5) / 4
        said = evidence.finding(CLAIM[id], [stuck]).ours
        assert said == f"7.40 … {evidence.SATURATED * 0.51:.2f}, mean {mean:.2f}"


def test_the_best_epoch():
    found = evidence.finding(CLAIM["CD14"], [run("cats-vs-dogs", STUCK)])
    assert (found.ours, found.verdict) == ("0.5200 / 1", REPRODUCED)
    found = evidence.finding(CLAIM["CD14"], [run("cats-vs-dogs", TRAINS)])
    assert (found.ours, found.verdict) == ("0.9000 / 4", NOT_REPRODUCED)


@pytest.mark.parametrize(
    ("cats", "dogs", "verdict", "note"),
    [
        (0.0, 1.0, REPRODUCED, "so are 100% of the cats"),
        (0.7, 0.8, REPRODUCED, ""),
        (1.0, 0.0, NOT_REPRODUCED, ""),
    ],
)
def test_is_it_a_dog(cats, dogs, verdict, note):
    report = {"cats": {"recall": cats}, "dogs": {"recall": dogs}}
    found = evidence.finding(
        CLAIM["CD16"], [run("cats-vs-dogs", STUCK, per_class=report)]
    )
    assert found.verdict == verdict and found.note.startswith(note)
    assert evidence.finding(CLAIM["CD16"], [run("cats-vs-dogs", STUCK)]) is None


def test_when_the_rate_fell():
    """Best in epoch 2, then three worse ones: the rate falls before epoch 6."""
    errors = (0.5, 0.4, 0.45, 0.41, 0.4, 0.2)
    history = lines(*((1.0, e) for e in errors), rates=[0.001] * 5 + [0.00001])
    found = evidence.finding(
        CLAIM["BC20"], [run("bn-cifar10", history, recipe="as-intended")]
    )
    assert (found.ours, found.verdict) == ("3", REPRODUCED)
    flat = run("bn-cifar10", lines((1, 0.5), (1, 0.4)), recipe="as-intended")
    assert evidence.finding(CLAIM["BC20"], [flat]) is None


def test_the_share_held_out():
    found = evidence.finding(CLAIM["BC17"], [run("bn-cifar10", TRAINS, images=35_000)])
    assert (found.ours, found.verdict) == ("0.3", REPRODUCED)
    found = evidence.finding(CLAIM["BC17"], [run("bn-cifar10", TRAINS, images=40_000)])
    assert found.verdict == NOT_REPRODUCED


@pytest.mark.parametrize(
    ("error", "great", "enough"),
    [
        (0.5, REPRODUCED, REPRODUCED),
        (0.27, REPRODUCED, NOT_REPRODUCED),
        (0.2, NOT_REPRODUCED, NOT_REPRODUCED),
    ],
)
def test_flowers(error, great, enough):
    """Trained to 90 %: over-fit where fewer than 70 % of the others are right."""
    record = run("bn-flowers17", TRAINS, error)
    assert evidence.finding(CLAIM["BF22"], [record]).verdict == great
    found = evidence.finding(CLAIM["BF23"], [record])
    assert found.verdict == enough and "90.0 % trained" in found.ours


def test_explanations_quote_their_records():
    assert [explain([]) for explain in evidence.EXPLANATIONS.values()] == [""] * 3
    rates = [0.001] * 3 + [0.00001]
    history = lines((1, 0.5), (1, 0.4), (1, 0.4), (1, 0.3), rates=rates)
    text = evidence.on_cifar10(
        [
            run("bn-cifar10", TRAINS, 0.41),
            run("bn-cifar10", history, 0.29, recipe="as-intended"),
        ]
    )
    assert "as-published: 59.0 % of the test images right [58.0, 60.0]" in text
    assert "the rate never falls" in text and "71.0 % of the test images" in text
    assert "falls after epoch 3, and validation accuracy goes from 60.0 to 70.0" in text
    text = evidence.on_cats_and_dogs(
        [
            run("cats-vs-dogs", STUCK),
            run("cats-vs-dogs", TRAINS, 0.35, recipe="as-fixed"),
        ]
    )
    assert (
        "between 16.118 and 16.118 in every" in text
        and "65.0 % of the test photographs" in text
    )
    text = evidence.on_flowers([run("bn-flowers17", TRAINS, 0.5)])
    assert "90.0 % of the training photographs" in text and "gap of 40 points" in text
    assert evidence.SATURATED == pytest.approx(16.118, abs=1e-3)
    assert evidence.SATURATED / 2 == pytest.approx(8.06, abs=1e-2)
    assert math.isclose(math.exp(-evidence.SATURATED), 1e-7)


# experiments


def measured(experiment, arm, errors, split="test", views=1):
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
                "epochs": 20,
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
    found = evidence.finding(CLAIM["I06"], records)
    assert found.ours.startswith(said) and found.verdict == verdict
    assert f"{len(errors)} seeds, 20 epochs" in found.note


def test_every_arm_must_agree():
    """O01 takes all three layers: none may be missing, and one that does not matter
    leaves it undecided."""
    worse = (32, 33, 34.1)
    records = [*BASE]
    for arm in ("no-conv3", "no-conv4"):
        records += measured("proxies", arm, worse)
    assert evidence.finding(CLAIM["O01"], records) is None
    whole = [*records, *measured("proxies", "no-conv5", worse)]
    assert evidence.finding(CLAIM["O01"], whole).verdict == HOLDS
    mixed = [*records, *measured("proxies", "no-conv5", (30, 31, 32.1))]
    assert evidence.finding(CLAIM["O01"], mixed).verdict == UNDECIDED


def test_what_ten_views_save():
    records = [*BASE, *measured("proxies", "paper-32", (28.9, 30, 31), views=10)]
    found = evidence.finding(CLAIM["I04"], records)
    assert found.ours.startswith("paper-32 +1.03 [") and found.verdict == HOLDS


def test_training_error_without_decay():
    records = measured("proxies", "paper-32", (10, 11, 12), split="train")
    records += measured("proxies", "no-decay", (8, 9.1, 10), split="train")
    assert evidence.finding(CLAIM["K02"], [*BASE, *records]).verdict == FAILS


@pytest.mark.parametrize("id", evidence.PROXIES)
def test_a_proxy_s_arms_are_those_of_its_experiment(id):
    proxy = evidence.PROXIES[id]
    arms = experiments.get(proxy.experiment).arms
    assert {proxy.base, *proxy.others} <= set(arms)
    assert id in CLAIM and evidence.finding(CLAIM[id], []) is None


def race(relu, tanh):
    def run_of(arm, epochs):
        history = [
            {"epoch": n + 1, "top1_error": 0.9 if n + 1 < epochs else 0.25}
            for n in range(int(epochs))
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
        found = evidence.finding(CLAIM[id], records)
        assert found.ours == f"{tanh / relu:.1f} times" and found.verdict == verdict


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        ((13, 13.2), (11, 11.2), REPRODUCED),
        ((14, 14.2), (11, 11.2), NOT_REPRODUCED),
    ],
)
def test_footnote_3(first, second, verdict):
    records = measured("footnote3", "13pct", first, views=10)
    assert evidence.finding(CLAIM["F03"], records) is None
    records += measured("footnote3", "11pct", second, views=10)
    records += measured("footnote3", "11pct-no-lrn", (12, 12.2), views=10)
    found = evidence.finding(CLAIM["F03"], records)
    assert found.verdict == verdict and "without its normalization +1.00" in found.note
    assert found.ours == f"{sum(first) / 2:.1f} → {sum(second) / 2:.1f} %"
