"""The statuses of a worker and of a realtime session, and the moves between them."""

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


class SessionStatus(TextChoices):
    OFFERED = "offered"
    ACTIVE = "active"
    ENDED = "ended"
    EXPIRED = "expired"
    LOST = "lost"


OPEN = frozenset({SessionStatus.OFFERED, SessionStatus.ACTIVE})
"""These hold a place at their worker."""

SESSION_MOVES: dict[SessionStatus, frozenset[SessionStatus]] = {
    SessionStatus.OFFERED: frozenset(),
    SessionStatus.ACTIVE: frozenset({SessionStatus.OFFERED}),
    SessionStatus.ENDED: OPEN,
    SessionStatus.EXPIRED: OPEN,
    SessionStatus.LOST: OPEN,
}
"""`SESSION_MOVES[to]` is the set of statuses a session may come from."""

SAID = tuple(status.value for status in WorkerStatus if status != _S.OFFLINE)
"""What a realtime worker may say of itself; one that leaves says so otherwise."""

_FIRST = (_S.DRAINING, _S.UNHEALTHY, _S.BUSY)


def status_of(*, gone: bool, drained: bool, said: str, full: bool) -> WorkerStatus:
    """A realtime worker's status from the facts. `gone`: its lease is over, or it has left.
    `drained`: it or its node was told to. `said`: what it says of itself.
    """
    if gone:
        return _S.OFFLINE
    holds = {_S.DRAINING: drained, _S.UNHEALTHY: False, _S.BUSY: full}
    return next((status for status in _FIRST if holds[status] or said == status), _S.READY)
