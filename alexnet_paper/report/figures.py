"""Figures of records: what each shows is computed here and drawn by `charts`."""

from alexnet_paper.report import charts
from alexnet_paper.report import runs
from alexnet_paper.results import curves
from alexnet_paper.results import experiments

TARGET = 0.25  # training error, paper §3.1


def figure1(pace):
    """Figure 1 of a `curves.Pace`."""
    histories = {
        kind: [one.history for one in found] for kind, found in pace.records.items()
    }
    one = pace.records["relu"][0]
    about = f"{one.variant} on {one.data}; learning rates {pace.rates['relu']:g} for "
    about += f"ReLU and {pace.rates['tanh']:g} for tanh. Thin: single seeds."
    words = ratio_in_words(*pace.ratio)
    return charts.training_error(histories, pace.epochs, TARGET, about, words)


def effects(decisions):
    """The figure of the decisions on the paper's choices."""
    about = (
        "Intervals over seeds at the level of Holm's correction, coloured where they "
        "leave 0 out; hollow: gate not passed; diamond: the paper's number."
    )
    return charts.effects(decisions, about)


def biases(records):
    """Steps until nets with several initial biases leave the plateau."""
    steps = curves.leaving(records, "biases")
    most = max(run for *_, run, _ in curves.started(records, "biases").values())
    return charts.leaving(steps, most, "A dot a seed; the line is the median.")


def starts_section(name, records):
    """The table of an experiment that asks whether nets start to train."""
    started = curves.started(records, name)
    return runs.start_section(experiments.EXPERIMENTS[name], started)


def ratio_in_words(ratio, bound):
    if ratio is None:
        return "No ratio: ReLU did not get there. The paper says: six times."
    more = "more than " if bound else ""
    return f"Tanh needs {more}{ratio:.1f} times as many epochs; the paper says six."
