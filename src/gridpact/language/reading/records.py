"""The preferences file: JSON lines, one home a line, without anybody's words."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gridpact.errors import InputError
from gridpact.language.reading.wishes import FIELDS, Evidence, Note, Value, Wish, Wishes, problem_with

SCHEMA = "gridpact.preferences/1"
_KEYS = {"schema", "home_id", "text", "language", "model", "key", "fields", "notes"}
_FIELD_KEYS = {"value", "start", "end", "confidence", "confirmed", "source"}
_SOURCES = ("grammar", "model", "both", "owner")
MOST_LINE_CHARACTERS = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is known of one owner's wishes."""

    home_id: str
    text: str
    """Keyed digest of the words; the words are in the store, for as long as the owner lets them."""
    wishes: Wishes
    model: str = "none"
    key: str = ""
    """See `reading_key`."""
    rest: Mapping[str, Any] = field(default_factory=dict)


def write_records(records: Iterable[Record]) -> str:
    """Records as JSON lines, ordered by home."""
    lines = [
        json.dumps(_row(each), ensure_ascii=False, separators=(",", ":"))
        for each in sorted(records, key=lambda r: r.home_id)
    ]
    return "".join(f"{line}\n" for line in lines)


def read_records(content: bytes, *, source: str) -> dict[str, Record]:
    """Records by home.

    Raises:
        InputError: a line is no record, a value is outside its field's range, or a home is there twice; with the line.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeError:
        raise InputError(f"{source} is not UTF-8 text") from None
    found: dict[str, Record] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            record = _record(line, where=f"{source} line {number}")
            if record.home_id in found:
                raise InputError(f"{source} line {number}: home {record.home_id!r} is there twice")
            found[record.home_id] = record
    return found


def _row(record: Record) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "home_id": record.home_id,
        "text": record.text,
        "language": record.wishes.language,
        "model": record.model,
        "key": record.key,
        "fields": {
            name: {
                "value": list(wish.value) if isinstance(wish.value, tuple) else wish.value,
                "start": wish.evidence.start,
                "end": wish.evidence.end,
                "confidence": wish.confidence,
                "confirmed": wish.confirmed,
                "source": wish.source,
            }
            for name, wish in record.wishes.found.items()
        },
        "notes": [{"what": note.what, "start": note.start, "end": note.end} for note in record.wishes.notes],
    }


def _record(line: str, *, where: str) -> Record:
    if len(line) > MOST_LINE_CHARACTERS:
        raise InputError(f"{where} is longer than {MOST_LINE_CHARACTERS:,} characters")
    try:
        row = json.loads(line, object_pairs_hook=_once)
        json.dumps(row, ensure_ascii=False).encode()  # a half of a surrogate pair is no text
    except (ValueError, RecursionError):
        raise InputError(f"{where} is not JSON; 'gridpact preferences read' writes such a file") from None
    if not isinstance(row, dict) or row.get("schema") != SCHEMA or set(row) - _KEYS:
        raise InputError(f"{where} is not a record of {SCHEMA}; 'gridpact preferences read' writes such a file")
    texts = {name: row.get(name, "") for name in ("home_id", "text", "language", "model", "key")}
    if not all(isinstance(each, str) for each in texts.values()) or not texts["home_id"]:
        raise InputError(f"{where}: home_id, text, language, model and key have to be texts")
    fields, notes = row.get("fields", {}), row.get("notes", [])
    if not isinstance(fields, dict) or not isinstance(notes, list):
        raise InputError(f"{where}: fields has to be an object, and notes a list")
    return Record(
        home_id=texts["home_id"],
        text=texts["text"],
        model=texts["model"],
        key=texts["key"],
        wishes=Wishes(
            found={name: _wish(name, each, where=where) for name, each in fields.items()},
            notes=tuple(_note(each, where=where) for each in notes),
            language=texts["language"],
        ).ordered(),
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, none of whose keys stands twice: it could not be said which of the values was meant."""
    row = dict(pairs)
    if len(row) < len(pairs):
        raise ValueError("a key stands twice in an object")
    return row


def _wish(name: str, row: object, *, where: str) -> Wish:
    if name not in FIELDS:
        raise InputError(f"{where}: {problem_with(name, None)}")
    if not isinstance(row, dict) or set(row) != _FIELD_KEYS:
        raise InputError(f"{where}: field {name} needs {', '.join(sorted(_FIELD_KEYS))}")
    value = tuple(row["value"]) if isinstance(row["value"], list) else row["value"]
    problem = problem_with(name, value)
    if problem:
        raise InputError(f"{where}: {problem}")
    confidence, confirmed, source = row["confidence"], row["confirmed"], row["source"]
    usable = isinstance(confidence, int | float) and not isinstance(confidence, bool) and 0 <= confidence <= 1
    if not usable or not isinstance(confirmed, bool) or source not in _SOURCES:
        raise InputError(
            f"{where}: field {name} needs a confidence from 0 to 1, confirmed true or false, and a source of "
            f"{', '.join(_SOURCES)}"
        )
    start, end = _places(row, where=where)
    return Wish(
        value=value,
        evidence=Evidence(start=start, end=end),
        confidence=float(confidence),
        confirmed=confirmed,
        source=source,
    )


def _note(row: object, *, where: str) -> Note:
    if not isinstance(row, dict) or set(row) != {"what", "start", "end"} or not isinstance(row["what"], str):
        raise InputError(f"{where}: a note needs what, start and end")
    start, end = _places(row, where=where)
    return Note(what=row["what"], start=start, end=end)


def _places(row: Mapping[str, Any], *, where: str) -> tuple[int, int]:
    start, end = row["start"], row["end"]
    if type(start) is not int or type(end) is not int or not 0 <= start <= end:
        raise InputError(f"{where}: start and end are places in the text, from 0, the end not before the start")
    return start, end


def value_from(name: str, text: str) -> Value:
    """A value as somebody types it: ``0.4``, ``40%``, ``true``, ``07:30``, or windows joined by ``;``.

    Raises:
        InputError: it is no value of the field.
    """
    each = FIELDS.get(name)
    if each is None:
        raise InputError(problem_with(name, None))
    word = text.strip()
    value: Value = word
    if each.kind == "number":
        try:
            value = float(word.removesuffix("%")) / (100.0 if word.endswith("%") else 1.0)
        except ValueError:
            raise InputError(f"{name} is {text!r}; it must be a number") from None
    elif each.kind == "truth":
        truths = {"true": True, "yes": True, "false": False, "no": False}
        if word.lower() not in truths:
            raise InputError(f"{name} is {text!r}; it must be true or false")
        value = truths[word.lower()]
    elif each.kind == "windows":
        value = tuple(part.strip() for part in word.split(";") if part.strip())
    problem = problem_with(name, value)
    if problem:
        raise InputError(problem)
    return value
