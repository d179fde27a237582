"""Makes a page, or a paper, of everything known: claims, figures, nets, articles.

    python -m reproduce.report --out report.html
    python -m reproduce.report --format pdf --out report.pdf
    python -m reproduce.report --format tex --out report.tex

html is one page with learning curves to choose; it needs nothing else, makes no request
and opens in any browser. pdf is a short paper, which LaTeX typesets where it is
installed; tex is its source, with its figures as files beside it (report-choices.pdf).
It builds the paper's net and those of the three articles, and compares the two-device
with the one-device form (about a minute on two cores). Other numbers are from records.
Exit 0: written; 1: failed, such as without LaTeX; 2: wrong use.
"""

import re
import sys
from pathlib import Path

from reproduce import command_line

FORMATS = ("html", "tex", "pdf")


def parser():
    parser = command_line.parser("reproduce.report", __doc__)
    add = parser.add_argument
    add("--out", required=True, metavar="FILE", help="such as report.html")
    add(
        "--format",
        choices=FORMATS,
        help="default: tex or pdf where FILE ends so, else html",
    )
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
    format = options.format or of_name(options.out)
    program = None
    if format == "pdf":
        from alexnet_paper.report import latex

        program = latex.typesetter()
    command_line.note("starting Keras …")
    command_line.quiet_keras()
    if format == "html":
        write_page(records, options)
    else:
        write_paper(records, options, program)


def write_page(records, options):
    from alexnet_paper.report import page

    with command_line.usage():
        found = page.build(records, options.placement, command_line.note)
    command_line.emit(page.html(found), options.out)


def write_paper(records, options, program):
    """Writes the PDF that `program` makes; None: the source, after its figures."""
    from alexnet_paper.report import manuscript

    # LaTeX finds figures by names without its own signs; a PDF does not depend on them
    stem = "report" if program else Path(options.out).stem
    stem = re.sub("[^A-Za-z0-9-]", "-", stem)
    with command_line.usage():
        found = manuscript.build(records, options.placement, command_line.note, stem)
    if program:
        command_line.note(f"typesetting with {Path(program).name} …")
        command_line.emit(manuscript.pdf(found, program), options.out)
        return
    for name, content in found.pictures().items():
        command_line.emit(content, Path(options.out).with_name(name))
    command_line.emit(manuscript.tex(found), options.out)


def of_name(out):
    """Returns the format that the end of a file's name says, or html."""
    end = Path(out).suffix.lower()[1:]
    return end if end in FORMATS else FORMATS[0]


if __name__ == "__main__":
    sys.exit(main())
