"""Draws the paper's figures, and the articles' curves and confusion matrices.

    python -m reproduce.figure 1 --out figure1.pdf
    python -m reproduce.figure effects --out effects.pdf
    python -m reproduce.figure 2 --variant paper --out figure2.pdf
    python -m reproduce.figure 3 --run runs/paper-imagenet-seed0 --out figure3.png
    python -m reproduce.figure 4 --weights net.npz --data imagenet --data-dir DIR \\
        --out figure4.png
    python -m reproduce.figure curves --run runs/bn-cifar10-digits-seed0 --out c.svg
    python -m reproduce.figure confusion --run runs/bn-cifar10-digits-seed0 --out m.svg

1: ReLU against tanh, from the records of the experiment figure1. effects: the effects
of removals from a small net, from those of choices. biases: when nets leave the
plateau, from those of biases. 2: the net, from its specs. 3: the first layer's kernels
and their colour selectivity. 4: photographs (of --data, or given) with their most
probable labels, and nearest training images. The figure's numbers are also printed.
Exit 0: drawn; 1: failed; 2: wrong use.
"""

import sys

from alexnet_paper.report.writers import FORMATS
from reproduce import command_line

FIGURES = ("1", "2", "3", "4", "curves", "confusion", "effects", "biases")


def parser():
    parser = command_line.parser("reproduce.figure", __doc__)
    add = parser.add_argument
    add("figure", choices=FIGURES)
    add("photographs", nargs="*", metavar="PHOTO", help="for figure 4")
    add("--out", required=True, metavar="FILE", help="ends in .png, .pdf or .svg")
    command_line.net_options(parser)
    add("--variant", default="paper", help="for figure 2 (default: paper)")
    add("--data", help="for figure 4: a dataset (python -m reproduce.data list)")
    add("--data-dir", metavar="DIR", help="folder of the data")
    add(
        "--labels",
        metavar="FILE",
        help="words for the data's WordNet numbers, as in synset_words.txt",
    )
    add("--limit", type=int, metavar="N", help="use N training images, N queries")
    add(
        "--split",
        choices=("validation", "test"),
        help="for figure 4 and confusion (default: test, else validation)",
    )
    add(
        "--records",
        metavar="DIR",
        help="for 1, effects, biases (default: those shipped and those under ./runs)",
    )
    add("--seed", type=int, default=0, help="of queries and permutations (default: 0)")
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
