"""What the paper says, as data.

Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional
Neural Networks", NIPS 2012: every number it states is one `Claim`, with its two result
tables (`TABLE_1`, `TABLE_2`) and what it leaves open (`OPEN_QUESTIONS`). Beside the
printed value stands what the authors' released code and run logs say, where they say
anything. Nothing here is measured: `claims` does that.

Sources are quoted by the keys of `SOURCES`: "C: layer-params-145.cfg" is that file of
the authors' released code.

The paper's own sections: Abs. (abstract), §1 to §7, T1 and T2 (its tables), fn
(footnote).
"""

from dataclasses import dataclass

SOURCES = {
    "P": (
        "the paper: Krizhevsky, Sutskever and Hinton, ImageNet Classification with "
        "Deep Convolutional Neural Networks, NIPS 2012"
    ),
    "C": (
        "the authors' code of 2012 with their run notes: "
        "computerhistory/AlexNet-Source-Code@2f8b81f"
    ),
    "C2": (
        "cuda-convnet2 (2014), first author: akrizhevsky/cuda-convnet2@3238bf0, its "
        "wiki @1bf8229; layers-imagenet-2gpu-model.cfg is net #145 of C"
    ),
    "D": "cuda-convnet (2011-12), a mirror: dnouri/cuda-convnet@e4ac0c1",
    "F": (
        "Caffe: BVLC/caffe@9b89154, models/bvlc_alexnet and "
        "models/bvlc_reference_caffenet"
    ),
    "T": "torchvision: pytorch/vision@00658a2, torchvision/models/alexnet.py",
    "S": "TF-slim: tensorflow/models@1585f2d, research/slim/nets/alexnet.py",
    "O": (
        "Krizhevsky, One weird trick for parallelizing convolutional neural networks, "
        "arXiv 1404.5997 (2014), as quoted in code comments"
    ),
}

# What checking a claim needs.
NOTHING = "nothing"
CIFAR10 = "CIFAR-10"
IMAGENET = "ImageNet"
HARDWARE = "hardware"
CITATION = "citation"
# Needed by claims of the tutorial articles only.
FLOWERS17 = "Flowers-17"
CATS_DOGS = "cats and dogs photographs"

NEEDS = (NOTHING, CIFAR10, IMAGENET, HARDWARE, CITATION, FLOWERS17, CATS_DOGS)


@dataclass(frozen=True)
class Claim:
    """One statement of the paper, or of an article, that something can be held against.

    `values` holds the printed numbers in `unit`; where `unit` names several things
    ("rate, reductions, divisor") it names them in the order of `values`. In "points"
    a value is how much lower the error is with the ingredient than without it.
    `values` is empty where nothing is printed that could be compared.
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


def train_command(variant, data, run, options=""):
    """The command that trains `variant` on `data` into runs/`run`."""
    options = f" {options}" if options else ""
    return (
        f"python -m reproduce.train --variant {variant} --data {data}{options} "
        f"--out runs/{run}"
    )


def evaluate_command(*runs, split="validation", views=10, options=""):
    """The command that measures the error of the average of these runs."""
    chosen = " ".join(f"--run runs/{run}" for run in runs)
    options = f" {options}" if options else ""
    return (
        f"python -m reproduce.evaluate {chosen} --split {split} --views {views}"
        f"{options}"
    )


def count_command(data):
    """The command that reads every image of a dataset and counts them."""
    return f"python -m reproduce.data check --data {data}"


def steps(*commands):
    """These commands, each run if the one before it succeeded."""
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
_TRAIN_FALL_2011 = train_command("six-conv", FALL_2011, "six-conv-fall2011")
_NOT_IN_ENSEMBLE = (
    "the command lacks the two pre-trained nets: fine-tuning from a run is not an "
    "option of the program"
)


def both_arms(variant, data, split, views=10):
    """Train the paper's net and another on the same data and evaluate each."""
    return all_arms((variant,), data, (split,), views)


def all_arms(variants, data, splits, views=10):
    """Train the paper's net and others on the same data and evaluate each."""
    arms = {name: f"{name}-{data[-4:]}" for name in ("paper", *variants)}
    return steps(
        *(train_command(name, data, run) for name, run in arms.items()),
        *(
            evaluate_command(run, split=split, views=views)
            for run in arms.values()
            for split in splits
        ),
    )


def experiment_command(name, options=""):
    """The command that runs an experiment of `experiments`."""
    options = f" {options}" if options else ""
    return f"python -m reproduce.experiment {name}{options}"


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
        "layers: convolutional / dense / learned",
        "5 / 3 / 8",
        NOTHING,
        values=(5, 3, 8),
        unit="convolutional, fully connected, learned",
        protocol="some convolutions followed by max-pooling; 1000-way softmax",
    ),
    Claim(
        "A06",
        "Abs., §6, T2",
        "top-5 test error, winner / second of 2012",
        "15.3 / 26.2",
        IMAGENET,
        values=(15.3, 26.2),
        unit="%",
        protocol="ILSVRC-2012 test, average of 7 nets, “a variant of this model”",
        remark=(
            f"{_NO_TEST_LABELS}; L07 is the validation error of the same average; "
            f"{_NOT_IN_ENSEMBLE}"
        ),
        command=steps(_TRAIN_FIVE, evaluate_command(*_FIVE_SEEDS, split="test")),
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
        "share of parameters, any convolution",
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
            "conv3, conv4 and conv5 have a variant, conv1 and conv2 none; CIFAR-10 can "
            "stand in for ImageNet (--data cifar10)"
        ),
        command=steps(
            _TRAIN_2010,
            *(
                train_command(f"without-conv{n}", ILSVRC_2010, f"without-conv{n}-2010")
                for n in (3, 4, 5)
            ),
            evaluate_command("paper-2010", split="test"),
            *(
                evaluate_command(f"without-conv{n}-2010", split="test")
                for n in (3, 4, 5)
            ),
        ),
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
        "training / validation / test images",
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
        "size after rescaling and cropping",
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
        "ReLU against tanh, to 25 % training error",
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
            "without normalization and decay, stands in for it"
        ),
        command=experiment_command("figure1"),
    ),
    Claim(
        "D02",
        "§3.1",
        "ReLU against saturating neurons",
        "several times faster",
        CIFAR10,
        protocol="CIFAR-10, training error; how much varies with the architecture",
        remark="the nets and rates of Figure 1's experiment",
        command=experiment_command("figure1"),
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
        "two GPUs against one, top-1 / top-5",
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
        "time to train, two GPUs against one",
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
        "k, n, α, β of response normalization",
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
        "response normalization, top-1 / top-5",
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
            "normalization over conv2 that the paper does not mention"
        ),
        command=both_arms("no-lrn", ILSVRC_2012, "validation"),
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
            "long; the command gives all the same epochs and has the second net "
            "without its normalization, too"
        ),
        command=experiment_command("footnote3", "--epochs 520"),
    ),
    # §3.4 Overlapping pooling
    Claim(
        "G01",
        "§3.4",
        "overlapping pooling, top-1 / top-5",
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
            "the paper names no split; to keep the pooled sizes #147 pads conv2 by 1 "
            "in place of 2 and conv5 by 0 in place of 1"
        ),
        command=both_arms("non-overlapping-pooling", ILSVRC_2012, "validation"),
    ),
    Claim(
        "G02",
        "§3.4",
        "overlapping pooling and overfitting",
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
        "growth of the training set by crops and flips",
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
        "patches / views averaged at test time",
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
        "ten views against one, top-1 / top-5",
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
        "standard deviation of the colour noise",
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
            "free where the CPU prepares images faster than a training step consumes "
            "them: compare the two rates"
        ),
        command=BENCHMARKS,
    ),
    Claim(
        "J01",
        "§4.2",
        "dropout: probability / factor at test",
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
        "iterations to converge with dropout",
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
        "without crops, or without dropout",
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
        "batch / momentum / weight decay",
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
        "weight decay and training error",
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
        "initial weights' deviation / biases",
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
        "learning rate / reductions / divisor",
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
        "K06",
        "§5",
        "biases of 1 and the early stages of learning",
        "accelerated",
        IMAGENET,
        protocol=(
            "biases of 1 in conv2, conv4, conv5, fc6 and fc7, “by providing the ReLUs "
            "with positive inputs”"
        ),
        remark=(
            "on CIFAR-10: python -m reproduce.experiment biases --data-dir DIR; others "
            "disagree whether the printed start trains at all"
        ),
        command=steps(
            *(
                train_command(name, ILSVRC_2012, f"{name}-start", "--epochs 1")
                for name in ("paper", "paper.zero-bias")
            )
        ),
    ),
    Claim(
        "K05",
        "§5",
        "cycles through the training set",
        "about 90",
        IMAGENET,
        values=(90,),
        unit="epochs",
        protocol="1.2 million images",
        authors="93 / 91",
        authors_source="C: layer-params-145-2010.cfg / layer-params-145.cfg",
        command=_TRAIN_2010,
    ),
    # §6 Results
    Claim(
        "L01",
        "§6, T1",
        "best in the ILSVRC-2010 contest",
        "47.1 / 28.2",
        CITATION,
        values=(47.1, 28.2),
        unit="%",
        protocol="ILSVRC-2010 test; six sparse-coding models averaged",
    ),
    Claim(
        "L02",
        "§6, T1",
        "best published on ILSVRC-2010 since",
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
        unit="points",
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
        "5 CNNs, top-1 / top-5 / test top-5",
        "38.1 / 16.4 / 16.4",
        IMAGENET,
        values=(38.1, 16.4, 16.4),
        unit="%",
        protocol="ILSVRC-2012, five similar nets averaged: validation and test",
        remark=(
            "the five are not named, the command takes one net from five seeds; "
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
        remark=(
            "the command pre-trains only: fine-tuning from a run is not an option of "
            "the program, and the authors' chain was longer (2012, Fall 2009, Fall "
            "2011, 2012)"
        ),
        command=_TRAIN_FALL_2011,
    ),
    Claim(
        "L07",
        "§6, T2",
        "7 CNNs*, top-1 / top-5 / test top-5",
        "36.7 / 15.4 / 15.3",
        IMAGENET,
        values=(36.7, 15.4, 15.3),
        unit="%",
        protocol=(
            "ILSVRC-2012, two nets pre-trained on Fall 2011 averaged with the five of "
            "L05: validation and test"
        ),
        remark=f"{_NOT_IN_ENSEMBLE}; {_NO_TEST_LABELS}",
        command=steps(
            _TRAIN_FALL_2011,
            _TRAIN_FIVE,
            evaluate_command(*_FIVE_SEEDS),
            evaluate_command(*_FIVE_SEEDS, split="test"),
        ),
    ),
    Claim(
        "L08",
        "§6, T2",
        "second in ILSVRC-2012, test top-5",
        "26.2",
        CITATION,
        values=(26.2,),
        unit="%",
        protocol="ILSVRC-2012 test; classifiers on Fisher vectors averaged",
    ),
    Claim(
        "M01",
        "§6",
        "ImageNet Fall 2009, top-1 / top-5",
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
        IMAGENET,
        values=(96, 48),
        unit="kernels, kernels a tower",
        protocol="GPU 1 mostly without colour, GPU 2 mostly coloured, in every run",
        remark=(
            "up to a renumbering of the GPUs; any trained two-tower net can be asked, "
            "several seeds show whether it is every run; the figure prints each "
            "tower's mean colour selectivity and the p-value of a permutation test"
        ),
        command=steps(
            _TRAIN_2010,
            "python -m reproduce.figure 3 --run runs/paper-2010 --out figure3.pdf",
        ),
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
    # §7 Discussion
    Claim(
        "O01",
        "§7",
        "removing any middle layer, top-1",
        "about −2",
        IMAGENET,
        values=(2.0,),
        unit="points",
        protocol="one layer removed; how much lower top-1 accuracy is; split not named",
        remark=(
            "no log in C; CIFAR-10 can stand in for ImageNet (--data cifar10); fc6 "
            "and fc7 have no such variant"
        ),
        command=steps(
            _TRAIN_2010,
            *(
                train_command(f"without-conv{n}", ILSVRC_2010, f"without-conv{n}-2010")
                for n in (3, 4, 5)
            ),
            evaluate_command("paper-2010", split="test"),
            *(
                evaluate_command(f"without-conv{n}-2010", split="test")
                for n in (3, 4, 5)
            ),
        ),
    ),
)


@dataclass(frozen=True)
class ResultRow:
    """One line of a result table; errors in %, None where the paper has a dash.

    `authors` are the errors that the authors' log has for the same cell, unrounded.
    `cited` marks the rows in italics, the results of others. `claim` is the id of the
    claim with the same numbers.
    """

    model: str
    cited: bool
    printed: tuple[float | None, ...]
    authors: tuple[float | None, ...]
    authors_source: str
    claim: str


@dataclass(frozen=True)
class ResultTable:
    """A result table of the paper."""

    title: str
    columns: tuple[str, ...]
    protocol: str
    rows: tuple[ResultRow, ...]


TABLE_1 = ResultTable(
    "Table 1. Results on the ILSVRC-2010 test set",
    ("top-1", "top-5"),
    _2010_TEST,
    (
        ResultRow(
            "Sparse coding [2]",
            cited=True,
            printed=(47.1, 28.2),
            authors=(None, None),
            authors_source="",
            claim="L01",
        ),
        ResultRow(
            "SIFT + FVs [24]",
            cited=True,
            printed=(45.7, 25.7),
            authors=(None, None),
            authors_source="",
            claim="L02",
        ),
        ResultRow(
            "CNN",
            cited=False,
            printed=(37.5, 17.0),
            authors=(37.4727, 16.9987),
            authors_source="C: layer-params-145-2010.cfg, run 2012-09-27, 93 epochs",
            claim="A02",
        ),
    ),
)

TABLE_2 = ResultTable(
    "Table 2. Errors on the ILSVRC-2012 validation and test sets",
    ("top-1 (val)", "top-5 (val)", "top-5 (test)"),
    "ILSVRC-2012, 10 views; * pre-trained on the entire ImageNet 2011 Fall release",
    (
        ResultRow(
            "SIFT + FVs [7]",
            cited=True,
            printed=(None, None, 26.2),
            authors=(None, None, None),
            authors_source="",
            claim="L08",
        ),
        ResultRow(
            "1 CNN",
            cited=False,
            printed=(40.7, 18.2, None),
            authors=(40.664, 18.21, None),
            authors_source="C: layer-params-145.cfg, run 2012-09-13, 91 epochs",
            claim="L04",
        ),
        ResultRow(
            "5 CNNs",
            cited=False,
            printed=(38.1, 16.4, 16.4),
            authors=(None, None, None),
            authors_source="",
            claim="L05",
        ),
        ResultRow(
            "1 CNN*",
            cited=False,
            printed=(39.0, 16.6, None),
            authors=(38.99, 16.622, None),
            authors_source="C: layer-params-146-2012-2011.cfg, 54 epochs fine-tuned",
            claim="L06",
        ),
        ResultRow(
            "7 CNNs*",
            cited=False,
            printed=(36.7, 15.4, 15.3),
            authors=(None, None, None),
            authors_source="",
            claim="L07",
        ),
    ),
)


@dataclass(frozen=True)
class LoggedRun:
    """A net that the authors logged and the paper does not print; errors in %."""

    run: str
    what: str
    dataset: str
    top1: float
    top5: float
    source: str


_VALIDATION_2012 = "ILSVRC-2012 validation"
_PREDECESSOR = "a predecessor of #145"

LOGGED_VARIANTS = (
    LoggedRun(
        "137-2010",
        "32 + 32 conv1 kernels, and a blurred low-resolution image into conv2",
        "ILSVRC-2010 test",
        37.6167,
        17.1247,
        "C: run 137",
    ),
    LoggedRun("120", _PREDECESSOR, _VALIDATION_2012, 41.044, 18.714, "C: run 120"),
    LoggedRun(
        "131",
        "#120 with the first normalization moved from after pool1 to over conv1",
        _VALIDATION_2012,
        40.934,
        18.574,
        "C: run 131",
    ),
    LoggedRun("135", _PREDECESSOR, _VALIDATION_2012, 41.07, 18.416, "C: run 135"),
    LoggedRun("137", _PREDECESSOR, _VALIDATION_2012, 40.782, 18.344, "C: run 137"),
    LoggedRun(
        "112",
        "#101 with normalization over 5 maps in place of 9",
        "ILSVRC-2010 (inferred)",
        37.2378,
        16.8156,
        "C: run 112",
    ),
    LoggedRun(
        "150",
        "no communication between the towers at all, 160 conv2 kernels a tower",
        _VALIDATION_2012,
        41.828,
        19.33,
        "C: run 150",
    ),
    LoggedRun(
        "166",
        "conv2's normalization below the ReLU",
        _VALIDATION_2012,
        41.096,
        18.674,
        "C: run 166",
    ),
    LoggedRun(
        "167",
        "#145 without both normalizations over conv2, rate falling in discrete steps",
        _VALIDATION_2012,
        40.488,
        18.118,
        "C: run 167",
    ),
    LoggedRun(
        "170",
        "#145, rate falling in discrete steps to 4e-5",
        _VALIDATION_2012,
        40.528,
        18.048,
        "C: run 170",
    ),
    LoggedRun(
        "145 continued",
        "#145 with the rate raised to 0.001 again, dropped at 107 and 124, stopped "
        "at 135 epochs",
        _VALIDATION_2012,
        40.25,
        17.994,
        "C: layer-params-145.cfg",
    ),
    LoggedRun(
        "146-2012-2009",
        "the six-convolution net pre-trained on Fall 2009, 52 epochs of fine-tuning",
        _VALIDATION_2012,
        39.1,
        16.876,
        "C: run 146-2012-2009",
    ),
    LoggedRun(
        "cuda-convnet2 1 GPU",
        "its one-GPU example net, 10 views",
        _VALIDATION_2012,
        40.42,
        18.15,
        "C2: wiki",
    ),
    LoggedRun(
        "cuda-convnet2 1 GPU, centre",
        "its one-GPU example net, central view",
        _VALIDATION_2012,
        42.548,
        19.81,
        "C2: wiki",
    ),
)


@dataclass(frozen=True)
class Schedule:
    """Epochs at which the authors changed something by hand, from their run notes.

    First, second and third drop: the rate falls to 0.001, 0.0001 and 0.00001. At
    `conv1_slowed` conv1 goes on at 0.00001 and the colour noise is switched off; at
    `conv1_frozen` conv1's rate is 0. None where the notes have nothing.
    """

    run: str
    first_drop: int
    second_drop: int
    conv1_slowed: int | None
    conv1_frozen: int | None
    third_drop: int | None
    stopped: int


# C: the layer-params files of these runs.
SCHEDULES = (
    Schedule("145-2010", 23, 51, 68, 72, 78, 93),  # 37.5 / 17.0
    Schedule("145", 25, 51, 67, 72, 79, 91),  # 40.7 / 18.2
    # one GPU; its end file has every rate at 1e-5, since when its notes do not say
    Schedule("145-half", 20, 48, 66, 72, None, 96),
    Schedule("147", 23, 51, None, 79, 79, 90),  # non-overlapping pooling
    Schedule("148", 22, 44, 69, 73, 86, 97),  # no normalization
)


@dataclass(frozen=True)
class OpenQuestion:
    """What the paper gets wrong, leaves out or leaves ambiguous, and who does what.

    `authors` is their released code and logs, `others` are Caffe, torchvision and
    TF-slim, `choice` is what this project's variants do.
    """

    id: str
    question: str
    paper: str
    authors: str
    others: str
    choice: str
    reason: str


OPEN_QUESTIONS = (
    OpenQuestion(
        "Q01",
        "How do 224×224 images give 55×55 maps?",
        "224×224, stride 4, no padding named (§3.5): (224 − 11) / 4 is no integer; "
        "the neurons of Figure 2 need 27×27 after pooling, hence 55×55",
        "224; the number of positions is rounded up, the last window hangs 3 pixels "
        "over the right and bottom edge onto zeros, that is, the mean image",
        "Caffe: 227, no padding. torchvision: 224 padded by 2. TF-slim: 224 without "
        "padding, 54×54 maps",
        "paper: 227 without padding. authors: 224 with 3 zeros right and bottom. "
        "caffe: 227. one-weird-trick: 224 padded by 2",
        "227 is 224 and the 3 pixels that the printed sizes need; both give 55×55 "
        "with the same weights, so that one weight file fits both",
    ),
    OpenQuestion(
        "Q02",
        "How many neurons has conv1?",
        "253,440 (Figure 2), which is 55·48·96; the list sums to 622,312 and the "
        "abstract says 650,000",
        "290,400 = 55·55·96, and 659,272 in all",
        "Caffe: 290,400. torchvision: 193,600 (64 maps). TF-slim: 186,624 (64 maps "
        "of 54×54)",
        "paper, authors, caffe: 290,400",
        "it follows from the kernels and the stride; the abstract's sum agrees with it "
        "and not with the list",
    ),
    OpenQuestion(
        "Q03",
        "Are the towers part of the net, or a device of that hardware?",
        "two towers; conv2, conv4 and conv5 see their own only (§3.5)",
        "two towers, on two GPUs",
        "Caffe: group = 2 in conv2, conv4, conv5. torchvision, TF-slim: one tower",
        "paper, authors, caffe: conv2, conv4, conv5 in two groups; paper and authors "
        "also as two towers on two devices. ungrouped: every layer sees all maps",
        "the kernel depths of §3.5 (48, 192, 192) are those of two groups; without "
        "them the net has 62,378,344 parameters",
    ),
    OpenQuestion(
        "Q04",
        "Which numbers of kernels are AlexNet's?",
        "96-256-384-384-256",
        "2 × (48-128-192-192-128)",
        "Caffe: as the paper. torchvision: 64-192-384-256-256. TF-slim: "
        "64-192-384-384-256",
        "paper, authors, caffe: 96-256-384-384-256. one-weird-trick: "
        "64-192-384-256-256",
        "the nets of 64 and 192 kernels belong to another paper (O) and go under this "
        "one's name",
    ),
    OpenQuestion(
        "Q05",
        "Is α multiplied with the sum of squares, or with their mean?",
        "with the sum (§3.3): k = 2, n = 5, α = 1e-4, β = 0.75",
        "with the mean: scale 1e-4 is divided by size 5, so 2e-5 an element; k = 2",
        "Caffe: mean, 2e-5 an element, and k = 1. torchvision, TF-slim: no "
        "normalization",
        "paper: sum, k = 2, 1e-4. authors: 2e-5 an element, k = 2. caffe: 2e-5 an "
        "element, k = 1",
        "paper is what is printed; the reported errors were obtained with the other",
    ),
    OpenQuestion(
        "Q06",
        "Does normalization reach across the two towers?",
        "N is “the total number of kernels in the layer” (§3.3)",
        "no: it runs over the 48 or 128 maps of one tower and is clipped at its edge",
        "Caffe: over all 96 or 256 maps",
        "paper, authors: N is read as a tower's maps. caffe, ungrouped: all maps",
        "across towers, neighbouring maps would be communication that §3.2 does not "
        "list; only maps within two of the tower's edge differ",
    ),
    OpenQuestion(
        "Q07",
        "Is there a second normalization over conv2?",
        "not mentioned",
        "yes, “cnorm2”: each activity divided by (1 + 0.001/25 · the sum of squares in "
        "the 5×5 window of its own map)^0.75, after response normalization",
        "none",
        "paper, caffe: none. authors: as in layers-145.cfg",
        "the name comes from contrast normalization, which it no longer was; run 167, "
        "without both normalizations over conv2, was no worse",
    ),
    OpenQuestion(
        "Q08",
        "Has fc8 a ReLU?",
        "read literally, yes: ReLU follows “every convolutional and fully-connected "
        "layer” (§3.5)",
        "no",
        "none of the three",
        "none in any variant",
        "rectified, all classes with a negative value would tie; the code settles it",
    ),
    OpenQuestion(
        "Q09",
        "How wide are the initial weights?",
        "standard deviation 0.01 in each layer (§5)",
        "0.01; 0.03 in conv3, conv4 and conv5",
        "Caffe: 0.01, fc6 and fc7 0.005. TF-slim: Xavier, dense layers 0.005 "
        "truncated. torchvision: PyTorch's default",
        "paper: 0.01 everywhere. authors: 0.03 in conv3 to conv5. caffe: 0.005 in fc6 "
        "and fc7. one-weird-trick: PyTorch's default",
        "each variant starts as its source does, since the start decides how long the "
        "first plateau is",
    ),
    OpenQuestion(
        "Q10",
        "Where do biases start?",
        "1 in conv2, conv4, conv5 and the dense hidden layers, else 0 (§5)",
        "the same",
        "Caffe's AlexNet: 0.1 in place of 1, which “gave flat loss”; its CaffeNet: 1. "
        "TF-slim: 0.1, fc8 0. torchvision: default",
        "paper, authors: 1. caffe: 0.1",
        "paper and code agree",
    ),
    OpenQuestion(
        "Q11",
        "Do biases learn at the rate of weights?",
        "one rate for all layers (§5)",
        "twice the rate, 0.02, cut once to 0.002 with the first drop and then kept",
        "Caffe: twice the rate",
        "paper: one rate. authors, caffe: twice",
        "“all layers” need not mean all parameters, but it is the plain reading",
    ),
    OpenQuestion(
        "Q12",
        "Do biases decay?",
        "the rule of §5 is written for w",
        "no",
        "Caffe: no",
        "paper, authors, caffe: no",
        "the code settles what the paper leaves open",
    ),
    OpenQuestion(
        "Q13",
        "When exactly does the rate fall, and with which batch?",
        "batch 128; ÷10 when validation error stops improving, three times (§5)",
        "batch 128; by hand, at the epochs of SCHEDULES",
        "Caffe: batch 256, ÷10 every 100,000 of 450,000 steps (89.9 epochs)",
        "paper, authors: batch 128, ÷10 on a plateau. caffe: batch 256 and fixed "
        "epochs",
        "a rule for the plateau can be run again, a hand cannot; the hand's epochs "
        "are kept as data",
    ),
    OpenQuestion(
        "Q14",
        "Is colour noise scaled by eigenvalues or by their square roots?",
        "eigenvalues of the RGB covariance, times α of deviation 0.1 (§4.1)",
        "square roots (standard deviations 19.7, 37.1 and 121.8 of 255); the image is "
        "then divided by 1.1; training only",
        "Caffe, torchvision, TF-slim: no colour noise",
        "paper: eigenvalues of pixels scaled to 0–1. authors: square roots, then "
        "÷ 1.1. caffe: no noise",
        "on pixels 0–255 the printed formula gives noise of 842 to 883 grey levels; on "
        "pixels 0–1 it gives 3.3 to 3.5, the square roots give 7.2 to 7.7",
    ),
    OpenQuestion(
        "Q15",
        "How does a photograph become 256×256?",
        "shorter side to 256, then the central square (§2)",
        "the same (C2)",
        "Caffe's guide: both sides to 256, which distorts",
        "all variants: shorter side to 256, central square",
        "paper and code agree",
    ),
    OpenQuestion(
        "Q16",
        "By how much do crops and reflections enlarge the training set?",
        "2048 (§4.1), which is 32·32·2",
        "offsets 0 to 32: 33·33·2 = 2178",
        "Caffe: crops of 227 from 256, 30·30·2 = 1800",
        "counted for the printed crop of 224: all 33 offsets, 2178; a crop of 227 has "
        "1800",
        "every place where the crop fits is used, as in the code",
    ),
    OpenQuestion(
        "Q17",
        "Has no convolution more than 1 % of the parameters?",
        "“each containing no more than 1 %” (§1)",
        "conv3 has 1.45 %, conv4 1.09 %",
        "the same shares in Caffe",
        "computed from the net",
        "the statement does not hold for the paper's own net",
    ),
    OpenQuestion(
        "Q18",
        "Where does dropout stand?",
        "in the first two fully connected layers (§4.2)",
        "after the ReLU of fc6 and of fc7",
        "Caffe, TF-slim: after fc6 and fc7. torchvision: before fc6 and before fc7",
        "paper, authors, caffe: after the ReLU of fc6 and fc7. one-weird-trick: before",
        "hidden neurons are what §4.2 sets to zero",
    ),
    OpenQuestion(
        "Q19",
        "Which accuracy is the net's?",
        "59.3 % top-1 for one net: ILSVRC-2012 validation, ten views (Table 2)",
        "59.34 %",
        "Caffe: 57.1 % top-1, 80.2 % top-5; CaffeNet 57.4 and 80.4; central crop",
        "every record names split, classes and views; tables compare like with like",
        "ten views alone are worth 1.5 points (I04)",
    ),
    OpenQuestion(
        "Q20",
        "In which order do ReLU, normalization and pooling come?",
        "ReLU → normalization → pooling after conv1 and conv2; ReLU → pooling after "
        "conv5 (§3.3, §3.5)",
        "conv1: normalization → pooling → ReLU; conv2: ReLU → normalization → cnorm2 "
        "→ pooling; conv5: pooling → ReLU, which is the same thing",
        "Caffe's AlexNet: as printed; its CaffeNet: ReLU → pooling → normalization",
        "paper, caffe: as printed. authors: as in layers-145.cfg",
        "order changes conv1's values: a negative activity counts in the "
        "authors' sum of squares and not in the printed one",
    ),
    OpenQuestion(
        "Q21",
        "How is dropout scaled?",
        "not at all in training, outputs × 0.5 at test (§4.2)",
        "the same",
        "Caffe, torchvision, TF-slim: × 2 in training, nothing at test",
        "paper, authors: as printed. caffe, one-weird-trick: × 2 in training",
        "the two differ by a factor in what fc7 and fc8 see, and so in the effect of "
        "the initial weights and the rate",
    ),
    OpenQuestion(
        "Q22",
        "How are conv2 to conv5 padded?",
        "not stated; the neurons of Figure 2 need 27×27 and 13×13",
        "by 2, 1, 1, 1",
        "Caffe, torchvision: the same",
        "paper, authors, caffe: 2, 1, 1, 1",
        "the printed sizes leave no other choice",
    ),
    OpenQuestion(
        "Q23",
        "What is the mean that is subtracted?",
        "“the mean activity over the training set from each pixel” (§2)",
        "an image of means, a value for each pixel and channel; its central 224×224 is "
        "subtracted wherever the crop was",
        "Caffe: an image of means",
        "paper, authors: an image of means, its central crop subtracted",
        "“from each pixel” and the code agree; values stay in 0–255, not divided by a "
        "deviation",
    ),
    OpenQuestion(
        "Q24",
        "In which order do images come, and is every crop its own?",
        "not stated",
        "one shuffle when batches are made, then the same order every epoch; one "
        "offset and one flip shared by 32 consecutive images",
        "not compared",
        "all variants: order, offset and flip follow from seed, epoch and the image's "
        "index, one draw for each image",
        "sharing is a shortcut of the loader that the paper does not describe",
    ),
    OpenQuestion(
        "Q25",
        "Is there a last phase of training?",
        "not mentioned",
        "from about epoch 67 colour noise off and conv1 at 1e-5, from about 72 conv1 "
        "frozen (SCHEDULES)",
        "none",
        "with --schedule 145 (or another run of theirs); by default no variant has it",
        "the paper's rule is the three reductions; the phase is one reason why a run "
        "by that rule may end elsewhere",
    ),
    OpenQuestion(
        "Q26",
        "Which net is in Figure 1?",
        "a four-layer net on CIFAR-10, ReLU against tanh, no regularization, rates "
        "chosen for each (§3.1)",
        "no configuration in C, C2 or D is named as it",
        "none",
        "cifar-18pct (three convolutions and a dense layer) stands in for the curve",
        "its four weight layers are the nearest; an exact stand-in has neither "
        "normalization nor decay",
    ),
    OpenQuestion(
        "Q27",
        "Is F02, the gain of response normalization, due to it alone?",
        "top-1 and top-5 errors fall by 1.4 and 1.2 points (§3.3)",
        "#148 lacks three layers: both response normalizations and cnorm2; #167, "
        "without both over conv2, was no worse than #145",
        "none",
        "no-lrn is the paper's net without norm1 and norm2, so a pure ablation",
        "the variant measures what the sentence says, not what the authors ran",
    ),
    OpenQuestion(
        "Q28",
        "Is F03, 13 % against 11 % on CIFAR-10, due to normalization alone?",
        "“a four-layer CNN achieved a 13 % test error rate without normalization and "
        "11 % with normalization” (§3.3 fn 3)",
        "D's two nets also differ in local3 (32 or 64 kernels), fc10's decay (0.004 or "
        "0.01) and length of training (160 or 520 epochs)",
        "none",
        "cifar-13pct and cifar-11pct as they were shipped",
        "these files are what the footnote points to; an ablation of norm1 and norm2 "
        "alone is a different pair",
    ),
    OpenQuestion(
        "Q29",
        "What are the layers of the “four-layer CNN” of footnote 3?",
        "“four-layer”, in cuda-convnet's files",
        "conv1, conv2, local3, local4 and then fc10: four hidden layers, five with "
        "weights",
        "none",
        "cifar-13pct, cifar-11pct: those five",
        "the names 13pct and 11pct are the only link",
    ),
    OpenQuestion(
        "Q30",
        "How does non-overlapping pooling keep its sizes?",
        "“output of equivalent dimensions” (§3.4)",
        "#147: pooling 2/2, conv2 padded by 1 and conv5 by 0; maps "
        "55-28-26-13-13-13-11-6",
        "none",
        "non-overlapping-pooling: the same",
        "without it the sizes would be 28 and 14 in place of 27 and 13",
    ),
    OpenQuestion(
        "Q31",
        "Is the one-GPU net half of the two-GPU net?",
        "half the kernels, but conv5 and the dense layers are kept (§3.2 fn 2)",
        "#145-half: 48-128-192-192-256 and 4096; 59,798,312 parameters",
        "none",
        "one-gpu: the same widths",
        "the footnote itself says that this favours the one-GPU net",
    ),
    OpenQuestion(
        "Q32",
        "Has conv4 192 or 384 kernels?",
        "384 kernels of 3×3×192 (§3.5), often misread as 192",
        "192 in each tower",
        "Caffe: 384. torchvision: 256. TF-slim: 384",
        "paper, authors, caffe: 384",
        "192 is the depth of a kernel, and the number in one tower",
    ),
    OpenQuestion(
        "Q33",
        "Which conv4 has the single-tower net of 2014?",
        "another paper (O): a footnote lists 64-192-384-384-256 and says 0.2 % more "
        "parameters than the two-tower net",
        "the released one-tower configuration (C2) has 256 in conv4",
        "torchvision: 256. TF-slim: 384",
        "one-weird-trick: 256, 61,100,840 parameters",
        "256 gives +0.22 % parameters, 384 gives +1.43 %: the footnote's list is the "
        "slip; neither net is this paper's",
    ),
    OpenQuestion(
        "Q34",
        "How was “1 CNN*” pre-trained?",
        "on ImageNet Fall 2011, then fine-tuned on ILSVRC-2012 (§6)",
        "#145 on 2012 → Fall 2009 → Fall 2011 through a linear layer of 2048 → 2012",
        "none",
        "six-conv: the net; the chain is not reproduced",
        "no program here starts one net from another's weights",
    ),
    OpenQuestion(
        "Q35",
        "Which nets are averaged in “5 CNNs” and “7 CNNs*”, and with which weights?",
        "“five similar CNNs”, and two pre-trained on Fall 2011 with these five (§6)",
        "not named; C has one net pre-trained on Fall 2011, the other pre-trained ones "
        "on Fall 2009; avg-valid.py searches for averaging weights",
        "none",
        "an average of runs weighs them equally",
        "weights found on the validation set would flatter the validation error",
    ),
)
