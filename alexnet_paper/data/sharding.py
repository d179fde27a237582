"""Writes a dataset's image files to shards, each a job of its own.

A shard is written to a temporary name, read again, and renamed; then a small file with
the places of its images is written. After an interruption, finished shards are kept.
"""

import concurrent.futures
import errno
import json
import os
import shutil
import zlib
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path

import numpy as np

from alexnet_paper.data.arrays import read_npz
from alexnet_paper.data.images import BadImage
from alexnet_paper.data.prepare import PARTS
from alexnet_paper.data.prepare import STATISTICS
from alexnet_paper.data.shards import INDEX
from alexnet_paper.data.shards import TABLE_BYTES
from alexnet_paper.data.shards import Index
from alexnet_paper.data.shards import Part
from alexnet_paper.data.shards import Shard
from alexnet_paper.data.shards import Table
from alexnet_paper.data.shards import damage
from alexnet_paper.data.shards import read_index
from alexnet_paper.data.shards import save_index
from alexnet_paper.data.shards import save_table
from alexnet_paper.data.shards import sha256
from alexnet_paper.data.shards import shard_names
from alexnet_paper.files import TEMPORARY
from alexnet_paper.files import atomic_file
from alexnet_paper.files import atomic_write
from alexnet_paper.files import from_json
from alexnet_paper.files import in_short
from alexnet_paper.files import printable
from alexnet_paper.files import read_file

IMAGES = 1000  # of a shard, about
SEED = 0  # of the deal
HEAD, FOOT = 12, 4  # bytes of a TFRecord around its content: length and checksums


@dataclass(frozen=True)
class Job:
    """A shard to write: the `chosen` images of a split, in this order."""

    name: str
    split: str
    chosen: np.ndarray


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


def save_part(path, row, places):
    text = np.frombuffer(json.dumps(asdict(row)).encode(), "uint8")
    with atomic_file(path) as file:
        np.savez(file, places=places, text=text)


def load_part(path):
    """Returns the `Shard` and the places of images that `save_part` wrote."""
    found = read_npz(path, TABLE_BYTES)
    return from_json(Shard, found["text"].tobytes()), found["places"]


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
