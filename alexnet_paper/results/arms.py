"""One run of an experiment: training, evaluation and records."""

import dataclasses

import keras

from alexnet_paper.results import evaluate as evaluation
from alexnet_paper.results.record import Protocol
from alexnet_paper.results.record import Record
from alexnet_paper.training import environment
from alexnet_paper.training import train as training
from alexnet_paper.training.environment import introduced
from alexnet_paper.training.plan import difference
from alexnet_paper.training.plan import read_plan


def check_done(plan, folder):
    """Raises ValueError if the run in `folder` was trained by another plan."""
    there = read_plan(folder)[0]
    if there != plan:
        raise ValueError(
            f"{folder} holds another run ({difference(there, plan)}): choose another "
            "--out."
        )


def run(experiment, arm, plan, folder, command, watch, notify):
    """Trains one run of an arm, or resumes it, and evaluates it.

    Args:
        experiment: An `Experiment`.
        arm: The arm's label.
        plan: The run's `Plan`.
        folder: The run's folder.
        command: The command line, for the records.
        watch: `watch(run)` returns a Keras callback with a method `epoch_done`.
        notify: Called with every message.

    Returns:
        The run's `Record`s, or None if training was stopped.
    """
    keras.utils.clear_session()
    there = (folder / "run.json").exists()
    one = training.start(plan, folder, command, resume=there, notify=notify)
    progress = watch(one)
    finished = one.train([progress], done=progress.epoch_done)
    about = {
        "experiment": experiment.name,
        "protocol_commit": introduced(experiment.file),
        "arm": arm,
        "input": plan.input_size or "own",
        "rate": one.recipe.learning_rate,
    }
    if one.diverged:
        return [diverged(one, experiment, about, command)]
    if not finished:
        return None
    opened = evaluation.open_runs([folder])
    found = [
        evaluation.measure(
            opened,
            one.dataset.held_out if split == "test" else split,
            views,
            command,
            keep=arm in experiment.kept and split == "test" and views == 10,
        )
        for split, views in (*experiment.measured, *experiment.more.get(arm, ()))
    ]
    return [
        dataclasses.replace(
            record, protocol=dataclasses.replace(record.protocol, **about)
        )
        for record in found
    ]


def diverged(one, experiment, about, command):
    """Returns the record, without metrics, of a run that diverged."""
    split, views = experiment.measured[0]
    return Record(
        variant=one.plan.variant,
        data=one.plan.data,
        split=split,
        examples=0,
        protocol=Protocol(
            **about,
            changes=one.plan.changes(),
            ended=f"diverged in epoch {one.epoch + 1}",
            classes=one.dataset.classes,
            views=views,
            epochs=one.epoch,
            seed=str(one.plan.seed),
            training_images=len(one.dataset.splits["train"]),
            batch_size=one.recipe.batch_size,
            steps=one.steps,
        ),
        metrics={},
        command=command,
        environment=environment.here(),
        history=one.history,
    )
