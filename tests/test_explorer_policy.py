"""The scripted player as a policy: it plays through the wrappers, and takes what the prompt states."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from toy_env import TOY_ID

from skill_gym.agents.explorer_policy import ExplorerPolicy
from skill_gym.agents.policy import Policy, PolicyError, Request, Sampling
from skill_gym.agents.rollout import Episode, Rollout
from skill_gym.alfworld.habit_sentences import HabitNotes, read_habits, say_place
from skill_gym.benchmarks.players import PLAYERS, open_player
from skill_gym.benchmarks.suite import make
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.skill import Skill
from skill_gym.trajectory import Trajectory

ENV = "skill_gym/ALFWorld-v0"
SEARCH = "skill_gym/Search-v0"
OPENING = (
    "-= Welcome to TextWorld, ALFRED! =-\n\nYou are in the middle of a room. Looking quickly around you, "
    "you see a cabinet 1, a desk 1, and a shelf 1.\n\nYour task is to: put a mug in desk."
)
GO = ("go to cabinet 1", "go to desk 1", "go to shelf 1", "look")


def with_mugs(place: str) -> SkillBank:
    habit = Skill(id="habit", title="mug", principle=say_place("mug", [place]), when_to_apply="")
    return SkillBank.empty().with_skills([habit])


def make_env(bank: SkillBank | None = None, **options: Any) -> Callable[[], Any]:
    return lambda: make(
        ENV, split="generated", size=12, bank=bank or SkillBank.empty(), disable_env_checker=True, **options
    )


def played(policy: Policy, env: Callable[[], Any], slots: int = 4) -> dict[str, Trajectory]:
    ids = [task.id for task in env().unwrapped.tasks]
    episodes = [Episode(str(number), task_id, seed=0) for number, task_id in enumerate(ids)]
    with Rollout(env, policy, episodes, slots=slots, sampling=Sampling()) as rollout:
        return {each.episode.ticket: each.trajectory for each in rollout}


def request(step: int = 0, prompt: str = OPENING, **info: Any) -> Request:
    known = {"task_key": f"{ENV}:0:1", "observation": OPENING, "admissible_commands": GO, "step": step}
    return Request(f"a#{step}", [{"role": "user", "content": prompt}], info={**known, **info})


def reply(policy: ExplorerPolicy, asked: Request) -> str:
    policy.submit(asked)
    return policy.poll()[0].text


@pytest.mark.parametrize("layout", ["transcript", "step"])
@pytest.mark.parametrize("think", [False, True])
def test_it_wins_through_the_wrappers_in_either_layout(layout: str, think: bool) -> None:
    trajectories = played(ExplorerPolicy(), make_env(layout=layout, think=think))
    assert {trajectory.ended for trajectory in trajectories.values()} == {"solved"}
    for trajectory in trajectories.values():
        for turn in trajectory.turns:
            assert turn.valid
            assert turn.reply.startswith("<think>") == think
            assert turn.reply.endswith(f"<action>{turn.command}</action>")


@pytest.mark.parametrize("layout", ["transcript", "step"])
@pytest.mark.parametrize("think", [False, True])
def test_commands_with_tags_of_their_own_are_replies_as_they_are(layout: str, think: bool) -> None:
    def env() -> Any:
        bank = SkillBank.empty()
        return make(SEARCH, split="generated", size=12, bank=bank, layout=layout, think=think)

    trajectories = played(ExplorerPolicy(), env)
    assert {trajectory.ended for trajectory in trajectories.values()} == {"solved"}
    for trajectory in trajectories.values():
        for turn in trajectory.turns:
            assert turn.valid
            assert turn.reply.startswith("<think>") == think
            assert turn.reply.endswith(turn.command)
            assert turn.command.startswith(("<search>", "<answer>"))


def test_slots_and_layouts_do_not_matter() -> None:
    commands = [
        {ticket: [turn.command for turn in trajectory.turns] for ticket, trajectory in result.items()}
        for result in (
            played(ExplorerPolicy(), make_env(), slots=12),
            played(ExplorerPolicy(), make_env(), slots=1),
            played(ExplorerPolicy(think=True), make_env(layout="step"), slots=3),
        )
    ]
    assert commands[0] == commands[1] == commands[2]


def test_prompts_without_skills_state_no_habits() -> None:
    for layout in ("transcript", "step"):
        prompt, _ = make_env(layout=layout, think=True)().reset(seed=1)
        assert read_habits(prompt) == HabitNotes()


def test_a_skill_in_the_prompt_changes_where_it_looks() -> None:
    for place in ("cabinet", "shelf"):
        said = reply(ExplorerPolicy(), request(prompt=f"- mug: {say_place('mug', [place])}\n\n{OPENING}"))
        assert said == f"<action>go to {place} 1</action>"


def test_a_bank_reaches_it_through_the_prompt() -> None:
    env = make_env(with_mugs("garbagecan"), think=True)()
    task = env.unwrapped.tasks[0]
    prompt, info = env.reset(options={"task": task.id})
    assert read_habits(prompt).places == {"mug": ("garbagecan",)}
    asked = replace(request(), messages=[{"role": "user", "content": prompt}], info={**info, "step": 0})
    assert reply(ExplorerPolicy(), asked).startswith("<think>")


def test_thoughts_are_told_when_the_prompt_asks_or_always_or_never() -> None:
    asking = "Think in <think>...</think>, then reply.\n" + OPENING
    assert reply(ExplorerPolicy(), request(prompt=asking)).startswith(
        "<think>A mug for a desk is needed.</think><action>"
    )
    assert reply(ExplorerPolicy(think=False), request(prompt=asking)).startswith("<action>")
    assert reply(ExplorerPolicy(think=True), request()).startswith("<think>")


def test_a_ticket_that_comes_again_begins_anew() -> None:
    policy = ExplorerPolicy()
    first = reply(policy, request())
    seen = "You arrive at cabinet 1. On the cabinet 1, you see nothing."
    assert reply(policy, request(1, command=first[8:-9], observation=seen)) != first
    assert reply(policy, request()) == first


def test_what_it_cannot_play_is_refused_with_a_mend() -> None:
    with pytest.raises(PolicyError, match="twelve goal sentences"):
        ExplorerPolicy().submit(request(observation="Your task is to: tidy up."))
    with pytest.raises(PolicyError, match="ToyEnv has no scripted player"):
        ExplorerPolicy().submit(request(task_key=f"{TOY_ID}:0:1"))
    with pytest.raises(PolicyError, match="Unknown"):
        ExplorerPolicy().submit(request(task_key="skill_gym/Unknown-v0:0:1"))
    with pytest.raises(PolicyError, match="info lacks task_key, observation, step"):
        ExplorerPolicy().submit(replace(request(), info={"admissible_commands": GO}))
    with pytest.raises(PolicyError, match="did not begin"):
        ExplorerPolicy().submit(request(3))
    with pytest.raises(ValueError, match="most_episodes"):
        ExplorerPolicy(most_episodes=0)


def test_old_episodes_are_forgotten() -> None:
    policy = ExplorerPolicy(most_episodes=1)
    reply(policy, request())
    reply(policy, replace(request(), ticket="b#0"))
    with pytest.raises(PolicyError, match="raise most_episodes"):
        policy.submit(request(1))


def test_it_is_a_player_by_name() -> None:
    player = open_player("explorer")
    assert isinstance(player, ExplorerPolicy)
    assert isinstance(player, Policy)
    assert player.name == "explorer"
    assert "explorer" in PLAYERS
