"""What the paper says, what its authors logged, what this code measures: row by row.

    python -m reproduce.table --variant paper
    python -m reproduce.table --variant authors --format markdown --out authors.md

Builds the net, takes it apart and checks it against every claim that needs no data
(about 30 seconds on two cores); runs two real photographs through its two-tower and
its one-device form; and shows the records of finished runs. Exit 0: the table was
made; 1: it failed; 2: wrong use.
"""

import sys

from alexnet_paper.report.writers import FORMATS
from reproduce import command_line


def parser():
    parser = command_line.parser("reproduce.table", __doc__)
    parser.add_argument("--variant", default="paper", help="which net (default: paper)")
    parser.add_argument(
        "--format",
        default="text",
        choices=FORMATS,
        help="default: text",
    )
    parser.add_argument("--out", metavar="FILE", help="write here, not to stdout")
    parser.add_argument(
        "--records",
        metavar="DIR",
        help="read records here, not those shipped and those under ./runs",
    )
    parser.add_argument(
        "--placement",
        default="auto",
        help="devices of the two towers: auto (two GPUs, or this CPU split in two), "
        "one-device (no comparison), two-devices, or two names such as GPU:0,GPU:1",
    )
    return parser


def main(arguments=None):
    options = parser().parse_args(arguments)
    return command_line.run(table, options)


def table(options):
    from alexnet_paper.nets import variants
    from alexnet_paper.results import record

    with command_line.usage():
        variant = variants.get(options.variant)
        if options.out:
            command_line.check_out(options.out)
        records = record.load_all(options.records)
    command_line.quiet_keras()

    from alexnet_paper.report import table as report
    from alexnet_paper.verdicts import forms
    from alexnet_paper.verdicts.measure import measure_all

    with command_line.usage():
        devices = forms.tower_devices(variant, options.placement)
    command_line.note(f"building and measuring {variant.name} …")
    measured = measure_all(variant, records, devices)
    command_line.emit(report.table(measured, options.format), options.out)


if __name__ == "__main__":
    sys.exit(main())
