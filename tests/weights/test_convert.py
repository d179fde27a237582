"""Trained weights of other projects: every format of one net is the same function, the
one that PyTorch computes from the same numbers; and what is not trained is refused."""

import dataclasses
import functools
import json
from pathlib import Path

import foreign
import numpy as np
import pytest
from foreign import SIDE
from foreign import SIZE
from untrained import untrained

from alexnet_paper.data import datasets
from alexnet_paper.nets import variants
from alexnet_paper.weights import convert as conversion
from alexnet_paper.weights import net as nets
from alexnet_paper.weights.convert import Options

SHARED = Path(__file__).parents[3] / "shared" / "data"
REAL = SHARED / "alexnet_weights" / "bvlc_alexnet_int8_conv1to5_fc8.npz"
RNG = np.random.default_rng(0)
IMAGES = [RNG.integers(0, 256, (SIDE, SIDE, 3), dtype="uint8") for _ in range(3)]


@pytest.fixture(scope="module", autouse=True)
def small():
    """The variants that are imported, made small for this file."""
    with pytest.MonkeyPatch.context() as patch:
        found = foreign.small_variants()
        for name, variant in found.items():
            patch.setitem(variants.VARIANTS, name, variant)
        yield found


def crops():
    first = (SIDE - SIZE) // 2
    pixels = np.stack(IMAGES).astype("float64")
    return pixels[:, first : first + SIZE, first : first + SIZE]


def torch_probabilities(variant, arrays):
    """What PyTorch makes of the net's own kernels, as the source of the variant has its
    layers, on images prepared by hand: BGR less Caffe's colour, or torchvision's."""
    torch = pytest.importorskip("torch", reason="no PyTorch to compare with")
    functional = torch.nn.functional
    flip = variant != "one-weird-trick"
    parts = foreign.maps_first(arrays, flip).values()
    layers = [tuple(torch.from_numpy(np.array(a)) for a in pair) for pair in parts]

    def convolved(x, number, padding=0, **options):
        kernel, bias = layers[number]
        return torch.relu(
            functional.conv2d(x, kernel, bias, padding=padding, **options)
        )

    def pooled(x):
        return functional.max_pool2d(x, 3, 2)

    def normalized(x):
        return functional.local_response_norm(x, 5, alpha=1e-4, beta=0.75, k=1.0)

    between = {
        "caffe": lambda x: pooled(normalized(x)),
        "caffenet": lambda x: normalized(pooled(x)),
        "one-weird-trick": pooled,
    }[variant]
    if variant == "one-weird-trick":
        pixels = (crops() / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
        padding, groups = 2, 1
    else:
        pixels = crops()[..., ::-1] - [104, 117, 123]
        padding, groups = 0, 2
    x = torch.from_numpy(pixels.transpose(0, 3, 1, 2).astype("float32"))
    x = between(convolved(x, 0, padding, stride=4))
    x = between(convolved(x, 1, 2, groups=groups))
    x = convolved(x, 2, 1)
    x = convolved(x, 3, 1, groups=groups)
    x = pooled(convolved(x, 4, 1, groups=groups)).flatten(1)
    for kernel, bias in layers[5:7]:
        x = torch.relu(functional.linear(x, kernel, bias))
    return torch.softmax(functional.linear(x, *layers[7]), dim=1).numpy()


def torch_of(names=foreign.LAYERS, flip=True, write=foreign.write_torch, **around):
    def written(path, arrays):
        found = foreign.state_dict(arrays, names, flip)
        write(path, {**around, "state_dict": found} if around else found)

    return written


PREFIXED = [f"module.{name}" for name in foreign.LAYERS]
OLD, DOUBLE = {"legacy": True}, {"net": "CaffeNet", "double": True}
FORMATS = {  # name → (its writer, the variant that it is recognized as)
    "caffemodel": (foreign.write_caffemodel, "caffe"),
    "V1": (functools.partial(foreign.write_caffemodel, **OLD), "caffe"),
    "doubles": (functools.partial(foreign.write_caffemodel, **DOUBLE), "caffenet"),
    "npy": (foreign.write_npy, "caffe"),
    "npz": (foreign.write_npz, "caffe"),
    "npz, other names": (
        functools.partial(foreign.write_npz, form="{}/weights {}/biases"),
        "caffe",
    ),
    "torch, by name": (torch_of(PREFIXED), None),
    "torch, by order": (torch_of(foreign.TORCHVISION), None),
    "torchvision": (torch_of(foreign.TORCHVISION, False), "one-weird-trick"),
    "a checkpoint": (torch_of(foreign.TORCHVISION, False, epoch=9), "one-weird-trick"),
    "PyTorch's own": (
        torch_of(foreign.TORCHVISION, False, foreign.real_torch),
        "one-weird-trick",
    ),
}


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_the_same_net_and_pytorchs_function(form, small, tmp_path):
    if form == "PyTorch's own":
        pytest.importorskip("torch", reason="no PyTorch to write a state_dict with")
    write, variant = FORMATS[form]
    arrays = foreign.weights_of(small[variant or "caffe"])
    write(tmp_path / "w", arrays)
    # 64 kernels in a state_dict would be torchvision's
    options = Options() if variant else Options(variant="caffe")
    found = conversion.convert(tmp_path / "w", options)
    assert found.about["variant"] == (variant or "caffe")
    assert found.arrays.keys() == arrays.keys()
    for name, array in arrays.items():
        assert found.arrays[name].dtype == np.float32
        np.testing.assert_array_equal(found.arrays[name], array, err_msg=name)
    ours = found.predict(IMAGES)
    assert np.ptp(ours, axis=0).max() > 0.05
    theirs = torch_probabilities(variant or "caffe", arrays)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_saved_and_opened_it_is_the_same_and_says_where_it_comes_from(small, tmp_path):
    path = tmp_path / "bvlc.caffemodel"
    foreign.write_caffemodel(path, foreign.weights_of(small["caffe"]))
    found = conversion.convert(path)
    conversion.save(found, tmp_path / "ours.npz")
    again = nets.open_weights(tmp_path / "ours.npz")
    assert np.array_equal(again.predict(IMAGES, 10), found.predict(IMAGES, 10))
    about = again.about
    assert about["source"] == "bvlc.caffemodel" and about["format"] == "caffemodel"
    assert about["sha256"] == conversion.sha256(path)
    assert about["net"] == "AlexNet" and about["missing"] == []
    assert about["channels"] == "RGB, conv1 reordered from BGR"
    assert set(about["checks"]) == {"least_spectrum", "entropy", "change"}
    assert again.architecture.input_shape == (SIZE, SIZE, 3)
    twice = conversion.convert(tmp_path / "ours.npz")  # the project's own file
    assert twice.about == about


def test_channels_can_be_said(small, tmp_path):
    arrays = foreign.weights_of(small["caffe"])
    foreign.write_npz(tmp_path / "w.npz", arrays, flip=False)
    for channels, order in (("RGB", [0, 1, 2]), (None, [2, 1, 0])):
        found = conversion.convert(tmp_path / "w.npz", Options(channels=channels))
        theirs = arrays["conv1/kernel"][:, :, order]
        assert np.array_equal(found.arrays["conv1/kernel"], theirs)


def test_a_mean_image_is_turned_and_cropped(tmp_path):
    """Caffe's: channels first, BGR, of the whole image's side."""
    mean = RNG.uniform(90, 130, (3, SIDE, SIDE))
    np.save(tmp_path / "mean.npy", mean)
    found = conversion.preparation("caffe", tmp_path / "mean.npy")
    expected = np.empty((SIZE, SIZE, 3))
    first = (SIDE - SIZE) // 2
    for channel in range(3):
        window = mean[channel, first : first + SIZE, first : first + SIZE]
        expected[:, :, 2 - channel] = window
    np.testing.assert_allclose(found.mean, expected, rtol=1e-6)
    view = found.views(IMAGES[0], 1)[0]
    np.testing.assert_allclose(view, crops()[0] - expected, atol=1e-4)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (np.zeros((SIDE, SIDE, 3)), r"it is \(110, 110, 3\)"),
        (np.zeros((3, SIDE, SIDE), int), "of int64"),
        (np.full((3, SIDE, SIDE), np.nan), "not all numbers are 0 to 255"),
        (np.full((3, SIDE, SIDE), 300.0), "not all numbers are 0 to 255"),
        (np.array([None]), "is not Caffe's mean image"),
    ],
)
def test_a_file_that_is_no_mean_image(content, message, tmp_path):
    np.save(tmp_path / "mean.npy", content, allow_pickle=True)
    with pytest.raises(ValueError, match=f"mean.npy.*{message}"):
        conversion.read_mean(tmp_path / "mean.npy", SIDE, SIZE)


# labels: seven classes, in the devkit's order as drawn here

WNIDS = [f"n0{number:07d}" for number in (7, 3, 5, 1, 6, 2, 4)]  # devkit 1, 2, …


def devkit(folder):
    from scipy.io import savemat

    rows = {n: w for n, w in enumerate(WNIDS, start=1)} | {8: "n00000000"}
    kinds = [("ILSVRC2012_ID", "f8"), ("WNID", object)]
    (folder / "data").mkdir()
    synsets = np.array(list(rows.items()), kinds)[:, None]
    savemat(folder / "data" / "meta.mat", {"synsets": synsets})
    return str(folder)


def test_the_devkits_order_becomes_the_sorted_one(small, tmp_path):
    arrays = foreign.weights_of(small["caffe"])
    foreign.write_npz(tmp_path / "w.npz", arrays)
    names = tmp_path / "synset_words.txt"
    names.write_text("".join(f"{w} the {w[-1]}\n" for w in sorted(WNIDS)))
    straight = conversion.convert(tmp_path / "w.npz", Options(labels=str(names)))
    options = Options(labels=str(names), label_order="devkit", devkit=devkit(tmp_path))
    turned = conversion.convert(tmp_path / "w.npz", options)
    before, after = straight.predict(IMAGES), turned.predict(IMAGES)
    for place, wnid in enumerate(sorted(WNIDS)):
        np.testing.assert_allclose(
            after[:, place], before[:, WNIDS.index(wnid)], atol=1e-6
        )
        assert turned.class_names[place] == f"the {wnid[-1]}"
    assert "devkit" in turned.about["label_order"]
    assert turned.class_names == straight.class_names


def test_as_many_outputs_as_imagenet_have_its_names(small, tmp_path, monkeypatch):
    """Without --labels, and they are still there in the weight file."""
    rows = tuple((wnid, f"the {wnid[-1]}") for wnid in sorted(WNIDS))
    foreign.write_npz(tmp_path / "w.npz", foreign.weights_of(small["caffe"]))
    assert conversion.convert(tmp_path / "w.npz").class_names is None
    monkeypatch.setattr(conversion, "imagenet_classes", lambda: rows)
    conversion.save(conversion.convert(tmp_path / "w.npz"), tmp_path / "ours.npz")
    found = nets.open_weights(tmp_path / "ours.npz")
    assert tuple(zip(found.about["wnids"], found.class_names, strict=True)) == rows


WORDS = ("a", "b", "c d"), ["n00000001", "n00000002", "n00000003"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("n00000002 b\nn00000001 a\nn00000003 c d\n", WORDS),
        (json.dumps({n: [w, v] for n, v, w in zip((2, 0, 1), *WORDS)}), WORDS),
        ("x\ny \33[31my\n\nz\n", (("z", "x", "y \\x1b[31my"), None)),
        ("x\ny\n", "labels has 2 names for 3 outputs"),
        ("{" * 10_000, "labels is not a file of class names"),
        ('{"0": 3}', "labels is not a file of class names"),
        (b"\xff\n", "labels is not a file of class names"),
    ],
)
def test_labels_of_each_kind(content, expected, tmp_path):
    """JSON rows are in the order of their numbers, lines with WNIDs in theirs."""
    path = tmp_path / "labels"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    if isinstance(expected, str):
        with pytest.raises(ValueError, match=expected):
            conversion.read_labels(path, 3, np.arange(3))
    else:
        assert conversion.read_labels(path, 3, np.array([2, 0, 1])) == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options(label_order="devkit"), "needs --devkit"),
        (Options(label_order="devkit", devkit="."), "has no meta.mat"),
        (Options(allow_missing=("fc9",)), "--allow-missing names fc9"),
        (Options(sha256="00" * 32), "its sha256 is [0-9a-f]{64}, not 00"),
        (Options(variant="one-weird-trick"), "conv2/kernel has shape"),
        (Options(variant="alexnet"), "unknown variant"),
        (Options(variant="bn-cifar10"), "conv1/kernel has shape"),
    ],
)
def test_options_that_do_not_fit(options, message, small, tmp_path):
    foreign.write_npz(tmp_path / "w.npz", foreign.weights_of(small["caffe"]))
    with pytest.raises((ValueError, FileNotFoundError), match=message) as caught:
        conversion.convert(tmp_path / "w.npz", options)
    assert len(str(caught.value).splitlines()) == 1


def test_a_caffemodel_of_another_name_asks_for_the_variant(small, tmp_path):
    arrays = foreign.weights_of(small["caffenet"])
    foreign.write_caffemodel(tmp_path / "w", arrays, net="FlickrStyle")
    with pytest.raises(ValueError, match="'FlickrStyle': add --variant caffe or"):
        conversion.convert(tmp_path / "w")
    found = conversion.convert(tmp_path / "w", Options(variant="caffenet"))
    assert found.about["variant"] == "caffenet" and found.about["net"] == "FlickrStyle"


# partial files


def partial(path, arrays, *lacking):
    foreign.write_npz(path, arrays)
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files if name not in lacking}
    np.savez(path, **arrays)


def test_a_partial_file_is_imported_only_when_that_is_said(small, tmp_path):
    path = tmp_path / "w.npz"
    partial(path, foreign.weights_of(small["caffe"]), "fc6_w", "fc7_w")
    with pytest.raises(ValueError, match="fc6/kernel, fc7/kernel: .* fc6,fc7"):
        conversion.convert(path)
    with pytest.raises(ValueError, match="lacks fc6/kernel, fc7/kernel"):
        conversion.convert(path, Options(allow_missing=("fc6",)))
    found = conversion.convert(path, Options(allow_missing=("fc6", "fc7")))
    assert found.about["missing"] == ["fc6/kernel", "fc7/kernel"]
    assert found.features(IMAGES, "pool5").shape == (3, 24)
    with pytest.raises(ValueError, match="w.npz is partial: .* needs fc6/kernel"):
        found.predict(IMAGES)


# does it look trained?


NOISE = RNG.normal(0, 0.01, (11, 11, 3, 64)).astype("float32")


@pytest.mark.parametrize(
    ("changed", "lacking", "message"),
    [
        ({"conv1/kernel": NOISE}, (), "it looks damaged: conv1: like random"),
        (
            {"fc8/kernel": 1e-6, "fc8/bias": 1e-6},
            (),
            "it looks damaged: outputs for two",
        ),
        (
            {"conv5/kernel": 1e-6, "fc8/bias": 20},
            (),
            "it looks damaged: outputs for two",
        ),
        *(
            ({f"{n}/kernel": 0}, {"fc6", "fc7"} - {n}, f"{n}: all weights are 0")
            for n in foreign.LAYERS
        ),
        ({"conv4/bias": 0}, {"fc6"}, "conv4: bias is constant"),
    ],
)
def test_the_untrained_is_refused_unless_told(
    changed, lacking, message, small, tmp_path
):
    """Noise, outputs that are flat or the same for every photograph, and constants,
    also in a partial net, which has no outputs."""
    arrays = foreign.weights_of(small["caffe"])
    for name, by in changed.items():
        arrays[name] = by if np.ndim(by) else by * arrays[name]
    partial(tmp_path / "w.npz", arrays, *(f"{layer}_w" for layer in lacking))
    options = Options(allow_missing=tuple(lacking))
    with pytest.raises(ValueError, match=f"w.npz: .*{message}"):
        conversion.convert(tmp_path / "w.npz", options)
    options = dataclasses.replace(options, unchecked=True)
    found = conversion.convert(tmp_path / "w.npz", options)
    assert found.about["checks"] == "skipped"


FULL = variants.VARIANTS["caffe"]
real = pytest.mark.skipif(not REAL.is_file(), reason=f"no {REAL}")


@pytest.fixture
def bvlc(monkeypatch):
    """BVLC's partial weights."""
    monkeypatch.setitem(variants.VARIANTS, "caffe", FULL)
    options = Options(
        mean=str(SHARED / "alexnet_weights" / "ilsvrc_2012_mean.npy"),
        labels=str(SHARED / "synset_words.txt"),
        allow_missing=("fc6", "fc7"),
    )
    return conversion.convert(REAL, options)


@pytest.mark.data
@real
def test_real_weights_are_trained_beyond_doubt(bvlc):
    """And half of conv1's kernels are coloured, the first, which one tower learned."""
    assert bvlc.about["checks"]["least_spectrum"] > 1.5
    assert bvlc.class_names[1] == "goldfish, Carassius auratus"
    assert bvlc.preparation.mean.mean(axis=(0, 1)) == pytest.approx(
        [122.7, 116.0, 103.0], abs=0.2
    )
    kernels = bvlc.arrays["conv1/kernel"]
    colour = np.ptp(kernels, axis=2).mean(axis=(0, 1)) / abs(kernels).mean((0, 1, 2))
    assert np.median(colour[:48]) > 3 * np.median(colour[48:])


@pytest.mark.data
@pytest.mark.slow
@real
def test_real_weights_know_photographs(bvlc):
    """Ridge regression on pool5 tells ten classes of photographs apart, 50 of each;
    on that of random kernels it does not."""
    splits = datasets.load("imagenet", SHARED / "imagenette_small").splits
    random = untrained("caffe", 1000, seed=0)
    random = dataclasses.replace(random, preparation=bvlc.preparation)
    assert accuracy(bvlc, splits) > 0.85 > 0.6 > accuracy(random, splits)


def accuracy(net, splits):
    from sklearn.linear_model import RidgeClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    features = {n: net.features(s.images, "pool5", 32) for n, s in splits.items()}
    model = make_pipeline(StandardScaler(), RidgeClassifier(alpha=1e4))
    model.fit(features["train"], splits["train"].labels)
    return model.score(features["validation"], splits["validation"].labels)
