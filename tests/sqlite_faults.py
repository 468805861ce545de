"""Faults of a disk under the SQLite library that Python uses, by SQLite's own hooks for tests.

The system calls of the unix VFS are replaced through xSetSystemCall; fsync is not among them, so the xSync method of
files that are opened meanwhile is replaced too. Every call can be counted, made to fail, or written down.
"""

import contextlib
import ctypes
import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_IOERR_FSYNC = sqlite3.SQLITE_IOERR | 4 << 8
_Pointer = ctypes.c_void_p
_Int64 = ctypes.c_int64
_Size = ctypes.c_size_t

_PWRITE = ctypes.CFUNCTYPE(ctypes.c_ssize_t, ctypes.c_int, _Pointer, _Size, _Int64, use_errno=True)
_FTRUNCATE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, _Int64, use_errno=True)
_OPEN = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_int, use_errno=True)
_UNLINK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, use_errno=True)
# The path goes through as a pointer: SQLite keeps it, and looks at what stands behind it.
_X_OPEN = ctypes.CFUNCTYPE(ctypes.c_int, _Pointer, _Pointer, _Pointer, ctypes.c_int, _Pointer)
_X_SYNC = ctypes.CFUNCTYPE(ctypes.c_int, _Pointer, ctypes.c_int)
_SET_CALL = ctypes.CFUNCTYPE(ctypes.c_int, _Pointer, ctypes.c_char_p, _Pointer)
_GET_CALL = ctypes.CFUNCTYPE(_Pointer, _Pointer, ctypes.c_char_p)


class _Vfs(ctypes.Structure):
    _fields_ = (
        [("version", ctypes.c_int), ("file_size", ctypes.c_int), ("longest_path", ctypes.c_int), ("next", _Pointer)]
        + [("name", ctypes.c_char_p), ("data", _Pointer), ("open", _Pointer)]
        + [(f"other{number}", _Pointer) for number in range(12)]
        + [("set_call", _SET_CALL), ("get_call", _GET_CALL), ("next_call", _Pointer)]
    )


class _Methods(ctypes.Structure):
    _fields_ = (
        [("version", ctypes.c_int)]
        + [(name, _Pointer) for name in ("close", "read", "write", "truncate", "sync")]
        + [(f"other{number}", _Pointer) for number in range(13)]
    )


@dataclass
class Disk:
    """What happens to the calls: ``decide(kind, count)`` names a fault or None; ``note`` hears what was done."""

    decide: Callable[[str, int], str | None] = lambda kind, count: None
    note: Callable[..., None] | None = None
    counts: dict[str, int] = field(default_factory=dict)

    def next(self, kind: str) -> str | None:
        """Count a call; the fault that it gets."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        return self.decide(kind, self.counts[kind])


def library() -> ctypes.CDLL | None:
    """The SQLite library that the module sqlite3 uses; None where it cannot be reached."""
    import _sqlite3

    maps = Path("/proc/self/maps")
    places = {line.split()[-1] for line in maps.read_text().splitlines()} if maps.exists() else set()
    found = sorted(place for place in places if "libsqlite3" in place) or [str(getattr(_sqlite3, "__file__", ""))]
    try:
        library = ctypes.CDLL(found[0], use_errno=True)
        library.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
        library.sqlite3_sourceid.restype = ctypes.c_char_p
    except (OSError, AttributeError):
        return None
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        same = connection.execute("SELECT sqlite_source_id()").fetchone()[0] == library.sqlite3_sourceid().decode()
    return library if same and library.sqlite3_vfs_find(None).contents.version >= 3 else None


@contextlib.contextmanager
def disk(under: Disk) -> Iterator[Disk]:
    """Every call of SQLite goes by ``under`` for the block."""
    found = library()
    assert found is not None
    vfs = found.sqlite3_vfs_find(None).contents
    address = ctypes.addressof(vfs)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.pwrite.restype = ctypes.c_ssize_t
    libc.pwrite.argtypes = [ctypes.c_int, _Pointer, _Size, _Int64]
    libc.ftruncate.argtypes = [ctypes.c_int, _Int64]
    libc.open.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_int]
    libc.unlink.argtypes = [ctypes.c_char_p]

    def path_of(handle: int) -> str:
        return os.readlink(f"/proc/self/fd/{handle}")

    def pwrite(handle: int, content: int, size: int, offset: int) -> int:
        match under.next("write"):
            case "torn":
                libc.pwrite(handle, content, size * 3 // 8, offset)
                ctypes.set_errno(errno.EIO)
                return -1
            case "short":  # SQLite writes the rest by another call
                return int(libc.pwrite(handle, content, max(1, size // 2), offset))
            case str() as fault:
                ctypes.set_errno(getattr(errno, fault))
                return -1
        done = int(libc.pwrite(handle, content, size, offset))
        if under.note is not None:
            under.note("write", path_of(handle), offset, ctypes.string_at(content, size))
        return done

    def ftruncate(handle: int, size: int) -> int:
        fault = under.next("truncate")
        if fault is not None:
            ctypes.set_errno(getattr(errno, fault))
            return -1
        done = int(libc.ftruncate(handle, size))
        if under.note is not None:
            under.note("truncate", path_of(handle), size)
        return done

    def open_(path: bytes, flags: int, mode: int) -> int:
        fault = under.next("open")
        if fault is not None:
            ctypes.set_errno(getattr(errno, fault))
            return -1
        return int(libc.open(path, flags, mode))

    def unlink(path: bytes) -> int:
        fault = under.next("unlink")
        if fault is not None:
            ctypes.set_errno(getattr(errno, fault))
            return -1
        done = int(libc.unlink(path))
        if under.note is not None:
            under.note("unlink", path.decode())
        return done

    names: dict[int, str] = {}
    syncs: dict[int, Any] = {}
    copies: dict[int, _Methods] = {}

    def sync(file: int, flags: int) -> int:
        if under.next("sync") is not None:
            return _IOERR_FSYNC
        methods = ctypes.cast(file, ctypes.POINTER(_Pointer))[0]
        done = int(syncs[int(methods or 0)](file, flags))
        if under.note is not None:
            under.note("sync", names[file])
        return done

    own_sync = _X_SYNC(sync)
    real_open = _X_OPEN(vfs.open)

    def x_open(this: int, path: int | None, file: int, flags: int, out: int) -> int:
        done = int(real_open(this, path, file, flags, out))
        slot = ctypes.cast(file, ctypes.POINTER(_Pointer))
        real = slot[0]
        if done == 0 and real and path is not None:
            if real not in copies:
                copies[real] = _Methods.from_buffer_copy(ctypes.string_at(real, ctypes.sizeof(_Methods)))
                syncs[ctypes.addressof(copies[real])] = _X_SYNC(copies[real].sync)
                copies[real].sync = ctypes.cast(own_sync, _Pointer).value
            names[file] = ctypes.string_at(path).decode()
            slot[0] = ctypes.addressof(copies[real])
        return done

    own_open = _X_OPEN(x_open)
    calls = {
        b"pwrite": _PWRITE(pwrite),
        b"pwrite64": _PWRITE(pwrite),
        b"ftruncate": _FTRUNCATE(ftruncate),
        b"open": _OPEN(open_),
        b"unlink": _UNLINK(unlink),
    }
    _kept.extend((own_sync, own_open, copies, syncs, calls))
    before = vfs.open
    for name, call in calls.items():
        # A build without pwrite64 does not know that name.
        vfs.set_call(address, name, ctypes.cast(call, _Pointer))
    vfs.open = ctypes.cast(own_open, _Pointer).value
    try:
        yield under
    finally:
        vfs.open = before
        under.decide, under.note = lambda kind, count: None, None
        for name in calls:
            vfs.set_call(address, name, None)


_kept: list[Any] = []
"""Files that outlive the block still call what was put under them."""
