"""The environment's scripted player as a policy: it reads the prompt, skills included, and plays by that."""

from collections import OrderedDict
from collections.abc import Sequence

import gymnasium as gym

from skill_gym.agents.batching import BatchPolicy
from skill_gym.agents.policy import Completion, PolicyError, Request
from skill_gym.agents.replies import in_tags, reply
from skill_gym.registration import env_class
from skill_gym.text_env import Player


class ExplorerPolicy(BatchPolicy):
    """Says what the environment's scripted player would do, which takes the first prompt as advice.

    It needs no model and never errs by chance, so it measures what stated skills are worth to a player that
    understands them. The same episode gives the same replies, whoever else plays.

    Args:
        think: Whether replies hold the player's thought; None does as the prompt asks.
        most_episodes: Episodes remembered at once, at least 1, no fewer than there are slots.
        name: Goes into the trajectories.

    Raises:
        ValueError: ``most_episodes`` is below 1.
    """

    def __init__(
        self, *, think: bool | None = None, most_episodes: int = 4096, name: str = "explorer"
    ) -> None:
        if most_episodes < 1:
            raise ValueError(f"most_episodes must be at least 1, got {most_episodes}")
        super().__init__(name)
        self.think = think
        self.most_episodes = most_episodes
        self._players: OrderedDict[str, tuple[Player, bool]] = OrderedDict()

    def submit(self, request: Request) -> None:
        """Takes a request; the one of step 0 begins an episode.

        Raises:
            PolicyError: The environment has no scripted player, or this one does not understand its first
                text, its wrappers do not give what is needed, or the episode was begun elsewhere or long ago.
        """
        missing = [
            name
            for name in ("task_key", "observation", "admissible_commands", "step")
            if name not in request.info
        ]
        if missing:
            raise PolicyError(
                f"info lacks {', '.join(missing)}, which the explorer reads; wrap the env in TaskPrompt and "
                "let play() send the requests"
            )
        if request.info["step"] == 0:
            self._begin(request)
        elif _episode(request) not in self._players:
            raise PolicyError(
                f"{request.ticket!r} goes on with an episode that this explorer did not begin, or that more "
                f"than {self.most_episodes} others have followed; raise most_episodes"
            )
        super().submit(request)

    def answer(self, requests: Sequence[Request]) -> list[Completion]:
        """One command a request."""
        return [Completion(request.ticket, (), (), (), self._reply(request)) for request in requests]

    def _begin(self, request: Request) -> None:
        prompt = "\n".join(message["content"] for message in request.messages)
        try:
            # A task's key begins with its environment's id.
            env = env_class(request.info["task_key"].partition(":")[0])
            player = env.player(request.info["observation"], prompt)
        except (ValueError, NotImplementedError, gym.error.Error) as error:
            raise PolicyError(str(error)) from error
        asked = "<think>" in prompt if self.think is None else self.think
        # A ticket may come again in a later rollout; its new episode is the youngest.
        self._players.pop(_episode(request), None)
        self._players[_episode(request)] = player, asked
        while len(self._players) > self.most_episodes:
            self._players.popitem(last=False)

    def _reply(self, request: Request) -> str:
        player, think = self._players[_episode(request)]
        if request.info["step"] > 0:
            player.observe(request.info.get("command", ""), request.info["observation"])
        command = player.command(request.info["admissible_commands"])
        return reply(player.thought, command) if think else in_tags(command)


def _episode(request: Request) -> str:
    return request.ticket.rpartition("#")[0]
