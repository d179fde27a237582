"""Experiments are data, and what is read from their records is worked out by hand."""

import math

import pytest

from alexnet_paper import experiments
from alexnet_paper import tables
from alexnet_paper import variants
from alexnet_paper.record import Record


def run_record(arm, seed, losses):
    """A record of a run of 4 steps an epoch with these training losses."""
    return Record(
        variant=arm,
        data="imagenet",
        split="validation",
        examples=150,
        protocol={
            "experiment": "start",
            "arm": arm,
            "classes": 10,
            "training_images": 500,
            "batch_size": 128,
            "epochs": len(losses),
            "views": 1,
            "seed": seed,
        },
        metrics={},
        command="c",
        environment={},
        history=[{"epoch": i + 1, "loss": loss} for i, loss in enumerate(losses)],
    )


def test_steps_to_leave_the_plateau():
    """The first epoch below 0.9 ln(10) = 2.072, in steps; None if there is none."""
    assert experiments.steps_to_leave(run_record("paper", 0, [2.3, 2.08, 2.07])) == 12
    assert experiments.steps_to_leave(run_record("paper", 0, [2.3, 2.08])) is None
    assert math.isclose(experiments.LEFT * math.log(10), 2.0723, rel_tol=1e-4)


def test_started_counts_seeds_by_arm():
    records = [
        run_record("paper", 0, [2.3, 2.3, 1.0]),
        run_record("paper", 1, [2.3, 1.0, 1.0]),
        run_record("paper", 2, [2.3, 2.3, 2.3]),
        run_record("caffe", 0, [2.3, 2.3, 2.3]),
    ]
    found = experiments.started(records, "start")
    assert found == {"paper": (3, 2, 10, 12, 128), "caffe": (1, 0, None, 12, 128)}
    rows = tables.start_section(experiments.EXPERIMENTS["start"], found).rows
    assert rows[0] == ("paper", "2 of 3", "10", "12 of 128 images")
    assert rows[1] == ("caffe", "0 of 1", "none did", "12 of 128 images")


@pytest.mark.parametrize("name", experiments.EXPERIMENTS)
def test_every_arm_is_a_plan_with_seeds_of_its_own(name):
    experiment = experiments.EXPERIMENTS[name]
    plans = experiment.plans("DIR")
    assert len(plans) == experiment.seeds * len(experiment.arms)
    assert len({plan for _, plan in plans}) == len(plans)
    for arm, plan in plans:
        assert arm in experiment.arms and plan.data_dir == "DIR"
        assert plan.variant in variants.VARIANTS
