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
    entries = write(material)[: schema["properties"]["entries"]["maxItems"]]
    allowed = schema["$defs"][asked.schema_name.removesuffix("List")]["properties"].get("task_type", {})
    for entry in entries:
        if "task_type" in entry and entry["task_type"] not in allowed.get("enum", ()):
            entry["task_type"] = "all"
    return {"entries": entries}


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
    ] + _silent(text, _PLAN, "decision", "why")


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
    ] + _silent(text, _MISTAKE, "wrong", "instead")


def _silent(text: str, pattern: re.Pattern[str], *fields: str) -> list[dict[str, Any]]:
    """For episodes that state no plan and no mistake, as played ones do not: by their commands."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name, told in episodes(text).items():
        if not pattern.search(told):
            verbs = (command.split()[0] for command in re.findall(r"^\d+\. did: (.+)$", told, re.M))
            groups[", then ".join(dict.fromkeys(verbs))].append(name)
    return [
        {
            **dict.fromkeys(fields, "What was done there."),
            "sources": names,
            "rule": f"Know what comes of this: {verbs}.",
            "when": "In such tasks.",
        }
        for verbs, names in groups.items()
    ]


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
    groups = _by_rule(text)
    if "of all kinds of tasks" in text:
        # What stands in one kind of task is that kind's.
        groups = [group for group in groups if len(group[3]) > 1 or "several kinds" in group[3]]
        groups = groups or [
            (f"{len(lessons(text))} lessons say: look first, then act.", "Always.", ["C1"], set())
        ]
    return [
        {
            "sources": names,
            "title": " ".join(rule.split()[-4:])[:80],
            "principle": rule,
            "when_to_apply": when,
        }
        for rule, when, names, _ in groups
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
