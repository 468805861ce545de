"""`OptimizationTool`: from the operator's terms to a bid that never loses money, or the reason why there is none."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from gridpact.coalition.formation import FormationResult, form
from gridpact.coalition.problem import FormationProblem
from gridpact.coalition.solver import Highs, Solver
from gridpact.errors import InputError, OptimizationError
from gridpact.optimization.bid import BidCurve, bid_curve
from gridpact.optimization.diagnosis import Diagnosis, diagnose
from gridpact.optimization.fallback import fallback_formation
from gridpact.optimization.formulation import BidRequest, formation_problem, loss_avoided_usd
from gridpact.optimization.limits import LimitWorth, binding_limits
from gridpact.optimization.spec import ProblemSpec


class InstructionReader(Protocol):
    """Reads an operator's words into terms; what it returns is checked like a file."""

    def read(self, instruction: str) -> Mapping[str, Any]:
        """Terms of `ProblemSpec` as plain values."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SolverAnswer:
    """What solvers said of a formation problem: all of a decision that does not follow by arithmetic."""

    formation: FormationResult
    diagnosis: Diagnosis | None = None
    """Where nothing is worth bidding although there are options."""
    notes: tuple[str, ...] = ()
    """What an operator should know of how it came about, such as a solver's failure."""
    limits: tuple[LimitWorth, ...] | None = None
    """Limits that bind and what each is worth, dearest first; None where that was not measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BidDecision:
    """A bid, or why there is none."""

    curve: BidCurve
    """Empty where the VPP declines."""
    formation: FormationResult
    problem: FormationProblem
    """What was solved: scenario prices in cents and the terms in force."""
    loss_avoided_usd: float | None
    """Where it declines: what filling the request from the cheapest options would lose at the expected price."""
    diagnosis: Diagnosis | None
    """Where it declines although there are options."""
    notes: tuple[str, ...] = ()
    """What an operator should know of how the bid came about, such as a solver's failure."""
    limits: tuple[LimitWorth, ...] | None = None
    """Limits that bind and what each is worth, dearest first; None where that was not measured."""

    @property
    def declined(self) -> bool:
        """Whether nothing is bid."""
        return not self.curve.segments

    @property
    def method(self) -> str:
        """``optimal`` or ``fallback``."""
        return self.formation.method

    @property
    def status(self) -> str:
        """What the solver said."""
        return self.formation.status

    @property
    def gap(self) -> float | None:
        """Relative distance to the proven bound; None for the fallback."""
        return self.formation.gap

    @property
    def solver(self) -> str:
        """Which solver, or merit order."""
        return self.formation.solver

    @property
    def shadow_prices(self) -> tuple[str, ...]:
        """What one more unit of each binding limit would be worth, in words."""
        return self.formation.shadow_prices

    @property
    def expected_value_usd(self) -> float:
        """Expected market value less option cost plus the worth of satisfaction [USD]."""
        problem = self.problem
        if problem.believed is None or not self.formation.formed:
            return self.formation.value_usd
        # The formation weighs risk; this is what is expected.
        return float(problem.worths_usd(self.formation.x) @ problem.believed)


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizationTool:
    """Turns terms and options into a bid by CVXPY and HiGHS, and by merit order where that fails."""

    solver: Solver = Highs()
    reader: InstructionReader | None = None
    """Needed only for free text."""

    def formulate(self, instruction: "ProblemSpec | Mapping[str, Any] | Path | str | None" = None) -> ProblemSpec:
        """The operator's terms, from a spec, a mapping, a YAML or JSON file (`Path`), or words (`str`).

        Raises:
            InputError: terms that cannot be used, or words without a reader.
        """
        if instruction is None:
            return ProblemSpec()
        if isinstance(instruction, ProblemSpec):
            return instruction
        if isinstance(instruction, Path):
            return ProblemSpec.from_yaml(instruction)
        if isinstance(instruction, str):
            if self.reader is None:
                raise InputError(
                    "free text needs an InstructionReader, and this tool has none; "
                    "give terms as YAML (a Path) or a mapping"
                )
            return ProblemSpec.from_mapping(self.reader.read(instruction), source="the instruction")
        return ProblemSpec.from_mapping(instruction)

    def solve(self, spec: ProblemSpec, request: BidRequest) -> BidDecision:
        """The bid that is worth most within ``spec``, the market's rules and what homes agreed to.

        A solver's failure leads to merit-order pricing, labelled ``fallback``. Nothing is bid where every coalition
        would lose money or break a term; the decision then says by how much, and what is in the way.
        """
        problem = formation_problem(spec, request)
        return decide(problem, self.answer(problem, request), request)

    def answer(self, problem: FormationProblem, request: BidRequest) -> SolverAnswer:
        """Have ``problem``, made of ``request``, solved."""
        notes: tuple[str, ...] = ()
        try:
            formation = form(problem, solver=self.solver)
        except OptimizationError as failure:
            formation = fallback_formation(problem, solver=self.solver.name)
            notes = (f"merit-order fallback pricing: {failure}",)
        diagnosis = None
        if not formation.formed and len(request.options):
            unit = "USD/MW per h" if request.opportunity.product.is_reserve else "USD/MWh"
            diagnosis = diagnose(problem, price_unit=unit, solver=self.solver)
        maximum_kw = request.rules.maximum_kw(request.opportunity.product)
        limits = binding_limits(
            problem,
            formation,
            market_maximum=maximum_kw < request.opportunity.requested_kw,
            own_steps=problem.max_segments != request.rules.max_segments,
            solver=self.solver,
        )
        return SolverAnswer(formation=formation, diagnosis=diagnosis, notes=notes, limits=limits)

    def reform(self, spec: ProblemSpec, request: BidRequest, *, dropped: Collection[str]) -> BidDecision:
        """The bid formed again after some homes fail before gate closure, from the options of all others."""
        return self.solve(spec, request.without(dropped))


def decide(problem: FormationProblem, answer: SolverAnswer, request: BidRequest) -> BidDecision:
    """The bid that follows from what solvers said; pure arithmetic."""
    formation = answer.formation
    if formation.formed:
        floor = max(request.rules.price_floor(request.opportunity.product), problem.min_price)
        curve, loss_usd = bid_curve(problem, formation.x, price_floor=floor), None
    else:
        curve, loss_usd = BidCurve.empty(len(request.options)), loss_avoided_usd(problem)
    return BidDecision(
        curve=curve,
        formation=formation,
        problem=problem,
        loss_avoided_usd=loss_usd,
        diagnosis=answer.diagnosis,
        notes=answer.notes,
        limits=answer.limits,
    )
