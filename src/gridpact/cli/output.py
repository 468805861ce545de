"""Problems as messages: one line on standard error, no traceback, and an exit code."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from gridpact.errors import GridpactError


@contextmanager
def problems_as_messages() -> Iterator[None]:
    try:
        yield
    except GridpactError as problem:
        typer.echo(f"gridpact: {problem}", err=True)
        raise typer.Exit(2) from None
    except BrokenPipeError:
        sys.stderr.close()
        raise typer.Exit(0) from None
    except OSError as problem:
        where = "" if problem.filename is None else f"{problem.filename}: "
        typer.echo(f"gridpact: {where}{problem.strerror or problem}", err=True)
        raise typer.Exit(2) from None
