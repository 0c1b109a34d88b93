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
        mistake="Buying before every wished option is clicked.",
        reason="The product looks right, and nothing is chosen by itself.",
    ),
    ShopCause.OTHER_VALUE: Advice(
        "Just That Value",
        "When choosing options.",
        "Click the instruction's own value, letter by letter; another click on the same option replaces it.",
        "With {purpose}, click the wished value letter by letter; a similar one is another one.",
        "For the {names} of {purpose}, click the instruction's own value.",
        mistake="Clicking a value that is only like the wished one.",
        reason="Values are compared by their look, not letter by letter.",
    ),
    ShopCause.NOT_OFFERED: Advice(
        "Leave What Lacks An Option",
        "On a product's page.",
        "If the page does not list a wished option value, go back with '< Prev' and open another product.",
        "Leave {purpose} that do not list every wished option value, and open the next product.",
        "Check the list of {names} first; without the wished value these {purpose} are not the ones.",
        mistake="Buying a product that does not come in the wished option.",
        reason="Title and price fit, so the list of options is skipped.",
    ),
    ShopCause.TOO_DEAR: Advice(
        "Mind The Limit",
        "On a page of results.",
        "Compare each price with the limit of the instruction, and open nothing that is above it.",
        "Open only {purpose} whose price, or lower end of a price range, is below the limit.",
        mistake="Buying above the price limit.",
        reason="Only kind and options are looked at.",
    ),
    ShopCause.FOR_OTHERS: Advice(
        "For Whom It Is",
        "On a page of results.",
        "Look for men, women or children in the title, and open nothing that is made for somebody else.",
        "With {purpose}, the title must not name others than the instruction does.",
        mistake="Buying what is made for somebody else.",
        reason="The words for whom it is are read over in the title.",
    ),
    ShopCause.OTHER_KIND: Advice(
        "The Right Kind",
        "On a page of results.",
        "The title must name the wished kind of thing; all else counts for little when the kind is wrong.",
        "Among {purpose}, open a title that names the wished kind of thing before any other.",
        mistake="Buying another kind of thing than the wished one.",
        reason="The search is trusted more than the title.",
    ),
    ShopCause.UNREAD: Advice(
        "Features Before Buying",
        "When the title tells too little.",
        "When the title lacks a wished attribute, click 'Features' and look for it before you buy.",
        "With {purpose}, click 'Features' and look for every wished attribute that the title lacks.",
        mistake="Buying without having read whether the product is as wished.",
        reason="The first hit is taken for the right one.",
    ),
    ShopCause.NOT_TOLD: Advice(
        "Look At Another",
        "When a wished attribute is not told.",
        "If neither title nor features tell a wished attribute and steps are left, look at another product.",
        "Go on looking while the {purpose} at hand do not tell every wished attribute and steps are left.",
        mistake="Buying although a wished attribute is told nowhere.",
        reason="What is not denied is taken for granted.",
    ),
    ShopCause.NEVER_BOUGHT: Advice(
        "Buy In Time",
        "When steps run short.",
        "Keep one step for each option and one for 'Buy Now'; when no more are left, buy the best one seen.",
        "Keep enough steps to choose the options of {purpose} and to click 'Buy Now'.",
        mistake="Using up the steps without buying anything.",
        reason="A better product is hoped for to the end.",
    ),
    ShopCause.NOTHING_OPENED: Advice(
        "Open A Product",
        "On a page of results.",
        "After a search open the most fitting product by its id instead of searching or turning pages.",
        "When {purpose} are listed, open the most fitting one by its id.",
        mistake="Searching and turning pages without opening a product.",
        reason="No hit looks perfect in the list.",
    ),
    ShopCause.NEVER_SEARCHED: Advice(
        "Search First",
        "On the first page.",
        "Begin with search[...], with the words of the instruction between the brackets.",
        "To find {purpose}, begin with search[...] and the words of the instruction.",
        mistake="Never searching for any words.",
        reason="The button is pressed, or the wish only thought of.",
    ),
    ShopCause.ONE_SEARCH: Advice(
        "Search Again",
        "When none of several products fits.",
        "When several products did not fit, turn the page, or go back to the search and use other words.",
        "When several {purpose} did not fit, search again with the kind and the option values alone.",
        mistake="Looking through hit after hit of one poor search.",
        reason="The words of the search are not called into question.",
    ),
    ShopCause.INADMISSIBLE: Advice(
        "Only What Is Listed",
        "Before every click.",
        "Click only what the present page lists, letter by letter; to search, go 'Back to Search' first.",
        "While shopping for {purpose}, click only labels that the present page lists.",
        mistake="Clicking what the page does not show.",
        reason="A label is remembered from another page or shop.",
    ),
    ShopCause.UNREADABLE: Advice(
        "Say One Command",
        "In every reply.",
        "End every reply with one command, search[...] or click[...], in the form asked for.",
        "Think briefly about the {purpose}, then give one search[...] or click[...].",
        mistake="Replying without a search or a click in the form asked for.",
        reason="The thought takes the whole reply.",
    ),
    ShopCause.LOOP: Advice(
        "Nothing Twice",
        "When a page comes again.",
        "Do not open the same product or make the same search again: take the next one, or other words.",
        "Do not open the same {purpose} twice; take the next on the list, or turn the page.",
        mistake="Going back and forth between pages that were seen before.",
        reason="What was opened already is forgotten.",
    ),
}
"""Cause -> what to do instead."""
