"""The sdist has all files of the project; the wheel has all that its programs read."""

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = {"alexnet_paper", "reproduce", "tests", "docs", ".ci"}
FILES = {"pyproject.toml", "README.md", "LICENSE", "CITATION.cff"}
BUILD = "from setuptools import build_meta; build_meta.build_{}({!r})"


def build(kind, source, out):
    command = [sys.executable, "-c", BUILD.format(kind, str(out))]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    (built,) = out.iterdir()
    return built


def files(folder):
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_wheel_from_the_sdist_has_every_file_and_the_commit(tmp_path):
    pytest.importorskip("setuptools", "77", reason="needs setuptools 77")
    source = tmp_path / "source"
    for name in FOLDERS:
        unwanted = shutil.ignore_patterns("__pycache__", "COMMIT")
        shutil.copytree(ROOT / name, source / name, ignore=unwanted)
    for name in FILES:
        shutil.copy(ROOT / name, source)
    written = files(source)
    name = ("-c", "user.name=a", "-c", "user.email=b")
    for words in (["init", "-q"], [*name, "commit", "-q", "--allow-empty", "-m", "c"]):
        subprocess.run(["git", *words], cwd=source, check=True)
    command = ["git", "rev-parse", "--short=12", "HEAD"]
    head = subprocess.run(command, cwd=source, capture_output=True, text=True).stdout

    with tarfile.open(build("sdist", source, tmp_path / "sdist")) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    assert written <= files(unpacked)
    with zipfile.ZipFile(build("wheel", unpacked, tmp_path / "wheel")) as wheel:
        of_packages = {n for n in written if n.startswith(("alexnet_paper/", "repro"))}
        assert of_packages <= set(wheel.namelist())
        assert wheel.read("alexnet_paper/COMMIT").decode() == f"{head.strip()}+\n"
        (points,) = (n for n in wheel.namelist() if n.endswith("entry_points.txt"))
        assert b"alexnet-paper = reproduce.__main__:main" in wheel.read(points)
