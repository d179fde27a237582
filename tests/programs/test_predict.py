"""reproduce.predict as a person meets it: any photograph, any net, one line for what
cannot be read."""

import csv
import dataclasses
import io
import os

import numpy as np
import pytest
from foreign import declared_png
from PIL import Image
from untrained import untrained

from alexnet_paper.data import augment
from alexnet_paper.weights import convert as conversion
from alexnet_paper.weights import net as nets
from reproduce import predict


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    """A weight file of a small net with two classes: what is light is a dog."""
    folder = tmp_path_factory.mktemp("nets")
    found = untrained("cifar-18pct", 2, seed=3)
    arrays = {name: np.abs(array) for name, array in found.arrays.items()}
    kernel = arrays["fc10/kernel"]
    arrays["conv1/kernel"] *= 100  # all positive: the maps grow with the light
    kernel[:, 0], kernel[:, 1] = -np.abs(kernel[:, 0]), np.abs(kernel[:, 1])
    arrays["fc10/kernel"] = kernel
    named = dataclasses.replace(found, arrays=arrays, class_names=("cat", "dog"))
    conversion.save(named, folder / "pets.npz")
    bare = dataclasses.replace(found, class_names=None)
    conversion.save(bare, folder / "bare.npz")
    return folder


@pytest.fixture
def photographs(tmp_path):
    """Files by what they are."""
    rng = np.random.default_rng(0)
    light = rng.integers(200, 255, (50, 70, 3), "uint8")
    found = {
        "light": Image.fromarray(light),
        "grey": Image.fromarray(light[..., 0]),
        "cmyk": Image.fromarray(light).convert("CMYK"),
        "tiny": Image.new("RGB", (1, 2), "white"),
        "dark": Image.new("RGB", (40, 40)),
        "bomb": Image.new("1", (11_000, 10_000)),
    }
    paths = {}
    for name, image in found.items():
        paths[name] = tmp_path / f"{name}.{'png' if name != 'cmyk' else 'jpg'}"
        image.save(paths[name])
    whole = paths["light"].read_bytes()
    (tmp_path / "broken.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.jpg").write_text("no image")
    (tmp_path / "long.png").write_bytes(declared_png(1, 99_999_999))
    (tmp_path / "link.png").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.png")
    return paths


def rows(out):
    """The table's rows by photograph: {file: [(label, probability), ...]}."""
    found = {}
    for name, rank, label, probability in list(csv.reader(io.StringIO(out)))[1:]:
        found.setdefault(name, []).append((label, float(probability)))
        assert int(rank) == len(found[name])
    return found


def test_both_classes_of_every_photograph(net, photographs, call, tmp_path):
    """Light ones are dogs and dark ones cats, whatever their mode and size; the numbers
    are those of the net on the prepared image."""
    names = ("light", "grey", "cmyk", "tiny", "dark")
    paths = [photographs[name] for name in names]
    options = ("--weights", net / "pets.npz", "--format", "csv")
    code, out, err = call(predict, *paths, *options, "--out", tmp_path / "out.svg")
    assert code == 0 and "grey.png: grey" in err and "cmyk.jpg: CMYK" in err
    found = rows(out)
    assert list(found) == list(map(str, paths))
    best = [found[str(path)][0][0] for path in paths]
    assert best == ["dog", "dog", "dog", "dog", "cat"]
    for labels in found.values():
        assert len(labels) == 2 and sum(p for _, p in labels) == pytest.approx(
            100, abs=0.11
        )
    one = nets.open_weights(net / "pets.npz")
    light = np.asarray(Image.open(paths[0]))
    (expected,) = one.predict([light])
    assert found[str(paths[0])][0][1] == pytest.approx(100 * expected.max(), abs=0.051)
    assert (tmp_path / "out.svg").read_bytes().startswith(b"<?xml")


def test_bad_ones_are_named_and_the_others_predicted(net, photographs, call, tmp_path):
    names = ("broken.png", "text.jpg", "none.jpg", "bomb.png", "long.png", "link.png")
    bad = [tmp_path / name for name in (*names, "pipe.png")]
    paths = [bad[0], photographs["light"], *bad[1:], photographs["dark"]]
    options = ("--weights", net / "pets.npz", "--format", "csv")
    code, out, err = call(predict, *paths, *options)
    assert code == 1
    assert list(rows(out)) == [str(photographs["light"]), str(photographs["dark"])]
    errors = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 7 and "Traceback" not in err
    assert all(str(path) in line for path, line in zip(bad, errors, strict=True))


def test_only_bad_ones(net, wrong_use, tmp_path):
    arguments = (tmp_path / "none.jpg", "--weights", net / "pets.npz")
    out = tmp_path / "out.png"
    assert "none.jpg" in wrong_use(predict, *arguments, "--out", out, codes=(1,))
    assert not out.exists()


def test_without_class_names_outputs_are_numbered(net, photographs, call):
    arguments = (photographs["light"], "--weights", net / "bare.npz", "--top", 1)
    code, out, err = call(predict, *arguments, "--format", "csv")
    ((label, _),) = rows(out)[str(photographs["light"])]
    assert code == 0 and label in ("class 0", "class 1") and "--labels" in err


def test_ten_views_are_averaged(net, photographs, call):
    """Where crops differ, so do the probabilities; they are those of ten views."""
    half = np.zeros((48, 48, 3), "uint8")
    half[:, 16:] = 250
    found = nets.open_weights(net / "pets.npz")
    while found.predict([half])[0, 1] > 0.95:  # so sure that views cannot differ
        found.arrays["fc10/kernel"] /= 10
    prepare = dataclasses.replace(found.preparation, side=48)
    conversion.save(dataclasses.replace(found, preparation=prepare), net / "wide.npz")
    Image.fromarray(half).save(photographs["light"])
    arguments = (photographs["light"], "--weights", net / "wide.npz", "--format", "csv")
    shares = {}
    for views in (1, 10):
        code, out, _ = call(predict, *arguments, "--views", views)
        shares[views] = dict(rows(out)[str(photographs["light"])])["dog"]
        assert code == 0
    views = augment.ten_views(half, 32)
    each = found.predict(list(views))[:, 1]
    assert shares[10] == pytest.approx(100 * each.mean(), abs=0.051)
    assert abs(shares[10] - shares[1]) > 0.1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--weights FILE or --run RUN"),
        (("--weights", "/nowhere.npz"), "/nowhere.npz"),
        (("--run", "/nowhere"), "/nowhere"),
        (("--run", "a", "--weights", "b"), "one trained net"),
        (("--weights", "b", "--top", 0), "--top"),
        (("--weights", "b", "--out", "x.gif"), "x.gif"),
    ],
)
def test_wrong_use_is_one_line(arguments, said, wrong_use):
    assert said in wrong_use(predict, "a.jpg", *arguments)


def test_a_photograph_without_a_name(net, wrong_use):
    said = wrong_use(predict, "", "--weights", net / "pets.npz", codes=(1, 2))
    assert said == "error: '': No such file or directory"
    below = net / "pets.npz" / "a.jpg"  # a file is no folder
    said = wrong_use(predict, below, "--weights", net / "pets.npz", codes=(1, 2))
    assert said == f"error: {below}: Not a directory"


def test_a_partial_net_is_wrong_use(net, photographs, wrong_use, tmp_path):
    whole = nets.open_weights(net / "bare.npz")
    arrays = {n: a for n, a in whole.arrays.items() if n != "fc10/kernel"}
    part = dataclasses.replace(whole, arrays=arrays)
    conversion.save(part, tmp_path / "part.npz")
    arguments = (photographs["light"], "--weights", tmp_path / "part.npz")
    assert "fc10/kernel" in wrong_use(predict, *arguments)
