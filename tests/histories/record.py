"""Records more histories: ``python tests/histories/record.py FIRST COUNT``. Those that are there are never made again.

A history is an exported run: its log and books. The tests replay each of them with the code of today, so that whatever
changes in gridpact, a log that was written stays readable. When the form of logs changes, record some in the new form.
"""

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from gridpact.flexibility.kernel_model import KernelModel  # noqa: E402
from gridpact.operation.inputs import DayRequest  # noqa: E402
from gridpact.operation.system import IntegratedNegotiationSystem  # noqa: E402
from gridpact.optimization.spec import ProblemSpec  # noqa: E402
from gridpact.results.events import LOG_VERSION  # noqa: E402
from gridpact.store.archive import write_archive  # noqa: E402
from gridpact.store.memory import MemoryStore  # noqa: E402
from simulation.driver import draw_request  # noqa: E402

RECORDED = HERE / "recorded"
LARGEST_BYTES = 60_000
FLEET = """home_id,battery_capacity_kwh,battery_charge_kw,battery_discharge_kw,battery_soc_fraction,tariff
ash,13.5,5,5,0.8,time_of_use
elm,10,4,4,0.6,wholesale_indexed
"""
TERMS = "margin: 0.1\nmax_share_per_home: 0.8\n"


def requests(first: int, count: int, root: Path) -> list[tuple[str, DayRequest]]:
    """Named requests: the demonstration, one of files, a second run on top of it, and simulated days."""
    fleet, spec = root / "fleet.csv", root / "terms.yaml"
    fleet.write_text(FLEET)
    spec.write_text(TERMS)
    of_files = DayRequest(fleet=str(fleet), spec=spec, kw=6.0, price=400.0, seed=first)
    found = [
        ("demonstration", DayRequest(seed=first)),
        ("of files", of_files),
        ("declined", DayRequest(fleet="3", price=1.0, kw=5.0, seed=first)),
        ("terms", DayRequest(fleet="4", price=300.0, kw=9.0, seed=first, spec=ProblemSpec(margin=0.2))),
        ("history prices", DayRequest(fleet="2", kw=4.0, seed=first, start="2022-08-10T18:00-05:00")),
    ]
    seeds = range(first, first + 3 * count)
    days = [(f"seed {seed}", replace(draw_request(seed, root, most_homes=3))) for seed in seeds]
    return (found + days)[: 3 * count]


def main() -> None:
    """Record ``COUNT`` histories of the log's present form."""
    first, count = int(sys.argv[1]), int(sys.argv[2])
    RECORDED.mkdir(exist_ok=True)
    made = 0
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, request in requests(first, count, root):
            store = MemoryStore()
            run = IntegratedNegotiationSystem(model=KernelModel(), store=store).run(request, out=root / "run")
            outcome = run.result["outcome"]
            if outcome in ("no_deal", "no_bid") and made % 3:
                continue
            path = RECORDED / f"v{LOG_VERSION}-{made + 1:02d}-{name.replace(' ', '-')}-{outcome}.zip"
            if path.exists():
                raise SystemExit(f"{path} is there already; histories are never made again")
            write_archive(store, store.run_ids()[0], path)
            if path.stat().st_size > LARGEST_BYTES:
                path.unlink()
                continue
            made += 1
            if made == count:
                return


if __name__ == "__main__":
    main()
