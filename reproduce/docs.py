"""Writes the pages that are generated: notes, departures, results, the README's table.

    python -m reproduce.docs
    python -m reproduce.docs --check

Run it in the checkout's root after changing data, records or claims (about a minute).
--check writes nothing and exits 1 if a page is not what the code and records give; it
does not look into the pictures, whose bytes depend on fonts.
"""

import sys
from pathlib import Path

from reproduce import command_line

BEGIN, END = "<!-- generated: python -m reproduce.docs -->", "<!-- end -->"
PICTURES = {  # below docs, of a paragraph of the results
    "Figure 1": "figures/figure1.svg",
    "Small nets": "figures/effects.svg",
    "Biases": "figures/biases.svg",
}


def parser():
    parser = command_line.parser("reproduce.docs", __doc__)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    return parser


def main(arguments=None):
    options = parser().parse_args(arguments)
    return command_line.run(docs, options)


def docs(options):
    from alexnet_paper.files import atomic_write
    from alexnet_paper.report import style
    from alexnet_paper.results import record

    command_line.quiet_keras()
    with command_line.usage():
        readme = Path("README.md").read_text(encoding="utf-8")
    pages = {**static_pages(), "README.md": with_block(readme, readme_table())}
    stale = [
        name
        for name, text in pages.items()
        if not Path(name).exists() or Path(name).read_text(encoding="utf-8") != text
    ]
    if options.check:
        if stale:
            command_line.note(f"not up to date: {', '.join(stale)}")
            raise SystemExit(1)
        return
    for name in stale:
        atomic_write(name, pages[name])
        print(name)
    for name, draw in pictures(record.load_all(record.shipped())).items():
        style.save(draw(), Path("docs") / name)


def static_pages():
    """{path: text} of the pages that need no measurement."""
    from alexnet_paper.report import claims as layout

    return {
        "docs/paper_notes.md": page(
            "Notes on the paper",
            "What the paper leaves open, and what was chosen here. Then what its "
            "authors logged besides the numbers they printed.",
            layout.notes_sections(),
        ),
        "docs/departures.md": page(
            "Departures",
            "What every variant changes against the paper as printed, and where it "
            "comes from.",
            [*layout.departures_sections(), *start_sections()],
        ),
        "docs/results.md": results_page(),
    }


def start_sections():
    from alexnet_paper.results import curves
    from alexnet_paper.results import record
    from reproduce import drawing

    records = record.load_all(record.shipped())
    names = ("start", "start-cifar10", "biases")
    return [
        drawing.of_starts(name, records)
        for name in names
        if curves.of_experiment(records, name)
    ]


def results_page():
    from alexnet_paper.report import runs
    from alexnet_paper.results import record
    from alexnet_paper.verdicts import recorded
    from alexnet_paper.verdicts import stand_ins

    shipped = record.load_all(record.shipped())
    features = [r for r in shipped if r.protocol.experiment == "features"]
    records = [r for r in shipped if r not in features]
    text = "What the records that come with this project say, and then every record."
    drawn = pictures(shipped)
    for name, explain in recorded.EXPLANATIONS.items():
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
    """The paper's claims that experiments on small nets decide."""
    from alexnet_paper import paper
    from alexnet_paper.report import runs
    from alexnet_paper.verdicts import recorded
    from alexnet_paper.verdicts import stand_ins

    found = [
        (claim, recorded.finding(claim, records, "paper"))
        for claim in paper.CLAIMS
        if claim.id in stand_ins.READINGS
    ]
    found = [(claim, finding) for claim, finding in found if finding]
    return [runs.tried_section(found, "../reproduce/results")] if found else []


def pictures(records):
    """{path below docs: a function that draws it} of what the records suffice for."""
    from alexnet_paper.results import curves
    from alexnet_paper.verdicts import stand_ins
    from reproduce import drawing

    drawn = {}
    if race := curves.figure1(records):
        drawn[PICTURES["Figure 1"]] = lambda: drawing.of_race(race)
    if curves.of_experiment(records, "biases"):
        drawn[PICTURES["Biases"]] = lambda: drawing.of_biases(records)
    if found := stand_ins.decisions(records):
        drawn[PICTURES["Small nets"]] = lambda: drawing.of_effects(found)
    return drawn


def page(title, text, sections):
    from alexnet_paper.report import writers

    head = f"# {title}\n\n{BEGIN}\n\n{text}\n"
    return f"{head}\n{writers.write(sections, 'markdown')}" if sections else head


def readme_table():
    """The claims that were measured, from the built net and the shipped records."""
    from alexnet_paper.nets import variants
    from alexnet_paper.report import claims as layout
    from alexnet_paper.report import writers
    from alexnet_paper.results import record
    from alexnet_paper.verdicts.measure import measure_all

    records = record.load_all(record.shipped())
    measured = measure_all(variants.get("paper"), records)
    return writers.markdown(layout.short_claims_section(measured.rows))


def with_block(text, block):
    """`text` with what stands between the two marks replaced. Raises ValueError if
    they are not there."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md has no block {BEGIN} … {END}")
    return f"{head}{BEGIN}\n\n{block}\n{END}{tail}"


if __name__ == "__main__":
    sys.exit(main())
