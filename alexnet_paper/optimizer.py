"""The paper's update rule (§5), and the rate that is divided by ten on a plateau."""

import math
from dataclasses import dataclass

import keras
from keras import ops

from alexnet_paper.placement import device_scope
from alexnet_paper.placement import short

register = keras.saving.register_keras_serializable(package="alexnet_paper")


def layer_and_part(path):
    """("conv1", "kernel") of a variable's path, on one device or in a tower."""
    return ("", *path.split("/"))[-2:]


@register
class MomentumSGD(keras.optimizers.Optimizer):
    """v ← momentum · v − decay · rate · w − rate · g, then w ← w + v (paper §5).

    The decay is inside the velocity, which `keras.optimizers.SGD(weight_decay=)` is
    not, and applies to kernels only (authors' code, layer.cu).

    Args:
        learning_rate: The global rate.
        momentum: The paper's 0.9.
        weight_decay: Decay of every kernel, the paper's 0.0005.
        layer_weight_decay: {layer: decay} where a layer has its own.
        rate_multipliers: {layer, "bias", or "layer/kernel": factor} on the rate. A
            factor of 0 freezes the layer, its momentum and decay included, as the
            authors' code does.
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
        """Factor on the rate of one variable."""
        names = (layer, part, f"{layer}/{part}")
        return math.prod(self.rate_multipliers.get(name, 1.0) for name in names)

    def decay_of(self, layer, part):
        """Decay of one variable: 0 for everything that is not a kernel."""
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
            self.assign(velocity, self.momentum * velocity - rate * gradient)
            self.assign_add(variable, velocity)

    def _all_reduce_sum_gradients(self, grads_and_vars):
        # Keras sums over the replicas of a data-parallel run by one operation that
        # reads every gradient: with one replica it would only carry the gradients of
        # tower b to tower a's device and back
        return grads_and_vars

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
    """Keras's Adam; TensorFlow's one kernel for its step is three times as fast."""

    def update_step(self, gradient, variable, learning_rate):
        if keras.backend.backend() != "tensorflow" or self.amsgrad:
            super().update_step(gradient, variable, learning_rate)
            return
        import tensorflow as tf

        def handle(kept):
            return (kept.value if isinstance(kept, keras.Variable) else kept).handle

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


def device_of(variable):
    """Short name of the device that holds a TensorFlow variable, else None."""
    device = getattr(variable, "device", None)
    return short(device) if isinstance(device, str) else None


class Plateau:
    """Divides the rate by ten when validation error stops improving, `drops` times.

    `patience` epochs without a minimum that is lower by more than `least` count as a
    plateau (the paper does not say how long its authors waited). All state is in
    `state()`, so that a resumed run goes on where it stopped.
    """

    def __init__(self, patience=5, factor=0.1, drops=3, least=0.0):
        self.patience, self.factor, self.drops = patience, factor, drops
        self.least = least
        self.best, self.waited, self.dropped = float("inf"), 0, 0

    def update(self, error):
        """Factor by which to multiply the rate after an epoch with this error."""
        if error < self.best - self.least:
            self.best, self.waited = error, 0
            return 1.0
        self.waited += 1
        if self.waited < self.patience or self.dropped == self.drops:
            return 1.0
        self.waited, self.dropped = 0, self.dropped + 1
        return self.factor

    def state(self):
        return {"best": self.best, "waited": self.waited, "dropped": self.dropped}

    def restore(self, state):
        self.best, self.waited = state["best"], state["waited"]
        self.dropped = state["dropped"]


@dataclass(frozen=True)
class Phase:
    """What holds in one epoch: the rate, factors on it, and whether colours vary."""

    rate: float
    multipliers: dict
    colour: bool = True


def phase_of_drops(rate, drops, multipliers, epoch):
    """The phase of `epoch` (from 0) when the rate is ÷10 at each epoch of `drops`."""
    return Phase(rate * 0.1 ** sum(epoch >= drop for drop in drops), dict(multipliers))


def authors_phase(schedule, epoch, rate=0.01):
    """The phase of `epoch` (from 0) in a run of the authors, a `paper.Schedule`.

    Rates of weights fall at its three drops; those of biases start at twice the rate
    and are cut once, at the first drop. When conv1's kernels are slowed, to 1e-5, the
    colour noise goes too; then conv1 is frozen (C layer-params-145*.cfg and the
    auto2–auto6 chain).
    """

    def reached(moment):
        return moment is not None and epoch >= moment

    drops = (schedule.first_drop, schedule.second_drop, schedule.third_drop)
    now = rate * 0.1 ** sum(map(reached, drops))
    biases = 2 * rate * (0.1 if reached(schedule.first_drop) else 1.0)
    multipliers = {"bias": biases / now}
    if reached(schedule.conv1_slowed):
        multipliers["conv1/kernel"] = 1e-5 / now
    if reached(schedule.conv1_frozen):
        multipliers["conv1"] = 0.0
    return Phase(now, multipliers, colour=not reached(schedule.conv1_slowed))
