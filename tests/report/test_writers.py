"""The same sections in every format, each read back by that format's own rules."""

import csv
import io
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from records import ALL
from records import record

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
    rows = [row[1:-1] for row in found]
    assert rows == [AWKWARD.columns, ("---",) * 3, *AWKWARD.rows]
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
    assert r"50~\%, \#1, \$5" in body
    assert r"2$^2$ $\cdot$ 3 $\times$ 4 $\le$ 25 -- ``so''" in body
    assert r"\S{}5 $\alpha$$\sim$$\beta$\textasciicircum{}2" in body
    assert r"\caption{100~\% of \{it\}}" in source


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


@pytest.mark.skipif(not shutil.which("bibtex"), reason="there is no bibtex here")
def test_citations_compile_with_a_plain_style(tmp_path):
    page = Path(__file__).parents[2].joinpath("docs", "citation.md").read_text()
    entries = re.findall(r"```bibtex\n(.*?)```", page, re.DOTALL)
    (tmp_path / "c.bib").write_text("\n".join(entries))
    cited = r"\relax \citation{*}\bibstyle{plain}\bibdata{c}"
    (tmp_path / "b.aux").write_text(cited.replace(r"\b", "\n\\b").replace(" ", "\n"))
    done = subprocess.run(["bibtex", "b"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and "arning" not in done.stdout
    assert len(entries) == 3 and (tmp_path / "b.bbl").read_text().count("bibitem") == 5


def test_latex_knows_every_character_in_use():
    """Every character of every claim is ASCII, a letter pdfLaTeX knows, or escaped."""
    texts = [c.statement + c.printed + c.authors + c.unit + c.section for c in ALL]
    for variant in VARIANTS.values():
        texts += [variant.title, variant.source, *variant.departures]
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
    """Of an article its name and its claims."""

    def section(name, asked, article):
        found = [(claim, Finding("42", "not run", "why")) for claim in asked]
        return layout.claims_section(VARIANTS[name], found, article)

    rows = {row[0]: row for row in section("paper", paper.CLAIMS, None).rows}
    assert set(rows) == {claim.id for claim in paper.CLAIMS}
    assert rows["A03"][2:] == ("parameters", "60 million", "–", "42", "not run (why)")
    assert rows["A02"][3:5] == ("37.5 / 17.0 %", "37.47 / 17.00")
    assert rows["E02"][3] == "−1.7 / −1.2 points"
    article = ARTICLES["bn-flowers17"]
    of_article = section("bn-flowers17", article.claims, article)
    assert "Building AlexNet with Keras" in of_article.title
    assert of_article.columns[3] == "article"


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=lambda variant: variant.name)
def test_architecture_and_memory_sections(variant):
    net = variant.architecture
    layers, totals = specs.trace(net), specs.totals(net)
    section = net_sections.architecture_section(variant, layers, totals)
    assert len(section.rows) == len(layers) + 1
    sums = totals.parameters, totals.macs, totals.neurons
    assert section.rows[-1][2:5] == tuple(f"{count:,}" for count in sums)
    assert len(net_sections.memory_section(specs.memory(net), 128).rows) == net.towers


def test_a_record_shows_up():
    metrics = {"top1_error": 0.0375, "top1_error_interval": [0.025, 0.05]}
    where = "bn-cifar10", "digits", "test", 1360, metrics
    one = record(*where, seed="7", classes=10, epochs=3)
    one.environment["commit"] = "0123456789ab"
    section = runs.records_section([one])
    assert section.note.endswith(
        "Images: as they are; mean subtracted: unknown; labels: unknown."
    )
    (row,) = section.rows
    assert row == (
        *("digits", "test, 1,360", "classes 10, views 1, epochs 3, seed 7"),
        *("3.75 [2.50, 5.00]", "not measured", "0123456789ab", "c"),
    )


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
    verdicts = {paper.NOTHING: "as printed", paper.CITATION: "cited"}
    measured = [
        (claim, Finding("", verdicts.get(claim.needs, "not attempted")))
        for claim in paper.CLAIMS
    ]
    section = layout.commands_section(measured)
    ids = [id for row in section.rows for id in row[0].split(", ")]
    expected = [one.id for one in paper.CLAIMS if one.needs not in verdicts]
    assert sorted(ids) == sorted(expected)
    assert len({row[1:] for row in section.rows}) == len(section.rows)
    assert all(row[2].startswith("python -m ") for row in section.rows)


def test_times():
    assert list(map(layout.times, (0, 1, 3))) == ["missing", "yes", "3 times"]


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
    cells = {row[:2]: row[2] for row in recipes.rows}
    assert list(cells) == [(v.name, of) for v in VARIANTS.values() for of in v.recipes]
    assert cells["paper", "as-published"] == "the paper's"
    assert "batch size 256 (128)" in cells["caffe", "as-published"]
    assert [row[0] for row in counts.rows] == list(VARIANTS)
    assert counts.rows[0][4:] == ("60,965,224", "724,406,816", "659,272")
    expected = [(v.name, text) for v in VARIANTS.values() for text in v.departures]
    assert list(departures.rows) == expected


@pytest.mark.parametrize(
    ("format", "cell", "shown"),
    [
        ("text", "a\x1b[31m\nb", r"a\x1b[31m\nb"),
        ("markdown", "<b>|\n", r"&lt;b>\|\n"),
        ("csv", "=1+1", "'=1+1"),
        ("csv", "@a", "'@a"),
        ("csv", "+cmd", "'+cmd"),
        ("csv", "-0.5", "-0.5"),
        ("csv", "+0.37 [-0.97]", "+0.37 [-0.97]"),
        ("latex", "\\input{x}", r"\textbackslash{}input\{x\}"),
    ],
)
def test_text_from_outside_is_escaped(format, cell, shown):
    """A cell is one line, no markup and no formula."""
    section = Section("t", ("a", "b"), ((cell, "c"),))
    lines = writers.write([section], format).splitlines()
    assert any(shown in line and "c" in line for line in lines)


@pytest.mark.parametrize(
    ("width", "expected"),
    [(64, [40, 19]), (47, [20 + 7, 12 + 2]), (35, [18, 12]), (9, [2, 2]), (1, [1, 1])],
)
def test_columns_break_words_only_where_the_longest_do_not_fit(width, expected):
    """All fits; 10 are left for 20 and 7 more; the longest word gives way."""
    row = ("flowers17-no-dropout (against flowers17)", "inconclusive (gate)")
    section = writers.Section("", ("arm", "verdict"), (row,))
    assert writers.widths(section, width) == expected
