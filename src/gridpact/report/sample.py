"""Which homes are shown one by one where there are too many: a rule without chance, the same for the same run."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gridpact.report import words

ALL_UP_TO = 200
"""Homes up to which every home's day is drawn."""


def choose(
    homes: Sequence[str], *, paid_usd: NDArray[np.float64], agreed_kw: NDArray[np.float64], most: int = ALL_UP_TO
) -> tuple[NDArray[np.int64], str]:
    """Rows of the homes that are shown, in the fleet's order, and the rule in words.

    All where they fit. Else, of the places there are: a quarter for those who earned most, half for homes evenly
    spaced by what they earned, a quarter for willing homes that were left out, evenly spaced by what they had agreed to
    sell. What one part does not need goes to the others, and to homes that agreed to nothing last.

    Args:
        homes: ids, in the fleet's order.
        paid_usd: what each home was paid, shape (H,) [USD].
        agreed_kw: what each home agreed to sell, shape (H,) [kW].
        most: places.
    """
    count = len(homes)
    if count <= most:
        return np.arange(count), ""
    names = np.argsort(np.argsort(np.array(homes, dtype=object)))
    members = np.flatnonzero(paid_usd > 0)
    members = members[np.lexsort((names[members], -paid_usd[members]))]
    left_out = np.flatnonzero((paid_usd <= 0) & (agreed_kw > 0))
    left_out = left_out[np.lexsort((names[left_out], -agreed_kw[left_out]))]
    others = np.flatnonzero((paid_usd <= 0) & (agreed_kw <= 0))
    others = others[np.argsort(names[others])]
    outside = min(len(left_out), max(most // 4, most - len(members)))
    inside = min(len(members), most - outside)
    top = members[: inside if inside == len(members) else most // 4]
    spread = _evenly(members[len(top) :], inside - len(top))
    chosen = np.concatenate([top, spread, _evenly(left_out, outside)])
    chosen = np.concatenate([chosen, _evenly(others, most - len(chosen))])
    rest = len(chosen) - len(top) - len(spread) - outside
    parts = [
        (len(top), words.counted(len(top), "top earner")),
        (len(spread), f"{len(spread)} spread evenly over what the others earned"),
        (outside, f"{outside} left out though willing"),
        (rest, f"{rest} that sold nothing"),
    ]
    return np.sort(chosen), ", ".join(said for count, said in parts if count)


def _evenly(rows: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """``count`` of ``rows``, evenly spaced, both ends included."""
    if count <= 0 or not len(rows):
        return rows[:0]
    if count >= len(rows):
        return rows
    return rows[np.unique(np.round(np.linspace(0, len(rows) - 1, count)).astype(np.int64))]
