"""The project's one weight file: named arrays and what is known of them.

An uncompressed .npz with arrays "conv1/kernel", "conv1/bias", … as `model.get_weights`
gives them (towers joined, so that it fits both forms of a net) and one JSON text,
"meta". A training checkpoint is the same file with more arrays.
"""

import json
import math
import zipfile
from dataclasses import dataclass

import numpy as np

from alexnet_paper.data.augment import Preparation
from alexnet_paper.files import DAMAGED
from alexnet_paper.files import atomic_file

LARGEST = 2**31  # bytes that a file may unpack to: four times an AlexNet with Adam's

META = "meta"
NAMES = "arrays"  # in the text: what the archive must hold, whose names have no check
PREPARATION = "preparation/"  # mean and colour components, part of every file
EXTRA = ("optimizer/", "metric/", "seed/")  # of a checkpoint, not part of the net


@dataclass(frozen=True)
class Weights:
    """What a weight file holds: the net's arrays, how its images are prepared, what is
    known of it, and of a checkpoint the state of the training."""

    arrays: dict
    preparation: Preparation | None
    meta: dict
    extra: dict


def save(path, arrays, meta):
    """Writes arrays {name: array} and the dict `meta`, whole or not at all."""
    meta = {**meta, NAMES: sorted(arrays)}
    text = np.frombuffer(json.dumps(meta).encode("utf-8"), "uint8")
    with atomic_file(path) as file:
        np.savez(file, **{META: text}, **arrays)


def check_archive(path, skip=()):
    """Raises ValueError where an .npz claims more than it holds or than `LARGEST`, or
    has anything but arrays of numbers: before any of it is unpacked. Members whose
    names start with one of `skip` are not looked into."""
    with zipfile.ZipFile(path) as archive:
        check_members(archive)
        for info in archive.infolist():
            if info.filename.startswith(skip):
                continue
            with archive.open(info) as file:
                shape, _, dtype = read_header(file)
                size = file.tell() + math.prod(shape) * dtype.itemsize
            if dtype.hasobject or size != info.file_size:
                raise ValueError(
                    f"{info.filename} claims {shape} of {dtype} in {info.file_size:,} "
                    "bytes"
                )


def check_members(archive):
    """Raises ValueError where a zip archive names a member twice or would unpack to
    more than `LARGEST`."""
    size = sum(info.file_size for info in archive.infolist())
    if size > LARGEST:
        raise ValueError(f"it unpacks to {size:,} bytes, more than {LARGEST:,}")
    if len(set(archive.namelist())) < len(archive.namelist()):
        raise ValueError("an array is in it twice")


def read_header(file):
    """(shape, Fortran order, dtype) from the head of an .npy file, which is left where
    its numbers begin."""
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(file)
    if version == (2, 0):
        return np.lib.format.read_array_header_2_0(file)
    raise ValueError(f".npy version {version}")


def load(path, extra=False):
    """The `Weights` of a file; with `extra`, a checkpoint's further arrays too.

    Raises ValueError, naming the file, if it is damaged or something else, and
    FileNotFoundError if it is not there.
    """
    try:
        check_archive(path, () if extra else EXTRA)
        with np.load(path, allow_pickle=False) as file:
            meta = dict(json.loads(file[META].tobytes().decode("utf-8")))
            names = [name for name in file.files if name != META]
            if sorted(names) != meta.pop(NAMES):
                raise ValueError("arrays are missing or renamed")
            read = [name for name in names if extra or not name.startswith(EXTRA)]
            arrays = {name: file[name] for name in read}
        settings = meta.get("preparation")
        parts = {
            name.removeprefix(PREPARATION): arrays.pop(name)
            for name in read
            if name.startswith(PREPARATION)
        }
        prepare = Preparation.restore(settings, parts) if settings else None
    except FileNotFoundError:
        raise
    except DAMAGED as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(
            f"{path} is not a weight file of this project, or is damaged ({reason}). "
            "Those of others: python -m reproduce.weights import FILE --out NEW.npz"
        ) from error
    further = {name: arrays.pop(name) for name in read if name.startswith(EXTRA)}
    return Weights(arrays, prepare, meta, further)
