"""Findings for the articles from runs of their whole schedules.

A run counts if it ran to the end of its schedule; see `hypotheses.whole`.
"""

import statistics

import numpy as np

from alexnet_paper.results import curves
from alexnet_paper.results import experiments
from alexnet_paper.results import hypotheses
from alexnet_paper.results.record import files
from alexnet_paper.verdicts.finding import BY_SIGN
from alexnet_paper.verdicts.finding import INCONCLUSIVE
from alexnet_paper.verdicts.finding import Finding
from alexnet_paper.verdicts.finding import verdict

LAST = 20  # epochs that show how far one reading of a validation accuracy is off


def of_arm(records, name, arm="as-published"):
    """Returns {seed: test record} of an arm's whole runs, by one view."""
    runs = hypotheses.whole(records, experiments.get(name)).get(arm, {})
    return {
        seed: run[split, 1]
        for seed, run in sorted(runs.items())
        for split in ("test", "validation")
        if (split, 1) in run
    }


def decided(good, found, name):
    """Returns the verdict, which needs all seeds of the protocol."""
    return verdict(good) if len(found) >= experiments.get(name).seeds else INCONCLUSIVE


def accuracies(found, percent="{:.1f}"):
    """Returns the test accuracies of {seed: record} in words: "64.8, 63.1"."""
    values = (100 - 100 * one.metrics["top1_error"] for one in found.values())
    return ", ".join(percent.format(value) for value in values)


def cifar10(claim, records, name="bn-cifar10-published"):
    """Returns the finding for BC25, or None: test accuracy after 100 epochs.

    Reproduced if the printed accuracy is within the range of the validation accuracies
    of the last twenty epochs of all seeds, widened by the test interval's half-width.
    """
    found = of_arm(records, name)
    if not found:
        return None
    last = [
        100 - 100 * line["val_top1_error"]
        for one in found.values()
        for line in one.history[-LAST:]
    ]
    low, high = min(last), max(last)
    wide = max(half_width(one) for one in found.values())
    good = low - wide <= claim.values[0] <= high + wide
    learned = ", ".join(f"{trained(one):.1f}" for one in found.values())
    note = (
        f"100 epochs, {len(found)} of {experiments.get(name).seeds} seeds; validation "
        f"accuracy of the last {LAST} epochs {low:.1f} to {high:.1f}, training "
        f"accuracy of the last {learned}"
    )
    annealed = of_arm(records, name, "as-intended")
    if alike := {s: one for s, one in annealed.items() if forked(found.get(s), one)}:
        note += f"; recipe as-intended: {accuracies(alike)}"
    if others := sorted(set(annealed) - set(alike)):
        note += f"; as-intended parts before its rate falls in seed {others[0]}"
    used = files([*found.values(), *annealed.values()])
    return Finding(accuracies(found), decided(good, found, name), note, used)


def trained(record):
    """Returns the training accuracy of the last epoch in %."""
    return 100 - 100 * record.history[-1]["top1_error"]


def half_width(record):
    """Returns half of the 95 % interval of a test error, in points."""
    low, high = record.metrics["top1_error_interval"]
    return 50 * (high - low)


def forked(first, other):
    """Returns whether two runs are one until the rate of the other first falls."""
    if first is None:
        return False
    rates = [line["rate"] for line in other.history]
    fall = next((n for n, rate in enumerate(rates) if rate < rates[0]), len(rates))
    return curves.parted(first.history, other.history) == fall


FLOWERS = "bn-flowers17-published"


def flowers(claim, records):
    """Returns the findings for BF22, accuracy, and BF23, the generalization gap, or
    None.

    BF22 holds if fewer than three in four photographs held out are right, BF23 if
    accuracy in training is more than 20 points higher.
    """
    found = of_arm(records, FLOWERS)
    if not found:
        return None
    (record, *_) = found.values()
    tested = 100 - 100 * record.metrics["top1_error"]
    learned = trained(record)
    note = f"{len(record.history)} epochs of {record.protocol.training_images:,} "
    note += f"photographs, tested on the {record.examples} held out"
    if other := of_arm(records, FLOWERS, "as-intended"):
        note += f"; recipe as-intended: {accuracies(other)}"
    used = files([*found.values(), *other.values()])
    if claim.id == "BF22":
        note += "; not great: below three in four"
        good, ours = tested < 75, f"{accuracies(found)} %"
    else:
        note += "; not enough: more than 20 points between them"
        good = learned - tested > 20
        ours = f"{learned:.1f} % trained, {tested:.1f} % tested"
    return Finding(ours, decided(good, found, FLOWERS), note, used)


def flowers_hours(claim, records):
    """Returns the hours that the third article's 250 epochs took here, or None.

    No verdict: another machine takes another time.
    """
    found = of_arm(records, FLOWERS)
    if not found:
        return None
    (record, *_) = found.values()
    seconds = [line["seconds"] for line in record.history]
    machine = record.environment.get("machine", "unknown")
    note = f"{len(seconds)} epochs on another machine ({machine}); theirs 144 s each"
    ours = f"{sum(seconds) / 3600:.1f} hours, {statistics.median(seconds):.0f} s each"
    return Finding(ours, INCONCLUSIVE, note, files([record]))


CATS_DOGS, DOG = "cats-vs-dogs-seeds", 1  # classes are sorted by name: cats, dogs


def called_dogs(record):
    """Returns (share of the test set's dogs that are called dogs, share of all
    photographs that are)."""
    predicted, wrong = record.array("predicted"), record.array("rank") > 0
    dogs = np.where(wrong, 1 - predicted, predicted) == DOG
    return (predicted[dogs] == DOG).mean(), (predicted == DOG).mean()


def dogs(claim, records):
    """Returns the finding for CD16, or None: in how many runs is a dog called a dog?

    Supported, or contradicted, if the exact 95 % interval of the share of runs is
    above, or below, one half.
    """
    from scipy.stats import binomtest

    found = of_arm(records, CATS_DOGS)
    if not found:
        return None
    shares = [called_dogs(one) for one in found.values()]
    count, runs = sum(of_dogs > 0.5 for of_dogs, _ in shares), len(shares)
    interval = binomtest(count, runs).proportion_ci(0.95)
    same = sum(of_all in (0, 1) for _, of_all in shares)
    note = (
        f"exact 95 % interval {100 * interval.low:.0f} to {100 * interval.high:.0f} % "
        f"of the runs; {same} call every photograph the same"
    )
    if fixed := of_arm(records, CATS_DOGS, "as-fixed"):
        of_dogs = statistics.mean(called_dogs(one)[0] for one in fixed.values())
        right = 1 - statistics.mean(one.metrics["top1_error"] for one in fixed.values())
        note += (
            f"; recipe as-fixed, {len(fixed)} runs: {100 * of_dogs:.0f} % of the dogs, "
            f"{100 * right:.1f} % of all right"
        )
    # numbers, because SciPy 1.18 gives NumPy's, whose comparisons have no difference
    sign = int(interval.low > 0.5) - int(interval.high < 0.5)
    enough = runs >= experiments.get(CATS_DOGS).seeds
    used = files([*found.values(), *fixed.values()])
    ours = f"a dog in {count} of {runs} runs"
    return Finding(ours, BY_SIGN[sign if enough else 0], note, used)
