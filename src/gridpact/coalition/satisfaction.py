"""How satisfied a member is: pay above cost, how much of its offer was used, how much charge it kept."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridpact.errors import InputError

Floats = NDArray[np.float64]

PAY_WEIGHT = 0.6
VOLUME_WEIGHT = 0.2
COMFORT_WEIGHT = 0.2


def pay_satisfaction(*, paid_usd: ArrayLike, cost_usd: ArrayLike, value_usd: ArrayLike) -> Floats:
    """Share of what there was to gain that the owner received, in [0, 1].

    ``(paid - cost) / (value - cost)``, clipped; where the value is not above the cost, 1 if the payment covers the
    cost and 0 if not. NaN where an input is NaN.

    Args:
        paid_usd: what the home is paid [USD].
        cost_usd: what delivering costs it [USD].
        value_usd: its energy at the reference price [USD].
    """
    paid, cost, value = (np.asarray(each, dtype=np.float64) for each in (paid_usd, cost_usd, value_usd))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(value > cost, np.clip((paid - cost) / (value - cost), 0.0, 1.0), (paid >= cost) * 1.0)
    result: Floats = np.where(np.isnan(paid) | np.isnan(cost) | np.isnan(value), np.nan, share)
    return result


def volume_satisfaction(*, activated_kw: ArrayLike, offered_kw: ArrayLike) -> Floats:
    """Share of what the home offered that is activated, in [0, 1]; NaN where it offered nothing."""
    activated, offered = (np.asarray(each, dtype=np.float64) for each in (activated_kw, offered_kw))
    with np.errstate(divide="ignore", invalid="ignore"):
        result: Floats = np.where(offered > 0, np.clip(activated / offered, 0.0, 1.0), np.nan)
    return result


def comfort_satisfaction(*, lowest_kwh: ArrayLike, baseline_lowest_kwh: ArrayLike, floor_kwh: ArrayLike) -> Floats:
    """Share of the baseline's smallest margin above the floor that the battery kept, in [0, 1].

    NaN where the baseline itself goes down to the floor, or there is no battery (pass NaN): there is no margin
    to keep.

    Args:
        lowest_kwh: lowest energy over the day as it went [kWh].
        baseline_lowest_kwh: lowest energy over the day without the VPP [kWh].
        floor_kwh: least energy allowed [kWh].
    """
    lowest, baseline, floor = (
        np.asarray(each, dtype=np.float64) for each in (lowest_kwh, baseline_lowest_kwh, floor_kwh)
    )
    margin = baseline - floor
    with np.errstate(divide="ignore", invalid="ignore"):
        result: Floats = np.where(margin > 1e-9, np.clip((lowest - floor) / margin, 0.0, 1.0), np.nan)
    return result


def member_satisfaction(
    *, pay: ArrayLike, volume: ArrayLike, comfort: ArrayLike, preference_broken: ArrayLike = False
) -> Floats:
    """Satisfaction of members, in [0, 1]; 0 where a hard preference was broken.

    Weights 0.6, 0.2 and 0.2. A NaN term has no subject: it drops, and the others' weights are scaled to one. NaN
    where all three are absent.

    Args:
        pay: `pay_satisfaction`, or 0 for a willing home that was left out.
        volume: `volume_satisfaction`.
        comfort: `comfort_satisfaction`.
        preference_broken: whether any hard preference was broken.

    Raises:
        InputError: a term lies outside [0, 1].
    """
    terms = np.stack(np.broadcast_arrays(*(np.asarray(each, dtype=np.float64) for each in (pay, volume, comfort))))
    if ((terms < 0) | (terms > 1)).any():
        raise InputError("satisfaction terms must lie between 0 and 1")
    shape = (3,) + (1,) * (terms.ndim - 1)
    weights = np.array([PAY_WEIGHT, VOLUME_WEIGHT, COMFORT_WEIGHT]).reshape(shape) * ~np.isnan(terms)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (weights * np.nan_to_num(terms)).sum(axis=0) / weights.sum(axis=0)
    result: Floats = np.where(np.asarray(preference_broken, dtype=np.bool_), 0.0, np.clip(mean, 0.0, 1.0))
    return result
