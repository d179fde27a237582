"""What `AlexNet(weights=...)` takes, and what it says of everything else.

It takes this project's weight files, folders of runs, Keras's .keras and .weights.h5
files, and "imagenet" for a published file that `reproduce.weights fetch` downloaded.
"""

import re
import shlex
import warnings
from pathlib import Path

import keras
import numpy as np

from alexnet_paper.files import in_short
from alexnet_paper.nets import model as models
from alexnet_paper.nets import specs
from alexnet_paper.nets import variants
from alexnet_paper.weights import convert
from alexnet_paper.weights import downloads
from alexnet_paper.weights import file as weight_file
from alexnet_paper.weights import formats

RUN_FILES = ("best.npz", "checkpoint.npz")  # of a run's folder; the first there counts
IMAGENET = {  # variant: the published file that is for it
    "caffe": "bvlc-alexnet",
    "caffenet": "bvlc-caffenet",
    "one-weird-trick": "torchvision",
}
WINDOW = "_window"  # ends the names of layers of constants in an exported net
DIFFERENT = 1e-3  # of the range of outputs: more is another function, not rounding


def filler(weights, variant, net, include_top):
    """Returns a function that gives a model of `net` its weights.

    Raises ValueError, before a model is built, if the weights do not fit the net, and
    FileNotFoundError if there are none.
    """
    path = str(weights)
    if weights is None:
        return lambda built: None
    if path.endswith(".weights.h5"):
        return lambda built: load_h5(path, built)
    loaded = load_keras(path) if path.endswith(".keras") else None
    arrays = arrays_of_model(loaded) if loaded else arrays_of(weights, variant)
    arrays = fitting(arrays, net, include_top, path)

    def fill(built):
        models.set_weights(built, arrays)
        if loaded:
            check_function(loaded, built, path, variant)

    return fill


def weight_path(weights):
    """Returns the path of a weight file, or of a run folder's weights.

    Raises FileNotFoundError if there is none, ValueError if a folder is not a run's.
    """
    path = Path(weights)
    if path.is_dir():
        if not (path / "run.json").exists():
            raise ValueError(f"{path} is a folder, and not the folder of a run.")
        there = [path / name for name in RUN_FILES if (path / name).exists()]
        if not there:
            raise FileNotFoundError(f"the run {path} has no weights yet.")
        return there[0]
    if not path.exists():
        raise FileNotFoundError(
            f"weights={str(weights)!r}: there is no such file. This package comes "
            "without weights: python -m reproduce.weights fetch bvlc-alexnet downloads "
            "published ones, then weights='imagenet', variant='caffe'."
        )
    return path


def arrays_of(weights, variant):
    """Returns the arrays of "imagenet", of a weight file or of a run's folder.

    Raises ValueError if it is for another variant or of another format, and
    FileNotFoundError if there is none.
    """
    if weights == "imagenet":
        return published(variant)
    path = weight_path(weights)
    check_format(path)
    found = weight_file.load(path)
    theirs = found.meta.get("variant")
    if theirs is not None and found.variant() != variants.get(variant):
        raise ValueError(
            f"{path} is for the variant {theirs!r}, not {variant!r}: pass "
            f"variant={theirs!r}."
        )
    return found.arrays


def check_format(path):
    """Raises ValueError, with the command that imports it, for another project's."""
    try:
        kind = formats.kind(path)
    except ValueError as error:
        kind = in_short(error)
    except Exception:  # what is damaged is refused when it is loaded
        return
    if kind == "own":
        return
    why = f" ({kind})" if kind not in formats.READERS else ""
    raise ValueError(
        f"{path} is not a weight file of this project{why}: python -m "
        f"reproduce.weights import {shlex.quote(str(path))} --out alexnet.npz converts "
        "it and prints its variant; then pass weights='alexnet.npz' and that variant=."
    )


def published(variant):
    """Returns the arrays of the published file for a variant, from Keras's cache.

    Raises ValueError if none is published for it, FileNotFoundError if the file is not
    there; both say what to do.
    """
    if variant not in IMAGENET:
        known = ", ".join(f"{name!r} ({IMAGENET[name]})" for name in IMAGENET)
        raise ValueError(
            f"weights='imagenet': no weights of {variant!r} are published; there are "
            f"some of {known}. Run python -m reproduce.weights fetch bvlc-alexnet, "
            "then pass weights='imagenet', variant='caffe'."
        )
    name = IMAGENET[variant]
    path = downloads.place(name)
    if not path.exists():
        raise FileNotFoundError(
            f"weights='imagenet': {path} is not there. Run python -m reproduce.weights "
            f"fetch {name}; or, with the file from elsewhere, python -m "
            "reproduce.weights import FILE --out alexnet.npz, then "
            f"weights='alexnet.npz', variant={variant!r}."
        )
    downloads.download(name)  # checks the hash
    return convert.convert(path, convert.Options(variant, unchecked=True)).arrays


def fitting(arrays, net, include_top, source):
    """Returns those of `arrays` that a net has.

    Raises ValueError, with the way out, if some are missing or have other shapes.
    """
    whole, base = specs.shapes(net), specs.shapes(net.convolutional())
    wanted = whole if include_top else base
    missing = [name for name in wanted if name not in arrays]
    wrong = [n for n in wanted if n in arrays and arrays[n].shape != wanted[n]]
    extra = [name for name in arrays if name not in whole and include_top]
    if not (missing or wrong or extra):
        return {name: arrays[name] for name in wanted}
    if extra or not base.keys().isdisjoint([*missing, *wrong]):
        first = (wrong or missing or extra)[0]
        there = arrays[first].shape if first in arrays else "missing"
        raise ValueError(
            f"{source} does not fit {net.name}: its {first} is {there}, the net's "
            f"{whole.get(first, 'none')}. Pass the variant= that it is for."
        )
    larger = specs.shapes(net.with_classes(net.classes + 1))
    said, ways = [], []
    if missing:
        said.append(f"is partial: it lacks {', '.join(missing)}")
    outputs = [name for name in wrong if larger[name] != whole[name]]
    outputs = [name for name in outputs if arrays[name].shape[-1] != net.classes]
    if outputs:
        classes = arrays[outputs[0]].shape[-1]
        said.append(f"has {classes} classes, not {net.classes}")
        ways += [] if missing else [f"classes={classes}"]
    if sizes := [name for name in wrong if name not in outputs]:
        name, shape = sizes[0], arrays[sizes[0]].shape
        said.append(
            f"has {name} of shape {shape}, and an input of {net.input_shape} needs "
            f"{whole[name]}"
        )
        ways = ["the input_shape that it was trained with"]
    ways.append("include_top=False")
    raise ValueError(f"{source} {' and '.join(said)}: pass {', or '.join(ways)}.")


def load_keras(path):
    """Returns the model of a .keras file. Raises ValueError if Keras cannot load it."""
    try:
        return keras.models.load_model(weight_path(path), compile=False)
    except FileNotFoundError:
        raise
    except Exception as error:  # Keras raises many kinds
        raise ValueError(f"{path} cannot be loaded: {in_short(error)}") from error


def arrays_of_model(model):
    """Returns {"conv1/kernel": array, ...} of a model that was saved or exported."""
    return {
        name: array
        for name, array in models.get_weights(model).items()
        if not name.split("/")[0].endswith(WINDOW)
    }


def check_function(loaded, built, path, variant):
    """Raises ValueError if a loaded model and one built with its weights differ.

    Nets of the same arrays can differ in their normalization, as the paper's and
    Caffe's do. The layers that both have are compared, on noise.
    """
    if loaded.input_shape != built.input_shape or None in built.input_shape[1:]:
        return
    there = {layer.name for layer in loaded.layers}
    shared = [layer.name for layer in built.layers if layer.name in there]
    image = np.random.default_rng(0).normal(0, 50, (1, *built.input_shape[1:]))
    ours, theirs = (
        keras.Model(model.input, [model.get_layer(name).output for name in shared])(
            image.astype("float32"), training=False
        )
        for model in (built, loaded)
    )
    for name, one, other in zip(shared, ours, theirs, strict=True):
        one, other = map(keras.ops.convert_to_numpy, (one, other))
        if np.abs(one - other).max() > DIFFERENT * np.ptp(other):
            raise ValueError(
                f"{path} is another net than {variant}: with the same weights, its "
                f"{name} differs. Pass the variant= that it is of, or load it by "
                "keras.models.load_model."
            )


def load_h5(path, built):
    """Loads a .weights.h5 file, in which a net's layers are numbered, into a model.

    Raises ValueError, with what to pass, if it does not fit.
    """
    path = weight_path(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of layers without weights
            built.load_weights(path)
    except Exception as error:  # Keras raises many kinds
        layer = re.search(r"<\w+ name=(\w+)", str(error))
        reason = f"its {layer[1]} has another shape" if layer else in_short(error)
        raise ValueError(
            f"{path} does not fit: {reason}. Pass the variant=, classes=, input_shape= "
            "and placement= of the net that saved it."
        ) from error
