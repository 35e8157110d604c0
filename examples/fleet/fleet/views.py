"""What the endpoints answer: plain values, equal before and after the fix."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

CourierStatus = Literal["active", "off_duty", "left"]
DeliveryStatus = Literal["pending", "in_transit", "delivered", "returned", "cancelled"]


@dataclass(frozen=True)
class VehicleView:
    id: int
    plate_number: str
    kind: str


@dataclass(frozen=True)
class CourierView:
    """A line of the list of couriers."""

    id: int
    name: str
    phone: str
    status: str
    vehicle: VehicleView | None


@dataclass(frozen=True)
class DeliveryView:
    """A line of the list of deliveries; a pending one has no courier yet."""

    id: int
    status: str
    price: Decimal
    cash_on_delivery: bool
    address: str
    created_at: datetime
    delivered_at: datetime | None
    courier_name: str | None


@dataclass(frozen=True)
class CourierDetail:
    """The page of one courier."""

    courier: CourierView
    deliveries: int
    """All that were ever given to the courier."""
    delivered: int
    cash_to_hand_in: Decimal
    """Collected at the door and not settled yet."""
    last_salary: Decimal | None


@dataclass(frozen=True)
class CourierCount:
    """How many couriers have one status."""

    status: str
    couriers: int


@dataclass(frozen=True)
class DeliveryStatistics:
    """All deliveries of one status."""

    status: str
    deliveries: int
    value: Decimal
    """The sum of their prices."""
    cash_on_delivery: int


@dataclass(frozen=True)
class DashboardDay:
    """What came in on one day (UTC)."""

    day: date
    pending: int
    in_transit: int
    delivered: int
    returned: int
    cancelled: int
    revenue: Decimal
    """The sum of the prices of what was delivered."""
    cash_to_hand_in: Decimal


@dataclass(frozen=True)
class Dashboard:
    """The newest days, newest first."""

    age_s: float | None
    """How old the figures are, seconds; 0.0: they were counted for this answer; None: unknown."""
    is_stale: bool
    """Older than promised: tell the user."""
    days: tuple[DashboardDay, ...]


@dataclass(frozen=True)
class DashboardMonth:
    """What came in in one month (UTC), named by its first day."""

    month: date
    deliveries: int
    delivered: int
    revenue: Decimal
    """The sum of the prices of what was delivered."""


@dataclass(frozen=True)
class Months:
    """All months, newest first."""

    age_s: float | None
    """As of the Dashboard."""
    is_stale: bool
    months: tuple[DashboardMonth, ...]
