"""Plant one wrong cell in a run folder and seal its digests and hash chain again: only meaning can betray it.

Works on any run folder: a plant looks for a row that suits it and raises NothingToPlantError where there is none.

    planted = plant(folder, "dispatch_net_off")
    assert any(p.file in planted.files and planted.row in (None, p.row) for p in audit(folder).problems)
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from audit.heat_plants import HEAT_PLANTS
from audit.spoiling import (
    Folder,
    NothingToPlantError,
    Plant,
    Planted,
    Row,
    cell,
    entry,
    event,
    first,
    key,
    rows_changed,
    text,
)

__all__ = ["DIGEST_ONLY", "PLANTS", "Folder", "NothingToPlantError", "Planted", "plant"]


def plant(path: Path, name: str, *, reseal: bool | None = None) -> Planted:
    """Spoil the run folder at ``path`` with the error ``name`` of `PLANTS` or `DIGEST_ONLY`."""
    kind = PLANTS.get(name) or DIGEST_ONLY[name]
    folder = Folder(path)
    row = kind.apply(folder)
    if kind.reseal if reseal is None else reseal:
        folder.reseal()
    return Planted(
        file=kind.file,
        column=kind.column,
        row=None if kind.shows_in else row,
        files=kind.shows_in or (kind.file,),
    )


def _plus(amount: float) -> Callable[[float], float]:
    return lambda value: value + amount


def _to(value: Any) -> Callable[[Any], Any]:
    return lambda _: value


FLEET, PROFILES, TARIFFS, BIDS = "fleet.parquet", "profiles.parquet", "tariffs.parquet", "bids.parquet"
OFFERS, OPTIONS, COALITION, DISPATCH = "offers.parquet", "options.parquet", "coalition.parquet", "dispatch.parquet"
RESERVATIONS = "private/reservations.parquet"


def _has_battery(row: Row, folder: Folder) -> bool:
    return (row["battery_capacity_kwh"] or 0.0) > 0


def _has_car(row: Row, folder: Folder) -> bool:
    return bool(row["vehicle_arrive"]) and (row["vehicle_capacity_kwh"] or 0.0) > 0


def _phase(name: str, wanted: Callable[[Row], bool]) -> Callable[[Row, Folder], bool]:
    return lambda row, folder: row["phase"] == name and wanted(row)


def _battery_rows(folder: Folder) -> set[str]:
    return {row["home_id"] for row in folder.table(FLEET) if _has_battery(row, folder)}


def _uses_battery(row: Row, folder: Folder) -> bool:
    return _has_battery(row, folder) and any(
        line["home_id"] == row["home_id"] and (line["battery_discharge_kw"] or 0.0) > 0.2
        for line in folder.table(DISPATCH)
    )


def _sells_energy_from_battery(row: Row, folder: Folder) -> bool:
    sellers = {member["home_id"] for member in folder.energy_members()}
    return row["home_id"] in sellers and _uses_battery(row, folder)


def _exports(row: Row, folder: Folder) -> bool:
    return row["export_allowed"] and any(
        line["home_id"] == row["home_id"] and line["net_kw"] < -0.01 for line in folder.table(DISPATCH)
    )


def _duplicate(rows: list[Row], folder: Folder) -> int:
    rows.insert(1, dict(rows[0]))
    return 2


def _drop_last(rows: list[Row], folder: Folder) -> None:
    if not rows:
        raise NothingToPlantError
    rows.pop()


def _tariff_against_baseline(rows: list[Row], folder: Folder) -> None:
    """Make the hours that a seller avoids dear, so that the frozen baseline was no cheapest day."""
    sellers = {member["home_id"] for member in folder.energy_members()}
    tariff = {row["home_id"]: row["tariff"] for row in folder.table(FLEET)}
    net = {(row["phase"], row["home_id"], row["interval_start"]): row["net_kw"] for row in folder.table(DISPATCH)}
    for (phase, home, start), before in net.items():
        if phase == "baseline" and home in sellers and before > 0.5 + max(0.0, net["planned", home, start]):
            place = first(rows, lambda row: (row["tariff"], row["interval_start"]) == (tariff[home], start))  # noqa: B023
            rows[place]["import_usd_per_kwh"] += 50.0
            return
    raise NothingToPlantError


def _second_segment(file: str) -> Callable[[Row, Folder], bool]:
    seen: list[tuple[Any, ...]] = []

    def wanted(row: Row, folder: Folder) -> bool:
        mine = (row["opportunity_id"], row.get("round"), row["home_id"])
        again = mine in seen
        seen.append(mine)
        if again:
            seen.clear()
        return again

    return wanted


def _costly(row: Row, folder: Folder) -> bool:
    return any(
        point["home_id"] == row["home_id"]
        and point["opportunity_id"] == row["opportunity_id"]
        and point["cost_usd"] > 1e-3
        for point in folder.table(RESERVATIONS)
    )


def _floored(row: Row, folder: Folder) -> bool:
    floors = {home["home_id"]: home["floor_usd_per_mwh"] or 0.0 for home in folder.table(FLEET)}
    return floors[row["home_id"]] > 1 and folder.opportunity(row["opportunity_id"])["product"] == "energy"


def _last_bid_round(row: Row, folder: Folder) -> bool:
    return row["round"] > 1


def _second_offer(row: Row, folder: Folder) -> bool:
    return row["round"] > 1 and any(
        (other["opportunity_id"], other["home_id"]) == (row["opportunity_id"], row["home_id"])
        and other["round"] < row["round"]
        for other in folder.table(OFFERS)
    )


def _shift(rows: list[Row], folder: Folder) -> int:
    rows[-1]["interval_start"] += timedelta(days=30)
    return len(rows)


def _drop_event(kind: str) -> Callable[[list[Row]], int | None]:
    def change(events: list[Row]) -> None:
        events[:] = [row for row in events if row["kind"] != kind]

    return change


def _break_hash(events: list[Row]) -> int:
    events[2]["payload"] = {"homes": 999}
    return 3


def _break_seq(events: list[Row]) -> int:
    events[1]["seq"] += 5
    return 2


def _time_back(events: list[Row]) -> int:
    events[-1]["at"] = "2001-01-01T00:00:00+00:00"
    return len(events)


def _strange_opportunity(events: list[Row]) -> int:
    for place, row in enumerate(events):
        if isinstance(row.get("payload"), dict) and "opportunity_id" in row["payload"]:
            row["payload"]["opportunity_id"] = "no-such"
            return place + 1
    raise NothingToPlantError


def _message(events: list[Row], verdict: str) -> int:
    for place, row in enumerate(events):
        if row["kind"] == "message_received" and row["payload"]["receipt"]["verdict"] == verdict:
            return place
    raise NothingToPlantError


def _applied_twice(events: list[Row]) -> int:
    first, again = _message(events, "applied"), _message(events, "repeated")
    events[again]["payload"] = dict(events[first]["payload"])
    return again + 1


def _refused_kept(events: list[Row]) -> int:
    first, again = _message(events, "applied"), _message(events, "repeated")
    events[again]["payload"]["message"] = dict(events[first]["payload"]["message"])
    return again + 1


def _dropped_stays(events: list[Row]) -> int:
    for place, row in enumerate(events):
        if row["kind"] == "member_dropped" and "opportunity_id" in row["payload"]:
            row["payload"]["home_id"] = "h1"
            return place + 1
    raise NothingToPlantError


def _digest_missing(events: list[Row]) -> int:
    for place, row in enumerate(events):
        if row["kind"] == "files_written":
            payload = row["payload"]
            digests = next(
                (payload[name] for name in ("sha256", "files") if isinstance(payload.get(name), dict)), payload
            )
            digests.pop("ledger.csv")
            return place + 1
    raise NothingToPlantError


def _delete(file: str) -> Plant:
    def apply(folder: Folder) -> None:
        (folder.path / file).unlink()

    return Plant(file=file, column=None, apply=apply)


def _extra(folder: Folder) -> None:
    (folder.path / "notes.txt").write_text("a note", encoding="utf-8")


def _garbage(file: str) -> Plant:
    def apply(folder: Folder) -> None:
        (folder.path / file).write_bytes(bytes(range(256)) * 4)

    return Plant(file=file, column=None, apply=apply)


def _drop_line(folder: Folder) -> None:
    lines = folder.ledger()
    if len(lines) < 2:
        raise NothingToPlantError
    lines.pop()
    folder.save_ledger(lines)


_IN_DISPATCH = (DISPATCH,)
PLANTS: dict[str, Plant] = {
    # fleet.parquet
    "fleet_start_energy": cell(FLEET, "battery_soc_fraction", lambda v: v * 0.9, _has_battery, shows_in=_IN_DISPATCH),
    "fleet_battery_power": cell(FLEET, "battery_discharge_kw", _to(0.1), _uses_battery, shows_in=_IN_DISPATCH),
    "fleet_efficiency_above_one": cell(FLEET, "battery_charge_efficiency", _to(1.2), _has_battery),
    "fleet_backup_raised": cell(FLEET, "backup_soc_fraction", _to(1.0), _uses_battery, shows_in=_IN_DISPATCH),
    "fleet_cycles_cut": cell(FLEET, "max_cycles_per_day", _to(0.001), _uses_battery, shows_in=_IN_DISPATCH),
    "fleet_blackout_all_day": cell(
        FLEET, "blackout", _to(["00:00-24:00"]), _sells_energy_from_battery, shows_in=_IN_DISPATCH
    ),
    "fleet_car_wants_more": cell(FLEET, "vehicle_required_soc_fraction", _to(1.0), _has_car, shows_in=_IN_DISPATCH),
    "fleet_car_always_away": cell(FLEET, "vehicle_arrive", _to(None), _has_car, shows_in=_IN_DISPATCH),
    "fleet_export_banned": cell(FLEET, "export_allowed", _to(False), _exports, shows_in=_IN_DISPATCH),
    "fleet_floor_raised": cell(
        FLEET,
        "floor_usd_per_mwh",
        _to(99_999.0),
        lambda row, folder: row["home_id"] in {member["home_id"] for member in folder.energy_members()},
        shows_in=(BIDS, OPTIONS),
    ),
    "fleet_meter_twice": rows_changed(FLEET, lambda rows, folder: rows[1].update(meter_id=rows[0]["meter_id"]) or 2),
    "fleet_home_twice": rows_changed(FLEET, _duplicate),
    "fleet_tariff_unknown": cell(FLEET, "tariff", _to("no-such")),
    "fleet_load_profile_unknown": cell(FLEET, "load_profile", _to("no-such")),
    "fleet_timezone_unknown": cell(FLEET, "timezone", _to("Mars/Phobos")),
    "fleet_home_empty": cell(FLEET, "home_id", _to("")),
    # profiles.parquet and tariffs.parquet
    "profiles_forecast_off": cell(
        PROFILES,
        "forecast_kw",
        _plus(0.5),
        lambda row, folder: row["profile"] in {home["load_profile"] for home in folder.table(FLEET)},
        shows_in=_IN_DISPATCH,
    ),
    "profiles_realised_off": cell(
        PROFILES,
        "realised_kw",
        _plus(0.5),
        lambda row, folder: row["profile"] in {home["load_profile"] for home in folder.table(FLEET)},
        shows_in=_IN_DISPATCH,
    ),
    "profiles_sun_off": cell(
        PROFILES,
        "realised_kw",
        _plus(0.5),
        lambda row, folder: row["profile"] in {home["solar_profile"] for home in folder.table(FLEET)},
        shows_in=_IN_DISPATCH,
    ),
    "profiles_nan": cell(PROFILES, "forecast_kw", _to(float("nan"))),
    "profiles_row_missing": rows_changed(PROFILES, _drop_last),
    "profiles_row_twice": rows_changed(PROFILES, _duplicate),
    "tariffs_nan": cell(TARIFFS, "import_usd_per_kwh", _to(None)),
    "tariffs_row_missing": rows_changed(TARIFFS, _drop_last),
    "tariffs_baseline_gamed": rows_changed(TARIFFS, _tariff_against_baseline, shows_in=_IN_DISPATCH),
    # bids.parquet
    "bids_below_cost": cell(BIDS, "price", _to(-400.0), _costly),
    "bids_rise_later": cell(BIDS, "price", _plus(500.0), _last_bid_round),
    "bids_marginal_falls": cell(BIDS, "price", _to(-499.0), _second_segment(BIDS)),
    "bids_beyond_deliverable": cell(BIDS, "quantity_kw", _plus(500.0)),
    "bids_below_floor": cell(BIDS, "price", _to(0.5), _floored),
    "bids_no_width": cell(BIDS, "quantity_kw", _to(0.0)),
    "bids_home_unknown": cell(BIDS, "home_id", _to("nobody")),
    "bids_segment_skipped": cell(BIDS, "segment", _plus(7)),
    # offers.parquet
    "offers_fall": cell(OFFERS, "price", _to(-450.0), _second_offer),
    "offers_above_cap": cell(OFFERS, "cap_kw", _to(0.0), lambda row, folder: row["accepted_kw"] > 0),
    "offers_refused_yet_accepted": cell(OFFERS, "answer", _to("refuse"), lambda row, folder: row["accepted_kw"] > 0),
    "offers_answer_strange": cell(OFFERS, "answer", _to("maybe")),
    "offers_accepted_unbacked": cell(OFFERS, "accepted_kw", _plus(0.2), lambda row, folder: row["accepted_kw"] > 0),
    "offers_accepted_below_ask": cell(OFFERS, "price", _to(-450.0), lambda row, folder: row["accepted_kw"] > 0),
    "offers_round_beyond": cell(OFFERS, "round", _to(99), lambda row, folder: row["accepted_kw"] > 0),
    # options.parquet
    "options_quantity_off": cell(OPTIONS, "quantity_kw", _plus(0.3)),
    "options_price_off": cell(OPTIONS, "price", _plus(0.25)),
    "options_not_activated": cell(
        OPTIONS, "activated", _to(False), lambda row, folder: row["activated"], shows_in=(OPTIONS, COALITION)
    ),
    "options_activated_secretly": cell(
        OPTIONS, "activated", _to(True), lambda row, folder: not row["activated"], shows_in=(OPTIONS, COALITION)
    ),
    "options_opportunity_unknown": cell(OPTIONS, "opportunity_id", _to("no-such")),
    # coalition.parquet
    "coalition_committed_off": cell(COALITION, "committed_kw", _plus(0.1), lambda row, folder: row["committed_kw"] > 0),
    "coalition_delivered_off": cell(
        COALITION, "delivered_kwh", _plus(0.01), lambda row, folder: row["delivered_kwh"] > 0
    ),
    "coalition_paid_a_micro_more": cell(
        COALITION, "paid_usd", lambda v: round(v + 1e-6, 6), lambda row, folder: row["paid_usd"] > 0
    ),
    "coalition_satisfaction_off": cell(
        COALITION,
        "satisfaction",
        lambda v: v - 0.01,
        lambda row, folder: row["committed_kw"] > 0 and row["satisfaction"] > 0.02,
    ),
    "coalition_home_unknown": cell(COALITION, "home_id", _to("nobody")),
    # dispatch.parquet
    "dispatch_net_off": cell(DISPATCH, "net_kw", _plus(0.01)),
    "dispatch_net_empty": cell(DISPATCH, "net_kw", _to(None)),
    "dispatch_load_off": cell(DISPATCH, "load_kw", _plus(0.01), _phase("realised", lambda row: True)),
    "dispatch_solar_off": cell(
        DISPATCH, "solar_kw", _plus(0.05), _phase("planned", lambda row: (row["solar_kw"] or 0) > 0)
    ),
    "dispatch_curtailed_off": cell(
        DISPATCH, "curtailed_kw", _plus(50.0), lambda row, folder: (row["solar_kw"] or 0) > 0
    ),
    "dispatch_battery_charge_off": cell(
        DISPATCH, "battery_charge_kw", _plus(0.2), lambda row, folder: (row["battery_charge_kw"] or 0) > 0
    ),
    "dispatch_battery_over_limit": cell(
        DISPATCH, "battery_discharge_kw", _plus(500.0), lambda row, folder: (row["battery_discharge_kw"] or 0) > 0
    ),
    "dispatch_both_at_once": cell(
        DISPATCH, "battery_charge_kw", _to(0.5), lambda row, folder: (row["battery_discharge_kw"] or 0) > 0
    ),
    "dispatch_battery_negative": cell(
        DISPATCH, "battery_charge_kw", _to(-0.5), lambda row, folder: (row["battery_discharge_kw"] or 0) > 0
    ),
    "dispatch_vehicle_charge_off": cell(
        DISPATCH, "vehicle_charge_kw", lambda v: v * 0.5, lambda row, folder: (row["vehicle_charge_kw"] or 0) > 0
    ),
    "dispatch_battery_energy_off": cell(
        DISPATCH, "battery_soc_kwh", _plus(0.05), lambda row, folder: row["home_id"] in _battery_rows(folder)
    ),
    "dispatch_vehicle_energy_off": cell(
        DISPATCH, "vehicle_soc_kwh", _plus(0.05), lambda row, folder: row["vehicle_soc_kwh"] is not None
    ),
    "dispatch_car_while_away": cell(
        DISPATCH, "vehicle_soc_kwh", _to(5.0), lambda row, folder: row["vehicle_soc_kwh"] is None
    ),
    "dispatch_reserve_off": cell(
        DISPATCH, "reserve_kw", _plus(0.1), _phase("planned", lambda row: (row["reserve_kw"] or 0) > 0)
    ),
    "dispatch_baseline_reserve": cell(DISPATCH, "reserve_kw", _to(0.5), _phase("baseline", lambda row: True)),
    "dispatch_phase_strange": cell(DISPATCH, "phase", _to("imagined")),
    "dispatch_home_unknown": cell(DISPATCH, "home_id", _to("nobody")),
    "dispatch_time_shifted": rows_changed(DISPATCH, _shift),
    "dispatch_row_missing": rows_changed(DISPATCH, _drop_last),
    "dispatch_row_twice": rows_changed(DISPATCH, _duplicate),
    **HEAT_PLANTS,
    # private/reservations.parquet
    "reservations_cost_hidden": cell(
        RESERVATIONS,
        "cost_usd",
        _plus(100.0),
        lambda row, folder: row["quantity_kw"] > 0,
        shows_in=(RESERVATIONS, BIDS),
    ),
    "reservations_less_deliverable": cell(
        RESERVATIONS,
        "quantity_kw",
        lambda v: v * 0.01,
        lambda row, folder: row["quantity_kw"] > 0,
        shows_in=(RESERVATIONS, BIDS),
    ),
    "reservations_home_unknown": cell(RESERVATIONS, "home_id", _to("nobody")),
    # ledger.csv
    "ledger_owner_a_micro_less": entry(4, lambda v: str(int(v) - 1), lambda cells: cells[2] == "home", row=False),
    "ledger_market_pays_less": entry(4, lambda v: str(int(v) + 1000), lambda cells: cells[2] == "market", row=False),
    "ledger_not_whole": entry(4, lambda v: v + ".5", lambda cells: True),
    "ledger_account_strange": entry(2, lambda v: "bank", lambda cells: cells[2] == "home"),
    "ledger_account_swapped": entry(2, lambda v: "operator", lambda cells: cells[2] == "market"),
    "ledger_wrong_home": entry(3, lambda v: "nobody", lambda cells: cells[2] == "home"),
    "ledger_kind_strange": entry(5, lambda v: "gift", lambda cells: True),
    "ledger_kind_swapped": entry(5, lambda v: "owner_payment", lambda cells: cells[2] == "market"),
    "ledger_opportunity_unknown": entry(1, lambda v: "no-such", lambda cells: True),
    "ledger_entry_twice": entry(0, lambda v: "00000001.1", lambda cells: cells[0] != "00000001.1"),
    "ledger_line_missing": Plant(file="ledger.csv", column=None, apply=_drop_line),
    # result.json
    "result_schema": key("schema", to=_to("gridpact.result/9")),
    "result_outcome": key("outcome", to=lambda v: "no_deal" if v != "no_deal" else "awarded"),
    "result_outcomes": key("outcomes", 0, "outcome", to=lambda v: "no_deal" if v != "no_deal" else "awarded"),
    "result_requested": key("opportunities", 0, "requested_kw", to=lambda v: v / 100.0),
    "result_window": key("opportunities", 0, "end", to=_to("2001-01-01T00:00:00+00:00")),
    "result_reference_price": key(
        "opportunities", 0, "reference_price", to=lambda v: v * 1.5 + 1.0, shows_in=("result.json", COALITION)
    ),
    "result_price_unit": key("opportunities", 0, "price_unit", to=_to("usd_per_mw")),
    "result_rounds": key("negotiation", "rounds", to=_to(0)),
    "result_accepted": key("negotiation", "accepted", to=_plus(1)),
    "result_offers": key("negotiation", "offers", to=_plus(1)),
    "result_bids": key("negotiation", "bids", to=_plus(1)),
    "result_language_fallbacks": key("negotiation", "language", to=lambda use: {**use, "fallbacks": use["calls"] + 1}),
    "result_language_tokens": key("negotiation", "language", to=lambda use: {**use, "tokens": 12}),
    "result_language_unpriced": key("negotiation", "language", to=lambda use: {**use, "cost_usd": None}),
    "result_language_negative": key("negotiation", "language", to=lambda use: {**use, "calls": -1}),
    "result_language_unnamed": key("negotiation", "language", to=lambda use: {**use, "calls": 3}),
    "result_price_final": key("negotiation", "price_final", to=_plus(0.5)),
    "result_members": key("coalition", "members", to=lambda v: [*v, "nobody"]),
    "result_options_kw": key("coalition", "options_kw", to=_plus(1.0)),
    "result_committed_kw": key("coalition", "committed_kw", to=_plus(1.0)),
    "result_bid_price": key("bid", 0, "segments", 0, "price", to=_to(9999.0)),
    "result_bid_quantity": key("bid", 0, "segments", 0, "quantity_kw", to=_plus(1000.0)),
    "result_clearing_price": key("clearing", 0, "price", to=_plus(7.0), shows_in=("result.json", "ledger.csv")),
    "result_clearing_quantity": key("clearing", 0, "quantity_kw", to=_plus(0.5)),
    "result_delivered": key("delivery", "delivered_kwh", to=_plus(0.1)),
    "result_committed_kwh": key("delivery", "committed_kwh", to=_plus(0.1)),
    "result_shortfall": key("delivery", "shortfall_kwh", to=_plus(0.1)),
    "result_rebound": key("delivery", "rebound_kwh", to=_plus(0.1)),
    "result_revenue": key("settlement", "market_revenue_usd", to=_plus(0.01)),
    "result_owner_payments": key("settlement", "owner_payments_usd", to=_plus(0.000001)),
    "result_penalty": key("settlement", "penalty_usd", to=_plus(0.01)),
    "result_profit": key("settlement", "operator_profit_usd", to=_plus(0.01)),
    **{
        f"result_{name}": key("metrics", name, to=lambda v: v * 0.9 - 0.001)
        for name in (
            "utilization",
            "fill",
            "competitiveness",
            "profit_margin",
            "satisfaction_mean",
            "satisfaction_min",
            "satisfaction_mean_invited",
            "surplus_share",
        )
    },
    **{
        f"result_{name}": key("checks", name, to=lambda v: not v)
        for name in ("individually_rational", "budget_balanced", "deliverable", "rules_ok")
    },
    **{
        f"result_{name}": key("checks", name, to=_plus(1))
        for name in ("preferences_broken", "double_sold", "ledger_sum_microusd")
    },
    # events.jsonl and the folder itself
    "events_hash_broken": event(_break_hash, chain=False),
    "events_number_skipped": event(_break_seq),
    "events_time_backward": event(_time_back),
    "events_end_missing": event(_drop_event("run_finished")),
    "events_baseline_missing": event(_drop_event("baseline_frozen")),
    "events_outcome_missing": event(_drop_event("effect_done")),
    "events_message_applied_twice": event(_applied_twice),
    "events_refused_message_kept": event(_refused_kept),
    "events_dropped_member_stays": event(_dropped_stays),
    "events_intent_missing": event(_drop_event("effect_begun")),
    "events_opportunity_unknown": event(_strange_opportunity),
    "events_digest_missing": event(_digest_missing),
    "performance_nan": text("performance.json", lambda _: '{"peak_memory_mb": NaN}'),
    "performance_negative": text("performance.json", lambda _: '{"peak_memory_mb": -1}'),
    "report_loads_from_network": text(
        "report.html", lambda page: page + '<script src="https://example.org/x.js"></script>'
    ),
    "report_no_page": text("report.html", lambda page: "nothing"),
    "folder_file_missing": _delete("tariffs.parquet"),
    "folder_file_extra": Plant(file="notes.txt", column=None, apply=_extra),
    "garbage_table": _garbage("dispatch.parquet"),
    "garbage_result": _garbage("result.json"),
    "garbage_ledger": _garbage("ledger.csv"),
    "garbage_events": Plant(file="events.jsonl", column=None, apply=_garbage("events.jsonl").apply, reseal=False),
}

DIGEST_ONLY: dict[str, Plant] = {
    "ledger_memo": entry(6, lambda v: v + "!", lambda cells: True, row=False),
    "coalition_reason": cell(COALITION, "reason", _to("another reason")),
    "offers_reason": cell(OFFERS, "reason", _to("another reason")),
    "fleet_persona": cell(FLEET, "persona", _to("someone else")),
    "fleet_zone": cell(FLEET, "zone", _to("elsewhere")),
    "result_version": key("run", "version", to=_to("9.9")),
    "result_seed": key("run", "seed", to=_plus(1)),
    "result_solver": key("bid", 0, "solver", to=_to("another")),
}
"""Cells that nothing else in the folder contradicts: only digests betray them; who forges and reseals is not found."""
