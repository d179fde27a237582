"""A measured value and its verdict, and the meaning of every verdict."""

from dataclasses import dataclass

AS_PRINTED = "as printed"
NOT_AS_PRINTED = "not as printed"
ARITHMETIC = "arithmetic holds"
ERRATUM = "erratum"
TRANSCRIBED = "transcribed"
REPRODUCED = "reproduced"
NOT_REPRODUCED = "not reproduced"
SUPPORTED = "supported in a stand-in"
CONTRADICTED = "contradicted in a stand-in"
INCONCLUSIVE = "inconclusive"
REPLICATED = "replicated elsewhere"
NOT_ATTEMPTED = "not attempted"
CITED = "cited"

RULES = {
    AS_PRINTED: "the built net, or its recipe, has what is printed: conformity, not a "
    "measurement of nature",
    NOT_AS_PRINTED: "the built net, or its recipe, differs from what is printed",
    ARITHMETIC: "the number follows from the paper's own other numbers",
    ERRATUM: "the number, or the statement, contradicts the paper's other numbers",
    TRANSCRIBED: "a printed value was copied into the recipe; nothing is measured",
    REPRODUCED: "same data, net and protocol; within a tolerance stated beforehand, on "
    "either side",
    NOT_REPRODUCED: "same data, net and protocol; outside the tolerance",
    SUPPORTED: "other data or another size, gate passed: in the direction stated",
    CONTRADICTED: "other data or another size, gate passed: in the other direction",
    INCONCLUSIVE: "the interval allows both, the gate was not passed, or the schedule "
    "or the seeds are not complete",
    REPLICATED: "not run here; independent measurements are quoted beside it",
    NOT_ATTEMPTED: "neither run here nor found elsewhere; what it needs is given",
    CITED: "another author's result, which the paper quotes",
}
BY_SIGN = {1: SUPPORTED, -1: CONTRADICTED, 0: INCONCLUSIVE}
OF_NETS = (AS_PRINTED, NOT_AS_PRINTED, ARITHMETIC, ERRATUM, TRANSCRIBED)  # no data
UNRUN = (REPLICATED, NOT_ATTEMPTED, CITED)  # nothing was measured here


@dataclass(frozen=True)
class Finding:
    """A measured value in words, and its verdict.

    `records` are the names of the record files that the value was read from.
    """

    ours: str
    verdict: str
    note: str = ""
    records: tuple[str, ...] = ()


def verdict(good):
    return REPRODUCED if good else NOT_REPRODUCED


def conforms(good):
    return AS_PRINTED if good else NOT_AS_PRINTED


def follows(good):
    return ARITHMETIC if good else ERRATUM


def in_a_stand_in(good):
    return SUPPORTED if good else CONTRADICTED
