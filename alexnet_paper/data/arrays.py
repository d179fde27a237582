""".npy and .npz files. What they say of themselves is checked before it is believed."""

import contextlib
import itertools
import math
import mmap
import re
import zipfile

import numpy as np

from alexnet_paper.files import open_file

MEMBERS = 2000  # most members of an archive; a checkpoint has some hundred
PIECE = 2**20  # bytes that are read at once
HEADER = re.compile(
    rb"\{'descr': '([<>|][bcfiuO]\d{0,2})', 'fortran_order': (True|False), "
    rb"'shape': \(([\d, L]{0,150})\), ?\}\s*"  # L: of Python 2
)


def read_header(file):
    """Returns (shape, order "C" or "F", dtype) from the header of an .npy file.

    The file is then at its first number. Raises ValueError for another file and for an
    array of text or of records.
    """
    size = {b"\x93NUMPY\x01\x00": 2, b"\x93NUMPY\x02\x00": 4}.get(file.read(8), 0)
    length = int.from_bytes(file.read(size), "little")
    found = HEADER.fullmatch(file.read(length)) if length < 1000 else None
    if found is None:
        raise ValueError("it is not an .npy file of numbers")
    lengths = found[3].replace(b"L", b"").split(b",")
    shape = tuple(int(length) for length in lengths if length.strip())
    return shape, "F" if found[2] == b"True" else "C", np.dtype(found[1].decode())


def read_array(file, size, name, expected=lambda name, shape, dtype: True):
    """Returns the array of an .npy file of `size` bytes, open at its beginning.

    Raises ValueError if it is not one of numbers, not whole, or not `expected`.
    """
    shape, order, dtype = read_header(file)
    if dtype.hasobject or math.prod(shape) * dtype.itemsize != size - file.tell():
        raise ValueError(f"{name} claims {shape} of {dtype} in {size:,} bytes")
    if not expected(name, shape, dtype):
        raise ValueError(f"{name} is {shape} of {dtype}, which does not fit")
    array = np.empty(shape, dtype, order)
    flat = array.reshape(-1, order="A").view("uint8")
    for start in range(0, len(flat), PIECE):
        piece = flat[start : start + PIECE]
        if file.readinto(piece) != len(piece):
            raise ValueError(f"{name} is cut off")
    return array


def most_unpacked(size):
    """Returns how many bytes a packed file of `size` bytes may hold. Honest ones hold
    less: weights and photographs are hardly smaller when they are packed."""
    return 3 * size + 10**8


@contextlib.contextmanager
def open_zip(path, largest, packed=False):
    """Opens a zip archive that unpacks to at most `largest` bytes and, unless it may be
    `packed`, to no more than it has.

    Raises ValueError for another, and where two members have one name.
    """
    with open_file(path, largest) as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            found = re.finditer(b"PK\x01\x02", content)
            if sum(1 for _ in itertools.islice(found, MEMBERS + 1)) > MEMBERS:
                raise ValueError(f"it has more than {MEMBERS:,} members")
            del found
            size = len(content)
        with zipfile.ZipFile(file) as archive:
            rows = archive.infolist()
            unpacked = sum(row.file_size for row in rows)
            kinds = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED if packed else 0}
            if unpacked > min(largest, most_unpacked(size) if packed else size):
                raise ValueError(f"its {size:,} bytes unpack to {unpacked:,}")
            if {row.compress_type for row in rows} - kinds:
                raise ValueError("it is compressed")
            if len({row.filename for row in rows}) < len(rows):
                raise ValueError("an array is in it twice")
            yield archive


def read_npz(path, largest, packed=False, skip=(), only=None, **expected):
    """Returns {name: array} of an .npz; None for names that begin with one of `skip`,
    and for all others than `only`, if that is a name.

    Raises ValueError as `open_zip` and `read_array`.
    """
    found = {}
    with open_zip(path, largest, packed) as archive:
        for row in archive.infolist():
            name = row.filename.removesuffix(".npy")
            found[name] = None
            if not name.startswith(skip) and only in (None, name):
                with archive.open(row) as file:
                    found[name] = read_array(file, row.file_size, name, **expected)
    return found
