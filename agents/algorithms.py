"""The settings that make other algorithms of GRPO, by the names of their papers."""

from collections.abc import Mapping
from typing import Any

ALGORITHMS: Mapping[str, Mapping[str, Any]] = {
    # Shao et al. 2024, as in SkillRL's scripts.
    "grpo": {},
    # Liu et al. 2025: no division by the standard deviation, none by an episode's length; no KL.
    "dr_grpo": {"scale": "none", "aggregation": "constant", "kl_coef": 0.0, "dual_clip": None},
    # Yu et al. 2025; the run's dynamic sampling (rollout.max_refills) and grpo.overlong_buffer go with it.
    "dapo": {"clip_low": 0.2, "clip_high": 0.28, "kl_coef": 0.0, "entropy_coef": 0.0, "dual_clip": None},
    # Zheng et al. 2025, section 5.1.
    "gspo": {
        "objective": "sequence",
        "clip_low": 3e-4,
        "clip_high": 4e-4,
        "aggregation": "sequence-mean",
        "kl_coef": 0.0,
        "dual_clip": None,
    },
    # Feng et al. 2025.
    "gigpo": {"step_weight": 1.0, "gamma": 0.95},
    # Ahmadian et al. 2024: REINFORCE with the mean of the others; the KL belongs to the reward.
    "rloo": {"baseline": "leave-one-out", "scale": "none", "kl_estimator": "k1", "kl_in": "reward"},
    # MiniMax 2025: only the upper clip holds; the paper gives no value, ours bounds a weight at 5.
    "cispo": {"objective": "cispo", "clip_low": 1.0, "clip_high": 4.0, "kl_coef": 0.0, "dual_clip": None},
}
"""Name -> settings of ``GRPOConfig`` that differ from its defaults."""


def algorithm_settings(name: str) -> dict[str, Any]:
    """Settings of an algorithm, to be given to ``GRPOConfig``.

    Raises:
        ValueError: There is no such algorithm.
    """
    try:
        return dict(ALGORITHMS[name])
    except KeyError:
        raise ValueError(f"no algorithm {name!r}; choose one of {', '.join(ALGORITHMS)}") from None
