"""What the README and the notebook show is run, and does what they say."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import alexnet_paper

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "docs" / "transfer.ipynb"
PATH = {"PYTHONPATH": str(Path(alexnet_paper.__file__).parents[1])}
JUDGE = """
right = model.evaluate(x[1500:], labels[1500:], verbose=0)[1]
assert right > 0.8, right  # a tenth by chance
"""


def test_the_example_of_the_readme():
    (example,) = re.findall(
        r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S
    )
    command, env = [sys.executable, "-c", example + JUDGE], {**os.environ, **PATH}
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.rstrip().splitlines()[-1].startswith("[[('', '")


def printed(notebook):
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    outputs = [output for cell in cells for output in cell.outputs]
    return "".join(output.get("text", "") for output in outputs), outputs


@pytest.mark.slow
def test_the_notebook(tmp_path, monkeypatch):
    """Runs from top to bottom, and the outputs that are kept are those of its code."""
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    kept = nbformat.read(NOTEBOOK, 4)
    assert "Error" not in printed(kept)[0]
    assert sum("data" in output for output in printed(kept)[1]) == 2  # figures
    for name, value in PATH.items():
        monkeypatch.setenv(name, value)
    run = nbformat.read(NOTEBOOK, 4)
    folder = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(run, timeout=900, resources=folder).execute()
    for notebook in (kept, run):
        text = printed(notebook)[0]
        trained, untrained, frozen, tuned, photographs = map(
            float, re.findall(r"([\d.]+) %(?: right$| right,|$)", text, re.M)[:5]
        )
        assert trained > 60 and untrained > 40  # a fifth by chance
        assert frozen > 60 and tuned > 60 and photographs > 80
