"""`AlexNet(weights=...)`: every kind of file that it takes, and the way out that it
names for every other."""

import os
import re
import subprocess
import sys

import foreign
import keras
import numpy as np
import pytest
from untrained import untrained

import alexnet_paper
from alexnet_paper import AlexNet
from alexnet_paper.nets import model as models
from alexnet_paper.nets import variants
from alexnet_paper.training import run as run_folder
from alexnet_paper.weights import convert
from alexnet_paper.weights import downloads
from alexnet_paper.weights import file as weight_file
from alexnet_paper.weights import sources

NET = untrained("cifar-18pct", 10, seed=3)
TEN = {"variant": "cifar-18pct", "classes": 10}
BARE = {"variant": "cifar-18pct", "include_top": False}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A folder with the same weights in every form."""
    folder = tmp_path_factory.mktemp("weights")
    convert.save(NET, folder / "own.npz")
    (folder / "run").mkdir()
    (folder / "run" / "run.json").touch()
    convert.save(NET, folder / "run" / "checkpoint.npz")
    model = AlexNet(weights=folder / "own.npz", **TEN)
    model.save(folder / "net.keras")
    model.save_weights(folder / "net.weights.h5")
    arrays = {n: a for n, a in NET.arrays.items() if n != "fc10/kernel"}
    weight_file.save(folder / "part.npz", arrays, {"variant": "cifar-18pct"})
    weight_file.save(folder / "nameless.npz", NET.arrays, {})
    (folder / "net.pth").write_bytes(b"no zip")
    np.savez(folder / "caffe layout.npz", conv1_w=np.zeros(3))
    (folder / "old.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    (folder / "empty.keras").touch()
    (folder / "empty.weights.h5").touch()
    (folder / "begun").mkdir()
    (folder / "begun" / "run.json").touch()
    return folder


@pytest.mark.parametrize("options", [TEN, BARE])
@pytest.mark.parametrize("name", ["own.npz", "run", "net.keras", "net.weights.h5"])
def test_every_form_with_and_without_the_top(name, options, files):
    found = models.get_weights(AlexNet(weights=files / name, seed=1, **options))
    assert len(found) == (8 if options is TEN else 6)
    assert all(np.array_equal(found[part], NET.arrays[part]) for part in found)


def test_partial_weights_without_the_top(files):
    found = models.get_weights(AlexNet(weights=str(files / "part.npz"), **BARE))
    assert all(np.array_equal(found[part], NET.arrays[part]) for part in found)


def test_the_best_weights_of_a_run_come_first():
    assert sources.RUN_FILES == (run_folder.BEST, run_folder.CHECKPOINT)


IMPORT = r"python -m reproduce.weights import \S*{} --out alexnet.npz"
PUBLIC = "python -m reproduce.weights fetch bvlc-alexnet.* variant='caffe'"
REFUSED = [
    ("own.npz", {**TEN, "classes": 7}, "10 classes, not 7: pass classes=10, or inc"),
    ("net.keras", {**TEN, "classes": 7}, "10 classes, not 7: pass classes=10, or inc"),
    ("net.weights.h5", {**TEN, "classes": 7}, "fc10 has another shape. .*classes="),
    ("run", {**TEN, "variant": "paper"}, "pass variant='cifar-18pct'"),
    ("nameless.npz", {"classes": 10}, "its conv1/kernel is .5, 5.* Pass the variant="),
    ("net.keras", {"classes": 10}, "its conv1/kernel is .5, 5.* Pass the variant="),
    ("part.npz", TEN, "partial: it lacks fc10/kernel: pass include_top=False"),
    (
        "own.npz",
        {**TEN, "input_shape": (64, 64, 3)},
        r"fc10/kernel of shape \(1024, 10\), and .*\(64, 64, 3\).*include_top=False",
    ),
    ("net.pth", TEN, IMPORT.format("net.pth")),
    ("caffe layout.npz", TEN, IMPORT.format("caffe layout.npz'")),
    ("old.h5", TEN, "HDF5 is not read"),
    ("empty.keras", TEN, "empty.keras cannot be loaded"),
    ("empty.weights.h5", TEN, "empty.weights.h5 does not fit"),
    ("absent.npz", TEN, f"no such file.*{PUBLIC}"),
    ("absent.keras", TEN, f"no such file.*{PUBLIC}"),
    ("absent.weights.h5", TEN, f"no such file.*{PUBLIC}"),
    ("", TEN, "not the folder of a run"),
    ("begun", TEN, "has no weights yet"),
]


@pytest.mark.parametrize(("name", "options", "said"), REFUSED)
def test_what_does_not_fit_names_the_way_out(name, options, said, files, monkeypatch):
    """Before a net is built, but for the file whose layers are only numbered."""
    if not name.endswith(".weights.h5"):
        monkeypatch.setattr(models, "build_model", None)
    with pytest.raises((ValueError, FileNotFoundError)) as caught:
        AlexNet(weights=files / name, **options)
    text = str(caught.value)
    assert re.search(said, text) and name in text and len(text.splitlines()) == 1


def test_imagenet(tmp_path, monkeypatch):
    """The fetched file, if there is one for the variant; else how to get it."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(ValueError, match=f"'paper' are published.*{PUBLIC}"):
        AlexNet(weights="imagenet")
    with pytest.raises(FileNotFoundError, match="bvlc_alexnet.* fetch bvlc-alexnet; "):
        AlexNet(weights="imagenet", variant="caffe")
    place = tmp_path / "weights" / "bvlc_alexnet.caffemodel"
    place.parent.mkdir()
    place.write_bytes(b"another file")
    with pytest.raises(OSError, match="has the sha1 .* not 9116a64"):
        AlexNet(weights="imagenet", variant="caffe")
    asked = []
    monkeypatch.setattr(downloads, "download", asked.append)
    small = foreign.small_variants()["caffe"]
    monkeypatch.setitem(variants.VARIANTS, "caffe", small)
    arrays = foreign.weights_of(small)
    foreign.write_caffemodel(place, arrays)
    found = sources.arrays_of("imagenet", "caffe")
    assert found.keys() == arrays.keys() and asked == ["bvlc-alexnet"]
    assert all(np.array_equal(found[part], arrays[part]) for part in arrays)
    assert set(sources.IMAGENET.values()) == set(downloads.PUBLIC)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"input_shape": (32, 32, 3)},
            "paper needs at least 67×67; its own is 227×227",
        ),
        (
            {"input_shape": (32, 32, 3), "include_top": False},
            "paper needs at least 67×67",
        ),
        ({"input_shape": (3, 227, 227)}, r"\(height, width, channels\): .*too small"),
        ({"input_shape": (227, 227)}, "must be .height, width, channels"),
        ({"input_shape": (None, None, 3)}, "fc6 of .*: pass include_top=False or num"),
        ({"variant": "authors", "include_top": False}, "cnorm2 .* the size: pass numb"),
        ({"variant": "paper-32", "include_top": False}, "pool1 of paper-32 depends"),
        ({"classes": 0}, "classes must be a positive integer. Received: 0"),
        ({"classes": "10"}, "classes must be .* '10'"),
    ],
)
def test_sizes_that_do_not_fit(options, said):
    unknown = {"input_shape": (None, None, 3)} if "variant" in options else {}
    with pytest.raises(ValueError, match=said):
        AlexNet(**unknown, **options)


def test_any_size_without_the_top():
    """The same features as of the net of that size."""
    bare = {"variant": "one-weird-trick", "include_top": False, "seed": 1}
    model = AlexNet(input_shape=(None, None, 3), **bare)
    assert model.input_shape == (None, None, None, 3)
    for size in ((80, 97), (64, 64)):
        image = np.random.default_rng(0).normal(size=(1, *size, 3)).astype("float32")
        expected = AlexNet(input_shape=(*size, 3), **bare)(image)
        np.testing.assert_allclose(model(image), expected, rtol=1e-5, atol=1e-6)
    assert AlexNet(variant="cifar-18pct", classes=np.int64(7)).output_shape == (None, 7)


LIGHT = """
import sys, alexnet_paper
assert alexnet_paper.__version__ == sys.argv[1]
assert alexnet_paper.list_variants()[0] == "paper" and "AlexNet" in dir(alexnet_paper)
heavy = {"keras", "tensorflow", "numpy"} & set(sys.modules)
assert not heavy, heavy
from alexnet_paper import *
assert AlexNet and preprocess_input and decode_predictions
"""


def test_the_package_loads_nothing_heavy():
    """Its version and the names of its nets neither."""
    root = os.path.dirname(os.path.dirname(alexnet_paper.__file__))
    env = {**os.environ, "PYTHONPATH": root}
    command = [sys.executable, "-c", LIGHT, alexnet_paper.__version__]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-1000:]
    assert re.fullmatch(r"\d+\.\d+\.\d+", alexnet_paper.__version__)
    with pytest.raises(AttributeError, match="no attribute 'VGG16'"):
        alexnet_paper.VGG16


def test_a_saved_net_is_loaded_by_keras_alone_after_one_import(files):
    script = "from alexnet_paper import AlexNet; import keras, sys; "
    script += "keras.models.load_model(sys.argv[1])"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", script, str(files / "net.keras")]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-1000:]
    assert keras.models.load_model(files / "net.keras").output_shape == (None, 10)
