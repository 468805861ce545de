"""Runs Hypothesis state machines for a number of sequences, and says whether a machine finds a planted defect."""

from collections import Counter
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from gridpact.errors import GridpactError

MOST_STEPS = 50
QUICK = 100
"""Sequences by default of each of the three parts: ledger, protocol, journal."""


class CountedMachine(RuleBasedStateMachine):
    """Counts sequences, and what came of their steps, over a whole run of the machine."""

    sequences: ClassVar[int] = 0
    seen: ClassVar[Counter[Any]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        type(self).sequences += 1


def run_machine(machine: type[CountedMachine], *, sequences: int, fixed_seed: int | None = None) -> Counter[Any]:
    """Run ``machine`` for ``sequences`` sequences of up to `MOST_STEPS` steps; what its steps met.

    With ``fixed_seed`` the sequences are the same every time, and others for every seed.
    """
    counted = type(machine.__name__, (machine,), {"sequences": 0, "seen": Counter()})
    if fixed_seed is not None:
        counted = seed(fixed_seed)(counted)
    run_state_machine_as_test(
        counted,
        settings=settings(
            max_examples=sequences,
            stateful_step_count=MOST_STEPS,
            deadline=None,
            print_blob=True,
            database=None,
            # It measures how fast data are drawn, which on a busy computer says nothing of the rules.
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
    assert counted.sequences >= sequences
    return counted.seen


def finds(machine: type[CountedMachine], *, sequences: int = QUICK, fixed_seed: int = 1) -> str:
    """What ``machine`` says of a planted defect; empty where it finds none. What it finds is not made shorter."""
    counted = seed(fixed_seed)(type(machine.__name__, (machine,), {"sequences": 0, "seen": Counter()}))
    try:
        run_state_machine_as_test(
            counted,
            settings=settings(
                max_examples=sequences,
                stateful_step_count=MOST_STEPS,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=[HealthCheck.too_slow],
                report_multiple_bugs=False,
            ),
        )
    except (AssertionError, pytest.fail.Exception, GridpactError) as problem:
        return str(problem) or "an assertion failed"
    return ""
