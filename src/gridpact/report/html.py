"""The report of one run as a single HTML file: self-contained, the same bytes for the same run, nothing private."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gridpact.report import overview
from gridpact.report.daybook import daybook
from gridpact.report.facts import Facts
from gridpact.report.happiness import happiness, how_it_is_made
from gridpact.report.money import money
from gridpact.report.page import Section, document, text
from gridpact.report.people import map_of, stories
from gridpact.report.risk import risk
from gridpact.report.rounds import rounds_figures
from gridpact.report.supply import supply_figure
from gridpact.report.told import day_in_words, told_to_owners
from gridpact.results.run_folder import RunContent

OPEN_UP_TO = 3
"""Opportunities up to which all are open; of more, the first in each section."""


def render_report(run: RunContent, *, events: Sequence[Mapping[str, Any]] | None = None) -> str:
    """The report of a finished run.

    Args:
        run: the run's files, on disk or about to be written; ``private/`` is not read.
        events: rows of the run's log, for a run that is about to be written; by default the folder's.

    Returns:
        One HTML document that loads nothing and runs without a network.

    Raises:
        InputError: a file of the run is missing or damaged.
    """
    facts = Facts(run, events)
    date = overview.local_date(facts.opportunities[0]["start"], facts.timezone)
    people, homes = stories(facts)
    days, traces = daybook(facts)
    sections = [
        Section(
            key="words",
            short="In words",
            title="In words",
            says="What was asked, bid and earned, and what kept it from being more, in sentences made of the run's own "
            "numbers.",
            body=day_in_words(facts),
        ),
        Section(
            key="supply",
            short="Supply and bid",
            title="Supply and bid",
            says="Every step is power a home asked to sell at a price, cheapest first; it shows who was "
            "cheap enough to be "
            "called and how the bid follows from what was asked.",
            body=_each(facts, lambda opportunity, k: supply_figure(facts, opportunity, number_of=k)),
        ),
        Section(
            key="rounds",
            short="Rounds",
            title="Rounds",
            says="Asks fall and offers rise until they meet; it shows how prices were found and how much "
            "was agreed when.",
            body=_each(facts, lambda opportunity, k: rounds_figures(facts, opportunity)),
        ),
        Section(
            key="coalition",
            short="Coalition",
            title="Who took part",
            says="Homes by kind of owner and devices; it shows who was asked, who answered and who was "
            "used, and whether "
            "some kinds were passed over.",
            body=_each(facts, lambda opportunity, k: map_of(facts, opportunity)),
        ),
        Section(
            key="homes",
            short="Homes",
            title="Home by home",
            says="Each home's own answer to: am I in or out, why, and what do I earn?",
            body=people + told_to_owners(facts),
        ),
        Section(
            key="day",
            short="The day",
            title="The day",
            says="Power and stored energy against the day without a sale; it shows what was really "
            "delivered in the shaded "
            "windows and what was taken back afterwards.",
            body=days,
        ),
        Section(
            key="money",
            short="Money",
            title="Where every dollar went",
            says="From what the market paid to what every party received; it adds up to the ledger, to the "
            "micro-dollar.",
            body=money(facts),
        ),
        Section(
            key="satisfaction",
            short="Satisfaction",
            title="Satisfaction",
            says="How content owners are with pay, use and comfort; a deal that leaves owners unhappy will "
            "not be repeated.",
            body=_each(facts, lambda opportunity, k: happiness(facts, opportunity)) + how_it_is_made(),
        ),
        Section(
            key="risk",
            short="Other prices",
            title="What other prices would have brought",
            says="The bid was made before the price was known; it shows what each price thought possible "
            "would have meant.",
            body=_each(facts, lambda opportunity, k: risk(facts, opportunity)),
        ),
        Section(
            key="checks",
            short="Checks",
            title="What was checked",
            says="What the run tested of itself, what no rule promises, where the data comes from, and how an outsider "
            "can recheck all of it.",
            body=overview.checks(facts),
        ),
    ]
    return document(
        title=f"gridpact market day, {date}",
        head=overview.header(facts, date=date),
        sections=sections,
        foot=overview.footer(facts),
        data={"homes": homes, "day": traces},
    )


def _each(facts: Facts, draw: Callable[[Mapping[str, Any], int], str]) -> str:
    """A part for every opportunity, named where there are several."""
    folded = len(facts.opportunities) > OPEN_UP_TO
    parts = []
    for number_of, opportunity in enumerate(facts.opportunities):
        heading = facts.heading(opportunity)
        title = f"<h3><bdi>{text(heading)}</bdi> {overview.badge(facts.outcome(opportunity)['outcome'])}</h3>"
        body = draw(opportunity, number_of)
        if folded:
            first = " open" if not number_of else ""
            parts.append(f'<details class="one"{first}><summary>{title}</summary>{body}</details>')
        else:
            parts.append(f'<div class="one">{title}{body}</div>' if heading else body)
    return "".join(parts)
