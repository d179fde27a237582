"""The programs as a person calls them: in this process, or in one of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import reproduce

ONE_DEVICE = os.environ | {
    "CUDA_VISIBLE_DEVICES": "",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "PYTHONPATH": str(Path(reproduce.__file__).parents[1]),  # the code that is tested
}


@pytest.fixture
def called(capsys):
    """called(program, *words) → (exit code, stdout, stderr). Any exception but
    SystemExit is what a person would see as a traceback."""

    def call(program, *words):
        try:
            code = program.main([str(word) for word in words])
        except SystemExit as error:
            code = error.code
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def refused(called):
    """refused(program, *words) → the one line on stderr with which it refuses, besides
    what Keras says of a download."""

    def refuse(program, *words, codes=(2,)):
        code, out, err = called(program, *words)
        said = [line for line in err.splitlines() if line.strip()]
        said = said[-1:] if "Downloading data" in said[0] else said
        assert code in codes and out == "" and len(said) == 1
        assert said[0].startswith("error: ")
        return said[0]

    return refuse


@pytest.fixture(scope="session")
def started():
    """started(*words): `python *words`, begun on a machine with one device."""

    def start(*words, **options):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        command = [sys.executable, *map(str, words)]
        return subprocess.Popen(command, env=ONE_DEVICE, **pipes, **options)

    return start
