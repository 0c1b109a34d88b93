"""Sequences hold exactly the tokens that were sampled, each with its own advantage."""

import numpy as np
import pytest

from skill_gym.agents.packing import make_samples, micro_batches
from skill_gym.agents.policy import Completion
from skill_gym.agents.rollout import Episode, Played
from skill_gym.trajectory import Task, Trajectory, Turn


def completion(prompt, reply):
    logprobs = tuple(-float(token) / 100 for token in reply)
    return Completion("t", tuple(prompt), tuple(reply), logprobs, "")


def played(*completions, ticket="e"):
    task = Task("a", "k", "env", "train", "type", "goal")
    turns = tuple(Turn("", "", "", "", True, 0.0) for _ in completions)
    return Played(Episode(ticket, "a", 0), Trajectory(task, turns, "failed"), completions)


def transcript():
    first = completion([1, 2, 3], [10, 11])
    second = completion([1, 2, 3, 10, 11, 4, 5], [12])
    third = completion([1, 2, 3, 10, 11, 4, 5, 12, 6], [13, 14, 15])
    return played(first, second, third)


def test_a_growing_conversation_is_one_sequence():
    (sample,) = make_samples([transcript()], [[0.5, -1.0, 2.0]])
    assert sample.token_ids.tolist() == [1, 2, 3, 10, 11, 4, 5, 12, 6, 13, 14, 15]
    assert sample.token_ids[sample.positions].tolist() == [10, 11, 12, 13, 14, 15]
    assert sample.advantages.tolist() == [0.5, 0.5, -1.0, 2.0, 2.0, 2.0]
    assert sample.turns.tolist() == [0, 0, 1, 2, 2, 2]
    assert sample.logprobs == pytest.approx(np.array([10, 11, 12, 13, 14, 15]) / -100)


def test_prompts_of_their_own_are_sequences_of_their_own():
    samples = make_samples(
        [transcript(), played(completion([1, 2], [7]), completion([1, 9], [8, 8]))], [[0, 0, 0], [1, 2]]
    )
    assert [len(sample) for sample in samples] == [12, 3, 4]
    assert [sample.trajectory for sample in samples] == [0, 1, 1]
    assert [sample.turns.tolist() for sample in samples[1:]] == [[3], [4, 4]]


def test_a_prompt_that_only_resembles_the_conversation_starts_anew():
    # One token of the reply came out differently when it was tokenised again.
    samples = make_samples([played(completion([1, 2], [7, 8]), completion([1, 2, 7, 9, 3], [5]))], [[1, 1]])
    assert [sample.positions.tolist() for sample in samples] == [[2, 3], [5]]


def test_episodes_without_tokens_make_no_sequence():
    assert make_samples([played(completion([], [])), played()], [[1.0], []]) == []


def test_every_turn_needs_an_advantage_and_every_token_a_logprob():
    with pytest.raises(ValueError, match="3 completions but 2"):
        make_samples([transcript()], [[0.0, 0.0]])
    broken = Completion("t", (1,), (2, 3), (-1.0,), "")
    with pytest.raises(ValueError, match="log-probabilities"):
        make_samples([played(broken)], [[0.0]])
    with pytest.raises(ValueError, match="1 episodes"):
        make_samples([transcript()], [])


@pytest.mark.parametrize("max_tokens", [1, 12, 25, 1000])
def test_micro_batches_hold_every_reply_token_once(max_tokens):
    rng = np.random.default_rng(0)
    episodes = [
        played(completion(rng.integers(1, 50, rng.integers(1, 20)), rng.integers(50, 99, rng.integers(1, 6))))
        for _ in range(17)
    ]
    samples = make_samples(episodes, [[float(number)] for number in range(17)])
    targets = np.concatenate([sample.token_ids[sample.positions] for sample in samples])
    seen = []
    for batch in micro_batches(samples, max_tokens=max_tokens):
        assert batch.input_ids.shape[0] == 1 or batch.input_ids.numel() <= max_tokens
        assert (targets[batch.index] == batch.targets.numpy()).all()
        # The token before each reply token stands where the model's output predicts it.
        behind = np.concatenate([sample.token_ids[sample.positions - 1] for sample in samples])
        assert (batch.input_ids[batch.rows, batch.columns].numpy() == behind[batch.index]).all()
        seen += batch.index.tolist()
    assert sorted(seen) == list(range(len(targets)))


def test_the_budget_must_be_positive():
    with pytest.raises(ValueError, match="max_tokens"):
        next(micro_batches(make_samples([transcript()], [[0, 0, 0]]), max_tokens=0))
