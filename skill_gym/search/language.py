"""The language of generated worlds: how each fact is told in a passage, and how it is asked for.

One table serves those who write and those who read. A fact is (head, relation, value), and every relation has
one value for each head. In all templates ``{head}`` and ``{value}`` stand for what ``mention`` gives; in
questions and noun phrases ``{head}`` may be another noun phrase: ``the mayor of the town where Lorin Vask was
born``. The first letter of a sentence is made a capital.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

EntityType = Literal["person", "town", "region", "company", "book", "river", "school", "prize"]
ENTITY_TYPES: tuple[EntityType, ...] = get_args(EntityType)
WITH_ARTICLE = frozenset({"river", "prize"})
"""Types whose names are written after ``the``; it is no part of the name."""

CLOSED_LISTS: Mapping[str, tuple[str, ...]] = {
    "occupation": (
        "baker", "barber", "brewer", "carpenter", "chemist", "clockmaker", "cook", "dancer", "dentist",
        "farmer", "fisher", "gardener", "judge", "lawyer", "mason", "nurse", "painter", "pilot", "poet",
        "potter", "sailor", "singer", "tailor", "weaver",
    ),
    "product": (
        "bells", "boats", "boots", "bricks", "candles", "carpets", "chairs", "clocks", "coats", "drums",
        "flutes", "gloves", "hats", "kettles", "lamps", "locks", "mirrors", "needles", "paper", "pianos",
        "ropes", "saddles", "soap", "tiles",
    ),
}  # fmt: skip
"""Values of relations whose values are neither entities nor numbers."""

REFERENCES: Mapping[EntityType, tuple[str, ...]] = {
    "person": ("she", "he"),
    "town": ("the town",),
    "region": ("the region",),
    "company": ("the company",),
    "book": ("the book",),
    "river": ("the river",),
    "school": ("the school",),
    "prize": ("the prize",),
}
"""What stands for the head after its first mention; a person's only at the beginning of a sentence."""

INTRODUCTIONS: Mapping[EntityType, tuple[str, ...]] = {
    "person": ("{head} is a well-known person.", "{head} is a public figure."),
    "town": ("{head} is a town.", "{head} is a market town."),
    "region": ("{head} is a region.", "{head} is a large region."),
    "company": ("{head} is a company.", "{head} is a private company."),
    "book": ("{head} is a book.", "{head} is a novel."),
    "river": ("{head} is a river.", "{head} is a slow river."),
    "school": ("{head} is a school.", "{head} is a public school."),
    "prize": ("{head} is a prize.", "{head} is a yearly prize."),
}
"""The first sentence of a passage."""

ALIASES = ("{head} is also known as {value}.", "Many people call {head} {value}.")
"""The sentence that gives another name of the head; only its own passage has it."""
MISTAKEN = ("{head} is often mistaken for {value}.", "Some confuse {head} with {value}.")
"""A sentence that names another entity of the type without telling anything about it."""

ValueKind = Literal["entity", "integer", "closed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A relation and all of its wordings.

    Attributes:
        name: Unique among the relations of its head's type.
        head: Type of the head.
        value: Type of an entity, name of a closed list, or ``year``, ``people``, ``kilometres`` (integers).
        sentences: How passages tell the fact.
        phrases: Noun phrases for the value of a head, which questions nest; entity values only.
        questions: What is asked at the end; the head is a name or a noun phrase.
        words: What a query for it says beside the head's name.
        larger: Comparisons ``{a} or {b}`` whose answer has the larger value; integers only.
        smaller: Those whose answer has the smaller value.
        condition: What the sought person does, in questions by two attributes; of persons only.
        same: Yes-no question whether ``{a}`` and ``{b}`` have the same value.
    """

    name: str
    head: EntityType
    value: str
    sentences: tuple[str, ...]
    phrases: tuple[str, ...] = ()
    questions: tuple[str, ...]
    words: str
    larger: tuple[str, ...] = ()
    smaller: tuple[str, ...] = ()
    condition: str = ""
    same: str = ""

    @property
    def id(self) -> str:
        """Unique among all relations."""
        return f"{self.head}.{self.name}"

    @property
    def kind(self) -> ValueKind:
        """What its values are."""
        if self.value in ENTITY_TYPES:
            return "entity"
        return "closed" if self.value in CLOSED_LISTS else "integer"


RELATIONS: tuple[Relation, ...] = (
    Relation(
        name="born_in",
        head="person",
        value="town",
        sentences=(
            "{head} was born in {value}.",
            "{head} is a native of {value}.",
            "The birthplace of {head} is {value}.",
        ),
        phrases=("the town where {head} was born", "the birthplace of {head}"),
        questions=("In which town was {head} born?", "What is the birthplace of {head}?"),
        words="born birthplace",
        condition="was born in {value}",
        same="Were {a} and {b} born in the same town?",
    ),
    Relation(
        name="birth_year",
        head="person",
        value="year",
        sentences=(
            "{head} was born in the year {value}.",
            "{head} came into the world in {value}.",
            "The year of birth of {head} is {value}.",
        ),
        questions=("In which year was {head} born?", "What is the year of birth of {head}?"),
        words="born year birth",
        larger=("Who was born later, {a} or {b}?", "Who is younger, {a} or {b}?"),
        smaller=("Who was born earlier, {a} or {b}?", "Who is older, {a} or {b}?"),
    ),
    Relation(
        name="occupation",
        head="person",
        value="occupation",
        sentences=(
            "{head} works as a {value}.",
            "{head} is a {value} by trade.",
            "{head} earns a living as a {value}.",
        ),
        questions=("What is the occupation of {head}?", "What does {head} do for a living?"),
        words="occupation works trade living",
        condition="works as a {value}",
        same="Do {a} and {b} have the same occupation?",
    ),
    Relation(
        name="employer",
        head="person",
        value="company",
        sentences=(
            "{head} is employed by {value}.",
            "{head} has a post at {value}.",
            "The employer of {head} is {value}.",
        ),
        phrases=("the company that employs {head}", "the employer of {head}"),
        questions=("Which company employs {head}?", "Who is the employer of {head}?"),
        words="employed employer post",
        condition="is employed by {value}",
        same="Are {a} and {b} employed by the same company?",
    ),
    Relation(
        name="teacher",
        head="person",
        value="person",
        sentences=(
            "{head} was taught by {value}.",
            "{head} was a pupil of {value}.",
            "The teacher of {head} was {value}.",
        ),
        phrases=("the teacher of {head}", "the person who taught {head}"),
        questions=("Who was the teacher of {head}?", "Who taught {head}?"),
        words="taught teacher pupil",
        condition="was taught by {value}",
        same="Did {a} and {b} have the same teacher?",
    ),
    Relation(
        name="school",
        head="person",
        value="school",
        sentences=(
            "{head} attended {value}.",
            "{head} is a graduate of {value}.",
            "{head} studied at {value}.",
        ),
        phrases=("the school that {head} attended", "the school where {head} studied"),
        questions=("Which school did {head} attend?", "At which school did {head} study?"),
        words="attended graduate studied",
        condition="attended {value}",
        same="Did {a} and {b} attend the same school?",
    ),
    Relation(
        name="won",
        head="person",
        value="prize",
        sentences=(
            "{head} won {value}.",
            "{head} was awarded {value}.",
            "{head} was honoured with {value}.",
        ),
        phrases=("the prize that {head} won", "the prize awarded to {head}"),
        questions=("Which prize did {head} win?", "Which prize was awarded to {head}?"),
        words="won awarded honoured",
        condition="won {value}",
        same="Did {a} and {b} win the same prize?",
    ),
    Relation(
        name="region",
        head="town",
        value="region",
        sentences=(
            "{head} lies in {value}.",
            "{head} belongs to {value}.",
            "{head} is part of {value}.",
        ),
        phrases=("the region of {head}", "the region around {head}"),
        questions=("In which region is {head}?", "Which region does {head} belong to?"),
        words="lies region belongs part",
        same="Are {a} and {b} in the same region?",
    ),
    Relation(
        name="river",
        head="town",
        value="river",
        sentences=(
            "{head} stands on {value}.",
            "{value} flows through {head}.",
            "{head} grew up on the banks of {value}.",
        ),
        phrases=("the river that flows through {head}", "the river of {head}"),
        questions=("Which river flows through {head}?", "On which river does {head} stand?"),
        words="stands river flows banks",
        same="Does the same river flow through {a} and {b}?",
    ),
    Relation(
        name="mayor",
        head="town",
        value="person",
        sentences=(
            "The mayor of {head} is {value}.",
            "{value} is the mayor of {head}.",
            "{head} elected {value} as mayor.",
        ),
        phrases=("the mayor of {head}",),
        questions=("Who is the mayor of {head}?", "Whom did {head} elect as mayor?"),
        words="mayor elected",
    ),
    Relation(
        name="founded",
        head="town",
        value="year",
        sentences=(
            "{head} was founded in {value}.",
            "{head} was settled in {value}.",
            "The first houses of {head} were built in {value}.",
        ),
        questions=("In which year was {head} founded?", "When was {head} founded?"),
        words="founded settled first houses",
        larger=("Which town was founded later, {a} or {b}?", "Which town is younger, {a} or {b}?"),
        smaller=("Which town was founded earlier, {a} or {b}?", "Which town is older, {a} or {b}?"),
    ),
    Relation(
        name="population",
        head="town",
        value="people",
        sentences=(
            "{head} has a population of {value}.",
            "{head} has {value} inhabitants.",
            "The population of {head} is {value}.",
        ),
        questions=("What is the population of {head}?", "How many inhabitants does {head} have?"),
        words="population inhabitants",
        larger=("Which town has more inhabitants, {a} or {b}?", "Which town is larger, {a} or {b}?"),
        smaller=("Which town has fewer inhabitants, {a} or {b}?", "Which town is smaller, {a} or {b}?"),
    ),
    Relation(
        name="capital",
        head="region",
        value="town",
        sentences=("The capital of {head} is {value}.", "{value} is the capital of {head}."),
        phrases=("the capital of {head}",),
        questions=("What is the capital of {head}?", "Which town is the capital of {head}?"),
        words="capital",
    ),
    Relation(
        name="governor",
        head="region",
        value="person",
        sentences=(
            "The governor of {head} is {value}.",
            "{value} is the governor of {head}.",
            "{head} is governed by {value}.",
        ),
        phrases=("the governor of {head}",),
        questions=("Who is the governor of {head}?", "Who governs {head}?"),
        words="governor governed",
    ),
    Relation(
        name="seat",
        head="company",
        value="town",
        sentences=(
            "{head} has its seat in {value}.",
            "{head} is based in {value}.",
            "The seat of {head} is in {value}.",
        ),
        phrases=("the town where {head} is based", "the seat of {head}"),
        questions=("In which town is {head} based?", "Where does {head} have its seat?"),
        words="seat based",
        same="Are {a} and {b} based in the same town?",
    ),
    Relation(
        name="founder",
        head="company",
        value="person",
        sentences=(
            "{head} was started by {value}.",
            "The founder of {head} is {value}.",
            "{value} is the founder of {head}.",
        ),
        phrases=("the founder of {head}", "the person who started {head}"),
        questions=("Who is the founder of {head}?", "Who started {head}?"),
        words="founder started",
        same="Do {a} and {b} have the same founder?",
    ),
    Relation(
        name="founded",
        head="company",
        value="year",
        sentences=(
            "{head} opened for business in {value}.",
            "{head} has traded since {value}.",
            "The first year of trade of {head} was {value}.",
        ),
        questions=("In which year did {head} open for business?", "Since when has {head} traded?"),
        words="opened business traded year",
        larger=("Which company is younger, {a} or {b}?", "Which company opened later, {a} or {b}?"),
        smaller=("Which company is older, {a} or {b}?", "Which company opened earlier, {a} or {b}?"),
    ),
    Relation(
        name="product",
        head="company",
        value="product",
        sentences=("{head} makes {value}.", "{head} is a maker of {value}.", "{head} produces {value}."),
        questions=("What does {head} make?", "What is the product of {head}?"),
        words="makes maker produces product",
        same="Do {a} and {b} make the same product?",
    ),
    Relation(
        name="author",
        head="book",
        value="person",
        sentences=(
            "{head} was written by {value}.",
            "The author of {head} is {value}.",
            "{value} is the author of {head}.",
        ),
        phrases=("the author of {head}", "the person who wrote {head}"),
        questions=("Who is the author of {head}?", "Who wrote {head}?"),
        words="author written wrote",
        same="Were {a} and {b} written by the same person?",
    ),
    Relation(
        name="setting",
        head="book",
        value="town",
        sentences=(
            "{head} is set in {value}.",
            "{head} takes place in {value}.",
            "The story of {head} unfolds in {value}.",
        ),
        phrases=("the town where {head} is set", "the setting of {head}"),
        questions=("In which town is {head} set?", "Where does {head} take place?"),
        words="set setting takes place story",
        same="Are {a} and {b} set in the same town?",
    ),
    Relation(
        name="published",
        head="book",
        value="year",
        sentences=(
            "{head} was published in {value}.",
            "{head} first appeared in {value}.",
            "{head} was first printed in {value}.",
        ),
        questions=("In which year was {head} published?", "When did {head} first appear?"),
        words="published appeared printed",
        larger=("Which book was published later, {a} or {b}?", "Which book is newer, {a} or {b}?"),
        smaller=("Which book was published earlier, {a} or {b}?", "Which book is older, {a} or {b}?"),
    ),
    Relation(
        name="length",
        head="river",
        value="kilometres",
        sentences=(
            "{head} is {value} km long.",
            "{head} runs for {value} km.",
            "The length of {head} is {value} km.",
        ),
        questions=("How many km long is {head}?", "What is the length of {head} in km?"),
        words="long length km",
        larger=("Which river is longer, {a} or {b}?",),
        smaller=("Which river is shorter, {a} or {b}?",),
    ),
    Relation(
        name="mouth",
        head="river",
        value="town",
        sentences=(
            "{head} reaches the sea at {value}.",
            "The mouth of {head} is at {value}.",
            "{head} ends at {value}.",
        ),
        phrases=("the town at the mouth of {head}", "the town where {head} ends"),
        questions=("Which town lies at the mouth of {head}?", "In which town does {head} end?"),
        words="mouth sea ends",
        same="Do {a} and {b} end in the same town?",
    ),
    Relation(
        name="town",
        head="school",
        value="town",
        sentences=(
            "{head} is located in {value}.",
            "The buildings of {head} are in {value}.",
            "{head} can be found in {value}.",
        ),
        phrases=("the town where {head} is located", "the home town of {head}"),
        questions=("In which town is {head} located?", "What is the home town of {head}?"),
        words="located buildings town",
        same="Are {a} and {b} located in the same town?",
    ),
    Relation(
        name="principal",
        head="school",
        value="person",
        sentences=(
            "The principal of {head} is {value}.",
            "{head} is led by {value}.",
            "{value} is the principal of {head}.",
        ),
        phrases=("the principal of {head}", "the person who leads {head}"),
        questions=("Who is the principal of {head}?", "Who leads {head}?"),
        words="principal led",
    ),
    Relation(
        name="first_winner",
        head="prize",
        value="person",
        sentences=(
            "{head} was first given to {value}.",
            "The first winner of {head} was {value}.",
            "{value} was the first winner of {head}.",
        ),
        phrases=("the first winner of {head}",),
        questions=("Who was the first winner of {head}?", "To whom was {head} first given?"),
        words="first winner given",
    ),
    Relation(
        name="sponsor",
        head="prize",
        value="company",
        sentences=(
            "{head} is paid for by {value}.",
            "The sponsor of {head} is {value}.",
            "{value} is the sponsor of {head}.",
        ),
        phrases=("the sponsor of {head}", "the company that pays for {head}"),
        questions=("Which company is the sponsor of {head}?", "Which company pays for {head}?"),
        words="sponsor paid pays",
        same="Do {a} and {b} have the same sponsor?",
    ),
)

RELATIONS_OF: Mapping[EntityType, tuple[Relation, ...]] = {
    kind: tuple(relation for relation in RELATIONS if relation.head == kind) for kind in ENTITY_TYPES
}
"""The relations of each type of head, in the table's order."""
BY_ID: Mapping[str, Relation] = {relation.id: relation for relation in RELATIONS}

CONSTRAINTS = ("Who {first} and {second}?", "Which person {first} and {second}?")
"""Questions for the only person of whom two conditions hold; a condition's value may be a noun phrase."""
HOMONYM = "the {value} {head}"
"""A person who shares the name with another, told apart by the occupation (level 3)."""


def mention(kind: EntityType, name: str) -> str:
    """The name as it stands in a sentence: rivers and prizes after ``the``."""
    return f"the {name}" if kind in WITH_ARTICLE else name


def sentence(template: str, **values: object) -> str:
    """Fills a template in and makes its first letter a capital."""
    filled = template.format(**values)
    return filled[:1].upper() + filled[1:]
