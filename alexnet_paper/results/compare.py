"""Variants side by side under one protocol: what they cost, how fast they are, and
what records say that they learned.

One protocol: the same data, training images, split, epochs and seeds for all. A recipe
is part of its variant.
"""

import time
from collections import Counter
from dataclasses import dataclass
from statistics import median

import keras
import numpy as np

from alexnet_paper.data import datasets
from alexnet_paper.nets import model as models
from alexnet_paper.nets import specs
from alexnet_paper.nets import variants
from alexnet_paper.results import curves
from alexnet_paper.results import hypotheses
from alexnet_paper.results.experiments import Experiment
from alexnet_paper.training import train as training
from alexnet_paper.training.plan import Plan

VALIDATION = 0.2  # share of the training images, where the data has no own
LARGE = ("paper", "authors", "one-gpu", "caffe", "one-weird-trick")
SUITED = {  # variants of these sizes
    "digits": (
        "paper-32",
        "paper-32.no-lrn",
        "cifar-18pct",
        "cifar-13pct",
        "cifar-11pct",
        "caffe",
    ),
    "cifar10": (
        "paper-32",
        "bn-cifar10",
        "cifar-18pct",
        "cifar-13pct",
        "cifar-11pct",
    ),
    "flowers17": (*LARGE, "bn-flowers17"),
    "cats-vs-dogs": (*LARGE, "cats-vs-dogs"),
}
FREE = "digits"  # its runs take minutes: they need not be asked for
SMALL = {"epochs": 8, "batch_size": 32, "input_size": 67}  # of these
EPOCHS = 10  # of all other data


def experiment(data, names=None, seeds=1, **options):
    """The `Experiment` that compares variants.

    Args:
        data: Name of a dataset.
        names: Variants, or None for those that suit the data.
        seeds: How many.
        **options: `epochs`, `batch_size`, `limit` and `input_size` of `plan.Plan`, or
            None; an input size is for the variants made for larger images.

    Raises ValueError for unknown data and for an unknown variant.
    """
    if data not in datasets.DATASETS:
        known = ", ".join(datasets.DATASETS)
        raise ValueError(f"unknown data {data!r}: one of {known}.")
    defaults = SMALL if data == FREE else {"epochs": EPOCHS}
    given = {name: value for name, value in options.items() if value is not None}
    given = {**defaults, **given}
    size = given.pop("input_size", None)
    names = tuple(dict.fromkeys(names or SUITED.get(data, LARGE)))
    arms = {name: {"variant": name, "input_size": fitted(name, size)} for name in names}
    words = [f"{name.partition('_')[0]}{value}" for name, value in given.items()]
    return Experiment(
        "-".join(["compare", data, *words, *([f"input{size}"] if size else [])]),
        f"Variants side by side on {data}",
        "the same images, epochs and seeds for all; each its own recipe",
        Plan(names[0], data, validation=VALIDATION, **given),
        arms,
        seeds=seeds,
        measured=(("validation" if data == "imagenet" else "test", 1),),
    )


def fitted(name, size):
    """The input size of a variant: `size`, or None (its own) where that is no larger,
    or where a window does not fit `size`."""
    net = variants.get(name).architecture
    if size is None or size >= net.input_shape[0]:
        return None
    try:
        specs.trace(net.with_input((size, size, 3)))
    except ValueError:
        return None
    return size


# What is there already


def plan_of(record):
    """The plan a record's run had, or None where it does not say."""
    said = record.protocol
    changes = said.changes
    if changes is None:  # an older record: of a run with its variant's recipe, mostly
        if said.experiment or not record.published:
            return None
        changes = {"epochs": said.epochs, "batch_size": said.batch_size}
    return Plan(record.variant, record.data, **changes)


def same_training(a, b):
    """Whether two plans of a variant train the same net in the same way."""
    one, other = (
        (
            plan.training_recipe(),
            plan.input_size,
            plan.limit,
            plan.authors_schedule(),
            plan.validate_every,
            plan.until,
            plan.until_loss,
            plan.precision,
        )
        for plan in (a, b)
    )
    return one == other


def matching(records, experiment, plans, images=None):
    """{(arm, seed): record} of the runs of an experiment that there are, the newest of
    several.

    `images`: (classes, training images, fingerprint of the test images) that a record
    must be of; None: those of most of the records.
    """
    there = [
        ((arm, plan.seed), record)
        for arm, plan in plans
        for record in records
        if is_of(record, plan, experiment.split)
    ]
    if images is None and there:
        images = Counter(images_of(record) for _, record in there).most_common(1)[0][0]
    return {
        key: record
        for key, record in there
        if all(
            own in (None, other)
            for own, other in zip(images_of(record), images, strict=True)
        )
    }


def is_of(record, plan, split):
    """Whether a record is of the run that `plan` describes, which may have ended in
    numbers that are not finite."""
    about = (record.variant, record.data, record.split)
    said = [record.protocol.seed, record.protocol.views]
    if about != (plan.variant, plan.data, split) or said != [str(plan.seed), 1]:
        return False
    trained = plan_of(record)
    return trained is not None and same_training(trained, plan)


def images_of(record):
    about = record.protocol
    return about.classes, about.training_images, about.fingerprint


# What it costs


def speeds(plans, classes, batch_size, rounds):
    """{variant: (forward, training) images/s}: medians of rounds in which the nets
    take turns, on random images that are in memory."""
    nets = {plan.variant: Net(plan, classes, batch_size) for plan in plans}
    jobs = {
        (name, job.__name__): job
        for name, net in nets.items()
        for job in (net.forward, net.step)
    }
    for job in jobs.values():
        job()  # traced and warm
    seconds = alternate(jobs, rounds)
    keras.utils.clear_session()
    return {
        name: tuple(batch_size / seconds[name, job] for job in ("forward", "step"))
        for name in nets
    }


def alternate(functions, rounds):
    """{name: median seconds} of functions that take turns, A B C A B C."""
    seconds = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            seconds[name].append(time.perf_counter() - start)
    return {name: median(found) for name, found in seconds.items()}


class Net:
    """A variant's model with its own optimizer, and a batch of random images."""

    def __init__(self, plan, classes, batch_size):
        recipe, net = plan.training_recipe(), net_of(plan, classes)
        keras.utils.set_random_seed(plan.seed)
        logits = recipe.loss_of == "logits"
        self.model = models.build_model(
            net,
            plan.placement,
            classifier_activation=None if logits else "softmax",
            seed=plan.seed,
        )
        self.model.compile(training.make_optimizer(recipe), training.make_loss(recipe))
        rng = np.random.default_rng(plan.seed)
        shape = (batch_size, *net.input_shape)
        self.images = rng.normal(0, 60, shape).astype("float32")
        self.labels = rng.integers(0, net.classes, batch_size)

    def forward(self):
        self.model.predict_on_batch(self.images)

    def step(self):
        self.model.train_on_batch(self.images, self.labels)


def cost(plan, dataset, speed):
    """Seconds that a run will take, from (forward, training) images/s."""
    recipe, (forward, train) = plan.training_recipe(), speed
    images = len(dataset.splits["train"])
    if recipe.steps:
        images = min(images, recipe.steps * recipe.batch_size)
    validation = len(dataset.splits.get("validation", ()))
    return recipe.epochs * (images / train + validation / forward)


# Side by side


@dataclass(frozen=True)
class Row:
    """A variant of the comparison. Memory in bytes, speeds in images/s; `records` has
    one a seed that was run, of `seeds`."""

    variant: str
    input_shape: tuple[int, int, int]
    parameters: int
    macs: int
    memory: int
    forward: float
    train: float
    records: tuple
    seeds: int

    @property
    def measured(self):
        """The records of runs that did not diverge."""
        return [record for record in self.records if "top1_error" in record.metrics]

    @property
    def ended(self):
        """How a run ended that diverged, or ""."""
        return next((r.protocol.ended for r in self.records if not r.metrics), "")

    @property
    def error(self):
        """(top-1 error, low, high), fractions: of one seed Wilson's 95 % interval over
        images, of several the mean and its t-interval over seeds. None: not run."""
        errors = [record.metrics["top1_error"] for record in self.measured]
        if not errors:
            return None
        if len(errors) == 1:
            return errors[0], *self.measured[0].metrics["top1_error_interval"]
        by_seed = dict(enumerate(errors))
        none = dict.fromkeys(by_seed, 0.0)
        found = hypotheses.difference(none, by_seed, paired=True)
        return found.mean, max(found.low, 0.0), min(found.high, 1.0)

    def reached(self, accuracy):
        """(how many seeds reached it on validation images, median epoch and seconds of
        those, or None)."""
        found = [curves.reached(record.history, accuracy) for record in self.records]
        found = [pair for pair in found if pair]
        if not found:
            return 0, None, None
        epochs, seconds = zip(*found, strict=True)
        return len(found), median(epochs), median(seconds)


def rows(experiment, plans, found, speeds, classes, batch_size):
    """A `Row` for every arm; `found` from `matching`, `speeds` from `speeds`; `classes`
    None: as many as each variant has."""
    made = []
    for arm in experiment.arms:
        seeds = [plan for name, plan in plans if name == arm]
        net = net_of(seeds[0], classes)
        totals, held = specs.totals(net), specs.memory(net)
        there = [found.get((arm, plan.seed)) for plan in seeds]
        made.append(
            Row(
                arm,
                net.input_shape,
                totals.parameters,
                totals.macs,
                sum(device.training(batch_size) for device in held.values()),
                *speeds[arm],
                tuple(record for record in there if record),
                len(seeds),
            )
        )
    return made


def net_of(plan, classes):
    own = variants.get(plan.variant).architecture.classes
    return plan.architecture(classes or own)
