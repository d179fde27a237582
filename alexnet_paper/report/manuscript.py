"""Everything known, as a short paper in LaTeX in the form of a ReScience C article.

`build` reads it from claims, records and nets, `tex` writes its source, and `pdf`
typesets it. Texts of records are escaped.
"""

import io
import math
from collections import Counter
from dataclasses import dataclass
from dataclasses import replace

from alexnet_paper import paper
from alexnet_paper.nets import variants
from alexnet_paper.paper import replications
from alexnet_paper.report import cite
from alexnet_paper.report import claims
from alexnet_paper.report import figure2
from alexnet_paper.report import figures
from alexnet_paper.report import latex
from alexnet_paper.report import nets as net_sections
from alexnet_paper.report import page
from alexnet_paper.report import prose
from alexnet_paper.report import results
from alexnet_paper.report import runs
from alexnet_paper.report import screen
from alexnet_paper.report import style
from alexnet_paper.report import table
from alexnet_paper.report.writers import Section
from alexnet_paper.results import experiments
from alexnet_paper.verdicts import finding as verdicts

APPENDIX = "What the paper leaves open"  # title of the first one
SURPRISES = (verdicts.ERRATUM, verdicts.NOT_AS_PRINTED, verdicts.CONTRADICTED)
RELEASED = variants.get("authors")
DELIMITERS = {  # none of them means anything in LaTeX
    "variable_start_string": "<<",
    "variable_end_string": ">>",
    "block_start_string": "<%",
    "block_end_string": "%>",
    "comment_start_string": "<!",
    "comment_end_string": "!>",
}


@dataclass(frozen=True)
class Drawn:
    """A figure: the name of its file, its width as a share of the line, and the lines
    that it takes with its caption."""

    file: str
    width: str
    lines: int
    title: str
    caption: str
    pdf: bytes


@dataclass(frozen=True)
class Notes:
    """(label, text) pairs in small type."""

    notes: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Part:
    """A section: texts, tuples of texts (lists), tables, figures and notes, in order,
    and then its subsections."""

    title: str
    blocks: tuple = ()
    parts: tuple["Part", ...] = ()


@dataclass(frozen=True)
class Manuscript:
    """What the template shows. `about` is the key of the paper in `works`."""

    title: str
    author: str
    abstract: tuple[str, ...]
    about: str
    made: str
    parts: tuple[Part, ...]
    works: tuple[cite.Work, ...]
    sources: tuple[tuple[str, str], ...]  # (letter, text)
    appendix: str = APPENDIX

    def pictures(self):
        """Returns {name of a file: its bytes} of all figures."""
        parts = [inner for part in self.parts for inner in (part, *part.parts)]
        drawn = [one for part in parts for one in part.blocks if isinstance(one, Drawn)]
        return {one.file: one.pdf for one in drawn}


def build(records, placement="auto", notify=lambda text: None, stem="report"):
    """Returns the `Manuscript` of these records; nets are built, and `notify` is told
    which.

    `placement` is of the paper's two towers: see `forms.tower_devices`. Names of
    figures start with `stem`.
    """
    from alexnet_paper.verdicts import forms

    variant = variants.get("paper")
    devices = forms.tower_devices(variant, placement)
    measured, *articles = page.all_measured(variant, devices, records, notify)
    notify("drawing figures …")
    trained = [one for one in records if one.protocol.experiment != "features"]
    rows = measured.rows
    return Manuscript(
        title=f"[Re] {cite.PAPER.title}",
        author=cite.GROUP,
        abstract=tuple(results.abstract(rows, trained).split("\n\n")),
        about=cite.PAPER.key,
        made=page.made(records),
        parts=(
            Part("Scope of reproducibility", scope(rows)),
            Part("What was easy", (easy(measured),)),
            Part("What was hard", (hard(rows, articles),)),
            Part("Method", method(measured, records, stem)),
            Part("Results, claim by claim", (), (*by_section(rows, trained, stem),)),
            Part(
                "The articles", (), tuple(of_article(one, trained) for one in articles)
            ),
            Part("What the released code did that the paper does not say", released()),
            Part("Limits", (results.limits(rows),)),
            Part("Compute", (prose.EXPLANATIONS["Compute"](trained),)),
            Part(APPENDIX, (questions(),)),
            Part("What others measured", (results.others_section(),)),
        ),
        works=cite.works(),
        sources=tuple(paper.SOURCES.items())[1:],  # the first one is the paper
    )


def tex(manuscript):
    """Returns a `Manuscript` as the source of a document in LaTeX."""
    templates = page.filled_in(latex.written, **DELIMITERS)
    filters = {"table": latex.table, "room": latex.room, "apa": cite.apa}
    templates.filters |= filters
    return templates.get_template("paper.tex").render(paper=manuscript)


def pdf(manuscript, program):
    """Returns a `Manuscript` as a PDF; `program` is of `latex.typesetter`."""
    return latex.typeset(program, tex(manuscript), manuscript.pictures())


def scope(rows):
    """What is claimed, what a check of it needs, and what was found, by section."""
    needs = Counter(claim.needs for claim, _ in rows)
    told = "; ".join(f"{need} ({count})" for need, count in needs.most_common())
    counts = {
        heading.split()[0]: Counter(one.verdict for _, one in of_heading)
        for heading, of_heading in results.grouped(rows).items()
    }
    counts["all"] = Counter(one.verdict for _, one in rows)
    cells = [
        (name, *(f"{count[name] or '–'}" for count in counts.values()))
        for name in verdicts.RULES
        if counts["all"][name]
    ]
    cells.append(("all", *(f"{count.total()}" for count in counts.values())))
    return (
        "Every number and every comparison that the paper states is a claim: "
        f"{len(rows)} in all. Claims by what a check needs: {told}. A claim that needs "
        "what was not at hand is shown with what others measured, or with what it "
        "needs; nothing is estimated.",
        Section("Verdicts by section", ("verdict", *counts), tuple(cells)),
    )


def easy(measured):
    """What could be settled at once, point by point."""
    rows = measured.rows
    free = [pair for pair in rows if pair[0].needs == paper.NOTHING]
    logged = [claim.id for claim, _ in rows if claim.authors]
    others = replications.REPLICATIONS
    alike = sum(one.alike for one in others)
    touched = {id for one in others for id in one.claims}
    forms = " ".join(screen.on_forms(measured.forms))
    points = (
        f"Claims about the net, its recipe and its arithmetic need no data. "
        f"{screen.tally(free)}",
        f"The authors released their code and run notes: {len(logged)} claims have "
        f"their own, unrounded number beside the printed one ({', '.join(logged)}), "
        f"and the schedules of {len(paper.SCHEDULES)} runs are known.",
        f"Others published what they measured: {len(others)} measurements bear on "
        f"{len(touched)} claims, {alike} of them of the paper's net, data and "
        "protocol.",
    )
    return (*points, forms) if forms else points


def hard(rows, articles):
    """What could not be settled, or only by choices, point by point."""
    needs = Counter(claim.needs for claim, _ in rows)
    tried = [found.verdict for _, found in rows if found.verdict in results.MEASURED]
    undecided = tried.count(verdicts.INCONCLUSIVE)
    guesses = sum(len(one.article.guesses) for one in articles)
    return (
        f"ImageNet and the paper's hardware were not at hand: {needs[paper.IMAGENET]} "
        f"claims need the one, {needs[paper.HARDWARE]} the other.",
        f"The paper leaves {len(paper.OPEN_QUESTIONS)} questions open. Each needed a "
        "choice, which is named in the appendix.",
        f"The authors did not run quite what they printed: their code departs from the "
        f"text in {len(RELEASED.departures)} ways.",
        f"A small net decides little. Of {len(tried)} claims that were tried on other "
        f"data, another size or others' weights, {undecided} are inconclusive: "
        f"{verdicts.RULES[verdicts.INCONCLUSIVE]}.",
        f"The articles leave out {guesses} things that had to be assumed.",
    )


def method(measured, records, stem):
    """How a verdict comes about, the net, and the experiments."""
    net, words = measured.variant, results.decided()
    drawn = figure2.architecture_diagram(net.architecture, net.title)
    title = "The paper's Figure 2, drawn from the net's layers"
    return (
        *words,
        results.rules_section(measured.rows),
        picture(drawn, title, "figure2", stem),
        experiments_section(records),
    )


def experiments_section(records):
    """Every experiment, its runs, and the records that there are of it."""
    counts = Counter(one.protocol.experiment for one in records)
    rows = tuple(
        (
            name,
            one.question,
            ", ".join(one.claims) or "–",
            runs.seeds_in_words(one),
            f"{counts[name]}",
        )
        for name, one in experiments.EXPERIMENTS.items()
    )
    return Section(
        "Experiments",
        ("name", "question", "claims", "runs", "records"),
        rows,
        "`python -m reproduce.experiment list` prints their protocols, which were "
        "committed before the first run. A run has a record for each of its "
        "measurements.",
    )


def by_section(rows, records, stem):
    """Yields the paper's tables, its claims section by section, and the effects."""
    printed = claims.printed_sections(rows)
    yield Part(
        "The paper's tables",
        tuple(replace(one, title=f"The paper's {one.title}") for one in printed),
    )
    for heading, of_heading in results.grouped(rows).items():
        yield Part(heading, of_section(heading, of_heading, records, stem))
    effects = (
        figures.effects_sections(records, one) for one in experiments.EXPERIMENTS
    )
    found = tuple(section for sections in effects for section in sections)
    if found:
        yield Part("Experiments: effects and arms", found)


def of_section(heading, rows, records, stem):
    """The claims of a section of the paper, notes on them, and what is said of them."""
    blocks = [claims_section(heading, rows), *filter(None, [notes(rows)])]
    said = page.paragraphs(results.PARAGRAPHS.get(heading, ()), records)
    for name, words, figure in said:
        blocks.append(latex.titled(name, words))
        drawn = figures.OF_RECORDS[figure](records) if figure else None
        if drawn:
            title, _ = page.FIGURES.get(figure, (f"The paper's {name}, made anew", ""))
            blocks.append(picture(drawn[0], title, figure, stem))
    return tuple(blocks)


def claims_section(heading, rows):
    """Printed, logged by the authors, measured by others and by us, and the verdict."""
    cells = tuple(
        (
            claim.id,
            claim.statement,
            screen.lost_without(claim),
            claim.authors or "–",
            screen.elsewhere(claim) or "–",
            found.ours,
            found.verdict,
        )
        for claim, found in rows
    )
    columns = ("id", "claim", "paper", "authors' log", "elsewhere", "ours", "verdict")
    return Section(heading, columns, cells)


def notes(rows):
    """How each value came about, with its records, for what was measured; of what is
    wrong also why. None where there is nothing to say."""
    found = {}
    for claim, one in rows:
        if one.verdict in verdicts.UNRUN:
            continue
        said = [one.note, claim.remark if one.verdict in SURPRISES else ""]
        said += [f"Records: {', '.join(f'`{name}`' for name in one.records)}"]
        text = ". ".join(part for part in said[: 3 if one.records else 2] if part)
        if text:
            found.setdefault(f"{text}.", []).append(claim.id)
    pairs = tuple((", ".join(ids), text) for text, ids in found.items())
    return Notes(pairs) if pairs else None


def of_article(measured, records):
    """What happened to an article's net, and its claims."""
    article, name = measured.article, measured.variant.name
    happened = prose.EXPLANATIONS[name](records) or "It was not run yet."
    changed = claims.brief_section(measured.variant, measured.rows, article)
    return Part(article.title, (f"Variant `{name}`. {happened}", changed))


def released():
    """The departures of the code that gave the printed numbers, and its logs."""
    _, logged, schedules, *_ = claims.notes_sections()
    title, names = (
        "The net and recipe as printed, and as run",
        ("paper", "released code"),
    )
    return (
        f"The variant `{RELEASED.name}` is {RELEASED.title} ({RELEASED.source}; "
        "references name the sources). It departs from the text of the paper:",
        RELEASED.departures,
        net_sections.differences_section(title, names, table.changes(RELEASED), "what"),
        schedules,
        logged,
    )


def questions():
    """Every open question: what the paper says, what the code does, and what we do."""
    rows = tuple(
        (one.id, one.question, one.paper, one.authors, one.choice)
        for one in paper.OPEN_QUESTIONS
    )
    columns = ("id", "question", "paper", "authors' code", "here")
    return Section(APPENDIX, columns, rows)


def picture(figure, title, name, stem):
    """A figure without its caption as a PDF, and the caption."""
    caption, file = style.captions(figure), io.BytesIO()
    style.without_captions(figure)
    style.write(figure, file, "pdf", style.METADATA[".pdf"])
    width, height = figure.get_size_inches()
    share = min(1, width / style.PAGE)
    lines = math.ceil(share * latex.WIDTH * height / width * 72 / latex.POINTS) + 5
    file_name = f"{stem}-{name}.pdf"
    return Drawn(file_name, f"{share:.3f}", lines, title, caption, file.getvalue())
