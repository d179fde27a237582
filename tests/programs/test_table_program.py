"""The first screen, and questions that need no net."""

import subprocess
import sys
from pathlib import Path

import pytest

from reproduce import table

SCRIPT = """
import sys
from reproduce import table
code = table.main(sys.argv[1:])
print({"keras", "tensorflow"} & set(sys.modules), file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize(
    ("asked", "heavy"),
    [
        (["--claim", "N04"], False),
        (["--only", "cited"], False),
        (["--only", "replicated", "--format", "json"], False),
        (["--claim", "H01"], True),
    ],
)
def test_only_a_claim_about_the_net_builds_it(asked, heavy):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *asked], capture_output=True, text=True
    )
    assert done.returncode == 0 and done.stdout, done.stderr
    assert done.stderr.strip().endswith("set()") != heavy, done.stderr


def test_the_first_screen(tmp_path, monkeypatch):
    """Golden output without records. A change that is meant is written anew by the
    same options with --out tests/programs/screen.txt and COLUMNS=100."""
    monkeypatch.setenv("COLUMNS", "100")
    (tmp_path / "none").mkdir()
    options = ["--records", tmp_path / "none", "--placement", "one-device"]
    assert table.main([*map(str, options), "--out", str(tmp_path / "screen.txt")]) == 0
    golden = Path(__file__).with_name("screen.txt")
    assert (tmp_path / "screen.txt").read_text() == golden.read_text()
