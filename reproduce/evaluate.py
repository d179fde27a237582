"""Measures the errors of a run, or of the average of several, and writes a record.

    python -m reproduce.evaluate --run runs/bn-cifar10-digits-seed0 --split test
    python -m reproduce.evaluate --run runs/a --run runs/b --views 10
    python -m reproduce.evaluate --weights alexnet.npz --data imagenet --data-dir DIR

Ten views are the four corners, the centre and their reflections; their probabilities
are averaged (paper §4.1). The record is written to the first run's folder, where
`reproduce.table` finds it, or to --out. Exit 0: measured; 1: failed; 2: wrong use.
"""

import sys

from reproduce import command_line


def parser():
    parser = command_line.parser("reproduce.evaluate", __doc__)
    add = parser.add_argument
    add(
        "--run",
        action="append",
        metavar="RUN",
        help="folder of a run; several are averaged",
    )
    add(
        "--weights",
        action="append",
        metavar="FILE",
        help="an imported weight file; several are averaged",
    )
    add("--data", help="for --weights: a dataset (python -m reproduce.data list)")
    add("--data-dir", metavar="DIR", help="for --weights: folder of the data")
    add(
        "--split",
        default="validation",
        choices=("train", "validation", "test"),
        help="default: validation",
    )
    add("--views", type=int, default=1, choices=(1, 10), help="default: 1")
    add("--per-class", action="store_true", help="precision and recall of every class")
    command_line.precision_option(parser, help="default: as it was trained")
    add(
        "--out",
        metavar="DIR",
        help="folder of the record (default: the run's, or runs)",
    )
    return parser


def main(arguments=None):
    options = command_line.read(parser(), arguments)
    return command_line.run(evaluate, options)


def evaluate(options):
    command_line.quiet_keras()
    from alexnet_paper.report import runs
    from alexnet_paper.report import writers
    from alexnet_paper.results import evaluate as evaluation

    with command_line.usage():
        out = options.out or (options.run or ["runs"])[0]
        command_line.check_out(out, folder=True)
        record = measured(options, evaluation)
    path = record.save(out)
    command_line.note(f"record: {path}")
    sections = [runs.records_section([record])]
    if options.per_class:
        sections.append(runs.class_section(record.metrics["per_class"]))
    command_line.emit(writers.write(sections, "text"))


def measured(options, evaluation):
    """Returns the record. Raises ValueError if the options do not name exactly one net
    and its data."""
    protocol = (options.split, options.views, options.command)
    precision = options.precision
    if options.run and not (options.weights or options.data or options.data_dir):
        return evaluation.evaluate(
            options.run, *protocol, options.per_class, precision=precision
        )
    if options.weights and options.data and not (options.run or options.per_class):
        data = options.data, options.data_dir
        return evaluation.evaluate_weights(
            options.weights, *data, *protocol, precision=precision
        )
    raise ValueError("name either --run RUN, or --weights FILE with --data NAME.")


if __name__ == "__main__":
    sys.exit(main())
