"""Long lists of file names, in one buffer: a million take 40 MB; as paths, 500 MB."""

import os
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

CHUNK = 4096  # names that are joined at once


class Names(Sequence):
    """Byte strings. An integer gives one of them, a slice or indices `Names` again."""

    def __init__(self, buffer, starts, lengths):
        self.buffer, self.starts, self.lengths = buffer, starts, lengths

    @classmethod
    def packed(cls, buffer, lengths):
        """Returns the names that follow each other in `buffer`."""
        return cls(buffer, np.cumsum(lengths, dtype="int64") - lengths, lengths)

    @classmethod
    def of(cls, names):
        names = [os.fsencode(name) for name in names]
        lengths = np.fromiter(map(len, names), "uint32", len(names))
        return cls.packed(b"".join(names), lengths)

    @classmethod
    def joined(cls, parts):
        sizes = np.cumsum([0, *(len(part.buffer) for part in parts)])
        starts = [part.starts + size for part, size in zip(parts, sizes)]
        lengths = [part.lengths for part in parts]
        buffer = b"".join(part.buffer for part in parts)
        return cls(buffer, np.concatenate(starts), np.concatenate(lengths))

    def __len__(self):
        return len(self.lengths)

    def __getitem__(self, index):
        if isinstance(index, (int, np.integer)):
            start = int(self.starts[index])
            return bytes(self.buffer[start : start + int(self.lengths[index])])
        return Names(self.buffer, self.starts[index], self.lengths[index])

    @property
    def checksum(self):
        """The CRC-32 of all names, joined by line ends."""
        found = 0
        for start in range(0, len(self), CHUNK):
            text = b"\n".join(self[start : start + CHUNK])
            found = zlib.crc32(b"\n" + text if start else text, found)
        return found


class Paths(Sequence):
    """Paths of files in a few folders: folder number `places[i]` has the name i."""

    def __init__(self, folders, places, names):
        self.folders, self.places, self.names = folders, places, names

    @classmethod
    def of(cls, paths):
        if isinstance(paths, cls):
            return paths
        paths, numbers = [Path(path) for path in paths], {}
        places = [numbers.setdefault(path.parent, len(numbers)) for path in paths]
        names = Names.of(path.name for path in paths)
        return cls([*numbers], np.array(places, "int32"), names)

    @classmethod
    def inside(cls, folder, names):
        return cls([folder], np.zeros(len(names), "int32"), Names.of(names))

    @classmethod
    def joined(cls, parts):
        """Returns the paths of one list after those of the other. No folder may be in
        two of them."""
        folders = [folder for part in parts for folder in part.folders]
        before = np.cumsum([0, *(len(part.folders) for part in parts)])
        places = [part.places + first for part, first in zip(parts, before)]
        names = Names.joined([part.names for part in parts])
        return cls(folders, np.concatenate(places).astype("int32"), names)

    def __len__(self):
        return len(self.names)

    def __getitem__(self, index):
        if isinstance(index, (int, np.integer)):
            return self.folders[self.places[index]] / os.fsdecode(self.names[index])
        return Paths(self.folders, self.places[index], self.names[index])

    @property
    def in_folders(self):
        """Whether they, or the list that they are of, lie in more than one folder."""
        return len(self.folders) > 1


def chosen(index):
    """Returns a slice, or a list of indices as an array."""
    return index if isinstance(index, slice) else np.asarray(index, "int64")
