"""Trained weights of other projects → this project's one weight file, checked.

What is turned round: kernels to height, width, maps in, maps out; the rows of the first
dense kernel from maps-first to maps-last order; conv1's input channels from BGR, where
a file has that, to RGB; and outputs in the devkit's order to sorted WNIDs. So a net of
this project always sees RGB, and its classes are in one order only.
"""

import dataclasses
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from alexnet_paper.data.augment import Preparation
from alexnet_paper.data.augment import centre_crop
from alexnet_paper.data.datasets import DAMAGED
from alexnet_paper.data.datasets import devkit_classes
from alexnet_paper.data.images import photographs
from alexnet_paper.nets import specs
from alexnet_paper.nets import variants
from alexnet_paper.weights import file as weight_file
from alexnet_paper.weights import formats
from alexnet_paper.weights.net import Trained
from alexnet_paper.weights.net import check_shapes
from alexnet_paper.weights.net import open_weights

CAFFE_MEAN = (123.0, 117.0, 104.0)  # RGB; Caffe's models are given it as BGR
TORCH_MEAN = (0.485, 0.456, 0.406)  # RGB, of pixels 0–1: torchvision's presets
TORCH_STD = (0.229, 0.224, 0.225)
NETS = {"CaffeNet": "caffenet", "AlexNet": "caffe"}  # names in .caffemodel files
STRUCTURE = 0.25  # trained conv1: 0.62 (BVLC's); random ones of every variant: < 0.1
FLAT = 0.95  # of the largest entropy that the outputs can have
CHANGE = 0.01  # total variation between the outputs of two photographs


@dataclass(frozen=True)
class Options:
    """What the user says of a file beyond what is in it."""

    variant: str | None = None
    channels: str | None = None  # "RGB" or "BGR": what conv1 was trained on
    mean: str | None = None  # a file: Caffe's mean image
    labels: str | None = None  # a file
    label_order: str = "wnid"  # or "devkit"
    devkit: str | None = None  # its folder
    allow_missing: tuple[str, ...] = ()  # layers
    sha256: str | None = None
    unchecked: bool = False  # leave out `check_looks`


def convert(path, options=Options()):
    """The `Trained` that a weight file of any known format holds, after its checks.

    Raises ValueError, in one line that names the file, where it is damaged, does not
    fit the variant, has numbers that are not finite, looks untrained, or where an
    option does not fit it; FileNotFoundError where a file is not there.
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
        check_finite(trained.arrays)
        checks = "skipped" if options.unchecked else check_looks(trained)
    except ValueError as error:
        named = str(error) if str(path) in str(error) else f"{path}: {error}"
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
    """Hexadecimal digest of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_own(path):
    """Whether a file is this project's. Raises ValueError, naming it, where it is of
    no known format."""
    try:
        return formats.kind(path) == "own"
    except weight_file.DAMAGED as error:
        raise ValueError(f"{path} cannot be read: {error}") from error


def own_file(path, options):
    """This project's own file, with what only a resumed run needs left out."""
    trained = open_weights(path)
    about = dict(trained.about)
    if options.variant not in (None, about["variant"]):
        raise ValueError(f"it is {about['variant']}, not {options.variant}.")
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
    """The `Trained` of a `Foreign`, in this project's layout and order."""
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
    about = {
        "variant": variant,
        "source": name,
        "sha256": digest,
        "format": found.format,
        "net": found.net,
        "channels": "RGB" + (", conv1 turned from BGR" if channels == "BGR" else ""),
        "label_order": label_order(options, net.classes),
        "wnids": wnids,
        "missing": missing,
    }
    return Trained(net, arrays, prepare, names, about, name)


def variant_of(found):
    """The variant that a foreign file is, where it says so or shows it."""
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
    raise ValueError("which net this is it does not say: add --variant.")


def by_name(layers, net):
    """{"conv1/kernel": array, ...} of {layer of the file: {part: array}}.

    Layers go by name ("conv1", "module.conv1"), or, where none has such a name, by
    order: torchvision's are "features.0" to "classifier.6".
    """
    learned = [layer.name for layer in specs.trace(net) if layer.learned]
    short = {name: re.split(r"[./]", name)[-1] for name in layers}
    if not set(short.values()) & set(learned) and len(layers) == len(learned):
        short = dict(zip(layers, learned, strict=True))
    odd = [name for name in layers if short[name] not in learned]
    if odd or len(set(short.values())) < len(short):
        text = ", ".join(odd[:3]) or "two layers of one name"
        raise ValueError(f"it has {text}; {net.name} has {', '.join(learned)}.")
    return {
        f"{short[name]}/{part}": array
        for name, parts in layers.items()
        for part, array in parts.items()
    }


def classes_of(named, layout, net):
    """How many classes the file's last layer has, or else the variant."""
    last = [spec.name for spec in net.layers if isinstance(spec, specs.Dense)][-1]
    kernel, bias = named.get(f"{last}/kernel"), named.get(f"{last}/bias")
    if bias is not None and bias.ndim == 1:
        return bias.shape[0]
    if kernel is not None and kernel.ndim == 2:
        return kernel.shape[0 if layout == "OIHW" else 1]
    return net.classes


def converted(name, array, layout, net):
    """One array in this project's layout, float32. Raises ValueError where its shape
    is not what the variant's would be in that layout."""
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
        raise ValueError(f"{name} is {array.shape} where {expected} was expected.")


def output_order(options, classes):
    """Which of the file's outputs is the project's first, second, …: `order[j]`."""
    if options.label_order == "wnid":
        return np.arange(classes)
    if options.devkit is None:
        raise ValueError("--label-order devkit needs --devkit, the devkit's folder.")
    root = Path(options.devkit)
    paths = [p for p in (root / "meta.mat", root / "data" / "meta.mat") if p.exists()]
    if not paths:
        raise FileNotFoundError(f"{root} has no meta.mat: it is not the devkit.")
    try:
        wnids = devkit_classes(paths[0])
        return np.array(sorted(range(classes), key=lambda i: wnids[i + 1]))
    except (*DAMAGED, NotImplementedError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(
            f"{paths[0]} is not the devkit's, or has not {classes} classes: {reason}"
        ) from error


def label_order(options, classes):
    if options.label_order == "devkit":
        return "sorted WNIDs, turned from the devkit's order"
    return "sorted WNIDs" if classes == 1000 else "as in the file"


def preparation(variant, mean_file=None):
    """How images are prepared for a variant's imported weights."""
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
    """The central size × size of Caffe's mean image: an .npy of (3, side, side), BGR.

    Returns (size, size, 3), RGB.
    """
    try:
        with open(path, "rb") as file:
            shape, _, dtype = weight_file.read_header(file)
            if shape != (3, side, side) or dtype.kind != "f":
                raise ValueError(f"it is {shape} of {dtype}, not (3, {side}, {side})")
        mean = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise
    except weight_file.DAMAGED as error:
        raise ValueError(f"{path} is not Caffe's mean image: {error}") from error
    if not np.isfinite(mean).all() or mean.min() < 0 or mean.max() > 255:
        raise ValueError(f"{path} is not a mean image: it leaves 0 to 255.")
    return centre_crop(mean.transpose(1, 2, 0)[..., ::-1], size).astype("float32")


def read_labels(path, classes, order):
    """(class names, their WNIDs or None) in the project's order.

    From synset_words.txt ("n01440764 tench"), Keras's imagenet_class_index.json, or one
    name a line.

    Lines with WNIDs are sorted by them, which is the project's order; plain names are
    in the order of the file's outputs, and go through `order` with them.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        if text.lstrip().startswith("{"):
            rows = json.loads(text)
            lines = [" ".join(rows[str(number)]) for number in range(len(rows))]
        else:
            lines = [line.strip() for line in text.splitlines() if line.strip()]
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a file of class names: {error}") from error
    if len(lines) != classes:
        raise ValueError(f"{path} has {len(lines)} names for {classes} outputs.")
    if all(re.match(r"n\d{8} \S", line) for line in lines):
        wnids, names = zip(*(line.split(" ", 1) for line in sorted(lines)), strict=True)
        return names, list(wnids)
    return tuple(lines[index] for index in order), None


def check_complete(trained, allowed):
    """Raises ValueError where arrays are missing of layers that may not."""
    learned = {name.split("/")[0] for name in specs.shapes(trained.architecture)}
    unknown = sorted(set(allowed) - learned)
    if unknown:
        raise ValueError(f"--allow-missing names {unknown[0]}, which is no layer.")
    missing = trained.about["missing"]
    layers = dict.fromkeys(name.split("/")[0] for name in missing)
    if set(layers) - set(allowed):
        raise ValueError(
            f"it lacks {', '.join(missing)}: import it partly with --allow-missing "
            f"{','.join(layers)}."
        )


def check_finite(arrays):
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ValueError(f"{name} has numbers that are not finite.")


def check_looks(trained):
    """What was found of `structure` and `outputs`, for the file's text.

    Raises ValueError where the first kernels look like noise, or the outputs do not
    tell two photographs apart.
    """
    first = next(iter(specs.shapes(trained.architecture)))
    found = {}
    if first in trained.arrays:
        found["structure"] = round(structure(trained.arrays[first]), 3)
        if not found["structure"] > STRUCTURE:
            raise ValueError(
                f"{first} looks like noise, not trained: neighbours correlate by "
                f"{found['structure']}, in trained kernels above {STRUCTURE} "
                "(--unchecked imports it all the same)."
            )
    if not trained.about["missing"]:
        share, change = outputs(trained)
        found.update(entropy=round(share, 3), change=round(change, 3))
        if not (share < FLAT and change > CHANGE):
            raise ValueError(
                f"its outputs for two photographs are flat ({share:.3f} of the largest "
                f"entropy, {change:.3f} between them): not trained, or wrongly read "
                "(--unchecked imports it all the same)."
            )
    return found


def structure(kernel):
    """Correlation of neighbouring weights within the kernels (height, width, in, out)
    of a convolution, each less its mean: about 0 for noise, near 1 for smooth ones."""
    kernel = kernel.astype("float64") - kernel.mean(axis=(0, 1), keepdims=True)
    down = (kernel[1:] * kernel[:-1]).mean()
    across = (kernel[:, 1:] * kernel[:, :-1]).mean()
    power = np.square(kernel).mean()
    return float((down + across) / 2 / power) if power else 0.0


def outputs(trained):
    """For two photographs: the smaller entropy of the probabilities as a share of the
    largest possible, and the total variation between the two."""
    images = [np.asarray(photograph) for photograph in photographs()]
    p = trained.predict(images).astype("float64")
    entropy = -(p * np.log(np.maximum(p, 1e-30))).sum(axis=1)
    return float(entropy.min() / np.log(p.shape[1])), float(abs(p[0] - p[1]).sum() / 2)
