"""Quality of a net's features: accuracy of a linear classifier and precision of nearest
images. The baselines are the net with random weights, and raw pixels."""

from dataclasses import dataclass

import numpy as np

from alexnet_paper.results import evaluate as evaluation
from alexnet_paper.results.neighbours import METRICS
from alexnet_paper.results.neighbours import retrieval
from alexnet_paper.results.record import Protocol
from alexnet_paper.results.record import Record
from alexnet_paper.training.environment import here

REGULARIZATION = 0.01  # scikit-learn's C, on features of unit variance
NEAREST = 6  # paper, Figure 4


@dataclass(frozen=True)
class Features:
    """Features (images, …) of the training and of the test images.

    `arm` is their source: "weights", "random weights" or "pixels".
    """

    arm: str
    train: np.ndarray
    test: np.ndarray


def of_net(net, layer, train, test, arm, advance=None):
    """Returns a layer's outputs for the central view of every image.

    `advance` is called with the number of images that are done since the last call.
    """
    seen = [
        net.features(split.images, layer, advance=advance) for split in (train, test)
    ]
    return Features(arm, *seen)


def of_pixels(prepare, train, test, advance=lambda images: None):
    """Returns the net's input for the central view of every image, flattened.

    `advance` is called as by `of_net`.
    """

    def pixels(image):
        advance(1)
        return prepare.views(image, 1)[0].ravel()

    seen = [np.stack([*map(pixels, split.images)]) for split in (train, test)]
    return Features("pixels", *seen)


def linear_probe(train, train_labels, test, test_labels):
    """Returns the test accuracy of logistic regression on features (images, features).

    With fewer images than features it is fitted in the subspace that the images span,
    which for the L2 penalty gives the same classifier.
    """
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    steps = [StandardScaler(), LogisticRegression(C=REGULARIZATION, max_iter=5000)]
    if len(train) < train.shape[1]:
        steps.insert(1, PCA(svd_solver="full"))
    model = make_pipeline(*steps).fit(train, train_labels)
    return float(model.score(test, test_labels))


def measure(found, train_labels, test_labels):
    """Returns the metrics of `Features`: accuracy of the probe with its 95 % interval,
    precision of the six nearest training images by distance and by angle, and the
    precision of images drawn at random."""
    about = found.train, train_labels, found.test, test_labels
    accuracy = linear_probe(*about)
    near, turned = (retrieval(*about, NEAREST, metric) for metric in METRICS)
    return {
        "probe_accuracy": accuracy,
        "probe_accuracy_interval": evaluation.interval(accuracy, len(test_labels)),
        f"precision_at_{NEAREST}": near.overall,
        f"precision_at_{NEAREST}_by_angle": turned.overall,
        "chance": near.overall_chance,
    }


def record(net, found, layer, dataset, split_name, seed, metrics, command):
    """Returns the `Record` of one arm."""
    split, train = dataset.splits[split_name], dataset.splits["train"]
    about = net.about
    return Record(
        variant=about["variant"],
        data=dataset.name,
        split=split_name,
        examples=len(split),
        protocol=Protocol(
            experiment="features",
            arm=found.arm.replace(" ", "-"),
            layer="none" if found.arm == "pixels" else layer,
            classes=dataset.classes,
            views=1,
            epochs="imported",
            seed=str(seed),
            training_images=len(train),
            probe=f"logistic regression, C = {REGULARIZATION:g}",
            weights=about.get("source", net.name),
            sha256=about.get("sha256", "not said"),
            **evaluation.shown(net, split),
        ),
        metrics=metrics,
        command=command,
        environment=here(),
    )
