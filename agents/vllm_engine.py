"""A vLLM engine in this process: started quietly, stepped, put to sleep, given new weights, started anew."""

import gc
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from skill_gym.agents.loaded_weights import LoadedWeights
from skill_gym.agents.policy import PolicyError, Sampling
from skill_gym.agents.vllm_start import start_vllm

if TYPE_CHECKING:
    from vllm import LLMEngine

logger = logging.getLogger(__name__)


class VLLMEngine:
    """Starts an engine and is the only one to touch it.

    It runs in-process (``VLLM_ENABLE_V1_MULTIPROCESSING=0``), because new weights are handed over as tensors.
    What it was given last is kept, not copied, for a start anew.

    Args:
        arguments: Of ``vllm.EngineArgs``.
        head_size: Width of the model's attention heads, checked on a CPU; None for a GPU.

    Raises:
        AdaptersRefused: The model does not take the adapters that it is started for.
        PolicyError: vLLM is not installed, or does not start; the message holds its last words.
    """

    def __init__(self, arguments: Mapping[str, Any], *, head_size: int | None) -> None:
        self._arguments = dict(arguments)
        self._head_size = head_size
        self._engine: LLMEngine | None = None
        self._lora: Any = None
        self._loras = 0
        self._asleep = False
        self._loaded: LoadedWeights | None = None
        self._adapter: str | None = None
        self.start()

    @property
    def is_running(self) -> bool:
        """Whether it was started and not closed since; a dead engine runs until it is closed."""
        return self._engine is not None

    @property
    def is_asleep(self) -> bool:
        """Whether it must be given weights before it answers."""
        return self._asleep

    @property
    def takes_adapters(self) -> bool:
        """Whether it was started for them."""
        return bool(self._arguments.get("enable_lora"))

    def start(self) -> None:
        """Starts the engine with the weights of the model's folder, and no adapter.

        Raises:
            PolicyError: It does not start.
        """
        self._engine = start_vllm(self._arguments, self._head_size)
        self._lora = None
        self._asleep = False

    def start_anew(self) -> None:
        """Takes the engine down, dead or not, and starts it with the weights or the adapter that it had.

        Raises:
            PolicyError: It does not start, or the weights were changed in place since.
        """
        self.take_down()
        if self._loaded is not None:
            self._loaded.check_unchanged()
        self.start()
        if self._loaded is not None:
            self._reload(self._loaded.state)
        if self._adapter is not None:
            self.load_adapter(self._adapter)

    def add(
        self, engine_id: str, prompt_ids: Sequence[int], sampling: Sampling, stop_ids: Collection[int]
    ) -> None:
        """Adds a request to the running batch.

        Args:
            engine_id: Never used before on this engine.
            prompt_ids: Tokens of the prompt.
            sampling: How to draw.
            stop_ids: Tokens that end a reply.

        Raises:
            PolicyError: vLLM does not take the request; the engine is well.
        """
        params = _sampling_params(sampling, stop_ids)
        try:
            prompt = {"prompt_token_ids": list(prompt_ids)}
            self._running().add_request(engine_id, prompt, params, lora_request=self._lora)
        except _refusals() as error:
            raise PolicyError(f"vLLM does not take the request: {error}") from error

    def step(self) -> list[Any]:
        """One token for each running reply; vLLM's outputs of those that are finished."""
        with self._eager():
            return list(self._running().step())

    def sleep(self) -> None:
        """Gives its memory up, that of its cache and that of its weights, until it is given new ones.

        For adapters the weights stay, in the machine's memory (vLLM's level 1); else they are lost (level 2).
        On a CPU vLLM keeps all memory.
        """
        self._asleep = True
        self._running().sleep(level=1 if self.takes_adapters else 2)

    def reload(self, state: Mapping[str, Tensor], version: int) -> None:
        """Takes a whole state in the checkpoint's names and forgets the cached prefixes of the old one.

        Args:
            state: Kept until the next call, not copied.
            version: Names it in messages.

        Raises:
            PolicyError: The prefix cache could not be emptied.
        """
        self._loaded = LoadedWeights(state, version)
        self._reload(self._loaded.state)

    def load_adapter(self, folder: str) -> None:
        """Puts an adapter in the place of the last one; every request from now on is answered with it.

        Args:
            folder: As peft writes it; read at once, and again for a start anew.

        Raises:
            PolicyError: The engine was not started for adapters, or does not take this one.
        """
        from vllm.lora.request import LoRARequest

        engine = self._running()
        if not self.takes_adapters:
            raise PolicyError("the engine was started without room for an adapter; pass lora_rank")
        self._adapter = folder
        # A new number each time: keys and values in the prefix cache belong to the number.
        self._loras += 1
        lora = LoRARequest(f"adapter-{self._loras}", self._loras, folder)
        with self._waking():
            if self._lora is not None:
                engine.remove_lora(self._lora.lora_int_id)
            if not engine.add_lora(lora):
                raise PolicyError(f"vLLM does not take the adapter in {folder}")
            self._lora = lora
            engine.reset_prefix_cache()

    def abort(self, engine_ids: Sequence[str]) -> None:
        """Takes requests out of the batch."""
        self._running().abort_request(list(engine_ids))

    def take_down(self) -> None:
        """Ends the engine, dead or not, and gives its memory back; it can be started anew."""
        if self._engine is None:
            return
        from vllm.distributed.parallel_state import destroy_distributed_environment, destroy_model_parallel

        engine, self._engine = self._engine, None
        try:
            engine.engine_core.shutdown()
        except Exception:  # a dead engine may be in any state
            logger.warning("the engine did not shut down cleanly", exc_info=True)
        del engine
        destroy_model_parallel()
        destroy_distributed_environment()
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def close(self) -> None:
        """Ends the engine for good."""
        self.take_down()
        self._loaded = None

    def _reload(self, state: Mapping[str, Tensor]) -> None:
        engine = self._running()
        with self._waking():
            engine.collective_rpc("reload_weights", kwargs={"weights_iterator": iter(state.items())})
            if not engine.reset_prefix_cache():
                raise PolicyError(
                    "vLLM did not give up its prefix cache, so old keys and values would be reused"
                )

    @contextmanager
    def _waking(self) -> Iterator[None]:
        """Gives a sleeping engine its weights' memory before, and its cache's after new weights have come."""
        if not self._asleep:
            yield
            return
        # Not both at once: the learner's copy lies beside them.
        self._running().wake_up(tags=["weights"])
        yield
        self._running().wake_up(tags=["kv_cache"])
        self._asleep = False

    def _running(self) -> "LLMEngine":
        if self._engine is None:
            raise PolicyError("the engine is closed; start() it first")
        return self._engine

    def _eager(self) -> AbstractContextManager[Any]:
        # vLLM compiles the ranks of log-probabilities even when told not to compile: 3 to 7 s at the first
        # reply, and a crash on a machine without a C++ compiler.
        eager = bool(self._arguments.get("enforce_eager"))
        return torch.compiler.set_stance("force_eager") if eager else nullcontext()


def _refusals() -> tuple[type[Exception], ...]:
    """What vLLM raises about a request; only ValueError in its earlier versions."""
    try:
        from vllm.exceptions import VLLMClientError
    except ImportError:
        return (ValueError,)
    return (ValueError, VLLMClientError)


def _sampling_params(sampling: Sampling, stop_ids: Collection[int]) -> Any:
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind

    held = {}
    if sampling.pattern is not None:
        try:
            from vllm.sampling_params import StructuredOutputsParams
        except ImportError as error:
            raise PolicyError("sampler.structure needs vLLM 0.11 or newer; or set it to none") from error
        held["structured_outputs"] = StructuredOutputsParams(regex=sampling.pattern)
    return SamplingParams(
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        max_tokens=sampling.max_new_tokens,
        seed=sampling.seed,
        logprobs=0,
        stop=list(sampling.stop),
        stop_token_ids=sorted(stop_ids),
        include_stop_str_in_output=True,
        detokenize=bool(sampling.stop),
        output_kind=RequestOutputKind.FINAL_ONLY,
        **held,
    )
