"""TaskPrompt: what stands in a prompt, in which order, in both layouts."""

from typing import Any

import gymnasium as gym
import pytest
from toy_env import TOY_ID, ToyEnv

from skill_gym.wrappers import TaggedAction, TaskPrompt

TASK = "train/look_in_box-1"  # blue box
COMMANDS = ("take blue key", "go to cellar", "open blue box", "look in blue box")


def make(**options: Any) -> TaskPrompt:
    return TaskPrompt(TaggedAction(gym.make(TOY_ID)), **options)


def play(env: TaskPrompt, *commands: str) -> list[tuple[str, dict[str, Any]]]:
    shown = [env.reset(options={"task": TASK})]
    for command in commands:
        prompt, _, _, _, info = env.step(f"<action>{command}</action>")
        shown.append((prompt, info))
    return shown


@pytest.mark.parametrize("layout", ["step", "transcript"])
def test_info_keeps_the_environments_own_text(layout):
    bare = gym.make(TOY_ID)
    texts = [bare.reset(options={"task": TASK})[0], *(bare.step(command)[0] for command in COMMANDS)]
    shown = play(make(layout=layout), *COMMANDS)
    assert [info["observation"] for _, info in shown] == texts
    assert all(info["observation"] in prompt for prompt, info in shown)


def test_transcript_says_nothing_twice():
    first, *later = play(make(layout="transcript"), *COMMANDS)
    assert first[0] == (
        "You are a visitor of a small house.\n"
        "Commands: take KEY, drop KEY, go to PLACE, open BOX, look in BOX, look.\n"
        "Reply with one command in <action>...</action>.\n\n" + first[1]["observation"]
    )
    assert first[0].count("look in the blue box") == 1
    assert [prompt for prompt, _ in later] == [info["observation"] for _, info in later]


def test_transcript_states_the_task_where_the_first_text_does_not(monkeypatch):
    begin = ToyEnv.begin
    monkeypatch.setattr(
        ToyEnv, "begin", lambda self, task: begin(self, task)._replace(observation="You are in the hall.")
    )
    prompt, _ = make(layout="transcript").reset(options={"task": TASK})
    assert prompt.endswith("\n\nTask: look in the blue box.\n\nYou are in the hall.")


def test_step_layout_orders_head_task_history_present_and_commands():
    prompt, info = play(make(layout="step", history=2), *COMMANDS[:3])[-1]
    assert prompt == (
        "You are a visitor of a small house.\n"
        "Commands: take KEY, drop KEY, go to PLACE, open BOX, look in BOX, look.\n"
        "Reply with one command in <action>...</action>.\n\n"
        "Task: look in the blue box.\n\n"
        "What happened in steps 2 to 3:\n"
        "You take the blue key.\n> go to cellar\n"
        "You are in the cellar. There is a box.\n> open blue box\n\n"
        "Now, at step 4:\nThe box opens. There is a coin in it.\n\n"
        "Admissible commands:\ngo to hall\nlook\nlook in blue box"
    )
    assert info["admissible_commands"] == ("go to hall", "look", "look in blue box")


def test_step_prompts_of_an_episode_share_their_head():
    prompts = [prompt for prompt, _ in play(make(layout="step"), *COMMANDS)]
    head = prompts[0].split("\n\nNow, at step 1:")[0]
    assert head.endswith("Task: look in the blue box.")
    assert all(prompt.startswith(head + "\n\n") for prompt in prompts)


@pytest.mark.parametrize("history", [0, 1, 3])
def test_history_shows_the_last_steps_only(history):
    prompt = play(make(layout="step", history=history), *COMMANDS[:3])[-1][0]
    assert prompt.count("\n> ") == history
    assert ("What happened in" in prompt) == (history > 0)


def test_history_is_forgotten_at_reset():
    env = make(layout="step")
    first = play(env, *COMMANDS)[0][0]
    assert env.reset(options={"task": TASK})[0] == first


def test_history_says_why_there_was_no_command():
    env = make(layout="step")
    env.reset(options={"task": TASK})
    prompt = env.step("I would like to look")[0]
    assert "\n> (none: no <action>...</action> in the reply)\n\nNow" in prompt


def test_history_works_without_a_tagged_action():
    env = TaskPrompt(gym.make(TOY_ID), layout="step")
    env.reset(options={"task": TASK})
    assert "\n> look\n" in env.step("look")[0]


def test_admissible_list_is_an_option_in_both_layouts_and_leaves_help_out(monkeypatch):
    monkeypatch.setattr(ToyEnv, "admissible_commands", lambda self: ("go to cellar", "help", "look"))
    listed = "\n\nAdmissible commands:\ngo to cellar\nlook"
    for layout in ("step", "transcript"):
        prompt, info = make(layout=layout, show_admissible=True).reset(options={"task": TASK})
        assert prompt.endswith(listed)
        assert "help" in info["admissible_commands"]
        assert "Admissible" not in make(layout=layout, show_admissible=False).reset(seed=0)[0]


def test_reply_format_follows_from_the_tags_and_the_thought():
    env = make(think=True)
    assert (
        env.reply_format
        == "Think in <think>...</think>, then reply with one command in <action>...</action>."
    )
    inner = gym.make(TOY_ID)
    inner.metadata = {**inner.metadata, "reply_tags": ("search", "answer")}
    assert TaskPrompt(inner).reply_format == (
        "Reply with exactly one of <search>...</search> or <answer>...</answer>."
    )


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="layout must be one of step, transcript, got 'chat'"):
        make(layout="chat")
    with pytest.raises(ValueError, match="history must be an int of at least 0, got -1"):
        make(history=-1)
