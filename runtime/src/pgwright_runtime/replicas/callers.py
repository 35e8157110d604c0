"""Whose writes a read has to show: the caller of the current context, as a request or a job."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from math import ceil
from threading import Lock
from types import MappingProxyType
from weakref import ReferenceType, ref

from pgwright_runtime.replicas.errors import InvalidToken
from pgwright_runtime.replicas.tokens import Token, decode, encode

UNKNOWN = 2**64 - 1
"""In place of a position: something may have been written, nobody knows where it ended. Only the primary has it."""


@dataclass
class LastWrite:
    """Where a caller's last write ended. Tasks and threads that a request starts share the request's."""

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


# One variable for all, since Python never lets go of one that was made; a context is often older and lives longer than
# what is kept in it, so it holds on to no `Callers`. What is set is never changed, for contexts are copied. The last of
# the writes is the current caller's, those before it are of the blocks around.
_current: ContextVar[Mapping[ReferenceType[Callers], tuple[LastWrite, ...]]] = ContextVar(
    "pgwright_last_writes", default=MappingProxyType({})
)


class Entered:
    """A block with a caller of its own; in a request's time a generator would be felt."""

    def __init__(self, callers: Callers, write: LastWrite) -> None:
        self._callers, self._write = callers, write

    def __enter__(self) -> None:
        self._callers.open(self._write)

    def __exit__(self, *_: object) -> None:
        self._callers.close(self._write)


class Callers:
    """Keeps the caller of each context."""

    def __init__(self, keys: tuple[bytes, ...], remember_s: float) -> None:
        # The first signs, all of them verify.
        self._keys, self._remember_s = keys, remember_s
        self._committing = Lock()
        self._own = ref(self)

    def current(self) -> LastWrite | None:
        writes = _current.get().get(self._own)
        return writes[-1] if writes else None

    def open(self, write: LastWrite) -> None:
        """Make it the current caller's."""
        self._set((*_current.get().get(self._own, ()), write))

    def close(self, write: LastWrite) -> None:
        """Take it out, wherever it is: of two generators that hold a block each, the first may end first."""
        self._set(tuple(other for other in _current.get().get(self._own, ()) if other is not write))

    def _set(self, writes: tuple[LastWrite, ...]) -> None:
        # Those of instances that are gone are left out.
        others = {own: other for own, other in _current.get().items() if own is not self._own and own() is not None}
        _current.set({**others, self._own: writes} if writes else others)

    def needed(self) -> int:
        """Return the position that a server must have replayed for the current caller; 0: any will do."""
        write = self.current()
        return 0 if write is None else write.needed()

    def begin_commit(self) -> LastWrite:
        """Note that the current caller is about to commit; `end_commit` has to follow if that was heard of."""
        write = self.current()
        if write is None:
            write = LastWrite()
            self.open(write)
        with self._committing:
            write.open_commits += 1
            write.until = self._until()
        return write

    def end_commit(self, write: LastWrite, lsn: int) -> None:
        """Note where the write ended."""
        with self._committing:
            write.open_commits -= 1
            write.lsn = max(write.lsn, lsn)
            write.until = self._until()

    def enter(self, tokens: Iterable[str | None]) -> Entered:
        """Let the block run for a caller of its own, who wrote what the tokens say."""
        return Entered(self, self._read(tokens))

    def token(self) -> str | None:
        """Return the token of the current caller; None: nothing is to be remembered."""
        write = self.current()
        needed = 0 if write is None else write.needed()
        if not write or not needed:
            return None
        if write.given is not None:
            token, text = write.given
            if (token.lsn, token.until) == (needed, write.until):
                return text
        return encode(Token(needed, write.until), self._keys[0])

    def _read(self, texts: Iterable[str | None]) -> LastWrite:
        write = LastWrite()
        for text in texts:
            if text is None:
                continue
            token = self._token(text)
            if token is not None:
                write.given = token, text
            else:
                # Damaged, or signed with a former secret: its owner may have written just now.
                token = Token(UNKNOWN, self._until())
            write.lsn = max(write.lsn, token.lsn)
            write.until = max(write.until, token.until)
        return write

    def _token(self, text: str) -> Token | None:
        for key in self._keys:
            with suppress(InvalidToken):
                return decode(text, key)
        return None

    def _until(self) -> int:
        return ceil(time.time() + self._remember_s)
