"""Names that users give."""

import csv
import io

import pytest

from gridpact.data.names import MOST_LETTERS, why_unusable
from gridpact.fleet.generator import demonstration_fleet, generate_fleet

FINE = [
    "home-0001",
    "maple",
    "Flat 3/12, Elm St",
    "Café 7",
    "0001",
    "ΔΕΗ 12",
    "家-1",
    "a=b",
    "x@y",
    "#7",
    "a" * MOST_LETTERS,
]
BAD = ["=1", "+cmd", "-2", "@x", "\t=1", " =1", "\uff0b1", "a\nb", "a\rb", "a\x00b", "a\u200bb", "\u202ea", "a" * 129]


@pytest.mark.parametrize("name", FINE)
def test_ordinary_names_are_fine(name: str) -> None:
    assert why_unusable(name) is None


@pytest.mark.parametrize("name", BAD)
def test_formulas_and_what_is_not_seen_are_not(name: str) -> None:
    assert why_unusable(name)


def test_the_built_in_fleets_are_fine() -> None:
    for fleet in (demonstration_fleet(), generate_fleet(20, seed=1)):
        assert all(why_unusable(home) is None for home in fleet.home_ids)


def test_no_usable_name_begins_a_cell_of_a_spreadsheet_with_a_formula() -> None:
    for name in FINE:
        line = io.StringIO()
        csv.writer(line).writerow([name])
        assert line.getvalue().lstrip('"')[0] not in "=+-@\t\r"
