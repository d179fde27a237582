"""Nets as sections: architecture, memory, differences, weights, departures."""

from alexnet_paper.nets import differences
from alexnet_paper.nets import recipes
from alexnet_paper.nets import specs
from alexnet_paper.nets import variants
from alexnet_paper.nets.ablations import ABLATIONS
from alexnet_paper.paper import articles
from alexnet_paper.report.writers import Section


def differences_section(title, names, rows, what="layer"):
    """Returns two nets or recipes side by side; `rows` are from `differences`."""
    note = "" if rows else "They do not differ."
    cells = tuple((row.name, row.a, row.b) for row in rows)
    return Section(title, (what, *names), cells, note)


def architecture_section(variant, layers, totals):
    """Returns a net layer by layer; `layers` and `totals` are from `specs`."""
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
    """Returns the memory of each device; `memory` is from `specs.memory`."""
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


def weights_sections(name, about, shapes, missing):
    """Returns the metadata of a weight file, and its arrays.

    `shapes` is {name: shape} of all of the net's arrays; `missing` names those that the
    file lacks.
    """
    known = tuple((key, str(value)) for key, value in about.items() if value)
    arrays = tuple(
        (part, "×".join(map(str, shape)), "missing" if part in missing else "there")
        for part, shape in shapes.items()
    )
    return [
        Section(f"Weights: {name}", ("what", "value"), known),
        Section("Arrays", ("array", "shape", "in the file"), arrays),
    ]


def departures_sections():
    """Returns the variants' sources, counts and departures, the ablations, the recipes'
    departures, and the gaps in the articles."""
    counts, departures, changed = [], [], []
    for variant in variants.VARIANTS.values():
        totals = specs.totals(variant.architecture)
        counts.append(
            (
                variant.name,
                variant.family,
                variant.title,
                variant.source,
                f"{totals.parameters:,}",
                f"{totals.macs:,}",
                f"{totals.neurons:,}",
            )
        )
        departures.extend((variant.name, text) for text in variant.departures)
        for name, recipe in variant.recipes.items():
            rows = differences.recipe_rows(recipes.PAPER, recipe)
            different = differences.only_differing(rows)
            cells = "; ".join(f"{row.name} {row.b} ({row.a})" for row in different)
            changed.append((variant.name, name, cells or "the paper's"))
    return [
        Section(
            "Variants",
            (
                "variant",
                "kind",
                "net",
                "source",
                "parameters",
                "multiply-adds",
                "neurons",
            ),
            tuple(counts),
        ),
        Section("Departures", ("variant", "departure"), tuple(departures)),
        Section(
            "Ablations",
            ("name", "net", "changes"),
            tuple((name, one.title, one.departure) for name, one in ABLATIONS.items()),
        ),
        Section(
            "Departures of the recipes",
            ("variant", "recipe", "here (paper)"),
            tuple(changed),
        ),
        Section(
            "What the articles do not state, and what was assumed",
            ("variant", "gap and assumption"),
            tuple(
                (name, guess)
                for name, article in articles.ARTICLES.items()
                for guess in article.guesses
            ),
        ),
    ]


def variants_section():
    """Returns a line for each net: parameters, source, title."""
    rows = tuple(
        (
            variant.name,
            f"{specs.totals(variant.architecture).parameters:,}",
            variant.source,
            variant.title,
        )
        for variant in variants.VARIANTS.values()
    )
    note = "NAME.ABLATION applies an ablation to any of them, such as paper.no-lrn."
    return Section("Nets", ("variant", "parameters", "source", "what"), rows, note)
