"""A small valid run folder worked out by hand: plain loops and numbers, no code of gridpact or of its auditor.

Nine homes, one operating day in hours (2022-07-13 12:00 to 2022-07-14 12:00 in Chicago), two opportunities:
8 kW of energy 19:00 to 21:00, cleared at 85 USD/MWh, and 4 kW of spinning reserve 20:00 to 21:00, at 18 USD/MW per h.

  h1  battery; sells 2 kW of energy and holds 1 kW of reserve in the same hour; blackout 08:00 to 10:00
  h2  roof that must not export; curtails
  h3  car from 18:00 to 07:00; sells 5 kW by charging later
  h4  roof that exports
  h5  battery that holds 3 kW of reserve; car at home 10:00 to 16:00, cut by both ends of the day
  h6  battery with a cycle limit and a high floor; willing, but left out
  h7  battery; promises 1 kW and drops out after the award: 2 kWh short
  h8  battery that cycles in the baseline already
  h9  tank of 4 kWh that leaks a tenth an hour; half a kilowatt is drawn in the evening; blackout 08:00 to 10:00
"""

import hashlib
import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

START = datetime(2022, 7, 13, 17, tzinfo=UTC)
HOURS = 24
TIMES = [START + timedelta(hours=k) for k in range(HOURS)]
IMPORT, EXPORT = 0.10, 0.03
EFFICIENCY = 0.95
WEAR = 0.02
ENERGY, SPIN = "energy-evening", "spin-evening"
ENERGY_HOURS, SPIN_HOURS = (7, 8), (8,)
S, F, N, B = pa.string(), pa.float64(), pa.int64(), pa.bool_()
T = pa.timestamp("us", tz="UTC")

HOMES = {
    "h1": {"battery": (10.0, 5.0, 0.70), "backup": 0.20, "blackout": ["Mon-Fri 08:00-10:00"], "load": "evening"},
    "h2": {"solar": 4.0, "export": False, "load": "flat"},
    "h3": {"car": (60.0, 7.0, 0.5, 0.85, "18:00", "07:00"), "load": "flat"},
    "h4": {"solar": 4.0, "load": "flat"},
    "h5": {"battery": (13.5, 5.0, 0.60), "car": (40.0, 3.0, 0.5, 0.8, "10:00", "16:00"), "load": "flat"},
    "h6": {"battery": (10.0, 5.0, 0.80), "cycles": 1.0, "floor": 60.0, "load": "evening"},
    "h7": {"battery": (10.0, 5.0, 0.50), "floor": 30.0, "load": "evening"},
    "h8": {"battery": (5.0, 2.0, 0.50), "cycles": 1.0, "tariff": "peak", "load": "evening"},
    "h9": {"heat": (4.0, 1.5, 0.50), "blackout": ["08:00-10:00"], "load": "flat"},
}
HEAT_COP, HEAT_LEAK = 2.0, 0.1
BATTERY_EXTRA_COST = (IMPORT / EFFICIENCY**2 - IMPORT + WEAR) * 1000.0
"""What a battery's delivered energy costs where import is flat [USD/MWh]."""


def load_kw(name: str, hour: int, *, realised: bool) -> float:
    base = 1.0 if name == "flat" else (4.0 if 6 <= hour <= 9 else 1.5)
    return round(base * (1.1 if realised and hour % 3 == 0 else 1.0), 6)


def solar_share(hour: int, *, realised: bool) -> float:
    share = max(0.0, 0.8 - 0.15 * hour) if hour < 8 else (max(0.0, 0.1 * (hour - 18)))
    return round(share * (0.9 if realised else 1.0), 6)


def draws_kw(hour: int) -> float:
    return 0.5 if 6 <= hour <= 9 else 0.0


def blank() -> dict[str, list[float]]:
    return {name: [0.0] * HOURS for name in ("charge", "discharge", "car", "curtailed", "reserve", "heat")}


def soak(missing_kwh: float, hours: list[int], most_kw: float, target: list[float]) -> None:
    """Fill hours with charging until ``missing_kwh`` are in the store."""
    for hour in hours:
        power = min(most_kw - target[hour], missing_kwh / EFFICIENCY)
        target[hour] += power
        missing_kwh -= power * EFFICIENCY


def baseline_and_plan(home: str) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    base, plan = blank(), blank()
    for settings in (base, plan):
        if home == "h2":
            for hour in range(HOURS):
                surplus = 4.0 * solar_share(hour, realised=False) - load_kw("flat", hour, realised=False)
                settings["curtailed"][hour] = max(0.0, surplus)
        if home == "h3":
            soak(21.0, list(range(6, 19)) if settings is base else [6], 7.0, settings["car"])
        if home == "h5":
            soak(min(12.0, 4 * 3.0 * EFFICIENCY), [0, 1, 2, 3], 3.0, settings["car"])
            soak(max(0.0, 12.0 - 4 * 3.0 * EFFICIENCY), [22, 23], 3.0, settings["car"])
        if home == "h8":
            settings["discharge"][7] = 1.5
            soak(1.5 / EFFICIENCY, [12, 13], 2.0, settings["charge"])
    if home == "h9":
        # As little as keeps the tank from running cold, and as late; at the end it is as warm as at the start.
        stored = 2.0
        for hour in range(HOURS):
            after = 0.9 * stored - draws_kw(hour) * per_kw()
            least = 2.0 if hour == HOURS - 1 else 0.0
            base["heat"][hour] = max(0.0, least - after) / (HEAT_COP * per_kw())
            stored = after + HEAT_COP * per_kw() * base["heat"][hour]
        plan["heat"] = list(base["heat"])
    if home == "h1":
        for hour in ENERGY_HOURS:
            plan["discharge"][hour] = 2.0
        plan["reserve"][8] = 1.0
        soak(4.0 / EFFICIENCY, [12, 13], 5.0, plan["charge"])
    if home == "h3":
        for hour in ENERGY_HOURS:
            plan["car"][hour] = base["car"][hour] - 5.0
        soak(21.0 - EFFICIENCY * sum(plan["car"]), [9, 10, 11], 7.0, plan["car"])
    if home == "h5":
        plan["reserve"][8] = 3.0
    if home == "h7":
        for hour in ENERGY_HOURS:
            plan["discharge"][hour] = 1.0
        soak(2.0 / EFFICIENCY, [12], 5.0, plan["charge"])
    return base, plan


def per_kw() -> float:
    """Heat at an hour's end per kW put in throughout it [kWh]: the integral of 0.9^t over the hour."""
    return HEAT_LEAK / -math.log(1.0 - HEAT_LEAK)


def car_hours(home: str) -> dict[int, bool]:
    """Hours at the plug -> whether a session begins there."""
    if home == "h3":
        return {hour: hour == 6 for hour in range(6, 19)}
    if home == "h5":
        return {hour: hour in (0, 22) for hour in (0, 1, 2, 3, 22, 23)}
    return {}


def rows_of(home: str, phase: str, settings: dict[str, list[float]]) -> list[dict[str, object]]:
    facts = HOMES[home]
    realised = phase == "realised"
    capacity, _, share = facts.get("battery", (0.0, 0.0, 0.0))
    stored = capacity * share
    at_plug, car = car_hours(home), 0.0
    tank = facts["heat"][0] * facts["heat"][2] if "heat" in facts else None
    rows = []
    for hour in range(HOURS):
        load = load_kw(facts["load"], hour, realised=realised)
        solar = facts.get("solar", 0.0) * solar_share(hour, realised=realised)
        curtailed = settings["curtailed"][hour]
        charge, discharge, into_car = settings["charge"][hour], settings["discharge"][hour], settings["car"][hour]
        if realised:
            curtailed = min(curtailed, solar)
            if not facts.get("export", True):
                curtailed = max(curtailed, solar - load)
        stored += charge * EFFICIENCY - discharge / EFFICIENCY
        if at_plug.get(hour):
            car = facts["car"][0] * facts["car"][2]
        car += into_car * EFFICIENCY
        heat = settings["heat"][hour]
        if tank is not None:
            tank = 0.9 * tank + (HEAT_COP * heat - draws_kw(hour)) * per_kw()
        rows.append(
            {
                "phase": phase,
                "home_id": home,
                "interval_start": TIMES[hour],
                "load_kw": load,
                "solar_kw": solar,
                "curtailed_kw": curtailed,
                "battery_charge_kw": charge,
                "battery_discharge_kw": discharge,
                "vehicle_charge_kw": into_car,
                "vehicle_discharge_kw": 0.0,
                "net_kw": load + charge - discharge + into_car + heat - (solar - curtailed),
                "battery_soc_kwh": stored if capacity else None,
                "vehicle_soc_kwh": car if hour in at_plug else None,
                "reserve_kw": settings["reserve"][hour],
                "heat_kw": None if tank is None else heat,
                "heat_kwh": tank,
            }
        )
    return rows


def fleet_rows() -> list[dict[str, object]]:
    rows = []
    for home, facts in HOMES.items():
        capacity, power, share = facts.get("battery", (None, None, None))
        car = facts.get("car", (None,) * 6)
        tank = facts.get("heat", (None,) * 3)
        rows.append(
            {
                "home_id": home,
                "zone": "ercot",
                "timezone": "America/Chicago",
                "battery_capacity_kwh": capacity,
                "battery_charge_kw": power,
                "battery_discharge_kw": power,
                "battery_charge_efficiency": EFFICIENCY if capacity else None,
                "battery_discharge_efficiency": EFFICIENCY if capacity else None,
                "battery_soc_fraction": share,
                "battery_min_soc_fraction": 0.1 if capacity else None,
                "battery_max_soc_fraction": 1.0 if capacity else None,
                "battery_wear_usd_per_kwh": WEAR if capacity else None,
                "vehicle_capacity_kwh": car[0],
                "vehicle_charge_kw": car[1],
                "vehicle_discharge_kw": None,
                "vehicle_charge_efficiency": EFFICIENCY if car[0] else None,
                "vehicle_discharge_efficiency": EFFICIENCY if car[0] else None,
                "vehicle_soc_fraction": car[2],
                "vehicle_required_soc_fraction": car[3],
                "vehicle_arrive": car[4],
                "vehicle_depart": car[5],
                "solar_kw": facts.get("solar"),
                "load_profile": facts["load"],
                "solar_profile": "roof" if facts.get("solar") else None,
                "tariff": facts.get("tariff", "flat"),
                "backup_soc_fraction": facts.get("backup", 0.0),
                "max_cycles_per_day": facts.get("cycles"),
                "blackout": facts.get("blackout", []),
                "floor_usd_per_mwh": facts.get("floor", 0.0),
                "export_allowed": facts.get("export", True),
                "persona": "moderate",
                "meter_id": f"meter-{home}",
                "heat_capacity_kwh": tank[0],
                "heat_power_kw": tank[1],
                "heat_cop": HEAT_COP if tank[0] else None,
                "heat_leak_fraction_per_h": HEAT_LEAK if tank[0] else None,
                "heat_start_fraction": tank[2],
                "heat_demand_profile": "showers" if tank[0] else None,
            }
        )
    return rows


FLEET_SCHEMA = pa.schema(
    [("home_id", S), ("zone", S), ("timezone", S)]
    + [(f"battery_{n}", F) for n in ("capacity_kwh", "charge_kw", "discharge_kw", "charge_efficiency")]
    + [(f"battery_{n}", F) for n in ("discharge_efficiency", "soc_fraction", "min_soc_fraction", "max_soc_fraction")]
    + [("battery_wear_usd_per_kwh", F)]
    + [(f"vehicle_{n}", F) for n in ("capacity_kwh", "charge_kw", "discharge_kw", "charge_efficiency")]
    + [(f"vehicle_{n}", F) for n in ("discharge_efficiency", "soc_fraction", "required_soc_fraction")]
    + [("vehicle_arrive", S), ("vehicle_depart", S), ("solar_kw", F), ("load_profile", S), ("solar_profile", S)]
    + [("tariff", S), ("backup_soc_fraction", F), ("max_cycles_per_day", F), ("blackout", pa.list_(S))]
    + [("floor_usd_per_mwh", F), ("export_allowed", B), ("persona", S), ("meter_id", S)]
    + [(f"heat_{n}", F) for n in ("capacity_kwh", "power_kw", "cop", "leak_fraction_per_h", "start_fraction")]
    + [("heat_demand_profile", S)]
)
OPPORTUNITY, ROUND, HOME, SEGMENT = ("opportunity_id", S), ("round", N), ("home_id", S), ("segment", N)
DISPATCH_NUMBERS = [
    "load_kw",
    "solar_kw",
    "curtailed_kw",
    *(f"{device}_{way}_kw" for device in ("battery", "vehicle") for way in ("charge", "discharge")),
    "net_kw",
    "battery_soc_kwh",
    "vehicle_soc_kwh",
    "reserve_kw",
    "heat_kw",
    "heat_kwh",
]
SCHEMAS = {
    "fleet.parquet": FLEET_SCHEMA,
    "profiles.parquet": pa.schema([("profile", S), ("interval_start", T), ("forecast_kw", F), ("realised_kw", F)]),
    "tariffs.parquet": pa.schema(
        [("tariff", S), ("interval_start", T), ("import_usd_per_kwh", F), ("export_usd_per_kwh", F)]
    ),
    "bids.parquet": pa.schema([OPPORTUNITY, ROUND, HOME, SEGMENT, ("quantity_kw", F), ("price", F)]),
    "offers.parquet": pa.schema(
        [OPPORTUNITY, ROUND, HOME, ("price", F), ("cap_kw", F), ("answer", S), ("accepted_kw", F), ("reason", S)]
    ),
    "options.parquet": pa.schema([OPPORTUNITY, HOME, SEGMENT, ("quantity_kw", F), ("price", F), ("activated", B)]),
    "coalition.parquet": pa.schema(
        [
            OPPORTUNITY,
            HOME,
            ("committed_kw", F),
            ("delivered_kwh", F),
            ("paid_usd", F),
            ("satisfaction", F),
            ("reason", S),
        ]
    ),
    "dispatch.parquet": pa.schema([("phase", S), HOME, ("interval_start", T)] + [(n, F) for n in DISPATCH_NUMBERS]),
    "private/reservations.parquet": pa.schema([OPPORTUNITY, HOME, ("quantity_kw", F), ("cost_usd", F)]),
}
LEDGER_HEADER = "entry_id,opportunity_id,account,home_id,amount_microusd,kind,memo"

BIDS = [
    (ENERGY, 1, "h1", [(1.0, 45.0), (1.0, 60.0)]),
    (ENERGY, 1, "h3", [(5.0, 20.0)]),
    (ENERGY, 1, "h6", [(2.0, 75.0)]),
    (ENERGY, 1, "h7", [(1.0, 45.0), (0.5, 65.0)]),
    (ENERGY, 2, "h1", [(1.0, 40.0), (1.0, 55.0)]),
    (ENERGY, 2, "h3", [(5.0, 18.0)]),
    (ENERGY, 2, "h6", [(2.0, 65.0)]),
    (ENERGY, 2, "h7", [(1.0, 42.0), (0.5, 60.0)]),
    (SPIN, 1, "h1", [(1.0, 5.0)]),
    (SPIN, 1, "h5", [(3.0, 5.0)]),
]
OFFERS = [
    (ENERGY, 1, "h1", 50.0, 2.0, "counter", 1.0),
    (ENERGY, 1, "h3", 50.0, 5.0, "accept", 5.0),
    (ENERGY, 1, "h6", 50.0, 2.0, "counter", 0.0),
    (ENERGY, 1, "h7", 50.0, 1.5, "counter", 1.0),
    (ENERGY, 2, "h1", 70.0, 2.0, "accept", 1.0),
    (ENERGY, 2, "h6", 70.0, 2.0, "accept", 2.0),
    (ENERGY, 2, "h7", 70.0, 1.5, "accept", 0.5),
    (SPIN, 1, "h1", 10.0, 1.0, "accept", 1.0),
    (SPIN, 1, "h5", 10.0, 3.0, "accept", 3.0),
]
OPTIONS = [
    (ENERGY, "h1", 1, 1.0, 50.0, True),
    (ENERGY, "h1", 2, 1.0, 70.0, True),
    (ENERGY, "h3", 1, 5.0, 50.0, True),
    (ENERGY, "h6", 1, 2.0, 70.0, False),
    (ENERGY, "h7", 1, 1.0, 50.0, True),
    (ENERGY, "h7", 2, 0.5, 70.0, False),
    (SPIN, "h1", 1, 1.0, 10.0, True),
    (SPIN, "h5", 1, 3.0, 10.0, True),
]
COSTS = [
    (ENERGY, "h1", [(1.0, 2.0), (2.0, 4.0)]),
    (ENERGY, "h3", [(5.0, 0.0)]),
    (ENERGY, "h6", [(2.0, 4.0)]),
    (ENERGY, "h7", [(1.0, 2.0), (1.5, 3.0)]),
    (SPIN, "h1", [(1.0, 0.0)]),
    (SPIN, "h5", [(3.0, 0.0)]),
]
"""Cumulative kW, and delivered kWh that pass through a battery."""
MEMBERS = {
    # committed kW, delivered kWh, average price, options kW
    (ENERGY, "h1"): (2.0, 4.0, 60.0, 2.0),
    (ENERGY, "h3"): (5.0, 10.0, 50.0, 5.0),
    (ENERGY, "h6"): (0.0, 0.0, 0.0, 2.0),
    (ENERGY, "h7"): (1.0, 0.0, 50.0, 1.5),
    (SPIN, "h1"): (1.0, 1.0, 10.0, 1.0),
    (SPIN, "h5"): (3.0, 3.0, 10.0, 3.0),
}
REFERENCE = {ENERGY: 80.0, SPIN: 20.0}
LEAST_MARGIN_KEPT = {
    # (lowest planned energy - floor) / (lowest baseline energy - floor)
    "h1": (7.0 - 4.0 / EFFICIENCY - 2.0) / (7.0 - 2.0),
    "h5": 1.0,
    "h6": 1.0,
    "h7": (5.0 - 2.0 / EFFICIENCY - 1.0) / (5.0 - 1.0),
}


def satisfaction(opportunity: str, home: str) -> float | None:
    committed, delivered, price, offered = MEMBERS[opportunity, home]
    if committed == 0:
        return None
    hours = 2.0 if opportunity == ENERGY else 1.0
    through_battery = opportunity == ENERGY and "battery" in HOMES[home]
    cost = BATTERY_EXTRA_COST * committed * hours / 1000.0 if through_battery else 0.0
    worth = REFERENCE[opportunity] * committed * hours / 1000.0
    pay = min(1.0, max(0.0, (price * delivered / 1000.0 - cost) / (worth - cost)))
    terms = [(0.6, pay), (0.2, committed / offered)]
    if "battery" in HOMES[home]:
        terms.append((0.2, LEAST_MARGIN_KEPT[home]))
    return sum(weight * term for weight, term in terms) / sum(weight for weight, _ in terms)


def profile(name: str, hour: int, *, realised: bool) -> float:
    if name == "showers":
        return draws_kw(hour)
    return solar_share(hour, realised=realised) if name == "roof" else load_kw(name, hour, realised=realised)


def tables() -> dict[str, list[dict[str, object]]]:
    dispatch: list[dict[str, object]] = []
    both = {home: baseline_and_plan(home) for home in HOMES}
    for phase in ("baseline", "planned", "realised"):
        for home in HOMES:
            base, plan = both[home]
            settings = base if phase == "baseline" or (phase == "realised" and home == "h7") else plan
            dispatch += rows_of(home, phase, settings)
    profiles = [
        {
            "profile": name,
            "interval_start": TIMES[hour],
            "forecast_kw": profile(name, hour, realised=False),
            "realised_kw": profile(name, hour, realised=True),
        }
        for name in ("evening", "flat", "roof", "showers")
        for hour in range(HOURS)
    ]
    tariffs = [
        {
            "tariff": name,
            "interval_start": TIMES[hour],
            "import_usd_per_kwh": 0.30 if name == "peak" and hour == 7 else IMPORT,
            "export_usd_per_kwh": EXPORT,
        }
        for name in ("flat", "peak")
        for hour in range(HOURS)
    ]
    named = ("opportunity_id", "home_id", "committed_kw", "delivered_kwh", "paid_usd", "satisfaction", "reason")
    coalition = [
        dict(
            zip(
                named,
                (*key, committed, delivered, price * delivered / 1000.0, satisfaction(*key), "worked out by hand"),
                strict=True,
            )
        )
        for key, (committed, delivered, price, _) in MEMBERS.items()
    ]
    bid_names = [field.name for field in SCHEMAS["bids.parquet"]]
    offer_names = [field.name for field in SCHEMAS["offers.parquet"]]
    option_names = [field.name for field in SCHEMAS["options.parquet"]]
    return {
        "fleet.parquet": fleet_rows(),
        "profiles.parquet": profiles,
        "tariffs.parquet": tariffs,
        "bids.parquet": [
            dict(zip(bid_names, (name, number, home, place, kw, price), strict=True))
            for name, number, home, segments in BIDS
            for place, (kw, price) in enumerate(segments, start=1)
        ],
        "offers.parquet": [dict(zip(offer_names, (*offer, "as offered"), strict=True)) for offer in OFFERS],
        "options.parquet": [dict(zip(option_names, option, strict=True)) for option in OPTIONS],
        "coalition.parquet": coalition,
        "dispatch.parquet": dispatch,
        "private/reservations.parquet": [
            {
                "opportunity_id": name,
                "home_id": home,
                "quantity_kw": kw,
                "cost_usd": BATTERY_EXTRA_COST * kwh / 1000.0,
            }
            for name, home, points in COSTS
            for kw, kwh in [(0.0, 0.0), *points]
        ],
    }


LEDGER = [
    (ENERGY, "market", "", -1_360_000, "market_revenue"),
    (ENERGY, "operator", "", 1_360_000, "market_revenue"),
    (ENERGY, "operator", "", -240_000, "owner_payment"),
    (ENERGY, "home", "h1", 240_000, "owner_payment"),
    (ENERGY, "operator", "", -500_000, "owner_payment"),
    (ENERGY, "home", "h3", 500_000, "owner_payment"),
    (ENERGY, "operator", "", -212_500, "shortfall_penalty"),
    (ENERGY, "market", "", 212_500, "shortfall_penalty"),
    (SPIN, "market", "", -72_000, "market_revenue"),
    (SPIN, "operator", "", 72_000, "market_revenue"),
    (SPIN, "operator", "", -10_000, "owner_payment"),
    (SPIN, "home", "h1", 10_000, "owner_payment"),
    (SPIN, "operator", "", -30_000, "owner_payment"),
    (SPIN, "home", "h5", 30_000, "owner_payment"),
]


def result() -> dict[str, object]:
    said = {key: satisfaction(*key) for key in MEMBERS}
    members = [value for value in said.values() if value is not None]
    left_out = 0.2
    cost = BATTERY_EXTRA_COST * (4.0 + 2.0) / 1000.0
    best = (85.0 * 8.0 * 2.0 - BATTERY_EXTRA_COST * 3.0 * 2.0) / 1000.0 + 0.072
    window = {"step_minutes": 60, "direction": "up", "minimum_kw": 0.0, "rules": "demo"}
    return {
        "schema": "gridpact.result/1",
        "run": {"id": "by-hand", "seed": 0, "version": "0", "inputs_sha256": {"fleet": "0" * 64}},
        "opportunities": [
            {
                "id": ENERGY,
                "product": "energy",
                "start": "2022-07-14T00:00:00+00:00",
                "end": "2022-07-14T02:00:00+00:00",
                "requested_kw": 8.0,
                "reference_price": 80.0,
                "price_unit": "usd_per_mwh",
                **window,
            },
            {
                "id": SPIN,
                "product": "spin",
                "start": "2022-07-14T01:00:00+00:00",
                "end": "2022-07-14T02:00:00+00:00",
                "requested_kw": 4.0,
                "reference_price": 20.0,
                "price_unit": "usd_per_mw_h",
                **window,
            },
        ],
        "outcome": "awarded",
        "outcomes": [
            {
                "opportunity_id": name,
                "outcome": "awarded",
                "reason": "cleared",
                "price": price,
                "loss_avoided_usd": None,
            }
            for name, price in ((ENERGY, 85.0), (SPIN, 18.0))
        ],
        "negotiation": {
            "rounds": 2,
            "invited": 18,
            "bids": 6,
            "offers": 9,
            "accepted": 6,
            "refused": 0,
            "expired": 0,
            "price_first": 50.0,
            "price_final": (50.0 + 70.0 + 250.0 + 140.0 + 50.0 + 35.0 + 10.0 + 30.0) / 14.5,
            "strategies": {"concession": 9},
            "language": {"calls": 0, "fallbacks": 0, "tokens": 0, "cost_usd": 0.0},
        },
        "coalition": {"members": ["h1", "h3", "h5", "h7"], "options_kw": 14.5, "committed_kw": 12.0},
        "bid": [
            {
                "opportunity_id": ENERGY,
                "segments": [{"quantity_kw": 7.0, "price": 55.0}, {"quantity_kw": 1.0, "price": 75.0}],
                "method": "optimal",
                "status": "optimal",
                "gap": 0.0,
                "solver": "by hand",
            },
            {
                "opportunity_id": SPIN,
                "segments": [{"quantity_kw": 4.0, "price": 12.0}],
                "method": "optimal",
                "status": "optimal",
                "gap": 0.0,
                "solver": "by hand",
            },
        ],
        "clearing": [
            {"opportunity_id": ENERGY, "price": 85.0, "quantity_kw": 8.0},
            {"opportunity_id": SPIN, "price": 18.0, "quantity_kw": 4.0},
        ],
        "delivery": {
            "committed_kwh": 20.0,
            "delivered_kwh": 18.0,
            "shortfall_kwh": 2.0,
            "rebound_kwh": 4.0 / EFFICIENCY**2 + 10.0,
        },
        "settlement": {
            "payment_rule": "as_agreed",
            "market_revenue_usd": 1.432,
            "owner_payments_usd": 0.78,
            "penalty_usd": 0.2125,
            "operator_profit_usd": 0.4395,
        },
        "metrics": {
            "utilization": 12.0 / 14.5,
            "fill": 1.0,
            "competitiveness": (80.0 * 8.0 + 20.0 * 4.0 - 7.0 * 55.0 - 75.0 - 48.0) / (80.0 * 8.0 + 20.0 * 4.0),
            "profit_margin": 0.4395 / 1.432,
            "satisfaction_mean": sum(members) / len(members),
            "satisfaction_min": min(members),
            "satisfaction_mean_invited": (sum(members) + left_out) / (len(members) + 1),
            "surplus_share": (1.432 - cost) / best,
        },
        "checks": {
            "individually_rational": True,
            "budget_balanced": True,
            "deliverable": True,
            "rules_ok": True,
            "preferences_broken": 0,
            "double_sold": 0,
            "ledger_sum_microusd": 0,
        },
    }


EVENTS: list[tuple[str, dict[str, object]]] = [
    ("run_started", {"run": "by-hand"}),
    ("inputs_read", {"homes": 9, "spec": {"max_rounds": 2}}),
    ("effect_begun", {"effect": "homes/1", "what": "baselines of 9 homes"}),
    ("effect_done", {"effect": "homes/1", "book": "0" * 64, "bytes": 1}),
    ("baseline_frozen", {"homes": 9}),
    ("opportunity_announced", {"opportunity_id": ENERGY}),
    (
        "message_received",
        {
            "receipt": {"verdict": "applied", "kind": "bid", "opportunity_id": ENERGY, "home_id": "h1", "round": 1},
            "message": {"kind": "bid", "round": 1},
            "opportunity_id": ENERGY,
            "home_id": "h1",
        },
    ),
    (
        "message_received",
        {
            "receipt": {"verdict": "repeated", "kind": "bid", "opportunity_id": ENERGY, "home_id": "h1", "round": 1},
            "message": {},
        },
    ),
    ("bids_collected", {"opportunity_id": ENERGY, "round": 1}),
    ("offers_made", {"opportunity_id": ENERGY, "round": 1}),
    ("answers_collected", {"opportunity_id": ENERGY, "round": 1}),
    ("negotiation_closed", {"opportunity_id": ENERGY}),
    ("member_dropped", {"opportunity_id": ENERGY, "home_id": "h2", "formed_again_without": ["h2"]}),
    ("coalition_formed", {"opportunity_id": ENERGY}),
    ("bid_submitted", {"opportunity_id": ENERGY}),
    ("market_cleared", {"opportunity_id": ENERGY, "price": 85.0, "quantity_kw": 8.0}),
    ("opportunity_announced", {"opportunity_id": SPIN}),
    ("negotiation_closed", {"opportunity_id": SPIN}),
    ("market_cleared", {"opportunity_id": SPIN, "price": 18.0, "quantity_kw": 4.0}),
    ("member_dropped", {"home_id": "h7", "when": "after"}),
    ("dispatched", {"homes": 9}),
    ("settled", {"entries": 14}),
]


def write(folder: Path) -> Path:
    """Write the run folder."""
    (folder / "private").mkdir(parents=True)
    for name, rows in tables().items():
        pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMAS[name]), folder / name)
    lines = [LEDGER_HEADER] + [
        f"{leg // 2 + 1:08d}.{leg % 2 + 1},{name},{account},{home},{amount},{kind},by hand"
        for leg, (name, account, home, amount, kind) in enumerate(LEDGER)
    ]
    (folder / "ledger.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "result.json").write_text(json.dumps(result(), indent=1) + "\n", encoding="utf-8")
    performance = {
        "stages_s": {"baseline": 0.1},
        "peak_memory_mb": 1.0,
        "model_latency_s": None,
        "machine": {"cpus": 1},
    }
    (folder / "performance.json").write_text(json.dumps(performance), encoding="utf-8")
    (folder / "report.html").write_text("<!doctype html><html><body>by hand</body></html>", encoding="utf-8")
    _write_events(folder)
    return folder


def _write_events(folder: Path) -> None:
    sealed = [*SCHEMAS, "ledger.csv", "result.json"]
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in sorted(sealed)}
    previous, lines = None, []
    for seq, (kind, payload) in enumerate([*EVENTS, ("files_written", {"sha256": digests}), ("run_finished", {})]):
        at = (datetime(2022, 7, 12, 15, tzinfo=UTC) + timedelta(minutes=seq)).isoformat()
        row = {"seq": seq, "at": at, "kind": kind, "payload": payload, "previous_hash": previous}
        text = json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        previous = hashlib.sha256(text.encode()).hexdigest()
        lines.append(json.dumps({**row, "hash": previous}, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
    (folder / "events.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
