"""How much memory and time a call may take, and how it may refuse a file."""

import os
import resource
from pathlib import Path

SLACK = 200_000_000  # bytes that a reader may take beside three times its file


def limit(memory, seconds=None):
    """Lets this process take so many bytes more than it has, and so many seconds."""
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    most = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (size + memory, most))
    if seconds:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))


def peak():
    """The most bytes that this process had. In `ru_maxrss` the one that started it
    counts, too."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (size,) = (line.split()[1] for line in lines if line.startswith("VmHWM"))
    return int(size) * 1024


def refused(read, path, *arguments, memory=None):
    """The one line with which a file, or a folder of files, is refused; None if it is
    read.

    In three times its size and 200 MB, if no other `memory` is given.
    """
    path = Path(path)
    paths = path.iterdir() if path.is_dir() else [path]
    limit(memory or 3 * sum(os.path.getsize(path) for path in paths) + SLACK)
    try:
        read(path, *arguments)
    except (ValueError, OSError) as error:
        text = str(error)
        assert len(text.splitlines()) == 1 and len(text) < 2000, text[:2000]
        tight = any(word in text for word in ("Memory", "allocate"))
        assert memory or not tight, text
        return text
