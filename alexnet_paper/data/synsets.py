"""ImageNet's thousand classes: their WordNet numbers and names.

`imagenet_classes.txt` is synset_words.txt of the ILSVRC-2012 challenge, which Caffe's
data/ilsvrc12/get_ilsvrc_aux.sh downloads: a line a class, sorted by WordNet number.
"""

import functools
from pathlib import Path

from alexnet_paper.files import read_text


@functools.cache
def imagenet_classes():
    """Returns a tuple of (WordNet number, names) in the order of a net's outputs."""
    text = read_text(Path(__file__).with_name("imagenet_classes.txt"))
    return tuple(tuple(line.split(" ", 1)) for line in text.splitlines())


def short_name(names):
    """Returns a class's first name as Keras writes it: "great_white_shark"."""
    return names.split(",")[0].replace(" ", "_")
