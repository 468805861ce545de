"""The reference model of a home's flexibility, on HiGHS."""

from collections.abc import Sequence

import numpy as np

from gridpact.errors import InfeasibleError, SolverFailedError
from gridpact.flexibility.curve import trace_curve
from gridpact.flexibility.exact import ghost_patterns, settle_modes, solve_exactly
from gridpact.flexibility.home import Ask, Commitment, CostCurve, HomeProblem, Schedule
from gridpact.flexibility.linear import Solver
from gridpact.flexibility.meter import crossed_meter
from gridpact.flexibility.model import OneByOne
from gridpact.flexibility.program import Ghosts, build, vehicle_lowest_kwh
from gridpact.flexibility.settings import Settings, fits, read_settings, to_schedule
from gridpact.flexibility.terms import Terms, with_promises, without_vpp

BETTER_USD = 1e-9
"""A mixed-integer schedule replaces a linear one only if it is cheaper by this much [USD]."""


class HighsModel(OneByOne):
    """`FlexibilityModel` with HiGHS: linear where that is exact, mixed-integer where it is not."""

    def __init__(self, *, node_limit: int = 2000) -> None:
        """Bound mixed-integer searches by ``node_limit`` branch-and-bound nodes, so that results repeat exactly."""
        self._node_limit = node_limit

    def baseline(self, home: HomeProblem) -> Schedule:
        """See `OneByOne.baseline`."""
        found = self._cheapest(home, without_vpp(home))
        if found is None:
            raise InfeasibleError(f"home {home.home_id!r} has no schedule of its own: {_cause(home)}")
        return found

    def cost_curve(
        self, home: HomeProblem, baseline: Schedule, commitments: Sequence[Commitment], ask: Ask, levels: int = 8
    ) -> CostCurve:
        """See `OneByOne.cost_curve`."""
        binding = _binding(commitments)
        promised = self.schedule(home, baseline, binding).cost_usd if binding else baseline.cost_usd
        return trace_curve(
            home, baseline, binding, ask, promised_usd=promised, levels=levels, node_limit=self._node_limit
        )

    def schedule(self, home: HomeProblem, baseline: Schedule, commitments: Sequence[Commitment]) -> Schedule:
        """See `OneByOne.schedule`."""
        binding = _binding(commitments)
        if not binding:
            return baseline
        terms = with_promises(home, baseline, binding)
        found = None if terms.conflict is not None else self._cheapest(home, terms)
        if found is None:
            raise InfeasibleError(self._broken_promise(home, baseline, binding))
        return found

    def _cheapest(self, home: HomeProblem, terms: Terms) -> Schedule | None:
        """The cheapest schedule, None if there is none.

        The plain linear program decides where its solution can be followed. Elsewhere the programs that the cost curve
        was drawn with give a schedule on or under that curve, and the mixed-integer program may improve on it.
        """
        crossed = bool(crossed_meter(home, terms).any())
        draft: Schedule | None = None
        if not crossed or terms.baseline is not None:
            plain = _solve(home, terms, straight=crossed)
            if plain is None and not crossed:
                return None
            if plain is not None and fits(home, plain):
                draft = to_schedule(home, plain, reserve_kw=terms.reserve_kw)
                if not crossed:
                    return draft
        if draft is None and terms.baseline is not None:
            safe = [_solve(home, terms, straight=crossed, ghosts=ghosts) for ghosts in ghost_patterns(home, terms)]
            drafts = [to_schedule(home, settings, reserve_kw=terms.reserve_kw) for settings in safe if settings]
            draft = min(drafts, key=lambda each: each.cost_usd, default=None)
        try:
            exact = solve_exactly(home, terms, node_limit=self._node_limit)
        except SolverFailedError:
            if draft is None:
                raise
            return draft
        if exact is None:
            return draft
        best = to_schedule(home, settle_modes(home, terms, exact), reserve_kw=terms.reserve_kw)
        return best if draft is None or best.cost_usd < draft.cost_usd - BETTER_USD else draft

    def _broken_promise(self, home: HomeProblem, baseline: Schedule, commitments: Sequence[Commitment]) -> str:
        for count in range(1, len(commitments) + 1):
            terms = with_promises(home, baseline, commitments[:count])
            last = commitments[count - 1]
            kind = "reserve" if last.reserve else "energy"
            if terms.conflict is not None or self._cheapest(home, terms) is None:
                why = terms.conflict or "its equipment, limits and earlier promises leave no schedule for it"
                return (
                    f"home {home.home_id!r} cannot keep {last.quantity_kw:g} kW of {kind} promised to "
                    f"{last.opportunity_id}: {why}"
                )
        return f"home {home.home_id!r} cannot keep its promises together"


def _solve(home: HomeProblem, terms: Terms, *, straight: bool, ghosts: Ghosts | None = None) -> Settings | None:
    made = build(home, terms, straight=straight, ghosts=ghosts)
    found = Solver(made.program).solve_in_order([made.program.cost, made.preference])
    return None if found is None else read_settings(home, terms, made.layout, found.columns)


def _binding(commitments: Sequence[Commitment]) -> tuple[Commitment, ...]:
    return tuple(item for item in commitments if item.quantity_kw > 0)


def _cause(home: HomeProblem) -> str:
    """Which of the home's own data leave no schedule."""
    if home.has_battery:
        start = home.battery_start_kwh
        if start > home.battery_ceiling_kwh + 1e-9:
            return (
                f"its battery starts at {start:g} kWh, above its most of {home.battery_ceiling_kwh:g} kWh; "
                "lower battery_soc_fraction or raise battery_max_soc_fraction"
            )
        if start < home.battery_floor_kwh - 1e-9:
            return (
                f"its battery starts at {start:g} kWh, below its least of {home.battery_floor_kwh:g} kWh; "
                "raise battery_soc_fraction or lower battery_min_soc_fraction and backup_soc_fraction"
            )
    for number, session in enumerate(home.sessions):
        hours = (session.stop - session.first) * home.step_h
        reach = session.start_kwh + home.vehicle_charge_kw * home.vehicle_charge_efficiency * hours
        if session.required_kwh > min(reach, home.vehicle_capacity_kwh) + 1e-9:
            return (
                f"its car needs {session.required_kwh:g} kWh at the end of session {number + 1}, and can reach "
                f"{min(reach, home.vehicle_capacity_kwh):g} kWh"
            )
        if not vehicle_lowest_kwh(home, number) <= session.start_kwh <= home.vehicle_capacity_kwh + 1e-9:
            return f"its car starts session {number + 1} at {session.start_kwh:g} kWh, outside its capacity"
    if not home.export_allowed and np.any(home.load_kw < 0):
        return "export is not allowed, and its load is below zero; correct the load profile"
    return "its data contradict each other in more than one place"
