"""The HTML report: self-contained, inert, the same bytes twice, and readable in every outcome."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audit import synthetic
from gridpact.report.html import render_report
from gridpact.report.page import label, number, text
from gridpact.results.run_folder import RunFolder
from unit.report.edited_run import EditedRun

HOSTILE = '</script><script>document.title="pwned"</script>'
QUOTES = "\"><img src=x onerror=alert(1)>'&<b>"
SECTIONS = ["words", "supply", "rounds", "coalition", "homes", "day", "money", "satisfaction", "risk", "checks"]


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
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.scripts[0])
        return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic.write(tmp_path_factory.mktemp("run") / "day")


@pytest.fixture
def run(folder: Path) -> EditedRun:
    return EditedRun(folder)


def test_the_same_run_gives_the_same_bytes(folder: Path) -> None:
    assert render_report(EditedRun(folder)) == render_report(EditedRun(folder))


def test_a_folder_and_a_run_about_to_be_written_give_the_same_page(folder: Path) -> None:
    stored = RunFolder.open(folder)
    assert render_report(stored) == render_report(stored, events=stored.events())


def test_nothing_is_loaded_and_only_the_named_script_may_run(run: EditedRun) -> None:
    page = Page(render_report(run))
    assert page.tags.count("script") == 2
    assert not {"link", "iframe", "img", "object", "embed", "base", "image", "use", "foreignobject"} & set(page.tags)
    loads = [entry for entry in page.attributes if entry[1] in ("src", "srcset", "action") or entry[1].startswith("on")]
    assert not loads
    assert all(value.startswith("#") for _, name, value in page.attributes if name in ("href", "xlink:href"))
    policy = next(value for tag, name, value in page.attributes if tag == "meta" and value.startswith("default-src"))
    assert policy.startswith("default-src 'none';")
    allowed = re.findall(r"'sha256-([^']+)'", policy)
    assert allowed == [base64.b64encode(hashlib.sha256(page.scripts[1].encode()).digest()).decode()]
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]
    style = render_report(run).split("<style>")[1].split("</style>")[0]
    assert "url(" not in style.replace("url(#stripes)", "").replace("url(#dots)", "")
    assert "@import" not in style


def test_every_section_is_there_in_order_with_a_sentence(run: EditedRun) -> None:
    html = render_report(run)
    assert re.findall(r'<section id="(\w+)"', html) == SECTIONS
    assert re.findall(r'<li><a href="#(\w+)">', html) == SECTIONS
    sentences = re.findall(r'<p class="says">([^<]+)</p>', html)
    assert len(sentences) == len(SECTIONS)
    assert all(len(sentence) > 40 and sentence[-1] in ".?" for sentence in sentences)


def test_every_colour_of_a_chart_is_in_the_style_sheet(run: EditedRun) -> None:
    html = render_report(run)
    style = html.split("<style>")[1].split("</style>")[0]
    used = set(
        re.findall(r"\bc-[a-z0-9]+|\bl-[a-z]+|\br-[a-z]+|\bf-[a-z]+", " ".join(re.findall(r'class="([^"]*)"', html)))
    )
    assert used
    assert {css for css in used if f".{css}" not in style} == set()
    schemes = [set(re.findall(r"--([a-z0-9]+):", scheme)) for scheme in re.findall(r"{[^{}]*--page:[^}]*", style)]
    assert len(schemes) == 4  # light, dark by choice, dark by the system, paper
    assert all(names >= schemes[0] - {"focus", "shadow"} for names in schemes)
    assert set(re.findall(r"var\(--([a-z0-9]+)\)", style)) <= schemes[0] | {"c", "l", "r", "b", "h", "zero"}


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio of two colours given as #rrggbb."""

    def luminance(colour: str) -> float:
        parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_words_and_marks_stand_out_in_every_scheme(run: EditedRun) -> None:
    style = render_report(run).split("<style>")[1].split("</style>")[0]
    for scheme in re.findall(r"{[^{}]*--page:[^}]*", style):
        colours = {
            name: "#" + "".join(c * 2 for c in value) if len(value) == 3 else f"#{value}"
            for name, value in re.findall(r"--([a-z0-9]+): #([0-9a-f]{6}|[0-9a-f]{3});", scheme)
        }
        for name in ("ink", "muted", "good", "bad"):
            assert contrast(colours[name], colours["card"]) >= 4.5, name
            assert contrast(colours[name], colours["page"]) >= 4.5, name
        marks = "in option bid offer ask baseline planned realised reserve market owners penalty operator risk leftout"
        for name in (*marks.split(), *(f"g{k}" for k in range(6))):
            assert contrast(colours[name], colours["card"]) >= 3.0, name


def test_names_given_by_users_are_inert(run: EditedRun) -> None:
    run.rename_homes({"h1": HOSTILE, "h6": QUOTES, "h3": "\u202egnirts\u2028", "h5": "<a href='javascript:x'>y</a>"})
    coalition = run.tables["coalition"]
    run.tables["coalition"] = coalition.assign(reason=HOSTILE + QUOTES)
    run.tables["fleet"] = run.tables["fleet"].assign(
        persona=[HOSTILE, QUOTES, "</style>", "<svg onload=x>", "${x}", "{{x}}", "a", "b", "c"],
        tariff=lambda fleet: fleet["tariff"].replace({"flat": QUOTES}),
    )
    run.tables["tariffs"] = run.tables["tariffs"].assign(tariff=lambda rows: rows["tariff"].replace({"flat": QUOTES}))
    opportunity = run.content["opportunities"][0]["id"]
    hostile_id = 'evening"></h2><script>alert(1)</script>'
    run.note("opportunity_announced", opportunity, prices=HOSTILE, scenarios=[])
    words = json.dumps(run.content).replace(json.dumps(opportunity), json.dumps(hostile_id))
    run.content = json.loads(words)
    run.log = json.loads(json.dumps(run.log).replace(json.dumps(opportunity), json.dumps(hostile_id)))
    run.content["run"]["inputs_sha256"] = {HOSTILE: "0" * 64}
    for key, table in run.tables.items():
        if "opportunity_id" in table:
            run.tables[key] = table.assign(opportunity_id=table["opportunity_id"].replace({opportunity: hostile_id}))
    run.entries = run.entries.assign(opportunity_id=run.entries["opportunity_id"].replace({opportunity: hostile_id}))
    html = render_report(run)
    page = Page(html)
    assert page.tags.count("script") == 2
    assert page.tags.count("style") == 1
    assert not {"img", "b>"} & set(page.tags)
    assert all(value.startswith("#") for _, name, value in page.attributes if name == "href")
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert HOSTILE not in html
    assert HOSTILE in page.text  # shown as text
    assert HOSTILE in page.data["homes"]["names"]
    assert "\u2028" not in page.scripts[0]
    assert "<" not in page.scripts[0]


def test_an_awarded_day_shows_its_numbers(run: EditedRun) -> None:
    page = Page(render_report(run))
    for shown in ("8 kW of energy at 85.00 USD/MWh", "America/Chicago", "in: activated", "Window", "Penalties"):
        assert shown in page.text
    revenue = run.content["settlement"]["market_revenue_usd"]
    assert f"The market paid {number(revenue, 4)} USD." in page.text
    assert "does not guarantee truthful asks, or equal pay for equal delivery" in page.text
    assert "gridpact verify DIR" in page.text


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
    assert not re.search(r"\bnan\b|\bNone\b|\binf\b", page.text)
    if loss is not None:
        assert "1.23 USD" in page.text


def test_a_day_without_any_ask_reads_well(run: EditedRun) -> None:
    run.nothing_sold("no_deal", reason="no home can deliver anything in the window")
    for key in ("bids", "offers", "options"):
        run.tables[key] = run.tables[key].iloc[:0]
    page = Page(render_report(run))
    assert "No home asked for anything" in page.text
    assert "There were no talks" in page.text
    assert not re.search(r"\bnan\b|\bNone\b", page.text)


def test_a_run_without_dispatch_or_log_reads_well(run: EditedRun) -> None:
    run.tables["dispatch"] = run.tables["dispatch"].iloc[:0]
    run.log = []
    page = Page(render_report(run))
    assert "The run holds no dispatch." in page.text
    assert "holds no price scenarios" in page.text


def test_a_large_fleet_stays_small_and_says_what_is_left_out(run: EditedRun) -> None:
    run.replicate(150)
    html = render_report(run)
    page = Page(html)
    assert len(html) < 2_500_000
    assert len(page.data["homes"]["names"]) == run.tables["coalition"]["home_id"].nunique()  # all of them
    assert len(page.data["day"]["homes"]) <= 200
    assert "of 1,350 homes can be chosen, sampled:" in page.text
    assert html.count("<tr>") < 300
    assert html.count('class="bar ') < 3000


def test_every_home_is_shown_with_its_own_devices(run: EditedRun) -> None:
    run.replicate(2)
    fleet = run.tables["fleet"]
    for k, column in enumerate(("battery_capacity_kwh", "vehicle_capacity_kwh", "heat_capacity_kwh", "solar_kw")):
        fleet[column] = [5.0 if place >> k & 1 else np.nan for place in range(len(fleet))]
    run.tables["fleet"] = fleet
    page = Page(render_report(run))
    assert len(page.data["homes"]["assets"]) == 16
    assert {"Battery + car + heat + solar", "Solar", "No battery, car, heat or solar"} <= {
        *page.data["homes"]["assets"]
    }
    assert not any("other kinds" in kind for kind in page.data["homes"]["assets"])
    assert not any("other kinds" in home["about"] for home in page.data["day"]["homes"])
    assert "11 other kinds" in page.text  # the map has few fields


def test_many_opportunities_are_folded_and_summed_up(run: EditedRun) -> None:
    content = run.content
    run.nothing_sold("no_bid", reason="too dear", loss_avoided_usd=1.0)
    first, outcome = content["opportunities"][0], content["outcomes"][0]
    names = [first["id"], *(f"copy {k}" for k in range(5))]
    content["opportunities"] = [first | {"id": each} for each in names]
    content["outcomes"] = [outcome | {"opportunity_id": each} for each in names]
    html = render_report(run)
    assert "Nothing was sold on 6 opportunities: no bid 6 times; loss avoided 6.00 USD." in html
    assert html.count('<details class="one" open>') == html.count('<details class="one">') / 5 == 5
    assert "<summary>2 more</summary>" in html


def test_a_new_kind_of_device_is_drawn_where_its_columns_are(run: EditedRun) -> None:
    assert "Heat stores: power" in render_report(run)
    dispatch = run.tables["dispatch"].drop(columns=["heat_kw", "heat_kwh"])
    run.tables["dispatch"] = dispatch
    assert "Heat stores" not in render_report(run)
    mine = dispatch["home_id"] == "h4"
    run.tables["dispatch"] = dispatch.assign(heat_kw=np.where(mine, 1.5, np.nan), heat_kwh=np.where(mine, 6.0, np.nan))
    page = Page(render_report(run))
    assert "Heat stores: power" in page.text
    assert "Heat stores: stored energy" in page.text
    assert "Heat" in page.data["homes"]["assets"]
    assert page.data["day"]["fleet"]["heat-kw"]["planned"] in ("baseline", [150] * 24)


def test_a_device_that_the_fleet_table_does_not_know_is_drawn_from_its_cells(run: EditedRun) -> None:
    fleet = run.tables["fleet"]
    run.tables["fleet"] = fleet.drop(columns=[column for column in fleet if column.startswith("heat_")])
    assert not any(column.startswith("heat_") for column in run.tables["fleet"])
    day = Page(render_report(run)).data["day"]["fleet"]
    assert [len(day[key]["baseline"]) for key in ("battery-kwh", "heat-kwh", "heat-kw")] == [25, 24, 24]


def test_numbers_and_labels() -> None:
    assert number(-0.0001) == "0.00"
    assert number(1234.5, 1, "kW") == "1,234.5 kW"
    assert number(-3.0, 1) == "−3.0"
    assert number(None) == number(float("nan")) == "–"
    assert label("<b>&\n" + "x" * 100) == "<b>& " + "x" * 34 + "…"
    assert text("a\x00\x1b\ud800b'\"<") == "a   b&#x27;&quot;&lt;"


def test_the_day_and_its_limits_are_told_in_words(run: EditedRun) -> None:
    html = render_report(run)
    words = html.split('<section id="words"')[1].split("</section>")[0]
    assert "The day in words" in words
    assert "What limited the result" in words
    assert "What its limits were worth was not measured for this bid." in words, "a run without limits says so"
    homes = html.split('<section id="homes"')[1].split("</section>")[0]
    assert homes.count("<details><summary>") == run.tables["coalition"]["home_id"].nunique()
