"""`AlexNet(...)`, with the arguments of `keras.applications`.

Importing this module registers the project's layers, so that saved models load.
"""

from pathlib import Path

from alexnet_paper.nets import model as models
from alexnet_paper.nets import variants
from alexnet_paper.weights import file as weight_file


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

    Inputs are RGB images (batch, height, width, 3) of 0–255, with the training set's
    mean subtracted. The articles' variants subtract no mean; bn-flowers17 divides by
    255.

    Args:
        include_top: Whether to include the fully connected layers.
        weights: `None` (random initialization) or the path of a weight file of this
            project, such as a run's `checkpoint.npz`.
        input_tensor: Keras tensor to use as the image.
        input_shape: (height, width, channels). Defaults to the variant's own:
            227×227×3 for the paper's.
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
    if input_tensor is not None:
        input_shape = input_shape or tuple(input_tensor.shape[1:])
    if input_shape is not None:
        if None in tuple(input_shape):
            raise ValueError(f"input_shape needs numbers. Received: {input_shape}")
        net = net.with_input(input_shape)
    built = models.build_model(
        net.with_classes(classes),
        placement,
        classifier_activation=classifier_activation,
        include_top=include_top,
        pooling=pooling,
        input_tensor=input_tensor,
        name=name,
        seed=seed,
    )
    if weights is not None:
        arrays = arrays_of(weights, variant)
        if not include_top:
            held = models.named_variables(built)
            arrays = {part: arrays[part] for part in arrays if part in held}
        models.set_weights(built, arrays)
    return built


def arrays_of(path, variant):
    """Returns the arrays of a weight file.

    Raises ValueError if it is for another variant.
    """
    if not Path(path).exists():
        raise FileNotFoundError(
            f"weights={str(path)!r}: there is no such file. This package comes without "
            "weights; python -m reproduce.weights fetch, or import, gets them."
        )
    found = weight_file.load(path)
    theirs = found.meta.get("variant")
    if theirs is not None and found.variant() != variants.get(variant):
        raise ValueError(f"{path} is for the variant {theirs!r}, not {variant!r}.")
    return found.arrays
