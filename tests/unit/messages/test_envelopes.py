"""Messages from outside: what is read, what is refused, and in which words."""

import json

import pytest

from desk_cases import OPENING, answer, award, bid, call, offer, submission
from gridpact.errors import InputError
from gridpact.messages.envelopes import (
    MOST_BYTES,
    AnswerMessage,
    AwardMessage,
    BidMessage,
    letter_from_dict,
    parse_message,
    read_json,
    read_message,
)

CALL, OFFER, SUBMISSION = call(nonce="1" * 64), offer(nonce="2" * 64), submission(nonce="3" * 64)
MESSAGES = [(bid(CALL, note="after nine\nplease"), BidMessage), (answer(OFFER), AnswerMessage)]
MESSAGES.append((award(SUBMISSION), AwardMessage))


@pytest.mark.parametrize(("plain", "kind"), MESSAGES)
def test_what_is_written_is_read(plain, kind):
    read = read_message(json.dumps(plain))
    assert type(read) is kind
    assert read.to_dict() == plain
    assert parse_message(read) is read


@pytest.mark.parametrize("letter", [CALL, OFFER, SUBMISSION])
def test_letters_survive_being_written(letter):
    plain = json.loads(json.dumps(letter.to_dict()))
    assert letter_from_dict(plain) == letter
    assert plain["deadline"] == "2024-07-01T20:10:00+00:00"


@pytest.mark.parametrize(("plain", "kind"), MESSAGES)
def test_every_key_but_the_note_is_needed_and_none_is_added(plain, kind):
    for key in set(plain) - {"note"}:
        with pytest.raises(InputError, match=f"{key} (is missing|must be one of)"):
            parse_message({name: value for name, value in plain.items() if name != key})
    with pytest.raises(InputError, match="extra is not a known key"):
        parse_message({**plain, "extra": 1})
    with pytest.raises(InputError, match=r"'\\x1b\[31m' is not a known key"):
        parse_message({**plain, "\x1b[31m": 1})
    with pytest.raises(InputError):
        parse_message({**plain, 7: 1})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"message_id": ""}, "message_id: string should have at least 1 character"),
        ({"message_id": "x" * 201}, "message_id: string should have at most 200 characters"),
        ({"message_id": "a\nb"}, "message_id holds characters that cannot be printed"),
        ({"message_id": "\ud800"}, "message_id"),
        ({"message_id": 5}, "message_id: input should be a valid string"),
        ({"round": 0}, "round: input should be greater than or equal to 1"),
        ({"round": True}, "round: input should be a valid integer"),
        ({"round": 1.0}, "round: input should be a valid integer"),
        ({"round": "1"}, "round: input should be a valid integer"),
        ({"note": "x" * 501}, "note: string should have at most 500 characters"),
        ({"note": "\x1b[2J"}, "note holds control characters"),
        ({"note": "\u202e"}, "note holds control characters"),
        ({"note": "\udc00"}, "note"),
        ({"segments": {}}, "segments"),
        ({"segments": [[1, 2]]}, r"segments\[0\]"),
        ({"segments": [{"quantity_kw": 1.0}]}, r"segments\[0\]\.price is missing"),
        ({"segments": [{"quantity_kw": 0.0, "price": 1.0}]}, r"segments\[0\]\.quantity_kw"),
        ({"segments": [{"quantity_kw": -1.0, "price": 1.0}]}, r"segments\[0\]\.quantity_kw"),
        ({"segments": [{"quantity_kw": 0.0001, "price": 1.0}]}, r"quantity_kw is not in whole watts"),
        ({"segments": [{"quantity_kw": 1.0, "price": 1.001}]}, "price is not in whole cents"),
        ({"segments": [{"quantity_kw": 1.0, "price": float("nan")}]}, "price: input should be a finite number"),
        ({"segments": [{"quantity_kw": float("inf"), "price": 1.0}]}, "quantity_kw: input should be a finite number"),
        ({"segments": [{"quantity_kw": True, "price": 1.0}]}, "quantity_kw: input should be a valid number"),
        ({"segments": [{"quantity_kw": 10**400, "price": 1.0}]}, "quantity_kw: input should be a valid number"),
        ({"segments": [{"quantity_kw": "1", "price": 1.0}]}, "quantity_kw: input should be a valid number"),
        ({"segments": [{"quantity_kw": 1.0, "price": 1.1e9}]}, "price: input should be less than or equal to"),
        ({"segments": [{"quantity_kw": 1.0, "price": p} for p in (2.0, 1.0)]}, r"segments\[1\]\.price falls below"),
        ({"segments": [{"quantity_kw": 1.0, "price": 1.0}] * 101}, "segments: .*at most 100"),
    ],
)
def test_values_that_cannot_be_used(changes, words):
    with pytest.raises(InputError, match=words) as problem:
        parse_message({**bid(CALL), **changes})
    assert len(str(problem.value)) < 400


def test_many_problems_are_counted():
    with pytest.raises(InputError, match="and 4 more"):
        parse_message({"kind": "bid"})


def test_numbers_are_taken_to_the_watt_and_the_cent():
    read = parse_message(answer(OFFER, total_kw=0.1 + 0.2, price=5))
    assert (read.total_kw, read.price) == (0.3, 5.0)
    assert str(parse_message(answer(OFFER, total_kw=-0.0)).total_kw) == "0.0"
    assert parse_message(award(SUBMISSION, price=31.23456)).price == 31.23456
    assert parse_message(bid(CALL, segments=())).quantity_kw == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("[" * 100_000, "is longer than"),
        ("[" * 50_000, "is not JSON"),
        ('{"a": 1, "a": 2}', "has a key twice"),
        ('{"a": {"b": 1, "b": 1}}', "has a key twice"),
        ('{"a": NaN}', "holds NaN"),
        ("-Infinity", "holds -Infinity"),
        ("9" * 5000, "is not JSON"),
        (b"\xff\xfe", "is not UTF-8"),
        ('"\ud800"', "is not UTF-8"),
        (" " * (MOST_BYTES + 1), "is longer than"),
    ],
)
def test_text_that_is_no_json(text, words):
    with pytest.raises(InputError, match=f"^the message {words}"):
        read_json(text)
    with pytest.raises(InputError):
        read_message(text)


def test_what_is_no_letter():
    for plain in ({}, {"kind": "bid"}, {"kind": "offer"}, {**CALL.to_dict(), "deadline": OPENING.isoformat()[:-6]}):
        with pytest.raises(InputError):
            letter_from_dict(plain)
