"""Runs a program, or lists them all.

    alexnet-paper
    alexnet-paper table --variant paper
    alexnet-paper table --help

`alexnet-paper table` is `python -m reproduce.table`. Exit 0: done; 2: wrong use; others
are the program's own.
"""

import ast
import importlib
import sys
from pathlib import Path

from reproduce import command_line


def programs():
    """Returns {name: first line of its docstring} of every program in this folder."""
    found = {}
    for path in sorted(Path(__file__).parent.glob("[!_]*.py")):
        text = path.read_text(encoding="utf-8")
        if "\ndef main(" in text:
            found[path.stem] = ast.get_docstring(ast.parse(text)).splitlines()[0]
    return found


def parser():
    parser = command_line.parser("reproduce", __doc__)
    parser.usage = "alexnet-paper [-h] [PROGRAM [OPTION ...]]"
    lines = (f"  {name:12}{does}" for name, does in programs().items())
    parser.epilog = "\n".join(("programs:", *lines))
    return parser


def main(arguments=None):
    words = sys.argv[1:] if arguments is None else list(arguments)
    name = words[0] if words else "--help"
    if name.startswith("-"):
        parser().parse_args([name])
    with command_line.usage():
        if name not in programs():
            known = ", ".join(programs())
            raise ValueError(f"there is no program {name!r}: one of {known}.")
    return importlib.import_module(f"reproduce.{name}").main(words[1:])


if __name__ == "__main__":
    sys.exit(main())
