"""One rule says which characters are hidden; every door goes by it."""

from __future__ import annotations

import json
import sys
import unicodedata

import pytest

from pgwright.visible import HIDDEN, visible, visible_json

CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp", "Zs"}


def test_every_character_without_ink_is_hidden() -> None:
    shown = [
        hex(code)
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) in CATEGORIES and chr(code) not in " \n\t" and not HIDDEN.match(chr(code))
    ]
    assert shown == []


@pytest.mark.parametrize("text", [" \n\t", "a-Z_0", "Zürich", "日本語", "ελληνικά", "→ … × –", "😀", "é"])
def test_what_a_reader_sees_stays(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("code", "spelled"),
    [
        (0x1B, "\\x1b"), (0x0D, "\\r"), (0x85, "\\x85"), (0xA0, "\\xa0"), (0x200B, "\\u200b"), (0x202E, "\\u202e"),
        (0x2028, "\\u2028"), (0x2066, "\\u2066"), (0x3164, "\\u3164"), (0xFEFF, "\\ufeff"), (0xE0041, "\\U000e0041"),
        (0xD800, "\\ud800"), (0xFE0F, "\\ufe0f"),
    ],
)  # fmt: skip
def test_hidden_characters_are_spelled_out(code: int, spelled: str) -> None:
    assert visible(f"a{chr(code)}b") == f"a{spelled}b"
    assert visible(f"a{chr(code)}b", keeps_colors=True) == f"a{spelled}b"


def test_colours_are_kept_where_they_are_wanted_and_nothing_else_is() -> None:
    text = "\x1b[1;31mred\x1b[0m \x1b[2J\x1b]0;title\x07"
    assert visible(text, keeps_colors=True) == "\x1b[1;31mred\x1b[0m \\x1b[2J\\x1b]0;title\\x07"
    assert "\x1b" not in visible(text)


def test_json_says_the_same() -> None:
    value = "".join(map(chr, (0x7F, 0x9B, 0x202E, 0x2028, 0xFEFF, 0xE0001))) + "ü日"
    document = visible_json(json.dumps([value], ensure_ascii=False))
    assert not HIDDEN.search(document)
    assert json.loads(document) == [value]
