"""Texts, tables and whole documents in LaTeX, and the program that typesets them.

Documents are in ASCII and need `article` and the packages of a basic TeX Live only.
"""

import math
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from markupsafe import Markup

from alexnet_paper.files import printable
from alexnet_paper.report import writers

LINE = 104  # letters of \footnotesize in a line of templates/paper.tex
WIDTH = 6.54  # inches: that line
POINTS = 12  # height of a line of its text
WHOLE = 26  # lines of a table that is not cut where it can be helped
TYPESETTERS = ("pdflatex", "lualatex", "xelatex", "tectonic")  # the first one is used
PASSES = 2  # the second one knows the numbers of references
SECONDS = 300  # most time for a pass
QUIET = ("-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape")
INSTALL = (
    "there is no pdflatex, lualatex, xelatex or tectonic on the PATH: install TeX Live "
    "(texlive-latex-recommended on Debian), or use --format tex."
)


class Tex(Markup):
    """A text that is LaTeX already; jinja2 leaves it as it is."""


def written(value):
    """Returns a value as LaTeX; a text is escaped unless it is LaTeX already."""
    return value if isinstance(value, Markup) else words(str(value))


def words(text):
    """Returns a text as LaTeX, with what is between backquotes as code."""
    parts = printable(text.replace("\n", " ")).split("`")
    return Tex(
        "".join(
            rf"\texttt{{{writers.latex_code(part)}}}"
            if number % 2
            else writers.latex_escape(part)
            for number, part in enumerate(parts)
            if part
        )
    )


def titled(name, text):
    """Returns a text that starts with its name."""
    return Tex(rf"\textbf{{{words(name)}.}} {words(text)}")


def table(section, caption=True):
    """Returns a section as a table that may go on over pages, with its note below the
    last row; without a caption it has no number."""
    label = "-".join(re.findall("[a-z0-9]+", section.title.lower()))
    head = [r"\toprule", writers.latex_row(section.columns, words), r"\midrule"]
    noted = [written(line) for line in section.note.split("\n") if line]
    whole = r"p{\dimexpr\linewidth-2\tabcolsep}"
    span = rf"\multicolumn{{{len(section.columns)}}}{{{whole}}}"
    lines = [
        r"\begingroup\footnotesize",
        rf"\begin{{longtable}}{{{writers.latex_columns(section, LINE)}}}",
        *([rf"\caption{{{words(section.title)}}}\label{{tab:{label}}}\\"] * caption),
        *head,
        r"\endfirsthead",
        *head,
        r"\endhead",
        r"\bottomrule",
        r"\endfoot",
        r"\bottomrule",
        *(rf"{span}{{{line}}}\\" for line in noted),
        r"\endlastfoot",
        *(writers.latex_row(row, words) for row in section.rows),
        r"\end{longtable}",
        *([] if caption else [r"\addtocounter{table}{-1}"]),
        r"\endgroup",
    ]
    return Tex("\n".join(lines))


def lines(section):
    """Returns about how many lines of the text a table is high, with its caption."""
    letters = [1.1 * share * LINE for share in writers.shares(section, LINE)]
    rows = [
        max(
            math.ceil(len(cell) / width)
            for cell, width in zip(row, letters, strict=True)
        )
        for row in (section.columns, *section.rows)
    ]
    return math.ceil(0.79 * sum(rows) + 0.17 * len(rows)) + 3


def room(block):
    """Returns how many lines must fit below each other where a block starts. A table of
    a third of a page, and a figure, are not cut."""
    if isinstance(block, writers.Section):
        whole = lines(block)
        return whole if whole <= WHOLE else 8
    return getattr(block, "lines", 3)


def typesetter():
    """Returns the path of the first of `TYPESETTERS` on the PATH. Raises OSError, with
    what to install, if there is none."""
    for name in TYPESETTERS:
        if found := shutil.which(name):
            return found
    raise OSError(INSTALL)


def typeset(program, source, pictures):
    """Returns a document as the bytes of a PDF.

    It is made in a temporary folder, and the same source gives the same bytes.

    Args:
        program: The path of one of `TYPESETTERS`.
        source: The document.
        pictures: {name: bytes} of the files that it includes.

    Raises:
        OSError: with LaTeX's first error if it fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name, content in pictures.items():
            Path(folder, name).write_bytes(content)
        Path(folder, "report.tex").write_text(source, encoding="utf-8")
        once = Path(program).stem == "tectonic"  # it makes all passes by itself
        options = () if once else QUIET
        for _ in range(1 if once else PASSES):
            run([program, *options, "report.tex"], folder)
        return Path(folder, "report.pdf").read_bytes()


def run(command, folder):
    dates = {"SOURCE_DATE_EPOCH": "0", "FORCE_SOURCE_DATE": "1"}
    name = Path(command[0]).name
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=os.environ | dates,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise OSError(f"{name} took more than {SECONDS} seconds.") from error
    if done.returncode:
        said = done.stdout.decode("utf-8", "replace").splitlines()
        errors = [line for line in said if line.startswith(("!", "error:"))]
        first = (errors or said[-1:] or ["it said nothing"])[0]
        raise OSError(f"{name} failed: {first}")
