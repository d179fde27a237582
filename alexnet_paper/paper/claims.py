"""Every number that the paper states, as a `Claim`.

A claim also quotes the authors' released code and run logs, if they say something about
it. Sources are named as in `questions.SOURCES`: "C: layer-params-145.cfg" is that file
of the authors' released code. Sections of the paper are Abs. (abstract), §1 to §7, T1
and T2 (its tables) and fn (footnote).
"""

from dataclasses import dataclass

# What a check of a claim needs.
NOTHING = "nothing"
CIFAR10 = "CIFAR-10"
IMAGENET = "ImageNet"
HARDWARE = "hardware"
CITATION = "citation"
# Only claims of the tutorial articles need these.
FLOWERS17 = "Flowers-17"
CATS_DOGS = "cats and dogs photographs"
TRAINED = "photographs and weights trained on ImageNet"

NEEDS = (NOTHING, CIFAR10, IMAGENET, HARDWARE, CITATION, FLOWERS17, CATS_DOGS, TRAINED)


@dataclass(frozen=True)
class Claim:
    """One statement of the paper, or of an article, that can be checked.

    `values` holds the printed numbers and `unit` their unit; a unit that names several
    things ("rate, reductions, divisor") names them in the order of `values`. In
    "points" a value is how much lower the error is with the ingredient than without
    it. `values` is empty where nothing comparable is printed. `layer` is the learned
    layer that the claim is about, and `direction` ("lower" or "higher") the direction
    of a stated difference, where a check needs them.
    """

    id: str
    section: str
    statement: str
    printed: str
    needs: str
    values: tuple[float, ...] = ()
    unit: str = ""
    protocol: str = ""
    authors: str = ""
    authors_source: str = ""
    remark: str = ""
    command: str = ""
    layer: str = ""
    direction: str = ""


def train_command(variant, data, run, options=""):
    """Returns the command that trains `variant` on `data` into runs/`run`."""
    options = f" {options}" if options else ""
    return (
        f"python -m reproduce.train --variant {variant} --data {data}{options} "
        f"--out runs/{run}"
    )


def evaluate_command(*runs, split="validation", views=10, options=""):
    """Returns the command that measures the error of the average of these runs."""
    chosen = " ".join(f"--run runs/{run}" for run in runs)
    options = f" {options}" if options else ""
    return (
        f"python -m reproduce.evaluate {chosen} --split {split} --views {views}"
        f"{options}"
    )


def count_command(data):
    """Returns the command that reads and counts every image of a dataset."""
    return f"python -m reproduce.data check --data {data}"


def steps(*commands):
    """Returns one command that runs each of these if the one before succeeded."""
    return " && ".join(commands)


ILSVRC_2010 = "imagenet --data-dir ILSVRC2010"
ILSVRC_2012 = "imagenet --data-dir ILSVRC2012"
FALL_2009 = "imagenet --data-dir ImageNet-Fall2009"
FALL_2011 = "imagenet --data-dir ImageNet-Fall2011"

BENCHMARKS = "python -m pytest tests/benchmarks --benchmark-only"

_2010_TEST = "ILSVRC-2010 test, 10 views"
_2012_VALIDATION = "ILSVRC-2012 validation, 10 views"
_NO_TEST_LABELS = "labels of the 2012 test set are not public"
_TRAIN_2010 = train_command("paper", ILSVRC_2010, "paper-2010")
_TRAIN_2012 = train_command("paper", ILSVRC_2012, "paper-2012")
_FIVE_SEEDS = tuple(f"paper-2012-seed{seed}" for seed in range(1, 6))
_TRAIN_FIVE = steps(
    *(
        train_command("paper", ILSVRC_2012, run, f"--seed {seed}")
        for seed, run in enumerate(_FIVE_SEEDS, start=1)
    )
)
# C layer-params-146-2012-2011.cfg: rate .001, ÷10 after 22 and 42 of 54 epochs, a tenth
# of it in conv1 and, up to epoch 9, ten times it in the new layer
_FINE_TUNED = (
    "--learning-rate 0.001 --schedule 22,42 --epochs 54 --rate-of conv1=0.1,fc8=10"
)


def pre_trained(seed, run):
    """Returns the command that trains six-conv on Fall 2011, then on ILSVRC-2012."""
    before = f"{run}-fall2011"
    options = f"--seed {seed} --from runs/{before} {_FINE_TUNED}"
    return steps(
        train_command("six-conv", FALL_2011, before, f"--seed {seed}"),
        train_command("six-conv", ILSVRC_2012, run, options),
    )


_TWO_SIX_CONV = tuple(f"six-conv-seed{seed}" for seed in (1, 2))
_SEVEN = (*_FIVE_SEEDS, *_TWO_SIX_CONV)
_TRAIN_SEVEN = steps(
    _TRAIN_FIVE,
    *(pre_trained(seed, run) for seed, run in enumerate(_TWO_SIX_CONV, start=1)),
)
_CHAIN = (
    "pre-trained on Fall 2011 only; the authors' chain was longer (2012, Fall 2009, "
    "Fall 2011, 2012), and their last layer had ten times the rate up to epoch 9 only"
)


def both_arms(variant, data, split, views=10):
    """Returns the command that trains and evaluates the paper's net and another."""
    return all_arms((variant,), data, (split,), views)


def all_arms(variants, data, splits, views=10):
    """Returns the command that trains and evaluates the paper's net and others."""
    arms = {name: f"{name}-{data[-4:]}" for name in ("paper", *variants)}
    return steps(
        *(train_command(name, data, run) for name, run in arms.items()),
        *(
            evaluate_command(run, split=split, views=views)
            for run in arms.values()
            for split in splits
        ),
    )


_WITHOUT_CONV = tuple(f"paper.no-conv{n}" for n in (2, 3, 4, 5))


def experiment_command(name, options=""):
    """Returns the command that runs an experiment of `results.experiments`."""
    options = f" {options}" if options else ""
    return f"python -m reproduce.experiment {name}{options}"


_FIGURE_1 = steps(
    experiment_command("figure1"),
    experiment_command("figure1-rates"),
    experiment_command("figure1-second"),
)

CLAIMS = (
    # Abstract
    Claim(
        "A01",
        "Abs., §2",
        "training images / classes",
        "1.2 million / 1000",
        IMAGENET,
        values=(1_200_000, 1000),
        unit="images, classes",
        protocol="ILSVRC-2010 training set",
        remark="the command counts the images and classes that it finds",
        command=count_command(ILSVRC_2010),
    ),
    Claim(
        "A02",
        "Abs., §6, T1",
        "top-1 / top-5 test error",
        "37.5 / 17.0",
        IMAGENET,
        values=(37.5, 17.0),
        unit="%",
        protocol=_2010_TEST,
        authors="37.47 / 17.00",
        authors_source="C: layer-params-145-2010.cfg, run 2012-09-27, 93 epochs",
        command=steps(_TRAIN_2010, evaluate_command("paper-2010", split="test")),
    ),
    Claim(
        "A03",
        "Abs., §4",
        "parameters",
        "60 million",
        NOTHING,
        values=(60_000_000,),
        unit="parameters",
        protocol="1000 classes",
        remark="weights and biases of layers-145.cfg add up to 60,965,224",
    ),
    Claim(
        "A04",
        "Abs.",
        "neurons",
        "650,000",
        NOTHING,
        values=(650_000,),
        unit="neurons",
        protocol="without the input",
        remark=(
            "outputs of the eight learned layers; Figure 2's list sums to 622,312, "
            "with 290,400 for conv1 it sums to 659,272"
        ),
    ),
    Claim(
        "A05",
        "Abs., §3, §3.5",
        "layers: conv / dense / learned",
        "5 / 3 / 8",
        NOTHING,
        values=(5, 3, 8),
        unit="convolutional, fully connected, learned",
        protocol="some convolutions followed by max-pooling; 1000-way softmax",
    ),
    Claim(
        "A06",
        "Abs., §6, T2",
        "test top-5, first / second 2012",
        "15.3 / 26.2",
        IMAGENET,
        values=(15.3, 26.2),
        unit="%",
        protocol="ILSVRC-2012 test, average of 7 nets, “a variant of this model”",
        remark=(
            f"{_NO_TEST_LABELS}; L07 is the validation error of the same average; "
            f"six-conv: {_CHAIN}"
        ),
        command=steps(_TRAIN_SEVEN, evaluate_command(*_SEVEN, split="test")),
    ),
    # §1 Introduction
    Claim(
        "B01",
        "§1",
        "labelled sets so far, images",
        "tens of thousands",
        CITATION,
        unit="images",
        protocol="NORB, Caltech-101/256, CIFAR-10/100",
    ),
    Claim(
        "B02",
        "§1",
        "best error on MNIST",
        "<0.3 %",
        CITATION,
        values=(0.3,),
        unit="%",
    ),
    Claim(
        "B03",
        "§1, §2",
        "ImageNet: images / categories",
        ">15 million / >22,000",
        CITATION,
        values=(15_000_000, 22_000),
        unit="images, categories",
        remark="§1 says over 22,000 categories, §2 roughly 22,000",
    ),
    Claim(
        "B04",
        "§1",
        "images in LabelMe",
        "hundreds of thousands",
        CITATION,
        unit="images",
    ),
    Claim(
        "B05",
        "§1",
        "parameters in any convolution",
        "≤1 %",
        NOTHING,
        values=(1.0,),
        unit="%",
        protocol="of all parameters, each convolutional layer",
        remark="conv3 has 1.45 % and conv4 1.09 %: the paper contradicts its own net",
    ),
    Claim(
        "B06",
        "§1",
        "removing any convolution",
        "inferior",
        IMAGENET,
        protocol="ILSVRC-2010, one convolutional layer removed",
        remark=(
            "conv2 to conv5; without conv1, conv2's 5×5 windows would lie 8 apart and "
            "leave out pixels. A small net on CIFAR-10 can stand in: python -m "
            "reproduce.experiment choices"
        ),
        command=all_arms(_WITHOUT_CONV, ILSVRC_2010, ("test",)),
    ),
    Claim(
        "B07",
        "§1, §5",
        "training time",
        "5 to 6 days",
        HARDWARE,
        values=(5, 6),
        unit="days",
        protocol="two GTX 580 with 3 GB each, about 90 cycles",
        command=train_command(
            "paper",
            ILSVRC_2010,
            "paper-2010-two-devices",
            "--epochs 90 --placement two-devices",
        ),
    ),
    # §2 The dataset
    Claim(
        "C01",
        "§2",
        "train / validation / test images",
        "1.2 million / 50,000 / 150,000",
        IMAGENET,
        values=(1_200_000, 50_000, 150_000),
        unit="images",
        protocol="ILSVRC, roughly 1000 images in each of 1000 categories",
        remark="the command counts the images of every split that it finds",
        command=count_command(ILSVRC_2010),
    ),
    Claim(
        "C02",
        "§2",
        "size after rescale and crop",
        "256×256",
        NOTHING,
        values=(256, 256),
        unit="height, width",
        protocol="shorter side to 256, then the central 256×256",
        authors="256×256",
        authors_source="C2: make-data.py",
        remark=(
            "C2 shrinks by area and enlarges by cubic interpolation (OpenCV) and "
            "stores JPEG; the batch maker of 2012 is not in C"
        ),
    ),
    # §3.1 ReLU nonlinearity
    Claim(
        "D01",
        "§3.1, Fig. 1",
        "ReLU against tanh, epochs to 25 %",
        "6 times faster",
        CIFAR10,
        values=(6,),
        unit="times",
        protocol=(
            "CIFAR-10, four-layer net, no regularization, each net's learning rate "
            "chosen on its own"
        ),
        remark=(
            "the net is not specified: cuda-convnet's 18 % net, which has four layers, "
            "without normalization and decay, stands in for it, and a second one"
        ),
        command=_FIGURE_1,
    ),
    Claim(
        "D02",
        "§3.1",
        "ReLU against saturating units",
        "several times faster",
        CIFAR10,
        protocol="CIFAR-10, training error; how much varies with the architecture",
        remark="the nets and rates of Figure 1's experiment",
        command=_FIGURE_1,
    ),
    # §3.2 Training on multiple GPUs
    Claim(
        "E01",
        "§3.2",
        "memory of one GTX 580",
        "3 GB",
        HARDWARE,
        values=(3,),
        unit="GB",
        remark=(
            "a property of the card; the command only shows whether the net trains at "
            "batch 128 on two of them"
        ),
        command=train_command(
            "paper",
            ILSVRC_2010,
            "paper-2010-fits",
            "--epochs 1 --limit 1280 --batch-size 128 --placement two-devices",
        ),
    ),
    Claim(
        "E02",
        "§3.2",
        "two GPUs against one GPU",
        "−1.7 / −1.2",
        IMAGENET,
        values=(1.7, 1.2),
        unit="points",
        protocol=f"{_2010_TEST}; one-GPU net with half the kernels, conv5 excepted",
        authors="1.695 / 1.230",
        authors_source=(
            "C: layer-params-145-half.cfg, 96 epochs (39.17 / 18.23), against "
            "layer-params-145-2010.cfg"
        ),
        command=both_arms("one-gpu", ILSVRC_2010, "test"),
    ),
    Claim(
        "E03",
        "§3.2",
        "two GPUs, time to train",
        "slightly less",
        HARDWARE,
        protocol="two GTX 580 against one, the nets of E02",
        remark="compare the images per second that the two runs report",
        command=steps(
            train_command(
                "paper",
                ILSVRC_2010,
                "paper-2010-speed",
                "--epochs 1 --limit 128000 --placement two-devices",
            ),
            train_command(
                "one-gpu",
                ILSVRC_2010,
                "one-gpu-2010-speed",
                "--epochs 1 --limit 128000 --placement one-device",
            ),
        ),
    ),
    Claim(
        "E04",
        "§3.2 fn 2",
        "one-GPU net's parameters",
        "about the two-GPU net's",
        NOTHING,
        unit="parameters",
        protocol="conv5 and the dense layers are not halved, so more than half the net",
        remark="59,798,312 against 60,965,224, or 98.1 %",
    ),
    # §3.3 Local response normalization
    Claim(
        "F01",
        "§3.3",
        "k, n, α, β of normalization",
        "2, 5, 1e-4, 0.75",
        NOTHING,
        values=(2, 5, 1e-4, 0.75),
        unit="k, n, alpha, beta",
        protocol="chosen on a validation set",
        authors="2, 5, 2e-5, 0.75",
        authors_source="C: layers-145.cfg, layer.py line 1183",
        remark=(
            "the code divides its scale of 1e-4 by the size 5, so each squared "
            "activity is multiplied by 2e-5; the printed formula has a plain sum"
        ),
    ),
    Claim(
        "F02",
        "§3.3",
        "response normalization",
        "−1.4 / −1.2",
        IMAGENET,
        values=(1.4, 1.2),
        unit="points",
        protocol=_2012_VALIDATION,
        authors="1.370 / 1.152",
        authors_source=(
            "C: layer-params-148.cfg, 97 epochs (42.03 / 19.36), against "
            "layer-params-145.cfg"
        ),
        remark=(
            "the paper names no split; the authors' ablation also removed the spatial "
            "normalization over conv2 that the paper does not mention; ours keeps the "
            "constant factor k^−β, without which later layers would see a signal 1.68 "
            "times as large"
        ),
        command=both_arms("paper.no-lrn", ILSVRC_2012, "validation"),
    ),
    Claim(
        "F03",
        "§3.3 fn 3",
        "LRN on CIFAR-10, test error",
        "13 → 11 %",
        CIFAR10,
        values=(13, 11),
        unit="%",
        protocol="CIFAR-10 test, “four-layer CNN” of cuda-convnet",
        remark=(
            "cuda-convnet's two nets differ in more than normalization: local3 is "
            "twice as wide, fc10 decays 2.5 times as much, training is 3.25 times as "
            "long; the command runs both schedules to their ends, and goes from the "
            "one net to the other in steps"
        ),
        command=experiment_command("footnote3-published"),
    ),
    # §3.4 Overlapping pooling
    Claim(
        "G01",
        "§3.4",
        "overlapping pooling",
        "−0.4 / −0.3",
        IMAGENET,
        values=(0.4, 0.3),
        unit="points",
        protocol=(
            f"{_2012_VALIDATION}; size 3 stride 2 against size 2 stride 2, “output of "
            "equivalent dimensions”"
        ),
        authors="0.394 / 0.300",
        authors_source=(
            "C: layer-params-147.cfg, 90 epochs (41.06 / 18.51), against "
            "layer-params-145.cfg"
        ),
        remark=(
            "the paper names no split; the ablation leaves out a window that would "
            "hang over the edge, so its maps are as large as the paper's (27, 13, 6); "
            "the authors' code keeps that window, so #147 pads conv2 by 1 in place of "
            "2 and conv5 by 0 in place of 1"
        ),
        command=both_arms("paper.no-overlap", ILSVRC_2012, "validation"),
    ),
    Claim(
        "G02",
        "§3.4",
        "overlapping pooling, overfitting",
        "slightly harder to overfit",
        CIFAR10,
        protocol="training against test error",
        remark=(
            "observed on ImageNet; the command is a stand-in, on a small net of the "
            "paper's structure"
        ),
        command=experiment_command("choices", "--arms base,no-overlap"),
    ),
    # §3.5 Overall architecture
    Claim(
        "H01",
        "§3.5",
        "conv1",
        "96 of 11×11×3, stride 4",
        NOTHING,
        values=(96, 11, 11, 3, 4),
        unit="kernels, height, width, depth, stride",
        protocol="on a 224×224×3 image",
        authors="2 × 48 of 11×11×3, stride 4",
        authors_source="C: layers-145.cfg",
        remark="224×224 without padding does not give the 55×55 maps of Figure 2",
        layer="conv1",
    ),
    Claim(
        "H02",
        "§3.5",
        "conv2",
        "256 of 5×5×48",
        NOTHING,
        values=(256, 5, 5, 48),
        unit="kernels, height, width, depth",
        authors="2 × 128 of 5×5×48",
        authors_source="C: layers-145.cfg",
        layer="conv2",
    ),
    Claim(
        "H03",
        "§3.5",
        "conv3",
        "384 of 3×3×256",
        NOTHING,
        values=(384, 3, 3, 256),
        unit="kernels, height, width, depth",
        authors="2 × 192 of 3×3×256",
        authors_source="C: layers-145.cfg",
        layer="conv3",
    ),
    Claim(
        "H04",
        "§3.5",
        "conv4",
        "384 of 3×3×192",
        NOTHING,
        values=(384, 3, 3, 192),
        unit="kernels, height, width, depth",
        authors="2 × 192 of 3×3×192",
        authors_source="C: layers-145.cfg",
        layer="conv4",
    ),
    Claim(
        "H05",
        "§3.5",
        "conv5",
        "256 of 3×3×192",
        NOTHING,
        values=(256, 3, 3, 192),
        unit="kernels, height, width, depth",
        authors="2 × 128 of 3×3×192",
        authors_source="C: layers-145.cfg",
        layer="conv5",
    ),
    Claim(
        "H06",
        "§3.5",
        "neurons in fc6 / fc7",
        "4096 each",
        NOTHING,
        values=(4096, 4096),
        unit="neurons",
        authors="2 × 2048 each",
        authors_source="C: layers-145.cfg",
    ),
    Claim(
        "H07",
        "Fig. 2",
        "input dimensions",
        "150,528",
        NOTHING,
        values=(150_528,),
        unit="values",
        protocol="224·224·3",
        remark="a net fed with 227×227×3 has 154,587",
    ),
    Claim(
        "H08",
        "Fig. 2",
        "neurons, layer by layer",
        "253,440–186,624–…–1000",
        NOTHING,
        values=(253_440, 186_624, 64_896, 64_896, 43_264, 4096, 4096, 1000),
        unit="neurons",
        authors="290,400–186,624–…–1000",
        authors_source="C: layers-145.cfg, 55×55 maps of 2 × 48 kernels",
        remark="253,440 is 55·48·96, a slip for 55·55·96 = 290,400; the rest is right",
    ),
    # §4 Reducing overfitting
    Claim(
        "I01",
        "§4",
        "constraint of one label",
        "10 bits",
        NOTHING,
        values=(10,),
        unit="bits",
        protocol="1000 classes",
        remark="the base-2 logarithm of 1000 is 9.966",
    ),
    Claim(
        "I02",
        "§4.1",
        "set's growth by crops and flips",
        "2048",
        NOTHING,
        values=(2048,),
        unit="times",
        protocol="224×224 crops of 256×256 and their reflections",
        authors="2178",
        authors_source="C: convdata_jpeg.py, offsets 0 to 32 inclusive",
        remark=(
            "2048 is 32·32·2, but a crop of 224 has 33 offsets each way: 33·33·2 = 2178"
        ),
    ),
    Claim(
        "I03",
        "§4.1",
        "patches / views at test time",
        "5 / 10",
        NOTHING,
        values=(5, 10),
        unit="patches, views",
        protocol="four corners and centre, each with its reflection; softmax averaged",
        authors="5 / 10",
        authors_source=(
            "C: convdata_jpeg.py, offsets (0,0) (0,32) (16,16) (32,0) (32,32)"
        ),
    ),
    Claim(
        "I04",
        "§6 fn 5",
        "ten views against one view",
        "39.0 → 37.5 / 18.3 → 17.0 %",
        IMAGENET,
        values=(1.5, 1.3),
        unit="points",
        protocol="ILSVRC-2010 test, 10 views against the central one",
        authors="1.552 / 1.297",
        authors_source=(
            "C: layer-params-145-2010.cfg, “center patch” 39.02 / 18.30, ten views "
            "37.47 / 17.00"
        ),
        command=steps(
            _TRAIN_2010,
            evaluate_command("paper-2010", split="test", views=1),
            evaluate_command("paper-2010", split="test", views=10),
        ),
    ),
    Claim(
        "I05",
        "§4.1",
        "deviation of the colour noise",
        "0.1",
        NOTHING,
        values=(0.1,),
        unit="standard deviation",
        protocol="Gaussian, drawn anew each time an image is used",
        authors="0.1",
        authors_source="C: run notes of #145, colour noise 0.1 until the last phase",
        remark=(
            "the code multiplies by the square root of each eigenvalue, the paper by "
            "the eigenvalue; the code then divides the image by 1.1"
        ),
    ),
    Claim(
        "I06",
        "§4.1",
        "colour noise, top-1",
        ">1",
        IMAGENET,
        values=(1.0,),
        unit="points",
        protocol="top-1 error; split not named",
        remark="no log in C",
        command=both_arms("paper.no-colour", ILSVRC_2010, "test"),
    ),
    Claim(
        "I07",
        "§4.1",
        "cost of augmentation",
        "computationally free",
        HARDWARE,
        protocol="CPU prepares the next batch while the GPU trains on the last",
        remark=(
            "free if the CPU prepares images faster than a training step uses them: "
            "compare the two rates"
        ),
        command=BENCHMARKS,
    ),
    Claim(
        "J01",
        "§4.2",
        "dropout: rate / factor at test",
        "0.5 / 0.5",
        NOTHING,
        values=(0.5, 0.5),
        unit="probability, factor",
        protocol="first two fully connected layers",
        authors="0.5 / 0.5",
        authors_source="C: layers-145.cfg (keep=0.5), layer.cu HiddenSexLayer",
        remark="training masks without scaling, test multiplies by 0.5, in both",
    ),
    Claim(
        "J02",
        "§4.2",
        "iterations with dropout",
        "about 2 times",
        IMAGENET,
        values=(2,),
        unit="times",
        remark="each run's log.jsonl has the errors of every epoch",
        command=both_arms("paper.no-dropout", ILSVRC_2010, "test"),
    ),
    Claim(
        "J03",
        "§4.1, §4.2",
        "without crops or dropout",
        "substantial overfitting",
        IMAGENET,
        protocol="training against validation error",
        remark=(
            "a small net on CIFAR-10 can stand in: python -m reproduce.experiment "
            "choices --arms base,no-crops,no-dropout"
        ),
        command=all_arms(
            ("paper.no-crops", "paper.no-dropout"),
            ILSVRC_2010,
            ("train", "validation"),
            views=1,
        ),
    ),
    # §5 Details of learning
    Claim(
        "K01",
        "§5",
        "batch / momentum / decay",
        "128 / 0.9 / 0.0005",
        NOTHING,
        values=(128, 0.9, 0.0005),
        unit="images, momentum, decay",
        protocol="stochastic gradient descent; decay and rate inside the velocity",
        authors="128 / 0.9 / 0.0005",
        authors_source="C: layer-params-145.cfg, convnet.py, weights.cu",
        remark="in the code biases do not decay; the paper's rule speaks of weights",
    ),
    Claim(
        "K02",
        "§5",
        "weight decay, training error",
        "decay lowers it",
        IMAGENET,
        protocol="training error",
        remark=(
            "a small net on CIFAR-10 can stand in: python -m reproduce.experiment "
            "choices --arms decay,no-decay"
        ),
        command=both_arms("paper.no-decay", ILSVRC_2010, "train", views=1),
    ),
    Claim(
        "K03",
        "§5",
        "initial deviation / biases",
        "0.01 / 1",
        NOTHING,
        values=(0.01, 1),
        unit="standard deviation, bias",
        protocol=(
            "Gaussian of mean 0 in each layer; bias 1 in conv2, conv4, conv5, fc6 and "
            "fc7, 0 in conv1, conv3 and fc8"
        ),
        authors="0.01, conv3–5 0.03 / 1",
        authors_source="C: layers-145.cfg, layer-params-145.cfg",
        remark="the authors' net starts conv3, conv4 and conv5 at 0.03, not 0.01",
    ),
    Claim(
        "K04",
        "§5",
        "rate / reductions / divisor",
        "0.01 / 3 / 10",
        NOTHING,
        values=(0.01, 3, 10),
        unit="rate, reductions, divisor",
        protocol="equal for all layers; reduced when validation error stops improving",
        authors="0.01, biases 0.02 / 3 / 10",
        authors_source="C: layer-params-145.cfg; the epochs are in SCHEDULES",
        remark="near the end the authors also slowed conv1, then froze it",
    ),
    Claim(
        "K05",
        "§5",
        "passes over the training set",
        "about 90",
        IMAGENET,
        values=(90,),
        unit="epochs",
        protocol="1.2 million images",
        authors="93 / 91",
        authors_source="C: layer-params-145-2010.cfg / layer-params-145.cfg",
        command=_TRAIN_2010,
    ),
    Claim(
        "K06",
        "§5",
        "biases of 1, early learning",
        "accelerated",
        IMAGENET,
        protocol=(
            "biases of 1 in conv2, conv4, conv5, fc6 and fc7, “by providing the ReLUs "
            "with positive inputs”"
        ),
        remark=(
            "on CIFAR-10: python -m reproduce.experiment biases --data-dir DIR; others "
            "disagree whether a net trains at all from the printed start"
        ),
        command=steps(
            *(
                train_command(name, ILSVRC_2012, f"{name}-start", "--epochs 1")
                for name in ("paper", "paper.zero-bias")
            )
        ),
    ),
    # §6 Results
    Claim(
        "L01",
        "§6, T1",
        "best in the 2010 contest",
        "47.1 / 28.2",
        CITATION,
        values=(47.1, 28.2),
        unit="%",
        protocol="ILSVRC-2010 test; six sparse-coding models averaged",
    ),
    Claim(
        "L02",
        "§6, T1",
        "best published on that set",
        "45.7 / 25.7",
        CITATION,
        values=(45.7, 25.7),
        unit="%",
        protocol="ILSVRC-2010 test; two classifiers on Fisher vectors averaged",
    ),
    Claim(
        "L03",
        "§6",
        "validation against test error",
        "differ by ≤0.1",
        NOTHING,
        values=(0.1,),
        unit="points apart",
        protocol="ILSVRC-2012, “in our experience”",
        remark="Table 2 agrees: 16.4 and 16.4, 15.4 and 15.3",
    ),
    Claim(
        "L04",
        "§6, T2",
        "1 CNN, top-1 / top-5",
        "40.7 / 18.2",
        IMAGENET,
        values=(40.7, 18.2),
        unit="%",
        protocol=_2012_VALIDATION,
        authors="40.66 / 18.21",
        authors_source="C: layer-params-145.cfg, run 2012-09-13, 91 epochs",
        remark=(
            "the log line does not say ten views, its neighbours do; 44 epochs more "
            "took the same net to 40.25 / 17.99"
        ),
        command=steps(_TRAIN_2012, evaluate_command("paper-2012")),
    ),
    Claim(
        "L05",
        "§6, T2",
        "5 CNNs, and test top-5",
        "38.1 / 16.4 / 16.4",
        IMAGENET,
        values=(38.1, 16.4, 16.4),
        unit="%",
        protocol="ILSVRC-2012, five similar nets averaged: validation and test",
        remark=(
            "the five are not named; the command trains one net from five seeds; "
            f"{_NO_TEST_LABELS}"
        ),
        command=steps(
            _TRAIN_FIVE,
            evaluate_command(*_FIVE_SEEDS),
            evaluate_command(*_FIVE_SEEDS, split="test"),
        ),
    ),
    Claim(
        "L06",
        "§6, T2",
        "1 CNN*, top-1 / top-5",
        "39.0 / 16.6",
        IMAGENET,
        values=(39.0, 16.6),
        unit="%",
        protocol=(
            f"{_2012_VALIDATION}; sixth convolution, pre-trained on ImageNet Fall 2011 "
            "(15 million images, 22,000 categories), fine-tuned"
        ),
        authors="38.99 / 16.62",
        authors_source="C: layer-params-146-2012-2011.cfg, 54 epochs of fine-tuning",
        remark=_CHAIN,
        command=steps(
            pre_trained(1, _TWO_SIX_CONV[0]), evaluate_command(_TWO_SIX_CONV[0])
        ),
    ),
    Claim(
        "L07",
        "§6, T2",
        "7 CNNs*, and test top-5",
        "36.7 / 15.4 / 15.3",
        IMAGENET,
        values=(36.7, 15.4, 15.3),
        unit="%",
        protocol=(
            "ILSVRC-2012, two nets pre-trained on Fall 2011 averaged with the five of "
            "L05: validation and test"
        ),
        remark=f"six-conv: {_CHAIN}; {_NO_TEST_LABELS}",
        command=steps(
            _TRAIN_SEVEN,
            evaluate_command(*_SEVEN),
            evaluate_command(*_SEVEN, split="test"),
        ),
    ),
    Claim(
        "L08",
        "§6, T2",
        "second of 2012, test top-5",
        "26.2",
        CITATION,
        values=(26.2,),
        unit="%",
        protocol="ILSVRC-2012 test; classifiers on Fisher vectors averaged",
    ),
    Claim(
        "M01",
        "§6",
        "Fall 2009, top-1 / top-5",
        "67.4 / 40.9",
        IMAGENET,
        values=(67.4, 40.9),
        unit="%",
        protocol=(
            "10,184 categories, 8.9 million images, half to train and half to test; "
            "the net with a sixth convolution"
        ),
        authors="nearest 69.38 / 43.65, 69.42 / 43.73",
        authors_source="C: runs 2009-101 and 131-2009, nets with five convolutions",
        remark=(
            "no log of the printed number is in C; the folder must hold the two "
            "halves as its training and its test set"
        ),
        command=steps(
            train_command("six-conv", FALL_2009, "six-conv-fall2009"),
            evaluate_command("six-conv-fall2009", split="test"),
        ),
    ),
    Claim(
        "M02",
        "§6",
        "best published on Fall 2009",
        "78.1 / 60.9",
        CITATION,
        values=(78.1, 60.9),
        unit="%",
        protocol="ImageNet Fall 2009, 10,184 categories",
    ),
    # §6.1 Qualitative evaluations
    Claim(
        "N01",
        "§6.1, Fig. 3",
        "conv1 kernels / on each GPU",
        "96 / 48",
        NOTHING,
        values=(96, 48),
        unit="kernels, kernels a tower",
        authors="2 × 48",
        authors_source="C: layers-145.cfg",
    ),
    Claim(
        "N02",
        "§6.1, Fig. 4",
        "nearest training images by fc7",
        "4096-d, 8 images, 5 × 6",
        IMAGENET,
        values=(4096, 8, 5, 6),
        unit="dimensions, test images with top-5 labels, queries, neighbours",
        protocol="ILSVRC-2010; Euclidean distance of the last hidden layer",
        remark=(
            "the figure prints how many of the nearest images are of the query's "
            "class; 50,000 training images are searched for 50,000 queries, which fits "
            "in memory"
        ),
        command=steps(
            _TRAIN_2010,
            f"python -m reproduce.figure 4 --run runs/paper-2010 --data {ILSVRC_2010} "
            "--limit 50000 --out figure4.pdf",
        ),
    ),
    Claim(
        "N03",
        "§6.1, Fig. 3",
        "kernels grey on one GPU only",
        "largely",
        IMAGENET,
        protocol="one net",
        remark=(
            "up to a renumbering of the GPUs; the figure prints each tower's mean "
            "colour selectivity and the p-value of a permutation test"
        ),
        command=steps(
            _TRAIN_2010,
            "python -m reproduce.figure 3 --run runs/paper-2010 --out figure3.pdf",
        ),
    ),
    Claim(
        "N04",
        "§6.1",
        "towers specialize in every run",
        "every run",
        IMAGENET,
        protocol="several nets from other random weights",
        remark="on CIFAR-10: python -m reproduce.experiment choices --arms base",
        command=steps(
            _TRAIN_FIVE,
            *(
                f"python -m reproduce.figure 3 --run runs/{run} --out {run}.pdf"
                for run in _FIVE_SEEDS
            ),
        ),
    ),
    # §7 Discussion
    Claim(
        "O01",
        "§7",
        "removing any middle layer",
        "about −2",
        IMAGENET,
        values=(2.0,),
        unit="points",
        protocol="one layer removed; how much lower top-1 accuracy is; split not named",
        remark=(
            "no log in C; there is no ablation of fc6. A small net on CIFAR-10 can "
            "stand in: python -m reproduce.experiment choices"
        ),
        command=all_arms((*_WITHOUT_CONV, "paper.no-fc7"), ILSVRC_2010, ("test",)),
    ),
)
