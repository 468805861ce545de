"""Scripts of messages from outside: bids, answers and awards that come late, twice, out of order, forged or garbled."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from gridpact.operation.inputs import MarketDay


def write_script(day: MarketDay, path: Path, rng: np.random.Generator, *, market: bool) -> None:
    """Messages of every home outside, and of the market, for ``day``, in no order."""
    lines: list[tuple[datetime, Any]] = []
    for call in day.calls:
        opening, closing = call.gate_closure - timedelta(hours=1), call.gate_closure
        step = (closing - opening) / (2 * day.rounds + 1)
        opportunity = call.opportunity.opportunity_id
        for home in day.outside:
            ask = float(np.round(rng.uniform(20, 400), 2))
            kw = float(np.round(rng.uniform(0.2, 6.0), 3))
            taken = 0.0
            for round in range(1, day.rounds + 1):
                name = f"{home}/{opportunity}/{round}"
                ask = float(np.round(ask * rng.uniform(0.8, 1.0), 2))
                segments = [{"quantity_kw": kw, "price": ask}]
                bid = {"kind": "bid", "message_id": f"b{name}", "opportunity_id": opportunity, "home_id": home}
                bid |= {"round": round, "segments": segments}
                if rng.random() < 0.3:
                    bid["note"] = f"words of {home}, round {round}"
                taken = float(np.round(taken + rng.uniform(0, kw - taken), 3))
                answer = {"kind": "answer", "message_id": f"a{name}", "opportunity_id": opportunity, "home_id": home}
                answer |= {"round": round, "total_kw": taken}
                start = opening + 2 * (round - 1) * step
                for message, begin in ((bid, start), (answer, start + step)):
                    lines += _storm(message, begin, step, rng)
        if market:
            award = {
                "kind": "award",
                "message_id": f"w{opportunity}",
                "opportunity_id": opportunity,
                "price": float(np.round(rng.uniform(50, 900), 2)),
                "quantity_kw": float(np.round(rng.choice([0.0, rng.uniform(0.1, 2.0), rng.uniform(0.1, 30.0)]), 3)),
            }
            lines += _storm(award, closing, timedelta(hours=1), rng)
            lines += _storm({**award, "message_id": "second", "quantity_kw": 0.5}, closing, timedelta(hours=1), rng)
    order = rng.permutation(len(lines))
    text = [json.dumps({"at": lines[k][0].isoformat(), "message": lines[k][1]}) for k in order]
    path.write_text("".join(line + "\n" for line in text))


def _storm(
    message: dict[str, Any], begin: datetime, length: timedelta, rng: np.random.Generator
) -> list[tuple[datetime, Any]]:
    """One message as a network might deliver it."""
    if rng.random() < 0.1:
        return []  # lost
    at = begin + float(rng.uniform(0.05, 1.2 if rng.random() < 0.2 else 0.9)) * length
    found: list[tuple[datetime, Any]] = [(at, message)]
    for _ in range(int(rng.integers(0, 3))):
        found.append((at + float(rng.uniform(0, 3)) * length, message))
    match int(rng.integers(6)):
        case 0:
            found.append((at, {**message, "nonce": "0" * 64, "message_id": "forged" + message["message_id"]}))
        case 1:
            found.append((at - length, {**message, "message_id": "early" + message["message_id"]}))
        case 2:
            found.append((at, {**message, "round": 1, "message_id": "stale" + message["message_id"]}))
        case 3:
            found.append((at, {**message, "home_id": "nobody", "message_id": "x"}))
        case 4:
            found.append((at, {**message, "price": "Infinity", "message_id": "y"}))
        case _:
            found.append((at, ["not", "a", "message"]))
    return found
