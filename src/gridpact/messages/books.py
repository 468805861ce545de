"""Messages as books: columns with a row for each home or segment, so that a round is array work at any size.

Homes are indices into the ``home_ids`` of the run. Quantities are whole watts written in kW, prices whole
cents in the opportunity's price unit (USD/MWh, or USD/MW per h for reserve). Arrays are read-only.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from gridpact.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


_SEGMENT_COLUMNS: dict[str, type] = {
    "home_index": np.int64,
    "segment": np.int64,
    "quantity_kw": np.float64,
    "price": np.float64,
}


class Answer(StrEnum):
    """What a home says to an offer."""

    ACCEPT = "accept"
    """Takes everything it could still deliver within the cap."""
    COUNTER = "counter"
    """Takes part or nothing, and talks on."""
    REFUSE = "refuse"
    """Takes nothing, for good."""
    EXPIRED = "expired"
    """Did not answer in time."""


def column(values: ArrayLike, dtype: type, *, what: str) -> NDArray[Any]:
    """``values`` as a read-only one-dimensional array of ``dtype``, copied.

    Raises:
        InputError: the values do not convert, are not finite, or are not one-dimensional.
    """
    try:
        array: NDArray[Any] = np.array(values, dtype=dtype)
    except (TypeError, ValueError, OverflowError) as problem:
        raise InputError(f"{what} cannot be read as a column of {dtype.__name__}: {problem}") from problem
    if array.ndim != 1:
        raise InputError(f"{what} has shape {array.shape}; it must be one column")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise InputError(f"{what}: row {int(np.argmin(np.isfinite(array)))} is not a finite number")
    if array.dtype.kind == "i" and not np.array_equal(array, np.asarray(values)):
        raise InputError(f"{what} must hold whole numbers")
    array.setflags(write=False)
    return array


def _set_columns(book: object, kinds: dict[str, type]) -> int:
    """Normalise the named columns of a frozen book; returns their common length."""
    name = type(book).__name__
    lengths = {}
    for name_of, dtype in kinds.items():
        array = column(getattr(book, name_of), dtype, what=f"{name}.{name_of}")
        object.__setattr__(book, name_of, array)
        lengths[name_of] = len(array)
    if len(set(lengths.values())) > 1:
        raise InputError(f"{name}: columns differ in length: {lengths}")
    return next(iter(lengths.values()))


def _check_homes(book: object, home_index: Ints, home_ids: tuple[str, ...]) -> None:
    if home_index.size and (home_index.min() < 0 or home_index.max() >= len(home_ids)):
        raise InputError(f"{type(book).__name__}: home_index must lie in 0..{len(home_ids) - 1}")


def _check_one_row_per_home(book: object, home_index: Ints) -> None:
    if (np.diff(home_index) <= 0).any():
        raise InputError(f"{type(book).__name__}: homes must be sorted, each at most once")


def _check_segments(book: object, *, home_index: Ints, segment: Ints, quantity_kw: Floats, price: Floats) -> Bools:
    """Sorted by home and segment, positive widths; returns whether each row continues the home of the row before."""
    name = type(book).__name__
    same: Bools = np.diff(home_index) == 0
    if (np.diff(home_index) < 0).any() or (np.diff(segment)[same] <= 0).any():
        raise InputError(f"{name}: rows must be sorted by home, then by rising segment")
    if (quantity_kw <= 0).any():
        raise InputError(f"{name}: row {int(np.argmax(quantity_kw <= 0))} has no width; quantity_kw must be above 0")
    if (np.diff(price)[same] < 0).any():
        raise InputError(f"{name}: prices must not fall from one segment of a home to the next")
    return same


def _labels(home_ids: tuple[str, ...], home_index: Ints) -> NDArray[Any]:
    return np.array(home_ids, dtype=object)[home_index] if home_index.size else np.empty(0, dtype=object)


@dataclass(frozen=True, slots=True, kw_only=True)
class BidBook:
    """One round's asks: for each home, segments of width [kW] and marginal price, prices never falling."""

    opportunity_id: str
    round: int
    home_ids: tuple[str, ...]
    """Every home of the run; rows point into it."""
    home_index: Ints
    segment: Ints
    """Counted from 1 within a home."""
    quantity_kw: Floats
    """Width of the segment [kW]."""
    price: Floats
    """Marginal price asked, in the opportunity's unit."""

    def __post_init__(self) -> None:
        """Check and freeze; raises InputError."""
        _set_columns(self, _SEGMENT_COLUMNS)
        _check_homes(self, self.home_index, self.home_ids)
        _check_segments(
            self, home_index=self.home_index, segment=self.segment, quantity_kw=self.quantity_kw, price=self.price
        )

    def __len__(self) -> int:
        """Number of segments."""
        return len(self.home_index)

    def to_frame(self) -> pd.DataFrame:
        """Columns of ``bids.parquet``."""
        return pd.DataFrame(
            {
                "opportunity_id": pd.Series([self.opportunity_id] * len(self), dtype="str"),
                "round": np.full(len(self), self.round, dtype=np.int64),
                "home_id": pd.Series(_labels(self.home_ids, self.home_index), dtype="str"),
                "segment": self.segment.copy(),
                "quantity_kw": self.quantity_kw.copy(),
                "price": self.price.copy(),
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferBook:
    """One round's offers: a unit price and a cap for each home that is talked to, one row a home."""

    opportunity_id: str
    round: int
    home_ids: tuple[str, ...]
    home_index: Ints
    price: Floats
    """Price offered, in the opportunity's unit."""
    cap_kw: Floats
    """Most that the aggregator would take from the home in all, earlier acceptances included [kW]."""

    def __post_init__(self) -> None:
        """Check and freeze; raises InputError."""
        _set_columns(self, {"home_index": np.int64, "price": np.float64, "cap_kw": np.float64})
        _check_homes(self, self.home_index, self.home_ids)
        _check_one_row_per_home(self, self.home_index)
        if (self.cap_kw < 0).any():
            raise InputError("OfferBook: cap_kw must not be negative")

    def __len__(self) -> int:
        """Number of offers."""
        return len(self.home_index)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerBook:
    """Answers to one round's offers, one row a home that was offered something."""

    opportunity_id: str
    round: int
    home_ids: tuple[str, ...]
    home_index: Ints
    price: Floats
    """The offered price that is answered."""
    accepted_kw: Floats
    """Newly accepted in this round, on top of earlier acceptances [kW]."""
    answer: tuple[Answer, ...]
    reason: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check and freeze; raises InputError."""
        rows = _set_columns(self, {"home_index": np.int64, "price": np.float64, "accepted_kw": np.float64})
        _check_homes(self, self.home_index, self.home_ids)
        _check_one_row_per_home(self, self.home_index)
        if len(self.answer) != rows or len(self.reason) != rows:
            raise InputError(f"AnswerBook: {len(self.answer)} answers and {len(self.reason)} reasons for {rows} homes")
        if (self.accepted_kw < 0).any():
            raise InputError("AnswerBook: accepted_kw must not be negative")

    def __len__(self) -> int:
        """Number of answers."""
        return len(self.home_index)

    def to_frame(self, offers: OfferBook) -> pd.DataFrame:
        """Columns of ``offers.parquet``: each offer with its answer.

        Raises:
            InputError: the answers belong to other offers.
        """
        if (
            offers.round != self.round
            or offers.opportunity_id != self.opportunity_id
            or not np.array_equal(offers.home_index, self.home_index)
        ):
            raise InputError(f"answers of round {self.round} do not belong to the offers of round {offers.round}")
        return pd.DataFrame(
            {
                "opportunity_id": pd.Series([self.opportunity_id] * len(self), dtype="str"),
                "round": np.full(len(self), self.round, dtype=np.int64),
                "home_id": pd.Series(_labels(self.home_ids, self.home_index), dtype="str"),
                "price": offers.price.copy(),
                "cap_kw": offers.cap_kw.copy(),
                "answer": pd.Series([str(answer) for answer in self.answer], dtype="str"),
                "accepted_kw": self.accepted_kw.copy(),
                "reason": pd.Series(list(self.reason), dtype="str"),
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionBook:
    """What homes have agreed to sell if called: segments at agreed prices, rising strictly within a home."""

    opportunity_id: str = ""
    home_ids: tuple[str, ...]
    """Every home of the run; rows point into it."""
    home_index: Ints
    """Shape (n,), sorted."""
    segment: Ints
    """Counted from 1 within a home, shape (n,)."""
    quantity_kw: Floats
    """Width of the segment [kW], shape (n,)."""
    price: Floats
    """Agreed price, in the opportunity's unit, shape (n,)."""
    least_kw: Floats = field(default_factory=lambda: np.zeros(0))
    """For each home of ``home_ids``, call at least this of its options or none; zeros where not given [kW]."""

    def __post_init__(self) -> None:
        """Check and freeze; raises InputError."""
        _set_columns(self, _SEGMENT_COLUMNS)
        _check_homes(self, self.home_index, self.home_ids)
        same = _check_segments(
            self, home_index=self.home_index, segment=self.segment, quantity_kw=self.quantity_kw, price=self.price
        )
        if (np.diff(self.price)[same] <= 0).any():
            raise InputError("OptionBook: prices must rise strictly from one option of a home to the next")
        least = self.least_kw if np.size(self.least_kw) else np.zeros(len(self.home_ids))
        object.__setattr__(self, "least_kw", column(least, np.float64, what="OptionBook.least_kw"))
        if len(self.least_kw) != len(self.home_ids) or (self.least_kw < 0).any():
            raise InputError("OptionBook: least_kw must be one quantity of at least 0 for each home")

    def __len__(self) -> int:
        """Number of options."""
        return len(self.home_index)

    @classmethod
    def empty(cls, home_ids: tuple[str, ...], *, opportunity_id: str = "") -> "OptionBook":
        """No option at all."""
        nothing = np.zeros(0)
        return cls(
            opportunity_id=opportunity_id,
            home_ids=home_ids,
            home_index=np.zeros(0, dtype=np.int64),
            segment=np.zeros(0, dtype=np.int64),
            quantity_kw=nothing,
            price=nothing,
        )

    @property
    def total_kw(self) -> float:
        """All options together [kW]."""
        return float(self.quantity_kw.sum())

    @property
    def members(self) -> tuple[str, ...]:
        """Ids of the homes that hold an option, in fleet order."""
        return tuple(self.home_ids[int(home)] for home in np.unique(self.home_index))

    def per_home_kw(self) -> Floats:
        """Options of each home, shape (homes,) [kW]."""
        return np.bincount(self.home_index, weights=self.quantity_kw, minlength=len(self.home_ids)).astype(np.float64)

    def where(self, keep: ArrayLike) -> "OptionBook":
        """The options for which the boolean mask ``keep``, shape (n,), is true."""
        mask = np.asarray(keep, dtype=np.bool_)
        return OptionBook(
            opportunity_id=self.opportunity_id,
            home_ids=self.home_ids,
            home_index=self.home_index[mask],
            segment=self.segment[mask],
            quantity_kw=self.quantity_kw[mask],
            price=self.price[mask],
            least_kw=self.least_kw,
        )

    def without(self, home_ids: Collection[str]) -> "OptionBook":
        """The options of every other home; indices keep their meaning."""
        gone = np.array([home in home_ids for home in self.home_ids], dtype=np.bool_)
        return self.where(~gone[self.home_index])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CalledOptions:
    """What was agreed and what of it was called: an option that was called in part is two rows, sorted by home."""

    opportunity_id: str
    home_ids: tuple[str, ...]
    home_index: Ints
    """Shape (n,), as all that follow."""
    segment: Ints
    """Counted from 1 within a home."""
    quantity_kw: Floats
    price: Floats
    activated: Bools

    @classmethod
    def none_of(cls, agreed: OptionBook) -> "CalledOptions":
        """All of ``agreed``, nothing called."""
        return cls(
            opportunity_id=agreed.opportunity_id,
            home_ids=agreed.home_ids,
            home_index=agreed.home_index,
            segment=agreed.segment,
            quantity_kw=agreed.quantity_kw,
            price=agreed.price,
            activated=np.zeros(len(agreed), dtype=np.bool_),
        )

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.home_index)

    def offered_kw(self) -> Floats:
        """What each home agreed to, called or not, shape (homes,) [kW]."""
        offered = np.zeros(len(self.home_ids))
        sums = pd.Series(self.quantity_kw).groupby(self.home_index).sum()
        offered[sums.index.to_numpy()] = sums.to_numpy()
        return offered

    def committed_kw(self) -> Floats:
        """What each home is called for, in whole watts, shape (homes,) [kW]."""
        called = np.where(self.activated, self.quantity_kw, 0.0)
        return np.round(np.bincount(self.home_index, weights=called, minlength=len(self.home_ids)), 3)

    def to_frame(self) -> pd.DataFrame:
        """Columns of ``options.parquet``."""
        return pd.DataFrame(
            {
                "opportunity_id": pd.Series([self.opportunity_id] * len(self), dtype=object),
                "home_id": pd.Series(_labels(self.home_ids, self.home_index), dtype=object),
                "segment": self.segment,
                "quantity_kw": self.quantity_kw,
                "price": self.price,
                "activated": self.activated,
            }
        )
