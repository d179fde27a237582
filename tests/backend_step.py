"""One training step of a net under the backend of KERAS_BACKEND.

    KERAS_BACKEND=jax python tests/backend_step.py IN.npz OUT.npz

IN holds images, labels and the weights of `NET`; OUT gets the logits, the velocities
after one step (the gradients times the rate, decay included) and the weights.
"""

import sys

import keras
import numpy as np

from alexnet_paper.nets import model as models
from alexnet_paper.nets import variants
from alexnet_paper.training.optimizer import MomentumSGD

NET = variants.get("cifar-11pct").architecture.with_input((12, 12, 3))


def build():
    model = models.build_model(NET, "one-device", classifier_activation=None, seed=0)
    model.compile(
        MomentumSGD(rate_multipliers={"bias": 2.0}),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


def step(images, labels, weights):
    """{name: array} of everything that a step gives."""
    model = build()
    models.set_weights(model, weights)
    logits = keras.ops.convert_to_numpy(model(images, training=False))
    model.train_on_batch(images, labels)
    model.jax_state_sync() if keras.backend.backend() == "jax" else None
    velocities = {
        f"velocity/{path}": keras.ops.convert_to_numpy(variable.value)
        for path, variable in zip(
            model.optimizer.paths, model.optimizer.velocities, strict=True
        )
    }
    stepped = {f"weight/{k}": v for k, v in models.get_weights(model).items()}
    return {"logits": logits, **velocities, **stepped}


if __name__ == "__main__":
    with np.load(sys.argv[1]) as file:
        given = {name: file[name] for name in file.files}
    found = step(given.pop("images"), given.pop("labels"), given)
    assert "tensorflow" not in sys.modules, "another backend imported TensorFlow"
    np.savez(sys.argv[2], **found)
