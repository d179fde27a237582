"""Batches of a split for Keras: training batches of an epoch, or test views."""

import keras
import numpy as np


class Batches(keras.utils.PyDataset):
    """Training batches of one epoch, from a given step on.

    A batch depends on seed, epoch and step only, not on the number of workers: the
    order of images is drawn from (seed, epoch), and each image's random choices from
    (seed, epoch, its index).

    Args:
        split: `datasets.Split`.
        prepare: `augment.Preparation`.
        batch_size: Images in a batch; the last may have fewer.
        seed: Integer, or a list of integers.
        epoch: Number of the epoch.
        start: First step.
        steps: Steps of the epoch, if fewer than use every image.
        cycle: Number of epochs after which an image's random choices repeat.
        **options: Of `keras.utils.PyDataset`.
    """

    def __init__(
        self,
        split,
        prepare,
        batch_size,
        seed,
        epoch=0,
        start=0,
        steps=None,
        cycle=None,
        **options,
    ):
        super().__init__(**options)
        self.split, self.prepare, self.batch_size = split, prepare, batch_size
        self.start = start
        self.steps = steps or -(-len(split) // batch_size)  # of the whole epoch
        seeds = np.atleast_1d(seed).tolist()
        self.key = [*seeds, epoch % cycle if cycle else epoch]
        self.order = np.random.default_rng([*seeds, epoch]).permutation(len(split))

    def __len__(self):
        return self.steps - self.start

    def chosen(self, index):
        """Returns the numbers of a batch's images."""
        first = (self.start + index) * self.batch_size
        return self.order[first : first + self.batch_size]

    def views_of(self, chosen):
        """Returns the random views of the chosen images, and their labels."""
        return training_views(self.split, self.prepare, chosen, self.key)

    def __getitem__(self, index):
        return self.views_of(self.chosen(index))


def training_views(split, prepare, chosen, key):
    """Returns random views (n, size, size, 3) of the chosen images, and their labels.

    The random choices of image i are drawn from the seed (*key, i).
    """
    images = [
        prepare.training(split.images[i], np.random.default_rng([*key, i]))
        for i in chosen
    ]
    return np.stack(images), split.labels[chosen]


class Views(keras.utils.PyDataset):
    """Test views of a split, in order: batches (images · views, size, size, 3)."""

    def __init__(self, split, prepare, views=1, batch_size=128, **options):
        super().__init__(**options)
        self.split, self.prepare, self.views = split, prepare, views
        self.batch_size = max(1, batch_size // views)

    def __len__(self):
        return -(-len(self.split) // self.batch_size)

    def chosen(self, index):
        """Returns the numbers of a batch's images."""
        first = index * self.batch_size
        return np.arange(first, min(first + self.batch_size, len(self.split)))

    def views_of(self, chosen):
        """Returns the views of the chosen images, and their labels."""
        images = [self.prepare.views(self.split.images[i], self.views) for i in chosen]
        labels = np.repeat(self.split.labels[chosen], self.views)
        return np.concatenate(images), labels

    def __getitem__(self, index):
        return self.views_of(self.chosen(index))


class Slices(keras.utils.PyDataset):
    """Slices of batches, for the replicas of one process.

    Every batch is cut into `parts` slices, as equal as possible. A batch of fewer
    images goes whole to every replica, because convolutions need an image. Element i is
    the slice of step i // held, of part first + i % held: (images, labels, [number of
    its first image in the batch, images of the batch, replicas that have the image]).

    Args:
        batches: `Batches` or `Views`, with one view an image.
        parts: Slices of a batch: replicas of all processes.
        first: Number of this process's first slice.
        held: Slices of this process.
    """

    def __init__(self, batches, parts, first=0, held=None):
        super().__init__()
        self.batches, self.parts = batches, parts
        self.first, self.held = first, held or parts

    def __len__(self):
        return len(self.batches) * self.held

    def __getitem__(self, index):
        step, part = index // self.held, self.first + index % self.held
        chosen = self.batches.chosen(step)
        whole = len(chosen)
        copies = self.parts if whole < self.parts else 1
        if copies > 1:
            begin, end = 0, whole
        else:
            begin, end = (whole * n // self.parts for n in (part, part + 1))
        place = np.array([begin, whole, copies], "int32")
        return *self.batches.views_of(chosen[begin:end]), place
