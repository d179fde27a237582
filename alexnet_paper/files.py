"""Files: whole or not there when written, regular and of a bounded size when read."""

import contextlib
import os
import re
import secrets
import stat
from pathlib import Path

TEMPORARY = ".alexnet-paper-*.tmp"  # names of files that are being written
TEXT = 2**26  # most bytes of a text or another small file
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@contextlib.contextmanager
def atomic_file(path):
    """A binary file that takes the name `path` when, and only if, all was written."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / TEMPORARY.replace("*", secrets.token_hex(8))
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def atomic_write(path, content):
    """Writes text or bytes to a temporary name, then renames: never half a file."""
    with atomic_file(path) as file:
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


def read_file(path, largest=TEXT):
    """Returns the bytes of a file. Raises as `open_file`."""
    with open_file(path, largest) as file:
        return file.read()


def read_text(path):
    """Returns the text of a UTF-8 file. Raises as `open_file`."""
    return read_file(path).decode("utf-8")


def in_short(error, length=300):
    """Returns the message of an exception in one line that can be shown."""
    return printable(" ".join(str(error).split()))[:length] or type(error).__name__


def printable(name):
    """Returns a name in which control characters, characters that turn the direction of
    the text, and bytes that are not UTF-8 are escaped."""
    return UNPRINTABLE.sub(
        lambda found: found[0].encode("unicode_escape").decode(), str(name)
    )
