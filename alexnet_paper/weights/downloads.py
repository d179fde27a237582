"""Published weights of other projects: their addresses and hashes."""

import hashlib
import http.client
import os
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from alexnet_paper.files import atomic_file
from alexnet_paper.files import in_short
from alexnet_paper.files import open_file

LARGEST = 2**29  # bytes of a file; the published ones have about 244,000,000


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
            published hash. What was downloaded is then not kept; a file that was there
            before is left as it is.
    """
    if name not in PUBLIC:
        raise ValueError(f"unknown weights {name!r}: one of {', '.join(PUBLIC)}.")
    public, path = PUBLIC[name], place(name, folder)
    if path.exists():
        with open_file(path) as file:
            digest = hashlib.file_digest(file, public.kind).hexdigest()
        check(digest, public, f"{path} was there before and")
    else:
        fetch(url or public.url, path, public)
    return path


def place(name, folder=None):
    """Returns the path of a published file in a folder; None: in Keras's cache."""
    cache = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "weights"
    return Path(folder or cache).resolve() / Path(PUBLIC[name].url).name


def fetch(url, path, public):
    """Downloads a file, which takes its name if it has the published hash."""
    digest, size = hashlib.new(public.kind), 0
    with atomic_file(path) as file:
        try:
            with urllib.request.urlopen(url, timeout=60) as response:
                while size <= LARGEST and (block := response.read(2**20)):
                    size += len(block)
                    digest.update(block)
                    file.write(block)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise OSError(
                f"{url} could not be downloaded ({in_short(error)}): get the file "
                "elsewhere and import it, or name another address with --url."
            ) from error
        check(digest.hexdigest(), public, f"{url} was not kept: it")


def check(digest, public, what):
    if not digest.startswith(public.digest):
        raise OSError(f"{what} has the {public.kind} {digest}, not {public.digest}.")
