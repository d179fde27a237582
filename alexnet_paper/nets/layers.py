"""Layers that Keras does not have: response normalization, grouped and unshared
convolutions, the paper's dropout, and a wrapper that keeps a layer on a device.

They use `keras.ops`, so they run on every Keras backend. Images are channels last:
(batch, height, width, maps).
"""

import contextlib
import threading

import keras
import numpy as np
from keras import ops

from alexnet_paper.nets.placement import device_scope
from alexnet_paper.nets.specs import before_after

PACKAGE = "alexnet_paper"
register = keras.saving.register_keras_serializable(package=PACKAGE)


def exact(x):
    """Casts to float32, unless x is float32 or float64: 256² is infinite in float16."""
    wide = keras.backend.standardize_dtype(x.dtype) in ("float32", "float64")
    return x if wide else ops.cast(x, "float32")


def negative_power(x, beta):
    """Returns x^(−beta) of positive x; for the usual beta of 0.75 by square roots."""
    if beta == 0.75:
        root = ops.rsqrt(x)
        return root * ops.sqrt(root)
    return ops.exp(-beta * ops.log(x))


@register
class LocalResponseNormalization(keras.layers.Layer):
    """Response normalization across neighbouring maps at one position.

    b_i = a_i / (k + alpha · Σ_j a_j²)^beta with j from max(0, i − n//2) to
    min(N − 1, i + n//2). The sum over a window is a product with a banded 0/1 matrix,
    and the gradient is analytic. Both are computed in float32 under every dtype policy.

    Args:
        n: Maps in the window; the paper's 5 are a map and 2 on each side.
        k: Constant added to the sum; the paper's is 2.
        alpha: Factor of each squared activity; the paper's is 1e-4. Caffe, PyTorch and
            the authors' code divide alpha by n: their 1e-4 is 2e-5 here.
        beta: Exponent; the paper's is 0.75.
        groups: Towers into which the maps are divided. A window ends at a tower's edge.

    Raises:
        ValueError: if a constant is out of range, or the number of maps is not
            divisible by `groups`.

    Reference:
        Paper §3.3; authors' code layers-145.cfg (`cmrnorm`).
    """

    def __init__(self, n=5, k=2.0, alpha=1e-4, beta=0.75, groups=1, **kwargs):
        super().__init__(**kwargs)
        if n < 1 or k <= 0 or beta <= 0 or groups < 1:
            raise ValueError(
                "LocalResponseNormalization needs n ≥ 1, k > 0, beta > 0, groups ≥ 1. "
                f"Received: n={n}, k={k}, beta={beta}, groups={groups}"
            )
        self.n, self.k, self.alpha, self.beta = n, k, alpha, beta
        self.groups = groups

    def build(self, input_shape):
        if input_shape[-1] % self.groups:
            raise ValueError(
                f"{self.name}: {input_shape[-1]} maps are not divisible by "
                f"groups={self.groups}."
            )
        self.input_spec = keras.layers.InputSpec(axes={-1: input_shape[-1]})
        maps = np.arange(input_shape[-1] // self.groups)
        near = np.abs(maps[:, None] - maps[None, :]) <= self.n // 2
        self.window = near.astype("float32")  # band of a tower's maps, symmetric

    def call(self, inputs):
        alpha, beta, maps = self.alpha, self.beta, len(self.window)
        inputs = exact(inputs)
        window = ops.convert_to_tensor(self.window, inputs.dtype)
        k = ops.convert_to_tensor(np.full(maps, self.k), inputs.dtype)

        @ops.custom_gradient
        def normalize(images):
            # a row has the maps of one tower at one position, which are contiguous
            a = ops.reshape(images, (-1, maps))
            scale = ops.matmul(ops.square(a), alpha * window) + k
            power = negative_power(scale, beta)

            def grad(*args, upstream=None):  # PyTorch passes it by name
                g = args[0] if upstream is None else upstream
                g = ops.reshape(g, (-1, maps)) * power
                shared = ops.matmul(g * (a / scale), (-2 * alpha * beta) * window)
                return ops.reshape(g + a * shared, ops.shape(images))

            return ops.reshape(a * power, ops.shape(images)), grad

        return ops.cast(normalize(inputs), self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "n": self.n,
            "k": self.k,
            "alpha": self.alpha,
            "beta": self.beta,
            "groups": self.groups,
        }


@register
class SpatialResponseNormalization(keras.layers.Layer):
    """Response normalization over a size × size window of the same map.

    b = a / (k + alpha · Σ a²)^beta; the window is clipped at the borders. The authors'
    net has one over conv2 that the paper does not mention.

    Args:
        size: Side of the window, odd.
        k: Constant added to the sum.
        alpha: Factor of each squared activity.
        beta: Exponent.

    Raises:
        ValueError: if `size` is even or `k` is not positive.

    Reference:
        Authors' code layers-145.cfg (`cnorm2`); cuda-convnet (`type=rnorm`).
    """

    def __init__(self, size=5, k=1.0, alpha=1e-3 / 25, beta=0.75, **kwargs):
        super().__init__(**kwargs)
        if size < 1 or size % 2 == 0 or k <= 0:
            raise ValueError(
                "SpatialResponseNormalization needs an odd size and k > 0. "
                f"Received: size={size}, k={k}"
            )
        self.size, self.k, self.alpha, self.beta = size, k, alpha, beta

    def build(self, input_shape):
        # average pooling times the area of the clipped window is the sum over it
        reach = self.size // 2
        spans = [
            np.minimum(np.arange(length) + reach, length - 1)
            - np.maximum(np.arange(length) - reach, 0)
            + 1
            for length in input_shape[1:3]
        ]
        area = np.multiply.outer(*spans).astype("float32")
        self.weight = (self.alpha * area)[None, :, :, None]

    def call(self, inputs):
        inputs = exact(inputs)
        mean = ops.average_pool(ops.square(inputs), self.size, 1, padding="same")
        scale = self.k + ops.cast(self.weight, inputs.dtype) * mean
        return ops.cast(inputs * negative_power(scale, self.beta), self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "size": self.size,
            "k": self.k,
            "alpha": self.alpha,
            "beta": self.beta,
        }


@register
class GroupedConv2D(keras.layers.Conv2D):
    """`Conv2D(groups=...)` computed as one convolution per group.

    It is the same function with the same HWIO kernel. On a CPU it trains several times
    faster than `Conv2D(groups=...)`, which calls XLA there.
    """

    def convolution_op(self, inputs, kernel):
        parts = zip(
            ops.split(inputs, self.groups, axis=-1),
            ops.split(kernel, self.groups, axis=-1),
            strict=True,
        )
        convolved = [
            ops.conv(x, w, strides=list(self.strides), padding=self.padding)
            for x, w in parts
        ]
        return ops.concatenate(convolved, axis=-1)


@register
class Local2D(keras.layers.Layer):
    """Convolution of stride 1 with its own kernel and bias at every position.

    The kernel has shape (height, width, kernel_size² · maps, filters), the bias
    (height, width, filters).

    Args:
        filters: Number of output maps.
        kernel_size: Side of the square kernels.
        padding: Zeros on every side, or (before, after).
        kernel_initializer: Keras initializer of the kernels.
        bias_initializer: Keras initializer of the biases.

    Reference:
        cuda-convnet (`type=local`).
    """

    def __init__(
        self,
        filters,
        kernel_size,
        padding=0,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.filters, self.kernel_size, self.padding = filters, kernel_size, padding
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def build(self, input_shape):
        _, height, width, _ = self.compute_output_shape(input_shape)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(height, width, self.kernel_size**2 * input_shape[-1], self.filters),
            initializer=self.kernel_initializer,
        )
        self.bias = self.add_weight(
            name="bias",
            shape=(height, width, self.filters),
            initializer=self.bias_initializer,
        )

    def call(self, inputs):
        pads = before_after(self.padding)
        padded = ops.pad(inputs, ((0, 0), pads, pads, (0, 0)))
        height, width, _, _ = self.kernel.shape
        size = (ops.shape(inputs)[0], height, width, inputs.shape[-1])
        patches = ops.concatenate(  # (batch, height, width, kernel_size² · maps)
            [
                ops.slice(padded, (0, row, column, 0), size)  # fast gradient
                for row in range(self.kernel_size)
                for column in range(self.kernel_size)
            ],
            axis=-1,
        )
        return ops.einsum("bhwi,hwio->bhwo", patches, self.kernel) + self.bias

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        less = self.kernel_size - 1 - sum(before_after(self.padding))
        return (batch, height - less, width - less, self.filters)

    def get_config(self):
        serialize = keras.initializers.serialize
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "padding": self.padding,
            "kernel_initializer": serialize(self.kernel_initializer),
            "bias_initializer": serialize(self.bias_initializer),
        }


class Replica(threading.local):
    """The images of a batch that this thread's layers see: all, if `whole` is None,
    or those from number `first` of a batch of `whole` images."""

    first, whole = 0, None


REPLICA = Replica()


@contextlib.contextmanager
def slice_of_batch(first, whole):
    """Context in which layers see the images from number `first` of a batch of `whole`
    images, whose others are on other replicas."""
    REPLICA.first, REPLICA.whole = first, whole
    try:
        yield
    finally:
        REPLICA.first, REPLICA.whole = 0, None


@register
class TowerDropout(keras.layers.Layer):
    """Dropout of a layer, or of one of `parts` equal slices of it.

    The mask is drawn for the whole layer and the whole batch, and each part and each
    replica takes its slice. So a net drops the same units whether its towers are on one
    device or on two, and its images on one replica or on several.

    Args:
        rate: Share of units that are dropped.
        scaled: False for the paper's form: kept units pass unchanged in training, and
            all units are multiplied by 1 − rate at test time. True for the later form:
            kept units are divided by 1 − rate in training.
        part: Number of this slice, from 0.
        parts: Number of slices.
        seed: Integer seed, the same for all parts of a layer.

    Raises:
        ValueError: if `rate` is not in [0, 1).

    Reference:
        Paper §4.2; authors' code layer.cu (`HiddenSexLayer`).
    """

    def __init__(self, rate, scaled=False, part=0, parts=1, seed=None, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= rate < 1:
            raise ValueError(f"rate must be in [0, 1). Received: rate={rate}")
        self.rate, self.scaled, self.seed = rate, scaled, seed
        self.part, self.parts = part, parts

    def build(self, input_shape):  # creates the seed's state on the layer's device
        self.seed_generator = keras.random.SeedGenerator(self.seed)

    def call(self, inputs, training=False):
        keep = 1.0 - self.rate
        if not training:
            return inputs if self.scaled else inputs * keep
        *rest, units = inputs.shape
        images = ops.shape(inputs)[0]
        whole = images if REPLICA.whole is None else REPLICA.whole
        shape = (whole, *rest[1:], units * self.parts)
        noise = keras.random.uniform(shape, seed=self.seed_generator)
        if REPLICA.whole is not None:
            noise = noise[REPLICA.first : REPLICA.first + images]
        if self.parts > 1:
            noise = noise[..., self.part * units : (self.part + 1) * units]
        mask = ops.cast(noise < keep, inputs.dtype)
        return inputs * (mask / keep if self.scaled else mask)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "rate": self.rate,
            "scaled": self.scaled,
            "part": self.part,
            "parts": self.parts,
            "seed": self.seed,
        }


@register
class ScaledTanh(keras.layers.Layer):
    """scale · tanh(slope · x).

    Args:
        scale: Factor of the output.
        slope: Factor of the input.

    Reference:
        cuda-convnet (`neuron=tanh[scale,slope]`).
    """

    def __init__(self, scale=1.0, slope=1.0, **kwargs):
        super().__init__(**kwargs)
        self.scale, self.slope = scale, slope

    def call(self, inputs):
        return self.scale * ops.tanh(self.slope * inputs)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "scale": self.scale, "slope": self.slope}


@register
class Slice(keras.initializers.Initializer):
    """Initializer that returns one slice of a larger draw, along its last axis.

    Two towers are initialized with the two halves of one draw.

    Args:
        initializer: Keras initializer of the whole.
        part: Number of this slice, from 0.
        parts: Number of slices.
    """

    def __init__(self, initializer, part, parts):
        self.initializer = keras.initializers.get(initializer)
        self.part, self.parts = part, parts

    def __call__(self, shape, dtype=None):
        *rest, last = shape
        whole = self.initializer((*rest, last * self.parts), dtype=dtype)
        return whole[..., self.part * last : (self.part + 1) * last]

    def get_config(self):
        inner = keras.initializers.serialize(self.initializer)
        return {"initializer": inner, "part": self.part, "parts": self.parts}


@register
class OnDevice(keras.layers.Wrapper):
    """Keeps a layer's variables and operations on one device.

    A device scope around a functional layer call places variables only. This wrapper
    enters the scope inside `build` and `call`, so that it places operations, too.

    Args:
        layer: The Keras layer.
        device: Name such as `"CPU:1"`. If there is no such device (a model trained on
            two GPUs and loaded on a laptop), the backend chooses one.
    """

    def __init__(self, layer, device, **kwargs):
        super().__init__(layer, **{"dtype": layer.dtype_policy, **kwargs})
        self.device = device

    def build(self, input_shape=None):
        with device_scope(self.device):
            super().build(input_shape)

    def call(self, inputs, **kwargs):
        with device_scope(self.device):
            return self.layer(inputs, **kwargs)

    def compute_output_shape(self, input_shape):
        return self.layer.compute_output_shape(input_shape)

    def get_config(self):
        return {**super().get_config(), "device": self.device}
