"""Answers that are put together from passages: nothing is said that no passage says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from chat.passages import sentences

COMPOSER = "1"
"""Of another number where the same passages would give another answer."""
NOTHING_FOUND = "The documents do not say anything about that."
PASSAGES = 20
"""How many passages are looked at."""
FARTHEST = 0.7
"""Passages that are farther from a question, by cosine, have nothing to do with it."""
# How much nearer a passage counts whose heading has all words of the question: people ask for things by their names.
_NAMED = 0.4
_CITED, _SENTENCES_EACH = 3, 2
_WORDS = re.compile(r"[^\W_]{3,}")
_COMMON = frozenset(
    (
        *("and", "are", "but", "can", "does", "for", "from", "has", "have", "how", "into", "not", "that", "the"),
        *("thi", "wa", "what", "when", "where", "which", "why", "with", "you", "your"),
    )
)
"""As `_words` has them."""


@dataclass(frozen=True)
class Found:
    """A passage that was found for a question."""

    passage_id: int
    title: str
    url: str
    heading: str
    content: str
    distance: float
    """By cosine: 0 is the same direction, 1 has nothing in common."""


@dataclass(frozen=True)
class Cited:
    """What an answer rests on."""

    passage_id: int
    title: str
    url: str
    passage: str
    distance: float


@dataclass(frozen=True)
class Answer:
    text: str
    """With the numbers of its citations, from 1, in square brackets."""
    citations: tuple[Cited, ...]


def compose(question: str, found: Sequence[Found]) -> Answer | None:
    """Return the sentences that fit a question best, and whose they are; None: none does.

    Args:
        found: passages, the nearest first.
    """
    asked = _words(question)
    ranked = sorted(
        (passage.distance - _NAMED * _share(asked, passage.heading), place) for place, passage in enumerate(found)
    )
    near = [(found[place], _best(asked, found[place])) for distance, place in ranked if distance <= FARTHEST]
    cited = [(passage, said) for passage, said in near if said][:_CITED]
    if not cited:
        return None
    text = "\n\n".join(f"{said} [{number}]" for number, (_, said) in enumerate(cited, start=1))
    return Answer(text, tuple(_cite(passage) for passage, _ in cited))


def _best(asked: frozenset[str], passage: Found) -> str:
    """Return the sentences of a passage that have most of the words, in their order."""
    parts = [part for part in sentences(passage.content) if "://" not in part]
    by_words = sorted(range(len(parts)), key=lambda place: -_share(asked, parts[place]))
    return " ".join(parts[place] for place in sorted(by_words[:_SENTENCES_EACH]))


def _share(asked: frozenset[str], text: str) -> float:
    """Return which part of the words a text has."""
    return len(asked & _words(text)) / max(1, len(asked))


def _words(text: str) -> frozenset[str]:
    return frozenset(word.removesuffix("s") for word in _WORDS.findall(text.casefold())) - _COMMON


def _cite(passage: Found) -> Cited:
    title = passage.title if passage.heading == passage.title else f"{passage.title}: {passage.heading}"
    return Cited(passage.passage_id, title, passage.url, passage.content, passage.distance)
