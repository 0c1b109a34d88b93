"""The oracle solves every generated question within its turns, and lets others play in between."""

from skill_gym.search.env import SearchEnv
from skill_gym.search.generator import GeneratorConfig, generated_world
from skill_gym.search.oracle import Oracle
from skill_gym.search.question_kinds import HOPS

EVERY = {"kinds": tuple(HOPS), "level": 3, "turns": 5}


def test_all_questions_are_solved_with_the_passages_seen() -> None:
    env = SearchEnv("generated_test", size=80, max_turns=5, generator=EVERY, expert="oracle")
    for task in env.tasks:
        _, info = env.reset(options={"task": task.id})
        seen: set[str] = set()
        over = False
        while not over:
            _, reward, terminated, truncated, info = env.step(info["expert_command"])
            seen |= set(info["doc_ids"])
            over = terminated or truncated
        assert (reward, terminated, info["expert_command"]) == (1.0, True, None), task.goal
        assert set(env.session.question.metadata["supporting_ids"]) <= seen


def three_facts() -> Oracle:
    world = generated_world("generated_test", GeneratorConfig(kinds=("chain",), hops=(3,)), 1)
    return Oracle(world, world.questions[0])


def test_after_a_detour_it_answers_in_the_last_turn() -> None:
    oracle = three_facts()
    first = oracle.command()
    oracle.observe("<search>something else</search>", "")
    assert oracle.command() == first
    for _ in range(2):
        assert (oracle.command() or "").startswith("<search>")
        oracle.observe(oracle.command() or "", "")
    assert (oracle.command() or "").startswith("<answer>")
    oracle.observe(oracle.command() or "", "")
    assert oracle.command() is None


def test_after_somebody_elses_answer_it_says_nothing() -> None:
    oracle = three_facts()
    oracle.observe("<answer>no idea</answer>", "")
    assert oracle.command() is None


def test_the_turns_may_be_told() -> None:
    world = generated_world("generated_test", GeneratorConfig(), 5)
    for question in world.questions:
        assert (Oracle(world, question, max_turns=1).command() or "").startswith("<answer>")
        assert (Oracle(world, question, max_turns=2).command() or "").startswith("<search>")
