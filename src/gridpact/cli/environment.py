"""Settings from a ``.env`` file."""

import sys
from io import StringIO
from pathlib import Path

import typer


def load_env_file() -> None:
    """Settings from ``.env`` in the working directory, where the environment does not set them already.

    Values are taken as they are written: ``$`` and braces stand for themselves, as a key may hold them.
    """
    path = Path.cwd() / ".env"
    if not path.is_file():
        return
    from dotenv import load_dotenv

    from gridpact.data.files import read_bytes
    from gridpact.data.limits import MOST_ENV_BYTES

    try:
        text = read_bytes(path, most_bytes=MOST_ENV_BYTES).decode("utf-8-sig")
        load_dotenv(stream=StringIO(text), override=False, interpolate=False)
    except (OSError, ValueError) as problem:
        typer.echo(f"gridpact: {path} cannot be read as settings: {problem}", err=True)
        sys.exit(2)
