"""Green Button data (NAESB ESPI) as XML.

A MeterReading links a ReadingType (unit, power of ten, flow) with IntervalBlocks of IntervalReadings, whose starts are
seconds since 1970 UTC. Read as a stream with defusedxml: no document type, no entities, no depth beyond the limit.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from xml.sax import SAXException, SAXParseException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import Locator

from defusedxml import DefusedXmlException
from defusedxml.sax import parseString

from gridpact.data.importers.drafts import Drafts, Quantity
from gridpact.data.importers.findings import Report
from gridpact.data.importers.limits import MAX_XML_DEPTH
from gridpact.data.importers.naming import wanted
from gridpact.data.importers.options import ImportOptions
from gridpact.data.importers.plain_household import series_name
from gridpact.data.importers.source import Source

WATT_HOURS, WATTS = 72, 38
FORWARD, NET, REVERSE = 1, 4, 19
"""ESPI's flowDirection: bought, bought less fed in, fed in."""
CUMULATIVE = frozenset({1, 3})
"""ESPI's accumulationBehaviour of registers: bulk quantity and cumulative."""
LONGEST_INTERVAL_S = 3600
_LATEST_S = 7_226_582_400


@dataclass(slots=True, kw_only=True)
class Node:
    """An element of interest with the texts below it."""

    row: int
    texts: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Entry:
    """An Atom entry: its links and what it holds."""

    links: dict[str, list[str]] = field(default_factory=dict)
    kind: str = ""
    node: Node | None = None
    readings: list[Node] = field(default_factory=list)


def sniff(source: Source) -> int:
    """How surely the source is Green Button XML, 0 to 100."""
    head = source.head.lstrip()
    return 90 if head.startswith("<") and ("naesb.org/espi" in head or "IntervalReading" in head) else 0


def read(source: Source, drafts: Drafts, options: ImportOptions, report: Report) -> None:
    """Read Green Button XML.

    Raises:
        ReadingStoppedError: it cannot be read, or holds no electricity.
    """
    handler = _Handler(source, report)
    try:
        parseString(source.content, handler, forbid_dtd=True)
    except DefusedXmlException:
        report.stop("unsafe_xml", "the XML declares a document type or entities", file=source.name, row=1)
    except SAXParseException as problem:
        report.stop("broken_xml", f"{problem.getMessage()}", file=source.name, row=problem.getLineNumber() or 1)
    except (SAXException, ValueError, LookupError) as problem:
        if report.errors:
            raise
        report.stop("broken_xml", f"{problem}", file=source.name, row=1)
    drafts.notes["source"] = "Green Button (ESPI)"
    _Feed(handler.entries, source.name, drafts, options, report).read()


class _Handler(ContentHandler):
    """Collects entries; everything else passes by."""

    HELD = frozenset({"UsagePoint", "MeterReading", "ReadingType", "IntervalBlock", "LocalTimeParameters"})

    def __init__(self, source: Source, report: Report) -> None:
        super().__init__()
        self.source, self.report = source, report
        self.entries: list[Entry] = [Entry()]
        self.path: list[str] = []
        self.text: list[str] = []
        self.reading: Node | None = None
        self.locator: Locator | None = None

    def setDocumentLocator(self, locator: Locator) -> None:  # noqa: N802 - SAX names it
        self.locator = locator

    def _row(self) -> int:
        return (self.locator.getLineNumber() if self.locator is not None else None) or 1

    def startElement(self, name: str, attrs: object) -> None:  # noqa: N802 - SAX names it
        name = name.rpartition(":")[2]
        self.path.append(name)
        self.text = []
        if len(self.path) > MAX_XML_DEPTH:
            self.report.stop(
                "unsafe_xml", f"elements are nested deeper than {MAX_XML_DEPTH}", file=self.source.name, row=self._row()
            )
        if name == "entry":
            self.entries.append(Entry())
        elif name == "link":
            get = getattr(attrs, "get", lambda *_: "")
            self.entries[-1].links.setdefault(str(get("rel", "")), []).append(str(get("href", "")).rstrip("/"))
        elif name in self.HELD:
            if self.entries[-1].kind:
                self.entries.append(Entry(links=self.entries[-1].links))
            self.entries[-1].kind = name
            self.entries[-1].node = Node(row=self._row())
        elif name == "IntervalReading":
            self.reading = Node(row=self._row())

    def characters(self, content: str) -> None:
        self.text.append(content)

    def endElement(self, name: str) -> None:  # noqa: N802 - SAX names it
        name = name.rpartition(":")[2]
        text = "".join(self.text).strip()
        self.path.pop()
        self.text = []
        if name == "IntervalReading" and self.reading is not None:
            self.entries[-1].readings.append(self.reading)
            self.reading = None
        elif text and self.reading is not None:
            if "ReadingQuality" not in self.path:
                self.reading.texts.setdefault(name, text)
        elif text and self.entries[-1].node is not None:
            self.entries[-1].node.texts.setdefault(name, text)


class _Feed:
    """Puts readings under their reading type."""

    def __init__(self, entries: list[Entry], file: str, drafts: Drafts, options: ImportOptions, report: Report) -> None:
        self.entries, self.file, self.drafts, self.options, self.report = entries, file, drafts, options, report
        self.types = [entry for entry in entries if entry.kind == "ReadingType"]
        self.meters = [entry for entry in entries if entry.kind == "MeterReading"]

    def read(self) -> None:
        for entry in self.entries:
            if entry.kind == "LocalTimeParameters" and entry.node is not None:
                self.drafts.notes["tzOffset"] = entry.node.texts.get("tzOffset", "")
        blocks = [entry for entry in self.entries if entry.readings]
        if not blocks:
            self.report.stop("no_rows", "there is no IntervalReading", file=self.file, row=1)
        others = 0
        for block in blocks:
            kind = self._type_of(block)
            measured = self._measured(kind)
            if measured is None:
                others += 1
            else:
                self._read_block(block, *measured)
        if others:
            self.report.add(
                "columns_ignored", f"{others} blocks are no electricity in Wh or W of an hour or less", file=self.file
            )
            if not self.drafts.series:
                self.report.stop("wrong_quantity", "no block holds electricity in Wh or W", file=self.file, row=1)

    def _type_of(self, block: Entry) -> Node:
        """The reading type of a block: by the meter reading's links, else the only one."""
        nodes = {id(entry): entry.node for entry in self.types if entry.node is not None}
        if not nodes:
            self.report.stop(
                "unit_missing", "there is no ReadingType that says the unit", file=self.file, row=block.readings[0].row
            )
        for up in block.links.get("up", []):
            for meter in self.meters:
                if not any(up.startswith(own) for own in meter.links.get("self", []) if own):
                    continue
                related = set(meter.links.get("related", []))
                for entry in self.types:
                    if entry.node is not None and related & set(entry.links.get("self", [])):
                        return entry.node
        found = {
            (n.texts.get("uom"), n.texts.get("flowDirection"), n.texts.get("powerOfTenMultiplier"))
            for n in nodes.values()
        }
        if len(found) > 1:
            self.report.stop(
                "unit_missing",
                "links do not say which of several ReadingTypes the block has",
                file=self.file,
                row=block.readings[0].row,
            )
        return next(iter(nodes.values()))

    def _measured(self, kind: Node) -> tuple[Quantity, str, float] | None:
        """Quantity, unit and factor of a reading type; None where it is not what an import needs."""
        numbers = {}
        for name, default in (
            ("uom", None),
            ("powerOfTenMultiplier", 0),
            ("flowDirection", FORWARD),
            ("accumulationBehaviour", 4),
            ("intervalLength", 0),
        ):
            text = kind.texts.get(name)
            if text is None:
                numbers[name] = default
                continue
            try:
                numbers[name] = int(text) if len(text) < 12 else None
            except ValueError:
                numbers[name] = None
            if numbers[name] is None:
                self.report.stop(
                    "unit_unknown",
                    "the ReadingType holds no whole number",
                    file=self.file,
                    row=kind.row,
                    column=name,
                    value=text,
                )
        uom, power, flow = numbers["uom"], numbers["powerOfTenMultiplier"] or 0, numbers["flowDirection"]
        if uom is None:
            self.report.stop("unit_missing", "the ReadingType says no uom", file=self.file, row=kind.row, column="uom")
        if uom not in (WATT_HOURS, WATTS) or (numbers["intervalLength"] or 0) > LONGEST_INTERVAL_S:
            return None
        if not -12 <= power <= 9:
            self.report.stop(
                "unit_unknown",
                "a power of ten that no meter has",
                file=self.file,
                row=kind.row,
                column="powerOfTenMultiplier",
                value=power,
            )
        if numbers["accumulationBehaviour"] in CUMULATIVE:
            self.report.add(
                "register_readings",
                "the ReadingType says that values accumulate",
                file=self.file,
                row=kind.row,
                column="accumulationBehaviour",
                value=numbers["accumulationBehaviour"],
            )
        quantity = Quantity.EXPORT if flow == REVERSE else Quantity.LOAD
        return quantity, "wh" if uom == WATT_HOURS else "w", 10.0**power

    def _read_block(self, block: Entry, quantity: Quantity, unit: str, factor: float) -> None:
        for reading in block.readings:
            if not wanted(reading.texts, self.options, location=None):
                continue
            start, seconds = self._whole(reading, "start"), self._whole(reading, "duration")
            if start is None or seconds is None:
                continue
            if not 0 < seconds <= LONGEST_INTERVAL_S * 24:
                self._find(
                    "end_before_start" if seconds <= 0 else "duration_mismatch", reading, "duration", "no interval"
                )
                continue
            name = series_name(self.options.profile, "", quantity)
            draft = self.drafts.get(name, quantity=quantity, unit=unit, column="value")
            if draft.unit != unit:
                self.report.stop(
                    "several_series", "blocks are in W and in Wh", file=self.file, row=reading.row, column="value"
                )
            draft.scale = factor
            moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=start)
            text = reading.texts.get("value", "")
            draft.add(moment, text, row=reading.row, file=self.file, options=self.options, seconds=seconds)

    def _whole(self, reading: Node, name: str) -> int | None:
        text = reading.texts.get(name, "")
        if not text:
            self._find("bad_time", reading, name, f"the reading has no {name}")
            return None
        if not (text.isascii() and text.isdigit()) or int(text[:12]) > _LATEST_S or len(text) > 11:
            self._find("bad_time", reading, name, "no whole number of seconds since 1970")
            return None
        if name == "start" and int(text) < 31_536_000:
            self._find("bad_time", reading, name, "the year is before 1971")
            return None
        return int(text)

    def _find(self, code: str, reading: Node, name: str, message: str) -> None:
        self.report.add(code, message, file=self.file, row=reading.row, column=name, value=reading.texts.get(name, ""))
