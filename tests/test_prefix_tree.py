"""A prefix tree holds each shared token once, and tells of each token who sees it."""

import numpy as np
import pytest

from skill_gym.agents.prefix_tree import prefix_trees


def drawn(seed, *, count=10, kinds=2, longest=12):
    """Sequences of few different tokens, so that many begin alike, and some are equal."""
    rng = np.random.default_rng(seed)
    return [rng.integers(0, kinds, rng.integers(1, longest)) for _ in range(rng.integers(1, count + 1))]


def beginnings(sequences):
    return {tuple(one[:length]) for one in sequences for length in range(1, len(one) + 1)}


@pytest.mark.parametrize("seed", range(20))
def test_without_a_cut_every_beginning_is_there_once(seed):
    sequences = drawn(seed)
    (tree,) = prefix_trees(sequences, max_tokens=10_000)
    assert len(tree) == len(beginnings(sequences))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("max_tokens", [1, 6, 15, 10_000])
def test_every_token_sees_its_own_past_and_nothing_else(seed, max_tokens):
    sequences = drawn(seed)
    seen = []
    for tree in prefix_trees(sequences, max_tokens=max_tokens):
        for member, path in zip(tree.members, tree.paths, strict=True):
            assert (tree.token_ids[path] == sequences[member]).all()
            assert tree.depths[path].tolist() == list(range(len(path)))
            for place, token in enumerate(path):
                sees = [key for key in range(len(tree)) if key <= token < tree.ends[key]]
                assert sees == path[: place + 1].tolist()
            seen.append(int(member))
    assert sorted(seen) == list(range(len(sequences)))


@pytest.mark.parametrize("seed", range(20))
def test_the_budget_holds_and_no_cut_costs_more_than_no_sharing(seed):
    sequences = drawn(seed)
    whole = sum(map(len, sequences))
    for max_tokens in (1, 6, 15, 40):
        trees = list(prefix_trees(sequences, max_tokens=max_tokens))
        assert all(len(tree) <= max_tokens or len(tree.members) == 1 for tree in trees)
        assert sum(map(len, trees)) <= whole
        assert [len(tree) for tree in trees] == sorted((len(tree) for tree in trees), reverse=True)


def test_cuts_are_where_least_is_shared():
    # Two families; a cut inside one would repeat its trunk.
    first, second = np.arange(10), np.arange(20, 30)
    sequences = [np.append(trunk, [tip]) for tip in range(3) for trunk in (first, second)]
    trees = list(prefix_trees(sequences, max_tokens=14))
    assert [len(tree) for tree in trees] == [13, 13]
    assert sorted(sorted(tree.members.tolist()) for tree in trees) == [[0, 2, 4], [1, 3, 5]]


@pytest.mark.parametrize("seed", range(10))
def test_no_other_cut_of_the_order_is_cheaper(seed):
    sequences = sorted(drawn(seed, count=7), key=lambda one: one.tolist())
    best = sum(map(len, prefix_trees(sequences, max_tokens=12, pass_tokens=0)))
    for cuts in range(2 ** (len(sequences) - 1)):
        parts, part = [], [sequences[0]]
        for number, sequence in enumerate(sequences[1:]):
            if cuts >> number & 1:
                parts.append(part)
                part = []
            part.append(sequence)
        sizes = [(len(beginnings(one)), len(one)) for one in [*parts, part]]
        if all(tokens <= 12 or members == 1 for tokens, members in sizes):
            assert best <= sum(tokens for tokens, _ in sizes)


def test_equal_sequences_and_beginnings_of_others_add_nothing():
    whole = np.array([5, 6, 7, 8])
    (tree,) = prefix_trees([whole, whole[:2], whole, whole[:3]], max_tokens=100)
    assert tree.token_ids.tolist() == [5, 6, 7, 8]
    assert [len(path) for path in tree.paths] == [len(x) for x in ([0] * 2, [0] * 3, [0] * 4, [0] * 4)]


def test_big_token_ids_are_ordered_as_numbers():
    sequences = [np.array([1, big]) for big in (2**31, 255, 256, 65_536, 2**31)]
    (tree,) = prefix_trees(sequences, max_tokens=100)
    assert tree.token_ids.tolist() == [1, 255, 256, 65_536, 2**31]


def test_thousands_of_long_sequences_take_no_time():
    import time

    rng = np.random.default_rng(0)
    trunk = rng.integers(0, 50_000, 1500)
    sequences = [
        np.append(trunk[: rng.integers(500, 1500)], rng.integers(0, 50_000, 300)) for _ in range(2000)
    ]
    began = time.process_time()
    trees = list(prefix_trees(sequences, max_tokens=8192))
    assert time.process_time() - began < 5
    assert sum(map(len, trees)) < 0.5 * sum(map(len, sequences))


def test_what_cannot_be_a_tree_is_refused():
    with pytest.raises(ValueError, match="max_tokens"):
        next(prefix_trees([np.array([1])], max_tokens=0))
    with pytest.raises(ValueError, match="empty"):
        next(prefix_trees([np.array([], dtype=np.int64)], max_tokens=9))
    assert list(prefix_trees([], max_tokens=9)) == []
