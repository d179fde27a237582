"""Plans: what a run takes from its variant's recipe, and what it changes."""

import dataclasses

import pytest

from alexnet_paper.nets.placement import resolve
from alexnet_paper.nets.recipes import OnPlateau
from alexnet_paper.training.plan import Plan
from alexnet_paper.training.plan import check
from alexnet_paper.training.plan import difference


@pytest.mark.parametrize(
    ("variant", "size", "side"),
    [("paper", 67, 76), ("paper", None, 256), ("cifar-18pct", 24, None)],
)
def test_a_plan_scales_the_images_with_the_input(variant, size, side):
    """227 of 256 pixels become 67 of 76."""
    plan = Plan(variant, "digits", input_size=size)
    assert plan.training_recipe().image_side == side
    if size:
        assert plan.architecture(10).input_shape == (size, size, 3)


def test_a_plan_takes_what_is_not_said_from_the_recipe():
    plan = Plan("cifar-18pct", "digits")
    recipe = plan.training_recipe()
    assert (recipe.epochs, recipe.batch_size) == (140, 128)
    changes = {"epochs": 2, "batch_size": 7, "learning_rate": 0.5, "validation": 0.0}
    changes |= {"patience": 3, "steps": 10, "weight_decay": 0.1}
    ours = dataclasses.replace(plan, **changes).training_recipe()
    changes["layer_weight_decay"] = ()  # one decay for every kernel
    assert ours == dataclasses.replace(recipe, **changes)


@pytest.mark.parametrize(
    ("variant", "schedule", "drops"),
    [
        ("cifar-18pct", None, (120, 130)),
        ("cifar-18pct", "plateau", OnPlateau()),
        ("cifar-18pct", "constant", ()),
        ("paper", None, OnPlateau()),
        ("paper", "constant", ()),
        ("paper", "steps", (72, 81)),
        ("paper", "24,28", (24, 28)),
        ("paper", "24", (24,)),
        ("paper", "145", OnPlateau()),  # the authors' run, not an epoch
    ],
)
def test_when_the_rate_falls(variant, schedule, drops):
    assert Plan(variant, "digits", schedule=schedule).training_recipe().drops == drops


def test_a_run_of_the_authors_stops_where_theirs_did():
    plan = Plan("authors", "imagenet", schedule="145")
    assert plan.training_recipe().epochs == plan.authors_schedule().stopped == 91
    assert dataclasses.replace(plan, epochs=3).training_recipe().epochs == 3


def test_the_article_has_two_recipes():
    """As published its rate never falls; as intended once, from .001 to .00001."""
    usual, published, intended = (
        Plan("bn-cifar10", "cifar10", recipe=name).training_recipe()
        for name in (None, "as-published", "as-intended")
    )
    assert usual == published and published.drops == ()
    drops = OnPlateau(patience=3, factor=0.01, drops=1, least=1e-4)
    assert intended == dataclasses.replace(published, drops=drops)


RARELY = {"patience": 2, "validate_every": 3, "schedule": "steps"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"recipe": "mine"}, "paper has no recipe 'mine': it has as-published"),
        ({"schedule": "x"}, "unknown schedule 'x': one of plateau, con"),
        ({"schedule": "24,"}, "unknown schedule '24,'"),
        ({"schedule": "146"}, "--schedule 146: the rate would never fall in 90 epochs"),
        ({"weight_decay": -1.0}, "--weight-decay must be greater than or equal to 0"),
        ({"steps": 0}, "--steps must be greater than or equal to 1, not 0"),
        ({"precision": "float16"}, "--precision must be .float32. or .mixed_bfloat16"),
        ({"until": 1.5}, "--until must be less than 1, not 1.5"),
        ({"patience": 0}, "--patience must be greater than or equal to 1, not 0"),
        (RARELY, "--patience needs a validation after"),
        ({"validate_every": 2}, "--validate-every needs a rate that falls by"),
        ({"learning_rate": 0.0}, "--learning-rate must be greater than 0, not 0.0"),
        (
            {"learning_rate": float("nan")},
            "--learning-rate must be a finite number",
        ),
        ({"validate_every": 0}, "--validate-every must be greater than or"),
    ],
)
def test_a_plan_that_cannot_be(changes, message):
    with pytest.raises(ValueError, match=message):
        check(Plan("paper", "digits", **changes))


LONG = "no-lrn" + "9" * 4000


@pytest.mark.parametrize(
    "changes",
    [
        {"variant": LONG},
        {"variant": f"paper-32.{LONG}"},
        *({name: LONG} for name in ("data", "schedule", "placement", "recipe")),
        {"schedule": "9" * 4000, "epochs": 2},
        {"freeze": LONG, "start": "x"},
        *({"rate_of": text} for text in (LONG, f"{LONG}=1")),
    ],
)
def test_a_name_without_end_is_told_in_short(changes):
    """The message keeps what can be done: the known names, after the unknown one."""
    plan = Plan(**{"variant": "paper", "data": "digits", **changes})
    with pytest.raises(ValueError) as told:
        check(plan)
        plan.rates()
        resolve(plan.placement, 2)
        plan.dataset()
    assert len(str(told.value)) < 600


def test_plans_that_differ_are_told_apart_in_one_line():
    plan = Plan("paper", "digits", epochs=1)
    other = dataclasses.replace(plan, epochs=2, schedule="9" * 5000)
    said = difference(plan, other)
    assert said.startswith("epochs 1 there, 2 asked for; schedule ") and len(said) < 300
