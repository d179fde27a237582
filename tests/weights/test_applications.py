"""preprocess_input and decode_predictions, against Keras's own and by hand."""

import hashlib
import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from alexnet_paper import decode_predictions
from alexnet_paper import list_variants
from alexnet_paper import preprocess_input
from alexnet_paper.data import augment
from alexnet_paper.data.augment import Preparation
from alexnet_paper.data.synsets import imagenet_classes
from alexnet_paper.data.synsets import short_name
from alexnet_paper.weights import convert
from alexnet_paper.weights import file as weight_file

IMAGES = np.random.default_rng(0).integers(0, 256, (2, 5, 4, 3), "uint8")
MEANS = {  # (subtracted, divisor) of a variant; its pixel (10, 20, 30) by hand
    "paper": (-117.3049, -99.7154, -74.9126),
    "authors": (-117.3049, -99.7154, -74.9126),
    "paper.no-lrn": (-117.3049, -99.7154, -74.9126),
    "caffe": (-113, -97, -74),
    "caffenet": (-113, -97, -74),
    "bn-cifar10": (10, 20, 30),
    "cats-vs-dogs": (10, 20, 30),
    "bn-flowers17": (10 / 255, 20 / 255, 30 / 255),
    "cifar-18pct": (-115.307, -102.95, -83.865),
    "paper-32": (-115.307, -102.95, -83.865),
}


@pytest.mark.parametrize("variant", MEANS)
def test_what_is_subtracted(variant):
    image = np.full((2, 3, 3), (10, 20, 30), "uint8")
    found = preprocess_input(image, variant)
    assert found.dtype == np.float32 and found.shape == image.shape
    expected = np.broadcast_to(MEANS[variant], image.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_torchvisions_is_kerass_torch_mode():
    theirs = keras.applications.imagenet_utils.preprocess_input(
        IMAGES.astype("float32"), data_format="channels_last", mode="torch"
    )
    ours = preprocess_input(IMAGES, "one-weird-trick")
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("variant", sorted(convert.NETS.values()))
def test_it_is_what_imported_weights_record(variant):
    prepare = convert.preparation(variant, rough=True)
    side, size = prepare.side, prepare.size
    image = np.random.default_rng(0).integers(0, 256, (side, side, 3), "uint8")
    (view,) = prepare.views(image, 1)
    crop = augment.centre_crop(image, size)
    np.testing.assert_allclose(preprocess_input(crop, variant), view, rtol=1e-6)


def test_every_kind_of_image():
    """The same numbers of a batch, an image, a tensor, inside tf.data and a model; the
    images stay as they were."""
    before, expected = IMAGES.copy(), preprocess_input(IMAGES)
    tensor = preprocess_input(tf.constant(IMAGES))
    assert tf.is_tensor(tensor) and tensor.dtype == tf.float32
    image = keras.Input((5, 4, 3))
    model = keras.Model(image, preprocess_input(image))
    data = tf.data.Dataset.from_tensor_slices(IMAGES).map(preprocess_input)
    for found in (
        tensor,
        np.stack([preprocess_input(one) for one in IMAGES]),
        np.stack([preprocess_input(Image.fromarray(one)) for one in IMAGES]),
        preprocess_input(IMAGES.astype("float32")),
        preprocess_input(IMAGES.astype("int64").tolist()),
        np.stack(list(data)),
        model(IMAGES.astype("float32")),
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert preprocess_input(IMAGES.astype("float64")).dtype == np.float64
    assert np.array_equal(IMAGES, before)


def test_a_weight_file_has_its_own_mean(tmp_path):
    """A mean image, and a divisor; of a run's folder, too."""
    mean = np.random.default_rng(1).uniform(0, 255, (5, 4, 3)).astype("float32")
    prepare = Preparation(4, 5, mean=mean, scale=np.float32(2))
    parts = {f"preparation/{name}": a for name, a in prepare.arrays().items()}
    path = tmp_path / "checkpoint.npz"
    weight_file.save(path, parts, {"preparation": prepare.settings()})
    (tmp_path / "run.json").touch()
    for weights in (path, str(path), tmp_path):
        found = preprocess_input(IMAGES, weights=weights)
        np.testing.assert_allclose(found, (IMAGES - mean) / 2, rtol=1e-6)
    with pytest.raises(ValueError, match="mean image of 5×4: resize"):
        preprocess_input(IMAGES[:, :4], weights=path)
    weight_file.save(path, {}, {})
    with pytest.raises(ValueError, match="how images are prepared: pass variant="):
        preprocess_input(IMAGES, weights=path)


@pytest.mark.parametrize("shape", [(5, 4), (5, 4, 1), (2, 3, 5, 4), (1, 1, 2, 2, 3)])
def test_what_is_no_image(shape):
    with pytest.raises(ValueError, match=r"\(height, width, 3\) or a batch"):
        preprocess_input(np.zeros(shape))


def test_imagenets_classes_are_kerass():
    """Keras publishes the hash of its imagenet_class_index.json."""
    rows = {
        str(place): [number, short_name(names)]
        for place, (number, names) in enumerate(imagenet_classes())
    }
    digest = hashlib.md5(json.dumps(rows).encode()).hexdigest()
    assert digest == "c2c37ea517e94d9795004a39431a14cb"


def test_decoding():
    scores = np.zeros((2, 1000), "float32")
    scores[0, [2, 999, 0]] = 0.5, 0.25, 0.125
    scores[1, 134] = 1
    first, second = decode_predictions(tf.constant(scores), top=3)
    assert first == [
        ("n01484850", "great_white_shark", 0.5),
        ("n15075141", "toilet_tissue", 0.25),
        ("n01440764", "tench", 0.125),
    ]
    assert second[0] == ("n02012849", "crane", 1.0)
    assert [len(rows) for rows in decode_predictions(scores)] == [5, 5]


@pytest.mark.parametrize(
    ("names", "row"),
    [
        ("ab", ("", "b")),
        (["cat", "größte"], ("", "größte")),
        (["n01440764", "n01443537"], ("n01443537", "goldfish")),
        ([("n1", "x"), ("n2", "y")], ("n2", "y")),
    ],
)
def test_decoding_of_other_classes(names, row):
    assert decode_predictions([[0.25, 0.75]], 1, names) == [[(*row, 0.75)]]


def test_what_cannot_be_decoded():
    for preds, names, said in (
        (np.zeros((1, 10)), None, "10 classes and ImageNet has 1000: .* class_names="),
        (np.zeros((1, 10)), "abc", "10 classes and class_names has 3"),
        (np.zeros(1000), None, r"\(images, classes\). Received: shape \(1000,\)"),
    ):
        with pytest.raises(ValueError, match=said):
            decode_predictions(preds, class_names=names)


def test_every_variant_is_listed():
    assert {"paper", "one-weird-trick", "cifar-11pct"} < set(list_variants())
    for variant in list_variants():
        assert np.isfinite(preprocess_input(IMAGES, variant)).all()
