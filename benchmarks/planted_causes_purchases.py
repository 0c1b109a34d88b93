"""Faults of a shopper in what it buys, each a cause of failure by itself."""

from abc import ABC, abstractmethod
from typing import NamedTuple

from skill_gym.benchmarks.planted_causes_play import Plant, Scene
from skill_gym.benchmarks.planted_causes_shop import BUY, ShopFault
from skill_gym.skillbanks.shop_diagnosis import ShopCause
from skill_gym.webshop.comparison import choices
from skill_gym.webshop.goals import ShopGoal
from skill_gym.webshop.product import Product
from skill_gym.webshop.reward import Reward, score


class Offer(NamedTuple):
    """What buying a product with the best choice of its options would score, and what it is."""

    product: Product
    reward: Reward
    goal: ShopGoal

    def met(self, part: str) -> bool:
        """Whether a part of the score is full."""
        return float(self.reward.info.get(part, 1.0)) == 1.0


class _Purchase(ShopFault, ABC):
    """Buys a product of its own choice from a page of results."""

    reads = False

    def offers(self, scene: Scene) -> dict[str, Offer]:
        """The products of a page of results by their labels, as the shop knows them."""
        session, found = scene.env.session, {}
        target = session.catalogue.product(session.catalogue.number(session.goal.asin))
        for card in self.page(scene).cards:
            product = session.catalogue.product(session.catalogue.number(card.label.upper()))
            chosen = choices(scene.player.wish, product.options)
            reward = score(product, chosen, session.goal, target.title_nouns)
            found[card.label] = Offer(product, reward, session.goal)
        return found

    @abstractmethod
    def choose(self, scene: Scene) -> str | None:
        """Label of the product to buy; None to let the player go on."""

    def say(self, scene: Scene) -> str:
        page = scene.env.session.page
        if self.acted and page in ("item", "sub"):
            if self.reads and page == "item" and not self.chosen & {"click[features]"}:
                return "click[features]"
            return self.buy(scene)
        if page == "results":
            label = self.choose(scene)
            if label is not None:
                self.acted += 1
                return f"click[{label}]"
        command = super().say(scene)
        # Does not buy what is right before it has seen what it falls for.
        return "click[< prev]" if command == BUY else command

    def happened(self, scene: Scene) -> bool:
        return self.acted > 0 and self.bought(scene) is not None


class _EarlyBuy(_Purchase):
    """Buys one of the first hits without having read a page of it."""

    def choose(self, scene: Scene) -> str | None:
        cards = self.page(scene).cards
        return cards[self.dice.below(min(2, len(cards)))].label if cards else None


class _Tempted(_Purchase):
    """Falls for a product with one thing wrong."""

    @abstractmethod
    def wrong(self, offer: Offer) -> bool:
        """Whether the product has this fault."""

    def choose(self, scene: Scene) -> str | None:
        found = [label for label, offer in self.offers(scene).items() if self.wrong(offer)]
        return self.dice.pick(found[:3]) if found else None

    def happened(self, scene: Scene) -> bool:
        parts = self.bought(scene)
        if parts is None or not self.acted:
            return False
        session = scene.env.session
        return self.wrong(Offer(session.product, session.reward, session.goal))


class _TooDear(_Tempted):
    """Does not look at the price."""

    def wrong(self, offer: Offer) -> bool:
        return not offer.met("r_price") and all(map(offer.met, ("r_type", "r_option", "r_att")))


class _NotOnOffer(_Tempted):
    """Buys a product that does not come in what is wished."""

    def wrong(self, offer: Offer) -> bool:
        return not offer.met("r_option") and all(map(offer.met, ("r_type", "r_price")))


class _OtherAudience(_Tempted):
    """Buys what the shop lists for other people, men for women or the like."""

    def wrong(self, offer: Offer) -> bool:
        mine, wanted = offer.product.query.split()[0], offer.goal.query.split()[0]
        people = ("men's", "women's", "boys'", "girls'")
        return mine in people and wanted in people and mine != wanted and offer.reward.total < 1


class _AttributesUnread(_Tempted):
    """Buys without reading whether the product is as wished; it is not."""

    def wrong(self, offer: Offer) -> bool:
        return not offer.met("r_att") and all(map(offer.met, ("r_type", "r_price", "r_option")))


class _AttributesIgnored(_AttributesUnread):
    """Reads that the product is not told to be as wished, and buys it all the same."""

    reads = True


class _OtherKind(_Purchase):
    """Searches for the words of another wish, and buys what comes."""

    def fits(self, scene: Scene) -> bool:
        tasks = scene.env.tasks
        other = scene.env.tasks.goal(int(tasks[self.dice.below(len(tasks))].id))
        self.query = other.query
        return bool(other.query != scene.env.session.goal.query)

    def say(self, scene: Scene) -> str:
        command = super().say(scene)
        return f"search[{self.query}]" if command.startswith("search[") else command

    def choose(self, scene: Scene) -> str | None:
        found = [label for label, offer in self.offers(scene).items() if not offer.met("r_type")]
        return self.dice.pick(found[:3]) if found else None

    def happened(self, scene: Scene) -> bool:
        parts = self.bought(scene)
        return parts is not None and float(parts["r_type"]) < 1


PURCHASE_PLANTS = (
    Plant("buys an early hit", _EarlyBuy, (ShopCause.UNREAD,)),
    Plant("buys above the limit", _TooDear, (ShopCause.TOO_DEAR,)),
    Plant("buys what lacks the option", _NotOnOffer, (ShopCause.NOT_OFFERED,)),
    Plant("buys what is for others", _OtherAudience, (ShopCause.FOR_OTHERS,)),
    Plant("buys without reading", _AttributesUnread, (ShopCause.UNREAD,)),
    Plant("buys in spite of what it read", _AttributesIgnored, (ShopCause.NOT_TOLD,)),
    Plant("searches for another thing", _OtherKind, (ShopCause.OTHER_KIND,)),
)
"""What is bought instead of the right product."""
