"""The project's weight file: named arrays and what is known of them.

It is an uncompressed .npz. Its arrays are named "conv1/kernel", "conv1/bias", … as by
`model.get_weights`; the two towers are joined, so the file fits both forms of a net.
One more array, "meta", is a JSON text. A training checkpoint has further arrays.
"""

import contextlib
import json
from dataclasses import dataclass

import numpy as np

from alexnet_paper.data.arrays import read_npz
from alexnet_paper.data.augment import Preparation
from alexnet_paper.files import atomic_file
from alexnet_paper.files import bounded
from alexnet_paper.files import in_short
from alexnet_paper.nets import variants

LARGEST = 2**31  # bytes of a file: four checkpoints of the largest net, 62 M weights

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


def check_numbers(arrays, kinds="f"):
    """Raises ValueError if an array does not hold finite floating-point numbers, or
    numbers of NumPy's other `kinds`."""
    for name, array in arrays.items():
        if array.dtype.kind not in kinds:
            raise ValueError(f"{name} holds {array.dtype}, not floating-point numbers.")
        if not np.isfinite(array).all():
            raise ValueError(f"{name} holds numbers that are not finite.")


def load(path, extra=False):
    """Returns the `Weights` of a file; with `extra`, a checkpoint's further arrays too.

    Raises ValueError if the file is damaged or of another kind, or if a weight is not a
    finite number, and FileNotFoundError if there is none.
    """
    with readable(path):
        arrays = read_npz(path, LARGEST, skip=() if extra else EXTRA)
        meta = text_of(arrays.pop(META))
        if sorted(arrays) != meta.pop(NAMES):
            raise ValueError("arrays are missing or renamed")
        further = taken(arrays, EXTRA)
        check_numbers(arrays)
        check_numbers(further if extra else {}, "fiu")
        parts = taken(arrays, PREPARATION)
        parts = {name.removeprefix(PREPARATION): a for name, a in parts.items()}
        settings = meta.get("preparation")
        prepare = Preparation.restore(settings, parts) if settings else None
    return Weights(arrays, prepare, meta, further if extra else {})


def load_meta(path):
    """Returns what a file says of itself, without reading its arrays.

    Raises as `load`.
    """
    with readable(path):
        return text_of(read_npz(path, LARGEST, only=META)[META])


@contextlib.contextmanager
def readable(path):
    """Context in which every error but FileNotFoundError becomes a ValueError that
    names the weight file."""
    try:
        yield
    except FileNotFoundError:
        raise
    except Exception as error:
        raise ValueError(
            f"{path} is not a weight file of this project, or is damaged "
            f"({in_short(error)}). "
            "To import another project's: python -m reproduce.weights import FILE "
            "--out NEW.npz"
        ) from error


def text_of(array):
    return dict(json.loads(bounded(array.tobytes()).decode("utf-8")))


def taken(arrays, prefix):
    """Takes the arrays whose names begin with `prefix` out of a dictionary."""
    return {name: arrays.pop(name) for name in [*arrays] if name.startswith(prefix)}
