"""Payment rules: the unit price at which each member's delivery is paid.

Settlement multiplies the price by what was delivered, up to what was activated. No rule can be efficient, truthful,
individually rational and balanced at once (Myerson and Satterthwaite 1983), so each says what it does not guarantee.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.errors import InputError
from gridpact.messages.books import OptionBook

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRule:
    """How members are paid, and what that does not guarantee."""

    name: str
    prices: Callable[[OptionBook, Floats], Floats]
    """Unit price of each home (homes,), from the options and their activation (n,) [kW]; NaN if not activated."""
    not_guaranteed: str


def as_agreed(options: OptionBook, activated_kw: Floats) -> Floats:
    """Each home's own agreed prices, averaged over what is activated of it.

    Covers every ask, so each member gains by its own account. Does not guarantee truthful asks: asking more can
    pay. Equal homes may be paid differently. The operator keeps its margin.

    Args:
        options: n agreed options.
        activated_kw: shape (n,) [kW].

    Returns:
        Shape (homes,), in the options' price unit; NaN where nothing is activated.
    """
    activated = _checked(options, activated_kw)
    homes = len(options.home_ids)
    power = np.bincount(options.home_index, weights=activated, minlength=homes)
    pay = np.bincount(options.home_index, weights=activated * options.price, minlength=homes)
    return np.where(power > 0, pay / np.where(power > 0, power, 1.0), np.nan)


def uniform(options: OptionBook, activated_kw: Floats) -> Floats:
    """One price for all: the dearest activated option's.

    Equal delivery is paid equally and covers every ask. Does not guarantee budget balance: members together may cost
    more than the market pays, because formation priced them as agreed. Nor truthful asks: the marginal
    home sets the price.

    Args:
        options: n agreed options.
        activated_kw: shape (n,) [kW].

    Returns:
        Shape (homes,), in the options' price unit; NaN where nothing is activated.
    """
    activated = _checked(options, activated_kw)
    power = np.bincount(options.home_index, weights=activated, minlength=len(options.home_ids))
    price = options.price[activated > 0].max() if (activated > 0).any() else np.nan
    return np.where(power > 0, price, np.nan)


PAYMENT_RULES: Mapping[str, PaymentRule] = {
    "as_agreed": PaymentRule(
        name="as_agreed",
        prices=as_agreed,
        not_guaranteed="truthful asks, or equal pay for equal delivery",
    ),
    "uniform": PaymentRule(
        name="uniform",
        prices=uniform,
        not_guaranteed="budget balance (members may cost more than the market pays), or truthful asks",
    ),
}


def _checked(options: OptionBook, activated_kw: Floats) -> Floats:
    activated = np.asarray(activated_kw, dtype=np.float64)
    if activated.shape != (len(options),):
        raise InputError(f"activated_kw has shape {activated.shape}; there are {len(options)} options")
    if not np.isfinite(activated).all() or (activated < 0).any() or (activated > options.quantity_kw + 1e-9).any():
        raise InputError("activated_kw must lie between 0 and each option's width")
    return activated
