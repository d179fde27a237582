"""Damaged and hostile weight files: each is refused in one line that names it.

Whatever a file claims or contains, reading it runs no code, takes bounded memory and
ends. Damage that shows (cut off, another shape, a NaN, a wrong checksum) is refused. A
.caffemodel and an .npy have no checksum: a flipped bit of a weight is another weight.
With --sha256, every change is refused. Random changes: see tests/fuzz.
"""

import io
import os
import pickle
import re
import struct
import zlib
from collections import OrderedDict

import foreign
import numpy as np
import pytest
from foreign import Runs
from foreign import field
from foreign import varint
from foreign import zipped

from alexnet_paper.nets import variants
from alexnet_paper.weights import convert as conversion
from alexnet_paper.weights import file as weight_file
from alexnet_paper.weights import formats
from alexnet_paper.weights.convert import Options

GIGABYTES = 8 * 2**30
WORDS = ("weights", "biases")  # of caffe-tensorflow's later form
BASES = ("caffemodel", "V1", "npy", "npz", "own", "torch")
CHECKED = ("npz", "own", "torch")  # have checksums


@pytest.fixture(scope="module", autouse=True)
def small():
    with pytest.MonkeyPatch.context() as patch:
        for name, variant in foreign.small_variants().items():
            patch.setitem(variants.VARIANTS, name, variant)
        yield


def write(path, base, arrays):
    """A whole file of a format; arrays of any shape."""
    if base == "own":
        prepare = conversion.preparation("caffe")
        parts = {f"preparation/{n}": a for n, a in prepare.arrays().items()}
        about = {"variant": "caffe", "preparation": prepare.settings()}
        weight_file.save(path, {**arrays, **parts}, about)
    elif base == "torch":
        foreign.write_torch(path, foreign.state_dict(arrays))
    elif base in ("caffemodel", "V1"):
        foreign.write_caffemodel(path, arrays, legacy=base == "V1")
    else:
        {"npy": foreign.write_npy, "npz": foreign.write_npz}[base](path, arrays)


@pytest.fixture(scope="module")
def arrays():
    return foreign.weights_of(variants.VARIANTS["caffe"])


@pytest.fixture(scope="module")
def bases(arrays, tmp_path_factory):
    """{format: (bytes, sha256)} of whole files, each of which can be imported."""
    found = {}
    for base in BASES:
        path = tmp_path_factory.mktemp("whole") / "w"
        write(path, base, arrays)
        digest = conversion.sha256(path)
        conversion.convert(path, Options(variant="caffe", sha256=digest))
        found[base] = path.read_bytes(), digest
    return found


def refused(path, **options):
    """The one line with which a file is refused."""
    with pytest.raises(ValueError) as caught:
        conversion.convert(path, Options(variant="caffe", **options))
    text = str(caught.value)
    assert str(path) in text and len(text.splitlines()) == 1, text
    return text


CHANGES = {
    "NaN": lambda array: array * np.float32("nan"),
    "infinity": lambda array: array + np.float32("inf"),
    "longer": lambda array: np.concatenate([array, array[..., :1]], axis=-1),
    "shorter": lambda array: array[..., 1:],
}


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("change", CHANGES)
def test_other_numbers_or_shapes(base, change, arrays, tmp_path):
    for name in ("conv2/kernel", "fc7/kernel", "fc7/bias"):
        write(tmp_path / "w", base, {**arrays, name: CHANGES[change](arrays[name])})
        said = "finite" if change in ("NaN", "infinity") else "shape|fit|claims"
        assert re.search(said, refused(tmp_path / "w", unchecked=True))


@pytest.mark.parametrize("base", BASES)
def test_cut_off_or_changed(base, bases, arrays, tmp_path):
    """Anywhere, if the file's hash is given; a weight, if the format has checksums."""
    path, (whole, digest) = tmp_path / "w", bases[base]
    for length in np.linspace(0, len(whole) - 1, 20).astype(int):
        path.write_bytes(whole[:length])
        refused(path, unchecked=True)
        changed = bytearray(whole)
        changed[length] ^= 4
        path.write_bytes(changed)
        assert "sha256" in refused(path, sha256=digest)
    if base in CHECKED:
        changed = bytearray(whole)
        changed[whole.index(arrays["conv3/bias"].tobytes()) + 5] ^= 1
        path.write_bytes(changed)
        refused(path, unchecked=True)


def npy_head(shape, kind="<f4"):
    file = io.BytesIO()
    about = {"descr": kind, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, about)
    return file.getvalue()


def npy_of(content):
    """An .npy file with an object, as NumPy writes it, but with any pickle in it."""
    return npy_head((), "|O") + content


CODE = {  # name → writes a file, given a pickle that would write a file
    "a bare pickle": lambda path, code: path.write_bytes(code),
    "an .npy": lambda path, code: path.write_bytes(npy_of(code)),
    "an .npz": lambda path, code: zipped(path, {"conv1_w.npy": npy_of(code)}),
    "our own": lambda path, code: zipped(path, {"meta.npy": npy_of(code)}),
    "torch": lambda path, code: zipped(path, {"w/data.pkl": code, "w/version": "3\n"}),
}


@pytest.mark.parametrize("kind", CODE)
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_no_file_runs_code(kind, protocol, tmp_path):
    path, witness = tmp_path / "w", tmp_path / "witness"
    code = pickle.dumps({"conv1": [Runs(open, str(witness), "w"), 1]}, protocol)
    CODE[kind](path, code)
    refused(path)
    assert not witness.exists()
    pickle.loads(code)["conv1"][0].close()
    assert witness.exists()  # it would have


@pytest.mark.parametrize("protocol", [2, 3, 4])  # Python 2's, NumPy 1's and 2's
def test_a_dictionary_or_an_array_of_one(protocol, arrays, tmp_path):
    found = {"conv1": [arrays["conv1/kernel"], arrays["conv1/bias"]]}
    for content in (found, {"conv1": dict(zip(WORDS, found["conv1"], strict=True))}):
        for held in (content, np.array(content, dtype=object)):
            packed = pickle.dumps(held, protocol)
            if protocol == 2:
                packed = foreign.python2_pickle(held)
            (tmp_path / "w").write_bytes(npy_of(packed))
            read = formats.read(tmp_path / "w").layers["conv1"]
            assert np.array_equal(read["kernel"], found["conv1"][0])
            assert np.array_equal(read["bias"], found["conv1"][1])


# claims


def bomb(path, name, head, size):
    """An archive of one member that unpacks to `head` and `size` zeros."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = deflate.compress(head) + deflate.flush(zlib.Z_FULL_FLUSH)
    block = deflate.compress(bytes(2**20)) + deflate.flush(zlib.Z_FULL_FLUSH)
    body += block * (size // 2**20) + deflate.flush()
    total, name = len(head) + size, name.encode()
    sizes = struct.pack("<QQ", total, len(body))
    extra = struct.pack("<HH", 1, len(sizes)) + sizes
    common = struct.pack(
        "<HHHHHLLLHH", 45, 0, 8, 0, 33, 0, *[2**32 - 1] * 2, len(name), 20
    )
    local = b"PK\x03\x04" + common + name + extra
    entry = b"PK\x01\x02" + struct.pack("<H", 45) + common
    entry += struct.pack("<HHHLL", 0, 0, 0, 0, 0) + name + extra
    end = struct.pack("<HHHHLLH", 0, 0, 1, 1, len(entry), len(local) + len(body), 0)
    path.write_bytes(local + body + entry + b"PK\x05\x06" + end)


def crowd(path, count):
    """An archive whose directory has one small member very often."""
    zipped(path, {"a.npy": b""})
    whole = path.read_bytes()
    start = whole.index(b"PK\x01\x02")
    entry, end = whole[start : start + 51], bytearray(whole[-22:])
    struct.pack_into("<LL", end, 12, len(entry) * count, start)
    path.write_bytes(whole[:start] + entry * count + end)


TENSOR = foreign.Named("torch._utils _rebuild_tensor_v2"), foreign.Storage(4), 0
ARRAY = npy_head((GIGABYTES // 4,))
CONV1 = field(1, b"conv1")
BYTES = {  # name → content
    "a blob that is short": field(
        100,
        CONV1 + field(7, field(7, field(1, varint(GIGABYTES))) + field(5, bytes(4))),
    ),
    "a blob that goes on": varint(100 << 3 | 2) + varint(GIGABYTES) + CONV1,
    "a million ones as a shape": field(
        100, CONV1 + field(7, field(7, field(1, b"\1" * 10**6)) + field(5, bytes(4)))
    ),
    "forty million empty layers": field(100, b"") * 4 * 10**7,
    "forty million empty data": field(100, CONV1 + field(7, b"\x2a\0" * 4 * 10**7)),
    "nested groups": bytes([0x0B]) * 10**6,
    "an .npy": ARRAY,
    "a length without end": ARRAY[:61].replace(ARRAY[8:10], b"\xe0\3") + b"9" * 999,
    "an array in a pickle": npy_of(foreign.array_of("u1", (GIGABYTES,), b"")),
    "objects in a pickle": npy_of(foreign.array_of("O", (10**7,), [])),
    "pointers in a pickle": npy_of(foreign.array_of("O8", (1,), b"A" * 8)),
    "bytes in a pickle": npy_of(b"\x80\x04\x8e" + struct.pack("<Q", GIGABYTES)),
    "a pickle's memory": npy_of(b"\x80\x02Nr" + struct.pack("<L", 2**31 - 1) + b"."),
    "nested lists": npy_of(b"\x80\x02" + b"]" * 10**6 + b"a" * (10**6 - 1) + b"."),
}
WRITTEN = {  # name → writes it
    "a bomb": lambda path: bomb(path, "conv1_w.npy", ARRAY, GIGABYTES),
    "a smaller bomb": lambda path: bomb(
        path, "conv1_w.npy", npy_head((1900 * 2**18,)), 1900 * 2**20
    ),
    "a bomb of our own": lambda path: bomb(path, "meta.npy", b"", GIGABYTES),
    "a bomb of torch": lambda path: bomb(path, "w/data.pkl", b"", GIGABYTES),
    "a million members": lambda path: crowd(path, 10**6),
    "a head": lambda path: zipped(path, {"conv1_w.npy": ARRAY + bytes(100)}),
    "a pipe": os.mkfifo,
    "an expanded tensor": lambda path: foreign.write_torch(
        path, {"conv1.weight": Runs(*TENSOR, (10**9,), (0,), False, OrderedDict())}
    ),
}


def test_no_file_makes_us_take_what_it_claims(tmp_path):
    """In a process that has a minute for all of them."""
    paths = []
    for name in (*BYTES, *WRITTEN):
        path = tmp_path / name.replace(" ", "-")
        path.write_bytes(BYTES[name]) if name in BYTES else WRITTEN[name](path)
        paths.append(path)
    script = """
from alexnet_paper.weights import file, formats
for path in sys.argv[1:]:
    for read in (formats.read, file.load):
        if not refused(read, path):
            print(path, "was read")
"""
    assert foreign.in_child(script, *paths) == ""


# what else there is


def npz_twice(path):
    zipped(path, {"conv1_w.npy": npy_head((1,)) + bytes(4), "conv1_v.npy": b""})
    path.write_bytes(path.read_bytes().replace(b"conv1_v", b"conv1_w"))


OTHER = {
    "nothing": (b"", "has no weights"),
    "a text": (b"conv1 = 3\n", "known format|has no weights"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(100), "HDF5 is not read"),
    "an array": (npy_head((3,)) + bytes(12), "not a dictionary"),
    "a list": (npy_of(pickle.dumps([1, 2])), "holds a list"),
    "numbers": (npy_of(pickle.dumps({"conv1": [1.0, 2.0]})), "an array is not one"),
    "old torch": (b"\x80\x02\x8a\x0a" + bytes(99), "_use_new_zipfile_serialization"),
    "a member twice": (npz_twice, "is in it twice"),
    "text": (lambda path: np.savez(open(path, "wb"), conv1_w=["a"]), "not an .npy"),
    "complex": (lambda path: np.savez(open(path, "wb"), conv1_w=[1j]), "complex128"),
    "control characters": (
        lambda path: np.savez(open(path, "wb"), **{"a\33[31m": [1.0]}),
        r"\\x1b",
    ),
}


@pytest.mark.parametrize("name", OTHER)
def test_something_else(name, tmp_path):
    content, message = OTHER[name]
    path = tmp_path / "w"
    content(path) if callable(content) else path.write_bytes(content)
    assert re.search(message, refused(path))


def test_a_folder_and_a_file_that_is_not_there(tmp_path):
    with pytest.raises((ValueError, OSError), match=str(tmp_path)):
        conversion.convert(tmp_path)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        conversion.convert(tmp_path / "nowhere")
