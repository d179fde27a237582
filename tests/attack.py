"""Attacks the programs with odd arguments, and with runs and records that somebody has
tampered with.

    python tests/attack.py --areas runs --share 0.1

A program must give the result that it gives without the tampering, or name the file in
a note, or refuse in one line that names the file or option. Prints the attacks for
which it does not, and a table. With --share 1 it takes about half an hour.
"""

import argparse
import contextlib
import importlib
import json
import math
import os
import pkgutil
import random
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

import alexnet_paper
import reproduce
from alexnet_paper.files import printable
from alexnet_paper.results.record import shipped
from reproduce import command_line

PATIENCE, MEMORY = 30, 2**32  # most seconds of processor time and bytes of an attack
NOTED = "left out: ", "starts anew", "has no class names"
HANG = signal.SIGPROF, signal.SIGALRM  # kill it after PATIENCE, or ten times as long
TRAIN = "--variant cifar-18pct --data digits --limit 60 --batch-size 20 "
TRAIN += "--schedule plateau --epochs"
RESUMED = f"train {TRAIN} 2 --out run --resume"
READ = {  # what reads a finished run: its share of the attacks
    "evaluate --run run --split test --out made": 1,
    "predict photos/a/0.png --run run": 0.3,
    "features --run run --data digits --limit 60 --out made": 0.03,
    "figure 3 --run run --out f.png": 0.2,
    "figure 4 --run run --data digits --limit 20 --out f.png": 0.03,
    "figure curves --run run --out f.png": 0.3,
    "figure confusion --run run --out f.png": 0.2,
}
RECORDS = {  # beginning of their names: what reads them
    "figure1": "figure 1 --out f.png --records records",
    "biases": "figure biases --out f.png --records records",
    "features": "table --claim N03 --records records",
    "bn-": "table --variant bn-cifar10 --claim BC25 --records records",
}
LINES = (  # to which odd arguments are added
    *(*READ, *RECORDS.values(), f"train {TRAIN} 1 --out made", "figure 2 --out f.png"),
    "compare --differences paper caffe",
    "compare --data cifar10 --variants cifar-18pct --rounds 1 --out c.png",
    "experiment choices --data-dir photos",
    "data check --data digits",
    "data prepare --data folder --data-dir photos --out made --workers 1",
    "weights import run/checkpoint.npz --out made.npz",
    "weights show run/checkpoint.npz",
    "weights fetch bvlc-alexnet --url file:///none --out made",
    "docs --check",
)
GONE, HUGE, ESCAPE = object(), 10**400, "\33[31m\n"
ODD = (GONE, None, True, "x", "", [], [HUGE], {}, -1, 0, 1.5, HUGE, float("nan"))
MORE = {  # key: further odd values
    "plan": [{"variant": "paper", "data": "digits"}],
    "variant": ["paper", "cifar-13pct", "cifar-18pct.relu-to-tanh"],
    **{"data": ["cifar10", "folder"], "placement": ["CPU:9"], "watch": ["no"]},
    **{"schedule": ["145", "1,2", "9" * 5000 + ",1"], "precision": ["float16"]},
    **dict.fromkeys(("epochs", "epoch", "seed", "limit", "size"), [2, 24, 10**9]),
    **{"arm": ["relu-x", "relu-nan", "tanh-0.5", ESCAPE], "top1_error": [0.5]},
    0: ["9", ESCAPE],
}
UNREAD = (
    "alexnet_paper keras tensorflow jax torch numpy python machine backend"
).split()
# A file that is whole and fits the others is believed.
BELIEVED = r"arrays |meta (preparation|state\.(rate|logs|plateau|step|seconds))|command"
BELIEVED += r"|plan\.(data_dir|placement)|distribution|seconds"
BELIEVED += r"|views.*( = | missing)"
WORDS = ["", "0", "-1", "9" * 30, "1e999", "nan", "x", ESCAPE, "\udcff", "a,,b", "0.5"]
WORDS += ["1", "photos", "none/none/x.png", "fifo", "text/x.png", "/proc/x.png"]
OUTCOMES = "accepted", "one line", "traceback", "hang", "crash", "memory", "unclear"
OUTCOMES += ("false",)
TEXTS = b"", b"[" * 10**6, bytes(999), b"\xff\xfe", b"{}", b"9" * 10**5, b"\n", b"null"
KINDS = {
    **{"folder": Path.mkdir, "pipe": os.mkfifo, "missing": lambda path: None},
    "loop": lambda path: path.symlink_to(path.name),
    "huge": lambda path: (path.touch(), os.truncate(path, 2**40)),
    "device": lambda path: path.symlink_to("/dev/zero"),
}

# what is done: pairs of its name and of a function that does it in a folder


def places(content, path=()):
    """The path of every value in JSON but those in a list after its first."""
    if path:
        yield path
    if isinstance(content, (dict, list)):
        rows = content.items() if isinstance(content, dict) else enumerate(content[:1])
        for key, value in rows:
            yield from places(value, (*path, key))


def of_json(text):
    """(name, JSON) for every value that is read taken out or replaced."""
    for path in places(json.loads(text)):
        for value in () if path[0] in UNREAD else (*ODD, *MORE.get(path[-1], ())):
            content = inner = json.loads(text)
            for key in path[:-1]:
                inner = inner[key]
            inner[path[-1]] = value
            if value is GONE:
                del inner[path[-1]]
            told = "gone" if value is GONE else repr(value)[:20]
            yield f"{'.'.join(map(str, path))} = {told}", content


def of_arrays(arrays):
    """(name, arrays) for an array of every kind taken out or replaced."""
    kinds = {re.sub(r"\d+|^conv", "", name): name for name in sorted(arrays)[::-1]}
    for name in kinds.values():
        array = arrays[name]
        changed = {kind: array.astype(kind) for kind in ("int8", "float64", "U", "?")}
        changed["half"] = array[: len(array) // 2] if array.ndim else array[None]
        changed |= {"flat": array.ravel(), "empty": np.zeros((0, 9), "float32")}
        for value in (np.nan, np.inf, -1, 1e30):
            changed[str(value)] = np.full(array.shape, value, "float32")
        for what, other in changed.items():
            yield f"{name} {what}", {**arrays, name: other}
        yield f"{name} gone", {n: a for n, a in arrays.items() if n != name}


def of_file(name, content):
    """A file replaced as such, or its bytes changed."""
    for what, make in KINDS.items():
        yield f"{name} {what}", lambda f, m=make: ((f / name).unlink(), m(f / name))
    changed = {text[:5]: text for text in TEXTS}
    changed["cut"] = content[: len(content) * 2 // 3]
    changed |= {"twice": 2 * content, "longer": content + b"\n\n"}
    for n in range(12):
        place = random.Random(n).randrange(len(content))
        bit = bytes([content[place] ^ 1 << n % 8])
        key = re.match(rb' "(\w+)"', content[content.rfind(b"\n", 0, place) + 1 :])
        told = f"bit {n} of {key[1].decode()}" if key else f"bit {n}"
        changed[told] = content[:place] + bit + content[place + 1 :]
    for what, text in changed.items():
        yield f"{name} {what}", lambda f, t=text: (f / name).write_bytes(t)


def of_run(folder, other):
    """A file of a run replaced, or a value or array in it."""
    for name in ("run.json", "log.jsonl", "checkpoint.npz"):
        yield from of_file(name, (folder / name).read_bytes())
        yield f"{name} of another run", lambda f, n=name: shutil.copy(other / n, f / n)
    for name in ("run.json", "log.jsonl"):
        text = (folder / name).read_text()
        first, rest = text.split("\n", 1) if name == "log.jsonl" else (text, "")
        for what, new in of_json(first):
            text = f"{json.dumps(new)}\n{rest}"
            yield f"{name} {what}", lambda f, n=name, t=text: (f / n).write_text(t)
    with np.load(folder / "checkpoint.npz") as file:
        arrays = dict(file)

    def write(folder, meta, arrays):
        if meta.get("arrays"):
            meta = {**meta, "arrays": sorted(arrays)}
        text = np.frombuffer(json.dumps(meta).encode(), "uint8")
        np.savez(folder / "checkpoint.npz", meta=text, **arrays)

    meta = json.loads(text := arrays.pop("meta").tobytes())
    for what, new in of_json(text):
        yield f"meta {what}", lambda f, new=new: write(f, new, arrays)
    for what, new in of_arrays(arrays):
        yield f"arrays {what}", lambda f, new=new: write(f, meta, new)


def of_record(path):
    """A record replaced, or a value in it."""
    yield from of_file(path.name, path.read_bytes())
    for what, new in of_json(path.read_text()):
        text = json.dumps(new)
        yield f"{path.name} {what}", lambda f, t=text: (f / path.name).write_text(t)


def odd_arguments(line):
    """Lists of arguments, for every option of a line's program."""
    program, first, *_ = line.split()
    parser = importlib.import_module(f"reproduce.{program}").parser()
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            parser = action.choices[first]
    options = [name for action in parser._actions for name in action.option_strings]
    options = [name for name in options if name not in ("-h", "--help")]
    odd = [[name, word] for name in options for word in WORDS]
    odd += [[name] for name in options] + [[word] for word in WORDS]
    rng = random.Random(line)
    odd += [rng.choice(odd) + rng.choice(odd) for _ in range(len(odd) // 4)]
    return [*odd, ["--no-such"], ["--", "-x"]]


def attacks(root):
    """(area, base, line, arguments to add, what is done, function, share)."""
    for base, lines in (("finished", READ), ("stopped", {RESUMED: 1})):
        changes = [*of_run(root / base / "run", root / "other" / "run")]
        for line, share in lines.items():
            yield "runs", base, line, [], "", None, 1
            for what, do in changes:
                yield "runs", base, line, [], what, lambda d=do: d(Path("run")), share
    for start, line in RECORDS.items():
        yield "records", "finished", line, [], "", None, 1
        for what, do in of_record(min(shipped().glob(f"{start}*.json"))):
            do = lambda d=do: d(Path("records"))  # noqa: E731
            yield "records", "finished", line, [], what, do, 1
    for line in LINES:
        for more in odd_arguments(line):
            yield "arguments", "finished", line, more, repr(more), None, 1


# one attack


def results(began):
    """What a program wrote, without commands and times."""
    found = []
    for path in sorted(path for path in Path().rglob("*.*") if path.is_file()):
        if path.stat().st_mtime_ns < began or path.name == "run.json":
            continue
        if path.suffix == ".npz":
            with np.load(path) as file:
                found += [hash(file[name].tobytes()) for name in set(file) - {"meta"}]
        elif path.suffix in (".json", ".jsonl"):
            said = r'"(seconds|command|commit|trained\w*)": (\[[^]]*\]|[^,}\n]*)'
            found.append(re.sub(said, "", path.read_text()))
    return sorted(map(str, found))


def attack(base, line, more, change, answer):
    """Runs a program in a copy of a base, and writes what came of it."""
    os.setsid()
    program, *words = line.split()
    shutil.copytree(base, box := answer.parent / "box")
    os.mkfifo(box / "fifo")
    os.chdir(box)
    if change:
        change()
    began = time.time_ns()
    sys.stdout = open(answer.with_suffix(".out"), "w", encoding="utf-8")
    sys.stderr = open(answer.with_suffix(".err"), "w", errors="backslashreplace")
    signal.setitimer(signal.ITIMER_PROF, PATIENCE)
    signal.alarm(10 * PATIENCE)
    try:
        code = importlib.import_module(f"reproduce.{program}").main([*words, *more])
    except SystemExit as error:
        code = error.code
    except BaseException:
        code = traceback.format_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.alarm(0)
    answer.write_text(json.dumps([code, [] if code else results(began)]))


def forked(function, *arguments):
    """A child of this process, in which everything is imported already."""
    sys.stdout.flush()
    child = os.fork()
    if not child:
        try:
            function(*arguments)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)
    return child


def awaited(child, patience):
    """(status, most bytes) of a child, which gets Ctrl-C after `patience` seconds."""
    began = time.monotonic()
    while True:
        done, status, usage = os.wait4(child, os.WNOHANG)
        if done:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)  # what it has started
            return status, usage.ru_maxrss * 1024
        time.sleep(0.01)
        if time.monotonic() - began > patience:
            os.kill(child, signal.SIGINT)
            patience = math.inf


def outcome(root, base, line, more, change, names, right):
    """(outcome, what the program said, its results).

    A refusal has one of `names`; `right` are the results without the attack, or None.
    """
    shutil.rmtree(root / "attack", ignore_errors=True)
    answer = root / "attack" / "answer"
    answer.parent.mkdir()
    child = forked(attack, root / base, line, more, change, answer)
    trains = more and line.startswith("train")
    status, peak = awaited(child, PATIENCE / 3 if trains else math.inf)
    ends = (answer.with_suffix(end) for end in (".out", ".err"))
    out, err = (p.read_text(errors="replace") if p.exists() else "" for p in ends)
    if os.WIFSIGNALED(status) or not answer.exists():
        hang = os.WIFSIGNALED(status) and os.WTERMSIG(status) in HANG
        return "hang" if hang else "crash", f"{status} {err}", None
    code, wrote = json.loads(answer.read_text())
    if isinstance(code, str):
        return "traceback", code, None
    if peak > MEMORY:
        return "memory", f"{peak:,} bytes {err}", None
    if not code or "stopped after the step, and saved" in err:
        noted = any(words in out + err for words in NOTED)
        same = right is None or noted or right == (out, wrote)
        return "accepted" if same else "false", f"{out}{err}", (out, wrote)
    *_, last = [line for line in err.splitlines() if line.strip()] or [""]
    errors = re.findall("(?m)^(?:python -m .*)?error: .*", err)
    short = len(last) < 500 and r"\n" not in last.replace(r"\x1b[31m\n", "")
    named = all(any(name in line for name in names) for line in errors)
    clear = errors[-1:] == [last] and short and named
    return "one line" if clear or ": stopped." in err else "unclear", err, None


def train(base, words):
    from reproduce import progress
    from reproduce import train

    def stop(self, batch, logs=None):
        if (self.run.epoch, self.run.step) == (1, 1):
            signal.raise_signal(signal.SIGINT)

    if base == "stopped":
        progress.EpochProgress.on_train_batch_end = stop
    with contextlib.suppress(SystemExit):
        train.main(words)


def prepared(root):
    """Folders with a finished run, one stopped within an epoch, and another run."""
    for base in ("finished", "stopped", "other"):
        (root / base).mkdir()
        os.chdir(root / base)
        Path("text").write_text("text")
        for name in ("a/0.png", "a/1.png", "b/0.png", "b/1.png"):
            Path("photos", name).parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (40, 30), (len(name), 90, 9)).save(f"photos/{name}")
        shutil.copytree(shipped(), "records")
        seed = "1" if base == "other" else "0"
        words = f"{TRAIN} 2 --out run --seed {seed}".split()
        os.waitpid(forked(train, base, words), 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--areas", default="runs,records,arguments")
    parser.add_argument("--share", type=float, default=0.1, help="of the attacks")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--all", action="store_true", help="print every attack")
    options = parser.parse_args()
    command_line.quiet_keras()
    for package in (alexnet_paper, reproduce):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    counts, right = {area: Counter() for area in options.areas.split(",")}, {}
    rng = random.Random(options.seed)
    with contextlib.suppress(KeyboardInterrupt), tempfile.TemporaryDirectory() as root:
        prepared(root := Path(root))
        for area, base, line, more, what, change, share in attacks(root):
            if area not in counts or what and rng.random() > share * options.share:
                continue
            names = [part for word in more for part in re.split("--", printable(word))]
            names += ["--", "photographs"] if more else ["run", "data", "record"]
            known = None if more or re.search(BELIEVED, what) else right.get(line)
            found, said, wrote = outcome(root, base, line, more, change, names, known)
            if not what:
                right[line] = wrote
            counts[area][found] += 1
            if options.all or found not in OUTCOMES[:2]:
                print(f"{found}: {line}: {what}\n  {said[-1500:]!r}", flush=True)
        os.chdir("/")
    print(f"{'area':10} {'tried':>9}", *(f"{name:>9}" for name in OUTCOMES))
    for area, found in counts.items():
        cells = (f"{found[name]:9}" for name in OUTCOMES)
        print(f"{area:10} {found.total():9}", *cells)
    return int(any(set(found) - set(OUTCOMES[:2]) for found in counts.values()))


if __name__ == "__main__":
    sys.exit(main())
