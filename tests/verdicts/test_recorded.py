"""What records say of claims, from hand-made records."""

import dataclasses
import math

import pytest

from alexnet_paper import paper
from alexnet_paper.paper import articles
from alexnet_paper.report import prose
from alexnet_paper.results.record import Protocol
from alexnet_paper.results.record import Record
from alexnet_paper.verdicts import recorded
from alexnet_paper.verdicts.finding import AS_PRINTED
from alexnet_paper.verdicts.finding import CONTRADICTED
from alexnet_paper.verdicts.finding import ERRATUM
from alexnet_paper.verdicts.finding import INCONCLUSIVE
from alexnet_paper.verdicts.finding import NOT_AS_PRINTED
from alexnet_paper.verdicts.finding import NOT_REPRODUCED
from alexnet_paper.verdicts.finding import REPRODUCED
from alexnet_paper.verdicts.finding import SUPPORTED

CLAIM = {
    claim.id: claim
    for claims in (paper.CLAIMS, *(a.claims for a in articles.ARTICLES.values()))
    for claim in claims
}


def finding(claim, records):
    return recorded.finding(claim, records, "paper")


def run(variant, history, error=0.4, recipe="as-published", images=800, **metrics):
    data = "cats-vs-dogs" if variant == "cats-vs-dogs" else variant[3:]
    metrics = {
        "top1_error": error,
        "top1_error_interval": [error - 0.01, error + 0.01],
        **metrics,
    }
    protocol = Protocol(
        recipe=recipe, training_images=images, epochs=len(history), views=1
    )
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


STUCK = lines((7.4, 0.48), *((recorded.SATURATED * e, e) for e in (0.5, 0.49, 0.51)))
TRAINS = lines((0.9, 0.5), (0.6, 0.3), (0.5, 0.25), (0.4, 0.1))


@pytest.mark.parametrize("id", ["CD10", "CD11", "CD12", "CD13"])
def test_lines_of_the_log(id):
    stuck, trains = (run("cats-vs-dogs", history) for history in (STUCK, TRAINS))
    assert finding(CLAIM[id], [stuck]).verdict == SUPPORTED
    assert finding(CLAIM[id], [trains]).verdict == CONTRADICTED
    other = run("cats-vs-dogs", STUCK, recipe="as-fixed")
    assert finding(CLAIM[id], [other]) is None
    if id == "CD10":
        mean = (7.4 + recorded.SATURATED * 1.5) / 4
        said = finding(CLAIM[id], [stuck]).ours
        assert said == f"7.40 … {recorded.SATURATED * 0.51:.2f}, mean {mean:.2f}"


def test_the_best_epoch():
    found = finding(CLAIM["CD14"], [run("cats-vs-dogs", STUCK)])
    assert (found.ours, found.verdict) == ("0.5200 / 1", SUPPORTED)
    found = finding(CLAIM["CD14"], [run("cats-vs-dogs", TRAINS)])
    assert (found.ours, found.verdict) == ("0.9000 / 4", CONTRADICTED)


@pytest.mark.parametrize(
    ("cats", "dogs", "verdict", "note"),
    [
        (0.0, 1.0, SUPPORTED, "so are 100% of the cats"),
        (0.7, 0.8, SUPPORTED, ""),
        (1.0, 0.0, CONTRADICTED, ""),
    ],
)
def test_is_it_a_dog(cats, dogs, verdict, note):
    for names in (("cats", "dogs"), ("Cat", "Dog")):  # as Microsoft's folders are
        report = {name: {"recall": r} for name, r in zip(names, (cats, dogs))}
        found = finding(CLAIM["CD16"], [run("cats-vs-dogs", STUCK, per_class=report)])
        assert found.verdict == verdict and found.note.startswith(note)
    assert finding(CLAIM["CD16"], [run("cats-vs-dogs", STUCK)]) is None
    report = {"a": {"recall": 0.5}, "b": {"recall": 0.5}}
    other = run("cats-vs-dogs", STUCK, per_class=report)
    assert finding(CLAIM["CD16"], [other]) is None


def test_when_the_rate_fell():
    """Best in epoch 2, then three worse ones: the rate falls before epoch 6."""
    errors = (0.5, 0.4, 0.45, 0.41, 0.4, 0.2)
    history = lines(*((1.0, e) for e in errors), rates=[0.001] * 5 + [0.00001])
    found = finding(CLAIM["BC20"], [run("bn-cifar10", history, recipe="as-intended")])
    assert (found.ours, found.verdict) == ("3", REPRODUCED)
    flat = run("bn-cifar10", lines((1, 0.5), (1, 0.4)), recipe="as-intended")
    assert finding(CLAIM["BC20"], [flat]) is None
    seldom = [dict(line) for line in history]
    del seldom[0]["val_top1_error"]  # not validated after every epoch
    record = run("bn-cifar10", seldom, recipe="as-intended")
    assert finding(CLAIM["BC20"], [record]) is None
    assert "the rate falls" not in prose.on_cifar10([record])


def test_the_article_s_own_run_counts():
    """The longest by one view that is not longer than the article's."""
    short, own = run("cats-vs-dogs", STUCK, 0.9), run("cats-vs-dogs", STUCK * 2, 0.8)
    longer = run("cats-vs-dogs", STUCK * 3, 0.4)
    ten = dataclasses.replace(own, protocol=dataclasses.replace(own.protocol, views=10))
    for records in ((short, own, longer, ten), (ten, longer, own, short)):
        assert recorded.of_article("cats-vs-dogs", records) is own
        found = finding(CLAIM["CD17"], records)
        assert (found.ours, found.verdict) == ("20.0 → 60.0 %", SUPPORTED)
        assert found.note == "8 → 12 epochs"
    assert finding(CLAIM["CD17"], [own]) is None
    same = run("cats-vs-dogs", STUCK * 3, 0.8)
    assert finding(CLAIM["CD17"], [own, same]).verdict == CONTRADICTED


def test_batches_of_an_epoch_are_read_from_its_errors():
    """Errors that are shares of 160 images: five batches of 32; of 150: none of 32."""
    for images, ours in ((160, "5"), (320, "10"), (32, "1")):
        history = lines(*((1, count / images) for count in (3, 7, images // 2 + 1)))
        assert finding(CLAIM["CD09"], [run("cats-vs-dogs", history)]).ours == ours
    found = finding(CLAIM["CD09"], [run("cats-vs-dogs", lines((1, math.pi / 10)))])
    assert found.verdict == NOT_AS_PRINTED


@pytest.mark.parametrize(
    ("id", "ours", "verdict", "of_40_000"),
    [
        ("BC17", "0.3", AS_PRINTED, "0.2"),
        ("BC18", "2 / 0.1", AS_PRINTED, "2 / 0.1"),
        ("BC24", "150", ERRATUM, "100"),  # 15,000 images in batches of 100
    ],
)
def test_how_the_article_s_net_was_trained(id, ours, verdict, of_40_000):
    found = finding(CLAIM[id], [run("bn-cifar10", TRAINS, images=35_000)])
    assert (found.ours, found.verdict) == (ours, verdict)
    other = run("bn-cifar10", TRAINS, recipe="as-intended", images=40_000)
    assert finding(CLAIM[id], [other]).ours == of_40_000
    assert finding(CLAIM[id], []) is None


@pytest.mark.parametrize(
    ("error", "great", "enough"),
    [
        (0.5, REPRODUCED, REPRODUCED),
        (0.27, REPRODUCED, NOT_REPRODUCED),
        (0.2, NOT_REPRODUCED, NOT_REPRODUCED),
    ],
)
def test_flowers(error, great, enough):
    """Trained to 90 %: over-fit where fewer than 70 % of the others are right; after
    four of 250 epochs neither is decided."""
    short = run("bn-flowers17", TRAINS, error)
    for id in ("BF22", "BF23"):
        assert finding(CLAIM[id], [short]).verdict == INCONCLUSIVE
    about = dataclasses.replace(short.protocol, epochs=250)
    record = dataclasses.replace(short, protocol=about)
    assert finding(CLAIM["BF22"], [record]).verdict == great
    found = finding(CLAIM["BF23"], [record])
    assert found.verdict == enough and "90.0 % trained" in found.ours


def test_what_flowers_hold_out():
    """218 of the 1,088 photographs that the test set leaves."""
    found = finding(CLAIM["BF21"], [run("bn-flowers17", TRAINS, images=870)])
    assert (found.ours, found.verdict) == ("0.2", AS_PRINTED)


def test_explanations_quote_their_records():
    assert [explain([]) for explain in prose.EXPLANATIONS.values()] == [""] * 9
    rates = [0.001] * 3 + [0.00001]
    history = lines((1, 0.5), (1, 0.4), (1, 0.4), (1, 0.3), rates=rates)
    text = prose.on_cifar10(
        [
            run("bn-cifar10", TRAINS, 0.41),
            run("bn-cifar10", history, 0.29, recipe="as-intended"),
        ]
    )
    assert "as-published: 59.0 % of the test images right [58.0, 60.0]" in text
    assert "the rate never falls" in text and "71.0 % of the test images" in text
    assert "falls after epoch 3, and validation accuracy goes from 60.0 to 70.0" in text
    text = prose.on_cats_and_dogs(
        [
            run("cats-vs-dogs", STUCK),
            run("cats-vs-dogs", TRAINS, 0.35, recipe="as-fixed"),
        ]
    )
    assert (
        "between 16.118 and 16.118 in every" in text
        and "65.0 % of the test photographs" in text
    )
    text = prose.on_flowers([run("bn-flowers17", TRAINS, 0.5)])
    assert "90.0 % of the training photographs" in text and "gap is 40 points" in text
    assert recorded.SATURATED == pytest.approx(16.118, abs=1e-3)
    assert recorded.SATURATED / 2 == pytest.approx(8.06, abs=1e-2)
    assert math.isclose(math.exp(-recorded.SATURATED), 1e-7)


def test_an_accuracy_is_read_from_the_recipe_as_published():
    """BC25 from the net's own runs on all test images; as intended if nothing else."""

    def accuracy(error, recipe, variant="bn-cifar10", **changes):
        record = run(variant, TRAINS, error, recipe)
        fields = {"data": "cifar10", "examples": 10_000, **changes}
        return dataclasses.replace(record, **fields)

    def found(*records):
        return recorded.finding(CLAIM["BC25"], records, "bn-cifar10")

    published, intended = accuracy(0.4, "as-published"), accuracy(0.3, "as-intended")
    assert found(published, intended).ours == found(intended, published).ours == "60.00"
    assert found(published).verdict == INCONCLUSIVE  # it was trained for 4 epochs
    said = found(published, intended).note
    assert said == "4 of 100 epochs; recipe as-intended: 70.00"
    assert found(intended).ours == "70.00" and found(intended).verdict == INCONCLUSIVE
    assert found(intended).note == "4 of 100 epochs, recipe as-intended"
    whole = dataclasses.replace(published.protocol, epochs=100)
    whole = dataclasses.replace(published, protocol=whole)
    assert found(whole).verdict == NOT_REPRODUCED
    assert found(accuracy(0.1, "as-published", "cifar-18pct")) is None
    assert found(accuracy(0.1, "as-published", examples=100)) is None
