"""Reads on streaming replicas that show the caller's own writes."""

from pgwright.runtime.replicas.asgi import ReadYourWritesMiddleware
from pgwright.runtime.replicas.errors import (
    NotAPrimary,
    NotAReplica,
    OtherSystem,
    ReplicaError,
    ServerRefused,
    WriteOnReadSession,
)
from pgwright.runtime.replicas.replicas import Replicas
from pgwright.runtime.replicas.router import ReplicaStatus, RoutingMetrics
from pgwright.runtime.replicas.sync import SyncReplicas

__all__ = [
    "NotAPrimary",
    "NotAReplica",
    "OtherSystem",
    "ReadYourWritesMiddleware",
    "ReplicaError",
    "ReplicaStatus",
    "Replicas",
    "RoutingMetrics",
    "ServerRefused",
    "SyncReplicas",
    "WriteOnReadSession",
]
