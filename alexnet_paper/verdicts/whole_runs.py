"""Findings for the articles from runs of their whole schedules.

A run counts if it ran to the end of its schedule; see `hypotheses.whole`.
"""

from alexnet_paper.results import curves
from alexnet_paper.results import experiments
from alexnet_paper.results import hypotheses
from alexnet_paper.results.record import files
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
    note = (
        f"100 epochs, {len(found)} of {experiments.get(name).seeds} seeds; validation "
        f"accuracy of the last {LAST} epochs {low:.1f} to {high:.1f}"
    )
    annealed = of_arm(records, name, "as-intended")
    if alike := {s: one for s, one in annealed.items() if forked(found.get(s), one)}:
        note += f"; recipe as-intended: {accuracies(alike)}"
    if others := sorted(set(annealed) - set(alike)):
        note += f"; as-intended parts before its rate falls in seed {others[0]}"
    used = files([*found.values(), *annealed.values()])
    return Finding(accuracies(found), decided(good, found, name), note, used)


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
