"""Lists the programs.

    python -m reproduce
    python -m reproduce.table --help

Exit 0: done; 2: wrong use.
"""

import ast
import sys
from pathlib import Path

from reproduce import command_line


def programs():
    """Returns {name: first line of its docstring} of every program in this folder."""
    found = {}
    for path in sorted(Path(__file__).parent.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "\ndef main(" in text and path.stem != "__main__":
            found[path.stem] = ast.get_docstring(ast.parse(text)).splitlines()[0]
    return found


def main(arguments=None):
    command_line.parser("reproduce", __doc__).parse_args(arguments)
    for name, does in programs().items():
        print(f"python -m reproduce.{name:12} {does}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
