"""Why a ready task does not start."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from apps.jobs.models import Job
from apps.tasks import pauses, rollups
from apps.tasks.models import Task, WaitSpan
from apps.tenants.audit import Actor
from apps.tenants.clock import database_now
from apps.tenants.models import Tenant
from tests.console.whys import serve, why
from tests.factories import key_client, make_tenant, staff_client
from tests.tasks.jobs import claim, make_job, make_worker, report, task

pytestmark = pytest.mark.django_db

ADA = Actor("user:ada")


# What keeps all of an engine or of a tenant ------------------------------------------------------


def test_a_ready_task_without_a_worker_says_so(acme: Client) -> None:
    job = make_job()
    answer = why(acme, job)
    assert answer["detail"] == "No worker that runs test.a is online."
    assert (answer["status"], answer["reason"]) == ("ready", "no_worker")
    assert answer["since"] is not None


def test_a_ready_task_whose_workers_drain_says_so(acme: Client) -> None:
    job = make_job()
    serve(status="draining")
    assert why(acme, job)["reason"] == "draining"


def test_a_worker_that_is_unhealthy_may_still_take_it(acme: Client) -> None:
    job = make_job()
    serve(status="unhealthy")
    assert why(acme, job)["reason"] == "next_in_line"


def test_a_paused_engine_says_since_when_and_to_staff_by_whom(acme: Client) -> None:
    job = make_job()
    serve()
    pauses.pause_engine("test.a", ADA)
    mine, theirs = why(acme, job), why(staff_client(), job)
    assert mine["reason"] == theirs["reason"] == "engine_paused"
    assert mine["detail"].startswith("The engine test.a has been paused since ")
    assert "ada" not in mine["detail"]
    assert theirs["detail"].endswith(" UTC by user:ada.")


def test_a_paused_tenant_says_since_when_and_to_staff_by_whom(acme: Client) -> None:
    job = make_job()
    serve()
    pauses.pause_tenant("acme", ADA)
    mine, theirs = why(acme, job), why(staff_client(), job)
    assert mine["reason"] == theirs["reason"] == "tenant_paused"
    assert "ada" not in mine["detail"]
    assert theirs["detail"].endswith(" UTC by user:ada.")


def test_a_pause_of_another_day_is_told_with_its_date(acme: Client) -> None:
    job = make_job()
    Tenant.objects.update(paused_at=datetime.fromisoformat("2026-01-31T08:00:00+00:00"))
    assert why(acme, job)["detail"].endswith("paused since 2026-01-31 08:00:00 UTC.")


def test_a_task_of_an_inactive_tenant_says_so() -> None:
    job = make_job()
    Tenant.objects.update(active=False)
    assert why(staff_client(), job)["reason"] == "tenant_inactive"


def test_a_tenant_at_its_quota_says_how_many_run_of_how_many(acme: Client) -> None:
    Tenant.objects.update(max_running_tasks=2)
    job = make_job(*(task(key) for key in "abcd"))
    claim(serve(slots=9))
    answer = why(acme, job, "d")
    assert answer["detail"] == "acme is at its quota of running tasks: 2 of 2 run."
    assert (answer["reason"], answer["position"]) == ("tenant_quota", 2)


def test_the_strongest_reason_is_told_first(acme: Client) -> None:
    job = make_job()
    assert why(acme, job)["reason"] == "no_worker"
    pauses.pause_engine("test.a", ADA)
    assert why(acme, job)["reason"] == "engine_paused"
    pauses.pause_tenant("acme", ADA)
    assert why(acme, job)["reason"] == "tenant_paused"


# The line ----------------------------------------------------------------------------------------


def test_a_ready_task_knows_its_place_in_the_tenants_own_line(acme: Client) -> None:
    make_job(*(task(str(n)) for n in range(9)), tenant=make_tenant("globex"))
    first, second = make_job(), make_job()
    make_job(task("other", engine_id="test.b"))
    urgent = make_job(priority=9)
    serve()
    assert why(acme, urgent)["detail"] == (
        "It is next in line for test.a, and waits for a free slot."
    )
    assert why(acme, first)["detail"] == "1 task stands before it in line for test.a."
    assert why(acme, second)["detail"] == "2 tasks stand before it in line for test.a."
    assert [why(acme, job)["position"] for job in (urgent, first, second)] == [1, 2, 3]


def seconds_until(answer: Any) -> float:
    return (datetime.fromisoformat(answer["eta"]) - database_now()).total_seconds()


def last_long(seconds: float) -> None:
    """Every task that completed had run for so long."""
    for done in Task.objects.filter(status="completed"):
        assert done.completed_at is not None
        began = done.completed_at - timedelta(seconds=seconds)
        Task.objects.filter(id=done.id).update(started_at=began)


def test_its_turn_follows_from_its_place_the_slots_and_usual_durations(
    acme: Client,
) -> None:
    job = make_job(*(task(key) for key in "abcde"))
    worker = serve(slots=2)
    report(claim(worker, limit=1)[0])
    last_long(60)
    claim(worker, limit=1)
    began = database_now() - timedelta(seconds=40)
    Task.objects.filter(status="running").update(started_at=began)
    assert [round(seconds_until(why(acme, job, key)), -1) for key in "cde"] == [20, 60, 80]


def test_the_turn_counts_no_more_slots_than_the_quota_allows(acme: Client) -> None:
    Tenant.objects.update(max_running_tasks=1)
    job = make_job(task("a"), task("b"))
    report(claim(serve(slots=8), limit=1)[0])
    last_long(60)
    assert round(seconds_until(why(acme, job, "b")), -1) == 60


def test_a_job_without_a_past_uses_what_the_tenant_lately_ran(acme: Client) -> None:
    run_all_of(make_job())
    Task.objects.all().delete()
    rollups.fold()
    job = make_job()
    serve()
    assert why(acme, job)["eta"] is not None


def run_all_of(job: Job) -> None:
    held = claim(make_worker())
    Task.objects.filter(job=job).update(started_at=database_now() - timedelta(seconds=9))
    for one in held:
        report(one)


def test_no_turn_is_told_from_what_others_ran(acme: Client) -> None:
    run_all_of(make_job(tenant=make_tenant("globex")))
    rollups.fold()
    job = make_job()
    serve()
    assert why(acme, job)["eta"] is None


@pytest.mark.parametrize("number", [1, 40])
def test_a_place_in_line_takes_a_constant_number_of_queries(
    django_assert_max_num_queries: DjangoAssertNumQueries, number: int
) -> None:
    job = make_job(*(task(str(n)) for n in range(number)), task("last"))
    serve()
    now = database_now()
    WaitSpan.objects.bulk_create(
        WaitSpan(engine_id="test.a", reason="slots_taken", began_at=now, ended_at=now)
        for _ in range(number)
    )
    client = key_client(make_tenant())
    with django_assert_max_num_queries(13):
        assert why(client, job, "last")["position"] == number + 1
