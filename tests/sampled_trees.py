"""Samples that begin alike and branch anywhere, inside replies too; and small models of several families."""

import numpy as np
import torch
from transformers import (
    Gemma2Config,
    Gemma2ForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from skill_gym.agents.packing import Sample

VOCABULARY = 64


def branching_samples(seed=0, *, count=12, vocabulary=VOCABULARY, trunk=20, levels=3, replies=6):
    """Each sample is some of another's beginning and something new; some are equal to another."""
    rng = np.random.default_rng(seed)
    sequences = [rng.integers(3, vocabulary, trunk)]
    while len(sequences) < count:
        mother = sequences[rng.integers(0, len(sequences))]
        kept = mother[: rng.integers(0, len(mother) + 1, 2).max()]
        new = rng.integers(3, vocabulary, rng.integers(0, trunk // levels + 2))
        grown = np.append(kept, new)
        if len(grown) > 1:
            sequences.append(grown)
    samples = []
    for number, ids in enumerate(sequences):
        most = min(replies, len(ids) - 1)
        positions = np.sort(rng.choice(np.arange(1, len(ids)), size=rng.integers(1, most + 1), replace=False))
        samples.append(
            Sample(
                token_ids=ids,
                positions=positions,
                advantages=rng.normal(size=len(positions)).astype(np.float32),
                logprobs=np.full(len(positions), -4.0, dtype=np.float32),
                turns=np.full(len(positions), number),
                trajectory=number // 2,
            )
        )
    return samples


def small_model(family, *, vocabulary=VOCABULARY, dtype=torch.float32, **settings):
    """A random model of two layers: llama, qwen2, qwen3, mistral (window of 8) or gemma2 (soft caps)."""
    configs = {
        "llama": (LlamaConfig, LlamaForCausalLM, {}),
        "qwen2": (Qwen2Config, Qwen2ForCausalLM, {}),
        "qwen3": (Qwen3Config, Qwen3ForCausalLM, {"head_dim": 16}),
        "mistral": (MistralConfig, MistralForCausalLM, {"sliding_window": 8}),
        "gemma2": (Gemma2Config, Gemma2ForCausalLM, {"head_dim": 16}),
    }
    config, model, own = configs[family]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        made = model(
            config(
                vocab_size=vocabulary, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
                num_attention_heads=4, num_key_value_heads=2, initializer_range=0.2, pad_token_id=0,
                bos_token_id=1, eos_token_id=2, **own, **settings,
            )
        )  # fmt: skip
    return made.to(dtype).eval()
