"""A small sound file in the exact shape of every format that can be imported, with the options it needs."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from zoneinfo import ZoneInfo

from gridpact.data.importers.options import ImportOptions

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A sound file."""

    importer: str
    name: str
    text: str
    options: dict[str, Any] = field(default_factory=dict)
    header_rows: int = 1
    """Rows before the first row of data."""

    @property
    def import_options(self) -> ImportOptions:
        return ImportOptions(**self.options)


def price(k: int) -> float:
    return 40.0 + 7.0 * (k % 24) + (k % 5) * 0.25


def load_kwh(k: int) -> float:
    return 0.2 + 0.05 * (k % 24) + 0.01 * (k % 7)


def hours(first: datetime, count: int) -> list[datetime]:
    return [(first.astimezone(UTC) + k * HOUR).astimezone(first.tzinfo) for k in range(count)]


def local(zone: str, *when: int) -> datetime:
    return datetime(*when, tzinfo=ZoneInfo(zone))  # type: ignore[misc]


def wall(*when: int) -> datetime:
    return datetime(*when)  # type: ignore[misc]  # noqa: DTZ001 - as a file without offsets has it


OASIS_HEADER = (
    "INTERVALSTARTTIME_GMT,INTERVALENDTIME_GMT,OPR_DT,OPR_HR,OPR_INTERVAL,NODE_ID_XML,NODE_ID,NODE,MARKET_RUN_ID,"
    "LMP_TYPE,XML_DATA_ITEM,PNODE_RESMRID,GRP_TYPE,POS,MW,GROUP"
)


def caiso_lmp(*, first: datetime | None = None, count: int = 72, node: str = "TH_SP15_GEN-APND") -> str:
    rows = [OASIS_HEADER]
    for k, moment in enumerate(hours(first or local("America/Los_Angeles", 2023, 8, 14), count)):
        utc, end = moment.astimezone(UTC), moment.astimezone(UTC) + HOUR
        rows.append(
            f"{utc:%Y-%m-%dT%H:%M:%S}-00:00,{end:%Y-%m-%dT%H:%M:%S}-00:00,{moment:%Y-%m-%d},{moment.hour + 1},0,{node},"
            f"{node},{node},DAM,LMP,LMP_PRC,{node},ALL,{k % 24},{price(k):.5f},1"
        )
    return "\n".join(rows) + "\n"


def caiso_reserves() -> str:
    rows = [
        "INTERVALSTARTTIME_GMT,INTERVALENDTIME_GMT,OPR_DT,OPR_HR,OPR_INTERVAL,MARKET_RUN_ID,ANC_TYPE,ANC_REGION,"
        "XML_DATA_ITEM,MW,GROUP"
    ]
    items = {"SR": "SP_CLR_PRC", "NR": "NS_CLR_PRC", "RU": "RU_CLR_PRC", "RD": "RD_CLR_PRC", "RMU": "RMU_CLR_PRC"}
    for product, item in items.items():
        for k, moment in enumerate(hours(local("America/Los_Angeles", 2023, 8, 14), 24)):
            utc, end = moment.astimezone(UTC), moment.astimezone(UTC) + HOUR
            rows.append(
                f"{utc:%Y-%m-%dT%H:%M:%S}-00:00,{end:%Y-%m-%dT%H:%M:%S}-00:00,{moment:%Y-%m-%d},{moment.hour + 1},0,"
                f"DAM,{product},AS_CAISO_EXP,{item},{1 + k * 0.1:.2f},1"
            )
    return "\n".join(rows) + "\n"


def ercot_dam(*, first: datetime | None = None, count: int = 72) -> str:
    rows = ["DeliveryDate,HourEnding,SettlementPoint,SettlementPointPrice,DSTFlag"]
    for k, moment in enumerate(hours(first or local("America/Chicago", 2022, 7, 13), count)):
        flag = "Y" if moment.fold else "N"
        rows.append(f"{moment:%m/%d/%Y},{moment.hour + 1:02d}:00,HB_HOUSTON,{price(k):.2f},{flag}")
    return "\n".join(rows) + "\n"


def ercot_rtm() -> str:
    rows = [
        "DeliveryDate,DeliveryHour,DeliveryInterval,SettlementPointName,SettlementPointType,SettlementPointPrice,DSTFlag"
    ]
    for k, moment in enumerate(hours(local("America/Chicago", 2023, 1, 15), 24)):
        for quarter in range(1, 5):
            for kind in ("LZ", "LZEW"):
                rows.append(
                    f"{moment:%m/%d/%Y},{moment.hour + 1},{quarter},LZ_HOUSTON,{kind},{price(k) + quarter:.2f},N"
                )
    return "\n".join(rows) + "\n"


def ercot_capacity_long() -> str:
    rows = ["DeliveryDate,HourEnding,AncillaryType,MCPC,DSTFlag"]
    for k, moment in enumerate(hours(local("America/Chicago", 2025, 8, 5), 24)):
        for service in ("ECRS", "REGDN", "REGUP", "NSPIN", "RRS"):
            rows.append(f"{moment:%m/%d/%Y},{moment.hour + 1:02d}:00,{service},{0.5 + k * 0.1:.2f},N")
    return "\n".join(rows) + "\n"


def ercot_capacity_wide() -> str:
    rows = ["Delivery Date,Hour Ending,Repeated Hour Flag,REGDN,REGUP ,RRS,NSPIN,ECRS"]
    for k, moment in enumerate(hours(local("America/Chicago", 2025, 1, 1), 48)):
        rows.append(f"{moment:%m/%d/%Y},{moment.hour + 1:02d}:00,N,{4 + k},{1 + k},{2 + k},{3 + k},{5 + k}")
    return "\n".join(rows) + "\n"


def entsoe_old(*, first: datetime | None = None, count: int = 72, delimiter: str = ",") -> str:
    names = ("MTU (CET/CEST)", "Day-ahead Price [EUR/MWh]", "Currency", "BZN|DE-LU")
    rows = [delimiter.join(f'"{name}"' for name in names)]
    for k, moment in enumerate(hours(first or local("Europe/Brussels", 2023, 6, 1), count)):
        end = (moment.astimezone(UTC) + HOUR).astimezone(moment.tzinfo)
        cells = (f"{moment:%d.%m.%Y %H:%M} - {end:%d.%m.%Y %H:%M}", f"{price(k):.2f}", "EUR", "")
        rows.append(delimiter.join(f'"{cell}"' for cell in cells))
    return "\n".join(rows) + "\n"


def entsoe_new(*, first: datetime | None = None, count: int = 96) -> str:
    rows = [
        '"MTU (CET/CEST)","Area","Sequence","Day-ahead Price (EUR/MWh)","Intraday Period (CET/CEST)",'
        '"Intraday Price (EUR/MWh)"'
    ]
    begin = first or local("Europe/Brussels", 2025, 10, 2)
    for k in range(count):
        moment = (begin.astimezone(UTC) + k * timedelta(minutes=15)).astimezone(begin.tzinfo)
        end = (moment.astimezone(UTC) + timedelta(minutes=15)).astimezone(begin.tzinfo)
        marks = ["", ""]
        if (
            {moment.dst(), end.dst()} != {moment.dst()}
            or moment.fold != end.fold
            or moment.fold
            or _before_fold(moment)
        ):
            marks = [" (CEST)" if side.dst() else " (CET)" for side in (moment, end)]
        rows.append(
            f'"{moment:%d/%m/%Y %H:%M:%S}{marks[0]} - {end:%d/%m/%Y %H:%M:%S}{marks[1]}","BZN|DE-LU","Sequence 1",'
            f'"{price(k):.2f}","",""'
        )
    return "\n".join(rows) + "\n"


def _before_fold(moment: datetime) -> bool:
    return moment.utcoffset() != moment.replace(fold=1).utcoffset()


def gridstatus_lmp(*, count: int = 72) -> str:
    rows = ["Time,Interval Start,Interval End,Market,Location,Location Type,LMP,Energy,Congestion,Loss"]
    for k, moment in enumerate(hours(local("America/Los_Angeles", 2023, 8, 14), count)):
        rows.append(
            f"{moment},{moment},{moment + HOUR},DAY_AHEAD_HOURLY,TH_SP15_GEN-APND,Trading Hub,{price(k):.4f},"
            f"{price(k) - 1:.4f},0.5,0.5"
        )
    return "\n".join(rows) + "\n"


def gridstatus_reserves() -> str:
    rows = [
        "Time,Interval Start,Interval End,Region,Market,Non-Spinning Reserves,Regulation Down,Regulation Mileage Down,"
        "Regulation Mileage Up,Regulation Up,Spinning Reserves"
    ]
    for k, moment in enumerate(hours(local("America/Los_Angeles", 2022, 10, 15), 24)):
        rows.append(f"{moment},{moment},{moment + HOUR},AS_CAISO_EXP,DAM,{0.1 + k},{1 + k},0.1,0.2,{2 + k},{3 + k}")
    return "\n".join(rows) + "\n"


def plain_prices() -> str:
    rows = ["interval_start,energy_usd_per_mwh,spin_usd_per_mw_h"]
    for k, moment in enumerate(hours(local("America/Chicago", 2022, 7, 13), 72)):
        rows.append(f"{moment.isoformat()},{price(k):.2f},{2 + 0.1 * (k % 24):.2f}")
    return "\n".join(rows) + "\n"


def plain_household(*, count: int = 144) -> str:
    rows = ["timestamp,load_kwh,solar_kwh"]
    begin = local("America/Chicago", 2022, 7, 13)
    for k in range(count):
        moment = (begin.astimezone(UTC) + k * timedelta(minutes=30)).astimezone(begin.tzinfo)
        sun = max(0.0, 6.0 - abs(moment.hour + moment.minute / 60 - 13.0)) * 0.2
        rows.append(f"{moment.isoformat()},{load_kwh(k):.3f},{sun:.3f}")
    return "\n".join(rows) + "\n"


def ausgrid_home(*, first: datetime | None = None, count: int = 144) -> str:
    rows = ["local_time,load_GC,pv_GG"]
    begin = first or wall(2011, 7, 1)
    for k in range(count):
        moment = begin + k * timedelta(minutes=30)
        sun = max(0.0, 5.0 - abs(moment.hour + moment.minute / 60 - 12.0)) * 0.15
        rows.append(f"{moment:%Y-%m-%d %H:%M:%S},{load_kwh(k):.3f},{sun:.3f}")
    return "\n".join(rows) + "\n"


def ausgrid_wide() -> str:
    slots = [f"{minute // 60 % 24}:{minute % 60:02d}" for minute in range(30, 24 * 60 + 1, 30)]
    rows = [
        '"2012-2013 Solar home electricity data - Before using this data, please read the notes"' + "," * 53,
        "Customer,Generator Capacity,Postcode,Consumption Category,date," + ",".join(slots) + ",Row Quality",
    ]
    for day in range(1, 4):
        for category in ("GC", "CL", "GG"):
            cells = []
            for k in range(48):
                if category == "GG":
                    cells.append(f"{max(0.0, 10 - abs(k - 24)) * 0.05:.3f}")
                else:
                    cells.append(f"{load_kwh(k) * (1.0 if category == 'GC' else 0.5):.3f}")
            rows.append(f"12,3.78,2076,{category},{day}/07/2012,{','.join(cells)},")
    return "\n".join(rows) + "\n"


def london(*, count: int = 144) -> str:
    rows = ["LCLid,stdorToU,DateTime,KWH/hh (per half hour) "]
    for k in range(count):
        moment = wall(2013, 1, 7) + k * timedelta(minutes=30)
        rows.append(f"MAC000002,Std,{moment:%Y-%m-%d %H:%M:%S}.0000000, {load_kwh(k):.3f} ")
    return "\r\n".join(rows) + "\r\n"


def green_button_xml(*, count: int = 72, reverse: bool = False) -> str:
    begin = int(local("America/Los_Angeles", 2023, 8, 14).timestamp())
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">',
        '<entry><link rel="self" href="/User/1/UsagePoint/01"/><content><UsagePoint xmlns="http://naesb.org/espi">'
        "<ServiceCategory><kind>0</kind></ServiceCategory></UsagePoint></content></entry>",
        '<entry><link rel="self" href="/User/1/UsagePoint/01/LocalTimeParameters"/><content>'
        '<LocalTimeParameters xmlns="http://naesb.org/espi"><dstEndRule>B40E2000</dstEndRule><dstOffset>3600</dstOffset>'
        "<dstStartRule>360E2000</dstStartRule><tzOffset>-28800</tzOffset></LocalTimeParameters></content></entry>",
    ]
    for number, flow in ((1, 1), (2, 19)) if reverse else ((1, 1),):
        meter = f"/User/1/UsagePoint/01/MeterReading/0{number}"
        lines += [
            f'<entry><link rel="self" href="{meter}"/><link rel="related" href="{meter}/IntervalBlock"/>'
            f'<link rel="related" href="/ReadingType/0{number}"/><content>'
            '<MeterReading xmlns="http://naesb.org/espi"/></content></entry>',
            f'<entry><link rel="self" href="/ReadingType/0{number}"/><content><ReadingType xmlns="http://naesb.org/espi">',
            "<accumulationBehaviour>4</accumulationBehaviour>",
            f"<flowDirection>{flow}</flowDirection>",
            "<intervalLength>3600</intervalLength>",
            "<powerOfTenMultiplier>-3</powerOfTenMultiplier>",
            "<uom>72</uom>",
            "</ReadingType></content></entry>",
            f'<entry><link rel="self" href="{meter}/IntervalBlock/0173"/><link rel="up" href="{meter}/IntervalBlock"/>'
            '<content><IntervalBlock xmlns="http://naesb.org/espi">',
            f"<interval><duration>{3600 * count}</duration><start>{begin}</start></interval>",
        ]
        for k in range(count):
            lines.append(
                "<IntervalReading><cost>100</cost><timePeriod><duration>3600</duration>"
                f"<start>{begin + 3600 * k}</start></timePeriod>"
                f"<value>{round(load_kwh(k) * 1e6)}</value></IntervalReading>"
            )
        lines.append("</IntervalBlock></content></entry>")
    return "\n".join([*lines, "</feed>"]) + "\n"


def green_button_csv(*, count: int = 288) -> str:
    rows = [
        "Name,JANE DOE",
        'Address,"1 MAIN ST, SAN FRANCISCO CA 94105"',
        "Account Number,1234567890",
        "Service,Service 1",
        "",
        "TYPE,DATE,START TIME,END TIME,USAGE,UNITS,COST,NOTES",
    ]
    for k in range(count):
        moment = wall(2023, 8, 14) + k * timedelta(minutes=15)
        end = moment + timedelta(minutes=14)
        rows.append(
            f"Electric usage,{moment:%Y-%m-%d},{moment:%H:%M},{end:%H:%M},{load_kwh(k) / 4:.3f},kWh,${0.03:.2f},"
        )
    return "\n".join(rows) + "\n"


def charging_json() -> str:
    items = []
    for k in range(12):
        arrive = datetime(2019, 1, 2 + k, 16, 57, 25, tzinfo=UTC)
        items.append(
            {
                "_id": f"s{k}",
                "sessionID": f"2_39_78_362_{k}",
                "siteID": "0002",
                "stationID": "2-39-78-362",
                "connectionTime": format_datetime(arrive, usegmt=True),
                "disconnectTime": format_datetime(arrive + timedelta(hours=8, minutes=14), usegmt=True),
                "doneChargingTime": format_datetime(arrive + timedelta(hours=4), usegmt=True),
                "kWhDelivered": 9.68 + k,
                "timezone": "America/Los_Angeles",
                "userID": None,
                "userInputs": None,
            }
        )
    lines = ",\n".join(json.dumps(item) for item in items)
    return f'{{"_meta": {{"site": "caltech", "_items": "none"}},\n"_items": [\n{lines}\n]}}\n'


def charging_csv() -> str:
    rows = ["vehicle,arrive,depart,kwh"]
    for k in range(12):
        car = "ev1" if k % 2 else "ev2"
        rows.append(f"{car},2022-07-{10 + k}T18:0{k % 10},2022-07-{11 + k}T07:30,{8 + k}")
    return "\n".join(rows) + "\n"


def samples() -> list[Sample]:
    """One sound file or more for each importer."""
    chicago, pacific = {"timezone": "America/Chicago"}, {"timezone": "America/Los_Angeles"}
    return [
        Sample(importer="caiso", name="caiso_lmp.csv", text=caiso_lmp()),
        Sample(importer="caiso", name="caiso_as.csv", text=caiso_reserves()),
        Sample(importer="ercot", name="ercot_dam.csv", text=ercot_dam()),
        Sample(importer="ercot", name="ercot_rtm.csv", text=ercot_rtm()),
        Sample(importer="ercot", name="ercot_mcpc.csv", text=ercot_capacity_long()),
        Sample(importer="ercot", name="ercot_mcpc_wide.csv", text=ercot_capacity_wide()),
        Sample(importer="entsoe", name="entsoe_old.csv", text=entsoe_old(), options={"fx": 1.08}),
        Sample(importer="entsoe", name="entsoe_semicolon.csv", text=entsoe_old(delimiter=";"), options={"fx": 1.08}),
        Sample(importer="entsoe", name="entsoe_new.csv", text=entsoe_new(), options={"fx": 1.08}),
        Sample(importer="gridstatus", name="gridstatus_lmp.csv", text=gridstatus_lmp()),
        Sample(importer="gridstatus", name="gridstatus_as.csv", text=gridstatus_reserves()),
        Sample(importer="plain-prices", name="prices.csv", text=plain_prices()),
        Sample(importer="plain-household", name="home.csv", text=plain_household(), options=chicago),
        Sample(importer="ausgrid", name="ausgrid_home.csv", text=ausgrid_home(), options={"unit": "kw"}),
        Sample(importer="ausgrid", name="ausgrid_wide.csv", text=ausgrid_wide(), header_rows=2),
        Sample(
            importer="london", name="london.csv", text=london(), options={"timezone": "Europe/London", "label": "start"}
        ),
        Sample(importer="green-button-xml", name="green_button.xml", text=green_button_xml(), options=pacific),
        Sample(
            importer="green-button-csv",
            name="green_button.csv",
            text=green_button_csv(),
            options=pacific,
            header_rows=6,
        ),
        Sample(importer="charging", name="acn.json", text=charging_json()),
        Sample(importer="charging", name="sessions.csv", text=charging_csv(), options=chicago),
    ]


SAMPLES = {sample.name: sample for sample in samples()}
Damage = Callable[[list[str]], list[str]]
