"""What the faults of a household robot share: the truth about its goal, and how somebody wanders."""

from collections.abc import Callable

from skill_gym.alfworld.goal_sentence import Wanted
from skill_gym.alfworld.notebook import kind
from skill_gym.benchmarks.planted_causes_play import Fault, Scene
from skill_gym.dice import Dice

TREATED = {
    "pick_clean_then_place_in_recep": "clean",
    "pick_heat_then_place_in_recep": "hot",
    "pick_cool_then_place_in_recep": "cool",
}
"""Task type -> state of the world that it asks for."""
LOOK, TWO, SIMPLE = "look_at_obj_in_light", "pick_two_obj_and_place", "pick_and_place_simple"


def noise(scene: Scene, dice: Dice) -> str:
    """Looks around, thinks of what is carried, or makes a detour."""
    harmless = [text for text in scene.commands if text.split()[0] in ("look", "inventory", "examine")]
    detours = [text for text in scene.commands if text.startswith("go to ")]
    return dice.pick(detours if detours and dice.chance(0.3) else harmless)


class HouseholdFault(Fault):
    """What these faults share: the truth about the goal, and how somebody wanders."""

    def furnish(self, scene: Scene) -> bool:
        """Remembers the goal before the player mistakes it, see ``fits``."""
        self.wanted: Wanted = scene.player.wanted
        self.taken: set[str] = set()
        return self.fits(scene)

    def fits(self, scene: Scene) -> bool:
        """Whether the task has a place for the fault."""
        return True

    def watch(self, scene: Scene) -> None:
        """Remembers what was in hand."""
        if scene.env.world.holding is not None:
            self.taken.add(scene.env.world.holding)

    def own(self, name: str | None) -> bool:
        """Whether a thing is of the kind that the goal asks for."""
        return name is not None and kind(name) == self.wanted.object

    def held(self, scene: Scene) -> bool:
        """Whether the goal object is in hand, and ready to be put down."""
        return self.own(scene.env.world.holding) and self.ready(scene, scene.env.world.holding)

    def ready(self, scene: Scene, name: str) -> bool:
        """Whether an object is clean, hot or cool, if the goal asks for that."""
        state = TREATED.get(self.wanted.task_type)
        return state is None or name in getattr(scene.env.world, state)

    def places(self, scene: Scene) -> dict[str, list[str]]:
        """Receptacle -> the goal's objects in it."""
        found = {
            place: [name for name in things if self.own(name)]
            for place, things in scene.env.world.contents.items()
        }
        return {place: things for place, things in found.items() if things}

    def hide(self, scene: Scene, hidden: Callable[[str], bool]) -> str:
        """The player's command when it does not see some of the commands."""
        seen = [text for text in scene.commands if not hidden(text)]
        self.acted += len(seen) < len(scene.commands)
        command = scene.player.command(seen)
        return self.wander(scene, hidden) if command == "look" else str(command)

    def wander(self, scene: Scene, hidden: Callable[[str], bool] = lambda text: False) -> str:
        """Goes here and there, opens something, looks around; takes and moves nothing."""
        if self.dice.chance(0.15):
            return "look"
        verbs = ("go", "go", "go", "open", "examine")
        verb = self.dice.pick(verbs)
        fitting = [text for text in scene.commands if text.split()[0] == verb and not hidden(text)]
        return self.dice.pick(fitting) if fitting else "look"
