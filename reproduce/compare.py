"""Compares variants under one protocol: size, memory, speed, error, learning.

    python -m reproduce.compare --data digits
    python -m reproduce.compare --data cifar10 --data-dir DIR --seeds 3 --run
    python -m reproduce.compare --differences paper bn-flowers17

All variants have the same training images, epochs and seeds, and the same test images
with one view. Results are read from records. Runs without a record are started if --run
is given, and always for the digits (two or three minutes on two cores); the estimated
cost is printed first. After a stop the same command continues. The chart is written to
--out. --differences prints the differences between two variants' layers and recipes.
Exit 0: compared; 1: failed or stopped; 2: wrong use.
"""

import sys

from alexnet_paper.report.writers import FORMATS
from reproduce import command_line


def parser():
    parser = command_line.parser("reproduce.compare", __doc__)
    add = parser.add_argument
    add("--data", default="digits", help="default: digits")
    add("--data-dir", metavar="DIR", help="where the data is")
    add("--variants", metavar="A,B", help="default: at least five that suit the data")
    add("--epochs", type=int, metavar="N", help="default: 8 for digits, else 10")
    add("--seeds", type=int, default=1, metavar="N", help="1–1000 (default: 1)")
    add("--limit", type=int, metavar="N", help="use N training images only")
    add(
        "--batch-size",
        type=int,
        metavar="N",
        help="for all variants (default: 32 for digits, else each recipe's own)",
    )
    add(
        "--input-size",
        type=int,
        metavar="N",
        help="for nets made for larger images (default: 67 for digits, else their own)",
    )
    add(
        "--accuracy",
        type=float,
        default=0.9,
        metavar="SHARE",
        help="validation accuracy to reach, for epochs and time (default: 0.9)",
    )
    add("--run", action="store_true", help="train what has no record")
    add(
        "--rounds",
        type=int,
        default=5,
        metavar="N",
        help="timings, 1–1000 (default: 5)",
    )
    add(
        "--records",
        metavar="DIR",
        help="read records here (default: those shipped and those under ./runs)",
    )
    add(
        "--format",
        default="text",
        choices=FORMATS,
        help="default: text",
    )
    add(
        "--out",
        metavar="FIGURE",
        help="chart, .png, .pdf or .svg (default: in the folder of the runs); with "
        "--differences, the file to write",
    )
    add("--differences", nargs=2, metavar=("A", "B"), help="compare two specs")
    add("--all", action="store_true", help="with --differences: list equal rows too")
    return parser


def main(arguments=None):
    options = command_line.read(parser(), arguments)
    return command_line.run(differences if options.differences else compare, options)


def differences(options):
    import json
    from dataclasses import asdict

    from alexnet_paper.nets import differences
    from alexnet_paper.nets import variants
    from alexnet_paper.report import nets as net_sections
    from alexnet_paper.report import writers

    with command_line.usage():
        a, b = map(variants.get, options.differences)
        if options.out:
            command_line.check_out(options.out)
    nets = differences.architecture_rows(a.architecture, b.architecture)
    parts = {"layer": nets, "recipe": differences.recipe_rows(a.recipe, b.recipe)}
    if not options.all:
        parts = {what: differences.only_differing(rows) for what, rows in parts.items()}
    if options.format == "json":
        found = {what: [asdict(row) for row in rows] for what, rows in parts.items()}
        command_line.emit(json.dumps(found, indent=1) + "\n", options.out)
        return
    titles = {"layer": "Layer by layer", "recipe": "Recipes"}
    sections = [
        net_sections.differences_section(titles[what], (a.name, b.name), rows, what)
        for what, rows in parts.items()
    ]
    command_line.emit(writers.write(sections, options.format), options.out)


def compare(options):
    command_line.quiet_keras()
    from alexnet_paper.report.comparison import Comparison
    from reproduce.experiment import run_all

    with command_line.usage():
        asked = Comparison(options)
    command_line.note(f"timing {len(asked.experiment.arms)} nets …")
    asked.time()  # before a run makes operations deterministic
    if asked.missing and (options.run or asked.free):
        command_line.note(asked.cost())
        asked.run(run_all)
    command_line.emit(asked.table(options.format))
    asked.draw()
    command_line.note(f"chart: {asked.figure}")


if __name__ == "__main__":
    sys.exit(main())
