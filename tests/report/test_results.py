"""The page of results: every claim once, every record in a footnote, a tally."""

import re

from alexnet_paper import paper
from alexnet_paper.nets import variants
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
