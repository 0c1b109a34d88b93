"""Choice by utility: what is worth most is shown, within the budget, the same to all siblings."""

from itertools import combinations
from random import Random

import pytest

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.evidence import EvidenceBook
from skill_gym.skillbanks.rendering import about_tokens, render
from skill_gym.skillbanks.retrieval import ByTaskType
from skill_gym.skillbanks.selection import ByUtility, knapsack
from skill_gym.skillbanks.skill import Mistake, Skill
from skill_gym.skillbanks.utility import Utility
from skill_gym.trajectory import Task

TASK = Task("t", "env:x:t", "env", "train", "heat", "heat an egg")
BANK = SkillBank.empty().with_skills(
    [
        *(Skill(f"gen_{n}", f"Title {n}", "Do this. " * (n + 1)) for n in range(6)),
        *(Skill(f"hea_{n}", f"Heat {n}", "Do that. " * (6 - n), category="heat") for n in range(4)),
        Mistake("err_1", "Waiting.", "Go on."),
    ]
)
INNER = ByTaskType(BANK, top_k=None)


def known(**effects: float) -> Utility:
    book = EvidenceBook()
    for name, effect in effects.items():
        for number in range(100):
            hit = number < abs(effect) * 100
            book.observe_pair(name, "heat", [hit and effect > 0], [hit and effect < 0])
    return Utility(book)


def ids(retriever: ByUtility, task: Task = TASK) -> tuple[str, ...]:
    return retriever.retrieve([task])[0].ids


def test_without_evidence_and_with_room_nothing_changes():
    assert ByUtility(INNER, known()).retrieve([TASK]) == INNER.retrieve([TASK])


def test_harmful_skills_are_left_out_and_the_rest_keeps_its_order():
    shown = ids(ByUtility(INNER, known(gen_0=-0.5, hea_1=-0.6)))
    assert shown == tuple(name for name in BANK.ids if name not in ("gen_0", "hea_1"))


def test_the_useful_ones_stay_when_the_budget_is_small():
    plain = ids(ByUtility(INNER, known(), max_tokens=40))
    chosen = ids(ByUtility(INNER, known(gen_5=0.6), max_tokens=40))
    assert "gen_5" not in plain
    assert "gen_5" in chosen


@pytest.mark.parametrize("count", [about_tokens, len, lambda text: len(text.split())])
@pytest.mark.parametrize("budget", [0, 10, 30, 55, 80, 200])
def test_the_budget_holds_in_the_finished_text(count, budget):
    retriever = ByUtility(INNER, known(gen_3=0.3), max_tokens=budget, count_tokens=count)
    (chosen,) = retriever.retrieve([TASK])
    shown = render(chosen, max_tokens=budget, count_tokens=count)
    assert shown.dropped_skill_ids == ()
    assert shown.tokens <= budget


def test_no_other_choice_within_the_budget_is_worth_more():
    """Words as tokens: lines add up exactly, so that the best of all choices can be listed."""
    retriever = ByUtility(
        INNER, known(gen_4=0.3, hea_0=0.4), max_tokens=60, count_tokens=lambda t: len(t.split())
    )
    (found,) = INNER.retrieve([TASK])
    values = {
        entry.id: (1 - rank / (2 * len(entries))) * retriever.gain(entry.id, TASK)
        for entries in (found.general, found.task_specific, found.mistakes)
        for rank, entry in enumerate(entries)
    }

    def cost(names: tuple[str, ...]) -> int:
        gone = [name for name in BANK.ids if name not in names]
        (left,) = ByTaskType(BANK.without(gone), top_k=None).retrieve([TASK])
        return len(render(left, max_tokens=10**6).text.split())

    every = (some for size in range(12) for some in combinations(BANK.ids, size))
    best = max(sum(values[name] for name in some) for some in every if cost(some) <= 60)
    assert sum(values[name] for name in ids(retriever)) == pytest.approx(best)


def test_thompson_explores_and_siblings_agree():
    utility = known(gen_0=0.3)
    first = ByUtility(INNER, utility, explore="thompson", seed=1)
    assert ids(first) == ids(ByUtility(INNER, utility, explore="thompson", seed=1))
    draws = [ids(first.with_round(number)) for number in range(200)]
    assert len(set(draws)) > 50
    # What is known to help is shown nearly always, the unknown only often.
    assert sum("gen_0" in shown for shown in draws) > 190
    assert 80 < sum("gen_1" in shown for shown in draws) < 190
    other = Task("u", "env:x:u", "env", "train", "heat", "heat an egg")
    assert [ids(first.with_round(n), other) for n in range(9)] != draws[:9]


def test_ucb_prefers_what_is_little_known():
    utility = known(gen_0=0.0, gen_1=-0.05)
    timid, bold = (ByUtility(INNER, utility, explore="ucb", deviations=d) for d in (0.0, 3.0))
    assert timid.gain("gen_1", TASK) < timid.gain("gen_5", TASK)
    assert bold.gain("gen_5", TASK) - bold.gain("gen_0", TASK) > 0.1


def test_another_bank_keeps_the_settings():
    retriever = ByUtility(INNER, known(), explore="ucb", max_tokens=100)
    other = retriever.with_bank(BANK.without(["gen_0"]))
    assert other.bank == BANK.without(["gen_0"])
    assert (other.explore, other.max_tokens) == ("ucb", 100)
    assert ByUtility(ByTaskType(SkillBank.empty()), known()).retrieve([TASK])[0].ids == ()


def test_knapsack_is_exact():
    rng = Random(0)
    for _ in range(50):
        count, budget = rng.randint(1, 9), rng.randint(0, 30)
        values = [rng.uniform(-1, 3) for _ in range(count)]
        costs = [rng.randint(0, 15) for _ in range(count)]
        every = (some for size in range(count + 1) for some in combinations(range(count), size))
        best = max(sum(values[i] for i in some) for some in every if sum(costs[i] for i in some) <= budget)
        chosen = knapsack(values, costs, budget)
        assert chosen == sorted(set(chosen))
        assert sum(costs[index] for index in chosen) <= budget
        assert sum(values[index] for index in chosen) == pytest.approx(best)


def test_a_huge_knapsack_is_filled_by_value_per_token():
    rng = Random(1)
    costs = [rng.randint(1, 50) for _ in range(20_000)]
    values = [rng.random() for _ in costs]
    chosen = knapsack(values, costs, 10_000)
    spent = sum(costs[index] for index in chosen)
    assert 9_990 <= spent <= 10_000
    worst = min(values[index] / costs[index] for index in chosen)
    left = set(range(20_000)) - set(chosen)
    # Only what no longer fitted is denser than the last that was taken.
    assert sum(values[i] / costs[i] > worst for i in left) < 50


def test_settings_are_checked():
    with pytest.raises(ValueError, match="explore"):
        ByUtility(INNER, known(), explore="greedy")
    with pytest.raises(ValueError, match="max_tokens"):
        ByUtility(INNER, known(), max_tokens=-1)
