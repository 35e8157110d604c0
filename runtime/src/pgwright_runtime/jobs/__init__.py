"""Background jobs in a table of the app's own: enqueued with its transaction, run once, retried, taken over.

No queue framework: `docs/how-to/jobs.md` says when procrastinate, pgqueuer or Celery serve better.
"""

from pgwright_runtime.jobs.enqueuing import enqueue, requeue
from pgwright_runtime.jobs.mixin import JobMixin, JobStates
from pgwright_runtime.jobs.queue import Claim, queue_of
from pgwright_runtime.jobs.worker import LeaseLost, Worker, run_worker

__all__ = ["Claim", "JobMixin", "JobStates", "LeaseLost", "Worker", "enqueue", "queue_of", "requeue", "run_worker"]
