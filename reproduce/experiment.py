"""Runs an experiment: several variants and seeds under one protocol, and their records.

    python -m reproduce.experiment start --data-dir imagenette-160
    python -m reproduce.experiment proxies --arms paper-32,no-dropout --seeds 3

`list` shows the experiments. Can be stopped and started again at any moment: finished
runs are kept, the interrupted one goes on. Each run's records go into OUT/records.
Exit 0: all runs finished; 1: stopped before; 2: wrong use.
"""

import sys
from pathlib import Path

from reproduce import command_line


def parser():
    parser = command_line.parser("reproduce.experiment", __doc__)
    add = parser.add_argument
    add("name", help="of the experiment, or list")
    add("--data-dir", metavar="DIR", help="where its data is")
    add("--arms", metavar="A,B", help="some of its arms only")
    add("--seeds", type=int, metavar="N", help="seeds of every arm (default: its own)")
    add("--epochs", type=int, metavar="N", help="for all arms alike (default: its own)")
    add("--limit", type=int, metavar="N", help="training images, for all arms alike")
    add("--out", metavar="DIR", help="folder of the runs (default: runs/NAME)")
    return parser


def main(arguments=None):
    options = command_line.read(parser(), arguments)
    return command_line.run(experiment, options)


def experiment(options):
    from alexnet_paper import experiments
    from alexnet_paper import outcomes
    from alexnet_paper import tables

    if options.name == "list":
        sections = [outcomes.experiments_section(experiments.EXPERIMENTS.values())]
        command_line.emit(tables.write(sections, "text"))
        return
    command_line.quiet_keras()
    with command_line.usage():
        chosen = experiments.get(options.name)
        plans = chosen.plans(
            options.data_dir,
            options.seeds,
            options.arms and options.arms.split(","),
            epochs=options.epochs,
            limit=options.limit,
        )
    out = Path(options.out or f"runs/{chosen.name}")
    new = 0
    for new, path in enumerate(run_all(chosen, plans, out, options.command), 1):
        print(path, flush=True)
    if not new:
        command_line.note(f"nothing is left to run: the records are in {out}/records")


def run_all(chosen, plans, out, command):
    """Runs (arm, plan) pairs, each in a folder below `out`, or goes on with them, and
    yields the paths of the records. Exits with 1 where one was stopped."""
    from alexnet_paper import record
    from alexnet_paper import trials
    from reproduce.progress import EpochProgress

    for number, (arm, plan) in enumerate(plans, 1):
        folder = out / chosen.folder(arm, plan)
        there = record.load_all(out / "records") if any(out.glob("records")) else []
        plan = chosen.due(arm, plan, there)
        if plan is None:
            continue
        if (folder / "done").exists():
            with command_line.usage():
                trials.check_done(chosen, plan, folder)
            continue
        command_line.note(f"run {number} of {len(plans)}: {folder.name}")
        with command_line.usage():
            records = trials.run(
                chosen, arm, plan, folder, command, EpochProgress, command_line.note
            )
        if records is None:
            raise SystemExit(1)
        yield from [record.save(out / "records") for record in records]
        (folder / "done").touch()


if __name__ == "__main__":
    sys.exit(main())
