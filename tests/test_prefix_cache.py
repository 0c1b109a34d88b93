"""The simulated prefix cache by hand, and the layouts that are measured with it."""

import pytest
from tiny_model import tiny_tokenizer

from skill_gym.agents.chat import ChatTokens
from skill_gym.benchmarks.block_cache import BlockCache
from skill_gym.benchmarks.prefix_cache import play_groups, released_requests, simulated
from skill_gym.benchmarks.released_layout import ReleasedLayout
from skill_gym.skillbanks.bank import SkillBank


def test_only_full_blocks_from_the_beginning_are_found():
    cache = BlockCache(block=4)
    assert cache.read(range(10)) == 0
    assert cache.read([*range(8), 77]) == 8
    assert cache.read([99, *range(1, 10)]) == 0, "a block after another beginning is another block"
    assert (cache.asked, cache.hits) == (29, 8)


def test_the_last_token_is_always_computed():
    cache = BlockCache(block=4)
    cache.read(range(8))
    assert cache.read(range(8)) == 4


def test_replies_are_cached_too():
    cache = BlockCache(block=2)
    cache.read([1, 2])
    cache.write([1, 2, 3, 4])
    assert cache.read([1, 2, 3, 4, 5]) == 4


def test_the_least_recently_used_go_first_and_the_end_of_a_sequence_before_its_beginning():
    cache = BlockCache(2, block=2)
    cache.read([1, 2, 3, 4])
    cache.read([9, 9])
    assert cache.read([1, 2, 3, 4, 5]) == 2


@pytest.mark.parametrize("bad", [{"block": 0}, {"capacity": 0}])
def test_sizes_must_be_positive(bad):
    with pytest.raises(ValueError, match="at least 1"):
        BlockCache(**bad)


@pytest.fixture(scope="module")
def played():
    chat = ChatTokens(tiny_tokenizer())
    bank = SkillBank.starter("alfworld")
    arms = {
        layout: play_groups(
            chat, bank, layout=layout, tasks=2, group_size=3, slots=6, env={"split": "generated"}
        )
        for layout in ("step", "transcript")
    }
    return chat, bank, arms


def test_a_transcript_is_never_sent_twice(played):
    _, _, arms = played
    policy, episodes = arms["transcript"]
    # Beyond the first prompt of each task all that is computed is new, up to a block and its last token.
    rate = simulated(policy.asked, episodes, None)
    again = sum(len(ids) for request, ids in policy.asked if request.previous is not None)
    everything = sum(len(ids) for _, ids in policy.asked)
    assert rate > 0.85 * again / everything


def test_the_released_layout_shares_less_than_ours(played):
    chat, bank, arms = played
    policy, episodes = arms["step"]
    order = [request.ticket for request, _ in policy.asked]
    released = released_requests(episodes, order, ReleasedLayout(bank, None), chat)
    assert len(released) == len(policy.asked)
    assert simulated(released, episodes, None) < simulated(policy.asked, episodes, None)


def test_a_small_cache_finds_less(played):
    _, _, arms = played
    policy, episodes = arms["step"]
    assert simulated(policy.asked, episodes, 40) < simulated(policy.asked, episodes, None)
