"""The clipped loss against the formula, and as Keras saves it."""

import math

import keras
import numpy as np
import pytest

from alexnet_paper.training.optimizer import ClippedCrossentropy


def test_losses_of_single_images():
    """ln 2 for an even chance, 16.118 for none, about 1e-7 for certainty."""
    probabilities = np.array([[0.5, 0.5], [0.0, 1.0], [1.0, 0.0]], "float32")
    loss = ClippedCrossentropy(reduction=None)
    for labels in (np.array([0, 0, 0]), np.array([[0], [0], [0]])):
        found = keras.ops.convert_to_numpy(loss(labels, probabilities))
        assert found[:2] == pytest.approx([math.log(2), -math.log(1e-7)], rel=1e-5)
        assert 0 <= found[2] < 2e-7
    mean = float(ClippedCrossentropy()(np.array([0, 0]), probabilities[1:]))
    assert mean == pytest.approx(8.06, abs=0.01)


def test_it_is_saved_and_read_back():
    again = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(ClippedCrossentropy())
    )
    assert type(again) is ClippedCrossentropy
