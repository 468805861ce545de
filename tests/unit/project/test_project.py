"""What a fresh clone relies on: lock files, packaging, the Makefile's environment script."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = ("requirements.lock", "requirements-dev.lock")


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=~!\[; ]", entry)[0].lower().replace("_", "-") for entry in requirements}


def pinned(lock: str) -> dict[str, str]:
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    return {line.split("==")[0]: line.split("==")[1].rstrip(" \\") for line in lines if re.match(r"^[a-z0-9]", line)}


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_name_no_host_and_no_path(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.search(r"://|^-|^\s*--(?!hash)|find-links|index-url|(?<![\w.-])/\w", text, flags=re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_hashes(lock: str) -> None:
    entries = re.split(r"\n(?=[a-z0-9])", (ROOT / lock).read_text(encoding="utf-8"))
    assert [entry.split()[0] for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []


def test_locks_hold_what_the_project_needs_and_agree() -> None:
    project = PROJECT["project"]
    runtime, dev = pinned("requirements.lock"), pinned("requirements-dev.lock")
    assert names(project["dependencies"] + PROJECT["build-system"]["requires"]) <= runtime.keys()
    assert names(project["optional-dependencies"]["dev"]) <= dev.keys()
    assert {name: dev[name] for name in runtime} == runtime


def test_the_wheel_holds_every_file_of_both_packages(tmp_path: Path) -> None:
    from hatchling.builders.wheel import WheelBuilder

    wheel = next(WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"]))
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
        entry_points = archive.read(next(name for name in held if name.endswith("entry_points.txt"))).decode()
    ours = {
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / "src").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert ours <= held
    assert {"gridpact/py.typed", "gridpact_audit/py.typed", "gridpact/report/report.css"} <= held
    assert "gridpact = gridpact.cli.app:main" in entry_points
    assert any(name.endswith("licenses/LICENSE") for name in held)


def test_the_environment_script_asks_for_the_projects_python() -> None:
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import environment
    finally:
        sys.path.pop(0)
    assert PROJECT["project"]["requires-python"] == ">=" + ".".join(map(str, environment.OLDEST))


@pytest.mark.parametrize(
    ("breakage", "message"),
    [
        ("sys.version_info = (3, 9, 1)", "needs Python 3.11 or newer"),
        ("sys.modules['ensurepip'] = None", "no module 'ensurepip'"),
    ],
)
def test_an_unfit_python_gets_one_clear_message(tmp_path: Path, breakage: str, message: str) -> None:
    code = f"import runpy, sys; {breakage}; runpy.run_path('tools/environment.py', run_name='__main__')"
    script = tmp_path / "unfit.py"
    script.write_text(
        code.replace("import runpy, sys;", f"import runpy, sys; sys.argv = ['', {str(tmp_path / 'env')!r}, 'runtime'];")
    )
    done = subprocess.run([sys.executable, str(script)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert message in done.stderr
    assert "make PYTHON=" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "env").exists()


def test_the_check_script_can_be_run() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert {"run", "test", "test-deep", "lint", "bench", "clean"} <= set(targets)


def test_the_readme_leads_with_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme.index("make run") < readme.index("make test") < readme.index("docs/images/report.png")
