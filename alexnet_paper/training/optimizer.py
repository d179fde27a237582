"""The paper's update rule (§5), a faster Adam, and the cross-entropy of older Keras."""

import math

import keras
from keras import ops

from alexnet_paper.nets.model import layer_and_part
from alexnet_paper.nets.placement import device_scope
from alexnet_paper.nets.placement import short

register = keras.saving.register_keras_serializable(package="alexnet_paper")


@register
class MomentumSGD(keras.optimizers.Optimizer):
    """v ← momentum · v − decay · rate · w − rate · g, then w ← w + v (paper §5).

    The decay is part of the velocity, unlike in `keras.optimizers.SGD(weight_decay=)`,
    and applies to kernels only.

    Args:
        learning_rate: The global learning rate.
        momentum: The paper's is 0.9.
        weight_decay: Decay of every kernel; the paper's is 0.0005.
        layer_weight_decay: {layer: decay} for layers with a decay of their own.
        rate_multipliers: {layer, "bias", or "layer/kernel": factor of the rate}. A
            factor of 0 freezes the layer, its momentum and decay included.

    Reference:
        Paper §5; authors' code layer.cu.
    """

    def __init__(
        self,
        learning_rate=0.01,
        momentum=0.9,
        weight_decay=0.0005,
        layer_weight_decay=None,
        rate_multipliers=None,
        name="momentum_sgd",
        **kwargs,
    ):
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.momentum, self.decay = momentum, weight_decay
        self.layer_decay = dict(layer_weight_decay or {})
        self.rate_multipliers = dict(rate_multipliers or {})

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.velocities = self.add_optimizer_variables(variables, ["velocity"])[0]
        self.paths = [variable.path for variable in variables]

    def multiplier(self, layer, part):
        """Returns the factor of one variable's learning rate."""
        names = (layer, part, f"{layer}/{part}")
        return math.prod(self.rate_multipliers.get(name, 1.0) for name in names)

    def decay_of(self, layer, part):
        """Returns the decay of one variable; 0 unless it is a kernel."""
        return self.layer_decay.get(layer, self.decay) if part == "kernel" else 0.0

    def update_step(self, gradient, variable, learning_rate):
        index = self._get_variable_index(variable)
        path = self.paths[index]
        layer, part = layer_and_part(path)
        factor, decay = self.multiplier(layer, part), self.decay_of(layer, part)
        if factor == 0:
            return
        velocity = self.velocities[index]
        scope = keras.name_scope(f"update_{path.replace('/', '.')}")
        with device_scope(device_of(variable)), scope:
            rate = ops.cast(learning_rate, variable.dtype) * factor
            if decay:
                gradient = gradient + decay * variable
            if keras.backend.backend() == "tensorflow":
                self.apply_fused(velocity, variable, rate, gradient)
                return
            self.assign(velocity, self.momentum * velocity - rate * gradient)
            self.assign_add(variable, velocity)

    def apply_fused(self, velocity, variable, rate, gradient):
        """The same in one pass over memory, by TensorFlow's kernel."""
        import tensorflow as tf

        tf.raw_ops.ResourceApplyKerasMomentum(
            var=handle(variable),
            accum=handle(velocity),
            lr=rate,
            grad=gradient,
            momentum=self.momentum,
        )

    def _all_reduce_sum_gradients(self, grads_and_vars):
        # Keras's sum over replicas is one operation that reads every gradient. With one
        # replica it would only move tower b's gradients to tower a's device and back.
        if replicas() == 1:
            return grads_and_vars
        return super()._all_reduce_sum_gradients(grads_and_vars)

    def get_config(self):
        return {
            **super().get_config(),
            "momentum": self.momentum,
            "weight_decay": self.decay,
            "layer_weight_decay": self.layer_decay,
            "rate_multipliers": self.rate_multipliers,
        }


@register
class Adam(keras.optimizers.Adam):
    """Keras's Adam, with TensorFlow's fused kernel, which is three times as fast."""

    def update_step(self, gradient, variable, learning_rate):
        if keras.backend.backend() != "tensorflow" or self.amsgrad:
            super().update_step(gradient, variable, learning_rate)
            return
        import tensorflow as tf

        index = self._get_variable_index(variable)
        step = tf.cast(self.iterations.value + 1, variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=handle(variable),
            m=handle(self._momentums[index]),
            v=handle(self._velocities[index]),
            beta1_power=tf.cast(self.beta_1, variable.dtype) ** step,
            beta2_power=tf.cast(self.beta_2, variable.dtype) ** step,
            lr=tf.cast(learning_rate, variable.dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )


def handle(variable):
    """Returns the handle by which TensorFlow's kernels change a variable."""
    return (variable.value if isinstance(variable, keras.Variable) else variable).handle


def replicas():
    """Returns the number of `tf.distribute`'s replicas; 1 on other backends."""
    if keras.backend.backend() != "tensorflow":
        return 1
    import tensorflow as tf

    return tf.distribute.get_strategy().num_replicas_in_sync


def device_of(variable):
    """Returns the short name of a TensorFlow variable's device, else None."""
    device = getattr(variable, "device", None)
    return short(device) if isinstance(device, str) else None


@register
class ClippedCrossentropy(keras.losses.Loss):
    """Cross-entropy of probabilities clipped to [1e-7, 1 − 1e-7].

    Older Keras computed it so; Keras 3 uses the logits of a softmax. A wrong label with
    a clipped probability has a loss of −ln(1e-7) = 16.118 and no gradient, so the net
    cannot correct it. With half of the images so, the loss is 8.06.
    """

    def call(self, y_true, y_pred):
        """Returns losses (n,) of labels (n,) or (n, 1), probabilities (n, classes)."""
        epsilon = keras.config.epsilon()
        probabilities = ops.clip(y_pred, epsilon, 1 - epsilon)
        labels = ops.cast(ops.reshape(y_true, (-1, 1)), "int32")
        chosen = ops.take_along_axis(probabilities, labels, axis=1)
        return -ops.log(ops.squeeze(chosen, axis=1))
