"""Epochs to an error, steps to leave a plateau, snapshots of a run and training time,
read from records.

Without NumPy and Keras; `verdicts.stand_ins` derives verdicts from these numbers.
"""

import itertools
import math
import re
import statistics
from dataclasses import dataclass

from alexnet_paper.nets import variants

LEFT = 0.9  # times ln(classes): a loss below this has left the plateau
ROUNDING = 1e-6  # rounding error of an error in a log, which was a float32
SNAPSHOT = re.compile(r"_iter_(\d+)\.caffemodel")  # as Caffe names it, by its steps
CIFAR10 = 50_000  # training images


def of_experiment(records, name):
    """Returns {arm: records} of an experiment.

    Of records with the same name only the last counts: a run that is among the shipped
    records and below ./runs is one run, not two.
    """
    found = {}
    for record in records:
        if record.protocol.experiment == name:
            found.setdefault(record.protocol.arm, {})[record.name] = record
    return {arm: list(by_name.values()) for arm, by_name in found.items()}


def steps_of(record):
    """Returns the number of steps in an epoch of a run."""
    about = record.protocol
    return about.steps or math.ceil(about.training_images / about.batch_size)


def short_epochs(record):
    """Returns whether a run's epoch is a few steps, not all training images."""
    about = record.protocol
    if not (about.steps and about.batch_size and about.training_images):
        return False
    return about.steps * about.batch_size < about.training_images


def steps_to_leave(record):
    """Returns the steps until an epoch's training loss is below 0.9 ln(classes).

    It is math.inf if no epoch's loss is.
    """
    limit = LEFT * math.log(record.protocol.classes)
    for line in record.history:
        if line["loss"] < limit:
            return line["epoch"] * steps_of(record)
    return math.inf


def leaving(records, name):
    """Returns {arm: sorted steps to leave the plateau of its runs}."""
    arms = of_experiment(records, name)
    return {arm: sorted(map(steps_to_leave, of_arm)) for arm, of_arm in arms.items()}


def started(records, name):
    """Returns {arm: (seeds, seeds that left the plateau, steps, run, batch size)}.

    `steps` is the median over the seeds that left the plateau, or None; `run` is the
    number of steps of the longest run.
    """
    arms = of_experiment(records, name)
    return {arm: summary(of_arm) for arm, of_arm in arms.items()}


def summary(records):
    steps = [steps_to_leave(record) for record in records]
    left = [count for count in steps if math.isfinite(count)]
    run = max(record.protocol.epochs * steps_of(record) for record in records)
    median = statistics.median(left) if left else None
    return len(steps), len(left), median, run, records[0].protocol.batch_size


def epochs_to(history, error, name="top1_error"):
    """Returns the epochs until an error of the log is at most `error`, or math.inf.

    The error is interpolated linearly between epochs; an error that the first epoch
    reaches counts as one epoch.
    """
    before = None
    for line in history:
        now = line.get(name, math.inf)
        if now <= error:
            share = 1.0 if before is None else (before - error) / (before - now)
            return line["epoch"] - 1 + share
        before = now
    return math.inf


def reached(history, accuracy):
    """Returns the first epoch with at least this validation accuracy, or None.

    Returns:
        (epoch, seconds of training up to its end), or None.
    """
    seconds = 0.0
    for line in history:
        seconds += line["seconds"]
        if 1 - line.get("val_top1_error", 1.0) >= accuracy - ROUNDING:
            return line["epoch"], seconds
    return None


def parted(first, other):
    """Returns how many epochs two logs agree in every value but the seconds."""
    for count, lines in enumerate(zip(first, other, strict=False)):
        one, two = ({**line, "seconds": None} for line in lines)
        if one != two:
            return count
    return min(len(first), len(other))


def times_as_many(fast, slow, longest):
    """Returns the ratio of the medians of two lists of epochs.

    Args:
        fast: Epochs of each seed of the faster kind; math.inf: not reached.
        slow: The same of the slower kind.
        longest: The epochs that `slow` was trained, used in the place of math.inf.

    Returns:
        (ratio, whether it is only a lower bound). The ratio is a lower bound if the
        median of `slow` is math.inf, and None if the median of `fast` is.
    """
    fast, bound = statistics.median(fast), math.isinf(statistics.median(slow))
    if math.isinf(fast):
        return None, False
    known = [longest if math.isinf(epochs) else epochs for epochs in slow]
    return statistics.median(known) / fast, bound


KINDS = {"relu": "ReLU", "tanh": "tanh", "sigmoid": "the logistic function"}


@dataclass(frozen=True)
class Pace:
    """Epochs to a training error of one net with several kinds of neurons, each at its
    best learning rate.

    Each field maps a key of `KINDS` to a value: `records` to a record for each seed,
    `epochs` to the epochs that each seed needed (or math.inf), `rates` to the best
    learning rate, `tried` to {rate: training error} at the last epoch that all rates
    have.
    """

    records: dict
    epochs: dict
    rates: dict
    tried: dict

    @property
    def net(self):
        """Name of the net with ReLU."""
        return self.records["relu"][0].variant

    @property
    def saturating(self):
        """The kinds that are compared with ReLU."""
        return [kind for kind in self.records if kind != "relu"]

    def ratio(self, kind="tanh"):
        """`times_as_many` of a kind against ReLU."""
        longest = max(len(record.history) for record in self.records[kind])
        return times_as_many(self.epochs["relu"], self.epochs[kind], longest)


def figure1(records, error=0.25):
    """Returns the `Pace` of every net of the experiments figure1, figure1-…, that has
    runs with ReLU and tanh.

    The arms are named KIND-RATE. The best rate of a kind is the one that reaches
    `error` in the fewest epochs with its first seed; if none does, the one with the
    lowest training error at the last epoch that all rates have.
    """
    nets = by_rate(records).values()
    return [pace(arms, error) for arms in nets if {"relu", "tanh"} <= set(arms)]


def pace(arms, error):
    """Returns the `Pace` of one net from {kind: {rate: records}}."""
    tried, rates = {}, {}
    for kind, of_kind in arms.items():
        first = {rate: of_rate[0].history for rate, of_rate in sorted(of_kind.items())}
        common = min(map(len, filter(None, first.values())), default=0)
        tried[kind] = {
            rate: lines[common - 1]["top1_error"] if lines else math.inf
            for rate, lines in first.items()
        }
        speed = {
            r: (epochs_to(lines, error), tried[kind][r]) for r, lines in first.items()
        }
        rates[kind] = min(speed, key=speed.get)
    chosen = {kind: arms[kind][rate] for kind, rate in rates.items()}
    epochs = {
        kind: [epochs_to(record.history, error) for record in of_rate]
        for kind, of_rate in chosen.items()
    }
    return Pace(chosen, epochs, rates, tried)


def by_rate(records):
    """Returns {net with ReLU: {kind: {rate: records, sorted by seed}}}."""
    asked = {str(one.protocol.experiment) for one in records}
    asked = sorted(name for name in asked if name.startswith("figure1"))
    nets = {}
    for name, kind in itertools.product(asked, KINDS):
        for arm, of_arm in of_experiment(records, name).items():
            if not arm.startswith(f"{kind}-"):
                continue
            net = of_arm[0].variant.removesuffix(f".{kind}")
            rates = nets.setdefault(net, {}).setdefault(kind, {})
            found = [*rates.get(rate := float(arm.partition("-")[2]), ()), *of_arm]
            rates[rate] = sorted(found, key=lambda one: int(one.protocol.seed))
    return nets


def longest(records, variant):
    """Returns the test record of a variant's longest training, or None."""
    found = [
        record
        for record in records
        if (record.variant, record.split) == (variant, "test") and record.metrics
    ]
    return max(found, key=epochs_of, default=None)


def epochs_of(record):
    """Returns the epochs of a record's run, as far as they are known."""
    epochs = record.protocol.epochs
    return epochs if isinstance(epochs, int) else len(record.history)


def snapshots(records, variant="cifar-full", images=CIFAR10):
    """Returns {split: {epoch: record}} of the snapshots of a run of Caffe's.

    A snapshot is a weight file, whose name says after how many steps it was taken. An
    epoch has as many steps as the variant's recipe needs for the training images.
    """
    steps, found = variants.get(variant).recipe.steps_of(images), {}
    for record in records:
        taken = SNAPSHOT.search(str(record.protocol.weights))
        if record.variant == variant and record.protocol.runs == 1 and taken:
            found.setdefault(record.split, {})[int(taken[1]) / steps] = record
    return {split: dict(sorted(taken.items())) for split, taken in found.items()}


def hours(records):
    """Returns {experiment: hours of training}; each run is counted once."""
    runs, found = {}, {}
    for record in records:
        about = record.protocol
        run = about.experiment, about.arm, about.seed, about.epochs
        runs[run] = sum(line.get("seconds", 0) for line in record.history)
    for (experiment, *_), seconds in runs.items():
        if experiment and seconds:
            found[experiment] = found.get(experiment, 0) + seconds / 3600
    return dict(sorted(found.items()))
