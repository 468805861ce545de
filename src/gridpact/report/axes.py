"""Axes with round ticks."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """From zero to ``most``, drawn from ``start`` to ``end``."""

    most: float
    start: float
    end: float
    ticks: tuple[float, ...]

    @classmethod
    def to(cls, value: float, start: float, end: float, *, steps: int = 4) -> "Axis":
        """The axis up to the first round tick at or above ``value``."""
        rough = max(value, 1e-9) / steps
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * (1 - 1e-9))
        count = math.ceil(value / step - 1e-9) or 1
        return cls(most=step * count, start=start, end=end, ticks=tuple(step * number for number in range(count + 1)))

    def at(self, value: float) -> float:
        """Where ``value`` is drawn."""
        return self.start + (self.end - self.start) * value / self.most


def shown(value: float) -> str:
    """A number for people: no more digits than it needs."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.2f}".rstrip("0").rstrip(".") if abs(value) < 100 else f"{value:.1f}".rstrip("0").rstrip(".")
