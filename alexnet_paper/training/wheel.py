"""Writes the commit into a wheel and into an sdist while they are built. Only
pyproject.toml uses this."""

import subprocess
from pathlib import Path

from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

COMMIT = Path("alexnet_paper", "COMMIT")  # `environment.commit` reads it


class BuildWithCommit(build_py):
    """Adds alexnet_paper/COMMIT to a wheel that is built from a checkout or from an
    sdist."""

    def run(self):
        super().run()
        if not self.editable_mode:  # the checkout itself says its commit
            write_commit(self.build_lib)


class SdistWithTests(sdist):
    """Adds tests, documents and alexnet_paper/COMMIT to an sdist."""

    def make_distribution(self):
        for folder in ("tests", "docs", ".ci"):
            self.filelist.graft(folder)
        self.filelist.include("CITATION.cff")
        self.filelist.global_exclude("*.py[co]")
        super().make_distribution()

    def make_release_tree(self, base_dir, files):
        super().make_release_tree(base_dir, files)
        write_commit(base_dir)


def write_commit(folder):
    """Writes the commit of the sources in the working directory, if it is known."""
    found = commit()
    if found:
        Path(folder, COMMIT).write_text(found)


def commit():
    """Returns an sdist's commit, or a checkout's with "+" if files were changed."""
    if COMMIT.exists():
        return COMMIT.read_text()
    ours = ("alexnet_paper", "reproduce/*.py")
    asked = (
        ["git", "rev-parse", "--short=12", "HEAD"],
        ["git", "status", "--porcelain", "--", *ours],
    )
    try:
        head, changed = (
            subprocess.run(words, capture_output=True, text=True, check=True).stdout
            for words in asked
        )
    except (OSError, subprocess.CalledProcessError):
        return None  # no commit is known
    return head.strip() + ("+" if changed else "") + "\n"
