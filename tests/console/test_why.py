"""Why a task is where it is: the sentence of each status."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from apps.tasks.settle import Outcome
from apps.tenants.clock import database_now, stamp
from apps.workers.models import Worker
from tests.console.answers import body, get, post
from tests.console.whys import why
from tests.factories import make_tenant, staff_client
from tests.tasks.jobs import by_key, claim, make_job, make_worker, report, run_all, task
from tests.tasks.maps import finish, listed, mapped

pytestmark = pytest.mark.django_db


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
    answer = why(acme, job)
    retry_at = by_key(job, "only").retry_at
    assert retry_at is not None
    assert answer["detail"] == (
        f"Attempt 1 failed: The disk is full. It is tried again at {retry_at:%H:%M:%S} UTC."
    )
    assert (answer["reason"], answer["eta"][:19]) == ("retry_wait", f"{retry_at:%Y-%m-%dT%H:%M:%S}")


def test_a_running_task_says_where(acme: Client) -> None:
    job = make_job()
    report(claim()[0], Outcome.STARTED)
    answer = why(acme, job)
    assert answer["detail"] == "Attempt 1 runs on w1."
    assert [span["reason"] for span in answer["history"]] == ["in_line", "running"]
    assert answer["history"][-1]["to"] is None


def test_a_task_that_was_told_to_stop_says_since_when(acme: Client) -> None:
    job = make_job()
    report(claim()[0], Outcome.STARTED)
    post(acme, f"jobs/{job.id}/cancel")
    answer = why(staff_client(), job)
    assert (answer["reason"], answer["since"] is None) == ("stopping", False)
    assert answer["detail"].endswith(", and still runs on w1.")
    assert " by key:" in answer["detail"]


def test_a_completed_task_says_how_long_it_took(acme: Client) -> None:
    job = make_job()
    run_all()
    assert why(acme, job)["detail"] == "It completed in attempt 1, after 0.0 s."


def test_a_failure_is_told_and_what_it_took_along(acme: Client) -> None:
    job = make_job(task("a", max_retries=0), task("b", "a"))
    report(claim()[0], Outcome.FAILED, error="Out of memory!", error_code="oom")
    assert why(acme, job, "a")["detail"] == "Attempt 1 failed (oom): Out of memory!"
    answer = why(acme, job, "b")
    assert answer["detail"] == "It needs a, which failed."
    assert (answer["reason"], answer["blocking"][0]["status"]) == ("dependency_failed", "failed")


def test_who_cancelled_is_told_but_no_staff_name_to_a_tenant(acme: Client) -> None:
    job = make_job()
    staff = staff_client()
    post(staff, f"jobs/{job.id}/cancel")
    assert why(staff, job)["detail"] == "Its job was cancelled by user:ada."
    assert why(acme, job)["detail"] == "Its job was cancelled by staff."


def test_a_task_that_another_failure_took_along_names_it(acme: Client) -> None:
    job = make_job(task("a", max_retries=0), task("b"), task("c", "b"))
    held = next(held for held in claim() if held.key == "a")
    report(held, Outcome.FAILED, error="boom")
    answer = why(acme, job, "c")
    assert (answer["reason"], answer["detail"]) == ("skipped", "Task a failed.")


def test_a_task_that_stops_as_its_job_failed_says_so(acme: Client) -> None:
    job = make_job(task("a", max_retries=0), task("b"))
    a, b = claim()
    report(b, Outcome.STARTED)
    report(a, Outcome.FAILED, error="boom")
    assert " as its job failed, and still runs" in why(acme, job, "b")["detail"]


def test_a_task_of_a_silent_worker_says_when_its_lease_expires(acme: Client) -> None:
    job = make_job()
    worker = make_worker()
    report(claim(worker)[0], Outcome.STARTED)
    until = database_now() + timedelta(seconds=5)
    Worker.objects.filter(id=worker.id).update(lease_until=until)
    answer = why(acme, job)
    assert (answer["reason"], answer["eta"]) == ("silent_worker", stamp(until))
    assert f"Its lease expires at {until:%H:%M:%S} UTC; then the task goes" in answer["detail"]


@pytest.mark.parametrize("changes", [{"lease_until": -1}, {"status": "offline"}])
def test_a_task_of_a_lost_worker_is_about_to_go_back(acme: Client, changes: Any) -> None:
    job = make_job()
    worker = make_worker()
    report(claim(worker)[0], Outcome.STARTED)
    if "lease_until" in changes:
        changes = {"lease_until": database_now() - timedelta(seconds=1)}
    Worker.objects.filter(id=worker.id).update(**changes)
    assert "the task is about to go back in line" in why(acme, job)["detail"]


# Maps --------------------------------------------------------------------------------------------


def test_a_template_says_what_it_waits_for_and_over_what_it_is_mapped(acme: Client) -> None:
    job = make_job(task("list"), mapped())
    answer = why(acme, job, "each")
    assert answer["reason"] == "dependencies"
    assert answer["detail"] == "It waits for list, and is then mapped over the output of list."


def test_an_expanded_template_counts_its_instances(acme: Client) -> None:
    job = listed([1, 2, 3, 4, 5])
    report(claim(limit=1)[0], output=1, output_bytes=1)
    answer = why(acme, job, "each")
    assert answer["reason"] == "instances"
    assert answer["detail"] == (
        "1 of its 5 instances have ended; it waits for each[1], each[2], each[3] and 1 more."
    )
    assert len(answer["blocking"]) == 4


def test_a_template_tells_when_it_was_expanded(acme: Client) -> None:
    job = listed([1])
    finish()
    answer = why(acme, job, "each")
    assert answer["detail"] == "All it was mapped to ended: 1 instances."
    spans = [(span["reason"], span["from"]) for span in answer["history"]]
    expanded_at = by_key(job, "list").completed_at
    assert expanded_at is not None
    assert [reason for reason, _ in spans] == ["dependencies", "instances"]
    assert spans[1][1] == stamp(expanded_at)


# Who asks ----------------------------------------------------------------------------------------


def test_another_tenants_task_is_not_there(acme: Client) -> None:
    job = make_job(tenant=make_tenant("globex"))
    path = f"jobs/{job.id}/tasks/{by_key(job, 'only').id}/why"
    assert get(acme, path).status_code == 404


@pytest.mark.parametrize("number", [1, 50])
def test_the_answer_takes_a_constant_number_of_queries(
    acme: Client, django_assert_max_num_queries: DjangoAssertNumQueries, number: int
) -> None:
    job = make_job(*(task(str(n)) for n in range(number)), task("z", *map(str, range(number))))
    path = f"jobs/{job.id}/tasks/{by_key(job, 'z').id}/why"
    with django_assert_max_num_queries(6):
        assert len(body(get(acme, path))["blocking"]) == min(number, 20)
