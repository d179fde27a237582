"""What the paper does to an image before the net sees it (§2, §4.1).

Images are NumPy arrays (height, width, 3), RGB, 0–255. Every random choice comes from
a `numpy.random.Generator` handed in, so that it is a function of its seed.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

SHORT_SIDE = 256  # §2
PRINTED_CROP = 224  # §4.1

# Authors' mean image over ILSVRC-2012, averaged per channel (cuda-convnet2
# make-data/input_meta): used where no mean image of one's own is at hand.
AUTHORS_MEAN = (127.3049, 119.7154, 104.9126)


@dataclass(frozen=True)
class ColourPCA:
    """Principal components of a set's RGB values (§4.1).

    `stds` are the square roots of the covariance's eigenvalues, in grey levels 0–255;
    `vectors` has the eigenvectors as columns.
    """

    stds: tuple[float, float, float]
    vectors: tuple[tuple[float, float, float], ...]

    @classmethod
    def of_covariance(cls, covariance):
        """From a 3×3 covariance of RGB values 0–255."""
        values, vectors = np.linalg.eigh(covariance)
        stds = np.sqrt(np.maximum(values, 0))
        return cls(tuple(stds.tolist()), tuple(map(tuple, vectors.tolist())))


# cuda-convnet2 make-data/input_meta, ILSVRC-2012
AUTHORS_PCA = ColourPCA(
    stds=(19.72083305, 37.09388853, 121.78006099),
    vectors=(
        (0.41795513, -0.71257945, -0.56351045),
        (-0.81698062, -0.02354167, -0.5761844),
        (0.39731118, 0.70119634, -0.59200296),
    ),
)


def rescale_and_crop(image, size=SHORT_SIDE):
    """The central size × size of a PIL image whose shorter side is made `size` (§2).

    Returns a PIL image in RGB.
    """
    image = image.convert("RGB")
    width, height = image.size
    scale = size / min(width, height)
    wide, high = max(size, round(width * scale)), max(size, round(height * scale))
    image = image.resize((wide, high), Image.Resampling.BICUBIC)
    left, top = (wide - size) // 2, (high - size) // 2
    return image.crop((left, top, left + size, top + size))


def ten_views(image, size):
    """Corners and centre of an image and their mirror images (§4.1).

    Returns (10, size, size, 3): top left, top right, bottom left, bottom right, centre,
    then the same five reflected.
    """
    height, width = image.shape[:2]
    down, across = height - size, width - size
    places = [(0, 0), (0, across), (down, 0), (down, across)]
    places.append((down // 2, across // 2))
    views = np.stack([crop(image, *place, size) for place in places])
    return np.concatenate([views, views[:, :, ::-1]])


def crop(image, top, left, size):
    """size × size patch whose first row and column are `top` and `left`."""
    return image[top : top + size, left : left + size]


def centre_crop(image, size):
    return crop(image, (image.shape[0] - size) // 2, (image.shape[1] - size) // 2, size)


def random_view(image, size, rng, reflect=True):
    """A random size × size patch, reflected half the time (§4.1)."""
    top = rng.integers(0, image.shape[0] - size, endpoint=True)
    left = rng.integers(0, image.shape[1] - size, endpoint=True)
    patch = crop(image, top, left, size)
    return patch[:, ::-1] if reflect and rng.random() < 0.5 else patch


def view_count(image_size, size):
    """How many different patches and reflections `random_view` can give."""
    return (image_size - size + 1) ** 2 * 2


def colour_noise(image, pca, rng, std=0.1, reading="paper"):
    """Adds a multiple of every principal component to the image's colours (§4.1).

    Args:
        image: (height, width, 3), 0–255.
        pca: `ColourPCA` of the training set.
        std: Standard deviation of the three normal draws; the paper's 0.1.
        reading: "paper": components times eigenvalues, as printed. On pixels of 0–255
            that would shift colours by 800 grey levels, so the eigenvalues are those of
            pixels scaled to 0–1, and the shift (about 3 grey levels) is scaled back.
            "authors": components times standard deviations, and the image then divided
            by 1 + std (convdata_jpeg.py).

    Returns a float32 array.
    """
    draws = rng.normal(0.0, std, 3)
    stds = np.asarray(pca.stds)
    if reading == "authors":
        return ((image + pca.vectors @ (draws * stds)) / (1 + std)).astype("float32")
    eigenvalues = np.square(stds / 255.0)
    return (image + 255.0 * (pca.vectors @ (draws * eigenvalues))).astype("float32")
