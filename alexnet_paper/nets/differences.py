"""Differences between two variants: layer by layer, and field by field of the recipes.

Layers are aligned by their names. A layer without a name (ReLU, dropout, …) is aligned
by the learned layer before it and by its role. Nothing here imports numpy, Keras or
TensorFlow.
"""

import dataclasses
from dataclasses import dataclass
from difflib import SequenceMatcher

from alexnet_paper.nets.recipes import OnPlateau
from alexnet_paper.nets.specs import LRN
from alexnet_paper.nets.specs import BatchNorm
from alexnet_paper.nets.specs import ReLU
from alexnet_paper.nets.specs import Sigmoid
from alexnet_paper.nets.specs import SpatialNorm
from alexnet_paper.nets.specs import Tanh
from alexnet_paper.nets.specs import totals
from alexnet_paper.nets.specs import trace

ABSENT = "–"
ROLES = {  # kinds that can take each other's place
    ReLU: "activation",
    Tanh: "activation",
    Sigmoid: "activation",
    LRN: "normalization",
    SpatialNorm: "normalization",
    BatchNorm: "normalization",
}
NAMES = {  # of kinds and fields, as words
    "BatchNorm": "batch normalization",
    "SpatialNorm": "same-map normalization",
    "Conv": "convolution",
    "Local": "unshared convolution",
    "MaxPool": "max-pooling",
    "AvgPool": "average pooling",
    "Dense": "dense",
    "Dropout": "dropout",
    "Sigmoid": "sigmoid",
    "Softmax": "softmax",
    "Tanh": "tanh",
    "scaled": "scaled in training",
}


@dataclass(frozen=True)
class Row:
    """A layer or field of one net beside that of the other; "–" if it has none.

    For a layer of both nets, `a` and `b` list the fields that differ, or all fields if
    the layer is the `same`.
    """

    name: str
    a: str
    b: str
    same: bool = False


def rows(a, b):
    """Returns the rows of two `Variant`s: the nets, then the recipes."""
    nets = architecture_rows(a.architecture, b.architecture)
    return (*nets, *recipe_rows(a.recipe, b.recipe))


def architecture_rows(a, b):
    """Returns the rows of two `Architecture`s: input, towers, every layer, counts."""
    whole = [
        ("input", *("×".join(map(str, net.input_shape)) for net in (a, b))),
        ("towers", *(str(net.towers) for net in (a, b))),
    ]
    counts = [
        (name, *(f"{getattr(totals(net), field):,}" for net in (a, b)))
        for name, field in (("parameters", "parameters"), ("multiply-adds", "macs"))
    ]
    return (
        *(Row(*cells, cells[1] == cells[2]) for cells in whole),
        *layer_rows(a, b),
        *(Row(*cells, cells[1] == cells[2]) for cells in counts),
    )


def layer_rows(a, b):
    """Returns the rows of the layers of two `Architecture`s, in the order of both."""
    nets = [places(net) for net in (a, b)]
    rows = []
    for mine, other in aligned(*map(list, nets)):
        if mine == other:
            rows.append(pair_row(nets[0][mine], nets[1][other]))
        elif mine in nets[1] or other in nets[0]:  # the layer has moved
            rows += moved_rows(nets, mine)
        else:
            rows.append(only_row(nets[0].get(mine), nets[1].get(other)))
    return rows


def places(net):
    """Returns {alignment key: (layer, name of the layer before it)}, in order."""
    found, anchor, before = {}, "input", "the input"
    for layer in trace(net):
        role = ROLES.get(type(layer.spec), type(layer.spec).__name__)
        anchor = layer.name if layer.learned else anchor
        key = layer.spec.name or f"{anchor} {role}"
        while key in found:
            key += " again"
        found[key] = (layer, before)
        before = layer.name
    return found


def aligned(a, b):
    """Yields pairs of keys of two lists: the same key twice, or one and None."""
    for _, i, j, k, m in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if a[i:j] == b[k:m]:
            yield from zip(a[i:j], b[k:m], strict=True)
        else:
            yield from ((key, None) for key in a[i:j])
            yield from ((None, key) for key in b[k:m])


def pair_row(a, b):
    """Returns the row of a layer that is in the same place in both nets."""
    (a, _), (b, _) = a, b
    if type(a.spec) is not type(b.spec):
        return Row(a.name, described(a.spec), described(b.spec))
    fields = differing(a.spec, b.spec)
    if not fields:
        return Row(a.name, described(a.spec), described(b.spec), same=True)
    return Row(a.name, *(listed(layer.spec, fields) for layer in (a, b)))


def moved_rows(nets, mine):
    """Returns one row, with both places, for a layer that has moved.

    The row is at the layer's place in net A; `mine` is None at its place in net B, and
    there is no row.
    """
    if mine is None:
        return []
    (a, before_a), (b, before_b) = (net[mine] for net in nets)
    cells = [
        f"after {before}: {described(layer.spec)}"
        for layer, before in ((a, before_a), (b, before_b))
    ]
    return [Row(a.name, *cells)]


def only_row(a, b):
    """Returns the row of a layer that only one net has."""
    layer, _ = a or b
    cells = described(layer.spec), ABSENT
    return Row(layer.name, *(cells if a else reversed(cells)))


def differing(a, b):
    """Returns the names of the fields in which two specs, or two recipes, differ."""
    return [
        field.name
        for field in dataclasses.fields(a)
        if field.name != "name" and getattr(a, field.name) != getattr(b, field.name)
    ]


def described(spec):
    """Returns a spec in words: "max-pooling: size 3×3, stride 2, padding 0"."""
    kind = NAMES.get(type(spec).__name__, type(spec).__name__)
    names = [field.name for field in dataclasses.fields(spec) if field.name != "name"]
    return f"{kind}: {listed(spec, names)}" if names else kind


def listed(spec, fields):
    return ", ".join(
        f"{NAMES.get(name, name)} {shown(name, getattr(spec, name))}" for name in fields
    )


def shown(name, value):
    """Returns the value of a field in words."""
    if name in ("kernel", "size"):
        return f"{value}×{value}"
    if name == "init" and not isinstance(value, str):
        return f"N(0, {value:g}²)"
    if name == "padding" and isinstance(value, tuple):
        return f"{value[0]} before and {value[1]} after"
    if isinstance(value, OnPlateau):
        often = "once" if value.drops == 1 else f"{value.drops} times"
        return (
            f"× {value.factor:g} after {value.patience} epochs without a lower "
            f"validation error, {often} at most"
        )
    if isinstance(value, tuple):
        words = (
            f"{item[0]} {item[1]:g}" if isinstance(item, tuple) else str(item)
            for item in value
        )
        return ", ".join(words) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    return "none" if value is None else str(value)


def recipe_rows(a, b):
    """Returns the rows of two `Recipe`s, one for each field."""
    different = differing(a, b)
    return tuple(
        Row(
            field.name.replace("_", " "),
            *(shown(field.name, getattr(recipe, field.name)) for recipe in (a, b)),
            field.name not in different,
        )
        for field in dataclasses.fields(a)
    )


def only_differing(rows):
    return tuple(row for row in rows if not row.same)
