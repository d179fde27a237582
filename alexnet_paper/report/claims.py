"""Claims, the paper's tables and its open questions as sections."""

from alexnet_paper import paper
from alexnet_paper.report.screen import elsewhere
from alexnet_paper.report.screen import lost_without
from alexnet_paper.report.screen import tally
from alexnet_paper.report.writers import Section
from alexnet_paper.verdicts.finding import CONTRADICTED
from alexnet_paper.verdicts.finding import INCONCLUSIVE
from alexnet_paper.verdicts.finding import NOT_ATTEMPTED
from alexnet_paper.verdicts.finding import NOT_REPRODUCED
from alexnet_paper.verdicts.finding import REPLICATED
from alexnet_paper.verdicts.finding import REPRODUCED
from alexnet_paper.verdicts.finding import SUPPORTED

TO_RUN = (REPLICATED, NOT_ATTEMPTED, SUPPORTED, CONTRADICTED, INCONCLUSIVE)  # in full


def claims_section(variant, measured, article):
    """Returns every claim in full; `measured` are (claim, finding) pairs."""
    rows = []
    for claim, finding in measured:
        notes = [finding.note] if finding.note else []
        if finding.records:
            notes.append(f"records {', '.join(finding.records)}")
        rows.append(
            (
                claim.id,
                claim.section,
                claim.statement,
                with_unit(claim),
                claim.authors or "–",
                finding.ours,
                finding.verdict + (f" ({'; '.join(notes)})" if notes else ""),
            )
        )
    title = f"{article.title} ({article.publisher or 'article'})" if article else ""
    return Section(
        f"{title or 'Krizhevsky, Sutskever & Hinton (2012)'}, claim by claim",
        (
            "id",
            "where",
            "claim",
            "article" if article else "paper",
            "authors' log",
            "ours",
            "verdict",
        ),
        tuple(rows),
        f"Ours: {variant.title} (variant {variant.name}).",
    )


def brief_section(variant, measured, article):
    """Returns a table that fits a page: id, claim, printed, ours, verdict."""
    rows = tuple(
        (claim.id, claim.statement, lost_without(claim), finding.ours, finding.verdict)
        for claim, finding in measured
    )
    title = article.title if article else "Krizhevsky, Sutskever & Hinton (2012)"
    printed = "article" if article else "paper"
    return Section(
        f"{title} beside variant {variant.name}",
        ("id", "claim", printed, "ours", "verdict"),
        rows,
        f"{tally(measured)} Differences are points of error lost without it.",
    )


def with_unit(claim):
    """Returns the printed value, with its unit if that is % or points."""
    told = claim.unit not in ("%", "points") or "%" in claim.printed
    told = told or claim.unit in claim.printed
    return claim.printed if told else f"{claim.printed} {claim.unit}"


def forms_sections(forms):
    """Returns three sections on a `verdicts.forms.Forms`: the differences between the
    two forms, the placement of operations, and the tensors that cross."""
    a, b = forms.devices
    batch = forms.images
    agreement = Section(
        f"Two towers on {a} and {b} against the one-device form, {batch} views of two "
        "photographs, same weights",
        ("largest relative difference", "value"),
        (
            ("outputs (logits)", f"{forms.outputs:.1e}"),
            ("gradients, dropout on", f"{forms.gradients:.1e}"),
            ("weights after one step", f"{forms.step:.1e}"),
        ),
    )
    placed = Section(
        "Placement found in the training step's graph",
        ("layer", "forward", "backward", "momentum and update"),
        tuple(
            (
                layer,
                *(
                    ", ".join(sorted(roles.get(role, ()))) or "–"
                    for role in ("forward", "backward", "update")
                ),
            )
            for layer, roles in sorted(forms.placed.items())
            if "update" in roles or layer.endswith("_reads")
        ),
        "Every other layer's operations are on its tower's device too."
        if not forms.strays
        else f"Operations off their tower's device in: {', '.join(forms.strays)}.",
    )
    rows = tuple(
        (
            row.crossing.into,
            f"{row.crossing.source} → {row.crossing.target}",
            "×".join(map(str, row.crossing.shape)),
            f"{row.crossing.bytes:,}",
            times(row.forward),
            times(row.backward),
        )
        for row in forms.crossed
    )
    crossed = Section(
        "Tensors that cross between the devices, per image",
        ("into", "from → to", "shape", "bytes", "in the graph", "its gradient, back"),
        rows,
        crossing_note(forms),
    )
    return [agreement, placed, crossed]


def times(number):
    return {0: "missing", 1: "yes"}.get(number, f"{number} times")


def crossing_note(forms):
    exact = "Exactly Figure 2's tensors" if forms.as_figure_2 else "Not only these"
    images = [t for t in forms.rest if t.into.startswith("conv1") and len(t.shape) == 4]
    numbers = [t for t in forms.rest if not t.shape]
    others = len(forms.rest) - len(images) - len(numbers)
    return (
        f"{exact} cross; besides them the image, which both towers see ({len(images)} "
        f"tensor), the learning rate as single numbers ({len(numbers)} of "
        f"{sum(t.bytes for t in numbers) // max(len(numbers), 1)} bytes a step)"
        + (f" and {others} others." if others else " and nothing else.")
    )


def printed_sections(rows):
    """Returns the paper's Tables 1 and 2, with ours where it is the same net on the
    same data; `rows` are (claim, finding) pairs."""
    ours = {
        claim.id: finding.ours
        for claim, finding in rows
        if finding.verdict in (REPRODUCED, NOT_REPRODUCED)
    }
    return [results_section(one, ours) for one in (paper.TABLE_1, paper.TABLE_2)]


def results_section(table, ours):
    """Returns Table 1 or 2 of the paper; `ours` is {claim id: measured "a / b"}."""
    rows = []
    for row in table.rows:
        cells, measured = [row.model], ours.get(row.claim, "not run").split(" / ")
        measured = ["cited"] * 3 if row.cited else measured
        for index, (printed, logged) in enumerate(
            zip(row.printed, row.authors, strict=True)
        ):
            log = f" (log {logged:.2f})" if logged is not None else ""
            cells.append("—" if printed is None else f"{printed:.1f}{log}")
            there = measured[index] if index < len(measured) else "not run"
            cells.append("—" if printed is None else there)
        rows.append(tuple(cells))
    columns = [cell for name in table.columns for cell in (f"{name}, paper", "ours")]
    return Section(table.title, ("model", *columns), tuple(rows), table.protocol)


def commands_section(measured):
    """Returns the claims that were not run, or in a small net only, with their needs
    and their exact commands."""
    rows, left = {}, TO_RUN
    measured = [(claim, found) for claim, found in measured if found.verdict in left]
    for claim, _ in measured:
        if not claim.command:
            continue
        rows.setdefault((claim.needs, claim.command), []).append(claim.id)
    return Section(
        "Claims that were not measured on the data they need, and their commands",
        ("claims", "needs", "command"),
        tuple(
            (", ".join(ids), needs, command) for (needs, command), ids in rows.items()
        ),
        "\n".join(
            f"{claim.id}: {claim.remark}." for claim, _ in measured if claim.remark
        ),
    )


CHIEF = (  # the claims in the README
    "A02 A03 A04 B05 B06 D01 E02 F02 G01 H08 I02 I04 I06 J03 K02 K06 L04 L05 N03 O01"
).split()


def chief_section(measured):
    """Returns the twenty chief claims; the note counts all claims by verdict."""
    rows = tuple(
        (
            claim.id,
            claim.section,
            claim.statement,
            lost_without(claim),
            elsewhere(claim) or "–",
            finding.ours,
            finding.verdict,
        )
        for claim, finding in measured
        if claim.id in CHIEF
    )
    return Section(
        "Twenty claims of Krizhevsky, Sutskever & Hinton (2012)",
        ("id", "where", "claim", "paper", "elsewhere", "ours", "verdict"),
        rows,
        f"All {tally(measured)} Differences are points of error lost without it. "
        "Elsewhere: the nearest independent measurement (~: under another protocol or "
        "of another net; ᵀ: read in a transcription) and how many more there are; "
        "`--claim ID` tells all of them.",
    )


def notes_sections():
    """Returns the open questions, the authors' logs and schedules, and the sources."""
    questions = tuple(
        (q.id, q.question, q.paper, q.authors, q.others or "–", q.choice, q.reason)
        for q in paper.OPEN_QUESTIONS
    )
    logged = tuple(
        (run.run, run.what, run.dataset, f"{run.top1} / {run.top5}", run.source)
        for run in paper.LOGGED_VARIANTS
    )
    names = ("first_drop", "second_drop", "conv1_slowed", "conv1_frozen", "third_drop")
    schedules = tuple(
        (row.run, *(str(getattr(row, name) or "–") for name in (*names, "stopped")))
        for row in paper.SCHEDULES
    )
    return [
        Section(
            "Open questions",
            (
                "id",
                "question",
                "paper",
                "authors' code",
                "others",
                "here",
                "because",
            ),
            questions,
        ),
        Section(
            "Errors the authors logged for other nets (10 views unless stated)",
            ("run", "what", "data", "top-1 / top-5", "source"),
            logged,
        ),
        Section(
            "Epochs at which the authors changed rates by hand",
            ("run", *(name.replace("_", " ") for name in names), "stopped"),
            schedules,
        ),
        Section(
            "Sources of the authors' own numbers",
            ("id", "claim", "authors' log", "source"),
            tuple(
                (claim.id, claim.statement, claim.authors, claim.authors_source)
                for claim in paper.CLAIMS
                if claim.authors
            ),
        ),
        Section("Sources", ("key", "what"), tuple(paper.SOURCES.items())),
    ]
