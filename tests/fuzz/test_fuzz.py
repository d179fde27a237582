"""Seeded mutations of valid files, for every reader of what a user hands in.

Each is accepted, or refused in one line: no other exception, crash or hang, and no more
memory than three times the file and 200 MB. Only photographs may take more, as
100 million pixels may be packed in a few bytes; meta.mat has a process of its own, with
its own limit. Files that are as heavy as they may be come first. FUZZ_SECONDS says for
how long (default: 20), FUZZ_SEED which.
"""

import io
import json
import os
import pickle
import signal
import tarfile
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path

import bounds
import foreign
import numpy as np
import records
from PIL import Image
from scipy.io import savemat

PATIENCE = 30  # seconds
MORE = {"photographs": 3 * 2**29, "meta.mat": 2**30}  # bytes
ODD = (b"\0", b"\xff" * 4, b"\x7f", b"\xff\xff\xff\x7f", b"(", b"9" * 9, b"\x80")


def test_every_reader_accepts_or_refuses(tmp_path):
    seconds = int(os.environ.get("FUZZ_SECONDS", 20))
    arguments = tmp_path / "größe 1", seconds, os.environ.get("FUZZ_SEED", "0")
    script = "import test_fuzz\ntest_fuzz.fuzz(*sys.argv[1:])"
    said = foreign.in_child(script, *arguments, timeout=seconds + 300)
    print(said)
    assert all(outcomes["refused"] for outcomes in json.loads(said).values())


def saved(save, *arguments, **options):
    """The bytes of a file that `save(file, …)` writes."""
    file = io.BytesIO()
    save(file, *arguments, **options)
    return file.getvalue()


def written(write, *arguments):
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "w", *arguments)
        return (Path(folder) / "w").read_bytes()


def photographs():
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (20, 30, 3), dtype="uint8"))
    for kind in ("JPEG", "PNG", "GIF", "BMP", "PPM", "WEBP", "TIFF"):
        yield saved(image.save, kind)
    exif = Image.Exif()
    exif[0x0112] = 6
    yield saved(image.convert("CMYK").save, "JPEG", exif=exif, progressive=True)
    yield saved(image.convert("I;16").save, "PNG")
    yield saved(image.save, "TIFF", compression="tiff_lzw")


def tar(*files):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, content in files:
            row = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            row.size = len(content)
            archive.addfile(row, io.BytesIO(content))
    return file.getvalue()


def inside(read):
    """A part of a reader, which itself refuses whatever its parts raise."""

    def refuses(path):
        try:
            read(path)
        except Exception as error:
            raise ValueError(f"{type(error).__name__} {error}"[:999]) from error

    return refuses


def readers():
    """{name: (how often, valid files, what reads a path)}."""
    from alexnet_paper import paper
    from alexnet_paper.data import arrays
    from alexnet_paper.data import augment
    from alexnet_paper.data import datasets
    from alexnet_paper.data import images
    from alexnet_paper.data import prepare
    from alexnet_paper.data import shards
    from alexnet_paper.data.listing import Names
    from alexnet_paper.files import from_json
    from alexnet_paper.files import read_file
    from alexnet_paper.nets import variants
    from alexnet_paper.report import runs
    from alexnet_paper.report import writers
    from alexnet_paper.results.record import Record
    from alexnet_paper.results.record import shipped
    from alexnet_paper.training.log import LogLine
    from alexnet_paper.training.plan import About
    from alexnet_paper.verdicts import recorded
    from alexnet_paper.weights import convert
    from alexnet_paper.weights import net

    small = foreign.small_variants()
    variants.VARIANTS.update(small)
    weights = foreign.weights_of(small["caffe"])
    state = foreign.state_dict(weights)
    some = {"data": np.zeros((2, 3072), "uint8"), "labels": [3, 9], "more": ("a", 1.5)}
    batches = [foreign.python2_pickle(some), pickle.dumps(some, 3)]
    sums = augment.Statistics()
    sums.add(np.zeros((256, 256, 3)))
    mean = saved(np.save, np.full((3, 110, 110), 99.0))
    named = [("ILSVRC2012_ID", "O"), ("WNID", "O")]
    rows = np.array([(1.0, "n00000001"), (2.0, "n00000002")], named)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "w"
        foreign.write_caffemodel(path, weights)
        caffe = path.read_bytes()
        convert.save(convert.convert(path, convert.Options(unchecked=True)), path)
        own = path.read_bytes()
    options = convert.Options("caffe", unchecked=True, allow_missing=foreign.LAYERS)

    def imported(path):
        convert.convert(path, options)

    def scaled(path):
        augment.rescale_and_crop(images.open_image(path)[0])

    def batch(path):
        datasets.cifar10_batch(path.read_bytes())

    def arrays_of(path):
        arrays.read_npz(path, 10**6, packed=True)

    def unpacked(path):
        return [datasets.cifar10_batch(part) for _, part in datasets.batches_in(path)]

    def shown(path):
        found = Record.load(path)
        writers.write([runs.records_section([found])], "text")
        for claim in paper.CLAIMS:
            recorded.finding(claim, [found], found.variant)

    row = shards.Shard(shards.shard_names("train", 1)[0], 3, 99, "0" * 64)
    part = shards.Part(3, "", True, "", [row])
    index = shards.Index("folder", ["a", "b"], {"train": part})
    places = (np.array(column) for column in ([0] * 3, [0, 9, 90], [9] * 3, [1, 2, 3]))
    table = shards.Table(*places, Names.of(["a.jpg", "b", "c.jpg"]))
    plan = {"plan": {"variant": "paper", "data": "digits", "epochs": 2}, "command": "c"}
    packed = saved(np.savez_compressed, a=np.zeros((9, 9)), b=np.int8([1]))
    legacy = written(lambda p, a: foreign.write_caffemodel(p, a, legacy=True), weights)
    return {
        "caffemodel": (1, [caffe, legacy], imported),
        "npy": (1, [written(foreign.write_npy, weights)], imported),
        "npz": (1, [written(foreign.write_npz, weights)], imported),
        "torch": (1, [written(foreign.write_torch, state)], imported),
        "own": (1, [own], net.open_weights),
        "mean": (1, [mean], lambda path: convert.read_mean(path, 110, 99)),
        "labels": (
            1,
            [b"n00000001 a\nn00000002 b\n", b'{"0": ["n1", "a"], "1": ["n2", "b"]}'],
            lambda path: convert.read_labels(path, 2, [0, 1]),
        ),
        "photographs": (1, [*photographs()], scaled),
        "CIFAR-10's batches": (1, batches, inside(batch)),
        "CIFAR-10's archive": (
            1,
            [tar(("data_batch_1", batch)) for batch in batches],
            inside(unpacked),
        ),
        "CIFAR-10's arrays": (1, [packed], inside(arrays_of)),
        "statistics": (1, [written(prepare.save_part, sums, {})], datasets.prepared),
        "index of shards": (
            1,
            [written(lambda path, index: shards.save_index(index, path), index)],
            shards.read_index,
        ),
        "table of shards": (
            1,
            [written(shards.save_table, table, np.array([0, 1, 1]))],
            inside(lambda path: shards.read_table(path, part, 2)),
        ),
        "record": (
            1,
            [path.read_bytes() for path in shipped().glob("[bs]*-seed0*.json")],
            shown,
        ),
        "run.json": (
            1,
            [json.dumps(plan).encode()],
            lambda path: from_json(About, read_file(path)),
        ),
        "log": (
            1,
            [json.dumps(records.line(3, val_loss=1.0)).encode()],
            lambda path: from_json(LogLine, read_file(path)),
        ),
        "meta.mat": (
            0.02,
            [saved(savemat, {"synsets": rows}, do_compression=n) for n in (0, 1)],
            datasets.devkit_classes,
        ),
    }


def heavy():
    """{name of a reader: files that hold as much as they may, and ten times that}."""
    json_texts, objects = [b'"' * 2**24], []
    for n, more in ((99_990, 199_990), (10**6, 10**7)):
        dicts, keys = b"[" + b"{}," * n + b"{}]", (b'"%x":0,' % i for i in range(n))
        json_texts += [dicts, b"{" + b"".join(keys) + b'"":' + dicts + b"}"]
        objects.append(b"\x80\x02(" + b"}" * more + b"l.")
    lines = [b"ab\n" * 10**6, b"ab\n" * 10**7, b"a\r" * 10**7]
    zeros = np.zeros(4 * 10**8, "uint8")
    kernels = zeros[: 99 * 10**6].view("f4"), zeros.view("f4")
    batch = pickle.dumps({"data": zeros[: 3 * 10**7], "labels": []}, 3)
    batches = [(f"data_batch_{n}", batch) for n in (1, 2, 3, 4, 5)]
    own = [
        {name: np.frombuffer(t, "uint8") for name in ("meta", "text")}
        for t in json_texts
    ]
    head = saved(np.save, np.array({}, dtype=object))[:128]
    return {
        **dict.fromkeys(("record", "run.json", "index of shards"), json_texts),
        "log": [*json_texts, *lines],
        "labels": [*json_texts, *lines],
        "npz": [saved(np.savez_compressed, conv1_w=z) for z in kernels],
        "npy": [head + content for content in objects],
        "CIFAR-10's batches": [*objects, batch],
        "CIFAR-10's archive": [tar(*batches[:3]), tar(*batches)],
        "own": [saved(np.savez, **arrays) for arrays in own],
        "statistics": [saved(np.savez, total=0, outer=0, images=0, **a) for a in own],
        "meta.mat": [saved(savemat, {"synsets": zeros}, do_compression=True)],
    }


def changed(content, other, rng):
    """Bytes, one to four times changed somewhere, mostly near the beginning."""
    content = bytearray(content)
    for _ in range(rng.integers(1, 5)):
        end = len(content) if rng.random() < 0.5 else min(len(content), 400)
        place, size = int(rng.integers(end + 1)), int(rng.integers(1, 40))
        part = content[place : place + size]
        odd = ODD[rng.integers(len(ODD))]
        kind = rng.integers(8)
        if kind < 2 and place < len(content):
            content[place] = rng.integers(256)
        elif kind == 2:
            content[place : place + len(odd)] = odd
        elif kind == 3:
            content[place:place] = odd * int(rng.integers(1, 2000))
        elif kind == 4:
            content[place:place] = part * int(rng.integers(1, 2000))
        elif kind == 5:
            del content[place : place + size]
        elif kind == 6:
            content[place:] = other[place:]
        elif rng.random() < 0.2:
            del content[place:]
    return bytes(content)


def mutated(content, other, rng):
    """Bytes of a file; of an archive mostly a member, with the right checksum."""
    if not content.startswith(b"PK") or rng.random() < 0.3:
        return changed(content, other, rng)
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        rows, members = archive.infolist(), archive.namelist()
        chosen = members[rng.integers(len(members))]
        with zipfile.ZipFile(file, "w") as new:
            for row in rows:
                part = archive.read(row)
                if row.filename == chosen:
                    part = changed(part, other, rng)
                new.writestr(row.filename, part, row.compress_type)
    return file.getvalue()


class Hang(BaseException):
    """A reader takes too long."""


def expired(*_):
    raise Hang


def outcome(name, read, path):
    """Whether a file is "accepted" or "refused"."""
    signal.alarm(PATIENCE)
    try:
        line = bounds.refused(read, path, memory=MORE.get(name))
    except BaseException as error:
        error.add_note(name)
        raise
    signal.alarm(0)
    return "refused" if line else "accepted"


def fuzz(path, seconds, seed):
    """Prints how many files of each reader were accepted and refused, as JSON."""
    path, rng, found = Path(path), np.random.default_rng(int(seed)), readers()
    counts = {name: Counter(accepted=0, refused=0) for name in found}
    signal.signal(signal.SIGALRM, expired)
    for often, valid, read in found.values():
        for content in valid:
            path.write_bytes(content)
            read(path)
    for name, contents in heavy().items():
        for content in contents:
            path.write_bytes(content)
            counts[name][outcome(name, found[name][2], path)] += 1
    end = time.monotonic() + int(seconds)
    while time.monotonic() < end:
        for name, (often, valid, read) in found.items():
            if counts[name]["refused"] and rng.random() > often:
                continue
            first, second = rng.integers(len(valid), size=2)
            path.write_bytes(mutated(valid[first], valid[second], rng))
            counts[name][outcome(name, read, path)] += 1
    print(json.dumps(counts, indent=1, ensure_ascii=False))
