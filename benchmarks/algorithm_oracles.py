"""The claim that each algorithm's loss and gradient are those of its paper: beside slow references."""

from skill_gym.agents.grpo_config import GRPOConfig
from skill_gym.agents.oracles import VARIANTS, differences
from skill_gym.benchmarks.claim import Bound, Claim, options, table


def measure(batches: int) -> list[tuple[str, float, float]]:
    """Largest differences of each algorithm over so many batches."""
    rows = []
    for name, settings in VARIANTS:
        config = GRPOConfig(**settings)  # type: ignore[arg-type]
        found = [differences(config, seed) for seed in range(batches)]
        rows.append((name, max(loss for loss, _ in found), max(gradient for _, gradient in found)))
    return rows


def main() -> int:
    """Measures, prints and judges the claim."""
    parser = options(__doc__)
    parser.add_argument("--batches", type=int, help="drawn batches for each algorithm")
    given = parser.parse_args()
    rows = measure(given.batches or (3 if given.quick else 30))
    print(table(["algorithm", "loss", "gradient"], [[name, f"{a:.1e}", f"{b:.1e}"] for name, a, b in rows]))
    claim = Claim(
        "each algorithm's loss and gradient are its paper's",
        {
            "algorithms": len(rows),
            "loss_difference": max(row[1] for row in rows),
            "gradient_difference": max(row[2] for row in rows),
        },
        # Weights are float32; a finite difference of 1e-6 sees a gradient to about 1e-7.
        [Bound("loss_difference", "<=", 1e-5), Bound("gradient_difference", "<=", 1e-5)],
        versions=("torch",),
    )
    return int(claim.finish(given.json))


if __name__ == "__main__":
    raise SystemExit(main())
