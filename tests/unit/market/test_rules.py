"""Rule profiles: dated values, gate closure, and what they refuse."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import yaml

from gridpact.errors import InputError, MarketRuleError, MissingDataError, UnitRangeError
from gridpact.market.clearing import BidSegment
from gridpact.market.opportunity import MarketOpportunity, Product
from gridpact.market.rules import check_profile_file, describe, load_rules, rule_names

EVENING = MarketOpportunity(
    opportunity_id="evening",
    product=Product.ENERGY,
    start=datetime(2022, 7, 14, 0, tzinfo=UTC),
    end=datetime(2022, 7, 14, 2, tzinfo=UTC),
    requested_kw=30,
    reference_price=80,
)


def opportunity(**changes: object) -> MarketOpportunity:
    return replace(EVENING, **changes)


def at(start: str, end: str) -> dict[str, datetime]:
    return {"start": datetime.fromisoformat(start), "end": datetime.fromisoformat(end)}


def test_the_packaged_profiles() -> None:
    assert rule_names() == ("demo", "caiso_dera", "caiso_ngr", "caiso_pdr", "ercot_ader")


@pytest.mark.parametrize("name", rule_names())
def test_every_value_has_a_date_a_source_and_a_mark(name: str) -> None:
    profile = load_rules(name)
    assert profile.name == name
    rows = describe(profile)
    assert len(rows) >= 11
    for row in rows:
        assert len(row) == 6
        assert row.source
        assert date.fromisoformat(row.effective_from)
        assert row.verified in ("yes", "no")
        if "memory" in row.source and "its date is from memory" not in row.source or "secondary" in row.source:
            assert row.verified == "no", row
    for product in profile.products:
        assert profile.price_floor(product) < profile.price_cap(product)
        assert profile.bid_price_cap(product) <= profile.price_cap(product)
        assert (profile.sustain_h(product) > 0) == product.is_reserve


def test_the_demonstration_has_no_minimum_and_says_so() -> None:
    demo = load_rules("demo")
    assert demo.timezone == "America/Chicago"
    assert demo.products == (Product.ENERGY, Product.SPIN, Product.NONSPIN)
    assert [demo.minimum_kw(product) for product in demo.products] == [0, 0, 0]
    assert (demo.price_floor(Product.ENERGY), demo.price_cap(Product.SPIN)) == (-500, 5000)
    assert (demo.quantity_step_kw, demo.sustain_h(Product.SPIN), demo.sustain_h(Product.NONSPIN)) == (0.001, 0.5, 1.0)
    assert demo.sustain_h(Product.ENERGY) == 0
    assert demo.export_counts
    assert "no minimum" in demo.note
    assert "demonstration" in demo.market


def test_the_values_of_the_day_are_used() -> None:
    assert load_rules("ercot_ader", on=date(2021, 12, 31)).price_cap(Product.ENERGY) == 9000
    assert load_rules("ercot_ader", on=date(2022, 1, 1)).price_cap(Product.ENERGY) == 5000
    assert load_rules("ercot_ader").price_cap(Product.ENERGY) == 5000
    assert load_rules("caiso_dera", on=date(2020, 7, 1)).minimum_kw(Product.ENERGY) == 500
    assert load_rules("caiso_dera", on=date(2022, 7, 13)).minimum_kw(Product.ENERGY) == 100


def test_rules_that_begin_later_are_named() -> None:
    early = load_rules("ercot_ader", on=date(2022, 7, 13))
    assert "minimum_kw" in early.not_yet_in_force
    assert "price_cap" not in early.not_yet_in_force
    assert load_rules("ercot_ader", on=date(2023, 7, 13)).not_yet_in_force == ()
    assert load_rules("ercot_ader").not_yet_in_force == ()
    assert "gate_closure" in early.unverified


def test_reduction_only_where_export_does_not_count() -> None:
    assert not load_rules("caiso_pdr").export_counts
    assert load_rules("caiso_dera").export_counts


@pytest.mark.parametrize(
    ("window", "gate"),
    [
        (at("2022-07-13T19:00-05:00", "2022-07-13T21:00-05:00"), "2022-07-12T10:00-05:00"),
        (at("2022-07-13T00:00-05:00", "2022-07-13T01:00-05:00"), "2022-07-12T10:00-05:00"),
        (at("2022-07-12T23:00-05:00", "2022-07-13T01:00-05:00"), "2022-07-11T10:00-05:00"),
        (at("2022-03-13T19:00-05:00", "2022-03-13T20:00-05:00"), "2022-03-12T10:00-06:00"),
        (at("2022-11-06T19:00-06:00", "2022-11-06T20:00-06:00"), "2022-11-05T10:00-05:00"),
    ],
)
def test_gate_closure_the_day_before_in_market_time(window: dict[str, datetime], gate: str) -> None:
    closes = load_rules("demo").gate_closure(opportunity(**window))
    assert closes == datetime.fromisoformat(gate)
    assert closes.utcoffset() is not None
    assert closes.tzinfo is UTC


def test_gate_closure_some_minutes_before(tmp_path: Path) -> None:
    content = profile_content()
    content["rules"]["gate_closure"]["value"] = "minutes_before 75"
    rules = load_rules(write(tmp_path, content))
    assert rules.gate_closure(EVENING) == datetime(2022, 7, 13, 22, 45, tzinfo=UTC)


def test_a_good_opportunity_passes() -> None:
    load_rules("demo").check_opportunity(EVENING)
    load_rules("demo").check_opportunity(opportunity(product=Product.SPIN, requested_kw=0.001, reference_price=-500))
    load_rules("caiso_dera").check_opportunity(opportunity(requested_kw=100))


@pytest.mark.parametrize(
    ("rules", "changes", "words"),
    [
        ("caiso_dera", {"requested_kw": 20.0}, ["100 kW", "energy", "demo"]),
        ("caiso_pdr", {"requested_kw": 120.0, "product": Product.SPIN}, ["500 kW", "spin"]),
        ("caiso_dera", {"requested_kw": 105.0}, ["10 kW lots"]),
        ("caiso_dera", {"requested_kw": 110.0, "minimum_kw": 1.5}, ["minimum_kw", "lots"]),
        ("demo", {"requested_kw": 1.23456}, ["lots", "1.235"]),
        ("demo", {"reference_price": 99999.0}, ["cap", "5000", "usd_per_mwh"]),
        ("demo", {"reference_price": -500.01}, ["floor", "-500"]),
        ("ercot_ader", {"product": Product.SPIN, "requested_kw": 200.0}, ["spin", "energy, nonspin"]),
        ("ercot_ader", {"requested_kw": 80100.0}, ["80000", "less"]),
        (
            "ercot_ader",
            {"requested_kw": 100.0, **at("2022-07-13T19:30-05:00", "2022-07-13T20:30-05:00")},
            ["grid", "60"],
        ),
        ("demo", at("2022-07-13T19:07-05:00", "2022-07-13T21:00-05:00"), ["start", "grid", "15"]),
        ("demo", at("2022-07-13T19:00-05:00", "2022-07-13T21:00:01-05:00"), ["end", "grid"]),
    ],
)
def test_what_breaks_a_rule_is_refused(rules: str, changes: dict[str, object], words: list[str]) -> None:
    with pytest.raises(MarketRuleError) as caught:
        load_rules(rules).check_opportunity(opportunity(**changes))
    for word in ("evening", rules, *words):
        assert word in str(caught.value)


def test_window_length_limits(tmp_path: Path) -> None:
    content = profile_content()
    content["rules"]["minimum_window_h"] = dated(1)
    content["rules"]["maximum_window_h"] = dated(1.5)
    rules = load_rules(write(tmp_path, content))
    with pytest.raises(MarketRuleError, match=r"lasts 2 h.*1 h or more and at most 1\.5 h"):
        rules.check_opportunity(EVENING)


def bid(*steps: tuple[float, float]) -> list[BidSegment]:
    return [BidSegment(quantity_kw=quantity, price=price) for quantity, price in steps]


@pytest.mark.parametrize(
    ("rules", "segments", "words"),
    [
        ("demo", bid((10, 40), (20, 60)), []),
        ("demo", bid((10, 40.01), (0.001, 40.01)), []),
        ("demo", [], ["at least one"]),
        ("demo", bid(*[(1, 40 + k) for k in range(11)]), ["11 segments", "10 allowed"]),
        ("demo", bid((10, 60), (10, 40)), ["segment 2", "40", "below the 60"]),
        ("demo", bid((10, 5000.01)), ["cap", "5000"]),
        ("demo", bid((10, -501)), ["floor", "-500"]),
        ("demo", bid((10, 40.005)), ["finer than 0.01"]),
        ("demo", bid((10.0005, 40)), ["lots"]),
        ("demo", bid((20, 40), (10.001, 50)), ["30 kW that the market takes"]),
        ("caiso_dera", bid((100, 40), (200, 60)), []),
        ("caiso_dera", bid((60, 40), (60, 40)), []),
        ("caiso_dera", bid((60, 40), (60, 41)), ["minimum of 100 kW"]),
        ("caiso_dera", bid((105, 40)), ["10 kW lots"]),
        ("caiso_dera", bid((100, 1000.5)), ["bid cap of 1000"]),
    ],
)
def test_broken_rules_of_a_bid_are_listed(rules: str, segments: list[BidSegment], words: list[str]) -> None:
    asked = opportunity(requested_kw=30 if rules == "demo" else 300)
    broken = load_rules(rules).check_bid(asked, segments)
    assert len(broken) == (1 if words else 0), broken
    for word in words:
        assert word in broken[0]


def test_every_broken_rule_is_listed_and_product_comes_first() -> None:
    assert len(load_rules("demo").check_bid(EVENING, bid((40.0001, 6000), (1, -600)))) == 5
    assert "spin" in load_rules("ercot_ader").check_bid(opportunity(product=Product.SPIN), bid((1, 1)))[0]


def test_least_quantity_is_whole_lots() -> None:
    assert load_rules("demo").least_kw(EVENING) == 0
    assert load_rules("demo").least_kw(opportunity(minimum_kw=7.5)) == 7.5
    assert load_rules("caiso_dera").least_kw(opportunity(requested_kw=500, minimum_kw=111)) == 120
    assert load_rules("caiso_dera").least_kw(opportunity(requested_kw=500)) == 100


def test_a_shortfall_costs_at_least_what_was_paid_for_it() -> None:
    assert load_rules("demo").penalty_price(80) == 100
    assert load_rules("demo").penalty_price(-30) == 0
    assert load_rules("ercot_ader").penalty_price(80) == 80


def test_unknown_names() -> None:
    with pytest.raises(InputError, match=r"'ercot_adr'.*did you mean 'ercot_ader'"):
        load_rules("ercot_adr")
    with pytest.raises(InputError, match="demo, caiso_dera"):
        load_rules("")
    with pytest.raises(MissingDataError, match=r"nowhere\.yaml"):
        load_rules("nowhere.yaml")


def dated(value: object, **more: object) -> dict[str, object]:
    return {"value": value, "effective_from": "2022-01-01", "source": "a test", "verified": False, **more}


def profile_content() -> dict:
    return {
        "schema": "gridpact.rules/1",
        "name": "mine",
        "market": "a market of mine",
        "rules": {
            "products": dated(["energy", "spin"]),
            "timezone": dated("Europe/Berlin"),
            "gate_closure": dated("day_ahead 12:00"),
            "minimum_kw": [dated(100, products=["energy"]), dated(1000, products=["spin"])],
            "quantity_step_kw": dated(0.5),
            "price_floor": dated(-500),
            "price_cap": dated(4000),
            "max_segments": dated(5),
            "sustain_h": dated(0.25),
            "export_counts": dated(True),
            "penalty_multiplier": dated(1.5),
        },
    }


def write(folder: Path, content: object) -> Path:
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def test_a_users_own_profile(tmp_path: Path) -> None:
    path = write(tmp_path, profile_content())
    profile = check_profile_file(path)
    assert load_rules(str(path)) == profile
    assert (profile.name, profile.timezone, profile.minimum_kw(Product.SPIN)) == ("mine", "Europe/Berlin", 1000)
    assert str(tmp_path) not in repr(profile)
    assert [row.rule for row in describe(profile)][3:5] == ["minimum_kw (energy)", "minimum_kw (spin)"]


BAD = {
    "unknown rule": (["rules", "price_capp"], dated(1), InputError, ["price_capp", "price_cap"]),
    "unknown top key": (["rule"], {}, InputError, ["rule", "rules"]),
    "unknown value key": (["rules", "price_cap", "verfied"], True, InputError, ["rules.price_cap", "verified"]),
    "wrong schema": (["schema"], "gridpact.rules/9", InputError, ["schema", "gridpact.rules/1"]),
    "no name": (["name"], None, MissingDataError, ["name"]),
    "name is a number": (["name"], 3, InputError, ["name"]),
    "packaged name": (["name"], "demo", InputError, ["demo", "taken"]),
    "rules is a list": (["rules"], [1], InputError, ["rules"]),
    "missing rule": (["rules", "price_cap"], None, MissingDataError, ["price_cap"]),
    "rule without entries": (["rules", "price_cap"], [], MissingDataError, ["price_cap"]),
    "bare value": (["rules", "price_cap"], 4000, InputError, ["rules.price_cap"]),
    "no source": (["rules", "price_cap", "source"], None, MissingDataError, ["rules.price_cap", "source"]),
    "source is a number": (["rules", "price_cap", "source"], 3, InputError, ["source"]),
    "verified is text": (["rules", "price_cap", "verified"], "maybe", InputError, ["verified", "maybe"]),
    "bad date": (["rules", "price_cap", "effective_from"], "soon", InputError, ["effective_from", "soon"]),
    "a time for a date": (
        ["rules", "price_cap", "effective_from"],
        datetime(2022, 1, 1, tzinfo=UTC),
        InputError,
        ["effective_from"],
    ),
    "NaN": (["rules", "price_cap", "value"], float("nan"), UnitRangeError, ["rules.price_cap", "finite"]),
    "infinite": (["rules", "price_cap", "value"], float("inf"), UnitRangeError, ["rules.price_cap", "finite"]),
    "text": (["rules", "price_cap", "value"], "high", InputError, ["rules.price_cap", "high"]),
    "yes": (["rules", "price_cap", "value"], True, InputError, ["rules.price_cap"]),
    "floor above cap": (["rules", "price_floor", "value"], 5000, InputError, ["price_floor", "price_cap", "energy"]),
    "negative minimum": (["rules", "minimum_kw"], dated(-1), UnitRangeError, ["minimum_kw", "-1"]),
    "minimum for one product only": (
        ["rules", "minimum_kw"],
        dated(1, products=["energy"]),
        MissingDataError,
        ["spin"],
    ),
    "zero lot": (["rules", "quantity_step_kw", "value"], 0, UnitRangeError, ["quantity_step_kw"]),
    "lot below a watt": (["rules", "quantity_step_kw", "value"], 0.0005, UnitRangeError, ["quantity_step_kw"]),
    "no segments": (["rules", "max_segments", "value"], 0, UnitRangeError, ["max_segments"]),
    "half a segment": (["rules", "max_segments", "value"], 2.5, UnitRangeError, ["max_segments"]),
    "unknown zone": (["rules", "timezone", "value"], "Mars/Olympus", InputError, ["Mars/Olympus"]),
    "zone is a number": (["rules", "timezone", "value"], 1, InputError, ["timezone"]),
    "gate": (["rules", "gate_closure", "value"], "day_ahead 25:00", InputError, ["gate_closure", "HH:MM"]),
    "penalty below 1": (["rules", "penalty_multiplier", "value"], 0.5, UnitRangeError, ["penalty_multiplier", "1"]),
    "export is a word": (["rules", "export_counts", "value"], "sometimes", InputError, ["export_counts"]),
    "unknown product": (["rules", "products", "value"], ["energy", "regup"], InputError, ["regup"]),
    "product twice": (["rules", "products", "value"], ["energy", "energy"], InputError, ["twice"]),
    "no products": (["rules", "products", "value"], [], InputError, ["products"]),
    "products elsewhere": (["rules", "timezone", "products"], ["energy"], InputError, ["rules.timezone", "products"]),
    "product not sold": (["rules", "price_cap", "products"], ["nonspin"], InputError, ["nonspin", "rules.products"]),
    "sustain for energy": (["rules", "sustain_h", "products"], ["energy"], InputError, ["sustain_h", "energy"]),
    "no sustain": (["rules", "sustain_h"], [], MissingDataError, ["sustain_h"]),
    "two values, one date": (["rules", "price_cap"], [dated(1), dated(2)], InputError, ["price_cap", "2022-01-01"]),
    "window step": (["rules", "window_step_minutes"], dated(45), UnitRangeError, ["window_step_minutes"]),
    "windows crossed": (
        ["rules", "minimum_window_h"],
        dated(4),
        InputError,
        ["minimum_window_h", "maximum_window_h"],
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_profiles_are_refused_by_name(name: str, tmp_path: Path) -> None:
    keys, value, error, words = BAD[name]
    content = profile_content()
    content["rules"]["maximum_window_h"] = dated(3)
    place = content
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    with pytest.raises(error) as caught:
        check_profile_file(write(tmp_path, content))
    for word in ("mine.yaml", *words):
        assert word in str(caught.value)


def test_a_profile_without_reserves_needs_no_sustained_duration(tmp_path: Path) -> None:
    content = profile_content()
    content["rules"]["products"] = dated(["energy"])
    content["rules"]["minimum_kw"] = dated(0)
    del content["rules"]["sustain_h"]
    rules = load_rules(write(tmp_path, content))
    assert rules.products == (Product.ENERGY,)
    with pytest.raises(MarketRuleError, match="sustain_h for spin"):
        rules.sustain_h(Product.SPIN)
