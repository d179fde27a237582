"""Checks of the paper's claims that need no data, on the built Keras model and on the
code that trains it.

`CHECKS` maps a claim's id to its check. A check takes the `Subject` (a variant and its
built model) and the claim, and returns a `Finding`. No check compares a constant with
itself.
"""

import functools
import math
from dataclasses import asdict

import keras
import numpy as np

from alexnet_paper import paper
from alexnet_paper.data import augment
from alexnet_paper.data import images
from alexnet_paper.nets import model as models
from alexnet_paper.nets import recipes
from alexnet_paper.nets import variants
from alexnet_paper.nets.layers import LocalResponseNormalization
from alexnet_paper.nets.layers import TowerDropout
from alexnet_paper.training.optimizer import MomentumSGD
from alexnet_paper.training.schedule import Plateau
from alexnet_paper.verdicts.finding import ARITHMETIC
from alexnet_paper.verdicts.finding import AS_PRINTED
from alexnet_paper.verdicts.finding import ERRATUM
from alexnet_paper.verdicts.finding import NOT_AS_PRINTED
from alexnet_paper.verdicts.finding import Finding
from alexnet_paper.verdicts.finding import conforms
from alexnet_paper.verdicts.finding import follows

ABOUT = 0.025  # relative tolerance for a rounded number ("60 million")


def about(measured, printed):
    return abs(measured - printed) <= ABOUT * abs(printed)


def follows_in(subject, good):
    """Returns the verdict on a number of the paper; another net may differ in it."""
    return follows(good) if good or subject.follows_paper else NOT_AS_PRINTED


def parameters_check(subject, claim):
    count = subject.model.count_params()
    return Finding(f"{count:,}", follows_in(subject, about(count, claim.values[0])))


def neurons_check(subject, claim):
    count = sum(subject.neurons)
    return Finding(f"{count:,}", follows_in(subject, about(count, claim.values[0])))


def layers_check(subject, claim):
    found = (len(subject.convolutions), len(subject.dense), len(subject.learned))
    return Finding(listed(found), conforms(found == claim.values))


def share_check(subject, claim):
    total = subject.model.count_params()
    shares = {layer.name: layer.parameters / total for layer in subject.convolutions}
    over = {n: share for n, share in shares.items() if 100 * share > claim.values[0]}
    if not over:
        return Finding(f"at most {max(shares.values()):.2%}", ARITHMETIC)
    ours = ", ".join(f"{name} {share:.2%}" for name, share in over.items())
    return Finding(ours, ERRATUM if subject.follows_paper else NOT_AS_PRINTED)


def rescale_check(subject, claim):
    sizes = {augment.rescale_and_crop(photo).size for photo in images.photographs()}
    good = sizes == {claim.values}
    return Finding(listed(sizes.pop(), "×"), conforms(good), "two real photographs")


def one_gpu_check(subject, claim):
    half = models.build_model(variants.get("one-gpu").architecture, "one-device")
    whole = models.build_model(variants.get("paper").architecture, "one-device")
    ours, theirs = half.count_params(), whole.count_params()
    return Finding(f"{ours:,} ({ours / theirs:.1%})", follows(about(ours, theirs)))


def lrn_check(subject, claim):
    """Compares the layer's output with a loop over the printed equation."""
    layers = subject.layers_of(LocalResponseNormalization)
    if not layers:
        return Finding("none in this net", NOT_AS_PRINTED)
    k, n, alpha, beta = claim.values
    values = np.linspace(-60, 60, 48).astype("float32")
    worst = 0.0
    for layer in layers:
        maps = np.resize(values, layer.output.shape[-1])
        ours = np.asarray(layer(maps[None, None, None]))[0, 0, 0]
        edge = len(maps) // layer.groups
        printed = np.concatenate(
            [
                printed_lrn(maps[start : start + edge], k, int(n), alpha, beta)
                for start in range(0, len(maps), edge)
            ]
        )
        worst = max(worst, float(np.abs(ours / printed - 1).max()))
    found = listed((layers[0].k, layers[0].n, layers[0].alpha, layers[0].beta))
    note = f"equation (§3.3) against the layers: {worst:.0e} relative"
    return Finding(found, conforms(worst <= 1e-6), note)


def printed_lrn(a, k, n, alpha, beta):
    """Returns the printed equation's output, map by map."""
    last = len(a) - 1
    return [
        a[i]
        / (
            k
            + alpha
            * sum(
                float(a[j]) ** 2
                for j in range(max(0, i - n // 2), min(last, i + n // 2) + 1)
            )
        )
        ** beta
        for i in range(len(a))
    ]


def conv_check(subject, claim):
    layer = subject.find(claim.layer)
    if layer is None:
        return Finding(f"no {claim.layer}", NOT_AS_PRINTED)
    height, width, depth, count = layer.kernel[-4:]
    found, ours = (count, height, width, depth), f"{count} of {height}×{width}×{depth}"
    if len(claim.values) == 5:
        found, ours = (*found, layer.stride), f"{ours}, stride {layer.stride}"
    return Finding(ours, conforms(found == claim.values))


def fc_check(subject, claim):
    found = tuple(
        layer.output[0] for layer in map(subject.find, ("fc6", "fc7")) if layer
    )
    return Finding(listed(found) or "none", conforms(found == claim.values))


def input_check(subject, claim):
    """Checks the printed product 224·224·3; the note says what this net's input is."""
    printed = augment.PRINTED_CROP**2 * 3
    shape = subject.model.input_shape[1:]
    note = ""
    if math.prod(shape) != printed:
        note = f"this net sees {'×'.join(map(str, shape))}"
        if subject.follows_paper:
            first = next(one for one in subject.model.layers if hasattr(one, "kernel"))
            size = first.compute_output_shape((None, 224, 224, 3))[1]
            note += (
                f": conv1 on 224×224 gives {size}×{size} maps, not Figure 2's "
                f"{first.output.shape[1]}×{first.output.shape[2]}"
            )
    ours = f"224·224·3 = {printed:,}"
    return Finding(ours, follows(printed == claim.values[0]), note)


def neuron_list_check(subject, claim):
    ours, printed = subject.neurons, [int(value) for value in claim.values]
    if ours == printed:
        return Finding("–".join(f"{n:,}" for n in ours), AS_PRINTED)
    shown = f"{ours[0]:,}–{ours[1]:,}–…–{ours[-1]:,}"
    if ours[1:] != printed[1:]:
        return Finding(shown, NOT_AS_PRINTED)
    side, _, maps = subject.learned[0].output
    half = maps // 2
    slip = printed[0] == side * half * maps
    note = f"{side}·{half}·{maps} printed for {side}·{side}·{maps}" if slip else ""
    return Finding(shown, ERRATUM if slip else NOT_AS_PRINTED, note)


def bits_check(subject, claim):
    classes = subject.model.output_shape[-1]
    bits = math.log2(classes)
    ours = f"log2 {classes} = {bits:.3f}"
    return Finding(ours, follows_in(subject, round(bits) == claim.values[0]))


def views_drawn_check(subject, claim):
    """Counts the different crops in 60,000 random draws, enough to find all of them."""
    size = augment.SHORT_SIDE
    pixels = np.arange(size * size).reshape(size, size)
    rng = np.random.default_rng(0)
    drawn = {
        (int(view[0, 0]), int(view[0, -1]))
        for view in (
            augment.random_view(pixels, augment.PRINTED_CROP, rng)
            for _ in range(60_000)
        )
    }
    if len(drawn) == claim.values[0]:
        return Finding(f"{len(drawn):,}", AS_PRINTED)
    crop = subject.model.input_shape[1]
    note = "33·33·2: a crop of 224 in 256 has 33 places each way, not 32"
    if crop != augment.PRINTED_CROP and crop < size:
        note += f"; crops of {crop}: {augment.view_count(size, crop):,}"
    return Finding(f"{len(drawn):,}", ERRATUM, note)


def ten_views_check(subject, claim):
    size = augment.SHORT_SIDE
    pixels = np.arange(size * size).reshape(size, size)
    views = augment.ten_views(pixels, augment.PRINTED_CROP)
    corners = {tuple(sorted((int(view[0, 0]), int(view[0, -1])))) for view in views}
    different = {view.tobytes() for view in views}
    found = (len(corners), len(different))
    return Finding(listed(found), conforms(found == claim.values))


def colour_check(subject, claim):
    """Measures the standard deviation of the colour noise's random factors.

    The noise is added to grey with three unit components, so it equals the factors.
    """
    unit = augment.ColourPCA((255.0, 255.0, 255.0), tuple(map(tuple, np.eye(3))))
    rng, grey = np.random.default_rng(0), np.zeros((1, 1, 3))
    noise = [augment.colour_noise(grey, unit, rng) / 255 for _ in range(20_000)]
    std = float(np.std(noise))
    return Finding(f"{std:.3f}", conforms(about(std, claim.values[0])), "60,000 draws")


def dropout_check(subject, claim):
    layers = subject.layers_of(TowerDropout)
    ones = np.ones((64, 4096), "float32")
    found = []
    for layer in layers:
        dropped = float(np.mean(np.asarray(layer(ones, training=True)) == 0))
        found.append((dropped, float(np.asarray(layer(ones, training=False))[0, 0])))
    if not found:
        return Finding("no dropout", NOT_AS_PRINTED)
    ours = f"{found[0][0]:.2f} / {found[0][1]:g}"
    rate, factor = claim.values
    good = len(found) == 2 and all(
        about(drop, rate) and math.isclose(kept, factor) for drop, kept in found
    )
    return Finding(ours, conforms(good), f"{len(found)} layers, 262,144 units each")


def update_check(subject, claim):
    """Solves for momentum and decay from two updates without a gradient."""
    recipe = subject.variant.recipe
    if recipe.optimizer != "sgd":
        return Finding(recipe.optimizer, NOT_AS_PRINTED)
    rate = 0.5
    optimizer = MomentumSGD(rate, recipe.momentum, recipe.weight_decay)
    weight = keras.Variable(1.0, name="kernel")
    optimizer.build([weight])
    steps = [float(keras.ops.convert_to_numpy(weight.value))]
    for _ in range(2):
        optimizer.apply([keras.ops.zeros(())], [weight])
        steps.append(float(keras.ops.convert_to_numpy(weight.value)))
    first, second = steps[1] - steps[0], steps[2] - steps[1]
    decay = -first / rate / steps[0]
    momentum = (second + rate * decay * steps[1]) / first if first else float("nan")
    found = (recipe.batch_size, momentum, decay)
    good = all(map(functools.partial(math.isclose, rel_tol=1e-3), found, claim.values))
    ours = f"{found[0]} / {momentum:.3g} / {decay:.3g}"
    return Finding(ours, conforms(good), "momentum and decay from two updates")


def init_check(subject, claim):
    std, one = claim.values
    arrays = models.get_weights(subject.model)
    stds = {
        layer.name: arrays[f"{layer.name}/kernel"].std() for layer in subject.learned
    }
    biases = {
        layer.name: set(np.unique(arrays[f"{layer.name}/bias"]))
        for layer in subject.learned
    }
    ones = [name for name, found in biases.items() if found == {one}]
    good = all(about(found, std) for found in stds.values()) and ones == [
        "conv2",
        "conv4",
        "conv5",
        "fc6",
        "fc7",
    ]
    low, high = min(stds.values()), max(stds.values())
    ours = f"{low:.4f}–{high:.4f} / 1 in {', '.join(ones) or 'no layer'}"
    return Finding(ours, conforms(good))


def schedule_check(subject, claim):
    """Runs the schedule on a validation error that never improves."""
    recipe = subject.variant.recipe
    if not isinstance(recipe.drops, recipes.OnPlateau):
        ours = f"{recipe.learning_rate:g}, drops at epochs {recipe.drops or 'none'}"
        return Finding(ours, NOT_AS_PRINTED)
    rates, plateau = [recipe.learning_rate], Plateau(**asdict(recipe.drops))
    for _ in range(100):
        rates.append(rates[-1] * plateau.update(0.5))
    falls = [a / b for a, b in zip(rates, rates[1:], strict=False) if b < a]
    found = (recipe.learning_rate, len(falls), round(falls[0], 6))
    return Finding(listed(found), conforms(found == claim.values))


def kernels_check(subject, claim):
    """Checks the number of kernels in the first layer, and in each tower."""
    towers = subject.variant.architecture.towers
    kernels = subject.convolutions[0].kernel[-1]
    found = (kernels, kernels // towers)
    return Finding(listed(found), conforms(found == claim.values))


def split_check(subject, claim):
    gaps = [
        abs(row.printed[1] - row.printed[2])
        for row in paper.TABLE_2.rows
        if row.printed[1] is not None and row.printed[2] is not None
    ]
    worst = round(max(gaps), 6)
    ours = f"at most {worst:g} in {len(gaps)} rows of Table 2"
    return Finding(ours, follows(worst <= claim.values[0]))


CHECKS = {
    "A03": parameters_check,
    "A04": neurons_check,
    "A05": layers_check,
    "B05": share_check,
    "C02": rescale_check,
    "E04": one_gpu_check,
    "F01": lrn_check,
    **{claim.id: conv_check for claim in paper.CLAIMS if claim.layer},
    "H06": fc_check,
    "H07": input_check,
    "H08": neuron_list_check,
    "I01": bits_check,
    "I02": views_drawn_check,
    "I03": ten_views_check,
    "I05": colour_check,
    "J01": dropout_check,
    "K01": update_check,
    "K03": init_check,
    "K04": schedule_check,
    "L03": split_check,
    "N01": kernels_check,
}


@functools.cache
def listed(values, mark=" / "):
    return mark.join(f"{v:,}" if isinstance(v, int) else f"{v:g}" for v in values)
