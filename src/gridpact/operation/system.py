"""`IntegratedNegotiationSystem`: a market day from request to run folder, and scenario analysis."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gridpact.flexibility.kernel_model import KernelModel, compile_ahead, is_compiled
from gridpact.flexibility.model import FlexibilityModel
from gridpact.operation.day import run_market_day
from gridpact.operation.inputs import DayRequest, MarketDay, prepare_day, with_price
from gridpact.operation.scenarios import ScenarioAnalysis, analyse, folder_name
from gridpact.results.run_folder import RunFolder, check_destination

RUNS = Path("runs")


class IntegratedNegotiationSystem:
    """Runs market days end to end and writes their run folders."""

    def __init__(
        self,
        *,
        model: FlexibilityModel | None = None,
        progress: Callable[[str], None] = lambda stage: None,
        counter: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        """Set what prices flexibility, and who is told of each stage and of how many homes it has done.

        By default the compiled kernel, on all processors; only that one counts homes.
        """
        self._model = model
        self._progress = progress
        self._counter = counter

    def run(self, request: DayRequest | None = None, *, out: Path | None = None) -> RunFolder:
        """Run one market day and write its folder, ``runs/<run id>`` by default.

        Raises:
            InputError: the request cannot be used; nothing is written.
            MarketRuleError: an opportunity breaks its market's rules.
            InfeasibleError: a home's own data allow no schedule.
            StoreError: the folder cannot be written; what was there is untouched.
        """
        if out is not None:
            check_destination(out)
        day = prepare_day(request or DayRequest())
        target = out if out is not None else RUNS / day.run_id
        check_destination(target)
        self._say_how_read(day)
        return self._run(day, target)

    def run_scenarios(
        self,
        request: DayRequest | None = None,
        *,
        prices: Sequence[float] = (120.0, 80.0, 45.0),
        out: Path | None = None,
    ) -> ScenarioAnalysis:
        """Run the same day at each of ``prices`` [USD/MWh, or USD/MW per h], and judge whether it pays.

        Raises:
            InputError: as for `run`.
        """
        base = request or DayRequest()
        root = out if out is not None else RUNS / "scenarios"
        # Every day is checked before the first one is written.
        days = []
        for price in prices:
            target = root / folder_name(price)
            check_destination(target)
            days.append((price, prepare_day(with_price(base, price)), target))
        folders = []
        self._say_how_read(days[0][1])
        for price, day, target in days:
            self._progress(f"market price {price:g}")
            folders.append((price, self._run(day, target)))
        return analyse(folders, path=root)

    def _say_how_read(self, day: MarketDay) -> None:
        if day.fleet_notes:
            self._progress(
                f"reading the fleet, with {len(day.fleet_notes)} of the notes that 'gridpact fleet validate' lists"
            )

    def _run(self, day: MarketDay, target: Path) -> RunFolder:
        if self._model is None and not is_compiled():
            self._progress("compiling for this machine, once (half a minute)")
            compile_ahead()
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            model = self._model or KernelModel(spread=pool.map, counter=self._counter)
            finished = run_market_day(day, model=model, progress=self._progress)
        self._progress("writing the run folder and the report")
        return finished.write(target)
