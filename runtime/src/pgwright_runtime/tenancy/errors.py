"""What tenancy refuses.

TenancyError
├── TenantMissing     a statement without a tenant
├── TenantChanged     a transaction or a session that two tenants would share
└── InvalidTenant     a value that is no tenant's id; also a ValueError
"""

from __future__ import annotations

from pgwright_runtime.errors import Error


class TenancyError(Error):
    """The base: nothing of the statement was sent."""


class TenantMissing(TenancyError):
    """A statement was about to run without a tenant."""

    def __init__(self) -> None:
        super().__init__(
            "no tenant is set, so no statement is sent. Use: with tenant(organization_id): … "
            "In a framework set it in the same task: an async dependency or a pure ASGI middleware"
        )


class TenantChanged(TenancyError):
    """A transaction, or a session that still holds objects, belongs to another tenant."""

    def __init__(self, holder: str, belongs_to: object, wanted: object, remedy: str) -> None:
        self.belongs_to, self.wanted = belongs_to, wanted
        super().__init__(f"this {holder} belongs to tenant {belongs_to!r}, not to {wanted!r}. {remedy}")


class InvalidTenant(TenancyError, ValueError):
    """A value cannot be the id of a tenant."""

    def __init__(self, value: object, expected: str) -> None:
        self.value = value
        super().__init__(f"{value!r} is no tenant's id; expected {expected}")
