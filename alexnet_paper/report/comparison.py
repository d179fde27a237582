"""Makes a comparison of variants: reads records, times nets, runs what is missing."""

import json
import shlex
from pathlib import Path

from alexnet_paper.files import check_range
from alexnet_paper.report import charts
from alexnet_paper.report import runs as outcomes
from alexnet_paper.report import style
from alexnet_paper.report import writers
from alexnet_paper.results import compare
from alexnet_paper.results import record
from alexnet_paper.training import environment
from alexnet_paper.training.plan import check

TIMED = 32  # images in a batch whose forward pass and training step are timed


class Comparison:
    """A comparison with the options of `reproduce.compare`.

    Raises ValueError or FileNotFoundError for options that are not possible.
    """

    def __init__(self, options):
        self.options = options
        for name in ("seeds", "rounds"):
            check_range(f"--{name}", getattr(options, name), 1, 1000)
        if not 0 < options.accuracy <= 1:
            raise ValueError(f"--accuracy must be in (0, 1]: {options.accuracy}")
        self.experiment = compare.experiment(
            options.data,
            options.variants and options.variants.split(","),
            options.seeds,
            epochs=options.epochs,
            batch_size=options.batch_size,
            limit=options.limit,
            input_size=options.input_size,
        )
        self.plans = self.experiment.plans(options.data_dir)
        for _, plan in self.plans:
            check(plan)
        self.folder = Path("runs") / self.experiment.name
        self.figure = options.out or str(self.folder / "comparison.png")
        style.check_path(self.figure)
        self.free = options.data == compare.FREE
        self.dataset, self.images, self.found = None, None, {}
        if self.free or options.run or options.data_dir:
            self.load()
        self.read()
        self.batch_size = options.batch_size or TIMED

    def load(self):
        self.dataset = self.plans[0][1].dataset()
        test = self.dataset.split(self.experiment.split)
        images = len(self.dataset.split("train"))
        self.images = (self.dataset.classes, images, test.fingerprint)

    def read(self):
        records = record.load_all(self.options.records)
        if self.options.records and self.folder.is_dir():
            records += record.load_all(self.folder)
        self.found = compare.matching(records, self.experiment, self.plans, self.images)

    @property
    def missing(self):
        return [
            (arm, plan)
            for arm, plan in self.plans
            if (arm, plan.seed) not in self.found
        ]

    @property
    def classes(self):
        """Number of the data's classes if it is known; None: each variant's own."""
        if self.dataset:
            return self.dataset.classes
        known = {found.protocol.classes for found in self.found.values()}
        return known.pop() if known else None

    def time(self):
        one_seed = [plan for _, plan in self.plans[: len(self.experiment.arms)]]
        self.speeds = compare.speeds(
            one_seed, self.classes, self.batch_size, self.options.rounds
        )

    def cost(self):
        """Returns in words how long the missing runs will take."""
        seconds = [
            compare.cost(plan, self.dataset, self.speeds[arm])
            for arm, plan in self.missing
        ]
        runs = "1 run" if len(seconds) == 1 else f"{len(seconds)} runs"
        return (
            f"{runs} to do, about {outcomes.duration(sum(seconds))} by the timed "
            "steps, without reading and preparing images; after Ctrl-C the same "
            "command continues"
        )

    def run(self, run_all):
        """Runs what is missing; `run_all` is that of `reproduce.experiment`."""
        found = run_all(
            self.experiment, self.missing, self.folder, self.options.command
        )
        for _ in found:
            pass
        self.read()

    def rows(self):
        return compare.rows(
            self.experiment,
            self.plans,
            self.found,
            self.speeds,
            self.classes,
            self.batch_size,
        )

    def commands(self):
        """{variant: the command that runs what it lacks}."""
        return {arm: self.command(arm) for arm, _ in self.missing}

    def command(self, arm):
        words = ["--data", self.options.data]
        if self.options.data != compare.FREE:
            words += ["--data-dir", self.options.data_dir or "DIR"]
        words += ["--variants", arm]
        for name in ("epochs", "seeds", "limit", "batch_size", "input_size"):
            value = getattr(self.options, name)
            if value is not None:
                words += [f"--{name.replace('_', '-')}", str(value)]
        return f"python -m reproduce.compare {shlex.join(words)} --run"

    def protocol(self):
        """Returns the protocol as a sentence."""
        plan, split = self.experiment.plan, self.experiment.split
        seeds = "seed 0" if self.options.seeds == 1 else f"{self.options.seeds} seeds"
        words = [f"{plan.epochs} epochs", seeds]
        if self.images:
            words.insert(0, f"{self.images[1]:,} training images")
        tested = f"tested on the {split} images, one view"
        if self.dataset:
            tested = f"tested on {len(self.dataset.splits[split]):,} images, one view"
        recipe = f", with batches of {plan.batch_size}" if plan.batch_size else ""
        return (
            f"{plan.data}: {', '.join(words)}, {tested}. Every net has its variant's "
            f"own recipe{recipe} (--differences A B compares two)"
        )

    def note(self):
        here = environment.here()
        several = [len(row.measured) > 1 for row in self.rows() if row.measured]
        over = "over seeds (t-interval of the mean)" if any(several) else "over images"
        if any(several) and not all(several):
            over += ", where there is one over images"
        trained = sorted({machine(found.environment) for found in self.found.values()})
        size, classes = self.batch_size, self.classes or "their own"
        return (
            f"One protocol: {self.protocol()}. Sizes: the nets as compared, {classes} "
            f"classes; memory: to train, batches of {size}. Speed: {machine(here)}, "
            f"{here['backend']}, batches of {size} in memory, medians of "
            f"{self.options.rounds} alternating rounds. Error: 95 % interval {over}. "
            "Accuracy reached: on validation images"
            + (f"; trained on {', '.join(trained)}." if trained else ".")
        )

    def table(self, format):
        if format == "json":
            return json.dumps(self.as_json(), indent=1) + "\n"
        sections = outcomes.comparison_sections(
            self.experiment.question,
            self.rows(),
            self.options.accuracy,
            self.commands(),
            self.note(),
        )
        return writers.write(sections, format)

    def as_json(self):
        accuracy, commands = self.options.accuracy, self.commands()
        return {
            "data": self.options.data,
            "protocol": self.protocol(),
            "accuracy": accuracy,
            "batch_size": self.batch_size,
            "environment": environment.here(),
            "variants": [
                row_json(row, accuracy, commands.get(row.variant))
                for row in self.rows()
            ],
        }

    def draw(self):
        about = f"{self.protocol()}. Lines: 95 % intervals."
        style.save(charts.comparison(self.rows(), about), self.figure)


def machine(environment):
    return f"{environment.get('device')} ({environment.get('machine')})"


def row_json(row, accuracy, command):
    count, epochs, seconds = row.reached(accuracy)
    return {
        "variant": row.variant,
        "input": list(row.input_shape),
        "parameters": row.parameters,
        "macs": row.macs,
        "memory_bytes": row.memory,
        "forward_images_per_second": row.forward,
        "train_images_per_second": row.train,
        "top1_error": row.error and row.error[0],
        "top1_error_interval": row.error and list(row.error[1:]),
        "seeds": len(row.measured),
        "ended": row.ended or None,
        "seeds_that_reached": count,
        "epochs_to_accuracy": epochs,
        "seconds_to_accuracy": seconds,
        "records": [record.name for record in row.records],
        "command": command,
    }
