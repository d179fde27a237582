"""AlexNet as its paper describes it, in Keras.

    from alexnet_paper import AlexNet
    model = AlexNet()                                # the paper's net, 1000 classes
    model = AlexNet(variant="authors", classes=10)   # as its authors ran it
    model.save("net.keras")                          # and later, in another process:
    from alexnet_paper import AlexNet                # registers what Keras lacks
    model = keras.models.load_model("net.keras")

Eight rooms, in the order in which data flows; each imports from those before it only:

    paper     what the paper, its authors' logs and the articles say
    nets      every net as data, and the one builder
    data      images to batches
    weights   the one weight file; other projects' files in
    training  one run, exact and resumable
    results   records and what is computed from them
    verdicts  from a claim to a finding
    report    findings and records to text, tables and figures

The programs are in `reproduce`; `files` writes files whole or not at all. Importing
this package imports neither Keras nor TensorFlow; AlexNet does.
"""

ROOMS = (
    "paper",
    "nets",
    "data",
    "weights",
    "training",
    "results",
    "verdicts",
    "report",
)

__all__ = ["AlexNet"]


def __getattr__(name):
    """AlexNet, when it is asked for: with it Keras is imported."""
    if name != "AlexNet":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from alexnet_paper.weights.alexnet import AlexNet

    return AlexNet
