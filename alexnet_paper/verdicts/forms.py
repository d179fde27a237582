"""Compares the two forms of a two-tower net on the same images."""

from dataclasses import dataclass

import keras
import numpy as np

from alexnet_paper.data import augment
from alexnet_paper.data.images import photographs
from alexnet_paper.nets import model as models
from alexnet_paper.nets import placement as placements
from alexnet_paper.nets import specs
from alexnet_paper.training.optimizer import MomentumSGD


@dataclass(frozen=True)
class Forms:
    """Largest relative differences between the two-device and the one-device form.

    Each is the largest max |a − b| / max |b| of all tensors: `outputs` are logits at
    test time, `gradients` those of the loss with dropout on, `step` the weights after
    one step of the paper's rule.
    """

    images: int
    devices: tuple[str, str]
    outputs: float
    gradients: float
    step: float
    placed: dict  # layer → {"forward" | "backward" | "update": {devices}}
    strays: tuple[str, ...]  # layers with an operation off their tower's device
    crossed: tuple["Crossed", ...]
    rest: tuple[placements.Transfer, ...]  # all other transfers between the devices

    @property
    def as_figure_2(self):
        """Whether exactly Figure 2's tensors cross, each once forward and once back.

        Besides them only the image and scalars may cross.
        """
        each_once = all(row.forward == row.backward == 1 for row in self.crossed)
        return each_once and all(
            t.into.startswith("conv1") or not t.shape for t in self.rest
        )


@dataclass(frozen=True)
class Crossed:
    """A tensor of Figure 2, and how often it crosses, forward and backward."""

    crossing: specs.Crossing
    forward: int
    backward: int


def difference(ours, reference):
    """Returns the largest relative difference between two lists of arrays."""
    return max(
        float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-30))
        for a, b in zip(ours, reference, strict=True)
    )


def compare(architecture, images, labels, devices, seed=0):
    """Runs `images` (batch, height, width, channels) through both forms.

    Both start from the same seed, so they have the same weights and drop the same
    units. Returns `Forms`. Raises ValueError if `architecture` has one tower.
    """
    one = models.build_model(
        architecture, "one-device", classifier_activation=None, seed=seed
    )
    two = models.build_model(
        architecture, devices, classifier_activation=None, seed=seed
    )
    placement = placements.resolve(devices, architecture.towers)
    outputs = [model(images, training=False) for model in (two, one)]
    gradients = [one_step(model, images, labels) for model in (two, one)]
    stepped = [[*models.get_weights(model).values()] for model in (two, one)]
    report = traced_step(two, images, labels, placement.devices[0])
    crossed, rest = sort_transfers(report, specs.crossings(architecture), placement)
    return Forms(
        images=len(images),
        devices=placement.devices,
        outputs=difference(*[[np.asarray(output)] for output in outputs]),
        gradients=difference(*gradients),
        step=difference(*stepped),
        placed=report.devices,
        strays=strays(report.devices, placement.devices),
        crossed=crossed,
        rest=rest,
    )


def compiled(model):
    """Returns the model, compiled with the paper's rule and loss."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(MomentumSGD(), loss)
    return model


def one_step(model, images, labels):
    """Takes one step of the paper's rule and returns the gradients that it applied,
    with the towers' concatenated, in the order of `get_weights`."""
    import tensorflow as tf

    compiled(model)
    variables = model.trainable_variables

    @tf.function
    def gradients(x, y):
        if isinstance(model, models.TowerModel):
            return model.gradients(model.loss(y, model(x, training=True)))
        with tf.GradientTape() as tape:
            loss = model.loss(y, model(x, training=True))
        return tape.gradient(loss, variables)

    found = gradients(tf.constant(images), tf.constant(labels))
    model.optimizer.apply(found, variables)
    by_path = dict(zip([v.path for v in variables], found, strict=True))
    return [
        np.concatenate([by_path[v.path] for v in parts], axis=-1)
        for parts in models.named_variables(model).values()
    ]


def traced_step(model, images, labels, default):
    """Returns what `placements.inspect` finds in the graph of `fit`'s training step.

    The step is traced, not executed.
    """
    import tensorflow as tf

    step = tf.function(lambda x, y: model.train_step((x, y)))
    traced = step.get_concrete_function(tf.constant(images), tf.constant(labels))
    names = [layer.name for layer in model.layers]
    return placements.inspect(traced, names, default)


def strays(devices, towers):
    """Returns the layers with an operation on a device other than their tower's."""
    return tuple(
        layer
        for layer, roles in devices.items()
        if set().union(*roles.values()) != {towers["ab".index(tower_of(layer))]}
    )


def tower_of(layer):
    """Returns "a" for "conv1a", "fc6a_relu" and "conv3a_reads"."""
    return layer.split("_")[0][-1]


def sort_transfers(report, crossings, placement):
    """Returns (`Crossed` of every tensor of Figure 2, all other transfers)."""
    tower = dict(zip(placement.devices, models.TOWERS, strict=True))
    found, rest = {}, []
    for transfer in report.transfers:
        back = transfer.role == "backward"
        joint = transfer.made_in if back else transfer.into
        ends = (transfer.source, transfer.target)[:: -1 if back else 1]
        key = (joint.split("_reads")[0][:-1], *(tower.get(end) for end in ends))
        key = (*key, transfer.shape[1:], transfer.role)
        if joint.endswith("_reads"):
            found.setdefault(key, []).append(transfer)
        else:
            rest.append(transfer)
    crossed = []
    for crossing in crossings:
        key = (crossing.into, crossing.source, crossing.target, crossing.shape)
        forward, backward = (
            len(found.pop((*key, role), ())) for role in ("forward", "backward")
        )
        crossed.append(Crossed(crossing, forward, backward))
    rest.extend(transfer for left in found.values() for transfer in left)
    return tuple(crossed), tuple(rest)


def tower_devices(variant, where):
    """Returns the towers' devices; () if the net is not placed on two devices."""
    towers = variant.architecture.towers
    if where == "auto":
        if towers == 1 or keras.backend.backend() != "tensorflow":
            return ()
        import tensorflow as tf  # does not start it: the CPU can still be split

        gpus = tf.config.list_physical_devices("GPU")
        where = "GPU:0,GPU:1" if len(gpus) >= 2 else "CPU:0,CPU:1"
    return placements.resolve(where, towers).devices


def of_photographs(net, devices):
    """Returns the `Forms` of a net on ten views of two real photographs."""
    size = net.input_shape[0]
    images = np.concatenate(
        [
            augment.ten_views(np.asarray(augment.rescale_and_crop(photo)), size)
            for photo in photographs()
        ]
    )
    images = (images - np.asarray(augment.AUTHORS_MEAN)).astype("float32")
    labels = np.repeat(np.arange(2), len(images) // 2)
    return compare(net, images, labels, ",".join(devices))
