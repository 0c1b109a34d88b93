"""How long examples are, in the tokens of the policy that is to learn them."""

from pathlib import Path
from typing import Any

from skill_gym.agents.chat import ChatTokens
from skill_gym.agents.demonstration_tokens import encode
from skill_gym.agents.models import ModelError, load_tokenizer, resolve_model
from skill_gym.agents.sft_examples import SftExample
from skill_gym.agents.sft_export import Ruler
from skill_gym.agents.sft_statistics import Length


def open_ruler(name: str) -> Ruler:
    """A ruler by a tokenizer's name.

    Args:
        name: A folder with a tokenizer, ``tiny``, ``smollm2``, a model folder, or a Hugging Face id.

    Raises:
        ModelError: There is no such tokenizer, or it has no chat template.
    """
    folder = Path(name).expanduser()
    if folder.is_dir() and not (folder / "tokenizer_config.json").is_file():
        raise ModelError(f"{folder} has no tokenizer_config.json; pass the folder of a tokenizer or a model")
    path = folder if folder.is_dir() else resolve_model(name)
    return ruler_of(load_tokenizer(path), name)


def ruler_of(tokenizer: Any, name: str, *, keep: bool = False) -> Ruler:
    """A ruler by a tokenizer; ``keep`` saves it beside the examples, for a policy from scratch."""
    chat = ChatTokens(tokenizer)

    def measure(example: SftExample) -> Length:
        sample = encode(example.episode, chat)
        said = len(sample.positions)
        return Length(len(sample) - said, said)

    return Ruler(name, chat.count_tokens, measure, chat.harmless, tokenizer if keep else None)
