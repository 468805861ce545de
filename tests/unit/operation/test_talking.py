"""A model's replies go through the run's log: a replay asks nobody, and no owner's words are in it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fakes.asking import GOOD, Offer, question
from gridpact.errors import CorruptLogError, InputError
from gridpact.language.consent import Consent
from gridpact.language.limits import Limits
from gridpact.language.questions import Failure, Nobody, Question, Reply, Scripted
from gridpact.language.usage import Usage
from gridpact.operation.chronicle import Chronicle
from gridpact.operation.inputs import DayRequest, prepare_day
from gridpact.operation.kept import REQUEST, keep_inputs, restore_request
from gridpact.operation.talking import LoggedTalker, day_talker, replies_book, replies_of
from gridpact.results.events import LOG_VERSION
from gridpact.store.base import Entry, Store
from gridpact.store.book import Book
from gridpact.store.journal import DivergenceError, Journal, UnfinishedLogError
from gridpact.store.memory import MemoryStore

BEGAN = datetime(2026, 3, 1, tzinfo=UTC)
MIXED = [
    Reply(
        value=Offer.model_validate_json(GOOD), attempts=2, tokens_in=7, tokens_out=3, cost_microusd=11, latency_s=1.5
    ),
    Reply(failure=Failure.SCHEMA, detail="level: missing", attempts=2, tokens_in=5, tokens_out=1, latency_s=0.5),
    Reply(failure=Failure.NO_CONSENT),
]


class Counted:
    """Gives prepared replies and counts what it is asked."""

    name = "fake:one"
    hosted = True

    def __init__(self, replies: Sequence[Reply] = MIXED) -> None:
        self.replies = list(replies)
        self.chunks: list[int] = []

    def ask(self, questions: Sequence[Question]) -> list[Reply]:
        first = sum(self.chunks)
        self.chunks.append(len(questions))
        return self.replies[first : first + len(questions)]


class Silent:
    """Must not be asked."""

    name = "fake:one"
    hosted = True

    def ask(self, questions: Sequence[Question]) -> list[Reply]:
        raise AssertionError("a replay asked the model")


def chronicle(store: Store, *, replay: bool = False) -> Chronicle:
    found = Chronicle(log=Journal(store, "run", replay=replay), watchers=())
    found.note("run_started", at=BEGAN, payload={"run": "run", "log": LOG_VERSION})
    return found


def three() -> list[Question]:
    return [question(number, words=f"secret words {number}") for number in range(3)]


def test_replies_are_the_same_from_the_log_and_nobody_is_asked() -> None:
    store, talker = MemoryStore(), Counted()
    first = chronicle(store)
    logged = LoggedTalker(talker, first, in_flight=2)
    live = logged.ask(three())
    first.log.flush()
    assert talker.chunks == [2, 1]
    assert [reply.latency_s for reply in live] == [0, 0, 0]
    for replay in (False, True):
        again = LoggedTalker(Silent(), chronicle(store, replay=replay), in_flight=2)
        assert again.ask(three()) == live
        assert again.usage == logged.usage
        assert again.record() == logged.record()
    assert logged.usage == Usage.of(MIXED)
    assert (logged.record().calls, logged.record().fallbacks, logged.record().tokens) == (3, 2, 16)
    assert first.performance()["model_latency_s"] >= 0
    assert logged.ask([]) == []


def test_no_words_are_in_the_log_or_its_books() -> None:
    store = MemoryStore()
    first = chronicle(store)
    LoggedTalker(Counted(), first, in_flight=3).ask(three())
    first.log.flush()
    rows = first.log.rows()
    books = b"".join(store.book(row["payload"]["book"]) for row in rows if row["kind"] == "effect_done")
    for words in (b"secret words", b"Choose a level", b'{"levels": 3}'):
        assert words not in books + first.log.to_jsonl()
    assert [row["payload"].get("by") for row in rows if row["kind"] == "effect_begun"] == ["language model"]


def test_a_crash_in_the_middle_asks_only_what_is_not_answered() -> None:
    store = MemoryStore()
    first = chronicle(store)
    LoggedTalker(Counted(), first, in_flight=2).ask(three()[:2])
    first.log.flush()
    rest = Counted(MIXED[2:])
    logged = LoggedTalker(rest, chronicle(store), in_flight=2)
    replies = logged.ask(three())
    assert rest.chunks == [1]
    assert [reply.failure for reply in replies] == [None, Failure.SCHEMA, Failure.NO_CONSENT]
    with pytest.raises(UnfinishedLogError):
        LoggedTalker(Silent(), chronicle(_prefix(store, 3), replay=True), in_flight=2).ask(three())


def _prefix(store: Store, rows: int) -> MemoryStore:
    short = MemoryStore()
    entries = store.entries("run")[:rows]
    books = {}
    for entry in entries:
        digest = _book_of(entry)
        if digest:
            books[digest] = store.book(digest)
    short.append("run", list(entries), expected=0, books=books)
    return short


def _book_of(entry: Entry) -> str | None:
    import json

    return json.loads(entry.line)["payload"].get("book")  # type: ignore[no-any-return]


@pytest.mark.parametrize("change", [{"facts": "other"}, {"instructions": "other"}, {"most_tokens": 65}])
def test_another_question_is_not_answered_from_the_log(change: dict[str, Any]) -> None:
    store = MemoryStore()
    first = chronicle(store)
    LoggedTalker(Counted(), first, in_flight=3).ask([question()])
    first.log.flush()
    with pytest.raises(DivergenceError, match="another question"):
        LoggedTalker(Silent(), chronicle(store), in_flight=3).ask([question(**change)])
    with pytest.raises(DivergenceError):
        LoggedTalker(Silent(), chronicle(store), in_flight=3).ask([question(2)])


def test_words_that_were_erased_do_not_stop_a_replay() -> None:
    store = MemoryStore()
    first = chronicle(store)
    live = LoggedTalker(Counted(), first, in_flight=3).ask([question()])
    first.log.flush()
    assert LoggedTalker(Silent(), chronicle(store, replay=True), in_flight=3).ask([question(words="")]) == live


def no_words(digest: str) -> str | None:
    raise AssertionError(f"no reply here has a message, yet {digest!r} was looked for")


def kept_words(home_id: str, words: str) -> str:
    raise AssertionError(f"no reply here has a message, yet {words!r} of {home_id} was to be kept")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda arrays, facts: arrays.update(values=arrays["values"][:-1]),
        lambda arrays, facts: facts["replies"][0].pop("attempts"),
        lambda arrays, facts: facts["replies"][1].update(failure="tired"),
        lambda arrays, facts: facts.update(replies=None),
        lambda arrays, facts: arrays.clear(),
    ],
)
def test_a_damaged_book_is_refused(spoil: Any) -> None:
    book = replies_book(three(), MIXED, priced=True, keep=kept_words)
    arrays, facts = dict(book.arrays), dict(book.facts)
    facts["replies"] = [dict(each) for each in facts["replies"]]
    spoil(arrays, facts)
    with pytest.raises(CorruptLogError):
        replies_of(Book(arrays=arrays, facts=facts), three(), words=no_words)


def test_a_value_outside_its_schema_is_refused() -> None:
    other = Reply(value=Offer.model_construct(level=9, home="H-1", share=0.5))
    with pytest.raises(CorruptLogError, match="does not have its schema"):
        replies_of(replies_book([question()], [other], priced=True, keep=kept_words), [question()], words=no_words)


def test_spent_budget_is_known_after_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    from gridpact.operation import talking

    counted: list[Usage] = []

    class Late(talking.LateTalker):
        def ask(self, questions: Sequence[Question]) -> list[Reply]:
            return Scripted(lambda one: Offer.model_validate_json(GOOD).model_dump()).ask(questions)

        def count_earlier(self, usage: Usage) -> None:
            counted.append(usage)

    monkeypatch.setattr(talking, "LateTalker", Late)
    day = prepare_day(DayRequest(llm="local:smollm2"))
    store = MemoryStore()
    first = chronicle(store)
    with day_talker(day, first) as talker:
        talker.ask([question()])
    first.log.flush()
    assert counted == []
    with day_talker(day, chronicle(store)) as talker:
        talker.ask([question()])
    assert counted == [Usage(calls=1, attempts=1, replies=1)]


def test_a_day_without_a_model_has_nobody() -> None:
    with day_talker(prepare_day(DayRequest()), chronicle(MemoryStore())) as talker:
        assert isinstance(talker, Nobody)


ASKED = DayRequest(llm="gemini:gemini-2.5-flash", limits=Limits(usd=2, timeout_s=7), consent=Consent(everybody=True))


def test_the_run_is_known_by_its_model_limits_and_consent() -> None:
    requests = [
        DayRequest(),
        ASKED,
        DayRequest(llm="gemini:gemini-2.5-pro", limits=ASKED.limits, consent=ASKED.consent),
        DayRequest(llm=ASKED.llm, limits=Limits(usd=2.5), consent=ASKED.consent),
        DayRequest(llm=ASKED.llm, limits=ASKED.limits),
    ]
    assert len({prepare_day(request).run_id for request in requests}) == len(requests)
    assert prepare_day(DayRequest(limits=Limits(usd=1))).run_id == prepare_day(DayRequest()).run_id


def test_a_request_with_a_model_is_kept_and_restored(tmp_path: Path) -> None:
    agreed = DayRequest(llm="local:smollm2", consent=Consent(homes=frozenset({"oak"})))
    for number, request in enumerate((ASKED, DayRequest(), agreed)):
        day = prepare_day(request)
        folder = tmp_path / str(number)
        folder.mkdir()
        kept = keep_inputs(request, day)
        store = MemoryStore()
        journal = Journal(store, "run")
        journal.keep(kept.books)
        journal.append("run_started", at=BEGAN, payload={"run": "run", "log": LOG_VERSION})
        journal.flush()
        restored = restore_request(kept.names, store, folder=folder)
        assert (restored.llm, restored.limits, restored.consent) == (request.llm, request.limits, request.consent)
        assert prepare_day(restored).run_id == day.run_id
        facts = Book.from_bytes(kept.books[kept.names[REQUEST]], source="request").facts
        assert ("language" in facts) == (request.llm != "none")


def test_a_name_that_is_no_model_is_refused_with_the_request() -> None:
    with pytest.raises(InputError, match="use gemini:NAME"):
        prepare_day(DayRequest(llm="oracle:1"))
    with pytest.raises(InputError, match="--consent names home 'nobody'"):
        prepare_day(DayRequest(llm=ASKED.llm, consent=Consent(homes=frozenset({"nobody"}))))
