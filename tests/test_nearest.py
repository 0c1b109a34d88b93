"""The nearest vectors: exact in small banks, nearly so in big ones, ties in order, only rows that count."""

import numpy as np
import pytest

from skill_gym.skillbanks.nearest import Near, Nearest, diverse
from skill_gym.skillbanks.vectors import VectorError


def unit(count: int, width: int = 16, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((count, width)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def filled(vectors: np.ndarray, **options) -> Nearest:
    nearest = Nearest(vectors.shape[1], **options)
    nearest.add(vectors)
    return nearest


def best(vectors: np.ndarray, query: np.ndarray, rows: np.ndarray, k: int) -> list[int]:
    return rows[np.argsort(-(vectors[rows] @ query), kind="stable")[:k]].tolist()


@pytest.mark.parametrize("count", [1, 5, 40_000])
def test_the_matrix_gives_the_nearest_exactly(count):
    vectors, queries = unit(count), unit(7, seed=1)
    rows = np.arange(count)
    for query, near in zip(queries, filled(vectors).search(queries, 5, rows), strict=True):
        assert near.rows.tolist() == best(vectors, query, rows, 5)
        assert near.cosines == pytest.approx(vectors[near.rows] @ query, abs=1e-6)


def test_only_rows_that_count_are_found():
    vectors, queries = unit(500), unit(3, seed=1)
    rows = np.arange(0, 500, 7)
    for query, near in zip(queries, filled(vectors).search(queries, 9, rows), strict=True):
        assert near.rows.tolist() == best(vectors, query, rows, 9)


def test_equally_near_rows_come_in_the_order_of_rows():
    vectors = np.repeat(unit(3), 1000, axis=0)
    query = vectors[:1]
    rows = np.arange(3000)[::-1].copy()
    (near,) = filled(vectors).search(query, 4, rows)
    assert near.rows.tolist() == [999, 998, 997, 996]


def test_added_vectors_are_found_and_rows_keep_their_numbers():
    nearest = Nearest(16)
    first, second = unit(10), unit(3000, seed=5)
    assert nearest.add(first).tolist() == list(range(10))
    before = nearest.matrix.copy()
    assert nearest.add(second).tolist() == list(range(10, 3010))
    assert (nearest.matrix[:10] == before).all()
    (near,) = nearest.search(second[17:18], 1, np.arange(3010))
    assert near.rows.tolist() == [27]


def test_nothing_to_find_is_no_error():
    nearest = filled(unit(4))
    for k, rows in ((0, np.arange(4)), (3, np.zeros(0, dtype=np.int64))):
        assert [len(near.rows) for near in nearest.search(unit(2), k, rows)] == [0, 0]
    assert nearest.search(unit(0), 3, np.arange(4)) == []


def test_another_width_is_refused():
    nearest = filled(unit(4))
    with pytest.raises(VectorError, match="expected vectors of 16 numbers"):
        nearest.add(unit(2, 8))
    with pytest.raises(VectorError, match="the queries have shape"):
        nearest.search(unit(2, 8), 1, np.arange(4))


def test_big_banks_are_searched_by_an_index_with_exact_cosines():
    pytest.importorskip("faiss")
    centres = unit(60, 32, seed=3)
    vectors = unit(6000, 32) * 0.5 + np.repeat(centres, 100, axis=0)
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    nearest = filled(vectors[:4000], exact_up_to=1000)
    queries = vectors[::500] + 0.1 * unit(12, 32, seed=9)
    rows = np.arange(4000)
    found = nearest.search(queries, 10, rows)
    hits = [
        len({*near.rows.tolist()} & {*best(vectors, q, rows, 10)})
        for q, near in zip(queries, found, strict=True)
    ]
    assert sum(hits) >= 0.95 * 120
    for query, near in zip(queries, found, strict=True):
        assert near.cosines == pytest.approx(vectors[near.rows] @ query, abs=1e-5)
        assert (np.diff(near.cosines) <= 1e-6).all()
    nearest.add(vectors[4000:4500])
    (near,) = nearest.search(vectors[4321:4322], 1, np.arange(4500))
    assert near.rows.tolist() == [4321], "what was added later is in the index"
    nearest.add(vectors[4500:])
    odd = np.arange(1, 6000, 2)
    (near,) = nearest.search(vectors[4320:4321], 10, odd)
    assert (near.rows % 2 == 1).all(), "rows that do not count are passed over"
    assert len({*near.rows.tolist()} & {*best(vectors, vectors[4320], odd, 10)}) >= 9


def test_diversity_of_one_is_the_order_itself_and_of_less_avoids_likeness():
    vectors = np.array([[1, 0, 0], [0.99, 0.141, 0], [0.7, 0, 0.714]], dtype=np.float32)
    near = Near(np.arange(3), vectors @ np.array([1, 0, 0], dtype=np.float32))
    assert diverse(near, vectors, 3, 1.0) == [0, 1, 2]
    assert diverse(near, vectors, 2, 0.5) == [0, 1], (
        "0.5 (0.99 - 0.99) against 0.5 (0.7 - 0.7): the nearer one"
    )
    assert diverse(near, vectors, 2, 0.4) == [0, 2]
    assert diverse(near, vectors, 9, 0.0)[0] == 0
    assert diverse(Near(near.rows[:0], near.cosines[:0]), vectors[:0], 2, 0.5) == []
