"""The colours that the reward reads into option values."""

_NAMES = (
    "alabaster apricot aqua ash asphalt azure banana beige black blue blush bordeaux bronze brown "
    "burgundy camel camo caramel champagne charcoal cheetah chestnut chocolate christmas coffee cognac "
    "copper coral cranberry cream crystal dark denim eggplant elephant espresso fuchsia gold granite "
    "grape graphite grass gray green grey heather indigo ivory ivy khaki lavender lemon leopard light "
    "lilac lime magenta maroon mauve merlot midnight mint mocha multicolor mushroom mustard natural navy "
    "nude olive orange peach pewter pink plum purple rainbow red rose royal rust sand sapphire seashell "
    "silver skull slate steel stone stonewash sunflower tan taupe teal tiger turquoise violet walnut "
    "wheat white wine yellow"
)
COLOURS = tuple(_NAMES.split())
"""The original's list, in its order: the first one that is found counts."""


def plain_colour(item: str | tuple[str, str]) -> str | tuple[str, str]:
    """The first colour in the item, or the item itself if there is none.

    In a value it is sought as a part of the text (``dark red`` gives ``dark``, ``standard`` gives ``tan``);
    in a pair of option name and value only a whole value that is a colour counts, as in the original.
    """
    return next((colour for colour in COLOURS if colour in item), item)
