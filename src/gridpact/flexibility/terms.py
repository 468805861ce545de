"""What binds a home's schedule beyond its own equipment: the baseline, commitments, blackouts and the ask."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from gridpact.flexibility.home import Ask, Bools, Commitment, Floats, HomeProblem, Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Everything a program needs besides the `HomeProblem`. T is the number of intervals."""

    baseline: Schedule | None
    """None while the baseline itself is sought."""
    fixed_net_kw: Floats
    """Net load that is promised, before the ask; NaN where the home is free, shape (T,) [kW]."""
    most_net_kw: Floats
    """Upper limit of net load, inf where there is none, shape (T,) [kW]."""
    least_net_kw: Floats
    """Lower limit of net load, -inf where there is none, shape (T,) [kW]."""
    reserve_kw: Floats
    """Reserve held for commitments, shape (T,) [kW]."""
    reserve_energy_kwh: Floats
    """Energy above the battery's floor that those reserves need throughout an interval, shape (T,) [kWh]."""
    frozen_battery: Bools
    """Where the battery keeps its baseline setting, shape (T,)."""
    frozen_vehicle: Bools
    frozen_solar: Bools
    frozen_devices: Mapping[str, Bools] = field(default_factory=dict)
    """The same for each further device, by name; empty while the baseline itself is sought."""
    battery_end_kwh: float
    """Least battery energy at the end of the horizon [kWh]."""
    session_end_kwh: tuple[float, ...]
    """Least vehicle energy at the end of each session [kWh]."""
    windows: Bools
    """Intervals inside the window of any commitment or of the ask, shape (T,)."""
    promised: bool = False
    """Whether there are commitments."""
    ask: Ask | None = None
    ask_window: Bools
    """Shape (T,)."""
    ask_energy_h: float = 0.0
    """Battery energy that each kW of the asked reserve needs [kWh per kW]."""
    most_quantity_kw: float = 0.0
    """Upper limit of the ask's quantity that follows from rules alone; below zero if nothing can be asked [kW]."""
    conflict: str | None = None
    """Why the commitments cannot be kept whatever the home does, if that shows without solving."""

    @property
    def fixed(self) -> Bools:
        """Intervals with a promised net load, the ask's included."""
        return ~np.isnan(self.fixed_net_kw)

    def fixed_cost_usd(self, home: HomeProblem, quantity_kw: float) -> float:
        """Energy bill of the intervals with a promised net load, when the ask is met with ``quantity_kw`` [USD]."""
        fixed = self.fixed
        net = self.fixed_net_kw[fixed]
        if self.ask is not None and not self.ask.reserve:
            net = net - quantity_kw * self.ask_window[fixed]
        buy, sell = home.import_usd_per_kwh[fixed], home.export_usd_per_kwh[fixed]
        return float(np.sum(buy * np.maximum(net, 0.0) - sell * np.maximum(-net, 0.0)) * home.step_h)


def without_vpp(home: HomeProblem) -> Terms:
    """The terms under which a baseline is sought."""
    periods = home.periods
    nothing = np.zeros(periods, dtype=np.bool_)
    return Terms(
        baseline=None,
        fixed_net_kw=np.full(periods, np.nan),
        most_net_kw=np.full(periods, np.inf),
        least_net_kw=_export_limit(home),
        reserve_kw=np.zeros(periods),
        reserve_energy_kwh=np.zeros(periods),
        frozen_battery=nothing,
        frozen_vehicle=nothing,
        frozen_solar=nothing,
        battery_end_kwh=home.battery_start_kwh,
        session_end_kwh=tuple(session.required_kwh for session in home.sessions),
        windows=nothing,
        ask_window=nothing,
    )


def with_promises(
    home: HomeProblem, baseline: Schedule, commitments: Sequence[Commitment], ask: Ask | None = None
) -> Terms:
    """The terms of a planned schedule that keeps ``commitments`` and leaves the quantity of ``ask`` open."""
    periods = home.periods
    blackout = home.blackout if home.blackout.size else np.zeros(periods, dtype=np.bool_)
    promised = np.zeros(periods)
    energy, windows = np.zeros(periods, dtype=np.bool_), np.zeros(periods, dtype=np.bool_)
    reserve_kw, reserve_kwh = np.zeros(periods), np.zeros(periods)
    holds, reduction = np.zeros(periods, dtype=np.bool_), np.zeros(periods, dtype=np.bool_)
    frozen_battery, frozen_vehicle = blackout.copy(), blackout.copy()
    frozen_devices = {device.name: blackout.copy() for device in home.devices}
    conflict = None
    for item in commitments:
        span = slice(item.first, item.stop)
        windows[span] = True
        frozen_battery[span] |= item.frozen_battery
        frozen_vehicle[span] |= item.frozen_vehicle
        _freeze(frozen_devices, item.frozen_devices, span)
        if blackout[span].any():
            conflict = conflict or f"{item.opportunity_id} overlaps a blackout"
        if item.reserve:
            holds[span] = True
            reserve_kw[span] += item.quantity_kw
            reserve_kwh[span] += item.quantity_kw * item.sustain_h / home.battery_discharge_efficiency
            reduction[span] |= item.reduction_only
        else:
            energy[span] = True
            promised[span] += item.quantity_kw
    target = baseline.net_kw - promised
    banned = ~np.full(periods, home.export_allowed)
    least = np.where(banned | (holds & reduction), reserve_kw, -np.inf)
    if reserve_kw.any() and not home.has_battery:
        conflict = conflict or "only a battery can hold reserve, and the home has none"
    if np.any(target[energy] < least[energy] - 1e-6):
        conflict = conflict or "the promised power exceeds the import that may be given up"

    ask_window = np.zeros(periods, dtype=np.bool_)
    most_quantity = 0.0
    if ask is not None:
        span = slice(ask.first, ask.stop)
        ask_window[span] = True
        windows = windows | ask_window
        frozen_battery[span] |= ask.frozen_battery
        frozen_vehicle[span] |= ask.frozen_vehicle
        _freeze(frozen_devices, ask.frozen_devices, span)
        holds = holds | (ask_window & ask.reserve)
        most_quantity = _most_quantity(home, ask, target=target, least=least, energy=energy, held=reserve_kw)
        if blackout[span].any():
            most_quantity = -1.0
        if not ask.reserve:
            energy = energy | ask_window
        elif ask.reduction_only:
            least[span] = np.maximum(least[span], reserve_kw[span])
    return Terms(
        baseline=baseline,
        fixed_net_kw=np.where(energy, target, np.nan),
        most_net_kw=np.where(holds, target, np.inf),
        least_net_kw=least,
        reserve_kw=reserve_kw,
        reserve_energy_kwh=reserve_kwh,
        frozen_battery=frozen_battery,
        frozen_vehicle=frozen_vehicle,
        frozen_solar=blackout,
        frozen_devices=frozen_devices,
        battery_end_kwh=max(home.battery_start_kwh, float(baseline.battery_soc_kwh[-1])),
        session_end_kwh=tuple(
            max(session.required_kwh, float(baseline.vehicle_soc_kwh[session.stop - 1])) for session in home.sessions
        ),
        windows=windows,
        promised=bool(commitments),
        ask=ask,
        ask_window=ask_window,
        ask_energy_h=ask.sustain_h / home.battery_discharge_efficiency if ask is not None and ask.reserve else 0.0,
        most_quantity_kw=most_quantity,
        conflict=conflict,
    )


def _freeze(frozen: Mapping[str, Bools], names: Sequence[str], span: slice) -> None:
    for name in names:
        if name in frozen:
            frozen[name][span] = True


def _most_quantity(home: HomeProblem, ask: Ask, *, target: Floats, least: Floats, energy: Bools, held: Floats) -> float:
    """Limit of the ask's quantity that follows from rules alone; inf if none [kW]."""
    span = slice(ask.first, ask.stop)
    if ask.reserve:
        if not home.has_battery or ask.frozen_battery:
            return 0.0
        room = target[span] - np.maximum(least[span], held[span] * ask.reduction_only)
        capped = energy[span] & (np.isfinite(least[span]) | ask.reduction_only)
        return float(min(home.battery_discharge_kw, np.min(room[capped], initial=np.inf)))
    room = target[span] - least[span]
    if ask.reduction_only:
        room = np.minimum(room, target[span])
    return float(np.min(room, initial=np.inf))


def _export_limit(home: HomeProblem) -> Floats:
    return np.full(home.periods, -np.inf if home.export_allowed else 0.0)
