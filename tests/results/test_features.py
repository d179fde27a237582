"""What features are worth: planted classes, an independent fit, hand-made kernels."""

import dataclasses

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from untrained import untrained

from alexnet_paper import paper
from alexnet_paper.nets import variants
from alexnet_paper.results import colour as kernels
from alexnet_paper.results import features as probe
from alexnet_paper.results.record import Protocol
from alexnet_paper.results.record import Record
from alexnet_paper.verdicts import finding as findings
from alexnet_paper.verdicts import measure as claims
from alexnet_paper.verdicts.subject import Subject
from alexnet_paper.weights import convert
from reproduce import features as program

RNG = np.random.default_rng(0)


def planted(images, width, distance):
    """Features of two classes whose means are so far apart in a third of them."""
    labels = np.arange(images) % 2
    found = RNG.normal(size=(images, width))
    found[:, : max(1, width // 3)] += distance * labels[:, None]
    return found.astype("float32"), labels


@pytest.mark.parametrize("width", [5, 300])
def test_a_probe_finds_planted_classes(width):
    """Also with more features than images."""
    train, test = planted(200, width, 30.0), planted(60, width, 30.0)
    assert probe.linear_probe(train[0], train[1], test[0], test[1]) == 1.0
    none = planted(200, width, 0.0), planted(400, width, 0.0)
    found = probe.linear_probe(*none[0], *none[1])
    assert 0.35 < found < 0.65


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


def test_metrics_of_features():
    train, test = planted(40, 3, 50.0), planted(10, 3, 50.0)
    found = probe.Features("weights", train[0], test[0])
    metrics = probe.measure(found, train[1], test[1])
    assert metrics["probe_accuracy"] == metrics["precision_at_6"] == 1.0
    assert metrics["chance"] == 0.5


def test_by_angle_lengths_do_not_count():
    """Two rays: every image points as its class does, but the nearest are short."""
    lengths = np.array([1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10])
    labels = np.array([0] * 7 + [1] * 7)
    rays = np.array([[1.0, 0.0], [0.6, 0.8]])[labels] * lengths[:, None]
    found = probe.Features("weights", rays, rays[[1, 8]] * 1.1)
    metrics = probe.measure(found, labels, labels[[1, 8]])
    assert metrics["precision_at_6_by_angle"] == 1.0 > metrics["precision_at_6"]


def test_the_interval_is_around_the_accuracy():
    train, test = planted(40, 3, 50.0), planted(10, 3, 50.0)
    found = probe.Features("weights", train[0], test[0])
    metrics = probe.measure(found, train[1], test[1])
    low, high = metrics["probe_accuracy_interval"]
    assert 0.6 < low < high <= 1


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
    net = coloured(untrained("paper-32", 10), first)
    found = kernels.first_layer_colour(net)
    assert (found["part"], found["kernels"]) == ("tower", 32)
    assert found["means"] == pytest.approx([1, 0] if first else [0, 1], abs=1e-6)
    assert found["p_value"] < 0.001


def test_colours_of_nets_that_have_no_two_parts():
    for variant in ("cifar-18pct", "one-weird-trick"):
        assert kernels.first_layer_colour(untrained(variant, 10)) is None


def run(folder, *words):
    return program.main([*words, "--out", str(folder / "records")])


def test_the_program_compares_three_arms(tmp_path, capsys):
    """On the digits: the last hidden layer by itself; a record an arm."""
    net = coloured(untrained("paper-32", 10, seed=1), True)
    convert.save(net, tmp_path / "net.npz")
    words = ["--weights", str(tmp_path / "net.npz"), "--data", "digits"]
    assert run(tmp_path, *words, "--split", "test", "--limit", "200") == 0
    out = capsys.readouterr().out
    assert "fc7" in out and "random weights" in out and "tower a" in out
    records = {
        record.protocol.arm: record
        for record in map(Record.load, (tmp_path / "records").iterdir())
    }
    assert set(records) == {"weights", "random-weights", "pixels"}
    assert "colour" not in records["pixels"].metrics
    assert records["weights"].metrics["colour"]["p_value"] < 0.001
    assert records["random-weights"].metrics["colour"]["p_value"] > 0.001
    accuracy = {arm: r.metrics["probe_accuracy"] for arm, r in records.items()}
    assert accuracy["pixels"] > 0.8  # digits are that easy
    protocol = records["weights"].protocol
    assert (protocol.training_images, protocol.layer) == (200, "fc7")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--data", "digits"], "name one trained net"),
        (["--weights", "nowhere.npz", "--data", "digits"], "nowhere.npz"),
    ],
)
def test_wrong_use(words, said, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        run(tmp_path, *words)
    assert stop.value.code == 2
    (line,) = capsys.readouterr().err.strip().splitlines()[-1:]
    assert line.startswith("error: ") and said in line


# claim N03


def kernels_record(
    p_value, kernels=96, arm="weights", data="imagenet", experiment="features"
):
    colour = {
        "part": "group",
        "kernels": kernels,
        "means": [0.7, 0.2],
        "p_value": p_value,
        "permutations": 10_000,
    }
    protocol = {"experiment": experiment, "arm": arm, "weights": "net.npz"}
    return Record(
        "caffe",
        data,
        "validation",
        1,
        Protocol(**protocol),
        {"colour": colour},
        "c",
        {},
    )


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (kernels_record(0.0002), findings.SUPPORTED),
        (kernels_record(0.2), findings.CONTRADICTED),
        (kernels_record(0.0002, kernels=64), findings.REPLICATED),
        (kernels_record(0.0002, arm="random-weights"), findings.REPLICATED),
        (kernels_record(0.0002, data="cifar10"), findings.REPLICATED),
        (kernels_record(0.0002, experiment="start"), findings.REPLICATED),
    ],
)
def test_the_towers_claim_is_read_from_a_record(found, verdict):
    (claim,) = (claim for claim in paper.CLAIMS if claim.id == "N03")
    subject = Subject(variants.get("paper"))
    finding = claims.measure(subject, claim, [found])
    assert finding.verdict == verdict
    if verdict == findings.SUPPORTED:
        assert finding.ours == "colour 0.70 / 0.20 (caffe)"
        assert "p = 0.0002 of 10,000" in finding.note
