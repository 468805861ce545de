"""Fallback pricing: a bid by merit order where the solver fails. Plainer, never unsafe, and labelled."""

from gridpact.coalition.formation import FormationResult
from gridpact.coalition.merit_order import form_by_merit
from gridpact.coalition.problem import FormationProblem


def fallback_formation(problem: FormationProblem, *, solver: str) -> FormationResult:
    """Coalitions by merit order, in place of those that ``solver`` failed to find.

    Every scenario calls the options that its price pays for after the margin, cheapest first, up to the request and
    within every term. Equal to the optimum where only the request and caps on homes and the total bind; otherwise
    it may earn less, and may bid nothing where an optimum exists.
    """
    x = form_by_merit(problem)
    x.setflags(write=False)
    return FormationResult(
        x=x,
        method="fallback",
        status="failed",
        gap=None,
        solver=f"merit order ({solver} failed)",
        value_usd=problem.value_usd(x),
    )
