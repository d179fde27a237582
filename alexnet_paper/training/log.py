"""What a run notes of itself: a line of its log for each epoch, and its state."""

from typing import Annotated

from pydantic import AllowInfNan
from typing_extensions import NotRequired
from typing_extensions import TypedDict

from alexnet_paper.files import STRICT
from alexnet_paper.files import Count
from alexnet_paper.files import Positive
from alexnet_paper.files import Share

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
