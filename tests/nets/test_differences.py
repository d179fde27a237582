"""What distinguishes two nets, held against nets made and compared by hand."""

import dataclasses

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


def changed(*layers):
    """The rows that differ between NET and one of these layers."""
    other = dataclasses.replace(NET, layers=layers)
    return differences.only_differing(differences.layer_rows(NET, other))


@pytest.mark.parametrize("name", variants.VARIANTS)
def test_a_variant_does_not_differ_from_itself(name):
    variant = variants.get(name)
    rows = differences.rows(variant, variant)
    assert differences.only_differing(rows) == ()
    fields = len(dataclasses.fields(Recipe))
    assert len(rows) == 2 + len(variant.architecture.layers) + 2 + fields


def test_a_changed_field_is_the_only_one_named():
    other = dataclasses.replace(CONV, kernel=5, padding=(0, 1))
    assert changed(other, RELU, NORM, POOL, DENSE) == (
        Row(
            "conv1", "kernel 3×3, padding 0", "kernel 5×5, padding 0 before and 1 after"
        ),
    )


def test_a_layer_that_is_missing_or_added():
    assert changed(CONV, RELU, POOL, DENSE) == (Row("norm1", NORM_WORDS, "–"),)
    more = (*NET.layers, Dropout(rate=0.4, scaled=True))
    assert changed(*more) == (
        Row("fc2_dropout", "–", "dropout: rate 0.4, scaled in training yes"),
    )


def test_a_moved_layer_is_one_row_with_both_places():
    pool = "max-pooling: size 2×2, stride 2, padding 0"
    assert changed(CONV, RELU, POOL, NORM, DENSE) == (
        Row("pool1", f"after norm1: {pool}", f"after conv1_relu: {pool}"),
    )
    assert changed(CONV, NORM, POOL, RELU, DENSE) == (
        Row("conv1_relu", "after conv1: ReLU", "after pool1: ReLU"),
    )


def test_another_kind_in_the_same_place_is_one_row():
    assert changed(CONV, Tanh(), NORM, POOL, DENSE) == (
        Row("conv1_relu", "ReLU", "tanh: scale 1, slope 1"),
    )
    assert changed(CONV, RELU, BatchNorm("norm1"), POOL, DENSE) == (
        Row("norm1", NORM_WORDS, "batch normalization"),
    )


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
        optimizer="adam",
        drops=(5, 8),
        rate_multipliers=(("bias", 2.0),),
        mean=None,
        reflect=True,
    )
    assert differences.only_differing(differences.recipe_rows(Recipe(), other)) == (
        Row("optimizer", "sgd", "adam"),
        Row("rate multipliers", "none", "bias 2"),
        Row(
            "drops",
            "× 0.1 after 5 epochs without a lower validation error, 3 times at most",
            "5, 8",
        ),
        Row("mean", "image", "none"),
        Row("reflect", "no", "yes"),
    )


def test_every_two_variants_can_be_compared():
    """No layer is lost: every layer of both nets is in exactly one row."""
    for a in variants.VARIANTS.values():
        for b in variants.VARIANTS.values():
            rows = differences.layer_rows(a.architecture, b.architecture)
            of_a = sum(row.a != "–" for row in rows)
            of_b = sum(row.b != "–" for row in rows)
            assert of_a == len(a.architecture.layers), (a.name, b.name)
            assert of_b == len(b.architecture.layers), (a.name, b.name)
