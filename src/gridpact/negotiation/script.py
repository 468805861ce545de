"""A day of messages from a script, in simulated time: who sends what when is written down beforehand, or by an agent.

A script is JSON lines, ``{"at": ISO time, "message": {...}}``, in any order. So that a script can be written before the
run, a message may leave out what its sender would copy from the letter it answers: ``run``, ``nonce`` and an
answer's ``price`` are then filled in. A message that states them is delivered as it is.
"""

import heapq
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gridpact.errors import InputError
from gridpact.horizon import aware_utc
from gridpact.market.opportunity import MarketOpportunity
from gridpact.messages.envelopes import (
    MOST_BYTES,
    MOST_NOTE_LENGTH,
    AnswerMessage,
    AwardMessage,
    BidMessage,
    BidSubmission,
    CallForBids,
    Letter,
    OfferMessage,
    is_note,
    read_json,
)
from gridpact.messages.receipts import Receipt
from gridpact.negotiation.desk import Desk
from gridpact.negotiation.postbox import DeskPostbox, TalkTimes


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A message, and when it reaches the desk."""

    at: datetime
    message: Any
    """A typed message, a JSON object, or whatever else somebody sent."""


WITHHELD = "-"
"""Stands for a note in a script without words."""
_LONE = re.compile("[\ud800-\udfff]")
_KNOWN = frozenset(name for model in (BidMessage, AnswerMessage, AwardMessage) for name in model.model_fields)

Agent = Callable[[Letter], Iterable[Arrival]]
"""Somebody outside: what they send, and when it arrives, on being sent a letter."""


def read_script(content: bytes | str, *, source: str) -> tuple[Arrival, ...]:
    """Arrivals from JSON lines. What the messages hold is for the desk to judge.

    Raises:
        InputError: a line is not ``{"at": ..., "message": ...}`` with an ISO time that has an offset.
    """
    try:
        text = content.decode() if isinstance(content, bytes) else content
    except UnicodeError:
        raise InputError(f"{source} is not UTF-8 text") from None
    arrivals = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{source} line {number}"
        row = read_json(line, what=where)
        if not isinstance(row, dict) or set(row) != {"at", "message"}:
            raise InputError(f'{where} must be {{"at": ISO time, "message": {{...}}}} and nothing else')
        try:
            at = datetime.fromisoformat(row["at"])
        except (TypeError, ValueError):
            raise InputError(f"{where}: at is not an ISO time such as 2024-07-01T21:00:00+00:00") from None
        arrivals.append(Arrival(at=aware_utc(at, what=f"{where}: at"), message=row["message"]))
    return tuple(arrivals)


def without_words(content: bytes, *, source: str) -> bytes:
    """A script in which nobody's words are left, and which has the same receipts.

    A note that can be used becomes `WITHHELD`, one that cannot becomes another that is refused for the same reason.
    What stands under keys that no message has, or in place of a message, goes too. Other lines stay as they are, and
    a script without words is given back as it is.

    Raises:
        InputError: see `read_script`.
    """
    try:
        lines = content.decode().split("\n")
    except UnicodeError:
        raise InputError(f"{source} is not UTF-8 text") from None
    for number, line in enumerate(lines):
        text = line.removeprefix("\ufeff") if number == 0 else line
        if not text.strip():
            continue
        row = read_json(text, what=f"{source} line {number + 1}")
        if not isinstance(row, dict) or "message" not in row:
            continue  # `read_script` refuses it
        bare = _bare(row["message"])
        if bare != row["message"]:
            lines[number] = _written({**row, "message": bare}, apart_from=text)
            if len(lines[number].encode()) > MOST_BYTES:
                raise InputError(f"{source} line {number + 1} is too long to be kept without its words")
    return "\n".join(lines).encode()


def _bare(message: Any) -> Any:
    if not isinstance(message, dict):
        return []
    bare = {key: value if key in _KNOWN else None for key, value in message.items()}
    if "note" in bare:
        bare["note"] = _bare_note(message["note"])
    return bare


def _bare_note(note: Any) -> Any:
    if not isinstance(note, str):
        return note if note is None else 0
    if not note or is_note(note):
        return note and WITHHELD
    if _LONE.search(note):
        return "\ud800"
    return "-" * (MOST_NOTE_LENGTH + 1) if len(note) > MOST_NOTE_LENGTH else "\x00"


def _written(row: Mapping[str, Any], *, apart_from: str) -> str:
    """A row as short JSON that reads as the same row: numbers too large for a float and half characters included."""
    large = "large"
    while large in apart_from:
        large += "r"
    text = json.dumps(_named(row, large), ensure_ascii=False, separators=(",", ":"))
    text = text.replace(f'"-{large}"', "-1e999").replace(f'"{large}"', "1e999")
    return _LONE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def _named(value: Any, large: str) -> Any:
    if isinstance(value, dict):
        return {key: _named(each, large) for key, each in value.items()}
    if isinstance(value, list):
        return [_named(each, large) for each in value]
    if isinstance(value, float) and math.isinf(value):
        return large if value > 0 else f"-{large}"
    return value


class ScriptedPostbox(DeskPostbox):
    """Delivers a script's messages at their times, and those of agents that react to letters."""

    def __init__(
        self,
        *,
        desk: Desk,
        opportunities: Sequence[MarketOpportunity],
        times: Mapping[str, TalkTimes],
        arrivals: Iterable[Arrival] = (),
        agents: Sequence[Agent] = (),
    ) -> None:
        """Set the script.

        Args:
            desk: where messages go.
            opportunities: every opportunity that is talked about.
            times: when each is talked about, by id.
            arrivals: the script, in any order; of the same time, the first in line comes first.
            agents: each is shown every letter.
        """
        super().__init__(desk=desk, opportunities=opportunities, times=times)
        self.receipts: list[Receipt] = []
        """One for every message delivered so far, in order."""
        self._agents = tuple(agents)
        self._letters: dict[tuple[str, str, str, int], Letter] = {}
        self._count = 0
        self._pending: dict[str, list[tuple[datetime, int, Any]]] = {}
        """By the opportunity that the message names, as a heap; empty name for none."""
        for arrival in arrivals:
            self._add(arrival)

    def wait(self, letters: Sequence[Letter], *, opened: datetime, deadline: datetime) -> datetime:
        """Deliver in order of arrival until nobody owes anything, or up to the deadline."""
        for letter in letters:
            self._hand_out(letter)
        if not letters:
            return opened
        first = letters[0]
        if not isinstance(first, CallForBids | OfferMessage):
            raise TypeError("a phase of the talks has calls for bids or offers")
        wanted = "bid" if isinstance(first, CallForBids) else "answer"
        queue, ended = self._pending.setdefault(first.opportunity_id, []), opened
        while self.desk.owing(first.opportunity_id, round=first.round, kind=wanted):
            if not queue or queue[0][0] >= deadline:
                return deadline
            at, _, message = heapq.heappop(queue)
            self._deliver(at, message)
            ended = max(ended, at)
        return ended

    def submit(self, submission: BidSubmission) -> BidSubmission:
        """Send a bid to the market and deliver what is scripted up to the award or its deadline."""
        sealed = self.desk.send(submission)
        if not isinstance(sealed, BidSubmission):
            raise TypeError("a bid submission stays one")
        self._hand_out(sealed)
        queue = self._pending.setdefault(sealed.opportunity_id, [])
        while queue and queue[0][0] < sealed.deadline and self.desk.award(sealed.opportunity_id) is None:
            at, _, message = heapq.heappop(queue)
            self._deliver(at, message)
        return sealed

    def finish(self) -> tuple[Receipt, ...]:
        """Deliver all that is left, in order of arrival; every receipt of the script."""
        rest = sorted((row for queue in self._pending.values() for row in queue), key=lambda row: row[:2])
        self._pending.clear()
        for at, _, message in rest:
            self._deliver(at, message)
        return tuple(self.receipts)

    def _hand_out(self, letter: Letter) -> None:
        if isinstance(letter, BidSubmission):
            self._letters["award", letter.opportunity_id, "", 0] = letter
        else:
            wanted = "bid" if isinstance(letter, CallForBids) else "answer"
            self._letters[wanted, letter.opportunity_id, letter.home_id, letter.round] = letter
        for agent in self._agents:
            for arrival in agent(letter):
                self._add(arrival)

    def _add(self, arrival: Arrival) -> None:
        message = arrival.message
        if isinstance(message, BidMessage | AnswerMessage | AwardMessage):
            message = message.to_dict()
        named = message.get("opportunity_id") if isinstance(message, Mapping) else None
        queue = self._pending.setdefault(named if isinstance(named, str) else "", [])
        heapq.heappush(queue, (aware_utc(arrival.at, what="an arrival"), self._count, message))
        self._count += 1

    def _deliver(self, at: datetime, message: Any) -> None:
        self.receipts.append(self.desk.receive(self._completed(message), now=at))

    def _completed(self, message: Any) -> Any:
        """The message with what it leaves out of the letter that it answers, if that has been sent."""
        if not isinstance(message, Mapping):
            return message
        kind, round = message.get("kind"), message.get("round")
        copied = {"award": ("nonce",), "bid": ("run", "nonce"), "answer": ("run", "nonce", "price")}
        names = (kind, message.get("opportunity_id"), message.get("home_id", ""), 0 if kind == "award" else round)
        if kind not in ("bid", "answer", "award") or any(not isinstance(name, str) for name in names[:3]):
            return message
        missing = [key for key in copied[kind] if key not in message]
        if not missing or type(names[3]) is not int:
            return message
        letter = self._letters.get((str(kind), str(names[1]), str(names[2]), names[3]))
        if letter is not None:
            return {**message, **{key: getattr(letter, key) for key in missing}}
        # Before the letter is sent there is no nonce to copy: the desk says that nothing was asked for yet.
        blank = {"run": self.desk.run, "nonce": "", "price": 0.0}
        return {**message, **{key: blank[key] for key in missing}}
