"""What all figures share: sizes, colours, style, captions, and how one is saved.

Every figure (`charts`, `diagram`, `contact_sheets`) is a function from data to a
`matplotlib.figure.Figure`, without pyplot and its state. Nothing is trained or
evaluated there. Texts are 8 points or more at the printed width, and no colour says
what a line style, a mark or a word does not say too.
"""

import textwrap
from pathlib import Path

import matplotlib

from alexnet_paper.files import atomic_file

COLUMN, PAGE = 3.5, 7.0  # inches: a printed column, a printed page's text
POINTS = 8  # the smallest text
LINE = 0.15  # inches from one line of such text to the next
DPI = 300

# Okabe & Ito's palette, told apart by the colour-blind too
BLACK, ORANGE, SKY = "#000000", "#E69F00", "#56B4E9"
BLUE, VERMILLION, GREY = "#0072B2", "#D55E00", "#777777"

STYLE = {
    "font.size": POINTS,
    "axes.labelsize": POINTS,
    "axes.titlesize": POINTS + 1,
    "figure.labelsize": POINTS,
    "figure.titlesize": POINTS + 2,
    "legend.fontsize": POINTS,
    "xtick.labelsize": POINTS,
    "ytick.labelsize": POINTS,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.parse_math": False,  # a class may be called "$1"
    "hatch.linewidth": 0.5,
    "pdf.fonttype": 42,
    "svg.hashsalt": "alexnet_paper",  # or its ids would be random
}
styled = matplotlib.rc_context(STYLE)

METADATA = {  # without dates: the same figure gives the same bytes
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None},
    ".svg": {"Date": None},
}


def check_path(path):
    """Raises ValueError unless `path` ends as a figure's file may."""
    if Path(path).suffix.lower() not in METADATA:
        raise ValueError(f"{path}: a figure's name ends in {', '.join(METADATA)}.")


def save(figure, path):
    """Writes a figure as its name says, .png (300 dots an inch), .pdf or .svg, whole or
    not at all; the same figure gives the same bytes. Raises ValueError for others."""
    check_path(path)
    suffix = Path(path).suffix.lower()
    with matplotlib.rc_context(STYLE), atomic_file(path) as file:
        if figure.get_layout_engine():  # once: each layout starts from the last one
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
        figure.savefig(file, format=suffix[1:], dpi=DPI, metadata=METADATA[suffix])


def letters(width):
    """How many letters of a caption fit into so many inches."""
    return int(width * 72 / (0.56 * POINTS))


def caption(parent, text, width=PAGE):
    """Text under a figure, in lines as wide as it is."""
    parent.supxlabel(textwrap.fill(text, letters(width)), x=0.01, ha="left")


def percent(share):
    return f"{100 * share:.0f} %"


def shortened(name, letters):
    """A class's first name, without its WordNet number, cut at `letters`."""
    first, _, rest = name.partition(" ")
    if rest and len(first) == 9 and first[0] == "n" and first[1:].isdigit():
        name = rest
    name = name.split(",")[0]
    return name if len(name) <= letters else name[: letters - 1].rstrip() + "…"


def squeezed(name, letters):
    """A name with its middle left out where it is too long: file names differ at
    their ends."""
    half = (letters - 1) // 2
    return name if len(name) <= letters else f"{name[:half]}…{name[-half:]}"
