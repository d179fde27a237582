"""A run is a folder: `run.json` says what is run, `log.jsonl` has a line an epoch, and
`checkpoint.npz` is the weight file with everything else a resumed run needs."""

import contextlib
import json
import os
from dataclasses import replace
from pathlib import Path

from alexnet_paper.files import read_text
from alexnet_paper.training.plan import read_plan
from alexnet_paper.weights.net import open_weights

CHECKPOINT = "checkpoint.npz"
BEST = "best.npz"  # the epoch with the lowest validation error, where a recipe keeps it


class Stopped(Exception):
    """Another process works on a run, or a file; the message says on which."""


def history(folder):
    """The lines of a run's log, one an epoch; none before the first has ended. Lines
    of older versions have no "steps". Raises ValueError, naming the log, where it is
    damaged."""
    log = Path(folder) / "log.jsonl"
    try:
        lines = read_text(log).splitlines() if log.exists() else []
        return [json.loads(line) for line in lines]
    except ValueError as error:
        raise ValueError(f"{log} is damaged: {error}") from error


def weight_file(folder, plan):
    """The weights of a run that count: of its best epoch where its recipe keeps that,
    else of its last."""
    name = BEST if plan.training_recipe().keep_best else CHECKPOINT
    return Path(folder) / name


@contextlib.contextmanager
def locked(path):
    """Holds a file, or a run's folder, while it is worked on. Raises Stopped where
    another process does; nothing is checked on systems without `fcntl`."""
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
    """The `Trained` of a run's folder, from the weights of it that count.

    Raises ValueError where it is not the folder of a run, FileNotFoundError where the
    run has no checkpoint yet.
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
