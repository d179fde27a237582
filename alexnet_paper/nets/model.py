"""Builds the Keras model of an architecture, on one device or on two."""

import contextlib
import zlib

import keras
import numpy as np

from alexnet_paper.nets import placement as placements
from alexnet_paper.nets import specs
from alexnet_paper.nets.layers import GroupedConv2D
from alexnet_paper.nets.layers import Local2D
from alexnet_paper.nets.layers import LocalResponseNormalization
from alexnet_paper.nets.layers import OnDevice
from alexnet_paper.nets.layers import ScaledTanh
from alexnet_paper.nets.layers import Slice
from alexnet_paper.nets.layers import SpatialResponseNormalization
from alexnet_paper.nets.layers import TowerDropout
from alexnet_paper.nets.layers import register
from alexnet_paper.nets.specs import PRECISIONS

TOWERS = "ab"


@register
class TowerModel(keras.Model):
    """A model whose two towers are on two devices.

    Its training step uses `tf.gradients`, which places every backward operation on the
    device of its forward operation; a gradient tape does not. XLA never compiles the
    step, because XLA cannot read variables of two devices.
    """

    def compile(self, *args, jit_compile=False, **kwargs):
        if jit_compile is True:
            raise ValueError("two devices and jit_compile=True cannot be combined.")
        super().compile(*args, jit_compile=False, **kwargs)
        if getattr(self, "optimizer", None):
            # `fit` would create the momentum of both towers on one device
            self.optimizer.build(self.trainable_variables)

    def compile_from_config(self, config):
        # without it, Keras would not compile a loaded model that overrides `compile`
        self.compile(**keras.saving.deserialize_keras_object(config))

    def train_step(self, data):
        import tensorflow as tf

        if tf.executing_eagerly():
            return super().train_step(data)
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        predictions = self(x, training=True)
        loss = self.compute_loss(x, y, predictions, sample_weight, training=True)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss, sample_weight=tf.shape(predictions)[0])
        self.optimizer.apply(self.gradients(loss), self.trainable_variables)
        return self.compute_metrics(x, y, predictions, sample_weight)

    def gradients(self, loss):
        """Returns the loss's gradients, each on its variable's device (in graphs)."""
        import tensorflow as tf

        values = [variable.value for variable in self.trainable_variables]
        return tf.gradients(loss, values)


def build_model(
    architecture,
    placement="auto",
    *,
    classifier_activation="softmax",
    include_top=True,
    pooling=None,
    input_tensor=None,
    name=None,
    seed=None,
    precision=None,
):
    """Builds the Keras functional model of an architecture.

    Args:
        architecture: A `specs.Architecture`.
        placement: "auto", "one-device", "two-devices", two device names, or a
            `Placement`. Both forms compute the same function from the same weights.
        classifier_activation: "softmax", or None for logits.
        include_top: False omits the dense layers.
        pooling: With `include_top=False`: None, or "avg" or "max" over the last maps.
        input_tensor: Keras tensor to use as the image (batch, height, width, channels).
        name: The model's name; None: the architecture's.
        seed: Integer seed of every layer's initial weights and dropout masks; None
            draws one from Keras's global seed.
        precision: One of `PRECISIONS`, or None for Keras's own dtype policy. With
            "mixed_bfloat16", weights, the last learned layer and the softmax stay
            float32, and normalizations are computed in float32.

    Returns:
        A `keras.Model`; in the two-device form a `TowerModel`.

    Raises:
        ValueError: for an unknown placement, activation, pooling or precision, an input
            that is too small, or a layer that Keras cannot build.
    """
    check_options(classifier_activation, include_top, pooling)
    placement = placements.resolve(placement, architecture.towers)
    if not include_top:
        architecture = architecture.convolutional()
    layers = specs.trace(architecture)
    if classifier_activation is None:
        layers = [row for row in layers if not isinstance(row.spec, specs.Softmax)]
    if seed is None:
        seed = keras.random.randint((), 0, 2**31 - 1)
        seed = int(keras.ops.convert_to_numpy(seed))
    image = input_tensor
    if image is None:
        image = keras.Input(architecture.input_shape, name="image")
    with dtype_policy(precision):
        if placement.kind == "two-devices":
            tensor = connect_towers(layers, image, placement.devices, seed)
        else:
            tensor = connect(layers, image, seed)
    if pooling:
        kind = "Average" if pooling == "avg" else "Max"
        tensor = getattr(keras.layers, f"Global{kind}Pooling2D")(name="pool")(tensor)
    form = TowerModel if placement.kind == "two-devices" else keras.Model
    inputs = image
    if input_tensor is not None:
        sources = keras.utils.get_source_inputs(image)
        inputs = sources[0] if len(sources) == 1 else sources
    return form(inputs, tensor, name=name or architecture.name.replace("-", "_"))


@contextlib.contextmanager
def dtype_policy(precision):
    """Context in which new layers have a precision; ValueError for an unknown one."""
    if precision not in (None, *PRECISIONS):
        raise ValueError(
            f"precision must be one of {', '.join(PRECISIONS)}. Received: "
            f"{precision!r:.60} (float16 is not offered: its gradients underflow)"
        )
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision or before)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def wide():
    """Returns "float32" if layers compute in half precision, else None."""
    half = ("float16", "bfloat16")
    return "float32" if keras.config.dtype_policy().compute_dtype in half else None


def check_options(classifier_activation, include_top, pooling):
    if classifier_activation not in ("softmax", None):
        raise ValueError(
            "classifier_activation must be 'softmax' or None (logits). "
            f"Received: {classifier_activation!r}"
        )
    if pooling not in (None, "avg", "max") or (pooling and include_top):
        raise ValueError(
            "pooling must be None, 'avg' or 'max', and goes with include_top=False. "
            f"Received: pooling={pooling!r}, include_top={include_top}"
        )


def connect(layers, tensor, seed):
    """Connects the one-device form and returns its output."""
    for row in layers:
        for layer in stages(row, seed, len(tensor.shape)):
            tensor = layer(tensor)
    return tensor


def connect_towers(layers, image, devices, seed):
    """Connects the two-device form and returns its output.

    Every layer is in two halves, each on its tower's device. A layer that sees both
    towers concatenates their halves on its own device: no other tensors cross.
    """
    tensors = dict.fromkeys(TOWERS, image)
    for row in layers:
        outputs = {}
        for part, tower in enumerate(row.towers):
            device = devices[TOWERS.index(tower)]
            tensor = tensors[tower]
            if row.reads == "both towers":
                join = keras.layers.Concatenate(name="join")
                name = tower_name(f"{row.name}_reads", tower)
                tensor = OnDevice(join, device, name=name)([*tensors.values()])
            rank = len(tensor.shape)
            for layer in stages(row, seed, rank, part, len(row.towers)):
                name = tower_name(layer.name, tower)
                tensor = OnDevice(layer, device, name=name)(tensor)
            outputs[tower] = tensor
        tensors = outputs
    if len(tensors) == 1:
        return tensors.popitem()[1]
    return keras.layers.Concatenate(name="towers")([*tensors.values()])


def tower_name(name, tower):
    """Returns a tower's name of a layer, as the authors': "conv1a", "conv1a_relu"."""
    base, *rest = name.split("_", 1)
    return "_".join([base + tower, *rest])


def stages(row, seed, rank, part=0, parts=1):
    """Returns the Keras layers of one traced layer, or of one of its `parts`, in order.

    `row` is a `specs.Layer`, `rank` the rank of its input.
    """
    spec, found = row.spec, []
    if isinstance(spec, specs.Dense) and rank > 2:
        found.append(keras.layers.Flatten(name=f"{row.name}_flatten"))
    if type(spec) is specs.Conv and keras_padding(spec) is None:
        pads = specs.before_after(spec.padding)
        found.append(keras.layers.ZeroPadding2D((pads, pads), name=f"{row.name}_pad"))
    return [*found, keras_layer(row, seed, part, parts)]


def keras_padding(spec):
    """Returns "valid" or "same" if that is the spec's padding, else None."""
    if spec.padding in ("same", "ceil"):
        return "same"
    if spec.padding == 0:
        return "valid"
    centred = isinstance(spec, specs.Conv) and 2 * spec.padding == spec.kernel - 1
    return "same" if centred and spec.stride == 1 else None


def keras_layer(row, seed, part=0, parts=1):
    """Returns the Keras layer of one spec, or one tower's part of it."""
    spec, name = row.spec, row.name
    if isinstance(spec, specs.LEARNED):
        return learned_layer(row, seed, part, parts)
    if isinstance(spec, specs.MaxPool):
        return pooling_layer(spec)
    match spec:
        case specs.ReLU():
            return keras.layers.ReLU(name=name)
        case specs.Tanh():
            return ScaledTanh(spec.scale, spec.slope, name=name)
        case specs.Sigmoid():
            return keras.layers.Activation("sigmoid", name=name)
        case specs.Softmax():
            return keras.layers.Softmax(name=name, dtype=wide())
        case specs.Scale():
            return keras.layers.Rescaling(spec.factor, name=name)
        case specs.BatchNorm():
            return keras.layers.BatchNormalization(name=name)
        case specs.Dropout():
            layer_seed = seed_of(seed, name)
            return TowerDropout(
                spec.rate, spec.scaled, part, parts, layer_seed, name=name
            )
        case specs.LRN():
            groups = spec.groups // parts or 1
            return LocalResponseNormalization(
                spec.n, spec.k, spec.alpha, spec.beta, groups, name=name
            )
        case specs.SpatialNorm():
            return SpatialResponseNormalization(
                spec.size, spec.k, spec.alpha, spec.beta, name=name
            )
    raise TypeError(f"no Keras layer is known for {spec!r}.")


def pooling_layer(spec):
    padding = keras_padding(spec)
    if padding is None:
        raise ValueError(
            f"{spec.name}: a pooling layer is padded by 'same', 'ceil' or 0. "
            f"Received: padding={spec.padding}"
        )
    kind = "Average" if isinstance(spec, specs.AvgPool) else "Max"
    pooling = getattr(keras.layers, f"{kind}Pooling2D")
    return pooling(spec.size, spec.stride, padding, name=spec.name)


def learned_layer(row, seed, part, parts):
    """Returns a convolution, unshared convolution or dense layer, with initializers."""
    spec = row.spec
    kernel = initializer(spec, seed)
    if parts > 1:
        kernel = Slice(kernel, part, parts)
    options = {
        "name": spec.name,
        "kernel_initializer": kernel,
        "bias_initializer": keras.initializers.Constant(spec.bias),
        "dtype": wide() if row.logits else None,
    }
    if isinstance(spec, specs.Dense):
        if spec.groups != parts and spec.groups > 1:
            raise ValueError(f"{spec.name}: a grouped dense layer needs its towers.")
        return keras.layers.Dense(spec.units // parts, **options)
    if isinstance(spec, specs.Local):
        if spec.stride != 1 or spec.groups > parts or isinstance(spec.padding, str):
            raise ValueError(
                f"{spec.name}: an unshared convolution has stride 1, zeros in numbers "
                f"and no groups but its towers. Received: stride={spec.stride}, "
                f"padding={spec.padding!r}, groups={spec.groups}"
            )
        return Local2D(spec.filters // parts, spec.kernel, spec.padding, **options)
    groups = spec.groups // parts or 1
    convolution = GroupedConv2D if groups > 1 else keras.layers.Conv2D
    return convolution(
        spec.filters // parts,
        spec.kernel,
        spec.stride,
        keras_padding(spec) or "valid",
        groups=groups,
        **options,
    )


def initializer(spec, seed):
    """Returns the Keras initializer of a learned spec's kernel."""
    layer_seed = seed_of(seed, spec.name)
    if spec.init == "glorot":
        return keras.initializers.GlorotUniform(layer_seed)
    if spec.init == "fan_in":  # PyTorch's default: uniform within 1 / √fan_in
        return keras.initializers.VarianceScaling(
            1 / 3, "fan_in", "uniform", layer_seed
        )
    return keras.initializers.RandomNormal(0.0, spec.init, layer_seed)


def seed_of(seed, name):
    """Returns a layer's seed: layers of the same name have the same one in all nets."""
    return zlib.crc32(f"{seed}/{name}".encode()) & 0x7FFFFFFF


def layer_and_part(path):
    """Returns ("conv1", "kernel") from a variable's path, also in a tower."""
    return ("", *path.split("/"))[-2:]


def named_variables(model):
    """Returns {"conv1/kernel": [variable]}, with two variables for two towers."""
    found = {}
    for variable in sorted(model.weights, key=lambda variable: variable.path):
        layer, part = layer_and_part(variable.path)
        if part != "seed_generator_state":
            found.setdefault(f"{layer}/{part}", []).append(variable)
    return found


def get_weights(model):
    """Returns {"conv1/kernel": array, ...} of any model of this package.

    Both forms of a net have the same arrays: the halves of two towers are concatenated
    along the last axis.
    """
    return {
        name: np.concatenate([keras.ops.convert_to_numpy(v) for v in parts], axis=-1)
        for name, parts in named_variables(model).items()
    }


def set_weights(model, arrays):
    """Sets the weights of a model of either form to the arrays of `get_weights`.

    Raises ValueError, and changes nothing, if names or shapes are not the model's.
    """
    variables = named_variables(model)
    if set(arrays) != set(variables):
        missing, extra = set(variables) - set(arrays), set(arrays) - set(variables)
        raise ValueError(
            f"weights do not fit {model.name}: missing {sorted(missing) or 'none'}, "
            f"unexpected {sorted(extra) or 'none'}."
        )
    for name, parts in variables.items():
        *rest, last = parts[0].shape
        shape = (*rest, last * len(parts))
        if tuple(arrays[name].shape) != shape:
            raise ValueError(
                f"weights do not fit {model.name}: {name} is {arrays[name].shape} in "
                f"place of {shape}."
            )
    for name, parts in variables.items():
        halves = np.split(arrays[name], len(parts), axis=-1)
        for variable, half in zip(parts, halves, strict=True):
            variable.assign(half)
