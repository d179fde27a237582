"""What a measurement of a claim comes to: a value of ours and a verdict."""

from dataclasses import dataclass

REPRODUCED = "reproduced"
SLIP = "paper's slip"
ARTICLE_SLIP = "article's slip"
NOT_REPRODUCED = "not reproduced"
NOT_RUN = "not run"
CITATION = "citation"
SUPPORTED = "supported in a stand-in"  # what ImageNet is needed for, tried on CIFAR-10
CONTRADICTED = "contradicted in a stand-in"
INCONCLUSIVE = "inconclusive"  # the interval allows both, or the gate was not passed
BY_SIGN = {1: SUPPORTED, -1: CONTRADICTED, 0: INCONCLUSIVE}


@dataclass(frozen=True)
class Finding:
    """`records`: names of the files it was read from."""

    ours: str
    verdict: str
    note: str = ""
    records: tuple[str, ...] = ()


def verdict(good):
    return REPRODUCED if good else NOT_REPRODUCED
