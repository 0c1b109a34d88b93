"""Requests for replies that are held to a pattern, and what a trainer makes of the replies."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from skill_gym.agents.forward_pass import ForwardPass
from skill_gym.agents.grammar import Grammars
from skill_gym.agents.grpo_config import GRPOConfig
from skill_gym.agents.packing import make_samples
from skill_gym.agents.policy import Completion, Policy, Request, Sampling
from skill_gym.agents.rollout import Episode, Played
from skill_gym.trajectory import Task, Trajectory
from skill_gym.wrappers.reply_pattern import reply_pattern

COMMANDS = ("look", "go left", "go left 2", "inventory", "take bowl 1 (red)")
REPLIES = {f"<action>{command}</action>" for command in COMMANDS}
HELD = reply_pattern(("action",), think=False, commands=COMMANDS)
FORMAT = reply_pattern(("action",), think=True)
LONGEST = 40
"""Tokens; of a reply that is held to ``FORMAT``, whose thought a random model does not end."""


def held_requests() -> list[Request]:
    """Replies of one command, of the format, and free ones; hot, greedy and from a nucleus."""
    draws: list[dict[str, Any]] = [{}, {"temperature": 0.0}, {"temperature": 1.6}, {"top_p": 0.5}]
    return [
        Request(
            f"{kind}-{number}",
            [{"role": "user", "content": "You are in a room."}],
            sampling=Sampling(pattern=pattern, max_new_tokens=LONGEST, seed=number, **draw),
        )
        for kind, pattern in (("held", HELD), ("format", FORMAT), ("free", None))
        for number, draw in enumerate(draws)
    ]


def answers(policy: Policy, requests: Sequence[Request]) -> dict[str, Completion]:
    """The replies by ticket."""
    for request in requests:
        policy.submit(request)
    found: dict[str, Completion] = {}
    while len(found) < len(requests):
        found |= {each.ticket: each for each in policy.poll()}
    return found


def played(*completions: Completion) -> Played:
    """An episode of these replies, without its turns."""
    task = Task("t", "k", "e", "train", "", "")
    return Played(Episode("a", "t", 0), Trajectory(task, (), "failed"), completions)


def mismatches(model: Any, policy: Any, found: Sequence[Completion]) -> tuple[float, float]:
    """Largest difference of trainer and sampler, with the masks and, were they forgotten, without."""
    grammars = Grammars(policy.chat, model.config.vocab_size)
    samples = make_samples([played(each) for each in found], [[1.0]] * len(found), grammars)
    bare = [replace(one, masks=()) for one in samples]
    theirs = torch.cat([torch.from_numpy(one.logprobs) for one in samples])
    with_masks, without = (
        float((torch.cat(ForwardPass(GRPOConfig()).logprobs(model, some)) - theirs).abs().max())
        for some in (samples, bare)
    )
    return with_masks, without


def check_held(found: dict[str, Completion]) -> None:
    """Each reply is what it was held to; the free ones are not, so that holding means something."""
    held = [each for name, each in found.items() if name.startswith("held")]
    assert all(each.text in REPLIES and each.finish_reason == "stop" for each in held)
    assert len({each.text for each in held}) > 1
    assert all(each.text.startswith("<think>") for name, each in found.items() if name.startswith("format"))
    assert all("<think>" not in each.text for name, each in found.items() if name.startswith("free"))
