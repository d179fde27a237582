"""Experiments as data: a question, the runs that answer it, and their protocol."""

import dataclasses
import math
from dataclasses import dataclass
from dataclasses import field

from alexnet_paper import effects
from alexnet_paper.ablations import ABLATIONS
from alexnet_paper.plan import Plan


@dataclass(frozen=True)
class Experiment:
    """A question, the run that every arm starts from, and how the arms differ.

    `arms` maps a label to the fields of `plan.Plan` that it changes; every arm runs
    with seeds 0 to `seeds` − 1 and is then evaluated on each (split, views) of
    `measured`, and of `more` under its label. In a race an arm is KIND-RATE: the first
    seed tries every rate for `heat` epochs, and then each kind's fastest runs alone.
    """

    name: str
    question: str
    protocol: str
    plan: Plan
    arms: dict
    seeds: int = 5
    measured: tuple[tuple[str, int], ...] = (("validation", 1),)
    more: dict = field(default_factory=dict)
    heat: int | None = None

    @property
    def split(self):
        """The split that is measured first."""
        return self.measured[0][0]

    def plans(self, data_dir=None, seeds=None, arms=None, **changes):
        """(arm, plan) of every run, seed by seed; `arms` names some of them, and
        `changes` are fields of the plan, the same for all. Raises ValueError for an
        unknown arm and for numbers that cannot be."""
        if seeds is not None and seeds < 1:
            raise ValueError(f"--seeds must be 1 or more. Received: {seeds}")
        if self.heat and (changes.get("epochs") or math.inf) <= self.heat:
            raise ValueError(
                f"--epochs must be more than the {self.heat} in which rates are tried."
            )
        unknown = set(arms or ()) - set(self.arms)
        if unknown:
            raise ValueError(
                f"{self.name} has no arm {', '.join(sorted(unknown))}: it has "
                f"{', '.join(self.arms)}."
            )
        changes = {name: value for name, value in changes.items() if value is not None}

        def plan_of(arm, seed, **shorter):
            fields = {**self.arms[arm], **changes, **shorter}
            return dataclasses.replace(
                self.plan, **fields, data_dir=data_dir, seed=seed
            )

        chosen = [arm for arm in self.arms if not arms or arm in arms]
        heats = [(arm, plan_of(arm, 0, epochs=self.heat)) for arm in chosen]
        return (heats if self.heat else []) + [
            (arm, plan_of(arm, seed))
            for seed in range(seeds or self.seeds)
            for arm in chosen
        ]

    def due(self, arm, plan, records):
        """The plan that is left to do of a run after these records, or None. In a race
        a heat ends where another rate has won it, and the other runs are those of each
        kind's fastest rate."""
        if not self.heat:
            return plan
        kind, _, rate = arm.partition("-")
        tried = effects.rates_tried(records, self.name, plan.until, self.heat)
        tried = tried.get(kind, {})
        fastest = min(tried, key=tried.get, default=None)
        if plan.epochs != self.heat:
            return plan if float(rate) == fastest else None
        epochs = min([self.heat, *(count for count, _ in tried.values())])
        return dataclasses.replace(plan, epochs=math.ceil(epochs))

    def folder(self, arm, plan):
        """Name of a run's folder."""
        heat = self.heat and plan.epochs == self.heat
        return f"{arm}-heat" if heat else f"{arm}-seed{plan.seed}"


START = Plan(
    "paper",
    "imagenet",
    epochs=100,
    input_size=67,
    schedule="constant",
    validate_every=1000,
)
STARTING_NETS = {
    "paper": {"variant": "paper"},
    "authors": {"variant": "authors"},
    "caffe": {"variant": "caffe", "batch_size": 128},
}
RATES = (0.01, 0.003, 0.03, 0.001)  # among which Figure 1's nets choose
FOUR_LAYERS = "cifar-18pct.no-lrn.no-decay"  # Figure 1's net is not specified

_ALL = (
    Experiment(
        "start",
        "Does the printed recipe start to train?",
        "ten classes of real photographs, 50 a class, input 67×67, rate 0.01 "
        "throughout",
        START,
        STARTING_NETS,
    ),
    Experiment(
        "start-cifar10",
        "Does it start on CIFAR-10?",
        "200 images a class, enlarged to 76×76 (authors: 77×77), input 67×67, "
        "rate 0.01 throughout",
        dataclasses.replace(
            START, data="cifar10", epochs=25, limit=2000, validation=0.02
        ),
        STARTING_NETS,
        seeds=3,
    ),
    Experiment(
        "figure1",
        "How much faster does a net learn with ReLU than with tanh?",
        "four layers, no regularization, each at the learning rate that got to 25 % "
        f"first, or nearest to it, within {effects.HEAT} epochs of one seed; epochs to "
        "25 % training error of the batches as they were trained on",
        Plan(
            FOUR_LAYERS,
            "cifar10",
            epochs=60,
            schedule="constant",
            validation=0.0,
            until=0.25,
        ),
        {
            f"{kind}-{rate:g}": {"variant": FOUR_LAYERS + ending, "learning_rate": rate}
            for rate in RATES
            for kind, ending in (("relu", ""), ("tanh", ".tanh"))
        },
        seeds=3,
        measured=(("test", 1),),
        heat=effects.HEAT,
    ),
    Experiment(
        "net-18pct",
        "Does cuda-convnet's 18 % net reach 18 %?",
        "its published schedule, all 50,000 training images",
        Plan("cifar-18pct", "cifar10", validation=0.0),
        {"published": {}},
        seeds=1,
        measured=(("test", 1),),
    ),
    Experiment(
        "footnote3",
        "What does response normalization do for the nets of footnote 3?",
        "cuda-convnet's two nets, and the second one without its normalization; all "
        "50,000 training images, the same epochs for all, rate ÷10 at 80 and 90 %, "
        "in whole epochs",
        Plan("cifar-11pct", "cifar10", epochs=4, schedule="steps", validation=0.0),
        {
            "11pct": {"variant": "cifar-11pct"},
            "11pct-no-lrn": {"variant": "cifar-11pct.no-lrn"},
            "13pct": {"variant": "cifar-13pct"},
        },
        seeds=3,
        measured=(("test", 10),),
    ),
    Experiment(
        "proxies",
        "Do the paper's choices matter in a small net of its structure?",
        "`paper-32` with one thing changed; 1,000 training images a class, the same "
        "epochs for all, rate ÷10 at 80 and 90 %",
        Plan(
            "paper-32",
            "cifar10",
            epochs=20,
            limit=10_000,
            schedule="steps",
            validation=0.0,
        ),
        {
            "paper-32": {},
            **{
                name: {"variant": f"paper-32.{name}"}
                for name in ABLATIONS
                if name != "tanh"  # which is Figure 1's
            },
        },
        seeds=3,
        measured=(("test", 1), ("train", 1)),
        more={"paper-32": (("test", 10),)},
    ),
    Experiment(
        "towers",
        "Do the two towers part in colour, as the authors saw in every run?",
        "`paper-32`, all 50,000 training images, rate ÷10 at 80 and 90 %",
        Plan("paper-32", "cifar10", epochs=20, schedule="steps", validation=0.0),
        {"paper-32": {}},
        seeds=3,
        measured=(("test", 1),),
    ),
)

EXPERIMENTS = {experiment.name: experiment for experiment in _ALL}


def get(name):
    """The experiment of that name. Raises ValueError, listing all, if there is none."""
    if name not in EXPERIMENTS:
        known = ", ".join(EXPERIMENTS)
        raise ValueError(f"unknown experiment {name!r}: one of {known}.")
    return EXPERIMENTS[name]
