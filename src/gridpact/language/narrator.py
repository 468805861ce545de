"""A model's telling of a finished run, where every word of it holds; otherwise the sentences that code wrote.

Code's sentences come first and are complete. A model may tell them more pleasantly: it gets them, numbered, as facts,
and answers with sentences that each name the facts they tell. `gridpact.language.checking` compares; one sentence that
says anything else, and the whole telling is put aside and counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from gridpact.language.checking import MOST_CHARACTERS, left_out, refusal
from gridpact.language.questions import Question, Reply, Talker

TEMPLATE, MODEL = "template", "model"
MOST_SENTENCES = 24
MOST_TOKENS = 1_500

INSTRUCTIONS = """\
You retell the result of one day of a virtual power plant to the reader named below.
The facts are numbered sentences. Retell them in short, friendly, plain English.
Rules:
- Say only what the facts say. Add no advice, no guess, no greeting, no promise.
- Each sentence lists the numbers of the facts that it tells.
- Copy every number, unit, date, time and name from the fact. Keep who did what: earned, paid, bought, fed in, above,
  below, called, not called.
- Use the facts' own words and plain connecting words. No lists, links, symbols or headings.
- Tell every fact marked with *.
Reply with JSON: {"sentences": [{"text": "...", "facts": [1]}]}
"""


class ToldSentence(BaseModel):
    """One sentence of a model's, and the facts that it tells."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(min_length=1, max_length=MOST_CHARACTERS)]
    facts: Annotated[list[int], Field(min_length=1, max_length=MOST_SENTENCES)]


class Told(BaseModel):
    """A model's whole telling."""

    model_config = ConfigDict(extra="forbid")

    sentences: Annotated[list[ToldSentence], Field(min_length=1, max_length=MOST_SENTENCES)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One sentence that code wrote of a run."""

    text: str
    must: bool = False
    """Whether no telling may leave it out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What is to be told to whom; one party's facts and nobody else's."""

    key: str
    """Unique within a run, such as ``narrate/H-01``."""
    reader: str
    """In our words, such as ``the owner of a home``; no name."""
    facts: tuple[Fact, ...]
    names: tuple[str, ...] = ()
    """Identifiers that occur in the facts."""
    home_id: str | None = None
    """Whose story it is; None for the operator's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrative:
    """How a story is told."""

    sentences: tuple[str, ...]
    source: str
    """``template`` or ``model``."""
    model: str
    """Whom was asked; ``none`` where nobody."""
    why_template: str | None = None
    """Why a model's telling is not used; None where it is, or nobody was asked."""
    reply: Reply | None = None


def question_of(story: Story) -> Question:
    """What a model is asked."""
    facts = "\n".join(
        f"{number}{'*' if fact.must else ''}. {fact.text}" for number, fact in enumerate(story.facts, start=1)
    )
    return Question(
        key=story.key,
        task="narrate",
        instructions=INSTRUCTIONS,
        facts=f"Reader: {story.reader}.\n{facts}",
        reply=Told,
        most_tokens=MOST_TOKENS,
        home_id=story.home_id,
    )


def narrate(stories: Sequence[Story], talker: Talker) -> list[Narrative]:
    """Each story told, by the model where all of its telling holds."""
    if talker.name == "none":
        return [_template(story, talker.name) for story in stories]
    replies = talker.ask([question_of(story) for story in stories])
    return [_judged(story, reply, talker.name) for story, reply in zip(stories, replies, strict=True)]


def _template(story: Story, model: str, why: str | None = None, reply: Reply | None = None) -> Narrative:
    sentences = tuple(fact.text for fact in story.facts)
    return Narrative(sentences=sentences, source=TEMPLATE, model=model, why_template=why, reply=reply)


def _judged(story: Story, reply: Reply, model: str) -> Narrative:
    if not isinstance(reply.value, Told):
        failure = "" if reply.failure is None else f" ({reply.failure.value})"
        return _template(story, model, f"no usable reply{failure}", reply)
    why = objection(story, reply.value)
    if why is not None:
        return _template(story, model, why, reply)
    sentences = tuple(" ".join(each.text.split()) for each in reply.value.sentences)
    return Narrative(sentences=sentences, source=MODEL, model=model, reply=reply)


def objection(story: Story, told: Told) -> str | None:
    """What is wrong with a model's telling of ``story``; None where it may be shown."""
    for number, sentence in enumerate(told.sentences, start=1):
        wrong = [place for place in sentence.facts if not 1 <= place <= len(story.facts)]
        if wrong:
            return f"sentence {number} names fact {wrong[0]}, and there is none"
        facts = [story.facts[place - 1].text for place in sentence.facts]
        why = refusal(sentence.text, facts, names=story.names)
        if why is not None:
            return f"sentence {number}: {why}"
    told_of = {place for sentence in told.sentences for place in sentence.facts}
    for place, fact in enumerate(story.facts, start=1):
        if not fact.must:
            continue
        texts = [sentence.text for sentence in told.sentences if place in sentence.facts]
        missing = "it" if place not in told_of else left_out(texts, [fact.text], names=story.names)
        if missing is not None:
            return f"fact {place} must be told, and {missing} is left out"
    return None
