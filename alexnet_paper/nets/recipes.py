"""Training recipes of all nets, from their sources.

Sources are named as in `paper.SOURCES` (P the paper, C the authors' code of 2012,
D cuda-convnet, F Caffe).
"""

import dataclasses
import math
from dataclasses import dataclass


@dataclass(frozen=True)
class OnPlateau:
    """Schedule that reduces the learning rate on a plateau of the validation error.

    The rate is multiplied by `factor` when the validation error has not fallen by more
    than `least` for `patience` epochs, at most `drops` times. The paper (§5) drops it
    three times and does not say how long its authors waited.
    """

    patience: int = 5
    factor: float = 0.1
    drops: int = 3
    least: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """How a variant is trained.

    `weight_decay` is added to the gradient of kernels (paper §5), never of biases.
    `layer_weight_decay` holds (layer, decay) pairs that replace it in those layers.
    `rate_multipliers` holds (part, factor) pairs that multiply the learning rate: a
    part is a layer, such as "conv1", "bias" for all biases, or "conv1/bias".
    """

    optimizer: str = "sgd"
    learning_rate: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 0.0005
    layer_weight_decay: tuple[tuple[str, float], ...] = ()
    rate_multipliers: tuple[tuple[str, float], ...] = ()
    batch_size: int = 128
    epochs: int = 90
    drops: tuple[int, ...] | OnPlateau = OnPlateau()  # or epochs, each with ÷10
    mean: str | None = "image"  # to subtract: "image", "pixel" or None
    scale: float | None = None  # divisor of the pixels
    image_side: int | None = None  # images are rescaled to it, then cropped
    stretch: bool = False  # images are rescaled whole; else their central square
    crops: bool = True  # random crops in training; else central ones
    reflect: bool = False  # mirror half of the training images
    colour: str | None = None  # reading of the colour noise: "paper" or "authors"
    rotation: float = 0.0  # largest rotation of training images, in degrees
    zoom: float = 0.0  # largest share by which they are stretched, per axis
    validation: float = 0.2  # share held out, if the data has no validation set
    vary_validation: bool = False  # augment validation images, too
    steps: int | None = None  # of an epoch; None: every image once
    patience: int | None = None  # epochs without a lower validation error, then stop
    keep_best: bool = False  # evaluate the epoch with the lowest validation error
    loss_of: str = "logits"  # or "probabilities", clipped at 1e-7 as old Keras did

    def steps_of(self, images):
        """Returns the number of steps in an epoch of this many training images."""
        every = math.ceil(images / self.batch_size)
        return min(every, self.steps or every)


PAPER = Recipe(image_side=256, reflect=True, colour="paper")  # P §4.1, §5

AUTHORS = dataclasses.replace(
    PAPER, rate_multipliers=(("bias", 2.0),), colour="authors"
)

CAFFE = dataclasses.replace(
    PAPER,
    batch_size=256,
    rate_multipliers=(("bias", 2.0),),
    drops=(20, 40, 60, 80),
    colour=None,
)

PAPER_32 = dataclasses.replace(PAPER, image_side=32, colour="authors")

# D layer-params-18pct.cfg, -13pct.cfg, -11pct.cfg: rates .001, biases .002
CIFAR = Recipe(learning_rate=0.001, rate_multipliers=(("bias", 2.0),), weight_decay=0.0)

CIFAR_18PCT = dataclasses.replace(
    CIFAR,
    weight_decay=0.004,
    layer_weight_decay=(("fc10", 1.0),),
    epochs=140,
    drops=(120, 130),
)

# For Figure 1, which has "no regularization of any kind"
CIFAR_MAX = dataclasses.replace(CIFAR, epochs=60, scale=64.0)

# D layer-params-19pct.cfg: the same but for fc10, which decays three times as much
CIFAR_19PCT = dataclasses.replace(CIFAR_18PCT, layer_weight_decay=(("fc10", 3.0),))

# F examples/cifar10: rate .001, ÷10 after 60,000 and 65,000 of 70,000 steps of 100
# images. The factors are also in its .caffemodel files: biases learn twice as fast but
# in conv3, which has no factors, and ip1 decays 250 times as much (.004 × 250).
CIFAR_FULL = dataclasses.replace(
    CIFAR_18PCT,
    layer_weight_decay=(("ip1", 1.0),),
    rate_multipliers=tuple((f"{name}/bias", 2.0) for name in ("conv1", "conv2", "ip1")),
    batch_size=100,
)

CIFAR_13PCT = dataclasses.replace(
    CIFAR,
    layer_weight_decay=(("local3", 0.004), ("local4", 0.004), ("fc10", 0.004)),
    image_side=32,
    reflect=True,
    epochs=160,
    drops=(140, 150),
)

CIFAR_11PCT = dataclasses.replace(
    CIFAR_13PCT,
    layer_weight_decay=(("local3", 0.004), ("local4", 0.004), ("fc10", 0.01)),
    epochs=520,
    drops=(500, 510),
)

ADAM = Recipe(
    optimizer="adam", learning_rate=0.001, weight_decay=0.0, drops=(), mean=None
)

BN_CIFAR10 = dataclasses.replace(
    ADAM,
    batch_size=100,
    epochs=100,
    reflect=True,
    rotation=2.0,
    zoom=0.1,
    validation=0.3,
    vary_validation=True,
)

# The article's ReduceLROnPlateau(factor=.01, patience=3, min_lr=1e-5) waits for a
# metric val_acc, which does not exist, so the rate never fell. Here it can fall once.
BN_CIFAR10_AS_INTENDED = dataclasses.replace(
    BN_CIFAR10, drops=OnPlateau(patience=3, factor=0.01, drops=1, least=1e-4)
)

CATS_VS_DOGS = dataclasses.replace(
    ADAM,
    batch_size=32,
    epochs=10,
    steps=10,
    patience=20,
    keep_best=True,
    loss_of="probabilities",
)

# With a centred input, a lower rate and a loss on logits the net does train.
CATS_VS_DOGS_AS_FIXED = dataclasses.replace(
    CATS_VS_DOGS, mean="pixel", learning_rate=0.0001, loss_of="logits"
)

# As the loader of the article's time gives the photographs: stretched to 224×224, of 0
# to 1. It holds out the last fifth of 1,360, on which its accuracy is measured; here
# that is the test set, so that no more are held out.
BN_FLOWERS17 = dataclasses.replace(
    ADAM, batch_size=64, epochs=250, scale=255.0, stretch=True, validation=0.0
)

# The central square of each photograph, and a validation set beside the test set
BN_FLOWERS17_AS_INTENDED = dataclasses.replace(
    BN_FLOWERS17, stretch=False, validation=0.2
)
