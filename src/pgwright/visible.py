"""Hidden characters made visible: a name in a database may hold anything, and a reader has to see what it holds.

Hidden is what steers a terminal (ESC, carriage return), what turns the direction of writing, what has no ink, and
what looks like a space without being one. Line breaks and tabs stay.
"""

from __future__ import annotations

import re

HIDDEN = re.compile(
    "["
    # Controls, formats (directions, zero width), separators, surrogates, private use: Cc, Cf, Zl, Zp, Zs, Cs, Co.
    r"\x00-\x08\x0b-\x1f\x7f-\xa0\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u1680\u180e\u2000-\u200f"
    r"\u2028-\u202f\u205f-\u206f\u3000\ud800-\uf8ff\ufeff\ufff0-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff\U000f0000-\U0010ffff"
    # Letters, marks and signs that have no ink: fillers, joiners, variation selectors, the empty Braille pattern.
    r"\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "]"
)
# The colours that rich writes.
_COLORS = re.compile(r"(\x1b\[[0-9;]*m)")
_BASIC_PLANE = 0xFFFF


def visible(text: str, *, keeps_colors: bool = False) -> str:
    r"""Return the text with every hidden character spelled out, as Python spells it.

    >>> print(visible("red" + chr(27) + "[31m" + chr(0x202E)))
    red\x1b[31m\u202e
    """
    if keeps_colors:
        return "".join(part if number % 2 else visible(part) for number, part in enumerate(_COLORS.split(text)))
    if text.isascii() and text.isprintable():
        return text
    return HIDDEN.sub(lambda found: spelled(found[0]), text)


def on_one_line(text: str) -> str:
    r"""Return visible text on one line. Hidden characters come first, for Python takes some of them for spaces.

    >>> print(on_one_line("a  b" + chr(13) + "c\nd"))
    a b\rc d
    """
    return " ".join(visible(text).split())


def as_line(text: str) -> str:
    r"""Return visible text whose line breaks are spelled out too: a name in it cannot write a line of its own.

    >>> print(as_line("a" + chr(10) + "No findings"))
    a\nNo findings
    """
    return visible(text).replace("\n", r"\n")


def spelled(character: str) -> str:
    r"""Return a character as an escape of Python's string literals: `\x1b`, `\u202e`, `\U000e0001`."""
    return character.encode("unicode_escape").decode()


def visible_json(document: str) -> str:
    r"""Return a JSON document that says the same with every hidden character escaped.

    >>> print(visible_json('["' + chr(0x202E) + '"]'))
    ["\u202e"]
    """
    return HIDDEN.sub(lambda found: _in_json(ord(found[0])), document)


def _in_json(code: int) -> str:
    if code <= _BASIC_PLANE:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
