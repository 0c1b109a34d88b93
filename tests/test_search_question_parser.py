"""Every wording of a generated question is taken apart into what it asks for."""

from itertools import pairwise, product

from skill_gym.search.language import CONSTRAINTS, RELATIONS, mention, sentence
from skill_gym.search.question_parser import Asked, Compared, Described, Named, read_wanted

NAMES = {
    "person": "Lorin Vask",
    "town": "Brenford",
    "region": "Ostmar",
    "company": "Velm Works",
    "book": "Silent Lamp of Torin",
    "river": "Asker",
    "school": "Torin Hall",
    "prize": "Melk Prize",
}


def test_every_wording_of_every_relation_is_understood() -> None:
    for relation in RELATIONS:
        head = mention(relation.head, NAMES[relation.head])
        for template in relation.questions:
            text = sentence(template, head=head)
            assert read_wanted(text) == Asked(relation, Named(relation.head, NAMES[relation.head]), template)
        for templates, larger in ((relation.larger, True), (relation.smaller, False)):
            for template in templates:
                read = read_wanted(template.format(a=head, b=mention(relation.head, "Other Name")))
                assert isinstance(read, Compared)
                assert (read.one.relation, read.larger) == (relation, larger)
                assert str(read.other.head) == mention(relation.head, "Other Name")


def test_every_pair_of_conditions_and_every_sameness_is_understood() -> None:
    values = {"occupation": "baker"}
    told = [
        relation.condition.format(
            value=values.get(relation.value) or mention(relation.value, NAMES[relation.value])  # type: ignore[arg-type]
        )
        for relation in RELATIONS
        if relation.condition
    ]
    assert len(told) > 3
    for template in CONSTRAINTS:
        for first, second in pairwise(told):
            read = read_wanted(template.format(first=first, second=second))
            assert isinstance(read, Described)
            assert [str(one) for one in read.conditions] == [first, second]
    for relation in RELATIONS:
        if relation.same:
            head = mention(relation.head, NAMES[relation.head])
            read = read_wanted(relation.same.format(a=head, b=mention(relation.head, "Other Name")))
            assert isinstance(read, Compared)
            assert (read.one.relation, read.larger, str(read.one.head)) == (relation, None, head)


def test_phrases_nest_to_any_depth_and_are_said_as_they_were_asked() -> None:
    for relation in RELATIONS:
        for inner in RELATIONS:
            if inner.value != relation.head:
                continue
            for outer, phrase in product(relation.questions, inner.phrases):
                text = outer.format(head=phrase.format(head=mention(inner.head, NAMES[inner.head])))
                read = read_wanted(text)
                assert isinstance(read, Asked)
                assert isinstance(read.head, Asked)
                assert (str(read), read.relation, read.head.relation) == (text, relation, inner)


def test_namesakes_are_told_apart_by_their_occupation() -> None:
    read = read_wanted("Which prize did the judge Lorin Vask win?")
    assert isinstance(read, Asked)
    assert read.head == Named("person", "Lorin Vask", "judge")
    assert read_wanted("Which prize did the wizard Lorin Vask win?") is None


def test_other_wordings_are_not_understood() -> None:
    for text in (
        "",
        "?",
        "Who is the mayor of?",
        "Who wrote the first novel about Torin?",
        "the mayor of Brenford",
    ):
        assert read_wanted(text) is None


def test_conditions_may_hold_phrases() -> None:
    read = read_wanted("Which person attended the school of nobody and works as a baker?")
    assert read is None
    read = read_wanted("Which person is employed by the sponsor of the Melk Prize and works as a baker?")
    assert isinstance(read, Described)
    assert str(read) == "the person who is employed by the sponsor of the Melk Prize and works as a baker"
