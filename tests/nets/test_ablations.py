"""Ablations: each changes what it says and nothing else, on any net it applies to."""

import dataclasses

import numpy as np
import pytest

from alexnet_paper.data import augment
from alexnet_paper.nets import specs
from alexnet_paper.nets import variants
from alexnet_paper.nets.ablations import ABLATIONS
from alexnet_paper.nets.model import build_model
from alexnet_paper.training import train
from alexnet_paper.training.plan import Plan

BASE = variants.get("paper-32")

# ablation → parameters and multiply-adds that paper-32 loses, and its pooled sizes, by
# hand: conv1 is 5·5·3·32 + 32 of them, and conv2 then reads 3 maps, not 32 / 2; without
# conv2, conv3 reads 32 maps, not 64; without conv3 or conv4, 3·3·64·128 + 128 are gone;
# without conv5, 3·3·64·64 + 64, and fc6 reads 2·2·128, not 3·3·64
CONV = 3 * 3 * 64 * 128
EXPECTED = {
    "one-tower": (106_336, 7_965_440, (14, 7, 3)),
    "no-conv1": (2_432 + 25 * 13 * 64, 28**2 * 2_400 + 14**2 * 25 * 13 * 64, (7, 3)),
    "no-conv2": (62_528, 14**2 * 25 * 16 * 64 + 49 * 9 * 32 * 128, (14, 7, 3)),
    "no-conv3": (CONV + 128, 49 * CONV, (14, 7, 3)),
    "no-conv4": (CONV + 128, 49 * CONV, (14, 7, 3)),
    "no-conv5": (CONV // 2 + 64 + 64 * 256, 49 * CONV // 2 + 64 * 256, (14, 7, 2)),
    "no-fc7": (256 * 256 + 256, 256 * 256, (14, 7, 3)),
}
HAS = ("unit-bias", "with-lrn")  # of paper-32: they would change nothing
APPLIED = [name for name in ABLATIONS if name not in HAS]


@pytest.mark.parametrize("name", APPLIED)
def test_sizes_after_an_ablation(name):
    """None makes anything larger; one that is not above changes no size."""
    net = variants.get(f"paper-32.{name}").architecture
    whole, totals = specs.totals(BASE.architecture), specs.totals(net)
    pools = tuple(
        row.output_shape[0]
        for row in specs.trace(net)
        if isinstance(row.spec, specs.MaxPool)
    )
    less = whole.parameters - totals.parameters, whole.macs - totals.macs
    assert (*less, pools) == EXPECTED.get(name, (0, 0, (14, 7, 3)))


@pytest.mark.parametrize("name", APPLIED)
def test_one_thing_is_changed(name):
    """Either layers, of one kind or one name, or the fields of the recipe it names."""
    variant, ablation = variants.get(f"paper-32.{name}"), ABLATIONS[name]
    assert variant.name == f"paper-32.{name}"
    changed = {
        field.name
        for field in dataclasses.fields(BASE.recipe)
        if getattr(variant.recipe, field.name) != getattr(BASE.recipe, field.name)
    }
    assert changed == set(ablation.recipe) - {"layer_weight_decay"}
    same = variant.architecture.layers == BASE.architecture.layers
    assert same == bool(ablation.recipe)


KINDS = {
    "no-lrn": specs.LRN,
    "no-dropout": specs.Dropout,
    "tanh": specs.ReLU,
    "sigmoid": specs.ReLU,
    "no-overlap": specs.MaxPool,
}


@pytest.mark.parametrize("name", KINDS)
def test_the_other_layers_stay(name):
    def others(net):
        apart = KINDS[name], specs.Tanh, specs.Sigmoid, specs.Scale
        return [s for s in net.layers if not isinstance(s, apart)]

    net = variants.get(f"paper-32.{name}").architecture
    assert others(net) == others(BASE.architecture)
    left = [spec for spec in net.layers if isinstance(spec, KINDS[name])]
    if name == "no-overlap":
        assert {(spec.size, spec.stride, spec.padding) for spec in left} == {(2, 2, 0)}
    else:
        assert not left
    for other, kind in (("tanh", specs.Tanh), ("sigmoid", specs.Sigmoid)):
        found = sum(isinstance(spec, kind) for spec in net.layers)
        assert found == 7 * (name == other)


def test_one_tower_of_the_paper_is_its_one_gpu_net():
    ours, theirs = variants.get("paper.one-tower"), variants.get("one-gpu")
    assert ours.architecture.layers == theirs.architecture.layers
    assert ours.architecture.towers == theirs.architecture.towers == 1


def test_without_normalization_its_constant_factor_stays():
    """With alpha = 0 a response normalization is the factor k^−beta: 2^−0.75."""
    net = variants.get("paper-32.no-lrn").architecture
    (factor,) = {spec.factor for spec in net.layers if isinstance(spec, specs.Scale)}
    assert factor == pytest.approx(0.5946, abs=1e-4)
    images = np.random.default_rng(0).normal(0, 60, (2, 28, 28, 3)).astype("float32")
    idle = BASE.architecture.change(norm1={"alpha": 0.0}, norm2={"alpha": 0.0})
    models = [build_model(one, "one-device", seed=3) for one in (net, idle)]
    ours, theirs = (np.asarray(model(images)) for model in models)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4)
    caffe = variants.get("caffe.no-lrn").architecture  # k = 1: nothing is left
    assert not [s for s in caffe.layers if isinstance(s, (specs.LRN, specs.Scale))]


def test_with_normalization_the_first_net_of_footnote_3_is_a_narrow_second_one():
    """Only local3's width is left of what differs; taken out again, nothing is."""
    ours = variants.get("cifar-13pct.with-lrn").architecture
    wide = variants.get("cifar-11pct").architecture
    assert ours.change(local3={"filters": 64}).layers == wide.layers
    back = variants.get("cifar-13pct.with-lrn.no-lrn").architecture
    first = variants.get("cifar-13pct")
    assert back.layers == first.architecture.layers
    assert variants.get("cifar-13pct.with-lrn").recipe == first.recipe


@pytest.mark.parametrize("number", range(1, 6))
def test_without_a_layer_both_forms_stay_one_function(number):
    net = variants.get(f"paper-32.no-conv{number}").architecture
    images = np.random.default_rng(1).normal(0, 60, (2, 28, 28, 3)).astype("float32")
    one, two = (
        build_model(net, form, seed=3)(images) for form in ("one-device", "CPU:0,CPU:1")
    )
    np.testing.assert_allclose(one, two, rtol=1e-4)


def test_ablations_are_chained():
    net = variants.get("cifar-18pct.no-lrn.no-decay.tanh")
    assert net.name == "cifar-18pct.no-lrn.no-decay.tanh"
    kinds = {type(spec) for spec in net.architecture.layers}
    assert specs.Tanh in kinds and not kinds & {specs.SpatialNorm, specs.ReLU}
    assert (net.recipe.weight_decay, net.recipe.layer_weight_decay) == (0, ())
    assert len(net.departures) == len(variants.get("cifar-18pct").departures) + 3


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("paper.no-thing", "unknown ablation 'no-thing': one of no-lrn, no-dropout"),
        ("thing.no-lrn", "unknown variant 'thing': one of paper"),
        ("paper.with-lrn", "paper has response normalization already"),
        ("cifar-13pct.no-lrn", "no-lrn would change nothing in cifar-13pct"),
        ("paper.no-conv1", "conv2's 5×5 windows, 8 apart, would leave out pixels"),
        ("one-gpu.one-tower", "one-tower would change nothing in one-gpu"),
        ("paper.no-lrn.no-lrn", "no-lrn would change nothing in paper.no-lrn"),
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


TRAINED = [
    "no-lrn.no-dropout.tanh.no-overlap.no-conv1.no-conv4.no-fc7.no-decay.no-crops",
    "one-tower.no-conv2.no-conv3.no-conv5.no-colour.unit-pixels.small-bias",
    "zero-bias.sigmoid",
]


def test_all_ablations_are_trained():
    assert sorted(APPLIED) == sorted(".".join(TRAINED).split("."))


@pytest.mark.parametrize("names", TRAINED)
def test_an_ablated_net_is_built_and_trained_like_any(names, tmp_path):
    plan = Plan(f"paper-32.{names}", "digits", epochs=1, limit=16, batch_size=16)
    run = train.start(plan, tmp_path, "command", notify=print)
    assert run.train() and np.isfinite(run.history[0]["loss"])
