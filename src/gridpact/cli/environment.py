"""Settings from a ``.env`` file."""

import sys
from pathlib import Path

import typer


def load_env_file() -> None:
    """Settings from ``.env`` in the working directory, where the environment does not set them already."""
    path = Path.cwd() / ".env"
    if not path.is_file():
        return
    from dotenv import load_dotenv

    try:
        load_dotenv(path, override=False)
    except (OSError, ValueError) as problem:
        typer.echo(f"gridpact: {path} cannot be read as settings: {problem}", err=True)
        sys.exit(2)
