"""Ablations: one change to a net or to its recipe.

An ablation applies to any variant: "paper-32.no-dropout" is the variant `paper-32`
after the ablation `no-dropout`, and they can be chained. None gives the net parameters
that it did not have.
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
from alexnet_paper.nets.specs import SpatialNorm
from alexnet_paper.nets.specs import Tanh


def same(net):
    return net


@dataclass(frozen=True)
class Ablation:
    """One change of a net, `change(Architecture)`, or of the fields of its recipe.

    `title` says it in a table, `departure` what exactly is changed.
    """

    title: str
    departure: str
    change: Callable = same
    recipe: dict = field(default_factory=dict)

    def apply(self, net, name):
        """The changed net under a new name. Raises ValueError if the change leaves
        it, and its recipe, as they were."""
        changed = self.change(net)
        if changed == net and not self.recipe:
            raise ValueError(f"{net.name} has nothing that {name} would change.")
        return dataclasses.replace(changed, name=f"{net.name}.{name}")


def replaced(net, kinds, new):
    """Every spec of these kinds replaced by `new(spec)`, or left out for None."""
    layers = (new(spec) if isinstance(spec, kinds) else spec for spec in net.layers)
    return dataclasses.replace(net, layers=tuple(spec for spec in layers if spec))


def without_normalization(net):
    """Every LRN becomes its constant factor k^−beta; with k = 1 it is left out.

    Without the factor every later layer would see a signal 1.68 times as large, which
    is another change than the one that is asked about.
    """

    def factor(spec):
        return Scale(spec.name, spec.k**-spec.beta) if spec.k != 1 else None

    return replaced(net, (LRN, SpatialNorm), factor)


def without_dropout(net):
    return replaced(net, Dropout, lambda spec: None)


def with_tanh(net):
    return replaced(net, ReLU, lambda spec: Tanh())


def without_overlap(net):
    """Windows as wide as their stride. Sizes stay where a window hung over the edge."""
    return replaced(
        net,
        MaxPool,
        lambda spec: dataclasses.replace(spec, size=spec.stride, padding=0),
    )


def without_conv1(net):
    """conv2 reads the image in conv1's place, with the stride of conv1 and pool1, so
    that it gives maps of the same size."""
    first, pool, second = (net.named(name) for name in ("conv1", "pool1", "conv2"))
    stride = first.stride * pool.stride
    if stride > second.kernel:
        raise ValueError(
            f"{net.name} cannot do without conv1: conv2's {second.kernel}×"
            f"{second.kernel} windows, {stride} apart, would leave out pixels."
        )
    changed = net.without("conv1", "norm1", "pool1")
    return changed.change(conv2={"groups": 1, "stride": stride})


def without_conv3(net):
    """conv4 reads both towers, as conv3 did, through kernels of the same size."""
    return net.without("conv3").change(conv4={"groups": 1})


def without_conv5(net):
    """pool5's windows are four wide and three apart: more maps, but no more inputs to
    fc6."""
    return net.without("conv5").change(pool5={"size": 4, "stride": 3})


def without(*layers):
    def change(net):
        return net.without(*layers)

    return change


def one_tower(net, narrow=("conv1", "conv2", "conv3", "conv4")):
    """Half the kernels in all convolutions but the last, and one tower (P §3.2
    footnote 2)."""
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
    """Biases that start at another value than 0 start at `bias`."""

    def start(spec):
        return dataclasses.replace(spec, bias=bias) if spec.bias else spec

    return replaced(net, (Conv, Dense), start)


ABLATIONS = {
    "no-lrn": Ablation(
        "without response normalization",
        "of every normalization only its constant factor k^−beta",
        without_normalization,
    ),
    "no-dropout": Ablation("without dropout", "no dropout", without_dropout),
    "tanh": Ablation(
        "with tanh in place of ReLU", "tanh(x) wherever there was a ReLU", with_tanh
    ),
    "no-overlap": Ablation(
        "with non-overlapping pooling",
        "pooling windows as wide as their stride, 2×2",
        without_overlap,
    ),
    "one-tower": Ablation(
        "in one tower with half the kernels",
        "half the kernels in conv1 to conv4, no towers",
        one_tower,
    ),
    "no-conv1": Ablation(
        "without conv1",
        "no conv1, norm1 and pool1; conv2 reads the image with their stride",
        without_conv1,
    ),
    "no-conv2": Ablation(
        "without conv2",
        "no conv2 and norm2; conv3 reads pool1's maps, pooled once more",
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
        "no conv5; pool5's windows are 4×4, 3 apart, so that conv4's maps are no more "
        "inputs to fc6 than conv5's were",
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
    **{
        f"{name}-bias": Ablation(
            f"with initial biases of {bias:g}",
            f"biases that start at another value than 0 start at {bias:g}",
            functools.partial(with_biases, bias),
        )
        for name, bias in (("zero", 0.0), ("small", 0.1), ("unit", 1.0))
    },
}
