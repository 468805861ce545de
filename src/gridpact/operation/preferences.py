"""Owners' words read into a preferences file, shown, and confirmed."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gridpact.data.files import beside, read_bytes
from gridpact.errors import InputError, MissingDataError, StoreError
from gridpact.fleet.findings import nearest
from gridpact.fleet.fleet import Fleet
from gridpact.language.questions import Nobody, Talker
from gridpact.language.reading.apply import apply_records, cells_for
from gridpact.language.reading.batch import OwnerText, ReadOwner, read_owners
from gridpact.language.reading.records import Record, read_records, value_from, write_records
from gridpact.language.reading.wishes import FIELDS, Evidence, HomeFacts, Wish, Wishes
from gridpact.operation.inputs import MOST_PREFERENCES_BYTES
from gridpact.store.base import Store

MOST_TEXTS_BYTES = 1 << 30
MOST_TEXT_CHARACTERS = 1 << 20
"""Longest text that is kept; the reader reads the first part of it, see `gridpact.language.reading.plain`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What came of reading texts."""

    read: tuple[ReadOwner, ...]
    records: Mapping[str, Record]
    """Every home of the file, those that were not read again too."""
    remarks: tuple[str, ...]
    """What the fleet's table cannot hold."""


def read_texts_file(path: Path) -> dict[str, str]:
    """Texts by home from a CSV file with the columns home_id and text, or from JSON lines with these keys.

    Several texts of one home are one text, in their order.

    Raises:
        InputError: the file is neither, or a row of it cannot be used; with its line.
    """
    content = read_bytes(path, most_bytes=MOST_TEXTS_BYTES)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeError:
        raise InputError(f"{path} is not UTF-8 text; save it as UTF-8") from None
    rows = _json_rows(text, path) if path.suffix.lower() in (".jsonl", ".json", ".ndjson") else _csv_rows(text, path)
    found: dict[str, str] = {}
    for line, home, words in rows:
        if not home.strip():
            raise InputError(f"{path} line {line}: home_id is empty")
        joined = f"{found[home]}\n{words}" if home in found else words
        if len(joined) > MOST_TEXT_CHARACTERS:
            raise InputError(f"{path} line {line}: the text is longer than {MOST_TEXT_CHARACTERS:,} characters")
        found[home] = joined
    if not found:
        raise InputError(f"{path} holds no text; it needs rows of home_id and text")
    return found


def _csv_rows(text: str, path: Path) -> list[tuple[int, str, str]]:
    csv.field_size_limit(MOST_TEXT_CHARACTERS * 4)
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="?")
    names = reader.fieldnames or []
    if not {"home_id", "text"} <= set(names):
        raise InputError(
            f"{path} needs the columns home_id and text; it has {', '.join(map(str, names))[:200] or 'none'}"
        )
    found = []
    try:
        for row in reader:
            if "?" in row or row["home_id"] is None or row["text"] is None:
                raise InputError(
                    f"{path} line {reader.line_num}: the row has another number of cells than the header; put a text "
                    'with commas in quotes: H-01,"keep 30%, car by 7"'
                )
            found.append((reader.line_num, row["home_id"].strip(), row["text"]))
    except csv.Error as problem:
        raise InputError(f"{path} line {reader.line_num}: {problem}") from None
    return found


def _json_rows(text: str, path: Path) -> list[tuple[int, str, str]]:
    found = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            raise InputError(f"{path} line {number} is not JSON") from None
        if not isinstance(row, dict) or not isinstance(row.get("home_id"), str) or not isinstance(row.get("text"), str):
            raise InputError(f'{path} line {number} has to be {{"home_id": "H-01", "text": "..."}}')
        found.append((number, row["home_id"], row["text"]))
    return found


def read_preferences(
    texts: Mapping[str, str],
    *,
    fleet: Fleet,
    store: Store,
    out: Path | None = None,
    talker: Talker | None = None,
    consents: Callable[[str], bool] = lambda home: False,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Readings:
    """Read owners' words, keep them in the store, and write what was understood.

    Only the homes in ``texts`` get another record; those that a file at ``out`` has already stay as they are. Of a
    text that was read before nothing is asked again, and what its owner confirmed stays confirmed.

    Args:
        texts: words by home.
        fleet: the homes.
        store: keeps the words, where ``gridpact owners forget`` erases them.
        out: the preferences file; None: nothing is written.
        talker: a model that reads too.
        consents: whether a home's owner agrees that a hosted model reads the words.
        progress: told how many of how many are read.

    Raises:
        InputError: a text is of no home of the fleet, or the file at ``out`` is not one of preferences.
        StoreError: the words cannot be kept, or the file cannot be written.
    """
    talker = talker or Nobody()
    known = set(fleet.home_ids)
    for home in texts:
        if home not in known:
            near = nearest(home, fleet.home_ids)
            raise InputError(
                f"there is a text of home {home!r}, which the fleet does not have"
                + (f"; did you mean {near!r}?" if near else "")
            )
    before = read_file(out) if out is not None and out.exists() else {}
    owners = [
        OwnerText(home_id=home, text=words, digest=store.keep_text(home, words), facts=facts_of(fleet, home))
        for home, words in texts.items()
    ]
    read = read_owners(
        owners,
        talker=talker,
        consents=consents,
        known={(home, record.key): record.wishes for home, record in before.items() if record.key},
        progress=progress,
    )
    records = dict(before)
    for each in read:
        home = each.owner.home_id
        wishes = _still_confirmed(each.wishes, before.get(home), each.owner.digest)
        model = talker.name if talker.name != "none" and not each.failure else "none"
        records[home] = Record(home_id=home, text=each.owner.digest, wishes=wishes, model=model, key=each.key)
    if out is not None:
        write_file(out, records)
    remarks = apply_records(fleet, {home: records[home] for home in texts}, source="the texts").remarks
    return Readings(read=tuple(read), records=records, remarks=remarks)


def _still_confirmed(wishes: Wishes, before: Record | None, digest: str) -> Wishes:
    """What the owner has confirmed of the same words stays so."""
    if before is None or before.text != digest:
        return wishes
    kept = {name: wish for name, wish in before.wishes.found.items() if wish.confirmed}
    return replace(wishes, found={**wishes.found, **kept}).ordered()


def facts_of(fleet: Fleet, home_id: str) -> HomeFacts:
    """What is known of a home that helps to read its owner's words."""
    row = fleet.row(home_id)
    battery, vehicle = (float(row[f"{asset}_capacity_kwh"]) for asset in ("battery", "vehicle"))
    return HomeFacts(battery_kwh=battery if battery > 0 else None, vehicle_kwh=vehicle if vehicle > 0 else None)


def read_file(path: Path) -> dict[str, Record]:
    """The records of a preferences file.

    Raises:
        InputError: it is not there, or is no such file.
    """
    return read_records(read_bytes(path, most_bytes=MOST_PREFERENCES_BYTES), source=str(path))


def write_file(path: Path, records: Mapping[str, Record]) -> None:
    """Write a preferences file in one step; raises StoreError where that fails."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside(path) as partial:
            partial.write_text(write_records(records.values()), encoding="utf-8")
    except OSError as problem:
        raise StoreError(f"{path} could not be written: {problem.strerror or problem}") from problem


def confirm(path: Path, home_id: str, *, fields: Sequence[str] = (), values: Sequence[str] = ()) -> Record:
    """Mark an owner's wishes as confirmed, or set them, and write the file.

    Args:
        path: the preferences file.
        home_id: whose.
        fields: which of those read; all if neither fields nor values are given.
        values: ``FIELD=VALUE`` for what the owner wants instead; ``FIELD=`` takes a wish away.

    Raises:
        MissingDataError: the file has no such home.
        InputError: a field is not there or a value is not one of it.
    """
    records = read_file(path)
    record = records.get(home_id)
    if record is None:
        near = nearest(home_id, tuple(records))
        raise MissingDataError(f"{path} has no home {home_id!r}" + (f"; did you mean {near!r}?" if near else ""))
    found = dict(record.wishes.found)
    for name in fields or (() if values else tuple(found)):
        if name not in found:
            raise InputError(
                f"nothing was read for {name!r} of {home_id}; read were {', '.join(found) or 'no fields'}; "
                "--set gives a value"
            )
        found[name] = replace(found[name], confirmed=True)
    for entry in values:
        name, equals, text = entry.partition("=")
        name = name.strip()
        if not equals or name not in FIELDS:
            raise InputError(f"--set {entry!r} has to be FIELD=VALUE; the fields are {', '.join(FIELDS)}")
        if not text.strip():
            found.pop(name, None)
            continue
        there = found.get(name)
        evidence = there.evidence if there is not None else Evidence(start=0, end=0)
        found[name] = Wish(
            value=value_from(name, text), evidence=evidence, confidence=1.0, confirmed=True, source="owner"
        )
    changed = replace(record, wishes=replace(record.wishes, found=found).ordered())
    write_file(path, {**records, home_id: changed})
    return changed


def described(record: Record, *, store: Store | None = None, fleet: Fleet | None = None) -> dict[str, Any]:
    """A record for people: values in words, the owner's words where the store still has them, and what follows.

    Args:
        record: one home's wishes.
        store: where the words are; None or forgotten: no words are shown.
        fleet: with it, which cells of the home's row change.
    """
    text = store.text(record.text) if store is not None and record.text else None
    content: dict[str, Any] = {
        "home_id": record.home_id,
        "language": record.wishes.language,
        "model": record.model,
        "words_kept": text is not None,
        "wishes": [
            {
                "field": name,
                "value": list(wish.value) if isinstance(wish.value, tuple) else wish.value,
                "meaning": sentence(name, wish),
                "words": "" if text is None else text[wish.evidence.start : wish.evidence.end],
                "confidence": wish.confidence,
                "confirmed": wish.confirmed,
                "source": wish.source,
            }
            for name, wish in record.wishes.found.items()
        ],
        "not_read": [
            {"words": "" if text is None else text[note.start : note.end][:200], "why": note.what}
            for note in record.wishes.notes
        ],
    }
    if fleet is not None and record.home_id in set(fleet.home_ids):
        row = fleet.row(record.home_id)
        remarks: list[str] = []
        cells = cells_for(row, record.wishes.found, remark=remarks.append)
        content["changes"] = {
            name: {"from": _plain(row[name]), "to": _plain(value)}
            for name, value in cells.items()
            if _plain(row[name]) != _plain(value)
        }
        content["remarks"] = remarks
    return content


def sentence(name: str, wish: Wish) -> str:
    """A wish in words."""
    each = FIELDS[name]
    value = wish.value
    if isinstance(value, bool):
        shown = "yes" if value else "no"
    elif isinstance(value, tuple):
        shown = ", ".join(value)
    elif isinstance(value, str):
        shown = value
    else:
        shown = f"{value * 100:.4g}%" if each.unit == "1" else f"{value:.6g}"
    return each.words.format(shown)


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value != value:
        return None
    return list(value) if isinstance(value, tuple) else value
