"""Many homes at once: what the flexibility model sees and returns, as arrays with a row a home.

Each batch is a struct of arrays; ``home(i)`` takes a light view of one row, and ``of`` stacks views. N is the number
of homes, T of intervals. Arrays are read-only and contiguous.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridpact.errors import InputError
from gridpact.flexibility.devices import Device, DeviceTrace
from gridpact.flexibility.home import Bools, CostCurve, Floats, HomeProblem, Schedule, VehicleSession

Ints = NDArray[np.int64]

HOME_SERIES = ("load_kw", "solar_kw", "import_usd_per_kwh", "export_usd_per_kwh")
"""Fields of `HomeProblem` that are arrays over intervals, and of `HomeBatch` with a row a home."""
HOME_NUMBERS = (
    "battery_capacity_kwh",
    "battery_charge_kw",
    "battery_discharge_kw",
    "battery_charge_efficiency",
    "battery_discharge_efficiency",
    "battery_start_kwh",
    "battery_floor_kwh",
    "battery_ceiling_kwh",
    "battery_wear_usd_per_kwh",
    "cycle_limit_kwh",
    "vehicle_capacity_kwh",
    "vehicle_charge_kw",
    "vehicle_discharge_kw",
    "vehicle_charge_efficiency",
    "vehicle_discharge_efficiency",
    "vehicle_floor_kwh",
    "floor_usd_per_mwh",
    "operator_reserve_kwh",
)
"""Fields of `HomeProblem` that are one number, and of `HomeBatch` one a home."""
SCHEDULE_SERIES = tuple(item.name for item in fields(Schedule) if item.name not in ("cost_usd", "devices"))
"""Fields of `Schedule` that are arrays over intervals."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HomeBatch:
    """The problems of N homes; see `HomeProblem` for what each field means."""

    home_ids: tuple[str, ...]
    step_h: float
    cycle_windows: tuple[tuple[tuple[int, int], ...], ...]
    """The different sets of cycle windows, one for each time zone among the homes."""
    cycle_group: Ints
    """Which of ``cycle_windows`` is each home's, shape (N,)."""
    load_kw: Floats
    """Shape (N, T), as the next three [kW]."""
    solar_kw: Floats
    import_usd_per_kwh: Floats
    export_usd_per_kwh: Floats
    battery_capacity_kwh: Floats
    """Shape (N,), as all that follow unless stated."""
    battery_charge_kw: Floats
    battery_discharge_kw: Floats
    battery_charge_efficiency: Floats
    battery_discharge_efficiency: Floats
    battery_start_kwh: Floats
    battery_floor_kwh: Floats
    battery_ceiling_kwh: Floats
    battery_wear_usd_per_kwh: Floats
    cycle_limit_kwh: Floats
    vehicle_capacity_kwh: Floats
    vehicle_charge_kw: Floats
    vehicle_discharge_kw: Floats
    vehicle_charge_efficiency: Floats
    vehicle_discharge_efficiency: Floats
    vehicle_floor_kwh: Floats
    session_offset: Ints
    """Home i has the sessions from ``session_offset[i]`` up to ``session_offset[i + 1]``, shape (N + 1,)."""
    session_first: Ints
    """Shape (S,), as the next three; see `VehicleSession`."""
    session_stop: Ints
    session_start_kwh: Floats
    session_required_kwh: Floats
    export_allowed: Bools
    blackout: Bools
    """Shape (N, T)."""
    floor_usd_per_mwh: Floats
    operator_reserve_kwh: Floats
    devices: tuple[tuple[Device, ...], ...] = ()
    """Further devices of each home; empty where no home has any."""

    def __post_init__(self) -> None:
        """Freeze the arrays; raises InputError where shapes do not fit together."""
        homes = len(self.home_ids)
        shape = (homes, self.load_kw.shape[-1])
        for names, wanted in ((HOME_NUMBERS, (homes,)), (HOME_SERIES, shape)):
            for name in names:
                _check_shape(self, name, wanted)
        _check_shape(self, "blackout", shape)
        self._check_numbers()
        _check_shape(self, "session_offset", (homes + 1,))
        if self.devices and len(self.devices) != homes:
            raise InputError(f"HomeBatch.devices is given for {len(self.devices)} homes, not {homes}")
        _freeze(self)

    def _check_numbers(self) -> None:
        """Every number is finite (a cycle limit may be infinite), and no size below zero."""
        for name in (*HOME_SERIES, *HOME_NUMBERS):
            values = getattr(self, name)
            bad = np.isnan(values) if name == "cycle_limit_kwh" else ~np.isfinite(values)
            if name.startswith(("battery_", "vehicle_", "solar_")):
                bad = bad | (values < 0)
            if bad.any():
                home = int(np.argwhere(bad)[0, 0])
                raise InputError(
                    f"{name} of home {self.home_ids[home]!r} is {values[bad][0]}; give a finite number"
                    + (", not below zero" if np.isfinite(values[bad][0]) else "")
                )

    def __len__(self) -> int:
        """Number of homes N."""
        return len(self.home_ids)

    def __iter__(self) -> Iterator[HomeProblem]:
        """Every home's problem, in order."""
        return map(self.home, range(len(self)))

    @property
    def periods(self) -> int:
        """Number of intervals T."""
        return int(self.load_kw.shape[1])

    @property
    def has_battery(self) -> Bools:
        """As `HomeProblem.has_battery`, shape (N,)."""
        return (self.battery_capacity_kwh > 0) & ((self.battery_charge_kw > 0) | (self.battery_discharge_kw > 0))

    @property
    def has_sessions(self) -> Bools:
        """Whether a car is ever at the plug, shape (N,)."""
        return np.diff(self.session_offset) > 0

    @property
    def has_devices(self) -> Bools:
        """Whether a home has further devices, shape (N,)."""
        if not self.devices:
            return np.zeros(len(self), dtype=np.bool_)
        return np.fromiter(map(len, self.devices), dtype=np.int64, count=len(self)) > 0

    def home(self, number: int) -> HomeProblem:
        """The problem of home ``number``."""
        blackout = self.blackout[number]
        spans = range(int(self.session_offset[number]), int(self.session_offset[number + 1]))
        numbers: dict[str, Any] = {name: float(getattr(self, name)[number]) for name in HOME_NUMBERS}
        return HomeProblem(
            home_id=self.home_ids[number],
            step_h=self.step_h,
            cycle_windows=self.cycle_windows[int(self.cycle_group[number])],
            sessions=tuple(
                VehicleSession(
                    first=int(self.session_first[k]),
                    stop=int(self.session_stop[k]),
                    start_kwh=float(self.session_start_kwh[k]),
                    required_kwh=float(self.session_required_kwh[k]),
                )
                for k in spans
            ),
            export_allowed=bool(self.export_allowed[number]),
            blackout=blackout if blackout.any() else np.zeros(0, dtype=np.bool_),
            devices=self.devices[number] if self.devices else (),
            **{name: getattr(self, name)[number] for name in HOME_SERIES},
            **numbers,
        )

    @classmethod
    def of(cls, problems: Iterable[HomeProblem]) -> "HomeBatch":
        """The problems of at least one home, all over the same intervals.

        Raises:
            InputError: no home, or homes over different grids.
        """
        homes = list(problems)
        if not homes or len({(home.periods, home.step_h) for home in homes}) > 1:
            raise InputError("a batch needs at least one home, and all of them over the same intervals")
        windows = tuple(dict.fromkeys(home.cycle_windows for home in homes))
        sessions = [session for home in homes for session in home.sessions]
        nothing = np.zeros(homes[0].periods, dtype=np.bool_)
        return cls(
            home_ids=tuple(home.home_id for home in homes),
            step_h=homes[0].step_h,
            cycle_windows=windows,
            cycle_group=np.array([windows.index(home.cycle_windows) for home in homes], dtype=np.int64),
            session_offset=_offsets([len(home.sessions) for home in homes]),
            session_first=np.array([session.first for session in sessions], dtype=np.int64),
            session_stop=np.array([session.stop for session in sessions], dtype=np.int64),
            session_start_kwh=np.array([session.start_kwh for session in sessions], dtype=np.float64),
            session_required_kwh=np.array([session.required_kwh for session in sessions], dtype=np.float64),
            export_allowed=np.array([home.export_allowed for home in homes], dtype=np.bool_),
            blackout=np.stack([home.blackout if home.blackout.size else nothing for home in homes]),
            devices=tuple(home.devices for home in homes) if any(home.devices for home in homes) else (),
            **_columns(homes, HOME_SERIES),
            **_columns(homes, HOME_NUMBERS),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScheduleBatch:
    """Plans of N homes, arrays of shape (N, T); see `Schedule`."""

    curtailed_kw: Floats
    battery_charge_kw: Floats
    battery_discharge_kw: Floats
    vehicle_charge_kw: Floats
    vehicle_discharge_kw: Floats
    net_kw: Floats
    battery_soc_kwh: Floats
    vehicle_soc_kwh: Floats
    reserve_kw: Floats
    cost_usd: Floats
    """Shape (N,) [USD]."""
    devices: Mapping[str, DeviceTrace] = field(default_factory=dict)
    """What further devices do, by name, arrays of shape (N, T); NaN for homes without."""

    def __post_init__(self) -> None:
        """Freeze the arrays; raises InputError where shapes do not fit together."""
        for name in SCHEDULE_SERIES:
            _check_shape(self, name, self.net_kw.shape)
        for trace in self.devices.values():
            for part in _TRACE:
                _check_shape(trace, part, self.net_kw.shape)
        _check_shape(self, "cost_usd", self.net_kw.shape[:1])
        _freeze(self)

    def __len__(self) -> int:
        """Number of homes N."""
        return len(self.cost_usd)

    def __iter__(self) -> Iterator[Schedule]:
        """Every home's schedule, in order."""
        return map(self.home, range(len(self)))

    def home(self, number: int) -> Schedule:
        """The schedule of home ``number``."""
        rows = {name: getattr(self, name)[number] for name in SCHEDULE_SERIES}
        return Schedule(
            **rows,
            cost_usd=float(self.cost_usd[number]),
            devices={
                name: _trace(trace, number)
                for name, trace in self.devices.items()
                if not np.isnan(trace.power_kw[number]).any()
            },
        )

    @classmethod
    def of(cls, schedules: Iterable[Schedule]) -> "ScheduleBatch":
        """The schedules of at least one home, all over the same intervals."""
        plans = list(schedules)
        owners: dict[str, list[int]] = {}
        for number, plan in enumerate(plans):
            for name in plan.devices:
                owners.setdefault(name, []).append(number)
        devices = {}
        for name, rows in owners.items():
            mine = {part: np.full((len(plans), len(plans[0].net_kw)), np.nan) for part in _TRACE}
            for part in _TRACE:
                mine[part][rows] = [getattr(plans[number].devices[name], part) for number in rows]
            devices[name] = DeviceTrace(**mine)
        return cls(**_columns(plans, SCHEDULE_SERIES), **_columns(plans, ("cost_usd",)), devices=devices)

    def take(self, rows: Ints) -> "ScheduleBatch":
        """The schedules of the homes ``rows``, shape (m,)."""
        return ScheduleBatch(
            **{name: getattr(self, name)[rows] for name in (*SCHEDULE_SERIES, "cost_usd")},
            devices={name: _trace(trace, rows) for name, trace in self.devices.items()},
        )

    def with_rows(self, rows: Ints, schedules: "ScheduleBatch") -> "ScheduleBatch":
        """These schedules with those of the homes ``rows``, shape (m,), replaced by the m ``schedules``."""
        changed = {name: getattr(self, name).copy() for name in (*SCHEDULE_SERIES, "cost_usd")}
        for name, values in changed.items():
            values[rows] = getattr(schedules, name)
        devices = {}
        for name in dict.fromkeys((*self.devices, *schedules.devices)):
            parts = {}
            for part in _TRACE:
                before, after = (getattr(batch.devices.get(name), part, np.nan) for batch in (self, schedules))
                parts[part] = np.array(np.broadcast_to(before, self.net_kw.shape))
                parts[part][rows] = after
            devices[name] = DeviceTrace(**parts)
        return ScheduleBatch(**changed, devices=devices)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CurveBatch:
    """Cost curves of N homes, at up to K points each; see `CostCurve`."""

    home_ids: tuple[str, ...]
    quantity_kw: Floats
    """Shape (N, K); beyond its own points a home repeats its last one [kW]."""
    cost_usd: Floats
    """Shape (N, K), padded likewise [USD]."""
    counts: Ints
    """How many points each home has, at least 1, shape (N,)."""
    inner_approximation: Bools
    """Shape (N,), as all that follow."""
    loss_usd: Floats
    loss_kw: Floats
    least_kw: Floats

    def __post_init__(self) -> None:
        """Freeze the arrays; raises InputError where shapes do not fit together."""
        homes = len(self.home_ids)
        _check_shape(self, "cost_usd", self.quantity_kw.shape)
        for name in ("counts", "inner_approximation", "loss_usd", "loss_kw", "least_kw"):
            _check_shape(self, name, (homes,))
        if homes and not ((self.counts >= 1) & (self.counts <= self.quantity_kw.shape[1])).all():
            raise InputError("every cost curve needs at least the point at zero")
        _freeze(self)

    def __len__(self) -> int:
        """Number of homes N."""
        return len(self.home_ids)

    def __iter__(self) -> Iterator[CostCurve]:
        """Every home's curve, in order."""
        return map(self.home, range(len(self)))

    @property
    def deliverable_kw(self) -> Floats:
        """Most power that each home can promise, shape (N,) [kW]."""
        return self.quantity_kw[:, -1]

    def home(self, number: int) -> CostCurve:
        """The curve of home ``number``."""
        points = slice(int(self.counts[number]))
        return CostCurve(
            home_id=self.home_ids[number],
            quantity_kw=self.quantity_kw[number, points],
            cost_usd=self.cost_usd[number, points],
            inner_approximation=bool(self.inner_approximation[number]),
            loss_usd=float(self.loss_usd[number]),
            loss_kw=float(self.loss_kw[number]),
            least_kw=float(self.least_kw[number]),
        )

    @classmethod
    def of(cls, curves: "CurveBatch | Sequence[CostCurve]") -> "CurveBatch":
        """Curves of single homes as a batch; a batch as it is.

        Raises:
            InputError: a curve has no point, or not as many costs as quantities.
        """
        if isinstance(curves, CurveBatch):
            return curves
        counts = np.array([len(curve.quantity_kw) for curve in curves], dtype=np.int64)
        if (counts == 0).any() or any(len(curve.cost_usd) != len(curve.quantity_kw) for curve in curves):
            raise InputError("every cost curve needs as many costs as quantities, and at least the point at zero")
        place = np.minimum(np.arange(int(counts.max(initial=1)))[None, :], counts[:, None] - 1)
        place += (np.cumsum(counts) - counts)[:, None]

        def padded(name: str) -> Floats:
            joined = [np.asarray(getattr(curve, name), dtype=np.float64) for curve in curves]
            return np.concatenate([*joined, np.zeros(0)])[place]

        def column(name: str, dtype: type) -> NDArray[Any]:
            return np.array([getattr(curve, name) for curve in curves], dtype=dtype)

        return cls(
            home_ids=tuple(curve.home_id for curve in curves),
            quantity_kw=padded("quantity_kw"),
            cost_usd=padded("cost_usd"),
            counts=counts,
            inner_approximation=column("inner_approximation", np.bool_),
            loss_usd=column("loss_usd", np.float64),
            loss_kw=column("loss_kw", np.float64),
            least_kw=column("least_kw", np.float64),
        )

    def without(self, rows: Bools) -> "CurveBatch":
        """These curves, with homes in the mask ``rows``, shape (N,), able to promise nothing."""
        keep = ~rows
        return CurveBatch(
            home_ids=self.home_ids,
            quantity_kw=np.where(keep[:, None], self.quantity_kw, 0.0),
            cost_usd=np.where(keep[:, None], self.cost_usd, 0.0),
            counts=np.where(keep, self.counts, 1),
            inner_approximation=keep & self.inner_approximation,
            loss_usd=np.where(keep, self.loss_usd, 0.0),
            loss_kw=np.where(keep, self.loss_kw, 0.0),
            least_kw=np.where(keep, self.least_kw, 0.0),
        )


_TRACE = tuple(item.name for item in fields(DeviceTrace))


def _trace(trace: DeviceTrace, rows: int | Ints) -> DeviceTrace:
    """The rows, or the one row, of a batch's trace."""
    return DeviceTrace(**{part: getattr(trace, part)[rows] for part in _TRACE})


def _columns(items: Sequence[object], names: Sequence[str]) -> dict[str, Any]:
    """The named numbers or arrays of all ``items``, stacked."""
    return {name: np.array([getattr(item, name) for item in items], dtype=np.float64) for name in names}


def _offsets(counts: Sequence[int]) -> Ints:
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(np.asarray(counts, dtype=np.int64))])


def _check_shape(batch: object, name: str, wanted: tuple[int, ...]) -> None:
    found = getattr(batch, name).shape
    if found != wanted:
        raise InputError(f"{type(batch).__name__}.{name} has shape {found}, not {wanted}")


def _freeze(batch: Any) -> None:
    """Make every array of a batch contiguous and read-only."""
    for item in fields(batch):
        value = getattr(batch, item.name)
        if isinstance(value, np.ndarray):
            array = np.ascontiguousarray(value)
            array.setflags(write=False)
            object.__setattr__(batch, item.name, array)
