"""What others measured of the same claims, with protocol, source and grade.

Grades: S, read in the source named (file, log, picture
or README of the project itself); T, read in a transcription or a secondary text, the
original not opened. `computed` marks what was calculated here from an S source. Errors
in %, top-1 / top-5 where there are two; a number under another protocol than the
paper's says so in `protocol`.
"""

from dataclasses import dataclass

ASTEROID = "AsteroidHunter/replicatingAlexNet @8958a35"
LEON = "LeonPeric/reproducing-models @0e6e87a"
LONGROOT = "longrootchen/ILSVRC-2012-classification-pytorch @35bd2af"
XEVOLESI = "xevolesi/alexnet_pytorch @56223c9"
MISHKIN = "ducha-aiki/caffenet-benchmark @e47c4ff"
BVLC = "BVLC/caffe @03f897b"
ZEILER = "arXiv 1311.2901 (Zeiler and Fergus 2013)"
TENSORPACK = "tensorpack examples/ImageNetModels @099975c"
CCV = "liuliu/ccv doc/convnet"


@dataclass(frozen=True)
class Replication:
    """One measurement by others that bears on some claims.

    `number` is what they found, `protocol` on what and how, and wherein that differs
    from the paper's; `alike` where net, data and protocol are the paper's. `lost` is,
    where they compared with and without, how many points of top-1 error are lost
    without it: the sign of all differences of this project.
    """

    claims: tuple[str, ...]
    who: str
    number: str
    protocol: str
    source: str
    grade: str = "S"
    lost: float | None = None
    computed: bool = False
    alike: bool = False


REPLICATIONS = (
    Replication(
        ("A01",),
        "AsteroidHunter",
        "1,261,406 images",
        "files counted in the ILSVRC-2010 training set, one of them damaged",
        f"{ASTEROID} preprocessing_playground.ipynb",
        alike=True,
    ),
    Replication(
        ("C01",),
        "AsteroidHunter",
        "50,000 validation labels",
        "label file of the ILSVRC-2010 devkit",
        f"{ASTEROID} devkit-1.0",
        alike=True,
    ),
    Replication(
        ("A02",),
        "LeonPeric",
        "39.88 / 18.71",
        "ILSVRC-2010 test, ten views, 60 epochs; one GPU, inputs of 0–1, biases 0",
        f"{LEON} AlexNet/final_test.ipynb",
        alike=True,
    ),
    Replication(
        ("A02",),
        "AsteroidHunter",
        "40.25 / 19.68",
        "ILSVRC-2010 validation, not test; ten views whose logits, not softmax "
        "outputs, are averaged; two towers on two GPUs, 90 epochs",
        f"{ASTEROID} README.md",
    ),
    Replication(
        ("A02",),
        "ccv",
        "33.91 / 14.08",
        "ILSVRC-2010 test, 30 views; Zeiler and Fergus's net",
        CCV,
    ),
    Replication(
        ("A03",),
        "osmr",
        "62,378,344",
        "counted; the net without groups",
        "osmr/imgclsmob pytorchcv/models/alexnet.py @0fefcf5",
    ),
    Replication(
        ("A06", "L05"),
        "Zeiler & Fergus",
        "38.3 / 16.4 → 36.6 / 15.3, test 15.3",
        "ILSVRC-2012; one and five nets of their own kind, no other data",
        f"{ZEILER} Table 2",
        "T",
        lost=1.7,
    ),
    Replication(
        ("B06", "O01"),
        "Zeiler & Fergus",
        "40.5 / 18.1 → 45.4 / 22.1",
        "ILSVRC-2012 validation, ten views; layers 3 and 4 removed together",
        f"{ZEILER} Table 3",
        "T",
        lost=4.9,
    ),
    Replication(
        ("O01",),
        "Zeiler & Fergus",
        "40.5 / 18.1 → 40.0 / 18.4",
        "ILSVRC-2012 validation, ten views; layer 7 removed",
        f"{ZEILER} Table 3",
        "T",
        lost=-0.5,
    ),
    Replication(
        ("O01",),
        "Zeiler & Fergus",
        "40.5 / 18.1 → 44.8 / 22.4",
        "ILSVRC-2012 validation, ten views; layers 6 and 7 removed together",
        f"{ZEILER} Table 3",
        "T",
        lost=4.3,
    ),
    Replication(
        ("B07",),
        "AsteroidHunter",
        "32.8 hours",
        "90 epochs of 21.89 minutes on two GPUs whose type is not named",
        f"{ASTEROID} logs/hpc_run_20240914.csv",
        computed=True,
    ),
    Replication(
        ("B07",),
        "Caffe",
        "6.9 days",
        "450,000 steps of 256 images on one K40",
        "BVLC/caffe docs/performance_hardware.md @03a48d7",
        computed=True,
    ),
    Replication(
        ("B07",),
        "tensorpack",
        "21 hours",
        "100 epochs on two V100",
        f"{TENSORPACK} README.md",
    ),
    Replication(
        ("B07",),
        "Zeiler & Fergus",
        "about 12 days",
        "70 epochs of their own, larger net on one GTX 580",
        f"{ZEILER} §3.1",
        "T",
    ),
    Replication(
        ("D01",),
        "Mishkin et al.",
        "1.4, 1.7, 2.3 times",
        "ImageNet at 128 pixels, iterations of tanh over ReLU to 25, 28, 30 % test "
        "accuracy, not to a training error; read off a plot",
        f"{MISHKIN} logs/activations, logs/clf_arch",
        computed=True,
    ),
    Replication(
        ("D02",),
        "Mishkin et al.",
        "52.9 / 59.9 / 57.7",
        "ImageNet at 128 pixels, centre crop, top-1 error with ReLU / tanh / "
        "1.73 tanh(2x/3)",
        f"{MISHKIN} README.md",
    ),
    Replication(
        ("E02",),
        "Mishkin et al.",
        "52.9 → 51.3 without groups",
        "ImageNet at 128 pixels, centre crop; full connection at the same widths, not "
        "the paper's half-width net",
        f"{MISHKIN} Architectures.md",
    ),
    Replication(
        ("F02",),
        "Mishkin et al.",
        "53.08 → 53.01 without",
        "ImageNet at 128 pixels, centre crop, inputs × 0.04, at which the "
        "normalization hardly acts",
        f"{MISHKIN} logs/caffenet128_lrn.log",
        lost=-0.07,
        computed=True,
    ),
    Replication(
        ("F02",),
        "Simonyan & Zisserman",
        "29.7 / 10.5 → 29.6 / 10.4 without",
        "ILSVRC-2012 validation; their 11-layer net",
        "arXiv 1409.1556 Table 3",
        "T",
        lost=-0.1,
    ),
    Replication(
        ("F02", "L04"),
        "longrootchen",
        "41.20 / 18.2",
        "ILSVRC-2012 validation, ten views (logits averaged), no normalization, no "
        "groups, 60 epochs",
        f"{LONGROOT} README.md",
    ),
    Replication(
        ("F03",),
        "CNTK",
        "14.2 → 13.8 with it",
        "CIFAR-10; another net, of four convolutions and three dense layers",
        "microsoft/CNTK Examples/Image/Classification/ConvNet @4875d2b",
        lost=0.4,
    ),
    Replication(
        ("G01",),
        "Mishkin et al.",
        "52.9 (3×3/2) → 51.6 (2×2/2)",
        "ImageNet at 128 pixels, centre crop; sizes are not equal, fc6 has 78 % more "
        "inputs after 2×2",
        f"{MISHKIN} Pooling.md",
        lost=-1.3,
    ),
    Replication(
        ("G02",),
        "Mishkin et al.",
        "training loss 1.99 against 2.17, test 2.29 against 2.36",
        "2×2/2 against 3×3/2, sizes not equal; lower edge of a plot",
        f"{MISHKIN} logs/pooling/img/6.png",
        computed=True,
    ),
    Replication(
        ("I04",),
        "ccv",
        "41.4 → 38.51",
        "ILSVRC-2012 validation, centre → ten patches; Zeiler and Fergus's net",
        CCV,
        lost=2.9,
    ),
    Replication(
        ("I04",),
        "ChainerCV",
        "29.0 → 27.1 and 24.8 → 23.0",
        "ILSVRC-2012 validation, one → ten crops; VGG-16 and ResNet-50",
        "chainer/chainercv examples/classification",
        lost=1.9,
    ),
    Replication(
        ("I06",),
        "DeCAF",
        "42.9 against 40.7",
        "ILSVRC-2012 validation, the paper's net without colour noise and with warped "
        "images",
        "arXiv 1310.1531",
        "T",
    ),
    Replication(
        ("I06",),
        "a user of pycls",
        "23.2 → 23.47 and 24.9 → 25.52 without",
        "ImageNet, one run each; ResNet-50 and EfficientNet-B0",
        "facebookresearch/pycls issue 94",
        lost=0.3,
    ),
    Replication(
        ("I07",),
        "AsteroidHunter",
        "1.34 ms an image",
        "decoding, mean, crop, colour and reflection in one process, by a profiler",
        f"{ASTEROID} alexnet_torch.ipynb",
        computed=True,
    ),
    Replication(
        ("J02",),
        "Mishkin et al.",
        "1.4, 1.8, 2.0, 2.1 times",
        "ImageNet at 128 pixels, batch normalization; iterations with over without "
        "dropout to 25, 30, 34, 36 % test accuracy",
        f"{MISHKIN} logs/img/bn_dropout0.png",
        computed=True,
    ),
    Replication(
        ("J03",),
        "a user of MXNet",
        "1 / over 50 against 34 / 34",
        "ImageNet, training / validation error without and with augmentation, "
        "ResNet-50",
        "apache/mxnet pull request 13757",
    ),
    Replication(
        ("J03",),
        "Mishkin et al.",
        "56.2 → 57.1 without dropout",
        "ImageNet at 128 pixels, centre crop, stochastic pooling",
        f"{MISHKIN} Pooling.md",
        lost=0.9,
    ),
    Replication(
        ("K02",),
        "Mishkin et al.",
        "training loss lower with 5e-4 than with 1e-4; 52.9 against 55.0",
        "ImageNet at 128 pixels; of the training loss part of a plot, and test error",
        f"{MISHKIN} Regularization.md, logs/regularization/img/6.png",
        lost=2.1,
        computed=True,
    ),
    Replication(
        ("K03", "K06"),
        "AsteroidHunter",
        "trains: 83.21 after epoch 1",
        "ILSVRC-2010, N(0, 0.01) and biases of 1 as printed, pixels 0–255",
        f"{ASTEROID} logs/hpc_run_20240914.csv",
    ),
    Replication(
        ("K03", "K06"),
        "CaffeNet",
        "trains: 42.6 / 19.6",
        "ILSVRC-2012 validation, centre crop; biases of 1, pooled before normalized",
        "everpeace/caffe models/bvlc_reference_caffenet @91cb3b5",
    ),
    Replication(
        ("K03", "K06"),
        "BVLC AlexNet",
        "biases of 1: flat loss; of 0.1: 42.9 / 19.8",
        "ILSVRC-2012 validation, centre crop",
        f"{BVLC} models/bvlc_alexnet/readme.md, pull request 327",
    ),
    Replication(
        ("K03", "K06"),
        "xevolesi",
        "the printed start does not train",
        "ILSVRC-2012; normalization before the ReLU, with ten times the alpha",
        f"{XEVOLESI} README.md",
    ),
    Replication(
        ("K04",),
        "AsteroidHunter",
        "÷10 after epochs 31, 51, 65",
        "ILSVRC-2010, on a plateau, three times",
        f"{ASTEROID} logs/hpc_run_20240914.csv",
        alike=True,
    ),
    Replication(
        ("K05",),
        "six projects",
        "stopped after 53 to 120 epochs",
        "torch 53, LeonPeric and longrootchen 60, Theano 65, BVLC 72, AsteroidHunter "
        "90, xevolesi 120",
        "their READMEs and logs",
    ),
    Replication(
        ("L03",),
        "Zeiler & Fergus",
        "16.4 / 16.5 and 15.3 / 15.3",
        "ILSVRC-2012, top-5 of validation / test; one and five nets",
        f"{ZEILER} Table 2",
        "T",
    ),
    Replication(
        ("L04",),
        "Zeiler & Fergus",
        "40.5 / 18.1",
        "ILSVRC-2012 validation, ten views; their replication, whose code was not seen",
        f"{ZEILER} Tables 2 and 3",
        "T",
        alike=True,
    ),
    Replication(
        ("L04",),
        "xevolesi",
        "41.7 / 19.3",
        "ILSVRC-2012 validation, ten views (logits averaged), no groups, 120 epochs",
        f"{XEVOLESI} README.md",
    ),
    Replication(
        ("L04",),
        "BVLC AlexNet",
        "42.9 / 19.8",
        "ILSVRC-2012 validation, centre crop, not ten views",
        f"{BVLC} models/bvlc_alexnet/readme.md",
    ),
    Replication(
        ("L08",),
        "Zeiler & Fergus",
        "26.1",
        "ILSVRC-2012 test, how they cite the runner-up",
        f"{ZEILER} §3",
        "T",
    ),
    Replication(
        ("N03", "N04"),
        "CaffeNet",
        "colour 0.06 / 0.74",
        "share of colour in kernels 1–48 / 49–96, p ≤ 1e-5; two groups on one GPU; "
        "read off a picture",
        "everpeace/caffe examples/filter_visualization.ipynb @91cb3b5",
        computed=True,
    ),
    Replication(
        ("N03", "N04"),
        "LeonPeric",
        "colour 0.25 / 0.81",
        "share of colour in kernels 1–48 / 49–96, p ≤ 1e-5; two groups on one GPU; "
        "read off a picture",
        "LeonPeric/reproducing-models AlexNet/imgs/conv1_kernels.png @3b9da6b",
        computed=True,
    ),
)


def of_claim(id):
    """The replications that bear on a claim, those with the paper's protocol first."""
    found = (one for one in REPLICATIONS if id in one.claims)
    return tuple(sorted(found, key=lambda one: not one.alike))
