"""The page of results: every claim once, every record in a footnote, a tally."""

import re

import numpy as np
import scipy.stats
from records import choices

from alexnet_paper import paper
from alexnet_paper.nets import variants
from alexnet_paper.report import figures
from alexnet_paper.report import results
from alexnet_paper.report import screen
from alexnet_paper.verdicts import finding
from alexnet_paper.verdicts.finding import Finding
from alexnet_paper.verdicts.measure import Measured

OF = {"D01": finding.SUPPORTED, "F02": finding.CONTRADICTED, "K06": finding.SUPPORTED}
ROWS = tuple(
    (
        claim,
        Finding("42", OF.get(claim.id, finding.CITED), "how", ("a-seed*.json",))
        if claim.id in OF
        else Finding("–", finding.CITED),
    )
    for claim in paper.CLAIMS
)
PAGE = results.text(Measured(variants.get("paper"), ROWS, None, ()), (), {})


def test_every_claim_has_one_row():
    claims = PAGE[PAGE.index("## Results") : PAGE.index("## What others")]
    found = re.findall(r"^\| ([A-Z]\d\d) \|", claims, re.MULTILINE)
    assert found == [claim.id for claim in paper.CLAIMS]


def test_the_abstract_has_the_tally_and_names_what_was_found():
    abstract = PAGE[: PAGE.index("## Method")]
    assert screen.tally(ROWS) in abstract
    supported, contradicted = re.findall(r"^.*in a stand-in.*$", abstract, re.M)[1:]
    assert "(D01: paper 6 times faster, here 42)" in supported and "K06" in supported
    assert "F02" in contradicted and "F02" not in supported


def test_the_same_records_share_a_footnote():
    assert PAGE.count("[^1]") == 4 and "[^2]" not in PAGE
    link = r"[a-seed\*.json](../reproduce/results/a-seed0.json)"
    assert PAGE.endswith(f"[^1]: {link}\n")


def test_the_arms_of_an_experiment_have_means_with_intervals():
    tests = (18.0, 18.5, 17.9)
    records = [*choices("base", tests), *choices("no-lrn", (19.0, 19.6, 19.1))]
    effects, arms = figures.effects_sections(records)
    ten = np.array(tests) - 1
    low, high = scipy.stats.t.interval(0.95, 2, ten.mean(), scipy.stats.sem(ten))
    base = arms.rows[0]
    assert base[:3] == ("base", "3 of 5", f"{ten.mean():.2f} [{low:.2f}, {high:.2f}]")
    assert base[4] == "9.00 [9.00, 9.00]" and effects.rows[0][0] == "no-lrn"
    assert figures.effects_sections(records, "transfer") == []
