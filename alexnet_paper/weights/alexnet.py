"""`AlexNet(...)`, with the arguments of `keras.applications`.

Importing this module registers the project's layers, so that saved models load.
"""

import contextlib
import itertools
import numbers

import keras

from alexnet_paper.nets import model as models
from alexnet_paper.nets import specs
from alexnet_paper.nets import variants
from alexnet_paper.weights import sources


def AlexNet(
    include_top=True,
    weights=None,
    input_tensor=None,
    input_shape=None,
    pooling=None,
    classes=1000,
    classifier_activation="softmax",
    name="alexnet",
    *,
    variant="paper",
    placement="auto",
    seed=None,
):
    """Builds the paper's net, or another variant, as a Keras model.

    Inputs are RGB images (batch, height, width, 3) after `preprocess_input`, which
    subtracts the training set's mean colour.

    Args:
        include_top: Whether to include the fully connected layers.
        weights: `None` (random initialization), or the path of a weight file of this
            project, of a run's folder, or of a `.keras` or `.weights.h5` file.
            `"imagenet"` is the file that `python -m reproduce.weights fetch` got for
            this variant. Other projects' files: `python -m reproduce.weights import`.
        input_tensor: Keras tensor to use as the image.
        input_shape: (height, width, channels). Defaults to the variant's own:
            227×227×3 for the paper's. Without the top, height and width may be `None`.
        pooling: Without the top, how the last maps are pooled: `None`, `"avg"` or
            `"max"`.
        classes: Units of the last layer.
        classifier_activation: `"softmax"`, or `None` for logits.
        name: The model's name.
        variant: A variant or an ablation of one: `"authors"`, `"paper.no-lrn"`.
        placement: `"auto"` (two GPUs if there are two), `"one-device"`,
            `"two-devices"`, or two device names such as `"GPU:0,GPU:1"`.
        seed: Integer seed of the initial weights and of dropout.

    Returns:
        A `keras.Model`.

    Raises:
        ValueError: if the arguments do not fit together.
        FileNotFoundError: if there is no file `weights`.
    """
    net = variants.get(variant).architecture
    check_classes(classes)
    net = net.with_classes(int(classes))
    if input_tensor is not None:
        input_shape = input_shape or tuple(input_tensor.shape[1:])
    if input_shape is not None:
        net = sized(net, input_shape, include_top)
        if input_tensor is None and None in input_shape:
            input_tensor = keras.Input(input_shape, name="image")
    fill = sources.filler(weights, variant, net, include_top)
    built = models.build_model(
        net,
        placement,
        classifier_activation=classifier_activation,
        include_top=include_top,
        pooling=pooling,
        input_tensor=input_tensor,
        name=name,
        seed=seed,
    )
    fill(built)
    return built


def check_classes(classes):
    if not isinstance(classes, numbers.Integral) or classes < 1:
        raise ValueError(f"classes must be a positive integer. Received: {classes!r}")


def sized(net, input_shape, include_top):
    """Returns a net for another input_shape, whose height and width may be None.

    A net for any size keeps the size of its own. Raises ValueError, with the smallest
    that fits, for a shape that does not.
    """
    own = "×".join(map(str, net.input_shape))
    if len(input_shape) != 3 or input_shape[2] is None:
        raise ValueError(
            f"input_shape must be (height, width, channels); the own one of {net.name} "
            f"is {own}. Received: {tuple(input_shape)}"
        )
    bare = net if include_top else net.convolutional()
    if None in input_shape:
        fixed = [layer.name for layer in bare.layers if needs_size(layer)]
        if fixed:
            way = "include_top=False or " if bare is net else ""
            raise ValueError(
                f"input_shape={tuple(input_shape)}: {fixed[0]} of {net.name} depends "
                f"on the size: pass {way}numbers; its own are {own}."
            )
        return net.with_input((*net.input_shape[:2], input_shape[2]))
    try:
        specs.trace(bare.with_input(input_shape))
    except ValueError as error:
        least = smallest(bare)
        raise ValueError(
            f"input_shape={tuple(input_shape)} (height, width, channels): {error} "
            f"{net.name} needs at least {least}×{least}; its own is {own}."
        ) from error
    return net.with_input(input_shape)


def needs_size(layer):
    """Whether a layer cannot be built, or is another function, without a size."""
    kinds = (specs.Dense, specs.Local, specs.SpatialNorm)
    return isinstance(layer, kinds) or getattr(layer, "padding", 0) == "ceil"


def smallest(net):
    """Returns the side of the smallest square input in which a net's windows fit."""
    for side in itertools.count(1):
        with contextlib.suppress(ValueError):
            specs.trace(net.with_input((side, side, net.input_shape[2])))
            return side
