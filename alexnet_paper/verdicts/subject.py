"""What a check looks at: a variant and its built model."""

import functools
import math
from dataclasses import dataclass

from alexnet_paper import paper
from alexnet_paper.verdicts.finding import AS_PRINTED


@dataclass(frozen=True)
class Learned:
    """What a built layer with a kernel shows of itself."""

    name: str
    kernel: tuple[int, ...]
    output: tuple[int, ...]
    stride: int | None  # None: a dense layer
    parameters: int
    unshared: bool  # a kernel of its own at every position

    @property
    def convolutional(self):
        return self.stride is not None

    @property
    def macs(self):
        positions = 1 if self.unshared else math.prod(self.output[:-1])
        return math.prod(self.kernel) * positions


class Subject:
    """A variant and its model, built in the one-device form from seed 0.

    The model is built, and Keras imported, when the first check asks for it.
    """

    def __init__(self, variant):
        self.variant = variant

    @functools.cached_property
    def model(self):
        from alexnet_paper.nets import model as models

        return models.build_model(self.variant.architecture, "one-device", seed=0)

    @functools.cached_property
    def learned(self):
        from alexnet_paper.nets.layers import Local2D

        return tuple(
            Learned(
                layer.name,
                tuple(layer.kernel.shape),
                tuple(layer.output.shape[1:]),
                stride_of(layer),
                layer.count_params(),
                isinstance(layer, Local2D),
            )
            for layer in self.model.layers
            if hasattr(layer, "kernel")
        )

    @property
    def convolutions(self):
        return [layer for layer in self.learned if layer.convolutional]

    @property
    def dense(self):
        return [layer for layer in self.learned if not layer.convolutional]

    def find(self, name):
        """The learned layer of that name, or None."""
        return next((layer for layer in self.learned if layer.name == name), None)

    def layers_of(self, *kinds):
        return [layer for layer in self.model.layers if isinstance(layer, kinds)]

    @property
    def neurons(self):
        return [math.prod(layer.output) for layer in self.learned]

    @property
    def macs(self):
        return sum(layer.macs for layer in self.learned)

    @functools.cached_property
    def follows_paper(self):
        """Whether its convolutions have the printed kernels."""
        from alexnet_paper.verdicts.built import conv_check

        printed = [claim for claim in paper.CLAIMS if claim.layer]
        return all(conv_check(self, claim).verdict == AS_PRINTED for claim in printed)


def stride_of(layer):
    import keras

    if isinstance(layer, keras.layers.Dense):
        return None
    return getattr(layer, "strides", (1,))[0]
