"""Prints how to cite this package, the paper, and the article behind a variant.

    python -m reproduce.cite
    python -m reproduce.cite --variant bn-cifar10 --style apa
    python -m reproduce.cite --style cff --out CITATION.cff

Exit 0: printed; 1: failed; 2: wrong use.
"""

import sys

from reproduce import command_line

STYLES = ("bibtex", "cff", "apa")


def parser():
    parser = command_line.parser("reproduce.cite", __doc__)
    add = parser.add_argument
    add("--variant", metavar="NAME", help="which net (default: all articles' nets)")
    add("--style", choices=STYLES, default=STYLES[0], help="default: bibtex")
    add("--out", metavar="FILE", help="default: stdout")
    return parser


def main(arguments=None):
    options = command_line.read(parser(), arguments)
    return command_line.run(cite, options)


def cite(options):
    from alexnet_paper.report import cite

    with command_line.usage():
        if options.out:
            command_line.check_out(options.out)
        found = cite.works(options.variant)
    command_line.emit(cite.cite(found, options.style), options.out)


if __name__ == "__main__":
    sys.exit(main())
