"""Experiments are data: every arm a plan, every run resumable, every end a record."""

import dataclasses
import json
from pathlib import Path

import keras
import pytest

from alexnet_paper import paper
from alexnet_paper.nets import variants
from alexnet_paper.results import arms as trials
from alexnet_paper.results import experiments
from alexnet_paper.results import hypotheses
from alexnet_paper.results.record import Record
from alexnet_paper.training.plan import Plan
from alexnet_paper.training.plan import check
from reproduce import experiment as program


@pytest.mark.parametrize("name", experiments.EXPERIMENTS)
def test_every_arm_is_a_plan_with_seeds_of_its_own(name):
    experiment = experiments.EXPERIMENTS[name]
    plans = experiment.plans("DIR")
    runs = sum(arm.get("seeds", experiment.seeds) for arm in experiment.arms.values())
    assert len(plans) == runs
    said = (experiment.question, experiment.expected, experiment.decided)
    assert all(said) and experiment.protocol and experiment.cost
    assert len({plan for _, plan in plans}) == len(plans)
    for arm, plan in plans:
        assert arm in experiment.arms and plan.data_dir == "DIR"
        assert variants.get(plan.variant).name == plan.variant
        check(plan)


def test_some_arms_and_changes_for_all_alike():
    choices = experiments.get("choices")
    plans = choices.plans(None, 2, ["no-lrn", "base"], epochs=3, limit=None)
    assert [(arm, plan.seed) for arm, plan in plans] == [
        ("base", 0),
        ("no-lrn", 0),
        ("base", 1),
        ("no-lrn", 1),
    ]
    assert {(plan.epochs, plan.limit) for _, plan in plans} == {(3, None)}
    with pytest.raises(ValueError, match="choices has no arm x: it has base, no-lrn"):
        choices.plans(None, 1, ["x"])
    with pytest.raises(ValueError, match="unknown experiment 'x': one of biases, choi"):
        experiments.get("x")


def test_the_control_keeps_its_precision_and_its_seeds():
    choices = experiments.get("choices")
    plans = choices.plans(precision="mixed_bfloat16")
    found = {(arm, plan.precision) for arm, plan in plans}
    assert ("float32", "float32") in found and ("base", "mixed_bfloat16") in found
    assert sum(arm == "float32" for arm, _ in plans) == 3
    slow = choices.plans(precision="float32")
    assert {plan.precision for _, plan in slow} == {"float32"}


def test_a_hypothesis_is_of_arms_that_are_there_and_of_claims():
    claims = {claim.id for claim in paper.CLAIMS}
    for experiment in experiments.EXPERIMENTS.values():
        for one in (*experiment.hypotheses, *experiment.controls):
            assert {one.base, one.without} <= set(experiment.arms)
            measures = (*hypotheses.MEASURES, hypotheses.AT_EQUAL_LOSS)
            assert one.measure in measures
        for one in experiment.hypotheses:
            assert set(one.claims) <= claims and set(one.claims) <= {*experiment.claims}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("question = ", "Invalid value"),
        ("[plan]\nvariant = 'paper'", "data"),
        ("x = 1\n[plan]\nvariant = 'paper'\ndata = 'digits'", "unexpected keyword"),
        ("question = 'q'\n[arms]", "plan"),
    ],
)
def test_what_is_no_protocol_is_named(tmp_path, text, message):
    file = tmp_path / "x.toml"
    file.write_text(text)
    with pytest.raises(ValueError, match=f"x.toml is not a protocol: .*{message}"):
        experiments.load(file)


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
    assert [(r.protocol.arm, r.split, r.protocol.views) for r in records] == [
        ("as-is", "test", 1),
        ("as-is", "train", 1),
        ("as-is", "test", 10),
        ("as-is", "train", 10),
        ("wild", "test", 1),
    ]
    assert records[0].protocol.experiment == "tiny"
    assert 0 < records[0].metrics["top1_error"] < 1
    assert records[4].metrics == {}
    assert records[4].protocol.ended.startswith("diverged in epoch ")
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
    wrong = ["x", "choices --arms x", "choices --epochs 0", "choices --seeds 0"]
    wrong.append("choices --jobs 0")
    for words in map(str.split, wrong):
        with pytest.raises(SystemExit) as stop:
            program.main([*words, "--data-dir", "nowhere", "--out", "nowhere-runs"])
        assert stop.value.code == 2
        (line,) = capsys.readouterr().err.strip().splitlines()[-1:]
        assert line.startswith("error: ")
