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


@pytest.fixture(scope="session")
def started():
    """started(*words): `python *words`, begun on a machine with one device."""

    def start(*words, **options):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        command = [sys.executable, *map(str, words)]
        return subprocess.Popen(command, env=ONE_DEVICE, **pipes, **options)

    return start
