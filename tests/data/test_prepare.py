"""Preparation once: what is written, counted and skipped, and going on after a kill."""

import contextlib
import io
import json
import math
import os
import signal
import subprocess
import sys
from pathlib import Path

import foreign
import numpy as np
import pytest
from PIL import Image

from alexnet_paper.data import datasets
from alexnet_paper.data import prepare
from alexnet_paper.data.images import LARGEST
from alexnet_paper.data.images import files_in

SHARED = Path(__file__).parents[3] / "shared" / "data"


def photograph(seed, height=40, width=60):
    """A smooth picture, cheap to scale and well kept by JPEG."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / max(height, width)
    slopes = rng.uniform(-1, 1, (3, 2))
    planes = [128 + 90 * (a * (y - 0.3) + b * (x - 0.3)) for a, b in slopes]
    return np.clip(np.stack(planes, axis=-1), 0, 255).astype("uint8")


def content(kind, seed=0):
    """Bytes of one image file, sound or damaged."""
    image, exif = Image.fromarray(photograph(seed)), Image.Exif()
    exif[0x0112] = 6
    modes = {"grey": image.convert("L"), "CMYK": image.convert("CMYK")}
    options = {"exif": exif} if kind == "turned" else {}
    file = io.BytesIO()
    modes.get(kind, image).save(file, "PNG" if kind == "png" else "JPEG", **options)
    if kind == "corrupt":
        return b"\xff\xd8\xff\xe0 no photograph"
    return file.getvalue()[: -300 if kind == "truncated" else None]


KINDS = ("sound", "grey", "CMYK", "turned", "png", "corrupt", "truncated", "sound")


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """{"train": (paths, class names), "validation": …}: two classes of eight files,
    and the same two of two."""
    root, splits = tmp_path_factory.mktemp("originals"), {}
    for split, classes, kinds in (
        ("train", ("a", "b"), KINDS),
        ("validation", ("a", "b"), ("sound", "truncated")),
    ):
        paths, names = [], []
        for label in classes:
            (root / split / label).mkdir(parents=True)
            for index, kind in enumerate(kinds):
                path = root / split / label / f"{label}{index}-{kind}.jpeg"
                path.write_bytes(content(kind, seed=10 * ord(label) + index))
                paths.append(path)
                names.append(label)
        splits[split] = (paths, names)
    return splits


@pytest.fixture(scope="module")
def done(originals, tmp_path_factory):
    """(folder, report) of one preparation, in chunks of three files."""
    out, counts = tmp_path_factory.mktemp("done") / "out", []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prepare, "CHUNK", 3)
        report = prepare.prepare(originals, out, 2, counts.append)
    assert sum(counts) == 20 and max(counts) == 3
    return out, report


def by_hand(path):
    """256×256 of a photograph 40×60 (or 60×40 once turned): the middle of it scaled."""
    with Image.open(path) as image:
        exif, image = image.getexif(), image.convert("RGB")
    if exif.get(0x0112) == 6:
        image = image.transpose(Image.Transpose.ROTATE_270)
    wide, high = image.size
    image = image.resize(
        (384, 256) if wide > high else (256, 384), Image.Resampling.BICUBIC
    )
    array = np.asarray(image).astype("float64")
    return array[:, 64:320] if wide > high else array[64:320]


def sound(originals, split):
    paths = originals[split][0]
    return [p for p in paths if "corrupt" not in p.name and "truncated" not in p.name]


def test_every_sound_file_is_a_jpeg_of_256_by_256(originals, done):
    """In split/class/name.jpg, in RGB and upright, and close to the picture."""
    out, _ = done
    written = {str(path.relative_to(out)) for path in out.rglob("*.jpg")}
    expected = set()
    for split in originals:
        for path in sound(originals, split):
            name = f"{split}/{path.parent.name}/{path.stem}.jpg"
            expected.add(name)
            with Image.open(out / name) as image:
                assert (image.format, image.mode) == ("JPEG", "RGB")
                difference = np.asarray(image).astype("float64") - by_hand(path)
            assert np.abs(difference).mean() < 2 and np.abs(difference).max() < 20
    assert written == expected and len(written) == 14


def test_the_report_counts_files_and_names_those_skipped_in_order(done, originals):
    out, report = done
    assert report["files"] == 20 and report["prepared"] == 14
    assert report["converted"] == {"CMYK": 2, "grey": 2, "rotated": 2}
    assert report["training_images_in_statistics"] == 12 and report["side"] == 256
    sizes = [path.stat().st_size for path in out.rglob("*.jpg")]
    assert report["bytes"] == sum(sizes) > 14 * 1000
    assert json.loads((out / "prepared.json").read_text()) == report
    every = [path for split in originals for path in originals[split][0]]
    bad = [p for p in every if "corrupt" in p.name or "truncated" in p.name]
    for line, path in zip(report["skipped"], bad, strict=True):
        assert line.startswith(f"{path}: ") and len(line.splitlines()) == 1
    names = {path.name for path in out.iterdir()}
    assert names == {"train", "validation", "prepared.json", "statistics.npz"}


def test_statistics_are_of_the_training_images(done, originals):
    """Mean image and colour covariance over the pixels that were scaled, before they
    were encoded again."""
    sums, text = prepare.load_part(done[0] / "statistics.npz")
    small = np.stack([by_hand(path) for path in sound(originals, "train")])
    assert sums.images == len(small) == 12 and text == {}
    np.testing.assert_allclose(sums.mean_image, small.mean(axis=0), atol=1e-9)
    expected = np.cov(small.reshape(-1, 3).T, bias=True)
    vectors = np.array(sums.pca.vectors)
    covariance = vectors @ np.diag(np.square(sums.pca.stds)) @ vectors.T
    np.testing.assert_allclose(covariance, expected, rtol=1e-7)


def test_what_is_prepared_can_be_trained_on(done):
    """It has the ImageNet layout, classes by folder."""
    found = datasets.load("imagenet", done[0])
    assert found.class_names == ("a", "b")
    sizes = {name: len(split) for name, split in found.splits.items()}
    assert sizes == {"train": 12, "validation": 2}
    assert found.splits["train"].images[0].shape == (256, 256, 3)


def test_killed_and_started_again(originals, done, tmp_path, monkeypatch):
    """The first chunks are finished, one is half done: the same statistics to the
    byte, and the finished chunks are not touched, not even read."""
    monkeypatch.setattr(prepare, "CHUNK", 3)
    out = tmp_path / "out"
    chunks = prepare.plan(originals, out)
    assert [len(chunk.files) for chunk in chunks] == [3, 3, 3, 3, 3, 1, 3, 1]
    prepare.check_same(out, chunks)
    for chunk in (chunks[0], chunks[4]):
        prepare.do_chunk(chunk, out)
    half = Path(chunks[1].files[0][1])
    half.write_bytes(b"written before the kill, its chunk not finished")
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.jpg")}
    hidden = Path(chunks[0].files[0][0])
    hidden.rename(hidden.with_suffix(".away"))
    try:
        report = prepare.prepare(originals, out, 1)
    finally:
        hidden.with_suffix(".away").rename(hidden)
    whole = {**done[1], "seconds": 0}
    assert {**report, "seconds": 0} == whole
    for name in ("statistics.npz", "train/a/a3-turned.jpg"):
        assert (out / name).read_bytes() == (done[0] / name).read_bytes()
    for path, time_ in before.items():
        assert (path.stat().st_mtime_ns == time_) == (path != half)


def test_a_folder_of_other_files_is_refused(originals, tmp_path):
    chunks = prepare.plan(originals, tmp_path)
    prepare.check_same(tmp_path, chunks)
    prepare.check_same(tmp_path, chunks)  # the same files: it goes on
    fewer = {"train": tuple(part[:-1] for part in originals["train"])}
    with pytest.raises(ValueError, match="holds the preparation of other files"):
        prepare.prepare(fewer, tmp_path)


def test_a_finished_folder_is_refused(done, originals):
    before = {path: path.stat().st_mtime_ns for path in done[0].rglob("*")}
    for splits in (originals, {"train": ([], [])}):
        with pytest.raises(ValueError, match="is prepared already|of other files"):
            prepare.prepare(splits, done[0])
    left = {path: path.stat().st_mtime_ns for path in done[0].rglob("*")}
    assert {path: left.get(path) for path in before} == before


def test_files_of_one_name_do_not_overwrite_each_other(tmp_path):
    """x.jpg and x.png of one class are two images."""
    paths = [tmp_path / "x.jpg", tmp_path / "x.png"]
    chunks = prepare.plan({"train": (paths, ["a", "a"])}, tmp_path / "out")
    assert len({destination for _, destination in chunks[0].files}) == 2


def test_what_is_no_longer_there_is_skipped(tmp_path):
    """Links to nothing and files that vanish after they were listed; and names that
    are not UTF-8 or hold control characters are those of any file."""
    odd = [os.fsdecode(b"\xff.jpg"), "a\nb.jpg"]
    for name in odd:
        (tmp_path / name).write_bytes(content("sound", 1))
    (tmp_path / "link.jpg").symlink_to("nowhere")
    paths = [tmp_path / name for name in ("link.jpg", *odd, "gone.jpg")]
    splits = {"train": (paths, [os.fsdecode(b"\xfe")] * 4)}
    report = prepare.prepare(splits, tmp_path / "out", 1)
    assert report["prepared"] == 2 and len(report["skipped"]) == 2
    assert report["skipped"][0] == f"{paths[0]}: a link to a file that is gone"
    assert report["skipped"][1] == f"{paths[3]}: it is no longer there"
    written = {path.name for path in (tmp_path / "out" / "train").rglob("*.jpg")}
    assert written == set(odd)


WORKING = """
import os, signal, sys, time
from pathlib import Path
from alexnet_paper.data import prepare

def slow(image):
    os.write(1, b"at work\\n")
    time.sleep(600)

if __name__ == "__main__":
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # as in a terminal, also below nohup
    prepare.prepare({"train": ([Path(sys.argv[1])] * 200, ["a"] * 200)}, sys.argv[2], 3)
else:
    prepare.rescale_and_crop = slow
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_workers_end_with_the_process_that_started_them(number, tmp_path):
    (tmp_path / "a.jpg").write_bytes(content("sound", 1))
    (tmp_path / "program.py").write_text(WORKING)
    command = [sys.executable, "program.py", "a.jpg", "out"]
    options = {"cwd": tmp_path, "stdout": subprocess.PIPE, "start_new_session": True}
    process = subprocess.Popen(command, **options)
    try:
        for _ in range(3):  # workers are in the middle of an image
            assert process.stdout.readline() == b"at work\n"
        process.send_signal(number)
        process.communicate(timeout=60)  # until nobody can write to it any more
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def test_files_that_a_killed_process_was_writing_are_removed(originals, tmp_path):
    """Only those: others' files and finished ones stay."""
    out, folder = tmp_path / "out", tmp_path / "out" / "train" / "a"
    script = """
import os
from alexnet_paper.files import atomic_file
with atomic_file(sys.argv[1]):
    os._exit(0)
"""
    foreign.in_child(script, folder / "1.jpg")
    foreign.in_child(script, out / ".parts" / "000000.npz")
    (folder / "own.tmp").write_bytes(b"x")
    assert len([path for path in out.rglob("*") if path.is_file()]) == 3
    prepare.check_same(out, prepare.plan(originals, out))
    left = {path.name for path in out.rglob("*") if path.is_file()}
    assert left == {"own.tmp", "files.txt"}


SUMS = {
    "total": np.ones((256, 256, 3)),
    "outer": np.ones((3, 3)),
    "images": np.array(1),
}
SUMS["text"] = np.frombuffer(b"{}", "uint8")


@pytest.mark.parametrize(
    "changed",
    [
        {"total": np.ones((9, 9, 3))},
        {"outer": np.ones(3)},
        {"images": np.array(-1)},
        {"total": SUMS["total"] * np.nan},
        {"total": np.zeros((900, 900, 3))},  # more than the file may have
        {"total": np.array([None])},
    ],
)
def test_sums_that_are_none(changed, tmp_path):
    np.savez(tmp_path / "statistics.npz", **SUMS)
    assert prepare.load_part(tmp_path / "statistics.npz")[0].images == 1
    np.savez(tmp_path / "statistics.npz", **{**SUMS, **changed})
    with pytest.raises(ValueError, match="statistics.npz is damaged"):
        datasets.prepared(tmp_path / "statistics.npz")


DAMAGE = (
    lambda content, place: content[:place],
    lambda content, place: content[:place] + bytes(len(content) - place),
    lambda content, place: content[:place] + content[:99] + content[place + 99 :],
    lambda content, place: content[:2] + content[place:],
)


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.skipif(not SHARED.is_dir(), reason=f"no {SHARED}")
def test_damaged_real_photographs(tmp_path):
    """And the largest that is accepted, by a worker with 1 GiB: every one is skipped
    and named in a line, or converted to a whole 256×256 image."""
    sources = files_in(SHARED / "cats_dogs" / "cats")[:20]
    sources += files_in(SHARED / "imagenet_val100")[:20]
    (tmp_path / "in").mkdir()
    rng = np.random.default_rng(0)
    for number, path in enumerate(sources):
        whole = path.read_bytes()
        for kind, damage in enumerate(DAMAGE):
            changed = damage(whole, int(rng.integers(2, len(whole))))
            (tmp_path / "in" / f"{number:02d}-{kind}.jpg").write_bytes(changed)
    side = math.isqrt(LARGEST)
    Image.new("RGB", (side, side), "teal").save(tmp_path / "in" / "large.jpg")
    script = """
import json
from pathlib import Path
from alexnet_paper.data import prepare
limit(2**30, 600)
paths = sorted(Path(sys.argv[1]).iterdir())
skipped = []
for chunk in prepare.plan({"train": (paths, ["a"] * len(paths))}, sys.argv[2]):
    skipped += prepare.do_chunk(chunk, sys.argv[2])[1]
print(json.dumps(skipped))
"""
    lines = json.loads(foreign.in_child(script, tmp_path / "in", tmp_path / "out"))
    named = {line.split(": ")[0] for line in lines}
    assert 40 < len(named) == len(lines) and "large" not in "".join(lines)
    assert not [line for line in lines if "\n" in line or "MemoryError" in line]
    for path in (tmp_path / "in").iterdir():
        prepared = tmp_path / "out" / "train" / "a" / path.name
        assert prepared.exists() != (str(path) in named)
        if prepared.exists():
            with Image.open(prepared) as image:
                image.load()
                assert (image.size, image.mode) == ((256, 256), "RGB")
