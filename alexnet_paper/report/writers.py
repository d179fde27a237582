"""Claims, architectures and records as tables: text, Markdown, LaTeX, CSV and JSON.

Nothing is measured here. A `Section` is a titled table of strings; the same sections
are written in every format.
"""

import csv
import io
import json
import shutil
from dataclasses import dataclass

FORMATS = ("text", "markdown", "latex", "csv", "json")
PIPE_WIDTH = 100  # where there is no terminal and no COLUMNS


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
    """The sections as one string in one of `FORMATS`; JSON is a list of objects."""
    if format == "text":
        return text(sections, width)
    if format == "json":
        return json.dumps([vars(section) for section in sections], indent=1) + "\n"
    if format == "csv":
        return comma_separated(sections)
    writer = {"markdown": markdown, "latex": latex}[format]
    return "\n".join(writer(section) for section in sections)


def text(sections, width=None):
    """Aligned columns by rich; `width` None takes the terminal's, if it is one."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    width = width or shutil.get_terminal_size((PIPE_WIDTH, 24)).columns
    console = Console(
        width=width, file=io.StringIO(), record=True, color_system=None, highlight=False
    )
    for section in sections:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
        for index, column in enumerate(section.columns):
            table.add_column(Text(column), overflow="fold", no_wrap=index == 0)
        for row in section.rows:
            table.add_row(*map(Text, row))
        console.print(Text(section.title, style="bold"))
        console.print(table)
        if section.note:
            console.print(Text(section.note))
            console.print()
    lines = console.export_text().splitlines()
    return "\n".join(line.rstrip() for line in lines) + "\n"


def markdown(section):
    def line(cells):
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    head = [f"### {section.title}", "", line(section.columns)]
    body = [line(["---"] * len(section.columns)), *map(line, section.rows)]
    note = ["", section.note] if section.note else []
    return "\n".join([*head, *body, *note, ""])


def comma_separated(sections):
    """One rectangular table; several are told apart by a line with their title."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for number, section in enumerate(sections):
        if len(sections) > 1:
            out.write("\n" if number else "")
            writer.writerow([f"# {section.title}"])
        writer.writerow(section.columns)
        writer.writerows(section.rows)
    return out.getvalue()


LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
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
    "…": r"\dots{}",
    "“": "``",
    "”": "''",
    "–": "--",
    "—": "---",
    "§": r"\S{}",
}


def latex_escape(cell):
    return "".join(LATEX.get(character, character) for character in cell)


def latex(section):
    """A longtable with booktabs rules; wide cells wrap."""
    wide = 0.92 / len(section.columns)
    columns = "".join(rf"p{{{wide:.3f}\linewidth}}" for _ in section.columns)

    def line(cells):
        return " & ".join(map(latex_escape, cells)) + r" \\"

    return "\n".join(
        [
            r"% needs \usepackage{booktabs,longtable}",
            rf"\begin{{longtable}}{{@{{}}{columns}@{{}}}}",
            rf"\caption{{{latex_escape(section.title)}}}\\",
            r"\toprule",
            line(section.columns),
            r"\midrule \endhead",
            *map(line, section.rows),
            r"\bottomrule",
            r"\end{longtable}",
            *([latex_escape(section.note), ""] if section.note else []),
        ]
    )
