"""Artificial records for tests, and errors straight from files of records."""

import json

import numpy as np

from alexnet_paper import paper
from alexnet_paper.paper.articles import ARTICLES
from alexnet_paper.results.record import Protocol
from alexnet_paper.results.record import Record
from alexnet_paper.results.record import pack

ALL = [*paper.CLAIMS, *(c for a in ARTICLES.values() for c in a.claims)]
CLAIM = {claim.id: claim for claim in ALL}


def line(epoch=1, **found):
    """A line of a log; what is not named has some value."""
    rest = {"loss": 2.25, "top1_error": 0.5, "top5_error": 0.1, "rate": 0.01}
    return {"epoch": epoch, **rest, "seconds": 2.0, **found}


def record(
    variant="paper-32",
    data="cifar10",
    split="test",
    examples=10_000,
    metrics=None,
    history=(),
    arrays=None,
    **protocol,
):
    """A record; what is named otherwise is a field of its `Protocol`."""
    whole = {"views": 1, "seed": "0"}
    if history:
        steps = {} if "training_images" in protocol else {"steps": 10}
        whole |= {"classes": 10, "epochs": len(history), **steps}
    about = Protocol(**{**whole, **protocol})
    packed = {name: pack(array) for name, array in (arrays or {}).items()}
    where = variant, data, split, examples, about
    metrics = dict(metrics or {})
    if "top1_error" in metrics:
        metrics.setdefault("top1_error_interval", [0.0, 1.0])
    return Record(*where, metrics, "c", {}, list(history), packed)


RATES = [0.01] * 4 + [0.001] * 4 + [0.0001] * 2


def log(errors, rates=RATES):
    """Lines of a log with these training errors in %; loss and test error follow."""
    return [
        line(
            epoch,
            rate=rate,
            loss=error / 10,
            top1_error=error / 100,
            test_top1_error=(error + 10) / 100,
        )
        for epoch, (error, rate) in enumerate(zip(errors, rates, strict=True), 1)
    ]


FLAT = log([21, 20, 20, 20, 11, 10, 10, 10, 9, 9])  # levelled before each drop


def choices(arm, tests, train=9.0, history=FLAT, **options):
    """An arm of the choices, three records a seed, errors in %; ten views save a
    point."""
    return [
        record(
            split=split,
            metrics={"top1_error": error / 100},
            history=history,
            **{"experiment": "choices", "arm": arm, **options},
            views=views,
            seed=str(seed),
        )
        for seed, test in enumerate(tests)
        for split, views, error in (
            ("test", 1, test),
            ("test", 10, test - 1),
            ("train", 1, train),
        )
    ]


def whole(name, arm, errors, rates, logged=lambda epoch: {}, first=0, **about):
    """Records of the whole schedule of an experiment's arm: for each error, in %, a
    seed from `first` on, measured as the protocol says.

    The first images of 1,000 are wrong. `logged` are more values of an epoch's line,
    `about` fields of the record.
    """
    from alexnet_paper.results import experiments

    experiment, found = experiments.get(name), []
    plan = dict(experiment.plans(arms=[arm]))[arm]
    history = [
        line(n, **{"top1_error": 0.1, **logged(n), "rate": rate})
        for n, rate in enumerate(rates, 1)
    ]
    for seed, error in enumerate(errors, first):
        for split, views in experiment.measured:
            share = error / 100 if split == "test" else 0.05
            interval = [max(0, share - 0.005), min(1, share + 0.005)]
            metrics = {"top1_error": share, "top1_error_interval": interval}
            rank = (np.arange(1000) < 10 * error).astype("uint8")
            protocol = {
                "experiment": name,
                "arm": arm,
                "recipe": plan.recipe,
                "changes": plan.changes(),
                "epochs": len(rates),
                "training_images": 50_000,
                "views": views,
                "seed": str(seed),
            }
            arrays = {"rank": rank} if split == "test" else {}
            where = plan.variant, plan.data, split, 10_000, metrics, history, arrays
            found.append(record(*where, **{**protocol, **about}))
    return found


BASE = choices("base", (18.0, 18.2, 17.9))


def errors_in(folder, experiment, arm, split, views):
    """Errors in %, by seed, straight from the files."""
    pattern = f"{experiment}-{arm}-cifar10-{split}-views{views}-seed*.json"
    found = [json.loads(path.read_text()) for path in folder.glob(pattern)]
    return {
        one["protocol"]["seed"]: 100 * one["metrics"]["top1_error"] for one in found
    }
