"""Caffe's full net for CIFAR-10: imported, it is the function that Caffe's definition
describes, written here once more in plain NumPy. Its eight snapshots are wrong about
the same images, to the last one."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import foreign
import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from alexnet_paper.data import datasets
from alexnet_paper.nets import model as models
from alexnet_paper.nets import specs
from alexnet_paper.results import curves
from alexnet_paper.results import record
from alexnet_paper.weights import convert as conversion
from alexnet_paper.weights import net as nets
from alexnet_paper.weights.alexnet import AlexNet
from alexnet_paper.weights.convert import Options
from reproduce import weights as program

SHARED = Path(__file__).parents[3] / "shared" / "data"
SNAPSHOTS = SHARED / "caffe_cifar10_full"
real = pytest.mark.skipif(not SNAPSHOTS.is_dir(), reason=f"no {SNAPSHOTS}")

# Steps → test images that are wrong, of 10,000: counted by `logits` below in float64.
WRONG = {
    10_000: 2719,
    20_000: 2310,
    30_000: 2235,
    40_000: 2172,
    50_000: 2111,
    60_000: 2058,
    65_000: 1822,
    70_000: 1789,
}
TIE = 1e-4  # between the two best outputs; float32 may exchange what is closer
SHAPES = {
    "conv1": ((32, 3, 5, 5), (32,)),
    "conv2": ((32, 32, 5, 5), (32,)),
    "conv3": ((64, 32, 5, 5), (64,)),
    "ip1": ((10, 1024), (10,)),
}
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (5, 32, 32, 3), dtype="uint8")
MEAN = RNG.uniform(90, 150, (3, 32, 32))


# Caffe's definition, with maps before positions


def convolved(x, kernel, bias):
    """5×5, two zeros around."""
    padded = np.pad(x, ((0, 0), (0, 0), (2, 2), (2, 2)))
    windows = sliding_window_view(padded, (5, 5), axis=(2, 3))
    found = np.tensordot(windows, kernel, axes=([1, 4, 5], [1, 2, 3]))
    return found.transpose(0, 3, 1, 2) + bias[:, None, None]


def pooled(x, of_window):
    """3×3 every 2; the number of windows is rounded up, and the last may be smaller."""
    count = -((3 - x.shape[2]) // 2) + 1
    windows = [x[:, :, 2 * i : 2 * i + 3] for i in range(count)]
    rows = [
        [of_window(rows[:, :, :, 2 * j : 2 * j + 3]) for j in range(count)]
        for rows in windows
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def largest(window):
    return window.max(axis=(2, 3))


def average(window):
    return window.mean(axis=(2, 3))


def nine(side):
    return 9


def inside(side):
    """Places of a 3×3 window that are inside the map."""
    along = np.array([2, *[3] * (side - 2), 2])
    return along[:, None] * along


def normalized(x, places=nine):
    """alpha 5e-5 over the nine places of a 3×3 window, zeros outside the map."""
    padded = np.pad(x**2, ((0, 0), (0, 0), (1, 1), (1, 1)))
    side = x.shape[2]
    total = sum(
        padded[:, :, i : i + side, j : j + side] for i in range(3) for j in range(3)
    )
    return x / (1 + 5e-5 * total / places(side)) ** 0.75


def logits(x, layers, average=average, places=nine):
    (k1, b1), (k2, b2), (k3, b3), (kernel, bias) = layers
    x = normalized(np.maximum(pooled(convolved(x, k1, b1), largest), 0), places)
    x = pooled(np.maximum(convolved(x, k2, b2), 0), average)
    x = normalized(x, places)
    x = pooled(np.maximum(convolved(x, k3, b3), 0), average)
    return x.reshape(len(x), -1) @ kernel.T + bias


def softmax(x):
    x = np.exp(x - x.max(axis=1, keepdims=True))
    return x / x.sum(axis=1, keepdims=True)


def test_windows_at_the_edge_by_hand():
    """Of 0 … 15 the last windows hold 6, 6 and 4 numbers; of a map of 60s a corner has
    4 neighbours in its window, an edge 6. The net's layers and the oracle agree."""
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    means, most = [[5, 6.5], [11, 12.5]], [[10, 11], [14, 15]]
    assert pooled(x, average)[0, 0].tolist() == means
    assert pooled(x, largest)[0, 0].tolist() == most
    assert inside(3).tolist() == [[4, 6, 4], [6, 9, 6], [4, 6, 4]]
    lower = 60 / (1 + 5e-5 * inside(3) * 60**2 / 9) ** 0.75
    sixty = np.full((1, 1, 3, 3), 60.0)
    assert normalized(sixty)[0, 0] == pytest.approx(lower, rel=1e-12)
    for spec, given, expected in (
        (specs.AvgPool("pool", 3, 2, "ceil"), x, means),
        (specs.MaxPool("pool", 3, 2, "ceil"), x, most),
        (specs.SpatialNorm("norm", 3, 1.0, 5e-5 / 9), sixty, lower),
    ):
        net = specs.Architecture("edges", (spec,), (*given.shape[2:], 1))
        found = models.build_model(net, "one-device").predict(given[0, ..., None])
        assert found[0, ..., 0] == pytest.approx(np.array(expected), rel=1e-6)


# random weights, always


def random_layers():
    """[(kernel, bias), ...] strong enough for both normalizations to act."""
    scales = (0.3, 0.1, 0.03, 0.002)
    return [
        tuple(RNG.normal(0, scale, shape).astype("float32") for shape in pair)
        for pair, scale in zip(SHAPES.values(), scales, strict=True)
    ]


@pytest.fixture(scope="module")
def caffe(tmp_path_factory):
    """(a .caffemodel, its layers, the mean image's file)."""
    folder, layers = tmp_path_factory.mktemp("caffe"), random_layers()
    field, content = foreign.field, foreign.field(1, b"CIFAR10_full")
    for name, parts in zip(SHAPES, layers, strict=True):
        blobs = b"".join(field(6, foreign.blob(array, legacy=True)) for array in parts)
        content += field(2, field(4, name.encode()) + field(5, 4) + blobs)
    path = folder / "cifar10_full_iter_7.caffemodel"
    path.write_bytes(content)
    np.save(folder / "mean.npy", MEAN)
    return path, layers, folder / "mean.npy"


@pytest.fixture(scope="module")
def ours(caffe, tmp_path_factory):
    """The weight file that the program makes."""
    path, _, mean = caffe
    out = tmp_path_factory.mktemp("ours") / "full.npz"
    words = ("import", path, "--out", out, "--mean", mean, "--unchecked")
    assert program.main(list(map(str, words))) == 0
    return out


def by_hand(layers, images=IMAGES, mean=MEAN, **changes):
    pixels = images.transpose(0, 3, 1, 2).astype("float64") - mean
    return softmax(logits(pixels, layers, **changes))


def maps_last(layers):
    """The rows of ip1 as if it flattened positions before maps."""
    kernel, bias = layers[-1]
    rows = kernel.reshape(10, 4, 4, 64).transpose(0, 3, 1, 2).reshape(10, -1)
    return [*layers[:-1], (rows, bias)]


def test_an_imported_net_is_caffes_function(caffe, ours):
    found = nets.open_weights(ours)
    assert found.about["variant"] == "cifar-full" and found.about["missing"] == []
    assert found.about["channels"] == "RGB"
    assert found.about["label_order"] == "cifar10's"
    assert found.about["mean_image"] == "mean.npy"
    assert found.class_names == datasets.CIFAR10_CLASSES
    expected = by_hand(caffe[1])
    np.testing.assert_allclose(found.predict(IMAGES), expected, atol=2e-5)
    model = AlexNet(weights=ours, variant="cifar-full", classes=10, input_shape=None)
    pixels = IMAGES - MEAN.transpose(1, 2, 0)
    np.testing.assert_allclose(model.predict(pixels), expected, atol=2e-5)


FAULTS = {
    "a window of the pooling always has nine places": lambda layers: by_hand(
        layers, average=lambda window: window.sum(axis=(2, 3)) / 9
    ),
    "one of the normalization is clipped": lambda layers: by_hand(
        layers, places=inside
    ),
    "BGR": lambda layers: by_hand(layers, IMAGES[..., ::-1]),
    "the mean's channels are reversed": lambda layers: by_hand(layers, mean=MEAN[::-1]),
    "a mean colour": lambda layers: by_hand(
        layers, mean=MEAN.mean(axis=(1, 2), keepdims=True)
    ),
    "positions before maps": lambda layers: by_hand(maps_last(layers)),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_another_reading_would_be_seen(fault, caffe, ours):
    found = nets.open_weights(ours).predict(IMAGES)
    assert abs(found - FAULTS[fault](caffe[1])).max() > 1e-3


# the mean image


def test_the_mean_image_has_either_order_of_axes(tmp_path):
    for array in (MEAN, MEAN.transpose(1, 2, 0)):
        np.save(tmp_path / "mean.npy", array)
        found = conversion.preparation("cifar-full", tmp_path / "mean.npy")
        np.testing.assert_array_equal(
            found.mean, MEAN.transpose(1, 2, 0).astype("float32")
        )
        assert (found.side, found.size, found.scale) == (32, 32, None)


def test_the_mean_image_of_the_training_images(caffe, tmp_path, monkeypatch):
    """Of all of them, and of no others."""
    parts = {"train": IMAGES[:4], "test": IMAGES[4:]}
    splits = {n: datasets.Split(a, np.arange(len(a))) for n, a in parts.items()}
    source = datasets.Source(
        "small", lambda folder: (datasets.CIFAR10_CLASSES, splits), False
    )
    monkeypatch.setitem(datasets.DATASETS, "cifar10", source)
    options = Options(data_dir=str(tmp_path), unchecked=True)
    found = conversion.convert(caffe[0], options)
    np.testing.assert_allclose(found.preparation.mean, IMAGES[:4].mean(axis=0))
    assert found.about["mean_image"] == "that of cifar10's training images"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "subtracts the mean image of cifar10's training images: add --data-dir"),
        ({"mean": "MEAN", "data_dir": "."}, "--data-dir, .*: --mean gives the mean"),
        ({"variant": "cifar-full.no-decay"}, "mean image of cifar10's training images"),
        ({"label_order": "devkit"}, "--label-order devkit: cifar-full has cifar10's"),
    ],
)
def test_no_mean_image_is_guessed(options, message, caffe):
    options = {n: str(caffe[2]) if w == "MEAN" else w for n, w in options.items()}
    with pytest.raises(ValueError, match=message):
        conversion.convert(caffe[0], Options(**options, unchecked=True))


def test_a_data_dir_is_for_nets_of_known_data():
    with pytest.raises(ValueError, match="--data-dir, for a mean image: not for caffe"):
        conversion.preparation("caffe", data_dir=".")


# the real snapshots


def numbers(content):
    """The layers of a file, each array found by its shape and length before it."""
    place, layers = 0, []
    for pair in SHAPES.values():
        for shape in pair:
            four, size = (*[1] * (4 - len(shape)), *shape), 4 * int(np.prod(shape))
            head = b"".join(foreign.field(n, k) for n, k in enumerate(four, start=1))
            head += foreign.varint(5 << 3 | 2) + foreign.varint(size)
            place = content.index(head, place) + len(head)
            layers.append(np.frombuffer(content, "<f4", size // 4, place))
            layers[-1] = layers[-1].reshape(shape)
    return list(zip(layers[::2], layers[1::2], strict=True))


@pytest.fixture(scope="module")
def cifar(tmp_path_factory):
    """(folder of CIFAR-10, its mean image, test images with maps first, labels)."""
    folder = tmp_path_factory.mktemp("cifar10")
    unpack = [sys.executable, SHARED / "unpack_cifar10.py", folder]
    subprocess.run(unpack, check=True, capture_output=True)

    def batch(name):
        content = (folder / "cifar-10-batches-py" / name).read_bytes()
        held = pickle.loads(content, encoding="bytes")
        return held[b"data"].reshape(-1, 3, 32, 32), np.array(held[b"labels"])

    train = [batch(f"data_batch_{number}")[0] for number in range(1, 6)]
    mean = np.mean([images.mean(axis=0) for images in train], axis=0)
    return folder, mean, *batch("test_batch")


@pytest.mark.data
@real
def test_a_snapshot_and_the_oracle_agree(cifar):
    path = SNAPSHOTS / "cifar10_full_iter_70000.caffemodel"
    found = conversion.convert(path, Options(data_dir=str(cifar[0])))
    assert found.about["checks"]["least_spectrum"] > 1
    images = cifar[2][:250].transpose(0, 2, 3, 1)
    ours = found.predict(images)
    theirs = by_hand(numbers(path.read_bytes()), images, cifar[1])
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.data
@pytest.mark.slow
@real
@pytest.mark.parametrize("number", WRONG)
def test_every_snapshot_is_right_to_the_last_image(number, cifar):
    """Of the first 250; SNAPSHOT_IMAGES=10000 takes some minutes a snapshot."""
    path = SNAPSHOTS / f"cifar10_full_iter_{number}.caffemodel"
    folder, mean, images, labels = cifar
    count = int(os.environ.get("SNAPSHOT_IMAGES", 250))
    images, labels = images[:count], labels[:count]
    layers = numbers(path.read_bytes())
    parts = (images[i : i + 50] - mean for i in range(0, count, 50))
    outputs = np.concatenate([logits(x, layers) for x in parts])
    theirs = outputs.argmax(axis=1)
    assert count < 10_000 or (theirs != labels).sum() == WRONG[number]
    recorded = shipped()[number].array("predicted")[:count]
    np.testing.assert_array_equal(recorded, theirs)
    found = conversion.convert(path, Options(data_dir=str(folder)))
    ours = found.predict(images.transpose(0, 2, 3, 1)).argmax(axis=1)
    second, first = np.sort(outputs, axis=1)[:, -2:].T
    tied = first - second < TIE
    assert tied.sum() <= 2
    np.testing.assert_array_equal(ours[~tied], theirs[~tied])


def shipped():
    """{steps: test record} of the snapshots."""
    found = curves.snapshots(record.load_all(record.shipped()))["test"]
    return {round(500 * epoch): one for epoch, one in found.items()}


def test_the_records_have_the_same_errors():
    found = shipped()
    wrong = {n: round(1e4 * one.metrics["top1_error"]) for n, one in found.items()}
    assert wrong == WRONG
