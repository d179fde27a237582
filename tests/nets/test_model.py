"""Every variant built, run, differentiated, saved and loaded; and the two-tower form
held against the one-device form, in numbers and in the graph that runs."""

import collections
import dataclasses
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
def test_variant_at_full_size(name, monkeypatch):
    """Keras's own count and shapes are those of the plain-Python architecture."""
    monkeypatch.setattr(models, "initializer", lambda *spec: "zeros")  # at once
    net = VARIANTS[name].architecture
    model = build_model(net, "one-device", seed=0)
    assert model.name == name.replace("-", "_")
    assert model.count_params() == specs.totals(net).parameters
    for row in specs.trace(net):
        layer = model.get_layer(row.name)
        assert tuple(layer.output.shape[1:]) == row.output_shape, row.name
        assert layer.count_params() == row.parameters, row.name
    held = models.named_variables(model)
    assert {part: tuple(v.shape) for part, (v,) in held.items()} == specs.shapes(net)


def assert_state_beside_weights(model):
    """Each velocity is on the device of its weight."""
    state = {v.path.split("/")[-1]: v for v in model.optimizer.variables}
    for weight in model.trainable_variables:
        name = f"{weight.path.replace('/', '_')}_velocity"
        assert state[name].value.device == weight.value.device, name


@pytest.mark.parametrize(("net", "form"), SMALL)
def test_variant_learns_saves_and_loads(net, form, tmp_path):
    """One step gives a velocity, which without decay is the gradient, to every kernel
    and to every bias that no batch normalization takes out again. A `.keras` file
    brings net, loss and the optimizer's state back in safe mode, each tower's where
    its weights are."""
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
    model.save(tmp_path / "net.keras")
    loaded = keras.saving.load_model(tmp_path / "net.keras")
    assert type(loaded) is type(model) and type(loaded.optimizer) is MomentumSGD
    np.testing.assert_array_equal(loaded(images(net)), model(images(net)))
    ours, theirs = (m.weights + m.optimizer.variables for m in (model, loaded))
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy(), one.path)
    for one in (model, loaded):
        assert_state_beside_weights(one)


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
os.environ["CUDA_VISIBLE_DEVICES"] = ""
from alexnet_paper import AlexNet
from alexnet_paper.nets.placement import device_scope, resolve
import keras
import numpy as np
import tensorflow as tf

assert len(tf.config.list_logical_devices()) == 1
folder = sys.argv[1]
images = np.load(f"{folder}/images.npy")
for form in ("one", "two"):
    model = keras.saving.load_model(f"{folder}/{form}.keras")
    np.save(f"{folder}/{form}.npy", model.predict(images, verbose=0))
for word in ("two-devices", "CPU:0,CPU:1"):
    try:
        resolve(word, 2)
    except ValueError as error:
        print(error)
print(type(device_scope("CPU:1")).__name__)
"""


def test_a_process_with_one_device(tiny, tmp_path):
    """What was saved on two devices serves on one, and gives the same outputs. Two
    are refused; the CPU cannot be split once TensorFlow runs."""
    batch = images(tiny, 3)
    np.save(tmp_path / "images.npy", batch)
    models_ = {f: build_model(tiny, p, seed=3) for f, p in zip(("one", "two"), FORMS)}
    for form, model in models_.items():
        model.save(tmp_path / f"{form}.keras")
    words = [sys.executable, "-c", LOAD, tmp_path]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
    for form, model in models_.items():
        assert relative(np.load(tmp_path / f"{form}.npy"), model(batch)) <= 1e-5
    first, second, scope = done.stdout.splitlines()
    assert "this process has CPU:0: use one-device" in first
    assert "there is no CPU:1" in second and "before TensorFlow has run" in second
    assert scope == "nullcontext"


@pytest.fixture(scope="module")
def forms(tiny):
    """The tiny net's two forms held against each other by the library."""
    return equivalence.compare(tiny, images(tiny, 4), np.arange(4), TWO, seed=4)


def test_forms_of_a_tiny_net(forms):
    """They agree; forward, backward and update of each learned layer are on its
    tower's device; pooled maps cross into conv3, conv4's into fc6, fc6's into fc8,
    once forward and once back."""
    assert max(forms.outputs, forms.gradients, forms.step) <= 1e-5
    assert forms.devices == CPUS and forms.images == 4
    assert forms.strays == () and "fc8b" not in forms.placed
    layers = ("conv1", "conv2", "conv3", "conv4", "fc6")
    homes = {n + t: cpu for n in layers for t, cpu in zip("ab", CPUS, strict=True)}
    for name, device in {**homes, "fc8a": "CPU:0"}.items():
        way = dict.fromkeys(("forward", "backward", "update"), {device})
        assert forms.placed[name] == way
    rows = [(row.crossing, row.forward, row.backward) for row in forms.crossed]
    found = [(c.into, c.source, c.target, c.shape, *ways) for c, *ways in rows]
    assert sorted(found) == [
        ("conv3", "a", "b", (3, 3, 6), 1, 1),
        ("conv3", "b", "a", (3, 3, 6), 1, 1),
        ("fc6", "a", "b", (3, 3, 8), 1, 1),
        ("fc6", "b", "a", (3, 3, 8), 1, 1),
        ("fc8", "b", "a", (10,), 1, 1),
    ]
    assert forms.as_figure_2


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
    there, back = CPUS, CPUS[::-1]
    assert sent == {
        **{(f"forward {n}", *there): 1 for n in ("pool2a", "conv4a_relu")},
        **{(f"forward {n}", *back): 1 for n in ("pool2b", "conv4b_relu")},
        ("forward fc6b_dropout", *back): 1,
        **{(f"backward {n}a_reads", *there): 1 for n in ("conv3", "fc6", "fc8")},
        **{(f"backward {n}b_reads", *back): 1 for n in ("conv3", "fc6")},
    }


def sends(folder):
    """(what, source, target) of each send operation in the step's partitions."""
    (file,) = folder.iterdir()
    nodes = (
        node
        for raw in tf.data.TFRecordDataset(str(file))
        for value in tf.compat.v1.Event.FromString(raw.numpy()).summary.value
        for trace in [tf.compat.v1.RunMetadata.FromString(value.tensor.string_val[0])]
        for graphs in trace.function_graphs
        for part in graphs.partition_graphs
        for node in part.node
    )
    for node in nodes:
        what = node.op == "_Send" and made(node.attr["tensor_name"].s.decode())
        if what:
            ends = (node.attr[f"{end}_device"].s.decode() for end in ("send", "recv"))
            yield what, *(end[-5:] for end in ends)


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


def test_a_gradient_tape_strays(tiny, monkeypatch):
    """Keras's own training step leaves the backward pass off its tower's device, and
    the check says so."""
    monkeypatch.setattr(models.TowerModel, "train_step", keras.Model.train_step)
    found = equivalence.compare(tiny, images(tiny, 2), np.arange(2), TWO)
    assert found.strays and not found.as_figure_2


@pytest.mark.parametrize("fault", ["weights", "window"])
def test_a_fault_in_one_form_is_told_apart(fault, tiny, monkeypatch):
    """Other weights, or windows across the towers on one device only: the measured
    differences are not small by construction."""
    wrong = tiny.change(norm1={"groups": 1})

    def build(net, placement, **options):
        if fault == "weights":
            options["seed"] += placement == TWO
        elif placement != TWO:
            net = wrong
        return build_model(net, placement, **options)

    monkeypatch.setattr(models, "build_model", build)
    found = equivalence.compare(tiny, images(tiny, 2), np.arange(2), TWO)
    assert found.outputs > 1e-4
    if fault == "weights":
        assert min(found.outputs, found.gradients, found.step) > 1e-2


def test_a_larger_tensor_that_crosses_is_not_figure_2(forms):
    """A number may cross; a vector, or a tensor of Figure 2 sent twice, may not."""
    number = placement.Transfer("t", "", "", "update", *CPUS, (), 4)
    vector = dataclasses.replace(number, shape=(2,))
    twice = dataclasses.replace(forms.crossed[0], forward=2)
    assert dataclasses.replace(forms, rest=(number,)).as_figure_2
    assert not dataclasses.replace(forms, rest=(vector,)).as_figure_2
    assert not dataclasses.replace(forms, crossed=(twice,)).as_figure_2


def test_three_steps_of_fit_agree(tiny):
    """Towers on two devices or on one: the same weights, dropout included."""
    found = []
    for form in FORMS:
        model = build_model(tiny, form, classifier_activation=None, seed=7)
        before = models.get_weights(model)
        equivalence.compiled(model).fit(
            images(tiny, 12), np.arange(12) % 5, batch_size=4, shuffle=False, verbose=0
        )
        assert int(model.optimizer.iterations.numpy()) == 3
        found.append(models.get_weights(model))
    one, two = found
    for name, array in one.items():
        assert relative(two[name], array) <= 1e-5, name
        assert np.any(array != before[name]), name


def test_jit_is_refused_on_two_devices(tiny, monkeypatch):
    """Asked for, it is an error; Keras's "auto", which is yes where there is a GPU, is
    turned into no."""
    model = build_model(tiny, TWO)
    with pytest.raises(ValueError, match="jit_compile=True cannot be combined"):
        model.compile("sgd", "mse", jit_compile=True)
    for options in ({}, {"jit_compile": "auto"}, {"jit_compile": False}):
        passed = {}
        monkeypatch.setattr(keras.Model, "compile", lambda *a, **k: passed.update(k))
        model.compile("sgd", "mse", **options)
        assert passed["jit_compile"] is False


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
        (lambda w: w.update({"fc8/kernel": np.ones((5, 20))}), "fc8/kernel is .5, 20."),
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

    def drawn():
        keras.utils.set_random_seed(1)
        return kernels(None)

    for first, again, other in (
        (kernels(5), kernels(5), kernels(6)),
        (drawn(), drawn(), kernels(None)),
    ):
        for name, array in first.items():
            np.testing.assert_array_equal(array, again[name])
            assert not np.isclose(array, other[name]).any(axis=-1).all()


def test_a_layer_s_start_follows_from_the_seed_and_its_name(tiny):
    """Nets share it, and no two layers do, where their shapes are the same."""
    fewer = tiny.without("conv4").with_classes(3)
    first, second = (
        models.get_weights(build_model(net, "one-device", seed=8))
        for net in (tiny, fewer)
    )
    for name in ("conv1/kernel", "conv2/kernel", "conv3/kernel", "fc6/kernel"):
        np.testing.assert_array_equal(first[name], second[name])
    seeds = {models.seed_of(0, name) for name in ("conv1", "conv2", "fc6", "fc7")}
    assert len(seeds) == 4 and models.seed_of(1, "conv1") not in seeds


@pytest.mark.parametrize("rule", [0.01, 0.03, "fan_in", "glorot"])
def test_initial_weights(rule):
    """Normal: deviation, mean and tails. Uniform: within PyTorch's 1/√fan_in, or
    Keras's √(6 / (fan_in + fan_out)). Biases are a constant."""
    spec = specs.Conv("conv1", 64, 5, init=rule, bias=0.5)
    net = specs.Architecture("net", (spec, specs.Dense("fc", 2)), (5, 5, 8))
    arrays = models.get_weights(build_model(net, seed=0))
    kernel, fans = arrays["conv1/kernel"], (25 * 8, 25 * 64)
    limit = 1 / np.sqrt(fans[0]) if rule == "fan_in" else np.sqrt(6 / sum(fans))
    normal = isinstance(rule, float)
    std = rule if normal else limit / np.sqrt(3)
    assert kernel.std() == pytest.approx(std, rel=0.03)
    assert abs(kernel.mean()) <= 5 * std / np.sqrt(kernel.size)
    within = np.mean(np.abs(kernel) <= std)
    assert within == pytest.approx(0.6827 if normal else 1 / np.sqrt(3), abs=0.02)
    assert normal or 0.99 * limit <= np.abs(kernel).max() <= limit
    assert set(arrays["conv1/bias"]) == {0.5} and set(arrays["fc/bias"]) == {0}


@pytest.mark.parametrize("form", FORMS)
def test_without_the_top(form, tiny):
    """The maps of the last convolution, or their mean or maximum, towers joined."""
    whole = build_model(tiny, "one-device", seed=1)
    maps = keras.Model(whole.input, whole.get_layer("conv4_relu").output)(images(tiny))
    maps = np.asarray(maps)
    assert maps.shape == (2, 3, 3, 16)
    for pooling, expected in (
        (None, maps),
        ("avg", maps.mean((1, 2))),
        ("max", maps.max((1, 2))),
    ):
        model = build_model(tiny, form, include_top=False, pooling=pooling, seed=1)
        found = model(images(tiny))
        assert found.shape == expected.shape and relative(found, expected) <= 1e-5
        assert not any("fc" in weight.path for weight in model.weights)


@pytest.mark.parametrize("form", FORMS)
def test_logits(form, tiny):
    """Their softmax is the usual output."""
    logits, out = (
        np.asarray(build_model(tiny, form, seed=1, **options)(images(tiny)))
        for options in ({"classifier_activation": None}, {})
    )
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    expected = exponentials / exponentials.sum(axis=-1, keepdims=True)
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


def with_layer(spec):
    layers = (specs.Conv("conv1", 4, 3), spec)
    return specs.Architecture("net", layers, input_shape=(9, 9, 3))


@pytest.mark.parametrize(
    ("changed", "options", "message"),
    [
        ({}, {"classifier_activation": "relu"}, "Received: 'relu'"),
        ({}, {"pooling": "sum", "include_top": False}, "Received: pooling='sum'"),
        ({}, {"pooling": "avg"}, "goes with include_top=False"),
        ({}, {"placement": "three-devices"}, "unknown placement"),
        ({}, {"precision": "float16"}, "precision must be one of float32, mixed_bf"),
        ({}, {"precision": "mixed_float16"}, "precision must be one of float32"),
        # not built as a layer that sees both towers
        ({"fc6": {"groups": 2}}, {"placement": "one-device"}, "needs its towers"),
        (specs.Local("odd", 4, 3, stride=2), {}, "odd: .* Received: stride=2"),
        (specs.Local("odd", 4, 3, groups=2), {}, "odd: .* Received: .*groups=2"),
        (specs.Local("odd", 4, 3, padding="same"), {}, "odd: .* padding='same'"),
        (specs.MaxPool("odd", 3, 2, padding=1), {}, "odd: .* Received: padding=1"),
        (specs.AvgPool("odd", 3, 2, padding=(0, 1)), {}, "odd: .*: padding=.0, 1"),
    ],
)
def test_what_cannot_be_built_is_refused(changed, options, message, tiny):
    net = tiny.change(**changed) if isinstance(changed, dict) else with_layer(changed)
    with pytest.raises(ValueError, match=message):
        build_model(net, **options)


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
    options = {"classifier_activation": None, "seed": 1, "placement": TWO}
    logits = AlexNet(variant="tiny", classes=5, **options)
    assert isinstance(logits, models.TowerModel)
    expected = build_model(tiny, **options)(images(tiny))
    np.testing.assert_array_equal(logits(images(tiny)), expected)
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
    for error, message, options in (
        (ValueError, "has 5 classes, not 4: pass classes=5, or", {"classes": 4}),
        (FileNotFoundError, "absent", {"weights": tmp_path / "absent.npz"}),
        (ValueError, "'tiny', not 'paper': pass variant='tiny'", {"variant": "paper"}),
    ):
        with pytest.raises(error, match=message):
            AlexNet(**{"weights": path, "variant": "tiny", "classes": 5, **options})


def test_bfloat16():
    """Weights, logits and softmax stay in float32, and no layer of a net with
    activations beyond 255 goes wrong in it; two devices compute what one does."""
    net = variants.get("paper-32").architecture
    half, two, whole = (
        build_model(net, form, seed=3, precision=precision)
        for form, precision in (
            ("one-device", "mixed_bfloat16"),
            (TWO, "mixed_bfloat16"),
            ("one-device", "float32"),
        )
    )
    assert keras.config.dtype_policy().name == "float32"  # as it was
    dtypes = {layer.name: layer.compute_dtype for layer in half.layers}
    assert dtypes["conv1"] == dtypes["norm1"] == "bfloat16"
    assert dtypes["fc8"] == dtypes["prob"] == "float32"
    assert {v.dtype for v in half.trainable_variables} == {"float32"}
    large = images(net, 4) * 40
    conv1 = keras.Model(whole.input, whole.get_layer("conv1").output)
    assert np.abs(conv1(large)).max() > 255
    np.testing.assert_allclose(half(large), whole(large), atol=0.02)
    np.testing.assert_allclose(half(images(net)), two(images(net)), atol=0.01)
