"""Invariants of a run, checked after every row that becomes durable, by code that shares nothing with the run's."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from gridpact.store.base import Entry


class BrokenError(AssertionError):
    """An invariant does not hold."""


def canonical(value: Any) -> bytes:
    """The byte form that hashes are made of."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


@dataclass(slots=True)
class Watch:
    """What has been durable so far of one run."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    begun: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)
    price: dict[str, float] = field(default_factory=dict)
    """Last uniform offer price by opportunity."""
    round: dict[str, int] = field(default_factory=dict)
    agreed_kw: dict[str, float] = field(default_factory=dict)
    bid_kw: dict[str, float] = field(default_factory=dict)
    requested_kw: dict[str, float] = field(default_factory=dict)
    bid_price: dict[str, list[float]] = field(default_factory=dict)
    cleared: set[str] = field(default_factory=set)
    awards: dict[str, dict[str, float]] = field(default_factory=dict)
    """By message."""
    rounds: int = 0
    gate: dict[str, datetime] = field(default_factory=dict)
    applied: set[tuple[str, ...]] = field(default_factory=set)
    """Requests to homes outside that have been answered."""

    def __call__(self, run_id: str, entries: Sequence[Entry]) -> None:
        """Check rows as they become durable."""
        for entry in entries:
            self.see(entry.line)

    def see(self, line: bytes) -> None:
        """Check one row."""
        row = json.loads(line)
        self._chain(row, line)
        payload, kind = row["payload"], row["kind"]
        name = str(payload.get("opportunity_id", ""))
        getattr(self, f"_{kind}", lambda *_: None)(name, payload)
        self.rows.append(row)

    def _chain(self, row: dict[str, Any], line: bytes) -> None:
        last = self.rows[-1] if self.rows else None
        without = {key: value for key, value in row.items() if key != "hash"}
        _hold(canonical(row) == line, "a row is canonical", row)
        _hold(row["hash"] == hashlib.sha256(canonical(without)).hexdigest(), "a row's hash is its content's", row)
        _hold(row["previous_hash"] == (last["hash"] if last else None), "a row names the one before", row)
        _hold(row["seq"] == len(self.rows), "rows are numbered", row)
        if last is not None:
            _hold(_time(row) >= _time(last), "time does not run backward", row)
            _hold(last["kind"] != "published", "nothing follows the end", row)

    def _effect_begun(self, _: str, payload: dict[str, Any]) -> None:
        _hold(self.begun == self.done, "one effect at a time", payload)
        _hold(payload["effect"] not in self.begun, "an effect begins once", payload)
        self.begun.add(payload["effect"])

    def _effect_done(self, _: str, payload: dict[str, Any]) -> None:
        _hold(payload["effect"] in self.begun - self.done, "an outcome of what is under way", payload)
        self.done.add(payload["effect"])

    def _inputs_read(self, _: str, payload: dict[str, Any]) -> None:
        self.rounds = payload["rounds"]

    def _opportunity_announced(self, name: str, payload: dict[str, Any]) -> None:
        self.gate[name] = datetime.fromisoformat(payload["gate_closure"])
        _hold(name not in self.requested_kw, "an opportunity is announced once", payload)
        self.requested_kw[name] = payload["requested_kw"]

    def _offers_made(self, name: str, payload: dict[str, Any]) -> None:
        _hold(payload["price"] >= self.price.get(name, -1e18), "offers never fall", payload)
        _hold(payload["round"] > self.round.get(name, 0), "rounds go on", payload)
        self.price[name], self.round[name] = payload["price"], payload["round"]

    def _answers_collected(self, name: str, payload: dict[str, Any]) -> None:
        _hold(payload["accepted_kw"] >= 0, "nothing is taken back", payload)
        self.agreed_kw[name] = self.agreed_kw.get(name, 0.0) + payload["accepted_kw"]

    def _negotiation_closed(self, name: str, payload: dict[str, Any]) -> None:
        agreed = self.agreed_kw.get(name, 0.0)
        _hold(abs(payload["options_kw"] - agreed) <= 0.01, "options are what was accepted", payload)

    def _message_received(self, name: str, payload: dict[str, Any]) -> None:
        receipt = payload["receipt"]
        if receipt["verdict"] != "applied":
            _hold(not payload["message"], "what is refused leaves nothing behind", payload)
            return
        key = tuple(str(receipt[part]) for part in ("kind", "opportunity_id", "home_id", "round"))
        _hold(key not in self.applied, "one message is applied to one request", payload)
        _hold(name not in self.cleared, "nothing is applied to what is over", payload)
        _hold(not str(receipt["message_id"]).startswith("forged"), "nothing forged is applied", payload)
        arrived = datetime.fromisoformat(payload["arrived"])
        _hold(arrived < self._deadline(name, receipt), "nothing late is applied", payload)
        self.applied.add(key)
        if receipt["kind"] == "award":
            _hold(name in self.bid_kw, "an award answers a bid", payload)
            self.awards[name] = {part: payload["message"][part] for part in ("price", "quantity_kw")}

    def _deadline(self, name: str, receipt: dict[str, Any]) -> datetime:
        """Talks last the hour before gate closure, cut into equal parts; an award is late an hour after it."""
        if receipt["kind"] == "award":
            return self.gate[name] + timedelta(hours=1)
        part = 2 * int(receipt["round"]) - (1 if receipt["kind"] == "bid" else 0)
        return self.gate[name] - timedelta(hours=1) + part * timedelta(hours=1) / (2 * self.rounds + 1)

    def _bid_submitted(self, name: str, payload: dict[str, Any]) -> None:
        _hold(name not in self.bid_kw, "one bid an opportunity", payload)
        prices = [segment["price"] for segment in payload["segments"]]
        _hold(prices == sorted(prices), "bid prices rise", payload)
        self.bid_kw[name] = sum(segment["quantity_kw"] for segment in payload["segments"])
        self.bid_price[name] = prices
        _hold(self.bid_kw[name] <= self.agreed_kw.get(name, 0.0) + 0.01, "no more is bid than agreed", payload)
        _hold(self.bid_kw[name] <= self.requested_kw[name] + 0.01, "no more is bid than asked for", payload)

    def _market_cleared(self, name: str, payload: dict[str, Any]) -> None:
        _hold(name in self.bid_kw and name not in self.cleared, "what was bid clears once", payload)
        told = {"price": payload["price"], "quantity_kw": payload["quantity_kw"]}
        _hold(f"bid/{name}" in self.done or self.awards.get(name) == told, "a market's word is its own", payload)
        _hold(0 <= payload["quantity_kw"] <= self.bid_kw[name] + 1e-6, "no more clears than was bid", payload)
        if payload["quantity_kw"] > 0:
            _hold(min(self.bid_price[name]) <= payload["price"], "nothing clears below its price", payload)
        self.cleared.add(name)

    def _settled(self, _: str, payload: dict[str, Any]) -> None:
        _hold(payload["delivered_kwh"] <= payload["committed_kwh"] + 1e-6, "no more is paid for than promised", payload)
        _hold(payload["penalty_usd"] >= 0 and payload["delivered_kwh"] >= -1e-9, "signs", payload)

    def _run_finished(self, _: str, payload: dict[str, Any]) -> None:
        _hold(self.begun == self.done, "nothing is under way at the end", payload)


def _time(row: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(row["at"])


def _hold(condition: bool, what: str, where: Any) -> None:
    if not condition:
        raise BrokenError(f"broken: {what}: {canonical(where).decode()[:600]}")
