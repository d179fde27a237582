"""Figure 4: photographs with their most probable labels, and the training images
nearest to some. What it shows is computed here and drawn by `contact_sheets`."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from alexnet_paper.data.images import BadImage
from alexnet_paper.data.images import open_image
from alexnet_paper.files import in_words
from alexnet_paper.files import printable
from alexnet_paper.files import read_text
from alexnet_paper.report import contact_sheets
from alexnet_paper.report import runs
from alexnet_paper.results.neighbours import METRICS
from alexnet_paper.results.neighbours import retrieval
from alexnet_paper.weights import net as nets

SHOWN, QUERIES, NEAREST = 8, 5, 6  # photographs, queries, images for each


def of_dataset(
    net,
    dataset,
    split,
    words,
    limit,
    seed,
    notify,
    predicted=None,
    names=None,
    metric=METRICS[0],
):
    """(the figure, its tables): the images of a dataset that are nearest to some of it.

    Args:
        net: `weights.net.Trained`.
        dataset: `data.datasets.Dataset`, whose training images are searched.
        split: Name of the split that queries come from.
        words: {WordNet number: words} for the names of classes.
        limit: How many images of the split are used; None: all.
        seed: Of the choice of images.
        notify: Is called with a line of text on what is done.
        predicted: `contact_sheets.Predicted` of photographs; None: of the dataset's.
        names: Of the photographs in the table.
        metric: By which images are near, one of `neighbours.METRICS`.

    Raises ValueError where the dataset has no such split, or too few images.
    """
    held = dataset.split(split)
    chosen = np.random.default_rng(seed).permutation(len(held))[:limit]
    asked = held.take(chosen)
    if predicted is None:
        predicted = of_split(net, dataset, asked.take(slice(SHOWN)), notify)
        names = [f"{dataset.name} {index}" for index in chosen[:SHOWN]]
    translated = tuple(words.get(name, name) for name in dataset.class_names)
    translated = replace(dataset, class_names=translated)
    neighbours, section = nearest(net, translated, asked, notify, metric)
    if predicted is None:
        return contact_sheets.predictions_and_neighbours(None, neighbours), [section]
    made, sections = of_predicted(predicted.in_words(words), names, neighbours)
    return made, [*sections, section]


def of_predicted(predicted, names, neighbours=None):
    """(the figure, its table): photographs and their labels."""
    made = contact_sheets.predictions_and_neighbours(predicted, neighbours)
    return made, [labels_section(predicted, names)]


def read_words(path):
    """{WordNet number: words} of a file of lines "number words". Raises ValueError
    where it is not UTF-8 text."""
    try:
        lines = read_text(path).splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text: {error}") from error
    return dict(line.split(" ", 1) for line in lines if " " in line)


def of_photographs(net, paths, views, notify):
    """(`contact_sheets.Predicted` of the photographs that can be read, or None where
    none can; their paths). Tells `notify` of the others and of what was converted."""
    small, scaled, whole = [], [], []
    for path in paths:
        try:
            image, converted = open_image(path)
        except (BadImage, FileNotFoundError, NotADirectoryError) as error:
            notify(f"error: {printable(in_words(error))}")
            continue
        if converted:
            notify(f"{path}: {', '.join(sorted(converted))}, made upright RGB")
        array = np.asarray(image)
        small.append(contact_sheets.thumbnail(array))
        scaled.append(net.preparation.scaled(array))
        whole.append(path)
    if not whole:
        return None, []
    probabilities = net.predict(scaled, views)
    about = f"{net.name}, {views} view{'s' if views > 1 else ''}."
    titles = tuple(printable(Path(path).name) for path in whole)
    predicted = contact_sheets.Predicted(
        small, probabilities, class_names(net, notify), titles, about=about
    )
    return predicted, whole


def class_names(net, notify):
    """The names of the net's classes, or "class 123" where the file has none."""
    if net.class_names:
        return net.class_names
    notify(
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


def of_split(net, dataset, split, notify):
    """`contact_sheets.Predicted` of a split's images, or None where the net is
    partial."""
    if net.about.get("missing"):
        notify(f"{net.name} is partial: photographs cannot be labelled with it.")
        return None
    names, images = class_names(net, notify), list(split.images)
    place = nets.matching(dataset.class_names, net)
    labels = tuple(place.get(int(label)) for label in split.labels)
    titles = tuple(
        dataset.class_names[of_data] if output is None else names[output]
        for of_data, output in zip(split.labels, labels, strict=True)
    )
    known = any(label is not None for label in labels)
    about = f"{net.name} on {dataset.name}. Over each photograph: its class"
    about += "; ✓ and hatched: where it is among the labels." if known else "."
    return contact_sheets.Predicted(
        images, net.predict(images), names, titles, labels, about
    )


def nearest(net, dataset, split, notify, metric=METRICS[0]):
    """(`contact_sheets.Neighbours` of the last images of a split among the training
    images, the table over all of it). The first images are those whose labels are
    shown."""
    layer, stands_in = net.last_hidden
    train = dataset.split("train")
    notify(f"{layer} of {len(train):,} training images and {len(split):,} others …")
    found = retrieval(
        net.features(train.images, layer),
        train.labels,
        net.features(split.images, layer),
        split.labels,
        NEAREST,
        metric,
    )
    queries = np.arange(len(split))[-min(QUERIES, len(split)) :]
    by = f"the angle of {layer}" if metric == "cosine" else layer
    about = f"{net.name}: nearest by {by}, of {len(train):,} of {dataset.name}."
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
