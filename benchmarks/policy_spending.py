"""What a policy has read and said while it played, and what that cost."""

from collections.abc import Mapping

from skill_gym.agents.policy import Policy
from skill_gym.agents.rollout import Played
from skill_gym.skillbanks.teachers.price import Price


class PolicySpending:
    """Counts the tokens of a policy.

    Args:
        policy: Who plays; one that counts its tokens itself (``prompt_tokens``, ``reply_tokens``), as an
            endpoint does, is believed.
        price: Of its tokens; None where they cost nothing.
    """

    def __init__(self, policy: Policy, price: Price | None = None) -> None:
        self._policy = policy
        self._price = price
        self._read = self._said = 0

    def add(self, played: Played) -> None:
        """Takes an episode."""
        self._read += sum(len(completion.prompt_ids) for completion in played.completions)
        self._said += sum(len(completion.token_ids) for completion in played.completions)

    def figures(self) -> Mapping[str, str]:
        """Tokens and US dollars so far; nothing for policies without tokens."""
        read = getattr(self._policy, "prompt_tokens", 0) or self._read
        said = getattr(self._policy, "reply_tokens", 0) or self._said
        told = {"tokens": f"{read + said:,}"} if read + said else {}
        return told if self._price is None else {**told, "usd": f"{self._price.usd(read, said):.2f}"}
