"""Prepares a dataset once: every photograph as a 256×256 JPEG, and the training
set's statistics, in one pass over the originals (paper §2).

The work is divided into chunks of files. A chunk writes its images, then one small file
with its sums. After an interruption, finished chunks are not repeated. The sums are
added in the order of the chunks, so the statistics are the same to the bit.
"""

import concurrent.futures
import dataclasses
import json
import multiprocessing
import os
import shutil
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from alexnet_paper.data.arrays import read_npz
from alexnet_paper.data.augment import SHORT_SIDE
from alexnet_paper.data.augment import Statistics
from alexnet_paper.data.augment import rescale_and_crop
from alexnet_paper.data.images import BadImage
from alexnet_paper.data.images import open_image
from alexnet_paper.files import TEMPORARY
from alexnet_paper.files import atomic_file
from alexnet_paper.files import atomic_write
from alexnet_paper.files import bounded
from alexnet_paper.files import printable

CHUNK = 64  # files
QUALITY = 95  # of the JPEGs written
STATISTICS = "statistics.npz"
REPORT = "prepared.json"
PARTS = ".parts"
LARGEST = 2**24  # bytes of a file of sums


@dataclass(frozen=True)
class Chunk:
    """Files that one job prepares: (source, destination) pairs of one split."""

    number: int
    split: str
    files: tuple[tuple[str, str], ...]


def plan(splits, out):
    """Returns the chunks of {split: (paths, class name of each)}.

    Destinations are out/split/class/name.jpg.
    """
    chunks, taken = [], set()
    for split, (paths, classes) in splits.items():
        pairs = []
        for path, name in zip(paths, classes, strict=True):
            place = Path(out) / split / name
            target = place / f"{path.stem}.jpg"
            if target in taken:  # x.png beside x.jpg
                target = place / f"{path.name}.jpg"
            taken.add(target)
            pairs.append((str(path), str(target)))
        chunks += [
            Chunk(0, split, tuple(pairs[start : start + CHUNK]))
            for start in range(0, len(pairs), CHUNK)
        ]
    return [dataclasses.replace(chunk, number=n) for n, chunk in enumerate(chunks)]


def do_chunk(chunk, out):
    """Writes a chunk's images and then its sums, unless the sums exist already.

    Returns the number of files, a line for each skipped file, and a Counter of
    conversions.
    """
    part = Path(out) / PARTS / f"{chunk.number:06d}.npz"
    if not part.exists():
        sums, skipped, done = Statistics(), [], Counter()
        for source, destination in chunk.files:
            try:
                image, words = open_image(source)
                small = rescale_and_crop(image)
            except BadImage as error:
                skipped.append(str(error))
                continue
            except FileNotFoundError:
                skipped.append(f"{printable(source)}: it is no longer there")
                continue
            with atomic_file(destination) as file:
                small.save(file, "JPEG", quality=QUALITY)
            done.update(words)
            if chunk.split == "train":
                sums.add(np.asarray(small))
        save_part(part, sums, {"skipped": skipped, "converted": done})
    text = load_part(part)[1]
    return len(chunk.files), text["skipped"], Counter(text["converted"])


def save_part(path, sums, text):
    with atomic_file(path) as file:
        encoded = np.frombuffer(json.dumps(text).encode("utf-8"), "uint8")
        np.savez(
            file, total=sums.total, outer=sums.outer, images=sums.images, text=encoded
        )


def load_part(path):
    """Returns the `Statistics` and the text of a chunk, or of a whole prepared set."""
    found = read_npz(path, LARGEST)
    total, outer, images = found["total"], found["outer"], int(found["images"])
    sizes = (total.shape, outer.shape) if images else (None, None)
    if sizes not in ((None, None), ((SHORT_SIDE, SHORT_SIDE, 3), (3, 3))) or images < 0:
        raise ValueError(f"{path} has sums of other shapes")
    if not (np.isfinite(total).all() and np.isfinite(outer).all()):
        raise ValueError(f"{path} has sums that are not finite")
    text = json.loads(bounded(found["text"].tobytes()).decode("utf-8"))
    return Statistics(total, outer, images), text


def prepare(splits, out, workers=None, advance=lambda files: None):
    """Prepares every file of `splits`, on all cores, and writes the statistics.

    Args:
        splits: {"train": (paths, class names), ...}.
        out: Folder for the result, in the ImageNet layout.
        workers: Number of processes. Defaults to the number of cores.
        advance: Called after each chunk with its number of files.

    Returns:
        The report, which is also written to `prepared.json`.

    Raises:
        ValueError: if `out` holds the preparation of other files, or a finished one.
    """
    out, chunks = Path(out), plan(splits, out)
    check_same(out, chunks)
    context = multiprocessing.get_context("forkserver")
    skipped, converted, began = {}, Counter(), time.monotonic()
    with concurrent.futures.ProcessPoolExecutor(
        workers or os.cpu_count(), mp_context=context, initializer=end_with_parent
    ) as pool:
        jobs = {pool.submit(do_chunk, chunk, str(out)): chunk for chunk in chunks}
        try:
            for job in concurrent.futures.as_completed(jobs):
                files, lines, words = job.result()
                skipped[jobs[job].number] = lines
                converted.update(words)
                advance(files)
        except BaseException:  # Ctrl-C, too: no further chunk is started
            pool.shutdown(cancel_futures=True)
            raise
    seconds = time.monotonic() - began
    return finish(out, chunks, skipped, converted, seconds)


def end_with_parent():
    """Lets this process end as soon as the one that started it has ended, however."""

    def wait():
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def check_same(out, chunks):
    """Records which files are prepared here. Raises ValueError if others were.

    Files that a killed process was writing are removed.
    """
    files = [source for chunk in chunks for source, _ in chunk.files]
    listing = out / PARTS / "files.txt"
    text = os.fsencode("\n".join(files) + "\n")
    if listing.exists() and listing.read_bytes() != text:
        raise ValueError(f"{out} holds the preparation of other files: choose another.")
    if (out / REPORT).exists():
        raise ValueError(f"{out} is prepared already.")
    for left in out.rglob(TEMPORARY):
        left.unlink()
    atomic_write(listing, text)


def finish(out, chunks, skipped, converted, seconds):
    sums = Statistics()
    for chunk in chunks:
        part = load_part(out / PARTS / f"{chunk.number:06d}.npz")[0]
        if part.images:
            sums.merge(part)
    lines = [line for number in sorted(skipped) for line in skipped[number]]
    files = sum(len(chunk.files) for chunk in chunks)
    report = {
        "files": files,
        "prepared": files - len(lines),
        "skipped": lines,
        "converted": dict(sorted(converted.items())),
        "training_images_in_statistics": sums.images,
        "bytes": sum(path.stat().st_size for path in out.rglob("*.jpg")),
        "seconds": round(seconds, 2),
        "side": SHORT_SIDE,
    }
    if sums.images:
        save_part(out / STATISTICS, sums, {})
    atomic_write(out / REPORT, json.dumps(report, indent=1) + "\n")
    shutil.rmtree(out / PARTS)
    return report
