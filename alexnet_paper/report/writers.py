"""Writes sections as text, Markdown, LaTeX, CSV or JSON.

A `Section` is a titled table of strings. Every section can be written in every format.
"""

import csv
import io
import json
import math
import re
import shutil
import unicodedata
from dataclasses import dataclass

from alexnet_paper.files import printable

FORMATS = ("text", "markdown", "latex", "csv", "json")
WIDTH = 100  # columns if there is no terminal and no COLUMNS
PAGE = 24  # rows of a table that fit a page of LaTeX
LINE, GAP = 80, 2  # letters in LaTeX: of a line, of a gap between columns


FORMULA = re.compile(r"[=@]|[+-](?![\d.∞])")  # but not a number with a sign


def width_of_output():
    """Returns COLUMNS, or the terminal's width, or `WIDTH` if there is neither."""
    return shutil.get_terminal_size((WIDTH, 24)).columns


@dataclass(frozen=True)
class Section:
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    def __post_init__(self):
        for row in self.rows:
            if len(row) != len(self.columns) or not all(row):
                raise ValueError(f"{self.title}: a cell is missing or empty in {row}.")


def write(sections, format, width=None):
    """Returns sections as a string in one of `FORMATS`; JSON is a list of objects.

    Texts may come from files of any origin: control characters are escaped, and what a
    format would take for markup or for a formula is quoted.
    """
    sections = [escaped(section) for section in sections]
    if format == "text":
        return text(sections, width)
    if format == "json":
        return json.dumps([vars(section) for section in sections], indent=1) + "\n"
    if format == "csv":
        return comma_separated(sections)
    writer = {"markdown": markdown, "latex": latex}[format]
    return "\n".join(writer(section) for section in sections)


def escaped(section):
    """Returns a section whose texts can be shown: see `files.printable`."""
    return Section(
        printable(section.title),
        section.columns,
        tuple(tuple(map(printable, row)) for row in section.rows),
        "\n".join(map(printable, section.note.split("\n"))),
    )


def text(sections, width=None):
    """Returns aligned columns by rich; `width` None is the terminal's, if it is one."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    width = width or width_of_output()
    console = Console(
        width=width, file=io.StringIO(), record=True, color_system=None, highlight=False
    )
    for section in sections:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
        for column, size in zip(section.columns, widths(section, width), strict=True):
            table.add_column(Text(column), overflow="fold", width=size)
        for row in section.rows:
            table.add_row(*map(Text, row))
        console.print(Text(section.title, style="bold"))
        console.print(table)
        if section.note:
            console.print(Text(section.note))
            console.print()
    lines = console.export_text().splitlines()
    return "\n".join(line.rstrip() for line in lines) + "\n"


def widths(section, width):
    """Returns the widths of a table's columns, in which words are broken only where the
    longest words of all columns do not fit, the longest first. What is left goes to the
    columns whose cells are longer, in proportion."""
    from rich.cells import cell_len

    columns = ["\n".join(cells) for cells in zip(section.columns, *section.rows)]
    whole = [max(map(cell_len, cells.split("\n"))) for cells in columns]
    least = [max(map(cell_len, cells.split()), default=1) for cells in columns]
    room = max(width - 3 * len(columns) + 1, len(columns))  # without what is between
    while sum(least) > room:
        least[least.index(max(least))] -= 1
    more = [most - word for most, word in zip(whole, least, strict=True)]
    left = min(room - sum(least), sum(more))
    shares = [left * part // max(sum(more), 1) for part in more]
    return [word + share for word, share in zip(least, shares, strict=True)]


def markdown(section):
    def line(cells):
        cells = (cell.replace("|", "\\|").replace("<", "&lt;") for cell in cells)
        return "| " + " | ".join(cells) + " |"

    head = [f"### {section.title}", "", line(section.columns)]
    body = [line(["---"] * len(section.columns)), *map(line, section.rows)]
    note = ["", section.note] if section.note else []
    return "\n".join([*head, *body, *note, ""])


def comma_separated(sections):
    """Returns tables as CSV; if there are several, each has a line with its title."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for number, section in enumerate(sections):
        if len(sections) > 1:
            out.write("\n" if number else "")
            writer.writerow([f"# {section.title}"])
        writer.writerow(section.columns)
        writer.writerows(map(quoted, row) for row in section.rows)
    return out.getvalue()


def quoted(cell):
    """Returns a cell that a spreadsheet does not take for a formula."""
    return f"'{cell}" if FORMULA.match(cell) else cell


LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"$\sim$",
    "^": r"\textasciicircum{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "×": r"$\times$",
    "·": r"$\cdot$",
    "≤": r"$\le$",
    "≥": r"$\ge$",
    "<": r"$<$",
    ">": r"$>$",
    "≈": r"$\approx$",
    "−": r"$-$",
    "→": r"$\to$",
    "÷": r"$\div$",
    "±": r"$\pm$",
    "α": r"$\alpha$",
    "β": r"$\beta$",
    "ε": r"$\epsilon$",
    "λ": r"$\lambda$",
    "Δ": r"$\Delta$",
    "Σ": r"$\Sigma$",
    "√": r"$\surd$",
    "²": r"$^2$",
    "ᵀ": r"$^{\mathrm{T}}$",
    "|": r"\textbar{}",
    "°": r"$^\circ$",
    "\u00a0": "~",
    "\u200b": r"\allowbreak{}",  # a long word may break here
    "\u200d": "{}",  # between hyphens, which TeX would print as a dash
    "…": r"\dots{}",
    "“": "``",
    "”": "''",
    "‘": "`",
    "’": "'",
    "–": "--",
    "—": "---",
    "§": r"\S{}",
}


ACCENTS = dict(zip("\u0300\u0301\u0302\u0303\u0308", "`'^~\"", strict=True))
WORD, PART = 24, 10  # letters: a word without a break has at most 24, or parts of 10


INTERVAL = re.compile(r"(\[[+−-]?[\d.]+,) (?=[+−-]?[\d.]+\])")


def breakable(cell):
    """Returns `cell` with zero-width spaces in words of over 15 letters, and spaces
    that do not break in intervals and before %."""

    def parted(word):
        found = r"(?<=[\w*…])([/_.=+*–-]|,(?!\d))(?=[\w…])"  # 253,440 stays whole
        return re.sub(found, "\\1\u200b", word[0])

    def cut(word):
        parts = range(0, len(word[0]), PART)
        return "\u200b".join(word[0][start : start + PART] for start in parts)

    cell = INTERVAL.sub("\\1\u00a0", cell).replace(" %", "\u00a0%")
    cell = re.sub(r"\S{16,}", parted, cell)
    return re.sub(rf"[^\s\u200b]{{{WORD + 1},}}", cut, cell)


def latex_escape(cell):
    """Returns `cell` as LaTeX in ASCII. A letter that LaTeX may lack is shown by its
    number."""
    return latex_code(re.sub(r"(?<![\w-])-(?=[\d.])", "−", cell.replace("`", "")))


def latex_code(text):
    """Returns a command or a name as LaTeX, letter by letter."""
    return "".join(map(latex_letter, re.sub("-(?=-)", "-\u200d", breakable(text))))


def latex_letter(letter):
    if letter in LATEX or letter.isascii():
        return LATEX.get(letter, letter)
    base, *marks = unicodedata.normalize("NFD", letter)
    if base.isascii() and base.isalpha() and len(marks) == 1 and marks[0] in ACCENTS:
        return f"\\{ACCENTS[marks[0]]}{{{base}}}"
    return f"[U+{ord(letter):04X}]"


def latex_columns(section, line=LINE):
    """Returns the columns of a table as wide as the line, which has `line` letters.

    They share it by their longest cells, and wide cells wrap.
    """
    return "".join(
        r">{\raggedright\arraybackslash\hspace{0pt}}"  # or no first word is hyphenated
        rf"p{{\dimexpr {share:.5f}\linewidth-2\tabcolsep}}"
        for share in shares(section, line)
    )


def latex_row(cells, escape=latex_escape):
    return " & ".join(map(escape, cells)) + r" \\"


def latex(section):
    """Returns a table with booktabs rules, as a longtable if it does not fit a page."""
    columns, line = latex_columns(section), latex_row
    title = latex_escape(section.title)
    label = "-".join(re.findall("[a-z0-9]+", section.title.lower()))
    caption = rf"\caption{{{title}}}\label{{tab:{label}}}"
    head = [r"\toprule", line(section.columns), r"\midrule"]
    note = [latex_escape(section.note)] if section.note else []
    if len(section.rows) > PAGE:
        return "\n".join(
            [
                r"% needs \usepackage{array,booktabs,longtable}",
                r"\begingroup\scriptsize\setlength{\tabcolsep}{2pt}",
                rf"\begin{{longtable}}{{{columns}}}",
                caption + r"\\",
                *head,
                r"\endhead",
                *map(line, section.rows),
                r"\bottomrule",
                r"\end{longtable}",
                *note,
                r"\par\endgroup",
            ]
        )
    return "\n".join(
        [
            r"% needs \usepackage{array,booktabs}",
            r"\begin{table}",
            r"\scriptsize\setlength{\tabcolsep}{2pt}",
            caption,
            rf"\begin{{tabular}}{{{columns}}}",
            *head,
            *map(line, section.rows),
            r"\bottomrule",
            r"\end{tabular}",
            *([r"\par\smallskip", *note] if note else []),
            r"\end{table}",
        ]
    )


def shares(section, line=LINE):
    """Returns every column's share of a line of so many letters.

    A column gets its longest word and a gap. The rest goes to columns with long cells,
    by their root mean square, and what is then left by their longest cell.
    """
    columns = list(zip(section.columns, *section.rows, strict=True))
    words = [re.split("[ \n\u200b–]+", breakable(" ".join(cells))) for cells in columns]
    widths = [max(map(len, found)) + GAP for found in words]
    lengths = [[len(cell) + GAP for cell in cells] for cells in columns]
    for length_of in (root_mean_square, max):
        wanted = [
            max(0, min(max(cells), length_of(cells)) - width)
            for cells, width in zip(lengths, widths, strict=True)
        ]
        left = max(0, line - sum(widths))
        part = min(1, left / (sum(wanted) or 1))
        widths = [a + part * b for a, b in zip(widths, wanted, strict=True)]
    return [width / sum(widths) for width in widths]


def root_mean_square(numbers):
    return math.sqrt(sum(number**2 for number in numbers) / len(numbers))
