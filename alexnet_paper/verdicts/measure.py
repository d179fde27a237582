"""Every claim measured: by its check, if it needs no data, or from records of runs."""

from alexnet_paper import paper
from alexnet_paper.paper.articles import ARTICLES
from alexnet_paper.verdicts import articles as article_checks
from alexnet_paper.verdicts import built
from alexnet_paper.verdicts import recorded
from alexnet_paper.verdicts.finding import CITATION
from alexnet_paper.verdicts.finding import NOT_RUN
from alexnet_paper.verdicts.finding import Finding

CHECKS = built.CHECKS | article_checks.CHECKS


def claims_of(variant):
    """The article's claims for an article's net, the paper's for every other."""
    article = ARTICLES.get(variant.name)
    return article.claims if article else paper.CLAIMS


def measure(subject, claim, records=()):
    """The `Finding` for one claim.

    Raises KeyError for a claim that needs no data and has no check.
    """
    if claim.needs == paper.NOTHING:
        return CHECKS[claim.id](subject, claim)
    if claim.needs == paper.CITATION:
        return Finding("not ours to measure", CITATION)
    protocol = f": {claim.protocol}" if claim.protocol else ""
    missing = Finding(NOT_RUN, NOT_RUN, f"needs {claim.needs}{protocol}")
    return recorded.finding(claim, records, subject.variant.name) or missing
