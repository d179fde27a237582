"""Nets as data: layer specs, and the shapes and counts computed from them.

A net is a tuple of small frozen specs that reads like the paper:

    Conv("conv1", 96, 11, stride=4), ReLU(), LRN("norm1", groups=2),
    MaxPool("pool1", 3, 2),
    Conv("conv2", 256, 5, padding=2, groups=2, bias=1.0), ...

`towers=2` on the net says that every layer is split in two halves along its maps
(paper §3.2, Figure 2). Then `groups=2` on a layer means "sees its own tower only" and
`groups=1` means "sees both towers". With `towers=1` groups are ordinary grouped
convolutions on one device.

Shapes are (height, width, maps) or (units,), without the batch. Sizes are float32
bytes. Nothing here imports numpy, Keras or TensorFlow.
"""

import dataclasses
import math
from dataclasses import dataclass

FLOAT32 = 4  # bytes
PRECISIONS = ("float32", "mixed_bfloat16")  # dtype policies of a net

Padding = int | tuple[int, int] | str
"""Zeros before and after each spatial axis, or "same" (Keras's rule), or "ceil"
(cuda-convnet's pooling: windows start at 0 and the last may hang over the edge)."""


@dataclass(frozen=True)
class Conv:
    """Convolution.

    `init` is the standard deviation of N(0, init²), "glorot" (Keras's default) or
    "fan_in" (PyTorch's default). `bias` is the initial value of the biases.
    """

    name: str
    filters: int
    kernel: int
    stride: int = 1
    padding: Padding = 0
    groups: int = 1
    init: float | str = 0.01
    bias: float = 0.0
    tower: str | None = None  # "a" or "b": the whole layer is in that tower

    def output_shape(self, shape):
        return (*spatial(self, shape, self.kernel), self.filters)

    def weights(self, shape):
        return self.kernel**2 * (shape[2] // self.groups) * self.filters

    def biases(self, shape):
        return self.filters

    def macs(self, shape):
        height, width, _ = self.output_shape(shape)
        return height * width * self.weights(shape)


@dataclass(frozen=True)
class Local(Conv):
    """Convolution whose kernels and biases are not shared between positions
    (cuda-convnet's `type=local`)."""

    def weights(self, shape):
        height, width, _ = self.output_shape(shape)
        return height * width * super().weights(shape)

    def biases(self, shape):
        return math.prod(self.output_shape(shape))

    def macs(self, shape):
        return self.weights(shape)


@dataclass(frozen=True)
class Dense:
    """Fully connected layer over the flattened input (height, width, maps order)."""

    name: str
    units: int
    groups: int = 1
    init: float | str = 0.01
    bias: float = 0.0
    tower: str | None = None

    def output_shape(self, shape):
        return (self.units,)

    def weights(self, shape):
        return math.prod(shape) // self.groups * self.units

    def biases(self, shape):
        return self.units

    def macs(self, shape):
        return self.weights(shape)


@dataclass(frozen=True)
class _Elementwise:
    """A layer that keeps its input's shape."""

    name: str = ""

    def output_shape(self, shape):
        return shape


@dataclass(frozen=True)
class ReLU(_Elementwise):
    """max(0, x), paper §3.1."""


@dataclass(frozen=True)
class Tanh(_Elementwise):
    """scale · tanh(slope · x)."""

    scale: float = 1.0
    slope: float = 1.0


@dataclass(frozen=True)
class Sigmoid(_Elementwise):
    """1 / (1 + exp(−x))."""


@dataclass(frozen=True)
class Softmax(_Elementwise):
    """Probabilities over the classes."""


@dataclass(frozen=True)
class LRN(_Elementwise):
    """Local response normalization across maps, paper §3.3.

    b_i = a_i / (k + alpha · Σ a_j²)^beta, j from i − n//2 to i + n//2 within the group.
    With `groups=2` the window stops at a tower's edge.
    """

    n: int = 5
    k: float = 2.0
    alpha: float = 1e-4
    beta: float = 0.75
    groups: int = 1


@dataclass(frozen=True)
class SpatialNorm(_Elementwise):
    """Response normalization over a size × size window of the same map.

    b = a / (k + alpha · Σ a²)^beta; the window is clipped at the borders. It is
    cuda-convnet's same-map `rnorm`.
    """

    size: int = 5
    k: float = 1.0
    alpha: float = 1e-3 / 25
    beta: float = 0.75


@dataclass(frozen=True)
class Scale(_Elementwise):
    """Multiplication by a constant, such as a normalization with alpha = 0."""

    factor: float = 1.0


@dataclass(frozen=True)
class BatchNorm(_Elementwise):
    """Batch normalization with Keras's defaults (only the articles' nets)."""


@dataclass(frozen=True)
class Dropout(_Elementwise):
    """Dropout.

    `scaled=False` is the paper's form (§4.2): outputs are multiplied by 1 − rate at
    test time. `scaled=True` is the later "inverted" form: kept units are divided by
    1 − rate in training.
    """

    rate: float = 0.5
    scaled: bool = False


@dataclass(frozen=True)
class MaxPool:
    """Max-pooling over size × size windows; they overlap if size > stride."""

    name: str
    size: int
    stride: int
    padding: Padding = 0

    def output_shape(self, shape):
        return (*spatial(self, shape, self.size), shape[2])


@dataclass(frozen=True)
class AvgPool(MaxPool):
    """Average pooling over size × size windows; a clipped window has a smaller area."""


Spec = Conv | Local | Dense | _Elementwise | MaxPool
LEARNED = (Conv, Dense)  # Local is a Conv


def spatial(spec, shape, size):
    """Returns the output (height, width) of a window of `size` moved over `shape`.

    Raises ValueError if the window does not fit the input.
    """
    if len(shape) != 3:
        raise ValueError(f"{spec.name} needs a (height, width, maps) input: {shape}.")
    out = []
    for length in shape[:2]:
        if spec.padding in ("same", "ceil"):
            pads = same_padding(length, size, spec.stride)
            if spec.padding == "ceil" and pads[0] > 0:
                raise ValueError(
                    f"{spec.name}: ceil windows on length {length} start before 0."
                )
        else:
            pads = before_after(spec.padding)
        span = length + sum(pads) - size
        if span < 0:
            raise ValueError(
                f"the input is too small: {spec.name} ({size}×{size}) receives "
                f"{shape[0]}×{shape[1]}."
            )
        out.append(span // spec.stride + 1)
    return tuple(out)


def same_padding(length, size, stride):
    """Returns (before, after) for ceil(length / stride) windows; after is not less."""
    total = max((math.ceil(length / stride) - 1) * stride + size - length, 0)
    return total // 2, total - total // 2


def before_after(padding):
    return padding if isinstance(padding, tuple) else (padding, padding)


@dataclass(frozen=True)
class Architecture:
    """A net: its input (height, width, channels), its layers and its towers."""

    name: str
    layers: tuple[Spec, ...]
    input_shape: tuple[int, int, int] = (227, 227, 3)
    towers: int = 1

    @property
    def classes(self):
        """Units of the last learned layer."""
        return self._last_dense().units

    def _last_dense(self):
        return [spec for spec in self.layers if isinstance(spec, Dense)][-1]

    def with_classes(self, classes):
        """Returns the net with `classes` outputs."""
        last = self._last_dense()
        return self.change(**{last.name: {"units": classes}})

    def with_input(self, input_shape):
        """Returns the net for inputs of another (height, width, channels)."""
        return dataclasses.replace(self, input_shape=tuple(input_shape))

    def change(self, **changes):
        """Returns the net with fields of layers replaced: `change(fc6={"bias": 0})`."""
        unknown = set(changes) - {spec.name for spec in self.layers}
        if unknown:
            raise ValueError(f"{self.name} has no layer {', '.join(sorted(unknown))}.")
        layers = (
            dataclasses.replace(spec, **changes.get(spec.name, {}))
            if spec.name
            else spec
            for spec in self.layers
        )
        return dataclasses.replace(self, layers=tuple(layers))

    def named(self, name):
        """Returns the layer of that name. Raises ValueError if there is none."""
        for spec in self.layers:
            if spec.name == name:
                return spec
        raise ValueError(f"{self.name} has no layer {name}.")

    def until(self, name):
        """Returns the net up to the named layer.

        The unnamed layers after it (activation, normalization) are included, but not a
        final dropout. Raises ValueError, with the known names, for an unknown name.
        """
        names = [spec.name for spec in self.layers]
        if not name or name not in names:
            known = ", ".join(filter(None, names))
            raise ValueError(f"{self.name} has no layer {name!s:.60}: one of {known}.")
        end = names.index(name) + 1
        while end < len(names) and not names[end]:
            end += 1
        while isinstance(self.layers[end - 1], Dropout):
            end -= 1
        return dataclasses.replace(self, layers=self.layers[:end])

    def without(self, *names):
        """Returns the net without the named layers and the unnamed ones (ReLU, dropout)
        that follow them."""
        kept, current = [], None
        for spec in self.layers:
            current = spec.name or current
            if current not in names:
                kept.append(spec)
        return dataclasses.replace(self, layers=tuple(kept))

    def learned_parts(self):
        """Returns {learned layer: names of the layers that hold its arrays}, in order.

        A batch normalization belongs to the learned layer before it.
        """
        found = {}
        for layer in trace(self):
            if layer.learned:
                found[layer.name] = (layer.name,)
            elif isinstance(layer.spec, BatchNorm) and found:
                last = [*found][-1]
                found[last] = (*found[last], layer.name)
        return found

    def layers_named(self, text):
        """Returns the learned layers that a text names: "conv1-conv5,fc8".

        Raises ValueError, with the known names, for an unknown one.
        """
        known, found = [*self.learned_parts()], set()
        for word in filter(None, (text or "").split(",")):
            ends = word.split("-")
            unknown = [name for name in ends if name not in known]
            if unknown or len(ends) > 2:
                raise ValueError(
                    f"{self.name} has no layer {(unknown or [word])[0]:.60}: its "
                    f"learned layers are {', '.join(known)}."
                )
            found.update(known[known.index(ends[0]) : known.index(ends[-1]) + 1])
        return tuple(name for name in known if name in found)

    def text_of(self, layers):
        """Returns learned layers as `layers_named` reads them: "conv1-conv5,fc8"."""
        runs, known = [], [*self.learned_parts()]
        for index, name in enumerate(known):
            if name in layers:
                if index and known[index - 1] in layers:
                    runs[-1][1:] = [name]
                else:
                    runs.append([name])
        return ",".join("-".join(run) for run in runs)

    def fixed_end(self, frozen):
        """Returns the last layer whose outputs for an image never change in training,
        or None: every layer with arrays up to it is frozen, and none is a dropout."""
        parts = self.learned_parts()
        held = {name: layer for layer, names in parts.items() for name in names}
        end = None
        for layer in trace(self):
            moves = layer.name in held and held[layer.name] not in frozen
            if moves or isinstance(layer.spec, Dropout):
                break
            end = layer.name
        return end if frozen and [*parts][0] in frozen else None

    def convolutional(self):
        """Returns the net up to its first fully connected layer."""
        kinds = [isinstance(spec, Dense) for spec in self.layers]
        first = kinds.index(True) if True in kinds else len(kinds)
        return dataclasses.replace(self, layers=self.layers[:first])


@dataclass(frozen=True)
class Layer:
    """One layer of a traced net: its spec, shapes and counts."""

    name: str
    spec: Spec
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    weights: int = 0
    biases: int = 0
    macs: int = 0
    reads: str = ""  # "image", "own tower", "both towers"; "" without towers
    towers: str = ""  # the towers that hold it: "a", "b", "ab", or "" without towers
    logits: bool = False  # whether its outputs are the logits

    @property
    def learned(self):
        return isinstance(self.spec, LEARNED)

    @property
    def parameters(self):
        return self.weights + self.biases

    @property
    def neurons(self):
        """Number of a learned layer's outputs (paper, Figure 2); 0 for other layers."""
        return math.prod(self.output_shape) if self.learned else 0


def trace(architecture):
    """Returns the `Layer`s of an architecture, with shapes and counts, in order.

    Raises ValueError if a window does not fit its input, if groups do not divide the
    maps, or if two layers share a name.
    """
    shape, anchor, reads_image, layers = architecture.input_shape, "input", True, []
    for spec in architecture.layers:
        name = spec.name or f"{anchor}_{type(spec).__name__.lower()}"
        anchor = spec.name or anchor
        check_groups(name, spec, shape, architecture.towers)
        layer = Layer(name, spec, shape, spec.output_shape(shape))
        if layer.learned:
            layer = dataclasses.replace(
                layer,
                weights=spec.weights(shape),
                biases=spec.biases(shape),
                macs=spec.macs(shape),
            )
        elif isinstance(spec, BatchNorm):  # scale and offset; running mean and variance
            layer = dataclasses.replace(
                layer, weights=2 * shape[-1], biases=2 * shape[-1]
            )
        if architecture.towers == 2:
            reads, towers = tower_view(spec, reads_image, layers)
            layer = dataclasses.replace(layer, reads=reads, towers=towers)
        layers.append(layer)
        shape, reads_image = layer.output_shape, False
    last = max((i for i, layer in enumerate(layers) if layer.learned), default=0)
    activated = any(isinstance(row.spec, (ReLU, Tanh)) for row in layers[last:])
    if isinstance(layers[last].spec, Dense) and not activated:
        layers[last] = dataclasses.replace(layers[last], logits=True)
    names = [layer.name for layer in layers]
    if len(set(names)) < len(names):
        raise ValueError(f"{architecture.name}: two layers share a name in {names}.")
    return tuple(layers)


def check_groups(name, spec, shape, towers):
    groups = getattr(spec, "groups", 1)
    maps = getattr(spec, "filters", getattr(spec, "units", shape[-1]))
    if shape[-1] % groups or maps % groups:
        raise ValueError(f"{name}: groups={groups} does not divide {shape[-1]}→{maps}.")
    if towers == 2 and groups not in (1, 2):
        raise ValueError(f"{name}: groups={groups} in a net of two towers.")


def tower_view(spec, reads_image, before):
    """Returns (reads, towers) of a layer in a two-tower net."""
    whole = before[-1].towers if before and len(before[-1].towers) == 1 else None
    towers = getattr(spec, "tower", None) or whole or "ab"
    if reads_image:
        return "image", towers
    if whole:
        return "own tower", towers
    crosses = isinstance(spec, (*LEARNED, LRN)) and spec.groups == 1
    return ("both towers" if crosses else "own tower"), towers


def shapes(architecture):
    """Returns {"conv1/kernel": (11, 11, 3, 96), ...}: the shapes of the arrays that
    `model.get_weights` returns."""
    found = {}
    for layer in trace(architecture):
        spec, (*_, maps) = layer.spec, layer.input_shape
        kernel = bias = None
        if isinstance(spec, Local):
            kernel = (*layer.output_shape[:2], spec.kernel**2 * maps, spec.filters)
            bias = layer.output_shape
        elif isinstance(spec, Conv):
            kernel = (spec.kernel, spec.kernel, maps // spec.groups, spec.filters)
            bias = (spec.filters,)
        elif isinstance(spec, Dense):
            kernel = (math.prod(layer.input_shape), spec.units)
            bias = (spec.units,)
        elif isinstance(spec, BatchNorm):
            for part in ("gamma", "beta", "moving_mean", "moving_variance"):
                found[f"{layer.name}/{part}"] = (maps,)
        if kernel:
            found[f"{layer.name}/kernel"], found[f"{layer.name}/bias"] = kernel, bias
    return found


@dataclass(frozen=True)
class Totals:
    parameters: int
    weights: int
    biases: int
    macs: int
    neurons: int


def totals(architecture):
    """Returns the sums over the layers of an architecture."""
    layers = trace(architecture)
    return Totals(
        parameters=sum(layer.parameters for layer in layers),
        weights=sum(layer.weights for layer in layers),
        biases=sum(layer.biases for layer in layers),
        macs=sum(layer.macs for layer in layers),
        neurons=sum(layer.neurons for layer in layers),
    )


@dataclass(frozen=True)
class Memory:
    """Bytes on one device: parameters, and all layers' outputs for one image."""

    parameters: int
    activations: int

    def training(self, batch_size):
        """Returns the bytes of parameters, their gradients and momentum, and of a
        batch's activations and their gradients."""
        return 3 * self.parameters + 2 * batch_size * self.activations


def memory(architecture):
    """Returns {device: `Memory`}: "a" and "b" with two towers, "" with one."""
    devices = "ab" if architecture.towers == 2 else [""]
    held = {device: Memory(0, 0) for device in devices}
    for layer in trace(architecture):
        holders = layer.towers or [""]
        for device in holders:
            parameters = layer.parameters // len(holders)
            activations = math.prod(layer.output_shape) // len(holders)
            held[device] = Memory(
                held[device].parameters + FLOAT32 * parameters,
                held[device].activations + FLOAT32 * activations,
            )
    return held


@dataclass(frozen=True)
class Crossing:
    """A tensor that crosses from one tower's device to the other's, for one image."""

    into: str  # the layer that reads it
    source: str  # the tower that makes it
    target: str  # the tower that reads it
    shape: tuple[int, ...]

    @property
    def bytes(self):
        return FLOAT32 * math.prod(self.shape)


def crossings(architecture):
    """Returns the `Crossing`s in the forward pass of one image (Figure 2).

    The gradients of the same tensors cross in the backward pass.
    """
    found = []
    for layer in trace(architecture):
        if layer.reads != "both towers":
            continue
        *space, maps = layer.input_shape
        for target in layer.towers:
            source = "b" if target == "a" else "a"
            shape = (*space, maps // 2)
            found.append(Crossing(layer.name, source, target, shape))
    return tuple(found)
