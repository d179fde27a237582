"""What a record says of the code that made it."""

import subprocess

import pytest
from setuptools import Distribution

from alexnet_paper.training import environment
from alexnet_paper.training.wheel import BuildWithCommit


def committed(folder):
    """The one commit of a new repository, whose message is the folder's name."""
    words = f"-c user.name=a -c user.email=b commit -q --allow-empty -m {folder.name}"
    words = words.split()
    for command in (["init", "-q"], words):
        subprocess.run(["git", "-C", folder, *command], check=True)
    return environment.git(folder, "rev-parse", "--short=12", "HEAD")


@pytest.mark.parametrize("editable", [False, True])
def test_an_installed_wheel_says_the_commit_it_was_built_from(
    editable, tmp_path, monkeypatch
):
    """Not that of a repository that it happens to be installed in."""
    (tmp_path / "source").mkdir()
    built_from = committed(tmp_path / "source")
    monkeypatch.chdir(tmp_path / "source")
    installed = tmp_path / "user" / "alexnet_paper"
    installed.mkdir(parents=True)
    around = committed(tmp_path / "user")
    build = BuildWithCommit(Distribution({"packages": []}))
    build.build_lib, build.editable_mode = str(tmp_path / "user"), editable
    build.finalize_options()
    build.run()
    module = installed / "training" / "environment.py"
    monkeypatch.setattr(environment, "__file__", str(module))
    said = environment.commit().removesuffix("+")
    assert built_from != around and said == (around if editable else built_from)
