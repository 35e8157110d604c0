"""What stands in front of a message in a log of plain text: `log_line_prefix`, known or guessed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pgwright.logs.entry import SEVERITIES, number

_PARTS = ("DETAIL", "HINT", "QUERY", "CONTEXT", "STATEMENT", "LOCATION", "BACKTRACE")
_WORD = rf"(?P<word>{'|'.join(SEVERITIES)}|{'|'.join(_PARTS)})\d?:  "
# The server's default, Debian, RDS and Aurora, Cloud SQL, Azure, and what pgBadger asks for.
_KNOWN = (
    "%m [%p] ", "%m [%p] %q%u@%d ", "%t:%r:%u@%d:[%p]:", "%m [%p]: [%l-1] db=%d,user=%u ", "%t-%c-",
    "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ", "%t [%p]: user=%u,db=%d,app=%a,client=%h ",
)  # fmt: skip
_TIME, _NAME, _HOST = r"\S+ \S+ \S+", ".{0,63}?", r"\S{0,99}?"
# Names are free text; that they are short keeps a hostile one from costing much.
_ESCAPES = {
    "a": _NAME, "u": _NAME, "d": _NAME, "i": _NAME, "b": "[a-z ]{0,40}?", "r": _HOST, "h": _HOST, "L": _HOST,
    "p": r"\d+", "P": r"\d*", "t": _TIME, "m": _TIME, "s": _TIME, "n": r"\d+\.\d+", "e": "[0-9A-Z]{5}",
    "c": r"[0-9a-f]+\.[0-9a-f]+", "l": r"\d+", "v": r"[\d/]*?", "x": r"\d+", "Q": r"-?\d+",
}  # fmt: skip
_TOLD = "pdceQ"
_ESCAPE = re.compile(r"%(-?\d*)([%a-zA-Z])")
_GUESS = re.compile(rf"(?P<before>(?:\S.{{0,400}}?[\s:\]>,|)-])?){_WORD}")
_PROCESS = re.compile(r"\[(\d+)[\]-]|\bpid[=:]\s*(\d+)")
_DATABASE = re.compile(r"\b(?:db|database|d)=([^,\s\]]*)|[^\s:@]@([^\s:,@\]]+)")
_QUERY_ID = re.compile(r"\b(?:qid|queryid|query_id|query)[=:]\s*(-?\d+)")


@dataclass(frozen=True)
class Head:
    """The beginning of a line, read."""

    word: str
    """A severity, or what of the message before it this line is: DETAIL, STATEMENT, …"""
    rest: str
    process: str
    database: str | None
    query_id: int
    sqlstate: str

    @property
    def is_message(self) -> bool:
        return self.word in SEVERITIES


class Prefix:
    """How lines of one log begin."""

    def __init__(self, pattern: re.Pattern[str] | None) -> None:
        """`pattern`: of the prefix that is known; None: every line is guessed."""
        self._pattern = pattern

    @classmethod
    def of(cls, lines: Sequence[str], setting: str | None) -> Prefix:
        """Return the prefix that fits most of some lines: the server's setting, or a common one."""
        patterns = [compiled(text) for text in (*([setting] if setting else ()), *_KNOWN)]
        heads = [line for line in lines if _GUESS.match(line)]
        fits = [sum(pattern.match(line) is not None for line in heads) for pattern in patterns]
        best = max(fits)
        return cls(patterns[fits.index(best)] if best else None)

    def read(self, line: str) -> Head | None:
        """Return the head of a line; None where none is found, as of a message's later lines."""
        if line.startswith("\t"):
            return None
        found = self._pattern.match(line) if self._pattern is not None else None
        if found is not None:
            told = found.groupdict()
            process = told.get("p") or (told.get("c") or "").partition(".")[2]
            return Head(
                found["word"], line[found.end() :], process, told.get("d"), number(told.get("Q")), told.get("e") or ""
            )
        found = _GUESS.match(line)
        if found is None:
            return None
        before = found["before"]
        return Head(
            found["word"],
            line[found.end() :],
            _first(_PROCESS, before) or "",
            _first(_DATABASE, before),
            number(_first(_QUERY_ID, before)),
            "",
        )


def compiled(setting: str) -> re.Pattern[str]:
    """Return a pattern for a `log_line_prefix` and the word after it."""
    return re.compile("".join(_pieces(setting)) + _WORD)


def _pieces(setting: str) -> Iterator[str]:
    start, told, ends = 0, set[str](), ""
    for escape in _ESCAPE.finditer(setting):
        yield re.escape(setting[start : escape.start()])
        start = escape.end()
        width, letter = escape.groups()
        if letter == "q":
            yield "(?:"
            ends = ")?"
        elif letter == "%":
            yield "%"
        elif letter in _ESCAPES:
            piece = _ESCAPES[letter]
            if letter in _TOLD and letter not in told:
                told.add(letter)
                piece = f"(?P<{letter}>{piece})"
            yield f" *?{piece} *" if width else piece
    yield re.escape(setting[start:]) + ends


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return next(_given(found.groups()), None) if found is not None else None


def _given(groups: Iterable[str | None]) -> Iterator[str]:
    return (group for group in groups if group is not None)
