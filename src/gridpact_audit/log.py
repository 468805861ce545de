"""The event log: an unbroken hash chain, an order that makes sense, and digests of every file."""

import hashlib
import json
import re
from datetime import UTC, datetime
from typing import Any

from gridpact_audit.reading import UnreadableError, member
from gridpact_audit.report import Finding, Rule
from gridpact_audit.run import Run
from gridpact_audit.tables import ALL_FILES

FILE = "events.jsonl"
UNSEALED = (FILE, "performance.json", "report.html")
"""Files that ``files_written`` does not cover."""
EARLIEST = datetime.min.replace(tzinfo=UTC)


def canonical(row: dict[str, Any]) -> bytes:
    """Canonical JSON of a row: sorted keys, no spaces, UTF-8."""
    return json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def row_hash(row: dict[str, Any]) -> str:
    """SHA-256 of the row's canonical JSON without its own hash."""
    return hashlib.sha256(canonical({key: value for key, value in row.items() if key != "hash"})).hexdigest()


def chain(run: Run, finding: Finding) -> None:
    """Each row's hash is its content's, and names the row before; numbers follow one another."""
    previous = None
    first = run.events[0][1]["seq"]
    if first not in (0, 1):
        finding.add(FILE, run.events[0][0], "seq", f"the log begins at {first}")
    for place, (line, event) in enumerate(run.events):
        finding.tried(1)
        if event["seq"] != first + place:
            finding.add(FILE, line, "seq", f"{event['seq']}, not {first + place}")
        if event["previous_hash"] != previous:
            finding.add(FILE, line, "previous_hash", "is not the hash of the row before")
        if event["hash"] != row_hash(event):
            finding.add(FILE, line, "hash", "is not the hash of this row")
        previous = event["hash"]


def order(run: Run, finding: Finding) -> None:
    """The log begins and ends as a run does, time never runs backward, and negotiations close before they settle."""
    kinds = [event["kind"] for _, event in run.events]
    finding.tried(len(kinds))
    last_line = run.events[-1][0]
    if kinds[0] != "run_started":
        finding.add(FILE, run.events[0][0], "kind", f"the log begins with {kinds[0]}, not run_started")
    if kinds[-1] != "run_finished":
        finding.add(FILE, last_line, "kind", f"the log ends with {kinds[-1]}, not run_finished")
    for kind in ("run_started", "inputs_read", "baseline_frozen", "files_written", "run_finished"):
        if kinds.count(kind) != 1:
            finding.add(FILE, last_line, "kind", f"{kinds.count(kind)} rows of kind {kind}; a run has one")
    latest = EARLIEST
    for line, event in run.events:
        at = datetime.fromisoformat(event["at"]).astimezone(UTC)
        if at < latest:
            finding.add(FILE, line, "at", f"{event['at']} is before the row above")
        latest = max(latest, at)
    if "baseline_frozen" in kinds:
        frozen = kinds.index("baseline_frozen")
        for place, kind in enumerate(kinds[:frozen]):
            if kind not in ("run_started", "inputs_read", "effect_begun", "effect_done"):
                finding.add(FILE, run.events[place][0], "kind", f"{kind} before the baseline was frozen")


def effects(run: Run, finding: Finding) -> None:
    """Everything done outside the run's own arithmetic was begun once and has one outcome, by a book's digest."""
    begun: set[str] = set()
    done: set[str] = set()
    for line, event in run.events:
        payload = event.get("payload")
        if event["kind"] not in ("effect_begun", "effect_done") or not isinstance(payload, dict):
            continue
        finding.tried(1)
        key = str(payload.get("effect"))
        if event["kind"] == "effect_begun":
            if key in begun:
                finding.add(FILE, line, "payload.effect", f"{key} is begun twice")
            begun.add(key)
            continue
        if key not in begun or key in done:
            finding.add(FILE, line, "payload.effect", f"an outcome of {key}, which was not under way")
        if not re.fullmatch(r"[0-9a-f]{64}", str(payload.get("book"))):
            finding.add(FILE, line, "payload.book", "is not a digest")
        done.add(key)
    for key in sorted(begun - done):
        finding.add(FILE, None, "payload.effect", f"{key} was begun and has no outcome")


def messages(run: Run, finding: Finding) -> None:
    """At most one message from outside is applied to a request, and what is not applied leaves nothing behind."""
    answered: set[tuple[str, ...]] = set()
    for line, event in run.events:
        if event["kind"] != "message_received":
            continue
        finding.tried(1)
        payload = event.get("payload")
        receipt = payload.get("receipt") if isinstance(payload, dict) else None
        if not isinstance(payload, dict) or not isinstance(receipt, dict):
            finding.add(FILE, line, "payload.receipt", "a message without a receipt")
            continue
        if receipt.get("verdict") != "applied":
            if payload.get("message"):
                finding.add(FILE, line, "payload.message", "a message that was not applied is kept")
            continue
        key = tuple(str(receipt.get(part)) for part in ("kind", "opportunity_id", "home_id", "round"))
        if key in answered:
            finding.add(FILE, line, "payload.receipt", f"a second {key[0]} is applied to one request")
        answered.add(key)


def dropped_are_out(run: Run, finding: Finding) -> None:
    """A home that failed before gate closure promises nothing on that opportunity."""
    committed = run.tables["coalition.parquet"]
    for line, event in run.events:
        payload = event.get("payload")
        if event["kind"] != "member_dropped" or not isinstance(payload, dict) or "opportunity_id" not in payload:
            continue
        finding.tried(1)
        mine = (committed["opportunity_id"] == payload["opportunity_id"]) & (committed["home_id"] == payload["home_id"])
        if (committed.loc[mine, "committed_kw"] > 0).any():
            finding.add(FILE, line, "payload.home_id", f"{payload['home_id']} dropped out and is a member all the same")


def references(run: Run, finding: Finding) -> None:
    """Events speak of opportunities and homes that exist, and each opportunity was announced."""
    known = {entry["id"] for entry in run.result["opportunities"]}
    announced = set()
    for line, event in run.events:
        payload = event.get("payload")
        if not isinstance(payload, dict):
            continue
        name = payload.get("opportunity_id")
        if name is not None:
            finding.tried(1)
            if name not in known:
                finding.add(FILE, line, "payload.opportunity_id", f"no opportunity {name!r}")
            if event["kind"] == "opportunity_announced":
                announced.add(name)
        home = payload.get("home_id")
        if home is not None:
            finding.tried(1)
            if home not in run.home_at:
                finding.add(FILE, line, "payload.home_id", f"no home {home!r}")
    kinds = [event["kind"] for _, event in run.events]
    finding.tried(1)
    if kinds.count("opportunity_announced") != len(known):
        finding.add(
            FILE, None, "kind", f"{kinds.count('opportunity_announced')} announcements of {len(known)} opportunities"
        )


def files_sealed(run: Run, finding: Finding) -> None:
    """``files_written`` carries the SHA-256 of every file of the run, and the files are those."""
    for line, event in run.events:
        if event["kind"] != "files_written":
            continue
        digests = _digests(event.get("payload"))
        for file in ALL_FILES:
            if file in UNSEALED:
                continue
            finding.tried(1)
            said = digests.get(file)
            found = _digest(run, file)
            if said is None:
                finding.add(FILE, line, "payload", f"no digest of {file}")
            elif found != said:
                finding.add(file, None, None, "is not the file whose digest the log holds")
        for file in digests:
            if file not in ALL_FILES or file in UNSEALED:
                finding.add(FILE, line, "payload", f"a digest of {file}, which is not sealed by the contract")


def _digest(run: Run, file: str) -> str | None:
    try:
        return hashlib.sha256(member(run.path, file)).hexdigest()
    except UnreadableError:
        return None


def _digests(payload: Any) -> dict[str, Any]:
    if not isinstance(payload, dict):
        return {}
    for key in ("sha256", "files"):
        if isinstance(payload.get(key), dict):
            found: dict[str, Any] = payload[key]
            return found
    return payload


RULES = (
    Rule(name="log.hash_chain", needs=(FILE,), test=chain),
    Rule(name="log.order", needs=(FILE,), test=order),
    Rule(name="log.effects", needs=(FILE,), test=effects),
    Rule(name="log.messages", needs=(FILE,), test=messages),
    Rule(name="log.dropped_are_out", needs=(FILE, "coalition.parquet"), test=dropped_are_out),
    Rule(name="log.references", needs=(FILE, "result.json", "fleet.parquet"), test=references),
    Rule(name="log.files_are_the_sealed_ones", needs=(FILE,), test=files_sealed),
)
