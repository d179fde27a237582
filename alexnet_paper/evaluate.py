"""Errors as the paper measures them: top-1 and top-5, over one or ten views (§4.1),
of one run or of the averaged predictions of several (§6)."""

import keras
import numpy as np

from alexnet_paper import data as datasets
from alexnet_paper import model as models
from alexnet_paper import train as training
from alexnet_paper import weights
from alexnet_paper.images import ImageFiles
from alexnet_paper.plan import read_plan
from alexnet_paper.record import Record


def predict(model, split, prepare, views=1, batch_size=128):
    """Probabilities (images, classes): softmax outputs averaged over the views."""
    batches = datasets.Views(split, prepare, views, batch_size)
    found = [
        keras.ops.convert_to_numpy(model(batches[i][0], training=False))
        for i in range(len(batches))
    ]
    probabilities = np.concatenate(found)
    return probabilities.reshape(len(split), views, -1).mean(axis=1)


def top_k_error(probabilities, labels, k):
    """Share of images whose label is not among the k most probable.

    A tie with the k-th is decided for the lower class index, so that a net that gives
    every class the same probability is not right about all images.
    """
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :k]
    return float(np.mean(~(best == labels[:, None]).any(axis=1)))


def interval(error, images):
    """Wilson's 95 % interval of an error measured on so many images."""
    from scipy.stats import binomtest

    found = binomtest(round(error * images), images).proportion_ci(method="wilson")
    return [float(found.low), float(found.high)]


def metrics(probabilities, labels):
    """Top-1 and top-5 error with intervals, and the mean log loss in nats."""
    measured = {}
    for name, k in (("top1_error", 1), ("top5_error", 5)):
        if k < probabilities.shape[1]:
            measured[name] = top_k_error(probabilities, labels, k)
            measured[f"{name}_interval"] = interval(measured[name], len(labels))
    likelihood = probabilities[np.arange(len(labels)), labels]
    measured["loss"] = float(-np.log(np.maximum(likelihood, 1e-30)).mean())
    return measured


def class_report(probabilities, labels, class_names):
    """{class: precision, recall, f1-score and support}, by scikit-learn."""
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


def evaluate(folders, split_name, views, command, per_class=False):
    """Evaluates the average of the runs in `folders` on a split of their data.

    With `per_class` the metrics have a report on every class. Returns a `Record`.
    Raises ValueError where a folder is not a run, the runs are of different data, or
    the split does not exist.
    """
    plans, about = zip(*map(read_plan, folders), strict=True)
    if len({(plan.data, plan.data_dir) for plan in plans}) > 1:
        raise ValueError(f"the runs were trained on different data: {plans}")
    plan, dataset = plans[0], plans[0].dataset()
    recipe = plan.training_recipe()
    if split_name not in dataset.splits:
        raise ValueError(
            f"{plan.data} has no {split_name} split: {', '.join(dataset.splits)}."
        )
    if split_name != "test":
        held = {own.dataset().splits[split_name].fingerprint for own in plans}
        if len(held) > 1:
            raise ValueError(f"the runs do not have the same {split_name} images.")
    split, outputs, states = dataset.splits[split_name], [], []
    for folder, own in zip(folders, plans, strict=True):
        found = weights.load(training.weight_file(folder, own))
        net = own.architecture(dataset.classes)
        model = models.build_model(net, "one-device", seed=own.seed)
        models.set_weights(model, found.arrays)
        outputs.append(predict(model, split, found.preparation, views))
        states.append(found.meta["state"])
    prepare = found.preparation
    probabilities = np.mean(outputs, axis=0)
    measured = metrics(probabilities, split.labels)
    if per_class:
        measured["per_class"] = class_report(
            probabilities, split.labels, dataset.class_names
        )
    return Record(
        variant="+".join(dict.fromkeys(own.variant for own in plans)),
        data=plan.data,
        split=split_name,
        examples=len(split),
        protocol={
            "classes": dataset.classes,
            "views": views,
            "epochs": states[0]["epoch"],
            "seed": "+".join(str(own.seed) for own in plans),
            "runs": len(plans),
            "training_images": len(dataset.splits["train"]),
            "trained": [found["command"] for found in about],
            "recipe": plan.recipe or "as-published",
            "changes": plan.changes(),
            "batch_size": recipe.batch_size,
            "image": f"side {prepare.side}, crop {prepare.size}",
            "mean": recipe.mean or "none",
            "fingerprint": split.fingerprint,
            "labels": "classes by sorted folder name, from 0"
            if isinstance(split.images, ImageFiles)
            else "the dataset's own numbers, from 0",
        },
        metrics=measured,
        command=command,
        environment=training.here(),
        history=states[0]["history"],
    )
