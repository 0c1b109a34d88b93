"""What may be spent on models, what was, and what is set aside for a request under way."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The most that may be spent in all; None sets no bound.

    Raises:
        ValueError: A bound is negative.
    """

    tokens: int | None = None
    usd: float | None = None

    def __post_init__(self) -> None:
        for name in ("tokens", "usd"):
            value = getattr(self, name)
            if value is not None and not value >= 0:
                raise ValueError(f"a budget in {name} must be at least 0, got {value}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """A sum of requests.

    Attributes:
        answers: Requests that were paid and brought an answer of the endpoint, usable or not.
        lost: Requests whose answer never came; they are counted at the most that they can have cost.
        kept: Answers from earlier requests, which cost nothing.
        prompt_tokens: Read by the model.
        reply_tokens: Said by the model.
        usd: US dollars; 0 without a price.
    """

    answers: int = 0
    lost: int = 0
    kept: int = 0
    prompt_tokens: int = 0
    reply_tokens: int = 0
    usd: float = 0.0

    @property
    def tokens(self) -> int:
        """Prompt and reply."""
        return self.prompt_tokens + self.reply_tokens

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(
            answers=self.answers + other.answers,
            lost=self.lost + other.lost,
            kept=self.kept + other.kept,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            reply_tokens=self.reply_tokens + other.reply_tokens,
            usd=self.usd + other.usd,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """The most that a request under way can cost.

    Attributes:
        id: Names it in the ledger's file.
        model: Who is asked.
        purpose: What for.
        prompt_tokens: Bound of what is read.
        reply_tokens: Bound of what is said.
        usd: Bound of the cost in US dollars.
    """

    id: str
    model: str
    purpose: str
    prompt_tokens: int
    reply_tokens: int
    usd: float

    @property
    def tokens(self) -> int:
        """Prompt and reply."""
        return self.prompt_tokens + self.reply_tokens
