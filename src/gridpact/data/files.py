"""Files as bytes, within a limit: no pipe, device or endless file is waited for, and no planted link is followed."""

import hashlib
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from gridpact.data.limits import MIB
from gridpact.errors import InputError, MissingDataError

_OPEN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_PIECE_BYTES = 16 * MIB


class TooLongError(InputError):
    """A file is longer than is read."""


@contextmanager
def open_plain(path: Path | str, *, most_bytes: int) -> Iterator[BinaryIO]:
    """The plain file ``path``, opened for reading, if it is no longer than ``most_bytes``.

    Raises:
        MissingDataError: there is no such file.
        InputError: it is too long, or no plain file (a folder, a pipe, a device), or cannot be read.
    """
    yield from _opened(path, most_bytes=most_bytes, flags=_OPEN)


def read_bytes(path: Path | str, *, most_bytes: int) -> bytes:
    """Content of the plain file ``path``, which is no longer than ``most_bytes``; raises as `open_plain`."""
    with open_plain(path, most_bytes=most_bytes) as file:
        return _read(file, path, most_bytes)


def read_member(folder: Path, name: str, *, most_bytes: int) -> bytes:
    """Content of ``folder/name``, a plain file of the folder itself, behind no link.

    Args:
        folder: the folder, which the user named and which may be a link.
        name: path inside it, with forward strokes.
        most_bytes: the file's greatest length.

    Raises:
        MissingDataError: there is no such file.
        InputError: as `open_plain`; or the path leaves the folder, or passes a symbolic link.
    """
    path = checked_member(folder, name)
    flags = _OPEN | getattr(os, "O_NOFOLLOW", 0)
    for file in _opened(path, most_bytes=most_bytes, flags=flags):
        return _read(file, path, most_bytes)
    raise AssertionError("unreachable")


def checked_member(folder: Path, name: str) -> Path:
    """``folder/name``; raises InputError where that leaves the folder or passes a symbolic link."""
    parts = PurePosixPath(name).parts
    if not parts or PurePosixPath(name).is_absolute() or ".." in parts or "\\" in name or "\0" in name:
        raise InputError(f"{name!r} is not the name of a file inside {folder}")
    path = folder
    for part in parts:
        path = path / part
        if path.is_symlink():
            raise InputError(f"{path} is a link; only files of the folder itself are read. Copy the file in its place")
    return path


def sha256_of(path: Path | str, *, most_bytes: int) -> str:
    """SHA-256 of a plain file, in hexadecimal; raises as `open_plain`."""
    digest = hashlib.sha256()
    with open_plain(path, most_bytes=most_bytes) as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """A new file beside ``target`` to write into; it takes the target's place where all went well, in one step.

    Nobody can have planted a link under its name: the name is random, and the file is made here.

    Raises:
        OSError: it cannot be made or put into its place; what was there before is untouched.
    """
    part = target.with_name(f".{target.stem}.part-{os.urandom(6).hex()}{target.suffix.lower()}")
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o666))
    try:
        yield part
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def too_long(path: Path | str, size: int | None, most_bytes: int) -> str:
    """What is said of a file that is longer than is read."""
    found = "more" if size is None else f"{size:,} bytes"
    return f"{path} holds {found}; at most {most_bytes:,} bytes of such a file are read: split it, or leave some out"


def _opened(path: Path | str, *, most_bytes: int, flags: int) -> Iterator[BinaryIO]:
    try:
        number = os.open(path, flags)
    except FileNotFoundError:
        raise MissingDataError(f"{path} is not a file") from None
    except (OSError, ValueError) as problem:
        raise InputError(f"{path} cannot be read: {_reason(problem)}") from None
    about = os.fstat(number)
    with os.fdopen(number, "rb") if stat.S_ISREG(about.st_mode) else _closing(number) as file:
        if not stat.S_ISREG(about.st_mode):
            raise InputError(f"{path} cannot be read: it is {_kind(about.st_mode)}; save its content as a plain file")
        if about.st_size > most_bytes:
            raise TooLongError(too_long(path, about.st_size, most_bytes))
        yield file


@contextmanager
def _closing(number: int) -> Iterator[BinaryIO]:
    """The same for what is no plain file: nothing is read of it."""
    try:
        yield io.BytesIO()
    finally:
        os.close(number)


def _read(file: BinaryIO, path: Path | str, most_bytes: int) -> bytes:
    """Everything, piece by piece: a single call would allot memory for all that may come."""
    pieces, length = [], 0
    try:
        while piece := file.read(_PIECE_BYTES):
            pieces.append(piece)
            length += len(piece)
            if length > most_bytes:
                raise TooLongError(too_long(path, None, most_bytes))
    except OSError as problem:
        raise InputError(f"{path} cannot be read: {_reason(problem)}") from None
    return b"".join(pieces)


def _reason(problem: Exception) -> str:
    return (problem.strerror if isinstance(problem, OSError) else None) or str(problem)


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    if stat.S_ISFIFO(mode):
        return "a pipe"
    return "a device or socket"
