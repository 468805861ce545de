"""Random bytes and spoiled real files: every reader answers with a message, soon, and with no other exception."""

import tempfile
import time
from collections.abc import Callable
from functools import cache
from importlib import resources
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hostile
from gridpact.data.importers.convert import checked_files, provenance_of
from gridpact.data.prices import read_prices
from gridpact.errors import GridpactError
from gridpact.fleet.day import PROFILE_COLUMNS, TARIFF_COLUMNS
from gridpact.fleet.generator import demonstration_fleet
from gridpact.fleet.io import read_fleet_file, write_fleet
from gridpact.market.opportunities import read_opportunities
from gridpact.market.rules import check_profile_file
from gridpact.operation.series import read_profiles, read_tariffs
from gridpact.optimization.spec import ProblemSpec
from gridpact.results.events import read_events
from gridpact.results.run_folder import RunFolder
from gridpact_audit.audit import UnreadableFolderError, audit
from gridpact_audit.rulebook import RuleBook, RulesUnreadableError
from import_samples import SAMPLES
from settled_run import event_log, run_files

LONGEST_S = 2.0
"""Of the processor: how long a busy machine takes says nothing [s]."""
OPPORTUNITY = b"""opportunities:
  - &one {id: a, product: energy, start: 2023-08-16T19:00-07:00, end: 2023-08-16T20:00-07:00, requested_kw: 40,
     reference_price: 200, minimum_kw: 1, rules: demo, direction: up}
"""
OPPORTUNITY_JSON = (
    b'[{"id":"a","product":"spin","start":"2023-08-16T19:00-07:00","end":"2023-08-16T20:00-07:00","requested_kw":40,'
    b'"reference_price":200}]'
)
SPEC = b"""margin: 0.1
max_kw_per_home: 5
exclude_homes: [a]
operating_windows: ["Mon-Fri 08:00-20:00"]
exclude_assets: [{asset: heat, windows: ["17:00-19:00"]}]
"""
PRICES = b"interval_start,x_lmp_usd_per_mwh,spin_usd_per_mw_h\n" + b"".join(
    b"2023-08-16T%02d:00-07:00,%d.5,%d\n" % (hour, hour, hour) for hour in range(24)
)


def save_run(path: Path) -> RunFolder:
    files = run_files(path)
    return files.write(events=event_log(files).to_jsonl(), performance={"baseline_s": 0.1}, report_html="<html></html>")


READERS: dict[str, Callable[[Path], object]] = {
    "fleet.csv": read_fleet_file,
    "fleet.parquet": read_fleet_file,
    "o.yaml": read_opportunities,
    "o.json": read_opportunities,
    "spec.yaml": ProblemSpec.from_yaml,
    "rules.yaml": check_profile_file,
    "prices.csv": read_prices,
    "prices.parquet": read_prices,
    "profiles.csv": read_profiles,
    "profiles.parquet": read_profiles,
    "tariffs.csv": read_tariffs,
    "import.csv": lambda path: checked_files([path]),
    "import.zip": lambda path: checked_files([path]),
    "import.parquet": lambda path: (checked_files([path]), provenance_of(path)),
    "green.xml": lambda path: checked_files([path], kind="green-button-xml"),
    "sessions.json": lambda path: checked_files([path]),
}


@cache
def real() -> dict[str, bytes]:
    """A sound file for every reader."""
    found = {"o.yaml": OPPORTUNITY, "o.json": OPPORTUNITY_JSON, "spec.yaml": SPEC, "prices.csv": PRICES}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for each in ("fleet.csv", "fleet.parquet"):
            write_fleet(demonstration_fleet(), folder / each)
            found[each] = (folder / each).read_bytes()
        starts = pd.date_range("2022-07-13", periods=48, freq="h", tz="UTC")
        for flag, columns in (("profiles", PROFILE_COLUMNS), ("tariffs", TARIFF_COLUMNS)):
            frame = pd.DataFrame({columns[0]: "mine", columns[1]: starts, columns[2]: 0.5, columns[3]: 0.25})
            frame.to_parquet(folder / "p.parquet")
            frame.to_csv(folder / "p.csv", index=False)
            for ending in ("parquet", "csv"):
                found[f"{flag}.{ending}"] = (folder / f"p.{ending}").read_bytes()
        (folder / "prices.csv").write_bytes(PRICES)
        read_prices(folder / "prices.csv").frame.to_parquet(folder / "prices.parquet")
        found["prices.parquet"] = found["import.parquet"] = (folder / "prices.parquet").read_bytes()
    packaged = resources.files("gridpact.market") / "profiles" / "demo.yaml"
    found["rules.yaml"] = packaged.read_bytes().replace(b"name: demo", b"name: own")
    samples = {sample.name.rpartition(".")[2]: sample for sample in SAMPLES.values()}
    found["import.csv"] = samples["csv"].text.encode()
    found["import.zip"] = hostile.zipped(samples["csv"].text.encode())
    found["green.xml"] = samples["xml"].text.encode()
    found["sessions.json"] = samples["json"].text.encode()
    return found


PIECES = (
    *(b"[" * 5000, b'"', b"\n", b"\r", b"\x00", b"9" * 5000, b"1e999", b"NaN", b"*one", b"&a ", b"{", b"}", b",", b";"),
    *(
        b"-" * 300,
        b"\xff\xfe",
        b"<a>" * 200,
        b"<!DOCTYPE a>",
        b"PAR1",
        b"PK\x03\x04",
        b"0x" + b"f" * 2000,
        b"1:" * 2000,
    ),
    *(
        b"\\ud800",
        b" " * 3000,
        b"../../etc/passwd",
        b"/etc/passwd.yaml",
        "é١".encode(),
        b"-2023",
        b"true",
        b"!!python/a:b",
    ),
)
pieces = st.one_of(st.binary(max_size=20), st.sampled_from(PIECES))
edits = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 60), pieces), min_size=1, max_size=4)


def spoiled(content: bytes, changes: list[tuple[float, int, bytes]]) -> bytes:
    for at, length, piece in changes:
        place = int(at * len(content))
        content = content[:place] + piece + content[place + length :]
    return content


def soon(what: Callable[[], object], allowed: type[Exception] | tuple[type[Exception], ...] = GridpactError) -> None:
    began = time.process_time()
    said = "nothing"
    try:
        what()
    except allowed as problem:
        said = str(problem)
    assert 0 < len(said) < 50_000
    assert time.process_time() - began < LONGEST_S


def check_reader(name: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        soon(lambda: READERS[name](path))
        if name == "rules.yaml":
            soon(lambda: RuleBook.read([path]), RulesUnreadableError)


def _quick(count: int) -> settings:
    return settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("name", READERS)
def test_sound_files_are_read(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(real()[name])
    READERS[name](tmp_path / name)


@pytest.mark.parametrize("name", READERS)
@_quick(12)
@given(changes=edits)
def test_spoiled_files_are_messages(name: str, changes: list[tuple[float, int, bytes]]) -> None:
    check_reader(name, spoiled(real()[name], changes))


@pytest.mark.parametrize("name", READERS)
@_quick(8)
@given(content=st.binary(max_size=300))
def test_random_bytes_are_messages(name: str, content: bytes) -> None:
    check_reader(name, content)


@pytest.mark.deep
@pytest.mark.parametrize("name", READERS)
@_quick(5000)
@given(changes=edits)
def test_many_spoiled_files_are_messages(name: str, changes: list[tuple[float, int, bytes]]) -> None:
    check_reader(name, spoiled(real()[name], changes))


# Run folders.


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_run(tmp_path_factory.mktemp("run") / "run").path


def read_whole(path: Path, file: str) -> None:
    folder = RunFolder(path)
    if file.endswith(".parquet"):
        folder.table(Path(file).stem)
    elif file == "result.json":
        assert folder.result
    elif file == "ledger.csv":
        folder.ledger()
    elif file == "events.jsonl":
        read_events(folder.read(file))
    elif file == "performance.json":
        folder.performance()


FILES = ("result.json", "events.jsonl", "ledger.csv", "performance.json", "fleet.parquet", "bids.parquet")


def check_folder(run: Path, file: str, changes: list[tuple[float, int, bytes]]) -> None:
    before = (run / file).read_bytes()
    try:
        (run / file).write_bytes(spoiled(before, changes))
        soon(lambda: read_whole(run, file))
        soon(lambda: audit(run), UnreadableFolderError)
    finally:
        (run / file).write_bytes(before)


@pytest.mark.parametrize("file", FILES)
@_quick(6)
@given(changes=edits)
def test_spoiled_runs_are_messages_and_findings(file: str, run: Path, changes: list[tuple[float, int, bytes]]) -> None:
    check_folder(run, file, changes)


@pytest.mark.deep
@pytest.mark.parametrize("file", [*FILES, "dispatch.parquet", "private/reservations.parquet", "report.html"])
@_quick(1000)
@given(changes=edits)
def test_many_spoiled_runs_are_messages_and_findings(
    file: str, run: Path, changes: list[tuple[float, int, bytes]]
) -> None:
    check_folder(run, file, changes)
