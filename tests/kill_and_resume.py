"""Kills a program at random moments, starts it again each time, and compares what it
leaves with what is left by one that was left alone.

    python tests/kill_and_resume.py --kills 20
    python tests/kill_and_resume.py --kills 20 --prepare
    python tests/kill_and_resume.py --kills 20 --shard

Trains on the digits, or prepares or shards 1,200 photographs. Takes minutes; prints one
line for every kill. Exit 0: the same bits and no other files or processes; 1: not.
"""

import argparse
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

ARGUMENTS = (
    "--variant cifar-13pct --data digits --limit 800 --epochs 8 --seed 7".split()
)
SAVE = ("--save-every", "0.2")


def train(folder, *options):
    command = [sys.executable, "-m", "reproduce.train", *ARGUMENTS, "--out", folder]
    return subprocess.Popen(
        [*command, *SAVE, *options],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )


END = {"prepare": "prepared.json", "shard": "shards.json"}  # what is written last


def process_data(action, source, out):
    """Starts `reproduce.data prepare`, or `shard` with shards of 30 images."""
    code = "import sys; from alexnet_paper.data import sharding; sharding.IMAGES = 30; "
    code += "from reproduce import data; sys.exit(data.main())"
    command = [sys.executable, "-c", code, action, "--data", "folder"]
    return subprocess.Popen(
        [*command, "--data-dir", source, "--out", out, "--workers", "2"],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,  # its workers are found by its session
    )


def photographs(folder):
    """1,200 small photographs of two classes."""
    rng = np.random.default_rng(0)
    for number in range(1200):
        path = Path(folder, "ab"[number % 2], f"{number:04d}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        size = rng.integers(20, 90, 2)
        Image.fromarray(rng.integers(0, 256, (*size, 3), "uint8")).save(path)


def contents(folder):
    """{path: bytes} of all files below a folder, but for the report's times."""
    files = (path for path in Path(folder).rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in files
        if path.name != "prepared.json"
    }


def alone_after(process, seconds):
    """Returns whether the workers of a killed process end, too."""
    for _ in range(seconds):
        left = subprocess.run(["pgrep", "-s", str(process.pid)], capture_output=True)
        if not left.stdout:
            return True
        time.sleep(1)
    return False


def kill_and_process(action, root, kills, rng):
    """Returns how often the kill came before the end, and whether all is the same."""
    source, end = f"{root}/photographs", Path(root, "killed", END[action])
    photographs(source)
    began = time.monotonic()
    if process_data(action, source, f"{root}/alone").wait() != 0:
        raise SystemExit("the work left alone did not finish")
    seconds, came = time.monotonic() - began, 0
    for _ in range(kills):
        if end.exists():  # once more from the start
            shutil.rmtree(f"{root}/killed")
        process = process_data(action, source, f"{root}/killed")
        time.sleep(rng.uniform(0, seconds))
        came += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        if not alone_after(process, 30):
            raise SystemExit("workers outlive their process")
        print("killed", flush=True)
    if not end.exists():
        process_data(action, source, f"{root}/killed").wait()
    return came, contents(f"{root}/alone") == contents(f"{root}/killed")


def arrays(folder):
    """Every array of the checkpoint but the text, which has times in it."""
    with np.load(Path(folder) / "checkpoint.npz") as file:
        return {name: file[name] for name in file.files if name != "meta"}


def same_bits(a, b):
    return a.keys() == b.keys() and all(
        a[name].dtype == b[name].dtype and a[name].tobytes() == b[name].tobytes()
        for name in a
    )


def kill_and_resume(folder, kills, seconds, rng):
    """Runs to the end, killed `kills` times after up to `seconds`. Returns how often
    the kill came before the end."""
    came, options = 0, ()
    for _ in range(kills):
        process = train(folder, *options)
        time.sleep(rng.uniform(0, seconds))
        came += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        started = (Path(folder) / "run.json").exists()
        options = ("--resume",) if started else ()
        print(f"killed; {'resuming' if started else 'starting again'}", flush=True)
    if train(folder, *options).wait() != 0:
        raise SystemExit("the resumed run did not finish")
    return came


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--prepare", action="store_const", const="prepare", dest="data")
    parser.add_argument("--shard", action="store_const", const="shard", dest="data")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        if options.data:
            rng = random.Random(options.seed)
            done = kill_and_process(options.data, root, options.kills, rng)
            return report(*done, options.kills)
        began = time.monotonic()
        if train(f"{root}/alone").wait() != 0:
            raise SystemExit("the run left alone did not finish")
        seconds = time.monotonic() - began
        rng = random.Random(options.seed)
        half = seconds / 2  # so that the last kills come before the end, too
        came = kill_and_resume(f"{root}/killed", options.kills, half, rng)
        same = same_bits(arrays(f"{root}/alone"), arrays(f"{root}/killed"))
    return report(came, same, options.kills)


def report(came, same, kills):
    print(f"{came} of {kills} kills came before the end; same bits: {same}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
