"""What the paper leaves open, and the sources of numbers and answers."""

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


@dataclass(frozen=True)
class OpenQuestion:
    """What the paper gets wrong, leaves out or leaves ambiguous.

    `authors` says what their code and logs do, `others` what Caffe, torchvision and
    TF-slim do, and `choice` what this project's variants do.
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
        "How many neurons does conv1 have?",
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
        "Are the towers part of the net, or an adaptation to the hardware?",
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
        "the nets of 64 and 192 kernels are another paper's (O), though often called "
        "AlexNet",
    ),
    OpenQuestion(
        "Q05",
        "Is α multiplied by the sum of squares, or by their mean?",
        "by the sum (§3.3): k = 2, n = 5, α = 1e-4, β = 0.75",
        "by the mean: scale 1e-4 is divided by size 5, so 2e-5 per element; k = 2",
        "Caffe: mean, 2e-5 per element, and k = 1. torchvision, TF-slim: no "
        "normalization",
        "paper: sum, k = 2, 1e-4. authors: 2e-5 per element, k = 2. caffe: 2e-5 per "
        "element, k = 1",
        "paper has what is printed; the printed errors were obtained with the mean",
    ),
    OpenQuestion(
        "Q06",
        "Does normalization reach across the two towers?",
        "N is “the total number of kernels in the layer” (§3.3)",
        "no: it runs over the 48 or 128 maps of one tower and is clipped at its edge",
        "Caffe: over all 96 or 256 maps",
        "paper, authors: N is read as a tower's maps. caffe, ungrouped: all maps",
        "a window across towers would need communication that §3.2 does not list; only "
        "maps within two of a tower's edge differ",
    ),
    OpenQuestion(
        "Q07",
        "Is there a second normalization over conv2?",
        "not mentioned",
        "yes, “cnorm2”: each activity divided by (1 + 0.001/25 · the sum of squares in "
        "the 5×5 window of its own map)^0.75, after response normalization",
        "none",
        "paper, caffe: none. authors: as in layers-145.cfg",
        "the name comes from contrast normalization, but no mean is subtracted; "
        "run 167, without both normalizations over conv2, was no worse",
    ),
    OpenQuestion(
        "Q08",
        "Does fc8 have a ReLU?",
        "read literally, yes: ReLU follows “every convolutional and fully-connected "
        "layer” (§3.5)",
        "no",
        "none of the three",
        "none in any variant",
        "with a ReLU all classes with a negative value would tie; the code has none",
    ),
    OpenQuestion(
        "Q09",
        "What is the standard deviation of the initial weights?",
        "0.01 in each layer (§5)",
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
        "What are the initial biases?",
        "1 in conv2, conv4, conv5 and the dense hidden layers, else 0 (§5)",
        "the same",
        "Caffe's AlexNet: 0.1 instead of 1, which “gave flat loss”; its CaffeNet: 1. "
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
        "a rule can be repeated, decisions by hand cannot; the epochs that they chose "
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
        "Does each convolution have at most 1 % of the parameters?",
        "“each containing no more than 1 %” (§1)",
        "conv3 has 1.45 %, conv4 1.09 %",
        "the same shares in Caffe",
        "computed from the net",
        "the statement does not hold for the paper's own net",
    ),
    OpenQuestion(
        "Q18",
        "Where is dropout applied?",
        "in the first two fully connected layers (§4.2)",
        "after the ReLU of fc6 and of fc7",
        "Caffe, TF-slim: after fc6 and fc7. torchvision: before fc6 and before fc7",
        "paper, authors, caffe: after the ReLU of fc6 and fc7. one-weird-trick: before",
        "hidden neurons are what §4.2 sets to zero",
    ),
    OpenQuestion(
        "Q19",
        "What is the net's accuracy?",
        "59.3 % top-1 for one net: ILSVRC-2012 validation, ten views (Table 2)",
        "59.34 %",
        "Caffe: 57.1 % top-1, 80.2 % top-5; CaffeNet 57.4 and 80.4; central crop",
        "every record names split, classes and views; tables compare equal protocols",
        "ten views alone are worth 1.5 points (I04)",
    ),
    OpenQuestion(
        "Q20",
        "In which order do ReLU, normalization and pooling come?",
        "ReLU → normalization → pooling after conv1 and conv2; ReLU → pooling after "
        "conv5 (§3.3, §3.5)",
        "conv1: normalization → pooling → ReLU; conv2: ReLU → normalization → cnorm2 "
        "→ pooling; conv5: pooling → ReLU, which is the same function",
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
        "In which order do images come, and is each crop drawn separately?",
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
        "the paper's rule is the three reductions; without the last phase a run may "
        "reach another error",
    ),
    OpenQuestion(
        "Q26",
        "Which net is in Figure 1?",
        "a four-layer net on CIFAR-10, ReLU against tanh, no regularization, rates "
        "chosen for each (§3.1)",
        "no configuration in C, C2 or D is named as this net",
        "none",
        "cifar-18pct (three convolutions and a dense layer) stands in for the curve, "
        "and cifar-max (two of each)",
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
        "paper.no-lrn: the paper's net with the constant factor k^−β in place of norm1 "
        "and norm2",
        "it measures what the sentence says, not what the authors ran",
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
        "paper.no-overlap: pooling 2/2 leaves out a window that hangs over the edge; "
        "maps 55-27-27-13-13-13-13-6",
        "these are the sizes of the paper's maps, and no padding changes; the authors' "
        "code keeps such a window, so its maps would be 28 and 14",
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
        "Does conv4 have 192 or 384 kernels?",
        "384 kernels of 3×3×192 (§3.5), often misread as 192",
        "192 in each tower",
        "Caffe: 384. torchvision: 256. TF-slim: 384",
        "paper, authors, caffe: 384",
        "192 is the depth of a kernel, and the number in one tower",
    ),
    OpenQuestion(
        "Q33",
        "How many kernels does conv4 of the single-tower net of 2014 have?",
        "another paper (O): a footnote lists 64-192-384-384-256 and says 0.2 % more "
        "parameters than the two-tower net",
        "the released one-tower configuration (C2) has 256 in conv4",
        "torchvision: 256. TF-slim: 384",
        "one-weird-trick: 256, 61,100,840 parameters",
        "256 gives +0.22 % parameters, 384 gives +1.43 %: the footnote's list is "
        "wrong; neither net is this paper's",
    ),
    OpenQuestion(
        "Q34",
        "How was “1 CNN*” pre-trained?",
        "on ImageNet Fall 2011, then fine-tuned on ILSVRC-2012 (§6)",
        "#145 on 2012 → Fall 2009 → Fall 2011 through a linear layer of 2048 → 2012",
        "none",
        "six-conv: the net; the chain is not reproduced",
        "no program here initializes a net from another's weights",
    ),
    OpenQuestion(
        "Q35",
        "Which nets are averaged in “5 CNNs” and “7 CNNs*”, and with which weights?",
        "“five similar CNNs”, and two pre-trained on Fall 2011 with these five (§6)",
        "not named; C has one net pre-trained on Fall 2011, the other pre-trained ones "
        "on Fall 2009; avg-valid.py searches for averaging weights",
        "none",
        "an average of runs weights them equally",
        "weights chosen on the validation set would make the validation error too low",
    ),
)
