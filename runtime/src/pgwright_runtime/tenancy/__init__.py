"""Tenants kept apart by row-level security: each transaction is bound to one tenant, or nothing is sent."""

from pgwright_runtime.tenancy.binding import for_tenants
from pgwright_runtime.tenancy.context import Tenant, TenantType, current_tenant, tenant
from pgwright_runtime.tenancy.errors import InvalidTenant, TenancyError, TenantChanged, TenantMissing
from pgwright_runtime.tenancy.policy import SqlType, TenantPolicy, tenant_policy

__all__ = [
    "InvalidTenant",
    "SqlType",
    "TenancyError",
    "Tenant",
    "TenantChanged",
    "TenantMissing",
    "TenantPolicy",
    "TenantType",
    "current_tenant",
    "for_tenants",
    "tenant",
    "tenant_policy",
]
