"""The words that the generated texts are made of."""

from __future__ import annotations

from itertools import product

_SUBJECTS = (
    "The survey of coastal towns",
    "An early draft of the chapter",
    "The second control group",
    "Most of the archive from 1911",
    "The revised cost model",
    "A letter to the editor",
    "The measured soil sample",
    "Every interview of the series",
)
_VERBS = (
    "contradicts what was assumed about",
    "adds two new figures on",
    "leaves open the question of",
    "confirms the earlier result for",
)
_OBJECTS = (
    "the spread of the harbour trade.",
    "how memory changes with age.",
    "the price of grain in dry years.",
    "the first printed maps of the river.",
)
_ADJECTIVES = ("Early", "Modern", "Applied", "Comparative", "Forgotten", "Practical", "Urban", "Experimental")
_TOPICS = ("botany notes", "maritime history", "cell biology", "statistics primer", "trade routes", "speech data")

SENTENCES = [f"{subject} {verb} {target}" for subject, verb, target in product(_SUBJECTS, _VERBS, _OBJECTS)]
TITLES = [f"{adjective} {topic}" for adjective, topic in product(_ADJECTIVES, _TOPICS)]
