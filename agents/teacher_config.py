"""Which teacher a training run asks, and what it may cost."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

_SECRET = re.compile("key|authorization|password|secret")
_MEND = (
    "settings are written to files, so nothing secret may stand there; put it into the environment variable "
    "that teacher.api_key_variable names"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TeacherConfig:
    """Who turns failures into skills. Keys stay in the environment; none is ever a setting.

    Attributes:
        name: ``rules`` (needs no model), ``openai:MODEL`` (OpenAI, or the server at ``base_url``),
            ``azure:DEPLOYMENT`` (SkillRL's; see AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_API_KEY) or
            ``replay:FILE`` (a recording).
        base_url: Address of an OpenAI-compatible server, null for the endpoint's own.
        api_key_variable: Environment variable that holds the key; null for the usual one.
        budget_tokens: Most tokens of the whole run, resumed or not; null for no bound. When the budget is
            used up, training goes on with the bank as it is.
        budget_usd: Most US dollars of the whole run; needs ``price``.
        price: ``IN,OUT`` in US dollars for a million tokens read and said, or a JSON file
            ``{MODEL: [IN, OUT]}``.
        concurrency: Questions under way at once.
        cache: Where answers are kept, so that a resumed run pays none twice; null for the run's folder.
        context_tokens: The model's context.
        timeout: Seconds for one try.
        tries: Tries of a question.
        options: Further fields of each request, e.g. ``{reasoning_effort: low}``.

    Raises:
        ValueError: A number is out of its range, settings do not fit together, or a key stands in one.
    """

    name: str = "rules"
    base_url: str | None = None
    api_key_variable: str | None = None
    budget_tokens: int | None = None
    budget_usd: float | None = None
    price: str | None = None
    concurrency: int = 4
    cache: str | None = None
    context_tokens: int = 128_000
    timeout: float = 300.0
    tries: int = 6
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kind, _, what = self.name.partition(":")
        if self.name != "rules" and (kind not in ("openai", "azure", "replay") or not what):
            raise ValueError(
                "teacher.name must be rules, openai:MODEL, azure:DEPLOYMENT or replay:FILE, got "
                f"{self.name!r}"
            )
        for name, least in (("concurrency", 1), ("tries", 1), ("context_tokens", 1), ("budget_tokens", 0)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ValueError(f"teacher.{name} must be at least {least}, got {value}")
        if not self.timeout > 0:
            raise ValueError(f"teacher.timeout must be greater than 0, got {self.timeout}")
        if self.budget_usd is not None and (self.budget_usd < 0 or self.price is None):
            raise ValueError(
                f"teacher.budget_usd={self.budget_usd} must be at least 0 and needs teacher.price=IN,OUT"
            )
        if self.name == "rules":
            needless = [
                one for one in ("base_url", "budget_tokens", "price") if getattr(self, one) is not None
            ]
            if needless:
                raise ValueError(
                    f"teacher.{needless[0]} is for a model; name it with teacher.name, e.g. openai:MODEL"
                )
        if self.base_url is not None and "@" in urlsplit(self.base_url).netloc:
            raise ValueError(f"teacher.base_url holds a password; {_MEND}")
        if told := next((one for one in _names(self.options) if _SECRET.search(one.casefold())), None):
            raise ValueError(f"teacher.options holds {told!r}; {_MEND}")


def _names(options: Mapping[str, Any]) -> Iterator[str]:
    for name, value in options.items():
        yield str(name)
        if isinstance(value, Mapping):
            yield from _names(value)
