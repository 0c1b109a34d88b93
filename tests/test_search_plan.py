"""Plans of queries: together where one search finds all, apart where it does not, none where it cannot be."""

from skill_gym.search.facts import Entity
from skill_gym.search.language import BY_ID
from skill_gym.search.lucene_index import memory_index
from skill_gym.search.passages import Passage
from skill_gym.search.search_plan import Finder, Hop, SoughtHop, joint_query

TOWNS = [
    Entity(f"town {number}", "town", name)
    for number, name in enumerate(("Xam Hill", "Yok Cross", "Zim Green"))
]
CROWD = [
    Passage(f"c{number}", f"Crowd {number}", "Zim Green. " * 9 + "mayor elected.") for number in range(4)
]
PASSAGES = {
    one.key: Passage(one.key[-1], one.name, f"{one.name} is a town. The mayor of the town is Nobody.")
    for one in TOWNS
}
MAYOR, POPULATION = BY_ID["town.mayor"], BY_ID["town.population"]


def finder() -> Finder:
    return Finder(memory_index([*PASSAGES.values(), *CROWD]), PASSAGES)


def hop(number: int) -> Hop:
    return Hop(TOWNS[number], MAYOR, TOWNS[number].name)


def test_a_query_holds_each_name_and_each_word_once() -> None:
    assert hop(0).query == "Xam Hill mayor elected"
    assert joint_query([hop(0), hop(1)]) == "Xam Hill Yok Cross mayor elected"
    sought = SoughtHop(TOWNS[0], MAYOR, "Some Body six", POPULATION)
    assert sought.query == "Some Body six mayor elected population inhabitants"


def test_what_one_search_finds_is_asked_at_once() -> None:
    together = finder().plan([[hop(0), hop(1)]], 1)
    assert together == ("Xam Hill Yok Cross mayor elected",)
    assert finder().plan([[hop(0)], [hop(1)]], 2) == ("Xam Hill mayor elected", "Yok Cross mayor elected")


def test_too_few_searches_give_no_plan() -> None:
    assert finder().plan([[hop(0)], [hop(1)]], 1) is None


def test_what_cannot_be_found_gives_no_plan() -> None:
    assert not finder().finds(hop(2).query, TOWNS[2]), "four others are better"
    assert finder().plan([[hop(2)]], 3) is None
