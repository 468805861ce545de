"""What was found in a table's cells: problems that stop, by row and column, and notes on what was read freely."""

import difflib
from bisect import insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridpact.errors import CellProblem, TableError, TableRangeError

LISTED = 20
"""Most problems that one message lists; the rest are counted."""

MOST_LETTERS = 60
"""Longer than any name: of a longer text, this much is compared with names."""

Bools = NDArray[np.bool_]


def nearest(word: str, allowed: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The allowed value most like ``word``, whatever its case, if any is like it."""
    by_lower = {each.lower(): each for each in allowed}
    found = difflib.get_close_matches(word.strip().lower()[:MOST_LETTERS], by_lower, n=1, cutoff=cutoff)
    return by_lower[found[0]] if found else None


@dataclass(slots=True)
class _Column:
    """Problems of one column: the first `LISTED` by row, in words, and all of them as row numbers."""

    listed: list[tuple[int, str]] = field(default_factory=list)
    rows: set[int] = field(default_factory=set)


class Findings:
    """Collects problems of one table and raises them together."""

    def __init__(
        self, *, source: str, row_numbers: Sequence[int], order: Sequence[str] = (), header_row: int | None = None
    ) -> None:
        """Set the table's name, how it numbers its rows, shape (n,), its columns' order, and its header's number."""
        self.source = source
        self.row_numbers = row_numbers
        self.header_row = header_row
        self.written: dict[str, tuple[NDArray[np.object_], NDArray[np.object_]]] = {}
        """Of columns that were not read as they are written: the cells and how they were read, each of shape (n,)."""
        self._order = {name: place for place, name in enumerate(order)}
        self._columns: dict[str, _Column] = defaultdict(_Column)
        self._of_table: list[CellProblem] = []
        self._all_range = True

    def __bool__(self) -> bool:
        """Whether any problem was found."""
        return bool(self._of_table or self._columns)

    def refuse(self, row: int, column: str, tail: str, *, out_of_range: bool = False, beside: str = "") -> None:
        """Record that a cell cannot be used.

        Args:
            row: place in the table, from 0.
            column: its name.
            tail: what follows the place in the message, with its own leading space or colon.
            out_of_range: whether it is a number outside its range.
            beside: another column that the message names with it.
        """
        found = self._columns[column]
        if row in found.rows:
            return
        found.rows.add(row)
        self._all_range = self._all_range and out_of_range
        if len(found.listed) < LISTED or row < found.listed[-1][0]:
            also = f" and {beside}" if beside else ""
            text = f"row {self.row_numbers[row]}, {column}{also}{tail}{self._as_written(row, column, tail)}"
            insort(found.listed, (row, _shortened(text)))
            del found.listed[LISTED:]

    def _as_written(self, row: int, column: str, tail: str) -> str:
        """What stands in a cell, where it was read in another way and the message does not say it."""
        cells, read = self.written.get(column, (None, None))
        if cells is None or read is None or cells[row] == read[row]:
            return ""
        original = repr(cells[row].strip())
        return "" if original in tail else f" (the cell says {original})"

    def refuse_where(
        self,
        bad: Bools,
        column: str,
        say: Callable[..., str],
        *,
        needs: Sequence[str] = (),
        out_of_range: bool = False,
    ) -> None:
        """Record a problem in every row where ``bad``, unless ``column`` or one in ``needs`` has one already."""
        open_rows = bad & self.clean(column, *needs)
        for row in np.flatnonzero(open_rows)[: LISTED + len(self._columns[column].rows)].tolist():
            self.refuse(row, column, f" {say(row)}", out_of_range=out_of_range)
        self._columns[column].rows.update(np.flatnonzero(open_rows).tolist())
        if not self._columns[column].rows:
            del self._columns[column]

    def refuse_header(self, column: str | None, text: str) -> None:
        """Record a problem of the header."""
        self._all_range = False
        place = "" if self.header_row is None else f"row {self.header_row}"
        sentence = _shortened(f"{place}: {text}" if place else text)
        self._of_table.append(CellProblem(row=self.header_row, column=column, text=sentence))

    def clean(self, *columns: str) -> Bools:
        """Rows in which none of ``columns`` has a problem, shape (n,)."""
        mask = np.ones(len(self.row_numbers), dtype=np.bool_)
        for column in columns:
            if column in self._columns:
                mask[list(self._columns[column].rows)] = False
        return mask

    def problems(self) -> tuple[list[CellProblem], int]:
        """The first `LISTED` problems, by row and then in the order of the columns, and how many there are."""
        cells = [
            (row, self._order.get(name, len(self._order)), name, text)
            for name, column in self._columns.items()
            for row, text in column.listed
        ]
        cells.sort(key=lambda cell: cell[:2])
        listed = [
            *self._of_table,
            *(CellProblem(row=int(self.row_numbers[row]), column=name, text=text) for row, _, name, text in cells),
        ]
        count = len(self._of_table) + sum(len(column.rows) for column in self._columns.values())
        return listed[:LISTED], count

    def raise_if_any(self) -> None:
        """Raise one error that names every problem.

        Raises:
            TableRangeError: numbers are outside their ranges, and nothing else is wrong.
            TableError: something else is wrong.
        """
        if not self:
            return
        listed, count = self.problems()
        error = TableRangeError if self._all_range else TableError
        if count == 1:
            colon = "" if listed[0].row is not None else ":"
            raise error(f"{self.source}{colon} {listed[0].text}", problems=listed, count=count)
        lines = [f"{self.source}: {count:,} problems", *(f"  {problem.text}" for problem in listed)]
        if count > len(listed):
            lines.append(f"  and {count - len(listed):,} more; the first {LISTED} are listed")
        raise error("\n".join(lines), problems=listed, count=count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something that was understood though it is not written plainly."""

    text: str
    """The whole sentence, with the first place and how it was read."""
    row: int | None = None
    """Number of the first row that it is about."""
    column: str | None = None
    cells: int = 0
    """How many cells it is about."""


def _shortened(text: str, most: int = 1200) -> str:
    """``text`` without its middle where it is very long, as with a cell that holds a page."""
    return text if len(text) <= most else f"{text[: most - 300]} ... {text[-250:]}"


class Notes:
    """Collects notes; cells of one column that were read alike are one note."""

    def __init__(self) -> None:
        self._of_table: list[Note] = []
        self._of_cells: dict[tuple[str, str], list[Any]] = {}

    def of_table(self, text: str, *, row: int | None = None, column: str | None = None) -> None:
        """Note something about the whole table, a row or a column."""
        self._of_table.append(Note(text=text, row=row, column=column))

    def of_cells(self, column: str, how: str, *, first_row: int, written: str, read: str, cells: int) -> None:
        """Note that ``cells`` cells were read as ``how`` says; ``first_row`` shows ``written``, read as ``read``."""
        written, read = _shortened(written, 400), _shortened(read, 400)
        known = self._of_cells.setdefault((column, how), [first_row, written, read, 0])
        if first_row < known[0]:
            known[:3] = [first_row, written, read]
        known[3] += cells

    def listed(self) -> tuple[Note, ...]:
        """Every note: the table's first, then by column in the order of their finding."""
        return (
            *self._of_table,
            *(
                Note(
                    text=f"{column}: {cells:,} {'cell' if cells == 1 else 'cells'} {how}; row {row}, {written!r}, "
                    f"is read as {read!r}",
                    row=row,
                    column=column,
                    cells=cells,
                )
                for (column, how), (row, written, read, cells) in self._of_cells.items()
            ),
        )
