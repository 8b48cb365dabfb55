"""A realtime worker's heartbeat: its whole registration, and what became of its sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from apps.tenants import hints
from apps.tenants.clock import database_now
from apps.workers import sessions, standing
from apps.workers.models import Node, ServedModel, Session, Worker
from apps.workers.status import OPEN, SessionStatus, WorkerKind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from apps.tenants.models import WorkerKey

SCHEMES = frozenset({"ws", "wss", "http", "https"})
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What a worker says. `number` rises; `ended`: sessions that it ended, and why."""

    boot_id: UUID
    number: int
    endpoint: str
    capacity: int
    models: list[str]
    node: str
    status: str
    pid: int | None
    sessions: frozenset[UUID]
    ended: Mapping[UUID, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the worker is answered: the sessions it should have are all of these, and no others."""

    worker: Worker
    drain: bool
    sessions: list[tuple[UUID, datetime]]


class Superseded(Exception):
    """A newer boot of this worker has come: this one is to leave."""


class NotItsName(Exception):
    """The key is for workers of another name."""


def check_name(key: WorkerKey, name: str) -> None:
    """Raises NotItsName."""
    if not name.startswith(key.name_prefix):
        raise NotItsName(f"This key is for workers whose name starts with {key.name_prefix}.")


def hear(key: WorkerKey, name: str, beat: Heartbeat) -> Answer:
    """Register the worker or renew its lease, and bring its sessions in line with what it says.

    Raises NotItsName, ValidationError, Superseded: nothing is changed then.
    """
    check_name(key, name)
    _check_bounds(key, beat)
    for attempt in range(ATTEMPTS):
        try:
            with transaction.atomic():
                return _hear(name, beat)
        except IntegrityError:
            # Two first heartbeats of one name at once: the other's row is there now.
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError


def leave(key: WorkerKey, name: str, boot_id: UUID | None = None) -> None:
    """The worker goes in order, and what is open there ends. Again is no error.

    With a `boot_id` only that boot leaves, not one that has come since. Raises NotItsName.
    """
    check_name(key, name)
    with transaction.atomic():
        worker = _held(name)
        if worker is None or worker.stopped_at is not None:
            return
        if boot_id is None or boot_id == worker.boot_id:
            sessions.close_all(worker, SessionStatus.ENDED, "worker_left")
            worker.stopped_at = worker.lease_until = database_now()
            standing.offline(worker)


# What a key allows -------------------------------------------------------------------------------


def _check_bounds(key: WorkerKey, beat: Heartbeat) -> None:
    if beat.capacity > key.capacity:
        detail = f"This key allows at most {key.capacity}."
        raise ValidationError({"capacity": ValidationError(detail, code="max_value")})
    if problem := _endpoint_problem(beat.endpoint, key.hosts):
        raise ValidationError({"endpoint": ValidationError(problem, code="invalid")})


def _endpoint_problem(endpoint: str, hosts: list[str]) -> str | None:
    try:
        url = urlsplit(endpoint)
        port = url.port
    except ValueError:
        return "This is not a URL."
    if url.scheme not in SCHEMES or not url.hostname or port == 0:
        return "Give a ws://, wss://, http:// or https:// URL with a host."
    if "@" in url.netloc:
        return "It may not hold a user name or a password."
    if hosts and not _names(url, hosts):
        return f"This key allows the hosts {', '.join(hosts)}."
    return None


def _names(url: SplitResult, hosts: list[str]) -> bool:
    allowed = {host.lower() for host in hosts}
    return not allowed.isdisjoint({url.hostname, url.netloc.lower()})


# Lives -------------------------------------------------------------------------------------------


def _hear(name: str, beat: Heartbeat) -> Answer:
    life = Worker.objects.filter(boot_id=beat.boot_id).only("id", "name", "kind").first()
    if life is None:
        worker = _born(name, beat)
    elif (life.name, life.kind) != (name, WorkerKind.REALTIME):
        detail = "Another worker has this boot_id: make a new one at each start."
        raise ValidationError({"boot_id": ValidationError(detail, code="taken")})
    else:
        worker = standing.hold(life.pk)
    if worker.superseded_at is not None:
        raise Superseded
    if beat.number > worker.beat_number:
        _believe(worker, beat)
    return _answer(worker)


def _held(name: str) -> Worker | None:
    """The present life of the worker of this name."""
    lives = Worker.objects.filter(name=name, kind=WorkerKind.REALTIME, superseded_at=None)
    life = lives.values_list("id", flat=True).first()
    return None if life is None else standing.hold(life)


def _born(name: str, beat: Heartbeat) -> Worker:
    """A new boot: the one before is offline from now on, and its sessions are lost."""
    now = database_now()
    Node.objects.get_or_create(name=beat.node, defaults={"first_seen_at": now})
    # Before any worker, as draining a node does: none slips in between its flag and its workers.
    node = Node.objects.select_for_update(no_key=True).get(name=beat.node)
    if former := _held(name):
        sessions.close_all(former, SessionStatus.LOST, "worker_restarted")
        former.superseded_at = now
        former.lease_until = min(former.lease_until, now)
        standing.offline(former)
    return Worker.objects.create(
        name=name,
        kind=WorkerKind.REALTIME,
        node=node,
        boot_id=beat.boot_id,
        capacity=beat.capacity,
        beat_number=beat.number - 1,
        started_at=now,
        last_heartbeat_at=now,
        lease_until=now,
    )


# What it says ------------------------------------------------------------------------------------

_TOLD = ("pid", "endpoint", "capacity", "said", "model_names")


def _believe(worker: Worker, beat: Heartbeat) -> None:
    before = _shown(worker)
    if worker.node_id != beat.node:
        worker.node, _ = Node.objects.get_or_create(
            name=beat.node, defaults={"first_seen_at": database_now()}
        )
    # Once the lock is ours: what it waited for took time too.
    now = database_now()
    worker.pid, worker.endpoint, worker.capacity = beat.pid, beat.endpoint, beat.capacity
    worker.said, worker.beat_number = beat.status, beat.number
    worker.lease_until = now + timedelta(seconds=settings.CONSOLE_LEASE_SECONDS)
    worker.last_heartbeat_at, worker.stopped_at = now, None
    if worker.model_names != beat.models:
        _serve(worker, beat.models)
    worker.active = _reconcile(worker, beat, now)
    standing.online(worker)
    worker.save()
    if _shown(worker) != before:
        transaction.on_commit(hints.pool_changed)


def _shown(worker: Worker) -> tuple[object, ...]:
    return (worker.status, worker.active, *(getattr(worker, name) for name in _TOLD))


def _serve(worker: Worker, models: list[str]) -> None:
    worker.model_names = models
    ServedModel.objects.filter(worker=worker).exclude(model__in=models).delete()
    rows = [ServedModel(worker=worker, model=model) for model in models]
    ServedModel.objects.bulk_create(rows, ignore_conflicts=True)


def _reconcile(worker: Worker, beat: Heartbeat, now: datetime) -> int:
    """Bring its open sessions in line; returns how many are left."""
    held = list(Session.objects.filter(worker=worker, status__in=OPEN).order_by("id"))
    statuses = {session.pk: session.status for session in held}
    changed = [session for session in held if _follow(session, beat, now)]
    sessions.store(changed)
    if any(session.status != statuses[session.pk] for session in changed):
        transaction.on_commit(hints.pool_changed)
    return sum(session.status in OPEN for session in held)


def _follow(session: Session, beat: Heartbeat, now: datetime) -> bool:
    """What the heartbeat means for one open session; whether anything changed."""
    if session.pk in beat.ended:
        sessions.finish(session, SessionStatus.ENDED, beat.ended[session.pk], now)
    elif session.pk in beat.sessions:
        if session.status == SessionStatus.OFFERED:
            sessions.start(session, now)
        session.unlisted_since = None
        session.expires_at = now + timedelta(seconds=session.ttl_seconds)
    elif session.status == SessionStatus.OFFERED:
        if session.connect_by >= now:
            return False
        sessions.finish(session, SessionStatus.EXPIRED, "not_connected", now)
    elif session.unlisted_since is None:
        session.unlisted_since = now
    elif now - session.unlisted_since < timedelta(seconds=settings.CONSOLE_LEASE_SECONDS):
        return False
    else:
        sessions.finish(session, SessionStatus.ENDED, "unlisted", now)
    return True


def _answer(worker: Worker) -> Answer:
    held = Session.objects.filter(worker=worker, status__in=OPEN).order_by("id")
    told = (worker.drain_requested_at, worker.node.drain_requested_at)
    return Answer(worker, any(told), list(held.values_list("id", "expires_at")))
