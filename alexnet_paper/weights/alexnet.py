"""The net as keras.applications would have it. Importing this registers what Keras
lacks, so that saved models load."""

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
    """A Keras model of the paper's net, or of another variant of it.

    Inputs are RGB images (batch, height, width, 3), 0–255 with the training set's mean
    subtracted (articles' variants: as they are; bn-flowers17: divided by 255).

    Args:
        include_top: Whether to include the fully connected layers.
        weights: None (random initialization) or the path of a weight file of this
            project (`checkpoint.npz` of a run).
        input_tensor: Keras tensor to use as the image.
        input_shape: (height, width, channels); by default the variant's own, 227×227×3
            for the paper's.
        pooling: Without the top: None, "avg" or "max" over the last maps.
        classes: Units of the last layer.
        classifier_activation: "softmax", or None for logits.
        name: The model's name.
        variant: A name of `alexnet_paper.variants.VARIANTS`.
        placement: "auto" (two GPUs if there are two), "one-device", "two-devices", or
            two device names such as "GPU:0,GPU:1".
        seed: Integer from which initial weights and dropout follow.

    Returns a `keras.Model`. Raises ValueError for values that do not fit together, and
    FileNotFoundError where `weights` is not there.
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
    """The arrays of a weight file. Raises ValueError for one of another variant."""
    if not Path(path).exists():
        raise FileNotFoundError(
            f"weights={str(path)!r}: there is no such file. None come with this "
            "package; python -m reproduce.weights fetch, or import, gets them."
        )
    found = weight_file.load(path)
    theirs = found.meta.get("variant", variant)
    if theirs != variant:
        raise ValueError(f"{path} is of variant {theirs!r}, not {variant!r}.")
    return found.arrays
