"""Training: the same bits for the same command, stopped or not, and honest endings."""

import contextlib
import dataclasses
import json
import math
import os
import signal
import threading
import types
from pathlib import Path

import keras
import kill_and_resume
import numpy as np
import pytest

from alexnet_paper import paper
from alexnet_paper.nets import model as models
from alexnet_paper.nets import variants
from alexnet_paper.nets.recipes import OnPlateau
from alexnet_paper.nets.recipes import Recipe
from alexnet_paper.nets.variants import Variant
from alexnet_paper.results import compare
from alexnet_paper.results import evaluate as evaluation
from alexnet_paper.training import run as run_folder
from alexnet_paper.training import train as training
from alexnet_paper.training.plan import Plan
from alexnet_paper.training.schedule import Phase
from alexnet_paper.training.schedule import authors_phase
from alexnet_paper.training.schedule import phase_of_drops
from alexnet_paper.weights import file as weights
from reproduce import experiment
from reproduce import train as program

# crops, mirrors, colour noise, dropout, momentum, decay, biases at twice the rate, and
# a rate that falls on a plateau: all that a resumed run could lose
RECIPE = Recipe(
    batch_size=16,
    image_side=40,
    reflect=True,
    colour="paper",
    rate_multipliers=(("bias", 2.0),),
)
PLAN = Plan("tiny", "digits", epochs=2, seed=5, limit=60, validation=0.05)
STEPS = 4  # an epoch


@pytest.fixture(scope="module", autouse=True)
def tiny_variants(tiny):
    """The tiny net as a variant, twice; determinism, switched off afterwards."""
    from tensorflow.python.framework import config

    training.enable_determinism()
    still = dataclasses.replace(RECIPE, learning_rate=1e-12)
    with pytest.MonkeyPatch.context() as patch:
        for name, recipe in (("tiny", RECIPE), ("still", still)):
            net = dataclasses.replace(tiny, name=name)
            patch.setitem(variants.VARIANTS, name, Variant("", "", net, recipe=recipe))
        yield
    config.disable_op_determinism()


def changed(**changes):
    return dataclasses.replace(PLAN, **changes)


def begin(plan, folder, resume=False):
    """A run and the list of what it notifies."""
    said = []
    return training.start(plan, folder, "command", resume, said.append), said


class At(keras.callbacks.Callback):
    """Does something as a step, or a validation, begins."""

    def __init__(self, run, moment, action):
        super().__init__()
        self.run, self.moment, self.action = run, moment, action
        self.came = False

    def act(self, now):
        if (self.run.epoch, now) == self.moment:
            self.came = True
            self.action()

    def on_train_batch_begin(self, batch, logs=None):
        self.act(self.run.step)

    def on_test_begin(self, logs=None):
        self.act("validation")


class Killed(BaseException):
    """The process is gone: nothing more is written."""


def ctrl_c():
    os.kill(os.getpid(), signal.SIGINT)


def kill():
    raise Killed


def trained(plan, folder, moments=(), action=ctrl_c, save_seconds=300):
    """Trains to the end in `folder`, cut short at each of the moments."""
    for count, moment in enumerate(moments):
        run, _ = begin(plan, folder, resume=count > 0)
        at = At(run, moment, action)
        with contextlib.suppress(Killed):
            run.train([at], save_seconds)
        assert at.came
    run, _ = begin(plan, folder, resume=bool(moments))
    assert run.train(save_seconds=save_seconds)
    return run


def lines(folder):
    text = (Path(folder) / "log.jsonl").read_text()
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def without_seconds(history):
    return [{k: v for k, v in line.items() if k != "seconds"} for line in history]


def differences(ours, theirs):
    """{name: largest difference in units in the last place} of the arrays of two
    checkpoints whose bits differ, in the order of the file."""
    return {
        name: float(np.testing.assert_array_max_ulp(a, theirs[name], np.inf).max())
        for name, a in ours.items()
        if a.tobytes() != theirs[name].tobytes()
    }


def same(one, other):
    """The same bits in every array of two runs' checkpoints, the same history, and the
    same state."""
    ours, theirs = (kill_and_resume.arrays(folder) for folder in (one, other))
    assert ours.keys() == theirs.keys()
    differ = differences(ours, theirs)
    assert not differ, (
        f"{len(differ)} of {len(ours)} arrays differ, first {next(iter(differ))}, by "
        f"up to {max(differ.values()):g} units in the last place: {differ}"
    )
    assert kill_and_resume.same_bits(ours, theirs)
    states = [
        weights.load(f / run_folder.CHECKPOINT).meta["state"] for f in (one, other)
    ]
    histories = [without_seconds(state.pop("history")) for state in states]
    assert histories[0] == histories[1] and states[0] == states[1]
    assert without_seconds(lines(one)) == without_seconds(lines(other)) == histories[0]
    return True


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """Folder of a run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("alone")
    trained(PLAN, folder)
    return folder


def test_same_seed_same_bits(alone, tmp_path):
    """Weights, momentum, running means and dropout's seeds, to the last bit."""
    trained(PLAN, tmp_path)
    assert same(alone, tmp_path)
    kinds = {name.split("/")[0] for name in kill_and_resume.arrays(alone)}
    assert {"optimizer", "metric", "seed", "preparation", "conv1", "fc8"} <= kinds


@pytest.fixture
def enabled(monkeypatch):
    """A list with an entry for every time that determinism is switched on."""
    found, options = [], pytest.importorskip("tensorflow").config.experimental
    monkeypatch.setattr(options, "enable_op_determinism", lambda: found.append(True))
    return found


def test_programs_that_train_enable_determinism_once(enabled, tmp_path):
    """`reproduce.train`, and the runs of `reproduce.experiment`, before they begin."""
    with pytest.raises(SystemExit):
        program.main(["--variant", "tiny", "--data", "no such data"])
    assert enabled == [True]
    assert list(experiment.run_all(None, [], tmp_path, "command")) == []
    assert enabled == [True, True]


def test_nets_are_built_and_timed_without_determinism(enabled, tmp_path):
    """A run does not switch it on for the whole process, nor does a comparison."""
    begin(PLAN, tmp_path)
    compare.speeds([PLAN], None, 2, 1)
    assert enabled == []


def test_other_seed_other_bits(alone, tmp_path):
    trained(changed(seed=6, epochs=1), tmp_path)
    ours, theirs = (kill_and_resume.arrays(folder) for folder in (alone, tmp_path))
    assert ours.keys() == theirs.keys()
    for name in ("conv1/kernel", "fc8/kernel", "fc8/bias"):
        assert not np.array_equal(ours[name], theirs[name])


def test_training_moves_every_variable_and_keeps_it_finite(alone):
    """The comparisons of bits are not of a net that stands still."""
    found = kill_and_resume.arrays(alone)
    run, _ = begin(PLAN, alone, resume=True)
    fresh = training.Run(PLAN, run.dataset, alone)
    for name, before in models.get_weights(fresh.model).items():
        assert np.all(np.isfinite(found[name]))
        assert not np.array_equal(found[name], before), name


def test_watching_a_split_changes_nothing(alone, tmp_path):
    """Its errors are in the log, those of an evaluation, and the net has the same
    bits."""
    run = trained(changed(watch="test"), tmp_path)
    ours, theirs = (kill_and_resume.arrays(folder) for folder in (tmp_path, alone))
    weights_only = [n for n in theirs if n.split("/")[0] not in ("metric", "seed")]
    assert all(np.array_equal(ours[n], theirs[n]) for n in weights_only)
    found = evaluation.evaluate([tmp_path], "test", 1, "command").metrics["top1_error"]
    assert run.history[-1]["test_top1_error"] == pytest.approx(found, abs=1e-6)
    assert "test_top1_error" not in lines(alone)[-1]


def test_a_run_in_bfloat16_resumes_alike_and_ends_near(alone, tmp_path):
    plan = changed(precision="mixed_bfloat16")
    trained(plan, tmp_path / "whole")
    trained(plan, tmp_path / "parts", [(0, 2)])
    assert same(tmp_path / "whole", tmp_path / "parts")
    ours, theirs = lines(tmp_path / "whole")[-1], lines(alone)[-1]
    assert ours["loss"] == pytest.approx(theirs["loss"], rel=0.05)
    record = evaluation.evaluate([tmp_path / "whole"], "test", 1, "command")
    assert record.protocol.precision == "mixed_bfloat16"
    exact = evaluation.evaluate(
        [tmp_path / "whole"], "test", 1, "command", precision="float32"
    )
    assert exact.protocol.precision == "float32"


def test_a_run_stops_at_a_loss(tmp_path):
    run = trained(changed(epochs=5, until_loss=100.0, steps=2), tmp_path)
    assert run.epoch == 1 and run.finished and run.history[0]["steps"] == 2


@pytest.mark.parametrize(
    "moments",
    [
        pytest.param([(0, 0), (1, 1)], id="within epochs"),
        pytest.param([(0, STEPS - 1)], id="last step of an epoch"),
        pytest.param([(1, STEPS - 1)], id="last step of all"),
        pytest.param([(0, "validation")], id="validation"),
    ],
)
def test_ctrl_c_and_resume(moments, alone, tmp_path):
    """A real SIGINT: the step is finished, all is saved, and the resumed run ends with
    the same bits and the same history as one left alone."""
    trained(PLAN, tmp_path, moments)
    assert same(alone, tmp_path)


@pytest.mark.parametrize(
    "moments",
    [
        pytest.param([(0, 3), (1, 2)], id="within epochs"),
        pytest.param([(0, "validation")], id="validation"),
        pytest.param([(1, "validation")], id="last validation"),
    ],
)
def test_killed_and_resumed(moments, alone, tmp_path):
    """Gone between two steps, the checkpoint being that of the step before."""
    trained(PLAN, tmp_path, moments, kill, save_seconds=0)
    assert same(alone, tmp_path)


def test_killed_between_log_and_checkpoint(alone, tmp_path, monkeypatch):
    """All epochs are in the log and none is in a checkpoint: the log is made again."""
    with monkeypatch.context() as patch:
        patch.setattr(training.Run, "save", lambda run: kill())
        with pytest.raises(Killed):
            begin(PLAN, tmp_path)[0].train()
    assert len(lines(tmp_path)) == 2
    assert begin(PLAN, tmp_path, resume=True)[0].train()
    assert same(alone, tmp_path)


@pytest.fixture(scope="module")
def two_devices(tmp_path_factory):
    """Plan and folder of a run in the two-tower form, each tower with its own dropout
    and momentum, that nothing disturbed."""
    plan = changed(placement="CPU:0,CPU:1", epochs=1)
    folder = tmp_path_factory.mktemp("two-devices")
    trained(plan, folder)
    return plan, folder


def test_two_devices_train_alike(two_devices, tmp_path):
    """The control of the next test: the same run again, without a stop."""
    plan, folder = two_devices
    trained(plan, tmp_path)
    assert same(folder, tmp_path)


def test_two_devices_resume_alike(two_devices, tmp_path):
    plan, folder = two_devices
    trained(plan, tmp_path, [(0, 1)])
    assert same(folder, tmp_path)


def test_arrays_that_differ_are_named():
    """With the distance in units in the last place, of integers and floats alike."""
    one = {"a": np.ones(3, "float32"), "b": np.ones(2, "float32"), "c": np.arange(3)}
    other = {name: array.copy() for name, array in one.items()}
    assert differences(one, other) == {}
    other["b"][1] += 3 * np.spacing(np.float32(1))
    other["c"][0] = 1
    found = differences(one, other)
    assert list(found) == ["b", "c"] and found["b"] == 3.0


def test_ctrl_c_saves_after_the_step_and_says_so(tmp_path):
    handler = signal.getsignal(signal.SIGINT)
    run, said = begin(PLAN, tmp_path)
    assert not run.train([At(run, (0, 1), ctrl_c)])
    assert said == ["stopped after the step, and saved"]
    state = weights.load(tmp_path / run_folder.CHECKPOINT).meta["state"]
    assert (state["epoch"], state["step"]) == (0, 2)
    assert signal.getsignal(signal.SIGINT) is handler


@pytest.mark.parametrize("moment", [(0, 0), (0, "validation")], ids=str)
def test_a_stop_leaves_no_thread(moment, tmp_path, monkeypatch):
    """Keras's `fit` returns, its callbacks are told so, and the threads that prepare
    batches end: an epoch of more batches than are prepared ahead."""
    told = []
    ends = keras.callbacks.LambdaCallback(
        on_train_begin=lambda logs: told.append("begin"),
        on_train_end=lambda logs: told.append("end"),
    )
    before = set(threading.enumerate())
    run, said = begin(with_recipe(monkeypatch, batch_size=2), tmp_path)
    assert run.steps > 20
    assert not run.train([At(run, moment, ctrl_c), ends])
    assert said == ["stopped after the step, and saved"]
    assert set(threading.enumerate()) <= before
    assert told == ["begin", "end"]


def test_a_run_that_diverges_at_its_end_has_not_finished(tmp_path, monkeypatch):
    """The last update overflows: nothing is saved, and it is no success."""
    run, said = begin(changed(epochs=1, limit=16), tmp_path)
    infinite = Phase(float("inf"), {})
    monkeypatch.setattr(training, "phase_of_drops", lambda *rest: infinite)
    run.plateau = None
    assert not run.train() and run.diverged and "not finite" in said[0]
    assert not (tmp_path / run_folder.CHECKPOINT).exists()


def test_sigterm_stops_like_ctrl_c(tmp_path):
    run, said = begin(PLAN, tmp_path)
    assert not run.train([At(run, (0, 0), lambda: signal.raise_signal(signal.SIGTERM))])
    assert said and (tmp_path / run_folder.CHECKPOINT).exists()


def test_a_run_says_which_commits_trained_it():
    one = training.with_commit({"command": "c", "commit": "abc"}, "abc")
    assert one == {"command": "c", "commit": "abc"}
    two = training.with_commit(one, "def+")
    assert training.with_commit(two, "abc") == two == {**one, "commit": "abc, def+"}


def test_a_finished_run_resumed_does_nothing(alone):
    before = (alone / run_folder.CHECKPOINT).read_bytes()
    run, _ = begin(PLAN, alone, resume=True)
    assert run.finished and run.train()
    assert (alone / run_folder.CHECKPOINT).read_bytes() == before


# the log


def test_log_has_a_complete_line_an_epoch(alone):
    found = lines(alone)
    assert [line["epoch"] for line in found] == [1, 2]
    for line in found:
        assert set(line) == {
            *("epoch", "steps", "loss", "top1_error", "top5_error", "rate", "seconds"),
            *("val_loss", "val_top1_error", "val_top5_error"),
        }
        assert 0 <= line["top5_error"] <= line["top1_error"] <= 1
        assert line["rate"] == 0.01 and line["seconds"] >= 0
        assert line["steps"] == STEPS


def test_a_log_without_steps_is_read(tmp_path):
    """Of an older version: the run goes on, and its new lines have them."""
    run, _ = begin(PLAN, tmp_path)
    assert not run.train([At(run, (1, 0), ctrl_c)])
    for line in run.history:
        del line["steps"]
    run.save()
    again, _ = begin(PLAN, tmp_path, resume=True)
    assert again.train()
    history = run_folder.history(tmp_path)
    assert [line.get("steps") for line in history] == [None, STEPS]
    assert history == lines(tmp_path)


def test_logged_validation_is_what_the_checkpoint_gives(alone):
    """Loss without the penalty, and errors, worked out again in NumPy."""
    run, _ = begin(PLAN, alone, resume=True)
    split, mean = run.dataset.splits["validation"], run.prepare.mean
    views = np.stack([run.prepare.scaled(image) for image in split.images])
    views = views[:, 2:37, 2:37].astype("float32") - mean
    logits = keras.ops.convert_to_numpy(run.model(views)).astype("float64")
    logits -= logits.max(axis=1, keepdims=True)
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    line = lines(alone)[-1]
    own = logs[np.arange(len(split)), split.labels]
    assert line["val_loss"] == pytest.approx(-own.mean(), rel=1e-5)
    ranks = (logs > own[:, None]).sum(axis=1)
    assert line["val_top1_error"] == pytest.approx(np.mean(ranks >= 1), abs=1e-6)
    assert line["val_top5_error"] == pytest.approx(np.mean(ranks >= 5), abs=1e-6)


def test_validation_can_be_rarer(tmp_path):
    """Every second epoch; the error it gives is unchanged by that."""
    trained(changed(validate_every=2, schedule="constant"), tmp_path)
    assert ["val_loss" in line for line in lines(tmp_path)] == [False, True]


def test_no_validation(tmp_path):
    trained(changed(validation=0, epochs=1, schedule="constant"), tmp_path)
    assert "val_loss" not in lines(tmp_path)[0]


def test_run_json_says_what_is_run(alone):
    plan, content = training.read_plan(alone)
    assert plan == PLAN and content["command"] == "command"
    assert {"backend", "device", "commit", "keras", "numpy", "machine"} <= set(content)
    assert {path.name for path in alone.iterdir()} == {
        "run.json",
        "log.jsonl",
        "checkpoint.npz",
    }


# the rate


@pytest.mark.parametrize("moments", [(), [(2, 0)]])
def test_the_plateau_survives_a_stop(moments, tmp_path, monkeypatch):
    """A net that does not move: ÷10 after every two epochs, and no more often than is
    allowed; counted on across a stop in the middle of the wait."""
    still = variants.get("still")
    recipe = dataclasses.replace(still.recipe, drops=OnPlateau(patience=2, drops=1))
    monkeypatch.setitem(
        variants.VARIANTS, "still", dataclasses.replace(still, recipe=recipe)
    )
    plan = changed(variant="still", epochs=6, limit=20)
    run = trained(plan, tmp_path, moments)
    errors = {line["val_top1_error"] for line in run.history}
    assert len(errors) == 1
    rates = [line["rate"] for line in run.history]
    assert rates == pytest.approx([1e-12] * 3 + [1e-13] * 3, rel=1e-6)
    assert run.state()["plateau"]["dropped"] == 1


def test_fixed_drops():
    """The rate is cut in the epoch that is named, counted from 0."""
    recipe = variants.get("cifar-18pct").recipe
    rates = {
        epoch: phase_of_drops(recipe.learning_rate, recipe.drops, (), epoch).rate
        for epoch in (0, 119, 120, 129, 130, 139)
    }
    assert rates == pytest.approx(
        {0: 1e-3, 119: 1e-3, 120: 1e-4, 129: 1e-4, 130: 1e-5, 139: 1e-5}
    )


# run #145: 0.001 from 25, 0.0001 from 51; conv1 slowed and colours off from 67, conv1
# frozen from 72; 0.00001 from 79. Biases: 0.02, cut once
OF_145 = {
    0: (1e-2, 2e-2, 1e-2, True),
    24: (1e-2, 2e-2, 1e-2, True),
    25: (1e-3, 2e-3, 1e-3, True),
    50: (1e-3, 2e-3, 1e-3, True),
    51: (1e-4, 2e-3, 1e-4, True),
    66: (1e-4, 2e-3, 1e-4, True),
    67: (1e-4, 2e-3, 1e-5, False),
    71: (1e-4, 2e-3, 1e-5, False),
    72: (1e-4, 2e-3, 0, False),
    78: (1e-4, 2e-3, 0, False),
    79: (1e-5, 2e-3, 0, False),
    90: (1e-5, 2e-3, 0, False),
}
SCHEDULES = {row.run: row for row in paper.SCHEDULES}


def of_first_kernel(factors):
    return factors.get("conv1", 1) * factors.get("conv1/kernel", 1)


@pytest.mark.parametrize("epoch", OF_145)
def test_every_boundary_of_run_145(epoch):
    """Rates of weights, of biases and of conv1's kernel, and colour noise."""
    phase = authors_phase(SCHEDULES["145"], epoch, 0.01)
    factors = phase.multipliers
    found = (
        phase.rate,
        phase.rate * factors["bias"],
        phase.rate * of_first_kernel(factors),
    )
    assert found == pytest.approx(OF_145[epoch][:3], rel=1e-9)
    assert phase.colour is OF_145[epoch][3]


@pytest.mark.parametrize(
    ("run", "epoch", "rate", "conv1", "colour"),
    [
        ("147", 78, 1e-4, 1e-4, True),  # its conv1 is never slowed, its colours stay
        ("147", 79, 1e-5, 0, True),
        ("145-half", 95, 1e-4, 0, False),  # no third drop in its notes
        ("148", 85, 1e-4, 0, False),
        ("148", 86, 1e-5, 0, False),
        ("145-2010", 67, 1e-4, 1e-4, True),
        ("145-2010", 68, 1e-4, 1e-5, False),
    ],
)
def test_schedules_that_differ(run, epoch, rate, conv1, colour):
    phase = authors_phase(SCHEDULES[run], epoch, 0.01)
    found = phase.rate, phase.rate * of_first_kernel(phase.multipliers)
    assert found == pytest.approx((rate, conv1), rel=1e-9)
    assert phase.colour is colour


class Keeps(keras.callbacks.Callback):
    """Keeps the arrays of the net and of the momentum after every epoch."""

    def __init__(self, run):
        super().__init__()
        self.run = run
        self.found = [self.now()]

    def now(self):
        variables = self.run.model.optimizer.variables
        momentum = {v.path: keras.ops.convert_to_numpy(v.value) for v in variables}
        return {**models.get_weights(self.run.model), **momentum}

    def on_epoch_end(self, epoch, logs=None):
        self.found.append(self.now())


def from_epoch(plan, folder, epoch):
    """A new run as if it had come to an epoch."""
    run, _ = begin(plan, folder)
    run.epoch = epoch
    return run


def test_a_frozen_layer_does_not_change(tmp_path, monkeypatch):
    """Epochs 66, 67 and 72 of run #145: conv1 moves, slower, then not at all, its
    momentum included, while everything else goes on; colour noise ends with 66."""
    colours, batches = [], training.Batches

    def noted(split, prepare, *arguments, **options):
        colours.append(prepare.colour)
        return batches(split, prepare, *arguments, **options)

    monkeypatch.setattr(training, "Batches", noted)
    run, _ = begin(changed(schedule="145", epochs=73, limit=20), tmp_path)
    keeper, keeps = training.Keeper(run, 300), Keeps(run)
    for epoch in (66, 67, 72):
        run.epoch = epoch
        run.train_epoch([keeper, keeps])
    assert colours == ["paper", None, None]
    assert [line["rate"] for line in run.history] == 3 * [pytest.approx(1e-4)]
    of_conv1 = {name for name in keeps.found[0] if "conv1" in name}
    assert len(of_conv1) == 4  # kernel and bias, each with its momentum
    constant = {"momentum_sgd/learning_rate"}
    for still, a, b in zip((set(), set(), of_conv1), keeps.found, keeps.found[1:]):
        kept = {name for name in a if np.array_equal(a[name], b[name])}
        assert kept - constant == still


def test_resumed_in_a_frozen_phase(tmp_path):
    """The factors are of the epoch, not of the recipe, from the first step on."""
    plan = changed(schedule="145", epochs=73, limit=20)
    run = from_epoch(plan, tmp_path / "alone", 72)
    assert run.train()
    run = from_epoch(plan, tmp_path / "stopped", 72)
    assert not run.train([At(run, (72, 0), ctrl_c)])
    resumed, _ = begin(plan, tmp_path / "stopped", resume=True)
    assert (resumed.epoch, resumed.step) == (72, 1) and resumed.train()
    assert same(tmp_path / "alone", tmp_path / "stopped")


# endings


def finite(folder):
    """Whether no weight and no momentum of a checkpoint is NaN or infinite."""
    return all(
        np.all(np.isfinite(array))
        for name, array in kill_and_resume.arrays(folder).items()
        if not name.startswith(("metric/", "seed/"))
    )


def test_nan_stops_and_the_last_checkpoint_is_good(tmp_path):
    """A weight becomes NaN in the second epoch: the run stops at that step, says so,
    and what is on disk is the step before."""

    def spoil():
        kernel = run.model.get_layer("fc8").kernel
        kernel.assign(np.full(kernel.shape, np.nan))

    run, said = begin(PLAN, tmp_path)
    assert not run.train([At(run, (1, 1), spoil)], save_seconds=0)
    assert len(said) == 1 and "the loss is nan: stopped" in said[0]
    assert (run.epoch, run.step) == (1, 2) and finite(tmp_path)
    state = weights.load(tmp_path / run_folder.CHECKPOINT).meta["state"]
    assert (state["epoch"], state["step"]) == (1, 1)


@pytest.mark.parametrize("limit", [16, 60])
def test_an_update_that_overflows_is_not_saved(limit, tmp_path, monkeypatch):
    """The first step's loss is finite and its update is not: "the last checkpoint is
    good" must hold, with one step an epoch as with several."""

    def start(run):
        run.model.optimizer.learning_rate = float("inf")
        return Phase(1.0, {})

    monkeypatch.setattr(training.Run, "start_epoch", start)
    run, said = begin(changed(limit=limit), tmp_path)
    assert not run.train(save_seconds=0)
    assert "stopped" in said[-1]
    assert not (tmp_path / run_folder.CHECKPOINT).exists() or finite(tmp_path)


def stall(losses, classes=10, error=None):
    said, error = [], 1 - 1 / classes if error is None else error
    fake = types.SimpleNamespace(
        dataset=types.SimpleNamespace(classes=classes, splits={"train": range(1000)}),
        history=[{"loss": loss, "top1_error": error} for loss in losses],
        notify=said.append,
        stalled=False,
    )
    for _ in range(2):  # said once, not after every epoch
        training.Run.warn_of_stall(fake)
    return said


def test_a_stall_is_named():
    """Three epochs at ln(classes) or above, with what to try."""
    (text,) = stall([2.3, 2.303, 2.302, 2.301])
    assert "ln(10) = 2.303" in text and "--seed" in text and "--variant" in text
    assert "ln(1000) = 6.908" in stall([math.log(1000)] * 3, 1000)[0]
    assert "loss 2.400 (ln(10)" in stall([2.6, 2.5, 2.4])[0]


@pytest.mark.parametrize(
    ("losses", "error"),
    [
        ([2.3, 2.3], 0.9),
        ([2.3, 2.3, 2.2], 0.9),
        ([2.2, 2.3, 2.3], 0.9),
        ([0.5, 0.5, 0.5], 0.1),
        ([2.3, 2.3, 2.3], 0.75),  # it has begun to learn
    ],
)
def test_what_is_no_stall(losses, error):
    assert stall(losses, error=error) == []


def test_a_net_that_stands_still_is_said_to_stall(tmp_path):
    run, said = begin(changed(variant="still", limit=10, epochs=3), tmp_path)
    kernel = run.model.get_layer("fc8").kernel
    kernel.assign(np.zeros(kernel.shape))
    assert run.train()
    assert [text.split(":")[0] for text in said] == ["stalled"]


# starting


def test_a_run_that_is_there_already(alone):
    with pytest.raises(ValueError, match="holds a run already: add --resume"):
        begin(PLAN, alone)


@pytest.mark.parametrize(
    "changes", [{"seed": 6}, {"epochs": 3}, {"limit": 61}, {"schedule": "145"}]
)
def test_resuming_another_plan(changes, alone):
    ((name, asked),) = changes.items()
    before = getattr(PLAN, name)
    said = f"{alone} holds another run .{name} {before} there, {asked} asked for."
    with pytest.raises(ValueError, match=said):
        begin(changed(**changes), alone, resume=True)


ODD_PLANS = [
    '{"plan": {"zoom": 1}}',
    '{"plan": {"variant": "tiny", "data": "digits", "epochs": "two"}}',
    '{"plan": {"variant": "alexnet", "data": "digits"}}',
]


@pytest.mark.parametrize("content", [None, "", "{}", "[]", *ODD_PLANS])
def test_resuming_what_is_no_run(content, tmp_path):
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    with pytest.raises(ValueError, match="is not the folder of a run"):
        begin(PLAN, tmp_path, resume=True)


def test_remains_of_a_killed_process_are_removed(tmp_path):
    (tmp_path / "tmp1234.tmp").touch()
    (tmp_path / "notes.txt").touch()
    trained(changed(epochs=1), tmp_path)
    own = {"run.json", "log.jsonl", "checkpoint.npz"}
    assert {path.name for path in tmp_path.iterdir()} == {"notes.txt", *own}


def test_two_processes_do_not_train_in_one_folder(tmp_path):
    run, said = begin(PLAN, tmp_path)
    with run_folder.locked(tmp_path):
        assert not run.train() and not run.history
    assert said == [f"{tmp_path} is being trained by another process."]
    assert run.train()


def test_seconds_before_a_stop_count(tmp_path):
    """The log has the time of a whole epoch, not of what was left of it."""
    run, _ = begin(changed(epochs=1), tmp_path)
    run.train([At(run, (0, 2), ctrl_c)])
    before = weights.load(tmp_path / "checkpoint.npz").meta["state"]["seconds"]
    run, _ = begin(changed(epochs=1), tmp_path, resume=True)
    assert run.spent == before > 0
    run.spent = 1000.0
    assert run.train() and lines(tmp_path)[0]["seconds"] > 1000


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "its rate falls when validation error stops improving"),
        ({"schedule": "steps", "patience": 2}, "it stops when validation error"),
    ],
)
def test_what_needs_validation_images_is_refused_without(changes, said, tmp_path):
    with pytest.raises(ValueError, match=f"needs validation images: {said}"):
        begin(changed(validation=0, **changes), tmp_path)
    assert not list(tmp_path.iterdir())


def other_checkpoint(kind, alone):
    """A checkpoint that is not of the run in `alone`: (arrays, meta)."""
    found = weights.load(alone / run_folder.CHECKPOINT, extra=True)
    parts = {f"preparation/{n}": a for n, a in found.preparation.arrays().items()}
    arrays, extra = dict(found.arrays), dict(found.extra)
    meta = dict(found.meta)
    if kind == "weights alone":
        extra = {}
    elif kind == "of another optimizer":
        extra["optimizer/001"] = np.zeros((7, 7), "float32")
    elif kind == "of another net":
        arrays["fc8/bias"] = np.zeros(3, "float32")
    elif kind == "without a state":
        del meta["state"]
    return {**arrays, **extra, **parts}, meta


@pytest.mark.parametrize(
    "kind",
    ["weights alone", "of another optimizer", "of another net", "without a state"],
)
def test_a_checkpoint_of_something_else(kind, alone, tmp_path):
    begin(PLAN, tmp_path)
    weights.save(tmp_path / run_folder.CHECKPOINT, *other_checkpoint(kind, alone))
    with pytest.raises(ValueError):
        begin(PLAN, tmp_path, resume=True)


def test_a_damaged_checkpoint_is_named(alone, tmp_path):
    begin(PLAN, tmp_path)
    body = (alone / run_folder.CHECKPOINT).read_bytes()
    (tmp_path / run_folder.CHECKPOINT).write_bytes(body[: len(body) // 2])
    with pytest.raises(ValueError, match="checkpoint.npz"):
        begin(PLAN, tmp_path, resume=True)


# the articles' recipes


def with_recipe(patch, **changes):
    """The tiny net with changes to its recipe, as the variant "other"."""
    tiny = variants.get("tiny")
    recipe = dataclasses.replace(tiny.recipe, **changes)
    other = dataclasses.replace(tiny, recipe=recipe)
    patch.setitem(variants.VARIANTS, "other", other)
    return changed(variant="other")


def test_a_short_epoch_ends_after_its_steps(tmp_path, monkeypatch):
    plan = with_recipe(monkeypatch, steps=2)
    run = trained(plan, tmp_path / "alone")
    assert int(run.model.optimizer.iterations) == 2 * 2
    trained(plan, tmp_path / "stopped", [(0, 1), (1, 1)])
    assert same(tmp_path / "alone", tmp_path / "stopped")


def test_validation_images_vary_where_the_recipe_says_so(tmp_path, monkeypatch):
    """Other crops in every epoch, not those of the training images; the same again
    with the same seed, and after a stop."""
    plan = with_recipe(monkeypatch, vary_validation=True, learning_rate=1e-12)
    trained(plan, tmp_path / "alone", [])
    losses = [line["val_loss"] for line in lines(tmp_path / "alone")]
    assert abs(losses[0] - losses[1]) > 1e-6
    trained(plan, tmp_path / "stopped", [(0, "validation"), (1, 2)])
    assert same(tmp_path / "alone", tmp_path / "stopped")


def history(*errors):
    return [{"epoch": n, "val_top1_error": e} for n, e in enumerate(errors, 1)]


def test_patience_ends_a_run(tmp_path, monkeypatch):
    """The second of two epochs after the best one is the last, ties being no better."""
    run, _ = begin(with_recipe(monkeypatch, patience=2, epochs=9), tmp_path)
    run.recipe = dataclasses.replace(run.recipe, epochs=9)
    for errors, best, finished in (
        ((0.5,), 1, False),
        ((0.5, 0.4), 2, False),
        ((0.5, 0.4, 0.4), 2, False),
        ((0.5, 0.4, 0.4, 0.45), 2, True),
        ((0.5, 0.4, 0.4, 0.3), 4, False),
    ):
        run.history, run.epoch = history(*errors), len(errors)
        assert (run.best_epoch, run.finished) == (best, finished)


def test_a_run_stops_at_the_training_error_asked_for(tmp_path):
    """After the first epoch that reaches it, and not again when resumed."""
    run, _ = begin(changed(epochs=9, until=0.95), tmp_path)
    assert run.train() and run.epoch < 9
    assert run.history[-1]["top1_error"] <= 0.95
    assert all(line["top1_error"] > 0.95 for line in run.history[:-1])
    again, _ = begin(changed(epochs=9, until=0.95), tmp_path, resume=True)
    assert again.finished and again.epoch == run.epoch


@pytest.mark.parametrize(("error", "finished"), [(0.0, True), (0.1, False)])
def test_a_training_error_of_zero_can_be_asked_for(error, finished, tmp_path):
    run, _ = begin(changed(epochs=9, until=0.0), tmp_path)
    run.history, run.epoch = [{"epoch": 1, "top1_error": error}], 1
    assert run.finished is finished


def test_the_best_epoch_is_kept(tmp_path, monkeypatch):
    """Its weights, not the last ones, are what `weight_file` names."""
    plan = dataclasses.replace(with_recipe(monkeypatch, keep_best=True), epochs=4)
    run, _ = begin(plan, tmp_path)
    errors = iter((0.5, 0.3, 0.4, 0.6))
    seen = []

    def validate(callbacks):
        seen.append(models.get_weights(run.model)["conv1/kernel"].copy())
        return {"loss": 1.0, "top1": 1 - next(errors), "top5": 1.0}

    monkeypatch.setattr(run, "validate", validate)
    assert run.train() and run.best_epoch == 2
    kept = weights.load(run_folder.weight_file(tmp_path, plan))
    np.testing.assert_array_equal(kept.arrays["conv1/kernel"], seen[1])
    assert np.any(seen[3] != seen[1]) and kept.meta["state"]["epoch"] == 2
    last = run_folder.weight_file(tmp_path, changed())
    np.testing.assert_array_equal(weights.load(last).arrays["conv1/kernel"], seen[3])


def test_a_loss_of_probabilities_is_clipped_as_in_old_keras(tmp_path, monkeypatch):
    """A net that is certain and wrong pays −ln(1e-7) = 16.118 in `fit`, too, where
    Keras would look through the softmax to the logits, and does not learn from it."""
    plan = with_recipe(monkeypatch, loss_of="probabilities", weight_decay=0.0)
    run, _ = begin(plan, tmp_path)
    labels = run.dataset.splits["train"].labels
    arrays = models.get_weights(run.model)
    arrays["fc8/kernel"] = 0 * arrays["fc8/kernel"]
    arrays["fc8/bias"] = np.where(np.arange(10) == 3, 1e4, 0).astype("float32")
    models.set_weights(run.model, arrays)
    line = run.train_epoch([training.Keeper(run, 300)])
    wrong = np.mean(labels != 3)
    assert line["top1_error"] == pytest.approx(wrong)
    assert line["loss"] == pytest.approx(wrong * -math.log(1e-7), rel=1e-4)
    after = models.get_weights(run.model)
    assert all(np.array_equal(after[name], arrays[name]) for name in arrays)


# processes, killed


class Chosen:
    """A random number generator that always says the same share of the range."""

    def __init__(self, share):
        self.share = share

    def uniform(self, low, high):
        return low + self.share * (high - low)


def test_a_process_killed_twice_ends_with_the_same_bits(tmp_path, monkeypatch):
    """The short form of tests/kill_and_resume.py: SIGKILL while it trains."""
    few = "--variant cifar-13pct --data digits --limit 200 --epochs 2 --seed 7"
    monkeypatch.setattr(
        kill_and_resume, "ARGUMENTS", [*few.split(), "--validation=.05"]
    )
    began = training.time.monotonic()
    assert kill_and_resume.train(tmp_path / "alone").wait() == 0
    seconds = training.time.monotonic() - began
    killed = tmp_path / "killed"
    assert kill_and_resume.kill_and_resume(killed, 2, seconds, Chosen(0.8)) > 0
    alone = tmp_path / "alone"
    assert kill_and_resume.same_bits(*map(kill_and_resume.arrays, (alone, killed)))
    assert without_seconds(lines(alone)) == without_seconds(lines(killed))
