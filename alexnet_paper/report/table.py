"""A variant beside the paper, or beside its article, in every format."""

import json
from dataclasses import asdict

from alexnet_paper.nets import differences
from alexnet_paper.nets import specs
from alexnet_paper.nets import variants
from alexnet_paper.report import SHOWN
from alexnet_paper.report import claims
from alexnet_paper.report import nets as net_sections
from alexnet_paper.report import runs
from alexnet_paper.report import screen
from alexnet_paper.report import writers
from alexnet_paper.training import environment


def table(measured, format, show=()):
    """Returns a `verdicts.measure.Measured` in one of `writers.FORMATS`.

    It is one screen as text, and otherwise one table (in LaTeX one that fits a page).
    `show` adds sections of `SHOWN`, or "all".
    """
    if format == "json":
        return json.dumps(as_json(measured), indent=1) + "\n"
    asked = set(SHOWN) if "all" in show else set(show)
    more = [one for name, one in sections(measured) if name in asked]
    if format == "text":
        first = screen.screen(measured)
        return first + ("\n" + writers.write(more, format) if more else "")
    if format == "latex" and len(measured.rows) > writers.PAGE and not measured.article:
        first = claims.chief_section(measured.rows)  # fits a page; --show claims: all
    else:
        about = measured.variant, measured.rows, measured.article
        first = claims.brief_section(*about)
    return writers.write([first, *more], format)


def claim(measured, id, format="text"):
    """Returns everything known about one claim; ValueError if no claim has that id."""
    for one, found in measured.rows:
        if one.id == id:
            rows = screen.about_claim(one, found)
            section = writers.Section(f"Claim {id}", ("what", "text"), rows)
            return writers.write([section], format)
    known = ", ".join(one.id for one, _ in measured.rows)
    raise ValueError(f"there is no claim {id!r}: one of {known}.")


def sections(measured):
    """Yields (name of `SHOWN`, `writers.Section`), in order."""
    for name, found in named_sections(measured):
        yield from ((name, one) for one in found)


def named_sections(measured):
    """Yields (name of `SHOWN`, list of its sections), in order."""
    variant, article = measured.variant, measured.article
    net, forms = variant.architecture, measured.forms
    yield "claims", [claims.claims_section(variant, measured.rows, article)]
    if article:
        what = ("What the article changed", ("paper", "article"))
        yield "changes", [net_sections.differences_section(*what, changes(variant))]
    if forms:
        yield "placement", claims.forms_sections(forms)
    layers, totals = specs.trace(net), specs.totals(net)
    yield "architecture", [net_sections.architecture_section(variant, layers, totals)]
    memory, size = specs.memory(net), variant.recipe.batch_size
    yield "memory", [net_sections.memory_section(memory, size)]
    if not article:
        yield "results", claims.printed_sections(measured.rows)
    if measured.records:
        yield "runs", [runs.records_section(measured.records)]
    yield "commands", [claims.commands_section(measured.rows)]


def changes(variant):
    """Returns the rows in which a variant's net and recipe differ from the paper's."""
    printed = variants.get("paper")
    return differences.only_differing(differences.rows(printed, variant))


def as_json(measured):
    """Returns a `Measured` as plain values: {field: value} of its dataclasses."""
    variant, forms = measured.variant, measured.forms
    return {
        "variant": variant.name,
        "environment": environment.environment(),
        "claims": [{**asdict(one), **asdict(found)} for one, found in measured.rows],
        "changes": [asdict(row) for row in changes(variant)]
        if measured.article
        else None,
        "forms": forms and {**plain(asdict(forms)), "as_figure_2": forms.as_figure_2},
        "architecture": [
            {
                **asdict(layer),
                "kind": type(layer.spec).__name__,
                "parameters": layer.parameters,
                "neurons": layer.neurons,
            }
            for layer in specs.trace(variant.architecture)
        ],
        "totals": asdict(specs.totals(variant.architecture)),
        "results": [
            {k: v for k, v in asdict(record).items() if k not in ("history", "arrays")}
            for record in measured.records
        ],
    }


def plain(value):
    """Returns nested values with sets as sorted lists."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return sorted(value) if isinstance(value, set) else value
