"""The journal and its stores against plain lists: appends, effects, crashes, second writers and logs set aside."""

from datetime import datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from gridpact.errors import CorruptLogError, EventConflictError, NaiveDatetimeError, StoreError
from gridpact.results.events import LOG_VERSION
from gridpact.store import journal as journal_module
from gridpact.store import sqlite
from gridpact.store.journal import DivergenceError, Journal, UnfinishedLogError, run_rows
from gridpact.store.opening import open_store
from journal_model import BEGAN, BEGUN, DONE, RUNS, JournalModel, Row, Writing
from stateful import QUICK, finds, run_machine

KINDS = ("opportunity_announced", "bids_collected", "offers_made", "market_cleared")
PAYLOADS = st.dictionaries(
    st.sampled_from(["a", "b", "Ü"]),
    st.one_of(st.integers(), st.booleans(), st.none(), st.text(max_size=5), st.lists(st.integers(0, 3), max_size=2)),
    max_size=2,
)
OUTCOMES = st.one_of(st.integers(-(2**53), 2**53), st.text(max_size=10), st.booleans())
NO_ROWS = [
    {"kind": "nothing_known"},
    {"at": BEGAN - timedelta(days=1)},
    {"at": datetime(2026, 3, 1, 23)},  # noqa: DTZ001
    {"payload": {"a": object()}},
]


class CrashError(Exception):
    """Whatever ends a process."""


class JournalMachine(JournalModel):
    """Rows, effects and crashes in any order."""

    # What is there

    @rule(
        run_id=st.sampled_from(RUNS),
        home_id=st.sampled_from(["h1", "h2"]),
        what=st.integers(0, 4),
        seldom=st.integers(0, 3),
    )
    def something_beside(self, run_id, home_id, what, seldom):
        """What has little to do with the journal that is open."""
        if what == 0:
            self.all_is_read(run_id)
        elif what == 1:
            self.words_are_read_or_forgotten(home_id, seldom)
        elif what == 2:
            self.two_cannot_be_sole_writers(run_id)
        elif what == 3:
            self.replay(run_id)
        else:
            self.an_attempt(run_id, seldom % 2 == 1)

    def all_is_read(self, run_id):
        self.check_log(run_id)
        assert self.store.run_ids() == tuple(name for name, run in self.runs.items() if run.rows)
        assert [each.outcome for each in self.store.attempts(run_id)] == self.attempted(run_id)

    # A process begins and ends

    @precondition(lambda self: self.open is None)
    @rule(run_id=st.sampled_from([RUNS[0], *RUNS]), again=st.booleans(), over=st.sampled_from([0, 1, 4, 99]))
    def begin(self, run_id, again, over):
        if again:
            self.restart()
        self.open = Writing(journal=Journal(self.store, run_id), run_id=run_id, base=len(self.stored(run_id)))
        if not self.open.base:
            self.write(Row("run_started", BEGAN, {"run": run_id, "log": LOG_VERSION}))
        while self.open is not None and self.open.over < min(over, self.open.base):
            self.go_over()
        self.seen["begun"] += 1

    @precondition(lambda self: self.open is not None)
    @rule(seldom=st.integers(0, 3), flushed=st.booleans())
    def crash(self, seldom, flushed):
        if flushed:
            self.flush()
        if seldom == 3:
            self.seen["rows lost"] += len(self.open.waiting) if self.open else 0
            self.restart()

    # Rows

    @precondition(lambda self: self.open is not None and not self.at_end)
    @rule(rows=st.sampled_from([1, 2, 99]))
    def the_next_stored_rows(self, rows):
        while rows and not self.at_end:
            self.go_over()
            rows -= 1

    @precondition(lambda self: self.at_end)
    @rule(kind=st.sampled_from(KINDS), payload=PAYLOADS)
    def a_new_row(self, kind, payload):
        self.write(Row(kind, self.next_at(), payload))
        self.seen["rows"] += 1

    @precondition(lambda self: self.open is not None)
    @rule(wrong=st.sampled_from(NO_ROWS))
    def no_row(self, wrong):
        """A row that cannot be: an error, no trace, and the journal goes on."""
        right = {"kind": KINDS[0], "at": self.next_at() + timedelta(days=1), "payload": {}}
        before = self.open.journal.to_jsonl()
        if not before:
            return
        with pytest.raises((StoreError, NaiveDatetimeError)):
            self.open.journal.append(**{**right, **wrong})
        assert self.open.journal.to_jsonl() == before
        self.seen["no row"] += 1

    @precondition(lambda self: self.open is not None and not self.at_end)
    @rule(how=st.sampled_from(["kind", "at", "payload", "more", "effect"]))
    def another_row(self, how):
        """The run goes another way than its log: refused, nothing is written, and the process ends."""
        row = self.stored(self.open.run_id)[self.open.over]
        kind = "settled" if how == "kind" else row.kind
        at = row.at + timedelta(seconds=1) if how == "at" else row.at
        payload = (
            {"another": 1} if how == "payload" else {**row.payload, "more": None} if how == "more" else row.payload
        )
        if how == "effect":
            with pytest.raises(DivergenceError):
                self.effect("never begun", self.must_not_be_done, at=row.at)
        else:
            with pytest.raises(DivergenceError):
                self.open.journal.append(kind, at=at, payload=payload)
        self.seen["diverged"] += 1
        self.check_log(self.open.run_id)
        self.restart()

    # Effects

    @precondition(lambda self: self.at_end)
    @rule(outcome=OUTCOMES, ends=st.sampled_from(["well"] * 4 + ["undone", "unwritten", "unanswered"]))
    def a_new_effect(self, outcome, ends):
        """Done; or the process ends while it is done, before its outcome is durable, or just after."""
        self.effects += 1
        key, at = f"effect {self.effects}", self.next_at()
        done = []

        def do():
            done.append(key)
            # What came before is durable before anything is done outside.
            self.keep(self.open.run_id, [*self.open.waiting, self.begun(key, at)])
            self.open.waiting = []
            assert self.store.length(self.open.run_id) == len(self.stored(self.open.run_id))
            if ends == "undone":
                raise CrashError
            if ends in ("unwritten", "unanswered"):
                append = self.store.append

                def broken(*args, **facts):
                    del self.store.append
                    if ends == "unanswered":
                        append(*args, **facts)
                    raise CrashError

                self.store.append = broken
            return outcome

        if ends == "well":
            assert self.effect(key, do, at=at) == outcome
        else:
            with pytest.raises(CrashError):
                self.effect(key, do, at=at)
        assert done == [key]
        if ends in ("well", "unanswered"):
            self.keep(self.open.run_id, [self.done(key, outcome, at)])
        self.seen[f"effect {ends}"] += 1
        self.check_log(self.open.run_id)
        if ends != "well":
            self.restart()

    @precondition(lambda self: self.at_end and any(row.kind == DONE for row in self.stored(self.open.run_id)))
    @rule(data=st.data())
    def the_same_effect_twice(self, data):
        """A key stands once in a run: the effect is not done, and the process ends."""
        known = [row.payload["effect"] for row in self.stored(self.open.run_id) if row.kind == DONE]
        with pytest.raises(EventConflictError):
            self.effect(data.draw(st.sampled_from(known)), self.must_not_be_done, at=self.next_at())
        self.check_log(self.open.run_id)
        self.restart()

    # Words of owners

    @precondition(lambda self: self.at_end)
    @rule(home_id=st.sampled_from(["h1", "h2"]), text=st.text(st.characters(codec="utf-8"), max_size=10))
    def a_message_with_words(self, home_id, text):
        digest = self.open.journal.keep_text(home_id, text)
        assert self.texts.setdefault(digest, (home_id, text)) == (home_id, text)
        self.write(Row("message_received", self.next_at(), {"home": home_id, "note": digest}))

    def words_are_read_or_forgotten(self, home_id, seldom):
        mine = [text for home, text in self.texts.values() if home == home_id]
        assert sorted(self.store.texts_of(home_id)) == sorted(mine)
        for digest, (_, text) in self.texts.items():
            assert self.store.text(digest) == text
        if seldom == 3 and self.open is None:
            assert self.store.forget(home_id) == len(mine)
            self.texts = {digest: kept for digest, kept in self.texts.items() if kept[0] != home_id}

    # Others

    @precondition(lambda self: self.open is not None)
    @rule(kind=st.sampled_from(KINDS), aside=st.booleans())
    def a_second_writer(self, kind, aside):
        """Another process was faster, or set the log aside: what this one has is refused whole."""
        going = self.open
        other = self.store if self.where == "memory" else open_store(self.path)
        try:
            if aside and self.stored(going.run_id):
                self.set_aside(other, going.run_id)
            else:
                base = len(self.stored(going.run_id))
                self.open = Writing(journal=Journal(other, going.run_id), run_id=going.run_id, base=base)
                while not self.at_end:
                    self.go_over()
                start = Row("run_started", BEGAN, {"run": going.run_id, "log": LOG_VERSION})
                self.write(Row(kind, self.next_at(), {"by": "the other"}) if base else start)
                self.flush()
        finally:
            self.open = going
            if other is not self.store:
                other.close()
        if going.waiting:
            with pytest.raises(EventConflictError):
                going.journal.flush()
            self.seen["overtaken"] += 1
        self.check_log(going.run_id)
        self.restart()

    @precondition(lambda self: self.open is None)
    @rule(run_id=st.sampled_from(RUNS), seldom=st.integers(0, 2))
    def a_log_is_set_aside(self, run_id, seldom):
        if not self.stored(run_id):
            with pytest.raises(StoreError):
                self.store.set_aside(run_id)
        elif seldom == 2:
            self.set_aside(self.store, run_id)
            self.check_log(self.asides[-1])
            with pytest.raises(StoreError):
                run_rows(self.store, run_id)

    def two_cannot_be_sole_writers(self, run_id):
        with self.store.writing(run_id):
            with pytest.raises(EventConflictError), self.store.writing(run_id):
                raise AssertionError("two write one run")
            with self.store.writing(f"{run_id} too"):
                pass

    def replay(self, run_id):
        """All of the log again, with no effect done and nothing written, and a stop at its end."""
        rows, base = self.stored(run_id), len(self.stored(run_id))
        going, self.open = (
            self.open,
            Writing(journal=Journal(self.store, run_id, replay=True), run_id=run_id, base=base),
        )
        begun = bool(rows) and rows[-1].kind == BEGUN
        while self.open.over < base - begun:
            self.go_over()
        if begun:
            with pytest.raises(UnfinishedLogError):
                self.effect(rows[-1].payload["effect"], self.must_not_be_done, at=rows[-1].at)
        else:
            with pytest.raises(UnfinishedLogError):
                self.open.journal.append(KINDS[0], at=BEGAN + timedelta(days=2), payload={})
        self.open.journal.flush()
        self.open = going
        self.seen["replayed"] += 1

    def an_attempt(self, run_id, ends):
        attempts = self.attempted(run_id)
        if ends and attempts:
            self.store.end_attempt(run_id, len(attempts), ended=BEGAN, outcome="finished")
            attempts[-1] = "finished"
        elif run_id in self.runs:
            assert self.store.begin_attempt(run_id, began=BEGAN, place="here") == len(attempts) + 1
            attempts.append(None)
        with pytest.raises(StoreError):
            self.store.end_attempt(run_id, len(attempts) + 1, ended=BEGAN, outcome="finished")

    def teardown(self):
        if self.store is not None:
            self.restart()
            for run_id in (*RUNS, *self.asides):
                self.all_is_read(run_id)
            with pytest.raises(CorruptLogError):
                self.store.book("0" * 64)
            self.store.close()
        self.ends.close()


@pytest.fixture
def machine(request, tmp_path, monkeypatch):
    """The machine on a store in memory or on SQLite files: copies of one that was made new."""
    if request.param == "memory":
        return JournalMachine
    new = tmp_path / "new.db"
    open_store(new).close()
    # No power fails here: what the disk itself keeps is tested where processes are killed.
    monkeypatch.setattr(sqlite, "_ON_CONNECT", (*sqlite._ON_CONNECT, "PRAGMA synchronous=OFF"))
    return type("SqliteJournalMachine", (JournalMachine,), {"where": str(new)})


both = pytest.mark.parametrize("machine", ["memory", "sqlite"], indirect=True)
in_memory = pytest.mark.parametrize("machine", ["memory"], indirect=True)


@both
def test_the_journal_is_its_model(machine):
    print(dict(run_machine(machine, sequences=QUICK // 2)))


@pytest.mark.deep
@both
@pytest.mark.parametrize("batch", range(2))
def test_the_journal_is_its_model_deep(machine, batch):
    seen = run_machine(machine, sequences=500, fixed_seed=batch)
    print(dict(seen))
    assert min(seen[what] for what in WHAT) > 20


WHAT = (
    "rows lost",
    "diverged",
    "overtaken",
    "set aside",
    "replayed",
    "no row",
    "effect well",
    "effect undone",
    "effect unwritten",
    "effect unanswered",
    "effect done again",
    "effect answered from the log",
)


def does_everything_again(journal, effect, do, *, at, encode, decode):
    recorded, journal._recorded = journal._recorded, journal._recorded[: len(journal)]
    try:
        return REAL_EFFECT(journal, effect, do, at=at, encode=encode, decode=decode)
    finally:
        journal._recorded = recorded


def loses_a_row(journal):
    if len(journal._waiting) > 2:
        journal._waiting.pop()
    REAL_FLUSH(journal)


def writes_without_order(store, run_id, entries, *, expected, books=None):
    REAL_APPEND(store, run_id, entries, expected=store.length(run_id), books=books)


REAL_EFFECT, REAL_FLUSH = Journal.effect, Journal.flush
REAL_APPEND = journal_module.MemoryStore.append


@in_memory
@pytest.mark.parametrize(
    ("place", "name", "defect"),
    [
        (Journal, "effect", does_everything_again),
        (Journal, "flush", loses_a_row),
        (journal_module, "first_difference", lambda stored, found: None),
        (journal_module.MemoryStore, "append", writes_without_order),
    ],
)
def test_a_planted_defect_is_found(machine, monkeypatch, place, name, defect):
    monkeypatch.setattr(place, name, defect)
    assert finds(machine)
