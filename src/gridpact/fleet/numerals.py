"""Numbers as people and spreadsheets write them: decimal marks, groups of thousands, percentages, units.

Whether a comma is a decimal mark is decided once for a file, from cells that can mean one thing only. Where no cell
tells, a cell such as ``1,250`` is refused, not guessed.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import pandas as pd

from gridpact.fleet.cells import PLAIN_NUMBER, expected
from gridpact.fleet.columns import FleetColumn
from gridpact.fleet.findings import MOST_LETTERS, Findings

SCALES: dict[str, dict[str, int]] = {
    "kWh": {"kWh": 0, "Wh": -3, "MWh": 3},
    "kW": {"kW": 0, "W": -3, "MW": 3, "kWp": 0, "kWac": 0, "kWdc": 0},
    "USD/MWh": {"USD/MWh": 0, "USD/kWh": 3, "USD": 0},
    "USD/kWh": {"USD/kWh": 0, "USD/MWh": -3, "USD": 0},
    "1/day": {"1/day": 0, "/day": 0, "cycles/day": 0, "cycles": 0},
    "1": {"%": -2},
}
"""Units that a cell may carry, by its column's unit, and the power of ten to the column's unit. Capitals matter only in
units that begin with M, because a small m is milli."""
_NUMBER = r"[0-9][0-9.,'\u2019 ]*(?:[eE][+-]?[0-9]{1,3})?|[.,][0-9]+(?:[eE][+-]?[0-9]{1,3})?"
_WRITTEN = re.compile(rf"(?P<sign>[+-]?)\s*(?P<before>[$€£]?)\s*(?P<number>{_NUMBER})\s*(?P<after>[^0-9\s].*)?")
_MONTH = (
    r"(?:jan|ene|gen|feb|fév|fev|mar|mär|mrz|apr|avr|abr|mai|may|mag|jun|jui|giu|jul|lug|aug|aoû|ago|sep|set|oct|okt|out|ott"
    r"|nov|dec|dez|déc|dic)[a-zéû]*\.?"
)
_DATE = re.compile(
    rf"[0-9]{{1,2}}\.?[-./ ]\s*(?:[0-9]{{1,2}}[-./ ][0-9]{{2,4}}|{_MONTH}(?:[-./ ]+[0-9]{{2,4}})?)"
    rf"|{_MONTH}[-. ]+[0-9]{{1,4}}|[0-9]{{1,2}}/[0-9]{{1,2}}"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}.*",
    re.IGNORECASE,
)
_SPACES = str.maketrans(
    {
        "\u00a0": " ",
        "\u202f": " ",
        "\u2007": " ",
        "\u2009": " ",
        "\u2212": "-",
        "\u2019": "'",
        "\u066b": ",",
        "\uff0c": ",",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What a file's commas and points mean in numbers."""

    decimal: str
    """``.`` or ``,``; empty where no cell tells."""
    first: str
    """The cell that tells, for messages."""
    commas_by_default: bool
    """Whether a point may group thousands where no cell tells, as in files separated by semicolons."""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A plain number, or why there is none."""

    text: str
    how: str = ""
    problem: str = ""


def decimal_marks(columns: Iterable[tuple[str, pd.Series]], *, separator: str, findings: Findings) -> Marks:
    """What commas and points mean in the number columns of a file.

    Cells that tell a comma count where cells that tell a point do not contradict; with both, the point rules, and the
    cells with a decimal comma are refused one by one.
    """
    told: dict[str, str] = {}
    for name, cells in columns:
        first: dict[str, str] = {}
        for cell in cells.unique():
            mark = _tells(cell)
            if mark and mark not in told and mark not in first:
                first[mark] = cell
        for mark, cell in first.items():
            row = int((cells == cell).to_numpy().argmax())
            told[mark] = f"row {findings.row_numbers[row]}, {name} {cell.strip()!r}"
    decimal = "." if "." in told else "," if "," in told else ""
    return Marks(
        decimal=decimal,
        first=told.get(decimal, ""),
        commas_by_default=separator != ",",
        note=f"a comma is the decimal mark ({told[',']})" if decimal == "," else "",
    )


def _tells(cell: str) -> str:
    """The decimal mark of a cell that has one meaning only; empty where it has none or could have two."""
    match = None if len(cell) > MOST_LETTERS else _WRITTEN.fullmatch(cell.strip().translate(_SPACES))
    if match is None:
        return ""
    digits = re.split("[eE]", match["number"].rstrip())[0].replace("'", "").replace(" ", "")
    commas, points = digits.count(","), digits.count(".")
    if commas and points:
        last = "," if digits.rfind(",") > digits.rfind(".") else "."
        return last if digits.count(last) == 1 else ""
    if commas + points == 0:
        return ""
    mark, other = (",", ".") if commas else (".", ",")
    if commas + points > 1:
        return other if _grouped(digits, mark) else ""
    whole, _, part = digits.partition(mark)
    could_be_groups = len(part) == 3 and 1 <= len(whole) <= 3 and not whole.startswith("0")
    return "" if could_be_groups else mark


def _grouped(digits: str, mark: str) -> bool:
    head, *groups = digits.split(mark)
    return 1 <= len(head) <= 3 and not head.startswith("0") and all(len(group) == 3 for group in groups)


def read_number(text: str, column: FleetColumn, marks: Marks) -> Number | None:
    """The number that ``text`` writes, in the column's unit; None where it is plain already."""
    is_plain = PLAIN_NUMBER.fullmatch(text) is not None
    if is_plain and ("." not in text or (marks.decimal == "." or (not marks.decimal and not marks.commas_by_default))):
        return None
    if len(text) > MOST_LETTERS:
        return None
    match = _WRITTEN.fullmatch(text.translate(_SPACES))
    if match is None:
        return _no_number(text, column)
    unit = _unit(match["before"] or "", (match["after"] or "").strip())
    scale = _scale(unit, column)
    if scale is None:
        return _no_number(text, column) or _no_unit(text, unit, column)
    digits, exponent, how, problem = _digits(match["number"].rstrip(), text, marks)
    if problem:
        return Number(text="", problem=problem)
    value = Decimal(f"{match['sign']}{digits}{exponent}").scaleb(scale)
    how = f"with the unit {unit}" if unit and unit != "%" else "written as a percentage" if unit else how
    return Number(text=_shown(value), how=how)


def _digits(written: str, text: str, marks: Marks) -> tuple[str, str, str, str]:
    """Digits with a decimal point, exponent, how they are written, and what is wrong with them."""
    mantissa, letter, power = re.match(r"([^eE]*)([eE]?)(.*)", written).groups()  # type: ignore[union-attr]
    exponent = f"E{power}" if letter else ""
    decimal = marks.decimal
    if not decimal:
        decimal = "."
        if re.fullmatch(r"[1-9][0-9]{0,2}[.,][0-9]{3}", mantissa) and (marks.commas_by_default or "," in mantissa):
            low, high = mantissa.replace(",", "."), re.sub("[.,]", "", mantissa)
            return (
                "",
                "",
                "",
                (
                    f" is {text!r}, which may be {float(low):g} or {high}, and no other cell tells which; write "
                    f"{float(low):g} as {mantissa}0, or {high} without a mark"
                ),
            )
    grouping = "." if decimal == "," else ","
    whole, _, part = mantissa.partition(decimal)
    if decimal in part or grouping in part or " " in part.strip() or "'" in part:
        return "", "", "", _mixed(text, marks)
    bare, how = whole, ""
    for group in (grouping, "'", " "):
        if group in whole:
            if not _grouped(whole, group):
                return "", "", "", _mixed(text, marks)
            bare, how = whole.replace(group, ""), "with thousands apart"
            break
    if not re.fullmatch(r"[0-9]*", bare) or not (bare or part):
        return "", "", "", _mixed(text, marks)
    return f"{bare or '0'}.{part or '0'}", exponent, how, ""


def _mixed(text: str, marks: Marks) -> str:
    if marks.first and marks.decimal == ".":
        return f" is {text!r}, but the file writes decimal points ({marks.first}); write this number with a point too"
    if marks.first:
        return f" is {text!r}, but the file writes decimal commas ({marks.first}); write this number likewise"
    return f" is {text!r}, which is not a number; write it with digits and one decimal point"


def _no_unit(text: str, unit: str, column: FleetColumn) -> Number | None:
    if not re.match(r"[^\W_]|[$€£%/]", unit):
        return None
    allowed = ", ".join(SCALES.get(column.unit, {}))
    ways = f", or with one of {allowed}" if allowed else ""
    return Number(
        text="",
        problem=f" is {text!r}: the column is in {_unit_words(column)}, and {unit!r} is not; write the number alone"
        + ways,
    )


def _no_number(text: str, column: FleetColumn) -> Number | None:
    if _DATE.fullmatch(text):
        return Number(
            text="",
            problem=f" is {text!r}, a date: the spreadsheet has changed what was typed; format the column as a number "
            "and enter it again",
        )
    if text in ("-", "\u2013", "\u2014") or text.lower() in ("n/a", "na", "none", "null", "nil", "nan", "?", "x"):
        return Number(
            text="",
            problem=f" is {text!r}, which is not a number; leave the cell empty for none, or write a number, "
            f"{expected(column)}",
        )
    return None


def _unit(before: str, after: str) -> str:
    """A unit in one spelling: ``USD`` for $, ``/`` for per, no spaces or brackets; other currencies as they are."""
    text = re.sub(r"\s+", "", re.sub(r"\s*\bper\b\s*", "/", after.strip("[]() ")))
    text = text.replace("$", "USD")
    if before:
        text = f"{'USD' if before == '$' else before}{text.removeprefix('USD')}"
    return text.replace("US USD", "USD").replace("USUSD", "USD")


def _scale(unit: str, column: FleetColumn) -> int | None:
    """Power of ten from ``unit`` to the column's, None where the unit is another quantity or not clear."""
    if not unit:
        return 0
    allowed = SCALES.get(column.unit, {})
    if unit in allowed:
        return allowed[unit]
    if unit.startswith("m"):
        return None
    return {name.lower(): scale for name, scale in allowed.items()}.get(unit.lower())


def _unit_words(column: FleetColumn) -> str:
    return "shares from 0 to 1" if column.unit == "1" else column.unit


def _shown(value: Decimal) -> str:
    text = format(value, "f") if -12 < value.adjusted() < 15 else str(value)
    return text.rstrip("0").rstrip(".") if "." in text and "E" not in text else text
