"""Claim: the logits of a large vocabulary do not dominate the memory of an update."""

import argparse
from collections.abc import Sequence
from typing import Literal

import numpy as np

from skill_gym.agents.packing import Sample
from skill_gym.agents.random_pass import RandomPass
from skill_gym.agents.reply_logprobs import LOGITS
from skill_gym.benchmarks.claim import Bound, Claim, Figure, options, shown, table
from skill_gym.benchmarks.process import in_new_process, memory_mb

Way = Literal["sliced", "whole"]

CLAIM = (
    "with a vocabulary of 150,000 a forward and backward pass whose logits exist a slice at a time peaks at "
    "no more than a third of one whose logits exist all at once, and grows less than half as fast"
)
BOUNDS = (Bound("memory_ratio", ">=", 3), Bound("growth_ratio", ">=", 2))
VOCABULARIES = (32_000, 150_000)


def peak(way: Way, vocabulary: int, length: int) -> float:
    """Peak of memory in MB, above model and gradients, for one sequence that is half replies.

    To be called in a new process, whose highest memory is told.
    """
    model = RandomPass(
        {
            "vocab_size": vocabulary,
            "hidden_size": 128,
            "intermediate_size": 256,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
        }
    )
    ids = np.random.default_rng(0).integers(0, vocabulary, length)
    places = np.arange(length // 2, length)
    ones = np.ones(len(places), dtype=np.float32)
    sample = Sample(ids, places, ones, ones, np.zeros(len(places), dtype=np.int64), 0)
    before = memory_mb("VmRSS")
    model.run([sample], "tree", length, all_logits=way == "whole")
    return memory_mb("VmHWM") - before


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints and gives the exit code."""
    given = _parser().parse_args(arguments)
    lengths = given.lengths or ((512, 2048) if given.quick else (512, 1024, 2048))
    found: dict[tuple[str, int, int], float] = {}
    rows = []
    for vocabulary in VOCABULARIES[-1:] if given.quick else VOCABULARIES:
        for length in lengths:
            for way in ("sliced", "whole"):
                peaked = in_new_process(
                    "skill_gym.benchmarks.training_memory", "peak", way, vocabulary, length
                )
                found[way, vocabulary, length] = peaked
            logits = 4 * (length // 2) * vocabulary / 2**20
            pair = (found[way, vocabulary, length] for way in ("sliced", "whole"))
            rows.append([f"{vocabulary:,}", f"{length:,}", shown(logits), *map(shown, pair)])
    print(
        "A random Llama of two layers, 128 wide, in float32; half of the tokens are replies. Peaks are above"
    )
    print(f"weights and gradients. A slice has at most {LOGITS:,} logits, {shown(4 * LOGITS / 2**20)} MB.\n")
    print(table(["vocabulary", "tokens", "all logits, MB", "sliced, MB", "whole, MB"], rows))
    most = VOCABULARIES[-1]
    growth = {
        way: found[way, most, lengths[-1]] - found[way, most, lengths[0]] for way in ("sliced", "whole")
    }
    figures: dict[str, Figure] = {
        "sliced_mb": found["sliced", most, lengths[-1]],
        "whole_mb": found["whole", most, lengths[-1]],
        "memory_ratio": found["whole", most, lengths[-1]] / found["sliced", most, lengths[-1]],
        "growth_ratio": growth["whole"] / max(growth["sliced"], 1.0),
    }
    return Claim(CLAIM, figures, BOUNDS, ("torch", "transformers")).finish(given.json)


def _parser() -> argparse.ArgumentParser:
    parser = options(__doc__)
    parser.add_argument("--lengths", type=int, nargs="+", metavar="N", help="tokens, two or more, ascending")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
