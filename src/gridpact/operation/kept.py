"""What a run was asked, kept in its log with every file that it read, so that it can go on or replay anywhere."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, TypeAdapter

from gridpact.data.parquet import read_own
from gridpact.errors import CorruptLogError, InputError
from gridpact.fleet.fleet import Fleet
from gridpact.fleet.io import fleet_table, read_fleet_file
from gridpact.language.consent import Consent
from gridpact.language.limits import Limits
from gridpact.market.opportunities import read_opportunities
from gridpact.market.opportunity import MarketOpportunity
from gridpact.market.rules import rule_names
from gridpact.negotiation.script import without_words
from gridpact.negotiation.tactics import PLAIN_TACTIC
from gridpact.operation.inputs import DayRequest, MarketDay, instruction_facts
from gridpact.optimization.instructions.reader import Reading, ReadTerm, Unread, conflicts_of
from gridpact.optimization.spec import ProblemSpec
from gridpact.results.run_folder import SEALED_FILES
from gridpact.store.base import Store, digest_of
from gridpact.store.book import Book

REQUEST = "request"
_OPPORTUNITIES = TypeAdapter(tuple[MarketOpportunity, ...])
_READ_TERMS = TypeAdapter(tuple[ReadTerm, ...])
_UNREAD = TypeAdapter(tuple[Unread, ...])
_PLAIN = (
    "product",
    "hours",
    "kw",
    "minimum_kw",
    "price",
    "location",
    "rules",
    "strategy",
    "rounds",
    "allow_loss",
    "seed",
)
_FILES = ("prices", "spec", "profiles", "tariffs", "messages", "preferences")
_CONTENT = "content"


class _Consent(BaseModel):
    model_config = ConfigDict(strict=True)
    everybody: bool
    homes: list[str]


class _Language(BaseModel):
    """The kept request's language model."""

    model_config = ConfigDict(strict=True)
    llm: str
    limits: dict[str, int | float | None]
    consent: _Consent


class _Plain(BaseModel):
    """Kinds of the values that a kept request states itself."""

    model_config = ConfigDict(strict=True)
    product: str | None
    start: str | None
    hours: float | None
    kw: float | None
    minimum_kw: float | None
    price: float | None
    location: str | None
    rules: str
    strategy: str
    rounds: int
    allow_loss: bool
    seed: int
    outside: list[str]
    outside_market: bool
    drop_outs: list[str]
    silent: dict[str, int]
    tactic: str = PLAIN_TACTIC
    language: _Language | None = None


@dataclass(slots=True)
class KeptInputs:
    """Books that hold a request, by digest, and the name of each."""

    books: dict[str, bytes] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    """Digest by what the book holds; ``request`` lists the others."""

    def add(self, name: str, book: Book) -> str:
        """Keep a book; its digest."""
        content = book.to_bytes()
        digest = digest_of(content)
        self.books[digest] = content
        self.names[name] = digest
        return digest

    def add_file(self, name: str, content: bytes) -> str:
        """Keep a file's bytes; the book's digest."""
        return self.add(name, Book(arrays={_CONTENT: np.frombuffer(content, dtype=np.uint8)}))


def keep_inputs(request: DayRequest, day: MarketDay) -> KeptInputs:
    """Everything that ``day`` was made of.

    Raises:
        InputError: a file changed while it was read.
    """
    kept = KeptInputs()
    facts: dict[str, Any] = {name: getattr(request, name) for name in _PLAIN}
    facts["start"] = request.start.isoformat() if isinstance(request.start, datetime) else request.start
    facts["outside"], facts["outside_market"] = list(request.outside), request.outside_market
    facts["drop_outs"], facts["silent"] = list(request.drop_outs), dict(request.silent)
    if request.tactic != PLAIN_TACTIC:
        facts["tactic"] = request.tactic
    # Opportunities as they were read: a file may name rules that lie beside it, which it does not when it is restored.
    read = [each for path in request.opportunity_files for each in read_opportunities(path, rules=request.rules)]
    facts["opportunities"] = _OPPORTUNITIES.dump_python((*request.opportunities, *read), mode="json")
    if day.instruction is not None:
        # What was read, so that a later reader does not read a finished run otherwise.
        facts["instruction"] = instruction_facts(day.instruction)
    facts["opportunity_files"] = []
    for number, path in enumerate(request.opportunity_files, start=1):
        _file(kept, f"opportunity {number}", path)
    facts["fleet"] = _fleet(kept, request.fleet, day)
    for name in _FILES:
        facts[name] = _source(kept, name, getattr(request, name), day)
    facts["rule_files"] = {
        name: _file(kept, f"rules {name}", request.rule_files.get(name, Path(name)))
        for name in sorted(_rule_names(day))
        if name.lower().endswith((".yaml", ".yml"))
    }
    facts["commitments"] = [
        _folder(kept, f"commitments {number}", path) for number, path in enumerate(request.commitments, start=1)
    ]
    if day.llm != "none":  # Left out without a model, so that earlier logs stand.
        facts["language"] = {
            "llm": day.llm,
            "limits": request.limits.to_dict(),
            "consent": {"everybody": request.consent.everybody, "homes": sorted(request.consent.homes)},
        }
    kept.add(REQUEST, Book(facts=facts))
    return kept


def restore_request(names: Mapping[str, str], store: Store, *, folder: Path) -> DayRequest:
    """The request of a run, its files written below ``folder``.

    Args:
        names: digests of the kept books, from the run's log.
        store: holds the books.
        folder: an empty folder that must stay while the request is used.

    Raises:
        CorruptLogError: a book is missing, damaged, or not what its name says.
    """
    reader = _Reader(store=store, folder=folder)
    try:
        facts = reader.book(names[REQUEST]).facts
        fleet = facts["fleet"]
        language = _Plain.model_validate(facts).language
        request = DayRequest(
            **{name: facts[name] for name in _PLAIN},
            start=facts["start"],
            outside=tuple(facts["outside"]),
            outside_market=facts["outside_market"],
            instruction=_reading(facts.get("instruction")),
            drop_outs=tuple(facts["drop_outs"]),
            silent=dict(facts["silent"]),
            tactic=facts.get("tactic", PLAIN_TACTIC),
            opportunities=_OPPORTUNITIES.validate_python(facts["opportunities"]),
            opportunity_files=tuple(reader.file(each) for each in facts["opportunity_files"]),
            fleet=reader.fleet(fleet) if isinstance(fleet, dict) else fleet,
            **{name: reader.source(facts.get(name)) for name in _FILES},
            rule_files={name: reader.file(each) for name, each in facts["rule_files"].items()},
            commitments=tuple(reader.directory(each) for each in facts["commitments"]),
            **_language(language),
        )
    except (KeyError, TypeError, ValueError) as problem:
        if isinstance(problem, InputError):
            raise
        raise CorruptLogError(f"{store.name}: what the run was asked cannot be read: {problem!r}") from problem
    _check_nothing_else_is_read(request, store)
    return request


def _language(kept: _Language | None) -> dict[str, Any]:
    if kept is None:
        return {}
    return {
        "llm": kept.llm,
        "limits": Limits.from_dict(kept.limits, source="the run's log"),
        "consent": Consent(everybody=kept.consent.everybody, homes=frozenset(kept.consent.homes)),
    }


def _reading(kept: Any) -> Reading | None:
    if kept is None:
        return None
    terms = _READ_TERMS.validate_python(kept["terms"])
    unread = _UNREAD.validate_python(kept["not_understood"])
    return Reading(text=str(kept["text"]), terms=terms, not_understood=unread, conflicts=conflicts_of(terms))


def _check_nothing_else_is_read(request: DayRequest, store: Store) -> None:
    """A log names no file outside it, and one from elsewhere no code.

    Raises:
        CorruptLogError: rules that are neither gridpact's nor kept.
        InputError: a strategy of somebody's own, in a log that may come from strangers.
    """
    for name in {request.rules, *(each.rules for each in request.opportunities)}:
        if name not in rule_names() and name not in request.rule_files:
            raise CorruptLogError(f"{store.name}: the run names the rules {name[:200]!r}, which its log does not keep")
    if store.foreign and ":" in request.strategy:
        raise InputError(
            f"{store.name} names the strategy {request.strategy[:200]!r}, which would import code of that name; if you "
            "trust where the file comes from, replay it with --trust"
        )


def _rule_names(day: MarketDay) -> set[str]:
    return {call.opportunity.rules for call in day.calls} | {each["rules"] for each in day.earlier.records}


def _fleet(kept: KeptInputs, fleet: str | Fleet | None, day: MarketDay) -> Any:
    if isinstance(fleet, Fleet):
        return {"as": "fleet", "book": kept.add_file("fleet", _fleet_bytes(fleet))}
    if fleet is None or re.fullmatch(r"[+-]?[0-9]{1,18}", fleet.strip()):
        return fleet
    return {"as": "file", **_file(kept, "fleet", Path(fleet.strip()), sha256=day.inputs_sha256["fleet"])}


def _fleet_bytes(fleet: Fleet) -> bytes:
    content = BytesIO()
    pq.write_table(fleet_table(fleet), content, compression="zstd")
    return content.getvalue()


def _source(kept: KeptInputs, name: str, source: Path | pd.DataFrame | ProblemSpec | None, day: MarketDay) -> Any:
    match source:
        case None:
            return None
        case pd.DataFrame():
            content = BytesIO()
            source.to_parquet(content)
            return {"as": "table", "book": kept.add_file(name, content.getvalue())}
        case ProblemSpec():
            return {"as": "spec", "terms": source.facts()}
        case Path():
            digest = day.inputs_sha256["prices_file" if name == "prices" else name]
            return {"as": "file", **_file(kept, name, source, sha256=digest)}


def _file(kept: KeptInputs, name: str, path: Path, *, sha256: str | None = None) -> dict[str, str]:
    """A file's bytes, of a script those without owners' words; ``sha256`` is what was read of it before."""
    content = path.read_bytes()
    if name == "messages":
        content = without_words(content, source=str(path))
    if sha256 is not None and digest_of(content) != sha256:
        raise InputError(f"{path} was changed while it was read; run the day again")
    return {"name": path.name, "book": kept.add_file(name, content)}


def _folder(kept: KeptInputs, name: str, path: Path) -> list[dict[str, str]]:
    """A run's sealed files and its log."""
    found = []
    for file in (*SEALED_FILES, "events.jsonl"):
        found.append({**_file(kept, f"{name}/{file}", path / file), "name": file})
    return found


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Writes kept files below a folder, each in one of its own."""

    store: Store
    folder: Path
    count: int = 0

    def book(self, digest: str) -> Book:
        return Book.from_bytes(self.store.book(digest), source=f"{self.store.name}: book {digest[:12]}")

    def content(self, digest: str) -> bytes:
        return self.book(digest).arrays[_CONTENT].tobytes()

    def file(self, each: Mapping[str, str]) -> Path:
        return self._write(self._own_folder(), each)

    def directory(self, files: Sequence[Mapping[str, str]]) -> Path:
        own = self._own_folder()
        for each in files:
            if each["name"] not in (*SEALED_FILES, "events.jsonl"):
                raise CorruptLogError(f"{self.store.name}: {each['name']!r} is no file of a run folder")
            (own / each["name"]).parent.mkdir(exist_ok=True)
            (own / each["name"]).write_bytes(self.content(each["book"]))
        return own

    def fleet(self, each: Mapping[str, str]) -> str | Fleet:
        if each["as"] == "file":
            return str(self.file(each))
        return read_fleet_file(self._write(self._own_folder(), {"name": "fleet.parquet", "book": each["book"]})).fleet

    def source(self, each: Mapping[str, Any] | None) -> Any:
        if each is None:
            return None
        match each["as"]:
            case "table":
                return read_own(BytesIO(self.content(each["book"]))).to_pandas(use_threads=False)
            case "spec":
                return ProblemSpec.from_mapping(each["terms"], source="the run's log")
            case _:
                return self.file(each)

    def _own_folder(self) -> Path:
        self.count += 1
        own = self.folder / str(self.count)
        own.mkdir()
        return own

    def _write(self, own: Path, each: Mapping[str, str]) -> Path:
        name = each["name"]
        if name != Path(name).name or name in ("", ".", ".."):
            raise CorruptLogError(f"{self.store.name}: {name!r} is not the name of a file")
        (own / name).write_bytes(self.content(each["book"]))
        return own / name


KNOWN_FIELDS = {*_PLAIN, *_FILES, "start", "drop_outs", "silent", "opportunities", "opportunity_files", "fleet"} | {
    "rule_files",
    "instruction",
    "partial_instruction",
    "commitments",
    "outside",
    "outside_market",
    "tactic",
    "llm",
    "limits",
    "consent",
}
assert {item.name for item in fields(DayRequest)} == KNOWN_FIELDS  # noqa: S101 - a new field must be kept too
