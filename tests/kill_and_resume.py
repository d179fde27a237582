"""Kills a program at random moments, starts it again each time, and compares what it
leaves with what is left by one that was left alone.

    python tests/kill_and_resume.py --kills 20
    python tests/kill_and_resume.py --kills 20 --prepare
    python tests/kill_and_resume.py --kills 20 --shard
    python tests/kill_and_resume.py --kills 20 --workers 2

Trains on the digits, or prepares or shards 1,200 photographs. Takes minutes; prints one
line for every kill. With --workers, one of them is killed, the chief or another; the
others must stop in 90 seconds, with exit status 1 and one line that names it.
Exit 0: the same bits and no other files or processes; of workers, weights equal to
1e-6; 1: not.
"""

import argparse
import os
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

from alexnet_paper.training import workers

ARGUMENTS = (
    "--variant cifar-13pct --data digits --limit 800 --epochs 8 --seed 7".split()
)
SAVE = ("--save-every", "0.2")
ENDS_UNSAID = "or stops in"  # while TensorFlow connects workers, no thread can speak


def train(folder, *options):
    command = [sys.executable, "-m", "reproduce.train", *ARGUMENTS, "--out", folder]
    return subprocess.Popen(
        [*command, *SAVE, *options],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )


def start_workers(count, *words, **options):
    """Processes of `python WORDS` that are the workers of one run, the chief first."""
    found = []
    for config in workers.on_this_machine(count):
        environment = {**os.environ, "TF_CONFIG": config, "TF_CPP_MIN_LOG_LEVEL": "3"}
        command = [sys.executable, *map(str, words)]
        found.append(
            subprocess.Popen(
                command,
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                **options,
            )
        )
    return found


def said(process, seconds=90):
    """The lines on stderr that say why a process ended, and its exit status. It must
    end in time."""
    try:
        _, text = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        raise SystemExit("a worker outlives the others") from None
    ends = ("is gone", "did not come", ENDS_UNSAID)
    lines = [line for line in text.splitlines() if any(end in line for end in ends)]
    return lines[1:] or lines, process.returncode


def train_by_workers(folder, count, *options):
    words = ("-m", "reproduce.train", *ARGUMENTS, "--out", folder, *SAVE, *options)
    more = ("--epochs", "3", "--distribute", "workers", "--wait", "30")
    return start_workers(count, *words, *more)


def kill_a_worker(processes, moment, victim):
    """Kills one of a run's workers after `moment` seconds.

    Returns False if they had ended before, or all others had done their last step, else
    what the others, which must stop as they should, have said.
    """
    end = time.monotonic() + moment
    while all(one.poll() is None for one in processes) and time.monotonic() < end:
        time.sleep(0.05)
    if any(process.poll() is not None for process in processes):
        if any(said(process, 600)[1] for process in processes):
            raise SystemExit("a run that nobody disturbed did not finish")
        return False
    processes[victim].kill()
    found = [said(process) for process in processes]
    if not any(status for number, (_, status) in enumerate(found) if number != victim):
        return False
    for number, (lines, status) in enumerate(found):
        named = len(lines) == 1 and (
            f"worker {victim} (" in lines[0] or ENDS_UNSAID in lines[0]
        )
        if number != victim and not (status == 1 and named):
            raise SystemExit(f"worker {number} ended with {status}, saying {lines}")
    return found[victim - 1][0][0]


def kill_workers_and_resume(folder, alone, count, kills, seconds, rng):
    """Runs to the end with several workers, of which one is killed, again and again,
    until `kills` of them came before the end. Returns the largest difference of the
    runs that ended from the one that was left alone."""
    came, differences, options = 0, [], ()
    while came < kills or options:
        processes = train_by_workers(folder, count, *options)
        moment = rng.uniform(0, seconds) if came < kills else 3600
        victim, began = rng.randrange(count), time.monotonic()
        if text := kill_a_worker(processes, moment, victim):
            came += 1
            after = time.monotonic() - began - moment
            print(f"{came}: killed at {moment:.1f} s; {after:.1f} s later: {text}")
            options = ("--resume",) if (Path(folder) / "run.json").exists() else ()
        else:
            differences.append(largest_difference(alone, folder))
            print(f"resumed to the end: difference {differences[-1]:.1e}")
            shutil.rmtree(folder)
            options = ()
        sys.stdout.flush()
    return max(differences)


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


def largest_difference(one, other):
    """The largest difference of a number in the checkpoints of two runs."""
    ours, theirs = arrays(one), arrays(other)
    return max(
        np.abs(ours[name].astype("float64") - theirs[name]).max() for name in ours
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
    parser.add_argument("--workers", type=int, metavar="N")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as root:
        if options.data:
            done = kill_and_process(options.data, root, options.kills, rng)
            return report(*done, options.kills)
        alone, killed = f"{root}/alone", f"{root}/killed"
        began = time.monotonic()
        count = options.workers
        whole = train_by_workers(alone, count) if count else [train(alone)]
        if any([process.wait() for process in whole]):
            raise SystemExit("the run left alone did not finish")
        seconds = time.monotonic() - began
        print(f"left alone: {seconds:.0f} s", flush=True)
        if count:
            more = (alone, count, options.kills, seconds, rng)
            difference = kill_workers_and_resume(killed, *more)
            return report(options.kills, difference < 1e-6, options.kills)
        # half, so that the last kills come before the end, too
        came = kill_and_resume(killed, options.kills, seconds / 2, rng)
        same = same_bits(arrays(alone), arrays(killed))
    return report(came, same, options.kills)


def report(came, same, kills):
    print(f"{came} of {kills} kills came before the end; the same: {same}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
