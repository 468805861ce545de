"""The figures of evaluations as tables of a Markdown page: a row for each answerer, half and set, kept up to date.

A page is changed only between its marks, only where every row there is one of ours, and all at once.
"""

import os
import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

from gridpact.errors import InputError
from gridpact.language.evaluation.cases import SETS
from gridpact.language.evaluation.run import RULES, UNSET, Measured
from gridpact.language.evaluation.score import Rate

COLUMNS = (
    "answered by",
    "half",
    "cases",
    "field accuracy",
    "stated found",
    "unsafe readings",
    "invented",
    "invalid replies",
    "deals",
    "surplus kept",
    "cost [USD]",
    "latency, median / p95 [s]",
    "tokens in / out",
    "date",
    "command",
)
STYLE_COLUMNS = (
    "answered by",
    "half",
    "style",
    "cases",
    "field accuracy",
    "stated found",
    "unsafe readings",
    "invented",
)
_KEYS = {"": 3, "styles ": 3}
"""How many columns name a row, by kind of table. A measurement of fewer cases has rows of its own."""
NONE = "–"
HEAD = """\
# Evaluation

How well owners' texts, operators' instructions and negotiators' positions are answered, by fixed rules and by models.
Every row was measured by the command that it names, on the day that it names; numbers in brackets are 95% intervals
(Wilson). Compare rows of the same half and number of cases. The development half is there to write rules and prompts
by; the test half is only to be measured. What the columns mean, and how to add a model, is in [explain.md](explain.md).
"""


def write_page(path: Path, measured: Sequence[Measured], *, date: str, command: str, by_style: bool = True) -> None:
    """Put ``measured`` into the tables of the page at ``path``, which is made where it is not there.

    A row of the same answerer, half, set and number of cases is replaced; all others stay as they are. The tables by
    style are left alone unless ``by_style``, which is for measurements of whole halves.

    Raises:
        InputError: the page has no marks, or between them what is none of these tables; it is left alone.
        OSError: it cannot be read or written.
    """
    text = path.read_text(encoding="utf-8") if path.exists() else _new_page()
    for name in dict.fromkeys(each.data_set for each in measured):
        mine = [each for each in measured if each.data_set == name]
        rows = [_row(each, date=date, command=command) for each in mine]
        text = _put(text, name, "", COLUMNS, rows, path)
        if not by_style:
            continue
        styles = [row for each in mine if each.answerer != UNSET for row in _style_rows(each)]
        whose = {(each.answerer, each.half) for each in mine}
        text = _put(text, name, "styles ", STYLE_COLUMNS, styles, path, gone=whose)
    whole = path.with_name(f".{path.name}.new")
    try:
        whole.write_text(text, encoding="utf-8")
        os.replace(whole, path)
    finally:
        whole.unlink(missing_ok=True)


def _new_page() -> str:
    parts = [HEAD]
    for name in SETS:
        parts.append(
            f"\n## {name.capitalize()}\n\n{_marked(name, '', [])}\n\n### By style\n\n{_marked(name, 'styles ', [])}\n"
        )
    return "".join(parts)


def _marks(name: str, kind: str) -> tuple[str, str]:
    return f"<!-- {kind}{name}: written by gridpact eval language -->", f"<!-- end of {kind}{name} -->"


def _marked(name: str, kind: str, rows: Sequence[Sequence[str]]) -> str:
    begin, end = _marks(name, kind)
    columns = STYLE_COLUMNS if kind else COLUMNS
    lines = (
        [_line(columns), _line(["---"] * len(columns)), *(_line(row) for row in rows)]
        if rows
        else ["Not measured yet."]
    )
    return "\n".join([begin, *lines, end])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _put(
    text: str,
    name: str,
    kind: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    path: Path,
    *,
    gone: AbstractSet[tuple[str, str]] = frozenset(),
) -> str:
    begin, end = _marks(name, kind)
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        raise InputError(f"{path}: the lines {begin!r} and {end!r} must stand in it once each; nothing was changed")
    first, last = text.index(begin), text.index(end)
    keys = _KEYS[kind]
    kept = _rows(text[first + len(begin) : last], columns, path, text[:first].count("\n") + 1)
    again = {tuple(row[:keys]) for row in rows}
    kept = [row for row in kept if tuple(row[:keys]) not in again and (_bare(row[0]), row[1]) not in gone]
    ordered = sorted([*kept, *rows], key=lambda row: (_rank(_bare(row[0])), *row[1:keys]))
    return text[:first] + _marked(name, kind, ordered) + text[last + len(end) :]


def _rank(answerer: str) -> tuple[int, str]:
    return ({UNSET: 0, RULES: 1}.get(answerer, 2), answerer)


def _rows(between: str, columns: Sequence[str], path: Path, first: int) -> list[list[str]]:
    lines = [(first + place, line.strip()) for place, line in enumerate(between.split("\n")) if line.strip()]
    if [line for _, line in lines] in ([], ["Not measured yet."]):
        return []
    if len(lines) < 2 or _cells(lines[0][1]) != list(columns) or set(_cells(lines[1][1])) != {"---"}:
        raise InputError(
            f"{path}, line {lines[0][0]}: this is not the head of a table that gridpact wrote; move what stands "
            "between the marks elsewhere. Nothing was changed"
        )
    found = []
    for number, line in lines[2:]:
        cells = _cells(line)
        if len(cells) != len(columns) or not line.startswith("|"):
            raise InputError(
                f"{path}, line {number}: a row of {len(cells)} cells where the table has {len(columns)}; move it "
                "elsewhere. Nothing was changed"
            )
        found.append(cells)
    return found


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().removeprefix("|").removesuffix("|"))]


def _bare(cell: str) -> str:
    return cell.strip("`")


def _safe(value: str) -> str:
    """Text from outside as the code of one cell."""
    plain = "".join(letter if letter.isprintable() and letter != "`" else " " for letter in value)
    return "`" + plain.replace("|", "\\|") + "`"


def _named(answerer: str) -> str:
    return answerer if answerer in (UNSET, RULES) else _safe(answerer)


def _row(measured: Measured, *, date: str, command: str) -> list[str]:
    total, asked = measured.total, measured.asked
    seconds = [f"{each:.1f}" for each in (asked.latency_median_s, asked.latency_p95_s) if each is not None]
    return [
        _named(measured.answerer),
        measured.half,
        str(measured.cases) if measured.cases == measured.of_cases else f"{measured.cases} of {measured.of_cases}",
        _percent(total.field_accuracy),
        _percent(total.stated_found),
        _percent(total.unsafe_readings),
        str(total.invented),
        _percent(total.invalid_replies),
        _percent(total.deal_rate),
        NONE if total.surplus_kept is None else f"{100 * total.surplus_kept:.1f}%",
        "not known" if asked.cost_usd is None else f"{asked.cost_usd:.4f}" if asked.questions else "0",
        " / ".join(seconds) or NONE,
        f"{asked.tokens_in:,} / {asked.tokens_out:,}" if asked.questions else "0",
        date,
        _safe(command),
    ]


def _style_rows(measured: Measured) -> list[list[str]]:
    return [
        [
            _named(measured.answerer),
            measured.half,
            style.replace("|", "\\|"),
            str(total.cases),
            _percent(total.field_accuracy),
            _percent(total.stated_found),
            _percent(total.unsafe_readings),
            str(total.invented),
        ]
        for style, total in measured.by_style.items()
    ]


def _percent(rate: Rate) -> str:
    value, interval = rate.value, rate.interval
    if value is None or interval is None:
        return NONE
    return f"{100 * value:.1f}% ({100 * interval[0]:.1f} to {100 * interval[1]:.1f})"
