"""The desk: where messages from outside are applied once or refused with a reason. No I/O, no clock, no chance.

A desk is a fold over what it is told: the same calls with the same times give the same state and the same receipts,
so that a log of them rebuilds it (`Desk.snapshot` is the state in plain values). Every request goes to one home, or to
the market, with a nonce and a deadline; a message answers one request. What one sender sends changes nothing that is
kept of another. A desk is for one thread: whoever serves many senders puts their messages in a row, and that row is
the log.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from gridpact.errors import InputError, ProtocolViolationError
from gridpact.horizon import aware_utc
from gridpact.messages.envelopes import (
    AnswerMessage,
    AwardMessage,
    BidMessage,
    BidSubmission,
    Incoming,
    Letter,
    check_name,
    letter_from_dict,
    parse_message,
)
from gridpact.messages.receipts import Reason, Receipt, Verdict
from gridpact.negotiation.nonces import checked_secret, keyed_digest, nonce_of, same_nonce
from gridpact.negotiation.terms import broken_terms

MARKET = ""
"""The market as a sender; homes go by their id."""
MOST_REFUSED = 32
"""Refused messages of one request that are remembered by id; more are judged afresh each time."""

_CONTENT = b"gridpact.message/1\n"
_Message = TypeVar("_Message", BidMessage, AnswerMessage)
Phase = tuple[str, int, str]
"""Opportunity, round, and the kind of message that is wanted."""
_ANSWERED_BY = {"call_for_bids": "bid", "offer": "answer", "bid_submission": "award"}
_ORDER = {"bid": 0, "answer": 1, "award": 2}


@dataclass(slots=True, kw_only=True)
class _Request:
    """One letter and what came of it."""

    letter: Letter
    closed: bool = False
    applied: Incoming | None = None
    """Without its note."""
    refused: int = 0
    """Refused messages that are remembered."""


@dataclass(slots=True, kw_only=True)
class _Sender:
    """All that is kept of one home, or of the market."""

    requests: dict[Phase, _Request] = field(default_factory=dict)
    latest: dict[str, Phase] = field(default_factory=dict)
    """The last request by opportunity."""
    seen: dict[str, tuple[str, Receipt]] = field(default_factory=dict)
    """Digest of the content, and the first receipt, by message id; only of messages with a valid nonce."""
    left: datetime | None = None


class Desk:
    """Requests that are open, messages that were applied, and receipts."""

    def __init__(
        self,
        *,
        run: str,
        secret: bytes,
        home_ids: Iterable[str],
        outside: Iterable[str],
        opportunity_ids: Iterable[str],
    ) -> None:
        """Open an empty desk.

        Args:
            run: the run's id, which every message of a home repeats.
            secret: at least 16 bytes that only the run knows; nonces are derived from it.
            home_ids: every home of the run.
            outside: homes that are represented from outside.
            opportunity_ids: every opportunity of the run.

        Raises:
            InputError: a short secret, an id that messages cannot carry, or an outside home that the run does not have.
        """
        self.run = check_name(run, what="the run's id")
        self._secret = checked_secret(secret)
        self._homes = frozenset(home_ids)
        outside = tuple(outside)
        for home_id in outside:
            check_name(home_id, what="the id of home")
            if home_id not in self._homes:
                raise InputError(f"home {home_id!r} is to be represented from outside, but is not in this run")
        self._senders: dict[str, _Sender] = {name: _Sender() for name in (*outside, MARKET)}
        self._opportunities = frozenset(check_name(each, what="the id of opportunity") for each in opportunity_ids)
        self._closed: set[str] = set()
        self._phases: dict[Phase, list[str]] = {}
        """Senders asked, in the order of asking."""
        self._owing: dict[Phase, int] = {}
        self._holders: dict[bytes, tuple[str, Phase]] = {}
        """Whose request a nonce belongs to, by the nonce's SHA-256: looking one up tells nothing by its time."""

    def send(self, letter: Letter) -> Letter:
        """Open the request that ``letter`` makes; the letter with its nonce.

        Raises:
            ProtocolViolationError: it names another run, no home from outside, a closed opportunity, an earlier
                round than the last, a deadline that is not after its opening, or was sent before.
        """
        if letter.run != self.run:
            raise ProtocolViolationError(f"a letter of run {letter.run!r} at the desk of run {self.run!r}")
        if letter.opportunity_id not in self._opportunities or letter.opportunity_id in self._closed:
            raise ProtocolViolationError(f"opportunity {letter.opportunity_id!r} is closed, or not in this run")
        if letter.deadline <= letter.opened:
            raise ProtocolViolationError(f"the deadline {letter.deadline.isoformat()} is not after the opening")
        name, phase = _addressee(letter), _phase_of(letter)
        sender = self._senders.get(name)
        if sender is None:
            raise ProtocolViolationError(f"home {name!r} is not represented from outside")
        if sender.left is not None:
            raise ProtocolViolationError(f"home {name!r} has left")
        latest = sender.latest.get(letter.opportunity_id)
        if latest is not None and _rank(phase) <= _rank(latest):
            raise ProtocolViolationError(f"{_letter_of(phase)} after {_letter_of(latest)}")
        sealed = letter.model_copy(update={"nonce": nonce_of(letter, secret=self._secret)})
        sender.requests[phase] = _Request(letter=sealed)
        sender.latest[letter.opportunity_id] = phase
        self._phases.setdefault(phase, []).append(name)
        self._owing[phase] = self._owing.get(phase, 0) + 1
        self._holders[_blurred(sealed.nonce)] = (name, phase)
        return sealed

    def receive(self, message: object, *, now: datetime) -> Receipt:
        """Apply ``message`` once, or refuse it.

        Args:
            message: a typed message, or the JSON object of one.
            now: when it arrived; in time is before the deadline, and the deadline itself is late.

        Returns:
            The receipt. Nothing that a message holds raises an error.
        """
        at = aware_utc(now, what="the time of arrival")
        try:
            read = parse_message(message)
        except InputError as problem:
            reason = Reason.MALFORMED
            words = f"{reason.text}: {problem}"
            return Receipt(verdict=Verdict.REFUSED, first=Verdict.REFUSED, reason=reason, words=words, at=at)
        name, phase = _sender_of(read), _phase_of(read)
        reason, words = self._addressed(read, name, phase)
        if reason is not Reason.NONE:
            return _receipt(read, reason, words, at)
        sender = self._senders[name]
        request = sender.requests[phase]
        digest = keyed_digest(read.model_dump(mode="json", exclude={"note"}), secret=self._secret, purpose=_CONTENT)
        before = sender.seen.get(read.message_id)
        if before is not None and before[0] == digest:
            return replace(before[1], verdict=Verdict.REPEATED)
        if before is not None:
            return _receipt(read, Reason.ID_REUSED, "", at)
        reason, words = self._timely(request, sender, phase, at)
        if reason is Reason.NONE:
            reason, words = broken_terms(request.letter, read)
        receipt = _receipt(read, reason, words, at)
        if reason is Reason.NONE:
            request.applied = read if isinstance(read, AwardMessage) else read.model_copy(update={"note": None})
            self._owing[phase] -= 1
            sender.seen[read.message_id] = (digest, receipt)
        elif reason is not Reason.TOO_EARLY and request.refused < MOST_REFUSED:
            request.refused += 1
            sender.seen[read.message_id] = (digest, receipt)
        return receipt

    def owing(self, opportunity_id: str, *, round: int, kind: str) -> int:
        """How many homes still owe a ``bid`` or an ``answer`` of this round."""
        return self._owing.get((opportunity_id, round, kind), 0)

    def close_bids(self, opportunity_id: str, *, round: int, now: datetime) -> dict[str, BidMessage]:
        """End the bidding of a round: what each home bid, in the order in which they were asked.

        Raises:
            ProtocolViolationError: somebody still owes a bid and the deadline is not reached.
        """
        return self._close((opportunity_id, round, "bid"), BidMessage, now)

    def close_answers(self, opportunity_id: str, *, round: int, now: datetime) -> dict[str, AnswerMessage]:
        """End the answering of a round, as `close_bids`."""
        return self._close((opportunity_id, round, "answer"), AnswerMessage, now)

    def award(self, opportunity_id: str) -> AwardMessage | None:
        """What the market awarded; None so far, or if it awarded nothing in time. Once there, it never changes."""
        request = self._senders[MARKET].requests.get((opportunity_id, 0, "award"))
        applied = None if request is None else request.applied
        return applied if isinstance(applied, AwardMessage) else None

    def close(self, opportunity_id: str) -> None:
        """Take no more messages about this opportunity, the market's award included."""
        if opportunity_id not in self._opportunities:
            raise ProtocolViolationError(f"opportunity {opportunity_id!r} is not in this run")
        self._closed.add(opportunity_id)

    def withdraw(self, home_id: str, *, now: datetime) -> None:
        """A home has left or failed: nothing more is taken from it, and what it said in an open phase is void.

        Raises:
            ProtocolViolationError: the home is not represented from outside, or has left before.
        """
        sender = self._senders.get(home_id) if home_id else None
        if sender is None:
            raise ProtocolViolationError(f"home {home_id!r} is not represented from outside")
        if sender.left is not None:
            raise ProtocolViolationError(f"home {home_id!r} has left before")
        sender.left = aware_utc(now, what="the time of leaving")
        for phase, request in sender.requests.items():
            if not request.closed and request.applied is None:
                self._owing[phase] -= 1

    def has_left(self, home_id: str) -> bool:
        """Whether the home has left or failed."""
        sender = self._senders.get(home_id)
        return sender is not None and sender.left is not None

    def snapshot(self) -> dict[str, Any]:
        """All of the state but the secret, in plain values."""
        return {
            "run": self.run,
            "homes": sorted(self._homes),
            "opportunities": sorted(self._opportunities),
            "closed": sorted(self._closed),
            "phases": [[*phase, list(names)] for phase, names in self._phases.items()],
            "senders": {
                name: {
                    "left": None if sender.left is None else sender.left.isoformat(),
                    "requests": [
                        {
                            "letter": request.letter.to_dict(),
                            "closed": request.closed,
                            "applied": None if request.applied is None else request.applied.to_dict(),
                            "refused": request.refused,
                        }
                        for request in sender.requests.values()
                    ],
                    "seen": [[digest, receipt.to_dict()] for digest, receipt in sender.seen.values()],
                }
                for name, sender in sorted(self._senders.items())
            },
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any], *, secret: bytes) -> "Desk":
        """The desk whose `snapshot` is ``state``, under the same secret.

        Raises:
            InputError: the nonces in it were made under another secret.
        """
        desk = cls(
            run=state["run"],
            secret=secret,
            home_ids=state["homes"],
            outside=[name for name in state["senders"] if name != MARKET],
            opportunity_ids=state["opportunities"],
        )
        for name, kept in state["senders"].items():
            sender = desk._senders[name]
            for row in kept["requests"]:
                letter = letter_from_dict(row["letter"])
                if not same_nonce(letter.nonce, nonce_of(letter, secret=secret)):
                    raise InputError("the desk was kept under another secret; give the run's own")
                phase = _phase_of(letter)
                applied = None if row["applied"] is None else parse_message(row["applied"])
                sender.requests[phase] = _Request(
                    letter=letter, closed=row["closed"], applied=applied, refused=row["refused"]
                )
                sender.latest[letter.opportunity_id] = phase
                desk._holders[_blurred(letter.nonce)] = (name, phase)
            sender.seen = {row["message_id"]: (digest, Receipt.from_dict(row)) for digest, row in kept["seen"]}
            sender.left = None if kept["left"] is None else datetime.fromisoformat(kept["left"])
        for opportunity_id, round, kind, names in state["phases"]:
            phase = (opportunity_id, round, kind)
            desk._phases[phase] = list(names)
            desk._owing[phase] = sum(desk._owes(name, phase) for name in names)
        desk._closed = set(state["closed"])
        return desk

    def _owes(self, name: str, phase: Phase) -> bool:
        request = self._senders[name].requests[phase]
        return not request.closed and request.applied is None and self._senders[name].left is None

    def _addressed(self, read: Incoming, name: str, phase: Phase) -> tuple[Reason, str]:
        """Whether the message answers a letter that its sender was sent. Nothing is remembered of one that does not."""
        if not isinstance(read, AwardMessage) and read.run != self.run:
            return Reason.UNKNOWN_RUN, ""
        if read.opportunity_id not in self._opportunities:
            return Reason.UNKNOWN_OPPORTUNITY, ""
        sender = self._senders.get(name)
        if sender is None:
            return (Reason.NOT_OUTSIDE if name in self._homes else Reason.UNKNOWN_HOME), ""
        request = sender.requests.get(phase)
        if request is None:
            if read.opportunity_id in self._closed:
                return Reason.CLOSED, ""
            latest = sender.latest.get(read.opportunity_id)
            coming = latest is None or _rank(phase) > _rank(latest)
            return (Reason.TOO_EARLY if coming else Reason.NO_SUCH_REQUEST), ""
        if same_nonce(request.letter.nonce, read.nonce):
            return Reason.NONE, ""
        holder, other = self._holders.get(_blurred(read.nonce), (None, phase))
        if holder is None:
            return Reason.WRONG_NONCE, ""
        if holder != name:
            return Reason.OTHER_HOME, ""
        return Reason.OTHER_REQUEST, f"it was sent with {_letter_of(other)} of {other[0]!r}"

    def _timely(self, request: _Request, sender: _Sender, phase: Phase, at: datetime) -> tuple[Reason, str]:
        """Whether the request still waits for its first message."""
        letter = request.letter
        latest = sender.latest[letter.opportunity_id]
        if sender.left is not None:
            return Reason.HOME_LEFT, f"it left at {sender.left.isoformat()}"
        if letter.opportunity_id in self._closed:
            return Reason.CLOSED, ""
        if latest != phase:
            return Reason.SUPERSEDED, f"{_letter_of(latest)} has been sent"
        if request.applied is not None:
            return Reason.SECOND_MESSAGE, f"it is message {request.applied.message_id!r}"
        if at >= letter.deadline:
            return Reason.LATE, f"it was {letter.deadline.isoformat()}, and the message came at {at.isoformat()}"
        if request.closed:
            return Reason.LATE, "the round was closed before the message was read"
        if at < letter.opened:
            return Reason.TOO_EARLY, f"it opens at {letter.opened.isoformat()}"
        return Reason.NONE, ""

    def _close(self, phase: Phase, kind: type[_Message], now: datetime) -> dict[str, _Message]:
        at = aware_utc(now, what="the time of closing")
        said: dict[str, _Message] = {}
        asked = [(name, self._senders[name].requests[phase]) for name in self._phases.get(phase, [])]
        if self._owing.get(phase, 0) and any(at < request.letter.deadline for _, request in asked):
            raise ProtocolViolationError(
                f"{self._owing[phase]} homes still owe a {phase[2]} of round {phase[1]}; its deadline is not reached"
            )
        for name, request in asked:
            if isinstance(request.applied, kind) and self._senders[name].left is None:
                said[name] = request.applied
            request.closed = True
        self._owing[phase] = 0
        return said


def _addressee(letter: Letter) -> str:
    return MARKET if isinstance(letter, BidSubmission) else letter.home_id


def _sender_of(read: Incoming) -> str:
    return MARKET if isinstance(read, AwardMessage) else read.home_id


def _phase_of(item: Letter | Incoming) -> Phase:
    wanted = _ANSWERED_BY.get(item.kind, item.kind)
    round = 0 if isinstance(item, BidSubmission | AwardMessage) else item.round
    return item.opportunity_id, round, wanted


def _rank(phase: Phase) -> tuple[int, int]:
    return phase[1], _ORDER[phase[2]]


def _letter_of(phase: Phase) -> str:
    """The letter that opened a phase, in words."""
    return {
        "bid": f"round {phase[1]}'s call for bids",
        "answer": f"round {phase[1]}'s offer",
        "award": "the bid submission",
    }[phase[2]]


def _blurred(nonce: str) -> bytes:
    return hashlib.sha256(nonce.encode()).digest()


def _receipt(read: Incoming, reason: Reason, words: str, at: datetime) -> Receipt:
    verdict = Verdict.APPLIED if reason is Reason.NONE else Verdict.REFUSED
    return Receipt(
        verdict=verdict,
        first=verdict,
        reason=reason,
        words=f"{reason.text}: {words}" if words else reason.text,
        at=at,
        kind=read.kind,
        message_id=read.message_id,
        opportunity_id=read.opportunity_id,
        home_id=_sender_of(read),
        round=_phase_of(read)[1],
    )
