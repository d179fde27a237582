"""The main job: a variant beside what was printed, as sections or as JSON."""

import json
from dataclasses import asdict

from alexnet_paper import paper
from alexnet_paper.nets import differences
from alexnet_paper.nets import specs
from alexnet_paper.nets import variants
from alexnet_paper.report import claims
from alexnet_paper.report import nets as net_sections
from alexnet_paper.report import runs
from alexnet_paper.report import writers
from alexnet_paper.training import environment
from alexnet_paper.verdicts.finding import NOT_REPRODUCED
from alexnet_paper.verdicts.finding import REPRODUCED


def table(measured, format):
    """The whole report on a `verdicts.measure.Measured` in one of `writers.FORMATS`."""
    if format == "json":
        return json.dumps(as_json(measured), indent=1) + "\n"
    return writers.write(sections(measured), format)


def sections(measured):
    """The report as `writers.Section`s."""
    variant, article = measured.variant, measured.article
    net = variant.architecture
    found = [claims.claims_section(variant, measured.rows, article)]
    if article:
        what = ("What the article changed", ("paper", "article"))
        found.append(net_sections.differences_section(*what, changes(variant)))
    if measured.forms:
        found += claims.forms_sections(measured.forms)
    layers, totals = specs.trace(net), specs.totals(net)
    found.append(net_sections.architecture_section(variant, layers, totals))
    memory = specs.memory(net)
    found.append(net_sections.memory_section(memory, variant.recipe.batch_size))
    if not article:
        ours = {
            claim.id: finding.ours
            for claim, finding in measured.rows
            if finding.verdict in (REPRODUCED, NOT_REPRODUCED)
        }
        printed = (paper.TABLE_1, paper.TABLE_2)
        found += [claims.results_section(one, ours) for one in printed]
    if measured.records:
        found.append(runs.records_section(measured.records))
    return [*found, claims.commands_section(measured.rows)]


def changes(variant):
    """What a variant's net and recipe change against the paper's."""
    printed = variants.get("paper")
    return differences.only_differing(differences.rows(printed, variant))


def as_json(measured):
    """The same as plain values: the fields of the dataclasses, by their names."""
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
    """Sets as sorted lists, within whatever there is."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return sorted(value) if isinstance(value, set) else value
