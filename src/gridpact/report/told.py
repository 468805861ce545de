"""The day told in sentences: to the operator at the head of the report, and to owners home by home."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from gridpact.report import words
from gridpact.report.facts import Facts
from gridpact.report.owner_facts import owner_facts
from gridpact.report.owner_words import owner_story
from gridpact.report.page import details, label, name, text
from gridpact.report.people import rows_of
from gridpact.report.story import DAY, HEADINGS, LIMITS, StoryLine, operator_story

MOST_HOMES = 24
"""Homes whose day the page tells; any other is told by ``gridpact explain``."""
MOST_LINES = 40
"""Sentences of a part that are not folded away."""
_MEASURED = (
    "Measured by solving the bid again with each limit loosened or gone; homes' offers, prices and all other limits as "
    "they were. Values are what was expected over the prices thought possible when the bid was made, weighed by the "
    "operator's aversion to risk where its terms hold one."
)


def day_in_words(facts: Facts) -> str:
    """What was asked, bid and earned, and what kept it from being more."""
    lines = operator_story(
        facts.result,
        fleet=facts.fleet,
        options=facts.options,
        timezone=facts.timezone,
        spec=facts.event("inputs_read").get("spec"),
    )
    measured = any(each.get("limits") is not None for each in facts.result["bid"])
    cards = [
        _card(facts, HEADINGS[DAY], [line for line in lines if line.part == DAY]),
        _card(
            facts,
            HEADINGS[LIMITS],
            [line for line in lines if line.part == LIMITS],
            note=_MEASURED if measured else "",
        ),
    ]
    return f'<div class="grid two told">{"".join(cards)}</div>'


def _card(facts: Facts, heading: str, lines: Sequence[StoryLine], *, note: str = "") -> str:
    several = len(facts.opportunities) > 1
    items = []
    before = ""
    for line in lines:
        about = line.opportunity_id if several else ""
        head = f"<b>{name(label(about, 60))}</b> " if about and about != before else ""
        before = about
        items.append(f"<li>{head}{text(line.text)}</li>")
    shown = f'<ul class="sentences">{"".join(items[:MOST_LINES])}</ul>' if items else ""
    rest = items[MOST_LINES:]
    more = (
        details(words.counted(len(rest), "more sentence"), f'<ul class="sentences">{"".join(rest)}</ul>')
        if rest
        else ""
    )
    small = f'<p class="note">{text(note)}</p>' if note else ""
    return f'<div class="card"><h3>{text(heading)}</h3>{shown}{more}{small}</div>'


class _Loaded:
    """A run whose tables are read once and then given out home by home."""

    def __init__(self, facts: Facts, homes: Sequence[str]) -> None:
        self._facts = facts
        chosen, dispatch = set(homes), facts.table("dispatch")
        self._tables = {
            table: {str(home): rows for home, rows in frame[frame["home_id"].isin(chosen)].groupby("home_id")}
            for table, frame in (
                ("fleet", facts.fleet),
                ("bids", facts.bids),
                ("offers", facts.offers),
                ("options", facts.options),
                ("coalition", facts.coalition),
                ("dispatch", dispatch),
            )
        }
        self._empty = {
            "fleet": facts.fleet,
            "bids": facts.bids,
            "offers": facts.offers,
            "options": facts.options,
            "coalition": facts.coalition,
            "dispatch": dispatch.iloc[:0],
        }

    @property
    def result(self) -> Mapping[str, Any]:
        """Content of ``result.json``."""
        return self._facts.result

    def table(self, name: str, *, home_id: str) -> pd.DataFrame:
        """Rows of one home."""
        found = self._tables[name].get(home_id)
        return self._empty[name].iloc[:0] if found is None else found

    def ledger(self) -> pd.DataFrame:
        """All lines."""
        return self._facts.ledger


def told_to_owners(facts: Facts) -> str:
    """Each home's day as its owner reads it, for the homes with most at stake."""
    invited = list(dict.fromkeys(rows_of(facts)["home"].tolist()))
    homes = [facts.homes[home] for home in invited[:MOST_HOMES]]
    loaded = _Loaded(facts, homes)
    parts = []
    for home in homes:
        story = owner_story(owner_facts(loaded, facts.events, home))
        lines = "".join(f"<li>{text(line.text)}</li>" for line in story)
        parts.append(_owner(home, story[-1].text, lines))
    rest = len(invited) - len(homes)
    note = (
        f"The {len(homes)} homes with the most power; 'gridpact explain RUN --home HOME' tells it of any other."
        if rest
        else "What each owner may see, and nothing of another's; 'gridpact trail RUN --home HOME' tells all of it."
    )
    return (
        '<div class="card told"><h3>Each owner\u2019s day in words</h3>'
        f'<p class="note">{text(note)}</p>{"".join(parts)}</div>'
    )


def _owner(home: str, gist: str, lines: str) -> str:
    return (
        f"<details><summary>{name(label(home, 40))} <small>{text(gist)}</small></summary>"
        f'<ul class="sentences">{lines}</ul></details>'
    )
