"""Words and names become devices, or a sentence that says what to do."""

import os
import subprocess
import sys

import pytest
import tensorflow as tf

from alexnet_paper.nets import placement
from alexnet_paper.nets.placement import Placement
from alexnet_paper.nets.placement import resolve

CPUS, GPUS = ("CPU:0", "CPU:1"), ("GPU:0", "GPU:1")


def pretend(monkeypatch, **devices):
    """A machine with these logical devices: GPU=2, CPU=1."""
    monkeypatch.setattr(
        placement,
        "logical_devices",
        lambda kind: [f"{kind}:{n}" for n in range(devices.get(kind, 0))],
    )


@pytest.mark.parametrize(
    ("word", "gpus", "towers", "devices"),
    [
        ("one-device", 2, 2, ()),
        ("one-device", 0, 1, ()),
        ("two-devices", 0, 2, CPUS),
        ("two-devices", 3, 2, GPUS),
        ("auto", 0, 2, ()),  # two logical CPUs are never taken without being asked for
        ("auto", 1, 2, ()),
        ("auto", 3, 2, GPUS),
        ("auto", 2, 1, ()),
    ],
)
def test_words(word, gpus, towers, devices, monkeypatch):
    pretend(monkeypatch, CPU=2, GPU=gpus)
    assert resolve(word, towers).devices == devices


@pytest.mark.parametrize(
    "names", ["CPU:1,CPU:0", ["CPU:1", "CPU:0"], Placement(("CPU:1", "CPU:0"))]
)
def test_named_devices_keep_their_order(names):
    assert resolve(names, 2) == Placement(("CPU:1", "CPU:0"))


@pytest.mark.parametrize(
    ("word", "towers", "message"),
    [
        ("nonsense", 2, "unknown placement 'nonsense': one of auto, one-device, two-d"),
        ("CPU:0", 2, "or two devices such as GPU:0,GPU:1"),
        ("CPU:0,CPU:1,CPU:2", 2, "unknown placement"),
        ("cpu:0,cpu:1", 2, "unknown placement"),
        ("", 2, "unknown placement"),
        ("CPU:0,CPU:7", 2, "there is no CPU:7: this process has CPU:0, CPU:1"),
        ("CPU:0,CPU:0", 2, "there is no second device"),
        ("two-devices", 1, "needs a net of two towers.*use one-device"),
        ("CPU:0,CPU:1", 1, "needs a net of two towers.*use one-device"),
    ],
)
def test_what_cannot_be_is_refused(word, towers, message):
    with pytest.raises(ValueError, match=message):
        resolve(word, towers)


@pytest.mark.parametrize("devices", [{"CPU": 1}, {"CPU": 1, "GPU": 1}])
def test_two_devices_where_there_is_one_says_what_to_do(devices, monkeypatch):
    pretend(monkeypatch, **devices)
    there = "GPU:0" if "GPU" in devices else "CPU:0"
    with pytest.raises(ValueError, match=f"{there}.*use one-device.*CPU:0,CPU:1"):
        resolve("two-devices", 2)


def test_names_split_the_cpu_in_two():
    """In a process that has not split it, before TensorFlow has run; a second time
    there is nothing to do."""
    script = (
        "from alexnet_paper.nets.placement import resolve, split\n"
        "print(resolve('CPU:0,CPU:1', 2))\n"
        "split('CPU')\n"
    )
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    words = [sys.executable, "-c", script]
    halves = subprocess.run(words, env=environment, stdout=subprocess.PIPE, text=True)
    assert halves.stdout == "tower a on CPU:0, tower b on CPU:1\n"


LAYERS = {"conv1a", "conv1b", "fc6a", "fc6a_reads", "fc6a_dropout"}


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("tiny/conv1a_1/conv1/convolution", ("conv1a", "forward")),
        ("gradients/tiny/conv1b/conv1/grad/Mul", ("conv1b", "backward")),
        ("gradients_3/tiny/fc6a_dropout_1/mul_grad/Mul", ("fc6a_dropout", "backward")),
        ("optimizer/update_conv1a.conv1.kernel/mul", ("conv1a", "update")),
        ("tiny/prob/softmax", ("", "forward")),
        ("conv1ab/mul", ("", "forward")),
    ],
)
def test_whose(operation, expected):
    """A layer's name is a whole scope of the operation's name, with Keras's count."""
    assert placement.whose(operation, LAYERS) == expected


def step(swapped):
    """A traced toy step: x·2 in conv1a, then +1 in fc6a on the other device."""
    first, second = CPUS[::-1] if swapped else CPUS

    @tf.function
    def function(x):
        with tf.device(first), tf.name_scope("conv1a"):
            y = x * 2.0
        with tf.device(second), tf.name_scope("fc6a"):
            return y + 1.0

    with tf.device("CPU:0"):
        return function.get_concrete_function(tf.TensorSpec((4, 3, 5), tf.float32))


@pytest.mark.parametrize("swapped", [False, True])
def test_inspect_reports_devices_and_transfers(swapped):
    report = placement.inspect(step(swapped), LAYERS, "CPU:0")
    first, second = CPUS[::-1] if swapped else CPUS
    assert report.devices == {
        "conv1a": {"forward": {first}},
        "fc6a": {"forward": {second}},
    }
    moved = [t for t in report.transfers if t.made_in == "conv1a"]
    assert [(t.into, t.source, t.target) for t in moved] == [("fc6a", first, second)]
    assert [(t.shape, t.bytes) for t in moved] == [((4, 3, 5), 240)]


def test_device_scope_places_and_ignores_what_is_not_there():
    with placement.device_scope("CPU:1"):
        assert placement.short(tf.constant(1.0).device) == "CPU:1"
    usual = tf.constant(1.0).device
    for absent in (None, "", "CPU:9", "TPU:0"):
        with placement.device_scope(absent):
            assert tf.constant(1.0).device == usual
