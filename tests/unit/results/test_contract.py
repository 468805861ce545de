"""What is written is what the auditor, who shares no code with it, expects."""

import json

import jsonschema
import pytest

from gridpact.results.run_folder import RUN_FILES
from gridpact.results.tables import FORMS
from gridpact_audit import tables as audited
from gridpact_audit.audit import audit
from gridpact_audit.loading import json_schema
from settled_run import BATTERY, VEHICLE, event_log, run_files, run_result


def test_result_fits_the_auditors_schema():
    jsonschema.Draft202012Validator(json_schema("result")).validate(json.loads(run_result().to_json()))


def test_files_are_the_same():
    assert sorted(RUN_FILES) == sorted(audited.ALL_FILES)


@pytest.mark.parametrize("table", audited.TABLES, ids=lambda table: table.file)
def test_tables_are_the_same(table):
    form = next(form for form in FORMS.values() if form.file == table.file)
    assert tuple(form.schema.names) == table.names
    assert form.key == table.key
    for column in table.columns:
        field = form.schema.field(column.name)
        assert audited.type_matches(column.type, field.type), column.name
        assert field.nullable == column.empty, column.name
    assert [tuple(group.names) for group in form.further] == [
        tuple(column.name for column in group) for group in table.further
    ]


def test_a_written_folder_holds_before_the_auditor(tmp_path):
    files = run_files(tmp_path / "run", homes=(BATTERY | VEHICLE, {}))
    files.write(events=event_log(files).to_jsonl(), performance={"baseline_s": 0.1}, report_html="<html></html>")
    checks = {check.name: check for check in audit(tmp_path / "run").checks}
    themes = [name for name in checks if name.startswith("schema.")]
    own = ("log.hash_chain", "log.files_are_the_sealed_ones", "keys.unique_and_sorted", "money.ledger_balances")
    physics = ("net_balance", "battery_energy", "battery_bounds", "vehicle_energy", "vehicle_bounds", "power_limits")
    for name in (*themes, *own, *(f"physics.{name}" for name in physics)):
        assert checks[name].holds is not False, (name, checks[name].problems)
        assert checks[name].subjects or checks[name].holds is None, name
    assert checks["physics.battery_energy"].holds
    assert checks["log.files_are_the_sealed_ones"].holds
