"""Closed schemas: what a model is shown of one, and the check of what it wrote."""

import json
import math
from dataclasses import dataclass
from typing import Any, NoReturn

from pydantic import BaseModel, ValidationError

from gridpact.language.questions import Failure

MOST_PROBLEMS = 5
MOST_SCHEMA_NAME = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a text turned out to be: a value of the schema, or what is wrong with it."""

    value: BaseModel | None = None
    failure: Failure | None = None
    detail: str = ""
    """Places and kinds of what is wrong; none of the text's own words."""


def closed_schema(reply: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of a reply.

    Raises:
        TypeError: an object in it takes fields that it does not name; give its model ``extra="forbid"``.
    """
    schema = reply.model_json_schema()
    for each in (schema, *schema.get("$defs", {}).values()):
        if "properties" in each and each.get("additionalProperties") is not False:
            raise TypeError(f"{reply.__name__} is not closed: {each.get('title')} needs extra='forbid'")
    return schema


def read_reply(text: str, reply: type[BaseModel]) -> Found:
    """Check a model's text against the schema of ``reply``: JSON, nothing extra, every number finite, no key twice."""
    text = _without_fence(text)
    try:
        json.loads(text, parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_once)
    except _UnfitError as problem:
        return Found(failure=Failure.SCHEMA, detail=str(problem))
    except (ValueError, RecursionError) as problem:
        return Found(failure=Failure.NOT_JSON, detail=f"it is not JSON ({type(problem).__name__})")
    try:
        return Found(value=reply.model_validate_json(text, strict=True))
    except ValidationError as problem:
        return Found(failure=Failure.SCHEMA, detail=_places(problem, reply))
    except (ValueError, RecursionError, OverflowError) as problem:
        return Found(failure=Failure.SCHEMA, detail=type(problem).__name__)


class _UnfitError(Exception):
    """JSON, but nothing that a closed schema has."""


def _refuse(constant: str) -> NoReturn:
    raise _UnfitError(f"{constant} is not a finite number")


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise _UnfitError("a number is too large")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _UnfitError("a key stands twice in an object")
    return found


def _without_fence(text: str) -> str:
    """The text without a Markdown fence around all of it, which servers without constrained output leave."""
    text = text.strip()
    if text.startswith("```") and text.endswith("```") and "\n" in text:
        head, _, rest = text.partition("\n")
        if head[3:].strip().lower() in ("", "json"):
            return rest[: -len("```")].strip()
    return text


def _places(problem: ValidationError, reply: type[BaseModel]) -> str:
    errors = problem.errors(include_url=False, include_context=False, include_input=False)
    known = _names(reply)
    listed = [f"{_place(error['loc'], known)}: {error['type']}" for error in errors[:MOST_PROBLEMS]]
    more = f" and {len(errors) - MOST_PROBLEMS} more" if len(errors) > MOST_PROBLEMS else ""
    return "; ".join(listed) + more


def _place(loc: tuple[int | str, ...], known: frozenset[str]) -> str:
    """Where, in the schema's own names; a key that the model made up is not repeated."""
    parts = [str(part) if isinstance(part, int) or part in known else "?" for part in loc]
    return ".".join(parts) or "the whole"


def _names(reply: type[BaseModel]) -> frozenset[str]:
    schema = reply.model_json_schema()
    parts = (schema, *schema.get("$defs", {}).values())
    return frozenset(name for part in parts for name in part.get("properties", {}))
