"""Draws the paper's figures, and the articles' curves and confusion matrices.

    python -m reproduce.figure 1 --out figure1.pdf
    python -m reproduce.figure effects --out effects.pdf
    python -m reproduce.figure 2 --variant paper --out figure2.pdf
    python -m reproduce.figure 3 --run runs/paper-imagenet-seed0 --out figure3.png
    python -m reproduce.figure 4 --weights net.npz --data imagenet --data-dir DIR \\
        --out figure4.png
    python -m reproduce.figure curves --run runs/bn-cifar10-digits-seed0 --out c.svg
    python -m reproduce.figure confusion --run runs/bn-cifar10-digits-seed0 --out m.svg

1: ReLU against tanh, from the records of the experiment figure1; effects: what removals
from a small net cost, from those of choices; biases: when nets start to learn, from
those of biases. 2: the net, drawn from its specification. 3: the first layer's kernels
and how coloured they are. 4:
photographs with their most probable labels (of --data, or named on the command line),
and the training images nearest to some. The numbers shown are printed, too. Exit 0:
drawn; 1: failed; 2: wrong use.
"""

import sys

from alexnet_paper.report.writers import FORMATS
from reproduce import command_line

FIGURES = ("1", "2", "3", "4", "curves", "confusion", "effects", "biases")


def parser():
    parser = command_line.parser("reproduce.figure", __doc__)
    add = parser.add_argument
    add("figure", choices=FIGURES)
    add("photographs", nargs="*", metavar="PHOTO", help="of figure 4")
    add("--out", required=True, metavar="FILE", help="ends in .png, .pdf or .svg")
    command_line.net_options(parser)
    add("--variant", default="paper", help="of figure 2 (default: paper)")
    add("--data", help="of figure 4: python -m reproduce.data list")
    add("--data-dir", metavar="DIR", help="where the data is")
    add(
        "--labels",
        metavar="FILE",
        help="words for the data's WordNet numbers, as in synset_words.txt",
    )
    add("--limit", type=int, metavar="N", help="use N training images, N queries")
    add(
        "--split",
        choices=("validation", "test"),
        help="of figure 4 and confusion (default: test, where there is one)",
    )
    add(
        "--records",
        metavar="DIR",
        help="of 1 and effects: not those shipped and those under ./runs",
    )
    add("--seed", type=int, default=0, help="of what is drawn at random (default: 0)")
    add(
        "--format",
        default="text",
        choices=FORMATS,
        help="of the printed numbers (default: text)",
    )
    return parser


def main(arguments=None):
    options = command_line.read(parser(), arguments)
    return command_line.run(figure, options)


def figure(options):
    from alexnet_paper.report import style
    from alexnet_paper.report import writers
    from reproduce import drawing

    with command_line.usage():
        style.check_path(options.out)
        command_line.check_out(options.out)
        if options.photographs and options.figure != "4":
            raise ValueError(f"figure {options.figure} takes no photographs.")
    made, sections = drawing.DRAWN[options.figure](options)
    style.save(made, options.out)
    command_line.note(f"written: {options.out}")
    if sections:
        command_line.emit(writers.write(sections, options.format))


if __name__ == "__main__":
    sys.exit(main())
