"""Learning curves of ImageNet runs that others trained, as they published them."""

import csv
from dataclasses import dataclass
from pathlib import Path

from alexnet_paper.paper.replications import ASTEROID
from alexnet_paper.paper.replications import MISHKIN

LOGS = Path(__file__).parent / "logs"
SERIES = {  # {column of a file: (name in a record's log, whether it is an accuracy)}
    "training_loss": ("loss", False),
    "training_accuracy": ("top1_error", True),
    "validation_loss": ("val_loss", False),
    "validation_accuracy": ("val_top1_error", True),
    "loss": ("val_loss", False),
    "accuracy": ("val_top1_error", True),
}


@dataclass(frozen=True)
class ReplicationLog:
    """A run of somebody else's.

    `unit` is what the file counts ("epoch" or "iteration"), `source` the repository,
    its commit and the file there.
    """

    file: str
    who: str
    what: str
    unit: str
    source: str

    def lines(self):
        """Returns the lines of its log, with the names that a record's log has."""
        text = (LOGS / self.file).read_text(encoding="utf-8")
        return [self.line(row) for row in csv.DictReader(text.splitlines())]

    def line(self, row):
        found = {self.unit: int(row[self.unit])}
        for column, (name, accuracy) in SERIES.items():
            if column in row:
                value = float(row[column])
                found[name] = 1 - value if accuracy else value
        return found


REPLICATION_LOGS = (
    ReplicationLog(
        "asteroidhunter_ilsvrc2010_two_towers.csv",
        "AsteroidHunter",
        "two towers on two GPUs, ILSVRC-2010",
        "epoch",
        f"{ASTEROID} logs/hpc_run_20240914.csv",
    ),
    ReplicationLog(
        "caffenet128_with_lrn.csv",
        "Mishkin et al.",
        "CaffeNet at 128 pixels, with normalization",
        "iteration",
        f"{MISHKIN} logs/caffenet128_lrn.log",
    ),
    ReplicationLog(
        "caffenet128_without_lrn.csv",
        "Mishkin et al.",
        "CaffeNet at 128 pixels, without normalization",
        "iteration",
        f"{MISHKIN} logs/clf_arch/ReLU_std.log",
    ),
)
