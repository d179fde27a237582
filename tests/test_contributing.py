"""docs/CONTRIBUTING.md: each example does what the page says, in a copy of the code."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import alexnet_paper

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "CONTRIBUTING.md"
EXAMPLE = re.compile(r"```(?:python|toml)\n# (\S+), ([^\n]+)\n(.*?)\n```", re.DOTALL)

USE = """
import dataclasses
from alexnet_paper.nets import specs, variants
from alexnet_paper.results import experiments
from alexnet_paper.verdicts import measure
from alexnet_paper.verdicts.subject import Subject
from alexnet_paper.paper import CLAIMS
from reproduce import figure

small = variants.get("paper-67.weak-dropout")
rates = [s.rate for s in small.architecture.layers if isinstance(s, specs.Dropout)]
assert rates == [0.2, 0.2] and small.recipe.image_side == 76

(claim,) = [one for one in CLAIMS if one.id == "P01"]
subject = Subject(variants.get("paper-67"))
found = measure.measure(subject, claim)
wrong = measure.measure(subject, dataclasses.replace(claim, values=(4,)))
assert found.ours == "3" and found.verdict != wrong.verdict

runs = experiments.get("dropout-rate").plans(data_dir="DIR")
assert len(runs) == 2 * 3
assert runs[1][1].variant == "paper-32.weak-dropout" and runs[1][1].epochs == 40

figure.main(["parameters", "--variant", "paper-67", "--out", "parameters.svg"])
"""


def add(path, place, text):
    """Puts an example where its first line says."""
    if place == "a new file":
        assert not path.exists()
        path.write_text(text)
        return
    code = path.read_text()
    how, name = re.fullmatch(r"(in|above|at the) (\w+)", place).groups()
    if how == "at the":
        code += f"\n\n{text}"
    else:
        (found,) = re.finditer(rf"^{name} = [({{]", code, re.MULTILINE)
        at = found.end() if how == "in" else found.start()
        text += "," if how == "in" else "\n\n"
        code = f"{code[:at]}\n{text}\n{code[at:]}"
    path.write_text(code)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The packages with every example of the page added."""
    root = tmp_path_factory.mktemp("copy")
    for package in ("alexnet_paper", "reproduce"):
        shutil.copytree(ROOT / package, root / package)
    examples = EXAMPLE.findall(PAGE.read_text())
    assert len(examples) == PAGE.read_text().count("```") // 2
    for file, place, text in examples:
        add(root / file, place, text)
    return root


@pytest.mark.slow
def test_the_examples_of_the_page(copy):
    """A variant, an ablation, a claim, an experiment and a figure, each used once."""
    command, env = [sys.executable, "-c", USE], {**os.environ, "PYTHONPATH": str(copy)}
    done = subprocess.run(command, cwd=copy, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "</svg>" in (copy / "parameters.svg").read_text()


def test_the_page_names_the_rooms_in_order():
    assert " → ".join(alexnet_paper.ROOMS) in PAGE.read_text()
