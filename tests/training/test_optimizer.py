"""The paper's update rule against steps worked out by hand, and the falling rate."""

import contextlib
import dataclasses
import math

import keras
import numpy as np
import pytest

from alexnet_paper.nets.model import build_model
from alexnet_paper.nets.specs import Dropout
from alexnet_paper.paper import SCHEDULES
from alexnet_paper.training.optimizer import Adam
from alexnet_paper.training.optimizer import ClippedCrossentropy
from alexnet_paper.training.optimizer import MomentumSGD
from alexnet_paper.training.schedule import Plateau
from alexnet_paper.training.schedule import authors_phase
from alexnet_paper.training.schedule import phase_of_drops


def variable(path, value=1.0):
    """A variable under a layer's scope: "conv1/kernel"."""
    *scopes, name = path.split("/")
    with contextlib.ExitStack() as stack:
        for scope in scopes:
            stack.enter_context(keras.name_scope(scope))
        return keras.Variable(value, name=name)


def steps(optimizer, path, gradients):
    """Values of one weight, 1 at first, after each gradient, and the last velocity."""
    weight = variable(path)
    optimizer.build([weight])
    values = []
    for gradient in gradients:
        optimizer.apply([keras.ops.convert_to_tensor(gradient, "float32")], [weight])
        values.append(float(weight.value))
    return values, float(optimizer.velocities[0].value)


def test_two_steps_by_hand():
    """g = 0.5, then 0.25; w = 1, v = 0, rate 0.01:
    v = −0.0005·0.01 − 0.01·0.5 and then 0.9·v − 0.0005·0.01·w − 0.01·0.25."""
    values, velocity = steps(MomentumSGD(), "conv1/kernel", [0.5, 0.25])
    assert velocity == pytest.approx(-0.007009474975, rel=1e-6)
    assert values == pytest.approx([0.994995, 0.987985525025], abs=1e-7)


def test_rule_on_arrays_for_ten_steps():
    """A NumPy loop of the printed equation, momentum 0.8 and decay 0.1."""
    rng = np.random.default_rng(0)
    weight = variable("fc6/kernel", rng.normal(size=(3, 4)).astype("float32"))
    w = weight.numpy().astype("float64")
    v = np.zeros_like(w)
    optimizer = MomentumSGD(0.05, momentum=0.8, weight_decay=0.1)
    optimizer.build([weight])
    for _ in range(10):
        g = rng.normal(size=w.shape)
        optimizer.apply([keras.ops.convert_to_tensor(g, "float32")], [weight])
        v = 0.8 * v - 0.1 * 0.05 * w - 0.05 * g
        w = w + v
    np.testing.assert_allclose(weight.numpy(), w, rtol=1e-5)


@pytest.mark.parametrize(
    ("path", "decay"),
    [
        ("conv1/kernel", 0.25),
        ("conv1a/conv1/kernel", 0.25),
        ("fc10/kernel", 1.0),  # a decay of its own
        ("fc11/kernel", 0.0),
        ("fc10/bias", 0.0),  # only kernels decay
        ("bn/gamma", 0.0),
        ("bn/beta", 0.0),
        ("towers/scale", 0.0),
        ("slow/kernel", 0.75),  # the rate is in the decay's term
    ],
)
def test_decay_without_a_gradient(path, decay):
    own, factors = {"fc10": 1.0, "fc11": 0.0}, {"slow": 3.0}
    optimizer = MomentumSGD(0.1, 0.0, 0.25, own, factors)
    values, velocity = steps(optimizer, path, [0.0])
    assert values == pytest.approx([1.0 - 0.1 * decay])
    assert (velocity == 0) == (decay == 0)


@pytest.mark.parametrize(
    ("path", "factor"),
    [
        ("conv1/kernel", 3.0),
        ("conv1a/conv1/kernel", 3.0),
        ("conv2/kernel", 1.0),
        ("conv2/bias", 2.0),
        ("conv2b/conv2/bias", 2.0),
        ("conv1/bias", 6.0),
        ("kernel", 1.0),
    ],
)
def test_rate_multipliers(path, factor):
    """By layer and by part, multiplied, in a tower too."""
    optimizer = MomentumSGD(0.1, 0.0, 0.0, rate_multipliers={"bias": 2.0, "conv1": 3.0})
    assert steps(optimizer, path, [1.0])[0] == pytest.approx([1.0 - 0.1 * factor])


def test_multiplier_zero_freezes_completely():
    """No step, no decay, and the velocity it had does not move it either."""
    optimizer, weight = MomentumSGD(0.1), variable("conv1/kernel")
    optimizer.build([weight])
    one = keras.ops.convert_to_tensor(1.0)
    optimizer.apply([one], [weight])
    before = [float(v.value) for v in (weight, optimizer.velocities[0])]
    assert before[1] != 0
    optimizer.rate_multipliers["conv1"] = 0.0
    optimizer.apply([one], [weight])
    assert [float(v.value) for v in (weight, optimizer.velocities[0])] == before


def test_gradient_clipping_is_keras_own():
    optimizer = MomentumSGD(1.0, 0.0, 0.0, clipvalue=0.25)
    assert steps(optimizer, "conv1/kernel", [7.0])[0] == pytest.approx([0.75])


@pytest.mark.parametrize(
    ("packed", "read"),
    [
        (
            MomentumSGD(0.02, 0.8, 0.1, {"fc10": 1.0}, {"bias": 2.0}, name="rule"),
            lambda rule: (
                *(rule.momentum, rule.decay, rule.decay_of("fc10", "kernel")),
                *(rule.multiplier("conv1", "bias"), float(rule.learning_rate)),
            ),
        ),
        (Adam(0.02, beta_1=0.8), lambda rule: (float(rule.learning_rate), rule.beta_1)),
        (ClippedCrossentropy(reduction=None), lambda loss: loss.reduction),
    ],
    ids=lambda value: type(value).__name__,
)
def test_saved_and_read_back(packed, read):
    text = keras.saving.serialize_keras_object(packed)
    again = keras.saving.deserialize_keras_object(text)
    assert type(again) is type(packed) and read(again) == read(packed)


def run(plateau, errors):
    return [plateau.update(error) for error in errors]


@pytest.mark.parametrize(
    ("errors", "dropped"),
    [
        ([0.9, 0.8, 0.8, 0.85, 0.7, 0.75, 0.7], [3, 6]),  # a tie is no improvement
        ([0.5] * 50, [2, 4, 6]),  # three times at most
        ([0.9, 0.9, 0.8, 0.8, 0.7, 0.7, 0.6], []),  # improvement starts again
    ],
)
def test_plateau_waits_two_epochs(errors, dropped):
    factors = run(Plateau(patience=2), errors)
    assert factors == [0.1 if n in dropped else 1 for n in range(len(errors))]


@pytest.mark.parametrize("cut", range(12))
def test_restored_plateau_goes_on_alike(cut):
    errors = [0.9, 0.9, 0.9, 0.7, 0.8, 0.8, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6]
    first, second = Plateau(patience=2), Plateau(patience=2)
    begun = run(first, errors[:cut])
    second.restore(first.state())
    factors = begun + run(second, errors[cut:])
    assert factors == [1, 1, 0.1, 1, 1, 0.1, 1, 1, 0.1, 1, 1, 1]


def test_phase_of_drops():
    """The rate is a tenth from each epoch of the list on; factors are passed on."""
    phases = [phase_of_drops(0.01, (2, 3), {"bias": 2.0}, epoch) for epoch in range(5)]
    rates = [phase.rate for phase in phases]
    assert rates == pytest.approx([0.01, 0.01, 0.001, 0.0001, 0.0001])
    assert all(phase.multipliers == {"bias": 2.0} for phase in phases)
    assert phase_of_drops(0.5, (), {}, 100).rate == 0.5


# (run, epoch) → rates of weights, of biases, of conv1's weights and its biases, and
# whether colours vary: what the authors' notes say was changed by hand, and when
OF_THE_AUTHORS = {
    ("145", 0): (1e-2, 2e-2, 1e-2, 2e-2, True),
    ("145", 24): (1e-2, 2e-2, 1e-2, 2e-2, True),
    ("145", 25): (1e-3, 2e-3, 1e-3, 2e-3, True),
    ("145", 50): (1e-3, 2e-3, 1e-3, 2e-3, True),
    ("145", 51): (1e-4, 2e-3, 1e-4, 2e-3, True),
    ("145", 66): (1e-4, 2e-3, 1e-4, 2e-3, True),
    ("145", 67): (1e-4, 2e-3, 1e-5, 2e-3, False),
    ("145", 71): (1e-4, 2e-3, 1e-5, 2e-3, False),
    ("145", 72): (1e-4, 2e-3, 0, 0, False),
    ("145", 78): (1e-4, 2e-3, 0, 0, False),
    ("145", 79): (1e-5, 2e-3, 0, 0, False),
    ("145", 90): (1e-5, 2e-3, 0, 0, False),
    ("147", 78): (1e-4, 2e-3, 1e-4, 2e-3, True),  # never slowed, its colours stay
    ("147", 79): (1e-5, 2e-3, 0, 0, True),
    ("145-half", 95): (1e-4, 2e-3, 0, 0, False),  # no third drop in its notes
    ("148", 85): (1e-4, 2e-3, 0, 0, False),
    ("148", 86): (1e-5, 2e-3, 0, 0, False),
    ("145-2010", 67): (1e-4, 2e-3, 1e-4, 2e-3, True),
    ("145-2010", 68): (1e-4, 2e-3, 1e-5, 2e-3, False),
}


@pytest.mark.parametrize(("name", "epoch"), OF_THE_AUTHORS)
def test_phases_of_the_authors_runs(name, epoch):
    (schedule,) = (row for row in SCHEDULES if row.run == name)
    phase = authors_phase(schedule, epoch)
    optimizer = MomentumSGD(phase.rate, rate_multipliers=phase.multipliers)
    found = [
        phase.rate * optimizer.multiplier(layer, part)
        for layer in ("conv2", "conv1")
        for part in ("kernel", "bias")
    ]
    *rates, colour = OF_THE_AUTHORS[name, epoch]
    assert found == pytest.approx(rates) and phase.colour is colour


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: schedule.run)
def test_every_run_of_the_authors_has_phases(schedule):
    """Also where its notes leave a moment out; rates never rise, conv1 stays frozen."""
    phases = [authors_phase(schedule, epoch) for epoch in range(schedule.stopped)]
    rates = [phase.rate for phase in phases]
    assert rates == sorted(rates, reverse=True) and rates[0] == 0.01
    assert rates[-1] == pytest.approx(1e-5 if schedule.third_drop else 1e-4)
    frozen = [phase.multipliers.get("conv1") == 0.0 for phase in phases]
    assert frozen == [n >= schedule.conv1_frozen for n in range(schedule.stopped)]


def stepper(rule, weight):
    return lambda gradient: rule.apply([gradient], [weight])


@pytest.mark.parametrize("compiled", [False, True])
def test_adam_takes_keras_s_steps(compiled):
    """Ten steps of Keras's own Adam, gradients of very different sizes included."""
    rng = np.random.default_rng(0)
    gradients = rng.normal(size=(10, 50)) * 10.0 ** rng.integers(-9, 3, (10, 50))
    ends = []
    for rule in (Adam(0.01), keras.optimizers.Adam(0.01)):
        weight = keras.Variable(np.ones(50, "float32"))
        rule.build([weight])
        step = stepper(rule, weight)
        if compiled:
            step = pytest.importorskip("tensorflow").function(step)
        for gradient in gradients:
            step(keras.ops.convert_to_tensor(gradient.astype("float32")))
        ends.append(keras.ops.convert_to_numpy(weight.value))
        assert int(rule.iterations) == 10
    np.testing.assert_allclose(*ends, rtol=1e-5)
    assert np.abs(ends[0] - 1).max() > 0.01


@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_clipped_losses_of_single_images(shape):
    """ln 2 for an even chance, 16.118 for none, about 1e-7 for certainty."""
    probabilities = np.array([[0.5, 0.5], [0.0, 1.0], [1.0, 0.0]], "float32")
    labels, loss = np.zeros(shape, int), ClippedCrossentropy(reduction=None)
    found = keras.ops.convert_to_numpy(loss(labels, probabilities))
    assert found[:2] == pytest.approx([math.log(2), -math.log(1e-7)], rel=1e-5)
    assert 0 <= found[2] < 2e-7
    mean = float(ClippedCrossentropy()(labels[1:], probabilities[1:]))
    assert mean == pytest.approx(8.06, abs=0.01)


def fitted(net, rule, images, labels):
    """A model after one `fit` over all images, eight of them a step."""
    model = build_model(
        net, "one-device", classifier_activation=None, seed=3, precision="float32"
    )
    model.compile(
        rule(0.01),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    model.fit(images, labels, batch_size=8, shuffle=False, verbose=0)
    return model


@pytest.mark.parametrize("rule", [MomentumSGD, Adam])
def test_replicas_stay_equal(rule, tiny):
    """Two replicas of a data-parallel run have the same bits after three steps, and
    the weights that one process has with the same batches. Without dropout, whose
    masks are each replica's own."""
    tf = pytest.importorskip("tensorflow")
    layers = tuple(spec for spec in tiny.layers if not isinstance(spec, Dropout))
    net = dataclasses.replace(tiny, layers=layers)
    rng = np.random.default_rng(0)
    images = rng.normal(size=(24, *net.input_shape)).astype("float32")
    labels = rng.integers(0, net.classes, 24)
    with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
        shared = fitted(net, rule, images, labels)
    alone = fitted(net, rule, images, labels)
    start = build_model(net, "one-device", seed=3)
    assert int(alone.optimizer.iterations) == 3
    rows = zip(shared.weights, alone.weights, start.weights, strict=True)
    for weight, lone, first in rows:
        one, other = (replica.numpy() for replica in weight.value.values)
        np.testing.assert_array_equal(one, other, err_msg=weight.path)
        np.testing.assert_allclose(
            one, lone.numpy(), rtol=0, atol=1e-5, err_msg=weight.path
        )
        assert np.abs(one - first.numpy()).max() > 1e-4  # it has moved
