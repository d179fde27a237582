"""Lists the datasets, checks one, or prepares or shards one for training.

    python -m reproduce.data list
    python -m reproduce.data check --data flowers17 --data-dir DIR
    python -m reproduce.data prepare --data imagenet --data-dir DIR --out DIR256
    python -m reproduce.data shard --data imagenet --data-dir DIR256 --out SHARDS

`prepare` rescales every photograph to 256×256 as the paper does (shorter side to 256,
then the central square), on all cores, and computes the mean image and the colour
statistics. Damaged files are skipped and listed. `shard` copies the files into TFRecord
files of about 1,000; every program takes them as --data-dir SHARDS, and trains to the
same bits. After a stop the same command continues, and `shard` writes damaged shards
anew. Exit 0: done; 1: failed, or `check` found damaged files; 2: wrong use.
"""

import contextlib
import shlex
import sys
import time
from pathlib import Path

from alexnet_paper.files import printable
from reproduce import command_line

MOST_WORKERS = 1024


def parser():
    parser = command_line.parser("reproduce.data", __doc__)
    add = parser.add_argument
    add("action", choices=("list", "check", "prepare", "shard"))
    add("--data", help="name of a dataset")
    add("--data-dir", metavar="DIR", help="folder of the data, or of its shards")
    add("--out", metavar="DIR", help="folder for the prepared images or the shards")
    add(
        "--workers",
        type=int,
        metavar="N",
        help="processes, or shards at once (default: one per core)",
    )
    return parser


def main(arguments=None):
    options = parser().parse_args(arguments)
    actions = {"list": listing, "check": check, "prepare": prepare, "shard": shard}
    return command_line.run(actions[options.action], options)


def listing(options):
    from alexnet_paper.data import datasets
    from alexnet_paper.report import writers

    rows = tuple((name, source.about) for name, source in datasets.DATASETS.items())
    section = writers.Section("Datasets", ("--data", "what, and where from"), rows)
    command_line.emit(writers.write([section], "text"))


def loaded(options):
    """Returns the dataset; no training images are held out."""
    from alexnet_paper.data import datasets

    if options.data == "cifar10" and options.data_dir is None:
        command_line.quiet_keras()  # Keras downloads it
    with command_line.usage():
        if not options.data:
            raise ValueError("--data is missing: python -m reproduce.data list")
        return datasets.load(options.data, options.data_dir, validation=0)


def check(options):
    import numpy as np

    from alexnet_paper.report import writers

    dataset = loaded(options)
    rows, bad = [], []
    for name, split in dataset.splits.items():
        broken = damaged(split, name)
        bad += broken
        sizes = np.bincount(split.labels, minlength=dataset.classes)
        each = "–".join(f"{size:,}" for size in sorted({min(sizes), max(sizes)}))
        cells = (name, f"{len(split):,}", str(dataset.classes), each)
        rows.append((*cells, split.fingerprint, str(len(broken))))
    bad += damaged_shards(options.data_dir, bad)
    section = writers.Section(
        f"{dataset.name}: every image read",
        ("split", "images", "classes", "a class", "fingerprint", "damaged"),
        tuple(rows),
        "\n".join(bad),
    )
    command_line.emit(writers.write([section], "text"))
    if bad:
        raise SystemExit(1)


def damaged(split, name):
    """Returns a line for each image of a split that cannot be read."""
    from rich.progress import track

    from alexnet_paper.data.images import BadImage
    from alexnet_paper.data.shards import BadShard

    found = []
    for index in track(range(len(split)), name, console=command_line.console()):
        try:
            split.images[index]
        except (BadImage, BadShard) as error:
            found.append(str(error))
        except FileNotFoundError:
            gone = printable(split.images.paths[index])
            found.append(f"{gone}: it is no longer there")
    return found


def damaged_shards(folder, named):
    """Returns a line for each shard that has changed and that no line `named` names."""
    from rich.progress import track

    from alexnet_paper.data import shards

    if folder is None or not shards.is_sharded(folder):
        return []
    folder = Path(folder)
    index, found = shards.read_index(folder / shards.INDEX), []
    rows = list(index.rows().values())
    for row in track(rows, "checksums", console=command_line.console()):
        path = folder / row.name
        if not any(row.name in line for line in named):
            if reason := shards.damage(path, row):
                found.append(str(shards.bad_shard(path, reason, index)))
    return found


def nested(a, b):
    """Returns whether one of two folders is the other, or inside it."""
    a, b = Path(a).resolve(), Path(b).resolve()
    return a.is_relative_to(b) or b.is_relative_to(a)


def check_places(options):
    """Raises ValueError if --out is not apart from --data-dir, or for --workers."""
    if not options.out:
        raise ValueError(f"--out is missing: a folder to {options.action} the data in")
    if options.data_dir and nested(options.out, options.data_dir):
        raise ValueError(f"{options.out}: --out must be apart from --data-dir.")
    if options.workers is not None and not 1 <= options.workers <= MOST_WORKERS:
        raise ValueError(
            f"--workers must be 1 to {MOST_WORKERS}. Received: {options.workers}"
        )


@contextlib.contextmanager
def files_bar(name, total):
    """Context with a bar: gives a function that is called with the files just done."""
    from rich.progress import Progress

    columns = (*Progress.get_default_columns(), command_line.speed_column("files/s"))
    with Progress(*columns, console=command_line.console()) as progress:
        task = progress.add_task(name, total=total)
        yield lambda files: progress.advance(task, files)


def prepare(options):
    dataset = loaded(options)
    from alexnet_paper.data import prepare

    with command_line.usage():
        check_places(options)
        splits = {name: split.files() for name, split in dataset.splits.items()}
        splits = {
            name: (paths, [dataset.class_names[label] for label in labels])
            for name, (paths, labels) in splits.items()
        }
        prepare.check_same(Path(options.out), prepare.plan(splits, options.out))
    total = sum(len(paths) for paths, _ in splits.values())
    with files_bar("preparing", total) as advance:
        report = prepare.prepare(splits, options.out, options.workers, advance)
    for line in report["skipped"]:
        command_line.note(f"skipped: {line}")
    converted = ", ".join(f"{n} {what}" for what, n in report["converted"].items())
    print(
        f"{report['prepared']} of {report['files']} images in {options.out}, "
        f"{report['bytes'] / 1e6:.1f} MB, {report['seconds']:.1f} s; "
        f"converted: {converted or 'none'}; skipped: {len(report['skipped'])}"
    )


def shard(options):
    dataset = loaded(options)
    from alexnet_paper.data import sharding

    with command_line.usage():
        check_places(options)
        for split in dataset.splits.values():
            split.files()
        command_line.check_out(options.out, folder=True)
        sharding.check_same(dataset, Path(options.out))
    command_line.quiet_keras()
    import tensorflow as tf

    with contextlib.suppress(RuntimeError):  # it has begun, in a process of others
        tf.config.set_visible_devices([], "GPU")  # which may be at work
    began = time.monotonic()
    with files_bar("sharding", sum(map(len, dataset.splits.values()))) as advance:
        index, written = sharding.write(
            dataset, options.out, options.data_dir, options.workers, advance
        )
    rows, seconds = index.rows().values(), time.monotonic() - began
    print(
        f"{sum(row.images for row in rows):,} images in {len(rows):,} shards in "
        f"{options.out}, {sum(row.bytes for row in rows) / 1e6:,.1f} MB; written now: "
        f"{len(written):,}, {seconds:.1f} s"
    )
    command_line.note(
        "next: python -m reproduce.train --variant paper --data "
        f"{dataset.name} --data-dir {shlex.quote(options.out)}"
    )


if __name__ == "__main__":
    sys.exit(main())
