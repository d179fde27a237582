"""Named datasets: images with labels, always split in the same way."""

import gzip
import json
import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from alexnet_paper.data import pickles
from alexnet_paper.data import shards
from alexnet_paper.data.arrays import most_unpacked
from alexnet_paper.data.arrays import read_npz
from alexnet_paper.data.augment import Preparation
from alexnet_paper.data.augment import Statistics
from alexnet_paper.data.images import ImageFiles
from alexnet_paper.data.images import class_folders
from alexnet_paper.data.images import files_in
from alexnet_paper.data.listing import Paths
from alexnet_paper.data.prepare import STATISTICS
from alexnet_paper.data.prepare import load_part
from alexnet_paper.data.shards import ShardedImages
from alexnet_paper.files import in_short
from alexnet_paper.files import open_file
from alexnet_paper.files import read_file
from alexnet_paper.files import read_text

ON_DISK = (ImageFiles, ShardedImages)
MEMORY = 2**30  # bytes; a smaller split is kept in memory, not read every epoch
LEAVES = 1000  # the devkit's first 1000 classes are ILSVRC's, its others their parents
SPLIT_SEED = 0  # of every split made here, the same for all runs
CIFAR10_BYTES = 200_000_000  # unpacked, in any of its forms; it has 186,000,000
CIFAR10_BATCH = CIFAR10_BYTES // 6  # bytes of a sixth of it
CIFAR10_BATCHES = (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch")
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

FLOWERS17_CLASSES = (
    "daffodil",
    "snowdrop",
    "lily of the valley",
    "bluebell",
    "crocus",
    "iris",
    "tigerlily",
    "tulip",
    "fritillary",
    "sunflower",
    "daisy",
    "coltsfoot",
    "dandelion",
    "cowslip",
    "buttercup",
    "windflower",
    "pansy",
)


@dataclass(frozen=True)
class Split:
    """Images, each uint8 RGB (height, width, 3), and their labels, counted from 0."""

    images: np.ndarray | ImageFiles | ShardedImages
    labels: np.ndarray

    def __len__(self):
        return len(self.labels)

    def take(self, indices):
        return Split(self.images[indices], self.labels[indices])

    def files(self):
        """Returns (paths, labels). Raises ValueError if the images are not in files."""
        if isinstance(self.images, ShardedImages):
            raise ValueError("these images are in shards already.")
        if not isinstance(self.images, ImageFiles):
            raise ValueError("these images are in memory, not in files.")
        return self.images.paths, self.labels

    def in_memory(self, side, stretch=False):
        """Returns the split with its images read and rescaled to `side` × `side`, whole
        with `stretch`.

        Returns the split itself if that would take more than `MEMORY` bytes.
        """
        if not isinstance(self.images, ON_DISK) or len(self) * side**2 * 3 > MEMORY:
            return self
        bare = Preparation(side, side, stretch=stretch)
        images = [bare.scaled(image) for image in self.images]
        return Split(np.stack(images), self.labels)

    @property
    def fingerprint(self):
        """Eight hexadecimal digits: a checksum of images, or of the names of their
        files, of labels and of their order."""
        if isinstance(self.images, ON_DISK):
            images = self.images.names.checksum
        else:
            images = zlib.crc32(np.ascontiguousarray(self.images))
        return f"{zlib.crc32(self.labels.tobytes(), images):08x}"


@dataclass(frozen=True)
class Dataset:
    """A named dataset; `splits` has "train", "test" and mostly "validation".

    `statistics` are those of all training images, if the dataset was prepared and all
    of them are trained on; else None.
    """

    name: str
    class_names: tuple[str, ...]
    splits: dict[str, Split]
    statistics: Statistics | None = None

    @property
    def classes(self):
        return len(self.class_names)

    @property
    def held_out(self):
        """The name of the split to measure on: "test", where there is one."""
        return "test" if "test" in self.splits else "validation"

    def split(self, name):
        """Returns a split. Raises ValueError, with the known names, for another."""
        if name not in self.splits:
            known, name = ", ".join(self.splits), name or repr(name)
            raise ValueError(f"{self.name} has no {name} split: {known}.")
        return self.splits[name]


@dataclass(frozen=True)
class Source:
    """Where a dataset comes from: `read(data_dir)` gives its (classes, splits).

    `needs_folder` says whether `data_dir` must be given. A `bundled` dataset comes with
    a library and takes none.
    """

    about: str
    read: Callable
    needs_folder: bool = True
    bundled: bool = False


def load(name, data_dir=None, validation=0.2, limit=None, seed=0):
    """Loads a dataset of `DATASETS`.

    Args:
        name: Its name.
        data_dir: Folder or file to read it from, or a folder of its shards.
        validation: Share of the training images that is held out for validation,
            stratified, if the dataset has no validation images of its own.
        limit: Number of training images to use, drawn evenly from the classes.
            Defaults to all.
        seed: Integer seed of that draw.

    Returns:
        A `Dataset`.

    Raises:
        ValueError: for an unknown name, or if the files are not the dataset's.
        FileNotFoundError: if there are none; the message says how to get them.
    """
    if name not in DATASETS:
        raise ValueError(f"unknown data {name!r:.60}: one of {', '.join(DATASETS)}.")
    source = DATASETS[name]
    if source.needs_folder and data_dir is None:
        raise ValueError(f"{name} needs --data-dir: {source.about}.")
    if source.bundled and data_dir is not None:
        raise ValueError(f"{name} takes no --data-dir: {source.about}.")
    if data_dir is not None and shards.is_sharded(data_dir):
        classes, found = shards.read(data_dir, name)
        splits = {split: Split(*part) for split, part in found.items()}
    else:
        classes, splits = source.read(data_dir)
    if len(classes) < 2:
        raise ValueError(f"{data_dir} has only one class: {classes[0]}.")
    whole = "validation" in splits and limit is None
    if "validation" not in splits:
        splits = {**splits, **hold_out(splits["train"], validation)}
    if limit is not None and "train" in splits:
        splits["train"] = limited(splits["train"], limit, len(classes), seed)
    sums = Path(data_dir or "") / STATISTICS
    statistics = prepared(sums) if whole and sums.is_file() else None
    return Dataset(name, tuple(classes), splits, statistics)


def prepared(path):
    """Returns a prepared dataset's statistics. Raises ValueError for a damaged file."""
    try:
        return load_part(path)[0]
    except Exception as error:
        raise ValueError(
            f"{path} is damaged ({in_short(error)}): delete it and prepare the data "
            "again."
        ) from error


def hold_out(train, share):
    """Returns {"train", "validation"}: a stratified share, always the same images."""
    if not 0 <= share < 1:
        raise ValueError(f"the validation share must be in [0, 1). Received: {share}")
    if share == 0:
        return {"train": train}
    kept, held = stratified(train.labels, share)
    return {"train": train.take(kept), "validation": train.take(held)}


def stratified(labels, share):
    from sklearn.model_selection import train_test_split

    classes, counts = np.unique(labels, return_counts=True)
    if counts.min() < 2:
        few = classes[counts.argmin()]
        raise ValueError(
            f"class {few} has a single image: validation images can be held out of "
            "classes of two or more, or --validation 0."
        )
    indices = np.arange(len(labels))
    kept, held = train_test_split(
        indices, test_size=share, random_state=SPLIT_SEED, stratify=labels
    )
    return np.sort(kept), np.sort(held)


def limited(split, limit, classes, seed=0):
    """Returns `limit` images of a split, drawn evenly from the classes."""
    if not classes <= limit <= len(split):
        raise ValueError(
            f"--limit must be between {classes} (one image a class) and "
            f"{len(split)} (all training images). Received: {limit}"
        )
    rank, rng = np.zeros(len(split), int), np.random.default_rng(seed)
    for label in range(classes):
        of_class = split.labels == label
        rank[of_class] = rng.permutation(of_class.sum())
    return split.take(np.sort(np.argsort(rank, kind="stable")[:limit]))


def digits(_=None):
    """Scikit-learn's digits: 8×8, 17 grey levels, a fixed fifth for testing."""
    from sklearn.datasets import load_digits

    found = load_digits()
    grey = np.round(found.images * (255 / 16)).astype("uint8")
    images = np.repeat(grey[..., None], 3, axis=-1)
    whole = Split(images, found.target.astype("int64"))
    return tuple("0123456789"), with_test(whole)


def with_test(whole):
    """Returns {"train", "test"}: always the same stratified fifth for testing."""
    kept, held = stratified(whole.labels, 1 / 5)
    return {"train": whole.take(kept), "test": whole.take(held)}


def cifar10(data_dir=None):
    """CIFAR-10: 50,000 images 32×32 to train and 10,000 to test."""
    if data_dir is None:
        import keras

        try:
            arrays = keras.datasets.cifar10.load_data()
        except Exception as error:  # the network and the cache raise many kinds
            raise FileNotFoundError(
                f"CIFAR-10 could not be downloaded ({in_short(error)}): get "
                "cifar-10-python.tar.gz elsewhere and pass it as --data-dir."
            ) from error
    else:
        arrays = read_cifar10(Path(data_dir))
    (x_train, y_train), (x_test, y_test) = arrays
    train = Split(x_train, y_train.reshape(-1).astype("int64"))
    test = Split(x_test, y_test.reshape(-1).astype("int64"))
    for part, count in ((train, 5000), (test, 1000)):
        labels, each = np.unique(part.labels, return_counts=True)
        if (
            part.images.shape != (10 * count, 32, 32, 3)
            or part.images.dtype != "uint8"
            or labels.tolist() != list(range(10))
            or set(each) != {count}
        ):
            raise ValueError(
                f"{data_dir}: not CIFAR-10's 60,000 images, 6,000 a class."
            )
    return CIFAR10_CLASSES, {"train": train, "test": test}


def read_cifar10(path):
    """Reads CIFAR-10 and returns ((x_train, y_train), (x_test, y_test)).

    `path` is an .npz, a .tar.gz, the folder cifar-10-batches-py, or a folder that holds
    one of them.
    """
    for name in ("cifar-10-batches-py", "cifar-10-python.tar.gz", "cifar10.npz"):
        if (path / name).exists():
            path = path / name
            break
    try:
        if path.suffix == ".npz":
            arrays = read_npz(path, CIFAR10_BYTES, packed=True, expected=cifar10_array)
            train, test = ((f"x_{part}", f"y_{part}") for part in ("train", "test"))
            return tuple(tuple(arrays[name] for name in part) for part in (train, test))
        if path.name.endswith((".tar.gz", ".tgz")):
            read = {name: cifar10_batch(content) for name, content in batches_in(path)}
            parts = [read[name] for name in CIFAR10_BATCHES]
        else:
            contents = (read_file(path / n, CIFAR10_BATCH) for n in CIFAR10_BATCHES)
            parts = [cifar10_batch(content) for content in contents]
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{path} holds no CIFAR-10: expected cifar-10-batches-py, "
            f"cifar-10-python.tar.gz or cifar10.npz ({error})"
        ) from error
    except Exception as error:
        raise ValueError(
            f"{path} is not CIFAR-10, or is damaged: {in_short(error)}"
        ) from error
    images, labels = zip(*parts, strict=True)
    train = np.concatenate(images[:5]), np.concatenate(labels[:5])
    return train, (images[5], labels[5])


def cifar10_array(name, shape, dtype):
    """Whether an array of an .npz may be one of CIFAR-10's."""
    count = {"train": 50_000, "test": 10_000}.get(name[2:])
    if name.startswith("x_"):
        return shape == (count, 32, 32, 3) and dtype == "uint8"
    return (
        name.startswith("y_") and shape in {(count,), (count, 1)} and dtype.kind in "iu"
    )


def batches_in(path):
    """Yields (name, bytes) of the batches in a .tar.gz, which is read as a stream."""
    with open_file(path, CIFAR10_BYTES) as packed, gzip.open(packed) as file:
        most = min(most_unpacked(os.stat(path).st_size), CIFAR10_BYTES)
        left = most
        while (header := file.read(512)).strip(b"\0"):  # else the end
            size = int(header[124:136].strip(b" \0"), 8)
            padded = -(-size // 512) * 512
            left -= 512 + padded
            if left < 0 or not 0 <= size <= CIFAR10_BATCH:
                raise ValueError(f"it unpacks to more than {most:,} bytes")
            content = file.read(padded)
            if len(content) < padded:
                raise ValueError("it is cut off")
            name = header[:100].rstrip(b"\0").decode("latin1").rpartition("/")[2]
            if name in CIFAR10_BATCHES:
                yield name, content[:size]
        if len(file.read(2**16)) == 2**16:  # else its checksum was right
            raise ValueError("it goes on after its end")


def cifar10_batch(content):
    """Returns the images and labels of one of the original pickles."""
    held = pickles.read(content)
    images, labels = pickles.array(held["data"]), held["labels"]
    if images.dtype != "uint8" or not all(isinstance(label, int) for label in labels):
        raise ValueError("its images or labels are not whole numbers")
    images = images.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return images, np.array(labels, "int64")


def flowers17(data_dir):
    """Flowers-17: image_0001.jpg to image_1360.jpg, 80 a class, or class folders."""
    root = Path(data_dir)
    root = root / "jpg" if (root / "jpg").is_dir() else root
    flat = sorted(root.glob("image_*.jpg"))
    if not flat:
        return folder(data_dir, classes=17)
    names = [f"image_{number:04d}.jpg" for number in range(1, 1361)]
    if [path.name for path in flat] != names:
        missing = sorted(set(names) - {path.name for path in flat})
        raise ValueError(
            f"{root} has {len(flat)} of the 1,360 files image_0001.jpg to "
            f"image_1360.jpg; missing {', '.join(missing[:3]) or 'none'}."
        )
    return FLOWERS17_CLASSES, with_test(files_split({"": flat}, np.arange(1360) // 80))


def cats_vs_dogs(data_dir):
    """Photographs in two class folders."""
    return folder(data_dir, classes=2)


def folder(data_dir, classes=None):
    """Class folders of images, in `data_dir` or in its train/ and test/ (or val/)."""
    root = Path(data_dir)
    if (root / "train").is_dir():
        return image_net(data_dir, classes)
    found = class_folders(root)
    if classes and len(found) != classes:
        raise ValueError(f"{root} has {len(found)} class folders instead of {classes}.")
    return tuple(found), with_test(files_split(found))


def files_split(found, labels=None):
    """Returns the `Split` of {class: files}; classes are numbered in order."""
    paths = Paths.joined([Paths.of(files) for files in found.values()])
    if labels is None:
        sizes = [len(files) for files in found.values()]
        labels = np.repeat(np.arange(len(found)), sizes)
    return Split(ImageFiles(paths), labels.astype("int64"))


def image_net(data_dir, classes=None):
    """The ImageNet layout: train/<wnid>/*.JPEG, and val/ in folders or flat.

    Labels are numbered by sorted WNID. A flat val/ needs the devkit: its ground truth
    has the devkit's own numbers, which its meta.mat translates into WNIDs.
    """
    root = Path(data_dir)
    if not (root / "train").is_dir():
        return validation_only(root)
    train = class_folders(root / "train")
    if classes and len(train) != classes:
        raise ValueError(f"{root}/train has {len(train)} classes instead of {classes}.")
    splits = {"train": files_split(train)}
    for name, folders in (("validation", ("val", "validation")), ("test", ("test",))):
        there = [root / folder for folder in folders if (root / folder).is_dir()]
        if there and (name == "validation" or not files_in(there[0])):
            splits[name] = held_split(there[0], tuple(train))
    if len(splits) == 1:
        raise ValueError(
            f"{root} has no val folder: the ImageNet layout is train and val."
        )
    return tuple(train), splits


def validation_only(root):
    """Returns (classes, {"validation"}) of a val/ without a train/.

    val/ has class folders, or is flat; then the devkit gives the classes.
    """
    folder = root / "val"
    if not folder.is_dir():
        raise ValueError(
            f"{root} has neither train nor val: it is not the ImageNet layout."
        )
    if not files_in(folder):
        found = class_folders(folder)
        return tuple(found), {"validation": files_split(found)}
    wnid = devkit_classes(ground_truth(folder).parent / "meta.mat")
    classes = tuple(sorted(wnid[number] for number in wnid if number <= LEAVES))
    return classes, {"validation": flat_split(folder, classes)}


def held_split(root, classes):
    """Returns the split of a folder that has `classes` as folders, or is flat."""
    if files_in(root):
        return flat_split(root, classes)
    found = class_folders(root)
    if tuple(found) != classes:
        others = ", ".join(sorted(set(found) ^ set(classes))[:3])
        raise ValueError(f"{root} and train have different classes: {others} …")
    return files_split(found)


def flat_split(root, classes):
    """Returns ILSVRC's validation images of one folder, labelled by the devkit."""
    truth = ground_truth(root)
    wnid = devkit_classes(truth.parent / "meta.mat")
    try:
        numbers = [int(line) for line in read_text(truth).split()]
    except ValueError as error:
        raise ValueError(
            f"{truth} is not the ground truth: {in_short(error)}"
        ) from error
    files = files_in(root)
    if len(files) != len(numbers):
        raise ValueError(
            f"{root} has {len(files)} images, {truth.name} {len(numbers)} labels."
        )
    index = {name: place for place, name in enumerate(classes)}
    unknown = sorted({n for n in numbers if wnid.get(n) not in index})
    if unknown:
        raise ValueError(f"{truth} names class {unknown[0]}, which is not in train.")
    labels = np.array([index[wnid[number]] for number in numbers], "int64")
    return Split(ImageFiles(files), labels)


def ground_truth(root):
    """Returns the path of the devkit's labels, which lies beside a flat val/.

    Raises FileNotFoundError if it or the devkit's meta.mat is missing.
    """
    kits = sorted(root.parent.glob("ILSVRC20*_devkit*/data"))
    truths = [path for kit in kits for path in kit.glob("*validation_ground_truth.txt")]
    if not truths or not (truths[0].parent / "meta.mat").exists():
        raise FileNotFoundError(
            f"{root} is flat and there is no ground truth: put ILSVRC2012_devkit_t12 "
            f"beside it, in {root.parent}, or sort the images into class folders."
        )
    return truths[0]


READ_META = f"""
import io, json, re, sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
    resource.setrlimit(resource.RLIMIT_DATA, ({2**28}, {2**28}))
except (ImportError, OSError, ValueError):
    pass  # some systems have no such limits
from scipy.io import loadmat
content = io.BytesIO(sys.stdin.buffer.read())
rows = loadmat(content, squeeze_me=True)["synsets"][:10_000]
found = {{int(row["ILSVRC2012_ID"]): str(row["WNID"]) for row in rows}}
assert all(re.fullmatch("n[0-9]{{8}}", wnid) for wnid in found.values())
print(json.dumps(found))
"""


def devkit_classes(path):
    """Returns {class number in the devkit, from 1: its WNID} from its meta.mat.

    SciPy reads it, which damaged files can make crash, in a process of its own that has
    a minute and 256 MiB.

    Raises ValueError for another file, and FileNotFoundError if there is none.
    """
    done = subprocess.run(
        [sys.executable, "-c", READ_META],
        input=read_file(path, 2**22),
        capture_output=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        timeout=300,
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip() or "the reader crashed"
        reason = in_short(said.splitlines()[-1])
        raise ValueError(f"{path} is not the devkit's meta.mat: {reason}")
    return {int(number): wnid for number, wnid in json.loads(done.stdout).items()}


DATASETS = {
    "digits": Source(
        "1,797 handwritten digits bundled with scikit-learn",
        digits,
        needs_folder=False,
        bundled=True,
    ),
    "cifar10": Source(
        "CIFAR-10: downloaded by Keras, or a folder with cifar-10-batches-py, "
        "cifar-10-python.tar.gz or an .npz",
        cifar10,
        needs_folder=False,
    ),
    "flowers17": Source("Oxford Flowers-17: a folder with image_0001.jpg …", flowers17),
    "cats-vs-dogs": Source(
        "a folder with two class folders of photographs", cats_vs_dogs
    ),
    "imagenet": Source("a folder with train/<wnid>/ and val/", image_net),
    "folder": Source("any folder of class folders", folder),
}
