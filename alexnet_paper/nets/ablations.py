"""Ablations: one change to a net or to its recipe.

An ablation applies to any variant: "paper-32.no-dropout" is the variant `paper-32`
after the ablation `no-dropout`. Ablations can be chained. No ablation adds a parameter.
"""

import dataclasses
import functools
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field

from alexnet_paper.nets.specs import LRN
from alexnet_paper.nets.specs import Conv
from alexnet_paper.nets.specs import Dense
from alexnet_paper.nets.specs import Dropout
from alexnet_paper.nets.specs import MaxPool
from alexnet_paper.nets.specs import ReLU
from alexnet_paper.nets.specs import Scale
from alexnet_paper.nets.specs import Sigmoid
from alexnet_paper.nets.specs import SpatialNorm
from alexnet_paper.nets.specs import Tanh


def same(net):
    return net


@dataclass(frozen=True)
class Ablation:
    """A change to a net, `change(Architecture)`, or to fields of its recipe.

    `title` names the changed net in a table; `departure` says exactly what changes.
    """

    title: str
    departure: str
    change: Callable = same
    recipe: dict = field(default_factory=dict)

    def apply(self, net, name):
        """Returns the changed net under a new name.

        Raises ValueError if neither the net nor its recipe changes.
        """
        changed = self.change(net)
        if changed == net and not self.recipe:
            raise ValueError(f"{name} would change nothing in {net.name}.")
        return dataclasses.replace(changed, name=f"{net.name}.{name}")


def replaced(net, kinds, new):
    """Replaces every spec of these kinds by `new(spec)`; None removes it."""
    layers = (new(spec) if isinstance(spec, kinds) else spec for spec in net.layers)
    return dataclasses.replace(net, layers=tuple(spec for spec in layers if spec))


def without_normalization(net):
    """Replaces every normalization by its constant factor k^−beta (none for k = 1).

    Without the paper's factor of 0.59, the next layer would see a signal 1.68 times as
    large, which would be a second change.
    """

    def factor(spec):
        return Scale(spec.name, spec.k**-spec.beta) if spec.k != 1 else None

    return replaced(net, (LRN, SpatialNorm), factor)


def with_normalization(net):
    """Normalizes as cuda-convnet's 11 % net does: over 9 maps with k = 1, after pool1
    and before pool2. Raises ValueError for a net that is normalized already."""
    if any(isinstance(spec, (LRN, SpatialNorm)) for spec in net.layers):
        raise ValueError(f"{net.name} has response normalization already.")
    norms = (LRN(name, n=9, k=1.0, alpha=1e-3 / 9) for name in ("norm1", "norm2"))
    one, two = (net.layers.index(net.named(name)) for name in ("pool1", "pool2"))
    head, middle, tail = (
        net.layers[part]
        for part in (slice(one + 1), slice(one + 1, two), slice(two, None))
    )
    layers = (*head, next(norms), *middle, next(norms), *tail)
    return dataclasses.replace(net, layers=layers)


def without_dropout(net):
    return replaced(net, Dropout, lambda spec: None)


def with_tanh(net):
    return replaced(net, ReLU, lambda spec: Tanh())


def with_sigmoid(net):
    return replaced(net, ReLU, lambda spec: Sigmoid())


def without_overlap(net):
    """Makes pooling windows as wide as their stride and drops those over the edge."""
    return replaced(
        net,
        MaxPool,
        lambda spec: dataclasses.replace(spec, size=spec.stride, padding=0),
    )


def without_conv1(net):
    """Lets conv2 read the image, with the strides of conv1 and pool1 multiplied.

    Its maps keep their size. Raises ValueError if its windows would leave out pixels.
    """
    first, pool, second = (net.named(name) for name in ("conv1", "pool1", "conv2"))
    stride = first.stride * pool.stride
    if stride > second.kernel:
        raise ValueError(
            f"conv1 of {net.name} cannot be removed: conv2's {second.kernel}×"
            f"{second.kernel} windows, {stride} apart, would leave out pixels."
        )
    changed = net.without("conv1", "norm1", "pool1")
    return changed.change(conv2={"groups": 1, "stride": stride})


def without_conv3(net):
    """Removes conv3 and lets conv4 read both towers, as conv3 did."""
    return net.without("conv3").change(conv4={"groups": 1})


def without_conv5(net):
    """Removes conv5 and pools 4×4 with stride 3, so that fc6 does not grow."""
    return net.without("conv5").change(pool5={"size": 4, "stride": 3})


def without(*layers):
    def change(net):
        return net.without(*layers)

    return change


def one_tower(net, narrow=("conv1", "conv2", "conv3", "conv4")):
    """Halves the kernels of all convolutions but the last and joins the towers.

    This is the one-GPU net of P §3.2, footnote 2.
    """
    if net.towers == 1:
        return net

    def whole(spec):
        fields = {"groups": 1} if hasattr(spec, "groups") else {}
        if spec.name in narrow:
            fields["filters"] = spec.filters // 2
        if isinstance(spec, Dense):
            fields["tower"] = None
        return dataclasses.replace(spec, **fields)

    one = replaced(net, (Conv, LRN, Dense), whole)
    return dataclasses.replace(one, towers=1)


def with_biases(bias, net):
    """Sets the initial biases that are not 0 to `bias`."""

    def start(spec):
        return dataclasses.replace(spec, bias=bias) if spec.bias else spec

    return replaced(net, (Conv, Dense), start)


ABLATIONS = {
    "no-lrn": Ablation(
        "without response normalization",
        "every normalization is replaced by its constant factor k^−beta",
        without_normalization,
    ),
    "no-dropout": Ablation("without dropout", "no dropout", without_dropout),
    "tanh": Ablation(
        "with tanh in place of ReLU", "tanh(x) replaces every ReLU", with_tanh
    ),
    "sigmoid": Ablation(
        "with the logistic function in place of ReLU",
        "1 / (1 + exp(−x)) replaces every ReLU",
        with_sigmoid,
    ),
    "no-overlap": Ablation(
        "with non-overlapping pooling",
        "pooling windows as wide as their stride, 2×2",
        without_overlap,
    ),
    "one-tower": Ablation(
        "in one tower with half the kernels",
        "half the kernels in conv1 to conv4; every layer sees all maps",
        one_tower,
    ),
    "no-conv1": Ablation(
        "without conv1",
        "no conv1, norm1 and pool1; conv2 reads the image with their stride",
        without_conv1,
    ),
    "no-conv2": Ablation(
        "without conv2",
        "no conv2 and norm2; conv3 reads pool1's maps after pool2",
        without("conv2", "norm2"),
    ),
    "no-conv3": Ablation(
        "without conv3",
        "no conv3; conv4 reads both towers in its place",
        without_conv3,
    ),
    "no-conv4": Ablation(
        "without conv4", "no conv4; conv5 reads conv3's maps", without("conv4")
    ),
    "no-conv5": Ablation(
        "without conv5",
        "no conv5; pool5 is 4×4 with stride 3, so that fc6 does not have more inputs",
        without_conv5,
    ),
    "no-fc7": Ablation(
        "without fc7", "no fc7 and its dropout; fc8 reads fc6", without("fc7")
    ),
    "no-decay": Ablation(
        "without weight decay",
        "no weight decay",
        recipe={"weight_decay": 0.0, "layer_weight_decay": ()},
    ),
    "no-crops": Ablation(
        "without crops and reflections",
        "trained on the central patch only, never reflected",
        recipe={"crops": False, "reflect": False},
    ),
    "no-colour": Ablation(
        "without colour noise", "no colour noise", recipe={"colour": None}
    ),
    "unit-pixels": Ablation(
        "with pixels of 0 to 1", "pixels divided by 255", recipe={"scale": 255.0}
    ),
    "with-lrn": Ablation(
        "with response normalization",
        "normalization over 9 maps, k = 1 and alpha 1e-3/9 per element, after pool1 "
        "and before pool2",
        with_normalization,
    ),
    **{
        f"{name}-bias": Ablation(
            f"with initial biases of {bias:g}",
            f"initial biases that are not 0 are {bias:g}",
            functools.partial(with_biases, bias),
        )
        for name, bias in (("zero", 0.0), ("small", 0.1), ("unit", 1.0))
    },
}
