"""A completion of a vLLM server: what is asked by token ids, and what of the answer can be learnt from."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skill_gym.agents.policy import FinishReason, PolicyError, Sampling


@dataclass(frozen=True, slots=True)
class ServerReply:
    """A reply as it was drawn.

    Attributes:
        token_ids: The token that ended it included.
        logprobs: At temperature 1 and without nucleus, one a token.
        finish_reason: ``stop`` or ``length``.
        cached_tokens: Of the prompt, that were in the prefix cache; 0 for a server that does not tell.
    """

    token_ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    finish_reason: FinishReason
    cached_tokens: int


def completion_body(
    model: str, prompt_ids: Sequence[int], sampling: Sampling, stop_ids: Collection[int]
) -> dict[str, Any]:
    """The body of a request to ``/v1/completions``.

    Args:
        model: The server's name of the model or adapter.
        prompt_ids: Tokens of the prompt.
        sampling: How to draw.
        stop_ids: Tokens that end a reply.
    """
    body = {
        "model": model,
        "prompt": list(prompt_ids),
        "max_tokens": sampling.max_new_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        # Said, because a server takes what is not said from the model's generation_config.json.
        "top_k": 0,
        "min_p": 0.0,
        "repetition_penalty": 1.0,
        "seed": sampling.seed,
        "stop": list(sampling.stop),
        "stop_token_ids": sorted(stop_ids),
        "include_stop_str_in_output": True,
        "logprobs": 0,
        "return_token_ids": True,
    }
    if sampling.pattern is not None:
        # Not guided_regex: newer servers ignore that without a word.
        body["structured_outputs"] = {"regex": sampling.pattern}
    return body


def read_completion(
    answer: Mapping[str, Any], prompt_ids: tuple[int, ...], sampling: Sampling
) -> ServerReply:
    """The reply in an answer of ``/v1/completions``.

    Args:
        answer: JSON.
        prompt_ids: That were sent.
        sampling: That was asked for.

    Raises:
        PolicyError: It cannot be learnt from; the message says why.
    """
    choice = answer["choices"][0]
    if choice.get("token_ids") is None or choice.get("logprobs") is None:
        raise PolicyError("the server returns no token ids; it must be vLLM 0.10.2 or newer")
    token_ids = tuple(choice["token_ids"])
    logprobs = tuple(float(one) for one in choice["logprobs"]["token_logprobs"])
    reason, most = choice["finish_reason"], sampling.max_new_tokens
    if tuple(choice["prompt_token_ids"]) != prompt_ids or len(logprobs) != len(token_ids):
        raise PolicyError("the server answered to other tokens than those that were sent")
    if reason not in ("stop", "length"):
        raise PolicyError(f"the server ended the reply by {reason!r}")
    if reason == "length" and len(token_ids) < most:
        raise PolicyError(
            f"the server cut the reply at {len(token_ids)} tokens, {most} were asked for; start it with "
            "--generation-config vllm"
        )
    details = (answer.get("usage") or {}).get("prompt_tokens_details") or {}
    return ServerReply(token_ids, logprobs, reason, int(details.get("cached_tokens") or 0))
