"""Virtual power plant market days: negotiate with owners, form the coalition, bid, dispatch, settle, explain.

The public names are in ``__all__``. Each is imported when it is first used, so that importing gridpact is fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gridpact.data.prices import read_prices as read_prices
    from gridpact.errors import GridpactError as GridpactError
    from gridpact.errors import InfeasibleError as InfeasibleError
    from gridpact.errors import InputError as InputError
    from gridpact.errors import MarketRuleError as MarketRuleError
    from gridpact.fleet.fleet import Fleet as Fleet
    from gridpact.fleet.generator import demonstration_fleet as demonstration_fleet
    from gridpact.fleet.generator import generate_fleet as generate_fleet
    from gridpact.fleet.io import read_fleet as read_fleet
    from gridpact.fleet.preferences import Preferences as Preferences
    from gridpact.fleet.prosumer import Prosumer as Prosumer
    from gridpact.flexibility.highs import HighsModel as HighsModel
    from gridpact.flexibility.kernel_model import KernelModel as KernelModel
    from gridpact.market.opportunities import read_opportunities as read_opportunities
    from gridpact.market.opportunity import MarketOpportunity as MarketOpportunity
    from gridpact.market.opportunity import Product as Product
    from gridpact.market.rules import load_rules as load_rules
    from gridpact.market.scenarios import PriceScenarios as PriceScenarios
    from gridpact.negotiation.engine import CoreNegotiationEngine as CoreNegotiationEngine
    from gridpact.negotiation.strategies import load_strategy as load_strategy
    from gridpact.negotiation.strategy import Strategy as Strategy
    from gridpact.operation.inputs import DayRequest as DayRequest
    from gridpact.operation.scenarios import ScenarioAnalysis as ScenarioAnalysis
    from gridpact.operation.system import IntegratedNegotiationSystem as IntegratedNegotiationSystem
    from gridpact.optimization.formulation import BidRequest as BidRequest
    from gridpact.optimization.spec import ProblemSpec as ProblemSpec
    from gridpact.optimization.tool import OptimizationTool as OptimizationTool
    from gridpact.report.html import render_report as render_report
    from gridpact.results.run_folder import RunFolder as RunFolder

_HOMES = {
    "BidRequest": "optimization.formulation",
    "CoreNegotiationEngine": "negotiation.engine",
    "DayRequest": "operation.inputs",
    "Fleet": "fleet.fleet",
    "GridpactError": "errors",
    "HighsModel": "flexibility.highs",
    "KernelModel": "flexibility.kernel_model",
    "InfeasibleError": "errors",
    "InputError": "errors",
    "IntegratedNegotiationSystem": "operation.system",
    "MarketOpportunity": "market.opportunity",
    "MarketRuleError": "errors",
    "OptimizationTool": "optimization.tool",
    "Preferences": "fleet.preferences",
    "PriceScenarios": "market.scenarios",
    "ProblemSpec": "optimization.spec",
    "Product": "market.opportunity",
    "Prosumer": "fleet.prosumer",
    "RunFolder": "results.run_folder",
    "ScenarioAnalysis": "operation.scenarios",
    "Strategy": "negotiation.strategy",
    "demonstration_fleet": "fleet.generator",
    "generate_fleet": "fleet.generator",
    "load_rules": "market.rules",
    "load_strategy": "negotiation.strategies",
    "read_fleet": "fleet.io",
    "read_opportunities": "market.opportunities",
    "read_prices": "data.prices",
    "render_report": "report.html",
}

__all__ = [
    "BidRequest",
    "CoreNegotiationEngine",
    "DayRequest",
    "Fleet",
    "GridpactError",
    "HighsModel",
    "InfeasibleError",
    "InputError",
    "IntegratedNegotiationSystem",
    "KernelModel",
    "MarketOpportunity",
    "MarketRuleError",
    "OptimizationTool",
    "Preferences",
    "PriceScenarios",
    "ProblemSpec",
    "Product",
    "Prosumer",
    "RunFolder",
    "ScenarioAnalysis",
    "Strategy",
    "demonstration_fleet",
    "generate_fleet",
    "load_rules",
    "load_strategy",
    "read_fleet",
    "read_opportunities",
    "read_prices",
    "render_report",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'gridpact' has no attribute {name!r}")
    value: object = getattr(import_module(f"gridpact.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Public names first, imported or not."""
    return sorted({*globals(), *__all__})
