"""What records say of claims, from hand-made records."""

import dataclasses
import math

import numpy as np
import pytest
import records
from records import CLAIM

from alexnet_paper.report import prose
from alexnet_paper.verdicts import recorded
from alexnet_paper.verdicts.finding import AS_PRINTED
from alexnet_paper.verdicts.finding import CONTRADICTED
from alexnet_paper.verdicts.finding import ERRATUM
from alexnet_paper.verdicts.finding import INCONCLUSIVE
from alexnet_paper.verdicts.finding import NOT_AS_PRINTED
from alexnet_paper.verdicts.finding import NOT_REPRODUCED
from alexnet_paper.verdicts.finding import REPRODUCED
from alexnet_paper.verdicts.finding import SUPPORTED


def finding(id, *found):
    return recorded.finding(CLAIM[id], found, "paper")


def run(variant, history, error=0.4, recipe="as-published", images=800, **changes):
    """A record of an article's net; `changes` are of its protocol or its metrics."""
    per_class = {k: changes.pop(k) for k in ("per_class",) if k in changes}
    metrics = {"top1_error": error, "top1_error_interval": [error - 0.01, error + 0.01]}
    data = "cats-vs-dogs" if variant == "cats-vs-dogs" else variant[3:]
    about = {"recipe": recipe, "training_images": images, "epochs": len(history)}
    where = variant, data, "test", 100, metrics | per_class, history
    return records.record(*where, **{**about, **changes})


def lines(*rows, rates=None):
    """Lines of a log from (loss, error) pairs, the same for validation."""
    return [
        {
            "epoch": n + 1,
            **{"loss": loss, "top1_error": error},
            **{"val_loss": loss, "val_top1_error": error},
            "rate": rates[n] if rates else 0.001,
            "seconds": 10.0 + n,
        }
        for n, (loss, error) in enumerate(rows)
    ]


def of_errors(*errors):
    """A record of cats and dogs whose log has these training errors."""
    return run("cats-vs-dogs", lines(*((1, error) for error in errors)))


SATURATED = 7 * math.log(10)  # −ln(1e-7), 16.118
STUCK = lines((7.4, 0.48), *((SATURATED * e, e) for e in (0.5, 0.49, 0.51)))
TRAINS = lines((0.9, 0.5), (0.6, 0.3), (0.5, 0.25), (0.4, 0.1))


@pytest.mark.parametrize(
    ("id", "ours", "of_one_that_trains"),
    [
        (
            "CD10",
            f"7.40 … {SATURATED * 0.51:.2f}, mean {1.85 + SATURATED * 0.375:.2f}",
            "",
        ),
        ("CD11", "", ""),
        ("CD12", "", ""),
        ("CD13", "", ""),
        ("CD14", "0.5200 / 1", "0.9000 / 4"),
    ],
)
def test_lines_of_the_log(id, ours, of_one_that_trains):
    stuck, trains = (
        finding(id, run("cats-vs-dogs", history)) for history in (STUCK, TRAINS)
    )
    assert stuck.verdict == SUPPORTED and ours in stuck.ours
    assert trains.verdict == CONTRADICTED and of_one_that_trains in trains.ours
    assert finding(id, run("cats-vs-dogs", STUCK, recipe="as-fixed")) is None


@pytest.mark.parametrize(
    ("cats", "dogs", "verdict", "note"),
    [
        (0.0, 1.0, SUPPORTED, "so are 100% of the cats"),
        (0.7, 0.8, SUPPORTED, ""),
        (1.0, 0.0, CONTRADICTED, ""),
    ],
)
def test_is_it_a_dog(cats, dogs, verdict, note):
    def called(names):
        report = {name: {"recall": r} for name, r in zip(names, (cats, dogs))}
        return finding("CD16", run("cats-vs-dogs", STUCK, per_class=report))

    for names in (("cats", "dogs"), ("Cat", "Dog")):  # as Microsoft's folders are
        assert called(names).verdict == verdict and called(names).note.startswith(note)
    assert called("ab") is None
    assert finding("CD16", run("cats-vs-dogs", STUCK)) is None


def test_when_the_rate_fell():
    """Best in epoch 2, then three worse ones: the rate falls before epoch 6."""
    errors = (0.5, 0.4, 0.45, 0.41, 0.4, 0.2)
    history = lines(*((1.0, e) for e in errors), rates=[0.001] * 5 + [0.00001])

    def intended(history):
        return run("bn-cifar10", history, recipe="as-intended")

    found = finding("BC20", intended(history))
    assert (found.ours, found.verdict) == ("3", REPRODUCED)
    assert finding("BC20", intended(lines((1, 0.5), (1, 0.4)))) is None
    del history[0]["val_top1_error"]  # not validated after every epoch
    assert finding("BC20", intended(history)) is None
    assert "the rate falls" not in prose.on_cifar10([intended(history)])


def test_the_article_s_own_run_counts():
    """The longest by one view that is not longer than the article's."""
    short, own = run("cats-vs-dogs", STUCK, 0.9), run("cats-vs-dogs", STUCK * 2, 0.8)
    longer = run("cats-vs-dogs", STUCK * 3, 0.4)
    ten = run("cats-vs-dogs", STUCK * 2, 0.8, views=10)
    for found in ((short, own, longer, ten), (ten, longer, own, short)):
        assert recorded.of_article("cats-vs-dogs", found) is own
        trained = finding("CD17", *found)
        assert (trained.ours, trained.verdict) == ("20.0 → 60.0 %", SUPPORTED)
        assert trained.note == "8 → 12 epochs"
    assert finding("CD17", own) is None
    same = run("cats-vs-dogs", STUCK * 3, 0.8)
    assert finding("CD17", own, same).verdict == CONTRADICTED


@pytest.mark.parametrize(
    ("images", "ours", "verdict"),
    [
        (160, "5", NOT_AS_PRINTED),
        (320, "10", AS_PRINTED),
        (32, "1", NOT_AS_PRINTED),
    ],
)
def test_batches_of_an_epoch_are_read_from_its_errors(images, ours, verdict):
    """Errors that are shares of 160 images: five batches of 32."""
    found = finding("CD09", of_errors(*(n / images for n in (3, 6, 10, 12, 14))))
    assert (found.ours, found.verdict) == (ours, verdict)


@pytest.mark.parametrize(
    "errors",
    [
        (161 / 320,),
        (161 / 320, 155 / 320) * 5,  # no more than two tell
        (0.31415927, 0.27182818, 0.70710678, 0.57721566, 0.69314718),
        [n / (801 * 32) for n in (3, 6, 10, 12, 14)],  # more batches than images
    ],
)
def test_a_log_that_does_not_tell_its_batches(errors):
    assert finding("CD09", of_errors(*errors)) is None


def test_batches_of_an_epoch_that_the_log_states():
    whole = of_errors(0.5, 0.4)
    for stated, ours in (((10, 10), "10"), ((10, 11), None)):
        for row, steps in zip(whole.history, stated):
            row["steps"] = steps
        found = finding("CD09", whole)
        assert (found and found.ours) == ours


@pytest.mark.parametrize(
    ("id", "ours", "verdict", "of_40_000"),
    [
        ("BC17", "0.3", AS_PRINTED, "0.2"),
        ("BC18", "2 / 0.1", AS_PRINTED, "2 / 0.1"),
        ("BC24", "150", ERRATUM, "100"),  # 15,000 images in batches of 100
    ],
)
def test_how_the_article_s_net_was_trained(id, ours, verdict, of_40_000):
    """Flowers hold out 218 of the 1,088 photographs that the test set leaves."""
    found = finding(id, run("bn-cifar10", TRAINS, images=35_000))
    assert (found.ours, found.verdict) == (ours, verdict)
    other = run("bn-cifar10", TRAINS, recipe="as-intended", images=40_000)
    assert finding(id, other).ours == of_40_000
    assert finding(id) is None
    flowers = finding("BF21", run("bn-flowers17", TRAINS, images=870))
    assert (flowers.ours, flowers.verdict) == ("0.2", AS_PRINTED)


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
    for id, verdict in (("BF22", great), ("BF23", enough)):
        short = finding(id, run("bn-flowers17", TRAINS, error))
        whole = finding(id, run("bn-flowers17", TRAINS, error, epochs=250))
        assert (short.verdict, whole.verdict) == (INCONCLUSIVE, verdict)
    assert "90.0 % trained" in whole.ours


def test_explanations_quote_their_records():
    assert {explain([]) for explain in prose.EXPLANATIONS.values()} == {""}
    rates = [0.001] * 3 + [0.00001]
    history = lines((1, 0.5), (1, 0.4), (1, 0.4), (1, 0.3), rates=rates)
    published = run("bn-cifar10", TRAINS, 0.41)
    intended = run("bn-cifar10", history, 0.29, recipe="as-intended")
    text = prose.on_cifar10([published, intended])
    assert "as-published: 59.0 % of the test images right [58.0, 60.0]" in text
    assert "the rate never falls" in text and "71.0 % of the test images" in text
    assert "falls after epoch 3, and validation accuracy goes from 60.0 to 70.0" in text
    fixed = run("cats-vs-dogs", TRAINS, 0.35, recipe="as-fixed")
    text = prose.on_cats_and_dogs([run("cats-vs-dogs", STUCK), fixed])
    assert "between 16.118 and 16.118 in every" in text and "loss is 8.06." in text
    assert "65.0 % of the test photographs" in text
    text = prose.on_flowers([run("bn-flowers17", TRAINS, 0.5)])
    assert "90.0 % of the training photographs" in text and "gap is 40 points" in text


def test_an_accuracy_is_read_from_the_recipe_as_published():
    """BC25 from the net's own runs on all test images; as intended if nothing else."""

    def accuracy(error, recipe="as-published", variant="bn-cifar10", **about):
        one = run(variant, TRAINS, error, recipe, **about)
        return dataclasses.replace(one, data="cifar10", examples=10_000)

    def found(*given):
        return recorded.finding(CLAIM["BC25"], given, "bn-cifar10")

    published, intended = accuracy(0.4), accuracy(0.3, "as-intended")
    assert found(published, intended).ours == found(intended, published).ours == "60.00"
    said = found(published, intended).note
    assert said == "4 of 100 epochs; recipe as-intended: 70.00"
    assert found(published).verdict == INCONCLUSIVE  # it was trained for 4 epochs
    assert found(intended).ours == "70.00" and found(intended).verdict == INCONCLUSIVE
    assert found(intended).note == "4 of 100 epochs, recipe as-intended"
    assert found(accuracy(0.4, epochs=100)).verdict == NOT_REPRODUCED
    assert found(accuracy(0.1, variant="cifar-18pct")) is None
    assert found(dataclasses.replace(published, examples=100)) is None


# whole schedules


def of_cifar10(epochs=100, fall=None, part=None):
    """Two seeds as published and two as intended, whose rate falls after `fall` epochs
    and whose logs part after `part`; validation accuracies are 60 to 64 %."""

    def logged(shift):
        return lambda n: {"val_top1_error": (0.36 if n % 2 else 0.4) + shift(n)}

    name, rates = "bn-cifar10-published", [0.001] * epochs
    first = records.whole(
        name, "as-published", (38.0, 37.0), rates, logged(lambda n: 0)
    )
    fall, part = fall or epochs, part or fall or epochs
    rates = [0.001] * fall + [1e-5] * (epochs - fall)
    other = logged(lambda n: -0.05 * (n > part))
    return first, records.whole(name, "as-intended", (29.0, 28.0), rates, other)


def test_the_first_article_by_its_whole_schedule():
    """64.8 is above the best of the last epochs, 64, by less than the interval, 0.5;
    63 and 62 % of the test images are right."""
    first, other = of_cifar10(fall=18)
    found = finding("BC25", *first, *other)
    assert (found.ours, found.verdict) == ("62.0, 63.0", NOT_REPRODUCED)
    assert "last 20 epochs 60.0 to 64.0, training accuracy of the last 9" in found.note
    assert "last 90.0, 90.0; recipe as-intended: 71.0, 72.0" in found.note
    near = [
        dataclasses.replace(
            one, metrics={**one.metrics, "top1_error_interval": [0.37, 0.39]}
        )
        for one in first
    ]
    assert finding("BC25", *near).verdict == REPRODUCED
    assert finding("BC25", near[0]).verdict == INCONCLUSIVE  # one of two seeds
    first, other = of_cifar10(fall=18, part=2)
    assert (
        "parts before its rate falls in seed 0" in finding("BC25", *first, *other).note
    )
    assert finding("BC25", *of_cifar10(epochs=99)[0]) is None


def of_flowers(arm, error, epochs=250, images=1_088, **about):
    """A run of the third article's net: 95 % right in training, 144 s an epoch."""
    return records.whole(
        "bn-flowers17-published",
        arm,
        (error,),
        [0.001] * epochs,
        lambda n: {"top1_error": 0.05, "seconds": 144.0},
        training_images=images,
        **about,
    )


def test_the_third_article_by_its_whole_schedule():
    """250 epochs of 144 seconds are ten hours; 45 % of 272 are right, 95 % in
    training."""
    found = of_flowers("as-published", 55.0)
    intended = of_flowers("as-intended", 57.0, images=870)
    great, enough = (finding(id, *found, *intended) for id in ("BF22", "BF23"))
    assert (great.ours, great.verdict) == ("45.0 %", REPRODUCED)
    assert "of 1,088 photographs" in great.note and "as-intended: 43.0" in great.note
    assert (enough.ours, enough.verdict) == (
        "95.0 % trained, 45.0 % tested",
        REPRODUCED,
    )
    took = finding("BF19", *found)
    assert (took.ours, took.verdict) == ("10.0 hours, 144 s each", INCONCLUSIVE)
    good = of_flowers("as-published", 10.0)
    assert {finding(id, *good).verdict for id in ("BF22", "BF23")} == {NOT_REPRODUCED}
    for short in (of_flowers("as-published", 55.0, epochs=249), intended):
        assert finding("BF19", *short) is finding("BF22", *short) is None


def test_an_older_record_does_not_claim_the_article_s_split():
    """It called as-published what is trained on 870 photographs, as intended."""
    older = run("bn-flowers17", TRAINS, images=870, epochs=250)
    newer = run("bn-flowers17", TRAINS, 0.3, images=1_088, epochs=250)
    assert (older.recipe, newer.recipe) == ("as-intended", "as-published")
    assert older.name == newer.name  # of their files
    assert recorded.of_flowers([older]) is older
    assert recorded.of_flowers([older, newer]) is newer
    for one in (older, newer):
        assert (finding("BF21", one).ours, finding("BF22", one).ours) == (
            "0.2",
            f"{100 - 100 * one.metrics['top1_error']:.1f} %",
        )


def of_cats_and_dogs(arm, labels):
    """Runs of ten epochs that call all of 100 photographs, half of them dogs, by one
    label, or are right about a share of each."""
    found, rate = [], 0.001 if arm == "as-published" else 0.0001
    truth = np.repeat(np.array([0, 1], "uint8"), 50)
    for seed, label in enumerate(labels):
        right = np.tile(np.arange(50) < 50 * label, 2)
        predicted = np.full(100, label, "uint8")
        if label not in (0, 1):
            predicted = np.where(right, truth, 1 - truth)
        (one,) = records.whole("cats-vs-dogs-seeds", arm, (50,), [rate] * 10)
        rank = (predicted != truth).astype("uint8")
        arrays = {"predicted": records.pack(predicted), "rank": records.pack(rank)}
        about = dataclasses.replace(one.protocol, seed=str(seed))
        found.append(dataclasses.replace(one, protocol=about, arrays=arrays))
    return found


@pytest.mark.parametrize(
    ("labels", "ours", "verdict"),
    [
        ([1] * 9 + [0], "9 of 10", SUPPORTED),
        ([1] * 8 + [0] * 2, "8 of 10", INCONCLUSIVE),
        ([1] + [0] * 9, "1 of 10", CONTRADICTED),
        ([0.8] * 10, "10 of 10", SUPPORTED),
        ([0] * 9, "0 of 9", INCONCLUSIVE),
    ],
)
def test_how_often_it_is_a_dog(labels, ours, verdict):
    """Nine of ten is Clopper and Pearson's 55 to 100 %, eight 44 to 97 %."""
    found = finding("CD16", *of_cats_and_dogs("as-published", labels))
    assert (found.ours, found.verdict) == (f"a dog in {ours} runs", verdict)
    same = sum(label in (0, 1) for label in labels)
    assert f"{same} call every photograph the same" in found.note
    if ours == "8 of 10":
        assert "interval 44 to 97 %" in found.note


def test_a_dog_as_fixed_and_in_a_shortened_run():
    published = of_cats_and_dogs("as-published", [1] * 10)
    fixed = of_cats_and_dogs("as-fixed", [0.6, 0.8])
    note = finding("CD16", *published, *fixed).note
    assert "as-fixed, 2 runs: 70 % of the dogs, 50.0 % of all right" in note
    for one in published:
        del one.history[-1]
    assert finding("CD16", *published) is None


def kernels_of(p_value, kernels=96, data="imagenet", **about):
    """A record of an imported net whose two groups of kernels differ in colour."""
    colour = {"part": "group", "kernels": kernels, "means": [0.7, 0.2]}
    colour |= {"p_value": p_value, "permutations": 10_000}
    about = {"experiment": "features", "arm": "weights", "weights": "net.npz", **about}
    where = "caffe", data, "validation", 1
    return records.record(*where, {"colour": colour}, **about)


def test_the_towers_claim_is_read_from_a_record():
    """Of a trained net of the paper's size, and of no other."""
    found = finding("N03", kernels_of(0.0002))
    assert found.verdict == SUPPORTED and found.ours == "colour 0.70 / 0.20 (caffe)"
    assert "p = 0.0002 of 10,000" in found.note
    assert finding("N03", kernels_of(0.2)).verdict == CONTRADICTED
    others = {"kernels": 64}, {"arm": "random-weights"}, {"data": "cifar10"}
    for other in (*others, {"experiment": "start"}):
        assert finding("N03", kernels_of(0.0002, **other)) is None
