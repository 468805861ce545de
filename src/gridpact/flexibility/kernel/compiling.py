"""How the kernel's functions are compiled, and where their machine code is kept."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numba import njit

F = TypeVar("F", bound=Callable[..., Any])
CONFIG: Any = numba.config
HERE = Path(__file__).parent
SHARED = (HERE.parent / "ties.py",)
"""Sources outside this folder whose constants are compiled in."""


def _stamp() -> str:
    """A digest of every source that goes into the machine code.

    Numba looks only at the file of the function itself, and would keep code with an old callee from another file.
    """
    digest = hashlib.sha256(f"{numba.__version__} {np.__version__}".encode())
    for source in (*sorted(HERE.glob("*.py")), *SHARED):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _folder() -> Path:
    """Where machine code is kept: in the user's NUMBA_CACHE_DIR where one is set, else beside the sources."""
    chosen: str = CONFIG.CACHE_DIR
    return (Path(chosen) if chosen else HERE / "__pycache__") / f"kernel-{STAMP}"


STAMP = _stamp()


def inlined(function: F) -> F:
    """Put the body of ``function`` into every compiled function that calls it; fewer layers compile faster."""
    return cast(F, njit(inline="always")(function))


def forced(function: F) -> F:
    """Compile ``function`` into its callers' machine code: passing arrays to a small one costs more than it does."""
    options: dict[str, Any] = {"forceinline": True, "error_model": "numpy", "_nrt": False}
    return cast(F, njit(**options)(function))


def compiled(function: F) -> F:
    """Compile ``function`` when it is first called, and keep the machine code.

    The interpreter's lock is free while it runs. Inner functions allocate nothing, so reference counting is switched
    off: it costs more than the arithmetic. Where nothing can be written the code is compiled again in every process.
    """
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}
    chosen = CONFIG.CACHE_DIR
    CONFIG.CACHE_DIR = str(_folder())
    try:
        return cast(F, njit(cache=True, **options)(function))
    except (OSError, RuntimeError):
        CONFIG.CACHE_DIR = chosen
        try:
            return cast(F, njit(cache=True, **options)(function))
        except (OSError, RuntimeError):
            return cast(F, njit(**options)(function))
    finally:
        CONFIG.CACHE_DIR = chosen


def whole(number: int) -> int:
    """A constant that is compiled as any other number: for plain ones Numba would compile a copy of each callee."""
    return cast(int, np.int64(number))


def truth(value: bool) -> bool:
    """As `whole`, for a truth value."""
    return cast(bool, np.bool_(value))


def is_kept(function: Callable[..., Any]) -> bool:
    """Whether machine code of ``function`` is there already, so that its first call does not compile."""
    path = cast(Any, function).stats.cache_path
    return path is not None and any(Path(path).glob(f"*.{function.__name__}-*.nbi"))


def forget_others() -> None:
    """Remove machine code of other versions of the kernel."""
    for folder in _folder().parent.glob("kernel-*"):
        if folder != _folder():
            shutil.rmtree(folder, ignore_errors=True)
