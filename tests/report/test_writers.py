"""The same sections in every format, each read back by that format's own rules."""

import csv
import io
import re
import shutil
import subprocess

import pytest

from alexnet_paper import paper
from alexnet_paper.nets import specs
from alexnet_paper.nets.ablations import ABLATIONS
from alexnet_paper.nets.variants import VARIANTS
from alexnet_paper.paper.articles import ARTICLES
from alexnet_paper.report import claims as layout
from alexnet_paper.report import nets as net_sections
from alexnet_paper.report import runs
from alexnet_paper.report import writers
from alexnet_paper.report.writers import Section
from alexnet_paper.results.record import Protocol
from alexnet_paper.results.record import Record
from alexnet_paper.verdicts.finding import Finding

AWKWARD = Section(
    "100 % of {it}",
    ("a|b", "c_d", "e & f"),
    (
        ("1 | 2", r"back\slash", "50 %, #1, $5"),
        ("253,440", 'a "quote"', "2² · 3 × 4 ≤ 25 – “so” §5 α~β^2"),
    ),
    "{note} & more_",
)


@pytest.mark.parametrize(
    "rows", [[("a", "")], [("a",)], [("a", "b", "c")], [("a", "b"), ("", "b")]]
)
def test_a_section_has_no_empty_cell(rows):
    with pytest.raises(ValueError, match="a cell is missing or empty"):
        Section("t", ("x", "y"), tuple(rows))


def test_markdown_reads_back():
    """One line a row, cells told apart by the bars that are not escaped."""
    lines = writers.markdown(AWKWARD).splitlines()
    found = [
        tuple(cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line))
        for line in lines
        if line.startswith("|")
    ]
    assert [row[1:-1] for row in found] == [
        AWKWARD.columns,
        ("---",) * 3,
        *AWKWARD.rows,
    ]
    assert lines[0] == f"### {AWKWARD.title}" and AWKWARD.note in lines


def test_csv_reads_back():
    """One table is rectangular, its columns first; several have a line each for their
    title, and one between them."""
    rows = list(csv.reader(io.StringIO(writers.write([AWKWARD], "csv"))))
    assert rows[0] == list(AWKWARD.columns)
    assert rows[1:] == [list(row) for row in AWKWARD.rows]
    both = list(csv.reader(io.StringIO(writers.write([AWKWARD] * 2, "csv"))))
    assert both[0] == [f"# {AWKWARD.title}"] == both[len(rows) + 2]
    assert both[len(rows) + 1] == []


def test_latex_escapes_and_balances():
    """No special character is left bare, braces balance, rows have their columns."""
    source = writers.latex(AWKWARD)
    assert source.count("{") - source.count(r"\{") == (
        source.count("}") - source.count(r"\}")
    )
    body = source[source.index(r"\toprule") :]
    assert not re.search(r"(?<!\\)[%#_]", body)
    rows = [line for line in body.splitlines() if line.endswith(r"\\")]
    assert [len(re.findall(r"(?<!\\)&", row)) for row in rows] == [2, 2, 2]
    assert r"back\textbackslash{}slash" in body
    assert r"50 \%, \#1, \$5" in body
    assert r"2$^2$ $\cdot$ 3 $\times$ 4 $\le$ 25 -- ``so''" in body
    assert r"\S{}5 $\alpha$$\sim$$\beta$\textasciicircum{}2" in body
    assert r"\caption{100 \% of \{it\}}" in source


def test_latex_keeps_two_hyphens():
    """TeX would print `--claim` with a dash."""
    assert writers.latex_escape("`--claim` 3–5") == "-{}-claim 3--5"


def test_latex_shares_the_line():
    """Few rows are a float, many a table over pages; a long word has its room."""
    row = ("A01", "a text that wraps " * 4, "incomprehensibilities")
    few = Section("few", ("id", "text", "word"), (row,) * writers.PAGE)
    many = Section("many", few.columns, (row,) * (writers.PAGE + 1))
    assert r"\begin{table}" in writers.latex(few) and r"\label{tab:few}" in (
        writers.latex(few)
    )
    assert r"\begin{longtable}" in writers.latex(many)
    id, text, word = writers.shares(few)
    assert id + text + word == pytest.approx(1)
    assert id * writers.LINE > 4 and word * writers.LINE > 22 and text > 0.5


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="there is no pdflatex here")
def test_latex_compiles_on_one_page(tmp_path):
    """The twenty rows, in plain article: one page and no overfull box."""
    measured = [(claim, Finding("60,965,224", "as printed")) for claim in paper.CLAIMS]
    document = (
        r"\documentclass{article}\usepackage{array,booktabs,longtable}",
        r"\begin{document}",
        writers.latex(layout.chief_section(measured)),
        r"\end{document}",
    )
    (tmp_path / "main.tex").write_text("\n".join(document))
    command = ["pdflatex", "-interaction=nonstopmode", "main.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and "Overfull" not in done.stdout
    assert "(1 page" in done.stdout


def test_latex_knows_every_character_in_use():
    """Every character of every claim is ASCII, a letter pdfLaTeX knows, or escaped."""
    claims = [*paper.CLAIMS, *(c for a in ARTICLES.values() for c in a.claims)]
    texts = [c.statement + c.printed + c.authors + c.unit + c.section for c in claims]
    texts += [d for variant in VARIANTS.values() for d in variant.departures]
    texts += [variant.title + variant.source for variant in VARIANTS.values()]
    escaped = writers.latex_escape("".join(texts))
    assert {c for c in escaped if not c.isascii()} <= set("é°’")


def test_text_keeps_every_cell_and_its_width():
    out = writers.text([AWKWARD], width=100)
    for cell in (AWKWARD.title, *AWKWARD.columns, *sum(AWKWARD.rows, ()), AWKWARD.note):
        assert cell in out
    assert max(map(len, out.splitlines())) <= 100
    assert not any(line != line.rstrip() for line in out.splitlines())


@pytest.mark.parametrize("format", [f for f in writers.FORMATS if f != "json"])
def test_every_format_writes_every_section(format):
    other = Section("second", ("x",), (("cell",),))
    out = writers.write([AWKWARD, other], format, 100)
    assert "253,440" in out and "second" in out and "cell" in out


def test_claims_section_has_a_row_for_every_claim():
    measured = [(claim, Finding("42", "not run", "why")) for claim in paper.CLAIMS]
    section = layout.claims_section(VARIANTS["paper"], measured, None)
    assert len(section.rows) == len(paper.CLAIMS)
    rows = {row[0]: row for row in section.rows}
    assert rows["A03"][2:] == ("parameters", "60 million", "–", "42", "not run (why)")
    assert rows["A02"][3:5] == ("37.5 / 17.0 %", "37.47 / 17.00")
    assert rows["E02"][3] == "−1.7 / −1.2 points"


def test_claims_section_of_an_article_names_it():
    article = ARTICLES["bn-flowers17"]
    measured = [(claim, Finding("1", "reproduced")) for claim in article.claims]
    section = layout.claims_section(VARIANTS["bn-flowers17"], measured, article)
    assert "Building AlexNet with Keras" in section.title
    assert section.columns[3] == "article"


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=lambda variant: variant.name)
def test_architecture_and_memory_sections(variant):
    net = variant.architecture
    layers, totals = specs.trace(net), specs.totals(net)
    section = net_sections.architecture_section(variant, layers, totals)
    assert len(section.rows) == len(layers) + 1
    assert section.rows[-1][2:5] == (
        f"{totals.parameters:,}",
        f"{totals.macs:,}",
        f"{totals.neurons:,}",
    )
    memory = net_sections.memory_section(specs.memory(net), 128)
    assert len(memory.rows) == net.towers


def test_a_record_shows_up():
    record = Record(
        variant="bn-cifar10",
        data="digits",
        split="test",
        examples=1360,
        protocol=Protocol(views=1, seed="7", classes=10, epochs=3),
        metrics={"top1_error": 0.0375, "top1_error_interval": [0.025, 0.05]},
        command="python -m reproduce.evaluate --run runs/x",
        environment={"commit": "0123456789ab"},
    )
    section = runs.records_section([record])
    assert section.note.endswith(
        "Images: as they are; mean subtracted: unknown; labels: unknown."
    )
    (row,) = section.rows
    assert row[:2] == ("digits", "test, 1,360")
    assert row[2] == "classes 10, views 1, epochs 3, seed 7"
    assert row[3:5] == ("3.75 [2.50, 5.00]", "not measured")
    assert row[5:] == ("0123456789ab", record.command)


@pytest.mark.parametrize("table", [paper.TABLE_1, paper.TABLE_2])
def test_results_section_says_what_is_missing(table):
    """A dash where the paper has one, "cited" for others' results, else "not run"."""
    section = layout.results_section(table, {})
    for row, source in zip(section.rows, table.rows, strict=True):
        for cell, printed in zip(row[2::2], source.printed, strict=True):
            there = "cited" if source.cited else "not run"
            assert cell == ("—" if printed is None else there)


def test_results_section_shows_ours():
    """By the claim of the same result, column by column."""
    rows = layout.results_section(paper.TABLE_1, {"A02": "38.1 / 17.5"}).rows
    assert rows[-1] == ("CNN", "37.5 (log 37.47)", "38.1", "17.0 (log 17.00)", "17.5")
    assert "38.1" not in rows[0]
    rows = layout.results_section(paper.TABLE_2, {"L05": "38.2 / 16.5"}).rows
    (five,) = (row for row in rows if row[0] == "5 CNNs")
    assert five[1:] == ("38.1", "38.2", "16.4", "16.5", "16.4", "not run")


def test_commands_section_groups_claims_by_command():
    """One row a command; nothing that was measured or cited is in it."""
    measured = [
        (claim, Finding("", "as printed" if claim.needs == paper.NOTHING else verdict))
        for claim in paper.CLAIMS
        for verdict in ["cited" if claim.needs == paper.CITATION else "not attempted"]
    ]
    section = layout.commands_section(measured)
    ids = [id for row in section.rows for id in row[0].split(", ")]
    expected = [one.id for one, found in measured if found.verdict == "not attempted"]
    assert sorted(ids) == sorted(expected)
    assert len({row[1:] for row in section.rows}) == len(section.rows)
    assert all(row[2].startswith("python -m ") for row in section.rows)


@pytest.mark.parametrize(
    ("times", "cell"), [(0, "missing"), (1, "yes"), (3, "3 times")]
)
def test_times(times, cell):
    assert layout.times(times) == cell


def test_a_claim_whose_runs_are_under_way_is_shown():
    """Its finding has no records yet."""
    found = Finding("under way", "inconclusive", "1 of 5 seeds")
    section = runs.tried_section([(paper.CLAIMS[0], found)], "results")
    assert section.rows[0][3:] == ("under way", "inconclusive", "1 of 5 seeds", "–")


def test_the_chief_rows_are_twenty_of_the_claims():
    measured = [(claim, Finding("42", "as printed")) for claim in paper.CLAIMS]
    section = layout.chief_section(measured)
    assert [row[0] for row in section.rows] == list(layout.CHIEF)
    assert len(layout.CHIEF) == 20 and "All 65 claims: 65 as printed" in section.note


def test_pages_of_notes_and_departures_have_every_entry():
    """Every open question, logged run, schedule and source; every variant and each of
    its departures. Sections refuse empty cells, so none is blank."""
    questions, logged, schedules, authors, sources = layout.notes_sections()
    assert [row[0] for row in authors.rows] == [c.id for c in paper.CLAIMS if c.authors]
    assert len(questions.rows) == len(paper.OPEN_QUESTIONS)
    assert len(logged.rows) == len(paper.LOGGED_VARIANTS)
    assert schedules.rows[1] == ("145", "25", "51", "67", "72", "79", "91")
    assert dict(sources.rows) == paper.SOURCES
    counts, departures, ablations, recipes, gaps = net_sections.departures_sections()
    assert {row[0] for row in gaps.rows} == set(ARTICLES)
    assert [row[0] for row in ablations.rows] == list(ABLATIONS)
    found = [row[:2] for row in recipes.rows]
    assert found == [
        (v.name, recipe) for v in VARIANTS.values() for recipe in v.recipes
    ]
    cells = {row[:2]: row[2] for row in recipes.rows}
    assert cells["paper", "as-published"] == "the paper's"
    assert "batch size 256 (128)" in cells["caffe", "as-published"]
    assert [row[0] for row in counts.rows] == list(VARIANTS)
    assert counts.rows[0][4:] == ("60,965,224", "724,406,816", "659,272")
    expected = [(v.name, text) for v in VARIANTS.values() for text in v.departures]
    assert list(departures.rows) == expected
