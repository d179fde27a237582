"""Measures the errors of a trained run, or of several averaged, and writes a record.

    python -m reproduce.evaluate --run runs/bn-cifar10-digits-seed0 --split test
    python -m reproduce.evaluate --run runs/a --run runs/b --views 10
    python -m reproduce.evaluate --weights alexnet.npz --data imagenet --data-dir DIR

Ten views are the four corners, the centre and their reflections, their probabilities
averaged (paper §4.1). The record goes into the first run's folder, where
`reproduce.table` finds it, or into --out. Exit 0: measured; 1: failed; 2: wrong use.
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
        help="or an imported weight file; several are averaged",
    )
    add("--data", help="for --weights: python -m reproduce.data list")
    add("--data-dir", metavar="DIR", help="for --weights: where the data is")
    add(
        "--split",
        default="validation",
        choices=("train", "validation", "test"),
        help="default: validation",
    )
    add("--views", type=int, default=1, choices=(1, 10), help="default: 1")
    add("--per-class", action="store_true", help="report precision and recall, too")
    command_line.precision_option(parser, help="default: as it was trained")
    add(
        "--out",
        metavar="DIR",
        help="of the record (default: the run's, or runs)",
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
        if options.out:
            command_line.check_out(options.out, folder=True)
        record = measured(options, evaluation)
    path = record.save(options.out or (options.run or ["runs"])[0])
    command_line.note(f"record: {path}")
    sections = [runs.records_section([record])]
    if options.per_class:
        sections.append(runs.class_section(record.metrics["per_class"]))
    command_line.emit(writers.write(sections, "text"))


def measured(options, evaluation):
    """The record that was asked for. Raises ValueError where too much or too little
    was."""
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
