"""The page of HTML: it needs nothing else, has every claim once, and quotes what
records say; in a browser it sorts, draws and stays silent."""

import dataclasses
import json
import re
import shutil
import subprocess
from collections import Counter
from html.parser import HTMLParser

import pytest
from records import choices
from records import line
from records import log
from records import record

from alexnet_paper import paper
from alexnet_paper.nets import variants
from alexnet_paper.paper.articles import ARTICLES
from alexnet_paper.paper.replication_logs import REPLICATION_LOGS
from alexnet_paper.report import cite
from alexnet_paper.report import logs
from alexnet_paper.report import page
from alexnet_paper.report import runs
from alexnet_paper.report import style
from alexnet_paper.verdicts.finding import CITED
from alexnet_paper.verdicts.finding import ERRATUM
from alexnet_paper.verdicts.finding import Finding
from alexnet_paper.verdicts.measure import Measured

PLANTED = '"><script>alert(1)</script><img src="https://evil.test/x">`</code>'
OF = {"D01": Finding(PLANTED, ERRATUM, PLANTED, (PLANTED,))}
ERRORS = [21, 20, 19.123456, 20, 11, 10, 10, 10, 9, 9]
RECORDS = [
    record("cifar-18pct", examples=100, history=log(ERRORS), epochs=10, batch_size=100)
]
RECORDS[0] = dataclasses.replace(
    RECORDS[0],
    data=PLANTED,
    metrics={"top1_error": 0.2, "top1_error_interval": [0.19, 0.21]},
    protocol=dataclasses.replace(RECORDS[0].protocol, training_images=1000),
)


CHOICES = [*choices("base", (18, 18.2, 17.9)), *choices("no-lrn", (20, 20.2, 19.9))]


def measured(claims, variant, *_):
    found = ((one, OF.get(one.id, Finding("–", CITED))) for one in claims)
    return Measured(variant, tuple(found), None, ())


@pytest.fixture(scope="module")
def made():
    """A page of planted records, without a net built."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            page,
            "measure_all",
            lambda variant, *_: measured(
                ARTICLES[variant.name].claims
                if variant.name in ARTICLES
                else paper.CLAIMS,
                variant,
            ),
        )
        return page.build([*RECORDS, *CHOICES], "one-device")


@pytest.fixture(scope="module")
def html(made):
    return page.html(made)


class Elements(HTMLParser):
    """[(tag, {attribute: value})] of a page, and the text of its scripts."""

    def __init__(self, text):
        super().__init__()
        self.found, self.scripts = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_data(self, text):
        if self.found and self.found[-1][0] == "script":
            self.scripts.append(text)


def test_it_requests_nothing_and_is_small(html):
    assert len(html.encode()) < 5e6
    loads = ("src", "srcset", "data", "action", "poster", "xlink:href")
    for tag, attributes in Elements(html).found:
        for name, value in attributes.items():
            if name in loads or (name == "href" and tag != "a"):
                assert value.startswith(("#", "data:")), (tag, name, value)
    assert not re.search(r"@import|url\((?!#)|\bfetch\(|XMLHttpRequest", html)
    assert "default-src 'none'" in html


def test_every_id_is_unique_and_every_claim_has_one(html):
    ids = Counter(a["id"] for _, a in Elements(html).found if "id" in a)
    assert [name for name, count in ids.items() if count > 1] == []
    claims = [*paper.CLAIMS, *(c for a in ARTICLES.values() for c in a.claims)]
    assert {f"claim-{one.id}" for one in claims} == {n for n in ids if "claim-" in n}
    used = re.findall(r'(?:href="#|labelledby="|for="|url\(#)([\w.-]+)', html)
    assert set(used) <= set(ids)


def test_headings_are_in_order(html):
    levels = [int(t[1]) for t, _ in Elements(html).found if re.fullmatch("h[1-6]", t)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(levels, levels[1:], strict=False))


def test_a_claim_has_its_effects_with_interval_and_gate(made):
    rows = {row.id: dict(row.facts) for group in made.groups for row in group.rows}
    told = rows["F02"]["no-lrn in choices"]
    assert "test error +2.00 [+2.00, +2.00]" in told and "(gate passed)" in told
    assert "gate of choices" in rows["F02"] and "no-lrn in choices" not in rows["G01"]
    drawn = {one.id: bool(one.svg) for one in made.figures}
    assert drawn["choices"] and not drawn["figure1"] and not drawn["figure-3"]


def test_what_records_say_is_quoted(html):
    """It is shown, and neither a tag nor the end of the script that holds the data."""
    tags = Elements(html).found
    assert [a for t, a in tags if t == "img"] == []
    assert sum(tag == "script" for tag, _ in tags) == 2
    assert html.count("&lt;script&gt;alert(1)") >= 4 and "<script>alert" not in html


def test_the_curves_are_those_of_the_records_and_of_others(html):
    (text,) = [t for t in Elements(html).scripts if t.startswith("[")]
    found = json.loads(text)
    (ours,) = [one for one in found if one["label"].startswith("cifar-18pct")]
    theirs = [one for one in found if one["theirs"]]
    assert len(found) == 1 + 2 * 3 + len(theirs)  # a run, not its three records
    assert ours["lines"]["top1_error"]["training"][2] == [3, 19.12]
    assert ours["lines"]["top1_error"]["held out"][0] == [1, 31.0]
    assert ours["images"] == 10 * 1000 and not ours["theirs"]
    assert [one["source"] for one in theirs] == [one.source for one in REPLICATION_LOGS]
    two_towers = theirs[0]["lines"]["top1_error"]["held out"]
    assert len(two_towers) == 90 and two_towers[0] == [1, 83.21]


def test_runs_of_a_few_steps_are_not_epochs():
    few = record(history=[line(1), line(2)], steps=10, batch_size=128, epochs=2)
    about = dataclasses.replace(few.protocol, training_images=50_000)
    few = dataclasses.replace(few, protocol=about, metrics={"top1_error": 0.5})
    (curve, *_) = logs.of_all([few])
    assert curve.unit == "step" and curve.images == 2 * 10 * 128
    assert [x for x, _ in curve.lines["loss"]["training"]] == [10, 20]
    assert runs.tested([few], "paper-32") is None


def test_nets_show_their_record_beside_their_sizes():
    rows = {row[0]: row for row in runs.nets_section(RECORDS).rows}
    assert [*rows] == [*variants.VARIANTS]
    assert rows["paper"][2:4] == ("60,965,224", "724,406,816")
    assert rows["paper"][5:] == ("–",) * 3
    error, on, speed = rows["cifar-18pct"][5:]
    assert error == "20.00 [19.00, 21.00]" and on.endswith(", 10 epochs")
    assert speed == "500"  # 1,000 images in 2 seconds


def test_ids_of_two_figures_differ():
    from matplotlib.figure import Figure

    figure = Figure()
    figure.subplots().plot([1, 2])
    one, other = (style.inline_svg(figure, name) for name in ("a", "b"))
    ids = [set(re.findall(r'\bid="([^"]+)"', text)) for text in (one, other)]
    assert ids[0] and not ids[0] & ids[1]
    assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', one)) <= ids[0]


def test_a_variant_is_cited_with_its_article():
    names = [one.key for one in cite.works("bn-cifar10.no-dropout")]
    assert names == ["alexnet_paper", cite.PAPER.key, "bn_cifar10"]
    assert [one.kind for one in cite.works("paper")] == ["software", "paper"]
    with pytest.raises(ValueError, match="unknown variant"):
        cite.works("alexnet")
    assert cite.apa(cite.PAPER).startswith(
        "Krizhevsky, A., Sutskever, I., & Hinton, G. E. (2012). ImageNet"
    )
    assert "title     = {{ImageNet} Class" in cite.bibtex(cite.PAPER)
    assert r"title        = {alexnet\_paper}" in cite.bibtex(cite.package())


def test_the_day_of_an_articles_last_change_is_cited():
    article = cite.article("cats-vs-dogs")
    assert cite.apa(article).endswith("AlexNet (Part II). (2020, November 29).")
    assert "{Updated 29 November 2020. Source of" in cite.bibtex(article)
    assert cite.reference(article)["month"] == 11


def test_cff_is_yaml_with_all_works():
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    found = yaml.safe_load(cite.cff(cite.works()))
    assert found["cff-version"] == "1.2.0" and len(found["references"]) == 4
    names = found["references"][0]["authors"]
    assert names[2] == {"family-names": "Hinton", "given-names": "Geoffrey E."}


@pytest.mark.parametrize("variant", [None, "paper", *ARTICLES])
def test_cff_is_valid(variant):
    cffconvert = pytest.importorskip("cffconvert", reason="cffconvert is not installed")
    text = cite.cff(cite.works(variant))
    cffconvert.Citation(text).validate()
    wrong = cffconvert.Citation(text.replace(cite.RELEASED, "21 November"))
    with pytest.raises(Exception, match="date-released"):
        wrong.validate()


BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
TRY = """<script>
addEventListener("load", () => {
  const table = document.querySelector("#nets table");
  const button = table.querySelector("th:nth-child(3) button");
  const first = () => table.tBodies[0].rows[0].cells[2].textContent;
  button.click();
  const small = first();
  button.click();
  const large = first();
  document.getElementById("second").selectedIndex = 0;
  document.getElementById("second").dispatchEvent(new Event("change"));
  const lines = document.querySelectorAll("#plot polyline").length;
  const sort = button.parentElement.getAttribute("aria-sort");
  document.title = [small, large, sort, lines].join(" ");
});
</script>"""


def test_in_a_browser_it_sorts_and_draws(html, tmp_path):
    if BROWSER is None:
        pytest.skip("Chromium is not installed")
    file = tmp_path / "report.html"
    file.write_text(html.replace("</body>", f"{TRY}</body>"), encoding="utf-8")
    flags = (
        "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
        "--disable-background-networking --disable-component-update --disable-sync "
        f"--enable-logging=stderr --user-data-dir={tmp_path / 'profile'} --dump-dom"
    )
    command = [BROWSER, *flags.split(), file.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert "<title>89,578 62,378,344 descending 4</title>" in done.stdout
    assert "CONSOLE" not in done.stderr
