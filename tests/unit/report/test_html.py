"""The HTML report: self-contained, inert, the same bytes twice, and readable in every outcome."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest

from audit import synthetic
from gridpact.report.html import render_report
from gridpact.report.page import label, number
from unit.report.edited_run import EditedRun

HOSTILE = '</script><script>document.title="pwned"</script>'
QUOTES = "\"><img src=x onerror=alert(1)>'&<b>"


class Page(HTMLParser):
    """Elements, attributes and texts of a document."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.scripts: list[str] = []
        self.words: list[str] = []
        self._inside = ""
        self.feed(html)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self._inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[-1] += data
        elif self._inside != "style":
            self.words.append(data)

    @property
    def figures(self) -> list[dict[str, object]]:
        return json.loads(self.scripts[0])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic.write(tmp_path_factory.mktemp("run") / "day")


@pytest.fixture
def run(folder: Path) -> EditedRun:
    return EditedRun(folder)


def test_the_same_run_gives_the_same_bytes(folder: Path) -> None:
    assert render_report(EditedRun(folder)) == render_report(EditedRun(folder))


def test_nothing_is_loaded_and_only_the_two_named_scripts_may_run(run: EditedRun) -> None:
    page = Page(render_report(run))
    assert page.tags.count("script") == 3
    assert not {"link", "iframe", "img", "object", "embed", "base", "form"} & set(page.tags)
    assert not [
        entry for entry in page.attributes if entry[1] in ("src", "href", "srcset") or entry[1].startswith("on")
    ]
    policy = next(value for tag, name, value in page.attributes if tag == "meta" and value.startswith("default-src"))
    assert policy.startswith("default-src 'none';")
    allowed = re.findall(r"'sha256-([^']+)'", policy)
    assert allowed == [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in page.scripts[1:]]
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]


def test_every_figure_is_one_that_plotly_accepts(run: EditedRun) -> None:
    page = Page(render_report(run))
    places = [value for tag, name, value in page.attributes if name == "id" and value.startswith("chart-")]
    assert places == [f"chart-{k}" for k in range(len(page.figures))]
    style = render_report(run).split("<style>")[1].split("</style>")[0]
    for figure in page.figures:
        used = set(re.findall(r'"@([a-z]+)"', json.dumps(figure)))
        assert all(f"--{colour}:" in style for colour in used)
        go.Figure(json.loads(re.sub(r'"@[a-z]+"', '"#123456"', json.dumps(figure))))


def test_names_given_by_users_are_inert(run: EditedRun) -> None:
    run.rename_homes({"h1": HOSTILE, "h6": QUOTES, "h3": "\u202egnirts\u2028", "h5": "<a href='javascript:x'>y</a>"})
    coalition = run.tables["coalition"]
    run.tables["coalition"] = coalition.assign(reason=HOSTILE + QUOTES)
    opportunity = run.content["opportunities"][0]["id"]
    hostile_id = 'evening"></h2><script>alert(1)</script>'
    text = json.dumps(run.content).replace(json.dumps(opportunity), json.dumps(hostile_id))
    run.content = json.loads(text)
    run.content["run"]["inputs_sha256"] = {HOSTILE: "0" * 64}
    for key, table in run.tables.items():
        if "opportunity_id" in table:
            run.tables[key] = table.assign(opportunity_id=table["opportunity_id"].replace({opportunity: hostile_id}))
    html = render_report(run)
    page = Page(html)
    assert page.tags.count("script") == 3
    assert "img" not in page.tags
    assert "a" not in page.tags
    assert HOSTILE not in html
    assert HOSTILE in page.text  # shown as text
    assert "\u2028" not in page.scripts[0]
    for hover in re.findall(r'"hovertext":(\[.*?\])', page.scripts[0]):
        assert not re.search(r"<(?!br>)", " ".join(map(str, json.loads(hover))))  # no markup but our line breaks


def test_an_awarded_day_shows_its_numbers(run: EditedRun) -> None:
    page = Page(render_report(run))
    for shown in ("8 kW of energy at 85.00 USD/MWh", "America/Chicago", "In the coalition", "Window", "Penalties"):
        assert shown in page.text
    revenue = run.content["settlement"]["market_revenue_usd"]
    assert f"The market paid {number(revenue, 4)} USD." in page.text
    assert page.text.count("Who is in, and why others are not") == 2


@pytest.mark.parametrize(
    ("outcome", "reason", "loss", "expected"),
    [
        ("no_bid", "owners ask more than the market is expected to pay", 1.2345, "Loss avoided"),
        ("no_deal", "no home accepted an offer", None, "no home accepted an offer"),
        ("not_cleared", "the price was below the bid", None, "45.00 USD/MWh, was below the bid"),
        ("refused", "the bid is below the minimum of 100 kW", None, "the bid is below the minimum of 100 kW"),
    ],
)
def test_a_day_without_an_award_reads_well(
    run: EditedRun, outcome: str, reason: str, loss: float | None, expected: str
) -> None:
    run.nothing_sold(outcome, reason=reason, loss_avoided_usd=loss)
    page = Page(render_report(run))
    assert expected in page.text
    assert "Nothing was sold, so no money moved." in page.text
    assert "nothing to check" in page.text
    assert not re.search(r"\bnan\b|\bNone\b", page.text)
    if loss is not None:
        assert "1.23 USD" in page.text


def test_a_day_without_any_ask_reads_well(run: EditedRun) -> None:
    run.nothing_sold("no_deal", reason="no home can deliver anything in the window")
    for key in ("bids", "offers", "options"):
        run.tables[key] = run.tables[key].iloc[:0]
    page = Page(render_report(run))
    assert "No home asked for anything" in page.text
    assert not re.search(r"\bnan\b|\bNone\b", page.text)


def test_a_large_fleet_folds_its_table_and_keeps_few_bars(run: EditedRun) -> None:
    run.nothing_sold("no_deal", reason="too dear")
    for key in ("bids", "coalition"):
        one = run.tables[key].iloc[[0]]
        many = one.loc[np.repeat(one.index, 900)].reset_index(drop=True)
        run.tables[key] = many.assign(home_id=[f"home-{k:04d}" for k in range(900)])
    page = Page(render_report(run))
    assert "860 more homes" in page.text
    assert max(len(trace["x"]) for trace in page.figures[0]["data"]) <= 400


def test_numbers_and_labels() -> None:
    assert number(-0.0001) == "0.00"
    assert number(1234.5, 1, "kW") == "1,234.5 kW"
    assert number(-3.0, 1) == "−3.0"
    assert number(None) == number(float("nan")) == "–"
    assert label("<b>&\n" + "x" * 100) == "&lt;b&gt;&amp; " + "x" * 34 + "…"
