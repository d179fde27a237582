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
    "cifar-19pct": (89_578, 12_298_240, 45_066),
    "cifar-max": (456_522, 14_380_288, 47_306),
    "cifar-full": (89_578, 12_298_240, 45_066),
    "cifar-13pct": (1_116_490, 18_517_248, 48_394),
    "cifar-11pct": (2_112_970, 19_512_576, 49_546),
}

# of each learned layer of the paper's net: parameters, multiply-adds
LAYERS = {
    "conv1": (34_944, 105_415_200),
    "conv2": (307_456, 223_948_800),
    "conv3": (885_120, 149_520_384),
    "conv4": (663_936, 112_140_288),
    "conv5": (442_624, 74_760_192),
    "fc6": (37_752_832, 37_748_736),
    "fc7": (16_781_312, 16_777_216),
    "fc8": (4_097_000, 4_096_000),
}


def net_of(name):
    return variants.get(name).architecture


@pytest.mark.parametrize("name", VARIANTS)
def test_totals(name):
    found = specs.totals(net_of(name))
    assert (found.parameters, found.macs, found.neurons) == TOTALS[name]
    assert found.weights + found.biases == found.parameters


def test_layers_of_the_paper():
    rows = specs.trace(PAPER)
    found = {row.name: (row.parameters, row.macs) for row in rows if row.parameters}
    assert found == LAYERS
    totals = specs.totals(PAPER)
    assert (totals.weights, totals.biases) == (60_954_656, 10_568)


def test_paper_reads_across_where_figure_2_does():
    """Only conv3 and the dense layers see both towers; fc8 lives in tower a."""
    layers = {layer.name: layer for layer in specs.trace(PAPER)}
    both = {name for name, layer in layers.items() if layer.reads == "both towers"}
    assert both == {"conv3", "fc6", "fc7", "fc8"}
    assert [n for n, layer in layers.items() if layer.reads == "image"] == ["conv1"]
    assert {n for n, layer in layers.items() if layer.towers == "a"} == {"fc8", "prob"}


def test_crossings_of_the_paper_are_figure_2s_seven_tensors():
    rows = specs.crossings(PAPER)
    assert sorted((c.into, c.source, c.target, c.shape, c.bytes) for c in rows) == [
        ("conv3", "a", "b", (13, 13, 128), 86_528),
        ("conv3", "b", "a", (13, 13, 128), 86_528),
        ("fc6", "a", "b", (6, 6, 128), 18_432),
        ("fc6", "b", "a", (6, 6, 128), 18_432),
        ("fc7", "a", "b", (2048,), 8_192),
        ("fc7", "b", "a", (2048,), 8_192),
        ("fc8", "b", "a", (2048,), 8_192),
    ]


def test_what_else_crosses():
    """conv6's reads, and a normalization over all maps."""
    found = [(c.into, c.shape) for c in specs.crossings(net_of("six-conv"))]
    assert found.count(("conv6", (6, 6, 128))) == 2 and len(found) == 9
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
    one = specs.memory(net_of("cifar-18pct"))
    assert list(one) == [""] and one[""].parameters == 4 * 89_578


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


def test_with_classes_and_input():
    ten = PAPER.with_classes(10)
    assert (PAPER.classes, ten.classes) == (1000, 10)
    assert specs.totals(ten).parameters == 60_965_224 - 990 * 4097
    assert ten.layers[:-2] == PAPER.layers[:-2]
    grey = PAPER.with_input([67, 67, 1])
    assert grey.input_shape == (67, 67, 1) and specs.trace(grey)[0].weights == 96 * 121


def test_change_replaces_named_fields_only():
    changed = PAPER.change(conv2={"padding": 1})
    different = [a for a, b in zip(changed.layers, PAPER.layers, strict=True) if a != b]
    assert [(spec.name, spec.padding) for spec in different] == [("conv2", 1)]


def test_without_takes_what_follows_along():
    """conv3 goes with its ReLU, fc6 with its ReLU and its dropout."""
    left = specs.trace(PAPER.without("conv3", "fc6"))
    gone = {row.name for row in specs.trace(PAPER)} - {row.name for row in left}
    assert gone == {"conv3", "conv3_relu", "fc6", "fc6_relu", "fc6_dropout"}


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


def test_convolutional_ends_before_the_first_dense_layer():
    last = specs.trace(PAPER.convolutional())[-1]
    assert (last.name, last.output_shape) == ("pool5", (6, 6, 256))


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: PAPER.change(conv7={"padding": 1}), "paper has no layer conv7"),
        (lambda: PAPER.until("fc9"), "paper has no layer .*conv1, norm1.*prob"),
        (lambda: PAPER.until(""), "paper has no layer .*conv1, norm1.*prob"),
        (lambda: PAPER.until("relu"), "paper has no layer .*conv1, norm1.*prob"),
        (
            lambda: AvgPool("pool", 3, 2, "ceil").output_shape((7, 7, 1)),
            "start before 0",
        ),
    ],
)
def test_a_layer_that_is_not_there_is_refused(ask, message):
    with pytest.raises(ValueError, match=message):
        ask()
