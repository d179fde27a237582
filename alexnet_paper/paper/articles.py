"""The three tutorial articles whose nets are variants, as data.

Each article calls its net AlexNet and states numbers about the paper's net, its own net
or its training. Every such number is a `Claim`, including wrong ones. The `section` of
a claim is the text, the code listing or the training log. `guesses` lists what an
article leaves out and what is used here instead.

The sources are the articles' own pages, named in `ARTICLES`. Empty fields are unknown.
"""

from dataclasses import dataclass

from alexnet_paper.paper import CATS_DOGS
from alexnet_paper.paper import CIFAR10
from alexnet_paper.paper import CITATION
from alexnet_paper.paper import FLOWERS17
from alexnet_paper.paper import HARDWARE
from alexnet_paper.paper import NOTHING
from alexnet_paper.paper import TRAINED
from alexnet_paper.paper import Claim
from alexnet_paper.paper.claims import count_command
from alexnet_paper.paper.claims import evaluate_command
from alexnet_paper.paper.claims import experiment_command
from alexnet_paper.paper.claims import steps
from alexnet_paper.paper.claims import train_command


@dataclass(frozen=True)
class Article:
    """A tutorial, its claims, and guesses for what it leaves out."""

    variant: str
    title: str
    author: str
    year: str
    publisher: str
    url: str
    claims: tuple[Claim, ...]
    guesses: tuple[str, ...]
    updated: str = ""  # the date of the last change, if the article gives that alone


_CIFAR = steps(
    train_command("bn-cifar10", "cifar10", "bn-cifar10"),
    evaluate_command("bn-cifar10", split="test", views=1),
)
_CIFAR_ANNEALED = steps(
    train_command(
        "bn-cifar10", "cifar10", "bn-cifar10-as-intended", "--recipe as-intended"
    ),
    evaluate_command("bn-cifar10-as-intended", split="test", views=1),
)
_RECORD = "the command counts what it finds"

_BN_CIFAR10 = Article(
    variant="bn-cifar10",
    title=(
        "Hands-on Guide To Implementing AlexNet With Keras For Multi-Class Image "
        "Classification"
    ),
    author="Vaibhav Kumar",
    year="",
    publisher="Analytics India Magazine",
    url="",
    claims=(
        Claim(
            "BC01",
            "text",
            "AlexNet's top-5 error in ILSVRC-2012",
            "15.3",
            NOTHING,
            values=(15.3,),
            unit="%",
            protocol="ILSVRC-2012 test; the paper's claim A06",
            remark="the error of seven nets averaged, not of one",
        ),
        Claim(
            "BC02",
            "text",
            "lower than the runner-up's by more than",
            "10.8",
            NOTHING,
            values=(10.8,),
            unit="points",
            protocol="ILSVRC-2012 test, top-5; the paper's claim A06",
            remark="26.2 − 15.3 = 10.9, so “more than 10.8” holds",
            direction="lower",
        ),
        Claim(
            "BC03",
            "text",
            "layers: all / convolutional / dense",
            "8 / 5 / 3",
            NOTHING,
            values=(8, 5, 3),
            unit="learned, convolutional, fully connected",
            protocol="said of AlexNet, and of the code that follows",
            remark="right for the paper's net; the code has four dense layers, so nine",
        ),
        Claim(
            "BC04",
            "text",
            "kernel sizes of the five convolutions",
            "11, 5, 3, 3, 3",
            NOTHING,
            values=(11, 5, 3, 3, 3),
            unit="pixels",
        ),
        Claim(
            "BC05",
            "text",
            "kernel sizes, said again",
            "11, 5, 3, 3",
            NOTHING,
            values=(11, 5, 3, 3),
            unit="pixels",
            protocol="“5 convolutional layers with kernel size …”",
            remark="four sizes for five layers; the code has the fifth, 3×3",
        ),
        Claim(
            "BC06",
            "text",
            "layers without ReLU",
            "the output layer only",
            NOTHING,
            values=(1,),
            unit="layers",
            protocol="“at all layers except at the output layer”",
        ),
        Claim(
            "BC07",
            "text",
            "nodes of the output layer",
            "10",
            NOTHING,
            values=(10,),
            unit="neurons",
        ),
        Claim(
            "BC08",
            "code",
            "input",
            "32×32×3",
            NOTHING,
            values=(32, 32, 3),
            unit="height, width, channels",
            remark="pixels 0–255 as they are; the paper's net takes 224×224",
        ),
        Claim(
            "BC09",
            "code",
            "kernels of the five convolutions",
            "96, 256, 384, 384, 256",
            NOTHING,
            values=(96, 256, 384, 384, 256),
            unit="kernels",
            remark="the paper's numbers, in one tower",
        ),
        Claim(
            "BC10",
            "code",
            "strides of the five convolutions",
            "4, 1, 1, 1, 1",
            NOTHING,
            values=(4, 1, 1, 1, 1),
            unit="pixels",
            protocol="padding “same”",
            remark="32×32 images are 8×8 after conv1 and 1×1 before the dense layers",
        ),
        Claim(
            "BC11",
            "code",
            "max-pooling: size / stride / count",
            "2 / 2 / 3",
            NOTHING,
            values=(2, 2, 3),
            unit="pixels, pixels, layers",
            protocol="after conv1, conv2 and conv5, padding “same”",
            remark="the paper has 3 / 2 / 3",
        ),
        Claim(
            "BC12",
            "code",
            "neurons of the dense layers",
            "4096, 4096, 1000, 10",
            NOTHING,
            values=(4096, 4096, 1000, 10),
            unit="neurons",
            remark="four dense layers, where the text says three",
        ),
        Claim(
            "BC13",
            "code",
            "dropout: probability / layers",
            "0.4 / 3",
            NOTHING,
            values=(0.4, 3),
            unit="probability, layers",
            protocol="after each dense layer but the last",
            remark="the paper has 0.5 after two",
        ),
        Claim(
            "BC14",
            "code",
            "batch normalizations",
            "9",
            NOTHING,
            values=(9,),
            unit="layers",
            protocol="after every convolution and every dense layer, before ReLU",
            remark="one stands between the last dense layer and the softmax",
        ),
        Claim(
            "BC15",
            "text",
            "CIFAR-10: images / classes / each",
            "60000 / 10 / 6000",
            CIFAR10,
            values=(60_000, 10, 6000),
            unit="images, classes, images a class",
            remark=_RECORD,
            command=count_command("cifar10"),
        ),
        Claim(
            "BC16",
            "text",
            "training / test images",
            "50000 / 10000",
            CIFAR10,
            values=(50_000, 10_000),
            unit="images",
            remark=_RECORD,
            command=count_command("cifar10"),
        ),
        Claim(
            "BC17",
            "code",
            "share of the training set held out",
            "0.3",
            CIFAR10,
            values=(0.3,),
            unit="share",
            protocol="train_test_split without a seed",
            remark="leaves 35,000 images to train and 15,000 to validate",
            command=_CIFAR,
        ),
        Claim(
            "BC18",
            "code",
            "rotation / zoom in augmentation",
            "2° / 0.1",
            CIFAR10,
            values=(2, 0.1),
            unit="degrees, share",
            protocol="and horizontal flips",
            remark=(
                "applied to validation images too; a generator for test images is made "
                "and never used"
            ),
            command=_CIFAR,
        ),
        Claim(
            "BC19",
            "text",
            "learning rate is reduced by",
            "0.01",
            NOTHING,
            values=(0.01,),
            unit="factor",
            protocol="ReduceLROnPlateau(factor=.01, min_lr=1e-5)",
            remark=(
                "factor=.01 multiplies: 0.001 would become 1e-5, which is min_lr, so "
                "the rate could fall once only"
            ),
        ),
        Claim(
            "BC20",
            "text",
            "epochs without progress before that",
            "3",
            CIFAR10,
            values=(3,),
            unit="epochs",
            protocol="patience=3, monitor='val_acc'",
            remark=(
                "the metric is compiled, and plotted, as accuracy, so the log has "
                "val_accuracy and no val_acc: the reduction never happened"
            ),
            command=_CIFAR_ANNEALED,
        ),
        Claim(
            "BC21",
            "code",
            "batch size",
            "100",
            NOTHING,
            values=(100,),
            unit="images",
            remark="the paper has 128",
        ),
        Claim(
            "BC22",
            "code",
            "epochs",
            "100",
            NOTHING,
            values=(100,),
            unit="epochs",
        ),
        Claim(
            "BC23",
            "code",
            "learning rate",
            "0.001",
            NOTHING,
            values=(0.001,),
            unit="rate",
            protocol="Adam",
            remark="learn_rate is set and never used; it is Adam's default in Keras",
        ),
        Claim(
            "BC24",
            "code",
            "validation steps an epoch",
            "250",
            CIFAR10,
            values=(250,),
            unit="batches",
            protocol="batches of 100",
            remark="15,000 images are 150 batches: two thirds of them count twice",
            command=_CIFAR,
        ),
        Claim(
            "BC25",
            "text",
            "accuracy on the test set",
            "64.8",
            CIFAR10,
            values=(64.8,),
            unit="% accuracy",
            protocol="CIFAR-10 test, 10,000 images as they are, one view",
            remark="the article explains it by the lack of pre-trained weights",
            command=experiment_command("bn-cifar10-published"),
        ),
        Claim(
            "BC26",
            "text",
            "the net is called",
            "AlexNet",
            NOTHING,
            protocol="“implement the Alexnet … as per the … research work”",
            remark="what the article changed is listed beside the claims",
        ),
        Claim(
            "BC27",
            "text",
            "low because no transfer learning was used",
            "64.8 %",
            TRAINED,
            protocol="a net from weights trained on other images, and from scratch",
            remark="there are no public weights of the article's net: Caffe's AlexNet "
            "stands in, on photographs",
            command=experiment_command("transfer", "--data-dir DIR --from WEIGHTS"),
        ),
    ),
    guesses=(
        "seed of the split, of the initial weights and of the order: only NumPy's is "
        "given (1000), which does not seed the framework",
        "version of Keras: the import path and fit_generator are of Keras 2, the "
        "history's key accuracy is of 2.3 or later",
        "initial weights: Keras's default, Glorot uniform, biases 0",
        "batch normalization: Keras's defaults (momentum 0.99, epsilon 0.001)",
        "pixels that a rotation or zoom uncovers: Keras's default, the nearest pixel",
        "weights that were tested: those after the last epoch, no checkpoint is named",
    ),
)


_CATS_DOGS = steps(
    train_command(
        "cats-vs-dogs", "cats-vs-dogs --data-dir cats-and-dogs", "cats-vs-dogs"
    ),
    evaluate_command("cats-vs-dogs", split="test", views=1, options="--per-class"),
)
_SATURATED = (
    "a saturated softmax costs nothing for a hit and −ln 1e-7 = 16.118 for a miss, "
    "Keras's clip: loss = 16.118 · (1 − accuracy)"
)

_CATS_VS_DOGS = Article(
    variant="cats-vs-dogs",
    title="CNN Architecture Series — Hands on with AlexNet (Part II)",
    author="",
    year="",
    publisher="",
    url="",
    updated="2020-11-29",
    claims=(
        Claim(
            "CD01",
            "text",
            "AlexNet's top-5 error in ILSVRC-2012",
            "15.3",
            NOTHING,
            values=(15.3,),
            unit="%",
            protocol="ILSVRC-2012 test; the paper's claim A06",
            remark="the error of seven nets averaged, not of one",
        ),
        Claim(
            "CD02",
            "text",
            "more than the runner-up's by",
            "10.8",
            NOTHING,
            values=(10.8,),
            unit="points",
            protocol="ILSVRC-2012 test, top-5; “10.8 percentage more”",
            remark="wrong sign: 15.3 is less than 26.2, and by 10.9",
            direction="higher",
        ),
        Claim(
            "CD03",
            "text",
            "layers",
            "8",
            NOTHING,
            values=(8,),
            unit="learned layers",
        ),
        Claim(
            "CD04",
            "text",
            "layers: convolutional / pooling / dense",
            "5 / 3 / 3",
            NOTHING,
            values=(5, 3, 3),
            unit="convolutional, max-pooling, fully connected",
            protocol="“3 dense layers with one output dense-softmax layer”",
            remark="the softmax layer is read as one of the three, which makes eight",
        ),
        Claim(
            "CD05",
            "text",
            "kernel sizes of the five convolutions",
            "11, 5, 3, 3, 3",
            NOTHING,
            values=(11, 5, 3, 3, 3),
            unit="pixels",
        ),
        Claim(
            "CD06",
            "text",
            "input size “required for AlexNet”",
            "227×227",
            NOTHING,
            values=(227, 227),
            unit="height, width",
            remark="the paper prints 224×224; 227 is what its 55×55 maps need",
        ),
        Claim(
            "CD07",
            "text",
            "VGG-16's standard input",
            "224×224",
            CITATION,
            values=(224, 224),
            unit="height, width",
        ),
        Claim(
            "CD08",
            "log",
            "epochs",
            "10",
            NOTHING,
            values=(10,),
            unit="epochs",
        ),
        Claim(
            "CD09",
            "log",
            "steps an epoch",
            "10",
            CATS_DOGS,
            values=(10,),
            unit="batches",
            remark=(
                "training accuracies are multiples of 1/320, so batches of 32 and 320 "
                "images an epoch"
            ),
            command=_CATS_DOGS,
        ),
        Claim(
            "CD10",
            "log",
            "training loss, epochs 1 to 10",
            "8.01 … 8.31",
            CATS_DOGS,
            values=(
                8.0139,
                7.7065,
                8.6131,
                7.8072,
                8.3613,
                7.5554,
                8.3109,
                8.1094,
                7.2531,
                8.3109,
            ),
            unit="cross-entropy",
            protocol="mean of ten epochs 8.00",
            remark=f"{_SATURATED}, 8.06 at one half; true of epochs 2 to 10",
            command=_CATS_DOGS,
        ),
        Claim(
            "CD11",
            "log",
            "training accuracy, epochs 1 to 10",
            "0.4875 … 0.4844",
            CATS_DOGS,
            values=(
                0.4875,
                0.5219,
                0.4656,
                0.5156,
                0.4813,
                0.5312,
                0.4844,
                0.4969,
                0.5500,
                0.4844,
            ),
            unit="share",
            protocol="mean of ten epochs 0.502",
            remark=(
                "the accuracy of predicting one class for every image: that class's "
                "share of the images drawn"
            ),
            command=_CATS_DOGS,
        ),
        Claim(
            "CD12",
            "log",
            "validation loss, epochs 1 to 10",
            "8.46 … 7.76",
            CATS_DOGS,
            values=(
                8.4620,
                7.8072,
                7.8576,
                8.4620,
                8.3109,
                7.6561,
                8.3049,
                8.3109,
                7.1524,
                7.7568,
            ),
            unit="cross-entropy",
            protocol="mean of ten epochs 8.01",
            remark=f"{_SATURATED}; true of all ten epochs",
            command=_CATS_DOGS,
        ),
        Claim(
            "CD13",
            "log",
            "validation accuracy, epochs 1 to 10",
            "0.4750 … 0.5188",
            CATS_DOGS,
            values=(
                0.4750,
                0.5156,
                0.5125,
                0.4750,
                0.4844,
                0.5250,
                0.4847,
                0.4844,
                0.5563,
                0.5188,
            ),
            unit="share",
            protocol="mean of ten epochs 0.503",
            remark="it varies with the images drawn for validation, not with learning",
            command=_CATS_DOGS,
        ),
        Claim(
            "CD14",
            "log",
            "best validation accuracy / its epoch",
            "0.55625 / 9",
            CATS_DOGS,
            values=(0.55625, 9),
            unit="share, epoch",
            protocol="the weights that ModelCheckpoint kept",
            command=_CATS_DOGS,
        ),
        Claim(
            "CD15",
            "log",
            "seconds an epoch / a step",
            "78–83 / 8",
            HARDWARE,
            values=(78, 83, 8),
            unit="seconds at least, seconds at most, seconds a step",
            protocol="Google Colab with its GPU, batches of 32; mean of ten epochs 80",
            command=_CATS_DOGS,
        ),
        Claim(
            "CD16",
            "text",
            "one photograph of a dog is called",
            "a dog",
            CATS_DOGS,
            protocol="one photograph, after training",
            remark=(
                "a net that predicts one class is right about one of the two animals "
                "whatever the photograph"
            ),
            command=experiment_command("cats-vs-dogs-seeds", "--data-dir DIR"),
        ),
        Claim(
            "CD17",
            "text",
            "training for more epochs",
            "more accuracy",
            CATS_DOGS,
            remark="a saturated net has hardly any gradient to learn from",
            command=steps(
                train_command(
                    "cats-vs-dogs",
                    "cats-vs-dogs --data-dir cats-and-dogs",
                    "cats-vs-dogs-longer",
                    "--epochs 40",
                ),
                evaluate_command("cats-vs-dogs-longer", split="test", views=1),
            ),
        ),
        Claim(
            "CD18",
            "text",
            "the net is called",
            "AlexNet",
            NOTHING,
            protocol="“train an AlexNet network using Keras library”",
            remark="what the article changed is listed beside the claims",
        ),
        Claim(
            "CD19",
            "log",
            "validation accuracy / loss of epoch 7, and its images (a guess here)",
            "0.4847 / 8.3049",
            NOTHING,
            values=(0.4847, 8.3049),
            unit="accuracy, loss",
            remark="that epoch alone met a last batch of 7; the often-used folder of "
            "8,005 and 2,023 photographs fits",
        ),
    ),
    guesses=(
        "the code is shown as pictures: kernels 96, 256, 384, 384, 256 as in the "
        "paper, in one tower",
        "conv1 with stride 4 and no padding, the others stride 1 with padding “same”",
        "max-pooling 3×3 with stride 2 after conv1, conv2 and conv5, as in the paper",
        "dense layers of 4096, 4096 and 2, ReLU after every layer but the last",
        "no normalization, since none is mentioned; dropout 0.5 after fc6 and fc7, as "
        "in the paper",
        "initial weights: Keras's default, Glorot uniform, biases 0",
        "Adam at its default rate 0.001: optimizer and loss are in a picture; the "
        "log's losses are those of a cross-entropy clipped at 1e-7",
        "batches of 32, from the log's accuracies",
        "pixels 0–255 as they are: no rescaling is mentioned",
        "EarlyStopping's patience: not given; it did not stop within ten epochs; 20 "
        "here",
        "which photographs are used to train and which to validate",
    ),
)


_FLOWERS = steps(
    train_command("bn-flowers17", "flowers17 --data-dir flowers17", "bn-flowers17"),
    evaluate_command("bn-flowers17", split="test", views=1),
)
_FLOWERS_WHOLE = experiment_command("bn-flowers17-published", "--data-dir DIR")

_BN_FLOWERS17 = Article(
    variant="bn-flowers17",
    title="Building AlexNet with Keras",
    author="",
    year="",
    publisher="",
    url="",
    claims=(
        Claim(
            "BF01",
            "text",
            "Flowers-17: categories / images each",
            "17 / 80",
            FLOWERS17,
            values=(17, 80),
            unit="classes, images a class",
            remark=f"1,360 photographs; {_RECORD}",
            command=count_command("flowers17 --data-dir flowers17"),
        ),
        Claim(
            "BF02",
            "text",
            "layers: convolutional / dense",
            "5 / 3",
            NOTHING,
            values=(5, 3),
            unit="convolutional, fully connected",
            protocol="said of AlexNet",
            remark="true of the paper's net; the code has four dense layers",
        ),
        Claim(
            "BF03",
            "text",
            "GPU cores that share the data",
            "2",
            NOTHING,
            values=(2,),
            unit="GPUs",
            protocol="said of AlexNet",
            remark=(
                "two GPUs, not cores, and not the data: every image goes to both, the "
                "kernels are split"
            ),
        ),
        Claim(
            "BF04",
            "text",
            "first convolution: layers / neurons",
            "2 / 48",
            NOTHING,
            values=(2, 48),
            unit="towers, kernels each",
            protocol="said of AlexNet",
            remark="kernels, not neurons: each has 55·55 neurons",
        ),
        Claim(
            "BF05",
            "text",
            "… combined to",
            "98",
            NOTHING,
            values=(98,),
            unit="kernels",
            remark="2 · 48 = 96, which is what the code has",
        ),
        Claim(
            "BF06",
            "text",
            "dropouts in the original",
            "none",
            NOTHING,
            values=(0,),
            unit="layers",
            protocol="“did not have batch normalisation … and dropouts”",
            remark="the paper's net has dropout 0.5 in two layers (§4.2)",
        ),
        Claim(
            "BF07",
            "code",
            "input",
            "224×224×3",
            NOTHING,
            values=(224, 224, 3),
            unit="height, width, channels",
            remark="as the paper prints it; without padding conv1 gives 54×54 maps",
        ),
        Claim(
            "BF08",
            "code",
            "kernels of the five convolutions",
            "96, 256, 384, 384, 256",
            NOTHING,
            values=(96, 256, 384, 384, 256),
            unit="kernels",
            remark="the paper's numbers, in one tower",
        ),
        Claim(
            "BF09",
            "code",
            "kernel sizes of the five convolutions",
            "11, 11, 3, 3, 3",
            NOTHING,
            values=(11, 11, 3, 3, 3),
            unit="pixels",
            remark="the paper's second convolution is 5×5",
        ),
        Claim(
            "BF10",
            "code",
            "strides of the five convolutions",
            "4, 1, 1, 1, 1",
            NOTHING,
            values=(4, 1, 1, 1, 1),
            unit="pixels",
            protocol="padding “valid” everywhere",
            remark="maps 54-27-17-8-6-4-2-1; the paper's net ends with 6×6",
        ),
        Claim(
            "BF11",
            "code",
            "max-pooling: size / stride / count",
            "2 / 2 / 3",
            NOTHING,
            values=(2, 2, 3),
            unit="pixels, pixels, layers",
            protocol="after conv1, conv2 and conv5",
            remark="the paper has 3 / 2 / 3",
        ),
        Claim(
            "BF12",
            "code",
            "neurons of the dense layers",
            "4096, 4096, 1000, 17",
            NOTHING,
            values=(4096, 4096, 1000, 17),
            unit="neurons",
            remark="four dense layers; the paper has three",
        ),
        Claim(
            "BF13",
            "code",
            "inputs of the first dense layer",
            "224·224·3",
            NOTHING,
            values=(150_528,),
            unit="inputs",
            protocol="Dense(4096, input_shape=(224*224*3,))",
            remark="the argument has no effect after Flatten: the layer has 256 inputs",
        ),
        Claim(
            "BF14",
            "code",
            "dropout: probability / layers",
            "0.4 / 3",
            NOTHING,
            values=(0.4, 3),
            unit="probability, layers",
            protocol="after each dense layer but the last",
            remark="the paper has 0.5 after two",
        ),
        Claim(
            "BF15",
            "code",
            "batch normalizations",
            "8",
            NOTHING,
            values=(8,),
            unit="layers",
            protocol="after every convolution's pooling or ReLU and every dropout",
            remark="the text says after every layer, “before the input”",
        ),
        Claim(
            "BF16",
            "code",
            "batch size",
            "64",
            NOTHING,
            values=(64,),
            unit="images",
            remark="the paper has 128",
        ),
        Claim(
            "BF17",
            "text",
            "epochs",
            "250",
            NOTHING,
            values=(250,),
            unit="epochs",
            protocol="Adam at its default",
        ),
        Claim(
            "BF18",
            "code",
            "epochs",
            "1",
            NOTHING,
            values=(1,),
            unit="epochs",
            remark="the listing trains for one epoch; the text says 250",
        ),
        Claim(
            "BF19",
            "text",
            "time of 250 epochs",
            "about 10 hours",
            HARDWARE,
            values=(10,),
            unit="hours",
            protocol="CPU of a laptop, 250 epochs",
            remark="that is 144 seconds an epoch",
            command=_FLOWERS_WHOLE,
        ),
        Claim(
            "BF20",
            "text",
            "price of the laptop",
            "$700",
            CITATION,
            values=(700,),
            unit="US dollars",
        ),
        Claim(
            "BF21",
            "code",
            "share held out for validation",
            "0.2",
            FLOWERS17,
            values=(0.2,),
            unit="share",
            remark="of 1,360 photographs 1,088 to train and 272 to validate",
            command=_FLOWERS,
        ),
        Claim(
            "BF22",
            "text",
            "accuracy on the test set",
            "not great",
            FLOWERS17,
            remark="no number is given, and the code has no test set",
            command=_FLOWERS_WHOLE,
        ),
        Claim(
            "BF23",
            "text",
            "80 images a class for such a net",
            "not enough",
            FLOWERS17,
            values=(80,),
            unit="images a class",
            protocol="seen as the gap between training and validation accuracy",
            command=_FLOWERS_WHOLE,
        ),
        Claim(
            "BF24",
            "text",
            "the net is called",
            "AlexNet",
            NOTHING,
            protocol="“a few changes in order to simplify a few things”",
            remark="what the article changed is listed beside the claims",
        ),
        Claim(
            "BF25",
            "code",
            "AlexNet's second convolution",
            "11×11",
            NOTHING,
            values=(11,),
            unit="pixels",
            remark="the paper has 5×5; no change of it is mentioned in the text",
        ),
    ),
    guesses=(
        "seed of the initial weights and of the order: only NumPy's is given (1000)",
        "scale of the pixels: that of tflearn's loader, which is not shown; divided by "
        "255 here",
        "test set: the code has none, and what it calls test is its validation set: a "
        "fixed, stratified fifth here, on which no choice is made (recipe as-intended "
        "holds out 218 more of the other 1,088 to validate)",
        "size: the loader stretches photographs to 224×224; bicubic here",
        "validation set: Keras's validation_split takes the last fifth of what the "
        "loader returns",
        "initial weights: Keras's default, Glorot uniform, biases 0",
        "batch normalization: Keras's defaults (momentum 0.99, epsilon 0.001)",
        "epochs: 250 as in the text, not 1 as in the listing",
    ),
)

ARTICLES = {
    article.variant: article for article in (_BN_CIFAR10, _CATS_VS_DOGS, _BN_FLOWERS17)
}
