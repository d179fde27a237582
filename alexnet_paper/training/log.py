"""What a run notes of itself: a line of its log for each epoch, and its state."""

import json
from typing import Annotated

from pydantic import AllowInfNan
from typing_extensions import NotRequired
from typing_extensions import TypedDict

from alexnet_paper.files import STRICT
from alexnet_paper.files import Count
from alexnet_paper.files import Positive
from alexnet_paper.files import Share
from alexnet_paper.files import from_json

ERRORS = {"loss": Positive, "top1_error": Share, "top5_error": Share}
MEASURED = ("val", "train", "validation", "test")  # after the epoch, where it was

# The errors without a prefix are running means over the epoch's training images.
LogLine = TypedDict(
    "LogLine",
    {
        "epoch": Count,
        "steps": NotRequired[Count],
        **ERRORS,
        **{
            f"{split}_{name}": NotRequired[kind]
            for split in MEASURED
            for name, kind in ERRORS.items()
        },
        "rate": Positive,
        "seconds": Positive,
    },
)


class Waiting(TypedDict):
    """Of a `schedule.Plateau`: lowest error, epochs since, and drops so far. Older
    versions wrote infinity for no error."""

    best: Annotated[float, AllowInfNan(True)] | None
    waited: Count
    dropped: Count


class State(TypedDict):
    """Where a run is: the text of its checkpoint. `logs` are the running means of the
    epoch."""

    epoch: Count
    step: Count
    seconds: NotRequired[Positive]
    rate: Positive
    history: list[LogLine]
    logs: dict[str, float]
    plateau: Waiting | None


for kind in (LogLine, State):
    kind.__pydantic_config__ = STRICT


def check_epochs(lines):
    """Raises ValueError if the lines of a log are not of epochs 1, 2, 3, …"""
    for number, line in enumerate(lines, 1):
        if line["epoch"] != number:
            raise ValueError(f"line {number} is of epoch {line['epoch']}")


def read_state(meta):
    """Returns the `State` in the text of a checkpoint. Raises ValueError without one,
    and if it is damaged."""
    state = from_json(State, json.dumps(meta.get("state")))
    check_epochs(state["history"])
    if state["epoch"] != len(state["history"]):
        told = f"{state['epoch']} epochs, and lines of {len(state['history'])}"
        raise ValueError(told)
    return state
