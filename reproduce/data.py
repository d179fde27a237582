"""Lists the datasets, checks one, or prepares one for training.

    python -m reproduce.data list
    python -m reproduce.data check --data flowers17 --data-dir DIR
    python -m reproduce.data prepare --data imagenet --data-dir DIR --out DIR256

`prepare` rescales every photograph to 256×256 as the paper does (shorter side to 256,
then the central square), on all cores, and computes the mean image and the colour
statistics. After a stop the same command continues. Damaged files are skipped and
listed. Exit 0: done; 1: failed, or `check` found damaged files; 2: wrong use.
"""

import sys
from pathlib import Path

from alexnet_paper.files import printable
from reproduce import command_line

MOST_WORKERS = 1024


def parser():
    parser = command_line.parser("reproduce.data", __doc__)
    add = parser.add_argument
    add("action", choices=("list", "check", "prepare"))
    add("--data", help="name of a dataset")
    add("--data-dir", metavar="DIR", help="folder of the data")
    add("--out", metavar="DIR", help="folder for the prepared images")
    add("--workers", type=int, metavar="N", help="processes (default: one per core)")
    return parser


def main(arguments=None):
    options = parser().parse_args(arguments)
    actions = {"list": listing, "check": check, "prepare": prepare}
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

    found = []
    for index in track(range(len(split)), name, console=command_line.console()):
        try:
            split.images[index]
        except BadImage as error:
            found.append(str(error))
        except FileNotFoundError:
            gone = printable(split.images.paths[index])
            found.append(f"{gone}: it is no longer there")
    return found


def nested(a, b):
    """Returns whether one of two folders is the other, or inside it."""
    a, b = Path(a).resolve(), Path(b).resolve()
    return a.is_relative_to(b) or b.is_relative_to(a)


def prepare(options):
    from rich.progress import Progress

    dataset = loaded(options)
    from alexnet_paper.data import prepare

    with command_line.usage():
        if not options.out:
            raise ValueError("--out is missing: a folder for the prepared images")
        if options.data_dir and nested(options.out, options.data_dir):
            raise ValueError(f"{options.out}: --out must be apart from --data-dir.")
        splits = {name: split.files() for name, split in dataset.splits.items()}
        splits = {
            name: (paths, [dataset.class_names[label] for label in labels])
            for name, (paths, labels) in splits.items()
        }
        if options.workers is not None and not 1 <= options.workers <= MOST_WORKERS:
            raise ValueError(
                f"--workers must be 1 to {MOST_WORKERS}. Received: {options.workers}"
            )
        prepare.check_same(Path(options.out), prepare.plan(splits, options.out))
    columns = (*Progress.get_default_columns(), command_line.speed_column("files/s"))
    with Progress(*columns, console=command_line.console()) as progress:
        total = sum(len(paths) for paths, _ in splits.values())
        task = progress.add_task("preparing", total=total)
        report = prepare.prepare(
            splits,
            options.out,
            options.workers,
            lambda files: progress.advance(task, files),
        )
    for line in report["skipped"]:
        command_line.note(f"skipped: {line}")
    converted = ", ".join(f"{n} {what}" for what, n in report["converted"].items())
    print(
        f"{report['prepared']} of {report['files']} images in {options.out}, "
        f"{report['bytes'] / 1e6:.1f} MB, {report['seconds']:.1f} s; "
        f"converted: {converted or 'none'}; skipped: {len(report['skipped'])}"
    )


if __name__ == "__main__":
    sys.exit(main())
