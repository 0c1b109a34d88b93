"""Pieces of parameters, masters of weights in bfloat16, and the memory that they need."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skill_gym.agents.learner_memory import learner_bytes
from skill_gym.agents.loaded_weights import LoadedWeights
from skill_gym.agents.policy import PolicyError
from skill_gym.agents.sharded_adamw import ShardedAdamW, pieces


@settings(deadline=None)
@given(st.lists(st.integers(1, 50), min_size=1, max_size=8), st.integers(1, 9))
def test_pieces_hold_every_element_once_in_equal_parts(sizes, owners):
    elements = dict(enumerate(sizes))
    found = list(pieces(elements, owners))
    held = [(piece.parameter, element) for piece in found for element in range(piece.start, piece.end)]
    assert held == [(number, element) for number, size in elements.items() for element in range(size)]
    parts = [0] * owners
    for piece in found:
        parts[piece.owner] += piece.end - piece.start
    assert max(parts) == -(-sum(sizes) // owners)


def parameters(dtype):
    torch.manual_seed(0)
    return [torch.nn.Parameter(torch.randn(5, 3).to(dtype)), torch.nn.Parameter(torch.randn(4).to(dtype))]


def give_gradient(trained, seed):
    torch.manual_seed(seed)
    sum((one * torch.randn(one.shape).to(one.dtype)).sum() for one in trained).backward()


def test_alone_it_is_the_adamw_of_torch():
    ours, theirs = parameters(torch.float32), parameters(torch.float32)
    mine = ShardedAdamW(ours, weight_decay=0.1)
    other = torch.optim.AdamW(theirs, lr=1e-2, weight_decay=0.1)
    for seed in range(3):
        give_gradient(ours, seed)
        give_gradient(theirs, seed)
        assert mine.norm() == pytest.approx(float(torch.cat([one.grad.flatten() for one in theirs]).norm()))
        mine.step(lr=1e-2, scale=1.0)
        other.step()
        other.zero_grad()
    assert all(torch.equal(one, two) for one, two in zip(ours, theirs, strict=True))


def test_steps_too_small_for_bfloat16_move_the_masters_and_in_time_the_weights():
    trained = parameters(torch.bfloat16)
    before = [one.detach().clone() for one in trained]
    optimizer = ShardedAdamW(trained, weight_decay=0.0)
    for step in range(2000):
        give_gradient(trained, 0)
        optimizer.norm()
        optimizer.step(lr=1e-6, scale=1.0)
        if step == 0:
            assert all(torch.equal(one, two) for one, two in zip(trained, before, strict=True))
            masters = [entry["master"] for entry in optimizer.state_dict()["state"].values()]
            moved = [(one - two.float()).abs() for one, two in zip(masters, before, strict=True)]
            # Adam's first step is the rate, to the precision of the weights of about 1.
            assert all(float(one.max()) == pytest.approx(1e-6, rel=0.3) for one in moved)
    assert not all(torch.equal(one, two) for one, two in zip(trained, before, strict=True))
    masters = [entry["master"] for entry in optimizer.state_dict()["state"].values()]
    assert all(torch.equal(one, two.bfloat16()) for one, two in zip(trained, masters, strict=True))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_weights_that_an_engine_was_given_are_known_to_have_changed(dtype):
    trained = parameters(dtype)
    optimizer = ShardedAdamW(trained)
    loaded = LoadedWeights({str(number): one.detach() for number, one in enumerate(trained)}, 3)
    loaded.check_unchanged()
    give_gradient(trained, 0)
    optimizer.norm()
    optimizer.step(lr=1e-2, scale=1.0)
    with pytest.raises(PolicyError, match=r"the weights 3 cannot be loaded again: .*and 1 more"):
        loaded.check_unchanged()


def test_gradients_of_bfloat16_weights_are_summed_in_float32():
    (one,) = [torch.nn.Parameter(torch.ones(4, dtype=torch.bfloat16))]
    optimizer = ShardedAdamW([one])
    (256 * one).sum().backward()
    for _ in range(4):
        # Each would be lost beside 256 in bfloat16.
        (0.5 * one).sum().backward()
    assert one.grad is None
    assert optimizer.norm() == 258 * 2
    optimizer.clear()
    assert optimizer.norm() == 0


def test_a_state_without_masters_does_not_fit_weights_that_need_them():
    whole, half = parameters(torch.float32), parameters(torch.bfloat16)
    optimizer = ShardedAdamW(whole)
    give_gradient(whole, 0)
    optimizer.norm()
    optimizer.step(lr=1e-3, scale=1.0)
    with pytest.raises(ValueError, match="no fitting 'master' for parameter 0"):
        ShardedAdamW(half).load_state_dict(optimizer.state_dict(), steps=1)


@pytest.mark.parametrize(("dtype", "size"), [(torch.float32, 4), (torch.bfloat16, 2)])
def test_the_memory_told_is_that_of_the_tensors(dtype, size):
    trained = parameters(dtype)
    optimizer = ShardedAdamW(trained)
    for seed in range(2):
        give_gradient(trained, seed)
        optimizer.norm()
        if seed == 0:
            optimizer.step(lr=1e-3, scale=1.0)
    tensors = [*trained, *(one.grad for one in trained if one.grad is not None), *optimizer._sums.values()]
    for master in optimizer._masters.values():
        state = optimizer._adamw.state[master]
        tensors += [master, state["exp_avg"], state["exp_avg_sq"]]
    storages = {one.untyped_storage().data_ptr(): one.untyped_storage().nbytes() for one in tensors}
    assert sum(storages.values()) == learner_bytes(19, weight_bytes=size)


def test_the_memory_of_a_model_of_seven_billion_weights():
    def need(ranks, size):
        return round(learner_bytes(7_615_616_512, ranks=ranks, weight_bytes=size) / 1e9)

    assert [need(ranks, 2) for ranks in (1, 2, 4, 8)] == [137, 91, 69, 57]
    assert [need(ranks, 4) for ranks in (1, 2, 4, 8)] == [122, 91, 76, 69]
