"""Everything known, as one page of HTML that needs nothing else.

`build` reads it from claims, records and nets, and `html` writes it. The page makes no
request; texts of records are quoted.
"""

from collections import Counter
from dataclasses import asdict
from dataclasses import dataclass

from jinja2 import Environment
from jinja2 import PackageLoader
from jinja2 import StrictUndefined
from markupsafe import Markup
from markupsafe import escape

import alexnet_paper
from alexnet_paper import paper
from alexnet_paper.files import printable
from alexnet_paper.nets import specs
from alexnet_paper.nets import variants
from alexnet_paper.report import cite
from alexnet_paper.report import claims
from alexnet_paper.report import figure2
from alexnet_paper.report import figures
from alexnet_paper.report import logs
from alexnet_paper.report import nets as net_sections
from alexnet_paper.report import prose
from alexnet_paper.report import results
from alexnet_paper.report import runs
from alexnet_paper.report import screen
from alexnet_paper.report import style
from alexnet_paper.report import table
from alexnet_paper.report.writers import Section
from alexnet_paper.results import experiments
from alexnet_paper.training import environment
from alexnet_paper.verdicts import finding as verdicts
from alexnet_paper.verdicts import stand_ins
from alexnet_paper.verdicts.measure import measure_all

FIGURES = {  # figures of records: (title, the paragraph of `prose` on it)
    "choices": ("Effects of the paper's choices in a small net", "Small nets"),
    "transfer": ("Effects with trained weights", ""),
    "classifier": ("Effects in a classifier on trained features", ""),
    "biases": ("Initial biases and early learning", "Biases"),
    "snapshots": ("Caffe's net for CIFAR-10 beside ours", "Caffe's net"),
}
DRAWN = {"Figure 1": "figure1"} | {said: id for id, (_, said) in FIGURES.items()}


@dataclass(frozen=True)
class Share:
    """A verdict's share of the tally."""

    verdict: str
    count: int


@dataclass(frozen=True)
class Row:
    """A claim on one line, and all `facts` about it as (what, text) pairs."""

    id: str
    where: str
    statement: str
    printed: str
    elsewhere: str
    ours: str
    verdict: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Group:
    """The claims of a section of the paper, and (title, paragraph, id of its figure)
    of what is said of them."""

    heading: str
    rows: tuple[Row, ...]
    said: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class Picture:
    """A figure with its caption and tables; `commands` draw it where it is missing.

    `printed` says what the paper's figure shows, as (claim's id, text) pairs.
    """

    id: str
    title: str
    svg: str = ""
    caption: str = ""
    said: str = ""
    printed: tuple[tuple[str, str], ...] = ()
    sections: tuple[Section, ...] = ()
    commands: tuple[str, ...] = ()


@dataclass(frozen=True)
class Told:
    """An article: what it did, what happened here and why, and its claims."""

    variant: str
    title: str
    by: str
    did: tuple[str, ...]
    changes: Section
    guesses: tuple[str, ...]
    happened: str
    tally: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Page:
    """What the template shows."""

    title: str
    abstract: str
    tally: tuple[Share, ...]
    groups: tuple[Group, ...]
    figures: tuple[Picture, ...]
    curves: tuple[logs.Curve, ...]
    diagram: Picture
    architecture: tuple[Section, ...]
    nets: Section
    articles: tuple[Told, ...]
    citations: tuple[tuple[str, str, str], ...]  # (title, APA, BibTeX)
    made: str


def build(records, placement="auto", notify=lambda text: None):
    """Returns the `Page` of these records; nets are built, and `notify` is told which.

    `placement` is of the paper's two towers: see `forms.tower_devices`.
    """
    from alexnet_paper.verdicts import forms

    variant = variants.get("paper")
    devices = forms.tower_devices(variant, placement)
    measured, *articles = all_measured(variant, devices, records, notify)
    notify("drawing figures …")
    return Page(
        title="ImageNet Classification with Deep Convolutional Neural Networks "
        "(2012), claim by claim",
        abstract=screen.tally(measured.rows),
        tally=tally(measured.rows),
        groups=groups(measured.rows, records),
        figures=(*paper_figures(measured, records), *record_figures(records)),
        curves=logs.of_all(records),
        diagram=diagram(variant),
        architecture=tuple(architecture(measured)),
        nets=runs.nets_section(records),
        articles=tuple(told(one, records) for one in articles),
        citations=citations(),
        made=made(records),
    )


def all_measured(variant, devices, records, notify):
    """Yields the `Measured` of the paper's net and of the articles' nets."""
    notify(f"building and measuring {variant.name} …")
    yield measure_all(variant, records, devices)
    for name in results.ARTICLES:
        notify(f"building and measuring {name} …")
        yield measure_all(variants.get(name), records)


def filled_in(finalize, **delimiters):
    """Returns the environment of jinja2 in which templates are filled in: every value
    goes through `finalize` and is escaped, and none may be missing."""
    return Environment(
        loader=PackageLoader("alexnet_paper", "report/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=finalize,
        **delimiters,
    )


def html(page):
    """Returns a `Page` as the text of a file."""
    templates = filled_in(shown)
    templates.filters |= {"words": words, "slug": slug}
    constants = {
        "RULES": verdicts.RULES,
        "MARKS": {name: mark for name, (mark, _) in screen.MARKS.items()},
        "MEASURES": logs.MEASURES,
        "PLURAL": screen.PLURAL,
        "ADVICE": cite.ADVICE,
    }
    curves = [asdict(one) for one in page.curves]
    template = templates.get_template("page.html")
    return template.render(page=page, curves=curves, **constants)


def shown(value):
    """Returns a value as the template shows it: of texts, what can be printed."""
    plain = isinstance(value, str) and not isinstance(value, Markup)
    return printable(value) if plain else value


def words(text):
    """Returns a text as HTML, with what is between backquotes as code."""
    parts = printable(text.replace("\n", " ").replace(" %", "\u00a0%")).split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part)
        for number, part in enumerate(parts)
    )


def slug(text):
    """Returns a text as a part of an id or a class."""
    return "".join(one if one.isalnum() else "-" for one in text.lower())


def tally(rows):
    counts = Counter(found.verdict for _, found in rows)
    return tuple(Share(name, counts[name]) for name in verdicts.RULES if counts[name])


def groups(rows, records):
    decided = {
        name: stand_ins.decisions(records, name)
        for name, one in experiments.EXPERIMENTS.items()
        if one.hypotheses
    }
    return tuple(
        Group(
            heading,
            tuple(row(claim, found, decided) for claim, found in of_heading),
            paragraphs(results.PARAGRAPHS.get(heading, ()), records),
        )
        for heading, of_heading in results.grouped(rows).items()
    )


def row(claim, found, decided=()):
    return Row(
        claim.id,
        claim.section,
        claim.statement,
        screen.lost_without(claim),
        screen.elsewhere(claim),
        found.ours,
        found.verdict,
        (*screen.about_claim(claim, found), *effects(claim, decided)),
    )


def effects(claim, decided):
    """Yields the effects measured for a claim, with intervals and gates, as (what,
    text) pairs; `decided` has {experiment: its `hypotheses.Decision`s}."""
    for name in decided:
        experiment = experiments.get(name)
        asked = [one for one in experiment.hypotheses if claim.id in one.claims]
        if asked and experiment.gate:
            yield f"gate of {name}", runs.gate_in_words(experiment.gate)
        about = [one for one in decided[name] if claim.id in one.hypothesis.claims]
        section = runs.effects_section(about, experiment)
        for cells in section.rows:
            pairs = zip(section.columns[1:], cells[1:], strict=True)
            told = "; ".join(f"{column} {cell}" for column, cell in pairs)
            yield f"{cells[0]} in {name}", told


def paragraphs(names, records):
    said = ((name, prose.EXPLANATIONS[name](records)) for name in names)
    return tuple((name, text, DRAWN.get(name, "")) for name, text in said if text)


def paper_figures(measured, records):
    """Yields Figures 1 to 4: what the paper's shows, and what there is of ours."""
    about = {n: shown_by(measured.rows, f"Fig. {n}") for n in (1, 2, 3, 4)}
    drawn, title = figures.figure1(records), "Figure 1: ReLU against tanh"
    yield picture("figure1", title, drawn, *about[1])
    printed, _ = about[2]
    title, said = "Figure 2: the net", "It is drawn below, with the architecture."
    yield Picture("figure-2", title, said=said, printed=printed)
    features = [one for one in records if one.protocol.experiment == "features"]
    sections = runs.features_sections(features[::-1]) if features else []
    for number, title, own in (
        (3, "Figure 3: the first layer's kernels", sections[1:]),
        (4, "Figure 4: labels and nearest images", sections[:1]),
    ):
        printed, commands = about[number]
        yield Picture(
            f"figure-{number}",
            title,
            said="Weights are needed to draw it; the records have these numbers of it."
            if own
            else "Weights are needed to draw it.",
            printed=printed,
            sections=tuple(own),
            commands=commands,
        )


def shown_by(rows, figure):
    """((id, text) of the claims on a figure of the paper, the commands that draw it)"""
    found = [(claim, own) for claim, own in rows if figure in claim.section]
    printed = tuple(
        (claim.id, f"{claim.statement}: {claim.printed}") for claim, _ in found
    )
    commands = (claim.command for claim, _ in found if claim.command)
    return printed, tuple(dict.fromkeys(commands))


def record_figures(records):
    """Yields the figures of experiments; of those without records the command."""
    for name, (title, _) in FIGURES.items():
        command = figures.MAKES.get(name, f"python -m reproduce.experiment {name}")
        drawn = figures.OF_RECORDS[name](records)
        yield picture(name, title, drawn, (), (f"{command} --data-dir DIR",))


def picture(id, title, drawn, printed, commands):
    """A `Picture` of a (figure, sections) pair, or of None where records are missing,
    or too few to decide anything."""
    if drawn is None:
        said = "Records are missing, or seeds are too few."
        return Picture(id, title, said=said, printed=printed, commands=commands)
    figure, sections = drawn
    svg, caption = inlined(figure, id)
    return Picture(id, title, svg, caption, "", printed, tuple(sections))


def inlined(figure, id):
    """(a figure without its caption as SVG, the caption)"""
    caption = style.captions(figure)
    style.without_captions(figure)
    return Markup(style.inline_svg(figure, id)), caption


def diagram(variant):
    drawn = figure2.architecture_diagram(variant.architecture, variant.title)
    svg, caption = inlined(drawn, "figure2")
    return Picture("figure2", variant.title, svg, caption)


def architecture(measured):
    """Yields the tables of the net: layers, memory, and the tensors that cross."""
    variant = measured.variant
    net = variant.architecture
    layers, totals = specs.trace(net), specs.totals(net)
    yield net_sections.architecture_section(variant, layers, totals)
    yield net_sections.memory_section(specs.memory(net), variant.recipe.batch_size)
    if measured.forms:
        yield from claims.forms_sections(measured.forms)
    else:
        yield crossings(net)


def crossings(net):
    rows = tuple(
        (
            one.into,
            f"{one.source} → {one.target}",
            "×".join(map(str, one.shape)),
            f"{one.bytes:,}",
        )
        for one in specs.crossings(net)
    )
    columns = ("into", "from → to", "shape", "bytes")
    return Section("Tensors that cross between the devices, per image", columns, rows)


def told(measured, records):
    """What is known of an article."""
    article, variant = measured.article, measured.variant
    changed = article.updated and f"updated {cite.day(article.updated)}"
    author = article.author or "Author unknown"
    by = (author, article.publisher, article.year, changed)
    changes = net_sections.differences_section(
        "What it changed", ("paper", "article"), table.changes(variant)
    )
    return Told(
        variant.name,
        article.title,
        ", ".join(filter(None, by)),
        variant.departures,
        changes,
        article.guesses,
        prose.EXPLANATIONS[variant.name](records),
        screen.tally(measured.rows),
        tuple(row(claim, found) for claim, found in measured.rows),
    )


def citations():
    return tuple((one.title, cite.apa(one), cite.bibtex(one)) for one in cite.works())


def made(records):
    return (
        f"Made by alexnet_paper {alexnet_paper.__version__}, commit "
        f"{environment.commit()}, from {len(records)} records and "
        f"{len(paper.CLAIMS)} claims."
    )
