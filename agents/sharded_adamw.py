"""AdamW whose state lies in parts, one on each rank; no step is too small, whatever the weights' type."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from skill_gym.agents.ranks import ALONE, Ranks


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of one parameter whose optimiser state one rank has.

    Attributes:
        parameter: Number of the parameter.
        owner: The rank.
        start: First element of the parameter, flat.
        end: One past the last.
    """

    parameter: int
    owner: int
    start: int
    end: int


def pieces(sizes: Mapping[int, int], owners: int) -> Iterator[Piece]:
    """Cuts parameters, laid end to end, into equal parts, one an owner (to one element).

    Args:
        sizes: Elements of each parameter, by its number.
        owners: At least 1.
    """
    part = -(-sum(sizes.values()) // owners)
    offset = 0
    for parameter, size in sizes.items():
        start = 0
        while start < size:
            owner = (offset + start) // part
            end = min(size, (owner + 1) * part - offset)
            yield Piece(parameter, owner, start, end)
            start = end
        offset += size


class ShardedAdamW:
    """AdamW (Loshchilov & Hutter 2019) over several ranks: ZeRO's first stage (Rajbhandari et al. 2020).

    Every rank has all weights. Each sums up gradients of its own, in float32 whatever the weights' type;
    ``norm`` adds those of all ranks, and in ``step`` each rank moves its part of the weights and gives it to
    the others. Of weights in less than float32, each rank keeps its part in float32 as well (master weights):
    a step that is too small to be seen in the weights is kept there. Alone it is torch's AdamW, but that
    weights which no gradient has reached decay, too.

    Args:
        parameters: Of the model, in its order; those without gradient are left out but count.
        ranks: Who learns together.
        weight_decay: Of AdamW.
    """

    def __init__(
        self, parameters: Iterable[torch.nn.Parameter], *, ranks: Ranks = ALONE, weight_decay: float = 0.01
    ) -> None:
        self._ranks = ranks
        self._trained = {
            number: parameter for number, parameter in enumerate(parameters) if parameter.requires_grad
        }
        sizes = {number: parameter.numel() for number, parameter in self._trained.items()}
        self._pieces = list(pieces(sizes, ranks.size))
        # Models may have taken some ranks longer to load than tensors wait for each other.
        ranks.together(lambda: None)
        self._spread_weights()
        # Of float32 weights the masters are the weights themselves.
        self._masters = {
            piece: self._weights(piece).float() for piece in self._pieces if piece.owner == ranks.rank
        }
        # One tensor after the other: all at once would need the memory of them all again.
        self._adamw = torch.optim.AdamW(
            [{"params": list(self._masters.values())}], weight_decay=weight_decay, foreach=False
        )
        self._steps = 0
        self._sums: dict[int, Tensor] = {}
        for number, parameter in self._trained.items():
            if parameter.dtype != torch.float32:
                hook = partial(self._take, number)
                parameter.register_post_accumulate_grad_hook(hook)  # type: ignore[no-untyped-call]

    def clear(self) -> None:
        """Forgets the gradients."""
        self._sums.clear()
        for parameter in self._trained.values():
            parameter.grad = None

    def norm(self) -> float:
        """Sums the gradients over the ranks, once a step; returns the norm of the whole, the same on all."""
        for piece in self._pieces:
            self._ranks.add(self._gradient(piece), piece.owner)
        norms = [torch.linalg.vector_norm(self._gradient(piece)) for piece in self._masters]
        # A rank may have no part of a very small model.
        own = torch.linalg.vector_norm(torch.stack(norms)) if norms else torch.zeros((), device=self._device)
        return float(own if self._ranks.size == 1 else self._ranks.total(own.double().square()).sqrt())

    def step(self, *, lr: float, scale: float) -> None:
        """Moves the weights; to be called after ``norm``.

        Args:
            lr: Learning rate.
            scale: Factor of the gradients, at most 1 where their norm is bounded.
        """
        for piece, master in self._masters.items():
            master.grad = self._gradient(piece).mul_(scale)
        self._adamw.param_groups[0]["lr"] = lr
        self._adamw.step()
        self._steps += 1
        for piece, master in self._masters.items():
            master.grad = None
            if not self._is_weights(piece, master):
                self._weights(piece).copy_(master)
        for piece in self._pieces:
            self._ranks.spread(self._weights(piece), piece.owner)
        self.clear()

    def state_dict(self) -> dict[str, Any]:
        """The whole state in main memory, by parameter as torch's AdamW has it, on the first rank.

        To be called by all ranks; the others get none. ``master`` is there for weights in less than float32.
        """
        whole: dict[int, dict[str, Tensor]] = {}
        for piece, name, values in self._state():
            self._ranks.spread(values, piece.owner)
            if self._ranks.first:
                entry = whole.setdefault(piece.parameter, {"step": torch.tensor(float(self._steps))})
                if name not in entry:
                    entry[name] = torch.empty(self._trained[piece.parameter].shape)
                entry[name].view(-1)[piece.start : piece.end] = values
        return {"state": whole}

    def load_state_dict(self, state: Mapping[str, Any], *, steps: int) -> None:
        """Takes back what ``state_dict`` gave under any number of ranks, and the first rank's weights.

        To be called by all ranks; of the state only the first one's is read.

        Args:
            state: Of ``state_dict``.
            steps: Steps that were done.

        Raises:
            ValueError: The state is that of another model or type of weights.
        """
        self._steps = steps
        self._spread_weights()
        for piece, master in self._masters.items():
            if not self._is_weights(piece, master):
                master.copy_(self._weights(piece))
            self._adamw.state[master] = {
                "step": torch.tensor(float(steps)),
                "exp_avg": torch.zeros_like(master),
                "exp_avg_sq": torch.zeros_like(master),
            }
        for piece, name, values in self._state():
            if self._ranks.first:
                entry = state["state"].get(piece.parameter, {})
                if name not in entry or entry[name].shape != self._trained[piece.parameter].shape:
                    raise ValueError(
                        f"the optimiser's state has no fitting {name!r} for parameter {piece.parameter}; "
                        "resume with the same model section"
                    )
                values.copy_(entry[name].view(-1)[piece.start : piece.end])
            self._ranks.spread(values, 0)

    def _state(self) -> Iterator[tuple[Piece, str, Tensor]]:
        """All that is kept from step to step, piece by piece; what others own as empty room for it."""
        for piece in self._pieces if self._steps else ():
            own = self._masters.get(piece)
            for name in ("exp_avg", "exp_avg_sq", "master"):
                if name == "master" and self._trained[piece.parameter].dtype == torch.float32:
                    continue
                if own is None:
                    values = torch.empty(piece.end - piece.start, device=self._device)
                else:
                    values = own if name == "master" else self._adamw.state[own][name]
                yield piece, name, values

    def _take(self, number: int, parameter: Tensor) -> None:
        """Adds up a gradient in float32 as soon as it is there."""
        if parameter.grad is None:
            return
        if number in self._sums:
            self._sums[number].add_(parameter.grad)
        else:
            self._sums[number] = parameter.grad.float()
        parameter.grad = None

    def _gradient(self, piece: Piece) -> Tensor:
        """A piece's gradient, in float32; zeros where nothing has reached the parameter."""
        parameter = self._trained[piece.parameter]
        if parameter.dtype == torch.float32:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            return parameter.grad.view(-1)[piece.start : piece.end]
        if piece.parameter not in self._sums:
            self._sums[piece.parameter] = torch.zeros_like(parameter, dtype=torch.float32)
        return self._sums[piece.parameter].view(-1)[piece.start : piece.end]

    def _weights(self, piece: Piece) -> Tensor:
        # Not ``data``, whose changes torch does not count: ``LoadedWeights`` goes by the count.
        return self._trained[piece.parameter].detach().view(-1)[piece.start : piece.end]

    def _is_weights(self, piece: Piece, master: Tensor) -> bool:
        return master.data_ptr() == self._weights(piece).data_ptr()

    def _spread_weights(self) -> None:
        for parameter in self._trained.values():
            self._ranks.spread(parameter.detach(), 0)

    @property
    def _device(self) -> torch.device:
        return next(iter(self._trained.values())).device
