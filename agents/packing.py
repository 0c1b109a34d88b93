"""From played episodes to training sequences: what was said is learnt, what was read is context."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from skill_gym.agents.policy import Completion
from skill_gym.agents.prefix_tree import PASS_TOKENS, PrefixTree, prefix_trees
from skill_gym.agents.token_masks import TokenMasks

if TYPE_CHECKING:
    from skill_gym.agents.grammar import Grammars
    from skill_gym.agents.rollout import Played


@dataclass(frozen=True, slots=True)
class Sample:
    """One training sequence: a whole episode in the transcript layout, one turn in the step layout.

    Attributes:
        token_ids: All tokens, prompts and replies, int64, shape [token].
        positions: Where the reply tokens stand in ``token_ids``, each at least 1, ascending, int64,
            shape [reply]. The model's output at ``position - 1`` predicts the token there.
        advantages: Of each reply token's turn, float32, shape [reply].
        logprobs: Of each reply token under the sampler, float32, shape [reply].
        turns: Turn of each reply token, numbered through all samples, int64, shape [reply].
        trajectory: Index of the episode among those played.
        group: Of the episodes of one task.
        masks: For each reply token the tokens that its reply's grammar allowed there (``HeldReply.allowed``),
            ``b""`` where it was free; empty where all were.
    """

    token_ids: NDArray[np.int64]
    positions: NDArray[np.int64]
    advantages: NDArray[np.float32]
    logprobs: NDArray[np.float32]
    turns: NDArray[np.int64]
    trajectory: int
    group: int = 0
    masks: tuple[bytes, ...] = ()

    def __len__(self) -> int:
        return len(self.token_ids)

    @property
    def replies(self) -> int:
        """Number of reply tokens."""
        return len(self.positions)


@dataclass(frozen=True, slots=True)
class MicroBatch:
    """Samples of like length, padded at the right; or a prefix tree of samples, in one row.

    Attributes:
        input_ids: Shape [sequence, token]; cut behind the last reply token that has to be predicted. Of a
            tree only what is read for it, not what trunks have read.
        rows: Sequence of each reply token, shape [reply].
        columns: Position whose output predicts the reply token, shape [reply]; of a tree in its whole row,
            where its trunks stand first.
        targets: The reply tokens, shape [reply].
        index: Place of each reply token among all the samples' reply tokens, in order, shape [reply].
        tree: The tree that the row is; None where samples are padded.
        masks: Tokens that were allowed in the place of each reply token; None where all were.
    """

    input_ids: Tensor
    rows: Tensor
    columns: Tensor
    targets: Tensor
    index: Tensor
    tree: PrefixTree | None = None
    masks: TokenMasks | None = None


def make_samples(
    played: Sequence["Played"], advantages: Sequence[Sequence[float]], grammars: "Grammars | None" = None
) -> list[Sample]:
    """Training sequences of the episodes that have tokens.

    Consecutive turns whose prompt goes on where the previous prompt and reply ended become one sequence;
    a turn with a prompt of its own starts a new one. Nothing is tokenised again.

    Args:
        played: Episodes with one completion a turn; broken ones should be left out beforehand.
        advantages: Of each turn of each episode, in the order of ``played``.
        grammars: Of the policy, for replies that were held to a pattern.

    Raises:
        ValueError: Number of completions, turns and advantages differ, a reply lacks log-probabilities, or
            replies were held to a pattern and there are no ``grammars``.
        PolicyError: A reply does not match the pattern that it was held to.
    """
    if len(played) != len(advantages):
        raise ValueError(f"need the advantages of {len(played)} episodes, got {len(advantages)}")
    replies = [completion for one in played for completion in one.completions]
    if grammars is None and any(reply.pattern is not None for reply in replies):
        raise ValueError("replies were held to a pattern, so their masks are needed; pass grammars")
    masks = [()] * len(replies) if grammars is None else grammars.masks(replies)
    samples: list[Sample] = []
    first_turn = 0
    for trajectory, (one, values) in enumerate(zip(played, advantages, strict=True)):
        if len(one.completions) != len(values):
            raise ValueError(
                f"episode {one.episode.ticket}: {len(one.completions)} completions but {len(values)} "
                "advantages; each turn needs one of both"
            )
        run: list[tuple[int, Completion, float]] = []
        for turn, (completion, value) in enumerate(zip(one.completions, values, strict=True), first_turn):
            if len(completion.logprobs) != len(completion.token_ids):
                raise ValueError(
                    f"episode {one.episode.ticket}: a reply of {len(completion.token_ids)} tokens has "
                    f"{len(completion.logprobs)} log-probabilities; train with a policy that returns both"
                )
            if run and not _goes_on(run[-1][1], completion):
                samples += _sample(run, trajectory, one.episode.group, masks)
                run = []
            run.append((turn, completion, value))
        samples += _sample(run, trajectory, one.episode.group, masks)
        first_turn += len(values)
    return samples


def _goes_on(previous: Completion, completion: Completion) -> bool:
    """Whether the prompt begins with everything before it."""
    behind = previous.prompt_ids + previous.token_ids
    return bool(behind) and completion.prompt_ids[: len(behind)] == behind


def _sample(
    run: Sequence[tuple[int, Completion, float]],
    trajectory: int,
    group: int,
    masks: Sequence[tuple[bytes, ...]],
) -> list[Sample]:
    """One sample of turns that go on from each other; none when they have no reply tokens."""
    spans = [
        (len(reply.prompt_ids), turn, reply, value)
        for turn, reply, value in run
        if reply.prompt_ids and reply.token_ids
    ]
    if not spans:
        return []
    last = spans[-1][2]
    lengths = [len(reply.token_ids) for _, _, reply, _ in spans]
    return [
        Sample(
            token_ids=np.array(last.prompt_ids + last.token_ids, dtype=np.int64),
            positions=np.concatenate(
                [np.arange(start, start + n) for (start, *_), n in zip(spans, lengths, strict=True)]
            ),
            advantages=np.repeat(np.array([value for *_, value in spans], dtype=np.float32), lengths),
            logprobs=np.concatenate([np.array(reply.logprobs, dtype=np.float32) for _, _, reply, _ in spans]),
            turns=np.repeat(np.array([turn for _, turn, _, _ in spans], dtype=np.int64), lengths),
            trajectory=trajectory,
            group=group,
            masks=tuple(mask for _, turn, _, _ in spans for mask in masks[turn]),
        )
    ]


def micro_batches(samples: Sequence[Sample], *, max_tokens: int, pad_id: int = 0) -> Iterator[MicroBatch]:
    """Cuts samples into padded batches, the longest first so that memory is known early.

    Args:
        samples: At least one reply token each.
        max_tokens: Budget of a batch, padding included; a longer sample gets a batch of its own.
        pad_id: Token at the right end of shorter sequences; causal attention never sees it.
    """
    if max_tokens < 1:
        raise ValueError(f"max_tokens must be at least 1, got {max_tokens}")
    starts = np.cumsum([0] + [sample.replies for sample in samples])
    order = sorted(range(len(samples)), key=lambda one: -len(samples[one]))
    while order:
        size = max(1, max_tokens // len(samples[order[0]]))
        batch, order = order[:size], order[size:]
        yield _pad([samples[one] for one in batch], [int(starts[one]) for one in batch], pad_id)


def tree_batches(
    samples: Sequence[Sample], *, max_tokens: int, pass_tokens: int = PASS_TOKENS
) -> Iterator[MicroBatch]:
    """Merges what samples begin with alike, and cuts them into trees with trunks, see ``prefix_trees``.

    Several reply tokens may be predicted at the same place: those of samples that are equal up to there. A
    reply is whole in one batch; where it begins in a trunk, the trunk's outputs are there to predict it.

    Args:
        samples: At least one reply token each.
        max_tokens: Budget of a tree with its trunks; a longer sample gets a tree of its own.
        pass_tokens: What one more pass costs, in tokens.
    """
    starts = np.cumsum([0] + [sample.replies for sample in samples])
    # The last reply token is only ever predicted: the model need not read it.
    sequences = [sample.token_ids[: sample.positions[-1]] for sample in samples]
    for tree in prefix_trees(sequences, max_tokens=max_tokens, pass_tokens=pass_tokens):
        members = [samples[one] for one in tree.members]
        columns = [path[one.positions - 1] for path, one in zip(tree.paths, members, strict=True)]
        targets = [one.token_ids[one.positions] for one in members]
        yield MicroBatch(
            input_ids=torch.from_numpy(tree.token_ids[None, tree.past :]),
            rows=torch.zeros(sum(one.replies for one in members), dtype=torch.int64),
            columns=torch.from_numpy(_joined(columns)),
            targets=torch.from_numpy(_joined(targets)),
            index=torch.from_numpy(_index([int(starts[one]) for one in tree.members], members)),
            tree=tree,
            masks=_masks(members),
        )


def _pad(samples: Sequence[Sample], starts: Sequence[int], pad_id: int) -> MicroBatch:
    # The last reply token is only ever predicted: the model need not read it.
    width = max(int(sample.positions[-1]) for sample in samples)
    input_ids = np.full((len(samples), width), pad_id, dtype=np.int64)
    for row, sample in enumerate(samples):
        own = sample.token_ids[:width]
        input_ids[row, : len(own)] = own
    return MicroBatch(
        input_ids=torch.from_numpy(input_ids),
        rows=torch.from_numpy(np.repeat(np.arange(len(samples)), [sample.replies for sample in samples])),
        columns=torch.from_numpy(np.concatenate([sample.positions - 1 for sample in samples])),
        targets=torch.from_numpy(np.concatenate([sample.token_ids[sample.positions] for sample in samples])),
        index=torch.from_numpy(_index(starts, samples)),
        masks=_masks(samples),
    )


def _index(starts: Sequence[int], samples: Sequence[Sample]) -> NDArray[np.int64]:
    """Places of the samples' reply tokens, given where each sample's begin."""
    return _joined(
        [np.arange(start, start + one.replies) for start, one in zip(starts, samples, strict=True)]
    )


def _masks(samples: Sequence[Sample]) -> TokenMasks | None:
    return TokenMasks.of([mask for one in samples for mask in one.masks or (b"",) * one.replies])


def _joined(arrays: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """One behind the other; there may be none."""
    return np.concatenate([np.array([], dtype=np.int64), *arrays])
