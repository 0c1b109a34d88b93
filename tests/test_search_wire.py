import json

import pytest

from skill_gym.search import wire
from skill_gym.search.passages import Hit, IndexInfo, Passage

PASSAGES = [
    Passage("007", "Velmora", "A town.\nBy a river."),
    Passage("x", 'The "Os" Bridge', "Zwölf Bögen."),
    Passage("y", "", "No title at all."),
    Passage("z", "Only a title", ""),
]


def body(**data: object) -> bytes:
    return json.dumps(data).encode()


@pytest.mark.parametrize("scores", [True, False])
def test_answers_come_back_as_they_were_sent(scores: bool) -> None:
    told = [[Hit(one, 2.5 - number) for number, one in enumerate(PASSAGES)], [], [Hit(PASSAGES[0], 1.0)]]
    read = wire.read_answer(wire.answer_body(told, scores), 3, 10)
    assert [[hit.passage for hit in hits] for hits in read] == [
        [hit.passage for hit in hits] for hits in told
    ]
    assert [[hit.score for hit in hits] for hits in read] == [
        [hit.score if scores else 0.0 for hit in hits] for hits in told
    ]


def test_requests_come_back_as_they_were_sent() -> None:
    batch = wire.read_request(wire.request_body(["a", "ö", "\ud800"], 7, "batch"))
    assert batch == (["a", "ö", "?"], 7, True, "batch")
    assert wire.read_request(wire.request_body(["a"], 1, "single")) == (["a"], 1, True, "single")


def test_defaults_are_those_of_the_two_projects() -> None:
    assert wire.read_request(body(queries=["a"])) == (["a"], 3, False, "batch")
    assert wire.read_request(body(query="a")) == (["a"], 3, True, "single")
    assert wire.read_request(body(queries=[], topk=None, return_scores=None)) == ([], 3, False, "batch")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "expected a JSON object, got a list"),
        ({}, "either 'queries'.*or 'query'.*got neither"),
        ({"query": "a", "queries": ["a"]}, "got both"),
        ({"queries": "a"}, "'queries' must be a list of texts, got a text"),
        ({"queries": {"a": 1}}, "got an object"),
        ({"queries": ["a", None]}, r"'queries'\[1\] must be a text, got null"),
        ({"query": ["a"]}, "'query' must be a text, got a list"),
        ({"query": 5}, "'query' must be a text, got a number"),
        ({"query": "a", "topk": 0}, "'topk' must be a whole number from 1 to 100, got 0"),
        ({"query": "a", "topk": 101}, "got 101"),
        ({"query": "a", "topk": True}, "got True"),
        ({"query": "a", "topk": "3"}, "got '3'"),
        ({"query": "a", "topk": 2.0}, "got 2.0"),
        ({"query": "a", "return_scores": 1}, "'return_scores' must be true or false, got 1"),
    ],
)
def test_requests_that_are_none_are_told_why(data: object, message: str) -> None:
    with pytest.raises(wire.WireError, match=message):
        wire.read_request(json.dumps(data).encode())


@pytest.mark.parametrize(
    ("document", "passage"),
    [
        ({"id": "7", "contents": '"A title"\nText.\nMore.'}, Passage("7", "A title", "Text.\nMore.")),
        ({"id": 7, "contents": "A title\nText."}, Passage("7", "A title", "Text.")),
        (
            {"id": "7", "title": "A title", "text": "Text.", "contents": '"A title"\nText.'},
            Passage("7", "A title", "Text."),
        ),
        ({"id": "7", "title": "A title", "text": "Text."}, Passage("7", "A title", "Text.")),
        ({"id": "7", "text": "Text."}, Passage("7", "", "Text.")),
        (
            {"id": "7", "title": 'So "called"', "contents": '"So "called""\nText.'},
            Passage("7", 'So "called"', "Text."),
        ),
        (
            {"id": "7", "title": "two\nlines", "contents": '"two\nlines"\nText.'},
            Passage("7", "two\nlines", "Text."),
        ),
    ],
)
def test_documents_of_all_servers_are_read(document: dict[str, object], passage: Passage) -> None:
    assert wire.read_document(document) == passage
    for item in (document, {"document": document, "score": 2}):
        (hits,) = wire.read_answer(body(result=[[item]]), 1, 3)
        assert hits == [Hit(passage, 2.0 if "document" in item else 0.0)]


def test_document_without_an_id_is_named_by_what_it_says() -> None:
    one = wire.read_document({"title": "A", "text": "b", "contents": '"A"\nb'})
    assert one.id == wire.read_document({"contents": "A\nb"}).id
    assert one.id != wire.read_document({"contents": "A\nc"}).id
    assert len(one.id) == 16


def test_too_many_passages_are_cut_and_few_are_fine() -> None:
    items = [{"id": str(number), "contents": f"t\n{number}"} for number in range(5)]
    first, second, third = wire.read_answer(body(result=[items, items[:1], []]), 3, 3)
    assert [hit.passage.id for hit in first] == ["0", "1", "2"]
    assert [hit.passage.id for hit in second] == ["0"]
    assert third == []


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"<html>Bad Gateway</html>", "expected JSON"),
        (b"", "expected JSON"),
        (b"\xff\xfe\x00", "expected JSON"),
        (b"[" * 100_000, "expected JSON"),
        (b"[]", "the list 'result', got a list"),
        (b'{"detail": "x"}', "got an object with 'detail'"),
        (b'{"result": "Search error: timeout"}', "the list 'result'"),
        (b'{"result": []}', "expected 1 lists of passages, one for each query, got 0"),
        (b'{"result": [[], []]}', "got 2"),
        (b'{"result": [null]}', "expected a list of passages, got null"),
        (b'{"result": [[5]]}', "expected a document"),
        (b'{"result": [[{"id": "1"}]]}', "'contents' or 'text', got one with 'id'"),
        (b'{"result": [[{"document": null, "score": 1}]]}', "expected a document"),
        (b'{"result": [[{"document": {"contents": 5}, "score": 1}]]}', "'contents' or 'text'"),
        (b'{"result": [[{"document": {"contents": "a"}, "score": "1"}]]}', "a number as the score, got '1'"),
        (b'{"result": [[{"document": {"contents": "a"}, "score": NaN}]]}', "got nan"),
        (b'{"result": [[{"document": {"contents": "a"}, "score": 1%s}]]}' % (b"0" * 400), "got 1000"),
    ],
)
def test_garbage_is_no_answer(answer: bytes, message: str) -> None:
    with pytest.raises(wire.WireError, match=message):
        wire.read_answer(answer, 1, 3)


def test_info_is_read_or_refused() -> None:
    said = body(engine="lucene", passages=5, corpus="ab", max_batch=3)
    assert wire.read_info(said) == IndexInfo("lucene", 5, "ab")
    for garbage in (b"ok", b"[]", body(engine="lucene"), body(engine="lucene", passages="5", corpus="ab")):
        with pytest.raises(wire.WireError):
            wire.read_info(garbage)
