"""Other Keras backends, where one is installed, compute the same step."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import backend_step
import numpy as np
import pytest

from alexnet_paper.nets import model as models

SCRIPT = Path(backend_step.__file__)


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_one_step_is_the_same(backend, tmp_path):
    """Logits, velocities and weights agree with TensorFlow's to 1e-5 of the largest."""
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed: pip install '.[{backend}]'")
    rng = np.random.default_rng(0)
    images = rng.normal(0, 60, (8, 12, 12, 3)).astype("float32")
    labels = rng.integers(0, 10, 8)
    weights = models.get_weights(backend_step.build())
    weights = {  # large enough for every layer to matter
        name: array + rng.normal(0, 0.05, array.shape).astype("float32")
        for name, array in weights.items()
    }
    np.savez(tmp_path / "in.npz", images=images, labels=labels, **weights)
    subprocess.run(
        [sys.executable, SCRIPT, tmp_path / "in.npz", tmp_path / "out.npz"],
        env={**os.environ, "KERAS_BACKEND": backend},
        check=True,
    )
    ours = backend_step.step(images, labels, weights)
    with np.load(tmp_path / "out.npz") as theirs:
        assert set(theirs.files) == set(ours)
        for name, array in ours.items():
            apart = np.abs(theirs[name] - array).max()
            assert apart <= 1e-5 * np.abs(array).max(), name
