"""docs/results.md: the results as a short paper, whose every number is read from
claims, replications and records."""

from collections import Counter

from alexnet_paper.paper import replications
from alexnet_paper.report import figures
from alexnet_paper.report import prose
from alexnet_paper.report import runs
from alexnet_paper.report import screen
from alexnet_paper.report import writers
from alexnet_paper.results import experiments
from alexnet_paper.verdicts import finding as verdicts
from alexnet_paper.verdicts import stand_ins

RECORDS = "../reproduce/results"  # from docs
PARAGRAPHS = {  # heading of the paper: what `prose` says below its claims
    "§3.1 ReLU": ("Figure 1",),
    "§3.3 Response normalization": ("The 18 % net", "Caffe's net", "Footnote 3"),
    "§5 Learning": ("Biases",),
    "§6.1 Qualitative": ("Two towers",),
    "§7 Discussion": ("Small nets",),
}
ARTICLES = ("bn-cifar10", "cats-vs-dogs", "bn-flowers17")
MEASURED = (
    verdicts.REPRODUCED,
    verdicts.NOT_REPRODUCED,
    verdicts.SUPPORTED,
    verdicts.CONTRADICTED,
    verdicts.INCONCLUSIVE,
)


def text(measured, records, pictures):
    """The page below its title.

    Args:
        measured: `verdicts.measure.Measured` of the paper's net.
        records: The shipped ones.
        pictures: {paragraph of `prose`: path of its figure below docs}.
    """
    notes = Footnotes()
    features = [one for one in records if one.protocol.experiment == "features"]
    trained = [one for one in records if one not in features]
    parts = [
        ("Abstract", abstract(measured.rows, trained)),
        ("Method", method(measured.rows)),
        ("Results, claim by claim", by_section(measured, trained, pictures, notes)),
        ("The articles", "\n\n".join(said(trained, ARTICLES, pictures))),
        ("What others measured", writers.markdown(others_section())),
        ("Limits", "\n".join(f"- {one}" for one in limits(measured.rows))),
        ("Compute", prose.EXPLANATIONS["Compute"](trained)),
        ("Appendix: features of trained weights", of_features(features)),
        ("Appendix: every run", of_runs(trained)),
    ]
    sections = [f"## {title}\n\n{body.strip()}\n" for title, body in parts if body]
    return "\n".join(sections) + "\n" + notes.text()


class Footnotes:
    """Numbers for lists of records, which stand at the end of the page."""

    def __init__(self):
        self.lists = []

    def mark(self, names):
        """ "[^3]" for the records of these names, or "–" for none."""
        if not names:
            return "–"
        if names not in self.lists:
            self.lists.append(names)
        return f"[^{self.lists.index(names) + 1}]"

    def text(self):
        links = (", ".join(link(name) for name in names) for names in self.lists)
        lines = [f"[^{number}]: {line}" for number, line in enumerate(links, 1)]
        return "\n".join(lines) + "\n" if lines else ""


def link(name):
    """Links a record by its name; a star, for all seeds, leads to seed 0."""
    shown = name.replace("*", r"\*")
    return f"[{shown}]({RECORDS}/{name.replace('*', '0')})"


def abstract(rows, records):
    """What was measured, and what came out, in a few sentences."""
    counts = Counter(found.verdict for _, found in rows)
    errata = listed(rows, verdicts.ERRATUM, "printed {printed}, follows {ours}")
    supported = listed(rows, verdicts.SUPPORTED, "paper {printed}, here {ours}")
    contradicted = listed(rows, verdicts.CONTRADICTED, "paper {printed}, here {ours}")
    undecided = listed(rows, verdicts.INCONCLUSIVE, "{ours}")
    said = [
        "Krizhevsky, Sutskever & Hinton's net of 2012 was rebuilt, and every number "
        f"that they state was made a row. {screen.tally(rows)}",
        f"Numbers that do not follow from the paper's other ones: {errata}.",
        f"Found again in a stand-in (other data, or a smaller net): {supported}.",
    ]
    if contradicted:
        said.append(f"Contradicted in a stand-in: {contradicted}.")
    if undecided:
        said.append(f"Tried, and undecided so far: {undecided}.")
    said.append(
        f"ImageNet was not at hand: {counts[verdicts.REPLICATED]} claims rest on "
        f"measurements by others, {counts[verdicts.NOT_ATTEMPTED]} on none. That "
        "training works here is shown by a published net of the first author's. "
        + prose.EXPLANATIONS["The 18 % net"](records)
    )
    return "\n\n".join(said)


def listed(rows, verdict, words):
    """The claims of one verdict: "parameters (A03: paper 60, here 61); …"."""
    return "; ".join(
        f"{claim.statement} ({claim.id}: "
        + words.format(printed=screen.lost_without(claim), ours=found.ours)
        + ")"
        for claim, found in rows
        if found.verdict == verdict
    )


def method(rows):
    """How a verdict comes about: the rules, the direction, intervals and the gate."""
    return "\n\n".join((*decided(), writers.markdown(rules_section(rows))))


def rules_section(rows):
    counts = Counter(found.verdict for _, found in rows)
    return writers.Section(
        "Verdicts",
        ("verdict", "when", "claims"),
        tuple((name, rule, f"{counts[name]}") for name, rule in verdicts.RULES.items()),
    )


def decided():
    """The paragraphs on the direction, intervals and the gate."""
    gate = experiments.get(stand_ins.CHOICES).gate
    return (
        "A claim that needs no data is measured on the built Keras model and on the "
        "code that trains it. A claim that needs data is read from records: files that "
        "hold the command, commit, seed, data fingerprint and outcome of a run. An "
        "experiment's hypotheses, arms, seeds, gate and analysis are committed before "
        "its first run, and fewer seeds than it registers decide nothing. Every "
        "difference is points of error lost without the thing in question: positive "
        "where the paper and we agree that it helps. Intervals are of 95 %: over seeds "
        "where nets are compared, Wilson's over images for one net.",
        f"The gate of a stand-in: {runs.gate_in_words(gate)} Where it is not passed, "
        f"the verdict is {verdicts.INCONCLUSIVE}, however small p.",
    )


def by_section(measured, records, pictures, notes):
    """A table for each section of the paper, and what is to be said of it."""
    parts = []
    for heading, rows in grouped(measured.rows).items():
        parts.append(writers.markdown(claims_section(heading, rows, notes)).strip())
        parts += said(records, PARAGRAPHS.get(heading, ()), pictures)
    for name in experiments.EXPERIMENTS:
        for section in figures.effects_sections(records, name):
            parts.append(writers.markdown(section).strip())
    return "\n\n".join(parts)


def grouped(rows):
    """{heading of the paper: its (claim, finding) pairs}, in order."""
    groups = {}
    for claim, found in rows:
        heading = screen.HEADINGS.get(claim.id[0]) or [*groups][-1]
        groups.setdefault(heading, []).append((claim, found))
    return groups


def claims_section(heading, rows, notes):
    cells = tuple(
        (
            claim.id,
            claim.statement,
            screen.lost_without(claim),
            screen.elsewhere(claim) or "–",
            found.ours,
            found.verdict,
            (found.note or "–") if found.verdict not in verdicts.UNRUN else "–",
            notes.mark(found.records),
        )
        for claim, found in rows
    )
    columns = ("id", "claim", "paper", "elsewhere", "ours", "verdict", "how", "records")
    return writers.Section(heading, columns, cells)


def said(records, names, pictures):
    """The paragraphs of `prose` of these names, each with its figure."""
    parts = []
    for name in names:
        if words := prose.EXPLANATIONS[name](records):
            parts.append(f"**{name}.** {words}")
            if name in pictures:
                parts.append(f"![{name}]({pictures[name]})")
    return parts


def others_section():
    """Every replication, claim by claim."""
    rows = tuple(
        (
            ", ".join(one.claims),
            one.who,
            one.number,
            "–" if one.lost is None else f"{one.lost:+g}",
            one.protocol + ("" if one.alike else " (another protocol or net)"),
            one.source,
            one.grade,
        )
        for one in replications.REPLICATIONS
    )
    return writers.Section(
        f"{len(rows)} independent measurements",
        ("claims", "who", "number", "lost", "protocol", "source", "grade"),
        rows,
        "Lost: points of top-1 error lost without the thing in question. Grade S: read "
        "in the source named; T: in a transcription.",
    )


def limits(rows):
    """What does not follow from this page, point by point."""
    tried = [claim.id for claim, found in rows if found.verdict in MEASURED]
    needs = Counter(
        claim.needs for claim, found in rows if found.verdict in verdicts.UNRUN[:2]
    )
    missing = "; ".join(f"{need} ({count})" for need, count in needs.most_common())
    return (
        "Conformity is not reproduction. That the built net has what the paper "
        "prints says nothing of how well it learns.",
        f"{len(tried)} claims were tried on CIFAR-10, or on weights that others "
        f"trained: {', '.join(tried)}. One small net is not every net, and CIFAR-10 is "
        "not ImageNet.",
        f"What was not run needs: {missing}. `python -m reproduce.table --claim ID` "
        "gives the exact command of each.",
        "The two-device form ran on two logical devices of one processor; two cards "
        "were not at hand.",
        "Timings are of shared cores and are not compared between runs.",
    )


def of_features(records):
    sections = runs.features_sections(records[::-1]) if records else []
    return "\n".join(writers.markdown(one) for one in sections)


def of_runs(records):
    """Every record, in a table a variant."""
    names = sorted({one.variant for one in records})
    return "\n".join(
        writers.markdown(
            runs.records_section([r for r in records if r.variant == name], name)
        )
        for name in names
    )
