"""The two forms of a two-tower net held against each other on the same images."""

from dataclasses import dataclass

import keras
import numpy as np

from alexnet_paper import architecture as arch
from alexnet_paper import model as models
from alexnet_paper import placement as placements
from alexnet_paper.optimizer import MomentumSGD


@dataclass(frozen=True)
class Forms:
    """Largest relative differences between the two-device and the one-device form.

    Each is max |a − b| / max |b| of the worst tensor: logits at test time; gradients of
    the loss with dropout on; weights after one step of the paper's rule.
    """

    images: int
    devices: tuple[str, str]
    outputs: float
    gradients: float
    step: float
    report: placements.GraphReport
    crossing: tuple[arch.Crossing, ...]  # what Figure 2 says crosses, forward


def difference(ours, reference):
    """Largest relative difference between two lists of arrays."""
    return max(
        float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-30))
        for a, b in zip(ours, reference, strict=True)
    )


def compare(architecture, images, labels, devices, seed=0):
    """Runs `images` (batch, height, width, channels) through both forms.

    Both start from the same seed, so from the same weights, and drop the same units.
    Returns `Forms`. Raises ValueError where `architecture` has one tower.
    """
    one = models.build_model(
        architecture, "one-device", classifier_activation=None, seed=seed
    )
    two = models.build_model(architecture, devices, classifier_activation=None, seed=seed)
    placement = placements.resolve(devices, architecture.towers)
    outputs = [model(images, training=False) for model in (two, one)]
    gradients, stepped, traced = [], [], None
    for model in (two, one):
        step, found = training_step(model, images, labels)
        traced = traced or step
        gradients.append(found)
        stepped.append([*models.get_weights(model).values()])
    names = [layer.name for layer in two.layers]
    return Forms(
        images=len(images),
        devices=placement.devices,
        outputs=difference(*[[np.asarray(output)] for output in outputs]),
        gradients=difference(*gradients),
        step=difference(*stepped),
        report=placements.inspect(traced, names, placement.devices[0]),
        crossing=arch.crossings(architecture),
    )


def training_step(model, images, labels):
    """One step of the paper's rule in a graph.

    Returns the traced function and the gradients it applied, towers joined, in the
    order of `get_weights`.
    """
    import tensorflow as tf

    optimizer = MomentumSGD()
    optimizer.build(model.trainable_variables)
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    variables = model.trainable_variables

    @tf.function
    def step(x, y):
        if isinstance(model, models.TowerModel):
            found = model.gradients(loss_of(y, model(x, training=True)))
        else:
            with tf.GradientTape() as tape:
                loss = loss_of(y, model(x, training=True))
            found = tape.gradient(loss, variables)
        optimizer.apply(found, variables)
        return found

    x, y = tf.constant(images), tf.constant(labels)
    traced = step.get_concrete_function(x, y)
    found = dict(zip([v.path for v in variables], step(x, y), strict=True))
    joined = [
        np.concatenate([found[v.path] for v in parts], axis=-1)
        for parts in models.named_variables(model).values()
    ]
    return traced, joined
