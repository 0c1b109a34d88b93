"""What tokens cost, as the user says it: the project keeps no price list, which would be wrong tomorrow."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens.

    Attributes:
        prompt: For tokens that are read. Discounts for repeated beginnings are not counted.
        reply: For tokens that are said, hidden thoughts included.

    Raises:
        ValueError: A price is negative or no number.
    """

    prompt: float
    reply: float

    def __post_init__(self) -> None:
        if not all(math.isfinite(each) and each >= 0 for each in (self.prompt, self.reply)):
            raise ValueError(f"a price must be at least 0, got {self.prompt} and {self.reply}")

    def usd(self, prompt_tokens: int, reply_tokens: int) -> float:
        """Cost of a request in US dollars."""
        return (prompt_tokens * self.prompt + reply_tokens * self.reply) / 1e6


def read_prices(text: str, model: str) -> dict[str, Price]:
    """Prices by model, from what a user gives.

    Args:
        text: ``IN,OUT`` in US dollars for a million tokens, for ``model``; or a JSON file that maps names of
            models to ``[IN, OUT]``.
        model: Whose price ``IN,OUT`` is.

    Raises:
        ValueError: It is neither.
        OSError: The file cannot be read.
    """
    form = 'IN,OUT in US dollars for a million tokens, e.g. 2,8, or a JSON file {"MODEL": [IN, OUT]}'
    if "," in text and not Path(text).exists():
        return {model: _price(text.split(","), f"expected {form}, got {text!r}")}
    try:
        table = json.loads(Path(text).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"expected {form}, got {text!r}") from None
    except ValueError as error:
        raise ValueError(f"{text}: no JSON ({error}); expected {form}") from error
    if not isinstance(table, Mapping):
        raise ValueError(f"{text}: expected {form}")
    return {
        name: _price(pair, f"{text}: {name}: expected [IN, OUT], got {pair!r}")
        for name, pair in table.items()
    }


def _price(pair: Any, mend: str) -> Price:
    try:
        prompt, reply = (float(each) for each in pair)
        return Price(prompt, reply)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{mend} ({error})") from None
