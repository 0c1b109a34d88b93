"""Samples replies with transformers: every platform that torch runs on, reproducibly."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from skill_gym.agents.batching import BatchPolicy
from skill_gym.agents.chat import ChatTokens, end_ids
from skill_gym.agents.grammar import Grammars, HeldReply
from skill_gym.agents.policy import Completion, FinishReason, PolicyError, Request
from skill_gym.agents.token_masks import TokenMasks, masked

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def draw_tokens(logits: Tensor, temperature: Tensor, top_p: Tensor, uniform: Tensor) -> tuple[Tensor, Tensor]:
    """Draws one token a row by inverting the cumulative distribution.

    One uniform number decides a row, so a row's draw does not depend on the rows beside it.

    Args:
        logits: Shape [row, vocabulary].
        temperature: Shape [row]; 0 is greedy.
        top_p: Nucleus (Holtzman et al. 2020), shape [row], in (0, 1].
        uniform: Shape [row], in [0, 1), float64.

    Returns:
        Token ids, shape [row], and their log-probabilities under the model's own distribution, shape
        [row]: at temperature 1 and without nucleus, whatever the draw was made with. That is what vLLM
        returns, and what a learner computes from the same weights.
    """
    logprobs = torch.log_softmax(logits.float(), dim=-1)
    greedy = logits.argmax(dim=-1)
    scaled = logits.double() / torch.where(temperature > 0, temperature, 1.0).double()[:, None]
    probabilities = torch.softmax(scaled, dim=-1)
    if bool((top_p < 1).any()):
        ordered, order = probabilities.sort(dim=-1, descending=True, stable=True)
        outside = ordered.cumsum(dim=-1) - ordered >= top_p.double()[:, None]
        probabilities = torch.zeros_like(probabilities).scatter(-1, order, ordered.masked_fill(outside, 0.0))
    cumulative = probabilities.cumsum(dim=-1)
    total = cumulative[:, -1]
    target = torch.minimum(uniform * total, torch.nextafter(total, torch.zeros_like(total)))
    drawn = torch.searchsorted(cumulative, target[:, None], right=True)[:, 0]
    tokens = torch.where(temperature > 0, drawn, greedy)
    return tokens, logprobs.gather(-1, tokens[:, None])[:, 0]


@dataclass(slots=True)
class _Row:
    """One reply while it grows."""

    request: Request
    prompt_ids: tuple[int, ...]
    uniforms: Tensor
    held: HeldReply | None
    token_ids: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    finish_reason: FinishReason | None = None


class TransformersPolicy(BatchPolicy):
    """Answers in batches with a key/value cache; a finished reply leaves the batch at once.

    The same weights and the same requests in the same order give the same replies. Replies drawn with a
    seed of their own depend on the rest of the batch only through rounding (about 1e-6 in a logit).

    Args:
        model: A causal language model; may be the learner's own object.
        tokenizer: Its tokenizer, with a chat template.
        device: Moves the model there; None leaves it where it is.
        max_batch: Most replies grown at once.
        context_length: Largest number of tokens, reply included; None reads the model's config.
        seed: Seed of replies whose request has none.
        name: Goes into the trajectories.

    Attributes:
        weights_version: Which weights answer; set by ``load_weights``.
        chat: The chat template.

    Raises:
        PolicyError: No chat template, or the model does not say how long its context is.
    """

    def __init__(
        self,
        model: "PreTrainedModel",
        tokenizer: "PreTrainedTokenizerBase",
        *,
        device: str | torch.device | None = None,
        max_batch: int = 32,
        context_length: int | None = None,
        seed: int = 0,
        name: str = "transformers",
    ) -> None:
        super().__init__(name, max_batch=max_batch)
        self.model = model if device is None else model.to(device)
        generation = getattr(model, "generation_config", None)
        self.chat = ChatTokens(tokenizer, stop_ids=end_ids(getattr(generation, "eos_token_id", None)))
        length = context_length or getattr(model.config, "max_position_embeddings", None)
        if length is None:
            raise PolicyError("the model's config has no max_position_embeddings; pass context_length=")
        self.context_length = int(length)
        self.weights_version = 0
        self._prompts: dict[str, tuple[int, ...]] = {}
        self._grammars: Grammars | None = None
        self._unseeded = torch.Generator().manual_seed(seed)

    def count_tokens(self, text: str) -> int:
        """Number of tokens of a text on its own."""
        return self.chat.count_tokens(text)

    def submit(self, request: Request) -> None:
        """Queues a request.

        Raises:
            PromptTooLong: Prompt plus ``max_new_tokens`` exceed the model's context.
        """
        self._prompts[request.ticket] = self.chat.request_ids(request, self.context_length)
        super().submit(request)

    def load_weights(self, state: Mapping[str, Tensor], version: int) -> None:
        """Takes new weights; tensors that the model already shares are not copied.

        Args:
            state: A whole state dict; a tied head may be left out.
            version: What completions carry from now on.

        Raises:
            ValueError: A weight is missing or unknown.
        """
        own = self.model.state_dict()
        storage = {value.data_ptr() for name, value in own.items() if name in state}
        missing = [
            name for name, value in own.items() if name not in state and value.data_ptr() not in storage
        ]
        unknown = sorted(set(state) - set(own))
        if missing or unknown:
            problem = f"lacks {missing[0]!r}" if missing else f"has the unknown {unknown[0]!r}"
            raise ValueError(f"the new state {problem}; pass model.state_dict() of the same architecture")
        with torch.no_grad():
            for name, value in state.items():
                if own[name].data_ptr() != value.data_ptr():
                    own[name].copy_(value)
        self.weights_version = version

    def answer(self, requests: Sequence[Request]) -> list[Completion]:
        """Samples a reply to each request."""
        rows = [
            _Row(request, self._prompts.pop(request.ticket), self._uniforms(request), self._held(request))
            for request in requests
        ]
        was_training = self.model.training
        self.model.eval()
        try:
            with torch.inference_mode():
                self._grow(rows)
        finally:
            self.model.train(was_training)
        return [
            Completion(
                ticket=row.request.ticket,
                prompt_ids=row.prompt_ids,
                token_ids=tuple(row.token_ids),
                logprobs=tuple(row.logprobs),
                text=self.chat.text(row.token_ids),
                finish_reason=row.finish_reason or "length",
                weights_version=self.weights_version,
                pattern=row.request.sampling.pattern,
            )
            for row in rows
        ]

    def _uniforms(self, request: Request) -> Tensor:
        seed = request.sampling.seed
        generator = self._unseeded if seed is None else torch.Generator().manual_seed(seed)
        return torch.rand(request.sampling.max_new_tokens, generator=generator, dtype=torch.float64)

    def _held(self, request: Request) -> HeldReply | None:
        if request.sampling.pattern is None:
            return None
        if self._grammars is None:
            self._grammars = Grammars(self.chat, self.model.config.vocab_size)
        return self._grammars.begin(request.sampling.pattern)

    def _grow(self, rows: list[_Row]) -> None:
        """Samples until every row is finished; prompts are padded on the left."""
        device = self.model.device
        width = max(len(row.prompt_ids) for row in rows)
        pads = [width - len(row.prompt_ids) for row in rows]
        tokens = torch.tensor(
            [[0] * pad + list(row.prompt_ids) for pad, row in zip(pads, rows, strict=True)], device=device
        )
        columns = torch.arange(width, device=device)
        starts = torch.tensor(pads, device=device)
        mask = (columns >= starts[:, None]).long()
        positions = (columns - starts[:, None]).clamp_min(0)
        cache = None
        while True:
            output = self.model(
                input_ids=tokens,
                attention_mask=mask,
                position_ids=positions,
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            )
            cache = output.past_key_values
            drawn = self._draw(rows, output.logits[:, -1])
            alive = [index for index, row in enumerate(rows) if row.finish_reason is None]
            if not alive:
                return
            if len(alive) < len(rows):
                kept = torch.tensor(alive, device=device)
                cache.batch_select_indices(kept)
                rows, drawn, mask, positions = (
                    [rows[i] for i in alive],
                    drawn[kept],
                    mask[kept],
                    positions[kept],
                )
            tokens = drawn[:, None]
            mask = torch.cat([mask, mask.new_ones(len(rows), 1)], dim=1)
            positions = positions[:, -1:] + 1

    def _draw(self, rows: list[_Row], logits: Tensor) -> Tensor:
        """Draws and records the next token of each row; marks the rows that are finished."""
        sampling = [row.request.sampling for row in rows]
        # As vLLM does, before temperature and nucleus.
        masks = TokenMasks.of([b"" if row.held is None else row.held.allowed() for row in rows])
        if masks is not None:
            logits = masked(logits, masks.rows[masks.index].to(logits.device))
        tokens, logprobs = draw_tokens(
            logits,
            torch.tensor([each.temperature for each in sampling], device=logits.device),
            torch.tensor([each.top_p for each in sampling], device=logits.device),
            torch.stack([row.uniforms[len(row.token_ids)] for row in rows]).to(logits.device),
        )
        for row, token, logprob in zip(rows, tokens.tolist(), logprobs.tolist(), strict=True):
            row.token_ids.append(token)
            if row.held is not None:
                row.held.say(token)
            row.logprobs.append(logprob)
            if token in self.chat.stop_ids or self._said_stop(row):
                row.finish_reason = "stop"
            elif len(row.token_ids) == row.request.sampling.max_new_tokens:
                row.finish_reason = "length"
        return tokens

    def _said_stop(self, row: _Row) -> bool:
        stop = row.request.sampling.stop
        if not stop:
            return False
        # A token is at least one byte, so a stop text that ends here lies within this many tokens.
        reach = max(len(text.encode()) for text in stop) + 1
        tail = self.chat.text(row.token_ids[-reach:])
        return any(text in tail for text in stop)

    def abort(self, tickets: Collection[str]) -> None:
        """Forgets requests that nobody waits for any more."""
        super().abort(tickets)
        for ticket in tickets:
            self._prompts.pop(ticket, None)
