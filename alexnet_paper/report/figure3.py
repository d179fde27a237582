"""Figure 3: the first layer's kernels, and whether the towers differ in colour."""

import numpy as np

from alexnet_paper.report import contact_sheets
from alexnet_paper.report import runs
from alexnet_paper.results import colour


def of_net(net, seed=0):
    """(the figure of a `Trained` net's first kernels, the table of their colours).

    `seed` is that of the permutation test between two towers. Raises ValueError where
    the weights lack the first layer.
    """
    first = next(layer for layer in net.architecture.layers if layer.name)
    name = f"{first.name}/kernel"
    if name not in net.arrays:
        raise ValueError(f"{net.name} lacks {name}: there is nothing to draw.")
    selectivity = colour.colour_selectivity(net.arrays[name])
    parts, part = colour.first_layer_parts(net.architecture)
    difference = None
    if parts == 2:
        difference = colour.tower_difference(selectivity, seed=seed)
    made = contact_sheets.first_layer(
        net.arrays[name], selectivity, parts, part, difference, f"{net.name}."
    )
    means = [half.mean() for half in np.split(selectivity, parts)]
    return made, [runs.kernels_section(means, difference, part, net.name)]
