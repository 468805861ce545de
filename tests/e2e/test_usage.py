"""Command lines that cannot be understood: one line on standard error, exit code 2, the nearest name, no traceback."""

import pytest
import typer
from typer.testing import CliRunner

from gridpact.cli.app import app

NUMBERS = [
    *[("negotiate", flag, "a number") for flag in ("--price", "--hours", "--kw", "--minimum-kw")],
    *[("negotiate", flag, "a whole number") for flag in ("--rounds", "--seed")],
    ("fleet generate 3 --out x.csv", "--heat-share", "a number"),
    ("fleet describe", "--seed", "a whole number"),
    *[("data import x --out y.csv", flag, "a number") for flag in ("--fx", "--max-gap", "--solar-kw")],
    ("data import x --out y.csv", "--resample", "a whole number"),
]
LINES = {
    "negotiate --prise 3": "gridpact: there is no option --prise; did you mean --price? See gridpact negotiate --help",
    "negotiate --price": "gridpact: --price needs a value after it; see gridpact negotiate --help",
    "negotiate fleet.csv": "gridpact: 'fleet.csv' follows no flag that takes it; see gridpact negotiate --help",
    "negotiat": "gridpact: no such command 'negotiat'. Did you mean 'negotiate'? See gridpact --help",
    "fleet genrate 3": "gridpact: no such command 'genrate'. Did you mean 'generate'? See gridpact fleet --help",
    "fleet generate many --out x.csv": "gridpact: HOMES is 'many', not a whole number; see gridpact fleet generate"
    " --help",
    "fleet generate 3": "gridpact: --out is missing; see gridpact fleet generate --help",
    "verify": "gridpact: DIR is missing; see gridpact verify --help",
    "data import": "gridpact: FILE... is missing; see gridpact data import --help",
}


def said(line: str, **environment: str) -> str:
    result = CliRunner().invoke(app, line.split(), env=environment)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    return result.stderr.rstrip("\n")


@pytest.mark.parametrize(("command", "flag", "wanted"), NUMBERS)
def test_a_number_that_is_none(command: str, flag: str, wanted: str) -> None:
    assert said(f"{command} {flag} 1,5x").startswith(f"gridpact: {flag} is '1,5x', not {wanted}; see gridpact ")


@pytest.mark.parametrize("line", LINES)
def test_what_else_a_command_line_gets_wrong(line: str) -> None:
    assert said(line) == LINES[line]


def test_a_value_from_the_environment_is_named() -> None:
    assert said("negotiate", GRIDPACT_ROUNDS="few").startswith("gridpact: --rounds (set by GRIDPACT_ROUNDS) is 'few'")


def test_what_a_terminal_would_obey_is_not_repeated() -> None:
    assert "\x1b" not in said("negotiate --price \x1b[2J")
    assert "\x1b" not in said("negotiate --\x1b[2J")
    assert len(said(f"negotiate --price {'x' * 5000}")) < 200


def test_embedded_use_gets_the_exception_and_the_help_still_shows() -> None:
    command = typer.main.get_command(app)
    with pytest.raises(typer.BadParameter):
        command.main(["negotiate", "--price", "abc"], standalone_mode=False)
    assert "Usage" in CliRunner().invoke(app, ["fleet"]).output
    assert CliRunner().invoke(app, ["--version"]).exit_code == 0
