"""The compiled model of homes' flexibility, with HiGHS behind it for homes that it leaves open."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np

from gridpact.errors import InfeasibleError
from gridpact.flexibility.batch import SCHEDULE_SERIES, CurveBatch, HomeBatch, Ints, ScheduleBatch
from gridpact.flexibility.following import schedules_of
from gridpact.flexibility.highs import HighsModel
from gridpact.flexibility.home import Ask, Floats, HomeProblem, Schedule, VehicleSession
from gridpact.flexibility.kernel.arrays import LEVELS, work_for
from gridpact.flexibility.kernel.compiling import forget_others, is_kept
from gridpact.flexibility.kernel.forms import Forms, baseline_forms, promise_forms
from gridpact.flexibility.kernel.many import climb_many, plan_many
from gridpact.flexibility.model import Tally
from gridpact.flexibility.promises import AskBatch, CommitmentBatch
from gridpact.flexibility.ties import lateness

SAME_USD = 1e-7
"""Costs closer than this are one cost [USD]."""
PASSES = 150
"""Most dynamic programs for one plan; a home that needs more goes to HiGHS."""
CHUNK = 512
"""Homes whose arrays are made at a time: few enough to stay in a processor's cache."""

A = TypeVar("A")
B = TypeVar("B")


class Spread(Protocol):
    """How work on independent homes is spread; the built-in ``map`` is one, a thread pool's another."""

    def __call__(self, function: Callable[[A], B], items: Iterable[A], /) -> Iterator[B]:
        """Apply ``function`` to each item, in order."""


@dataclass(frozen=True, slots=True)
class Plans:
    """What the kernel knows of m homes' cheapest plans: a bound always, the settings of those that are closed."""

    closed: Ints
    """1 where bound and plan are one, shape (m,)."""
    bound_usd: Floats
    """No schedule costs less, shape (m,); NaN where the kernel found none [USD]."""
    cost_usd: Floats
    battery_kw: Floats
    """Power of devices that are not frozen, shape (m, T), as the next two [kW]."""
    vehicle_kw: Floats
    curtailed_kw: Floats


@dataclass(frozen=True, slots=True)
class Ladders:
    """Costs of rising quantities of m homes, in up to K - 1 steps."""

    sure: Ints
    """1 where the line through the points can be kept and nothing is cheaper at the points, shape (m,)."""
    top_kw: Floats
    """Largest quantity, before rounding down to whole watts, shape (m,) [kW]."""
    counts: Ints
    """How many points each home has, shape (m,)."""
    quantity_kw: Floats
    """Shape (m, K), as the next; a home repeats its last point [kW]."""
    cost_usd: Floats
    """Convex, on top of what the promises cost [USD]."""
    least_kw: Floats
    """See `CostCurve.least_kw`, shape (m,)."""


class KernelModel:
    """`FlexibilityModel` by dynamic programming in compiled code (`kernel`).

    Homes that the kernel leaves open (crossed prices, negative prices that would pay for burning energy, limits of the
    method) and homes with further devices are solved by the reference, and counted in ``tally``.
    """

    def __init__(
        self,
        *,
        reference: HighsModel | None = None,
        spread: Spread = map,
        counter: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        """Send open homes to ``reference`` and spread chunks of homes by ``spread``; compiled code frees the lock.

        ``counter`` is told how many homes of how many are done, in each call of a method.
        """
        self._reference = reference or HighsModel()
        self._spread = spread
        self._counter = counter
        self.tally = Tally()

    def baselines(self, homes: HomeBatch) -> ScheduleBatch:
        """See `FlexibilityModel.baselines`."""

        def plan(rows: Ints) -> tuple[Plans, ScheduleBatch]:
            plans = solve(baseline_forms(homes, rows))
            plans.closed[homes.has_devices[rows]] = 0
            return plans, _schedules(homes, rows, plans, np.zeros_like(plans.battery_kw))

        parts = list(self._each(plan, np.arange(len(homes))))
        found = _joined([schedules for _, schedules in parts])
        left = np.flatnonzero(np.concatenate([plans.closed for plans, _ in parts]) == 0)
        self.tally.add(len(homes), len(left))
        return _with(found, left, [self._reference.baseline(homes.home(int(i))) for i in left])

    def schedules(
        self, homes: HomeBatch, baselines: ScheduleBatch, commitments: CommitmentBatch
    ) -> tuple[ScheduleBatch, Mapping[int, str]]:
        """See `FlexibilityModel.schedules`."""
        bound = commitments.bound
        broken: dict[int, str] = {}
        if not len(bound):
            return baselines, broken
        plans, found = self._plan_promises(homes, baselines, commitments, bound)
        rows, singles = [], []
        for number in bound[plans == 0].tolist():
            try:
                single = self._reference.schedule(
                    homes.home(number), baselines.home(number), commitments.of_home(number)
                )
            except InfeasibleError as problem:
                broken[number] = str(problem)
            else:
                rows.append(number)
                singles.append(single)
        self.tally.add(len(bound), int(np.sum(plans == 0)))
        kept = baselines.with_rows(bound[plans == 1], found.take(np.flatnonzero(plans == 1)))
        return _with(kept, np.array(rows, dtype=np.int64), singles), broken

    def cost_curves(
        self,
        homes: HomeBatch,
        baselines: ScheduleBatch,
        commitments: CommitmentBatch,
        asks: AskBatch,
        levels: int = 8,
    ) -> CurveBatch:
        """See `FlexibilityModel.cost_curves`."""
        rows = np.flatnonzero(asks.asked)
        promised_usd = baselines.cost_usd.copy()
        bound = np.intersect1d(commitments.bound, rows)
        if len(bound):
            mine = commitments.where(np.isin(commitments.home, bound))
            closed, kept = self._plan_promises(homes, baselines, mine, bound)
            promised_usd[bound] = np.where(closed == 1, kept.cost_usd, np.nan)

        def climb(part: Ints) -> Ladders:
            return ladders(homes, baselines, commitments, asks, part, promised_usd[part], levels)

        quantity, cost = np.zeros((len(homes), levels + 1)), np.zeros((len(homes), levels + 1))
        counts, least = np.ones(len(homes), dtype=np.int64), np.zeros(len(homes))
        left: list[int] = []
        for part, found in zip(_chunks(rows), self._each(climb, rows), strict=True):
            quantity[part], cost[part] = found.quantity_kw, found.cost_usd
            counts[part], least[part] = found.counts, found.least_kw
            left.extend(part[found.sure == 0].tolist())
        curves = CurveBatch(
            home_ids=homes.home_ids,
            quantity_kw=quantity,
            cost_usd=cost,
            counts=counts,
            inner_approximation=np.zeros(len(homes), dtype=np.bool_),
            loss_usd=np.zeros(len(homes)),
            loss_kw=np.zeros(len(homes)),
            least_kw=least,
        )
        self.tally.add(len(rows), len(left))
        if not left:
            return curves
        singles = {
            number: self._reference.cost_curve(
                homes.home(number), baselines.home(number), commitments.of_home(number), asks.home(number), levels
            )
            for number in left
        }
        return CurveBatch.of([singles.get(number, curve) for number, curve in enumerate(curves)])

    def _each(self, work: Callable[[Ints], A], rows: Ints) -> Iterator[A]:
        """What ``work`` makes of each chunk of ``rows``, in order."""
        for number, made in enumerate(self._spread(work, _chunks(rows)), start=1):
            self._counter(min(number * CHUNK, len(rows)), len(rows))
            yield made

    def _plan_promises(
        self, homes: HomeBatch, baselines: ScheduleBatch, commitments: CommitmentBatch, rows: Ints
    ) -> tuple[Ints, ScheduleBatch]:
        def plan(part: Ints) -> tuple[Ints, ScheduleBatch]:
            forms, facts = promise_forms(homes, baselines, commitments, None, part)
            plans = solve(forms)
            frozen = _Frozen.of(forms, homes, baselines, part)
            closed = np.where(facts.conflict | homes.has_devices[part], 0, plans.closed)
            return closed, _schedules(homes, part, plans, facts.reserve_kw, frozen)

        parts = list(self._each(plan, rows))
        return np.concatenate([closed for closed, _ in parts]), _joined([found for _, found in parts])


def solve(forms: Forms) -> Plans:
    """The cheapest plan of every home in ``forms``, with its bound."""
    m, n = forms.need_kw.shape
    plans = Plans(
        closed=np.zeros(m, dtype=np.int64),
        bound_usd=np.zeros(m),
        cost_usd=np.zeros(m),
        battery_kw=np.zeros((m, n)),
        vehicle_kw=np.zeros((m, n)),
        curtailed_kw=np.zeros((m, n)),
    )
    plan_many(
        forms,
        work_for(n),
        lateness(n),
        PASSES,
        plans.closed,
        plans.bound_usd,
        plans.cost_usd,
        plans.battery_kw,
        plans.vehicle_kw,
        plans.curtailed_kw,
    )
    return plans


@dataclass(frozen=True, slots=True)
class _Frozen:
    """Settings of devices that keep their baseline, zero elsewhere, arrays of shape (m, T) [kW]."""

    battery_kw: Floats
    vehicle_kw: Floats
    curtailed_kw: Floats

    @classmethod
    def of(cls, forms: Forms, homes: HomeBatch, baselines: ScheduleBatch, rows: Ints) -> "_Frozen":
        held, car, dark = forms.drift_kwh != 0, forms.plug_drift_kwh != 0, homes.blackout[rows]
        return cls(
            battery_kw=np.where(held, (baselines.battery_charge_kw - baselines.battery_discharge_kw)[rows], 0.0),
            vehicle_kw=np.where(car, (baselines.vehicle_charge_kw - baselines.vehicle_discharge_kw)[rows], 0.0),
            curtailed_kw=np.where(dark, baselines.curtailed_kw[rows], 0.0),
        )


def ladders(
    homes: HomeBatch,
    baselines: ScheduleBatch,
    commitments: CommitmentBatch,
    asks: AskBatch,
    rows: Ints,
    promised_usd: Floats,
    levels: int,
) -> Ladders:
    """The costs of rising quantities for the homes ``rows``, whose promises alone cost ``promised_usd``."""
    if not 1 <= levels < LEVELS:
        raise ValueError(f"levels is {levels}; use 1 to {LEVELS - 1}")
    forms, facts = promise_forms(homes, baselines, commitments, asks, rows)
    m, n = forms.need_kw.shape
    count, sure = np.ones(m, dtype=np.int64), np.zeros(m, dtype=np.int64)
    quantity, total, top = np.zeros((m, levels + 1)), np.zeros((m, levels + 1)), np.zeros(m)
    frozen = _Frozen.of(forms, homes, baselines, rows)
    settings = (baselines.battery_charge_kw - baselines.battery_discharge_kw)[rows] - frozen.battery_kw
    car = (baselines.vehicle_charge_kw - baselines.vehicle_discharge_kw)[rows] - frozen.vehicle_kw
    most = np.where(facts.conflict, 0.0, facts.most_kw)
    below = np.where(facts.promised, np.nan, promised_usd)
    climb_many(
        forms,
        work_for(n),
        lateness(n),
        PASSES,
        asks.first,
        asks.stop,
        asks.reserve,
        asks.sustain_h / homes.battery_discharge_efficiency[rows] if asks.reserve else np.zeros(m),
        facts.limited_kw,
        facts.stand_kwh,
        most,
        levels,
        below,
        settings,
        car,
        count,
        sure,
        top,
        quantity,
        total,
    )
    sure[np.isnan(promised_usd)] = 0
    sure[facts.conflict | homes.has_devices[rows]] = 0
    place = np.minimum(np.arange(levels + 1)[None, :], count[:, None] - 1)
    quantity, total = np.take_along_axis(quantity, place, axis=1), np.take_along_axis(total, place, axis=1)
    cost = total - promised_usd[:, None]
    cost[np.abs(cost) < 1e-9] = 0.0
    jump = np.where(sure == 1, cost[:, 0], 0.0)
    cost[:, 0] = 0.0
    width = np.diff(quantity, axis=1)
    slope = np.diff(cost, axis=1) / np.where(width > 0, width, 1.0)
    slope = np.maximum.accumulate(np.where(width > 0, slope, -np.inf), axis=1)
    line = np.zeros_like(cost)
    line[:, 1:] = np.cumsum(np.where(width > 0, slope, 0.0) * width, axis=1)
    line[np.abs(line) < 1e-9] = 0.0
    return Ladders(
        sure=sure,
        top_kw=top,
        counts=count,
        quantity_kw=quantity,
        cost_usd=line,
        least_kw=np.where((jump > SAME_USD) & (count > 1), quantity[:, 1], 0.0),
    )


def _schedules(
    homes: HomeBatch, rows: Ints, plans: Plans, reserve_kw: Floats, frozen: _Frozen | None = None
) -> ScheduleBatch:
    """The schedules that follow from the plans' settings, without rounding noise and with what is frozen."""
    battery, vehicle, curtailed = plans.battery_kw, plans.vehicle_kw, plans.curtailed_kw
    if frozen is not None:
        battery = battery + frozen.battery_kw
        vehicle = vehicle + frozen.vehicle_kw
        curtailed = curtailed + frozen.curtailed_kw
    return schedules_of(
        homes,
        rows,
        battery_kw=_tidy(battery, -homes.battery_discharge_kw[rows, None], homes.battery_charge_kw[rows, None]),
        vehicle_kw=_tidy(vehicle, -homes.vehicle_discharge_kw[rows, None], homes.vehicle_charge_kw[rows, None]),
        curtailed_kw=_tidy(curtailed, np.zeros((len(rows), 1)), homes.solar_kw[rows]),
        reserve_kw=reserve_kw,
    )


def _tidy(power_kw: Floats, least_kw: Floats, most_kw: Floats) -> Floats:
    """Powers without rounding noise, within their limits."""
    return np.clip(np.round(power_kw, 12), least_kw, most_kw) + 0.0


def _chunks(rows: Ints) -> Iterator[Ints]:
    for first in range(0, len(rows), CHUNK):
        yield rows[first : first + CHUNK]


def _joined(parts: list[ScheduleBatch]) -> ScheduleBatch:
    """Schedules of the kernel, which know no further devices, one after the other."""
    names = (*SCHEDULE_SERIES, "cost_usd")
    joined: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    return ScheduleBatch(**joined)


def _with(schedules: ScheduleBatch, rows: Ints, singles: list[Schedule]) -> ScheduleBatch:
    return schedules.with_rows(rows, ScheduleBatch.of(singles)) if len(rows) else schedules


def is_compiled() -> bool:
    """Whether the kernel's machine code is there, so that the first use in this process takes no compiling."""
    return is_kept(plan_many) and is_kept(climb_many)


def compile_ahead() -> None:
    """Compile the kernel for this machine, half a minute, and remove what other versions left."""
    day = HomeProblem(
        home_id="compile",
        step_h=1.0,
        cycle_windows=((0, 4),),
        load_kw=np.ones(4),
        solar_kw=np.zeros(4),
        import_usd_per_kwh=np.array([0.1, 0.3, 0.3, 0.1]),
        export_usd_per_kwh=np.zeros(4),
        battery_capacity_kwh=4.0,
        battery_charge_kw=1.0,
        battery_discharge_kw=1.0,
        battery_charge_efficiency=0.95,
        battery_discharge_efficiency=0.95,
        battery_start_kwh=2.0,
        battery_floor_kwh=0.0,
        battery_ceiling_kwh=4.0,
        battery_wear_usd_per_kwh=0.02,
        cycle_limit_kwh=4.0,
        vehicle_capacity_kwh=20.0,
        vehicle_charge_kw=4.0,
        vehicle_discharge_kw=0.0,
        vehicle_charge_efficiency=0.9,
        vehicle_discharge_efficiency=1.0,
        vehicle_floor_kwh=3.0,
        sessions=(VehicleSession(first=0, stop=3, start_kwh=5.0, required_kwh=8.0),),
    )
    homes, model = HomeBatch.of([day]), KernelModel()
    baselines = model.baselines(homes)
    asks = AskBatch.to_all(Ask(opportunity_id="compile", first=1, stop=2, reserve=False), 1)
    model.cost_curves(homes, baselines, CommitmentBatch.of({}, homes=1), asks)
    forget_others()
