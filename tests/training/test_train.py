"""Training: the same bits for the same command, stopped or not, and honest endings."""

import contextlib
import dataclasses
import json
import math
import os
import shutil
import signal
import threading
import time
import types
from pathlib import Path

import keras
import kill_and_resume
import numpy as np
import pytest
import records

from alexnet_paper import files
from alexnet_paper.nets import model as models
from alexnet_paper.nets import variants
from alexnet_paper.nets.recipes import OnPlateau
from alexnet_paper.nets.recipes import Recipe
from alexnet_paper.nets.variants import Variant
from alexnet_paper.results import compare
from alexnet_paper.results import evaluate as evaluation
from alexnet_paper.training import environment
from alexnet_paper.training import run as run_folder
from alexnet_paper.training import train as training
from alexnet_paper.training.plan import Plan
from alexnet_paper.training.plan import read_plan
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
    """The tiny net as a variant; determinism, switched off afterwards."""
    from tensorflow.python.framework import config

    training.enable_determinism()
    with pytest.MonkeyPatch.context() as patch:
        net = dataclasses.replace(tiny, name="tiny")
        patch.setitem(variants.VARIANTS, "tiny", Variant("", "", net, recipe=RECIPE))
        yield
    config.disable_op_determinism()


def changed(**changes):
    return dataclasses.replace(PLAN, **changes)


def with_recipe(patch, **changes):
    """The plan of the tiny net with changes to its recipe, as the variant "other"."""
    tiny = variants.get("tiny")
    recipe = dataclasses.replace(tiny.recipe, **changes)
    other = dataclasses.replace(tiny, recipe=recipe)
    patch.setitem(variants.VARIANTS, "other", other)
    return changed(variant="other")


def begin(plan, folder, resume=False):
    """A run and the list of what it notifies."""
    said = []
    return training.start(plan, folder, "command", resume, said.append), said


def at(run, moment, action, came=None):
    """A callback that acts as a step, or a validation, begins."""
    came = [] if came is None else came

    def act(now):
        if (run.epoch, now) == moment:
            came.append(now)
            action()

    return keras.callbacks.LambdaCallback(
        on_train_batch_begin=lambda batch, logs: act(run.step),
        on_test_begin=lambda logs: act("validation"),
    )


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
        came = []
        with contextlib.suppress(Killed):
            run.train([at(run, moment, action, came)], save_seconds)
        assert came
    run, _ = begin(plan, folder, resume=bool(moments))
    assert run.train(save_seconds=save_seconds)
    return run


def state_of(folder):
    return weights.load(folder / run_folder.CHECKPOINT).meta["state"]


def lines(folder):
    text = (Path(folder) / "log.jsonl").read_text()
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def without_seconds(history):
    return [{k: v for k, v in line.items() if k != "seconds"} for line in history]


def assert_same(one, other):
    """The same bits in every array of two runs' checkpoints, and the same history."""
    ours, theirs = (kill_and_resume.arrays(folder) for folder in (one, other))
    assert ours.keys() == theirs.keys()
    assert kill_and_resume.same_bits(ours, theirs)
    states = [state_of(folder) for folder in (one, other)]
    histories = [without_seconds(state.pop("history")) for state in states]
    assert histories[0] == histories[1] and states[0] == states[1]
    assert without_seconds(lines(one)) == without_seconds(lines(other)) == histories[0]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """Folder of a run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("alone")
    trained(PLAN, folder)
    return folder


def test_programs_that_train_enable_determinism_once(monkeypatch, tmp_path):
    """`reproduce.train` and `reproduce.experiment`; not a run that is built, nor a
    comparison of speeds."""
    enabled, options = [], pytest.importorskip("tensorflow").config.experimental
    monkeypatch.setattr(options, "enable_op_determinism", lambda: enabled.append(1))
    begin(PLAN, tmp_path)
    compare.speeds([PLAN], None, 2, 1)
    assert enabled == []
    with pytest.raises(SystemExit):
        program.main(["--variant", "tiny", "--data", "no such data"])
    assert enabled == [1]
    assert list(experiment.run_all(None, [], tmp_path, "command")) == []
    assert enabled == [1, 1]


# the same bits


def test_another_seed_gives_other_bits(alone, tmp_path):
    trained(changed(seed=6, epochs=1), tmp_path)
    ours, theirs = map(kill_and_resume.arrays, (alone, tmp_path))
    assert ours.keys() == theirs.keys()
    kinds = {name.split("/")[0] for name in ours}
    assert {"optimizer", "metric", "seed", "preparation", "conv1", "fc8"} <= kinds
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


@pytest.mark.parametrize(
    ("action", "save_seconds", "moments"),
    [
        (ctrl_c, 300, [(0, 0), (0, STEPS - 1), (0, "validation"), (1, 1), (1, 3)]),
        (kill, 0, [(0, 3), (0, "validation"), (1, 2), (1, "validation")]),
    ],
)
def test_stopped_and_resumed(action, save_seconds, moments, alone, tmp_path):
    """A real SIGINT lets the step finish; a killed run has the step before. Both end
    with the bits and the history of a run left alone: weights, momentum, running means
    and dropout's seeds."""
    trained(PLAN, tmp_path, moments, action, save_seconds)
    assert_same(alone, tmp_path)


def test_killed_between_log_and_checkpoint(alone, tmp_path, monkeypatch):
    """All epochs are in the log and none is in a checkpoint: the log is made again."""
    with monkeypatch.context() as patch:
        patch.setattr(training.Run, "save", lambda run: kill())
        with pytest.raises(Killed):
            begin(PLAN, tmp_path)[0].train()
    assert len(lines(tmp_path)) == 2
    assert begin(PLAN, tmp_path, resume=True)[0].train()
    assert_same(alone, tmp_path)


def test_two_devices_resume_alike(tmp_path):
    """Each tower with its own dropout and momentum; first the control without a
    stop."""
    plan = changed(placement="CPU:0,CPU:1", epochs=1)
    trained(plan, tmp_path / "alone")
    trained(plan, tmp_path / "again")
    assert_same(tmp_path / "alone", tmp_path / "again")
    trained(plan, tmp_path / "stopped", [(0, 1)])
    assert_same(tmp_path / "alone", tmp_path / "stopped")


def test_a_run_in_bfloat16_resumes_alike_and_ends_near(alone, tmp_path):
    plan = changed(precision="mixed_bfloat16")
    trained(plan, tmp_path / "whole")
    trained(plan, tmp_path / "parts", [(0, 2)])
    assert_same(tmp_path / "whole", tmp_path / "parts")
    ours, theirs = lines(tmp_path / "whole")[-1], lines(alone)[-1]
    assert ours["loss"] == pytest.approx(theirs["loss"], rel=0.05)
    for asked, used in ({}, "mixed_bfloat16"), ({"precision": "float32"}, "float32"):
        record = evaluation.evaluate(
            [tmp_path / "whole"], "test", 1, "command", **asked
        )
        assert record.protocol.precision == used


def test_watching_a_split_changes_nothing(alone, tmp_path):
    """The log has the errors of an evaluation, and the net has the same bits."""
    run = trained(changed(watch="test"), tmp_path)
    ours, theirs = map(kill_and_resume.arrays, (tmp_path, alone))
    weights_only = [n for n in theirs if n.split("/")[0] not in ("metric", "seed")]
    assert all(np.array_equal(ours[n], theirs[n]) for n in weights_only)
    found = evaluation.evaluate([tmp_path], "test", 1, "command").metrics["top1_error"]
    assert run.history[-1]["test_top1_error"] == pytest.approx(found, abs=1e-6)
    assert "test_top1_error" not in lines(alone)[-1]


# stops


@pytest.mark.parametrize(
    ("number", "moment"),
    [(signal.SIGINT, 1), (signal.SIGTERM, 0), (signal.SIGINT, "validation")],
)
def test_a_signal_stops_after_the_step_and_saves(number, moment, tmp_path, monkeypatch):
    """No thread is left of those that prepare more batches than are prepared ahead,
    and Keras's `fit` tells its callbacks of the end."""

    def before(*signal_and_frame):
        pytest.fail("the run did not notice the signal")

    told, threads, usual = [], set(threading.enumerate()), signal.signal(number, before)
    ends = keras.callbacks.LambdaCallback(
        on_train_begin=lambda logs: told.append("begin"),
        on_train_end=lambda logs: told.append("end"),
    )
    run, said = begin(with_recipe(monkeypatch, batch_size=2), tmp_path)
    stop = at(run, (0, moment), lambda: signal.raise_signal(number))
    assert not run.train([stop, ends])
    assert signal.signal(number, usual) is before  # as it was
    assert said == ["stopped after the step, and saved"]
    steps = run.steps if moment == "validation" else moment + 1
    assert (state_of(tmp_path)["epoch"], state_of(tmp_path)["step"]) == (0, steps)
    assert set(threading.enumerate()) <= threads and told == ["begin", "end"]
    assert run.steps > 20


def test_a_run_says_which_commits_trained_it_and_on_how_many_cores():
    first = {"commit": "abc", "machine": "x, 2 cores"}
    one = training.continued({"command": "c", **first}, first)
    assert one == {"command": "c", **first}
    two = training.continued(one, {**first, "commit": "def+"})
    assert training.continued(two, first) == two == {**one, "commit": "abc, def+"}
    moved = training.continued(two, {**first, "machine": "x, 1 cores"})
    assert moved == {**two, "machine": "x, 2 cores; x, 1 cores"}


def test_a_run_that_goes_on_with_other_cores_says_so(tmp_path, monkeypatch):
    """Its bits depend on them."""
    begin(PLAN, tmp_path)[0].lock.close()
    run, said = begin(PLAN, tmp_path, resume=True)
    run.lock.close()
    assert not any("last bit" in text for text in said)
    monkeypatch.setattr(environment, "cores", lambda: 64)
    run, said = begin(PLAN, tmp_path, resume=True)
    run.lock.close()
    assert any("64 cores: equal to rounding, not to the last bit" in s for s in said)
    machines = json.loads((tmp_path / "run.json").read_text())["machine"].split("; ")
    assert len(machines) == 2 and machines[1].endswith(", 64 cores")


def test_a_finished_run_resumed_does_nothing(alone):
    before = (alone / run_folder.CHECKPOINT).read_bytes()
    run, _ = begin(PLAN, alone, resume=True)
    assert run.finished and run.train()
    assert (alone / run_folder.CHECKPOINT).read_bytes() == before


def test_one_process_at_a_time_trains_and_tidies_the_folder(tmp_path):
    """From before `run.json` is written. What a killed one left is removed, nothing
    else."""
    (tmp_path / files.TEMPORARY.replace("*", "1234")).touch()
    (tmp_path / "notes.tmp").touch()
    with run_folder.locked(tmp_path):
        with pytest.raises(run_folder.Stopped, match="by another process"):
            begin(changed(epochs=1), tmp_path)
    assert not (tmp_path / "run.json").exists()
    run, said = begin(changed(epochs=1), tmp_path)
    with pytest.raises(ValueError, match="holds a run already"):
        begin(changed(epochs=1, seed=1), tmp_path)
    assert run.train() and said == []
    own = {"run.json", "log.jsonl", "checkpoint.npz"}
    assert {path.name for path in tmp_path.iterdir()} == {"notes.tmp", *own}
    assert read_plan(tmp_path)[0].seed == run.plan.seed


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
        assert line["rate"] == 0.01 and line["steps"] == STEPS


def test_a_resumed_log_goes_on(tmp_path):
    """Lines of an older version have no steps; a line has the time of a whole epoch,
    not of what was left of it."""
    run, _ = begin(PLAN, tmp_path)
    assert not run.train([at(run, (1, 0), ctrl_c)])
    for line in run.history:
        del line["steps"]
    (tmp_path / "log.jsonl").write_text(json.dumps(run.history[0]) + "\n")
    run.save()
    before = state_of(tmp_path)["seconds"]
    again, _ = begin(PLAN, tmp_path, resume=True)
    assert again.spent == before > 0
    again.spent = 1000.0
    assert again.train()
    history = run_folder.history(tmp_path)
    assert [line.get("steps") for line in history] == [None, STEPS]
    assert history == lines(tmp_path) and history[1]["seconds"] > 1000


def test_a_history_that_is_not_the_log_s_is_refused(alone, tmp_path):
    """Lines may be missing from the log: a process was killed before it wrote them."""
    shutil.copytree(alone, tmp_path, dirs_exist_ok=True)
    log = tmp_path / "log.jsonl"
    first, second = log.read_text().splitlines(keepends=True)
    log.write_text(first + second.replace('"rate": 0.01', '"rate": 0.02'))
    with pytest.raises(ValueError, match="log.jsonl does not have the epochs of .*npz"):
        begin(PLAN, tmp_path, resume=True)
    log.write_text(first)
    assert begin(PLAN, tmp_path, resume=True)[0].finished


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


@pytest.mark.parametrize(
    ("changes", "validated"),
    [({"validate_every": 2}, [False, True]), ({"validation": 0}, [False, False])],
)
def test_validation_can_be_rarer_or_none(changes, validated, tmp_path):
    trained(changed(schedule="constant", **changes), tmp_path)
    assert ["val_loss" in line for line in lines(tmp_path)] == validated


# the rate


def test_the_plateau_survives_a_stop(tmp_path, monkeypatch):
    """A net that does not move: ÷10 after every two epochs, and no more often than is
    allowed; counted on across a stop in the middle of the wait."""
    drops = OnPlateau(patience=2, drops=1)
    plan = with_recipe(monkeypatch, learning_rate=1e-12, drops=drops)
    plan = dataclasses.replace(plan, epochs=6, limit=20)
    run = trained(plan, tmp_path, [(2, 0)])
    assert len({line["val_top1_error"] for line in run.history}) == 1
    rates = [line["rate"] for line in run.history]
    assert rates == pytest.approx([1e-12] * 3 + [1e-13] * 3, rel=1e-6)
    assert run.state()["plateau"]["dropped"] == 1


def test_a_frozen_layer_does_not_change(tmp_path, monkeypatch):
    """Epochs 66, 67 and 72 of run #145: conv1 moves, slower, then not at all, its
    momentum included, while everything else goes on; colour noise ends with 66."""
    colours, batches = [], training.Batches

    def noted(split, prepare, *arguments, **options):
        colours.append(prepare.colour)
        return batches(split, prepare, *arguments, **options)

    def arrays():
        momentum = {v.path: v.numpy() for v in run.model.optimizer.variables}
        return {**models.get_weights(run.model), **momentum}

    monkeypatch.setattr(training, "Batches", noted)
    run, _ = begin(changed(schedule="145", epochs=73, limit=20), tmp_path)
    found = [arrays()]
    for run.epoch in (66, 67, 72):
        run.train_epoch([training.Keeper(run, 300)])
        found.append(arrays())
    assert colours == ["paper", None, None]
    assert [line["rate"] for line in run.history] == 3 * [pytest.approx(1e-4)]
    of_conv1 = {name for name in found[0] if "conv1" in name}
    assert len(of_conv1) == 4  # kernel and bias, each with its momentum
    for still, a, b in zip((set(), set(), of_conv1), found, found[1:]):
        kept = {name for name in a if np.array_equal(a[name], b[name])}
        assert kept - {"momentum_sgd/learning_rate"} == still


def test_resumed_in_a_frozen_phase(tmp_path):
    """The factors are of the epoch, not of the recipe, from the first step on."""
    plan = changed(schedule="145", epochs=73, limit=20)
    before = [records.line(epoch) for epoch in range(1, 73)]
    run, _ = begin(plan, tmp_path / "alone")
    run.epoch, run.history = 72, [*before]
    assert run.train()
    run, _ = begin(plan, tmp_path / "stopped")
    run.epoch, run.history = 72, [*before]
    assert not run.train([at(run, (72, 0), ctrl_c)])
    resumed, _ = begin(plan, tmp_path / "stopped", resume=True)
    assert (resumed.epoch, resumed.step) == (72, 1) and resumed.train()
    assert_same(tmp_path / "alone", tmp_path / "stopped")


# endings


@pytest.mark.parametrize(
    ("changes", "history", "best", "finished"),
    [
        ({"patience": 2}, [0.5], 1, False),
        ({"patience": 2}, [0.5, 0.4], 2, False),
        ({"patience": 2}, [0.5, 0.4, 0.4], 2, False),
        ({"patience": 2}, [0.5, 0.4, 0.4, 0.45], 2, True),  # a tie is no better
        ({"patience": 2}, [0.5, 0.4, 0.4, 0.3], 4, False),
        ({"until": 0.0}, [0.0], 1, True),
        ({"until": 0.0}, [0.1], 1, False),
        ({"until_loss": 0.5}, [0.24], 1, True),
        ({"until_loss": 0.5}, [0.26], 1, False),
    ],
)
def test_when_a_run_has_finished(changes, history, best, finished, alone):
    """A log of errors, and losses of twice as much, under each rule."""
    plan = changed(epochs=9, **changes)
    fake = types.SimpleNamespace(plan=plan, recipe=plan.training_recipe(), step=0)
    fake.epoch = len(history)
    fake.history = [
        {"epoch": n, "val_top1_error": e, "top1_error": e, "loss": 2 * e}
        for n, e in enumerate(history, 1)
    ]
    fake.best_epoch = training.Run.best_epoch.fget(fake)
    assert (fake.best_epoch, training.Run.finished.fget(fake)) == (best, finished)


def test_a_run_stops_at_the_training_error_asked_for(tmp_path):
    """After the first epoch that reaches it, and not again when resumed."""
    run, _ = begin(changed(epochs=9, until=0.95, steps=2), tmp_path)
    assert run.train() and run.epoch < 9 and run.history[0]["steps"] == 2
    assert run.history[-1]["top1_error"] <= 0.95
    assert all(line["top1_error"] > 0.95 for line in run.history[:-1])
    again, _ = begin(changed(epochs=9, until=0.95, steps=2), tmp_path, resume=True)
    assert again.finished and again.epoch == run.epoch


def test_nan_stops_and_the_last_checkpoint_is_good(tmp_path):
    """A weight becomes NaN in the second epoch: the run stops at that step, says so,
    and what is on disk is the step before."""

    def spoil():
        kernel = run.model.get_layer("fc8").kernel
        kernel.assign(np.full(kernel.shape, np.nan))

    run, said = begin(PLAN, tmp_path)
    assert not run.train([at(run, (1, 1), spoil)], save_seconds=0)
    assert len(said) == 1 and "the loss is nan: stopped" in said[0]
    assert (run.epoch, run.step) == (1, 2)
    assert (state_of(tmp_path)["epoch"], state_of(tmp_path)["step"]) == (1, 1)
    for name, array in kill_and_resume.arrays(tmp_path).items():
        assert name.startswith(("metric/", "seed/")) or np.all(np.isfinite(array))


@pytest.mark.parametrize(
    ("limit", "save_seconds", "rate"),
    [(16, 300, math.inf), (60, 0, math.inf), (16, 300, 1e38)],
)
def test_an_update_that_overflows_is_not_saved(limit, save_seconds, rate, tmp_path):
    """The loss is finite and its update, or the next output, is not, in the last step
    of all or in an earlier one: nothing is saved, and it is no success."""
    run, said = begin(changed(epochs=1, limit=limit), tmp_path)
    infinite = {"learning_rate": rate, "drops": ()}
    run.plateau, run.recipe = None, dataclasses.replace(run.recipe, **infinite)
    assert not run.train(save_seconds=save_seconds) and run.diverged
    assert " not finite: stopped" in said[0]
    assert not (tmp_path / run_folder.CHECKPOINT).exists()


@pytest.mark.parametrize(
    ("losses", "classes", "error", "words"),
    [
        ([2.3, 2.303, 2.302, 2.301], 10, 0.9, ("ln(10) = 2.303", "--seed", "--varia")),
        ([math.log(1000)] * 3, 1000, 0.999, ("ln(1000) = 6.908",)),
        ([2.6, 2.5, 2.4], 10, 0.9, ("loss 2.400 (ln(10)",)),
        ([2.3, 2.3], 10, 0.9, ()),
        ([2.3, 2.3, 2.2], 10, 0.9, ()),
        ([2.2, 2.3, 2.3], 10, 0.9, ()),
        ([0.5, 0.5, 0.5], 10, 0.1, ()),
        ([2.3, 2.3, 2.3], 10, 0.75, ()),  # it has begun to learn
    ],
)
def test_a_stall_is_named_once(losses, classes, error, words):
    """Three epochs at ln(classes) or above, with what to try."""
    said = []
    fake = types.SimpleNamespace(
        dataset=types.SimpleNamespace(classes=classes, splits={"train": range(1000)}),
        history=[{"loss": loss, "top1_error": error} for loss in losses],
        notify=said.append,
        stalled=False,
    )
    for _ in range(2):
        training.Run.warn_of_stall(fake)
    assert len(said) == bool(words)
    assert all(word in said[0] for word in words)


def test_a_net_that_stands_still_is_said_to_stall(tmp_path, monkeypatch):
    plan = with_recipe(monkeypatch, learning_rate=1e-12)
    run, said = begin(dataclasses.replace(plan, limit=10, epochs=3), tmp_path)
    kernel = run.model.get_layer("fc8").kernel
    kernel.assign(np.zeros(kernel.shape))
    assert run.train()
    assert [text.split(":")[0] for text in said] == ["stalled"]


# what is refused


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


FOREIGN = {
    "weights alone": "has no state to go on from",
    "of another optimizer": "7, ?7",
    "of another net": "npz: .*fc8/bias is .3,. in place of .10,.",
    "without a state": "has no state to go on from",
    "of a state of text": "its state is damaged: epoch: must be a valid integer",
    "of another variant": "is of caffe, not tiny",
    "of another seed": "is of another run .seed 6 there, 5 in run.json.",
    "of more epochs than its lines": "its state is damaged: 7 epochs, and lines of 2",
    "of more steps than an epoch": "its state is not one of this run",
    "of other metrics": "metric 0 has shape .3,., not ..",
    "of momentum that is not finite": "optimizer/003 holds numbers that are not finite",
    "half of a file": "checkpoint.npz",
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_checkpoint_of_something_else(kind, alone, tmp_path):
    begin(PLAN, tmp_path)
    found = weights.load(alone / run_folder.CHECKPOINT, extra=True)
    parts = {f"preparation/{n}": a for n, a in found.preparation.arrays().items()}
    arrays, meta = {**found.arrays, **found.extra, **parts}, dict(found.meta)
    if kind == "weights alone":
        arrays = {**found.arrays, **parts}
    elif kind == "of another optimizer":
        arrays["optimizer/001"] = np.zeros((7, 7), "float32")
    elif kind == "of another net":
        arrays["fc8/bias"] = np.zeros(3, "float32")
    elif kind == "without a state":
        del meta["state"]
    elif kind == "of a state of text":
        meta["state"] = {**meta["state"], "epoch": "1"}
    elif kind == "of another variant":
        meta["variant"] = "caffe"
    elif kind == "of another seed":
        meta["plan"]["seed"] = 6
    elif kind == "of more epochs than its lines":
        meta["state"]["epoch"] = 7
    elif kind == "of more steps than an epoch":
        meta["state"]["step"] = STEPS + 1
    elif kind == "of other metrics":
        meta["state"]["step"], arrays["metric/000"] = 1, np.zeros(3, "float32")
    elif kind == "of momentum that is not finite":
        arrays["optimizer/003"][:] = np.inf
    path = tmp_path / run_folder.CHECKPOINT
    weights.save(path, arrays, meta)
    if kind == "half of a file":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ValueError, match=FOREIGN[kind]):
        begin(PLAN, tmp_path, resume=True)


# the articles' recipes


def test_short_epochs_and_varied_validation_resume_alike(tmp_path, monkeypatch):
    """Two steps an epoch; other crops of the validation images in every epoch."""
    recipe = {"steps": 2, "vary_validation": True, "learning_rate": 1e-12}
    plan = with_recipe(monkeypatch, **recipe)
    run = trained(plan, tmp_path / "alone")
    assert int(run.model.optimizer.iterations) == 2 * 2
    losses = [line["val_loss"] for line in lines(tmp_path / "alone")]
    assert abs(losses[0] - losses[1]) > 1e-6
    trained(plan, tmp_path / "stopped", [(0, "validation"), (1, 1)])
    assert_same(tmp_path / "alone", tmp_path / "stopped")


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
    last = run_folder.weight_file(tmp_path, PLAN)
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


@pytest.mark.slow
def test_a_killed_process_ends_with_the_same_bits(tmp_path, monkeypatch):
    """The short form of tests/kill_and_resume.py: SIGKILL while it trains."""
    few = "--variant cifar-13pct --data digits --limit 200 --epochs 2 --seed 7"
    arguments = [*few.split(), "--validation=.05"]
    monkeypatch.setattr(kill_and_resume, "ARGUMENTS", arguments)
    assert kill_and_resume.train(tmp_path / "alone").wait() == 0
    process = kill_and_resume.train(killed := tmp_path / "killed")
    while not (killed / "checkpoint.npz").exists() and process.poll() is None:
        time.sleep(0.01)
    process.kill()  # after its first checkpoint, of several a second
    assert process.wait() == -signal.SIGKILL
    assert kill_and_resume.train(killed, "--resume").wait() == 0
    assert_same(tmp_path / "alone", killed)


@pytest.mark.parametrize(("end", "code"), [("os.kill(os.getpid(), 9)", 1), ("1", 0)])
def test_a_killed_process_is_reported(tmp_path, monkeypatch, capsys, end, code):
    """As the kernel does when memory is short."""
    (tmp_path / "doomed.py").write_text(f"import os; {end}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    assert experiment.in_parallel("python -m doomed", 2) == code
    assert capsys.readouterr().err.count("SIGKILL: perhaps") == code
