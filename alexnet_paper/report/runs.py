"""Results of runs as sections: errors, predictions, features, experiments and
comparisons."""

import math
import statistics

from alexnet_paper.nets import specs
from alexnet_paper.nets import variants
from alexnet_paper.report.nets import megabytes
from alexnet_paper.report.writers import Section
from alexnet_paper.results import curves
from alexnet_paper.results import hypotheses
from alexnet_paper.verdicts.finding import BY_SIGN


def records_section(records, variant="this variant"):
    """Returns every record of a variant, with its protocol."""
    rows = tuple(
        (
            record.dataset,
            f"{record.split}, {record.examples:,}",
            protocol(record, *asked(record)),
            record.protocol.ended or percent(record.metrics, "top1_error"),
            percent(record.metrics, "top5_error"),
            record.environment.get("commit", "unknown"),
            " && ".join(dict.fromkeys([*record.protocol.trained, record.command])),
        )
        for record in records
    )
    note = "Errors in %, with a 95 % interval over images."
    if len(records) == 1:
        note += f" Images: {shown(records[0])}."
    return Section(
        f"Measured runs of {variant}",
        ("data", "split, images", "protocol", "top-1", "top-5", "commit", "command"),
        rows,
        note,
    )


def shown(record):
    """Returns in words how a record's images were prepared and its classes numbered."""
    about = record.protocol
    return (
        f"{about.image or 'as they are'}; mean subtracted: {about.mean or 'unknown'}; "
        f"labels: {about.labels or 'unknown'}"
    )


def asked(record):
    """Returns the protocol's fields to show; `recipe` unless it is the variant's."""
    if record.protocol.weights:
        return "classes", "views", "weights"
    keys = "classes", "views", "epochs", "seed"
    return keys if record.published else ("recipe", *keys)


def class_section(report):
    """Returns precision, recall and F1 of every class."""
    rows = tuple(
        (
            name,
            *(f"{100 * row[key]:.1f}" for key in ("precision", "recall", "f1-score")),
            f"{row['support']:.0f}",
        )
        for name, row in report.items()
    )
    columns = ("class", "precision, %", "recall, %", "F1, %", "images")
    return Section("Class by class", columns, rows)


def predictions_section(names, labelled, about):
    """Returns the most probable labels of photographs.

    `labelled` has for each of the `names` a list of (label, probability), the most
    probable first.
    """
    rows = tuple(
        (name, str(rank), label, f"{100 * probability:.1f}")
        for name, labels in zip(names, labelled, strict=True)
        for rank, (label, probability) in enumerate(labels, 1)
    )
    columns = ("photograph", "rank", "label", "probability, %")
    return Section("Most probable labels", columns, rows, about)


def kernels_section(means, difference, part, about):
    """Returns the first layer's colour selectivity.

    `means` has one value for each part, `difference` is a `colour.TowerDifference`.
    """
    letters = "ab" if len(means) > 1 else [""]
    rows = [
        (f"mean, {part} {letter}" if letter else "mean", f"{mean:.3f}")
        for letter, mean in zip(letters, means, strict=True)
    ]
    if difference:
        rows += [
            ("difference of the means", f"{difference.difference:.3f}"),
            ("p, two-sided permutation test", f"{difference.p_value:.2g}"),
            ("permutations", f"{difference.permutations:,}"),
        ]
    title = "Colour selectivity of the first layer's kernels"
    return Section(title, ("what", "value"), tuple(rows), about)


def retrieval_section(found, class_names, k, about):
    """Returns the precision of the k nearest images for each class, beside chance."""
    rows = [
        (
            class_names[label],
            f"{found.counts[label]:,}",
            f"{100 * found.precision[label]:.1f}",
            f"{100 * found.chance[label]:.1f}",
        )
        for label in found.counts
    ]
    every = f"{sum(found.counts.values()):,}"
    overall = (f"{100 * found.overall:.1f}", f"{100 * found.overall_chance:.1f}")
    rows.append(("all", every, *overall))
    columns = ("class", "queries", f"precision@{k}, %", "chance, %")
    return Section(f"The {k} nearest training images", columns, tuple(rows), about)


def epochs_section(paces, ratios, error):
    """Returns the epochs to a training error of each net with each kind of neuron.

    `paces` are `curves.Pace`s, `ratios` is the note.
    """
    rows = tuple(
        (
            pace.net,
            curves.KINDS[kind],
            f"{pace.rates[kind]:g}",
            str(len(found)),
            ", ".join("not reached" if math.isinf(n) else f"{n:.3g}" for n in found),
        )
        for pace in paces
        for kind, found in pace.epochs.items()
    )
    columns = ("net", "neurons", "rate", "seeds", "epochs, seed by seed")
    return Section(
        f"Epochs to {100 * error:.0f} % training error", columns, rows, ratios
    )


def snapshots_section(taken):
    """Returns the errors of a run's snapshots; `taken` is from `curves.snapshots`."""
    trained = taken.get("train", {})
    rows = tuple(
        (
            f"{epoch:g}",
            f"{round(one.metrics['top1_error'] * one.examples):,} of {one.examples:,}",
            percent(one.metrics, "top1_error"),
            percent(trained[epoch].metrics, "top1_error") if epoch in trained else "–",
            f"{one.metrics['loss']:.3f}",
        )
        for epoch, one in taken["test"].items()
    )
    columns = ("epoch", "wrong", "test error", "training error", "test loss")
    note = "Errors in %, with a 95 % interval over images."
    return Section("Snapshots of Caffe's full net", columns, rows, note)


def curves_section(history, about):
    """Returns the last and the best epoch of a run's log."""
    keys = ("loss", "top1_error", "val_loss", "val_top1_error")
    best = min(history, key=lambda line: line.get("val_top1_error", line["top1_error"]))
    rows = tuple(
        (
            name,
            str(line["epoch"]),
            *(
                "–"
                if key not in line
                else f"{100 * (1 - line[key]):.1f}"
                if "error" in key
                else f"{line[key]:.3f}"
                for key in keys
            ),
        )
        for name, line in (("last", history[-1]), ("best", best))
    )
    columns = (
        "which",
        "epoch",
        "training loss",
        "training accuracy, %",
        "validation loss",
        "validation accuracy, %",
    )
    return Section("Loss and accuracy", columns, rows, about)


def protocol(record, *names):
    about = {**vars(record.protocol), "recipe": record.recipe}
    values = [about[name] for name in names]
    words = (" + ".join(v) if isinstance(v, list) else v for v in values)
    return ", ".join(f"{n} {word}" for n, word in zip(names, words, strict=True))


def percent(metrics, name):
    if name not in metrics:
        return "not measured"
    low, high = metrics.get(f"{name}_interval", (None, None))
    interval = f" [{100 * low:.2f}, {100 * high:.2f}]" if low is not None else ""
    return f"{100 * metrics[name]:.2f}{interval}"


def arms_section(experiment, arms):
    """Returns the mean errors of every arm of an experiment that has run.

    `arms` are from `hypotheses.runs`.
    """
    measured = dict.fromkeys(
        (where, views) for where, views in experiment.measured if where in SHOWN
    )
    rows = tuple(
        (
            arm,
            f"{len(arms[arm])} of {own.get('seeds', experiment.seeds)}",
            *(mean_error(arms[arm].values(), *where) for where in measured),
        )
        for arm, own in experiment.arms.items()
        if arm in arms
    )
    columns = [
        f"{where} error, %, {views} view{'s' if views > 1 else ''}"
        for where, views in measured
    ]
    note = "Means over seeds, with a 95 % interval of the mean (Student's t)."
    return Section(f"Arms of {experiment.name}", ("arm", "seeds", *columns), rows, note)


SHOWN = ("test", "train")  # splits


def mean_error(of_arm, split, views):
    """Returns "12.3 [11.9, 12.7]" for the runs of an arm."""
    values = [hypotheses.error(run, split, views) for run in of_arm]
    values = dict(enumerate(value for value in values if value is not None))
    if len(values) < 2:
        return f"{values[0]:.2f}" if values else "–"
    found = hypotheses.difference(dict.fromkeys(values, 0.0), values, paired=True)
    return f"{found.mean:.2f} [{found.low:.2f}, {found.high:.2f}]"


def effects_section(decisions, experiment):
    """Returns the effect of each removal on test and training error, with intervals.

    `decisions` are from `hypotheses.decide`. What a hypothesis is about has a column of
    its own if that is not always the test error.
    """
    tested = "ten views" if experiment.measured[0][1] > 1 else "test"
    others = any(one.hypothesis.measure != tested for one in decisions)
    rows = tuple(
        (
            one.hypothesis.label,
            printed_effect(one.hypothesis),
            *([of_its_own(one, tested)] if others else ()),
            one.test.words if one.test else "–",
            one.train.words if one.train else "–",
            f"{one.p:.2g}",
            verdict_and_gate(one),
        )
        for one in decisions
    )
    columns = (
        "arm",
        "printed",
        *(["measure"] if others else ()),
        "test error",
        "training error",
        "p",
        "verdict",
    )
    seeds = " or ".join(map(str, sorted({one.plain.seeds for one in decisions})))
    note = (
        f"Points of error lost without it, over {seeds} seeds. Test error is over "
        f"{'ten views' if tested == 'ten views' else 'one view'}, training error over "
        "one. Intervals and p are by Holm's correction; p and verdict are of the "
        f"{'measure' if others else 'test error'}."
    )
    if others:
        note += " gap: test − training error; pace: epochs to a test error, as a ratio."
    return Section(f"Effects in {experiment.name}", columns, rows, note)


def of_its_own(decision, tested):
    """Returns "gap +0.74 [-0.72, +2.19]", or "test error", which has a column."""
    measure = decision.hypothesis.measure
    if measure == tested:
        return "test error"
    return f"{measure} {decision.words}"


def printed_effect(hypothesis):
    """Returns the printed effect, or "–"."""
    return "–" if hypothesis.printed is None else f"{hypothesis.printed:g}"


def verdict_and_gate(decision):
    """Returns "inconclusive (gate: the interval is too wide)"."""
    told = BY_SIGN[decision.sign]
    return f"{told} ({decision.gate_words})" if decision.gate else told


def comparison_sections(title, rows, accuracy, commands, note):
    """Returns variants side by side, and the commands for missing runs.

    `rows` are `compare.Row`s; `commands` is {variant: command for its missing seeds}.
    """
    share = f"{100 * accuracy:g} %"
    compared = tuple(
        (
            row.variant,
            "×".join(map(str, row.input_shape)),
            f"{row.parameters:,}",
            f"{row.macs:,}",
            megabytes(row.memory),
            per_second(row.forward),
            per_second(row.train),
            error_cell(row),
            *reached_cells(row, accuracy),
        )
        for row in rows
    )
    columns = (
        "variant",
        "input",
        "parameters",
        "multiply-adds",
        "memory",
        "forward, images/s",
        "train, images/s",
        "top-1 error, %",
        f"epochs to {share}",
        f"time to {share}",
    )
    sections = [Section(title, columns, compared, note)]
    if commands:
        sections.append(
            Section(
                "Variants that were not run, and their commands",
                ("variant", "command"),
                tuple(commands.items()),
            )
        )
    return sections


def nets_section(records, batch_size=32):
    """Returns every net with its sizes, and its error and speed if a record has them.

    The record is of its longest training, or of the last snapshot of Caffe's.
    """
    rows = []
    for name, variant in variants.VARIANTS.items():
        net = variant.architecture
        totals, held = specs.totals(net), specs.memory(net)
        one = tested(records, name)
        rows.append(
            (
                name,
                "×".join(map(str, net.input_shape)),
                f"{totals.parameters:,}",
                f"{totals.macs:,}",
                megabytes(sum(part.training(batch_size) for part in held.values())),
                percent(one.metrics, "top1_error") if one else "–",
                trained_on(one) if one else "–",
                per_second(images_per_second(one)) if timed(one) else "–",
            )
        )
    columns = ("net", "input", "parameters", "multiply-adds", "memory to train")
    columns += ("test error, %", "on", "images/s")
    note = (
        f"Memory: float32, batches of {batch_size}. Test error: top-1, one view, with "
        "a 95 % interval over images. Images/s: of the same run's training, on cores "
        "that it may have shared with others; do not compare them closely."
    )
    return Section("Nets side by side", columns, tuple(rows), note)


def tested(records, name):
    """Returns a variant's test record to show beside other nets, or None."""
    own = [
        one
        for one in records
        if one.variant == name and one.protocol.views == 1 and one.metrics
        if not curves.short_epochs(one)
    ]
    own.sort(key=lambda one: not one.published)
    if taken := curves.snapshots(own, name).get("test"):
        return [*taken.values()][-1]
    return curves.longest([one for one in own if one.history], name)


def trained_on(record):
    epochs = f"{curves.epochs_of(record)} epochs" if record.history else "imported"
    recipe = "" if record.published else f", {record.recipe}"
    return f"{record.dataset}, {epochs}{recipe}"


def timed(record):
    return bool(record and record.history and record.protocol.training_images)


def images_per_second(record):
    seconds = statistics.median(line["seconds"] for line in record.history)
    return record.protocol.training_images / max(seconds, 1e-9)


def per_second(speed):
    return f"{speed:,.0f}" if speed >= 10 else f"{speed:.1f}"


def error_cell(row):
    if row.error is None:
        return row.ended or "not run: add --run"
    error, low, high = (100 * value for value in row.error)
    count = len(row.measured)
    seeds = "" if row.seeds == 1 else f", {count} of {row.seeds} seeds"
    ended = f", {row.ended}" if row.ended else ""
    return f"{error:.1f} [{low:.1f}, {high:.1f}]{seeds}{ended}"


def reached_cells(row, accuracy):
    """Returns the cells for the epochs and the time to an accuracy."""
    if not row.records:
        return ("not run: add --run",) * 2
    count, epochs, seconds = row.reached(accuracy)
    if not count:
        longest = max(len(record.history) for record in row.records)
        return (f"not in {longest}",) * 2
    seeds = "" if row.seeds == 1 else f" ({count} of {len(row.records)} seeds)"
    return f"{epochs:g}{seeds}", f"{duration(seconds)}{seeds}"


def duration(seconds):
    """Returns "38 s", "4.2 min" or "1.5 h"."""
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def experiments_sections(experiments):
    """Returns the protocol of each experiment."""
    return [
        Section(
            f"{one.name}: {one.question}",
            ("what", "how"),
            tuple(
                (what, text)
                for what, text in (
                    ("claims", ", ".join(one.claims)),
                    ("expected", one.expected),
                    ("runs", f"{seeds_in_words(one)}: {one.protocol}"),
                    ("decided by", one.decided),
                    ("gate", gate_in_words(one.gate)),
                    ("visible", one.visible),
                    ("cost", one.cost),
                )
                if text
            ),
        )
        for one in experiments
    ]


def seeds_in_words(experiment):
    """Returns "16 arms × 5 seeds (float32 3)"."""
    arms = experiment.arms.items()
    own = [f"{arm} {of_arm['seeds']}" for arm, of_arm in arms if "seeds" in of_arm]
    count = f"{len(experiment.arms)} arm{'s' if len(experiment.arms) > 1 else ''}"
    seeds = f"{experiment.seeds} seed{'s' if experiment.seeds > 1 else ''}"
    return f"{count} × {seeds}" + (f" ({', '.join(own)})" if own else "")


def gate_in_words(gate):
    """Returns the conditions of a gate in words."""
    if gate is None:
        return ""
    return (
        f"training error falls by less than {gate.levelled:g} points an epoch "
        "before each drop of the rate; at the end it is at most "
        f"{gate.fitted:g} of the test error and of what it was at the first drop; the "
        "interval's half-width is at most half of the printed effect, or less than "
        "half of the measured effect."
    )


def features_sections(records):
    """Returns the features' metrics for each arm, and the first layers' colours."""
    one, rows = records[0], []
    for record in records:
        metrics, protocol = record.metrics, record.protocol
        if "probe_accuracy" not in metrics:
            continue
        low, high = (100 * edge for edge in metrics["probe_accuracy_interval"])
        rows.append(
            (
                protocol.arm.replace("-", " "),
                protocol.layer,
                f"{100 * metrics['probe_accuracy']:.1f} [{low:.1f}, {high:.1f}]",
                f"{100 * metrics['precision_at_6']:.1f}",
                f"{100 * metrics['precision_at_6_by_angle']:.1f}",
                f"{100 * metrics['chance']:.1f}",
                f"{protocol.training_images:,} / {record.examples:,}",
            )
        )
    features = Section(
        f"Features of {one.protocol.weights} on {one.dataset}, {one.split}",
        (
            "features",
            "layer",
            "linear probe",
            "precision@6",
            "by angle",
            "chance",
            "images",
        ),
        tuple(rows),
        f"In %, {one.protocol.classes} classes, with a 95 % interval; images: training "
        f"/ test. Probe: {one.protocol.probe}. Precision@6 is of the six nearest "
        "training images by Euclidean distance, and by the angle between features.",
    )
    return [features, *colours_sections(records)]


def colours_sections(records):
    """Returns the colour selectivity of first layers that have two parts."""
    found = {
        record.protocol.arm.replace("-", " "): record.metrics["colour"]
        for record in records
        if record.metrics.get("colour")
    }
    if not found:
        return []
    rows = tuple(
        (arm, *(f"{mean:.3f}" for mean in colour["means"]), f"{colour['p_value']:.4f}")
        for arm, colour in found.items()
    )
    one = next(iter(found.values()))
    section = Section(
        "Colour selectivity of the first layer's kernels",
        ("weights", f"{one['part']} a", f"{one['part']} b", "p"),
        rows,
        "Mean share of a kernel's energy that does not respond to grey; p: two-sided "
        f"permutation test with {one['permutations']:,} permutations.",
    )
    return [section]


def start_section(experiment, started):
    """Returns how many runs left ln(classes), and when; `started` is from `curves`."""
    rows = tuple(
        (
            arm,
            f"{left} of {seeds}",
            "none did" if steps is None else f"{steps:g}",
            f"{run} × {batch} images",
        )
        for arm, (seeds, left, steps, run, batch) in started.items()
    )
    return Section(
        experiment.question,
        ("variant", "seeds that left ln(10)", "after steps, median", "steps run"),
        rows,
        f"Expected: {experiment.expected.rstrip('.')}. Protocol: "
        f"{experiment.protocol}; left: an epoch's training loss below 0.9 ln(10). Run "
        f"by `python -m reproduce.experiment {experiment.name}`.",
    )
