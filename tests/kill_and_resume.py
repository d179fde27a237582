"""Kills a training run at random moments, resumes it each time, and compares its bits
with those of a run left alone.

    python tests/kill_and_resume.py --kills 20

Takes a few minutes; prints one line a kill. Exit 0: the same bits; 1: not.
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

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
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        began = time.monotonic()
        if train(f"{root}/alone").wait() != 0:
            raise SystemExit("the run left alone did not finish")
        seconds = time.monotonic() - began
        rng = random.Random(options.seed)
        half = seconds / 2  # so that the last kills come before the end, too
        came = kill_and_resume(f"{root}/killed", options.kills, half, rng)
        same = same_bits(arrays(f"{root}/alone"), arrays(f"{root}/killed"))
    print(f"{came} of {options.kills} kills came before the end; same bits: {same}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
