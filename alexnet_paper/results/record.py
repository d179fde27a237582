"""Records: what was evaluated, on which data, by which commit, with which metrics.

A record is one JSON file. Tables and figures are made from records only.
"""

import base64
import dataclasses
import json
import math
import re
import zlib
from dataclasses import dataclass
from dataclasses import field
from importlib.util import find_spec
from pathlib import Path

from alexnet_paper.files import atomic_write
from alexnet_paper.files import read_text

RECORDS = "*-views*-seed*.json"


@dataclass(frozen=True)
class Protocol:
    """How a number was obtained. A field that does not apply is None.

    Evaluation: `classes`, `views`, `runs` (the number averaged), `image`, `mean` and
    `labels` (how images were prepared and labelled), `fingerprint` (of the split's
    images), `precision`. Training: `epochs` and `seed` ("imported" for weight files),
    `weights_of_epoch`, `training_images`, `batch_size`, `steps` (in an epoch),
    `recipe`, `changes` (of the plan), `trained` and `trained_by` (commands and
    commits), `ended` (how a run ended that diverged). Experiment: `experiment` (its
    name), `arm`, `protocol_commit`, `input` and `rate`. Weight files: `weights`,
    `sha256`, `label_order`. Features: `layer` and `probe`.
    """

    classes: int | None = None
    views: int | None = None
    runs: int = 1
    image: str | None = None
    mean: str | None = None
    labels: str | None = None
    fingerprint: str | None = None
    precision: str | None = None
    epochs: int | str | None = None
    seed: str | None = None
    weights_of_epoch: int | None = None
    training_images: int | None = None
    batch_size: int | None = None
    steps: int | None = None
    recipe: str | None = None
    changes: dict | None = None
    trained: list = field(default_factory=list)
    trained_by: list = field(default_factory=list)
    ended: str | None = None
    experiment: str | None = None
    arm: str | None = None
    protocol_commit: str | None = None
    input: int | str | None = None
    rate: float | None = None
    weights: str | list | None = None
    sha256: str | list | None = None
    label_order: str | None = None
    layer: str | None = None
    probe: str | None = None


@dataclass(frozen=True)
class Record:
    """One evaluation, with its full protocol.

    `metrics` are fractions (top1_error, top5_error) or nats (loss); the 95 % interval
    of an error is under "<name>_interval". `arrays` has {name: packed array with one
    value or row for each image}. `source` is the file that the record was read from.
    """

    variant: str
    data: str
    split: str
    examples: int
    protocol: Protocol
    metrics: dict
    command: str
    environment: dict
    history: list = field(default_factory=list)
    arrays: dict = field(default_factory=dict)
    source: str = ""

    @property
    def name(self):
        """The record's file name; for weight files with the start of their hashes."""
        about = self.protocol
        hashes = about.sha256 or ()
        hashes = hashes if isinstance(hashes, (list, tuple)) else [hashes]
        known = "".join(f"-{str(one)[:8]}" for one in hashes if one != "not said")
        measured = f"{self.data}-{self.split}-views{about.views}-seed{about.seed}"
        if about.experiment:
            who = f"{about.experiment}-{about.arm}"
        else:
            who = self.variant + ("" if self.published else f"-{self.recipe}")
        # a weight file says what it likes of itself: no text of it leads elsewhere
        return re.sub("[^a-z0-9.+-]", "-", f"{who}-{measured}{known}".lower()) + ".json"

    @property
    def dataset(self):
        """The data's name in tables. A subset of ImageNet's classes, such as the ten of
        Imagenette, is not called ImageNet."""
        classes = self.protocol.classes
        if self.data != "imagenet" or classes in (None, 1000):
            return self.data
        return f"imagenet subset ({classes} classes)"

    @property
    def recipe(self):
        """Name of the variant's recipe that the net was trained by."""
        return self.protocol.recipe or "as-published"

    @property
    def published(self):
        """Whether the net was trained by the variant's own recipe."""
        return self.recipe == "as-published"

    def save(self, folder):
        """Writes the record into `folder` and returns its path.

        It replaces a record of the same command. If a record of another command has its
        name, a number is added to the name ("…_2.json").
        """
        path, number = Path(folder) / self.name, 1
        while path.exists() and not self.repeats(path):
            number += 1
            path = path.with_name(f"{self.name.removesuffix('.json')}_{number}.json")
        content = dataclasses.asdict(self)
        told = content["protocol"].items()
        content["protocol"] = {k: v for k, v in told if v not in (None, [])}
        del content["source"]
        if not self.arrays:
            del content["arrays"]
        atomic_write(path, json.dumps(content, indent=1, sort_keys=True) + "\n")
        return path

    def array(self, name):
        """Returns an unpacked array of `arrays`.

        Raises ValueError, with the file's name, if it is missing or damaged.
        """
        try:
            return unpack(self.arrays[name])
        except (KeyError, TypeError, ValueError, zlib.error) as error:
            raise ValueError(f"{self.source} has no array {name}: {error}") from error

    def repeats(self, path):
        """Returns whether the record at `path` was made by the same commands."""
        try:
            there = Record.load(path)
        except ValueError:
            return False
        trained = (one.protocol.trained for one in (self, there))
        return self.command == there.command and len(set(map(str, trained))) == 1

    @classmethod
    def load(cls, path):
        """Reads a record. Raises ValueError, with the file's name, if it is not one."""
        try:
            content = json.loads(read_text(path))
            content["protocol"] = Protocol(**content["protocol"])
            return cls(**content, source=str(path))
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path} is not a record: {error}") from error


def pack(array):
    """Returns an array as JSON: dtype, shape and compressed bytes in base 64."""
    packed = zlib.compress(array.tobytes(), 9)
    return {
        "dtype": array.dtype.name,
        "shape": list(array.shape),
        "zlib": base64.b64encode(packed).decode(),
    }


def unpack(packed):
    """Returns an array from `pack`'s JSON. Raises ValueError if it is damaged."""
    import numpy as np

    if packed["dtype"] not in ("uint8", "uint16"):
        raise ValueError(f"it is of {packed['dtype']}, not uint8 or uint16")
    dtype, shape = np.dtype(packed["dtype"]), tuple(packed["shape"])
    size = dtype.itemsize * math.prod(shape)
    reader = zlib.decompressobj()
    found = reader.decompress(base64.b64decode(packed["zlib"]), size + 1)
    if len(found) != size:
        raise ValueError(f"it has other than {size} bytes")
    return np.frombuffer(found, dtype).reshape(shape)


def load_all(folder=None):
    """Returns the records under a folder, sorted by file name.

    Without a folder these are the records shipped with the package and those under
    ./runs; of records with the same name, those under ./runs are last.
    """
    roots = [Path(folder)] if folder else [shipped(), Path("runs")]
    if folder and not roots[0].is_dir() and roots[0] != shipped():
        raise ValueError(f"{folder} is not a folder of records.")
    paths = [path for root in roots for path in sorted(root.rglob(RECORDS))]
    return [Record.load(path) for path in sorted(paths, key=lambda path: path.name)]


def files(records):
    """Returns the records' file names; those differing only in the seed are merged."""
    names = (Path(one.source).name or one.name for one in records)
    starred = (re.sub(r"seed\d+\.json$", "seed*.json", name) for name in names)
    return tuple(sorted(set(starred)))


def shipped():
    """Returns the folder of the records that are shipped with the package."""
    return Path(find_spec("reproduce").origin).parent / "results"
