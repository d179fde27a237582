"""Batches prepared by threads ahead of the training step."""

import threading
from concurrent.futures import ThreadPoolExecutor

import keras


class Prefetched(keras.utils.PyDataset):
    """A dataset whose next batches are prepared by threads while one is trained on.

    Use it in a `with` block: its threads end with the block. The threads of Keras's own
    `PyDataset(workers=...)` wait forever if `fit` stops before the last batch. Every
    batch must depend on its index alone.

    Args:
        batches: The `keras.utils.PyDataset` to read.
        workers: Number of threads.
        ahead: Number of batches that are prepared in advance.
    """

    def __init__(self, batches, workers, ahead=8):
        super().__init__()
        self.batches, self.ahead, self.coming = batches, ahead, {}
        self.pool = ThreadPoolExecutor(workers, "prefetch")
        self.lock, self.ended = threading.Lock(), False

    def __enter__(self):
        return self

    def __exit__(self, *error):
        with self.lock:
            self.ended = True
        self.pool.shutdown()

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        with self.lock:
            if self.ended:  # TensorFlow may read on until it drops the iterator
                return self.batches[index]
            for step in range(index, min(index + self.ahead + 1, len(self))):
                if step not in self.coming:
                    self.coming[step] = self.pool.submit(self.batches.__getitem__, step)
            # Keras reads the first two batches twice: for their shapes, and in training
            self.coming.pop(index - 2, None)
            found = self.coming[index]
        return found.result()
