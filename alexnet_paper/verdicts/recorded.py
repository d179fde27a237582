"""Findings for the claims that need data. Every verdict is computed from records."""

import functools
import math
import statistics
from dataclasses import dataclass

import numpy as np

from alexnet_paper.nets import variants
from alexnet_paper.results.record import files
from alexnet_paper.verdicts import stand_ins
from alexnet_paper.verdicts import whole_runs
from alexnet_paper.verdicts.finding import AS_PRINTED
from alexnet_paper.verdicts.finding import ERRATUM
from alexnet_paper.verdicts.finding import INCONCLUSIVE
from alexnet_paper.verdicts.finding import NOT_AS_PRINTED
from alexnet_paper.verdicts.finding import Finding
from alexnet_paper.verdicts.finding import in_a_stand_in
from alexnet_paper.verdicts.finding import verdict

SATURATED = -math.log(1e-7)  # loss of a wrong image with probability clipped at 1e-7


@dataclass(frozen=True)
class Evidence:
    """Which records decide a claim, and which of their metrics.

    `measures` has a metric for each of the claim's values; accuracy is 1 − top1_error.
    """

    data: str
    split: str
    views: int
    measures: tuple[str, ...]
    examples: int  # excludes a smaller set with the same name
    runs: int = 1

    def matches(self, found):
        same = (found.data, found.split) == (self.data, self.split)
        return (
            same
            and bool(found.metrics)  # none: the run diverged
            and self.examples == found.examples
            and (
                found.protocol.views,
                found.protocol.runs,
            )
            == (self.views, self.runs)
        )


ERRORS = ("top1_error", "top5_error")
EVIDENCE = {
    "A02": Evidence("imagenet", "test", 10, ERRORS, 150_000),
    "L04": Evidence("imagenet", "validation", 10, ERRORS, 50_000),
    "L05": Evidence("imagenet", "validation", 10, ERRORS, 50_000, runs=5),
    "BC25": Evidence("cifar10", "test", 1, ("accuracy",), 10_000),
}


def recorded(claim, records):
    """Returns the finding from the newest record for a claim, or None.

    A record of the recipe as published is preferred. Reproduced: every printed value is
    within the record's 95 % interval widened by `TOLERANCE` on both sides, so an error
    far below the printed one is not a reproduction. Inconclusive: a value is outside
    and the net was trained for fewer epochs than its recipe says.
    """
    evidence = EVIDENCE.get(claim.id)
    found = [r for r in records if evidence and evidence.matches(r)]
    if not found:
        return None
    by_recipe = {
        record.recipe: record
        for record in sorted(found, key=lambda record: record.published)
    }
    (recipe, record), *others = list(by_recipe.items())[::-1]
    ours, good = beside_printed(evidence, claim, record)
    epochs, own = trained_for(record)
    short = isinstance(epochs, int) and epochs < own
    note = f"{epochs} of {own} epochs" if short else f"{epochs} epochs"
    note += "" if record.published else f", recipe {recipe}"
    for recipe, other in others:
        note += f"; recipe {recipe}: {beside_printed(evidence, claim, other)[0]}"
    decided = INCONCLUSIVE if short and not good else verdict(good)
    return Finding(ours, decided, note, files(by_recipe.values()))


def trained_for(record):
    """Returns (epochs of a record, or "imported"; epochs of its variant's recipe)."""
    own = variants.get(record.variant.partition("+")[0]).recipe_named(record.recipe)
    return record.protocol.epochs, own.epochs


TOLERANCE = 0.25  # points beyond the interval: the spread of the authors' own nets


def beside_printed(evidence, claim, record):
    """Returns ("59.30 / 18.20", whether every printed value is within tolerance)."""
    cells, good = [], True
    for name, printed in zip(evidence.measures, claim.values, strict=False):
        accuracy = name == "accuracy"
        metric = ERRORS[0] if accuracy else name
        error = 100 * record.metrics[metric]
        low, high = (100 * edge for edge in record.metrics[f"{metric}_interval"])
        printed = 100 - printed if accuracy else printed
        good = good and low - TOLERANCE <= printed <= high + TOLERANCE
        cells.append(f"{100 - error if accuracy else error:.2f}")
    return " / ".join(cells), good


KERNELS = 96  # of conv1 in a net of the paper's size


def first_layer(claim, records):
    """Returns the finding for N03, or None: do the towers' colour selectivities differ?

    It is a permutation test on the newest record of a trained net on ImageNet with as
    many first-layer kernels as the paper's.
    """
    found = [
        record
        for record in records
        if record.data == "imagenet"
        and record.metrics.get("colour", {}).get("kernels") == KERNELS
        and record.protocol.experiment in (None, "features")
        and record.protocol.arm != "random-weights"
    ]
    if not found:
        return None
    record = found[-1]
    colour, weights = record.metrics["colour"], record.protocol.weights
    first, second = colour["means"]
    ours = f"colour {first:.2f} / {second:.2f} ({record.variant})"
    note = (
        f"share of colour in the kernels of the two {colour['part']}s of "
        f"{weights or 'a run'}; permutation test, p = {colour['p_value']:.2g} of "
        f"{colour['permutations']:,}; one net, trained elsewhere"
    )
    good = colour["p_value"] < stand_ins.PROBABLE
    decided = in_a_stand_in(good) if weights else verdict(good)
    return Finding(ours, decided, note, files([record]))


# the articles


def of_article(variant, records, recipe="as-published"):
    """Returns the test record of an article's net under one of its recipes, or None.

    It is the one with the most epochs, but no more than the recipe says.
    """
    found = [
        record
        for record in of_article_all(variant, records, recipe)
        if record.protocol.epochs <= trained_for(record)[1]
    ]
    return max(found, key=lambda one: one.protocol.epochs, default=None)


def of_article_all(variant, records, recipe):
    """Returns the net's test records on its own data with one view, newest first.

    Runs that diverged have no metrics, and are left out.
    """
    return [
        record
        for record in reversed(records)
        if (record.variant, record.split) == (variant, "test")
        and record.recipe == recipe
        and record.protocol.views == 1
        and record.protocol.experiment is None
        and record.data in (variant, variant.removeprefix("bn-"))
        and record.metrics
    ]


def log_line(name, tolerance, claim, records):
    """Compares a quantity of an article's log with the log of our run.

    Supported if their means over the epochs differ by at most `tolerance`.
    """
    record = of_article("cats-vs-dogs", records)
    if record is None:
        return None
    ours = series(record.history, name)
    mean, theirs = statistics.mean(ours), statistics.mean(claim.values)
    text = f"{ours[0]:.2f} … {ours[-1]:.2f}, mean {mean:.2f}"
    return Finding(
        text,
        in_a_stand_in(abs(mean - theirs) <= tolerance),
        f"theirs: mean {theirs:.2f}",
    )


def series(history, name):
    """Returns a log's values, epoch by epoch; "accuracy" is computed from errors."""
    if name.endswith("loss"):
        return [line[name] for line in history]
    return [1 - line[name.replace("accuracy", "top1_error")] for line in history]


def best_epoch(claim, records):
    record = of_article("cats-vs-dogs", records)
    if record is None:
        return None
    found = series(record.history, "val_accuracy")
    best, printed = max(found), claim.values[0]
    note = "it varies with the images drawn, not with learning"
    good = abs(best - printed) <= 0.05
    return Finding(f"{best:.4f} / {found.index(best) + 1}", in_a_stand_in(good), note)


def called_a_dog(claim, records):
    """Returns the recall of dogs; the note says if all images get the same label."""
    record = of_article("cats-vs-dogs", records)
    recalls = {
        name[:3].lower(): of_class["recall"]
        for name, of_class in (record.metrics if record else {})
        .get("per_class", {})
        .items()
    }
    if set(recalls) != {"cat", "dog"}:
        return None
    cats, dogs = recalls["cat"], recalls["dog"]
    note = f"so are {1 - cats:.0%} of the cats: every photograph gets the same label"
    said = f"{dogs:.0%} of dogs are called dogs"
    return Finding(said, in_a_stand_in(dogs > 0.5), note if cats < 0.05 else "")


def annealed_after(claim, records):
    """Returns the epochs between the best one and the first drop of the rate."""
    record = of_article("bn-cifar10", records, "as-intended")
    if record is None:
        return None
    rates = [line["rate"] for line in record.history]
    falls = [n for n in range(1, len(rates)) if rates[n] < rates[n - 1]]
    if not falls or any("val_top1_error" not in line for line in record.history):
        return None
    errors = [line["val_top1_error"] for line in record.history[: falls[0]]]
    waited = falls[0] - 1 - errors.index(min(errors))
    note = f"recipe as-intended: the rate fell after epoch {falls[0]}"
    return Finding(f"{waited}", verdict((waited,) == claim.values), note)


def as_trained(variant, measure, otherwise, claim, records):
    """Returns the finding from `measure(record, recipe)` of a run of an article's net.

    If the values are not those that the article states, the verdict is `otherwise`. It
    is None if the record does not tell the values.
    """
    named = variants.get(variant).recipes
    found = (of_article(variant, records, recipe) for recipe in named)
    record = next(filter(None, found), None)
    if record is None:
        return None
    recipe = named[record.recipe]
    ours = tuple(measure(record, recipe))
    if not ours:
        return None
    text = " / ".join(f"{value:g}" for value in ours)
    return Finding(text, AS_PRINTED if ours == claim.values else otherwise)


TO_TRAIN = {"cifar10": 50_000, "flowers17": 1_088}  # images before some are held out
FLOWERS = 1_360  # photographs; as published those held out are the test set


def held_out(record, recipe):
    """Returns the share of the training images that is held out for validation."""
    whole = TO_TRAIN[record.data] if recipe.validation else FLOWERS
    kept = record.protocol.training_images / whole
    return (round(1 - kept, 3),)


TELLING = 5  # all are even by chance with probability 1/32


def steps(record, recipe):
    """Returns the number of batches in an epoch, or () if the log does not tell it.

    An older log does not state it: then it is the smallest number with which every
    error of the log is a whole number of images. Fewer than `TELLING` different errors
    may all be shares of half as many images by chance.
    """
    stated = {line.get("steps") for line in record.history}
    if stated != {None}:
        return tuple(stated) if len(stated) == 1 else ()
    errors = np.array(sorted({line["top1_error"] for line in record.history}))
    if len(errors) < TELLING:
        return ()
    for number in range(1, record.protocol.training_images // recipe.batch_size + 1):
        wrong = errors * number * recipe.batch_size
        if np.allclose(wrong, wrong.round(), rtol=1e-6, atol=1e-3):  # of float32
            return (number,)
    return ()


def validation_steps(record, recipe):
    """Returns the number of batches that cover all held-out images once."""
    held = TO_TRAIN[record.data] - record.protocol.training_images
    return (math.ceil(held / recipe.batch_size),)


def augmentation(record, recipe):
    return recipe.rotation, recipe.zoom


def trained_longer(claim, records):
    """Compares test accuracy after the article's epochs and after more of them.

    Supported if the lower end of the second one's 95 % interval is above the first.
    """
    first = of_article("cats-vs-dogs", records)
    longer = [
        record
        for record in of_article_all("cats-vs-dogs", records, "as-published")
        if record.protocol.epochs > trained_for(record)[1]
    ]
    if first is None or not longer:
        return None
    most = max(longer, key=lambda one: one.protocol.epochs)
    ours = " → ".join(
        f"{100 - 100 * one.metrics['top1_error']:.1f}" for one in (first, most)
    )
    note = f"{first.protocol.epochs} → {most.protocol.epochs} epochs"
    high = most.metrics["top1_error_interval"][1]
    good = high < first.metrics["top1_error"]
    return Finding(f"{ours} %", in_a_stand_in(good), note, files([first, most]))


def of_flowers(records):
    """Returns the record of the third article's net, as published or as intended."""
    published = of_article("bn-flowers17", records)
    return published or of_article("bn-flowers17", records, "as-intended")


def flowers_gap(claim, records):
    """Returns the findings for BF22, test accuracy, and BF23, the generalization gap.

    BF22 holds if fewer than three in four test images are right, BF23 if training
    accuracy is more than 20 points above test accuracy. Both are inconclusive after
    fewer epochs than the article's.
    """
    if whole := whole_runs.flowers(claim, records):
        return whole
    record = of_flowers(records)
    if record is None:
        return None
    trained = 1 - record.history[-1]["top1_error"]
    tested = 1 - record.metrics["top1_error"]
    epochs, own = trained_for(record)
    short = INCONCLUSIVE if epochs < own else None
    if claim.id == "BF22":
        note = f"{epochs} of {own} epochs; not great: below three in four"
        return Finding(f"{100 * tested:.1f} %", short or verdict(tested < 0.75), note)
    ours = f"{100 * trained:.1f} % trained, {100 * tested:.1f} % tested"
    note = f"{epochs} of {own} epochs; not enough: more than 20 points between them"
    return Finding(ours, short or verdict(trained - tested > 0.2), note)


def enough_images(claim, records):
    """Returns the finding for BF23: the article's own net, and the experiment that
    trains with fewer images; where it has run, the experiment decides."""
    own = flowers_gap(claim, records)
    found = stand_ins.in_a_small_net(claim, records)
    if None in (own, found):
        return own or found
    return Finding(
        f"{own.ours}; {found.ours}",
        found.verdict,
        f"{own.note}. {found.note}",
        (*own.records, *found.records),
    )


READINGS = {
    **stand_ins.READINGS,
    "N03": first_layer,
    "BC17": functools.partial(as_trained, "bn-cifar10", held_out, NOT_AS_PRINTED),
    "BC18": functools.partial(as_trained, "bn-cifar10", augmentation, NOT_AS_PRINTED),
    "BC24": functools.partial(as_trained, "bn-cifar10", validation_steps, ERRATUM),
    "BC20": annealed_after,
    "BF21": functools.partial(as_trained, "bn-flowers17", held_out, NOT_AS_PRINTED),
    "CD09": functools.partial(as_trained, "cats-vs-dogs", steps, NOT_AS_PRINTED),
    "CD10": functools.partial(log_line, "loss", 0.5),
    "CD11": functools.partial(log_line, "accuracy", 0.05),
    "CD12": functools.partial(log_line, "val_loss", 0.5),
    "CD13": functools.partial(log_line, "val_accuracy", 0.05),
    "CD14": best_epoch,
    "CD16": called_a_dog,
    "CD17": trained_longer,
    "BF19": whole_runs.flowers_hours,
    "BF22": flowers_gap,
    "BF23": enough_images,
}


WHOLE = {  # from whole schedules, where they were run
    "BC25": whole_runs.cifar10,
    "CD16": whole_runs.dogs,
}


def finding(claim, records, variant):
    """Returns the `Finding` for a claim, or None if no record bears on it.

    It is from `WHOLE`, otherwise from `variant`'s records on the claim's own data,
    otherwise from `READINGS`.
    """
    if claim.id in WHOLE and (found := WHOLE[claim.id](claim, records)):
        return found
    own = [
        record
        for record in records
        if record.variant == variant and not record.protocol.experiment
    ]
    found = recorded(claim, own)
    if found is None and claim.id in READINGS:
        return READINGS[claim.id](claim, records)
    return found
