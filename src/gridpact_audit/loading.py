"""Reading the files of a run folder, and whether each has the shape that the contract gives it."""

import csv
import io
import json
import re
from importlib import resources
from itertools import islice
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import pyarrow as pa

from gridpact_audit.reading import MOST_FILES, ParquetContent, UnreadableError, member, parse_json
from gridpact_audit.report import Check, Finding
from gridpact_audit.rulebook import RuleBook
from gridpact_audit.run import Run
from gridpact_audit.tables import (
    ALL_FILES,
    LEDGER_COLUMNS,
    NUMBER,
    TABLES,
    TEXT,
    TEXTS,
    TIME,
    WHOLE,
    Column,
    Table,
    type_matches,
)

_INTEGER = re.compile(r"^-?\d{1,18}$")
_TAGS = re.compile(rb"<(script|img|iframe|link)[^>]*", re.I)
_OUTSIDE = {
    True: re.compile(rb"\shref\s*=\s*[\"']?https?:", re.I),
    False: re.compile(rb"\ssrc\s*=\s*[\"']?https?:", re.I),
}
"""What loads from the network: by link, and by the other tags."""
MOST_DAMAGED_LINES = 1000
"""Rows of a log or ledger that cannot be used, after which the rest is not looked at."""
MOST_ERRORS = 100
"""Errors of one JSON text that are looked at."""


def load(path: Path, book: RuleBook) -> tuple[Run, list[Check], set[str]]:
    """The run, the checks of its files' shapes, and the files whose content can be used."""
    run = Run(path, book)
    checks = [_files(path)]
    usable: set[str] = set()
    for table in TABLES:
        finding = Finding(f"schema.{Path(table.file).stem}")
        frame = _read_table(path, table, finding)
        if frame is not None:
            run.tables[table.file] = frame
            usable.add(table.file)
        checks.append(finding.done())
    for file, read in (
        ("result.json", _read_result),
        ("ledger.csv", _read_ledger),
        ("events.jsonl", _read_events),
        ("performance.json", _read_performance),
        ("report.html", _read_report),
    ):
        finding = Finding(f"schema.{file.split('.')[0]}")
        if read(run, finding):
            usable.add(file)
        checks.append(finding.done())
    return run, checks, usable


def json_schema(name: str) -> dict[str, Any]:
    """One of the auditor's JSON Schemas: result, event, ledger or performance."""
    text = resources.files("gridpact_audit").joinpath(f"schemas/{name}.schema.json").read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return content


def _files(path: Path) -> Check:
    finding = Finding("schema.files")
    finding.tried(len(ALL_FILES))
    present = {
        item.relative_to(path).as_posix(): item
        for item in sorted(islice(path.rglob("*"), MOST_FILES))
        if item.is_symlink() or not item.is_dir()
    }
    for file in ALL_FILES:
        if file not in present and not (path / file).is_file():
            finding.add(file, None, None, "the file is missing")
    for file, item in present.items():
        if file not in ALL_FILES:
            finding.add(file, None, None, "the contract has no such file")
        elif item.is_symlink():
            finding.add(file, None, None, "a link, not a file of the folder itself")
    return finding.done()


def _bytes(path: Path, file: str, finding: Finding) -> bytes | None:
    finding.tried(1)
    try:
        return member(path, file)
    except UnreadableError as problem:
        finding.add(file, None, None, f"cannot be read: {problem}")
        return None


def _text(path: Path, file: str, finding: Finding) -> str | None:
    content = _bytes(path, file, finding)
    if content is None:
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as problem:
        finding.add(file, None, None, f"is not UTF-8 text (byte {problem.start})")
        return None


def _read_table(path: Path, table: Table, finding: Finding) -> pd.DataFrame | None:
    content = _bytes(path, table.file, finding)
    if content is None:
        return None
    try:
        parquet = ParquetContent(content)
    except UnreadableError as problem:
        finding.add(table.file, None, None, f"is not a readable Parquet file: {problem}")
        return None
    present = [str(name) for name in parquet.schema.names]
    columns = table.columns_with(present)
    names = tuple(column.name for column in columns)
    missing = [name for name in names if present.count(name) != 1]
    extra = [name for name in present if name not in names]
    for name in missing:
        finding.add(table.file, None, name, "the column is missing or there twice")
    for name in extra:
        finding.add(table.file, None, name, "the contract has no such column")
    if not missing and not extra and tuple(present) != names:
        finding.add(table.file, None, None, f"columns are in the order {', '.join(present)}")
    if missing:
        return None
    wrong = False
    for column in columns:
        found = parquet.schema.field(column.name).type
        if not type_matches(column.type, found):
            finding.add(table.file, None, column.name, f"has type {str(found)[:60]}; the contract says {column.type}")
            wrong = True
    if wrong:
        return None
    try:
        arrow = parquet.table(names, lists=[column.name for column in columns if column.type == TEXTS])
        frame = pd.DataFrame({column.name: _values(arrow.column(column.name), column) for column in columns})
    except (UnreadableError, ValueError, pa.ArrowException) as problem:
        finding.add(table.file, None, None, f"is not a readable Parquet file: {str(problem)[:120]}")
        return None
    frame["_row"] = np.arange(1, len(frame) + 1)
    finding.tried(len(frame))
    for column in columns:
        _check_cells(frame, table, column, finding)
    whole = all(frame[c.name].notna().all() for c in columns if c.type == WHOLE)
    return frame if whole else None


def _values(cells: "pa.ChunkedArray[Any]", column: Column) -> Any:
    if column.type == NUMBER:
        return cells.to_pandas(use_threads=False).astype("float64")
    if column.type == TIME:
        return cells.to_pandas(use_threads=False)
    if column.type == WHOLE and cells.null_count == 0:
        return cells.to_pandas(use_threads=False).astype("int64")
    if column.type in (TEXT, TEXTS):
        return pd.Series(_texts(cells), dtype=object)
    return pd.Series(cells.to_pylist(), dtype=object)


def _texts(cells: "pa.ChunkedArray[Any]") -> Any:
    """Texts, or lists of texts, from dictionaries: a text that is there often is kept once."""
    found = np.empty(len(cells), dtype=np.object_)
    place = 0
    chunk: Any
    for chunk in cells.chunks:
        if pa.types.is_dictionary(chunk.type):
            words: Any = np.empty(len(chunk.dictionary) + 1, dtype=np.object_)
            words[:-1] = chunk.dictionary.to_pylist()
            found[place : place + len(chunk)] = words[chunk.indices.fill_null(len(words) - 1).to_numpy()]
        else:
            values, offsets = _texts(pa.chunked_array([chunk.values])), chunk.offsets.to_pylist()
            for row, here in enumerate(chunk.is_valid().to_pylist()):
                found[place + row] = list(values[offsets[row] : offsets[row + 1]]) if here else None
        place += len(chunk)
    return found


def _check_cells(frame: pd.DataFrame, table: Table, column: Column, finding: Finding) -> None:
    cells = frame[column.name]
    rows = frame["_row"].to_numpy()
    void = cells.isna().to_numpy(dtype=bool)
    if not column.empty:
        finding.where(void, file=table.file, rows=rows, column=column.name, say=lambda _: "the cell is empty or NaN")
    if column.type == "string" and not column.empty:
        blank = ((cells == "") & ~void).to_numpy(dtype=bool)
        finding.where(blank, file=table.file, rows=rows, column=column.name, say=lambda _: "the text is empty")
    if column.choices:
        odd = (~cells.isin(column.choices) & ~void).to_numpy(dtype=bool)
        finding.where(
            odd,
            file=table.file,
            rows=rows,
            column=column.name,
            say=lambda place: f"{cells.iloc[place[0]]!r} is not one of {', '.join(column.choices)}",
        )
    if column.type not in (NUMBER, WHOLE):
        return
    values = np.asarray(cells.to_numpy(dtype=np.float64, na_value=np.nan))
    outside = np.isinf(values)
    if column.low is not None:
        outside |= values < column.low - 1e-9
    if column.high is not None:
        outside |= values > column.high + 1e-9
    finding.where(
        outside,
        file=table.file,
        rows=rows,
        column=column.name,
        say=lambda place: (
            f"{values[place]:g} is outside what {column.unit or 'the column'} allows "
            f"({'-inf' if column.low is None else column.low} to {'inf' if column.high is None else column.high})"
        ),
    )


def _validated(content: Any, schema: str, file: str, row: int | None, finding: Finding) -> bool:
    validator = _validator(schema)
    errors = sorted(
        islice(validator.iter_errors(content), MOST_ERRORS),
        key=lambda error: [str(part) for part in error.absolute_path],
    )
    for error in errors:
        place = ".".join(str(part) for part in error.absolute_path) or None
        finding.add(file, row, place, error.message[:160])
    return not errors


_VALIDATORS: dict[str, Any] = {}


def _validator(schema: str) -> Any:
    if schema not in _VALIDATORS:
        _VALIDATORS[schema] = jsonschema.Draft202012Validator(json_schema(schema))
    return _VALIDATORS[schema]


def _read_json(run: Run, file: str, schema: str, finding: Finding) -> Any:
    text = _text(run.path, file, finding)
    if text is None:
        return None
    try:
        content = parse_json(text)
    except (ValueError, RecursionError) as problem:
        finding.add(file, None, None, f"is not JSON: {problem}")
        return None
    coalition = content.get("coalition") if isinstance(content, dict) else None
    members = coalition.get("members") if isinstance(coalition, dict) else None
    if isinstance(members, list) and not all(isinstance(member, str) for member in members):
        # Telling whether unlike things are unique takes the square of their number.
        finding.add(file, None, "coalition.members", "holds something that is no text")
        return None
    return content if _validated(content, schema, file, None, finding) else None


def _read_result(run: Run, finding: Finding) -> bool:
    content = _read_json(run, "result.json", "result", finding)
    if content is None:
        return False
    run.result = content
    return True


def _read_performance(run: Run, finding: Finding) -> bool:
    content = _read_json(run, "performance.json", "performance", finding)
    if content is None:
        return False
    run.performance = content
    return True


def _read_report(run: Run, finding: Finding) -> bool:
    content = _bytes(run.path, "report.html", finding)
    if content is None:
        return False
    if b"<html" not in content[:4096].lower():
        finding.add("report.html", None, None, "is not an HTML page")
        return False
    if any(_OUTSIDE[found[1].lower() == b"link"].search(found.group()) for found in _TAGS.finditer(content)):
        finding.add("report.html", None, None, "loads something from the network; it must be one file")
    return True


def _read_ledger(run: Run, finding: Finding) -> bool:
    text = _text(run.path, "ledger.csv", finding)
    if text is None:
        return False
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as problem:
        finding.add("ledger.csv", None, None, f"is not CSV: {problem}")
        return False
    if not lines or tuple(lines[0]) != LEDGER_COLUMNS:
        finding.add("ledger.csv", 1, None, f"the header is not {','.join(LEDGER_COLUMNS)}")
        return False
    good, entries, damaged = True, [], 0
    finding.tried(len(lines) - 1)
    for number, cells in enumerate(lines[1:], start=2):
        if damaged == MOST_DAMAGED_LINES:
            finding.add("ledger.csv", number, None, "too many rows cannot be used; the rest was not looked at")
            break
        if len(cells) != len(LEDGER_COLUMNS):
            finding.add("ledger.csv", number, None, f"has {len(cells)} cells, not {len(LEDGER_COLUMNS)}")
            good, damaged = False, damaged + 1
            continue
        entry: dict[str, Any] = dict(zip(LEDGER_COLUMNS, cells, strict=True))
        if not _INTEGER.match(entry["amount_microusd"]):
            finding.add(
                "ledger.csv", number, "amount_microusd", f"{cells[4][:60]!r} is not a whole number of micro-dollars"
            )
            good, damaged = False, damaged + 1
            continue
        entry["amount_microusd"] = int(entry["amount_microusd"])
        damaged += not _validated(entry, "ledger", "ledger.csv", number, finding)
        entries.append({**entry, "_row": number})
    run.ledger = pd.DataFrame(entries, columns=[*LEDGER_COLUMNS, "_row"])
    run.ledger["amount_microusd"] = run.ledger["amount_microusd"].astype("int64")
    return good


def _read_events(run: Run, finding: Finding) -> bool:
    text = _text(run.path, "events.jsonl", finding)
    if text is None:
        return False
    lines = text.split("\n")
    if lines[-1] != "":
        finding.add("events.jsonl", len(lines), None, "the last line is not complete")
    good, damaged = True, 0
    for number, line in enumerate(lines[:-1] if lines[-1] == "" else lines, start=1):
        if damaged == MOST_DAMAGED_LINES:
            finding.add("events.jsonl", number, None, "too many lines cannot be used; the rest was not looked at")
            break
        try:
            event = parse_json(line)
        except (ValueError, RecursionError) as problem:
            finding.add("events.jsonl", number, None, f"is not JSON: {problem}")
            good, damaged = False, damaged + 1
            continue
        if _validated(event, "event", "events.jsonl", number, finding):
            run.events.append((number, event))
        else:
            good, damaged = False, damaged + 1
    finding.tried(len(run.events))
    if not run.events:
        finding.add("events.jsonl", None, None, "has no event")
        good = False
    return good
