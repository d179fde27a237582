"""The layers Keras lacks: response normalization, unshared and towered convolutions,
the paper's dropout, and the wrapper that keeps a layer on a device.

Written with `keras.ops`, so that they run on every Keras backend. Images are channels
last: (batch, height, width, maps).
"""

import keras
import numpy as np
from keras import ops

from alexnet_paper.nets.placement import device_scope
from alexnet_paper.nets.specs import before_after

PACKAGE = "alexnet_paper"
register = keras.saving.register_keras_serializable(package=PACKAGE)


def exact(x):
    """In float32 at least: in float16 the square of 256 is infinite."""
    wide = keras.backend.standardize_dtype(x.dtype) in ("float32", "float64")
    return x if wide else ops.cast(x, "float32")


def negative_power(x, beta):
    """x^(−beta) of positive x; by square roots for the 0.75 that everybody uses."""
    if beta == 0.75:
        root = ops.rsqrt(x)
        return root * ops.sqrt(root)
    return ops.exp(-beta * ops.log(x))


@register
class LocalResponseNormalization(keras.layers.Layer):
    """Response normalization across neighbouring maps at one position.

    b_i = a_i / (k + alpha · Σ_j a_j²)^beta with j from max(0, i − n//2) to
    min(N − 1, i + n//2) (paper §3.3). With `groups=2` the N maps are two towers and no
    window reaches across. The window's sum is a product with a banded 0/1 matrix, and
    the gradient is the two-line analytic one. Computed in float32 under every dtype
    policy.

    Args:
        n: Maps in the window; the paper's 5 reaches 2 to each side.
        k, alpha, beta: The paper's constants 2, 1e-4, 0.75. Caffe, PyTorch and the
            authors' code divide alpha by n: give them 2e-5 here.
        groups: Towers among which the maps are divided.

    Reference: paper §3.3; authors' code layers-145.cfg (`cmrnorm`).
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
            # a tower's maps lie side by side, so a tower at one position is a row
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

    b = a / (k + alpha · Σ a²)^beta, the window clipped at the borders. The authors' net
    has one over conv2 that the paper does not mention (layers-145.cfg, `cnorm2`).
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
        # pooling gives the mean over the clipped window: times its area is the sum
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
    """`Conv2D` whose groups are convolved apart and concatenated.

    The same function and the same HWIO kernel as `Conv2D(groups=...)`, which on a CPU
    hides a call into XLA that trains several times slower.
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
    """Convolution with a kernel and a bias of its own at every position.

    Stride 1, `padding` zeros on every side (cuda-convnet's `type=local`).
    Kernel: (height, width, kernel_size² · maps, filters); bias: (height, width,
    filters).
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
                ops.slice(padded, (0, row, column, 0), size)  # indexing is slow to undo
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


@register
class TowerDropout(keras.layers.Layer):
    """Dropout of one half, or the whole, of a layer that is split in `parts`.

    The mask is drawn for the whole layer and each part takes its own slice, so that a
    net drops the same units whether its towers are on one device or on two.

    Args:
        rate: Share of units dropped.
        scaled: False for the paper's form (§4.2): kept units pass unchanged in
            training, and all are multiplied by 1 − rate at test time. True for
            the later form that divides kept units by 1 − rate in training.
        part, parts: Which of how many equal slices of the layer this is.
        seed: Integer seed; the same for all parts of a layer.
    """

    def __init__(self, rate, scaled=False, part=0, parts=1, seed=None, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= rate < 1:
            raise ValueError(f"rate must be in [0, 1). Received: rate={rate}")
        self.rate, self.scaled, self.seed = rate, scaled, seed
        self.part, self.parts = part, parts

    def build(
        self, input_shape
    ):  # not earlier: the state belongs on the layer's device
        self.seed_generator = keras.random.SeedGenerator(self.seed)

    def call(self, inputs, training=False):
        keep = 1.0 - self.rate
        if not training:
            return inputs if self.scaled else inputs * keep
        *rest, units = inputs.shape
        shape = (ops.shape(inputs)[0], *rest[1:], units * self.parts)
        noise = keras.random.uniform(shape, seed=self.seed_generator)
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
    """scale · tanh(slope · x): cuda-convnet's `tanh[scale,slope]`."""

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
    """The `part`-th of `parts` slices, along the last axis, of what `initializer`
    gives for the whole: two towers start from the halves of one draw."""

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
    """A layer whose variables and operations live on one device.

    A device scope around a functional layer call places variables only; entered here,
    inside `build` and `call`, it places the operations too. `device` is a name such as
    "CPU:1"; where it does not exist (a model trained on two GPUs and loaded on a
    laptop) the layer runs wherever the backend puts it.
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
