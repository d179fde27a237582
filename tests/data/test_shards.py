"""Shards against the folder they come from: the same bits, and every damage named."""

import dataclasses
import io
import json
import os
import shutil
import zlib
from pathlib import Path

import foreign
import kill_and_resume
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from alexnet_paper.data import augment
from alexnet_paper.data import datasets
from alexnet_paper.data import sharding
from alexnet_paper.data import shards
from alexnet_paper.data.batches import Batches
from alexnet_paper.data.batches import Views
from alexnet_paper.data.images import class_folders
from alexnet_paper.data.images import open_image
from alexnet_paper.data.listing import Names
from alexnet_paper.data.listing import Paths
from alexnet_paper.nets import variants
from alexnet_paper.nets.recipes import Recipe
from alexnet_paper.nets.variants import Variant
from alexnet_paper.training import train as training
from alexnet_paper.training.plan import Plan
from reproduce import data
from reproduce import train

SHARED = Path(__file__).parents[3] / "shared" / "data"
ODD = [os.fsdecode(b"\xff.jpg"), "a\nb.jpg", "größe 1.JPEG", "x.jpg.png"]
RECIPE = Recipe(batch_size=4, image_side=40, reflect=True, colour="paper", drops=())


def save(path, number):
    """A small photograph: JPEG, or grey, CMYK, turned by its EXIF, or PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(number).integers(0, 256, (44, 52, 3), "uint8")
    image, exif = Image.fromarray(pixels), Image.Exif()
    if number % 5 == 1:
        exif[0x0112] = 6
    mode = {2: "L", 3: "CMYK"}.get(number % 5, "RGB")
    kind = "PNG" if path.suffix == ".png" else "JPEG"
    image.convert("RGB" if kind == "PNG" else mode).save(path, kind, exif=exif)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder in the ImageNet layout, and its shards of four images or so."""
    root = tmp_path_factory.mktemp("shards")
    names = [*ODD, *(f"{number}.jpg" for number in range(3))]
    for number, name in enumerate(names * 4):
        split, label = ("train", "validation")[number >= 14], "ab"[number // 7 % 2]
        save(root / "folder" / split / label / name, number)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sharding, "IMAGES", 4)
        write(root / "folder", root / "shards")
    return root / "folder", root / "shards"


@pytest.fixture
def copy(made, tmp_path, monkeypatch):
    """The folder, and a copy of its shards to damage; paths fit a line."""
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.setattr(sharding, "IMAGES", 4)
    shutil.copytree(made[1], tmp_path / "shards")
    return made[0], tmp_path / "shards"


def write(folder, out, name="imagenet"):
    dataset = datasets.load(name, folder, validation=0)
    return sharding.write(dataset, out, folder, workers=2)


def both(made, **options):
    """The splits of the folder and of its shards, side by side."""
    found = [datasets.load("imagenet", path, **options) for path in made]
    assert found[0].class_names == found[1].class_names
    assert [*found[0].splits] == [*found[1].splits]
    return zip(*(one.splits.values() for one in found), strict=True)


def assert_same(ours, theirs):
    """The same images, labels, names and order."""
    assert np.array_equal(ours.labels, theirs.labels)
    assert ours.labels.dtype == theirs.labels.dtype
    assert list(ours.images.names) == list(theirs.images.names)
    assert ours.fingerprint == theirs.fingerprint
    assert ours.images.in_folders == theirs.images.in_folders
    for one, other in zip(ours.images, theirs.images, strict=True):
        assert one.dtype == other.dtype and np.array_equal(one, other)


@pytest.mark.parametrize("options", [{}, {"limit": 7, "seed": 3}])
def test_they_are_the_folder(made, options):
    for ours, theirs in both(made, **options):
        assert_same(ours, theirs)
        for index in (slice(1, None, 3), [5, 0, 5], []):
            assert_same(ours.take(index), theirs.take(index))


def test_what_is_held_out_is_the_same(made, tmp_path):
    """Where the test images are a fixed fifth and the validation images a share."""
    folder = made[0] / "train"
    write(folder, tmp_path / "out", "cats-vs-dogs")
    found = [
        datasets.load("cats-vs-dogs", path, 0.3) for path in (folder, tmp_path / "out")
    ]
    assert [len(split) for split in found[1].splits.values()] == [7, 3, 4]
    for name, split in found[0].splits.items():
        assert_same(split, found[1].splits[name])


def test_batches_are_the_same(made):
    """Crops, reflections and colour noise; test views."""
    for ours, theirs in both(made):
        prepare = [
            augment.preparation(RECIPE, 35, one.images) for one in (ours, theirs)
        ]
        assert prepare[0].pca == prepare[1].pca
        for kind, arguments in ((Batches, (4, 7, 3)), (Views, (10, 40))):
            found, expected = (
                kind(split, own, *arguments)
                for split, own in zip((ours, theirs), prepare, strict=True)
            )
            assert len(found) == len(expected) > 0
            for index in range(len(found)):
                for one, other in zip(found[index], expected[index], strict=True):
                    assert np.array_equal(one, other)


def test_tf_data_reads_them(made):
    """The file, label and name of every image, once, in shards of a mixture."""
    folder, out = made
    spec = {name: tf.io.FixedLenFeature([], tf.string) for name in ("image", "name")}
    spec["label"] = tf.io.FixedLenFeature([], tf.int64)
    for split, count in (("train", 4), ("validation", 4)):
        files = sorted(map(str, out.glob(f"{split}-*.tfrecord")))
        assert len(files) == count
        found, of_shard = [], []
        for file in files:
            rows = tf.data.TFRecordDataset(file).map(
                lambda record: tf.io.parse_single_example(record, spec)
            )
            rows = [
                (int(row["label"]), row["name"].numpy(), row["image"].numpy())
                for row in rows
            ]
            of_shard.append({label for label, _, _ in rows})
            assert len(rows) in (3, 4)
            found += rows
        assert {0, 1} in of_shard
        expected = [
            (label, os.fsencode(path.name), path.read_bytes())
            for label, paths in enumerate(class_folders(folder / split).values())
            for path in paths
        ]
        assert sorted(found) == sorted(expected)


@pytest.fixture
def tiny_net(tiny, monkeypatch):
    """The tiny net as a variant whose images are read again in every epoch."""
    from tensorflow.python.framework import config

    net = dataclasses.replace(tiny, name="tiny")
    variant = Variant("", "", net, recipe=RECIPE)
    monkeypatch.setitem(variants.VARIANTS, "tiny", variant)
    monkeypatch.setattr(datasets, "MEMORY", 0)
    training.enable_determinism()
    yield
    config.disable_op_determinism()


def test_training_on_them_gives_the_same_bits(made, tiny_net, tmp_path):
    found = []
    for place, name in zip(made, ("folder", "shards"), strict=True):
        plan = Plan("tiny", "imagenet", str(place), epochs=2, seed=5)
        assert training.start(plan, tmp_path / name, "command").train()
        found.append(kill_and_resume.arrays(tmp_path / name))
    assert kill_and_resume.same_bits(*found)
    assert any(np.ptp(array) > 0 for array in found[0].values())


@pytest.mark.data
@pytest.mark.skipif(not SHARED.is_dir(), reason=f"no {SHARED}")
def test_tensorflow_decodes_real_photographs_as_we_do():
    """With the accurate transform, not with its default: shards can be read with
    tf.data alone, to the same pixels."""
    paths = sorted((SHARED / "imagenette_small" / "val").rglob("*.JPEG"))
    differ = {"INTEGER_ACCURATE": 0, "": 0}
    for path in paths:
        ours, content = np.asarray(open_image(path)[0]), path.read_bytes()
        for method in differ:
            theirs = tf.io.decode_jpeg(content, 3, dct_method=method).numpy()
            differ[method] += not np.array_equal(ours, theirs)
    assert len(paths) == 150 and differ["INTEGER_ACCURATE"] == 0 < differ[""]


# killed, and damaged


def contents(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


KILLED = """
import os
from alexnet_paper.data import datasets, sharding
sharding.IMAGES, read, count = 4, sharding.read_image, int(sys.argv[3])
def until(path):
    global count
    count -= 1
    return read(path) if count else os._exit(0)
sharding.read_image = until
sharding.write(datasets.load("imagenet", sys.argv[1], 0), sys.argv[2], workers=1)
"""


def test_killed_and_started_again(copy, tmp_path, monkeypatch):
    """In the middle of the third shard: the first two are kept as they are, and the end
    is that of a run left alone."""
    folder, whole = copy
    out = tmp_path / "out"
    foreign.in_child(KILLED, folder, out, 10)
    kept = {path: path.stat().st_mtime_ns for path in out.glob("*.tfrecord")}
    assert len(kept) == 2 and len([*out.glob(".*.tmp")]) == 1
    with pytest.raises(ValueError, match="not all of its shards are written"):
        datasets.load("imagenet", out)
    _, written = write(folder, out)
    assert len(written) == 6
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert contents(out) == contents(whole)


def damaged(path, kind):
    """Damages a shard. Returns what is said of it."""
    content = bytearray(path.read_bytes())
    if kind == "missing":
        path.unlink()
        return "it is not there"
    if kind == "cut":
        path.write_bytes(content[:-1])
        return f"{len(content) - 1:,} bytes instead of {len(content):,}"
    place, said = {
        "image": (content.index(b"\xff\xd8") + 99, "the bytes of "),
        "frame": (9, "its SHA-256 is not the one in the index"),
    }[kind]
    content[place] ^= 4
    path.write_bytes(content)
    return said


@pytest.mark.parametrize("kind", ["missing", "cut", "image", "frame"])
def test_a_damaged_shard_is_named_and_written_anew(kind, copy, call):
    folder, out = copy
    before, path = contents(out), sorted(out.glob("train-*.tfrecord"))[2]
    said = damaged(path, kind)
    options = ("--data", "imagenet", "--data-dir")
    code, *printed = call(data, "check", *options, out)
    text = "".join(" ".join(printed).split("\n"))
    assert code == 1 and text.count(path.name) == 1 and said in " ".join(text.split())
    code, text, err = call(data, "shard", *options, folder, "--out", out)
    assert code == 0 and "written now: 1," in text
    assert f"python -m reproduce.train --variant paper {' '.join(options)} {out}" in err
    assert contents(out) == before
    assert call(data, "check", *options, out)[0] == 0


def test_a_shard_is_damaged_before_training(copy, wrong_use, tmp_path):
    path = sorted(copy[1].glob("train-*"))[1]
    said = damaged(path, "cut")
    words = "--variant cifar-18pct --data imagenet --epochs 1 --data-dir".split()
    err = wrong_use(train, *words, copy[1], "--out", tmp_path / "run", codes=(1,))
    assert f"{path} is damaged ({said}). To write it anew: python -m" in err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("split", ["train", "validation"])
def test_a_shard_is_damaged_while_training(
    split, copy, tiny_net, call, monkeypatch, tmp_path
):
    """The last line names it; exit 1. Mended and resumed, the run ends as one that was
    left alone."""
    fit, path = training.Run.train, sorted(copy[1].glob(f"{split}-*"))[1]
    whole = path.read_bytes()

    def damaged_first(run, *arguments):
        damaged(path, "image")
        return fit(run, *arguments)

    monkeypatch.setattr(training.Run, "train", damaged_first)
    words = (
        "--variant tiny --data imagenet --epochs 2 --save-every 0 --data-dir".split()
    )
    words = (*words, copy[1], "--out")
    code, out, err = call(train, *words, tmp_path / "run")
    assert (code, out) == (1, "") and "Traceback" not in err
    assert f"error: {path} is damaged (the bytes of " in err.splitlines()[-1]
    monkeypatch.setattr(training.Run, "train", fit)
    path.write_bytes(whole)
    assert call(train, *words, tmp_path / "run", "--resume")[0] == 0
    assert call(train, *words, tmp_path / "alone")[0] == 0
    ends = (kill_and_resume.arrays(tmp_path / name) for name in ("run", "alone"))
    assert kill_and_resume.same_bits(*ends)


def test_other_images_are_not_mixed_in(copy, tmp_path):
    """Other files, or other bytes in a file whose shard is to be written anew."""
    folder, out = tmp_path / "folder", copy[1]
    shutil.copytree(copy[0], folder)
    paths = sorted((folder / "train" / "a").iterdir())
    before = contents(out)
    save(paths[0], 99)
    write(folder, out)  # whole as it is: nothing is read
    for path in out.glob("train-*.tfrecord"):
        path.unlink()
    with pytest.raises(OSError, match="images have changed since it was written"):
        write(folder, out)
    assert contents(out).items() < before.items()
    paths[0].unlink()
    with pytest.raises(ValueError, match="holds the shards of other images"):
        write(folder, out)


def test_of_another_dataset(made, tmp_path):
    with pytest.raises(ValueError, match="shards of imagenet: --data imagenet"):
        datasets.load("folder", made[1])
    with pytest.raises(ValueError, match="in shards already"):
        datasets.load("imagenet", made[1]).splits["train"].files()
    for number in range(10):
        save(tmp_path / ("b", os.fsdecode(b"\xfe"))[number % 2] / f"{number}.jpg", 0)
    with pytest.raises(ValueError, match="the name of a class must be text"):
        write(tmp_path, tmp_path / "out", "folder")


# an index and a table that lie


def first_row(index):
    return index["splits"]["train"]["shards"][0]


LIES = {
    "a path": lambda index: first_row(index).update(name="../shards/secret.tfrecord"),
    "another": lambda index: first_row(index).update(
        name="train-00001-of-00004.tfrecord"
    ),
    "fewer": lambda index: first_row(index).update(images=1),
    "negative": lambda index: first_row(index).update(images=-1, bytes=-1),
    "huge": lambda index: first_row(index).update(bytes=10**30),
    "a split": lambda index: index["splits"].update(more=index["splits"]["train"]),
    "none": lambda index: index.update(splits={}),
    "no classes": lambda index: index.update(classes=[]),
    "a field": lambda index: index.update(more=1),
    "text": lambda index: index.update(classes="ab"),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_an_index_that_lies(lie, copy):
    path = copy[1] / shards.INDEX
    index = json.loads(path.read_text())
    lie(index)
    path.write_text(json.dumps(index))
    with pytest.raises(ValueError, match="shards.json is damaged: ") as caught:
        datasets.load("imagenet", copy[1])
    assert len(str(caught.value).splitlines()) == 1


COLUMNS = [
    ("start", -1, "outside its shard"),
    ("start", 2**63 - 1, "outside its shard"),
    ("length", 2**32 - 1, "outside its shard"),
    ("shard", -1, "in no shard"),
    ("shard", 2**31 - 1, "in no shard"),
    ("shard", None, "other numbers of images"),
    ("label", -1, "no class"),
    ("label", 2, "no class"),
    ("name_length", 2**32 - 1, "not one of 14 images"),
]


@pytest.mark.parametrize(("column", "value", "said"), COLUMNS)
def test_a_table_that_lies(column, value, said, copy):
    """Its checksum is right."""
    out = copy[1]
    with np.load(out / "train.npz") as file:
        arrays = dict(file)
    last = arrays[column][-1]
    arrays[column][-1] = value if value is not None else (last + 1) % 4
    np.savez(out / "train.npz", **arrays)
    with pytest.raises(ValueError, match="train.npz is damaged .its checksum"):
        datasets.load("imagenet", out)
    index = json.loads((out / shards.INDEX).read_text())
    index["splits"]["train"]["table"] = shards.sha256(out / "train.npz")
    (out / shards.INDEX).write_text(json.dumps(index))
    with pytest.raises(ValueError, match=f"train.npz is damaged .*{said}"):
        datasets.load("imagenet", out)


# 1.28 million images

MANY, LEAST, MOST = 1_281_167, 20 * 2**20, 300 * 2**20  # images, bytes
BEGIN = """
import os
from pathlib import Path
from alexnet_paper.data import augment, datasets
from alexnet_paper.data.batches import Batches
before, root, in_folders = peak(), Path(sys.argv[1]), len(sys.argv) > 2
if in_folders:
    listed = os.listdir
    def names(path):
        count = 1282 if Path(path).parent.name == "train" else 1
        return [f"{Path(path).name}_{number}.JPEG" for number in range(count)]
    os.listdir = lambda path: listed(path) or names(path)
train = datasets.load("imagenet", root, validation=0).splits["train"]
batches = Batches(train, augment.Preparation(24, 32, reflect=True), 128, seed=0)
if not in_folders:
    assert batches[len(batches) - 1][0].shape[1:] == (24, 24, 3)
print(len(train), train.fingerprint, peak() - before)
"""


def begun(*arguments):
    """Images, fingerprint and bytes that listing them and beginning an epoch takes, in
    a process of its own."""
    count, fingerprint, size = foreign.in_child(BEGIN, *arguments).split()
    print(f"{int(count):,} images, {int(size) / 2**20:.0f} MiB")
    return int(count), fingerprint, int(size)


def fingerprint(names, labels):
    return f"{zlib.crc32(labels.astype('int64').tobytes(), zlib.crc32(names)):08x}"


def synthetic(root):
    """Shards of 1.28 million images, all of them the same. Returns the fingerprint."""
    file = io.BytesIO()
    Image.new("RGB", (32, 32), "teal").save(file, "JPEG")
    jpeg, labels = file.getvalue(), np.arange(MANY) * 1000 // MANY
    numbers, rows = np.arange(MANY) % 1282, []
    counts = np.bincount(numbers).tolist()
    for name, count in zip(shards.shard_names("train", 1282), counts, strict=True):
        (root / name).write_bytes(jpeg)
        rows.append(shards.Shard(name, count, len(jpeg), ""))
    digits = np.arange(MANY)[:, None] // 10 ** np.arange(22) % 10 + ord("0")
    names = Names.packed(digits.astype("uint8").tobytes(), np.full(MANY, 22, "uint32"))
    places = (np.full(MANY, value) for value in (0, len(jpeg), zlib.crc32(jpeg)))
    shards.save_table(root / "train.npz", shards.Table(numbers, *places, names), labels)
    part = shards.Part(MANY, "", True, shards.sha256(root / "train.npz"), rows)
    classes = [f"n{number:08d}" for number in range(1000)]
    shards.save_index(
        shards.Index("imagenet", classes, {"train": part}), root / shards.INDEX
    )
    return fingerprint(b"\n".join(names), labels)


@pytest.mark.slow
def test_an_epoch_of_many_images_begins_in_little_memory(tmp_path):
    """Of shards, and of a folder."""
    expected = synthetic(tmp_path)
    count, found, size = begun(tmp_path)
    assert (count, found) == (MANY, expected) and LEAST < size < MOST
    classes = [f"n{number:08d}" for number in range(1000)]
    for place in (f"{split}/{name}" for split in ("train", "val") for name in classes):
        (tmp_path / "folder" / place).mkdir(parents=True)
    numbers = sorted(map(str, range(1282)))
    names = "\n".join(f"{name}_{n}.JPEG" for name in classes for n in numbers)
    expected = fingerprint(names.encode(), np.repeat(np.arange(1000), 1282))
    count, found, size = begun(tmp_path / "folder", "folder")
    assert (count, found) == (1_282_000, expected) and LEAST < size < MOST


def test_lists_of_names_are_those_of_paths():
    paths = [Path("a") / name for name in ODD] + [Path("b/c/x"), Path("y"), Path("a/z")]
    found = Paths.joined([Paths.of(paths[:5]), Paths.of(paths[5:6])])
    assert list(found) == paths[:6] and found.in_folders
    assert not Paths.of(paths[:4]).in_folders and list(found[::-2]) == paths[:6][::-2]
    assert list(Paths.of(paths)[np.array([6, 0])]) == [paths[6], paths[0]]
    for count in (0, 1, 5, 9000):  # of more than are joined at once
        names = [f"{number}".encode() * (number % 3) for number in range(count)]
        assert Names.of(names)[:].checksum == zlib.crc32(b"\n".join(names))
        assert Names.of(names)[::2].checksum == zlib.crc32(b"\n".join(names[::2]))
