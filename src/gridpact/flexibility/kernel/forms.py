"""From a home's problem and what binds it to the kernel's arrays."""

import numpy as np

from gridpact.flexibility.home import Floats, HomeProblem
from gridpact.flexibility.kernel.arrays import Home
from gridpact.flexibility.program import vehicle_lowest_kwh
from gridpact.flexibility.terms import Terms


def form(home: HomeProblem, terms: Terms) -> Home | None:
    """The kernel's view of ``home`` under ``terms``; None where its frozen settings already break a limit."""
    n, h = home.periods, home.step_h
    fixed = terms.fixed
    into, out = home.battery_charge_efficiency, home.battery_discharge_efficiency
    battery, vehicle, sun = terms.frozen_battery, terms.frozen_vehicle, terms.frozen_solar
    plugged = np.zeros(n, dtype=np.bool_)
    for session in home.sessions:
        plugged[session.first : session.stop] = True
    need, solar = home.load_kw.copy(), home.solar_kw.copy()
    charge = np.full(n, home.battery_charge_kw * home.has_battery)
    discharge = home.battery_discharge_kw * home.has_battery - terms.reserve_kw
    plug_in = np.where(plugged, home.vehicle_charge_kw, 0.0)
    plug_out = np.where(plugged, home.vehicle_discharge_kw, 0.0)
    drift, drawn, plug_drift = np.zeros(n), np.zeros(n), np.zeros(n)
    base = terms.baseline
    if base is not None:
        kept = np.where(battery, base.battery_discharge_kw, 0.0)
        if np.any(kept[battery] > discharge[battery] + 1e-9):
            return None
        filled = np.where(battery, base.battery_charge_kw, 0.0)
        drawn = kept * h / out
        drift = filled * into * h - drawn
        need += filled - kept
        car_in = np.where(vehicle & plugged, base.vehicle_charge_kw, 0.0)
        car_out = np.where(vehicle & plugged, base.vehicle_discharge_kw, 0.0)
        plug_drift = car_in * home.vehicle_charge_efficiency * h - car_out * h / home.vehicle_discharge_efficiency
        need += car_in - car_out
        need -= np.where(sun, solar - base.curtailed_kw, 0.0)
        solar[sun] = 0.0
        charge[battery], discharge[battery] = 0.0, 0.0
        plug_in[vehicle], plug_out[vehicle] = 0.0, 0.0
    if np.any(discharge < -1e-9):
        return None
    discharge = np.maximum(discharge, 0.0)
    floor = np.full(n + 1, home.battery_floor_kwh)
    if base is not None and home.operator_reserve_kwh > 0:
        floor[1:] = np.maximum(floor[1:], np.minimum(home.operator_reserve_kwh, base.battery_soc_kwh))
    floor += np.maximum(np.append(terms.reserve_energy_kwh, 0.0), np.insert(terms.reserve_energy_kwh, 0, 0.0))
    ceiling = np.full(n + 1, home.battery_ceiling_kwh)
    floor[-1] = max(floor[-1], terms.battery_end_kwh)
    start = home.battery_start_kwh
    if not home.has_battery:
        start = 0.0
        floor[:], ceiling[:] = 0.0, 0.0
    if floor[0] > start + 1e-9 or np.any(floor > ceiling + 1e-9):
        return None
    least = np.maximum(terms.least_net_kw, need - solar - discharge - plug_out)
    most = np.minimum(terms.most_net_kw, need + charge + plug_in)
    least = np.where(fixed, terms.fixed_net_kw, least)
    most = np.where(fixed, terms.fixed_net_kw, most)
    if np.any(least > most + 1e-9):
        return None
    sessions = len(home.sessions)
    return Home(
        step_h=h,
        need_kw=need,
        solar_kw=solar,
        least_kw=least,
        most_kw=np.maximum(most, least),
        buy=np.ascontiguousarray(home.import_usd_per_kwh),
        sell=np.ascontiguousarray(home.export_usd_per_kwh),
        charge_kw=charge,
        discharge_kw=discharge,
        drift_kwh=drift,
        drawn_kwh=drawn,
        floor_kwh=floor,
        ceiling_kwh=np.maximum(ceiling, floor),
        start_kwh=start,
        into=into,
        out=out,
        wear=home.battery_wear_usd_per_kwh,
        plug_in_kw=plug_in,
        plug_out_kw=plug_out,
        plug_drift_kwh=plug_drift,
        plug_into=home.vehicle_charge_efficiency,
        plug_out=home.vehicle_discharge_efficiency,
        plug_capacity_kwh=home.vehicle_capacity_kwh,
        session=np.array([(s.first, s.stop) for s in home.sessions], dtype=np.int64).reshape(-1, 2),
        session_kwh=np.array(
            [
                (s.start_kwh, vehicle_lowest_kwh(home, k), terms.session_end_kwh[k])
                for k, s in enumerate(home.sessions)
            ]
        ).reshape(-1, 3),
        sessions=sessions,
        cycle=np.array(home.cycle_windows, dtype=np.int64).reshape(-1, 2),
        cycle_kwh=home.cycle_limit_kwh,
    )
