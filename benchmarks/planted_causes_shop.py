"""Faults of a shopper in how it goes about, each a cause of failure by itself."""

from skill_gym.benchmarks.planted_causes_play import Fault, Plant, Scene
from skill_gym.dice import Dice
from skill_gym.skillbanks.shop_diagnosis import ShopCause
from skill_gym.webshop.comparison import choices
from skill_gym.webshop.shop_page import Page, read_page
from skill_gym.wrappers.open_command import fill

_ASIDE = ("click[reviews]", "click[attributes]")
BUY = "click[buy now]"


def noise(scene: Scene, dice: Dice) -> str:
    """Looks at a page that tells nothing of use."""
    aside = [text for text in scene.commands if text in _ASIDE]
    return dice.pick(aside) if aside else ""


class ShopFault(Fault):
    """What these faults share: the page, and how to buy what it shows."""

    def furnish(self, scene: Scene) -> bool:
        """Nothing is chosen yet, see ``fits``."""
        self.chosen: set[str] = set()
        return self.fits(scene)

    def fits(self, scene: Scene) -> bool:
        """Whether the task has a place for the fault."""
        return True

    def watch(self, scene: Scene) -> None:
        """Remembers what was clicked since the product was opened."""
        page = scene.env.session.page
        self.chosen = self.chosen | {scene.said[-1]} if page in ("item", "sub") else set()

    def page(self, scene: Scene) -> Page:
        """The page as the player reads it."""
        return read_page(scene.observation, scene.commands)

    def buy(self, scene: Scene) -> str:
        """On a product's page: chooses what is wished as far as it is on offer, then buys."""
        if scene.env.session.page == "sub":
            return "click[< prev]"
        wished = choices(scene.player.wish, self.page(scene).options)
        for value in wished.values():
            if f"click[{value}]" not in self.chosen:
                return f"click[{value}]"
        return BUY

    def bought(self, scene: Scene) -> dict[str, float | bool] | None:
        """The parts of the purchase's score."""
        parts: dict[str, float | bool] | None = scene.env.session.reward_info
        return parts


class _Loop(ShopFault):
    """Goes round in circles: the same search, the same product, the same two pages."""

    def say(self, scene: Scene) -> str:
        if not self.acted and (scene.step < max(self.onset, 1)):
            command = super().say(scene)
            return "click[back to search]" if command == BUY else command
        self.acted += 1
        if self.acted == 1:
            self.query = next((text for text in reversed(scene.said) if text.startswith("search[")), "")
            self.query = self.query or fill("search[<your query>]", scene.player.wish.query)
            self.style = self.dice.below(3)
        page = scene.env.session.page
        if page == "search":
            return self.query
        if self.style == 0:
            return "click[back to search]"
        if page == "results":
            cards = self.page(scene).cards
            if self.style == 1 and cards:
                return f"click[{cards[0].label}]"
            return "click[< prev]" if self.page(scene).number > 1 else "click[next >]"
        return "click[< prev]"

    def happened(self, scene: Scene) -> bool:
        return self.acted >= 6


class _OptionsForgotten(ShopFault):
    """Buys while options are still to be chosen."""

    def fits(self, scene: Scene) -> bool:
        self.patience = self.dice.pick((0, 0, 0, 1, 2))
        return bool(scene.env.session.goal.goal_options)

    def say(self, scene: Scene) -> str:
        command = super().say(scene)
        if scene.env.session.page == "item" and command[6:-1] in self.values(scene):
            self.patience -= 1
            if self.patience < 0:
                self.acted += 1
                return BUY
        return command

    def values(self, scene: Scene) -> list[str]:
        return [value for values in self.page(scene).options.values() for value in values]


class _OtherValues(_OptionsForgotten):
    """Clicks another value of an option than the wished one, without noticing."""

    def fits(self, scene: Scene) -> bool:
        self.believed = ""
        return super().fits(scene)

    def say(self, scene: Scene) -> str:
        self.believed = ""
        command = Fault.say(self, scene)
        if scene.env.session.page != "item":
            return command
        for values in self.page(scene).options.values():
            others = [f"click[{value}]" for value in values if f"click[{value}]" != command]
            others = [text for text in others if text in scene.commands]
            if len(others) < len(values) and others and (self.dice.chance(0.7) or not self.acted):
                self.acted += 1
                self.believed = command
                return self.dice.pick(others)
        return command

    def told(self, command: str) -> str:
        return self.believed or command

    def happened(self, scene: Scene) -> bool:
        parts = self.bought(scene)
        return self.acted > 0 and parts is not None and float(parts.get("r_option", 1.0)) < 1


class _NeverBought(ShopFault):
    """Cannot make up its mind: goes back wherever it could buy."""

    def say(self, scene: Scene) -> str:
        command = super().say(scene)
        if command != BUY:
            return command
        self.acted += 1
        return self.dice.pick(("click[< prev]", "click[< prev]", "click[back to search]"))


class _NothingOpened(ShopFault):
    """Turns pages and searches again, but opens no product."""

    def say(self, scene: Scene) -> str:
        command = super().say(scene)
        cards = self.page(scene).cards
        if not any(command == f"click[{card.label}]" for card in cards):
            return command
        self.acted += 1
        other = self.dice.pick(scene.player.wish.query.split())
        ways = ["click[next >]", "click[next >]", "click[< prev]", "click[back to search]"]
        return self.dice.pick([text for text in ways if text in scene.commands] or [f"search[{other}]"])

    def happened(self, scene: Scene) -> bool:
        return not scene.env.session.visited and self.acted > 0


class _NeverSearched(ShopFault):
    """Presses the button instead of searching for words, or describes what it would look for."""

    def say(self, scene: Scene) -> str:
        self.acted += 1
        query = scene.player.wish.query
        return self.dice.pick(("click[search]", "click[search]", "search", f"click[{query}]"))

    def happened(self, scene: Scene) -> bool:
        return not scene.env.session.keywords


class _Inadmissible(ShopFault):
    """Clicks what the page does not offer."""

    def fits(self, scene: Scene) -> bool:
        self.rate = self.dice.pick((0.75, 0.9, 1.0))
        return True

    def say(self, scene: Scene) -> str:
        command = super().say(scene)
        if scene.step < self.onset or scene.env.session.page == "search" or not self.dice.chance(self.rate):
            return command
        self.acted += 1
        label = command[6:-1]
        return self.dice.pick(
            (
                "click[add to cart]",
                "click[checkout]",
                f"click[{label} please]",
                f"choose[{label}]",
                f"click {label}",
            )
        )

    def happened(self, scene: Scene) -> bool:
        return self.acted >= 4


class _Unreadable(ShopFault):
    """Forgets in most replies to say a command."""

    def fits(self, scene: Scene) -> bool:
        self.rate = self.dice.pick((0.75, 0.9, 1.0))
        return True

    def say(self, scene: Scene) -> str:
        command = super().say(scene)
        if scene.step < self.onset or not self.dice.chance(self.rate):
            return command
        self.acted += 1
        return ""

    def happened(self, scene: Scene) -> bool:
        return self.acted >= 4


SHOP_PLANTS = (
    Plant("goes round in a loop", _Loop, (ShopCause.LOOP,)),
    Plant("buys before all is chosen", _OptionsForgotten, (ShopCause.NOT_CHOSEN,)),
    Plant("clicks other values", _OtherValues, (ShopCause.OTHER_VALUE,)),
    Plant("never buys", _NeverBought, (ShopCause.NEVER_BOUGHT,)),
    Plant("opens no product", _NothingOpened, (ShopCause.NOTHING_OPENED,)),
    Plant("never searches", _NeverSearched, (ShopCause.NEVER_SEARCHED,)),
    Plant("clicks what is not there", _Inadmissible, (ShopCause.INADMISSIBLE,)),
    Plant("replies without a command", _Unreadable, (ShopCause.UNREADABLE,)),
)
"""What goes wrong on the pages, before anything or whatever is bought."""
