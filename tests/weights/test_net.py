"""Trained nets as one kind of thing, whether from a weight file or from a run."""

import dataclasses

import keras
import numpy as np
import pytest
from untrained import untrained

from alexnet_paper.data.augment import Preparation
from alexnet_paper.data.augment import centre_crop
from alexnet_paper.nets import model as models
from alexnet_paper.nets import variants
from alexnet_paper.nets.recipes import Recipe
from alexnet_paper.nets.variants import Variant
from alexnet_paper.training import run as run_folder
from alexnet_paper.training import train
from alexnet_paper.training.plan import Plan
from alexnet_paper.weights import file as weight_file
from alexnet_paper.weights import net as nets
from alexnet_paper.weights.alexnet import AlexNet

RNG = np.random.default_rng(0)
IMAGES = [
    RNG.integers(0, 256, (*shape, 3), dtype="uint8")
    for shape in ((40, 40), (50, 44), (41, 80))
]
NAMES = ["daisy", "größte", "c", "d", "e"]


@pytest.fixture(scope="module", autouse=True)
def tiny_variant(tiny):
    from tensorflow.python.framework import config

    with pytest.MonkeyPatch.context() as patch:
        recipe = Recipe(batch_size=16, image_side=40, reflect=True, epochs=1)
        patch.setitem(variants.VARIANTS, "tiny", Variant("", "", tiny, recipe=recipe))
        yield
    config.disable_op_determinism()  # which training has switched on


def saved(path, net, drop=(), **meta):
    """A weight file of `net` from seed 3; returns its model."""
    model = models.build_model(net, "one-device", seed=3)
    arrays = {n: a for n, a in models.get_weights(model).items() if n not in drop}
    prepare = Preparation(35, 40, mean=np.float32([100, 110, 120]), scale=50.0)
    parts = {f"preparation/{name}": a for name, a in prepare.arrays().items()}
    about = {"variant": "tiny", "preparation": prepare.settings(), **meta}
    weight_file.save(path, {**arrays, **parts}, about)
    return model


def shown(image):
    """The central view of an image whose shorter side is 40 already, by hand."""
    assert min(image.shape[:2]) == 40
    view = centre_crop(centre_crop(image, 40), 35).astype("float64")
    return ((view - [100, 110, 120]) / 50)[None].astype("float32")


def outputs(model, layer, image):
    """What a Keras layer gives for an image, read off the whole net."""
    part = keras.Model(model.input, model.get_layer(layer).output)
    return np.asarray(part(shown(image))).reshape(-1)


def test_a_weight_file_gives_the_net_and_what_is_known_of_it(tiny, tmp_path):
    model = saved(tmp_path / "w.npz", tiny, class_names=NAMES, source="elsewhere")
    found = nets.open_weights(tmp_path / "w.npz")
    assert found.architecture == tiny and found.class_names == tuple(NAMES)
    assert found.name == "w.npz" and found.about["source"] == "elsewhere"
    assert found.about["variant"] == "tiny" and found.about["missing"] == []
    probabilities = found.predict(IMAGES)
    assert probabilities.shape == (3, 5)
    expected = np.asarray(model(shown(IMAGES[0])))[0]
    np.testing.assert_allclose(probabilities[0], expected, atol=1e-6)


def test_ten_views_are_averaged(tiny, tmp_path):
    model = saved(tmp_path / "w.npz", tiny)
    found = nets.open_weights(tmp_path / "w.npz")
    views = found.preparation.views(IMAGES[1], 10)
    expected = np.asarray(model(views)).mean(axis=0)
    ours = found.predict(IMAGES, views=10)[1]
    np.testing.assert_allclose(ours, expected, atol=1e-6)
    assert np.abs(ours - found.predict(IMAGES)[1]).max() > 1e-5


@pytest.mark.parametrize(
    ("layer", "last"),
    [("conv1", "conv1_relu"), ("pool2", "pool2"), ("fc6", "fc6_relu"), ("fc8", "fc8")],
)
def test_features_are_a_layer_after_its_activation(tiny, layer, last, tmp_path):
    model = saved(tmp_path / "w.npz", tiny)
    features = nets.open_weights(tmp_path / "w.npz").features(IMAGES, layer, 2)
    assert features.dtype == np.float32 and len(features) == 3
    expected = outputs(model, last, IMAGES[0])
    np.testing.assert_allclose(features[0], expected, rtol=1e-5, atol=1e-5)
    rounded = nets.open_weights(tmp_path / "w.npz")
    rounded = dataclasses.replace(rounded, precision="mixed_bfloat16")
    rounded = rounded.features(IMAGES, layer, 2)
    assert rounded.dtype == np.float32
    scale = 0.05 * np.abs(features).max()
    np.testing.assert_allclose(rounded, features, atol=scale)


def test_a_partial_file_serves_the_layers_below(tiny, tmp_path):
    """And says what it lacks where that is needed."""
    model = saved(tmp_path / "w.npz", tiny, drop=["fc6/kernel"], class_names=NAMES)
    found = nets.open_weights(tmp_path / "w.npz")
    assert found.about["missing"] == ["fc6/kernel"]
    features = found.features(IMAGES, "conv4")[0]
    expected = outputs(model, "conv4_relu", IMAGES[0])
    np.testing.assert_allclose(features, expected, rtol=1e-5, atol=1e-5)
    for ask in (
        lambda: found.features(IMAGES, "fc6"),
        lambda: found.predict(IMAGES),
        found.model,
    ):
        with pytest.raises(ValueError, match="w.npz is partial: .* fc6/kernel") as got:
            ask()
        assert len(str(got.value).splitlines()) == 1


def test_unknown_layer_and_no_images(tiny, tmp_path):
    saved(tmp_path / "w.npz", tiny)
    found = nets.open_weights(tmp_path / "w.npz")
    with pytest.raises(ValueError, match="no layer fc7: one of conv1, .*fc6"):
        found.model("fc7")
    with pytest.raises(ValueError, match="no images"):
        found.predict([])


def test_a_run_is_its_last_checkpoint(tmp_path):
    """Its classes are the data's, its preparation the training's."""
    plan = Plan("tiny", "digits", epochs=1, limit=20, validation=0.05, seed=1)
    run = train.start(plan, tmp_path / "run", "command")
    assert run.train()
    found = run_folder.open_run(tmp_path / "run")
    assert found.architecture.classes == 10
    assert found.class_names == tuple("0123456789")
    assert found.name == f"tiny of {tmp_path / 'run'}"
    assert found.about["data"] == "digits" and found.about["missing"] == []
    images = run.dataset.splits["test"].images[:4]
    views = np.concatenate([run.prepare.views(image, 1) for image in images])
    expected = keras.ops.softmax(run.model(views, training=False))
    np.testing.assert_allclose(found.predict(images), expected, atol=1e-6)
    checkpoint = nets.open_weights(tmp_path / "run" / "checkpoint.npz")
    assert np.array_equal(checkpoint.predict(images), found.predict(images))


def test_a_run_without_a_checkpoint_and_a_folder_that_is_none(tmp_path):
    plan = Plan("tiny", "digits", limit=20, seed=1)
    train.start(plan, tmp_path / "run", "command")
    with pytest.raises(FileNotFoundError, match="run has no checkpoint.npz yet"):
        run_folder.open_run(tmp_path / "run")
    with pytest.raises(ValueError, match="is not the folder of a run"):
        run_folder.open_run(tmp_path)
    with pytest.raises(FileNotFoundError, match="w.npz"):
        nets.open_weights(tmp_path / "w.npz")


def test_untrained_is_the_same_net_with_its_first_weights():
    """Of the same size, its images prepared in the same way."""
    whole = untrained("tiny", 4)
    prepare = Preparation(27, 30, scale=255.0)
    net = whole.architecture.with_input((27, 27, 3))
    own = dataclasses.replace(whole, architecture=net, preparation=prepare)
    found = own.untrained(seed=7)
    assert found.preparation is prepare
    expected = models.get_weights(models.build_model(net, seed=7))
    assert all(np.array_equal(found.arrays[n], expected[n]) for n in expected)
    assert found.about["variant"] == "tiny" and found.class_names is None
    assert found.predict(IMAGES).shape == (3, 4)
    other = own.untrained(seed=8)
    assert np.abs(found.predict(IMAGES) - other.predict(IMAGES)).max() > 1e-6


WRONG = {  # arrays to change, text to change, what is said
    "another shape": (
        {"conv2/kernel": np.zeros((3, 3, 8, 12), "float32")},
        {},
        "conv2/kernel has shape .3, 3, 8, 12.; tiny's has .3, 3, 4",
    ),
    "an array too many": ({"conv9/bias": np.zeros(3, "f4")}, {}, "no conv9/bias"),
    "a single number": ({"fc8/bias": np.float32(0)}, {}, "shape ..; tiny's has .5,"),
    "a mean of another size": (
        {"preparation/mean": np.zeros((9, 9, 3))},
        {},
        "mean of its preparation has shape .9, 9, 3.",
    ),
    "an unknown variant": ({}, {"variant": "nobody's"}, "unknown variant"),
    "no variant": ({}, {"variant": [1]}, "does not say which variant"),
    "a former variant": ({}, {"variant": "no-lrn"}, "another net than paper.no-lrn"),
    "few names": ({}, {"class_names": ["a", "b"]}, "2 class names for 5 outputs"),
    "names that are none": ({}, {"class_names": [["a"]] * 5}, "name is not a text"),
    "no preparation": ({}, {"preparation": None}, "not say how images are prepared"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_file_that_does_not_fit_itself(name, tiny, tmp_path):
    arrays, meta, said = WRONG[name]
    saved(tmp_path / "w.npz", tiny)
    found = weight_file.load(tmp_path / "w.npz")
    parts = {f"preparation/{n}": a for n, a in found.preparation.arrays().items()}
    arrays = {**found.arrays, **parts, **arrays}
    weight_file.save(tmp_path / "w.npz", arrays, {**found.meta, **meta})
    with pytest.raises(ValueError, match=f"w.npz: .*{said}") as caught:
        nets.open_weights(tmp_path / "w.npz")
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_numbers_that_are_not_finite_come_in_nowhere(number, tiny, tmp_path):
    """`AlexNet(weights=)` and what opens a weight file or a run refuse them."""
    saved(tmp_path / "w.npz", tiny)
    found = weight_file.load(tmp_path / "w.npz")
    found.arrays["conv3/bias"][0] = number
    weight_file.save(tmp_path / "w.npz", found.arrays, found.meta)
    for use in (
        nets.open_weights,
        lambda path: AlexNet(weights=path, variant="tiny", classes=5),
        lambda path: weight_file.load(path, extra=True),
    ):
        with pytest.raises(ValueError, match="w.npz .*conv3/bias holds .* not finite"):
            use(tmp_path / "w.npz")


def test_scale_divides_after_the_mean():
    """What torchvision's preparation needs: three numbers, or one."""
    image = RNG.integers(0, 256, (2, 2, 3), dtype="uint8")
    for scale in (np.float32([4, 5, 8]), 2.0):
        prepare = Preparation(2, 2, mean=np.float32([1, 2, 3]), scale=scale)
        again = Preparation.restore(prepare.settings(), prepare.arrays())
        expected = (image.astype("float64") - [1, 2, 3]) / scale
        for one in (prepare, again):
            for view in (
                one.views(image, 1)[0],
                one.training(image, np.random.default_rng(0)),
                one.views(image, 10)[0],
            ):
                assert view.dtype == np.float32
                np.testing.assert_allclose(view, expected, rtol=1e-6)


def test_classes_are_matched_by_name_or_number():
    def net(classes, names=None, wnids=None):
        found = untrained("cifar-18pct", classes)
        about = {**found.about, "wnids": wnids}
        return dataclasses.replace(found, class_names=names, about=about)

    animals = net(3, ("cat", "cow", "dog"))
    assert nets.matching(("dog", "cat"), animals) == {0: 2, 1: 0}
    numbers = ("n00000001", "n00000002")
    assert nets.matching(numbers, net(2, ("tench", "cat"))) == {0: 0, 1: 1}
    assert nets.matching(numbers[1:], net(2, ("tench", "cat"))) == {}
    assert nets.matching(numbers[1:], net(2, ("tench", "cat"), numbers)) == {0: 1}
    # as many numbers, but not the net's: those that are go to their own outputs
    shifted = ("n00000002", "n00000003")
    assert nets.matching(shifted, net(2, ("tench", "cat"), numbers)) == {0: 1}
    assert nets.matching(shifted, net(2, numbers)) == {0: 1}
    assert nets.matching(("n00000008", "n00000009"), net(2, numbers)) == {}
