"""The same requests through vLLM: how many of their tokens its prefix cache had, by its own count."""

import importlib.util
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from skill_gym.agents.models import save_model
from skill_gym.agents.policy import Request


def engine_hits(requests: Sequence[Request], tokenizer: Any, *, context: int) -> float | None:
    """Share of prompt tokens that vLLM found in its cache when it read the requests one after the other.

    The model is a small random one with the tokenizer's vocabulary: what is cached depends on tokens alone.

    Args:
        requests: In the order in which they were asked; each is answered by one token.
        tokenizer: With a chat template; goes into the model's folder.
        context: Longest prompt, in tokens.

    Returns:
        In [0, 1]; None where vLLM is not installed.

    Raises:
        PolicyError: vLLM does not start.
    """
    if importlib.util.find_spec("vllm") is None:
        return None
    from transformers import LlamaConfig, LlamaForCausalLM

    from skill_gym.agents.vllm_policy import VLLMPolicy

    with tempfile.TemporaryDirectory() as folder:
        config = LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=64,
            intermediate_size=64,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=1,
            max_position_embeddings=context + 1,
        )
        save_model(LlamaForCausalLM(config), tokenizer, folder)
        # Room for all of it: a block that had to go would be the size of the cache and not the layout.
        policy = VLLMPolicy(Path(folder), kv_cache_gib=2.0)
        asked = cached = 0
        try:
            for number, request in enumerate(requests):
                one = replace(
                    request, ticket=str(number), sampling=replace(request.sampling, max_new_tokens=1)
                )
                policy.submit(one)
                while not (done := policy.poll()):
                    pass
                asked += len(done[0].prompt_ids)
                cached += done[0].cached_tokens
        finally:
            policy.close()
    return cached / asked
