"""Sentences of generated passages that nobody asks about."""

from collections.abc import Mapping

from skill_gym.search.language import EntityType

FILLERS: Mapping[EntityType, tuple[str, ...]] = {
    "person": (
        "{head} keeps a small garden and {number} hens.",
        "{head} walks a long way every {day}.",
        "{head} likes {colour} scarves and plain food.",
        "{head} is rarely seen without a {colour} umbrella.",
        "{head} collects old maps and {colour} stones.",
        "{head} speaks slowly and sleeps badly.",
    ),
    "town": (
        "A market is held in the square every {day}.",
        "Visitors come for the {colour} roofs and the {number} old fountains.",
        "The main street is lined with {tree} trees.",
        "A {colour} tower can be seen from far away.",
        "On the first {day} of spring there is a fair with {number} stalls.",
    ),
    "region": (
        "The hills are covered with {tree} trees, and the soil is {colour} and heavy.",
        "Winters are mild, and it rains on {number} days of the year.",
        "The flag shows a {colour} {tree} leaf on a white ground.",
        "Most roads are narrow, and the post comes only every {day}.",
        "Walkers follow a path of {number} stages from one end to the other.",
    ),
    "company": (
        "The staff meets every {day} in a {colour} hall.",
        "The yard has {number} sheds and a tall {tree} tree.",
        "Its wagons are painted {colour} and can be seen on every road.",
        "New workers are given a {colour} apron on the first {day}.",
        "A bell rings {number} times at noon.",
    ),
    "book": (
        "The first edition had a {colour} cover and {number} drawings.",
        "The plot turns on a lost ring and a {colour} door.",
        "Critics praised the {number} short chapters and the dry humour.",
        "It was read aloud on the radio every {day} for a whole winter.",
        "A copy with notes in {colour} ink was sold for a large sum.",
    ),
    "river": (
        "Its banks are lined with {tree} trees, and its bed is {colour} and stony.",
        "There are {number} bridges and a single ferry that rests on every {day}.",
        "In dry summers it can be crossed on foot at {number} places.",
        "Anglers come for trout and eel; boats need a {colour} permit.",
        "Floods are rare, and the water is clear but cold.",
    ),
    "school": (
        "Lessons begin at eight, and there are none on {day} afternoons.",
        "The pupils wear {colour} jackets and grow vegetables behind the gym.",
        "The library has {number} rooms and a {colour} reading lamp in each.",
        "In the courtyard stands a {tree} tree that was planted on a {day}.",
        "The choir has {number} members and sings at every fair.",
    ),
    "prize": (
        "It comes with a {colour} ribbon and a small sum of money.",
        "The jury has {number} members and meets on the last {day} of the year.",
        "The ceremony ends with a dinner under {tree} trees.",
        "Nobody may receive it twice, and nobody may apply.",
        "The list of names is read aloud {number} times.",
    ),
}
COLOURS = ("red", "blue", "green", "yellow", "black", "white", "brown", "grey")
TREES = ("oak", "elm", "pine", "birch", "willow", "maple", "ash", "poplar")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NUMBERS = ("three", "four", "five", "six", "seven", "eight", "nine", "twelve")
