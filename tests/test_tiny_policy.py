import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skill_gym.agents.phrases import find_phrases, without_phrases
from skill_gym.agents.tiny_policy import END, TinyPolicyConfig, new_model, train_tokenizer

FRAMES = [
    f"You arrive at {place} {n}. On the {place} {n}, you see a {thing} {n}, and a {thing} {n + 1}."
    for n in range(1, 15)
    for place in ("drawer", "shelf")
    for thing in ("mug", "pen")
] + [f"<action>go to drawer {n}</action>" for n in range(1, 40)]
SMALL = TinyPolicyConfig(vocab_size=400, phrases=20, hidden_size=64, intermediate_size=64, layers=1, heads=2)


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(FRAMES, ["Open what is closed."], SMALL)


def ids(tokenizer, text):
    return tokenizer(text, add_special_tokens=False)["input_ids"]


def test_phrases_hold_the_frame_and_never_a_name_or_a_number():
    phrases = find_phrases(FRAMES, count=20)
    assert "You arrive at" in phrases
    assert ". On the" in phrases
    for phrase in phrases:
        assert not any(word in phrase for word in ("drawer", "shelf", "mug", "pen", "action"))
        assert not any(letter.isdigit() for letter in phrase)


def test_words_before_years_are_part_of_phrases():
    told = [f"It was built in {year}. She was born in the north." for year in range(1900, 1930)]
    assert any("was born in the north" in phrase for phrase in find_phrases(told, count=20))


def test_words_with_a_capital_within_a_sentence_are_names():
    told = ["The mayor of Velbak Hill is Tola Norim. It was built by Tola Norim."] * 30
    phrases = find_phrases(told, count=20)
    assert phrases
    assert not any(name in phrase for phrase in phrases for name in ("Velbak", "Hill", "Tola", "Norim"))


def test_rare_phrases_are_left_alone():
    assert find_phrases(["You see a door."] * 3, count=5, min_count=4) == ()


def test_what_is_not_a_phrase_stays():
    assert without_phrases("<action>go to drawer 1</action>", ["go to"]) == [" drawer 1"]


def test_tags_and_phrases_are_one_token_and_not_special(tokenizer):
    for text in ("<action>", "</action>", "You arrive at"):
        (token,) = ids(tokenizer, text)
        assert token not in tokenizer.all_special_ids
        assert tokenizer.decode([token], skip_special_tokens=True) == text


def test_tags_of_the_texts_are_tokens_where_they_are_many():
    asked = [*FRAMES, *["Reply with <search>...</search>."] * 20, *["A <b> in a page."] * 19]
    other = train_tokenizer(asked, [], SMALL)
    assert [len(ids(other, tag)) for tag in ("<search>", "</search>", "<think>")] == [1, 1, 1]
    assert len(ids(other, "<b>")) > 1
    assert len(ids(train_tokenizer(FRAMES, [], SMALL), "<search>")) > 1


def test_a_thing_is_the_same_token_wherever_it_stands(tokenizer):
    (drawer,) = ids(tokenizer, " drawer")
    for text in FRAMES[0], "<action>go to drawer 7</action>", "You arrive at drawer 3.":
        assert drawer in ids(tokenizer, text)


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=80))
def test_every_text_comes_back_unchanged(tokenizer, text):
    assert tokenizer.decode(ids(tokenizer, text), skip_special_tokens=False) == text


def test_only_the_agents_turns_are_closed(tokenizer):
    talk = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": "c"},
    ]
    text = tokenizer.apply_chat_template(talk, tokenize=False, add_generation_prompt=True)
    assert text == f"<|user|>a<|assistant|>b{END}<|user|>c<|assistant|>"


def test_equal_seeds_give_equal_weights(tokenizer):
    first, again, other = (new_model(tokenizer, SMALL, seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(first[name].equal(again[name]) for name in first)
    assert not all(first[name].equal(other[name]) for name in first)


@pytest.mark.parametrize("wrong", [{"vocab_size": 100}, {"hidden_size": 100, "heads": 3}])
def test_impossible_sizes_are_refused(wrong):
    with pytest.raises(ValueError, match="must be"):
        TinyPolicyConfig(**wrong)
