"""Predicts the most probable labels of photographs with a trained net.

    python -m reproduce.predict cat.jpg dog.jpg --run runs/cats-vs-dogs-seed0
    python -m reproduce.predict *.jpg --weights net.npz --views 10 --out labels.png

Photographs may be JPEG, PNG, GIF, BMP, PPM, WebP or TIFF, grey or in colour, of any
size. Damaged ones are skipped and named on stderr. --out draws the photographs with
their labels as in the paper's Figure 4. Exit 0: all were predicted; 1: some were not;
2: wrong use.
"""

import sys

from alexnet_paper.report.writers import FORMATS
from reproduce import command_line


def parser():
    parser = command_line.parser("reproduce.predict", __doc__)
    add = parser.add_argument
    add("photographs", nargs="+", metavar="PHOTO")
    command_line.net_options(parser)
    add("--views", type=int, default=1, choices=(1, 10), help="default: 1")
    add("--top", type=int, default=5, metavar="N", help="labels, 1–1000 (default: 5)")
    add("--out", metavar="FILE", help="figure, .png, .pdf or .svg")
    add(
        "--format",
        default="text",
        choices=FORMATS,
        help="of the printed labels (default: text)",
    )
    return parser


def main(arguments=None):
    options = command_line.read(parser(), arguments)
    return command_line.run(predict, options)


def predict(options):
    command_line.quiet_keras()
    from alexnet_paper.files import check_range
    from alexnet_paper.report import contact_sheets
    from alexnet_paper.report import figure4
    from alexnet_paper.report import style
    from alexnet_paper.report import writers

    with command_line.usage():
        if options.out:
            style.check_path(options.out)
            command_line.check_out(options.out)
        check_range("--top", options.top, 1, 1000)
    net = command_line.open_net(options)
    asked = options.photographs
    with command_line.usage():
        note = command_line.note
        predicted, names = figure4.of_photographs(net, asked, options.views, note)
    if predicted is not None:
        section = figure4.labels_section(predicted, names, options.top)
        command_line.emit(writers.write([section], options.format))
        if options.out:
            made = contact_sheets.predictions_and_neighbours(predicted, top=options.top)
            style.save(made, options.out)
            command_line.note(f"written: {options.out}")
    if len(names) < len(asked):
        raise SystemExit(1)


if __name__ == "__main__":
    sys.exit(main())
