"""Every variant built, run, differentiated, saved and loaded; and the two-tower form
held against the one-device form, in numbers and in the graph that runs."""

import collections
import dataclasses
import gc
import inspect
import re
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from alexnet_paper import AlexNet
from alexnet_paper.nets import model as models
from alexnet_paper.nets import placement
from alexnet_paper.nets import specs
from alexnet_paper.nets import variants
from alexnet_paper.nets.model import build_model
from alexnet_paper.nets.variants import VARIANTS
from alexnet_paper.training.optimizer import MomentumSGD
from alexnet_paper.verdicts import forms as equivalence
from alexnet_paper.weights import file as weight_file

CPUS = ("CPU:0", "CPU:1")
TWO = ",".join(CPUS)
FORMS = ("one-device", TWO)


@pytest.fixture
def forget():
    """60 million weights a net: let go of each before the next."""
    yield
    gc.collect()


def images(net, count=2, seed=0):
    shape = (count, *net.input_shape)
    return np.random.default_rng(seed).normal(scale=50, size=shape).astype("float32")


def small(net):
    """The net with four classes, 16 units in the other dense layers, and the smallest
    square input in which its windows fit: every kind of layer, few weights."""
    dense = [spec for spec in net.layers if isinstance(spec, specs.Dense)]
    net = net.change(**{spec.name: {"units": 16} for spec in dense}).with_classes(4)
    for side in range(1, net.input_shape[0] + 1):
        smaller = net.with_input((side, side, net.input_shape[2]))
        try:
            specs.trace(smaller)
        except ValueError:
            continue
        return smaller
    raise AssertionError(f"{net.name} does not fit its own input")


SMALL = [
    pytest.param(variant.architecture, form, id=f"{name}-{form.replace(',', '-')}")
    for name, variant in VARIANTS.items()
    for form in FORMS[: variant.architecture.towers]
]


@pytest.mark.parametrize("name", VARIANTS)
def test_variant_at_full_size(name, forget):
    """Keras's own count and shapes are those of the plain-Python architecture, and an
    image gives probabilities."""
    net = VARIANTS[name].architecture
    model = build_model(net, "one-device", seed=0)
    assert model.count_params() == specs.totals(net).parameters
    for row in specs.trace(net):
        layer = model.get_layer(row.name)
        assert tuple(layer.output.shape[1:]) == row.output_shape, row.name
        assert layer.count_params() == row.parameters, row.name
    held = models.named_variables(model)
    assert {part: tuple(v.shape) for part, (v,) in held.items()} == specs.shapes(net)
    out = np.asarray(model(images(net, 1), training=False))
    assert out.shape == (1, net.classes) and np.all(out >= 0)
    assert out.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(("net", "form"), SMALL)
def test_variant_learns(net, form):
    """One step gives a velocity, which without decay is the gradient, to every kernel
    and to every bias that no batch normalization takes out again; all stays finite."""
    net = small(net)
    model = build_model(net, form, classifier_activation=None, seed=1)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(MomentumSGD(weight_decay=0.0), loss, jit_compile=False)
    assert np.isfinite(model.train_on_batch(images(net, 4), np.arange(4)))
    normalized = any(isinstance(spec, specs.BatchNorm) for spec in net.layers)
    for variable, velocity in zip(
        model.trainable_variables, model.optimizer.velocities, strict=True
    ):
        assert np.all(np.isfinite(variable.numpy())), variable.path
        assert np.all(np.isfinite(velocity.numpy())), variable.path
        if not (normalized and variable.path.endswith("bias")):
            assert np.any(velocity.numpy()), variable.path


@pytest.mark.parametrize(("net", "form"), SMALL)
def test_variant_saves_and_loads(net, form, tmp_path):
    """From a `.keras` file, in safe mode and without custom_objects, the same model."""
    net = small(net)
    model, batch = build_model(net, form, seed=1), images(net)
    model.save(tmp_path / "net.keras")
    loaded = keras.saving.load_model(tmp_path / "net.keras")
    assert type(loaded) is type(model)
    np.testing.assert_array_equal(loaded(batch), model(batch))
    assert loaded.count_params() == model.count_params()


@pytest.mark.parametrize(
    "name", [name for name, v in VARIANTS.items() if v.architecture.towers == 2]
)
def test_variant_is_the_same_in_both_forms(name):
    """The same seed: the same weights bit for bit, outputs equal to rounding."""
    net = small(VARIANTS[name].architecture)
    one, two = (build_model(net, f, classifier_activation=None, seed=2) for f in FORMS)
    expected, found = models.get_weights(one), models.get_weights(two)
    assert expected.keys() == found.keys()
    for key, array in expected.items():
        np.testing.assert_array_equal(found[key], array)
    batch = images(net, 3)
    assert relative(two(batch), one(batch)) <= 1e-5


def relative(ours, reference):
    reference = np.asarray(reference)
    return np.abs(np.asarray(ours) - reference).max() / np.abs(reference).max()


LOAD = """
import os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
from alexnet_paper import AlexNet
import keras
import numpy as np
import tensorflow as tf

assert len(tf.config.list_logical_devices()) == 1
folder = sys.argv[1]
images = np.load(f"{folder}/images.npy")
for form in ("one", "two"):
    model = keras.saving.load_model(f"{folder}/{form}.keras")
    np.save(f"{folder}/{form}.npy", model.predict(images, verbose=0))
"""


def test_loads_in_a_process_with_one_device(tiny, tmp_path):
    """What was saved on two devices serves on one, and gives the same outputs."""
    batch = images(tiny, 3)
    np.save(tmp_path / "images.npy", batch)
    models_ = {f: build_model(tiny, p, seed=3) for f, p in zip(("one", "two"), FORMS)}
    for form, model in models_.items():
        model.save(tmp_path / f"{form}.keras")
    done = subprocess.run(
        [sys.executable, "-c", LOAD, tmp_path], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    for form, model in models_.items():
        assert relative(np.load(tmp_path / f"{form}.npy"), model(batch)) <= 1e-5


@pytest.fixture(scope="module")
def forms(tiny):
    """The tiny net's two forms held against each other by the library."""
    return equivalence.compare(tiny, images(tiny, 4), np.arange(4), TWO, seed=4)


def test_forms_agree(forms):
    assert max(forms.outputs, forms.gradients, forms.step) <= 1e-5
    assert forms.devices == CPUS and forms.images == 4


def test_everything_of_a_tower_is_on_its_device(forms):
    """Forward, backward, momentum and update of each learned layer."""
    assert forms.strays == ()
    for layer in ("conv1", "conv2", "conv3", "conv4", "fc6"):
        for tower, device in zip("ab", CPUS, strict=True):
            assert forms.placed[layer + tower] == {
                "forward": {device},
                "backward": {device},
                "update": {device},
            }
    assert set(forms.placed["fc8a"]) == {"forward", "backward", "update"}
    assert set().union(*forms.placed["fc8a"].values()) == {"CPU:0"}
    assert "fc8b" not in forms.placed


def test_what_crosses_is_what_the_specs_say(forms):
    """Pooled maps into conv3, conv4's into fc6, fc6 into fc8, once, and once back."""
    assert forms.as_figure_2
    found = {
        (c.crossing.into, c.crossing.source, c.crossing.target, c.crossing.shape)
        for c in forms.crossed
    }
    assert found == {
        ("conv3", "a", "b", (3, 3, 6)),
        ("conv3", "b", "a", (3, 3, 6)),
        ("fc6", "a", "b", (3, 3, 8)),
        ("fc6", "b", "a", (3, 3, 8)),
        ("fc8", "b", "a", (10,)),
    }
    assert all((row.forward, row.backward) == (1, 1) for row in forms.crossed)


def test_what_the_runtime_sends_between_the_devices(tiny, tmp_path):
    """TensorFlow's own account of a step of `fit`: the partitioned graph that ran has
    a send for each of Figure 2's tensors and one for each gradient; besides them the
    image and, for each of tower b's variables, the learning rate."""
    model = build_model(tiny, TWO, classifier_activation=None)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(MomentumSGD(), loss)
    with tf.summary.create_file_writer(str(tmp_path)).as_default() as writer:
        tf.summary.trace_on(graph=True)
        model.train_on_batch(images(tiny, 4), np.arange(4))
        tf.summary.trace_export("step", step=0)
        writer.close()
    sent = collections.Counter(sends(tmp_path))
    assert sent.pop(("image", *CPUS)) in (1, 2)  # again for conv1's gradient
    assert sent.pop(("rate", *CPUS)) == sum(
        "b/" in weight.path for weight in model.trainable_variables
    )
    assert sent == {
        ("forward pool2a", *CPUS): 1,
        ("forward pool2b", *CPUS[::-1]): 1,
        ("forward conv4a_relu", *CPUS): 1,
        ("forward conv4b_relu", *CPUS[::-1]): 1,
        ("forward fc6b_dropout", *CPUS[::-1]): 1,
        ("backward fc8a_reads", *CPUS): 1,
        ("backward fc6a_reads", *CPUS): 1,
        ("backward fc6b_reads", *CPUS[::-1]): 1,
        ("backward conv3a_reads", *CPUS): 1,
        ("backward conv3b_reads", *CPUS[::-1]): 1,
    }


def sends(folder):
    """(what, source, target) of each send operation in the step's partitions."""
    (file,) = folder.iterdir()
    for raw in tf.data.TFRecordDataset(str(file)):
        for value in tf.compat.v1.Event.FromString(raw.numpy()).summary.value:
            trace = tf.compat.v1.RunMetadata.FromString(value.tensor.string_val[0])
            for graphs in trace.function_graphs:
                for node in (n for part in graphs.partition_graphs for n in part.node):
                    if node.op == "_Send":
                        ends = (
                            node.attr[f"{end}_device"].s for end in ("send", "recv")
                        )
                        what = made(node.attr["tensor_name"].s.decode())
                        if what:
                            yield what, *(end.decode()[-5:] for end in ends)


def made(tensor):
    """What "edge_301_tiny_1/pool2a_1/pool2_1/MaxPool2d" is: "forward pool2a"."""
    tensor = re.sub(r"^edge_\d+_", "", tensor)
    if tensor == "data":
        return "image"
    if tensor.startswith("GroupCrossDeviceControlEdges"):  # an order, not a tensor
        return ""
    if re.fullmatch(r"momentum_sgd/update_[^/]+/Cast/ReadVariableOp", tensor):
        return "rate"
    scopes = [re.sub(r"_\d+$", "", scope) for scope in tensor.split("/")]
    way = "backward" if scopes[0] == "gradients" else "forward"
    return f"{way} {scopes[scopes.index('tiny') + 1]}" if "tiny" in scopes else tensor


def assert_state_beside_weights(model):
    """Each velocity is on the device of its weight."""
    state = {v.path.split("/")[-1]: v for v in model.optimizer.variables}
    for weight in model.trainable_variables:
        name = f"{weight.path.replace('/', '_')}_velocity"
        assert state[name].value.device == weight.value.device, name


@pytest.mark.parametrize("optimizer", [MomentumSGD, keras.optimizers.Adam])
def test_momentum_of_a_plain_compile_and_fit_is_on_its_device(optimizer, tiny):
    model = build_model(tiny, TWO, classifier_activation=None, seed=0)
    model.compile(optimizer(), "mse")
    model.train_on_batch(images(tiny, 2), np.zeros((2, 5)))
    assert_state_beside_weights(model)


@pytest.mark.parametrize("form", FORMS)
def test_training_goes_on_after_saving_and_loading(form, tiny, tmp_path):
    """Loss and optimizer come back, and its state: step count, rate, velocities."""
    model = equivalence.compiled(
        build_model(tiny, form, classifier_activation=None, seed=0)
    )
    model.train_on_batch(images(tiny, 4), np.arange(4))
    model.save(tmp_path / "net.keras")
    loaded = keras.saving.load_model(tmp_path / "net.keras")
    assert type(loaded.optimizer) is MomentumSGD
    if form == TWO:
        assert_state_beside_weights(loaded)
    for ours, theirs in zip(
        model.optimizer.variables, loaded.optimizer.variables, strict=True
    ):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


def test_a_gradient_tape_strays(tiny, monkeypatch):
    """Keras's own training step leaves the backward pass off its tower's device, and
    the check says so."""
    monkeypatch.setattr(models.TowerModel, "train_step", keras.Model.train_step)
    found = equivalence.compare(tiny, images(tiny, 2), np.arange(2), TWO)
    assert found.strays and not found.as_figure_2


def test_other_weights_are_told_apart(tiny, monkeypatch):
    """The measured differences are not small by construction."""

    def build(net, placement, **options):
        options["seed"] += placement == TWO
        return build_model(net, placement, **options)

    monkeypatch.setattr(models, "build_model", build)
    found = equivalence.compare(tiny, images(tiny, 2), np.arange(2), TWO)
    assert min(found.outputs, found.gradients, found.step) > 1e-2


def test_a_wrong_normalization_window_is_told_apart(tiny, monkeypatch):
    """Windows across the towers on one device only: the outputs differ."""
    wrong = tiny.change(norm1={"groups": 1})

    def build(net, placement, **options):
        return build_model(net if placement == TWO else wrong, placement, **options)

    monkeypatch.setattr(models, "build_model", build)
    assert equivalence.compare(tiny, images(tiny, 2), np.arange(2), TWO).outputs > 1e-4


def test_a_larger_tensor_that_crosses_is_not_figure_2(forms):
    """A number may cross; a vector, or a tensor of Figure 2 sent twice, may not."""
    number = placement.Transfer("t", "", "", "update", *CPUS, (), 4)
    vector = dataclasses.replace(number, shape=(2,))
    twice = dataclasses.replace(forms.crossed[0], forward=2)
    assert dataclasses.replace(forms, rest=(number,)).as_figure_2
    assert not dataclasses.replace(forms, rest=(vector,)).as_figure_2
    assert not dataclasses.replace(forms, crossed=(twice,)).as_figure_2


def test_compare_needs_two_towers():
    net = VARIANTS["cifar-18pct"].architecture
    with pytest.raises(ValueError, match="two towers"):
        equivalence.compare(net, images(net), np.arange(2), TWO)


def trained(net, form):
    """Weights after three steps of `fit`."""
    model = equivalence.compiled(
        build_model(net, form, classifier_activation=None, seed=7)
    )
    labels = np.arange(12) % 5
    model.fit(images(net, 12), labels, batch_size=4, shuffle=False, verbose=0)
    assert int(model.optimizer.iterations.numpy()) == 3
    return models.get_weights(model)


def test_three_steps_of_fit_agree(tiny):
    """Towers on two devices or on one: the same weights, dropout included."""
    before = models.get_weights(build_model(tiny, "one-device", seed=7))
    one, two = (trained(tiny, form) for form in FORMS)
    for name, array in one.items():
        assert relative(two[name], array) <= 1e-5, name
        assert np.any(array != before[name]), name


def test_jit_is_refused_on_two_devices(tiny, monkeypatch):
    """Asked for, it is an error; Keras's "auto", which is yes where there is a GPU, is
    turned into no."""
    model = build_model(tiny, TWO)
    with pytest.raises(ValueError, match="jit_compile=True cannot be combined"):
        model.compile("sgd", "mse", jit_compile=True)
    passed = []
    monkeypatch.setattr(
        keras.Model,
        "compile",
        lambda *a, jit_compile="auto", **k: passed.append(jit_compile),
    )
    monkeypatch.setattr(keras.optimizers.SGD, "build", lambda *a: None)
    for options in ({}, {"jit_compile": "auto"}, {"jit_compile": False}):
        model.compile("sgd", "mse", **options)
    assert passed == [False] * 3


@pytest.mark.parametrize("source", FORMS)
@pytest.mark.parametrize("target", FORMS)
def test_weights_go_from_one_form_to_the_other(source, target, tiny):
    """`get_weights` of either form fits either form, with the same outputs."""
    first, second = build_model(tiny, source, seed=1), build_model(tiny, target, seed=2)
    arrays, batch = models.get_weights(first), images(tiny, 3)
    assert relative(second(batch), first(batch)) > 1e-3
    models.set_weights(second, arrays)
    assert relative(second(batch), first(batch)) <= 1e-5
    for name, array in models.get_weights(second).items():
        np.testing.assert_array_equal(array, arrays[name])
    if target == TWO:
        halves = np.split(arrays["conv2/kernel"], 2, axis=-1)
        for tower, half in zip("ab", halves, strict=True):
            own = second.get_layer(f"conv2{tower}").get_weights()[0]
            np.testing.assert_array_equal(own, half)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda w: w.pop("fc6/bias"), "missing .'fc6/bias'., unexpected none"),
        (lambda w: w.update({"fc9/bias": np.ones(3)}), "missing none.*fc9/bias"),
        (
            lambda w: w.update({"prob": w.pop("fc8/kernel")}),
            "missing .'fc8/kernel'., unexpected .'prob'.",
        ),
        (
            lambda w: w.update({"fc8/kernel": w["fc8/kernel"].T}),
            "fc8/kernel is .5, 20.",
        ),
        (lambda w: w.update({"conv2/bias": np.ones(6)}), "conv2/bias is .6,. in place"),
    ],
)
def test_weights_that_do_not_fit_change_nothing(form, spoil, message, tiny):
    model = build_model(tiny, form, seed=1)
    before = models.get_weights(model)
    arrays = {name: array + 1 for name, array in before.items()}
    spoil(arrays)
    with pytest.raises(ValueError, match=message):
        models.set_weights(model, arrays)
    for name, array in models.get_weights(model).items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize("form", FORMS)
def test_seeds(form, tiny):
    """The same seed, the same weights bit for bit; another seed, others; no seed,
    Keras's global one."""

    def kernels(seed):
        arrays = models.get_weights(build_model(tiny, form, seed=seed))
        return {name: w for name, w in arrays.items() if name.endswith("kernel")}

    first, again, other = kernels(5), kernels(5), kernels(6)
    for name, array in first.items():
        np.testing.assert_array_equal(array, again[name])
        assert not np.isclose(array, other[name]).any(axis=-1).all()
    keras.utils.set_random_seed(1)
    drawn = kernels(None)
    another = kernels(None)
    keras.utils.set_random_seed(1)
    repeated = kernels(None)
    for name, array in drawn.items():
        np.testing.assert_array_equal(array, repeated[name])
        assert not np.array_equal(array, another[name])


def test_nets_share_the_first_weights_of_layers_they_share(tiny):
    """A layer's start follows from the seed and its name alone."""
    fewer = tiny.without("conv4").with_classes(3)
    first = models.get_weights(build_model(tiny, "one-device", seed=8))
    second = models.get_weights(build_model(fewer, "one-device", seed=8))
    for name in ("conv1/kernel", "conv2/kernel", "conv3/kernel", "fc6/kernel"):
        np.testing.assert_array_equal(first[name], second[name])


def test_no_two_layers_share_a_start():
    """conv4's kernel is not conv3's where their shapes are the same."""
    seeds = {models.seed_of(0, name) for name in ("conv1", "conv2", "fc6", "fc7")}
    assert len(seeds) == 4 and models.seed_of(1, "conv1") not in seeds


@pytest.mark.parametrize(
    ("name", "stds"),
    [
        ("paper", {}),
        ("authors", dict.fromkeys(("conv3", "conv4", "conv5"), 0.03)),
    ],
)
def test_initial_weights(name, stds):
    """N(0, 0.01²), 0.03 in the authors' conv3 to conv5: standard deviation, mean and
    the normal's tails; biases 1 in conv2, conv4, conv5, fc6 and fc7, else 0."""
    net = VARIANTS[name].architecture.change(fc6={"units": 64}, fc7={"units": 512})
    arrays = models.get_weights(build_model(net, "one-device", seed=0))
    for layer in ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8"):
        kernel, std = arrays[f"{layer}/kernel"], stds.get(layer, 0.01)
        error = 5 / np.sqrt(2 * kernel.size)  # five standard errors of a deviation
        assert kernel.std() == pytest.approx(std, rel=max(error, 1e-3)), layer
        assert abs(kernel.mean()) <= 5 * std / np.sqrt(kernel.size), layer
        within = np.mean(np.abs(kernel) <= std)
        assert within == pytest.approx(0.6827, abs=2.5 / np.sqrt(kernel.size)), layer
        one = layer in ("conv2", "conv4", "conv5", "fc6", "fc7")
        assert set(np.unique(arrays[f"{layer}/bias"])) == {float(one)}, layer


@pytest.mark.parametrize("rule", ["fan_in", "glorot"])
def test_uniform_initial_weights(rule):
    """Uniform within PyTorch's 1/√fan_in, or Keras's √(6 / (fan_in + fan_out))."""
    spec = specs.Conv("conv1", 64, 5, init=rule)
    net = specs.Architecture("net", (spec, specs.Dense("fc", 2)), (5, 5, 8))
    kernel = models.get_weights(build_model(net, seed=0))["conv1/kernel"]
    fans = (25 * 8, 25 * 64)
    limit = 1 / np.sqrt(fans[0]) if rule == "fan_in" else np.sqrt(6 / sum(fans))
    assert 0.99 * limit <= np.abs(kernel).max() <= limit
    assert kernel.std() == pytest.approx(limit / np.sqrt(3), rel=0.03)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("pooling", "shape"), [(None, (2, 3, 3, 16)), ("avg", (2, 16)), ("max", (2, 16))]
)
def test_without_the_top(form, pooling, shape, tiny):
    """The maps of the last convolution, or their mean or maximum, towers joined."""
    model = build_model(tiny, form, include_top=False, pooling=pooling, seed=1)
    whole = build_model(tiny, "one-device", seed=1)
    maps = keras.Model(whole.input, whole.get_layer("conv4_relu").output)
    expected = np.asarray(maps(images(tiny)))
    if pooling:
        expected = getattr(expected, {"avg": "mean", "max": "max"}[pooling])((1, 2))
    out = model(images(tiny))
    assert tuple(out.shape) == shape
    assert relative(out, expected) <= 1e-5
    assert not any("fc" in weight.path for weight in model.weights)


@pytest.mark.parametrize("form", FORMS)
def test_logits(form, tiny):
    """Without the classifier's activation; its softmax is the usual output."""
    logits = np.asarray(
        build_model(tiny, form, classifier_activation=None, seed=1)(images(tiny))
    )
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    expected = exponentials / exponentials.sum(axis=-1, keepdims=True)
    out = build_model(tiny, form, seed=1)(images(tiny))
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("form", FORMS)
def test_an_input_tensor_of_ones_own(form, tiny):
    """Computed from another input: the model starts at that one."""
    grey = keras.Input((35, 35, 1))
    image = keras.layers.Concatenate()([grey, grey, grey])
    model = build_model(tiny, form, input_tensor=image, seed=1)
    one = images(tiny)[..., :1]
    usual = build_model(tiny, form, seed=1)
    assert relative(model(one), usual(np.repeat(one, 3, axis=-1))) <= 1e-6
    direct = build_model(tiny, form, input_tensor=keras.Input((35, 35, 3)), seed=1)
    assert relative(direct(images(tiny)), usual(images(tiny))) <= 1e-6


def test_a_dense_layer_of_a_tower_is_not_a_grouped_one(tiny):
    """On one device a dense layer that sees its own tower only is refused, not built
    as one that sees both."""
    grouped = tiny.change(fc6={"groups": 2})
    with pytest.raises(ValueError, match="needs its towers"):
        build_model(grouped, "one-device")
    assert build_model(grouped, TWO).get_layer("fc6a").count_params() == 72 * 10 + 10


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"classifier_activation": "relu"}, "Received: 'relu'"),
        ({"pooling": "sum", "include_top": False}, "Received: pooling='sum'"),
        ({"pooling": "avg"}, "goes with include_top=False"),
        ({"placement": "three-devices"}, "unknown placement"),
        ({"precision": "float16"}, "precision must be one of float32, mixed_bfloat16"),
        ({"precision": "mixed_float16"}, "precision must be one of float32, mixed_bf"),
    ],
)
def test_options_that_cannot_be_are_refused(options, message, tiny):
    with pytest.raises(ValueError, match=message):
        build_model(tiny, **options)


@pytest.mark.parametrize(
    "spec",
    [
        specs.Local("odd", 4, 3, stride=2),
        specs.Local("odd", 4, 3, groups=2),
        specs.Local("odd", 4, 3, padding="same"),
        specs.MaxPool("odd", 3, 2, padding=1),
        specs.AvgPool("odd", 3, 2, padding=(0, 1)),
    ],
    ids=["stride", "groups", "same", "maximum", "mean"],
)
def test_a_layer_that_cannot_be_built_is_refused(spec):
    """By its name, in place of another layer than the one the spec describes."""
    layers = (specs.Conv("conv1", 4, 3), spec)
    net = specs.Architecture("net", layers, input_shape=(9, 9, 3))
    with pytest.raises(ValueError, match="odd: .* Received: .*padding="):
        build_model(net)


def test_a_name_of_ones_own(tiny):
    assert build_model(tiny, name="mine").name == "mine"
    assert build_model(VARIANTS["cifar-18pct"].architecture).name == "cifar_18pct"


@pytest.fixture
def small_variant(tiny, monkeypatch):
    """The tiny net among the variants, for `AlexNet(variant="tiny")`."""
    variant = dataclasses.replace(VARIANTS["paper"], architecture=tiny)
    monkeypatch.setitem(VARIANTS, "tiny", variant)


def test_alexnet_has_the_signature_of_keras_applications():
    """Of `keras.applications.VGG16`, in its order; what is added is keyword-only."""
    ours = inspect.signature(AlexNet).parameters
    theirs = inspect.signature(keras.applications.VGG16).parameters
    shared = [name for name, p in ours.items() if p.kind is not p.KEYWORD_ONLY]
    assert shared == list(theirs)
    assert {"variant", "placement"} <= set(ours) - set(shared)


def test_alexnet_is_the_papers_net_with_1000_classes(monkeypatch):
    asked = []
    monkeypatch.setattr(models, "build_model", lambda net, *a, **k: asked.append(net))
    AlexNet()
    assert asked == [VARIANTS["paper"].architecture]


def test_alexnet_passes_its_options_on(small_variant, tiny):
    model = AlexNet(variant="tiny", classes=3, input_shape=(39, 39, 3), name="mine")
    assert (model.name, model.output_shape) == ("mine", (None, 3))
    assert model.input_shape == (None, 39, 39, 3)
    logits = AlexNet(
        variant="tiny", classes=5, classifier_activation=None, seed=1, placement=TWO
    )
    assert isinstance(logits, models.TowerModel)
    expected = build_model(tiny, TWO, classifier_activation=None, seed=1)
    batch = images(tiny)
    np.testing.assert_array_equal(logits(batch), expected(batch))
    bare = AlexNet(variant="tiny", include_top=False, pooling="max")
    assert bare.output_shape == (None, 16)
    image = keras.Input((43, 41, 3))
    assert AlexNet(variant="tiny", input_tensor=image).input_shape == (None, 43, 41, 3)


def test_alexnet_reads_a_weight_file(small_variant, tiny, tmp_path):
    """Into the whole net, and into one without the top."""
    path, batch = tmp_path / "weights.npz", images(tiny)
    first = build_model(tiny, "one-device", seed=1)
    weight_file.save(path, models.get_weights(first), {"variant": "tiny"})
    second = AlexNet(weights=path, variant="tiny", classes=5, seed=2)
    np.testing.assert_array_equal(second(batch), first(batch))
    bare = AlexNet(include_top=False, weights=path, variant="tiny", seed=2)
    expected = build_model(tiny, "one-device", include_top=False, seed=1)
    np.testing.assert_array_equal(bare(batch), expected(batch))
    with pytest.raises(ValueError, match="weights do not fit.*fc8"):
        AlexNet(weights=path, variant="tiny", classes=4)
    with pytest.raises(FileNotFoundError):
        AlexNet(weights=tmp_path / "absent.npz", variant="tiny")
    with pytest.raises(ValueError, match="is for the variant 'tiny', not 'paper'"):
        AlexNet(weights=path, include_top=False)
    with pytest.raises(ValueError, match="input_shape needs numbers"):
        AlexNet(variant="tiny", input_shape=(None, None, 3), include_top=False)


def test_bfloat16_keeps_weights_logits_and_softmax_in_float32():
    """And no layer of a net with activations beyond 255 goes wrong in it."""
    net = variants.get("paper-32").architecture
    half, whole = (
        build_model(net, form, seed=3, precision=precision)
        for form in ("one-device",)
        for precision in ("mixed_bfloat16", "float32")
    )
    dtypes = {layer.name: layer.compute_dtype for layer in half.layers}
    assert dtypes["conv1"] == dtypes["norm1"] == "bfloat16"
    assert dtypes["fc8"] == dtypes["prob"] == "float32"
    assert {v.dtype for v in half.trainable_variables} == {"float32"}
    batch = np.random.default_rng(0).normal(0, 2000, (4, 28, 28, 3)).astype("float32")
    conv1 = keras.Model(whole.input, whole.get_layer("conv1").output)
    assert np.abs(conv1(batch)).max() > 255
    ours, theirs = (np.asarray(model(batch)) for model in (half, whole))
    assert ours.dtype == "float32"
    np.testing.assert_allclose(ours, theirs, atol=0.02)
    assert keras.config.dtype_policy().name == "float32"  # as it was


def test_bfloat16_on_two_devices_is_the_function_of_one():
    net = variants.get("paper-32").architecture
    batch = np.random.default_rng(0).normal(0, 60, (4, 28, 28, 3)).astype("float32")
    one, two = (
        np.asarray(build_model(net, form, seed=3, precision="mixed_bfloat16")(batch))
        for form in ("one-device", TWO)
    )
    np.testing.assert_allclose(one, two, atol=0.01)
