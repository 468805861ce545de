"""What commands have in common: problems as messages with an exit code, and JSON on standard output.

Standard output is data, standard error is progress and problems.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gridpact.errors import GridpactError

if TYPE_CHECKING:
    from gridpact.results.run_folder import RunFolder

EXIT_CODES = (
    "Exit codes: 0 for every outcome of a market day; 1 where verify, fleet validate or rules check found problems; "
    "2 for input that cannot be used (nothing is written); 130 where interrupted (no half-written folder is left)."
)


class ExitCode(IntEnum):
    """What a command ends with."""

    DONE = 0
    PROBLEMS_FOUND = 1
    UNUSABLE = 2
    INTERRUPTED = 130


@contextmanager
def problems_as_messages() -> Iterator[None]:
    """Turn what a command raises into one message on standard error and an exit code, never a traceback."""
    try:
        yield
    except GridpactError as problem:
        say(f"gridpact: {problem}")
        raise typer.Exit(ExitCode.UNUSABLE) from None
    except BrokenPipeError:
        sys.stderr.close()
        raise typer.Exit(ExitCode.DONE) from None
    except OSError as problem:
        where = "" if problem.filename is None else f"{problem.filename}: "
        say(f"gridpact: {where}{problem.strerror or problem}")
        raise typer.Exit(ExitCode.UNUSABLE) from None


def say(message: str) -> None:
    """Print a message on standard error, without any key of the environment that it may quote."""
    from gridpact.operation.redaction import redact

    typer.echo(redact(message), err=True)


def print_json(content: Mapping[str, Any]) -> None:
    """Print one JSON document on standard output."""
    typer.echo(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False))


def run_paths(folder: Path) -> dict[str, str]:
    """Where a run's files for people and programs lie."""
    return {"folder": str(folder), "result": str(folder / "result.json"), "report": str(folder / "report.html")}


def show_day(folder: "RunFolder", *, json: bool, quiet: bool) -> None:
    """Print what a market day came to: as JSON, as its folder's path, or for a person."""
    if json:
        print_json({**folder.result, "paths": run_paths(folder.path)})
    elif quiet:
        typer.echo(str(folder.path))
    else:
        from gridpact.report.terminal import Terminal

        Terminal().show_day(folder)


def write_what_can_be_shown() -> None:
    """Let a terminal that cannot show a letter show a question mark, instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None and not (stream.encoding or "").lower().startswith("utf"):
            reconfigure(errors="replace")
