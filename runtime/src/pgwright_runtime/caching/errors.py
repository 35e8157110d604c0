"""What a cache says to the app: it never fails for want of its store."""

from pgwright_runtime.errors import Error


class CacheWarning(UserWarning):
    """A value is not cached as it was meant to be; what the function returns is right."""


class NotWatched(Error, RuntimeError):
    """A cached function reads tables whose changes the cache does not hear of."""

    def __init__(self, name: str, *, is_async: bool) -> None:
        kind = "an async" if is_async else "a sync"
        super().__init__(
            f"{name} reads tables, but the cache watches no engine that {kind} function may use, so it would not hear "
            "of changes. Call cache.watch(engine) where the engine is made"
        )
