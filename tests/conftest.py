"""One process, two logical CPUs: the tests' stand-in for the paper's two cards."""

import gc
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow is imported

import pytest

from alexnet_paper.nets import placement
from alexnet_paper.nets import specs

placement.split("CPU")  # before TensorFlow starts
gc.freeze()  # what is loaded by now stays: collecting nets does not walk through it

# every kind of layer of the paper's net, on 35×35 images: 16-7-7-3-3-3. The
# normalization is strong (alpha), so that a wrong window cannot hide in rounding.
TINY = specs.Architecture(
    "tiny",
    (
        specs.Conv("conv1", 8, 5, stride=2, init=0.1),
        specs.ReLU(),
        specs.LRN("norm1", n=3, alpha=0.1, groups=2),
        specs.MaxPool("pool1", 3, 2),
        specs.Conv("conv2", 12, 3, padding=1, groups=2, init=0.1, bias=1.0),
        specs.ReLU(),
        specs.MaxPool("pool2", 3, 2),
        specs.Conv("conv3", 16, 3, padding=1, init=0.1),
        specs.ReLU(),
        specs.Conv("conv4", 16, 3, padding=1, groups=2, init=0.1, bias=1.0),
        specs.ReLU(),
        specs.Dense("fc6", 20, init=0.1, bias=1.0),
        specs.ReLU(),
        specs.Dropout(rate=0.5),
        specs.Dense("fc8", 5, init=0.1, tower="a"),
        specs.Softmax("prob"),
    ),
    input_shape=(35, 35, 3),
    towers=2,
)


@pytest.fixture(scope="session")
def tiny():
    """A two-tower net small enough to build in a moment."""
    return TINY


@pytest.fixture
def call(capsys):
    """Runs a program in this process: (exit code, stdout, stderr)."""

    def called(program, *words):
        try:
            code = program.main(list(map(str, words)))
        except SystemExit as error:
            code = error.code
        return code, *capsys.readouterr()

    return called


@pytest.fixture
def wrong_use(call):
    """The one line on stderr with which a program refuses, and nothing else but what
    Keras says of a download."""

    def refused(program, *words, codes=(2,)):
        code, out, err = call(program, *words)
        said = [line for line in err.splitlines() if line.strip()]
        said = said[-1:] if "Downloading data" in said[0] else said
        assert code in codes and out == "" and len(said) == 1
        assert said[0].startswith("error: ")
        return said[0]

    return refused


@pytest.fixture(scope="module")
def no_determinism_afterwards():
    """Training switches determinism on for the whole process."""
    from tensorflow.python.framework import config

    yield
    config.disable_op_determinism()
