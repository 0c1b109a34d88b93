"""A scripted player with tokens: what a language model would have read and said in its place."""

from collections.abc import Collection

from skill_gym.agents.batching import BatchPolicy
from skill_gym.agents.chat import ChatTokens
from skill_gym.agents.demonstration_tokens import end_id
from skill_gym.agents.policy import Completion, Request


class SpeakingPolicy:
    """Gives the completions of a scripted player the ids of prompt and reply, and remembers what was asked.

    Args:
        player: The scripted player.
        chat: Tokenizer and chat template of the model that it stands for.

    Attributes:
        asked: Each request with the ids of its prompt, in the order of asking.
    """

    def __init__(self, player: BatchPolicy, chat: ChatTokens) -> None:
        self.name = player.name
        self.asked: list[tuple[Request, tuple[int, ...]]] = []
        self._player = player
        self._chat = chat
        self._end = end_id(chat)
        self._requests: dict[str, tuple[int, ...]] = {}

    def count_tokens(self, text: str) -> int:
        """Number of tokens of a text on its own."""
        return self._chat.count_tokens(text)

    def submit(self, request: Request) -> None:
        """Takes a request."""
        prompt_ids = self._chat.request_ids(request)
        self._player.submit(request)
        self._requests[request.ticket] = prompt_ids
        self.asked.append((request, prompt_ids))

    def poll(self) -> list[Completion]:
        """The player's answers, with tokens; log-probabilities are 0, since nothing was drawn."""
        return [self._with_tokens(completion) for completion in self._player.poll()]

    def abort(self, tickets: Collection[str]) -> None:
        """Forgets requests that nobody waits for any more."""
        self._player.abort(tickets)

    def _with_tokens(self, completion: Completion) -> Completion:
        ids = (*self._chat.tokenizer(completion.text, add_special_tokens=False)["input_ids"], self._end)
        return Completion(
            completion.ticket,
            self._requests.pop(completion.ticket),
            ids,
            (0.0,) * len(ids),
            completion.text,
            completion.finish_reason,
        )
