"""reproduce.train, reproduce.evaluate and reproduce.data as a person meets them: what
they print where, how they refuse, and what Ctrl-C and a full disk leave behind."""

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from alexnet_paper.files import printable
from alexnet_paper.results.record import Record
from alexnet_paper.training import train as training
from alexnet_paper.training.plan import Plan
from alexnet_paper.training.plan import read_plan
from alexnet_paper.weights import file as weight_file
from reproduce import data
from reproduce import evaluate
from reproduce import train

ROOT = Path(train.__file__).parents[1]
ONE_DEVICE = os.environ | {
    "CUDA_VISIBLE_DEVICES": "",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "PYTHONPATH": str(ROOT),
}
SHORT = "--variant cifar-18pct --data digits --limit 100 --epochs 1".split()


@pytest.fixture(scope="module", autouse=True)
def determinism_off_afterwards():
    from tensorflow.python.framework import config

    yield
    config.disable_op_determinism()  # which training has switched on


def called(capsys, program, *arguments):
    """(exit code, stdout, stderr) of a program in this process. Any exception but
    SystemExit is what a person would see as a traceback."""
    try:
        code = program.main([str(argument) for argument in arguments])
    except SystemExit as error:
        code = error.code
    return code, *capsys.readouterr()


def refused(capsys, program, *arguments, codes=(2,)):
    """The one line on stderr with which a program refuses."""
    code, out, err = called(capsys, program, *arguments)
    assert code in codes and out == ""
    return error_in(err)


def error_in(err):
    """The line with the error, which is all there is on stderr but for blank lines."""
    said = [line for line in err.splitlines() if line.strip()]
    assert len(said) == 1 and said[0].startswith("error: ")
    return said[0]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Folder of a run trained by the program in a process of its own."""
    folder = tmp_path_factory.mktemp("programs") / "run"
    done = subprocess.run(
        [sys.executable, "-m", "reproduce.train", *SHORT, "--out", folder],
        capture_output=True,
        text=True,
        env=ONE_DEVICE,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{folder}\n"  # and nothing else
    assert "epoch 1: loss 2.30" in done.stderr and "images/s" in done.stderr
    assert f"python -m reproduce.evaluate --run {folder}" in done.stderr
    assert "WARNING" not in done.stderr and "I0000" not in done.stderr
    return folder


def test_training_leaves_a_run(run):
    names = {path.name for path in run.iterdir()}
    assert names == {"run.json", "log.jsonl", "checkpoint.npz"}
    plan, content = read_plan(run)
    assert plan == Plan("cifar-18pct", "digits", epochs=1, limit=100)
    assert content["command"] == (
        f"python -m reproduce.train {shlex.join(SHORT)} --out {run}"
    )


def test_training_again_in_the_same_folder(run, capsys):
    before = (run / "checkpoint.npz").read_bytes()
    err = refused(capsys, train, *SHORT, "--out", run)
    assert str(run) in err and "--resume" in err
    assert (run / "checkpoint.npz").read_bytes() == before


def test_resuming_another_run(run, capsys):
    err = refused(capsys, train, *SHORT, "--seed", 1, "--out", run, "--resume")
    assert "another run" in err


def test_resuming_what_is_finished(run, capsys):
    code, out, _ = called(capsys, train, *SHORT, "--out", run, "--resume")
    assert (code, out) == (0, f"{run}\n")


# wrong use


@pytest.fixture
def must_not_train(monkeypatch):
    def fail(*arguments):
        pytest.fail("it began to train")

    monkeypatch.setattr(training.Run, "train", fail)


def photographs(root, *names):
    """Small images under root/<class>/<name>."""
    for number, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        image = np.full((20, 30, 3), 10 * number % 256, "uint8")
        Image.fromarray(image).save(root / name, "JPEG")
    return root


WRONG = {
    "--variant nonsense": "unknown variant 'nonsense'",
    "--data nonsense": "unknown data 'nonsense': one of digits",
    "--data digits --data-dir /nowhere": "digits takes no --data-dir",
    "--save-every -1": "--save-every must be 0 or more",
    "--data flowers17": "flowers17 needs --data-dir",
    "--data folder --data-dir /nowhere": "/nowhere is not a folder",
    "--data cifar10 --data-dir /nowhere": "/nowhere holds no CIFAR-10",
    "--limit 9": "--limit must be between 10",
    "--limit -1": "--limit must be between 10",
    "--limit 0": "--limit",
    "--epochs 0": "epochs",
    "--epochs -1": "epochs",
    "--batch-size 0": "batch-size",
    "--batch-size -3": "batch-size",
    "--validation 1": "validation share must be in [0, 1)",
    "--validation -0.1": "validation share must be in [0, 1)",
    "--validate-every 0": "validate-every",
    "--schedule 146": "unknown schedule '146'",
    "--placement nonsense": "placement",
    "--placement two-devices": "needs a net of two towers",
    "--variant paper --placement CPU:0,CPU:9": "there is no CPU:9",
    "--input-size 3": "",
    "--input-size 0": "input",
    "--input-size -8": "input",
    "--seed -1": "must be in 0",
    "--validation 0 --variant paper": "the run needs validation images",
    "--validate-every 2 --variant paper": "--validate-every needs a rate that falls",
    "--resume": "is not the folder of a run",
}


@pytest.mark.parametrize("options", WRONG)
def test_wrong_use_of_train(options, capsys, tmp_path, must_not_train):
    """Exit 2 and one line that says what is wrong, before anything is trained; no
    folder is left that would be in the way of the next try."""
    out = tmp_path / "run"
    err = refused(capsys, train, *SHORT, *options.split(), "--out", out)
    assert WRONG[options] in err
    assert not (out / "run.json").exists()


def test_wrong_folders_of_photographs(capsys, tmp_path, must_not_train):
    """A class too many, an empty class, a missing ground truth, a damaged file."""
    arguments = (*SHORT[:2], "--epochs", 1, "--out", tmp_path / "run")
    root = photographs(tmp_path / "a", *(f"{c}/{i}.jpg" for c in "abc" for i in "0123"))
    err = refused(
        capsys, train, *arguments, "--data", "cats-vs-dogs", "--data-dir", root
    )
    assert "3 class folders instead of 2" in err
    (root / "d").mkdir()
    err = refused(capsys, train, *arguments, "--data", "folder", "--data-dir", root)
    assert f"no images in {root / 'd'}" in err
    flat = tmp_path / "b"
    photographs(flat, *(f"train/{c}/{i}.jpg" for c in "ab" for i in "01"), "val/1.jpg")
    err = refused(capsys, train, *arguments, "--data", "imagenet", "--data-dir", flat)
    assert "no ground truth" in err
    bad = tmp_path / "c"
    photographs(bad, *(f"{c}/{i}.jpg" for c in "ab" for i in range(20)))
    for path in bad.glob("a/*.jpg"):
        path.write_bytes(path.read_bytes()[:100])
    err = refused(capsys, train, *arguments, "--data", "folder", "--data-dir", bad)
    assert str(bad / "a") in err and "not a whole image" in err


def test_a_damaged_photograph_found_while_training(capsys, tmp_path, monkeypatch):
    """A net that subtracts no mean, and a set too large for memory, meets it late:
    still one line that names it, and exit 1 or 2."""
    monkeypatch.setattr("alexnet_paper.data.datasets.MEMORY", 0)
    root = tmp_path / "photographs"
    photographs(root, *(f"{c}/{i}.jpg" for c in "ab" for i in range(20)))
    for path in root.glob("a/*.jpg"):
        path.write_bytes(path.read_bytes()[:100])
    code, out, err = called(
        capsys,
        train,
        *("--variant", "bn-cifar10", "--data", "folder", "--data-dir", root),
        *("--epochs", 1, "--input-size", 32, "--batch-size", 8),
        *("--out", tmp_path / "run"),
    )
    assert code in (1, 2) and out == ""
    assert "not a whole image" in error_in(err)


@pytest.mark.parametrize("place", ["file/run", "file"])
def test_out_that_cannot_be_written(place, capsys, tmp_path, must_not_train):
    (tmp_path / "file").write_text("a file, no folder")
    arguments = (*SHORT, "--out", tmp_path / place)
    assert "file" in refused(capsys, train, *arguments, codes=(1, 2))


# reproduce.evaluate


@pytest.mark.parametrize(("split", "examples"), [("validation", 288), ("test", 360)])
def test_evaluation_writes_a_record_and_a_table(split, examples, run, capsys, tmp_path):
    """The record in --out, the table on stdout; both with the same error."""
    code, out, err = called(
        capsys, evaluate, "--run", run, "--split", split, "--out", tmp_path
    )
    assert code == 0
    (path,) = tmp_path.iterdir()
    assert err == f"record: {path}\n"
    found = Record.load(path)
    assert (found.examples, found.split, found.data) == (examples, split, "digits")
    assert found.command == (
        f"python -m reproduce.evaluate --run {run} --split {split} --out {tmp_path}"
    )
    for name in ("top1_error", "top5_error"):
        assert f"{100 * found.metrics[name]:.2f}" in out


def test_a_record_goes_beside_its_run(run, capsys, tmp_path):
    other = tmp_path / "run"
    other.mkdir()
    for name in ("run.json", "checkpoint.npz"):
        (other / name).write_bytes((run / name).read_bytes())
    assert called(capsys, evaluate, "--run", other)[0] == 0
    name = "cifar-18pct-digits-validation-views1-seed0.json"
    assert (other / name).exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--run", "/nowhere"),
        ("--run", "RUN", "--run", "/nowhere"),
        ("--run", "RUN", "--out", "FILE/x"),
        ("--run", "DAMAGED"),
    ],
)
def test_wrong_use_of_evaluate(arguments, run, capsys, tmp_path):
    """One line that names what is wrong."""
    (tmp_path / "file").touch()
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / "run.json").write_bytes((run / "run.json").read_bytes())
    (damaged / "checkpoint.npz").write_bytes(bytes(1000))
    places = {"RUN": str(run), "FILE/x": f"{tmp_path}/file/x", "DAMAGED": str(damaged)}
    arguments = [places.get(word, word) for word in arguments]
    err = refused(capsys, evaluate, *arguments, codes=(1, 2))
    assert arguments[-1] in err


# reproduce.data


def test_list_names_every_dataset(capsys):
    code, out, err = called(capsys, data, "list")
    assert (code, err) == (0, "")
    for name in ("digits", "cifar10", "flowers17", "cats-vs-dogs", "imagenet"):
        assert name in out


@pytest.fixture
def folder(tmp_path):
    """Two classes of five photographs, one of which is damaged."""
    root = tmp_path / "photographs"
    photographs(root, *(f"{c}/{i}.jpg" for c in "ab" for i in range(5)))
    bad = root / "b" / "2.jpg"
    bad.write_bytes(bad.read_bytes()[:200])
    return root


def test_check_names_damaged_files(folder, capsys):
    """Exit 1, the file named on stdout; 0 without it."""
    arguments = ("check", "--data", "folder", "--data-dir", folder)
    code, out, _ = called(capsys, data, *arguments)
    assert code == 1 and out.count(str(folder)) == 1
    assert str(folder / "b" / "2.jpg") in out
    photographs(folder, "b/2.jpg")
    code, out, _ = called(capsys, data, *arguments)
    assert code == 0 and str(folder) not in out


def test_check_goes_on_after_links_to_nothing_and_odd_names(folder, capsys):
    names = ["link.jpg", "a\n\33[31m.jpg", os.fsdecode(b"\xff.jpg"), "pipe.jpg"]
    paths = [folder / "a" / name for name in names]
    paths[0].symlink_to("nowhere")
    paths[1].write_bytes(b"x")
    paths[2].write_bytes(b"x")
    os.mkfifo(paths[3])
    arguments = ("check", "--data", "folder", "--data-dir", folder)
    code, out, _ = called(capsys, data, *arguments)
    assert code == 1 and "fingerprint" in out and out.encode()
    assert all(out.count(printable(path)) == 1 for path in paths)
    assert "\33" not in out


def test_prepare(folder, capsys, tmp_path):
    """A summary on stdout, skipped files on stderr; what it made can be checked; the
    second time it is refused."""
    out = tmp_path / "out"
    arguments = ("prepare", "--data", "folder", "--data-dir", folder, "--out", out)
    code, text, err = called(capsys, data, *arguments, "--workers", 1)
    assert code == 0 and text.count("\n") == 1
    assert f"9 of 10 images in {out}" in text and "skipped: 1" in text
    assert f"skipped: {folder / 'b' / '2.jpg'}" in err
    made = ("check", "--data", "folder", "--data-dir", out)
    code, text, _ = called(capsys, data, *made)
    assert code == 0 and "train" in text and "test" in text
    assert "prepared already" in refused(capsys, data, *arguments)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("check", "--data is missing"),
        ("check --data nonsense", "unknown data"),
        ("check --data folder --data-dir /nowhere", "/nowhere"),
        ("prepare --data digits --out OUT", "in memory"),
        ("prepare --data folder --data-dir FOLDER", "--out is missing"),
        ("prepare --data folder --data-dir FOLDER --out FOLDER", "apart from"),
        ("prepare --data folder --data-dir FOLDER --out FOLDER/new", "apart from"),
        ("prepare --data folder --data-dir FOLDER --out FOLDER/..", "apart from"),
        ("prepare --data folder --data-dir FOLDER --out FILE/x", "file"),
        *(
            (f"prepare --data folder --data-dir FOLDER --out OUT --workers {n}", "1024")
            for n in (-1, 0, 1025, 99999999999)
        ),
    ],
)
def test_wrong_use_of_data(arguments, said, folder, capsys, tmp_path):
    (tmp_path / "file").touch()
    for word, path in (("FOLDER", folder), ("OUT", "out"), ("FILE", "file")):
        arguments = arguments.replace(word, str(tmp_path / path))
    code, out, err = called(capsys, data, *arguments.split())
    assert code in (1, 2) and out == ""
    assert said in error_in(err)


# stopped, and out of space


def wait_for(path, process, seconds=120):
    until = time.monotonic() + seconds
    while not path.exists():
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.01)


def test_ctrl_c_says_how_to_go_on(capsys, tmp_path):
    """Exit 1; the checkpoint is whole; the line it prints, run as it is, goes on from
    there to the end."""
    folder, steps = tmp_path / "run", "--batch-size 4 --validation 0.01 --limit 400"
    arguments = [*SHORT, *steps.split(), "--epochs", "2", "--save-every", "0.3"]
    process = subprocess.Popen(
        [sys.executable, "-m", "reproduce.train", *arguments, "--out", folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ONE_DEVICE,
    )
    wait_for(folder / "checkpoint.npz", process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert "stopped after the step, and saved" in err and "Traceback" not in err
    state = weight_file.load(folder / "checkpoint.npz", extra=True).meta["state"]
    assert 0 < 100 * state["epoch"] + state["step"] < 200
    last = err.splitlines()[-1]
    assert last.startswith("go on with: python -m reproduce.train ")
    words = shlex.split(last.removeprefix("go on with: python -m reproduce.train "))
    assert words[-1] == "--resume" and words.count("--resume") == 1
    code, out, err = called(capsys, train, *words)
    assert (code, out) == (0, f"{folder}\n")
    state = weight_file.load(folder / "checkpoint.npz").meta["state"]
    assert (state["epoch"], len(state["history"])) == (2, 2)


@pytest.fixture
def small_disk(tmp_path):
    """A folder with 1.2 MB of space: room for one checkpoint, not for two."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1200k", "tmpfs", place]
    try:
        done = subprocess.run(mount, capture_output=True, text=True)
    except OSError as error:
        pytest.skip(f"no small disk can be made: {error}")
    if done.returncode:
        pytest.skip(f"no small disk can be made: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_loses_only_the_checkpoint_being_written(small_disk, capsys):
    """Exit 1, the last line names the problem; the checkpoint of before is whole, and
    with more space the run goes on from it."""
    folder = small_disk / "run"
    arguments = (*SHORT, "--batch-size", 20, "--save-every", 0, "--out", folder)
    code, out, err = called(capsys, train, *arguments)
    assert (code, out) == (1, "")
    last = err.splitlines()[-1]
    assert last.startswith("error: ") and "No space left on device" in last
    state = weight_file.load(folder / "checkpoint.npz", extra=True).meta["state"]
    assert (state["epoch"], state["step"]) == (0, 1)
    assert {path.name for path in folder.iterdir()} == {"run.json", "checkpoint.npz"}
    subprocess.run(["mount", "-o", "remount,size=9m", small_disk], check=True)
    code, out, err = called(capsys, train, *arguments, "--resume")
    assert (code, out) == (0, f"{folder}\n")
