"""Damaged and hostile weight files: every one is refused in one line that names it.

What is claimed: whatever a file claims or contains, reading it runs no code, takes
bounded memory and ends. A file whose damage can be told from its content (cut off,
another shape, a NaN, a wrong checksum in an .npz or in what torch.save writes) is
refused as it is. A .caffemodel, an .npy and a torch.save of old have no checksum: a bit
flipped in a weight there is another weight, finite and in its place, which nobody can
tell from the right one. Whoever knows the file's hash can, with --sha256: then every
change of every bit is refused.
"""

import importlib.util
import io
import json
import pickle
import random
import re
import struct
import subprocess
import sys
import warnings
import zipfile
import zlib

import foreign
import numpy as np
import pytest
from foreign import Runs

from alexnet_paper.nets import variants
from alexnet_paper.weights import convert as conversion
from alexnet_paper.weights import file as weight_file
from alexnet_paper.weights import formats
from alexnet_paper.weights import net as nets
from alexnet_paper.weights.convert import Options

GIGABYTES = 8 * 2**30
TORCH = importlib.util.find_spec("torch") is not None  # else its files are left out
BASES = ("caffemodel", "V1", "npy", "npz", "own")
if TORCH:
    BASES += ("torch", "torch before 1.6")
CHECKED = ("npz", "own", "torch")  # have checksums


@pytest.fixture(scope="module", autouse=True)
def small():
    with pytest.MonkeyPatch.context() as patch:
        found = foreign.small_variants()
        for name, variant in found.items():
            patch.setitem(variants.VARIANTS, name, variant)
        yield found


def write(path, base, arrays):
    """A whole file of a format; arrays of any shape."""
    if base.startswith("torch"):
        new = base == "torch"
        foreign.write_torch(path, arrays, _use_new_zipfile_serialization=new)
    elif base in ("caffemodel", "V1"):
        foreign.write_caffemodel(path, arrays, legacy=base == "V1")
    elif base == "own":
        prepare = conversion.preparation("caffe")
        parts = {f"preparation/{n}": a for n, a in prepare.arrays().items()}
        about = {"variant": "caffe", "preparation": prepare.settings()}
        weight_file.save(path, {**arrays, **parts}, about)
    else:
        {"npy": foreign.write_npy, "npz": foreign.write_npz}[base](path, arrays)


@pytest.fixture(scope="module")
def arrays(small):
    return foreign.weights_of(small["caffe"])


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


def refused(path, options=Options(variant="caffe")):
    """The one line with which a file is refused."""
    with pytest.raises(ValueError) as caught:
        conversion.convert(path, options)
    text = str(caught.value)
    assert str(path) in text and len(text.splitlines()) == 1, text
    return text


def with_changed_arrays(path, base, arrays, rng):
    """A file that was written so: NaN, an infinity, or another shape."""
    name = rng.choice(sorted(arrays))
    array = arrays[name].copy()
    how = rng.choice(["nan", "inf", "longer", "shorter"])
    if how in ("nan", "inf"):
        array.flat[rng.randrange(array.size)] = float(how)
    elif name in ("fc8/bias", "fc6/kernel"):  # the latter: the test's writer needs it
        array = array[..., :-1]
    else:
        axis = rng.randrange(array.ndim)
        again = array.take([0], axis)
        array = (
            np.concatenate([array, again], axis)
            if how == "longer"
            else array.take(range(array.shape[axis] - 1), axis)
        )
    write(path, base, {**arrays, name: array})


def flipped(whole, rng, low=0, high=None):
    changed = bytearray(whole)
    for _ in range(rng.choice([1, 1, 2, 16])):
        changed[rng.randrange(low, high or len(whole))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def test_three_hundred_mutations(bases, arrays, tmp_path):
    """Cut off, rewritten with other numbers or shapes, bits flipped where a checksum
    sees them, spliced from two formats, and, with the right file's hash given, bits
    flipped anywhere at all."""
    rng, lines = random.Random(0), []
    for number in range(300):
        base = BASES[number % len(BASES)]
        whole, digest = bases[base]
        path, options = tmp_path / f"w{number}", Options(variant="caffe")
        how = rng.choice(["cut", "rewritten", "flipped", "flipped anywhere", "spliced"])
        if how == "cut":
            path.write_bytes(whole[: rng.randrange(len(whole))])
        elif how == "rewritten":
            with_changed_arrays(path, base, arrays, rng)
        elif how == "flipped" and base in CHECKED:
            low = whole.index(arrays["conv3/bias"].tobytes())
            path.write_bytes(flipped(whole, rng, low, low + 40))
        elif how == "spliced":
            other = bases[rng.choice([b for b in BASES if b != base])][0]
            place = rng.randrange(8, len(whole) // 2)
            path.write_bytes(whole[:place] + other[place:])
        else:
            path.write_bytes(flipped(whole, rng))
            options = Options(variant="caffe", sha256=digest)
        lines.append(refused(path, options))
        path.unlink()
    assert len(lines) == 300


@pytest.mark.parametrize("base", BASES)
def test_bits_flipped_without_the_hash(base, bases, arrays, tmp_path):
    """Refused, or finite numbers in the right places: with a checksum the same ones.
    Half of the flips are in the file's first bytes, where names and shapes are."""
    rng, outcomes = random.Random(1), []
    options = Options(variant="caffe", unchecked=True)
    for number in range(24):
        path = tmp_path / f"w{number}"
        high = None if number % 2 else 400
        path.write_bytes(flipped(bases[base][0], rng, high=high))
        try:
            found = conversion.convert(path, options)
        except ValueError as error:
            assert str(path) in str(error) and len(str(error).splitlines()) == 1
            outcomes.append("refused")
            continue
        assert {n: a.shape for n, a in found.arrays.items()} == {
            n: a.shape for n, a in arrays.items()
        }
        other = sum(
            int((found.arrays[name] != array).sum()) for name, array in arrays.items()
        )
        assert all(np.isfinite(array).all() for array in found.arrays.values())
        assert not (other and base in CHECKED)
        outcomes.append("other" if other else "the same")
    assert outcomes.count("refused") > (12 if base in CHECKED else 0)


# code


def npy_of(content):
    """An .npy file with an object, as NumPy writes it, but with any pickle in it."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file, {"descr": "|O", "fortran_order": False, "shape": ()}
    )
    return file.getvalue() + content


def zipped(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


HOSTILE = {  # name → writes it, given a pickle that would write a file
    "a bare pickle": lambda path, code: path.write_bytes(code),
    "a bare pickle, protocol 0": lambda path, code: path.write_bytes(
        pickle.dumps(pickle.loads(b"N.")) + code
    ),
    "an .npy": lambda path, code: path.write_bytes(npy_of(code)),
    "an .npz": lambda path, code: zipped(path, {"conv1_w.npy": npy_of(code)}),
    "our own": lambda path, code: zipped(path, {"meta.npy": npy_of(code)}),
    "torch": lambda path, code: zipped(
        path, {"w/data.pkl": code, "w/version": "3\n", "w/byteorder": "little"}
    ),
    "torch before 1.6": lambda path, code: path.write_bytes(
        pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2) + code
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_no_file_runs_code(kind, protocol, tmp_path):
    path, witness = tmp_path / "w", tmp_path / "witness"
    code = pickle.dumps({"conv1": [Runs(open, str(witness), "w"), 1]}, protocol)
    HOSTILE[kind](path, code)
    refused(path)
    assert not witness.exists()
    pickle.loads(code)["conv1"][0].close()
    assert witness.exists()  # it would have


@pytest.mark.parametrize("protocol", [2, 3, 4])  # Python 2's, NumPy 1's and 2's
def test_every_honest_pickle_is_read(protocol, arrays, tmp_path):
    found = {
        layer: [arrays[f"{layer}/kernel"], arrays[f"{layer}/bias"]]
        for layer in foreign.LAYERS
    }
    for content in (found, np.array(found, dtype=object)):
        pickled = (
            foreign.python2_pickle(content)
            if protocol == 2
            else pickle.dumps(content, protocol)
        )
        (tmp_path / "w").write_bytes(npy_of(pickled))
        read = formats.read(tmp_path / "w").layers
        for layer, parts in found.items():
            assert type(read[layer]["kernel"]) is np.ndarray
            assert np.array_equal(read[layer]["kernel"], parts[0])
            assert np.array_equal(read[layer]["bias"], parts[1])


# claims


def zeros(size):
    """A raw deflate stream of `size` zero bytes, made at once."""
    chunk = 2**20
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = deflate.compress(bytes(chunk)) + deflate.flush(zlib.Z_FULL_FLUSH)
    return block * (size // chunk) + deflate.flush()


def bomb(path, name, head, size):
    """An archive of one member that unpacks to `head` and `size` zeros."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = deflate.compress(head) + deflate.flush(zlib.Z_FULL_FLUSH) + zeros(size)
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


def npy_head(shape, kind="<f4"):
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file, {"descr": kind, "fortran_order": False, "shape": shape}
    )
    return file.getvalue()


def giant_array():
    """A pickle of one NumPy array that is said to be large."""
    made = np.zeros(0).__reduce__()[0]
    state = (1, (GIGABYTES,), np.dtype("u1"), False, b"")

    class Claims:
        def __reduce__(self):
            return made, (np.ndarray, (GIGABYTES,), b"b"), state

    class Objects:
        def __reduce__(self):
            state = (1, (10**7,), np.dtype("O"), False, [])
            return made, (np.ndarray, (0,), b"b"), state

    return Claims(), Objects()


def claims(kind, path):
    claimed, objects = giant_array()
    long_text = b"\x80\x04\x8e" + struct.pack("<Q", GIGABYTES)  # BINBYTES8
    memo = b"\x80\x02Nr" + struct.pack("<L", 2**31 - 1) + b"."  # LONG_BINPUT
    layer = foreign.field(1, b"conv1")
    shape = foreign.field(7, foreign.field(1, foreign.varint(GIGABYTES)))
    array = npy_head((GIGABYTES // 4,))
    packed = foreign.varint(5 << 3 | 2) + foreign.varint(GIGABYTES)
    contents = {
        "a blob that is short": foreign.field(
            100, layer + foreign.field(7, shape + foreign.field(5, bytes(4)))
        ),
        "a blob that goes on": foreign.varint(100 << 3 | 2)
        + foreign.varint(GIGABYTES)
        + layer
        + foreign.varint(7 << 3 | 2)
        + foreign.varint(GIGABYTES)
        + packed,
        "nested groups": bytes([0x0B]) * 10**6,
        "an .npy": array,
        "an array in a pickle": npy_of(pickle.dumps({"conv1": [claimed, claimed]})),
        "objects in a pickle": npy_of(pickle.dumps({"conv1": [objects, objects]})),
        "bytes in a pickle": npy_of(long_text),
        "a pickle's memory": npy_of(memo),
        "nested lists": npy_of(b"\x80\x02" + b"]" * 10**6 + b"a" * (10**6 - 1) + b"."),
    }
    if kind in contents:
        path.write_bytes(contents[kind])
    elif kind == "a bomb":
        bomb(path, "conv1_w.npy", array, GIGABYTES)
    elif kind == "a bomb of our own":
        bomb(path, "meta.npy", npy_head((GIGABYTES,), "|u1"), GIGABYTES)
    elif kind == "a bomb of torch":
        bomb(path, "w/data.pkl", b"", GIGABYTES)
    elif kind == "a head":
        zipped(path, {"conv1_w.npy": array + bytes(100)})
    elif kind == "a head of our own":
        text = np.frombuffer(json.dumps({"arrays": ["a"]}).encode(), "uint8")
        meta = io.BytesIO()
        np.save(meta, text)
        zipped(path, {"meta.npy": meta.getvalue(), "a.npy": array + bytes(100)})
    elif kind == "a name twice":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with zipfile.ZipFile(path, "w") as archive:
                for _ in range(2):
                    archive.writestr("conv1_w.npy", npy_head((1,)) + bytes(4))
    else:
        import torch

        tensor = torch.zeros(1).expand(GIGABYTES)
        torch.save({"conv1.weight": tensor}, path)


CLAIMS = (
    *("a blob that is short", "a blob that goes on", "nested groups", "an .npy"),
    *("an array in a pickle", "objects in a pickle", "bytes in a pickle"),
    *("a pickle's memory", "nested lists", "a bomb", "a bomb of our own"),
    *("a bomb of torch", "a head", "a head of our own", "a name twice"),
)
if TORCH:
    CLAIMS += ("an expanded tensor",)


def test_no_file_makes_us_take_what_it_claims(tmp_path):
    """Each is refused in one line by a process that stays within 400 MB of what it
    needs for nothing, within a minute for all of them."""
    paths = []
    for kind in CLAIMS:
        paths.append(tmp_path / kind.replace(" ", "-"))
        claims(kind, paths[-1])
    script = (
        "import resource, sys\n"
        "from alexnet_paper.weights import convert as conversion\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n"
        "    import torch\n"
        "except ImportError:\n"
        "    pass\n"
        "before = peak()\n"
        "for path in sys.argv[1:]:\n"
        "    try:\n"
        "        conversion.convert(path, conversion.Options(variant='caffe'))\n"
        "        print(path, 'was read')\n"
        "    except ValueError as error:\n"
        "        text = str(error)\n"
        "        assert path in text and len(text.splitlines()) == 1, text\n"
        "    if peak() - before > 400_000:\n"
        "        print(path, 'took', peak() - before)\n"
        "        before = peak()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, paths)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr[-2000:]


# what else there is


OTHER = {
    "nothing": (b"", "has no weights"),
    "a text": (b"conv1 = 3\n", "known format|has no weights"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(100), "HDF5 is not read"),
    "an array": (npy_head((3,)) + bytes(12), "not a dictionary"),
    "a list": (npy_of(pickle.dumps([1, 2])), "holds a list"),
    "numbers": (npy_of(pickle.dumps({"conv1": [1.0, 2.0]})), "not an array of numbers"),
}


@pytest.mark.parametrize("name", OTHER)
def test_something_else(name, tmp_path):
    content, message = OTHER[name]
    (tmp_path / "w").write_bytes(content)
    assert re.search(message, refused(tmp_path / "w"))


def test_a_folder_and_a_file_that_is_not_there(tmp_path):
    refused_folder = pytest.raises((ValueError, OSError), match=str(tmp_path))
    with refused_folder:
        conversion.convert(tmp_path)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        conversion.convert(tmp_path / "nowhere")


def test_our_own_damaged_file_is_opened_by_nobody(arrays, tmp_path):
    """The bounds hold where a weight file is opened, too."""
    claims("a head of our own", tmp_path / "w")
    with pytest.raises(ValueError, match="claims"):
        nets.open_weights(tmp_path / "w")
