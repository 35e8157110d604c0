r"""SQL that says exactly the same without a hidden character: names as U&"…", texts as E'…', both with escapes.

A script is read by people before it runs, and by psql, so names have to stay exact.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pgwright.visible import HIDDEN, visible

# In the order in which the server's lexer would try them.
_TOKENS = re.compile(
    r"""
      (?P<comment>--[^\n]*|/\*.*?\*/)
    | (?P<escaped>[eE]'(?:[^'\\]|''|\\.)*')
    | (?P<unicode>[uU]&(?:"(?:[^"]|"")*"|'(?:[^']|'')*'))
    | (?P<text>'(?:[^']|'')*')
    | (?P<name>"(?:[^"]|"")*")
    | (?P<dollar>\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$)
    | (?P<word>(?:[A-Za-z_]|[^\x00-\x7f])(?:[\w$]|[^\x00-\x7f])*)
    """,
    re.VERBOSE | re.DOTALL,
)
_BASIC_PLANE = 0xFFFF


def visible_sql(sql: str) -> str:
    r"""Return SQL of the same meaning whose hidden characters a reader sees.

    >>> print(visible_sql('DROP INDEX "a' + chr(0x202E) + '"; -- b' + chr(27)))
    DROP INDEX U&"a\202e"; -- b\x1b
    """
    if not HIDDEN.search(sql):
        return sql
    parts, end = [], 0
    for token in _TOKENS.finditer(sql):
        parts += [_between(sql[end : token.start()]), _token(token)]
        end = token.end()
    return "".join([*parts, _between(sql[end:])])


def _token(token: re.Match[str]) -> str:
    text, kind = token[0], token.lastgroup
    if not HIDDEN.search(text):
        return text
    if kind == "tag" or token["dollar"]:
        tag = f"${token['tag']}$"
        return f"{tag}{visible_sql(text[len(tag) : -len(tag)])}{tag}"
    return _WRITTEN[kind or ""](text)


def _between(text: str) -> str:
    """Return what is between tokens: of the hidden characters only spaces, as the server knows them, can be there."""
    return visible(re.sub(r"[\r\f\v]", " ", text))


def _name(text: str) -> str:
    return f'U&"{_escaped(text[1:-1], _in_unicode)}"'


def _word(text: str) -> str:
    """Return a name without quotes; the server folds its ASCII letters."""
    folded = "".join(letter.lower() if letter.isascii() else letter for letter in text)
    return f'U&"{_escaped(folded, _in_unicode)}"'


def _text(text: str) -> str:
    # The space: without one, a word before it would take the E.
    return f" E'{_escaped(text[1:-1], _in_escaped)}'"


def _escaped_text(text: str) -> str:
    return re.sub(r"\\(.)|(.)", lambda found: _kept(found), text, flags=re.DOTALL)


def _kept(found: re.Match[str]) -> str:
    if not HIDDEN.match(found[1] or found[2]):
        return found[0]
    return _in_escaped(ord(found[1] or found[2]))  # a backslash before it meant the character itself


def _unicode(text: str) -> str:
    return HIDDEN.sub(lambda found: _in_unicode(ord(found[0])), text)


def _escaped(text: str, spell: Callable[[int], str]) -> str:
    doubled = text.replace("\\", "\\\\")
    return HIDDEN.sub(lambda found: spell(ord(found[0])), doubled)


def _in_unicode(code: int) -> str:
    return f"\\{code:04x}" if code <= _BASIC_PLANE else f"\\+{code:06x}"


def _in_escaped(code: int) -> str:
    return f"\\u{code:04x}" if code <= _BASIC_PLANE else f"\\U{code:08x}"


_WRITTEN: dict[str, Callable[[str], str]] = {
    "comment": visible,
    "escaped": _escaped_text,
    "unicode": _unicode,
    "text": _text,
    "name": _name,
    "word": _word,
}
