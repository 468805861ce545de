"""JSON from files: nothing deeper, longer or odder than a file of ours can be, and no value lost in silence."""

import json
import re
from typing import Any

from gridpact.data.limits import MOST_JSON_DEPTH, MOST_JSON_GROUPS, MOST_JSON_VALUES, MOST_NUMBER_LETTERS
from gridpact.errors import InputError

_MARKS = re.compile(rb'"(?:[^"\\]+|\\.)*+"|[\[{]+|[\]}]+', re.DOTALL)
_HALVES = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")
"""Escapes and bytes of surrogates, which are whole characters only in pairs."""


def parse_json(content: bytes | str, *, most_depth: int = MOST_JSON_DEPTH) -> Any:
    """The value that ``content`` (UTF-8) holds.

    Raises:
        InputError: it is no JSON, nests deeper than ``most_depth``, holds more values or longer numbers than are read,
            writes NaN or infinity, or writes a key of an object twice. The message does not name the file.
    """
    raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    groups = raw.count(b"[") + raw.count(b"{")
    if groups > MOST_JSON_GROUPS or raw.count(b",") > MOST_JSON_VALUES:
        raise InputError(
            f"more than {MOST_JSON_GROUPS:,} objects and lists, or {MOST_JSON_VALUES:,} values, are not read"
        )
    if groups > most_depth:
        _check_depth(raw, most_depth)
    try:
        text = raw.decode("utf-8-sig") if isinstance(content, bytes) else content.removeprefix("\ufeff")
        value = json.loads(text, object_pairs_hook=_pairs, parse_constant=_no_constant, parse_int=_whole)
        if _HALVES.search(raw):
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        return value
    except InputError:
        raise
    except UnicodeEncodeError:
        raise InputError("a text holds half a character, which cannot be written") from None
    except UnicodeDecodeError as problem:
        raise InputError(f"byte {problem.start} is not UTF-8 text") from None
    except RecursionError:
        raise InputError("nested too deeply") from None
    except ValueError as problem:
        raise InputError(" ".join(str(problem).split())) from None


def _check_depth(raw: bytes, most_depth: int) -> None:
    depth = 0
    for found in _MARKS.finditer(raw):
        mark = found.group()
        if mark[0] in b"[{":
            depth += len(mark)
            if depth > most_depth:
                raise InputError(f"objects and lists are nested more than {most_depth} deep")
        elif mark[0] in b"]}":
            depth -= len(mark)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise InputError(f"the key {twice[:60]!r} is written twice; keep one")
    return found


def _no_constant(text: str) -> None:
    raise InputError(f"{text} is not a JSON number")


def _whole(text: str) -> int:
    if len(text) > MOST_NUMBER_LETTERS:
        raise InputError(f"a number of {len(text)} digits is longer than is read")
    return int(text)
