"""The folder of a run.

`run.json` has the plan and the environment, `log.jsonl` a line for each epoch, and
`checkpoint.npz` the weights and everything else that a resumed run needs.
"""

import contextlib
import os
from dataclasses import replace
from pathlib import Path

from alexnet_paper.files import from_json
from alexnet_paper.files import read_file
from alexnet_paper.training.log import LogLine
from alexnet_paper.training.plan import read_plan
from alexnet_paper.weights.net import open_weights

CHECKPOINT = "checkpoint.npz"
BEST = "best.npz"  # of the epoch with the lowest validation error, if it is kept


class Stopped(Exception):
    """Another process uses the run or file that the message names."""


def history(folder):
    """Returns the lines of a run's log, one for each epoch that has ended.

    Lines of older versions have no "steps". Raises ValueError, with the file's name, if
    the log is damaged.
    """
    log = Path(folder) / "log.jsonl"
    try:
        lines = read_file(log).splitlines() if log.exists() else []
        return [from_json(LogLine, line) for line in lines]
    except ValueError as error:
        raise ValueError(f"{log} is damaged: {error}") from error


def weight_file(folder, plan):
    """Returns the path of a run's best weights if its recipe keeps them, else of its
    last weights."""
    name = BEST if plan.training_recipe().keep_best else CHECKPOINT
    return Path(folder) / name


@contextlib.contextmanager
def locked(path):
    """Context that locks a file or a run's folder.

    Raises Stopped if another process has locked it. Without `fcntl` it does nothing.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Stopped(f"{path} is being trained by another process.") from None
        yield
    finally:
        os.close(handle)


def open_run(folder):
    """Returns the `Trained` net of a run's folder, from its `weight_file`.

    Raises ValueError if it is not the folder of a run, FileNotFoundError if the run has
    no weights yet.
    """
    plan = read_plan(folder)[0]
    path = weight_file(folder, plan)
    if not path.exists():
        raise FileNotFoundError(f"{folder} has no {path.name} yet.")
    found = open_weights(path)
    if found.about["variant"] != plan.variant:
        raise ValueError(f"{path} is of {found.about['variant']}, not {plan.variant}.")
    return replace(
        found,
        name=f"{plan.variant} of {folder}",
        precision=plan.precision,
        about={**found.about, "source": str(folder), "data": plan.data},
    )
