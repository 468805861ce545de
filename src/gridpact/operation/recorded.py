"""The day's effects, each between two durable rows of its log: the homes' model, the solver, the market."""

from collections.abc import Callable, Mapping

from gridpact.coalition.problem import FormationProblem
from gridpact.flexibility.batch import CurveBatch, HomeBatch, ScheduleBatch
from gridpact.flexibility.model import FlexibilityModel, Tally
from gridpact.flexibility.promises import AskBatch, CommitmentBatch
from gridpact.market.clearing import Clearing
from gridpact.operation import outcomes
from gridpact.operation.chronicle import Chronicle
from gridpact.optimization.formulation import BidRequest
from gridpact.optimization.tool import OptimizationTool, SolverAnswer
from gridpact.store.book import Book
from gridpact.store.journal import Effect


class RecordedModel:
    """A `FlexibilityModel` whose every answer goes through the run's log."""

    def __init__(self, model: FlexibilityModel, chronicle: Chronicle) -> None:
        self._model = model
        self._chronicle = chronicle
        self._count = 0
        self.tally = Tally()
        """What was solved for this run, in whichever attempt."""

    def baselines(self, homes: HomeBatch) -> ScheduleBatch:
        """See `FlexibilityModel.baselines`."""
        before = self._before()

        def decode(book: Book) -> ScheduleBatch:
            self._add(book)
            return outcomes.schedules_of(book)

        return self._chronicle.effect(
            self._effect(f"baselines of {_homes(len(homes))}"),
            lambda: self._model.baselines(homes),
            encode=lambda found: outcomes.schedules_book(found, self._since(before)),
            decode=decode,
        )

    def cost_curves(
        self,
        homes: HomeBatch,
        baselines: ScheduleBatch,
        commitments: CommitmentBatch,
        asks: AskBatch,
        levels: int = 8,
    ) -> CurveBatch:
        """See `FlexibilityModel.cost_curves`."""
        before = self._before()

        def decode(book: Book) -> CurveBatch:
            self._add(book)
            return outcomes.curves_of(book, homes.home_ids)

        found = self._chronicle.effect(
            self._effect(f"cost curves of {_homes(int(asks.asked.sum()))} for {asks.opportunity_id}"),
            lambda: self._model.cost_curves(homes, baselines, commitments, asks, levels),
            encode=lambda curves: outcomes.curves_book(curves, self._since(before)),
            decode=decode,
        )
        return found

    def schedules(
        self, homes: HomeBatch, baselines: ScheduleBatch, commitments: CommitmentBatch
    ) -> tuple[ScheduleBatch, Mapping[int, str]]:
        """See `FlexibilityModel.schedules`; only plans of homes with promises are kept, the others are baselines."""
        before, bound = self._before(), commitments.bound

        def encode(found: tuple[ScheduleBatch, Mapping[int, str]]) -> Book:
            failed = [[home, reason] for home, reason in found[1].items()]
            return outcomes.schedules_book(found[0].take(bound), {**self._since(before), "failed": failed})

        def decode(book: Book) -> tuple[ScheduleBatch, Mapping[int, str]]:
            self._add(book)
            plans = outcomes.schedules_of(book)
            # Logs of the first form, and days on which everybody has promises, keep the plans of all.
            whole = plans if len(plans) == len(homes) else baselines.with_rows(bound, plans)
            return whole, {int(home): str(reason) for home, reason in book.facts["failed"]}

        return self._chronicle.effect(
            self._effect(f"plans of {_homes(len(bound))} with promises"),
            lambda: self._model.schedules(homes, baselines, commitments),
            encode=encode,
            decode=decode,
        )

    def _effect(self, what: str) -> Effect:
        self._count += 1
        return Effect(key=f"homes/{self._count}", what=what, by="homes' model")

    def _before(self) -> tuple[int, int]:
        return self._model.tally.solved, self._model.tally.by_highs

    def _since(self, before: tuple[int, int]) -> dict[str, int]:
        solved, by_highs = self._model.tally.solved - before[0], self._model.tally.by_highs - before[1]
        self.tally.add(solved, by_highs)
        return {"solved": solved, "by_highs": by_highs}

    def _add(self, book: Book) -> None:
        self.tally.add(int(book.facts["solved"]), int(book.facts["by_highs"]))


def solve_formation(
    tool: OptimizationTool, problem: FormationProblem, request: BidRequest, *, attempt: int, chronicle: Chronicle
) -> SolverAnswer:
    """What solvers say of a formation problem; ``attempt`` counts from 1 within the opportunity."""
    opportunity = request.opportunity.opportunity_id
    return chronicle.effect(
        Effect(key=f"formation/{opportunity}/{attempt}", what=f"the coalition for {opportunity}", by="solver"),
        lambda: tool.answer(problem, request),
        encode=outcomes.answer_book,
        decode=outcomes.answer_of,
    )


def submit_bid(opportunity_id: str, submit: Callable[[], Clearing], *, chronicle: Chronicle) -> Clearing:
    """What the market takes of the bid for an opportunity; submitted at most once under one key."""
    return chronicle.effect(
        Effect(key=f"bid/{opportunity_id}", what=f"the bid for {opportunity_id}", by="market"),
        submit,
        encode=outcomes.clearing_book,
        decode=outcomes.clearing_of,
    )


def _homes(count: int) -> str:
    return f"{count:,} {'home' if count == 1 else 'homes'}"
