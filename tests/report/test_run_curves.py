"""The figure of a run's curves says of dropout what is true of its net."""

import pytest
from matplotlib.text import Text

from alexnet_paper.nets import variants
from alexnet_paper.report import charts

HISTORY = [{"epoch": 1, "loss": 2.3, "top1_error": 0.9}]


@pytest.mark.parametrize(
    ("variant", "said"), [("paper", True), ("cifar-18pct", False), (None, False)]
)
def test_dropout_is_said_to_be_on_where_the_net_has_it(variant, said):
    layers = (variants.get(variant).architecture.layers,) if variant else ()
    figure = charts.curves(HISTORY, "Run.", *layers)
    texts = " ".join(text.get_text() for text in figure.findobj(Text))
    assert "mean over the epoch's steps" in " ".join(texts.split())
    assert ("dropout on" in texts) is said
