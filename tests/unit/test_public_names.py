"""What ``import gridpact`` offers, and how little it loads."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import gridpact


@pytest.mark.parametrize("name", gridpact.__all__)
def test_every_public_name_exists_where_it_is_said_to_be(name: str) -> None:
    value = getattr(gridpact, name)
    assert value.__name__ == name
    assert value.__module__.startswith("gridpact.")
    assert value.__doc__


def test_the_list_is_complete_sorted_and_typed() -> None:
    tree = ast.parse(Path(gridpact.__file__).read_text(encoding="utf-8"))
    typed = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gridpact.")
        for alias in node.names
    }
    assert gridpact.__all__ == sorted(gridpact.__all__)
    assert typed == {name: f"gridpact.{module}" for name, module in gridpact._HOMES.items()}
    assert set(gridpact.__all__) == set(gridpact._HOMES)
    assert set(gridpact.__all__) <= set(dir(gridpact))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="NoSuchThing"):
        _ = gridpact.NoSuchThing


def test_importing_loads_no_solver_and_no_tables() -> None:
    code = "import sys, gridpact; print(sorted({m.split('.')[0] for m in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert not {"cvxpy", "highspy", "numpy", "pandas", "plotly", "pyarrow", "rich", "typer"} & set(
        ast.literal_eval(loaded)
    )
