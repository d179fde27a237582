"""The weight file: what is saved is what is loaded, and damage is told from content."""

import io
import json
import pickle
import re
import zipfile

import numpy as np
import pytest
from foreign import Runs

from alexnet_paper.data import augment
from alexnet_paper.data.augment import Preparation
from alexnet_paper.weights import file as weight_file

RNG = np.random.default_rng(0)
ARRAYS = {
    "conv1/kernel": RNG.normal(size=(3, 3, 2, 4)).astype("float32"),
    "conv1/bias": np.float32([0, -0.0, 1e-45, 3e38]),
    "bn/moving_mean": RNG.normal(size=4),
    "scale/scalar": np.float32(0.1),
    "across": np.asfortranarray(RNG.normal(size=(3, 2)).astype("float16")),
}
EXTRA = {
    "optimizer/000": np.int64(17),
    "optimizer/001": RNG.normal(size=(3, 3, 2, 4)).astype("float32"),
    "metric/000": np.float32(2.5),
    "seed/000": np.array([1, 2**32 - 1], "uint32"),
}
PREPARE = Preparation(
    size=2,
    side=3,
    reflect=True,
    colour="authors",
    mean=RNG.uniform(0, 255, (2, 2, 3)).astype("float32"),
    pca=augment.AUTHORS_PCA,
)
META = {"variant": "größe", "class_names": ["a", "b"], "state": {"epoch": 3}}


def same(ours, theirs):
    """Names, kinds and bits."""
    return ours.keys() == theirs.keys() and all(
        np.asarray(ours[name]).dtype == np.asarray(theirs[name]).dtype
        and np.shape(ours[name]) == np.shape(theirs[name])
        and np.asarray(ours[name]).tobytes() == np.asarray(theirs[name]).tobytes()
        for name in ours
    )


@pytest.fixture
def path(tmp_path):
    """A checkpoint with everything that can be in one."""
    prepared = {f"preparation/{name}": a for name, a in PREPARE.arrays().items()}
    meta = {**META, "preparation": PREPARE.settings()}
    weight_file.save(tmp_path / "w.npz", {**ARRAYS, **EXTRA, **prepared}, meta)
    return tmp_path / "w.npz"


def is_all_there(found):
    return (
        same(found.arrays, ARRAYS)
        and same(found.extra, EXTRA)
        and found.meta == {**META, "preparation": PREPARE.settings()}
        and found.preparation.settings() == PREPARE.settings()
        and same(found.preparation.arrays(), PREPARE.arrays())
    )


def test_round_trip(path):
    """Arrays bit for bit, −0 included; text; and how images are prepared."""
    assert is_all_there(weight_file.load(path, extra=True))
    image = RNG.integers(0, 256, (3, 3, 3), dtype="uint8")
    found = weight_file.load(path).preparation
    assert np.array_equal(found.views(image, 10), PREPARE.views(image, 10))


def test_a_checkpoint_is_a_weight_file(path):
    """What only a resumed run needs is read on request: if that is damaged, the net can
    still be used."""
    assert same(weight_file.load(path, extra=True).extra, EXTRA)
    whole, body = path.read_bytes(), EXTRA["optimizer/001"].tobytes()
    path.write_bytes(whole.replace(body, bytes(len(body))))
    found = weight_file.load(path)
    assert same(found.arrays, ARRAYS) and found.extra == {}
    assert "optimizer/001" in refused(path)


def test_it_is_read_by_numpy_alone(path):
    """An uncompressed .npz and one JSON text: no code of this project is needed."""
    with zipfile.ZipFile(path) as file:
        assert {row.compress_type for row in file.infolist()} == {zipfile.ZIP_STORED}
    with np.load(path) as file:
        assert np.array_equal(file["conv1/kernel"], ARRAYS["conv1/kernel"])
        assert json.loads(bytes(file["meta"]).decode("utf-8"))["variant"] == "größe"


def test_saving_replaces_whole_or_not_at_all(path, monkeypatch):
    """Interrupted while writing, the file of before is still there, alone."""
    before, write = path.read_bytes(), np.savez

    def half(file, **arrays):
        write(file, **arrays)
        file.truncate(100)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", half)
    with pytest.raises(OSError, match="No space left"):
        weight_file.save(path, ARRAYS, META)
    assert path.read_bytes() == before
    assert [child.name for child in path.parent.iterdir()] == ["w.npz"]


def refused(path):
    with pytest.raises(ValueError) as caught:
        weight_file.load(path, extra=True)
    text = str(caught.value)
    assert str(path) in text and len(text.splitlines()) == 1
    return text


def flips(whole):
    """Copies with one bit changed: in every third byte, and in every byte of the
    directory at the end four."""
    directory = whole.index(b"PK\x01\x02")
    for place in range(len(whole)):
        bits = range(place % 2, 8, 2) if place >= directory else [place // 3 % 8]
        for bit in bits if place >= directory or place % 3 == 0 else ():
            changed = bytearray(whole)
            changed[place] ^= 1 << bit
            yield bytes(changed)


def test_any_bit_flipped(tmp_path):
    """Refused with a ValueError that names the file, or of no consequence: never other
    weights, fewer weights or another preparation."""
    path, mean = tmp_path / "w.npz", np.float32([1, 2, 3])
    kernel, settings = ARRAYS["conv1/kernel"][0, 0], Preparation(2, 3).settings()
    arrays = {"conv1/kernel": kernel, "preparation/mean": mean}
    weight_file.save(path, arrays, {"preparation": settings})
    outcomes, wrong = [], []
    for changed in flips(path.read_bytes()):
        path.write_bytes(changed)
        try:
            found = weight_file.load(path, extra=True)
            outcomes.append("the same")
            if (
                not same(found.arrays, {"conv1/kernel": kernel})
                or not same(found.preparation.arrays(), {"mean": mean})
                or found.meta != {"preparation": settings}
            ):
                wrong.append(f"loaded {list(found.arrays)}, {found.preparation}")
        except ValueError as error:
            assert str(path) in str(error)
            outcomes.append("refused")
        except Exception as error:
            wrong.append(repr(error))
    assert not wrong, f"{len(wrong)}, such as {sorted(set(wrong))[:20]}"
    assert outcomes.count("refused") > 300 and outcomes.count("the same") > 100


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def text(content):
    return np.frombuffer(json.dumps(content).encode(), "uint8")


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def archived(write, **members):
    file = io.BytesIO()
    write(file, **members)
    return file.getvalue()


def about(**changes):
    """A text and a preparation of which something is changed."""
    settings = {**Preparation(2, 3).settings(), **changes}
    return npz(meta=text({"arrays": [], "preparation": settings}))


META_OF_A = text({"arrays": ["a"]})
OBJECT = np.array([Runs(open, "witness", "w")], dtype=object)
OTHER = {
    "garbage": (bytes(range(256)) * 8, "not a zip"),
    "a pickle": (pickle.dumps(Runs(open, "witness", "w")), "not a zip"),
    "an .npy": (npy(np.zeros(3)), "not a zip"),
    "no text": (npz(a=np.zeros(3)), "meta"),
    "a text that is none": (npz(meta=np.zeros(9, "uint8")), "Expecting"),
    "another array": (npz(meta=text({"arrays": ["b"]}), a=ARRAYS["across"]), "renamed"),
    "a setting too many": (about(tilt=2), "tilt"),
    "a huge image": (about(side=10**6), "side: must be less than or equal to 4096"),
    "an image of text": (about(size="2"), "size: must be a valid integer, not '2'"),
    "a colour of none": (about(colour="x"), "colour: must be 'paper' or 'authors'"),
    "half a preparation": (
        npz(
            **{"preparation/pca_stds": np.ones(3)},
            meta=text(
                {"arrays": ["preparation/pca_stds"], "preparation": PREPARE.settings()}
            ),
        ),
        "pca_vectors",
    ),
    "packed": (archived(np.savez_compressed, meta=META_OF_A, a=[0.1]), "compressed"),
    **{
        kind: (npz(meta=META_OF_A, a=np.array(content)), said)
        for kind, content, said in (
            ("NaN", [0.1, np.nan], "a holds numbers that are not finite"),
            ("infinity", [[np.inf]], "a holds numbers that are not finite"),
            ("whole numbers", [1, 2], "a holds int64"),
            ("complex numbers", [1j], "a holds complex128"),
            ("text as numbers", ["1"], "not an .npy file of numbers"),
            ("objects", OBJECT, "claims"),
        )
    },
}


@pytest.mark.parametrize("kind", OTHER)
def test_something_else(kind, tmp_path, monkeypatch):
    """Refused, and nothing in it was run."""
    monkeypatch.chdir(tmp_path)
    content, said = OTHER[kind]
    (tmp_path / "w.npz").write_bytes(content)
    assert re.search(said, refused(tmp_path / "w.npz"))
    assert not (tmp_path / "witness").exists()


def test_a_folder_and_a_missing_file(tmp_path):
    refused(tmp_path)
    with pytest.raises(FileNotFoundError, match="w.npz"):
        weight_file.load(tmp_path / "w.npz")
