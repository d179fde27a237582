"""Learning-rate schedules."""

import math
from dataclasses import dataclass


class Plateau:
    """Multiplies the rate by `factor` when validation error stops improving.

    It does so after `patience` epochs in which the error has not fallen below its
    minimum by more than `least`, at most `drops` times. The paper (§5) does not say how
    long its authors waited. `state()` is everything that a resumed run needs.
    """

    def __init__(self, patience=5, factor=0.1, drops=3, least=0.0):
        self.patience, self.factor, self.drops = patience, factor, drops
        self.least = least
        self.best, self.waited, self.dropped = math.inf, 0, 0

    def update(self, error):
        """Returns the factor of the rate after an epoch with this error."""
        if error < self.best - self.least:
            self.best, self.waited = error, 0
            return 1.0
        self.waited += 1
        if self.waited < self.patience or self.dropped == self.drops:
            return 1.0
        self.waited, self.dropped = 0, self.dropped + 1
        return self.factor

    def state(self):
        best = self.best if math.isfinite(self.best) else None
        return {"best": best, "waited": self.waited, "dropped": self.dropped}

    def restore(self, state):
        best, self.waited = state["best"], state["waited"]
        self.best = math.inf if best is None else best
        self.dropped = state["dropped"]


@dataclass(frozen=True)
class Phase:
    """An epoch's learning rate, its multipliers, and whether there is colour noise."""

    rate: float
    multipliers: dict
    colour: bool = True


def phase_of_drops(rate, drops, multipliers, epoch):
    """Returns the phase of `epoch` (from 0) if the rate is ÷10 at each of `drops`."""
    return Phase(rate * 0.1 ** sum(epoch >= drop for drop in drops), dict(multipliers))


def authors_phase(schedule, epoch, rate=0.01):
    """Returns the phase of `epoch` (from 0) in a run of the authors.

    The rate of weights falls at the three drops of the `paper.Schedule`. That of biases
    starts at twice the rate and falls once, at the first drop. When conv1's kernels are
    slowed to 1e-5, colour noise ends; later conv1 is frozen.

    Reference:
        C layer-params-145*.cfg and the auto2–auto6 chain.
    """

    def reached(moment):
        return moment is not None and epoch >= moment

    drops = (schedule.first_drop, schedule.second_drop, schedule.third_drop)
    now = rate * 0.1 ** sum(map(reached, drops))
    biases = 2 * rate * (0.1 if reached(schedule.first_drop) else 1.0)
    multipliers = {"bias": biases / now}
    if reached(schedule.conv1_slowed):
        multipliers["conv1/kernel"] = 1e-5 / now
    if reached(schedule.conv1_frozen):
        multipliers["conv1"] = 0.0
    return Phase(now, multipliers, colour=not reached(schedule.conv1_slowed))
