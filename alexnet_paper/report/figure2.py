"""Figure 2: a diagram of any net, drawn from its specs."""

import math
import textwrap
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch
from matplotlib.patches import Rectangle

from alexnet_paper.nets import specs
from alexnet_paper.report.style import BLACK
from alexnet_paper.report.style import CAPTION
from alexnet_paper.report.style import LINE
from alexnet_paper.report.style import ORANGE
from alexnet_paper.report.style import PAGE
from alexnet_paper.report.style import SKY
from alexnet_paper.report.style import VERMILLION
from alexnet_paper.report.style import letters
from alexnet_paper.report.style import styled


@dataclass(frozen=True)
class Stage:
    """A learned layer, or the image, as a column of Figure 2."""

    name: str
    shape: tuple[int, ...]  # of one tower's part
    towers: str  # "ab", "a", "b", or "" if it belongs to no tower
    head: tuple[str, ...]  # lines on the layer
    then: tuple[str, ...] = ()  # lines on the layers between it and the next stage


def stages(architecture):
    """Returns the `Stage`s of a net."""
    found = [Stage("image", architecture.input_shape, "", ())]
    layers = specs.trace(architecture)
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
    """Returns lines on a learned layer: "48 kernels", "11×11×3", "stride 4"."""
    spec, inputs = layer.spec, layer.input_shape[-1] // layer.spec.groups
    if isinstance(spec, specs.Dense):
        inputs = math.prod(layer.input_shape) // spec.groups
        return f"{maps} units", f"from {inputs}"
    lines = [f"{maps} kernels", f"{spec.kernel}×{spec.kernel}×{inputs}"]
    if spec.stride > 1:
        lines.append(f"stride {spec.stride}")
    if spec.groups > 1 and not layer.towers:
        lines.append(f"{spec.groups} groups")
    if isinstance(spec, specs.Local):
        lines.append("unshared")
    return tuple(lines)


def what_follows(layer):
    """Returns lines on a layer without weights: "LRN"; "max 3/2", "→ 27×27"."""
    spec = layer.spec
    if isinstance(spec, specs.MaxPool):
        size = "×".join(map(str, layer.output_shape[:2]))
        return pooling(spec), f"→ {size}"
    if isinstance(spec, specs.Dropout):
        return (f"drop {spec.rate:g}",)
    names = {specs.LRN: "LRN", specs.SpatialNorm: "map norm", specs.BatchNorm: "BN"}
    names |= {specs.Softmax: "softmax", specs.Tanh: "tanh", specs.Sigmoid: "sigmoid"}
    return (names.get(type(spec), type(spec).__name__),)


def pooling(spec):
    """Returns "max 3/2" for 3×3 max-pooling with stride 2."""
    kind = "mean" if isinstance(spec, specs.AvgPool) else "max"
    return f"{kind} {spec.size}/{spec.stride}"


@styled
def architecture_diagram(architecture, title=""):
    """Draws Figure 2: the net from the image to the classes, its towers as rows.

    It draws any `Architecture`, from `specs.trace` and `specs.crossings` alone.
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
    figure.text(0.01, 0.05 / total, text, va="bottom", label=CAPTION)
    figure.suptitle(title or architecture.name, y=1 - 0.05 / total, va="top")
    return figure


TALL, APART = 1.15, 0.4  # inches: the tallest box; the gap between the towers' rows


def diagram_rows(columns, towers):
    """Returns ({tower: y of its boxes' middle}, height of the diagram), in inches.

    The tower "" is for stages that belong to no tower.
    """
    below = LINE * (1.8 + max(len(stage.then) for stage in columns))
    above = LINE * (1.3 + max(len(stage.head) for stage in columns))
    low = below + TALL / 2
    if towers == 1:
        return {"": low}, low + TALL / 2 + above
    above += 1.5 * LINE  # for the sizes of tower a's maps
    high = low + TALL + APART
    return {"a": high, "b": low, "": (low + high) / 2}, high + TALL / 2 + above


def diagram_caption(architecture):
    totals = specs.totals(architecture)
    text = (
        f"{totals.parameters:,} parameters, {totals.macs:,} multiply-adds, "
        f"{totals.neurons:,} neurons. Square roots of the maps' side and number give "
        "the boxes' height and width."
    )
    pools = [spec for spec in architecture.layers if isinstance(spec, specs.MaxPool)]
    for pool in pools[:1]:
        size = f"{pool.size}×{pool.size}"
        text += f" “{pooling(pool)}” is pooling {size} with stride {pool.stride}."
    if architecture.towers == 2:
        text += (
            " Solid arrows: inputs from the same tower. Dashed: from the other tower."
        )
    return text


def box_size(shape, columns):
    """Returns (width, height) in inches: square roots of maps and side, or of units."""
    shapes = [stage.shape for stage in columns]
    if len(shape) == 1:
        most = max(1000, *(other[0] for other in shapes if len(other) == 1))
        return 0.1, max(TALL * math.sqrt(shape[0] / most), 0.08)
    side = max(other[0] for other in shapes if len(other) == 3)
    most = max(other[2] for other in shapes if len(other) == 3)
    wide = 0.05 + 0.3 * math.sqrt(shape[2] / most)
    return wide, max(TALL * math.sqrt(shape[0] / side), 0.08)


def centres(columns):
    """Returns the x of every column, in inches."""
    return (np.arange(len(columns)) + 0.5) * PAGE / len(columns)


def draw_boxes(axes, columns, rows):
    """Draws a box for every stage and tower.

    Returns {(index of the stage, tower): patch}.
    """
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
    """Draws an arrow for every input of a layer: solid from its own tower or from the
    image, dashed from the other tower (`specs.crossings`)."""
    names = [stage.name for stage in columns]
    for index in range(1, len(columns)):
        for tower in columns[index].towers or [""]:
            for source in dict.fromkeys((tower, "")):
                if (index - 1, source) in boxes:
                    arrow(axes, boxes[index - 1, source], boxes[index, tower], False)
    for crossing in specs.crossings(architecture):
        index = names.index(crossing.into)
        source = boxes[index - 1, crossing.source]
        arrow(axes, source, boxes[index, crossing.target], True)


def arrow(axes, source, target, crosses):
    """Draws an arrow from the right side of one box to the left side of another."""
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
    """Writes names and kernels above the boxes, sizes beside, other layers below."""
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
