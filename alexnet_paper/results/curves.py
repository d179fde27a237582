"""What is read from the records of experiments: moments, ratios and differences, each
over seeds. Standard library and SciPy only; verdicts are made in `small_nets`."""

import math
import statistics
from dataclasses import dataclass

from alexnet_paper.results.record import files

LEFT = 0.9  # of ln(classes): a loss below it has left the plateau
HEAT = 12  # epochs in which a race tries every learning rate
ROUNDING = 1e-6  # of an error in a log, which was a float32


def of_experiment(records, name):
    """{arm: its records} of an experiment, by arm."""
    found = {}
    for record in records:
        if record.protocol.experiment == name:
            found.setdefault(record.protocol.arm, []).append(record)
    return found


def training(record):
    """What a run was trained for: epochs, images, and other changes of its plan."""
    about = record.protocol
    changes = sorted((about.changes or {}).items())
    return about.epochs, about.training_images or 0, str(changes)


def most_trained(*arms):
    """Of each list of records those of one training, that which all of them have and
    which sees the most images; empty lists where none is common."""
    common = set.intersection(*({training(one) for one in arm} for arm in arms))
    if not common:
        return [[] for _ in arms]
    best = max(common, key=lambda found: (found[0] * found[1], *found))
    return [[one for one in arm if training(one) == best] for arm in arms]


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
class Race:
    """Two kinds of net, each at its best learning rate, on the way to a training error.

    `records` and `epochs` map "relu" and "tanh" to one record, and the epochs needed
    (or math.inf), a seed; `rates` to the rate; `tried` to {rate: the training error
    after its heat}.
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


def race(records, error=0.25, name="figure1"):
    """The `Race` of an experiment's arms "relu-RATE" and "tanh-RATE", or None where a
    kind has none. A kind's rate is the one that was fastest in the heat with its first
    seed, or that came nearest."""
    arms = by_rate(records, name)
    if set(arms) != {"relu", "tanh"}:
        return None
    tried = rates_tried(records, name, error)
    rates = {kind: min(of_kind, key=of_kind.get) for kind, of_kind in tried.items()}
    chosen = {kind: arms[kind][rate] for kind, rate in rates.items()}
    epochs = {
        kind: [epochs_to(record.history, error) for record in of_rate]
        for kind, of_rate in chosen.items()
    }
    tried = {
        kind: {rate: last for rate, (_, last) in sorted(of_kind.items())}
        for kind, of_kind in tried.items()
    }
    return Race(chosen, epochs, rates, tried)


def by_rate(records, name):
    """{kind: {rate: records, by seed}} of an experiment's arms KIND-RATE."""
    arms = {}
    for arm, of_arm in of_experiment(records, name).items():
        kind, _, rate = arm.partition("-")
        by_seed = sorted(of_arm, key=lambda record: int(record.protocol.seed))
        arms.setdefault(kind, {})[float(rate)] = by_seed
    return arms


def rates_tried(records, name, error, heat=HEAT):
    """{kind: {rate: (epochs to the error within the heat or math.inf, the last error of
    the heat)}} of the first seed of every rate: the least is the fastest."""

    def speed(of_rate):
        history = of_rate[0].history[:heat]
        last = history[-1]["top1_error"] if history else math.inf
        return epochs_to(history, error), last

    return {
        kind: {rate: speed(of_rate) for rate, of_rate in of_kind.items()}
        for kind, of_kind in by_rate(records, name).items()
    }


def mean_interval(values):
    """95 % of Student's t for the mean of independent values; None for fewer than
    two."""
    count = len(values)
    if count < 2:
        return None
    from scipy.stats import t

    half = t.ppf(0.975, count - 1) * statistics.stdev(values) / math.sqrt(count)
    mean = statistics.mean(values)
    return mean - half, mean + half


@dataclass(frozen=True)
class Effect:
    """A difference of two arms in points, seed by seed, after so many epochs, and the
    files it was read from."""

    differences: tuple[float, ...]
    epochs: int
    sources: tuple[str, ...] = ()

    @property
    def mean(self):
        return statistics.mean(self.differences)

    @property
    def interval(self):
        """95 % of Student's t for the mean of the paired differences; None for fewer
        than two seeds."""
        return mean_interval(self.differences)

    @property
    def words(self):
        """ "+1.20 [+0.85, +1.55]" """
        if self.interval is None:
            return f"{self.mean:+.2f} (one seed)"
        low, high = self.interval
        return f"{self.mean:+.2f} [{low:+.2f}, {high:+.2f}]"

    @property
    def sign(self):
        """1 or −1 where the interval leaves 0 out, else 0: not decided."""
        if self.interval is None:
            return 0
        low, high = self.interval
        return 1 if low > 0 else -1 if high < 0 else 0


def errors(records, split, views, metric="top1_error"):
    """{seed: error in %} of an arm's records on a split."""
    return {
        record.protocol.seed: 100 * record.metrics[metric]
        for record in records
        if (record.split, record.protocol.views) == (split, views)
        and metric in record.metrics
    }


NEEDS = {  # (split, views) of what is measured
    "test": ("test", 1),
    "ten views": ("test", 10),
}


def effect(records, experiment, arm, other, what):
    """The `Effect` other − arm over the seeds that both have, trained alike, or None.
    With `other` None: the arm's own measure."""
    arms = of_experiment(records, experiment)
    if arm not in arms or (other and other not in arms):
        return None
    alike = most_trained(*(arms[name] for name in (arm, other) if name))
    ours, *theirs = (errors(of_arm, *NEEDS[what]) for of_arm in alike)
    theirs = theirs[0] if other else dict.fromkeys(ours, 0.0)
    seeds = sorted(set(ours) & set(theirs))
    if not seeds:
        return None
    sign = 1 if other else -1
    used = [
        record
        for of_arm in alike
        for record in of_arm
        if (record.split, record.protocol.views) == NEEDS[what]
    ]
    return Effect(
        tuple(sign * (theirs[seed] - ours[seed]) for seed in seeds),
        max(record.protocol.epochs for record in used),
        files(used),
    )


def hours(records):
    """{experiment: hours of training in the logs of its records, each run once}."""
    runs, found = {}, {}
    for record in records:
        about = record.protocol
        run = about.experiment, about.arm, about.seed, *training(record)
        runs[run] = sum(line.get("seconds", 0) for line in record.history)
    for (experiment, *_), seconds in runs.items():
        if experiment and seconds:
            found[experiment] = found.get(experiment, 0) + seconds / 3600
    return dict(sorted(found.items()))
