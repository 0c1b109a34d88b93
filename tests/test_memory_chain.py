"""The chain of a success: its commands alone solve the task again, and none of them can be left out."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from memory_episodes import ALFWORLD, ENVIRONMENTS, SEARCH, WEBSHOP, Replayer, episodes

from skill_gym.skillbanks.goals import CLEAN, LOOK, PLACE, TWO
from skill_gym.skillbanks.memories.household_chain import household_chain
from skill_gym.skillbanks.memories.link import ChainError, Link
from skill_gym.skillbanks.memories.search_chain import search_chain
from skill_gym.skillbanks.memories.shop_chain import shop_chain
from skill_gym.trajectory import Task, Trajectory, Turn

CHAINS: dict[str, Callable[[Trajectory], tuple[Link, ...]]] = {
    ALFWORLD: household_chain,
    WEBSHOP: shop_chain,
    SEARCH: search_chain,
}


def commands(trajectory: Trajectory, links: Sequence[Link]) -> list[str]:
    return [trajectory.turns[link.index].command for link in links]


@pytest.mark.parametrize("failure_rate", [0.0, 0.3])
@pytest.mark.parametrize("env_id", ENVIRONMENTS)
def test_the_chain_replayed_in_a_fresh_environment_wins(env_id: str, failure_rate: float) -> None:
    solved = [one for one in episodes(env_id, 24, failure_rate) if one.solved]
    assert len(solved) >= 10
    replayer = Replayer(env_id)
    shorter = 0
    for trajectory in solved:
        links = CHAINS[env_id](trajectory)
        assert [link.index for link in links] == sorted({link.index for link in links})
        assert all(trajectory.turns[link.index].valid for link in links)
        assert replayer.wins(trajectory.task, commands(trajectory, links)), trajectory.task.goal
        shorter += len(links) < len(trajectory.turns)
    assert shorter, "no episode had anything to leave out, so nothing was tested"
    replayer.close()


@pytest.mark.parametrize("env_id", [ALFWORLD, WEBSHOP])
def test_no_step_of_the_chain_can_be_left_out(env_id: str) -> None:
    replayer = Replayer(env_id)
    for trajectory in episodes(env_id, 24, 0.3):
        if not trajectory.solved:
            continue
        chain = commands(trajectory, CHAINS[env_id](trajectory))
        for place in range(len(chain)):
            assert not replayer.wins(trajectory.task, chain[:place] + chain[place + 1 :]), chain[place]
    replayer.close()


def test_official_games_have_chains_that_win(shared_data) -> None:
    """The generator could share a blind spot with the chain; the official games do not."""
    from functools import partial

    from skill_gym.agents.policy import Sampling
    from skill_gym.agents.rollout import Episode, play
    from skill_gym.benchmarks import suite
    from skill_gym.benchmarks.players import open_player

    data = shared_data / "alfworld"
    if not data.is_dir():
        pytest.skip(f"no official games at {data}")
    import gymnasium as gym

    make = partial(suite.make, ALFWORLD, split="valid_seen", data=str(data), expert="explorer")
    probe = make()
    tasks = list(probe.get_wrapper_attr("tasks")[:140:6])
    probe.close()
    env = gym.make(ALFWORLD, split="valid_seen", data=str(data))
    wanted = [Episode(task.id, task.id, 3) for task in tasks]
    policy = open_player("expert", failure_rate=0.2)
    won = 0
    for played in play(make, policy, wanted, slots=1, sampling=Sampling(temperature=0.0)):
        trajectory = played.trajectory
        if not trajectory.solved:
            continue
        info = {"won": False}
        env.reset(options={"task": trajectory.task.id})
        for command in commands(trajectory, household_chain(trajectory)):
            *_, info = env.step(command)
        assert info["won"], (trajectory.task.goal, [turn.command for turn in trajectory.turns])
        won += 1
    assert won >= 15


def household(task_type: str, *steps: tuple[str, str]) -> Trajectory:
    """A solved episode that was written down: commands and what they showed."""
    task = Task("t", "k", ALFWORLD, "train", task_type, "put a mug in desk")
    seen = ["You are in the middle of a room.", *(answer for _, answer in steps)]
    turns = tuple(
        Turn(observation, "", command, command, True, 0.0)
        for observation, (command, _) in zip(seen, steps, strict=False)
    )
    return Trajectory(task, turns, "solved", meta={"final_observation": seen[-1]})


def go(place: str) -> tuple[str, str]:
    return f"go to {place}", f"You arrive at {place}. On the {place}, you see nothing."


def take(thing: str, place: str) -> tuple[str, str]:
    return f"take {thing} from {place}", f"You pick up the {thing} from the {place}."


def move(thing: str, place: str) -> tuple[str, str]:
    return f"move {thing} to {place}", f"You move the {thing} to the {place}."


def opening(place: str) -> tuple[str, str]:
    return f"open {place}", f"You open the {place}. The {place} is open. In it, you see nothing."


def closing(place: str) -> tuple[str, str]:
    return f"close {place}", f"You close the {place}."


NOTHING = "Nothing happens."


def test_what_was_put_down_and_taken_up_again_stayed_in_hand() -> None:
    trajectory = household(
        PLACE,
        go("shelf 1"), take("mug 1", "shelf 1"), go("bed 1"), move("mug 1", "bed 1"), take("mug 1", "bed 1"),
        go("desk 1"), move("mug 1", "desk 1"),
    )  # fmt: skip
    assert [link.index for link in household_chain(trajectory)] == [0, 1, 5, 6]


def test_a_container_that_was_shut_again_is_opened_once() -> None:
    trajectory = household(
        PLACE,
        go("drawer 1"), opening("drawer 1"), closing("drawer 1"), go("bed 1"), go("drawer 1"),
        opening("drawer 1"), take("mug 1", "drawer 1"), go("desk 1"), move("mug 1", "desk 1"),
    )  # fmt: skip
    assert [link.index for link in household_chain(trajectory)] == [4, 5, 6, 7, 8]


def test_a_container_that_was_open_from_the_start_is_not_opened() -> None:
    trajectory = household(
        PLACE,
        go("drawer 1"), closing("drawer 1"), opening("drawer 1"), take("mug 1", "drawer 1"),
        go("desk 1"), move("mug 1", "desk 1"),
    )  # fmt: skip
    assert [link.index for link in household_chain(trajectory)] == [0, 3, 4, 5]


def test_both_of_two_objects_are_kept_and_a_third_is_not() -> None:
    trajectory = household(
        TWO,
        go("bed 1"), take("pen 1", "bed 1"), move("pen 1", "bed 1"), take("mug 1", "bed 1"), go("desk 1"),
        move("mug 1", "desk 1"), go("bed 1"), take("mug 2", "bed 1"), go("desk 1"), move("mug 2", "desk 1"),
    )  # fmt: skip
    assert [link.index for link in household_chain(trajectory)] == [0, 3, 4, 5, 6, 7, 8, 9]


def test_the_way_back_to_a_lamp_that_is_lit_counts() -> None:
    trajectory = household(
        LOOK,
        go("desk 1"), ("use desklamp 1", "You turn on the desklamp 1."), go("bed 1"), take("mug 1", "bed 1"),
        go("desk 1"),
    )  # fmt: skip
    links = household_chain(trajectory)
    assert [link.index for link in links] == [0, 1, 2, 3, 4]
    assert links[-1].reasoning == "The goal is reached by being here."


def test_of_several_changes_the_last_one_counts_and_refused_ones_do_not() -> None:
    clean = "clean mug 1 with sinkbasin 1"
    trajectory = household(
        CLEAN,
        go("bed 1"), take("mug 1", "bed 1"), (clean, NOTHING), go("sinkbasin 1"),
        (clean, "You clean the mug 1 using the sinkbasin 1."), go("desk 1"), move("mug 1", "desk 1"),
    )  # fmt: skip
    assert [link.index for link in household_chain(trajectory)] == [0, 1, 3, 4, 5, 6]


def test_a_change_in_hand_wins_where_the_object_also_lies_at_its_goal() -> None:
    trajectory = household(
        CLEAN,
        go("desk 1"), go("shelf 1"), take("mug 1", "shelf 1"), go("sinkbasin 1"),
        ("clean mug 1 with sinkbasin 1", "You clean the mug 1 using the sinkbasin 1."),
    )  # fmt: skip
    assert [link.index for link in household_chain(trajectory)] == [1, 2, 3, 4]


def test_a_knife_is_laid_down_before_what_it_has_cut_is_taken() -> None:
    trajectory = household(
        PLACE,
        go("bed 1"), take("knife 1", "bed 1"), go("table 1"),
        ("slice apple 1 with knife 1", "You sliced the apple 1 with the knife 1."),
        move("knife 1", "table 1"), take("apple 1", "table 1"), go("desk 1"), move("apple 1", "desk 1"),
    )  # fmt: skip
    trajectory = replace(trajectory, task=replace(trajectory.task, goal="put a slice of apple in desk"))
    assert [link.index for link in household_chain(trajectory)] == [0, 1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("task_type", "steps"),
    [
        (PLACE, [go("bed 1")]),
        (LOOK, [go("bed 1"), take("mug 1", "bed 1")]),
        (CLEAN, [go("bed 1"), take("mug 1", "bed 1"), move("mug 1", "bed 1")]),
    ],
)
def test_a_success_that_the_record_does_not_explain_is_an_error(
    task_type: str, steps: list[tuple[str, str]]
) -> None:
    with pytest.raises(ChainError, match="not whole"):
        household_chain(household(task_type, *steps))


def test_a_purchase_without_its_search_is_an_error() -> None:
    bought = next(one for one in episodes(WEBSHOP, 6) if one.solved)
    with pytest.raises(ChainError, match="without a search"):
        shop_chain(replace(bought, turns=bought.turns[1:]))
    with pytest.raises(ChainError, match="without a purchase"):
        shop_chain(replace(bought, turns=bought.turns[:-1]))


def test_a_needless_search_is_left_out_and_the_others_are_kept() -> None:
    """A search of another episode, put in before the last one, changes nothing in the chain."""
    several = 0
    solved = [one for one in episodes(SEARCH, 24) if one.solved and len(one.turns) > 2]
    for trajectory, other in pairwise(solved):
        chain = commands(trajectory, search_chain(trajectory))
        *before, last, answer = trajectory.turns
        # What a search showed is the next turn's observation.
        strange = replace(last, command=other.turns[0].command)
        last = replace(last, observation=other.turns[1].observation)
        answer = replace(answer, observation=trajectory.turns[-1].observation)
        longer = replace(trajectory, turns=(*before, strange, last, answer))
        assert commands(longer, search_chain(longer)) == chain
        several += len(chain) > 2
    assert several >= 5, "no chain of several searches was played"
