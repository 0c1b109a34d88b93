import html
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skill_gym.benchmarks.bank_page.markup import Markup, join, link, plain, tag, visible
from skill_gym.benchmarks.bank_page.text_difference import MOST_PAIRS, side_by_side


class Elements(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, attrs))


@given(st.text(), st.text())
def test_texts_and_attributes_never_become_elements(text: str, value: str) -> None:
    made = tag("p", text, visible(text), title=value)
    found = Elements(made).found
    assert [name for name, attributes in found if dict(attributes).get("class") != "hidden-character"] == [
        "p"
    ]
    assert [name for name, _ in found[0][1]] == ["title"]
    assert html.unescape(str(tag("p", text))) == f"<p>{html.unescape(html.escape(text))}</p>"


def test_parts_are_joined_and_escaped_once() -> None:
    inner = tag("b", "<&>")
    assert join("a<", None, [inner, ("x", ["&"])]) == "a&lt;<b>&lt;&amp;&gt;</b>x&amp;"
    assert isinstance(join(inner), Markup)


def test_attributes_are_spelt_as_html_wants() -> None:
    made = tag("input", class_="a", aria_label="b", required=True, checked=False, value=None, size=3)
    assert made == '<input class="a" aria-label="b" required size="3"/>'


def test_link_leaves_out_what_is_empty_and_quotes_the_rest() -> None:
    assert link("/", q="", place=None) == "/"
    assert link("/entry", id="a/b?c&d ü") == "/entry?id=a%2Fb%3Fc%26d+%C3%BC"


@pytest.mark.parametrize(
    "hidden", ["\u202e", "\u200b", "\0", "\x1b", "\u2066", "\ufeff", "\ud800", "\ue000", "\u2028"]
)
def test_what_a_reader_would_not_see_is_marked(hidden: str) -> None:
    shown = visible(f"a{hidden}b")
    assert hidden not in shown
    assert f"U+{ord(hidden):04X}" in shown
    assert plain(f"a{hidden}b") == "a\ufffdb"


def test_writing_that_needs_joiners_stays_whole() -> None:
    for text in ("👩‍🍳 cooks", "می‌خواهم", "打开抽屉", "ß é\nnext\tcell"):
        assert "hidden-character" not in visible(text)
    assert "U+200D" in visible("pass\u200dword")


WORDS = st.lists(st.sampled_from(["open", "the", "shut", "door", ",", " ", "\n", "<b>"]), max_size=30).map(
    "".join
)


@given(WORDS, WORDS)
def test_sides_hold_their_texts_and_agree_outside_the_marks(before: str, after: str) -> None:
    left, right = side_by_side(before, after)
    assert html.unescape(re.sub("</?(?:del|ins)>", "", left)) == before
    assert html.unescape(re.sub("</?(?:del|ins)>", "", right)) == after
    assert re.sub("<del>.*?</del>", "", left, flags=re.S) == re.sub("<ins>.*?</ins>", "", right, flags=re.S)


def test_only_the_words_that_differ_are_marked() -> None:
    left, right = side_by_side("open the door now", "open a door now")
    assert left == "open <del>the</del> door now"
    assert right == "open <ins>a</ins> door now"


def test_two_long_texts_are_compared_in_no_time() -> None:
    before, after = "a b " * 25_000, "c d " * 25_000
    assert len(before.split()) ** 2 > MOST_PAIRS
    left, _ = side_by_side(f"same {before}end", f"same {after}end")
    assert left.startswith("same <del>a b ")
    assert left.endswith("</del> end")
