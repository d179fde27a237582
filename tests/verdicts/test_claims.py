"""Every claim that needs no data has a check, the checks find what is known of each
net, and a net or a rule that is wrong does not pass."""

import dataclasses
import functools
import gc

import pytest
import records
from records import ALL
from records import CLAIM

from alexnet_paper import paper
from alexnet_paper.data import augment
from alexnet_paper.nets import specs
from alexnet_paper.nets.recipes import OnPlateau
from alexnet_paper.nets.variants import VARIANTS
from alexnet_paper.paper.replications import of_claim
from alexnet_paper.training.optimizer import MomentumSGD
from alexnet_paper.verdicts import built
from alexnet_paper.verdicts import finding
from alexnet_paper.verdicts import measure as claims
from alexnet_paper.verdicts.finding import ARITHMETIC
from alexnet_paper.verdicts.finding import AS_PRINTED
from alexnet_paper.verdicts.finding import ERRATUM
from alexnet_paper.verdicts.finding import NOT_AS_PRINTED
from alexnet_paper.verdicts.finding import NOT_REPRODUCED
from alexnet_paper.verdicts.finding import REPRODUCED
from alexnet_paper.verdicts.subject import Subject

FREE = [claim.id for claim in ALL if claim.needs == paper.NOTHING]

PAPER_FREE = [id for id in FREE if len(id) == 3 and id != "E04"]
FOLLOWS = "A03 A04 B05 H07 I01 L03".split()  # of the paper's own numbers
CONFORMS = {
    **dict.fromkeys(PAPER_FREE, AS_PRINTED),
    **dict.fromkeys(FOLLOWS, ARITHMETIC),
    "I02": ERRATUM,
}


def other_net(otherwise):
    return CONFORMS | dict.fromkeys(otherwise.split(), NOT_AS_PRINTED)


def articles_are(start, errata, copied, arithmetic=()):
    """The verdicts on an article's free claims: as printed but for these."""
    return {
        **dict.fromkeys([id for id in FREE if id[:2] == start], AS_PRINTED),
        **dict.fromkeys(errata.split(), ERRATUM),
        **dict.fromkeys(copied.split(), finding.TRANSCRIBED),
        **dict.fromkeys(arithmetic, ARITHMETIC),
    }


EXPECTED = {
    "paper": CONFORMS | dict.fromkeys(("B05", "H08"), ERRATUM),
    "authors": CONFORMS
    | dict.fromkeys(("B05", "H08"), ERRATUM)
    | dict.fromkeys(("F01", "K03"), NOT_AS_PRINTED),
    "one-weird-trick": other_net("A04 B05 F01 H01 H02 H03 H04 H05 H08 J01 K03 N01"),
    "cifar-18pct": other_net(
        "A03 A04 A05 B05 F01 H01 H02 H03 H04 H05 H06 H08 I01 J01 K01 K03 K04 N01"
    ),
    "bn-cifar10": articles_are(
        "BC", "BC01 BC03 BC05 BC19 BC26", "BC21 BC22 BC23", ["BC02"]
    ),
    "cats-vs-dogs": articles_are("CD", "CD01 CD02 CD18", "CD04 CD06 CD08", ["CD19"]),
    "bn-flowers17": articles_are(
        "BF", "BF02 BF03 BF04 BF05 BF06 BF13 BF18 BF24 BF25", "BF16 BF17"
    ),
}


@functools.cache
def subject(name):
    """One model a variant for the whole file."""
    return Subject(VARIANTS[name])


@functools.cache
def findings(name):
    """{id: finding} of the claims that need nothing."""
    own = [c for c in claims.claims_of(VARIANTS[name]) if c.needs == paper.NOTHING]
    own = [claim for claim in own if claim.id != "E04"]  # of two nets, see below
    return {claim.id: claims.measure(subject(name), claim) for claim in own}


@pytest.fixture(scope="module", autouse=True)
def forget():
    yield
    for cache in (subject, findings, small, measured_small):
        cache.cache_clear()
    gc.collect()


def test_every_claim_that_needs_nothing_has_a_check():
    """A claim added without a check fails here, and so does a check without a claim."""
    assert set(claims.checks()) == set(FREE)


@pytest.mark.parametrize("name", EXPECTED)
def test_verdicts(name):
    found = {id: one.verdict for id, one in findings(name).items()}
    assert found == EXPECTED[name]
    assert all(one.ours for one in findings(name).values())


@pytest.mark.parametrize(
    ("id", "ours"),
    [
        ("A03", "60,965,224"),
        ("A04", "659,272"),
        ("A05", "5 / 3 / 8"),
        ("B05", "conv3 1.45%, conv4 1.09%"),
        ("C02", "256×256"),
        ("F01", "2 / 5 / 0.0001 / 0.75"),
        ("H01", "96 of 11×11×3, stride 4"),
        ("H02", "256 of 5×5×48"),
        ("H03", "384 of 3×3×256"),
        ("H04", "384 of 3×3×192"),
        ("H05", "256 of 3×3×192"),
        ("H06", "4,096 / 4,096"),
        ("H07", "224·224·3 = 150,528"),
        ("H08", "290,400–186,624–…–1,000"),
        ("I01", "log2 1000 = 9.966"),
        ("I02", "2,178"),
        ("I03", "5 / 10"),
        ("I05", "0.100"),
        ("J01", "0.50 / 0.5"),
        ("K01", "128 / 0.9 / 0.0005"),
        ("K03", "0.0100–0.0100 / 1 in conv2, conv4, conv5, fc6, fc7"),
        ("K04", "0.01 / 3 / 10"),
        ("L03", "at most 0.1 in 2 rows of Table 2"),
    ],
)
def test_what_the_papers_net_measures(id, ours):
    """Numbers known from the paper, its authors' logs or by hand."""
    assert findings("paper")[id].ours == ours


@pytest.mark.parametrize(
    ("id", "said"),
    [
        ("H07", "conv1 on 224×224 gives 54×54"),
        ("H07", "not Figure 2's 55×55"),
        ("H08", "55·48·96 printed for 55·55·96"),
        ("I02", "33·33·2"),
        ("I02", "crops of 227: 1,800"),
    ],
)
def test_notes_say_where_the_slips_are(id, said):
    assert said in findings("paper")[id].note


def record(variant, data, split, examples, views, errors):
    """A record whose errors have a 95 % interval of one point each way."""
    metrics = dict(zip(("top1_error", "top5_error"), errors))
    metrics |= {f"{n}_interval": [e - 0.01, e + 0.01] for n, e in metrics.items()}
    about = {"views": views, "epochs": VARIANTS[variant].recipe.epochs}
    return records.record(variant, data, split, examples, metrics, **about)


IMAGENET = ("paper", "imagenet", "validation", 50_000, 10)
CIFAR = ("bn-cifar10", "cifar10", "test", 10_000, 1)


@pytest.mark.parametrize(
    ("id", "where", "errors", "ours", "verdict"),
    [
        ("L04", IMAGENET, (0.41, 0.185), "41.00 / 18.50", REPRODUCED),
        ("L04", IMAGENET, (0.39, 0.17), "39.00 / 17.00", NOT_REPRODUCED),  # far below
        ("L04", IMAGENET, (0.42, 0.185), "42.00 / 18.50", NOT_REPRODUCED),
        ("L04", IMAGENET, (0.41, 0.195), "41.00 / 19.50", NOT_REPRODUCED),
        ("BC25", CIFAR, (0.345,), "65.50", REPRODUCED),  # accuracy 64.8 is printed
        ("BC25", CIFAR, (0.361,), "63.90", REPRODUCED),
        ("BC25", CIFAR, (0.370,), "63.00", NOT_REPRODUCED),
    ],
)
def test_a_record_answers_its_claim(id, where, errors, ours, verdict):
    """Errors and accuracy as printed, within the interval and a tolerance; the record
    says nothing of another net."""
    one = record(*where, errors)
    assert claims.measure(subject("caffe"), CLAIM[id], [one]).verdict in finding.UNRUN
    found = claims.measure(subject(one.variant), CLAIM[id], [one])
    assert (found.ours, found.verdict) == (ours, verdict)


@pytest.mark.parametrize(
    "wrong",
    [
        {"variant": "caffe"},
        {"data": "digits"},
        {"split": "test"},
        {"examples": 1000},
        {"views": 1},
        {"runs": 5},
    ],
    ids=str,
)
def test_another_protocol_is_no_evidence(wrong):
    right = record(*IMAGENET, (0.41, 0.185))
    assert claims.measure(subject("paper"), CLAIM["L04"], [right]).verdict == REPRODUCED
    (name,) = wrong
    if name in ("views", "runs"):
        wrong = {"protocol": dataclasses.replace(right.protocol, **wrong)}
    other = dataclasses.replace(right, **wrong)
    found = claims.measure(subject("paper"), CLAIM["L04"], [other])
    assert found.verdict == finding.REPLICATED


def test_every_verdict_has_its_rule():
    """And no rule is of a verdict that does not exist."""
    said = vars(finding).items()
    names = {n: v for n, v in said if n.isupper() and isinstance(v, str)}
    assert set(names.values()) == set(finding.RULES)


def test_claims_that_need_data_say_so():
    for claim in ALL:
        if claim.needs != paper.NOTHING:
            found = claims.measure(subject("cifar-18pct"), claim)
            elsewhere = of_claim(claim.id)
            expected = finding.REPLICATED if elsewhere else finding.NOT_ATTEMPTED
            cited = claim.needs == paper.CITATION
            assert found.verdict == (finding.CITED if cited else expected)
            assert cited or claim.needs in found.note


GOOD, BAD = (AS_PRINTED, ARITHMETIC), (NOT_AS_PRINTED, ERRATUM)

# The paper's net with small dense layers on small images: as far as a claim about
# kernels, constants and first weights goes, the paper's net.
PRINTED = VARIANTS["paper"]
SMALL = PRINTED.architecture.change(fc6={"units": 64}, fc7={"units": 64}).with_input(
    (67, 67, 3)
)
SMALLER = "A03 A04 B05 H06 H08".split()  # claims that the small net does not meet


def measured(id, net=SMALL, **recipe):
    recipe = dataclasses.replace(PRINTED.recipe, **recipe)
    variant = dataclasses.replace(PRINTED, architecture=net, recipe=recipe)
    return claims.measure(Subject(variant), CLAIM[id]).verdict


@functools.cache
def small():
    return Subject(dataclasses.replace(PRINTED, architecture=SMALL))


@functools.cache
def measured_small(id):
    """The verdict on the small net with nothing wrong."""
    return claims.measure(small(), CLAIM[id]).verdict


@pytest.mark.parametrize(
    "name", ["paper", "cifar-18pct", "cifar-11pct", "bn-cifar10", "small"]
)
def test_measured_counts_are_the_architectures(name):
    """Multiply-adds and neurons taken from the built layers, unshared ones too; 3×3
    kernels over the 3×3 maps of the small net are none."""
    of = small() if name == "small" else subject(name)
    totals = specs.totals(of.variant.architecture)
    assert (of.macs, sum(of.neurons)) == (totals.macs, totals.neurons)


def with_dropout(**fields):
    """The small net with fields of its first dropout replaced, or without its last."""
    layers = list(SMALL.layers)
    found = [i for i, spec in enumerate(layers) if isinstance(spec, specs.Dropout)]
    at = found[0] if fields else found[-1]
    layers[at : at + 1] = [dataclasses.replace(layers[at], **fields)] if fields else []
    return dataclasses.replace(SMALL, layers=tuple(layers))


@pytest.mark.parametrize(
    ("id", "net"),
    [
        ("A03", SMALL),
        ("A04", SMALL),
        ("A05", SMALL.without("conv4")),
        ("A05", SMALL.without("fc7")),
        ("B05", SMALL.change(conv1={"filters": 94})),
        ("F01", SMALL.change(norm2={"n": 11})),
        ("F01", SMALL.change(norm1={"n": 3})),
        ("F01", SMALL.change(norm1={"k": 1.0})),
        ("F01", SMALL.change(norm2={"alpha": 2e-5})),
        ("F01", SMALL.change(norm1={"beta": 0.5})),
        ("F01", SMALL.without("norm1", "norm2")),
        ("H01", SMALL.change(conv1={"filters": 94})),
        ("H01", SMALL.change(conv1={"kernel": 9})),
        ("H01", SMALL.change(conv1={"stride": 3})),
        ("H02", SMALL.change(conv2={"filters": 254})),
        ("H02", SMALL.change(conv2={"groups": 1})),
        ("H03", SMALL.change(conv3={"groups": 2})),
        ("H04", SMALL.change(conv4={"groups": 1})),
        ("H04", SMALL.without("conv4")),
        ("H05", SMALL.change(conv5={"kernel": 5, "padding": 2})),
        ("H06", SMALL),
        ("H08", SMALL),
        ("I01", SMALL.with_classes(500)),
        ("J01", with_dropout(rate=0.4)),
        ("J01", with_dropout(scaled=True)),
        ("J01", with_dropout()),
        ("K03", SMALL.change(conv3={"init": 0.02})),
        ("K03", SMALL.change(conv2={"init": 0.0105})),
        ("K03", SMALL.change(conv2={"bias": 0.0})),
        ("K03", SMALL.change(fc7={"bias": 0.1})),
        ("K03", SMALL.change(conv3={"bias": 1.0})),
    ],
)
def test_a_wrong_net_does_not_pass(id, net):
    assert id in SMALLER or measured_small(id) in GOOD
    assert measured(id, net) in BAD


@pytest.mark.parametrize(
    ("id", "recipe"),
    [
        ("K01", {"momentum": 0.8}),
        ("K01", {"weight_decay": 0.001}),
        ("K01", {"weight_decay": 0.0}),
        ("K01", {"batch_size": 64}),
        ("K01", {"optimizer": "adam"}),
        ("K04", {"learning_rate": 0.02}),
        ("K04", {"drops": (20, 40)}),
        ("K04", {"drops": ()}),
        ("K04", {"drops": OnPlateau(drops=2)}),
        ("K04", {"drops": OnPlateau(factor=0.5)}),
    ],
)
def test_a_wrong_recipe_does_not_pass(id, recipe):
    assert measured_small(id) in GOOD
    assert measured(id, **recipe) in BAD


def wrong_views(image, size):
    return augment.centre_crop(image, size)[None].repeat(10, axis=0)


def wrong_table():
    rows = paper.TABLE_2.rows
    row = dataclasses.replace(rows[2], printed=(38.1, 16.4, 16.6))
    return dataclasses.replace(paper.TABLE_2, rows=(*rows[:2], row, *rows[3:]))


@pytest.mark.parametrize(
    ("id", "module", "name", "wrong"),
    [
        ("C02", augment, "rescale_and_crop", lambda photo: photo.resize((256, 255))),
        ("I03", augment, "ten_views", wrong_views),
        (
            "I05",
            augment,
            "colour_noise",
            functools.partial(augment.colour_noise, std=0.2),
        ),
        ("K01", built, "MomentumSGD", lambda *a: MomentumSGD(a[0], a[1], 0.0)),
        ("K01", built, "MomentumSGD", lambda *a: MomentumSGD(a[0], 0.0, a[2])),
        ("L03", paper, "TABLE_2", wrong_table()),
    ],
)
def test_wrong_code_does_not_pass(id, module, name, wrong, monkeypatch):
    assert measured_small(id) in GOOD
    monkeypatch.setattr(module, name, wrong)
    assert measured(id) in BAD


def test_views_are_counted_not_copied(monkeypatch):
    """A crop of 225 has the 32 places each way that the printed 2048 needs."""
    assert measured_small("I02") == ERRATUM
    monkeypatch.setattr(augment, "PRINTED_CROP", 225)
    assert measured("I02") in GOOD


def test_one_gpu_net_is_counted(monkeypatch):
    """E04 looks at the two nets themselves, whatever the variant."""
    found = claims.measure(small(), CLAIM["E04"])
    assert (found.ours, found.verdict) == ("59,798,312 (98.1%)", ARITHMETIC)
    halved = VARIANTS["one-gpu"].architecture.change(fc6={"units": 2048})
    wrong = dataclasses.replace(VARIANTS["one-gpu"], architecture=halved)
    monkeypatch.setitem(VARIANTS, "one-gpu", wrong)
    assert measured("E04") in BAD


@pytest.mark.parametrize(
    ("id", "name", "change"),
    [
        ("BC08", "bn-cifar10", lambda net: net.with_input((33, 33, 3))),
        ("BC09", "bn-cifar10", lambda net: net.change(conv2={"filters": 255})),
        ("BC10", "bn-cifar10", lambda net: net.change(conv1={"stride": 2})),
        ("BC12", "bn-cifar10", lambda net: net.change(fc8={"units": 999})),
        ("CD06", "cats-vs-dogs", lambda net: net.with_input((224, 224, 3))),
        ("BF09", "bn-flowers17", lambda net: net.change(conv2={"kernel": 9})),
    ],
)
def test_a_wrong_article_net_does_not_pass(id, name, change):
    variant = VARIANTS[name]
    wrong = dataclasses.replace(variant, architecture=change(variant.architecture))
    assert claims.measure(Subject(wrong), CLAIM[id]).verdict == ERRATUM


def test_only_the_papers_net_may_be_called_alexnet():
    """Where nothing is changed the name is right; cats-vs-dogs keeps 9 ReLUs, pools
    and the like of 23 layers."""
    assert claims.measure(subject("paper"), CLAIM["CD18"]).verdict in GOOD
    found = findings("cats-vs-dogs")["CD18"]
    assert found.ours == "11 of the paper's 23 layers unchanged, 0 added"
