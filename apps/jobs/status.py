"""The statuses of a job and the moves between them."""

from __future__ import annotations

from django.db.models import TextChoices


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
