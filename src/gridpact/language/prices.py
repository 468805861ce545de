"""What providers charge for tokens, from the list that genai-prices carries; nothing is looked up on a network."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from typing import Any

Price = Callable[[int, int], int]
"""Cost of tokens in and out [micro-dollars], rounded up."""

_AS_PRICED = {"gemini": "google", "openai": "openai", "anthropic": "anthropic"}


def price_of(provider: str, model: str) -> Price | None:
    """The price of a provider's model; None where the list has none.

    The price of an hour of the day at which a model is dearest does not stand apart in the list: of several prices the
    one in force when this is called is taken.
    """
    from genai_prices import Usage as Tokens
    from genai_prices import calc_price

    provider_id = _AS_PRICED.get(provider)
    if provider_id is None:
        return None
    at = datetime.now(UTC)

    def price(tokens_in: int, tokens_out: int) -> int:
        found: Any = calc_price(
            Tokens(input_tokens=tokens_in, output_tokens=tokens_out),
            model,
            provider_id=provider_id,
            genai_request_timestamp=at,
        )
        return int((Decimal(found.total_price) * 1_000_000).to_integral_value(rounding=ROUND_CEILING))

    try:
        price(1, 1)
    except LookupError:
        return None
    return price
