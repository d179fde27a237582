"""The main job on one screen: its size, its tally, its words and its directions."""

import re

import pytest

from alexnet_paper import paper
from alexnet_paper.nets import variants
from alexnet_paper.paper import replications
from alexnet_paper.report import screen
from alexnet_paper.report import table
from alexnet_paper.verdicts import finding as verdicts
from alexnet_paper.verdicts.finding import Finding
from alexnet_paper.verdicts.forms import Forms
from alexnet_paper.verdicts.measure import Measured

ROWS = tuple(
    (claim, Finding("a measured value that is rather long", verdict, "note"))
    for claim, verdict in zip(paper.CLAIMS, list(verdicts.RULES) * 10, strict=False)
)
FORMS = Forms(20, ("CPU:0", "CPU:1"), 0.0, 3e-6, 3e-6, {}, (), (), ())
MEASURED = Measured(variants.get("paper"), ROWS, FORMS, ())


@pytest.mark.parametrize("width", [80, 100, 160])
def test_it_fits_a_screen(width):
    """At most a hundred lines, none wider than the terminal, every claim on one."""
    lines = screen.screen(MEASURED, width, colour=False).splitlines()
    assert len(lines) <= 100 and max(map(len, lines)) <= width
    for claim, _ in ROWS:
        assert sum(f"  {claim.id} " in line for line in lines) == 1
    assert "\x1b" not in "".join(lines)


def test_it_begins_with_what_it_is_and_ends_with_what_to_type():
    lines = screen.screen(MEASURED, 100, colour=False).splitlines()
    assert lines[0] == "AlexNet (2012) beside the 2012 net as printed, variant paper."
    assert re.match(r"65 claims: \d as printed, \d not as printed, \d arith", lines[1])
    assert lines[-1].strip().startswith("python -m reproduce.table --variant paper --c")
    assert "Figure 2's tensors cross" in "".join(lines)


def test_the_tally_adds_up():
    counts = re.findall(r"(\d+) [a-z]", screen.tally(ROWS))
    assert int(counts[0]) == len(ROWS) == sum(map(int, counts[1:]))


def test_marks_are_coloured_on_a_terminal_only(monkeypatch):
    assert "\x1b[32m" in screen.screen(MEASURED, 100, colour=True)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert "\x1b[32m" in screen.screen(MEASURED, 100)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in screen.screen(MEASURED, 100)


def test_every_verdict_has_a_mark_and_a_narrow_word():
    assert set(screen.MARKS) == set(verdicts.RULES)
    for name in verdicts.RULES:
        assert len(screen.SHORT.get(name, name)) <= 14


def test_printed_differences_are_points_lost_without_it():
    """A gain that the paper prints as a fall is positive, as all of ours are."""
    shown = {claim.id: screen.lost_without(claim) for claim in paper.CLAIMS}
    differences = {"E02": "+1.7 / +1.2", "F02": "+1.4 / +1.2", "G01": "+0.4 / +0.3"}
    differences |= {"O01": "+2", "I06": "> +1"}
    assert differences.items() <= shown.items()
    assert not any(text.startswith(("−", "-")) for text in shown.values())


def test_a_replication_has_the_sign_of_all_differences():
    """Points lost without it, from the numbers in its own words where they say both."""
    for one in replications.REPLICATIONS:
        assert one.grade in "ST" and one.source and one.protocol
        assert set(one.claims) <= {claim.id for claim in paper.CLAIMS}
        two = re.match(r"([\d.]+)(?: / [\d.]+)? → ([\d.]+)", one.number)
        if one.lost is not None and two:
            change = float(two[2]) - float(two[1])
            saved = {"I04", "L05", "F03"} & set(one.claims)  # the second has it
            lost = -change if saved else change
            assert one.lost == pytest.approx(lost, abs=0.11), one


def test_all_about_one_claim():
    """Printed words, log, others with source and grade, ours, rule, command."""
    text = table.claim(MEASURED, "F02", "markdown")
    log = ("−1.4 / −1.2", "1.370 / 1.152", "layer-params-148.cfg")
    others = (
        "Simonyan & Zisserman",
        "in a transcription",
        "-0.1 points lost without it",
    )
    missing = [w for w in (*log, *others, "reproduce.train") if w not in text]
    assert not missing
    with pytest.raises(ValueError, match="there is no claim 'X1': one of A01, A02"):
        table.claim(MEASURED, "X1")


def test_sections_are_added_where_they_are_asked_for():
    brief = table.table(MEASURED, "markdown")
    assert brief.count("### ") == 1 and "### Architecture" not in brief
    more = table.table(MEASURED, "markdown", ["architecture", "memory"])
    assert more.count("### ") == 3
    assert table.table(MEASURED, "markdown", ["all"]).count("### ") > 6
