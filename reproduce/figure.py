"""Draws the paper's figures, and the articles' curves and confusion matrices.

    python -m reproduce.figure 1 --out figure1.pdf
    python -m reproduce.figure effects --out effects.pdf
    python -m reproduce.figure 2 --variant paper --out figure2.pdf
    python -m reproduce.figure 3 --run runs/paper-imagenet-seed0 --out figure3.png
    python -m reproduce.figure 4 --run runs/paper-imagenet-seed0 --out figure4.png
    python -m reproduce.figure 4 --weights net.npz --data imagenet --data-dir DIR \\
        --out figure4.png
    python -m reproduce.figure curves --run runs/bn-cifar10-digits-seed0 --out c.svg
    python -m reproduce.figure confusion --run runs/bn-cifar10-digits-seed0 --out m.svg

1: ReLU against tanh, from the records of the experiment figure1. effects: the effects
of removals from a small net, from those of choices. biases: when nets leave the
plateau, from those of biases. transfer, classifier: the effects of trained weights, of
dropout and of crops, from those of the same names. snapshots: the errors of Caffe's net
for CIFAR-10 beside our learning curve, from records of both. 2: the net, from its
specs. 3: the first layer's kernels and their colour selectivity. 4: photographs (of the
run's data or --data, or given) with their most probable labels, and nearest training
images. The figure's numbers are also printed. Exit 0: drawn; 1: failed; 2: wrong use.
"""

import sys
from dataclasses import replace
from pathlib import Path

from alexnet_paper.report.writers import FORMATS
from alexnet_paper.results.neighbours import METRICS
from reproduce import command_line


def parser():
    parser = command_line.parser("reproduce.figure", __doc__)
    add = parser.add_argument
    add("figure", choices=DRAWN)
    add("photographs", nargs="*", metavar="PHOTO", help="for figure 4")
    add("--out", required=True, metavar="FILE", help="ends in .png, .pdf or .svg")
    command_line.net_options(parser)
    add("--variant", default="paper", help="for figure 2 (default: paper)")
    add(
        "--data",
        help="for figure 4: a dataset (python -m reproduce.data list; default: the "
        "run's own)",
    )
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
        "--metric",
        default=METRICS[0],
        choices=METRICS,
        help="for figure 4: images are near by distance, as in the paper (default), or "
        "by angle, cosine",
    )
    add(
        "--no-caption",
        action="store_true",
        help="leave out the text under the figure, for a document that has its own",
    )
    add(
        "--records",
        metavar="DIR",
        help="for figures of records (default: those shipped and those under ./runs)",
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

    with command_line.usage():
        style.check_path(options.out)
        command_line.check_out(options.out)
        if options.photographs and options.figure != "4":
            raise ValueError(f"figure {options.figure} takes no photographs.")
    made, sections = DRAWN[options.figure](options)
    if options.no_caption:
        style.without_captions(made)
    style.save(made, options.out)
    command_line.note(f"written: {options.out}")
    if sections:
        command_line.emit(writers.write(sections, options.format))


def of_records(experiment):
    """A figure of the records of an experiment."""

    def draw(options):
        from alexnet_paper.report import figures
        from alexnet_paper.results import record

        with command_line.usage():
            records = record.load_all(options.records)
            return figures.of_experiment(experiment, records)

    return draw


def figure_2(options):
    from alexnet_paper.nets import variants
    from alexnet_paper.report import figure2

    with command_line.usage():
        variant = variants.get(options.variant)
    title = variant.title[0].upper() + variant.title[1:]
    return figure2.architecture_diagram(variant.architecture, title), []


def figure_3(options):
    command_line.quiet_keras()
    from alexnet_paper.report import figure3

    net = command_line.open_net(options)
    with command_line.usage():
        return figure3.of_net(net, options.seed)


def figure_4(options):
    command_line.quiet_keras()
    from alexnet_paper.report import figure4

    net, note = command_line.open_net(options), command_line.note
    with command_line.usage():
        dataset, predicted, names = dataset_of(options), None, None
        words = figure4.read_words(options.labels) if options.labels else {}
        if options.photographs:
            predicted, names = figure4.of_photographs(net, options.photographs, 1, note)
            if len(names) < len(options.photographs):
                raise SystemExit(1)
        if dataset is None:
            return figure4.of_predicted(predicted, names)
        split = options.split or dataset.held_out
        about_data = dataset, split, words, options.limit, options.seed
        shown = predicted, names, options.metric
        return figure4.of_dataset(net, *about_data, note, *shown)


def dataset_of(options):
    """Returns the dataset of --data, or else the one that the run was trained on; None
    if only photographs are to be labelled.

    A checkpoint of --weights belongs to the run in whose folder it is. Raises
    ValueError where nothing names the data.
    """
    from alexnet_paper.data import datasets
    from alexnet_paper.training.plan import read_plan

    if options.data is not None:
        return datasets.load(options.data, options.data_dir, limit=options.limit)
    if options.photographs and options.data_dir is None:
        return None
    folder = Path(options.run or Path(options.weights).parent)
    if options.run is None and not (folder / "run.json").exists():
        raise ValueError("figure 4 needs --data, --run or photographs to label.")
    plan, _ = read_plan(folder)
    own = {"data_dir": options.data_dir, "limit": options.limit}
    return replace(plan, **{k: v for k, v in own.items() if v is not None}).dataset()


def curves(options):
    command_line.quiet_keras()
    from alexnet_paper.report import figures

    with command_line.usage():
        return figures.learning_curves(of_run(options))


def confusion(options):
    command_line.quiet_keras()
    from alexnet_paper.report import figures

    with command_line.usage():
        return figures.confusion(of_run(options), options.split)


def of_run(options):
    """The run's folder. Raises ValueError where none is named."""
    if options.run is None:
        raise ValueError(f"{options.figure}: name a run with --run RUN.")
    return options.run


DRAWN = {  # name: a function from the options to (figure, its tables)
    "1": of_records("figure1"),
    "2": figure_2,
    "3": figure_3,
    "4": figure_4,
    "curves": curves,
    "confusion": confusion,
    "effects": of_records("choices"),
    "biases": of_records("biases"),
    "transfer": of_records("transfer"),
    "classifier": of_records("classifier"),
    "snapshots": of_records("snapshots"),
}


if __name__ == "__main__":
    sys.exit(main())
