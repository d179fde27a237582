"""Readers of other projects' weight files, which are not trusted.

A reader returns the arrays as they are in the file, under the file's own layer names;
`convert` reorders them. No file can run code, or make a reader use much more memory
than the file's size or `file.LARGEST`.
"""

import io
import pickle
import pickletools
import re
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from alexnet_paper.data.datasets import ArraysOnly
from alexnet_paper.weights import file as weight_file

PARTS = {
    **dict.fromkeys(("w", "weight", "weights", "kernel"), "kernel"),
    **dict.fromkeys(("b", "bias", "biases"), "bias"),
}
NAME = re.compile(rf"(.+)[._/]({'|'.join(PARTS)})(:0)?", re.IGNORECASE)
TORCH_LEGACY = b"\x80\x02\x8a\x0a"  # torch.save before PyTorch 1.6
OBJECTS = 10_000  # most objects in a pickle; a net's arrays need some hundred


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
    with open(path, "rb") as file:
        head = file.read(8)
    if head.startswith(b"PK"):
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
        if f"{weight_file.META}.npy" in names:
            return "own"
        return "torch" if any(n.endswith("data.pkl") for n in names) else "npz"
    if head.startswith(b"\x93NUMPY"):
        return "npy"
    if head.startswith(b"\x89HDF"):
        raise ValueError("HDF5 is not read: convert it to .npz")
    if head.startswith(TORCH_LEGACY):
        return "torch"
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
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"{path} cannot be read: {reason}") from error


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
    weight_file.check_archive(path)
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    return Foreign("npz", "OIHW", by_layer(arrays))


class CheckedArrays(ArraysOnly):
    """Unpickler that also refuses arrays of objects and arrays without content."""

    class Array(np.ndarray):
        def __new__(cls, shape, *rest):
            if shape != (0,):
                raise pickle.UnpicklingError(f"an array of {shape} from nothing")
            return super().__new__(cls, shape, *rest)

        def __setstate__(self, state):
            _, shape, dtype, _, content = state
            if dtype.hasobject and (shape, type(content)) != ((), list):
                raise pickle.UnpicklingError("an array of objects")
            if dtype.hasobject and len(content) != 1:
                raise pickle.UnpicklingError("an array of objects")
            super().__setstate__(state)

    def find_class(self, module, name):
        found = super().find_class(module, name)
        if name == "_reconstruct":
            return lambda kind, *rest: self.Array(*rest)
        return self.Array if found is np.ndarray else found


def unpickled(content):
    """Returns the content of a pickle of arrays and plain containers."""
    for opcode, argument, _ in pickletools.genops(content):  # it checks lengths
        if opcode.name.endswith("PUT") and int(argument or 0) > OBJECTS:
            raise ValueError(f"it claims {argument} objects")
    found = CheckedArrays(io.BytesIO(content), encoding="latin1").load()
    return found.item() if isinstance(found, np.ndarray) else found


def read_npy(path):
    """Reads a pickled {"conv1": [kernel, bias], ...} in TensorFlow's layout.

    caffe-tensorflow wrote bvlc_alexnet.npy in this form.
    """
    with open(path, "rb") as file:
        shape, _, dtype = weight_file.read_header(file)
        if not dtype.hasobject or shape != ():
            raise ValueError(f"one array of {dtype}, not a dictionary of layers")
        found = unpickled(file.read())
    if not isinstance(found, dict):
        raise ValueError(f"it holds a {type(found).__name__}, not a dictionary")
    layers = {}
    for name, parts in found.items():
        if isinstance(parts, dict):  # caffe-tensorflow's later form
            parts = [parts.get("weights"), parts.get("biases")]
        if not isinstance(parts, (list, tuple)) or len(parts) != 2:
            raise ValueError(f"{name!r} does not have a kernel and a bias")
        for word, array in zip(("kernel", "bias"), parts, strict=True):
            if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
                raise ValueError(f"the {word} of {name!r} is not an array of numbers")
            layers.setdefault(str(name), {})[word] = np.asarray(array)
    return Foreign("npy", "HWIO", layers)


def check_torch_archive(path):
    """Returns the sizes of the tensors' contents in a file of `torch.save`.

    Raises ValueError if the archive is damaged, compressed or too large.
    """
    with zipfile.ZipFile(path) as archive:
        weight_file.check_members(archive)
        if any(info.compress_type for info in archive.infolist()):
            raise ValueError("it is compressed, which torch.save does not do")
        damaged = archive.testzip()
        if damaged:
            raise ValueError(f"{damaged} is damaged")
        rows = archive.infolist()
    return {row.file_size for row in rows if "/data/" in row.filename}


def read_torch(path):
    """Reads a PyTorch state_dict, or {"state_dict": state_dict}."""
    try:
        import torch
    except ImportError as error:
        raise ValueError("reading it needs PyTorch: pip install torch") from error
    held = check_torch_archive(path) if zipfile.is_zipfile(path) else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd pickles
        found = torch.load(path, map_location="cpu", weights_only=True)
    found = found.get("state_dict", found) if isinstance(found, dict) else found
    if not isinstance(found, dict) or not all(
        isinstance(tensor, torch.Tensor) and tensor.dtype.is_floating_point
        for tensor in found.values()
    ):
        raise ValueError("it is not a state_dict of floating-point tensors")
    for name, tensor in found.items():
        stored = tensor.untyped_storage().nbytes()  # in an archive, as claimed
        if (
            (held and stored not in held)
            or tensor.nbytes > stored
            or not tensor.is_contiguous()
        ):
            raise ValueError(f"{name} claims {tuple(tensor.shape)} of {stored} bytes")
    arrays = {name: tensor.float().numpy() for name, tensor in found.items()}
    return Foreign("torch", "OIHW", by_layer(arrays))


def caffe_message():
    """Returns the class of Caffe's NetParameter with the few fields that weights need.

    The field numbers are those of the public caffe.proto. `data` and `double_data` are
    packed numbers, which are read as bytes.
    """
    from google.protobuf import descriptor_pb2
    from google.protobuf import descriptor_pool
    from google.protobuf import message_factory

    fields = {  # message: (field, number, type or message, repeated)
        "Shape": [("dim", 1, "INT64", True)],
        "Blob": [
            *((n, i, "INT64", False) for i, n in enumerate(LEGACY, start=1)),
            ("data", 5, "BYTES", True),
            ("shape", 7, "Shape", False),
            ("double_data", 8, "BYTES", True),
        ],
        "Layer": [("name", 1, "BYTES", False), ("blobs", 7, "Blob", True)],
        "V1Layer": [("name", 4, "BYTES", False), ("blobs", 6, "Blob", True)],
        "Net": [
            ("name", 1, "BYTES", False),
            ("layers", 2, "V1Layer", True),
            ("layer", 100, "Layer", True),
        ],
    }
    form = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="net", package="caffe")
    for message, rows in fields.items():
        described = file.message_type.add(name=message)
        for name, number, of, repeated in rows:
            field = described.field.add(name=name, number=number)
            field.label = form.LABEL_REPEATED if repeated else form.LABEL_OPTIONAL
            if of in fields:
                field.type, field.type_name = form.TYPE_MESSAGE, f".caffe.{of}"
            else:
                field.type = form.Type.Value(f"TYPE_{of}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("caffe.Net"))


LEGACY = ("num", "channels", "height", "width")  # a blob's shape before "shape"


def read_caffemodel(path):
    """Reads Caffe's binary NetParameter, with old or new layers."""
    from google.protobuf.message import DecodeError

    size = Path(path).stat().st_size
    if size > weight_file.LARGEST:
        raise ValueError(f"it has {size:,} bytes, more than {weight_file.LARGEST:,}")
    net = caffe_message()()
    try:
        net.ParseFromString(Path(path).read_bytes())
    except DecodeError as error:
        raise ValueError("it is of no known format, or is damaged") from error
    layers = {}
    for layer in (*net.layers, *net.layer):
        name = layer.name.decode("utf-8")
        if not layer.blobs:
            continue
        if name in layers or len(layer.blobs) > 2:
            raise ValueError(
                f"layer {name!r} occurs twice, or has more than a kernel and a bias"
            )
        parts = zip(("kernel", "bias"), layer.blobs, strict=False)
        layers[name] = {part: blob_array(name, blob) for part, blob in parts}
    return Foreign("caffemodel", "OIHW", layers, net.name.decode("utf-8"))


def blob_array(name, blob):
    """Returns a Caffe blob as an array.

    Leading ones are dropped from its shape: the legacy form always has four numbers.
    """
    content, kind = b"".join(blob.data), "<f4"
    if blob.double_data:
        content, kind = b"".join(blob.double_data), "<f8"
    shape = [*blob.shape.dim] or [getattr(blob, n) for n in LEGACY]
    while len(shape) > 1 and shape[0] == 1:
        shape.pop(0)
    if len(content) % int(kind[-1]):
        raise ValueError(f"the numbers of layer {name!r} are cut off")
    array = np.frombuffer(content, kind)
    if min(shape) < 1 or array.size != np.prod(shape, dtype=object):
        raise ValueError(f"layer {name!r} claims {shape} for {array.size:,} numbers")
    return array.reshape(shape)


READERS = {
    "caffemodel": read_caffemodel,
    "npy": read_npy,
    "npz": read_npz,
    "torch": read_torch,
}
