"""Names of columns and series, and the choice of rows."""

import re

from gridpact.data.importers.drafts import Drafts, Quantity
from gridpact.data.importers.findings import Report
from gridpact.data.importers.options import ImportOptions
from gridpact.data.importers.table import Table

RESERVE_NAMES = {
    # CAISO's OASIS
    "sr": "spin",
    "nr": "nonspin",
    "ru": "regup",
    "rd": "regdown",
    # ERCOT
    "nspin": "nonspin",
    "regup": "regup",
    "regdn": "regdown",
    "rrs": "rrs",
    "ecrs": "ecrs",
    # gridstatus frames
    "spinningreserves": "spin",
    "nonspinningreserves": "nonspin",
    "regulationup": "regup",
    "regulationdown": "regdown",
    "responsivereserves": "rrs",
    "ercotcontingencyreserveservice": "ecrs",
    "10minspinreserves": "spin",
    "10minnonspinreserves": "nonspin",
    "30minreserves": "reserve_30min",
    "regulationcapacity": "regulation",
}
"""What market operators call reserve products, squashed, and what gridpact's columns call them."""


def squash(name: str) -> str:
    """``name`` in lower case without anything but letters and digits.

    >>> squash("Delivery Date")
    'deliverydate'
    """
    return re.sub(r"[^a-z0-9]+", "", name.lower())


def slug(name: str) -> str:
    """``name`` as part of a column's name.

    >>> slug("TH_SP15_GEN-APND")
    'th_sp15_gen_apnd'
    """
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "unnamed"


def wanted(cells: dict[str, str], options: ImportOptions, *, location: str | None) -> bool:
    """Whether a row is chosen by ``--location`` and ``--only``."""
    if options.locations and location is not None:
        mine = slug(location)
        if mine not in {slug(name) for name in options.locations}:
            return False
    return all(cells.get(column, "") == value for column, value in options.only)


def check_only(table: Table, options: ImportOptions, report: Report) -> None:
    """Stop where ``--only`` names a column that is not there.

    Raises:
        ReadingStoppedError: it does.
    """
    table.need([column for column, _ in options.only], report)


def energy_price(drafts: Drafts, location: str, *, kind: str, column: str, currency: str = "usd") -> str:
    """Name of the series of energy prices at a location, made if it is new."""
    name = f"{slug(location)}_{kind}"
    drafts.get(name, quantity=Quantity.ENERGY_PRICE, unit=f"{currency}_per_mwh", column=column)
    return name


def reserve_price(drafts: Drafts, product: str, *, region: str | None, column: str) -> str:
    """Name of the series of a reserve product's prices, made if it is new."""
    known = RESERVE_NAMES.get(squash(product), slug(product))
    name = known if region is None else f"{slug(region)}_{known}"
    drafts.get(name, quantity=Quantity.RESERVE_PRICE, unit="usd_per_mw_h", column=column)
    return name
