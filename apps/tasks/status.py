"""The statuses of a task and the moves between them, and the outcomes of an attempt."""

from __future__ import annotations

from django.db.models import TextChoices


class TaskStatus(TextChoices):
    PENDING = "pending"
    READY = "ready"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class AttemptOutcome(TextChoices):
    COMPLETED = "completed"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    LOST = "lost"
    CANCELLED = "cancelled"
    STALE = "stale"


class WaitReason(TextChoices):
    """Why ready tasks of an engine, or of one tenant, cannot start; a free slot aside."""

    ENGINE_PAUSED = "engine_paused"
    TENANT_PAUSED = "tenant_paused"
    TENANT_QUOTA = "tenant_quota"
    NO_WORKER = "no_worker"
    DRAINING = "draining"
    NO_CARD_FREE = "no_card_free"
    SLOTS_TAKEN = "slots_taken"


_S = TaskStatus

UNSTARTED = frozenset({_S.PENDING, _S.READY})
ACTIVE = frozenset({_S.PENDING, _S.READY, _S.RUNNING})
TERMINAL = frozenset({_S.COMPLETED, _S.FAILED, _S.SKIPPED, _S.CANCELLED})

MOVES: dict[TaskStatus, frozenset[TaskStatus]] = {
    _S.PENDING: frozenset({_S.RUNNING, _S.COMPLETED, _S.FAILED, _S.SKIPPED, _S.CANCELLED}),
    _S.READY: frozenset(set(_S) - {_S.READY}),
    _S.RUNNING: frozenset({_S.READY}),
    _S.COMPLETED: frozenset({_S.RUNNING, _S.PENDING}),
    _S.FAILED: frozenset({_S.RUNNING, _S.PENDING}),
    _S.SKIPPED: frozenset({_S.PENDING, _S.READY}),
    _S.CANCELLED: frozenset({_S.PENDING, _S.READY, _S.RUNNING}),
}
"""`MOVES[to]` is the set of statuses a task may come from.

To `pending`: a failure that waits for its retry, or a retry of the job. To `ready`: the last
dependency ended, the wait for a retry is over, a worker was lost or handed the task back, or a
retry of the job. From `pending` to `completed` or `failed`: a mapped task, which never runs.
"""
