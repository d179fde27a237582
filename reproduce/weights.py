"""Imports trained weights, downloads public ones, shows, checks and exports them.

    python -m reproduce.weights import bvlc_alexnet.caffemodel --out alexnet.npz
    python -m reproduce.weights import partial.npz --out p.npz --allow-missing fc6,fc7
    python -m reproduce.weights import cifar10_full_iter_70000.caffemodel \\
        --out full.npz --data-dir DIR
    python -m reproduce.weights show alexnet.npz
    python -m reproduce.weights check alexnet.npz --figure check.svg
    python -m reproduce.weights fetch bvlc-alexnet
    python -m reproduce.weights export runs/cifar-18pct-digits-seed0 --out net.keras

import reads .caffemodel (AlexNet, CaffeNet and CIFAR10_full), the .npy of
caffe-tensorflow, .npz with arrays in Caffe's layout, a PyTorch state_dict (the grouped
net or torchvision's) and this project's own file. It never runs code from a file. It
refuses a file that is damaged, does not fit the net or looks untrained. check reads the
same files, and the folder of a run; it prints the evidence for each layer and a
verdict, and measures the error on --data. export writes a file that Keras loads without
this package. Exit 0: done, or it looks trained; 1: failed, or it looks untrained or
damaged; 2: wrong use or a refused file.
"""

import os
import sys

from reproduce import command_line


def parser():
    parser = command_line.parser("reproduce.weights", __doc__)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    import_options(actions.add_parser("import", help="another project's → ours"))
    show = actions.add_parser("show", help="show a weight file's contents")
    show.add_argument("file", metavar="FILE", help="this project's weight file")
    example = (
        "example: python -m reproduce.weights check alexnet.npz --figure check.svg"
    )
    words = {"help": "does a net look trained?", "epilog": example}
    check_options(actions.add_parser("check", **words))
    fetch = actions.add_parser("fetch", help="download public weights")
    fetch.add_argument(
        "name", metavar="NAME", help="bvlc-alexnet, bvlc-caffenet or torchvision"
    )
    fetch.add_argument("--url", help="another address of the same file")
    fetch.add_argument("--out", metavar="DIR", help="folder (default: Keras's cache)")
    export = actions.add_parser("export", help="weights or a run → a .keras file")
    export.add_argument("net", metavar="RUN|FILE", help="a run's folder, a weight file")
    export.add_argument("--out", metavar="FILE", required=True, help="net.keras")
    export.add_argument("--layer", help="the last layer to export (default: all)")
    return parser


def reading_options(parser):
    """Adds what a foreign file may not say of itself."""
    add = parser.add_argument
    add("--variant", help="the net, if the file does not name it")
    add("--mean", metavar="FILE", help="the mean image, .npy (default: the colour)")
    add(
        "--channels",
        choices=("BGR", "RGB"),
        help="channel order of conv1 (default: BGR; RGB for torchvision)",
    )


def check_options(parser):
    add = parser.add_argument
    add("file", metavar="FILE", help="weights of any known format, or a run's folder")
    reading_options(parser)
    add("--figure", metavar="FILE", help="draw it: ends in .png, .pdf or .svg")
    add("--data", help="also measure the error on 300 images of a dataset")
    add("--data-dir", metavar="DIR", help="folder of the data")


def import_options(parser):
    add = parser.add_argument
    add("file", metavar="FILE", help="weights of any known format")
    add("--out", metavar="FILE", required=True, help="the weight file to write")
    reading_options(parser)
    add(
        "--data-dir",
        metavar="DIR",
        help="for cifar-full: folder of CIFAR-10, whose mean image it subtracts",
    )
    add(
        "--labels",
        metavar="FILE",
        help="class names: synset_words.txt, imagenet_class_index.json, or a name per "
        "line",
    )
    add(
        "--label-order",
        default="wnid",
        choices=("wnid", "devkit"),
        help="order of the outputs; devkit is reordered to wnid (default: wnid)",
    )
    add("--devkit", metavar="DIR", help="ILSVRC devkit with meta.mat")
    add(
        "--allow-missing",
        default="",
        metavar="LAYERS",
        help="layers that the file may lack, such as fc6,fc7",
    )
    add("--sha256", metavar="HEX", help="refuse a file with another hash")
    add(
        "--unchecked",
        action="store_true",
        help="also import weights that look untrained (shapes and numbers are checked)",
    )


def main(arguments=None):
    options = parser().parse_args(arguments)
    programs = {
        "import": import_weights,
        "show": show,
        "check": check,
        "fetch": fetch,
        "export": export,
    }
    return command_line.run(programs[options.action], options)


def import_weights(options):
    command_line.quiet_keras()
    from alexnet_paper.weights import convert as conversion

    allowed = tuple(filter(None, options.allow_missing.split(",")))
    asked = {
        name: getattr(options, name)
        for name in conversion.Options.__dataclass_fields__
        if name != "allow_missing" and hasattr(options, name)
    }
    with command_line.usage():
        command_line.check_out(options.out)
        trained = conversion.convert(
            options.file, conversion.Options(allow_missing=allowed, **asked)
        )
        conversion.save(trained, options.out)
    checks = trained.about["checks"]
    command_line.note(f"{options.file} is {trained.about['variant']}; checks: {checks}")
    print(options.out)


def show(options):
    command_line.quiet_keras()
    from alexnet_paper.nets import specs
    from alexnet_paper.report import nets as net_sections
    from alexnet_paper.report import writers
    from alexnet_paper.weights.net import open_weights

    with command_line.usage():
        trained = open_weights(options.file)
    shapes = specs.shapes(trained.architecture)
    sections = net_sections.weights_sections(
        trained.name, known_of(trained), shapes, trained.about["missing"]
    )
    command_line.emit(writers.write(sections, "text"))


def check(options):
    command_line.quiet_keras()
    from alexnet_paper.report import looks as report
    from alexnet_paper.report import style
    from alexnet_paper.report import writers
    from alexnet_paper.weights import looks

    with command_line.usage():
        if options.figure:
            style.check_path(options.figure)
            command_line.check_out(options.figure)
        trained = read_any(options)
        found = looks.look(trained, trained.about.get("data") != "digits")
        if options.data:
            found = with_error(found, trained, options)
    if options.figure:
        drawn = report.figure(trained.arrays, trained.name, found.verdict)
        style.save(drawn, options.figure)
        command_line.note(f"written: {options.figure}")
    command_line.emit(writers.write(report.sections(trained.name, found), "text"))
    if found.verdict != "trained":
        raise SystemExit(1)


def read_any(options):
    """Returns the `Trained` of a file of any known format, or of a run's folder."""
    from alexnet_paper.training import run as run_folder
    from alexnet_paper.weights import convert as conversion

    if not os.path.isdir(options.file):
        names = ("variant", "mean", "channels")
        said = {name: getattr(options, name) for name in names}
        if options.data == "cifar10" and not conversion.is_own(options.file):
            said["data_dir"] = options.data_dir
        return conversion.read(options.file, conversion.Options(rough=True, **said))
    if options.variant or options.mean or options.channels:
        raise ValueError("--variant, --mean and --channels are for other formats.")
    return run_folder.open_run(options.file)


def with_error(found, trained, options):
    """Returns the `Looks` with the error on --data beside that of guessing."""
    from alexnet_paper.data import datasets
    from alexnet_paper.results import evaluate as evaluation

    dataset = datasets.load(options.data, options.data_dir, validation=0)
    error, guessing, p = evaluation.against_chance(trained, dataset)
    values = {**found.values, "error": error, "chance": guessing}
    faults = [] if p < 0.001 else [f"it is wrong as often as a guess (p = {p:.2g})"]
    return found.with_values(values, faults)


def known_of(trained):
    """Returns a weight file's metadata in words, without the state of a run."""
    hidden = ("missing", "plan", "state", "class_names", "wnids", "preparation")
    about = {key: v for key, v in trained.about.items() if key not in hidden}
    prepare, names = trained.preparation, trained.class_names
    arrays = {n: a for n, a in prepare.arrays().items() if not n.startswith("pca")}
    colour = {name: array.reshape(-1, 3).mean(axis=0) for name, array in arrays.items()}
    listed = {n: ", ".join(f"{x:.2f}" for x in means) for n, means in colour.items()}
    return {
        **about,
        "classes": trained.architecture.classes,
        "class names": names and f"{names[0]}, …, {names[-1]}",
        "image": f"side {prepare.side}, crop {prepare.size}, RGB",
        "mean": listed.get("mean", "none"),
        "divided by": listed.get("scale"),
        "missing": ", ".join(trained.about["missing"]) or "nothing",
    }


def fetch(options):
    command_line.quiet_keras()
    from alexnet_paper.weights import downloads

    with command_line.usage():
        path = downloads.download(options.name, options.url, options.out)
    print(path)


def export(options):
    command_line.quiet_keras()
    from pathlib import Path

    from alexnet_paper.training.run import open_run
    from alexnet_paper.weights import export as exporting
    from alexnet_paper.weights.net import open_weights

    with command_line.usage():
        command_line.check_out(options.out)
        read = open_run if Path(options.net).is_dir() else open_weights
        trained = read(options.net)
        model = exporting.export(trained, options.out, options.layer)
    known = known_of(trained)
    command_line.note(
        f"{trained.name} as {model.name}: {known['image']}, pixels 0–255, mean "
        f"{known['mean']}, divided by {known['divided by'] or 1}"
    )
    print(options.out)


if __name__ == "__main__":
    sys.exit(main())
