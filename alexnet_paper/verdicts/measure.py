"""Measures every claim: on the built net if it needs no data, else from records."""

from dataclasses import dataclass

from alexnet_paper import paper
from alexnet_paper.nets.variants import Variant
from alexnet_paper.paper import replications
from alexnet_paper.paper.articles import ARTICLES
from alexnet_paper.paper.claims import Claim
from alexnet_paper.results.record import Record
from alexnet_paper.verdicts import articles as article_checks
from alexnet_paper.verdicts import built
from alexnet_paper.verdicts import forms
from alexnet_paper.verdicts import recorded
from alexnet_paper.verdicts.finding import CITED
from alexnet_paper.verdicts.finding import NOT_ATTEMPTED
from alexnet_paper.verdicts.finding import REPLICATED
from alexnet_paper.verdicts.finding import Finding

CHECKS = built.CHECKS | article_checks.CHECKS


@dataclass(frozen=True)
class Measured:
    """A variant with the findings for all claims about it.

    `rows` are (claim, finding) pairs, `forms` is the comparison of its two-device form
    with its one-device form, or None, and `records` are the records of this variant.
    """

    variant: Variant
    rows: tuple[tuple[Claim, Finding], ...]
    forms: forms.Forms | None
    records: tuple[Record, ...]

    @property
    def article(self):
        """The `Article` that describes the variant, or None."""
        return ARTICLES.get(self.variant.name)


def measure_all(variant, records=(), devices=(), only=None):
    """Measures every claim about a variant, and compares its two forms.

    Args:
        variant: A `Variant`; its net is built once.
        records: All records.
        devices: Devices of the two towers; () skips the comparison of the forms.
        only: `only(claim)` is true for the claims to measure; None: all.

    Returns:
        A `Measured`.
    """
    subject = built.Subject(variant)
    asked = [one for one in claims_of(variant) if only is None or only(one)]
    rows = tuple((one, measure(subject, one, records)) for one in asked)
    compared = forms.of_photographs(variant.architecture, devices) if devices else None
    own = tuple(record for record in records if record.variant == variant.name)
    return Measured(variant, rows, compared, own)


def claims_of(variant):
    """Returns the article's claims for an article's net, otherwise the paper's."""
    article = ARTICLES.get(variant.name)
    return article.claims if article else paper.CLAIMS


def measure(subject, claim, records=()):
    """Returns the `Finding` for one claim.

    Raises KeyError for a claim that needs no data and has no check.
    """
    if claim.needs == paper.NOTHING:
        return CHECKS[claim.id](subject, claim)
    if claim.needs == paper.CITATION:
        return Finding("–", CITED)
    found = recorded.finding(claim, records, subject.variant.name)
    if found:
        return found
    protocol = f": {claim.protocol}" if claim.protocol else ""
    needs = f"needs {claim.needs}{protocol}"
    elsewhere = replications.of_claim(claim.id)
    return Finding("not run", REPLICATED if elsewhere else NOT_ATTEMPTED, needs)
