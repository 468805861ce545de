"""The harness on a small set of its own: baselines beside the model, halves apart, and a page kept up to date."""

import json
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import BaseModel
from typer.testing import CliRunner

from gridpact.cli.app import app
from gridpact.errors import InputError, MissingDataError
from gridpact.language.evaluation.cases import Case
from gridpact.language.evaluation.run import RULES, UNSET, Measured, measure, open_set
from gridpact.language.evaluation.score import Score
from gridpact.language.evaluation.table import write_page
from gridpact.language.questions import Failure, Nobody, Question, Reply, Talker


class Number(BaseModel):
    value: int | None


CASES = [
    Case(id=f"n-{k}", half="test" if k % 2 else "development", style=("plain",) if k < 6 else ("plain", "a|b"),
         text=f"number {k}", expected={"value": k}) for k in range(12)
]  # fmt: skip


def load(half: str) -> list[Case]:
    return [case for case in CASES if case.half == half]


def answer(cases: Sequence[Case], talker: Talker) -> list[int | None]:
    asked = [Question(key=case.id, task="read", instructions="", words=case.text, reply=Number) for case in cases]
    found: list[int | None] = []
    for case, reply in zip(cases, talker.ask(asked), strict=True):
        known = int(case.text.split()[1])
        found.append(reply.value.value if isinstance(reply.value, Number) else known if known < 6 else None)
    return found


def score(case: Case, found: int | None) -> Score:
    right = found == case.expected["value"]
    return Score(
        stated=1, found_right=int(right), missed=int(found is None), wrong=int(not right and found is not None),
        invented=0, unsafe=int(found is not None and found > case.expected["value"]), valid=found != -1,
    )  # fmt: skip


class Timed:
    name = "test:model"
    hosted = True
    priced = True

    def __init__(self, value: Callable[[str], int | None]) -> None:
        self.value = value

    def ask(self, questions: Sequence[Question]) -> list[Reply]:
        replies = []
        for place, question in enumerate(questions):
            value = self.value(question.words)
            if value is None:
                replies.append(Reply(failure=Failure.TIMEOUT, attempts=2, latency_s=9.0))
                continue
            replies.append(
                Reply(value=Number(value=value), attempts=1, tokens_in=10, tokens_out=3, cost_microusd=7,
                      latency_s=1.0 + place)
            )  # fmt: skip
        return replies


@pytest.fixture
def owners(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = ModuleType("gridpact.language.evaluation.owners")
    module.load, module.answer, module.score = load, answer, score  # type: ignore[attr-defined]
    module.unset = lambda case: None  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def good(words: str) -> int:
    return int(words.split()[1])


def test_baselines_stand_beside_the_model(owners: ModuleType) -> None:
    found = list(measure("owners", half="test", talker=Timed(good)))
    assert [each.answerer for each in found] == [UNSET, RULES, "test:model"]
    assert [each.total.found_right for each in found] == [0, 3, 6]
    assert found[2].asked.questions == 6
    assert (found[2].asked.tokens_in, found[2].asked.tokens_out) == (60, 18)
    assert found[2].asked.cost_usd == pytest.approx(42e-6)
    assert (found[2].asked.latency_median_s, found[2].asked.latency_p95_s) == (3.5, 6.0)
    assert found[1].asked.questions == 0, "fixed rules ask nobody"
    assert found[1].by_style["a|b"].found_right == 0
    assert [each.half for each in measure("owners", half="development", talker=Nobody())] == ["development"] * 2
    json.dumps([each.to_dict() for each in found], allow_nan=False)


def test_failures_and_unknown_prices_are_told(owners: ModuleType) -> None:
    talker = Timed(lambda words: None if words.endswith("1") else -1)
    talker.priced = False
    *_, last = measure("owners", half="test", talker=talker, limit=3)
    assert last.asked.failures == {"timeout": 2 - 1}
    assert last.asked.cost_usd is None
    assert (last.cases, last.total.invalid) == (3, 2)


def test_what_was_measured_outlives_an_interruption(owners: ModuleType) -> None:
    asked: list[str] = []

    def slow(words: str) -> int:
        asked.append(words)
        if len(asked) > 4:
            raise KeyboardInterrupt
        return good(words)

    talker = Timed(slow)
    talker.hosted = False
    found: list[Measured] = []
    with pytest.raises(KeyboardInterrupt):
        found.extend(measure("owners", half="test", talker=talker))
    assert (found[-1].answerer, found[-1].cases, found[-1].of_cases) == ("test:model", 4, 6)


def test_what_cannot_be_measured_is_said(owners: ModuleType) -> None:
    with pytest.raises(InputError, match="--half"):
        list(measure("owners", half="both", talker=Nobody()))
    with pytest.raises(InputError, match="--limit"):
        list(measure("owners", half="test", talker=Nobody(), limit=0))
    with pytest.raises(InputError, match="nobody"):
        open_set("nobody")


def test_a_missing_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gridpact.language.evaluation.run.SETS", ("absent",))
    with pytest.raises(MissingDataError, match="absent"):
        open_set("absent")


def test_a_page_is_made_and_rows_are_replaced(owners: ModuleType, tmp_path: Path) -> None:
    page = tmp_path / "evaluation.md"
    found = list(measure("owners", half="test", talker=Timed(good)))
    write_page(page, found, date="2026-01-01", command="gridpact eval | x")
    text = page.read_text()
    assert text.count("| `test:model` | test | 6 | 100.0% (61.0 to 100.0) |") == 1
    assert "`gridpact eval \\| x`" in text
    assert text.count("Not measured yet.") == 4
    write_page(page, found, date="2026-02-02", command="again")
    again = page.read_text()
    assert "2026-01-01" not in again
    assert again.count("`test:model`") == text.count("`test:model`")
    other = list(measure("owners", half="development", talker=Nobody()))
    write_page(page, other, date="2026-03-03", command="other half")
    last = page.read_text()
    assert "2026-02-02" in last
    assert last.index("| all unset") < last.index("| fixed rules") < last.index("`test:model`")
    write_page(page, other, date="2026-03-03", command="other half")
    assert page.read_text() == last, "the same figures leave the same page"
    assert list(tmp_path.iterdir()) == [page]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace("<!-- end of owners -->", ""),
        lambda text: text + "<!-- end of owners -->",
        lambda text: re.sub(r"(\| all unset \| test \| 6 \|)", r"\1 more |", text),
        lambda text: text.replace("| answered by | half | cases |", "| who | half | cases |"),
        lambda text: text.replace("<!-- end of owners -->", "My own notes.\n<!-- end of owners -->"),
        lambda text: "nothing of ours",
    ],
)
def test_a_page_that_is_not_understood_is_left_alone(
    owners: ModuleType, tmp_path: Path, spoil: Callable[[str], str]
) -> None:
    page = tmp_path / "evaluation.md"
    found = list(measure("owners", half="test", talker=Nobody()))
    write_page(page, found, date="2026-01-01", command="x")
    spoiled = spoil(page.read_text())
    assert spoiled != page.read_text()
    page.write_text(spoiled)
    with pytest.raises(InputError, match=re.escape("evaluation.md")):
        write_page(page, found, date="2026-01-02", command="x")
    assert page.read_text() == spoiled


def test_the_command_measures_and_writes(owners: ModuleType, tmp_path: Path) -> None:
    page = tmp_path / "evaluation.md"
    done = CliRunner().invoke(app, ["eval", "language", "--set", "owners", "--markdown", str(page), "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert [each["answerer"] for each in told["measured"]] == [UNSET, RULES]
    assert "gridpact eval language --model none --set owners --half test" in page.read_text()
    shown = CliRunner().invoke(app, ["eval", "language", "--set", "owners", "--half", "development"])
    assert shown.exit_code == 0, shown.output
    assert "Owners, development half" in shown.stdout
    for wrong in (["--set", "nobody"], ["--half", "all"], ["--limit", "0"], ["--model", "nobody:x"]):
        refused = CliRunner().invoke(
            app, ["eval", "language", *(wrong if "--set" in wrong else ["--set", "owners", *wrong])]
        )
        assert refused.exit_code == 2, refused.output
        assert "Traceback" not in refused.output
