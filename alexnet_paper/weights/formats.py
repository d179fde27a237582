"""Readers of other projects' weight files, which are not trusted.

A reader returns the arrays as they are in the file, under the file's own layer names;
`convert` reorders them. No file can run code. Time and memory are proportional to the
file's size, which is bounded, as is what a packed file may unpack to.
"""

import itertools
import math
import re
from dataclasses import dataclass

import numpy as np

from alexnet_paper.data import arrays as files_of_arrays
from alexnet_paper.data import pickles
from alexnet_paper.files import in_short
from alexnet_paper.files import open_file
from alexnet_paper.files import read_file
from alexnet_paper.weights import file as weight_file

PARTS = {
    **dict.fromkeys(("w", "weight", "weights", "kernel"), "kernel"),
    **dict.fromkeys(("b", "bias", "biases"), "bias"),
}
NAME = re.compile(rf"(.+)[._/]({'|'.join(PARTS)})(:0)?", re.IGNORECASE)
LARGEST = 2**29  # bytes: 62 M weights, the largest net's, as float64
FIELDS = 100_000  # most fields of a .caffemodel; Caffe's AlexNet has some thousand
TORCH_LEGACY = b"\x80\x02\x8a\x0a"  # torch.save before PyTorch 1.6


@dataclass(frozen=True)
class Foreign:
    """What another project's file holds.

    `layers` is {layer name: {"kernel": array, "bias": array}} in the file's order; one
    of the two may be missing. `layout` is the order of a kernel's axes: "OIHW" (maps
    out, maps in a group, height, width; dense: out, in, with the input flattened maps
    first) or "HWIO" (dense: in, out, flattened maps last). `net` is the net's name in
    the file.
    """

    format: str
    layout: str
    layers: dict
    net: str = ""


def kind(path):
    """Returns a file's format, judged by its content: a key of `READERS`, or "own".

    Raises ValueError for formats that are not read.
    """
    with open_file(path) as file:
        head = file.read(8)
    if head.startswith(b"PK"):
        with files_of_arrays.open_zip(
            path, weight_file.LARGEST, packed=True
        ) as archive:
            names = archive.namelist()
        if f"{weight_file.META}.npy" in names:
            return "own"
        return "torch" if any(n.endswith("data.pkl") for n in names) else "npz"
    if head.startswith(b"\x93NUMPY"):
        return "npy"
    if head.startswith(b"\x89HDF"):
        raise ValueError("HDF5 is not read: convert it to .npz")
    if head.startswith(TORCH_LEGACY):
        raise ValueError(
            "files of torch.save before PyTorch 1.6 are not read. Save it anew: "
            "torch.save(torch.load(FILE), NEW, _use_new_zipfile_serialization=True)"
        )
    if head.startswith(b"\x80"):
        raise ValueError("a bare pickle is not read: save the arrays with np.savez")
    return "caffemodel"


def read(path):
    """Returns the `Foreign` of a file.

    Raises ValueError if the file is damaged or of no known format, and
    FileNotFoundError if there is none.
    """
    try:
        found = READERS[kind(path)](path)
        if not any(found.layers.values()):
            raise ValueError("it has no weights")
        return found
    except FileNotFoundError:
        raise
    except Exception as error:
        raise ValueError(f"{path} cannot be read: {in_short(error)}") from error


def by_layer(arrays):
    """Groups arrays: {"conv1_w": array, ...} → {"conv1": {"kernel": array}, ...}."""
    layers = {}
    for name, array in arrays.items():
        found = NAME.fullmatch(name)
        part = PARTS[found[2].lower()] if found else None
        if part is None or part in layers.setdefault(found[1], {}):
            raise ValueError(f"{name} is not the one kernel or bias of a layer")
        if array.dtype.kind != "f":
            raise ValueError(f"{name} holds {array.dtype}, not floating-point numbers")
        layers[found[1]][part] = array
    return layers


def read_npz(path):
    """Reads arrays in Caffe's layout, named "conv1_w", "conv1/weights", …"""
    arrays = files_of_arrays.read_npz(path, LARGEST, packed=True)
    return Foreign("npz", "OIHW", by_layer(arrays))


def read_npy(path):
    """Reads a pickled {"conv1": [kernel, bias], ...} in TensorFlow's layout.

    caffe-tensorflow wrote bvlc_alexnet.npy in this form.
    """
    with open_file(path, LARGEST) as file:
        shape, _, dtype = files_of_arrays.read_header(file)
        if not dtype.hasobject or shape != ():
            raise ValueError(f"one array of {dtype}, not a dictionary of layers")
        found = pickles.read(file.read())
    match found:
        case pickles.Made(state=(_, (), _, _, [dict(held)])):  # an array of one object
            found = held
    if not isinstance(found, dict):
        raise ValueError(f"it holds a {type(found).__name__}, not a dictionary")
    arrays = {}
    for name, parts in found.items():
        if isinstance(parts, dict):  # caffe-tensorflow's later form
            parts = [parts.get("weights"), parts.get("biases")]
        if not isinstance(parts, (list, tuple)) or len(parts) != 2:
            raise ValueError(f"{name!r} does not have a kernel and a bias")
        for word, made in zip(("kernel", "bias"), parts, strict=True):
            arrays[f"{name}/{word}"] = pickles.array(made)
    return Foreign("npy", "HWIO", by_layer(arrays))


def read_torch(path):
    """Reads a PyTorch state_dict, or {"state_dict": state_dict}, without PyTorch."""
    with files_of_arrays.open_zip(path, LARGEST) as archive:
        (place,) = [n for n in archive.namelist() if n.endswith("data.pkl")]
        folder = place.removesuffix("data.pkl")
        order = f"{folder}byteorder"
        if order in archive.namelist() and archive.read(order) != b"little":
            raise ValueError("its numbers are not little-endian")
        found = pickles.read(archive.read(place))
        found = found.get("state_dict", found) if isinstance(found, dict) else found
        if not isinstance(found, dict):
            raise ValueError("it is not a state_dict")
        contents = {}
        arrays = {
            str(name): tensor(made, archive, f"{folder}data/", contents)
            for name, made in found.items()
        }
    return Foreign("torch", "OIHW", by_layer(arrays))


def tensor(made, archive, folder, contents):
    """Returns a tensor of a `torch.save` archive as an array.

    `contents` keeps what was read. Raises ValueError if the tensor is not whole.
    """
    match made:
        case pickles.Made(pickles.PARAMETER, (data, *_)):
            return tensor(data, archive, folder, contents)
        case pickles.Made(
            pickles.TENSOR,
            (
                pickles.Made(pickles.STORAGE, (_, str(kind), str(key), *_)),
                int(offset),
                tuple(shape),
                tuple(strides),
                *_,
            ),
        ) if kind in pickles.TORCH and len(shape) == len(strides) <= 4 and offset >= 0:
            if strides != tuple(np.cumprod((1, *shape[:0:-1]))[::-1]):
                raise ValueError("a tensor is not stored in order: use .contiguous()")
            if key not in contents:
                contents[key] = archive.read(folder + key)
            size, dtype = int(pickles.TORCH[kind][-1]), pickles.TORCH[kind]
            content = memoryview(contents[key])[offset * size :]
            return pickles.shaped(content[: math.prod(shape) * size], dtype, shape)
    raise ValueError("it is not a state_dict of floating-point tensors")


# A .caffemodel is a message of Google's protocol buffers: fields, each a number and
# either a whole number or bytes, which can be a message themselves. The numbers of the
# fields are those of the public caffe.proto.

LEGACY = (1, 2, 3, 4)  # number of maps, channels, height, width: a blob's old shape
DATA, SHAPE, DOUBLES, DIM = 5, 7, 8, 1
LAYERS = {100: (1, 7), 2: (4, 6)}  # field of a layer: its fields of name and blobs


def read_caffemodel(path):
    """Reads Caffe's binary NetParameter, with old or new layers."""
    count, net, layers = itertools.count(), "", {}
    for number, content in fields(memoryview(read_file(path, LARGEST)), count):
        if number == 1:
            net = text(content)
        if number not in LAYERS or isinstance(content, int):
            continue
        name, blobs = "", []
        for part, value in fields(content, count):
            if part == LAYERS[number][0]:
                name = text(value)
            elif part == LAYERS[number][1]:
                blobs.append(value)
        if blobs and (name in layers or len(blobs) > 2):
            raise ValueError(
                f"layer {name!r} occurs twice, or has more than a kernel and a bias"
            )
        if blobs:
            parts = zip(("kernel", "bias"), blobs, strict=False)
            layers[name] = {p: blob_array(name, blob, count) for p, blob in parts}
    return Foreign("caffemodel", "OIHW", layers, net)


def fields(message, count):
    """Yields (number, value) of a message: a whole number, or a view of its bytes.

    Raises ValueError if it is cut off, or if `count`, of all fields of the file, goes
    above `FIELDS`.
    """
    place = 0
    while place < len(message):
        key, place = varint(message, place)
        number, kind, size = key >> 3, key & 7, 0
        if kind == 0:
            value, place = varint(message, place)
        elif kind == 2:
            size, place = varint(message, place)
        else:
            size = {1: 8, 5: 4}.get(kind, len(message))
        if place + size > len(message) or not number or next(count) > FIELDS:
            raise ValueError("it is of no known format, or is damaged")
        yield number, message[place : place + size] if kind else value
        place += size


def varint(message, place):
    """Returns the whole number at a place of a message and the place after it."""
    found = 0
    for shift in range(0, 70, 7):
        if place == len(message):
            break
        found |= (message[place] & 127) << shift
        place += 1
        if message[place - 1] < 128:
            return found, place
    raise ValueError("it is of no known format, or is damaged")


def text(value):
    return bytes(value).decode("utf-8") if isinstance(value, memoryview) else str(value)


def blob_array(name, blob, count):
    """Returns a Caffe blob as an array.

    Leading ones are dropped from its shape: the old form always has four numbers.
    """
    old, new, contents = {}, [], {DATA: [], DOUBLES: []}
    for number, value in fields(blob, count):
        if number in LEGACY:
            old[number] = value
        elif number in contents:
            contents[number].append(value)
        elif number == SHAPE:
            new = dims(value, count)
    shape = new or [old.get(number, 0) for number in LEGACY]
    while len(shape) > 1 and shape[0] == 1:
        shape = shape[1:]
    which = DOUBLES if contents[DOUBLES] else DATA
    content = b"".join(contents[which])
    try:
        return pickles.shaped(content, "<f8" if which == DOUBLES else "<f4", shape)
    except ValueError as error:
        raise ValueError(f"layer {name!r} claims {shape}: {error}") from error


def dims(message, count):
    """Returns the numbers of a blob's shape, packed or one by one."""
    found = []
    for number, value in fields(message, count):
        if number == DIM and isinstance(value, int):
            found.append(value)
        place = 0
        while number == DIM and not isinstance(value, int) and place < len(value):
            size, place = varint(value, place)
            found.append(size)
            if len(found) > 8:
                raise ValueError("a blob has more than eight dimensions")
    return found


READERS = {
    "caffemodel": read_caffemodel,
    "npy": read_npy,
    "npz": read_npz,
    "torch": read_torch,
}
