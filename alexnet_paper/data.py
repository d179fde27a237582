"""Datasets: real images with their labels, split the same way every time."""

import io
import pickle
import tarfile
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from PIL import Image

from alexnet_paper import augment

DATASETS = {
    "digits": "1,797 handwritten digits bundled with scikit-learn",
    "cifar10": "CIFAR-10: downloaded by Keras, or --data-dir with cifar-10-batches-py, "
    "cifar-10-python.tar.gz or an .npz",
}

SPLIT_SEED = 0  # of every split made here: the same for all runs
CIFAR10_CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)


@dataclass(frozen=True)
class Split:
    """Images (count, height, width, 3), uint8 RGB, and labels (count,) from 0."""

    images: np.ndarray
    labels: np.ndarray

    def __len__(self):
        return len(self.labels)

    def take(self, indices):
        return Split(self.images[indices], self.labels[indices])


@dataclass(frozen=True)
class Dataset:
    """A named dataset; `splits` has "train", "test" and mostly "validation"."""

    name: str
    class_names: tuple[str, ...]
    splits: dict[str, Split]

    @property
    def classes(self):
        return len(self.class_names)


def load(name, data_dir=None, validation=0.2, limit=None):
    """Loads a dataset of `DATASETS`.

    Args:
        name: Its name.
        data_dir: Folder or file to read it from.
        validation: Share of the training images held out, stratified, for validation;
            0 holds out none.
        limit: Use only so many training images, drawn evenly from the classes.

    Raises ValueError for an unknown name or files that are not the dataset, and
    FileNotFoundError, saying how to get them, where there are none.
    """
    if name not in DATASETS:
        raise ValueError(f"unknown data {name!r}: one of {', '.join(DATASETS)}.")
    if name == "digits":
        classes, train, test = digits()
    else:
        classes, train, test = cifar10(data_dir)
    splits = {"test": test, **hold_out(train, validation)}
    if limit:
        splits["train"] = limited(splits["train"], limit, len(classes))
    return Dataset(name, classes, splits)


def hold_out(train, share):
    """{"train", "validation"}: a stratified share held out, always the same images."""
    if not 0 <= share < 1:
        raise ValueError(f"the validation share must be in [0, 1). Received: {share}")
    if share == 0:
        return {"train": train}
    kept, held = stratified(train.labels, share)
    return {"train": train.take(kept), "validation": train.take(held)}


def stratified(labels, share):
    from sklearn.model_selection import train_test_split

    indices = np.arange(len(labels))
    kept, held = train_test_split(
        indices, test_size=share, random_state=SPLIT_SEED, stratify=labels
    )
    return np.sort(kept), np.sort(held)


def limited(split, limit, classes):
    """The first images of every class, in turn, `limit` in all."""
    if not classes <= limit <= len(split):
        raise ValueError(
            f"--limit must be between {classes} (one image a class) and "
            f"{len(split)} (all training images). Received: {limit}"
        )
    rank = np.zeros(len(split), int)
    for label in range(classes):
        of_class = split.labels == label
        rank[of_class] = np.arange(of_class.sum())
    return split.take(np.sort(np.argsort(rank, kind="stable")[:limit]))


def digits():
    """(class names, train, test) of the digits in scikit-learn: 8×8, 17 grey levels."""
    from sklearn.datasets import load_digits

    found = load_digits()
    grey = np.round(found.images * (255 / 16)).astype("uint8")
    images = np.repeat(grey[..., None], 3, axis=-1)
    whole = Split(images, found.target.astype("int64"))
    kept, held = stratified(whole.labels, 1 / 5)
    return tuple("0123456789"), whole.take(kept), whole.take(held)


def cifar10(data_dir=None):
    """(class names, train, test) of CIFAR-10: 50,000 and 10,000 images 32×32."""
    if data_dir is None:
        try:
            arrays = keras.datasets.cifar10.load_data()
        except Exception as error:  # whatever the network and the cache may raise
            raise FileNotFoundError(
                f"CIFAR-10 could not be downloaded ({error}): get "
                "cifar-10-python.tar.gz elsewhere and name it with --data-dir."
            ) from error
    else:
        arrays = read_cifar10(Path(data_dir))
    (x_train, y_train), (x_test, y_test) = arrays
    train = Split(x_train, y_train.reshape(-1).astype("int64"))
    test = Split(x_test, y_test.reshape(-1).astype("int64"))
    if (train.images.shape, test.images.shape) != (
        (50_000, 32, 32, 3),
        (10_000, 32, 32, 3),
    ) or set(np.bincount(train.labels)) != {5000}:
        raise ValueError(f"{data_dir}: not CIFAR-10's 60,000 images, 6,000 a class.")
    return CIFAR10_CLASSES, train, test


def read_cifar10(path):
    """((x, y), (x, y)) of CIFAR-10 from an .npz, a .tar.gz, the folder
    cifar-10-batches-py, or a folder that holds one of them."""
    for name in ("cifar-10-batches-py", "cifar-10-python.tar.gz", "cifar10.npz"):
        if (path / name).exists():
            path = path / name
            break
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as file:
                names = ("x_train", "y_train", "x_test", "y_test")
                x_train, y_train, x_test, y_test = (file[name] for name in names)
            return (x_train, y_train), (x_test, y_test)
        if path.name.endswith((".tar.gz", ".tgz")):
            with tarfile.open(path) as archive:
                return cifar10_batches(
                    lambda name: archive.extractfile(
                        f"cifar-10-batches-py/{name}"
                    ).read()
                )
        return cifar10_batches(lambda name: (path / name).read_bytes())
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{path} holds no CIFAR-10: expected cifar-10-batches-py, "
            f"cifar-10-python.tar.gz or cifar10.npz ({error})"
        ) from error
    except (KeyError, OSError, EOFError, pickle.UnpicklingError, tarfile.TarError) as e:
        raise ValueError(f"{path} is not CIFAR-10, or is damaged: {e}") from e


def cifar10_batches(read):
    """The two parts from the original pickles; `read(name)` gives a file's bytes."""
    parts = [
        ArraysOnly(io.BytesIO(read(name)), encoding="bytes").load()
        for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch")
    ]
    images = [
        part[b"data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1) for part in parts
    ]
    labels = [np.asarray(part[b"labels"]) for part in parts]
    train = np.concatenate(images[:5]), np.concatenate(labels[:5])
    return train, (images[5], labels[5])


class ArraysOnly(pickle.Unpickler):
    """Unpickler that admits NumPy arrays and plain containers, and runs nothing else."""

    ALLOWED = {
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
    }

    def find_class(self, module, name):
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}: refused")
        if name == "_reconstruct":
            module = np.ndarray.__reduce__(np.zeros(0))[0].__module__
        return super().find_class(module, name)


@dataclass(frozen=True)
class Preparation:
    """How an image becomes the net's input.

    Images are brought to `side`, cropped to `size` if that is smaller, and `mean` is
    subtracted: an array (size, size, 3), three numbers, or None. In training, crops
    are random, half the images are mirrored where `reflect` says so, and `colour`
    names the reading of the colour noise made with `pca`.
    """

    size: int
    side: int
    mean: np.ndarray | None = None
    reflect: bool = False
    colour: str | None = None
    pca: augment.ColourPCA | None = None

    def scaled(self, image):
        """uint8 (height, width, 3) → (side, side, 3)."""
        if image.shape[:2] == (self.side, self.side):
            return image
        return np.asarray(augment.rescale_and_crop(Image.fromarray(image), self.side))

    def training(self, image, rng):
        """One random view, float32 (size, size, 3)."""
        view = self.scaled(image)
        if self.side > self.size or self.reflect:
            view = augment.random_view(view, self.size, rng, self.reflect)
        if self.colour:
            view = augment.colour_noise(view, self.pca, rng, reading=self.colour)
        return self.centred(view)

    def views(self, image, count):
        """The `count` (1 or 10) test views, float32 (count, size, size, 3)."""
        image = self.scaled(image)
        if count == 1:
            return self.centred(augment.centre_crop(image, self.size)[None])
        return self.centred(augment.ten_views(image, self.size))

    def centred(self, views):
        views = views.astype("float32")
        return views if self.mean is None else views - self.mean


def preparation(recipe, size, train):
    """The `Preparation` of a recipe for a net with `size`×`size` inputs, its mean and
    colour components computed over the training images in one pass."""
    side = recipe.image_side or size
    bare = Preparation(size, max(side, size), reflect=recipe.reflect)
    if recipe.mean is None and recipe.colour is None:
        return bare
    total, outer, pixels = 0.0, np.zeros((3, 3)), 0
    for image in train.images:
        image = bare.scaled(image).astype("float64")
        total = total + image
        flat = image.reshape(-1, 3)
        outer += flat.T @ flat
        pixels += len(flat)
    mean_image = total / len(train)
    mean = mean_image.mean(axis=(0, 1))
    subtracted = {
        "image": augment.centre_crop(mean_image, size).astype("float32"),
        "pixel": mean.astype("float32"),
        None: None,
    }[recipe.mean]
    pca = augment.ColourPCA.of_covariance(outer / pixels - np.outer(mean, mean))
    return Preparation(size, bare.side, subtracted, recipe.reflect, recipe.colour, pca)


class Batches(keras.utils.PyDataset):
    """Training batches of one epoch from a given step on.

    Every batch is a function of seed, epoch and step alone, whatever the number of
    workers: images come in an order drawn from (seed, epoch), and each image's random
    choices from (seed, epoch, its index).
    """

    def __init__(self, split, prepare, batch_size, seed, epoch=0, start=0, **options):
        super().__init__(**options)
        self.split, self.prepare, self.batch_size = split, prepare, batch_size
        self.seed, self.epoch, self.start = seed, epoch, start
        rng = np.random.default_rng([seed, epoch])
        self.order = rng.permutation(len(split))

    @property
    def steps(self):
        """Steps of the whole epoch."""
        return -(-len(self.split) // self.batch_size)

    def __len__(self):
        return self.steps - self.start

    def __getitem__(self, index):
        first = (self.start + index) * self.batch_size
        chosen = self.order[first : first + self.batch_size]
        images = [
            self.prepare.training(
                self.split.images[i], np.random.default_rng([self.seed, self.epoch, i])
            )
            for i in chosen
        ]
        return np.stack(images), self.split.labels[chosen]


class Views(keras.utils.PyDataset):
    """Test views of a split in order: batches (images · views, size, size, 3)."""

    def __init__(self, split, prepare, views=1, batch_size=128, **options):
        super().__init__(**options)
        self.split, self.prepare, self.views = split, prepare, views
        self.batch_size = max(1, batch_size // views)

    def __len__(self):
        return -(-len(self.split) // self.batch_size)

    def __getitem__(self, index):
        chosen = slice(index * self.batch_size, (index + 1) * self.batch_size)
        images = [
            self.prepare.views(image, self.views) for image in self.split.images[chosen]
        ]
        labels = np.repeat(self.split.labels[chosen], self.views)
        return np.concatenate(images), labels
