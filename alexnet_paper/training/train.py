"""Training with `fit` and callbacks, in runs that can be resumed after a kill.

A run that is killed at any moment and resumed ends with the same bits as a run without
interruption, if the process calls `enable_determinism` first, as the programs do, and
may use as many cores as before. On another number of cores sums are split otherwise.
"""

import contextlib
import json
import math
import os
import signal
import time
from dataclasses import asdict
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

import keras
import numpy as np

from alexnet_paper.data import augment
from alexnet_paper.data.batches import Batches
from alexnet_paper.data.batches import Views
from alexnet_paper.files import TEMPORARY
from alexnet_paper.files import atomic_write
from alexnet_paper.nets import model as models
from alexnet_paper.nets.recipes import OnPlateau
from alexnet_paper.training import fine_tune
from alexnet_paper.training.distribution import OneProcess
from alexnet_paper.training.environment import here
from alexnet_paper.training.optimizer import Adam
from alexnet_paper.training.optimizer import ClippedCrossentropy
from alexnet_paper.training.optimizer import MomentumSGD
from alexnet_paper.training.plan import ALONE
from alexnet_paper.training.plan import check
from alexnet_paper.training.plan import check_same
from alexnet_paper.training.plan import difference
from alexnet_paper.training.plan import read_plan
from alexnet_paper.training.plan import told
from alexnet_paper.training.prefetch import Prefetched
from alexnet_paper.training.run import BEST
from alexnet_paper.training.run import CHECKPOINT
from alexnet_paper.training.run import Stopped
from alexnet_paper.training.run import check_log
from alexnet_paper.training.run import locked
from alexnet_paper.training.run import state_of
from alexnet_paper.training.schedule import Phase
from alexnet_paper.training.schedule import Plateau
from alexnet_paper.training.schedule import authors_phase
from alexnet_paper.training.schedule import phase_of_drops
from alexnet_paper.weights import file as weights

VALIDATION = 1  # second part of the seed for validation images
METRIC_STATE = 6  # totals and counts of loss, top-1 and top-5
SAVE_SECONDS = 120  # between two checkpoints
SAME = ("python", "keras", "tensorflow", "numpy")  # versions of all processes
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Run:
    """A model with its data, optimizer and schedule, and the state of its training."""

    def __init__(self, plan, dataset, folder, notify=print, replicas=None):
        self.plan, self.folder = plan, Path(folder)
        self.notify, self.replicas = notify, replicas or OneProcess()
        self.recipe = recipe = plan.training_recipe()
        self.net = net = plan.architecture(dataset.classes)
        keras.utils.set_random_seed(plan.seed)
        with self.replicas.scope():
            self.model = models.build_model(
                net,
                self.replicas.placement(plan),
                classifier_activation=None if recipe.loss_of == "logits" else "softmax",
                seed=plan.seed,
                precision=plan.precision,
            )
        fine_tune.freeze(self.model, net, net.layers_named(plan.freeze))
        side = max(recipe.image_side or 0, net.input_shape[0])
        repeated = {"train", "validation", plan.watch}  # the splits of every epoch
        splits = {
            name: split.in_memory(side, recipe.stretch) if name in repeated else split
            for name, split in dataset.splits.items()
        }
        self.dataset = replace(dataset, splits=splits)
        train = splits["train"]
        self.prepare = augment.preparation(
            recipe, net.input_shape[0], train.images, dataset.statistics
        )
        self.beginning = None  # where the first weights come from, if trained
        self.frozen = fine_tune.frozen_part(self) if plan.freeze else None
        head = self.frozen.head if self.frozen else self.model
        self.fitted = self.replicas.form(head)
        with self.replicas.scope():
            self.fitted.compile(
                optimizer=make_optimizer(recipe),
                loss=make_loss(recipe),
                metrics=make_metrics(dataset.classes),
            )
            self.fitted.optimizer.build(self.fitted.trainable_variables)
        self.plateau = None
        if isinstance(recipe.drops, OnPlateau) and not plan.authors_schedule():
            self.plateau = Plateau(**asdict(recipe.drops))
        self.rate = recipe.learning_rate
        self.epoch, self.step, self.history = 0, 0, []
        self.began = None  # when the epoch began or was resumed
        self.spent = 0.0  # seconds of the epoch before it was resumed
        self.logs = {}  # running means of the epoch, by Keras's names
        self.metric_state = None  # of a resumed epoch
        self.stalled, self.diverged = False, False
        self.stopped = None  # why training ended before the last epoch
        self.lock = None  # of the folder, from `start` to the end of `train`

    @property
    def best_epoch(self):
        """The first epoch, from 1, with the lowest validation error, or None."""
        validated = [line for line in self.history if "val_top1_error" in line]
        best = min(validated, key=lambda line: line["val_top1_error"], default=None)
        return best and best["epoch"]

    @property
    def finished(self):
        """Whether all epochs are done, `patience` has run out, or training error or
        loss has reached the plan's `until` or `until_loss`."""
        patience, best = self.recipe.patience, self.best_epoch
        waited = self.epoch - best if best else 0
        last = self.history[-1] if self.history and not self.step else {}
        return (
            self.epoch >= self.recipe.epochs
            or bool(patience and waited >= patience)
            or reached(last.get("top1_error"), self.plan.until)
            or reached(last.get("loss"), self.plan.until_loss)
        )

    @property
    def steps(self):
        """Number of steps in an epoch."""
        return self.recipe.steps_of(len(self.dataset.splits["train"]))

    def train(self, callbacks=(), save_seconds=SAVE_SECONDS, done=lambda line: None):
        """Trains to the last epoch, or until stopped. Returns whether it finished.

        Args:
            callbacks: Keras callbacks.
            save_seconds: Seconds between two checkpoints.
            done: Called after every epoch with its line of the log.
        """
        self.stopped, keeper = None, Keeper(self, save_seconds)
        alone = locked(self.folder) if self.replicas.chief else contextlib.nullcontext()
        lock, self.lock = self.lock or alone, None
        handlers = {s: signal.signal(s, keeper.interrupt) for s in STOP_SIGNALS}
        try:
            with lock, self.replicas.faults():
                self.tidy()
                while not (self.finished or self.stopped):
                    line = self.train_epoch([keeper, *callbacks])
                    if line:
                        done(line)
                        if not (self.finished and self.diverged_at_last()):
                            keeper.save_if_due(self.finished)
                self.replicas.agreed(True)  # all wait until the chief has saved
        except Stopped as reason:
            self.stop(str(reason))
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
        if self.stopped:
            self.notify(self.stopped)
        return self.finished and not self.stopped

    def tidy(self):
        """Removes what a process that was killed left behind in the folder."""
        for left in self.folder.glob(TEMPORARY) if self.replicas.chief else ():
            left.unlink()

    def diverged_at_last(self):
        """Stops a run if its last step, whose result no loss saw, made it diverge.
        Returns whether it did."""
        few = self.dataset.splits["train"].take(slice(8))
        images, _ = Views(few, self.prepare, batch_size=8)[0]
        outputs = keras.ops.convert_to_numpy(self.model(images, training=False))
        if not np.isfinite(outputs).all():
            self.diverged = True
            self.stop(f"the outputs are not finite: stopped. {self.advice()}")
        return self.diverged

    def stop(self, reason):
        """Ends training after the present step."""
        self.stopped = self.stopped or reason
        self.fitted.stop_training = self.fitted.stop_evaluating = True

    def train_epoch(self, callbacks):
        """Trains the rest of an epoch and validates. Returns its line of the log, or
        None if training was stopped before its end."""
        phase, self.began = self.start_epoch(), time.monotonic()
        split, prepare = self.training_images(phase)
        batches = Batches(
            split,
            prepare,
            self.recipe.batch_size,
            self.plan.seed,
            self.epoch,
            self.step,
            self.steps,
            self.plan.view_cycle,
        )
        if self.metric_state and len(batches):
            first = self.replicas.slices(batches)
            self.fitted.evaluate(first, steps=1, verbose=0)  # makes metric variables
        if len(batches):
            slices = self.replicas.slices(batches)
            with Prefetched(slices, os.cpu_count()) as prefetched:
                self.fitted.fit(
                    prefetched,
                    initial_epoch=self.epoch,
                    epochs=self.epoch + 1,
                    shuffle=False,
                    verbose=0,
                    callbacks=callbacks,
                )
        self.metric_state = None
        validation, watched = self.validate(callbacks), self.watched(callbacks)
        return None if self.stopped else self.end_epoch(validation, watched)

    def training_images(self, phase):
        """Returns the split and the preparation of an epoch's images, or of the frozen
        layers' outputs for them."""
        split = self.dataset.splits["train"]
        if self.frozen:
            key = [self.plan.seed, self.epoch % (self.plan.view_cycle or 1)]
            if not self.prepare.random:
                key = None  # every view is the central one
            size = self.recipe.batch_size
            return self.frozen.outputs("train", split, self.prepare, size, key)
        return split, self.prepare if phase.colour else replace(
            self.prepare, colour=None
        )

    def central_images(self, name):
        """Returns the batches of the central views of a split."""
        split, prepare = self.dataset.split(name), self.prepare
        size = self.recipe.batch_size
        if self.frozen:
            split, prepare = self.frozen.outputs(name, split, prepare, size)
        return Views(split, prepare, batch_size=size)

    @property
    def seconds(self):
        """Seconds spent on the epoch so far, including those before an interruption."""
        return self.spent + (time.monotonic() - self.began if self.began else 0.0)

    def validate(self, callbacks):
        """Returns loss and metrics on the validation images, or {} if it is not due."""
        split = self.dataset.splits.get("validation")
        due = (self.epoch + 1) % self.plan.validate_every == 0
        if self.stopped or split is None or not due:
            return {}
        if self.recipe.vary_validation and not self.frozen:
            seed, size = [self.plan.seed, VALIDATION], self.recipe.batch_size
            batches = Batches(split, self.prepare, size, seed, self.epoch)
        else:
            batches = self.central_images("validation")
        return self.evaluated(batches, callbacks)

    def watched(self, callbacks):
        """Returns loss and metrics on the split that the plan watches, or {}."""
        if self.stopped or self.plan.watch is None:
            return {}
        batches = self.central_images(self.plan.watch)
        return self.evaluated(batches, callbacks)

    def evaluated(self, batches, callbacks):
        """Returns loss and metrics on batches."""
        slices = self.replicas.slices(batches)
        return self.fitted.evaluate(
            slices, verbose=0, return_dict=True, callbacks=callbacks
        )

    def start_epoch(self):
        """Sets the epoch's learning rates and returns its `Phase`."""
        named, recipe = self.plan.authors_schedule(), self.recipe
        if named:
            phase = authors_phase(named, self.epoch, recipe.learning_rate)
        elif self.plateau:
            phase = Phase(self.rate, dict(recipe.rate_multipliers))
        else:
            phase = phase_of_drops(
                recipe.learning_rate,
                recipe.drops,
                recipe.rate_multipliers,
                self.epoch,
            )
        self.rate = phase.rate
        optimizer = self.fitted.optimizer
        optimizer.learning_rate = phase.rate
        if getattr(optimizer, "rate_multipliers", phase.multipliers) != (
            phase.multipliers
        ):
            optimizer.rate_multipliers = phase.multipliers
            self.fitted.make_train_function(force=True)  # the graph has the factors
        return phase

    def end_epoch(self, validation, watched):
        """Adds an epoch to the log and moves to the next. Returns the log's line."""
        line = {
            "epoch": self.epoch + 1,
            "steps": self.steps,
            **errors(self.logs, ""),
            **errors(validation, "val_"),
            **errors(watched, f"{self.plan.watch}_"),
            "rate": self.rate,
            "seconds": round(self.seconds, 2),
        }
        self.history.append(line)
        if self.plateau and "val_top1_error" in line:
            self.rate *= self.plateau.update(line["val_top1_error"])
        self.epoch, self.step = self.epoch + 1, 0
        self.began, self.spent = None, 0.0
        if self.recipe.keep_best and self.best_epoch == self.epoch:
            self.save(BEST)
        if self.replicas.chief:
            lines = "".join(json.dumps(line) + "\n" for line in self.history)
            atomic_write(self.folder / "log.jsonl", lines)
        self.warn_of_stall()
        return line

    def warn_of_stall(self):
        """Notifies if three epochs were no better than chance.

        Their loss is about ln(classes) or more, and their error at most three standard
        errors below that of guessing.
        """
        classes, last = self.dataset.classes, self.history[-3:]
        chance, guessing = math.log(classes), 1 - 1 / classes
        images = len(self.dataset.splits["train"])
        least = guessing - 3 * math.sqrt(guessing * (1 - guessing) / images)
        flat = len(last) == 3 and all(
            line["loss"] > 0.99 * chance and line["top1_error"] > least for line in last
        )
        if flat and not self.stalled:
            self.notify(
                "stalled: three epochs no better than chance, loss "
                f"{last[-1]['loss']:.3f} (ln({classes}) = {chance:.3f}). Wait longer "
                "(the paper's printed recipe has a long plateau), try another --seed "
                "or a lower --learning-rate; --variant caffe (biases 0.1) and authors "
                "(0.03 in conv3–5) start sooner than paper. Your own code must pass "
                "pixels of 0–255 minus their mean, not of 0–1."
            )
        self.stalled = flat

    def advice(self):
        """Returns what to do about a run that diverged, as a sentence."""
        there = (self.folder / CHECKPOINT).exists()
        good = "The last checkpoint is good" if there else "There is no checkpoint yet"
        return f"{good}; try a lower --learning-rate or another --seed."

    def facts(self):
        """Returns what all processes of a run have in common: {name: value}."""
        splits, made = self.dataset.splits.items(), here()
        beginning = self.beginning and self.beginning["sha256"]
        return {
            "options": replace(self.plan, data_dir=None, start=None),
            "images": [(name, len(split)) for name, split in splits],
            "commit or versions": [made.get(name) for name in ("commit", *SAME)],
            "checkpoint": (self.epoch, self.step, beginning),
        }

    def begin(self):
        """Loads the weights that the plan starts from, and says which."""
        if self.plan.start is None:
            return
        self.beginning, source = fine_tune.begin(
            self.plan, self.model, self.net, self.dataset.class_names
        )
        self.prepare = fine_tune.prepared_alike(self.prepare, source)
        self.notify(f"from {told(self.beginning)}")

    def state(self):
        return {
            "epoch": self.epoch,
            "step": self.step,
            "seconds": round(self.seconds, 2),
            "rate": self.rate,
            "history": self.history,
            "logs": self.logs,
            "plateau": self.plateau.state() if self.plateau else None,
        }

    def save(self, file=CHECKPOINT):
        """Writes the checkpoint: weights, optimizer state and position in training.

        If a weight is not finite, it writes nothing and stops the run.
        """
        if keras.backend.backend() == "jax":  # its state is separate within an epoch
            self.fitted.jax_state_sync()
        arrays = models.get_weights(self.model)
        for kind, variables in self.extra_variables().items():
            for index, variable in enumerate(variables):
                arrays[f"{kind}/{index:03d}"] = variable.numpy()
        if not all(np.isfinite(array).all() for array in arrays.values()):
            self.diverged = True
            self.stop(f"a weight is not finite: stopped. {self.advice()}")
            return
        for name, array in self.prepare.arrays().items():
            arrays[f"preparation/{name}"] = array
        meta = {
            "variant": self.plan.variant,
            "plan": asdict(self.plan),
            "class_names": self.dataset.class_names,
            "preparation": self.prepare.settings(),
            "state": self.state(),
        }
        if self.replicas.chief:
            weights.save(self.folder / file, arrays, meta)

    def restore(self):
        """Loads the checkpoint. Raises ValueError if it has no training state."""
        found = weights.load(self.folder / CHECKPOINT, extra=True)
        kept = {kind: [] for kind in self.extra_variables()}
        for name in sorted(found.extra):
            kept[name.split("/")[0]].append(found.extra[name])
        path = self.folder / CHECKPOINT
        if found.meta.get("state") is None or not kept["optimizer"]:
            raise ValueError(f"{path} has no state to go on from.")
        check_same(self.plan, found.meta, path)
        state = state_of(found.meta, path)
        if state["step"] > self.steps or bool(self.plateau) != bool(state["plateau"]):
            raise ValueError(f"{path}: its state is not one of this run.")
        check_log(self.folder, state["history"])
        try:
            models.set_weights(self.model, found.arrays)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
        if self.plan.start:
            self.prepare = fine_tune.prepared_alike(self.prepare, found.preparation)
        for kind in ("optimizer", "seed"):
            variables = self.extra_variables()[kind]
            check_fit(kind, kept[kind], [tuple(v.shape) for v in variables], path)
            for variable, array in zip(variables, kept[kind], strict=True):
                variable.assign(array)
        if state["step"]:
            check_fit("metric", kept["metric"], [()] * METRIC_STATE, path)
        self.metric_state = kept["metric"] if state["step"] else None
        self.epoch, self.step = state["epoch"], state["step"]
        self.spent = state.get("seconds", 0.0)
        self.rate, self.history = state["rate"], state["history"]
        self.logs = state["logs"]
        if self.plateau:
            self.plateau.restore(state["plateau"])

    def extra_variables(self):
        """Returns the variables that a resumed run needs besides the net's weights."""
        seeds = [v for v in self.model.variables if v.path.endswith("generator_state")]
        return {
            "optimizer": self.fitted.optimizer.variables,
            "metric": self.fitted.metrics_variables,
            "seed": seeds,
        }


class Keeper(keras.callbacks.Callback):
    """Saves checkpoints; stops the run after Ctrl-C or a loss that is not finite."""

    def __init__(self, run, save_seconds):
        super().__init__()
        self.run, self.save_seconds = run, save_seconds
        self.interrupted, self.saved = False, time.monotonic()

    def interrupt(self, signum, frame):
        self.interrupted = True

    def on_epoch_begin(self, epoch, logs=None):
        if self.run.step:  # a resumed epoch: restore its running means
            variables = self.run.extra_variables()["metric"]
            for variable, array in zip(variables, self.run.metric_state, strict=True):
                variable.assign(array)

    def on_train_batch_end(self, batch, logs=None):
        self.run.step += 1
        self.run.logs = {name: float(value) for name, value in logs.items()}
        if not math.isfinite(logs["loss"]):
            self.run.diverged = True
            self.run.stop(f"the loss is {logs['loss']}: stopped. {self.run.advice()}")
        else:
            self.act(self.interrupted, self.late)

    def on_test_batch_end(self, batch, logs=None):
        self.act(stop=self.interrupted)

    @property
    def late(self):
        return time.monotonic() - self.saved > self.save_seconds

    def save_if_due(self, due=False):
        self.act(save=due or self.late)

    def act(self, stop=False, save=False):
        """Saves, and with `stop` stops, if this or another process of the run asks."""
        stop, save = self.run.replicas.agreed(stop, save)
        if stop or save:
            self.run.save()
            self.saved = time.monotonic()
        if stop:
            self.run.stop("stopped after the step, and saved")


def check_fit(kind, arrays, shapes, path):
    """Raises ValueError if arrays of a checkpoint have other shapes than a run's."""
    found = [array.shape for array in arrays]
    for number, (ours, theirs) in enumerate(zip_longest(shapes, found)):
        if ours != theirs:
            raise ValueError(f"{path}: {kind} {number} has shape {theirs}, not {ours}.")


def reached(value, target):
    """Returns whether a value is at most a target; False if either is None."""
    return None not in (value, target) and value <= target


def errors(logs, prefix):
    """Returns loss and errors from Keras's logs, renamed; {} if there are none."""
    if "loss" not in logs:
        return {}
    return {
        f"{prefix}loss": float(logs["loss"]),
        f"{prefix}top1_error": 1 - float(logs["top1"]),
        f"{prefix}top5_error": 1 - float(logs["top5"]),
    }


def make_loss(recipe):
    """Returns the loss of a recipe, on logits or on clipped probabilities."""
    if recipe.loss_of == "logits":
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return ClippedCrossentropy()


def make_metrics(classes):
    """Returns the metrics of a net: accuracies, top-1 and top-5."""
    return [
        keras.metrics.SparseCategoricalAccuracy(name="top1"),
        keras.metrics.SparseTopKCategoricalAccuracy(min(5, classes), name="top5"),
    ]


def make_optimizer(recipe):
    """Returns the optimizer of a recipe, at its initial learning rate."""
    if recipe.optimizer == "adam":
        return Adam(recipe.learning_rate)
    return MomentumSGD(
        recipe.learning_rate,
        recipe.momentum,
        recipe.weight_decay,
        dict(recipe.layer_weight_decay),
        dict(recipe.rate_multipliers),
    )


def enable_determinism():
    """Makes all operations of this process deterministic from now on.

    A program that trains calls it once, at its start. No net is timed afterwards,
    because some of TensorFlow's deterministic kernels are slower.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()


def start(plan, folder, command, resume=False, notify=print, replicas=None):
    """Returns a `Run` in a folder: a new one, or with `resume` the existing one.

    Args:
        plan: The run's `Plan`.
        folder: The run's folder.
        command: The command line, for `run.json`.
        resume: Whether to continue the run in the folder.
        notify: Called with every message.
        replicas: `distribution.Replicas`; None: one process.

    Raises:
        ValueError: if the folder holds a run (without `resume`) or a run with another
            plan, if the data lacks training images, or validation images that the
            recipe needs, or if other processes of the run are started otherwise.
        Stopped: if another process trains in the folder, or one of this run is gone.
    """
    replicas = replicas or OneProcess()
    check(plan)
    replicas.check(plan)
    folder = Path(folder)
    if replicas.chief or resume:
        check_folder(plan, folder, resume)
    dataset = plan.dataset()
    check_splits(plan, dataset)
    with replicas.faults():
        if replicas.chief:
            return in_folder(folder, resume, plan, dataset, command, notify, replicas)
        return begun(Run(plan, dataset, folder, notify, replicas), resume)


def in_folder(folder, resume, plan, dataset, command, notify, replicas):
    """Returns a `Run` that has locked its folder and written `run.json`."""
    with contextlib.ExitStack() as stack:
        if not folder.exists():
            folder.mkdir(parents=True)
            stack.callback(remove_if_empty, folder)
        lock = stack.enter_context(contextlib.ExitStack())
        lock.enter_context(locked(folder))
        check_folder(plan, folder, resume)  # nobody else can write to it any more
        run = begun(Run(plan, dataset, folder, notify, replicas), resume)
        about = {"plan": plan.__dict__, "command": command, **here()}
        about["distribution"] = str(replicas)
        if (folder / "run.json").exists():
            before = read_plan(folder)[1]
            for moved in moves(before, about):
                notify(f"{folder} {moved}: equal to rounding, not to the last bit.")
            about = continued(before, about)
        if run.beginning:
            about["beginning"] = run.beginning
        if not run.finished:
            atomic_write(folder / "run.json", json.dumps(about, indent=1) + "\n")
        run.lock = lock.pop_all()
    return run


def begun(run, resume):
    """Returns a run with the weights that it begins with, or goes on with."""
    if resume and (run.folder / CHECKPOINT).exists():
        run.restore()
    else:
        if resume:
            run.notify(f"{run.folder} has no checkpoint yet: training starts anew.")
        run.begin()
    run.replicas.check_same(run.facts)
    return run


def moves(before, now):
    """Returns sentences on how a run goes on otherwise than `run.json` says."""
    was = {"distribution": ALONE, **before}
    return [
        f"was trained {by} {was[name]} and goes on with {now[name]}"
        for name, by in (("machine", "on"), ("distribution", "with"))
        if was.get(name, now[name]) != now[name]
    ]


def check_folder(plan, folder, resume):
    """Raises ValueError if a folder holds a run that is not this one."""
    if resume:
        before = read_plan(folder)[0]
        if before != plan:
            raise ValueError(
                f"{folder} holds another run ({difference(before, plan)}): choose "
                "another --out."
            )
    elif (folder / "run.json").exists():
        raise ValueError(
            f"{folder} holds a run already: add --resume to go on with it, or choose "
            "another --out."
        )


def remove_if_empty(folder):
    with contextlib.suppress(OSError):
        folder.rmdir()


def check_splits(plan, dataset):
    """Raises ValueError if the data lacks images that a plan needs."""
    dataset.split("train")
    dataset.split("train" if plan.watch is None else plan.watch)
    recipe = plan.training_recipe()
    plateau = isinstance(recipe.drops, OnPlateau) and not plan.authors_schedule()
    why = {
        "its rate falls when validation error stops improving (or choose --schedule "
        "constant or steps)": plateau,
        "it keeps the epoch with the lowest validation error": recipe.keep_best,
        "it stops when validation error stops improving": recipe.patience,
    }
    needs = [text for text, needed in why.items() if needed]
    if needs and "validation" not in dataset.splits:
        raise ValueError(f"the run needs validation images: {needs[0]}.")


def continued(before, now):
    """Returns the content of `run.json` with the commit, the machine or number of
    cores, and the distribution with which the run goes on."""
    about = dict(before)
    before_it = {"commit": "", "machine": "", "distribution": ALONE}
    for name, first in before_it.items():
        comma = ", " if name == "commit" else "; "
        known = list(filter(None, about.get(name, first).split(comma)))
        if name in now:
            added = known if now[name] in known else [*known, now[name]]
            about[name] = comma.join(added)
    return about
