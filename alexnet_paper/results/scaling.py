"""Images a second of a training by one process, by replicas and by workers.

They are from the logs of whole runs of `reproduce.train`, taken in turn. `measured`
reads the file that `reproduce.scaling` writes.
"""

import json
import statistics
from dataclasses import asdict
from dataclasses import dataclass
from pathlib import Path

from alexnet_paper.files import STRICT
from alexnet_paper.files import Positive
from alexnet_paper.files import atomic_write
from alexnet_paper.files import from_json
from alexnet_paper.files import read_file

ALONE = "one process"
FILE = "scaling.json"  # among the shipped records


@dataclass(frozen=True)
class Scaling:
    """Images a second of each round of each way to train, the same number for all."""

    __pydantic_config__ = STRICT

    variant: str
    data: str
    batch_size: int
    speeds: dict[str, list[Positive]]
    command: str
    environment: dict[str, str]

    def ratios(self, way):
        """Returns the speed of a way beside one process, round by round."""
        pairs = zip(self.speeds[way], self.speeds[ALONE], strict=True)
        return [speed / alone for speed, alone in pairs]

    def ratio(self, way):
        return statistics.median(self.ratios(way))

    def save(self, path):
        atomic_write(path, json.dumps(asdict(self), indent=1, sort_keys=True) + "\n")


def measured(path):
    """Returns the `Scaling` in a file, or None if there is no file. Raises ValueError,
    with the file's name, if it is damaged."""
    if not Path(path).exists():
        return None
    try:
        found = from_json(Scaling, read_file(path))
        for way in found.speeds:
            found.ratio(way)
    except (KeyError, ValueError, ZeroDivisionError) as error:
        raise ValueError(f"{path} has no measured speeds: {error}") from error
    return found
