"""Compares a trained net's features with those of random weights and of pixels.

    python -m reproduce.features --weights alexnet.npz --data imagenet --data-dir DIR

It measures a linear classifier and the six nearest training images on one layer: the
last hidden one, or the last for which partial weights suffice (--layer names another).
Images are nearest by Euclidean distance, as in the paper, and by angle. It also tests
whether the first layer's towers or groups differ in colour. A thousand photographs take
a few minutes. Records are written to --out, where `reproduce.table` finds them. Exit 0:
measured; 1: failed; 2: wrong use.
"""

import sys

from reproduce import command_line


def parser():
    parser = command_line.parser("reproduce.features", __doc__)
    command_line.net_options(parser)
    add = parser.add_argument
    add("--data", required=True, help="a dataset (python -m reproduce.data list)")
    add("--data-dir", metavar="DIR", help="folder of the data")
    add("--split", default="validation", help="test images (default: validation)")
    add("--limit", type=int, metavar="N", help="use N training images only")
    add("--layer", metavar="NAME", help="default: the last hidden one")
    add("--seed", type=int, default=0, help="of random weights and permutations")
    add("--out", metavar="DIR", default="runs", help="folder of records (runs)")
    return parser


def main(arguments=None):
    options = command_line.read(parser(), arguments)
    return command_line.run(features, options)


def features(options):
    command_line.quiet_keras()
    from alexnet_paper.data import datasets
    from alexnet_paper.report import runs
    from alexnet_paper.report import writers
    from alexnet_paper.results import colour as kernels
    from alexnet_paper.results import features as probe
    from reproduce.progress import Parts

    with command_line.usage():
        command_line.check_out(options.out, folder=True)
    net = command_line.open_net(options)
    with command_line.usage():
        if options.split == "train":
            raise ValueError("--split train: the classifier is fitted to these images.")
        layer = options.layer or net.last_hidden[0]
        net.require(layer)
        dataset = datasets.load(options.data, options.data_dir, limit=options.limit)
        test, train = dataset.split(options.split), dataset.split("train")
    random = net.untrained(options.seed)
    arms = (
        lambda advance: probe.of_net(net, layer, *splits, "weights", advance),
        lambda advance: probe.of_net(random, layer, *splits, "random weights", advance),
        lambda advance: probe.of_pixels(net.preparation, *splits, advance),
    )
    splits, records, progress = (train, test), [], Parts()
    for number, arm in enumerate(arms, 1):
        name = f"features {number} of {len(arms)}"
        command_line.note(f"{name} …")
        with progress.part(f"{name}: images", len(train) + len(test)) as advance:
            found = arm(advance)
        with progress.part(f"{name}: classifier, nearest"):
            metrics = probe.measure(found, train.labels, test.labels)
        colour = None
        if found.arm != "pixels":
            looked = net if found.arm == "weights" else random
            colour = kernels.first_layer_colour(looked, options.seed)
        if colour:
            metrics["colour"] = colour
        about = (net, found, layer, dataset, options.split, options.seed)
        records.append(probe.record(*about, metrics, options.command))
        command_line.note(f"record: {records[-1].save(options.out)}")
    sections = runs.features_sections(records)
    command_line.emit(writers.write(sections, "text"))


if __name__ == "__main__":
    sys.exit(main())
