"""Datasets: what is read, how it is split, and what a batch is a function of."""

import io
import os
import pickle
import subprocess
import sys
import tarfile
from collections import Counter
from pathlib import Path

import foreign
import keras
import numpy as np
import pytest
from foreign import Runs
from foreign import array_of
from foreign import python2_pickle
from PIL import Image
from scipy.io import savemat

from alexnet_paper.data import datasets as data
from alexnet_paper.data.batches import Batches
from alexnet_paper.data.batches import Views
from alexnet_paper.data.datasets import Split
from alexnet_paper.data.images import ImageFiles

SHARED = Path(__file__).parents[3] / "shared" / "data"
real = pytest.mark.skipif(not SHARED.is_dir(), reason=f"no {SHARED}")


def multiset(*arrays):
    """How often each image with its label occurs in (images, labels) pairs."""
    return Counter(
        (np.asarray(image).tobytes(), int(label))
        for images, labels in arrays
        for image, label in zip(images, labels, strict=True)
    )


def refusal(kind, *arguments, **options):
    """The one line with which `data.load` refuses."""
    with pytest.raises(kind) as caught:
        data.load(*arguments, **options)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


# the digits, and splitting


def test_digits_are_all_there_once():
    """The splits together are scikit-learn's 1,797 images, grey levels times 255/16."""
    from sklearn.datasets import load_digits

    found, whole = data.load("digits"), load_digits()
    splits = [(split.images, split.labels) for split in found.splits.values()]
    grey = np.floor(whole.images * 255 / 16 + 0.5).astype("uint8")
    expected = np.stack([grey, grey, grey], axis=-1)
    assert sum(len(labels) for _, labels in splits) == 1797
    assert multiset(*splits) == multiset((expected, whole.target))
    assert (expected.min(), expected.max()) == (0, 255)
    assert found.classes == 10 and found.class_names == tuple("0123456789")


def test_digits_are_split_the_same_way_every_time():
    """Pinned: another split would make every recorded figure another one's. Of every
    class it has as large a share as of the whole, to one image."""
    splits = data.load("digits").splits
    found = {name: (len(split), split.fingerprint) for name, split in splits.items()}
    assert found == {
        "train": (1149, "293890e8"),
        "test": (360, "ed7c8212"),
        "validation": (288, "953ccc72"),
    }
    whole = sum(np.bincount(split.labels) for split in splits.values())
    for split in splits.values():
        expected = whole * len(split) / 1797
        assert np.abs(np.bincount(split.labels) - expected).max() <= 1


def test_the_share_held_out():
    """The test images are the same whatever the share; 0 holds out none."""
    for share, count in ((0.5, 719), (0.1, 144), (0, 0)):
        splits = data.load("digits", validation=share).splits
        assert len(splits.get("validation", ())) == count
        assert len(splits["train"]) == 1437 - count
        assert splits["test"].fingerprint == "ed7c8212"


@pytest.mark.parametrize(("limit", "counts"), [(10, {1}), (100, {10}), (25, {2, 3})])
def test_limit_is_drawn_evenly(limit, counts):
    """So many of every class, or one more; only of the training images."""
    whole, found = data.load("digits"), data.load("digits", limit=limit)
    train = found.splits["train"]
    assert len(train) == limit and set(np.bincount(train.labels)) == counts
    every = multiset((whole.splits["train"].images, whole.splits["train"].labels))
    assert not multiset((train.images, train.labels)) - every
    other = data.load("digits", limit=limit, seed=1).splits
    assert other["train"].fingerprint != train.fingerprint
    assert other["validation"].fingerprint == "953ccc72"
    assert other["test"].fingerprint == "ed7c8212"


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("mnist", {}, "one of digits, cifar10"),
        *(
            (name, {}, f"{name} needs --data-dir")
            for name in ("flowers17", "cats-vs-dogs", "imagenet", "folder")
        ),
        ("digits", {"data_dir": "."}, "digits takes no --data-dir"),
        *(
            ("digits", {"validation": share}, "must be in [0, 1)")
            for share in (1, 1.5, -0.1, float("nan"))
        ),
        *(
            ("digits", {"limit": limit}, "--limit must be between 10 (one image a")
            for limit in (-1, 0, 1, 9, 1150)
        ),
    ],
)
def test_what_cannot_be_loaded(name, options, said):
    assert said in refusal(ValueError, name, **options)


def test_limit_where_a_class_is_rare():
    """All of the rare class, and the rest evenly from the others."""
    labels = np.array([0] * 50 + [1] * 3 + [2] * 50)
    split = Split(np.zeros((103, 1, 1, 3), "uint8"), labels)
    assert np.bincount(data.limited(split, 23, 3).labels).tolist() == [10, 3, 10]
    assert len(data.limited(split, 103, 3)) == 103


def test_fingerprint_tells_images_labels_and_order_apart():
    """Of images in memory; of files it is of their names, wherever they lie."""
    images = np.arange(4 * 12, dtype="uint8").reshape(4, 2, 2, 3)
    labels = np.array([0, 1, 0, 1])
    files = [Path("a") / os.fsdecode(n) for n in (b"1.jpg", b"2.jpg", b"3", b"\xff")]
    splits = [
        *((images[::-1], labels), (images, labels[::-1]), (images[:3], labels[:3])),
        *((255 - images, labels), (ImageFiles(files), labels)),
        (ImageFiles(files[::-1]), labels),
    ]
    found = [Split(*split).fingerprint for split in [*splits, (images, labels)]]
    assert len(set(found)) == 7 and {len(one) for one in found} == {8}
    assert Split(images.copy(), labels.copy()).fingerprint == found[-1]
    elsewhere = ImageFiles([Path("b") / path.name for path in files])
    assert Split(elsewhere, labels).fingerprint == found[4]


# CIFAR-10 in its three forms


def batch_pickle(images, labels, name=b"part"):
    """One of the six files: 3,072 values a row, all of red first."""
    return python2_pickle(
        {
            b"batch_label": name,
            b"labels": labels.tolist(),
            b"data": images.transpose(0, 3, 1, 2).reshape(len(images), -1),
            b"filenames": [b"a.png", b"b.png"],
        }
    )


def invented_cifar10():
    """60,000 images with their number in the first pixel, and a mark elsewhere that
    shows rows, columns and colours in place."""
    x = np.zeros((60_000, 32, 32, 3), "uint8")
    number = np.arange(60_000)
    x[:, 0, 0] = np.stack([number % 251, number // 251, number % 7], axis=-1)
    x[:, 3, 30] = (10, 20, 30)
    y = (number * 7 + number // 10) % 10
    return (x[:50_000], y[:50_000]), (x[50_000:], y[50_000:])


@pytest.fixture(scope="module")
def cifar(tmp_path_factory):
    """A folder with CIFAR-10, invented, in its three forms."""
    root = tmp_path_factory.mktemp("cifar")
    (x, y), (x_test, y_test) = invented_cifar10()
    batches = root / "batches" / "cifar-10-batches-py"
    batches.mkdir(parents=True)
    for index in range(5):
        rows = slice(10_000 * index, 10_000 * (index + 1))
        name = f"data_batch_{index + 1}"
        (batches / name).write_bytes(batch_pickle(x[rows], y[rows], name.encode()))
    (batches / "test_batch").write_bytes(batch_pickle(x_test, y_test))
    (root / "tar").mkdir()
    archive = root / "tar" / "cifar-10-python.tar.gz"
    with tarfile.open(archive, "w:gz", compresslevel=0) as file:
        file.add(batches, batches.name)
    (root / "npz").mkdir()
    np.savez(
        root / "npz" / "cifar10.npz",
        x_train=x,
        y_train=y[:, None],
        x_test=x_test,
        y_test=y_test[:, None],
    )
    return root


PLACES = {"batches": "cifar-10-batches-py", "npz": "cifar10.npz"}
PLACES["tar"] = "cifar-10-python.tar.gz"


@pytest.mark.parametrize("form", PLACES)
def test_cifar10_in_each_form(form, cifar):
    """The same arrays from the pickles, the archive and the .npz, named or found."""
    (x, y), (x_test, y_test) = invented_cifar10()
    for place in (cifar / form, cifar / form / PLACES[form]):
        found = data.load("cifar10", place, validation=0)
        train, test = found.splits["train"], found.splits["test"]
        assert np.array_equal(train.images, x) and np.array_equal(test.images, x_test)
        assert np.array_equal(train.labels, y) and np.array_equal(test.labels, y_test)
        assert train.labels.dtype == np.int64 and train.images.dtype == np.uint8
    assert found.class_names[3] == "cat" and found.classes == 10
    held = data.load("cifar10", cifar / form).splits["validation"]
    assert set(np.bincount(held.labels)) == {1000}


ONE = np.zeros((1, 32, 32, 3), "uint8")
SHARED_LIST = b"".join(
    b"q" + bytes([n]) + b"h" + bytes([n]) + b"\x86" for n in range(40)
)
PICKLES = {  # (what the six files are, what is said of them)
    "code": (pickle.dumps({"data": Runs(open, "witness", "w"), "labels": []}, 2), "io"),
    "pointers": (array_of("O8", (1,), b"A" * 8, protocol=2), "refused"),
    "pointers, protocol 3": (array_of("O8", (1,), b"A" * 8), "not one of numbers"),
    "nested keys": (b"\x80\x02})" + SHARED_LIST + b"Ns.", "a key is neither"),
    "nested labels": (
        python2_pickle({b"data": ONE.reshape(1, -1)})[:-1]
        + b"U\x06labels)"
        + SHARED_LIST
        + b"s.",
        "whole numbers",
    ),
    "empty": (b"", "refused"),
    "garbage": (b"garbage", "refused"),
    "a number": (pickle.dumps(3, 2), "not subscriptable"),
    "no array": (python2_pickle({b"data": b"no array", b"labels": [1]}), "an array is"),
    "no data": (python2_pickle({b"labels": [1]}), "data"),
    "truncated": (batch_pickle(ONE, np.zeros(1, int))[:-500], "refused"),
    "floats": (batch_pickle(ONE * 1.0, np.zeros(1, int)), "whole numbers"),
    "other images": (batch_pickle(ONE[:, :31, :31], np.zeros(1, int)), "reshape"),
    "too large": (bytes(34 * 10**6), "more than 33"),
}


def test_pickles_of_something_else(tmp_path):
    """Refused in one line that names the folder, within bounds."""
    folders = [tmp_path / kind.replace(" ", "-") for kind in PICKLES]
    for folder, (content, _) in zip(folders, PICKLES.values(), strict=True):
        folder.mkdir()
        (folder / "data_batch_1").write_bytes(content)
        for name in ("test_batch", *(f"data_batch_{n}" for n in range(2, 6))):
            (folder / name).hardlink_to(folder / "data_batch_1")
    script = """
from functools import partial
from alexnet_paper.data import datasets
for path in sys.argv[1:]:
    print(refused(partial(datasets.load, "cifar10"), path))
"""
    lines = foreign.in_child(script, *folders, cwd=tmp_path).splitlines()
    for folder, line, (_, said) in zip(folders, lines, PICKLES.values(), strict=True):
        assert str(folder) in line and said in line
    assert sorted(tmp_path.iterdir()) == sorted(folders)


def test_archives_of_a_few_bytes_that_unpack_to_many(tmp_path):
    """And a pipe."""
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        row = tarfile.TarInfo("cifar-10-batches-py/data_batch_1")
        row.size = 150_000_000
        archive.addfile(row, open("/dev/zero", "rb"))
    np.savez_compressed(tmp_path / "b.npz", x_train=np.zeros(150_000_000, "uint8"))
    os.mkfifo(tmp_path / "c.npz")
    script = """
from functools import partial
from alexnet_paper.data import datasets
for path in sys.argv[1:]:
    print(refused(partial(datasets.load, "cifar10"), path))
"""
    said = foreign.in_child(script, *sorted(tmp_path.iterdir())).splitlines()
    for line, word in zip(said, ("unpacks to", "unpack to", "a pipe"), strict=True):
        assert word in line


@pytest.mark.parametrize("label", [10, 77, -1])
@pytest.mark.parametrize("place", [3, 50_003])
def test_labels_that_no_class_has(place, label, monkeypatch):
    (_, y), (_, y_test) = invented_cifar10()
    labels = np.concatenate([y, y_test])
    labels[place] = label
    x = np.broadcast_to(np.uint8(0), (60_000, 32, 32, 3))
    parts = (x[:50_000], labels[:50_000]), (x[50_000:], labels[50_000:])
    monkeypatch.setattr(data, "read_cifar10", lambda path: parts)
    assert "not CIFAR-10's 60,000" in refusal(ValueError, "cifar10", "folder")


def with_damage(content):
    content = bytearray(content)
    content[40_000:40_050] = bytes(range(50))
    return bytes(content)


@pytest.mark.parametrize("form", ["tar/cifar-10-python.tar.gz", "npz/cifar10.npz"])
@pytest.mark.parametrize(
    "damage", [0, 7, 30_000, -100, with_damage], ids=lambda value: str(value)[:12]
)
def test_a_truncated_or_damaged_file(form, damage, cifar, tmp_path):
    """Refused, and named in one line."""
    path, whole = tmp_path / Path(form).name, (cifar / form).read_bytes()
    path.write_bytes(damage(whole) if callable(damage) else whole[:damage])
    assert str(path) in refusal(ValueError, "cifar10", path)


HEADER = b"\x93NUMPY\x01\x00\x0b\x00{'descr': ("
OBJECT = np.array([Runs(open, "witness", "w")], dtype=object)


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (np.zeros((100, 32, 32, 3), "uint8"), "x_train is (100, 32, 32, 3) of uint8"),
        (np.zeros((50_000, 1)), "x_train is (50000, 1) of float64"),
        (OBJECT, "x_train claims (1,) of object"),
        (np.array(["a"]), "not an .npy file of numbers"),
        (HEADER, "not an .npy file of numbers"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_arrays_that_are_not_cifar10(x, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = ("x_train", "y_train", "x_test", "y_test")
    if isinstance(x, bytes):
        foreign.zipped(tmp_path / "cifar10.npz", {f"{name}.npy": x for name in names})
    else:
        np.savez(tmp_path / "cifar10.npz", **dict.fromkeys(names, x))
    text = refusal(ValueError, "cifar10", tmp_path)
    assert str(tmp_path / "cifar10.npz") in text and said in text
    assert not (tmp_path / "witness").exists()


@pytest.mark.parametrize("name", ["", "nowhere", "x.npz", "x.tar.gz"])
def test_no_cifar10_there(name, tmp_path):
    """The message says what is expected."""
    text = refusal(FileNotFoundError, "cifar10", tmp_path / name)
    assert all(expected in text for expected in PLACES.values())


def test_the_download_is_keras_own(monkeypatch):
    """Its labels come as columns. Where it fails, the message says what to do."""
    (x, y), (x_test, y_test) = invented_cifar10()
    arrays = (x, y[:, None].astype("uint8")), (x_test, y_test[:, None].astype("uint8"))
    monkeypatch.setattr(keras.datasets.cifar10, "load_data", lambda: arrays)
    splits = data.load("cifar10", validation=0).splits
    assert splits["train"].images is x and splits["test"].images is x_test
    assert np.array_equal(splits["train"].labels, y)
    assert np.array_equal(splits["test"].labels, y_test)

    def fail():
        raise Exception("URL fetch failure on https://…: no route to host")

    monkeypatch.setattr(keras.datasets.cifar10, "load_data", fail)
    text = refusal(FileNotFoundError, "cifar10")
    assert "no route to host" in text and "--data-dir" in text


# folders of photographs


def touch(root, *names):
    """Empty files: datasets list images, they do not open them."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def labelled(split):
    """{file name: label} of a split of files."""
    names = [path.name for path in split.images.paths]
    assert len(set(names)) == len(names) == len(split.labels)
    return dict(zip(names, split.labels.tolist(), strict=True))


FLOWERS = [f"image_{number:04d}.jpg" for number in range(1, 1361)]


@pytest.mark.parametrize("folder", ["", "jpg/"])  # as the archive unpacks
def test_flowers17_are_labelled_by_their_number(folder, tmp_path):
    """Eighty a class, in order; a fixed fifth to test."""
    touch(tmp_path, "datasplits.mat", *(folder + name for name in FLOWERS))
    found = data.load("flowers17", tmp_path, validation=0)
    train, test = (labelled(found.splits[name]) for name in ("train", "test"))
    assert len(train) == 1088 and set(np.bincount(list(test.values()))) == {16}
    assert train | test == {name: n // 80 for n, name in enumerate(FLOWERS)}
    assert found.class_names[0] == "daffodil" and found.class_names[16] == "pansy"
    assert found.splits["test"].fingerprint == "1f397211"


NAMES = ("birds", "cats", "dogs")


@pytest.mark.parametrize(
    ("dataset", "names", "said"),
    [
        (
            "flowers17",
            [name for name in FLOWERS if name not in (FLOWERS[6], FLOWERS[99])],
            "1358 of the 1,360 files image_0001.jpg to image_1360.jpg; missing "
            "image_0007.jpg, image_0100.jpg.",
        ),
        ("flowers17", [*FLOWERS, "image_1361.jpg"], "1361 of the 1,360"),
        ("flowers17", [f"{c}/1.jpg" for c in range(16)], "16 class folders instead of"),
        ("cats-vs-dogs", [f"{c}/1.jpg" for c in NAMES], "3 class folders instead of 2"),
        ("folder", [f"a/{i}.jpg" for i in range(6)], "has only one class: a"),
        ("folder", ["a/1.jpg", "b/readme"], "no images in"),
    ],
)
def test_folders_that_are_not_the_dataset(dataset, names, said, tmp_path):
    assert said in refusal(ValueError, dataset, touch(tmp_path, *names))
    text = refusal(FileNotFoundError, dataset, tmp_path / "nowhere")
    assert "nowhere is not a folder" in text


@pytest.mark.parametrize(("dataset", "count"), [("flowers17", 17), ("cats-vs-dogs", 2)])
def test_class_folders(dataset, count, tmp_path):
    names = [f"{c:02d}/{i}-{c}.jpg" for c in range(count) for i in range(20)]
    found = data.load(dataset, touch(tmp_path, *names))
    assert found.class_names == tuple(f"{c:02d}" for c in range(count))
    splits = [labelled(split) for split in found.splits.values()]
    assert sum(map(len, splits)) == 20 * count
    whole = {name: label for rows in splits for name, label in rows.items()}
    assert whole == {name.split("/")[1]: int(name[:2]) for name in names}


# the layout of ImageNet. The devkit numbers the synsets its own way: C, A, D, B

WNIDS = ("n01440764", "n02102040", "n02979186", "n03000684")  # A, B, C, D
DEVKIT = {1: WNIDS[2], 2: WNIDS[0], 3: WNIDS[3], 4: WNIDS[1]}
TRUTH = (4, 1, 1, 2, 3, 4, 2)  # of seven validation images


def train_folder(root):
    return touch(root, *(f"train/{w}/{w}_{i}.JPEG" for w in WNIDS for i in range(3)))


def devkit(root, truth=TRUTH):
    """The devkit's two files; its meta.mat has inner nodes of the tree, too."""
    folder = root / "ILSVRC2012_devkit_t12" / "data"
    folder.mkdir(parents=True)
    rows = {**DEVKIT, 5: "n00001740", 6: "n00021939"}
    kinds = [("ILSVRC2012_ID", "f8"), ("WNID", object), ("words", object)]
    synsets = np.array([(n, w, f"words of {w}") for n, w in rows.items()], kinds)
    savemat(folder / "meta.mat", {"synsets": synsets[:, None]})
    lines = "".join(f"{number}\n" for number in truth)
    (folder / "ILSVRC2012_validation_ground_truth.txt").write_text(lines)
    return root


def flat_validation(root, folder="val"):
    names = (f"{folder}/ILSVRC2012_{folder}_{n:08d}.JPEG" for n in range(1, 8))
    return touch(root, *names)


def test_imagenet_in_folders(tmp_path):
    """Labels follow the sorted WNIDs; the validation images are its own."""
    train_folder(tmp_path)
    touch(tmp_path, *(f"val/{w}/val_{w}.JPEG" for w in WNIDS))
    found = data.load("imagenet", tmp_path)
    assert found.class_names == WNIDS and set(found.splits) == {"train", "validation"}
    for split, count in (("train", 12), ("validation", 4)):
        rows = labelled(found.splits[split])
        assert len(rows) == count
        assert all(WNIDS[label] in name for name, label in rows.items())


def test_flat_validation_with_and_without_training_images(tmp_path, monkeypatch):
    """The ground truth's numbers are the devkit's, and are translated. ImageNet's own
    test images have no labels and are left out."""
    monkeypatch.setattr(data, "LEAVES", 4)
    root = devkit(
        flat_validation(flat_validation(train_folder(tmp_path / "a")), "test")
    )
    alone = devkit(flat_validation(tmp_path / "b"))
    for folder, names in ((root, {"train", "validation"}), (alone, {"validation"})):
        found = data.load("imagenet", folder)
        assert found.class_names == WNIDS and set(found.splits) == names
        rows = labelled(found.splits["validation"])
        wnids = [WNIDS[rows[f"ILSVRC2012_val_{n:08d}.JPEG"]] for n in range(1, 8)]
        assert wnids == [DEVKIT[number] for number in TRUTH]


def test_validation_folders_alone_are_not_trained_on(tmp_path):
    touch(tmp_path, *(f"val/{w}/val_{w}.JPEG" for w in WNIDS[1:]))
    found = data.load("imagenet", tmp_path, limit=4)
    assert found.class_names == WNIDS[1:]
    with pytest.raises(ValueError, match="imagenet has no train split: validation"):
        found.split("train")


def meta_mat(**rows):
    file = io.BytesIO()
    savemat(
        file, {"synsets": np.array([tuple(rows.values())], [(n, "O") for n in rows])}
    )
    return file.getvalue()


META = {
    "empty": b"",
    "garbage": b"garbage" * 40,
    "of MATLAB 7.3": b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(400),
    "no WNID": meta_mat(ILSVRC2012_ID=1.0, WNID="n01/../x"),
    "a huge matrix": meta_mat(ILSVRC2012_ID=1.0)[:136] + b"\xff\xff\xff\x7f" * 99,
    "too large": bytes(2**22 + 1),
}


@pytest.mark.parametrize("kind", META)
def test_another_file_than_the_devkit_s_meta(kind, tmp_path):
    path = tmp_path / "meta.mat"
    path.write_bytes(META[kind])
    with pytest.raises(ValueError, match=f"{path}") as caught:
        data.devkit_classes(path)
    assert len(str(caught.value).splitlines()) == 1


def test_a_reader_of_meta_that_crashes_ends_alone(tmp_path, monkeypatch):
    """SciPy can crash: then it is the other process that ends."""
    monkeypatch.setattr(data, "READ_META", "import os; os.abort()")
    (tmp_path / "meta.mat").touch()
    with pytest.raises(ValueError, match="meta.mat is not .*: the reader crashed"):
        data.devkit_classes(tmp_path / "meta.mat")


def test_damaged_statistics_of_a_prepared_dataset(tmp_path):
    touch(tmp_path, *(f"{s}/{w}/a.JPEG" for s in ("train", "val") for w in WNIDS))
    (tmp_path / data.STATISTICS).write_bytes(b"garbage")
    said = refusal(ValueError, "imagenet", tmp_path)
    assert f"{tmp_path / data.STATISTICS} is damaged" in said


@pytest.mark.parametrize("half", [False, True])
def test_flat_validation_without_a_whole_devkit(half, tmp_path):
    flat_validation(train_folder(tmp_path))
    if half:
        devkit(tmp_path)
        (tmp_path / "ILSVRC2012_devkit_t12" / "data" / "meta.mat").unlink()
    text = refusal(FileNotFoundError, "imagenet", tmp_path)
    assert f"{tmp_path / 'val'} is flat and there is no ground truth" in text
    assert "ILSVRC2012_devkit_t12" in text


@pytest.mark.parametrize(
    ("truth", "said"),
    [
        ((*TRUTH, 1), "7 images, ILSVRC2012_validation_ground_truth.txt 8 labels"),
        ((*TRUTH[:-1], 5), "names class 5, which is not in train"),  # an inner node
        ((*TRUTH[:-1], 9), "names class 9, which is not in train"),
        ((*TRUTH[:-1], "x"), "is not the ground truth"),
    ],
)
def test_truth_that_does_not_fit(truth, said, tmp_path):
    devkit(flat_validation(train_folder(tmp_path)), truth)
    assert said in refusal(ValueError, "imagenet", tmp_path)


def test_imagenet_with_other_classes_or_parts_missing(tmp_path):
    assert "no val folder" in refusal(ValueError, "imagenet", train_folder(tmp_path))
    text = refusal(ValueError, "imagenet", tmp_path / "train")
    assert f"{tmp_path / 'train'} has neither train nor val" in text
    touch(tmp_path, *(f"val/{w}/1.JPEG" for w in (*WNIDS[:3], "n99999999")))
    text = refusal(ValueError, "imagenet", tmp_path)
    assert "n99999999" in text and WNIDS[3] in text


def test_a_prepared_set_of_two_classes_is_checked(tmp_path):
    """cats-vs-dogs in folders train and test: the number of classes counts there."""
    train_folder(tmp_path)
    touch(tmp_path, *(f"test/{w}/1.JPEG" for w in WNIDS))
    assert "4 classes instead of 2" in refusal(ValueError, "cats-vs-dogs", tmp_path)
    sizes = {
        name: len(split)
        for name, split in data.load("folder", tmp_path, 0.4).splits.items()
    }
    assert sizes == {"train": 7, "validation": 5, "test": 4}


# batches


class Marks:
    """A preparation whose views say which image they are of and what was drawn."""

    size = 2

    def training(self, image, rng):
        return np.stack([image[0, 0].astype("float32"), rng.random(3, "float32")])

    def views(self, image, count):
        return np.stack(
            [image[0, 0].astype("float32") + 1000 * v for v in range(count)]
        )


def numbered(count):
    """Images whose pixels are their number; labels are ten times as large."""
    images = np.arange(count, dtype="uint8").repeat(3).reshape(count, 1, 1, 3)
    return Split(images, 10 * np.arange(count))


def batches_of(seed=0, epoch=0, start=0, count=23):
    found = Batches(numbered(count), Marks(), 5, seed, epoch, start)
    return [found[step] for step in range(len(found))]


def test_an_epoch_has_every_image_once():
    """With its label; the last batch is what is left."""
    images, labels = zip(*batches_of(), strict=True)
    assert [len(rows) for rows in labels] == [5, 5, 5, 5, 3]
    numbers = np.concatenate(images)[:, 0, 0]
    assert sorted(numbers) == list(range(23))
    assert np.array_equal(10 * numbers, np.concatenate(labels))


def test_batches_are_a_function_of_seed_epoch_and_step():
    """Equal twice, in whatever order they are asked for; any other epoch or seed has
    another order and other draws."""
    first = batches_of(3, 1)
    again = Batches(numbered(23), Marks(), 5, 3, 1)
    for step in (4, 0, 2, 2, 1, 3):
        assert np.array_equal(again[step][0], first[step][0])
        assert np.array_equal(again[step][1], first[step][1])
    others = [batches_of(*pair) for pair in ((3, 1), (3, 2), (4, 1), ([3, 1], 1))]
    drawn = [np.concatenate([x for x, _ in found]) for found in others]
    orders = {tuple(x[:, 0, 0]) for x in drawn}
    of_image_7 = {tuple(x[x[:, 0, 0] == 7][0, 1]) for x in drawn}
    assert len(orders) == len(of_image_7) == 4
    assert len(np.unique(drawn[0][:, 1])) == 3 * 23  # images draw independently
    large = Batches(numbered(23), Marks(), 23, 3, 1)[0][0]  # of the batch size, too
    by_image = [x[np.argsort(x[:, 0, 0])] for x in (drawn[0], large)]
    assert np.array_equal(*by_image)


@pytest.mark.parametrize("start", range(6))
def test_a_part_of_an_epoch_is_the_end_of_it(start):
    """Which may be early: of the first so many steps."""
    whole, part = batches_of(2, 5), batches_of(2, 5, start)
    early = Batches(numbered(23), Marks(), 5, 2, 5, start, steps=max(start, 4))
    assert len(part) == 5 - start and len(early) == max(0, 4 - start)
    for found in (part, [early[n] for n in range(len(early))]):
        for (x, y), (x_part, y_part) in zip(whole[start:], found, strict=False):
            assert np.array_equal(x, x_part) and np.array_equal(y, y_part)


class Listens(keras.Model):
    """A model that keeps what `fit` feeds it."""

    def train_step(self, given):
        self.seen.append([np.asarray(part) for part in given])
        return {"loss": 0.0}


@pytest.mark.parametrize("workers", [1, 4])
def test_fit_gets_the_batches_in_order_whatever_the_workers(workers):
    model = Listens()
    model.compile(run_eagerly=True)
    for start in (0, 2):
        model.seen = []
        fed = Batches(
            numbered(23), Marks(), 5, 1, 3, start, workers=workers, max_queue_size=8
        )
        model.fit(fed, shuffle=False, verbose=0)
        expected = batches_of(1, 3, start)
        assert len(model.seen) == len(expected)
        for (x, y), (seen_x, seen_y) in zip(expected, model.seen, strict=True):
            assert np.array_equal(x, seen_x) and np.array_equal(y, seen_y)


@pytest.mark.parametrize(
    ("views", "batch", "images"), [(1, 5, 5), (10, 25, 2), (10, 3, 1)]
)
def test_views_come_in_order(views, batch, images):
    """All views of an image, then those of the next; no more rows than the batch size
    has, but one image at least."""
    found = Views(numbered(23), Marks(), views, batch)
    rows = [found[index] for index in range(len(found))]
    assert {len(x) for x, _ in rows[:-1]} == {images * views}
    values = np.concatenate([x for x, _ in rows])[:, 0]
    assert values.tolist() == [n + 1000 * v for n in range(23) for v in range(views)]
    labels = np.concatenate([y for _, y in rows]).tolist()
    assert labels == [10 * n for n in range(23) for _ in range(views)]


def test_views_of_files(tmp_path):
    """A split of files is read like one in memory."""
    split = numbered(7)
    paths = [tmp_path / f"{index}.png" for index in range(7)]
    for path, image in zip(paths, split.images, strict=True):
        Image.fromarray(image).save(path)
    files = Split(ImageFiles(paths), split.labels)
    for kind in (Views(files, Marks(), 1, 3), Views(split, Marks(), 1, 3)):
        found = np.concatenate([kind[index][0] for index in range(3)])
        assert found[:, 0].tolist() == list(range(7))
    ours, theirs = (Batches(part, Marks(), 7, 1)[0] for part in (files, split))
    assert np.array_equal(ours[0], theirs[0]) and np.array_equal(ours[1], theirs[1])


# real data


@pytest.mark.data
@real
def test_real_flowers_cats_dogs_and_imagenette():
    """As many as there are, and the labels of the folders."""
    sizes = {
        name: {split: len(part) for split, part in data.load(*where).splits.items()}
        for name, where in {
            "flowers": ("flowers17", SHARED / "flowers17"),
            "cats": ("cats-vs-dogs", SHARED / "cats_dogs"),
            "imagenette": ("imagenet", SHARED / "imagenette_small"),
        }.items()
    }
    assert sizes == {
        "flowers": {"train": 870, "validation": 218, "test": 272},
        "cats": {"train": 512, "validation": 128, "test": 160},
        "imagenette": {"train": 500, "validation": 150},
    }
    found = data.load("imagenet", SHARED / "imagenette_small")
    assert set(np.bincount(found.splits["train"].labels)) == {50}
    for split in found.splits.values():
        for path, label in zip(*split.files(), strict=True):
            assert path.parent.name == found.class_names[label]


@pytest.mark.data
@real
def test_real_cifar10(tmp_path):
    """The original pickles, byte for byte, and the .npz made of them: the same images,
    of the known channel means."""
    unpack = [sys.executable, SHARED / "unpack_cifar10.py", tmp_path]
    subprocess.run(unpack, check=True, capture_output=True)
    pickles = data.load("cifar10", tmp_path, validation=0)
    arrays = data.load("cifar10", tmp_path / "cifar10.npz", validation=0)
    for name in ("train", "test"):
        ours, theirs = pickles.splits[name], arrays.splits[name]
        assert ours.fingerprint == theirs.fingerprint
        assert np.array_equal(ours.images, theirs.images)
    means = pickles.splits["train"].images.mean(axis=(0, 1, 2))
    np.testing.assert_allclose(means, [125.307, 122.950, 113.865], atol=0.001)
    assert set(np.bincount(pickles.splits["test"].labels)) == {1000}
