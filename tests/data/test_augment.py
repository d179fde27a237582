"""The paper's image preparation against explicit formulas and index images."""

import foreign
import numpy as np
import pytest
from PIL import Image

from alexnet_paper.data import augment
from alexnet_paper.data.augment import AUTHORS_PCA
from alexnet_paper.data.augment import ColourPCA


def positions(height, width):
    """An image whose pixel values are (row, column, 0): a crop tells where it is."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows, columns, np.zeros_like(rows)], axis=-1)


def test_a_stretched_image_is_whole():
    """A border of one colour is left on all four sides; of the central square of a wide
    image, on two."""
    image = np.full((40, 80, 3), 100, "uint8")
    image[:, :10] = image[:, -10:] = image[:10] = image[-10:] = 200
    whole, square = (
        augment.Preparation(32, 32, stretch=stretch).scaled(image)[..., 0]
        for stretch in (True, False)
    )
    assert whole.shape == square.shape == (32, 32)
    assert whole[16, 1] == whole[16, -2] == whole[1, 16] == whole[-2, 16] == 200
    assert square[16, 1] == square[16, -2] == 100 and square[1, 16] == 200
    again = augment.Preparation.restore(
        augment.Preparation(32, 32, stretch=True).settings(), {}
    )
    assert again.stretch


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "CMYK", "P", "1", "LA"])
@pytest.mark.parametrize("size", [(300, 257), (257, 300), (31, 99), (1, 3), (256, 256)])
def test_rescale_and_crop_gives_256_by_256_rgb(mode, size):
    out = augment.rescale_and_crop(Image.new(mode, size))
    assert (out.size, out.mode) == ((256, 256), "RGB")


@pytest.mark.parametrize("turned", [False, True])
def test_rescale_and_crop_keeps_the_centre(turned):
    """Of 512×1024 pixels, halved, the columns 256 to 767 of the original are left."""
    rows, columns = np.mgrid[:512, :1024]
    ramp = (columns / 1023 * 255).astype("uint8")
    image = np.stack([ramp] * 3, axis=-1)
    image = image.transpose(1, 0, 2) if turned else image
    out = np.asarray(augment.rescale_and_crop(Image.fromarray(image))).astype(float)
    line = out[:, 128, 0] if turned else out[128, :, 0]
    expected = (256 + 2 * np.arange(256) + 0.5) / 1023 * 255
    assert np.abs(line - expected).max() <= 1.5


@pytest.mark.parametrize("size", [(3, 180), (500, 7), (1, 90)])
def test_of_a_long_image_only_the_middle_is_scaled(size, monkeypatch):
    """It is what is left of the whole, to a level: Pillow rounds between its passes."""
    noise = np.random.default_rng(3).normal(128, 80, (*size[::-1], 3))
    image = Image.fromarray(noise.clip(0, 255).astype("uint8"))
    whole = np.asarray(augment.rescale_and_crop(image)).astype(int)
    monkeypatch.setattr(augment, "LARGEST_IMAGE", 256 * 256)
    middle = np.asarray(augment.rescale_and_crop(image)).astype(int)
    assert np.abs(whole - middle).max() <= 2 and np.ptp(middle) > 50


def test_long_images_take_little_memory():
    script = """
from PIL import Image
from alexnet_paper.data import augment
images = [Image.new("RGB", size) for size in ((1, 60_000), (60_000, 2), (1, 20_000))]
before = peak()
for image in images:
    augment.rescale_and_crop(image)
print(peak() - before < 2**26)
"""
    assert foreign.in_child(script) == "True\n"


@pytest.mark.parametrize(("height", "width", "size"), [(256, 256, 224), (9, 12, 4)])
def test_ten_views_are_corners_centre_and_mirror_images(height, width, size):
    views = augment.ten_views(positions(height, width), size)
    down, across = height - size, width - size
    tops = [0, 0, down, down, down // 2]
    lefts = [0, across, 0, across, across // 2]
    assert views.shape == (10, size, size, 3)
    for index, view in enumerate(views):
        top, left = tops[index % 5], lefts[index % 5]
        for row in (0, size - 1):
            for column in (0, size - 1):
                seen = size - 1 - column if index >= 5 else column
                assert view[row, seen].tolist() == [top + row, left + column, 0]


def test_random_view_reaches_every_place():
    """All (6−4+1)·(7−4+1) places, the last row and column included, and both ways."""
    rng = np.random.default_rng(0)
    image = positions(6, 7)
    seen = [augment.random_view(image, 4, rng) for _ in range(2000)]
    mirrored = [bool(view[0, 0, 1] > view[0, -1, 1]) for view in seen]
    found = {
        (int(view[0, 0, 0]), int(view[0, :, 1].min()), flipped)
        for view, flipped in zip(seen, mirrored, strict=True)
    }
    assert found == {(r, c, m) for r in range(3) for c in range(4) for m in (0, 1)}
    assert 0.45 < np.mean(mirrored) < 0.55
    assert augment.view_count(256, 224) == 2178
    for view in seen[:50]:  # a patch, not a shuffle: rows and columns step by one
        assert np.all(np.diff(view[..., 0], axis=0) == 1)
        assert np.all(np.abs(np.diff(view[..., 1], axis=1)) == 1)


@pytest.mark.parametrize("reading", ["paper", "authors"])
def test_colour_noise_is_the_formula(reading):
    """[p1 p2 p3][α1λ1, α2λ2, α3λ3]ᵀ, written out; λ of pixels 0–1, or the authors'
    standard deviations and the division by 1.1."""
    image = np.random.default_rng(1).uniform(0, 255, (5, 4, 3))
    out = augment.colour_noise(
        image, AUTHORS_PCA, np.random.default_rng(2), 0.1, reading
    )
    alpha = np.random.default_rng(2).normal(0.0, 0.1, 3)
    shift = [0.0, 0.0, 0.0]
    for channel in range(3):
        for component in range(3):
            std = AUTHORS_PCA.stds[component]
            size = std if reading == "authors" else 255 * (std / 255) ** 2
            vector = AUTHORS_PCA.vectors[channel][component]
            shift[channel] += vector * alpha[component] * size
    expected = image + shift
    if reading == "authors":
        expected = expected / 1.1
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("reading", "levels"),
    [("paper", (3.30, 3.35, 3.46)), ("authors", (7.40, 7.20, 7.70))],
)
def test_size_of_the_colour_noise(reading, levels):
    """Grey levels by which each channel moves, from the covariance by hand."""
    rng, black = np.random.default_rng(0), np.zeros((1, 1, 3))
    draws = [
        augment.colour_noise(black, AUTHORS_PCA, rng, reading=reading)
        for _ in range(20_000)
    ]
    found = np.std(draws, axis=0).ravel() * (1.1 if reading == "authors" else 1)
    np.testing.assert_allclose(found, levels, rtol=0.02)


def test_components_of_a_known_covariance():
    """Eigenvalues 4, 9, 25 along a rotated frame come back as 2, 3, 5."""
    turn = np.array([[2, -2, 1], [1, 2, 2], [-2, -1, 2]]).T / 3
    pca = ColourPCA.of_covariance(turn @ np.diag([4.0, 9.0, 25.0]) @ turn.T)
    np.testing.assert_allclose(pca.stds, [2, 3, 5], rtol=1e-9)
    vectors = np.array(pca.vectors)
    np.testing.assert_allclose(np.abs(vectors.T @ turn), np.eye(3), atol=1e-9)


def test_a_covariance_that_is_not_quite_positive():
    """Grey images: two components are zero, not the root of −1e-17."""
    pca = ColourPCA.of_covariance(np.full((3, 3), 7.0))
    np.testing.assert_allclose(pca.stds, [0, 0, np.sqrt(21)], atol=1e-6)


def test_authors_components():
    """Orthonormal, and their covariance has the diagonal worked out from the file."""
    vectors = np.array(AUTHORS_PCA.vectors)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(3), atol=1e-7)
    covariance = vectors @ np.diag(np.square(AUTHORS_PCA.stds)) @ vectors.T
    np.testing.assert_allclose(
        np.diag(covariance), [5475.91, 5183.86, 5935.48], atol=0.01
    )
    again = ColourPCA.of_covariance(covariance)
    np.testing.assert_allclose(again.stds, AUTHORS_PCA.stds, rtol=1e-6)


class Drawn:
    """A random generator whose draws are given: an angle, then the two stretches."""

    def __init__(self, angle, stretches):
        self.draws = [angle, np.array(stretches)]

    def uniform(self, low, high, count=None):
        return self.draws.pop(0)


@pytest.mark.parametrize(
    ("angle", "stretches"), [(2, (1, 1)), (-1.3, (0.9, 1.1)), (0, (1.05, 0.93))]
)
@pytest.mark.parametrize("shape", [(32, 32, 3), (9, 9, 3)])
def test_turned_and_stretched_as_by_keras(shape, angle, stretches):
    """What is left in TensorFlow of the article's ImageDataGenerator is the oracle. It
    counts columns first, so that its angles are the other way round."""
    images = pytest.importorskip("tensorflow").keras.preprocessing.image
    image = np.random.default_rng(0).integers(0, 256, shape).astype("uint8")
    ours = augment.turn_and_stretch(image, Drawn(angle, stretches), 2, 0.1)
    theirs = images.apply_affine_transform(
        image.astype("float32"),
        theta=-angle,
        zx=stretches[1],
        zy=stretches[0],
        row_axis=0,
        col_axis=1,
        channel_axis=2,
    )
    np.testing.assert_allclose(ours, theirs, atol=1e-3)


def test_turns_and_stretches_are_drawn_from_the_whole_range():
    draws = []

    class Noted:
        def uniform(self, low, high, count=None):
            draws.append((low, high, count))
            return np.zeros(count) + 1 if count else 0.0

    image = positions(6, 8)
    same = augment.turn_and_stretch(image, Noted(), 2.0, 0.1)
    assert draws == [(-2.0, 2.0, None), (0.9, 1.1, 2)]
    np.testing.assert_array_equal(same, image)
