"""Trained weights look trained; random, shuffled, flipped, transposed ones do not."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from alexnet_paper.nets import specs
from alexnet_paper.nets import variants
from alexnet_paper.weights import convert as conversion
from alexnet_paper.weights import formats
from alexnet_paper.weights import looks

SHARED = Path(__file__).parents[3] / "shared" / "data"
BVLC = SHARED / "alexnet_weights" / "bvlc_alexnet_int8_conv1to5_fc8.npz"
SNAPSHOTS = SHARED / "caffe_cifar10_full"
KINDS = {
    "normal": lambda rng, shape: rng.normal(0, 0.01, shape),
    "uniform": lambda rng, shape: rng.uniform(-0.05, 0.05, shape),
    "positive": lambda rng, shape: rng.uniform(0, 1, shape),
}


def verdict(arrays):
    return looks.judged(looks.of_arrays(arrays)).verdict


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", variants.VARIANTS)
def test_first_weights_of_no_variant_look_trained(name, kind):
    """Dense kernels are cut to 90 × 90, and maps to 16."""
    rng, arrays = np.random.default_rng(0), {}
    for part, shape in specs.shapes(variants.get(name).architecture).items():
        most = 16 if len(shape) > 2 else 90
        shape = (*shape[:-2], *(min(most, n) for n in shape[-2:]))
        random = part.endswith("kernel")
        arrays[part] = KINDS[kind](rng, shape) if random else np.zeros(shape)
    layers = looks.of_arrays(arrays, ())
    assert {one.verdict for one in layers} == {"untrained"}
    assert max(one.values.get("neighbours", 0) for one in layers) < 4 < looks.NEIGHBOURS


def test_measures_by_hand():
    """Rows +1 and −1 by turns: rank one, mean 0, variance 1, so that the largest
    singular value is n and the edge 2 √n."""
    sign = np.resize([1.0, -1.0], 64)
    ratio, excess = looks.spectrum(np.outer(sign, sign))
    assert ratio == pytest.approx(64 / 16, rel=1e-4) and excess > 50
    stripes = np.array([[1.0, -1.0], [1.0, -1.0]])[:, :, None, None]
    assert looks.structure(stripes) == 0  # pairs agree below, differ beside each other
    ramp = np.arange(4.0)[:, None, None, None] * np.ones((1, 3, 1, 1))
    # less its mean −1.5 −0.5 0.5 1.5: power 1.25, down (0.75 − 0.25 + 0.75) / 3
    expected = (1.25 / 3 + 1.25) / 2 / 1.25
    found, above = looks.neighbours(ramp)  # 17 pairs, 12 places, one map
    assert found == pytest.approx(expected)
    assert above == pytest.approx((expected + 1 / 11) * 17**0.5)
    columns = np.array([[1.0, 1.0, 2.0, 0.0]])
    assert looks.repeated(columns) == looks.dead(columns) == 0.25


def test_outputs_that_agree_on_the_class_still_differ():
    """A net of two classes may be certain of the same one for both photographs."""
    sure, surer = np.array([15.0, -15.0]), np.array([50.0, 0.0])  # ±15 and ±25
    assert looks.difference(sure, surer) == pytest.approx(10 / 40)
    assert looks.difference(sure, sure + 1) == 0
    assert looks.difference(sure, -sure) == 1
    assert looks.difference(0 * sure, 0 * sure) == 0
    assert looks.entropy(np.array([[0.5, 0.5], [0.25, 0.75]])) == pytest.approx(
        0.8113, abs=1e-4
    )
    assert looks.entropy(np.array([[0.0, 1.0]])) == 0


def made(seed=0):
    """Smooth kernels, silent units, drifted biases: like a trained net's."""
    rng, arrays = np.random.default_rng(seed), {}
    for name, shape in (("conv1", (7, 7, 3, 32)), ("conv2", (5, 5, 32, 48))):
        kernel = rng.normal(size=shape)
        kernel = kernel + np.roll(kernel, 1, axis=0) + np.roll(kernel, 1, axis=1)
        arrays[f"{name}/kernel"] = kernel - 0.2
        arrays[f"{name}/bias"] = rng.normal(size=shape[-1])
    kernel = rng.normal(size=(300, 40)) + np.outer(
        *map(rng.normal, (0, 0), (1, 1), (300, 40))
    )
    arrays["fc3/kernel"], arrays["fc3/bias"] = kernel - 0.2, rng.normal(size=40)
    return arrays


def shuffled(kernel):
    return (
        np.random.default_rng(1).permutation(kernel.reshape(-1)).reshape(kernel.shape)
    )


FAULTS = {
    "shuffled": (shuffled, "like random numbers, but its biases were trained"),
    "flipped": (np.negative, "its sign is flipped"),
    "zero": (np.zeros_like, "all weights are 0"),
    "repeated": (
        lambda k: np.repeat(k[..., :4], 8, -1)[..., : k.shape[-1]],
        "repeated",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("layer", ["conv2", "fc3"])
def test_a_planted_fault_is_found_and_its_layer_named(fault, layer):
    change, message = FAULTS[fault]
    arrays = made()
    assert verdict(arrays) == "trained"
    arrays[f"{layer}/kernel"] = change(arrays[f"{layer}/kernel"])
    found = looks.judged(looks.of_arrays(arrays))
    assert found.verdict == "damaged" and f"{layer}: " in found.why
    assert message in found.why and ";" not in found.why


@pytest.mark.parametrize(
    ("mean", "expected"), [(0.018, "trained"), (0.022, "damaged"), (-0.1, "trained")]
)
def test_a_sign_is_flipped_only_if_the_mean_weight_is_large(mean, expected):
    """With 160,000 weights all three are more than 6 standard errors from 0."""
    rng, arrays = np.random.default_rng(0), made()
    kernel = rng.normal(size=(400, 400)) + np.outer(*rng.normal(size=(2, 400)))
    kernel = (kernel - kernel.mean()) / kernel.std()
    arrays["fc3/kernel"], arrays["fc3/bias"] = kernel + mean, rng.normal(size=400)
    layer = looks.of_arrays(arrays)[-1]
    assert abs(layer.values["sign"]) > looks.SIGN
    assert layer.verdict == expected, layer.why


def test_half_loaded_and_not_loaded():
    arrays, rng = made(), np.random.default_rng(2)
    for name, array in arrays.items():
        new = rng.normal(0, 0.01, array.shape) if array.ndim > 1 else 0 * array
        arrays = {**arrays, name: new}
        expected = "untrained" if name == "fc3/bias" else "damaged"
        assert verdict(arrays) == expected, name
    bound = 300**-0.5  # PyTorch draws biases, too
    arrays["fc3/bias"] = rng.uniform(-bound, bound, 40)
    assert verdict(arrays) == "untrained"


class Linear:
    """A layer to exchange kernels in."""

    def __init__(self, kernel):
        self.kernel = self
        self.assign(kernel)

    def assign(self, kernel):
        self.weights = kernel

    def __call__(self, inputs):
        return inputs @ self.weights


def test_a_kernel_fits_inputs_that_it_weighs_by_their_variance():
    rng, sizes = np.random.default_rng(0), np.linspace(0.1, 3, 40)
    inputs, random = rng.normal(size=(200, 40)) * sizes, rng.normal(size=(40, 40))
    for kernel, low, high in (
        (random * sizes[:, None], looks.FIT, 99),
        (random * sizes, -99, -looks.FIT),
        (random, -looks.FIT, looks.FIT),
    ):
        layer = Linear(kernel)
        assert low < looks.fit(layer, inputs, kernel, kernel, kernel.T) < high
        assert layer.weights is kernel


# Real nets


def snapshot(path):
    order = {4: (2, 3, 1, 0), 2: (1, 0)}
    return {
        f"{layer}/{part}": a.transpose(order[a.ndim]) if part == "kernel" else a
        for layer, parts in formats.read(path).layers.items()
        for part, a in parts.items()
    }


@pytest.mark.data
@pytest.mark.skipif(not SNAPSHOTS.is_dir(), reason=f"no {SNAPSHOTS}")
def test_every_snapshot_of_caffes_cifar_net_looks_trained():
    paths = sorted(SNAPSHOTS.glob("*.caffemodel"))
    assert len(paths) == 8
    for path in paths:
        arrays = snapshot(path)
        assert verdict(arrays) == "trained", path
        for part in [part for part in arrays if part.endswith("kernel")]:
            assert verdict({**arrays, part: shuffled(arrays[part])}) == "damaged", part


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.skipif(not BVLC.is_file(), reason=f"no {BVLC}")
def test_bvlcs_net_looks_trained_and_transposed_it_does_not():
    net = conversion.read(BVLC)
    assert looks.look(net).verdict == "trained"
    turned = {n: a.swapaxes(0, 1) if a.ndim == 4 else a for n, a in net.arrays.items()}
    whole = looks.look(dataclasses.replace(net, arrays=turned))
    assert "as if all its kernels were transposed" in whole.why
    one = {**net.arrays, "conv3/kernel": turned["conv3/kernel"]}
    found = looks.look(dataclasses.replace(net, arrays=one))
    assert found.verdict == "damaged"
    assert "conv3: fits its inputs better with height and width exchanged" in found.why
