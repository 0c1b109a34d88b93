"""A tiny random Llama with its own tokenizer and chat template, made in a folder within a second."""

from collections.abc import Iterable
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from skill_gym.agents.models import save_model

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
TEXTS = (
    "<action>look</action>",
    "<action>go left</action>",
    "You are in a room. Your task is to:",
    "inventory",
)


def tiny_tokenizer(texts: Iterable[str] = TEXTS, *, vocab_size: int = 384) -> PreTrainedTokenizerFast:
    """Byte-level BPE: every text is encodable, and those like ``texts`` are short."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=["<|pad|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<|pad|>", eos_token="<|im_end|>", bos_token="<|im_start|>"
    )
    fast.chat_template = CHAT_TEMPLATE
    return fast


def word_tokenizer(words: Iterable[str], replies: Iterable[str]) -> PreTrainedTokenizerFast:
    """One token a word and one a whole reply, so that even a random model says something valid."""
    vocabulary = ["<|pad|>", "<|im_start|>", "<|im_end|>", "<|unknown|>", *sorted(set(words))]
    tokenizer = Tokenizer(
        models.WordLevel({word: index for index, word in enumerate(vocabulary)}, unk_token="<|unknown|>")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.add_special_tokens([AddedToken(word, special=True) for word in vocabulary[:4]])
    tokenizer.add_tokens([AddedToken(reply, normalized=False) for reply in sorted(set(replies))])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<|pad|>",
        eos_token="<|im_end|>",
        bos_token="<|im_start|>",
        unk_token="<|unknown|>",
    )
    fast.chat_template = CHAT_TEMPLATE
    return fast


def tiny_model(
    vocab_size: int, *, layers: int = 2, hidden: int = 64, context: int = 2048, seed: int = 0
) -> LlamaForCausalLM:
    """Random weights, tied head, fp32; the same weights for the same seed, whatever was drawn before."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return LlamaForCausalLM(
            LlamaConfig(
                vocab_size=vocab_size,
                hidden_size=hidden,
                intermediate_size=2 * hidden,
                num_hidden_layers=layers,
                num_attention_heads=4,
                num_key_value_heads=2,
                max_position_embeddings=context,
                tie_word_embeddings=True,
                pad_token_id=0,
                bos_token_id=1,
                eos_token_id=2,
            )
        ).eval()


def save_tiny_model(
    folder: Path,
    texts: Iterable[str] = TEXTS,
    *,
    layers: int = 2,
    hidden: int = 64,
    context: int = 2048,
    seed: int = 0,
    tokenizer: PreTrainedTokenizerFast | None = None,
) -> Path:
    """Writes model and tokenizer in Hugging Face layout and returns the folder."""
    tokenizer = tokenizer or tiny_tokenizer(texts)
    model = tiny_model(len(tokenizer), layers=layers, hidden=hidden, context=context, seed=seed)
    save_model(model, tokenizer, folder)
    return folder
