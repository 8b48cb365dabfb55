"""What no heartbeat tells: silent workers, sessions nobody came for, drains that are over."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.tasks.retention import expire
from apps.tasks.sweep import sweep as sweep_all
from apps.tenants.audit import SYSTEM, Actor
from apps.tenants.clock import database_now
from apps.tenants.models import AuditEntry
from apps.workers import sessions, transitions
from apps.workers.models import Session, Worker
from apps.workers.sessions import SessionOver, sweep
from tests.factories import make_staff, make_tenant
from tests.realtime.scene import Machine, age, fate, fresh, miscounted, take

pytestmark = pytest.mark.django_db


def test_the_sessions_of_a_silent_worker_are_lost_once() -> None:
    machine = Machine()
    first, second = take(), take()
    machine.beat(first)
    machine.falls_silent()
    for _ in range(2):
        sweep_all()
    assert [fate(first), fate(second)] == [("lost", "worker_silent")] * 2
    assert (machine.row.status, machine.row.active) == ("offline", 0)


def test_after_a_jump_in_time_nobody_is_silent() -> None:
    machine = Machine()
    session = take()
    age(session, expires_at=4000, connect_by=60)
    machine.falls_silent()
    sweep(time_jumped=True)
    assert (machine.row.status, fate(session)) == ("ready", ("offered", ""))


@pytest.mark.parametrize(("late", "reason"), [
    ({"connect_by": 31}, "not_connected"), ({"expires_at": 3601}, "not_renewed"),
])  # fmt: skip
def test_a_session_nobody_keeps_expires(late: dict[str, int], reason: str) -> None:
    machine = Machine()
    session, kept = take(), take()
    age(session, **late)
    sweep(time_jumped=False)
    assert [fate(session), fate(kept)] == [("expired", reason), ("offered", "")]
    assert (machine.row.active, miscounted()) == (1, [])


def test_an_active_session_outlives_its_time_to_connect() -> None:
    machine = Machine()
    session = take()
    machine.beat(session)
    age(session, connect_by=60)
    sweep(time_jumped=False)
    assert fate(session) == ("active", "")


def test_a_drain_ends_what_is_left_at_its_deadline() -> None:
    machine = Machine()
    session = take()
    transitions.drain(machine.row.pk, SYSTEM, 60)
    sweep(time_jumped=False)
    assert fate(session) == ("offered", "")
    past = machine.row.drain_requested_at
    Worker.objects.update(drain_deadline_at=past)
    sweep(time_jumped=False)
    assert fate(session) == ("ended", "drained")
    assert (machine.row.status, machine.row.active) == ("draining", 0)


def test_a_later_deadline_takes_the_place_of_the_first() -> None:
    machine = Machine()
    transitions.drain(machine.row.pk, SYSTEM, 60)
    first = machine.row.drain_deadline_at
    transitions.drain(machine.row.pk, SYSTEM, 600)
    assert first is not None
    later = machine.row.drain_deadline_at
    assert later is not None
    assert later > first + timedelta(seconds=500)
    transitions.resume(machine.row.pk, SYSTEM)
    assert machine.row.drain_deadline_at is None


def test_a_drain_without_deadline_cuts_nobody() -> None:
    machine = Machine()
    session = take()
    transitions.drain(machine.row.pk, SYSTEM)
    sweep(time_jumped=False)
    assert fate(session) == ("offered", "")


def test_keys_are_kept_for_a_day() -> None:
    Machine()
    session = take(key="k")
    sweep(time_jumped=False)
    assert fresh(session).idempotency_key == "k"
    Session.objects.update(created_at=session.created_at - timedelta(hours=25))
    sweep(time_jumped=False)
    assert fresh(session).idempotency_key is None


@pytest.mark.parametrize(("days", "left"), [(9, 1), (11, 0)])
def test_ended_sessions_are_kept_as_long_as_jobs(days: int, left: int) -> None:
    Machine()
    tenant = make_tenant("acme", retention_days=10)
    old, held = take(tenant), take(tenant)
    sessions.release(old, SYSTEM)
    Session.objects.update(created_at=database_now() - timedelta(days=days))
    Session.objects.filter(id=old.pk).update(ended_at=database_now() - timedelta(days=days))
    expire(database_now(), lambda: True)
    kept = set(Session.objects.values_list("id", flat=True))
    assert (old.pk in kept, held.pk in kept) == (bool(left), True)


# Release and renewal -----------------------------------------------------------------------------


def test_releasing_twice_frees_one_place() -> None:
    machine = Machine()
    session, other = take(), take()
    for stale in (session, session):
        sessions.release(stale, SYSTEM)
    assert [fate(session), fate(other)] == [("ended", "released"), ("offered", "")]
    assert machine.row.active == 1


def test_a_release_by_staff_is_recorded() -> None:
    Machine()
    ada = make_staff()
    sessions.release(take(), SYSTEM)
    sessions.release(take(), Actor("user:ada", user_id=ada.pk))
    assert [entry.actor for entry in AuditEntry.objects.filter(action="release")] == ["user:ada"]


def test_a_client_may_keep_its_session() -> None:
    Machine()
    session = take(ttl_seconds=60)
    age(session, expires_at=50)
    sessions.renew(session)
    assert fresh(session).expires_at > session.created_at + timedelta(seconds=59)


def test_an_ended_session_is_not_renewed() -> None:
    Machine()
    session = take()
    sessions.release(session, SYSTEM)
    with pytest.raises(SessionOver):
        sessions.renew(session)
