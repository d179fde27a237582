"""Writes the commit into a wheel while it is built. Only pyproject.toml uses this."""

import subprocess
from pathlib import Path

from setuptools.command.build_py import build_py


class BuildWithCommit(build_py):
    """Adds alexnet_paper/COMMIT, which `environment.commit` reads, to what is built
    from a git checkout."""

    def run(self):
        super().run()
        if self.editable_mode:
            return  # the checkout itself says its commit
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
            return  # not built from a checkout: no commit is known
        path = Path(self.build_lib, "alexnet_paper", "COMMIT")
        path.write_text(head.strip() + ("+" if changed else "") + "\n")
