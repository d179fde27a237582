"""The functions that `keras.applications` has beside its nets: `preprocess_input` and
`decode_predictions`. Both work without a network."""

import numpy as np

from alexnet_paper.data import augment
from alexnet_paper.data.synsets import imagenet_classes
from alexnet_paper.data.synsets import short_name
from alexnet_paper.nets import variants
from alexnet_paper.weights import file as weight_file
from alexnet_paper.weights.sources import weight_path


def preprocess_input(x, variant="paper", weights=None):
    """Prepares RGB images of 0–255 for a variant's net, which sees them in its size.

    The mean colour that the net was trained with is subtracted: ImageNet's (as the
    authors have it; for `caffe` and `caffenet` as Caffe has it) or CIFAR-10's.
    `one-weird-trick` has torchvision's mean and standard deviation. The articles' nets
    take images as they are; bn-flowers17 divides them by 255.

    Args:
        x: One image (height, width, 3) or a batch: array, tensor or PIL image. It is
            not changed.
        variant: Name of the variant that the images are for.
        weights: A weight file of this project, or the folder of a run, whose own mean
            (an image, after training) replaces the variant's.

    Returns:
        An array, or a tensor for a tensor, of floating-point numbers, in RGB.

    Raises:
        ValueError: for an unknown variant, another shape, or a file that does not say
            how its images are prepared.
        FileNotFoundError: if there is no file `weights`.
    """
    mean, scale = constants(variant) if weights is None else recorded(weights)
    x = x if hasattr(x, "shape") else np.asarray(x)
    if len(x.shape) not in (3, 4) or x.shape[-1] != 3:
        raise ValueError(
            "x must be an RGB image (height, width, 3) or a batch of them. Received: "
            f"shape {tuple(x.shape)}"
        )
    if np.ndim(mean) == 3 and tuple(x.shape[-3:-1]) != mean.shape[:2]:
        raise ValueError(
            f"{weights} has a mean image of {mean.shape[0]}×{mean.shape[1]}: resize or "
            f"crop the images to it. Received: shape {tuple(x.shape)}"
        )
    if isinstance(x, np.ndarray):
        wide = x.dtype if x.dtype in ("float32", "float64") else "float32"
        return ((x.astype(wide) - mean) / scale).astype(wide)
    from keras import ops

    floating = "float" in str(x.dtype)
    x = x if floating else ops.cast(x, "float32")
    mean, scale = (ops.cast(constant, x.dtype) for constant in (mean, scale))
    return (x - mean) / scale


def constants(variant):
    """Returns a variant's (mean, divisor) for images of 0–255, each float32."""
    found = variants.get(variant)
    recipe, base = found.recipe, variant.split(".")[0]
    mean, scale = augment.AUTHORS_MEAN, recipe.scale or 1.0
    if recipe.mean is None:
        mean = 0.0
    elif base == "one-weird-trick":
        mean, scale = 255 * np.float32(augment.TORCH_MEAN), augment.TORCH_STD
        scale = 255 * np.float32(scale)
    elif found.family == "elsewhere":
        mean = augment.CAFFE_MEAN
    elif found.family == "cifar":
        mean = augment.CIFAR10_MEAN
    return np.float32(mean), np.float32(scale)


def recorded(weights):
    """Returns the (mean, divisor) that a weight file or a run's folder has."""
    path = weight_path(weights)
    prepare = weight_file.load(path).preparation
    if prepare is None:
        raise ValueError(
            f"{path} does not say how images are prepared: pass variant= instead."
        )
    mean = 0.0 if prepare.mean is None else prepare.mean
    scale = 1.0 if prepare.scale is None else prepare.scale
    return np.float32(mean), np.float32(scale)


def decode_predictions(preds, top=5, class_names=None):
    """Decodes a net's outputs, as `keras.applications` does.

    Args:
        preds: Array or tensor (images, classes).
        top: How many classes to return for an image.
        class_names: Of all outputs, in their order: names, WordNet numbers or pairs
            (WordNet number, name). Defaults to ImageNet's 1000 classes.

    Returns:
        For every image a list of (WordNet number, name, score), the highest score
        first. The number is "" if it is not known.

    Raises:
        ValueError: if `preds` has another shape, or other classes than named.
    """
    if not isinstance(preds, (np.ndarray, list, tuple)):
        from keras import ops

        preds = ops.convert_to_numpy(preds)
    preds = np.asarray(preds)
    if preds.ndim != 2:
        raise ValueError(
            "preds must be a batch of predictions, (images, classes). Received: "
            f"shape {preds.shape}"
        )
    rows = named(class_names)
    if len(rows) != preds.shape[1]:
        what = "ImageNet has" if class_names is None else "class_names has"
        raise ValueError(
            f"preds has {preds.shape[1]} classes and {what} {len(rows)}: pass the "
            "names of all outputs, class_names=[...]."
        )
    best = np.argsort(-preds, axis=1, kind="stable")[:, :top]
    return [
        [(*rows[output], float(scores[output])) for output in outputs]
        for scores, outputs in zip(preds, best, strict=True)
    ]


def named(class_names):
    """Returns a list of (WordNet number or "", name)."""
    imagenet = {number: short_name(names) for number, names in imagenet_classes()}
    if class_names is None:
        return list(imagenet.items())
    return [
        tuple(name)
        if not isinstance(name, str)
        else (name, imagenet[name])
        if name in imagenet
        else ("", name)
        for name in class_names
    ]
