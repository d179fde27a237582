"""A trained net as a .keras file of stock Keras layers.

Keras loads the file in its safe mode, without this package. What Keras has no layer for
is put together from layers and operations that it has; the function is the same.
"""

import os
import tempfile
from pathlib import Path

import keras
import numpy as np
from keras import layers
from keras import ops

from alexnet_paper.nets import model as models
from alexnet_paper.nets import specs
from alexnet_paper.weights.sources import WINDOW


def export(trained, path, layer=None):
    """Writes a `Trained` net, or its part up to a layer, whole or not at all.

    Raises ValueError if the path does not end in .keras, and, with the way out, if the
    weights are partial and the net needs what they lack.
    """
    path = Path(path)
    if path.suffix != ".keras":
        raise ValueError(f"{path}: the name must end in .keras.")
    try:
        net, needed = trained.require(layer)
    except ValueError as error:
        if not trained.about.get("missing"):
            raise
        last = trained.last_hidden[0]
        raise ValueError(f"{error} --layer {last} exports what there is.") from error
    model = stock_model(net, {name: trained.arrays[name] for name in needed})
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        model.save(Path(folder) / path.name)
        os.replace(Path(folder) / path.name, path)
    return model


def stock_model(net, arrays):
    """Returns a Keras model of an architecture, of stock layers, with these weights."""
    with models.dtype_policy("float32"):
        image = tensor = keras.Input(net.input_shape, name="image")
        for row in specs.trace(net):
            tensor = connect(row, tensor)
        model = keras.Model(image, tensor, name=net.name.replace("-", "_"))
    constants = models.get_weights(model)  # of windows; all others are replaced
    models.set_weights(model, {**constants, **arrays})
    return model


def connect(row, tensor):
    """Returns the output of one traced layer."""
    match row.spec:
        case specs.LRN():
            return across_maps(row.spec, row.name, tensor)
        case specs.SpatialNorm():
            return within_maps(row.spec, row.name, tensor)
        case specs.Local():
            return unshared(row.spec, row.name, tensor)
        case specs.Tanh(scale=scale, slope=slope):
            scaled = layers.Rescaling(slope, name=f"{row.name}_slope")(tensor)
            bent = layers.Activation("tanh", name=f"{row.name}_tanh")(scaled)
            return layers.Rescaling(scale, name=row.name)(bent)
        case specs.Dropout(rate=rate, scaled=scaled):
            if not scaled:  # Keras's, which is scaled in training, undone
                tensor = layers.Rescaling(1 - rate, name=f"{row.name}_keep")(tensor)
            return layers.Dropout(rate, name=row.name)(tensor)
    for layer in models.stages(row, 0, len(tensor.shape)):
        if isinstance(layer, models.GroupedConv2D):
            layer = layers.Conv2D.from_config(layer.get_config())
        tensor = layer(tensor)
    return tensor


def across_maps(spec, name, tensor):
    """Response normalization; a dense layer over the maps sums their windows."""
    maps = np.arange(tensor.shape[-1])
    tower = maps // (len(maps) // spec.groups)
    near = np.abs(maps[:, None] - maps) <= spec.n // 2
    kernel = spec.alpha * (near & (tower[:, None] == tower))
    # not a 1×1 convolution, on which training aborts in TensorFlow 2.21 (oneDNN)
    window = layers.Dense(len(maps), name=name + WINDOW, trainable=False)
    return normalized(spec, name, tensor, window, kernel)


def within_maps(spec, name, tensor):
    """Response normalization; a depthwise convolution sums the window of positions."""
    options = {"padding": "same", "name": name + WINDOW, "trainable": False}
    window = layers.DepthwiseConv2D(spec.size, **options)
    kernel = np.full((spec.size, spec.size, tensor.shape[-1]), spec.alpha)
    return normalized(spec, name, tensor, window, kernel)


def normalized(spec, name, tensor, window, kernel):
    """Returns tensor / (k + window(tensor²))^beta; `kernel` is the window's."""
    scale = window(ops.square(tensor))
    shapes = [weight.shape for weight in window.weights]
    bias = np.full(shapes[1], spec.k)
    window.set_weights([kernel.reshape(shapes[0]), bias])
    return layers.Multiply(name=name)([tensor, ops.power(scale, -spec.beta)])


def unshared(spec, name, tensor):
    """Convolution with its own kernels at every position: a product of patches."""
    pads = specs.before_after(spec.padding)
    padded = layers.ZeroPadding2D((pads, pads), name=f"{name}_pad")(tensor)
    patches = ops.image.extract_patches(padded, spec.kernel, 1)
    shape = (*patches.shape[1:3], spec.filters)
    product = layers.EinsumDense("bhwi,hwio->bhwo", shape, bias_axes="hwo", name=name)
    return product(patches)
