"""Fetches one frame through gridstatus and writes it as CSV. Runs by itself, also in an environment without gridpact.

gridstatus wants pandas below 3, gridpact takes both; where they do not share an environment, another Python runs this
file: ``python gridstatus_worker.py REQUEST.json OUT.csv``.
"""

import inspect
import json
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

CLASSES = {
    "caiso": "CAISO",
    "ercot": "Ercot",
    "isone": "ISONE",
    "miso": "MISO",
    "nyiso": "NYISO",
    "pjm": "PJM",
    "spp": "SPP",
}
DATASETS = ("lmp", "spp", "as")


def methods_of(request: dict[str, Any]) -> list[str]:
    """Names of gridstatus' methods that answer ``request``, the best first.

    ``get_lmp`` takes locations but is deprecated since 0.3x; the methods of one market do not take them.
    """
    if request["dataset"] == "as":
        return ["get_as_prices", "get_as_prices_day_ahead_hourly"]
    if request["dataset"] == "spp":
        return ["get_spp"]
    of_market = f"get_lmp_{str(request['market']).lower()}"
    return ["get_lmp", of_market] if request["locations"] else [of_market, "get_lmp"]


def fetch(request: dict[str, Any], out: Path) -> None:
    """Fetch what ``request`` says and write it to ``out``.

    Raises:
        ImportError: gridstatus is not installed.
        LookupError: gridstatus has no such data of that operator, or days are missing.
        ConnectionError: no day could be fetched.
        Exception: whatever gridstatus or the network raises.
    """
    import gridstatus

    operator = getattr(gridstatus, CLASSES[request["iso"]])()
    takes: dict[str, Any] = {"end": request["end"], "market": request["market"], "locations": request["locations"]}
    for name in methods_of(request):
        method = getattr(operator, name, None)
        if method is None:
            continue
        known = inspect.signature(method).parameters
        if "market" not in known and name in ("get_lmp", "get_spp"):
            continue
        given = {key: value for key, value in takes.items() if key in known and value}
        if request["dataset"] == "as":
            given.pop("market", None)
        try:
            frame = _strictly(method, request["start"], given)
        except ValueError as problem:
            if "No objects to concatenate" not in str(problem):
                raise
            raise ConnectionError("no day could be fetched: there is no connection, or no data of these days") from None
        break
    else:
        raise LookupError(f"gridstatus has no {request['dataset']} of {request['iso']} in market {request['market']}")
    if request["locations"] and "Location" in frame.columns:
        frame = frame[frame["Location"].astype(str).isin(request["locations"])]
    _check_days(frame, request)
    frame.to_csv(out, index=False)


def _strictly(method: Any, start: str, given: dict[str, Any]) -> Any:
    """What ``method`` answers; a day that fails is an error. By default gridstatus leaves such days out with a note."""
    if hasattr(method, "__wrapped__"):
        try:
            return method(start, **given, error="raise")
        except TypeError as problem:
            if "'error'" not in str(problem):
                raise
    return method(start, **given)


def _check_days(frame: Any, request: dict[str, Any]) -> None:
    if "Interval Start" not in frame.columns:
        return
    there = {str(moment)[:10] for moment in frame["Interval Start"]}
    first, end = date.fromisoformat(request["start"]), date.fromisoformat(request["end"])
    days = [(first + timedelta(days=k)).isoformat() for k in range((end - first).days)]
    absent = [day for day in days if day not in there]
    if absent:
        raise LookupError(f"the answer has no data for {len(absent)} of {len(days)} days, the first {absent[0]}")


if __name__ == "__main__":
    fetch(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2]))
