"""What one owner may see of a run: facts of the calls, and what is the owner's own. The rule is in ``docs/trail.md``.

The facts are picked first, by home; words are made of nothing else. Whatever another home's data can move is left out,
also where it looks harmless: the run's id is a digest of everybody's inputs, numbers of rows and entries count what
others did, and times within the talks depend on how long others talked.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import PurePath
from typing import Any, Protocol

import pandas as pd

from gridpact.errors import InputError
from gridpact.messages.receipts import Reason, Verdict
from gridpact.results.events import TALKS_BEFORE_GATE, EventKind
from gridpact.results.plain import plain
from gridpact.results.tables import PHASES
from gridpact.settlement.ledger import Account

Row = Mapping[str, Any]
_PREFERENCES = (
    "backup_soc_fraction",
    "max_cycles_per_day",
    "floor_usd_per_mwh",
    "export_allowed",
    "vehicle_required_soc_fraction",
    "vehicle_depart",
)
_STORES = {"battery": "battery_soc_kwh", "vehicle": "vehicle_soc_kwh"}
_NOT_OWED = "no such message was owed any more"
_TOLD_REFUSALS = {
    # Which of the three it is depends on whether others had spoken by then.
    **dict.fromkeys((Reason.LATE, Reason.SUPERSEDED, Reason.SECOND_MESSAGE), _NOT_OWED),
    **{
        reason: reason.text
        for reason in (
            *(Reason.OVER_QUANTITY, Reason.OTHER_QUANTITY, Reason.OTHER_PRICE, Reason.OVER_CAP, Reason.ABOVE_ASK),
            *(Reason.TAKEN_BACK, Reason.BELOW_LEAST),
        )
    },
}
"""Why a message was refused that did hold the home's own nonce. Of the others nobody knows who sent them."""
_DROPPED = "out: dropped out before gate closure"
_DECIMALS = 6
"""Of sums of energy: a milliwatt-hour."""


class HomeTables(Protocol):
    """A run's files, home by home; every `RunContent` is one."""

    @property
    def result(self) -> Mapping[str, Any]:
        """Content of ``result.json``."""
        ...

    def table(self, name: str, *, home_id: str) -> pd.DataFrame:
        """A table's rows of one home."""
        ...

    def ledger(self) -> pd.DataFrame:
        """All lines of the ledger."""
        ...


def owner_facts(run: HomeTables, rows: Sequence[Row], home_id: str) -> dict[str, Any]:
    """Everything that the owner of ``home_id`` may know of a finished run, as plain values.

    Args:
        run: the run's files.
        rows: of its log.
        home_id: whose facts.

    Raises:
        InputError: the run has no such home.
    """
    fleet = run.table("fleet", home_id=home_id)
    if fleet.empty:
        raise InputError(f"this run has no home {home_id!r}")
    own: Mapping[Any, Any] = fleet.iloc[0].to_dict()
    tables = {name: run.table(name, home_id=home_id) for name in ("bids", "offers", "options", "coalition", "dispatch")}
    result = run.result
    events = _Events(rows, home_id)
    step_h = float(result["opportunities"][0]["step_minutes"]) / 60.0
    facts = {
        "home_id": home_id,
        "timezone": str(own["timezone"]),
        "preferences": _preferences(own),
        "earlier_promises": [
            {key: each[key] for key in ("opportunity_id", "product", "start", "end", "quantity_kw")}
            for each in result.get("commitments", [])
            if each["home_id"] == home_id
        ],
        "opportunities": [_opportunity(each, tables, events, step_h=step_h) for each in result["opportunities"]],
        "day": {
            phase: _bought_and_sold(tables["dispatch"][tables["dispatch"]["phase"] == phase], step_h)
            for phase in PHASES
        },
        "dropped_out_after_award": events.dropped_after,
        "limits_broken": events.limits_broken,
        "ledger": _ledger(run, home_id),
    }
    plain_facts: dict[str, Any] = plain(facts)
    return plain_facts


class _Events:
    """What the log says of one home."""

    def __init__(self, rows: Sequence[Row], home_id: str) -> None:
        self._home = home_id
        self.announced: dict[str, Row] = {}
        self.replaced: dict[str, list[dict[str, Any]]] = {}
        self.picks: dict[str, list[dict[str, Any]]] = {}
        self.refused: dict[str, list[dict[str, Any]]] = {}
        self.notes: dict[str, int] = {}
        self.broken: str | None = None
        self.dropped_after = False
        self.limits_broken: list[dict[str, Any]] = []
        for row in rows:
            self._read(str(row["kind"]), row)

    def _read(self, kind: str, row: Row) -> None:
        payload = row["payload"]
        if kind == EventKind.OPPORTUNITY_ANNOUNCED:
            self.announced[payload["opportunity_id"]] = row
        elif kind == EventKind.REPLACED_BY_POLICY and self._home in payload["home_ids"]:
            mine = {name: payload[name] for name in ("round", "what", "reason")}
            self.replaced.setdefault(payload["opportunity_id"], []).append(mine)
        elif kind == EventKind.HOMES_ADVISED:
            picks = [each["choice"] for each in payload["picks"] if each["home_id"] == self._home]
            own = [{"round": payload["round"], "what": payload["what"], "choice": choice} for choice in picks]
            self.picks.setdefault(payload["opportunity_id"], []).extend(own)
        elif kind == EventKind.MESSAGE_RECEIVED and payload["receipt"].get("home_id") == self._home:
            self._read_message(payload)
        elif kind == EventKind.MEMBER_DROPPED and payload["home_id"] == self._home and "stage" in payload:
            self.dropped_after = True
        elif kind == EventKind.DISPATCHED:
            reasons = [each["reason"] for each in payload.get("broken", []) if each["home_id"] == self._home]
            self.broken = "; ".join(reasons) or None
        elif kind == EventKind.SETTLED:
            broken = payload.get("owners_limits_broken", [])
            self.limits_broken = [
                {"phase": each["phase"], "limit": each["limit"]} for each in broken if each["home_id"] == self._home
            ]

    def _read_message(self, payload: Mapping[str, Any]) -> None:
        """A message of this home. Its words and times are left out: they tell when others had all spoken."""
        receipt = payload["receipt"]
        name = receipt["opportunity_id"]
        if receipt["verdict"] == Verdict.APPLIED and payload.get("note"):
            self.notes[name] = self.notes.get(name, 0) + 1
        elif receipt["verdict"] == Verdict.REFUSED and receipt["reason"] in _TOLD_REFUSALS:
            told = {"round": receipt["round"], "kind": receipt["kind"], "reason": _TOLD_REFUSALS[receipt["reason"]]}
            self.refused.setdefault(name, []).append(told)


def _preferences(own: Mapping[Any, Any]) -> dict[str, Any]:
    found = {name: None if _empty(own[name]) else own[name] for name in _PREFERENCES}
    blackout = own["blackout"]
    return {**found, "blackout": [] if _empty(blackout) else list(blackout)}


def _opportunity(
    opportunity: Mapping[str, Any], tables: Mapping[str, pd.DataFrame], events: _Events, *, step_h: float
) -> dict[str, Any]:
    name = opportunity["id"]
    bids, offers, options, coalition = (
        frame[frame["opportunity_id"] == name]
        for frame in (tables[key] for key in ("bids", "offers", "options", "coalition"))
    )
    announced = events.announced.get(name)
    gate = None if announced is None else announced["payload"].get("gate_closure")
    opening = None if gate is None else (datetime.fromisoformat(gate) - TALKS_BEFORE_GATE).isoformat()
    member = coalition.iloc[0].to_dict() if len(coalition) else {}
    promised_kw = float(member.get("committed_kw", 0.0))
    dispatch = tables["dispatch"]
    begins, ends = pd.Timestamp(opportunity["start"]), pd.Timestamp(opportunity["end"])
    window = dispatch[(dispatch["interval_start"] >= begins) & (dispatch["interval_start"] < ends)]
    return {
        "opportunity_id": name,
        "product": opportunity["product"],
        "start": opportunity["start"],
        "end": opportunity["end"],
        "requested_kw": opportunity["requested_kw"],
        "price_unit": opportunity["price_unit"],
        "rules": _rules_name(str(opportunity["rules"])),
        "talks_begin": opening,
        "gate_closure": gate,
        "asks": [
            {"round": int(number), "segments": rows[["quantity_kw", "price"]].to_dict("records")}
            for number, rows in bids.groupby("round", sort=True)
        ],
        "replaced": events.replaced.get(name, []),
        # Only where a language model spoke for the home.
        **({"picks": events.picks[name]} if events.picks.get(name) else {}),
        "refused_messages": events.refused.get(name, []),
        "notes": events.notes.get(name, 0),
        "offers": offers[["round", "price", "cap_kw", "answer", "accepted_kw", "reason"]].to_dict("records"),
        "options": options[["quantity_kw", "price", "activated"]].to_dict("records"),
        "promised_kw": promised_kw,
        "why": _why(member, promised_kw, has_options=len(options) > 0),
        "plan_problem": events.broken if promised_kw > 0 else None,
        "window": {phase: _window(window[window["phase"] == phase], step_h) for phase in PHASES},
        "delivered_kwh": float(member.get("delivered_kwh", 0.0)),
        "paid_usd": float(member.get("paid_usd", 0.0)),
    }


def _rules_name(rules: str) -> str:
    """The operator's own profile may lie anywhere; its folder is nobody's business."""
    return PurePath(rules).stem if rules.lower().endswith((".yaml", ".yml")) else rules


def _why(member: Mapping[str, Any], promised_kw: float, *, has_options: bool) -> str:
    """Why this home is in or out, as far as the home itself decides.

    Why agreed options were not called is not told: it follows from what others asked, or from what the operator
    expected and the market paid.
    """
    reason = str(member.get("reason", "") or "")
    if promised_kw > 0:
        return "called"
    if reason == _DROPPED:
        return "dropped out before gate closure"
    if has_options:
        return "agreed, and not called"
    return reason.removeprefix("out: ") or "not asked"


def _window(rows: pd.DataFrame, step_h: float) -> dict[str, Any]:
    """Energy at the meter over the window, reserve held, and how low the stores went [kWh]."""
    found: dict[str, Any] = {"net_kwh": _sum_kwh(rows["net_kw"], step_h)}
    if rows["reserve_kw"].notna().any():
        found["reserve_kw"] = float(rows["reserve_kw"].min())
    for store, column in _STORES.items():
        if rows[column].notna().any():
            found[f"{store}_lowest_kwh"] = round(float(rows[column].min()), _DECIMALS)
    return found


def _bought_and_sold(rows: pd.DataFrame, step_h: float) -> dict[str, Any]:
    net = rows["net_kw"]
    found: dict[str, Any] = {
        "bought_kwh": _sum_kwh(net.clip(lower=0.0), step_h),
        "sold_kwh": _sum_kwh((-net).clip(lower=0.0), step_h),
    }
    for store, column in _STORES.items():
        if rows[column].notna().any():
            found[f"{store}_lowest_kwh"] = round(float(rows[column].min()), _DECIMALS)
    return found


def _sum_kwh(power_kw: pd.Series, step_h: float) -> float:
    return round(float(power_kw.sum()) * step_h, _DECIMALS)


def _ledger(run: HomeTables, home_id: str) -> list[dict[str, Any]]:
    """The owner's own lines, without their numbers, which count other homes' lines too."""
    ledger = run.ledger()
    mine = ledger[(ledger["account"] == Account.HOME.value) & (ledger["home_id"] == home_id)]
    names = ("opportunity_id", "amount_microusd", "kind", "memo")
    return [dict(zip(names, row, strict=True)) for row in mine[list(names)].itertuples(index=False)]


def _empty(value: object) -> bool:
    return value is None or (isinstance(value, float) and value != value)
