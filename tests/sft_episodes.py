"""Episodes for the tests of exports: the scripted player in small games, through the real wrappers."""

from dataclasses import replace
from functools import cache

from skill_gym.agents.explorer_policy import ExplorerPolicy
from skill_gym.agents.policy import Sampling
from skill_gym.agents.rollout import Episode, play
from skill_gym.agents.sft_export import ExportConfig, Ruler, export_trajectories
from skill_gym.agents.sft_prompts import PromptConfig
from skill_gym.agents.sft_selection import Selection, SelectionConfig
from skill_gym.benchmarks.suite import make
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.retrieval import ByTaskType
from skill_gym.trajectory import Trajectory

ENV = "skill_gym/ALFWorld-v0"
STARTER = SkillBank.starter("alfworld")
SMALL = {"room_scale": 0.4, "object_scale": 0.3}


@cache
def played(
    *,
    env_id: str = ENV,
    count: int = 12,
    layout: str = "transcript",
    bank: SkillBank = STARTER,
    think: bool = True,
    max_tokens: int = 2000,
) -> tuple[Trajectory, ...]:
    """Solved episodes in the order of their tasks."""

    def env():
        settings = {"size": count, "generator": SMALL} if env_id == ENV else {"size": count}
        return make(
            env_id,
            split="generated",
            bank=bank,
            layout=layout,
            think=think,
            max_tokens=max_tokens,
            **settings,
        )

    ids = [task.id for task in env().get_wrapper_attr("tasks")]
    episodes = [Episode(name, name, seed=0) for name in ids]
    done = {
        one.episode.ticket: one.trajectory
        for one in play(env, ExplorerPolicy(), episodes, slots=4, sampling=Sampling())
    }
    return tuple(done[name] for name in ids)


def spoilt(trajectory: Trajectory, turn: int, reply: str = "I do not know.") -> Trajectory:
    """The episode with one reply that could not be read, after which all was as before."""
    turns = list(trajectory.turns)
    bad = replace(turns[turn], reply=reply, command="", valid=False)
    return replace(trajectory, turns=(*turns[:turn], bad, *turns[turn:]))


def export(trajectories, out, *, prompts=None, bank=STARTER, ruler=None, selection=None, **settings):
    """``export_trajectories`` with what the tests do not care about."""
    return export_trajectories(
        trajectories,
        ExportConfig(out=str(out), **{"validation": 0.25, **settings}),
        prompts or PromptConfig(),
        selection or Selection(SelectionConfig()),
        ByTaskType(bank),
        ruler or Ruler(),
    )
