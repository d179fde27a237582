"""A net with trained weights, ready to classify images."""

import re
from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from alexnet_paper.data.augment import Preparation
from alexnet_paper.data.batches import Views
from alexnet_paper.data.datasets import Split
from alexnet_paper.nets import model as models
from alexnet_paper.nets import specs
from alexnet_paper.nets.specs import Architecture
from alexnet_paper.weights import file as weights

WNID = re.compile(r"n\d{8}")  # number of a noun in WordNet


@dataclass(frozen=True)
class Trained:
    """A net, its weights, how its images are prepared, and what is known of it.

    `arrays` are named as by `model.get_weights`; a partial file lacks some of them.
    `class_names` are in the order of the outputs, or None. `about` has at least
    "variant" and "missing", a list of array names; for an imported file it also says
    where the file comes from. `name` is used in captions and messages.
    """

    architecture: Architecture
    arrays: dict
    preparation: Preparation
    class_names: tuple[str, ...] | None
    about: dict
    name: str
    precision: str = "float32"  # one of `specs.PRECISIONS`

    def model(self, layer=None):
        """Returns the Keras model, up to the probabilities or to a named layer.

        A layer ends after its activation: "fc7" gives the output of its ReLU.

        Raises ValueError for an unknown layer, and if the model needs an array that a
        partial file lacks.
        """
        net, needed = self.require(layer)
        model = models.build_model(net, "one-device", seed=0, precision=self.precision)
        models.set_weights(model, {name: self.arrays[name] for name in needed})
        return model

    def require(self, layer=None):
        """Returns the net up to a layer, or all of it, and the shapes of its arrays.

        Raises ValueError as `model` does.
        """
        net = self.architecture if layer is None else self.architecture.until(layer)
        needed = specs.shapes(net)
        missing = [name for name in needed if name not in self.arrays]
        if missing:
            raise ValueError(
                f"{self.name} is partial: {layer or 'the output'} needs "
                f"{', '.join(missing)}, which it lacks."
            )
        return net, needed

    def untrained(self, seed=0):
        """Returns the same net with random initial weights, for comparison."""
        model = models.build_model(self.architecture, "one-device", seed=seed)
        about = {"source": f"random, seed {seed}", "missing": []}
        return replace(
            self,
            arrays=models.get_weights(model),
            about={"variant": self.about["variant"], **about},
            name=f"{self.about['variant']}, untrained, seed {seed}",
        )

    @property
    def last_hidden(self):
        """The last layer before the outputs (fc7 in the paper's net), and a bool.

        The bool is True if partial weights do not reach that layer; the name is then
        of the last layer they reach. Raises ValueError if they reach none.
        """
        named = [layer for layer in self.architecture.layers if layer.name]
        learned = [layer for layer in named if isinstance(layer, specs.LEARNED)]
        lacking = [row for row in learned if f"{row.name}/kernel" not in self.arrays]
        end = (lacking or learned[-1:])[0]
        if end is named[0]:
            raise ValueError(f"{self.name} lacks {end.name}: no layer can be computed.")
        return named[named.index(end) - 1].name, end is not learned[-1]

    def predict(self, images, views=1, batch_size=128):
        """Returns the probabilities (n, classes) of n images, averaged over the views.

        Images are uint8 (height, width, 3) of any size; `views` is 1 or 10.
        """
        return self._outputs(None, images, views, batch_size)

    def features(self, images, layer, batch_size=128, advance=None):
        """Returns a layer's outputs (n, features), float32, for the central views.

        Maps are flattened in the order height, width, maps. `advance` is called after
        each batch with its number of images.
        """
        return self._outputs(layer, images, 1, batch_size, advance)

    def _outputs(self, layer, images, views, batch_size, advance=None):
        if not len(images):
            raise ValueError(f"there are no images for {self.name}.")
        split = Split(images, np.zeros(len(images), "int64"))
        model = self.model(layer)
        return predict(model, split, self.preparation, views, batch_size, advance)


def predict(model, split, prepare, views=1, batch_size=128, advance=None):
    """Probabilities (images, classes): softmax outputs averaged over the views."""
    batches = Views(split, prepare, views, batch_size)
    told = [Advance(advance, batches)] if advance else None
    outputs = model.predict(batches, verbose=0, callbacks=told)
    outputs = outputs.astype("float32")  # hidden layers may give bfloat16
    return outputs.reshape(len(split), views, -1).mean(axis=1)


class Advance(keras.callbacks.Callback):
    """Calls `advance` after each batch of `Views` with its number of images."""

    def __init__(self, advance, batches):
        super().__init__()
        self.advance, self.batches = advance, batches

    def on_predict_batch_end(self, batch, logs=None):
        size = self.batches.batch_size
        self.advance(min(size, len(self.batches.split) - batch * size))


def open_weights(path):
    """Returns the `Trained` of a weight file: an imported one, or a run's checkpoint.

    Raises ValueError if the file is damaged, does not say which variant it is for or
    how images are prepared, or holds other arrays than that variant's, and
    FileNotFoundError if there is none.
    """
    if not Path(path).exists():
        raise FileNotFoundError(f"{path}: there is no such weight file.")
    found = weights.load(path)
    try:
        return of_weights(found, Path(path).name)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error


def of_weights(found, name):
    """Returns the `Trained` of a `Weights`. Raises ValueError as `open_weights`."""
    meta, prepare = found.meta, found.preparation
    net = found.variant().architecture
    if prepare is None:
        raise ValueError("the file does not say how images are prepared.")
    names = meta.get("class_names") or ()
    if not all(isinstance(name, str) for name in (*names, *(meta.get("wnids") or ()))):
        raise ValueError("a class name is not a text.")
    last = [spec.name for spec in net.layers if isinstance(spec, specs.Dense)][-1]
    outputs = [
        array.shape[-1]
        for part, array in found.arrays.items()
        if part.startswith(f"{last}/") and array.ndim
    ]
    classes = outputs[0] if outputs else len(names) or net.classes
    if names and len(names) != classes:
        raise ValueError(f"{len(names)} class names for {classes} outputs.")
    net = net.with_classes(classes).with_input((prepare.size, prepare.size, 3))
    missing = check_shapes(net, found.arrays)
    for part, array in prepare.arrays().items():
        fits = {(), (3,), net.input_shape} if not part.startswith("pca") else None
        if fits and array.shape not in fits:
            raise ValueError(f"the {part} of its preparation has shape {array.shape}.")
    about = {**meta, "missing": missing}
    return Trained(net, found.arrays, prepare, tuple(names) or None, about, name)


def check_shapes(net, arrays):
    """Returns the names of the arrays that `net` has and `arrays` lacks.

    Raises ValueError if an array is not one of the net's, or has another shape.
    """
    expected = specs.shapes(net)
    for name, array in arrays.items():
        if name not in expected:
            raise ValueError(f"{net.name} has no {name}.")
        if array.shape != expected[name]:
            raise ValueError(
                f"{name} has shape {array.shape}; {net.name}'s has {expected[name]}."
            )
    return [name for name in expected if name not in arrays]


def matching(data_names, net):
    """Returns {class of the data: output of the net} with the same name or number.

    Numbers are WordNet's. If the data has them, the net does not, and there are as many
    classes as outputs, the outputs are taken to be the classes in order.
    """
    names = (*(net.about.get("wnids") or ()), *(net.class_names or ()))
    place = {name: index % net.architecture.classes for index, name in enumerate(names)}
    found = {
        label: place[name] for label, name in enumerate(data_names) if name in place
    }
    known = any(map(WNID.fullmatch, names))
    numbers = all(map(WNID.fullmatch, data_names))
    if not known and numbers and len(data_names) == net.architecture.classes:
        return {index: index for index in range(len(data_names))}
    return found
