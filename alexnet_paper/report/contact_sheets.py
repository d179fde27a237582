"""Figure 3, the first layer's kernels, and Figure 4, photographs with their labels and
their nearest training images."""

import math
import textwrap
from dataclasses import dataclass
from dataclasses import replace

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from alexnet_paper.data.augment import rescale_and_crop
from alexnet_paper.report.style import BLACK
from alexnet_paper.report.style import BLUE
from alexnet_paper.report.style import LINE
from alexnet_paper.report.style import ORANGE
from alexnet_paper.report.style import PAGE
from alexnet_paper.report.style import POINTS
from alexnet_paper.report.style import SKY
from alexnet_paper.report.style import VERMILLION
from alexnet_paper.report.style import caption
from alexnet_paper.report.style import fitted
from alexnet_paper.report.style import percent
from alexnet_paper.report.style import shortened
from alexnet_paper.report.style import squeezed
from alexnet_paper.report.style import styled

THUMBNAIL = 200  # pixels: the largest side of a photograph in a figure

# Figure 3: the first layer's kernels


@styled
def first_layer(kernels, selectivity, parts=1, part="", difference=None, about=""):
    """Draws Figure 3: the first layer's kernels by tower, and their selectivities.

    Args:
        kernels: (height, width, 3, n), RGB.
        selectivity: (n,) from `colour.colour_selectivity`, printed under each kernel.
        parts: 2 if the kernels belong to two towers or groups, else 1.
        part: "tower" or "group".
        difference: `colour.TowerDifference` of two parts.
        about: Caption: the net.
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
    """Returns a kernel as an image in [0, 1]: 0.5 is zero, 0 and 1 the extremes."""
    largest = np.abs(kernel).max()
    return 0.5 + kernel / (2 * largest) if largest else np.full(kernel.shape, 0.5)


def first_layer_caption(difference, part, about):
    text = (
        f"{about} Each kernel is scaled to its own range, symmetric about zero (mid-"
        "grey). Numbers: colour selectivity, the share of a kernel's energy that does "
        "not respond to grey (0: grey only, 1: colour only)."
    )
    if difference:
        text += (
            f" Difference of the {part}s' means {minus(difference.difference)}, two-"
            f"sided p = {difference.p_value:.2g} in a permutation test with "
            f"{difference.permutations:,} permutations."
        )
    if part == "group":
        text += (
            " The net has one tower: its second convolution reads the kernels' maps in "
            "two groups."
        )
    return text.strip()


def minus(number):
    """Returns a number with two decimals, a sign, and a typographic minus."""
    return f"{number:+.2f}".replace("-", "−")


def draw_strip(axes, values, names):
    """Draws a row of marks for each part, and its mean as a line."""
    looks = ((BLUE, "o"), (VERMILLION, "^"))
    for row, (these, (colour, mark)) in enumerate(zip(values, looks, strict=False)):
        jitter = row + np.linspace(-0.25, 0.25, 7)[np.arange(len(these)) % 7]
        axes.plot(these, jitter, mark, color=colour, markersize=3, fillstyle="none")
        axes.plot([these.mean()] * 2, [row - 0.4, row + 0.4], color=BLACK, linewidth=2)
    axes.set(xlim=(-0.02, 1.02), ylim=(len(values) - 0.5, -0.5))
    axes.set(xlabel="colour selectivity (line: mean)", yticks=range(len(values)))
    axes.set_yticklabels(names[: len(values)])


def contact_sheet(axes, images, across, marks=None, gap=0.1):
    """Draws images as squares of side 1 in rows of `across`, with `marks` under them.

    Returns the images' upper left corners in data units.
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
    """Photographs, uint8 (height, width, 3), with their predictions.

    `probabilities` is (n, classes). `titles` are written over the photographs: file
    names or correct classes. `labels` are the correct outputs: an index for each
    photograph, or None if it is unknown or not among the outputs.
    """

    photographs: list
    probabilities: np.ndarray
    class_names: tuple[str, ...]
    titles: tuple[str, ...]
    labels: tuple[int | None, ...] | None = None
    about: str = ""

    def best(self, index, top):
        """Returns the `top` most probable outputs of a photograph, in order."""
        return np.argsort(-self.probabilities[index], kind="stable")[:top]

    def in_words(self, words):
        """Returns a copy with class names and titles replaced by `words`, a dict."""
        names, titles = (
            tuple(words.get(name, name) for name in row)
            for row in (self.class_names, self.titles)
        )
        return replace(self, class_names=names, titles=titles)


@dataclass(frozen=True)
class Neighbours:
    """Queries and the training images nearest to each, with their labels."""

    queries: list
    query_labels: tuple[int, ...]
    images: list  # a list for each query
    labels: list  # a list for each query
    class_names: tuple[str, ...]
    about: str = ""

    def marks(self):
        """Returns the classes of queries and images by row, wrapped to 11 letters."""
        rows = zip(self.query_labels, self.labels, strict=True)
        names = [self.class_names[one] for query, row in rows for one in (query, *row)]
        return [
            "\n".join(textwrap.wrap(shortened(name, 20), 11)[:2]) or name
            for name in names
        ]


@styled
def predictions_and_neighbours(predicted=None, neighbours=None, top=5):
    """Draws Figure 4: photographs with their `top` labels, and nearest images.

    Either `predicted` (`Predicted`) or `neighbours` (`Neighbours`) may be None. Raises
    ValueError if both are None.
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
PHOTOGRAPH, SMALL = 1.15, 0.75  # inches: sides of labelled and of nearest images
BAR, TICK = 1.22, 0.14  # inches: a full bar, "✓ "
WIDE = 1.32  # of a bar's length, with "100 %" beside it


def predictions_height(predicted, top):
    rows = math.ceil(len(predicted.photographs) / ACROSS)
    return rows * (PHOTOGRAPH + 0.2 + bars_height(predicted, top)) + 0.4


def bars_height(predicted, top):
    return 0.05 + 0.18 * min(top, predicted.probabilities.shape[1])


def draw_predictions(parent, predicted, top=5):
    """Draws photographs in rows of four, each above its most probable labels."""
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
    """Draws the best labels as bars; the correct one is orange, hatched and ticked."""
    correct = predicted.labels[index] if predicted.labels is not None else None
    for row, output in enumerate(best):
        probability = predicted.probabilities[index, output]
        name, look, weight = predicted.class_names[output], {"color": SKY}, "normal"
        if output == correct:
            look, weight = {"color": ORANGE, "hatch": "////"}, "bold"
            name = "✓ " + fitted(shortened, name, BAR - TICK, weight)
        else:
            name = fitted(shortened, name, BAR)
        axes.barh(row, probability, 0.86, edgecolor="white", linewidth=0, **look)
        axes.text(0.01, row, name, va="center", weight=weight)
        axes.text(WIDE, row, percent(probability), va="center", ha="right")
    axes.set(xlim=(0, WIDE), ylim=(len(best) - 0.5, -0.5))
    axes.axis("off")


def thumbnail(photograph, side=THUMBNAIL):
    """Returns the central square of a photograph, at most `side` pixels wide."""
    side = min(side, *photograph.shape[:2])
    return np.asarray(rescale_and_crop(Image.fromarray(photograph), side))


def draw_neighbours(parent, neighbours):
    """Draws a row for each query: the query, then its nearest images.

    Images of the query's class have a frame.
    """
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
