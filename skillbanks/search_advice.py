"""What to do instead in Search: for every cause of failure its advice, general and for a task type."""

from collections.abc import Mapping

from skill_gym.search.task_types import ATTRIBUTE, COMPARISON, DIRECT, MULTI_HOP
from skill_gym.skillbanks.advice import Advice
from skill_gym.skillbanks.search_diagnosis import SearchCause

SEARCH_PURPOSES: Mapping[str, str] = {
    DIRECT: "a single fact",
    MULTI_HOP: "a chain of facts",
    ATTRIBUTE: "an attribute",
    COMPARISON: "a comparison",
}
"""Task type -> what is asked for."""

SEARCH_ADVICE: Mapping[SearchCause, Advice] = {
    SearchCause.TOO_LONG: Advice(
        "Bare Answer",
        "When answering.",
        "Answer with the bare name, number, or yes or no; any word around it makes it wrong.",
        "Asked for {purpose}, answer with the bare name, number, or yes or no, without a word around it.",
        mistake="Answering in a sentence.",
        reason="Being polite is taken for being right.",
    ),
    SearchCause.PARTIAL: Advice(
        "Whole Name",
        "When the answer is a name.",
        "Copy the name into the answer as a whole, with every word of it that the passage has.",
        "Asked for {purpose}, copy the whole name from the passage, first name and additions included.",
        mistake="Answering with a part of the name.",
        reason="The rest seems clear from the question.",
    ),
    SearchCause.WRONG_KIND: Advice(
        "Answer What Is Asked",
        "Before answering.",
        "Mind how the question begins: who asks for a name, how many for a number, is or do for yes or no.",
        "Asked for {purpose}, answer with a name, a number or yes or no, just as the first words ask.",
        mistake="Answering with a thing of another kind than asked for.",
        reason="The first words of the question are forgotten over the search.",
    ),
    SearchCause.NEITHER: Advice(
        "One Of The Two",
        "When the question says or.",
        "When the question offers two names, answer with one of them, spelled as the question has it.",
        "To answer {purpose} that offers two names, give one of them, not the value that decided.",
        mistake="Answering a choice of two with something else.",
        reason="The value that decides is taken for the answer.",
    ),
    SearchCause.BRIDGE: Advice(
        "On To The End",
        "When a name on the way is found.",
        "A name that is only needed for the next query is not the answer: search what is asked about it.",
        "In {purpose}, use each name found for the next query, and answer with what the last query finds.",
        mistake="Answering with a name that was only to be found on the way.",
        reason="The first thing found feels like the end.",
    ),
    SearchCause.NAMED: Advice(
        "Something New",
        "Before answering.",
        "The answer is what the question does not know: a name that it holds already is no answer.",
        "Asked for {purpose}, do not answer with a name of the question; it says where to begin.",
        mistake="Answering with a name that the question holds already.",
        reason="The most frequent name in the passages is taken.",
    ),
    SearchCause.OTHER_PASSAGE: Advice(
        "Compare The Title",
        "When passages are shown.",
        "Take a fact only from the passage whose title is the whole name that you searched for.",
        "For {purpose}, compare each word of a passage's title with the name; a namesake has other facts.",
        mistake="Reading the fact from a passage about another.",
        reason="Titles that are alike are taken for the same.",
    ),
    SearchCause.UNSUPPORTED: Advice(
        "Only What Was Shown",
        "Before answering.",
        "Answer only what a passage says; if none does, search again with other words instead of guessing.",
        "Asked for {purpose}, find the passage that says the answer; while none does, search again.",
        mistake="Answering what no passage has said.",
        reason="A guess from memory is trusted more than another search.",
    ),
    SearchCause.EARLY: Advice(
        "Every Link A Search",
        "When something is described, not named.",
        "Whatever the question describes instead of naming has to be found first; then search with its name.",
        "In {purpose}, search the described thing first, then its name with what is asked about it.",
        mistake="Answering before the described thing was found.",
        reason="One search is taken to be enough for two facts.",
    ),
    SearchCause.ONE_SIDE: Advice(
        "Search Both Sides",
        "When two are compared.",
        "Search the same fact for both before you decide, and name both values in your thought.",
        "For {purpose}, search the same fact for both sides before you decide.",
        mistake="Deciding a comparison with one of the two values.",
        reason="The other side is taken to be clear.",
    ),
    SearchCause.UNSEARCHED: Advice(
        "Search Before Answering",
        "At the first turn.",
        "Begin with <search>, even when the answer seems known; an answer without a passage is a guess.",
        "Asked for {purpose}, begin with <search> and the name that the question has.",
        mistake="Answering without a single search.",
        reason="The answer seems to be known.",
    ),
    SearchCause.LATE: Advice(
        "Last Turn Answers",
        "When one turn is left.",
        "Count the turns: in the last one give <answer> with the best that you know, no search.",
        "Looking for {purpose}, keep the last turn for <answer>, with the best that you know.",
        mistake="Searching in the last turn, which comes to nothing.",
        reason="The turns are not counted.",
    ),
    SearchCause.NO_ANSWER: Advice(
        "Always Answer",
        "When turns run short.",
        "Give an <answer> before the turns are used up, even one that you are not sure of.",
        "Looking for {purpose}, give an <answer> before the turns are used up, sure or not.",
        mistake="Ending without an answer.",
        reason="Being unsure is taken for a reason to say nothing.",
    ),
    SearchCause.WHOLE_QUESTION: Advice(
        "Name And Relation Only",
        "Before every search.",
        "Do not send the question as it is: query one name of it with one word for what you want of it.",
        "For {purpose}, query one name with one word for what is wanted, never the question as it is.",
        mistake="Sending the whole question as a query.",
        reason="The search engine is trusted to take it apart.",
    ),
    SearchCause.REPEATED: Advice(
        "No Query Twice",
        "When a search did not help.",
        "The same words find the same passages: change the name or the word for what is asked.",
        "Looking for {purpose}, send no query twice; try the name alone, or another word for the fact.",
        mistake="Sending the same query again.",
        reason="The same words are hoped to find something else.",
    ),
    SearchCause.NOTHING_NEW: Advice(
        "Search Something Else",
        "When known passages come again.",
        "If a search shows only passages that you have read, ask for another name, not in other words.",
        "When a search for {purpose} shows only what you have read, go on to another name, or answer.",
        mistake="Searching again for what was read already.",
        reason="It is not noticed that the same passages come.",
    ),
    SearchCause.NO_HITS: Advice(
        "Plain Words",
        "When nothing is found.",
        "A search without passages had words that no passage has: write the name as the question spells it.",
        "When {purpose} finds no passage, search the name alone, as the question spells it.",
        mistake="Searching with words that no passage has.",
        reason="Names are written from memory, not from the question.",
    ),
    SearchCause.UNREADABLE: Advice(
        "One Action A Turn",
        "In every reply.",
        "End every reply with one <search>query</search> or one <answer>text</answer>; others are lost.",
        "Think briefly about {purpose}, then write one <search>query</search> or one <answer>text</answer>.",
        mistake="Replying without a search or an answer in its tags.",
        reason="The thought takes the whole reply.",
    ),
}
"""Cause -> what to do instead."""
