"""What do a negotiator's picks change? The same days with nobody, a shrewd script and foolish ones in a model's place.

    .venv/bin/python tools/language_ablation.py --days 100 --write docs/language.md

Every script sees what a model sees, the words of a prompt, and nothing else. Every run folder is audited. The same days
give the same table. With ``--write`` the part of the page between its two marks is replaced.
"""

import argparse
import hashlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from gridpact.flexibility.kernel_model import KernelModel  # noqa: E402
from gridpact.language.questions import Nobody, Question, Scripted, Talker  # noqa: E402
from gridpact.operation.day import run_market_day  # noqa: E402
from gridpact.operation.inputs import prepare_day  # noqa: E402
from gridpact.operation.surplus import full_information_surplus, realised_surplus  # noqa: E402
from gridpact.results.result import Outcome  # noqa: E402
from gridpact_audit.audit import audit  # noqa: E402
from random_days import random_request  # noqa: E402

BEGIN, END = "<!-- ablation begins -->", "<!-- ablation ends -->"
MOST_HOMES = 25
PAGE = "<!doctype html><html><title>A day of the ablation</title></html>"
"""In place of the report, which nothing here reads."""
Script = Callable[[Question], Any]


def shrewd(question: Question) -> Any:
    """Opens high where the market can pay it, waits while rounds are left, comes down late, takes what is on offer."""
    facts = question.facts
    last = "the last round" in facts or "the only round" in facts
    match question.task:
        case "bid":
            rich = "price is far above what you need" in facts
            if not last:
                move = "hold" if rich else "medium"
            elif "covers your asked price" in facts:
                move = "hold"
            else:
                move = "large" if rich else "reservation"
            return {"move": move, "concession": 0.5, "message": ""}
        case "answer":
            return {"reply": "accept" if last else "wait", "share": 1.0, "message": ""}
        case _:
            scarce = "fill only a part" in facts or "No home asks" in facts
            return {"pace": "fast" if scarce else "patient", "bonus": "none", "message": ""}


def conceding(question: Question) -> Any:
    """Gives everything away at once."""
    replies = {
        "bid": {"move": "reservation", "concession": 1.0},
        "answer": {"reply": "accept", "share": 1.0},
        "tactic": {"pace": "fast", "bonus": "medium"},
    }
    return replies[question.task]


def refusing(question: Question) -> Any:
    """Never comes down, accepts nothing."""
    replies = {
        "bid": {"move": "hold", "concession": 0.0},
        "answer": {"reply": "wait", "share": 0.0},
        "tactic": {"pace": "patient", "bonus": "none"},
    }
    return replies[question.task]


def random(question: Question) -> Any:
    """Draws lots: the same question, the same lot."""
    lot = hashlib.sha256(question.key.encode()).digest()
    match question.task:
        case "bid":
            moves = ("hold", "small", "medium", "large", "reservation")
            return {"move": moves[lot[0] % len(moves)], "concession": lot[1] / 255}
        case "answer":
            return {"reply": ("accept", "part", "wait")[lot[0] % 3], "share": lot[1] / 255}
        case _:
            paces, bonuses = ("patient", "steady", "fast"), ("none", "small", "medium")
            return {"pace": paces[lot[0] % 3], "bonus": bonuses[lot[1] % 3]}


def invalid(question: Question) -> Any:
    """Nothing of the closed schema."""
    return {"move": "sell my car", "concession": float("nan"), "price": -1e9}


HOMES: dict[str, Script | None] = {
    "none": None,
    "shrewd": shrewd,
    "concedes at once": conceding,
    "refuses all": refusing,
    "random": random,
    "always invalid": invalid,
}
"""Who picks for the homes."""
AGGREGATOR: dict[str, Script | None] = {
    "none": None,
    "shrewd": shrewd,
    "gives most": conceding,
    "patient": refusing,
    "random": random,
    "always invalid": invalid,
}
"""Who picks the aggregator's tactic; homes follow the policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What came of one day."""

    deal: bool
    owners_usd: float
    """Payments less what delivery cost the homes."""
    payments_usd: float
    operator_usd: float
    surplus_usd: float
    full_usd: float
    audit_failed: bool
    fallbacks: int
    questions: int


@dataclass(slots=True)
class Counting:
    """A talker that counts."""

    inner: Talker
    questions: int = 0

    @property
    def name(self) -> str:
        """That of the talker inside."""
        return self.inner.name

    @property
    def hosted(self) -> bool:
        """Never."""
        return False

    def ask(self, questions: Sequence[Question]) -> Any:
        """Ask, and count."""
        self.questions += len(questions)
        return self.inner.ask(questions)


def run_day(number: int, script: Script | None, *, tactic: bool, out: Path) -> Day:
    """Day ``number`` with ``script`` in a model's place, for the aggregator where ``tactic``, else for the homes."""
    request = replace(
        random_request(number, most_homes=MOST_HOMES),
        strategy="concession" if tactic else "language",
        tactic="language" if tactic else "steady",
        allow_loss=False,
    )
    talker = Counting(Nobody() if script is None else Scripted(script))
    finished = run_market_day(prepare_day(request), model=KernelModel(), talker=talker)
    events = finished.chronicle.log
    files = finished.seal(out)
    folder = files.write(events=events.to_jsonl(), performance=finished.chronicle.performance(), report_html=PAGE)
    settlement, language = finished.result.settlement, finished.result.negotiation.language
    return Day(
        deal=finished.result.outcome is Outcome.AWARDED,
        owners_usd=sum(finished.delivered.gains_usd.values()),
        payments_usd=settlement.owner_payments_usd,
        operator_usd=settlement.operator_profit_usd,
        surplus_usd=sum(map(realised_surplus, finished.awards)),
        full_usd=sum(map(full_information_surplus, finished.awards)),
        audit_failed=bool(audit(folder.path).failed),
        fallbacks=language.fallbacks,
        questions=talker.questions,
    )


def run_all(days: Sequence[int], *, progress: bool = False) -> dict[str, dict[str, list[Day]]]:
    """Every way on every day, by table and row."""
    found: dict[str, dict[str, list[Day]]] = {}
    for table, rows, tactic in (("homes", HOMES, False), ("aggregator", AGGREGATOR, True)):
        found[table] = {name: [] for name in rows}
        for number in days:
            for name, script in rows.items():
                with TemporaryDirectory() as folder:
                    found[table][name].append(run_day(number, script, tactic=tactic, out=Path(folder) / "run"))
            if progress:
                print(f"{table}: day {number}", file=sys.stderr)
    return found


def line(name: str, days: Sequence[Day]) -> str:
    """One row of a table."""
    surplus, full = sum(day.surplus_usd for day in days), sum(day.full_usd for day in days)
    owners, operator = sum(day.owners_usd for day in days), sum(day.operator_usd for day in days)
    share = f"{owners / (owners + operator):.1%}" if owners + operator > 0 else "-"
    deals = sum(day.deal for day in days)
    failed = sum(day.audit_failed for day in days)
    cells = (
        name,
        f"{deals} of {len(days)}",
        f"{surplus / full:.1%}",
        share,
        f"{sum(day.payments_usd for day in days):.2f}",
        f"{operator:.2f}",
        f"{sum(day.questions for day in days):,}",
        f"{sum(day.fallbacks for day in days):,}",
        str(failed),
    )
    return "| " + " | ".join(cells) + " |"


HEAD = (
    "| {who} | days with a deal | surplus of the most possible | owners' share | paid to owners [USD] "
    "| operator's profit [USD] | questions | fallbacks | audits failed |\n"
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
)


def tables(found: dict[str, dict[str, list[Day]]]) -> str:
    """Both tables."""
    parts = []
    for table, who in (("homes", "homes' picks"), ("aggregator", "aggregator's picks")):
        parts.append("\n".join([HEAD.format(who=who), *(line(name, days) for name, days in found[table].items())]))
    return "\n\n".join(parts)


def main() -> None:
    """Run it; print the tables, or put them into the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=100)
    parser.add_argument("--write", type=Path, help="the page whose tables are to be replaced")
    given = parser.parse_args()
    text = tables(run_all(range(given.days), progress=True))
    print(text)
    if given.write is not None:
        page = given.write.read_text(encoding="utf-8")
        head, _, rest = page.partition(BEGIN)
        _, _, tail = rest.partition(END)
        given.write.write_text(f"{head}{BEGIN}\n\n{text}\n\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
