"""A model's message for people is shown only where it holds: its numbers are facts, and its claims are what was done.

What cannot be shown to hold gives way to a sentence of ours. Nothing reads a message but a person, so that one too many
that gives way costs nothing but colour.
"""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from pydantic import BaseModel

from gridpact.language.questions import Question, Reply, Talker
from gridpact.negotiation.advice import AnswerPosition, BidPosition, Closeness, MarketPosition, Move
from gridpact.negotiation.advice import Reply as Answer

REPLACED = "[replaced]"
"""Stands for a message that did not hold; no message that holds has a bracket."""
WITHHELD = "[withheld]"
"""Stands for a message that lies beside the log, or has been erased."""
MARKS = (REPLACED, WITHHELD)
MOST_MESSAGE = 160
"""Characters of a message that is shown."""
SHORTEST_ID = 4
"""A home's id that is shorter and of letters only may be a word."""

_NUMBER = re.compile(r"[-+]?\d[\d.,'_]*")
_SMALL = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_LARGE = re.compile(
    r"\b(?:zero|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|"
    r"eighty|ninety|hundred|thousand|million|billion|dozen|percent|half|double|triple|twice)s?\b"
)
"""Numbers written as words that are never a fact."""
_NUMBER_WORDS = {word: float(value) for value, word in enumerate(_SMALL, start=2)}
_ALLOWED_SIGNS = frozenset(" .,;:!?'\"()-/")
_LINK = re.compile(r"(?i)\b(?:https?|ftp|www)\b|[\w-]+\.(?:com|org|net|io|de|info|biz|ru|cn|xyz|app|dev)\b|@")
_HOME_LIKE = re.compile(
    r"(?i)\b(?:home|house|owner|neighbou?r|prosumer)s?[\s#:_-]*[a-z]{0,3}[-_#]?\d+\b|\b[A-Z]{1,4}-\d+\b"
)
_OTHERS = re.compile(
    r"(?i)\b(?:other homes?|others|neighbou?rs?|competitors?|everyone|everybody|all homes|other owners?)\b"
)
_LOWER = re.compile(
    r"(?i)\b(?:lower\w*|reduc\w*|conced\w*|cut\w*|drop\w*|com(?:e|es|ing) down|give in|gave in|cheaper)\b"
)
_KEEP = re.compile(r"(?i)\b(?:hold\w*|keep\w*|kept|stay\w*|unchanged|maintain\w*|firm|stick\w*|stand\w*)\b")
_AGREED = re.compile(r"(?i)\b(?:accept\w*|agree\w*|sold|deal)\b")
_TAKE = re.compile(r"(?i)\b(?:accept\w*|agree\w*|tak(?:e|es|en|ing)|took|sell\w*|sold|deal)\b")
_LEAVE = re.compile(r"(?i)\b(?:refus\w*|reject\w*|declin\w*|wait\w*|turn\w* down|no deal|hold\w*|not)\b|n't\b")
_RAISE = re.compile(r"(?i)\b(?:rais\w*|increas\w*|higher price|ask more|asks more)\b")
_NEGATED = re.compile(r"(?i)\b(?:not|never|no longer|without|don't|doesn't|won't|cannot|can't)\b")
_ABOVE = re.compile(r"(?i)\b(?:above|exceed\w*|cover\w*|beat\w*|over|more than|higher than|at least)\b")
_BELOW = re.compile(r"(?i)\b(?:below|under|short of|less than|too low|lower than|not enough|insufficient)\b")


def holds(message: str, question: Question, value: BaseModel, *, home_ids: Collection[str] = ()) -> bool:
    """Whether a message can be shown.

    Args:
        message: what the model wrote for people.
        question: what it was asked; its position holds the only numbers that the message may hold.
        value: its reply, whose pick the message must not contradict.
        home_ids: ids of the run's homes, none of which a message may name.
    """
    position = getattr(question, "position", None)
    text = unicodedata.normalize("NFKC", message)
    if not _plain(text) or _LINK.search(text) or _HOME_LIKE.search(text) or _OTHERS.search(text):
        return False
    if _names_home(text, home_ids) or not _numbers_hold(text, position):
        return False
    if isinstance(position, BidPosition):
        return _bid_holds(text, position, getattr(value, "move", None))
    if isinstance(position, AnswerPosition):
        return _answer_holds(text, getattr(value, "reply", None))
    return isinstance(position, MarketPosition)


def _plain(text: str) -> bool:
    """Short, on one line, of Latin letters, digits and plain signs: what our checks can read, people can too."""
    if not 0 < len(text) <= MOST_MESSAGE:
        return False
    return all(("LATIN" in unicodedata.name(c, "")) if c.isalpha() else c.isascii() for c in text) and all(
        c.isalnum() or c in _ALLOWED_SIGNS for c in text
    )


def _names_home(text: str, home_ids: Collection[str]) -> bool:
    """Whether it names any home of the run, its own among them: ids are put in by code."""
    tokens = set(re.findall(r"[\w-]+", text.casefold()))
    for home_id in home_ids:
        name = home_id.casefold()
        if len(name) < SHORTEST_ID and name.isalpha():
            continue
        if name in tokens or (not re.fullmatch(r"[\w-]+", name) and name in text.casefold()):
            return True
    return False


def _numbers_hold(text: str, position: object) -> bool:
    known = _numbers_of(position)
    for found in _NUMBER.findall(text):
        try:
            number = float(found.strip(".,'_").replace(",", ""))
        except ValueError:
            return False
        if not any(abs(number - each) < 1e-9 for each in known):
            return False
    spelled = {_NUMBER_WORDS[word] for word in re.findall(r"[a-z]+", text.casefold()) if word in _NUMBER_WORDS}
    return not _LARGE.search(text.casefold()) and all(value in known for value in spelled)


def _numbers_of(position: object) -> list[float]:
    found: list[float] = []
    for name in ("round", "rounds", "ask", "offered", "left_kw"):
        value = getattr(position, name, None)
        if value is not None:
            found.append(float(value))
    if isinstance(position, BidPosition | AnswerPosition | MarketPosition):
        found.append(float(position.rounds - position.round))
    return found


def _bid_holds(text: str, position: BidPosition, move: object) -> bool:
    if _RAISE.search(text) or _AGREED.search(text):
        return False
    says_lower, says_keep = bool(_LOWER.search(text)), bool(_KEEP.search(text))
    if (says_lower or says_keep) and _NEGATED.search(text):
        return False
    if (says_lower and move is Move.HOLD) or (says_keep and move is not Move.HOLD):
        return False
    covered, short = position.offer is Closeness.COVERED, position.offer not in (Closeness.COVERED, Closeness.NONE)
    if "offer" in text.casefold() and (position.offer is Closeness.NONE):
        return False
    return not (_ABOVE.search(text) and not covered) and not (_BELOW.search(text) and not short)


def _answer_holds(text: str, reply: object) -> bool:
    takes, leaves = bool(_TAKE.search(text)), bool(_LEAVE.search(text))
    if _RAISE.search(text) or _BELOW.search(text):
        return False  # an offer that is put to a home covers what it asks
    if takes and leaves:
        return False
    if reply is Answer.WAIT:
        return not takes
    return not leaves


@dataclass(slots=True)
class Checked:
    """A talker whose messages have been held to what was asked; those that do not hold are marked `REPLACED`."""

    inner: Talker
    home_ids: Collection[str] = field(default=())

    @property
    def name(self) -> str:
        """That of the talker inside."""
        return self.inner.name

    @property
    def hosted(self) -> bool:
        """Whether what is asked leaves this machine."""
        return self.inner.hosted

    def ask(self, questions: Sequence[Question]) -> list[Reply]:
        """The replies, each with a message that holds, none, or the mark."""
        replies = self.inner.ask(questions)
        return [self._one(question, reply) for question, reply in zip(questions, replies, strict=True)]

    def _one(self, question: Question, reply: Reply) -> Reply:
        value = reply.value
        message = getattr(value, "message", None)
        if value is None or not isinstance(message, str) or getattr(question, "position", None) is None:
            return reply
        text = " ".join(message.split()) if message.isprintable() else message
        kept = text if not text or holds(text, question, value, home_ids=self.home_ids) else REPLACED
        return replace(reply, value=value.model_copy(update={"message": kept}))
