"""What is read from records of experiments, worked out by hand."""

import math

import pytest
from records import record

from alexnet_paper.report import runs
from alexnet_paper.results import curves
from alexnet_paper.results import experiments


def run_record(arm, seed, losses):
    """A record of a run of 4 steps an epoch with these training losses."""
    about = {"experiment": "start", "arm": arm, "seed": str(seed), "batch_size": 128}
    about |= {"classes": 10, "training_images": 500, "epochs": len(losses)}
    history = [{"epoch": n, "loss": loss} for n, loss in enumerate(losses, 1)]
    return record(arm, "imagenet", "validation", 150, history=history, **about)


def test_steps_to_leave_the_plateau():
    """The first epoch below 0.9 ln(10) = 2.072, in steps; None if there is none."""
    assert curves.steps_to_leave(run_record("paper", 0, [2.3, 2.08, 2.07])) == 12
    assert curves.steps_to_leave(run_record("paper", 0, [2.3, 2.08])) == math.inf


def test_started_counts_seeds_by_arm():
    records = [
        run_record("paper", 0, [2.3, 2.3, 1.0]),
        run_record("paper", 1, [2.3, 1.0, 1.0]),
        run_record("paper", 2, [2.3, 2.3, 2.3]),
        run_record("caffe", 0, [2.3, 2.3, 2.3]),
    ]
    found = curves.started(records, "start")
    assert found == {"paper": (3, 2, 10, 12, 128), "caffe": (1, 0, None, 12, 128)}
    rows = runs.start_section(experiments.EXPERIMENTS["start"], found).rows
    assert rows[0] == ("paper", "2 of 3", "10", "12 × 128 images")
    assert rows[1] == ("caffe", "0 of 1", "none did", "12 × 128 images")


def trained(arm, seed, errors):
    """A record of Figure 1 with these training errors, epoch by epoch."""
    history = [{"epoch": n, "top1_error": error} for n, error in enumerate(errors, 1)]
    return record(history=history, experiment="figure1", arm=arm, seed=str(seed))


def test_epochs_to_an_error():
    """50 % after one epoch, 20 % after two: 25 % came five sixths through the second.
    What was before the first epoch is not known."""

    def epochs(*errors):
        return curves.epochs_to(trained("relu", 0, errors).history, 0.25)

    assert epochs(0.5, 0.2) == pytest.approx(1 + 5 / 6)
    assert (epochs(0.25), epochs(0.1)) == (1, 1)
    assert epochs(0.5, 0.25) == pytest.approx(2)
    assert (epochs(0.5, 0.26), epochs()) == (math.inf, math.inf)


@pytest.mark.parametrize(
    ("fast", "slow", "expected"),
    [
        ([2, 3, 4], [12, 18, 30], (6, False)),
        ([2, 3, 4], [12, math.inf, math.inf], (20 / 3, True)),
        ([2], [12, math.inf], (8, True)),  # the median is 16 or more
        ([math.inf, math.inf, 4], [12, 18, 30], (None, False)),
    ],
)
def test_times_as_many(fast, slow, expected):
    assert curves.times_as_many(fast, slow, 20) == expected


def test_a_race_takes_each_kind_s_best_rate():
    """tanh is fastest at 0.01 with seed 0 (4 epochs), whatever its other seeds do; the
    ratio is that of the medians, 5 and 1.5. Errors are those after two and four epochs,
    as long as every rate was tried."""
    records = [
        trained("relu-0.001", 1, [0.25]),
        trained("relu-0.001", 0, [0.5, 0.25]),
        trained("relu-0.01", 0, [0.5, 0.4, 0.25]),
        trained("tanh-0.001", 0, [0.8] * 12 + [0.25]),
        trained("tanh-0.01", 0, [0.8, 0.7, 0.6, 0.25]),
        trained("tanh-0.01", 1, [0.8, 0.7, 0.6, 0.5, 0.25]),
        trained("tanh-0.01", 2, [0.8] * 8),
    ]
    (race,) = curves.figure1(records)
    assert race.rates == {"relu": 0.001, "tanh": 0.01}
    assert race.epochs == {"relu": [2, 1], "tanh": [4, 5, math.inf]}
    assert race.ratio() == (pytest.approx(5 / 1.5), False)
    assert race.tried == {
        "relu": {0.001: 0.25, 0.01: 0.4},
        "tanh": {0.001: 0.8, 0.01: 0.25},
    }
    assert race.records["relu"] == [records[1], records[0]]
    assert curves.figure1(records[:3]) == []


def test_a_race_without_an_end_takes_who_came_nearest():
    records = [
        trained("relu-0.01", 0, [0.5, 0.25]),
        trained("tanh-0.001", 0, [0.9] * 5),
        trained("tanh-0.01", 0, [0.7] * 6),
        trained("tanh-0.1", 0, []),
    ]
    (race,) = curves.figure1(records)
    assert (race.rates["tanh"], race.ratio()) == (0.01, (3, True))


def test_a_run_that_is_read_twice_counts_once():
    """Shipped, and once more below ./runs, where it is read last."""
    first, again = (
        record(experiment="e", arm="a", seed=seed, metrics={"loss": loss})
        for seed, loss in (("0", 1.0), ("0", 2.0))
    )
    other = record(experiment="e", arm="a", seed="1")
    assert curves.of_experiment([first, other, again], "e") == {"a": [again, other]}
