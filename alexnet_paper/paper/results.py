"""The paper's result tables, its authors' logs and when they changed their rates."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ResultRow:
    """One row of a result table; errors in %, None for the paper's dash.

    `authors` are the same errors in the authors' log, unrounded. `cited` marks the
    rows in italics, which are results of others. `claim` is the id of the claim with
    the same numbers.
    """

    model: str
    cited: bool
    printed: tuple[float | None, ...]
    authors: tuple[float | None, ...]
    authors_source: str
    claim: str


@dataclass(frozen=True)
class ResultTable:
    """A result table of the paper."""

    title: str
    columns: tuple[str, ...]
    protocol: str
    rows: tuple[ResultRow, ...]


TABLE_1 = ResultTable(
    "Table 1. Results on the ILSVRC-2010 test set",
    ("top-1", "top-5"),
    "ILSVRC-2010 test, 10 views",
    (
        ResultRow(
            "Sparse coding [2]",
            cited=True,
            printed=(47.1, 28.2),
            authors=(None, None),
            authors_source="",
            claim="L01",
        ),
        ResultRow(
            "SIFT + FVs [24]",
            cited=True,
            printed=(45.7, 25.7),
            authors=(None, None),
            authors_source="",
            claim="L02",
        ),
        ResultRow(
            "CNN",
            cited=False,
            printed=(37.5, 17.0),
            authors=(37.4727, 16.9987),
            authors_source="C: layer-params-145-2010.cfg, run 2012-09-27, 93 epochs",
            claim="A02",
        ),
    ),
)

TABLE_2 = ResultTable(
    "Table 2. Errors on the ILSVRC-2012 validation and test sets",
    ("top-1 (val)", "top-5 (val)", "top-5 (test)"),
    "ILSVRC-2012, 10 views; * pre-trained on the entire ImageNet 2011 Fall release",
    (
        ResultRow(
            "SIFT + FVs [7]",
            cited=True,
            printed=(None, None, 26.2),
            authors=(None, None, None),
            authors_source="",
            claim="L08",
        ),
        ResultRow(
            "1 CNN",
            cited=False,
            printed=(40.7, 18.2, None),
            authors=(40.664, 18.21, None),
            authors_source="C: layer-params-145.cfg, run 2012-09-13, 91 epochs",
            claim="L04",
        ),
        ResultRow(
            "5 CNNs",
            cited=False,
            printed=(38.1, 16.4, 16.4),
            authors=(None, None, None),
            authors_source="",
            claim="L05",
        ),
        ResultRow(
            "1 CNN*",
            cited=False,
            printed=(39.0, 16.6, None),
            authors=(38.99, 16.622, None),
            authors_source="C: layer-params-146-2012-2011.cfg, 54 epochs fine-tuned",
            claim="L06",
        ),
        ResultRow(
            "7 CNNs*",
            cited=False,
            printed=(36.7, 15.4, 15.3),
            authors=(None, None, None),
            authors_source="",
            claim="L07",
        ),
    ),
)


@dataclass(frozen=True)
class LoggedRun:
    """A net in the authors' logs that the paper does not print; errors in %."""

    run: str
    what: str
    dataset: str
    top1: float
    top5: float
    source: str


_VALIDATION_2012 = "ILSVRC-2012 validation"
_PREDECESSOR = "a predecessor of #145"

LOGGED_VARIANTS = (
    LoggedRun(
        "137-2010",
        "32 + 32 conv1 kernels, and a blurred low-resolution image into conv2",
        "ILSVRC-2010 test",
        37.6167,
        17.1247,
        "C: run 137",
    ),
    LoggedRun("120", _PREDECESSOR, _VALIDATION_2012, 41.044, 18.714, "C: run 120"),
    LoggedRun(
        "131",
        "#120 with the first normalization moved from after pool1 to over conv1",
        _VALIDATION_2012,
        40.934,
        18.574,
        "C: run 131",
    ),
    LoggedRun("135", _PREDECESSOR, _VALIDATION_2012, 41.07, 18.416, "C: run 135"),
    LoggedRun("137", _PREDECESSOR, _VALIDATION_2012, 40.782, 18.344, "C: run 137"),
    LoggedRun(
        "112",
        "#101 with normalization over 5 maps in place of 9",
        "ILSVRC-2010 (inferred)",
        37.2378,
        16.8156,
        "C: run 112",
    ),
    LoggedRun(
        "150",
        "no communication between the towers at all, 160 conv2 kernels a tower",
        _VALIDATION_2012,
        41.828,
        19.33,
        "C: run 150",
    ),
    LoggedRun(
        "166",
        "conv2's normalization below the ReLU",
        _VALIDATION_2012,
        41.096,
        18.674,
        "C: run 166",
    ),
    LoggedRun(
        "167",
        "#145 without both normalizations over conv2, rate falling in discrete steps",
        _VALIDATION_2012,
        40.488,
        18.118,
        "C: run 167",
    ),
    LoggedRun(
        "170",
        "#145, rate falling in discrete steps to 4e-5",
        _VALIDATION_2012,
        40.528,
        18.048,
        "C: run 170",
    ),
    LoggedRun(
        "145 continued",
        "#145 with the rate raised to 0.001 again, dropped at 107 and 124, stopped "
        "at 135 epochs",
        _VALIDATION_2012,
        40.25,
        17.994,
        "C: layer-params-145.cfg",
    ),
    LoggedRun(
        "146-2012-2009",
        "the six-convolution net pre-trained on Fall 2009, 52 epochs of fine-tuning",
        _VALIDATION_2012,
        39.1,
        16.876,
        "C: run 146-2012-2009",
    ),
    LoggedRun(
        "cuda-convnet2 1 GPU",
        "its one-GPU example net, 10 views",
        _VALIDATION_2012,
        40.42,
        18.15,
        "C2: wiki",
    ),
    LoggedRun(
        "cuda-convnet2 1 GPU, centre",
        "its one-GPU example net, central view",
        _VALIDATION_2012,
        42.548,
        19.81,
        "C2: wiki",
    ),
)


@dataclass(frozen=True)
class Schedule:
    """Epochs at which the authors changed something by hand, from their run notes.

    First, second and third drop: the rate falls to 0.001, 0.0001 and 0.00001. At
    `conv1_slowed` conv1 goes on at 0.00001 and the colour noise is switched off; at
    `conv1_frozen` conv1's rate is 0. None where the notes have nothing.
    """

    run: str
    first_drop: int
    second_drop: int
    conv1_slowed: int | None
    conv1_frozen: int | None
    third_drop: int | None
    stopped: int


# C: the layer-params files of these runs.
SCHEDULES = (
    Schedule("145-2010", 23, 51, 68, 72, 78, 93),  # 37.5 / 17.0
    Schedule("145", 25, 51, 67, 72, 79, 91),  # 40.7 / 18.2
    # one GPU; its end file has every rate at 1e-5, since when its notes do not say
    Schedule("145-half", 20, 48, 66, 72, None, 96),
    Schedule("147", 23, 51, None, 79, 79, 90),  # non-overlapping pooling
    Schedule("148", 22, 44, 69, 73, 86, 97),  # no normalization
)
