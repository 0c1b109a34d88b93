"""How a task is shown: parse the reply, keep a history, add skills, record the episode."""

from skill_gym.wrappers.record_trajectory import RecordTrajectory
from skill_gym.wrappers.skill_augmented import SkillAugmentedEnv
from skill_gym.wrappers.tagged_action import TaggedAction
from skill_gym.wrappers.task_prompt import TaskPrompt

__all__ = ["RecordTrajectory", "SkillAugmentedEnv", "TaggedAction", "TaskPrompt"]
