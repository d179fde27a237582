"""Puts the table together: measures a variant's claims and hands them to `tables`."""

import json
from dataclasses import asdict

import keras
import numpy as np

from alexnet_paper import paper
from alexnet_paper.data import augment
from alexnet_paper.data.images import photographs
from alexnet_paper.nets import differences
from alexnet_paper.nets import placement
from alexnet_paper.nets import specs
from alexnet_paper.nets import variants
from alexnet_paper.paper.articles import ARTICLES
from alexnet_paper.report import claims as layout
from alexnet_paper.report import runs
from alexnet_paper.report import writers
from alexnet_paper.training import environment
from alexnet_paper.verdicts import built
from alexnet_paper.verdicts import forms as equivalence
from alexnet_paper.verdicts import measure as claims
from alexnet_paper.verdicts.finding import NOT_REPRODUCED
from alexnet_paper.verdicts.finding import REPRODUCED


def render(variant, records, devices, format):
    """The whole report on `variant` in one of `tables.FORMATS`.

    `devices`: of the two towers, or () to leave out the comparison of the two forms.
    """
    subject = built.Subject(variant)
    measured = [
        (claim, claims.measure(subject, claim, records))
        for claim in claims.claims_of(variant)
    ]
    forms = compare_forms(variant.architecture, devices) if devices else None
    records = [found for found in records if found.variant == variant.name]
    if format == "json":
        return json.dumps(as_json(variant, measured, forms, records), indent=1) + "\n"
    sections = as_sections(variant, measured, forms, records)
    return writers.write(sections, format)


def tower_devices(variant, where):
    """Devices of the comparison; () where the net has one tower or it is declined."""
    towers = variant.architecture.towers
    if where == "auto":
        if towers == 1 or keras.backend.backend() != "tensorflow":
            return ()
        import tensorflow as tf  # not started yet, so that a CPU can be split

        gpus = tf.config.list_physical_devices("GPU")
        where = "GPU:0,GPU:1" if len(gpus) >= 2 else "CPU:0,CPU:1"
    return placement.resolve(where, towers).devices


def compare_forms(net, devices):
    """Ten views of two real photographs through both forms of the net."""
    size = net.input_shape[0]
    images = np.concatenate(
        [
            augment.ten_views(np.asarray(augment.rescale_and_crop(photo)), size)
            for photo in photographs()
        ]
    )
    images = (images - np.asarray(augment.AUTHORS_MEAN)).astype("float32")
    labels = np.repeat(np.arange(2), len(images) // 2)
    return equivalence.compare(net, images, labels, ",".join(devices))


def as_sections(variant, measured, forms, records):
    net, article = variant.architecture, ARTICLES.get(variant.name)
    found = [layout.claims_section(variant, measured, article)]
    if article:
        found.append(changes_section(variant))
    if forms:
        found += layout.forms_sections(forms)
    found.append(
        layout.architecture_section(variant, specs.trace(net), specs.totals(net))
    )
    memory = specs.memory(net)
    found.append(layout.memory_section(memory, variant.recipe.batch_size))
    if not article:
        ours = {
            claim.id: finding.ours
            for claim, finding in measured
            if finding.verdict in (REPRODUCED, NOT_REPRODUCED)
        }
        printed = (paper.TABLE_1, paper.TABLE_2)
        found += [layout.results_section(table, ours) for table in printed]
    if records:
        found.append(runs.records_section(records))
    return [*found, layout.commands_section(measured)]


def changes(variant):
    """What an article's net and recipe change against the paper's."""
    printed = variants.get("paper")
    return differences.only_differing(differences.rows(printed, variant))


def changes_section(variant):
    return layout.differences_section(
        "What the article changed", ("paper", "article"), changes(variant)
    )


def as_json(variant, measured, forms, records):
    net = variant.architecture
    totals = specs.totals(net)
    return {
        "variant": variant.name,
        "environment": environment.environment(),
        "claims": [claim_json(claim, finding) for claim, finding in measured],
        "changes": [asdict(row) for row in changes(variant)]
        if variant.name in ARTICLES
        else None,
        "forms": forms_json(forms) if forms else None,
        "architecture": [
            {
                "layer": layer.name,
                "output": list(layer.output_shape),
                "parameters": layer.parameters,
                "macs": layer.macs,
                "neurons": layer.neurons,
                "tower reads": layer.reads or "all maps",
            }
            for layer in specs.trace(net)
        ],
        "totals": {
            "parameters": totals.parameters,
            "macs": totals.macs,
            "neurons": totals.neurons,
        },
        "results": [
            {
                "data": found.data,
                "split": found.split,
                "protocol": found.protocol,
                "metrics": found.metrics,
                "command": found.command,
                "commit": found.environment.get("commit"),
            }
            for found in records
        ],
    }


def claim_json(claim, finding):
    return {
        "id": claim.id,
        "section": claim.section,
        "statement": claim.statement,
        "paper": claim.printed,
        "authors": claim.authors,
        "ours": finding.ours,
        "unit": claim.unit,
        "protocol": claim.protocol,
        "verdict": finding.verdict,
        "note": finding.note,
        "records": list(finding.records),
        "remark": claim.remark,
        "needs": claim.needs,
        "command": claim.command,
    }


def forms_json(forms):
    return {
        "devices": list(forms.devices),
        "images": forms.images,
        "outputs": forms.outputs,
        "gradients": forms.gradients,
        "step": forms.step,
        "as_figure_2": forms.as_figure_2,
        "crossing": [
            {
                "into": row.crossing.into,
                "from": row.crossing.source,
                "to": row.crossing.target,
                "shape": list(row.crossing.shape),
                "bytes": row.crossing.bytes,
                "forward": row.forward,
                "backward": row.backward,
            }
            for row in forms.crossed
        ],
    }
