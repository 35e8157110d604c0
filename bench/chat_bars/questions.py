"""Questions as people ask them: a few again and again, many once, and the same one in other letters.

How often each comes is Zipf's law.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from random import Random

from chat.ingest import GLOSSARY

EXPONENT = 0.85
KINDS = 2_000
_DOCS = Path(__file__).parents[2] / "docs"
_HEADING = re.compile(r"^#+ (.+)$", re.M)
_FORMS = ("What is {}?", "How does {} work?", "Why is there {}?", "When do I need {}?", "What does {} cost?")
# As it is, in small letters, without its mark, with a space too many.
_SPELLINGS: Sequence[Callable[[str], str]] = (str, str.lower, lambda text: text[:-1], lambda text: f" {text}")
_OFTEN = (0.7, 0.1, 0.1, 0.1)


def log(seed: int) -> Iterator[str]:
    """Yield questions without end, the same ones for the same seed."""
    random = Random(seed)
    kinds = _kinds()
    totals = list(accumulate(1 / rank**EXPONENT for rank in range(1, len(kinds) + 1)))
    while True:
        (question,) = random.choices(kinds, cum_weights=totals)
        yield random.choices(_SPELLINGS, _OFTEN)[0](question)


def _kinds() -> list[str]:
    texts = [path.read_text("utf-8") for path in sorted([*GLOSSARY.rglob("*.md"), *_DOCS.rglob("*.md")])]
    names = dict.fromkeys(heading for text in texts for heading in _HEADING.findall(text))
    kinds = [form.format(name) for form in _FORMS for name in names]
    Random(7).shuffle(kinds)
    return kinds[:KINDS]
