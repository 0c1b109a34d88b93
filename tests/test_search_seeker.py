"""The seeker finds one fact after the other in what it reads, and nothing that it does not read."""

import time
from collections.abc import Callable, Sequence

import pytest

from skill_gym.search.env import SearchEnv
from skill_gym.search.lucene_index import memory_index
from skill_gym.search.observation import ObservationFormat, evidence, first_observation
from skill_gym.search.passages import Hit, Passage
from skill_gym.search.seeker import Seeker

COMMANDS = ("<search><your query></search>", "<answer><your answer></answer>")
WORLD = {
    "Velm Works": "Velm Works is a company. The founder of Velm Works is Lorin Vask. The company makes hats.",
    "Velm Mills": "Velm Mills is a company. The founder of Velm Mills is Tara Olt. The company makes soap.",
    "Lorin Vask": "Lorin Vask is a public figure. She was born in Brenford. She works as a baker. "
    "Lorin Vask came into the world in 1871.",
    "Lorin Pell": "Lorin Pell is a public figure. He was born in Karsow. He works as a baker. "
    "Lorin Pell came into the world in 1902.",
    "Tara Olt": "Tara Olt is a public figure. Tara Olt was born in Karsow. She is a judge by trade. "
    "The year of birth of Tara Olt is 1899.",
    "Brenford": "Brenford is a town. The mayor of Brenford is Mila Gorn. The Asker flows through the town. "
    "The town has 12,400 inhabitants.",
    "Karsow": "Karsow is a town. Karsow elected Odo Rem as mayor. The town stands on the Umber. "
    "The population of Karsow is 900.",
    "Odo Rem": "Odo Rem is a public figure. Odo Rem is often mistaken for Mila Gorn.",
    "Mila Gorn": "Mila Gorn is a public figure. She works as a nurse. Mila Gorn was born in Karsow.",
}
PASSAGES = [Passage(str(number), title, text) for number, (title, text) in enumerate(WORLD.items())]


def play(
    question: str,
    *,
    passages: Sequence[Passage] = PASSAGES,
    layout: ObservationFormat = "plain",
    topk: int = 3,
    advice: str = "",
    turns: int = 4,
) -> tuple[list[str], list[str]]:
    """Commands and thoughts up to the answer."""
    index = memory_index(passages)
    seeker = Seeker(first_observation(question, layout), advice)
    commands: list[str] = []
    thoughts: list[str] = []
    for _ in range(turns):
        commands.append(seeker.command(COMMANDS))
        thoughts.append(seeker.thought)
        if commands[-1].startswith("<answer>"):
            break
        query = commands[-1][len("<search>") : -len("</search>")]
        seeker.observe(commands[-1], evidence(index.search([query], topk)[0], layout).text)
    return commands, thoughts


@pytest.mark.parametrize("layout", ["plain", "r1", "skillrl"])
def test_a_chain_is_followed_one_fact_at_a_time(layout: ObservationFormat) -> None:
    question = "Who is the mayor of the town where the founder of Velm Works was born?"
    commands, thoughts = play(question, layout=layout, topk=1)
    assert commands == [
        "<search>Velm Works founder started</search>",
        "<search>Lorin Vask born birthplace</search>",
        "<search>Brenford mayor elected</search>",
        "<answer>Mila Gorn</answer>",
    ]
    assert thoughts == [
        "Search for the founder of Velm Works.",
        "The founder of Velm Works is Lorin Vask. Search for the town where Lorin Vask was born.",
        "The town where Lorin Vask was born is Brenford. Who is the mayor of Brenford?",
        "Who is the mayor of Brenford? Mila Gorn.",
    ]


def test_what_comes_by_the_way_is_not_searched_for() -> None:
    commands, _ = play("In which town was the founder of Velm Works born?", topk=9)
    assert commands == ["<search>Velm Works founder started</search>", "<answer>Brenford</answer>"]


def test_two_are_compared_one_after_the_other() -> None:
    commands, thoughts = play("Which town has fewer inhabitants, Brenford or Karsow?", topk=1)
    assert commands == [
        "<search>Brenford population inhabitants</search>",
        "<search>Karsow population inhabitants</search>",
        "<answer>Karsow</answer>",
    ]
    assert thoughts == [
        "What is the population of Brenford?",
        "What is the population of Brenford? 12400. What is the population of Karsow?",
        "What is the population of Karsow? 900. 900 of Karsow is smaller than 12400 of Brenford.",
    ]


def test_a_query_names_both_heads_where_the_turns_are_few() -> None:
    question = "Who is younger, the founder of Velm Works or the founder of Velm Mills?"
    commands, _ = play(question, topk=2)
    assert commands == [
        "<search>Velm Works Velm Mills founder started</search>",
        "<search>Lorin Vask born year birth</search>",
        "<answer>Tara Olt</answer>",
    ]
    apart, _ = play(question, topk=1, advice="You have 6 turns; a search in the last one comes to nothing.")
    assert apart[0] == "<search>Velm Works founder started</search>"


def test_the_person_of_whom_both_conditions_hold_is_found() -> None:
    commands, thoughts = play("Who works as a baker and was born in Karsow?")
    assert commands[-1] == "<answer>Lorin Pell</answer>"
    assert thoughts[-1] == "Lorin Pell works as a baker and was born in Karsow."


def test_same_or_not_is_answered_by_yes_or_no() -> None:
    assert play("Were Tara Olt and Mila Gorn born in the same town?")[0][-1] == "<answer>yes</answer>"
    assert play("Do Lorin Vask and Tara Olt have the same occupation?")[0][-1] == "<answer>no</answer>"


def test_it_does_not_know_what_it_has_not_read() -> None:
    hidden = [passage for passage in PASSAGES if passage.title != "Brenford"]
    commands, thoughts = play("Which river flows through Brenford?", passages=hidden)
    assert len(commands) == len(set(commands)) == 4
    assert commands[-1] != "<answer>Asker</answer>"
    assert "guess" in thoughts[-1]
    assert play("Which river flows through Brenford?")[0][-1] == "<answer>Asker</answer>"


def test_turns_are_read_from_the_instructions() -> None:
    question = "Which river flows through Nowhere?"
    for told, count in (
        ("", 4),
        ("You have 2 turns; a search in the last one comes to nothing.", 2),
        ("You have 2 turns to search and one more to answer.", 3),
    ):
        commands, _ = play(question, advice=told, turns=9)
        assert len(commands) == count, told
        assert commands[-1].startswith("<answer>")


def test_it_answers_when_nothing_else_is_admissible() -> None:
    seeker = Seeker("Question: Which river flows through Brenford?")
    assert seeker.command(COMMANDS[1:]).startswith("<answer>")
    assert seeker.command(()) == ""


def test_it_goes_on_from_what_others_did() -> None:
    question = "Who is the mayor of the town where the founder of Velm Works was born?"
    seeker = Seeker(first_observation(question, "plain"))
    seeker.observe("<search>everything</search>", evidence([Hit(one, 1.0) for one in PASSAGES], "plain").text)
    assert seeker.command(COMMANDS) == "<answer>Mila Gorn</answer>"


def test_any_other_question_is_searched_and_answered_as_well() -> None:
    commands, thoughts = play("Which country does the mayor of Brenford come from?")
    assert len(set(commands)) == 4
    assert commands[-1].startswith("<answer>")
    assert thoughts[0] == "Search for country mayor brenford come."


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_generated_questions_are_answered_through_the_environment(level: int) -> None:
    kinds = ("lookup", "chain", "compare", "constraint", "boolean")
    env = SearchEnv("generated_test", size=60, generator={"level": level, "kinds": kinds})
    won = []
    for task in env.tasks:
        observation, info = env.reset(options={"task": task.id})
        seeker = SearchEnv.player(observation, env.metadata["instructions"])
        over = False
        while not over:
            command = seeker.command(info["admissible_commands"])
            observation, _, terminated, truncated, info = env.step(command)
            seeker.observe(command, observation)
            over = terminated or truncated
        assert terminated
        won.append(info["won"])
    assert sum(won) >= 58


def test_chains_of_four_facts_take_five_turns() -> None:
    settings = {"kinds": ("chain",), "hops": (4,), "turns": 5}
    env = SearchEnv("generated_test", size=10, max_turns=5, generator=settings)
    for task in env.tasks:
        observation, info = env.reset(options={"task": task.id})
        seeker = SearchEnv.player(observation)
        for _ in range(5):
            command = seeker.command(info["admissible_commands"])
            observation, *_, info = env.step(command)
            seeker.observe(command, observation)
            if info["won"]:
                break
        assert info["won"]


@pytest.mark.parametrize("text", ["X" * 100_000, "Who is the mayor of " * 5_000, "A or B " * 12_000])
def test_huge_questions_are_played_at_once(text: str) -> None:
    seeker = Seeker(text)
    started = time.process_time()
    first = seeker.command(COMMANDS)
    seeker.observe(first, evidence([Hit(Passage("1", "T", text), 1.0)], "plain").text)
    assert len(first) < 3_000
    assert seeker.command(COMMANDS[1:]).startswith("<answer>")
    assert time.process_time() - started < 10


def test_an_empty_observation_is_refused() -> None:
    with pytest.raises(ValueError, match="holds no question"):
        Seeker("  \n")


def test_equal_texts_give_equal_play() -> None:
    question = "Who is younger, the founder of Velm Works or the founder of Velm Mills?"
    plays: list[Callable[[], object]] = [lambda: play(question), lambda: play(question)]
    assert plays[0]() == plays[1]()
