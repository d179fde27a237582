"""Files saved by an earlier version, 1a1044f, are read: models, and weights."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from alexnet_paper import AlexNet  # noqa: F401  (registers the layers)
from alexnet_paper.nets import model as models
from alexnet_paper.weights import file as weight_file

SAVED = Path(__file__).parent / "saved"
OUTPUTS = json.loads((SAVED / "outputs.json").read_text())
IMAGES = np.random.default_rng(0).normal(0, 1, (2, 35, 35, 3)).astype("float32")


@pytest.mark.parametrize("form", ["one_device", "two_devices"])
def test_a_saved_model_is_the_function_it_was(form):
    model = keras.models.load_model(SAVED / f"{form}.keras")
    found = np.asarray(model(IMAGES, training=False))
    np.testing.assert_allclose(found, OUTPUTS[form], rtol=1e-5)
    assert model.optimizer.momentum == 0.9


def test_a_weight_file_is_what_it_was(tiny):
    found = weight_file.load(SAVED / "weights.npz")
    model = models.build_model(tiny, "one-device", seed=0)
    models.set_weights(model, found.arrays)
    images = np.asarray(model(IMAGES, training=False))
    np.testing.assert_allclose(images, OUTPUTS["two_devices"], rtol=1e-5)
    assert found.preparation.mean.tolist() == [1, 2, 3]
