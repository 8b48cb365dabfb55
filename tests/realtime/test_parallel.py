"""Many at once: nobody gets a place that is not there, and everybody one that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.conf import settings as given
from django.db import connection, transaction

from apps.tenants.audit import SYSTEM
from apps.tenants.models import Tenant
from apps.workers import router, sessions, transitions
from apps.workers.models import Session, Worker
from apps.workers.router import NoCapacity, SessionQuota
from apps.workers.standing import hold
from apps.workers.status import OPEN
from tests.factories import make_tenant
from tests.realtime.scene import Machine, fate, miscounted, take
from tests.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)

MANY = 50
THREADS = 10


def at_once(do: Callable[[int], object], times: int = MANY) -> Counter[str]:
    """The types of what so many calls gave, ten of them under way at any time."""
    barrier = Barrier(THREADS)

    def run(first: int) -> list[str]:
        try:
            barrier.wait()
            return [_kind(do, number) for number in range(first, times, THREADS)]
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        return Counter(kind for kinds in pool.map(run, range(THREADS)) for kind in kinds)


def _kind(do: Callable[[int], object], number: int) -> str:
    try:
        return type(do(number)).__name__
    except (NoCapacity, SessionQuota) as error:
        return type(error).__name__


def opening(tenant: Tenant) -> Callable[[int], object]:
    return lambda _: take(tenant)


def test_fifty_at_once_get_the_two_places_there_are() -> None:
    Machine(capacity=2)
    found = at_once(opening(make_tenant()))
    assert found == {"Session": 2, "NoCapacity": 48}
    assert miscounted() == []


def test_fifty_at_once_get_fifty_free_workers() -> None:
    for number in range(MANY):
        Machine(f"rt-{number}", capacity=1)
    assert at_once(opening(make_tenant())) == {"Session": MANY}
    assert set(Worker.objects.values_list("active", "status")) == {(1, "busy")}


def test_a_quota_holds_however_many_ask_at_once() -> None:
    Machine(capacity=MANY)
    tenant = make_tenant("acme", max_sessions=3)
    assert at_once(opening(tenant)) == {"Session": 3, "SessionQuota": 47}


def test_the_same_key_at_once_is_one_session() -> None:
    Machine(capacity=MANY)
    tenant = make_tenant()
    at_once(lambda _: take(tenant, key="k"))
    assert Session.objects.count() == 1
    assert miscounted() == []


def test_a_session_released_by_many_frees_one_place() -> None:
    machine = Machine()
    session, _ = take(), take()
    at_once(lambda _: sessions.release(session, SYSTEM))
    assert (machine.row.active, fate(session)) == (1, ("ended", "released"))


def test_opening_and_releasing_at_once_keeps_the_count() -> None:
    Machine(capacity=5)
    tenant = make_tenant()

    def use(_: int) -> None:
        sessions.release(take(tenant), SYSTEM)

    at_once(use)
    assert (miscounted(), Worker.objects.get().active) == ([], 0)


def test_all_that_takes_locks_at_once_waits_in_no_circle() -> None:
    """Sessions under a quota, heartbeats, sweeps, and drains of workers and of their machine."""
    machines = [Machine(f"rt-{number}", capacity=4) for number in range(3)]
    tenant = make_tenant("acme", max_sessions=6)

    def act(number: int) -> None:
        part = number % THREADS
        if part < len(machines):
            machines[part].beat(*Session.objects.filter(worker=machines[part].row, status__in=OPEN))
        elif part == THREADS - 3:
            sessions.sweep(time_jumped=False)
        elif part == THREADS - 2:
            transitions.drain(machines[0].row.pk, SYSTEM)
            transitions.resume(machines[0].row.pk, SYSTEM)
        elif part == THREADS - 1:
            transitions.drain_node("node", SYSTEM)
            transitions.resume_node("node", SYSTEM)
        else:
            sessions.release(take(tenant), SYSTEM)

    found = at_once(act, 20 * THREADS)
    assert set(found) <= {"NoneType", "NoCapacity", "SessionQuota"}
    assert (miscounted(), Session.objects.filter(status__in=OPEN).count()) == ([], 0)
    assert set(Worker.objects.values_list("active", "status")) == {(0, "ready")}


@pytest.mark.skipif(given.EMBEDDED, reason="SQLite has one writer whatever we do")
def test_a_drain_of_a_machine_locks_its_workers_from_the_lowest_id_on() -> None:
    first, second = Machine("rt-1"), Machine("rt-2")
    # Its row lies behind the other's from now on, where an UPDATE would come to it last.
    first.beat()
    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            hold(first.row.pk)
            drained = threads.submit(drain_node)
            eventually(somebody_waits)
            assert Worker.objects.select_for_update(nowait=True).get(id=second.row.pk)
        drained.result(10)
    assert {machine.row.status for machine in (first, second)} == {"draining"}


def drain_node() -> None:
    try:
        transitions.drain_node("node", SYSTEM)
    finally:
        connection.close()


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


def test_without_its_conditions_the_router_gives_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    take = router._TAKE.replace("AND active < capacity AND status = 'ready'", "")
    monkeypatch.setattr(router, "_TAKE", take)
    first = router._FIRST.replace("AND w.active < w.capacity", "").replace(
        "w.status = 'ready'", "true"
    )
    monkeypatch.setattr(router, "_FIRST", first)
    Machine(capacity=2)
    assert at_once(opening(make_tenant()))["Session"] > 2
