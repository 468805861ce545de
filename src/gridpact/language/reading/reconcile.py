"""Two readings of one text become one: where they differ the stricter limit holds until the owner confirms."""

from collections.abc import Mapping
from dataclasses import replace

from gridpact.language.reading.wishes import Wish, Wishes, stricter


def reconcile(read: Wishes, model: Mapping[str, Wish]) -> Wishes:
    """The deterministic reading with what a model adds to it or tightens.

    A model never loosens: where both have a field the stricter value stands, and what the model alone has found is
    a limit that holds besides the fleet's own until the owner confirms it.
    """
    found = dict(read.found)
    for name, wish in model.items():
        known = found.get(name)
        if known is None:
            found[name] = wish
        elif known.value == wish.value:
            found[name] = replace(known, source="both", confidence=round(1 - (1 - known.confidence) * 0.5, 2))
        else:
            value = stricter(name, known.value, wish.value)
            kept = known if value == known.value else replace(wish, value=value)
            found[name] = replace(kept, confidence=min(0.5, known.confidence, wish.confidence))
    return replace(read, found=found).ordered()
