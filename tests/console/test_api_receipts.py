"""The receipt of a cancel, on the job and on the task."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from apps.jobs.models import Job
from apps.tasks import control
from apps.tasks.models import Attempt, Task
from apps.tasks.settle import Outcome
from apps.tenants.audit import Actor
from apps.tenants.clock import database_now, stamp
from tests.console.answers import body, get, post
from tests.factories import staff_client
from tests.tasks.jobs import by_key, claim, make_job, report, task

pytestmark = pytest.mark.django_db

ADA = Actor("user:ada")
STEPS = ("signalled_at", "gone_at", "freed_at")


def of_job(client: Client, job: Job) -> Any:
    return body(get(client, f"jobs/{job.id}"))["cancel"]


def of_task(client: Client, wanted: Task) -> Any:
    return body(get(client, f"jobs/{wanted.job_id}/tasks/{wanted.id}"))["cancel"]


def cancelled(*keys: str) -> Job:
    """A job that was cancelled while these tasks ran, each told to stop just now."""
    job = make_job(*(task(key) for key in keys), task("waits", *keys))
    for held in claim():
        report(held, Outcome.STARTED)
    control.cancel(job.id, ADA)
    Attempt.objects.filter(task__job=job).update(cancel_requested_at=database_now())
    return job


def confirm(wanted: Task, **times: datetime) -> None:
    Attempt.objects.filter(task=wanted).update(**times)


def test_a_job_nobody_cancelled_has_no_receipt(acme: Client) -> None:
    job = make_job()
    assert of_job(acme, job) is None
    assert of_task(acme, by_key(job, "only")) is None


def test_a_task_that_never_ran_has_none(acme: Client) -> None:
    assert of_task(acme, by_key(cancelled("a"), "waits")) is None


def test_a_job_with_nothing_running_has_nothing_to_confirm(acme: Client) -> None:
    job = make_job()
    control.cancel(job.id, ADA)
    receipt = of_job(acme, job)
    assert (receipt["attempts"], receipt["unconfirmed"], receipt["gone_at"]) == (0, 0, None)
    assert receipt["requested_at"] is not None


def test_a_task_tells_each_step(acme: Client) -> None:
    job, now = cancelled("a"), database_now()
    before = of_task(acme, by_key(job, "a"))
    assert (before["gone_at"], before["confirmed"], before["requested_by"]) == (
        None, False, "staff",
    )  # fmt: skip
    confirm(by_key(job, "a"), signalled_at=now, gone_at=now, freed_at=now)
    after = of_task(acme, by_key(job, "a"))
    assert [after[step] for step in STEPS] == [stamp(now)] * 3
    assert after["confirmed"]


def test_a_job_has_a_time_once_all_its_processes_have_it(acme: Client) -> None:
    job, now = cancelled("a", "b"), database_now()
    confirm(by_key(job, "a"), signalled_at=now, gone_at=now)
    later = now + timedelta(seconds=1)
    confirm(by_key(job, "b"), signalled_at=later)
    receipt = of_job(acme, job)
    assert [receipt[step] for step in STEPS] == [stamp(later), None, None]
    assert (receipt["attempts"], receipt["unconfirmed"]) == (2, 0)


def test_what_is_not_gone_after_thirty_seconds_is_unconfirmed(acme: Client) -> None:
    job, now = cancelled("a", "b"), database_now()
    long_ago = now - timedelta(seconds=31)
    Job.objects.filter(id=job.id).update(cancel_requested_at=long_ago)
    confirm(by_key(job, "a"), cancel_requested_at=long_ago)
    confirm(by_key(job, "b"), cancel_requested_at=long_ago, gone_at=now)
    assert of_job(acme, job)["unconfirmed"] == 1


def test_staff_read_who_asked_and_a_tenant_that_it_was_staff(acme: Client) -> None:
    job = cancelled("a")
    staff = staff_client()
    assert of_job(staff, job)["requested_by"] == "user:ada"
    assert of_job(acme, job)["requested_by"] == "staff"
    assert of_task(staff, by_key(job, "a"))["requested_by"] == "user:ada"


def test_a_retry_begins_without_a_receipt(acme: Client) -> None:
    job = cancelled("a")
    report(next(iter(_held(job))), Outcome.CANCELLED)
    body(post(acme, f"jobs/{job.id}/retry"))
    assert of_job(acme, job) is None


def _held(job: Job) -> Any:
    for one in Task.objects.filter(job=job, status="running"):
        yield type("Held", (), {"task_id": one.id, "job_id": job.id, "attempt": one.attempt})


def test_what_was_stopped_as_the_job_failed_was_asked_for_by_nobody(acme: Client) -> None:
    job = make_job(task("a"), task("b"))
    first, _ = claim()
    report(first, Outcome.FAILED, error="x", final=True)
    confirm(by_key(job, "b"), cancel_requested_at=database_now())
    assert of_task(acme, by_key(job, "b"))["requested_by"] is None
    assert of_job(acme, job) is None
