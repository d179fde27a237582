"""Shards: the images of a dataset in TFRecord files of about 1,000 images each.

A record is a `tf.train.Example` with the image's file ("image"), its number of the
class ("label") and the file's name ("name"). The images of a split are dealt to its
shards at random, always in the same way, so that one shard after the other is a mixture
of the classes to whoever reads them in a row.

Here they are read one by one: a table says where in its shard each image lies, in the
order of the folder that they come from. Every permutation of an epoch, and every
decoder and random choice, is therefore that of the folder, and so is every bit.
"""

import hashlib
import json
import os
import shlex
import zlib
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from pathlib import Path
from typing import Annotated
from typing import Literal

import numpy as np
from annotated_types import Ge
from annotated_types import Le

from alexnet_paper.data.arrays import read_npz
from alexnet_paper.data.images import open_image
from alexnet_paper.data.listing import Names
from alexnet_paper.data.listing import chosen
from alexnet_paper.data.prepare import PARTS
from alexnet_paper.files import SMALL
from alexnet_paper.files import STRICT
from alexnet_paper.files import Count
from alexnet_paper.files import atomic_file
from alexnet_paper.files import atomic_write
from alexnet_paper.files import from_json
from alexnet_paper.files import in_short
from alexnet_paper.files import open_file
from alexnet_paper.files import printable
from alexnet_paper.files import read_file

INDEX = "shards.json"
TABLE_BYTES = 2**33  # most of a table; ImageNet's has 60 million
Bytes = Annotated[int, Ge(0), Le(2**50)]


class BadShard(OSError):
    """A shard is missing or damaged. The message says which one and what to do."""


@dataclass(frozen=True)
class Shard:
    """A file: its size and checksum, and how many images are in it."""

    __pydantic_config__ = STRICT

    name: str
    images: Count
    bytes: Bytes
    sha256: str


@dataclass(frozen=True)
class Part:
    """The shards of a split. `table` is the checksum of the file that says where in
    them the images are; `in_folders`: they come from class folders."""

    __pydantic_config__ = STRICT

    images: Count
    fingerprint: str
    in_folders: bool
    table: str = ""
    shards: list[Shard] = field(default_factory=list)


@dataclass(frozen=True)
class Index:
    """What a folder of shards holds. Until all are written, it has no shards."""

    __pydantic_config__ = STRICT

    data: str
    classes: list[str]
    splits: dict[Literal["train", "validation", "test"], Part]

    def rows(self):
        """Returns {name: `Shard`} of all splits."""
        return {row.name: row for part in self.splits.values() for row in part.shards}

    def without_shards(self):
        splits = {
            name: replace(part, table="", shards=[])
            for name, part in self.splits.items()
        }
        return replace(self, splits=splits)


@dataclass(frozen=True)
class Table:
    """Where images are: the number of the shard, the first byte in it, how many bytes,
    and their CRC-32; and the files' names."""

    shard: np.ndarray
    start: np.ndarray
    length: np.ndarray
    checksum: np.ndarray
    names: Names

    def __len__(self):
        return len(self.shard)

    def take(self, index):
        parts = (self.shard, self.start, self.length, self.checksum, self.names)
        return Table(*(part[index] for part in parts))


class ShardedImages:
    """A sequence of uint8 images (height, width, 3), each read from its shard on
    access, as `ImageFiles` from its file.

    Args:
        folder: `Path` of the shards.
        rows: The `Shard` of every number in the table.
        table: `Table`.
        index: The folder's `Index`.
        in_folders: Whether the images come from class folders.
    """

    def __init__(self, folder, rows, table, index, in_folders):
        self.folder, self.rows, self.table = folder, rows, table
        self.index, self.in_folders = index, in_folders

    def __len__(self):
        return len(self.table)

    def __getitem__(self, index):
        if isinstance(index, (int, np.integer)):
            name, content = self.read(index)
            return np.asarray(open_image(name, content)[0])
        part = self.table.take(chosen(index))
        return ShardedImages(self.folder, self.rows, part, self.index, self.in_folders)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    @property
    def names(self):
        return self.table.names

    def read(self, index):
        """Returns a name for an image and the bytes of its file."""
        table = self.table
        path = self.folder / self.rows[table.shard[index]].name
        name = os.fsdecode(table.names[index])
        try:
            with open_file(path) as file:
                file.seek(int(table.start[index]))
                content = file.read(int(table.length[index]))
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or in_short(error)
            raise bad_shard(path, reason, self.index) from error
        if zlib.crc32(content) != table.checksum[index]:
            raise bad_shard(path, f"the bytes of {name} have changed", self.index)
        return f"{path}: {name}", content


def bad_shard(path, reason, index):
    return BadShard(
        f"{printable(path)} is damaged ({printable(reason)}). To write it anew: "
        f"python -m reproduce.data shard --data {index.data} --data-dir FOLDER --out "
        f"{printable(shlex.quote(str(path.parent)))}"
    )


def shard_names(split, count):
    return [f"{split}-{number:05d}-of-{count:05d}.tfrecord" for number in range(count)]


def sha256(path):
    with open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def save_index(index, path):
    atomic_write(path, json.dumps(asdict(index), indent=1) + "\n")


def save_table(path, table, labels):
    with atomic_file(path) as file:
        np.savez(
            file,
            shard=table.shard.astype("int32"),
            start=table.start.astype("int64"),
            length=table.length.astype("uint32"),
            checksum=table.checksum.astype("uint32"),
            label=labels.astype("int32"),
            name_length=table.names.lengths.astype("uint32"),
            names=np.frombuffer(b"".join(table.names), "uint8"),
        )


def is_sharded(folder):
    """Returns whether a folder holds shards. Raises ValueError if it does not hold all
    of them yet."""
    folder = Path(folder)
    if (folder / INDEX).is_file():
        return True
    if (folder / PARTS / INDEX).is_file():
        raise ValueError(
            f"{printable(folder)}: not all of its shards are written: go on with "
            "python -m reproduce.data shard."
        )
    return False


def read(folder, data):
    """Returns (class names, {split name: (`ShardedImages`, labels)}) of the shards of
    the dataset named `data`.

    Raises:
        ValueError: for shards of another dataset, or a damaged index or table.
        BadShard: if a shard is missing, or shorter or longer than it was.
    """
    folder = Path(folder)
    index = read_index(folder / INDEX)
    if index.data != data:
        raise ValueError(
            f"{printable(folder)} holds shards of {printable(index.data)}: --data "
            f"{printable(index.data)}."
        )
    for row in index.rows().values():
        if reason := size_damage(folder / row.name, row):
            raise bad_shard(folder / row.name, reason, index)
    return tuple(index.classes), {
        name: read_split(folder, name, index) for name in index.splits
    }


def read_index(path):
    """Returns an `Index`. Raises ValueError if it is damaged, or lies."""
    try:
        index = from_json(Index, read_file(path))
        if not index.splits or not index.classes:
            raise ValueError("it has no splits or no classes")
        for split, part in index.splits.items():
            names = [row.name for row in part.shards]
            if names and (
                names != shard_names(split, len(names))
                or sum(row.images for row in part.shards) != part.images
            ):
                raise ValueError(f"its shards are not those of {split}")
    except ValueError as error:
        raise ValueError(f"{printable(path)} is damaged: {in_short(error)}") from error
    return index


def read_split(folder, split, index):
    """Returns (`ShardedImages`, labels) of a split."""
    path, part = folder / f"{split}.npz", index.splits[split]
    try:
        if sha256(path) != part.table:
            raise ValueError(f"its checksum is not the one in {INDEX}")
        table, labels = read_table(path, part, len(index.classes))
    except Exception as error:
        raise ValueError(
            f"{printable(path)} is damaged ({in_short(error)}): write the shards again."
        ) from error
    return ShardedImages(folder, part.shards, table, index, part.in_folders), labels


def read_table(path, part, classes):
    """Returns the `Table` and the labels of a split. Raises ValueError unless every
    image lies in its shard and has a class."""
    found = read_npz(path, TABLE_BYTES, expected=of_table)
    names = Names.packed(found["names"].data, found["name_length"])
    parts = (found[name] for name in ("shard", "start", "length", "checksum"))
    table, labels = Table(*parts, names), found["label"].astype("int64")
    sizes = {len(column) for name, column in found.items() if name != "names"}
    if sizes != {part.images} or found["name_length"].sum() != len(found["names"]):
        raise ValueError(f"it is not one of {part.images:,} images")
    number, counts = table.shard, [row.images for row in part.shards]
    if not 0 <= number.min() <= number.max() < len(counts):
        raise ValueError("an image is in no shard")
    if np.bincount(number, minlength=len(counts)).tolist() != counts:
        raise ValueError("its shards have other numbers of images")
    room = np.array([row.bytes for row in part.shards])[number]
    if table.start.min() < 0 or (table.start > room - table.length).any():
        raise ValueError("an image is outside its shard")
    if table.length.max() > SMALL or labels.min() < 0 or labels.max() >= classes:
        raise ValueError("an image is too large or has no class")
    return table, labels


COLUMNS = {
    "shard": "int32",
    "start": "int64",
    "length": "uint32",
    "checksum": "uint32",
    "label": "int32",
    "name_length": "uint32",
    "names": "uint8",
}


def of_table(name, shape, dtype):
    """Whether an array may be a column of a table."""
    return len(shape) == 1 and dtype == COLUMNS.get(name)


def size_damage(path, row):
    """Returns why a shard cannot be the one of the index, or None."""
    if not path.is_file():
        return "it is not there"
    size = path.stat().st_size
    return None if size == row.bytes else f"{size:,} bytes instead of {row.bytes:,}"


def damage(path, row):
    """Returns what is wrong with a shard, after reading all of it, or None."""
    reason = size_damage(path, row)
    if reason is None and sha256(path) != row.sha256:
        reason = "its SHA-256 is not the one in the index"
    return reason
