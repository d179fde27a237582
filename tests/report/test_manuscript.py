"""The short paper: it has every claim with its verdict, counts what the tally counts,
escapes what records say, and is typeset without an overfull box."""

import re
import shutil
import subprocess
from collections import Counter

import pytest
from records import choices

from alexnet_paper import paper
from alexnet_paper.paper.articles import ARTICLES
from alexnet_paper.report import latex
from alexnet_paper.report import manuscript
from alexnet_paper.report import page
from alexnet_paper.report.writers import Section
from alexnet_paper.verdicts import finding
from alexnet_paper.verdicts.finding import Finding
from alexnet_paper.verdicts.measure import Measured
from reproduce import report

HASH = "0123456789abcdef" * 4
PLANTED = (
    r"\input{/etc/passwd} \end{document} 50 % #1 $x$ & a_b ~ ^ {é} “→ − × ±” 日 ` | "
)
PLANTED += f"--a---b \x1b\u202e https://evil.test/{HASH} {'W' * 70}"
VERDICTS = (finding.AS_PRINTED, finding.ERRATUM, finding.SUPPORTED, finding.REPLICATED)
EFFECTS = [*choices("base", (18, 18.2, 17.9)), *choices("no-lrn", (20, 20.2, 19.9))]


def found(claims):
    """Verdicts in turn; what is measured says what nobody should."""
    return tuple(
        (one, Finding(PLANTED, VERDICTS[number % 4], PLANTED, (PLANTED,)))
        for number, one in enumerate(claims)
    )


ROWS = found(paper.CLAIMS)
OF_ARTICLES = [pair for one in ARTICLES.values() for pair in found(one.claims)]


@pytest.fixture(scope="module")
def made():
    """A paper of planted records, without a net built."""

    def measured(variant, *_):
        article = ARTICLES.get(variant.name)
        return Measured(variant, found(article.claims) if article else ROWS, None, ())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, "measure_all", measured)
        return manuscript.build(EFFECTS, "one-device")


@pytest.fixture(scope="module")
def tex(made):
    return manuscript.tex(made)


def test_every_claim_has_its_verdict(tex):
    claims, _ = tex.split(r"\appendix")
    rows = re.findall(r"^([A-Z]{1,2}\d\d) & .* & (.*) \\\\$", claims, re.MULTILINE)
    assert rows == [(one.id, own.verdict) for one, own in (*ROWS, *OF_ARTICLES)]


def test_the_abstract_counts_what_the_tally_counts(made, tex):
    counts = Counter(own.verdict for _, own in ROWS)
    head, _, said = made.abstract[0].partition(" claims: ")
    assert head.endswith(f" {len(ROWS)}")
    counted = re.findall(r"(\d+) ([a-z][a-z -]+)[,.]", said)
    names = {**{name: name for name in finding.RULES}, "errata": finding.ERRATUM}
    assert {names[name]: int(n) for n, name in counted} == counts
    (others,) = re.findall(r"(\d+) claims rest on measurements by others", tex)
    assert int(others) == counts[finding.REPLICATED]


def test_sections_add_up(made):
    (table,) = (one for one in made.parts[0].blocks if isinstance(one, Section))
    numbers = [[int(n.replace("–", "0")) for n in row[1:]] for row in table.rows]
    *parts, total = numbers
    assert [sum(column) for column in zip(*parts, strict=True)] == total
    assert all(sum(row[:-1]) == row[-1] for row in numbers)
    assert total[-1] == len(ROWS)


def test_what_records_say_is_escaped(tex):
    assert tex.isascii() and tex.count("textbackslash{}input") >= 2 * len(ROWS)
    assert tex.count(r"\end{document}") == 1 and r"\input{" not in tex
    body = tex[tex.index(r"\begin{document}") :]
    assert not re.search(r"(?<!\\)[%#]", body) and not re.search("[\x00-\x09\x7f]", tex)
    assert r"[U+65E5] " in body and r"\'{e}" in body and "W" * 11 not in body
    assert re.search(r"-\{\}-(\\allowbreak\{\})?a", body)


def test_code_is_code_and_numbers_have_a_minus():
    assert latex.words("a `--b -1` -1.5 %") == r"a \texttt{-{}-b -1} $-$1.5~\%"


def test_effects_are_tables_and_a_figure(made, tex):
    assert set(made.pictures()) == {"report-choices.pdf", "report-figure2.pdf"}
    assert all(one.startswith(b"%PDF") for one in made.pictures().values())
    assert r"\includegraphics[width=1.000\linewidth]{report-choices.pdf}" in tex
    assert re.search(r"^no-\S*lrn & .*\+2\.00 \[\+2\.00,~", tex, re.MULTILINE)


PDFLATEX = shutil.which("pdflatex")
needs_latex = pytest.mark.skipif(not PDFLATEX, reason="there is no pdflatex here")


@needs_latex
def test_it_has_no_overfull_box(made, tex, tmp_path):
    for name, content in made.pictures().items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "a.tex").write_text(tex)
    command = [PDFLATEX, *latex.QUIET, "a.tex"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    log = (tmp_path / "a.log").read_text("latin-1")
    assert "Output written" in log and "Overfull" not in log
    assert "Missing character" not in log


@needs_latex
def test_the_same_source_gives_the_same_bytes():
    source = r"\documentclass{article}\begin{document}a\end{document}"
    first, second = (latex.typeset(PDFLATEX, source, {}) for _ in range(2))
    assert first.startswith(b"%PDF") and first == second


@needs_latex
def test_an_error_of_latex_is_one_line():
    with pytest.raises(OSError, match="pdflatex failed: ! Undefined control sequence"):
        latex.typeset(PDFLATEX, r"\nothing", {})


def test_without_latex_nothing_is_written(wrong_use, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    told = wrong_use(report, "--out", tmp_path / "a.pdf", codes=(1,))
    assert "install TeX Live" in told and "--format tex" in told
    assert not [*tmp_path.iterdir()]


def test_the_source_has_its_figures_beside_it(call, made, monkeypatch, tmp_path):
    asked = []

    def build(records, placement, notify, stem):
        asked.append(stem)
        return made

    monkeypatch.setattr(manuscript, "build", build)
    files = []
    for folder in ("a", "b"):
        code, out, err = call(report, "--out", tmp_path / folder / "my 50% paper.tex")
        assert code == 0 and out == "" and err.count("written: ") == 3
        where = (tmp_path / folder).iterdir()
        files.append({path.name: path.read_bytes() for path in where})
    assert files[0] == files[1] and asked[0] == "my-50--paper"
    assert {"my 50% paper.tex", *made.pictures()} == set(files[0])


def test_the_end_of_the_name_says_the_format():
    assert list(map(report.of_name, ("a.PDF", "b.tex", "c.html", "d", "e.txt"))) == (
        ["pdf", "tex", "html", "html", "html"]
    )
