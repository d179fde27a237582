"""Replicas and workers take the steps of one process, and stop if one is gone."""

import json
import re
import signal
import threading
import time

import distributed
import keras
import kill_and_resume
import numpy as np
import pytest

from alexnet_paper.data.batches import Batches
from alexnet_paper.data.batches import Slices
from alexnet_paper.nets import model as models
from alexnet_paper.nets import variants
from alexnet_paper.training import distribution
from alexnet_paper.training import train as training
from alexnet_paper.training import workers
from alexnet_paper.training.run import Stopped
from alexnet_paper.weights import file as weights
from reproduce import train as program

pytestmark = pytest.mark.usefixtures("no_determinism_afterwards")
if keras.backend.backend() != "tensorflow":
    pytest.skip("tf.distribute needs TensorFlow", allow_module_level=True)


@pytest.fixture(scope="module", autouse=True)
def small_variants():
    """Both nets as variants, and determinism."""
    training.enable_determinism()
    with pytest.MonkeyPatch.context() as patch:
        for name, variant in distributed.ADDED.items():
            patch.setitem(variants.VARIANTS, name, variant)
        yield


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """Folder of both nets' runs by one process, and of one that it stopped."""
    root = tmp_path_factory.mktemp("alone")
    for name in distributed.NETS:
        assert distributed.begin(distributed.plan(name), root / name).train()
    run = distributed.begin(distributed.plan("grouped"), root / "handed over")
    assert not distributed.signalled(run, signal.SIGINT, 0, 2)
    return root


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory):
    """Folder of both nets' runs by two replicas, and the replicas' weights."""
    root = tmp_path_factory.mktemp("mirrored")
    for name in distributed.NETS:
        replicas = distribution.connect("mirrored", 2)
        run = distributed.begin(distributed.plan(name), root / name, replicas)
        assert run.train()
        for index in range(2):
            own = {v.path: v.value.values[index].numpy() for v in run.model.weights}
            np.savez(root / f"{name}-{index}.npz", **own)
    return root


@pytest.fixture(scope="module")
def by_workers(alone, tmp_path_factory):
    """The same of two workers, in processes of their own."""
    root = tmp_path_factory.mktemp("workers")
    (alone / "handed over").rename(root / "handed over")
    script = distributed.__file__
    processes = kill_and_resume.start_workers(2, script, root)
    said = [process.communicate(timeout=300)[1] for process in processes]
    ended = [process.returncode for process in processes]
    assert ended == [1, -signal.SIGKILL], said
    (root / "said").write_text(said[0])
    return root


def arrays(folder):
    found = kill_and_resume.arrays(folder)
    return {name: array.astype("float64") for name, array in found.items()}


def assert_near(one, other):
    """Weights, momentum, running means and seeds, and the log."""
    ours, theirs = arrays(one), arrays(other)
    assert ours.keys() == theirs.keys()
    for name in ours:
        scale = max(1, np.abs(ours[name]).max())  # of sums, and of seeds
        np.testing.assert_allclose(
            theirs[name], ours[name], rtol=0, atol=1e-5 * scale, err_msg=name
        )
    lines = [(folder / "log.jsonl").read_text().splitlines() for folder in (one, other)]
    for line, twin in zip(*lines, strict=True):
        line, twin = json.loads(line), json.loads(twin)
        del line["seconds"], twin["seconds"]
        assert twin == pytest.approx(line, abs=1e-4)


@pytest.mark.parametrize("name", distributed.NETS)
@pytest.mark.parametrize("how", ["mirrored", "by_workers"])
def test_eight_steps_are_those_of_one_process(how, name, alone, request):
    """With a batch that is shared unevenly, and one of a single image; grouped
    convolutions, response normalization and dropout, or batch normalization."""
    root = request.getfixturevalue(how)
    one, two = (dict(np.load(root / f"{name}-{index}.npz")) for index in range(2))
    assert kill_and_resume.same_bits(one, two)  # the replicas
    assert_near(alone / name, root / name)
    fresh = training.Run(
        distributed.plan(name), distributed.plan(name).dataset(), alone / name
    )
    after = arrays(root / name)
    for path, before in models.get_weights(fresh.model).items():
        if path.endswith("kernel"):  # a normalization takes a bias before it away
            assert np.abs(after[path] - before).max() > 1e-4, path  # it has moved
    text = json.loads((root / name / "run.json").read_text())["distribution"]
    assert text in ("2 replicas in one process", "2 workers")


def test_workers_go_on_with_a_run_of_one_process_and_the_other_way_round(
    alone, by_workers
):
    """The second after an interrupt of one worker, which stops both and saves."""
    assert_near(alone / "grouped", by_workers / "handed over")
    folder = by_workers / "stopped"
    state = weights.load(folder / "checkpoint.npz").meta["state"]
    assert (state["epoch"], state["step"]) == (0, 3)
    said = []
    plan = distributed.plan("grouped")
    run = training.start(plan, folder, "command", True, said.append)
    assert run.train()
    assert_near(alone / "grouped", folder)
    (text,) = (line for line in said if "goes on with" in line)
    assert "with 2 workers and goes on with one process: equal to rounding" in text
    for name, both in (
        ("handed over", "one process; 2 workers"),
        ("stopped", "2 workers; one process"),
    ):
        about = json.loads((by_workers / name / "run.json").read_text())
        assert about["distribution"] == both


def test_a_killed_worker_is_named_and_the_run_resumed(alone, by_workers):
    """By the other, in its last line. At random steps, and the chief, too:
    python tests/kill_and_resume.py --kills 20 --workers 2."""
    last = (by_workers / "said").read_text().splitlines()[-1]
    assert re.fullmatch(r"worker 1 \(127.0.0.1:\d+\) is gone: stopped.", last)
    folder = by_workers / "killed"
    state = weights.load(folder / "checkpoint.npz").meta["state"]
    assert (state["epoch"], state["step"]) == (1, 2)
    assert distributed.begin(distributed.plan("grouped"), folder, resume=True).train()
    assert_near(alone / "grouped", folder)


@pytest.mark.parametrize("parts", [1, 2, 3, 5])
def test_slices_are_the_batch(parts):
    """In order and once, whoever prepares them; a batch that is too small is whole
    everywhere."""
    run = distributed.plan("grouped")
    split = run.dataset().splits["train"]
    prepare = training.Run(run, run.dataset(), "").prepare
    batches = Batches(split.take(slice(17)), prepare, 7, seed=1)
    for step in range(len(batches)):
        images, labels = batches[step]
        cut = [Slices(batches, parts, part, 1)[step] for part in range(parts)]
        if len(images) < parts:
            assert all(np.array_equal(own, images) for own, _, _ in cut)
            assert {tuple(place) for *_, place in cut} == {(0, len(images), parts)}
            continue
        assert np.array_equal(np.concatenate([own for own, _, _ in cut]), images)
        assert np.array_equal(np.concatenate([own for _, own, _ in cut]), labels)
        sizes = [len(own) for own, _, _ in cut]
        assert max(sizes) - min(sizes) <= 1
        starts = np.cumsum([0, *sizes[:-1]])
        places = [(start, len(images), 1) for start in starts]
        assert [tuple(place) for *_, place in cut] == places


# workers


def cluster(index, count=3):
    ports = workers.free_ports(count)
    return workers.Cluster(tuple(f"127.0.0.1:{port}" for port in ports), index)


def test_a_worker_that_never_comes_is_named_by_all():
    """Within the time, by the chief and by those who came."""
    chief, said = cluster(0), {}

    def come(index):
        one = workers.Cluster(chief.addresses, index)
        try:
            with one.met(2, lambda text: None):
                said[index] = "came"
        except Stopped as reason:
            said[index] = str(reason)

    for index in (0, 1):
        threading.Thread(target=come, args=(index,)).start()
    while len(said) < 2:
        time.sleep(0.01)
    text = f"worker 2 ({chief.addresses[2]}) did not come in 2 s."
    assert said == {0: text, 1: text}


def test_a_chief_that_never_comes():
    with pytest.raises(
        Stopped, match=r"worker 0 \(.*, the chief\) did not come in 0.5"
    ):
        with cluster(1).met(0.5, lambda text: None):
            pytest.fail("it came")


def test_the_workers_that_tensorflow_names():
    one = workers.Cluster(("a:1", "b:2", "c:3"), 1, has_chief=True)
    text = "from /job:worker/task:0: unhealthy: /job:worker/replica:0/task:1 and"
    assert one.named(text) == [2]
    assert one.named("/job:chief/replica:0/task:0: reset by peer") == [0]


WRONG = {
    "--distribute workers": "needs TF_CONFIG",
    "--replicas 2": "--replicas needs --distribute mirrored",
    "--distribute mirrored --replicas 0": "--replicas 0",
    "--distribute mirrored --replicas 9": "--replicas 9: this process has CPU:0, CPU:1",
    "--distribute mirrored --placement CPU:0,CPU:1": "cannot be combined",
    "--distribute mirrored --placement two-devices": "cannot be combined",
}


@pytest.mark.parametrize("options", WRONG)
def test_wrong_use(options, wrong_use, tmp_path, monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    words = "--variant cifar-18pct --data digits --limit 100 --epochs 1".split()
    out = ("--out", tmp_path / "run")
    assert WRONG[options] in wrong_use(program, *words, *options.split(), *out)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("{", "TF_CONFIG: "),
        ('{"cluster": {"worker": ["a:1"]}}', "task is missing"),
        ('{"cluster": {"ps": ["a:1"]}, "task": {"type": "ps", "index": 0}}', "ps"),
        (
            '{"cluster": {"worker": ["a"]}, "task": {"type": "worker", "index": 0}}',
            "a is not an address",
        ),
        (
            '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}',
            "there is no worker 1, only 1",
        ),
    ],
)
def test_a_wrong_cluster(config, said, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", config)
    with pytest.raises(ValueError, match=said):
        distribution.connect("workers")


def test_other_backends_cannot_distribute(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ValueError, match="needs Keras's TensorFlow backend, not jax"):
        distribution.connect("mirrored")
