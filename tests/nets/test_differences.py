"""What distinguishes two nets, held against nets made and compared by hand."""

import dataclasses
import itertools

import pytest

from alexnet_paper.nets import differences
from alexnet_paper.nets import variants
from alexnet_paper.nets.differences import Row
from alexnet_paper.nets.recipes import Recipe
from alexnet_paper.nets.specs import LRN
from alexnet_paper.nets.specs import Architecture
from alexnet_paper.nets.specs import BatchNorm
from alexnet_paper.nets.specs import Conv
from alexnet_paper.nets.specs import Dense
from alexnet_paper.nets.specs import Dropout
from alexnet_paper.nets.specs import MaxPool
from alexnet_paper.nets.specs import ReLU
from alexnet_paper.nets.specs import Tanh

NET = Architecture(
    "net",
    (
        Conv("conv1", 4, 3),
        ReLU(),
        LRN("norm1"),
        MaxPool("pool1", 2, 2),
        Dense("fc2", 3),
    ),
    (8, 8, 3),
)
CONV, RELU, NORM, POOL, DENSE = NET.layers
NORM_WORDS = "LRN: n 5, k 2, alpha 0.0001, beta 0.75, groups 1"


KERNELS = ("kernel 3×3, padding 0", "kernel 5×5, padding 0 before and 1 after")
POOL_WORDS = "max-pooling: size 2×2, stride 2, padding 0"


@pytest.mark.parametrize(
    ("layers", "row"),
    [
        (
            (dataclasses.replace(CONV, kernel=5, padding=(0, 1)), *NET.layers[1:]),
            ("conv1", *KERNELS),
        ),
        ((CONV, RELU, POOL, DENSE), ("norm1", NORM_WORDS, "–")),
        (
            (*NET.layers, Dropout(rate=0.4, scaled=True)),
            ("fc2_dropout", "–", "dropout: rate 0.4, scaled in training yes"),
        ),
        (  # a layer that has moved is one row with both places
            (CONV, RELU, POOL, NORM, DENSE),
            ("pool1", f"after norm1: {POOL_WORDS}", f"after conv1_relu: {POOL_WORDS}"),
        ),
        (
            (CONV, NORM, POOL, RELU, DENSE),
            ("conv1_relu", "after conv1: ReLU", "after pool1: ReLU"),
        ),
        (  # another kind in the same place is one row
            (CONV, Tanh(), NORM, POOL, DENSE),
            ("conv1_relu", "ReLU", "tanh: scale 1, slope 1"),
        ),
        (
            (CONV, RELU, BatchNorm("norm1"), POOL, DENSE),
            ("norm1", NORM_WORDS, "batch normalization"),
        ),
    ],
)
def test_the_one_layer_that_differs(layers, row):
    other = dataclasses.replace(NET, layers=layers)
    rows = differences.layer_rows(NET, other)
    assert differences.only_differing(rows) == (Row(*row),)


def test_input_towers_and_counts():
    """Two more columns: conv1 has 6×8 positions for 6×6, fc2 3·4·4 inputs for 3·3·4."""
    rows = differences.architecture_rows(NET, NET.with_input((8, 10, 3)))
    assert differences.only_differing(rows) == (
        Row("input", "8×8×3", "8×10×3"),
        Row("parameters", "223", "259"),  # fc2: 3·3·4·3 + 3 against 3·4·4·3 + 3
        Row("multiply-adds", "3,996", "5,328"),  # 36·108 + 108 against 48·108 + 144
    )
    halves = dataclasses.replace(NET, towers=2, layers=(CONV, RELU, NORM, POOL))
    rows = differences.architecture_rows(NET, halves)
    assert rows[1] == Row("towers", "1", "2")


def test_recipes_field_by_field():
    other = Recipe(
        "adam", drops=(5, 8), rate_multipliers=(("bias", 2.0),), mean=None, reflect=True
    )
    falls = "× 0.1 after 5 epochs without a lower validation error, 3 times at most"
    assert differences.only_differing(differences.recipe_rows(Recipe(), other)) == (
        Row("optimizer", "sgd", "adam"),
        Row("rate multipliers", "none", "bias 2"),
        Row("drops", falls, "5, 8"),
        Row("mean", "image", "none"),
        Row("reflect", "no", "yes"),
    )


def test_every_two_variants_can_be_compared():
    """Every layer of both nets is in exactly one row; none differs from itself."""
    for a, b in itertools.product(variants.VARIANTS.values(), repeat=2):
        rows = differences.layer_rows(a.architecture, b.architecture)
        for net, side in ((a, "a"), (b, "b")):
            count = sum(getattr(row, side) != "–" for row in rows)
            assert count == len(net.architecture.layers), (a.name, b.name)
        if a is b:
            rows = differences.rows(a, a)
            assert differences.only_differing(rows) == ()
            fields = len(dataclasses.fields(Recipe))
            assert len(rows) == 4 + len(a.architecture.layers) + fields
