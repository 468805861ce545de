"""What a command line says that cannot be understood, in the words of all other messages: one line, exit code 2."""

import difflib
import re
import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from gridpact.cli.output import ExitCode, say

UsageError: Any = typer.BadParameter.__base__
"""Typer carries a copy of Click or imports it, by version; this is the root of its complaints in both."""
KINDS = {"float": "a number", "int": "a whole number", "bool": "true or false"}


class Commands(TyperGroup):
    """The root of all commands."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command; see `typer.core.TyperGroup.main`."""
        given = list(sys.argv[1:] if args is None else args)
        try:
            ended = super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
        except UsageError as problem:
            if not standalone_mode:
                raise
            if type(problem).__name__ == "NoArgsIsHelpError":
                problem.show()
            else:
                said = _said(problem)
                say(f"gridpact: {said}{' See' if said.endswith('?') else '; see'} {_path(self, given)} --help")
            sys.exit(ExitCode.UNUSABLE)
        except typer.Abort:
            if not standalone_mode:
                raise
            sys.exit(ExitCode.INTERRUPTED)
        if not standalone_mode:
            return ended
        sys.exit(ended or ExitCode.DONE)


def _path(group: Any, given: Sequence[str]) -> str:
    """The command that was meant, as far as it is known."""
    path = ["gridpact"]
    for word in given:
        if word not in getattr(group, "commands", {}):
            break
        group = group.commands[word]
        path.append(word)
    return " ".join(path)


def _said(problem: Any) -> str:
    kind = type(problem).__name__
    parameter = getattr(problem, "param", None)
    if kind == "NoSuchOption":
        return _unknown(problem.option_name, problem.possibilities or ())
    if kind == "MissingParameter" and parameter is not None:
        return f"{_name(parameter)} is missing"
    if kind == "BadOptionUsage" and "requires" in problem.message:
        return f"{problem.option_name} needs a value after it"
    if kind == "BadParameter" and parameter is not None:
        return f"{_name(parameter)}{_from(problem)} {_reason(problem)}"
    said = str(problem.format_message()).rstrip(".")
    extra = re.fullmatch(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", said)
    if extra is not None:
        return f"{_shown(repr(extra[1]))} follows no flag that takes it"
    return said[:1].lower() + said[1:]


def _unknown(option: str, possible: Sequence[str]) -> str:
    near = difflib.get_close_matches(option, possible, n=1, cutoff=0.0)
    return f"there is no option {_shown(option)}" + (f"; did you mean {near[0]}?" if near else "")


def _name(parameter: Any) -> str:
    """``--price``, or what the help calls an argument."""
    options = [each for each in getattr(parameter, "opts", ()) if each.startswith("-")]
    return str(max(options, key=len) if options else (parameter.metavar or str(parameter.name).upper()))


def _from(problem: Any) -> str:
    """The environment variable that the value stands in, if it does."""
    source = problem.ctx.get_parameter_source(problem.param.name) if problem.ctx is not None else None
    variable = problem.param.envvar if getattr(source, "name", "") == "ENVIRONMENT" else None
    return "" if variable is None else f" (set by {variable})"


def _reason(problem: Any) -> str:
    """``is 'abc', not a number``; Typer's own words where its complaint has no value to show."""
    details: Any = getattr(problem.__cause__, "errors", list)()
    wanted = KINDS.get(str(details[0]["type"]).partition("_")[0]) if details else None
    if wanted is None:
        return f"cannot be used: {problem.message}"
    return f"is {_shown(repr(details[0]['input']))}, not {wanted}"


def _shown(text: str) -> str:
    """``text`` without characters that a terminal obeys, and not without end."""
    plain = "".join(character if character.isprintable() else "?" for character in text)
    return plain if len(plain) <= 60 else f"{plain[:57]}..."
