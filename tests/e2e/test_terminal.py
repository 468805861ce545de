"""The terminal as people see it: progress, tables at any width and encoding, JSON, quiet, exit codes, completion."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from gridpact.cli.app import app
from gridpact.fleet.generator import generate_fleet
from gridpact.fleet.io import write_fleet
from gridpact.fleet.statistics import describe
from gridpact.market.rules import describe as describe_rules
from gridpact.market.rules import load_rules
from gridpact.report.terminal import Terminal
from gridpact.report.terminal_fleet import show_fleet
from gridpact.report.terminal_rules import show_rules, show_rules_list
from gridpact.results.run_folder import RunFolder

DAY = ("negotiate", "--price", "80")
STAGES = ("reading 6 homes", "freezing", "negotiating and bidding", "dispatching", "settling", "writing the run folder")
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def gridpact(*arguments: object, **settings: str) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env=settings)


def process(*arguments: object, **settings: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "gridpact", *map(str, arguments)],
        env={**os.environ, **settings},
        capture_output=True,
        timeout=120,
        check=False,
    )


def on_a_terminal(*arguments: object, columns: int = 80, **settings: str) -> tuple[int, str, str]:
    """Exit code, standard error on a terminal of its own, and standard output in a pipe."""
    pty = pytest.importorskip("pty", reason="this system has no terminals of this kind")
    import fcntl
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "COLUMNS", "FORCE_COLOR")}
    with subprocess.Popen(
        [sys.executable, "-m", "gridpact", *map(str, arguments)],
        env={**environment, "TERM": "xterm-256color", **settings},
        stdout=subprocess.PIPE,
        stderr=theirs,
    ) as running:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            shown += part
        assert running.stdout is not None
        printed = running.stdout.read()
    os.close(ours)
    return running.returncode, shown.decode(), printed.decode()


def test_progress_is_live_on_a_terminal_and_counts_homes(tmp_path: Path) -> None:
    code, shown, printed = on_a_terminal(*DAY, "--out", tmp_path / "run", columns=90)
    assert code == 0
    assert "Rounds" in printed
    assert "\x1b" not in printed
    lines = CONTROL.sub("", shown).replace("\r\n", "\n")
    for stage in STAGES:
        assert re.search(rf"✓ [^\n]*{stage[:20]}[^\n]* s\n", lines), stage
    assert re.search(r"✓ freezing every home's baseline +6 homes +\d+\.\d s\n", lines)
    assert all(len(line) <= 90 for part in lines.split("\n") for line in part.split("\r"))
    assert shown.rstrip().endswith("\x1b[?25h") or "\x1b[?25h" in shown, "the cursor stays hidden"


def test_progress_is_plain_lines_on_a_dumb_terminal(tmp_path: Path) -> None:
    code, shown, _ = on_a_terminal(*DAY, "--out", tmp_path / "run", TERM="dumb")
    assert code == 0
    assert "\x1b" not in shown
    assert len(shown.splitlines()) == len(STAGES)


def test_progress_is_plain_lines_elsewhere(tmp_path: Path) -> None:
    done = process(*DAY, "--out", tmp_path / "run", COLUMNS="30")
    assert done.returncode == 0
    lines = done.stderr.decode().splitlines()
    assert [stage in line for stage, line in zip(STAGES, lines, strict=True)] == [True] * len(STAGES)
    assert b"\x1b" not in done.stderr + done.stdout


def test_quiet_prints_only_where_the_result_lies(tmp_path: Path) -> None:
    run = gridpact(*DAY, "--quiet", "--out", tmp_path / "run")
    assert (run.stdout, run.stderr) == (f"{tmp_path / 'run'}\n", "")
    several = gridpact("scenarios", "-q", "--fleet", 1, "--prices", "80,45", "--out", tmp_path / "s")
    assert (several.stdout, several.stderr) == (f"{tmp_path / 's'}\n", "")
    checked = gridpact("verify", "-q", tmp_path / "run")
    assert (checked.exit_code, checked.stdout, checked.stderr) == (0, "", "")
    made = gridpact("fleet", "generate", 3, "-q", "--out", tmp_path / "f.csv")
    assert (made.stdout, made.stderr) == (f"{tmp_path / 'f.csv'}\n", "")
    assert gridpact("fleet", "validate", "-q", tmp_path / "f.csv").output == ""
    bad = gridpact("negotiate", "-q", "--price", "nan")
    assert (bad.exit_code, bad.stdout) == (2, "")
    assert bad.stderr.startswith("gridpact: ")


def test_json_is_one_document_and_nothing_else(tmp_path: Path) -> None:
    write_fleet(generate_fleet(4, seed=1), tmp_path / "f.csv")
    run = tmp_path / "run"
    assert gridpact(*DAY, "--json", "--out", run).exit_code == 0
    for arguments, key in (
        (("scenarios", "--fleet", 1, "--prices", "80,45", "--out", tmp_path / "s"), "rows"),
        (("verify", run), "checks"),
        (("fleet", "describe", tmp_path / "f.csv"), "assets"),
        (("fleet", "validate", tmp_path / "f.csv"), "notes"),
        (("rules", "list"), "rules"),
        (("rules", "show", "demo"), "values"),
    ):
        done = gridpact(*arguments, "--json")
        assert done.exit_code == 0, done.output
        assert key in json.loads(done.stdout)
        assert done.stderr == ""


def test_json_on_a_terminal_leaves_progress_on_standard_error_and_colours_out(tmp_path: Path) -> None:
    code, shown, printed = on_a_terminal(*DAY, "--json", "--out", tmp_path / "run", NO_COLOR="1")
    assert code == 0
    assert json.loads(printed)["paths"]["folder"] == str(tmp_path / "run")
    assert "freezing" in shown
    assert not re.search(r"\x1b\[(?:3[0-7]|38|9[0-7])[;m]", shown)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("finished") / "run"
    done = gridpact("negotiate", "--fleet", 12, "--kw", 12, "--out", out)
    assert done.exit_code == 0, done.output
    return out


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_pages_fit_every_width_and_encoding(width: int, encoding: str, finished: Path) -> None:
    page = TextIOWrapper(BytesIO(), encoding=encoding)
    console = Console(width=width, file=page)
    Terminal(console).show_day(RunFolder.open(finished))
    rules = load_rules("caiso_pdr")
    show_rules(rules, describe_rules(rules), console=console)
    show_rules_list([rules], console=console)
    show_fleet(describe(generate_fleet(40, seed=1)), title="Fleet", console=console)
    page.flush()
    text = page.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]
    for line in text.splitlines():
        assert len(line) <= width or line.startswith(("Report:", "Recheck")), line
    for words in ("Rounds", "baseline", "planned", "window", "^", "Prices in 20 scenarios", "minimum_kw (energy)"):
        assert words in text
    assert "America/Los_Angeles" in text
    assert ("▁" in text) == (encoding == "utf-8")


@pytest.mark.parametrize("width", [60, 77, 78, 140])
def test_scenarios_are_not_cut_at_any_width(width: int, tmp_path: Path) -> None:
    done = gridpact("scenarios", "--prices", "1120,45", "--out", tmp_path / "s", COLUMNS=str(width))
    assert done.exit_code == 0, done.output
    assert "…" not in done.stdout
    assert re.search(r"1,120\.00 +awarded +\d+ +\d+\.\d\d ", done.stdout)
    assert "prices in USD/MWh" in done.stdout


def test_rounds_are_counted(finished: Path) -> None:
    folder = RunFolder.open(finished)
    offers = folder.table("offers")
    page = StringIO()
    Terminal(Console(width=100, file=page)).show_day(folder)
    text = page.getvalue()
    for number, group in offers.groupby("round"):
        row = next(line for line in text.splitlines() if re.match(rf" +{number} +[0-9]", line))
        answers = group["answer"].value_counts()
        counted = [int(cell) for cell in row.split()[-3:]]
        assert counted == [int(answers.get(answer, 0)) for answer in ("accept", "counter", "refuse")]
        assert f"{group['accepted_kw'].sum():,.3f}" in row
        assert f"{group['price'].min():,.2f}" in row


def test_many_reasons_are_told_by_kind_with_the_reach_of_their_numbers(finished: Path) -> None:
    folder = RunFolder.open(finished)
    members = folder.table("coalition").head(1)
    reasons = [f"out: asked at least {price}.50 USD/MWh; the best offer was 80.00 USD/MWh" for price in range(90, 110)]
    frames = [members.assign(home_id=f"h{k:02}", committed_kw=0.0, reason=each) for k, each in enumerate(reasons)]

    class Dear(RunFolder):
        def table(self, name: str) -> pd.DataFrame:
            return pd.concat(frames, ignore_index=True) if name == "coalition" else super().table(name)

    page = StringIO()
    Terminal(Console(width=140, file=page)).show_day(Dear.open(finished))
    text = page.getvalue()
    assert "20 homes: h00, h01, ..." in text
    assert "asked at least 90.50 to 109.50; the best offer was 80.00" in text
    assert "see the report" not in text


def test_letters_that_a_terminal_cannot_show_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("home_id,persona\nÅsgård,Bühler\n", encoding="utf-8")
    done = process("fleet", "describe", tmp_path / "f.csv", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert b"B?hler" in done.stdout


def test_exit_codes_are_those_of_the_help(tmp_path: Path) -> None:
    shown = gridpact("--help", COLUMNS="200").stdout
    for words in ("Exit codes", "0 for every outcome", "1 where verify", "2 for input", "130 where interrupted"):
        assert words in shown
    page = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
    for code in ("| 0 |", "| 1 |", "| 2 |", "| 130 |"):
        assert code in page
    bad = tmp_path / "bad.csv"
    bad.write_text("home_id,solar_kw\na,x\nb,-1\n")
    found = gridpact("fleet", "validate", bad)
    assert (found.exit_code, found.stdout) == (1, "")
    assert "2 problems" in found.stderr
    as_json = gridpact("fleet", "validate", bad, "--json")
    assert as_json.exit_code == 1
    content: Mapping[str, Any] = json.loads(as_json.stdout)
    assert (content["usable"], content["problem_count"]) == (False, 2)
    assert [(each["row"], each["column"]) for each in content["problems"]] == [(2, "solar_kw"), (3, "solar_kw")]
    assert gridpact("fleet", "validate", tmp_path / "nowhere.csv").exit_code == 2
    (tmp_path / "r.yaml").write_text("name: x\n")
    assert gridpact("rules", "check", tmp_path / "r.yaml").exit_code == 1
    assert gridpact("rules", "check", tmp_path / "nowhere.yaml").exit_code == 2
    assert gridpact("fleet", "describe", 3, "--figure", tmp_path / "f.png").exit_code == 2


def hear_interrupts() -> None:
    """Undo what a shell does to background jobs: it has them ignore Ctrl-C, and so would the process started here."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.skipif(sys.platform == "win32", reason="signals differ")
@pytest.mark.parametrize("stage", ["freezing", "negotiating", "settling"])
def test_interrupted_run_ends_in_one_line(stage: str, tmp_path: Path) -> None:
    # Large enough that every stage is still running when the signal comes.
    command = [sys.executable, "-m", "gridpact", *DAY, "--fleet", "3000", "--kw", "20", "--out", str(tmp_path / "run")]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=hear_interrupts
    ) as running:
        assert running.stderr is not None
        for line in running.stderr:
            if stage in line:
                break
        time.sleep(0.01)
        running.send_signal(signal.SIGINT)
        rest, printed = running.stderr.read(), running.stdout.read() if running.stdout else ""
    assert running.returncode == 130
    assert printed == ""
    assert rest.splitlines()[-1] == "gridpact: interrupted; no half-written file or folder is left"
    assert "Traceback" not in rest
    assert list(tmp_path.iterdir()) == []


def completions(words: str, shell: str = "bash") -> list[str]:
    """What the shell is offered for the last word of ``words``, asked as the shell asks."""
    if shell == "bash":
        asked = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    else:
        asked = {"_TYPER_COMPLETE_ARGS": words, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    done = process(_GRIDPACT_COMPLETE=f"complete_{shell}", **asked)
    assert done.returncode == 0
    assert done.stderr == b""
    return re.findall('"([^"]+)"' if shell == "zsh" else r"[\w@./-]+", done.stdout.decode())


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (
            "gridpact ",
            {"negotiate", "scenarios", "strategy", "verify", "replay", "trail", "explain", "fleet", "rules", "data"}
            | {"runs", "owners", "preferences", "eval"},
        ),
        ("gridpact negotiate --rules caiso", {"caiso_dera", "caiso_ngr", "caiso_pdr"}),
        ("gridpact rules show e", {"ercot_ader"}),
        ("gridpact negotiate --strategy t", {"truthful", "tit_for_tat"}),
        ("gridpact negotiate --product ", {"energy", "spin", "nonspin"}),
        ("gridpact negotiate --drop-out oak@", {"oak@before", "oak@after"}),
        ("gridpact negotiate --fleet 2 --drop-out h", {"home-0001@", "home-0002@"}),
    ],
)
def test_closed_sets_are_completed(words: str, offered: set[str]) -> None:
    assert set(completions(words)) == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_is_served(shell: str) -> None:
    assert "HB_HOUSTON" in completions("gridpact negotiate --location HB", shell)
    script = process("--show-completion", shell)
    assert script.returncode == 0
    assert b"_GRIDPACT_COMPLETE" in script.stdout
    assert b"gridpact" in script.stdout
    assert f"complete_{shell}".encode() in script.stdout


def test_completion_is_not_stopped_by_settings(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfe\x00")
    done = subprocess.run(
        [sys.executable, "-m", "gridpact"],
        cwd=tmp_path,
        env={**os.environ, "_GRIDPACT_COMPLETE": "complete_bash", "COMP_WORDS": "gridpact rul", "COMP_CWORD": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == ["rules"]
