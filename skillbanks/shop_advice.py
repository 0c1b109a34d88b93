"""What to do instead in the shop: for every cause of failure its advice, general, and for a department."""

from collections.abc import Mapping

from skill_gym.skillbanks.advice import Advice
from skill_gym.skillbanks.shop_diagnosis import ShopCause

SHOP_PURPOSES: Mapping[str, str] = {
    "apparel": "clothes",
    "footwear": "shoes",
    "home_decor": "things for the home",
    "electronics": "electronics",
    "accessories": "accessories",
    "beauty_health": "care products",
    "other": "food and the like",
}
"""Task type -> what is bought."""

SHOP_ADVICE: Mapping[ShopCause, Advice] = {
    ShopCause.NOT_CHOSEN: Advice(
        "Click What Was Wished",
        "When the product fits.",
        "Before 'Buy Now' go through the instruction's options and click the value of each one on the page.",
        "With {purpose}, click every option value that the instruction names, and only then 'Buy Now'.",
        "Of {purpose}, do not buy before the wished {names} is clicked.",
    ),
    ShopCause.OTHER_VALUE: Advice(
        "Just That Value",
        "When choosing options.",
        "Click the instruction's own value, letter by letter; another click on the same option replaces it.",
        "With {purpose}, click the wished value letter by letter; a similar one is another one.",
        "For the {names} of {purpose}, click the instruction's own value.",
    ),
    ShopCause.NOT_OFFERED: Advice(
        "Leave What Lacks An Option",
        "On a product's page.",
        "If the page does not list a wished option value, go back with '< Prev' and open another product.",
        "Leave {purpose} that do not list every wished option value, and open the next product.",
        "Check the list of {names} first; without the wished value these {purpose} are not the ones.",
    ),
    ShopCause.TOO_DEAR: Advice(
        "Mind The Limit",
        "On a page of results.",
        "Compare each price with the limit of the instruction, and open nothing that is above it.",
        "Open only {purpose} whose price, or lower end of a price range, is below the limit.",
    ),
    ShopCause.FOR_OTHERS: Advice(
        "For Whom It Is",
        "On a page of results.",
        "Look for men, women or children in the title, and open nothing that is made for somebody else.",
        "With {purpose}, the title must not name others than the instruction does.",
    ),
    ShopCause.OTHER_KIND: Advice(
        "The Right Kind",
        "On a page of results.",
        "The title must name the wished kind of thing; all else counts for little when the kind is wrong.",
        "Among {purpose}, open a title that names the wished kind of thing before any other.",
    ),
    ShopCause.UNREAD: Advice(
        "Features Before Buying",
        "When the title tells too little.",
        "When the title lacks a wished attribute, click 'Features' and look for it before you buy.",
        "With {purpose}, click 'Features' and look for every wished attribute that the title lacks.",
    ),
    ShopCause.NOT_TOLD: Advice(
        "Look At Another",
        "When a wished attribute is not told.",
        "If neither title nor features tell a wished attribute and steps are left, look at another product.",
        "Go on looking while the {purpose} at hand do not tell every wished attribute and steps are left.",
    ),
    ShopCause.NEVER_BOUGHT: Advice(
        "Buy In Time",
        "When steps run short.",
        "Keep one step for each option and one for 'Buy Now'; when no more are left, buy the best one seen.",
        "Keep enough steps to choose the options of {purpose} and to click 'Buy Now'.",
    ),
    ShopCause.NOTHING_OPENED: Advice(
        "Open A Product",
        "On a page of results.",
        "After a search open the most fitting product by its id instead of searching or turning pages.",
        "When {purpose} are listed, open the most fitting one by its id.",
    ),
    ShopCause.NEVER_SEARCHED: Advice(
        "Search First",
        "On the first page.",
        "Begin with search[...], with the words of the instruction between the brackets.",
        "To find {purpose}, begin with search[...] and the words of the instruction.",
    ),
    ShopCause.ONE_SEARCH: Advice(
        "Search Again",
        "When none of several products fits.",
        "When several products did not fit, turn the page, or go back to the search and use other words.",
        "When several {purpose} did not fit, search again with the kind and the option values alone.",
    ),
    ShopCause.INADMISSIBLE: Advice(
        "Only What Is Listed",
        "Before every click.",
        "Click only what the present page lists, letter by letter; to search, go 'Back to Search' first.",
        "While shopping for {purpose}, click only labels that the present page lists.",
    ),
    ShopCause.UNREADABLE: Advice(
        "Say One Command",
        "In every reply.",
        "End every reply with one command, search[...] or click[...], in the form asked for.",
        "Think briefly about the {purpose}, then give one search[...] or click[...].",
    ),
    ShopCause.LOOP: Advice(
        "Nothing Twice",
        "When a page comes again.",
        "Do not open the same product or make the same search again: take the next one, or other words.",
        "Do not open the same {purpose} twice; take the next on the list, or turn the page.",
    ),
}
"""Cause -> what to do instead."""
