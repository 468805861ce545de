"""The report as people meet it: in a browser, on a phone, by keyboard, on paper, in the dark, and without "
"JavaScript."""

import os
import re
import shutil
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from audit import synthetic
from gridpact.cli.app import app
from gridpact.report.html import render_report
from unit.report.edited_run import EditedRun

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (pip install -e '.[dev]')")

CHROMIUM = os.environ.get("GRIDPACT_CHROMIUM") or next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path; set GRIDPACT_CHROMIUM")
AXE = find_spec("axe_playwright_python")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDTHS = (390, 768, 1440)
SCHEMES = ("light", "dark")
SAMPLE = (("demonstration", 390, "light"), ("by_hand", 1440, "dark"))
HOSTILE = '"><img src=x onerror=alert(1)></script><script>document.title="pwned"</script>'
HOME = "Home and opportunity"
MOST_BYTES = 6_000_000
MOST_SECONDS = 3.0


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demonstration") / "run"
    done = CliRunner().invoke(app, ["negotiate", "--out", str(out)])
    assert done.exit_code == 0, done.output
    return out / "report.html"


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two opportunities, a drop-out, hostile names and several pages of homes."""
    run = EditedRun(synthetic.write(tmp_path_factory.mktemp("run") / "day"))
    run.replicate(20)
    run.rename_homes({"h1-0": HOSTILE, "h6-0": "\u202egnirts", "h7-0": "a" * 90, "h3-0": "家 <b>bold</b>"})
    run.tables["fleet"]["persona"] = [HOSTILE, "kind & calm", None, "x" * 60] * (len(run.tables["fleet"]) // 4)
    page = tmp_path_factory.mktemp("pages") / "by-hand.html"
    page.write_text(render_report(run), encoding="utf-8")
    return page


class Tab:
    """A page in a browser with everything that it complained about."""

    def __init__(self, browser: Any, file: Path, *, width: int = 1440, scheme: str = "light", **more: Any) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **more)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.loads: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.loads.append(request.url))
        self.page.goto(file.as_uri())

    def __enter__(self) -> Any:
        return self.page

    def __exit__(self, *problem: object) -> None:
        self.context.close()


def column(page: Any, title: str) -> list[str]:
    found: list[str] = page.locator(f'table.homes tbody [data-label="{title}"]').all_inner_texts()
    return found


def numbers(cells: list[str]) -> list[float]:
    return [float(cell.replace(",", "").replace("−", "-")) for cell in cells if cell not in ("", "–")]


@pytest.mark.parametrize(
    ("file", "width", "scheme"),
    [
        pytest.param(file, width, scheme, marks=() if (file, width, scheme) in SAMPLE else pytest.mark.deep)
        for file in ("demonstration", "by_hand")
        for width in WIDTHS
        for scheme in SCHEMES
    ],
)
def test_axe_finds_nothing_serious(
    browser: Any, request: pytest.FixtureRequest, file: str, width: int, scheme: str
) -> None:
    if AXE is None or AXE.origin is None:
        pytest.skip("axe_playwright_python, which carries axe-core, is not installed")
    axe = (Path(AXE.origin).parent / "axe.min.js").read_text(encoding="utf-8")
    # The page's own policy forbids any script but its own; the check needs one more.
    with Tab(browser, request.getfixturevalue(file), width=width, scheme=scheme, bypass_csp=True) as page:
        page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
        page.add_script_tag(content=axe)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert len(found["passes"]) > 30
    bad = [
        (each["id"], each["impact"], [node["target"] for node in each["nodes"][:3]])
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
    ]
    assert bad == []


@pytest.mark.parametrize("width", [320, *WIDTHS])
def test_the_page_is_as_wide_as_the_screen_and_silent(
    browser: Any, demonstration: Path, by_hand: Path, width: int
) -> None:
    for file in (demonstration, by_hand):
        tab = Tab(browser, file, width=width)
        with tab as page:
            page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
            assert page.evaluate("document.documentElement.scrollWidth") == width
            small = page.evaluate(
                "[...document.querySelectorAll('button, select, input[type=search], nav a')]"
                ".filter(e => e.offsetParent && e.getBoundingClientRect().height < 24).length"
            )
            assert small == 0
            assert page.title() != "pwned"
            assert page.locator("img").count() == 0
        assert tab.complaints == []
        assert tab.loads == [file.as_uri()]


def test_words_on_charts_keep_their_size_on_a_phone(browser: Any, demonstration: Path) -> None:
    with Tab(browser, demonstration, width=390) as page:
        sizes = page.evaluate(
            "[...document.querySelectorAll('.plot-svg text')].filter(e => e.getClientRects().length)"
            ".map(e => e.getBoundingClientRect().height)"
        )
        assert min(sizes) >= 11
        outside = page.evaluate(
            "[...document.querySelectorAll('.plot')].filter(p => { const box = p.getBoundingClientRect();"
            "return [...p.querySelectorAll('text')].some(t => { const b = t.getBoundingClientRect();"
            "return b.width && (b.left < box.left - 1 || b.right > box.right + 1 || b.bottom > box.bottom + 1); }); })"
            ".map(p => p.getAttribute('aria-label'))"
        )
        assert outside == []


def test_tables_sort_by_click_and_by_key(browser: Any, by_hand: Path) -> None:
    with Tab(browser, by_hand) as page:
        heading = page.locator("table.homes thead th", has_text="Earned")
        heading.locator("button").click()
        assert heading.get_attribute("aria-sort") == "descending"
        down = numbers(column(page, "Earned [USD]"))
        assert down == sorted(down, reverse=True)
        assert len(set(down)) >= 1
        heading.locator("button").focus()
        page.keyboard.press("Enter")
        assert heading.get_attribute("aria-sort") == "ascending"
        up = numbers(column(page, "Earned [USD]"))
        assert up == sorted(up)
        assert up[0] <= down[0]
        page.locator("table.homes thead th", has_text="Home").locator("button").click()
        assert heading.get_attribute("aria-sort") is None
        names = column(page, HOME)
        assert names[0] != column(page, "Earned [USD]")[0]
        assert len(names) == 25


def test_small_tables_sort_and_their_sums_stay_last(browser: Any, demonstration: Path) -> None:
    with Tab(browser, demonstration) as page:
        page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
        table = page.locator("#risk table")
        prices = numbers([cell.split(" ")[0] for cell in table.locator("tbody th").all_inner_texts()])
        assert len(prices) > 3
        table.locator("thead th", has_text="Operator").locator("button").click()
        profits = numbers(table.locator("tbody td:last-child").all_inner_texts())
        assert profits == sorted(profits, reverse=True)
        assert "expected" in table.locator("tfoot").inner_text()


def test_homes_are_found_filtered_and_paged(browser: Any, by_hand: Path) -> None:
    with Tab(browser, by_hand) as page:
        total = int(re.findall(r"of ([\d,]+)$", page.locator("[data-count]").inner_text())[0].replace(",", ""))
        page.locator("[data-page='1']").click()
        assert page.locator("[data-page-at]").inner_text().startswith("Page 2 of")
        page.locator("[data-filter=text]").fill("ONERROR")
        assert {cell.split("\n")[0] for cell in column(page, HOME)} == {HOSTILE}
        assert page.locator("table.homes img").count() == 0
        page.locator("[data-filter=text]").fill("no such home")
        assert page.locator("[data-count]").inner_text().startswith("Nothing found among")
        page.locator("[data-filter=text]").fill("")
        page.locator("[data-filter=stage]").select_option(label="in: activated")
        assert all(cell.startswith("in: activated") for cell in column(page, "In or out, and why"))
        inside = int(re.findall(r"of ([\d,]+) found", page.locator("[data-count]").inner_text())[0].replace(",", ""))
        assert 0 < inside < total
        page.locator("[data-filter=stage]").select_option(value="")
        page.locator("[data-filter=persona]").select_option(label="kind & calm")
        assert all(cell.startswith("kind & calm") for cell in column(page, "Owner and devices"))


def test_values_are_read_by_key_and_by_pointer(browser: Any, demonstration: Path) -> None:
    with Tab(browser, demonstration) as page:
        chart = page.locator('[data-chart="net"]')
        chart.focus()
        page.keyboard.press("Home")
        first = chart.get_attribute("aria-valuetext")
        assert re.match(r"Wed 12:00 CDT; Baseline: −?[\d.]+ kW; Planned: −?[\d.]+ kW; Realised: ", first)
        page.keyboard.press("ArrowRight")
        assert chart.get_attribute("aria-valuetext").startswith("Wed 12:15 CDT")
        assert page.locator(".tip").is_visible()
        page.keyboard.press("Escape")
        assert page.locator(".tip").is_hidden()
        stack = page.locator("#supply .plot")
        stack.scroll_into_view_if_needed()
        box = stack.bounding_box()
        page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 250)
        assert re.search(r"kW asked at [\d.]+ USD/MWh", page.locator(".tip").inner_text())


def test_one_homes_day_takes_the_place_of_the_fleets(browser: Any, demonstration: Path) -> None:
    with Tab(browser, demonstration) as page:
        line = page.locator('[data-chart="net"] path[data-s="realised"]')
        ticks = page.locator('[data-chart="net"] .ay text')
        fleet, fleet_ticks = line.get_attribute("d"), ticks.all_inner_texts()
        page.locator("[data-home]").select_option(label="oak")
        assert line.get_attribute("d") != fleet
        assert ticks.all_inner_texts() != fleet_ticks
        assert "NaN" not in line.get_attribute("d")
        assert "conservative, Battery" in page.locator("[data-home-about]").inner_text()
        assert page.locator('figure:has([data-chart="vehicle-kw"])').is_hidden()
        page.locator("[data-home]").select_option(value="")
        assert ticks.all_inner_texts() == fleet_ticks
        again = [float(part) for part in re.findall(r"[\d.]+", line.get_attribute("d"))]
        drawn = [float(part) for part in re.findall(r"[\d.]+", fleet)]
        assert max(abs(a - b) for a, b in zip(again, drawn, strict=True)) < 0.6
        assert page.locator('figure:has([data-chart="vehicle-kw"])').is_visible()


def test_colours_follow_the_system_and_the_button(browser: Any, demonstration: Path) -> None:
    look = (
        "[getComputedStyle(document.body).backgroundColor, "
        "getComputedStyle(document.querySelector('.l-realised')).stroke]"
    )
    with Tab(browser, demonstration, scheme="dark") as page:
        dark = page.evaluate(look)
        button = page.locator("[data-theme-toggle]")
        button.click()
        assert button.get_attribute("aria-label") == "Colours: light"
        light = page.evaluate(look)
        assert light[0] != dark[0]
        assert light[1] != dark[1]
        button.click()
        assert page.evaluate(look) == dark
        button.click()
        assert button.get_attribute("aria-label") == "Colours: as the system"


def test_text_tables_and_charts_are_there_without_javascript(browser: Any, demonstration: Path) -> None:
    with Tab(browser, demonstration, java_script_enabled=False) as page:
        assert page.locator("noscript").inner_text().startswith("JavaScript is off")
        assert page.locator("table.homes tbody tr").count() == 6
        assert page.locator(".plot-svg").count() >= 9
        assert page.locator('[data-chart="net"] path[data-s="realised"]').get_attribute("d").startswith("M0 ")
        assert page.locator(".js:visible").count() == 0
        assert page.locator("button:visible, select:visible, input:visible").count() == 0


def test_motion_is_only_smooth_where_wanted(browser: Any, demonstration: Path) -> None:
    for wish, way in (("reduce", "auto"), ("no-preference", "smooth")):
        with Tab(browser, demonstration, reduced_motion=wish) as page:
            assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == way


def test_paper_has_everything_and_no_controls(browser: Any, demonstration: Path) -> None:
    with Tab(browser, demonstration, scheme="dark") as page:
        page.locator("[data-theme-toggle]").click()
        page.locator("[data-theme-toggle]").click()
        pdf = page.pdf(format="A4", print_background=False)
        sheets = len(re.findall(rb"/Type\s*/Page\b", pdf))
        assert 5 <= sheets <= 20
        page.set_viewport_size({"width": 703, "height": 1020})  # A4 less its margins
        page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
        page.emulate_media(media="print")
        assert page.evaluate("document.documentElement.scrollWidth") == 703
        assert page.evaluate(
            "[...document.querySelectorAll('table')].every(t => t.offsetWidth <= t.parentNode.clientWidth)"
        )
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.locator("nav:visible, button.theme:visible, select:visible, .pager:visible").count() == 0
        assert page.locator("#supply .plot-svg").is_visible()


def opened_in_s(browser: Any, file: Path) -> float:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    begun = time.perf_counter()
    page.goto(file.as_uri())
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    took = time.perf_counter() - begun
    assert page.locator("table.homes tbody tr").count() == 25
    context.close()
    return took


@pytest.mark.parametrize("homes", [1_600, pytest.param(10_000, marks=pytest.mark.deep)])
def test_a_large_fleet_opens_at_once(browser: Any, tmp_path: Path, homes: int) -> None:
    run = EditedRun(synthetic.write(tmp_path / "day"))
    run.replicate(homes // 8)
    html = render_report(run)
    assert len(html.encode()) < MOST_BYTES
    file = tmp_path / "large.html"
    file.write_text(html, encoding="utf-8")
    # One of three openings: another process may take the machine for a while.
    assert any(opened_in_s(browser, file) < MOST_SECONDS for _ in range(3))
    tab = Tab(browser, file, width=390)
    with tab as page:
        assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert tab.complaints == []
