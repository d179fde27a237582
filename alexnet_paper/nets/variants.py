"""Every net of this project: its layers, its source and how it departs from the paper.

A variant added here appears in every table and figure. Sources are named as in
`paper.SOURCES` (P the paper, C the authors' code of 2012, D cuda-convnet, F Caffe, T
torchvision).
"""

import dataclasses
from dataclasses import dataclass

from alexnet_paper.nets import recipes
from alexnet_paper.nets.ablations import ABLATIONS
from alexnet_paper.nets.recipes import Recipe
from alexnet_paper.nets.specs import LRN
from alexnet_paper.nets.specs import Architecture
from alexnet_paper.nets.specs import AvgPool
from alexnet_paper.nets.specs import BatchNorm
from alexnet_paper.nets.specs import Conv
from alexnet_paper.nets.specs import Dense
from alexnet_paper.nets.specs import Dropout
from alexnet_paper.nets.specs import Local
from alexnet_paper.nets.specs import MaxPool
from alexnet_paper.nets.specs import ReLU
from alexnet_paper.nets.specs import Softmax
from alexnet_paper.nets.specs import SpatialNorm


@dataclass(frozen=True)
class Variant:
    """A net with its source, its recipes and every departure from the paper."""

    title: str
    source: str
    architecture: Architecture
    departures: tuple[str, ...] = ()
    recipe: Recipe = recipes.PAPER
    family: str = "paper"  # "paper", "elsewhere", "article" or "cifar"
    other_recipes: tuple[tuple[str, Recipe], ...] = ()

    @property
    def name(self):
        return self.architecture.name

    @property
    def recipes(self):
        """{name: recipe}; the variant's own is "as-published" and comes first."""
        return {"as-published": self.recipe, **dict(self.other_recipes)}

    def recipe_named(self, name=None):
        """Returns the recipe of that name, or the variant's own for None.

        Raises ValueError, with the known names, if there is none of that name.
        """
        if name is not None and name not in self.recipes:
            known = ", ".join(self.recipes)
            raise ValueError(f"{self.name} has no recipe {name!r:.60}: it has {known}.")
        return self.recipes[name] if name else self.recipe


PAPER = Architecture(
    "paper",
    (
        Conv("conv1", 96, 11, stride=4),
        ReLU(),
        LRN("norm1", groups=2),
        MaxPool("pool1", 3, 2),
        Conv("conv2", 256, 5, padding=2, groups=2, bias=1.0),
        ReLU(),
        LRN("norm2", groups=2),
        MaxPool("pool2", 3, 2),
        Conv("conv3", 384, 3, padding=1),
        ReLU(),
        Conv("conv4", 384, 3, padding=1, groups=2, bias=1.0),
        ReLU(),
        Conv("conv5", 256, 3, padding=1, groups=2, bias=1.0),
        ReLU(),
        MaxPool("pool5", 3, 2),
        Dense("fc6", 4096, bias=1.0),
        ReLU(),
        Dropout(rate=0.5),
        Dense("fc7", 4096, bias=1.0),
        ReLU(),
        Dropout(rate=0.5),
        Dense("fc8", 1000, tower="a"),
        Softmax("prob"),
    ),
    towers=2,
)

AUTHORS = Architecture(
    "authors",
    (
        Conv("conv1", 96, 11, stride=4, padding=(0, 3)),
        LRN("norm1", alpha=1e-4 / 5, groups=2),
        MaxPool("pool1", 3, 2),
        ReLU(),
        Conv("conv2", 256, 5, padding=2, groups=2, bias=1.0),
        ReLU(),
        LRN("norm2", alpha=1e-4 / 5, groups=2),
        SpatialNorm("cnorm2", size=5, k=1.0, alpha=1e-3 / 25),
        MaxPool("pool2", 3, 2),
        Conv("conv3", 384, 3, padding=1, init=0.03),
        ReLU(),
        Conv("conv4", 384, 3, padding=1, groups=2, init=0.03, bias=1.0),
        ReLU(),
        Conv("conv5", 256, 3, padding=1, groups=2, init=0.03, bias=1.0),
        MaxPool("pool5", 3, 2),
        ReLU(),
        *PAPER.layers[15:],  # fc6 to the softmax, as printed
    ),
    input_shape=(224, 224, 3),
    towers=2,
)

ONE_GPU = dataclasses.replace(
    PAPER.change(
        conv1={"filters": 48},
        norm1={"groups": 1},
        conv2={"filters": 128, "groups": 1},
        norm2={"groups": 1},
        conv3={"filters": 192},
        conv4={"filters": 192, "groups": 1},
        conv5={"groups": 1},
        fc8={"tower": None},
    ),
    name="one-gpu",
    towers=1,
)

SIX_CONV = dataclasses.replace(
    PAPER,
    name="six-conv",
    layers=(
        *PAPER.layers[:15],
        Conv("conv6", 256, 3, padding=1, init=0.03, bias=1.0),
        ReLU(),
        *PAPER.layers[15:],
    ),
)

UNGROUPED = dataclasses.replace(
    PAPER.change(
        **{
            name: {"groups": 1}
            for name in ("norm1", "conv2", "norm2", "conv4", "conv5")
        },
        fc8={"tower": None},
    ),
    name="ungrouped",
    towers=1,
)

CAFFE = dataclasses.replace(
    PAPER.change(
        norm1={"k": 1.0, "alpha": 1e-4 / 5, "groups": 1},
        conv2={"bias": 0.1},
        norm2={"k": 1.0, "alpha": 1e-4 / 5, "groups": 1},
        conv4={"bias": 0.1},
        conv5={"bias": 0.1},
        fc6={"init": 0.005, "bias": 0.1},
        fc7={"init": 0.005, "bias": 0.1},
        fc8={"tower": None},
    ),
    name="caffe",
    towers=1,
)
CAFFE = dataclasses.replace(
    CAFFE,
    layers=tuple(
        dataclasses.replace(spec, scaled=True) if isinstance(spec, Dropout) else spec
        for spec in CAFFE.layers
    ),
)

CAFFENET = CAFFE.change(
    **{name: {"bias": 1.0} for name in ("conv2", "conv4", "conv5", "fc6", "fc7")}
)
CAFFENET = dataclasses.replace(
    CAFFENET,
    name="caffenet",
    layers=tuple(  # each normalization swaps places with the pooling after it
        CAFFENET.layers[{2: 3, 3: 2, 6: 7, 7: 6}.get(index, index)]
        for index in range(len(CAFFENET.layers))
    ),
)

ONE_WEIRD_TRICK = Architecture(
    "one-weird-trick",
    (
        Conv("conv1", 64, 11, stride=4, padding=2, init="fan_in"),
        ReLU(),
        MaxPool("pool1", 3, 2),
        Conv("conv2", 192, 5, padding=2, init="fan_in"),
        ReLU(),
        MaxPool("pool2", 3, 2),
        Conv("conv3", 384, 3, padding=1, init="fan_in"),
        ReLU(),
        Conv("conv4", 256, 3, padding=1, init="fan_in"),
        ReLU(),
        Conv("conv5", 256, 3, padding=1, init="fan_in"),
        ReLU(),
        MaxPool("pool5", 3, 2),
        Dropout(rate=0.5, scaled=True),
        Dense("fc6", 4096, init="fan_in"),
        ReLU(),
        Dropout(rate=0.5, scaled=True),
        Dense("fc7", 4096, init="fan_in"),
        ReLU(),
        Dense("fc8", 1000, init="fan_in"),
        Softmax("prob"),
    ),
    input_shape=(224, 224, 3),
)


def bn_conv(name, filters, kernel, stride=1, pool=None):
    """Returns convolution → batch normalization → ReLU (→ pooling)."""
    layers = (
        Conv(name, filters, kernel, stride, padding="same", init="glorot"),
        BatchNorm(),
        ReLU(),
    )
    return (*layers, MaxPool(pool, 2, 2, padding="same")) if pool else layers


def bn_dense(name, units):
    """Returns dense → batch normalization → ReLU → dropout."""
    return (
        Dense(name, units, init="glorot"),
        BatchNorm(),
        ReLU(),
        Dropout(rate=0.4, scaled=True),
    )


BN_CIFAR10 = Architecture(
    "bn-cifar10",
    (
        *bn_conv("conv1", 96, 11, stride=4, pool="pool1"),
        *bn_conv("conv2", 256, 5, pool="pool2"),
        *bn_conv("conv3", 384, 3),
        *bn_conv("conv4", 384, 3),
        *bn_conv("conv5", 256, 3, pool="pool5"),
        *bn_dense("fc6", 4096),
        *bn_dense("fc7", 4096),
        *bn_dense("fc8", 1000),
        Dense("fc9", 10, init="glorot"),
        BatchNorm(),
        Softmax("prob"),
    ),
    input_shape=(32, 32, 3),
)


def conv_bn(name, filters, kernel, stride=1, pool=None):
    """Returns convolution without padding → ReLU (→ pooling) → batch normalization."""
    pooling = (MaxPool(pool, 2, 2),) if pool else ()
    conv = Conv(name, filters, kernel, stride, init="glorot")
    return (conv, ReLU(), *pooling, BatchNorm())


def dense_bn(name, units):
    """Returns dense → ReLU → dropout → batch normalization."""
    return (
        Dense(name, units, init="glorot"),
        ReLU(),
        Dropout(rate=0.4, scaled=True),
        BatchNorm(),
    )


BN_FLOWERS17 = Architecture(
    "bn-flowers17",
    (
        *conv_bn("conv1", 96, 11, stride=4, pool="pool1"),
        *conv_bn("conv2", 256, 11, pool="pool2"),
        *conv_bn("conv3", 384, 3),
        *conv_bn("conv4", 384, 3),
        *conv_bn("conv5", 256, 3, pool="pool5"),
        *dense_bn("fc6", 4096),
        *dense_bn("fc7", 4096),
        *dense_bn("fc8", 1000),
        Dense("fc9", 17, init="glorot"),
        Softmax("prob"),
    ),
    input_shape=(224, 224, 3),
)

CATS_VS_DOGS = Architecture(
    "cats-vs-dogs",
    (
        Conv("conv1", 96, 11, stride=4, init="glorot"),
        ReLU(),
        MaxPool("pool1", 3, 2),
        Conv("conv2", 256, 5, padding="same", init="glorot"),
        ReLU(),
        MaxPool("pool2", 3, 2),
        Conv("conv3", 384, 3, padding="same", init="glorot"),
        ReLU(),
        Conv("conv4", 384, 3, padding="same", init="glorot"),
        ReLU(),
        Conv("conv5", 256, 3, padding="same", init="glorot"),
        ReLU(),
        MaxPool("pool5", 3, 2),
        Dense("fc6", 4096, init="glorot"),
        ReLU(),
        Dropout(rate=0.5, scaled=True),
        Dense("fc7", 4096, init="glorot"),
        ReLU(),
        Dropout(rate=0.5, scaled=True),
        Dense("fc8", 2, init="glorot"),
        Softmax("prob"),
    ),
)

CIFAR_18PCT = Architecture(
    "cifar-18pct",
    (
        Conv("conv1", 32, 5, padding=2, init=0.0001),
        MaxPool("pool1", 3, 2, padding="ceil"),
        ReLU(),
        SpatialNorm("norm1", size=3, k=1.0, alpha=5e-5 / 9),
        Conv("conv2", 32, 5, padding=2),
        ReLU(),
        AvgPool("pool2", 3, 2, padding="ceil"),
        SpatialNorm("norm2", size=3, k=1.0, alpha=5e-5 / 9),
        Conv("conv3", 64, 5, padding=2),
        ReLU(),
        AvgPool("pool3", 3, 2, padding="ceil"),
        Dense("fc10", 10),
        Softmax("prob"),
    ),
    input_shape=(32, 32, 3),
)

CIFAR_19PCT = dataclasses.replace(
    CIFAR_18PCT.without("norm1", "norm2"), name="cifar-19pct"
)

CIFAR_MAX = Architecture(
    "cifar-max",
    (
        Conv("conv1", 32, 5, padding=2, init="glorot"),
        ReLU(),
        MaxPool("pool1", 3, 2),
        Conv("conv2", 64, 5, padding=2, init="glorot"),
        ReLU(),
        MaxPool("pool2", 3, 2),
        Dense("fc3", 128, init="glorot"),
        ReLU(),
        Dense("fc4", 10, init="glorot"),
        Softmax("prob"),
    ),
    input_shape=(32, 32, 3),
)

CIFAR_FULL = dataclasses.replace(
    CIFAR_18PCT,
    name="cifar-full",
    layers=(*CIFAR_18PCT.layers[:-2], Dense("ip1", 10), Softmax("prob")),
)

CIFAR_11PCT = Architecture(
    "cifar-11pct",
    (
        Conv("conv1", 64, 5, padding=2, init=0.0001),
        ReLU(),
        MaxPool("pool1", 3, 2, padding="ceil"),
        LRN("norm1", n=9, k=1.0, alpha=1e-3 / 9),
        Conv("conv2", 64, 5, padding=2),
        ReLU(),
        LRN("norm2", n=9, k=1.0, alpha=1e-3 / 9),
        MaxPool("pool2", 3, 2, padding="ceil"),
        Local("local3", 64, 3, padding=1, init=0.04),
        ReLU(),
        Local("local4", 32, 3, padding=1, init=0.04),
        ReLU(),
        Dense("fc10", 10),
        Softmax("prob"),
    ),
    input_shape=(24, 24, 3),
)

CIFAR_13PCT = dataclasses.replace(
    CIFAR_11PCT.without("norm1", "norm2").change(local3={"filters": 32}),
    name="cifar-13pct",
)

# Inputs to a kernel in the paper's net and in paper-32. The initial standard deviations
# are multiplied by the root of their ratio, so that signals start equally large.
FAN_IN_32 = {
    "conv1": (363, 75),
    "conv2": (1200, 400),
    "conv3": (2304, 576),
    "conv4": (1728, 576),
    "conv5": (1728, 576),
    "fc6": (9216, 576),
    "fc7": (4096, 256),
    "fc8": (4096, 256),
}
PAPER_32 = dataclasses.replace(
    PAPER.change(
        conv1={"filters": 32, "kernel": 5, "stride": 1, "padding": 2},
        pool1={"padding": "ceil"},  # 28 → 14
        conv2={"filters": 64},
        pool2={"padding": "ceil"},  # 14 → 7
        conv3={"filters": 128},
        conv4={"filters": 128},
        conv5={"filters": 64},
        fc6={"units": 256},
        fc7={"units": 256},
        fc8={"units": 10},
    ).change(
        **{
            name: {"init": round(0.01 * (printed / here) ** 0.5, 4)}
            for name, (printed, here) in FAN_IN_32.items()
        }
    ),
    name="paper-32",
    input_shape=(28, 28, 3),
)

ONE_DEVICE_ONLY = "one tower: it cannot be placed on two devices"

_ALL = (
    Variant(
        "the 2012 net as printed",
        "P §3, Figure 2",
        PAPER,
        (
            "input 227×227 in place of 224×224, which cannot give the 55×55 maps of "
            "Figure 2 (the authors' code adds 3 zeros to 224 right and bottom)",
            "normalization windows stop at a tower's edge, as in the authors' code "
            "(the paper's N, kernels in the layer, is ambiguous)",
            "no ReLU on fc8, though the text says that every dense layer has one",
        ),
    ),
    Variant(
        "net #145 as its authors ran it",
        "C layers-145.cfg, layer-params-145.cfg",
        AUTHORS,
        (
            "conv1 → normalization → pool → ReLU; the paper says ReLU first",
            "normalization divides alpha by n: 2e-5 per element in place of 1e-4",
            "a second, same-map 5×5 normalization over conv2 that the paper omits",
            "initial standard deviation 0.03 in conv3, conv4 and conv5",
            "biases learn at twice the rate",
            "colour noise by the square roots of the eigenvalues; the image is then "
            "divided by 1.1",
            "224×224 input whose last window hangs 3 pixels over the edge",
        ),
        recipes.AUTHORS,
    ),
    Variant(
        "the one-GPU net",
        "P §3.2 footnote 2; C layers-145-half.cfg",
        ONE_GPU,
        (
            "half the kernels in conv1 to conv4; conv5 and the dense layers as in the "
            "two-GPU net",
            "trained and initialized as printed, not as by the authors (0.03 in conv3 "
            "to conv5, biases at twice the rate, schedule 145-half)",
            ONE_DEVICE_ONLY,
        ),
    ),
    Variant(
        "the six-convolution net under “1 CNN*”",
        "P §6; C layers-146-2012-2011.cfg",
        SIX_CONV,
        (
            "conv6, 256 kernels 3×3 over both towers' pool5, initialized at 0.03",
            "the paper pre-trains it on ImageNet Fall 2011 and fine-tunes; from "
            "scratch the authors' note calls it “overfitty” (C #141)",
            "trained with the paper's recipe, not in the authors' stages",
        ),
    ),
    Variant(
        "the paper's net without towers",
        "P §3.5 with every layer connected to all maps",
        UNGROUPED,
        ("every convolution and normalization sees all maps", ONE_DEVICE_ONLY),
    ),
    Variant(
        "BVLC's AlexNet, with Caffe's constants",
        "F models/bvlc_alexnet",
        CAFFE,
        (
            "normalization with k = 1 and alpha 1e-4/5 per element, over all maps",
            "biases start at 0.1 where the paper has 1, fc6 and fc7 at N(0, 0.005²)",
            "dropout scaled in training (inverted)",
            "biases learn at twice the rate; batch 256, rate ÷10 every 20 epochs "
            "(100,000 steps of ImageNet); no colour noise",
            ONE_DEVICE_ONLY,
        ),
        recipes.CAFFE,
        family="elsewhere",
    ),
    Variant(
        "BVLC's CaffeNet, pooled before it is normalized",
        "F models/bvlc_reference_caffenet",
        CAFFENET,
        (
            "pooling before normalization",
            "normalization with k = 1 and alpha 1e-4/5 per element, over all maps",
            "fc6 and fc7 start at N(0, 0.005²)",
            "dropout scaled in training (inverted)",
            "biases learn at twice the rate; batch 256, rate ÷10 every 20 epochs "
            "(100,000 steps of ImageNet); no colour noise",
            ONE_DEVICE_ONLY,
        ),
        recipes.CAFFE,
        family="elsewhere",
    ),
    Variant(
        "the 2014 net that torchvision calls AlexNet",
        "T torchvision/models/alexnet.py; arXiv 1404.5997",
        ONE_WEIRD_TRICK,
        (
            "64-192-384-256-256 kernels in one tower",
            "no response normalization",
            "224×224 input with 2 zeros on every side of conv1",
            "dropout before fc6 and fc7 in place of after, scaled in training",
            "PyTorch's default initialization (biases, too, are uniform there; "
            "here they start at 0)",
            "trained with the paper's recipe; its source trains for 90 epochs, with "
            "rates ÷250^(1/3) at each quarter",
            ONE_DEVICE_ONLY,
        ),
        family="elsewhere",
    ),
    Variant(
        "batch-normalized net for CIFAR-10",
        "“Hands-on Guide To Implementing AlexNet With Keras”, Analytics India Magazine",
        BN_CIFAR10,
        (
            "32×32 input, pixels 0–255 as they are; one tower",
            "batch normalization before every ReLU in place of response normalization",
            "pooling 2×2, dropout 0.4 (scaled in training) after three dense layers",
            "four dense layers, 4096-4096-1000-10, and batch normalization before "
            "the softmax",
        ),
        recipes.BN_CIFAR10,
        family="article",
        other_recipes=(("as-intended", recipes.BN_CIFAR10_AS_INTENDED),),
    ),
    Variant(
        "cats against dogs",
        "“CNN Architecture Series — Hands on with AlexNet (Part II)”",
        CATS_VS_DOGS,
        (
            "one tower, no normalization, two classes",
            "its code is a picture, so these are guesses: 96-256-384-384-256 kernels, "
            "stride 4, pooling 3×3 stride 2, dense 4096-4096-2, dropout 0.5, Keras's "
            "defaults",
        ),
        recipes.CATS_VS_DOGS,
        family="article",
        other_recipes=(("as-fixed", recipes.CATS_VS_DOGS_AS_FIXED),),
    ),
    Variant(
        "batch-normalized net for Flowers-17",
        "“Building AlexNet with Keras”",
        BN_FLOWERS17,
        (
            "one tower; conv2 is 11×11 without padding",
            "no padding anywhere, pooling 2×2",
            "batch normalization after pooling or ReLU in place of response "
            "normalization",
            "four dense layers, 4096-4096-1000-17, dropout 0.4 (scaled in training)",
        ),
        recipes.BN_FLOWERS17,
        family="article",
        other_recipes=(("as-intended", recipes.BN_FLOWERS17_AS_INTENDED),),
    ),
    Variant(
        "the paper's structure at CIFAR-10's size",
        "P §3, Figure 2, scaled down here for experiments",
        PAPER_32,
        (
            "28×28 crops of 32×32 images (as 224 of 256); conv1 5×5 with stride 1",
            "32-64-128-128-64 kernels and 256-256-10 units in the same two towers",
            "pooling windows extend over the edge, so that maps measure 28-14-7-7-7-3",
            "initial standard deviations grow with the root of the paper's inputs to "
            "a kernel over those here (0.0173 to 0.04)",
            "colour noise as its authors made it, about 7 grey levels",
        ),
        recipes.PAPER_32,
        family="cifar",
    ),
    Variant(
        "cuda-convnet's 18 % net for CIFAR-10",
        "D example-layers/layers-18pct.cfg",
        CIFAR_18PCT,
        (
            "three convolutions and one dense layer on 32×32 images",
            "same-map normalization, average pooling after conv2 and conv3",
            ONE_DEVICE_ONLY,
        ),
        recipes.CIFAR_18PCT,
        family="cifar",
    ),
    Variant(
        "cuda-convnet's 19 % net for CIFAR-10, the 18 % net without normalization",
        "D example-layers/layers-19pct.cfg",
        CIFAR_19PCT,
        (
            "three convolutions and one dense layer on 32×32 images",
            "no normalization, average pooling after conv2 and conv3; fc10's decay "
            "three times the 18 % net's",
            ONE_DEVICE_ONLY,
        ),
        recipes.CIFAR_19PCT,
        family="cifar",
    ),
    Variant(
        "a second four-layer net for Figure 1's experiment",
        "P §3.1, Figure 1, whose net is not described; a stand-in",
        CIFAR_MAX,
        (
            "two convolutions and two dense layers on 32×32 images",
            "overlapping max pooling as in §3.4; no normalization, dropout or decay",
            "weights start as Glorot and Bengio say; pixels are divided by 64, their "
            "standard deviation, so that tanh does not saturate at once",
            ONE_DEVICE_ONLY,
        ),
        recipes.CIFAR_MAX,
        family="cifar",
    ),
    Variant(
        "Caffe's “full” net for CIFAR-10, which follows the 18 % net",
        "F examples/cifar10 (cifar10_full)",
        CIFAR_FULL,
        (
            "the layers of the 18 % net; its dense layer is called ip1",
            "batch 100; conv3's biases learn at the rate of its kernels, all other "
            "biases at twice the rate",
            "its source decays the biases of the convolutions, too, by 0.004; here no "
            "biases decay",
            ONE_DEVICE_ONLY,
        ),
        recipes.CIFAR_FULL,
        family="cifar",
    ),
    Variant(
        "cuda-convnet's 13 % net, the paper's footnote 3 without normalization",
        "D example-layers/layers-conv-local-13pct.cfg",
        CIFAR_13PCT,
        (
            "two convolutions, two unshared layers and one dense on 24×24 crops",
            "no normalization",
            ONE_DEVICE_ONLY,
        ),
        recipes.CIFAR_13PCT,
        family="cifar",
    ),
    Variant(
        "cuda-convnet's 11 % net, the paper's footnote 3 with normalization",
        "D example-layers/layers-conv-local-11pct.cfg",
        CIFAR_11PCT,
        (
            "two convolutions, two unshared layers and one dense on 24×24 crops",
            "normalization over 9 maps with k = 1; local3 twice as wide as the 13 % "
            "net's, fc10's decay 2.5 times and training 3.25 times as long",
            ONE_DEVICE_ONLY,
        ),
        recipes.CIFAR_11PCT,
        family="cifar",
    ),
)

VARIANTS = {variant.name: variant for variant in _ALL}


# Former names of ablations, which used to be variants. Four of them (`OTHER_NETS`) were
# other nets then, whose arrays may have the same shapes.
OLD_NAMES = {
    "no-lrn": "paper.no-lrn",
    "non-overlapping-pooling": "paper.no-overlap",
    "without-conv3": "paper.no-conv3",
    "without-conv4": "paper.no-conv4",
    "without-conv5": "paper.no-conv5",
    "tanh": "paper.tanh",
}
OTHER_NETS = ("no-lrn", "non-overlapping-pooling", "without-conv3", "without-conv5")


def get(name):
    """Returns a variant, or an ablation of one.

    Args:
        name: A name in `VARIANTS`, then any number of ablations after dots:
            "paper", "paper-32.no-dropout", "paper.no-lrn.tanh".

    Raises:
        ValueError: for an unknown name (the message lists the known ones), and for an
            ablation that would change nothing.
    """
    first, *changes = name.split(".")
    base, *own = OLD_NAMES.get(first, first).split(".")
    if base not in VARIANTS:
        raise ValueError(f"unknown variant {base!r:.60}: one of {', '.join(VARIANTS)}.")
    variant = VARIANTS[base]
    for change in (*own, *changes):
        variant = ablated(variant, change)
    return variant


def ablated(variant, name):
    """Returns a variant after the ablation of that name."""
    if name not in ABLATIONS:
        raise ValueError(
            f"unknown ablation {name!r:.60}: one of {', '.join(ABLATIONS)}."
        )
    ablation = ABLATIONS[name]
    return dataclasses.replace(
        variant,
        title=f"{variant.title}, {ablation.title}",
        architecture=ablation.apply(variant.architecture, name),
        departures=(*variant.departures, ablation.departure),
        recipe=dataclasses.replace(variant.recipe, **ablation.recipe),
        other_recipes=(),
    )
