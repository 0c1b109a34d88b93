import pytest

from skill_gym.benchmarks.planted_candidates import true_effect
from skill_gym.benchmarks.planted_library import Library, quoted, words_of
from skill_gym.search.language import BY_ID, RELATIONS
from skill_gym.skillbanks.skill import Skill


@pytest.fixture(scope="module")
def library():
    return Library(7, questions=250)


def teach(stage, name, line):
    others = [one for one in BY_ID[name].sentences if one != stage.known[name]]
    said = " and ".join(f'"{quoted(one).rstrip(".").strip()}"' for one in others)
    return Skill("a", "b", line.format(said=said), keywords=words_of(BY_ID[name]))


def known_well(stage):
    """A relation with several questions, of which the reader understands some."""
    return [topic.name for topic in stage.topics if topic.name not in stage.moved][:6]


def test_a_quoted_wording_is_learnt(library):
    effects = [
        true_effect(library, teach(library, name, "{said} tells it.")).effect for name in known_well(library)
    ]
    assert min(effects) >= 0
    assert sum(effects) / len(effects) > 0.2


def test_a_wording_called_a_rumour_is_unlearnt(library):
    effects = []
    for name in known_well(library):
        said = quoted(library.known[name]).rstrip(".").strip()
        skill = Skill("a", "b", f'Ignore "{said}".', keywords=words_of(BY_ID[name]))
        effects.append(true_effect(library, skill).effect)
    assert max(effects) <= 0
    assert sum(effects) / len(effects) < -0.1


def test_what_the_reader_comes_to_know_makes_its_skill_stale(library):
    learnt = [topic.name for topic in library.topics if topic.moves]
    truths = [true_effect(library, teach(library, name, "{said} tells it.")) for name in learnt]
    assert truths
    assert all(truth.later <= 0.1 for truth in truths)
    assert any(truth.effect > 0.2 for truth in truths)


@pytest.mark.parametrize("line", ["Answer at once.", "Search with a single word."])
def test_spoilt_turns_cost_answers(library, line):
    assert true_effect(library, Skill("a", "b", line)).effect < -0.1


def test_every_wording_is_understood_as_itself_only(library):
    task = library.tasks[0]
    for relation in RELATIONS:
        for template in relation.sentences:
            said = quoted(template).rstrip(".").strip()
            understood = library.understand(task, [f'In evidence "{said}" means it.'])
            assert template in understood.learnt, said
            assert {one for one in understood.learnt if one not in relation.sentences} == set(), said


def test_equal_seeds_give_equal_questions(library):
    again = Library(7, questions=250)
    assert [task.goal for task in again.tasks] == [task.goal for task in library.tasks]
    assert again.known == library.known
