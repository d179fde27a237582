"""Figures by what is in them (texts, bars, images, arrows), not by their pixels; and
the program that draws them, as a person meets it."""

import dataclasses
import itertools
import json
import math
import re

import numpy as np
import pytest
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
from alexnet_paper.report import style
from alexnet_paper.results.colour import TowerDifference
from alexnet_paper.results.record import Protocol
from alexnet_paper.results.record import Record
from alexnet_paper.weights import convert
from alexnet_paper.weights import net as nets
from reproduce import drawing
from reproduce import figure as program


def texts(figure):
    """Every text that a figure shows, in one string."""
    figure.draw_without_rendering()  # makes the ticks' labels
    shown = [text.get_text() for text in figure.findobj(Text) if text.get_visible()]
    return "\n".join(shown).replace("\n", " ")


def sizes(figure):
    return {text.get_fontsize() for text in figure.findobj(Text) if text.get_text()}


def images(figure):
    return sum(len(axes.images) for axes in all_axes(figure))


def all_axes(figure):
    yield from figure.get_axes()


def history(*errors, validation=True):
    return [
        {"epoch": epoch, "loss": 3 * error, "top1_error": error}
        | (
            {"val_loss": 4 * error, "val_top1_error": error + 0.05}
            if validation
            else {}
        )
        for epoch, error in enumerate(errors, 1)
    ]


# saving


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg", ".PNG"])
def test_the_same_figure_has_the_same_bytes(suffix, tmp_path):
    """Drawn twice and saved twice each, dates and random ids kept out."""
    found = set()
    for number in range(2):
        figure = charts.curves(history(0.9, 0.5))
        for again in range(2):
            path = tmp_path / "new" / f"{number}{again}{suffix}"
            style.save(figure, path)
            found.add(path.read_bytes())
    assert len(found) == 1
    start = {".png": b"\x89PNG", ".pdf": b"%PDF", ".svg": b"<?xml"}[suffix.lower()]
    assert found.pop().startswith(start)


@pytest.mark.parametrize("name", ["figure.gif", "figure", "figure.png.txt"])
def test_other_endings_are_refused(name, tmp_path):
    with pytest.raises(ValueError, match=re.escape(name)):
        style.save(Figure(), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_failed_save_leaves_nothing(tmp_path, monkeypatch):
    figure = Figure()
    monkeypatch.setattr(figure, "savefig", lambda file, **options: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        style.save(figure, tmp_path / "figure.png")
    assert not list(tmp_path.iterdir())


# Figure 1

RELU = [
    history(0.8, 0.3, 0.2, 0.1),
    history(0.8, 0.2, 0.1, 0.1),
    history(0.7, 0.3, 0.25),
]
TANH = [history(*np.linspace(0.9, 0.25, 12)), history(*np.linspace(0.9, 0.3, 12))]


def test_figure_1_shows_every_seed_and_the_medians():
    epochs = {"relu": [3, 2, 3], "tanh": [12, math.inf]}
    figure = charts.training_error({"relu": RELU, "tanh": TANH}, epochs, ratio="Six.")
    (axes,) = figure.get_axes()
    curves = [line for line in axes.lines if len(line.get_xdata()) > 2]
    assert [line.get_linestyle() for line in curves] == ["-"] * 4 + ["--"] * 3
    median = curves[3]  # as long as the shortest seed
    assert median.get_ydata() == pytest.approx([0.8, 0.3, 0.2])
    assert median.get_linewidth() > 2 * curves[0].get_linewidth()
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "training error")
    said = texts(figure)
    assert "ReLU, median of 3 seeds" in said and "25 %" in said
    assert "ReLU 3, tanh not in 12. Six." in said
    assert min(sizes(figure)) >= 8


# Figure 2


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
    crossing = [patch for patch in arrows(figure) if patch.get_gid() == "crossing"]
    assert len(crossing) == len(specs.crossings(net))
    assert ("tower b" in said) == (net.towers == 2)
    assert min(sizes(figure)) >= 8 and figure.get_figwidth() <= 7


def arrows(figure):
    return figure.findobj(FancyArrowPatch)


def test_figure_2_of_the_paper():
    """48 kernels of 11×11×3 a tower; what crosses is into conv3, fc6, fc7 and fc8."""
    net = VARIANTS["paper"].architecture
    said = texts(figure2.architecture_diagram(net))
    for text in ("48 kernels 11×11×3 stride 4", "192 kernels 3×3×256", "max 3/2 → 6×6"):
        assert text in said
    assert said.count("55×55×48") == 2 and said.count("2048 units") == 2
    figure = figure2.architecture_diagram(net)
    # image to two, conv1–5 and fc6–7 in two rows, fc8 in one
    own = [patch for patch in arrows(figure) if patch.get_gid() == "own"]
    assert len(own) == 2 + 2 * 6 + 1 and len(arrows(figure)) - len(own) == 7
    looks = {(to_hex(p.get_edgecolor()), p.get_linestyle()) for p in arrows(figure)}
    assert len(looks) == 2  # told apart by colour and by line


@pytest.mark.parametrize("name", ["paper", "one-gpu", "bn-flowers17", "cifar-11pct"])
def test_no_words_overlap(name):
    """Nor leave the figure."""
    figure = figure2.architecture_diagram(VARIANTS[name].architecture, name)
    check_texts(figure)


def check_texts(figure):
    figure.draw_without_rendering()
    renderer = figure._get_renderer()
    boxes = [
        (text.get_text(), text.get_window_extent(renderer))
        for text in figure.findobj(Text)
        if text.get_text().strip() and text.get_visible()
    ]
    edge = figure.bbox.padded(1)
    for text, box in boxes:
        assert edge.x0 <= box.x0 and box.x1 <= edge.x1, text
        assert edge.y0 <= box.y0 and box.y1 <= edge.y1, text
    for (one, first), (other, second) in itertools.combinations(boxes, 2):
        wide = min(first.x1, second.x1) - max(first.x0, second.x0)
        high = min(first.y1, second.y1) - max(first.y0, second.y0)
        assert wide <= 0 or high <= 2, (one, other)


# Figure 3


@pytest.mark.parametrize(("parts", "count", "sheets"), [(2, 96, 2), (1, 64, 1)])
def test_figure_3_has_every_kernel(parts, count, sheets):
    kernels = np.random.default_rng(0).normal(size=(5, 5, 3, count))
    selectivity = np.linspace(0, 1, count)
    difference = TowerDifference((0.2, 0.7), 0.0123, 999) if parts == 2 else None
    figure = contact_sheets.first_layer(
        kernels, selectivity, parts, "tower", difference, "X."
    )
    *found, strip = figure.get_axes()
    assert [len(axes.images) for axes in found] == [count // sheets] * sheets
    first = np.asarray(found[0].images[0].get_array())
    largest = np.abs(kernels[..., 0]).max()
    np.testing.assert_allclose(first, 0.5 + kernels[..., 0] / (2 * largest))
    said = texts(figure)
    assert "symmetric about zero" in said and "X." in said
    assert ("+0.50, two-sided p = 0.012" in said) == (parts == 2)
    marks = [len(line.get_xdata()) for line in strip.lines[::2]]
    assert marks == [count // parts] * parts and min(sizes(figure)) >= 8


def test_a_dead_kernel_is_mid_grey():
    assert (contact_sheets.own_range(np.zeros((3, 3, 3))) == 0.5).all()


# Figure 4

GREY = np.full((40, 60, 3), 99, "uint8")
NAMES = ("n02085620 Chihuahua", "tabby, tabby cat", "$1_100% of {it}", "c", "d", "e")


def predicted(**changes):
    probabilities = np.array([[0.1, 0.6, 0.2, 0.06, 0.03, 0.01]] * 5)
    content = {"photographs": [GREY] * 5, "probabilities": probabilities}
    content |= {
        "class_names": NAMES,
        "titles": tuple("vwxyz"),
        "labels": (1, 0, 5, None, 1),
    }
    return contact_sheets.Predicted(**content | changes)


def test_figure_4_bars():
    figure = contact_sheets.predictions_and_neighbours(predicted(about="Net."))
    bars = [axes for axes in figure.get_axes() if axes.patches]
    assert images(figure) == len(bars) == 5
    widths = [patch.get_width() for patch in bars[0].patches]
    assert widths == pytest.approx([0.6, 0.2, 0.1, 0.06, 0.03])
    hatched = [[bool(patch.get_hatch()) for patch in axes.patches] for axes in bars]
    assert hatched[0] == [True] + [False] * 4  # the first is right
    assert hatched[1] == [False, False, True, False, False]
    assert not any(hatched[2]) and not any(hatched[3])  # not among five; not known
    said = texts(figure)
    assert said.count("✓") == 3 and "✓ Chihuahua" in said and "✓ tabby " in said
    assert "$1_100% of {it}" in said and "60 %" in said and "Net." in said
    assert min(sizes(figure)) >= 8


def test_names_in_words():
    """The correct outputs stay what they are."""
    before = predicted(titles=(NAMES[0], *"wxyz"))
    found = before.in_words({NAMES[0]: "a dog", "w": "W"})
    assert found.class_names == ("a dog", *NAMES[1:])
    assert found.titles == ("a dog", *"Wxyz") and found.labels == before.labels


def test_figure_4_of_two_classes():
    both = predicted(
        probabilities=np.array([[0.3, 0.7]] * 5),
        class_names=("cat", "dog"),
        labels=None,
    )
    figure = contact_sheets.predictions_and_neighbours(both)
    said = texts(figure)
    assert said.count("cat") == said.count("dog") == 5 and "✓" not in said


def neighbours():
    return contact_sheets.Neighbours(
        [GREY] * 2, (0, 1), [[GREY] * 6] * 2, [[0, 1, 0, 1, 1, 1]] * 2, NAMES, "Why."
    )


def test_figure_4_frames_the_hits():
    figure = contact_sheets.predictions_and_neighbours(neighbours=neighbours())
    (axes,) = figure.get_axes()
    assert len(axes.images) == 14 and len(axes.patches) == 2 + 4
    corners = [patch.get_xy() for patch in axes.patches[:2]]
    assert [round(x / 1.06) for x, y in corners] == [1, 3]
    assert "Why." in texts(figure) and min(sizes(figure)) >= 8
    check_texts(figure)


def test_figure_4_of_both_and_of_none():
    figure = contact_sheets.predictions_and_neighbours(predicted(), neighbours())
    assert images(figure) == 5 + 14 and figure.get_figwidth() == 7
    with pytest.raises(ValueError, match="neither"):
        contact_sheets.predictions_and_neighbours()


# the articles' figures


def test_curves():
    figure = charts.curves(history(0.9, 0.5, 0.4), "Run.")
    loss, accuracy = figure.get_axes()
    assert [axes.get_ylabel() for axes in (loss, accuracy)] == [
        "loss, nats",
        "accuracy",
    ]
    train, held = accuracy.lines
    assert train.get_ydata() == pytest.approx([0.1, 0.5, 0.6])
    assert held.get_ydata() == pytest.approx([0.05, 0.45, 0.55])
    assert (train.get_linestyle(), held.get_linestyle()) == ("-", "--")
    assert loss.lines[1].get_ydata() == pytest.approx([3.6, 2.0, 1.6])
    assert "Run." in texts(figure) and min(sizes(figure)) >= 8


def test_curves_of_one_epoch_and_of_none():
    figure = charts.curves(history(0.9, validation=False))
    assert figure.get_axes()[0].lines[0].get_markersize() > 0  # a point is seen
    with pytest.raises(ValueError, match="no epoch"):
        charts.curves([])


def test_confusion_by_hand():
    figure = charts.confusion([0, 0, 0, 1, 1], [0, 0, 1, 1, 1], ("cat", "dog", "gnu"))
    counts, share = figure.get_axes()
    assert np.asarray(counts.images[0].get_array()).tolist() == [
        [2, 1, 0],
        [0, 2, 0],
        [0, 0, 0],
    ]
    assert np.asarray(share.images[0].get_array()).tolist() == [
        [67, 33, 0],
        [0, 100, 0],
        [0, 0, 0],  # a class without images
    ]
    assert counts.get_ylabel() == "correct" and counts.get_xlabel() == "predicted"
    assert "gnu" in texts(figure) and min(sizes(figure)) >= 8


@pytest.mark.parametrize("classes", [2, 10, 17, 100])
def test_confusion_of_many_classes_stays_legible(classes):
    names = [f"class number {index}" for index in range(classes)]
    labels = np.repeat(np.arange(classes), 999)
    figure = charts.confusion(labels, labels, names)
    figure.draw_without_rendering()
    assert ("999" in texts(figure)) == (classes <= 40)
    assert figure.get_figwidth() <= 10
    check_texts(figure)


# the program


def called(capsys, *arguments):
    """(exit code, stdout, stderr) of the program in this process."""
    try:
        code = program.main([str(argument) for argument in arguments])
    except SystemExit as error:
        code = error.code
    return code, *capsys.readouterr()


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    """A weight file of a small net for the digits."""
    folder = tmp_path_factory.mktemp("nets")
    found = untrained("cifar-18pct", 10)
    convert.save(found, folder / "small.npz")
    return folder / "small.npz"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of one epoch on a hundred digits."""
    from alexnet_paper.training import train as training
    from alexnet_paper.training.plan import Plan

    folder = tmp_path_factory.mktemp("runs") / "run"
    plan = Plan("cifar-18pct", "digits", epochs=1, limit=100)
    assert training.start(plan, folder, "a command", notify=print).train()
    yield folder
    from tensorflow.python.framework import config

    config.disable_op_determinism()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("2", "--out", "x.gif"), "x.gif"),
        (("2", "--variant", "papr", "--out", "x.png"), "unknown variant 'papr'"),
        (("2", "a.jpg", "--out", "x.png"), "takes no photographs"),
        (("1", "--records", "/nowhere", "--out", "x.png"), "/nowhere"),
        (("3", "--out", "x.png"), "--weights FILE or --run RUN"),
        (("3", "--weights", "a", "--run", "b", "--out", "x.png"), "one trained net"),
        (("3", "--weights", "/nowhere.npz", "--out", "x.png"), "/nowhere.npz"),
        (("3", "--run", "/nowhere", "--out", "x.png"), "/nowhere"),
        (("curves", "--out", "x.png"), "--run"),
        (("curves", "--run", "/nowhere", "--out", "x.png"), "/nowhere"),
        (("confusion", "--weights", "a", "--out", "x.png"), "--run"),
    ],
)
def test_wrong_use_is_one_line(arguments, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = called(capsys, *arguments)
    assert (code, out) == (2, "") and err.startswith("error: ") and said in err
    assert err.count("\n") == 1 and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--data"),
        (("--data", "digts"), "digts"),
        (("--data", "imagenet"), "--data-dir"),
        (("--data", "digits", "--labels", "/nowhere.txt"), "/nowhere.txt"),
        (("--data", "digits", "--limit", 3), "--limit"),
    ],
)
def test_wrong_use_of_figure_4(net, arguments, said, capsys, tmp_path):
    out_path = tmp_path / "x.png"
    code, out, err = called(capsys, 4, "--weights", net, *arguments, "--out", out_path)
    assert (code, out) == (2, "") and err.startswith("error: ") and said in err
    assert err.count("\n") == 1 and not out_path.exists()


def figure_1_records(folder):
    for (arm, errors), seed in itertools.product(
        {"relu-0.01": (0.5, 0.25), "tanh-0.1": (*[0.5] * 11, 0.25)}.items(), range(3)
    ):
        Record(
            arm,
            "cifar10",
            "test",
            10,
            Protocol(experiment="figure1", arm=arm, views=1, seed=str(seed)),
            {},
            "a command",
            {},
            history(*errors),
        ).save(folder)


def test_figure_1_from_records(capsys, tmp_path):
    figure_1_records(tmp_path / "records")
    options = ("--records", tmp_path / "records", "--format", "json")
    code, out, err = called(capsys, 1, *options, "--out", tmp_path / "1.svg")
    assert code == 0 and f"written: {tmp_path / '1.svg'}" in err
    (section,) = json.loads(out)
    assert section["rows"] == [["relu", "3", "2, 2, 2"], ["tanh", "3", "12, 12, 12"]]
    assert "6.0 times as many epochs; the paper says six" in section["note"]


def test_figure_1_without_records_names_the_command(capsys, tmp_path):
    code, out, err = called(capsys, 1, "--records", tmp_path, "--out", "x.png")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "python -m reproduce.experiment figure1" in err


def choice_records(folder):
    """Three seeds of three arms of the choices, levelled off before their drop."""
    errors = {
        "base": (18.0, 18.2, 17.9),
        "no-lrn": (20.5, 20.8, 20.3),
        "no-overlap": (18.1, 18.1, 18.0),
    }
    history = [
        {"epoch": n, "rate": 0.01 if n < 8 else 0.001, "top1_error": 0.2, "loss": 0.5}
        for n in range(1, 10)
    ]
    measured = {("test", 1): 0.0, ("test", 10): 1.0, ("train", 1): 9.0}
    for (arm, of_arm), ((split, views), less) in itertools.product(
        errors.items(), measured.items()
    ):
        for seed, error in enumerate(of_arm):
            about = Protocol(
                experiment="choices", arm=arm, views=views, seed=str(seed), epochs=40
            )
            metrics = {"top1_error": (error - less) / 100}
            where = "paper-32", "cifar10", split, 10
            Record(*where, about, metrics, "a command", {}, history).save(folder)


def test_effects_from_records(capsys, tmp_path):
    """Points lost without it in test and in training error, and the verdict; the
    figure has a line an arm and the printed numbers."""
    choice_records(tmp_path / "records")
    options = ("--records", tmp_path / "records", "--format", "json")
    code, out, err = called(
        capsys, "effects", *options, "--out", tmp_path / "effects.svg"
    )
    assert code == 0 and f"written: {tmp_path / 'effects.svg'}" in err
    (section,) = json.loads(out)
    lost, same = section["rows"]
    assert lost[:2] == ["no-lrn", "1.4"] and lost[2].startswith("+2.50 [")
    assert lost[4] == "3" and lost[6:] == ["yes, yes, yes", "supported in a stand-in"]
    assert same[0] == "no-overlap" and same[-1] == "inconclusive"
    drawn = (tmp_path / "effects.svg").read_text()
    for words in ("no-lrn", "no-overlap", "+2.5", "points lost without it"):
        assert words in drawn


def test_effects_without_records_name_the_command(capsys, tmp_path):
    code, out, err = called(
        capsys, "effects", "--records", tmp_path, "--out", tmp_path / "x.png"
    )
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "python -m reproduce.experiment choices" in err


def test_figure_2_prints_nothing(capsys, tmp_path):
    code, out, err = called(
        capsys, 2, "--variant", "caffe", "--out", tmp_path / "2.pdf"
    )
    assert (code, out) == (0, "") and (tmp_path / "2.pdf").read_bytes()[:4] == b"%PDF"


def test_figure_3_of_one_tower_makes_no_test(net, capsys, tmp_path):
    code, out, _ = called(capsys, 3, "--weights", net, "--out", tmp_path / "3.png")
    assert code == 0 and "mean" in out and "permutation" not in out


def test_figure_4_of_the_digits(net, capsys, tmp_path):
    """Precision is counted over all queries; chance is the share of the class."""
    options = ("--data", "digits", "--limit", 60, "--format", "csv")
    code, out, err = called(
        capsys, 4, "--weights", net, *options, "--out", tmp_path / "4.png"
    )
    assert code == 0 and "pool3 of 60 training images and 60 others" in err
    assert "class 0" in out and "precision@6" in out
    assert re.search(r"\nall,60,[\d.]+,10.0\n", out)
    assert (tmp_path / "4.png").exists()


def test_seed_chooses_what_figure_4_shows(net, capsys):
    names = []
    for seed in (0, 0, 1):
        words = f"4 --weights {net} --data digits --limit 20 --seed {seed} --out 4.png"
        options = program.parser().parse_args(words.split())
        labels, _ = drawing.figure_4(options)[1]
        names.append([row[0] for row in labels.rows[::5]])
    assert names[0] == names[1] != names[2] and len(set(names[0])) == 8


def test_curves_and_confusion_of_a_run(run, capsys, tmp_path):
    code, out, _ = called(capsys, "curves", "--run", run, "--out", tmp_path / "c.svg")
    assert code == 0 and "last    1 " in out
    arguments = ("confusion", "--run", run, "--split", "validation")
    code, out, _ = called(capsys, *arguments, "--out", tmp_path / "m.png")
    assert code == 0 and "precision, %" in out and (tmp_path / "m.png").exists()


def test_a_run_without_an_epoch_has_no_curve(run, capsys, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_bytes((run / "run.json").read_bytes())
    code, _, err = called(
        capsys, "curves", "--run", tmp_path / "run", "--out", tmp_path / "c.svg"
    )
    assert code == 2 and "no epoch" in err and err.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "missing", "found"),
    [
        ("paper", None, ("fc7", False)),
        ("bn-cifar10", None, ("fc8", False)),
        ("cifar-18pct", None, ("pool3", False)),
        ("paper", "fc8", ("fc7", False)),  # only the outputs
        ("paper", "fc6", ("pool5", True)),
        ("paper", "conv2", ("pool1", True)),
    ],
)
def test_last_hidden_layer(name, missing, found):
    assert lacking(name, missing).last_hidden == found


def lacking(name, missing):
    net = VARIANTS[name].architecture
    learned = [row.name for row in specs.trace(net) if row.learned]
    arrays = {f"{layer}/kernel": 0 for layer in learned if layer != missing}
    return nets.Trained(net, arrays, None, None, {}, name)


def test_no_layer_without_the_first():
    with pytest.raises(ValueError, match="lacks conv1"):
        lacking("paper", "conv1").last_hidden


def test_partial_weights(tmp_path, capsys):
    """Nearest by what they reach, and the table says so; no labels."""
    whole = untrained("cifar-18pct", 10)
    arrays = {n: a for n, a in whole.arrays.items() if not n.startswith("conv3")}
    part = dataclasses.replace(whole, arrays=arrays)
    convert.save(part, tmp_path / "part.npz")
    options = ("--weights", tmp_path / "part.npz", "--data", "digits", "--limit", 30)
    code, out, err = called(capsys, 4, *options, "--out", tmp_path / "4.png")
    assert code == 0 and "norm2 stands in for the last hidden one" in " ".join(
        out.split()
    )
    assert "cannot be labelled" in err and "Most probable" not in out


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
