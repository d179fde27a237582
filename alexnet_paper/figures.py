"""The paper's Figures 1 to 4, and the articles' curves and confusion matrices.

Every figure is a function from data to a `matplotlib.figure.Figure`, without pyplot and
its state; `save` writes one. Nothing is trained or evaluated here. Texts are 8 points
or more at the printed width, and no colour says what a line style, a mark or a word
does not say too.
"""

import math
import statistics
import textwrap
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch
from matplotlib.patches import Rectangle
from matplotlib.ticker import EngFormatter
from matplotlib.ticker import MaxNLocator
from matplotlib.ticker import NullFormatter
from matplotlib.ticker import PercentFormatter
from PIL import Image

from alexnet_paper import architecture as arch
from alexnet_paper.augment import rescale_and_crop
from alexnet_paper.record import atomic_file

COLUMN, PAGE = 3.5, 7.0  # inches: a printed column, a printed page's text
POINTS = 8  # the smallest text
LINE = 0.15  # inches from one line of such text to the next
DPI = 300
THUMBNAIL = 200  # pixels: the largest side of a photograph in a figure

# Okabe & Ito's palette, told apart by the colour-blind too
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILLION, GREY = "#0072B2", "#D55E00", "#777777"

STYLE = {
    "font.size": POINTS,
    "axes.labelsize": POINTS,
    "axes.titlesize": POINTS + 1,
    "figure.labelsize": POINTS,
    "figure.titlesize": POINTS + 2,
    "legend.fontsize": POINTS,
    "xtick.labelsize": POINTS,
    "ytick.labelsize": POINTS,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.parse_math": False,  # a class may be called "$1"
    "hatch.linewidth": 0.5,
    "pdf.fonttype": 42,
    "svg.hashsalt": "alexnet_paper",  # or its ids would be random
}
styled = matplotlib.rc_context(STYLE)
ROUND, SHORT = EngFormatter(places=0, sep=""), EngFormatter(places=1, sep="")  # 17M

METADATA = {  # without dates: the same figure gives the same bytes
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None},
    ".svg": {"Date": None},
}


def check_path(path):
    """Raises ValueError unless `path` ends as a figure's file may."""
    if Path(path).suffix.lower() not in METADATA:
        raise ValueError(f"{path}: a figure's name ends in {', '.join(METADATA)}.")


def save(figure, path):
    """Writes a figure as its name says, .png (300 dots an inch), .pdf or .svg, whole or
    not at all; the same figure gives the same bytes. Raises ValueError for others."""
    check_path(path)
    suffix = Path(path).suffix.lower()
    with matplotlib.rc_context(STYLE), atomic_file(path) as file:
        if figure.get_layout_engine():  # once: each layout starts from the last one
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
        figure.savefig(file, format=suffix[1:], dpi=DPI, metadata=METADATA[suffix])


def letters(width):
    """How many letters of a caption fit into so many inches."""
    return int(width * 72 / (0.56 * POINTS))


def caption(parent, text, width=PAGE):
    """Text under a figure, in lines as wide as it is."""
    parent.supxlabel(textwrap.fill(text, letters(width)), x=0.01, ha="left")


def percent(share):
    return f"{100 * share:.0f} %"


# Figure 1: ReLU against tanh


@styled
def training_error(histories, epochs, target=0.25, about="", ratio=""):
    """Figure 1: training error against the epoch, ReLU solid and tanh dashed.

    Args:
        histories: {"relu": [history, ...], "tanh": [...]}, one history a seed: the
            lines of `Record.history`, with "epoch" and "top1_error".
        epochs: {"relu": [...], "tanh": [...]}: the epoch in which each seed reached
            `target`, or math.inf.
        about: What was trained, for the caption.
        ratio: How many times as many epochs tanh needs, for the caption.
    """
    figure = Figure(figsize=(COLUMN, 3.4), layout="constrained")
    axes = figure.subplots()
    said = []
    for arm, colour, line in (("relu", BLUE, "-"), ("tanh", VERMILLION, "--")):
        name = {"relu": "ReLU"}.get(arm, arm)
        draw_seeds(axes, histories[arm], colour, line, name)
        median = statistics.median(epochs[arm])
        said.append(f"{name} {epochs_text(median, histories[arm])}")
        if math.isfinite(median):
            axes.plot(median, target, "o" if arm == "relu" else "s", color=colour)
    axes.axhline(target, color=GREY, linestyle=":", linewidth=1)
    axes.annotate(
        percent(target),
        (0.5, target),  # runs end at the target: there are no curves below it
        (0, -2),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        ha="center",
        va="top",
    )
    axes.set(xlabel="epoch", ylabel="training error", ylim=(0, None))
    axes.set_xlim(left=0)
    axes.yaxis.set_major_formatter(PercentFormatter(1, 0, " %"))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    axes.legend(frameon=False)
    text = f"Epochs to {percent(target)} training error: {', '.join(said)}. "
    text += f"{ratio} {about}"
    caption(figure, " ".join(text.split()), COLUMN)
    return figure


def draw_seeds(axes, histories, colour, line, name):
    """One thin line a seed, and their median thick where all have an epoch."""
    lines = [[row["top1_error"] for row in history] for history in histories]
    for history, errors in zip(histories, lines, strict=True):
        axes.plot(
            [row["epoch"] for row in history],
            errors,
            line,
            color=colour,
            linewidth=0.6,
            alpha=0.6,
        )
    shortest = min(histories, key=len)
    median = np.median([errors[: len(shortest)] for errors in lines], axis=0)
    seeds = f"{len(lines)} seed{'s' if len(lines) > 1 else ''}"
    axes.plot(
        [row["epoch"] for row in shortest],
        median,
        line,
        color=colour,
        linewidth=1.8,
        label=f"{name}, median of {seeds}",
    )


def epochs_text(median, histories):
    if math.isfinite(median):
        return f"{median:.3g}"
    return f"not in {min(len(history) for history in histories)}"


# Figure 2: the net


@dataclass(frozen=True)
class Stage:
    """A learned layer, or the image, as a column of Figure 2."""

    name: str
    shape: tuple[int, ...]  # of one tower's part
    towers: str  # "ab", "a", "b", or "" for one device or what both see
    head: tuple[str, ...]  # what it computes, in lines
    then: tuple[str, ...] = ()  # what follows before the next one


def stages(architecture):
    """The columns of Figure 2, from the traced net."""
    found = [Stage("image", architecture.input_shape, "", ())]
    layers = arch.trace(architecture)
    starts = [i for i, layer in enumerate(layers) if layer.learned]
    for start, end in zip(starts, [*starts[1:], len(layers)], strict=True):
        layer, parts = layers[start], max(len(layers[start].towers), 1)
        *space, maps = layer.output_shape
        then = [
            line for after in layers[start + 1 : end] for line in what_follows(after)
        ]
        shape = (*space, maps // parts)
        head = what_it_is(layer, maps // parts)
        found.append(Stage(layer.name, shape, layer.towers, head, tuple(then)))
    return found


def what_it_is(layer, maps):
    """Lines on a learned layer: "48 kernels", "11×11×3", "stride 4"."""
    spec, inputs = layer.spec, layer.input_shape[-1] // layer.spec.groups
    if isinstance(spec, arch.Dense):
        inputs = math.prod(layer.input_shape) // spec.groups
        return f"{maps} units", f"from {inputs}"
    lines = [f"{maps} kernels", f"{spec.kernel}×{spec.kernel}×{inputs}"]
    if spec.stride > 1:
        lines.append(f"stride {spec.stride}")
    if spec.groups > 1 and not layer.towers:
        lines.append(f"{spec.groups} groups")
    if isinstance(spec, arch.Local):
        lines.append("unshared")
    return tuple(lines)


def what_follows(layer):
    """Lines on a layer that learns nothing: "LRN"; "max 3/2", "→ 27×27"."""
    spec = layer.spec
    if isinstance(spec, arch.MaxPool):
        kind = "mean" if isinstance(spec, arch.AvgPool) else "max"
        size = "×".join(map(str, layer.output_shape[:2]))
        return f"{kind} {spec.size}/{spec.stride}", f"→ {size}"
    if isinstance(spec, arch.Dropout):
        return (f"drop {spec.rate:g}",)
    names = {arch.LRN: "LRN", arch.SpatialNorm: "map norm", arch.BatchNorm: "BN"}
    names |= {arch.Softmax: "softmax", arch.Tanh: "tanh"}
    return (names.get(type(spec), type(spec).__name__),)


@styled
def architecture_diagram(architecture, title=""):
    """Figure 2: the net from the image to the classes, its towers as rows of boxes.

    Everything is taken from `architecture.trace` and `architecture.crossings`, so that
    any `Architecture` can be drawn.
    """
    columns = stages(architecture)
    rows, height = diagram_rows(columns, architecture.towers)
    text = textwrap.fill(diagram_caption(architecture), letters(PAGE))
    foot = LINE * (text.count("\n") + 1.5)
    figure = Figure(figsize=(PAGE, height + foot + 2 * LINE))
    total = figure.get_size_inches()[1]
    axes = figure.add_axes((0, foot / total, 1, height / total))
    axes.set(xlim=(0, PAGE), ylim=(0, height))
    axes.axis("off")
    boxes = draw_boxes(axes, columns, rows)
    draw_connections(axes, columns, boxes, architecture)
    draw_words(axes, columns, rows, height)
    figure.text(0.01, 0.05 / total, text, va="bottom")
    figure.suptitle(title or architecture.name, y=1 - 0.05 / total, va="top")
    return figure


TALL, APART = 1.15, 0.4  # inches: the tallest box, and between the towers' rows


def diagram_rows(columns, towers):
    """({tower: height of its boxes' middle}, height of all), in inches; "" is of what
    belongs to no tower."""
    below = LINE * (1.8 + max(len(stage.then) for stage in columns))
    above = LINE * (1.3 + max(len(stage.head) for stage in columns))
    low = below + TALL / 2
    if towers == 1:
        return {"": low}, low + TALL / 2 + above
    above += 1.5 * LINE  # for the sizes of tower a's maps
    high = low + TALL + APART
    return {"a": high, "b": low, "": (low + high) / 2}, high + TALL / 2 + above


def diagram_caption(architecture):
    totals = arch.totals(architecture)
    text = (
        f"{totals.parameters:,} parameters, {totals.macs:,} multiply-adds, "
        f"{totals.neurons:,} neurons. Square roots of the maps' side and number give "
        "the boxes' height and width; “max 3/2” is pooling 3×3 with stride 2."
    )
    if architecture.towers == 2:
        text += (
            " Solid: what a tower reads of its own. Dashed: what it reads of the other."
        )
    return text


def box_size(shape, columns):
    """(width, height) in inches, by square roots of maps and side, or of units."""
    shapes = [stage.shape for stage in columns]
    if len(shape) == 1:
        most = max(1000, *(other[0] for other in shapes if len(other) == 1))
        return 0.1, max(TALL * math.sqrt(shape[0] / most), 0.08)
    side = max(other[0] for other in shapes if len(other) == 3)
    most = max(other[2] for other in shapes if len(other) == 3)
    wide = 0.05 + 0.3 * math.sqrt(shape[2] / most)
    return wide, max(TALL * math.sqrt(shape[0] / side), 0.08)


def centres(columns):
    """x of every column, in inches."""
    return (np.arange(len(columns)) + 0.5) * PAGE / len(columns)


def draw_boxes(axes, columns, rows):
    """Draws a box for every stage and tower; {(stage's index, tower): its patch}."""
    boxes = {}
    for index, (stage, x) in enumerate(zip(columns, centres(columns), strict=True)):
        width, height = box_size(stage.shape, columns)
        colour = SKY if len(stage.shape) == 3 else ORANGE
        for tower in stage.towers or [""]:
            corner = (x - width / 2, rows[tower] - height / 2)
            box = Rectangle(
                corner,
                width,
                height,
                facecolor=colour,
                edgecolor=BLACK,
                linewidth=0.7,
                hatch="" if len(stage.shape) == 3 else "////",
            )
            if index == 0:
                box.set_facecolor("white")
            boxes[index, tower] = axes.add_patch(box)
    return boxes


def draw_connections(axes, columns, boxes, architecture):
    """An arrow for everything that is read: solid from the own tower, or the image,
    dashed across, as `architecture.crossings` says."""
    names = [stage.name for stage in columns]
    for index in range(1, len(columns)):
        for tower in columns[index].towers or [""]:
            for source in dict.fromkeys((tower, "")):
                if (index - 1, source) in boxes:
                    arrow(axes, boxes[index - 1, source], boxes[index, tower], False)
    for crossing in arch.crossings(architecture):
        index = names.index(crossing.into)
        source = boxes[index - 1, crossing.source]
        arrow(axes, source, boxes[index, crossing.target], True)


def arrow(axes, source, target, crosses):
    """From the right side of one box to the left side of another."""
    start = (source.get_x() + source.get_width(), middle(source))
    end = (target.get_x(), middle(target))
    look = {"color": VERMILLION, "linestyle": (0, (4, 2)), "linewidth": 1.1}
    if not crosses:
        look = {"color": BLACK, "linestyle": "-", "linewidth": 0.8}
    axes.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=6,
            shrinkA=1,
            shrinkB=1,
            gid="crossing" if crosses else "own",
            **look,
        )
    )


def middle(box):
    return box.get_y() + box.get_height() / 2


def draw_words(axes, columns, rows, height):
    """Names and kernels above, sizes beside the boxes, what follows below."""
    high, low = max(rows.values()) + TALL / 2, min(rows.values()) - TALL / 2
    for stage, x in zip(columns, centres(columns), strict=True):
        axes.text(x, height, stage.name, ha="center", va="top", weight="bold")
        axes.text(x, height - LINE, "\n".join(stage.head), ha="center", va="top")
        size = "×".join(map(str, stage.shape))
        for tower in stage.towers or [""]:
            y = {"a": high + 0.04, "b": low - 0.04}.get(tower)
            if tower == "":
                y = rows[""] - TALL / 2 - 0.04
            axes.text(x, y, size, ha="center", va="bottom" if tower == "a" else "top")
        axes.text(x, low - 1.2 * LINE, "\n".join(stage.then), ha="center", va="top")
    if len(rows) > 1:
        axes.text(0.05, high + 0.04, "tower a", va="bottom", style="italic")
        axes.text(0.05, low - 0.04, "tower b", va="top", style="italic")
        axes.text(0.05, height - LINE, "each tower", va="top", style="italic")


# Figure 3: the first layer's kernels


@styled
def first_layer(kernels, selectivity, parts=1, part="", difference=None, about=""):
    """Figure 3: the first layer's kernels, the towers apart, and how coloured each is.

    Args:
        kernels: (height, width, 3, n), RGB.
        selectivity: (n,) from `kernels.colour_selectivity`, printed under each.
        parts: 2 where the kernels fall into two halves, else 1.
        part: What a half is: "tower" or "group".
        difference: `kernels.TowerDifference` of two parts.
        about: Which net it is, for the caption.
    """
    count = kernels.shape[-1] // parts
    across = min(16, count)
    rows = math.ceil(count / across)
    cell = 0.375  # inches: a kernel's side
    sheet = rows * (cell + LINE) + 0.25
    figure = Figure(figsize=(PAGE, parts * sheet + 1.9), layout="constrained")
    *sheets, strip = figure.subplots(
        parts + 1, height_ratios=[*[sheet] * parts, 0.5 + 0.2 * parts]
    )
    chosen = np.split(np.arange(kernels.shape[-1]), parts)
    names = [f"{part} {letter}" if parts > 1 else "kernels" for letter in "ab"[:parts]]
    for axes, indices, name in zip(sheets, chosen, names, strict=True):
        images = [own_range(kernels[..., index]) for index in indices]
        marks = [f"{selectivity[index]:.2f}" for index in indices]
        contact_sheet(axes, images, across, marks, gap=LINE / cell)
        mean = selectivity[indices].mean()
        axes.set_title(f"{name}: mean colour selectivity {mean:.2f}", loc="left")
    draw_strip(strip, [selectivity[indices] for indices in chosen], names)
    caption(figure, first_layer_caption(difference, part, about))
    return figure


def own_range(kernel):
    """A kernel as an image 0–1: mid-grey is zero, the largest weight black or white."""
    largest = np.abs(kernel).max()
    return 0.5 + kernel / (2 * largest) if largest else np.full(kernel.shape, 0.5)


def first_layer_caption(difference, part, about):
    text = (
        f"{about} Each kernel is scaled to its own range, symmetric about zero (mid-"
        "grey). Numbers: colour selectivity, the share of a kernel's energy that a "
        "grey picture cannot reach (0 grey, 1 colour only)."
    )
    if difference:
        text += (
            f" Difference of the {part}s' means {minus(difference.difference)}, two-"
            f"sided p = {difference.p_value:.2g} in a permutation test with "
            f"{difference.permutations:,} permutations."
        )
    if part == "group":
        text += (
            " One device: the groups are the halves that the second convolution reads "
            "apart."
        )
    return text.strip()


def minus(number):
    """Two digits after the point and a sign as it is printed."""
    return f"{number:+.2f}".replace("-", "−")


def draw_strip(axes, values, names):
    """One row of marks a part, and its mean as a line."""
    looks = ((BLUE, "o"), (VERMILLION, "^"))
    for row, (these, (colour, mark)) in enumerate(zip(values, looks, strict=False)):
        jitter = row + np.linspace(-0.25, 0.25, 7)[np.arange(len(these)) % 7]
        axes.plot(these, jitter, mark, color=colour, markersize=3, fillstyle="none")
        axes.plot([these.mean()] * 2, [row - 0.4, row + 0.4], color=BLACK, linewidth=2)
    axes.set(xlim=(-0.02, 1.02), ylim=(len(values) - 0.5, -0.5))
    axes.set(xlabel="colour selectivity (line: mean)", yticks=range(len(values)))
    axes.set_yticklabels(names[: len(values)])


def contact_sheet(axes, images, across, marks=None, gap=0.1):
    """Images as squares of side 1 in rows of `across`, `marks` written under them.

    Returns the images' left upper corners, in the axes' data units.
    """
    corners = []
    for index, image in enumerate(images):
        x, y = 1.06 * (index % across), (1 + gap) * (index // across)
        corners.append((x, y))
        axes.imshow(image, extent=(x, x + 1, y + 1, y), interpolation="nearest")
        if marks is not None:
            axes.text(x + 0.5, y + 1.02, marks[index], ha="center", va="top")
    rows = math.ceil(len(images) / across)
    axes.set(xlim=(0, 1.06 * across - 0.06), ylim=((1 + gap) * rows, 0))
    axes.axis("off")
    return corners


# Figure 4: photographs with their labels, and the nearest training images


@dataclass(frozen=True)
class Predicted:
    """Photographs, uint8 (height, width, 3), with probabilities (n, classes), the
    classes' names, titles to write over them (files or correct classes), and the
    correct outputs: an index or None for each, or None where no one knows."""

    photographs: list
    probabilities: np.ndarray
    class_names: tuple[str, ...]
    titles: tuple[str, ...]
    labels: tuple[int | None, ...] | None = None
    about: str = ""

    def best(self, index, top):
        """The `top` most probable outputs of a photograph, the first first."""
        return np.argsort(-self.probabilities[index], kind="stable")[:top]


@dataclass(frozen=True)
class Neighbours:
    """Queries and the training images nearest to each, with their labels."""

    queries: list
    query_labels: tuple[int, ...]
    images: list  # of lists
    labels: list  # of lists
    class_names: tuple[str, ...]
    about: str = ""

    def marks(self):
        """The classes of queries and images row by row, in lines of 11 letters."""
        rows = zip(self.query_labels, self.labels, strict=True)
        names = [self.class_names[one] for query, row in rows for one in (query, *row)]
        return [
            "\n".join(textwrap.wrap(shortened(name, 20), 11)[:2]) or name
            for name in names
        ]


@styled
def predictions_and_neighbours(predicted=None, neighbours=None, top=5):
    """Figure 4: photographs with their most probable labels, and retrieved images.

    One part or both, under each other. `predicted`: `Predicted`; `neighbours`:
    `Neighbours`. Raises ValueError where both are None.
    """
    parts = []
    if predicted is not None:
        parts.append((draw_predictions, predicted, predictions_height(predicted, top)))
    if neighbours is not None:
        lines = 1 + max(mark.count("\n") for mark in neighbours.marks())
        height = len(neighbours.queries) * (SMALL + LINE * lines) + 0.5
        parts.append((draw_neighbours, neighbours, height))
    if not parts:
        raise ValueError("there are neither predictions nor neighbours to draw.")
    heights = [height for *_, height in parts]
    figure = Figure(figsize=(PAGE, sum(heights)), layout="constrained")
    places = figure.subfigures(len(parts), 1, height_ratios=heights, squeeze=False)
    for place, (draw, what, _) in zip(places[:, 0], parts, strict=True):
        draw(place, what, *([top] if draw is draw_predictions else []))
    return figure


ACROSS = 4  # photographs in a row
PHOTOGRAPH, SMALL = 1.15, 0.75  # inches: sides of labelled and retrieved ones


def predictions_height(predicted, top):
    rows = math.ceil(len(predicted.photographs) / ACROSS)
    return rows * (PHOTOGRAPH + 0.2 + bars_height(predicted, top)) + 0.4


def bars_height(predicted, top):
    return 0.05 + 0.18 * min(top, predicted.probabilities.shape[1])


def draw_predictions(parent, predicted, top=5):
    """Photographs in rows of four, each over its most probable labels as bars."""
    rows = math.ceil(len(predicted.photographs) / ACROSS)
    ratios = [PHOTOGRAPH, bars_height(predicted, top)] * rows
    grid = parent.add_gridspec(2 * rows, ACROSS, height_ratios=ratios)
    for index, photograph in enumerate(predicted.photographs):
        row, column = 2 * (index // ACROSS), index % ACROSS
        axes = parent.add_subplot(grid[row, column])
        axes.imshow(thumbnail(photograph))
        axes.set_title(squeezed(predicted.titles[index], 24), fontsize=POINTS)
        axes.axis("off")
        bars = parent.add_subplot(grid[row + 1, column])
        draw_bars(bars, predicted, index, predicted.best(index, top))
    if predicted.about:
        caption(parent, predicted.about)


def draw_bars(axes, predicted, index, best):
    """The best labels of a photograph, the correct one orange, hatched and ticked."""
    correct = predicted.labels[index] if predicted.labels is not None else None
    for row, output in enumerate(best):
        probability = predicted.probabilities[index, output]
        name, look, weight = predicted.class_names[output], {"color": SKY}, "normal"
        name = shortened(name, 17)
        if output == correct:
            look, weight = {"color": ORANGE, "hatch": "////"}, "bold"
            name = f"✓ {name}"
        axes.barh(row, probability, 0.86, edgecolor="white", linewidth=0, **look)
        axes.text(0.01, row, name, va="center", weight=weight)
        axes.text(1.2, row, percent(probability), va="center", ha="right")
    axes.set(xlim=(0, 1.2), ylim=(len(best) - 0.5, -0.5))
    axes.axis("off")


def shortened(name, letters):
    """A class's first name, without its WordNet number, cut at `letters`."""
    first, _, rest = name.partition(" ")
    if rest and len(first) == 9 and first[0] == "n" and first[1:].isdigit():
        name = rest
    name = name.split(",")[0]
    return name if len(name) <= letters else name[: letters - 1].rstrip() + "…"


def squeezed(name, letters):
    """A name with its middle left out where it is too long: file names differ at
    their ends."""
    half = (letters - 1) // 2
    return name if len(name) <= letters else f"{name[:half]}…{name[-half:]}"


def thumbnail(photograph, side=THUMBNAIL):
    """The central square of a photograph, at most `side` pixels wide."""
    side = min(side, *photograph.shape[:2])
    return np.asarray(rescale_and_crop(Image.fromarray(photograph), side))


def draw_neighbours(parent, neighbours):
    """A row a query: the query, then the images nearest to it; those of its class are
    framed."""
    across, marks = len(neighbours.images[0]) + 1, neighbours.marks()
    axes = parent.subplots()
    images, same = [], []
    for query, label, found, labels in zip(
        neighbours.queries,
        neighbours.query_labels,
        neighbours.images,
        neighbours.labels,
        strict=True,
    ):
        images += [thumbnail(image) for image in (query, *found)]
        same += [False, *(one == label for one in labels)]
    lines = 1 + max(mark.count("\n") for mark in marks)
    corners = contact_sheet(axes, images, across, marks, gap=LINE * lines / SMALL)
    for corner, hit in zip(corners, same, strict=True):
        if hit:
            axes.add_patch(
                Rectangle(
                    corner, 1, 1, fill=False, edgecolor=ORANGE, lw=2.5, clip_on=False
                )
            )
    axes.axvline(1.03, color=BLACK, linewidth=1.2)
    caption(
        parent,
        f"First column: queries. Framed: of the query's class. {neighbours.about}",
    )


# The articles' figures


@styled
def curves(history, about=""):
    """Loss and accuracy of a run, epoch by epoch; training solid, validation dashed.

    `history` is a run's log: lines with "epoch", "loss", "top1_error" and mostly
    "val_loss", "val_top1_error". Raises ValueError for an empty one.
    """
    if not history:
        raise ValueError("no epoch has been trained yet: there is no curve to draw.")
    figure = Figure(figsize=(PAGE, 2.9), layout="constrained")
    panels = figure.subplots(1, 2)
    mark = 3 if len(history) < 40 else 0
    for axes, key, name in zip(
        panels, ("loss", "top1_error"), ("loss, nats", "accuracy"), strict=True
    ):
        for prefix, line, colour, label in (
            ("", "o-", BLUE, "training"),
            ("val_", "s--", VERMILLION, "validation"),
        ):
            rows = [row for row in history if prefix + key in row]
            values = [row[prefix + key] for row in rows]
            if key == "top1_error":
                values = [1 - value for value in values]
            axes.plot(
                [row["epoch"] for row in rows],
                values,
                line,
                color=colour,
                label=label,
                markersize=mark,
            )
        axes.set(xlabel="epoch", ylabel=name)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
        axes.grid(color="#dddddd", linewidth=0.5)
    panels[1].yaxis.set_major_formatter(PercentFormatter(1, 0, " %"))
    panels[0].legend(frameon=False)
    caption(
        figure,
        f"{about} Training: mean over the epoch's steps, dropout on. "
        "Validation: after the epoch.",
    )
    return figure


@styled
def confusion(labels, predicted, class_names, about=""):
    """Confusion matrices side by side: images, and % of the images of each class.

    Args:
        labels: (n,) correct classes, from 0.
        predicted: (n,) most probable ones.
        class_names: All classes; a row and a column each.
    """
    from sklearn.metrics import ConfusionMatrixDisplay
    from sklearn.metrics import confusion_matrix

    names = [shortened(name, 16) for name in class_names]
    matrix = confusion_matrix(labels, predicted, labels=range(len(names)))
    share = 100 * matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    figure, panels = confusion_panels(names, len(str(matrix.max())))
    readable = len(names) <= READABLE
    for axes, values, title in zip(
        panels, (matrix, share), ("images", "% of the correct class"), strict=True
    ):
        ConfusionMatrixDisplay(np.round(values).astype(int), display_labels=names).plot(
            ax=axes,
            cmap="Blues",
            colorbar=False,
            include_values=readable,
            values_format="d",
            xticks_rotation="vertical",
            text_kw={"fontsize": POINTS},
            im_kw={
                "vmin": 0,
                "vmax": max(matrix.max(), 1) if values is matrix else 100,
            },
        )
        axes.set(title=title, xlabel="predicted")
        axes.set_ylabel("correct" if axes.get_subplotspec().is_first_col() else "")
        if not readable:
            axes.set(xticks=[], yticks=[])
    caption(figure, about, figure.get_size_inches()[0])
    return figure


READABLE = 40  # classes: with more of them there is no room for names and numbers
LANDSCAPE = 10.0  # inches: the widest that a page turned on its side holds


def confusion_panels(names, digits):
    """A figure and its two panels: beside each other where a page holds them."""
    side, margin = 3.2, 0.5
    if len(names) <= READABLE:
        side = max(len(names) * (0.065 * max(digits, 3) + 0.04), 1.5)
        margin += 0.07 * max(map(len, names))
    beside = 2 * side + margin + 0.3 <= LANDSCAPE
    across, down = (2, 1) if beside else (1, 2)
    size = max(across * side + margin + 0.3, 4.5), down * (side + margin + 0.1) + 0.2
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(down, across, sharey=beside)
    return figure, panels


# Variants side by side


@styled
def comparison(rows, about=""):
    """A line a variant, a panel a quantity: error with its interval, parameters,
    multiply-adds, and images/s. `rows` are `comparison.Row`s; one that was not run says
    so in place of its error."""
    figure = Figure(figsize=(PAGE, 0.25 * len(rows) + 1.5), layout="constrained")
    panels = figure.subplots(1, 4, sharey=True, width_ratios=(1.3, 1, 1, 1.1))
    draw_errors(panels[0], rows)
    sizes = [row.parameters for row in rows], [row.macs for row in rows]
    for axes, values in zip(panels[1:3], sizes, strict=True):
        axes.plot(values, range(len(rows)), "o", color=BLACK, markersize=4)
        for line, value in enumerate(values):
            beside(axes, value, line, SHORT(value), value > geometric_middle(values))
    for kind, colour, mark in (("train", VERMILLION, "s"), ("forward", BLUE, "^")):
        speed = [getattr(row, kind) for row in rows]
        panels[3].plot(
            speed, range(len(rows)), mark, color=colour, markersize=4, label=kind
        )
    panels[3].legend(
        frameon=False,
        ncols=2,
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        handletextpad=0.1,
        columnspacing=0.8,
    )
    names = ("top-1 error, %", "parameters", "multiply-adds", "images/s")
    for axes, name in zip(panels, names, strict=True):
        axes.set_xlabel(name)
        axes.grid(color="#dddddd", linewidth=0.5)
        axes.set_axisbelow(True)
        axes.tick_params(axis="y", length=0)
    for axes in panels[1:]:
        axes.set_xscale("log")
        axes.margins(x=0.15)
        axes.xaxis.set_major_formatter(ROUND)
        axes.xaxis.set_minor_formatter(NullFormatter())
    panels[0].set_yticks(range(len(rows)), [row.variant for row in rows])
    panels[0].set_ylim(len(rows) - 0.5, -0.5)
    caption(figure, about)
    return figure


@styled
def effects(found, about=""):
    """A line a changed net and measure: the difference with its interval over seeds.
    `found`: {(arm, words of the measure): `effects.Effect`}."""
    figure = Figure(figsize=(PAGE, 0.25 * len(found) + 1.0), layout="constrained")
    axes = figure.subplots()
    for line, effect in enumerate(found.values()):
        low, high = effect.interval or (effect.mean, effect.mean)
        colour = {1: VERMILLION, -1: BLUE, 0: BLACK}[effect.sign]
        axes.plot([low, high], [line, line], "|-", color=colour, markersize=5)
        axes.plot(effect.mean, line, "o", color=colour, markersize=4)
        beside(axes, high, line, f"{effect.mean:+.1f}")
    axes.axvline(0, color=GREY, linewidth=1)
    names = [f"{arm}: {what}" for arm, what in found]
    axes.set_yticks(range(len(found)), names)
    axes.set_ylim(len(found) - 0.5, -0.5)
    axes.set_xlabel("points more than the unchanged net")
    axes.margins(x=0.1)
    axes.grid(axis="x", color="#dddddd", linewidth=0.5)
    axes.set_axisbelow(True)
    caption(figure, about)
    return figure


def geometric_middle(values):
    return math.sqrt(min(values) * max(values))


def beside(axes, x, line, words, left=False):
    """Words to the right of a point, or to its left."""
    axes.annotate(
        words,
        (x, line),
        (-5 if left else 5, 0),
        textcoords="offset points",
        ha="right" if left else "left",
        va="center_baseline",
    )


def draw_errors(axes, rows):
    """A point with its 95 % interval a variant, and its number beside it."""
    errors = [row.error and [100 * value for value in row.error] for row in rows]
    most = max((high for _, _, high in filter(None, errors)), default=100)
    for line, (row, error) in enumerate(zip(rows, errors, strict=True)):
        if error is None:
            words = row.ended or "not run"
            axes.text(most / 40, line, words, style="italic", va="center_baseline")
            continue
        error, low, high = error
        axes.plot([low, high], [line, line], "|-", color=BLACK, markersize=5)
        axes.plot(error, line, "o", color=BLACK, markersize=4)
        left = high > 0.6 * most
        beside(axes, low if left else high, line, f"{error:.1f}", left)
    axes.set_xlim(0, min(1.08 * most, 100))
