"""The auditor's market rules and the program's, written apart, say the same on every day on which either changes."""

from datetime import date

import pytest

from gridpact_audit.rulebook import RuleBook

market_rules = pytest.importorskip("gridpact.market.rules", reason="the program's rule profiles are not built yet")

BOOK = RuleBook.read()
DAYS = [date(2020, 1, 1), date(2021, 3, 19), date(2021, 3, 20), date(2022, 6, 16), date(2022, 6, 17), date(2022, 12, 1)]
DAYS += [date(2015, 1, 1), date(2026, 1, 1)]
BY_PRODUCT = ("minimum_kw", "price_floor", "price_cap", "bid_price_cap", "sustain_h", "maximum_kw")
PLAIN = ("quantity_step_kw", "max_segments", "export_counts", "penalty_multiplier", "timezone")


def test_same_profiles() -> None:
    assert set(BOOK.profiles) == set(market_rules.rule_names())


@pytest.mark.parametrize("name", sorted(BOOK.profiles))
@pytest.mark.parametrize("day", DAYS, ids=str)
def test_same_values(name: str, day: date) -> None:
    theirs = market_rules.load_rules(name, on=day)
    products = BOOK.value(name, "products", on=day)
    assert [product.value for product in theirs.products] == products
    for rule in PLAIN:
        assert BOOK.value(name, rule, on=day) == getattr(theirs, rule), rule
    assert BOOK.value(name, "window_step_minutes", on=day) == theirs.window_step_minutes
    for product in theirs.products:
        for rule in BY_PRODUCT:
            mine = BOOK.value(name, rule, product=product.value, on=day)
            if rule == "sustain_h" and not product.is_reserve:
                mine = mine or 0.0
            if rule == "maximum_kw" and mine is None:
                mine = float("inf")
            if rule == "bid_price_cap" and mine is None:
                mine = BOOK.value(name, "price_cap", product=product.value, on=day)
            assert mine == getattr(theirs, rule)(product), (rule, product)


def test_every_value_has_date_source_and_verified() -> None:
    for name, rules in BOOK.profiles.items():
        for rule, entries in rules.items():
            for entry in entries:
                assert date.fromisoformat(entry["effective_from"]), (name, rule)
                assert entry["source"], (name, rule)
                assert isinstance(entry["verified"], bool), (name, rule)
