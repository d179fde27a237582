"""What is read from the records of experiments: moments, ratios and differences, each
over seeds. Standard library and SciPy only; verdicts are made in `small_nets`."""

import math
import statistics
from dataclasses import dataclass

LEFT = 0.9  # of ln(classes): a loss below it has left the plateau
ROUNDING = 1e-6  # of an error in a log, which was a float32


def of_experiment(records, name):
    """{arm: its records} of an experiment, by arm."""
    found = {}
    for record in records:
        if record.protocol.experiment == name:
            found.setdefault(record.protocol.arm, []).append(record)
    return found


def steps_of(record):
    """Steps of an epoch of a run."""
    about = record.protocol
    return about.steps or math.ceil(about.training_images / about.batch_size)


def steps_to_leave(record):
    """Steps after which the training loss of an epoch was below 0.9 ln(classes), or
    math.inf if it never was."""
    limit = LEFT * math.log(record.protocol.classes)
    for line in record.history:
        if line["loss"] < limit:
            return line["epoch"] * steps_of(record)
    return math.inf


def leaving(records, name):
    """{arm: steps to leave the plateau, seed by seed} of an experiment."""
    arms = of_experiment(records, name)
    return {arm: sorted(map(steps_to_leave, of_arm)) for arm, of_arm in arms.items()}


def started(records, name):
    """{arm: (seeds, how many left the plateau, median steps of those, steps run, batch
    size)} from the records of the experiment."""
    arms = of_experiment(records, name)
    return {arm: summary(of_arm) for arm, of_arm in arms.items()}


def summary(records):
    steps = [steps_to_leave(record) for record in records]
    left = [count for count in steps if math.isfinite(count)]
    run = max(record.protocol.epochs * steps_of(record) for record in records)
    median = statistics.median(left) if left else None
    return len(steps), len(left), median, run, records[0].protocol.batch_size


def epochs_to(history, error, name="top1_error"):
    """Epochs after which an error of the log was at most `error`, or math.inf. Within
    an epoch it is taken as falling evenly, before the first one as constant."""
    before = None
    for line in history:
        now = line.get(name, math.inf)
        if now <= error:
            share = 1.0 if before is None else (before - error) / (before - now)
            return line["epoch"] - 1 + share
        before = now
    return math.inf


def reached(history, accuracy):
    """(epoch, seconds of training until then) of the first epoch whose validation
    accuracy was at least `accuracy`, or None."""
    seconds = 0.0
    for line in history:
        seconds += line["seconds"]
        if 1 - line.get("val_top1_error", 1.0) >= accuracy - ROUNDING:
            return line["epoch"], seconds
    return None


def times_as_many(fast, slow, longest):
    """(ratio of the medians of two lists of epochs, whether it is only a lower bound).

    `longest`, the epochs that `slow` was trained, stands for each that is math.inf;
    where the median depends on it, the ratio is a lower bound. It is None where the
    median of `fast` is math.inf.
    """
    fast, bound = statistics.median(fast), math.isinf(statistics.median(slow))
    if math.isinf(fast):
        return None, False
    known = [longest if math.isinf(epochs) else epochs for epochs in slow]
    return statistics.median(known) / fast, bound


@dataclass(frozen=True)
class Pace:
    """Two kinds of net, each at its best learning rate, on the way to a training error.

    `records` and `epochs` map "relu" and "tanh" to one record, and the epochs needed
    (or math.inf), a seed; `rates` to the rate; `tried` to {rate: the training error
    after as many epochs as every rate was trained}.
    """

    records: dict
    epochs: dict
    rates: dict
    tried: dict

    @property
    def ratio(self):
        """`times_as_many` epochs of tanh against ReLU."""
        longest = max(len(record.history) for record in self.records["tanh"])
        return times_as_many(self.epochs["relu"], self.epochs["tanh"], longest)


def figure1(records, error=0.25):
    """The `Pace` of the arms "relu-RATE" and "tanh-RATE" of the experiment figure1, or
    None where a kind has none. A kind's rate is the one that was fastest with its first
    seed, or that came nearest after as many epochs as all were trained."""
    arms = by_rate(records)
    if set(arms) != {"relu", "tanh"}:
        return None
    tried, rates = {}, {}
    for kind, of_kind in arms.items():
        first = {rate: of_rate[0].history for rate, of_rate in sorted(of_kind.items())}
        common = min(map(len, filter(None, first.values())))
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
    """{kind: {rate: records, by seed}} of the arms KIND-RATE."""
    arms = {}
    for arm, of_arm in of_experiment(records, "figure1").items():
        kind, _, rate = arm.partition("-")
        by_seed = sorted(of_arm, key=lambda record: int(record.protocol.seed))
        arms.setdefault(kind, {})[float(rate)] = by_seed
    return arms


def hours(records):
    """{experiment: hours of training in the logs of its records, each run once}."""
    runs, found = {}, {}
    for record in records:
        about = record.protocol
        run = about.experiment, about.arm, about.seed, about.epochs
        runs[run] = sum(line.get("seconds", 0) for line in record.history)
    for (experiment, *_), seconds in runs.items():
        if experiment and seconds:
            found[experiment] = found.get(experiment, 0) + seconds / 3600
    return dict(sorted(found.items()))
