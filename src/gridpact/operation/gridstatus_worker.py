"""Fetches one frame through gridstatus and writes it as CSV. Runs by itself, also in an environment without gridpact.

gridstatus wants pandas below 3, gridpact takes both; where they do not share an environment, another Python runs this
file: ``python gridstatus_worker.py REQUEST.json OUT.csv``.
"""

import json
import sys
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
METHODS = {"lmp": "get_lmp", "spp": "get_spp", "as": "get_as_prices"}


def fetch(request: dict[str, Any], out: Path) -> None:
    """Fetch what ``request`` says and write it to ``out``.

    Raises:
        ImportError: gridstatus is not installed.
        Exception: whatever gridstatus or the network raises.
    """
    import gridstatus

    operator = getattr(gridstatus, CLASSES[request["iso"]])()
    method = getattr(operator, METHODS[request["dataset"]])
    arguments: dict[str, Any] = {"end": request["end"]}
    if request["dataset"] != "as":
        arguments["market"] = request["market"]
        if request["locations"]:
            arguments["locations"] = request["locations"]
    frame = method(request["start"], **arguments)
    frame.to_csv(out, index=False)


if __name__ == "__main__":
    fetch(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2]))
