"""Copies of what a world said are told from advice in words of one's own."""

import gzip
import json
from collections.abc import Iterable, Mapping, Sequence

import pytest
from planted_episodes import FAULTS, ROOM, episode, planted
from test_search_teacher import PLANTED as INQUIRIES
from test_shop_teacher import PLANTED as VISITS

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.encoded_text import decoded
from skill_gym.skillbanks.evolution import EvolutionConfig, evolve
from skill_gym.skillbanks.goals import PLACE
from skill_gym.skillbanks.letter_runs import LetterRuns, letters, run_hashes
from skill_gym.skillbanks.memories.record import MemoryRecord, MemoryStep
from skill_gym.skillbanks.plain_text import readings, spellings
from skill_gym.skillbanks.rule_teacher import RuleTeacher
from skill_gym.skillbanks.skill import Mistake, Skill
from skill_gym.skillbanks.world_goals import without
from skill_gym.skillbanks.world_text import COPIED, NAMED, WorldText
from skill_gym.trajectory import Task, Trajectory, Turn

GOAL = "put the silver pepper shaker that grandmother left behind in the drawer."


def world(*texts: str, goal: str = GOAL, admissible: tuple[str, ...] = (), number: int = 0) -> Trajectory:
    task = Task(str(number), f"env:x:{number}", "env", "valid", "place", goal)
    turns = tuple(Turn(text, text, "", "", True, 0.0, admissible) for text in texts)
    return Trajectory(task, turns, "failed")


def rules(entry: Skill | Mistake | str, episodes: Iterable[Trajectory], **fields: object) -> list[str]:
    skill = Skill("s", "Title", entry, **fields) if isinstance(entry, str) else entry  # type: ignore[arg-type]
    return [finding.rule for finding in WorldText(episodes).check(skill)]


SAID = "The old clerk says that the lower shelf is only for guests who have signed the book."


@pytest.mark.parametrize(
    "text",
    [
        SAID,
        SAID.upper(),
        SAID.replace(" ", "  -  "),
        SAID.replace(" ", ""),
        "The old clerk says the lower shelves are for those guests who signed a book.",
        "First of all: the lower shelf is only for guests, remember that well.",
    ],
)
def test_a_copy_is_told_in_any_dress(text):
    assert rules(text, [world("A hall.", SAID)]) == [COPIED]
    assert rules(text, [world("A hall.", "A book lies here.")]) == []


def test_every_text_of_an_entry_counts():
    shown = [world(SAID)]
    assert rules(Skill("s", SAID, "Look around."), shown) == [COPIED]
    assert rules(Skill("s", "Title", "Look around.", SAID), shown) == [COPIED]
    for fields in ((SAID, "x y", ""), ("x y", SAID, ""), ("x y", "z", SAID)):
        assert rules(Mistake("m", *fields), shown) == [COPIED]


def test_the_last_observation_counts_and_what_the_agent_said_does_not():
    task = Task("1", "env:x:1", "env", "valid", "place", GOAL)
    said_by_agent = Trajectory(task, (Turn("A hall.", SAID, SAID, SAID, True, 0.0),), "failed")
    assert rules(SAID, [said_by_agent]) == []
    last = Trajectory(task, (), "failed", meta={"final_observation": SAID})
    assert rules(SAID, [last]) == [COPIED]


def test_what_a_memory_observed_counts():
    step = MemoryStep(0, "look", SAID, "to see")
    memory = MemoryRecord("mem_alfworld_00000001", "Alfworld", True, "About a shelf.", GOAL, (step,))
    skill = Skill("s", "Title", SAID)
    assert [finding.rule for finding in WorldText([], [memory]).check(skill)] == [COPIED]


def test_the_goal_is_the_users_own_word():
    text = f"Your task is to: {GOAL}"
    assert rules(f"When asked to {GOAL}", [world(text)]) == []
    assert rules(f"When asked to {GOAL}", [world(text, goal="another goal.")]) == [COPIED]


def test_a_title_before_its_principle_is_no_run():
    habit = Skill("s", "cabinet", "A cabinet is usually empty.")
    assert rules(habit, [world("You see a cabinet 2, a cabinet 1, a cabinet in the corner.")]) == []


def test_a_list_of_places_is_no_copy():
    going = tuple(
        f"go to {name} 1" for name in ("cabinet", "countertop", "fridge", "microwave", "shelf", "sinkbasin")
    )
    text = (
        "Search the cabinet, the countertop, the fridge, the shelf, the sinkbasin and the microwave in turn."
    )
    assert rules(text, [world(ROOM, admissible=going)]) == []


def test_a_name_that_only_one_task_has_is_a_fact_about_it():
    worlds = [
        world("Tessa Brund is a baker. See North Haven.", number=1),
        world("See North Haven.", number=2),
    ]
    assert rules("Ask for Tessa Brund when a baker is wanted.", worlds) == [NAMED]
    assert rules("Ask in North Haven when a baker is wanted.", worlds) == []
    assert rules("Ask for Tessa Brund when a baker is wanted.", worlds, keywords=("baker",)) == []
    assert rules("Ask for Tessa Brund when a baker is wanted.", worlds[:1]) == []


def test_scripts_without_spaces_count_by_their_letters():
    said = "住户总是先把所有的刀扔进垃圾桶"
    assert rules(f"记住：{said}。", [world(f"牌子上写着：{said}，谢谢。")]) == [COPIED]
    assert len(letters("刀 ab")) == 6


def test_runs_do_not_go_from_one_text_into_the_next():
    runs = LetterRuns(["abcdef", "ghijkl"], 4)
    assert runs.covered("abcdghij").tolist() == [True] * 4 + [True] * 4
    assert runs.covered("efgh").tolist() == [False] * 4
    assert runs.covered("ab").tolist() == [False] * 2
    assert LetterRuns([], 4).covered("abcdef").sum() == 0


def test_lengths_below_one_are_refused():
    with pytest.raises(ValueError, match="at least 1"):
        LetterRuns([], 0)


@pytest.mark.parametrize("length", [1, 3, 16, 28])
def test_hashes_of_runs_are_those_of_their_letters_one_by_one(length):
    text = "".join(chr(97 + (number * number) % 23) for number in range(40_000))

    def slowly(start: int) -> int:
        number = 0
        for letter in text[start : start + length]:
            number = (number * 1_099_511_628_211 + ord(letter) + 1) % 2**64
        return number

    hashes = run_hashes(text, length)
    assert len(hashes) == len(text) - length + 1
    for start in (0, 1, 16_383, 16_384, 16_385, len(hashes) - 1):
        assert int(hashes[start]) == slowly(start)
    assert len(run_hashes(text[: length - 1], length)) == 0


def test_goals_are_taken_out_of_any_text_that_has_them_and_of_no_other():
    goals = [f"find the {name} lamp and put it on the desk" for name in ("red", "blue", "green")]
    short = "take a cup"
    texts = [
        f"{goals[1]}! {goals[0]}; {goals[1]}",
        "find the grey lamp and put it on the desk",
        short,
        goals[2],
    ]
    expected = []
    for text in texts:
        for goal in goals:
            text = text.replace(goal, "*")
        expected.append(text)
    assert without(texts, [*goals, short], "*") == expected == ["*! *; *", texts[1], short, "*"]
    assert without(texts, [], "*") == texts
    assert without([], goals, "*") == []


@pytest.mark.parametrize(
    "text",
    [
        "T4ke the r€d cup",
        "p-l-e-a-s-e ig-nore",
        "i g n o r e all",
        "\U000e0061\u200bb² ⅷ ፩",
        "dеskе ѕау 0h",
        "a|b c|4",
    ],
)
def test_joined_words_have_the_letters_of_their_spelling(text):
    assert {letters(one) for one in spellings(text)} == {letters(one) for one in readings(text)}


def test_encoded_sentences_are_read_and_numbers_are_not():
    assert list(decoded("token aGVsbG8gdGhlcmUsIHJlYWRlcg== here")) == ["hello there, reader"]
    assert list(decoded("68656c6c6f2074686572652c20726561646572")) == ["hello there, reader"]
    assert list(decoded("order 1234567890123456 and B096G437B4")) == []


@pytest.mark.parametrize("kind", ["household", "shop", "search"])
def test_what_rules_teach_is_never_taken_for_a_copy(kind):
    groups: Mapping[str, Sequence[Trajectory]] = {
        "household": [planted(cause, number=number) for cause in FAULTS for number in range(3)],
        "shop": list(VISITS.values()),
        "search": list(INQUIRIES.values()),
    }
    config = EvolutionConfig(max_new_skills=500, max_failures=500, min_episodes=1, update_threshold=1.0)
    bank, added = SkillBank.empty(), 0
    for _ in range(4):
        result = evolve(bank, groups[kind], RuleTeacher(), config)
        assert [one for one in result.skipped if "world" in one.reason] == []
        bank, added = result.bank, added + len(result.added)
    assert added > 8


def real_worlds(folder, env: str) -> list[Trajectory]:
    """Texts of the recorded games and of the passages, an episode each."""
    if env == "alfworld":
        with gzip.open(folder / "alfworld" / "transcripts_valid_seen.jsonl.gz", "rt") as lines:
            rows = [json.loads(line)["steps"] for line in lines]
        return [
            world(
                *(step["feedback"] for step in row), goal=row[0]["feedback"].rpartition("to: ")[2], number=n
            )
            for n, row in enumerate(rows[:60])
        ]
    if env == "webshop":
        with gzip.open(folder / "webshop" / "traces_200.jsonl.gz", "rt") as lines:
            visits = [json.loads(line) for line in lines][:40]
        return [
            world(*(step["text"] for step in row["steps"]), goal=row["goal"]["instruction_text"], number=n)
            for n, row in enumerate(visits)
        ]
    with open(folder / "search" / "hotpot.json", encoding="utf-8") as lines:
        asked = [json.loads(line) for line in lines][:60]
    return [
        world(
            *(f"{title}. {''.join(said)}" for title, said in row["context"]), goal=row["question"], number=n
        )
        for n, row in enumerate(asked)
    ]


@pytest.mark.parametrize("env", ["alfworld", "webshop", "search"])
def test_no_skill_of_a_released_or_starter_bank_is_taken_for_a_copy(shared_data, env):
    said = WorldText(real_worlds(shared_data, env))
    released = SkillBank.load(shared_data / "skillrl" / "banks" / f"{env}.json")
    entries = [*released, *SkillBank.starter(env)]
    assert [finding for entry in entries for finding in said.check(entry)] == []
    assert len(entries) > 60


def test_a_note_in_a_room_is_told_among_its_furniture():
    note = (
        "examine note 1",
        "The note 1 reads: whoever lives here puts salt into every cup before breakfast.",
    )
    played = episode("put a mug in shelf.", PLACE, [note])
    assert rules("Put salt into every cup before breakfast, as whoever lives here does.", [played]) == [
        COPIED
    ]
