"""Learners on one, two and three ranks, each a process of its own.

Run as a script, since torch must be forked before its first backward pass:

``python ranks_run.py FOLDER`` writes ``FOLDER/NAME-SIZE-RANK.pt`` and prints how the processes ended.
"""

import multiprocessing
import os
import signal
import socket
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from sampled_trees import VOCABULARY, branching_samples, small_model

from skill_gym.agents.adapter import put_on
from skill_gym.agents.grpo_config import GRPOConfig
from skill_gym.agents.learner import Learner
from skill_gym.agents.ranks import Ranks, RanksError, open_ranks
from skill_gym.agents.refused_step import LearnerError

SIZES = (1, 2, 3)
CASES: dict[str, dict[str, Any]] = {
    # The last mini-batch of 18 samples has one only, so that most shares are empty.
    "trees": {"ppo_epochs": 2, "entropy_coef": 0.01, "mini_batch_size": 17},
    "padded": {"packing": "padded", "objective": "sequence", "aggregation": "sequence-mean"},
    "half": {"entropy_coef": 0.01},
    "adapter": {"mini_batch_size": 100, "aggregation": "trajectory-mean"},
}
"""Settings by name; ``half`` has weights in bfloat16, ``adapter`` trains a LoRA adapter only."""


def samples(seed: int = 3, count: int = 18) -> list[Any]:
    """Of four tasks, whose samples begin alike."""
    made = branching_samples(seed, count=count, vocabulary=VOCABULARY, trunk=40)
    return [replace(sample, group=number % 4) for number, sample in enumerate(made)]


def learner(case: str, ranks: Ranks) -> Learner:
    """A learner on a small random model, whose weights differ by rank until the learner makes them equal."""
    dtype = torch.bfloat16 if case == "half" else torch.float32
    model, reference = small_model("llama", dtype=dtype), small_model("llama", dtype=dtype)
    if case == "adapter":
        reference = model = put_on(model, rank=2, seed=1)
    torch.manual_seed(ranks.rank)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                # Away from the reference, and from an adapter that does nothing.
                parameter += 0.02 * torch.randn_like(parameter)
    common = {"lr": 1e-4, "kl_coef": 0.1, "mini_batch_size": 6, "micro_batch_tokens": 120}
    return Learner(
        model,
        reference,
        GRPOConfig(**{**common, **CASES[case]}),
        ranks=ranks,
        offload_reference=case == "padded",
    )


def weights(one: Learner) -> dict[str, Any]:
    return {name: value.clone() for name, value in one.model.state_dict().items()}


def play(case: str, ranks: Ranks) -> dict[str, Any]:
    """Two updates, with all that a trainer asks for in between; what each rank ends with."""
    one = learner(case, ranks)
    gradients: list[dict[Any, torch.Tensor]] = []
    step = one._optimizer.step

    def spy(**arguments: Any) -> None:
        gradients.append(
            {piece: one._optimizer._gradient(piece).clone() for piece in one._optimizer._masters}
        )
        step(**arguments)

    one._optimizer.step = spy  # type: ignore[method-assign]
    result: dict[str, Any] = {}
    if ranks.first:
        result["kl"] = one.episode_kl(samples())
        result["figures"] = one.update(samples())
        result["state"], result["then"] = one.state_dict(), weights(one)
        one.update(samples(4))
        ranks.tell(None)
    else:
        one.follow()
    return {**result, "gradients": gradients, "weights": weights(one)}


def resume(earlier: dict[str, Any], ranks: Ranks) -> dict[str, Any]:
    """Goes on behind the first update of a run under any number of ranks."""
    one = learner("half", ranks)
    result: dict[str, Any] = {}
    if ranks.first:
        one.model.load_state_dict(earlier["then"])
        one.load_state_dict(earlier["state"])
        result["state"] = one.state_dict()
        one.update(samples(4))
        ranks.tell(None)
    else:
        one.follow()
    return {**result, "weights": weights(one)}


def everything(ranks: Ranks, folder: Path) -> dict[str, Any]:
    """All cases, and what one of them goes on to from its own checkpoint and from that of one process."""
    results: dict[str, Any] = {case: play(case, ranks) for case in CASES}
    torch.save(results, folder / f"everything-{ranks.size}-{ranks.rank}.pt")
    for other in {1, ranks.size}:
        file = folder / f"everything-{other}-0.pt"
        earlier = torch.load(file, weights_only=False)["half"] if ranks.first else {}
        results[f"resumed from {other}"] = resume(earlier, ranks)
    return results


def refuse(ranks: Ranks, folder: Path) -> dict[str, Any]:
    """An update with a loss that is no number, one that goes well, and one in which the last rank fails."""
    one = learner("trees", ranks)
    read = one._pass.read
    result: dict[str, Any] = {"before": weights(one), "errors": [], "after": []}

    def fragile(*arguments: Any, **settings: Any) -> Any:
        if ranks.rank == ranks.size - 1 and one.steps >= 2:
            raise MemoryError("no room on this rank")
        return read(*arguments, **settings)

    one._pass.read = fragile  # type: ignore[method-assign]
    if not ranks.first:
        try:
            one.follow()
        except (MemoryError, RanksError) as error:
            result["errors"].append(str(error))
        return result
    spoilt = samples()
    spoilt[5].advantages[0] = float("nan")
    for made in (spoilt, samples()[:4], samples()):
        try:
            one.update(made)
            result["errors"].append("")
        except (LearnerError, RanksError) as error:
            result["errors"].append(f"{type(error).__name__}: {error}")
        result["after"].append(weights(one))
    return result


def abandon(ranks: Ranks, folder: Path) -> dict[str, Any]:
    """The first rank is killed."""
    one = learner("trees", ranks)
    if ranks.first:
        os.kill(os.getpid(), signal.SIGKILL)
    try:
        one.follow()
    except RanksError as error:
        return {"error": str(error)}
    return {}


def falter(ranks: Ranks, folder: Path) -> dict[str, Any]:
    """The first rank fails while the other waits for something else than its next word."""
    if ranks.first:
        raise MemoryError("no room for the first")
    try:
        ranks.together(lambda: None)
    except RanksError as error:
        return {"error": str(error)}
    return {}


def run_rank(name: str, rank: int, size: int, port: int, folder: Path) -> None:
    """One of the above as one rank."""
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(size)}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    with open_ranks("cpu") as ranks:
        torch.save(globals()[name](ranks, folder), folder / f"{name}-{size}-{rank}.pt")


def main(folder: Path) -> None:
    context = multiprocessing.get_context("fork")
    several = [("refuse", 3), ("abandon", 2), ("falter", 2)]
    for name, size in [*(("everything", size) for size in SIZES), *several]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        processes = [
            context.Process(target=run_rank, args=(name, rank, size, port, folder)) for rank in range(size)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join(60)
            if process.is_alive():
                process.kill()
        sys.stdout.write(f"{name} {size} {[process.exitcode for process in processes]}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
