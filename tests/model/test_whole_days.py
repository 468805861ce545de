"""The small local model at real work: a negotiation of six homes, and owners' texts read into wishes."""

import json
from contextlib import closing
from pathlib import Path

from gridpact.language.broker import Broker
from gridpact.language.limits import Limits
from gridpact.language.questions import Nobody
from gridpact.language.reading.batch import OwnerText, read_owners
from gridpact.language.reading.wishes import FIELDS, HomeFacts, covers
from gridpact.operation.inputs import DayRequest
from gridpact.operation.runs import replay_run
from gridpact.operation.system import IntegratedNegotiationSystem
from gridpact.store.opening import open_store
from gridpact_audit.audit import audit

LIMITS = Limits(timeout_s=300, patience_s=600)
TEXTS = {
    "a": "Please keep half the battery for outages, and the car has to be full by 7.",
    "b": "Nothing special, thanks.",
    "c": "Not below 150 dollars per MWh. Never export.",
}


def test_six_homes_negotiate(tmp_path: Path) -> None:
    request = DayRequest(strategy="language", llm="local:smollm2", limits=LIMITS)
    with closing(open_store(str(tmp_path / "store.sqlite"))) as store:
        folder = IntegratedNegotiationSystem(store=store).run(request, out=tmp_path / "run")
        result = json.loads((folder.path / "result.json").read_bytes())
        said = result["negotiation"]["language"]
        assert result["negotiation"]["invited"] == 6
        assert said["model"] == "local:smollm2"
        assert said["calls"] > said["fallbacks"], "some of its picks were followed"
        assert said["tokens"] > 0
        report = audit(folder.path)
        assert report.holds, report.problems
        replayed = replay_run(store, result["run"]["id"])
    assert replayed.result_json == (folder.path / "result.json").read_bytes()


def test_it_reads_owners_texts_and_loosens_nothing(smollm2: Broker) -> None:
    owners = [OwnerText(home_id=home, text=text, digest=home, facts=HomeFacts()) for home, text in TEXTS.items()]
    alone = read_owners(owners, talker=Nobody(), consents=lambda home: True)
    with_model = read_owners(owners, talker=smollm2, consents=lambda home: True)
    assert any(each.failure == "" for each in with_model), "some reply is of the closed schema"
    for rules, both in zip(alone, with_model, strict=True):
        before, after = rules.wishes.values(), both.wishes.values()
        assert set(after) <= set(FIELDS)
        for name, value in before.items():
            assert covers(name, after[name], value), f"{rules.owner.home_id}: {name} became looser"
