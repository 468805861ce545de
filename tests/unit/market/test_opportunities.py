"""Opportunity files: what reads, and what is refused with file, place and remedy."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gridpact.errors import InputError, MissingDataError, NaiveDatetimeError, UnitRangeError
from gridpact.market.opportunities import read_opportunities
from gridpact.market.opportunity import Product

GOOD = """
id: evening
product: energy
direction: up
start: "2022-07-13T19:00:00-05:00"
end: "2022-07-13T21:00:00-05:00"
step_minutes: 15
requested_kw: 20
minimum_kw: 0
reference_price: 120
price_unit: usd_per_mwh
rules: demo
"""


def written(folder: Path, text: str, name: str = "o.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_one_opportunity_reads(tmp_path: Path) -> None:
    (found,) = read_opportunities(written(tmp_path, GOOD))
    assert found.opportunity_id == "evening"
    assert found.product is Product.ENERGY
    assert found.start == datetime(2022, 7, 14, tzinfo=UTC)
    assert found.requested_kw == 20
    assert found.reference_price == 120


def test_defaults_and_unquoted_times(tmp_path: Path) -> None:
    text = "id: r\nproduct: spin\nstart: 2022-07-13T19:00:00-05:00\nend: 2022-07-13 21:00:00-05:00\n"
    (found,) = read_opportunities(written(tmp_path, text + "requested_kw: 5\nreference_price: 9\n"))
    assert (found.rules, found.step_minutes, found.minimum_kw, found.price_unit) == ("demo", 15, 0.0, "usd_per_mw_h")
    assert found.end == datetime(2022, 7, 14, 2, tzinfo=UTC)


@pytest.mark.parametrize("wrap", [lambda items: items, lambda items: {"opportunities": items}])
def test_several_opportunities_read_in_order_from_json(wrap, tmp_path: Path) -> None:
    base = {"product": "energy", "requested_kw": 5, "reference_price": 9, "price_unit": "usd_per_mwh"}
    times = {"start": "2022-07-14T00:00:00Z", "end": "2022-07-14T02:00:00Z"}
    path = written(tmp_path, json.dumps(wrap([{"id": "b", **base, **times}, {"id": "a", **base, **times}])), "o.json")
    assert [found.opportunity_id for found in read_opportunities(str(path))] == ["b", "a"]


BAD = {
    "unknown key": (
        GOOD.replace("requested_kw", "requestd_kw"),
        InputError,
        ["requestd_kw", "did you mean 'requested_kw'"],
    ),
    "missing key": (GOOD.replace("requested_kw: 20\n", ""), MissingDataError, ["requested_kw"]),
    "empty value": (GOOD.replace("requested_kw: 20\n", "requested_kw:\n"), MissingDataError, ["requested_kw"]),
    "direction": (GOOD.replace("up", "down"), InputError, ["direction", "down", "up"]),
    "unit": (GOOD.replace("usd_per_mwh", "usd_per_mw_h"), InputError, ["price_unit", "usd_per_mwh"]),
    "product": (GOOD.replace("product: energy", "product: enrgy"), InputError, ["enrgy", "energy"]),
    "product is a number": (GOOD.replace("product: energy", "product: 7"), InputError, ["7"]),
    "naive": (GOOD.replace("19:00:00-05:00", "19:00:00"), NaiveDatetimeError, ["start", "offset"]),
    "naive, unquoted": (
        GOOD.replace('"2022-07-13T19:00:00-05:00"', "2022-07-13T19:00:00"),
        NaiveDatetimeError,
        ["start", "offset"],
    ),
    "only a date": (GOOD.replace('"2022-07-13T19:00:00-05:00"', "2022-07-13"), InputError, ["start"]),
    "no time": (GOOD.replace("2022-07-13T19:00:00-05:00", "teatime"), InputError, ["start", "teatime"]),
    "time before the calendar": (
        GOOD.replace("2022-07-13T19:00:00-05:00", "0001-01-01T00:00:00+05:00"),
        InputError,
        [],
    ),
    "reversed": (GOOD.replace("21:00:00", "18:00:00"), InputError, ["end", "not after"]),
    "NaN": (GOOD.replace("120", ".nan"), UnitRangeError, ["reference_price"]),
    "infinite": (GOOD.replace("kw: 20", "kw: .inf"), UnitRangeError, ["requested_kw"]),
    "huge": (GOOD.replace("kw: 20", f"kw: 1{'0' * 400}"), UnitRangeError, ["requested_kw"]),
    "digits beyond reading": (GOOD.replace("kw: 20", f"kw: 1{'0' * 5000}"), InputError, []),
    "negative": (GOOD.replace("kw: 20", "kw: -20"), UnitRangeError, ["requested_kw", "-20"]),
    "text for a number": (GOOD.replace("kw: 20", "kw: 20 kW"), InputError, ["requested_kw", "20 kW"]),
    "yes for a number": (GOOD.replace("kw: 20", "kw: yes"), InputError, ["requested_kw"]),
    "fraction of a minute": (GOOD.replace("15", "15.5"), InputError, ["step_minutes"]),
    "minimum above request": (GOOD.replace("minimum_kw: 0", "minimum_kw: 21"), UnitRangeError, ["minimum_kw", "21"]),
    "number for an id": (GOOD.replace("evening", "12"), InputError, ["id", "quotes"]),
    "key twice": (GOOD + "product: spin\n", InputError, ["product", "twice"]),
    "no mapping": ("just words", InputError, ["just words"]),
    "nothing": ("", InputError, ["no opportunity"]),
    "empty list": ("[]", InputError, ["no opportunity"]),
    "list of nothing": ("- 1\n- 2\n", InputError, ["opportunity 1"]),
    "broken YAML": ("a: [1", InputError, ["YAML", "line"]),
    "tab": ("a:\n\tb: 1", InputError, ["YAML"]),
    "unsafe tag": ("!!python/object/apply:os.system [true]", InputError, ["YAML"]),
    "nested too deeply": ("[" * 1500, InputError, []),
    "list as a key": ("? [1, 2]\n: 3\n", InputError, ["key"]),
    "extra key beside opportunities": ("opportunities: []\nrules: demo\n", InputError, ["rules"]),
    "NUL": ("id: \x00", InputError, []),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_refused_by_name(name: str, tmp_path: Path) -> None:
    text, error, words = BAD[name]
    with pytest.raises(error) as caught:
        read_opportunities(written(tmp_path, text))
    assert "o.yaml" in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_an_id_twice_is_refused(tmp_path: Path) -> None:
    item = "\n".join(f"  {line}" for line in GOOD.strip().splitlines())
    text = f"-\n{item}\n-\n{item}\n"
    with pytest.raises(InputError, match="'evening' is used twice"):
        read_opportunities(written(tmp_path, text))


@pytest.mark.parametrize("text", ['{"id": 1', '{"id": "a", "id": "b"}', "[" * 5000, ""])
def test_bad_json_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"o\.json"):
        read_opportunities(written(tmp_path, text, "o.json"))


def test_files_that_are_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="nowhere"):
        read_opportunities(tmp_path / "nowhere.yaml")
    with pytest.raises(InputError, match=r"\.json"):
        read_opportunities(written(tmp_path, GOOD, "o.toml"))
    binary = tmp_path / "b.yaml"
    binary.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(InputError, match="UTF-8"):
        read_opportunities(binary)
