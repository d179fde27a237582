"""Nets with random initial weights, as `Trained`, for tests to look at."""

import numpy as np

from alexnet_paper.data import augment
from alexnet_paper.nets import model as models
from alexnet_paper.nets import variants
from alexnet_paper.weights.net import Trained


def untrained(variant, classes=1000, seed=0):
    """A variant's; the mean, where its recipe has one, is the authors' mean colour."""
    recipe = variants.get(variant).recipe
    net = variants.get(variant).architecture.with_classes(classes)
    arrays = models.get_weights(models.build_model(net, "one-device", seed=seed))
    size = net.input_shape[0]
    mean = np.float32(augment.AUTHORS_MEAN) if recipe.mean else None
    side = max(recipe.image_side or size, size)
    prepare = augment.Preparation(size, side, recipe.reflect, mean=mean)
    about = {"variant": variant, "missing": []}
    return Trained(net, arrays, prepare, None, about, f"{variant}, seed {seed}")
