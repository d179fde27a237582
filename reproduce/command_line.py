"""Functions that all programs share: help, exit codes, quiet libraries, output."""

import argparse
import contextlib
import logging
import os
import re
import shlex
import sys
import tempfile
from pathlib import Path

from alexnet_paper.files import printable

WRONG_USE = (
    FileExistsError,
    FileNotFoundError,
    NotADirectoryError,
    PermissionError,
    ValueError,
)
BAD_FILE = re.compile("^.*(?:BadImage|BadShard): (.*)$", re.M)  # in TensorFlow's text
OUT_OF_MEMORY = ("MemoryError", "ResourceExhaustedError", "_ArrayMemoryError")


class Parser(argparse.ArgumentParser):
    def error(self, message):
        super().error(printable(message))


def parser(program, docstring):
    """Returns an argument parser that shows the program's docstring as it is."""
    return Parser(
        prog=f"python -m {program}",
        description=docstring,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def read(parser, arguments=None):
    """Returns the options of a command line, with the line itself as `command`."""
    words = sys.argv[1:] if arguments is None else list(map(str, arguments))
    options = parser.parse_intermixed_args(without_dashes(words))
    options.command = f"{parser.prog} {shlex.join(words)}"
    return options


def without_dashes(words):
    """Returns the words without "--", and "-x.jpg" after it as "./-x.jpg", because
    argparse cannot mix "--" with options that follow positional arguments."""
    if "--" not in words:
        return words
    at = words.index("--")
    after = (f"./{word}" if word.startswith("-") else word for word in words[at + 1 :])
    return [*words[:at], *after]


def without(command, option):
    """Returns a command's words, from the program's name on, without an option and its
    value."""
    words = shlex.split(command.removeprefix("python -m "))
    found = [i for i, word in enumerate(words) if word.partition("=")[0] == option]
    for index in reversed(found):
        del words[index : index + (1 if "=" in words[index] else 2)]
    return words


def run(program, options):
    """Runs `program(options)` and returns its exit code.

    It is 0, or 1 with one line on stderr for Ctrl-C and for errors of the system, such
    as a full disk or memory, or a damaged image that is met in training.
    """
    from alexnet_paper.files import in_words

    streams_for_any_text()
    try:
        program(options)
        sys.stdout.flush()
    except BrokenPipeError:  # who reads has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        note(f"error: {printable(in_words(error))}")
        return 1
    except Exception as error:
        if met := BAD_FILE.search(str(error)):
            note(f"error: {met[1]}")
            return 1
        if type(error).__name__ not in OUT_OF_MEMORY:
            raise
        print("error: out of memory: try a smaller --batch-size", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 1
    return 0


def streams_for_any_text():
    """Makes stdout and stderr show "?" for what their encoding lacks, and replaces
    streams that are closed."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


@contextlib.contextmanager
def usage():
    """Context for code that checks what the user asked for.

    A ValueError, or a file or folder that is missing or not permitted, ends the program
    with one line on stderr and exit code 2.
    """
    from alexnet_paper.files import in_words

    try:
        yield
    except WRONG_USE as error:
        note(f"error: {printable(in_words(error))}")
        raise SystemExit(2) from error


def check_out(path, folder=False):
    """Raises ValueError if no file, or no `folder`, can be written at `path`.

    Programs call it before they compute anything.
    """
    path = Path(path)
    if not folder and path.is_dir():
        raise ValueError(f"--out {path}: it is a folder, not a file.")
    for above in (path, *path.parents) if folder else path.parents:
        if above.exists():
            if not above.is_dir():
                raise ValueError(f"--out {path}: {above} is a file, not a folder.")
            try:
                tempfile.TemporaryFile(dir=above).close()
            except OSError as error:
                raise ValueError(f"--out {path}: {error.strerror}") from error
            return


def net_options(parser):
    """Adds --weights and --run, the two ways to name a trained net."""
    parser.add_argument("--weights", metavar="FILE", help="a weight file")
    parser.add_argument("--run", metavar="RUN", help="folder of a run")


def precision_option(parser, default=None, help="default: float32"):
    """Adds --precision, one of `specs.PRECISIONS`."""
    from alexnet_paper.nets.specs import PRECISIONS

    parser.add_argument("--precision", choices=PRECISIONS, default=default, help=help)


def open_net(options):
    """Returns the `Trained` net of --weights or --run; exactly one must be given."""
    from alexnet_paper.training import run as run_folder
    from alexnet_paper.training.plan import check_seed
    from alexnet_paper.weights import net as nets

    with usage():
        check_seed(getattr(options, "seed", 0))
        if (options.weights is None) == (options.run is None):
            raise ValueError("name one trained net: --weights FILE or --run RUN.")
        if options.run is not None:
            return run_folder.open_run(options.run)
        return nets.open_weights(options.weights)


def quiet_keras():
    """Imports Keras and its backend without their start-up messages on stderr."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    saved, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        import keras  # noqa: F401
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # advice on many models


def note(text):
    """Prints a note on stderr; stdout is for results."""
    lines = map(printable, text.split("\n"))
    print("\n".join(lines), file=sys.stderr, flush=True)


def console():
    """Returns a rich console on stderr, for progress."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def speed_column(unit):
    """Returns a progress column such as "1,234 files/s"."""
    from rich.progress import ProgressColumn
    from rich.text import Text

    class Speed(ProgressColumn):
        def render(self, task):
            return Text(f"{task.speed:,.0f} {unit}" if task.speed else "")

    return Speed()


def emit(content, out=None):
    """Prints a result, or writes it to the file `out`, whole or not at all."""
    if out is None:
        sys.stdout.write(content)
        return
    from alexnet_paper.files import atomic_write

    atomic_write(out, content)
    print(f"written: {out}", file=sys.stderr)
