"""How coloured the kernels of the first layer are, and whether the towers differ.

Paper §6.1 of Figure 3: the kernels on GPU 1 are "largely color-agnostic", those on
GPU 2 "largely color-specific", in every run. Here that is a number and a test.
"""

from dataclasses import dataclass

import numpy as np

from alexnet_paper.nets.specs import Conv

PERMUTATIONS = 10_000


def colour_selectivity(kernels):
    """Share of every kernel's energy that a grey picture can not reach: (n,) in [0, 1].

    A kernel (height, width, 3) answers a grey picture, whose three channels are equal,
    only through the mean of its channels: at every pixel that is its projection on the
    grey direction (1, 1, 1)/√3, with energy 3 · mean². The selectivity is the rest of
    the kernel's energy, 1 − Σ 3 · mean² / Σ k²: 0 for a kernel that looks at brightness
    only, 1 for one that sees colour opponents only and is blind to grey. It changes
    neither with the kernel's scale and sign nor with the order of the channels (RGB or
    BGR). Kernels of independent noise, as initialized, have 2/3 on average; a kernel of
    zeros counts as 0.

    Args:
        kernels: (height, width, 3, n), as Keras has them.

    Raises ValueError for another shape.
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
    """Mean selectivity of the two towers, and how often chance parts them as far."""

    means: tuple[float, float]
    p_value: float
    permutations: int

    @property
    def difference(self):
        """Second tower's mean minus the first's."""
        return self.means[1] - self.means[0]


def tower_difference(selectivity, towers=2, permutations=PERMUTATIONS, seed=0):
    """Whether the kernels of one tower are more coloured than those of the other.

    The first half of the kernels is tower a, the second tower b. The two-sided p-value
    is of a permutation test: how often kernels dealt to the towers at random have means
    at least so far apart (scipy.stats.permutation_test; the smallest p it can give is
    2 / (permutations + 1)).

    Args:
        selectivity: (n,) from `colour_selectivity`.
        towers: The net's towers.
        permutations: How many random deals; all are tried where there are fewer.
        seed: Of the deals.

    Returns a `TowerDifference`. Raises ValueError unless there are two towers of
    equally many kernels.
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
    """(how many parts the first layer's kernels fall into, what a part is).

    (2, "tower") for a net of two towers; (2, "group") for one on a single device whose
    next convolution reads the first one's maps in two groups, as Caffe's AlexNet does:
    nothing but those groups tells its kernels apart; (1, "") otherwise.
    """
    if architecture.towers == 2:
        return 2, "tower"
    convolutions = [spec for spec in architecture.layers if isinstance(spec, Conv)]
    if len(convolutions) > 1 and convolutions[1].groups == 2:
        return 2, "group"
    return 1, ""


def first_layer_colour(net, seed=0):
    """{"part", "kernels", "means", "p_value", "permutations"} of the first kernels'
    colour selectivity in the two towers or groups of a net, or None where it has no
    two, or does not see colours."""
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
