"""Variants side by side under one protocol: their cost, their speed and their errors.

All variants have the same data, training images, split, epochs and seeds. Each is
trained by its own recipe.
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

VALIDATION = 0.2  # of the training images, if the data has no validation split
LARGE = ("paper", "authors", "one-gpu", "caffe", "one-weird-trick")
SUITED = {  # {data: variants made for images of its size}
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
FREE = "digits"  # data whose runs take minutes: started without being asked for
SMALL = {"epochs": 8, "batch_size": 32, "input_size": 67}  # options for `FREE`
EPOCHS = 10  # for all other data


def experiment(data, names=None, seeds=1, **options):
    """Returns the `Experiment` that compares variants.

    Args:
        data: Name of a dataset.
        names: Names of variants, or None for those that suit the data.
        seeds: The number of seeds.
        **options: `epochs`, `batch_size`, `limit` and `input_size` of `plan.Plan`, or
            None. `input_size` applies only to variants made for larger images.

    Raises:
        ValueError: for unknown data or an unknown variant.
    """
    if data not in datasets.DATASETS:
        known = ", ".join(datasets.DATASETS)
        raise ValueError(f"unknown data {data!r:.60}: one of {known}.")
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
    """Returns the input size to train a variant at: `size`, or None for its own.

    It is None if the variant's own size is not larger than `size`, or if a window of
    the net is larger than its input at this size.
    """
    net = variants.get(name).architecture
    if size is None or size >= net.input_shape[0]:
        return None
    try:
        specs.trace(net.with_input((size, size, 3)))
    except ValueError:
        return None
    return size


# Records of earlier runs


def plan_of(record):
    """Returns the plan of a record's run, or None if the record does not state it."""
    said = record.protocol
    changes = said.changes
    if changes is None:  # an older record, which states epochs and batch size only
        if said.experiment or not record.published:
            return None
        changes = {"epochs": said.epochs, "batch_size": said.batch_size}
    return Plan(record.variant, record.data, **changes)


def same_training(a, b):
    """Returns whether two plans of a variant train the same net in the same way."""
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
    """Returns {(arm, seed): record} of the runs of an experiment that have a record.

    Args:
        records: All records; of several records of one run the last is returned.
        experiment: An `Experiment`.
        plans: (arm, plan) of its runs.
        images: (classes, training images, fingerprint of the test images) that a
            record must have; None: those that most of the records have.
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
    """Returns whether a record is of the run that `plan` describes.

    The run may have diverged.
    """
    about = (record.variant, record.data, record.split)
    said = [record.protocol.seed, record.protocol.views]
    if about != (plan.variant, plan.data, split) or said != [str(plan.seed), 1]:
        return False
    trained = plan_of(record)
    return trained is not None and same_training(trained, plan)


def images_of(record):
    about = record.protocol
    return about.classes, about.training_images, about.fingerprint


# Speed and cost


def speeds(plans, classes, batch_size, rounds):
    """Returns {variant: (forward, training) images/s} on random images in memory.

    The nets take turns in every round; a speed is from the median time of all rounds.
    """
    nets = {plan.variant: Net(plan, classes, batch_size) for plan in plans}
    jobs = {
        (name, job.__name__): job
        for name, net in nets.items()
        for job in (net.forward, net.step)
    }
    for job in jobs.values():
        job()  # tracing and warm-up are not timed
    seconds = alternate(jobs, rounds)
    keras.utils.clear_session()
    return {
        name: tuple(batch_size / seconds[name, job] for job in ("forward", "step"))
        for name in nets
    }


def alternate(functions, rounds):
    """Returns {name: median seconds} of functions called in turn, A B C A B C."""
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
            precision=plan.precision,
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
    """Returns the seconds that a run will take, from (forward, training) images/s."""
    recipe, (forward, train) = plan.training_recipe(), speed
    images = len(dataset.splits["train"])
    if recipe.steps:
        images = min(images, recipe.steps * recipe.batch_size)
    validation = len(dataset.splits.get("validation", ()))
    return recipe.epochs * (images / train + validation / forward)


# The comparison


@dataclass(frozen=True)
class Row:
    """A variant of the comparison.

    `memory` is in bytes, `forward` and `train` in images/s. `records` has one record
    for each seed that was run; `seeds` is the number asked for.
    """

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
        """Records of the runs that did not diverge."""
        return [record for record in self.records if "top1_error" in record.metrics]

    @property
    def ended(self):
        """How the first run that diverged ended, or ""."""
        return next((r.protocol.ended for r in self.records if not r.metrics), "")

    @property
    def error(self):
        """(top-1 error, low, high) as fractions, or None if there is no run.

        For one seed the interval is Wilson's 95 % interval over images; for several
        seeds it is the t-interval of their mean.
        """
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
        """Returns (seeds that reached this validation accuracy, epoch, seconds).

        `epoch` and `seconds` are medians over those seeds; None if no seed reached it.
        """
        found = [curves.reached(record.history, accuracy) for record in self.records]
        found = [pair for pair in found if pair]
        if not found:
            return 0, None, None
        epochs, seconds = zip(*found, strict=True)
        return len(found), median(epochs), median(seconds)


def rows(experiment, plans, found, speeds, classes, batch_size):
    """Returns a `Row` for every arm.

    Args:
        experiment: The `Experiment` of the comparison.
        plans: (arm, plan) of its runs.
        found: {(arm, seed): record} from `matching`.
        speeds: {variant: (forward, training)} from `speeds`.
        classes: The number of classes; None: each variant's own.
        batch_size: The batch size for the memory of training.
    """
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
