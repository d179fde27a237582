"""The pages that are generated: notes, departures, results, scaling, how to cite, and
the README's table."""

import functools

from alexnet_paper.nets import variants
from alexnet_paper.report import cite
from alexnet_paper.report import claims
from alexnet_paper.report import figures
from alexnet_paper.report import nets as net_sections
from alexnet_paper.report import results
from alexnet_paper.report import scaling
from alexnet_paper.report import writers
from alexnet_paper.results import curves
from alexnet_paper.results import record
from alexnet_paper.results.scaling import FILE as SPEEDS
from alexnet_paper.results.scaling import measured as measured_speeds
from alexnet_paper.verdicts.measure import measure_all

BEGIN, END = "<!-- generated: python -m reproduce.docs -->", "<!-- end -->"
PICTURES = {  # paragraph of `prose`: (name in `figures.OF_RECORDS`, path below docs)
    "Figure 1": ("figure1", "figures/figure1.svg"),
    "Caffe's net": ("snapshots", "figures/snapshots.svg"),
    "Small nets": ("choices", "figures/effects.svg"),
    "Biases": ("biases", "figures/biases.svg"),
}


@functools.cache
def shipped():
    """The records that come with the project."""
    return record.load_all(record.shipped())


def whole_pages():
    """{path: text} of the pages that are generated whole."""
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
        "docs/scaling.md": page(
            "More cards, more machines",
            "What `--distribute` costs and what it could give: measured on one "
            "machine, and estimated where there was none.",
            scaling.sections(measured_speeds(record.shipped() / SPEEDS)),
        ),
        "docs/citation.md": page("How to cite", cite.page(), []),
        "CITATION.cff": cite.cff(cite.works()),
    }


def start_sections():
    records = shipped()
    names = ("start", "start-cifar10", "biases")
    return [
        figures.starts_section(name, records)
        for name in names
        if curves.of_experiment(records, name)
    ]


@functools.cache
def measured():
    """The paper's net beside its claims, by the shipped records."""
    return measure_all(variants.get("paper"), shipped())


@functools.cache
def pictures():
    """{paragraph of `prose`: (its path below docs, the figure)} of what the shipped
    records suffice for."""
    drawn = {
        paragraph: (path, figures.OF_RECORDS[name](shipped()))
        for paragraph, (name, path) in PICTURES.items()
    }
    return {of: (path, found[0]) for of, (path, found) in drawn.items() if found}


def results_page():
    """The results as a short paper."""
    paths = {paragraph: path for paragraph, (path, _) in pictures().items()}
    return page("Results", results.text(measured(), shipped(), paths), [])


def page(title, text, sections):
    head = f"# {title}\n\n{BEGIN}\n\n{text}\n"
    return f"{head}\n{writers.write(sections, 'markdown')}" if sections else head


def readme_table():
    """The claims that matter most, from the built net and the shipped records."""
    return writers.markdown(claims.chief_section(measured().rows))


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
