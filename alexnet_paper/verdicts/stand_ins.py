"""Findings for the paper's claims from the records of experiments on CIFAR-10."""

import itertools
import math
import statistics
from dataclasses import dataclass

from alexnet_paper.nets import variants
from alexnet_paper.results import curves
from alexnet_paper.results import experiments
from alexnet_paper.results import hypotheses
from alexnet_paper.results.record import Record
from alexnet_paper.results.record import files
from alexnet_paper.verdicts.finding import BY_SIGN
from alexnet_paper.verdicts.finding import CONTRADICTED
from alexnet_paper.verdicts.finding import INCONCLUSIVE
from alexnet_paper.verdicts.finding import SUPPORTED
from alexnet_paper.verdicts.finding import Finding
from alexnet_paper.verdicts.finding import in_a_stand_in
from alexnet_paper.verdicts.finding import verdict

PRINTED_AVERAGING = 40.7 - 38.1  # Table 2: five CNNs against one, top-1
PROBABLE = 0.05  # significance level for the difference of the towers' colours


CHOICES = "choices"  # the experiment on the paper's choices
DATA = {"cifar10": "CIFAR-10", "flowers17": "Flowers-17"}


def decisions(records, name=CHOICES):
    """Returns the `hypotheses.Decision`s of an experiment."""
    return hypotheses.decide(experiments.get(name), records)


def in_a_small_net(claim, records):
    """Returns the finding from all experiments with hypotheses about a claim, or None
    if none of them has run.

    Supported or contradicted if the experiments agree, otherwise inconclusive.
    """
    of_each = [
        found
        for one in experiments.EXPERIMENTS.values()
        if any(claim.id in asked.claims for asked in one.hypotheses)
        if (found := of_experiment(one, claim, records))
    ]
    if len(of_each) < 2:
        return of_each[0] if of_each else None
    verdicts = {found.verdict for found in of_each}
    return Finding(
        "; ".join(found.ours for found in of_each),
        verdicts.pop() if len(verdicts) == 1 else INCONCLUSIVE,
        ". ".join(found.note for found in of_each),
        tuple(sorted({name for found in of_each for name in found.records})),
    )


def of_experiment(experiment, claim, records):
    """Returns the finding for a claim from one experiment, or None if an arm has no
    run.

    Supported: all hypotheses about the claim are supported. Contradicted: at least one
    is contradicted. Otherwise, and with fewer seeds than the protocol's, inconclusive.
    """
    arms = hypotheses.runs(records, experiment)
    asked = [one for one in experiment.hypotheses if claim.id in one.claims]
    used = {arm for one in asked for arm in (one.base, one.without)}
    seeds = min(len(arms.get(arm, {})) for arm in used)
    if not seeds:
        return None
    found = [
        one
        for one in hypotheses.decide(experiment, records)
        if claim.id in one.hypothesis.claims
    ]
    wanted = experiment.seeds
    if len(found) < len(asked):
        note = f"{seeds} of {wanted} seeds: too few to tell"
        return Finding("under way", INCONCLUSIVE, note)
    verdicts = {BY_SIGN[one.sign] for one in found}
    decided = CONTRADICTED if CONTRADICTED in verdicts else INCONCLUSIVE
    decided = SUPPORTED if verdicts == {SUPPORTED} else decided
    if seeds < wanted:
        decided = INCONCLUSIVE  # only the protocol's number of seeds decides
    ours = "; ".join(f"{one.hypothesis.label} {one.words}" for one in found)
    note = "; ".join(dict.fromkeys(map(how, found)))
    note += f"; {where(arms, asked)}, {seeds} of {wanted} seeds"
    used = {name for one in found for name in one.sources}
    return Finding(ours, decided, note, tuple(sorted(used)))


def where(arms, asked):
    """Returns in words the nets and the data of the hypotheses' bases."""
    named = set()
    for one in asked:
        run = next(iter(arms[one.base].values()))
        record = next(iter(run.values()))
        data = DATA.get(record.data, record.dataset)
        named.add(f"`{record.variant}` on {data}")
    return ", ".join(sorted(named))


def how(decision):
    """Returns in words the measure, the differences of other errors, and the gate."""
    text = SAID[decision.hypothesis.measure]
    if decision.hypothesis.measure == "pace":
        target = f"{100 * decision.hypothesis.target:g} %"
        text = f"as many epochs to {target} test error with it"
    if decision.train and decision.hypothesis.measure != "train":
        text += f"; training error {decision.train.words}"
    if decision.test and decision.hypothesis.measure not in ("ten views", "test"):
        text += f"; test error {decision.test.words}"
    return f"{text}; {decision.gate_words}"


SAID = {  # {measure: its meaning in words}
    "test": "points of test error lost without it",
    "ten views": "points of test error lost without it, ten views",
    "train": "points of training error lost without it",
    "gap": "points that the gap (test − training error) grows without it",
    "views": "points of test error lost with one view",
    "at equal loss": "points of test error lost without it at equal training loss",
    "pace": "as many epochs with it",
}


def relu_against_tanh(claim, records):
    """Returns the finding for Figure 1's ratio of epochs, in every net that was run.

    Supported if the ratio of tanh to ReLU is within a third of the printed one, or, for
    “several times” (D02), that of every saturating neuron at least two. If a net was
    not trained to the target the ratio is a lower bound; it then decides only if more
    training could not change the verdict. Nets that disagree, and fewer seeds than the
    protocol's, decide nothing.
    """
    low, high = 2, math.inf
    if claim.values:
        low, high = (claim.values[0] * share for share in (2 / 3, 4 / 3))
    found, verdicts = [], set()
    for pace in curves.figure1(records):
        for kind in ["tanh"] if claim.values else pace.saturating:
            ratio, bound = pace.ratio(kind)
            if ratio is None:
                continue
            settled = not bound or ratio > high or (high == math.inf and ratio >= low)
            good = in_a_stand_in(low <= ratio <= high)
            verdicts.add(good if settled and enough(pace, kind) else INCONCLUSIVE)
            found.append((pace, kind, f"{'over ' if bound else ''}{ratio:.1f}"))
    if not found:
        return None
    decided = verdicts.pop() if len(verdicts) == 1 else INCONCLUSIVE
    note = "four-layer nets that stand in for an unspecified one; medians over seeds: "
    note += "; ".join(itertools.starmap(beside_relu, found))
    used = [one for pace, *_ in found for of in pace.records.values() for one in of]
    ours = ", ".join(words for *_, words in found)
    return Finding(f"{ours} times", decided, note, files(used))


def enough(pace, kind):
    """Returns whether ReLU and a kind have as many seeds as the protocol says."""
    seeds = experiments.get("figure1").seeds
    return all(len(pace.epochs[one]) >= seeds for one in ("relu", kind))


def beside_relu(pace, kind, ratio):
    """Returns in words the best rates of ReLU and a kind, and their seeds."""
    rates = (
        f"{pace.rates[one]:g} for {curves.KINDS[one]} (best of {len(pace.tried[one])}, "
        f"{len(pace.epochs[one])} seed{'s' if len(pace.epochs[one]) > 1 else ''})"
        for one in (kind, "relu")
    )
    return f"`{pace.net}` {ratio} times at rates {' and '.join(rates)}"


@dataclass(frozen=True)
class Footnote3:
    """Test errors {seed: %} of cuda-convnet's two nets.

    `without` are those of the second net without its normalization, and `alone` is
    their difference from `second`.
    """

    first: dict
    second: dict
    without: dict
    alone: hypotheses.Difference | None
    run: Record  # one of the second net

    @classmethod
    def read(cls, records):
        """Returns the errors from records, or None if either net has no run."""
        runs = hypotheses.runs(records, experiments.get("footnote3"))
        first, second, without = (
            hypotheses.measured(runs, arm, "ten views")
            for arm in ("13pct", "11pct", "11pct-no-lrn")
        )
        if not (first and second):
            return None
        alone = hypotheses.difference(second, without, paired=True)
        (run, *_) = runs["11pct"].values()
        return cls(first, second, without, alone, run["test", 10])


PUBLISHED = "footnote3-published"  # the experiment of the whole schedules
STEPS = {  # from the first net as published to the second: (arm without, arm with)
    "normalization": ("13pct", "13pct-lrn"),
    "the wider net and its decay": ("13pct-lrn", "11pct"),
    "longer training": ("11pct", "11pct-published"),
}
ROUNDING = 0.5  # points: the printed errors are whole


@dataclass(frozen=True)
class Schedules:
    """Footnote 3 by whole schedules.

    `ends` are the records of both nets as published, by ten views. `steps` are the
    points saved from the one to the other by each of `STEPS`, with the first seed; they
    add up to the whole. Their intervals are over images. `alone` is the decision on
    normalization in the second net, over seeds, or None.
    """

    ends: tuple[Record, Record]
    steps: dict
    alone: hypotheses.Decision | None
    records: tuple[str, ...]

    @classmethod
    def read(cls, records):
        """Returns it from records, or None if an arm has no run of its whole
        schedule."""
        experiment = experiments.get(PUBLISHED)
        arms = hypotheses.whole(records, experiment)
        first = {arm: {0: of_arm[0]} for arm, of_arm in arms.items() if 0 in of_arm}
        steps = {
            name: hypotheses.over_images(
                *(hypotheses.wrong(first, arm) for arm in reversed(pair))
            )
            for name, pair in STEPS.items()
        }
        if None in steps.values():
            return None
        ends = (first[arm][0]["test", 10] for arm in ("13pct", "11pct-published"))
        used = [
            one for of in arms.values() for run in of.values() for one in run.values()
        ]
        (alone, *_) = (*hypotheses.decide(experiment, used), None)
        return cls(tuple(ends), steps, alone, files(used))


def by_whole_schedules(claim, found):
    """Returns the finding for footnote 3 from a `Schedules`.

    Reproduced if each error, or its 95 % interval, is within the rounding of the
    printed one.
    """
    errors = [100 * one.metrics["top1_error"] for one in found.ends]
    good = True
    for record, printed in zip(found.ends, claim.values, strict=True):
        low, high = (100 * edge for edge in record.metrics["top1_error_interval"])
        good = good and low - ROUNDING <= printed <= high + ROUNDING
    epochs = " and ".join(str(one.protocol.epochs) for one in found.ends)
    saved = ", ".join(f"{name} {step.words}" for name, step in found.steps.items())
    last = (100 * one.history[-1]["top1_error"] for one in found.ends)
    note = (
        f"the whole schedules, {epochs} epochs, ten views; training error of the last "
        f"epoch {' and '.join(f'{error:.1f}' for error in last)} %; points saved by "
        f"{saved} (one seed, interval over images)"
    )
    if found.alone:
        alone = found.alone.plain
        note += (
            f"; by normalization in the second net {alone.words} ({alone.seeds} seeds, "
            f"{found.alone.gate_words})"
        )
    ours = f"{errors[0]:.1f} → {errors[1]:.1f} %"
    return Finding(ours, verdict(good), note, found.records)


def footnote_3(claim, records):
    """Returns the finding for footnote 3: errors of cuda-convnet's two nets.

    It is from the whole schedules, where they were run. A shorter training is
    reproduced if both errors are less than half a point above the printed ones, not
    reproduced, or inconclusive after fewer epochs than cuda-convnet's.
    """
    if whole := Schedules.read(records):
        return by_whole_schedules(claim, whole)
    found = Footnote3.read(records)
    if found is None:
        return None
    errors = [statistics.mean(of.values()) for of in (found.first, found.second)]
    good = all(
        ours < printed + 0.5 for ours, printed in zip(errors, claim.values, strict=True)
    )
    own = [variants.get(f"cifar-{n}pct").recipe.epochs for n in (13, 11)]
    epochs = found.run.protocol.epochs
    note = (
        f"{len(found.first)} seeds, {epochs} epochs of the {own[0]} and {own[1]} of "
        "cuda-convnet, ten views"
    )
    if found.alone:
        note += f"; the second without its normalization {found.alone.words} points"
    decided = verdict(good) if good or epochs >= max(own) else INCONCLUSIVE
    used = curves.of_experiment(records, "footnote3").values()
    ours = f"{errors[0]:.1f} → {errors[1]:.1f} %"
    return Finding(ours, decided, note, files(itertools.chain(*used)))


def nets_18_and_19(records):
    """Returns the test errors {seed: %} of cuda-convnet's 18 and 19 % nets, and the
    `Difference` of both.

    Only runs of the whole schedule count. The difference is the mean over the seeds
    that both nets have, with its interval over the test images, or None.
    """
    nets = {"18pct": {}, "19pct": {}}
    for name in ("net-18pct", "net-18pct-pair"):
        for arm, runs in hypotheses.whole(records, experiments.get(name)).items():
            nets["18pct" if arm == "published" else arm] |= runs
    both = set(nets["18pct"]) & set(nets["19pct"])
    same = {arm: {seed: runs[seed] for seed in both} for arm, runs in nets.items()}
    lost = hypotheses.over_images(*(hypotheses.wrong(same, arm, 1) for arm in nets))
    return *(hypotheses.measured(nets, arm, "test") for arm in nets), lost


def biases(claim, records):
    """Returns the finding for K06: do nets with biases of 1 leave the plateau sooner?

    It compares the median steps with those of smaller biases in two nets. All four of
    Mann-Whitney's exact tests must be significant after Holm's correction.
    """
    from scipy.stats import mannwhitneyu

    steps = curves.leaving(records, "biases")
    nets = {
        net: [steps.get(f"{net}-bias-{bias}", ()) for bias in ("1", "0.1", "0")]
        for net in ("paper-32", "paper")
    }
    if min(len(of_arm) for arms in nets.values() for of_arm in arms) < 1:
        return None
    medians = {
        net: [statistics.median(of_arm) for of_arm in arms]
        for net, arms in nets.items()
    }
    pairs = [(ones, other) for ones, *others in nets.values() for other in others]
    p_values, _ = hypotheses.holm(
        [float(mannwhitneyu(*pair, method="exact").pvalue) for pair in pairs]
    )
    clear = all(p < hypotheses.ALPHA for p in p_values)
    sooner = all(first < min(rest) for first, *rest in medians.values())
    later = all(first > max(rest) for first, *rest in medians.values())
    decided = SUPPORTED if sooner else CONTRADICTED if later else INCONCLUSIVE
    ours = "; ".join(
        f"{net} {' / '.join('never' if math.isinf(m) else f'{m:g}' for m in of_net)}"
        for net, of_net in medians.items()
    )
    note = (
        "median steps to leave ln(10) with biases of 1 / 0.1 / 0 on CIFAR-10; Holm's p "
        f"{', '.join(f'{p:.2g}' for p in p_values)}; "
        f"{min(len(a) for arms in nets.values() for a in arms)} of "
        f"{experiments.get('biases').seeds} seeds"
    )
    used = [
        record
        for of_arm in curves.of_experiment(records, "biases").values()
        for record in of_arm
    ]
    return Finding(ours, decided if clear else INCONCLUSIVE, note, files(used))


def averaging(claim, records):
    """Returns the finding for L05: the error saved by averaging `paper-32`'s seeds."""
    runs = hypotheses.runs(records, experiments.get(CHOICES))
    found = hypotheses.averaged(runs)
    if found is None:
        return None
    saved, together = found
    asked = experiments.get(CHOICES).seeds
    alone = together + saved.mean
    ours = f"{alone:.1f} → {together:.1f} %"
    note = (
        f"{saved.words} points lost by one net (interval over images), the paper "
        f"{PRINTED_AVERAGING:.1f}; {saved.seeds} of {asked} seeds of `paper-32` on "
        "CIFAR-10, ten views"
    )
    decided = BY_SIGN[saved.sign] if saved.seeds >= asked else INCONCLUSIVE
    used = [
        record
        for run in runs["base"].values()
        for record in run.values()
        if record.arrays.get("probabilities")
    ]
    return Finding(ours, decided, note, files(used))


def coloured(records):
    """Returns `paper-32`'s records, by seed, that have a colour selectivity."""
    runs = hypotheses.runs(records, experiments.get(CHOICES)).get("base", {})
    found = [run.get(("test", 1)) for _, run in sorted(runs.items())]
    return [one for one in found if one and one.metrics.get("colour")]


def every_run(claim, records):
    """Returns the finding for N04: do the towers' colours differ in every seed?

    The note has the upper end of the 95 % interval of the mean difference over seeds.
    """
    found = coloured(records)
    if len(found) < 2:
        return None
    means = [record.metrics["colour"]["means"] for record in found]
    apart = {seed: abs(b - a) for seed, (a, b) in enumerate(means)}
    none = dict.fromkeys(apart, 0.0)
    difference = hypotheses.difference(none, apart, paired=True)
    parted = sum(record.metrics["colour"]["p_value"] < PROBABLE for record in found)
    ours = f"{parted} of {len(found)} seeds (p < {PROBABLE})"
    note = (
        "`paper-32` on CIFAR-10; mean difference of the towers' colour selectivity "
        f"{difference.mean:.2f}, 95 % interval up to {difference.high:.2f}"
    )
    decided = in_a_stand_in(True) if parted == len(found) else INCONCLUSIVE
    return Finding(ours, decided, note, files(found))


READINGS = {
    "D01": relu_against_tanh,
    "D02": relu_against_tanh,
    "K06": biases,
    "L05": averaging,
    "N04": every_run,
    **dict.fromkeys(
        {
            id
            for experiment in experiments.EXPERIMENTS.values()
            for one in experiment.hypotheses
            for id in one.claims
        },
        in_a_small_net,
    ),
    "F03": footnote_3,
}


def how_many_part(found):
    """Returns in how many runs the towers' colours differ significantly, in words."""
    parted = sum(record.metrics["colour"]["p_value"] < PROBABLE for record in found)
    return f"in {parted} of {len(found)} seeds (p < {PROBABLE})"
