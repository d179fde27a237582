"""Imports point one way, and what should start at once does not load TensorFlow."""

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import alexnet_paper
import reproduce

PACKAGES = (alexnet_paper, reproduce)

# each module imports from rows above its own, or from the left of its own row
ROWS = (
    ("paper", "architecture", "record", "findings"),
    ("ablations",),
    ("articles", "variants", "differences", "placement", "images", "augment"),
    ("layers", "losses", "optimizer", "prepare", "downloads"),
    ("model", "weights", "data", "batches", "formats"),
    ("alexnet", "plan", "kernels", "retrieval"),
    ("equivalence", "train", "effects", "small_nets", "evidence", "trained"),
    (
        "evaluate",
        "probe",
        "checks",
        "article_checks",
        "claims",
        "conversion",
        "experiments",
        "trials",
    ),
    ("comparison",),
    ("tables", "layout", "outcomes", "figures"),
    ("charts", "diagram", "contact_sheets"),
)
ORDER = [f"alexnet_paper.{name}" for row in ROWS for name in row]

LIGHT = [
    "alexnet_paper",
    *(
        f"alexnet_paper.{name}"
        for name in (
            "paper",
            "articles",
            "architecture",
            "ablations",
            "variants",
            "differences",
            "record",
            "tables",
            "layout",
            "outcomes",
            "placement",
        )
    ),
]
HEAVY = ("tensorflow", "keras", "numpy", "jax", "torch", "PIL", "sklearn", "matplotlib")


def sources():
    """{"alexnet_paper.model": path, ...} of both packages."""
    found = {}
    for package in PACKAGES:
        (folder,) = package.__path__
        for path in sorted(Path(folder).glob("*.py")):
            stem = "" if path.stem == "__init__" else f".{path.stem}"
            found[package.__name__ + stem] = path
    return found


SOURCES = sources()
PROGRAMS = [
    name
    for name, path in SOURCES.items()
    if name.startswith("reproduce.") and "\ndef main(" in path.read_text()
]


def imported(name):
    """Dotted names a module imports anywhere, those inside functions included."""
    tree = ast.parse(SOURCES[name].read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} has a relative import"
            for alias in node.names:
                yield f"{node.module}.{alias.name}"


def module_of(dotted):
    """The module of ours that a dotted name is or is in, else None."""
    parts = dotted.split(".")
    while parts and ".".join(parts) not in SOURCES:
        parts.pop()
    return ".".join(parts) or None


def test_every_module_has_its_place():
    """A module added without a place in the order fails here."""
    ours = {name for name in SOURCES if name.startswith("alexnet_paper.")}
    assert ours <= set(ORDER)


def test_the_map_names_every_module():
    words = set(alexnet_paper.__doc__.replace(",", " ").split())
    assert {name.removeprefix("alexnet_paper.") for name in ORDER} <= words


@pytest.mark.parametrize("name", [n for n in SOURCES if n in ORDER])
def test_imports_point_to_earlier_modules(name):
    rank = {module: index for index, module in enumerate(ORDER)}
    for dotted in imported(name):
        module = module_of(dotted)
        assert not (module or "").startswith("reproduce"), f"{name} imports {module}"
        if module is not None and module != "alexnet_paper":
            assert rank[module] < rank[name], f"{name} imports {module}"


@pytest.mark.parametrize("name", SOURCES)
def test_no_private_module_and_no_lambda_layer(name):
    """Only Keras's and TensorFlow's public names; nothing that safe mode refuses."""
    for dotted in imported(name):
        assert not dotted.startswith(("keras.src", "tensorflow.python")), dotted
    tree = ast.parse(SOURCES[name].read_text())
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert not {"Lambda", "enable_unsafe_deserialization"} & names
    assert not any(
        node.arg == "safe_mode"
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword)
    )


def test_programs_were_found():
    assert "reproduce.table" in PROGRAMS


def test_light_modules_load_nothing_heavy():
    """Help, and a table rendered from records, do not wait for TensorFlow."""
    names = [*LIGHT, *PROGRAMS]
    assert all(importlib.util.find_spec(name) for name in names)
    script = (
        "import importlib, sys\n"
        f"for name in {names}:\n"
        "    importlib.import_module(name)\n"
        f"    heavy = set({HEAVY}) & set(sys.modules)\n"
        "    assert not heavy, f'{name} loads {heavy}'\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_tables_compute_no_metric_and_training_prints_no_table():
    """They meet at the record."""
    above = {module_of(dotted) for dotted in imported("alexnet_paper.tables")}
    assert not above & {f"alexnet_paper.{n}" for n in ("train", "evaluate", "claims")}
