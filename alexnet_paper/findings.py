"""What a measurement of a claim comes to: a value of ours and a verdict."""

from dataclasses import dataclass

REPRODUCED = "reproduced"
SLIP = "paper's slip"
ARTICLE_SLIP = "article's slip"
NOT_REPRODUCED = "not reproduced"
NOT_RUN = "not run"
CITATION = "citation"
VERDICTS = (REPRODUCED, SLIP, ARTICLE_SLIP, NOT_REPRODUCED, NOT_RUN, CITATION)


@dataclass(frozen=True)
class Finding:
    ours: str
    verdict: str
    note: str = ""


def verdict(good):
    return REPRODUCED if good else NOT_REPRODUCED
