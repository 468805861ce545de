"""Charts as inline SVG whose text keeps its size at every width.

Across, everything is placed in percent of the plot's width; down, in pixels. Lines and areas lie in a stretched inner
drawing whose strokes keep their width. So one drawing serves a phone, a desk and paper, and needs no script. Colours
are classes of the page's style sheet, so that light, dark and print are the style's business.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gridpact.report.page import number, text

Floats = NDArray[np.float64]
ACROSS = 1000.0
"""Width of the stretched inner drawing."""
CHARACTER_PX = 7.0
"""Width of a digit of the charts' text."""
NARROWEST_PX = 240
"""Width of the narrowest drawing, on a phone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One entry of a chart's legend."""

    label: str
    """Plain text."""
    css: str
    """Classes of its mark: a colour, and box, stripes, pale, line, dash, dot, ring or point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A linear axis with its ticks."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    """Values and their plain texts."""

    def fraction(self, value: float) -> float:
        """Place of ``value``, 0 at ``low``, 1 at ``high``; not clipped."""
        return (value - self.low) / (self.high - self.low)


def nice_axis(low: float, high: float, *, count: int = 5, pad: bool = True) -> Axis:
    """An axis over ``low`` to ``high`` with round ticks.

    Args:
        low: smallest value shown.
        high: largest value shown.
        count: about how many ticks.
        pad: whether the ends move out to the next tick.
    """
    if not high > low:
        low, high = (low - 0.5, high + 0.5) if low else (0.0, 1.0)
    step = nice_step((high - low) / max(1, count - 1))
    digits = next((digits for digits in range(9) if abs(round(step, digits) - step) < 1e-9 * step), 9)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    if pad:
        low, high = first * step, last * step
    ticks = [round(k * step, 10) for k in range(first, last + 1)]
    shown = [tick for tick in ticks if low - 1e-9 * step <= tick <= high + 1e-9 * step]
    return Axis(low=low, high=high, ticks=tuple((tick, number(tick, digits)) for tick in shown))


def nice_step(step: float) -> float:
    """The next of 1, 2, 2.5, 5 times a power of ten at or above ``step``."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(factor * power for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if factor * power >= step * (1 - 1e-9))


@dataclass(slots=True, kw_only=True)
class Plot:
    """A drawing in the making."""

    x: Axis
    y: Axis
    height: int = 240
    x_title: str = ""
    y_title: str = ""
    below: int = 0
    """More room under the axis [px]."""
    back: list[str] = field(default_factory=list)
    """Drawn under the grid."""
    marks: list[str] = field(default_factory=list)
    stretched: list[str] = field(default_factory=list)
    """Paths of the inner drawing, over the marks."""
    labels: list[str] = field(default_factory=list)
    right_px: int = 14
    """Room at the right [px]."""

    def px(self, value: float) -> float:
        """Height of ``value`` from the top [px]."""
        return round(self.height * (1.0 - self.y.fraction(value)), 2)

    def percent(self, value: float) -> str:
        """Place of ``value`` across."""
        return f"{_short(100.0 * self.x.fraction(value), 3)}%"

    def bar(self, left: float, right: float, low: float, high: float, css: str, tip: str = "") -> None:
        """A rectangle between two values across and two down, cut at the plot's edges."""
        self.marks.append(self._rect(left, right, low, high, css, tip))

    def _rect(self, left: float, right: float, low: float, high: float, css: str, tip: str = "") -> str:
        left, right = sorted((left, right))
        a, b = max(0.0, self.x.fraction(left)), min(1.0, self.x.fraction(right))
        ends = (min(max(self.px(low), 0.0), self.height), min(max(self.px(high), 0.0), self.height))
        top, bottom = min(ends), max(ends)
        says = f' data-t="{text(tip)}"' if tip else ""
        return (
            f'<rect class="{css}" x="{_short(100 * a, 3)}%" y="{_short(top)}" '
            f'width="{_short(100 * max(0.0, b - a), 3)}%" '
            f'height="{_short(max(bottom - top, 0.0))}"{says}/>'
        )

    def span(self, left: float, right: float, css: str) -> None:
        """A band over the whole height, behind everything."""
        self.back.append(self._rect(left, right, self.y.low, self.y.high, css))

    def point(self, x: float, y: float, css: str, tip: str = "", radius: float = 4.5) -> None:
        """A dot."""
        says = f' data-t="{text(tip)}"' if tip else ""
        self.marks.append(
            f'<circle class="{css}" cx="{self.percent(x)}" cy="{_short(self.px(y))}" r="{_short(radius)}"{says}/>'
        )

    def rule(
        self, css: str, *, x: float | None = None, y: float | None = None, to: tuple[float, float] | None = None
    ) -> None:
        """A straight line at ``x`` or at ``y``, from edge to edge or over the part ``to``."""
        if y is not None:
            left, right = to or (self.x.low, self.x.high)
            at = (
                f'x1="{self.percent(left)}" x2="{self.percent(right)}" y1="{_short(self.px(y))}" '
                f'y2="{_short(self.px(y))}"'
            )
        else:
            place = self.percent(x if x is not None else self.x.low)
            low, high = to or (self.y.low, self.y.high)
            at = f'x1="{place}" x2="{place}" y1="{_short(self.px(high))}" y2="{_short(self.px(low))}"'
        self.marks.append(f'<line class="{css}" {at}/>')

    def path(self, xs: Sequence[float] | Floats, ys: Sequence[float] | Floats, css: str, *, name: str = "") -> None:
        """A line through points; a gap where a value is missing."""
        tag = f' data-s="{name}"' if name else ""
        self.stretched.append(f'<path class="{css}" d="{self._through(xs, ys)}"{tag}/>')

    def steps(self, bounds: Floats, values: Floats, css: str, *, name: str = "", filled: bool = False) -> None:
        """Means over intervals as steps; ``bounds`` has one element more than ``values``."""
        xs, ys = np.repeat(bounds, 2)[1:-1], np.repeat(values, 2)
        tag = f' data-s="{name}"' if name else ""
        if filled:
            area = np.concatenate(([0.0], ys, [0.0]))
            across = np.concatenate((xs[:1], xs, xs[-1:]))
            mark = f' data-s="{name}" data-fill="1"' if name else ""
            self.stretched.append(f'<path class="{css} wash" d="{self._through(across, area)}"{mark}/>')
        self.stretched.append(f'<path class="{css}" d="{self._through(xs, ys)}"{tag}/>')

    def area(self, xs: Sequence[float], low: Sequence[float], high: Sequence[float], css: str) -> None:
        """A band between two lines."""
        across, up = [*xs, *reversed(xs)], [*high, *reversed(low)]
        self.stretched.append(f'<path class="{css}" d="{self._through(across, up)}Z"/>')

    def _through(self, xs: Iterable[float], ys: Iterable[float]) -> str:
        parts, pen = [], False
        for x, y in zip(xs, ys, strict=True):
            if not math.isfinite(y):
                pen = False
                continue
            parts.append(f"{'L' if pen else 'M'}{_short(ACROSS * self.x.fraction(x))} {_short(self.px(y))}")
            pen = True
        return "".join(parts)

    def beside(self, y: float, length: float, css: str) -> None:
        """A short level line at ``y`` in the room at the right, ``length`` of 0 to 1 of that room."""
        end = _short(4 + length * (self.right_px - 6))
        self.marks.append(
            f'<svg x="100%" y="{_short(self.px(y))}" overflow="visible"><line class="{css}" x1="4" x2="{end}"/></svg>'
        )

    def write(self, x: float, y_px: float, words: str, css: str = "", *, anchor: str = "middle", dx: int = 0) -> None:
        """Text at a value across and pixels down."""
        shift = f' dx="{dx}"' if dx else ""
        self.labels.append(
            f'<text class="{css}" x="{self.percent(x)}" y="{_short(y_px)}" '
            f'text-anchor="{anchor}"{shift}>{text(words)}</text>'
        )

    @property
    def left_px(self) -> int:
        """Room for the labels of the upright axis [px]."""
        return round(max((len(words) for _, words in self.y.ticks), default=1) * CHARACTER_PX) + 14

    def svg(self) -> tuple[str, int]:
        """The drawing, and the room it needs below [px]."""
        grid = "".join(
            f'<line x1="0" x2="100%" y1="{_short(self.px(tick))}" y2="{_short(self.px(tick))}"'
            + (' class="zero"/>' if tick == 0 else "/>")
            for tick, _ in self.y.ticks
        )
        up = "".join(
            f'<text x="-8" y="{_short(self.px(tick) + 4)}" text-anchor="end">{text(words)}</text>'
            for tick, words in self.y.ticks
        )
        foot = 26 + (18 if any("\n" in words for _, words in self.x.ticks) else 0) + (20 if self.x_title else 0)
        title_y = self.height + foot - 6
        across = "".join(self._x_tick(k, place, words) for k, (place, words) in enumerate(self.x.ticks))
        title = f'<text class="title" x="50%" y="{title_y}" text-anchor="middle">{text(self.x_title)}</text>'
        y_title = f'<text class="title" x="{-self.left_px + 2}" y="-10">{text(self.y_title)}</text>'
        inner = (
            f'<svg class="in" width="100%" height="{self.height}" viewBox="0 0 {ACROSS:g} {self.height}" '
            f'preserveAspectRatio="none">{"".join(self.stretched)}</svg>'
        )
        drawing = (
            f'<svg class="plot-svg" width="100%" height="{self.height}" aria-hidden="true" focusable="false">'
            f'{"".join(self.back)}<g class="lines">{grid}</g>{"".join(self.marks)}{inner}'
            f'<g class="ax ay">{up}</g><g class="ax">{across}{title if self.x_title else ""}'
            f'{y_title if self.y_title else ""}</g><g class="ax">{"".join(self.labels)}</g></svg>'
        )
        return drawing, foot + self.below

    def _x_tick(self, k: int, place: float, words: str) -> str:
        fraction = self.x.fraction(place)
        first, _, second = words.partition("\n")
        half = max(len(line) - line.count(",") / 2 for line in (first, second)) * CHARACTER_PX / 2
        anchor = "end" if half > self.right_px + (1.0 - fraction) * NARROWEST_PX else "middle"
        odd = ' class="odd"' if k % 2 and len(self.x.ticks) > 6 else ""
        at = f'x="{self.percent(place)}" text-anchor="{anchor}"'
        lines = f'<text{odd} {at} y="{self.height + 18}">{text(first)}</text>'
        return lines + (f'<text {at} y="{self.height + 35}">{text(second)}</text>' if second else "")


def figure(
    plot: Plot,
    *,
    title: str,
    alt: str,
    keys: Sequence[Key] = (),
    note: str = "",
    extra: str = "",
    chart: str = "",
    level: int = 3,
) -> str:
    """A chart with heading, legend and note (plain text); ``alt`` says in words what it shows.

    Args:
        plot: the drawing.
        title: heading.
        alt: the chart in words.
        keys: legend.
        note: below the chart.
        extra: HTML after the note, such as a table of the numbers.
        chart: name under which the script finds the chart's series.
        level: of the heading.
    """
    drawing, foot = plot.svg()
    tag = f' data-chart="{chart}"' if chart else ""
    head = f"<h{level}>{text(title)}</h{level}>"
    return (
        f"<figure><figcaption>{head}{legend(keys)}</figcaption>"
        f'<div class="plot" role="img" aria-label="{text(alt)}"{tag} '
        f'style="--l:{plot.left_px}px;--r:{plot.right_px}px;--b:{foot}px;--h:{plot.height}px">{drawing}</div>'
        + (f'<p class="note">{text(note)}</p>' if note else "")
        + extra
        + "</figure>"
    )


def legend(keys: Sequence[Key]) -> str:
    """A list of marks and what they mean."""
    if not keys:
        return ""
    entries = "".join(f'<li><i class="{key.css}"></i>{text(key.label)}</li>' for key in keys)
    return f'<ul class="key">{entries}</ul>'


def _short(value: float, digits: int = 2) -> str:
    """A number without trailing zeros."""
    shown = f"{value:.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:.0f}"
    return "0" if shown in ("-0", "") else shown
