"""Samples replies from a vLLM server in another process or on another machine, token ids unchanged."""

import logging
import time
from collections.abc import Collection, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from skill_gym.agents.chat import load_chat
from skill_gym.agents.engine_deaths import EngineDeaths
from skill_gym.agents.engine_state import engine_state
from skill_gym.agents.models import check_folder
from skill_gym.agents.policy import Completion, EngineAsleep, PolicyError, Request, check_idle
from skill_gym.agents.server_checks import check_tokenizer, is_asleep, takes_adapters
from skill_gym.agents.server_reply import completion_body, read_completion
from skill_gym.agents.server_weights import ServerWeights
from skill_gym.agents.vllm_server import Exchange, ServerFailure, VLLMServer

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.05
"""Most seconds that ``poll`` waits: environments that step meanwhile are looked at so often."""


@dataclass(frozen=True, slots=True)
class _UnderWay:
    request: Request
    prompt_ids: tuple[int, ...]
    weights_version: int
    exchange: Exchange


class ServerPolicy:
    """Asks a server's completions endpoint with token ids and takes its token ids unchanged.

    Requests join the server's running batch at once, each from a thread of its own. The chat template is
    applied here, so the server's own does not matter; that both tokenize alike is checked at the start. New
    weights are written to a folder that the server sees and read by its reload path, for which it must be
    started with ``VLLM_SERVER_DEV_MODE=1``; give it ``--generation-config vllm``, too, or it may cut replies,
    and ``--enable-prompt-tokens-details``, or it does not tell what its prefix cache had. Nobody else may use
    the server while weights change.

    A server that dies and is started again by whoever watches over it gets the weights that it had: the
    replies under way come back with ``finish_reason="error"``, and the rollout goes on.

    Args:
        url: Address of the server, such as ``http://10.0.0.5:8000``.
        folder: The served model in Hugging Face layout, for its tokenizer and the names of its weights.
        weights_folder: Where new weights are written; None for a policy that gets none.
        max_concurrent: Most requests under way at once.
        context_length: In tokens, reply included; None takes the server's.
        lora_rank: Of the adapters that ``load_adapter`` will bring; 0 for none.
        adapters_only: A server that takes no adapters is an error; else it gets merged weights.
        sleeps: ``sleep`` will be called while the learner updates.
        timeout: Seconds for one reply.
        patience: Seconds in which a server that died must be there again.
        replies_between_deaths: Replies that it must give then before it may die once more.
        name: Goes into the trajectories.

    Attributes:
        weights_version: Which weights answer; set by ``load_weights``.
        context_length: In tokens, reply included.
        takes_adapters: Whether there is a ``lora_rank``, and the server was started for adapters that come
            while it runs; else an adapter's run sends it merged weights.
        sleeps: Whether ``sleep`` is to be called.
        chat: The chat template.

    Raises:
        ModelError: The folder lacks something.
        PolicyError: There is no such server, it serves another model, it takes no adapters or cannot sleep
            although it must, it sleeps and nothing will wake it, or an adapter would meet other weights than
            those of the folder.
    """

    def __init__(
        self,
        url: str,
        folder: str | Path,
        *,
        weights_folder: Path | None = None,
        max_concurrent: int = 128,
        context_length: int | None = None,
        lora_rank: int = 0,
        adapters_only: bool = False,
        sleeps: bool = False,
        timeout: float = 600.0,
        patience: float = 600.0,
        replies_between_deaths: int = 64,
        name: str = "server",
    ) -> None:
        from transformers import AutoConfig

        self.name = name
        self.folder = str(check_folder(Path(folder)))
        self.weights_version = 0
        self._tied = bool(getattr(AutoConfig.from_pretrained(self.folder), "tie_word_embeddings", False))
        self.chat = load_chat(Path(self.folder))
        self._server = VLLMServer(url, timeout=timeout)
        self._model = self._server.model()
        self.context_length = min(context_length or self._model.context_length, self._model.context_length)
        check_tokenizer(self._server, self._model, self.chat, self.folder)
        self._weights = ServerWeights(self._server, self._model.name, weights_folder)
        self.takes_adapters = lora_rank > 0 and takes_adapters(self._server, self.folder, must=adapters_only)
        self.sleeps = sleeps
        given = weights_folder is not None or self.takes_adapters
        self._weights.is_asleep = is_asleep(self._server, must=sleeps, woken=given)
        self._deaths = EngineDeaths(replies_between_deaths)
        self._patience = patience
        self._threads = ThreadPoolExecutor(max_concurrent, thread_name_prefix="server-policy")
        self._under_way: dict[Future[Completion], _UnderWay] = {}

    @property
    def restarts(self) -> int:
        """How often the server died and was there again."""
        return self._deaths.restarts

    def count_tokens(self, text: str) -> int:
        """Number of tokens of a text on its own."""
        return self.chat.count_tokens(text)

    def submit(self, request: Request) -> None:
        """Sends a request.

        Raises:
            PromptTooLong: Prompt plus ``max_new_tokens`` exceed the model's context.
            EngineAsleep: New weights must come first.
        """
        if self._weights.is_asleep:
            raise EngineAsleep
        prompt_ids = self.chat.request_ids(request, self.context_length)
        each = _UnderWay(request, prompt_ids, self.weights_version, Exchange())
        future: Future[Completion] = Future()
        try:
            if not self._under_way and not self._weights.are_there():
                # Started anew while nobody asked: nothing is lost, but its first weights would answer.
                self._revive(f"the server at {self._server.url} was started anew")
            future = self._threads.submit(self._ask, each)
        except PolicyError as error:
            # Raised in poll, whose errors concern the whole run; those of submit cost one episode each.
            future.set_exception(error)
        self._under_way[future] = each

    def poll(self) -> list[Completion]:
        """Waits a moment for a reply and returns all that are there.

        Raises:
            PolicyError: The server died soon after it had died before, or did not come back.
        """
        if not self._under_way:
            return []
        done, _ = wait(self._under_way, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
        # In order of submission, so that a log reads the same each time.
        found: list[Completion] = []
        failure = ""
        for future in [each for each in self._under_way if each in done]:
            each = self._under_way.pop(future)
            try:
                found.append(future.result())
            except ServerFailure as error:
                failure = str(error)
                found.append(_lost(each, failure))
        self._deaths.count_replies(sum(each.finish_reason != "error" for each in found))
        if failure and not (self._server.is_healthy() and self._weights.are_there()):
            logger.error("%s; %d replies are under way", failure, len(self._under_way))
            for each in self._under_way.values():
                each.exchange.cut()
                found.append(_lost(each, failure))
            self._under_way.clear()
            self._revive(failure)
        return found

    def load_weights(self, state: Mapping[str, Tensor], version: int) -> None:
        """Writes new weights to the folder and has the server read them and forget its cached prefixes.

        Args:
            state: A whole state dict in the names of the model's checkpoint; a tied head may be left out.
            version: What completions carry from now on.

        Raises:
            PolicyError: Replies are under way, there is no folder for weights, or the server does not read
                it.
            ValueError: A weight of the checkpoint is missing.
        """
        check_idle(len(self._under_way))
        self._weights.take(engine_state(state, Path(self.folder), tied=self._tied), version)
        self._give(version)

    def load_adapter(self, folder: Path, version: int) -> None:
        """Has the server read a LoRA adapter in the place of the last one.

        Args:
            folder: As peft writes it, on a path that the server sees; it must stay until the next call.
            version: What completions carry from now on.

        Raises:
            PolicyError: Replies are under way, or the server does not take the adapter.
        """
        check_idle(len(self._under_way))
        self._weights.take_adapter(folder)
        self._give(version)

    def sleep(self) -> None:
        """Has the server give its GPU memory up until the next ``load_weights`` or ``load_adapter``.

        Where adapters are swapped it keeps the weights in its machine's memory; else they are lost.

        Raises:
            PolicyError: Replies are under way, or the server does not sleep.
        """
        check_idle(len(self._under_way))
        self._weights.is_asleep = True
        try:
            self._server.sleep(keep_weights=self.takes_adapters)
        except ServerFailure as error:
            # What is not there takes no memory, and gets its weights when it is there again.
            logger.warning("%s; it is looked for again when it is to be woken", error)

    def abort(self, tickets: Collection[str]) -> None:
        """Stops requests that nobody waits for any more; the server generates no further token for them."""
        for future, each in list(self._under_way.items()):
            if each.request.ticket in tickets:
                each.exchange.cut()
                future.cancel()
                del self._under_way[future]

    def close(self) -> None:
        """Takes back what is under way and removes what was written and loaded; the server goes on."""
        self.abort({each.request.ticket for each in self._under_way.values()})
        self._threads.shutdown(wait=False, cancel_futures=True)
        try:
            self._weights.forget_adapter()
        except PolicyError as error:
            logger.warning("the adapter stays in the server: %s", error)
        self._weights.clear()

    def _ask(self, each: _UnderWay) -> Completion:
        """In a thread: one reply; a request that the server refuses is answered by an error."""
        body = completion_body(
            self._weights.asked_for, each.prompt_ids, each.request.sampling, self.chat.stop_ids
        )
        try:
            answer = self._server.complete(body, each.exchange)
            reply = read_completion(answer, each.prompt_ids, each.request.sampling)
        except ServerFailure:
            raise
        except PolicyError as error:
            return _lost(each, str(error))
        return Completion(
            ticket=each.request.ticket,
            prompt_ids=each.prompt_ids,
            token_ids=reply.token_ids,
            logprobs=reply.logprobs,
            text=self.chat.text(reply.token_ids),
            finish_reason=reply.finish_reason,
            weights_version=each.weights_version,
            cached_tokens=reply.cached_tokens,
            pattern=each.request.sampling.pattern,
        )

    def _give(self, version: int) -> None:
        """Gives the server what is newest; one that dies over it gets it when it is there again."""
        self.weights_version = version
        try:
            self._weights.give()
        except ServerFailure as error:
            self._revive(str(error))

    def _revive(self, words: str) -> None:
        """Waits until a server that died is there again, and gives it the weights that it had."""
        self._deaths.allow_restart(words)
        until = time.monotonic() + self._patience
        while not self._server.is_healthy():
            if time.monotonic() > until:
                raise PolicyError(f"{words}; it did not come back within {self._patience:.0f} seconds")
            time.sleep(min(1.0, self._patience / 10))
        self._weights.give()
        logger.warning("the server at %s has the weights %d again", self._server.url, self.weights_version)


def _lost(each: _UnderWay, reason: str) -> Completion:
    return Completion(each.request.ticket, each.prompt_ids, (), (), reason, "error", each.weights_version)
