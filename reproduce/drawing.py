"""Puts the figures together: what each shows is computed or read, and handed to
the rooms of figures. Every `figure_…(options)` returns the figure and its numbers."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from alexnet_paper.files import printable
from alexnet_paper.files import read_text
from alexnet_paper.report import charts
from alexnet_paper.report import contact_sheets
from alexnet_paper.report import figure2
from alexnet_paper.report import figures
from alexnet_paper.report import runs
from alexnet_paper.results import curves
from alexnet_paper.results import record
from reproduce import command_line

SHOWN, QUERIES, NEAREST = 8, 5, 6  # Figure 4: photographs, queries, images for each


def figure_1(options):
    """ReLU against tanh, from records."""
    with command_line.usage():
        pace = curves.figure1(record.load_all(options.records), figures.TARGET)
        if pace is None:
            raise ValueError(
                "there are no records of ReLU against tanh: python -m "
                "reproduce.experiment figure1 --data-dir DIR makes them."
            )
    words = figures.ratio_in_words(*pace.ratio)
    table = runs.epochs_section(pace.epochs, words, figures.TARGET)
    return figures.figure1(pace), [table]


def effects_of_changes(options):
    """What each removal from a small net costs, from records."""
    from alexnet_paper.verdicts import stand_ins

    with command_line.usage():
        found = stand_ins.decisions(record.load_all(options.records))
        if not found:
            raise ValueError(
                "there are no records of three seeds: python -m reproduce.experiment "
                "choices --data-dir DIR makes them."
            )
    return figures.effects(found), [runs.effects_section(found)]


def biases(options):
    """Steps until nets with several initial biases leave the plateau, from records."""
    with command_line.usage():
        found = record.load_all(options.records)
        if not curves.of_experiment(found, "biases"):
            raise ValueError(
                "there are no records of it: python -m reproduce.experiment biases "
                "--data-dir DIR makes them."
            )
    return figures.biases(found), [figures.starts_section("biases", found)]


def figure_2(options):
    """The net, from its specification alone."""
    from alexnet_paper.nets import variants

    with command_line.usage():
        variant = variants.get(options.variant)
    title = variant.title[0].upper() + variant.title[1:]
    return figure2.architecture_diagram(variant.architecture, title), []


def figure_3(options):
    """The first layer's kernels, and whether the towers differ in colour."""
    command_line.quiet_keras()
    from alexnet_paper.results import colour

    net = command_line.open_net(options)
    with command_line.usage():
        first = next(layer for layer in net.architecture.layers if layer.name)
        name = f"{first.name}/kernel"
        if name not in net.arrays:
            raise ValueError(f"{net.name} lacks {name}: there is nothing to draw.")
        selectivity = colour.colour_selectivity(net.arrays[name])
    parts, part = colour.first_layer_parts(net.architecture)
    difference = None
    if parts == 2:
        difference = colour.tower_difference(selectivity, seed=options.seed)
    made = contact_sheets.first_layer(
        net.arrays[name], selectivity, parts, part, difference, f"{net.name}."
    )
    means = [half.mean() for half in np.split(selectivity, parts)]
    return made, [runs.kernels_section(means, difference, part, net.name)]


def figure_4(options):
    """Photographs with their labels, and the training images nearest to some."""
    command_line.quiet_keras()
    net = command_line.open_net(options)
    with command_line.usage():
        if options.data is None and not options.photographs:
            raise ValueError("figure 4 needs --data, or photographs to label.")
        dataset, words = load(options), in_words(options)
    predicted, neighbours, sections = None, None, []
    if options.photographs:
        predicted, names = of_photographs(net, options.photographs)
        if len(names) < len(options.photographs):
            raise SystemExit(1)
    if dataset is not None:
        split = chosen_split(dataset, options.split)
        rng = np.random.default_rng(options.seed)
        chosen = rng.permutation(len(split))[: options.limit]
        asked = split.take(chosen)
        if predicted is None:
            predicted = of_split(net, dataset, asked.take(slice(SHOWN)))
            names = [f"{options.data} {index}" for index in chosen[:SHOWN]]
        with command_line.usage():
            train = dataset.split("train")
        translated = tuple(words.get(name, name) for name in dataset.class_names)
        dataset = replace(dataset, class_names=translated)
        neighbours, section = nearest(net, dataset, train, asked)
        sections.append(section)
    if predicted is not None:
        predicted = predicted.in_words(words)
        sections.insert(0, labels_section(predicted, names))
    return contact_sheets.predictions_and_neighbours(predicted, neighbours), sections


def load(options):
    """The dataset that is named, or None."""
    from alexnet_paper.data import datasets

    if options.data is None:
        return None
    return datasets.load(options.data, options.data_dir, limit=options.limit)


def in_words(options):
    """{WNID: words} of --labels, lines "WNID words"."""
    if options.labels is None:
        return {}
    try:
        lines = read_text(options.labels).splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{options.labels} is no text: {error}") from error
    return dict(line.split(" ", 1) for line in lines if " " in line)


def chosen_split(dataset, name=None):
    """The split that is asked for, or else test, or else validation."""
    with command_line.usage():
        test = "test" if "test" in dataset.splits else "validation"
        return dataset.split(name or test)


def of_photographs(net, paths, views=1):
    """(`Predicted`, or None where none was whole; the paths it is of)."""
    from alexnet_paper.data.images import BadImage
    from alexnet_paper.data.images import open_image

    small, scaled, whole = [], [], []
    for path in paths:
        try:
            image, converted = open_image(path)
        except (BadImage, FileNotFoundError) as error:
            command_line.note(f"error: {printable(command_line.in_words(error))}")
            continue
        if converted:
            command_line.note(
                f"{path}: {', '.join(sorted(converted))}, made upright RGB"
            )
        array = np.asarray(image)
        small.append(contact_sheets.thumbnail(array))
        scaled.append(net.preparation.scaled(array))
        whole.append(path)
    if not whole:
        return None, []
    with command_line.usage():
        probabilities = net.predict(scaled, views)
    about = f"{net.name}, {views} view{'s' if views > 1 else ''}."
    titles = tuple(printable(Path(path).name) for path in whole)
    predicted = contact_sheets.Predicted(
        small, probabilities, outputs(net), titles, about=about
    )
    return predicted, whole


def outputs(net):
    """The names of the classes, or "class 123" where the file has none."""
    if net.class_names:
        return net.class_names
    command_line.note(
        f"{net.name} has no class names: outputs are numbered from 0. Give them with "
        "python -m reproduce.weights import FILE --labels NAMES --out NEW."
    )
    return tuple(f"class {index}" for index in range(net.architecture.classes))


def labels_section(predicted, names, top=5):
    """The table of the `top` labels of every photograph, by name."""
    labelled = [
        [
            (predicted.class_names[output], predicted.probabilities[index, output])
            for output in predicted.best(index, top)
        ]
        for index in range(len(names))
    ]
    return runs.predictions_section(names, labelled, predicted.about)


def of_split(net, dataset, split):
    """`Predicted` of a split's images, or None where the net is partial."""
    if net.about.get("missing"):
        command_line.note(
            f"{net.name} is partial: photographs cannot be labelled with it."
        )
        return None
    from alexnet_paper.weights import net as nets

    names, images = outputs(net), list(split.images)
    place = nets.matching(dataset.class_names, net)
    labels = tuple(place.get(int(label)) for label in split.labels)
    titles = tuple(
        dataset.class_names[of_data] if output is None else names[output]
        for of_data, output in zip(split.labels, labels, strict=True)
    )
    probabilities = net.predict(images)
    about = f"{net.name} on {dataset.name}. Over each photograph: its class"
    about += "; ✓ and hatched: where it is among the labels." if any_of(labels) else "."
    return contact_sheets.Predicted(images, probabilities, names, titles, labels, about)


def any_of(labels):
    return any(label is not None for label in labels)


def nearest(net, dataset, train, split):
    """(`Neighbours` of some of the split among the training images, the table over all
    of it). They are others than those whose labels are shown, where there are
    enough."""
    from alexnet_paper.results.neighbours import retrieval

    with command_line.usage():
        layer, stands_in = net.last_hidden
    command_line.note(
        f"{layer} of {len(train):,} training images and {len(split):,} others …"
    )
    with command_line.usage():
        found = retrieval(
            net.features(train.images, layer),
            train.labels,
            net.features(split.images, layer),
            split.labels,
            NEAREST,
        )
    queries = np.arange(len(split))[-min(QUERIES, len(split)) :]
    about = f"{net.name}: nearest by {layer}, of {len(train):,} of {dataset.name}."
    if stands_in:
        about += f" The weights are partial: {layer} stands in for the last hidden one."
    precision = (
        f" Precision@{NEAREST} over {len(split):,} queries "
        f"{100 * found.overall:.1f} %, chance {100 * found.overall_chance:.1f} %."
    )
    shown = contact_sheets.Neighbours(
        [split.images[i] for i in queries],
        tuple(split.labels[queries].tolist()),
        [[train.images[i] for i in found.indices[query]] for query in queries],
        [train.labels[found.indices[query]].tolist() for query in queries],
        dataset.class_names,
        about + precision,
    )
    section = runs.retrieval_section(found, dataset.class_names, NEAREST, about)
    return shown, section


def learning_curves(options):
    """Loss and accuracy from the log of a run."""
    command_line.quiet_keras()
    from alexnet_paper.nets import variants
    from alexnet_paper.training import run as run_folder
    from alexnet_paper.training.plan import read_plan

    with command_line.usage():
        if options.run is None:
            raise ValueError("curves are of a run: name it with --run RUN.")
        plan = read_plan(options.run)[0]
        history = run_folder.history(options.run)
        about = f"{plan.variant} on {plan.data}, seed {plan.seed} ({options.run})."
        layers = variants.get(plan.variant).architecture.layers
        made = charts.curves(history, about, layers)
    return made, [runs.curves_section(history, about)]


def confusion(options):
    """Confusion matrices of a run on a split of its data."""
    command_line.quiet_keras()
    from alexnet_paper.results import evaluate as evaluation
    from alexnet_paper.training import run as run_folder
    from alexnet_paper.training.plan import read_plan

    with command_line.usage():
        if options.run is None:
            raise ValueError("a confusion matrix is of a run: name it with --run RUN.")
        net = run_folder.open_run(options.run)
        dataset = read_plan(options.run)[0].dataset()
    split = chosen_split(dataset, options.split)
    probabilities = net.predict(split.images)
    wrong = evaluation.top_k_error(probabilities, split.labels, 1)
    about = f"{net.name}: {len(split):,} images of {dataset.name}, "
    about += f"{100 * wrong:.1f} % wrong."
    made = charts.confusion(
        split.labels, probabilities.argmax(axis=1), dataset.class_names, about
    )
    report = evaluation.class_report(probabilities, split.labels, dataset.class_names)
    return made, [runs.class_section(report)]


DRAWN = {
    "1": figure_1,
    "effects": effects_of_changes,
    "biases": biases,
    "2": figure_2,
    "3": figure_3,
    "4": figure_4,
    "curves": learning_curves,
    "confusion": confusion,
}
