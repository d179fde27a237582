"""The pages that are generated: notes, departures, results, and the README's table."""

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
PICTURES = {  # {paragraph of the results: file below docs}
    "Figure 1": "figures/figure1.svg",
    "Small nets": "figures/effects.svg",
    "Biases": "figures/biases.svg",
}


def static_pages():
    """{path: text} of the pages that need no measurement."""
    return {
        "docs/paper_notes.md": page(
            "Notes on the paper",
            "Questions that the paper leaves open, and the choices made here; then "
            "results that its authors logged but did not print.",
            claims.notes_sections(),
        ),
        "docs/departures.md": page(
            "Departures",
            "How every variant differs from the paper as printed, and its source.",
            [*net_sections.departures_sections(), *start_sections()],
        ),
        "docs/results.md": results_page(),
    }


def start_sections():
    records = record.load_all(record.shipped())
    names = ("start", "start-cifar10", "biases")
    return [
        figures.starts_section(name, records)
        for name in names
        if curves.of_experiment(records, name)
    ]


def results_page():
    shipped = record.load_all(record.shipped())
    features = [r for r in shipped if r.protocol.experiment == "features"]
    records = [r for r in shipped if r not in features]
    text = "Results from the records shipped with this project, then every record."
    drawn = pictures(shipped)
    for name, explain in prose.EXPLANATIONS.items():
        if said := explain(records):
            text += f"\n\n**{name}.** {said}"
            if path := PICTURES.get(name):
                text += f"\n\n![{name}]({path})" if path in drawn else ""
    sections = tried_sections(shipped)
    if decided := stand_ins.decisions(shipped):
        sections.append(runs.effects_section(decided))
    sections += runs.features_sections(features[::-1]) if features else []
    sections += [
        runs.records_section([r for r in records if r.variant == name], name)
        for name in sorted({found.variant for found in records})
    ]
    return page("Results", text, sections)


def tried_sections(records):
    """Returns the paper's claims that experiments on small nets decide."""
    found = [
        (claim, recorded.finding(claim, records, "paper"))
        for claim in paper.CLAIMS
        if claim.id in stand_ins.READINGS
    ]
    found = [(claim, finding) for claim, finding in found if finding]
    return [runs.tried_section(found, "../reproduce/results")] if found else []


def pictures(records):
    """Returns {path below docs: function that draws it} for which there are records."""
    drawn = {}
    if pace := curves.figure1(records):
        drawn[PICTURES["Figure 1"]] = lambda: figures.figure1(pace)
    if curves.of_experiment(records, "biases"):
        drawn[PICTURES["Biases"]] = lambda: figures.biases(records)
    if found := stand_ins.decisions(records):
        drawn[PICTURES["Small nets"]] = lambda: figures.effects(found)
    return drawn


def page(title, text, sections):
    head = f"# {title}\n\n{BEGIN}\n\n{text}\n"
    return f"{head}\n{writers.write(sections, 'markdown')}" if sections else head


def readme_table():
    """Returns the table of chief claims, from the built net and the shipped records."""
    records = record.load_all(record.shipped())
    measured = measure_all(variants.get("paper"), records)
    return writers.markdown(claims.chief_section(measured.rows))


def readme(text):
    """Returns the README with its table. Raises ValueError if there is no block."""
    return with_block(text, readme_table())


def with_block(text, block):
    """Returns `text` with the block between `BEGIN` and `END` replaced.

    Raises ValueError if `text` lacks one of them.
    """
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md has no block {BEGIN} … {END}")
    return f"{head}{BEGIN}\n\n{block}\n{END}{tail}"
