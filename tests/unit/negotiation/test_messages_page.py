"""docs/messages.md is executed: its letters, messages and receipts are real, its tables are complete."""

import json
import re
from datetime import datetime
from pathlib import Path

import numpy as np

from gridpact.messages.envelopes import (
    MOST_BYTES,
    MOST_ID_LENGTH,
    MOST_NOTE_LENGTH,
    MOST_SEGMENTS,
    letter_from_dict,
    parse_message,
)
from gridpact.messages.receipts import Reason, Receipt, Verdict
from gridpact.negotiation.aggregator import MarketWorth
from gridpact.negotiation.desk import MOST_REFUSED, Desk
from gridpact.negotiation.engine import CoreNegotiationEngine
from gridpact.negotiation.nonces import LEAST_SECRET
from gridpact.negotiation.script import ScriptedPostbox, read_script
from negotiation_cases import curve

PAGE = (Path(__file__).parents[3] / "docs" / "messages.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


def test_the_examples_are_one_conversation():
    secret = re.search(r"In the examples above it is `(.*?)`", PAGE)[1].encode()
    plain = [json.loads(block) for block in blocks("json")]
    call, bid, offer, answer, submission, award, applied, refused = plain
    for letter, message in ((call, bid), (offer, answer), (submission, award)):
        assert letter_from_dict(letter).to_dict() == letter
        assert parse_message(message).to_dict() == message
    desk = Desk(
        run=call["run"],
        secret=secret,
        home_ids=[call["home_id"]],
        outside=[call["home_id"]],
        opportunity_ids=[call["opportunity_id"]],
    )
    assert desk.send(letter_from_dict(call)).to_dict() == call
    assert desk.receive(bid, now=datetime.fromisoformat(applied["at"])).to_dict() == applied
    second = {**bid, "message_id": refused["message_id"], "segments": []}
    assert desk.receive(second, now=datetime.fromisoformat(refused["at"])).to_dict() == refused
    for letter, message in ((offer, answer), (submission, award)):
        assert desk.send(letter_from_dict(letter)).to_dict() == letter
        opened = datetime.fromisoformat(letter["opened"])
        assert desk.receive(message, now=opened).verdict is Verdict.APPLIED
    assert Receipt.from_dict(refused).to_dict() == refused


def test_every_reason_is_explained_and_has_words():
    table = PAGE.split("| reason | when | send again? |")[1].split("\n\n")[0]
    named = re.findall(r"`(\w+)`", "\n".join(line.split("|")[1] for line in table.splitlines() if line.count("|") > 2))
    assert sorted(named) == sorted(reason.value for reason in Reason if reason is not Reason.NONE)
    assert all(reason.text for reason in Reason if reason is not Reason.NONE)


def test_the_limits_are_those_of_the_code():
    for words in (
        f"at most {MOST_BYTES:,} bytes",
        f"1 to {MOST_ID_LENGTH} printable",
        f"at most {MOST_NOTE_LENGTH} characters",
        f"At most {MOST_SEGMENTS} segments",
        f"at least {LEAST_SECRET} bytes",
        f"request {MOST_REFUSED} refused",
    ):
        assert words in PAGE.replace("\n", " "), words


def test_the_script_runs_with_the_python_of_the_page():
    code = blocks("python")[0].replace("arrivals=[]", "arrivals=ARRIVALS")
    names = {"ARRIVALS": read_script(blocks("jsonl")[0], source="docs/messages.md")}
    exec(compile(code, "docs/messages.md", "exec"), names)  # noqa: S102
    postbox = names["postbox"]
    assert isinstance(postbox, ScriptedPostbox)
    result = CoreNegotiationEngine({"home-01": "outside", "*": "concession"}).negotiate(
        names["window"],
        [curve("home-01", [2.0, 1.5], [50.0, 60.0]), curve("home-02", [1.0], [40.0])],
        floors_usd_per_mwh=np.full(2, np.nan),
        willingness=0.5,
        worth=MarketWorth.certain(92.5, requested_kw=3.0),
        postbox=postbox,
    )
    assert [receipt.verdict for receipt in postbox.finish()] == [Verdict.APPLIED] * 2
    assert result.bids[0].home_ids[0] == "home-01"
    assert result.bids[0].price[result.bids[0].home_index == 0].tolist() == [65.0, 65.0]
