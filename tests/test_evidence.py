"""Evidence: counts and sums by skill and task type, which add up and survive JSON."""

import json
import math
import statistics

import pytest

from skill_gym.skillbanks.evidence import Evidence, EvidenceBook, Outcomes
from skill_gym.skillbanks.store import BankStore


def filled() -> EvidenceBook:
    book = EvidenceBook()
    book.observe_group("heat", [0, 1, 0, 0], {"a": False, "b": True})
    book.observe_group("heat", [1, 1, 1, 0], {"a": True})
    book.observe_group("cool", [1, 1], {"a": True})
    book.observe_pair("a", "heat", [1], [0])
    book.observe_pair("a", "heat", [0], [1])
    book.observe_pair("a", "heat", [1], [1])
    book.observe_use("heat", ["a", "b"], episodes=4, when=7)
    book.observe_use("heat", ["a"], when=3)
    return book


def test_siblings_are_one_observation():
    groups = [[1, 0, 0, 0], [1, 1, 1, 1], [0, 1, 0, 1]]
    outcomes = Outcomes()
    for group in groups:
        outcomes = outcomes.with_group(group)
    means = [statistics.mean(group) for group in groups]
    assert (outcomes.groups, outcomes.episodes, outcomes.successes) == (3, 12, 7)
    assert outcomes.mean == pytest.approx(statistics.mean(means))
    assert outcomes.variance == pytest.approx(statistics.variance(means))
    assert math.isnan(Outcomes().mean)
    assert math.isnan(Outcomes().with_group([1]).variance)


def test_counts_by_skill_and_type():
    row = filled().get("a", "heat")
    assert (row.shown.groups, row.withheld.groups, row.pairs) == (1, 1, 3)
    assert (row.usage, row.last_use) == (5, 7)
    # One pair each way, and a group of 0.75 against 0.25 without.
    assert (row.helpful, row.harmful) == (2, 1)
    assert (row.differences, row.difference_squares) == (0, 2)
    assert filled().get("a").shown.groups == 2
    assert filled().get("a").usage == 5
    assert filled().task_types("a") == ("cool", "heat")
    assert filled().get("nobody", "heat") == Evidence()


def test_books_of_two_workers_add_up():
    both, other = filled(), filled()
    both.merge(other)
    assert both.get("a", "heat").pairs == 6
    assert both.get("a", "heat").last_use == 7
    assert both.get("b", "heat").shown.episodes == 8
    assert other.get("a", "heat").pairs == 3


def test_round_trips():
    book = filled()
    rows = json.loads(json.dumps(book.to_json()))
    assert EvidenceBook.from_json(rows).to_json() == book.to_json()
    stored = {key: json.loads(json.dumps(row)) for key, row in book.to_rows().items()}
    assert EvidenceBook.from_rows(stored).to_rows() == book.to_rows()
    assert len(book) == 3


def test_a_store_keeps_it_beside_the_bank(tmp_path):
    with BankStore.open(tmp_path / "bank.db", write=True) as store:
        store.save_evidence(filled().to_rows())
    with BankStore.open(tmp_path / "bank.db") as store:
        assert EvidenceBook.from_rows(store.load_evidence()).to_rows() == filled().to_rows()


def test_revised_skills_begin_anew():
    book = filled()
    book.forget(["a"])
    assert book.get("a") == Evidence()
    assert book.get("b", "heat").shown.groups == 1


def test_bad_input():
    with pytest.raises(ValueError, match="all broke"):
        EvidenceBook().observe_group("heat", [], {"a": True})
    with pytest.raises(ValueError, match="not returns"):
        EvidenceBook().observe_group("heat", [10.0], {"a": True})
    with pytest.raises(ValueError, match="no evidence of a skill"):
        Evidence.from_json({"usage": 3})
