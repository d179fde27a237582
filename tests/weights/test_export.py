"""A net as a .keras file that Keras loads in a process without this package."""

import dataclasses
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from untrained import untrained

from alexnet_paper import AlexNet
from alexnet_paper.nets import model as models
from alexnet_paper.nets import specs
from alexnet_paper.nets import variants
from alexnet_paper.nets.variants import VARIANTS
from alexnet_paper.weights import convert
from alexnet_paper.weights import export as exporting
from alexnet_paper.weights.alexnet import smallest

ELSEWHERE = """
import sys
sys.modules["alexnet_paper"] = None  # importing it is an error
import keras, numpy as np
for name in sys.argv[1:]:
    model = keras.models.load_model(f"{name}.keras", safe_mode=True)
    held = np.load(f"{name}.npz")
    ours, theirs = held["outputs"], model.predict(held["images"], verbose=0)
    assert np.abs(ours - theirs).max() <= 1e-6 * np.abs(ours).max(), name
    if name in ("paper-32", "cifar-11pct", "bn-cifar10"):  # and it can be trained
        model.compile("sgd", "mse")
        model.fit(held["images"], ours, verbose=0)
"""


def small(name):
    """A `Trained` of a variant with few units, the smallest input and random weights;
    batch normalization has other means and variances than at first."""
    net = variants.get(name).architecture
    dense = [spec for spec in net.layers if isinstance(spec, specs.Dense)]
    net = net.change(**{spec.name: {"units": 16} for spec in dense}).with_classes(4)
    side = smallest(net)
    net = net.with_input((side, side, 3))
    arrays = models.get_weights(models.build_model(net, "one-device", seed=0))
    rng = np.random.default_rng(0)
    for part, array in arrays.items():
        if "batchnorm" in part:
            array[:] = rng.uniform(0.5, 1.5, array.shape)
    bare = untrained("cifar-18pct", 4)
    return dataclasses.replace(bare, architecture=net, arrays=arrays, name=name)


def test_every_variant_in_a_process_without_this_package(tmp_path):
    """The same outputs within 1e-6 of their largest; and Keras can train them."""
    names = [*VARIANTS, "paper-32.no-lrn", "cifar-18pct.tanh"]
    for name in names:
        net = small(name)
        exporting.export(net, tmp_path / f"{name}.keras")
        shape = (2, *net.architecture.input_shape)
        images = np.random.default_rng(1).normal(0, 60, shape).astype("float32")
        outputs = net.model().predict(images, verbose=0)
        assert np.ptp(outputs) > 0, name
        np.savez(tmp_path / f"{name}.npz", images=images, outputs=outputs)
    command = [sys.executable, "-c", ELSEWHERE, *names]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("name", ["paper-32", "cifar-11pct"])
def test_gradients_are_those_of_our_layers(name):
    net = small(name)
    stock = exporting.stock_model(net.architecture, net.arrays)
    shape = (2, *net.architecture.input_shape)
    images = np.random.default_rng(1).normal(0, 60, shape)
    found = []
    for model in (net.model(), stock):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(model(images.astype("float32")) ** 2)
        first = model.get_layer("conv1").kernel
        found.append(np.asarray(tape.gradient(loss, first.value)))
    assert np.abs(found[0]).max() > 0
    np.testing.assert_allclose(*found, rtol=1e-3, atol=1e-5 * np.abs(found[0]).max())


def test_dropout_that_is_not_scaled():
    """Kept units pass unchanged in training and are multiplied by 1 − rate later."""
    net = dataclasses.replace(
        VARIANTS["paper-32"].architecture,
        layers=(specs.Dense("fc", 1000), specs.Dropout(rate=0.25)),
        towers=1,
    )
    arrays = {"fc/kernel": np.ones((28 * 28 * 3, 1000)), "fc/bias": np.zeros(1000)}
    model = exporting.stock_model(net, {n: np.float32(a) for n, a in arrays.items()})
    images = np.full((8, 28, 28, 3), 1 / 2352, "float32")
    np.testing.assert_allclose(model(images), 0.75, rtol=1e-5)
    trained = np.asarray(model(images, training=True))
    assert set(np.unique(trained.round(3))) == {0, 1}
    assert abs(trained.mean() - 0.75) < 0.03


def test_an_exported_net_is_weights_again(tmp_path):
    """Of its own variant, not of one with the same arrays and another function."""
    for variant in ("paper-32", "paper-32.no-lrn"):
        net = untrained(variant, 10)
        exporting.export(net, tmp_path / f"{variant}.keras")
    path = tmp_path / "paper-32.keras"
    model = AlexNet(weights=path, variant="paper-32", classes=10, seed=1)
    found = models.get_weights(model)
    held = untrained("paper-32", 10).arrays
    assert all(np.array_equal(found[part], held[part]) for part in held)
    for options in ({"classes": 10}, {"include_top": False, "pooling": "max"}):
        with pytest.raises(
            ValueError, match="another net than paper-32.no-lrn: .*diff"
        ):
            AlexNet(weights=path, variant="paper-32.no-lrn", **options)


def test_partial_weights_up_to_a_layer(tmp_path):
    whole = small("caffe")
    arrays = {n: a for n, a in whole.arrays.items() if not n.startswith("fc6")}
    about = {**whole.about, "missing": ["fc6/kernel", "fc6/bias"]}
    part = dataclasses.replace(whole, arrays=arrays, about=about)
    with pytest.raises(ValueError, match="lacks. --layer pool5 exports what there is"):
        exporting.export(part, tmp_path / "net.keras")
    assert list(tmp_path.iterdir()) == []
    exporting.export(part, tmp_path / "net.keras", "pool5")
    loaded = keras.models.load_model(tmp_path / "net.keras")
    assert loaded.output_shape == (None, 1, 1, 256)
    with pytest.raises(ValueError, match="net.h5: the name must end in .keras"):
        exporting.export(whole, tmp_path / "net.h5")
    assert [path.name for path in tmp_path.iterdir()] == ["net.keras"]


def test_the_program(tmp_path, call, wrong_use):
    from reproduce import weights as program

    convert.save(untrained("cifar-18pct", 10), tmp_path / "w.npz")
    out = tmp_path / "new" / "net.keras"
    code, printed, note = call(program, "export", tmp_path / "w.npz", "--out", out)
    assert code == 0 and printed == f"{out}\n" and "mean 127.30, 119.72" in note
    assert keras.models.load_model(out).output_shape == (None, 10)
    for words in (("nowhere", "--out", out), (tmp_path, "--out", out)):
        assert str(words[0]) in wrong_use(program, "export", *words)
