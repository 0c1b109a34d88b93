"""Drafts of generated questions: what is hidden stays hidden, and no wording changes what is asked."""

from skill_gym.dice import Dice
from skill_gym.search.facts import Entity, make_facts
from skill_gym.search.language import BY_ID, HOMONYM
from skill_gym.search.lucene_index import memory_index
from skill_gym.search.noun_phrases import NounPhrases
from skill_gym.search.question_draft import Draft, names, needs_every_hop
from skill_gym.search.question_kinds import HOPS, QuestionMaker
from skill_gym.search.search_plan import Finder, Hop
from skill_gym.search.world_passages import write_passages

FACTS = make_facts("a world", 2, 3)
PASSAGES = write_passages("a world", FACTS)
PHRASES = NounPhrases(FACTS, other_names=True)


def draft(text: str, answer: Entity | str, *, may_name_answer: bool = False) -> Draft:
    town = FACTS.by_kind["town"][0]
    hop = Hop(town, BY_ID["town.mayor"], town.name)
    return Draft(
        text=text,
        answer=answer,
        stages=((hop,),),
        query_type="direct_retrieval",
        content="x",
        named=(town,),
        may_name_answer=may_name_answer,
    )


def test_a_question_may_not_name_its_answer() -> None:
    town, person = FACTS.by_kind["town"][0], FACTS.by_kind["person"][0]
    assert not draft(f"Who is the mayor of {town.name}?", person).tells_what_is_sought
    assert draft(f"Is {person.name} the mayor of {town.name}?", person).tells_what_is_sought
    assert draft(f"What does the baker of {town.name} do?", "baker").tells_what_is_sought
    assert not draft(f"Which is older, {town.name} or Xa?", town, may_name_answer=True).tells_what_is_sought
    assert draft(f"What is {town.name}?", town).tells_what_is_sought


def test_parts_of_words_do_not_count_as_names() -> None:
    assert not draft("Who saw 1712 birds?", "171").tells_what_is_sought
    assert draft("Who saw 171 birds?", "171").tells_what_is_sought


def test_both_names_are_answers() -> None:
    alias = next(one for one in FACTS.entities if one.alias)
    assert names(alias) == (alias.name, alias.alias)
    assert names(1712) == ("1712",)


def test_a_chain_with_a_shorter_way_is_refused() -> None:
    """The teacher's teacher who is one's own mayor's, and the like: found by going through all."""
    kept, refused = 0, 0
    for person in FACTS.by_kind["person"]:
        teacher = FACTS.values[person.key].get("teacher")
        if isinstance(teacher, Entity):
            path = [Hop(one, BY_ID["person.teacher"], one.name) for one in (person, teacher)]
            school = FACTS.values[teacher.key]["school"]
            direct = school in FACTS.values[person.key].values()
            assert needs_every_hop(path, school, FACTS, PASSAGES) != direct
            kept, refused = kept + (not direct), refused + direct
            assert not needs_every_hop(path, person, FACTS, PASSAGES), "a circle"
    assert kept > 5
    assert refused > 2


def test_namesakes_are_called_by_their_trade_and_never_stand_in_a_chain() -> None:
    assert FACTS.shared_names
    for one in FACTS.entities:
        if one.name in FACTS.shared_names:
            trade = FACTS.values[one.key]["occupation"]
            assert PHRASES.name(one, Dice("x")).text == HOMONYM.format(value=trade, head=one.name)
            assert PHRASES.to(one, Dice("x")) is None
    ends = {
        phrase.end.name for seed in range(300) if (phrase := PHRASES.to_type("person", 1, Dice(f"{seed}")))
    }
    assert len(ends) > 10
    assert not ends & FACTS.shared_names


def test_phrases_mean_whom_their_facts_lead_to() -> None:
    for seed in range(100):
        start = FACTS.entities[seed]
        phrase = PHRASES.from_(start, 2, Dice(f"{seed}"))
        if phrase is not None:
            one: object = start
            for hop in phrase.hops:
                assert hop.head == one
                one = FACTS.value(hop.head, hop.relation)
            assert (phrase.start, phrase.end, len(phrase.hops)) == (start, one, 2)


def test_every_kind_is_drawn_with_the_facts_ordered() -> None:
    maker = QuestionMaker(FACTS, Finder(memory_index(PASSAGES.values()), PASSAGES), 3)
    for kind, choices in HOPS.items():
        for hops in choices:
            dice = Dice(f"{kind} {hops}")
            drawn = [maker.draw(kind, hops, True, dice, 4) for _ in range(300)]
            drafts = [one[0] for one in drawn if one is not None]
            assert drafts, f"{kind} of {hops}"
            assert {len(one.path(FACTS, PASSAGES)) for one in drafts} == {hops}
            assert kind != "boolean" or {one.answer for one in drafts} == {"yes"}
