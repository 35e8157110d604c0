"""Reads on streaming replicas that show the caller's own writes."""

from pgwright_runtime.replicas.asgi import ReadYourWritesMiddleware
from pgwright_runtime.replicas.async_replicas import AsyncReplicas
from pgwright_runtime.replicas.errors import (
    InvalidToken,
    NotAPrimary,
    NotAReplica,
    OtherSystem,
    PrimaryOnly,
    ReplicaError,
    ServerRefused,
    WriteOnReadSession,
)
from pgwright_runtime.replicas.replicas import Replicas
from pgwright_runtime.replicas.router import ReplicaStatus, RoutingMetrics
from pgwright_runtime.replicas.servers import Reason
from pgwright_runtime.replicas.settings import ReplicaSettings

__all__ = [
    "AsyncReplicas",
    "InvalidToken",
    "NotAPrimary",
    "NotAReplica",
    "OtherSystem",
    "PrimaryOnly",
    "ReadYourWritesMiddleware",
    "Reason",
    "ReplicaError",
    "ReplicaSettings",
    "ReplicaStatus",
    "Replicas",
    "RoutingMetrics",
    "ServerRefused",
    "WriteOnReadSession",
]
