"""Measures training by one process, by replicas and by workers of this machine.

    python -m reproduce.scaling
    python -m reproduce.scaling --variant paper-32 --rounds 5 --out scaling.json

Each way trains the same short run in turn, and its first epoch does not count. Nothing
else should run meanwhile (about three minutes on two cores). --out keeps the speeds;
`python -m reproduce.docs` writes docs/scaling.md from those among the records.
Exit 0: measured; 1: a run failed; 2: wrong use.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from reproduce import command_line

BATCH, IMAGES = 128, 1024  # eight steps an epoch
RUN = f"--data digits --limit {IMAGES} --batch-size {BATCH} --schedule constant".split()
WAYS = {  # {name: options of `reproduce.train`, number of processes}
    "one process": ((), 1),
    "2 replicas": (("--distribute", "mirrored", "--replicas", "2"), 1),
    "2 workers": (("--distribute", "workers", "--wait", "60"), 2),
}


def parser():
    parser = command_line.parser("reproduce.scaling", __doc__)
    add = parser.add_argument
    add("--variant", default="cifar-18pct", help="default: cifar-18pct")
    add("--epochs", type=int, default=10, metavar="N", help="2–100 (default: 10)")
    add("--rounds", type=int, default=3, metavar="N", help="1–100 (default: 3)")
    add("--out", metavar="FILE", help="write the speeds to FILE (JSON)")
    return parser


def main(arguments=None):
    options = command_line.read(parser(), arguments)
    return command_line.run(scaling, options)


def scaling(options):
    command_line.quiet_keras()
    from alexnet_paper.files import check_range
    from alexnet_paper.nets import variants
    from alexnet_paper.report import scaling as report
    from alexnet_paper.report import writers
    from alexnet_paper.results.scaling import Scaling
    from alexnet_paper.training.environment import environment
    from reproduce.progress import Parts

    with command_line.usage():
        variants.get(options.variant)
        check_range("--epochs", options.epochs, 2, 100)
        check_range("--rounds", options.rounds, 1, 100)
        if options.out:
            command_line.check_out(options.out)
    speeds, runs = {way: [] for way in WAYS}, options.rounds * len(WAYS)
    with Parts().part("training runs", runs) as done:
        for _ in range(options.rounds):
            for way in WAYS:
                speeds[way].append(speed(way, options))
                done(1)
    found = Scaling(
        options.variant,
        "digits",
        BATCH,
        speeds,
        options.command,
        environment(),
    )
    command_line.emit(writers.write([report.speeds_section(found)], "text"))
    if options.out:
        found.save(options.out)
        command_line.note(f"written: {options.out}")


def speed(way, options):
    """Returns the images a second of a run without its first epoch."""
    from alexnet_paper.training import run as run_folder

    with tempfile.TemporaryDirectory() as root:
        folder = str(Path(root, "run"))
        train(way, options, folder)
        _, *lines = run_folder.history(folder)
    return round(IMAGES * len(lines) / sum(line["seconds"] for line in lines), 1)


def train(way, options, folder):
    """Trains a run. Raises OSError, with what a process said, if it fails."""
    from alexnet_paper.training import workers

    more, count = WAYS[way]
    command = [sys.executable, "-m", "reproduce.train", *more, *RUN, "--out", folder]
    command += ["--variant", options.variant, "--epochs", str(options.epochs)]
    own = {name: value for name, value in os.environ.items() if name != "TF_CONFIG"}
    alone = [{}]  # TensorFlow cannot read an empty TF_CONFIG
    together = [{"TF_CONFIG": one} for one in workers.on_this_machine(count)]
    processes = [
        subprocess.Popen(
            command,
            env={**own, **config},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for config in (together if count > 1 else alone)
    ]
    said = [process.communicate()[1] for process in processes]
    for process, text in zip(processes, said, strict=True):
        if process.returncode:
            last = (text.strip().splitlines() or ["it said nothing"])[-1]
            raise OSError(f"training by {way} failed: {last}")


if __name__ == "__main__":
    sys.exit(main())
