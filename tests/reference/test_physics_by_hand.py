"""The vectorised physics step against a plain loop over one home at a time, written apart from it."""

import math

import numpy as np
import pytest

from gridpact.settlement.physics import simulate
from settled_run import BATTERY, STAY, VEHICLE, T, idle, premises

KINDS = (
    BATTERY,
    VEHICLE,
    BATTERY | VEHICLE | {"solar_kw": 5.0},
    BATTERY | VEHICLE | {"solar_kw": 5.0, "export_allowed": False},
    {"solar_kw": 5.0, "export_allowed": False},
    {},
)


def by_hand(home, settings, load_kw, solar_kw):
    """Rows (curtailed, charge, discharge, car in, car out, net, battery, car) of one home, one hour at a time."""
    capacity = home.get("battery_capacity_kwh", 0.0)
    energy = start = capacity * home.get("battery_soc_fraction", 0.0)
    low, high = min(start, capacity * home.get("battery_min_soc_fraction", 0.0)), capacity
    car, rows = 0.0, []
    for t in range(len(load_kw)):
        curtail, charge, discharge, into, out = (float(settings[name][t]) for name in range(5))
        if charge >= discharge:
            discharge = 0.0
        else:
            charge = 0.0
        charge = min(charge, 5.0, (high - energy) / 0.95) if capacity else 0.0
        discharge = min(discharge, 5.0, (energy - low) * 0.95) if capacity else 0.0
        here = "vehicle_capacity_kwh" in home and STAY[0] <= t < STAY[1]
        if t == STAY[0]:
            car = STAY[2]
        if into >= out:
            out = 0.0
        else:
            into = 0.0
        into = min(into, 7.2, (60.0 - car) / 0.9) if here else 0.0
        out = min(out, 7.2, (car - 9.0) * 0.9) if here else 0.0
        curtail = min(curtail, float(solar_kw[t]))
        net = float(load_kw[t]) + charge - discharge + into - out - float(solar_kw[t]) + curtail
        if not home.get("export_allowed", True) and net < 0:
            step = min(-net, float(solar_kw[t]) - curtail)
            curtail, net = curtail + step, net + step
            step = min(-net, out)
            out, net = out - step, net + step
            step = min(-net, discharge)
            discharge, net = discharge - step, net + step
        energy += 0.95 * charge - discharge / 0.95
        car += 0.9 * into - out / 0.9
        rows.append((curtail, charge, discharge, into, out, net, energy, car if here else math.nan))
    return np.array(rows).T


@pytest.mark.parametrize("seed", [*range(10), *(pytest.param(seed, marks=pytest.mark.deep) for seed in range(10, 500))])
def test_same_as_by_hand(seed):
    print(f"seed {seed}")
    random = np.random.default_rng(seed)
    facts = premises(*KINDS)
    shape = (len(KINDS), T)
    solar = np.where(facts.has_solar[:, None], random.uniform(0, 5, shape), 0.0)
    load = random.uniform(0, 4, shape)
    told = {
        name: random.uniform(-1, 8, shape).clip(0)
        for name in (
            "curtailed_kw",
            "battery_charge_kw",
            "battery_discharge_kw",
            "vehicle_charge_kw",
            "vehicle_discharge_kw",
        )
    }
    done = simulate(facts, planned=idle(facts, **told), baseline=idle(facts), load_kw=load, solar_kw=solar).trace
    for home, kind in enumerate(KINDS):
        wanted = by_hand(kind, [values[home] for values in told.values()], load[home], solar[home])
        found = [getattr(done, name)[home] for name in (*told, "net_kw", "battery_soc_kwh", "vehicle_soc_kwh")]
        np.testing.assert_allclose(np.stack(found), wanted, atol=1e-9, err_msg=f"home {home}")
