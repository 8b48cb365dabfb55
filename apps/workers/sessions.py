"""The moves of a realtime session, each under its worker's lock; and what a sweep finds."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q

from apps.tenants import audit, hints, sql
from apps.tenants.clock import database_now
from apps.workers.models import Session, Worker
from apps.workers.standing import hold, offline, restate
from apps.workers.status import ONLINE, OPEN, SESSION_MOVES, SessionStatus, WorkerKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from apps.tenants.audit import Actor

KEY_LIFE = timedelta(hours=24)
CHUNK = 500


class SessionOver(Exception):
    """The session has ended, and no heartbeat brings it back."""


# One session -------------------------------------------------------------------------------------


def release(session: Session, actor: Actor) -> None:
    """End it and free its place. Again is no error, and frees nothing twice."""
    if session.status not in OPEN:
        return
    with transaction.atomic():
        worker = hold(session.worker_id)
        own = Session.objects.filter(id=session.pk)
        ended = close(worker, own, SessionStatus.ENDED, "released")
        if ended and actor.user_id is not None:
            audit.record(actor, "release", session, tenant=session.tenant_id)


def renew(session: Session) -> None:
    """Put its end off by its TTL. Raises SessionOver."""
    now = database_now()
    expires_at = now + timedelta(seconds=session.ttl_seconds)
    own = Session.objects.filter(id=session.pk, status__in=OPEN)
    if not own.update(expires_at=expires_at, renewed_at=now):
        raise SessionOver
    session.expires_at, session.renewed_at = expires_at, now


# The sessions of a worker ------------------------------------------------------------------------


def close(worker: Worker, sessions: QuerySet[Session], status: SessionStatus, reason: str) -> int:
    """Close those of the held worker's sessions that are open; returns how many."""
    closed = sessions.filter(worker=worker, status__in=SESSION_MOVES[status]).update(
        status=status, ended_at=database_now(), end_reason=reason
    )
    if closed:
        worker.active -= closed
        restate(worker)
        worker.save(update_fields=["active", "status"])
        transaction.on_commit(hints.pool_changed)
    return closed


def close_all(worker: Worker, status: SessionStatus, reason: str) -> int:
    """Close all that the held worker has."""
    return close(worker, Session.objects.all(), status, reason)


_STORE = """
WITH ROWS r(id uuid, status text, expires_at timestamptz, started_at timestamptz,
  unlisted_since timestamptz, ended_at timestamptz, end_reason text)
UPDATE workers_session SET status = r.status, expires_at = r.expires_at,
  started_at = r.started_at, unlisted_since = r.unlisted_since, ended_at = r.ended_at,
  end_reason = r.end_reason
FROM r WHERE workers_session.id = r.id RETURNING 1
"""
_TIMES = ("expires_at", "started_at", "unlisted_since", "ended_at")


def store(sessions: Sequence[Session]) -> None:
    """Write what a heartbeat made of the sessions of a held worker."""
    if not sessions:
        return
    values = [
        {
            "id": sql.uuid_in(session.pk),
            "status": session.status,
            "end_reason": session.end_reason,
            **{name: sql.time_in(getattr(session, name)) for name in _TIMES},
        }
        for session in sessions
    ]
    sql.run(_STORE, sql.rows(values))


def start(session: Session, now: datetime) -> None:
    """Its worker listed it for the first time. The caller stores it."""
    assert session.status in SESSION_MOVES[SessionStatus.ACTIVE]  # noqa: S101
    session.status, session.started_at = SessionStatus.ACTIVE, now


def finish(session: Session, status: SessionStatus, reason: str, now: datetime) -> None:
    """It is over by what its worker said, or did not say. The caller stores it."""
    assert session.status in SESSION_MOVES[status]  # noqa: S101
    session.status, session.end_reason, session.ended_at = status, reason, now


# The sweep ---------------------------------------------------------------------------------------


def sweep(*, time_jumped: bool) -> None:
    """Find silent workers, sessions that expired, drains that are over, keys of yesterday.

    Where time itself has jumped nothing expires: it was not the workers that were silent.
    """
    now = database_now()
    if not time_jumped:
        _lose_silent(now)
        _expire(now)
    _end_drains(now)
    old = Session.objects.filter(idempotency_key__isnull=False, created_at__lt=now - KEY_LIFE)
    old.update(idempotency_key=None, request_hash="")


def _lose_silent(now: datetime) -> None:
    silent = Worker.objects.filter(
        kind=WorkerKind.REALTIME, status__in=ONLINE, lease_until__lt=now
    ).order_by("id")
    for worker_id in silent.values_list("id", flat=True):
        with transaction.atomic():
            worker = hold(worker_id)
            if worker.status in ONLINE and worker.lease_until < now:
                close_all(worker, SessionStatus.LOST, "worker_silent")
                offline(worker)


def _expire(now: datetime) -> None:
    unconnected = Q(status=SessionStatus.OFFERED, connect_by__lt=now)
    overdue = Q(status__in=OPEN, expires_at__lt=now)
    for due, reason in ((unconnected, "not_connected"), (overdue, "not_renewed")):
        rows = Session.objects.filter(due).values_list("worker_id", flat=True)
        for worker_id in sorted(set(rows[:CHUNK])):
            with transaction.atomic():
                # Looked at again under the lock: its worker may just have listed it.
                late = Session.objects.filter(due)
                close(hold(worker_id), late, SessionStatus.EXPIRED, reason)


def _end_drains(now: datetime) -> None:
    drained = Worker.objects.filter(
        kind=WorkerKind.REALTIME, status__in=ONLINE, drain_deadline_at__lt=now, active__gt=0
    ).order_by("id")
    for worker_id in drained.values_list("id", flat=True):
        with transaction.atomic():
            worker = hold(worker_id)
            if worker.drain_deadline_at is not None and worker.drain_deadline_at < now:
                close_all(worker, SessionStatus.ENDED, "drained")
