"""Functions that only a default, a generated column or an index needs, and that the server lacks: they raise an error.

Of an extension that is not known here nothing says what a function returns; so the server's own messages do.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from pgwright.model.names import quote

# One statement may call several functions, and each may take three attempts.
_MOST_ATTEMPTS = 12
# The message does not quote names, so that only plain ones can be told apart.
_LACKS = re.compile(r"function (?P<name>[\w$]+(?:\.[\w$]+)?)\((?P<arguments>.*)\) does not exist")
_WANTED = re.compile(r"is of type (?P<type>.+) but default expression is of type|must be type (?P<other>\w+), not type")


@dataclass(frozen=True)
class _Function:
    name: str
    arguments: str
    returns: str = "text"
    # A default that calls an immutable function without arguments would call it when it is planned.
    volatility: str = "VOLATILE"

    @property
    def sql(self) -> str:
        body = f"BEGIN RAISE feature_not_supported USING MESSAGE = '{self.name} is not at hand here'; END"
        head = f"CREATE FUNCTION {self.signature} RETURNS {self.returns} LANGUAGE plpgsql {self.volatility} COST 1"
        return f"{head} AS $stand_in${body}$stand_in$"

    @property
    def signature(self) -> str:
        name = ".".join(map(quote, self.name.split(".")))
        return f"{name}({self.arguments.replace('unknown', 'text')})"


@dataclass
class UnknownFunctions:
    """Runs definitions, and makes the functions that they fail for."""

    run: Callable[[str], str]
    """Runs a statement as the owner; returns what the server said against it."""
    made: dict[str, None] = field(default_factory=dict)
    """The names of those made."""

    def define(self, text: str) -> str:
        """Run a definition; return what the server said against it, though its functions be there."""
        reason, function, names = self.run(text), None, dict[str, None]()
        for _ in range(_MOST_ATTEMPTS):
            changed = self._changed(function, reason)
            if changed is None:
                break
            dropping = f"DROP FUNCTION {function.signature};" if function and function.name == changed.name else ""
            function = changed
            if refused := self.run(dropping + function.sql):
                return f"{reason}; {refused}"
            names[function.name] = None
            reason = self.run(text)
        if not reason:
            self.made |= names
        return reason

    @staticmethod
    def _changed(function: _Function | None, reason: str) -> _Function | None:
        """Return the function that may help against what the server said; None when none does."""
        if lacks := _LACKS.fullmatch(reason):
            return _Function(lacks["name"], lacks["arguments"])
        if function is None:
            return None
        if wanted := _WANTED.search(reason):
            return replace(function, returns=wanted["type"] or wanted["other"])
        if "immutable" in reason.lower() and function.volatility == "VOLATILE":
            return replace(function, volatility="IMMUTABLE")
        return None
