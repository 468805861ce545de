"""docs/problem-spec.md is executed: its YAML is a spec, its Python prints what it says, and no term is missing."""

import contextlib
import io
import re
from pathlib import Path

import pytest

from gridpact.optimization.spec import ProblemSpec

PAGE = Path(__file__).parents[3] / "docs" / "problem-spec.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)


def test_the_example_uses_every_term(tmp_path: Path) -> None:
    (example,) = blocks("yaml")
    path = tmp_path / "spec.yaml"
    path.write_text(example, encoding="utf-8")
    spec = ProblemSpec.from_yaml(path)
    assert spec.model_fields_set == set(ProblemSpec.model_fields)
    assert all(getattr(spec, name) != getattr(ProblemSpec(), name) for name in ProblemSpec.model_fields)


@pytest.mark.parametrize("term", ProblemSpec.model_fields)
def test_every_term_has_a_section(term: str) -> None:
    headings = re.findall(r"^### (.*)$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert term in {name.strip() for heading in headings for name in heading.split(",")}


def test_the_python_prints_what_the_page_says() -> None:
    (code,) = blocks("python")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, str(PAGE), "exec"), {})  # noqa: S102 (our own page)
    assert printed.getvalue().splitlines() == re.findall(r"^# (.*)$", code, flags=re.MULTILINE)
