"""Every variant's order of layers, constants and recipe, as its source has them."""

import pytest

from alexnet_paper.nets import recipes
from alexnet_paper.nets import specs as arch
from alexnet_paper.nets import variants
from alexnet_paper.nets.variants import VARIANTS

WORDS = {
    arch.ReLU: "relu",
    arch.Tanh: "tanh",
    arch.LRN: "lrn",
    arch.SpatialNorm: "snorm",
    arch.BatchNorm: "bn",
    arch.Dropout: "drop",
    arch.Softmax: "softmax",
    arch.MaxPool: "max",
    arch.AvgPool: "avg",
}

DENSE = "fc6 relu drop fc7 relu drop fc8 softmax"
PAPER = (
    "conv1 relu lrn max conv2 relu lrn max conv3 relu conv4 relu conv5 relu max "
    f"{DENSE}"
)
ORDER = {
    "paper": PAPER,
    # LRN before the first ReLU, ReLU after pool1 and pool5, the undisclosed snorm
    "authors": "conv1 lrn max relu conv2 relu lrn snorm max conv3 relu conv4 relu "
    f"conv5 max relu {DENSE}",
    "one-gpu": PAPER,
    "six-conv": PAPER.replace("fc6", "conv6 relu fc6"),
    "ungrouped": PAPER,
    "caffe": PAPER,
    "caffenet": PAPER.replace("lrn max", "max lrn"),
    "one-weird-trick": "conv1 relu max conv2 relu max conv3 relu conv4 relu conv5 relu "
    "max drop fc6 relu drop fc7 relu fc8 softmax",
    "bn-cifar10": "conv1 bn relu max conv2 bn relu max conv3 bn relu conv4 bn relu "
    "conv5 bn relu max fc6 bn relu drop fc7 bn relu drop fc8 bn relu drop fc9 bn "
    "softmax",
    "cats-vs-dogs": PAPER.replace(" lrn", ""),
    "bn-flowers17": "conv1 relu max bn conv2 relu max bn conv3 relu bn conv4 relu bn "
    "conv5 relu max bn fc6 relu drop bn fc7 relu drop bn fc8 relu drop bn fc9 softmax",
    "paper-32": PAPER,
    "cifar-18pct": "conv1 max relu snorm conv2 relu avg snorm conv3 relu avg fc10 "
    "softmax",
    "cifar-19pct": "conv1 max relu conv2 relu avg conv3 relu avg fc10 softmax",
    "cifar-max": "conv1 relu max conv2 relu max fc3 relu fc4 softmax",
    "cifar-full": "conv1 max relu snorm conv2 relu avg snorm conv3 relu avg ip1 "
    "softmax",
    "cifar-13pct": "conv1 relu max conv2 relu max local3 relu local4 relu fc10 softmax",
    "cifar-11pct": "conv1 relu max lrn conv2 relu lrn max local3 relu local4 relu fc10 "
    "softmax",
}

# variant → (n or size, k, alpha per squared activity, beta, groups) of each
# normalization (groups 0: each map by itself); cuda-convnet and Caffe divide their
# alpha by the window's elements
NORMALIZATIONS = {
    **dict.fromkeys(("paper", "six-conv", "paper-32"), [(5, 2, 1e-4, 0.75, 2)] * 2),
    **dict.fromkeys(("one-gpu", "ungrouped"), [(5, 2, 1e-4, 0.75, 1)] * 2),
    **dict.fromkeys(("caffe", "caffenet"), [(5, 1, 2e-5, 0.75, 1)] * 2),
    "authors": [*[(5, 2, 2e-5, 0.75, 2)] * 2, (5, 1, 4e-5, 0.75, 0)],
    **dict.fromkeys(("cifar-18pct", "cifar-full"), [(3, 1, 5.5556e-6, 0.75, 0)] * 2),
    "cifar-11pct": [(9, 1, 1.1111e-4, 0.75, 1)] * 2,
}

# variant → the first weights' deviation (or rule) of each learned layer, and the value
# that their biases start at
BIASES = [0, 1, 0, 1, 1, 1, 1, 0]
START = {
    "paper": ([0.01] * 8, BIASES),
    "one-gpu": ([0.01] * 8, BIASES),
    "ungrouped": ([0.01] * 8, BIASES),
    "authors": ([0.01, 0.01, 0.03, 0.03, 0.03, 0.01, 0.01, 0.01], BIASES),
    "six-conv": ([0.01] * 5 + [0.03] + [0.01] * 3, [0, 1, 0, 1, 1, 1, 1, 1, 0]),
    "caffe": (
        [0.01] * 5 + [0.005, 0.005, 0.01],
        [0, 0.1, 0, 0.1, 0.1, 0.1, 0.1, 0],
    ),
    "caffenet": ([0.01] * 5 + [0.005, 0.005, 0.01], BIASES),
    "one-weird-trick": (["fan_in"] * 8, [0] * 8),
    "bn-cifar10": (["glorot"] * 9, [0] * 9),
    "cats-vs-dogs": (["glorot"] * 8, [0] * 8),
    "bn-flowers17": (["glorot"] * 9, [0] * 9),
    "paper-32": ([0.022, 0.0173, 0.02, 0.0173, 0.0173, 0.04, 0.04, 0.04], BIASES),
    "cifar-18pct": ([0.0001, 0.01, 0.01, 0.01], [0] * 4),
    "cifar-19pct": ([0.0001, 0.01, 0.01, 0.01], [0] * 4),
    "cifar-max": (["glorot"] * 4, [0] * 4),
    "cifar-full": ([0.0001, 0.01, 0.01, 0.01], [0] * 4),
    "cifar-13pct": ([0.0001, 0.01, 0.04, 0.04, 0.01], [0] * 5),
    "cifar-11pct": ([0.0001, 0.01, 0.04, 0.04, 0.01], [0] * 5),
}

# variant → rate, momentum, decay, layers' own decays, factor of the biases' rate (or
# of those of single layers), batch, epochs, epochs of the drops; and of the images
# side, reflection, colour, mean
RECIPES = {
    "paper": (
        *(0.01, 0.9, 5e-4, {}, 1, 128, 90, recipes.OnPlateau()),
        *(256, True, "paper", "image"),
    ),
    "authors": (
        *(0.01, 0.9, 5e-4, {}, 2, 128, 90, recipes.OnPlateau()),
        *(256, True, "authors", "image"),
    ),
    "caffe": (
        *(0.01, 0.9, 5e-4, {}, 2, 256, 90, (20, 40, 60, 80)),
        *(256, True, None, "image"),
    ),
    "cifar-18pct": (
        *(0.001, 0.9, 0.004, {"fc10": 1}, 2, 128, 140, (120, 130)),
        *(None, False, None, "image"),
    ),
    "cifar-19pct": (
        *(0.001, 0.9, 0.004, {"fc10": 3}, 2, 128, 140, (120, 130)),
        *(None, False, None, "image"),
    ),
    "cifar-max": (
        *(0.001, 0.9, 0.0, {}, 2, 128, 60, recipes.OnPlateau()),
        *(None, False, None, "image"),
    ),
    "cifar-full": (
        *(0.001, 0.9, 0.004, {"ip1": 1}, {"conv1": 2, "conv2": 2, "ip1": 2}),
        *(100, 140, (120, 130), None, False, None, "image"),
    ),
    "cifar-13pct": (
        *(0.001, 0.9, 0, {"local3": 0.004, "local4": 0.004, "fc10": 0.004}),
        *(2, 128, 160, (140, 150), 32, True, None, "image"),
    ),
    "cifar-11pct": (
        *(0.001, 0.9, 0, {"local3": 0.004, "local4": 0.004, "fc10": 0.01}),
        *(2, 128, 520, (500, 510), 32, True, None, "image"),
    ),
    "bn-cifar10": (0.001, 0.9, 0, {}, 1, 100, 100, (), None, True, None, None),
    "cats-vs-dogs": (0.001, 0.9, 0, {}, 1, 32, 10, (), None, False, None, None),
    "bn-flowers17": (0.001, 0.9, 0, {}, 1, 64, 250, (), None, False, None, None),
}


def specs(name, *kinds):
    return [x for x in VARIANTS[name].architecture.layers if isinstance(x, kinds)]


@pytest.mark.parametrize("name", VARIANTS)
def test_order_of_layers(name):
    layers = VARIANTS[name].architecture.layers
    words = [WORDS.get(type(spec), spec.name) for spec in layers]
    assert " ".join(words) == ORDER[name]


@pytest.mark.parametrize("name", VARIANTS)
def test_normalizations(name):
    found = [
        (
            *(getattr(spec, "n", getattr(spec, "size", None)), spec.k, spec.alpha),
            *(spec.beta, getattr(spec, "groups", 0)),
        )
        for spec in specs(name, arch.LRN, arch.SpatialNorm)
    ]
    expected = NORMALIZATIONS.get(name, [])
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-4)


@pytest.mark.parametrize("name", VARIANTS)
def test_first_weights_and_biases(name):
    found = [(spec.init, spec.bias) for spec in specs(name, *arch.LEARNED)]
    assert found == list(zip(*START[name], strict=True))


@pytest.mark.parametrize("name", VARIANTS)
def test_dropout(name):
    """The paper's rate and form, but where the source has the later form."""
    article = name.startswith("bn-")
    later = ("caffe", "caffenet", "one-weird-trick", "cats-vs-dogs")
    elsewhere = name in later or article
    count = 3 if article else 0 if name.startswith("cifar") else 2
    expected = [(0.4 if article else 0.5, elsewhere)] * count
    found = [(spec.rate, spec.scaled) for spec in specs(name, arch.Dropout)]
    assert found == expected


@pytest.mark.parametrize("name", VARIANTS)
def test_pooling(name):
    """3×3 every 2 in the paper and cuda-convnet, 2×2 where a source says so."""
    flat = name in ("bn-cifar10", "bn-flowers17")
    found = {(spec.size, spec.stride) for spec in specs(name, arch.MaxPool)}
    assert found == {(2 if flat else 3, 2)}


def bias_factors(recipe):
    """{layer: factor} where layers differ, else the factor of all biases."""
    factors = dict(recipe.rate_multipliers)
    own = {part.split("/")[0]: by for part, by in factors.items() if "/bias" in part}
    return own or factors.get("bias", 1)


@pytest.mark.parametrize("name", RECIPES)
def test_recipe(name):
    recipe = VARIANTS[name].recipe
    found = (
        *(recipe.learning_rate, recipe.momentum, recipe.weight_decay),
        dict(recipe.layer_weight_decay),
        bias_factors(recipe),
        *(recipe.batch_size, recipe.epochs, recipe.drops),
        *(recipe.image_side, recipe.reflect, recipe.colour, recipe.mean),
    )
    assert found == RECIPES[name]
    adam = VARIANTS[name].family == "article"
    assert recipe.optimizer == ("adam" if adam else "sgd")


@pytest.mark.parametrize("name", VARIANTS)
def test_recipes_name_layers_that_exist(name):
    """A decay or factor of a layer that is not there would have no effect, silently."""
    variant = VARIANTS[name]
    layers = {layer.name for layer in arch.trace(variant.architecture)}
    recipe = variant.recipe
    assert {layer for layer, _ in recipe.layer_weight_decay} <= layers
    parts = {part.removesuffix("/bias") for part, _ in recipe.rate_multipliers}
    assert parts <= layers | {"bias"}
    assert variant.title and variant.source and variant.departures
    assert variant.family in ("paper", "elsewhere", "article", "cifar")


def test_unknown_variant_lists_the_known_ones():
    with pytest.raises(ValueError, match="unknown variant 'alexnet'") as error:
        variants.get("alexnet")
    assert all(name in str(error.value) for name in VARIANTS)


@pytest.mark.parametrize("old", variants.OLD_NAMES)
def test_a_former_name_answers_with_the_ablation(old):
    new = variants.OLD_NAMES[old]
    assert old not in VARIANTS and "." in new
    assert variants.get(old) == variants.get(new)
    assert variants.get(f"{old}.no-decay") == variants.get(f"{new}.no-decay")
