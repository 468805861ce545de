"""Values as JSON knows them, and their canonical bytes."""

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any

import numpy as np

from gridpact.errors import StoreError
from gridpact.horizon import aware_utc

DECIMALS = 9
"""Numbers are kept to a billionth, below every tolerance and above binary noise."""


def plain(value: Any) -> Any:
    """``value`` as JSON knows it: dataclasses become objects in field order, times ISO text in UTC, NaN null.

    Raises:
        StoreError: something JSON has no form for.
    """
    match value:
        case None | bool() | str() if not isinstance(value, Enum):
            return value
        case Enum():
            return plain(value.value)
        case np.bool_():
            return bool(value)
        case int() | np.integer():
            return int(value)
        case float() | np.floating():
            number = round(float(value), DECIMALS)
            return number + 0.0 if math.isfinite(number) else None
        case datetime():
            return iso(value)
        case Mapping():
            return {str(plain(key)): plain(item) for key, item in value.items()}
        case set() | frozenset():
            return sorted(plain(item) for item in value)
        case list() | tuple() | np.ndarray():
            return [plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in fields(value)}
    raise StoreError(f"a value of type {type(value).__name__} has no form in JSON: {value!r}")


def iso(moment: datetime) -> str:
    """A time as ISO 8601 text in UTC; raises NaiveDatetimeError without an offset."""
    return aware_utc(moment, what="a time to be written").isoformat()


def pretty(value: Any) -> str:
    """Indented JSON with a final line feed, keys in the order given."""
    return json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def canonical(value: Any) -> bytes:
    """The one byte form, of plain values, that hashes are made of: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode("utf-8")
