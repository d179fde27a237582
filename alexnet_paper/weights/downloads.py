"""Published weights of other projects: their addresses and hashes."""

import contextlib
import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

import keras


@dataclass(frozen=True)
class Public:
    """A published file.

    `digest` is the hexadecimal hash that its publisher gives, or the beginning of it;
    `kind` is the hash algorithm.
    """

    url: str
    kind: str
    digest: str
    what: str


PUBLIC = {
    "bvlc-alexnet": Public(
        "http://dl.caffe.berkeleyvision.org/bvlc_alexnet.caffemodel",
        "sha1",
        "9116a64c0fbe4459d18f4bb6b56d647b63920377",
        "Caffe's AlexNet: top-1 57.1 %, top-5 80.2 %, one view (its readme)",
    ),
    "bvlc-caffenet": Public(
        "http://dl.caffe.berkeleyvision.org/bvlc_reference_caffenet.caffemodel",
        "sha1",
        "4c8d77deb20ea792f84eb5e6d0a11ca0a8660a46",
        "Caffe's CaffeNet: top-1 57.4 %, top-5 80.4 %, one view (its readme)",
    ),
    "torchvision": Public(
        "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",
        "sha256",
        "7be5be79",  # as its name says
        "torchvision's AlexNet: top-1 56.5 %, top-5 79.1 % (its documentation)",
    ),
}


def download(name, url=None, folder=None):
    """Returns the path of a published file, and downloads it first if need be.

    Args:
        name: A name in `PUBLIC`.
        url: Another address of the file.
        folder: Where to keep it. Defaults to Keras's cache.

    Raises:
        ValueError: for an unknown name.
        OSError: if the server cannot be reached, or if the file does not have the
            published hash, in which case it is removed.
    """
    if name not in PUBLIC:
        raise ValueError(f"unknown weights {name!r}: one of {', '.join(PUBLIC)}.")
    public = PUBLIC[name]
    url = url or public.url
    where = {"cache_subdir": str(Path(folder).resolve())} if folder else {}
    try:
        with contextlib.redirect_stdout(sys.stderr):  # its notes and progress
            path = keras.utils.get_file(
                Path(public.url).name, url, **{"cache_subdir": "weights", **where}
            )
    except Exception as error:  # whatever the network may raise
        reason = " ".join(str(error).split())
        raise OSError(
            f"{url} could not be downloaded ({reason}): get the file elsewhere and "
            "import it, or name another address with --url."
        ) from error
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, public.kind).hexdigest()
    if not digest.startswith(public.digest):
        Path(path).unlink()
        raise OSError(
            f"{path} from {url} has the {public.kind} {digest}, not {public.digest}. "
            "It was removed."
        )
    return path
