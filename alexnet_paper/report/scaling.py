"""What more cards and more machines give, measured here and estimated."""

import statistics

from alexnet_paper import paper
from alexnet_paper.nets import traffic
from alexnet_paper.nets import variants
from alexnet_paper.report.writers import Section
from alexnet_paper.results.scaling import ALONE

CARDS = 2, 4, 8, 16
BATCHES = 128, 1024
LINKS = {"10 Gb/s Ethernet": 1.25e9, "PCI Express 4.0": 32e9, "NVLink (H100)": 450e9}
ALL = "128 images a card"


def sections(scaling):
    """Returns the tables; `scaling` is a `results.scaling.Scaling` or None."""
    net = variants.get("paper").architecture
    found = [speeds_section(scaling)] if scaling else []
    return [*found, bytes_section(net), steps_section(net), hours_section(net)]


def speeds_section(scaling):
    """Returns the measured images a second, those of one process first."""
    ways = sorted(scaling.speeds, key=lambda way: way != ALONE)
    rows = tuple(
        (
            way,
            f"{statistics.median(scaling.speeds[way]):,.0f}",
            f"{scaling.ratio(way):.2f}",
            ", ".join(f"{one:.2f}" for one in scaling.ratios(way)),
        )
        for way in ways
    )
    about = scaling.environment
    note = (
        f"`{scaling.variant}` on {scaling.data}, batches of {scaling.batch_size}, "
        f"{about.get('machine', 'unknown')}, commit {about.get('commit', 'unknown')}: "
        f"`{scaling.command}`. Replicas and workers share the cores that one process "
        "has to itself, so that less than 1 is what distribution costs; no second card "
        "or machine was at hand."
    )
    columns = ("training by", "images/s, median", "ratio, median", "round by round")
    return Section("Measured here", columns, rows, note)


def bytes_section(net):
    """Returns the bytes that each card sends in a step."""
    rows = [
        ("towers", "2", f"{batch:,}", megabytes(traffic.by_towers(net, batch)))
        for batch in BATCHES
    ]
    for cards in CARDS:
        sent = traffic.by_replicas(net, cards)
        rows.append(("replicas", f"{cards}", "any", megabytes(sent)))
    for cards in CARDS:
        for batch in BATCHES:
            sent = traffic.mixed(net, batch, cards)
            rows.append(("mixed", f"{cards}", f"{batch:,}", megabytes(sent)))
    note = (
        "MB (a million bytes) of float32 that each card sends in a step of the paper's "
        "net. Towers: the tensors of Figure 2 and their gradients. Replicas: all "
        "gradients, summed by a ring. Mixed: gradients of the convolutions, and inputs "
        "of the dense layers with their gradients (Krizhevsky 2014, arXiv 1404.5997). "
        "Mixed sends less than replicas for batches of up to "
        f"{traffic.break_even(net):,.0f} images, whatever the number of cards."
    )
    return Section("Bytes that cross", ("way", "cards", "batch", "MB"), (*rows,), note)


def megabytes(count):
    return f"{count / 1e6:,.1f}"


def share():
    """Returns the share of its cards' peak that the paper's training reached."""
    claims = {claim.id: claim for claim in paper.CLAIMS}
    days, images = claims["B07"].values, claims["A01"].values[0]
    net = variants.get("paper")
    return traffic.share_of_peak(
        net.architecture,
        statistics.mean(days),
        net.recipe.epochs,
        images,
        2,
        traffic.CARDS[0],
    )


def steps_section(net):
    """Returns how many times as fast N cards are as one, by the model."""
    card, rows = traffic.CARDS[-1], []
    speed = share() * card.peak
    for name, link in LINKS.items():
        for cards in CARDS:
            batch = 128 * cards
            alone = traffic.seconds(net, batch, 1, 0, speed, link)
            ways = (
                traffic.by_replicas(net, cards),
                traffic.mixed(net, batch, cards),
            )
            times = (
                alone / traffic.seconds(net, batch, cards, sent, speed, link)
                for sent in ways
            )
            rows.append((name, f"{cards}", *(f"{one:.2g}" for one in times)))
    note = (
        f"Estimates for the paper's net on {card.name}s, {ALL}: a step takes the time "
        f"to compute ({100 * share():.0f} % of the peak, as below) and then the time "
        "to send, with nothing hidden behind computing. Not measured."
    )
    columns = ("link", "cards", "replicas, times as fast", "mixed, times as fast")
    return Section("More cards, by a model", columns, tuple(rows), note)


def hours_section(net):
    """Returns the hours of the paper's training on named cards, by their peak."""
    claims = {claim.id: claim for claim in paper.CLAIMS}
    images, epochs = claims["A01"].values[0], variants.get("paper").recipe.epochs
    work, used = traffic.operations(net) * images * epochs, share()
    rows = tuple(
        (
            f"{card.name} ({card.year})",
            f"{card.peak / 1e12:,.1f}, {card.precision}",
            f"{work / (used * card.peak) / 3600:,.1f}",
            f"{used * card.peak / traffic.operations(net):,.0f}",
            card.source,
        )
        for card in traffic.CARDS
    )
    note = (
        f"Estimates for one card, {epochs} epochs of {images:,.0f} images, if it is "
        f"used as well as the authors used theirs: {claims['B07'].printed} on two GTX "
        f"580 are {100 * used:.0f} % of their peak. Not measured; tensor cores are "
        "seldom used as well, and so many images a second must be read and decoded."
    )
    columns = ("card", "peak, TFLOP/s", "hours", "images/s", "source of the peak")
    return Section("Hours of the paper's training", columns, rows, note)
