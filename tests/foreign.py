"""Files as others write them, made without the code that reads them: weights, pickles
of Python 2, and files that lie."""

import dataclasses
import io
import math
import os
import pickle
import struct
import subprocess
import sys
import zipfile
import zlib
from collections import OrderedDict

import numpy as np

from alexnet_paper.nets import specs
from alexnet_paper.nets.variants import VARIANTS

CLASSES = 7
SIZE, SIDE = 99, 110  # maps 23-11-11-5-5-5-5-2: pool5 is 2×2
WIDTHS = {
    "conv1": {"filters": 64},
    "conv2": {"filters": 12},
    "conv3": {"filters": 10},
    "conv4": {"filters": 8},
    "conv5": {"filters": 6},
    "fc6": {"units": 14},
    "fc7": {"units": 13},
}
LAYERS = [*WIDTHS, "fc8"]
TORCHVISION = [
    *(f"features.{number}" for number in (0, 3, 6, 8, 10)),
    *(f"classifier.{number}" for number in (1, 4, 6)),
]


class Runs:
    """What a hostile pickle has in it: a call."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


def array_of(
    code, shape, content, state=(3, "|", None, None, None, -1, -1, 0), protocol=3
):
    """A pickled {"data": array, "labels": array} that says by hand what NumPy would
    make. With this state, "O8" has pointers but is not known to."""

    class Dtype:
        def __reduce__(self):
            return np.dtype, (code, False, True), state

    class Array:
        def __reduce__(self):
            made = np.zeros(0).__reduce__()[0]
            return made, (np.ndarray, (0,), b"b"), (1, shape, Dtype(), False, content)

    return pickle.dumps({name: Array() for name in ("data", "labels")}, protocol)


class Python2(pickle._Pickler):
    """Writes text and bytes as Python 2 did, with which old files were made."""

    def save_string(self, text):
        content = text if isinstance(text, bytes) else text.encode("latin1")
        self.write(b"T" + struct.pack("<l", len(content)) + content)
        self.memoize(text)

    dispatch = {**pickle._Pickler.dispatch, bytes: save_string, str: save_string}


def python2_pickle(content):
    """Pickled as by Python 2 with NumPy 1."""
    file = io.BytesIO()
    Python2(file, protocol=2).dump(content)
    modules = (b"numpy._core.multiarray", b"numpy.core.multiarray")
    return file.getvalue().replace(*modules)


def in_child(script, *arguments, timeout=120, **options):
    """What Python code prints in a process of its own, which ends well. It can use what
    is in `bounds`."""
    script = f"import sys\nfrom bounds import limit, peak, refused\n{script}"
    command = [sys.executable, "-c", script, *map(str, arguments)]
    paths = os.pathsep.join(filter(None, sys.path))
    options |= {"capture_output": True, "text": True, "timeout": timeout}
    options |= {"env": {**os.environ, "PYTHONPATH": paths}}
    done = subprocess.run(command, check=False, **options)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


class Named(str):
    """A global of a pickle, "module name", that need not exist here."""

    def __call__(self):
        raise AssertionError("it is only named")


class Storage(bytes):
    """The bytes of a tensor, which torch.save keeps beside the pickle."""


class OfTorch(pickle._Pickler):
    """Writes data.pkl of torch.save; an array is written as a tensor."""

    def save_array(self, array):
        strides = tuple(n // array.itemsize for n in array.strides)
        made = (Storage(array.tobytes()), 0, array.shape, strides, False, OrderedDict())
        self.save_reduce(Named("torch._utils _rebuild_tensor_v2"), made, obj=array)

    def save_named(self, name):
        self.write("c{}\n{}\n".format(*name.split(" ")).encode())

    def persistent_id(self, content):
        if isinstance(content, Storage):
            self.storages.append(content)
            key, size = str(len(self.storages) - 1), len(content) // 4
            return ("storage", Named("torch FloatStorage"), key, "cpu", size)

    dispatch = {**pickle._Pickler.dispatch, np.ndarray: save_array, Named: save_named}


def zipped(path, members):
    """A zip archive of {name: content}, not packed."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def write_torch(path, found):
    """As torch.save writes a dictionary of float32 tensors, given as arrays."""
    file = io.BytesIO()
    pickler = OfTorch(file, protocol=2)
    pickler.storages = []
    pickler.dump(found)
    members = {"w/data.pkl": file.getvalue(), "w/byteorder": "little"}
    members |= {f"w/data/{n}": bytes(s) for n, s in enumerate(pickler.storages)}
    zipped(path, {**members, "w/version": "3\n"})


def png_chunk(kind, body):
    check = struct.pack(">I", zlib.crc32(kind + body))
    return struct.pack(">I", len(body)) + kind + body + check


def declared_png(width, height):
    """A PNG of a few bytes that says it is width × height."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = png_chunk(b"IDAT", zlib.compress(bytes(999))) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + body


def small_variants():
    """{name: variant} of the nets that are imported, with few kernels and units."""
    found = {}
    for name in ("caffe", "caffenet", "one-weird-trick"):
        variant = VARIANTS[name]
        net = variant.architecture.change(**WIDTHS).with_input((SIZE, SIZE, 3))
        recipe = dataclasses.replace(variant.recipe, image_side=SIDE)
        found[name] = dataclasses.replace(variant, architecture=net, recipe=recipe)
    return found


def gabor(shape, rng):
    """Kernels (height, width, 3, out) like those that are learned: bars and blobs of
    every angle, most of them coloured."""
    height, width, _, count = shape
    y, x = np.mgrid[:height, :width] - (height - 1) / 2
    kernels = np.empty(shape)
    for index in range(count):
        angle, phase = rng.uniform(0, math.pi), rng.uniform(0, 2 * math.pi)
        along = x * math.cos(angle) + y * math.sin(angle)
        wave = np.cos(2 * math.pi * along * rng.uniform(0, 0.2) + phase)
        bell = np.exp(-(x**2 + y**2) / (2 * (width / 4) ** 2))
        kernels[..., index] = (wave * bell)[..., None] * rng.uniform(-1, 1, 3)
    return kernels


def weights_of(variant, seed=0):
    """{"conv1/kernel": HWIO, ...} of a small variant that is as if trained: it sees
    RGB, and its outputs are far from uniform."""
    rng = np.random.default_rng(seed)
    net = variant.architecture.with_classes(CLASSES)
    arrays = {}
    for name, shape in specs.shapes(net).items():
        fan_in = math.prod(shape[:-1])
        scale = 0.2 if name.endswith("bias") else math.sqrt(2 / fan_in)
        arrays[name] = rng.normal(0, scale, shape)
        if name.endswith("kernel"):  # mostly one direction, as training leaves it
            maps = 6 if name == "fc6/kernel" else shape[-2]  # alike in all places
            one, other = (
                rng.permuted(np.resize([1, -1], n)) for n in (maps, shape[-1])
            )
            outer = np.outer(np.resize(one, fan_in), other).reshape(shape)
            arrays[name] = 0.3 * arrays[name] + 0.95 * scale * outer
    kernel = gabor(arrays["conv1/kernel"].shape, rng)
    kernel /= np.sqrt(np.square(kernel).sum((0, 1, 2)))
    if variant.name == "one-weird-trick":  # sees numbers about 1
        arrays["conv1/kernel"], arrays["fc8/kernel"] = kernel, arrays["fc8/kernel"] / 4
    else:  # sees numbers about 60; strong enough for the normalization to act
        arrays["conv1/kernel"] = kernel * (100 / 60)
        arrays["conv2/kernel"] /= 50
        arrays["fc8/kernel"] *= 0.3
    return {name: array.astype("float32") for name, array in arrays.items()}


def maps_first(arrays, flip):
    """{layer: (OIHW or (out, in) kernel, bias)} by loops, conv1's channels turned where
    `flip` says so."""
    found = {}
    for layer in LAYERS:
        kernel, bias = arrays[f"{layer}/kernel"], arrays[f"{layer}/bias"]
        if layer == "conv1" and flip:
            kernel = kernel[:, :, [2, 1, 0]]
        if kernel.ndim == 4:
            kernel = np.stack(
                [
                    np.stack([kernel[:, :, i, o] for i in range(kernel.shape[2])])
                    for o in range(kernel.shape[3])
                ]
            )
        elif layer == "fc6":
            maps, side = WIDTHS["conv5"]["filters"], 2
            theirs = np.empty(kernel.shape[::-1], "float32")
            for row in range(side):
                for column in range(side):
                    for m in range(maps):
                        place = m * side * side + row * side + column
                        theirs[:, place] = kernel[(row * side + column) * maps + m]
            kernel = theirs
        else:
            kernel = np.ascontiguousarray(kernel.T)
        found[layer] = (kernel, bias)
    return found


def varint(number):
    out = b""
    while number > 127:
        out, number = out + bytes([number % 128 + 128]), number // 128
    return out + bytes([number])


def field(number, content):
    """A field of the wire format: bytes, or a whole number."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def blob(array, legacy, double=False):
    if legacy:
        shape = [1] * (4 - array.ndim) + list(array.shape)
        head = b"".join(field(n, size) for n, size in enumerate(shape, start=1))
    else:
        head = field(7, field(1, b"".join(map(varint, array.shape))))
    if double:
        return head + field(8, array.astype("<f8").tobytes())
    return head + field(5, array.astype("<f4").tobytes())


def write_caffemodel(path, arrays, net="AlexNet", legacy=False, double=False):
    """Caffe's file, with the layers that have no weights among the others."""
    name, kind, blobs, layers = (4, 5, 6, 2) if legacy else (1, 2, 7, 100)
    out = field(1, net.encode())
    out += field(layers, field(name, b"data") + field(3, b"label"))
    for layer, parts in maps_first(arrays, flip=True).items():
        word = (4 if "conv" in layer else 14) if legacy else b"Convolution"
        held = b"".join(field(blobs, blob(a, legacy, double)) for a in parts)
        rate = varint(7 << 3 | 5) + struct.pack("<f", 1.0) if legacy else b""
        out += field(layers, field(name, layer.encode()) + field(kind, word) + held)
        out += field(layers, field(name, b"relu_" + layer.encode()) + rate)
    path.write_bytes(out)


def write_npy(path, arrays):
    """As caffe-tensorflow: HWIO, flattened maps last, BGR, a pickled dictionary."""
    found = {
        layer: [arrays[f"{layer}/kernel"], arrays[f"{layer}/bias"]] for layer in LAYERS
    }
    kernel, bias = found["conv1"]
    found["conv1"] = [np.ascontiguousarray(kernel[:, :, ::-1]), bias]
    with open(path, "wb") as file:
        np.save(file, np.array(found, dtype=object), allow_pickle=True)


def write_npz(path, arrays, form="{}_w {}_b", flip=True):
    kernel_form, bias_form = form.split()
    out = {}
    for layer, (kernel, bias) in maps_first(arrays, flip).items():
        out[kernel_form.format(layer)], out[bias_form.format(layer)] = kernel, bias
    with open(path, "wb") as file:
        np.savez(file, **out)


def state_dict(arrays, names=LAYERS, flip=True):
    found = OrderedDict()
    for name, parts in zip(names, maps_first(arrays, flip).values(), strict=True):
        found[f"{name}.weight"], found[f"{name}.bias"] = parts
    return found


def real_torch(path, found):
    """By PyTorch itself."""
    import torch

    tensors = {name: torch.from_numpy(np.array(array)) for name, array in found.items()}
    torch.save(OrderedDict(tensors), path)
