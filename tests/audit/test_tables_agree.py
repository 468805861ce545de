"""The auditor's tables and the program's, written apart, have the same columns and types."""

import pytest

from gridpact_audit.tables import LEDGER_COLUMNS, TABLES, Table, type_matches

theirs = pytest.importorskip("gridpact.results.tables", reason="the program's tables are not built yet")
FORMS = {form.file: form for form in theirs.FORMS.values()}


def test_same_files() -> None:
    assert set(FORMS) == {table.file for table in TABLES}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.file)
def test_same_columns_types_and_keys(table: Table) -> None:
    form = FORMS[table.file]
    assert tuple(form.schema.names) == table.names
    assert tuple(form.key) == table.key
    for column, field in zip(table.columns, form.schema, strict=True):
        assert type_matches(column.type, field.type), column.name
        assert column.empty or not field.nullable, f"{column.name} may be empty in the program but not for the auditor"
    for group, schema in zip(table.further, form.further, strict=True):
        assert tuple(schema.names) == tuple(column.name for column in group)
        assert all(type_matches(column.type, schema.field(column.name).type) for column in group)
        assert all(column.empty for column in group)


def test_same_ledger() -> None:
    from gridpact.settlement.ledger import LEDGER_COLUMNS as POSTED

    assert POSTED == LEDGER_COLUMNS
