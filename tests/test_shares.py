"""Samples are dealt to ranks: each once, evenly, and what begins alike together."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sampled_trees import branching_samples

from skill_gym.agents.prefix_tree import prefix_trees
from skill_gym.agents.shares import shares

SEQUENCES = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=9), max_size=10)


def tokens(sequences, share, *, merged=True):
    chosen = [sequences[one] for one in share]
    if not merged:
        return sum(len(one) for one in chosen)
    return sum(len(tree) for tree in prefix_trees(chosen, max_tokens=10**9))


@settings(deadline=None)
@given(SEQUENCES, st.integers(1, 5), st.booleans())
def test_every_sequence_is_in_one_share(lists, count, merged):
    sequences = [np.array(one, dtype=np.int64) for one in lists]
    dealt = shares(sequences, count, merged=merged)
    assert len(dealt) == count
    assert sorted(one for share in dealt for one in share) == list(range(len(sequences)))


@settings(deadline=None)
@given(SEQUENCES, st.integers(2, 4), st.booleans())
def test_no_other_cuts_of_the_order_make_the_largest_share_smaller(lists, count, merged):
    sequences = [np.array(one, dtype=np.int64) for one in lists]
    dealt = shares(sequences, count, merged=merged)
    order = [one for share in dealt for one in share]
    largest = max(tokens(sequences, share, merged=merged) for share in dealt)

    # Fewest tokens of the largest share, of all cuts.
    best = {0: 0}
    for _ in range(count):
        best = {
            end: min(
                max(best[start], tokens(sequences, order[start:end], merged=merged))
                for start in best
                if start <= end
            )
            for end in range(len(order) + 1)
            if any(start <= end for start in best)
        }
    assert largest == best[len(order)]


@pytest.mark.parametrize("count", [2, 4, 8])
def test_groups_are_dealt_evenly_and_stay_together(count):
    sequences = []
    for group in range(32):
        trunk = np.full(200, 3 + group)
        sequences += [np.append(trunk, one.token_ids) for one in branching_samples(group, count=8)]
    dealt = shares(sequences, count)
    sizes = [tokens(sequences, share) for share in dealt]
    assert max(sizes) < 1.1 * np.mean(sizes)
    # A cut goes through one group at most.
    assert sum(sizes) - tokens(sequences, range(len(sequences))) < 300 * count
