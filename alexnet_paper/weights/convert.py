"""Converts other projects' trained weights to this project's weight file, and checks
them.

Four things are reordered:

- kernels, to height, width, maps in, maps out;
- the rows of the first dense kernel, from maps-first to maps-last;
- conv1's input channels, from BGR to RGB;
- outputs, from the devkit's class order to sorted WNIDs.

So every net of this project takes RGB images and has its classes in one order. How a
variant's images were prepared where it was trained is its `Origin`.
"""

import contextlib
import dataclasses
import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from alexnet_paper.data import augment
from alexnet_paper.data import datasets
from alexnet_paper.data.arrays import read_array
from alexnet_paper.data.augment import CAFFE_MEAN
from alexnet_paper.data.augment import CIFAR10_MEAN
from alexnet_paper.data.augment import TORCH_MEAN
from alexnet_paper.data.augment import TORCH_STD
from alexnet_paper.data.augment import Preparation
from alexnet_paper.data.augment import centre_crop
from alexnet_paper.data.datasets import devkit_classes
from alexnet_paper.data.synsets import imagenet_classes
from alexnet_paper.files import bounded
from alexnet_paper.files import in_short
from alexnet_paper.files import open_file
from alexnet_paper.files import printable
from alexnet_paper.files import read_text
from alexnet_paper.nets import specs
from alexnet_paper.nets import variants
from alexnet_paper.weights import file as weight_file
from alexnet_paper.weights import formats
from alexnet_paper.weights import looks
from alexnet_paper.weights.net import Trained
from alexnet_paper.weights.net import check_shapes
from alexnet_paper.weights.net import open_weights

NETS = {  # names in .caffemodel files
    "CaffeNet": "caffenet",
    "AlexNet": "caffe",
    "CIFAR10_full": "cifar-full",
}


@dataclass(frozen=True)
class Origin:
    """How a variant's images were prepared where it was trained. The defaults are those
    of Caffe's nets for ImageNet.

    `channels` is the order that conv1 and a mean image have. `mean` and `scale`, RGB of
    0–255, are used if no mean image is given. A net with `data` was trained on that
    dataset: it subtracts the mean image of the training images, and its outputs are the
    dataset's classes in their order, `class_names`.
    """

    channels: str = "BGR"
    mean: tuple[float, ...] | np.ndarray = CAFFE_MEAN
    scale: np.ndarray | None = None
    data: str | None = None
    class_names: tuple[str, ...] = ()


ORIGINS = {
    "one-weird-trick": Origin(
        "RGB", 255 * np.float32(TORCH_MEAN), 255 * np.float32(TORCH_STD)
    ),
    "cifar-full": Origin(
        "RGB", CIFAR10_MEAN, data="cifar10", class_names=datasets.CIFAR10_CLASSES
    ),
}


@dataclass(frozen=True)
class Options:
    """What the user says about a file."""

    variant: str | None = None
    channels: str | None = None  # "RGB" or "BGR": what conv1 was trained on
    mean: str | None = None  # path of a mean image
    data_dir: str | None = None  # where the data of its `Origin` is
    labels: str | None = None  # path of a file of class names
    label_order: str = "wnid"  # or "devkit"
    devkit: str | None = None  # path of the devkit's folder
    allow_missing: tuple[str, ...] = ()  # layers that the file may lack
    sha256: str | None = None
    unchecked: bool = False  # skip `check_looks`
    rough: bool = False  # a mean colour serves where the mean image is not given


def convert(path, options=Options()):
    """Reads a weight file of any known format, checks it and returns its `Trained`.

    Raises:
        ValueError: in one line that names the file, if `read` does, or if layers are
            missing or it looks untrained.
        FileNotFoundError: if a file is missing.
    """
    trained = read(path, options)
    with naming(path):
        check_complete(trained, options.allow_missing)
        checks = "skipped" if options.unchecked else check_looks(trained)
    return dataclasses.replace(trained, about={**trained.about, "checks": checks})


def read(path, options=Options()):
    """Reads a weight file of any known format and returns its `Trained`, perhaps a
    partial or an untrained one.

    Raises:
        ValueError: in one line that names the file, if it is damaged, does not fit the
            variant or holds numbers that are not finite, or if an option does not apply
            to it.
        FileNotFoundError: if a file is missing.
    """
    digest = sha256(path)
    if options.sha256 and digest != options.sha256.lower():
        raise ValueError(f"{path}: its sha256 is {digest}, not {options.sha256}.")
    own = is_own(path)
    found = None if own else formats.read(path)
    with naming(path):
        if own:
            trained = own_file(path, options)
        else:
            trained = foreign_file(found, Path(path).name, digest, options)
        weight_file.check_numbers(trained.arrays)
    return trained


@contextlib.contextmanager
def naming(path):
    """Context whose ValueErrors name a file in one line."""
    try:
        yield
    except ValueError as error:
        text = str(error) if str(path) in str(error) else f"{path}: {in_short(error)}"
        raise ValueError(text) from error


def save(trained, path):
    """Writes a `Trained` as a weight file, whole or not at all."""
    prepare = trained.preparation
    parts = {f"{weight_file.PREPARATION}{n}": a for n, a in prepare.arrays().items()}
    names = trained.class_names and list(trained.class_names)
    meta = {
        **trained.about,
        "preparation": prepare.settings(),
        "class_names": names,
    }
    weight_file.save(path, {**trained.arrays, **parts}, meta)


def sha256(path):
    """Returns the hexadecimal SHA-256 digest of a file."""
    with open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_own(path):
    """Whether a file is this project's. Raises ValueError for an unknown format."""
    try:
        return formats.kind(path) == "own"
    except Exception as error:
        raise ValueError(f"{path} cannot be read: {in_short(error)}") from error


def own_file(path, options):
    """Returns the `Trained` of this project's own file, without the training state."""
    trained = open_weights(path)
    about = dict(trained.about)
    if options.variant not in (None, about["variant"]):
        raise ValueError(f"it is for {about['variant']}, not {options.variant}.")
    foreign = options.mean, options.data_dir, options.channels
    if any(foreign) or options.label_order != "wnid":
        raise ValueError(
            "--mean, --data-dir, --channels and --label-order are for other formats."
        )
    about.pop("state", None)
    about = {"source": Path(path).name, "format": "own", **about}
    names = trained.class_names
    if options.labels:
        classes = trained.architecture.classes
        names, about["wnids"] = read_labels(options.labels, classes, range(classes))
    return dataclasses.replace(trained, about=about, class_names=names)


def foreign_file(found, name, digest, options):
    """Returns the `Trained` of a `Foreign`, in this project's layout and order."""
    variant = options.variant or variant_of(found)
    net = variants.get(variant).architecture
    named = by_name(found.layers, net)
    net = net.with_classes(classes_of(named, found.layout, net))
    arrays = {
        part: converted(part, array, found.layout, net) for part, array in named.items()
    }
    missing = check_shapes(net, arrays)
    origin = origin_of(variant)
    channels = options.channels or origin.channels
    learned = [layer.name for layer in specs.trace(net) if layer.learned]
    first, last = f"{learned[0]}/kernel", learned[-1]
    if channels == "BGR" and first in arrays:
        arrays[first] = np.ascontiguousarray(arrays[first][:, :, ::-1])
    if origin.data and options.label_order == "devkit":
        raise ValueError(
            f"--label-order devkit: {variant} has {origin.data}'s classes."
        )
    order = output_order(options, net.classes)
    for part in (f"{last}/kernel", f"{last}/bias"):
        if part in arrays:
            arrays[part] = np.ascontiguousarray(arrays[part][..., order])
    prepare = preparation(variant, options.mean, options.data_dir, options.rough)
    known = len(origin.class_names) == net.classes
    names, wnids = (origin.class_names if known else None), None
    if options.labels:
        names, wnids = read_labels(options.labels, net.classes, order)
    elif net.classes == len(imagenet_classes()):
        wnids, names = map(list, zip(*imagenet_classes(), strict=True))
    about = {
        "variant": variant,
        "source": name,
        "sha256": digest,
        "format": found.format,
        "net": found.net,
        "channels": "RGB" + (", conv1 reordered from BGR" if channels == "BGR" else ""),
        "label_order": f"{origin.data}'s"
        if known
        else label_order(options, net.classes),
        "wnids": wnids,
        "mean_image": mean_of(origin, options),
        "missing": missing,
    }
    return Trained(net, arrays, prepare, names and tuple(names), about, name)


def origin_of(variant):
    """Returns the `Origin` of a variant, or of the one that an ablation is of."""
    return ORIGINS.get(variant.partition(".")[0], Origin())


def variant_of(found):
    """Returns the variant that a file is for, from its net's name or its shapes.

    Raises ValueError if neither says it.
    """
    layers = list(found.layers.values())
    if found.format == "caffemodel":
        if found.net not in NETS:
            raise ValueError(
                f"it calls its net {found.net!r:.60}: add --variant "
                f"{' or '.join(sorted(set(NETS.values())))}."
            )
        return NETS[found.net]
    first = layers[0].get("kernel") if layers else None
    if found.format != "torch":
        return "caffe"
    if first is not None and first.shape[:1] == (64,):
        return "one-weird-trick"
    raise ValueError("the file does not say which net it is for: add --variant.")


def by_name(layers, net):
    """Returns {"conv1/kernel": array, ...} of {layer of the file: {part: array}}.

    Layers are matched by name ("conv1", "module.conv1"). If no name matches, they are
    matched by order: torchvision's are "features.0" to "classifier.6".
    """
    learned = [layer.name for layer in specs.trace(net) if layer.learned]
    short = {name: re.split(r"[./]", name)[-1] for name in layers}
    if not set(short.values()) & set(learned) and len(layers) == len(learned):
        short = dict(zip(layers, learned, strict=True))
    unknown = [name for name in layers if short[name] not in learned]
    if unknown or len(set(short.values())) < len(short):
        text = ", ".join(unknown[:3]) or "two layers of one name"
        raise ValueError(f"it has {text}; {net.name} has {', '.join(learned)}.")
    return {
        f"{short[name]}/{part}": array
        for name, parts in layers.items()
        for part, array in parts.items()
    }


def classes_of(named, layout, net):
    """Returns the number of classes of the file's last layer, or of the variant if the
    file lacks that layer."""
    last = [spec.name for spec in net.layers if isinstance(spec, specs.Dense)][-1]
    kernel, bias = named.get(f"{last}/kernel"), named.get(f"{last}/bias")
    if bias is not None and bias.ndim == 1:
        return bias.shape[0]
    if kernel is not None and kernel.ndim == 2:
        return kernel.shape[0 if layout == "OIHW" else 1]
    return net.classes


def converted(name, array, layout, net):
    """Returns one array in this project's layout, float32.

    Raises ValueError if its shape is not the variant's in the file's layout.
    """
    shape = specs.shapes(net)[name]
    if layout == "OIHW" and name.endswith("/kernel"):
        dense = len(shape) == 2
        theirs = shape[::-1] if dense else (shape[3], shape[2], *shape[:2])
        check_shape(name, array, theirs)
        if dense:
            layer = next(r for r in specs.trace(net) if r.name == name.split("/")[0])
            *space, maps = layer.input_shape
            array = array.reshape(-1, maps, *space)
        order = (2, 3, 1, 0) if array.ndim == 4 else (1, 0)
        array = array.transpose(order).reshape(shape)
    check_shape(name, array, shape)
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(array, "float32")


def check_shape(name, array, expected):
    if array.shape != expected:
        raise ValueError(f"{name} has shape {array.shape}; expected {expected}.")


def output_order(options, classes):
    """Returns `order`: output j of this project is the file's output `order[j]`."""
    if options.label_order == "wnid":
        return np.arange(classes)
    if options.devkit is None:
        raise ValueError("--label-order devkit needs --devkit, the devkit's folder.")
    root = Path(options.devkit)
    paths = [p for p in (root / "meta.mat", root / "data" / "meta.mat") if p.exists()]
    if not paths:
        raise FileNotFoundError(f"{root} is not the devkit: it has no meta.mat.")
    try:
        wnids = devkit_classes(paths[0])
        return np.array(sorted(range(classes), key=lambda i: wnids[i + 1]))
    except Exception as error:
        raise ValueError(
            f"{paths[0]} is not the devkit's, or lacks some of {classes} "
            f"classes: {in_short(error)}"
        ) from error


def label_order(options, classes):
    if options.label_order == "devkit":
        return "sorted WNIDs, reordered from the devkit's order"
    return "sorted WNIDs" if classes == 1000 else "as in the file"


def preparation(variant, mean_file=None, data_dir=None, rough=False):
    """Returns the `Preparation` of images for a variant's imported weights.

    Raises ValueError if the variant needs the mean image of a dataset and neither the
    image nor the data is given, and if both are.
    """
    net, recipe = variants.get(variant).architecture, variants.get(variant).recipe
    origin, size = origin_of(variant), net.input_shape[0]
    side = max(recipe.image_side or size, size)
    bare = Preparation(size, side)
    if rough and not origin.data:
        data_dir = None
    if data_dir and (mean_file or not origin.data):
        other = "--mean gives the mean image" if mean_file else f"not for {variant}"
        raise ValueError(f"--data-dir, for a mean image: {other}.")
    if mean_file:
        mean = read_mean(mean_file, side, size, origin.channels)
        return dataclasses.replace(bare, mean=mean)
    if not origin.data or (rough and data_dir is None):
        return dataclasses.replace(
            bare, mean=np.float32(origin.mean), scale=origin.scale
        )
    if data_dir is None:
        raise ValueError(
            f"{variant} subtracts the mean image of {origin.data}'s training images: "
            f"add --data-dir, the folder of {origin.data}, or --mean, the image."
        )
    train = datasets.load(origin.data, data_dir, validation=0).splits["train"]
    found = augment.preparation(recipe, size, train.images)
    return dataclasses.replace(bare, mean=found.mean)


def mean_of(origin, options):
    """Returns in words which mean image is subtracted, or None for a mean colour."""
    if options.mean:
        return Path(options.mean).name
    return f"that of {origin.data}'s training images" if origin.data else None


def read_mean(path, side, size, channels="BGR"):
    """Reads a mean image, an .npy of shape (3, side, side) as Caffe has it, or
    (side, side, 3) if `channels` is "RGB".

    Returns its central part, (size, size, 3), RGB.
    """
    shapes = {(3, side, side)} | ({(side, side, 3)} if channels == "RGB" else set())

    def fits(name, shape, dtype):
        return shape in shapes and dtype.kind == "f"

    try:
        with open_file(path, 2**24) as file:
            mean = read_array(file, os.fstat(file.fileno()).st_size, "it", fits)
    except FileNotFoundError:
        raise
    except Exception as error:
        raise ValueError(
            f"{path} is not Caffe's mean image (3, {side}, {side}): {in_short(error)}"
        ) from error
    if not np.isfinite(mean).all() or mean.min() < 0 or mean.max() > 255:
        raise ValueError(f"{path} is not a mean image: not all numbers are 0 to 255.")
    mean = mean.transpose(1, 2, 0) if mean.shape == (3, side, side) else mean
    mean = mean[..., ::-1] if channels == "BGR" else mean
    return centre_crop(mean, size).astype("float32")


def read_labels(path, classes, order):
    """Returns (class names, their WNIDs or None) in the project's order.

    Reads synset_words.txt ("n01440764 tench"), Keras's imagenet_class_index.json, or
    one name a line. Lines with WNIDs are sorted by WNID, which is the project's order.
    Plain names are in the order of the file's outputs and are reordered by `order`.
    """
    try:
        text = read_text(path)
        if text.lstrip().startswith("{"):
            rows = json.loads(bounded(text))
            lines = [" ".join(rows[str(number)]) for number in range(len(rows))]
        else:
            lines = [line.strip() for line in text.splitlines() if line.strip()]
        lines = [printable(line) for line in lines]
    except (
        *(AttributeError, LookupError, RecursionError, TypeError, ValueError),
    ) as error:
        raise ValueError(
            f"{path} is not a file of class names: {in_short(error)}"
        ) from error
    if len(lines) != classes:
        raise ValueError(f"{path} has {len(lines)} names for {classes} outputs.")
    if all(re.match(r"n\d{8} \S", line) for line in lines):
        wnids, names = zip(*(line.split(" ", 1) for line in sorted(lines)), strict=True)
        return names, list(wnids)
    return tuple(lines[index] for index in order), None


def check_complete(trained, allowed):
    """Raises ValueError if arrays are missing, except those of `allowed` layers."""
    learned = {name.split("/")[0] for name in specs.shapes(trained.architecture)}
    unknown = sorted(set(allowed) - learned)
    if unknown:
        raise ValueError(f"--allow-missing names {unknown[0]}, which is no layer.")
    missing = trained.about["missing"]
    layers = dict.fromkeys(name.split("/")[0] for name in missing)
    if set(layers) - set(allowed):
        raise ValueError(
            f"it lacks {', '.join(missing)}: --allow-missing {','.join(layers)} "
            "imports the rest."
        )


def check_looks(trained):
    """Returns the main measurements of `looks.look`, for the file's text.

    Raises ValueError if the net looks untrained or damaged.
    """
    found = looks.look(trained, upright=False)
    if found.verdict != "trained":
        raise ValueError(
            f"it looks {found.verdict}: {found.why} (--unchecked imports it anyway)"
        )
    return found.summary()
