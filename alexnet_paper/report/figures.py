"""Figures drawn from records: their contents are computed here, drawn by `charts`."""

from alexnet_paper.report import charts
from alexnet_paper.report import runs
from alexnet_paper.results import curves
from alexnet_paper.results import experiments

TARGET = 0.25  # training error, paper §3.1


def figure1(pace):
    """Draws Figure 1 from a `curves.Pace`."""
    histories = {
        kind: [one.history for one in found] for kind, found in pace.records.items()
    }
    one = pace.records["relu"][0]
    about = f"{one.variant} on {one.data}; learning rates {pace.rates['relu']:g} for "
    about += f"ReLU and {pace.rates['tanh']:g} for tanh. Thin: single seeds."
    words = ratio_in_words(*pace.ratio)
    return charts.training_error(histories, pace.epochs, TARGET, about, words)


def effects(decisions):
    """Draws the effects of the removals, from `hypotheses.Decision`s."""
    about = (
        "Intervals over seeds at the level of Holm's correction, coloured if they "
        "exclude 0; hollow: gate not passed; diamond: the paper's number."
    )
    return charts.effects(decisions, about)


def biases(records):
    """Draws the steps until nets with different initial biases leave the plateau."""
    steps = curves.leaving(records, "biases")
    most = max(run for *_, run, _ in curves.started(records, "biases").values())
    return charts.leaving(steps, most, "Each dot is a seed; the line is the median.")


def starts_section(name, records):
    """Returns the table of an experiment on whether nets leave the first plateau."""
    started = curves.started(records, name)
    return runs.start_section(experiments.EXPERIMENTS[name], started)


def ratio_in_words(ratio, bound):
    if ratio is None:
        return "No ratio: ReLU did not reach the error. The paper says six times."
    more = "more than " if bound else ""
    return f"Tanh needs {more}{ratio:.1f} times as many epochs; the paper says six."
