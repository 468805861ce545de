"""Which owners agreed that a hosted model reads what concerns their homes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gridpact.data.files import read_bytes
from gridpact.errors import InputError
from gridpact.language.questions import Failure, Question, Reply, Talker

EVERYBODY = "all"
MOST_BYTES = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """Nobody's by default."""

    everybody: bool = False
    homes: frozenset[str] = frozenset()

    def covers(self, question: Question) -> bool:
        """Whether a question may leave this machine; the operator's own always may."""
        return self.everybody or question.home_id is None or question.home_id in self.homes


def read_consent(source: str | Path | None) -> Consent:
    """What follows ``--consent``: nothing, ``all``, or a file with one home a line (``#`` begins a remark).

    Raises:
        InputError: the file cannot be read.
    """
    if source is None or str(source).strip() == "":
        return Consent()
    if str(source).strip().lower() == EVERYBODY:
        return Consent(everybody=True)
    path = Path(source)
    if not path.is_file():
        raise InputError(f"--consent {str(source)!r} is neither 'all' nor a file with one home a line")
    try:
        text = read_bytes(path, most_bytes=MOST_BYTES).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise InputError(f"--consent {path} cannot be read as text: {problem}") from None
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return Consent(homes=frozenset(line for line in lines if line))


class Consenting:
    """A `Talker` that asks a hosted model only about homes whose owners agreed."""

    def __init__(self, talker: Talker, consent: Consent) -> None:
        """Stand before ``talker``."""
        self._talker = talker
        self._consent = consent

    @property
    def name(self) -> str:
        """See `Talker.name`."""
        return self._talker.name

    @property
    def hosted(self) -> bool:
        """See `Talker.hosted`."""
        return self._talker.hosted

    def ask(self, questions: Sequence[Question]) -> list[Reply]:
        """See `Talker.ask`; what nobody agreed to is not passed on."""
        asked = list(questions)
        passed = [not self.hosted or self._consent.covers(question) for question in asked]
        open_ = [question for question, may in zip(asked, passed, strict=True) if may]
        replies = iter(self._talker.ask(open_) if open_ else [])
        refusal = Reply(failure=Failure.NO_CONSENT, detail="the owner did not agree to a hosted model")
        return [next(replies) if may else refusal for may in passed]
