"""Records: what was evaluated, on which data, by which commit, with which metrics.

A record is one JSON file. Tables and figures are made from records only.
"""

import base64
import contextlib
import dataclasses
import itertools
import json
import math
import re
import sys
import zlib
from dataclasses import dataclass
from dataclasses import field
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from annotated_types import Len
from typing_extensions import TypedDict

from alexnet_paper.files import STRICT
from alexnet_paper.files import Count
from alexnet_paper.files import Positive
from alexnet_paper.files import Share
from alexnet_paper.files import atomic_write
from alexnet_paper.files import from_json
from alexnet_paper.files import in_words
from alexnet_paper.files import printable
from alexnet_paper.files import read_file
from alexnet_paper.nets import variants
from alexnet_paper.training.log import LogLine
from alexnet_paper.training.log import check_epochs

FLOWERS_TRAINED_ON = 1_088  # photographs, by the third article
RECORDS = "*-views*-seed*.json"


Word = Annotated[str, Len(1)]
Interval = Annotated[list[Share], Len(2, 2)]


class Colour(TypedDict):
    """Of the first layer's kernels, by `results.colour`."""

    part: str
    kernels: Count
    means: Annotated[list[float], Len(2, 2)]
    p_value: Share
    permutations: Count


class Metrics(TypedDict, total=False):
    """Fractions, and the loss in nats."""

    loss: Positive
    top1_error: Share
    top1_error_interval: Interval
    top5_error: Share
    top5_error_interval: Interval
    per_class: dict[str, dict[str, Positive]]
    colour: Colour
    probe_accuracy: Share
    probe_accuracy_interval: Interval
    precision_at_6: Share
    precision_at_6_by_angle: Share
    chance: Share


class Packed(TypedDict):
    """An array as `pack` writes it."""

    dtype: str
    shape: list[Count]
    zlib: str


for kind in (Colour, Metrics, Packed):
    kind.__pydantic_config__ = STRICT


@dataclass(frozen=True)
class Protocol:
    """How a number was obtained. A field that does not apply is None.

    Evaluation: `classes`, `views`, `runs` (the number averaged), `image`, `mean` and
    `labels` (how images were prepared and labelled), `fingerprint` (of the split's
    images), `precision`. Training: `epochs` and `seed` ("imported" for weight files),
    `weights_of_epoch`, `training_images`, `batch_size`, `steps` (in an epoch),
    `recipe`, `changes` (of the plan), `beginning` (where the first weights of
    fine-tuned runs come from), `trained` and `trained_by` (commands and
    commits), `distribution` (processes and replicas, unless it was one), `ended` (how
    a run ended that diverged). Experiment: `experiment` (its name), `arm`,
    `protocol_commit`, `input` and `rate`. Weight files: `weights`, `sha256`,
    `label_order`. Features: `layer` and `probe`.
    """

    __pydantic_config__ = STRICT

    classes: Count | None = None
    views: Count | None = None
    runs: Count = 1
    image: str | None = None
    mean: str | None = None
    labels: str | None = None
    fingerprint: str | None = None
    precision: str | None = None
    epochs: Count | str | None = None
    seed: str | None = None
    weights_of_epoch: Count | None = None
    training_images: Count | None = None
    batch_size: Count | None = None
    steps: Count | None = None
    recipe: str | None = None
    changes: dict[str, str | int | float | bool | None] | None = None
    beginning: list[str] = field(default_factory=list)
    trained: list[str] = field(default_factory=list)
    trained_by: list[str] = field(default_factory=list)
    distribution: list[str] = field(default_factory=list)
    ended: str | None = None
    experiment: str | None = None
    arm: str | None = None
    protocol_commit: str | None = None
    input: Count | str | None = None
    rate: float | None = None
    weights: str | list[str] | None = None
    sha256: str | list[str] | None = None
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

    __pydantic_config__ = STRICT

    variant: Word
    data: Word
    split: Word
    examples: Count
    protocol: Protocol
    metrics: Metrics
    command: str
    environment: dict[str, Word]
    history: list[LogLine] = field(default_factory=list)
    arrays: dict[str, Packed] = field(default_factory=dict)
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
            recipe = self.protocol.recipe or "as-published"
            who = self.variant + ("" if recipe == "as-published" else f"-{recipe}")
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
        """Name of the variant's recipe that the net was trained by.

        What `bn-flowers17` is trained by as intended was called as-published in older
        records: of its 1,360 photographs, 1,088 are trained on as published.
        """
        named = self.protocol.recipe or "as-published"
        if self.variant == "bn-flowers17" and named == "as-published":
            same = self.protocol.training_images == FLOWERS_TRAINED_ON
            return named if same else "as-intended"
        return named

    @property
    def published(self):
        """Whether the net was trained by the variant's own recipe."""
        return self.recipe == "as-published"

    def save(self, folder):
        """Writes the record into `folder` and returns its path.

        It replaces a record of the same command. If a record of another command has its
        name, a number is added to the name ("…_2.json").
        """
        content = dataclasses.asdict(self)
        told = content["protocol"].items()
        content["protocol"] = {k: v for k, v in told if v not in (None, [])}
        del content["source"]
        if not self.arrays:
            del content["arrays"]
        text = json.dumps(content, indent=1, sort_keys=True) + "\n"
        for number in itertools.count(1):
            more = f"_{number}" if number > 1 else ""
            path = Path(folder, f"{self.name.removesuffix('.json')}{more}.json")
            with contextlib.suppress(FileExistsError):  # another process was first
                atomic_write(path, text, replace=self.repeats(path))
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
            found = from_json(cls, read_file(path))
            check(found)
            return dataclasses.replace(found, source=str(path))
        except (OSError, ValueError) as error:
            raise ValueError(f"{path} is not a record: {in_words(error)}") from error


def check(record):
    """Raises ValueError for a record from which no verdict could be computed: a log
    with gaps, errors without their intervals, a variant or recipe that is not known, or
    an arm that its experiment does not have, or does not describe."""
    about, metrics = record.protocol, record.metrics
    for name in record.variant.split("+"):
        variants.get(name).recipe_named(record.recipe)
    check_epochs(record.history)
    for name in ("top1_error", "top5_error", "probe_accuracy"):
        if (name in metrics) != (f"{name}_interval" in metrics):
            raise ValueError(f"metrics: {name} and its interval belong together")
    if not metrics and not (about.experiment and about.ended):
        raise ValueError(
            "metrics: there are none, and no run of an experiment diverged"
        )
    if not about.experiment:
        return
    from alexnet_paper.results import experiments

    known = experiments.EXPERIMENTS.get(about.experiment)
    if not about.arm or known and about.arm not in known.arms:
        raise ValueError(f"protocol.arm: {about.experiment} has no {about.arm!r:.60}")
    described = (
        isinstance(about.epochs, int)
        and (about.classes or 0) > 1
        and re.fullmatch(r"\d+", about.seed or "")
        and (about.steps or (about.training_images and about.batch_size))
    )
    if record.history and not described:
        raise ValueError("protocol: it has a log, but not classes, epochs, seed, steps")


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


def on_stderr(text):
    print(text, file=sys.stderr, flush=True)


def load_all(folder=None, notify=on_stderr):
    """Returns the records under a folder, sorted by file name.

    Without a folder these are the records shipped with the package and those under
    ./runs; of records with the same name, those under ./runs are last. A file that is
    not a record is left out, and `notify` is called with the reason.
    """
    roots = [Path(folder)] if folder else [shipped(), Path("runs")]
    if folder and not roots[0].is_dir() and roots[0] != shipped():
        raise ValueError(f"{folder} is not a folder of records.")
    paths = [path for root in roots for path in sorted(root.rglob(RECORDS))]
    found = []
    for path in sorted(paths, key=lambda path: path.name):
        try:
            found.append(Record.load(path))
        except ValueError as error:
            notify(f"left out: {printable(error)}")
    return found


def files(records):
    """Returns the records' file names; those differing only in the seed are merged."""
    names = (Path(one.source).name or one.name for one in records)
    starred = (re.sub(r"seed\d+\.json$", "seed*.json", name) for name in names)
    return tuple(sorted(set(starred)))


def shipped():
    """Returns the folder of the records that are shipped with the package."""
    return Path(find_spec("reproduce").origin).parent / "results"
