"""The audit of one run folder, theme by theme."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gridpact_audit import (
    commitments,
    heat,
    keys,
    loading,
    log,
    market,
    metrics,
    money,
    negotiation,
    physics,
    preferences,
    terms,
)
from gridpact_audit.report import AuditReport, Check, Finding, Rule
from gridpact_audit.rulebook import RuleBook
from gridpact_audit.run import Run, UnusableError
from gridpact_audit.tables import ALL_FILES

RULES: tuple[Rule, ...] = (
    *keys.RULES,
    *physics.RULES,
    *heat.RULES,
    *preferences.RULES,
    *commitments.RULES,
    *negotiation.RULES,
    *market.RULES,
    *terms.RULES,
    *money.RULES,
    *metrics.RULES,
    *log.RULES,
)


class UnreadableFolderError(Exception):
    """The path is not a folder that could be a run: there is nothing to audit."""


def audit(path: str | Path, *, rules: Sequence[Path] = ()) -> AuditReport:
    """Recheck a run folder from its own files alone.

    Parameters:
        path: the run folder.
        rules: a user's own market rules (YAML), beside those that the auditor knows.

    Returns:
        Every check with its verdict, subjects and problems. Damaged files are problems, not exceptions.

    Raises:
        UnreadableFolderError: ``path`` is no folder, cannot be listed, or holds none of a run's files.
        RulesUnreadableError: a file of ``rules`` cannot be used.
    """
    book = RuleBook.read(rules)
    folder = Path(path)
    try:
        if not folder.is_dir():
            raise UnreadableFolderError(f"{path} is not a folder")
        if not any((folder / file).is_file() for file in ALL_FILES):
            raise UnreadableFolderError(f"{path} holds none of the files of a run (result.json, fleet.parquet, ...)")
        run, checks, usable = loading.load(folder, book)
    except (OSError, ValueError) as problem:
        raise UnreadableFolderError(f"{path} cannot be read: {problem}") from problem
    with np.errstate(all="ignore"):
        checks.extend(_try(rule, run, usable) for rule in RULES)
    return AuditReport(path=str(path), checks=tuple(checks))


def _try(rule: Rule, run: Run, usable: set[str]) -> Check:
    finding = Finding(rule.name)
    missing = [file for file in rule.needs if file not in usable]
    if missing:
        return finding.skipped(f"{', '.join(missing)} cannot be used")
    try:
        rule.test(run, finding)
    except UnusableError as problem:
        return finding.skipped(str(problem))
    except Exception as problem:  # damaged values may break any arithmetic; a check that broke has not passed
        finding.add(rule.needs[0], None, None, f"the check broke on this content ({type(problem).__name__}: {problem})")
    return finding.done()
