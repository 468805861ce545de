"""The script that installs a browser for the tests never fails, and says where it stands."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
BASH = shutil.which("bash")
NEEDED = ("env", "ln", "mktemp", "rm", "tail")
INSTALLS = '#!/bin/sh\ncase "$*" in *install*chromium) ln -s env "${0%/*}/chromium";; esac\n'
REFUSES = "#!/bin/sh\necho E: Unable to locate package chromium >&2\nexit 100\n"
PASSES = '#!/bin/sh\nwhile [ "$1" != apt-get ]; do shift; done\nexec "$@"\n'

pytestmark = pytest.mark.skipif(sys.platform == "win32" or BASH is None, reason="a script for bash")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder of programs, the whole of a machine that has no browser."""
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


def said(machine: Path, **settings: str) -> str:
    environment = {key: value for key, value in os.environ.items() if key != "GRIDPACT_CHROMIUM"}
    done = subprocess.run(
        [str(BASH), str(ROOT / "tools" / "chromium.sh")],
        env={**environment, "PATH": str(machine), **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_browser_that_is_there_is_used(machine: Path) -> None:
    put(machine, "apt-get", REFUSES)
    assert "use /opt/chromium" in said(machine, GRIDPACT_CHROMIUM="/opt/chromium")
    put(machine, "google-chrome", "#!/bin/sh\n")
    assert f"use {machine}/google-chrome" in said(machine)


@pytest.mark.parametrize("user", ["0", "1000"])
def test_a_missing_browser_is_installed(machine: Path, user: str) -> None:
    put(machine, "apt-get", INSTALLS)
    put(machine, "id", f"#!/bin/sh\necho {user}\n")
    if user != "0":
        assert "there is no sudo" in said(machine)
        put(machine, "sudo", PASSES)
    assert f"use {machine}/chromium" in said(machine)


def test_what_cannot_be_installed_is_told(machine: Path) -> None:
    assert "no apt-get" in said(machine)
    put(machine, "apt-get", REFUSES)
    told = said(machine)
    assert "Unable to locate package chromium" in told
    assert "will be skipped" in told
