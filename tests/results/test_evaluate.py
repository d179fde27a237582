"""Errors as the paper measures them, against loops, other libraries and hand-made
views."""

import dataclasses
import json
import math
import shutil
import types

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


def predictions(count=500, classes=10):
    """Probabilities without ties, and labels that are often right."""
    rng = np.random.default_rng(0)
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
def test_top_k_error(k):
    """A loop agrees, and scikit-learn where there are no ties; where all probabilities
    are the same, k of ten images are right."""
    from sklearn.metrics import top_k_accuracy_score

    probabilities, labels = predictions()
    theirs = top_k_accuracy_score(labels, probabilities, k=k, labels=np.arange(10))
    found = evaluation.top_k_error(probabilities, labels, k)
    assert found == counted(probabilities, labels, k) == pytest.approx(1 - theirs)
    ties, labels = RNG.integers(0, 4, (400, 10)) / 10, RNG.integers(0, 10, 400)
    assert evaluation.top_k_error(ties, labels, k) == counted(ties, labels, k)
    same, labels = np.full((1000, 10), 0.1), np.arange(1000) % 10
    assert evaluation.top_k_error(same, labels, k) == pytest.approx(1 - k / 10)


# metrics


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
    assert evaluation.interval(error, images) == pytest.approx(expected, abs=1e-9)


def test_metrics():
    probabilities, labels = predictions()
    found = evaluation.metrics(probabilities, labels)
    for name, k in (("top1_error", 1), ("top5_error", 5)):
        assert found[name] == counted(probabilities, labels, k)
        assert found[f"{name}_interval"] == evaluation.interval(found[name], 500)
    loss = -sum(math.log(row[label]) for row, label in zip(probabilities, labels))
    assert found["loss"] == pytest.approx(loss / 500)
    assert json.loads(json.dumps(found)) == found


def test_metrics_of_few_classes_and_of_an_impossible_one():
    """The top five of five classes are all: no top-5 error. The loss is finite."""
    found = evaluation.metrics(np.array([[1.0, 0, 0, 0, 0]]), np.array([1]))
    assert "top5_error" not in found and found["top1_error"] == 1
    assert found["loss"] == pytest.approx(30 * math.log(10))


def test_what_is_not_a_number_is_not_measured():
    """It would look like a net that says class 0 of every image."""
    probabilities, labels = predictions()
    probabilities[7, 3] = np.nan
    with pytest.raises(ValueError, match="not numbers"):
        evaluation.metrics(probabilities, labels)


def test_report_on_every_class():
    """Precision and recall, counted; a class that is never said has precision 0."""
    probabilities, labels = predictions(60, 4)
    probabilities[:, 3] = 0
    found = evaluation.class_report(probabilities, labels, tuple("abcd"))
    said = [max(range(4), key=row.__getitem__) for row in probabilities.tolist()]
    for index, name in enumerate("abcd"):
        right = np.sum((np.array(said) == index) & (labels == index))
        of_said, of_class = said.count(index), labels.tolist().count(index)
        shares = right / max(of_said, 1), right / of_class, of_class
        names = ("precision", "recall", "support")
        assert [found[name][one] for one in names] == pytest.approx(shares)


# views


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


@pytest.mark.parametrize(("views", "batch_size"), [(1, 128), (10, 30), (10, 7)])
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
    other = softmax(outputs.mean(axis=1))
    assert views == 1 or np.abs(found - other).max() > 1e-3


# runs

RECIPE = Recipe(batch_size=16, image_side=40, reflect=True, colour="paper", epochs=7)


@pytest.fixture(scope="module", autouse=True)
def tiny_variant(tiny, no_determinism_afterwards):
    with pytest.MonkeyPatch.context() as patch:
        own = Variant("", "", tiny, recipe=RECIPE)
        patch.setitem(variants.VARIANTS, "tiny", own)
        yield


@pytest.fixture(scope="module")
def runs(tmp_path_factory, tiny_variant):
    """Folders of two short runs with different seeds."""
    folders = [tmp_path_factory.mktemp("runs") / f"seed{seed}" for seed in (1, 2)]
    for seed, folder in enumerate(folders, 1):
        plan = Plan("tiny", "digits", epochs=1, seed=seed, limit=40, validation=0.05)
        assert training.start(plan, folder, "command").train()
    return folders


def probabilities_of(folder, split, views):
    """What a run says of a split, by hand from its file."""
    found = weights.load(folder / "checkpoint.npz")
    net = variants.get("tiny").architecture.with_classes(10)
    model = models.build_model(net, "one-device", classifier_activation=None)
    models.set_weights(model, found.arrays)
    scaled = np.stack([found.preparation.scaled(image) for image in split.images])
    own = Split(scaled, split.labels)
    inputs = shown(own, found.preparation, views).reshape(-1, 35, 35, 3)
    outputs = keras.ops.convert_to_numpy(model(inputs))
    return softmax(outputs.reshape(len(split), views, 10)).mean(axis=1)


@pytest.mark.parametrize(
    ("count", "views", "split"),
    [(1, 1, "test"), (1, 10, "validation"), (2, 1, "validation")],
)
def test_evaluation_averages_the_probabilities_of_runs(runs, count, views, split):
    """Each with its own mean image and crop."""
    found = evaluation.evaluate(runs[:count], split, views, "command")
    images = datasets.load("digits", validation=0.05).splits[split]
    each = [probabilities_of(folder, images, views) for folder in runs[:count]]
    mean, labels = np.mean(each, axis=0), images.labels
    assert np.ptp(each, axis=0).max() > 1e-3 or count == 1
    assert found.examples == len(images)
    assert found.metrics["top1_error"] == counted(mean, labels, 1)
    assert found.metrics["top5_error"] == counted(mean, labels, 5)
    loss = -np.log(mean[np.arange(len(images)), labels]).mean()
    assert found.metrics["loss"] == pytest.approx(loss, rel=1e-5)
    seeds = "+".join("12"[:count])
    assert (found.protocol.runs, found.protocol.seed) == (count, seeds)
    assert found.variant == "tiny"


def test_the_record_has_the_whole_protocol(runs, tmp_path):
    found = evaluation.evaluate(runs[:1], "test", 10, "python -m reproduce.evaluate …")
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
        fingerprint=datasets.load("digits").splits["test"].fingerprint,
        labels="the dataset's own numbers, from 0",
    )
    assert (found.variant, found.data, found.split) == ("tiny", "digits", "test")
    assert found.examples == 360 and found.command.startswith("python -m")
    versions = {"commit", "python", "keras", "tensorflow", "numpy"}
    assert versions | {"backend", "device", "machine"} <= set(found.environment)
    assert [line["epoch"] for line in found.history] == [1]
    path = found.save(tmp_path)
    assert path.name == "tiny-digits-test-views10-seed1.json"
    assert dataclasses.replace(Record.load(path), source="") == found


def refused(evaluate, *arguments):
    """The one line with which an evaluation is refused."""
    with pytest.raises((ValueError, FileNotFoundError)) as caught:
        evaluate(*arguments, 1, "command")
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def retold(path, **changes):
    """Changes the text of a weight file."""
    with np.load(path) as file:
        arrays = dict(file)
    meta = json.loads(arrays.pop("meta").tobytes())
    weights.save(path, arrays, {**meta, **changes})


def copied(folder, to, **changes):
    """A run's folder again, its plan changed."""
    shutil.copytree(folder, to)
    content = json.loads((to / "run.json").read_text())
    content["plan"].update(changes)
    (to / "run.json").write_text(json.dumps(content))
    retold(to / "checkpoint.npz", plan=content["plan"])
    return to


@pytest.mark.parametrize(
    ("name", "before", "after", "said"),
    [
        ("run.json", '"seed": 1', '"seed": 3', "another run (seed 1 there, 3 in run"),
        ("run.json", '"recipe": null', '"recipe": "x"', "tiny has no recipe 'x'"),
        ("log.jsonl", '"epoch": 1', '"epoch": 2', "damaged: line 1 is of epoch 2"),
        ("log.jsonl", '"rate": ', '"rate": 1', "does not have the epochs of"),
    ],
)
def test_files_that_do_not_fit_each_other(name, before, after, said, runs, tmp_path):
    path = shutil.copytree(runs[0], tmp_path / "run") / name
    assert before in path.read_text()
    path.write_text(path.read_text().replace(before, after))
    assert said in refused(evaluation.evaluate, [path.parent], "test")


def test_a_checkpoint_that_does_not_fit_its_data_or_its_plan(runs, tmp_path):
    """One of an older version has no plan, and is believed."""
    folder = shutil.copytree(runs[0], tmp_path / "run")
    path = folder / "checkpoint.npz"
    for changes, said in (
        ({"class_names": [*"9876543210"]}, "other classes than digits"),
        ({"class_names": [*"0123456789"], "state": None}, "its state is damaged"),
        ({"plan": {}}, "its plan is damaged: variant is missing"),
    ):
        state = weights.load(path).meta["state"]
        retold(path, **changes)
        assert said in refused(evaluation.evaluate, [folder], "test")
        retold(path, state=state, plan=None)
    assert evaluation.evaluate([folder], "test", 1, "command").examples == 360


@pytest.mark.parametrize(
    ("alone", "split", "changes", "said"),
    [
        (
            True,
            "validation",
            {"validation": 0},
            "digits has no validation split: train",
        ),
        (True, "test", {"variant": "cifar-18pct"}, "is of tiny, not cifar-18pct"),
        (False, "test", {"data": "cifar10", "data_dir": "/x"}, "on different data"),
        (False, "validation", {"validation": 0.3}, "the same validation images"),
    ],
)
def test_plans_that_cannot_be_evaluated(runs, alone, split, changes, said, tmp_path):
    """What one run held out another may have been trained on."""
    other = copied(runs[1], tmp_path / "run", **changes)
    folders = [other] if alone else [runs[0], other]
    assert said in refused(evaluation.evaluate, folders, split)


def test_runs_that_held_out_different_images_have_the_same_test_images(runs, tmp_path):
    folders = [runs[0], copied(runs[1], tmp_path / "run", validation=0.3)]
    assert evaluation.evaluate(folders, "test", 1, "command").examples == 360


def test_folders_that_are_no_runs(runs, tmp_path):
    """An empty one, also as the second, one named twice, and one whose checkpoint is
    missing or damaged."""
    said = f"{tmp_path} is not the folder of a run"
    assert said in refused(evaluation.evaluate, [tmp_path], "test")
    assert said in refused(evaluation.evaluate, [runs[0], tmp_path], "test")
    assert "named twice" in refused(evaluation.evaluate, [runs[0]] * 2, "test")
    file = copied(runs[0], tmp_path / "run") / "checkpoint.npz"
    whole = file.read_bytes()
    for kept in (0, 100, -50):
        file.write_bytes(whole[:kept])
        assert str(file) in refused(evaluation.evaluate, [file.parent], "test")
    file.unlink()
    assert "checkpoint.npz" in refused(evaluation.evaluate, [file.parent], "test")


# weight files


def weight_file(folder, names="0123456789", **about):
    """An imported file of random weights, outspoken, and its path."""
    net = untrained("tiny", len(names), seed=3)
    net.arrays["fc8/kernel"] *= 3
    about = {**net.about, **about}
    net = dataclasses.replace(net, class_names=tuple(names), about=about)
    path = folder / f"{names}.npz"
    convert.save(net, path)
    return nets.open_weights(path), str(path)


def test_evaluation_of_a_weight_file(tmp_path):
    """Outputs in another order than the data's classes: each label finds its own."""
    net, path = weight_file(tmp_path, "9x012345678", sha256="aa")
    images = datasets.load("digits").splits["test"]
    probabilities = net.predict(images.images, 10)
    outputs = np.array([2, 3, 4, 5, 6, 7, 8, 9, 10, 0])[images.labels]
    asked = "digits", None, "test", 10, "command"
    found = evaluation.evaluate_weights([path], *asked)
    assert found.metrics["top1_error"] == counted(probabilities, outputs, 1)
    assert found.metrics["top5_error"] == counted(probabilities, outputs, 5)
    loss = -np.log(probabilities[np.arange(len(images)), outputs]).mean()
    assert found.metrics["loss"] == pytest.approx(loss, rel=1e-5)
    np.testing.assert_array_equal(
        found.array("predicted"), probabilities.argmax(axis=1)
    )
    assert np.mean(found.array("rank") > 0) == found.metrics["top1_error"]
    protocol = found.protocol
    assert (protocol.classes, protocol.views) == (11, 10)
    assert (protocol.sha256, protocol.seed) == (["aa"], "imported")
    assert found.name == "tiny-digits-test-views10-seedimported-aa.json"


def test_a_weight_file_that_cannot_be_evaluated(tmp_path):
    def refusal(path, split="test", others=()):
        asked = [path, *others], "digits", None, split
        return refused(evaluation.evaluate_weights, *asked)

    _, few = weight_file(tmp_path, "abc")
    assert "abc.npz has no output for 0, 1, 2 of digits" in refusal(few)
    net, path = weight_file(tmp_path)
    assert "digits has no other split" in refusal(path, "other")
    part = {name: net.arrays[name] for name in net.arrays if "fc8" not in name}
    part = dataclasses.replace(net, arrays=part)
    convert.save(part, tmp_path / "part.npz")
    said = refusal(str(tmp_path / "part.npz"))
    assert "part.npz is partial: the output needs fc8/kernel" in said
    for names in ("0123456798", "0123456789x"):  # numbered otherwise, or more
        _, other = weight_file(tmp_path, names)
        said = refusal(path, others=[other])
        assert "do not number the same classes alike" in said


@pytest.mark.parametrize(
    "words",
    [
        "",
        "--run a --weights b --data digits",
        "--weights b",
        "--run a --data digits",
        "--weights b --data digits --per-class",
    ],
)
def test_either_runs_or_weight_files(words, wrong_use):
    said = "name either --run RUN, or --weights FILE"
    assert said in wrong_use(program, *words.split())


@pytest.mark.parametrize(("right", "error"), [(1, 0.0), (0, 1.0)])
def test_against_chance(right, error):
    """Of 40 images of 4 classes, all or none: chance is right on all with 4⁻⁴⁰."""
    labels = np.arange(40) % 4
    split = Split(labels, labels)  # an image is its label here
    dataset = types.SimpleNamespace(
        name="four", class_names="abcd", held_out="test", split={"test": split}.get
    )
    net = types.SimpleNamespace(
        about={},
        architecture=types.SimpleNamespace(classes=4),
        class_names=None,
        name="net",
        predict=lambda images: np.eye(4)[(images + 1 - right) % 4],
        require=lambda: None,
    )
    found = evaluation.against_chance(net, dataset)
    assert found == (error, 0.75, pytest.approx(4.0**-40 if right else 1))
