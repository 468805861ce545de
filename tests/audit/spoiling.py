"""Reading, spoiling and sealing again one file of a run folder, and the kinds of spoiling there are."""

import csv
import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Row = dict[str, Any]
UNSEALED = ("events.jsonl", "performance.json", "report.html")


class NothingToPlantError(LookupError):
    """The folder has no row that this plant could spoil."""


@dataclass(frozen=True, kw_only=True)
class Planted:
    """Where the error is, and where an audit must show it."""

    file: str
    column: str | None
    row: int | None
    """Row that a problem must name; None where it shows elsewhere."""
    files: tuple[str, ...]
    """Files in which a problem may show."""


@dataclass(frozen=True, kw_only=True)
class Plant:
    """One kind of error."""

    file: str
    column: str | None
    apply: Callable[["Folder"], int | None]
    """Spoils the folder and returns the row."""
    shows_in: tuple[str, ...] = ()
    """Other files in which it shows (then without a row); the own file where empty."""
    reseal: bool = True
    """Whether digests and the hash chain are made right again afterwards."""


class Folder:
    """A run folder that can be read and spoiled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def table(self, file: str) -> list[Row]:
        return pq.read_table(self.path / file).to_pylist()

    def save(self, file: str, rows: list[Row]) -> None:
        schema = pq.read_schema(self.path / file)
        lenient = pa.schema([field.with_nullable(True) for field in schema], metadata=schema.metadata)
        pq.write_table(pa.Table.from_pylist(rows, schema=lenient), self.path / file)

    @property
    def result(self) -> Row:
        return json.loads((self.path / "result.json").read_text(encoding="utf-8"))

    def save_result(self, result: Row) -> None:
        (self.path / "result.json").write_text(
            json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )

    def ledger(self) -> list[list[str]]:
        return list(csv.reader(io.StringIO((self.path / "ledger.csv").read_text(encoding="utf-8"), newline="")))

    def save_ledger(self, lines: list[list[str]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(lines)
        (self.path / "ledger.csv").write_text(text.getvalue(), encoding="utf-8")

    def events(self) -> list[Row]:
        lines = (self.path / "events.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def save_events(self, events: list[Row], *, chain: bool = True) -> None:
        previous = None
        lines = []
        for event in events:
            if chain:
                event = {**event, "previous_hash": previous}
                event.pop("hash", None)
                event["hash"] = previous = hashlib.sha256(_canonical(event)).hexdigest()
            lines.append(_canonical(event).decode())
        (self.path / "events.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def reseal(self) -> None:
        events = self.events()
        for event in events:
            if event["kind"] != "files_written" or not isinstance(event.get("payload"), dict):
                continue
            payload = event["payload"]
            digests = next((payload[key] for key in ("sha256", "files") if isinstance(payload.get(key), dict)), payload)
            for name in list(digests):
                if (self.path / name).is_file() and name not in UNSEALED:
                    digests[name] = hashlib.sha256((self.path / name).read_bytes()).hexdigest()
        self.save_events(events)

    # What a plant needs to know of the run.

    def members(self) -> list[Row]:
        return [row for row in self.table("coalition.parquet") if row["committed_kw"] > 0]

    def opportunity(self, name: str) -> Row:
        return next(item for item in self.result["opportunities"] if item["id"] == name)

    def energy_members(self) -> list[Row]:
        return [row for row in self.members() if self.opportunity(row["opportunity_id"])["product"] == "energy"]


def _canonical(row: Row) -> bytes:
    return json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def first(rows: list[Row], wanted: Callable[[Row], bool]) -> int:
    for place, row in enumerate(rows):
        if wanted(row):
            return place
    raise NothingToPlantError


def cell(
    file: str,
    column: str,
    change: Callable[[Any], Any],
    where: Callable[[Row, Folder], bool] = lambda row, folder: True,
    *,
    shows_in: tuple[str, ...] = (),
) -> Plant:
    """Change one cell of a Parquet file, in the first row that suits."""

    def apply(folder: Folder) -> int:
        rows = folder.table(file)
        place = first(rows, lambda row: where(row, folder))
        rows[place][column] = change(rows[place][column])
        folder.save(file, rows)
        return place + 1

    return Plant(file=file, column=column, apply=apply, shows_in=shows_in)


def rows_changed(
    file: str, change: Callable[[list[Row], Folder], int | None], *, shows_in: tuple[str, ...] = ()
) -> Plant:
    """Change a Parquet file's rows; ``change`` returns the row that must be named."""

    def apply(folder: Folder) -> int | None:
        rows = folder.table(file)
        row = change(rows, folder)
        folder.save(file, rows)
        return row

    return Plant(file=file, column=None, apply=apply, shows_in=shows_in)


def key(*path: str | int, to: Callable[[Any], Any], shows_in: tuple[str, ...] = ()) -> Plant:
    """Change one value of result.json."""

    def apply(folder: Folder) -> None:
        result = folder.result
        place: Any = result
        try:
            for part in path[:-1]:
                place = place[part]
            before = place[path[-1]]
        except (KeyError, IndexError):
            raise NothingToPlantError from None
        if before is None:
            raise NothingToPlantError
        place[path[-1]] = to(before)
        folder.save_result(result)

    return Plant(file="result.json", column=".".join(map(str, path)), apply=apply, shows_in=shows_in)


def entry(column: int, change: Callable[[str], str], where: Callable[[list[str]], bool], *, row: bool = True) -> Plant:
    """Change one cell of ledger.csv."""

    def apply(folder: Folder) -> int | None:
        lines = folder.ledger()
        for place, cells in enumerate(lines[1:], start=1):
            if where(cells):
                cells[column] = change(cells[column])
                folder.save_ledger(lines)
                return place + 1 if row else None
        raise NothingToPlantError

    return Plant(file="ledger.csv", column=None, apply=apply)


def event(change: Callable[[list[Row]], int | None], *, chain: bool = True) -> Plant:
    """Change the log itself; the chain is made right again unless the chain is what is broken."""

    def apply(folder: Folder) -> int | None:
        events = folder.events()
        row = change(events)
        folder.save_events(events, chain=chain)
        return row

    return Plant(file="events.jsonl", column=None, apply=apply, reseal=False)


def text(file: str, change: Callable[[str], str]) -> Plant:
    """Change a file's text."""

    def apply(folder: Folder) -> None:
        path = folder.path / file
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")

    return Plant(file=file, column=None, apply=apply)
