"""The main job's content: sections and JSON of one `Measured`."""

import pytest

from alexnet_paper.nets import variants
from alexnet_paper.report import table
from alexnet_paper.verdicts.measure import Measured


def nothing_measured(name):
    return Measured(variants.get(name), (), None, ())


@pytest.mark.parametrize("name", ["bn-cifar10", "cats-vs-dogs", "bn-flowers17"])
def test_an_articles_table_says_what_it_changed(name):
    """In the report's sections and in its JSON; no other net's has it."""
    measured = nothing_measured(name)
    (changed,) = [one for name, one in table.sections(measured) if name == "changes"]
    assert changed.columns == ("layer", "paper", "article")
    assert ("towers", "2", "1") in changed.rows
    assert ("optimizer", "sgd", "adam") in changed.rows
    found = table.as_json(measured)["changes"]
    assert [(row["name"], row["a"], row["b"]) for row in found] == list(changed.rows)
    assert table.as_json(nothing_measured("authors"))["changes"] is None


def test_json_has_plain_values_only():
    found = {"a": [{"x": {"b", "a"}}], "t": (1, {2})}
    assert table.plain(found) == {"a": [{"x": ["a", "b"]}], "t": [1, [2]]}
