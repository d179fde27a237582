"""The project's weight file: named arrays and what is known of them.

It is an uncompressed .npz. Its arrays are named "conv1/kernel", "conv1/bias", … as by
`model.get_weights`; the two towers are joined, so the file fits both forms of a net.
One more array, "meta", is a JSON text. A training checkpoint has further arrays.
"""

import json
import math
import zipfile
from dataclasses import dataclass

import numpy as np

from alexnet_paper.data.augment import Preparation
from alexnet_paper.files import atomic_file
from alexnet_paper.nets import variants

LARGEST = 2**31  # bytes that a file may unpack to: four times an AlexNet with Adam's

META = "meta"
NAMES = "arrays"  # key in the text: the names of all arrays of the file
PREPARATION = "preparation/"  # prefix of the mean and the colour components
EXTRA = ("optimizer/", "metric/", "seed/")  # prefixes of a checkpoint's further arrays


@dataclass(frozen=True)
class Weights:
    """What a weight file holds.

    `arrays` are the net's, `preparation` says how its images are prepared, `meta` is
    what else is known of it, and `extra` is a checkpoint's state of the training.
    """

    arrays: dict
    preparation: Preparation | None
    meta: dict
    extra: dict

    def variant(self):
        """Returns the `Variant` that the file is for.

        Raises ValueError if the file names none, an unknown one, or a former one that
        was another net.
        """
        name = self.meta.get("variant")
        if not isinstance(name, str):
            raise ValueError("the file does not say which variant it is for.")
        if name in variants.OTHER_NETS:
            now = variants.OLD_NAMES[name]
            raise ValueError(
                f"the file is for the former variant {name}, which was another net "
                f"than {now}: train {now} again."
            )
        return variants.get(name)


def save(path, arrays, meta):
    """Writes arrays {name: array} and the dict `meta`, whole or not at all."""
    meta = {**meta, NAMES: sorted(arrays)}
    text = np.frombuffer(json.dumps(meta).encode("utf-8"), "uint8")
    with atomic_file(path) as file:
        np.savez(file, **{META: text}, **arrays)


def check_archive(path, skip=()):
    """Checks an .npz before anything is unpacked.

    Raises ValueError if an array is larger than its member of the archive, if all of
    them are larger than `LARGEST`, or if one does not hold numbers. Members whose names
    start with one of `skip` are not checked.
    """
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
    """Raises ValueError if a zip archive has two members of one name or would unpack
    to more than `LARGEST` bytes."""
    size = sum(info.file_size for info in archive.infolist())
    if size > LARGEST:
        raise ValueError(f"it unpacks to {size:,} bytes, more than {LARGEST:,}")
    if len(set(archive.namelist())) < len(archive.namelist()):
        raise ValueError("an array is in it twice")


def read_header(file):
    """Returns (shape, Fortran order, dtype) from the header of an .npy file.

    The file is then at its first number.
    """
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(file)
    if version == (2, 0):
        return np.lib.format.read_array_header_2_0(file)
    raise ValueError(f".npy version {version}")


def load(path, extra=False):
    """Returns the `Weights` of a file; with `extra`, a checkpoint's further arrays too.

    Raises ValueError if the file is damaged or of another kind, and FileNotFoundError
    if there is none.
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
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(
            f"{path} is not a weight file of this project, or is damaged ({reason}). "
            "To import another project's: python -m reproduce.weights import FILE "
            "--out NEW.npz"
        ) from error
    further = {name: arrays.pop(name) for name in read if name.startswith(EXTRA)}
    return Weights(arrays, prepare, meta, further)
