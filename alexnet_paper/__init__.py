"""AlexNet as its paper describes it, in Keras.

    from alexnet_paper import AlexNet, preprocess_input
    model = AlexNet()                                # the paper's net, 1000 classes
    model = AlexNet(variant="authors", classes=10)   # as its authors ran it
    model.predict(preprocess_input(images, variant="authors"))
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

LAZY = {  # name: the module that it is in, imported when it is asked for
    "AlexNet": "alexnet_paper.weights.alexnet",
    "decode_predictions": "alexnet_paper.weights.applications",
    "preprocess_input": "alexnet_paper.weights.applications",
}

__all__ = ["__version__", "list_variants", *LAZY]


def list_variants():
    """Returns the names of all nets, for `AlexNet(variant=...)`."""
    from alexnet_paper.nets.variants import VARIANTS

    return list(VARIANTS)


def __getattr__(name):
    """What the package has besides its rooms; with AlexNet, Keras is imported."""
    if name == "__version__":
        return version()
    if name not in LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(LAZY[name]), name)


def __dir__():
    return sorted({*globals(), *__all__})


def version():
    """Returns the installed version, or that of the checkout that this is in."""
    import tomllib
    from importlib import metadata
    from pathlib import Path

    try:
        return metadata.version("alexnet_paper")
    except metadata.PackageNotFoundError:
        project = Path(__file__).parents[1] / "pyproject.toml"
        return tomllib.loads(project.read_text("utf-8"))["project"]["version"]
