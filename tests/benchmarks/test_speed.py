"""The normalization and the paper's net, timed beside other implementations.

    python -m pytest tests/benchmarks --benchmark-only

Nothing is asserted about time. What is asserted is that the implementations compute
the same function: from the same weights, the same logits. They take turns, so that a
noisy machine slows all of them; the seconds and the ratios are printed at the end.

Everything runs on the CPU, which `tests/conftest.py` has split in two logical devices.
About four minutes and 9 GB of memory on two cores.
"""

import functools
import gc
import importlib.util

import keras
import numpy as np
import pytest
import tensorflow as tf

from alexnet_paper.data import augment
from alexnet_paper.data import datasets
from alexnet_paper.data import sharding
from alexnet_paper.data.batches import Batches
from alexnet_paper.data.datasets import Split
from alexnet_paper.data.images import ImageFiles
from alexnet_paper.data.images import photographs
from alexnet_paper.nets import variants
from alexnet_paper.nets.layers import LocalResponseNormalization
from alexnet_paper.nets.model import build_model
from alexnet_paper.nets.model import get_weights
from alexnet_paper.nets.model import set_weights
from alexnet_paper.results.compare import alternate
from alexnet_paper.training.optimizer import MomentumSGD
from alexnet_paper.verdicts.forms import difference

tf.config.set_visible_devices([], "GPU")  # before TensorFlow starts

PAPER = variants.get("paper").architecture
OURS = "ours"
TF_LRN = "tf.nn.local_response_normalization"
SAME = 1e-5  # relative; a window across the towers already differs by more
RNG = np.random.default_rng(0)


def compare(benchmark, operation, functions, rounds):
    """Lets warmed-up functions take turns and records the median seconds of each."""
    seconds = benchmark.pedantic(alternate, (functions, rounds))
    told = {
        name: (f"{spent:.3f} s", f"{spent / seconds[OURS]:.2f} × ours")
        for name, spent in seconds.items()
    }
    benchmark.extra_info.update(operation=operation, rounds=rounds, told=told)


# Response normalization

MAPS = [(55, 96), (27, 256)]  # norm1, norm2: side, maps


def tf_lrn(images):
    return tf.nn.local_response_normalization(images, 2, 2.0, 1e-4, 0.75)


def tf_lrn_towers(images):
    """Two towers' maps lie side by side: a reshape keeps the windows apart."""
    _, height, width, maps = images.shape
    towers = tf.reshape(images, (-1, height, 2 * width, maps // 2))
    return tf.reshape(tf_lrn(towers), tf.shape(images))


# name → towers between which its windows stop
LRNS = {OURS: 2, TF_LRN: 1, f"{TF_LRN}, per tower": 2}


def forward_backward(function, images, upstream):
    """A function without arguments that gives (outputs, gradient)."""

    @tf.function
    def run(x, g):
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = function(x)
        return outputs, tape.gradient(outputs, x, g)

    return functools.partial(run, tf.constant(images), tf.constant(upstream))


@functools.cache
def activations(*shape):
    """Rectified activations as large as those of images, and a gradient for them."""
    images = np.maximum(RNG.normal(0, 30, shape), 0)
    return images.astype("float32"), RNG.normal(size=shape).astype("float32")


def lrn(name, side, maps):
    """One implementation at work on 32 images, checked and warmed up."""
    layer = LocalResponseNormalization(groups=LRNS[name])
    rival = tf_lrn if layer.groups == 1 else tf_lrn_towers
    arrays = activations(32, side, side, maps)
    run, other = (forward_backward(f, *arrays) for f in (layer, rival))
    if name != OURS:
        run, other = other, run
    found, expected = ([np.asarray(value) for value in f()] for f in (run, other))
    assert difference(found, expected) < SAME
    return run


@pytest.mark.parametrize(("side", "maps"), MAPS)
def test_lrn(benchmark, side, maps):
    title = f"LRN {side}×{side}×{maps} forward + backward, batch 32"
    compare(benchmark, title, {name: lrn(name, side, maps) for name in LRNS}, 5)


# The paper's net

BATCH = 128
OPERATIONS = {
    "forward": f"paper net forward, batch {BATCH}",
    "step": f"paper net train step, batch {BATCH}",
}


class KerasNet:
    """A Keras model, its optimizer and a batch."""

    def __init__(self, model, optimizer, images, labels):
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizer, loss)
        self.model, self.call = model, tf.function(functools.partial(model))
        self.images, self.labels = tf.constant(images), tf.constant(labels)

    def logits(self, images):
        return self.call(images, training=False).numpy()

    def forward(self):
        return self.logits(self.images)

    def step(self):
        return self.model.train_on_batch(self.images, self.labels)


class TorchNet:
    """A PyTorch module, its optimizer and a batch, maps before positions.

    `layout` is how they lie in memory: "contiguous_format" or "channels_last".
    """

    def __init__(self, module, images, labels, layout):
        import torch

        self.torch, self.layout = torch, getattr(torch, layout)
        self.module = module.to(memory_format=self.layout)
        self.optimizer = torch.optim.SGD(module.parameters(), lr=0.01, momentum=0.9)
        self.loss = torch.nn.CrossEntropyLoss()
        self.images, self.labels = self.tensor(images), torch.from_numpy(labels)

    def tensor(self, images):
        images = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
        return self.torch.from_numpy(images).to(memory_format=self.layout)

    def logits(self, images):
        return self.evaluate(self.tensor(images))

    def forward(self):
        return self.evaluate(self.images)

    def evaluate(self, images):
        self.module.eval()
        with self.torch.inference_mode():
            return self.module(images).numpy()

    def step(self):
        self.module.train()
        self.optimizer.zero_grad()
        loss = self.loss(self.module(self.images), self.labels)
        loss.backward()
        self.optimizer.step()
        return loss.item()


def ours(arrays, *batch, placement="one-device"):
    model = build_model(PAPER, placement, classifier_activation=None)
    set_weights(model, arrays)
    return KerasNet(model, MomentumSGD(), *batch)


def scaled(arrays):
    """Weights for dropout that doubles what it keeps, and nothing halves at test time:
    the layers after it start with half the kernel."""
    after_dropout = ("fc7/kernel", "fc8/kernel")
    return {
        name: array * np.float32(0.5) if name in after_dropout else array
        for name, array in arrays.items()
    }


class TFNorm(keras.layers.Layer):
    """TensorFlow's normalization, per tower."""

    def call(self, inputs):
        return tf_lrn_towers(inputs)


def stock_keras(arrays, *batch):
    """The layers and the optimizer that Keras has (no weight decay, in its favour)."""
    layers = keras.layers
    conv = functools.partial(layers.Conv2D, padding="same", activation="relu")
    model = keras.Sequential(
        [
            keras.Input(PAPER.input_shape),
            conv(96, 11, 4, padding="valid", name="conv1"),
            TFNorm(),
            layers.MaxPooling2D(3, 2),
            conv(256, 5, groups=2, name="conv2"),
            TFNorm(),
            layers.MaxPooling2D(3, 2),
            conv(384, 3, name="conv3"),
            conv(384, 3, groups=2, name="conv4"),
            conv(256, 3, groups=2, name="conv5"),
            layers.MaxPooling2D(3, 2),
            layers.Flatten(),
            layers.Dense(4096, "relu", name="fc6"),
            layers.Dropout(0.5),
            layers.Dense(4096, "relu", name="fc7"),
            layers.Dropout(0.5),
            layers.Dense(1000, name="fc8"),
        ]
    )
    for name, array in scaled(arrays).items():
        layer, part = name.split("/")
        getattr(model.get_layer(layer), part).assign(array)
    return KerasNet(model, keras.optimizers.SGD(0.01, momentum=0.9), *batch)


def pytorch(arrays, *batch, layout="contiguous_format"):
    """PyTorch's layers and optimizer (no weight decay, in its favour)."""
    import torch
    from torch import nn

    class Norm(nn.LocalResponseNorm):
        """Per tower; PyTorch divides alpha by the window's length."""

        def __init__(self):
            super().__init__(5, alpha=5 * 1e-4, beta=0.75, k=2.0)

        def forward(self, maps):
            batch, depth, *side = maps.shape
            towers = maps.reshape(2 * batch, depth // 2, *side)
            return super().forward(towers).reshape(maps.shape)

    modules = {
        "conv1": nn.Conv2d(3, 96, 11, 4),
        "relu1": nn.ReLU(inplace=True),
        "norm1": Norm(),
        "pool1": nn.MaxPool2d(3, 2),
        "conv2": nn.Conv2d(96, 256, 5, padding=2, groups=2),
        "relu2": nn.ReLU(inplace=True),
        "norm2": Norm(),
        "pool2": nn.MaxPool2d(3, 2),
        "conv3": nn.Conv2d(256, 384, 3, padding=1),
        "relu3": nn.ReLU(inplace=True),
        "conv4": nn.Conv2d(384, 384, 3, padding=1, groups=2),
        "relu4": nn.ReLU(inplace=True),
        "conv5": nn.Conv2d(384, 256, 3, padding=1, groups=2),
        "relu5": nn.ReLU(inplace=True),
        "pool5": nn.MaxPool2d(3, 2),
        "flatten": nn.Flatten(),
        "fc6": nn.Linear(9216, 4096),
        "relu6": nn.ReLU(inplace=True),
        "drop6": nn.Dropout(0.5),
        "fc7": nn.Linear(4096, 4096),
        "relu7": nn.ReLU(inplace=True),
        "drop7": nn.Dropout(0.5),
        "fc8": nn.Linear(4096, 1000),
    }
    module = nn.Sequential()
    for name, part in modules.items():
        module.add_module(name, part)
    state = dict(torch_arrays(scaled(arrays)))
    module.load_state_dict({k: torch.from_numpy(v) for k, v in state.items()})
    return TorchNet(module, *batch, layout)


def torch_arrays(arrays):
    """(PyTorch's name, its array) pairs: maps come before positions."""
    for name, array in arrays.items():
        layer, part = name.split("/")
        if part == "bias":
            yield f"{layer}.bias", array
            continue
        if layer == "fc6":  # its rows are pool5's height, width, maps
            array = array.reshape(6, 6, 256, -1).transpose(2, 0, 1, 3)
            array = array.reshape(9216, -1)
        order = (3, 2, 0, 1) if array.ndim == 4 else (1, 0)
        yield f"{layer}.weight", np.ascontiguousarray(array.transpose(order))


NETS = {
    OURS: ours,
    "ours on two logical CPUs": functools.partial(ours, placement="CPU:0,CPU:1"),
    "stock Keras": stock_keras,
}
if importlib.util.find_spec("torch"):
    NETS["PyTorch"] = pytorch
    channels_last = functools.partial(pytorch, layout="channels_last")
    NETS["PyTorch, channels last"] = channels_last


@pytest.fixture(scope="module")
def nets():
    """nets(name, operation): that net at work on the batch, checked and warmed up.

    Every net starts from the same weights and is built and warmed up once.
    """
    images = RNG.normal(0, 60, (BATCH, *PAPER.input_shape)).astype("float32")
    labels = RNG.integers(0, 1000, BATCH)
    model = build_model(PAPER, "one-device", classifier_activation=None, seed=0)
    arrays, expected = get_weights(model), model(images[:4], training=False).numpy()
    del model

    @functools.cache
    def net(name):
        found = NETS[name](arrays, images, labels)
        assert difference([found.logits(images[:4])], [expected]) < SAME
        return found

    @functools.cache
    def warm(name, operation):
        function = getattr(net(name), operation)
        function()
        return function

    yield warm
    net.cache_clear()
    warm.cache_clear()
    keras.backend.clear_session()
    gc.collect()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_net(benchmark, nets, operation):
    """A train step takes up to 20 s."""
    functions = {name: nets(name, operation) for name in NETS}
    compare(benchmark, OPERATIONS[operation], functions, 3)


# Input


def test_input_pipeline(benchmark, tmp_path):
    """Decoding and the paper's augmentation in one thread: its images/s beside those of
    the train step say how many threads the input needs."""
    squares = [augment.rescale_and_crop(photo) for photo in photographs()]
    for number in range(BATCH):
        squares[number % 2].save(tmp_path / f"{number:03d}.jpg", quality=95)
    images = ImageFiles(sorted(tmp_path.iterdir()))
    recipe = variants.get("paper").recipe
    prepare = augment.preparation(recipe, PAPER.input_shape[0], images)
    batches = Batches(Split(images, np.zeros(BATCH, int)), prepare, BATCH, seed=0)
    benchmark.pedantic(batches.__getitem__, (0,), rounds=5, warmup_rounds=1)
    benchmark.extra_info["images_per_second"] = BATCH / benchmark.stats.stats.median


def test_shards_and_folder(benchmark, tmp_path):
    """Batches from shards and from the files that are in them, in one thread."""
    squares = [augment.rescale_and_crop(photo) for photo in photographs()]
    for number in range(2 * BATCH):
        place = tmp_path / "folder" / "ab"[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        squares[number % 2].save(place / f"{number:03d}.jpg", quality=95)
    places = {OURS: tmp_path / "shards", "folder": tmp_path / "folder"}
    whole = datasets.load("folder", places["folder"], validation=0)
    sharding.write(whole, places[OURS])
    recipe, functions = variants.get("paper").recipe, {}
    for name, place in places.items():
        split = datasets.load("folder", place, validation=0).splits["train"]
        prepare = augment.preparation(recipe, PAPER.input_shape[0], split.images)
        batches = Batches(split, prepare, BATCH, seed=0)
        functions[name] = functools.partial(batches.__getitem__, 0)
    assert np.array_equal(*(function()[0] for function in functions.values()))
    compare(
        benchmark, f"batch of {BATCH}: ours from shards, or from files", functions, 9
    )
