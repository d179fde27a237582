"""Runs an experiment, several arms and seeds under one protocol, and writes records.

    python -m reproduce.experiment choices --data-dir DIR --jobs 2
    python -m reproduce.experiment choices --data-dir DIR --arms base,no-lrn --seeds 1

`list` shows every experiment's question, expected result, seeds, decision rule and
cost. An experiment can be stopped at any moment: the same command continues
interrupted runs and keeps finished ones. `--missing` also leaves out runs whose
records are shipped with the package or are below ./runs. Records are written to
OUT/records. Exit 0: all runs finished; 1: stopped before; 2: wrong use.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

from reproduce import command_line


def parser():
    parser = command_line.parser("reproduce.experiment", __doc__)
    add = parser.add_argument
    add("name", help="name of the experiment, or list")
    add("--data-dir", metavar="DIR", help="folder of the data")
    add("--arms", metavar="A,B", help="run these arms only")
    add(
        "--seeds",
        type=int,
        metavar="N",
        help="of every arm, 1–1000 (default: its own)",
    )
    add(
        "--from",
        dest="start",
        metavar="RUN|FILE",
        help="weights for the arms that start from trained ones",
    )
    add("--epochs", type=int, metavar="N", help="of all arms (default: the protocol's)")
    add("--limit", type=int, metavar="N", help="training images of all arms")
    add("--missing", action="store_true", help="only runs that have no record yet")
    command_line.precision_option(
        parser, help="default: the protocol's, or float32 without bfloat16 hardware"
    )
    add(
        "--jobs",
        type=int,
        default=1,
        metavar="N",
        help="runs in parallel, each on its share of the cores (default: 1)",
    )
    add("--out", metavar="DIR", help="folder of the runs (default: runs/NAME)")
    return parser


def main(arguments=None):
    options = command_line.read(parser(), arguments)
    return command_line.run(experiment, options)


def experiment(options):
    from alexnet_paper.report import runs
    from alexnet_paper.report import writers
    from alexnet_paper.results import experiments

    if options.name == "list":
        sections = runs.experiments_sections(experiments.EXPERIMENTS.values())
        command_line.emit(writers.write(sections, "text"))
        return
    command_line.quiet_keras()
    from alexnet_paper.files import check_range
    from alexnet_paper.training.plan import check

    with command_line.usage():
        chosen = experiments.get(options.name)
        plans = chosen.plans(
            options.data_dir,
            options.seeds,
            options.arms and options.arms.split(","),
            start=options.start,
            epochs=options.epochs,
            limit=options.limit,
            precision=options.precision or affordable(chosen.plan.precision),
        )
        if options.missing:
            plans = missing(chosen, plans)
        for _, plan in plans:
            check(plan)
            if plan.start and options.start is None:
                raise ValueError(
                    f"{chosen.name} starts from {plan.start}: add --from FILE (made by "
                    "python -m reproduce.weights import), or --arms without it."
                )
        if options.out:
            command_line.check_out(options.out, folder=True)
        check_range("--jobs", options.jobs, 1, 1000)
    if options.jobs > 1:
        raise SystemExit(in_parallel(options.command, options.jobs))
    out = Path(options.out or f"runs/{chosen.name}")
    new = 0
    for new, path in enumerate(run_all(chosen, plans, out, options.command), 1):
        print(path, flush=True)
    if not new:
        where = "there already" if options.missing else f"in {out}/records"
        command_line.note(f"nothing is left to run: the records are {where}")


def missing(chosen, plans):
    """Returns the (arm, plan) pairs of an experiment that have no record yet."""
    from alexnet_paper.results.record import load_all

    about = [record.protocol for record in load_all(notify=command_line.note)]
    there = {(p.arm, p.seed) for p in about if p.experiment == chosen.name}
    return [(arm, plan) for arm, plan in plans if (arm, str(plan.seed)) not in there]


def affordable(precision):
    """Returns a protocol's precision if this machine computes it fast, else float32.

    The experiment's control arm compares the errors of both.
    """
    from alexnet_paper.nets.placement import computes_bfloat16

    if precision == "float32" or computes_bfloat16():
        return precision
    command_line.note(f"this processor has no {precision}: float32")
    return "float32"


def in_parallel(command, jobs):
    """Runs the command in `jobs` parallel processes, each on its share of the cores.

    Every process takes runs that no other process has locked. Returns the largest exit
    code, at least 1 if one of them was killed.
    """
    words = command_line.without(command, "--jobs")
    cores = sorted(os.sched_getaffinity(0))
    shares = [set(cores[index::jobs]) or set(cores) for index in range(jobs)]
    started = []
    for share in shares:
        os.sched_setaffinity(0, share)  # a child inherits it
        started.append(subprocess.Popen([sys.executable, "-m", *words]))
    os.sched_setaffinity(0, cores)

    def stop(signum, frame):
        for child in started:
            child.send_signal(signal.SIGTERM)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    codes = [child.wait() for child in started]
    for number in {-code for code in codes if code < 0}:
        name = signal.Signals(number).name
        command_line.note(
            f"a process was ended by {name} (SIGKILL: perhaps memory was short). The "
            "same command continues its run."
        )
    return max(1 if code < 0 else code for code in codes)


def run_all(chosen, plans, out, command):
    """Runs or resumes (arm, plan) pairs and yields the paths of their records.

    Each run has a folder below `out`. Runs that another process has locked are skipped.
    Exits with 1 if a run was stopped.
    """
    from alexnet_paper.results import arms
    from alexnet_paper.training import run as run_folder
    from alexnet_paper.training import train as training
    from reproduce.progress import EpochProgress

    training.enable_determinism()
    for number, (arm, plan) in enumerate(plans, 1):
        folder = out / chosen.folder(arm, plan)
        lock = Path(f"{folder}.lock")  # outside, so that the run can be moved
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.touch()
        try:
            with run_folder.locked(lock):
                if (folder / "done").exists():
                    with command_line.usage():
                        arms.check_done(plan, folder)
                    continue
                command_line.note(f"run {number} of {len(plans)}: {folder.name}")
                with command_line.usage():
                    records = arms.run(
                        chosen,
                        arm,
                        plan,
                        folder,
                        command,
                        EpochProgress,
                        command_line.note,
                    )
                if records is None:
                    raise SystemExit(1)
                yield from [record.save(out / "records") for record in records]
                (folder / "done").touch()
        except run_folder.Stopped as held:
            command_line.note(str(held))


if __name__ == "__main__":
    sys.exit(main())
