"""Eight rooms, imports that point one way, and programs that start at once."""

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import alexnet_paper
import reproduce

PACKAGES = (alexnet_paper, reproduce)
ROOMS = alexnet_paper.ROOMS  # in the order in which data flows
LIGHT = [  # besides the programs: what help, lists and tables of records need
    "alexnet_paper",
    "alexnet_paper.nets.placement",
    "alexnet_paper.nets.differences",
    "alexnet_paper.results.record",
    "alexnet_paper.report.writers",
    "alexnet_paper.report.claims",
    "alexnet_paper.report.runs",
]
HEAVY = ("tensorflow", "keras", "numpy", "jax", "torch", "PIL", "sklearn", "matplotlib")


def sources():
    """{"alexnet_paper.nets.model": path, ...} of both packages."""
    found = {}
    for package in PACKAGES:
        (folder,) = map(Path, package.__path__)
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            parts = [part for part in parts if part != "__init__"]
            found[".".join([package.__name__, *parts])] = path
    return found


SOURCES = sources()
PROGRAMS = [
    name
    for name, path in SOURCES.items()
    if name.startswith("reproduce.") and "\ndef main(" in path.read_text()
]


def imported(name):
    """Dotted names a module imports anywhere, those inside functions included."""
    for node in ast.walk(ast.parse(SOURCES[name].read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} has a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def module_of(dotted):
    """The module of ours that a dotted name is or is in, else None."""
    parts = dotted.split(".")
    while parts and ".".join(parts) not in SOURCES:
        parts.pop()
    return ".".join(parts) or None


def room_of(name):
    """The room that a module of ours is in; "" for those beside the rooms."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in ROOMS else ""


def test_no_module_stands_beside_the_rooms():
    (folder,) = map(Path, alexnet_paper.__path__)
    assert {path.name for path in folder.glob("*.py")} == {"__init__.py", "files.py"}
    rooms = {path.parent.name for path in folder.glob("*/__init__.py")}
    assert rooms == set(ROOMS)


INSIDE = [n for n in SOURCES if n.startswith("alexnet_paper.") and room_of(n)]


@pytest.mark.parametrize("room", ROOMS)
def test_the_map_of_a_room_names_its_modules(room):
    about = importlib.import_module(f"alexnet_paper.{room}").__doc__
    words = set(about.replace(",", " ").split())
    start = f"alexnet_paper.{room}."
    inside = {n.removeprefix(start) for n in INSIDE if n.startswith(start)}
    assert inside and inside <= words, inside - words
    assert room in alexnet_paper.__doc__


@pytest.mark.parametrize("name", INSIDE)
def test_a_room_imports_from_the_rooms_before_it(name):
    here = ROOMS.index(room_of(name))
    for dotted in imported(name):
        module = module_of(dotted)
        assert not (module or "").startswith("reproduce"), f"{name} imports {module}"
        if module and room_of(module):
            assert ROOMS.index(room_of(module)) <= here, f"{name} imports {module}"


@pytest.mark.parametrize("name", SOURCES)
def test_no_private_module_and_no_lambda_layer(name):
    """Only Keras's and TensorFlow's public names; nothing that safe mode refuses."""
    for dotted in imported(name):
        assert not dotted.startswith(("keras.src", "tensorflow.python")), dotted
    nodes = list(ast.walk(ast.parse(SOURCES[name].read_text())))
    names = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    names |= {node.id for node in nodes if isinstance(node, ast.Name)}
    names |= {node.arg for node in nodes if isinstance(node, ast.keyword)}
    assert not {"Lambda", "enable_unsafe_deserialization", "safe_mode"} & names


def test_light_modules_load_nothing_heavy():
    """Help, and a table rendered from records, do not wait for TensorFlow."""
    assert "reproduce.table" in PROGRAMS
    names = [*LIGHT, *PROGRAMS]
    script = (
        "import importlib, sys\n"
        f"for name in {names}:\n"
        "    importlib.import_module(name)\n"
        f"    heavy = set({HEAVY}) & set(sys.modules)\n"
        "    assert not heavy, f'{name} loads {heavy}'\n"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
