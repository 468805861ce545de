"""The importers by name, and which one a file is for."""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from gridpact.data.importers import (
    ausgrid,
    caiso,
    charging,
    entsoe,
    ercot,
    green_button_csv,
    green_button_xml,
    gridstatus_frame,
    london,
    plain_household,
    plain_prices,
)
from gridpact.data.importers.drafts import Drafts
from gridpact.data.importers.findings import Report
from gridpact.data.importers.options import ImportOptions
from gridpact.data.importers.source import Source
from gridpact.errors import InputError


class Kind(StrEnum):
    """What an importer makes."""

    PRICES = "prices"
    PROFILES = "profiles"
    SESSIONS = "sessions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Importer:
    """One format."""

    name: str
    kind: Kind
    title: str
    sniff: Callable[[Source], int]
    """How surely a source is of this format, 0 to 100."""
    read: Callable[[Source, Drafts, ImportOptions, Report], None]


IMPORTERS: dict[str, Importer] = {
    importer.name: importer
    for importer in (
        Importer(
            name="caiso", kind=Kind.PRICES, title="CAISO OASIS prices, CSV or ZIP", sniff=caiso.sniff, read=caiso.read
        ),
        Importer(
            name="ercot",
            kind=Kind.PRICES,
            title="ERCOT settlement point and capacity prices, CSV or ZIP",
            sniff=ercot.sniff,
            read=ercot.read,
        ),
        Importer(
            name="entsoe", kind=Kind.PRICES, title="ENTSO-E day-ahead prices, CSV", sniff=entsoe.sniff, read=entsoe.read
        ),
        Importer(
            name="gridstatus",
            kind=Kind.PRICES,
            title="price frames of gridstatus, CSV or Parquet",
            sniff=gridstatus_frame.sniff,
            read=gridstatus_frame.read,
        ),
        Importer(
            name="plain-prices",
            kind=Kind.PRICES,
            title="prices with units in column names, CSV or Parquet",
            sniff=plain_prices.sniff,
            read=plain_prices.read,
        ),
        Importer(
            name="ausgrid",
            kind=Kind.PROFILES,
            title="Ausgrid solar home data, CSV",
            sniff=ausgrid.sniff,
            read=ausgrid.read,
        ),
        Importer(
            name="london",
            kind=Kind.PROFILES,
            title="Low Carbon London half-hourly readings, CSV",
            sniff=london.sniff,
            read=london.read,
        ),
        Importer(
            name="green-button-xml",
            kind=Kind.PROFILES,
            title="Green Button (ESPI), XML",
            sniff=green_button_xml.sniff,
            read=green_button_xml.read,
        ),
        Importer(
            name="green-button-csv",
            kind=Kind.PROFILES,
            title="utilities' Green Button exports, CSV",
            sniff=green_button_csv.sniff,
            read=green_button_csv.read,
        ),
        Importer(
            name="plain-household",
            kind=Kind.PROFILES,
            title="interval data with units in column names, CSV or Parquet",
            sniff=plain_household.sniff,
            read=plain_household.read,
        ),
        Importer(
            name="charging",
            kind=Kind.SESSIONS,
            title="car charging sessions (ACN-Data, plain), JSON or CSV",
            sniff=charging.sniff,
            read=charging.read,
        ),
    )
}


def importer_named(name: str) -> Importer:
    """The importer called ``name``.

    Raises:
        InputError: there is none.
    """
    if name not in IMPORTERS:
        near = difflib.get_close_matches(name, [*IMPORTERS, *Kind], n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise InputError(
            f"--kind {name!r} is no importer ({', '.join(IMPORTERS)}) and no kind of data ({', '.join(Kind)}){hint}"
        )
    return IMPORTERS[name]


def sniffed(source: Source, *, kind: Kind | None = None) -> Importer | None:
    """The importer, of ``kind`` where that is given, that a source is most surely for; None where none knows it."""
    scores = {
        name: importer.sniff(source) for name, importer in IMPORTERS.items() if kind is None or importer.kind is kind
    }
    best = max(scores, key=lambda name: scores[name])
    return IMPORTERS[best] if scores[best] > 0 else None
