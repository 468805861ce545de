"""Runs in which a model picks: logged, gone on with, replayed without it, verified; its messages are the homes' own."""

import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gridpact.language.consent import Consent
from gridpact.language.late import LateTalker
from gridpact.language.questions import Question, Reply, Scripted
from gridpact.operation import runs, system, talking
from gridpact.operation.inputs import DayRequest
from gridpact.operation.owner_trail import owner_trail
from gridpact.operation.owners import forget_owner
from gridpact.operation.system import IntegratedNegotiationSystem
from gridpact.operation.trail import folder_source, operator_trail
from gridpact.store.opening import open_store
from gridpact_audit.audit import audit

MESSAGE = "We keep our price while there is time to talk about it."
REQUEST = DayRequest(
    strategy="language", tactic="language", llm="openai:scripted", consent=Consent(everybody=True), price=250.0
)


def picks(question: Question) -> Any:
    last = "the last round" in question.facts
    match question.task:
        case "bid":
            return {"move": "large" if last else "hold", "concession": 0.5, "message": MESSAGE}
        case "answer":
            return {"reply": "accept" if last else "part", "share": 0.25, "message": "oak gets 99 USD"}
        case _:
            return {"pace": "patient", "bonus": "small", "message": "We wait."}


@dataclass
class Model:
    """A model in a hosted one's place that can break down."""

    name: str = "openai:scripted"
    hosted: bool = True
    breaks_after: int | None = None
    asked: list[Question] = field(default_factory=list)

    def ask(self, questions: Sequence[Question]) -> list[Reply]:
        if self.breaks_after is not None and len(self.asked) >= self.breaks_after:
            raise KeyboardInterrupt
        self.asked += questions
        return Scripted(picks).ask(questions)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Model:
    found = Model()

    class Opened(LateTalker):
        def __init__(self, name: str, *, limits: Any = None) -> None:
            super().__init__(name, limits=limits, opener=lambda *_, **__: found)

    monkeypatch.setattr(talking, "LateTalker", Opened)
    monkeypatch.setattr(system, "check_openable", lambda *_, **__: None)
    return found


def test_a_run_is_logged_replayed_without_its_model_and_verified(model: Model, tmp_path: Path) -> None:
    with closing(open_store(tmp_path / "runs.db")) as store:
        folder = IntegratedNegotiationSystem(store=store).run(REQUEST, out=tmp_path / "run")
        result = folder.result
        language = result["negotiation"]["language"]
        assert language["model"] == "openai:scripted"
        assert language["calls"] == len(model.asked) > 10
        assert language["fallbacks"] == 0
        assert result["negotiation"]["strategies"] == {"language": 6}
        assert not audit(folder.path).failed
        kinds = [row["kind"] for row in folder.events()]
        assert "homes_advised" in kinds
        assert "tactic_chosen" in kinds
        asked = len(model.asked)
        model.breaks_after = 0  # nobody is asked any more
        again = runs.replay_run(store, result["run"]["id"])
        assert again.result_json == (folder.path / "result.json").read_bytes()
        assert len(model.asked) == asked
        assert runs.verify_run(store, result["run"]["id"]).problems == ()


def test_messages_are_the_homes_own_words(model: Model, tmp_path: Path) -> None:
    with closing(open_store(tmp_path / "runs.db")) as store:
        folder = IntegratedNegotiationSystem(store=store).run(REQUEST, out=tmp_path / "run")
        assert MESSAGE in store.texts_of("maple")
        # What does not hold is kept nowhere.
        assert not any("99" in text for home in ("maple", "oak") for text in store.texts_of(home))
        for file in folder.path.rglob("*"):
            if file.is_file():
                assert MESSAGE.encode() not in file.read_bytes(), file
        source = folder_source(folder.path)
        told = operator_trail(source)
        assert MESSAGE not in told.to_json()
        assert any("the language model picked for the asks of 6 homes: hold for 6" in e.text for e in told.entries)
        mine, other = owner_trail(source, "maple"), owner_trail(source, "oak")
        assert any("held its price" in entry.text for entry in mine.entries), mine.to_csv()
        assert "maple" not in other.to_json()
        done = forget_owner(store, "maple")
        assert done.texts > 0
        assert store.texts_of("maple") == ()
        result = json.loads((folder.path / "result.json").read_text())
        model.breaks_after = 0
        again = runs.replay_run(store, result["run"]["id"])
        assert again.result_json == (folder.path / "result.json").read_bytes()


def test_a_run_that_broke_off_goes_on_where_it_was(model: Model, tmp_path: Path) -> None:
    with closing(open_store(tmp_path / "whole.db")) as store:
        whole = IntegratedNegotiationSystem(store=store).run(REQUEST, out=tmp_path / "whole")
    count = len(model.asked)
    model.asked.clear()
    with closing(open_store(tmp_path / "broken.db")) as store:
        model.breaks_after = 9
        with pytest.raises(KeyboardInterrupt):
            IntegratedNegotiationSystem(store=store).run(REQUEST, out=tmp_path / "resumed")
        model.breaks_after = None
        resumed = IntegratedNegotiationSystem(store=store).run(REQUEST, out=tmp_path / "resumed")
        assert len(model.asked) == count  # nothing was asked twice
        assert (resumed.path / "result.json").read_bytes() == (whole.path / "result.json").read_bytes()
        assert runs.verify_run(store, resumed.result["run"]["id"]).problems == ()


def test_without_a_model_the_policy_is_followed_and_said(tmp_path: Path) -> None:
    language = IntegratedNegotiationSystem().run(DayRequest(strategy="language"), out=tmp_path / "language")
    concession = IntegratedNegotiationSystem().run(DayRequest(), out=tmp_path / "concession")
    assert language.result["settlement"] == concession.result["settlement"]
    assert language.result["negotiation"]["language"] == {"calls": 0, "fallbacks": 0, "tokens": 0, "cost_usd": 0.0}
    rows = [row["payload"] for row in language.events() if row["kind"] == "homes_advised"]
    assert rows
    assert all(row["fallbacks"] > 0 and not row["picks"] for row in rows)
    assert "homes_advised" not in [row["kind"] for row in concession.events()]
    assert not audit(language.path).failed
