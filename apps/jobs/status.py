"""The statuses of a job and the moves between them."""

from __future__ import annotations

from django.db.models import TextChoices


class BulkVerb(TextChoices):
    """What can be done to many jobs at once."""

    CANCEL = "cancel"
    RETRY = "retry"
    DELETE = "delete"


class BulkResult(TextChoices):
    """How one job of a bulk action fared. `gone`: not there, or not the asker's."""

    DONE = "done"
    REFUSED = "refused"
    GONE = "gone"


class JobStatus(TextChoices):
    PENDING = "pending"
    RUNNING = "running"
    CANCELLING = "cancelling"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


_S = JobStatus

ACTIVE = frozenset({_S.PENDING, _S.RUNNING, _S.CANCELLING})
TERMINAL = frozenset({_S.COMPLETED, _S.FAILED, _S.CANCELLED})

MOVES: dict[JobStatus, frozenset[JobStatus]] = {
    _S.PENDING: frozenset({_S.FAILED, _S.CANCELLED}),
    _S.RUNNING: frozenset({_S.PENDING}),
    _S.CANCELLING: frozenset({_S.PENDING, _S.RUNNING}),
    _S.COMPLETED: frozenset({_S.RUNNING}),
    _S.FAILED: frozenset({_S.RUNNING, _S.CANCELLING}),
    _S.CANCELLED: frozenset({_S.PENDING, _S.RUNNING, _S.CANCELLING}),
}
"""`MOVES[to]` is the set of statuses a job may come from."""
