"""Words that may stand in a model's narrative, and what they say of a number: who, which way, more or less.

A narrative is checked against sentences that code wrote, so the lexicon must know the words of both. Anything else is
refused, which costs style and never truth.
"""

import re

MONEY, ENERGY, POWER, ANY = "money", "energy", "power", "any"

_WORDS: dict[str, tuple[str, str]] = {
    # What a number of money may be.
    "received": (MONEY, r"earn(?:s|ed|ing)?|receiv(?:e|es|ed)|(?:are|is|was|were|get|gets|got) paid|income"),
    "paid": (
        MONEY,
        r"(?<!are )(?<!is )(?<!was )(?<!were )(?<!get )(?<!gets )(?<!got )paid|pays?|charge[sd]? you|owe[sd]?",
    ),
    "cost": (MONEY, r"costs?"),
    "lost": (MONEY, r"los(?:t|e|es|s|ses)"),
    "held back": (MONEY, r"penalt(?:y|ies)"),
    "worth": (MONEY, r"worth|gain(?:s|ed)?"),
    "booked": (MONEY, r"booked"),
    # Which way energy went.
    "bought": (ENERGY, r"bought|buys?|buying|took|takes?|taken|drew|drawn|draws?|import(?:s|ed)?"),
    "sold": (ENERGY, r"fed in|feeds? in|feeding in|gave|gives?|given|sold|sells?|export(?:s|ed)?|sent|sends?"),
    "delivered": (ENERGY, r"deliver(?:s|ed|ing)?"),
    "held": (ENERGY, r"held|holds?|holding"),
    "as foreseen": (ENERGY, r"would have|forecast|foreseen|expected|plan(?:s|ned)?"),
    # What became of power and its price.
    "asked": (POWER, r"ask(?:s|ed|ing)?|request(?:s|ed)?|wanted"),
    "offered": (POWER, r"offer(?:s|ed)?"),
    "agreed": (POWER, r"agree(?:s|d)?|accept(?:s|ed)?|promis(?:e|es|ed)"),
    "refused": (POWER, r"refus(?:e|es|ed)|declin(?:e|es|ed)|reject(?:s|ed)?"),
    "called": (POWER, r"called|activated|calls?|used"),
    "bid": (POWER, r"bids?|bidding"),
    "awarded": (POWER, r"award(?:s|ed)?|cleared|clears?"),
    # Size and direction, of anything.
    "above": (ANY, r"above|over|exceed(?:s|ed)?|(?:more|higher|dearer|greater) than"),
    "below": (ANY, r"below|under|beneath|(?:less|lower|cheaper|fewer) than|short of"),
    "at least": (ANY, r"at least|no less|minimum"),
    "at most": (ANY, r"at most|up to|no more|maximum"),
    "up": (ANY, r"r[io]ses?|risen|rais(?:e|es|ed)|climb(?:s|ed)?|went up|goes up|increas(?:e|es|ed)"),
    "down": (ANY, r"f[ae]lls?|fallen|dropped|drops?|went down|goes down|reduc(?:e|es|ed)|lowest|decreas(?:e|es|ed)"),
    "more": (ANY, r"more(?! than)"),
    "less": (ANY, r"less(?! than)"),
    "in": (ANY, r"(?:are|is|was|were|you) in(?= *$)|took part|take part|takes part"),
    "out": (ANY, r"(?:are|is|was|were|you) out(?= *$)|left out"),
    "kept": (ANY, r"kept|keeps?|respected"),
    "broken": (ANY, r"broken|broke|breaks?|violated"),
    "binds": (ANY, r"binds?|binding"),
    "without": (ANY, r"without"),
}
SENSES: dict[str, tuple[str, re.Pattern[str]]] = {
    sense: (kind, re.compile(rf"\b(?:{pattern})\b" if "$" not in pattern else rf"\b(?:{pattern})"))
    for sense, (kind, pattern) in _WORDS.items()
}
"""For each sense the kind of numbers that it is about, and the words that say it, for lower-case text."""

ESSENTIAL = frozenset(
    ("without", "as foreseen", "above", "below", "at least", "at most", "more", "less", "lost", "held back")
)
"""Senses that a telling of their number may not drop; a denial is another."""

NEGATION = re.compile(r"\b(?:not|no|never|none|nothing|nobody|neither|nor|hardly|cannot)\b(?! (?:more|less)\b)|n't\b")

ACTORS: dict[str, re.Pattern[str]] = {
    "you": re.compile(r"\byou\b"),
    "owners": re.compile(r"\b(?:owners?|homes?|members?)\b"),
    "operator": re.compile(r"\boperators?\b"),
    "market": re.compile(r"\bmarkets?\b"),
    "battery": re.compile(r"\bbatter(?:y|ies)\b"),
    "car": re.compile(r"\b(?:cars?|vehicles?)\b"),
}
"""Who or what a sentence is about."""

_CONNECTING = """
a an the this that these those it its itself your yours you he they them their there here
of to from in on at by for with as into onto upon within between during through until till after before since
and but or so because while when where which who what how then if though although yet also too still just
is are was were be been being am has have had do does did done having
will would can could may might
today day days morning afternoon evening night noon midnight hour hours minute minutes time times window whole
home homes owner owners member members operator market markets battery car vehicle grid energy power price prices
reserve ready part share reason reasons result amount sum money payment round rounds step steps limit limits
went go goes going came come comes stay stays stayed stood stand stands make makes made get gets got
your own same together meanwhile finally first next later now then about
"""
_OF_SENSES = """
earn earned earns receive received receives paid pay pays cost costs lost lose loss penalty penalties worth gain gained
bought buy buys took take taken drew drawn gave give given fed feed sold sell sells exported imported sent
delivered deliver delivers held hold holds forecast foreseen expected plan planned
asked ask asks requested request offered offer offers agreed agree accepted accept promised promise refused declined
called activated used bid awarded award cleared above over below under least most more less than higher lower cheaper
dearer up down rose raised risen fell fallen dropped drop reduced lowest kept keep keeps broken binds bind without out
not no
"""
PLAIN = frozenset((_CONNECTING + _OF_SENSES).split())
"""Words that may always stand in a narrative; all others only where the facts hold them."""

_UP_TO_TWENTY = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)
NUMBER_WORDS = {word: float(value) for value, word in enumerate(_UP_TO_TWENTY)} | {
    "thirty": 30.0, "forty": 40.0, "fifty": 50.0, "sixty": 60.0, "seventy": 70.0, "eighty": 80.0, "ninety": 90.0,
    "hundred": 100.0, "thousand": 1e3, "million": 1e6, "billion": 1e9, "dozen": 12.0, "half": 0.5, "quarter": 0.25,
    "third": 1 / 3, "twice": 2.0, "double": 2.0, "triple": 3.0, "both": 2.0, "once": 1.0, "couple": 2.0,
}  # fmt: skip
"""Words that are numbers, and are checked as numbers."""

UNITS = {
    "kw": "kW", "kwh": "kWh", "mw": "MW", "mwh": "MWh", "w": "W", "wh": "Wh", "usd": "USD", "dollar": "USD",
    "dollars": "USD", "cent": "cent", "cents": "cent", "usd/mwh": "USD/MWh", "usd/kwh": "USD/kWh", "usd/kw": "USD/kW",
    "usd/mw": "USD/MW", "%": "%", "percent": "%", "h": "h", "hour": "h", "hours": "h", "minute": "min",
    "minutes": "min", "min": "min",
}  # fmt: skip
KINDS = {"USD": MONEY, "cent": MONEY, "kWh": ENERGY, "MWh": ENERGY, "Wh": ENERGY, "kW": POWER, "MW": POWER, "W": POWER,
         "USD/MWh": POWER, "USD/kWh": POWER, "USD/kW": POWER, "USD/MW": POWER}  # fmt: skip
"""Which senses a number's unit takes; other numbers take those of any kind alone."""
