"""Packs and trees: the same games from both, read on demand, and clear errors for what is broken."""

import json
import logging
import lzma
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from small_room import small_game

from skill_gym import cache
from skill_gym.alfworld import packs
from skill_gym.alfworld.games import (
    SHORT_TASK_TYPES,
    TASK_TYPES,
    Game,
    GameError,
    long_task_types,
    open_games,
)
from skill_gym.alfworld.packs import write_pack
from skill_gym.alfworld.shelf import Shelf
from skill_gym.cache import cache_folder, fill_once

LAMP = "look_at_obj_in_light"
GAMES = (
    small_game("trial_2"),
    small_game("trial_1", start="loc_bar_5"),
    replace(
        small_game(),
        id="valid_seen/look_at_obj_in_light-Pencil-None-DeskLamp-1/trial_3",
        task_type=LAMP,
        sentence="examine the pencil with the desklamp.",
        walkthrough=("go to shelf 1", "use desklamp 1", "take pencil 1 from shelf 1"),
    ),
)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("ALFWORLD_DATA", raising=False)


@pytest.fixture
def pack(tmp_path) -> Path:
    folder = tmp_path / "packs"
    folder.mkdir()
    write_pack(folder / "valid_seen.jsonl.xz", GAMES)
    return folder


def write_tree(folder: Path, games: tuple[Game, ...] = GAMES, **changes: object) -> Path:
    for game in games:
        trial = folder / "json_2.1.1" / game.id
        trial.mkdir(parents=True, exist_ok=True)
        played = {
            "pddl_domain": "(define (domain alfred))",
            "grammar": 'grammar :: """\n{"task": [{"rhs": "Your task is to: ' + game.sentence + '"}]}\n"""',
            "pddl_problem": game.problem,
            "solvable": True,
            "walkthrough": list(game.walkthrough),
            **changes,
        }
        (trial / "game.tw-pddl").write_text(json.dumps(played))
        traj = {
            "task_type": game.task_type,
            "scene": {"floor_plan": game.floor_plan},
            "turk_annotations": {"anns": [{"task_desc": text} for text in game.task_descs]},
        }
        (trial / "traj_data.json").write_text(json.dumps(traj))
    return folder


def rewrite(folder: Path, line: int, change) -> Path:
    path = folder / "valid_seen.jsonl.xz"
    with lzma.open(path, "rt") as file:
        rows = file.read().splitlines()
    rows[line - 1] = change(rows[line - 1])
    with lzma.open(path, "wt") as file:
        file.write("\n".join(rows) + "\n")
    return folder


def field(name: str, value: object):
    return lambda row: json.dumps({**json.loads(row), name: value})


def test_both_sources_have_the_same_tasks_and_games_in_the_order_of_ids(pack, tmp_path):
    from_pack = open_games(pack, "valid_seen")
    from_tree = open_games(write_tree(tmp_path / "data"), "valid_seen")
    assert [task.id for task in from_pack.tasks] == sorted(game.id for game in GAMES)
    assert list(from_pack.tasks) == list(from_tree.tasks)
    for task in from_pack.tasks:
        assert from_pack.game(task.id) == from_tree.game(task.id)
        assert from_pack.game(task.id) == next(game for game in GAMES if game.id == task.id)


def test_the_tree_may_be_given_by_itself_or_by_its_root_or_the_environment(tmp_path, monkeypatch):
    folder = write_tree(tmp_path / "data")
    ids = [task.id for task in open_games(folder, "valid_seen").tasks]
    assert [task.id for task in open_games(folder / "json_2.1.1", "valid_seen").tasks] == ids
    monkeypatch.setenv("ALFWORLD_DATA", str(folder))
    assert [task.id for task in open_games(None, "valid_seen").tasks] == ids


def test_tasks_tell_type_goal_and_a_key_that_names_the_data(pack):
    source = open_games(pack, "valid_seen")
    task = source.tasks[0]
    assert (task.task_type, task.goal, task.split) == (LAMP, GAMES[2].sentence, "valid_seen")
    assert task.key == f"skill_gym/ALFWorld-v0:{source.source}:{task.id}"
    assert source.find(task.id) == task
    assert source.find("valid_seen/other") is None
    assert len(source.tasks[1:]) == 2


def test_other_data_has_another_key(pack, tmp_path):
    before = open_games(pack, "valid_seen").source
    rewrite(pack, 1, field("pddl_problem", GAMES[1].problem))
    assert open_games(pack, "valid_seen").source != before


@pytest.mark.parametrize("names", [[LAMP], ["look"], "look"])
def test_task_types_are_filtered_by_long_and_short_names(pack, tmp_path, names):
    for folder in (pack, write_tree(tmp_path / "data")):
        source = open_games(folder, "valid_seen", names)
        assert [task.task_type for task in source.tasks] == [LAMP]
        assert source.find(GAMES[0].id) is None


def test_all_short_names_stand_for_the_six_types():
    assert long_task_types(["two", "place", "look", "clean", "heat", "cool"]) == TASK_TYPES
    assert SHORT_TASK_TYPES["two"] == "pick_two_obj_and_place"
    with pytest.raises(ValueError, match=r"unknown task type 'fold'.*look_at_obj_in_light"):
        long_task_types(["fold"])
    with pytest.raises(ValueError, match="empty"):
        long_task_types([])


def test_a_filter_that_leaves_nothing_is_refused(pack, tmp_path):
    for folder in (pack, write_tree(tmp_path / "data")):
        with pytest.raises(GameError, match="no game of pick_two_obj_and_place"):
            open_games(folder, "valid_seen", ["two"])


def test_data_is_not_written_to(pack, tmp_path):
    tree = write_tree(tmp_path / "data")
    before = sorted(map(str, (*pack.rglob("*"), *tree.rglob("*"))))
    for folder in (pack, tree):
        source = open_games(folder, "valid_seen")
        source.game(source.tasks[0].id)
    assert sorted(map(str, (*pack.rglob("*"), *tree.rglob("*")))) == before


def test_the_cache_is_filled_once_and_found_again_wherever_the_pack_lies(pack, tmp_path, monkeypatch):
    ids = list(open_games(pack, "valid_seen").tasks)
    monkeypatch.setattr(packs, "_unpack", lambda *_: pytest.fail("unpacked twice"))
    packs._read_index.cache_clear()
    moved = tmp_path / "elsewhere"
    pack.rename(moved)
    assert list(open_games(moved, "valid_seen").tasks) == ids


def test_a_damaged_cache_is_made_anew(pack, tmp_path, caplog):
    ids = list(open_games(pack, "valid_seen").tasks)
    (rows,) = tmp_path.glob("cache/skill-gym/alfworld/*/rows")
    rows.write_bytes(rows.read_bytes()[:-10])
    packs._read_index.cache_clear()
    again = open_games(pack, "valid_seen")
    assert "damaged" in caplog.text
    assert list(again.tasks) == ids
    assert again.game(ids[-1].id).problem


def test_an_unwritable_cache_falls_back_with_a_warning(pack, tmp_path, monkeypatch, caplog):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    source = open_games(pack, "valid_seen")
    assert source.game(source.tasks[0].id).sentence == GAMES[2].sentence
    assert "cannot write to the cache folder" in caplog.text
    assert "XDG_CACHE_HOME" in caplog.text


def test_a_folder_filled_by_many_at_once_is_whole(tmp_path):
    def write(folder: Path) -> None:
        for number in range(50):
            (folder / str(number)).write_text("x")

    target = cache_folder("race") / "one"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: fill_once(target, write), range(8)))
    assert len(list(target.iterdir())) == 50
    assert [path.name for path in target.parent.iterdir()] == ["one"]


def test_a_folder_whose_writing_fails_is_not_there(tmp_path):
    target = cache_folder("fail") / "one"
    with pytest.raises(OSError, match="disk"):
        fill_once(target, lambda _: (_ for _ in ()).throw(OSError("disk full")))
    assert list(target.parent.iterdir()) == []


def test_sources_pickle_small(pack, tmp_path):
    for folder in (pack, write_tree(tmp_path / "data")):
        source = open_games(folder, "valid_seen", ["look"])
        stored = pickle.dumps(source)
        assert len(stored) < 1000
        assert list(pickle.loads(stored).tasks) == list(source.tasks)


def test_games_without_descriptions_are_fine(pack):
    rewrite(pack, 1, field("task_descs", []))
    rewrite(pack, 1, field("floor_plan", ""))
    assert open_games(pack, "valid_seen").game(GAMES[0].id).task_descs == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda row: row[:100], "line 2: not JSON"),
        (lambda _: "[1]", "line 2: expected a JSON object, got list"),
        (field("pddl_problem", None), "line 2, field 'pddl_problem': expected a text, got 'None'"),
        (field("task", ""), "line 2, field 'task'"),
        (field("task_type", "fold"), "line 2, field 'task_type': 'fold' is none of"),
        (field("walkthrough", "go"), "line 2, field 'walkthrough': expected a list of texts"),
        (field("task_descs", [1]), "line 2, field 'task_descs'"),
        (field("id", GAMES[0].id), "line 2, field 'id': .* is also in line 1"),
        (field("walkthrough", ["put mug 1 in/on shelf 1"]), "line 2, field 'walkthrough': .*0.2.x"),
    ],
)
def test_a_corrupt_row_is_named_by_file_line_and_field(pack, change, words):
    with pytest.raises(GameError, match=f"valid_seen.jsonl.xz, {words}"):
        open_games(rewrite(pack, 2, change), "valid_seen")


def test_a_problem_that_cannot_be_read_is_named_by_file_line_and_field(pack):
    source = open_games(rewrite(pack, 2, field("pddl_problem", "(define")), "valid_seen")
    with pytest.raises(GameError, match=r"valid_seen.jsonl.xz, line 2, field 'pddl_problem': parentheses"):
        Shelf().take(source, GAMES[1].id)


def test_a_pack_that_breaks_off_is_named(pack):
    path = pack / "valid_seen.jsonl.xz"
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(GameError, match=r"valid_seen\.jsonl\.xz breaks off or is damaged after line \d"):
        open_games(pack, "valid_seen")
    path.write_bytes(b"not xz at all")
    with pytest.raises(GameError, match="damaged after line 0"):
        open_games(pack, "valid_seen")


def test_an_empty_pack_is_refused(pack):
    write_pack(pack / "valid_seen.jsonl.xz", ())
    with pytest.raises(GameError, match="has no games"):
        open_games(pack, "valid_seen")


def test_missing_data_says_what_to_do(tmp_path, pack, monkeypatch):
    with pytest.raises(GameError, match="ALFWORLD_DATA is not set; run alfworld-download"):
        open_games(None, "train")
    monkeypatch.setenv("ALFWORLD_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(GameError, match=r"ALFWORLD_DATA: there is no folder .*alfworld-download"):
        open_games(None, "train")
    with pytest.raises(GameError, match=r"neither json_2\.1\.1 nor train\.jsonl\.xz"):
        open_games(tmp_path, "train")
    with pytest.raises(GameError, match=r"no train\.jsonl\.xz .* only valid_seen\.jsonl\.xz"):
        open_games(pack, "train")
    with pytest.raises(ValueError, match=r"unknown split 'test'; .*valid_unseen"):
        open_games(pack, "test")


def test_half_extracted_trees_say_what_is_missing(tmp_path):
    tree = write_tree(tmp_path / "data")
    with pytest.raises(GameError, match=r"has no folder train \(it has valid_seen\).*alfworld-download"):
        open_games(tree, "train")
    for path in tree.rglob("game.tw-pddl"):
        path.unlink()
    with pytest.raises(
        GameError, match=r"3 trials with traj_data\.json, 3 of them without game\.tw-pddl.*download"
    ):
        open_games(tree, "valid_seen")


def test_torn_files_of_a_tree_are_named(tmp_path):
    tree = write_tree(tmp_path / "data")
    path = next(tree.rglob("traj_data.json"))
    path.write_text(path.read_text()[:20])
    with pytest.raises(GameError, match=r"traj_data\.json cannot be read.*half extracted"):
        open_games(tree, "valid_seen")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"walkthrough": ["put mug 1 in/on shelf 1"]}, "field 'walkthrough'.*0.2.x"),
        ({"grammar": 'template :: "put {o} in/on {r}"'}, "field 'grammar'.*0.2.x"),
        ({"grammar": "nothing"}, "field 'grammar': no sentence"),
        ({"pddl_problem": None}, "field 'pddl_problem': expected a str, got NoneType"),
    ],
)
def test_unfit_games_of_a_tree_are_named(tmp_path, changes, words):
    with pytest.raises(GameError, match=r"game\.tw-pddl, " + words):
        open_games(write_tree(tmp_path / "data", **changes), "valid_seen")


def test_a_tree_keeps_what_the_original_keeps(tmp_path, caplog):
    tree = write_tree(tmp_path / "data")
    kind, trial = GAMES[0].id.split("/")[1:]
    for folder in (f"{kind}-movable", f"{kind}-Sliced"):
        write_tree(tree, (replace(GAMES[0], id=f"valid_seen/{folder}/{trial}"),))
    write_tree(tree, (replace(GAMES[0], id=f"valid_seen/{kind}/unsolvable"),), solvable=False)
    write_tree(tree, (replace(GAMES[0], id=f"valid_seen/{kind}/other", task_type="fold"),))
    with caplog.at_level(logging.WARNING):
        source = open_games(tree, "valid_seen")
    assert [task.id for task in source.tasks] == sorted(game.id for game in GAMES)
    assert "has 3 playable games of the 140" in caplog.text


def test_a_tree_that_changed_is_read_again(tmp_path):
    tree = write_tree(tmp_path / "data")
    assert len(open_games(tree, "valid_seen").tasks) == 3
    write_tree(tree, (replace(GAMES[0], id="valid_seen/one/more"),))
    assert len(open_games(tree, "valid_seen").tasks) == 4


@pytest.mark.parametrize("kind", ["pack", "tree"])
def test_unknown_games_name_near_ones(pack, tmp_path, kind):
    source = open_games(pack if kind == "pack" else write_tree(tmp_path / "data"), "valid_seen")
    with pytest.raises(GameError, match=r"no game .*near ones are .*trial_1"):
        source.game(GAMES[0].id.replace("trial_2", "trial_9"))


def test_the_shelf_keeps_the_games_used_last(pack):
    source = open_games(pack, "valid_seen")
    shelf = Shelf(2)
    first, second, third = (task.id for task in source.tasks)
    kept = shelf.take(source, first)
    shelf.take(source, second)
    assert shelf.take(source, first) is kept
    shelf.take(source, third)
    assert len(shelf) == 2
    assert shelf.take(source, first) is kept
    assert kept.game.problem == ""
    with pytest.raises(ValueError, match="at least 1"):
        Shelf(0)


def test_the_temporary_cache_is_the_same_for_a_whole_process(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert cache_folder("a") == cache_folder("a")
    assert cache._writable.cache_info().hits >= 1
