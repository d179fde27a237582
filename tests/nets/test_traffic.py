"""Bytes and seconds by hand, for the paper's net and for cards that do not exist."""

import pytest

from alexnet_paper.nets import specs
from alexnet_paper.nets import traffic
from alexnet_paper.nets import variants

NET = variants.get("paper").architecture
DENSE = 4096 * (9216 + 1 + 4096 + 1) + 1000 * (4096 + 1)  # fc6, fc7, fc8 with biases
CONVOLUTIONS = 60_965_224 - DENSE


def test_towers_send_figure_2():
    """conv3, fc6 and fc7 read half of their maps from the other tower, in both
    directions, and fc8, on one card, the other's half of fc7."""
    numbers = 2 * (13 * 13 * 128 + 6 * 6 * 128 + 2048) + 2048
    assert traffic.by_towers(NET, 128) == 128 * 4 * numbers


@pytest.mark.parametrize(("cards", "share"), [(2, 1), (4, 1.5), (16, 1.875)])
def test_replicas_send_gradients_and_mixed_sends_the_inputs_of_dense_layers(
    cards, share
):
    assert traffic.by_replicas(NET, cards) == 4 * share * 60_965_224
    image = 2 * (9216 + 4096 + 4096) + 1000
    others = (cards - 1) * 256 / cards * image
    expected = 4 * (share * CONVOLUTIONS + others)
    assert traffic.mixed(NET, 256, cards) == pytest.approx(expected)


@pytest.mark.parametrize("cards", [2, 16])
def test_mixed_pays_up_to_the_break_even(cards):
    batch = traffic.break_even(NET)
    sent = traffic.by_replicas(NET, cards)
    assert traffic.mixed(NET, 0.99 * batch, cards) < sent
    assert traffic.mixed(NET, 1.01 * batch, cards) > sent


def test_a_step_computes_and_then_sends():
    """Six operations a multiply-add: forward, and backward twice."""
    work = 6 * specs.totals(NET).macs
    assert traffic.operations(NET) == work == 6 * 724_406_816
    taken = traffic.seconds(NET, 100, 4, sent=1e9, speed=1e12, link=5e8)
    assert taken == pytest.approx(work * 25 / 1e12 + 2)


def test_a_training_as_long_as_its_work_reaches_the_peak():
    card = traffic.Card("none", 2000, 1e15, "float32", 1e9, "nowhere")
    days = traffic.operations(NET) * 3 * 1000 / (2 * card.peak) / 86_400
    assert traffic.share_of_peak(NET, days, 3, 1000, 2, card) == pytest.approx(1)
