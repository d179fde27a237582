"""Checks of the articles' claims that need no data, like the paper's in `built`."""

import math

import keras

from alexnet_paper import paper
from alexnet_paper.nets import differences
from alexnet_paper.nets import variants
from alexnet_paper.nets.layers import TowerDropout
from alexnet_paper.verdicts.built import listed
from alexnet_paper.verdicts.finding import ARITHMETIC
from alexnet_paper.verdicts.finding import AS_PRINTED
from alexnet_paper.verdicts.finding import ERRATUM
from alexnet_paper.verdicts.finding import TRANSCRIBED
from alexnet_paper.verdicts.finding import Finding
from alexnet_paper.verdicts.finding import follows
from alexnet_paper.verdicts.subject import Subject


def exactly(measure):
    """Returns a check that `measure(subject)` equals the claim's values, in order."""

    def check(subject, claim):
        found = tuple(measure(subject))
        good = found == tuple(claim.values)
        return Finding(listed(found), AS_PRINTED if good else ERRATUM)

    return check


def copied(measure):
    """Returns a check of values that were copied from the article into a recipe."""

    def check(subject, claim):
        found = tuple(measure(subject))
        good = found == tuple(claim.values)
        return Finding(listed(found), TRANSCRIBED if good else ERRATUM)

    return check


def misread(measure):
    """Returns a check of a wrong statement with a correct number.

    The claim's remark says what is wrong.
    """

    def check(subject, claim):
        return Finding(listed(tuple(measure(subject))), ERRATUM, claim.remark)

    return check


def kernel_sizes(subject):
    return (layer.kernel[-3] for layer in subject.convolutions)


def kernels(subject):
    return (layer.kernel[-1] for layer in subject.convolutions)


def strides(subject):
    return (layer.stride for layer in subject.convolutions)


def dense_units(subject):
    return (layer.output[0] for layer in subject.dense)


def input_size(subject):
    return subject.model.input_shape[1:]


def counts(subject):
    return len(subject.convolutions), len(subject.dense)


def pools(subject):
    found = subject.layers_of(keras.layers.MaxPooling2D)
    return found[0].pool_size[0], found[0].strides[0], len(found)


def dropouts(subject):
    found = subject.layers_of(TowerDropout)
    return found[0].rate, len(found)


def norms(subject):
    return (len(subject.layers_of(keras.layers.BatchNormalization)),)


def linear_layers(subject):
    """Returns the number of learned layers that no ReLU follows."""
    kinds = [
        "learned" if hasattr(layer, "kernel") else "relu"
        for layer in subject.model.layers
        if hasattr(layer, "kernel") or isinstance(layer, keras.layers.ReLU)
    ]
    return (kinds.count("learned") - kinds.count("relu"),)


def batch_size(subject):
    return (subject.variant.recipe.batch_size,)


def epochs(subject):
    return (subject.variant.recipe.epochs,)


def rate(subject):
    return (subject.variant.recipe.learning_rate,)


def winning_error(subject):
    return (paper.TABLE_2.rows[-1].printed[-1],)


def lead(subject):
    """Returns how far the winner's error is below the runner-up's (Table 2)."""
    cited = [row for row in paper.TABLE_2.rows if row.cited]
    return round(cited[0].printed[-1] - paper.TABLE_2.rows[-1].printed[-1], 6)


def lead_check(subject, claim):
    """Holds if the claim says "lower" and the lead is larger than the claim's."""
    points = lead(subject)
    ours = f"26.2 − 15.3 = {points:g} less"
    good = claim.direction == "lower" and points > claim.values[0]
    return Finding(ours, ARITHMETIC if good else ERRATUM)


def paper_towers(subject):
    return (variants.get("paper").architecture.towers,)


def paper_conv1(subject):
    net = variants.get("paper").architecture
    return net.towers, net.layers[0].filters // net.towers


def paper_conv2(subject):
    found = {spec.name: spec for spec in variants.get("paper").architecture.layers}
    return (found["conv2"].kernel,)


def called_check(subject, claim):
    """Counts the paper's layers that are unchanged in a net called AlexNet."""
    printed = variants.get("paper").architecture
    rows = differences.layer_rows(printed, subject.variant.architecture)
    same, whole = sum(row.same for row in rows), len(printed.layers)
    ours = f"{same} of the paper's {whole} layers unchanged, {len(rows) - whole} added"
    return Finding(ours, AS_PRINTED if same == len(rows) else ERRATUM)


def paper_dropouts(subject):
    whole = Subject(variants.get("paper"))
    return (len(whole.layers_of(TowerDropout)),)


def reduction(subject):
    """Returns by how much the first drop of the rate reduces it; Keras multiplies."""
    intended = subject.variant.recipe_named("as-intended")
    return (round(intended.learning_rate * (1 - intended.drops.factor), 6),)


def validation_folder(subject, claim):
    """Checks the folder size that explains the seventh epoch of the article's log.

    Its ten batches had 295 = 9·32 + 7 images. 143 were right, and each wrong one has a
    loss of −ln 1e-7. The last batch of a folder of 2,023 images also has 7.
    """
    accuracy = 143 / 295
    loss = -math.log(1e-7) * (1 - accuracy)
    found = (round(accuracy, 4), round(loss, 4))
    good = found == claim.values and 2023 % 32 == 295 % 32
    ours = f"143 of 295: {found[0]} / {found[1]}; 2,023 = 63·32 + 7 images"
    return Finding(ours, follows(good), claim.remark)


CHECKS = {
    "BC01": misread(winning_error),
    "BC02": lead_check,
    "BC03": exactly(lambda s: (sum(counts(s)), *counts(s))),
    "BC04": exactly(kernel_sizes),
    "BC05": exactly(kernel_sizes),
    "BC06": exactly(linear_layers),
    "BC07": exactly(lambda s: s.model.output_shape[1:]),
    "BC08": exactly(input_size),
    "BC09": exactly(kernels),
    "BC10": exactly(strides),
    "BC11": exactly(pools),
    "BC12": exactly(dense_units),
    "BC13": exactly(dropouts),
    "BC14": exactly(norms),
    "BC19": exactly(reduction),
    "BC21": copied(batch_size),
    "BC22": copied(epochs),
    "BC23": copied(rate),
    "BC26": called_check,
    "CD01": misread(winning_error),
    "CD02": lead_check,
    "CD03": exactly(lambda s: (len(s.learned),)),
    "CD04": copied(lambda s: (counts(s)[0], pools(s)[2], counts(s)[1])),
    "CD05": exactly(kernel_sizes),
    "CD06": copied(lambda s: input_size(s)[:2]),
    "CD08": copied(epochs),
    "CD18": called_check,
    "CD19": validation_folder,
    "BF02": exactly(counts),
    "BF03": misread(paper_towers),
    "BF04": misread(paper_conv1),
    "BF05": exactly(lambda s: (s.convolutions[0].kernel[-1],)),
    "BF06": exactly(paper_dropouts),
    "BF07": exactly(input_size),
    "BF08": exactly(kernels),
    "BF09": exactly(kernel_sizes),
    "BF10": exactly(strides),
    "BF11": exactly(pools),
    "BF12": exactly(dense_units),
    "BF13": exactly(lambda s: (s.dense[0].kernel[0],)),
    "BF14": exactly(dropouts),
    "BF15": exactly(norms),
    "BF16": copied(batch_size),
    "BF17": copied(epochs),
    "BF18": copied(epochs),
    "BF24": called_check,
    "BF25": exactly(paper_conv2),
}
