"""Who took part: a map by kind of owner and devices, and every home's own story."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.report import sample, words
from gridpact.report.facts import STAGE_WORDS, STAGES, Facts
from gridpact.report.page import NONE, inert_json, label, name, number, percent, text
from gridpact.report.svg import Key, legend
from gridpact.report.tables import Cell, Column, cell, table

MOST_MARKS = 60
"""Marks in the fullest field of the map; beyond, a mark stands for several homes."""
NAMED_MARKS = 40
"""Homes up to which a mark carries its home's name."""
MOST_ROWS = 12_000
"""Rows that the page holds for searching."""
MOST_BYTES = 2_300_000
"""Bytes that those rows may take."""
FIRST_ROWS = 25
"""Rows that are there without the script, and on paper."""


def map_of(facts: Facts, opportunity: Mapping[str, Any]) -> str:
    """Fields by kind of owner and devices; a mark is a home, or a few, and says how far it came."""
    stages = facts.stages(opportunity)
    committed = facts.per_home(facts.here(facts.coalition, opportunity), "committed_kw")
    agreed = facts.per_home(facts.here(facts.options, opportunity), "quantity_kw")
    personas, assets = facts.personas, facts.assets
    fullest = max(
        int(((personas.of == p) & (assets.of == a)).sum())
        for p in range(len(personas.names))
        for a in range(len(assets.names))
    )
    each = _round_up(fullest / MOST_MARKS)
    blocks = []
    for p, persona in enumerate(personas.names):
        fields = []
        for a, asset in enumerate(assets.names):
            mine = np.flatnonzero((personas.of == p) & (assets.of == a))
            if len(mine):
                fields.append(_field(facts, mine, stages, committed, agreed, heading=asset, each=each))
        count = int((personas.of == p).sum())
        inside = int((stages[personas.of == p] == 0).sum())
        blocks.append(
            f'<div class="owners"><h3>{text(persona)} <small>{inside:,} of {words.counted(count, "home")} in, '
            f"{number(float(committed[personas.of == p].sum()), 1)} kW</small></h3>"
            f'<div class="fields">{"".join(fields)}</div></div>'
        )
    counts = np.bincount(stages, minlength=len(STAGES))
    reached = np.cumsum(counts)
    sentence = (
        f"{reached[3]:,} invited, {reached[2]:,} asked for something, {reached[1]:,} agreed to options, "
        f"{reached[0]:,} activated."
    )
    keys = [
        Key(label=f"{STAGE_WORDS[stage][0].upper()}{STAGE_WORDS[stage][1:]}", css=f"sq {stage}") for stage in STAGES
    ]
    scale = "" if each == 1 else f" A mark stands for {each:,} homes or a part of them."
    return (
        f'<div class="card"><p class="lede">{sentence}</p>{_funnel(reached)}{legend(keys)}'
        f'<p class="note">Every mark is a home.{scale}</p>'.replace("Every mark is a home. A mark", "A mark")
        + f'<div class="map">{"".join(blocks)}</div></div>'
    )


def _round_up(value: float) -> int:
    """The next of 1, 2, 5 times a power of ten."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if factor * power >= value:
                return factor * power
        power *= 10


def _funnel(reached: NDArray[np.int64]) -> str:
    """Bars from invited to activated."""
    steps = (("Invited", 3), ("Asked", 2), ("Agreed to options", 1), ("Activated", 0))
    most = max(int(reached[3]), 1)
    bars = "".join(
        f'<li><span>{what}</span><i class="meter"><b style="width:{100 * reached[k] / most:.2f}%"></b></i>'
        f"<span class='n'>{reached[k]:,}</span></li>"
        for what, k in steps
    )
    return f'<ul class="funnel">{bars}</ul>'


def _field(
    facts: Facts,
    homes: NDArray[np.int64],
    stages: NDArray[np.int64],
    committed: NDArray[np.float64],
    agreed: NDArray[np.float64],
    *,
    heading: str,
    each: int,
) -> str:
    order = homes[np.lexsort((-agreed[homes], stages[homes]))]
    inside = int((stages[homes] == 0).sum())
    named = each == 1 and len(facts.homes) <= NAMED_MARKS
    css = "marks named" if named else "marks"
    if each == 1:
        marks = "".join(
            f'<span data-t="{text(_tip(facts, home, stages, committed, agreed))}"><i class="sq '
            f'{STAGES[stages[home]]}"></i>' + (f"{name(label(facts.homes[home], 18))}" if named else "") + "</span>"
            for home in order
        )
    else:
        marks = "".join(
            f'<i class="sq {STAGES[k]}"></i>' * -(-int((stages[homes] == k).sum()) // each) for k in range(len(STAGES))
        )
    return (
        f'<div class="field"><h4>{text(heading)}</h4><div class="{css}" aria-hidden="true">{marks}</div>'
        f"<p>{inside:,} of {len(homes):,} in · {number(float(committed[homes].sum()), 1)} of "
        f"{number(float(agreed[homes].sum()), 1)} kW agreed</p></div>"
    )


def _tip(
    facts: Facts,
    home: int,
    stages: NDArray[np.int64],
    committed: NDArray[np.float64],
    agreed: NDArray[np.float64],
) -> str:
    power = f"\n{number(committed[home], 3)} of {number(agreed[home], 3)} kW agreed" if agreed[home] else ""
    return f"{label(facts.homes[home])}\n{STAGE_WORDS[STAGES[stages[home]]]}{power}"


def rows_of(facts: Facts) -> pd.DataFrame:
    """A row for each opportunity and home: place of both, stage, and the figures of ``coalition.parquet``."""
    found = []
    for number_of, opportunity in enumerate(facts.opportunities):
        coalition = facts.members(opportunity)
        home = np.array([facts.place[str(each)] for each in coalition["home_id"]], dtype=np.int64)
        agreed = facts.per_home(facts.here(facts.options, opportunity), "quantity_kw")
        found.append(
            pd.DataFrame(
                {
                    "opportunity": number_of,
                    "home": home,
                    "stage": facts.stages(opportunity)[home],
                    "committed_kw": coalition["committed_kw"].to_numpy(dtype=np.float64),
                    "agreed_kw": agreed[home],
                    "delivered_kwh": coalition["delivered_kwh"].to_numpy(dtype=np.float64),
                    "paid_usd": coalition["paid_usd"].to_numpy(dtype=np.float64),
                    "satisfaction": coalition["satisfaction"].to_numpy(dtype=np.float64, na_value=np.nan),
                    "why": [words.why(str(reason)) for reason in coalition["reason"]],
                }
            )
        )
    rows = pd.concat(found, ignore_index=True)
    return rows.sort_values(
        ["opportunity", "committed_kw", "agreed_kw", "stage", "home"],
        ascending=[True, False, False, True, True],
        kind="stable",
        ignore_index=True,
    )


def stories(facts: Facts) -> tuple[str, Mapping[str, Any]]:
    """Reasons summed up, and the table of homes with search and filters; with what the script needs for it."""
    rows = rows_of(facts)
    data, note = _searchable(facts, rows)
    return _reasons(rows) + _browser(facts, rows, note), data


def _searchable(facts: Facts, rows: pd.DataFrame) -> tuple[Mapping[str, Any], str]:
    """Rows for the script, all of them where they fit, and a note where they do not."""
    most = max(1, MOST_ROWS // len(facts.opportunities))
    paid, agreed = (facts.per_home(facts.coalition, "paid_usd"), facts.per_home(facts.options, "quantity_kw"))
    while True:
        chosen, rule = sample.choose(facts.homes, paid_usd=paid, agreed_kw=agreed, most=most)
        data = _columns(facts, rows[np.isin(rows["home"], chosen)] if rule else rows)
        size = len(inert_json(data))
        if size <= MOST_BYTES or most <= FIRST_ROWS:
            break
        most = max(FIRST_ROWS, min(len(chosen) - 1, int(len(chosen) * MOST_BYTES / size * 0.95)))
    note = f"Showing {len(chosen):,} of {len(facts.homes):,} homes, sampled: {rule}." if rule else ""
    return data, note


def _columns(facts: Facts, rows: pd.DataFrame) -> Mapping[str, Any]:
    homes = rows["home"].unique()
    place = {int(home): number_of for number_of, home in enumerate(homes)}
    reasons: dict[str, int] = {}
    why = [reasons.setdefault(reason, len(reasons)) for reason in rows["why"]]
    return {
        "names": [facts.homes[home] for home in homes],
        "persona": [int(facts.personas.of[home]) for home in homes],
        "asset": [int(facts.devices.of[home]) for home in homes],
        "personas": list(facts.personas.names),
        "assets": list(facts.devices.names),
        "stages": [STAGE_WORDS[stage] for stage in STAGES],
        "opportunities": [label(opportunity["id"]) for opportunity in facts.opportunities],
        "whys": list(reasons),
        "opportunity": rows["opportunity"].tolist(),
        "home": [place[int(home)] for home in rows["home"]],
        "stage": rows["stage"].tolist(),
        "kw": _whole(rows["committed_kw"], 1e3),
        "agreed": _whole(rows["agreed_kw"], 1e3),
        "kwh": _whole(rows["delivered_kwh"], 1e3),
        "paid": _whole(rows["paid_usd"], 1e6),
        "happy": [None if value != value else round(value * 100) for value in rows["satisfaction"]],
        "why": why,
        "first": FIRST_ROWS,
    }


def _whole(values: pd.Series, scale: float) -> list[int]:
    return [round(float(value) * scale) for value in values]


def _reasons(rows: pd.DataFrame) -> str:
    """How many homes share a reason, whatever its numbers."""
    outside = rows[rows["committed_kw"] <= 0]
    if outside.empty:
        return ""
    kinds = outside["why"].map(lambda reason: re.sub(r"[\d][\d.,]*( to [\d][\d.,]*)?", "…", str(reason)))
    counts = outside.groupby(kinds.to_numpy()).agg(homes=("home", "size"), kw=("agreed_kw", "sum"))
    counts = counts.sort_values(["homes", "kw"], ascending=False, kind="stable")
    most = int(counts["homes"].iloc[0])
    shown = "".join(
        f'<li><span>{text(reason)}</span><i class="meter"><b style="width:{100 * int(homes) / most:.2f}%"></b></i>'
        f'<span class="n">{int(homes):,}</span></li>'
        for reason, homes in counts["homes"].head(8).items()
    )
    rest = int(counts["homes"].iloc[8:].sum())
    more = f'<p class="note">{rest:,} more for {len(counts) - 8} other reasons.</p>' if rest else ""
    share = len(outside) / len(rows)
    return (
        f'<div class="card"><h3>Why homes are out</h3><p class="note">{len(outside):,} of {len(rows):,} '
        f"({percent(share)}), the commonest reason first; … stands for a number.</p>"
        f'<ul class="funnel wide">{shown}</ul>{more}</div>'
    )


def _titles(facts: Facts) -> list[Column]:
    reserve = {opportunity["product"] != "energy" for opportunity in facts.opportunities}
    delivered = (
        "Held [kWh]" if reserve == {True} else "Delivered [kWh]" if reserve == {False} else "Delivered or held [kWh]"
    )
    return [
        Column(title="Home" if len(facts.opportunities) == 1 else "Home and opportunity"),
        Column(title="Owner and devices"),
        Column(title="In or out, and why", css="state"),
        Column(title="Committed [kW]", numeric=True),
        Column(title="Agreed [kW]", numeric=True),
        Column(title=delivered, numeric=True),
        Column(title="Earned [USD]", numeric=True),
        Column(title="Satisfied, 0 to 1", numeric=True),
    ]


def _cells(facts: Facts, row: Mapping[Any, Any]) -> list[Cell]:
    home, inside = int(row["home"]), row["committed_kw"] > 0
    persona, asset = (groups.names[groups.of[home]] for groups in (facts.personas, facts.devices))
    opportunity = facts.opportunities[int(row["opportunity"])]
    sold_in = f"<small>{text(label(opportunity['id']))}</small>" if len(facts.opportunities) > 1 else ""
    stage = STAGES[int(row["stage"])]
    return [
        cell(name(facts.homes[home]) + sold_in),
        cell(f"{text(persona)}<small>{text(asset)}</small>"),
        cell(f'<i class="sq {stage}"></i>{text(STAGE_WORDS[stage])}<small>{text(row["why"])}</small>'),
        cell(number(row["committed_kw"], 3) if inside else NONE),
        cell(number(row["agreed_kw"], 3) if row["agreed_kw"] else NONE),
        cell(number(row["delivered_kwh"], 3) if inside else NONE),
        cell(number(row["paid_usd"], 4 if row["paid_usd"] < 100 else 2) if inside else NONE),
        cell(number(row["satisfaction"], 2)),
    ]


def _browser(facts: Facts, rows: pd.DataFrame, note: str) -> str:
    """Search, filters and the table; without the script, its first rows."""
    shown = [_cells(facts, row) for row in rows.head(FIRST_ROWS).to_dict("records")]
    drawn = table(
        _titles(facts),
        shown,
        caption="Every home: in or out, why, and what it earned",
        css="stacked homes",
        name="homes",
    )
    count = words.counted(len(rows), "row") if len(facts.opportunities) > 1 else words.counted(len(rows), "home")
    first = f"The first {len(shown)} of {count}, largest first." if len(rows) > len(shown) else f"{count}."

    def choice(key: str, what: str, names: Sequence[str]) -> str:
        options = "".join(f'<option value="{k}">{text(each)}</option>' for k, each in enumerate(names))
        return f'<label>{what}<select data-filter="{key}"><option value="">all</option>{options}</select></label>'

    several = (
        choice("opportunity", "Opportunity", [label(each["id"]) for each in facts.opportunities])
        if len(facts.opportunities) > 1
        else ""
    )
    return (
        '<div class="card browser"><h3>Every home: why in, why out, what it earned</h3>'
        '<form class="controls js" role="search" aria-label="Homes">'
        '<label class="search">Search a home or a reason<input type="search" data-filter="text" '
        'autocomplete="off"></label>'
        f"{several}{choice('persona', 'Owner', facts.personas.names)}{choice('asset', 'Devices', facts.devices.names)}"
        f"{choice('stage', 'In or out', [STAGE_WORDS[stage] for stage in STAGES])}</form>"
        f'<p class="note" data-count role="status">{text(first)}</p>'
        + (f'<p class="note">{text(note)}</p>' if note else "")
        + drawn
        + '<div class="pager js"><button type="button" data-page="-1">Previous</button>'
        '<span data-page-at></span><button type="button" data-page="1">Next</button></div></div>'
    )
