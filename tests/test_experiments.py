"""Experiments are data: every arm a plan, every run resumable, every end a record."""

import dataclasses
import json
from pathlib import Path

import keras
import pytest

from alexnet_paper import experiments
from alexnet_paper import trials
from alexnet_paper import variants
from alexnet_paper.plan import Plan
from alexnet_paper.plan import check
from alexnet_paper.record import Record
from reproduce import experiment as program


@pytest.mark.parametrize("name", experiments.EXPERIMENTS)
def test_every_arm_is_a_plan_with_seeds_of_its_own(name):
    experiment = experiments.EXPERIMENTS[name]
    plans = experiment.plans("DIR")
    heats = 1 if experiment.heat else 0
    assert len(plans) == (experiment.seeds + heats) * len(experiment.arms)
    assert len({plan for _, plan in plans}) == len(plans)
    for arm, plan in plans:
        assert arm in experiment.arms and plan.data_dir == "DIR"
        assert variants.get(plan.variant).name == plan.variant
        check(plan)


def test_some_arms_and_changes_for_all_alike():
    proxies = experiments.get("proxies")
    plans = proxies.plans(None, 2, ["no-lrn", "paper-32"], epochs=3, limit=None)
    assert [(arm, plan.seed) for arm, plan in plans] == [
        ("paper-32", 0),
        ("no-lrn", 0),
        ("paper-32", 1),
        ("no-lrn", 1),
    ]
    assert {(plan.epochs, plan.limit) for _, plan in plans} == {(3, 10_000)}
    with pytest.raises(ValueError, match="proxies has no arm x: it has paper-32, no-l"):
        proxies.plans(None, 1, ["x"])
    with pytest.raises(ValueError, match="unknown experiment 'x': one of start, start"):
        experiments.get("x")


TINY = experiments.Experiment(
    "tiny",
    "?",
    "digits",
    Plan("cifar-18pct", "digits", epochs=1, limit=40, validation=0.0),
    {"as-is": {}, "wild": {"learning_rate": 1e30, "epochs": 3}},
    seeds=1,
    measured=(("test", 1), ("train", 1)),
    more={"as-is": (("test", 10), ("train", 10))},
)


def test_an_experiment_runs_once_and_ends_in_records(tmp_path, monkeypatch, capsys):
    """Every split and number of views has its record; a net that diverges has one that
    says so; a second call finds all done."""
    monkeypatch.setitem(experiments.EXPERIMENTS, "tiny", TINY)
    assert program.main(["tiny", "--out", str(tmp_path)]) == 0
    paths = capsys.readouterr().out.split()
    records = [Record.load(path) for path in paths]
    assert len(set(paths)) == 5
    assert [(r.protocol["arm"], r.split, r.protocol["views"]) for r in records] == [
        ("as-is", "test", 1),
        ("as-is", "train", 1),
        ("as-is", "test", 10),
        ("as-is", "train", 10),
        ("wild", "test", 1),
    ]
    assert records[0].protocol["experiment"] == "tiny"
    assert 0 < records[0].metrics["top1_error"] < 1
    assert records[4].metrics == {}
    assert records[4].protocol["ended"].startswith("diverged in epoch ")
    assert program.main(["tiny", "--out", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert out == "" and f"nothing is left to run: the records are in {tmp_path}" in err
    with pytest.raises(SystemExit):
        program.main(["tiny", "--out", str(tmp_path), "--epochs", "7"])
    assert "7 asked for): choose another --out" in capsys.readouterr().err


def test_an_interrupted_experiment_goes_on(tmp_path, monkeypatch):
    """Stopped in its run, it says so and keeps the checkpoint; then finishes it."""

    class Interrupts(keras.callbacks.Callback):
        def __init__(self, run):
            super().__init__()
            self.run = run

        def on_train_batch_begin(self, batch, logs=None):
            import signal

            signal.raise_signal(signal.SIGINT)

        def epoch_done(self, line):
            raise AssertionError

    class Watches(Interrupts):
        def on_train_batch_begin(self, batch, logs=None):
            pass

        def epoch_done(self, line):
            pass

    plan = dataclasses.replace(TINY.plan, limit=200)
    rest = (tmp_path, "command")
    stopped = trials.run(TINY, "as-is", plan, *rest, Interrupts, print)
    assert stopped is None
    found = trials.run(TINY, "as-is", plan, *rest, Watches, print)
    assert len(found) == 4 and len(found[0].history) == 1
    content = json.loads((Path(tmp_path) / "run.json").read_text())
    assert content["plan"]["limit"] == 200


def test_list_shows_every_experiment(capsys):
    assert program.main(["list"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in experiments.EXPERIMENTS)


def test_wrong_use_is_one_line(capsys):
    wrong = ["x", "proxies --arms x", "proxies --epochs 0", "proxies --seeds 0"]
    for words in map(str.split, [*wrong, "figure1 --epochs 12"]):  # of its heats
        with pytest.raises(SystemExit) as stop:
            program.main([*words, "--data-dir", "nowhere", "--out", "nowhere-runs"])
        assert stop.value.code == 2
        (line,) = capsys.readouterr().err.strip().splitlines()[-1:]
        assert line.startswith("error: ")


def raced(arm, errors, seed=0):
    history = [{"epoch": n, "top1_error": e} for n, e in enumerate(errors, 1)]
    protocol = {"experiment": "figure1", "arm": arm, "seed": str(seed)}
    return Record("x", "cifar10", "test", 1, protocol, {}, "", {}, history)


def test_a_race_tries_every_rate_and_goes_on_with_the_fastest():
    """Every rate has its heat first; then each kind's fastest runs, with all seeds."""
    race = experiments.get("figure1")
    plans = race.plans()
    heats, runs = plans[: len(race.arms)], plans[len(race.arms) :]
    assert {arm for arm, _ in heats} == set(race.arms)
    assert {(plan.epochs, plan.seed) for _, plan in heats} == {(12, 0)}
    assert {(plan.epochs, plan.seed) for _, plan in runs} == {
        (60, seed) for seed in range(3)
    }
    folders = [race.folder(arm, plan) for arm, plan in plans]
    assert len(set(folders)) == len(plans) and folders[0] == "relu-0.01-heat"
    assert all(race.due(arm, plan, []) == plan for arm, plan in heats)
    won = [raced("relu-0.03", (0.4, 0.3, 0.2))]  # after 2.5 epochs
    ends = {arm: race.due(arm, plan, won).epochs for arm, plan in heats}
    assert (ends["relu-0.01"], ends["tanh-0.01"]) == (3, 12)

    records = [raced(arm, (0.5,) * 12) for arm in race.arms]
    records += [
        *won,
        raced("tanh-0.003", (*(0.4,) * 12, 0.5)),  # what comes after does not count
        raced("tanh-0.001", (*(0.6,) * 12, 0.2)),
    ]
    there = {record.protocol["arm"]: record for record in records}.values()
    due = [(arm, plan.seed) for arm, plan in runs if race.due(arm, plan, there)]
    assert due == [
        (arm, seed) for seed in range(3) for arm in ("tanh-0.003", "relu-0.03")
    ]
    proxies = experiments.get("proxies")
    assert all(proxies.due(arm, plan, []) == plan for arm, plan in proxies.plans())
