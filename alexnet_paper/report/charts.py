"""Charts: Figure 1, snapshots of a run, training curves, confusion matrices, the
comparison of variants, and the results of experiments."""

import math
import statistics

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter
from matplotlib.ticker import MaxNLocator
from matplotlib.ticker import NullFormatter
from matplotlib.ticker import PercentFormatter

from alexnet_paper.nets.specs import Dropout
from alexnet_paper.report.style import BLACK
from alexnet_paper.report.style import BLUE
from alexnet_paper.report.style import COLUMN
from alexnet_paper.report.style import GREEN
from alexnet_paper.report.style import GREY
from alexnet_paper.report.style import PAGE
from alexnet_paper.report.style import POINTS
from alexnet_paper.report.style import VERMILLION
from alexnet_paper.report.style import caption
from alexnet_paper.report.style import percent
from alexnet_paper.report.style import shortened
from alexnet_paper.report.style import styled
from alexnet_paper.results.curves import KINDS

ROUND, SHORT = EngFormatter(places=0, sep=""), EngFormatter(places=1, sep="")  # 17M

# Figure 1: ReLU against saturating neurons

LINES = {"relu": (BLUE, "-", "o"), "tanh": (VERMILLION, "--", "s")}
LINES["sigmoid"] = (GREEN, "-.", "^")


@styled
def training_error(paces, target=0.25, about=""):
    """Draws Figure 1: training error against the epoch, ReLU solid, tanh dashed.

    Args:
        paces: A `curves.Pace` for each net.
        target: The training error to reach.
        about: Caption: what is to be said of all nets.
    """
    figure = Figure(figsize=(COLUMN, 3.4 * len(paces)), layout="constrained")
    panels, said = figure.subplots(len(paces), squeeze=False).flat, []
    for axes, pace in zip(panels, paces, strict=True):
        draw_pace(axes, pace, target)
        if len(paces) > 1:
            axes.set_title(pace.net)
        reached = ", ".join(
            f"{KINDS[kind]} ({pace.rates[kind]:g}) {epochs_text(pace, kind)}"
            for kind in pace.records
        )
        said.append(f"{pace.net}: {reached}.")
    text = f"Epochs to {percent(target)} training error (learning rate). "
    caption(figure, f"{text}{' '.join(said)} {about}".strip(), COLUMN)
    return figure


def draw_pace(axes, pace, target):
    """Draws the curves of one net, and where their medians reach the target."""
    for kind, records in pace.records.items():
        colour, line, mark = LINES[kind]
        draw_seeds(axes, [one.history for one in records], colour, line, KINDS[kind])
        median = statistics.median(pace.epochs[kind])
        if math.isfinite(median):
            axes.plot(median, target, mark, color=colour)
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


def draw_seeds(axes, histories, colour, line, name):
    """Draws a thin line for each seed, and their median as a thick line.

    The median ends with the shortest history.
    """
    lines = [[row["top1_error"] for row in history] for history in histories]
    for history, errors in zip(histories, lines, strict=True):
        epochs = [row["epoch"] for row in history]
        axes.plot(epochs, errors, line, color=colour, linewidth=0.6, alpha=0.6)
    shortest = min(histories, key=len)
    median = np.median([errors[: len(shortest)] for errors in lines], axis=0)
    epochs = [row["epoch"] for row in shortest]
    label = f"{name}, median of {len(lines)} seed{'s' if len(lines) > 1 else ''}"
    axes.plot(epochs, median, line, color=colour, linewidth=1.8, label=label)


def epochs_text(pace, kind):
    median = statistics.median(pace.epochs[kind])
    if math.isfinite(median):
        return f"{median:.3g}"
    return f"not in {min(len(one.history) for one in pace.records[kind])}"


# Snapshots of a training run

DODGE = 2  # epochs by which a point is drawn to the right of another one


@styled
def snapshots(history, tested, taken, drops=(), about=""):
    """Draws the errors of snapshots of one net beside the learning curve of another.

    Args:
        history: The log of the net that was trained here.
        tested: (epoch, test error, its interval) of that net.
        taken: {"train" or "test": [(epoch, error, interval), ...]} of the snapshots.
        drops: Epochs after which the learning rate falls.
        about: The caption.
    """
    figure = Figure(figsize=(PAGE, 3.4), layout="constrained")
    axes = figure.subplots()
    epochs, errors = zip(
        *((row["epoch"], row["top1_error"]) for row in history), strict=True
    )
    axes.plot(epochs, errors, color=BLUE, label="trained here: training error")
    beside = tested[0] + DODGE, *tested[1:]
    test_errors(axes, [beside], "o", BLUE, "trained here: test error", 8)
    test_errors(axes, taken["test"], "s--", VERMILLION, "snapshots: test error", -8)
    if "train" in taken:
        epochs, errors, _ = zip(*taken["train"], strict=True)
        look = {"color": VERMILLION, "ms": 4, "mfc": "white"}
        axes.plot(epochs, errors, "^:", label="snapshots: training error", **look)
    for drop in drops:
        axes.axvline(drop, color=GREY, linestyle=":", linewidth=1)
    epochs, errors, _ = zip(*taken["test"], strict=True)
    axes.set(xlabel="epoch", xlim=(0, 1.12 * tested[0]), xticks=(0, *epochs))
    axes.set(ylabel="error", ylim=(0, math.ceil(17 * max(errors)) / 10))
    axes.yaxis.set_major_formatter(PercentFormatter(1, 0, " %"))
    axes.legend(frameon=False, loc="upper center")
    caption(figure, about)
    return figure


def test_errors(axes, points, mark, colour, label, lift):
    """Draws (epoch, error, interval)s with their bars, and the last error in words,
    `lift` points above it."""
    epochs, errors, intervals = zip(*points, strict=True)
    reach = np.abs(np.transpose(intervals) - np.array(errors))
    look = {"color": colour, "ms": 3, "capsize": 3, "elinewidth": 1, "label": label}
    axes.errorbar(epochs, errors, reach, fmt=mark, mfc="white", **look)
    axes.annotate(
        f"{100 * errors[-1]:.2f} %",
        (epochs[-1], errors[-1]),
        (6, lift),
        textcoords="offset points",
        va="center",
        color=colour,
    )


# The articles' figures


@styled
def curves(history, about="", layers=()):
    """Draws loss and accuracy against the epoch; training solid, validation dashed.

    Args:
        history: A run's log: lines with "epoch", "loss", "top1_error" and, if the
            epoch was validated, "val_loss" and "val_top1_error".
        about: Caption: the net and its training.
        layers: The net's layer specs; with a `Dropout` among them the caption says
            that dropout was on in training.

    Raises:
        ValueError: for an empty history.
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
    dropout = any(isinstance(spec, Dropout) for spec in layers)
    measured = "mean over the epoch's steps" + (", dropout on" if dropout else "")
    caption(figure, f"{about} Training: {measured}. Validation: after the epoch.")
    return figure


@styled
def confusion(labels, predicted, class_names, about=""):
    """Draws two confusion matrices: in images, and in % of each class's images.

    Args:
        labels: (n,) correct classes, from 0.
        predicted: (n,) most probable classes.
        class_names: Names of all classes.
        about: The caption.
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


READABLE = 40  # classes: with more of them, names and numbers do not fit
LANDSCAPE = 10.0  # inches: the width of a landscape page


def confusion_panels(names, digits):
    """Returns a figure and its two panels, side by side if they fit a page."""
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
    """Draws variants as lines: error with its interval, parameters, multiply-adds and
    images/s. `rows` are `compare.Row`s; a variant without a run has no error."""
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
def effects(decisions, about=""):
    """Draws the effect of every removal on test error and on training error.

    Effects have intervals; a diamond is the paper's number. `decisions` are from
    `hypotheses.decide`.
    """
    lines = {}
    for one in decisions:
        lines.setdefault(one.hypothesis.label, one)
    figure = Figure(figsize=(PAGE, 0.25 * len(lines) + 1.2), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for axes, name in zip(panels, ("test", "train"), strict=True):
        for line, decision in enumerate(lines.values()):
            if found := getattr(decision, name):
                printed = printed_error(decision.hypothesis) if name == "test" else None
                passed = decision.gate is None or decision.gate.all
                draw_effect(axes, line, found, passed, printed)
        axes.axvline(0, color=GREY, linewidth=1)
        axes.update_datalim([(-0.5, 0), (0.5, 0)])  # where no arm differs
        axes.margins(x=0.4)  # room for the numbers
        axes.grid(axis="x", color="#dddddd", linewidth=0.5)
        axes.set_axisbelow(True)
    panels[0].set_yticks(range(len(lines)), list(lines))
    panels[0].set_ylim(len(lines) - 0.5, -0.5)
    panels[0].set_xlabel("test error, points lost without it")
    panels[1].set_xlabel("training error, points lost without it")
    caption(figure, about)
    return figure


def printed_error(hypothesis):
    """Returns the paper's difference of test errors in points, or None."""
    return hypothesis.printed if hypothesis.measure == "ten views" else None


def draw_effect(axes, line, found, passed, printed=None):
    """Draws one difference with its interval; hollow if the gate was not passed."""
    colour = {1: VERMILLION, -1: BLUE, 0: BLACK}[found.sign]
    axes.plot([found.low, found.high], [line] * 2, "|-", color=colour, ms=5)
    face = colour if passed else "white"
    axes.plot(found.mean, line, "o", color=colour, mfc=face, ms=4)
    if printed is not None:
        axes.plot(printed, line, "D", color=GREY, mfc="none", ms=6)
    words = f"{found.mean:+.1f}".replace("-", "−")
    words = "0.0" if words.endswith("0.0") else words
    if found.mean < 0:  # keep the number away from the line at 0
        beside(axes, found.low, line, words, left=True)
    else:
        beside(axes, max(found.high, printed or 0), line, words)


@styled
def leaving(steps, most, about=""):
    """Draws the steps until the loss left the plateau: a line for each arm.

    A dot is a seed; a cross at the end stands for seeds that never left it. `steps` is
    {arm: steps of every seed, or math.inf}, `most` the number of steps that were run.
    """
    figure = Figure(figsize=(PAGE, 0.25 * len(steps) + 1.2), layout="constrained")
    axes = figure.subplots()
    for line, found in enumerate(steps.values()):
        left = [count for count in found if math.isfinite(count)]
        never = len(found) - len(left)
        axes.plot(left, [line] * len(left), "o", color=BLUE, ms=4, alpha=0.6)
        axes.plot([most] * bool(never), [line] * bool(never), "x", color=VERMILLION)
        if never:
            beside(axes, most, line, f"{never} of {len(found)} never")
        median = sorted(found)[len(found) // 2]
        if math.isfinite(median):
            axes.plot([median] * 2, [line - 0.3, line + 0.3], color=BLACK)
    axes.set_xlim(0, 1.15 * most)
    axes.set_yticks(range(len(steps)), list(steps))
    axes.set_ylim(len(steps) - 0.5, -0.5)
    axes.set_xlabel("steps until the loss is below 0.9 ln(10)")
    axes.grid(axis="x", color="#dddddd", linewidth=0.5)
    axes.set_axisbelow(True)
    caption(figure, about)
    return figure


def geometric_middle(values):
    return math.sqrt(min(values) * max(values))


def beside(axes, x, line, words, left=False):
    """Writes words to the right of a point, or to its left."""
    axes.annotate(
        words,
        (x, line),
        (-5 if left else 5, 0),
        textcoords="offset points",
        ha="right" if left else "left",
        va="center_baseline",
    )


def draw_errors(axes, rows):
    """Draws each variant's error as a point with its 95 % interval and its number."""
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
