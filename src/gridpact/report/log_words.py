"""Every row of a run's log as one plain sentence, and the stage of the day that it belongs to."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gridpact.report import words
from gridpact.report.page import label
from gridpact.results.events import EventKind

Payload = Mapping[str, Any]

STAGES = {
    EventKind.RUN_STARTED: "start",
    EventKind.INPUTS_READ: "start",
    EventKind.BASELINE_FROZEN: "baseline",
    EventKind.OPPORTUNITY_ANNOUNCED: "call",
    EventKind.BIDS_COLLECTED: "talks",
    EventKind.OFFERS_MADE: "talks",
    EventKind.ANSWERS_COLLECTED: "talks",
    EventKind.MESSAGE_RECEIVED: "talks",
    EventKind.HOMES_ADVISED: "talks",
    EventKind.TACTIC_CHOSEN: "talks",
    EventKind.REPLACED_BY_POLICY: "talks",
    EventKind.NEGOTIATION_CLOSED: "talks",
    EventKind.COALITION_FORMED: "coalition",
    EventKind.BID_SUBMITTED: "market",
    EventKind.MARKET_CLEARED: "market",
    EventKind.DISPATCHED: "dispatch",
    EventKind.SETTLED: "settlement",
    EventKind.FILES_WRITTEN: "files",
    EventKind.RUN_FINISHED: "files",
    EventKind.PUBLISHED: "files",
}
"""Stage of the day by kind of row. A dropped member and an effect take theirs from the rows around them."""
_STAGE_OF: dict[str, str] = {kind.value: stage for kind, stage in STAGES.items()}
EFFECTS = (EventKind.EFFECT_BEGUN, EventKind.EFFECT_DONE)
NAMED_HOMES = 6
"""Homes that one sentence names."""
LONGEST_NAME = 80
"""Characters of a name given by a user."""


def stages(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Stage of each row, shape (rows,): an effect belongs to what it was done for, the next row of another kind."""
    found = [_own_stage(row["kind"], row["payload"]) for row in rows]
    for number in range(len(rows) - 2, -1, -1):
        found[number] = found[number + 1] if found[number] is None else found[number]
    told, before = [], "start"
    for stage in found:
        before = stage or before
        told.append(before)
    return told


def _own_stage(kind: str, payload: Payload) -> str | None:
    """None for an effect and for kinds that this gridpact does not know."""
    if kind == EventKind.MEMBER_DROPPED:
        return "dispatch" if "stage" in payload else "coalition"
    if kind == EventKind.MESSAGE_RECEIVED and payload["receipt"].get("kind") == "award":
        return "market"
    return _STAGE_OF.get(kind)


def opportunity_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The opportunity that each row is about, empty where it is about the whole day, shape (rows,).

    An effect is about what the next row of another kind is about; at the end of a log, what the row before is about.
    """
    found: list[str | None] = [
        None if row["kind"] in EFFECTS else str(row["payload"].get("opportunity_id", "")) for row in rows
    ]
    for number in range(len(rows) - 2, -1, -1):
        found[number] = found[number + 1] if found[number] is None else found[number]
    told, before = [], ""
    for name in found:
        before = before if name is None else name
        told.append(before)
    return told


@dataclass(slots=True, kw_only=True)
class LogWords:
    """Tells a log row by row; rows are to be given in order."""

    timezone: str = "UTC"
    """In which windows are told; to be set before a row of an opportunity whose market has another."""
    _units: dict[str, str] = field(default_factory=dict)
    """Price unit in words by opportunity."""
    _open: dict[str, str] = field(default_factory=dict)
    """What each effect does, in words, by key."""

    _agreed: dict[str, int] = field(default_factory=dict)
    """Number of options agreed by opportunity."""

    def sentence(self, row: Mapping[str, Any]) -> str:
        """One row in plain words; rows of kinds that this gridpact does not know are named by their kind."""
        kind, payload = str(row["kind"]), row["payload"]
        tell = _TELL.get(kind)
        if tell is None:
            return f"{kind.replace('_', ' ').capitalize()}."
        return tell(self, payload)

    def price(self, value: float | None, payload: Payload) -> str:
        """A price in the unit of the row's opportunity."""
        unit = self._units.get(str(payload.get("opportunity_id")), "USD/MWh")
        return "no price" if value is None else f"{value:,.2f} {unit}"

    def _started(self, payload: Payload) -> str:
        return f"Run {payload['run']} began, with gridpact {payload['version']} and seed {payload['seed']}."

    def _inputs(self, payload: Payload) -> str:
        earlier = payload.get("earlier_runs") or []
        bound = f" Promises of {words.counted(len(earlier), 'earlier run')} bind the homes." if earlier else ""
        loss = ", bidding even at a loss" if payload.get("allow_loss") else ""
        return (
            f"Read {words.counted(payload['homes'], 'home')} and {words.counted(len(payload['sha256']), 'kind')} of "
            f"input. Homes negotiate by the strategy {label(payload['strategy'])}, in at most "
            f"{words.counted(payload['rounds'], 'round')}{loss}.{bound}"
        )

    def _baseline(self, payload: Payload) -> str:
        return (
            f"Froze the day of {words.counted(payload['homes'], 'home')} as it would be without the power plant: "
            f"{payload['intervals']} intervals, costing the owners {words.money(payload['cost_usd'])}."
        )

    def _announced(self, payload: Payload) -> str:
        name, product = payload["opportunity_id"], payload["product"]
        self._units[name] = words.unit("usd_per_mwh" if product == "energy" else "usd_per_mw_h")
        scenarios = payload.get("scenarios") or []
        future = payload.get("rules_not_yet_in_force") or []
        return (
            f"{_name(name)} was announced: {words.quantity(payload['requested_kw'])} kW of "
            f"{words.PRODUCTS.get(product, product)}, {words.window(payload, self.timezone)}, under the rules "
            f"{_name(payload['rules'])}. The expected price is {self.price(payload['reference_price'], payload)}"
            + (f", from {words.counted(len(scenarios), 'scenario')}" if scenarios else "")
            + (f". Not yet in force, and applied all the same: {', '.join(map(str, future))}" if future else "")
            + "."
        )

    def _bids(self, payload: Payload) -> str:
        if not payload["homes"]:
            return f"Round {payload['round']}: no home asked for anything."
        return (
            f"Round {payload['round']}: {words.counted(payload['homes'], 'home')} asked, for "
            f"{words.quantity(payload['asked_kw'])} kW in all; the lowest ask was "
            f"{self.price(payload['lowest_ask'], payload)}."
        )

    def _offers(self, payload: Payload) -> str:
        probe = (
            ". That is more than the market is worth, and was only to learn what filling the request would cost"
            if payload.get("probe")
            else ""
        )
        return (
            f"Round {payload['round']}: offered {self.price(payload['price'], payload)} to "
            f"{words.counted(payload['homes'], 'home')}{probe}."
        )

    def _answers(self, payload: Payload) -> str:
        said = (
            ("accept", "accepted"),
            ("counter", "took part or nothing and talked on"),
            ("refuse", "refused"),
            ("expired", "did not answer"),
        )
        counts = ", ".join(f"{payload[name]:,} {what}" for name, what in said if payload.get(name))
        return (
            f"Round {payload['round']}: {counts or 'nobody answered'}; {words.quantity(payload['accepted_kw'])} kW "
            "were newly agreed."
        )

    def _advised(self, payload: Payload) -> str:
        picks = Counter(str(each["choice"]) for each in payload["picks"])
        chosen = ", ".join(f"{name} for {count:,}" for name, count in sorted(picks.items()))
        what = "asks" if payload["what"] == "ask" else "answers"
        said = f"the language model picked for the {what} of {words.counted(sum(picks.values()), 'home')}: {chosen}. "
        left = words.counted(payload["fallbacks"], "home")
        rest = f"{left} followed the built-in policy." if payload["fallbacks"] else ""
        return f"Round {payload['round']}: {said if picks else ''}{rest}".rstrip()

    def _tactic(self, payload: Payload) -> str:
        who = "" if payload["picked"] else ", as nothing usable was picked"
        extra = "no bonus" if payload["bonus"] == "none" else f"a {payload['bonus']} bonus"
        return f"Round {payload['round']}: offers climb at a {payload['pace']} pace with {extra}{who}."

    def _replaced(self, payload: Payload) -> str:
        what = "asks" if payload["what"] == "ask" else "answers"
        return (
            f"Round {payload['round']}: the {what} of {_homes(payload['home_ids'])} were replaced by the built-in "
            f"policy, because the strategy {label(payload['strategy'])} was refused: {label(payload['reason'], 200)}."
        )

    def _message(self, payload: Payload) -> str:
        receipt = payload["receipt"]
        kind = receipt.get("kind")
        if not kind:
            what = "A message that cannot be told whose it is"
        elif kind == "award":
            what = "The market's award"
        else:
            what = f"Round {receipt['round']}: the {label(kind)} of {_name(receipt['home_id'])}"
        said = {
            "applied": " came and counts",
            "repeated": " came again; the first one stands",
        }.get(str(receipt["verdict"]), f" came and was refused: {label(receipt.get('words', ''), 300)}")
        note = ". A note came with it; its words are kept outside the log" if payload.get("note") else ""
        return f"{what}{said}{note}."

    def _closed(self, payload: Payload) -> str:
        parts = [
            (payload["accepted"], "agreed"),
            (payload["refused"], "refused"),
            (payload["expired"], "fell silent"),
            (payload["unable"], "could not deliver anything"),
        ]
        counts = ", ".join(f"{count:,} {what}" for count, what in parts if count)
        self._agreed[str(payload.get("opportunity_id"))] = payload["options"]
        return (
            f"The talks closed after {words.counted(payload['round'], 'round')}: {counts or 'no homes'}. "
            f"{words.counted(payload['options'], 'option')} over {words.quantity(payload['options_kw'])} kW are held."
        )

    def _dropped(self, payload: Payload) -> str:
        home = _name(payload["home_id"])
        if "stage" in payload:
            return f"{home} dropped out after the award; its devices do what they would have done anyway."
        without = payload.get("formed_again_without", [])
        return f"{home} dropped out before gate closure; the coalition is formed again without {_homes(without)}."

    def _formed(self, payload: Payload) -> str:
        if self._agreed.get(str(payload.get("opportunity_id"))) == 0:
            return "Nothing was agreed, so there was no coalition to form."
        method, diagnosis, value = payload.get("method"), payload.get("diagnosis"), payload.get("expected_value_usd")
        if diagnosis or not method:
            text = "No coalition is worth forming"
        else:
            text = {
                "optimal": "The best coalition was found",
                "fallback": "The exact method did not answer in time, and a simpler one formed the coalition",
            }.get(str(method), f"The coalition was formed ({label(method)})")
            text += "" if value is None else f"; it is expected to be worth {words.money(value)} to the operator"
        avoided = payload.get("loss_avoided_usd")
        text += "" if not avoided else f"; not filling the request avoids a loss of {words.money(avoided)}"
        notes = [diagnosis, *(payload.get("notes") or []), *(payload.get("shadow_prices") or [])]
        return "; ".join([text, *(label(each, 300) for each in notes if each)]) + "."

    def _bid(self, payload: Payload) -> str:
        segments = payload["segments"]
        steps = ", ".join(
            f"{words.quantity(each['quantity_kw'])} kW at {each['price']:,.2f}" for each in segments[:NAMED_HOMES]
        )
        more = f" and {len(segments) - NAMED_HOMES} more" if len(segments) > NAMED_HOMES else ""
        total = sum(each["quantity_kw"] for each in segments)
        unit = self._units.get(str(payload.get("opportunity_id")), "USD/MWh")
        broken = payload.get("rules_broken") or []
        wrong = f" The market's rules refuse it: {'; '.join(label(each, 200) for each in broken)}." if broken else ""
        return f"Bid {words.quantity(total)} kW in {words.counted(len(segments), 'step')}: {steps}{more} {unit}.{wrong}"

    def _cleared(self, payload: Payload) -> str:
        took = payload["quantity_kw"]
        what = f"took {words.quantity(took)} kW" if took > 0 else "took nothing"
        return f"The market cleared at {self.price(payload['price'], payload)} and {what}."

    def _dispatched(self, payload: Payload) -> str:
        broken = payload.get("broken") or []
        wrong = (
            " Not every promise can be kept: "
            + "; ".join(f"{_name(each['home_id'])}: {label(each['reason'], 200)}" for each in broken[:NAMED_HOMES])
            + (f"; and {len(broken) - NAMED_HOMES} more" if len(broken) > NAMED_HOMES else "")
            + "."
            if broken
            else ""
        )
        by_highs = payload.get("problems_by_highs", 0)
        second = f", {by_highs:,} of them by the second solver" if by_highs else ""
        return (
            f"Planned the day of {words.counted(payload['homes_with_promises'], 'home')} with promises; the whole day "
            f"costs the owners {words.money(payload['cost_usd'])} before they are paid. "
            f"{words.counted(payload['problems_solved'], 'home problem')} were solved in all{second}.{wrong}"
        )

    def _settled(self, payload: Payload) -> str:
        broken = payload.get("owners_limits_broken") or []
        penalty, departures = payload["penalty_usd"], payload.get("departures_from_plan", 0)
        kept = (
            " No owner's limit was broken."
            if not broken
            else f" Limits of owners were broken {words.counted(len(broken), 'time')}: "
            + ", ".join(f"{_name(each['home_id'])} ({label(each['limit'])})" for each in broken[:NAMED_HOMES])
            + "."
        )
        return (
            f"Of {words.quantity(payload['committed_kwh'])} kWh promised, {words.quantity(payload['delivered_kwh'])} "
            f"kWh were delivered. The market paid {words.money(payload['market_revenue_usd'])}, owners received "
            f"{words.money(payload['owner_payments_usd'])}"
            + (f", and penalties took {words.money(penalty)}" if penalty else "")
            + f".{kept}"
            + (f" Homes departed from their plans {words.counted(departures, 'time')}." if departures else "")
        )

    def _files(self, payload: Payload) -> str:
        files = sorted(payload["sha256"])
        return f"Wrote {words.counted(len(files), 'file')}: {', '.join(files)}."

    def _finished(self, payload: Payload) -> str:
        return f"The run finished: {str(payload.get('outcome', 'done')).replace('_', ' ')}."

    def _published(self, payload: Payload) -> str:
        del payload
        return "The run folder stands whole on disk."

    def _begun(self, payload: Payload) -> str:
        key, what = str(payload["effect"]), label(payload["what"], 200)
        self._open[key] = what
        match key.split("/")[0]:
            case "homes" | "formation":
                return f"Began to work out {what}."
            case "bid":
                return f"Began to send {what} to the market."
            case _:
                return f"Began: {what}."

    def _done(self, payload: Payload) -> str:
        key = str(payload["effect"])
        what = self._open.get(key, key)
        kept = f"kept as book {str(payload['book'])[:12]}, {_size(payload.get('bytes', 0))}"
        match key.split("/")[0]:
            case "homes" | "formation":
                return f"Worked out {what} ({kept})."
            case "bid":
                return f"Sent {what} to the market and had its answer ({kept})."
            case _:
                return f"Done: {what} ({kept})."


_TELL: dict[str, Callable[[LogWords, Payload], str]] = {
    EventKind.RUN_STARTED: LogWords._started,
    EventKind.INPUTS_READ: LogWords._inputs,
    EventKind.BASELINE_FROZEN: LogWords._baseline,
    EventKind.OPPORTUNITY_ANNOUNCED: LogWords._announced,
    EventKind.BIDS_COLLECTED: LogWords._bids,
    EventKind.OFFERS_MADE: LogWords._offers,
    EventKind.ANSWERS_COLLECTED: LogWords._answers,
    EventKind.MESSAGE_RECEIVED: LogWords._message,
    EventKind.HOMES_ADVISED: LogWords._advised,
    EventKind.TACTIC_CHOSEN: LogWords._tactic,
    EventKind.REPLACED_BY_POLICY: LogWords._replaced,
    EventKind.NEGOTIATION_CLOSED: LogWords._closed,
    EventKind.MEMBER_DROPPED: LogWords._dropped,
    EventKind.COALITION_FORMED: LogWords._formed,
    EventKind.BID_SUBMITTED: LogWords._bid,
    EventKind.MARKET_CLEARED: LogWords._cleared,
    EventKind.DISPATCHED: LogWords._dispatched,
    EventKind.SETTLED: LogWords._settled,
    EventKind.FILES_WRITTEN: LogWords._files,
    EventKind.RUN_FINISHED: LogWords._finished,
    EventKind.PUBLISHED: LogWords._published,
    EventKind.EFFECT_BEGUN: LogWords._begun,
    EventKind.EFFECT_DONE: LogWords._done,
}


def _name(value: object) -> str:
    return label(value, LONGEST_NAME)


def _homes(home_ids: Sequence[str]) -> str:
    named = ", ".join(_name(home) for home in home_ids[:NAMED_HOMES])
    more = len(home_ids) - NAMED_HOMES
    return f"{named} and {words.counted(more, 'more home')}" if more > 0 else named


def _size(count: int) -> str:
    return f"{count:,} bytes" if count < 1000 else f"{count / 1000:,.1f} kB"
