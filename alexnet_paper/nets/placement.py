"""Placement of towers on devices, and inspection of a graph's devices.

A placement is "auto", "one-device", "two-devices" or two names, "GPU:0,GPU:1" or
"CPU:0,CPU:1". The two may be logical devices: if a process has one CPU or GPU and two
are named, that one is split in two.

TensorFlow is imported only when two devices are asked for.
"""

import contextlib
import functools
import math
import re
from dataclasses import dataclass

KINDS = ("auto", "one-device", "two-devices")
CARD_MEGABYTES = 3072  # of each half of a split GPU, as on the paper's two cards


@dataclass(frozen=True)
class Placement:
    """The devices of tower a and tower b; () for one device, chosen by the backend."""

    devices: tuple[str, ...] = ()

    @property
    def kind(self):
        return "two-devices" if self.devices else "one-device"

    def __str__(self):
        if not self.devices:
            return "one device"
        return f"tower a on {self.devices[0]}, tower b on {self.devices[1]}"


def resolve(placement, towers):
    """Returns the `Placement` for a word, two device names or a `Placement`.

    Raises ValueError if two devices are asked for and the net has one tower or the
    process has one device; the message says what to do.
    """
    if isinstance(placement, Placement):
        return placement
    if placement == "one-device":
        return Placement()
    if placement == "auto":
        gpus = logical_devices("GPU") if towers == 2 else ()
        return Placement(tuple(gpus[:2])) if len(gpus) >= 2 else Placement()
    names = placement.split(",") if isinstance(placement, str) else list(placement)
    two = placement == "two-devices"
    if not two and (
        len(names) != 2 or not all(re.fullmatch(r"[A-Z]+:\d+", name) for name in names)
    ):
        raise ValueError(
            f"unknown placement {placement!r:.60}: one of {', '.join(KINDS)}, or two "
            "devices such as GPU:0,GPU:1 or CPU:0,CPU:1."
        )
    if towers != 2:
        raise ValueError(
            f"placement {placement!r} needs a net of two towers and this one has one: "
            "use one-device, or a variant with two towers such as paper."
        )
    return Placement(two_devices() if two else named_devices(names))


def two_devices():
    """Returns two GPUs, or else two logical CPUs. Raises ValueError without either."""
    for kind in ("GPU", "CPU"):
        found = logical_devices(kind)
        if len(found) >= 2:
            return tuple(found[:2])
    raise ValueError(
        "two-devices needs two GPUs or two logical devices, and this process has "
        f"{(logical_devices('GPU') or logical_devices('CPU') or ['none'])[0]}: use "
        "one-device, which computes the same function, or CPU:0,CPU:1, which splits "
        "this CPU in two."
    )


def named_devices(names):
    """Returns the two devices named, and splits a single physical one if need be."""
    kinds = {name.split(":")[0] for name in names}
    if len(kinds) == 1:
        with contextlib.suppress(RuntimeError):  # TensorFlow has already started
            split(kinds.pop())
    existing = [name for kind in ("CPU", "GPU") for name in logical_devices(kind)]
    missing = [name for name in names if name not in existing]
    if missing or names[0] == names[1]:
        raise ValueError(
            f"there is no {missing[0] if missing else 'second device'}: this process "
            f"has {', '.join(existing) or 'no device'}. Name two of these, or "
            "CPU:0,CPU:1 before TensorFlow has run anything."
        )
    return tuple(names)


def split(kind="CPU", memory_limit=CARD_MEGABYTES, parts=2):
    """Splits this process's only CPU or GPU into two logical devices, or more `parts`.

    `memory_limit` is the megabytes of each part of a GPU. Does nothing if there are two
    physical devices. Raises RuntimeError if TensorFlow has already started.
    """
    import tensorflow as tf

    physical = tf.config.list_physical_devices(kind)
    if len(physical) != 1 or len(logical_device_plan(physical[0])) >= parts:
        return
    limit = None if kind == "CPU" else memory_limit
    part = tf.config.LogicalDeviceConfiguration(memory_limit=limit)
    tf.config.set_logical_device_configuration(physical[0], [part] * parts)


def logical_device_plan(physical):
    import tensorflow as tf

    return tf.config.get_logical_device_configuration(physical) or ()


def logical_devices(kind):
    """Returns the names ("GPU:0", …) of this process's logical devices of one kind.

    Starts TensorFlow. Returns none on another Keras backend.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        return []
    return [name for name in _logical_devices() if name.startswith(kind)]


@functools.cache  # fixed once TensorFlow has started
def _logical_devices():
    import tensorflow as tf

    return tuple(short(device.name) for device in tf.config.list_logical_devices())


def computes_bfloat16():
    """Returns whether this machine computes bfloat16 faster than float32.

    It does with a GPU, or with a processor that has AVX512-BF16 or AMX.
    """
    if logical_devices("GPU"):
        return True
    with contextlib.suppress(OSError), open("/proc/cpuinfo") as file:
        flags = next((line for line in file if line.startswith("flags")), "").split()
        return "avx512_bf16" in flags or "amx_bf16" in flags
    return False


def device_scope(device):
    """Returns a context that places operations and variables on `device` ("CPU:1").

    It does nothing for None, for a device that does not exist, and on other backends.
    """
    if device and device in logical_devices(device.split(":")[0]):
        import tensorflow as tf

        return tf.device(device)
    return contextlib.nullcontext()


def short(name):
    """Returns "CPU:1" for "/job:localhost/replica:0/task:0/device:CPU:1", "" for ""."""
    match = re.search(r"([A-Za-z]+):(\d+)$", name)
    return f"{match[1].upper()}:{match[2]}" if match else ""


@dataclass(frozen=True)
class Transfer:
    """A tensor that is made on one device and read on another."""

    tensor: str
    made_in: str  # layer of the operation that makes it, or ""
    into: str  # layer of the operation that reads it, or ""
    role: str  # of the reader: "forward", "backward" or "update"
    source: str
    target: str
    shape: tuple[int, ...]
    bytes: int


@dataclass(frozen=True)
class GraphReport:
    """Result of `inspect`: each layer's devices, and the transfers between devices."""

    devices: dict  # layer → {"forward" | "backward" | "update": {devices}}
    transfers: tuple[Transfer, ...]


def inspect(function, layers, default):
    """Finds the device of every operation of a traced training step.

    Operations of the gradient are in a scope "gradients", those of the optimizer in
    "update_<path of the variable>".

    Args:
        function: `tf.types.experimental.ConcreteFunction` of the step.
        layers: Names of the model's layers, which are scopes in operation names.
        default: Device of operations that have none ("CPU:0").

    Returns:
        A `GraphReport`.
    """
    names, devices, transfers = set(layers), {}, {}
    variables = {inner.name: short(outer.device) for outer, inner in captures(function)}

    def device(op):
        held = [variables[t.name] for t in op.inputs if t.name in variables]
        return short(op.device) or next(iter(held), default)

    for op in function.graph.get_operations():
        if op.type in ("Const", "NoOp", "Placeholder"):
            continue
        layer, role = whose(op.name, names)
        target = device(op)
        if layer and not reads_scalar(op):  # the learning rate, read by every update
            devices.setdefault(layer, {}).setdefault(role, set()).add(target)
        for tensor in op.inputs:
            source = device(tensor.op)
            if source == target or tensor.name in variables:
                continue
            shape = tuple(tensor.shape) if tensor.shape.rank is not None else ()
            size = tensor.dtype.size * math.prod(length or 0 for length in shape)
            made_in = whose(tensor.op.name, names)[0]
            found = (made_in, layer, role, source, target, shape, size)
            key = (tensor.name, target)
            transfers.setdefault(key, Transfer(tensor.name, *found))
    return GraphReport(devices, tuple(transfers.values()))


def reads_scalar(op):
    return op.type == "ReadVariableOp" and op.outputs[0].shape.rank == 0


def captures(function):
    """Returns (variable's handle, its placeholder) pairs of a traced function."""
    return [
        (outer, inner)
        for outer, inner in zip(
            function.captured_inputs, function.graph.internal_captures, strict=True
        )
        if inner.dtype.name == "resource"
    ]


def whose(operation, layers):
    """Returns (layer, role) of an operation by its name; the layer may be ""."""
    scopes = operation.split("/")
    backward = any(scope.startswith("gradients") for scope in scopes)
    for scope in scopes:
        if scope.startswith("update_"):
            return scope.removeprefix("update_").split(".")[0], "update"
        for name in (scope, re.sub(r"(_\d+)?(_grad)?$", "", scope)):
            if name in layers:
                return name, "backward" if backward else "forward"
    return "", "backward" if backward else "forward"
