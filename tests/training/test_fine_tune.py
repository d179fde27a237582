"""Fine-tuning: what is loaded, new and frozen; neither keeping the frozen layers'
outputs nor a stop changes what is learned."""

import dataclasses
import shutil

import numpy as np
import pytest
from test_train import PLAN
from test_train import assert_same
from test_train import at
from test_train import begin
from test_train import ctrl_c
from test_train import trained

from alexnet_paper.nets import model as models
from alexnet_paper.nets import recipes
from alexnet_paper.nets import variants
from alexnet_paper.nets.variants import Variant
from alexnet_paper.results import evaluate as evaluation
from alexnet_paper.training import fine_tune
from alexnet_paper.training import train as training
from alexnet_paper.training.plan import check
from alexnet_paper.training.plan import read_plan
from alexnet_paper.weights import file as weights

DIGITS = tuple("0123456789")
RECIPE = recipes.Recipe(batch_size=16, image_side=40, reflect=True)


@pytest.fixture(scope="module", autouse=True)
def tiny_variant(tiny, no_determinism_afterwards):
    training.enable_determinism()
    with pytest.MonkeyPatch.context() as patch:
        net = dataclasses.replace(tiny, name="tiny")
        patch.setitem(variants.VARIANTS, "tiny", Variant("", "", net, recipe=RECIPE))
        yield


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A run of one epoch, to start from."""
    folder = tmp_path_factory.mktemp("source")
    trained(dataclasses.replace(PLAN, epochs=1, seed=1), folder)
    return folder


def plan(source, **changes):
    return dataclasses.replace(PLAN, **{"start": str(source), **changes})


def arrays(folder):
    return weights.load(folder / "checkpoint.npz").arrays


def same(one, other):
    """The layers whose arrays are all equal in both."""
    layers = {name.split("/")[0]: [] for name in one}
    for name in one:
        layers[name.split("/")[0]].append(np.array_equal(one[name], other.get(name)))
    return ",".join(layer for layer, equal in layers.items() if all(equal))


@pytest.mark.parametrize(
    ("changes", "classes", "loaded", "new"),
    [
        ({}, DIGITS, "conv1-fc8", ""),  # the same classes: the last layer, too
        ({"new": "conv4,fc8"}, DIGITS, "conv1-conv3,fc6", "conv4,fc8"),
        ({}, DIGITS[::-1], "conv1-fc6", "fc8"),  # in another order
        ({}, DIGITS[:3], "conv1-fc6", "fc8"),
        ({"variant": "tiny.no-conv4"}, DIGITS, "conv1-fc8", ""),
        ({"variant": "tiny.one-tower"}, DIGITS, "fc8", "conv1-fc6"),
    ],
)
def test_what_fits_is_loaded_and_the_rest_is_new(changes, classes, loaded, new, source):
    asked = plan(source, **changes)
    net = asked.architecture(len(classes))
    model = models.build_model(net, "one-device", seed=9)
    fresh = models.get_weights(model)
    begun, _ = fine_tune.begin(asked, model, net, classes)
    assert (begun["loaded"], begun["new"]) == (loaded, new)
    ours = models.get_weights(model)
    assert same(ours, arrays(source)) == ",".join(net.layers_named(loaded))
    assert same(ours, fresh) == ",".join(net.layers_named(new))


@pytest.mark.parametrize("placement", ["one-device", "two-devices"])
def test_frozen_layers_stay_and_the_others_move(placement, source, tmp_path):
    frozen = plan(source, freeze="conv1-conv3", placement=placement)
    run = trained(frozen, tmp_path)
    assert same(arrays(source), arrays(tmp_path)) == "conv1,conv2,conv3"
    moved = {models.layer_and_part(v.path)[0] for v in run.fitted.trainable_variables}
    assert moved == {"conv4", "fc6", "fc8"}


CYCLE = {"freeze": "conv1-conv3", "view_cycle": 2, "epochs": 3}


def test_keeping_the_frozen_outputs_changes_nothing(source, tmp_path, monkeypatch):
    """Three epochs, whose views are those of epochs 0, 1 and 0."""
    assert trained(plan(source, **CYCLE), tmp_path / "kept").frozen.kept.keys() == {
        ("train", (5, 0)),
        ("train", (5, 1)),
        ("validation", None),
    }
    monkeypatch.setattr(fine_tune, "MEMORY", 0)
    again = trained(plan(source, **CYCLE), tmp_path / "again")
    assert again.frozen is None
    ours, theirs = arrays(tmp_path / "kept"), arrays(tmp_path / "again")
    for name in ours:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-4, atol=1e-6)
    other = trained(plan(source, **{**CYCLE, "view_cycle": 3}), tmp_path / "other")
    assert same(ours, models.get_weights(other.model)) == "conv1,conv2,conv3"


def test_a_stopped_run_needs_its_source_no_more(source, tmp_path):
    from_copy, gone = tmp_path / "source", tmp_path / "gone"
    shutil.copytree(source, from_copy)
    trained(plan(from_copy, **CYCLE), tmp_path / "alone")
    run, _ = begin(plan(from_copy, **CYCLE), tmp_path / "stopped")
    assert not run.train([at(run, (1, 2), ctrl_c)])
    from_copy.rename(gone)
    run, _ = begin(plan(from_copy, **CYCLE), tmp_path / "stopped", resume=True)
    assert run.train()
    assert_same(tmp_path / "alone", tmp_path / "stopped")


def test_images_are_prepared_as_for_the_source(source, tmp_path):
    """Two thirds of the images have another mean than all of them."""
    run, _ = begin(plan(source, limit=40), tmp_path)
    mean = weights.load(source / "checkpoint.npz").preparation.mean
    assert (run.prepare.mean == mean).all()
    small = dataclasses.replace(run.prepare, size=20)
    alike = fine_tune.prepared_alike(small, run.prepare)
    np.testing.assert_allclose(alike.mean, mean.mean(axis=(0, 1)), rtol=1e-6)


def test_rates_of_layers(source):
    rates = plan(source, rate_of="fc6-fc8=10,conv1=0.5").training_recipe()
    assert dict(rates.rate_multipliers) == {"fc6": 10.0, "fc8": 10.0, "conv1": 0.5}


def test_the_record_says_where_the_weights_come_from(source, tmp_path):
    trained(plan(source, freeze="conv1", epochs=1), tmp_path)
    record = evaluation.evaluate([tmp_path], "test", 1, "command")
    (said,) = record.protocol.beginning
    digest = read_plan(tmp_path)[1]["beginning"]["sha256"][:8]
    assert said == f"{source} (sha256 {digest}): conv1-fc8 loaded; conv1 frozen"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"start": None, "freeze": "conv1"}, "need --from"),
        ({"freeze": "conv9"}, "tiny has no layer conv9: its learned layers are conv1,"),
        ({"freeze": "conv1-conv2-conv3"}, "conv1-conv2-conv3"),
        ({"freeze": "conv1", "new": "conv1-conv3"}, "conv1 cannot be both"),
        ({"freeze": "conv1-fc8"}, "nothing is left"),
        ({"rate_of": "fc8"}, "LAYER=FACTOR"),
        ({"rate_of": "fc8=-1"}, "LAYER=FACTOR"),
        ({"rate_of": "fc8=2", "schedule": "145"}, "without a schedule"),
        ({"view_cycle": 0}, "--view-cycle"),
    ],
)
def test_what_does_not_fit_together_is_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        check(plan("somewhere", **changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"start": "nowhere"}, "nowhere: there is no such weight file"),
        ({"start": "."}, "is not the folder of a run"),
        ({"variant": "tiny.no-conv2", "freeze": "conv3"}, "conv3 is not loaded"),
    ],
)
def test_sources_that_do_not_serve(changes, words, source, tmp_path):
    with pytest.raises((ValueError, FileNotFoundError), match=words):
        begin(plan(source, **changes), tmp_path / "run")
    assert not (tmp_path / "run").exists()
