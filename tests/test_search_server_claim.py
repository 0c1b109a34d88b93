from collections.abc import Sequence

import pytest
from search_servers import Slow, echo, free_port, scripted, serving

from skill_gym.benchmarks import search_load
from skill_gym.benchmarks.search_load import load, right_answers
from skill_gym.benchmarks.search_server import SPLIT, _episode_figures, played
from skill_gym.benchmarks.search_server_process import Outages, ServerProcess
from skill_gym.search.generator import GeneratorConfig, generated_world
from skill_gym.search.passages import Hit, PassageIndex
from skill_gym.search.remote import RemoteIndex
from skill_gym.search.server import create_app

pytest.importorskip("fastapi")
EPISODES = 40


class Lying(Slow):
    """Now and then finds something else."""

    def search(self, queries: Sequence[str], k: int) -> list[list[Hit]]:
        found = self.inner.search(queries, k)
        return [
            hits[::-1] if len(query) % 7 == 0 else hits for query, hits in zip(queries, found, strict=True)
        ]


def world_index() -> PassageIndex:
    return generated_world(SPLIT, GeneratorConfig(), EPISODES).index


def questions() -> list[str]:
    return [one.question for one in generated_world(SPLIT, GeneratorConfig(), EPISODES).questions]


def test_load_finds_nothing_wrong_with_a_server_and_everything_with_a_liar() -> None:
    right = right_answers(world_index(), questions(), 3)
    assert len(right) == 120
    with serving(create_app(world_index())) as url:
        seen = load(f"{url}/retrieve", right, ("batch", "single"), malformed=True)
    assert (len(seen.seconds), seen.wrong, seen.failed, seen.hung, seen.accepted) == (120, 0, 0, 0, 0)
    assert seen.malformed > 0
    lies = sum(len(query) % 7 == 0 and hits != hits[::-1] for query, hits in right.items())
    with serving(create_app(Lying(world_index()))) as url:
        assert load(f"{url}/retrieve", right, ("batch",)).wrong == lies > 0


def test_load_counts_failures_and_accepted_malformed_requests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right = right_answers(world_index(), questions(), 1)
    monkeypatch.setattr(search_load, "TIMEOUT", 0.5)
    seen = load(f"http://127.0.0.1:{free_port()}/retrieve", right, ("batch",), malformed=True)
    assert (seen.failed, seen.wrong, seen.accepted) == (40, 0, 0)
    monkeypatch.setattr(search_load, "MALFORMED", (b'{"queries": ["a"]}',))
    with scripted(echo) as (url, _):
        seen = load(url, right, ("batch",), malformed=True)
    assert seen.accepted == seen.malformed > 0
    assert seen.wrong == 40


def test_environments_on_a_server_play_as_on_the_index_itself() -> None:
    local, _ = played(None, EPISODES, 8)
    with serving(create_app(world_index())) as url, RemoteIndex(url, cache=0) as index:
        remote, stats = played(index, EPISODES, 32)
        assert stats.broken == {}
        assert index.stats.requests < index.stats.queries
    figures = _episode_figures(local, remote)
    assert figures["episodes"] == EPISODES
    assert all(figures[name] == 0 for name in ("episodes_lost", "episodes_broken", "episodes_wrong"))
    with serving(create_app(Lying(world_index()))) as url, RemoteIndex(url, cache=0) as index:
        assert _episode_figures(local, played(index, EPISODES, 32)[0])["episodes_wrong"]


def test_environments_on_a_server_that_goes_end_broken_at_the_retriever() -> None:
    local, _ = played(None, EPISODES, 8)
    asked = []

    class Failing(Slow):
        def search(self, queries: Sequence[str], k: int) -> list[list[Hit]]:
            asked.extend(queries)
            if len(asked) > 30:
                raise OSError("the disk is gone")
            return self.inner.search(queries, k)

    with serving(create_app(Failing(world_index()))) as url:
        index = RemoteIndex(url, cache=0, timeout=1, attempts=1)
        found, stats = played(index, EPISODES, 8)
    figures = _episode_figures(local, found)
    assert 0 < int(figures["episodes_broken"] or 0) < EPISODES
    assert stats.broken == {"retriever": figures["episodes_broken"]}
    assert all(figures[name] == 0 for name in ("episodes_lost", "broken_elsewhere", "episodes_wrong"))
    broken = [one for one in found.values() if one.ended == "broken"]
    assert all("the disk is gone" in one.meta["error"] or "no answer" in one.meta["error"] for one in broken)
    assert not any("disk" in turn.prompt for one in broken for turn in one.turns)


def test_outages_kill_and_restart() -> None:
    with (
        ServerProcess(EPISODES) as server,
        RemoteIndex(server.url, cache=0, attempts=20, timeout=60) as index,
    ):
        assert index.info() == world_index().info()
        with Outages(server, 0.05, (0.1,)) as outages:
            while not outages.kills:
                index.search([f"query {index.stats.queries}"], 3)
        assert outages.kills == 1
        query = questions()[:1]
        assert index.search(query, 3) == world_index().search(query, 3)
