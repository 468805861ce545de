"""Traces of the three phases as the rows of ``dispatch.parquet``."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from gridpact.errors import InputError
from gridpact.results.plain import DECIMALS
from gridpact.results.tables import FORMS, PHASES
from gridpact.settlement.premises import Bools, Premises, Trace

SOLVER_NOISE = 1e-6
"""A setting or energy this little below zero is zero [kW, kWh]."""


def dispatch_frame(premises: Premises, traces: Mapping[str, Trace], interval_starts: pd.DatetimeIndex) -> pd.DataFrame:
    """One row for each phase, home and interval; empty where a home does not have the device, or the car is away.

    Args:
        premises: the homes.
        traces: by phase, all three of ``PHASES``.
        interval_starts: start of every interval, UTC, shape (T,).

    Raises:
        InputError: a phase is missing or unknown.
    """
    if set(traces) != set(PHASES):
        raise InputError(f"dispatch needs the phases {', '.join(PHASES)}; got {', '.join(traces)}")
    homes, periods = premises.homes, premises.periods
    battery, vehicle, solar = (
        np.broadcast_to(mask[:, None], (homes, periods))
        for mask in (premises.has_battery, premises.has_vehicle, premises.has_solar)
    )
    present: dict[str, Bools] = {
        "solar_kw": solar,
        "curtailed_kw": solar,
        "battery_charge_kw": battery,
        "battery_discharge_kw": battery,
        "battery_soc_kwh": battery,
        "reserve_kw": battery,
        "vehicle_charge_kw": vehicle,
        "vehicle_discharge_kw": vehicle,
        "vehicle_soc_kwh": premises.plugged(),
    }
    columns: dict[str, object] = {
        "phase": pd.Categorical.from_codes(
            np.repeat(np.arange(len(PHASES)), homes * periods), categories=pd.Index(PHASES)
        ),
        "home_id": pd.Categorical.from_codes(
            np.tile(np.repeat(np.arange(homes), periods), len(PHASES)),
            categories=pd.Index(premises.home_ids),
        ),
        "interval_start": interval_starts[np.tile(np.arange(periods), homes * len(PHASES))],
    }
    names = FORMS["dispatch"].schema.names
    settings = {name: [getattr(traces[phase], name) for phase in PHASES] for name in names[3:]}
    for device, facts in premises.devices.items():
        present |= {name: np.broadcast_to(facts.owned[:, None], (homes, periods)) for name in _of_device(device)}
        power, energy = _of_device(device)
        settings[power] = [traces[phase].devices[device].power_kw for phase in PHASES]
        settings[energy] = [traces[phase].devices[device].energy_kwh for phase in PHASES]
    for name, by_phase in settings.items():
        cells = np.stack(by_phase)
        if name != "net_kw":
            cells[(cells < 0) & (cells > -SOLVER_NOISE)] = 0.0
        np.round(cells, DECIMALS, out=cells)
        cells += 0.0
        if name in present:
            cells[:, ~present[name]] = np.nan
        columns[name] = cells.ravel()
    return pd.DataFrame(columns, columns=[*names[:3], *settings], copy=False)


def _of_device(name: str) -> tuple[str, str]:
    """Columns of a further device's power and energy."""
    return f"{name}_kw", f"{name}_kwh"
