"""One process, two logical CPUs: the tests' stand-in for the paper's two cards."""

import gc
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow is imported
os.environ["COLUMNS"] = "100"  # as where output is piped, in every terminal

import pytest
from small import TINY

from alexnet_paper.nets import placement

placement.split("CPU")  # before TensorFlow starts
gc.freeze()  # what is loaded by now stays: collecting nets does not walk through it


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
