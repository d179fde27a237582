"""Experiments as data: which runs answer a question, and what is read from them."""

import dataclasses
import math
import statistics
from dataclasses import dataclass

import keras

from alexnet_paper import evaluate as evaluation
from alexnet_paper import train as training
from alexnet_paper.plan import Plan

LEFT = 0.9  # of ln(classes): a loss below it has left the plateau


@dataclass(frozen=True)
class Experiment:
    """A question, the run that every arm starts from, and how the arms differ.

    `arms` maps a label to the fields of `plan.Plan` that it changes; every arm runs
    with seeds 0 to `seeds` − 1 and is then evaluated on `split`.
    """

    name: str
    question: str
    protocol: str
    plan: Plan
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


START = Plan(
    "paper",
    "imagenet",
    epochs=100,
    input_size=67,
    schedule="constant",
    validate_every=1000,
)
STARTING_NETS = {
    "paper": {"variant": "paper"},
    "authors": {"variant": "authors"},
    "caffe": {"variant": "caffe", "batch_size": 128},
}

_ALL = (
    Experiment(
        "start",
        "Does the printed recipe start to train?",
        "ten classes of real photographs, 50 a class, input 67×67, rate 0.01 "
        "throughout",
        START,
        STARTING_NETS,
    ),
    Experiment(
        "start-cifar10",
        "Does it start on CIFAR-10?",
        "200 images a class, enlarged to 76×76, input 67×67, rate 0.01 throughout",
        dataclasses.replace(
            START, data="cifar10", epochs=25, limit=2000, validation=0.02
        ),
        STARTING_NETS,
        seeds=3,
    ),
)

EXPERIMENTS = {experiment.name: experiment for experiment in _ALL}


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


def started(records, name):
    """{arm: (seeds, how many left the plateau, median steps of those, steps run, batch
    size)} from the records of the experiment."""
    found = {}
    for record in records:
        if record.protocol.get("experiment") == name:
            found.setdefault(record.protocol["arm"], []).append(record)
    return {arm: summary(of_arm) for arm, of_arm in found.items()}


def summary(records):
    steps = [steps_to_leave(record) for record in records]
    left = [count for count in steps if count is not None]
    one = records[0].protocol
    run = one["epochs"] * math.ceil(one["training_images"] / one["batch_size"])
    median = statistics.median(left) if left else None
    return len(steps), len(left), median, run, one["batch_size"]
