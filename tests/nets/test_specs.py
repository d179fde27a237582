"""Counts, shapes, memory and crossings of the nets, against numbers worked out by
hand or printed by their sources."""

import pytest

from alexnet_paper.nets import specs
from alexnet_paper.nets import variants
from alexnet_paper.nets.specs import LRN
from alexnet_paper.nets.specs import Architecture
from alexnet_paper.nets.specs import AvgPool
from alexnet_paper.nets.specs import Conv
from alexnet_paper.nets.specs import Dense
from alexnet_paper.nets.specs import Local
from alexnet_paper.nets.specs import MaxPool
from alexnet_paper.nets.specs import ReLU
from alexnet_paper.nets.variants import PAPER
from alexnet_paper.nets.variants import VARIANTS

# variant → parameters, multiply-adds, neurons of the learned layers
TOTALS = {
    "paper": (60_965_224, 724_406_816, 659_272),
    "authors": (60_965_224, 724_406_816, 659_272),
    "one-gpu": (59_798_312, 391_514_384, 355_864),
    "six-conv": (61_555_304, 745_640_480, 668_488),
    "ungrouped": (62_378_344, 1_135_256_096, 659_272),
    "caffe": (60_965_224, 724_406_816, 659_272),
    "caffenet": (60_965_224, 724_406_816, 659_272),
    "one-weird-trick": (61_100_840, 714_188_480, 494_184),
    "bn-cifar10": (25_730_506, 46_378_768, 23_538),
    "cats-vs-dogs": (58_289_538, 1_131_168_288, 658_274),
    "bn-flowers17": (28_096_769, 1_039_576_808, 384_121),
    "paper-32": (428_810, 16_146_432, 53_834),
    "cifar-18pct": (89_578, 12_298_240, 45_066),
    "cifar-13pct": (1_116_490, 18_517_248, 48_394),
    "cifar-11pct": (2_112_970, 19_512_576, 49_546),
    "paper.no-lrn": (60_965_224, 724_406_816, 659_272),
    "paper.no-overlap": (60_965_224, 724_406_816, 659_272),
    "paper.tanh": (60_965_224, 724_406_816, 659_272),
    # conv3 reads 96 maps, not 256: 9·160·384 fewer of its weights, at 169 places
    "paper.no-conv2": (60_104_808, 407_007_776, 472_648),
    # conv4 reads 256 maps, not 192: it grows by as much as conv5 has, 9·64·384
    "paper.no-conv3": (60_301_288, 612_266_528, 594_376),
    "paper.no-conv4": (60_301_288, 612_266_528, 594_376),
    # pool5's 4 × 4 × 384 values are 3,072 fewer inputs to fc6 than 6 × 6 × 256
    "paper.no-conv5": (47_939_688, 637_063_712, 616_008),
}

# variant → parameters of each learned layer
PARAMETERS = {
    "paper": {
        "conv1": 34_944,
        "conv2": 307_456,
        "conv3": 885_120,
        "conv4": 663_936,
        "conv5": 442_624,
        "fc6": 37_752_832,
        "fc7": 16_781_312,
        "fc8": 4_097_000,
    },
    "cifar-11pct": {
        "conv1": 4_864,
        "conv2": 102_464,
        "local3": 1_329_408,
        "local4": 664_704,
        "fc10": 11_530,
    },
}

PAPER_MACS = {
    "conv1": 105_415_200,
    "conv2": 223_948_800,
    "conv3": 149_520_384,
    "conv4": 112_140_288,
    "conv5": 74_760_192,
    "fc6": 37_748_736,
    "fc7": 16_777_216,
    "fc8": 4_096_000,
}

# variant → side of the maps after each convolution and pooling
SIDES = {
    "paper": (55, 27, 27, 13, 13, 13, 13, 6),
    "authors": (55, 27, 27, 13, 13, 13, 13, 6),
    "one-gpu": (55, 27, 27, 13, 13, 13, 13, 6),
    "caffe": (55, 27, 27, 13, 13, 13, 13, 6),
    "caffenet": (55, 27, 27, 13, 13, 13, 13, 6),
    "one-weird-trick": (55, 27, 27, 13, 13, 13, 13, 6),
    "cats-vs-dogs": (55, 27, 27, 13, 13, 13, 13, 6),
    "six-conv": (55, 27, 27, 13, 13, 13, 13, 6, 6),
    "paper.no-overlap": (55, 27, 27, 13, 13, 13, 13, 6),
    "bn-cifar10": (8, 4, 4, 2, 2, 2, 2, 1),
    "bn-flowers17": (54, 27, 17, 8, 6, 4, 2, 1),
    "paper-32": (28, 14, 14, 7, 7, 7, 7, 3),
    "cifar-18pct": (32, 16, 16, 8, 8, 4),
    "cifar-13pct": (24, 12, 12, 6, 6, 6),
    "cifar-11pct": (24, 12, 12, 6, 6, 6),
}


def net_of(name):
    return variants.get(name).architecture


def test_every_variant_has_its_totals():
    """A variant added without its numbers fails here."""
    assert set(VARIANTS) <= set(TOTALS)


@pytest.mark.parametrize("name", TOTALS)
def test_totals(name):
    found = specs.totals(net_of(name))
    assert (found.parameters, found.macs, found.neurons) == TOTALS[name]
    assert found.weights + found.biases == found.parameters


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_of_each_layer(name):
    layers = specs.trace(net_of(name))
    found = {layer.name: layer.parameters for layer in layers if layer.parameters}
    assert found == PARAMETERS[name]


def test_paper_weights_biases_and_multiply_adds():
    totals = specs.totals(PAPER)
    assert (totals.weights, totals.biases) == (60_954_656, 10_568)
    layers = specs.trace(PAPER)
    assert {layer.name: layer.macs for layer in layers if layer.macs} == PAPER_MACS


@pytest.mark.parametrize("name", SIDES)
def test_sides_of_the_maps(name):
    layers = specs.trace(net_of(name))
    maps = [layer for layer in layers if isinstance(layer.spec, (Conv, MaxPool))]
    assert tuple(layer.output_shape[0] for layer in maps) == SIDES[name]
    assert all(layer.output_shape[0] == layer.output_shape[1] for layer in maps)


def test_paper_reads_across_where_figure_2_does():
    """Only conv3 and the dense layers see both towers; fc8 lives in tower a."""
    layers = {layer.name: layer for layer in specs.trace(PAPER)}
    both = {name for name, layer in layers.items() if layer.reads == "both towers"}
    assert both == {"conv3", "fc6", "fc7", "fc8"}
    assert [n for n, layer in layers.items() if layer.reads == "image"] == ["conv1"]
    assert {n for n, layer in layers.items() if layer.towers == "a"} == {"fc8", "prob"}


def test_crossings_of_the_paper_are_figure_2s_seven_tensors():
    found = {
        (c.into, c.source, c.target, c.shape, c.bytes) for c in specs.crossings(PAPER)
    }
    assert found == {
        ("conv3", "a", "b", (13, 13, 128), 86_528),
        ("conv3", "b", "a", (13, 13, 128), 86_528),
        ("fc6", "a", "b", (6, 6, 128), 18_432),
        ("fc6", "b", "a", (6, 6, 128), 18_432),
        ("fc7", "a", "b", (2048,), 8_192),
        ("fc7", "b", "a", (2048,), 8_192),
        ("fc8", "b", "a", (2048,), 8_192),
    }
    assert len(specs.crossings(PAPER)) == 7


def test_six_conv_crosses_into_conv6_too():
    found = [(c.into, c.shape) for c in specs.crossings(net_of("six-conv"))]
    assert found.count(("conv6", (6, 6, 128))) == 2 and len(found) == 9


def test_a_normalization_over_all_maps_crosses():
    wide = PAPER.change(norm1={"groups": 1})
    assert ("norm1", (55, 55, 48)) in [(c.into, c.shape) for c in specs.crossings(wide)]


@pytest.mark.parametrize("name", ["one-gpu", "ungrouped", "caffe", "cifar-11pct"])
def test_one_tower_has_no_crossing(name):
    assert specs.crossings(net_of(name)) == ()
    assert {layer.reads for layer in specs.trace(net_of(name))} == {""}


def test_memory_of_each_card():
    """Half the net each, fc8 and its softmax on the first; batch 128 fits in 3 GB."""
    held = specs.memory(PAPER)
    assert held["a"] == specs.Memory(parameters=130_124_448, activations=3_856_448)
    assert held["b"] == specs.Memory(parameters=113_736_448, activations=3_848_448)
    assert held["a"].training(128) == 1_377_624_032


def test_memory_of_one_device():
    held = specs.memory(net_of("cifar-18pct"))
    assert list(held) == [""]
    assert held[""].parameters == 4 * 89_578


# a window of `size` over `length` zeros: (padding, length, size, stride) → windows
@pytest.mark.parametrize(
    ("padding", "length", "size", "stride", "windows"),
    [
        (0, 227, 11, 4, 55),
        (0, 224, 11, 4, 54),
        ((0, 3), 224, 11, 4, 55),
        (2, 224, 11, 4, 55),
        ("same", 224, 11, 4, 56),
        ("ceil", 32, 3, 2, 16),
        (0, 32, 3, 2, 15),
        ("same", 7, 3, 2, 4),
    ],
)
def test_windows(padding, length, size, stride, windows):
    spec = MaxPool("pool", size, stride, padding)
    assert spec.output_shape((length, length, 5)) == (windows, windows, 5)


def test_ceil_windows_must_start_at_zero():
    with pytest.raises(ValueError, match="start before 0"):
        AvgPool("pool", 3, 2, "ceil").output_shape((7, 7, 1))


def test_unshared_kernels_count_every_position():
    spec = Local("local", 4, 3, padding=1)
    assert spec.weights((6, 5, 2)) == spec.macs((6, 5, 2)) == 6 * 5 * 9 * 2 * 4
    assert spec.biases((6, 5, 2)) == 6 * 5 * 4


def one_layer(*layers, shape=(8, 8, 6), towers=1):
    return Architecture("net", layers, shape, towers)


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (PAPER.with_input((66, 66, 3)), "too small: pool5"),
        (one_layer(Conv("conv1", 8, 9)), "too small: conv1 .9×9. receives 8×8"),
        (one_layer(Conv("conv1", 8, 3, groups=4)), "groups=4 does not divide 6→8"),
        (one_layer(Conv("conv1", 8, 3, groups=3)), "groups=3 does not divide 6→8"),
        (one_layer(LRN("norm1", groups=4)), "groups=4"),
        (one_layer(LRN("norm1", groups=3), towers=2), "net of two towers"),
        (one_layer(ReLU("same"), ReLU("same")), "share a name"),
        (one_layer(ReLU(), ReLU()), "share a name"),
        (one_layer(Dense("fc", 3), Conv("conv", 1, 1)), "needs a .height, width"),
    ],
)
def test_a_net_that_cannot_be_is_refused(net, message):
    with pytest.raises(ValueError, match=message):
        specs.trace(net)


def test_with_classes():
    ten = PAPER.with_classes(10)
    assert (PAPER.classes, ten.classes) == (1000, 10)
    assert specs.totals(ten).parameters == 60_965_224 - 990 * 4097
    assert ten.layers[:-2] == PAPER.layers[:-2]


def test_with_input():
    assert PAPER.with_input([67, 67, 1]).input_shape == (67, 67, 1)
    grey = specs.trace(PAPER.with_input((227, 227, 1)))
    assert grey[0].weights == 96 * 121


def test_change_replaces_named_fields_only():
    changed = PAPER.change(conv2={"padding": 1})
    different = [a for a, b in zip(changed.layers, PAPER.layers, strict=True) if a != b]
    assert [(spec.name, spec.padding) for spec in different] == [("conv2", 1)]


def test_change_refuses_an_unknown_layer():
    with pytest.raises(ValueError, match="paper has no layer conv7"):
        PAPER.change(conv7={"padding": 1})


def test_without_takes_what_follows_along():
    """conv3 goes with its ReLU, fc6 with its ReLU and its dropout."""
    left = PAPER.without("conv3", "fc6").layers
    assert len(left) == len(PAPER.layers) - 2 - 3
    assert not {"conv3", "fc6"} & {spec.name for spec in left}
    names = [layer.name for layer in specs.trace(PAPER.without("conv3"))]
    assert names[names.index("pool2") + 1 :][:2] == ["conv4", "conv4_relu"]


@pytest.mark.parametrize(
    ("variant", "name", "last"),
    [
        ("paper", "conv1", "conv1_relu"),
        ("paper", "pool5", "pool5"),
        ("paper", "fc7", "fc7_relu"),
        ("paper", "fc8", "fc8"),
        ("paper", "prob", "prob"),
        ("authors", "conv1", "conv1"),
        ("authors", "pool5", "pool5_relu"),
        ("one-weird-trick", "pool5", "pool5"),
        ("paper.tanh", "fc6", "fc6_tanh"),
        ("bn-cifar10", "conv1", "conv1_relu"),
    ],
)
def test_until_takes_what_belongs_to_a_layer_and_no_dropout(variant, name, last):
    cut = specs.trace(net_of(variant).until(name))
    assert cut[-1].name == last
    assert cut == specs.trace(net_of(variant))[: len(cut)]


@pytest.mark.parametrize("name", ["fc9", "", "relu"])
def test_until_refuses_an_unknown_layer(name):
    with pytest.raises(ValueError, match="paper has no layer .*conv1, norm1.*prob"):
        PAPER.until(name)


def test_convolutional_ends_before_the_first_dense_layer():
    assert specs.trace(PAPER.convolutional())[-1].name == "pool5"
    assert specs.trace(PAPER.convolutional())[-1].output_shape == (6, 6, 256)
