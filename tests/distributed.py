"""Two small nets and their plans, trained by one process, by replicas or by workers.

    TF_CONFIG=... python tests/distributed.py FOLDER

is one of the workers of `test_distribution`. It trains both nets to the end, goes on
with a run that one process began, is interrupted in another, and killed in the last.
"""

import contextlib
import dataclasses
import os
import signal
import sys
from pathlib import Path

import keras
import numpy as np
from small import TINY

from alexnet_paper.nets import model as models
from alexnet_paper.nets import specs
from alexnet_paper.nets import variants
from alexnet_paper.nets.recipes import Recipe
from alexnet_paper.nets.variants import Variant
from alexnet_paper.training import distribution
from alexnet_paper.training import train as training
from alexnet_paper.training.plan import Plan

# 15 images a step, which two replicas share as 7 and 8, and one in the last
STEPS = 4  # of an epoch
NORMALIZED = tuple(
    part
    for layer in TINY.layers
    if not isinstance(layer, specs.Dropout)
    for part in ((specs.BatchNorm(), layer) if layer == specs.ReLU() else (layer,))
)
NETS = {
    "grouped": TINY,
    "normalized": dataclasses.replace(TINY, layers=NORMALIZED),
}
RECIPE = Recipe(
    batch_size=15,
    image_side=40,
    reflect=True,
    colour="paper",
    rate_multipliers=(("bias", 2.0),),
)
ADDED = {
    name: Variant("", "", dataclasses.replace(net, name=name), recipe=RECIPE)
    for name, net in NETS.items()
}


def plan(name, **changes):
    asked = {"epochs": 2, "seed": 5, "limit": 46, "validation": 0.05, **changes}
    return Plan(name, "digits", **asked)


def begin(plan, folder, replicas=None, resume=False):
    return training.start(plan, folder, "command", resume, note, replicas)


def note(text):
    print(text, file=sys.stderr, flush=True)


def signalled(run, number, epoch, step):
    """Trains, saving after every step, and sends this process a signal as a step
    begins. Returns whether the run finished."""

    def at(batch, logs):
        if (run.epoch, run.step) == (epoch, step):
            os.kill(os.getpid(), number)

    return run.train([keras.callbacks.LambdaCallback(on_train_batch_begin=at)], 0)


def main(root):
    training.enable_determinism()
    replicas = distribution.connect("workers", wait=60)
    for name in NETS:
        run = begin(plan(name), root / name, replicas)
        assert run.train()
        np.savez(root / f"{name}-{replicas.index}.npz", **models.get_weights(run.model))
    assert begin(plan("grouped"), root / "handed over", replicas, resume=True).train()
    run = begin(plan("grouped"), root / "stopped", replicas)
    second = replicas.index == 1
    assert not (signalled(run, signal.SIGINT, 0, 2) if second else run.train())
    with contextlib.suppress(ValueError):
        begin(plan("grouped", seed=replicas.index), root / "other", replicas)
        raise SystemExit("workers with different options train together")
    run = begin(plan("grouped"), root / "killed", replicas)
    return signalled(run, signal.SIGKILL, 1, 2) if second else run.train((), 0)


if __name__ == "__main__":
    variants.VARIANTS.update(ADDED)
    sys.exit(0 if main(Path(sys.argv[1])) else 1)
