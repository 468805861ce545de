"""Reading what strangers wrote: plain files of the folder itself, no longer, deeper or larger unpacked than a run's.

A file that is refused is a finding of the audit, with the reason in words.
"""

import inspect
import io
import json
import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from gridpact_audit.pages import PageError, pages

MIB = 1024**2
MOST_BYTES = {
    "result.json": 512 * MIB,
    "ledger.csv": 4096 * MIB,
    "events.jsonl": 2048 * MIB,
    "performance.json": 4 * MIB,
    "report.html": 1024 * MIB,
}
"""How long a file may be; tables, below."""
MOST_TABLE_BYTES = 16 * 1024 * MIB
MOST_RULES_BYTES = MIB
MOST_DEPTH = 64
MOST_GROUPS, MOST_VALUES = 8_000_000, 40_000_000
"""Objects and lists of a JSON text, and its values."""
MOST_NUMBER_LETTERS = 1000
MOST_YAML_VALUES = 200_000
MOST_FOOTER_BYTES = 4 * MIB
MOST_ROWS, MOST_COLUMNS, MOST_ROW_GROUPS = 2_000_000_000, 256, 100_000
LEAST_UNPACKED_BYTES, MOST_UNPACKED_RATIO = 64 * MIB, 1000
"""What a table may unpack to: the first, or the second times its own bytes."""
MOST_FILES = 1000
"""Entries of a folder that are looked at."""

_OPEN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_MARKS = re.compile(rb'"(?:[^"\\]+|\\.)*+"|[\[{]+|[\]}]+', re.DOTALL)
_HALVES = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")
_BROKEN = (pa.ArrowException, OSError, ValueError, TypeError, KeyError, OverflowError, NotImplementedError, MemoryError)
_KNOWN_DEPTH = "schema_depth_limit" in inspect.signature(pq.ParquetFile).parameters


class UnreadableError(Exception):
    """A file is not there, or is not read; the message says why."""


def member(folder: Path, file: str) -> bytes:
    """Content of ``folder/file``, behind no link; raises UnreadableError."""
    path = folder
    for part in file.split("/"):
        path = path / part
        if path.is_symlink():
            raise UnreadableError(f"{path.relative_to(folder)} is a link, which is not followed")
    return plain_file(path, most_bytes=MOST_BYTES.get(file, MOST_TABLE_BYTES), flags=getattr(os, "O_NOFOLLOW", 0))


def plain_file(path: Path, *, most_bytes: int, flags: int = 0) -> bytes:
    """Content of a plain file, no longer than ``most_bytes``; raises UnreadableError."""
    try:
        number = os.open(path, _OPEN | flags)
    except (OSError, ValueError) as problem:
        raise UnreadableError((isinstance(problem, OSError) and problem.strerror) or str(problem)) from None
    try:
        about = os.fstat(number)
        if not stat.S_ISREG(about.st_mode):
            raise UnreadableError("it is a folder" if stat.S_ISDIR(about.st_mode) else "it is a pipe or device")
        if about.st_size > most_bytes:
            raise UnreadableError(f"it has {about.st_size:,} bytes; at most {most_bytes:,} are read")
        with os.fdopen(number, "rb", closefd=False) as opened:
            pieces, length = [], 0
            while piece := opened.read(16 * MIB):
                pieces.append(piece)
                length += len(piece)
                if length > most_bytes:
                    raise UnreadableError(f"it has more than {most_bytes:,} bytes, which is the most that is read")
    except OSError as problem:
        raise UnreadableError(problem.strerror or str(problem)) from None
    finally:
        os.close(number)
    return b"".join(pieces)


def parse_json(text: str) -> Any:
    """JSON without NaN, infinities, repeated keys, half characters, or more than a run holds; raises ValueError."""
    raw = text.encode("utf-8", "surrogatepass")
    groups = raw.count(b"[") + raw.count(b"{")
    if groups > MOST_GROUPS or raw.count(b",") > MOST_VALUES:
        raise ValueError(f"it has more than {MOST_GROUPS:,} objects and lists, or {MOST_VALUES:,} values")
    depth = 0
    for found in _MARKS.finditer(raw) if groups > MOST_DEPTH else ():
        mark = found.group()
        depth += len(mark) if mark[0] in b"[{" else -len(mark) if mark[0] in b"]}" else 0
        if depth > MOST_DEPTH:
            raise ValueError(f"it is nested more than {MOST_DEPTH} deep")
    value = json.loads(text, parse_constant=_no_constant, parse_int=_whole, object_pairs_hook=_no_repeats)
    if _HALVES.search(raw):
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    return value


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is not a JSON number")


def _whole(text: str) -> int:
    if len(text) > MOST_NUMBER_LETTERS:
        raise ValueError(f"a number has {len(text)} digits")
    return int(text)


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("an object has the same key twice")
    return found


def parse_yaml(text: str) -> Any:
    """YAML whose aliases do not stand for more than a person writes; raises ValueError or yaml.YAMLError."""
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _measure(node, {}, 0)
        return loader.construct_document(node)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    finally:
        loader.dispose()


def _measure(node: yaml.Node, known: dict[int, int], depth: int) -> int:
    """Values below a node, each alias counted with all that it stands for."""
    if depth > MOST_DEPTH:
        raise ValueError(f"nested more than {MOST_DEPTH} deep")
    if id(node) not in known:
        known[id(node)] = MOST_YAML_VALUES + 1  # seen again before it is counted, it is part of itself
        parts: list[yaml.Node] = []
        if isinstance(node, yaml.SequenceNode):
            parts = node.value
        elif isinstance(node, yaml.MappingNode):
            parts = [part for pair in node.value for part in pair]
        elif node.tag.endswith((":int", ":float")) and len(node.value) > MOST_NUMBER_LETTERS:
            raise ValueError(f"a number has {len(node.value)} letters")
        known[id(node)] = 1 + sum(_measure(part, known, depth + 1) for part in parts)
    if known[id(node)] > MOST_YAML_VALUES:
        raise ValueError(f"more than {MOST_YAML_VALUES:,} values, aliases counted with what they stand for")
    return known[id(node)]


class ParquetContent:
    """A Parquet file whose footer was read and found within the limits; nothing is unpacked yet."""

    def __init__(self, content: bytes) -> None:
        """Read the footer; raises UnreadableError."""
        self._content = content
        footer = int.from_bytes(content[-8:-4], "little")
        if len(content) < 12 or content[:4] != b"PAR1" or content[-4:] != b"PAR1" or footer > len(content) - 12:
            raise UnreadableError("it does not begin and end as a Parquet file")
        if footer > MOST_FOOTER_BYTES:
            raise UnreadableError(f"its footer has {footer:,} bytes; at most {MOST_FOOTER_BYTES:,} are read")
        try:
            opened = self._open(())
            self._metadata = opened.metadata
            self.schema: pa.Schema = opened.schema_arrow
        except (*_BROKEN, RecursionError) as problem:
            raise UnreadableError(_one_line(problem)) from None
        for found, most, what in (
            (self._metadata.num_rows, MOST_ROWS, "rows"),
            (self._metadata.num_columns, MOST_COLUMNS, "columns"),
            (self._metadata.num_row_groups, MOST_ROW_GROUPS, "row groups"),
        ):
            if not 0 <= found <= most:
                raise UnreadableError(f"it has {found:,} {what}; at most {most:,} are read")

    def table(self, columns: Sequence[str], *, lists: Sequence[str]) -> pa.Table:
        """Some columns, whose types are known, with texts as dictionaries; ``lists`` names those that hold lists.

        Raises:
            UnreadableError: they are damaged, or unpack to more than is read.
        """
        schema = self._metadata.schema
        leaves = [schema.column(k) for k in range(len(schema))]
        wanted = {k for k, leaf in enumerate(leaves) if leaf.path.split(".")[0] in columns or leaf.path in columns}
        longest = self._check_pages(wanted)
        texts = [leaves[k].path for k in sorted(wanted) if leaves[k].physical_type == "BYTE_ARRAY"]
        try:
            opened = self._open(texts)
            table = opened.read(columns=[name for name in columns if name not in lists], use_threads=False)
            for name in lists:
                table = table.append_column(name, self._lists(opened, name, longest))
            table.validate(full=True)
        except _BROKEN as problem:
            raise UnreadableError(_one_line(problem)) from None
        return table.select(list(columns))

    def _lists(self, opened: pq.ParquetFile, name: str, longest: int) -> "pa.ChunkedArray[Any]":
        chunks: list[Any] = []
        pieces: list[Any]
        for group in range(self._metadata.num_row_groups):
            try:
                pieces = opened.read_row_group(group, columns=[name], use_threads=False).column(0).chunks
            except pa.ArrowNotImplementedError:
                if self._metadata.row_group(group).num_rows * longest > self._allowed:
                    raise UnreadableError(f"column {name} unpacks to more than is read") from None
                pieces = self._open(()).read_row_group(group, columns=[name], use_threads=False).column(0).chunks
            chunks += pieces
        lists = [chunk.cast(pa.list_(pa.string())) if not _in_words(chunk.type) else chunk for chunk in chunks]
        words = [
            chunk
            if _in_words(chunk.type)
            else pa.ListArray.from_arrays(chunk.offsets, chunk.values.dictionary_encode(), mask=chunk.is_null())
            for chunk in lists
        ]
        return pa.chunked_array(words or [pa.array([], type=pa.list_(pa.dictionary(pa.int32(), pa.string())))])

    @property
    def _allowed(self) -> int:
        return max(LEAST_UNPACKED_BYTES, len(self._content) * MOST_UNPACKED_RATIO)

    def _check_pages(self, leaves: set[int]) -> int:
        values = unpacked = longest = 0
        try:
            for page in pages(memoryview(self._content), self._metadata, columns=leaves):
                unpacked += page.unpacked_bytes
                values += 0 if page.dictionary else page.values
                longest = max(longest, page.unpacked_bytes if page.dictionary else 0)
                if max(unpacked, 8 * values) > self._allowed:
                    raise UnreadableError(f"it unpacks to more than {self._allowed:,} bytes, too many for its size")
        except PageError as problem:
            raise UnreadableError(str(problem)) from None
        return longest

    def _open(self, texts: Sequence[str]) -> pq.ParquetFile:
        deepest: dict[str, Any] = {"schema_depth_limit": 8} if _KNOWN_DEPTH else {}
        return pq.ParquetFile(
            io.BytesIO(self._content),
            pre_buffer=False,
            read_dictionary=list(texts) or None,
            thrift_string_size_limit=MOST_FOOTER_BYTES,
            thrift_container_size_limit=MOST_FOOTER_BYTES,
            **deepest,
        )


def _in_words(kind: Any) -> bool:
    return bool(pa.types.is_dictionary(kind.value_type))


def _one_line(problem: BaseException) -> str:
    return next(iter(str(problem).splitlines()), type(problem).__name__)[:120]
