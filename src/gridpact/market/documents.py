"""YAML and JSON files that people write: read strictly, every problem named with its place."""

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from gridpact.data.files import read_bytes
from gridpact.data.json_text import parse_json
from gridpact.data.limits import (
    MOST_DOCUMENT_BYTES,
    MOST_DOCUMENT_DEPTH,
    MOST_DOCUMENT_LETTERS,
    MOST_DOCUMENT_VALUES,
    MOST_NUMBER_LETTERS,
)
from gridpact.errors import InputError, MissingDataError


class _StrictLoader(yaml.SafeLoader):
    """Safe YAML that refuses a key written twice in one mapping, and a small text that stands for a large one."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._sizes: dict[int, tuple[int, int]] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """The next node, no deeper than is read and, with all that aliases stand for, no larger."""
        self._depth += 1
        if self._depth > MOST_DOCUMENT_DEPTH:
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise InputError(f"{_line(event)}: nested more than {MOST_DOCUMENT_DEPTH} deep")
        node = super().compose_node(parent, index)
        self._depth -= 1
        if node is not None and id(node) not in self._sizes:
            self._sizes[id(node)] = self._measured(node)
        return node

    def _measured(self, node: yaml.Node) -> tuple[int, int]:
        """Values and letters below a node, each alias counted with all that it stands for."""
        if isinstance(node, yaml.ScalarNode):
            return 1, len(node.value)
        parts = node.value if isinstance(node, yaml.SequenceNode) else [part for pair in node.value for part in pair]
        values, letters = 1, 0
        for part in parts:
            if id(part) not in self._sizes:
                raise InputError(f"{_line(node)}: the alias stands for something that it is part of")
            below = self._sizes[id(part)]
            values, letters = values + below[0], letters + below[1]
        if values > MOST_DOCUMENT_VALUES or letters > MOST_DOCUMENT_LETTERS:
            raise InputError(
                f"{_line(node)}: more than {MOST_DOCUMENT_VALUES:,} values or {MOST_DOCUMENT_LETTERS:,} letters, each "
                "alias counted with all that it stands for; write less"
            )
        return values, letters


def _line(marked: Any) -> str:
    return f"line {marked.start_mark.line + 1}"


def _number(loader: _StrictLoader, node: yaml.ScalarNode) -> int | float:
    if len(node.value) > MOST_NUMBER_LETTERS:
        raise InputError(f"{_line(node)}: a number of {len(node.value):,} letters is longer than is read")
    whole = node.tag == "tag:yaml.org,2002:int"
    return loader.construct_yaml_int(node) if whole else loader.construct_yaml_float(node)


_StrictLoader.add_constructor("tag:yaml.org,2002:int", _number)
_StrictLoader.add_constructor("tag:yaml.org,2002:float", _number)


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
        text = read_bytes(path, most_bytes=MOST_DOCUMENT_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise InputError(f"{path} is not UTF-8 text (byte {problem.start}); save it as UTF-8") from None
    return parse_document(text, where=str(path), as_json=kind == ".json")


def parse_document(text: str, *, where: str, as_json: bool = False) -> Any:
    """Content of YAML or JSON ``text``; ``where`` names it in messages.

    Raises:
        InputError: the text is not YAML or JSON, or writes a key twice.
    """
    try:
        if as_json:
            return parse_json(text, most_depth=MOST_DOCUMENT_DEPTH)
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
