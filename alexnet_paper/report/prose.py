"""Paragraphs on the records, one for each subject; every number is from a record."""

import math
import statistics

from alexnet_paper.nets import variants
from alexnet_paper.results import curves
from alexnet_paper.results import experiments
from alexnet_paper.results import hypotheses
from alexnet_paper.verdicts import recorded
from alexnet_paper.verdicts import stand_ins


def on_figure_1(records):
    """Returns the epochs of every seed, the rates tried, and the nets used."""
    paces = [one for one in curves.figure1(records) if one.ratio()[0] is not None]
    if not paces:
        return ""
    said = (
        "The paper's four-layer net needs six times as many epochs with tanh as with "
        "ReLU to a training error of 25 %, and is not specified further. Here "
        "cuda-convnet's 18 % net stands in, without normalization and decay"
    )
    said += ", and a second net beside it. " if len(paces) > 1 else ". "
    return said + " ".join(map(on_a_pace, paces))


def on_a_pace(pace):
    """Returns the epochs of every seed of one net, and the rates that were tried."""
    epochs = "; ".join(
        f"{curves.KINDS[kind]} "
        + ", ".join("never" if math.isinf(n) else f"{n:.1f}" for n in counts)
        for kind, counts in pace.epochs.items()
    )
    ratios = (pace.ratio(kind) for kind in pace.saturating)
    apart = " and ".join(f"{'over ' if bound else ''}{r:.1f}" for r, bound in ratios)
    tried = "; ".join(
        f"{curves.KINDS[kind]} "
        + ", ".join(f"{rate:g} ({100 * error:.1f})" for rate, error in rates.items())
        for kind, rates in pace.tried.items()
    )
    return (
        f"`{pace.net}`: epochs, seed by seed: {epochs}; the medians are {apart} times "
        "ReLU's. Rates, and the training error in % that the first seed had after as "
        f"many epochs as every rate was tried: {tried}."
    )


def on_the_18_percent_net(records):
    """Returns the net's test error beside its authors', and its schedule."""
    record = curves.longest(records, "cifar-18pct")
    if record is None:
        return ""
    low, high = (100 * edge for edge in record.metrics["top1_error_interval"])
    own, epochs = variants.get("cifar-18pct").recipe.epochs, record.protocol.epochs
    text = (
        "The authors of cuda-convnet's 18 % net say 18 % test error after "
        f"{own} epochs. Here "
        f"{100 * record.metrics['top1_error']:.2f} % [{low:.2f}, {high:.2f}] after "
        f"{epochs} epochs of {record.protocol.training_images:,} images, "
        f"{falls(record.history)}"
    )
    if epochs < own:
        return (
            f"{text}. `python -m reproduce.experiment net-18pct --data-dir DIR` runs "
            "the whole schedule."
        )
    trained = 100 * record.history[-1]["top1_error"]
    text += f"; training error in the last epoch {trained:.1f} %."
    first, second, lost = stand_ins.nets_18_and_19(records)
    if len(first) > 1:
        text += f" Seed by seed: {by_seed(first)} %."
    if second:
        text += (
            " Their 19 % net, without normalization and with three times the decay in "
            f"fc10: {by_seed(second)} %"
        )
        text += f", {lost.words} points more (interval over images)." if lost else "."
    return text


def by_seed(values):
    """Returns {seed: value} in words: "18.25, 18.10"."""
    return ", ".join(f"{values[seed]:.2f}" for seed in sorted(values))


def on_snapshots(records):
    """Returns the errors of the snapshots of Caffe's full net, in order."""
    taken = curves.snapshots(records)
    if "test" not in taken:
        return ""
    tested, trained = (
        {epoch: 100 * one.metrics["top1_error"] for epoch, one in of_split.items()}
        for of_split in (taken["test"], taken.get("train", {}))
    )
    end = max(tested)
    text = (
        "Caffe's “full” net is the 18 % net, trained with batches of 100. "
        f"Others kept {len(tested)} snapshots of one training. Imported and measured "
        f"here, they err on {', '.join(f'{error:.2f}' for error in tested.values())} % "
        f"of the test images, after {', '.join(f'{n:g}' for n in tested)} epochs"
    )
    if end in trained:
        text += f"; the last one on {trained[end]:.2f} % of the training images"
    return f"{text}."


def falls(history):
    """Returns when a rate fell: "the rate divided by ten after epochs 16 and 18"."""
    lines = list(zip(history, history[1:], strict=False))
    found = [
        (before["epoch"], round(before["rate"] / after["rate"]))
        for before, after in lines
        if after["rate"] < before["rate"]
    ]
    if not found:
        return "the rate constant"
    by = {10: "ten"}.get(found[0][1], found[0][1])
    epochs = "epochs" if len(found) > 1 else "epoch"
    after = " and ".join(str(epoch) for epoch, _ in found)
    return f"the rate divided by {by} after {epochs} {after}"


def on_footnote_3(records):
    """Returns the errors of two nets, and of the second without its normalization."""
    if whole := stand_ins.Schedules.read(records):
        return on_whole_schedules(whole)
    found = stand_ins.Footnote3.read(records)
    if found is None or found.alone is None:
        return ""
    first, second, without = (
        f"{statistics.mean(of.values()):.1f} %"
        for of in (found.first, found.second, found.without)
    )
    about, own = found.run.protocol, variants.get("cifar-11pct").recipe.epochs
    return (
        "The paper says that response normalization took a net on CIFAR-10 from 13 to "
        "11 % test error; cuda-convnet's two nets differ in more than that. After "
        f"{about.epochs} epochs of {about.training_images:,} images, "
        f"{falls(found.run.history)} (cuda-convnet: up to {own} epochs), their test "
        f"errors are {first} and {second} (ten views, mean of {len(found.second)} "
        f"seeds). Without its normalization the second one has {without}: "
        f"{found.alone.words} points more, which is "
        f"{'significant' if found.alone.sign else 'not significant'} (p = "
        f"{found.alone.p:.2g})."
    )


def on_whole_schedules(found):
    """Returns the steps from the first net of footnote 3 to the second."""
    first, second = (
        f"{100 * one.metrics['top1_error']:.2f} % after {one.protocol.epochs} epochs "
        f"({falls(one.history)})"
        for one in found.ends
    )
    saved = "; ".join(f"{name} {step.words}" for name, step in found.steps.items())
    text = (
        "The paper says that response normalization took a net on CIFAR-10 from 13 to "
        "11 % test error; cuda-convnet's two nets differ in more than that. By their "
        f"published schedules, on all 50,000 training images, their test errors are "
        f"{first} and {second}, by ten views. Points saved from the one to the other: "
        f"{saved} (one seed, intervals over images)."
    )
    if found.alone:
        alone, gate = found.alone.plain, found.alone.gate_words
        text += (
            f" In the second net, over {alone.seeds} seeds of 160 epochs, "
            f"normalization saves {alone.words}; {gate}."
        )
    return text


def on_small_nets(records):
    """Returns the protocol and the errors of the base."""
    runs = hypotheses.runs(records, experiments.get(stand_ins.CHOICES)).get("base")
    if not runs:
        return ""
    experiment = experiments.get(stand_ins.CHOICES)
    errors = [
        [hypotheses.error(run, *where) for run in runs.values()]
        for where in (("test", 1), ("test", 10), ("train", 1))
    ]
    if None in sum(errors, []):
        return ""
    tested, ten, trained = map(statistics.mean, errors)
    (first, *_) = runs.values()
    return (
        f"{experiment.protocol}. Seeds so far: {len(runs)} of {experiment.seeds}. The "
        f"base errs on {tested:.1f} % of the test images by one view, {ten:.1f} % by "
        f"ten, and on {trained:.1f} % of those it was trained on, "
        f"{falls(hypotheses.history(first))}. A verdict holds for this net with this "
        f"training, not for the paper's. {experiment.decided} {experiment.visible}"
        + "".join(
            f" {in_words}"
            for in_words in map(on_a_control, hypotheses.controls(experiment, records))
        )
    )


def on_a_control(found):
    """Returns in words whether two arms agree that should."""
    control, own, train = found
    agree = "agree: their" if own.sign == train.sign == 0 else "differ: not both"
    return (
        f"Control: the arms `{control.base}` and `{control.without}` {agree} "
        f"differences ({control.measure} {own.words}, training error {train.words}; "
        f"points, {own.seeds} seeds, Welch's 95 % intervals) contain 0."
    )


def on_towers(records):
    """Returns the colour selectivity of the two towers for every seed."""
    found = stand_ins.coloured(records)
    if not found:
        return ""
    return (
        "The authors saw one tower's first kernels become colour-agnostic and the "
        "other's colour-specific in every run. Mean colour selectivity of the two "
        f"towers of `paper-32`, seed by seed, {seed_by_seed(found)}."
    )


def seed_by_seed(found):
    """Returns the towers' mean selectivities in runs of one protocol."""
    one = found[0].protocol
    seeds = ", ".join(
        "{:.2f} and {:.2f} (p = {:.2g})".format(
            *record.metrics["colour"]["means"], record.metrics["colour"]["p_value"]
        )
        for record in found
    )
    return (
        f"after {one.epochs} epochs of {one.training_images:,} images: {seeds}; the "
        f"difference is significant {stand_ins.how_many_part(found)}"
    )


def on_biases(records):
    """Steps until every start has left the plateau, arm by arm and seed by seed."""
    steps = curves.leaving(records, "biases")
    if not steps:
        return ""
    never = {math.inf: "never"}
    seeds = {
        arm: ", ".join(never.get(count, f"{count:g}") for count in of)
        for arm, of in steps.items()
    }
    arms = "; ".join(f"{arm} {told}" for arm, told in seeds.items())
    return (
        "The paper says that biases of 1 accelerate the early stages of learning. "
        "Steps of 128 images until the training loss of CIFAR-10 is below 0.9 ln(10), "
        f"every seed: {arms}. {experiments.get('biases').decided}"
    )


def on_compute(records):
    spent = curves.hours(records)
    if not spent:
        return ""
    each = ", ".join(f"{name} {hours:.1f}" for name, hours in spent.items())
    return (
        f"All experiments together: {sum(spent.values()):.1f} hours of training, by "
        f"the runs' own logs: {each}. They ran on two cores, mostly two at a time."
    )


def on_cifar10(records):
    """Returns the test accuracy of both recipes beside the article's 64.8 %."""
    said = []
    for recipe in ("as-published", "as-intended"):
        record = recorded.of_article("bn-cifar10", records, recipe)
        if record is None:
            continue
        history = record.history
        rates = [line["rate"] for line in history]
        low, high = record.metrics["top1_error_interval"]
        seconds = statistics.median(line["seconds"] for line in history)
        text = (
            f"{recipe}: {100 - 100 * record.metrics['top1_error']:.1f} % of the test "
            f"images right [{100 - 100 * high:.1f}, {100 - 100 * low:.1f}] after "
            f"{len(history)} of {recorded.trained_for(record)[1]} epochs of about "
            f"{seconds:.0f} seconds"
        )
        fall = next((n for n in range(1, len(rates)) if rates[n] < rates[0]), None)
        if fall is None:
            text += "; the rate never falls"
        elif all("val_top1_error" in line for line in history):
            before, after = (1 - history[n]["val_top1_error"] for n in (fall - 1, fall))
            text += (
                f"; the rate falls after epoch {fall}, and validation accuracy goes "
                f"from {100 * before:.1f} to {100 * after:.1f} % in one epoch"
            )
        said.append(text)
    if not said:
        return ""
    return (
        "The article reports 64.8 % of the test images right. "
        f"{'. '.join(said)}. Its annealer watches `val_acc` while its metric is called "
        "`accuracy`: Keras only warns, and as published the rate stays at 0.001. As "
        "intended it falls once, to 0.00001, its minimum."
    )


def on_cats_and_dogs(records):
    """Explains why the article's loss stays at 8."""
    record = recorded.of_article("cats-vs-dogs", records)
    if record is None:
        return ""
    ratios = [line["loss"] / line["top1_error"] for line in record.history[1:]]
    losses = recorded.series(record.history, "loss")
    text = (
        f"As published the loss stays at {statistics.mean(losses[1:]):.2f} (the "
        "article's log: 8.00 on average) and every photograph is called the same. "
        "Pixels of 0 to 255 and Adam's first steps at 0.001 drive the two outputs so "
        "far apart that the softmax is exactly 0 or 1. Old Keras clips probabilities "
        f"at 1e-7, so that each wrong image costs −ln(1e-7) = {recorded.SATURATED:.3f} "
        "and, being clipped, has no gradient: with half of them wrong the loss is "
        f"{recorded.SATURATED / 2:.2f}. Here loss "
        f"over error is between {min(ratios):.3f} and {max(ratios):.3f} in every epoch "
        "after the first."
    )
    fixed = recorded.of_article("cats-vs-dogs", records, "as-fixed")
    if fixed:
        right = 1 - fixed.metrics["top1_error"]
        low, high = fixed.metrics["top1_error_interval"]
        text += (
            " With the mean colour subtracted, a rate of 0.0001 and the loss taken "
            f"from the logits (`--recipe as-fixed`), the same {len(fixed.history)} "
            f"epochs of ten steps train: {100 * right:.1f} % of the test photographs "
            f"right [{100 - 100 * high:.1f}, {100 - 100 * low:.1f}]."
        )
    return text


def on_flowers(records):
    """Returns the net's accuracy, its cost and its generalization gap."""
    record = recorded.of_flowers(records)
    if record is None:
        return ""
    history = record.history
    seconds = statistics.median(line["seconds"] for line in history)
    trained, tested = history[-1]["top1_error"], record.metrics["top1_error"]
    return (
        "The article says that 250 epochs took about ten hours (144 seconds each) on a "
        "laptop and that accuracy was “not great”, for want of more than 80 images a "
        f"class. Here {len(history)} epochs of {record.protocol.training_images:,} "
        f"photographs, about {seconds:.0f} seconds each on two busy cores: "
        f"{100 - 100 * trained:.1f} % of the training photographs right, "
        f"{100 - 100 * tested:.1f} % of the {record.examples} test photographs. The "
        f"generalization gap is {100 * (tested - trained):.0f} points."
    )


EXPLANATIONS = {
    "Figure 1": on_figure_1,
    "The 18 % net": on_the_18_percent_net,
    "Caffe's net": on_snapshots,
    "Footnote 3": on_footnote_3,
    "Small nets": on_small_nets,
    "Biases": on_biases,
    "Two towers": on_towers,
    "Compute": on_compute,
    "bn-cifar10": on_cifar10,
    "cats-vs-dogs": on_cats_and_dogs,
    "bn-flowers17": on_flowers,
}
