"""The seam for further devices in settlement: what each is, what it really does, and what its owner is owed.

A further device only draws power; its setting is `<name>_kw` in ``dispatch.parquet`` and its energy `<name>_kwh`. Its
facts are read from the fleet's own columns and its physics written here, apart from the planners' model of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceTrace:
    """What one kind of further device does in one phase, arrays of shape (H, T); zero for homes without."""

    power_kw: Floats
    """Power drawn at the meter [kW]."""
    energy_kwh: Floats
    """What is stored at the interval's end [kWh]."""


class DevicePlan(Protocol):
    """What one kind of device is to do, arrays of shape (H, T), NaN for homes without; however it was found."""

    @property
    def power_kw(self) -> Floats: ...
    @property
    def energy_kwh(self) -> Floats: ...


class Facts(Protocol):
    """One kind of further device in H homes over T intervals."""

    @property
    def owned(self) -> Bools:
        """Homes that have one, shape (H,)."""
        ...

    def replay(self, told_kw: Floats) -> DeviceTrace:
        """What the devices really do when told to draw ``told_kw``, shape (H, T)."""
        ...

    def shortfalls(self, trace: DeviceTrace, without: DeviceTrace) -> Mapping[str, Floats]:
        """By how much ``trace`` misses each thing that owners are owed, by the limit's name, shape (H, T).

        Args:
            trace: what is judged.
            without: the phase without the VPP.
        """
        ...


def settings_of_devices(devices: Mapping[str, Facts]) -> tuple[str, ...]:
    """Names of their settings in ``dispatch.parquet``."""
    return tuple(f"{name}_kw" for name in devices)
