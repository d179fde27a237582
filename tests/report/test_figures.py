"""Figures by what is in them (texts, bars, images, arrows), not by their pixels; and
the program that draws them, as a person meets it."""

import dataclasses
import itertools
import json
import math
import re
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import records
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch
from matplotlib.text import Text
from untrained import untrained

from alexnet_paper.nets import specs
from alexnet_paper.nets.variants import VARIANTS
from alexnet_paper.report import charts
from alexnet_paper.report import contact_sheets
from alexnet_paper.report import figure2
from alexnet_paper.report import figures
from alexnet_paper.report import style
from alexnet_paper.results import curves
from alexnet_paper.results.colour import TowerDifference
from alexnet_paper.results.hypotheses import Decision
from alexnet_paper.results.hypotheses import Difference
from alexnet_paper.training import train as training
from alexnet_paper.training.plan import Plan
from alexnet_paper.weights import convert
from alexnet_paper.weights import net as nets
from reproduce import figure as program


def texts(figure):
    """Every text that a figure shows, in one string; none is too small to read."""
    figure.draw_without_rendering()  # makes the ticks' labels
    found = [text for text in figure.findobj(Text) if text.get_text()]
    assert min(text.get_fontsize() for text in found) >= 8
    shown = [text.get_text() for text in found if text.get_visible()]
    return " ".join("\n".join(shown).split())


def check_texts(figure):
    """No words overlap or leave the figure."""
    figure.draw_without_rendering()
    off = [axes for axes in figure.findobj(Axes) if not axes.axison]
    ticks = {id(text) for a in off for text in (*a.xaxis.findobj(), *a.yaxis.findobj())}
    boxes = [
        (text.get_text(), text.get_window_extent(figure._get_renderer()))
        for text in figure.findobj(Text)
        if text.get_text().strip() and text.get_visible() and id(text) not in ticks
    ]
    edge = figure.bbox.padded(1)
    for text, box in boxes:
        assert edge.x0 <= box.x0 and box.x1 <= edge.x1, text
        assert edge.y0 <= box.y0 and box.y1 <= edge.y1, text
    for (one, first), (other, second) in itertools.combinations(boxes, 2):
        wide = min(first.x1, second.x1) - max(first.x0, second.x0)
        high = min(first.y1, second.y1) - max(first.y0, second.y0)
        assert wide <= 0 or high <= 2, (one, other)


def history(*errors):
    return [
        records.line(
            epoch,
            **{"loss": 3 * error, "top1_error": error},
            **{"val_loss": 4 * error, "val_top1_error": error + 0.05},
        )
        for epoch, error in enumerate(errors, 1)
    ]


# saving


@pytest.mark.parametrize(
    ("suffix", "start"), [(".PNG", b"\x89PNG"), (".pdf", b"%PDF"), (".svg", b"<?xml")]
)
def test_the_same_figure_has_the_same_bytes(suffix, start, tmp_path):
    """Drawn twice, and saved twice."""
    first, second = (charts.curves(history(0.9, 0.5)) for _ in range(2))
    found = set()
    for number, figure in enumerate((first, first, second)):
        path = tmp_path / "new" / f"{number}{suffix}"
        style.save(figure, path)
        found.add(path.read_bytes())
    (content,) = found
    assert content.startswith(start)


def test_a_save_that_fails_leaves_nothing(tmp_path, monkeypatch):
    """Also one under another ending."""
    figure = Figure()
    monkeypatch.setattr(figure, "savefig", lambda file, **options: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        style.save(figure, tmp_path / "figure.png")
    for name in ("figure", "figure.png.txt"):
        with pytest.raises(ValueError, match=f"{re.escape(name)}: a figure's name"):
            style.save(Figure(), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_figures_without_captions():
    """Smaller by their captions; nothing else is lost or cut, no box is stretched."""
    rows = contact_sheets.Neighbours(
        [GREY], (0,), [[GREY] * 6], [[0, 1, 0, 1, 1, 1]], NAMES, "About."
    )
    two = predicted(about="About. " * 50)
    for figure in (
        charts.confusion(np.arange(6), np.arange(6), NAMES, "About."),
        figure2.architecture_diagram(VARIANTS["paper"].architecture),
        contact_sheets.predictions_and_neighbours(two, rows),
    ):
        before, (width, height) = texts(figure), figure.get_size_inches()
        axes = figure.axes[0]
        high = axes.get_window_extent().height
        style.without_captions(figure)
        after = texts(figure)
        assert figure.get_size_inches()[0] == width
        assert height - 1.5 < figure.get_size_inches()[1] < height - 0.1
        assert "About." not in after and "multiply-adds" not in after
        assert len(after) < len(before) and after.split()[0] in before
        if figure.get_layout_engine() is None:
            assert axes.get_window_extent().height == pytest.approx(high)
        check_texts(figure)


# Figure 1


def of(runs):
    made = (history(*errors) for errors in runs)
    return [records.record("net", "d", "test", 9, {}, lines) for lines in made]


def test_figure_1_shows_every_seed_and_the_medians():
    relu = (0.8, 0.3, 0.2, 0.1), (0.8, 0.2, 0.1, 0.1), (0.7, 0.3, 0.25)
    tanh = np.linspace(0.9, 0.25, 12), np.linspace(0.9, 0.3, 12)
    runs = {"relu": of(relu), "tanh": of(tanh)}
    epochs = {"relu": [3, 2, 3], "tanh": [12, math.inf]}
    pace = curves.Pace(runs, epochs, {"relu": 0.1, "tanh": 0.3}, {})
    second = dataclasses.replace(pace, records={**runs, "sigmoid": of(tanh)})
    second.epochs["sigmoid"], second.rates["sigmoid"] = [12, 12], 1
    figure = charts.training_error([pace, second], about="Six.")
    axes, below = figure.get_axes()
    drawn = [line for line in axes.lines if len(line.get_xdata()) > 2]
    assert [line.get_linestyle() for line in drawn] == ["-"] * 4 + ["--"] * 3
    median = drawn[3]  # as long as the shortest seed
    assert median.get_ydata() == pytest.approx([0.8, 0.3, 0.2])
    assert median.get_linewidth() > 2 * drawn[0].get_linewidth()
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "training error")
    said = texts(figure)
    assert "ReLU, median of 3 seeds" in said and "25 %" in said
    assert "net: ReLU (0.1) 3, tanh (0.3) not in 12." in said and "Six." in said
    assert "the logistic function (1) 12" in said
    styles = {line.get_linestyle() for line in below.lines}
    assert {"-", "--", "-."} < styles


# Figure 2


def arrows(figure, kind):
    found = figure.findobj(FancyArrowPatch)
    return [patch for patch in found if patch.get_gid() == kind]


@pytest.mark.parametrize("name", VARIANTS)
def test_figure_2_of_every_variant(name):
    """Every learned layer is named, with its size; as many arrows cross as tensors."""
    net = VARIANTS[name].architecture
    figure = figure2.architecture_diagram(net, VARIANTS[name].title)
    said = texts(figure)
    for layer in specs.trace(net):
        if layer.learned:
            *space, maps = layer.output_shape
            part = maps // max(len(layer.towers), 1)
            assert layer.name in said and "×".join(map(str, (*space, part))) in said
    assert f"{specs.totals(net).parameters:,} parameters" in said
    assert len(arrows(figure, "crossing")) == len(specs.crossings(net))
    assert ("tower b" in said) == (net.towers == 2)
    assert figure.get_figwidth() <= 7
    check_texts(figure)


def test_figure_2_of_the_paper():
    """48 kernels of 11×11×3 a tower; what crosses is into conv3, fc6, fc7 and fc8."""
    figure = figure2.architecture_diagram(VARIANTS["paper"].architecture)
    said = texts(figure)
    for text in ("48 kernels 11×11×3 stride 4", "192 kernels 3×3×256", "max 3/2 → 6×6"):
        assert text in said
    assert said.count("55×55×48") == 2 and said.count("2048 units") == 2
    own, crossing = arrows(figure, "own"), arrows(figure, "crossing")
    # image to two, conv1–5 and fc6–7 in two rows, fc8 in one
    assert len(own) == 2 + 2 * 6 + 1 and len(crossing) == 7
    looks = {(to_hex(p.get_edgecolor()), p.get_linestyle()) for p in own + crossing}
    assert len(looks) == 2  # told apart by colour and by line


# Figure 3


@pytest.mark.parametrize(("parts", "count"), [(2, 96), (1, 64)])
def test_figure_3_has_every_kernel(parts, count):
    """Each in its own range about zero; a dead one is mid-grey."""
    kernels = np.random.default_rng(0).normal(size=(5, 5, 3, count))
    kernels[..., 1] = 0
    selectivity = np.linspace(0, 1, count)
    difference = TowerDifference((0.2, 0.7), 0.0123, 999) if parts == 2 else None
    figure = contact_sheets.first_layer(
        kernels, selectivity, parts, "tower", difference, "X."
    )
    *found, strip = figure.get_axes()
    assert [len(axes.images) for axes in found] == [count // parts] * parts
    first, dead = (np.asarray(image.get_array()) for image in found[0].images[:2])
    largest = np.abs(kernels[..., 0]).max()
    np.testing.assert_allclose(first, 0.5 + kernels[..., 0] / (2 * largest))
    assert (dead == 0.5).all()
    said = texts(figure)
    assert "symmetric about zero" in said and "X." in said
    assert ("+0.50, two-sided p = 0.012" in said) == (parts == 2)
    marks = [len(line.get_xdata()) for line in strip.lines[::2]]
    assert marks == [count // parts] * parts


# Figure 4

GREY = np.full((40, 60, 3), 99, "uint8")
NAMES = ("n02085620 Chihuahua", "tabby, tabby cat", "$1_100% of {it}", "c", "d", "e")


def predicted(**changes):
    probabilities = np.array([[0.1, 0.6, 0.2, 0.06, 0.03, 0.01]] * 5)
    content = {"photographs": [GREY] * 5, "probabilities": probabilities}
    content |= {"class_names": NAMES, "titles": tuple("vwxyz")}
    return contact_sheets.Predicted(
        **{**content, "labels": (1, 0, 5, None, 1), **changes}
    )


def test_figure_4_bars():
    figure = contact_sheets.predictions_and_neighbours(predicted(about="Net."))
    bars = [axes for axes in figure.get_axes() if axes.patches]
    assert sum(len(axes.images) for axes in figure.get_axes()) == len(bars) == 5
    widths = [patch.get_width() for patch in bars[0].patches]
    assert widths == pytest.approx([0.6, 0.2, 0.1, 0.06, 0.03])
    hatched = [[bool(patch.get_hatch()) for patch in axes.patches] for axes in bars]
    assert hatched[0] == [True] + [False] * 4  # the first is right
    assert hatched[1] == [False, False, True, False, False]
    assert not any(hatched[2]) and not any(hatched[3])  # not among five; not known
    said = texts(figure)
    assert said.count("✓") == 3 and "✓ Chihuahua" in said and "✓ tabby " in said
    assert "$1_100% of {it}" in said and "60 %" in said and "Net." in said


@pytest.mark.parametrize("name", ["W" * 30, "soft-coated wheaten terrier"])
@pytest.mark.parametrize("label", [0, 1])
def test_figure_4_of_a_net_that_is_certain(name, label):
    """The 100 % stands beside its bar, and names stay in theirs, right or wrong."""
    sure = {"probabilities": np.eye(6)[[0] * 5], "labels": (label,) * 5}
    shown = predicted(**sure, class_names=(name, name, *NAMES[2:]))
    figure = contact_sheets.predictions_and_neighbours(shown)
    check_texts(figure)
    bars = [axes for axes in figure.get_axes() if axes.patches]
    for axes in bars:
        bar = axes.patches[0].get_window_extent()
        first, certain = (text.get_window_extent() for text in axes.texts[:2])
        assert axes.texts[1].get_text() == "100 %" and certain.x0 > bar.x1
        assert first.x1 <= bar.x1 + 1 and bar.width > 100  # pixels


def test_names_in_words():
    """The correct outputs stay what they are."""
    before = predicted(titles=(NAMES[0], *"wxyz"))
    found = before.in_words({NAMES[0]: "a dog", "w": "W"})
    assert found.class_names == ("a dog", *NAMES[1:])
    assert found.titles == ("a dog", *"Wxyz") and found.labels == before.labels


def test_figure_4_of_two_classes():
    two = {"probabilities": np.array([[0.3, 0.7]] * 5), "class_names": ("cat", "dog")}
    figure = contact_sheets.predictions_and_neighbours(predicted(**two, labels=None))
    said = texts(figure)
    assert said.count("cat") == said.count("dog") == 5 and "✓" not in said


def test_figure_4_frames_the_hits():
    """Two rows of a query and six neighbours; alone, and beside photographs."""
    rows = contact_sheets.Neighbours(
        [GREY] * 2, (0, 1), [[GREY] * 6] * 2, [[0, 1, 0, 1, 1, 1]] * 2, NAMES, "Why."
    )
    figure = contact_sheets.predictions_and_neighbours(neighbours=rows)
    (axes,) = figure.get_axes()
    assert len(axes.images) == 14 and len(axes.patches) == 2 + 4
    corners = [patch.get_xy() for patch in axes.patches[:2]]
    assert [round(x / 1.06) for x, y in corners] == [1, 3]
    assert "Why." in texts(figure)
    check_texts(figure)
    figure = contact_sheets.predictions_and_neighbours(predicted(), rows)
    assert sum(len(axes.images) for axes in figure.get_axes()) == 5 + 14
    assert figure.get_figwidth() == 7
    with pytest.raises(ValueError, match="neither"):
        contact_sheets.predictions_and_neighbours()


# the articles' figures


@pytest.mark.parametrize(
    ("variant", "dropout"), [("paper", True), ("cifar-18pct", False), (None, False)]
)
def test_curves(variant, dropout):
    """The caption says that dropout was on where the net has it."""
    layers = (VARIANTS[variant].architecture.layers,) if variant else ()
    figure = charts.curves(history(0.9, 0.5, 0.4), "Run.", *layers)
    loss, accuracy = figure.get_axes()
    assert (loss.get_ylabel(), accuracy.get_ylabel()) == ("loss, nats", "accuracy")
    train, held = accuracy.lines
    assert train.get_ydata() == pytest.approx([0.1, 0.5, 0.6])
    assert held.get_ydata() == pytest.approx([0.05, 0.45, 0.55])
    assert (train.get_linestyle(), held.get_linestyle()) == ("-", "--")
    assert loss.lines[1].get_ydata() == pytest.approx([3.6, 2.0, 1.6])
    said = texts(figure)
    assert "Run. Training: mean over the epoch's steps" in said
    assert ("dropout on" in said) is dropout


def test_curves_of_one_epoch_without_validation_and_of_none():
    figure = charts.curves([{"epoch": 1, "loss": 2.3, "top1_error": 0.9}])
    assert figure.get_axes()[0].lines[0].get_markersize() > 0  # a point is seen
    with pytest.raises(ValueError, match="no epoch"):
        charts.curves([])


def test_confusion_by_hand():
    """The third class has no images."""
    figure = charts.confusion([0, 0, 0, 1, 1], [0, 0, 1, 1, 1], ("cat", "dog", "gnu"))
    counts, share = figure.get_axes()
    shown = [
        np.asarray(axes.images[0].get_array()).tolist() for axes in (counts, share)
    ]
    assert shown[0] == [[2, 1, 0], [0, 2, 0], [0, 0, 0]]
    assert shown[1] == [[67, 33, 0], [0, 100, 0], [0, 0, 0]]
    assert counts.get_ylabel() == "correct" and counts.get_xlabel() == "predicted"
    assert "gnu" in texts(figure)


@pytest.mark.parametrize("classes", [2, 10, 17, 100])
def test_confusion_of_many_classes_stays_legible(classes):
    names = [f"class number {index}" for index in range(classes)]
    labels = np.repeat(np.arange(classes), 999)
    figure = charts.confusion(labels, labels, names)
    assert ("999" in texts(figure)) == (classes <= 40)
    assert figure.get_figwidth() <= 10
    check_texts(figure)


@pytest.mark.parametrize(
    ("name", "short", "squeezed"),
    [
        ("tench", "tench", "tench"),
        ("n01440764 tench, Tinca tinca", "tench", "n0144…tinca"),
        ("n01440764", "n01440764", "n01440764"),  # a number and nothing else
        ("lily of the valley", "lily of th…", "lily …alley"),
    ],
)
def test_long_names(name, short, squeezed):
    assert style.shortened(name, 11) == short
    assert style.squeezed(name, 11) == squeezed


# the program


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    """A weight file of a small net for the digits."""
    path = tmp_path_factory.mktemp("nets") / "small.npz"
    convert.save(untrained("cifar-18pct", 10), path)
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory, no_determinism_afterwards):
    """A run of one epoch on a hundred digits."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    plan = Plan("cifar-18pct", "digits", epochs=1, limit=100)
    assert training.start(plan, folder, "a command", notify=print).train()
    return folder


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("2 --out x.gif", "x.gif"),
        ("2 --variant papr", "unknown variant 'papr'"),
        ("2 a.jpg", "takes no photographs"),
        ("1 --records /nowhere", "/nowhere"),
        ("1 --records .", "python -m reproduce.experiment figure1"),
        ("effects --records .", "python -m reproduce.experiment choices"),
        ("biases --records .", "python -m reproduce.experiment biases"),
        ("snapshots --records .", "python -m reproduce.evaluate --weights FILE"),
        ("3", "--weights FILE or --run RUN"),
        ("3 --weights a --run b", "one trained net"),
        ("3 --weights /nowhere.npz", "/nowhere.npz"),
        ("3 --run /nowhere", "/nowhere"),
        ("4 --weights NET", "--data"),
        ("4 --weights NET --data digts", "digts"),
        ("4 --weights NET --data imagenet", "--data-dir"),
        ("4 --weights NET --data digits --labels /nowhere.txt", "/nowhere.txt"),
        ("4 --weights NET --data digits --limit 3", "--limit"),
        ("curves", "--run"),
        ("curves --run /nowhere", "/nowhere"),
        ("confusion --weights a", "--run"),
    ],
)
def test_wrong_use_is_one_line(words, said, net, wrong_use, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = words.replace("NET", str(net)).split()
    given += [] if "--out" in given else ["--out", "x.png"]
    assert said in wrong_use(program, *given)
    assert not list(tmp_path.iterdir())


def test_figure_1_from_records(call, tmp_path):
    arms = {"relu-0.01": (0.5, 0.25), "tanh-0.01": (*[0.5] * 11, 0.25)}
    for (arm, errors), seed in itertools.product(arms.items(), range(3)):
        about = {"experiment": "figure1", "arm": arm, "seed": str(seed)}
        one = records.record(
            "cifar-18pct", "d", "test", 9, measured(0.5), history(*errors), **about
        )
        one.save(tmp_path / "records")
    options = ("--records", tmp_path / "records", "--format", "json")
    code, out, err = call(program, 1, *options, "--out", tmp_path / "1.svg")
    assert code == 0 and f"written: {tmp_path / '1.svg'}" in err
    (section,) = json.loads(out)
    rows = [["ReLU", "0.01", "3", "2, 2, 2"], ["tanh", "0.01", "3", "12, 12, 12"]]
    assert section["rows"] == [["cifar-18pct", *row] for row in rows]
    assert "with ReLU: tanh 6.0 times; the paper says six" in section["note"]


def test_effects_from_records(call, tmp_path):
    """A row an arm: points lost without it and the verdict; a line in the figure."""
    arms = {"no-lrn": (20.5, 20.8, 20.3), "no-overlap": (18.1, 18.1, 18.0)}
    chosen = [one for arm, e in arms.items() for one in records.choices(arm, e)]
    for one in [*records.BASE, *chosen]:
        one.save(tmp_path / "records")
    options = ("--records", tmp_path / "records", "--format", "json")
    path = tmp_path / "effects.svg"
    code, out, err = call(program, "effects", *options, "--out", path)
    assert code == 0 and f"written: {path}" in err
    section, _ = json.loads(out)
    lost, same, _ = section["rows"]  # the last at equal training loss
    assert lost[:2] == ["no-lrn", "1.4"] and lost[3].startswith("+2.50 [")
    assert (
        lost[2] == "test error" and lost[-1] == "supported in a stand-in (gate passed)"
    )
    assert same[0] == "no-overlap"
    assert same[-1] == "inconclusive (gate: the interval is too wide)"
    for words in ("no-lrn", "no-overlap", "+2.5", "points lost without it"):
        assert words in path.read_text()


def test_no_difference_is_drawn_on_an_axis_of_a_point():
    hypothesis = SimpleNamespace(label="a", measure="one view", printed=None)
    none = Difference(0.0, 0.0, 0.0, 1.0, 3)
    one = Decision(hypothesis, none, none, 1.0, none, none, None, None, ())
    for axes in charts.effects([one]).axes:
        assert np.diff(axes.get_xlim()) > 1


def snapshot(steps, error, split="test", **options):
    """A record of one of Caffe's snapshots."""
    return records.record(
        "cifar-full",
        split=split,
        metrics=measured(error),
        weights=[f"cifar10_full_iter_{steps}.caffemodel"],
        sha256=[f"{steps:08}"],
        seed="imported",
        **options,
    )


def measured(error):
    reach = [error - 0.01, error + 0.01]
    return {"top1_error": error, "top1_error_interval": reach, "loss": 0.5}


def test_snapshots_beside_the_curve_of_our_net(call, tmp_path):
    """In the order of their epochs, 500 steps each; not the average of two."""
    metrics, errors = measured(0.2), np.linspace(0.7, 0.1, 140)
    own = records.record("cifar-18pct", metrics=metrics, history=history(*errors))
    own = dataclasses.replace(
        own, protocol=dataclasses.replace(own.protocol, epochs=140)
    )
    found = [own, snapshot(70_000, 0.1789), snapshot(10_000, 0.27)]
    found += [snapshot(70_000, 0.11, "train"), snapshot(20_000, 0.5, runs=2)]
    figure, (section,) = figures.snapshots(found)
    assert section.rows == (
        ("20", "2,700 of 10,000", "27.00 [26.00, 28.00]", "–", "0.500"),
        ("140", "1,789 of 10,000", "17.89 [16.89, 18.89]", "11.00 [10.00, 12.00]")
        + ("0.500",),
    )
    (axes,) = figure.get_axes()
    drawn = [line.get_xydata().tolist() for line in axes.lines]
    assert [[20, 0.27], [140, 0.1789]] in drawn and [[140, 0.11]] in drawn
    assert "17.89 %" in texts(figure) and "20.00 %" in texts(figure)
    check_texts(figure)
    for one in found:
        one.save(tmp_path / "records")
    options = ("--records", tmp_path / "records", "--out", tmp_path / "x.pdf")
    code, out, _ = call(program, "snapshots", *options)
    assert code == 0 and "1,789 of 10,000" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [("2 --variant caffe --no-caption", ""), ("3 --weights NET", "mean")],
)
def test_figures_2_and_3_of_one_tower(words, said, net, call, tmp_path):
    """One tower makes no test."""
    words = words.replace("NET", str(net)).split()
    code, out, _ = call(program, *words, "--out", tmp_path / "x.pdf")
    assert code == 0 and said in out and "permutation" not in out
    assert bool(out) == bool(said)
    assert (tmp_path / "x.pdf").read_bytes()[:4] == b"%PDF"


def test_figure_4_of_the_digits(net, call, tmp_path):
    """Precision is counted over all queries; chance is the share of the class."""
    options = ("--data", "digits", "--limit", 60, "--format", "csv")
    options = ("--weights", net, *options, "--out", tmp_path / "4.png")
    code, out, err = call(program, 4, *options)
    assert code == 0 and "pool3 of 60 training images and 60 others" in err
    assert "class 0" in out and "precision@6" in out
    assert re.search(r"\nall,60,[\d.]+,10.0\n", out)
    assert (tmp_path / "4.png").exists()


def test_figure_4_of_a_run_s_own_data(run, call, wrong_use, tmp_path):
    """Named by the run, or by its checkpoint; a copy elsewhere belongs to no run."""
    found = []
    for net in (("--run", run), ("--weights", run / "checkpoint.npz")):
        options = ("--limit", 60, "--split", "test", "--out", tmp_path / "4.png")
        code, out, err = call(program, 4, *net, *options, "--metric", "cosine")
        assert code == 0 and "pool3 of 60 training images and 60 others" in err
        assert "nearest by the angle of pool3" in " ".join(out.split())
        found.append(re.findall(r"\n *all +60 .*", out))
    assert found[0] == found[1] != []
    copy = shutil.copy(run / "checkpoint.npz", tmp_path / "copy.npz")
    options = ("--weights", copy, "--out", tmp_path / "4.png")
    assert "needs --data" in wrong_use(program, 4, *options)


def test_seed_chooses_what_figure_4_shows(net):
    names = []
    for seed in (0, 0, 1):
        words = f"4 --weights {net} --data digits --limit 20 --seed {seed} --out 4.png"
        options = program.parser().parse_args(words.split())
        labels, _ = program.figure_4(options)[1]
        names.append([row[0] for row in labels.rows[::5]])
    assert names[0] == names[1] != names[2] and len(set(names[0])) == 8


def test_no_curve_is_drawn_for_another_run_than_the_checkpoint_s(
    run, wrong_use, tmp_path
):
    copy = shutil.copytree(run, tmp_path / "run") / "run.json"
    copy.write_text(copy.read_text().replace('"seed": 0', '"seed": 2'))
    options = ("--run", copy.parent, "--out", tmp_path / "c.svg")
    assert "seed 0 there, 2 in run.json" in wrong_use(program, "curves", *options)


def test_curves_and_confusion_of_a_run(run, call, wrong_use, tmp_path):
    """A run without an epoch has no curve."""
    code, out, _ = call(program, "curves", "--run", run, "--out", tmp_path / "c.svg")
    assert code == 0 and "last    1 " in out
    arguments = ("confusion", "--run", run, "--split", "validation")
    code, out, _ = call(program, *arguments, "--out", tmp_path / "m.png")
    assert code == 0 and "precision, %" in out and (tmp_path / "m.png").exists()
    (tmp_path / "run").mkdir()
    shutil.copy(run / "run.json", tmp_path / "run")
    words = ("curves", "--run", tmp_path / "run", "--out", tmp_path / "c.svg")
    assert "no epoch" in wrong_use(program, *words)


@pytest.mark.parametrize(
    ("name", "missing", "found"),
    [
        ("paper", None, ("fc7", False)),
        ("bn-cifar10", None, ("fc8", False)),
        ("cifar-18pct", None, ("pool3", False)),
        ("paper", "fc8", ("fc7", False)),  # only the outputs
        ("paper", "fc6", ("pool5", True)),
        ("paper", "conv2", ("pool1", True)),
        ("paper", "conv1", None),
    ],
)
def test_last_hidden_layer(name, missing, found):
    net = VARIANTS[name].architecture
    learned = [row.name for row in specs.trace(net) if row.learned]
    arrays = {f"{layer}/kernel": 0 for layer in learned if layer != missing}
    lacking = nets.Trained(net, arrays, None, None, {}, name)
    if found:
        assert lacking.last_hidden == found
    else:
        with pytest.raises(ValueError, match="lacks conv1"):
            lacking.last_hidden


def test_partial_weights(tmp_path, call):
    """Nearest by what they reach, and the table says so; no labels."""
    whole = untrained("cifar-18pct", 10)
    arrays = {n: a for n, a in whole.arrays.items() if not n.startswith("conv3")}
    convert.save(dataclasses.replace(whole, arrays=arrays), tmp_path / "part.npz")
    options = ("--weights", tmp_path / "part.npz", "--data", "digits", "--limit", 30)
    code, out, err = call(program, 4, *options, "--out", tmp_path / "4.png")
    said = " ".join(out.split())
    assert code == 0 and "norm2 stands in for the last hidden one" in said
    assert "cannot be labelled" in err and "Most probable" not in out
