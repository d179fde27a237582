"""What cards send each other in a step of training, and how long a step takes.

A batch is the same however a net is distributed:

    towers    two cards, each with one tower and all images (paper §3.2): the tensors of
              Figure 2 cross, and their gradients
    replicas  each card has the whole net and a share of the images: all gradients are
              summed by a ring, which sends 2 (N − 1) / N of their bytes from each card
    mixed     convolutions as replicas, dense layers split by their units, so that their
              inputs cross in place of their gradients (Krizhevsky, "One weird trick for
              parallelizing convolutional neural networks", 2014)

Everything is in float32, and bytes are those that each card sends.
"""

import math
from dataclasses import dataclass

from alexnet_paper.nets import specs
from alexnet_paper.nets.specs import FLOAT32

DENSE = specs.Dense
PASSES = 3  # forward, and backward to the inputs and to the weights
OPERATIONS = 2  # a multiplication and an addition


@dataclass(frozen=True)
class Card:
    """A card as its maker describes it: operations a second at the precision that it
    would train at, and bytes a second to another card, one way."""

    name: str
    year: int
    peak: float
    precision: str
    link: float
    source: str


CARDS = (
    Card(
        "GTX 580",
        2010,
        1.581e12,
        "float32",
        8e9,
        "512 cores at 1.544 GHz, PCI Express 2.0 ×16",
    ),
    Card(
        "V100 SXM2",
        2017,
        125e12,
        "float16, tensor cores",
        150e9,
        "NVIDIA's data sheet; NVLink, 300 GB/s both ways",
    ),
    Card(
        "A100 SXM",
        2020,
        312e12,
        "bfloat16, tensor cores",
        300e9,
        "NVIDIA's data sheet, dense; NVLink, 600 GB/s both ways",
    ),
    Card(
        "RTX 4090",
        2022,
        165e12,
        "float16, tensor cores",
        32e9,
        "NVIDIA's data sheet, dense, sums in float32; PCI Express 4.0 ×16",
    ),
    Card(
        "H100 SXM",
        2022,
        989e12,
        "bfloat16, tensor cores",
        450e9,
        "NVIDIA's data sheet, dense; NVLink, 900 GB/s both ways",
    ),
)


def operations(net):
    """Returns the operations of a training step for one image."""
    return PASSES * OPERATIONS * specs.totals(net).macs


def by_towers(net, batch):
    """Returns the bytes for a net of two towers on two cards."""
    return batch * sum(crossing.bytes for crossing in specs.crossings(net))


def by_replicas(net, cards):
    """Returns the bytes for replicas, whatever the batch."""
    return round(ring(cards) * FLOAT32 * specs.totals(net).parameters)


def mixed(net, batch, cards):
    """Returns the bytes for replicated convolutions and split dense layers.

    Every card needs the inputs of all images for its units, and gives back their
    gradients; the outputs are gathered once for the softmax.
    """
    shared = sum(
        row.parameters for row in specs.trace(net) if not isinstance(row.spec, DENSE)
    )
    once = gathered(net) * batch / cards * (cards - 1)
    return round(FLOAT32 * (ring(cards) * shared + once))


def gathered(net):
    """Returns the numbers of an image that cross between split dense layers."""
    dense = [row for row in specs.trace(net) if isinstance(row.spec, DENSE)]
    read = sum(math.prod(row.input_shape) for row in dense)
    return 2 * read + dense[-1].output_shape[-1]


def ring(cards):
    """Returns how often a card sends a number that is summed by a ring."""
    return 2 * (cards - 1) / cards


def break_even(net):
    """Returns the batch up to which `mixed` sends less than `by_replicas`, whatever the
    number of cards."""
    dense = sum(
        row.parameters for row in specs.trace(net) if isinstance(row.spec, DENSE)
    )
    return 2 * dense / gathered(net)


def seconds(net, batch, cards, sent, speed, link):
    """Returns the seconds of a step: computing, then sending.

    `sent` are bytes, `speed` are operations a second of a card, and `link` bytes a
    second. Sending while computing would hide some of it.
    """
    return operations(net) * batch / cards / speed + sent / link


def share_of_peak(net, days, epochs, images, cards, card):
    """Returns the share of its peak that a card reached in a training of that long."""
    return operations(net) * epochs * images / (days * 86_400 * cards * card.peak)
