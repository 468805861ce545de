"""``python -m gridpact_audit DIR``: exit 0 where all holds, 1 where something does not, 2 where DIR is no run."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from gridpact_audit.audit import UnreadableFolderError, audit
from gridpact_audit.rulebook import RulesUnreadableError


def main(argv: Sequence[str] | None = None) -> int:
    """Audit the folder named in ``argv``, print what holds and what does not, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="gridpact_audit",
        description="Recheck a gridpact run folder: physics, preferences, market rules and money.",
    )
    parser.add_argument("directory", metavar="DIR", help="run folder")
    parser.add_argument(
        "--rules", metavar="FILE", type=Path, action="append", default=[], help="your own market rules (YAML)"
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    try:
        given = parser.parse_args(argv)
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 2
    try:
        report = audit(given.directory, rules=given.rules)
    except (UnreadableFolderError, RulesUnreadableError) as problem:
        sys.stderr.write(f"gridpact_audit: {problem}\n")
        return 2
    text = report.to_json() + "\n" if given.json else report.to_text()
    sys.stdout.write(text.encode(sys.stdout.encoding or "utf-8", "replace").decode(sys.stdout.encoding or "utf-8"))
    return 0 if report.holds else 1


if __name__ == "__main__":
    sys.exit(main())
