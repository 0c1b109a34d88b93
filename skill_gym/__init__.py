"""skill-gym: Gymnasium text environments whose agents learn reusable skills.

Importing this package registers the environments, so that ``gym.make("skill_gym/ALFWorld-v0")`` works.
It needs gymnasium and numpy only; the rooms above (``skill_gym.skillbanks``, ``skill_gym.wrappers``,
``skill_gym.agents``, ``skill_gym.benchmarks``) are imported by name when they are wanted.
"""

from skill_gym.registration import register_suite
from skill_gym.text_env import FreeText, TextEnv
from skill_gym.trajectory import Task, Trajectory, Turn

__version__ = "0.1.0"

__all__ = ["FreeText", "Task", "TextEnv", "Trajectory", "Turn", "register_suite"]

register_suite()
