"""From an image to the net's input: resizing, crops, colour noise (paper §2, §4.1).

Images are NumPy arrays (height, width, 3), RGB, 0–255. Every random choice comes from
the `numpy.random.Generator` passed in, so a seed decides it.
"""

import json
from dataclasses import dataclass
from dataclasses import replace
from typing import Annotated
from typing import Literal

import numpy as np
from annotated_types import Ge
from annotated_types import Le
from PIL import Image
from typing_extensions import NotRequired
from typing_extensions import TypedDict

from alexnet_paper.data.images import in_rgb
from alexnet_paper.files import STRICT
from alexnet_paper.files import Positive
from alexnet_paper.files import from_json

SHORT_SIDE = 256  # §2
PRINTED_CROP = 224  # §4.1
LARGEST_SIDE = 4096  # of a prepared image
LARGEST_IMAGE = 2**24  # pixels of an image that is scaled as a whole

# Mean colour of ILSVRC-2012, from the authors' mean image (cuda-convnet2
# make-data/input_meta), for use without a mean image of one's own.
AUTHORS_MEAN = (127.3049, 119.7154, 104.9126)

# Mean colours of other sources, RGB
CAFFE_MEAN = (123.0, 117.0, 104.0)  # of ILSVRC-2012; Caffe's models are given it as BGR
TORCH_MEAN = (0.485, 0.456, 0.406)  # of pixels 0–1: torchvision's presets
TORCH_STD = (0.229, 0.224, 0.225)
CIFAR10_MEAN = (125.307, 122.950, 113.865)  # of CIFAR-10's training images


@dataclass(frozen=True)
class ColourPCA:
    """Principal components of the RGB values of a set of images (§4.1).

    `stds` are the square roots of the covariance's eigenvalues, in grey levels 0–255.
    The columns of `vectors` are the eigenvectors.
    """

    stds: tuple[float, float, float]
    vectors: tuple[tuple[float, float, float], ...]

    @classmethod
    def of_covariance(cls, covariance):
        """Returns the components of a 3×3 covariance of RGB values 0–255."""
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
    """Rescales a PIL image's shorter side to `size` and crops the centre (§2).

    Returns a PIL image of size × size, in RGB.
    """
    image = in_rgb(image)
    width, height = image.size
    scale = size / min(width, height)
    wide, high = max(size, round(width * scale)), max(size, round(height * scale))
    left, top = (wide - size) // 2, (high - size) // 2
    if wide * high > LARGEST_IMAGE:  # long and narrow: only its middle is scaled
        x, y = width / wide, height / high
        box = (left * x, top * y, (left + size) * x, (top + size) * y)
        return image.resize((size, size), Image.Resampling.BICUBIC, box=box)
    image = image.resize((wide, high), Image.Resampling.BICUBIC)
    return image.crop((left, top, left + size, top + size))


def ten_views(image, size):
    """Returns the ten test views (10, size, size, 3) of an image (§4.1).

    They are the top left, top right, bottom left, bottom right and central patch, then
    the same five reflected.
    """
    height, width = image.shape[:2]
    down, across = height - size, width - size
    places = [(0, 0), (0, across), (down, 0), (down, across)]
    places.append((down // 2, across // 2))
    views = np.stack([crop(image, *place, size) for place in places])
    return np.concatenate([views, views[:, :, ::-1]])


def crop(image, top, left, size):
    """Returns the size × size patch that begins at row `top` and column `left`."""
    return image[top : top + size, left : left + size]


def centre_crop(image, size):
    return crop(image, (image.shape[0] - size) // 2, (image.shape[1] - size) // 2, size)


def random_view(image, size, rng, reflect=True):
    """Returns a random size × size patch, reflected half of the time (§4.1)."""
    top = rng.integers(0, image.shape[0] - size, endpoint=True)
    left = rng.integers(0, image.shape[1] - size, endpoint=True)
    patch = crop(image, top, left, size)
    return patch[:, ::-1] if reflect and rng.random() < 0.5 else patch


def turn_and_stretch(image, rng, rotation, zoom):
    """Rotates and stretches an image a little, at random, about its centre.

    Does it as Keras's former `ImageDataGenerator` did: bilinear, edges repeated.

    Args:
        image: (height, width, 3).
        rng: `numpy.random.Generator`.
        rotation: Largest angle in either direction, in degrees.
        zoom: Largest share by which the height and, independently, the width change.

    Returns:
        float32 (height, width, 3).
    """
    from scipy.ndimage import affine_transform

    angle = np.deg2rad(rng.uniform(-rotation, rotation))
    stretch = rng.uniform(1 - zoom, 1 + zoom, 2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix, offset = np.eye(3), np.zeros(3)
    matrix[:2, :2] = turn * stretch
    centre = (np.asarray(image.shape[:2]) - 1) / 2
    offset[:2] = centre - matrix[:2, :2] @ centre
    return affine_transform(
        image.astype("float32"), matrix, offset, order=1, mode="nearest"
    )


def view_count(image_size, size):
    """Returns how many different views `random_view` can give."""
    return (image_size - size + 1) ** 2 * 2


def colour_noise(image, pca, rng, std=0.1, reading="paper"):
    """Adds random multiples of the principal components to an image's colours (§4.1).

    Args:
        image: (height, width, 3), in grey levels, with the mean subtracted.
        pca: `ColourPCA` of the training set.
        rng: `numpy.random.Generator`.
        std: Standard deviation of the three normal draws. The paper's is 0.1.
        reading: `"paper"` multiplies components by eigenvalues, as printed. On pixels
            of 0–255 that would shift colours by 800 grey levels, so the eigenvalues
            are those of pixels of 0–1, and the shift is scaled back to 0–255: about 3
            grey levels. `"authors"` multiplies them by standard deviations and then
            divides the image by 1 + std (convdata_jpeg.py).

    Returns:
        A float32 array of the image's shape.
    """
    draws = rng.normal(0.0, std, 3)
    stds = np.asarray(pca.stds)
    if reading == "authors":
        return ((image + pca.vectors @ (draws * stds)) / (1 + std)).astype("float32")
    eigenvalues = np.square(stds / 255.0)
    return (image + 255.0 * (pca.vectors @ (draws * eigenvalues))).astype("float32")


class Settings(TypedDict):
    """The fields of a `Preparation` that are not arrays. Older versions had fewer."""

    size: Annotated[int, Ge(1)]
    side: Annotated[int, Le(LARGEST_SIDE)]
    reflect: NotRequired[bool]
    colour: NotRequired[Literal["paper", "authors"] | None]
    rotation: NotRequired[Positive]
    zoom: NotRequired[Positive]
    crops: NotRequired[bool]
    stretch: NotRequired[bool]


Settings.__pydantic_config__ = STRICT


@dataclass(frozen=True)
class Preparation:
    """How an image becomes the net's input.

    An image is rescaled to side × side, whole if `stretch` is True and else its central
    square, and cropped to size × size. Then `mean` is
    subtracted (an array (size, size, 3), three numbers, or None) and the result is
    divided by `scale` (a number, three numbers, or None).

    In training, an image is also rotated by up to `rotation` degrees and stretched by
    up to the share `zoom`; the crop is random unless `crops` is False; half of the
    images are mirrored if `reflect` is True; and colour noise is added with `pca`, in
    the reading `colour` (see `colour_noise`).
    """

    size: int
    side: int
    reflect: bool = False
    colour: str | None = None
    mean: np.ndarray | None = None
    pca: ColourPCA | None = None
    rotation: float = 0.0
    zoom: float = 0.0
    crops: bool = True
    scale: np.ndarray | float | None = None
    stretch: bool = False

    @property
    def random(self):
        """Whether the views of an image in training differ."""
        crops = self.crops and self.side > self.size
        varied = self.reflect or self.rotation or self.zoom or self.colour
        return bool(crops or varied)

    def scaled(self, image):
        """Rescales uint8 (height, width, 3) to (side, side, 3)."""
        if image.shape[:2] == (self.side, self.side):
            return image
        whole = Image.fromarray(image)
        if self.stretch:
            size = self.side, self.side
            return np.asarray(whole.resize(size, Image.Resampling.BICUBIC))
        return np.asarray(rescale_and_crop(whole, self.side))

    def training(self, image, rng):
        """Returns a random view, float32 (size, size, 3)."""
        view = self.scaled(image)
        if self.rotation or self.zoom:
            view = turn_and_stretch(view, rng, self.rotation, self.zoom)
        if not self.crops:
            view = centre_crop(view, self.size)
        if view.shape[0] > self.size or self.reflect:
            view = random_view(view, self.size, rng, self.reflect)
        view = self.centred(view)
        if self.colour:
            view = colour_noise(view, self.pca, rng, reading=self.colour)
        return self.divided(view)

    def views(self, image, count):
        """Returns 1 or 10 (`count`) test views, float32 (count, size, size, 3)."""
        image = self.scaled(image)
        if count == 1:
            views = centre_crop(image, self.size)[None]
        else:
            views = ten_views(image, self.size)
        return self.divided(self.centred(views))

    def centred(self, views):
        views = views.astype("float32")
        return views if self.mean is None else views - self.mean

    def divided(self, views):
        if self.scale is None:
            return views
        return (views / np.asarray(self.scale)).astype("float32")

    def settings(self):
        """Returns the fields that are not arrays, for a weight file's text."""
        return {name: getattr(self, name) for name in Settings.__annotations__}

    def arrays(self):
        """Returns the fields that are arrays, for a weight file."""
        named = {"mean": self.mean, "scale": self.scale}
        found = {name: np.asarray(a) for name, a in named.items() if a is not None}
        if self.pca:
            found["pca_stds"] = np.asarray(self.pca.stds)
            found["pca_vectors"] = np.asarray(self.pca.vectors)
        return found

    @classmethod
    def restore(cls, settings, arrays):
        """Returns the preparation that has these `settings()` and `arrays()`.

        Raises ValueError for settings of other kinds, and if the image would be smaller
        than its crop, or huge.
        """
        settings = from_json(Settings, json.dumps(settings))
        size, side = settings["size"], settings["side"]
        if size > side:
            raise ValueError(f"an image of side {side} and a crop of {size}")
        pca = None
        if "pca_stds" in arrays:
            vectors = tuple(map(tuple, arrays["pca_vectors"].tolist()))
            pca = ColourPCA(tuple(arrays["pca_stds"].tolist()), vectors)
        mean, scale = arrays.get("mean"), arrays.get("scale")
        return cls(**settings, mean=mean, pca=pca, scale=scale)


@dataclass
class Statistics:
    """Sums over images of one size, for their mean image and colour covariance."""

    total: np.ndarray | float = 0.0  # (side, side, 3)
    outer: np.ndarray | float = 0.0  # (3, 3)
    images: int = 0

    def add(self, image):
        """Adds an image (side, side, 3), 0–255."""
        pixels = image.reshape(-1, 3).astype("float64")
        self.total = self.total + image
        self.outer = self.outer + pixels.T @ pixels
        self.images += 1

    def merge(self, other):
        self.total = self.total + other.total
        self.outer = self.outer + other.outer
        self.images += other.images

    @property
    def mean_image(self):
        return self.total / self.images

    @property
    def pca(self):
        mean = self.mean_image.mean(axis=(0, 1))
        pixels = self.images * self.total.shape[0] * self.total.shape[1]
        return ColourPCA.of_covariance(self.outer / pixels - np.outer(mean, mean))


def preparation(recipe, size, images, statistics=None):
    """Returns the `Preparation` of a recipe for a net with size × size inputs.

    If the recipe needs a mean or colour components, they come from `statistics`, or
    else from one pass over `images`.
    """
    side = max(recipe.image_side or size, size)
    bare = Preparation(
        size,
        side,
        recipe.reflect,
        recipe.colour,
        rotation=recipe.rotation,
        zoom=recipe.zoom,
        scale=recipe.scale,
        crops=recipe.crops,
        stretch=recipe.stretch,
    )
    if recipe.mean is None and recipe.colour is None:
        return bare
    if statistics is None or statistics.total.shape[0] != side:
        statistics = Statistics()
        for image in images:
            statistics.add(bare.scaled(image))
    mean_image = statistics.mean_image
    mean = {
        "image": centre_crop(mean_image, size).astype("float32"),
        "pixel": mean_image.mean(axis=(0, 1)).astype("float32"),
        None: None,
    }[recipe.mean]
    pca = statistics.pca if recipe.colour else None
    return replace(bare, mean=mean, pca=pca)
