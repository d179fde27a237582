"""Tests of an experiment's hypotheses on its records: differences between arms, their
intervals over seeds, and the gate.

A difference is "points of error lost without it". The tests are SciPy's. P-values and
intervals are corrected for the number of hypotheses of an experiment (Holm 1979).
"""

import math
import statistics
import warnings
from dataclasses import dataclass
from dataclasses import replace

from alexnet_paper.results import curves
from alexnet_paper.results.record import files
from alexnet_paper.training.schedule import phase_of_drops

ALPHA = 0.05
LEAST = 3  # seeds that both arms need for a decision


@dataclass(frozen=True)
class Difference:
    """A mean difference with its interval, in points.

    `p` is of the two-sided test against 0. `values` are the differences of paired
    seeds, or ().
    """

    mean: float
    low: float
    high: float
    p: float
    seeds: int
    values: tuple[float, ...] = ()

    @property
    def half_width(self):
        return (self.high - self.low) / 2

    @property
    def words(self):
        """ "+1.20 [+0.85, +1.55]" """
        return f"{self.mean:+.2f} [{self.low:+.2f}, {self.high:+.2f}]"

    @property
    def sign(self):
        """1 or −1 if the interval does not contain 0, else 0."""
        return 1 if self.low > 0 else -1 if self.high < 0 else 0


@dataclass(frozen=True)
class Passed:
    """Whether the three conditions of a `Gate` are met, and the numbers behind them.

    `falls` is {arm: points an epoch by which training error still fell before each
    drop}. `errors` are the base's final test and training error and its training error
    at the first drop, in %.
    """

    levelled: bool
    fitted: bool
    precise: bool
    falls: dict
    errors: tuple[float, float, float]

    @property
    def all(self):
        return self.levelled and self.fitted and self.precise


@dataclass(frozen=True)
class Decision:
    """The outcome of a hypothesis.

    `corrected` and `plain` are the difference with its interval at Holm's level and at
    95 %; `p` is Holm's. `test` and `train` are the differences of ten-view test error
    and of training error at Holm's level; `images` is that of test error with its
    interval over images in place of seeds.
    """

    hypothesis: object
    corrected: Difference
    plain: Difference
    p: float
    test: Difference | None
    train: Difference | None
    images: Difference | None
    gate: Passed | None
    sources: tuple[str, ...]

    @property
    def sign(self):
        """1: supported; −1: contradicted; 0: the gate was not passed, or the corrected
        interval contains 0."""
        passed = self.gate is None or self.gate.all
        return self.corrected.sign if passed and self.p < ALPHA else 0

    @property
    def words(self):
        """The difference at Holm's level: "+0.74 [-0.76, +2.23]"; for "pace" the ratio
        of epochs: "1.33 times [0.98, 1.80]"."""
        found = self.corrected
        if self.hypothesis.measure != "pace":
            return found.words
        low, mean, high = (math.exp(x) for x in (found.low, found.mean, found.high))
        return f"{mean:.2f} times [{low:.2f}, {high:.2f}]"

    @property
    def gate_words(self):
        """Which conditions of the gate were not met."""
        if self.gate is None or self.gate.all:
            return "gate passed"
        conditions = {
            "training had not levelled off": self.gate.levelled,
            "the base does not fit its training set": self.gate.fitted,
            "the interval is too wide": self.gate.precise,
        }
        return (
            f"gate: {', '.join(words for words, met in conditions.items() if not met)}"
        )


ASIDE = ("precision", "watch", "start")  # fields in which runs of one arm may differ


def runs(records, experiment):
    """Returns {arm: {seed: {(split, views): record}}} of an experiment, for the runs
    that were trained as its protocol says and did not diverge."""
    found = {}
    for arm, of_arm in curves.of_experiment(records, experiment.name).items():
        asked = trained(dict(experiment.plans(arms=[arm]))[arm].changes())
        for record in of_arm:
            about = record.protocol
            as_asked = about.changes is None or trained(about.changes) == asked
            if as_asked and record.metrics:
                run = found.setdefault(arm, {}).setdefault(int(about.seed), {})
                run[record.split, about.views] = record
    return found


def whole(records, experiment):
    """Returns `runs` without those that did not run to the end of their schedule.

    The log of one that did has every epoch of its arm, each at its learning rate.
    """
    found = {}
    for arm, of_arm in runs(records, experiment).items():
        recipe = dict(experiment.plans(arms=[arm]))[arm].training_recipe()
        ended = {seed: run for seed, run in of_arm.items() if to_the_end(run, recipe)}
        if ended:
            found[arm] = ended
    return found


def to_the_end(run, recipe):
    """Returns whether a run's log is that of all epochs of a recipe."""
    records, lines = run.values(), history(run)
    if any(one.protocol.changes is None or one.protocol.ended for one in records):
        return False
    if not isinstance(recipe.drops, tuple):  # on a plateau, rates depend on the errors
        return len(lines) == recipe.epochs
    rates = [
        phase_of_drops(recipe.learning_rate, recipe.drops, (), epoch).rate
        for epoch in range(recipe.epochs)
    ]
    return len(lines) == recipe.epochs and all(
        math.isclose(line["rate"], rate)
        for line, rate in zip(lines, rates, strict=True)
    )


def trained(changes):
    """Returns a plan's changes without those in which runs of one arm may differ."""
    return {name: value for name, value in changes.items() if name not in ASIDE}


def error(run, split, views=1):
    """Returns the top-1 error of a run in %, or None if it was not measured.

    The validation images stand for the test images of data without any.
    """
    other = "validation" if split == "test" else split
    record = run.get((split, views)) or run.get((other, views))
    return record and 100 * record.metrics["top1_error"]


def less(first, second):
    return None if first is None or second is None else first - second


def history(run):
    return next(iter(run.values())).history


def pace(run, target=0.25):
    """Returns −ln of the epochs to a test error, or None if it was not reached.

    A slower run has a smaller value.
    """
    lines = history(run)
    watched = all("test_top1_error" in line for line in lines)
    split = "test" if watched else "val"
    epochs = curves.epochs_to(lines, target, f"{split}_top1_error")
    return -math.log(epochs) if math.isfinite(epochs) else None


MEASURES = {  # value of a run, in points; "pace" in logarithms
    "test": lambda run: error(run, "test"),
    "ten views": lambda run: error(run, "test", 10),
    "train": lambda run: error(run, "train"),
    "gap": lambda run: less(error(run, "test"), error(run, "train")),
    "views": lambda run: less(error(run, "test"), error(run, "test", 10)),
    "pace": pace,
}
AT_EQUAL_LOSS = "at equal loss"  # test error of two runs at the same training loss


def printed(hypothesis):
    """Returns the printed effect in the unit of its measure, or None."""
    if hypothesis.measure == "pace" and hypothesis.printed:
        return math.log(hypothesis.printed)
    return hypothesis.printed


def measured(arms, arm, measure, **options):
    """Returns {seed: value} of an arm, for the seeds in which it was measured."""
    take = MEASURES[measure]
    values = {s: take(run, **options) for s, run in arms.get(arm, {}).items()}
    return {seed: value for seed, value in values.items() if value is not None}


def at_loss(lines, loss):
    """Returns the test error in % of a run when its training loss first reached `loss`.

    It is interpolated linearly between epochs. It is None if the loss was not reached
    or the log has no test error.
    """
    before = None
    for line in lines:
        if "test_top1_error" not in line:
            return None
        if line["loss"] <= loss:
            now = 100 * line["test_top1_error"]
            if before is None:
                return now
            share = (before["loss"] - loss) / (before["loss"] - line["loss"])
            return now + (1 - share) * (100 * before["test_top1_error"] - now)
        before = line
    return None


def at_equal_loss(base, other):
    """Returns the test errors of two runs at the lowest training loss both reached."""
    lines = history(base), history(other)
    loss = max(min(line["loss"] for line in of_run) for of_run in lines)
    return tuple(at_loss(of_run, loss) for of_run in lines)


def samples(arms, hypothesis, measure=None):
    """Returns {seed: value} of a hypothesis's `base` and of its `without`.

    The values of the base are 0 if both are the same arm.
    """
    measure = measure or hypothesis.measure
    base, without = hypothesis.base, hypothesis.without
    if measure == AT_EQUAL_LOSS:
        both = sorted(set(arms.get(base, {})) & set(arms.get(without, {})))
        pairs = {s: at_equal_loss(arms[base][s], arms[without][s]) for s in both}
        pairs = {s: pair for s, pair in pairs.items() if None not in pair}
        return tuple({s: pair[i] for s, pair in pairs.items()} for i in (0, 1))
    options = {"target": hypothesis.target} if measure == "pace" else {}
    found = measured(arms, without, measure, **options)
    if base == without:
        return dict.fromkeys(found, 0.0), found
    return measured(arms, base, measure, **options), found


def difference(base, without, paired, level=1 - ALPHA):
    """Returns the `Difference` of two {seed: value}; None for fewer than two seeds."""
    from scipy import stats

    if paired:
        seeds = sorted(set(base) & set(without))
        base, without = ([of[seed] for seed in seeds] for of in (base, without))
    else:
        base, without = list(base.values()), list(without.values())
    if min(len(base), len(without)) < 2:
        return None
    values = tuple(b - a for a, b in zip(base, without, strict=True)) if paired else ()
    spread = [values] if paired else [base, without]
    if all(len(set(of)) == 1 for of in spread):  # the t-statistic is undefined
        mean = without[0] - base[0]
        return Difference(mean, mean, mean, float(mean == 0), len(base), values)
    if paired:
        found = stats.ttest_rel(without, base)
    else:
        with warnings.catch_warnings():
            # SciPy takes an arm whose seeds err alike for lost precision
            warnings.filterwarnings("ignore", "Precision loss", RuntimeWarning)
            found = stats.ttest_ind(without, base, equal_var=False)
    low, high = found.confidence_interval(level)
    mean = statistics.mean(without) - statistics.mean(base)
    seeds = min(len(base), len(without))
    return Difference(mean, float(low), float(high), float(found.pvalue), seeds, values)


def wrong(arms, arm, views=10):
    """Returns which test images each run of an arm got wrong, (seeds, images).

    It is empty if the records do not keep the outcome of every image.
    """
    import numpy as np

    found = [run.get(("test", views)) for _, run in sorted(arms.get(arm, {}).items())]
    kept = [one for one in found if one and "rank" in one.arrays]
    return np.stack([one.array("rank") > 0 for one in kept]) if kept else np.array([])


def over_images(base, without, level=1 - ALPHA):
    """Returns the `Difference` of two results of `wrong`, or None if one is empty.

    It is the mean over seeds, with its interval over images.
    """
    if not (len(base) and len(without)):
        return None
    from scipy import stats

    points = 100 * (without.mean(axis=0) - base.mean(axis=0))
    found = stats.ttest_1samp(points, 0.0)
    low, high = found.confidence_interval(level)
    seeds = min(len(base), len(without))
    return Difference(
        float(points.mean()), float(low), float(high), float(found.pvalue), seeds
    )


def mcnemar(first, second):
    """Returns p of McNemar's exact test of two runs, from the images each got wrong."""
    from scipy.stats import binomtest

    only, other = int((first & ~second).sum()), int((second & ~first).sum())
    return float(binomtest(only, only + other).pvalue) if only + other else 1.0


def averaged(arms, arm="base", views=10):
    """Compares single runs of an arm with the average of their predictions.

    Returns:
        (`Difference` of the runs' mean error and the error of the averaged predictions
        with its interval over images, the latter error in %), or None if fewer than
        two seeds keep their probabilities.
    """
    import numpy as np

    found = [run.get(("test", views)) for _, run in sorted(arms.get(arm, {}).items())]
    kept = [one for one in found if one and "probabilities" in one.arrays]
    if len(kept) < 2:
        return None
    summed = sum(one.array("probabilities").astype("int64") for one in kept)
    together = summed.argmax(axis=1) != kept[0].array("label")
    alone = np.stack([one.array("rank") > 0 for one in kept])
    found = over_images(together[None], alone)
    return replace(found, seeds=len(kept)), 100 * float(together.mean())


def holm(p_values):
    """Returns Holm's adjusted p-values, and the confidence level of each interval.

    The level is 1 − 0.05 / (number of p-values that are not smaller).
    """
    count = len(p_values)
    adjusted, levels, worst = [0.0] * count, [0.0] * count, 0.0
    ranked = sorted(range(count), key=p_values.__getitem__)
    for rank, index in enumerate(ranked):
        worst = max(worst, (count - rank) * p_values[index])
        adjusted[index] = min(1.0, worst)
        levels[index] = 1 - ALPHA / (count - rank)
    return adjusted, levels


def phases(lines):
    """Returns the lines of a log, grouped by learning rate."""
    found = []
    for line in lines:
        if not found or found[-1][-1]["rate"] != line["rate"]:
            found.append([])
        found[-1].append(line)
    return found


def still_falling(lines, window):
    """Returns the points an epoch by which training error falls before each rate drop.

    The mean of the last `window` epochs is compared with that of the `window` epochs
    before them. A short phase has smaller windows; its first epoch never counts.
    """

    def mean(part):
        return 100 * statistics.mean(line["top1_error"] for line in part)

    falls = []
    for phase in phases(lines)[:-1]:
        epochs = min(window, (len(phase) - 1) // 2)
        if epochs:
            before, last = phase[-2 * epochs : -epochs], phase[-epochs:]
            falls.append((mean(before) - mean(last)) / epochs)
    return falls


def passed(arms, hypothesis, gate, found):
    """Returns the `Passed` of a hypothesis; `found` is its difference at 95 %.

    A base that was not tested, or not on its training set, does not count as fitted.
    """
    falls = {}
    for arm in dict.fromkeys((hypothesis.base, hypothesis.without)):
        of_runs = [
            still_falling(history(run), gate.window) for run in arms[arm].values()
        ]
        falls[arm] = [statistics.mean(drops) for drops in zip(*of_runs, strict=False)]
    levelled = all(fall < gate.levelled for of_arm in falls.values() for fall in of_arm)
    base = arms[hypothesis.base]
    test, train = (
        statistics.mean(measured(arms, hypothesis.base, of).values() or [math.nan])
        for of in ("test", "train")
    )
    first = statistics.mean(
        100 * phases(history(run))[0][-1]["top1_error"] for run in base.values()
    )
    fitted = train <= gate.fitted * min(test, first)
    effect = printed(hypothesis)
    precise = abs(found.mean) > 2 * found.half_width or (
        effect is not None and found.half_width <= effect / 2
    )
    return Passed(levelled, fitted, precise, falls, (test, train, first))


def controls(experiment, records):
    """Returns (control, its `Difference`, that of training error) of each control of an
    experiment whose arms have at least `LEAST` seeds. The differences should be 0."""
    arms, found = runs(records, experiment), []
    for one in experiment.controls:
        own, train = (
            difference(*samples(arms, one, measure), one.paired)
            for measure in (one.measure, "train")
        )
        if own and own.seeds >= LEAST:
            found.append((one, own, train))
    return found


def decide(experiment, records):
    """Returns the `Decision` on each hypothesis whose arms have at least `LEAST` seeds.

    Holm's correction counts all hypotheses of the experiment, tested or not. Test
    errors are over as many views as its first measurement.
    """
    arms, (_, views) = runs(records, experiment), experiment.measured[0]
    tested = "test" if views == 1 else "ten views"
    plain = {}
    for hypothesis in experiment.hypotheses:
        found = difference(*samples(arms, hypothesis), hypothesis.paired)
        if found and found.seeds >= LEAST:
            plain[hypothesis] = found
    untested = len(experiment.hypotheses) - len(plain)
    p_values = [found.p for found in plain.values()] + [1.0] * untested
    adjusted, levels = holm(p_values)
    decisions = []
    for (hypothesis, found), p, level in zip(
        plain.items(), adjusted, levels, strict=False
    ):
        corrected = difference(*samples(arms, hypothesis), hypothesis.paired, level)
        test, train = (
            difference(*samples(arms, hypothesis, of), hypothesis.paired, level)
            for of in (tested, "train")
        )
        pair = (hypothesis.base, hypothesis.without)
        images = over_images(*(wrong(arms, arm, views) for arm in pair), level)
        used = [
            record
            for arm in {hypothesis.base, hypothesis.without}
            for run in arms[arm].values()
            for record in run.values()
        ]
        gate = experiment.gate and passed(arms, hypothesis, experiment.gate, found)
        decisions.append(
            Decision(
                hypothesis, corrected, found, p, test, train, images, gate, files(used)
            )
        )
    return decisions
