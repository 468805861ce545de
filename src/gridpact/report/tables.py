"""Tables that sort by a click or a key, and become cards on a phone."""

from collections.abc import Sequence
from dataclasses import dataclass

from gridpact.report.page import NONE, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column's heading and kind."""

    title: str
    """Plain text, with the unit in brackets where there is one."""
    numeric: bool = False
    css: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell as HTML, with the value it sorts by."""

    html: str
    sort: float | str | None = None
    """None sorts last."""


def cell(html: str, sort: float | str | None = None) -> Cell:
    """A cell; NaN sorts as none."""
    return Cell(html=html, sort=None if isinstance(sort, float) and sort != sort else sort)


def table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[Cell]],
    *,
    caption: str,
    foot: Sequence[Cell] = (),
    css: str = "",
    name: str = "",
) -> str:
    """A table with sortable columns; on a narrow screen each row becomes a card.

    Args:
        columns: headings.
        rows: a cell for each column.
        caption: what the table holds, for who cannot see it.
        foot: a last row that stays last, such as a sum.
        css: more classes.
        name: by which the script finds it, for a table it fills itself.
    """
    head = "".join(
        f'<th scope="col" class="{"n" if column.numeric else ""} {column.css}">{text(column.title)}</th>'
        for column in columns
    )
    body = "".join(f"<tr>{_cells(columns, row)}</tr>" for row in rows)
    tail = f"<tfoot><tr>{_cells(columns, foot)}</tr></tfoot>" if foot else ""
    tag = f' data-table="{name}"' if name else ""
    return (
        f'<div class="scroll"><table class="sortable {css}"{tag}><caption class="hidden">{text(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>{tail}</table></div>"
    )


def _cells(columns: Sequence[Column], row: Sequence[Cell]) -> str:
    return "".join(
        f'<{_tag(k)} class="{"n" if column.numeric else ""} {column.css}{" empty" if entry.html == NONE else ""}"'
        f' data-label="{text(column.title)}"{_sort(entry)}><span>{entry.html}</span></{_tag(k).split(" ")[0]}>'
        for k, (entry, column) in enumerate(zip(row, columns, strict=True))
    )


def _tag(position: int) -> str:
    return "td" if position else 'th scope="row"'


def _sort(entry: Cell) -> str:
    return "" if entry.sort is None else f' data-v="{text(entry.sort)}"'
