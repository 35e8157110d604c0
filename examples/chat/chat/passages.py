"""Documents in Markdown, cut into passages that are short enough to be cited."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from markdown_it import MarkdownIt
from markdown_it.token import Token

# About as much as one looks at to see whether a citation says what it is cited for.
LONGEST = 700
_ENDS = re.compile(r"(?<=[.!?])\s+")
_PARSER = MarkdownIt("commonmark").enable("table")
_ENDS_LINE = ("paragraph_close", "tr_close", "heading_close")
_CODE = "    "
_BETWEEN_CELLS = ("th_close", "td_close")


@dataclass(frozen=True)
class Cut:
    """A part of a document: what stands under one heading, or a piece of that."""

    heading: str
    content: str


@dataclass(frozen=True)
class Page:
    title: str
    cuts: tuple[Cut, ...]


def read(markdown: str, name: str) -> Page:
    """Return a document as plain text; its title is its first heading, or else its name."""
    sections = list(_sections(_PARSER.parse(markdown)))
    title = next((heading for heading, _ in sections if heading), name)
    cuts = [Cut(heading or title, piece) for heading, text in sections for piece in _pieces(text)]
    return Page(title, tuple(cuts))


def _sections(tokens: Sequence[Token]) -> Iterator[tuple[str, list[str]]]:
    """Yield headings with the lines under them."""
    heading, lines, line = "", list[str](), ""
    for token in tokens:
        if token.type == "heading_open":
            yield heading, lines
            heading, lines, line = "", [], ""
        elif token.type == "heading_close":
            heading, line = line, ""
        elif token.type == "inline":
            line += _plain(token)
        elif token.type in ("fence", "code_block"):
            lines.extend(_CODE + code for code in token.content.rstrip().split("\n"))
        elif token.type in _BETWEEN_CELLS:
            line += " · "
        elif token.type in _ENDS_LINE and line:
            lines.append(line.removesuffix(" · "))
            line = ""
    yield heading, lines


def _plain(inline: Token) -> str:
    return "".join(
        " " if child.type in ("softbreak", "hardbreak") else child.content
        for child in inline.children or ()
        if child.type != "html_inline"
    )


def _pieces(lines: Sequence[str]) -> Iterator[str]:
    """Yield lines together as long as they are short enough, and a longer one in parts."""
    piece = ""
    for part in chain.from_iterable(map(_parts, lines)):
        if piece and len(piece) + len(part) >= LONGEST:
            yield piece
            piece = ""
        piece = f"{piece}\n{part}" if piece else part
    if piece:
        yield piece


def _parts(line: str) -> Iterator[str]:
    """Yield a line whole, or cut behind sentences, or else wherever it is."""
    part = ""
    for sentence in [line] if line.startswith(_CODE) else _ENDS.split(line):
        if part and len(part) + len(sentence) >= LONGEST:
            yield part
            part = ""
        part = f"{part} {sentence}" if part else sentence
        while len(part) > LONGEST:
            yield part[:LONGEST]
            part = part[LONGEST:]
    if part:
        yield part


def sentences(text: str) -> list[str]:
    """Return the sentences of a text; neither its code, nor headings and cells of tables.

    >>> sentences("Rows die. VACUUM comes!\\n    VACUUM rows;\\nname · kind")
    ['Rows die.', 'VACUUM comes!']
    """
    lines = [line for line in text.split("\n") if not line.startswith(_CODE)]
    return [part for line in lines for part in _ENDS.split(line) if part.endswith((".", "!", "?"))]
