"""Measures every claim: on the built net if it needs no data, else from records."""

import functools
from dataclasses import dataclass

from alexnet_paper import paper
from alexnet_paper.nets.variants import Variant
from alexnet_paper.paper import replications
from alexnet_paper.paper.articles import ARTICLES
from alexnet_paper.paper.claims import Claim
from alexnet_paper.results.record import Record
from alexnet_paper.verdicts import recorded
from alexnet_paper.verdicts.finding import CITED
from alexnet_paper.verdicts.finding import NOT_ATTEMPTED
from alexnet_paper.verdicts.finding import REPLICATED
from alexnet_paper.verdicts.finding import Finding
from alexnet_paper.verdicts.subject import Subject


@dataclass(frozen=True)
class Measured:
    """A variant with the findings for all claims about it.

    `rows` are (claim, finding) pairs, `forms` the `forms.Forms` of the two-device form
    against the one-device form, or None, and `records` those of this variant.
    """

    variant: Variant
    rows: tuple[tuple[Claim, Finding], ...]
    forms: object
    records: tuple[Record, ...]

    @property
    def article(self):
        """The `Article` that describes the variant, or None."""
        return ARTICLES.get(self.variant.name)


def measure_all(variant, records=(), devices=(), claims=None):
    """Measures claims about a variant, and compares its two forms.

    Keras is imported, and the net built, only where a claim or the forms need it.

    Args:
        variant: A `Variant`; its net is built at most once.
        records: All records there are.
        devices: Of its two towers; () leaves out the comparison of the forms.
        claims: Those that are asked for; None: `claims_of(variant)`.

    Returns a `Measured`. Raises KeyError for a claim that needs no data and has no
    check.
    """
    asked = claims_of(variant) if claims is None else claims
    subject = Subject(variant)
    rows = tuple((one, measure(subject, one, records)) for one in asked)
    compared = None
    if devices:
        from alexnet_paper.verdicts import forms

        compared = forms.of_photographs(variant.architecture, devices)
    own = tuple(record for record in records if record.variant == variant.name)
    return Measured(variant, rows, compared, own)


def claims_of(variant):
    """Returns the article's claims for an article's net, otherwise the paper's."""
    article = ARTICLES.get(variant.name)
    return article.claims if article else paper.CLAIMS


@functools.cache
def checks():
    """{id: the function that measures it} of the claims that need no data."""
    from alexnet_paper.verdicts import articles
    from alexnet_paper.verdicts import built

    return built.CHECKS | articles.CHECKS


def measure(subject, claim, records=()):
    """The `Finding` for one claim: on the built net, from records, or else what others
    measured or what it needs.

    Raises KeyError for a claim that needs no data and has no check.
    """
    if claim.needs == paper.NOTHING:
        return checks()[claim.id](subject, claim)
    if claim.needs == paper.CITATION:
        return Finding("–", CITED)
    found = recorded.finding(claim, records, subject.variant.name)
    if found:
        return found
    protocol = f": {claim.protocol}" if claim.protocol else ""
    needs = f"needs {claim.needs}{protocol}"
    elsewhere = replications.of_claim(claim.id)
    return Finding("not run", REPLICATED if elsewhere else NOT_ATTEMPTED, needs)
