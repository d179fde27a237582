"""The project's one weight file: named arrays and what is known of them.

An uncompressed .npz with arrays "conv1/kernel", "conv1/bias", … as `model.get_weights`
gives them (towers joined, so that it fits both forms of a net) and one JSON text,
"meta". A training checkpoint is the same file with more arrays.
"""

import json
import zipfile

import numpy as np

from alexnet_paper.record import atomic_file

META = "meta"
EXTRA = ("optimizer/", "metric/", "seed/")  # of a checkpoint, not part of the net


def save(path, arrays, meta):
    """Writes arrays {name: array} and the dict `meta`, whole or not at all."""
    text = np.frombuffer(json.dumps(meta).encode("utf-8"), "uint8")
    with atomic_file(path) as file:
        np.savez(file, **{META: text}, **arrays)


def load(path, extra=False):
    """(arrays, meta) of a file; with `extra`, a checkpoint's further arrays too.

    Raises ValueError, naming the file, if it is damaged or something else.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            meta = json.loads(file[META].tobytes().decode("utf-8"))
            names = [name for name in file.files if name != META]
            arrays = {
                name: file[name]
                for name in names
                if extra or not name.startswith(EXTRA)
            }
    except FileNotFoundError:
        raise
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is not a weight file, or is damaged: {error}") from (
            error
        )
    return arrays, meta
