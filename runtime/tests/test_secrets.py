"""A secret is text or bytes, and an error says what is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest

from pgwright_runtime._secrets import signing_keys
from pgwright_runtime.paging import Pager


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        ("short", "has 5 bytes, and needs 16 at least"),
        (b"short", "has 5 bytes, and needs 16 at least"),
        ("", "has 0 bytes"),
        (None, "is NoneType, .* is the setting that holds it missing"),
        (1234567890123456, "is int, and has to be str or bytes"),
        (["long enough a secret", "no"], "has 2 bytes"),
        ([], "at least one secret"),
    ],
    ids=repr,
)
def test_what_is_wrong_with_a_secret_is_said(secret: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Pager(secret=secret)


def test_text_counts_by_its_bytes() -> None:
    assert signing_keys("ä" * 8) == ("ä".encode() * 8,)
    assert signing_keys("a" * 16) == signing_keys(b"a" * 16)
