"""Hypotheses of an experiment tested on its records: differences between arms in points
lost without something, their intervals over seeds, and the gate.

SciPy's tests; p-values and intervals are corrected over the hypotheses of an experiment
(Holm 1979).
"""

import math
import statistics
from dataclasses import dataclass
from dataclasses import replace

from alexnet_paper.results import curves
from alexnet_paper.results.record import files

ALPHA = 0.05
TARGET = 0.25  # test error to which epochs are counted
LEAST = 3  # seeds of both arms without which nothing is decided


@dataclass(frozen=True)
class Difference:
    """A mean with its interval over seeds, in points; `values`, seed by seed where
    they were paired. `p` is of the two-sided test against 0."""

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
        """1 or −1 where the interval leaves 0 out, else 0."""
        return 1 if self.low > 0 else -1 if self.high < 0 else 0


@dataclass(frozen=True)
class Passed:
    """The three parts of a gate, each with the numbers that decide it.

    `falls`: {arm: points by which training error still fell before each drop};
    `errors`: test and training error of the base at its end, and training error at the
    first drop, in %.
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
    """A hypothesis with what was found: the difference at the corrected level, the
    plain 95 % one, Holm's p, the differences of test and of training error beside it,
    that of the test error with its interval over images, and the gate."""

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
        interval allows both."""
        passed = self.gate is None or self.gate.all
        return self.corrected.sign if passed and self.p < ALPHA else 0


ASIDE = ("precision", "watch")  # of a plan: what does not make another run


def runs(records, experiment):
    """{arm: {seed: {(split, views): record}}} of an experiment: of the runs that were
    trained as its protocol says."""
    found = {}
    for arm, of_arm in curves.of_experiment(records, experiment.name).items():
        asked = trained(dict(experiment.plans(arms=[arm]))[arm].changes())
        for record in of_arm:
            about = record.protocol
            if about.changes is None or trained(about.changes) == asked:
                run = found.setdefault(arm, {}).setdefault(int(about.seed), {})
                run[record.split, about.views] = record
    return found


def trained(changes):
    """What of a plan's changes makes another run."""
    return {name: value for name, value in changes.items() if name not in ASIDE}


def error(run, split, views=1):
    """Top-1 error of a run in %, or None where it was not measured."""
    record = run.get((split, views))
    return record and 100 * record.metrics["top1_error"]


def less(first, second):
    return None if first is None or second is None else first - second


def history(run):
    return next(iter(run.values())).history


def pace(run):
    """−ln of the epochs to `TARGET` test error, so that slower is less, or None."""
    epochs = curves.epochs_to(history(run), TARGET, "test_top1_error")
    return -math.log(epochs) if math.isfinite(epochs) else None


MEASURES = {  # of a run, in points; what an arm may have more of
    "test": lambda run: error(run, "test"),
    "ten views": lambda run: error(run, "test", 10),
    "train": lambda run: error(run, "train"),
    "gap": lambda run: less(error(run, "test"), error(run, "train")),
    "views": lambda run: less(error(run, "test"), error(run, "test", 10)),
    "pace": pace,
}
AT_EQUAL_LOSS = "at equal loss"  # test error where two runs have one training loss


def printed(hypothesis):
    """The printed effect in the unit of its measure, or None."""
    if hypothesis.measure == "pace" and hypothesis.printed:
        return math.log(hypothesis.printed)
    return hypothesis.printed


def measured(arms, arm, measure):
    """{seed: value} of an arm; seeds where it was not measured are left out."""
    values = {seed: MEASURES[measure](run) for seed, run in arms.get(arm, {}).items()}
    return {seed: value for seed, value in values.items() if value is not None}


def at_loss(lines, loss):
    """Test error in % of a run when its training loss came down to `loss`, taken as
    changing evenly within an epoch; None where it is not reached or not watched."""
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
    """Test errors of two runs at the lowest training loss that both reached."""
    lines = history(base), history(other)
    loss = max(min(line["loss"] for line in of_run) for of_run in lines)
    return tuple(at_loss(of_run, loss) for of_run in lines)


def samples(arms, hypothesis, measure=None):
    """({seed: value} of the base, {seed: value} without it); the base is 0 where a
    hypothesis is about one arm alone."""
    measure = measure or hypothesis.measure
    base, without = hypothesis.base, hypothesis.without
    if measure == AT_EQUAL_LOSS:
        both = sorted(set(arms.get(base, {})) & set(arms.get(without, {})))
        pairs = {s: at_equal_loss(arms[base][s], arms[without][s]) for s in both}
        pairs = {s: pair for s, pair in pairs.items() if None not in pair}
        return tuple({s: pair[i] for s, pair in pairs.items()} for i in (0, 1))
    found = measured(arms, without, measure)
    if base == without:
        return dict.fromkeys(found, 0.0), found
    return measured(arms, base, measure), found


def difference(base, without, paired, level=1 - ALPHA):
    """The `Difference` of two {seed: value} samples, or None for fewer than two
    seeds."""
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
    if all(len(set(of)) == 1 for of in spread):  # without spread there is no t
        mean = without[0] - base[0]
        return Difference(mean, mean, mean, float(mean == 0), len(base), values)
    if paired:
        found = stats.ttest_rel(without, base)
    else:
        found = stats.ttest_ind(without, base, equal_var=False)
    low, high = found.confidence_interval(level)
    mean = statistics.mean(without) - statistics.mean(base)
    seeds = min(len(base), len(without))
    return Difference(mean, float(low), float(high), float(found.pvalue), seeds, values)


def wrong(arms, arm, views=10):
    """(seeds, images): which test images each run of an arm got wrong; empty where its
    records do not keep it."""
    import numpy as np

    found = [run.get(("test", views)) for _, run in sorted(arms.get(arm, {}).items())]
    kept = [one for one in found if one and "rank" in one.arrays]
    return np.stack([one.array("rank") > 0 for one in kept]) if kept else np.array([])


def over_images(base, without, level=1 - ALPHA):
    """The `Difference` of two (seeds, images) of `wrong`, means over seeds, with its
    interval over images; None where there is none."""
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
    """p of McNemar's exact test that two runs, of which each image is wrong or not, err
    equally often."""
    from scipy.stats import binomtest

    only, other = int((first & ~second).sum()), int((second & ~first).sum())
    return float(binomtest(only, only + other).pvalue) if only + other else 1.0


def averaged(arms, arm="base", views=10):
    """What one run of an arm errs on more than the average of all its seeds: the
    `Difference` of the mean over seeds, with its interval over images, and the error
    of the average in %; None where fewer than two seeds keep their probabilities."""
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
    """Holm's adjusted p-values and the level of each one's interval, in the order
    given: 1 − 0.05 / (how many have no smaller p)."""
    count = len(p_values)
    adjusted, levels, worst = [0.0] * count, [0.0] * count, 0.0
    ranked = sorted(range(count), key=p_values.__getitem__)
    for rank, index in enumerate(ranked):
        worst = max(worst, (count - rank) * p_values[index])
        adjusted[index] = min(1.0, worst)
        levels[index] = 1 - ALPHA / (count - rank)
    return adjusted, levels


def phases(lines):
    """The epochs of a log in groups of one learning rate."""
    found = []
    for line in lines:
        if not found or found[-1][-1]["rate"] != line["rate"]:
            found.append([])
        found[-1].append(line)
    return found


def still_falling(lines, window):
    """Points an epoch by which training error still falls before each drop of the rate:
    the last `window` epochs against the `window` before them, or as many as a phase has
    after its first epoch."""

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
    """The `Passed` of a hypothesis whose difference `found` is at 95 %."""
    falls = {}
    for arm in dict.fromkeys((hypothesis.base, hypothesis.without)):
        of_runs = [
            still_falling(history(run), gate.window) for run in arms[arm].values()
        ]
        falls[arm] = [statistics.mean(drops) for drops in zip(*of_runs, strict=False)]
    levelled = all(fall < gate.levelled for of_arm in falls.values() for fall in of_arm)
    base = arms[hypothesis.base]
    test, train = (
        statistics.mean(measured(arms, hypothesis.base, of).values())
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


def decide(experiment, records):
    """The `Decision` on every hypothesis of an experiment whose arms have at least
    `LEAST` seeds; the correction counts all hypotheses, tested or not."""
    arms = runs(records, experiment)
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
            for of in ("ten views", "train")
        )
        images = over_images(
            *(wrong(arms, arm) for arm in (hypothesis.base, hypothesis.without)), level
        )
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
