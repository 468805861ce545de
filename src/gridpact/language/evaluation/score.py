"""How one answer did against what a person really said, and how many answers did together."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

Z_95 = 1.959963984540054
"""Quantile of the normal distribution for an interval of 95%."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One answer, field by field.

    A field is stated or not, and found or not. Of the stated ones each is found right, found wrong or missed, so these
    three add up to ``stated``; a field that is found and was not stated is invented.
    """

    stated: int
    """Fields that the words state."""
    found_right: int
    """Of these, found with the right value."""
    missed: int
    """Of these, left unset."""
    invented: int
    """Fields set that the words do not state."""
    unsafe: int
    """Of what is wrong, missed or invented: what allows more than the person did (a lower backup, a later departure, a
    price below the floor). A question asked back instead is not unsafe."""
    wrong: int
    """Of the stated, found with another value."""
    valid: bool
    """Whether there was an answer of the closed schema; without one, everything stated is missed."""
    deal: bool | None = None
    """Positions: whether a deal came about. None where the set has none, or none was possible."""
    surplus_kept: float | None = None
    """Positions: share of what the deal could have been worth to the party that it kept, 0 to 1."""

    def __post_init__(self) -> None:
        """Raises ValueError where the counts contradict each other."""
        counts = (self.stated, self.found_right, self.missed, self.invented, self.unsafe, self.wrong)
        if min(counts) < 0:
            raise ValueError(f"a count is below zero: {self}")
        if self.found_right + self.missed + self.wrong != self.stated:
            raise ValueError(f"found_right, missed and wrong do not add up to stated: {self}")
        if self.unsafe > self.wrong + self.missed + self.invented:
            raise ValueError(f"more is unsafe than is wrong, missed or invented: {self}")
        if self.surplus_kept is not None and not 0.0 <= self.surplus_kept <= 1.0:
            raise ValueError(f"surplus_kept is not a share from 0 to 1: {self}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A share of a count, with its 95% interval."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        """The share; None of nothing."""
        return self.part / self.whole if self.whole else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's score interval (Wilson 1927, JASA 22, 209-212); None of nothing."""
        if not self.whole:
            return None
        n, p, z = self.whole, self.part / self.whole, Z_95
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        # At the ends the interval touches 0 or 1 exactly, where rounding would miss it.
        return (0.0 if self.part == 0 else middle - half, 1.0 if self.part == n else middle + half)


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """Many scores added up."""

    cases: int
    stated: int
    found_right: int
    missed: int
    invented: int
    unsafe: int
    wrong: int
    invalid: int
    """Cases without a valid answer."""
    unsafe_cases: int
    """Cases with anything unsafe."""
    perfect: int
    """Cases with everything stated found right and nothing invented."""
    deals: int
    deals_possible: int
    surplus_kept: float | None
    """Mean over the cases that have one."""

    @property
    def field_accuracy(self) -> Rate:
        """Right fields among all that were stated or invented. Fields rightly left unset do not count: most are, and
        saying nothing would look good."""
        return Rate(part=self.found_right, whole=self.stated + self.invented)

    @property
    def stated_found(self) -> Rate:
        """Stated values found right."""
        return Rate(part=self.found_right, whole=self.stated)

    @property
    def unsafe_readings(self) -> Rate:
        """Cases with anything unsafe, of all."""
        return Rate(part=self.unsafe_cases, whole=self.cases)

    @property
    def invalid_replies(self) -> Rate:
        """Cases without a valid answer, of all."""
        return Rate(part=self.invalid, whole=self.cases)

    @property
    def deal_rate(self) -> Rate:
        """Deals among those possible."""
        return Rate(part=self.deals, whole=self.deals_possible)


def add_up(scores: Iterable[Score]) -> Total:
    """The sums over ``scores``."""
    each = list(scores)
    kept = [score.surplus_kept for score in each if score.surplus_kept is not None]
    return Total(
        cases=len(each),
        stated=sum(score.stated for score in each),
        found_right=sum(score.found_right for score in each),
        missed=sum(score.missed for score in each),
        invented=sum(score.invented for score in each),
        unsafe=sum(score.unsafe for score in each),
        wrong=sum(score.wrong for score in each),
        invalid=sum(not score.valid for score in each),
        unsafe_cases=sum(score.unsafe > 0 for score in each),
        perfect=sum(score.found_right == score.stated and not score.invented for score in each),
        deals=sum(score.deal is True for score in each),
        deals_possible=sum(score.deal is not None for score in each),
        surplus_kept=sum(kept) / len(kept) if kept else None,
    )
