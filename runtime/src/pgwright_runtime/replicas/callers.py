"""Whose writes a read has to show: the caller of the current context, as a request or a job."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from math import ceil
from threading import Lock

from pgwright_runtime.replicas.tokens import InvalidToken, Token, decode, encode

UNKNOWN = 2**64 - 1
"""In place of a position: something may have been written, nobody knows where it ended. Only the primary has it."""


@dataclass
class Caller:
    """The end of a caller's last write. Tasks and threads that a request starts share the request's."""

    lsn: int = 0
    until: int = 0
    """From then on every replica in use has it; seconds since 1970."""
    open_commits: int = 0
    """COMMITs without an answer: under way, or cut off with the connection, and then perhaps done."""
    given: tuple[Token, str] | None = None
    """The token that was brought along, and its text, which is given back as long as it holds: nothing to sign."""

    def needed(self) -> int:
        """Return the position that a server must have replayed; 0: any will do."""
        if time.time() >= self.until:
            return 0
        return UNKNOWN if self.open_commits else self.lsn


class Entered:
    """A block with a caller of its own; in a request's time a generator would be felt."""

    def __init__(self, current: ContextVar[Caller | None], caller: Caller) -> None:
        self._current, self._caller = current, caller

    def __enter__(self) -> None:
        self._before = self._current.set(self._caller)

    def __exit__(self, *_: object) -> None:
        self._current.reset(self._before)


class Callers:
    """Keeps the caller of each context."""

    def __init__(self, secret: bytes, remember_s: float) -> None:
        self._secret, self._remember_s = secret, remember_s
        self._committing = Lock()
        self._current: ContextVar[Caller | None] = ContextVar("pgwright_caller", default=None)

    def needed(self) -> int:
        """Return the position that a server must have replayed for the current caller; 0: any will do."""
        caller = self._current.get()
        return 0 if caller is None else caller.needed()

    def begin_commit(self) -> Caller:
        """Note that the current caller is about to commit; `end_commit` has to follow if that was heard of."""
        caller = self._current.get()
        if caller is None:
            caller = Caller()
            self._current.set(caller)
        with self._committing:
            caller.open_commits += 1
            caller.until = self._until()
        return caller

    def end_commit(self, caller: Caller, lsn: int) -> None:
        """Note where the write ended."""
        with self._committing:
            caller.open_commits -= 1
            caller.lsn = max(caller.lsn, lsn)
            caller.until = self._until()

    def enter(self, tokens: Iterable[str]) -> Entered:
        """Let the block run for a caller of its own, who wrote what the tokens say."""
        return Entered(self._current, self._read(tokens))

    def token(self) -> str | None:
        """Return the token of the current caller; None: nothing is to be remembered."""
        caller = self._current.get()
        needed = 0 if caller is None else caller.needed()
        if not caller or not needed:
            return None
        if caller.given is not None:
            token, text = caller.given
            if (token.lsn, token.until) == (needed, caller.until):
                return text
        return encode(Token(needed, caller.until), self._secret)

    def _read(self, texts: Iterable[str]) -> Caller:
        caller = Caller()
        for text in texts:
            try:
                token = decode(text, self._secret)
                caller.given = token, text
            except InvalidToken:
                # Damaged, or signed with a former secret: its owner may have written just now.
                token = Token(UNKNOWN, self._until())
            caller.lsn = max(caller.lsn, token.lsn)
            caller.until = max(caller.until, token.until)
        return caller

    def _until(self) -> int:
        return ceil(time.time() + self._remember_s)
