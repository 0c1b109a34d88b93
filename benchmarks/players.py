"""Who plays, by name: a scripted policy, a model, or an endpoint."""

import argparse
from typing import Any, Literal, get_args

from skill_gym.agents.policy import Policy
from skill_gym.agents.scripted import ExpertPolicy, RandomPolicy
from skill_gym.skillbanks.teachers.ledger import Ledger

Backend = Literal["auto", "vllm", "transformers", "server"]

PLAYERS = """expert (plays the environment's expert; see --failure-rate), random,
explorer (the environment's scripted player: knows what it has read, and takes skills as advice),
tiny (the bundled policy), smollm2, a model folder, a Hugging Face id, or openai:MODEL (an endpoint)"""


def add_backend_arguments(command: argparse._ActionsContainer) -> None:
    """``--backend`` and ``--url``: who samples from a model."""
    command.add_argument(
        "--backend",
        choices=get_args(Backend),
        default="auto",
        help="who samples from a model; auto is vLLM where it is installed, else transformers",
    )
    command.add_argument("--url", help="address of a vLLM server that serves the model, for --backend server")


def open_player(
    name: str,
    *,
    backend: Backend = "auto",
    failure_rate: float = 0.0,
    seed: int = 0,
    base_url: str | None = None,
    url: str | None = None,
    slots: int = 64,
    ledger: Ledger | None = None,
) -> Policy:
    """The policy of that name.

    Args:
        name: See ``PLAYERS``.
        backend: Who samples from a model; auto is vLLM where it is installed, else transformers.
        failure_rate: Of the expert.
        seed: Of scripted policies, and of replies without a seed.
        base_url: Address of an OpenAI-compatible endpoint.
        url: Address of the server, for ``backend="server"``.
        slots: Most requests under way at once.
        ledger: Counts and bounds what an endpoint costs.

    Raises:
        ValueError: No such model, or a server without an address.
        PolicyError: The policy does not start; the message says what to install.
    """
    if (backend == "server") != (url is not None):
        raise ValueError(f"--backend server and --url go together, got {backend} and {url}")
    if name == "expert":
        return ExpertPolicy(failure_rate, seed)
    if name == "random":
        return RandomPolicy(seed)
    if name == "explorer":
        from skill_gym.agents.explorer_policy import ExplorerPolicy

        return ExplorerPolicy(most_episodes=max(4096, slots))
    if name.startswith("openai:"):
        from skill_gym.agents.openai_policy import OpenAIPolicy

        return OpenAIPolicy(name.removeprefix("openai:"), base_url, concurrency=slots, ledger=ledger)
    from skill_gym.agents.models import resolve_model
    from skill_gym.agents.sampler import open_sampler

    return open_sampler(resolve_model(name), backend=backend, url=url, seed=seed, slots=slots, name=name)


def token_counter(policy: Policy) -> Any:
    """The policy's own count of tokens, None for policies without tokens."""
    return getattr(policy, "count_tokens", None)
