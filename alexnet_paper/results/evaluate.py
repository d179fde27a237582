"""Errors as the paper measures them: top-1 and top-5, over one or ten views (§4.1),
of one run or of the averaged predictions of several (§6)."""

from dataclasses import dataclass
from dataclasses import replace

import numpy as np

from alexnet_paper.data import datasets
from alexnet_paper.data.datasets import Dataset
from alexnet_paper.results import colour as kernels
from alexnet_paper.results.record import Protocol
from alexnet_paper.results.record import Record
from alexnet_paper.results.record import pack
from alexnet_paper.training import environment
from alexnet_paper.training import run as run_folder
from alexnet_paper.training.plan import ALONE
from alexnet_paper.training.plan import read_plan
from alexnet_paper.training.plan import told
from alexnet_paper.weights import net as trained


def ranks(probabilities, labels):
    """Returns how many classes are ranked before the true one, by probability.

    Of equally probable classes the one with the lower index is first, so a net that
    gives every class the same probability is not right about all images.
    """
    order = np.argsort(-probabilities, axis=1, kind="stable")
    return (order == labels[:, None]).argmax(axis=1)


def top_k_error(probabilities, labels, k):
    """Returns the share of images whose label is not among the k most probable."""
    return float(np.mean(ranks(probabilities, labels) >= k))


def interval(error, images):
    """Returns Wilson's 95 % interval of an error measured on a number of images."""
    from scipy.stats import binomtest

    found = binomtest(round(error * images), images).proportion_ci(method="wilson")
    return [float(found.low), float(found.high)]


def metrics(probabilities, labels):
    """Returns top-1 and top-5 error with intervals, and the mean log loss in nats.

    Raises ValueError for probabilities that are not numbers: sorted, they would give
    the errors of a net that guesses.
    """
    if not np.isfinite(probabilities).all():
        raise ValueError("the net's probabilities are not numbers: nothing to measure.")
    measured = {}
    for name, k in (("top1_error", 1), ("top5_error", 5)):
        if k < probabilities.shape[1]:
            measured[name] = top_k_error(probabilities, labels, k)
            measured[f"{name}_interval"] = interval(measured[name], len(labels))
    likelihood = probabilities[np.arange(len(labels)), labels]
    # A softmax in float32 rounds to 0 what is below about 1e-45, and one such image
    # would make the mean infinite. It counts as 1e-30, 69 nats: where an error is that
    # certain, the mean is a lower bound. The errors above do not depend on it.
    measured["loss"] = float(-np.log(np.maximum(likelihood, 1e-30)).mean())
    return measured


def against_chance(net, dataset, images=300):
    """Returns (error, error of guessing, p-value) of a `Trained` net on some of a
    dataset's held-out images, evenly drawn; p is that a guess is right so often.

    Raises ValueError if the net is partial or has no output for a class.
    """
    from scipy.stats import binomtest

    net.require()
    classes, count = len(dataset.class_names), net.architecture.classes
    outputs = trained.matching(dataset.class_names, net)
    if not outputs and not net.class_names and classes == count:
        outputs = {index: index for index in range(count)}
    if len(outputs) < classes:
        raise ValueError(f"{net.name} lacks outputs for classes of {dataset.name}.")
    split = dataset.split(dataset.held_out)
    chosen = np.unique(np.linspace(0, len(split) - 1, images).astype(int))
    split = split.take(chosen)
    labels = np.array([outputs[int(label)] for label in split.labels])
    error = top_k_error(net.predict(split.images), labels, 1)
    right = round((1 - error) * len(labels))
    p = binomtest(right, len(labels), 1 / count, alternative="greater").pvalue
    return error, 1 - 1 / count, float(p)


def class_report(probabilities, labels, class_names):
    """Returns scikit-learn's {class: precision, recall, f1-score and support}."""
    from sklearn.metrics import classification_report

    report = classification_report(
        labels,
        probabilities.argmax(axis=1),
        labels=range(len(class_names)),
        target_names=class_names,
        output_dict=True,
        zero_division=0.0,
    )
    return {name: report[name] for name in class_names}


def average(nets, split, views):
    """Returns probabilities (images, outputs), averaged over all nets and views."""
    return np.mean([net.predict(split.images, views) for net in nets], axis=0)


def outcomes(probabilities, labels):
    """Returns {"predicted": the most probable class, "rank": the true class's rank} of
    every image, as unsigned integers."""
    small = "uint8" if probabilities.shape[1] <= 256 else "uint16"
    found = {
        "predicted": probabilities.argmax(axis=1),
        "rank": ranks(probabilities, labels),
    }
    return {name: array.astype(small) for name, array in found.items()}


FIXED_POINT = 65_535  # probabilities are kept as uint16 multiples of 1/65,535


@dataclass(frozen=True)
class Opened:
    """Runs on the same data, with their plans, `run.json` contents and nets."""

    folders: tuple
    plans: tuple
    about: tuple
    dataset: Dataset
    nets: tuple


def open_runs(folders, precision=None):
    """Returns the `Opened` runs of these folders; `precision` None: their own.

    Raises ValueError if a folder is not a run or is named twice, or if the runs were
    trained on different data.
    """
    if len(set(map(str, folders))) < len(folders):
        raise ValueError("a run is named twice: its average with itself says nothing.")
    plans, about = zip(*map(read_plan, folders), strict=True)
    places = {f"{plan.data} {plan.data_dir or ''}".strip() for plan in plans}
    if len(places) > 1:
        found = ", ".join(sorted(places))
        raise ValueError(f"the runs were trained on different data: {found}.")
    nets = [run_folder.open_run(folder) for folder in folders]
    nets = tuple(replace(net, precision=precision or net.precision) for net in nets)
    dataset = plans[0].dataset()
    for net in nets:
        if net.class_names != tuple(dataset.class_names):
            raise ValueError(f"{net.name} has other classes than {dataset.name}.")
    return Opened(tuple(folders), plans, about, dataset, nets)


def evaluate(
    folders, split_name, views, command, per_class=False, precision=None, keep=False
):
    """Opens the runs in these folders and returns their `measure`."""
    opened = open_runs(folders, precision)
    return measure(opened, split_name, views, command, per_class, keep)


def measure(opened, split_name, views, command, per_class=False, keep=False):
    """Returns the `Record` of the average of opened runs on a split of their data.

    With `per_class` the metrics include a report on every class. A record of the test
    split keeps the outcome of every image, and with `keep` all probabilities. Raises
    ValueError if the split does not exist or is not the same for all runs.
    """
    plans, dataset, nets = opened.plans, opened.dataset, opened.nets
    plan, recipe = plans[0], plans[0].training_recipe()
    split = dataset.split(split_name)
    if split_name != "test":
        others = (own.dataset().split(split_name) for own in plans[1:])
        if any(held.fingerprint != split.fingerprint for held in others):
            raise ValueError(f"the runs do not have the same {split_name} images.")
    probabilities = average(nets, split, views)
    measured = metrics(probabilities, split.labels)
    if per_class:
        measured["per_class"] = class_report(
            probabilities, split.labels, dataset.class_names
        )
    if len(nets) == 1 and (colour := kernels.first_layer_colour(nets[0])):
        measured["colour"] = colour
    arrays = outcomes(probabilities, split.labels) if split_name == "test" else {}
    if keep:
        fixed = np.round(FIXED_POINT * probabilities).astype("uint16")
        labels = split.labels.astype(arrays["rank"].dtype)
        arrays = {**arrays, "probabilities": fixed, "label": labels}
    history = run_folder.history(opened.folders[0])
    return Record(
        variant="+".join(dict.fromkeys(own.variant for own in plans)),
        data=plan.data,
        split=split_name,
        examples=len(split),
        protocol=Protocol(
            classes=dataset.classes,
            views=views,
            epochs=len(history),
            weights_of_epoch=nets[0].about["state"]["epoch"],
            seed="+".join(str(own.seed) for own in plans),
            runs=len(plans),
            training_images=len(dataset.splits["train"]),
            trained=[found["command"] for found in opened.about],
            trained_by=[found.get("commit", "none") for found in opened.about],
            distribution=[
                one["distribution"]
                for one in opened.about
                if one.get("distribution", ALONE) != ALONE
            ],
            beginning=[
                told(one["beginning"]) for one in opened.about if "beginning" in one
            ],
            recipe=plan.recipe or "as-published",
            changes=plan.changes(),
            batch_size=recipe.batch_size,
            steps=recipe.steps_of(len(dataset.splits["train"])),
            precision="+".join(dict.fromkeys(net.precision for net in nets)),
            **shown(nets[0], split),
        ),
        metrics=measured,
        command=command,
        environment=environment.here(),
        history=history,
        arrays={name: pack(array) for name, array in arrays.items()},
    )


def evaluate_weights(paths, data, data_dir, split_name, views, command, precision=None):
    """Evaluates the average of weight files on a dataset and returns its `Record`.

    The dataset's classes are found among the outputs by name, or by WNID order for the
    1000 of ImageNet. The error is over all outputs: an image of one of ten classes is
    right only if that class is first among the 1000. A record of the test split keeps
    the outcome of every image. Raises ValueError if a file is damaged or partial, lacks
    a class, or orders its classes unlike the other files.
    """
    nets = [trained.open_weights(path) for path in paths]
    nets = [replace(net, precision=precision or net.precision) for net in nets]
    dataset = datasets.load(data, data_dir, validation=0)
    split = dataset.split(split_name)
    for net in nets:
        net.require()
    outputs = trained.matching(dataset.class_names, nets[0])
    for net in nets[1:]:
        of_this = net.architecture.classes, trained.matching(dataset.class_names, net)
        if of_this != (nets[0].architecture.classes, outputs):
            raise ValueError(
                f"{net.name} and {nets[0].name} do not number the same classes alike: "
                "their outputs cannot be averaged."
            )
    lacking = [
        name for label, name in enumerate(dataset.class_names) if label not in outputs
    ]
    if lacking:
        raise ValueError(
            f"{nets[0].name} has no output for {', '.join(lacking[:3])} of {data}: "
            "import it with --labels FILE."
        )
    labels = np.array([outputs[int(label)] for label in split.labels])
    probabilities = average(nets, split, views)
    kept = outcomes(probabilities, labels) if split_name == "test" else {}
    about = nets[0].about
    return Record(
        variant="+".join(dict.fromkeys(net.about["variant"] for net in nets)),
        data=data,
        split=split_name,
        examples=len(split),
        protocol=Protocol(
            classes=nets[0].architecture.classes,
            views=views,
            epochs="imported",
            seed="imported",
            runs=len(nets),
            weights=[net.about.get("source", net.name) for net in nets],
            sha256=[net.about.get("sha256", "not said") for net in nets],
            label_order=about.get("label_order", "its own"),
            precision=nets[0].precision,
            **shown(nets[0], split),
        ),
        metrics=metrics(probabilities, labels),
        command=command,
        environment=environment.here(),
        arrays={name: pack(array) for name, array in kept.items()},
    )


def shown(net, split):
    """Returns the fields of a `Protocol` on how a split's images were prepared."""
    prepare, folders = net.preparation, getattr(split.images, "in_folders", False)
    mean = "none" if prepare.mean is None else "pixel"
    return {
        "image": f"side {prepare.side}, crop {prepare.size}"
        + (", stretched" if prepare.stretch else ""),
        "mean": "image" if np.ndim(prepare.mean) > 1 else mean,
        "fingerprint": split.fingerprint,
        "labels": "classes by sorted folder name, from 0"
        if folders
        else "the dataset's own numbers, from 0",
    }
