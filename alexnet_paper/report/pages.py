"""The pages that are generated: notes, departures, results, and the README's table."""

import functools

from alexnet_paper import paper
from alexnet_paper.nets import variants
from alexnet_paper.report import claims
from alexnet_paper.report import figures
from alexnet_paper.report import nets as net_sections
from alexnet_paper.report import prose
from alexnet_paper.report import runs
from alexnet_paper.report import writers
from alexnet_paper.results import curves
from alexnet_paper.results import record
from alexnet_paper.verdicts import recorded
from alexnet_paper.verdicts import stand_ins
from alexnet_paper.verdicts.measure import measure_all

BEGIN, END = "<!-- generated: python -m reproduce.docs -->", "<!-- end -->"
PICTURES = {  # below docs, of a paragraph of the results
    "Figure 1": "figures/figure1.svg",
    "Small nets": "figures/effects.svg",
    "Biases": "figures/biases.svg",
}


@functools.cache
def shipped():
    """The records that come with the project."""
    return record.load_all(record.shipped())


def static_pages():
    """{path: text} of the pages that need no measurement."""
    return {
        "docs/paper_notes.md": page(
            "Notes on the paper",
            "What the paper leaves open, and what was chosen here. Then what its "
            "authors logged besides the numbers they printed.",
            claims.notes_sections(),
        ),
        "docs/departures.md": page(
            "Departures",
            "What every variant changes against the paper as printed, and where it "
            "comes from.",
            [*net_sections.departures_sections(), *start_sections()],
        ),
        "docs/results.md": results_page(),
    }


def start_sections():
    records = shipped()
    names = ("start", "start-cifar10", "biases")
    return [
        figures.starts_section(name, records)
        for name in names
        if curves.of_experiment(records, name)
    ]


def results_page():
    found = shipped()
    features = [r for r in found if r.protocol.experiment == "features"]
    records = [r for r in found if r not in features]
    text = "What the records that come with this project say, and then every record."
    drawn = pictures()
    for name, explain in prose.EXPLANATIONS.items():
        if said := explain(records):
            text += f"\n\n**{name}.** {said}"
            if path := PICTURES.get(name):
                text += f"\n\n![{name}]({path})" if path in drawn else ""
    sections = tried_sections(found)
    if decided := stand_ins.decisions(found):
        sections.append(runs.effects_section(decided))
    sections += runs.features_sections(features[::-1]) if features else []
    sections += [
        runs.records_section([r for r in records if r.variant == name], name)
        for name in sorted({found.variant for found in records})
    ]
    return page("Results", text, sections)


def tried_sections(records):
    """The paper's claims that experiments on small nets decide."""
    found = [
        (claim, recorded.finding(claim, records, "paper"))
        for claim in paper.CLAIMS
        if claim.id in stand_ins.READINGS
    ]
    found = [(claim, finding) for claim, finding in found if finding]
    return [runs.tried_section(found, "../reproduce/results")] if found else []


@functools.cache
def pictures():
    """{path below docs: the figure} of what the shipped records suffice for."""
    records = shipped()
    drawn = {
        PICTURES["Figure 1"]: figures.figure1(records),
        PICTURES["Biases"]: figures.biases(records),
        PICTURES["Small nets"]: figures.effects(records),
    }
    return {path: found[0] for path, found in drawn.items() if found}


def page(title, text, sections):
    head = f"# {title}\n\n{BEGIN}\n\n{text}\n"
    return f"{head}\n{writers.write(sections, 'markdown')}" if sections else head


def readme_table():
    """The claims that were measured, from the built net and the shipped records."""
    records = shipped()
    measured = measure_all(variants.get("paper"), records)
    return writers.markdown(claims.chief_section(measured.rows))


def readme(text):
    """The README with its table. Raises ValueError where it has no place for it."""
    return with_block(text, readme_table())


def with_block(text, block):
    """`text` with what stands between the two marks replaced. Raises ValueError if
    they are not there."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md has no block {BEGIN} … {END}")
    return f"{head}{BEGIN}\n\n{block}\n{END}{tail}"
