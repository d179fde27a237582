"""Each layer against a NumPy loop of its equation, and every layer through Keras's
serialization."""

import copy
import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

from alexnet_paper.nets import layers
from alexnet_paper.nets.layers import GroupedConv2D
from alexnet_paper.nets.layers import Local2D
from alexnet_paper.nets.layers import LocalResponseNormalization
from alexnet_paper.nets.layers import OnDevice
from alexnet_paper.nets.layers import ScaledTanh
from alexnet_paper.nets.layers import Slice
from alexnet_paper.nets.layers import SpatialResponseNormalization
from alexnet_paper.nets.layers import TowerDropout


def normal(*shape, scale=1.0, seed=0):
    return np.random.default_rng(seed).normal(scale=scale, size=shape)


def relative(ours, reference):
    return np.abs(np.asarray(ours) - reference).max() / np.abs(reference).max()


def printed_lrn(images, n, k, alpha, beta, groups=1):
    """The printed equation, one activity at a time, in float64."""
    out = np.empty(images.shape)
    share = images.shape[-1] // groups
    for position in np.ndindex(images.shape):
        *place, i = position
        first = i // share * share
        low, high = max(first, i - n // 2), min(first + share - 1, i + n // 2)
        total = 0.0
        for j in range(low, high + 1):
            total += float(images[(*place, j)]) ** 2
        out[position] = images[position] / (k + alpha * total) ** beta
    return out


@pytest.mark.parametrize("beta", [0.75, 0.5])
@pytest.mark.parametrize("n", [1, 3, 4, 5, 9])
@pytest.mark.parametrize(
    ("maps", "groups"), [(7, 1), (96, 2), (12, 3), (6, 1), (6, 2), (15, 3)]
)
def test_lrn_is_the_printed_equation(n, maps, groups, beta):
    """To 1e-6 in float32, with activities large enough for every term to count."""
    images = normal(2, 3, 2, maps, scale=60).astype("float32")
    layer = LocalResponseNormalization(n, 2.0, 0.01, beta, groups)
    expected = printed_lrn(images, n, 2.0, 0.01, beta, groups)
    np.testing.assert_allclose(layer(images), expected, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize(
    ("k", "alpha", "expected"),
    [
        (2, 1e-4, [5.651838, 10.708635, 14.866753, 17.999544, 22.735027, 27.944183]),
        (2, 2e-5, [5.884357, 11.631335, 17.135998, 22.295521, 27.946353, 33.745586]),
        (1, 2e-5, [9.795016, 19.14479, 27.741441, 35.330394, 44.388891, 53.888599]),
    ],
    ids=["printed", "authors", "caffe"],
)
def test_lrn_of_three_conventions(k, alpha, expected):
    """One input under the paper's, the authors' and Caffe's constants."""
    image = np.array([10, 20, 30, 40, 50, 60], "float32").reshape(1, 1, 1, 6)
    found = LocalResponseNormalization(5, k, alpha, 0.75)(image)
    np.testing.assert_allclose(np.ravel(found), expected, rtol=1e-6)


def gradient(layer, images, upstream):
    images = tf.constant(images)
    with tf.GradientTape() as tape:
        tape.watch(images)
        outputs = layer(images)
    upstream = tf.cast(upstream, outputs.dtype)
    return np.asarray(tape.gradient(outputs, images, output_gradients=upstream))


@pytest.mark.parametrize("beta", [0.75, 0.5])
@pytest.mark.parametrize(
    ("n", "maps", "groups"), [(5, 7, 1), (4, 6, 1), (3, 8, 2), (9, 6, 3), (1, 3, 1)]
)
def test_lrn_gradient_is_that_of_the_loop(n, maps, groups, beta):
    """Central differences of the printed equation, in float64."""
    images, upstream = normal(1, 1, 2, maps, scale=3), normal(1, 1, 2, maps, seed=1)
    layer = LocalResponseNormalization(n, 2.0, 0.1, beta, groups, dtype="float64")
    expected, step = np.empty(images.shape), 1e-5
    for position in np.ndindex(images.shape):
        sides = []
        for sign in (1, -1):
            moved = images.copy()
            moved[position] += sign * step
            sides.append(printed_lrn(moved, n, 2.0, 0.1, beta, groups))
        expected[position] = np.sum(upstream * (sides[0] - sides[1])) / (2 * step)
    found = gradient(layer, images, upstream)
    assert relative(found, expected) < 1e-7  # the band is float32, its 0 and 1 exact


def test_lrn_agrees_with_tensorflows_kernel():
    """Forward and gradient of `tf.nn.local_response_normalization`, float32."""
    images = normal(2, 5, 3, 96, scale=60).astype("float32")
    upstream = normal(2, 5, 3, 96, seed=1).astype("float32")

    def kernel(x):
        return tf.nn.local_response_normalization(x, 2, bias=2, alpha=1e-4, beta=0.75)

    layer = LocalResponseNormalization()
    assert relative(layer(images), np.asarray(kernel(images))) < 2e-6
    assert relative(*(gradient(f, images, upstream) for f in (layer, kernel))) < 5e-6


@pytest.mark.parametrize(("height", "width"), [(6, 5), (2, 7), (1, 1), (9, 9)])
@pytest.mark.parametrize("size", [1, 3, 5])
def test_spatial_normalization_is_its_equation(size, height, width):
    """The window of the same map, clipped at the borders."""
    images = normal(2, height, width, 3, scale=30).astype("float32")
    expected, reach = np.empty(images.shape), size // 2
    for row, column in np.ndindex(height, width):
        rows = slice(max(0, row - reach), row + reach + 1)
        columns = slice(max(0, column - reach), column + reach + 1)
        total = (images[:, rows, columns].astype("float64") ** 2).sum((1, 2))
        expected[:, row, column] = images[:, row, column] / (1 + 0.01 * total) ** 0.75
    layer = SpatialResponseNormalization(size, 1.0, 0.01, 0.75)
    np.testing.assert_allclose(layer(images), expected, rtol=2e-6)


def built(layer, images):
    """The layer with weights that are not its initial zeros."""
    layer.build(images.shape)
    layer.set_weights([normal(*w.shape, seed=i) for i, w in enumerate(layer.weights)])
    return layer


@pytest.mark.parametrize(
    ("groups", "stride", "padding"),
    [(2, 1, "same"), (2, 2, "valid"), (3, 1, "valid")],
)
def test_grouped_convolution_is_keras_own(groups, stride, padding):
    """The same kernel and bias in `Conv2D(groups=...)` give the same maps."""
    images = normal(2, 8, 7, 6).astype("float32")
    options = {"strides": stride, "padding": padding, "groups": groups}
    ours, keras_own = (
        built(kind(12, 3, **options), images)
        for kind in (GroupedConv2D, keras.layers.Conv2D)
    )
    np.testing.assert_allclose(ours(images), keras_own(images), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("padding", [0, 1, (0, 2)])
@pytest.mark.parametrize("size", [1, 3])
def test_unshared_convolution_is_its_loop(size, padding):
    """Every position its own kernel and bias, zeros around."""
    images = normal(2, 5, 4, 3).astype("float32")
    layer = built(Local2D(2, size, padding), images)
    kernel, bias = layer.get_weights()
    pads = padding if isinstance(padding, tuple) else (padding, padding)
    padded = np.pad(images, ((0, 0), pads, pads, (0, 0)))
    shape = (5 + sum(pads) - size + 1, 4 + sum(pads) - size + 1)
    expected = np.empty((2, *shape, 2))
    for row, column in np.ndindex(shape):
        patch = padded[:, row : row + size, column : column + size].reshape(2, -1)
        expected[:, row, column] = patch @ kernel[row, column] + bias[row, column]
    np.testing.assert_allclose(layer(images), expected, rtol=1e-4, atol=1e-5)


def test_scaled_tanh():
    images = normal(2, 3).astype("float32")
    found = ScaledTanh(1.7159, 2 / 3)(images)
    np.testing.assert_allclose(found, 1.7159 * np.tanh(images * 2 / 3), rtol=1e-5)


ONES = np.ones((50, 400), "float32")  # 20,000 units


@pytest.mark.parametrize("rate", [0.0, 0.3, 0.5])
@pytest.mark.parametrize("scaled", [False, True])
def test_dropout_factors(rate, scaled):
    """Printed: kept units unchanged in training, × (1 − rate) at test. Scaled: divided
    by 1 − rate in training, unchanged at test. Either way the mean is the same."""
    layer = TowerDropout(rate, scaled, seed=1)
    train, test = (np.asarray(layer(ONES, training=mode)) for mode in (True, False))
    kept = np.float32(1 / (1 - rate)) if scaled else 1
    assert set(np.unique(train)) <= {0, kept}
    assert np.all(test == np.float32(1 if scaled else 1 - rate))
    deviation = np.sqrt(rate * (1 - rate) / ONES.size)
    assert abs(np.mean(train == 0) - rate) <= 5 * deviation


@pytest.mark.parametrize("parts", [2, 4])
@pytest.mark.parametrize("shape", [(6, 40), (3, 2, 2, 40)])
def test_parts_of_a_dropped_layer_share_one_mask(shape, parts):
    """Slices of one draw: put together, they are the whole layer's mask, draw after
    draw."""
    ones = np.ones(shape, "float32")
    whole = TowerDropout(0.5, seed=3)
    split = [TowerDropout(0.5, part=p, parts=parts, seed=3) for p in range(parts)]
    pieces = np.split(ones, parts, axis=-1)
    for _ in range(3):
        joined = [f(x, training=True) for f, x in zip(split, pieces, strict=True)]
        expected = whole(ones, training=True)
        np.testing.assert_array_equal(np.concatenate(joined, -1), expected)


def test_dropout_follows_its_seed():
    """The same seed, the same sequence of masks; each draw a new mask."""

    def draws(seed):
        layer = TowerDropout(0.5, seed=seed)
        return [np.asarray(layer(ONES, training=True)) for _ in range(2)]

    first, again, other = draws(5), draws(5), draws(6)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(first[0], other[0])


@pytest.mark.parametrize(("device", "found"), [("CPU:1", "CPU:1"), ("GPU:77", "CPU:0")])
def test_on_device_places_variables_and_operations(device, found):
    """Without its device it still computes."""
    dense = OnDevice(keras.layers.Dense(3, kernel_initializer="ones"), device)
    out = dense(np.ones((2, 4), "float32"))
    devices = [out.device, *(weight.value.device for weight in dense.weights)]
    assert len(devices) == 3 and all(name.endswith(found) for name in devices)
    np.testing.assert_array_equal(out, np.full((2, 3), 4))


@pytest.mark.parametrize("training", [True, False])
def test_on_device_says_whether_it_is_training(training):
    inputs = keras.Input((400,))
    outputs = OnDevice(TowerDropout(0.5, seed=1), "CPU:1")(inputs)
    found = np.asarray(keras.Model(inputs, outputs)(ONES, training=training))
    assert set(np.unique(found)) == ({0, 1} if training else {0.5})


# one of each layer, with no argument left at its default
EXAMPLES = [
    LocalResponseNormalization(3, 1.0, 0.1, 0.5, 2),
    SpatialResponseNormalization(3, 2.0, 0.1, 0.5),
    GroupedConv2D(6, 3, strides=2, padding="same", groups=2, bias_initializer="ones"),
    Local2D(5, 3, (1, 0), "he_normal", "ones"),
    TowerDropout(0.25, True, 1, 2, 9),
    ScaledTanh(1.7159, 0.667),
    OnDevice(GroupedConv2D(4, 3, groups=2, name="inner"), "CPU:1", name="outer"),
]


def test_every_layer_has_an_example():
    """A layer added without one fails here."""
    ours = {
        kind
        for _, kind in inspect.getmembers(layers, inspect.isclass)
        if issubclass(kind, keras.layers.Layer) and kind.__module__ == layers.__name__
    }
    assert ours == {type(layer) for layer in EXAMPLES}


@pytest.mark.parametrize("layer", EXAMPLES, ids=lambda layer: type(layer).__name__)
def test_layer_comes_back_from_its_configuration(layer):
    """Through Keras's own serialization, every argument, and the same outputs, of the
    shape that was computed."""
    packed = keras.saving.serialize_keras_object(layer)
    again = keras.saving.deserialize_keras_object(copy.deepcopy(packed))
    assert type(again) is type(layer)
    assert keras.saving.serialize_keras_object(again) == packed
    accepted = set(inspect.signature(type(layer).__init__).parameters)
    assert accepted - {"self", "kwargs", "layer"} <= set(layer.get_config())
    images = normal(2, 7, 6, 4, scale=5).astype("float32")
    shape = again.compute_output_shape(images.shape)
    assert tuple(layer(images).shape) == tuple(again(images).shape) == tuple(shape)
    if not any("seed" in weight.path for weight in layer.weights):
        again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(layer(images), again(images))


LRN, SPATIAL = LocalResponseNormalization, SpatialResponseNormalization


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LRN(n=0), "n=0"),
        (lambda: LRN(k=0), "k=0"),
        (lambda: LRN(beta=-1), "beta=-1"),
        (lambda: LRN(groups=0), "groups=0"),
        (lambda: LRN(groups=2).build((None, 4, 4, 7)), "7 maps are not divisible"),
        (lambda: SPATIAL(4), "size=4"),
        (lambda: SPATIAL(0), "size=0"),
        (lambda: SPATIAL(k=0), "k=0"),
        (lambda: TowerDropout(1.0), "rate=1.0"),
        (lambda: TowerDropout(-0.1), "rate=-0.1"),
        (lambda: GroupedConv2D(5, 3, groups=2), "divisible"),
        (lambda: GroupedConv2D(4, 3, groups=2).build((None, 4, 4, 5)), "divisible"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    "policy", ["float16", "bfloat16", "mixed_float16", "mixed_bfloat16"]
)
@pytest.mark.parametrize(
    ("kind", "options"),
    [(LRN, {"k": 1.0, "alpha": 2e-5}), (SPATIAL, {"size": 3, "alpha": 5e-5})],
)
def test_normalization_of_large_activations_in_half_precision(policy, kind, options):
    """Activations of 300 and 3,000, whose squares float16 cannot hold: as in float32,
    to the last bits of the half; and the gradient is finite."""
    images = np.random.default_rng(0).choice((300.0, 3000.0), (2, 4, 4, 8))
    half = kind(**options, dtype=policy)
    found = half(tf.cast(images, half.compute_dtype))
    assert keras.backend.standardize_dtype(found.dtype) == half.compute_dtype
    expected = np.asarray(kind(**options, dtype="float32")(images.astype("float32")))
    np.testing.assert_allclose(tf.cast(found, "float32"), expected, rtol=0.01)
    back = gradient(half, images.astype("float32"), np.ones(images.shape))
    assert np.isfinite(back).all()


@pytest.mark.parametrize("parts", [2, 3])
def test_slices_of_an_initializer_are_one_draw(parts):
    """Towers start from the halves of one draw, also after serialization."""
    initializer = keras.initializers.RandomNormal(0.0, 0.01, seed=4)
    slices = [Slice(initializer, part, parts) for part in range(parts)]
    packed = [keras.saving.serialize_keras_object(one) for one in slices]
    again = [keras.saving.deserialize_keras_object(one) for one in packed]
    for kind in (slices, again):
        pieces = [one((3, 3, 4, 12 // parts)) for one in kind]
        joined = np.concatenate(pieces, axis=-1)
        np.testing.assert_array_equal(joined, initializer((3, 3, 4, 12)))
