"""Learning curves of records and of others' runs, as plain values for a page."""

from dataclasses import dataclass

from alexnet_paper.paper.replication_logs import REPLICATION_LOGS
from alexnet_paper.results import curves

MEASURES = {  # {name in a log: its words}
    "top1_error": "top-1 error, %",
    "loss": "loss, nats",
}
HELD_OUT = ("test", "val", "validation")  # prefixes of what training did not see
DIGITS = 4  # significant ones, of what is drawn


@dataclass(frozen=True)
class Curve:
    """A run's learning curves.

    `lines` has {measure: {"training" or "held out": [[x, y], …]}}, and x counts
    `unit`s. `source` is a record's file name, or where others published it. `images`
    is how many images a run of ours saw, with repetitions.
    """

    label: str
    group: str
    theirs: bool
    unit: str
    source: str
    lines: dict
    images: int = 0


def of_all(records):
    """Returns the `Curve`s of all runs with a log, each run once, then others'."""
    runs = {}
    for one in records:
        if one.history:
            about = one.protocol
            run = one.variant, one.recipe, about.experiment, about.arm, about.seed
            runs.setdefault((*run, len(one.history)), one)
    ours = sorted(map(of_record, runs.values()), key=lambda one: (one.group, one.label))
    return (*ours, *map(of_others, REPLICATION_LOGS))


def of_record(record):
    """A record's curves; by steps where an epoch is not one of all training images."""
    about, epochs = record.protocol, len(record.history)
    who = f"{record.variant}, {record.recipe}"
    if about.experiment:
        who = f"{about.experiment}: {about.arm}"
    short = curves.short_epochs(record)
    unit, each = ("step", about.steps) if short else ("epoch", 1)
    images = about.training_images or 0
    data = f"{record.dataset}, {images:,} images" if images else record.dataset
    history = [{**line, unit: each * line["epoch"]} for line in record.history]
    return Curve(
        f"{who}, seed {about.seed} ({data}, {each * epochs:,} {unit}s)",
        about.experiment or "single runs",
        False,
        unit,
        record.source.rpartition("/")[2] or record.name,
        drawn(history, unit),
        each * epochs * (about.batch_size if short else images),
    )


def of_others(log):
    lines = log.lines()
    label = f"theirs, {log.who}: {log.what} ({lines[-1][log.unit]:,} {log.unit}s)"
    source = log.source
    return Curve(label, "theirs", True, log.unit, source, drawn(lines, log.unit))


def drawn(history, unit):
    """Returns {measure: {kind: points}} of what a log has; errors are in %."""
    found = {}
    for measure in MEASURES:
        held = [f"{split}_{measure}" for split in HELD_OUT]
        for kind, names in (("training", [measure]), ("held out", held)):
            points = [
                [line[unit], rounded(line[name], measure)]
                for line in history
                for name in names
                if name in line
            ]
            if points:
                found.setdefault(measure, {})[kind] = points
    return found


def rounded(value, measure):
    value = 100 * value if "error" in measure else value
    return float(f"{value:.{DIGITS}g}")
