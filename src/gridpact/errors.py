"""The errors that gridpact raises.

    GridpactError
      InputError(ValueError)      MissingDataError, UnitRangeError, NaiveDatetimeError, TableError
      MarketRuleError
      NegotiationError            ProtocolViolationError, UnusableReplyError
      OptimizationError           InfeasibleError, UnboundedError, SolverFailedError
      StoreError                  EventConflictError, CorruptLogError
      ModelUnavailableError

A message says what was wrong, where (file, row, field) and what to do. "No deal", "not cleared" and
"short delivery" are results of a run, not errors.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class GridpactError(Exception):
    """Root of every error that gridpact raises on purpose."""


class InputError(GridpactError, ValueError):
    """Something given to gridpact (file, flag, argument) cannot be used as it is."""


class MissingDataError(InputError):
    """A file, column, row or time range that is needed is not there."""


class UnitRangeError(InputError):
    """A number is NaN, infinite, or outside the range its unit allows."""


class NaiveDatetimeError(InputError):
    """A time without a UTC offset was given where an aware one is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellProblem:
    """One cell that cannot be used, or that was read in another way than it is written."""

    row: int | None
    """Number of the row as its source shows it; None for the whole table."""
    column: str | None
    """Name of the column; None for the whole row."""
    text: str
    """The whole sentence, place included, source not."""


class TableError(InputError):
    """Cells of a table cannot be used; every one is named, up to a stated number."""

    def __init__(self, message: str, *, problems: Sequence[CellProblem] = (), count: int = 0) -> None:
        """Set the message, the problems that it lists, sorted by row, and how many there are in all."""
        super().__init__(message)
        self.problems = tuple(problems)
        self.count = max(count, len(self.problems))


class TableRangeError(TableError, UnitRangeError):
    """Numbers of a table are infinite or outside the range that their unit allows, and nothing else is wrong."""


class MarketRuleError(GridpactError):
    """An opportunity or a bid breaks a rule of its market."""


class NegotiationError(GridpactError):
    """The negotiation could not go on."""


class ProtocolViolationError(NegotiationError):
    """An event arrived that the protocol's state does not allow."""


class UnusableReplyError(NegotiationError):
    """A strategy answered with something that cannot be read as a bid or an answer."""


class OptimizationError(GridpactError):
    """An optimisation problem ended without a usable solution."""


class InfeasibleError(OptimizationError):
    """No point satisfies every constraint."""


class UnboundedError(OptimizationError):
    """The objective can grow without limit: a bound is missing from the model."""


class SolverFailedError(OptimizationError):
    """The solver stopped without proving anything."""


class StoreError(GridpactError):
    """The run folder or the event log could not be written or read."""


class EventConflictError(StoreError):
    """Another writer has appended to the log."""


class CorruptLogError(StoreError):
    """The log's hash chain or content is damaged."""


class ModelUnavailableError(GridpactError):
    """A language model could not be reached or gave no usable reply in time."""
