"""Runs an experiment: several variants and seeds under one protocol, and their records.

    python -m reproduce.experiment start --data-dir imagenette-160 --out runs/start

Can be stopped and started again at any moment: finished runs are kept, the interrupted
one goes on. Each run's record goes into OUT/records. Exit 0: all runs finished; 1:
stopped before; 2: wrong use.
"""

import shlex
import sys
from pathlib import Path

from reproduce import command_line


def parser():
    parser = command_line.parser("reproduce.experiment", __doc__)
    add = parser.add_argument
    add("name", help="start, start-cifar10")
    add("--data-dir", metavar="DIR", help="where its data is")
    add("--seeds", type=int, metavar="N", help="seeds of every arm (default: its own)")
    add("--out", metavar="DIR", help="folder of the runs (default: runs/NAME)")
    return parser


def main(arguments=None):
    options = parser().parse_args(arguments)
    words = sys.argv[1:] if arguments is None else arguments
    options.command = f"python -m reproduce.experiment {shlex.join(words)}"
    return command_line.run(experiment, options)


def experiment(options):
    command_line.quiet_keras()
    from alexnet_paper import experiments
    from reproduce.progress import EpochProgress

    with command_line.usage():
        if options.name not in experiments.EXPERIMENTS:
            known = ", ".join(experiments.EXPERIMENTS)
            raise ValueError(f"unknown experiment {options.name!r}: one of {known}.")
        chosen = experiments.EXPERIMENTS[options.name]
    out = Path(options.out or f"runs/{chosen.name}")
    plans = chosen.plans(options.data_dir, options.seeds)
    for number, (arm, plan) in enumerate(plans, 1):
        folder = out / f"{arm}-seed{plan.seed}"
        if (folder / "done").exists():
            continue
        command_line.note(f"run {number} of {len(plans)}: {arm}, seed {plan.seed}")
        with command_line.usage():
            record = experiments.run(
                chosen,
                arm,
                plan,
                folder,
                options.command,
                EpochProgress,
                command_line.note,
            )
        if record is None:
            raise SystemExit(1)
        print(record.save(out / "records"), flush=True)
        (folder / "done").touch()


if __name__ == "__main__":
    sys.exit(main())
