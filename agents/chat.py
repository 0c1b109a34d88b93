"""Turns conversations into token ids and back; the only place that applies a chat template."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skill_gym.agents.models import load_tokenizer
from skill_gym.agents.policy import Completion, Message, PolicyError, PromptTooLong, Request

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_MARK = "skill-gym-reply-mark"

_SPOKEN = {"<think>", "</think>"}
"""Tokens that prompts name on purpose, special or not."""


class ChatTokens:
    """The chat template of one tokenizer, applied so that nothing is ever tokenised twice.

    A conversation that grows is continued from the ids of the last completion:
    ``prompt_ids = previous.prompt_ids + previous.token_ids + bridge``, where the bridge closes the reply,
    holds the new user message and opens the next reply. Tokenising the whole conversation again could
    give other ids for the replies than those that were sampled, and the learner would train on tokens
    that nobody drew.

    Args:
        tokenizer: A Hugging Face tokenizer with a chat template.
        options: Further variables of the template, e.g. ``{"enable_thinking": False}``.
        stop_ids: Further ids that end a reply (from the model's generation config).

    Raises:
        PolicyError: The tokenizer has no chat template, or one that does not show what is said.
    """

    def __init__(
        self,
        tokenizer: "PreTrainedTokenizerBase",
        *,
        options: Mapping[str, Any] | None = None,
        stop_ids: Sequence[int] = (),
    ) -> None:
        if not getattr(tokenizer, "chat_template", None):
            raise PolicyError(
                f"the tokenizer {getattr(tokenizer, 'name_or_path', '')!r} has no chat template; choose an "
                "instruction-tuned model, or set tokenizer.chat_template (a Jinja text, see "
                "transformers' guide to chat templates) and save the tokenizer into the model's folder"
            )
        self.tokenizer = tokenizer
        self._options = dict(options or {})
        added = getattr(tokenizer, "added_tokens_decoder", {}).values()
        marks = {*tokenizer.all_special_tokens, *(str(token) for token in added if token.special)}
        # The longest first: one mark may begin another.
        names = sorted(marks - _SPOKEN, key=lambda mark: (-len(mark), mark))
        self._marks = re.compile("|".join(map(re.escape, names))) if names else None
        closing = self._ids(self._bridge("x"))
        special = set(tokenizer.all_special_ids) | set(getattr(tokenizer, "added_tokens_decoder", {}))
        ends = {*stop_ids, *(closing[:1] if closing and closing[0] in special else ())}
        if tokenizer.eos_token_id is not None:
            ends.add(int(tokenizer.eos_token_id))
        self.stop_ids: frozenset[int] = frozenset(ends)
        """Ids that end a reply: end of text, and the token with which the template closes a reply."""

    def request_ids(self, request: Request, context_length: int | None = None) -> tuple[int, ...]:
        """The prompt of a request: a whole conversation, or the continuation of ``request.previous``.

        Args:
            request: What is asked.
            context_length: Largest number of tokens, reply included; None for no limit.

        Raises:
            PromptTooLong: Prompt plus ``max_new_tokens`` exceed ``context_length``.
            PolicyError: See ``continuation_ids``.
        """
        if request.previous is None:
            ids = self.prompt_ids(request.messages)
        else:
            ids = self.continuation_ids(request.previous, request.messages[-1])
        new = request.sampling.max_new_tokens
        if context_length is not None and len(ids) + new > context_length:
            raise PromptTooLong(
                f"a prompt of {len(ids)} tokens and a reply of up to {new} exceed the model's context of "
                f"{context_length}; shorten the skills (max_tokens) or the history, lower max_new_tokens, "
                "use layout='step', or choose a model with a longer context"
            )
        return ids

    def prompt_ids(self, messages: Sequence[Message]) -> tuple[int, ...]:
        """Ids of a whole conversation with the opening of the next reply."""
        return self._ids(self._render(messages))

    def continuation_ids(self, previous: Completion, message: Message) -> tuple[int, ...]:
        """Ids of the last completion's conversation with one more user message.

        The token that closes a reply is there once: a reply that was cut is closed, one that ended by
        itself is not closed again.

        Raises:
            PolicyError: The message is not the user's, or the completion came from a policy without tokens.
        """
        if message["role"] != "user":
            raise PolicyError(f"a conversation goes on with a user message, got one of {message['role']!r}")
        if not previous.prompt_ids:
            raise PolicyError(
                "the previous completion has no token ids, so another kind of policy sampled it; "
                "let one policy play a whole episode, or pass previous=None"
            )
        bridge = self._ids(self._bridge(message["content"]))
        if (
            previous.token_ids
            and bridge
            and previous.token_ids[-1] == bridge[0]
            and bridge[0] in self.stop_ids
        ):
            bridge = bridge[1:]
        return previous.prompt_ids + previous.token_ids + bridge

    def text(self, token_ids: Sequence[int]) -> str:
        """A reply as text, without the token that ended it."""
        ids = list(token_ids)
        if ids and ids[-1] in self.stop_ids:
            ids.pop()
        # Special tokens inside a reply stay visible: the environment must see what was said.
        return str(self.tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False))

    def count_tokens(self, text: str) -> int:
        """Number of tokens of a text on its own."""
        return len(self._ids(text))

    def _bridge(self, content: str) -> str:
        rendered = self._render(
            [
                {"role": "user", "content": "x"},
                {"role": "assistant", "content": _MARK},
                {"role": "user", "content": content},
            ]
        )
        _, mark, bridge = rendered.partition(_MARK)
        if not mark or not bridge:
            raise PolicyError(
                "the chat template leaves out the assistant's messages, so a conversation cannot grow; "
                "use a template that shows every message"
            )
        return bridge

    def _render(self, messages: Sequence[Message]) -> str:
        return str(
            self.tokenizer.apply_chat_template(
                [self._harmless(message) for message in messages],
                tokenize=False,
                add_generation_prompt=True,
                **self._options,
            )
        )

    def harmless(self, text: str) -> str:
        """The text with a blank in each special token that it spells out.

        A passage, a product or a skill could otherwise close the user's message and speak for the assistant.
        """
        if self._marks is None:
            return text
        return self._marks.sub(lambda mark: f"{mark[0][0]} {mark[0][1:]}", text)

    def _harmless(self, message: Message) -> dict[str, Any]:
        content = message["content"]
        return {**message, "content": content if message["role"] == "assistant" else self.harmless(content)}

    def _ids(self, text: str) -> tuple[int, ...]:
        return tuple(self.tokenizer(text, add_special_tokens=False)["input_ids"])


def end_ids(eos_token_id: int | Sequence[int] | None) -> tuple[int, ...]:
    """A generation config's end-of-text ids as a tuple: it holds one, several or none."""
    if eos_token_id is None:
        return ()
    return (eos_token_id,) if isinstance(eos_token_id, int) else tuple(eos_token_id)


def load_chat(folder: Path) -> ChatTokens:
    """The chat template of a model folder, with the ids that end a reply by its generation config."""
    from transformers import GenerationConfig

    try:
        ends = end_ids(GenerationConfig.from_pretrained(str(folder)).eos_token_id)
    except OSError:
        ends = ()
    return ChatTokens(load_tokenizer(folder), stop_ids=ends)
