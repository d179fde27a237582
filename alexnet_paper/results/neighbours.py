"""Nearest images by a hidden layer's features (paper §6.1, Figure 4, right)."""

from dataclasses import dataclass

METRICS = ("euclidean", "cosine")  # the paper's distance; the angle between features


@dataclass(frozen=True)
class Retrieval:
    """The nearest training images of every query, and the share with its label.

    `indices` (queries, k) are indices of training images, nearest first. For each label
    among the queries, `precision` is the mean share of their k nearest images that have
    the label, and `chance` the share of all training images that have it.
    """

    indices: object  # an array; NumPy is imported where it is needed
    precision: dict
    chance: dict
    counts: dict  # {label: queries}

    @property
    def overall(self):
        """Precision over all queries."""
        return self.over_queries(self.precision)

    @property
    def overall_chance(self):
        """Expected precision of randomly drawn images for the same queries."""
        return self.over_queries(self.chance)

    def over_queries(self, shares):
        total = sum(self.counts.values())
        return sum(shares[label] * self.counts[label] for label in shares) / total


def retrieval(
    train_features,
    train_labels,
    query_features,
    query_labels,
    k=6,
    metric="euclidean",
):
    """Finds every query's k nearest training images.

    Args:
        train_features: (images, features) of a layer, such as fc7's 4096.
        train_labels: (images,) integers.
        query_features: (queries, features).
        query_labels: (queries,) integers.
        k: The number of images for each query; the paper shows six.
        metric: One of `METRICS`: the paper's Euclidean distance, or "cosine", the
            angle, by which long features are no farther than short ones.

    Returns:
        A `Retrieval`.

    Raises:
        ValueError: if there are fewer than k training images, or no query.
    """
    import numpy as np
    from sklearn.neighbors import NearestNeighbors

    train_labels, query_labels = np.asarray(train_labels), np.asarray(query_labels)
    if not 1 <= k <= len(train_labels) or not len(query_labels):
        raise ValueError(
            f"the {k} nearest images need {k} training images and a query. "
            f"Received: {len(train_labels)} and {len(query_labels)}"
        )
    nearest = NearestNeighbors(n_neighbors=k, algorithm="brute", metric=metric)
    found = nearest.fit(train_features)
    indices = found.kneighbors(query_features, return_distance=False)
    hits = (train_labels[indices] == query_labels[:, None]).mean(axis=1)
    labels, counts = np.unique(query_labels, return_counts=True)
    return Retrieval(
        indices,
        {int(label): float(hits[query_labels == label].mean()) for label in labels},
        {int(label): float(np.mean(train_labels == label)) for label in labels},
        {int(label): int(count) for label, count in zip(labels, counts, strict=True)},
    )
