"""Colour selectivity held against kernels whose colour is known, and the test of the
towers against kernels whose towers were planted, or not."""

import itertools

import numpy as np
import pytest

from alexnet_paper.nets import variants
from alexnet_paper.results.colour import colour_selectivity
from alexnet_paper.results.colour import first_layer_parts
from alexnet_paper.results.colour import tower_difference


def pixels(*colours):
    """One kernel (1, pixels, 3, 1) of these (red, green, blue)."""
    return np.array(colours, "float32")[None, :, :, None]


@pytest.mark.parametrize(
    ("kernel", "selectivity"),
    [
        (pixels((1, 1, 1), (-2, -2, -2)), 0),  # brightness only
        (pixels((1, -1, 0), (0.5, 0, -0.5)), 1),  # opponents only
        (pixels((1, 0, 0)), 2 / 3),  # 1 − 3 · (1/3)² / 1
        (pixels((3, 0, 0), (1, 1, 1)), 0.5),  # 1 − 3 · (1 + 1) / (9 + 3)
        (pixels((0, 0, 0)), 0),  # nothing is not coloured
    ],
)
def test_selectivity_by_hand(kernel, selectivity):
    assert colour_selectivity(kernel) == pytest.approx([selectivity], abs=1e-6)


def test_selectivity_keeps_scale_sign_and_channel_order_out():
    rng = np.random.default_rng(0)
    kernels = rng.normal(size=(11, 11, 3, 4)) + rng.normal(size=(11, 11, 1, 4))
    expected = colour_selectivity(kernels)
    assert np.ptp(expected) > 0.01 and (0 < expected).all() and (expected < 1).all()
    for same in (kernels[:, :, ::-1], -kernels, 1e-3 * kernels, kernels[::-1]):
        np.testing.assert_allclose(colour_selectivity(same), expected, atol=1e-12)


def test_noise_has_two_thirds():
    kernels = np.random.default_rng(0).normal(size=(11, 11, 3, 2000))
    assert colour_selectivity(kernels).mean() == pytest.approx(2 / 3, abs=0.003)


@pytest.mark.parametrize("shape", [(11, 11, 4, 8), (11, 11, 3), (3, 11, 11, 8)])
def test_selectivity_needs_three_channels(shape):
    with pytest.raises(ValueError, match="three channels"):
        colour_selectivity(np.zeros(shape))


def test_p_value_is_that_of_all_deals():
    """Six kernels have 20 deals: counted one by one here, all tried there."""
    values = np.array([0.1, 0.2, 0.6, 0.3, 0.7, 0.9])
    total, seen = values.sum(), values[3:].sum() - values[:3].sum()
    deals = [
        total - 2 * values[list(chosen)].sum()
        for chosen in itertools.combinations(range(6), 3)
    ]
    above = np.mean([deal >= seen - 1e-12 for deal in deals])
    found = tower_difference(values)
    assert 0.05 < above < 0.5 and found.p_value == pytest.approx(2 * above)
    assert found.means == pytest.approx((0.3, 1.9 / 3))
    assert found.difference == pytest.approx(1 / 3)


def test_planted_towers_are_found_and_equal_ones_are_not():
    rng = np.random.default_rng(1)
    grey, coloured = rng.uniform(0, 0.3, 48), rng.uniform(0.2, 0.8, 48)
    for towers, sign in (((grey, coloured), 1), ((coloured, grey), -1)):
        found = tower_difference(np.concatenate(towers))
        assert found.p_value < 0.001 and sign * found.difference > 0.2
    twice = np.repeat(coloured, 2)  # both towers the same, kernel for kernel
    found = tower_difference(np.concatenate([twice[::2], twice[1::2]]))
    assert found.difference == pytest.approx(0) and found.p_value > 0.9


def test_seed_fixes_the_p_value():
    values = np.random.default_rng(2).uniform(size=40)
    values[20:] += 0.1
    first, again, other = (
        tower_difference(values, permutations=500, seed=seed) for seed in (0, 0, 1)
    )
    assert first == again and first.p_value != other.p_value


@pytest.mark.parametrize(
    ("kernels", "towers", "said"),
    [
        (96, 1, "two towers only: this net has 1"),
        (7, 2, "even number"),
        (2, 2, "four or more"),
    ],
)
def test_what_cannot_be_compared(kernels, towers, said):
    with pytest.raises(ValueError, match=said):
        tower_difference(np.zeros(kernels), towers)


@pytest.mark.parametrize(
    ("variant", "parts"),
    [
        ("paper", (2, "tower")),
        ("paper.no-conv3", (2, "tower")),
        ("caffe", (2, "group")),
        ("ungrouped", (1, "")),
        ("cifar-11pct", (1, "")),
    ],
)
def test_parts_of_the_first_layer(variant, parts):
    assert first_layer_parts(variants.get(variant).architecture) == parts
