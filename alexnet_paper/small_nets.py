"""What the experiments on CIFAR-10 say of the paper's claims: verdicts read from their
records over seeds, and the same in words."""

import math
import statistics
from dataclasses import dataclass

from alexnet_paper import effects
from alexnet_paper import variants
from alexnet_paper.findings import FAILS
from alexnet_paper.findings import HOLDS
from alexnet_paper.findings import UNDECIDED
from alexnet_paper.findings import Finding
from alexnet_paper.findings import verdict
from alexnet_paper.record import files

PROBABLE = 0.05  # chance parts the towers' colours as far less often than this


@dataclass(frozen=True)
class Proxy:
    """What an experiment on a small net has to say of a claim about the paper's.

    The claim holds if `what` (of `effects.measure`) is larger in every one of `others`
    than in the arm `base`, or, without others, above 0 in `base` itself; each with a
    95 % interval over seeds that leaves 0 out.
    """

    base: str
    others: tuple[str, ...]
    what: str
    experiment: str = "proxies"


MIDDLE = ("no-conv3", "no-conv4", "no-conv5")
PROXIES = {
    "B06": Proxy("paper-32", MIDDLE, "test"),
    "E02": Proxy("paper-32", ("one-tower",), "test"),
    "F02": Proxy("paper-32", ("no-lrn",), "test"),
    "G01": Proxy("paper-32", ("no-overlap",), "test"),
    "G02": Proxy("paper-32", ("no-overlap",), "gap"),
    "I04": Proxy("paper-32", (), "views"),
    "I06": Proxy("paper-32", ("no-colour",), "test"),
    "J03": Proxy("paper-32", ("no-crops", "no-dropout"), "gap"),
    "K02": Proxy("paper-32", ("no-decay",), "train"),
    "O01": Proxy("paper-32", MIDDLE, "test"),
}
SAID = {  # of each kind of measure, in points
    "test": "test error",
    "train": "training error",
    "gap": "test less training error",
    "views": "saved by ten views",
    "ten views": "test error, ten views",
}


def in_a_small_net(claim, records):
    """The finding on a claim from its `Proxy`, or None where an arm was not run."""
    proxy = PROXIES[claim.id]
    found = {
        other: effects.effect(records, proxy.experiment, proxy.base, other, proxy.what)
        for other in proxy.others or (None,)
    }
    if None in found.values():
        return None
    ours = "; ".join(
        f"{other or proxy.base} {effect.words}" for other, effect in found.items()
    )
    one = next(iter(found.values()))
    note = (
        f"{SAID[proxy.what]}, points against {proxy.base}; CIFAR-10, "
        f"{len(one.differences)} seeds, {one.epochs} epochs"
    )
    if not proxy.others:
        note = note.replace(f", points against {proxy.base}", ", points")
    signs = {effect.sign for effect in found.values()}
    decided = HOLDS if signs == {1} else FAILS if -1 in signs else UNDECIDED
    used = {name for effect in found.values() for name in effect.sources}
    return Finding(ours, decided, note, tuple(sorted(used)))


def relu_against_tanh(claim, records):
    """Figure 1's ratio: reproduced where it is the printed one within a third, or for
    “several times” (D02) where it is two or more. A lower bound, of a tanh that was not
    trained to the end, decides only what more training could not change."""
    race = effects.race(records)
    if race is None or race.ratio[0] is None:
        return None
    ratio, bound = race.ratio
    note = f"rates {best_rates(race)}; medians of {counted(race)} seeds"
    low, high = 2, math.inf
    if claim.values:
        low, high = (claim.values[0] * share for share in (2 / 3, 4 / 3))
    settled = not bound or ratio > high or (high == math.inf and ratio >= low)
    decided = verdict(low <= ratio <= high) if settled else UNDECIDED
    used = [record for of_kind in race.records.values() for record in of_kind]
    text = f"{'over ' if bound else ''}{ratio:.1f} times"
    return Finding(text, decided, note, files(used))


def best_rates(race):
    """The learning rates of a race, and of how many each is the fastest."""
    return ", ".join(
        f"{race.rates[kind]:g} for {name} (best of {len(race.tried[kind])})"
        for kind, name in (("relu", "ReLU"), ("tanh", "tanh"))
    )


def counted(race):
    """ "3", or "3 and 2", seeds of ReLU and of tanh."""
    seeds = [len(epochs) for epochs in race.epochs.values()]
    return " and ".join(map(str, dict.fromkeys(seeds)))


def footnote_3(claim, records):
    """Errors of cuda-convnet's two nets beside the printed ones, and what the second
    loses without its normalization. Nets that were trained for fewer epochs than
    cuda-convnet's leave it undecided, unless they get there all the same."""
    nets = ("13pct", "11pct")
    errors = [
        effects.effect(records, "footnote3", arm, None, "ten views") for arm in nets
    ]
    if None in errors:
        return None
    found = [error.mean for error in errors]
    good = all(
        ours < printed + 0.5 for ours, printed in zip(found, claim.values, strict=True)
    )
    own = [variants.get(f"cifar-{net}").recipe.epochs for net in nets]
    epochs = errors[0].epochs
    note = (
        f"{len(errors[0].differences)} seeds, {epochs} epochs of the "
        f"{own[0]} and {own[1]} of cuda-convnet, ten views"
    )
    alone = effects.effect(records, "footnote3", "11pct", "11pct-no-lrn", "ten views")
    if alone:
        note += f"; the second without its normalization {alone.words} points"
    decided = verdict(good) if good or epochs >= max(own) else UNDECIDED
    used = {name for effect in [*errors, alone] if effect for name in effect.sources}
    ours = f"{found[0]:.1f} → {found[1]:.1f} %"
    return Finding(ours, decided, note, tuple(sorted(used)))


READINGS = {
    "D01": relu_against_tanh,
    "D02": relu_against_tanh,
    "F03": footnote_3,
    **dict.fromkeys(PROXIES, in_a_small_net),
}


def coloured(records):
    """The records of `paper-32` that say how coloured the first kernels of its two
    towers are: a list, seed by seed, for each experiment that has some, the one with
    the most training last."""
    found = []
    for experiment in ("proxies", "towers"):
        base = effects.of_experiment(records, experiment).get("paper-32", ())
        (base,) = effects.most_trained(base)
        found.append(
            [
                record
                for record in base
                if record.metrics.get("colour")
                and (record.split, record.protocol["views"]) == ("test", 1)
            ]
        )
    return [of_one for of_one in found if of_one]


def how_many_part(found):
    """In how many of these runs chance would rarely part the towers' colours so far."""
    parted = sum(record.metrics["colour"]["p_value"] < PROBABLE for record in found)
    return f"in {parted} of {len(found)} seeds (p < {PROBABLE})"


def all_effects(records):
    """{(arm, words of the measure): Effect} of the arms that claims ask for."""
    asked = {
        (proxy.experiment, proxy.base, other, proxy.what): None
        for proxy in PROXIES.values()
        for other in proxy.others
    }
    asked["footnote3", "11pct", "11pct-no-lrn", "ten views"] = None
    found = {
        (other, SAID[what]): effects.effect(records, experiment, base, other, what)
        for experiment, base, other, what in asked
    }
    return {key: effect for key, effect in found.items() if effect}


# in words


def on_figure_1(records):
    """Epochs of every seed, the rates that were tried, and what stands in for what."""
    race = effects.race(records)
    if race is None or race.ratio[0] is None:
        return ""
    ratio, bound = race.ratio
    epochs = {
        kind: ", ".join(f"{count:.1f}" for count in counts)
        for kind, counts in race.epochs.items()
    }
    tried = {
        kind: ", ".join(
            f"{rate:g} ({100 * error:.1f})" for rate, error in rates.items()
        )
        for kind, rates in race.tried.items()
    }
    return (
        "The paper's four-layer net needs six times as many epochs with tanh as with "
        "ReLU to a training error of 25 %, and is not specified further. Here "
        "cuda-convnet's 18 % net stands in, without normalization and decay. "
        f"Epochs, seed by seed: ReLU {epochs['relu']}; tanh {epochs['tanh']}. The "
        f"medians are {'more than ' if bound else ''}{ratio:.1f} times apart. "
        "Rates, and the training error in % that the first seed had after "
        f"{effects.HEAT} epochs, or as many as a faster rate took: ReLU "
        f"{tried['relu']}; tanh {tried['tanh']}."
    )


def on_the_18_percent_net(records):
    """Its test error beside its authors', and how far it was trained."""
    found = [
        record
        for record in records
        if record.variant == "cifar-18pct" and record.split == "test"
    ]
    if not found:
        return ""
    record = max(found, key=lambda one: one.protocol["epochs"])
    low, high = (100 * edge for edge in record.metrics["top1_error_interval"])
    own, epochs = variants.get("cifar-18pct").recipe.epochs, record.protocol["epochs"]
    text = (
        f"Its authors say 18 % test error after {own} epochs. Here "
        f"{100 * record.metrics['top1_error']:.2f} % [{low:.2f}, {high:.2f}] after "
        f"{epochs} of {record.protocol['training_images']:,} images, "
        f"{falls(record.history)}"
    )
    if epochs < own:
        return (
            f"{text}. `python -m reproduce.experiment net-18pct --data-dir DIR` runs "
            "the whole schedule."
        )
    trained = 100 * record.history[-1]["top1_error"]
    return f"{text}; {trained:.1f} % of the training images were wrong in the last one."


def falls(history):
    """When the rate of a run fell: "the rate divided by ten after epochs 16 and 18"."""
    lines = list(zip(history, history[1:], strict=False))
    found = [
        (before["epoch"], round(before["rate"] / after["rate"]))
        for before, after in lines
        if after["rate"] < before["rate"]
    ]
    if not found:
        return "the rate constant"
    by = {10: "ten"}.get(found[0][1], found[0][1])
    epochs = "epochs" if len(found) > 1 else "epoch"
    after = " and ".join(str(epoch) for epoch, _ in found)
    return f"the rate divided by {by} after {epochs} {after}"


def on_footnote_3(records):
    """Errors of cuda-convnet's two nets and of the second without its normalization."""
    arms = {
        arm: effects.effect(records, "footnote3", arm, None, "ten views")
        for arm in ("13pct", "11pct", "11pct-no-lrn")
    }
    if None in arms.values():
        return ""
    first, second, without = (f"{one.mean:.1f} %" for one in arms.values())
    one = arms["11pct"]
    (run, *_), *_ = effects.most_trained(
        effects.of_experiment(records, "footnote3")["11pct"]
    )
    own = variants.get("cifar-11pct").recipe.epochs
    alone = effects.effect(records, "footnote3", "11pct", "11pct-no-lrn", "ten views")
    return (
        "The paper says that response normalization took a net on CIFAR-10 from 13 to "
        "11 % test error; cuda-convnet's two nets differ in more than that. After "
        f"{one.epochs} epochs of {run.protocol['training_images']:,} images, "
        f"{falls(run.history)} (cuda-convnet: up to {own} epochs), they err "
        f"on {first} and {second} of the test images (ten views, mean of "
        f"{len(one.differences)} seeds), and the second one trained without its "
        f"normalization on {without}: "
        f"{alone.words} points more. Its normalization alone is "
        f"{'not told from chance' if alone.sign == 0 else 'told from chance'} here."
    )


def on_small_nets(records):
    """What was trained, on what, and where it got."""
    base = effects.of_experiment(records, "proxies").get("paper-32")
    if not base:
        return ""
    (base,) = effects.most_trained(base)
    one = base[0].protocol
    tested, trained = (
        statistics.mean(effects.errors(base, split, 1).values())
        for split in ("test", "train")
    )
    aside = (
        ", and so short a training leaves it far from over-fitting, which much of the "
        "paper's design is against"
    )
    return (
        "`paper-32` is the paper's net at CIFAR-10's size, and each arm changes one "
        f"thing of it: {one['training_images']:,} training images, "
        f"{one['epochs']} epochs, {falls(base[0].history)}, the same seeds for all. "
        f"`paper-32` itself errs on {tested:.1f} % of the test images and on "
        f"{trained:.1f} % of those it was trained on. A verdict below is of this net "
        f"so trained, not of the paper's{aside if trained > 20 else ''}. Differences "
        "are paired by seed, with Student's 95 % interval of their mean."
    )


def on_towers(records):
    """Colour selectivity of the two towers, seed by seed."""
    found = coloured(records)
    if not found:
        return ""
    return (
        "The authors saw one tower's first kernels become colour-agnostic and the "
        "other's colour-specific in every run. Mean colour selectivity of the two "
        f"towers of `paper-32`, seed by seed, {'; '.join(map(seed_by_seed, found))}."
    )


def seed_by_seed(found):
    """The towers' mean selectivities in runs of one protocol."""
    one = found[0].protocol
    seeds = ", ".join(
        "{:.2f} and {:.2f} (p = {:.2g})".format(
            *record.metrics["colour"]["means"], record.metrics["colour"]["p_value"]
        )
        for record in found
    )
    return (
        f"after {one['epochs']} epochs of {one['training_images']:,} images: {seeds}, "
        f"so that they part {how_many_part(found)}"
    )


def on_compute(records):
    spent = effects.hours(records)
    if not spent:
        return ""
    each = ", ".join(f"{name} {hours:.1f}" for name, hours in spent.items())
    return (
        f"All experiments together: {sum(spent.values()):.1f} hours of training, by "
        f"the runs' own logs: {each}. They ran on two cores, mostly two at a time."
    )


EXPLANATIONS = {
    "Figure 1": on_figure_1,
    "The 18 % net": on_the_18_percent_net,
    "Footnote 3": on_footnote_3,
    "Small nets": on_small_nets,
    "Two towers": on_towers,
    "Compute": on_compute,
}
