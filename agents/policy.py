"""The seam between a rollout and whoever answers: requests in, completions out, in any order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypedDict, runtime_checkable

FinishReason = Literal["stop", "length", "error"]
Structure = Literal["none", "format", "admissible"]


class Message(TypedDict):
    """One message of a conversation, in the roles of chat templates."""

    role: Literal["system", "user", "assistant"]
    content: str


class PolicyError(RuntimeError):
    """The policy could not answer; the episode is recorded as broken at the boundary ``policy``."""


class EngineAsleep(PolicyError):
    """A request came while the engine's memory was the learner's."""

    def __init__(self) -> None:
        super().__init__(
            "the engine sleeps while the learner updates; load_weights() or load_adapter() wakes it"
        )


def check_idle(replies: int) -> None:
    """Makes sure that no reply is under way when an engine's weights change or go.

    Raises:
        PolicyError: Some are; half of each would come from other weights.
    """
    if replies:
        raise PolicyError(
            f"{replies} replies are under way; poll() until they are finished, or abort() them, before "
            "loading weights"
        )


class PromptTooLong(PolicyError):
    """Prompt plus new tokens do not fit the model's context; nothing was sampled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How a reply is drawn.

    Attributes:
        temperature: 0 is greedy.
        top_p: Nucleus, in (0, 1].
        max_new_tokens: Longest reply, at least 1.
        seed: Seed of this one reply; None leaves it to the policy.
        stop: Texts that end a reply; they stay in the reply.
        structure: What a model's replies are held to: nothing, the environment's reply format, or the format
            with an admissible command in it.
        pattern: Regular expression that this one reply matches as a whole; a slot makes it by ``structure``.
            None for a free reply. Policies without tokens do not look at it.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    max_new_tokens: int = 512
    seed: int | None = None
    stop: tuple[str, ...] = ()
    structure: Structure = "none"
    pattern: str | None = None

    def __post_init__(self) -> None:
        if self.temperature < 0:
            raise ValueError(f"temperature must be at least 0, got {self.temperature}")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top_p must be in (0, 1], got {self.top_p}")
        if self.max_new_tokens < 1:
            raise ValueError(f"max_new_tokens must be at least 1, got {self.max_new_tokens}")


@dataclass(frozen=True, slots=True)
class Completion:
    """A reply with the tokens it was made of; the learner gets these ids unchanged.

    Attributes:
        ticket: The request's ticket.
        prompt_ids: Tokens of the prompt; empty for policies without tokens (scripted, endpoints).
        token_ids: Tokens of the reply, the end-of-turn token included when it was sampled.
        logprobs: Log-probability of each reply token by the model that sampled it, at temperature 1 and
            without nucleus, among the tokens that ``pattern`` allowed; same length as ``token_ids``.
        text: The reply as text, without the end-of-turn token.
        finish_reason: ``stop``, ``length`` (cut at ``max_new_tokens``) or ``error`` (``text`` says why).
        weights_version: Which weights answered; counts up from 0 with each ``load_weights``.
        cached_tokens: Tokens of the prompt that the engine had in its prefix cache, by its own count.
        pattern: Regular expression that the reply was held to; None for a free one.
    """

    ticket: str
    prompt_ids: tuple[int, ...]
    token_ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    text: str
    finish_reason: FinishReason = "stop"
    weights_version: int = 0
    cached_tokens: int = 0
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One question to the policy.

    Attributes:
        ticket: Name that the completion carries; unique among the requests under way.
        messages: The conversation, whole; the last message is the user's.
        info: The environment's info (``admissible_commands``, ``expert_command``, ``task``, ...), for
            policies that are scripted or that constrain their choice.
        sampling: How to draw.
        previous: The last completion of the same episode when the conversation grows (transcript
            layout). Then ``prompt_ids = previous.prompt_ids + previous.token_ids + template(new message)``
            and nothing is tokenised twice. None in the step layout and at the first step.
    """

    ticket: str
    messages: Sequence[Message]
    info: Mapping[str, Any] = field(default_factory=dict)
    sampling: Sampling = field(default_factory=Sampling)
    previous: Completion | None = None


@runtime_checkable
class Policy(Protocol):
    """Answers requests in any order, many at a time.

    ``submit`` never blocks for long; ``poll`` advances the work and returns what is finished, possibly
    nothing while requests are under way. ``name`` goes into the trajectories.
    """

    name: str

    def submit(self, request: Request) -> None:
        """Takes a request.

        Raises:
            PromptTooLong: Prompt plus ``max_new_tokens`` exceed the model's context.
        """
        ...

    def poll(self) -> list[Completion]:
        """Advances the work and returns the completions that are ready."""
        ...
