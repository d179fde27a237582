"""Records survive a round trip, and a file is either whole or not there."""

import concurrent.futures
import dataclasses
import json
import os
import re
import subprocess
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import records

from alexnet_paper import files
from alexnet_paper.results import record
from alexnet_paper.results.record import Record
from alexnet_paper.results.record import pack
from alexnet_paper.training import environment


@pytest.fixture
def found():
    metrics = {"top1_error": 0.125, "top1_error_interval": [0.1, 0.15]}
    history = [
        {
            "epoch": 1,
            "loss": 2.25,
            "top1_error": 0.5,
            "top5_error": 0.1,
            "rate": 0.01,
            "seconds": 2.0,
        }
    ]
    where = "bn-cifar10", "digits", "test", 360, metrics, history
    return records.record(*where, seed="7", classes=10, epochs=3, trained=["a"])


def test_round_trip(found, tmp_path):
    path = found.save(tmp_path / "deep" / "er")
    assert path.name == "bn-cifar10-digits-test-views1-seed7.json"
    read = Record.load(path)
    assert read.source == str(path)
    assert dataclasses.replace(read, source="") == found


@pytest.mark.parametrize(
    "field", ["sha256", "seed", "experiment", "arm", "recipe", "views"]
)
def test_no_text_leads_out_of_the_folder(field, found, tmp_path):
    """Weight files say what they like of themselves."""
    for text in ("/../../../x", ["/../../../x"], "\0/é\n"):
        protocol = dataclasses.replace(
            found.protocol, **{"experiment": "e", field: text}
        )
        path = dataclasses.replace(found, protocol=protocol).save(tmp_path / "out")
        assert path.parent == tmp_path / "out" and path.exists()
        assert re.fullmatch("[a-z0-9.+_-]+", path.name)
    assert [child.name for child in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    "content",
    [None, "", "{", "[]", "{}", '{"variant": "paper"}', '{"unheard_of": 1}', "\udcff"],
)
def test_a_file_that_is_no_record_is_named(content, tmp_path):
    """Or is missing."""
    path = tmp_path / "paper-x-test-views1-seed0.json"
    if content is not None:
        path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(ValueError, match="paper-x-test-views1-seed0.json is not a"):
        Record.load(path)


def test_no_record_is_lost_to_another_process(found, tmp_path):
    """Four threads save ten records of one name each, at the same time."""
    many = [dataclasses.replace(found, command=f"c {n}") for n in range(40)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(lambda one: one.save(tmp_path), many))
    assert len(set(paths)) == 40
    assert [Record.load(path).command for path in paths] == [m.command for m in many]
    assert many[7].save(tmp_path) == paths[7]  # the same command again


def test_a_record_of_another_run_is_not_overwritten(found, tmp_path):
    first = found.save(tmp_path)
    assert found.save(tmp_path) == first  # measured again
    other = dataclasses.replace(found, command="another")
    second = other.save(tmp_path)
    assert second.name == first.name.replace(".json", "_2.json")
    retrained = dataclasses.replace(found.protocol, trained=["python …"])
    third = dataclasses.replace(found, protocol=retrained).save(tmp_path)
    assert third.name.endswith("_3.json") and other.save(tmp_path) == second
    commands = [row.command for row in record.load_all(tmp_path)]
    assert commands == [found.command, "another", found.command]
    (tmp_path / first.name).write_text("{}")
    assert found.save(tmp_path).name.endswith("_4.json")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("metrics", {"top1_error": float("nan")}, "metrics.top1_error: must be a fin"),
        ("metrics", {"top1_error": -1}, "metrics.top1_error: must be greater than"),
        ("metrics", {"top1_error": "0.1"}, "metrics.top1_error: must be a valid numb"),
        ("examples", True, "examples: must be a valid integer, not True"),
        ("protocol", {"epochs": 10**400}, "protocol.epochs"),
        ("history", [{"epoch": 1}], "history.0.loss is missing"),
        ("arrays", {"rank": {"dtype": "uint8"}}, "arrays.rank.shape is missing"),
        ("seed", 3, "seed: Unexpected"),
        ("data", "", "data: String should have at least 1"),
        ("history", [records.line(2)], "line 1 is of epoch 2"),
        ("metrics", {"top1_error": 0.1}, "top1_error and its interval"),
        ("metrics", {"colour": {"means": [0.1]}}, "colour.part is missing"),
        ("protocol", {"experiment": "figure1", "arm": "relu-x"}, "has no 'relu-x'"),
        ("protocol", {"experiment": "features", "arm": "pixels"}, "it has a log, but"),
        ("variant", "vgg", "unknown variant 'vgg'"),
        ("variant", f"paper.no-{'9' * 4000}", "9999: one of no-lrn, no-dropout"),
        ("protocol", {"recipe": "as-told"}, "has no recipe 'as-told'"),
    ],
)
def test_one_bad_record_hides_no_other(field, value, said, found, tmp_path):
    """It is named, with its field, and left out; so is one nested without end."""
    good = found.save(tmp_path)
    bad = {**json.loads(good.read_text()), field: value}
    (tmp_path / "a-views1-seed1.json").write_text(json.dumps(bad))
    (tmp_path / "b-views1-seed1.json").write_text("[" * 100_000)
    notes = []
    kept = record.load_all(tmp_path, notes.append)
    assert [one.source for one in kept] == [str(good)]
    assert said in notes[0] and "a-views1-seed1.json" in notes[0] and len(notes) == 2
    assert len(notes[0]) < 1000


def test_load_all_finds_records_below_and_nothing_else(found, tmp_path):
    found.save(tmp_path / "a")
    for changes in ({"variant": "authors"}, {"split": "train"}):
        dataclasses.replace(found, **changes).save(tmp_path / "b" / "c")
    (tmp_path / "history.json").write_text("{}")
    names = [(row.variant, row.split) for row in record.load_all(tmp_path)]
    assert names == [
        ("authors", "test"),
        ("bn-cifar10", "test"),
        ("bn-cifar10", "train"),
    ]
    with pytest.raises(ValueError, match="nowhere is not a folder of records"):
        record.load_all(tmp_path / "nowhere")


def test_of_the_same_name_ones_own_record_comes_last(found, tmp_path, monkeypatch):
    """After the shipped one; of several the last folder's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(record, "shipped", lambda: tmp_path / "shipped")
    for folder in ("runs/b", "shipped", "runs/a", "runs/c"):
        found.save(tmp_path / folder)
    sources = [Path(one.source).parent.name for one in record.load_all()]
    assert sources == ["shipped", "a", "b", "c"]


def test_shipped_records_are_read_where_no_folder_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = sorted(path.name for path in record.shipped().rglob("*-views*-seed*.json"))
    assert names and [Path(r.source).name for r in record.load_all()] == names


def test_atomic_write_replaces_or_leaves_the_old_file_alone(tmp_path, monkeypatch):
    path = tmp_path / "new" / "file"
    files.atomic_write(path, "first")
    files.atomic_write(path, b"\x00second")
    assert path.read_bytes() == b"\x00second"
    assert [child.name for child in path.parent.iterdir()] == ["file"]


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_a_file_is_as_the_umask_has_it(umask, tmp_path):
    before = os.umask(umask)
    try:
        files.atomic_write(tmp_path / "a", "x")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o666 & ~umask


def test_only_files_are_opened_and_only_as_large_as_they_may_be(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_text("größe", encoding="utf-8")
    assert files.read_text(tmp_path / "file") == "größe"
    for name, size in (("pipe", 9), ("file", 6)):
        with pytest.raises(ValueError, match=name):
            files.read_file(tmp_path / name, size)
    with pytest.raises(ValueError, match="null: it is a pipe or a device"):
        files.open_file(os.devnull)
    with pytest.raises(IsADirectoryError):
        files.open_file(tmp_path)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("größe 1 日本.jpg", "größe 1 日本.jpg"),
        ("a\n\33[31m\x9b", r"a\n\x1b[31m\x9b"),
        (os.fsdecode(b"\xff.jpg"), r"\udcff.jpg"),
        ("gpj.\u202efdp", r"gpj.\u202efdp"),
    ],
)
def test_names_are_shown_as_they_can_be(name, shown):
    assert files.printable(name) == shown


def test_atomic_write_that_fails_leaves_the_old_file_alone(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_text("old")

    def refuse(*arguments):
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="no space left"):
        files.atomic_write(path, "third")
    (only,) = path.parent.iterdir()
    assert only == path and path.read_bytes() == b"old"


@pytest.fixture
def no_wheel(tmp_path, monkeypatch):
    """The package lies in a folder without alexnet_paper/COMMIT."""
    module = tmp_path / "alexnet_paper" / "training" / "environment.py"
    monkeypatch.setattr(environment, "__file__", str(module))


def test_commit_without_git(no_wheel, monkeypatch):
    def absent(*arguments):
        raise FileNotFoundError("git")

    monkeypatch.setattr(environment, "git", absent)
    assert environment.commit() == "none"


@pytest.mark.parametrize(("changed", "mark"), [("", ""), (" M layers.py", "+")])
def test_commit_says_whether_files_were_changed(changed, mark, no_wheel, monkeypatch):
    answers = {"rev-parse": "0123456789ab", "status": changed}
    monkeypatch.setattr(environment, "git", lambda _, command, *rest: answers[command])
    assert environment.commit() == f"0123456789ab{mark}"


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_arrays_come_back(found, tmp_path, dtype):
    array = np.random.default_rng(0).integers(0, 256, (100, 3)).astype(dtype)
    kept = dataclasses.replace(found, arrays={"rank": pack(array)})
    read = Record.load(kept.save(tmp_path)).array("rank")
    assert read.dtype == dtype and (read == array).all()
    assert "arrays" not in json.loads(found.save(tmp_path / "x").read_text())
    with pytest.raises(ValueError, match="has no array other"):
        kept.array("other")


GOOD = pack(np.zeros(1000, "uint8"))


@pytest.mark.parametrize(
    "changes",
    [
        {"zlib": GOOD["zlib"][:8]},
        {"shape": [1001]},
        {"zlib": "?"},
        {"dtype": "object"},
    ],
    ids=["cut", "short", "no base 64", "object"],
)
def test_an_array_that_is_damaged_is_named(changes, found, tmp_path):
    kept = dataclasses.replace(found, arrays={"rank": {**GOOD, **changes}})
    read = Record.load(kept.save(tmp_path))
    with pytest.raises(ValueError, match="json has no array rank"):
        read.array("rank")


def test_a_bomb_is_not_unpacked():
    """Bytes that are more than their shape says are not all read."""
    bomb = {**pack(np.zeros(10**7, "uint8")), "shape": [10]}
    tracemalloc.start()
    with pytest.raises(ValueError, match="other than 10 bytes"):
        record.unpack(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10**6


def test_the_commit_of_a_content(tmp_path):
    """The first that had it, whatever the file was called; none outside a checkout."""
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]

    def run(*words):
        done = subprocess.run([*git, *words], check=True, capture_output=True)
        return done.stdout.decode().strip()

    file = tmp_path / "a.toml"
    file.write_text("seeds = 5")
    assert environment.introduced(file) == "none"
    run("init", "-q")
    run("add", "."), run("commit", "-qm", "first")
    first = run("rev-parse", "--short=12", "HEAD")
    file.rename(tmp_path / "b.toml")
    run("add", "-A"), run("commit", "-qm", "renamed")
    assert environment.introduced(tmp_path / "b.toml") == first
    (tmp_path / "b.toml").write_text("seeds = 3")
    assert environment.introduced(tmp_path / "b.toml") == "uncommitted"
    run("checkout", "-qb", "other"), run("commit", "-qm", "beside", "--allow-empty")
    run("checkout", "-q", "-"), run("merge", "-q", "--no-ff", "--no-commit", "other")
    run("add", "."), run("commit", "-qm", "changed by the merge")
    merge = run("rev-parse", "--short=12", "HEAD")
    assert environment.introduced(tmp_path / "b.toml") == merge
