"""Makes one page of HTML of everything known: claims, figures, curves, nets, articles.

    python -m reproduce.report --out report.html
    python -m reproduce.report --out report.html --placement one-device

The page needs nothing else: it makes no request and opens in any browser. It builds the
paper's net and those of the three articles, and compares the two-device with the
one-device form (about a minute on two cores). Other numbers are from records. Exit 0:
written; 1: failed; 2: wrong use.
"""

import sys

from reproduce import command_line


def parser():
    parser = command_line.parser("reproduce.report", __doc__)
    add = parser.add_argument
    add("--out", required=True, metavar="FILE", help="the page, such as report.html")
    add(
        "--records",
        metavar="DIR",
        help="read records here (default: those shipped and those under ./runs)",
    )
    add(
        "--placement",
        default="auto",
        help="devices of the two towers: auto (two GPUs, or this CPU split in two), "
        "one-device (no comparison), two-devices, or two names such as GPU:0,GPU:1",
    )
    return parser


def main(arguments=None):
    options = command_line.read(parser(), arguments)
    return command_line.run(report, options)


def report(options):
    from alexnet_paper.results import record

    with command_line.usage():
        command_line.check_out(options.out)
        records = record.load_all(options.records)
    command_line.note("starting Keras …")
    command_line.quiet_keras()
    from alexnet_paper.report import page

    with command_line.usage():
        found = page.build(records, options.placement, command_line.note)
    command_line.emit(page.html(found), options.out)


if __name__ == "__main__":
    sys.exit(main())
