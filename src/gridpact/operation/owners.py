"""Owners' words: which are kept, erasing them, and looking whether anything of them is left."""

import html
import json
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pyarrow as pa

from gridpact.data.parquet import read_own
from gridpact.errors import GridpactError
from gridpact.store.archive import books_of
from gridpact.store.base import Store
from gridpact.store.book import Book
from gridpact.store.journal import run_rows

SHORTEST_BYTES = 8
"""A shorter text would be found by chance."""
PIECE_BYTES = 40
"""A longer text is looked for piece by piece: a file may hold one part of it here and another there."""
DISTINCT_BYTES = 5
"""A piece of fewer different bytes, such as a run of spaces, would be found by chance."""
_LARGEST_MEMBER_BYTES = 1 << 30
_DEEPEST = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """A place that still holds an erased text, or a piece of it."""

    where: str
    text: int
    """Number of the text, from 1 in the order kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What was erased, where it was looked for afterwards, and what was found."""

    home_id: str
    texts: int
    files: int
    """Files of the store and of run folders that were searched."""
    bytes: int
    books: int
    """Books of the store that were opened and searched."""
    folders: tuple[str, ...]
    """Run folders that were searched."""
    folders_gone: tuple[str, ...]
    """Run folders that the store names and that are not there now."""
    unsearched: tuple[str, ...]
    """What could not be searched, and why: a damaged run, a file that cannot be read, a link."""
    beyond: tuple[str, ...]
    """What can never be searched from here."""
    too_short: int
    """Texts that are too short to be looked for."""
    remains: tuple[Remains, ...]


def forget_owner(store: Store, home_id: str) -> Forgotten:
    """Erase an owner's words and secret, then search the store's files, its books and its runs' folders for them.

    Raises:
        StoreError: the words could not be erased from every file; the message says what to do.
    """
    texts = store.texts_of(home_id)
    store.forget(home_id)
    search = _Search.of(texts)
    found: dict[tuple[str, int], None] = {}
    unsearched: list[str] = []
    if store.texts_of(home_id):
        found[(f"{store.name}: texts of {home_id}", 1)] = None
    files, size = 0, 0
    folders, gone = _folders(store)
    for path in (*store.files(), *(path for folder in folders for path in _files_below(folder, unsearched))):
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            continue
        except OSError as problem:
            unsearched.append(f"{path}: {problem.strerror or problem}")
            continue
        files, size = files + 1, size + len(content)
        found |= dict.fromkeys((str(path), number) for number in search.in_content(content))
    books = 0
    for digest in _books(store, unsearched):
        try:
            content = store.book(digest)
        except GridpactError as problem:
            unsearched.append(str(problem))
            continue
        books += 1
        place = f"{store.name}: book {digest[:12]}"
        found |= dict.fromkeys((place, number) for number in search.in_content(content))
    served = not store.files() and store.name != "memory"
    return Forgotten(
        home_id=home_id,
        texts=len(texts),
        files=files,
        bytes=size,
        books=books,
        folders=tuple(map(str, folders)),
        folders_gone=tuple(map(str, gone)),
        unsearched=tuple(unsearched),
        beyond=(f"{store.name}: the files of a server, its write-ahead log and its archives",) if served else (),
        too_short=search.too_short,
        remains=tuple(Remains(where=where, text=number) for where, number in found),
    )


def _folders(store: Store) -> tuple[list[Path], list[Path]]:
    """Run folders that attempts name: those that are there, and those that are not."""
    named: dict[Path, None] = {}
    for run_id in store.run_ids():
        for attempt in store.attempts(run_id):
            if attempt.place:
                named[Path(attempt.place)] = None
    there = [path for path in named if path.is_dir()]
    return there, [path for path in named if path not in there]


def _files_below(folder: Path, unsearched: list[str]) -> Iterator[Path]:
    """Files of a run folder, and of what killed runs left half-written beside it; links and pipes are left out."""

    def note(problem: OSError) -> None:
        unsearched.append(f"{problem.filename}: {problem.strerror or problem}")

    try:
        beside = sorted(path for path in folder.parent.iterdir() if path.name.startswith(f".{folder.name}."))
    except OSError as problem:
        note(problem)
        beside = []
    for place in (folder, *beside):
        for above, _, names in os.walk(place, onerror=note):
            for path in (Path(above) / name for name in sorted(names)):
                if path.is_symlink() or not path.is_file():
                    unsearched.append(f"{path}: it is a link, or no file")
                else:
                    yield path


def _books(store: Store, unsearched: list[str]) -> Iterator[str]:
    seen: set[str] = set()
    for run_id in store.run_ids():
        try:
            digests = books_of(run_rows(store, run_id))
        except GridpactError as problem:
            unsearched.append(str(problem))
            continue
        yield from (digest for digest in digests if digest not in seen)
        seen.update(digests)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """Looks for texts in content as it lies on disk and as it reads: inside Parquet, books and archives too."""

    pieces: Mapping[int, tuple[bytes, ...]]
    """Any of which gives a text away, by number of the text."""
    too_short: int

    @classmethod
    def of(cls, texts: Sequence[str]) -> "_Search":
        pieces = {}
        for number, text in enumerate(texts, start=1):
            found = dict.fromkeys(piece for form in _forms(text) for piece in _pieces(form) if _telling(piece))
            if found:
                pieces[number] = tuple(found)
        return cls(pieces=pieces, too_short=len(texts) - len(pieces))

    def in_content(self, content: bytes) -> set[int]:
        """Numbers of the texts of which ``content`` holds anything."""
        found: set[int] = set()
        for layer in _layers(content, depth=0):
            found |= {number for number, pieces in self.pieces.items() if any(piece in layer for piece in pieces)}
        return found


def _forms(text: str) -> Iterator[bytes]:
    """How a text may lie in a file: plain, in JSON with and without escapes, in HTML, in the report's JSON, in CSV."""
    plain = json.dumps(text, ensure_ascii=False)[1:-1]
    yield text.encode()
    yield json.dumps(text)[1:-1].encode()
    yield plain.encode()
    yield html.escape(text).encode()
    yield plain.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e").encode()
    yield text.replace('"', '""').encode()
    yield text.encode("utf-16-le")


def _pieces(form: bytes) -> Iterator[bytes]:
    """The whole of a short form; of a long one, pieces without gaps between them."""
    if len(form) <= PIECE_BYTES:
        yield form
        return
    last = len(form) - PIECE_BYTES
    for start in range(0, last, PIECE_BYTES):
        yield form[start : start + PIECE_BYTES]
    yield form[last:]


def _telling(piece: bytes) -> bool:
    return len(piece) >= SHORTEST_BYTES and len(set(piece)) >= DISTINCT_BYTES


def _layers(content: bytes, *, depth: int) -> Iterator[bytes]:
    """``content``, and what is packed in it."""
    yield content
    if depth >= _DEEPEST:
        return
    if content[:4] == b"PAR1":
        yield from _parquet_texts(content)
    elif content[:4] == b"PK\x03\x04":
        for member in _members(content):
            yield from _layers(member, depth=depth + 1)
    elif content[:4] == b"\xff\xff\xff\xff":
        try:
            book = Book.from_bytes(content, source="a book")
        except GridpactError:
            return
        yield json.dumps(book.facts, ensure_ascii=False).encode()
        for array in book.arrays.values():
            yield from _layers(array.tobytes(), depth=depth + 1)


def _parquet_texts(content: bytes) -> Iterator[bytes]:
    try:
        table = read_own(BytesIO(content))
        for column in table.columns:
            kind = column.type.value_type if pa.types.is_list(column.type) else column.type
            if pa.types.is_string(kind) or pa.types.is_large_string(kind):
                cells = column.unique().to_pylist() if column.type == kind else column.to_pylist()
                yield json.dumps(cells, ensure_ascii=False).encode()
    except (pa.ArrowException, OSError):
        return


def _members(content: bytes) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            for item in archive.infolist():
                if item.file_size <= _LARGEST_MEMBER_BYTES:
                    yield archive.read(item)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError):
        return
