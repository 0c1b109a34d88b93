"""The small policy: a Llama of a few million parameters with its own tokenizer and chat template."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from skill_gym.agents.phrases import TAG, UNIT, find_phrases, without_phrases

PAD, USER, ASSISTANT, SYSTEM, END = "<|pad|>", "<|user|>", "<|assistant|>", "<|system|>", "<|end|>"
REPLY_TAGS = ("<think>", "</think>", "<action>", "</action>")
"""Tags that every tokenizer has; further ones are found in the texts."""
MIN_TAGS = 20
"""A tag that is seen less often gets no token of its own."""

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>' + message['content'] }}"
    "{% if message['role'] == 'assistant' %}{{ '<|end|>' }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
"""One token opens a turn; only the agent's turns are closed, because only they are sampled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TinyPolicyConfig:
    """Size of the small policy; the defaults give 2.5 million parameters, 5 MB in half precision.

    Attributes:
        vocab_size: Most tokens of the byte-level BPE, tags and markers included, phrases not.
        phrases: Most whole phrases that are one token each.
        hidden_size: Width; ``hidden_size / heads`` must be a head size of vLLM's CPU attention (32, 64, ...).
        intermediate_size: Width of the feed-forward layers.
        layers: Number of layers.
        heads: Attention heads.
        context_length: Longest prompt with reply, in tokens.
        initializer_range: Standard deviation of the first weights.
    """

    vocab_size: int = 1536
    phrases: int = 256
    hidden_size: int = 192
    intermediate_size: int = 512
    layers: int = 5
    heads: int = 3
    context_length: int = 4096
    initializer_range: float = 0.02

    def __post_init__(self) -> None:
        if self.vocab_size < 300:
            raise ValueError(
                f"vocab_size must be at least 300 (256 bytes and markers), got {self.vocab_size}"
            )
        if self.hidden_size % self.heads:
            raise ValueError(f"hidden_size {self.hidden_size} must be a multiple of heads {self.heads}")


def train_tokenizer(
    frames: Sequence[str], texts: Sequence[str], config: TinyPolicyConfig | None = None
) -> Any:
    """Trains the tokenizer: byte-level BPE within words, tags and frequent phrases as one token each.

    Args:
        frames: Texts whose fixed phrases become tokens: prompts and observations.
        texts: Further texts, of which only words become tokens: skills, which change.
        config: Sizes.

    Returns:
        A ``PreTrainedTokenizerFast`` with chat template. Every text can be encoded and comes back unchanged.
    """
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    config = config or TinyPolicyConfig()
    phrases = find_phrases(frames, count=config.phrases)
    # What is no frame, such as a text that was found, may hold tags of its own; the replies' are many.
    seen = Counter(tag for text in frames for tag in TAG.findall(text))
    tags = (
        *REPLY_TAGS,
        *sorted(tag for tag, count in seen.items() if count >= MIN_TAGS and tag not in REPLY_TAGS),
    )
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(UNIT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=config.vocab_size - len(tags),
        special_tokens=[PAD, USER, ASSISTANT, SYSTEM, END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    pieces = (piece for text in (*frames, *texts) for piece in without_phrases(text, phrases))
    tokenizer.train_from_iterator(pieces, trainer)
    tokenizer.add_tokens([AddedToken(text, normalized=False) for text in (*tags, *phrases)])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=END,
        clean_up_tokenization_spaces=False,
        model_max_length=config.context_length,
    )
    fast.chat_template = CHAT_TEMPLATE
    return fast


def new_model(tokenizer: Any, config: TinyPolicyConfig | None = None, *, seed: int = 0) -> Any:
    """A ``LlamaForCausalLM`` with random weights in float32 and a tied head; equal for equal seeds."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = config or TinyPolicyConfig()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return LlamaForCausalLM(
            LlamaConfig(
                # A multiple of 64 keeps matrix shapes kind to every engine; the spare rows are never used.
                vocab_size=-(-len(tokenizer) // 64) * 64,
                hidden_size=config.hidden_size,
                intermediate_size=config.intermediate_size,
                num_hidden_layers=config.layers,
                num_attention_heads=config.heads,
                num_key_value_heads=config.heads,
                max_position_embeddings=config.context_length,
                initializer_range=config.initializer_range,
                tie_word_embeddings=True,
                pad_token_id=tokenizer.pad_token_id,
                bos_token_id=None,
                eos_token_id=tokenizer.eos_token_id,
            )
        )
