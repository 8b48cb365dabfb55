"""The statuses of a worker."""

from __future__ import annotations

from django.db.models import TextChoices


class WorkerKind(TextChoices):
    BATCH = "batch"
    REALTIME = "realtime"


class WorkerStatus(TextChoices):
    READY = "ready"
    BUSY = "busy"
    DRAINING = "draining"
    UNHEALTHY = "unhealthy"
    OFFLINE = "offline"


_S = WorkerStatus
_ONLINE = frozenset({_S.READY, _S.BUSY, _S.DRAINING, _S.UNHEALTHY})

MOVES: dict[WorkerStatus, frozenset[WorkerStatus]] = {
    status: frozenset(set(WorkerStatus) - {status}) for status in WorkerStatus
}
"""`MOVES[to]` is the set of statuses a worker may come from: facts decide, so any but itself."""

ONLINE = _ONLINE
