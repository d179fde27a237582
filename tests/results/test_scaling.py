"""Speeds from logs, their ratios round by round, and the program."""

import json
from pathlib import Path

import pytest

from alexnet_paper.report import scaling as report
from alexnet_paper.results import scaling
from reproduce import scaling as program

SPEEDS = {
    "2 replicas": [90.0, 100.0, 80.0],
    "one process": [100.0, 200.0, 80.0],
}
FOUND = scaling.Scaling("net", "digits", 128, SPEEDS, "a command", {"machine": "m"})


def test_ratios_are_taken_round_by_round(tmp_path):
    """0.9, 0.5 and 1: their median is not that of the medians, 90 of 100."""
    FOUND.save(tmp_path / "s.json")
    assert scaling.measured(tmp_path / "s.json") == FOUND
    assert FOUND.ratios("2 replicas") == [0.9, 0.5, 1.0]
    one, two = report.speeds_section(FOUND).rows
    assert one == ("one process", "100", "1.00", "1.00, 1.00, 1.00")
    assert two == ("2 replicas", "90", "0.90", "0.90, 0.50, 1.00")
    assert scaling.measured(tmp_path / "none.json") is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("speeds", {"2 replicas": [1.0]}),
        ("speeds", {"one process": [1.0, 2.0], "2 replicas": [1.0]}),
        ("speeds", {"one process": []}),
        ("speeds", {"one process": [-1.0]}),
        ("speeds", {"one process": [0.0]}),
        ("batch_size", "x"),
    ],
)
def test_a_damaged_file_is_named(field, value, tmp_path):
    FOUND.save(path := tmp_path / "s.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))
    with pytest.raises(ValueError, match="s.json has no measured speeds"):
        scaling.measured(path)


def logged(way, options, folder):
    """A run whose epochs take 9, 2 and 2 seconds; of replicas, twice as long."""
    Path(folder).mkdir()
    slow = 1 if way == "one process" else 2
    lines = [
        {"epoch": n, "loss": 1.0, "top1_error": 0.5, "top5_error": 0.1, "rate": 0.1}
        | {"steps": 8, "seconds": slow * seconds}
        for n, seconds in ((1, 9.0), (2, 2.0), (3, 2.0))
    ]
    Path(folder, "log.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))


def test_the_first_epoch_does_not_count(call, tmp_path, monkeypatch):
    monkeypatch.setattr(program, "train", logged)
    out = tmp_path / "s.json"
    code, text, _ = call(program, "--rounds", 2, "--out", out)
    assert code == 0 and "512" in text and "0.50" in text
    speeds = {"one process": [512.0] * 2}
    speeds |= {way: [256.0] * 2 for way in ("2 replicas", "2 workers")}
    assert scaling.measured(out).speeds == speeds


def test_a_run_that_fails_is_told_in_one_line(call, wrong_use, monkeypatch, tmp_path):
    monkeypatch.setattr(program, "RUN", ["--data", "digts"])
    code, out, err = call(program, "--out", tmp_path / "s.json")
    assert (code, out) == (1, "") and "training by one process failed: error: " in err
    assert not list(tmp_path.iterdir())
    assert "unknown variant" in wrong_use(program, "--variant", "papr")
    assert "--epochs must be in 2" in wrong_use(program, "--epochs", 1)


def test_the_authors_share_of_their_cards_peak():
    """5.5 days of two cards for 90 epochs of 1.2 million images: about a third."""
    work = 6 * 724_406_816 * 90 * 1.2e6
    assert report.share() == pytest.approx(work / (5.5 * 86_400 * 2 * 1.581e12))
    titles = [section.title for section in report.sections(None)]
    assert "Measured here" not in titles and len(titles) == 3
