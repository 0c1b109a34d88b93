"""Demonstrations as token sequences, as a policy would have seen and said them."""

import numpy as np

from skill_gym.agents.chat import ChatTokens
from skill_gym.agents.demonstration_play import Demonstration
from skill_gym.agents.packing import Sample
from skill_gym.agents.policy import Completion, Message


def encode(demonstration: Demonstration, chat: ChatTokens, *, read_weight: float = 0.0) -> Sample:
    """The token sequence that the policy would have seen and said, turn by turn, with marks on what to learn.

    Args:
        demonstration: What was shown and said.
        chat: The policy's chat template.
        read_weight: Weight, against 1 for a reply token, of the tokens of the world's answers.

    Returns:
        A sample whose ``positions`` are those of learnt tokens, a reply's end of turn included. Its
        ``advantages`` are their weights in the loss; ``turns`` is -1 for tokens that were read, not said.
    """
    completion: Completion | None = None
    positions: list[int] = []
    turns: list[int] = []
    behind = 0
    steps = zip(demonstration.prompts, demonstration.replies, demonstration.learn, strict=True)
    for turn, (prompt, reply, learn) in enumerate(steps):
        completion = said(prompt, reply, chat, completion)
        start, count = len(completion.prompt_ids), len(completion.token_ids)
        if turn and read_weight:
            positions += range(behind, start)
            turns += [-1] * (start - behind)
        if learn:
            positions += range(start, start + count)
            turns += [turn] * count
        behind = start + count
    ids = () if completion is None else completion.prompt_ids + completion.token_ids
    return Sample(
        token_ids=np.array(ids, dtype=np.int64),
        positions=np.array(positions, dtype=np.int64),
        advantages=np.where(np.array(turns) < 0, read_weight, 1.0).astype(np.float32),
        logprobs=np.zeros(len(positions), dtype=np.float32),
        turns=np.array(turns, dtype=np.int64),
        trajectory=0,
    )


def said(prompt: str, reply: str, chat: ChatTokens, previous: Completion | None) -> Completion:
    """The completion that a policy would have given had it said ``reply``, ended by itself."""
    message: Message = {"role": "user", "content": prompt}
    prompt_ids = chat.prompt_ids([message]) if previous is None else chat.continuation_ids(previous, message)
    reply_ids = (*chat.tokenizer(reply, add_special_tokens=False)["input_ids"], end_id(chat))
    return Completion("", prompt_ids, reply_ids, (0.0,) * len(reply_ids), reply)


def end_id(chat: ChatTokens) -> int:
    """The token that closes a reply: what the template puts there, else the end of text."""
    opened = Completion("", (0,), (), (), "")
    first = chat.continuation_ids(opened, {"role": "user", "content": "x"})[1]
    return first if first in chat.stop_ids else min(chat.stop_ids)
