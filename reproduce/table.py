"""Shows the paper's claims beside the authors' logs, others' results and this code's.

    python -m reproduce.table --variant paper
    python -m reproduce.table --claim F02
    python -m reproduce.table --variant authors --format markdown --out authors.md

It prints one screen: a tally, Tables 1 and 2, and a line for each claim with its
verdict. It builds the net, checks every claim that needs no data, and compares its
two-device with its one-device form on two photographs (about 15 seconds on two cores).
Other verdicts are from records. --claim shows everything about one claim, --only the
claims of one verdict; --show adds sections; --variant list shows every net. Exit 0: the
table was made; 1: it failed; 2: wrong use.
"""

import dataclasses
import sys

from alexnet_paper.report import SHOWN
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
    parser.add_argument(
        "--claim", metavar="ID", help="everything about one claim, such as F02"
    )
    parser.add_argument(
        "--only", metavar="VERDICT", help="claims of one verdict; its start is enough"
    )
    parser.add_argument(
        "--show",
        metavar="A,B",
        default="",
        help=f"sections to add: {', '.join(SHOWN)}, or all",
    )
    parser.add_argument("--out", metavar="FILE", help="default: stdout")
    parser.add_argument(
        "--records",
        metavar="DIR",
        help="read records here (default: those shipped and those under ./runs)",
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
    from alexnet_paper.paper import NOTHING
    from alexnet_paper.report import table as report
    from alexnet_paper.results import record
    from alexnet_paper.verdicts.measure import claims_of
    from alexnet_paper.verdicts.measure import measure_all

    if options.variant == "list":
        command_line.emit(variants_listed(options.format), options.out)
        return
    with command_line.usage():
        variant = variants.get(options.variant)
        verdict = verdict_of(options.only)
        show = sections_of(options.show)
        if options.out:
            command_line.check_out(options.out)
        records = record.load_all(options.records)
        whole = options.claim is None and verdict is None
        claims = asked(claims_of(variant), options.claim, verdict)
    devices = ()
    if whole or any(claim.needs == NOTHING for claim in claims):
        command_line.quiet_keras()
    if whole:
        from alexnet_paper.verdicts import forms

        with command_line.usage():
            devices = forms.tower_devices(variant, options.placement)
        command_line.note(f"building and measuring {variant.name} …")
    measured = measure_all(variant, records, devices, claims)
    if verdict:
        kept = tuple(row for row in measured.rows if row[1].verdict == verdict)
        measured = dataclasses.replace(measured, rows=kept)
    with command_line.usage():
        if options.claim:
            content = report.claim(measured, options.claim, options.format)
        elif measured.rows:
            content = report.table(measured, options.format, show)
        else:
            raise ValueError(f"no claim about {variant.name} is {verdict!r}.")
    command_line.emit(content, options.out)


def asked(claims, id=None, verdict=None):
    """The claims of this id, or those that can have this verdict. Raises ValueError,
    listing all, for an unknown id."""
    from alexnet_paper.paper import NOTHING
    from alexnet_paper.verdicts import finding

    if id not in (None, *[one.id for one in claims]):
        names = ", ".join(one.id for one in claims)
        raise ValueError(f"there is no claim {id!r}: one of {names}.")
    if id is not None:
        return [one for one in claims if one.id == id]
    of_net = verdict in finding.OF_NETS
    return [
        one for one in claims if verdict is None or of_net == (one.needs == NOTHING)
    ]


def verdict_of(words):
    """Returns the verdict that starts with these words, or None for no words.

    Raises ValueError, with the known verdicts, if none does.
    """
    from alexnet_paper.verdicts.finding import RULES

    found = [name for name in RULES if words and name.startswith(words.lower())]
    if words and not found:
        raise ValueError(f"unknown verdict {words!r}: one of {', '.join(RULES)}.")
    return found[0] if found else None


def sections_of(words):
    """Returns the names of --show; ValueError for an unknown name lists all."""
    known = (*SHOWN, "all")
    asked = [name for name in words.split(",") if name]
    unknown = [name for name in asked if name not in known]
    if unknown:
        names = ", ".join(known)
        raise ValueError(f"--show has no section {unknown[0]!r}: {names}.")
    return asked


def variants_listed(format):
    """Returns the table of every net with its parameters, source and title."""
    from alexnet_paper.report import nets
    from alexnet_paper.report import writers

    return writers.write([nets.variants_section()], format)


if __name__ == "__main__":
    sys.exit(main())
