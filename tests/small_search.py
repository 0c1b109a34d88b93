"""A hand-written corpus with its questions, for tests of the Search environment."""

import json
from pathlib import Path
from typing import Any

from skill_gym.search.lucene_index import memory_index
from skill_gym.search.passages import Hit, IndexInfo, Passage, RetrievalError

PASSAGES = (
    Passage(
        "p1", "Lorin Vask", "Lorin Vask is a painter who was born in Melford. She works for Quell Works."
    ),
    Passage("p2", "Melford", "Melford is a town on the river Osk. Its mayor is Tessa Brund."),
    Passage("p3", "Tessa Brund", "Tessa Brund is a baker. She was born in 1901 in Harrow Hill."),
    Passage("p4", "Quell Works", "Quell Works is a company that makes bells. It was founded in 1888."),
    Passage("p5", "Lorin Bridge", "Lorin Bridge is a town on the river Tarn. Its mayor is Odo Fell."),
    Passage("p6", "Odo Fell", "Odo Fell is a sailor. He was born in 1875 in Melford."),
)
ROWS: tuple[dict[str, Any], ...] = (
    {
        "id": "q1",
        "question": "Who is the mayor of the town where Lorin Vask was born?",
        "golden_answers": ["Tessa Brund"],
        "data_source": "made",
        "metadata": {"query_type": "multi_hop_reasoning"},
    },
    {
        "id": "q2",
        "question": "Where was Lorin Vask born?",
        "golden_answers": ["Melford", "the town of Melford"],
        "data_source": "made",
        "metadata": {"query_type": "entity_attribute_lookup"},
    },
    {
        "id": "q3",
        "question": "Who was born earlier, Tessa Brund or Odo Fell?",
        "golden_answers": ["Odo Fell"],
        "data_source": "compared",
        "metadata": {"query_type": "comparison"},
    },
    {
        "id": "q1",
        "question": "When was Quell Works founded?",
        "golden_answers": ["1888"],
        "data_source": "compared",
        "metadata": {"query_type": "direct_retrieval"},
    },
)


def write_questions(path: Path, rows: tuple[dict[str, Any], ...] = ROWS) -> Path:
    """Writes rows as JSON lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


class FailingIndex:
    """A retriever that fails from the given search on."""

    waits = False

    def __init__(self, after: int = 0) -> None:
        self.left = after
        self.inner = memory_index(PASSAGES)

    def search(self, queries: Any, k: int) -> list[list[Hit]]:
        if not self.left:
            raise RetrievalError("connection refused by 127.0.0.1:1")
        self.left -= 1
        return self.inner.search(queries, k)

    def info(self) -> IndexInfo:
        return self.inner.info()
