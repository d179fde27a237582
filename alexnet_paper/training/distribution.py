"""Data-parallel training by `tf.distribute`: replicas share the images of each batch.

Every replica has the whole net and one slice of the batch that a single process would
see. An image is prepared alike wherever it is, dropout's masks are drawn for the whole
batch, losses are divided by its images, and batch normalizations use its statistics. So
a step is that of a single process, but for the order of sums: equal to rounding, not to
the last bit. The state of a run is the same, too: it can go on with any number of
replicas.

All processes take the same decisions; one of them, the chief, writes the run's folder.
"""

import contextlib
import functools
import zlib

import keras
import numpy as np

from alexnet_paper.data.batches import Slices
from alexnet_paper.nets import placement
from alexnet_paper.nets.layers import slice_of_batch
from alexnet_paper.training import workers
from alexnet_paper.training.plan import ALONE

METRICS = ("loss", "top1", "top5")  # each with a total and a count


class OneProcess:
    """No distribution: one process, which sees the whole batch."""

    chief = True  # whether this process writes the run's folder

    def __str__(self):
        return ALONE

    def scope(self):
        """Context in which a model and its optimizer are made."""
        return contextlib.nullcontext()

    def faults(self):
        """Context that raises `Stopped` if another process of the run is gone."""
        return contextlib.nullcontext()

    def check(self, plan):
        """Raises ValueError if a plan cannot be trained so."""

    def placement(self, plan):
        """Returns the placement of the model."""
        return plan.placement

    def form(self, model):
        """Returns the model that is fitted, with the layers of `model`."""
        return model

    def slices(self, batches):
        """Returns what the model of `form` is fitted to, or evaluated on."""
        return batches

    def agreed(self, *flags):
        """Returns flags, each True if it is True in any process."""
        return flags

    def check_same(self, facts):
        """Raises ValueError if facts(), {name: value}, differ between processes."""


class Replicas(OneProcess):
    """Replicas of a `tf.distribute.Strategy`.

    Args:
        strategy: `MirroredStrategy` or `MultiWorkerMirroredStrategy`.
        cluster: `workers.Cluster` of the second; None: this process is the only one.
    """

    def __init__(self, strategy, cluster=None):
        import tensorflow as tf

        self.strategy, self.cluster = strategy, cluster
        self.count = strategy.num_replicas_in_sync
        self.held = self.count // (len(cluster.addresses) if cluster else 1)
        self.index = cluster.index if cluster else 0
        self.chief = self.index == 0

        @tf.function
        def total(numbers):
            own = strategy.run(lambda: tf.identity(numbers))
            return strategy.reduce("SUM", own, axis=None)

        self.total = total

    def __str__(self):
        if self.cluster is None:
            return f"{self.count} replicas in one process"
        each = f", {self.held} replicas each" if self.held > 1 else ""
        return f"{len(self.cluster.addresses)} workers{each}"

    def scope(self):
        return self.strategy.scope()

    def faults(self):
        return self.cluster.faults() if self.cluster else super().faults()

    def check(self, plan):
        if plan.placement not in ("auto", "one-device"):
            raise ValueError(
                f"--distribute and --placement {plan.placement} cannot be combined: "
                "every replica has the whole net on its device."
            )

    def placement(self, plan):
        return "one-device"

    def form(self, model):
        for layer in model.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.synchronized = True
        form = Replicated(model.inputs, model.outputs, name=model.name)
        form.replicas = self
        return form

    def slices(self, batches):
        return Slices(batches, self.count, self.index * self.held, self.held)

    def agreed(self, *flags):
        if self.cluster is None:
            return flags
        return tuple((self.sums(flags) > 0).tolist())

    def sums(self, numbers):
        """Returns the sums over all replicas of numbers of each process."""
        return self.total(np.asarray(numbers, "float32")).numpy()

    def check_same(self, facts):
        if self.cluster is None:
            return
        own = facts()
        sums = [zlib.crc32(str(value).encode()) for value in own.values()]
        halves = np.array([[one >> 16, one & 0xFFFF] for one in sums])
        alike = (self.sums(halves) == self.count * halves).all(axis=1)
        if odd := [name for name, same in zip(own, alike, strict=True) if not same]:
            raise ValueError(
                f"the workers differ in {' and '.join(odd)}: start them alike, with a "
                "run's folder that all can read."
            )


class Replicated(keras.Model):
    """A model that is fitted to and evaluated on `Slices`, on `replicas`.

    Its metrics are those of all replicas.
    """

    replicas = None

    def compile(self, metrics, **options):
        super().compile(weighted_metrics=metrics, **options)

    def fit(self, slices, **options):
        steps = len(slices) // self.replicas.held
        return super().fit(self.fed(slices), steps_per_epoch=steps, **options)

    def evaluate(self, slices, **options):
        options.setdefault("steps", len(slices) // self.replicas.held)
        return super().evaluate(self.fed(slices), **options)

    def fed(self, slices):
        """Returns the dataset that gives each replica of this process its slices."""
        import tensorflow as tf

        images, labels, place = slices[0]
        signature = (
            tf.TensorSpec((None, *images.shape[1:]), images.dtype),
            tf.TensorSpec((None,), labels.dtype),
            tf.TensorSpec(place.shape, place.dtype),
        )

        def in_order():
            return (slices[index] for index in range(len(slices)))

        def of_process(context):
            return tf.data.Dataset.from_generator(in_order, output_signature=signature)

        return self.replicas.strategy.distribute_datasets_from_function(of_process)

    def make_train_function(self, force=False):
        if force or self.train_function is None:
            self.train_function = self.on_replicas(self.train_step)

    def make_test_function(self, force=False):
        if force or self.test_function is None:
            self.test_function = self.on_replicas(self.test_step)

    def on_replicas(self, step):
        """Returns a function that takes a step on every replica, for `fit`."""
        import tensorflow as tf

        @tf.function(reduce_retracing=True, autograph=False)
        def on_all(iterator):
            self.replicas.strategy.run(step, args=(next(iterator),))
            return self.get_metrics_result()

        return on_all

    def train_step(self, data):
        import tensorflow as tf

        images, labels, (first, whole, copies) = self.parts(data)
        with slice_of_batch(first, whole), tf.GradientTape() as tape:
            outputs = self(images, training=True)
            losses = self.loss.call(labels, outputs)
            loss = tf.reduce_sum(losses) / tf.cast(whole * copies, losses.dtype)
        gradients = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply(gradients, self.trainable_weights)
        self.measure(labels, outputs, losses, copies)

    def test_step(self, data):
        images, labels, (_, _, copies) = self.parts(data)
        outputs = self(images, training=False)
        self.measure(labels, outputs, self.loss.call(labels, outputs), copies)

    def parts(self, data):
        """Returns the images, the labels and the three numbers of a slice."""
        import tensorflow as tf

        images, labels, place = data
        return images, labels, tf.unstack(place, num=3)

    def measure(self, labels, outputs, losses, copies):
        """Adds a slice, whose images are on `copies` replicas each, to the metrics."""
        share = keras.ops.ones_like(losses) / keras.ops.cast(copies, losses.dtype)
        for metric in self.metrics:
            what = (losses,) if metric.name == "loss" else (labels, outputs)
            metric.update_state(*what, sample_weight=share)

    def get_metrics_result(self):
        """Returns the means over the images of all replicas."""
        return dict(zip(METRICS, self.means(), strict=True))

    @functools.cached_property
    def means(self):
        """A TensorFlow function that returns the metrics, in one sum over replicas."""
        import tensorflow as tf

        def own():
            return tf.stack([variable.value for variable in self.metrics_variables])

        @tf.function(autograph=False)
        def means():
            strategy = self.replicas.strategy
            sums = strategy.reduce("SUM", strategy.run(own), axis=None)
            return tf.unstack(tf.math.divide_no_nan(sums[0::2], sums[1::2]))

        return means


def connect(mode, replicas=None, wait=workers.WAIT, notify=print):
    """Returns the `Replicas` of a mode, or `OneProcess` for None.

    Call it before TensorFlow has computed anything.

    Args:
        mode: "mirrored": on all cards of this machine, or on parts of its processor.
            "workers": with the processes of TF_CONFIG. Or None.
        replicas: Number of them, for "mirrored"; None: a card each, or two.
        wait: Seconds to wait for other processes.
        notify: Called with every message.

    Raises:
        ValueError: if this process cannot train so.
        Stopped: if another process does not come.
    """
    if replicas is not None and mode != "mirrored":
        raise ValueError("--replicas needs --distribute mirrored.")
    if mode is None:
        return OneProcess()
    if keras.backend.backend() != "tensorflow":
        raise ValueError(
            "--distribute needs Keras's TensorFlow backend, not "
            f"{keras.backend.backend()}: set KERAS_BACKEND=tensorflow."
        )
    import tensorflow as tf

    if mode == "mirrored":
        devices = local_devices(replicas)
        # TensorFlow's collective operations, its default, mix up the sums of batch
        # normalizations with those of gradients where replicas share a process
        cards = devices[0].startswith("GPU")
        by = "HierarchicalCopyAllReduce" if cards else "ReductionToOneDevice"
        sums = getattr(tf.distribute, by)()
        return Replicas(tf.distribute.MirroredStrategy(devices, sums))
    cluster = workers.cluster()
    with cluster.met(wait, notify):
        options = tf.distribute.experimental.CommunicationOptions(
            timeout_seconds=workers.SILENCE
        )
        strategy = tf.distribute.MultiWorkerMirroredStrategy(
            communication_options=options
        )
    return Replicas(strategy, cluster)


def local_devices(count=None):
    """Returns the names of the first `count` GPUs, or of parts of the CPU.

    Raises ValueError if there are not as many.
    """
    import tensorflow as tf

    cards = len(tf.config.list_physical_devices("GPU"))
    count = count if count is not None else cards or 2
    if not 1 <= count <= (cards or 64):
        here = f"this machine has {cards} cards" if cards else "parts of a CPU: 1 … 64"
        raise ValueError(f"--replicas {count}: {here}.")
    if not cards:
        with contextlib.suppress(RuntimeError):  # TensorFlow has already started
            placement.split("CPU", parts=count)
    kind = "GPU" if cards else "CPU"
    found = placement.logical_devices(kind)
    if len(found) < count:
        raise ValueError(f"--replicas {count}: this process has {', '.join(found)}.")
    return found[:count]
