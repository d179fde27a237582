"""What a measurement of a claim comes to: a value of ours and a verdict."""

from dataclasses import dataclass

REPRODUCED = "reproduced"
SLIP = "paper's slip"
ARTICLE_SLIP = "article's slip"
NOT_REPRODUCED = "not reproduced"
NOT_RUN = "not run"
CITATION = "citation"
HOLDS = "holds in a small net"  # what ImageNet is needed for, tried on CIFAR-10
FAILS = "fails in a small net"
UNDECIDED = "undecided"  # the interval over seeds has 0 in it, or training was short


@dataclass(frozen=True)
class Finding:
    """`records`: names of the files it was read from."""

    ours: str
    verdict: str
    note: str = ""
    records: tuple[str, ...] = ()


def verdict(good):
    return REPRODUCED if good else NOT_REPRODUCED
