"""The plan of a training run: everything but the code that its result depends on."""

import json
import re
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import fields
from dataclasses import replace
from pathlib import Path
from typing import Annotated
from typing import Literal

from annotated_types import Ge
from annotated_types import Gt
from annotated_types import Le
from annotated_types import Lt
from typing_extensions import NotRequired
from typing_extensions import TypedDict

from alexnet_paper import paper
from alexnet_paper.data import datasets
from alexnet_paper.files import STRICT
from alexnet_paper.files import Count
from alexnet_paper.files import Share
from alexnet_paper.files import from_json
from alexnet_paper.files import in_words
from alexnet_paper.files import read_file
from alexnet_paper.nets import recipes
from alexnet_paper.nets import variants
from alexnet_paper.nets.specs import PRECISIONS

SCHEDULES = {  # {name: a schedule of the authors, or None for a rule}
    "plateau": None,
    "constant": None,
    "steps": None,
    **{row.run: row for row in paper.SCHEDULES},
}

LONG = 200  # letters of a value in a message: a file may hold any text

OVERRIDES = (  # fields of a recipe that a plan may replace
    "epochs",
    "batch_size",
    "validation",
    "learning_rate",
    "patience",
    "steps",
    "weight_decay",
)


ALONE = "one process"  # in which a run was trained

Whole = Annotated[int, Ge(1), Le(10**9)]
Below1 = Annotated[float, Ge(0), Lt(1)]
Seed = Annotated[int, Ge(0), Lt(2**32)]


@dataclass(frozen=True)
class Plan:
    """A variant, its data, and changes to the variant's recipe.

    A field that is None leaves the recipe's value.
    """

    __pydantic_config__ = STRICT

    variant: str
    data: str
    data_dir: str | None = None
    epochs: Whole | None = None
    batch_size: Whole | None = None
    seed: Seed = 0
    limit: Count | None = None
    validation: Share | None = None
    placement: str = "auto"
    schedule: str | None = None  # in SCHEDULES, or epochs of ÷10: "24,28"
    input_size: Whole | None = None
    validate_every: Whole = 1  # epochs
    recipe: str | None = None  # name of one of the variant's recipes
    learning_rate: Annotated[float, Gt(0)] | None = None
    patience: Whole | None = None  # epochs without a lower validation error, then stop
    until: Below1 | None = None  # training error at which to stop
    until_loss: float | None = None  # training loss at which to stop
    steps: Whole | None = None  # in an epoch; None: as many as use every image once
    weight_decay: Below1 | None = None  # of every kernel
    watch: str | None = None  # a split whose error is logged; no effect on training
    precision: Literal[PRECISIONS] = "float32"
    start: str | None = None  # a run's folder or a weight file: the first weights
    new: str | None = None  # layers that start anew all the same, "fc6,fc8"
    freeze: str | None = None  # layers that stay as they are loaded, "conv1-conv5"
    rate_of: str | None = None  # factors of layers' learning rates, "fc8=10"
    view_cycle: Whole | None = None  # epochs after which an image's views repeat

    def training_recipe(self):
        """Returns the variant's recipe with this plan's changes.

        The side of the images is scaled with the input size. Raises ValueError for a
        recipe that the variant does not have.
        """
        variant = variants.get(self.variant)
        recipe = variant.recipe_named(self.recipe)
        changes = {
            name: getattr(self, name)
            for name in OVERRIDES
            if getattr(self, name) is not None
        }
        if self.weight_decay is not None:
            changes["layer_weight_decay"] = ()
        if self.rate_of is not None:
            factors = {**dict(recipe.rate_multipliers), **self.rates()}
            changes["rate_multipliers"] = tuple(factors.items())
        epochs = changes.get("epochs", recipe.epochs)
        rules = {
            "plateau": recipes.OnPlateau(),
            "constant": (),
            "steps": (round(0.8 * epochs), round(0.9 * epochs)),
        }
        if self.schedule in rules:
            changes["drops"] = rules[self.schedule]
        elif self.named_drops() is not None:
            changes["drops"] = self.named_drops()
        if self.input_size is not None and recipe.image_side is not None:
            own = variant.architecture.input_shape[0]
            changes["image_side"] = round(recipe.image_side * self.input_size / own)
        named = self.authors_schedule()
        if named and self.epochs is None:
            changes["epochs"] = named.stopped
        return replace(recipe, **changes)

    def changes(self):
        """Returns {field: value} of the fields that differ from their defaults.

        Variant, data, seed, folder of the data and placement are omitted.
        """
        apart = ("variant", "data", "data_dir", "seed", "placement")
        return {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if field.name not in apart and getattr(self, field.name) != field.default
        }

    def architecture(self, classes):
        """Returns the variant's net for a number of classes, at this input size."""
        net = variants.get(self.variant).architecture.with_classes(classes)
        if self.input_size:
            net = net.with_input((self.input_size, self.input_size, 3))
        return net

    def rates(self):
        """Returns {layer: factor of its learning rate} of `rate_of`.

        Raises ValueError for a layer that the net does not have, and for a factor that
        is not a number of 0 or more.
        """
        found, net = {}, variants.get(self.variant).architecture
        for word in filter(None, (self.rate_of or "").split(",")):
            names, _, factor = word.partition("=")
            if not re.fullmatch(r"\d+(\.\d+)?", factor):
                raise ValueError(
                    f"--rate-of is LAYER=FACTOR, such as fc8=10. Received: {word:.60}"
                )
            found.update(dict.fromkeys(net.layers_named(names), float(factor)))
        return found

    def named_drops(self):
        """Returns (24, 28) for the schedule "24,28", (24,) for "24"; None for a named
        schedule, such as "145", the run of the authors."""
        words = (self.schedule or "").split(",")
        if self.schedule in SCHEDULES or not all(map(str.isdecimal, words)):
            return None
        return tuple(map(int, words))

    def authors_schedule(self):
        """Returns the named `paper.Schedule`, or None for a rule or for epochs.

        Raises ValueError for an unknown name.
        """
        if self.named_drops() or self.schedule is None:
            return None
        if self.schedule not in SCHEDULES:
            names = ", ".join(SCHEDULES)
            raise ValueError(
                f"unknown schedule {self.schedule!r:.60}: one of {names}, or the "
                "epochs after which the rate is ÷10, such as 24 or 24,28."
            )
        return SCHEDULES.get(self.schedule)

    def dataset(self):
        share = self.training_recipe().validation
        return datasets.load(self.data, self.data_dir, share, self.limit, self.seed)


class Beginning(TypedDict):
    """Where the first weights of a fine-tuned run come from.

    `source` is a run's folder or a weight file, `sha256` the file's. Layers are named
    as in a plan: "conv1-conv5,fc7", or "" for none.
    """

    source: str
    sha256: str
    loaded: str
    new: str
    frozen: str


class About(TypedDict):
    """What `run.json` says of a run, besides its environment.

    `distribution` is `ALONE` or "2 workers"; older versions knew no other than the
    first.
    """

    plan: Plan
    command: str
    commit: NotRequired[str]
    distribution: NotRequired[str]
    beginning: NotRequired[Beginning]


Beginning.__pydantic_config__ = STRICT
About.__pydantic_config__ = {**STRICT, "extra": "allow"}


def told(beginning):
    """Returns a `Beginning` in words: "bvlc.npz (sha256 0ab12cd3): fc6-fc8 new"."""
    kinds = [f"{beginning[how]} {how}" for how in ("loaded", "new", "frozen")]
    listed = "; ".join(text for text in kinds if text[0] != " ")
    return f"{beginning['source']} (sha256 {beginning['sha256'][:8]}): {listed}"


def read_plan(folder):
    """Returns the plan of a run's folder, and the content of its `run.json`.

    Raises ValueError if it is not the folder of a run.
    """
    try:
        content = from_json(About, read_file(Path(folder) / "run.json"))
        plan = content["plan"]
        plan.training_recipe()  # its names are known
        return plan, {**content, "plan": asdict(plan)}
    except (OSError, ValueError) as error:
        reason = in_words(error)
        raise ValueError(f"{folder} is not the folder of a run: {reason}") from error


def difference(there, asked, words="asked for"):
    """Returns in words how two plans differ: "epochs 1 there, 2 asked for"."""
    return "; ".join(
        f"{field.name.replace('_', ' ')} {str(before)[:LONG]} there, "
        f"{str(now)[:LONG]} {words}"
        for field in fields(Plan)
        if (before := getattr(there, field.name)) != (now := getattr(asked, field.name))
    )


def check_same(plan, meta, path):
    """Raises ValueError if a weight file, with this text, is not of the plan's run.

    The data may have been moved, and the devices be others. Files of older versions do
    not have their plan.
    """
    if meta.get("variant") != plan.variant:
        theirs = str(meta.get("variant"))[:LONG]
        raise ValueError(f"{path} is of {theirs}, not {plan.variant}.")
    if meta.get("plan") is not None:
        try:
            there = from_json(Plan, json.dumps(meta["plan"]))
        except ValueError as error:
            raise ValueError(f"{path}: its plan is damaged: {error}") from error
        moved = {name: getattr(plan, name) for name in ("data_dir", "placement")}
        told = difference(replace(there, **moved), plan, "in run.json")
        if told:
            raise ValueError(f"{path} is of another run ({told}).")


def check_seed(seed):
    """Raises ValueError for a number that cannot be a seed."""
    if not 0 <= seed < 2**32:
        raise ValueError(f"--seed must be in 0 … 2³² − 1. Received: {seed}")


def check(plan):
    """Raises ValueError for values out of range and for unknown names."""
    check_seed(plan.seed)
    try:
        from_json(Plan, json.dumps(asdict(plan)))
    except ValueError as error:
        name, _, reason = str(error).partition(": ")
        raise ValueError(f"--{name.replace('_', '-')} {reason}") from error
    recipe = plan.training_recipe()
    check_start(plan, recipe)
    plateau = isinstance(recipe.drops, recipes.OnPlateau)
    if plan.validate_every > 1 and plateau and not plan.authors_schedule():
        raise ValueError(
            "--validate-every needs a rate that falls by --schedule constant or steps: "
            "on a plateau every epoch is validated."
        )
    drops = plan.named_drops()
    if drops and len(drops) == 1 and drops[0] >= recipe.epochs:  # a mistyped run, too
        runs = ", ".join(row.run for row in paper.SCHEDULES)
        raise ValueError(
            f"--schedule {plan.schedule:.60}: the rate would never fall in "
            f"{recipe.epochs} epochs. The runs of the authors are {runs}."
        )
    if plan.validate_every > 1 and (recipe.patience or recipe.keep_best):
        raise ValueError("--patience needs a validation after every epoch.")


def check_start(plan, recipe):
    """Raises ValueError for layers that the net lacks, and for fields that do not fit
    together."""
    net = variants.get(plan.variant).architecture
    new, frozen = net.layers_named(plan.new), net.layers_named(plan.freeze)
    if (new or frozen) and plan.start is None:
        raise ValueError("--new and --freeze need --from, a run or a weight file.")
    if both := set(new) & set(frozen):
        raise ValueError(f"{', '.join(sorted(both))} cannot be both new and frozen.")
    if len(frozen) == len(net.learned_parts()):
        raise ValueError("--freeze names every layer: nothing is left to train.")
    if plan.rate_of and (recipe.optimizer != "sgd" or plan.authors_schedule()):
        raise ValueError(
            "--rate-of needs a recipe with momentum, without a schedule of the authors."
        )
