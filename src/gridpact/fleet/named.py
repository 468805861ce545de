"""Whether the tariffs and profiles that a fleet names exist, by row and column, before a day needs them."""

from collections.abc import Callable, Collection

import numpy as np

from gridpact.data.household import HouseholdModel
from gridpact.data.names import split_zone
from gridpact.data.reference import solar_profiles
from gridpact.errors import InputError
from gridpact.fleet.findings import Findings, nearest
from gridpact.fleet.fleet import Fleet
from gridpact.fleet.tariff import tariff_names
from gridpact.horizon import zone


def check_named(
    fleet: Fleet, findings: Findings, *, tariffs: Collection[str] = (), profiles: Collection[str] = ()
) -> None:
    """Record every name of a tariff or profile that is neither among those given nor built in.

    Args:
        fleet: the homes.
        findings: where problems go; it numbers the fleet's rows.
        tariffs: names of the owner's own tariffs.
        profiles: names of the owner's own load and solar profiles.
    """
    suns = solar_profiles()
    _check(fleet, findings, "tariff", lambda name: _among(name, tariff_names(), "tariffs"), own=tariffs)
    _check(fleet, findings, "solar_profile", lambda name: _among(name, suns, "solar profiles"), own=profiles)
    _check(fleet, findings, "load_profile", _load, own=profiles)


def _check(
    fleet: Fleet, findings: Findings, column: str, problem: Callable[[str], str], *, own: Collection[str]
) -> None:
    cells = fleet.frame[column]
    for name in cells.dropna().unique():
        if name in own:
            continue
        text = problem(name) or _clock(name)
        if text:
            for row in np.flatnonzero(cells == name).tolist():
                findings.refuse(row, column, f" is {name!r}, which {text}")


def _among(name: str, known: Collection[str], what: str) -> str:
    bare = split_zone(name)[0]
    if bare in known:
        return ""
    near = nearest(bare.replace(" ", "_"), known)
    hint = f"did you mean {near!r}?" if near else f"built in are {', '.join(known)}"
    return f"is neither in the {what} given nor built in; {hint}"


def _load(name: str) -> str:
    try:
        HouseholdModel.parse(name)
    except InputError as problem:
        return f"cannot be used: {problem}"
    return ""


def _clock(name: str) -> str:
    clock = split_zone(name)[1]
    try:
        if clock is not None:
            zone(clock)
    except InputError as problem:
        return f"names a clock that cannot be used: {problem}"
    return ""
