"""A small file that would be a large one: refused in a message with exit code 2, and no memory is spent on it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import hostile

MOST_MORE_MB = 300
MOST_MORE_ADDRESS_BYTES = 3 * 2**30
MOST_SECONDS = 5.0
SOUND = {"fleet separator.csv", "prices years.csv"}
"""Odd, and read."""
CHILD = """
import json, resource, sys, time
from pathlib import Path
import defusedxml.sax, pyarrow.parquet, yaml
from gridpact.data.importers.convert import checked_files
from gridpact.data.prices import read_prices
from gridpact.fleet.io import read_fleet
from gridpact.market.opportunities import read_opportunities
from gridpact.market.rules import check_profile_file
from gridpact.operation.series import read_profiles
from gridpact.optimization.spec import ProblemSpec
from gridpact_audit.rulebook import RuleBook
readers = {
    "fleet": read_fleet, "prices": read_prices, "series": read_profiles, "opportunity": read_opportunities,
    "spec": ProblemSpec.from_yaml, "rules": check_profile_file, "audit": lambda path: RuleBook.read([path]),
    "import": lambda path: [] + [f.code for f in checked_files([path]).report.findings],
}
def peak(name="VmHWM"):
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024
for read in readers.values():
    try:
        read(Path(sys.argv[1]) / "good.csv")
    except Exception:
        pass
size = int(peak("VmSize") * 2**20) + int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_AS, (size, size))
for line in sys.stdin:
    kind, path = json.loads(line)
    with open("/proc/self/clear_refs", "w") as clear:
        clear.write("5")
    before, began = peak("VmRSS"), time.perf_counter()
    try:
        said, known = repr(readers[kind](Path(path)))[:300], kind == "import"
    except Exception as problem:
        said, known = repr(problem)[:300], hasattr(sys.modules["gridpact.errors"], type(problem).__name__)
        known = known or type(problem).__name__ in ("TooLargeError", "RulesUnreadableError")
    print(json.dumps([known, said, round(peak() - before), round(time.perf_counter() - began, 2)]), flush=True)
"""


def cases() -> dict[str, tuple[str, str]]:
    """The reader and the file's name by case."""
    found: dict[str, tuple[str, str]] = {}
    for name in hostile.PARQUETS:
        for reader in ("fleet", "prices", "series", "import"):
            found[f"{reader} {name}"] = (reader, f"parquet/{name}.parquet")
    for name in hostile.DOCUMENTS:
        for reader in ("opportunity", "spec", *(("rules", "audit") if name.endswith(".yaml") else ())):
            found[f"{reader} {name}"] = (reader, f"documents/{name}")
    for name in (*hostile.ARCHIVES, *hostile.XMLS, *hostile.CSVS):
        found[f"import {name}"] = ("import", f"imports/{name}")
    for name in hostile.CSVS:
        for reader in ("fleet", "prices", "series"):
            found[f"{reader} {name}"] = (reader, f"imports/{name}")
    return found


def write_all(folder: Path) -> None:
    for kind in ("parquet", "documents", "imports"):
        (folder / kind).mkdir()
    for name, make in hostile.PARQUETS.items():
        (folder / "parquet" / f"{name}.parquet").write_bytes(make())
    for name, content in hostile.DOCUMENTS.items():
        (folder / "documents" / name).write_bytes(content)
    for name, make in hostile.ARCHIVES.items():
        (folder / "imports" / name).write_bytes(make())
    for name, content in (hostile.XMLS | hostile.CSVS).items():
        (folder / "imports" / name).write_bytes(content)
    (folder / "good.csv").write_text("home_id\na\n")


@pytest.mark.skipif(not os.path.exists("/proc/self/clear_refs"), reason="peak memory is read from /proc")
def test_no_small_file_takes_much_memory(tmp_path: Path) -> None:
    write_all(tmp_path)
    known = cases()
    lines = []
    for reader, name in known.values():
        assert (tmp_path / name).stat().st_size < 200_000, name
        lines.append(json.dumps([reader, str(tmp_path / name)]))
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path), str(MOST_MORE_ADDRESS_BYTES)],
        input="\n".join(lines) + "\n",
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        timeout=500,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(known)
    wrong = {
        name: answer
        for name, answer in zip(known, answers, strict=True)
        if not (answer[0] or name in SOUND) or answer[2] > MOST_MORE_MB or answer[3] > MOST_SECONDS
    }
    assert not wrong, json.dumps(wrong, indent=1)
