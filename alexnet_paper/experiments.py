"""Experiments as data: which runs answer a question, and what is read from them."""

import dataclasses
import math
import statistics
from dataclasses import dataclass

import keras

from alexnet_paper import evaluate as evaluation
from alexnet_paper import train as training

LEFT = 0.9  # of ln(classes): a loss below it has left the plateau


@dataclass(frozen=True)
class Experiment:
    """A question, the run that every arm starts from, and how the arms differ.

    `arms` maps a label to the fields of `train.Plan` that it changes; every arm runs
    with seeds 0 to `seeds` − 1 and is then evaluated on `split`.
    """

    name: str
    question: str
    plan: training.Plan
    arms: dict
    seeds: int = 5
    split: str = "validation"

    def plans(self, data_dir, seeds=None):
        """(arm, plan) of every run."""
        return [
            (
                arm,
                dataclasses.replace(self.plan, data_dir=data_dir, seed=seed, **changes),
            )
            for seed in range(seeds or self.seeds)
            for arm, changes in self.arms.items()
        ]


EXPERIMENTS = {
    "start": Experiment(
        "start",
        "Does the printed recipe start to train, and after how many steps?",
        training.Plan(
            "paper",
            "imagenet",
            epochs=100,
            input_size=67,
            schedule="constant",
            validate_every=1000,
        ),
        {
            "paper": {"variant": "paper"},
            "authors": {"variant": "authors"},
            "caffe": {"variant": "caffe", "batch_size": 128},
        },
    ),
}


def run(experiment, arm, plan, folder, command, watch, notify):
    """Trains one arm, or goes on with it, evaluates it and returns its `Record`, or
    None where it was stopped. `watch(run)` gives a callback with `epoch_done`."""
    keras.utils.clear_session()
    there = (folder / "run.json").exists()
    one = training.start(plan, folder, command, resume=there, notify=notify)
    progress = watch(one)
    if not one.train([progress], done=progress.epoch_done):
        return None
    record = evaluation.evaluate([folder], experiment.split, 1, command)
    about = {
        "experiment": experiment.name,
        "arm": arm,
        "input": plan.input_size or "own",
    }
    return dataclasses.replace(record, protocol={**about, **record.protocol})


def steps_to_leave(record):
    """Steps after which the training loss of an epoch was below 0.9 ln(classes), or
    None if it never was."""
    limit = LEFT * math.log(record.protocol["classes"])
    images, batch = record.protocol["training_images"], record.protocol["batch_size"]
    for line in record.history:
        if line["loss"] < limit:
            return line["epoch"] * math.ceil(images / batch)
    return None


def started(records, name="start"):
    """{arm: (seeds, how many left the plateau, median steps of those, steps run, batch
    size)} from the records of the experiment."""
    return {arm: summary(of_arm) for arm, of_arm in by_arm(records, name).items()}


def by_arm(records, name):
    """{arm: its records} of one experiment."""
    found = {}
    for record in records:
        if record.protocol.get("experiment") == name:
            found.setdefault(record.protocol["arm"], []).append(record)
    return found


def summary(records):
    steps = [steps_to_leave(record) for record in records]
    left = [count for count in steps if count is not None]
    one = records[0].protocol
    run = one["epochs"] * math.ceil(one["training_images"] / one["batch_size"])
    median = statistics.median(left) if left else None
    return len(steps), len(left), median, run, one["batch_size"]


def epochs_to(history, error):
    """The epoch whose training error first was at most `error`, or math.inf if none
    was; `history` as in a `Record`."""
    reached = (line["epoch"] for line in history if line["top1_error"] <= error)
    return next(reached, math.inf)


def times_as_many(fast, slow, longest):
    """(ratio of the medians of two lists of epochs, whether it is only a lower bound).

    Where the median of `slow` is math.inf, the ratio is that of `longest`, the epochs
    that it was trained, and a lower bound; it is None where that of `fast` is.
    """
    fast, slow = statistics.median(fast), statistics.median(slow)
    if math.isinf(fast):
        return None, False
    return min(slow, longest) / fast, math.isinf(slow)
