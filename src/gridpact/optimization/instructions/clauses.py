"""What a clause means: the terms that it states, or nothing unless every word of it is accounted for."""

from dataclasses import dataclass
from typing import Any

from gridpact.optimization.instructions.parse import Bound, Clause
from gridpact.optimization.instructions.windows import windows_of

VAGUE_RISK = 0.5
"""Risk aversion where words ask for care without a number."""
VAGUE_HIGH_RISK = 0.8
"""The same where they ask for much care."""
VAGUE_SATISFACTION_USD = 0.05
"""Worth of satisfaction where words ask for happy owners without a number [USD]."""
SURE, ASSUMED, ROUGH, VAGUE = 1.0, 0.8, 0.7, 0.5
"""Confidence: as stated; a time without am or pm, or a limit that is implied; "about"; a default level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A term that a clause states."""

    name: str
    value: Any
    confidence: float = SURE
    vague: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What a bound of some unit and direction says beside some words."""

    term: str
    units: str
    ways: str
    """Of ``most``, ``least`` and ``plain`` (a number without a direction)."""
    one_of: tuple[str, ...]
    """Sets of words, each joined by blanks; all of one set must be there."""
    allowed: str = ""
    """Words that may be there too."""
    whole: bool = False
    """Whether the number is a count."""
    needs_choice: bool = False
    """Whether ``only`` or a negation must be there: it is about whom to leave out."""

    @property
    def known(self) -> set[str]:
        """Every word that may stand beside its number."""
        return set(" ".join(self.one_of).split()) | set(self.allowed.split())


_HOME = "KEEP EACH HOME USE DELIVER FROM LIMIT TO BID OPPORTUNITY"
_TOTAL = "KEEP TOTAL BID DELIVER MARKET LIMIT TO OPPORTUNITY"
FRAMES: tuple[Frame, ...] = (
    Frame(
        term="margin",
        units="PCT FRACTION",
        ways="plain least",
        one_of=("MARGIN", "KEEP REVENUE"),
        allowed="KEEP MARGIN BID TOTAL REVENUE PRICE MARKET OPPORTUNITY FALL",
    ),
    Frame(
        term="min_spread",
        units="PRICEQ",
        ways="plain least",
        one_of=("SPREAD", "MARGIN", "KEEP"),
        allowed="KEEP SPREAD MARGIN MARKET REVENUE FALL",
    ),
    Frame(term="max_kw_per_home", units="KW", ways="most", one_of=("HOME", "HOMES EACH"), allowed=_HOME),
    Frame(term="max_kwh_per_home", units="KWH", ways="most", one_of=("HOME", "HOMES EACH"), allowed=f"{_HOME} ENERGY"),
    Frame(
        term="max_share_per_home",
        units="PCT",
        ways="most",
        one_of=("HOME", "HOMES EACH"),
        allowed=f"{_HOME} SHARE TOTAL",
    ),
    Frame(term="max_total_kw", units="KW", ways="most", one_of=("TOTAL", "BID"), allowed=_TOTAL),
    Frame(term="min_total_kw", units="KW", ways="least", one_of=("TOTAL", "BID"), allowed=_TOTAL),
    Frame(term="max_total_kwh", units="KWH", ways="most", one_of=("TOTAL", "BID"), allowed=f"{_TOTAL} ENERGY"),
    Frame(
        term="max_request_fraction",
        units="PCT",
        ways="most",
        one_of=("REQUEST",),
        allowed="BID DELIVER MARKET LIMIT TO REQUEST SHARE",
    ),
    Frame(
        term="min_members",
        units="NUM",
        ways="least",
        one_of=("HOMES", "OWNERS"),
        allowed="HOMES OWNERS USE DELIVER TOTAL FROM BID",
        whole=True,
    ),
    Frame(
        term="max_members",
        units="NUM",
        ways="most",
        one_of=("HOMES", "OWNERS"),
        allowed="HOMES OWNERS USE DELIVER TOTAL FROM LIMIT TO BID",
        whole=True,
    ),
    Frame(
        term="min_bid_price",
        units="PRICEQ",
        ways="least",
        one_of=("BID", "PRICE"),
        allowed="BID PRICE ONLY MARKET TO FALL",
    ),
    Frame(
        term="max_owner_price",
        units="PRICEQ",
        ways="most",
        one_of=("PAY", "OWNERS"),
        allowed="PAY OWNERS HOME HOMES EACH PRICE LIMIT TO",
    ),
    Frame(
        term="max_owner_pay_usd",
        units="USD",
        ways="most",
        one_of=("BUDGET", "PAY OWNERS TOTAL", "PAY HOMES TOTAL", "PAY TOTAL"),
        allowed="BUDGET PAY OWNERS HOMES TOTAL OPPORTUNITY KEEP LIMIT TO",
    ),
    Frame(
        term="max_owner_pay_usd",
        units="USD",
        ways="plain",
        one_of=("BUDGET",),
        allowed="OWNERS HOMES TOTAL OPPORTUNITY TO",
    ),
    Frame(
        term="min_expected_profit_usd",
        units="USD",
        ways="least",
        one_of=("PROFIT",),
        allowed="PROFIT WORTH BID OPPORTUNITY ONLY",
    ),
    Frame(
        term="soc_reserve_fraction",
        units="PCT",
        ways="plain least",
        one_of=("BATTERY KEEP", "BATTERY FALL", "SOC"),
        allowed="BATTERY SOC KEEP EACH HOME HOMES DELIVER TO FALL",
    ),
    Frame(
        term="spare_fraction",
        units="PCT",
        ways="plain least",
        one_of=("SPAREWORD", "DROPOUT"),
        allowed="KEEP DROPOUT SPAREWORD",
    ),
    Frame(term="max_rounds", units="NUM", ways="plain most", one_of=("ROUND",), allowed="LIMIT TO", whole=True),
    Frame(term="max_bid_steps", units="NUM", ways="plain most", one_of=("STEP",), allowed="BID PRICE EACH", whole=True),
    Frame(
        term="max_awards_per_home",
        units="TIMES NUM",
        ways="most",
        one_of=("PERDAY",),
        allowed="HOME HOMES EACH USE EVERYBODY OWNERS DELIVER LIMIT TO",
        whole=True,
    ),
    Frame(
        term="min_offer_kw",
        units="KW",
        ways="least",
        one_of=("HOMES", "OWNERS", "OFFERING"),
        allowed="HOMES OWNERS OFFERING ONLY USE DELIVER",
        needs_choice=True,
    ),
    Frame(term="risk_aversion", units="FRACTION PCT", ways="plain least", one_of=("RISKAVERSION",), allowed="PRICE TO"),
    Frame(term="risk_tail", units="PCT", ways="plain", one_of=("WORST",), allowed="PRICE FROM"),
    Frame(
        term="satisfaction_weight_usd",
        units="USD",
        ways="plain",
        one_of=("SATISFACTION WORTH",),
        allowed="OWNERS EACH HOME",
    ),
)
_LEAVING_OUT = "NEG OUT EXCEPT ONLY PERMIT"
_WHO = "HOME HOMES OWNERS EVERYBODY EACH USE DELIVER KEEP FROM BID"
_WHAT = "USE DELIVER KEEP FROM BID EACH OFFERING MARKET"


def meaning(clause: Clause) -> list[Found]:
    """The terms that ``clause`` states; empty where any of its words would be left over."""
    kinds = [kind for kind in ("bounds", "names", "personas", "products", "assets") if getattr(clause, kind)]
    timed = clause.week is not None
    if clause.assets and clause.assets == ["battery"] * len(clause.assets) and kinds == ["bounds", "assets"]:
        kinds = ["bounds"]
    if kinds == ["bounds", "products"] and clause.products == ["energy"]:
        kinds = ["bounds"]
        clause.words["ENERGY"] += 1
    if kinds == ["bounds"] and not timed:
        return _bounded(clause)
    if len(kinds) > 1 or clause.bounds or (timed and kinds not in ([], ["assets"])):
        return []
    if kinds == ["assets"]:
        return _assets(clause)
    if kinds:
        return _chosen(clause, kinds[0])
    return _operating(clause) if timed else _vague(clause)


def _words(clause: Clause) -> set[str]:
    return {word for word, count in clause.words.items() if count}


def _bounded(clause: Clause) -> list[Found]:
    words = _words(clause)
    if clause.assets:
        words.add("BATTERY")
    turned = bool(words & {"NEG", "OUT"})
    if clause.words["NEG"] + clause.words["OUT"] > 1 or "EXCEPT" in words:
        return []
    # What may be is no wish, except where it may be no more.
    permitted = "PERMIT" in words and not turned and "ONLY" not in words
    words -= {"NEG", "OUT", "PERMIT"}
    found = []
    for bound in clause.bounds:
        way, value = _way(bound, turned=turned, limited="LIMIT" in words)
        fits = [
            frame
            for frame in FRAMES
            if _fits(frame, bound, way, value, words) and (not frame.needs_choice or turned or "ONLY" in words)
        ]
        if len(fits) != 1 or (permitted and way != "most"):
            return []
        frame = fits[0]
        if frame.whole and (value != int(value) or value < 1):
            return []
        confidence = ROUGH if bound.about else ASSUMED if way == "plain" and "most" in frame.ways else SURE
        notes = ("about is read as the number itself",) if bound.about else ()
        found.append(
            Found(name=frame.term, value=int(value) if frame.whole else value, confidence=confidence, notes=notes)
        )
    return found if len({each.name for each in found}) == len(found) else []


def _way(bound: Bound, *, turned: bool, limited: bool) -> tuple[str, float]:
    """``most``, ``least`` or ``plain``, and the number; empty where a negation has nothing to turn around."""
    value = bound.value
    count = bound.unit in ("NUM", "TIMES")
    match bound.op:
        case "MORE":
            return ("most", value) if turned else ("least", value + 1 if count else value)
        case "LESS":
            return ("least", value) if turned else ("most", value - 1 if count else value)
        case "ATMOST":
            return ("", value) if turned else ("most", value)
        case "ATLEAST":
            return ("", value) if turned else ("least", value)
    if turned:
        return ("most", value - 1) if bound.unit == "TIMES" else ("", value)
    return ("most", value) if limited else ("plain", value)


def _fits(frame: Frame, bound: Bound, way: str, value: float, words: set[str]) -> bool:
    unit = "FRACTION" if bound.unit == "NUM" and 0 < value < 1 and "FRACTION" in frame.units else bound.unit
    if unit not in frame.units.split() or way not in frame.ways.split():
        return False
    return any(set(each.split()) <= words for each in frame.one_of) and words <= frame.known


def _excluded(clause: Clause) -> bool | None:
    """Whether what is named is left out (True), the only one left (False), or neither is said (None)."""
    out = clause.words["NEG"] + clause.words["OUT"]
    others, only = clause.words["EXCEPT"], clause.words["ONLY"]
    if out > 1 or others > 1 or only > 1 or (only and (out or others)):
        return None
    if only:
        return False
    if not out and not others:
        return None
    return bool(out) != bool(others)


def _chosen(clause: Clause, kind: str) -> list[Found]:
    excluded = _excluded(clause)
    allowed = _WHO if kind != "products" else "USE BID MARKET DELIVER"
    if excluded is None or _words(clause) - set(_LEAVING_OUT.split()) - set(allowed.split()):
        return []
    named = list(dict.fromkeys(getattr(clause, kind)))
    if kind == "products":
        rest = [name for name in ("energy", "spin", "nonspin") if name not in named]
        chosen = rest if excluded else [name for name in ("energy", "spin", "nonspin") if name in named]
        return [Found(name="only_products", value=chosen)] if chosen else []
    what = "homes" if kind == "names" else kind
    return [Found(name=f"exclude_{what}" if excluded else f"only_{what}", value=named)]


def _timing(clause: Clause) -> dict[str, Any]:
    confidence = VAGUE if clause.vague else ASSUMED if clause.notes else SURE
    return {"confidence": confidence, "vague": clause.vague, "notes": tuple(clause.notes)}


def _assets(clause: Clause) -> list[Found]:
    excluded = _excluded(clause)
    if excluded is None or _words(clause) - set(_LEAVING_OUT.split()) - set(_WHAT.split()):
        return []
    named, week = list(dict.fromkeys(clause.assets)), clause.week
    if week is None:
        if clause.words["EXCEPT"]:
            excluded = bool(clause.words["EXCEPT"]) and not (clause.words["NEG"] + clause.words["OUT"])
        barred = named if excluded else [asset for asset in ("battery", "vehicle", "heat") if asset not in named]
        rules = [{"asset": asset, "windows": ["00:00-24:00"]} for asset in barred]
        return [Found(name="exclude_assets", value=rules)] if rules else []
    if not excluded:
        week = ~week
    if not week.any():
        return []
    windows = list(windows_of(week))
    return [
        Found(
            name="exclude_assets",
            value=[{"asset": asset, "windows": windows} for asset in named],
            **_timing(clause),
        )
    ]


def _operating(clause: Clause) -> list[Found]:
    words = _words(clause)
    if words - set(_LEAVING_OUT.split()) - {"BID", "FROM", "MARKET", "USE", "DELIVER", "ENERGY"}:
        return []
    week, excluded = clause.week, _excluded(clause)
    timing = _timing(clause)
    if week is None:
        return []
    if excluded is None:
        if words & set(_LEAVING_OUT.split()) or "BID" not in words:
            return []
        excluded, timing["confidence"] = False, min(timing["confidence"], ASSUMED)
    kept = ~week if excluded else week
    return [Found(name="operating_windows", value=list(windows_of(kept)), **timing)] if kept.any() else []


def _vague(clause: Clause) -> list[Found]:
    words = _words(clause)
    if "RISKY" in words and words <= {"RISKY", "VERY"}:
        level = VAGUE_HIGH_RISK if "VERY" in words else VAGUE_RISK
        note = f"no level is stated: {level:g} is taken"
        return [Found(name="risk_aversion", value=level, confidence=VAGUE, vague=True, notes=(note,))]
    if "HAPPY" in words and words <= {"HAPPY", "KEEP", "VERY"}:
        note = f"no worth is stated: {VAGUE_SATISFACTION_USD:g} USD is taken"
        value = VAGUE_SATISFACTION_USD
        return [Found(name="satisfaction_weight_usd", value=value, confidence=VAGUE, vague=True, notes=(note,))]
    return []
