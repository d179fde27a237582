"""Files: whole or not there when written, regular and of a bounded size when read."""

import contextlib
import functools
import os
import re
import secrets
import stat
from pathlib import Path
from typing import Annotated

from annotated_types import Ge
from annotated_types import Le

TEMPORARY = ".alexnet-paper-*.tmp"  # names of files that are being written
SMALL = 2**26  # most bytes of an image's file, or of a record
TEXT = 3 * 2**20  # most bytes of a file of lines; WordNet's words have 2.7 MB
VALUES = 100_000  # most values of a JSON text; a record or an index has some thousand
STRICT = {"strict": True, "allow_inf_nan": False, "extra": "forbid"}  # of pydantic
Count = Annotated[int, Ge(0), Le(10**9)]
Share = Annotated[float, Ge(0), Le(1)]
Positive = Annotated[float, Ge(0)]
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@contextlib.contextmanager
def atomic_file(path, replace=True):
    """A binary file that takes the name `path` when, and only if, all was written.

    Raises FileExistsError at the end if there is a file of that name that it may not
    `replace`.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / TEMPORARY.replace("*", secrets.token_hex(8))
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if replace:
            os.replace(temporary, path)
        else:
            os.link(temporary, path)
            os.unlink(temporary)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError) and error.errno and error.filename is None:
            error.filename = str(path)  # "No space left on device" names none
        raise


def atomic_write(path, content, replace=True):
    """Writes text or bytes to a temporary name, then renames: never half a file."""
    with atomic_file(path, replace) as file:
        file.write(content.encode("utf-8") if isinstance(content, str) else content)


def open_file(path, largest=None):
    """Opens a regular file of at most `largest` bytes, to read its bytes.

    Raises ValueError for a larger file and for what is no file (a pipe would never
    end), and OSError as `open` does.
    """
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
        raise ValueError(f"{printable(path)}: it is a pipe or a device, not a file.")
    if largest is not None and status.st_size > largest:
        raise ValueError(
            f"{printable(path)}: it has {status.st_size:,} bytes, more than {largest:,}"
        )
    return open(path, "rb")


def read_file(path, largest=SMALL):
    """Returns the bytes of a file. Raises as `open_file`."""
    with open_file(path, largest) as file:
        return file.read()


def read_text(path):
    """Returns the text of a UTF-8 file. Raises as `open_file`."""
    return read_file(path, TEXT).decode("utf-8")


@functools.cache
def reader(kind):
    """Returns the validator of a type (pydantic's)."""
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def from_json(kind, text):
    """Returns JSON as an instance of `kind`, an annotated dataclass or another type.

    Raises ValueError that says which field is wrong, what it is and what is expected.
    """
    from pydantic import ValidationError

    try:
        return reader(kind).validate_json(bounded(text))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"])) or "it"
        if first["type"] == "json_invalid":
            told = first["msg"]
        elif first["type"] == "missing":
            told = f"{field} is missing"
        else:
            must = first["msg"].replace("Input should", "must")
            told = f"{field}: {must}, not {first['input']!r:.60}"
        raise ValueError(in_short(told)) from error


def bounded(text):
    """Returns a JSON text. Raises ValueError if it is too long, or has more than
    `VALUES` values, each of which takes far more memory when it is read."""
    if len(text) > SMALL:
        raise ValueError(f"its text has {len(text):,} bytes, more than {SMALL:,}")
    if text.count("," if isinstance(text, str) else b",") > VALUES:
        raise ValueError(f"its text holds more than {VALUES:,} values")
    return text


def in_short(error, length=300):
    """Returns the message of an exception in one line that can be shown."""
    return printable(" ".join(str(error).split()))[:length] or type(error).__name__


def printable(name):
    """Returns a name in which control characters, characters that turn the direction of
    the text, and bytes that are not UTF-8 are escaped."""
    return UNPRINTABLE.sub(
        lambda found: found[0].encode("unicode_escape").decode(), str(name)
    )


def check_range(option, value, low, high):
    """Raises ValueError for the value of an option that is out of its range."""
    if not low <= value <= high:
        raise ValueError(f"{option} must be in {low} … {high}. Received: {value}")


def in_words(error):
    """Returns an error as one line: "photo.jpg: No such file or directory"."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename2 or error.filename or repr('')}: {error.strerror}"
    return str(error)
