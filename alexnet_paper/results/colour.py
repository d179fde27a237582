"""Colour selectivity of the first layer's kernels, compared between the towers.

The paper says of Figure 3 (§6.1) that in every run the kernels on GPU 1 are "largely
color-agnostic" and those on GPU 2 "largely color-specific". This module gives that
statement a number and a significance test.
"""

from dataclasses import dataclass

import numpy as np

from alexnet_paper.nets.specs import Conv

PERMUTATIONS = 10_000


def colour_selectivity(kernels):
    """Returns the share of each kernel's energy that does not respond to grey.

    The three channels of a grey image are equal, so a kernel (height, width, 3)
    responds to it only through the mean of its channels. At each pixel this is the
    projection on the grey direction (1, 1, 1)/√3, with energy 3 · mean². The
    selectivity is the rest of the energy, 1 − Σ 3 · mean² / Σ k²: 0 for a kernel that
    responds to brightness only, 1 for a kernel that does not respond to grey at all.
    It does not depend on the kernel's scale or sign, or on the order of the channels
    (RGB or BGR). Kernels of independent noise, as initialized, have 2/3 on average; a
    kernel of zeros has 0.

    Args:
        kernels: (height, width, 3, n), as in Keras.

    Returns:
        (n,), in [0, 1].

    Raises:
        ValueError: for another shape.
    """
    kernels = np.asarray(kernels, "float64")
    if kernels.ndim != 4 or kernels.shape[2] != 3:
        raise ValueError(
            "colour needs kernels (height, width, 3, n) over three channels. "
            f"Received shape: {kernels.shape}"
        )
    energy = np.square(kernels).sum(axis=(0, 1, 2))
    grey = 3 * np.square(kernels.mean(axis=2)).sum(axis=(0, 1))
    share = np.divide(grey, energy, out=np.ones_like(energy), where=energy > 0)
    return np.clip(1 - share, 0.0, 1.0)


@dataclass(frozen=True)
class TowerDifference:
    """Mean selectivity of the two towers, and the p-value of their difference."""

    means: tuple[float, float]
    p_value: float
    permutations: int

    @property
    def difference(self):
        """Second tower's mean minus the first's."""
        return self.means[1] - self.means[0]


def tower_difference(selectivity, towers=2, permutations=PERMUTATIONS, seed=0):
    """Tests whether the kernels of one tower are more coloured than the other's.

    The first half of the kernels is tower a, the second half tower b. The test is a
    two-sided permutation test of the difference of the means
    (`scipy.stats.permutation_test`); its smallest p-value is 2 / (permutations + 1).

    Args:
        selectivity: (n,) from `colour_selectivity`.
        towers: The net's number of towers.
        permutations: The number of random permutations; if there are fewer in all,
            every one is used.
        seed: Seed of the permutations.

    Returns:
        A `TowerDifference`.

    Raises:
        ValueError: unless there are two towers with equally many kernels.
    """
    from scipy.stats import permutation_test

    selectivity = np.asarray(selectivity, "float64")
    if towers != 2:
        raise ValueError(
            "kernels can be compared between two towers only: "
            f"this net has {towers or 'none'}."
        )
    if selectivity.ndim != 1 or len(selectivity) < 4 or len(selectivity) % 2:
        raise ValueError(
            "two towers need an even number of kernels, four or more. "
            f"Received shape: {selectivity.shape}"
        )
    halves = np.split(selectivity, 2)
    found = permutation_test(
        halves,
        lambda a, b, axis: b.mean(axis=axis) - a.mean(axis=axis),
        vectorized=True,
        n_resamples=permutations,
        rng=np.random.default_rng(seed),
    )
    means = tuple(float(half.mean()) for half in halves)
    return TowerDifference(means, float(found.pvalue), permutations)


def first_layer_parts(architecture):
    """Returns (number of parts of the first layer's kernels, name of a part).

    (2, "tower") for a net with two towers; (2, "group") for a net with one tower whose
    second convolution reads the first layer's maps in two groups, as Caffe's AlexNet
    does; (1, "") otherwise.
    """
    if architecture.towers == 2:
        return 2, "tower"
    convolutions = [spec for spec in architecture.layers if isinstance(spec, Conv)]
    if len(convolutions) > 1 and convolutions[1].groups == 2:
        return 2, "group"
    return 1, ""


def first_layer_colour(net, seed=0):
    """Compares the first kernels' colour selectivity between a net's towers or groups.

    Returns:
        {"part", "kernels", "means", "p_value", "permutations"}, or None if the net has
        no two towers or groups, or its input no three channels.
    """
    parts, part = first_layer_parts(net.architecture)
    first = next(layer.name for layer in net.architecture.layers if layer.name)
    kernel = net.arrays.get(f"{first}/kernel")
    if parts != 2 or kernel is None or kernel.shape[2] != 3 or kernel.shape[3] < 4:
        return None
    selectivity = colour_selectivity(kernel)
    found = tower_difference(selectivity, seed=seed)
    return {
        "part": part,
        "kernels": len(selectivity),
        "means": list(found.means),
        "p_value": found.p_value,
        "permutations": found.permutations,
    }
