"""Each net's share of the bound that matrix products set, in both precisions.

The bound is the time that a net's multiply-adds take in one large matrix product of the
same precision. Product, forward pass, gradients and whole training step take turns in
one run. A step is its gradients and the optimizer's update, which reads and writes
every weight several times, whatever the batch: with few images for many weights, as in
`bn-cifar10` or a batch of 1, the memory is the bound.
"""

import functools
import gc

import keras
import numpy as np
import pytest
import tensorflow as tf

from alexnet_paper.nets import specs
from alexnet_paper.nets import variants
from alexnet_paper.results.compare import Net
from alexnet_paper.results.compare import alternate
from alexnet_paper.training.plan import Plan

SIDE = 2048  # of the matrices
SECONDS = 6  # of a net's turns
ROUNDS = 3, 15
DTYPES = {"float32": "float32", "mixed_bfloat16": "bfloat16"}
NETS = [  # variant, batch
    ("paper", 128),
    ("paper", 1),
    ("bn-flowers17", 64),
    ("cats-vs-dogs", 32),
    ("bn-cifar10", 100),
    ("paper-32", 128),
    ("cifar-18pct", 128),
    ("cifar-13pct", 128),
    ("cifar-11pct", 128),
]


@functools.cache
def product(precision):
    """Returns a function without arguments that multiplies two matrices."""
    drawn = np.random.default_rng(0).normal(size=(SIDE, SIDE))
    matrix = tf.constant(drawn, DTYPES[precision])
    return tf.function(lambda: tf.matmul(matrix, matrix))


def multiply_adds(name, batch):
    """Returns {operation: multiply-adds}. The image needs no gradient."""
    layers = [layer.macs for layer in specs.trace(variants.get(name).architecture)]
    forward = batch * sum(layers)
    training = 3 * forward - batch * next(filter(None, layers))
    return {"forward": forward, "gradients": training, "step": training}


def operations(name, batch, precision):
    """Returns {operation: function without arguments} of a net at work on a batch."""
    net = Net(Plan(name, "digits", precision=precision), None, batch)
    images, labels = tf.constant(net.images), tf.constant(net.labels)
    forward = tf.function(functools.partial(net.model, training=False))

    @tf.function
    def gradients():
        with tf.GradientTape() as tape:
            outputs = net.model(images, training=True)
            loss = net.model.compute_loss(y=labels, y_pred=outputs)
        return tape.gradient(loss, [v.value for v in net.model.trainable_variables])

    return {
        "forward": lambda: forward(images),
        "gradients": gradients,
        "step": lambda: net.model.train_on_batch(images, labels),
    }


@pytest.mark.parametrize(("name", "batch"), NETS)
def test_share_of_the_bound(benchmark, name, batch):
    functions = {}
    for precision in DTYPES:
        functions[precision, "product"] = product(precision)
        for operation, function in operations(name, batch, precision).items():
            functions[precision, operation] = function
    for function in functions.values():
        function()  # tracing and warm-up are not timed
    once = sum(alternate(functions, 1).values())
    rounds = int(np.clip(SECONDS / once, *ROUNDS))
    seconds = benchmark.pedantic(alternate, (functions, rounds))
    needed = multiply_adds(name, batch)
    told = {
        " ".join(key): (
            f"{1000 * spent:,.1f} ms",
            f"{needed[key[1]] / SIDE**3 * seconds[key[0], 'product'] / spent:.0%}",
        )
        for key, spent in seconds.items()
        if key[1] in needed
    }
    title = f"{name}, batch {batch}: share of the bound"
    benchmark.extra_info.update(operation=title, rounds=rounds, told=told)
    keras.backend.clear_session()
    gc.collect()
