"""The paper as data: every claim complete, in order, consistent with the tables, and
with a command that this project's programs would accept."""

import importlib
import re
import shlex

import pytest
from records import ALL
from records import CLAIM

from alexnet_paper import paper
from alexnet_paper.data.datasets import DATASETS
from alexnet_paper.nets.variants import get
from alexnet_paper.results import experiments

# how many claims each section of the list has: abstract, introduction, dataset, ReLU,
# two GPUs, normalization, pooling, architecture, augmentation, dropout, learning,
# results on ILSVRC and of Fall 2009, qualitative, discussion
SECTIONS = dict(zip("ABCDEFGHIJKLMNO", (6, 7, 2, 2, 4, 3, 2, 8, 7, 3, 6, 8, 2, 4, 1)))
IDS = [f"{s}{n:02}" for s, count in SECTIONS.items() for n in range(1, count + 1)]
ROWS = [*paper.TABLE_1.rows, *paper.TABLE_2.rows]


def test_claims_are_those_of_the_paper_in_order():
    assert [claim.id for claim in paper.CLAIMS] == IDS
    assert len(CLAIM) == len(ALL) and len(ROWS) == 3 + 5


@pytest.mark.parametrize("claim", ALL, ids=lambda claim: claim.id)
def test_claim_is_complete(claim):
    """Every claim says what, where and how printed; one that takes a run, how to."""
    assert claim.statement and claim.printed and claim.section
    assert claim.needs in paper.NEEDS
    assert bool(claim.authors) == bool(claim.authors_source)
    runs = claim.needs not in (paper.NOTHING, paper.CITATION)
    assert bool(claim.command) == runs


# printed in words or as a sum to be worked out
IN_WORDS = {
    "I04": (39.0 - 37.5, 18.3 - 17.0),
    "BC06": (1,),
    "BF06": (0,),
    "BF13": (224 * 224 * 3,),
    "BF23": (80,),
}


@pytest.mark.parametrize("claim", ALL, ids=lambda claim: claim.id)
def test_values_are_the_printed_numbers(claim):
    """Each value is printed; of a long list the first and the last ("…") are."""
    if "," in claim.unit and claim.values:
        assert len(claim.unit.split(", ")) == len(claim.values)
    if claim.id in IN_WORDS:
        assert claim.values == pytest.approx(IN_WORDS[claim.id])
    elif "…" in claim.printed:
        first, *_, last = printed_numbers(claim.printed)
        ends = claim.values[0], claim.values[-1]
        assert ends == pytest.approx((first, last), abs=0.005)
    else:
        assert set(claim.values) <= set(printed_numbers(claim.printed))


def printed_numbers(text):
    plain = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    found = re.findall(r"(\d+(?:\.\d+)?(?:e-?\d+)?)( million)?", plain)
    return [float(number) * (1e6 if million else 1) for number, million in found]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.model)
def test_table_cells_are_the_claims(row):
    """A table's line and the claim of the same result say the same numbers."""
    cells = tuple(cell for cell in row.printed if cell is not None)
    assert cells == CLAIM[row.claim].values
    assert row.cited == (CLAIM[row.claim].needs == paper.CITATION)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.model)
def test_logged_errors_round_to_the_printed_ones(row):
    for printed, logged in zip(row.printed, row.authors, strict=True):
        assert logged is None or abs(logged - printed) <= 0.05 + 1e-9
    assert any(logged is not None for logged in row.authors) == bool(row.authors_source)


@pytest.mark.parametrize("id", ["E02", "F02", "G01", "I04"])
def test_logged_gains_round_to_the_printed_ones(id):
    gains = map(float, CLAIM[id].authors.split(" / "))
    for gain, printed in zip(gains, CLAIM[id].values, strict=True):
        assert abs(gain - printed) <= 0.0521


def test_open_questions_are_complete():
    questions = paper.OPEN_QUESTIONS
    ids = [question.id for question in questions]
    assert ids == [f"Q{n:02}" for n in range(1, len(ids) + 1)]
    for question in questions:
        assert all(vars(question).values()), question.id


def test_sources_quoted_are_known():
    quoted = {claim.authors_source.split(":")[0] for claim in paper.CLAIMS} - {""}
    quoted |= {run.source.split(":")[0] for run in paper.LOGGED_VARIANTS}
    assert quoted <= set(paper.SOURCES)


def test_schedules_run_forward():
    for row in paper.SCHEDULES:
        epochs = [row.first_drop, row.second_drop, row.conv1_slowed, row.conv1_frozen]
        epochs = [epoch for epoch in (*epochs, row.stopped) if epoch is not None]
        assert epochs == sorted(epochs)


def invocations(claim):
    """(module, arguments) of each step of a claim's command."""
    for step in claim.command.split(" && "):
        python, dash_m, module, *arguments = shlex.split(step)
        assert (python, dash_m) == ("python", "-m"), step
        yield module, arguments


WITH_COMMAND = [claim for claim in ALL if claim.command]


@pytest.mark.parametrize("claim", WITH_COMMAND, ids=lambda claim: claim.id)
def test_a_command_is_accepted_and_hangs_together(claim):
    """Each program's own parser accepts it, its variants, data and arms exist, and what
    is evaluated or drawn was trained one step before."""
    trained = set()
    for name, arguments in invocations(claim):
        if name == "pytest":
            continue
        options = importlib.import_module(name).parser().parse_args(arguments)
        if name == "reproduce.train":
            assert get(options.variant).name == options.variant
            trained.add(options.out)
        elif name == "reproduce.experiment":
            arms = options.arms and options.arms.split(",")
            assert experiments.get(options.name).plans(arms=arms)
        elif name == "reproduce.data":
            assert options.data in DATASETS
        else:
            assert name in ("reproduce.evaluate", "reproduce.figure")
            runs = options.run if isinstance(options.run, list) else [options.run]
            assert runs and set(runs) <= trained
