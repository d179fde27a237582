"""A variant beside the paper on one screen: a tally, a line per claim, commands."""

import io
import os
import sys
from collections import Counter

from alexnet_paper import paper
from alexnet_paper.files import printable
from alexnet_paper.paper import replications
from alexnet_paper.report.writers import width_of_output
from alexnet_paper.verdicts import finding as verdicts

WIDE = 120  # columns: a screen as wide as this has the column "elsewhere"
SHORT = {  # verdicts for a narrow column; the tally has the full names
    verdicts.SUPPORTED: "supported",
    verdicts.CONTRADICTED: "contradicted",
    verdicts.REPLICATED: "elsewhere",
    verdicts.ARITHMETIC: "arithmetic",
}
PLURAL = {verdicts.ERRATUM: "errata"}
MARKS = {  # (mark, colour) on a terminal
    verdicts.AS_PRINTED: ("=", "green"),
    verdicts.ARITHMETIC: ("=", "green"),
    verdicts.TRANSCRIBED: ("=", "dim"),
    verdicts.REPRODUCED: ("✓", "green"),
    verdicts.SUPPORTED: ("✓", "green"),
    verdicts.ERRATUM: ("!", "yellow"),
    verdicts.NOT_AS_PRINTED: ("≠", "yellow"),
    verdicts.NOT_REPRODUCED: ("✗", "red"),
    verdicts.CONTRADICTED: ("✗", "red"),
    verdicts.INCONCLUSIVE: ("?", "yellow"),
    verdicts.REPLICATED: ("·", "cyan"),
    verdicts.NOT_ATTEMPTED: ("·", "dim"),
    verdicts.CITED: ("·", "dim"),
}
HEADINGS = {  # for the paper's claims, by the letter of their ids
    "A": "Abstract",
    "B": "§1 Introduction",
    "C": "§2 The dataset",
    "D": "§3.1 ReLU",
    "E": "§3.2 Two GPUs",
    "F": "§3.3 Response normalization",
    "G": "§3.4 Overlapping pooling",
    "H": "§3.5 Architecture",
    "I": "§4.1 Augmentation",
    "J": "§4.2 Dropout",
    "K": "§5 Learning",
    "L": "§6 Results",
    "N": "§6.1 Qualitative",
    "O": "§7 Discussion",
}


def tally(rows):
    """Returns "65 claims: 21 as printed, 8 arithmetic holds, …", in `RULES`' order."""
    counts = Counter(found.verdict for _, found in rows)
    said = [
        f"{counts[name]} {PLURAL.get(name, name) if counts[name] > 1 else name}"
        for name in verdicts.RULES
        if counts[name]
    ]
    return f"{len(rows)} claims: {', '.join(said)}."


def lost_without(claim):
    """Returns the printed value; a difference as points of error lost without it."""
    if claim.unit == "points" and claim.values:
        more = "> " if ">" in claim.printed else ""
        return " / ".join(f"{more}+{value:g}" for value in claim.values)
    return claim.printed


def elsewhere(claim):
    """Returns the first replication's number, and how many more there are.

    "~" marks another protocol or net, "ᵀ" a number read in a transcription.
    """
    found = replications.of_claim(claim.id)
    if not found:
        return ""
    first, *others = found
    mark = "ᵀ" if first.grade == "T" else ""
    more = f" +{len(others)}" if others else ""
    return f"{'' if first.alike else '~'}{first.number}{mark}{more}"


def screen(measured, width=None, colour=None):
    """Returns a `verdicts.measure.Measured` as text, at most `width` columns wide.

    `colour` None: verdicts are coloured on a terminal, unless NO_COLOR is set.
    """
    from rich.console import Console
    from rich.text import Text

    width = width or width_of_output()
    if colour is None:
        colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    console = Console(
        width=width,
        file=io.StringIO(),
        record=True,
        force_terminal=colour,
        color_system="standard" if colour else None,
        highlight=False,
    )
    variant = measured.variant
    what = measured.article.title if measured.article else "AlexNet (2012)"
    console.print(Text(f"{what} beside {variant.title}, variant {variant.name}."))
    console.print(Text(tally(measured.rows)))
    if not measured.article:
        for printed in (paper.TABLE_1, paper.TABLE_2):
            console.print(results(printed, measured))
    console.print(claims(measured, width))
    for line in (*on_forms(measured.forms), *next_commands(measured)):
        console.print(Text(line))
    text = console.export_text(styles=colour)
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def plain_table(*columns):
    """Returns a table without lines whose cells never wrap."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), expand=True)
    for column in columns:
        name, options = column if isinstance(column, tuple) else (column, {})
        table.add_column(name, no_wrap=True, overflow="ellipsis", **options)
    return table


def results(printed, measured):
    """Returns Table 1 or 2: printed, the authors' logs, elsewhere, and ours."""
    wanted = verdicts.REPRODUCED, verdicts.NOT_REPRODUCED
    ours = {
        one.id: found.ours for one, found in measured.rows if found.verdict in wanted
    }
    by_id = {one.id: one for one, _ in measured.rows}
    name = printed.title.partition(".")[0]
    heads = [head.removesuffix(" (val)") for head in printed.columns]
    table = plain_table(
        (f"{name}, {' / '.join(heads)}", {"ratio": 30}),
        ("paper", {"width": 18}),  # three errors
        ("authors' log", {"width": 13}),
        ("elsewhere", {"ratio": 30}),
        ("ours", {"ratio": 12}),
    )
    for row in printed.rows:
        log = " / ".join(f"{v:.2f}" for v in row.authors if v is not None)
        others = elsewhere(by_id[row.claim]) if row.claim in by_id else ""
        table.add_row(
            row.model,
            " / ".join("—" if v is None else f"{v:.1f}" for v in row.printed),
            log or "—",
            others or "—",
            "cited" if row.cited else ours.get(row.claim, "not run"),
        )
    return table


def claims(measured, width):
    """Returns the table of claims, a line for each, under the paper's sections."""
    from rich.text import Text

    columns = [
        ("", {"width": 1}),
        ("id", {"width": 4}),
        ("claim", {"ratio": 30}),
        ("article" if measured.article else "paper", {"ratio": 18}),
        ("ours" if width >= WIDE else "ours or others'", {"ratio": 23}),
        ("verdict", {"width": 14}),
    ]
    if width >= WIDE:
        columns.insert(5, ("elsewhere", {"ratio": 23}))
    table, heading = plain_table(*columns), None
    for claim, found in measured.rows:
        letter = claim.id[0]
        if not measured.article and HEADINGS.get(letter, heading) != heading:
            table.add_row("", "", Text(HEADINGS[letter], style="bold"))
            heading = HEADINGS[letter]
        mark, style = MARKS[found.verdict]
        cells = [
            Text(mark, style=style),
            claim.id,
            claim.statement,
            lost_without(claim),
            printable(found.ours if width >= WIDE else ours_or_others(claim, found)),
            Text(SHORT.get(found.verdict, found.verdict), style=style),
        ]
        if width >= WIDE:
            cells.insert(5, elsewhere(claim))
        table.add_row(*cells)
    return table


def ours_or_others(claim, found):
    """Returns our value, or others' where nothing was run here."""
    if found.verdict != verdicts.REPLICATED:
        return found.ours
    return elsewhere(claim)


def on_forms(forms):
    """Returns two lines on the differences between the two forms, or none."""
    if forms is None:
        return ()
    exactly = "exactly" if forms.as_figure_2 else "not only"
    return (
        f"Two devices ({', '.join(forms.devices)}) against one: outputs differ by "
        f"{forms.outputs:.0e}, gradients by",
        f"{forms.gradients:.0e}, one step by {forms.step:.0e} (relative, "
        f"{forms.images} images); {exactly} Figure 2's tensors cross.",
    )


def next_commands(measured):
    """Returns lines with commands that show more."""
    name = measured.variant.name
    first = measured.rows[0][0].id
    return (
        "Differences are points of error lost without it; ~ another protocol. Next:",
        f"  python -m reproduce.table --variant {name} --claim {first} (or --show all)",
    )


def about_claim(claim, found):
    """Returns everything known about one claim, as (what, text) pairs."""
    rows = [
        ("claim", f"{claim.id} ({claim.section}): {claim.statement}"),
        ("printed", printed_with_unit(claim)),
        ("protocol", claim.protocol),
        ("authors' log", claim.authors and f"{claim.authors} ({claim.authors_source})"),
        ("ours", found.ours),
        ("verdict", f"{found.verdict}: {verdicts.RULES[found.verdict]}"),
        ("how", found.note),
        ("records", ", ".join(found.records)),
        *(("elsewhere", in_words(one)) for one in replications.of_claim(claim.id)),
        ("remark", claim.remark),
        ("needs", claim.needs),
        ("command", claim.command),
    ]
    return tuple((what, text) for what, text in rows if text)


def printed_with_unit(claim):
    told = claim.unit in claim.printed
    return claim.printed if told else f"{claim.printed} {claim.unit}"


def in_words(one):
    """Returns a replication as a line: who, number, protocol, source, grade."""
    lost = "" if one.lost is None else f"; {one.lost:+g} points lost without it"
    how = "computed here from what was read" if one.computed else "as read"
    grade = "in the source" if one.grade == "S" else "in a transcription"
    return (
        f"{one.who}: {one.number}{lost}. {one.protocol}. {one.source} ({how} {grade})"
    )
