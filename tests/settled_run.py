"""A small fleet, its traces and a whole run's files, for tests of settlement and results."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gridpact.horizon import Horizon
from gridpact.results.dispatch import dispatch_frame
from gridpact.results.events import EventLog
from gridpact.results.result import (
    BidRecord,
    ChecksRecord,
    ClearingRecord,
    CoalitionRecord,
    DeliveryRecord,
    MetricsRecord,
    NegotiationRecord,
    OpportunityRecord,
    Outcome,
    OutcomeRecord,
    RunIdentity,
    RunResult,
    SegmentRecord,
    SettlementRecord,
)
from gridpact.results.run_folder import RunFiles
from gridpact.results.tables import FORMS, empty_table
from gridpact.settlement.ledger import Account, Kind, Ledger
from gridpact.settlement.premises import CarStays, Premises, Trace

START = datetime(2022, 7, 14, 0, 0, tzinfo=UTC)
END = datetime(2022, 7, 14, 2, 0, tzinfo=UTC)
HORIZON = Horizon.covering([(START, END)], timezone="America/Chicago", step_minutes=60)
T = HORIZON.periods

BATTERY = {
    "battery_capacity_kwh": 10.0,
    "battery_charge_kw": 5.0,
    "battery_discharge_kw": 5.0,
    "battery_charge_efficiency": 0.95,
    "battery_discharge_efficiency": 0.95,
    "battery_soc_fraction": 0.5,
    "battery_min_soc_fraction": 0.1,
    "battery_max_soc_fraction": 1.0,
    "battery_wear_usd_per_kwh": 0.02,
    "backup_soc_fraction": 0.2,
}
VEHICLE = {
    "vehicle_capacity_kwh": 60.0,
    "vehicle_charge_kw": 7.2,
    "vehicle_discharge_kw": 7.2,
    "vehicle_charge_efficiency": 0.9,
    "vehicle_discharge_efficiency": 0.9,
    "vehicle_soc_fraction": 0.5,
    "vehicle_required_soc_fraction": 0.6,
    "vehicle_arrive": "18:00",
    "vehicle_depart": "07:00",
}
STAY = (6, 19, 30.0, 36.0)


def fleet_frame(*homes: Mapping[str, Any]) -> pd.DataFrame:
    """A fleet in the contract's columns; what a home does not name it does not have."""
    schema = FORMS["fleet"].schema
    rows = []
    for number, home in enumerate(homes, start=1):
        row: dict[str, Any] = {field.name: np.nan if str(field.type) == "double" else None for field in schema}
        row |= {
            "home_id": f"h{number}",
            "meter_id": f"m{number}",
            "zone": "ercot",
            "timezone": "America/Chicago",
            "load_profile": "model:9800:1",
            "tariff": "flat",
            "export_allowed": True,
            "blackout": [],
        }
        rows.append(row | dict(home))
    return pd.DataFrame(rows, columns=schema.names)


def premises(*homes: Mapping[str, Any], blackout: Any = None) -> Premises:
    """Facts of homes; a car stays as in STAY."""
    frame = fleet_frame(*homes)
    owners = [number for number, home in enumerate(homes) if home.get("vehicle_capacity_kwh")]
    first, stop, start_kwh, required_kwh = (np.full(len(owners), value) for value in STAY)
    stays = CarStays(
        home=np.array(owners, dtype=np.int64),
        first=first,
        stop=stop,
        start_kwh=start_kwh,
        required_kwh=required_kwh,
    )
    return Premises.of_fleet(frame, HORIZON, stays=stays, blackout=blackout)


def idle(facts: Premises, *, load_kw: float = 1.0, solar_kw: float = 0.0, **settings: Any) -> Trace:
    """Every device off, unless a setting of shape (H, T) is given; energies and net follow."""
    shape = (facts.homes, facts.periods)
    arrays = {
        name: np.array(np.broadcast_to(settings.get(name, value), shape), dtype=float)
        for name, value in {
            "load_kw": load_kw,
            "solar_kw": solar_kw,
            "curtailed_kw": 0.0,
            "battery_charge_kw": 0.0,
            "battery_discharge_kw": 0.0,
            "vehicle_charge_kw": 0.0,
            "vehicle_discharge_kw": 0.0,
            "reserve_kw": 0.0,
        }.items()
    }
    return Trace(
        **arrays,
        net_kw=arrays["load_kw"]
        + arrays["battery_charge_kw"]
        - arrays["battery_discharge_kw"]
        + arrays["vehicle_charge_kw"]
        - arrays["vehicle_discharge_kw"]
        - arrays["solar_kw"]
        + arrays["curtailed_kw"],
        battery_soc_kwh=facts.battery_start_kwh[:, None]
        + np.cumsum(
            facts.battery_charge_efficiency[:, None] * arrays["battery_charge_kw"]
            - arrays["battery_discharge_kw"] / facts.battery_discharge_efficiency[:, None],
            axis=1,
        )
        * facts.step_h,
        vehicle_soc_kwh=_car(facts, arrays),
    )


def _car(facts: Premises, arrays: Mapping[str, Any]) -> Any:
    energy = np.full((facts.homes, facts.periods), np.nan)
    stays = facts.stays
    for home, first, stop, now in zip(stays.home, stays.first, stays.stop, stays.start_kwh, strict=True):
        for t in range(first, stop):
            into = arrays["vehicle_charge_kw"][home, t] * facts.vehicle_charge_efficiency[home]
            out = arrays["vehicle_discharge_kw"][home, t] / facts.vehicle_discharge_efficiency[home]
            now += (into - out) * facts.step_h
            energy[home, t] = now
    return energy


def run_files(path: Path, *, seed: int = 0, homes: Sequence[Mapping[str, Any]] = (BATTERY, {})) -> RunFiles:
    """The sealed files of a plausible run of two homes; ``seed`` goes into result.json."""
    facts = premises(*homes)
    trace = idle(facts)
    tables = {name: empty_table(name) for name in FORMS}
    tables["fleet"] = fleet_frame(*homes)
    tables["dispatch"] = dispatch_frame(
        facts, {"baseline": trace, "planned": trace, "realised": trace}, HORIZON.interval_starts
    )
    tables["coalition"] = pd.DataFrame(
        [("evening", "h1", 2.0, 4.0, 0.32, 0.75, "cheapest"), ("evening", "h2", 0.0, 0.0, 0.0, np.nan, "no device")],
        columns=FORMS["coalition"].schema.names,
    )
    ledger = Ledger()
    ledger.post(
        opportunity_id="evening",
        kind=Kind.MARKET_REVENUE,
        payer=Account.MARKET,
        receiver=Account.OPERATOR,
        amount_microusd=480_000,
        memo="2.000 kW, 2 h, at 120.00",
    )
    return RunFiles.encode(path, result=run_result(seed=seed), tables=tables, ledger=ledger)


def run_result(*, seed: int = 0) -> RunResult:
    """A result with one award."""
    return RunResult(
        run=RunIdentity(id="abc", seed=seed, version="0.1.0", inputs_sha256={"fleet": "0" * 64, "alpha": "1" * 64}),
        opportunities=(
            OpportunityRecord(
                id="evening",
                product="energy",
                direction="up",
                start=START,
                end=END,
                step_minutes=60,
                requested_kw=30.0,
                minimum_kw=0.0,
                reference_price=120.0,
                price_unit="usd_per_mwh",
                rules="demo",
            ),
        ),
        outcomes=(OutcomeRecord(opportunity_id="evening", outcome=Outcome.AWARDED, price=120.0),),
        negotiation=NegotiationRecord(
            rounds=3,
            invited=2,
            bids=1,
            offers=3,
            accepted=1,
            refused=0,
            expired=0,
            price_first=60.0,
            price_final=80.0,
            strategies={"concession": 2},
        ),
        coalition=CoalitionRecord(members=("h1",), options_kw=2.0, committed_kw=2.0),
        bid=(
            BidRecord(
                opportunity_id="evening",
                segments=(SegmentRecord(quantity_kw=2.0, price=80.0),),
                method="optimal",
                status="optimal",
                gap=0.0,
                solver="HIGHS",
            ),
        ),
        clearing=(ClearingRecord(opportunity_id="evening", price=120.0, quantity_kw=2.0),),
        delivery=DeliveryRecord(committed_kwh=4.0, delivered_kwh=4.0),
        settlement=SettlementRecord(market_revenue_usd=0.48, owner_payments_usd=0.32, operator_profit_usd=0.16),
        metrics=MetricsRecord(fill=2.0 / 30.0),
        checks=ChecksRecord(),
    )


def event_log(files: RunFiles) -> EventLog:
    """A short log that seals ``files``."""
    log = EventLog()
    log.append("run_started", at=START, payload={"run": "abc"})
    log.append("files_written", at=END, payload={"sha256": files.digests()})
    log.append("run_finished", at=END, payload={})
    return log
