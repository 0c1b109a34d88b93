"""Claim: what samples share goes through the model once, so updates take a fraction of tokens and time."""

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from skill_gym.agents.chat import ChatTokens
from skill_gym.agents.grpo_config import GRPOConfig
from skill_gym.agents.models import load_tokenizer, resolve_model
from skill_gym.agents.packing import Sample
from skill_gym.agents.random_pass import Packing, tokens_of
from skill_gym.benchmarks.claim import Bound, Claim, Figure, options, shown, table
from skill_gym.benchmarks.packing_growth import LAYOUTS, SIBLINGS, growth, ratios
from skill_gym.benchmarks.packing_run import PACKINGS, Run, relative_difference, run_apart
from skill_gym.benchmarks.recorded_groups import Group, GroupConfig, mean_turns, record_groups, success
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.wrappers.task_prompt import Layout

CLAIM = (
    "groups of 8 siblings with a bank in the prompt: against padded samples of single steps, prefix trees "
    "take at least 2.8 times fewer tokens and 2.5 times less time in the step layout and 8 times fewer "
    "tokens in the transcript layout (in batches of the learner's default size, too), for the same gradient"
)
BOUNDS = (
    Bound("step_token_ratio", ">=", 2.8),
    Bound("step_time_ratio", ">=", 2.5),
    Bound("transcript_token_ratio", ">=", 8),
    Bound("default_step_token_ratio", ">=", 2.8),
    Bound("default_transcript_token_ratio", ">=", 8),
    Bound("grad_rel_diff", "<=", 1e-5),
)
ENVS = {"alfworld": "skill_gym/ALFWorld-v0", "webshop": "skill_gym/WebShop-v0"}
FAILURE_RATES = {"alfworld": 0.75, "webshop": 0.2}
"""How often the players err: most episodes are solved and many are not, as in the middle of a training."""
GROUP = 8


class World(NamedTuple):
    """One environment's groups, by layout: with its bank, and without skills."""

    shown: dict[Layout, list[Group]]
    bare: dict[Layout, list[Group]]

    def samples(self, layout: Layout) -> list[list[Sample]]:
        """Samples of each group."""
        return [group.samples(siblings=GROUP) for group in self.shown[layout]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints and gives the exit code."""
    given = _parser().parse_args(arguments)
    chat = ChatTokens(load_tokenizer(resolve_model(given.tokenizer)))
    worlds = {name: _record(name, given, chat) for name in ENVS}
    figures = _count(worlds, given.micro_batch_tokens) | _time(worlds, given)
    return Claim(CLAIM, figures, BOUNDS, ("torch", "transformers", "numpy")).finish(given.json)


def _record(name: str, given: argparse.Namespace, chat: ChatTokens) -> World:
    """Plays the environment's groups."""
    data, bank = (given.data, given.bank) if name == "alfworld" else (given.webshop_data, given.webshop_bank)
    split = "generated" if data is None else "valid_seen" if name == "alfworld" else "all"
    config = GroupConfig(
        env_id=ENVS[name],
        env={"split": split} | ({} if data is None else {"data": data}),
        bank=SkillBank.starter(ENVS[name]) if bank is None else SkillBank.load(bank),
        tasks=2 if given.quick else 3,
        siblings=max(SIBLINGS),
        failure_rate=FAILURE_RATES[name],
    )
    bare = replace(config, bank=SkillBank.empty(), siblings=GROUP)
    return World(
        {layout: record_groups(config, layout, chat) for layout in LAYOUTS},
        {layout: record_groups(bare, layout, chat) for layout in LAYOUTS},
    )


def _count(worlds: Mapping[str, World], max_tokens: int) -> dict[str, Figure]:
    """Tokens: ratios of all groups, and how they grow."""
    figures: dict[str, Figure] = {}
    together: dict[Layout, list[list[Sample]]] = {"step": [], "transcript": []}
    rows: dict[str, list[str]] = {}
    for name, world in worlds.items():
        for layout in LAYOUTS:
            together[layout] += world.samples(layout)
        step, transcript = ratios(world.samples("step"), world.samples("transcript"), max_tokens)
        figures |= {
            f"{name}_success": success(world.shown["step"]),
            f"{name}_turns": mean_turns(world.shown["step"]),
            f"{name}_step_token_ratio": step,
            f"{name}_transcript_token_ratio": transcript,
        }
        for changed, found in growth(world.shown, world.bare, max_tokens).items():
            rows.setdefault(changed, []).extend(map(shown, found))
    print(f"Padded tokens of single steps over tokens of trees, groups of {GROUP} siblings in batches and")
    print(f"trees of at most {max_tokens:,} tokens, where nothing else is said:\n")
    head = ["", *(f"{name} {layout}" for name in worlds for layout in ("steps", "transcripts"))]
    print(table(head, [[changed, *values] for changed, values in rows.items()]))
    step, transcript = ratios(together["step"], together["transcript"], max_tokens)
    # In the learner's own batches most trees are cut, and have trunks.
    default = ratios(together["step"], together["transcript"], GRPOConfig().micro_batch_tokens)
    every = [sample for group in together["step"] for sample in group]
    trees = sum(tokens_of(group, "tree", max_tokens) for group in together["step"])
    return {
        "step_token_ratio": step,
        "transcript_token_ratio": transcript,
        "default_step_token_ratio": default[0],
        "default_transcript_token_ratio": default[1],
        "step_ratio_without_padding": sum(int(one.positions[-1]) for one in every) / trees,
        **figures,
    }


def _time(worlds: Mapping[str, World], given: argparse.Namespace) -> dict[str, Figure]:
    """Time, memory and gradient of one group of each environment."""
    count = given.rows or (16 if given.quick else 40)
    layers = given.layers or (1 if given.quick else 2)
    shape = {
        "vocab_size": given.vocabulary,
        "hidden_size": 576,
        "intermediate_size": 1536,
        "num_hidden_layers": layers,
        "num_attention_heads": 9,
        "num_key_value_heads": 3,
    }
    rows: list[list[str]] = []
    differences: list[float] = []
    seconds = {"padded steps": 0.0, "tree steps": 0.0, "whole padded steps": 0.0, "tree transcripts": 0.0}
    tokens = {"padded steps": 0, "tree steps": 0}
    for name, world in worlds.items():
        steps, transcripts = (world.samples(layout)[0] for layout in LAYOUTS)
        # Every so many turns of the episodes: less is shared than among neighbours.
        drawn = steps[:: -(-len(steps) // count)]
        runs = _compare(drawn, shape, given.micro_batch_tokens, ("padded", "tree"))
        # What is learnt in the transcript layout is compared with itself only where there is time.
        whole = _compare(
            transcripts, shape, given.micro_batch_tokens, ("tree",) if given.quick else ("padded", "tree")
        )
        for label, compared in ((f"{name}, {len(drawn)} steps", runs), (f"{name}, transcripts", whole)):
            for packing, one in compared.runs.items():
                told = shown(compared.difference) if packing == "tree" else ""
                rows.append([label, packing, *map(shown, one), told])
            differences += [] if compared.difference is None else [compared.difference]
        for packing in PACKINGS:
            seconds[f"{packing} steps"] += runs.runs[packing].seconds
            tokens[f"{packing} steps"] += runs.runs[packing].tokens
        everything = tokens_of(steps, "padded", given.micro_batch_tokens)
        seconds["whole padded steps"] += runs.runs["padded"].seconds * everything / runs.runs["padded"].tokens
        seconds["tree transcripts"] += whole.runs["tree"].seconds
    print("\nOne group of each environment, forward and backward in float32 on one thread, by a random")
    print(f"Llama of {layers} of SmolLM2-135M's layers, with its vocabulary. Single steps are drawn evenly;")
    print("transcript_time_ratio takes the time of all of them from their tokens.\n")
    print(table(["samples", "packing", "tokens", "CPU s", "peak MB", "gradient differs by"], rows))
    return {
        "step_time_ratio": seconds["padded steps"] / seconds["tree steps"],
        "transcript_time_ratio": seconds["whole padded steps"] / seconds["tree transcripts"],
        "timed_step_token_ratio": tokens["padded steps"] / tokens["tree steps"],
        "grad_rel_diff": max(differences),
    }


class _Compared(NamedTuple):
    """Runs by packing, and how far their gradients differ; None where only one was run."""

    runs: dict[Packing, Run]
    difference: float | None


def _compare(
    samples: Sequence[Sample], shape: Mapping[str, int], max_tokens: int, packings: Sequence[Packing]
) -> _Compared:
    with tempfile.TemporaryDirectory() as folder:
        files = {packing: Path(folder) / f"{packing}.npy" for packing in packings}
        runs = {
            packing: run_apart(samples, packing, shape, max_tokens, file) for packing, file in files.items()
        }
        both = len(files) == len(PACKINGS)
        return _Compared(runs, relative_difference(files["tree"], files["padded"]) if both else None)


def _parser() -> argparse.ArgumentParser:
    parser = options(__doc__)
    parser.add_argument("--data", metavar="DIR", help="official ALFWorld games; without, generated ones")
    parser.add_argument("--bank", metavar="FILE", help="released ALFWorld bank; without, the starter")
    parser.add_argument("--webshop-data", metavar="DIR", help="real shop; without, a generated one")
    parser.add_argument("--webshop-bank", metavar="FILE", help="released WebShop bank; without, the starter")
    parser.add_argument("--tokenizer", default="smollm2", metavar="MODEL", help="whose tokenizer counts")
    parser.add_argument(
        "--vocabulary", type=int, default=49_152, help="of the model, at least the tokenizer's"
    )
    parser.add_argument("--micro-batch-tokens", type=int, default=32_768, help="budget of a batch or tree")
    parser.add_argument("--layers", type=int, help="of the model that is timed; 2, with --quick 1")
    parser.add_argument("--rows", type=int, help="timed single steps of a group; 40, with --quick 16")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
