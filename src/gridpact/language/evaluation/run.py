"""Runs a data set against a model and beside it the two answers that need none: nothing found, and fixed rules.

Nothing here knows what a set is about; see `gridpact.language.evaluation.cases`.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from statistics import median
from typing import Any, cast

from gridpact.errors import InputError, MissingDataError
from gridpact.language.evaluation.cases import HALVES, SETS, Case, EvaluationSet, Found
from gridpact.language.evaluation.score import Rate, Score, Total, add_up
from gridpact.language.questions import Nobody, Question, Reply, Talker

UNSET = "all unset"
RULES = "fixed rules"
"""Names of the two baselines."""
TOGETHER_HOSTED = 16
TOGETHER_LOCAL = 2
"""Cases asked at a time: what is lost where a measurement is broken off, and what a hosted model may do at once."""

_PACKAGE = "gridpact.language.evaluation"
_READ_BY = {"instructions": "operator_texts"}
"""Modules that answer a set whose own module holds its scorer alone."""


class Counting:
    """A talker that remembers what came of each question."""

    def __init__(self, talker: Talker) -> None:
        self._talker = talker
        self.replies: list[Reply] = []

    @property
    def name(self) -> str:
        """The talker's."""
        return self._talker.name

    @property
    def hosted(self) -> bool:
        """The talker's."""
        return self._talker.hosted

    @property
    def priced(self) -> bool:
        """Whether its replies say what they cost; true of whoever has no price."""
        return bool(getattr(self._talker, "priced", True))

    def ask(self, questions: Sequence[Question]) -> list[Reply]:
        """The talker's replies."""
        replies = self._talker.ask(questions)
        self.replies += replies
        return replies


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the questions of a measurement took."""

    questions: int = 0
    requests: int = 0
    failures: dict[str, int] = field(default_factory=dict)
    """Questions without a reply, by `gridpact.language.questions.Failure`."""
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float | None = 0.0
    """None where tokens were used and the price is not known."""
    latency_median_s: float | None = None
    latency_p95_s: float | None = None
    """Of questions, repeated requests and waits included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """How one answerer did on one half of one set."""

    data_set: str
    half: str
    answerer: str
    """The model, or a baseline."""
    cases: int
    of_cases: int
    """Cases of the half, or as many of them as were to be asked; more than ``cases`` where it was broken off."""
    total: Total
    by_style: dict[str, Total]
    asked: Asked

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "set": self.data_set,
            "half": self.half,
            "answerer": self.answerer,
            "cases": self.cases,
            "of_cases": self.of_cases,
            **figures(self.total),
            "by_style": {style: figures(total) for style, total in self.by_style.items()},
            "asked": {name: getattr(self.asked, name) for name in self.asked.__dataclass_fields__},
        }


def figures(total: Total) -> dict[str, Any]:
    """The figures of some cases as plain values, each rate with its 95% interval."""
    return {
        "cases": total.cases,
        "field_accuracy": _rate(total.field_accuracy),
        "stated_found": _rate(total.stated_found),
        "unsafe_readings": _rate(total.unsafe_readings),
        "invalid_replies": _rate(total.invalid_replies),
        "deal_rate": _rate(total.deal_rate),
        "surplus_kept": total.surplus_kept,
        "stated": total.stated,
        "found_right": total.found_right,
        "missed": total.missed,
        "wrong": total.wrong,
        "invented": total.invented,
        "unsafe": total.unsafe,
        "perfect": total.perfect,
    }


def _rate(rate: Rate) -> dict[str, Any]:
    interval = rate.interval
    return {
        "value": rate.value,
        "part": rate.part,
        "whole": rate.whole,
        "low": None if interval is None else interval[0],
        "high": None if interval is None else interval[1],
    }


def open_set(name: str) -> EvaluationSet:
    """The module of a data set.

    Raises:
        InputError: there is no set of that name.
        MissingDataError: this installation does not have it.
    """
    if name not in SETS:
        raise InputError(f"--set {name!r} is not one of {', '.join(SETS)}")
    tried = [f"{_PACKAGE}.{name}", *([f"{_PACKAGE}.{_READ_BY[name]}"] if name in _READ_BY else [])]
    for where in tried:
        try:
            module = import_module(where)
        except ModuleNotFoundError as problem:
            if not str(problem.name).startswith("gridpact."):
                raise
            continue
        if hasattr(module, "answer"):
            return cast(EvaluationSet, module)
    raise MissingDataError(f"the evaluation set {name!r} is not part of this installation")


def measure(
    name: str,
    *,
    half: str,
    talker: Talker,
    limit: int | None = None,
    progress: Callable[[str], None] = lambda what: None,
    count: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[Measured]:
    """The baselines, then ``talker`` where it is a model; each is whole when it comes, unless it was interrupted.

    Args:
        name: of the set.
        half: ``development`` or ``test``.
        talker: the model; `Nobody` for the baselines alone.
        limit: the first so many cases only.
        progress: told what begins.
        count: told how many cases are done, of how many.

    Raises:
        InputError: the half or the limit cannot be used, or the set has no such cases.
        KeyboardInterrupt: the user broke off; what was measured until then has been given out.
    """
    if half not in HALVES:
        raise InputError(f"--half {half!r} is not one of {', '.join(HALVES)}")
    if limit is not None and limit < 1:
        raise InputError(f"--limit {limit} must be at least 1")
    data_set = open_set(name)
    cases = data_set.load(half)[:limit]
    if not cases:
        raise InputError(f"the evaluation set {name!r} has no cases in its {half} half")
    unset: Callable[[Case], Found] | None = getattr(data_set, "unset", None)
    if unset is not None:
        scores = [data_set.score(case, unset(case)) for case in cases]
        yield _summed(name, half, UNSET, cases, scores, [])
    answerers: list[tuple[str, Talker]] = [(RULES, Nobody())]
    if talker.name != "none":
        answerers.append((talker.name, talker))
    for answerer, speaker in answerers:
        progress(f"{name}, {half}: {answerer}")
        counting = Counting(speaker)
        scores = []
        together = len(cases) if speaker.name == "none" else TOGETHER_HOSTED if speaker.hosted else TOGETHER_LOCAL
        try:
            for first in range(0, len(cases), together):
                some = cases[first : first + together]
                found = data_set.answer(some, counting)
                scores += [data_set.score(case, each) for case, each in zip(some, found, strict=True)]
                count(len(scores), len(cases))
        except KeyboardInterrupt:
            if scores:
                yield _summed(name, half, answerer, cases, scores, counting.replies, priced=counting.priced)
            raise
        yield _summed(name, half, answerer, cases, scores, counting.replies, priced=counting.priced)


def _summed(
    name: str,
    half: str,
    answerer: str,
    cases: Sequence[Case],
    scores: Sequence[Score],
    replies: Sequence[Reply],
    *,
    priced: bool = True,
) -> Measured:
    styles = sorted({style for case in cases[: len(scores)] for style in case.style})
    pairs = list(zip(cases, scores, strict=False))
    asked = [] if answerer in (UNSET, RULES) else list(replies)
    return Measured(
        data_set=name,
        half=half,
        answerer=answerer,
        cases=len(scores),
        of_cases=len(cases),
        total=add_up(scores),
        by_style={style: add_up(score for case, score in pairs if style in case.style) for style in styles},
        asked=_asked(asked, priced=priced),
    )


def _asked(replies: Sequence[Reply], *, priced: bool) -> Asked:
    if not replies:
        return Asked()
    failures = Counter(reply.failure.value for reply in replies if reply.failure is not None)
    waits = sorted(reply.latency_s for reply in replies if reply.attempts)
    cost = sum(reply.cost_microusd for reply in replies)
    tokens_in, tokens_out = (sum(getattr(reply, name) for reply in replies) for name in ("tokens_in", "tokens_out"))
    return Asked(
        questions=len(replies),
        requests=sum(reply.attempts for reply in replies),
        failures=dict(sorted(failures.items())),
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        cost_usd=cost / 1e6 if priced or not (tokens_in or tokens_out) else None,
        latency_median_s=median(waits) if waits else None,
        latency_p95_s=waits[max(0, -(-95 * len(waits) // 100) - 1)] if waits else None,
    )
