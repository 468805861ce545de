"""Market rules as the auditor knows them: its own dated values, and a user's own profiles where they are given."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from gridpact_audit.reading import MOST_RULES_BYTES, UnreadableError, parse_yaml, plain_file


class RulesUnreadableError(Exception):
    """A file of market rules cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBook:
    """Profiles by name: rule -> dated entries."""

    profiles: dict[str, dict[str, list[dict[str, Any]]]]

    @classmethod
    def read(cls, files: Sequence[Path] = ()) -> "RuleBook":
        """The auditor's own profiles and those of ``files`` (YAML, schema gridpact.rules/1).

        Raises:
            RulesUnreadableError: a file is not such a profile, or takes the name of one that is known.
        """
        own = resources.files("gridpact_audit").joinpath("rules.json").read_text(encoding="utf-8")
        profiles: dict[str, dict[str, list[dict[str, Any]]]] = json.loads(own)["profiles"]
        for file in files:
            name, rules = _read_profile(file)
            if name in profiles:
                raise RulesUnreadableError(f"{file}: rules called {name!r} are known already")
            profiles[name] = rules
            profiles.setdefault(str(file), rules)
        return cls(profiles=profiles)

    def knows(self, profile: str) -> bool:
        """Whether there is a profile of this name."""
        return profile in self.profiles

    def value(self, profile: str, rule: str, *, product: str | None = None, on: date | None = None) -> Any:
        """The value in force on a day; the first one where none has begun; None where the rule sets nothing."""
        entries = [
            entry
            for entry in self.profiles.get(profile, {}).get(rule, [])
            if product is None or product in entry.get("products", [product])
        ]
        entries.sort(key=lambda entry: str(entry["effective_from"]))
        begun = [entry for entry in entries if on is None or str(entry["effective_from"]) <= on.isoformat()]
        chosen = begun[-1:] or entries[:1]
        return chosen[0]["value"] if chosen else None


def _read_profile(file: Path) -> tuple[str, dict[str, list[dict[str, Any]]]]:
    try:
        content = parse_yaml(plain_file(file, most_bytes=MOST_RULES_BYTES).decode("utf-8-sig"))
        name, rules = content["name"], content["rules"]
        found = {
            str(rule): [dict(entry) for entry in (entries if isinstance(entries, list) else [entries])]
            for rule, entries in rules.items()
        }
        if not all("value" in entry and "effective_from" in entry for entries in found.values() for entry in entries):
            raise ValueError("an entry lacks value or effective_from")
    except UnicodeDecodeError as problem:
        raise RulesUnreadableError(f"{file} is not UTF-8 text (byte {problem.start})") from problem
    except (UnreadableError, ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError) as problem:
        raise RulesUnreadableError(f"{file} is not a profile of market rules: {problem}") from problem
    return str(name), found
