"""Tokens come back as they were given out, and nothing else is one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgwright_runtime.replicas.errors import InvalidToken
from pgwright_runtime.replicas.tokens import Token, decode, encode

SECRET = b"0123456789abcdef"
# How long an example takes on a busy machine says nothing.
in_its_own_time = settings(deadline=None)
numbers = st.integers(0, 2**64 - 1)


@in_its_own_time
@given(numbers, numbers)
def test_a_token_comes_back(lsn: int, until: int) -> None:
    assert decode(encode(Token(lsn, until), SECRET), SECRET) == Token(lsn, until)


@in_its_own_time
@given(st.integers(0, 97), st.characters(codec="latin-1"))
def test_a_token_with_another_character_is_none(place: int, character: str) -> None:
    token = encode(Token(7, 8), SECRET)
    changed = token[:place] + character + token[place + 1 :]
    if changed != token:
        with pytest.raises(InvalidToken):
            decode(changed, SECRET)


@in_its_own_time
@given(st.text())
def test_other_text_is_no_token(text: str) -> None:
    with pytest.raises(InvalidToken):
        decode(text, SECRET)


def test_truncated_prolonged_or_signed_otherwise_it_is_none() -> None:
    token = encode(Token(7, 8), SECRET)
    for wrong in (token[:-1], token + "a", "", token.upper(), f" {token[1:]}", encode(Token(7, 8), SECRET[::-1])):
        with pytest.raises(InvalidToken):
            decode(wrong, SECRET)
