"""Experiments as data: a question, the runs that answer it, and their protocol.

Each experiment is a file NAME.toml in `protocols/`: the question, the expected answer,
the runs, the decision rule and the cost. The file is committed before the first run
and records name that commit, so that nobody can choose a hypothesis after its result.
"""

import dataclasses
import tomllib
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

from alexnet_paper.files import check_range
from alexnet_paper.training.plan import Plan

PROTOCOLS = Path(__file__).parent / "protocols"


@dataclass(frozen=True)
class Hypothesis:
    """A claim, or several, stated as a difference between two arms.

    `measure` (a key of `hypotheses.MEASURES`) is larger in the arm `without` than in
    the arm `base`; if both are the same arm, `measure` is above 0. `printed` is the
    paper's difference in points, or None. If `paired`, differences are taken seed by
    seed; otherwise the arms are different nets and compared by Welch's test. `target`
    is the error up to which "pace" counts epochs.
    """

    claims: tuple[str, ...]
    without: str
    measure: str
    base: str = "base"
    printed: float | None = None
    paired: bool = True
    target: float = 0.25

    @property
    def label(self):
        """The arm `without`, and the arm it is compared with unless that is "base" or
        begins its name: "flowers17-no-crops" is compared with "flowers17"."""
        named = self.base in ("base", self.without)
        if named or self.without.startswith(f"{self.base}-"):
            return self.without
        return f"{self.without} (against {self.base})"


@dataclass(frozen=True)
class Gate:
    """Conditions that runs must meet before their difference decides anything.

    Levelled off: before each drop of the learning rate, training error falls by less
    than `levelled` points an epoch. The mean of the phase's last `window` epochs is
    compared with that of the `window` epochs before them; a short phase has smaller
    windows, and a phase's first epoch never counts. Fitted: the base's final training
    error is at most `fitted` times its test error, and at most `fitted` times its
    training error at the first drop. Precise: the interval's half-width is at most half
    of the printed effect, or less than half of the measured one.
    """

    levelled: float
    window: int
    fitted: float


@dataclass(frozen=True)
class Experiment:
    """A question, the run that every arm starts from, and how the arms differ.

    `arms` maps a label to the fields of `plan.Plan` that the arm changes; its
    "data_dir" is a folder below the data's, and its "start" names the weights that the
    user hands in. Every arm runs with `seeds` seeds from `first` on, or with its own
    number of "seeds". A run is evaluated on each (split, views) of `measured`, and on
    those that `more` lists for its arm; "test" stands for the validation images of data
    without test images. Records of the arms in `kept` have all probabilities of the
    test images.
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
    first: int = 0
    measured: tuple[tuple[str, int], ...] = (("validation", 1),)
    more: dict = field(default_factory=dict)
    kept: tuple[str, ...] = ()
    hypotheses: tuple[Hypothesis, ...] = ()
    controls: tuple[Hypothesis, ...] = ()  # differences that should be zero
    gate: Gate | None = None

    @property
    def split(self):
        """The first split of `measured`."""
        return self.measured[0][0]

    @property
    def file(self):
        """Path of its protocol."""
        return PROTOCOLS / f"{self.name}.toml"

    def plans(
        self,
        data_dir=None,
        seeds=None,
        arms=None,
        precision=None,
        start=None,
        **changes,
    ):
        """Returns (arm, plan) of every run, seed by seed.

        Args:
            data_dir: Folder of the data.
            seeds: The number of seeds; None: the experiment's.
            arms: Labels of the arms to run; None: all.
            precision: For arms that do not set their own.
            start: Weights for the arms that start from trained ones; None: what the
                protocol calls them.
            **changes: Fields of `plan.Plan` for all arms; None is ignored.

        Raises:
            ValueError: for an unknown arm, or seeds that are not 1 to 1000.
        """
        check_range("--seeds", 1 if seeds is None else seeds, 1, 1000)
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
            folder = fields.pop("data_dir", self.plan.data_dir)
            if folder and data_dir:
                folder = str(Path(data_dir, folder))
            plan = dataclasses.replace(
                self.plan, **fields, data_dir=folder or data_dir, seed=seed
            )
            return (
                dataclasses.replace(plan, start=start) if start and plan.start else plan
            )

        chosen = [arm for arm in self.arms if not arms or arm in arms]
        return [
            (arm, plan_of(arm, self.first + number))
            for number in range(seeds or self.seeds)
            for arm in chosen
            if number < self.arms[arm].get("seeds", number + 1)
        ]

    def folder(self, arm, plan):
        """Returns the name of a run's folder."""
        return f"{arm}-seed{plan.seed}"


def load(path):
    """Returns the experiment that a protocol file describes.

    Raises ValueError, with the file's name, if the file is not a protocol.
    """
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
    """Returns an experiment; ValueError for an unknown name lists the known ones."""
    if name not in EXPERIMENTS:
        known = ", ".join(EXPERIMENTS)
        raise ValueError(f"unknown experiment {name!r:.60}: one of {known}.")
    return EXPERIMENTS[name]
