"""docs/formats.md names every file, column, type and key that the auditor checks."""

from pathlib import Path

import pytest

from gridpact_audit.loading import json_schema
from gridpact_audit.tables import ALL_FILES, LEDGER_COLUMNS, TABLES, Table

PAGE = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.file)
def test_columns_are_documented_in_order(table: Table) -> None:
    section = PAGE.split(f"### {table.file}\n", 1)[1].split("\n### ", 1)[0]
    rows = [
        line.split(" | ") for line in section.splitlines() if line.startswith("| ") and not line.startswith("| column")
    ]
    assert [(row[0][2:], row[1], row[2], row[3]) for row in rows] == [
        (column.name, column.type, column.unit or "-", "yes" if column.empty else "no")
        for columns in (table.columns, *table.further)
        for column in columns
    ]


def test_files_and_result_keys_are_documented() -> None:
    for file in ALL_FILES:
        assert f"`{file}`" in PAGE
    for key in json_schema("result")["properties"]:
        assert f"`{key}" in PAGE, key
    assert ", ".join(LEDGER_COLUMNS) in PAGE
