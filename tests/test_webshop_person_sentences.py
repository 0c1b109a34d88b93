"""Instructions as people write them name only what is true of the product."""

from skill_gym.dice import Dice
from skill_gym.webshop.made_products import MadeProducts
from skill_gym.webshop.person_sentences import person_sentence
from skill_gym.webshop.product_lines import Shop

MADE = [one for one in map(MadeProducts(Shop("people"), 1).make, range(300)) if one.design.traits]


def test_a_sentence_names_what_the_goal_asks_for():
    for number, made in enumerate(MADE):
        text, named, values = person_sentence(made, made.options, Dice(f"{number}"))
        assert named
        assert set(named) <= set(made.design.traits)
        for trait in named:
            assert set(trait.split()) <= set(text.replace("-", " ").replace("?", "").replace(",", "").replace(
                ".", "").split()), text  # fmt: skip
        assert all(value in text for value in values)
        assert all(any(value in listed for listed in made.options.values()) for value in values)
        assert any(noun in text for noun in made.design.nouns)


def test_sentences_begin_in_many_ways_and_mostly_as_people_do():
    texts = [person_sentence(made, made.options, Dice(f"{n}"))[0] for n, made in enumerate(MADE)]
    looking = sum(text.startswith("i am looking for") for text in texts) / len(texts)
    assert 0.15 < looking < 0.4
    assert len({text.split()[0] for text in texts}) >= 6
    assert all(text == text.lower() and text[0].isalpha() for text in texts)
