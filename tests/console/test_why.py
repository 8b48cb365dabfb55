"""Why a task is where it is: the sentence of each status."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from apps.jobs.models import Job
from apps.tasks.models import Task
from apps.tasks.settle import Outcome
from apps.tasks.sweep import ready_due_retries
from apps.tenants.clock import database_now
from apps.workers.models import Worker
from tests.console.answers import body, get, post
from tests.factories import make_tenant, staff_client
from tests.tasks.jobs import by_key, claim, make_job, make_worker, report, run_all, task

pytestmark = pytest.mark.django_db


def why(client: Client, job: Job, key: str) -> Any:
    return body(get(client, f"jobs/{job.id}/tasks/{by_key(job, key).id}/why"))


def serve(*engines: str, status: str = "ready") -> None:
    worker = make_worker("server")
    Worker.objects.filter(id=worker.id).update(
        engines={name: {} for name in engines}, status=status
    )


def test_a_pending_task_names_what_it_waits_for(acme: Client) -> None:
    job = make_job(*(task(key) for key in "abcde"), task("z", *"abcde"))
    answer = why(acme, job, "z")
    assert answer["detail"] == "It waits for a, b, c and 2 more."
    assert (answer["status"], answer["reason"]) == ("pending", "dependencies")
    assert [(row["key"], row["status"]) for row in answer["blocking"]] == [
        (key, "ready") for key in "abcde"
    ]
    for held in claim(limit=4):
        report(held)
    assert why(acme, job, "z")["detail"] == "It waits for e."


def test_an_optional_failure_blocks_nobody(acme: Client) -> None:
    job = make_job(task("a"), task("b", required=False, max_retries=0), task("z", "a", "b"))
    held = next(held for held in claim() if held.key == "b")
    report(held, Outcome.FAILED, error="boom")
    assert [row["key"] for row in why(acme, job, "z")["blocking"]] == ["a"]


def test_a_task_that_waits_for_its_retry_says_when(acme: Client) -> None:
    job = make_job()
    report(claim()[0], Outcome.FAILED, error="The disk is full\nTraceback …", error_code="exit_1")
    answer = why(acme, job, "only")
    retry_at = by_key(job, "only").retry_at
    assert retry_at is not None
    assert answer["detail"] == (
        f"Attempt 1 failed: The disk is full. It is tried again at {retry_at:%H:%M:%S} UTC."
    )
    assert (answer["reason"], answer["eta"][:19]) == ("retry_wait", f"{retry_at:%Y-%m-%dT%H:%M:%S}")


def test_a_ready_task_without_a_worker_says_so(acme: Client) -> None:
    job = make_job()
    answer = why(acme, job, "only")
    assert answer["detail"] == "No worker that runs test.a is online."
    assert (answer["status"], answer["reason"]) == ("ready", "no_worker")
    assert answer["since"] is not None


def test_a_ready_task_whose_workers_drain_says_so(acme: Client) -> None:
    job = make_job()
    serve("test.a", status="draining")
    assert why(acme, job, "only")["reason"] == "draining"


def test_a_ready_task_knows_its_place_in_the_tenants_own_line(acme: Client) -> None:
    make_job(*(task(str(n)) for n in range(9)), tenant=make_tenant("globex"))
    first, second = make_job(), make_job()
    make_job(task("other", engine_id="test.b"))
    urgent = make_job(priority=9)
    serve("test.a")
    assert why(acme, urgent, "only")["detail"] == (
        "It is next in line for test.a, and waits for a free slot."
    )
    assert why(acme, first, "only")["detail"] == "1 task stands before it in line for test.a."
    assert why(acme, second, "only")["detail"] == "2 tasks stand before it in line for test.a."
    assert [why(acme, job, "only")["position"] for job in (urgent, first, second)] == [1, 2, 3]


def test_a_running_task_says_where(acme: Client) -> None:
    job = make_job()
    report(claim()[0], Outcome.STARTED)
    answer = why(acme, job, "only")
    assert answer["detail"] == "Attempt 1 runs on w1."
    assert [span["reason"] for span in answer["history"]] == ["waiting", "running"]
    assert answer["history"][-1]["to"] is None


def test_a_task_that_was_told_to_stop_says_since_when(acme: Client) -> None:
    job = make_job()
    report(claim()[0], Outcome.STARTED)
    post(acme, f"jobs/{job.id}/cancel")
    answer = why(acme, job, "only")
    assert answer["reason"] == "stopping"
    assert answer["detail"].endswith("and still runs on w1.")


def test_a_completed_task_says_how_long_it_took(acme: Client) -> None:
    job = make_job()
    run_all()
    assert why(acme, job, "only")["detail"] == "It completed in attempt 1, after 0.0 s."


def test_a_failure_is_told_and_what_it_took_along(acme: Client) -> None:
    job = make_job(task("a", max_retries=0), task("b", "a"))
    report(claim()[0], Outcome.FAILED, error="Out of memory!", error_code="oom")
    assert why(acme, job, "a")["detail"] == "Attempt 1 failed (oom): Out of memory!"
    assert why(acme, job, "b")["detail"] == "Task a failed."
    assert why(acme, job, "b")["reason"] == "skipped"


def test_who_cancelled_is_told_but_no_staff_name_to_a_tenant(acme: Client) -> None:
    job = make_job()
    staff = staff_client()
    post(staff, f"jobs/{job.id}/cancel")
    assert why(staff, job, "only")["detail"] == "Its job was cancelled by user:ada."
    assert why(acme, job, "only")["detail"] == "Its job was cancelled by staff."


def test_history_tells_waiting_and_running_in_turn(acme: Client) -> None:
    job = make_job()
    report(claim()[0], Outcome.FAILED, error="boom")
    report_after_retry()
    history = why(acme, job, "only")["history"]
    assert [span["reason"] for span in history] == ["waiting", "running", "waiting", "running"]
    assert all(one["to"] == next_["from"] for one, next_ in pairwise(history))


def report_after_retry() -> None:
    Task.objects.update(retry_at=database_now())
    ready_due_retries()
    report(claim()[0])


@pytest.mark.parametrize("number", [1, 50])
def test_the_answer_takes_a_constant_number_of_queries(
    acme: Client, django_assert_max_num_queries: DjangoAssertNumQueries, number: int
) -> None:
    job = make_job(*(task(str(n)) for n in range(number)), task("z", *map(str, range(number))))
    path = f"jobs/{job.id}/tasks/{by_key(job, 'z').id}/why"
    with django_assert_max_num_queries(6):
        assert len(body(get(acme, path))["blocking"]) == min(number, 20)
