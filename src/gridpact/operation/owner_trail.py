"""What one owner may see of a run, as a trail. Which facts those are: `gridpact.report.owner_facts`."""

from datetime import datetime
from typing import Any

from gridpact.errors import InputError
from gridpact.operation.trail import RunSource, Trail, TrailEntry
from gridpact.report import owner_facts as facts_of_owner
from gridpact.report.owner_words import owner_lines


def owner_trail(source: RunSource, home_id: str) -> Trail:
    """The trail of one owner.

    Raises:
        InputError: the run is not finished, or has no such home. The message names no other home.
    """
    facts = owner_facts(source, home_id)
    entries = tuple(
        TrailEntry(
            number=number,
            at=None if line.at is None else datetime.fromisoformat(line.at),
            timezone=facts["timezone"],
            stage=line.stage,
            opportunity_id=line.opportunity_id,
            kind=line.kind,
            text=line.text,
        )
        for number, line in enumerate(owner_lines(facts), start=1)
    )
    return Trail(view="owner", title=f"Home {home_id}", head=facts, entries=entries)


def owner_facts(source: RunSource, home_id: str) -> dict[str, Any]:
    """Everything that the owner of ``home_id`` may know of a finished run, as plain values.

    Raises:
        InputError: the run is not finished, or has no such home.
    """
    if not source.finished:
        raise InputError("this run is not finished: what an owner may see of it is known at its end")
    return facts_of_owner.owner_facts(source.content(), source.rows, home_id)
