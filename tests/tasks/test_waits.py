"""What the sweep sees of tasks that cannot start, and what it keeps of it."""

from __future__ import annotations

import re
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from pytest_django import DjangoAssertNumQueries

from apps.tasks import pauses, sweep, waits
from apps.tasks.models import Task, WaitSpan
from apps.tasks.prune import prune
from apps.tenants.audit import Actor
from apps.tenants.clock import database_now
from apps.tenants.models import Tenant
from apps.workers.models import Tick, Worker
from tests.factories import make_tenant
from tests.tasks.jobs import claim, make_job, make_worker, report, run_all, task

pytestmark = pytest.mark.django_db


def spans(**wanted: Any) -> list[tuple[str, str, bool]]:
    """Engine and reason of each span, and whether it is over."""
    found = WaitSpan.objects.filter(**wanted).order_by("id")
    return [(span.engine_id, span.reason, span.ended_at is not None) for span in found]


def serve(slots: int = 1, status: str = "ready", engine: str = "test.a") -> Worker:
    worker = make_worker("server", lease_seconds=600)
    engines = {engine: {"slots": slots, "hash": ""}}
    Worker.objects.filter(id=worker.id).update(engines=engines, status=status)
    return worker


def let_pass(seconds: float) -> None:
    """As if all that was seen had been seen so long ago."""
    ago = timedelta(seconds=seconds)
    for look in Tick.objects.filter(name=waits.LOOK):
        Tick.objects.filter(pk=look.pk).update(at=look.at - ago)
    for span in WaitSpan.objects.filter(ended_at=None):
        WaitSpan.objects.filter(pk=span.pk).update(began_at=span.began_at - ago)


def test_the_sweep_names_the_engines_that_have_ready_tasks() -> None:
    make_job(task("a"), task("b", engine_id="test.b"), task("c", "a", engine_id="test.slow"))
    assert sweep.sweep() == {"test.a", "test.b"}


def test_an_engine_whose_tasks_nobody_takes_has_a_span_until_somebody_does() -> None:
    make_job()
    sweep.sweep()
    assert spans() == [("test.a", "no_worker", False)]
    serve()
    sweep.sweep()
    assert spans() == [("test.a", "no_worker", True)]


def test_an_engine_whose_workers_all_drain_has_a_span_of_its_own() -> None:
    make_job()
    worker = serve(status="draining")
    sweep.sweep()
    assert spans() == [("test.a", "draining", False)]
    Worker.objects.filter(id=worker.id).update(status="ready")
    sweep.sweep()
    assert spans() == [("test.a", "draining", True)]


def test_one_worker_that_drains_keeps_nobody_waiting() -> None:
    make_job()
    serve(status="draining")
    serve()
    sweep.sweep()
    assert spans() == []


def test_where_nothing_is_ready_nothing_is_noted() -> None:
    make_job(task("a"), task("b", "a", engine_id="test.b"))
    claim()
    sweep.sweep()
    assert spans() == []


def test_taken_slots_are_noted_until_nothing_waits() -> None:
    make_job(task("a"), task("b"))
    worker = serve(slots=1)
    (held,) = claim(worker, limit=1)
    sweep.sweep()
    assert spans() == [("test.a", "slots_taken", False)]
    report(held)
    claim(worker)
    sweep.sweep()
    assert spans() == [("test.a", "slots_taken", True)]


def test_a_free_moment_between_two_tasks_ends_no_span() -> None:
    make_job(*(task(str(n)) for n in range(9)))
    worker = serve(slots=4)
    first, *_ = claim(worker, limit=4)
    sweep.sweep()
    report(first)
    sweep.sweep()
    assert spans() == [("test.a", "slots_taken", False)]


def test_free_slots_are_no_reason_to_wait() -> None:
    make_job(*(task(str(n)) for n in range(9)))
    claim(serve(slots=4), limit=3)
    sweep.sweep()
    assert spans() == []


def test_a_tenant_at_its_quota_has_one_span_for_all_engines() -> None:
    acme = make_tenant("acme", max_running_tasks=1)
    make_job(task("a"), task("b"), task("c", engine_id="test.b"), tenant=acme)
    for engine in ("test.a", "test.b"):
        serve(slots=9, engine=engine)
    (held,) = claim()
    sweep.sweep()
    assert spans(tenant_id=acme.pk) == spans() == [("", "tenant_quota", False)]
    report(held)
    sweep.sweep()
    assert spans() == [("", "tenant_quota", True)]


def test_two_looks_open_one_span() -> None:
    make_job()
    sweep.sweep()
    sweep.sweep()
    assert len(spans()) == 1


@pytest.mark.parametrize("tenant", [False, True])
def test_the_database_refuses_a_second_open_span(tenant: bool) -> None:
    owner = make_tenant().pk if tenant else None
    row = {"engine_id": "test.a", "tenant_id": owner, "reason": "no_worker"}
    WaitSpan.objects.create(**row, began_at=database_now())
    with pytest.raises(IntegrityError), transaction.atomic():
        WaitSpan.objects.create(**row, began_at=database_now())


@pytest.mark.django_db(transaction=True)
def test_many_who_look_at_once_open_one_span() -> None:
    make_job()
    gate = Barrier(8)

    def look() -> None:
        gate.wait()
        waits.observe()
        connection.close()

    threads = [Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert spans() == [("test.a", "no_worker", False)]


def test_pauses_are_left_to_their_verbs() -> None:
    pauses.pause_engine("test.a", Actor("user:ada"))
    serve()
    sweep.sweep()
    assert spans() == [("test.a", "engine_paused", False)]


def test_an_engine_that_is_in_no_file_any_more_is_seen() -> None:
    make_job()
    Task.objects.update(engine_id="gone")
    sweep.sweep()
    assert spans() == [("gone", "no_worker", False)]


def test_while_nobody_looked_there_was_no_worker() -> None:
    make_job(task("a"), task("b"))
    claim(serve(slots=1), limit=1)
    sweep.sweep()
    let_pass(600)
    sweep.sweep()
    assert spans() == [
        ("test.a", "slots_taken", True), ("test.a", "no_worker", True),
        ("test.a", "slots_taken", False),
    ]  # fmt: skip
    (unseen,) = WaitSpan.objects.filter(reason="no_worker")
    assert unseen.ended_at is not None
    assert unseen.ended_at - unseen.began_at > timedelta(seconds=590)


@pytest.mark.parametrize("engines", [1, 4])
def test_a_look_takes_ten_statements_however_much_waits(
    engines: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    names = ["test.a", "test.b", "test.slow", "test.light"][:engines]
    for name in names:
        make_job(*(task(str(n), engine_id=name) for n in range(20 * engines)))
    Tenant.objects.update(max_running_tasks=0)
    waits.observe()
    let_pass(600)
    with django_assert_max_num_queries(10):
        assert waits.observe() == set(names)


def test_quiet_looks_write_nothing_but_that_they_looked(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    make_job()
    run_all()
    waits.observe()
    with django_assert_max_num_queries(6) as seen:
        waits.observe()
    writes = [q["sql"] for q in seen if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert len(writes) == 1


def test_spans_are_kept_for_thirty_days(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waits, "CHUNK", 2)
    now = database_now()
    for days in (31, 31, 31, 29):
        ended = now - timedelta(days=days)
        WaitSpan.objects.create(
            engine_id="test.a", reason="no_worker", began_at=ended, ended_at=ended
        )
    WaitSpan.objects.create(
        engine_id="test.a", reason="no_worker", began_at=now - timedelta(days=90)
    )
    prune()
    assert [ended for _, _, ended in spans()] == [True, False]


@pytest.mark.skipif(settings.EMBEDDED, reason="a plan of PostgreSQL")
def test_a_look_walks_the_index_and_reads_no_task_that_waits() -> None:
    make_job(*(task(str(n)) for n in range(500)))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE tasks_task")
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT TEXT) {waits._WAITING}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "task_claim" in plan
    assert not re.search(r"actual[^)]* rows=500", plan)
