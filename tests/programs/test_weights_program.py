"""`python -m reproduce.weights` as a user runs it: output, exit codes, one line where
something is wrong; and downloads, from a server in this process."""

import functools
import hashlib
import http.server
import threading

import foreign
import numpy as np
import pytest

from alexnet_paper.nets import variants
from alexnet_paper.weights import net as nets
from alexnet_paper.weights.downloads import PUBLIC
from alexnet_paper.weights.downloads import Public
from reproduce import weights as program


@pytest.fixture(autouse=True)
def small(monkeypatch):
    found = foreign.small_variants()
    for name, variant in found.items():
        monkeypatch.setitem(variants.VARIANTS, name, variant)
    return found


@pytest.fixture
def npz(small, tmp_path):
    path = tmp_path / "alexnet.npz"
    foreign.write_npz(path, foreign.weights_of(small["caffe"]))
    return str(path)


@pytest.fixture
def wrong(wrong_use):
    """wrong("import", ...) → the line with which the program refuses."""
    return functools.partial(wrong_use, program)


def test_import_writes_a_weight_file(npz, tmp_path, capsys):
    out = tmp_path / "new" / "ours.npz"
    assert program.main(["import", npz, "--out", str(out)]) == 0
    stdout, stderr = capsys.readouterr()
    assert stdout == f"{out}\n" and "is caffe" in stderr
    found = nets.open_weights(out)
    assert found.about["source"] == "alexnet.npz" and found.architecture.classes == 7


def test_every_option_reaches_the_conversion(npz, tmp_path, capsys):
    labels, mean = tmp_path / "labels.txt", tmp_path / "mean.npy"
    labels.write_text("a\nb\nc\nd\ne\nf\ng\n")
    np.save(mean, np.full((3, foreign.SIDE, foreign.SIDE), 100.0))
    with open(npz, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    words = ["--variant", "caffenet", "--mean", mean, "--labels", labels]
    words += ["--channels", "RGB", "--label-order", "wnid", "--sha256", digest]
    words += ["--allow-missing", "fc6,fc7", "--unchecked", "--out", tmp_path / "o"]
    assert program.main(["import", npz, *map(str, words)]) == 0
    found = nets.open_weights(tmp_path / "o")
    assert found.about["variant"] == "caffenet" and found.about["sha256"] == digest
    assert found.about["channels"] == "RGB" and found.about["checks"] == "skipped"
    assert found.class_names == tuple("abcdefg")
    assert np.all(found.preparation.mean == 100)


def test_a_refused_file_writes_nothing(npz, tmp_path, wrong):
    out = tmp_path / "o.npz"
    with open(npz, "r+b") as file:
        file.truncate(5000)
    assert npz in wrong("import", npz, "--out", out)
    assert "nowhere" in wrong("import", tmp_path / "nowhere", "--out", out)
    assert not out.exists()


def test_show_prints_what_is_known(npz, tmp_path, capsys):
    with np.load(npz) as file:
        arrays = {name: file[name] for name in file.files if name != "fc6_w"}
    np.savez(npz, **arrays)
    out = str(tmp_path / "ours.npz")
    assert program.main(["import", npz, "--out", out, "--allow-missing", "fc6"]) == 0
    capsys.readouterr()
    assert program.main(["show", out]) == 0
    text = capsys.readouterr().out
    rows = {tuple(line.split()) for line in text.splitlines()}
    assert ("variant", "caffe") in rows and ("source", "alexnet.npz") in rows
    assert ("missing", "fc6/kernel") in rows
    assert ("fc6/kernel", "24×14", "missing") in rows
    assert ("conv1/kernel", "11×11×3×64", "there") in rows
    assert ("mean", "123.00,", "117.00,", "104.00") in rows


def test_show_of_something_else(npz, wrong):
    assert npz in wrong("show", npz)
    assert "nowhere" in wrong("show", "nowhere")


def test_check_says_whether_a_file_looks_trained(npz, tmp_path, call, wrong):
    """A trained file ends with 0; one with a fresh layer with 1, and it is named; a
    partial one is judged by what it has."""
    figure = tmp_path / "check.svg"
    words = ("--variant", "caffe", "--figure", figure)
    code, out, err = call(program, "check", npz, *words)
    rows = {tuple(line.split()) for line in out.splitlines()}
    assert figure.read_text().startswith("<?xml") and str(figure) in err
    layers = [row for row in rows if row and row[0] in foreign.LAYERS]
    assert len(layers) == 8 and {row[-1] for row in layers} == {"trained"}
    with np.load(npz) as file:
        arrays = {name: file[name] for name in file.files if name != "fc6_w"}
    arrays["conv3_w"] = np.random.default_rng(0).normal(0, 0.01, (10, 12, 3, 3))
    np.savez(npz, **arrays)
    code, out, _ = call(program, "check", npz)
    assert code == 1 and "\ndamaged: conv3: like random numbers" in out
    assert "fc6" in out and "missing" in out
    assert "nowhere" in wrong("check", "nowhere")
    assert "check.txt" in wrong("check", npz, "--figure", "check.txt")


# downloads

CONTENT = b"weights" * 1000


@pytest.fixture
def server(tmp_path):
    """An address below which /weights.bin is served, and what was asked for."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            there = self.path == "/weights.bin"
            self.send_response(200 if there else 404)
            self.send_header("Content-Length", str(len(CONTENT) if there else 0))
            self.end_headers()
            if there:
                self.wfile.write(CONTENT)

        def log_message(self, *words):
            pass

    found = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=found.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{found.server_port}", asked
    found.shutdown()
    thread.join()
    found.server_close()


def published(monkeypatch, url, kind, digest):
    monkeypatch.setitem(PUBLIC, "ours", Public(url, kind, digest, "for a test"))


@pytest.mark.parametrize("kind", ["sha1", "sha256", "the beginning of a sha256"])
def test_fetch(kind, server, tmp_path, monkeypatch, capsys):
    address, asked = server
    name = kind.split()[-1]
    digest = hashlib.new(name, CONTENT).hexdigest()
    if kind.startswith("the"):
        digest = digest[:8]
    published(monkeypatch, f"{address}/weights.bin", name, digest)
    arguments = ["fetch", "ours", "--out", str(tmp_path / "cache")]
    for _ in range(2):
        assert program.main(arguments) == 0
        path = tmp_path / "cache" / "weights.bin"
        assert capsys.readouterr().out == f"{path}\n"
        assert path.read_bytes() == CONTENT
    assert asked == ["/weights.bin"]  # the second time it is there already


def test_fetch_from_another_address(server, tmp_path, monkeypatch, capsys):
    address, asked = server
    digest = hashlib.sha1(CONTENT).hexdigest()
    published(monkeypatch, "http://127.0.0.1:9/weights.bin", "sha1", digest)
    arguments = ["fetch", "ours", "--out", str(tmp_path)]
    assert program.main([*arguments, "--url", f"{address}/weights.bin"]) == 0
    assert (tmp_path / "weights.bin").read_bytes() == CONTENT


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("path", ["/weights.bin", "/gone.bin", None])
def test_a_failed_download_keeps_nothing_and_removes_nothing(
    path, there, server, tmp_path, monkeypatch, wrong
):
    """Another file is served, none, or there is no server; a file of the name may be
    there before, the user's own."""
    url = f"{server[0]}{path}" if path else "http://127.0.0.1:9/weights.bin"
    published(monkeypatch, url, "sha1", "00" * 20)
    own = tmp_path / "cache" / url.split("/")[-1]
    if there:
        own.parent.mkdir()
        own.write_bytes(b"the user's own")
    line = wrong("fetch", "ours", "--out", tmp_path / "cache", codes=(1,))
    if there or path == "/weights.bin":
        assert "not " + "00" * 20 in line and ("was there before" in line) == there
    else:
        assert url in line and "--url" in line
    left = [file.read_bytes() for file in own.parent.iterdir()]
    assert left == ([b"the user's own"] if there else [])


def test_an_unknown_name(wrong):
    line = wrong("fetch", "nobodys")
    assert all(name in line for name in PUBLIC)


def test_published_files(capsys):
    """Hashes are whole, or what the file's own name carries; help has each name."""
    with pytest.raises(SystemExit):
        program.main(["fetch", "--help"])
    text = capsys.readouterr().out
    length = {"sha1": 40, "sha256": 64}
    for name, public in PUBLIC.items():
        assert int(public.digest, 16) and name in text
        whole = len(public.digest) == length[public.kind]
        assert whole or f"-{public.digest}." in public.url
