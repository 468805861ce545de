"""A finished run explained in words, to its operator or to one owner; by templates, or by a model that is checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gridpact.errors import InputError
from gridpact.language.narrator import MODEL, Fact, Narrative, Story, narrate
from gridpact.language.questions import Nobody, Talker
from gridpact.operation.owner_trail import owner_facts
from gridpact.operation.trail import RunSource
from gridpact.report.owner_words import MUST, owner_story
from gridpact.report.page import label
from gridpact.report.story import HEADINGS, operator_story
from gridpact.results.events import EventKind
from gridpact.results.plain import pretty

SCHEMA = "gridpact.explanation/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """Sentences under one heading."""

    heading: str
    narrative: Narrative


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What is told of one run to one reader."""

    view: str
    """``operator`` or ``owner``."""
    title: str
    head: Mapping[str, Any]
    paragraphs: tuple[Paragraph, ...]

    @property
    def replaced(self) -> int:
        """Paragraphs whose telling by a model could not be used."""
        return sum(each.narrative.why_template is not None for each in self.paragraphs)

    def to_json(self) -> str:
        """One JSON document; without a model, the same run gives the same bytes."""
        told = [each.narrative for each in self.paragraphs]
        replies = [each.reply for each in told if each.reply is not None]
        content = {
            "schema": SCHEMA,
            "view": self.view,
            **self.head,
            "model": told[0].model if told else "none",
            "paragraphs": [
                {
                    "heading": each.heading,
                    "source": each.narrative.source,
                    "why_template": each.narrative.why_template,
                    "sentences": list(each.narrative.sentences),
                }
                for each in self.paragraphs
            ],
            "language": {
                "calls": len(replies),
                "used": sum(each.source == MODEL for each in told),
                "replaced": self.replaced,
                "tokens": sum(each.tokens_in + each.tokens_out for each in replies),
                "cost_usd": sum(each.cost_microusd for each in replies) / 1e6,
            },
        }
        return pretty(content)


def explain_run(source: RunSource, *, home_id: str | None = None, talker: Talker | None = None) -> Explanation:
    """The run in words; an owner's explanation is made of what `owner_trail` lets that owner see.

    Raises:
        InputError: the run is not finished, or has no such home.
    """
    speaker = Nobody() if talker is None else talker
    if home_id is not None:
        return _to_owner(source, home_id, speaker)
    if not source.finished:
        raise InputError("this run is not finished: it is explained at its end; 'gridpact trail' tells how far it came")
    return _to_operator(source, speaker)


def _to_owner(source: RunSource, home_id: str, talker: Talker) -> Explanation:
    facts = owner_facts(source, home_id)
    story = Story(
        key=f"narrate/{home_id}",
        reader="the owner of this home",
        facts=tuple(Fact(text=line.text, must=line.kind in MUST) for line in owner_story(facts)),
        names=tuple(label(each["opportunity_id"], 80) for each in facts["opportunities"]),
        home_id=home_id,
    )
    (narrative,) = narrate([story], talker)
    return Explanation(
        view="owner",
        title=f"Home {home_id}",
        head={"home_id": home_id},
        paragraphs=(Paragraph(heading="Your day in words", narrative=narrative),),
    )


def _to_operator(source: RunSource, talker: Talker) -> Explanation:
    run = source.content()
    result, fleet = run.result, run.table("fleet")
    spec = next((row["payload"].get("spec") for row in source.rows if row["kind"] == EventKind.INPUTS_READ), None)
    lines = operator_story(
        result, fleet=fleet, options=run.table("options"), timezone=str(fleet["timezone"].mode().iloc[0]), spec=spec
    )
    several = len(result["opportunities"]) > 1
    names = tuple(label(each["id"], 80) for each in result["opportunities"])
    stories = [
        Story(
            key=f"narrate/operator/{part}",
            reader="the operator of the power plant",
            facts=tuple(
                Fact(text=f"{label(line.opportunity_id, 80)}: {line.text}" if several and line.opportunity_id
                     else line.text, must=line.must)
                for line in lines if line.part == part
            ),
            names=names,
        )
        for part in HEADINGS
        if any(line.part == part for line in lines)
    ]  # fmt: skip
    narratives = narrate(stories, talker)
    return Explanation(
        view="operator",
        title=f"Run {result['run']['id']}",
        head={"run": result["run"]["id"]},
        paragraphs=tuple(
            Paragraph(heading=HEADINGS[story.key.rpartition("/")[2]], narrative=narrative)
            for story, narrative in zip(stories, narratives, strict=True)
        ),
    )
