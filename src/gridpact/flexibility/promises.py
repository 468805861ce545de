"""What is wanted of many homes and what they have promised, as columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridpact.errors import InputError
from gridpact.flexibility.home import Ask, Bools, Commitment, Floats

Ints = NDArray[np.int64]
Objects = NDArray[np.object_]


def tuples(items: Sequence[tuple[str, ...]]) -> Objects:
    """An array whose cells are tuples of names, shape (n,)."""
    found = np.empty(len(items), dtype=np.object_)
    for place, item in enumerate(items):
        found[place] = item
    return found


def same_tuple(item: tuple[str, ...], *, count: int) -> Objects:
    """An array with the same tuple of names in every cell, shape (count,)."""
    found = np.empty(count, dtype=np.object_)
    found.fill(item)
    return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AskBatch:
    """One ask to many homes: which are asked, and which of their devices are left out; see `Ask`."""

    opportunity_id: str
    first: int
    stop: int
    reserve: bool
    sustain_h: float = 0.0
    reduction_only: bool = False
    asked: Bools
    """Homes that are asked at all, shape (N,)."""
    frozen_battery: Bools
    """Shape (N,), as the next two."""
    frozen_vehicle: Bools
    frozen_devices: Objects = field(default_factory=lambda: tuples([]))
    """Names of further devices, a tuple a home; an empty array stands for none."""

    def __post_init__(self) -> None:
        """Fill in what stands for none."""
        if not len(self.frozen_devices):
            object.__setattr__(self, "frozen_devices", same_tuple((), count=len(self.asked)))

    def __len__(self) -> int:
        """Number of homes N."""
        return len(self.asked)

    def home(self, number: int) -> Ask:
        """What is wanted of home ``number``."""
        return Ask(
            opportunity_id=self.opportunity_id,
            first=self.first,
            stop=self.stop,
            reserve=self.reserve,
            sustain_h=self.sustain_h,
            reduction_only=self.reduction_only,
            frozen_battery=bool(self.frozen_battery[number]),
            frozen_vehicle=bool(self.frozen_vehicle[number]),
            frozen_devices=self.frozen_devices[number],
        )

    @classmethod
    def to_all(cls, ask: Ask, homes: int) -> "AskBatch":
        """The same ``ask`` to each of ``homes`` homes."""
        values: dict[str, Any] = {item.name: getattr(ask, item.name) for item in fields(ask)}
        for name in ("frozen_battery", "frozen_vehicle"):
            values[name] = np.full(homes, values[name])
        values["frozen_devices"] = same_tuple(ask.frozen_devices, count=homes)
        return cls(**values, asked=np.ones(homes, dtype=np.bool_))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CommitmentBatch:
    """Promises of N homes, sorted by home and within a home in the order of award; see `Commitment`."""

    homes: int
    """Number of homes N."""
    opportunity_ids: tuple[str, ...]
    """The opportunities that ``opportunity`` counts."""
    home: Ints
    """Which home, shape (P,), as all that follow."""
    opportunity: Ints
    first: Ints
    stop: Ints
    quantity_kw: Floats
    reserve: Bools
    sustain_h: Floats
    reduction_only: Bools
    frozen_battery: Bools
    frozen_vehicle: Bools
    frozen_devices: Objects = field(default_factory=lambda: tuples([]))
    """Names of further devices, a tuple a promise; an empty array stands for none."""

    def __post_init__(self) -> None:
        """Freeze the arrays; raises InputError where lengths differ or homes are not in order."""
        if not len(self.frozen_devices):
            object.__setattr__(self, "frozen_devices", same_tuple((), count=len(self.home)))
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, np.ndarray):
                if value.shape != self.home.shape:
                    raise InputError(f"CommitmentBatch.{item.name} has shape {value.shape}, not {self.home.shape}")
                value.setflags(write=False)
        if (np.diff(self.home) < 0).any() or (len(self.home) and not 0 <= self.home[0] <= self.home[-1] < self.homes):
            raise InputError(f"commitments must be sorted by home, in 0..{self.homes - 1}")

    def __len__(self) -> int:
        """Number of promises P."""
        return len(self.home)

    @property
    def bound(self) -> Ints:
        """Homes that have promised something, in order, each once."""
        return np.unique(self.home)

    def of_home(self, number: int) -> tuple[Commitment, ...]:
        """The promises of home ``number``."""
        first, stop = np.searchsorted(self.home, [number, number + 1])
        return tuple(self.item(k) for k in range(int(first), int(stop)))

    def item(self, number: int) -> Commitment:
        """The promise in row ``number``."""
        return Commitment(
            opportunity_id=self.opportunity_ids[int(self.opportunity[number])],
            first=int(self.first[number]),
            stop=int(self.stop[number]),
            quantity_kw=float(self.quantity_kw[number]),
            reserve=bool(self.reserve[number]),
            sustain_h=float(self.sustain_h[number]),
            reduction_only=bool(self.reduction_only[number]),
            frozen_battery=bool(self.frozen_battery[number]),
            frozen_vehicle=bool(self.frozen_vehicle[number]),
            frozen_devices=self.frozen_devices[number],
        )

    @classmethod
    def of(cls, commitments: Mapping[int, Sequence[Commitment]], *, homes: int) -> "CommitmentBatch":
        """Promises by home; ``homes`` is how many homes there are."""
        rows = [(home, item) for home in sorted(commitments) for item in commitments[home]]
        items = [item for _, item in rows]
        names = tuple(dict.fromkeys(item.opportunity_id for item in items))
        place = {name: number for number, name in enumerate(names)}

        def column(name: str, dtype: type) -> NDArray[Any]:
            return np.array([getattr(item, name) for item in items], dtype=dtype)

        return cls(
            homes=homes,
            opportunity_ids=names,
            home=np.array([home for home, _ in rows], dtype=np.int64),
            opportunity=np.array([place[item.opportunity_id] for item in items], dtype=np.int64),
            first=column("first", np.int64),
            stop=column("stop", np.int64),
            quantity_kw=column("quantity_kw", np.float64),
            reserve=column("reserve", np.bool_),
            sustain_h=column("sustain_h", np.float64),
            reduction_only=column("reduction_only", np.bool_),
            frozen_battery=column("frozen_battery", np.bool_),
            frozen_vehicle=column("frozen_vehicle", np.bool_),
            frozen_devices=tuples([item.frozen_devices for item in items]),
        )

    @classmethod
    def to_ask(cls, asks: AskBatch, quantity_kw: Floats) -> "CommitmentBatch":
        """Each home's promise of ``quantity_kw``, shape (N,), to what was asked of it; homes with zero have none."""
        home = np.flatnonzero(quantity_kw > 0)
        return cls(
            homes=len(asks),
            opportunity_ids=(asks.opportunity_id,),
            home=home,
            opportunity=np.zeros(len(home), dtype=np.int64),
            first=np.full(len(home), asks.first, dtype=np.int64),
            stop=np.full(len(home), asks.stop, dtype=np.int64),
            quantity_kw=np.asarray(quantity_kw[home], dtype=np.float64),
            reserve=np.full(len(home), asks.reserve),
            sustain_h=np.full(len(home), asks.sustain_h, dtype=np.float64),
            reduction_only=np.full(len(home), asks.reduction_only),
            frozen_battery=asks.frozen_battery[home],
            frozen_vehicle=asks.frozen_vehicle[home],
            frozen_devices=asks.frozen_devices[home],
        )

    def where(self, keep: Bools) -> "CommitmentBatch":
        """The promises for which the mask ``keep``, shape (P,), is true."""
        kept = {name: getattr(self, name)[keep] for name in _COLUMNS}
        return CommitmentBatch(homes=self.homes, opportunity_ids=self.opportunity_ids, **kept)

    def followed_by(self, later: "CommitmentBatch") -> "CommitmentBatch":
        """These promises and, after them in each home, the ``later`` ones."""
        order = np.argsort(np.concatenate([self.home, later.home]), kind="stable")
        names = (*self.opportunity_ids, *later.opportunity_ids)
        joined = {name: np.concatenate([getattr(self, name), getattr(later, name)])[order] for name in _COLUMNS}
        number = np.concatenate([self.opportunity, later.opportunity + len(self.opportunity_ids)])[order]
        return CommitmentBatch(homes=self.homes, opportunity_ids=names, **joined | {"opportunity": number})


_COLUMNS = tuple(item.name for item in fields(CommitmentBatch) if item.name not in ("homes", "opportunity_ids"))
