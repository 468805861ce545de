"""What comes of a run's effects, as books of its log and back, to the last bit."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from gridpact.coalition.formation import FormationResult
from gridpact.flexibility.batch import SCHEDULE_SERIES, CurveBatch, ScheduleBatch
from gridpact.flexibility.devices import DeviceTrace
from gridpact.market.clearing import Clearing
from gridpact.optimization.diagnosis import Diagnosis
from gridpact.optimization.limits import LimitWorth
from gridpact.optimization.tool import SolverAnswer
from gridpact.store.book import Book

_CURVE_ARRAYS = (
    "quantity_kw",
    "cost_usd",
    "counts",
    "inner_approximation",
    "loss_usd",
    "loss_kw",
    "least_kw",
)
_DIAGNOSIS = TypeAdapter(Diagnosis | None)
_LIMITS = TypeAdapter(tuple[LimitWorth, ...] | None)


def schedules_book(schedules: ScheduleBatch, facts: Mapping[str, Any]) -> Book:
    """Plans and some facts as a book."""
    arrays = {name: getattr(schedules, name) for name in (*SCHEDULE_SERIES, "cost_usd")}
    for name, trace in schedules.devices.items():
        arrays[f"{name}/power_kw"], arrays[f"{name}/energy_kwh"] = trace.power_kw, trace.energy_kwh
    return Book(arrays=arrays, facts={**facts, "devices": list(schedules.devices)})


def schedules_of(book: Book) -> ScheduleBatch:
    """Plans in a book."""
    return ScheduleBatch(
        **{name: book.arrays[name] for name in (*SCHEDULE_SERIES, "cost_usd")},
        devices={
            name: DeviceTrace(power_kw=book.arrays[f"{name}/power_kw"], energy_kwh=book.arrays[f"{name}/energy_kwh"])
            for name in book.facts["devices"]
        },
    )


def curves_book(curves: CurveBatch, facts: Mapping[str, Any]) -> Book:
    """Cost curves and some facts as a book; whose they are follows from the fleet."""
    return Book(arrays={name: getattr(curves, name) for name in _CURVE_ARRAYS}, facts=facts)


def curves_of(book: Book, home_ids: tuple[str, ...]) -> CurveBatch:
    """Cost curves of ``home_ids`` in a book."""
    arrays: dict[str, Any] = {name: book.arrays[name] for name in _CURVE_ARRAYS}
    return CurveBatch(home_ids=home_ids, **arrays)


def answer_book(answer: SolverAnswer) -> Book:
    """What solvers said of a formation problem as a book."""
    formation = answer.formation
    return Book(
        arrays={"x": formation.x},
        facts={
            "method": formation.method,
            "status": formation.status,
            "gap": formation.gap,
            "solver": formation.solver,
            "value_usd": formation.value_usd,
            "shadow_prices": list(formation.shadow_prices),
            "diagnosis": _DIAGNOSIS.dump_python(answer.diagnosis, mode="json"),
            "notes": list(answer.notes),
            "limits": _LIMITS.dump_python(answer.limits, mode="json"),
        },
    )


def answer_of(book: Book) -> SolverAnswer:
    """What solvers said, from its book."""
    facts = book.facts
    return SolverAnswer(
        formation=FormationResult(
            x=np.asarray(book.arrays["x"]),
            method=facts["method"],
            status=facts["status"],
            gap=facts["gap"],
            solver=facts["solver"],
            value_usd=facts["value_usd"],
            shadow_prices=tuple(facts["shadow_prices"]),
        ),
        diagnosis=_DIAGNOSIS.validate_python(facts["diagnosis"]),
        notes=tuple(facts["notes"]),
        # Logs from before limits were measured have none.
        limits=_LIMITS.validate_python(facts.get("limits")),
    )


def clearing_book(clearing: Clearing) -> Book:
    """What a market took, as a book."""
    return Book(
        facts={
            "price": clearing.price,
            "quantity_kw": clearing.quantity_kw,
            "segments_cleared": clearing.segments_cleared,
        }
    )


def clearing_of(book: Book) -> Clearing:
    """What a market took, from its book."""
    return Clearing(**book.facts)
