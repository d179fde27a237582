"""Converts other projects' trained weights to this project's weight file, and checks
them.

Four things are reordered:

- kernels, to height, width, maps in, maps out;
- the rows of the first dense kernel, from maps-first to maps-last;
- conv1's input channels, from BGR to RGB;
- outputs, from the devkit's class order to sorted WNIDs.

So every net of this project takes RGB images and has its classes in one order.
"""

import dataclasses
import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from alexnet_paper.data.arrays import read_array
from alexnet_paper.data.augment import CAFFE_MEAN
from alexnet_paper.data.augment import TORCH_MEAN
from alexnet_paper.data.augment import TORCH_STD
from alexnet_paper.data.augment import Preparation
from alexnet_paper.data.augment import centre_crop
from alexnet_paper.data.datasets import devkit_classes
from alexnet_paper.data.images import photographs
from alexnet_paper.data.synsets import imagenet_classes
from alexnet_paper.files import in_short
from alexnet_paper.files import open_file
from alexnet_paper.files import printable
from alexnet_paper.files import read_text
from alexnet_paper.nets import specs
from alexnet_paper.nets import variants
from alexnet_paper.weights import file as weight_file
from alexnet_paper.weights import formats
from alexnet_paper.weights.net import Trained
from alexnet_paper.weights.net import check_shapes
from alexnet_paper.weights.net import open_weights

NETS = {"CaffeNet": "caffenet", "AlexNet": "caffe"}  # names in .caffemodel files
# Trained nets are above STRUCTURE (BVLC's conv1: 0.62; random kernels: below 0.1),
# below FLAT and above CHANGE: see `structure` and `outputs`.
STRUCTURE = 0.25
FLAT = 0.95
CHANGE = 0.01


@dataclass(frozen=True)
class Options:
    """What the user says about a file."""

    variant: str | None = None
    channels: str | None = None  # "RGB" or "BGR": what conv1 was trained on
    mean: str | None = None  # path of Caffe's mean image
    labels: str | None = None  # path of a file of class names
    label_order: str = "wnid"  # or "devkit"
    devkit: str | None = None  # path of the devkit's folder
    allow_missing: tuple[str, ...] = ()  # layers that the file may lack
    sha256: str | None = None
    unchecked: bool = False  # skip `check_looks`


def convert(path, options=Options()):
    """Reads a weight file of any known format, checks it and returns its `Trained`.

    Raises:
        ValueError: in one line that names the file, if it is damaged, does not fit the
            variant, holds numbers that are not finite or looks untrained, or if an
            option does not apply to it.
        FileNotFoundError: if a file is missing.
    """
    digest = sha256(path)
    if options.sha256 and digest != options.sha256.lower():
        raise ValueError(f"{path}: its sha256 is {digest}, not {options.sha256}.")
    own = is_own(path)
    found = None if own else formats.read(path)
    try:
        if own:
            trained = own_file(path, options)
        else:
            trained = foreign_file(found, Path(path).name, digest, options)
        check_complete(trained, options.allow_missing)
        weight_file.check_numbers(trained.arrays)
        checks = "skipped" if options.unchecked else check_looks(trained)
    except ValueError as error:
        named = str(error) if str(path) in str(error) else f"{path}: {in_short(error)}"
        raise ValueError(named) from error
    return dataclasses.replace(trained, about={**trained.about, "checks": checks})


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
    if options.mean or options.channels or options.label_order != "wnid":
        raise ValueError("--mean, --channels and --label-order are for other formats.")
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
    caffe = variant != "one-weird-trick"
    channels = options.channels or ("BGR" if caffe else "RGB")
    learned = [layer.name for layer in specs.trace(net) if layer.learned]
    first, last = f"{learned[0]}/kernel", learned[-1]
    if channels == "BGR" and first in arrays:
        arrays[first] = np.ascontiguousarray(arrays[first][:, :, ::-1])
    order = output_order(options, net.classes)
    for part in (f"{last}/kernel", f"{last}/bias"):
        if part in arrays:
            arrays[part] = np.ascontiguousarray(arrays[part][..., order])
    prepare = preparation(variant, options.mean)
    names = wnids = None
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
        "label_order": label_order(options, net.classes),
        "wnids": wnids,
        "missing": missing,
    }
    return Trained(net, arrays, prepare, names and tuple(names), about, name)


def variant_of(found):
    """Returns the variant that a file is for, from its net's name or its shapes.

    Raises ValueError if neither says it.
    """
    layers = list(found.layers.values())
    if found.format == "caffemodel":
        if found.net not in NETS:
            raise ValueError(
                f"it calls its net {found.net!r}: add --variant "
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


def preparation(variant, mean_file=None):
    """Returns the `Preparation` of images for a variant's imported weights."""
    net, recipe = variants.get(variant).architecture, variants.get(variant).recipe
    size = net.input_shape[0]
    side = max(recipe.image_side or size, size)
    bare = Preparation(size, side)
    if mean_file:
        return dataclasses.replace(bare, mean=read_mean(mean_file, side, size))
    if variant == "one-weird-trick":
        mean, scale = 255 * np.float32(TORCH_MEAN), 255 * np.float32(TORCH_STD)
        return dataclasses.replace(bare, mean=mean, scale=scale)
    return dataclasses.replace(bare, mean=np.float32(CAFFE_MEAN))


def read_mean(path, side, size):
    """Reads Caffe's mean image, an .npy of shape (3, side, side), BGR.

    Returns its central part, (size, size, 3), RGB.
    """

    def fits(name, shape, dtype):
        return shape == (3, side, side) and dtype.kind == "f"

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
    return centre_crop(mean.transpose(1, 2, 0)[..., ::-1], size).astype("float32")


def read_labels(path, classes, order):
    """Returns (class names, their WNIDs or None) in the project's order.

    Reads synset_words.txt ("n01440764 tench"), Keras's imagenet_class_index.json, or
    one name a line. Lines with WNIDs are sorted by WNID, which is the project's order.
    Plain names are in the order of the file's outputs and are reordered by `order`.
    """
    try:
        text = read_text(path)
        if text.lstrip().startswith("{"):
            rows = json.loads(text)
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
    """Returns the measurements of `structure` and `outputs`, for the file's text, and
    the kernels that are `square`.

    Raises ValueError if an array is constant, if the first kernels look like noise, or
    if the outputs hardly depend on the image.
    """
    constant = [n for n, a in trained.arrays.items() if a.size > 1 and not np.ptp(a)]
    if constant:
        raise ValueError(
            f"{constant[0]} looks untrained: all its numbers are "
            f"{trained.arrays[constant[0]].flat[0] + 0:g} (--unchecked imports it "
            "anyway)."
        )
    first = next(iter(specs.shapes(trained.architecture)))
    undecided = square(trained.arrays)
    found = {"order_not_told_by_shape": undecided} if undecided else {}
    if first in trained.arrays:
        found["structure"] = round(structure(trained.arrays[first]), 3)
        if not found["structure"] > STRUCTURE:
            raise ValueError(
                f"{first} looks untrained: the correlation of neighbouring weights is "
                f"{found['structure']}, in trained kernels above {STRUCTURE} "
                "(--unchecked imports it anyway)."
            )
    if not trained.about["missing"]:
        share, change = outputs(trained)
        found.update(entropy=round(share, 3), change=round(change, 3))
        if not (share < FLAT and change > CHANGE):
            raise ValueError(
                "it looks untrained, or was read wrongly: the outputs for two "
                f"photographs have {share:.3f} of the largest entropy and differ by "
                f"{change:.3f} (--unchecked imports it anyway)."
            )
    return found


def square(arrays):
    """Returns the kernels with as many inputs as outputs (fc7's in the paper's net).

    If such a kernel is transposed, its shape does not tell. Nor does a shape tell
    whether the rows and columns of a convolution's kernels are exchanged.
    """
    return [n for n, a in arrays.items() if a.ndim > 1 and a.shape[-2] == a.shape[-1]]


def structure(kernel):
    """Returns the correlation of neighbouring weights in kernels (height, width, in,
    out), their means subtracted: about 0 for noise, near 1 for smooth kernels."""
    kernel = kernel.astype("float64") - kernel.mean(axis=(0, 1), keepdims=True)
    down = (kernel[1:] * kernel[:-1]).mean()
    across = (kernel[:, 1:] * kernel[:, :-1]).mean()
    power = np.square(kernel).mean()
    return float((down + across) / 2 / power) if power else 0.0


def outputs(trained):
    """Returns two measurements of the probabilities for two photographs.

    The smaller entropy, as a share of the largest possible, and the total variation
    between the two.
    """
    images = [np.asarray(photograph) for photograph in photographs()]
    p = trained.predict(images).astype("float64")
    entropy = -(p * np.log(np.maximum(p, 1e-30))).sum(axis=1)
    return float(entropy.min() / np.log(p.shape[1])), float(abs(p[0] - p[1]).sum() / 2)
