"""Players that need no model: an expert that errs at a chosen rate, and a random one."""

import json
import random
import re
from collections.abc import Sequence
from hashlib import sha256

from skill_gym.agents.batching import BatchPolicy
from skill_gym.agents.policy import Completion, PolicyError, Request
from skill_gym.agents.replies import in_tags
from skill_gym.wrappers.open_command import fill, has_slot

MOST_WORDS = 6
"""Words of the goal that fill a slot at most."""


def _stream(seed: int, request: Request) -> random.Random:
    """Random numbers of one request; they depend on the task and the step, never on who else plays."""
    if request.sampling.seed is None and "step" not in request.info:
        raise PolicyError(
            "a scripted policy needs sampling.seed or info['step'] to be random in a reproducible way; "
            "play() gives both, otherwise set Sampling(seed=...)"
        )
    where = [seed, request.info.get("task_key", ""), request.info.get("step"), request.sampling.seed]
    return random.Random(sha256(json.dumps(where).encode()).digest())


def _admissible(request: Request) -> Sequence[str]:
    commands: Sequence[str] = request.info.get("admissible_commands", ())
    if not commands:
        raise PolicyError(
            "info['admissible_commands'] is empty, so there is nothing to draw from; random play needs an "
            "environment that lists its commands"
        )
    return commands


def _drawn(request: Request, draw: random.Random) -> str:
    """A random admissible command; a slot in it is filled with words of the goal, in their order."""
    command = draw.choice(_admissible(request))
    if not has_slot(command):
        return command
    words = re.findall(r"\w+", str(request.info.get("goal", ""))) or ["anything"]
    count = draw.randint(1, min(MOST_WORDS, len(words)))
    return fill(command, " ".join(words[place] for place in sorted(draw.sample(range(len(words)), count))))


def _reply(template: str | None, command: str) -> str:
    return in_tags(command) if template is None else template.replace("{command}", command)


def _check_template(reply: str | None) -> str | None:
    if reply is not None and "{command}" not in reply:
        raise ValueError(f"reply must contain '{{command}}', got {reply!r}")
    return reply


class ExpertPolicy(BatchPolicy):
    """Says the environment's expert command; now and then a random admissible one instead.

    Where the expert knows no way any more (``expert_command`` is None), it says a random admissible command.

    When it errs depends on (seed, task key, step, the reply's seed) only, so that results do not depend
    on the number of slots.

    Args:
        failure_rate: Probability of a random admissible command, in [0, 1].
        seed: Seed of the errors.
        reply: The reply's form, where ``{command}`` stands for the command; None puts the command into its
            tags.
        name: Goes into the trajectories; None names it by its failure rate.
    """

    def __init__(
        self,
        failure_rate: float = 0.0,
        seed: int = 0,
        reply: str | None = None,
        *,
        name: str | None = None,
    ) -> None:
        if not 0 <= failure_rate <= 1:
            raise ValueError(f"failure_rate must be in [0, 1], got {failure_rate}")
        super().__init__(name or ("expert" if failure_rate == 0 else f"expert-{failure_rate:g}"))
        self.failure_rate = failure_rate
        self.seed = seed
        self._template = _check_template(reply)

    def submit(self, request: Request) -> None:
        """Takes a request.

        Raises:
            PolicyError: The environment names no expert command, or a needed draw cannot be made.
        """
        if "expert_command" not in request.info:
            raise PolicyError(
                "info['expert_command'] is missing; make the env with expert='planner' "
                "(or another expert that the environment offers, see its metadata['experts'])"
            )
        if self.failure_rate > 0 or request.info["expert_command"] is None:
            _admissible(request)
            _stream(self.seed, request)
        super().submit(request)

    def answer(self, requests: Sequence[Request]) -> list[Completion]:
        """One command a request."""
        return [
            Completion(request.ticket, (), (), (), _reply(self._template, self._command(request)))
            for request in requests
        ]

    def _command(self, request: Request) -> str:
        expert = request.info["expert_command"]
        if self.failure_rate > 0 or expert is None:
            draw = _stream(self.seed, request)
            if expert is None or draw.random() < self.failure_rate:
                return _drawn(request, draw)
        return str(expert)


class RandomPolicy(BatchPolicy):
    """Says a random admissible command; the floor of every comparison.

    A slot, as in ``search[<your query>]``, is filled with a few random words of the goal.

    Args:
        seed: Seed of the draws, together with task, step and the reply's seed.
        reply: The reply's form, where ``{command}`` stands for the command; None puts the command into its
            tags.
        name: Goes into the trajectories.
    """

    def __init__(self, seed: int = 0, reply: str | None = None, *, name: str = "random") -> None:
        super().__init__(name)
        self.seed = seed
        self._template = _check_template(reply)

    def submit(self, request: Request) -> None:
        """Takes a request.

        Raises:
            PolicyError: No admissible commands, or neither a seed nor a step to draw by.
        """
        _admissible(request)
        _stream(self.seed, request)
        super().submit(request)

    def answer(self, requests: Sequence[Request]) -> list[Completion]:
        """One command a request."""
        return [
            Completion(
                request.ticket,
                (),
                (),
                (),
                _reply(self._template, _drawn(request, _stream(self.seed, request))),
            )
            for request in requests
        ]
