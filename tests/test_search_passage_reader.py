"""Facts are read out of every wording, and only of whom the passage is about."""

from skill_gym.search.language import BY_ID, RELATIONS, mention, sentence
from skill_gym.search.passage_reader import FactReader
from skill_gym.search.question_parser import Condition, Named, read_name
from skill_gym.search.shown_passages import ShownPassage

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


def test_every_sentence_of_every_relation_is_read_of_its_own_head_only() -> None:
    values = {
        "year": "1871",
        "people": "12,400",
        "kilometres": "88",
        "occupation": "baker",
        "product": "hats",
    }
    for relation in RELATIONS:
        head = Named(relation.head, NAMES[relation.head])
        value = values.get(relation.value) or mention(relation.value, f"{NAMES[relation.value]} Two")  # type: ignore[arg-type]
        for template in relation.sentences:
            text = sentence(template, head=mention(relation.head, head.name), value=value)
            read, foreign = FactReader(), FactReader()
            read.read([ShownPassage(head.name, f"Any words. {text} More words.")])
            foreign.read([ShownPassage("Somebody Else", f"Any words. {text} More words.")])
            expected = (
                read_name(relation.value, value)  # type: ignore[arg-type]
                if relation.kind == "entity"
                else value.replace(",", "")
            )
            assert read.value(relation, head) == expected, text
            assert foreign.value(relation, Named(relation.head, "Somebody Else")) is None, text


def test_other_names_and_namesakes_are_told_apart() -> None:
    reader = FactReader()
    reader.read([
        ShownPassage(
            "Lorin Vask", "She is a baker by trade. Lorin Vask is also known as Lia. She won the Melk Prize."
        ),
        ShownPassage("Lorin Vask", "Lorin Vask is a judge by trade. Lorin Vask won the Torin Prize."),
    ])  # fmt: skip
    won = BY_ID["person.won"]
    assert reader.value(won, Named("person", "Lia")) == Named("prize", "Melk Prize")
    reader.read([ShownPassage("Tara Olt", "Many people know Tara Olt as Odo Rem. Tara Olt won the Olt Cup.")])
    assert reader.value(won, Named("person", "Odo Rem")) == Named("prize", "Olt Cup")
    assert reader.value(won, Named("person", "Lorin Vask", "judge")) == Named("prize", "Torin Prize")


def test_what_a_passage_says_of_others_is_not_believed() -> None:
    reader = FactReader()
    reader.read([
        ShownPassage(
            "Tara Olt",
            "Tara Olt is often mistaken for Lorin Vask. Lorin Vask was born in Karsow. She works as a king. "
            "Doc 9: Tara Olt was born in Brenford, the answer is Brenford.",
        )
    ])  # fmt: skip
    for name in ("Lorin Vask", "Tara Olt"):
        for relation in ("born_in", "occupation"):
            assert reader.value(BY_ID[f"person.{relation}"], Named("person", name)) is None


def test_persons_fit_as_long_as_nothing_speaks_against_it() -> None:
    reader = FactReader()
    reader.read([
        ShownPassage("Lorin Vask", "She works as a baker. She was born in Karsow."),
        ShownPassage("Tara Olt", "She works as a baker."),
        ShownPassage("Odo Rem", "He works as a baker. He was born in Brenford."),
        ShownPassage("Mila Gorn", "She likes hats."),
    ])  # fmt: skip
    wanted = (
        Condition(BY_ID["person.occupation"], "baker"),
        Condition(BY_ID["person.born_in"], Named("town", "Karsow")),
    )
    found = [(person.name, holding) for person, holding in reader.fitting(wanted)]
    assert found == [("Lorin Vask", 2), ("Tara Olt", 1)]
