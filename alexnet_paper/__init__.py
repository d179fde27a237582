"""AlexNet as its paper describes it, in Keras.

    from alexnet_paper import AlexNet
    model = AlexNet()                                # the paper's net, 1000 classes
    model = AlexNet(variant="authors", classes=10)   # as its authors ran it
    model.save("net.keras")                          # and later, in another process:
    from alexnet_paper import AlexNet                # registers what Keras lacks
    model = keras.models.load_model("net.keras")

Where things are:

    alexnet             AlexNet(...), as keras.applications would have it
    paper, articles     what was printed: claims, tables, open questions      (data)
    architecture        layer specs; shapes, parameters, multiply-adds, memory
    variants            every net as a list of specs, with source and recipe  (data)
    ablations           what can be taken from any of them                    (data)
    differences         what distinguishes two of them
    layers, optimizer   what Keras lacks: response normalization, the 2012 update rule
    losses              and the clipped loss of an article's time
    placement           which device holds which tower; what crosses in the graph
    model               build_model: one builder for every variant and both forms
    equivalence         the two forms compared
    images, prepare     image files read safely; a training set made ready once
    data, augment       datasets, and what the paper does to their images
    batches             what Keras is fed with
    plan, train         what a run is; a run that survives being killed
    evaluate            errors over 1 or 10 views, of one run or of several averaged
    weights, record     the one weight file; the one format of results
    trained             a net with its weights, from a weight file or a run
    formats, conversion weights of other projects, read without trust, turned round
    downloads           public weights: addresses and hashes
    kernels, retrieval  colour of the first layer's kernels; nearest images
    probe               what a net's features are worth
    experiments         questions to many runs, with their protocols          (data)
    trials              one such run
    effects, small_nets what their records say, in numbers and in verdicts
    comparison          variants side by side under one protocol
    findings, evidence  verdicts; what records say of claims and articles
    checks              the paper's claims measured on built nets and running code,
    article_checks      and the articles'
    claims              every claim with its finding
    tables              text, Markdown, LaTeX, CSV, JSON
    layout, outcomes    what a row shows of claims and nets, and of runs
    figures             what all figures share: size, style, captions, saving
    charts              Figure 1, curves, confusion matrices, effects
    diagram             Figure 2
    contact_sheets      Figures 3 and 4

Importing this package imports neither Keras nor TensorFlow; AlexNet does.
"""

__all__ = ["AlexNet"]


def __getattr__(name):
    """AlexNet, when it is asked for: with it Keras is imported."""
    if name != "AlexNet":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from alexnet_paper.alexnet import AlexNet

    return AlexNet
