"""Whether a net looks trained: evidence in its weights and its answers to photographs.

Training leaves marks that random numbers do not have:

- a kernel's largest singular value is above the Marchenko–Pastur edge, that of a random
  matrix of its shape and variance;
- neighbouring weights agree, and biases differ;
- the mean weight of a layer that reads a ReLU is negative: most units are silent;
- kernels answer their inputs more strongly than transposed kernels would.

Everything is compared with chance: in Tracy–Widom units, standard deviations or t. What
cannot be seen: a first layer whose sign is flipped, or that is transposed alone where
the second has few kernels, the sign of a layer whose mean weight is nearly 0, kernels
rotated by 180°, channels in the other order (RGB, BGR), and classes in another order.
"""

import dataclasses
import functools
import itertools
import math
from dataclasses import dataclass
from dataclasses import field

import numpy as np

from alexnet_paper.data.images import photographs
from alexnet_paper.nets import specs

# Thresholds, with what was measured: "random" are the first weights of all 15 variants,
# 33 nets with 5 seeds of the small ones; "trained" are BVLC's AlexNet, eight snapshots
# of Caffe's CIFAR-10 net, eight runs of paper-32, and 35 of `caffe` on 240 to 1,088
# photographs. Nets that have just left the first plateau look half-loaded.
SPECTRUM = 5.0  # Tracy–Widom units above chance; random: below 2.1, trained: 10 to 1600
NEIGHBOURS = 6.0  # deviations above a shuffle; random: below 2.0, trained: 6.7 to 165
SIGN = 6.0  # standard errors of the mean weight; random: 2.8, trained: −180 to 34
MEAN = 0.02  # mean weight in standard deviations; trained: −0.13 to 0.008
FIT = 3.0  # t over units; trained: above 0.7, most above 5, and transposed the opposite
MIRROR = 2.0  # t over crops; trained: 1.2 to 16 (logits: −1 to 14), transposed: −2.4
FLAT = 0.95  # of the largest entropy
CHANGE = 0.01  # of the outputs' size, between two photographs
DEAD = 1e-3  # norm of a unit's kernel, as a share of the median
SHARE = 0.5  # of units that may be dead or repeated
PART = 512  # rows and columns of a large kernel whose spectrum is drawn
SHUFFLED = 1_000_000  # weights: larger kernels are compared with the edge alone


@dataclass(frozen=True)
class LayerLooks:
    """Evidence on one layer. `values` is {measure: number}."""

    name: str
    shape: tuple
    verdict: str  # "trained", "untrained", "damaged" or "undecided"
    why: str = ""
    values: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Looks:
    """Evidence on a net, layer by layer and as a whole."""

    layers: tuple[LayerLooks, ...]
    values: dict
    verdict: str
    why: str

    def with_values(self, values, faults):
        """Returns the looks with other `values` and further faults of the net."""
        verdict = "damaged" if faults and self.verdict == "trained" else self.verdict
        why = "; ".join(filter(None, [self.why, *faults]))
        return Looks(self.layers, values, verdict, why)

    def summary(self):
        """Returns the smallest ratio of a kernel's largest singular value to the edge,
        and the measurements of the whole net."""
        ratios = [one.values.get("spectrum", math.inf) for one in self.layers]
        found = {"least_spectrum": min(ratios), **self.values}
        return {name: round(number, 3) for name, number in found.items()}


def look(trained, upright=True):
    """Returns the `Looks` of a `Trained`; a partial one is judged by what it has.

    `upright` says that it was trained on photographs of things that stand upright: then
    what trained nets do with such photographs counts, too.
    """
    net = trained.architecture
    arrays = {n: trained.arrays[n] for n in specs.shapes(net) if n in trained.arrays}
    layers, values, faults = of_arrays(arrays, reads_positive(net)), {}, []
    if any(layer.verdict == "trained" for layer in layers):
        layers, values, faults = with_answers(trained, layers, upright)
    return judged(layers, values, faults)


def judged(layers, values=(), faults=()):
    """Returns the `Looks` with a verdict on the whole net."""
    told = [layer for layer in layers if layer.verdict != "undecided"]
    bad = [layer for layer in told if layer.verdict != "trained"]
    why = "; ".join([f"{layer.name}: {layer.why}" for layer in bad] + list(faults))
    if not told:
        verdict, why = "undecided", "there is no kernel to judge by"
    elif all(layer.verdict == "untrained" for layer in told):
        verdict = "untrained"
    else:
        verdict = "damaged" if why else "trained"
    return Looks(tuple(layers), dict(values), verdict, why)


# Evidence in the weights


def of_arrays(arrays, positive=None):
    """Returns the `LayerLooks` of named arrays {"conv1/kernel": HWIO, ...}.

    `positive` names the layers whose inputs are not negative; None: all but the first.
    """
    names = list(dict.fromkeys(name.split("/")[0] for name in arrays))
    positive = names[1:] if positive is None else positive
    found = []
    for name in names:
        parts = {
            part.split("/")[1]: array
            for part, array in arrays.items()
            if part.split("/")[0] == name
        }
        found.append(of_layer(name, parts, name in positive))
    return found


def of_layer(name, parts, positive):
    constant = [part for part, a in parts.items() if a.size > 1 and not np.ptp(a)]
    kernel = parts.get("kernel")
    shape = kernel.shape if kernel is not None else ()
    values = {part: float(np.std(a)) for part, a in parts.items() if part != "kernel"}
    if "kernel" in constant:
        number = kernel.flat[0] + 0
        why = f"all weights are {number:g}"
        return LayerLooks(name, shape, "untrained", why, values)
    fault = f"{', '.join(constant)} is constant" if constant else ""
    if kernel is None:
        verdict = "untrained" if constant else "undecided"
        return LayerLooks(name, shape, verdict, fault, values)
    ratio, excess = spectrum(kernel)
    values |= {"spectrum": ratio, "spectrum_excess": excess}
    values["structure"], values["neighbours"] = neighbours(kernel)
    values["mean"] = float(kernel.mean() / (kernel.std() + 1e-30))
    values["sign"] = values["mean"] * math.sqrt(kernel.size)
    values["dead"], values["repeated"] = dead(kernel), repeated(kernel)
    if not (excess > SPECTRUM or values["neighbours"] > NEIGHBOURS):
        new = constant or as_drawn(parts.get("bias"), kernel)
        why = "like random numbers" + ("" if new else ", but its biases were trained")
        verdict = "untrained" if new else "damaged"
        return LayerLooks(name, shape, verdict, why, values)
    if positive and values["sign"] > SIGN and values["mean"] > MEAN:
        fault = "its sign is flipped"
    for part in ("dead", "repeated"):
        if values[part] > SHARE:
            fault = f"{values[part]:.0%} of its units are {part}"
    return LayerLooks(name, shape, "damaged" if fault else "trained", fault, values)


def spectrum(kernel, seed=0):
    """Returns (ratio, excess) of a kernel's largest singular value.

    The ratio is to the Marchenko–Pastur edge σ (√rows + √columns). The excess, over the
    edge or over three shuffles of the same numbers, is in units of the Tracy–Widom law.
    """
    matrix = kernel.reshape(-1, kernel.shape[-1]).astype("float32")
    matrix -= matrix.mean()
    rows, columns = (math.sqrt(size) for size in matrix.shape)
    edge = float(matrix.std()) * (rows + columns)
    unit = (1 / rows + 1 / columns) ** (1 / 3) / (rows + columns) / 2
    ratio, chance = largest(matrix) / edge, 1.0
    if matrix.size <= SHUFFLED:
        rng = np.random.default_rng(seed)
        shuffles = [rng.permutation(matrix.reshape(-1)) for _ in range(3)]
        shuffles = [largest(one.reshape(matrix.shape)) / edge for one in shuffles]
        chance = max(chance, *shuffles)
    return ratio, (ratio - chance) / unit


def singular_values(kernel, seed=0):
    """Returns a kernel's singular values as shares of the Marchenko–Pastur edge; those
    of a random part if the kernel is larger than `PART` × `PART`."""
    matrix = kernel.reshape(-1, kernel.shape[-1]).astype("float64")
    rng = np.random.default_rng(seed)
    for axis, size in enumerate(matrix.shape):
        if size > PART:
            matrix = matrix.take(rng.permutation(size)[:PART], axis)
    matrix -= matrix.mean()
    edge = matrix.std() * sum(math.sqrt(size) for size in matrix.shape)
    return np.linalg.svd(matrix, compute_uv=False) / (edge or 1)


def largest(matrix):
    """Returns the largest singular value of a matrix."""
    from scipy.sparse.linalg import svds

    if min(matrix.shape) < 100:
        return float(np.linalg.norm(matrix, 2))
    start = np.random.default_rng(0).normal(size=min(matrix.shape)).astype("float32")
    return float(svds(matrix, 1, tol=0.01, v0=start, return_singular_vectors=False)[0])


def structure(kernel):
    """Returns the correlation of neighbouring weights in kernels (height, width, in,
    out), their means subtracted: about 0 for noise, near 1 for smooth kernels."""
    kernel = kernel.astype("float64") - kernel.mean(axis=(0, 1), keepdims=True)
    down = (kernel[1:] * kernel[:-1]).mean()
    across = (kernel[:, 1:] * kernel[:, :-1]).mean()
    power = np.square(kernel).mean()
    return float((down + across) / 2 / power) if power else 0.0


def neighbours(kernel):
    """Returns a kernel's `structure` and how many standard deviations it is above that
    of the same kernel shuffled. Shuffled, two of n places correlate by −1 / (n − 1).

    A kernel without places, such as a dense one, gives (0, 0).
    """
    if kernel.ndim < 4 or min(kernel.shape[:2]) < 2:
        return 0.0, 0.0
    height, width = kernel.shape[:2]
    maps = kernel.reshape(height * width, -1).astype("float64")
    power = maps.var(axis=0)
    if not power.any():
        return 0.0, 0.0
    alike = power.sum() ** 2 / np.square(power).sum()  # maps of equal power
    pairs = height * (width - 1) + width * (height - 1)
    found = structure(kernel)
    expected = -1 / (height * width - 1)
    return found, float((found - expected) * math.sqrt(pairs * alike))


def dead(kernel):
    """Returns the share of units whose kernel is all but zero."""
    norms = np.linalg.norm(kernel.reshape(-1, kernel.shape[-1]), axis=0)
    return float(np.mean(norms <= DEAD * np.median(norms)))


def repeated(kernel):
    """Returns the share of units whose kernel another unit has, too."""
    units = np.ascontiguousarray(kernel.reshape(-1, kernel.shape[-1]).T)
    return 1 - len({unit.tobytes() for unit in units}) / len(units)


def as_drawn(bias, kernel):
    """Whether biases look as PyTorch draws them: uniform within 1 / √fan-in."""
    if bias is None:
        return True
    bound = 1 / math.sqrt(kernel[..., 0].size)
    error = bound / math.sqrt(bias.size)  # generous: that of the deviation is less
    return abs(bias).max() <= bound and abs(bias.std() - bound / 3**0.5) < error


def reads_positive(architecture):
    """Returns the learned layers that read what a ReLU or a sigmoid gave: numbers that
    are not negative, also after pooling and response normalization."""
    found, positive = [], False
    for row in specs.trace(architecture):
        if row.learned and positive:
            found.append(row.name)
        if row.learned or isinstance(row.spec, (specs.Tanh, specs.BatchNorm)):
            positive = False
        positive = positive or isinstance(row.spec, (specs.ReLU, specs.Sigmoid))
    return found


# Evidence in the answers to photographs


def crops():
    """Returns the two photographs and 24 squares of two sizes of each."""
    found = []
    for photograph in map(np.asarray, photographs()):
        found.append(photograph)
        height, width = photograph.shape[:2]
        for side in (height // 2, 5 * height // 7):
            for top in np.linspace(0, height - side, 3).astype(int):
                for left in np.linspace(0, width - side, 4).astype(int):
                    found.append(photograph[top : top + side, left : left + side])
    return found


def with_answers(trained, layers, upright):
    """Returns (layers, values of the net, faults of the net) by its answers to `crops`.

    The net is followed as far as its file is complete.
    """
    import keras

    trained = dataclasses.replace(trained, precision="float32")
    rows = [row for row in specs.trace(trained.architecture) if row.learned]
    reached = [*itertools.takewhile(functools.partial(held, trained), rows)]
    if not reached:
        return layers, {}, []
    whole = len(reached) == len(rows) and not trained.about["missing"]
    model = trained.model(None if whole else reached[-1].name)
    views = np.concatenate([trained.preparation.views(c, 1) for c in crops()])
    learned = [model.get_layer(row.name) for row in reached]
    tensors = [[layer.input, layer.output] for layer in learned]
    form = keras.Model(model.input, [tensors, model.output])
    answers, probabilities = predicted(form, views)
    found = {layer.name: layer for layer in layers}
    for row, layer, (inputs, _) in zip(reached, learned, answers, strict=True):
        # the first kernels fit pixels alike in both directions: −0.09 to 0.02
        if row is not rows[0] and found[row.name].verdict == "trained":
            found[row.name] = with_fits(found[row.name], row, layer, inputs)
    values, faults = {}, []
    if upright:
        values, faults = of_upright(model, reached[-1], answers[-1][1], views)
        if any(layer.verdict in ("untrained", "damaged") for layer in found.values()):
            faults = []  # they follow from the layers'
    if whole:
        two = slice(None, None, len(views) // 2)  # the photographs as they are
        values["entropy"] = entropy(probabilities[two])
        values["change"] = difference(*answers[-1][1][two])
        if not (values["entropy"] < FLAT and values["change"] > CHANGE):
            faults.append(
                f"outputs for two photographs have {values['entropy']:.3f} of the "
                f"largest entropy and differ by {values['change']:.3f} of their size"
            )
    return list(found.values()), values, faults


def held(trained, row):
    """Whether a file has all that a layer's output needs."""
    needed = specs.shapes(trained.architecture.until(row.name))
    return all(name in trained.arrays for name in needed)


def predicted(model, views):
    return model.predict_on_batch(views)


def of_upright(model, last, outputs, views):
    """Returns (values, faults) of a net that was trained on upright photographs.

    `last` is its last layer that can be computed, and `outputs` are that layer's.
    """
    import keras

    own = model.get_layer(last.name).output
    values = {"mirror": mirror(keras.Model(model.input, own), views)}
    faults = {"mirror": "it answers as if all its kernels were transposed"}
    if last.logits:
        values["logits"] = one_sided(outputs)
        faults["logits"] = f"{last.name}: its sign is flipped"
    return values, [text for key, text in faults.items() if values[key] < -MIRROR]


def with_fits(looks, row, layer, inputs):
    """Returns a layer's looks with how well its kernels fit their inputs: t of the
    outputs' log variance against that with the kernel's axes exchanged."""
    kernel, values, why = np.asarray(layer.kernel), dict(looks.values), looks.why
    for name, own, other in exchanged(row, kernel):
        values[name] = fit(layer, inputs, kernel, own, other)
        if values[name] < -FIT:
            why = f"fits its inputs better with {name} exchanged"
    verdict = "damaged" if why else looks.verdict
    return dataclasses.replace(looks, values=values, why=why, verdict=verdict)


def exchanged(row, kernel):
    """Yields (axes, kernel, the kernel with these axes exchanged)."""
    height, *_ = kernel.shape
    if type(row.spec) is specs.Conv and height > 1:
        shape = kernel - kernel.mean(axis=(0, 1), keepdims=True)
        yield "height and width", shape, shape.transpose(1, 0, 2, 3)
    if not isinstance(row.spec, specs.Local) and kernel.shape[-1] == kernel.shape[-2]:
        yield "inputs and outputs", kernel, kernel.swapaxes(-1, -2)
    if isinstance(row.spec, specs.Dense) and len(row.input_shape) == 3:
        *space, maps = row.input_shape
        if math.prod(space) > 1:
            other = kernel.reshape(maps, *space, -1).transpose(1, 2, 0, 3)
            yield "maps and places", kernel, other.reshape(kernel.shape)


def fit(layer, inputs, kernel, own, other):
    """Returns t, over the units, of the log ratio of the outputs' variances."""

    def answer(weights):
        layer.kernel.assign(weights)
        outputs = np.asarray(layer(inputs)).reshape(-1, kernel.shape[-1])
        return np.log(outputs.var(axis=0, dtype="float64") + 1e-30)

    found = t(answer(own) - answer(other))
    layer.kernel.assign(kernel)
    return found


def t(values):
    """Returns the mean in units of its standard error; 0 if all values are 0."""
    error = values.std() / math.sqrt(len(values))
    return float(values.mean() / error) if error else 0.0


def mirror(model, views):
    """Returns t, over crops, of how much more the answers change if a crop is turned
    upside down than if it is mirrored."""
    own = pooled(predicted(model, views))

    def change(turned):
        found = pooled(predicted(model, turned))
        return np.log(np.linalg.norm(found - own, axis=1) + 1e-30)

    return t(change(views[:, ::-1]) - change(views[:, :, ::-1]))


def pooled(answers):
    """Returns answers (images, units); of maps, what a ReLU leaves, over all places."""
    if answers.ndim == 2:
        return answers
    return np.maximum(answers, 0).mean(axis=(1, 2))


def one_sided(logits):
    """Returns t, over crops, of how much further from the mean the largest logit is
    than the smallest: a trained net is for one class rather than against one."""
    centred = logits - logits.mean(axis=1, keepdims=True)
    return t((centred.max(axis=1) + centred.min(axis=1)) / centred.std(axis=1))


def entropy(p):
    """Returns the smallest entropy of probabilities (n, classes), as a share of the
    largest possible."""
    found = -(p * np.log(np.maximum(p, 1e-30))).sum(axis=1, dtype="float64")
    return float(found.min() / np.log(p.shape[1]))


def difference(one, other):
    """Returns the distance of two vectors, less their means, as a share of their
    lengths: of outputs, 0 if they do not depend on the image."""
    one, other = one - one.mean(), other - other.mean()
    size = np.linalg.norm(one) + np.linalg.norm(other)
    return float(np.linalg.norm(one - other) / (size or 1))
