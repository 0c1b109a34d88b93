"""A teacher's answers in distillation, made from nothing but what stands in the question."""

import re
from collections import defaultdict
from typing import Any

from teacher_server import Asked, Said

_EPISODE = re.compile(r'<episode name="(E\d+)" task_type="([^"]*)" ended="(\w+)".*?</episode>', re.S)
_LESSON = re.compile(r"^(C\d+)\. \[([^;]*); [^,]*, seen in (\d+)\] (.*?) When: (.*?) Seen: (.*)$", re.M)
_PLAN = re.compile(r"^plan: (.*)$", re.M)
_MISTAKE = re.compile(r"^mistake: when (.*?) it did: (.*)$", re.M)


def answer(asked: Asked) -> Said:
    """What a diligent teacher says: it groups what says the same, and names its sources."""
    material = str(asked.body["messages"][1]["content"])
    schema = asked.body["response_format"]["json_schema"]["schema"]
    write = {
        "PatternList": _patterns,
        "FailureList": _failures,
        "MergedList": _merged,
        "SkillEntryList": _skills,
        "MistakeEntryList": _mistakes,
    }[asked.schema_name]
    return {"entries": write(material)[: schema["properties"]["entries"]["maxItems"]]}


def episodes(text: str) -> dict[str, str]:
    """The episodes in a question: name -> text."""
    return {match[1]: match[0] for match in _EPISODE.finditer(text)}


def lessons(text: str) -> list[tuple[str, str, int, str, str]]:
    """The lessons in a question: name, kind of task, number of episodes, rule, when."""
    return [(name, kind, int(seen), rule, when) for name, kind, seen, rule, when, _ in _LESSON.findall(text)]


def _grouped(text: str, pattern: re.Pattern[str]) -> dict[tuple[str, ...], list[str]]:
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, told in episodes(text).items():
        for match in pattern.finditer(told):
            if name not in groups[match.groups()]:
                groups[match.groups()].append(name)
    return dict(sorted(groups.items(), key=lambda item: -len(item[1])))


def _patterns(text: str) -> list[dict[str, Any]]:
    return [
        {
            "sources": names,
            "decision": "The order of the steps.",
            "why": f"It went {plan[:200]}.",
            "rule": f"Go by this order: {plan[:300]}.",
            "when": "At the start of the task.",
        }
        for (plan,), names in _grouped(text, _PLAN).items()
    ] or [_plain(text, "decision", "why")]


def _failures(text: str) -> list[dict[str, Any]]:
    return [
        {
            "sources": names,
            "wrong": f"It did this: {bad[:200]}.",
            "instead": "The opposite.",
            "rule": f"Do not do this: {bad[:300]}.",
            "when": f"When {trigger[:200]}.",
        }
        for (trigger, bad), names in _grouped(text, _MISTAKE).items()
    ] or [_plain(text, "wrong", "instead")]


def _plain(text: str, *fields: str) -> dict[str, Any]:
    """For episodes that state no plan and no mistake, as played ones do not."""
    names = list(episodes(text))
    return {
        **dict.fromkeys(fields, "What was done there."),
        "sources": names,
        "rule": f"Mind what {len(names)} episodes have shown here.",
        "when": "In such tasks.",
    }


def _by_rule(text: str) -> list[tuple[str, str, list[str], set[str]]]:
    """Rule, when, names of its lessons and kinds of tasks; what was seen most often comes first."""
    groups: dict[str, list[tuple[str, str, int, str, str]]] = defaultdict(list)
    for lesson in lessons(text):
        groups[lesson[3]].append(lesson)
    ordered = sorted(groups.items(), key=lambda item: -sum(lesson[2] for lesson in item[1]))
    return [
        (rule, own[0][4], [lesson[0] for lesson in own], {lesson[1] for lesson in own})
        for rule, own in ordered
    ]


def _merged(text: str) -> list[dict[str, Any]]:
    return [
        {"sources": names, "rule": rule, "when": when, "story": "Seen in several episodes."}
        for rule, when, names, _ in _by_rule(text)
    ]


def _skills(text: str) -> list[dict[str, Any]]:
    general = "of all kinds of tasks" in text
    return [
        {
            "sources": names,
            "title": " ".join(rule.split()[-4:])[:80],
            "principle": rule,
            "when_to_apply": when,
        }
        for rule, when, names, kinds in _by_rule(text)
        if not general or len(kinds) > 1 or "several kinds" in kinds or len(_by_rule(text)) < 3
    ] or [
        {"sources": names, "title": "What was seen", "principle": rule, "when_to_apply": when}
        for rule, when, names, _ in _by_rule(text)[:1]
    ]


def _mistakes(text: str) -> list[dict[str, Any]]:
    return [
        {
            "sources": names,
            "description": f"Agents do not know: {rule}",
            "why_it_happens": "They did not look.",
            "how_to_avoid": f"Remember it. {rule}",
            "task_type": kinds.pop() if len(kinds) == 1 and "several kinds" not in kinds else "all",
        }
        for rule, _, names, kinds in _by_rule(text)
    ]
