"""Shards: the images of a dataset in TFRecord files of about 1,000 images each.

A record is a `tf.train.Example` with the image's file ("image"), its number of the
class ("label") and the file's name ("name"). The images of a split are dealt to its
shards at random, always in the same way, so that one shard after the other is a mixture
of the classes to whoever reads them in a row.

Here they are read one by one: a table says where in its shard each image lies, in the
order of the folder that they come from. Every permutation of an epoch, and every
decoder and random choice, is therefore that of the folder, and so is every bit.
"""

import concurrent.futures
import errno
import hashlib
import json
import os
import shlex
import shutil
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
from alexnet_paper.data.images import BadImage
from alexnet_paper.data.images import open_image
from alexnet_paper.data.listing import Names
from alexnet_paper.data.listing import chosen
from alexnet_paper.data.prepare import PARTS
from alexnet_paper.data.prepare import STATISTICS
from alexnet_paper.files import STRICT
from alexnet_paper.files import TEMPORARY
from alexnet_paper.files import TEXT
from alexnet_paper.files import Count
from alexnet_paper.files import atomic_file
from alexnet_paper.files import atomic_write
from alexnet_paper.files import from_json
from alexnet_paper.files import in_short
from alexnet_paper.files import open_file
from alexnet_paper.files import printable
from alexnet_paper.files import read_file

IMAGES = 100  # of a shard, about
SEED = 0  # of the deal
INDEX = "shards.json"
TABLE_BYTES = 2**33  # most of a table; ImageNet's has 60 million
HEAD, FOOT = 12, 4  # bytes of a TFRecord around its content: length and checksums
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
        about = self.index, self.in_folders
        return ShardedImages(
            self.folder, self.rows, self.table.take(chosen(index)), *about
        )

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
        except FileNotFoundError:
            raise bad_shard(path, "it is no longer there", self.index) from None
        if zlib.crc32(content) != table.checksum[index]:
            raise bad_shard(path, f"the bytes of {name} have changed", self.index)
        return f"{path}: {name}", content


def bad_shard(path, reason, index):
    return BadShard(
        f"{printable(path)} is damaged ({printable(reason)}). To write it anew: "
        f"python -m reproduce.data shard --data {index.data} --data-dir FOLDER --out "
        f"{printable(shlex.quote(str(path.parent)))}"
    )


# writing


@dataclass(frozen=True)
class Job:
    """A shard to write: the `chosen` images of a split, in this order."""

    name: str
    split: str
    chosen: np.ndarray


def shard_names(split, count):
    return [f"{split}-{number:05d}-of-{count:05d}.tfrecord" for number in range(count)]


def plan(splits):
    """Returns the jobs of {split name: `Split`}: its images, dealt to shards."""
    jobs = []
    for split, part in splits.items():
        names = shard_names(split, -(-len(part) // IMAGES))
        order = np.random.default_rng(SEED).permutation(len(part))
        dealt = np.array_split(order, len(names))
        jobs += [Job(name, split, own) for name, own in zip(names, dealt, strict=True)]
    return jobs


def check_same(dataset, out):
    """Returns the `Index` of a folder to write a dataset's shards to, and records it.

    It has shards if all were written before. Files that a killed process was writing
    are removed. Raises ValueError if the folder holds the shards of other images.
    """
    for name in dataset.class_names:
        if printable(name) != name:
            raise ValueError(f"{printable(name)}: the name of a class must be text.")
    splits = {
        name: Part(len(split), split.fingerprint, split.images.in_folders)
        for name, split in dataset.splits.items()
    }
    new = Index(dataset.name, list(dataset.class_names), splits)
    found = None
    for path in (out / INDEX, out / PARTS / INDEX):
        if found is None and path.exists():
            found = read_index(path)
    if found and found.without_shards() != new:
        raise ValueError(f"{out} holds the shards of other images: choose another.")
    for left in out.rglob(TEMPORARY):
        left.unlink()
    if found is None:
        save_index(new, out / PARTS / INDEX)
    return found or new


def write(dataset, out, source=None, workers=None, advance=lambda images: None):
    """Writes the shards of a dataset, or those of them that are missing or damaged.

    Args:
        dataset: `Dataset` of image files.
        out: Folder for the shards.
        source: Folder of the dataset, whose statistics are copied.
        workers: Number of shards that are written at once. Defaults to the number of
            cores.
        advance: Called after each shard with its number of images.

    Returns:
        (`Index`, names of the shards that were written).

    Raises:
        ValueError: if `out` holds the shards of other images.
        BadImage: if a file cannot be read, or has changed since a shard was written.
    """
    out, written = Path(out), []
    index, jobs = check_same(dataset, out), plan(dataset.splits)
    before = index.rows()
    with concurrent.futures.ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        futures = {
            pool.submit(do_shard, job, dataset.splits[job.split], out, before): job
            for job in jobs
        }
        try:
            for future in concurrent.futures.as_completed(futures):
                if future.result():
                    written.append(futures[future].name)
                advance(len(futures[future].chosen))
        except BaseException:  # Ctrl-C, too: no further shard is started
            pool.shutdown(cancel_futures=True)
            raise
    if not before:
        index = finish(index, jobs, dataset.splits, out)
    if source and (Path(source) / STATISTICS).is_file():
        atomic_write(out / STATISTICS, read_file(Path(source) / STATISTICS))
    shutil.rmtree(out / PARTS, ignore_errors=True)
    return index, written


def do_shard(job, split, out, before):
    """Writes a shard, unless it is there and whole. Returns whether it did.

    `before` has the rows of the finished index; it is empty if there is none yet.
    """
    path, part = out / job.name, out / PARTS / f"{job.name}.npz"
    row = before.get(job.name) or (load_part(part)[0] if part.exists() else None)
    if row and damage(path, row) is None:
        return False
    made, places = write_shard(path, split, job.chosen, before.get(job.name))
    if not before:
        save_part(part, made, places)
    return True


def write_shard(path, split, indices, expected=None):
    """Writes the images `indices` of a split to a shard.

    Returns its `Shard`, and an array with the first byte, the number of bytes and the
    CRC-32 of every image. Raises BadImage if it is not the `expected` one.
    """
    import tensorflow as tf

    places, end = np.zeros((len(indices), 3), "int64"), 0
    try:
        with atomic_file(path) as file:
            temporary = os.fsencode(file.name)
            with tf.io.TFRecordWriter(temporary) as writer:
                for number, index in enumerate(indices):
                    content = read_image(split.images.paths[index])
                    record = example(
                        content, split.labels[index], split.images.names[index]
                    )
                    writer.write(record)
                    first = end + HEAD + record.index(content)
                    places[number] = first, len(content), zlib.crc32(content)
                    end += HEAD + len(record) + FOOT
            row = verified(temporary, path.name, len(indices), end)
            if expected not in (None, row):
                raise BadImage(
                    f"{printable(path)}: its images have changed since it was written "
                    "first: write all shards to another folder."
                )
    except tf.errors.ResourceExhaustedError as error:
        full = errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)
        raise OSError(*full) from error
    except tf.errors.OpError as error:
        raise OSError(f"{printable(path)}: {in_short(error)}") from error
    return row, places


def read_image(path):
    """Returns the bytes of an image's file. Raises BadImage if it is too large or no
    file, and OSError as `open` does."""
    try:
        return read_file(path)
    except ValueError as error:
        raise BadImage(str(error)) from error


def example(content, label, name):
    """Returns a record: the bytes of a `tf.train.Example`."""
    from tensorflow.train import BytesList
    from tensorflow.train import Example
    from tensorflow.train import Feature
    from tensorflow.train import Features
    from tensorflow.train import Int64List

    features = {
        "image": Feature(bytes_list=BytesList(value=[content])),
        "label": Feature(int64_list=Int64List(value=[label])),
        "name": Feature(bytes_list=BytesList(value=[name])),
    }
    return Example(features=Features(feature=features)).SerializeToString(
        deterministic=True
    )


def verified(path, name, images, size):
    """Returns the `Shard` of a file that was written, read again by tf.data, which
    compares TFRecord's own checksums."""
    import tensorflow as tf

    records = tf.data.TFRecordDataset([path])
    found = int(records.reduce(np.int64(0), lambda count, _: count + 1))
    if (found, os.stat(path).st_size) != (images, size):
        raise OSError(f"{name} was not written whole: is the disk full?")
    return Shard(name, images, size, sha256(path))


def sha256(path):
    with open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def save_part(path, row, places):
    text = np.frombuffer(json.dumps(asdict(row)).encode(), "uint8")
    with atomic_file(path) as file:
        np.savez(file, places=places, text=text)


def load_part(path):
    """Returns the `Shard` and the places of images that `save_part` wrote."""
    found = read_npz(path, TABLE_BYTES)
    return from_json(Shard, found["text"].tobytes()), found["places"]


def save_index(index, path):
    atomic_write(path, json.dumps(asdict(index), indent=1) + "\n")


def finish(index, jobs, splits, out):
    """Writes the tables and then the index of a folder whose shards are written."""
    done = {}
    for name, split in splits.items():
        own = [job for job in jobs if job.split == name]
        parts = [load_part(out / PARTS / f"{job.name}.npz") for job in own]
        places = np.empty((len(split), 3), "int64")
        numbers = np.empty(len(split), "int32")
        for number, (job, (_, of_shard)) in enumerate(zip(own, parts, strict=True)):
            places[job.chosen], numbers[job.chosen] = of_shard, number
        start, length, checksum = places.T
        table = Table(numbers, start, length, checksum, split.images.names)
        save_table(out / f"{name}.npz", table, split.labels)
        done[name] = replace(
            index.splits[name],
            table=sha256(out / f"{name}.npz"),
            shards=[row for row, _ in parts],
        )
    index = replace(index, splits=done)
    save_index(index, out / INDEX)
    return index


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


# reading


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
    if table.length.max() > TEXT or labels.min() < 0 or labels.max() >= classes:
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
