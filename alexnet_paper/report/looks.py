"""Whether weights look trained: the evidence as tables and as a figure."""

import math

import numpy as np
from matplotlib.figure import Figure

from alexnet_paper.report import contact_sheets
from alexnet_paper.report import style
from alexnet_paper.report.style import GREY
from alexnet_paper.report.style import PAGE
from alexnet_paper.report.style import caption
from alexnet_paper.report.style import styled
from alexnet_paper.report.writers import Section
from alexnet_paper.weights import looks

MEASURES = {  # of a whole net: what it is, and what trained nets have
    "mirror": (
        "upside-down crops change the answers more than mirrored ones, t",
        f"above {-looks.MIRROR:g}",
    ),
    "logits": (
        "logits are further above their mean than below it, t",
        f"above {-looks.MIRROR:g}",
    ),
    "entropy": (
        "entropy for a photograph, of the largest possible",
        f"below {looks.FLAT}",
    ),
    "change": (
        "difference of the outputs for two photographs, of their size",
        f"above {looks.CHANGE}",
    ),
    "error": ("error on labelled images", "below chance"),
    "chance": ("error of guessing", "–"),
}
AXES = ("height and width", "inputs and outputs", "maps and places")
COLUMNS = ("layer", "kernel", "spectrum", "pattern", "biases", "sign", "dead", "axes")
NOTE = (
    "spectrum: the largest singular value, as a share of that of a random matrix of "
    "this shape and variance, and how far above chance, in Tracy–Widom units (trained: "
    f"above {looks.SPECTRUM:g}). pattern: by how many standard deviations neighbouring "
    f"weights agree more than if shuffled (trained: above {looks.NEIGHBOURS:g}; one of "
    "the two is enough). biases: their standard deviation (untrained: 0). sign: the "
    f"mean weight in standard errors (after a ReLU below {looks.SIGN:g}, or below "
    f"{looks.MEAN:.0%} of the weights' standard deviation). dead: "
    "units whose kernel is zero or another's. axes: t by which the kernel fits its "
    "inputs better than with height and width, inputs and outputs, or maps and places "
    f"exchanged (below {-looks.FIT:g}: it, or the layer before it, is transposed)."
)


def sections(name, found):
    """Returns the tables of a `looks.Looks`: its layers, and the whole net."""
    rows = tuple(layer_row(layer) for layer in found.layers)
    whole = [
        (MEASURES[key][0], f"{value:.3g}", MEASURES[key][1])
        for key, value in found.values.items()
    ]
    whole.append(("verdict", found.verdict, "trained"))
    note = f"{found.verdict}: {found.why}" if found.why else ""
    return [
        Section(f"Evidence of training in {name}", (*COLUMNS, "verdict"), rows, NOTE),
        Section(
            "The whole net", ("measure", "value", "trained nets"), tuple(whole), note
        ),
    ]


def layer_row(layer):
    values, shape = layer.values, "×".join(map(str, layer.shape)) or "missing"
    axes = [f"{values[name]:+.1f}" for name in AXES if name in values]
    bias = f"{values['bias']:.2g}" if "bias" in values else "–"
    if "spectrum" not in values:
        return (layer.name, shape, "–", "–", bias, "–", "–", "–", layer.verdict)
    return (
        layer.name,
        shape,
        f"{values['spectrum']:.2f} ({values['spectrum_excess']:+.0f})",
        f"{values['neighbours']:+.0f}" if len(layer.shape) == 4 else "–",
        bias,
        f"{values['sign']:+.0f}",
        f"{values['dead'] + values['repeated']:.0%}",
        "; ".join(axes) or "–",
        layer.verdict,
    )


@styled
def figure(arrays, name, verdict):
    """Draws the first kernels, the spectra beside the random edge, and the biases.

    Args:
        arrays: {"conv1/kernel": array, ...} of a net.
        name: Caption: the net.
        verdict: Caption: the verdict on it.
    """
    kernels = {n.split("/")[0]: a for n, a in arrays.items() if n.endswith("/kernel")}
    biases = {n.split("/")[0]: a for n, a in arrays.items() if n.endswith("/bias")}
    first = next(iter(kernels.values()), np.zeros(0))
    drawn = first if first.ndim == 4 and first.shape[2] == 3 else None
    rows = math.ceil(first.shape[-1] / 16) if drawn is not None else 0
    figure = Figure(figsize=(PAGE, 3.6 + 0.44 * rows), layout="constrained")
    parts = figure.subfigures(2, 1, height_ratios=[0.44 * rows + 0.01, 3.6])
    if rows:
        images = [contact_sheets.own_range(first[..., i]) for i in range(len(first.T))]
        contact_sheets.contact_sheet(parts[0].subplots(), images, 16)
    left, right = parts[1].subplots(1, 2)
    colours = style.matplotlib.colormaps["viridis"]
    for index, (layer, kernel) in enumerate(kernels.items()):
        values = looks.singular_values(kernel)
        ranks = np.linspace(0, 1, len(values))
        look = {"color": colours(index / len(kernels)), "lw": 1.2, "label": layer}
        look |= {"ls": ("-", "--", "-.", ":")[index % 4], "marker": "o", "ms": 3}
        left.plot(ranks, values, **look, markevery=[0])
    left.axhline(1, color=GREY, lw=0.8)
    left.set(xlabel="rank ÷ number", ylabel="singular value ÷ random edge")
    left.set(yscale="log", ylim=(0.02, None), yticks=(0.1, 1), yticklabels=("0.1", "1"))
    left.legend(frameon=False, ncols=2)
    for index, (layer, bias) in enumerate(biases.items()):
        bias = bias.reshape(-1)
        row = (
            np.full(len(bias), index)
            + np.linspace(-0.3, 0.3, 7)[np.arange(len(bias)) % 7]
        )
        right.plot(bias, row, ".", ms=2, color=colours(index / len(biases)))
    right.set(yticks=range(len(biases)), ylim=(len(biases) - 0.5, -0.5))
    right.set_yticklabels(biases)
    right.set(xlabel="biases, a dot each")
    caption(
        parts[1],
        f"{name} looks {verdict}. Above: the first layer's kernels, each scaled to its "
        "own range. Left: singular values of kernels as matrices; those of random "
        "numbers end at 1, give or take chance (of large kernels: a random part of "
        f"{looks.PART} × {looks.PART}). Right: untrained biases are all equal.",
    )
    return figure
