"""Pickles as data: honest ones are read as NumPy reads them; nothing else is."""

import ast
import pickle
import struct
from pathlib import Path

import foreign
import numpy as np
import pytest
from foreign import Runs
from foreign import array_of

import alexnet_paper
from alexnet_paper.data import pickles

ARRAYS = {
    "kernel": np.arange(24, dtype="float32").reshape(2, 3, 4),
    "across": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "big-endian": np.arange(3, dtype=">f8"),
    "long": np.arange(900, dtype="uint8").reshape(30, 30),  # all bytes: latin-1
}


@pytest.mark.parametrize("protocol", [2, 3, 4])  # Python 2's, NumPy 1's and 2's
def test_honest_pickles(protocol):
    plain = {"text": "größe", "list": [1, -2, 2.5, None, True], "t": (1, (2, ()), {})}
    content = {**plain, "arrays": [ARRAYS, ARRAYS["kernel"]], 7: "x" * 300}
    if protocol == 2:
        del content[7], content["text"]
        packed = foreign.python2_pickle(content)
    else:
        packed = pickle.dumps(content, protocol)
    found = pickles.read(packed)
    arrays, again = found.pop("arrays")
    assert found == {key: content[key] for key in found}
    for name, array in ARRAYS.items():
        ours = pickles.array(arrays[name])
        assert ours.dtype == array.dtype and np.array_equal(ours, array)
    assert again is arrays["kernel"]


def nested():
    """A few bytes: a key of 2 ** 40 tuples, which Python would hash one by one."""
    pairs = b"".join(b"q" + bytes([n]) + b"h" + bytes([n]) + b"\x86" for n in range(40))
    return b"\x80\x02})" + pairs + b"Ns."


CODE = Runs(open, "witness", "w")
REFUSED = {
    **{f"code, protocol {n}": pickle.dumps({"data": CODE}, n) for n in range(6)},
    "bytes as pointers": array_of("O8", (1,), bytes(8)),
    "fields out of bounds": array_of(
        "V8",
        (1,),
        bytes(8),
        (3, "|", None, ("f",), {"f": (np.dtype("f8"), 10**8)}, 8, 1, 0),
    ),
    "a name of a name": b"\x80\x04\x8c\x05numpy\x8c\x11ndarray.__class__\x93.",
    "a key of tuples": nested(),
    "a call by INST": b"(S'id'\nios\nsystem\n.",
    "a call by NEWOBJ": b"\x80\x02cnumpy\nndarray\n)\x81.",
    "an extension": b"\x80\x02\x82\x01.",
    "a call of a text": b"\x80\x02U\x09os system)R.",
    "no value": b"\x80\x02}(U\x01as.",
    "another's mark": b"\x80\x02](N\x85.",
    "nothing on the stack": b"\x80\x02\x86.",
    "a list as a key": b"\x80\x02}]Ns.",
    "a long key": pickle.dumps({"x" * 1000: 1}, 3),
    "cut off": pickle.dumps(ARRAYS, 3)[:-40],
    "a length that is claimed": b"\x80\x04\x8e" + struct.pack("<Q", 2**33) + b"x.",
    "too many objects": b"\x80\x02(" + b"N" * 200_001 + b"l.",
    "empty": b"",
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError) as caught:
        pickles.array(pickles.read(REFUSED[name])["data"])
    assert len(str(caught.value).splitlines()) == 1 and len(str(caught.value)) < 250
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("code", "shape", "content"),
    [
        ("f4", (3,), bytes(8)),
        ("f4", (-1, -2), bytes(8)),
        ("f4", (2**64, 2**64), bytes(8)),
        ("f4", ([2],), bytes(8)),
        ("f4", (1,) * 5 + (2,), bytes(8)),
        ("f4", (2,), [1, 2]),
        ("c8", (1,), bytes(8)),
        ("i4", (2,), bytes(8)),
    ],
)
def test_arrays_that_are_not_whole(code, shape, content):
    found = pickles.read(array_of(code, shape, content, (3, "<") + (None,) * 6))
    with pytest.raises(ValueError):
        pickles.array(found["data"])


def test_no_module_can_unpickle():
    """None imports a module that unpickles, or lets NumPy do it."""
    for path in Path(alexnet_paper.__path__[0]).rglob("*.py"):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            names = [name.name for name in getattr(node, "names", ())]
            names.append(getattr(node, "module", None) or "")
            roots = {name.split(".")[0] for name in names}
            assert not roots & {"pickle", "marshal", "shelve", "dill", "joblib"}, path
            assert not {"torch"} & roots, path
            if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                assert node.value.value is False, path
