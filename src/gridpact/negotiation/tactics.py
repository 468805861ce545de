"""The aggregator's tactic for each round: the plain climb, one of the others, or what an adviser picks.

The aggregator has one uniform price a round, offered to every home at once, so that there is no order to choose.
"""

from collections.abc import Callable
from dataclasses import dataclass

from gridpact.errors import InputError
from gridpact.negotiation.advice import Bonus, MarketPosition, Pace, TacticAdvice, TacticAdvisor
from gridpact.negotiation.aggregator import PLAIN, Tactic

LANGUAGE = "language"
PLAIN_TACTIC = Pace.STEADY.value
TACTICS = (*(pace.value for pace in Pace), LANGUAGE)
"""How offers climb: at a pace, or as a model picks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The tactic of one round, and who chose it."""

    tactic: Tactic = PLAIN
    picked: bool = False
    """Whether an adviser chose it; otherwise there was nobody, or nothing usable."""
    words: str = ""
    """For the operator."""


def choose_tactic(advisor: TacticAdvisor | None, position: Callable[[], MarketPosition]) -> Chosen:
    """What the adviser picks, or the plain climb; whatever the adviser does."""
    if advisor is None:
        return Chosen()
    try:
        said: object = advisor.advise_tactic(position())
        if not isinstance(said, TacticAdvice):
            return Chosen()
        words = said.words if isinstance(said.words, str) else ""
        return Chosen(tactic=Tactic(pace=Pace(said.pace), bonus=Bonus(said.bonus)), picked=True, words=words)
    except Exception:  # an adviser may raise anything; the plain climb goes on
        return Chosen()


@dataclass(frozen=True, slots=True, kw_only=True)
class Always:
    """The same tactic in every round."""

    tactic: Tactic

    def advise_tactic(self, position: MarketPosition) -> TacticAdvice:
        """The tactic."""
        return TacticAdvice(pace=self.tactic.pace, bonus=self.tactic.bonus)


def check_tactic(name: str) -> str:
    """The name of a tactic.

    Raises:
        InputError: there is none of this name.
    """
    if name not in TACTICS:
        raise InputError(f"--tactic {name!r} is not known; use one of {', '.join(TACTICS)}")
    return name
