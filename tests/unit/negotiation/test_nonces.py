"""Nonces: one for each letter, from everything in it and the run's secret."""

import hashlib
import hmac
import json

import pytest

from desk_cases import MINUTE, SECRET, call, offer, submission
from gridpact.errors import InputError
from gridpact.messages.envelopes import AskedStep, LeastStep
from gridpact.negotiation.nonces import checked_secret, nonce_of, same_nonce

OTHERS = {
    "run": "run-2",
    "opportunity_id": "night",
    "home_id": "b",
    "round": 2,
    "rounds": 4,
    "product": "spin",
    "price_unit": "usd_per_mw_h",
    "reference_price": 81.0,
    "segments": (LeastStep(quantity_kw=1.0, least_price=1.0),),
    "standing": (AskedStep(quantity_kw=1.0, price=1.0),),
    "price": 56.0,
    "cap_kw": 4.0,
    "asked_kw": 1.0,
    "accepted_kw": 1.0,
    "least_kw": 1.0,
    "requested_kw": 13.0,
    "minimum_kw": 2.0,
    "lowest_price": 0.0,
    "highest_price": None,
}


@pytest.mark.parametrize("letter", [call(), offer(), submission()])
def test_whatever_a_letter_says_is_in_its_nonce(letter):
    nonce = nonce_of(letter, secret=SECRET)
    assert nonce_of(letter.model_copy(update={"nonce": nonce}), secret=SECRET) == nonce
    assert nonce_of(letter, secret=SECRET + b"!") != nonce
    for name in set(type(letter).model_fields) - {"kind", "nonce"}:
        value = getattr(letter, name)
        other = value + MINUTE if name in ("start", "end", "opened", "deadline") else OTHERS[name]
        if name == "segments" and letter.kind == "bid_submission":
            other = (AskedStep(quantity_kw=1.0, price=1.0),)
        assert other != value
        assert nonce_of(letter.model_copy(update={name: other}), secret=SECRET) != nonce, name


def test_the_construction_is_what_the_page_says():
    """docs/messages.md: HMAC-SHA256 of a first line and of canonical JSON."""
    letter = offer()
    plain = letter.model_dump(mode="json", exclude={"nonce"})
    content = "gridpact.nonce/1\n" + json.dumps(plain, sort_keys=True, separators=(",", ":"))
    assert nonce_of(letter, secret=SECRET) == hmac.new(SECRET, content.encode(), hashlib.sha256).hexdigest()


def test_comparing_and_secrets():
    assert same_nonce("a", "a")
    assert not same_nonce("a", "ab")
    assert not same_nonce("é", "e")
    assert checked_secret(SECRET) == SECRET
    with pytest.raises(InputError, match="16 bytes"):
        checked_secret(b"x" * 15)
