"""Measures the errors of a trained run, or of several averaged, and writes a record.

    python -m reproduce.evaluate --run runs/bn-cifar10-digits-seed0 --split test
    python -m reproduce.evaluate --run runs/a --run runs/b --views 10

Ten views are the four corners, the centre and their reflections, their probabilities
averaged (paper §4.1). The record goes into the first run's folder, where
`reproduce.table` finds it, or into --out. Exit 0: measured; 1: failed; 2: wrong use.
"""

import shlex
import sys

from reproduce import command_line


def parser():
    parser = command_line.parser("reproduce.evaluate", __doc__)
    add = parser.add_argument
    add(
        "--run",
        action="append",
        required=True,
        metavar="RUN",
        help="folder of a run; several are averaged",
    )
    add("--split", default="validation", choices=("train", "validation", "test"))
    add("--views", type=int, default=1, choices=(1, 10), help="default: 1")
    add("--per-class", action="store_true", help="report precision and recall, too")
    add("--out", metavar="DIR", help="folder for the record (default: the run's)")
    return parser


def main(arguments=None):
    options = parser().parse_args(arguments)
    words = sys.argv[1:] if arguments is None else arguments
    options.command = f"python -m reproduce.evaluate {shlex.join(words)}"
    return command_line.run(evaluate, options)


def evaluate(options):
    command_line.quiet_keras()
    from alexnet_paper import evaluate as evaluation
    from alexnet_paper import tables

    with command_line.usage():
        record = evaluation.evaluate(
            options.run,
            options.split,
            options.views,
            options.command,
            options.per_class,
        )
    path = record.save(options.out or options.run[0])
    command_line.note(f"record: {path}")
    sections = [tables.records_section([record])]
    if options.per_class:
        sections.append(tables.class_section(record.metrics["per_class"]))
    command_line.emit(tables.write(sections, "text"))


if __name__ == "__main__":
    sys.exit(main())
