"""Variants side by side: numbers worked out by hand from records made by hand, and the
program run on a few digits."""

import csv
import dataclasses
import io
import json

import numpy as np
import pytest
import records

from alexnet_paper.nets import variants
from alexnet_paper.report import charts
from alexnet_paper.report import runs
from alexnet_paper.results import compare as comparison
from alexnet_paper.results import curves
from alexnet_paper.results.compare import Row
from alexnet_paper.training.plan import check
from reproduce import compare as program

NET, OTHER = "cifar-18pct", "cifar-13pct"
IMAGES = {"classes": 10, "training_images": 40, "fingerprint": "12345678"}
HISTORY = [
    {"epoch": 1, "seconds": 3.0, "val_top1_error": 0.5},
    {"epoch": 2, "seconds": 2.0, "val_top1_error": 0.1},
    {"epoch": 3, "seconds": 2.5, "val_top1_error": 0.2},
]
SAME = {"epochs": 3, "batch_size": 32, "validation": 0.2}


def record(error=0.25, seed=0, history=HISTORY, **protocol):
    """A record of three epochs of NET on digits."""
    metrics = {"top1_error": error, "top1_error_interval": [error / 2, error * 2]}
    about = {"seed": str(seed), "changes": SAME, **IMAGES, **protocol}
    where = NET, "digits", "test", 360
    return records.record(*where, metrics, history, **about)


def row(*found, seeds=1, name=NET):
    return Row(name, (32, 32, 3), 1000, 2000, 3_000_000, 400.4, 5.55, found, seeds)


def test_the_interval_of_one_seed_is_over_images_of_several_over_seeds():
    """Errors .1, .2, .3: mean .2, s = .1, t of two degrees of freedom 4.3027, so
    ± 4.3027 · .1 / √3 = .2484, cut at 0."""
    assert row(record(0.25)).error == (0.25, 0.125, 0.5)
    several = row(*(record(e, s) for s, e in enumerate((0.1, 0.2, 0.3))), seeds=3)
    assert several.error == pytest.approx((0.2, 0.0, 0.4484), abs=1e-4)
    assert row().error is None


NINE_OF_TEN = 1 - float(np.float32(0.9))  # an accuracy of less than 0.9


@pytest.mark.parametrize(
    ("history", "accuracy", "found"),
    [
        (HISTORY, 0.5, (1, 3.0)),
        (HISTORY, 0.501, (2, 5.0)),
        (HISTORY, 0.9, (2, 5.0)),  # a later epoch loses it again
        (HISTORY, 0.91, None),
        ([{"epoch": 1, "seconds": 1.0, "val_top1_error": NINE_OF_TEN}], 0.9, (1, 1.0)),
        ([{"epoch": 1, "seconds": 1.0}], 0.1, None),  # not validated
    ],
)
def test_epochs_and_time_to_an_accuracy(history, accuracy, found):
    assert curves.reached(history, accuracy) == found


def test_reached_is_the_median_of_the_seeds_that_did():
    """Epochs 2, 2 and 3; seconds 5, 9 and 12; the fourth seed never."""
    slow = [{**line, "seconds": 3 * line["seconds"] - 3} for line in HISTORY]
    late = [{"epoch": n, "seconds": 4.0, "val_top1_error": 0.5} for n in (1, 2)]
    late.append({"epoch": 3, "seconds": 4.0, "val_top1_error": 0.0})
    four = [record(history=h) for h in (HISTORY, slow, late, late[:2])]
    assert row(*four, seeds=4).reached(0.9) == (3, 2, 9.0)
    assert row(four[3]).reached(0.9) == (0, None, None)


def cells(*rows, accuracy=0.9):
    (section, *_) = runs.comparison_sections("t", rows, accuracy, {}, "n")
    return section.columns, *section.rows


def test_the_table_by_hand():
    diverged = record(history=[], ended="diverged in epoch 1")
    diverged = dataclasses.replace(diverged, metrics={})
    columns, one, none, wild, two = cells(
        row(record(0.25)),
        row(name="paper"),
        row(diverged),
        row(record(0.2), record(0.2, 1, HISTORY[:1]), seeds=3),
    )
    assert columns[-3:] == ("top-1 error, %", "epochs to 90 %", "time to 90 %")
    assert one == (
        *(NET, "32×32×3", "1,000", "2,000", "3.0 MB", "400", "5.5"),
        *("25.0 [12.5, 50.0]", "2", "5 s"),
    )
    assert none[-3:] == ("not run: add --run",) * 3
    assert wild[-3] == "diverged in epoch 1"
    assert two[-3:] == (
        "20.0 [20.0, 20.0], 2 of 3 seeds",
        "2 (1 of 2 seeds)",
        "5 s (1 of 2 seeds)",
    )
    assert cells(row(record()), accuracy=0.95)[1][-2:] == ("not in 3",) * 2


def test_durations():
    said = [runs.duration(seconds) for seconds in (5, 90, 5400)]
    assert said == ["5 s", "1.5 min", "1.5 h"]


def digits(**options):
    given = {"epochs": 3, "batch_size": 32, **options}
    asked = comparison.experiment("digits", [NET, OTHER], **given)
    return asked, asked.plans()


def test_records_count_only_under_the_same_protocol():
    """One thing changed at a time, and the record is none of this comparison."""
    asked, plans = digits()
    here = record()
    fields = {"variant": "cifar-11pct", "data": "cifar10", "split": "validation"}
    changes = {"epochs": 4, "batch_size": 64, "validation": 0.3, "learning_rate": 0.1}
    changes = [*changes.items(), ("schedule", "constant"), ("schedule", "145")]
    wrong = [
        *(dataclasses.replace(here, **{name: other}) for name, other in fields.items()),
        record(views=10),
        record(seed="0+1"),
        *(record(changes={**SAME, name: n}) for name, n in [*changes, ("limit", 40)]),
        record(changes=None, experiment="start"),
    ]
    images = tuple(IMAGES.values())
    other = record(fingerprint="87654321")
    assert comparison.matching([here], asked, plans, images) == {(NET, 0): here}
    assert comparison.matching([*wrong, other], asked, plans, images) == {}
    found = comparison.matching([other, here, here], asked, plans)
    assert found == {(NET, 0): here}  # of the images that most records are of


def test_a_recipes_own_values_may_be_said_or_left_out():
    """140 epochs are the variant's own; an older record has no changes."""
    asked, plans = digits(epochs=140, batch_size=None)
    plans = [(arm, dataclasses.replace(plan, batch_size=None)) for arm, plan in plans]
    older = record(changes=None, epochs=140, batch_size=128)
    for found in (record(changes={"batch_size": 128}), older):
        assert comparison.matching([found], asked, plans) == {(NET, 0): found}


@pytest.mark.parametrize(
    ("name", "size"),
    [("caffe", 67), ("cifar-18pct", None), ("bn-flowers17", None), ("paper-32", None)],
)
def test_only_larger_nets_that_fit_get_the_smaller_input(name, size):
    """bn-flowers17's 11×11 conv2 finds 7×7 maps at 67; a size that is a net's own
    changes nothing."""
    own = variants.get(name).architecture.input_shape[0]
    given = [comparison.fitted(name, side) for side in (own, 67, None)]
    assert given == [None, size, None]


@pytest.mark.parametrize("data", ["digits", "cifar10", "flowers17", "imagenet"])
def test_five_variants_suit_any_data(data):
    plans = [plan for _, plan in comparison.experiment(data).plans("DIR")]
    assert len({plan.variant for plan in plans}) == len(plans) >= 5
    assert len({(p.data, p.epochs, p.validation, p.limit, p.seed) for p in plans}) == 1
    for plan in plans:
        check(plan)


def test_the_cost_of_a_run_by_hand():
    """3 epochs of 40 images at 20 and 10 validation images at 50 images/s."""
    _, plans = digits()
    splits = {"train": range(40), "validation": range(10)}
    dataset = type("Dataset", (), {"splits": splits})
    assert comparison.cost(plans[0][1], dataset, (50, 20)) == pytest.approx(6.6)


def test_nets_take_turns():
    calls = []
    jobs = {name: lambda name=name: calls.append(name) for name in "ab"}
    assert set(comparison.alternate(jobs, 2)) == {"a", "b"}
    assert calls == ["a", "b", "a", "b"]


def test_the_chart_has_one_point_a_variant_and_panel():
    rows = [row(record(0.25)), row(name="paper"), row(record(0.99), name=OTHER)]
    errors, parameters, macs, speed = charts.comparison(rows, "about").axes
    names = [label.get_text() for label in errors.get_yticklabels()]
    assert names == [NET, "paper", OTHER]

    def points(axes, marks="os^"):
        return [line for line in axes.get_lines() if line.get_marker() in marks]

    drawn = [(line.get_xdata()[0], line.get_ydata()[0]) for line in points(errors)]
    assert drawn == [(25.0, 0), (99.0, 2)]
    ends = [list(line.get_xdata()) for line in points(errors, "|")]
    assert ends == [[12.5, 50.0], [49.5, 198.0]]
    assert "not run" in [text.get_text() for text in errors.texts]
    for axes, value in ((parameters, 1000), (macs, 2000)):
        (line,) = points(axes)
        assert list(line.get_xdata()) == [value] * 3
    assert [line.get_label() for line in points(speed)] == ["train", "forward"]
    assert len({line.get_marker() for line in points(speed)}) == 2


@pytest.mark.slow
def test_digits_are_run_and_then_found(tmp_path, monkeypatch, call):
    """Trains what is missing, says its cost first, draws; the second call trains
    nothing and shows the same; a third seeks two seeds of one, and trains one more."""
    monkeypatch.chdir(tmp_path)
    words = "--epochs 1 --limit 40 --rounds 1 --batch-size 20 --format json".split()
    both = [*words, "--variants", f"{NET},{OTHER}"]
    code, out, err = call(program, *both)
    assert code == 0 and err.index("2 runs to do, about ") < err.index("run 1 of 2")
    nets = {net["variant"]: net for net in json.loads(out)["variants"]}
    assert set(nets) == {NET, OTHER} and nets[NET]["parameters"] == 89_578
    for net in nets.values():
        assert 0 < net["top1_error"] < 1 and net["seeds"] == 1
        assert min(net["forward_images_per_second"], net["train_images_per_second"]) > 0
        assert net["command"] is None
    (figure,) = tmp_path.rglob("*.png")
    assert figure.read_bytes().startswith(b"\x89PNG")

    code, out, err = call(program, *both, "--out", "chart.svg")
    again = {net["variant"]: net for net in json.loads(out)["variants"]}
    assert code == 0 and "to do" not in err and (tmp_path / "chart.svg").exists()
    assert all(again[n]["top1_error"] == nets[n]["top1_error"] for n in nets)

    code, out, err = call(program, *words, "--variants", NET, "--seeds", 2)
    assert "1 run to do" in err
    assert [net["seeds"] for net in json.loads(out)["variants"]] == [2]


def test_what_was_not_run_names_its_command(tmp_path, monkeypatch, call):
    """Nothing is loaded, run or left empty for data that was not asked to be run."""
    monkeypatch.chdir(tmp_path)
    words = f"--data cifar10 --variants {NET} --epochs 3 --rounds 1 --format csv"
    code, out, _ = call(program, *words.split(), "--out", "c.pdf")
    rows = list(csv.reader(io.StringIO(out)))
    assert code == 0 and rows[2][0] == NET
    assert rows[2][-3:] == ["not run: add --run"] * 3
    command = (
        f"python -m reproduce.compare --data cifar10 --data-dir DIR --variants {NET} "
        "--epochs 3 --seeds 1 --run"
    )
    assert [NET, command] in rows


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--variants cifar-18pct,papr", "unknown variant 'papr'"),
        ("--data nothing", "unknown data 'nothing'"),
        ("--data flowers17 --run", "--data-dir"),
        ("--seeds 0", "--seeds must be in 1 … 1000"),
        ("--rounds 99999999999", "--rounds must be in 1 … 1000"),
        ("--epochs 0", "--epochs must be greater than or equal to 1"),
        ("--accuracy 90", "--accuracy must be in (0, 1]"),
        ("--out chart.jpg", "chart.jpg"),
        ("--differences paper papr", "unknown variant 'papr'"),
    ],
)
def test_wrong_use_is_one_line(words, said, wrong_use, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    err = wrong_use(program, *words.split())
    assert said in err
    if "variant" in said:
        assert all(name in err for name in variants.VARIANTS)
    assert list(tmp_path.iterdir()) == []


def test_differences_of_two_variants(call, tmp_path):
    code, out, _ = call(program, "--differences", "paper", "bn-flowers17")
    assert code == 0 and "kernel 11×11, padding 0" in out and "conv1_relu" not in out
    words = ("--differences", "paper", "paper", "--format", "json")
    _, out, _ = call(program, *words)
    assert json.loads(out) == {"layer": [], "recipe": []}
    code, written, _ = call(program, *words, "--out", tmp_path / "same.json")
    assert (code, written) == (0, "") and (tmp_path / "same.json").read_text() == out
    layers = json.loads(call(program, *words, "--all")[1])["layer"]
    assert len(layers) == len(variants.PAPER.layers) + 4
    assert all(layer["same"] for layer in layers)
