"""What features are worth: planted classes, an independent fit, hand-made kernels."""

import dataclasses

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from untrained import untrained

from alexnet_paper.data.datasets import Split
from alexnet_paper.results import colour as kernels
from alexnet_paper.results import features as probe
from alexnet_paper.results.evaluate import interval
from alexnet_paper.results.record import Record
from alexnet_paper.weights import convert
from reproduce import features as program

RNG = np.random.default_rng(0)


def planted(images, width, distance):
    """Features of two classes whose means are so far apart in a third of them."""
    labels = np.arange(images) % 2
    found = RNG.normal(size=(images, width))
    found[:, : max(1, width // 3)] += distance * labels[:, None]
    return found.astype("float32"), labels


def test_metrics_find_planted_classes_and_no_others():
    (train, labels), (test, of_test) = planted(200, 5, 30.0), planted(60, 5, 30.0)
    metrics = probe.measure(probe.Features("weights", train, test), labels, of_test)
    assert metrics["probe_accuracy"] == metrics["precision_at_6"] == 1.0
    assert metrics["probe_accuracy_interval"] == interval(1.0, 60)
    assert metrics["chance"] == 0.5
    none = planted(200, 5, 0.0), planted(400, 5, 0.0)
    assert 0.35 < probe.linear_probe(*none[0], *none[1]) < 0.65


def test_the_span_of_the_images_is_enough():
    """Fitted in the 30 images' space or in all 400 features: the same answers."""
    (train, labels), (test, of_test) = planted(30, 400, 0.3), planted(200, 400, 0.3)
    scaler = StandardScaler().fit(train)
    whole = LogisticRegression(C=probe.REGULARIZATION, max_iter=5000, tol=1e-8)
    whole.fit(scaler.transform(train), labels)
    expected = np.mean(whole.predict(scaler.transform(test)) == of_test)
    assert 0.6 < expected < 0.98
    found = probe.linear_probe(train, labels, test, of_test)
    assert found == pytest.approx(expected, abs=1 / 200)


def test_every_image_is_told_once():
    """Also those of a last batch, which is smaller."""
    images = RNG.integers(0, 256, (137, 32, 32, 3), dtype="uint8")
    splits = [Split(part, np.zeros(len(part))) for part in (images[:130], images[130:])]
    net = untrained("cifar-18pct", 10)
    of_net, of_pixels = [], []
    probe.of_net(net, "pool1", *splits, "weights", of_net.append)
    probe.of_pixels(net.preparation, *splits, of_pixels.append)
    assert of_net == [128, 2, 7] and of_pixels == [1] * 137


def test_by_angle_lengths_do_not_count():
    """Two rays: every image points as its class does, but the nearest are short."""
    lengths, labels = np.array([1, 10] * 7), np.array([0] * 7 + [1] * 7)
    rays = np.array([[1.0, 0.0], [0.6, 0.8]])[labels] * lengths[:, None]
    found = probe.Features("weights", rays, rays[[1, 8]] * 1.1)
    metrics = probe.measure(found, labels, labels[[1, 8]])
    assert metrics["precision_at_6_by_angle"] == 1.0 > metrics["precision_at_6"]


def coloured(net, first):
    """The net with conv1's kernels grey in one tower and without grey in the other."""
    kernel = RNG.normal(size=net.arrays["conv1/kernel"].shape).astype("float32")
    grey = np.repeat(kernel.mean(axis=2, keepdims=True), 3, axis=2)
    half = kernel.shape[-1] // 2
    parts = [kernel - grey, grey] if first else [grey, kernel - grey]
    kernel = np.concatenate([parts[0][..., :half], parts[1][..., half:]], axis=-1)
    return dataclasses.replace(net, arrays={**net.arrays, "conv1/kernel": kernel})


@pytest.mark.parametrize("first", [True, False])
def test_colours_of_the_towers(first):
    found = kernels.first_layer_colour(coloured(untrained("paper-32", 10), first))
    assert (found["part"], found["kernels"]) == ("tower", 32)
    assert found["means"] == pytest.approx([1, 0] if first else [0, 1], abs=1e-6)
    assert found["p_value"] < 0.001


def test_a_net_that_has_no_two_parts_has_no_colours_of_towers():
    assert kernels.first_layer_colour(untrained("cifar-18pct", 10)) is None


def test_the_program_compares_three_arms(tmp_path, call):
    """On the digits: the last hidden layer by itself; a record an arm."""
    net = coloured(untrained("paper-32", 10, seed=1), True)
    convert.save(net, tmp_path / "net.npz")
    words = "--data digits --split test --limit 100 --out".split()
    words = ["--weights", tmp_path / "net.npz", *words, tmp_path / "records"]
    code, out, _ = call(program, *words)
    assert code == 0 and "random weights" in out and "tower a" in out
    read = map(Record.load, (tmp_path / "records").iterdir())
    records = {record.protocol.arm: record for record in read}
    assert set(records) == {"weights", "random-weights", "pixels"}
    assert "colour" not in records["pixels"].metrics
    assert records["weights"].metrics["colour"]["p_value"] < 0.001
    assert records["random-weights"].metrics["colour"]["p_value"] > 0.001
    assert records["pixels"].metrics["probe_accuracy"] > 0.8  # digits are that easy
    protocol = records["weights"].protocol
    assert (protocol.training_images, protocol.layer) == (100, "fc7")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--data digits", "name one trained net"),
        ("--weights nowhere.npz --data digits", "nowhere.npz"),
    ],
)
def test_wrong_use(words, said, tmp_path, wrong_use):
    assert said in wrong_use(program, *words.split(), "--out", tmp_path)
