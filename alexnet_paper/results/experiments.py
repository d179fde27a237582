"""Experiments as data: a question, the runs that answer it, and their protocol.

Each is a file NAME.toml in `protocols/`: what is asked and expected, by which runs, how
it is decided, and what they cost. The file is committed before the first run; records
name the commit, so that nobody can choose a hypothesis after its result.
"""

import dataclasses
import tomllib
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

from alexnet_paper.training.plan import Plan

PROTOCOLS = Path(__file__).parent / "protocols"


@dataclass(frozen=True)
class Hypothesis:
    """What some claims say as a difference that two arms can show.

    `measure` (of `effects.MEASURES`) is larger in the arm `without` than in `base`, by
    `printed` points in the paper (None: it gives no number); where both are the same
    arm, it is above 0. `paired`: differences are taken seed by seed; else the arms are
    different nets and compared by Welch's test.
    """

    claims: tuple[str, ...]
    without: str
    measure: str
    base: str = "base"
    printed: float | None = None
    paired: bool = True

    @property
    def label(self):
        """The arm without something, and what it is compared with if not the base."""
        against = (
            "" if self.base in ("base", self.without) else f" (against {self.base})"
        )
        return self.without + against


@dataclass(frozen=True)
class Gate:
    """What runs must show before their difference counts.

    Before each drop of the rate training error falls by less than `levelled` points an
    epoch: the mean of the phase's last `window` epochs against that of as many before,
    or of fewer in a short phase, whose first epoch does not count. At the end the
    training error of the base is at most `fitted` of its test error, and of what it was
    at the first drop. The half-width of the interval is at most half of the printed
    effect, or less than half of the effect found.
    """

    levelled: float
    window: int
    fitted: float


@dataclass(frozen=True)
class Experiment:
    """A question, the run that every arm starts from, and how the arms differ.

    `arms` maps a label to the fields of `plan.Plan` that it changes; every arm runs
    with seeds 0 to `seeds` − 1, or its own number of "seeds", and is then evaluated on
    each (split, views) of `measured`, and of `more` under its label. Records of the
    arms in `kept` have all probabilities of the test images.
    """

    name: str
    question: str
    protocol: str
    plan: Plan
    arms: dict
    claims: tuple[str, ...] = ()
    expected: str = ""
    decided: str = ""
    visible: str = ""
    cost: str = ""
    seeds: int = 5
    measured: tuple[tuple[str, int], ...] = (("validation", 1),)
    more: dict = field(default_factory=dict)
    kept: tuple[str, ...] = ()
    hypotheses: tuple[Hypothesis, ...] = ()
    controls: tuple[Hypothesis, ...] = ()  # differences that should not be there
    gate: Gate | None = None

    @property
    def split(self):
        """The split that is measured first."""
        return self.measured[0][0]

    @property
    def file(self):
        """Its protocol."""
        return PROTOCOLS / f"{self.name}.toml"

    def plans(self, data_dir=None, seeds=None, arms=None, precision=None, **changes):
        """(arm, plan) of every run, seed by seed; `arms` names some of them,
        `precision` is of all that do not say their own, and `changes` are fields of the
        plan, the same for all. Raises ValueError for an
        unknown arm and for numbers that cannot be."""
        if seeds is not None and seeds < 1:
            raise ValueError(f"--seeds must be 1 or more. Received: {seeds}")
        unknown = set(arms or ()) - set(self.arms)
        if unknown:
            raise ValueError(
                f"{self.name} has no arm {', '.join(sorted(unknown))}: it has "
                f"{', '.join(self.arms)}."
            )
        changes = {name: value for name, value in changes.items() if value is not None}

        changes.update({"precision": precision} if precision else {})
        names = {of.name for of in dataclasses.fields(Plan)}

        def plan_of(arm, seed):
            own = {name: self.arms[arm][name] for name in names & set(self.arms[arm])}
            fields = {**own, **changes}
            if "precision" in own:
                fields["precision"] = own["precision"]
            return dataclasses.replace(
                self.plan, **fields, data_dir=data_dir, seed=seed
            )

        chosen = [arm for arm in self.arms if not arms or arm in arms]
        return [
            (arm, plan_of(arm, seed))
            for seed in range(seeds or self.seeds)
            for arm in chosen
            if seed < self.arms[arm].get("seeds", seed + 1)
        ]

    def folder(self, arm, plan):
        """Name of a run's folder."""
        return f"{arm}-seed{plan.seed}"


def load(path):
    """The experiment that a protocol file describes. Raises ValueError, naming the
    file, where it is none."""
    try:
        said = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        tuples = ("claims", "kept")
        said.update({name: tuple(said[name]) for name in tuples if name in said})
        if "measured" in said:
            said["measured"] = tuple(map(tuple, said["measured"]))
        more = said.get("more", {})
        said["more"] = {arm: tuple(map(tuple, rows)) for arm, rows in more.items()}
        said["plan"] = Plan(**said["plan"])
        for kind in ("hypotheses", "controls"):
            said[kind] = tuple(
                Hypothesis(**{**one, "claims": tuple(one["claims"])})
                for one in said.get(kind, ())
            )
        said["gate"] = Gate(**said["gate"]) if "gate" in said else None
        return Experiment(Path(path).stem, **said)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a protocol: {error}") from error


EXPERIMENTS = {path.stem: load(path) for path in sorted(PROTOCOLS.glob("*.toml"))}


def get(name):
    """The experiment of that name. Raises ValueError, listing all, if there is none."""
    if name not in EXPERIMENTS:
        known = ", ".join(EXPERIMENTS)
        raise ValueError(f"unknown experiment {name!r}: one of {known}.")
    return EXPERIMENTS[name]
