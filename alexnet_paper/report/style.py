"""Sizes, colours, style and captions of all figures, and how a figure is saved.

A figure (`charts`, `figure2`, `contact_sheets`) is a function from data to a
`matplotlib.figure.Figure`. It does not use pyplot, train or evaluate. Text is at least
8 points at the printed width, and every colour has a line style, a mark or a word with
the same meaning.
"""

import io
import re
import textwrap
from pathlib import Path

import matplotlib
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from alexnet_paper.files import atomic_file

COLUMN, PAGE = 3.5, 7.0  # inches: a printed column, a printed page's text
POINTS = 8  # the smallest text
LINE = 0.15  # inches: line height of that text
DPI = 300
NARROW, WIDE = 38, 54  # rem: widths of a figure of `PAGE` on a page of HTML

# Okabe & Ito's palette, distinguishable by colour-blind readers
BLACK, ORANGE, SKY = "#000000", "#E69F00", "#56B4E9"
BLUE, VERMILLION, GREY = "#0072B2", "#D55E00", "#777777"
GREEN = "#009E73"

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
    "svg.hashsalt": "alexnet_paper",  # without it ids are random
}
styled = matplotlib.rc_context(STYLE)

METADATA = {  # no dates: the same figure gives the same bytes
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None},
    ".svg": {"Date": None},
}


def check_path(path):
    """Raises ValueError unless `path` ends in .png, .pdf or .svg."""
    if Path(path).suffix.lower() not in METADATA:
        raise ValueError(f"{path}: a figure's name ends in {', '.join(METADATA)}.")


def save(figure, path):
    """Writes a figure to a .png (300 dpi), .pdf or .svg file, whole or not at all.

    The same figure gives the same bytes. Raises ValueError for another suffix.
    """
    check_path(path)
    suffix = Path(path).suffix.lower()
    with atomic_file(path) as file:
        write(figure, file, suffix[1:], METADATA[suffix])


def write(figure, file, format, metadata):
    """Writes a figure into an open file."""
    with matplotlib.rc_context(STYLE):
        if figure.get_layout_engine():  # lay out once: a second layout would differ
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
        figure.savefig(file, format=format, dpi=DPI, metadata=metadata)


def inline_svg(figure, name):
    """Returns a figure as an <svg> element for a page of HTML.

    Its ids start with `name`, because those of two figures may be the same, and are
    only those that it refers to; its style is for it alone; it has no metadata. The
    element "NAME-caption" labels it.
    """
    file = io.StringIO()
    write(figure, file, "svg", dict.fromkeys(("Date", "Creator", "Format", "Type")))
    text = file.getvalue()
    text = text[text.index("<svg") :]
    used = set(re.findall(r'(?:href="#|url\(#)([\w.-]+)', text))
    text = re.sub(r' id="([^"]*)"', lambda id: id[0] if id[1] in used else "", text)
    text = re.sub(r'( id="|href="#|url\(#)', rf"\g<1>{name}-", text)
    text = text.replace("*{", f"#{name} *{{")
    width = figure.get_size_inches()[0]
    least, most = (f"{rem * width / PAGE:.4g}rem" for rem in (NARROW, WIDE))
    size = f"min-width: {least}; width: min(100%, {most})"
    head = f'<svg id="{name}" role="img" aria-labelledby="{name}-caption"'
    head += f' style="{size}"'
    return text.replace("<svg", head, 1)


def letters(width):
    """Returns the letters of a caption that fit into a width in inches."""
    return int(width * 72 / (0.56 * POINTS))


def caption(parent, text, width=PAGE):
    """Writes text under a figure, wrapped to its width."""
    text = textwrap.fill(text, letters(width))
    parent.supxlabel(text, x=0.01, ha="left", label=CAPTION)


CAPTION = "caption"  # the label of a text that `without_captions` removes


def captions(figure):
    """Returns a figure's captions as one line."""
    found = figure.findobj(lambda artist: artist.get_label() == CAPTION)
    return " ".join(word for text in found for word in text.get_text().split())


def without_captions(figure):
    """Removes the captions from a figure, and the height that they take."""
    figure.draw_without_rendering()
    captions = figure.findobj(lambda artist: artist.get_label() == CAPTION)
    width, height = figure.get_size_inches()
    taken = sum(text.get_window_extent().height for text in captions) / figure.dpi
    figure.set_size_inches(width, height - taken)
    for text in captions:
        text.set(text="", in_layout=False)
    if figure.get_layout_engine():
        return
    for axes in figure.axes:  # keep their size, and their distance from the top
        x, y, wide, high = axes.get_position().bounds
        low, high = y * height - taken, high * height
        axes.set_position((x, low / (height - taken), wide, high / (height - taken)))


def percent(share):
    return f"{100 * share:.0f} %"


def shortened(name, letters):
    """Returns a class's first name without its WordNet number, cut at `letters`."""
    first, _, rest = name.partition(" ")
    if rest and len(first) == 9 and first[0] == "n" and first[1:].isdigit():
        name = rest
    name = name.split(",")[0]
    return name if len(name) <= letters else name[: letters - 1].rstrip() + "…"


def fitted(cut, name, inches, weight="normal"):
    """Returns cut(name, letters) with as many letters as a width in inches holds."""
    font = FontProperties(size=POINTS, weight=weight)
    for letters in range(40, 1, -1):
        text = cut(name, letters)
        if TextPath((0, 0), text, prop=font).get_extents().width <= 72 * inches:
            break
    return text


def squeezed(name, letters):
    """Returns a name, without its middle if it is too long: files differ at the end."""
    half = (letters - 1) // 2
    return name if len(name) <= letters else f"{name[:half]}…{name[-half:]}"
