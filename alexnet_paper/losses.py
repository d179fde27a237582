"""The one loss that Keras no longer has."""

import keras
from keras import ops

register = keras.saving.register_keras_serializable(package="alexnet_paper")


@register
class ClippedCrossentropy(keras.losses.Loss):
    """Cross-entropy of probabilities clipped to [1e-7, 1 − 1e-7], as Keras computed it
    before it looked through the softmax to the logits.

    A net that is certain and wrong pays −ln(1e-7) = 16.118 and gets no gradient: it
    cannot learn out of that. Half of two classes wrong is a loss of 8.06.
    """

    def call(self, y_true, y_pred):
        """Labels (n,) or (n, 1) and probabilities (n, classes) → losses (n,)."""
        epsilon = keras.config.epsilon()
        probabilities = ops.clip(y_pred, epsilon, 1 - epsilon)
        labels = ops.cast(ops.reshape(y_true, (-1, 1)), "int32")
        chosen = ops.take_along_axis(probabilities, labels, axis=1)
        return -ops.log(ops.squeeze(chosen, axis=1))
