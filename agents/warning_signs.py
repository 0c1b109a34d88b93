"""What is a bad sign in a run's metrics, how bad it is, and what can be done about it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from skill_gym.agents.sections import TrainConfig

Row = Mapping[str, Any]
"""Metrics of an iteration."""

EARLY = 5
"""First iterations whose mean entropy is the early level; also the length of a running mean."""

CONVERGED = 0.95
"""Success above which replies may become as sure as they like."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a sign reads.

    Attributes:
        level: How bad; compared with the sign's grades.
        text: What is seen, with figures, and what to do.
    """

    level: float
    text: str


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing that is watched.

    Attributes:
        grades: Levels, rising: the first is where a warning begins, each further one where it is said again.
        read: ``read(rows, config)``: the last row is the present iteration; None where there is no telling.
    """

    grades: tuple[float, ...]
    read: Callable[[Sequence[Row], TrainConfig], Reading | None]


def _entropy_collapse(rows: Sequence[Row], config: TrainConfig) -> Reading | None:
    entropies = [row["loss/entropy"] for row in rows if "loss/entropy" in row]
    now = rows[-1].get("loss/entropy")
    if now is None or len(entropies) <= EARLY or rows[-1].get("success", 0.0) >= CONVERGED:
        return None
    early = sum(entropies[:EARLY]) / EARLY
    if early <= 0:
        return None
    text = (
        f"the entropy of replies is {now:.3g}, {now / early:.0%} of its early level of {early:.3g}: siblings "
        f"say the same, and groups have nothing to compare; raise grpo.entropy_coef "
        f"({config.grpo.entropy_coef:g}), grpo.clip_high ({config.grpo.clip_high:g}) or sampler.temperature "
        f"({config.sampler.temperature:g}), or lower grpo.lr ({config.grpo.lr:g})"
    )
    return Reading(early / now if now > 0 else float("inf"), text)


def _ratio(rows: Sequence[Row], config: TrainConfig) -> Reading | None:
    ratio = rows[-1].get("learner/ratio_max")
    if ratio is None:
        return None
    text = (
        f"a token became {ratio:.3g} times as likely within one update: its steps are too large; lower "
        f"grpo.lr ({config.grpo.lr:g}) or grpo.ppo_epochs ({config.grpo.ppo_epochs}), or raise "
        f"grpo.mini_batch_size ({config.grpo.mini_batch_size})"
    )
    return Reading(ratio, text)


def _kl(rows: Sequence[Row], config: TrainConfig) -> Reading | None:
    kl = rows[-1].get("loss/kl")
    if kl is None or not config.grpo.kl_coef:
        return None
    text = (
        f"the KL to the reference is {kl:.3g} a token: the policy is far from where it began, and its "
        f"language may go; lower grpo.lr ({config.grpo.lr:g}) or raise grpo.kl_coef ({config.grpo.kl_coef:g})"
    )
    return Reading(kl, text)


def _gradient(rows: Sequence[Row], config: TrainConfig) -> Reading | None:
    norms = [row["learner/grad_norm"] for row in rows[-51:-1] if row.get("learner/grad_norm", 0.0) > 0]
    now = rows[-1].get("learner/grad_norm")
    # Groups that are all equal leave small gradients; one that is not is no alarm unless it is cut, too.
    if now is None or len(norms) < 2 * EARLY or now <= config.grpo.max_grad_norm:
        return None
    usual = median(norms)
    text = (
        f"the gradient's norm is {now:.3g}, {now / usual:.3g} times its median of {usual:.3g}; look at this "
        f"iteration's episodes for extreme rewards or very long replies, lower grpo.lr ({config.grpo.lr:g}) "
        f"or grpo.max_grad_norm ({config.grpo.max_grad_norm:g})"
    )
    return Reading(now / usual, text)


def _equal_groups(rows: Sequence[Row], config: TrainConfig) -> Reading | None:
    if not rows[-1].get("group/count"):
        return None
    run = 0
    for row in reversed(rows):
        if not row.get("group/count") or row["group/zero_variance"] < 0.9 * row["group/count"]:
            break
        run += 1
    success, rollout = rows[-1].get("success", 0.0), config.rollout
    if success > 0.5:
        mend = "take harder tasks"
    elif success > 0:
        mend = f"raise sampler.temperature ({config.sampler.temperature:g})"
    else:
        mend = "take easier tasks, warm the policy up first (skill-gym cold-start) or show it better skills"
    text = (
        f"for {run} iterations at least 9 of 10 groups had equal returns throughout, so there is next to no "
        f"signal (success {success:.0%}); {mend}, raise rollout.group_size ({rollout.group_size}) or "
        f"rollout.max_refills ({rollout.max_refills})"
    )
    return Reading(run, text)


def _invalid_actions(rows: Sequence[Row], config: TrainConfig) -> Reading | None:
    share = rows[-1].get("episode/invalid_share")
    if share is None:
        return None
    text = (
        f"{share:.0%} of replies were no valid command; read some in trajectories/: where the form is wrong, "
        f"warm the policy up (skill-gym cold-start) or raise sampler.max_new_tokens "
        f"({config.sampler.max_new_tokens}); where the command is, set env.show_admissible=true or raise "
        f"grpo.invalid_penalty ({config.grpo.invalid_penalty:g})"
    )
    return Reading(share, text)


def _invalid_actions_rising(rows: Sequence[Row], config: TrainConfig) -> Reading | None:
    shares = [row["episode/invalid_share"] for row in rows if "episode/invalid_share" in row]
    if len(shares) < 2 * EARLY:
        return None
    means = [sum(shares[end - EARLY : end]) / EARLY for end in range(EARLY, len(shares) + 1)]
    now, least = means[-1], min(means)
    text = (
        f"replies that are no valid command rose from {least:.0%} to {now:.0%}: the policy unlearns the "
        f"form; lower grpo.lr ({config.grpo.lr:g}), raise grpo.kl_coef ({config.grpo.kl_coef:g}) or "
        f"grpo.invalid_penalty ({config.grpo.invalid_penalty:g})"
    )
    return Reading(now - least, text)


def _cut_replies(rows: Sequence[Row], config: TrainConfig) -> Reading | None:
    share = rows[-1].get("reply/cut_share")
    if share is None:
        return None
    text = (
        f"{share:.0%} of replies were cut at sampler.max_new_tokens ({config.sampler.max_new_tokens}), most "
        f"before their command; raise it, or make length cost something (grpo.overlong_buffer, "
        f"{config.grpo.overlong_buffer})"
    )
    return Reading(share, text)


def _mismatch(rows: Sequence[Row], config: TrainConfig) -> Reading | None:
    mean = rows[-1].get("learner/mismatch_mean")
    # Tempered log-probabilities differ from the sampler's, and so do those of earlier weights.
    if mean is None or config.sampler.temperature != 1 or rows[-1].get("staleness/max", 0) > 0:
        return None
    correction = config.grpo.correction
    if correction != "none" and mean < 0.2:
        return None
    mend = "set grpo.correction=truncated" if correction == "none" else "the correction cannot make up for it"
    text = (
        f"log-probabilities of sampler and trainer differ by {mean:.2g} a token (number formats and kernels: "
        f"bfloat16 gives about 0.05, float32 less than 0.001); {mend}, or let both compute in float32 "
        "(model.dtype, grpo.bf16=false)"
    )
    return Reading(mean, text)


def _broken_episodes(rows: Sequence[Row], config: TrainConfig) -> Reading | None:
    broken, whole = rows[-1].get("episode/broken", 0), rows[-1].get("episode/count", 0)
    if not broken:
        return None
    prefix = "episode/broken/"
    boundaries = {
        name.removeprefix(prefix): count
        for name, count in rows[-1].items()
        if name.startswith(prefix) and count
    }
    where = ", ".join(f"{count} at the {name}" for name, count in boundaries.items())
    text = (
        f"{broken} of {broken + whole} episodes broke ({where}) and taught nothing; the log and "
        "meta.error in trajectories/ say why"
    )
    return Reading(broken / (broken + whole), text)


def _dropped_skills(rows: Sequence[Row], config: TrainConfig) -> Reading | None:
    share = rows[-1].get("episode/dropped_share")
    if share is None:
        return None
    text = (
        f"in {share:.0%} of episodes skills that fit the task had no room in the prompt; raise "
        f"bank.max_tokens ({config.bank.max_tokens}), lower bank.top_k or bank.task_specific_top_k, or "
        "retire skills"
    )
    return Reading(share, text)


def _long_prompts(rows: Sequence[Row], config: TrainConfig) -> Reading | None:
    share = rows[-1].get("prompt/context_share")
    if share is None:
        return None
    text = (
        f"the longest prompt ({rows[-1]['prompt/tokens_max']:.0f} tokens) and a whole reply fill {share:.0%} "
        f"of the context, beyond which episodes break; lower bank.max_tokens ({config.bank.max_tokens}), "
        f"{'env.history' if config.env.layout == 'step' else 'env.max_steps'} or sampler.max_new_tokens "
        f"({config.sampler.max_new_tokens}), or raise sampler.context_length"
        + ("" if config.env.layout == "step" else ", or set env.layout=step")
    )
    return Reading(share, text)


SIGNS: Mapping[str, Sign] = {
    # How many times less than early; what learns well may halve it a few times.
    "entropy_collapse": Sign((5, 20, 100), _entropy_collapse),
    # Of the new to the old probability of a token; clipping holds what is learnt to about 1.2.
    "ratio": Sign((10, 100, 1000), _ratio),
    # Nats a token; runs that go well stay below 0.1.
    "kl": Sign((0.5, 2, 8), _kl),
    # Times the median of 50 iterations.
    "gradient": Sign((10, 100, 1000), _gradient),
    # Iterations in a row.
    "equal_groups": Sign((3, 10, 30), _equal_groups),
    # Shares of turns; a difference of such shares.
    "invalid_actions": Sign((0.3, 0.6, 0.9), _invalid_actions),
    "invalid_actions_rising": Sign((0.1, 0.2, 0.4), _invalid_actions_rising),
    # Share of replies.
    "cut_replies": Sign((0.05, 0.2, 0.5), _cut_replies),
    # Nats a token.
    "mismatch": Sign((0.05, 0.2, 1.0), _mismatch),
    # Shares of episodes.
    "broken_episodes": Sign((0.05, 0.2, 0.5), _broken_episodes),
    "dropped_skills": Sign((0.1, 0.5), _dropped_skills),
    # Share of the context.
    "long_prompts": Sign((0.9, 0.97), _long_prompts),
}
"""Name -> sign; the metric ``warning/<name>`` is 1 while it is there."""
