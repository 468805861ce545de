"""Who picks for homes and for the aggregator in a day's talks: a language model where one is asked for, else nobody."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gridpact.language.negotiator import ModelAdvisor
from gridpact.language.questions import Talker
from gridpact.negotiation.advice import Pace, TacticAdvisor
from gridpact.negotiation.aggregator import Tactic
from gridpact.negotiation.language import Language
from gridpact.negotiation.tactics import LANGUAGE, PLAIN_TACTIC, Always
from gridpact.operation.inputs import MarketDay


@dataclass(frozen=True, slots=True, kw_only=True)
class Speakers:
    """Everybody who picks in one day."""

    advisor: ModelAdvisor | None = None
    """None where there is no model: policies are followed, and every time is counted."""
    homes: Language = field(default_factory=Language)
    """Speaks for the homes whose strategy is ``language``."""
    tactics: TacticAdvisor | None = None

    @property
    def fallbacks(self) -> int:
        """How often a home followed the policy although there was something to pick."""
        return sum(each.fallbacks for each in self.homes.advised)


def speakers_of(day: MarketDay, talker: Talker, *, words: Mapping[str, str] | None = None) -> Speakers:
    """Who picks.

    Args:
        day: says who picks at all.
        talker: answers their questions; one called ``none`` is never asked.
        words: what owners wrote of what they want, by home id; each goes to its own home's questions only.
    """
    advisor = None if talker.name == "none" else ModelAdvisor(talker=talker, words=words or {})
    return Speakers(advisor=advisor, homes=Language(advisor), tactics=_tactics(day.tactic, advisor))


def _tactics(name: str, advisor: ModelAdvisor | None) -> TacticAdvisor | None:
    if name == LANGUAGE:
        return advisor
    return None if name == PLAIN_TACTIC else Always(tactic=Tactic(pace=Pace(name)))
