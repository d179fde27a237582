"""A question that needs no net does not wait for Keras."""

import subprocess
import sys

import pytest

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
