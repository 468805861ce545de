"""Double-entry books of a run, in whole micro-dollars: the market, the operator and every owner sum to zero."""

import csv
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

import pandas as pd

from gridpact import units
from gridpact.errors import InputError

LEDGER_COLUMNS = ("entry_id", "opportunity_id", "account", "home_id", "amount_microusd", "kind", "memo")


class Account(StrEnum):
    """Whose money it is."""

    MARKET = "market"
    OPERATOR = "operator"
    HOME = "home"


class Kind(StrEnum):
    """Why money moves."""

    MARKET_REVENUE = "market_revenue"
    OWNER_PAYMENT = "owner_payment"
    SHORTFALL_PENALTY = "shortfall_penalty"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One leg of a transaction."""

    entry_id: str
    """Number of the transaction, a dot, and 1 for the payer or 2 for the receiver."""
    opportunity_id: str
    account: Account
    home_id: str
    """Empty unless the account is a home's."""
    amount_microusd: int
    """Positive when received [micro-dollar]."""
    kind: Kind
    memo: str


@dataclass(frozen=True, slots=True)
class _Transaction:
    """One move of money, which is two entries."""

    opportunity_id: str
    kind: Kind
    payer: Account
    receiver: Account
    amount_microusd: int
    memo: str
    home_id: str

    def legs(self) -> tuple[tuple[Account, str, int], tuple[Account, str, int]]:
        """Account, home and amount of the payer's entry and of the receiver's."""
        return (
            (self.payer, self.home_id if self.payer is Account.HOME else "", -self.amount_microusd),
            (self.receiver, self.home_id if self.receiver is Account.HOME else "", self.amount_microusd),
        )


@dataclass(slots=True)
class Ledger:
    """Entries in the order they were posted; only whole transactions can be posted."""

    _posted: list[_Transaction] = field(default_factory=list)
    _sums: Counter[tuple[Account, Kind, str]] = field(default_factory=Counter)
    """Sum of the entries by account, kind and opportunity [micro-dollar]."""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All legs, payer before receiver."""
        return tuple(
            Entry(
                entry_id=f"{number:08d}.{leg}",
                opportunity_id=each.opportunity_id,
                account=account,
                home_id=home_id,
                amount_microusd=amount,
                kind=each.kind,
                memo=each.memo,
            )
            for number, each in enumerate(self._posted, start=1)
            for leg, (account, home_id, amount) in enumerate(each.legs(), start=1)
        )

    def post(
        self,
        *,
        opportunity_id: str,
        kind: Kind,
        payer: Account,
        receiver: Account,
        amount_microusd: int,
        memo: str,
        home_id: str = "",
    ) -> None:
        """Move ``amount_microusd`` from ``payer`` to ``receiver``; nothing is posted for zero.

        A negative amount moves money the other way, as a negative clearing price does.

        Raises:
            InputError: the amount is not an integer, the sides are the same, or a home is missing or out of place.
        """
        if not _is_whole(amount_microusd):
            raise InputError(f"a ledger amount is a whole number of micro-dollars, not {amount_microusd!r}")
        if payer == receiver:
            raise InputError(f"{payer} cannot pay itself")
        if (Account.HOME in (payer, receiver)) != bool(home_id):
            raise InputError(f"a {kind} between {payer} and {receiver} with home_id {home_id!r} names a home wrongly")
        if amount_microusd:
            self._posted.append(_Transaction(opportunity_id, kind, payer, receiver, amount_microusd, memo, home_id))
            self._sums[payer, kind, opportunity_id] -= amount_microusd
            self._sums[receiver, kind, opportunity_id] += amount_microusd

    def total(
        self,
        *,
        account: Account | None = None,
        kind: Kind | None = None,
        opportunity_id: str | None = None,
        home_id: str | None = None,
    ) -> int:
        """Sum of the entries that match everything given [micro-dollar]."""
        if home_id is None:
            parts: Iterable[tuple[tuple[Account, Kind, str], int]] = self._sums.items()
        else:
            parts = [
                ((side, each.kind, each.opportunity_id), amount)
                for each in self._posted
                for side, home, amount in each.legs()
                if home == home_id
            ]
        return sum(
            amount
            for (side, why, name), amount in parts
            if account in (None, side) and kind in (None, why) and opportunity_id in (None, name)
        )

    def frame(self) -> pd.DataFrame:
        """Entries as a table with the columns of ``ledger.csv``."""
        return pd.DataFrame(self._rows(), columns=list(LEDGER_COLUMNS))

    def to_csv(self) -> str:
        """Content of ``ledger.csv``: a header, then one line a leg, lines ending in a line feed."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(LEDGER_COLUMNS)
        writer.writerows(self._rows())
        return text.getvalue()

    def _rows(self) -> list[tuple[str, str, str, str, int, str, str]]:
        return [
            (f"{number:08d}.{leg}", each.opportunity_id, str(account), home_id, amount, str(each.kind), each.memo)
            for number, each in enumerate(self._posted, start=1)
            for leg, (account, home_id, amount) in enumerate(each.legs(), start=1)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What an owner is paid out, in whole cents, and what is carried to the next statement."""

    home_id: str
    entries: tuple[Entry, ...]
    carried_in_microusd: int
    earned_microusd: int
    paid_cents: int
    carried_out_microusd: int


def statement(ledger: Ledger, home_id: str, *, carried_microusd: int = 0) -> Statement:
    """The statement of one home over ``ledger``, with the remainder of the statement before.

    Raises:
        InputError: the remainder is not a whole number, or not between zero and one cent.
    """
    if not _is_whole(carried_microusd) or not 0 <= carried_microusd < units.MICROUSD_PER_CENT:
        raise InputError(
            f"a carried remainder is whole micro-dollars from 0 to less than one cent, not {carried_microusd!r}"
        )
    entries = tuple(e for e in ledger.entries if e.account is Account.HOME and e.home_id == home_id)
    earned = sum(entry.amount_microusd for entry in entries)
    cents, rest = divmod(carried_microusd + earned, units.MICROUSD_PER_CENT)
    return Statement(
        home_id=home_id,
        entries=entries,
        carried_in_microusd=carried_microusd,
        earned_microusd=earned,
        paid_cents=cents,
        carried_out_microusd=rest,
    )


def _is_whole(amount: object) -> bool:
    return isinstance(amount, int) and not isinstance(amount, bool)
