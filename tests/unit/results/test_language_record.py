"""The use of a language model in ``result.json``: as it was without one, complete with one, and checked."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from gridpact.language.usage import Usage
from gridpact.operation.talking import language_record
from gridpact.results.result import LanguageRecord
from gridpact_audit.loading import json_schema
from gridpact_audit.negotiation import language_ties
from gridpact_audit.report import Finding
from gridpact_audit.rulebook import RuleBook
from gridpact_audit.run import Run
from settled_run import run_result


def _shown(record: LanguageRecord) -> Any:
    result = run_result()
    return replace(result, negotiation=replace(result.negotiation, language=record)).to_dict()["negotiation"][
        "language"
    ]


def test_the_form() -> None:
    assert _shown(LanguageRecord()) == {"calls": 0, "fallbacks": 0, "tokens": 0, "cost_usd": 0.0}
    used = Usage(calls=5, attempts=7, replies=3, fallbacks={"timeout": 2}, tokens_in=90, tokens_out=9, cost_microusd=42)
    assert _shown(language_record("gemini:x", used)) == {
        "model": "gemini:x",
        "calls": 5,
        "fallbacks": 2,
        "tokens": 99,
        "cost_usd": 0.000042,
    }
    assert _shown(language_record("openai:own", replace(used, priced=False)))["cost_usd"] is None


@pytest.mark.parametrize(
    ("use", "place"),
    [
        ({}, None),
        ({"model": "gemini:x", "calls": 4, "fallbacks": 4, "tokens": 9, "cost_usd": 0.1}, None),
        ({"model": "openai:own", "calls": 4, "fallbacks": 0, "tokens": 9, "cost_usd": None}, None),
        ({"model": "gemini:x", "calls": 4, "fallbacks": 5, "tokens": 9, "cost_usd": 0.1}, "fallbacks"),
        ({"model": "gemini:x", "calls": 0, "fallbacks": 0, "tokens": 9, "cost_usd": 0.0}, "tokens"),
        ({"model": "gemini:x", "calls": 4, "fallbacks": 4, "tokens": 0, "cost_usd": 0.1}, "cost_usd"),
        ({"model": "none", "calls": 1, "fallbacks": 1, "tokens": 0, "cost_usd": 0.0}, "calls"),
    ],
)
def test_the_auditor_checks_it(use: dict[str, Any], place: str | None) -> None:
    run = Run(Path(), RuleBook.read())
    run.result = {"negotiation": {"language": {"calls": 0, "fallbacks": 0, "tokens": 0, "cost_usd": 0.0} | use}}
    finding = Finding("language")
    language_ties(run, finding)
    columns = [problem.column for problem in finding.done().problems]
    assert columns == ([] if place is None else [f"negotiation.language.{place}"])


@pytest.mark.parametrize("wrong", [{"calls": -1}, {"fallbacks": 0.5}, {"tokens": None}, {"model": ""}, {"more": 1}])
def test_the_schema_is_closed(wrong: dict[str, Any]) -> None:
    form = json_schema("result")["properties"]["negotiation"]["properties"]["language"]
    good = {"model": "gemini:x", "calls": 1, "fallbacks": 0, "tokens": 5, "cost_usd": None}
    assert Draft202012Validator(form).is_valid(good)
    assert not Draft202012Validator(form).is_valid(good | wrong)
