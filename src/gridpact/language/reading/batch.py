"""Many owners' texts read: by the grammar, and by a model where there is one and the owner agrees."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from gridpact.language.questions import Talker
from gridpact.language.reading.model import PROMPT_VERSION, model_wishes, reading_question
from gridpact.language.reading.reader import READER_VERSION, read_text
from gridpact.language.reading.reconcile import reconcile
from gridpact.language.reading.wishes import HomeFacts, Wishes

AT_ONCE = 64
"""Questions handed over together, so that progress can be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerText:
    """One owner's words."""

    home_id: str
    text: str
    digest: str
    """Keyed digest of the words, from the store."""
    facts: HomeFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOwner:
    """What came of one owner's words."""

    owner: OwnerText
    wishes: Wishes
    key: str
    """What the reading follows from, see `reading_key`."""
    failure: str = ""
    """Why a model that was asked gave no answer."""


def reading_key(owner: OwnerText, model: str) -> str:
    """Digest of everything that a reading follows from: words, home, reader and model."""
    parts = [owner.digest, asdict(owner.facts), READER_VERSION]
    if model != "none":
        parts += [model, PROMPT_VERSION]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def read_owners(
    owners: Sequence[OwnerText],
    *,
    talker: Talker,
    consents: Callable[[str], bool],
    known: Mapping[tuple[str, str], Wishes] | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> list[ReadOwner]:
    """Wishes of each owner, in order; one owner's text never reaches another's question.

    Args:
        owners: their texts.
        talker: a model, or `Nobody`.
        consents: whether a home's owner agrees that a hosted model reads the words.
        known: readings by home and `reading_key` that need not be made again.
        progress: told how many of how many are done.
    """
    found: list[ReadOwner] = []
    silent = talker.name == "none"
    for first in range(0, len(owners), AT_ONCE):
        found.extend(_some(owners[first : first + AT_ONCE], talker, consents, known or {}, silent=silent))
        progress(len(found), len(owners))
    return found


def _some(
    owners: Sequence[OwnerText],
    talker: Talker,
    consents: Callable[[str], bool],
    known: Mapping[tuple[str, str], Wishes],
    *,
    silent: bool,
) -> list[ReadOwner]:
    asks = [not silent and (not talker.hosted or consents(each.home_id)) for each in owners]
    keys = [reading_key(each, talker.name if ask else "none") for each, ask in zip(owners, asks, strict=True)]
    wanted = [number for number, ask in enumerate(asks) if ask and (owners[number].home_id, keys[number]) not in known]
    replies = dict(
        zip(
            wanted,
            talker.ask(
                [
                    reading_question(
                        key=f"read/{keys[number][:16]}/{owners[number].home_id}",
                        home_id=owners[number].home_id,
                        text=owners[number].text,
                        facts=owners[number].facts,
                    )
                    for number in wanted
                ]
            )
            if wanted
            else [],
            strict=True,
        )
    )
    found = []
    for number, owner in enumerate(owners):
        before = known.get((owner.home_id, keys[number]))
        failure = ""
        if before is not None:
            wishes = before
        else:
            wishes = read_text(owner.text, owner.facts)
            reply = replies.get(number)
            if reply is not None:
                wishes = reconcile(wishes, model_wishes(owner.text, reply, owner.facts))
                failure = reply.failure.value if reply.failure is not None else ""
        if not silent and not asks[number]:
            failure = "no_consent"
        # A reading without the model's answer is not one of the model, so the next one asks again.
        key = reading_key(owner, "none") if failure else keys[number]
        found.append(ReadOwner(owner=owner, wishes=wishes, key=key, failure=failure))
    return found
