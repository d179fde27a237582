"""What distinguishes two nets: layer by layer, and field by field of their recipes.

Rows come from the specs themselves. Layers are aligned by their names; one without a
name (ReLU, dropout, …) by the learned one before it and by what it does. Nothing here
imports numpy, Keras or TensorFlow.
"""

import dataclasses
from dataclasses import dataclass
from difflib import SequenceMatcher

from alexnet_paper.nets.recipes import OnPlateau
from alexnet_paper.nets.specs import LRN
from alexnet_paper.nets.specs import BatchNorm
from alexnet_paper.nets.specs import ReLU
from alexnet_paper.nets.specs import SpatialNorm
from alexnet_paper.nets.specs import Tanh
from alexnet_paper.nets.specs import totals
from alexnet_paper.nets.specs import trace

ABSENT = "–"
ROLES = {  # kinds that can take each other's place
    ReLU: "activation",
    Tanh: "activation",
    LRN: "normalization",
    SpatialNorm: "normalization",
    BatchNorm: "normalization",
}
NAMES = {  # of kinds and fields, where they are no words
    "BatchNorm": "batch normalization",
    "SpatialNorm": "same-map normalization",
    "Conv": "convolution",
    "Local": "unshared convolution",
    "MaxPool": "max-pooling",
    "AvgPool": "average pooling",
    "Dense": "dense",
    "Dropout": "dropout",
    "Softmax": "softmax",
    "Tanh": "tanh",
    "scaled": "scaled in training",
}


@dataclass(frozen=True)
class Row:
    """A layer or field of one net beside that of the other; "–" where there is none.

    Of a layer that both have, `a` and `b` say the fields that differ, or all of them
    where it is the `same`.
    """

    name: str
    a: str
    b: str
    same: bool = False


def rows(a, b):
    """Rows on two `variants.Variant`s: the nets, then the recipes."""
    nets = architecture_rows(a.architecture, b.architecture)
    return (*nets, *recipe_rows(a.recipe, b.recipe))


def architecture_rows(a, b):
    """Rows on two `Architecture`s: input, towers, every layer, and the counts."""
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
    """Rows on the layers of two `Architecture`s, in the order of both."""
    nets = [places(net) for net in (a, b)]
    rows = []
    for mine, other in aligned(*map(list, nets)):
        if mine == other:
            rows.append(pair_row(nets[0][mine], nets[1][other]))
        elif mine in nets[1] or other in nets[0]:  # it has another place there
            rows += moved_rows(nets, mine)
        else:
            rows.append(only_row(nets[0].get(mine), nets[1].get(other)))
    return rows


def places(net):
    """{what a layer is aligned by: (layer, name of the layer before it)}, in order."""
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
    """Pairs of keys of two lists: the same one twice, or one and None."""
    for _, i, j, k, m in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if a[i:j] == b[k:m]:
            yield from zip(a[i:j], b[k:m], strict=True)
        else:
            yield from ((key, None) for key in a[i:j])
            yield from ((None, key) for key in b[k:m])


def pair_row(a, b):
    """The row of a layer that both nets have in the same place."""
    (a, _), (b, _) = a, b
    if type(a.spec) is not type(b.spec):
        return Row(a.name, described(a.spec), described(b.spec))
    fields = differing(a.spec, b.spec)
    if not fields:
        return Row(a.name, described(a.spec), described(b.spec), same=True)
    return Row(a.name, *(listed(layer.spec, fields) for layer in (a, b)))


def moved_rows(nets, mine):
    """One row of a layer that has another place in the other net: where net A has it,
    with both places; none where net B has it."""
    if mine is None:
        return []
    (a, before_a), (b, before_b) = (net[mine] for net in nets)
    cells = [
        f"after {before}: {described(layer.spec)}"
        for layer, before in ((a, before_a), (b, before_b))
    ]
    return [Row(a.name, *cells)]


def only_row(a, b):
    """The row of a layer that one net has."""
    layer, _ = a or b
    cells = described(layer.spec), ABSENT
    return Row(layer.name, *(cells if a else reversed(cells)))


def differing(a, b):
    """Names of the fields in which two specs or recipes of a kind differ."""
    return [
        field.name
        for field in dataclasses.fields(a)
        if field.name != "name" and getattr(a, field.name) != getattr(b, field.name)
    ]


def described(spec):
    """A spec in words, all fields: "max-pooling: size 3×3, stride 2, padding 0"."""
    kind = NAMES.get(type(spec).__name__, type(spec).__name__)
    names = [field.name for field in dataclasses.fields(spec) if field.name != "name"]
    return f"{kind}: {listed(spec, names)}" if names else kind


def listed(spec, fields):
    return ", ".join(
        f"{NAMES.get(name, name)} {shown(name, getattr(spec, name))}" for name in fields
    )


def shown(name, value):
    """A field's value as a person writes it."""
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
    """Rows on two `recipes.Recipe`s, a field each."""
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
