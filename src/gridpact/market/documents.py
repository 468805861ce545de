"""YAML and JSON files that people write: read strictly, every problem named with its place."""

import difflib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from gridpact.errors import InputError, MissingDataError


class _StrictLoader(yaml.SafeLoader):
    """Safe YAML that refuses a key written twice in one mapping."""


def _mapping(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    loader.flatten_mapping(node)
    content: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str | int | float | bool | None):
            raise InputError(f"line {key_node.start_mark.line + 1}: a key must be plain text")
        if key in content:
            raise InputError(f"line {key_node.start_mark.line + 1}: the key {key!r} is written twice; keep one")
        content[key] = loader.construct_object(value_node, deep=True)
    return content


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for key, value in pairs:
        if key in content:
            raise InputError(f"the key {key!r} is written twice; keep one")
        content[key] = value
    return content


def read_document(path: Path) -> Any:
    """Content of a ``.yaml``, ``.yml`` or ``.json`` file.

    Raises:
        MissingDataError: there is no such file.
        InputError: another ending, or a file that cannot be read as what its ending says.
    """
    kind = path.suffix.lower()
    if kind not in (".yaml", ".yml", ".json"):
        raise InputError(f"{path}: the name must end in .yaml, .yml or .json")
    if not path.is_file():
        raise MissingDataError(f"{path} is not a file")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as problem:
        raise InputError(f"{path} is not UTF-8 text (byte {problem.start}); save it as UTF-8") from None
    except OSError as problem:
        raise InputError(f"{path} cannot be read: {problem.strerror or problem}") from None
    return parse_document(text, where=str(path), as_json=kind == ".json")


def parse_document(text: str, *, where: str, as_json: bool = False) -> Any:
    """Content of YAML or JSON ``text``; ``where`` names it in messages.

    Raises:
        InputError: the text is not YAML or JSON, or writes a key twice.
    """
    try:
        if as_json:
            return json.loads(text, object_pairs_hook=_pairs)
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506 (a SafeLoader)
    except InputError as problem:
        raise InputError(f"{where}: {problem}") from None
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        place = "" if mark is None else f" line {mark.line + 1}, column {mark.column + 1}:"
        raise InputError(f"{where}:{place} not readable as YAML: {problem.problem or problem.context}") from None
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError, TypeError) as problem:
        reason = "nested too deeply" if isinstance(problem, RecursionError) else " ".join(str(problem).split())
        raise InputError(f"{where}: not readable as {'JSON' if as_json else 'YAML'}: {reason}") from None


def nearest(name: object, known: Iterable[str]) -> str:
    """``; did you mean ...`` for the closest of ``known``, and all of them where none is close."""
    names = list(known)
    close = difflib.get_close_matches(str(name), names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(names)}"


def as_mapping(value: object, *, where: str, known: Iterable[str], required: Iterable[str] = ()) -> Mapping[str, Any]:
    """``value`` as a mapping with only ``known`` keys and all ``required`` ones.

    Raises:
        InputError: it is none, or has an unknown key (the nearest known one is named).
        MissingDataError: a required key is absent or empty.
    """
    if not isinstance(value, Mapping):
        raise InputError(f"{where}: expected keys and values, found {_shown(value)}")
    names = list(known)
    for key in value:
        if key not in names:
            raise InputError(f"{where}: unknown key {key!r}; {nearest(key, names)}")
    for key in required:
        if value.get(key) is None:
            raise MissingDataError(f"{where}: the key {key!r} is missing or empty; add it")
    return value


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
