"""Put a folder into another's place in one step, as far as the operating system can."""

import ctypes
import errno
import glob
import os
import sys
from pathlib import Path

_AT_FDCWD = -100
_EXCHANGE_LINUX = 2
_SWAP_MACOS = 2
_CANNOT = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EXDEV, errno.EPERM)


def into_place(new: Path, target: Path) -> None:
    """Make ``new`` the content of ``target``; what was there before is at ``new`` afterwards, if anything was.

    Raises:
        OSError: it could not be done, and ``target`` is as it was.
    """
    for _ in range(3):
        try:
            # A missing or empty target is replaced by a plain rename, which is one step everywhere.
            os.rename(new, target)
        except OSError as problem:
            if problem.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        else:
            return
        try:
            if not _exchange(new, target):
                _step_aside(new, target)
        except FileNotFoundError:
            # Another run moved the target in between; look again.
            continue
        return
    raise OSError(errno.EBUSY, f"other runs keep replacing {target}")


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step; False where the system has no such call."""
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            failed = library.renamex_np(os.fsencode(one), os.fsencode(other), ctypes.c_uint(_SWAP_MACOS))
        else:
            failed = library.renameat2(
                _AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), ctypes.c_uint(_EXCHANGE_LINUX)
            )
    except (AttributeError, OSError, TypeError):
        return False
    if not failed:
        return True
    number = ctypes.get_errno()
    if number in _CANNOT:
        return False
    raise OSError(number, os.strerror(number), str(one))


def _step_aside(new: Path, target: Path) -> None:
    """Replace in two steps, for systems that cannot exchange: the old folder is put back if the second fails."""
    aside = target.with_name(f".{target.name}.old-{os.urandom(6).hex()}")
    os.rename(target, aside)
    try:
        os.rename(new, target)
    except BaseException:
        os.rename(aside, target)
        raise
    os.rename(aside, new)


def set_aside(target: Path) -> Path | None:
    """The folder that a two-step replacement of ``target`` was killed over; None where there is none."""
    found = sorted(target.parent.glob(f".{glob.escape(target.name)}.old-*"))
    return next((aside for aside in found if aside.is_dir() and not aside.is_symlink()), None)


def put_back(target: Path) -> None:
    """Undo a two-step replacement of ``target`` that was killed half way."""
    aside = set_aside(target)
    if aside is not None and not target.exists():
        os.rename(aside, target)
