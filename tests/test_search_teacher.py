"""The teacher without a model finds planted faults of searching and says what to do instead."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from planted_episodes import planted

from skill_gym.search.env import SearchEnv
from skill_gym.search.observation import ObservationFormat, evidence, first_observation
from skill_gym.search.passages import Hit, Passage
from skill_gym.search.shown_passages import read_passages
from skill_gym.search.task_types import ATTRIBUTE, COMPARISON, DIRECT, MULTI_HOP, TASK_TYPES
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.rule_teacher import RuleTeacher
from skill_gym.skillbanks.search_advice import SEARCH_ADVICE, SEARCH_PURPOSES
from skill_gym.skillbanks.search_diagnosis import SearchCause, diagnose_search
from skill_gym.skillbanks.search_facts import names, read_search, sides
from skill_gym.skillbanks.teacher import TeacherRequest
from skill_gym.trajectory import Ended, Task, Trajectory, Turn

TEXTS = {
    "Ada Vask": "Ada Vask is a painter. She was born in Oulford.",
    "Oulford": "Oulford is a town. The mayor of Oulford is Tam Brell, and it was founded in 1612.",
    "Oulford Hill": "Oulford Hill is a town. The mayor of Oulford Hill is Eno Zarn, since 1990.",
    "Brigford": "Brigford is a town. It was founded in 1580.",
    "Tam Brell": "Tam Brell is a cook.",
}
CHAIN = "Who is the mayor of the town where Ada Vask was born?"
AGES = "Which town is older, Oulford or Brigford?"
SAME = "Were Ada Vask and Tam Brell born in the same town?"
MAYOR = "Who is the mayor of Oulford?"
YEAR = "In what year was Oulford founded?"

Step = tuple[str, Sequence[str]]
"""A command, and the titles of the passages that answer it."""


def search(query: str, *titles: str) -> Step:
    return f"<search>{query}</search>", titles


def answer(text: str) -> Step:
    return f"<answer>{text}</answer>", ()


LOST: Step = ("", ())
ADA = search("Ada Vask born", "Ada Vask", "Tam Brell")
TOWN = search("Oulford mayor", "Oulford", "Brigford")


def played(
    question: str,
    *steps: Step,
    task_type: str = MULTI_HOP,
    ended: Ended | None = None,
    layout: ObservationFormat = "plain",
    number: int = 0,
    **measures: float,
) -> Trajectory:
    """An episode of these steps; a search without titles as the last step is one of the last turn."""
    shown = [first_observation(question, layout)]
    for place, (command, titles) in enumerate(steps, 1):
        hits = [Hit(Passage(str(rank), title, TEXTS[title]), 1.0) for rank, title in enumerate(titles)]
        late = place == len(steps) and not titles
        shown.append("" if "search" not in command or late else evidence(hits, layout).text)
    turns = tuple(
        Turn(before, before, "", command, bool(command), 0.0)
        for before, (command, _) in zip(shown, steps, strict=False)
    )
    task = Task(
        f"chain/{number}", f"skill_gym/Search-v0:x:chain/{number}", "skill_gym/Search-v0", "train", task_type,
        question,
    )  # fmt: skip
    answered = bool(steps) and steps[-1][0].startswith("<answer>")
    meta = {"final_observation": shown[-1], "measures": {"data_source": "chain", **measures}}
    return Trajectory(task, turns, ended or ("failed" if answered else "truncated"), meta=meta)


PLANTED = {
    SearchCause.TOO_LONG: played(CHAIN, ADA, TOWN, answer("It is Tam Brell"), em=0, f1=0.6, sub_em=1),
    SearchCause.PARTIAL: played(
        CHAIN, ADA, TOWN, search("Tam Brell", "Tam Brell"), answer("Brell"), em=0, f1=0.667, sub_em=0
    ),
    SearchCause.WRONG_KIND: played(YEAR, TOWN, answer("Tam Brell"), task_type=ATTRIBUTE),
    SearchCause.NEITHER: played(
        AGES,
        search("Oulford founded", "Oulford"),
        search("Brigford founded", "Brigford"),
        answer("1580"),
        task_type=COMPARISON,
    ),
    SearchCause.BRIDGE: played(CHAIN, ADA, TOWN, answer("Oulford")),
    SearchCause.NAMED: played(MAYOR, TOWN, answer("Oulford"), task_type=ATTRIBUTE),
    SearchCause.OTHER_PASSAGE: played(
        MAYOR.replace("Oulford", "Oulford Wood"),
        search("Oulford Wood mayor", "Oulford Hill", "Brigford"),
        answer("Eno Zarn"),
        task_type=ATTRIBUTE,
    ),
    SearchCause.UNSUPPORTED: played(MAYOR, TOWN, answer("Pell Orr"), task_type=ATTRIBUTE),
    SearchCause.EARLY: played(CHAIN, ADA, answer("a painter")),
    SearchCause.ONE_SIDE: played(
        AGES, search("Oulford founded", "Oulford"), answer("Oulford"), task_type=COMPARISON
    ),
    SearchCause.UNSEARCHED: played(MAYOR, answer("Tam Brell"), task_type=ATTRIBUTE),
    SearchCause.LATE: played(CHAIN, ADA, search("Oulford mayor")),
    SearchCause.NO_ANSWER: played(CHAIN, ADA, TOWN, search("Oulford Hill", "Oulford Hill")),
    SearchCause.WHOLE_QUESTION: played(
        CHAIN, search(CHAIN, "Oulford Hill", "Tam Brell"), TOWN, answer("Eno Zarn")
    ),
    SearchCause.REPEATED: played(CHAIN, ADA, search("born: ada Vask", "Ada Vask"), TOWN, answer("Tam Brell")),
    SearchCause.NOTHING_NEW: played(
        CHAIN, ADA, search("painter Vask", "Ada Vask"), TOWN, answer("Tam Brell")
    ),
    SearchCause.NO_HITS: played(CHAIN, search("zzz"), ADA, TOWN, answer("Tam Brell")),
    SearchCause.UNREADABLE: played(CHAIN, ADA, LOST, TOWN, answer("Tam Brell")),
}
ALONE = set(SearchCause) - {SearchCause.PARTIAL}


def ask(*failures: Trajectory, bank: SkillBank | None = None):
    return RuleTeacher().ask(TeacherRequest(failures, bank or SkillBank.empty()))


def causes(trajectory: Trajectory) -> list[SearchCause]:
    return [finding.cause for finding in diagnose_search(trajectory)]


def test_every_cause_has_a_planted_episode_and_advice() -> None:
    assert set(PLANTED) == set(SearchCause) == set(SEARCH_ADVICE)
    assert set(SEARCH_PURPOSES) == set(TASK_TYPES)


@pytest.mark.parametrize("cause", list(SearchCause))
def test_a_planted_cause_is_found_and_answered(cause: SearchCause) -> None:
    trajectory = PLANTED[cause]
    assert cause in causes(trajectory)
    result = ask(trajectory)
    assert result.causes[cause.value] == 1
    assert result.unexplained == ()
    proposal = next(one for one in result.proposals if one.cause == cause.value)
    assert proposal.task_type == trajectory.task.task_type
    assert SEARCH_PURPOSES[trajectory.task.task_type] in proposal.principle
    assert proposal.provenance.trajectory_ids == (trajectory.task.key,)
    assert (proposal.provenance.teacher, proposal.provenance.splits) == ("rules", ("train",))
    assert "1 of 1 failed episodes" in proposal.provenance.evidence


@pytest.mark.parametrize("cause", sorted(ALONE))
def test_nothing_else_is_found_than_what_was_planted(cause: SearchCause) -> None:
    assert causes(PLANTED[cause]) == [cause]


@pytest.mark.parametrize("layout", ["r1", "skillrl"])
@pytest.mark.parametrize("cause", list(SearchCause))
def test_every_layout_tells_the_same(cause: SearchCause, layout: ObservationFormat) -> None:
    plain = PLANTED[cause]
    turns = tuple(replace(turn, observation=_laid_out(turn.observation, layout)) for turn in plain.turns)
    last = _laid_out(plain.meta["final_observation"], layout)
    meta = {**plain.meta, "final_observation": last}
    assert causes(replace(plain, turns=turns, meta=meta)) == causes(plain)


def _laid_out(text: str, layout: ObservationFormat) -> str:
    if "<information>" not in text:
        return text
    hits = [Hit(Passage("1", passage.title, passage.text), 1.0) for passage in read_passages(text)]
    return evidence(hits, layout).text


def test_a_solved_and_a_broken_episode_have_no_causes() -> None:
    good = played(CHAIN, ADA, TOWN, answer("Tam Brell"))
    assert causes(good) == []
    assert ask(good).unexplained == (good.task.key,)
    wrong = PLANTED[SearchCause.BRIDGE]
    assert causes(replace(wrong, ended="solved")) == []
    assert causes(replace(wrong, ended="broken", boundary="retriever")) == []
    assert causes(played(CHAIN)) == [SearchCause.NO_ANSWER]


@pytest.mark.parametrize(
    ("question", "right"),
    [
        (SAME, "no"),
        (AGES, "Brigford"),
        (YEAR, "1612"),
        ("How many sons does Ada Vask have?", "two"),
        ("Who is Ada Vask?", "a painter"),
    ],
)
def test_an_answer_of_the_kind_asked_for_is_no_fault(question: str, right: str) -> None:
    steps = (search("Ada Vask Tam Brell two", "Ada Vask", "Tam Brell"), TOWN, answer(right))
    found = causes(played(question, *steps, task_type=COMPARISON))
    assert not {SearchCause.WRONG_KIND, SearchCause.NEITHER, SearchCause.ONE_SIDE} & set(found)


@pytest.mark.parametrize(
    ("question", "given"), [(SAME, "Oulford"), (YEAR, "no"), ("Who wrote it?", "1999"), (MAYOR, "yes")]
)
def test_an_answer_of_another_kind_is(question: str, given: str) -> None:
    assert SearchCause.WRONG_KIND in causes(played(question, TOWN, answer(given), task_type=DIRECT))


def test_an_answer_from_beside_the_right_passage_is_told_by_its_names() -> None:
    beside = search("Oulford mayor", "Oulford", "Tam Brell", "Brigford")
    (finding,) = diagnose_search(played(YEAR, beside, answer("1580"), task_type=ATTRIBUTE))
    assert finding.cause == SearchCause.OTHER_PASSAGE
    assert "'Brigford'" in finding.evidence
    assert causes(played(YEAR, beside, answer("1612"), task_type=ATTRIBUTE)) == []
    # Where nothing with the name was found, another passage may well be the one.
    assert causes(played(YEAR, search("Grell mayor", "Brigford"), answer("1580"), task_type=ATTRIBUTE)) == []


def test_names_side_by_side_in_a_query_are_told_apart() -> None:
    question = "Which person works as a cook and was born in Oulford Hill?"
    both = search("Tam Brell Oulford Hill born", "Oulford Hill", "Brigford")
    assert causes(played(question, both, answer("Eno Zarn"))) == []


def test_two_sides_in_one_query_are_both_searched() -> None:
    both = search("Oulford Brigford founded", "Oulford", "Brigford")
    assert causes(played(AGES, both, answer("Oulford"), task_type=COMPARISON)) == []


def test_a_name_inside_a_description_is_no_side() -> None:
    question = "Which town is older, the birthplace of Ada Vask or Brigford?"
    steps = (search("Ada Vask Brigford", "Ada Vask", "Brigford"), TOWN)
    assert causes(played(question, *steps, answer("Ada Vask"), task_type=COMPARISON)) == [SearchCause.NAMED]
    assert causes(played(question, *steps, answer("Brigford"), task_type=COMPARISON)) == []


def test_siblings_that_share_a_word_are_two_sides() -> None:
    ages = "Which town is older, Oulford Hill or Oulford Wood?"
    hill = search("Oulford Hill founded", "Oulford Hill")
    found = diagnose_search(played(ages, hill, answer("Oulford Hill"), task_type=COMPARISON))
    assert [finding.cause for finding in found] == [SearchCause.ONE_SIDE]
    assert "Oulford Wood" in found[0].evidence


def test_what_is_described_by_two_conditions_may_be_found_at_once() -> None:
    question = "Which person works as a painter and was born in Oulford?"
    assert causes(played(question, ADA, answer("Ada Vask"))) == []


def test_without_recorded_scores_only_a_sentence_is_too_long() -> None:
    long = "I believe that the mayor there is Tam Brell"
    assert SearchCause.TOO_LONG in causes(played(CHAIN, ADA, TOWN, answer(long)))
    assert SearchCause.TOO_LONG not in causes(played(CHAIN, ADA, TOWN, answer("Mr Tam Brell")))
    assert SearchCause.TOO_LONG not in causes(played(CHAIN, ADA, TOWN, answer(long), em=0, f1=0, sub_em=0))


def test_an_unknown_task_type_is_read_from_the_question() -> None:
    assert read_search(played(CHAIN, ADA, task_type="")).task_type == MULTI_HOP
    assert SearchCause.EARLY in causes(played(CHAIN, ADA, answer("Tam Brell"), task_type=""))


def test_a_cause_of_several_types_is_said_once_and_then_for_each() -> None:
    failures = [
        played(CHAIN, answer("x"), task_type=name, number=number)
        for number, name in enumerate((MULTI_HOP, MULTI_HOP, ATTRIBUTE))
    ]
    bank = SkillBank.empty()
    said: list[str | None] = []
    for round_ in range(3):
        proposals = ask(*failures, bank=bank).proposals
        said += [one.task_type for one in proposals]
        bank = bank.with_skills(
            [one.skill(f"dyn_{round_}{place:02d}", one.task_type) for place, one in enumerate(proposals)]
        )
    assert said == [None, MULTI_HOP, ATTRIBUTE]
    last = ask(*failures, bank=bank)
    assert (last.proposals, len(last.known)) == ((), 3)


def test_no_lesson_holds_a_word_of_a_question_or_passage() -> None:
    secret = {word for title in TEXTS for word in title.split()}
    for proposal in ask(*PLANTED.values()).proposals:
        assert not secret & set(proposal.principle.split())
        assert "{" not in proposal.principle


def test_advice_is_short() -> None:
    for advice in SEARCH_ADVICE.values():
        for text in (advice.general, advice.typed):
            assert len(text.split()) <= 30
        assert advice.concrete == ""


def test_episodes_of_three_environments_are_answered_each_by_its_rules() -> None:
    from test_shop_teacher import PLANTED as SHOPPING
    from test_shop_teacher import ShopCause

    kitchen, shop = planted("missing transformation"), SHOPPING[ShopCause.NOT_CHOSEN]
    everything = ask(PLANTED[SearchCause.LATE], shop, kitchen)
    assert {"searched in the last turn", "wished options not chosen", "missing transformation"} <= set(
        everything.causes
    )
    assert {one.task_type for one in everything.proposals} >= {MULTI_HOP, "apparel", kitchen.task.task_type}
    one_by_one = [*ask(shop).proposals, *ask(PLANTED[SearchCause.LATE]).proposals, *ask(kitchen).proposals]
    assert [one.principle for one in everything.proposals] == [one.principle for one in one_by_one]


def test_sound_play_shows_no_cause_even_if_it_is_called_a_failure() -> None:
    env = SearchEnv("generated", size=60, generator={"level": 2})
    found: list[SearchCause] = []
    for task in env.tasks:
        observation, info = env.reset(options={"task": task.id})
        player, turns, over = env.player(observation), [], False
        while not over:
            command = player.command(info["admissible_commands"])
            after, reward, terminated, truncated, info = env.step(command)
            player.observe(command, after)
            turns.append(Turn(observation, observation, "", command, True, float(reward)))
            observation, over = after, terminated or truncated
        if env.won:
            found += causes(Trajectory(task, tuple(turns), "failed", meta={"final_observation": observation}))
        else:
            found.append(SearchCause.NO_ANSWER)
    assert len(found) <= 2


def test_names_and_sides_are_read_from_capitals_and_commas() -> None:
    assert names("Velmora Bridge mayor") == ["Velmora Bridge"]
    assert names("author of The Quiet Garden of Mor") == ["The Quiet Garden of Mor"]
    assert names("nothing here") == []
    assert sides(AGES) == ("Oulford", "Brigford")
    assert sides(SAME) == ("Ada Vask", "Tam Brell born in the same town")
    assert sides("Between Oulford and Brigford, which is older?") is None
    assert sides(MAYOR) is None


def test_an_answer_about_a_name_that_nothing_led_to_is_told() -> None:
    astray = search("Brigford mayor founded", "Brigford")
    (finding,) = diagnose_search(played(YEAR, astray, answer("1580"), task_type=ATTRIBUTE))
    assert finding.cause == SearchCause.OTHER_PASSAGE
    assert "to which no name of the question leads" in finding.evidence
    # The passage before named it.
    town = "In which year was the town where Ada Vask was born founded?"
    assert causes(played(town, ADA, TOWN, answer("1612"))) == []


def test_a_chain_cut_short_ends_on_a_name_of_the_way() -> None:
    cut = "Who is the mayor of the town where Ada Vask was born?"
    assert causes(played(cut, ADA, answer("Oulford"))) == [SearchCause.BRIDGE]
    # Two conditions may be found at once.
    both = "Which person works as a painter and was born in Oulford?"
    assert causes(played(both, ADA, answer("Ada Vask"))) == []


def test_who_does_not_fit_a_condition_is_another() -> None:
    both = "Who works for Pell Works and was born in Oulford?"
    assert causes(played(both, ADA, answer("Ada Vask"))) == [SearchCause.OTHER_PASSAGE]


def test_something_told_of_who_was_sought_is_of_another_kind() -> None:
    both = "Who was born in Oulford and knows Ada Vask?"
    assert SearchCause.WRONG_KIND not in causes(played(both, ADA, TOWN, answer("Tam Brell")))
    assert SearchCause.WRONG_KIND in causes(
        played(
            "Who is mayor in Oulford and met Tam Brell?",
            search("Tam Brell Oulford", "Oulford"),
            answer("1612"),
        )
    )


@pytest.mark.parametrize("given", ["1612", "Oulford Hill"])
def test_a_value_or_a_third_one_is_neither_of_two(given: str) -> None:
    ages = "Which town is older, the birthplace of Ada Vask or Brigford Green?"
    found = causes(played(ages, ADA, TOWN, answer(given), task_type=COMPARISON))
    assert found[:1] == [SearchCause.NEITHER]


def test_a_part_of_a_name_is_told_by_its_score() -> None:
    town = "Which town has Eno Zarn as its mayor?"
    hill = search("Eno Zarn mayor", "Oulford Hill")
    assert SearchCause.PARTIAL in causes(played(town, hill, answer("Hill"), em=0, f1=2 / 3, sub_em=0))
    for wrong, score in (("Hill", 0), ("Oulford Hill", 0.5)):
        assert SearchCause.PARTIAL not in causes(played(town, hill, answer(wrong), em=0, f1=score, sub_em=0))


def test_a_sentence_with_the_right_answer_is_too_long_and_nothing_else() -> None:
    said = answer("The answer is Brigford")
    steps = (search("Oulford founded", "Oulford"), search("Brigford founded", "Brigford"), said)
    assert causes(played(AGES, *steps, task_type=COMPARISON, em=0, f1=0.5, sub_em=1)) == [
        SearchCause.TOO_LONG
    ]
