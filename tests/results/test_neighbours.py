"""Nearest images and their precision, on points whose neighbours are seen by eye."""

import numpy as np
import pytest

from alexnet_paper.results.neighbours import retrieval

# class 0 around 0, class 1 around 10, and one of class 1 that strayed
TRAIN = np.array([[0.0], [1.0], [2.5], [10.0], [11.0], [0.4]])
LABELS = [0, 0, 0, 1, 1, 1]


def test_by_hand():
    found = retrieval(TRAIN, LABELS, np.array([[0.1], [9.0], [0.9]]), [0, 1, 0], k=2)
    assert found.indices.tolist() == [[0, 5], [3, 4], [1, 5]]
    assert found.precision == {0: 0.5, 1: 1.0}
    assert found.overall == pytest.approx(2 / 3)  # four of six, not 0.75


def test_chance_is_the_share_of_the_class():
    found = retrieval(TRAIN, [0, 1, 1, 1, 1, 1], TRAIN[:3], [0, 1, 1], k=1)
    assert found.chance == {0: pytest.approx(1 / 6), 1: pytest.approx(5 / 6)}
    assert found.overall_chance == pytest.approx((1 + 5 + 5) / 18)
    assert found.overall == 1  # every query is there itself


def test_near_by_distance_or_by_angle():
    """(1, 0.5) is nearer to (1, 1) than (3, 3) is, but not in its direction."""
    train, query = np.array([[3.0, 3.0], [1.0, 0.5]]), np.array([[1.0, 1.0]])
    for options, nearest in (({}, 1), ({"metric": "cosine"}, 0)):
        found = retrieval(train, [0, 1], query, [1], k=1, **options)
        assert found.indices.tolist() == [[nearest]]


@pytest.mark.parametrize(("queries", "k"), [(1, 7), (0, 1), (1, 0)])
def test_too_few(queries, k):
    with pytest.raises(ValueError, match="nearest images need"):
        retrieval(TRAIN, LABELS, TRAIN[:queries], LABELS[:queries], k)
