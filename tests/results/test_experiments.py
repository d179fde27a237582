"""Experiments are data: every arm a plan, every run resumable, every end a record."""

import dataclasses
import signal
from pathlib import Path

import keras
import pytest
from records import CLAIM

from alexnet_paper.results import arms as trials
from alexnet_paper.results import experiments
from alexnet_paper.results import hypotheses
from alexnet_paper.results import record
from alexnet_paper.results.record import Record
from alexnet_paper.training.plan import Plan
from alexnet_paper.training.plan import check
from alexnet_paper.training.plan import read_plan
from reproduce import experiment as program

NAMES = list(experiments.EXPERIMENTS)
pytestmark = pytest.mark.usefixtures("no_determinism_afterwards")


@pytest.mark.parametrize("experiment", experiments.EXPERIMENTS.values(), ids=NAMES)
def test_every_arm_is_a_plan_with_seeds_of_its_own(experiment):
    plans = experiment.plans("DIR")
    runs = sum(arm.get("seeds", experiment.seeds) for arm in experiment.arms.values())
    assert len({plan for _, plan in plans}) == len(plans) == runs
    said = (experiment.question, experiment.expected, experiment.decided)
    assert all(said) and experiment.protocol and experiment.cost
    for arm, plan in plans:
        assert arm in experiment.arms and plan.data_dir.split("/")[0] == "DIR"
        check(plan)


def test_some_arms_and_changes_for_all_alike():
    choices = experiments.get("choices")
    plans = choices.plans(None, 2, ["no-lrn", "base"], epochs=3, limit=None)
    runs = [(arm, plan.seed) for arm, plan in plans]
    assert runs == [("base", 0), ("no-lrn", 0), ("base", 1), ("no-lrn", 1)]
    assert {(plan.epochs, plan.limit) for _, plan in plans} == {(3, None)}
    with pytest.raises(ValueError, match="choices has no arm x: it has base, no-lrn"):
        choices.plans(None, 1, ["x"])
    with pytest.raises(ValueError, match="unknown experiment 'x': one of biases, "):
        experiments.get("x")


def test_arms_may_have_data_and_weights_of_their_own(wrong_use):
    transfer = experiments.get("transfer")
    arms = {arm: plan for arm, plan in transfer.plans("DIR", 1, start="w.npz")}
    trained, scratch = arms["imagenette-trained"], arms["imagenette-scratch"]
    assert (trained.start, scratch.start) == ("w.npz", None)
    assert trained.data_dir == scratch.data_dir == str(Path("DIR", "imagenette"))
    classifier = dict(experiments.get("classifier").plans("DIR", 1, start="w.npz"))
    assert classifier["flowers17"].data_dir == str(Path("DIR", "flowers17"))
    own = {"start", "freeze", "new", "view_cycle"}
    alike = {of.name for of in dataclasses.fields(Plan)} - own
    assert all(getattr(trained, name) == getattr(scratch, name) for name in alike)
    said = wrong_use(program, "transfer", "--data-dir", "DIR")
    assert "transfer starts from bvlc-alexnet: add --from FILE" in said


def test_the_control_keeps_its_precision_and_its_seeds():
    choices = experiments.get("choices")
    plans = choices.plans(precision="mixed_bfloat16")
    found = {(arm, plan.precision) for arm, plan in plans}
    assert ("float32", "float32") in found and ("base", "mixed_bfloat16") in found
    assert sum(arm == "float32" for arm, _ in plans) == 3
    slow = choices.plans(precision="float32")
    assert {plan.precision for _, plan in slow} == {"float32"}


def test_a_hypothesis_is_of_arms_that_are_there_and_of_claims():
    measures = {*hypotheses.MEASURES, hypotheses.AT_EQUAL_LOSS}
    for experiment in experiments.EXPERIMENTS.values():
        for one in (*experiment.hypotheses, *experiment.controls):
            assert {one.base, one.without} <= set(experiment.arms)
            assert one.measure in measures
        asked = {id for one in experiment.hypotheses for id in one.claims}
        assert asked <= set(CLAIM) & set(experiment.claims)


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
    more={"as-is": (("test", 10),)},
    kept=("as-is",),
)


def test_an_experiment_runs_once_and_ends_in_records(
    tmp_path, monkeypatch, call, wrong_use
):
    """Every split and number of views has its record, that of ten views with all
    probabilities; a net that diverges has one that says so; a second call finds all
    done, a third that asks for another run is refused, and a fourth, elsewhere, that
    asks for what is missing finds nothing."""
    monkeypatch.setitem(experiments.EXPERIMENTS, "tiny", TINY)
    code, out, _ = call(program, "tiny", "--out", tmp_path)
    assert code == 0
    records = [Record.load(path) for path in out.split()]
    assert [(r.protocol.arm, r.split, r.protocol.views) for r in records] == [
        ("as-is", "test", 1),
        ("as-is", "train", 1),
        ("as-is", "test", 10),
        ("wild", "test", 1),
    ]
    one, _, ten, wild = records
    assert one.protocol.experiment == "tiny" and 0 < one.metrics["top1_error"] < 1
    assert "probabilities" in ten.arrays and "probabilities" not in one.arrays
    likely = ten.array("probabilities").argmax(axis=1)
    wrong = (likely != ten.array("label")).mean()
    assert wrong == pytest.approx(ten.metrics["top1_error"], abs=0.003)  # 1 is a tie
    assert wild.metrics == {} and wild.protocol.ended.startswith("diverged in epoch ")
    code, out, err = call(program, "tiny", "--out", tmp_path)
    assert (code, out) == (0, "")
    assert f"nothing is left to run: the records are in {tmp_path}" in err
    said = wrong_use(program, "tiny", "--out", tmp_path, "--epochs", 7)
    assert "7 asked for): choose another --out" in said
    monkeypatch.setattr(record, "shipped", lambda: tmp_path)
    pairs = TINY.plans(seeds=2)
    assert program.missing(TINY, pairs) == pairs[2:]  # those of the second seed
    monkeypatch.chdir(tmp_path)  # without "runs"
    code, out, err = call(program, "tiny", "--out", tmp_path / "new", "--missing")
    assert (code, out) == (0, "") and "the records are there already" in err
    assert not (tmp_path / "new").exists()


class Watches(keras.callbacks.Callback):
    """Raises Ctrl-C in the first step where it is told to."""

    def __init__(self, interrupts):
        super().__init__()
        self.interrupts = interrupts

    def on_train_batch_begin(self, batch, logs=None):
        if self.interrupts:
            signal.raise_signal(signal.SIGINT)

    def epoch_done(self, line):
        assert not self.interrupts


def test_an_interrupted_experiment_goes_on(tmp_path):
    """Stopped in its run, it says so and keeps the checkpoint; then finishes it."""
    plan = dataclasses.replace(TINY.plan, limit=200)
    once = dataclasses.replace(TINY, more={})
    for interrupts in (True, False):
        about = once, "as-is", plan, tmp_path, "command"
        found = trials.run(*about, lambda run: Watches(interrupts), print)
        assert (found is None) == interrupts
    assert len(found) == 2 and len(found[0].history) == 1
    assert read_plan(tmp_path)[0] == plan


def test_list_shows_every_experiment(call):
    code, shown, _ = call(program, "list")
    assert code == 0 and all(name in shown for name in experiments.EXPERIMENTS)


@pytest.mark.parametrize(
    "words",
    ["x"] + [f"choices --{o}" for o in ("arms x", "epochs 0", "seeds 0", "jobs 0")],
)
def test_wrong_use_is_said_in_the_last_line(words, call, tmp_path):
    words = f"{words} --data-dir nowhere --out {tmp_path}/runs"
    code, out, err = call(program, *words.split())
    assert (code, out) == (2, "") and err.splitlines()[-1].startswith("error: ")
