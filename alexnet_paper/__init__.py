"""AlexNet as its paper describes it, in Keras.

    from alexnet_paper import AlexNet
    model = AlexNet()                                # the paper's net, 1000 classes
    model = AlexNet(variant="authors", classes=10)   # as its authors ran it

Where things are:

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
    plan, train         what a run is; a run that survives being killed
    evaluate            errors over 1 or 10 views, of one run or of several averaged
    weights, record     the one weight file; the one format of results
    trained             a net with its weights, from a weight file or a run
    formats, conversion weights of other projects, read without trust, turned round
    downloads           public weights: addresses and hashes
    kernels, retrieval  colour of the first layer's kernels; nearest images
    probe               what a net's features are worth
    experiments         questions to many runs, with their protocols          (data)
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

Importing this package imports neither Keras nor TensorFlow.
"""


def AlexNet(
    include_top=True,
    weights=None,
    input_tensor=None,
    input_shape=None,
    pooling=None,
    classes=1000,
    classifier_activation="softmax",
    name="alexnet",
    *,
    variant="paper",
    placement="auto",
    seed=None,
):
    """A Keras model of the paper's net, or of another variant of it.

    Inputs are RGB images (batch, height, width, 3), 0–255 with the training set's mean
    subtracted (articles' variants: as they are; bn-flowers17: divided by 255).

    Args:
        include_top: Whether to include the fully connected layers.
        weights: None (random initialization) or the path of a weight file of this
            project (`checkpoint.npz` of a run).
        input_tensor: Keras tensor to use as the image.
        input_shape: (height, width, channels); by default the variant's own, 227×227×3
            for the paper's.
        pooling: Without the top: None, "avg" or "max" over the last maps.
        classes: Units of the last layer.
        classifier_activation: "softmax", or None for logits.
        name: The model's name.
        variant: A name of `alexnet_paper.variants.VARIANTS`.
        placement: "auto" (two GPUs if there are two), "one-device", "two-devices", or
            two device names such as "GPU:0,GPU:1".
        seed: Integer from which initial weights and dropout follow.

    Returns a `keras.Model`. Raises ValueError for values that do not fit together, and
    FileNotFoundError where `weights` is not there.
    """
    from alexnet_paper import model as models
    from alexnet_paper import variants
    from alexnet_paper import weights as files

    net = variants.get(variant).architecture
    if input_tensor is not None:
        input_shape = input_shape or tuple(input_tensor.shape[1:])
    if input_shape is not None:
        net = net.with_input(input_shape)
    built = models.build_model(
        net.with_classes(classes),
        placement,
        classifier_activation=classifier_activation,
        include_top=include_top,
        pooling=pooling,
        input_tensor=input_tensor,
        name=name,
        seed=seed,
    )
    if weights is not None:
        arrays = files.load(weights).arrays
        if not include_top:
            held = models.named_variables(built)
            arrays = {part: arrays[part] for part in arrays if part in held}
        models.set_weights(built, arrays)
    return built
