"""A line of a run's log: one epoch."""

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
LogLine.__pydantic_config__ = STRICT
