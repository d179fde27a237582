"""Claims, nets and records as sections of a table: what each row shows. `tables` writes
them."""

import math

from alexnet_paper import architecture
from alexnet_paper import paper
from alexnet_paper import variants
from alexnet_paper.tables import Section


def claims_section(variant, measured, article):
    """Claim by claim: paper, authors' log, ours, verdict. `measured`: (claim, finding)
    pairs."""
    rows = []
    for claim, finding in measured:
        notes = [finding.note] if finding.note else []
        if finding.records:
            notes.append(f"records {', '.join(finding.records)}")
        rows.append(
            (
                claim.id,
                claim.section,
                claim.statement,
                with_unit(claim),
                claim.authors or "–",
                finding.ours,
                finding.verdict + (f" ({'; '.join(notes)})" if notes else ""),
            )
        )
    title = f"{article.title} ({article.publisher or 'article'})" if article else ""
    return Section(
        f"{title or 'Krizhevsky, Sutskever & Hinton (2012)'}, claim by claim",
        (
            "id",
            "where",
            "claim",
            "article" if article else "paper",
            "authors' log",
            "ours",
            "verdict",
        ),
        tuple(rows),
        f"Ours: {variant.title} (variant {variant.name}).",
    )


def differences_section(title, names, rows, what="layer"):
    """Two nets or recipes beside each other; `rows` from `differences`."""
    note = "" if rows else "They do not differ."
    cells = tuple((row.name, row.a, row.b) for row in rows)
    return Section(title, (what, *names), cells, note)


def with_unit(claim):
    """The printed value, with its unit where that is a symbol or points."""
    told = claim.unit not in ("%", "points") or claim.unit in claim.printed
    return claim.printed if told else f"{claim.printed} {claim.unit}"


def architecture_section(variant, layers, totals):
    """Layer by layer; `layers` from `architecture.trace`."""
    rows = [
        (
            layer.name,
            "×".join(map(str, layer.output_shape)),
            count(layer.parameters),
            count(layer.macs),
            count(layer.neurons),
            layer.reads or "all maps",
            layer.towers or "one",
        )
        for layer in layers
    ]
    rows.append(
        (
            "total",
            "–",
            f"{totals.parameters:,}",
            f"{totals.macs:,}",
            f"{totals.neurons:,}",
            "–",
            "–",
        )
    )
    return Section(
        f"Architecture: {variant.title}",
        (
            "layer",
            "output",
            "parameters",
            "multiply-adds",
            "neurons",
            "reads",
            "towers",
        ),
        tuple(rows),
        f"Source: {variant.source}. Departures: {'; '.join(variant.departures)}.",
    )


def count(number):
    return f"{number:,}" if number else "–"


def memory_section(memory, batch_size):
    """What each device holds; `memory` from `architecture.memory`."""
    rows = tuple(
        (
            f"tower {device}" if device else "one device",
            megabytes(held.parameters),
            megabytes(held.activations),
            megabytes(held.training(batch_size)),
        )
        for device, held in memory.items()
    )
    return Section(
        "Memory, float32",
        ("device", "parameters", "activations, one image", f"training, {batch_size}"),
        rows,
        "Training: parameters, gradients, momentum; activations and their gradients.",
    )


def megabytes(size):
    return f"{size / 1e6:,.1f} MB"


def forms_sections(forms):
    """The two forms held against each other, where the graph's operations are, and
    what crosses. `forms`: `equivalence.Forms`."""
    a, b = forms.devices
    batch = forms.images
    agreement = Section(
        f"Two towers on {a} and {b} against the one-device form, {batch} views of two "
        "photographs, same weights",
        ("largest relative difference", "value"),
        (
            ("outputs (logits)", f"{forms.outputs:.1e}"),
            ("gradients, dropout on", f"{forms.gradients:.1e}"),
            ("weights after one step", f"{forms.step:.1e}"),
        ),
    )
    placed = Section(
        "Placement found in the training step's graph",
        ("layer", "forward", "backward", "momentum and update"),
        tuple(
            (
                layer,
                *(
                    ", ".join(sorted(roles.get(role, ()))) or "–"
                    for role in ("forward", "backward", "update")
                ),
            )
            for layer, roles in sorted(forms.placed.items())
            if "update" in roles or layer.endswith("_reads")
        ),
        "Every other layer's operations are on its tower's device too."
        if not forms.strays
        else f"Operations off their tower's device in: {', '.join(forms.strays)}.",
    )
    rows = tuple(
        (
            row.crossing.into,
            f"{row.crossing.source} → {row.crossing.target}",
            "×".join(map(str, row.crossing.shape)),
            f"{row.crossing.bytes:,}",
            times(row.forward),
            times(row.backward),
        )
        for row in forms.crossed
    )
    crossed = Section(
        "What crosses between the devices, per image",
        ("into", "from → to", "shape", "bytes", "in the graph", "its gradient, back"),
        rows,
        crossing_note(forms),
    )
    return [agreement, placed, crossed]


def times(number):
    return {0: "missing", 1: "yes"}.get(number, f"{number} times")


def crossing_note(forms):
    exact = "Exactly Figure 2's tensors" if forms.as_figure_2 else "Not only these"
    images = [t for t in forms.rest if t.into.startswith("conv1") and len(t.shape) == 4]
    numbers = [t for t in forms.rest if not t.shape]
    others = len(forms.rest) - len(images) - len(numbers)
    return (
        f"{exact} cross; besides them the image, which both towers see ({len(images)} "
        f"tensor), the learning rate as single numbers ({len(numbers)} of "
        f"{sum(t.bytes for t in numbers) // max(len(numbers), 1)} bytes a step)"
        + (f" and {others} others." if others else " and nothing else.")
    )


def results_section(table, ours):
    """Table 1 or 2 of the paper; `ours`: {claim id: what was measured, "a / b"}."""
    rows = []
    for row in table.rows:
        cells, measured = [row.model], ours.get(row.claim, "not run").split(" / ")
        measured = ["cited"] * 3 if row.cited else measured
        for index, (printed, logged) in enumerate(
            zip(row.printed, row.authors, strict=True)
        ):
            log = f" (log {logged:.2f})" if logged is not None else ""
            cells.append("—" if printed is None else f"{printed:.1f}{log}")
            there = measured[index] if index < len(measured) else "not run"
            cells.append("—" if printed is None else there)
        rows.append(tuple(cells))
    columns = [cell for name in table.columns for cell in (f"{name}, paper", "ours")]
    return Section(table.title, ("model", *columns), tuple(rows), table.protocol)


def records_section(records, variant="this variant"):
    """Every record of a variant, with its protocol."""
    rows = tuple(
        (
            record.data,
            f"{record.split}, {record.examples:,}",
            protocol(record, *asked(record)),
            record.protocol.get("ended") or percent(record.metrics, "top1_error"),
            percent(record.metrics, "top5_error"),
            record.environment.get("commit", "unknown"),
            " && ".join(
                dict.fromkeys([*record.protocol.get("trained", ()), record.command])
            ),
        )
        for record in records
    )
    return Section(
        f"Measured runs of {variant}",
        ("data", "split, images", "protocol", "top-1", "top-5", "commit", "command"),
        rows,
        "Errors in %, with a 95 % interval over images.",
    )


def asked(record):
    """What its protocol is told by; the recipe where it is not the variant's own."""
    keys = "classes", "views", "epochs", "seed"
    return keys if record.published else ("recipe", *keys)


def weights_sections(name, about, shapes, missing):
    """What is known of a weight file, and its arrays: {name: shape}, those that are
    `missing` among them."""
    known = tuple((key, str(value)) for key, value in about.items() if value)
    arrays = tuple(
        (part, "×".join(map(str, shape)), "missing" if part in missing else "there")
        for part, shape in shapes.items()
    )
    return [
        Section(f"Weights: {name}", ("what", "value"), known),
        Section("Arrays", ("array", "shape", "in the file"), arrays),
    ]


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
    return ", ".join(f"{name} {record.protocol.get(name, '?')}" for name in names)


def percent(metrics, name):
    if name not in metrics:
        return "not measured"
    low, high = metrics.get(f"{name}_interval", (None, None))
    interval = f" [{100 * low:.2f}, {100 * high:.2f}]" if low is not None else ""
    return f"{100 * metrics[name]:.2f}{interval}"


def commands_section(measured):
    """How to obtain what was not run: what it needs, and the exact command."""
    rows = {}
    for claim, finding in measured:
        if finding.verdict == "not run":
            rows.setdefault((claim.needs, claim.command), []).append(claim.id)
    return Section(
        "What was not run, and the command that runs it",
        ("claims", "needs", "command"),
        tuple(
            (", ".join(ids), needs, command) for (needs, command), ids in rows.items()
        ),
        "\n".join(
            f"{claim.id}: {claim.remark}."
            for claim, finding in measured
            if finding.verdict == "not run" and claim.remark
        ),
    )


def short_claims_section(measured):
    """The claims that were measured; the rest counted by what they need."""
    rows, needs = [], {}
    for claim, finding in measured:
        if finding.verdict in ("not run", "citation"):
            needs[claim.needs] = needs.get(claim.needs, 0) + 1
            continue
        cells = (claim.id, claim.section, claim.statement, with_unit(claim))
        rows.append((*cells, finding.ours, finding.verdict))
    rest = ", ".join(f"{count} need {what}" for what, count in needs.items())
    rest = rest.replace("need citation", "are citations of others")
    return Section(
        "The claims that were measured",
        ("id", "where", "claim", "paper", "ours", "verdict"),
        tuple(rows),
        f"Of the other claims {rest}: the command prints them with what each needs and "
        "the command that obtains it.",
    )


def tried_section(measured, folder):
    """Claims that an experiment's records in `folder` decide, with links to them."""
    rows = tuple(
        (
            claim.id,
            claim.statement,
            with_unit(claim),
            finding.ours,
            finding.verdict,
            finding.note,
            ", ".join(
                f"[{name}]({folder}/{name.replace('*', '0')})"
                for name in finding.records
            ),
        )
        for claim, finding in measured
    )
    return Section(
        "The paper's claims, tried on CIFAR-10",
        ("id", "claim", "paper", "ours", "verdict", "how", "records"),
        rows,
        "A star in a record's name stands for the seeds; the link is that of seed 0.",
    )


def effects_section(found):
    """Differences over seeds; `found` from `small_nets.all_effects`."""
    rows = tuple(
        (arm, what, effect.words, str(len(effect.differences)), str(effect.epochs))
        for (arm, what), effect in found.items()
    )
    columns = ("changed net", "error", "points more", "seeds", "epochs")
    return Section("What each change does", columns, rows)


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


def notes_sections():
    """What the paper leaves open, its sources, and what its authors logged."""
    questions = tuple(
        (q.id, q.question, q.paper, q.authors, q.others or "–", q.choice, q.reason)
        for q in paper.OPEN_QUESTIONS
    )
    logged = tuple(
        (run.run, run.what, run.dataset, f"{run.top1} / {run.top5}", run.source)
        for run in paper.LOGGED_VARIANTS
    )
    names = ("first_drop", "second_drop", "conv1_slowed", "conv1_frozen", "third_drop")
    schedules = tuple(
        (row.run, *(str(getattr(row, name) or "–") for name in (*names, "stopped")))
        for row in paper.SCHEDULES
    )
    return [
        Section(
            "Open questions",
            (
                "id",
                "question",
                "paper",
                "authors' code",
                "others",
                "here",
                "because",
            ),
            questions,
        ),
        Section(
            "Errors the authors logged for other nets (10 views)",
            ("run", "what", "data", "top-1 / top-5", "source"),
            logged,
        ),
        Section(
            "Epochs at which the authors changed rates by hand",
            ("run", *(name.replace("_", " ") for name in names), "stopped"),
            schedules,
        ),
        Section("Sources", ("key", "what"), tuple(paper.SOURCES.items())),
    ]


def experiments_section(experiments):
    """What each asks, by which arms."""
    return Section(
        "Experiments",
        ("name", "question", "protocol", "arms", "seeds"),
        tuple(
            (one.name, one.question, one.protocol, ", ".join(one.arms), str(one.seeds))
            for one in experiments
        ),
    )


def features_sections(records):
    """What features are worth, arm by arm, and the colours of the first layers."""
    probed, coloured = [], []
    for record in records:
        metrics, protocol = record.metrics, record.protocol
        low, high = metrics["probe_accuracy_interval"]
        probed.append(
            (
                protocol["arm"].replace("-", " "),
                protocol["layer"],
                f"{100 * metrics['probe_accuracy']:.1f} "
                f"[{100 * low:.1f}, {100 * high:.1f}]",
                f"{100 * metrics['precision_at_6']:.1f}",
                f"{100 * metrics['precision_at_6_by_angle']:.1f}",
                f"{100 * metrics['chance']:.1f}",
                f"{protocol['training_images']:,} / {record.examples:,}",
            )
        )
        colour = metrics.get("colour")
        if colour:
            first, second = colour["means"]
            coloured.append(
                (
                    protocol["arm"].replace("-", " "),
                    f"{first:.3f}",
                    f"{second:.3f}",
                    f"{colour['p_value']:.4f}",
                )
            )
    one = records[0]
    classes = one.protocol["classes"]
    sections = [
        Section(
            f"Features of {one.protocol['weights']} on {one.data}, {one.split}",
            (
                "features",
                "layer",
                "linear probe",
                "precision@6",
                "by angle",
                "chance",
                "images",
            ),
            tuple(probed),
            f"In %, {classes} classes, with a 95 % interval; images: fitted or "
            f"searched / tested. Probe: {one.protocol['probe']}. The six nearest "
            "by Euclidean distance, and by the angle between features.",
        )
    ]
    if coloured:
        part = next(r for r in records if "colour" in r.metrics).metrics["colour"]
        sections.append(
            Section(
                "Colour selectivity of the first layer's kernels",
                ("weights", f"{part['part']} a", f"{part['part']} b", "p"),
                tuple(coloured),
                "Mean share of a kernel's energy that grey pictures cannot reach; p: "
                f"two-sided, of {part['permutations']:,} random deals of the kernels.",
            )
        )
    return sections


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
        f"Others report that it does not. Protocol: {experiment.protocol}; left: an "
        "epoch's training loss below 0.9 ln(10). Run by `python -m "
        f"reproduce.experiment {experiment.name}`.",
    )


def departures_sections():
    """Every variant: source, counts, and each way it departs from the paper."""
    counts, departures = [], []
    for variant in variants.VARIANTS.values():
        totals = architecture.totals(variant.architecture)
        counts.append(
            (
                variant.name,
                variant.title,
                variant.source,
                f"{totals.parameters:,}",
                f"{totals.macs:,}",
                f"{totals.neurons:,}",
            )
        )
        departures.extend((variant.name, text) for text in variant.departures)
    return [
        Section(
            "Variants",
            (
                "variant",
                "net",
                "source",
                "parameters",
                "multiply-adds",
                "neurons",
            ),
            tuple(counts),
        ),
        Section("Departures", ("variant", "departs by"), tuple(departures)),
    ]
