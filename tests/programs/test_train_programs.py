"""reproduce.train, reproduce.evaluate and reproduce.data as a person meets them: what
they print where, how they refuse, and what Ctrl-C and a full disk leave behind."""

import os
import shlex
import shutil
import signal
import subprocess
import time

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

SHORT = "--variant cifar-18pct --data digits --limit 100 --epochs 1".split()


@pytest.fixture(scope="module", autouse=True)
def determinism_off_afterwards():
    from tensorflow.python.framework import config

    yield
    config.disable_op_determinism()  # which training has switched on


@pytest.fixture(scope="module")
def run(tmp_path_factory, started):
    """Folder of a run trained by the program in a process of its own."""
    folder = tmp_path_factory.mktemp("programs") / "run"
    done = started("-m", "reproduce.train", *SHORT, "--out", folder)
    out, err = done.communicate()
    assert done.returncode == 0, err
    assert out == f"{folder}\n"  # and nothing else
    assert "epoch 1: loss 2.30" in err and "images/s" in err
    assert f"python -m reproduce.evaluate --run {folder}" in err
    assert "WARNING" not in err and "I0000" not in err
    return folder


def test_training_leaves_a_run(run, call, wrong_use):
    """Which is not trained again, and has nothing left to do when resumed."""
    names = {path.name for path in run.iterdir()}
    assert names == {"run.json", "log.jsonl", "checkpoint.npz"}
    plan, content = read_plan(run)
    assert plan == Plan("cifar-18pct", "digits", epochs=1, limit=100)
    words = f"python -m reproduce.train {shlex.join(SHORT)} --out {run}"
    assert content["command"] == words
    assert {"backend", "device", "commit", "keras", "numpy", "machine"} <= set(content)
    before = (run / "checkpoint.npz").read_bytes()
    err = wrong_use(train, *SHORT, "--out", run)
    assert f"{run} holds a run already: add --resume" in err
    assert call(train, *SHORT, "--out", run, "--resume")[:2] == (0, f"{run}\n")
    assert (run / "checkpoint.npz").read_bytes() == before


# wrong use


@pytest.fixture
def must_not_train(monkeypatch):
    monkeypatch.setattr(training.Run, "train", None)


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
    "--epochs 0": "epochs",
    "--batch-size -3": "batch-size",
    "--validation 1": "validation share must be in [0, 1)",
    "--validation -0.1": "--validation must be greater than or equal to 0",
    "--validate-every 0": "validate-every",
    "--schedule 146": "--schedule 146: the rate would never fall",
    "--placement two-devices": "needs a net of two towers",
    "--variant paper --placement CPU:0,CPU:9": "there is no CPU:9",
    "--watch=": "digits has no '' split",
    "--input-size 3": "",
    "--input-size 0": "input",
    "--seed -1": "must be in 0",
    "--validation 0 --variant paper": "the run needs validation images",
    "--resume": "is not the folder of a run",
}


@pytest.mark.parametrize("options", WRONG)
def test_wrong_use_of_train(options, wrong_use, tmp_path, must_not_train):
    """Exit 2 and one line that says what is wrong, before anything is trained; no
    folder is left that would be in the way of the next try."""
    out = tmp_path / "run"
    err = wrong_use(train, *SHORT, *options.split(), "--out", out)
    assert WRONG[options] in err
    assert not (out / "run.json").exists()


def damaged(root):
    """Two classes of photographs, all of the first one cut short."""
    photographs(root, *(f"{c}/{i}.jpg" for c in "ab" for i in range(20)))
    for path in (root / "a").iterdir():
        path.write_bytes(path.read_bytes()[:100])
    return ("--data", "folder", "--data-dir", root)


def test_a_damaged_photograph(wrong_use, tmp_path, must_not_train):
    """Met as the mean is taken."""
    arguments = (*damaged(tmp_path / "bad"), "--out", tmp_path / "run")
    err = wrong_use(train, *SHORT[:2], "--epochs", 1, *arguments)
    assert "not a whole image" in err and str(tmp_path / "bad" / "a") in err


def test_a_damaged_photograph_found_while_training(wrong_use, tmp_path, monkeypatch):
    """A net that subtracts no mean, and a set too large for memory, meets it late:
    still one line that names it, and exit 1 or 2."""
    monkeypatch.setattr("alexnet_paper.data.datasets.MEMORY", 0)
    options = "--variant bn-cifar10 --epochs 1 --input-size 32 --batch-size 8"
    arguments = (*damaged(tmp_path / "bad"), "--out", tmp_path / "run")
    err = wrong_use(train, *options.split(), *arguments, codes=(1, 2))
    assert "not a whole image" in err and str(tmp_path / "bad" / "a") in err


@pytest.mark.parametrize("place", ["file/run", "file"])
def test_out_that_cannot_be_written(place, wrong_use, tmp_path, must_not_train):
    (tmp_path / "file").write_text("a file, no folder")
    arguments = (*SHORT, "--out", tmp_path / place)
    assert "file" in wrong_use(train, *arguments, codes=(1, 2))


# reproduce.evaluate


@pytest.mark.parametrize(("split", "examples"), [("validation", 288), ("test", 360)])
def test_evaluation_writes_a_record_and_a_table(split, examples, run, call, tmp_path):
    """The record in --out, the table on stdout; both with the same error."""
    words = ("--run", run, "--split", split, "--out", tmp_path)
    code, out, err = call(evaluate, *words)
    assert code == 0
    (path,) = tmp_path.iterdir()
    assert err == f"record: {path}\n"
    found = Record.load(path)
    assert (found.examples, found.split, found.data) == (examples, split, "digits")
    line = shlex.join(map(str, words))
    assert found.command == f"python -m reproduce.evaluate {line}"
    for name in ("top1_error", "top5_error"):
        assert f"{100 * found.metrics[name]:.2f}" in out


def test_a_record_goes_beside_its_run(run, call, tmp_path):
    shutil.copytree(run, tmp_path / "run")
    assert call(evaluate, "--run", tmp_path / "run")[0] == 0
    name = "cifar-18pct-digits-validation-views1-seed0.json"
    assert (tmp_path / "run" / name).exists()


@pytest.mark.parametrize(
    "arguments",
    ["--run /no", "--run RUN --run /no", "--run RUN --out FILE/x", "--run DAMAGED"],
)
def test_wrong_use_of_evaluate(arguments, run, wrong_use, tmp_path):
    """One line that names what is wrong."""
    (tmp_path / "file").touch()
    damaged = shutil.copytree(run, tmp_path / "damaged")
    (damaged / "checkpoint.npz").write_bytes(bytes(1000))
    for word, path in (("RUN", run), ("FILE", tmp_path / "file"), ("DAMAGED", damaged)):
        arguments = arguments.replace(word, str(path))
    arguments = arguments.split()
    assert arguments[-1] in wrong_use(evaluate, *arguments, codes=(1, 2))


# reproduce.data


def test_list_names_every_dataset(call):
    code, out, err = call(data, "list")
    assert (code, err) == (0, "")
    for name in ("digits", "cifar10", "flowers17", "cats-vs-dogs", "imagenet"):
        assert name in out


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two classes of five photographs, one of which is damaged; paths fit a line."""
    monkeypatch.setenv("COLUMNS", "400")
    root = tmp_path / "photographs"
    photographs(root, *(f"{c}/{i}.jpg" for c in "ab" for i in range(5)))
    bad = root / "b" / "2.jpg"
    bad.write_bytes(bad.read_bytes()[:200])
    return root


def test_check_names_damaged_files(folder, call):
    """Exit 1, the file named on stdout; 0 without it."""
    arguments = ("check", "--data", "folder", "--data-dir", folder)
    code, out, _ = call(data, *arguments)
    assert code == 1 and out.count(str(folder)) == 1
    assert str(folder / "b" / "2.jpg") in out
    photographs(folder, "b/2.jpg")
    code, out, _ = call(data, *arguments)
    assert code == 0 and str(folder) not in out


def test_check_goes_on_after_links_to_nothing_and_odd_names(folder, call):
    names = ["link.jpg", "a\n\33[31m.jpg", os.fsdecode(b"\xff.jpg"), "pipe.jpg"]
    paths = [folder / "a" / name for name in names]
    paths[0].symlink_to("nowhere")
    paths[1].write_bytes(b"x")
    paths[2].write_bytes(b"x")
    os.mkfifo(paths[3])
    arguments = ("check", "--data", "folder", "--data-dir", folder)
    code, out, _ = call(data, *arguments)
    assert code == 1 and "fingerprint" in out and out.encode()
    assert all(out.count(printable(path)) == 1 for path in paths)
    assert "\33" not in out


def test_prepare(folder, call, wrong_use, tmp_path):
    """A summary on stdout, skipped files on stderr; what it made can be checked; the
    second time it is wrong_use."""
    out = tmp_path / "out"
    arguments = ("prepare", "--data", "folder", "--data-dir", folder, "--out", out)
    code, text, err = call(data, *arguments, "--workers", 1)
    assert code == 0 and text.count("\n") == 1
    assert f"9 of 10 images in {out}" in text and "skipped: 1" in text
    assert f"skipped: {folder / 'b' / '2.jpg'}" in err
    made = ("check", "--data", "folder", "--data-dir", out)
    code, text, _ = call(data, *made)
    assert code == 0 and "train" in text and "test" in text
    assert "prepared already" in wrong_use(data, *arguments)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("check", "--data is missing"),
        ("check --data nonsense", "unknown data"),
        ("check --data folder --data-dir /nowhere", "/nowhere"),
        ("prepare --data digits --out OUT", "in memory"),
        ("shard --data digits --out OUT", "in memory"),
        ("shard --data folder --data-dir FOLDER --out FOLDER/new", "apart from"),
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
def test_wrong_use_of_data(arguments, said, folder, wrong_use, tmp_path):
    (tmp_path / "file").touch()
    for word, path in (("FOLDER", folder), ("OUT", "out"), ("FILE", "file")):
        arguments = arguments.replace(word, str(tmp_path / path))
    assert said in wrong_use(data, *arguments.split(), codes=(1, 2))


# stopped, and out of space


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on(call, started, tmp_path):
    """Exit 1; the checkpoint is whole; the line it prints, run as it is, goes on from
    there to the end."""
    folder, steps = tmp_path / "run", "--batch-size 4 --validation 0.01 --limit 400"
    arguments = [*SHORT, *steps.split(), "--epochs", "2", "--save-every", "0.3"]
    process = started("-m", "reproduce.train", *arguments, "--out", folder)
    while not (folder / "checkpoint.npz").exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert "stopped after the step, and saved" in err and "Traceback" not in err
    state = weight_file.load(folder / "checkpoint.npz", extra=True).meta["state"]
    assert 0 < 100 * state["epoch"] + state["step"] < 200
    start, _, words = err.splitlines()[-1].partition(" python -m reproduce.train ")
    words = shlex.split(words)
    assert start == "go on with:"
    assert words[-1] == "--resume" and words.count("--resume") == 1
    assert call(train, *words)[:2] == (0, f"{folder}\n")
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


def test_a_full_disk_loses_only_the_checkpoint_being_written(small_disk, call):
    """Exit 1, the last line names the problem; the checkpoint of before is whole, and
    with more space the run goes on from it."""
    folder = small_disk / "run"
    arguments = (*SHORT, "--batch-size", 20, "--save-every", 0, "--out", folder)
    code, out, err = call(train, *arguments)
    assert (code, out) == (1, "")
    last = err.splitlines()[-1]
    assert last.startswith("error: ") and "No space left on device" in last
    state = weight_file.load(folder / "checkpoint.npz", extra=True).meta["state"]
    assert (state["epoch"], state["step"]) == (0, 1)
    assert {path.name for path in folder.iterdir()} == {"run.json", "checkpoint.npz"}
    subprocess.run(["mount", "-o", "remount,size=9m", small_disk], check=True)
    assert call(train, *arguments, "--resume")[:2] == (0, f"{folder}\n")
