"""Ablations: each changes what it says and nothing else, on any net it applies to."""

import dataclasses

import numpy as np
import pytest

from alexnet_paper import architecture as arch
from alexnet_paper import augment
from alexnet_paper import variants
from alexnet_paper.ablations import ABLATIONS

BASE = variants.get("paper-32")

# ablation → parameters, multiply-adds and pooled sizes of paper-32 after it, by hand:
# without conv3, conv4 reads 32 of 64 maps; without conv4, conv5 as before; without
# conv5, fc6 reads 3·3·128
EXPECTED = {
    "no-lrn": (428_810, 16_146_432, (14, 7, 3)),
    "no-dropout": (428_810, 16_146_432, (14, 7, 3)),
    "tanh": (428_810, 16_146_432, (14, 7, 3)),
    "no-overlap": (428_810, 16_146_432, (14, 7, 3)),
    "one-tower": (322_474, 8_180_992, (14, 7, 3)),
    "no-conv3": (428_810 - 73_856 - 36_864, 10_727_424, (14, 7, 3)),
    "no-conv4": (428_810 - 73_856, 16_146_432 - 3_612_672, (14, 7, 3)),
    "no-conv5": (428_810 - 36_928 + 147_456, 14_487_552, (14, 7, 3)),
    "no-decay": (428_810, 16_146_432, (14, 7, 3)),
    "no-crops": (428_810, 16_146_432, (14, 7, 3)),
    "no-colour": (428_810, 16_146_432, (14, 7, 3)),
}


@pytest.mark.parametrize("name", ABLATIONS)
def test_sizes_after_an_ablation(name):
    """An ablation added without its row here fails."""
    net = variants.get(f"paper-32.{name}").architecture
    totals = arch.totals(net)
    pools = tuple(
        row.output_shape[0]
        for row in arch.trace(net)
        if isinstance(row.spec, arch.MaxPool)
    )
    assert (totals.parameters, totals.macs, pools) == EXPECTED[name]


@pytest.mark.parametrize("name", ABLATIONS)
def test_one_thing_is_changed(name):
    """Either layers, of one kind or one name, or the fields of the recipe it names."""
    variant, ablation = variants.get(f"paper-32.{name}"), ABLATIONS[name]
    assert variant.name == f"paper-32.{name}"
    assert ablation.departure in variant.departures
    assert ablation.title in variant.title
    changed = {
        field.name
        for field in dataclasses.fields(BASE.recipe)
        if getattr(variant.recipe, field.name) != getattr(BASE.recipe, field.name)
    }
    assert changed == set(ablation.recipe) - {"layer_weight_decay"}
    same = variant.architecture.layers == BASE.architecture.layers
    assert same == bool(ablation.recipe)


KINDS = {
    "no-lrn": arch.LRN,
    "no-dropout": arch.Dropout,
    "tanh": arch.ReLU,
    "no-overlap": arch.MaxPool,
}


@pytest.mark.parametrize("name", KINDS)
def test_the_other_layers_stay(name):
    def others(net):
        return [s for s in net.layers if not isinstance(s, (KINDS[name], arch.Tanh))]

    net = variants.get(f"paper-32.{name}").architecture
    assert others(net) == others(BASE.architecture)
    left = [spec for spec in net.layers if isinstance(spec, KINDS[name])]
    if name == "no-overlap":
        assert {(spec.size, spec.stride, spec.padding) for spec in left} == {(2, 2, 0)}
    else:
        assert not left
    assert sum(isinstance(s, arch.Tanh) for s in net.layers) == 7 * (name == "tanh")


def test_one_tower_of_the_paper_is_its_one_gpu_net():
    ours, theirs = variants.get("paper.one-tower"), variants.get("one-gpu")
    assert ours.architecture.layers == theirs.architecture.layers
    assert ours.architecture.towers == theirs.architecture.towers == 1


def test_without_a_layer_as_the_paper_s_variants():
    for layer in ("conv3", "conv4", "conv5"):
        ours, theirs = (variants.get(f"{n}{layer}") for n in ("paper.no-", "without-"))
        assert ours.architecture.layers == theirs.architecture.layers


def test_ablations_are_chained():
    net = variants.get("cifar-18pct.no-lrn.no-decay.tanh")
    assert net.name == "cifar-18pct.no-lrn.no-decay.tanh"
    kinds = {type(spec) for spec in net.architecture.layers}
    assert arch.Tanh in kinds and not kinds & {arch.SpatialNorm, arch.ReLU}
    assert (net.recipe.weight_decay, net.recipe.layer_weight_decay) == (0, ())
    assert len(net.departures) == len(variants.get("cifar-18pct").departures) + 3


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("paper.no-thing", "unknown ablation 'no-thing': one of no-lrn, no-dropout"),
        ("thing.no-lrn", "unknown variant 'thing': one of paper"),
        ("cifar-13pct.no-lrn", "cifar-13pct has nothing that no-lrn would change"),
        ("one-gpu.one-tower", "one-gpu has nothing that one-tower would change"),
        ("paper.no-lrn.no-lrn", "paper.no-lrn has nothing that no-lrn would change"),
    ],
)
def test_an_ablation_that_cannot_be(name, message):
    with pytest.raises(ValueError, match=message):
        variants.get(name)


def test_without_crops_the_central_patch_is_trained_on():
    rows, columns = np.mgrid[:32, :32]
    image = np.stack([rows, columns, rows], axis=-1).astype("uint8")
    plain = {"mean": None, "colour": None}
    seen = {}
    for name in ("paper-32", "paper-32.no-crops"):
        recipe = dataclasses.replace(variants.get(name).recipe, **plain)
        prepare = augment.preparation(recipe, 28, [image])
        views = [prepare.training(image, np.random.default_rng(i)) for i in range(40)]
        seen[name] = {(view[0, 0, 0], view[0, 0, 1], view[0, 1, 1]) for view in views}
        assert {view.shape for view in views} == {(28, 28, 3)}
    assert seen["paper-32.no-crops"] == {(2, 2, 3)}
    assert len(seen["paper-32"]) > 20


@pytest.mark.parametrize("name", ABLATIONS)
def test_an_ablated_net_is_built_and_trained_like_any(name, tmp_path):
    from alexnet_paper import train
    from alexnet_paper.plan import Plan

    plan = Plan(f"paper-32.{name}", "digits", epochs=1, limit=16, batch_size=16)
    run = train.start(plan, tmp_path, "command", notify=print)
    assert run.train() and np.isfinite(run.history[0]["loss"])
