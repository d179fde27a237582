"""The folder of a run.

`run.json` has the plan and the environment, `log.jsonl` a line for each epoch, and
`checkpoint.npz` the weights and everything else that a resumed run needs.
"""

import contextlib
import os
from dataclasses import replace
from pathlib import Path

from alexnet_paper.files import TEXT
from alexnet_paper.files import from_json
from alexnet_paper.files import read_file
from alexnet_paper.training.log import LogLine
from alexnet_paper.training.log import check_epochs
from alexnet_paper.training.log import read_state
from alexnet_paper.training.plan import check_same
from alexnet_paper.training.plan import read_plan
from alexnet_paper.weights import file as weights
from alexnet_paper.weights.net import open_weights

CHECKPOINT = "checkpoint.npz"
BEST = "best.npz"  # of the epoch with the lowest validation error, if it is kept


class Stopped(Exception):
    """Another process uses the run or file that the message names."""


def history(folder):
    """Returns the lines of a run's log, one for each epoch that has ended.

    Lines of older versions have no "steps". Raises ValueError, with the file's name, if
    the log is damaged or lacks epochs of the checkpoint, or if the checkpoint is of
    another run.
    """
    checkpoint, lines = Path(folder) / CHECKPOINT, read_log(folder)
    if checkpoint.exists():
        meta = weights.load_meta(checkpoint)
        check_same(read_plan(folder)[0], meta, checkpoint)
        before = state_of(meta, checkpoint)["history"]
        if untimed(lines[: len(before)]) != untimed(before):
            raise ValueError(unlike(folder))
    return lines


def read_log(folder):
    """Returns the lines of a run's log, none if there is no log. Raises ValueError,
    with the file's name, if it is damaged."""
    log = Path(folder) / "log.jsonl"
    try:
        text = read_file(log, TEXT).splitlines() if log.exists() else []
        lines = [from_json(LogLine, line) for line in text]
        check_epochs(lines)
    except ValueError as error:
        raise ValueError(f"{log} is damaged: {error}") from error
    return lines


def check_log(folder, history):
    """Raises ValueError if a log differs from a checkpoint's history in an epoch that
    both have. A process that was killed may have written the one and not the other."""
    lines = untimed(read_log(folder)), untimed(history)
    if any(one != other for one, other in zip(*lines, strict=False)):
        raise ValueError(unlike(folder))


def unlike(folder):
    log, checkpoint = Path(folder) / "log.jsonl", Path(folder) / CHECKPOINT
    return f"{log} does not have the epochs of {checkpoint}."


def untimed(lines):
    """Returns lines of a log without what differs when an epoch is run again."""
    return [{**line, "seconds": None} for line in lines]


def state_of(meta, path):
    """Returns the `State` in the text of a run's weight file. Raises ValueError, with
    the file's name, if it is damaged."""
    try:
        return read_state(meta)
    except ValueError as error:
        raise ValueError(f"{path}: its state is damaged: {error}") from error


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
    check_same(plan, found.about, path)
    state_of(found.about, path)
    return replace(
        found,
        name=f"{plan.variant} of {folder}",
        precision=plan.precision,
        about={**found.about, "source": str(folder), "data": plan.data},
    )
