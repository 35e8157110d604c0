"""Why a request was not let in; each says how to answer it."""

from __future__ import annotations

from pgwright_runtime.errors import Error

Fields = tuple[tuple[str, str], ...]
_TYPES = "https://iana.org/assignments/http-problem-types#"


class LimitError(Error):
    """A request was not let in.

    `problem` is the body of the answer (RFC 9457), `fields` are its header fields, `Retry-After` among them.
    """

    status = 503
    kind = "about:blank"
    title = "Service Unavailable"

    def __init__(
        self,
        message: str,
        retry_after_s: int,
        *,
        violated: tuple[str, ...] = (),
        fields: Fields = (),
    ) -> None:
        self.retry_after_s = max(1, retry_after_s)
        self.violated = violated
        self.fields = (*fields, ("retry-after", str(self.retry_after_s)))
        super().__init__(message)

    @property
    def problem(self) -> dict[str, object]:
        named = {"violated-policies": list(self.violated)} if self.violated else {}
        return {"type": self.kind, "title": self.title, "status": self.status, "detail": str(self), **named}


class LimitExceeded(LimitError):
    """A rule's requests are used up for now: 429."""

    status = 429
    kind = f"{_TYPES}quota-exceeded"
    title = "Too Many Requests"

    def __init__(self, violated: tuple[str, ...], retry_after_s: int, fields: Fields) -> None:
        message = f"the limit {violated[0]!r} is reached; try again in {retry_after_s} s"
        super().__init__(message, retry_after_s, violated=violated, fields=fields)


class LimitsUnavailable(LimitError):
    """The store that counts did not answer, and the policy is to let nobody in then: 503."""

    def __init__(self, retry_after_s: int, fields: Fields) -> None:
        super().__init__("requests cannot be counted at the moment", retry_after_s, fields=fields)


class BulkheadFull(LimitError):
    """As many calls run, and as many wait, as may: 503."""

    kind = f"{_TYPES}temporary-reduced-capacity"

    def __init__(self, name: str, retry_after_s: int) -> None:
        super().__init__(f"{name!r} is at work to its limit", retry_after_s, violated=(name,))


class StoreLost(LimitError):
    """A store did not answer, or is not asked because it did not a moment ago; never seen by the app."""

    def __init__(self, reason: str, retry_after_s: float = 1.0) -> None:
        self.reason = reason
        super().__init__(f"the store of the limits is lost: {reason}", -int(-retry_after_s // 1))
