"""The programs as a person meets them: help at once, one line for wrong use, results
on stdout or whole in a file."""

import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from alexnet_paper.nets.variants import VARIANTS
from alexnet_paper.results.record import Protocol
from alexnet_paper.results.record import Record
from reproduce import __main__ as overview
from reproduce import command_line
from reproduce import figure
from reproduce import predict
from reproduce import table

FOLDER = Path(table.__file__).parent
PROGRAMS = [
    path.stem for path in FOLDER.glob("[!_]*.py") if "\ndef main(" in path.read_text()
]
ONE_DEVICE = os.environ | {
    "CUDA_VISIBLE_DEVICES": "",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "PYTHONPATH": str(FOLDER.parent),  # the code that is tested, wherever it runs
}


def program(name, *arguments, **options):
    """The program in a process of its own, on a machine with one device."""
    return subprocess.run(
        [sys.executable, "-m", name, *arguments],
        capture_output=True,
        text=True,
        env=ONE_DEVICE,
        **options,
    )


def called(capsys, *arguments):
    """(exit code, stdout, stderr) of `reproduce.table` in this process."""
    try:
        code = table.main(list(map(str, arguments)))
    except SystemExit as error:
        code = error.code
    return code, *capsys.readouterr()


def one_line(text):
    return text.startswith("error: ") and text.count("\n") == 1


@pytest.mark.parametrize("name", PROGRAMS)
def test_help_is_there_at_once(name):
    """Under half a second, the best of three, with the docstring's examples."""
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        done = program(f"reproduce.{name}", "--help")
        seconds.append(time.perf_counter() - start)
        assert done.returncode == 0 and f"python -m reproduce.{name}" in done.stdout
        if seconds[-1] < 0.5:
            return
    pytest.fail(f"{min(seconds):.2f} s")


def test_the_overview_names_every_program(capsys):
    assert overview.main([]) == 0
    out = capsys.readouterr().out
    for name in PROGRAMS:
        assert f"python -m reproduce.{name} " in out


def test_photographs_may_stand_anywhere():
    words = ["a.jpg", "--top", "1", "b.jpg", "--run", "r"]
    options = command_line.read(predict.parser(), words)
    assert options.photographs == ["a.jpg", "b.jpg"] and options.top == 1
    words = ["4", "--run", "r", "a.jpg", "--out", "f.png"]
    assert command_line.read(figure.parser(), words).photographs == ["a.jpg"]


def test_unknown_variant_lists_the_known_ones():
    done = program("reproduce.table", "--variant", "papr")
    assert (done.returncode, done.stdout) == (2, "")
    assert one_line(done.stderr) and "unknown variant 'papr'" in done.stderr
    assert all(name in done.stderr for name in VARIANTS)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--placement", "nonsense"), "unknown placement 'nonsense': one of auto,"),
        (("--placement", "CPU:0,CPU:9"), "there is no CPU:9"),
        (("--variant", "one-gpu", "--placement", "two-devices"), "two towers"),
        (("--records", "/nowhere"), "/nowhere is not a folder of records"),
    ],
)
def test_wrong_use_is_one_line_and_exit_2(arguments, said, capsys):
    code, out, err = called(capsys, *arguments)
    assert (code, out) == (2, "")
    assert one_line(err) and said in err


def test_unknown_option_is_exit_2(capsys):
    code, out, err = called(capsys, "--formt", "json")
    assert (code, out) == (2, "") and "usage:" in err


def test_two_devices_where_there_is_one_says_what_to_do():
    done = program("reproduce.table", "--placement", "two-devices")
    assert (done.returncode, done.stdout) == (2, "")
    assert one_line(done.stderr)
    assert "use one-device" in done.stderr and "CPU:0,CPU:1" in done.stderr


CLAIM_KEYS = {
    "id",
    "section",
    "statement",
    "printed",
    "values",
    "authors",
    "ours",
    "unit",
    "verdict",
    "needs",
    "command",
}


def check_json(text, variant):
    """One object with everything that is promised of it."""
    found = json.loads(text)
    assert found["variant"] == variant
    keys = {"environment", "claims", "architecture", "totals", "results"}
    assert keys < set(found)
    assert all(CLAIM_KEYS <= set(claim) for claim in found["claims"])
    assert {"python", "commit", "keras", "tensorflow"} <= set(found["environment"])
    layer = found["architecture"][0]
    assert {"name", "output_shape", "parameters", "macs", "neurons"} <= set(layer)
    return found


def test_json_is_one_object_and_nothing_else_on_stdout(tmp_path):
    done = program(
        "reproduce.table",
        *("--variant", "cifar-18pct", "--format", "json"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    found = check_json(done.stdout, "cifar-18pct")
    assert len(found["claims"]) == 65
    assert found["totals"]["parameters"] == 89_578
    assert found["forms"] is None


@pytest.mark.parametrize("format", ["text", "json"])
def test_out_writes_the_file_and_nothing_on_stdout(format, tmp_path, capsys):
    path = tmp_path / "new" / "table"
    arguments = ("--variant", "cifar-18pct", "--format", format, "--out", path)
    code, out, err = called(capsys, *arguments)
    assert (code, out) == (0, "") and str(path) in err
    text = path.read_text(encoding="utf-8")
    assert "89,578" in text
    assert [child.name for child in path.parent.iterdir()] == ["table"]


def test_a_file_that_cannot_be_written_is_one_line(tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    path = tmp_path / "file" / "table.json"
    code, out, err = called(capsys, "--variant", "cifar-18pct", "--out", path)
    assert (code, out) == (2, "") and one_line(err)
    assert f"--out {path}: {tmp_path / 'file'} is a file, not a folder" in err
    code, out, err = called(capsys, "--variant", "cifar-18pct", "--out", tmp_path)
    assert code == 2 and one_line(err) and "it is a folder, not a file" in err


def test_out_is_looked_at_before_the_work(tmp_path):
    (tmp_path / "file").touch()
    command_line.check_out(tmp_path / "new" / "x.txt")
    command_line.check_out(tmp_path / "file")  # it is replaced
    command_line.check_out(tmp_path, folder=True)
    command_line.check_out("new", folder=True)
    for path, folder in ((tmp_path, False), (tmp_path / "file", True)):
        with pytest.raises(ValueError, match=f"--out {path}: "):
            command_line.check_out(path, folder)
    with pytest.raises(ValueError, match="file is a file, not a folder"):
        command_line.check_out(tmp_path / "file" / "a" / "b.txt")


def test_records_show_up(tmp_path, capsys):
    """A record of the variant in the folder is in the table; another's is not."""
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
        ).save(tmp_path)
    arguments = ("--variant", "cifar-18pct", "--records", tmp_path)
    code, out, _ = called(capsys, *arguments, "--show", "runs")
    assert code == 0 and "18.75" in out and "12.34" not in out
    code, out, _ = called(capsys, *arguments, "--format", "json")
    (result,) = check_json(out, "cifar-18pct")["results"]
    assert result["metrics"]["top1_error"] == 0.1875


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--claim", "F02"], "Simonyan & Zisserman"),
        (["--only", "supported"], "6.7 times"),
        (["--variant", "list"], "60,965,224"),
    ],
)
def test_parts_of_the_table_that_need_no_net(words, said, monkeypatch, capsys):
    """And no net is built for them."""
    from alexnet_paper.nets import model

    monkeypatch.setattr(model, "build_model", None)
    code, out, _ = called(capsys, *words)
    assert code == 0 and said in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--only", "x"], "unknown verdict 'x': one of as printed"),
        (["--show", "x"], "--show has no section 'x': claims, changes"),
        (["--claim", "Z9"], "there is no claim 'Z9'"),
    ],
)
def test_parts_that_are_not_there(words, said, capsys):
    code, out, err = called(capsys, *words)
    assert (code, out) == (2, "") and said in err and one_line(err)


def test_the_papers_table(capsys, tmp_path):
    """The main job, on this process's two logical CPUs: 65 claims, the two forms equal
    on real photographs, and exactly Figure 2's tensors between the devices."""
    code, out, _ = called(
        capsys, "--format", "json", "--records", tmp_path, "--placement", "CPU:0,CPU:1"
    )
    assert code == 0
    found = check_json(out, "paper")
    verdicts = {claim["id"]: claim["verdict"] for claim in found["claims"]}
    assert len(verdicts) == 65
    assert (verdicts["A03"], verdicts["H08"]) == ("arithmetic holds", "erratum")
    assert (verdicts["A02"], verdicts["L01"]) == ("replicated elsewhere", "cited")
    forms = found["forms"]
    assert forms["images"] == 20 and forms["devices"] == ["CPU:0", "CPU:1"]
    assert max(forms["outputs"], forms["gradients"], forms["step"]) <= 1e-5
    assert forms["as_figure_2"] is True
    crossed = [row["crossing"] for row in forms["crossed"]]
    crossing = [(c["into"], c["source"], 4 * math.prod(c["shape"])) for c in crossed]
    assert sorted(crossing) == [
        ("conv3", "a", 86_528),
        ("conv3", "b", 86_528),
        ("fc6", "a", 18_432),
        ("fc6", "b", 18_432),
        ("fc7", "a", 8_192),
        ("fc7", "b", 8_192),
        ("fc8", "b", 8_192),
    ]
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
def test_wrong_use_is_exit_2(error, capsys):
    with pytest.raises(SystemExit) as stop, command_line.usage():
        raise error
    assert stop.value.code == 2
    assert one_line(capsys.readouterr().err)


def test_a_bug_is_not_dressed_up_as_wrong_use():
    """Errors that are not the user's keep their traceback."""
    with pytest.raises(KeyError), command_line.usage():
        raise KeyError("a check is missing")

    def fail(options):
        raise ValueError("from inside")

    with pytest.raises(ValueError, match="from inside"):
        command_line.run(fail, None)
