"""Figures of records and of runs, each with its table. `charts` draws them."""

import functools

from alexnet_paper.nets import variants
from alexnet_paper.report import charts
from alexnet_paper.report import runs
from alexnet_paper.results import curves
from alexnet_paper.results import experiments
from alexnet_paper.results import hypotheses
from alexnet_paper.verdicts import stand_ins

TARGET = 0.25  # training error, paper §3.1


def figure1(records):
    """(Figure 1, its table): ReLU against saturating neurons. None where records are
    missing."""
    paces = curves.figure1(records, TARGET)
    if not paces:
        return None
    data = paces[0].records["relu"][0].dataset
    words = ratios_in_words(paces)
    about = f"{words} Trained on {data}. Thin: single seeds."
    made = charts.training_error(paces, TARGET, about)
    return made, [runs.epochs_section(paces, words, TARGET)]


def effects(records, name=stand_ins.CHOICES):
    """(the effects of an experiment's arms on test and training error, their tables).
    None where records are missing."""
    decisions = removals(records, name)
    if not decisions:
        return None
    about = (
        "Intervals over seeds at the level of Holm's correction, coloured if they "
        "exclude 0; hollow: gate not passed; diamond: the paper's number."
    )
    return charts.effects(decisions, about), effects_sections(records, name)


def removals(records, name):
    """Returns an experiment's decisions on what an arm lacks that its base has."""
    return [
        one
        for one in stand_ins.decisions(records, name)
        if one.hypothesis.base != one.hypothesis.without
    ]


def effects_sections(records, name=stand_ins.CHOICES):
    """Returns the tables of an experiment's arms and effects, or [] without records."""
    experiment, decisions = experiments.get(name), removals(records, name)
    if not decisions:
        return []
    return [
        runs.effects_section(decisions, experiment),
        runs.arms_section(experiment, hypotheses.runs(records, experiment)),
    ]


def biases(records):
    """(steps until nets with several initial biases leave the plateau, their table).
    None where records are missing."""
    if not curves.of_experiment(records, "biases"):
        return None
    steps = curves.leaving(records, "biases")
    most = max(run for *_, run, _ in curves.started(records, "biases").values())
    made = charts.leaving(steps, most, "A dot a seed; the line is the median.")
    return made, [starts_section("biases", records)]


def snapshots(records):
    """(the snapshots of Caffe's full net beside our 18 % net, their table). None where
    records are missing."""
    own, taken = curves.longest(records, "cifar-18pct"), curves.snapshots(records)
    if own is None or not own.history or "test" not in taken:
        return None
    points = {
        split: [(epoch, *error_of(one)) for epoch, one in of_split.items()]
        for split, of_split in taken.items()
    }
    tested = own.protocol.epochs, *error_of(own)
    drops = variants.get("cifar-full").recipe.drops
    about = (
        "CIFAR-10. Here: cuda-convnet's 18 % net, trained by this package; its "
        "training error is the mean over the epoch's steps, and its first epochs lie "
        "above the figure. Snapshots: Caffe's “full” net, trained by others and "
        "measured here. Bars: 95 % intervals over images; the last two are drawn side "
        "by side. Dotted: the rate is divided by ten."
    )
    made = charts.snapshots(own.history, tested, points, drops, about)
    return made, [runs.snapshots_section(taken)]


def error_of(record):
    """(top-1 error, its interval) of a record."""
    return record.metrics["top1_error"], record.metrics["top1_error_interval"]


OF_RECORDS = {
    "figure1": figure1,
    **{
        name: functools.partial(effects, name=name)
        for name, one in experiments.EXPERIMENTS.items()
        if one.hypotheses
    },
    "biases": biases,
    "snapshots": snapshots,
}
MAKES = {  # records that no experiment makes
    "snapshots": "python -m reproduce.evaluate --weights FILE --split test "
    "--data cifar10"
}


def of_experiment(name, records):
    """(the figure of an experiment's records, its table). Raises ValueError, naming the
    command that makes the records, where they are missing."""
    found = OF_RECORDS[name](records)
    if found is None:
        command = MAKES.get(name, f"python -m reproduce.experiment {name}")
        raise ValueError(
            f"records of {name} are missing: {command} --data-dir DIR makes them."
        )
    return found


def learning_curves(folder):
    """(loss and accuracy by epoch, their table) of a run's log."""
    from alexnet_paper.training import run as run_folder
    from alexnet_paper.training.plan import read_plan

    plan = read_plan(folder)[0]
    history = run_folder.history(folder)
    about = f"{plan.variant} on {plan.data}, seed {plan.seed} ({folder})."
    layers = variants.get(plan.variant).architecture.layers
    made = charts.curves(history, about, layers)
    return made, [runs.curves_section(history, about)]


def confusion(folder, split):
    """(the confusion matrix of a run on a split of its data, the table by class)."""
    from alexnet_paper.results import evaluate as evaluation

    opened = evaluation.open_runs([folder])
    (net,), dataset = opened.nets, opened.dataset
    held = dataset.split(split or dataset.held_out)
    probabilities = net.predict(held.images)
    wrong = evaluation.top_k_error(probabilities, held.labels, 1)
    about = f"{net.name}: {len(held):,} images of {dataset.name}, "
    about += f"{100 * wrong:.1f} % wrong."
    made = charts.confusion(
        held.labels, probabilities.argmax(axis=1), dataset.class_names, about
    )
    report = evaluation.class_report(probabilities, held.labels, dataset.class_names)
    return made, [runs.class_section(report)]


def starts_section(name, records):
    """Returns the table of an experiment on whether nets leave the first plateau."""
    started = curves.started(records, name)
    return runs.start_section(experiments.EXPERIMENTS[name], started)


def ratios_in_words(paces):
    said = []
    for pace in paces:
        for kind in pace.saturating:
            ratio, bound = pace.ratio(kind)
            more = "more than " if bound else ""
            if ratio is None:
                said.append("no ratio, for ReLU did not reach the error")
            else:
                said.append(f"{curves.KINDS[kind]} {more}{ratio:.1f} times")
    return f"As many epochs as with ReLU: {', '.join(said)}; the paper says six."
