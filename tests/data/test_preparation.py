"""An image's way into the net, and a set's mean image and colours, against NumPy."""

import dataclasses
import json

import numpy as np
import pytest
from PIL import Image

from alexnet_paper.data import augment
from alexnet_paper.data.augment import Preparation
from alexnet_paper.data.augment import Statistics
from alexnet_paper.nets.recipes import Recipe
from alexnet_paper.weights import file as weight_file

SIZE, SIDE = 8, 13  # an odd difference: the centre is 2 from the top, 3 from the bottom


def photographs(count=6, side=SIDE, seed=0):
    """Coloured noise with a gradient, so that means differ from pixel to pixel."""
    rng = np.random.default_rng(seed)
    slope = np.linspace(0, 120, side)[:, None, None] * [1.0, 0.5, 0.2]
    light = rng.normal(0, 25, (count, 1, 1, 1))
    noise = rng.normal(60, 30, (count, side, side, 3))
    return np.clip(slope + light + noise, 0, 255).astype("uint8")


def by_hand(images, size=SIZE):
    """Mean image, its central crop, channel means and colour covariance, in float64."""
    mean = images.astype("float64").sum(axis=0) / len(images)
    first = (images.shape[1] - size) // 2
    crop = mean[first : first + size, first : first + size]
    pixels = images.reshape(-1, 3).astype("float64")
    return mean, crop, pixels.mean(axis=0), np.cov(pixels.T, bias=True)


def covariance(pca):
    vectors = np.array(pca.vectors)
    return vectors @ np.diag(np.square(pca.stds)) @ vectors.T


FULL = Recipe(image_side=SIDE, reflect=True, colour="paper", mean="image")


def test_mean_image_and_colours_of_a_set():
    """Each image is brought to the side first, as it is in training."""
    rng = np.random.default_rng(1)
    sizes = [(20, 31), (13, 13), (40, 26), (9, 8)]
    images = [rng.integers(0, 256, (*size, 3), dtype="uint8") for size in sizes]
    scaled = [
        augment.rescale_and_crop(Image.fromarray(image), SIDE) for image in images
    ]
    for given, small in (
        (photographs(), photographs()),
        (images, np.stack([np.asarray(image) for image in scaled])),
    ):
        _, crop, _, expected = by_hand(small)
        found = augment.preparation(FULL, SIZE, given)
        assert (found.reflect, found.colour) == (True, "paper")
        assert found.mean.dtype == np.float32
        np.testing.assert_allclose(found.mean, crop, rtol=1e-6)
        np.testing.assert_allclose(covariance(found.pca), expected, rtol=1e-9)


def unread():
    raise AssertionError("an image was read")
    yield


@pytest.mark.parametrize("mean", ["pixel", None])
@pytest.mark.parametrize("colour", ["paper", None])
def test_other_means_and_no_colours(mean, colour):
    """If the recipe needs neither, no image is read."""
    images = photographs()
    recipe = dataclasses.replace(FULL, mean=mean, colour=colour)
    found = augment.preparation(recipe, SIZE, images if mean or colour else unread())
    assert (found.pca is None) == (colour is None)
    if mean:
        assert found.mean.shape == (3,)
        np.testing.assert_allclose(found.mean, by_hand(images)[2], rtol=1e-6)
    else:
        assert found.mean is None


@pytest.mark.parametrize("cuts", [(1, 2, 3), (5,), (2, 2, 4)])
def test_statistics_added_up_in_parts(cuts):
    images = photographs()
    mean, _, _, expected = by_hand(images)
    whole = Statistics()
    for part in np.split(images, cuts):
        sums = Statistics()
        for image in part:
            sums.add(image)
        whole.merge(sums)
    assert whole.images == len(images)
    np.testing.assert_allclose(whole.mean_image, mean, rtol=1e-12)
    np.testing.assert_allclose(covariance(whole.pca), expected, rtol=1e-9)


def test_statistics_do_not_overflow():
    """White images: sums of squares beyond what uint8 or uint16 hold."""
    sums = Statistics()
    for _ in range(3):
        sums.add(np.full((40, 40, 3), 255, "uint8"))
    assert np.all(sums.mean_image == 255)
    np.testing.assert_allclose(sums.pca.stds, 0, atol=1e-4)


def test_statistics_made_before_are_used():
    """Those of the prepared set; not where they are of images of another side."""
    images, others = photographs(seed=1), photographs(seed=2)
    sums, odd = Statistics(), Statistics()
    for image in others:
        sums.add(image)
        odd.add(image[1:, 1:])
    used = augment.preparation(FULL, SIZE, images, sums)
    np.testing.assert_allclose(used.mean, by_hand(others)[1], rtol=1e-6)
    np.testing.assert_allclose(covariance(used.pca), by_hand(others)[3], rtol=1e-9)
    own = augment.preparation(FULL, SIZE, images, odd)
    np.testing.assert_allclose(own.mean, by_hand(images)[1], rtol=1e-6)


@pytest.mark.parametrize(
    ("image_side", "size", "side"), [(None, 32, 32), (256, 227, 256), (16, 32, 32)]
)
def test_side_of_a_recipe(image_side, size, side):
    recipe = Recipe(image_side=image_side, mean=None, colour=None)
    found = augment.preparation(recipe, size, unread())
    assert (found.size, found.side) == (size, side)


# training views


def prepared(**changes):
    """A preparation with a mean of its own for every pixel, and real colours."""
    rng = np.random.default_rng(7)
    mean = rng.uniform(50, 200, (SIZE, SIZE, 3)).astype("float32")
    parts = {"mean": mean, "pca": augment.AUTHORS_PCA, **changes}
    return Preparation(SIZE, SIDE, **parts)


def hand_made(image, rng, mean, colour, reflect=True):
    """A training view written out: the place, the mirror, the colours, the mean. The
    authors' provider takes the mean away before it adds noise and divides by 1.1 ("at
    this point the data already has 0 mean"); without a division the order is one."""
    top, left = rng.integers(0, SIDE - SIZE + 1), rng.integers(0, SIDE - SIZE + 1)
    view = image[top : top + SIZE, left : left + SIZE].astype("float64")
    if reflect and rng.random() < 0.5:
        view = view[:, ::-1]
    view = view - mean
    if colour:
        alpha = rng.normal(0, 0.1, 3)
        stds = np.array(augment.AUTHORS_PCA.stds)
        sizes = stds if colour == "authors" else stds**2 / 255
        for channel in range(3):
            for component in range(3):
                vector = augment.AUTHORS_PCA.vectors[channel][component]
                view[..., channel] += vector * alpha[component] * sizes[component]
    return view / 1.1 if colour == "authors" else view


@pytest.mark.parametrize("colour", [None, "paper", "authors"])
@pytest.mark.parametrize("reflect", [True, False])
def test_a_training_view_by_hand(reflect, colour):
    found = prepared(reflect=reflect, colour=colour)
    image = photographs()[3]
    for seed in range(20):
        view = found.training(image, np.random.default_rng(seed))
        expected = hand_made(
            image, np.random.default_rng(seed), found.mean, colour, reflect
        )
        np.testing.assert_allclose(view, expected, atol=1e-3)


def test_an_image_as_large_as_the_net_is_taken_whole():
    """No crop; mirrored only if that is asked for: image minus mean."""
    images = photographs(side=SIZE)
    found = augment.preparation(Recipe(colour=None), SIZE, images)
    mean = by_hand(images)[0]
    plain, turned = images[2] - mean, images[2][:, ::-1] - mean
    mirrored = dataclasses.replace(found, reflect=True)
    for prepare, expected in ((found, [plain]), (mirrored, [plain, turned])):
        views = [
            prepare.training(images[2], np.random.default_rng(n)) for n in range(9)
        ]
        near = [[np.allclose(v, e, atol=1e-4) for e in expected] for v in views]
        assert np.all(np.any(near, axis=1)) and np.all(np.any(near, axis=0))


def test_training_leaves_the_image_alone():
    image = photographs()[0]
    before = image.copy()
    prepared(reflect=True, colour="authors").training(image, np.random.default_rng(0))
    assert np.array_equal(image, before)


# test views


def test_ten_views_by_hand():
    """Top left, top right, bottom left, bottom right and centre, then mirrored; from
    each the central mean; no colour noise."""
    found = prepared(reflect=True, colour="paper")
    image = photographs()[1]
    far, middle = SIDE - SIZE, (SIDE - SIZE) // 2
    expected = [
        image[top : top + SIZE, left : left + SIZE].astype("float64")
        for top, left in ((0, 0), (0, far), (far, 0), (far, far), (middle, middle))
    ]
    expected += [view[:, ::-1] for view in expected]
    views = found.views(image, 10)
    assert views.dtype == np.float32
    np.testing.assert_allclose(views, np.stack(expected) - found.mean, atol=1e-4)
    np.testing.assert_array_equal(found.views(image, 1)[0], views[4])


# kept with the weights


@pytest.mark.parametrize("mean", ["image", "pixel", None])
@pytest.mark.parametrize("colour", ["authors", None])
def test_round_trip(mean, colour, tmp_path):
    """Through a weight file: the same views of an image, to the bit."""
    images = photographs()
    varied = {"rotation": 2.0, "zoom": 0.1, "crops": mean != "pixel"}
    recipe = dataclasses.replace(FULL, mean=mean, colour=colour, **varied)
    found = augment.preparation(recipe, SIZE, images)
    arrays = {f"preparation/{name}": array for name, array in found.arrays().items()}
    settings = json.loads(json.dumps(found.settings()))
    weight_file.save(tmp_path / "w.npz", arrays, {"preparation": settings})
    again = weight_file.load(tmp_path / "w.npz").preparation
    assert again.settings() == found.settings() and again.pca == found.pca
    assert np.array_equal(again.views(images[0], 10), found.views(images[0], 10))
    for seed in range(3):
        ours, theirs = (
            kind.training(images[1], np.random.default_rng(seed))
            for kind in (found, again)
        )
        assert ours.tobytes() == theirs.tobytes()


def test_settings_of_an_earlier_version():
    old = {"size": 4, "side": 6, "reflect": True, "colour": None}
    found = Preparation.restore(old, {})
    assert found.crops and (found.rotation, found.zoom) == (0, 0)
