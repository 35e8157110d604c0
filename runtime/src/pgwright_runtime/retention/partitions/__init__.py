"""Retention by partitions: a table partitioned by time loses its oldest partition, and gets the next ones in time.

from pgwright_runtime.retention.partitions import Partitions

events = Partitions(Event, "created_at", every="month", keep=timedelta(days=365), ahead=3)
report = events.run(engine)
"""

from pgwright_runtime.retention.partitions.catalog import FoundRelation, Partition, PartitionedTable
from pgwright_runtime.retention.partitions.errors import (
    LockNotGranted,
    NotConvertible,
    NotPartitioned,
    PartitionError,
)
from pgwright_runtime.retention.partitions.plan import NewPartition, PartitionPlan
from pgwright_runtime.retention.partitions.policy import Partitions
from pgwright_runtime.retention.partitions.run import PartitionReport
from pgwright_runtime.retention.partitions.worth import PartitionAdvice, partition_advice

__all__ = [
    "FoundRelation",
    "LockNotGranted",
    "NewPartition",
    "NotConvertible",
    "NotPartitioned",
    "Partition",
    "PartitionAdvice",
    "PartitionError",
    "PartitionPlan",
    "PartitionReport",
    "PartitionedTable",
    "Partitions",
    "partition_advice",
]
