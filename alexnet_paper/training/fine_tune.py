"""Fine-tuning: a run that begins with trained weights, some of its layers frozen."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from alexnet_paper.data.batches import Views
from alexnet_paper.data.batches import training_views
from alexnet_paper.data.datasets import Split
from alexnet_paper.nets import model as models
from alexnet_paper.nets import specs
from alexnet_paper.training.plan import read_plan
from alexnet_paper.training.run import open_run
from alexnet_paper.training.run import weight_file
from alexnet_paper.weights.convert import sha256
from alexnet_paper.weights.net import matching
from alexnet_paper.weights.net import open_weights

MEMORY = 6 * 2**30  # bytes of the outputs of frozen layers that are kept


def begin(plan, model, net, class_names):
    """Loads the weights that a plan starts from into a new model.

    A layer is loaded if its arrays fit and the plan does not name it as new; the last
    one only if its outputs are these classes, in this order.

    Returns:
        (`plan.Beginning`, `Preparation` of the source).

    Raises:
        ValueError: if there are no such weights, if none of them fit, or if a layer
            would be frozen that is not loaded.
        FileNotFoundError: if there is no such file.
    """
    source, path = open_source(plan.start)
    fresh, expected = models.get_weights(model), specs.shapes(net)
    parts, asked = net.learned_parts(), net.layers_named(plan.new)
    loaded, last = [], [*parts][-1]
    for layer, names in parts.items():
        wanted = [name for name in expected if name.split("/")[0] in names]
        fits = all(
            name in source.arrays and source.arrays[name].shape == expected[name]
            for name in wanted
        )
        if layer == last and fits:
            outputs = matching(class_names, source)
            fits = outputs == {index: index for index in range(len(class_names))}
        if fits and layer not in asked:
            loaded.append(layer)
            fresh.update({name: source.arrays[name] for name in wanted})
    if not loaded:
        raise ValueError(f"--from {plan.start}: no layer of {net.name} is loaded.")
    new = [layer for layer in parts if layer not in loaded]
    frozen = net.layers_named(plan.freeze)
    if odd := [layer for layer in frozen if layer in new]:
        raise ValueError(
            f"--freeze {plan.freeze}: {net.text_of(odd)} is not loaded from "
            f"{plan.start}, so it cannot be frozen."
        )
    models.set_weights(model, fresh)
    told = {
        "source": plan.start,
        "sha256": sha256(path),
        "loaded": net.text_of(loaded),
        "new": net.text_of(new),
        "frozen": net.text_of(frozen),
    }
    return told, source.preparation


def open_source(start):
    """Returns the `Trained` of a run's folder or a weight file, and the file's path."""
    if Path(start).is_dir():
        return open_run(start), weight_file(start, read_plan(start)[0])
    return open_weights(start), Path(start)


def prepared_alike(prepare, source):
    """Returns a preparation with the mean and the scale of another, `source`.

    Trained layers expect them. A mean image of another size becomes its mean colour.
    """
    mean = source.mean
    if np.ndim(mean) > 1 and mean.shape[0] != prepare.size:
        mean = mean.mean(axis=(0, 1)).astype("float32")
    return replace(prepare, mean=mean, scale=source.scale)


def freeze(model, net, frozen):
    """Makes learned layers of a model untrainable, their batch normalizations too."""
    parts = net.learned_parts()
    names = {name for layer in frozen for name in parts[layer]}
    for layer in model.layers:
        of = {models.layer_and_part(variable.path)[0] for variable in layer.variables}
        if of & names:
            layer.trainable = False


class AsIs:
    """The preparation of what is prepared already: outputs of frozen layers."""

    def training(self, image, rng):
        return image

    def views(self, image, count):
        return image[None]


class Frozen:
    """The frozen first layers of a model, whose outputs are computed once an image.

    Args:
        model: The whole Keras model, in the one-device form.
        end: Name of the last frozen layer.
    """

    def __init__(self, model, end):
        tensor = model.get_layer(end).output
        self.trunk = keras.Model(model.input, tensor)
        self.head = keras.Model(tensor, model.output)
        self.kept = {}

    @property
    def bytes(self):
        """Size of the outputs for one view of one image, kept as float32."""
        return 4 * int(np.prod(self.trunk.output.shape[1:]))

    def outputs(self, name, split, prepare, size, key=None):
        """Returns the `Split` of the outputs for a split's images, and its preparation.

        Args:
            name: Of the split.
            split: `Split` of images.
            prepare: `Preparation`.
            size: Images in a batch.
            key: Seed of the training views; None: the central views.
        """
        place = (name, key and tuple(key))
        if place not in self.kept:
            if key is None:
                batches = Views(split, prepare, batch_size=size)
            else:
                batches = InOrder(split, prepare, size, key)
            found = self.trunk.predict(batches, verbose=0)
            self.kept[place] = Split(np.asarray(found, "float32"), split.labels)
        return self.kept[place], AsIs()


class InOrder(keras.utils.PyDataset):
    """The training views of a split that belong to one key, in the images' order."""

    def __init__(self, split, prepare, size, key):
        super().__init__()
        self.split, self.prepare, self.size, self.key = split, prepare, size, key

    def __len__(self):
        return -(-len(self.split) // self.size)

    def __getitem__(self, index):
        chosen = range(len(self.split))[index * self.size : (index + 1) * self.size]
        return training_views(self.split, self.prepare, chosen, self.key)


def frozen_part(run):
    """Returns the `Frozen` of a `Run`, or None if its layers' outputs cannot be kept.

    They can where the first layers are frozen, without dropout between them, on one
    device, and where the views of an image repeat.
    """
    net, plan, prepare = run.net, run.plan, run.prepare
    end = net.fixed_end(net.layers_named(plan.freeze))
    if end is None or isinstance(run.model, models.TowerModel) or prepare.colour:
        return None
    views = plan.view_cycle or 1
    if prepare.random and not plan.view_cycle:
        run.notify(
            "the views of an image are new in every epoch, so the frozen layers are "
            "computed for each; --view-cycle N repeats them after N epochs."
        )
        return None
    part = Frozen(run.model, end)
    size = views * len(run.dataset.splits["train"]) * part.bytes
    if size > MEMORY:
        run.notify(
            f"the outputs of the frozen layers take {size / 2**30:.0f} GiB: they are "
            "computed in every epoch."
        )
        return None
    return part
