import pytest

from skill_gym.agents.policy import Policy, PolicyError, Request, Sampling
from skill_gym.agents.scripted import ExpertPolicy, RandomPolicy

COMMANDS = ("go left", "go right", "look", "take key")


def request(step: int, *, seed: int | None = None, key: str = "toy:0:a", **info: object) -> Request:
    known = {"admissible_commands": COMMANDS, "expert_command": "take key", "task_key": key, "step": step}
    return Request(
        f"{key}#{step}#{seed}",
        [{"role": "user", "content": "?"}],
        info={**known, **info},
        sampling=Sampling(seed=seed),
    )


def replies(policy: ExpertPolicy | RandomPolicy, requests: list[Request]) -> dict[str, str]:
    for each in requests:
        policy.submit(each)
    return {completion.ticket: completion.text for completion in policy.poll()}


@pytest.mark.parametrize("policy", [ExpertPolicy(), RandomPolicy()])
def test_scripted_players_are_policies(policy: ExpertPolicy | RandomPolicy) -> None:
    assert isinstance(policy, Policy)
    assert policy.poll() == []


def test_expert_says_the_expert_command() -> None:
    assert set(replies(ExpertPolicy(), [request(step) for step in range(20)]).values()) == {
        "<action>take key</action>"
    }


def test_expert_without_an_expert_in_the_environment_says_what_to_do() -> None:
    bare = Request("a", [{"role": "user", "content": "?"}], info={"admissible_commands": COMMANDS})
    with pytest.raises(PolicyError, match="make the env with expert='planner'"):
        ExpertPolicy().submit(bare)


def test_expert_that_knows_no_way_plays_on_at_random() -> None:
    said = set(replies(ExpertPolicy(), [request(step, expert_command=None) for step in range(50)]).values())
    assert said == {f"<action>{command}</action>" for command in COMMANDS}


def test_expert_errs_at_its_failure_rate() -> None:
    said = replies(ExpertPolicy(0.4), [request(step) for step in range(2000)]).values()
    wrong = sum(text != "<action>take key</action>" for text in said)
    # An error draws one of four commands, and one of them is the expert's own.
    assert wrong / 2000 == pytest.approx(0.4 * 0.75, abs=0.04)


@pytest.mark.parametrize("make", [lambda: ExpertPolicy(0.5, seed=3), lambda: RandomPolicy(seed=3)])
def test_draws_depend_on_task_step_and_seed_and_not_on_who_else_plays(make) -> None:
    requests = [
        request(step, key=key, seed=seed) for step in range(12) for key in ("a", "b") for seed in (None, 1, 2)
    ]
    together = replies(make(), requests)
    alone = {each.ticket: replies(make(), [each])[each.ticket] for each in reversed(requests)}
    assert together == alone
    for same in ("a#{}#None", "a#{}#1", "b#{}#1"):
        other = same.replace("a#", "b#") if same == "a#{}#None" else same.replace("#1", "#2")
        ours, theirs = ([together[form.format(step)] for step in range(12)] for form in (same, other))
        assert ours != theirs


def test_another_seed_plays_another_game() -> None:
    requests = [request(step) for step in range(30)]
    assert replies(RandomPolicy(0), requests) != replies(RandomPolicy(1), requests)
    assert set(replies(RandomPolicy(0), requests).values()) == {
        f"<action>{each}</action>" for each in COMMANDS
    }


def test_a_slot_is_filled_with_words_of_the_goal_in_their_order() -> None:
    goal = "Find me a red table lamp, [cheap]"
    requests = [request(n, admissible_commands=("search[<your query>]",), goal=goal) for n in range(200)]
    said = replies(RandomPolicy(), requests)
    assert said == replies(RandomPolicy(), requests)
    queries = {text.removeprefix("<action>search[").removesuffix("]</action>") for text in said.values()}
    assert len(queries) > 50
    words = ["Find", "me", "a", "red", "table", "lamp", "cheap"]
    for query in queries:
        places = [words.index(word) for word in query.split()]
        assert places == sorted(places)
        assert 1 <= len(places) <= 6
    (erring,) = replies(ExpertPolicy(1.0), requests[:1]).values()
    assert "<your" not in erring
    (blind,) = replies(RandomPolicy(), [request(0, admissible_commands=("search[<your query>]",))]).values()
    assert blind == "<action>search[anything]</action>"


def test_nothing_to_draw_from_or_by_is_an_error() -> None:
    with pytest.raises(PolicyError, match="admissible_commands"):
        RandomPolicy().submit(request(0, admissible_commands=()))
    with pytest.raises(PolicyError, match=r"sampling\.seed or info\['step'\]"):
        RandomPolicy().submit(Request("t", [], info={"admissible_commands": COMMANDS}))


def test_reply_has_the_form_that_was_asked_for() -> None:
    policy = ExpertPolicy(reply="<think>{x}</think><action>{command}</action>")
    assert replies(policy, [request(0)]) == {"toy:0:a#0#None": "<think>{x}</think><action>take key</action>"}
    with pytest.raises(ValueError, match="command"):
        RandomPolicy(reply="look")
    with pytest.raises(ValueError, match="failure_rate"):
        ExpertPolicy(1.5)


def test_aborted_requests_are_not_answered() -> None:
    policy = RandomPolicy()
    policy.submit(request(0))
    policy.submit(request(1))
    policy.abort({"toy:0:a#0#None"})
    assert [completion.ticket for completion in policy.poll()] == ["toy:0:a#1#None"]
