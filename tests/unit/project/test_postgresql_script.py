"""The script that installs PostgreSQL for the tests never fails, and says where it stands."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
BASH = shutil.which("bash")
NEEDED = ("env", "mkdir", "mktemp", "rm", "tail")
INSTALLS = (
    '#!/bin/sh\ncase "$*" in *install*postgresql) mkdir -p "$GRIDPACT_POSTGRESQL/15/bin"; '
    'printf "#!/bin/sh\\n" > "$GRIDPACT_POSTGRESQL/15/bin/initdb"; '
    '"$CHMOD" 755 "$GRIDPACT_POSTGRESQL/15/bin/initdb";; esac\n'
)
REFUSES = "#!/bin/sh\necho E: Unable to locate package postgresql >&2\nexit 100\n"
PASSES = '#!/bin/sh\nwhile [ "$1" != apt-get ]; do shift; done\nexec "$@"\n'

pytestmark = pytest.mark.skipif(sys.platform == "win32" or BASH is None, reason="a script for bash")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder of programs, the whole of a machine that has no PostgreSQL."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in NEEDED:
        (folder / name).symlink_to(str(shutil.which(name)))
    put(folder, "id", "#!/bin/sh\necho 0\n")
    put(folder, "timeout", PASSES)
    return folder


def put(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


def said(machine: Path) -> str:
    settings = {"GRIDPACT_POSTGRESQL": str(machine.parent / "lib"), "CHMOD": str(shutil.which("chmod"))}
    done = subprocess.run(
        [str(BASH), str(ROOT / "tools" / "postgresql.sh")],
        env={**os.environ, "PATH": str(machine), **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_programs_that_are_there_are_used(machine: Path) -> None:
    put(machine, "apt-get", REFUSES)
    put(machine, "initdb", "#!/bin/sh\n")
    assert f"use {machine}\n" in said(machine)


@pytest.mark.parametrize("user", ["0", "1000"])
def test_a_missing_server_is_installed(machine: Path, user: str) -> None:
    put(machine, "apt-get", INSTALLS)
    put(machine, "id", f"#!/bin/sh\necho {user}\n")
    if user != "0":
        assert "there is no sudo" in said(machine)
        put(machine, "sudo", PASSES)
    assert f"use {machine.parent}/lib/15/bin\n" in said(machine)


def test_what_cannot_be_installed_is_told(machine: Path) -> None:
    assert "no apt-get" in said(machine)
    put(machine, "apt-get", REFUSES)
    told = said(machine)
    assert "Unable to locate package postgresql" in told
    assert "will be skipped" in told
