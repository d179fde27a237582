"""The programs as a person meets them: help at once, one line for wrong use, results
on stdout or whole in a file."""

import io
import json
import math
import os
import shlex
import subprocess
import sys
import types
from pathlib import Path

import pytest
from rich.console import Console

from alexnet_paper.nets import model
from alexnet_paper.nets.variants import VARIANTS
from alexnet_paper.results.record import Protocol
from alexnet_paper.results.record import Record
from reproduce import __main__ as overview
from reproduce import cite
from reproduce import command_line
from reproduce import evaluate
from reproduce import features
from reproduce import figure
from reproduce import predict
from reproduce import table

PROGRAMS = [
    path.stem
    for path in Path(table.__file__).parent.glob("[!_]*.py")
    if "\ndef main(" in path.read_text()
]
HELP = f"""
import contextlib, importlib, sys
for name in {PROGRAMS}:
    with contextlib.suppress(SystemExit):
        importlib.import_module(f"reproduce.{{name}}").main(["--help"])
    heavy = {{"keras", "tensorflow", "jax", "torch"}} & set(sys.modules)
    assert not heavy, (name, heavy)
"""


def test_help_waits_for_no_net_library(started):
    """And has the docstring's examples."""
    done = started("-c", HELP)
    out, err = done.communicate()
    assert done.returncode == 0, err
    assert [n for n in PROGRAMS if f"  python -m reproduce.{n} " not in out] == []


def test_the_overview_names_every_program(call):
    for words in ([], ["--help"]):
        code, out, _ = call(overview, *words)
        lines = out.partition("programs:\n")[2].splitlines()
        assert code == 0 and [line.split()[0] for line in lines] == sorted(PROGRAMS)
        assert all(line.endswith(".") for line in lines)


def test_the_overview_runs_a_program(call, wrong_use):
    words = ["cite", "--variant", "paper", "--style", "apa"]
    assert call(overview, *words) == call(cite, *words[1:])
    assert call(overview, "cite", "--style", "x")[0] == 2
    assert "no program 'tabel': one of cite, " in wrong_use(overview, "tabel", "--help")


def test_photographs_may_stand_anywhere():
    words = ["a.jpg", "--top", "1", "b.jpg", "--run", "r"]
    options = command_line.read(predict.parser(), words)
    assert options.photographs == ["a.jpg", "b.jpg"] and options.top == 1
    words = ["4", "--run", "r", "a.jpg", "--out", "f.png"]
    assert command_line.read(figure.parser(), words).photographs == ["a.jpg"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--variant papr", ["unknown variant 'papr'", *VARIANTS]),
        ("--placement nonsense", ["unknown placement 'nonsense': one of auto,"]),
        ("--placement CPU:0,CPU:9", ["there is no CPU:9"]),
        ("--variant one-gpu --placement two-devices", ["two towers"]),
        ("--records /nowhere", ["/nowhere is not a folder of records"]),
        ("--only x", ["unknown verdict 'x': one of as printed"]),
        ("--show x", ["--show has no section 'x': claims, changes"]),
        ("--claim Z9", ["there is no claim 'Z9'"]),
    ],
)
def test_wrong_use_is_one_line_and_exit_2(words, said, wrong_use):
    err = wrong_use(table, *words.split())
    assert [words for words in said if words not in err] == []


def test_unknown_option_is_exit_2(call):
    code, out, err = call(table, "--formt", "json\33[1m\n")
    assert (code, out) == (2, "") and "usage:" in err
    assert err.endswith(r"unrecognized arguments: --formt json\x1b[1m\n" "\n")


CLAIM = "id section statement printed values authors ours unit verdict needs command"
KEYS = {"environment", "claims", "architecture", "totals", "results", "forms"}


def read(text, variant):
    """The one object on stdout, with everything that is promised of it."""
    found = json.loads(text)
    assert found["variant"] == variant and KEYS < set(found)
    assert all(set(CLAIM.split()) <= set(claim) for claim in found["claims"])
    assert len({claim["id"] for claim in found["claims"]}) == 65
    assert {"python", "commit", "keras", "tensorflow"} <= set(found["environment"])
    layer = found["architecture"][0]
    assert {"name", "output_shape", "parameters", "macs", "neurons"} <= set(layer)
    return found


@pytest.fixture
def records(tmp_path):
    """A folder with a record of cifar-18pct and one of another variant."""
    for variant, error in (("cifar-18pct", 0.1875), ("cifar-13pct", 0.1234)):
        Record(
            variant=variant,
            data="cifar10",
            split="test",
            examples=10_000,
            protocol=Protocol(views=1, classes=10, epochs=1, seed="0"),
            metrics={"top1_error": error, "top1_error_interval": [0.17, 0.2]},
            command="python -m reproduce.evaluate --run runs/x",
            environment={"commit": "0123456789ab"},
        ).save(tmp_path / "records")
    return tmp_path / "records"


def test_json_is_one_object_and_nothing_else_on_stdout(started, records, tmp_path):
    words = ("--variant", "cifar-18pct", "--format", "json", "--records", records)
    done = started("-m", "reproduce.table", *words, cwd=tmp_path)
    out, err = done.communicate()
    assert done.returncode == 0, err
    found = read(out, "cifar-18pct")
    assert found["totals"]["parameters"] == 89_578 and found["forms"] is None
    (result,) = found["results"]
    assert result["metrics"]["top1_error"] == 0.1875


def test_records_of_the_variant_are_in_the_table(records, call):
    words = ("--variant", "cifar-18pct", "--records", records, "--show", "runs")
    code, out, _ = call(table, *words)
    assert code == 0 and "18.75" in out and "12.34" not in out


def test_out_writes_the_file_and_nothing_on_stdout(tmp_path, call):
    path = tmp_path / "new" / "table"
    code, out, err = call(table, "--variant", "cifar-18pct", "--out", path)
    assert (code, out) == (0, "") and str(path) in err
    assert "89,578" in path.read_text(encoding="utf-8")
    assert [child.name for child in path.parent.iterdir()] == ["table"]


def test_out_is_looked_at_before_the_work(tmp_path, wrong_use):
    (tmp_path / "file").touch()
    for path, folder in (("new/x.txt", False), ("file", False), ("", True), ("n", 1)):
        command_line.check_out(tmp_path / path, folder)  # a file is replaced
    for path, folder in (("", False), ("file", True), ("file/a/b.txt", False)):
        with pytest.raises(ValueError, match=f"--out {tmp_path / path}: "):
            command_line.check_out(tmp_path / path, folder)
    for path, said in (
        (tmp_path / "file" / "x", f"{tmp_path / 'file'} is a file, not a folder"),
        (tmp_path, "it is a folder, not a file"),
    ):
        err = wrong_use(table, "--variant", "cifar-18pct", "--out", path)
        assert f"--out {path}: {said}" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--claim", "F02"], "Simonyan & Zisserman"),
        (["--only", "supported"], "6.7 times"),
        (["--variant", "list"], "60,965,224"),
    ],
)
def test_parts_of_the_table_that_need_no_net(words, said, monkeypatch, call):
    """And no net is built for them."""
    monkeypatch.setattr(model, "build_model", None)
    code, out, _ = call(table, *words)
    assert code == 0 and said in out


@pytest.mark.slow
def test_the_papers_table(call, tmp_path):
    """The main job, on this process's two logical CPUs: the two forms equal on real
    photographs, and exactly Figure 2's tensors between the devices."""
    words = ("--format", "json", "--records", tmp_path, "--placement", "CPU:0,CPU:1")
    code, out, _ = call(table, *words)
    assert code == 0
    found = read(out, "paper")
    verdicts = {claim["id"]: claim["verdict"] for claim in found["claims"]}
    assert (verdicts["A03"], verdicts["H08"]) == ("arithmetic holds", "erratum")
    assert (verdicts["A02"], verdicts["L01"]) == ("replicated elsewhere", "cited")
    forms = found["forms"]
    assert forms["images"] == 20 and forms["devices"] == ["CPU:0", "CPU:1"]
    assert max(forms["outputs"], forms["gradients"], forms["step"]) <= 1e-5
    assert forms["as_figure_2"] is True
    crossed = [row["crossing"] for row in forms["crossed"]]
    crossing = [(c["into"], c["source"], 4 * math.prod(c["shape"])) for c in crossed]
    sizes = {"conv3": 86_528, "fc6": 18_432, "fc7": 8_192}
    both = [(into, tower, size) for into, size in sizes.items() for tower in "ab"]
    assert sorted(crossing) == [*both, ("fc8", "b", 8_192)]
    assert all(row["forward"] == row["backward"] == 1 for row in forms["crossed"])


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (None, 0, ""),
        (OSError("no space left"), 1, "error: no space left\n"),
        (OSError(2, "No such file", "a.jpg"), 1, "error: a.jpg: No such file\n"),
        (MemoryError(), 1, "error: out of memory: try a smaller --batch-size\n"),
        (KeyboardInterrupt(), 1, "stopped\n"),
    ],
)
def test_exit_codes(raised, code, said, capsys):
    def act(options):
        if raised:
            raise raised

    assert command_line.run(act, None) == code
    assert capsys.readouterr().err == said


@pytest.mark.parametrize("error", [ValueError("so and so"), FileNotFoundError("gone")])
def test_wrong_use_is_exit_2(error, wrong_use):
    def main(words):
        with command_line.usage():
            raise error

    assert str(error) in wrong_use(types.SimpleNamespace(main=main))


def test_a_bug_is_not_dressed_up_as_wrong_use():
    """Errors that are not the user's keep their traceback."""
    with pytest.raises(KeyError), command_line.usage():
        raise KeyError("a check is missing")

    def fail(options):
        raise ValueError("from inside")

    with pytest.raises(ValueError, match="from inside"):
        command_line.run(fail, None)


def test_output_in_any_encoding_and_to_nobody():
    """What the encoding lacks is "?"; a reader that leaves, or a stdout that is closed,
    gives no traceback."""
    table = [sys.executable, "-m", "reproduce.table", "--only", "cited"]
    narrow = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run(table, env=narrow, capture_output=True)
    assert done.returncode == 0 and b"1 CNN* " in done.stdout and b"?" in done.stdout
    for shell in ("exec {} >&-", "{} | true"):
        words = ["bash", "-c", shell.format(shlex.join(table))]
        done = subprocess.run(words, capture_output=True, text=True)
        assert done.returncode in (0, 1) and done.stderr == ""


def test_a_file_whose_name_begins_with_a_dash():
    words = ["a.jpg", "--views", "10", "--", "-x.jpg", "b.jpg"]
    options = command_line.read(predict.parser(), words)
    assert options.photographs == ["a.jpg", "./-x.jpg", "b.jpg"]


def test_a_folder_that_cannot_be_written_is_found_out_first(wrong_use, tmp_path):
    """Before anything is read or measured."""
    (tmp_path / "file").touch()
    words = "--weights x --data digits --out".split()
    for program in (evaluate, features):
        assert "not a folder" in wrong_use(program, *words, tmp_path / "file" / "out")
        assert "--out /proc/x" in wrong_use(program, *words, "/proc/x")


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_of_parts_is_for_a_terminal(terminal, monkeypatch):
    """Time left where the whole is known; every part disappears when it is done."""
    from reproduce import progress

    console = Console(file=io.StringIO(), force_terminal=terminal, width=80)
    monkeypatch.setattr(progress.command_line, "console", lambda: console)
    parts = progress.Parts()
    for name, total in (("images", 10), ("classifier", None)):
        with parts.part(name, total) as advance:
            advance(5)
            parts.bar.refresh()
            assert [task.completed for task in parts.bar.tasks] == [5]
        assert not parts.bar.tasks
    shown = console.file.getvalue()
    assert all((word in shown) == terminal for word in ("images", "classifier", "left"))
