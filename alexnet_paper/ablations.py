"""What can be taken from a net, or put in its place, to see what it was good for.

An ablation applies to any variant: "paper-32.no-dropout" is the variant `paper-32`
after the ablation `no-dropout`, and they can be chained. Each changes one thing, of the
net or of its recipe.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field

from alexnet_paper.architecture import LRN
from alexnet_paper.architecture import Conv
from alexnet_paper.architecture import Dense
from alexnet_paper.architecture import Dropout
from alexnet_paper.architecture import MaxPool
from alexnet_paper.architecture import ReLU
from alexnet_paper.architecture import SpatialNorm
from alexnet_paper.architecture import Tanh


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
    return replaced(net, (LRN, SpatialNorm), lambda spec: None)


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


def without(layer):
    def change(net):
        return net.without(layer)

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


ABLATIONS = {
    "no-lrn": Ablation(
        "without response normalization", "no normalization", without_normalization
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
    **{
        f"no-{layer}": Ablation(
            f"without {layer}",
            f"no {layer}; its neighbours keep their kernels and groups",
            without(layer),
        )
        for layer in ("conv3", "conv4", "conv5")
    },
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
}
