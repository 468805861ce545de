"""What came of each award for each home: power, energy, pay and satisfaction."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridpact import units
from gridpact.coalition.satisfaction import (
    comfort_satisfaction,
    member_satisfaction,
    pay_satisfaction,
    volume_satisfaction,
)
from gridpact.flexibility.home import Bools, Floats
from gridpact.operation.bidding import Award
from gridpact.operation.delivery import Delivered
from gridpact.operation.homes import Homes
from gridpact.operation.reasons import coalition_reasons
from gridpact.operation.surplus import costs_at


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Share:
    """One award's outcome for every home, arrays of shape (homes,)."""

    committed_kw: Floats
    delivered_kwh: Floats
    paid_usd: Floats
    satisfaction: Floats
    """Of members and of willing homes that were left out, in [0, 1]; NaN for all others."""

    @property
    def member(self) -> Bools:
        """Homes with a commitment."""
        return self.committed_kw > 0

    @property
    def left_out(self) -> Bools:
        """Willing homes without a commitment."""
        return ~self.member & ~np.isnan(self.satisfaction)

    def to_frame(self, award: Award) -> pd.DataFrame:
        """Rows of ``coalition.parquet`` for ``award``, of which this is the outcome."""
        names = award.talks.options.home_ids
        return pd.DataFrame(
            {
                "opportunity_id": pd.Series([award.call.opportunity.opportunity_id] * len(names), dtype=object),
                "home_id": pd.Series(names, dtype=object),
                "committed_kw": self.committed_kw,
                "delivered_kwh": self.delivered_kwh,
                "paid_usd": self.paid_usd,
                "satisfaction": self.satisfaction,
                "reason": pd.Series(coalition_reasons(award), dtype=object),
            }
        )


def shares_of(homes: Homes, awards: Sequence[Award], delivered: Delivered) -> list[Share]:
    """The outcome of each award."""
    comfort = _comfort(delivered)
    unhappy = np.zeros(len(homes.problems), dtype=np.bool_)
    unhappy[[homes.fleet.position(breach.home_id) for breach in delivered.unkind]] = True
    settled = delivered.settlement.paid
    found = []
    for award in awards:
        mine = settled[settled["opportunity_id"] == award.call.opportunity.opportunity_id]
        rows = [homes.fleet.position(home) for home in mine["home_id"].tolist()]
        delivered_kwh, paid_usd = np.zeros(len(unhappy)), np.zeros(len(unhappy))
        delivered_kwh[rows], paid_usd[rows] = mine["delivered_kwh"], mine["paid_usd"]
        found.append(
            Share(
                committed_kw=award.committed_kw,
                delivered_kwh=delivered_kwh,
                paid_usd=paid_usd,
                satisfaction=_satisfaction(award, paid_usd=paid_usd, comfort=comfort, unhappy=unhappy),
            )
        )
    return found


def _satisfaction(award: Award, *, paid_usd: Floats, comfort: Floats, unhappy: Bools) -> Floats:
    opportunity, committed, offered = award.call.opportunity, award.committed_kw, award.options.offered_kw()
    member, willing = committed > 0, offered > 0
    pay = pay_satisfaction(
        paid_usd=paid_usd,
        cost_usd=costs_at(award.quotes.curves, committed),
        value_usd=opportunity.reference_price * committed * opportunity.window_h / units.KW_PER_MW,
    )
    volume = volume_satisfaction(activated_kw=committed, offered_kw=offered)
    found = member_satisfaction(
        pay=np.where(member, pay, 0.0),
        volume=np.where(member, volume, 0.0),
        comfort=comfort,
        preference_broken=unhappy,
    )
    return np.where(member | willing, found, np.nan)


def _comfort(delivered: Delivered) -> Floats:
    lowest, without = (delivered.traces[phase].battery_soc_kwh.min(axis=1) for phase in ("planned", "baseline"))
    owned = delivered.premises.has_battery
    return comfort_satisfaction(
        lowest_kwh=np.where(owned, lowest, np.nan),
        baseline_lowest_kwh=np.where(owned, without, np.nan),
        floor_kwh=np.where(owned, delivered.premises.battery_backup_kwh, np.nan),
    )
