"""Realtime workers that beat, and sessions at them, as the domain sees them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid4

from apps.tenants import keys
from apps.tenants.audit import SYSTEM
from apps.tenants.clock import database_now
from apps.tenants.models import Tenant, WorkerKey
from apps.workers import heartbeats, sessions
from apps.workers.heartbeats import Answer, Heartbeat
from apps.workers.models import Session, Worker
from apps.workers.router import Wanted, open_session
from apps.workers.status import OPEN
from tests.factories import make_tenant

FIRST = Heartbeat(
    boot_id=UUID(int=0),
    number=0,
    endpoint="wss://voice.example/live",
    capacity=2,
    models=["m"],
    node="node",
    status="ready",
    pid=None,
    sessions=frozenset(),
    ended={},
)


def worker_key(prefix: str = "rt-", **bounds: Any) -> tuple[WorkerKey, str]:
    return keys.issue_worker(prefix, actor=SYSTEM, **bounds)


class Machine:
    """A realtime worker: it says each time what it said before, but for what is given."""

    def __init__(self, name: str = "rt-1", **said: Any) -> None:
        self.key, self.text = worker_key()
        self.name = name
        self.says = replace(FIRST, boot_id=uuid4(), **said)
        self.beat()

    def beat(self, *sessions: Session, **said: Any) -> Answer:
        """The next heartbeat, which lists these sessions only."""
        ids = frozenset(session.pk for session in sessions)
        number = said.pop("number", self.says.number + 1)
        self.says = replace(self.says, ended={}, number=number, sessions=ids)
        self.says = replace(self.says, **said)
        return heartbeats.hear(self.key, self.name, self.says)

    def restart(self) -> Answer:
        """Another boot of the same name."""
        self.says = replace(self.says, boot_id=uuid4(), number=0)
        return self.beat()

    @property
    def row(self) -> Worker:
        return Worker.objects.get(boot_id=self.says.boot_id)

    def falls_silent(self, days: int = 0) -> None:
        """Its lease is over, perhaps for days, and nobody has noticed."""
        past = database_now() - timedelta(days=days, seconds=1)
        Worker.objects.filter(id=self.row.pk).update(lease_until=past)


def ask(model: str = "m", ttl_seconds: int = 3600, **metadata: Any) -> Wanted:
    return Wanted(model, ttl_seconds, metadata)


def take(tenant: Tenant | None = None, key: str | None = None, **wanted: Any) -> Session:
    """A session of acme's, unless said otherwise."""
    return open_session(tenant or make_tenant(), ask(**wanted), SYSTEM, key)[0]


def lasted(seconds: int, ago: int = 60) -> None:
    """A session of this length that ended so long ago."""
    session = take()
    sessions.release(session, SYSTEM)
    end = database_now() - timedelta(seconds=ago)
    times = {"created_at": end - timedelta(seconds=seconds), "ended_at": end}
    Session.objects.filter(id=session.pk).update(**times)


def fresh(session: Session) -> Session:
    return Session.objects.get(id=session.pk)


def fate(session: Session) -> tuple[str, str]:
    """Its status, and why it ended."""
    found = fresh(session)
    return found.status, found.end_reason


def age(session: Session, **times: int) -> None:
    """Move some of its times into the past, by seconds."""
    found = fresh(session)
    moved = {name: getattr(found, name) - timedelta(seconds=by) for name, by in times.items()}
    Session.objects.filter(id=session.pk).update(**moved)


def miscounted() -> list[str]:
    """Workers whose `active` is not the number of their open sessions."""
    return [
        f"{worker.name}: {worker.active} and {held}"
        for worker in Worker.objects.filter(kind="realtime")
        if worker.active != (held := worker.sessions.filter(status__in=OPEN).count())
    ]
