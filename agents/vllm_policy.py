"""Samples replies with vLLM in this process: continuous batching, prefix caching, weights synced in place."""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from skill_gym.agents.chat import load_chat
from skill_gym.agents.engine_arguments import engine_arguments
from skill_gym.agents.engine_deaths import EngineDeaths, last_words
from skill_gym.agents.engine_opening import open_engine
from skill_gym.agents.engine_state import engine_state
from skill_gym.agents.models import check_folder
from skill_gym.agents.policy import Completion, EngineAsleep, PolicyError, Request, check_idle

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """What the engine does not give back with a reply."""

    request: Request
    prompt_ids: tuple[int, ...]
    weights_version: int


class VLLMPolicy:
    """One vLLM engine in this process, driven step by step.

    Requests join the running batch at once and leave it when they are finished. Log-probabilities are
    those of the model at temperature 1 without nucleus, as ``TransformersPolicy`` defines them. The engine's
    threads are this process's: set ``OMP_NUM_THREADS`` before Python starts.

    An engine that dies, out of memory for example, is started anew with the weights that it had: the replies
    under way come back with ``finish_reason="error"`` and its last words. For this the tensors of the last
    ``load_weights`` are kept, not copied; an engine that dies after they were changed in place is given up.

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
        prefix_caching: Keeps the cache of shared beginnings.
        lora_rank: Of the adapters that ``load_adapter`` will bring; 0 for none.
        adapters_only: A model that vLLM gives no adapters is an error; else it gets merged weights.
        sleeps: ``sleep`` will be called while a learner on the same GPU updates.
        replies_between_deaths: Replies that an engine started anew must give before it may die once more.
        name: Goes into the trajectories.

    Attributes:
        weights_version: Which weights answer; set by ``load_weights``.
        context_length: Context in tokens, reply included.
        takes_adapters: Whether it was started for adapters.
        sleeps: Whether ``sleep`` is to be called.
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
        lora_rank: int = 0,
        adapters_only: bool = False,
        sleeps: bool = False,
        replies_between_deaths: int = 64,
        name: str = "vllm",
    ) -> None:
        from transformers import AutoConfig

        self.name = name
        self.folder = str(check_folder(Path(folder)))
        self.weights_version = 0
        config = AutoConfig.from_pretrained(self.folder)
        self.chat = load_chat(Path(self.folder))
        self.context_length = int(max_model_len or config.max_position_embeddings)
        self._deaths = EngineDeaths(replies_between_deaths)
        self._tied = bool(getattr(config, "tie_word_embeddings", False))
        self.sleeps = sleeps
        self._under_way: dict[str, _UnderWay] = {}
        self._started = 0
        self._died = ""
        self._over = ""
        arguments = engine_arguments(
            self.folder,
            config,
            dtype=dtype,
            context_length=self.context_length,
            gpu_memory_utilization=gpu_memory_utilization,
            kv_cache_gib=kv_cache_gib,
            max_concurrent=max_concurrent,
            seed=seed,
            enforce_eager=enforce_eager,
            prefix_caching=prefix_caching,
            lora_rank=lora_rank,
            sleeps=sleeps,
        )
        self._engine = open_engine(arguments, config, adapters_only=adapters_only, sleeps=sleeps)
        self.takes_adapters = self._engine.takes_adapters

    def count_tokens(self, text: str) -> int:
        """Number of tokens of a text on its own."""
        return self.chat.count_tokens(text)

    @property
    def restarts(self) -> int:
        """How often the engine died and was started anew."""
        return self._deaths.restarts

    def submit(self, request: Request) -> None:
        """Adds a request to the running batch.

        Raises:
            PromptTooLong: Prompt plus ``max_new_tokens`` exceed the model's context.
            EngineAsleep: New weights must come first.
            PolicyError: vLLM does not take the request, or the engine died and is given up.
        """
        self._check_running()
        if self._engine.is_asleep:
            raise EngineAsleep
        prompt_ids = self.chat.request_ids(request, self.context_length)
        # Engine ids are our own: an aborted ticket may come again while the engine still clears up.
        self._started += 1
        engine_id = str(self._started)
        try:
            if not self._died:
                self._engine.add(engine_id, prompt_ids, request.sampling, self.chat.stop_ids)
        except PolicyError:
            raise
        except Exception as error:
            # Dealt with in poll, whose errors concern the whole run; those of submit cost one episode each.
            logger.exception("the engine died with %d replies under way", len(self._under_way))
            self._died = last_words(error)
        self._under_way[engine_id] = _UnderWay(request, prompt_ids, self.weights_version)

    def poll(self) -> list[Completion]:
        """Lets the engine take one step (one token a reply) and returns what is finished.

        Raises:
            PolicyError: The engine died soon after it had died before, or could not be started anew.
        """
        if not self._under_way:
            return []
        self._check_running()
        if not self._died:
            try:
                outputs = self._engine.step()
            except Exception as error:
                logger.exception("the engine died with %d replies under way", len(self._under_way))
                self._died = last_words(error)
            else:
                found = [self._completion(each) for each in outputs if each.request_id in self._under_way]
                self._deaths.count_replies(len(found))
                return found
        # Out of the handler, which holds on to the error and so to the dead engine.
        reason = f"the engine died: {self._died}"
        lost = [
            Completion(each.request.ticket, each.prompt_ids, (), (), reason, "error", each.weights_version)
            for each in self._under_way.values()
        ]
        self._under_way.clear()
        self._start_anew()
        return lost

    def load_weights(self, state: Mapping[str, Tensor], version: int) -> None:
        """Takes new weights and forgets the cached prefixes of the old ones.

        Args:
            state: A whole state dict in the names of the model's checkpoint; a tied head may be left out.
                Its tensors are kept until the next call.
            version: What completions carry from now on.

        Raises:
            PolicyError: Replies are under way; half of each would come from other weights.
            ValueError: A weight of the checkpoint is missing.
        """
        self._check_idle()
        items = engine_state(state, Path(self.folder), tied=self._tied)
        self.weights_version = version
        self._give(lambda: self._engine.reload(items, version))

    def load_adapter(self, folder: Path, version: int) -> None:
        """Takes a LoRA adapter in the place of the last one: kilobytes to megabytes, in a tenth of a second.

        Args:
            folder: As peft writes it; it must stay there until the next call.
            version: What completions carry from now on.

        Raises:
            PolicyError: Replies are under way, or the engine was started without ``lora_rank``.
        """
        self._check_idle()
        self.weights_version = version
        self._give(lambda: self._engine.load_adapter(str(folder)))

    def sleep(self) -> None:
        """Gives the engine's GPU memory up until the next ``load_weights`` or ``load_adapter``.

        Raises:
            PolicyError: Replies are under way, or the engine died soon after it had died before.
        """
        self._check_idle()
        try:
            self._engine.sleep()
            return
        except Exception as error:
            logger.exception("the engine died as it went to sleep")
            words = last_words(error)
        # Its memory is wanted now; it is started when weights have come.
        self._engine.take_down()
        self._deaths.allow_restart(words)

    def abort(self, tickets: Collection[str]) -> None:
        """Stops requests that nobody waits for any more."""
        gone = [engine_id for engine_id, each in self._under_way.items() if each.request.ticket in tickets]
        if gone and not self._died:
            self._engine.abort(gone)
        for engine_id in gone:
            del self._under_way[engine_id]

    def close(self) -> None:
        """Stops the engine and gives its memory back; a closed policy answers no more."""
        if not self._engine.is_running:
            return
        self.abort({each.request.ticket for each in self._under_way.values()})
        self._engine.close()
        self._over = "the policy is closed; make a new VLLMPolicy"

    def _check_idle(self) -> None:
        self._check_running()
        check_idle(len(self._under_way))

    def _give(self, load: Callable[[], None]) -> None:
        """Gives the engine weights; one that dies over them is started anew and given them again."""
        if not self._engine.is_running:  # it died as it went to sleep
            self._engine.start()
        try:
            load()
            return
        except PolicyError:
            raise
        except Exception as error:
            logger.exception("the engine died while it took the weights %d", self.weights_version)
            self._died = last_words(error)
        self._start_anew()

    def _check_running(self) -> None:
        if self._over and not self._engine.is_running:
            raise PolicyError(self._over)

    def _start_anew(self) -> None:
        """Takes the dead engine down and starts it with the weights that it had."""
        words, self._died = self._died, ""
        try:
            self._deaths.allow_restart(words)
            self._engine.start_anew()
        except Exception as error:
            self._engine.close()
            self._over = f"the engine died ({words}) and was not started anew: {error}"
            raise PolicyError(self._over) from error
        logger.warning("the engine was started anew with the weights %d", self.weights_version)

    def _completion(self, output: Any) -> Completion:
        reply = output.outputs[0]
        each = self._under_way.pop(output.request_id)
        token_ids = tuple(reply.token_ids)
        return Completion(
            ticket=each.request.ticket,
            prompt_ids=each.prompt_ids,
            token_ids=token_ids,
            logprobs=tuple(at[token].logprob for token, at in zip(token_ids, reply.logprobs, strict=True)),
            text=self.chat.text(token_ids),
            finish_reason="length" if reply.finish_reason == "length" else "stop",
            weights_version=each.weights_version,
            cached_tokens=output.num_cached_tokens or 0,
            pattern=each.request.sampling.pattern,
        )
