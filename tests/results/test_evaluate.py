"""Errors as the paper measures them, against loops, other libraries and hand-made
views."""

import dataclasses
import json
import math
from pathlib import Path

import keras
import numpy as np
import pytest
from untrained import untrained

from alexnet_paper.data import datasets
from alexnet_paper.data.augment import Preparation
from alexnet_paper.data.datasets import Split
from alexnet_paper.nets import model as models
from alexnet_paper.nets import variants
from alexnet_paper.nets.recipes import Recipe
from alexnet_paper.nets.variants import Variant
from alexnet_paper.results import evaluate as evaluation
from alexnet_paper.results.record import Protocol
from alexnet_paper.results.record import Record
from alexnet_paper.training import train as training
from alexnet_paper.training.environment import commit
from alexnet_paper.training.plan import Plan
from alexnet_paper.weights import convert
from alexnet_paper.weights import file as weights
from alexnet_paper.weights import net as nets
from reproduce import evaluate as program

RNG = np.random.default_rng(0)


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def predictions(count=500, classes=10, seed=0):
    """Probabilities without ties, and labels that are often right."""
    rng = np.random.default_rng(seed)
    logits, labels = rng.normal(size=(count, classes)), rng.integers(0, classes, count)
    logits[np.arange(count), labels] += 1.0
    return softmax(logits), labels


# top-k


def counted(probabilities, labels, k):
    """One image at a time: a class is before another if it is more probable, or as
    probable with a lower number."""
    wrong = 0
    for row, label in zip(probabilities.tolist(), labels.tolist(), strict=True):
        better = 0
        for index, value in enumerate(row):
            if value > row[label] or (value == row[label] and index < label):
                better += 1
        wrong += better >= k
    return wrong / len(labels)


@pytest.mark.parametrize("k", [1, 2, 5, 9])
def test_top_k_without_ties(k):
    """A loop, scikit-learn and Keras agree."""
    from sklearn.metrics import top_k_accuracy_score

    probabilities, labels = predictions()
    found = evaluation.top_k_error(probabilities, labels, k)
    assert found == counted(probabilities, labels, k)
    theirs = top_k_accuracy_score(labels, probabilities, k=k, labels=np.arange(10))
    assert found == pytest.approx(1 - theirs)
    metric = keras.metrics.SparseTopKCategoricalAccuracy(k)
    metric.update_state(labels, probabilities.astype("float32"))
    assert found == pytest.approx(1 - float(metric.result()), abs=1e-6)
    assert 0 < found < 1 and evaluation.top_k_error(probabilities, labels, 10) == 0


@pytest.mark.parametrize("k", [1, 3, 5])
def test_top_k_with_ties(k):
    """Probabilities of few different values."""
    probabilities = RNG.integers(0, 4, (400, 10)) / 10
    labels = RNG.integers(0, 10, 400)
    found = evaluation.top_k_error(probabilities, labels, k)
    assert found == counted(probabilities, labels, k)


@pytest.mark.parametrize(("k", "error"), [(1, 0.9), (5, 0.5)])
def test_a_net_that_says_nothing_is_right_by_chance(k, error):
    """The same probability for every class: k of ten are right, not all, not none."""
    labels = np.arange(1000) % 10
    assert evaluation.top_k_error(np.full((1000, 10), 0.1), labels, k) == error
    assert evaluation.top_k_error(np.zeros((1000, 10)), labels, k) == error


def test_the_order_of_images_does_not_matter():
    probabilities, labels = predictions()
    order = RNG.permutation(500)
    assert evaluation.top_k_error(probabilities, labels, 5) == (
        evaluation.top_k_error(probabilities[order], labels[order], 5)
    )


# intervals


@pytest.mark.parametrize(
    ("error", "images"),
    [(0.3747, 150_000), (0.5, 10), (0.0, 50), (1.0, 50), (0.02, 360)],
)
def test_interval_is_wilsons(error, images):
    """(p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n), z = 1.959964."""
    share, z = round(error * images) / images, 1.959963984540054
    middle = share + z**2 / (2 * images)
    half = z * math.sqrt(share * (1 - share) / images + z**2 / (4 * images**2))
    expected = [(middle + sign * half) / (1 + z**2 / images) for sign in (-1, 1)]
    found = evaluation.interval(error, images)
    assert found == pytest.approx(expected, abs=1e-9)
    assert 0 <= found[0] <= share <= found[1] <= 1


def test_metrics():
    probabilities, labels = predictions()
    found = evaluation.metrics(probabilities, labels)
    assert found["top1_error"] == counted(probabilities, labels, 1)
    assert found["top5_error"] == counted(probabilities, labels, 5)
    for name in ("top1_error", "top5_error"):
        assert found[f"{name}_interval"] == evaluation.interval(found[name], 500)
    loss = -sum(math.log(row[label]) for row, label in zip(probabilities, labels))
    assert found["loss"] == pytest.approx(loss / 500)
    assert json.loads(json.dumps(found)) == found


def test_metrics_of_few_classes():
    """The top five of five classes are all: no top-5 error."""
    found = evaluation.metrics(*predictions(classes=5))
    assert "top5_error" not in found and found["top1_error"] > 0


def test_the_loss_of_an_impossible_class_is_finite():
    probabilities = np.array([[1.0, 0.0, 0.0]])
    found = evaluation.metrics(probabilities, np.array([1]))
    assert found["loss"] == pytest.approx(30 * math.log(10))


# views


@pytest.fixture(scope="module")
def net(tiny):
    """The tiny net with softmax and the same weights without; outspoken, so that the
    views of an image get different answers."""
    model = models.build_model(tiny, "one-device", seed=1)
    logits = models.build_model(tiny, "one-device", classifier_activation=None)
    arrays = models.get_weights(model)
    arrays["fc8/kernel"] = 50 * arrays["fc8/kernel"]
    for each in (model, logits):
        models.set_weights(each, arrays)
    return model, logits


def shown(split, prepare, views):
    """Views cut out by hand: (images, views, 35, 35, 3)."""
    far, middle = 40 - 35, (40 - 35) // 2
    places = [(0, 0), (0, far), (far, 0), (far, far), (middle, middle)]
    rows = []
    for image in split.images.astype("float32"):
        five = [image[top : top + 35, left : left + 35] for top, left in places]
        ten = [*five, *(view[:, ::-1] for view in five)]
        rows.append(
            [view - prepare.mean for view in (ten if views == 10 else five[4:])]
        )
    return np.array(rows)


@pytest.mark.parametrize("views", [1, 10])
@pytest.mark.parametrize("batch_size", [128, 30, 7])
def test_predictions_average_the_probabilities_of_the_views(net, views, batch_size):
    """Softmax of each view first, then the mean: not the softmax of mean logits. The
    order is the images', however they are put in batches."""
    model, logits = net
    images = RNG.integers(0, 256, (7, 40, 40, 3), dtype="uint8")
    split = Split(images, np.arange(7) % 5)
    mean = RNG.uniform(0, 255, (35, 35, 3)).astype("float32")
    prepare = Preparation(35, 40, reflect=True, colour="paper", mean=mean)
    found = nets.predict(model, split, prepare, views, batch_size)
    inputs = shown(split, prepare, views).reshape(-1, 35, 35, 3)
    outputs = keras.ops.convert_to_numpy(logits(inputs)).reshape(7, views, 5)
    np.testing.assert_allclose(found, softmax(outputs).mean(axis=1), atol=1e-4)
    assert np.ptp(found, axis=0).max() > 1e-3  # images differ
    if views == 10:
        other = softmax(outputs.mean(axis=1))
        assert np.abs(found - other).max() > 1e-3


# runs

RECIPE = Recipe(batch_size=16, image_side=40, reflect=True, colour="paper", epochs=7)
PLAN = Plan("tiny", "digits", epochs=1, seed=1, limit=40, validation=0.05)


@pytest.fixture(scope="module", autouse=True)
def tiny_variant(tiny):
    from tensorflow.python.framework import config

    with pytest.MonkeyPatch.context() as patch:
        own = Variant("", "", tiny, recipe=RECIPE)
        patch.setitem(variants.VARIANTS, "tiny", own)
        yield
    config.disable_op_determinism()  # which training has switched on


@pytest.fixture(scope="module")
def runs(tmp_path_factory, tiny_variant):
    """Folders of two short runs with different seeds."""
    folders = []
    for seed in (1, 2):
        folder = tmp_path_factory.mktemp("runs") / f"seed{seed}"
        plan = dataclasses.replace(PLAN, seed=seed)
        assert training.start(plan, folder, "command").train()
        folders.append(str(folder))
    return folders


def probabilities_of(folder, split, views):
    """What a run says of a split, by hand from its file."""
    found = weights.load(f"{folder}/checkpoint.npz")
    net = variants.get("tiny").architecture.with_classes(10)
    model = models.build_model(net, "one-device", classifier_activation=None)
    models.set_weights(model, found.arrays)
    scaled = np.stack([found.preparation.scaled(image) for image in split.images])
    own = Split(scaled, split.labels)
    inputs = shown(own, found.preparation, views).reshape(-1, 35, 35, 3)
    outputs = keras.ops.convert_to_numpy(model(inputs))
    return softmax(outputs.reshape(len(split), views, 10)).mean(axis=1)


@pytest.mark.parametrize(("views", "split"), [(1, "test"), (10, "validation")])
def test_evaluation_of_a_run(runs, views, split):
    found = evaluation.evaluate(runs[:1], split, views, "command")
    images = datasets.load("digits", validation=0.05, limit=40).splits[split]
    probabilities = probabilities_of(runs[0], images, views)
    assert found.examples == len(images)
    assert found.metrics["top1_error"] == counted(probabilities, images.labels, 1)
    assert found.metrics["top5_error"] == counted(probabilities, images.labels, 5)
    likelihood = probabilities[np.arange(len(images)), images.labels]
    assert found.metrics["loss"] == pytest.approx(-np.log(likelihood).mean(), rel=1e-5)


def test_evaluation_of_two_runs_averages_their_probabilities(runs):
    """Each with its own mean image and crop; the average is not that of the errors."""
    images = datasets.load("digits", validation=0.05).splits["validation"]
    each = [probabilities_of(folder, images, 1) for folder in runs]
    assert np.abs(each[0] - each[1]).max() > 1e-3
    found = evaluation.evaluate(runs, "validation", 1, "command")
    mean = (each[0] + each[1]) / 2
    likelihood = mean[np.arange(len(images)), images.labels]
    assert found.metrics["loss"] == pytest.approx(-np.log(likelihood).mean(), rel=1e-5)
    assert found.metrics["top1_error"] == counted(mean, images.labels, 1)
    assert found.protocol.runs == 2 and found.protocol.seed == "1+2"
    assert found.variant == "tiny"


def test_report_on_every_class():
    """Precision and recall, counted; a class that is never said has precision 0."""
    probabilities, labels = predictions(60, 4)
    probabilities[:, 3] = 0
    found = evaluation.class_report(probabilities, labels, ("a", "b", "c", "d"))
    said = [max(range(4), key=row.__getitem__) for row in probabilities.tolist()]
    pairs = list(zip(said, labels.tolist(), strict=True))
    assert list(found) == ["a", "b", "c", "d"]
    for index, name in enumerate(found):
        right = pairs.count((index, index))
        of_said, of_class = said.count(index), labels.tolist().count(index)
        assert found[name]["precision"] == pytest.approx(right / max(of_said, 1))
        assert found[name]["recall"] == pytest.approx(right / of_class)
        assert found[name]["support"] == of_class


def test_the_record_has_the_whole_protocol(runs, tmp_path):
    found = evaluation.evaluate(runs[:1], "test", 10, "python -m reproduce.evaluate …")
    fingerprint = datasets.load("digits").splits["test"].fingerprint
    assert found.protocol == Protocol(
        classes=10,
        views=10,
        epochs=1,
        weights_of_epoch=1,
        seed="1",
        runs=1,
        training_images=40,
        trained=["command"],
        trained_by=[commit()],
        recipe="as-published",
        changes={"epochs": 1, "limit": 40, "validation": 0.05},
        batch_size=16,
        steps=3,
        precision="float32",
        image="side 40, crop 35",
        mean="image",
        fingerprint=fingerprint,
        labels="the dataset's own numbers, from 0",
    )
    assert (found.variant, found.data, found.split) == ("tiny", "digits", "test")
    assert found.examples == 360 and found.command.startswith("python -m")
    assert {"commit", "keras", "backend", "device"} <= set(found.environment)
    assert [line["epoch"] for line in found.history] == [1]
    path = found.save(tmp_path)
    assert path.name == "tiny-digits-test-views10-seed1.json"
    again = Record.load(path)
    assert dataclasses.replace(again, source="") == found


def evaluated(*folders, split="test"):
    with pytest.raises((ValueError, FileNotFoundError)) as caught:
        evaluation.evaluate([str(folder) for folder in folders], split, 1, "command")
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def test_a_folder_that_is_no_run(runs, tmp_path):
    text = f"{tmp_path} is not the folder of a run"
    assert text in evaluated(tmp_path)
    assert text in evaluated(runs[0], tmp_path)


def copied(folder, to, **changes):
    """A run's folder again, its plan changed."""
    to.mkdir()
    content = json.loads(open(f"{folder}/run.json").read())
    content["plan"].update(changes)
    (to / "run.json").write_text(json.dumps(content))
    for name in ("checkpoint.npz", "log.jsonl"):
        (to / name).write_bytes((Path(folder) / name).read_bytes())
    return to


def test_a_split_that_is_not_there(runs, tmp_path):
    other = copied(runs[0], tmp_path / "run", validation=0)
    assert "digits has no validation split: train, test" in (
        evaluated(other, split="validation")
    )


def test_runs_on_different_data(runs, tmp_path):
    other = copied(runs[0], tmp_path / "run", data="cifar10", data_dir="/nowhere")
    assert "trained on different data" in evaluated(runs[0], other)


def test_runs_that_held_out_different_images(runs, tmp_path):
    """What one held out the other was trained on: the validation images of both are no
    measure. Their test images are the same."""
    other = copied(runs[1], tmp_path / "run", validation=0.3)
    found = evaluation.evaluate([runs[0], str(other)], "test", 1, "command")
    assert found.examples == 360
    evaluated(runs[0], other, split="validation")


def test_a_run_without_a_checkpoint(runs, tmp_path):
    other = copied(runs[0], tmp_path / "run")
    (other / "checkpoint.npz").unlink()
    assert "checkpoint.npz" in evaluated(other)


@pytest.mark.parametrize("kept", [0, 100, -50])
def test_a_damaged_checkpoint(kept, runs, tmp_path):
    other = copied(runs[0], tmp_path / "run")
    whole = (other / "checkpoint.npz").read_bytes()
    (other / "checkpoint.npz").write_bytes(whole[:kept])
    assert str(other / "checkpoint.npz") in evaluated(other)


def test_a_checkpoint_of_another_net(runs, tmp_path):
    other = copied(runs[0], tmp_path / "run", variant="cifar-18pct")
    assert "checkpoint.npz is of tiny, not cifar-18pct" in evaluated(other)


# weight files


def weight_file(folder, classes=10, names=tuple("0123456789"), **about):
    """An imported file of random weights, its arrays and path."""
    net = untrained("cifar-18pct", classes, seed=3)
    net = dataclasses.replace(net, class_names=names, about={**net.about, **about})
    convert.save(net, folder / "net.npz")
    return nets.open_weights(folder / "net.npz"), str(folder / "net.npz")


@pytest.mark.parametrize("views", [1, 10])
def test_evaluation_of_a_weight_file(views, tmp_path):
    """Outputs in another order than the data's classes: each label finds its own."""
    net, path = weight_file(tmp_path, 11, tuple("9x012345678"), sha256="aa")
    images = datasets.load("digits").splits["test"]
    probabilities = net.predict(images.images, views)
    outputs = np.array([2, 3, 4, 5, 6, 7, 8, 9, 10, 0])[images.labels]
    asked = "digits", None, "test", views, "command"
    found = evaluation.evaluate_weights([path], *asked)
    assert found.metrics["top1_error"] == counted(probabilities, outputs, 1)
    assert found.metrics["top5_error"] == counted(probabilities, outputs, 5)
    protocol = found.protocol
    assert (protocol.classes, protocol.views) == (11, views)
    assert (protocol.sha256, protocol.seed) == (["aa"], "imported")
    assert found.name == f"cifar-18pct-digits-test-views{views}-seedimported-aa.json"


def refused(path, *about, others=()):
    with pytest.raises(ValueError) as caught:
        evaluation.evaluate_weights([path, *others], *about, 1, "command")
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def test_a_weight_file_that_cannot_be_evaluated(tmp_path):
    _, path = weight_file(tmp_path, 3, ("a", "b", "c"))
    said = refused(path, "digits", None, "test")
    assert "net.npz has no output for 0, 1, 2 of digits" in said
    _, path = weight_file(tmp_path)
    assert "digits has no other split" in refused(path, "digits", None, "other")
    net, _ = weight_file(tmp_path)
    part = {name: net.arrays[name] for name in net.arrays if "fc10" not in name}
    part = dataclasses.replace(net, arrays=part)
    convert.save(part, tmp_path / "part.npz")
    said = refused(str(tmp_path / "part.npz"), "digits", None, "test")
    assert "part.npz is partial: the output needs fc10/kernel" in said


@pytest.mark.parametrize("names", ["0123456798", "0123456789x"])
def test_weight_files_that_number_classes_otherwise_are_not_averaged(names, tmp_path):
    (tmp_path / "other").mkdir()
    _, path = weight_file(tmp_path)
    _, other = weight_file(tmp_path / "other", len(names), tuple(names))
    said = refused(path, "digits", None, "test", others=[other])
    assert "do not number the same classes alike" in said


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--run", "a", "--weights", "b", "--data", "digits"],
        ["--weights", "b"],
        ["--run", "a", "--data", "digits"],
        ["--weights", "b", "--data", "digits", "--per-class"],
    ],
)
def test_either_runs_or_weight_files(words, capsys):
    with pytest.raises(SystemExit) as stop:
        program.main(words)
    assert stop.value.code == 2
    assert "name either --run RUN, or --weights FILE" in capsys.readouterr().err
