"""What runs came to as sections of a table: errors, predictions, features, experiments
and comparisons. Claims are in `claims`, nets in `nets`."""

import math

from alexnet_paper.report.nets import megabytes
from alexnet_paper.report.writers import Section
from alexnet_paper.verdicts.finding import BY_SIGN


def records_section(records, variant="this variant"):
    """Every record of a variant, with its protocol."""
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
    """How a record's images were shown to the net, and how its classes are numbered."""
    about = record.protocol
    return (
        f"{about.image or 'as they are'}; mean subtracted: {about.mean or 'unknown'}; "
        f"labels: {about.labels or 'unknown'}"
    )


def asked(record):
    """What its protocol is told by; the recipe where it is not the variant's own."""
    keys = "classes", "views", "epochs", "seed"
    return keys if record.published else ("recipe", *keys)


def class_section(report):
    """Precision, recall and F1 of every class."""
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
    """The most probable labels of photographs; `labelled`: for each of the `names` a
    list of (label, probability), the most probable first."""
    rows = tuple(
        (name, str(rank), label, f"{100 * probability:.1f}")
        for name, labels in zip(names, labelled, strict=True)
        for rank, (label, probability) in enumerate(labels, 1)
    )
    columns = ("photograph", "rank", "label", "probability, %")
    return Section("Most probable labels", columns, rows, about)


def kernels_section(means, difference, part, about):
    """Colour selectivity of the first layer; `difference`: of two parts, or None."""
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
    """Precision of the k nearest images, class by class, beside chance."""
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


def epochs_section(epochs, ratio, error):
    """Epochs to a training error, arm by arm; `ratio` in words."""
    rows = tuple(
        (
            arm,
            str(len(found)),
            ", ".join("not reached" if math.isinf(n) else f"{n:.3g}" for n in found),
        )
        for arm, found in epochs.items()
    )
    columns = ("arm", "seeds", "epochs, seed by seed")
    return Section(
        f"Epochs to {100 * error:.0f} % training error", columns, rows, ratio
    )


def curves_section(history, about):
    """The last epoch and the best of a run's log."""
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
    return ", ".join(f"{name} {getattr(record.protocol, name)}" for name in names)


def percent(metrics, name):
    if name not in metrics:
        return "not measured"
    low, high = metrics.get(f"{name}_interval", (None, None))
    interval = f" [{100 * low:.2f}, {100 * high:.2f}]" if low is not None else ""
    return f"{100 * metrics[name]:.2f}{interval}"


def effects_section(decisions):
    """What each removal costs in test and in training error; `decisions` of
    `hypotheses.decide`."""
    rows = tuple(
        (
            one.hypothesis.label,
            printed_effect(one.hypothesis),
            one.test.words if one.test else "–",
            one.train.words if one.train else "–",
            f"{one.plain.seeds}",
            f"{one.p:.2g}",
            gate_result(one.gate),
            BY_SIGN[one.sign],
        )
        for one in decisions
        if one.hypothesis.base != one.hypothesis.without
    )
    columns = (
        "arm",
        "printed",
        "test error",
        "training error",
        "seeds",
        "Holm's p",
        "gate: levelled, fitted, precise",
        "verdict",
    )
    note = (
        "Points of error lost without it. Test error by ten views, training error by "
        "one, both with intervals at the level of Holm's correction; p and verdict are "
        "of the hypothesis's own measure."
    )
    return Section("What each removal costs", columns, rows, note)


def printed_effect(hypothesis):
    """What the paper prints of a hypothesis, and what is measured of it."""
    value = "–" if hypothesis.printed is None else f"{hypothesis.printed:g}"
    return (
        value
        if hypothesis.measure == "ten views"
        else f"{value} ({hypothesis.measure})"
    )


def gate_result(gate):
    """ "yes, yes, no" """
    if gate is None:
        return "none"
    parts = (gate.levelled, gate.fitted, gate.precise)
    return ", ".join("yes" if good else "no" for good in parts)


def comparison_sections(title, rows, accuracy, commands, note):
    """Variants side by side; `rows` are `comparison.Row`s, `commands` {variant: what
    runs its missing seeds}."""
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
                "What was not run, and the command that runs it",
                ("variant", "command"),
                tuple(commands.items()),
            )
        )
    return sections


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
    """Cells of the epochs and the time to an accuracy."""
    if not row.records:
        return ("not run: add --run",) * 2
    count, epochs, seconds = row.reached(accuracy)
    if not count:
        longest = max(len(record.history) for record in row.records)
        return (f"not in {longest}",) * 2
    seeds = "" if row.seeds == 1 else f" ({count} of {len(row.records)} seeds)"
    return f"{epochs:g}{seeds}", f"{duration(seconds)}{seeds}"


def duration(seconds):
    """As a person says it: "38 s", "4.2 min", "1.5 h"."""
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def experiments_sections(experiments):
    """Of each what it asks and expects, its runs, how it is decided, what it costs."""
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
    """ "16 arms × 5 seeds (float32 3)" """
    arms = experiment.arms.items()
    own = [f"{arm} {of_arm['seeds']}" for arm, of_arm in arms if "seeds" in of_arm]
    count = f"{len(experiment.arms)} arm{'s' if len(experiment.arms) > 1 else ''}"
    seeds = f"{experiment.seeds} seed{'s' if experiment.seeds > 1 else ''}"
    return f"{count} × {seeds}" + (f" ({', '.join(own)})" if own else "")


def gate_in_words(gate):
    """What runs must show before their differences count."""
    if gate is None:
        return ""
    return (
        f"training error falls by less than {gate.levelled:g} points an epoch "
        "before each drop of the rate; at the end it is at most "
        f"{gate.fitted:g} of the test error and of what it was at the first drop; the "
        "interval's half-width is at most half of the printed effect, or less than "
        "half of the effect found."
    )


def features_sections(records):
    """What features are worth, arm by arm, and the colours of the first layers."""
    one, rows = records[0], []
    for record in records:
        metrics, protocol = record.metrics, record.protocol
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
        f"In %, {one.protocol.classes} classes, with a 95 % interval; images: "
        f"fitted or searched / tested. Probe: {one.protocol.probe}. The six nearest "
        "by Euclidean distance, and by the angle between features.",
    )
    return [features, *colours_sections(records)]


def colours_sections(records):
    """How coloured the two parts of each first layer are, if any has two."""
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
        "Mean share of a kernel's energy that grey pictures cannot reach; p: "
        f"two-sided, of {one['permutations']:,} random deals of the kernels.",
    )
    return [section]


def start_section(experiment, started):
    """How many runs left ln(classes), and when; `started` from `experiments`."""
    rows = tuple(
        (
            arm,
            f"{left} of {seeds}",
            "none did" if steps is None else f"{steps:g}",
            f"{run} of {batch} images",
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
