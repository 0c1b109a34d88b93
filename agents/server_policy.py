"""Samples replies from a vLLM server in another process or on another machine, token ids unchanged."""

import logging
import time
import uuid
from collections.abc import Collection, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from skill_gym.agents.chat import ChatTokens, end_ids
from skill_gym.agents.engine_deaths import EngineDeaths
from skill_gym.agents.engine_state import engine_state
from skill_gym.agents.models import check_folder, load_tokenizer
from skill_gym.agents.policy import Completion, PolicyError, Request
from skill_gym.agents.vllm_server import Exchange, ServerFailure, VLLMServer
from skill_gym.agents.weights_folder import WeightsFolder

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.05
"""Most seconds that ``poll`` waits: environments that step meanwhile are looked at so often."""
PROBE = "You are in the kitchen.\n<action>go to fridge 1</action> 0123 äß"


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
        timeout: Seconds for one reply.
        patience: Seconds in which a server that died must be there again.
        replies_between_deaths: Replies that it must give then before it may die once more.
        name: Goes into the trajectories.

    Attributes:
        weights_version: Which weights answer; set by ``load_weights``.
        context_length: In tokens, reply included.
        chat: The chat template.

    Raises:
        ModelError: The folder lacks something.
        PolicyError: There is no such server, or it serves another model.
    """

    def __init__(
        self,
        url: str,
        folder: str | Path,
        *,
        weights_folder: Path | None = None,
        max_concurrent: int = 128,
        context_length: int | None = None,
        timeout: float = 600.0,
        patience: float = 600.0,
        replies_between_deaths: int = 64,
        name: str = "server",
    ) -> None:
        from transformers import AutoConfig, GenerationConfig

        self.name = name
        self.folder = str(check_folder(Path(folder)))
        self.weights_version = 0
        self._tied = bool(getattr(AutoConfig.from_pretrained(self.folder), "tie_word_embeddings", False))
        try:
            ends = end_ids(GenerationConfig.from_pretrained(self.folder).eos_token_id)
        except OSError:
            ends = ()
        self.chat = ChatTokens(load_tokenizer(self.folder), stop_ids=ends)
        self._server = VLLMServer(url, timeout=timeout)
        self._model = self._server.model()
        self.context_length = min(context_length or self._model.context_length, self._model.context_length)
        self._check_tokenizer()
        self._weights = None if weights_folder is None else WeightsFolder(weights_folder)
        # Names of weights are never used twice: those of another run, or of the same version, are others.
        self._run = uuid.uuid4().hex[:8]
        self._loads = 0
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
        """
        prompt_ids = self.chat.request_ids(request, self.context_length)
        each = _UnderWay(request, prompt_ids, self.weights_version, Exchange())
        future: Future[Completion] = Future()
        try:
            if not self._under_way and not self._has_our_weights():
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
        if failure and not (self._server.is_healthy() and self._has_our_weights()):
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
        if self._under_way:
            raise PolicyError(
                f"{len(self._under_way)} replies are under way; poll() until they are finished, or abort() "
                "them, before loading weights"
            )
        if self._weights is None:
            raise PolicyError(
                "a server's weights are replaced through a folder that it sees; pass weights_folder "
                "(sampler.weights_folder)"
            )
        self._weights.write(engine_state(state, Path(self.folder), tied=self._tied), version)
        self.weights_version = version
        self._loads += 1
        try:
            self._load_newest()
        except ServerFailure as error:
            self._revive(str(error))

    def abort(self, tickets: Collection[str]) -> None:
        """Stops requests that nobody waits for any more; the server generates no further token for them."""
        for future, each in list(self._under_way.items()):
            if each.request.ticket in tickets:
                each.exchange.cut()
                future.cancel()
                del self._under_way[future]

    def close(self) -> None:
        """Takes back what is under way and removes the written weights; the server goes on."""
        self.abort({each.request.ticket for each in self._under_way.values()})
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._weights is not None:
            self._weights.clear()

    def _ask(self, each: _UnderWay) -> Completion:
        """In a thread: one reply; a request that the server refuses is answered by an error."""
        sampling = each.request.sampling
        body = {
            "model": self._model.name,
            "prompt": list(each.prompt_ids),
            "max_tokens": sampling.max_new_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            # Said, because a server takes what is not said from the model's generation_config.json.
            "top_k": 0,
            "min_p": 0.0,
            "repetition_penalty": 1.0,
            "seed": sampling.seed,
            "stop": list(sampling.stop),
            "stop_token_ids": sorted(self.chat.stop_ids),
            "include_stop_str_in_output": True,
            "logprobs": 0,
            "return_token_ids": True,
        }
        try:
            return self._completion(each, self._server.complete(body, each.exchange))
        except ServerFailure:
            raise
        except PolicyError as error:
            return _lost(each, str(error))

    def _completion(self, each: _UnderWay, answer: Mapping[str, Any]) -> Completion:
        choice = answer["choices"][0]
        if choice.get("token_ids") is None or choice.get("logprobs") is None:
            raise PolicyError("the server returns no token ids; it must be vLLM 0.10.2 or newer")
        token_ids = tuple(choice["token_ids"])
        logprobs = tuple(float(one) for one in choice["logprobs"]["token_logprobs"])
        reason = choice["finish_reason"]
        if tuple(choice["prompt_token_ids"]) != each.prompt_ids or len(logprobs) != len(token_ids):
            raise PolicyError("the server answered to other tokens than those that were sent")
        if reason not in ("stop", "length"):
            raise PolicyError(f"the server ended the reply by {reason!r}")
        most = each.request.sampling.max_new_tokens
        if reason == "length" and len(token_ids) < most:
            raise PolicyError(
                f"the server cut the reply at {len(token_ids)} tokens, {most} were asked for; start it with "
                "--generation-config vllm"
            )
        details = (answer.get("usage") or {}).get("prompt_tokens_details") or {}
        return Completion(
            ticket=each.request.ticket,
            prompt_ids=each.prompt_ids,
            token_ids=token_ids,
            logprobs=logprobs,
            text=self.chat.text(token_ids),
            finish_reason=reason,
            weights_version=each.weights_version,
            cached_tokens=int(details.get("cached_tokens") or 0),
        )

    def _check_tokenizer(self) -> None:
        ours = tuple(self.chat.tokenizer(PROBE, add_special_tokens=False)["input_ids"])
        theirs = self._server.tokenize(self._model.name, PROBE)
        if ours != theirs:
            raise PolicyError(
                f"the server at {self._server.url} serves {self._model.name!r}, whose tokenizer differs from "
                f"the one in {self.folder}; start it on the model that is trained"
            )

    def _load_newest(self) -> None:
        """Has the server read the weights that were written last, if there are any."""
        if self._weights is not None and self._weights.newest is not None:
            self._server.load_weights(self._weights.newest, self._weights_name())

    def _weights_name(self) -> str:
        return f"{self._run}-{self._loads}"

    def _has_our_weights(self) -> bool:
        """Whether the weights that answer are those that were loaded; true as long as none were."""
        if self._weights is None or self._weights.newest is None:
            return True
        try:
            return self._server.weights_name() == self._weights_name()
        except ServerFailure:
            return False

    def _revive(self, words: str) -> None:
        """Waits until a server that died is there again, and gives it the weights that it had."""
        self._deaths.allow_restart(words)
        until = time.monotonic() + self._patience
        while not self._server.is_healthy():
            if time.monotonic() > until:
                raise PolicyError(f"{words}; it did not come back within {self._patience:.0f} seconds")
            time.sleep(min(1.0, self._patience / 10))
        self._load_newest()
        logger.warning("the server at %s has the weights %d again", self._server.url, self.weights_version)


def _lost(each: _UnderWay, reason: str) -> Completion:
    return Completion(each.request.ticket, each.prompt_ids, (), (), reason, "error", each.weights_version)
