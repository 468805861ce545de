"""One owner's day in plain words, made of that owner's facts and nothing else."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gridpact.report import words
from gridpact.report.page import label

Facts = Mapping[str, Any]
LIMITS = {
    "backup": "the battery went below its backup",
    "blackout": "a device was moved in a blackout window",
    "car_ready": "the car was not charged as wanted",
    "export": "the home fed in although it may not",
    "cycles": "the battery was cycled more than allowed",
    "car_left_short": "the car was left with less energy",
    "battery_left_short": "the battery was left with less energy",
    "heat_comfort": "it was colder than comfortable",
    "heat_left_short": "less heat was left",
}
_LONGEST_NAME = 80
_STORY = (
    "opportunity_announced",
    "options",
    "called",
    "not_called",
    "plan_problem",
    "dropped_out",
    "window",
    "day",
    "limits",
    "delivered",
)
"""Lines that make up an owner's day in short, in the order of the trail."""
MUST = ("called", "not_called", "earned")
"""Lines that no telling may leave out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerLine:
    """One sentence of an owner's trail."""

    stage: str
    kind: str
    text: str
    opportunity_id: str = ""
    at: str | None = None
    """Simulated time, ISO; none within the talks, whose clock depends on others."""


def owner_lines(facts: Facts) -> Iterator[OwnerLine]:
    """The day of one owner, in order.

    Args:
        facts: see `gridpact.report.owner_facts`.
    """
    yield from _wishes(facts["preferences"])
    for promise in facts["earlier_promises"]:
        product = words.PRODUCTS.get(promise["product"], promise["product"])
        yield OwnerLine(
            stage="start",
            kind="earlier_promise",
            opportunity_id=promise["opportunity_id"],
            text=f"You had already promised {words.quantity(promise['quantity_kw'])} kW of {product}, "
            f"{words.window(promise, facts['timezone'])}.",
        )
    for opportunity in facts["opportunities"]:
        yield from _call(opportunity, facts["timezone"])
        yield from _talks(opportunity)
        yield from _promise(opportunity)
    if facts["dropped_out_after_award"]:
        yield OwnerLine(
            stage="day",
            kind="dropped_out",
            text="Your home dropped out after the award; your devices did what they would have done anyway.",
        )
    yield from _day(facts)
    yield from _money(facts)


_PICKS = {
    "hold": "held its price",
    "small": "came down a little",
    "medium": "came down clearly",
    "large": "came down a long way",
    "reservation": "asked for no more than you need",
    "accept": "took all that the offer covered",
    "part": "took a part of what the offer covered",
    "wait": "waited",
}
"""What a language model's picks mean."""


def owner_story(facts: Facts) -> tuple[OwnerLine, ...]:
    """The day of one owner in short: what was asked, in or out and why, what the devices did, and what it earned.

    Args:
        facts: see `gridpact.report.owner_facts`.
    """
    lines = [line for line in owner_lines(facts) if line.kind in _STORY]
    earned = sum(line["amount_microusd"] for line in facts["ledger"])
    amount = f"{words.quantity(abs(earned) / 1e6, 6)} USD"
    text = f"In all you {'earned' if earned > 0 else 'lost'} {amount}." if earned else "You earned nothing."
    return (*lines, OwnerLine(stage="pay", kind="earned", text=text))


def _wishes(wishes: Facts) -> Iterator[OwnerLine]:
    said = []
    if wishes["backup_soc_fraction"]:
        said.append(f"keep {_percent(wishes['backup_soc_fraction'])} of the battery for outages")
    if wishes["max_cycles_per_day"] is not None:
        said.append(f"at most {words.quantity(wishes['max_cycles_per_day'])} full battery cycles a day")
    if wishes["floor_usd_per_mwh"]:
        said.append(f"no energy below {wishes['floor_usd_per_mwh']:,.2f} USD/MWh")
    if wishes["vehicle_required_soc_fraction"] is not None:
        by = f" by {label(wishes['vehicle_depart'])}" if wishes["vehicle_depart"] else ""
        said.append(f"the car at {_percent(wishes['vehicle_required_soc_fraction'])}{by}")
    if wishes["blackout"]:
        said.append(f"no change in {', '.join(label(each) for each in wishes['blackout'])}")
    if not wishes["export_allowed"]:
        said.append("nothing is fed into the grid")
    text = f"Your wishes: {'; '.join(said)}." if said else "You set no limits of your own."
    yield OwnerLine(stage="start", kind="preferences", text=text)


def _call(opportunity: Facts, timezone: str) -> Iterator[OwnerLine]:
    product = words.PRODUCTS.get(opportunity["product"], opportunity["product"])
    yield OwnerLine(
        stage="call",
        kind="opportunity_announced",
        opportunity_id=opportunity["opportunity_id"],
        at=opportunity["talks_begin"],
        text=f"{label(opportunity['opportunity_id'], _LONGEST_NAME)} was announced: "
        f"{words.quantity(opportunity['requested_kw'])} kW of {product}, {words.window(opportunity, timezone)}, under "
        f"the rules {label(opportunity['rules'], _LONGEST_NAME)}.",
    )


def _talks(opportunity: Facts) -> Iterator[OwnerLine]:
    name, unit = opportunity["opportunity_id"], words.unit(opportunity["price_unit"])
    rounds: dict[int, list[OwnerLine]] = {}

    def say(number: int, kind: str, text: str) -> None:
        rounds.setdefault(number, []).append(OwnerLine(stage="talks", kind=kind, opportunity_id=name, text=text))

    for ask in opportunity["asks"]:
        widths: dict[float, float] = {}
        for each in ask["segments"]:
            widths[each["price"]] = widths.get(each["price"], 0.0) + each["quantity_kw"]
        steps = ", ".join(f"{words.quantity(width)} kW at {price:,.2f}" for price, width in widths.items())
        say(ask["round"], "ask", f"Round {ask['round']}: you asked for {steps} {unit}.")
    for each in opportunity.get("picks", ()):
        text = (
            f"Round {each['round']}: a language model spoke for you and {_PICKS.get(each['choice'], each['choice'])}."
        )
        say(each["round"], "pick", text)
    for each in opportunity["replaced"]:
        say(
            each["round"],
            "replaced",
            f"Round {each['round']}: your agent's {each['what']} could not be used ({label(each['reason'], 200)}), and "
            "the built-in policy spoke for you.",
        )
    for each in opportunity["refused_messages"]:
        text = f"Round {each['round']}: your {each['kind']} was refused, because {label(each['reason'], 200)}."
        say(each["round"], "refused_message", text)
    for offer in opportunity["offers"]:
        number = offer["round"]
        say(
            number,
            "offer",
            f"Round {number}: you were offered {offer['price']:,.2f} {unit}, for up to "
            f"{words.quantity(offer['cap_kw'])} kW.",
        )
        say(number, "answer", f"Round {number}: {_answer(offer)}.")
    for number in sorted(rounds):
        yield from rounds[number]
    if opportunity["notes"]:
        notes = words.counted(opportunity["notes"], "note")
        text = f"You sent {notes}; the words are kept outside the run's log, and you can have them erased."
        yield OwnerLine(stage="talks", kind="notes", opportunity_id=name, text=text)


def _answer(offer: Facts) -> str:
    new = f"{words.quantity(offer['accepted_kw'])} kW"
    match offer["answer"]:
        case "accept":
            said = f"you accepted {new}"
        case "counter" if offer["accepted_kw"] > 0:
            said = f"you accepted {new} and asked more for the rest"
        case "counter":
            said = "you asked for more"
        case "refuse":
            said = "you refused"
        case _:
            said = "you did not answer in time"
    return said


def _promise(opportunity: Facts) -> Iterator[OwnerLine]:
    name, unit, gate = opportunity["opportunity_id"], words.unit(opportunity["price_unit"]), opportunity["gate_closure"]
    options, promised = opportunity["options"], opportunity["promised_kw"]
    if options:
        total = sum(each["quantity_kw"] for each in options)
        prices = sorted({each["price"] for each in options})
        price = " to ".join(f"{each:,.2f}" for each in (prices if len(prices) < 2 else [prices[0], prices[-1]]))
        text = f"You agreed to hold {words.quantity(total)} kW ready at {price} {unit}."
        yield OwnerLine(stage="promise", kind="options", opportunity_id=name, at=gate, text=text)
    if promised > 0:
        called = [each for each in options if each["activated"]]
        power = sum(each["quantity_kw"] for each in called)
        mean = sum(each["quantity_kw"] * each["price"] for each in called) / power if power else 0.0
        price = f" at {words.quantity(mean, 4)} {unit}" if power else ""
        yield OwnerLine(
            stage="promise",
            kind="called",
            opportunity_id=name,
            at=gate,
            text=f"You are in: {words.quantity(promised)} kW were called{price}.",
        )
    else:
        yield OwnerLine(
            stage="promise",
            kind="not_called",
            opportunity_id=name,
            at=gate,
            text=f"You are out. Why: {label(opportunity['why'], 300)}.",
        )
    if opportunity["plan_problem"]:
        yield OwnerLine(
            stage="promise",
            kind="plan_problem",
            opportunity_id=name,
            at=gate,
            text=f"Your promise cannot be kept in full: {label(opportunity['plan_problem'], 300)}.",
        )


def _day(facts: Facts) -> Iterator[OwnerLine]:
    for opportunity in facts["opportunities"]:
        window = opportunity["window"]
        if opportunity["promised_kw"] <= 0:
            continue
        planned, realised = (_net(window[phase]["net_kwh"], past=True) for phase in ("planned", "realised"))
        text = (
            f"In the window you would have {_net(window['baseline']['net_kwh'])}; the plan was that you {planned}, "
            f"and you {realised}."
        )
        if opportunity["product"] != "energy" and "reserve_kw" in window["realised"]:
            text += f" At least {words.quantity(window['realised']['reserve_kw'])} kW of reserve were held throughout."
        for store, what in (("battery", "The battery"), ("vehicle", "The car")):
            low = window["realised"].get(f"{store}_lowest_kwh")
            if low is not None:
                text += f" {what} went down to {words.quantity(low, 2)} kWh."
        yield OwnerLine(
            stage="day",
            kind="window",
            opportunity_id=opportunity["opportunity_id"],
            at=opportunity["start"],
            text=text,
        )
    day = facts["day"]
    bought, sold = (f"{words.quantity(day['realised'][key], 2)} kWh" for key in ("bought_kwh", "sold_kwh"))
    yield OwnerLine(
        stage="day",
        kind="day",
        text=f"Over the whole day you bought {bought} and fed in {sold}; without the power plant it would have been "
        f"{words.quantity(day['baseline']['bought_kwh'], 2)} and {words.quantity(day['baseline']['sold_kwh'], 2)} kWh "
        "as forecast." + _lows(day["realised"]),
    )
    broken = facts["limits_broken"]
    told = "; ".join(f"{LIMITS.get(each['limit'], each['limit'])} ({each['phase']})" for each in broken)
    yield OwnerLine(
        stage="day",
        kind="limits",
        text=f"Limits that were broken: {told}." if broken else "Every wish of yours was kept.",
    )


def _lows(day: Facts) -> str:
    names = (("battery", "battery"), ("vehicle", "car"))
    lows = [
        f"the {what} {words.quantity(day[f'{key}_lowest_kwh'], 2)} kWh"
        for key, what in names
        if f"{key}_lowest_kwh" in day
    ]
    return f" Lowest in the day: {', '.join(lows)}." if lows else ""


def _net(net_kwh: float, *, past: bool = False) -> str:
    taken = "took" if past else "taken"
    given = "gave" if past else "given"
    verb, place = (taken, "from") if net_kwh >= 0 else (given, "to")
    return f"{verb} {words.quantity(abs(net_kwh))} kWh {place} the grid"


def _money(facts: Facts) -> Iterator[OwnerLine]:
    known = {opportunity["opportunity_id"] for opportunity in facts["opportunities"]}
    for opportunity in facts["opportunities"]:
        name = opportunity["opportunity_id"]
        if opportunity["promised_kw"] > 0:
            energy = words.quantity(opportunity["delivered_kwh"])
            what = (
                f"delivered {energy} kWh"
                if opportunity["product"] == "energy"
                else f"held reserve of {energy} kWh (power times hours)"
            )
            yield OwnerLine(
                stage="pay",
                kind="delivered",
                opportunity_id=name,
                text=f"You {what} and are paid {_usd(round(opportunity['paid_usd'] * 1e6))}.",
            )
        yield from (_booked(line) for line in facts["ledger"] if line["opportunity_id"] == name)
    yield from (_booked(line) for line in facts["ledger"] if line["opportunity_id"] not in known)


def _booked(line: Facts) -> OwnerLine:
    return OwnerLine(
        stage="pay",
        kind="ledger",
        opportunity_id=line["opportunity_id"],
        text=f"Booked {_usd(line['amount_microusd'])} as {str(line['kind']).replace('_', ' ')}: "
        f"{label(line['memo'], 200)}.",
    )


def _usd(amount_microusd: int) -> str:
    """Whole micro-dollars as dollars, all digits."""
    dollars, rest = divmod(abs(amount_microusd), 1_000_000)
    return f"{'-' if amount_microusd < 0 else ''}{dollars:,}.{rest:06d} USD"


def _percent(fraction: float) -> str:
    return f"{words.quantity(100 * fraction, 1)}%"
