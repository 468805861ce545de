"""The strategies by name, and the loader of a user's own."""

import importlib

from gridpact.errors import InputError
from gridpact.negotiation.concession import Concession
from gridpact.negotiation.language import Language
from gridpact.negotiation.strategy import Strategy
from gridpact.negotiation.tit_for_tat import TitForTat
from gridpact.negotiation.truthful import Truthful

STRATEGIES: dict[str, type[Strategy]] = {
    "truthful": Truthful,
    "concession": Concession,
    "tit_for_tat": TitForTat,
    "language": Language,
}


def load_strategy(name: str) -> Strategy:
    """The strategy called ``name``, or the class that ``module:Class`` names, made with no arguments.

    Raises:
        InputError: there is no such strategy, module or class, or the class is not a usable `Strategy`.
    """
    known = STRATEGIES.get(name)
    if known is not None:
        return known()
    module_name, colon, class_name = name.partition(":")
    if not colon:
        raise InputError(
            f"there is no strategy {name!r}; use one of {', '.join(sorted(STRATEGIES))}, or module:Class of your own"
        )
    where = f"strategy {name!r}"
    try:
        module = importlib.import_module(module_name)
    except SystemExit as leaving:  # a module may call sys.exit() while it is imported
        raise InputError(f"{where}: its module ends the program (exit code {leaving.code})") from None
    except Exception as problem:  # whatever a user's module raises while it is imported
        raise InputError(f"{where}: module {module_name!r} cannot be imported: {problem}") from problem
    found = getattr(module, class_name, None)
    if found is None:
        raise InputError(f"{where}: module {module_name!r} has no {class_name!r}")
    if not (isinstance(found, type) and issubclass(found, Strategy)):
        raise InputError(f"{where}: {class_name!r} is not a subclass of {Strategy.__module__}.{Strategy.__name__}")
    try:
        strategy = found()
    except (Exception, SystemExit) as problem:  # likewise
        raise InputError(f"{where}: {class_name}() cannot be made without arguments: {problem}") from problem
    if not strategy.name:
        strategy.name = name
    return strategy
