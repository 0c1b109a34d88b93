"""Generated worlds: the same bytes everywhere, questions as ordered, and settings that are checked."""

import copy
import hashlib
import json
import os
import pickle
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from skill_gym.search.checker import check
from skill_gym.search.generator import GENERATED_SPLITS, GeneratorConfig, World, generated_world
from skill_gym.search.question_kinds import HOPS

SMALL = GeneratorConfig(scale=0.25, level=3, kinds=tuple(HOPS), turns=5)
GOLDEN = "6de8ed2dfbc4b479e26effb10650497fa7492d5c282aa734500bd6b95a47452c"
"""Of ``SMALL`` with 60 questions. Another digest means that VERSION has to be raised."""


def digest(world: World) -> str:
    asked = [
        [one.id, one.data_source, one.question, one.answers, one.query_type, one.metadata]
        for one in world.questions
    ]
    told = [[one.id, one.contents] for one in world.passages]
    return hashlib.sha256(json.dumps([told, asked], sort_keys=True).encode()).hexdigest()


def test_a_world_is_the_same_byte_for_byte() -> None:
    assert digest(generated_world("generated", SMALL, 60)) == GOLDEN


def test_no_hash_seed_changes_a_world() -> None:
    code = "from test_search_generator import *; print(digest(generated_world('generated_test', SMALL, 30)))"
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            cwd=os.path.dirname(__file__),
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert found == {digest(generated_world("generated_test", SMALL, 30)) + "\n"}


def test_a_larger_size_begins_with_the_same_questions() -> None:
    small, large = (generated_world("generated", SMALL, size) for size in (20, 50))
    assert large.questions[:20] == small.questions
    assert len(large.questions) == 50
    assert large.source == small.source


def test_splits_and_seeds_are_other_worlds() -> None:
    worlds = [generated_world(split, SMALL, 1) for split in GENERATED_SPLITS]
    worlds.append(generated_world("generated", GeneratorConfig(scale=0.25, level=3, seed=1), 1))
    assert len({world.source for world in worlds}) == 4
    assert len({passage.title for world in worlds for passage in world.passages}) > 500
    assert [world.questions[0].split for world in worlds[:3]] == list(GENERATED_SPLITS)


def test_no_question_is_asked_twice() -> None:
    world = generated_world("generated", GeneratorConfig(), 1000)
    assert len({one.question for one in world.questions}) == 1000
    assert [one.id for one in world.questions] == [str(number) for number in range(1000)]
    assert len(world.passages) == 440


def test_kinds_are_about_equally_frequent_and_facts_are_one_to_four() -> None:
    world = generated_world("generated", GeneratorConfig(), 1000)
    kinds = Counter(one.data_source for one in world.questions)
    assert set(kinds) == {"lookup", "chain", "compare", "constraint"}
    assert min(kinds.values()) > 200
    facts = Counter(one.metadata["hops"] for one in world.questions)
    assert set(facts) == {1, 2, 3, 4}
    assert min(facts.values()) > 70


def test_query_types_follow_from_what_is_asked() -> None:
    world = generated_world("generated", SMALL, 60)
    types = {(one.data_source, one.query_type) for one in world.questions}
    assert types == {
        ("lookup", "direct_retrieval"),
        ("lookup", "entity_attribute_lookup"),
        ("chain", "multi_hop_reasoning"),
        ("constraint", "multi_hop_reasoning"),
        ("compare", "comparison"),
        ("boolean", "comparison"),
    }


def test_yes_and_no_are_balanced() -> None:
    world = generated_world("generated", GeneratorConfig(kinds=("boolean",)), 200)
    yes = sum(one.answers == ("yes",) for one in world.questions)
    assert 70 <= yes <= 130


@pytest.mark.parametrize("level", range(4))
@pytest.mark.parametrize("split", GENERATED_SPLITS)
def test_the_checker_finds_nothing_wrong(split: str, level: int) -> None:
    config = GeneratorConfig(level=level, kinds=tuple(HOPS), turns=5, seed=level)
    world = generated_world(split, config, 60)
    assert {one.id: wrong for one in world.questions if (wrong := check(world, one))} == {}


def test_only_what_was_ordered_is_asked() -> None:
    chains = generated_world("generated", GeneratorConfig(kinds=("chain",), hops=(4,), turns=5), 30)
    assert {(one.data_source, one.metadata["hops"]) for one in chains.questions} == {("chain", 4)}
    short = generated_world("generated", GeneratorConfig(turns=2), 50)
    assert {len(one.metadata["queries"]) for one in short.questions} == {1}


def test_other_names_are_accepted_as_answers() -> None:
    world = generated_world("generated", GeneratorConfig(), 300)
    aliases = {one.name: one.alias for one in world.facts.entities if one.alias}
    two = [one for one in world.questions if len(one.answers) == 2]
    assert len(two) > 10
    assert all(aliases[one.answers[0]] == one.answers[1] for one in two)
    assert any(alias in one.question for one in world.questions for alias in aliases.values())


def test_settings_may_come_as_json_or_as_one_value() -> None:
    given: dict[str, Any] = {"hops": [1, 2], "kinds": "chain", "scale": 1}
    config = GeneratorConfig(**given)
    assert config == GeneratorConfig(hops=(1, 2), kinds=("chain",), scale=1.0)
    assert GeneratorConfig(hops=2).hops == (2,)  # type: ignore[arg-type]
    useless = GeneratorConfig(hops=(4, 2, 1), kinds=("chain",))
    worlds = [generated_world("generated", each, 5) for each in (config, useless)]
    assert worlds[0].source == worlds[1].source, "one hop or four are no chain here"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"level": 4}, "level must be an integer from 0 to 3, got 4"),
        ({"level": True}, "level must be an integer"),
        ({"scale": 0}, "scale must be a number from 0.25 to 100, got 0"),
        ({"scale": "big"}, "scale must be a number"),
        ({"hops": (5,)}, "hops must be a tuple of 1, 2, 3, 4, got"),
        ({"hops": ()}, "hops must be a tuple"),
        ({"kinds": ("riddle",)}, "kinds must be a tuple of lookup, chain, compare, constraint, boolean"),
        ({"kinds": ("chain",), "hops": (1,)}, "no question of kinds=.*allow more of them"),
        ({"kinds": ("chain",), "hops": (4,)}, "no question of kinds=.*turns=4"),
        ({"turns": 1}, "turns must be an integer from 2 to 100, got 1"),
        ({"seed": -1}, "seed must be an integer from 0 to 9999, got -1"),
    ],
)
def test_settings_out_of_range_are_told(settings: Mapping[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GeneratorConfig(**settings)


def test_what_a_world_cannot_give_is_told() -> None:
    with pytest.raises(ValueError, match="unknown split 'train'; the generated ones are generated,"):
        generated_world("train")
    with pytest.raises(ValueError, match="seed must be at most 999 for split 'generated_test', got 1000"):
        generated_world("generated_test", GeneratorConfig(seed=1000))
    with pytest.raises(ValueError, match="size must be an integer of at least 1, got 0"):
        generated_world("generated", SMALL, 0)
    tiny = GeneratorConfig(scale=0.25, level=0, kinds=("lookup",))
    with pytest.raises(ValueError, match=r"this world has \d+ questions of lookup, not 5,000; pass size="):
        generated_world("generated", tiny, 5000)


def test_copies_are_the_world_itself_and_pickles_make_it_again() -> None:
    world = generated_world("generated", SMALL, 20)
    assert copy.deepcopy(world) is copy.copy(world) is world
    assert pickle.loads(pickle.dumps(world)) is world, "made once a process"
    assert world.index.info().passages == len(world.passages)
