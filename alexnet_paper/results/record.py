"""A result is a record: what was run, on what, by which commit, with what outcome.

Tables and figures are made from records only. A record is one JSON file.
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
    """How a number was obtained. What does not apply is None.

    Of the evaluation: `classes`, `views`, `runs` (how many are averaged), `image`,
    `mean`, `labels` and `fingerprint` (how the images of a split were shown, and which
    they are), `precision`. Of the training: `epochs` and `seed` ("imported" for weight
    files), `weights_of_epoch`, `training_images`, `batch_size`, `steps` (of an epoch),
    `recipe`, `changes` (of the plan), `trained` and `trained_by` (commands and
    commits), `ended` (where it did not end well). Of an experiment: its name, `arm`,
    `protocol_commit`, `input` and `rate`. Of weight files: `weights`, `sha256`,
    `label_order`. Of features: `layer` and `probe`.
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

    `metrics` are fractions (top1_error, top5_error) or nats (loss); an error comes with
    a 95 % interval under "<name>_interval". `arrays` has what was found of every image,
    by name, packed. `source` says which file it was read from.
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
        """File name that says what it is; of weight files the start of their hashes."""
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
        """The name of its data as a table has it: a folder of a few of ImageNet's
        classes, such as Imagenette's ten, is not ImageNet."""
        classes = self.protocol.classes
        if self.data != "imagenet" or classes in (None, 1000):
            return self.data
        return f"imagenet subset ({classes} classes)"

    @property
    def recipe(self):
        """The recipe of the variant that it was trained by."""
        return self.protocol.recipe or "as-published"

    @property
    def published(self):
        """Whether it was trained by the variant's own recipe."""
        return self.recipe == "as-published"

    def save(self, folder):
        """Writes it into `folder` and returns the path: in place of a record of the
        same command, beside one of another ("…_2.json")."""
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
        """An array of `arrays`. Raises ValueError, naming the file, where there is
        none of that name or it is damaged."""
        try:
            return unpack(self.arrays[name])
        except (KeyError, TypeError, ValueError, zlib.error) as error:
            raise ValueError(f"{self.source} has no array {name}: {error}") from error

    def repeats(self, path):
        """Whether the record there was made by the same commands."""
        try:
            there = Record.load(path)
        except ValueError:
            return False
        trained = (one.protocol.trained for one in (self, there))
        return self.command == there.command and len(set(map(str, trained))) == 1

    @classmethod
    def load(cls, path):
        """Reads one. Raises ValueError, naming the file, if it is not a record."""
        try:
            content = json.loads(read_text(path))
            content["protocol"] = Protocol(**content["protocol"])
            return cls(**content, source=str(path))
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path} is not a record: {error}") from error


def pack(array):
    """An array as JSON keeps it: its kind, its shape, and its bytes in base 64."""
    packed = zlib.compress(array.tobytes(), 9)
    return {
        "dtype": array.dtype.name,
        "shape": list(array.shape),
        "zlib": base64.b64encode(packed).decode(),
    }


def unpack(packed):
    """The array of `pack`. Raises ValueError where the bytes are not its own."""
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
    """Records of a folder and the folders below it, or else the ones that are shipped
    with this package and those under ./runs. Sorted by file name; of the same name,
    those under ./runs come last."""
    roots = [Path(folder)] if folder else [shipped(), Path("runs")]
    if folder and not roots[0].is_dir() and roots[0] != shipped():
        raise ValueError(f"{folder} is not a folder of records.")
    paths = [path for root in roots for path in sorted(root.rglob(RECORDS))]
    return [Record.load(path) for path in sorted(paths, key=lambda path: path.name)]


def files(records):
    """Names of the records' files, those that differ in the seed alone as one."""
    names = (Path(one.source).name or one.name for one in records)
    starred = (re.sub(r"seed\d+\.json$", "seed*.json", name) for name in names)
    return tuple(sorted(set(starred)))


def shipped():
    """Folder of the records that come with the package."""
    return Path(find_spec("reproduce").origin).parent / "results"
