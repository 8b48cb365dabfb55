"""Jobs over HTTP: look at, wait for, cancel, retry, clone, delete."""

from __future__ import annotations

import time
from threading import Timer
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from apps.tasks.settle import Outcome
from tests.console.answers import DETAIL, body, errors, get, post
from tests.factories import key_client, make_tenant, staff_client
from tests.tasks.jobs import claim, fresh, make_job, report, run_all, task

pytestmark = pytest.mark.django_db


def test_a_job_on_its_own_shows_what_went_in_and_what_came_out(acme: Client) -> None:
    job = make_job(task("a"), task("b", "a"), task("c", required=False), parameters={"x": [1]})
    for held in claim():
        report(held, Outcome.COMPLETED, output={"of": held.key}, output_bytes=10)
    for held in claim():
        report(held, Outcome.COMPLETED, output=[1, 2], output_bytes=5)
    answer = body(get(acme, f"jobs/{job.id}"))
    assert set(answer) == DETAIL
    assert (answer["status"], answer["parameters"]) == ("completed", {"x": [1]})
    assert answer["result"] == {"b": [1, 2], "c": {"of": "c"}}
    assert answer["duration_ms"] >= 0
    assert answer["seq"] == fresh(job).seq


def test_a_job_that_runs_has_no_result_yet(acme: Client) -> None:
    job = make_job(task("a"), task("b"))
    report(claim(limit=1)[0], Outcome.COMPLETED, output=1, output_bytes=1)
    answer = body(get(acme, f"jobs/{job.id}"))
    assert (answer["result"], answer["result_too_large"]) == (None, False)


def test_a_result_that_is_too_large_is_left_out(acme: Client) -> None:
    job = make_job(task("a"), task("b"))
    for held in claim():
        report(held, Outcome.COMPLETED, output="x", output_bytes=600_000)
    answer = body(get(acme, f"jobs/{job.id}"))
    assert (answer["result"], answer["result_too_large"]) == (None, True)


@pytest.mark.parametrize("number", [1, 50])
def test_a_job_takes_a_constant_number_of_queries(
    acme: Client, django_assert_max_num_queries: DjangoAssertNumQueries, number: int
) -> None:
    job = make_job(*(task(str(n)) for n in range(number)))
    for held in claim(limit=100):
        report(held, Outcome.COMPLETED, output=1, output_bytes=1)
    with django_assert_max_num_queries(7):
        assert len(body(get(acme, f"jobs/{job.id}"))["result"]) == number


def test_waiting_for_a_job_that_has_ended_takes_no_time(acme: Client) -> None:
    job = make_job()
    run_all()
    assert body(get(acme, f"jobs/{job.id}?wait=60"))["status"] == "completed"


def test_waiting_ends_after_so_many_seconds(acme: Client) -> None:
    assert body(get(acme, f"jobs/{make_job().id}?wait=1"))["status"] == "pending"


@pytest.mark.parametrize("wait", ["61", "-1", "x", ""])
def test_a_wait_out_of_range_is_refused(acme: Client, wait: str) -> None:
    answer = get(acme, f"jobs/{make_job().id}?wait={wait}")
    assert (answer.status_code, errors(answer)[0]["attr"]) == (400, "wait")


def test_waiting_for_a_job_ends_when_it_does(transactional_db: None) -> None:
    client = key_client(make_tenant("acme"))
    job = make_job()

    def finish() -> None:
        run_all()
        connection.close()

    timer = Timer(0.3, finish)
    timer.start()
    started = time.monotonic()
    assert body(get(client, f"jobs/{job.id}?wait=60"))["status"] == "completed"
    timer.join()
    assert time.monotonic() - started < 10


# Verbs -------------------------------------------------------------------------------------------


def test_a_job_is_cancelled_and_then_cannot_be_again(acme: Client) -> None:
    job = make_job()
    answer = post(acme, f"jobs/{job.id}/cancel")
    assert (answer.status_code, body(answer)["status"]) == (202, "cancelled")
    again = post(acme, f"jobs/{job.id}/cancel")
    assert (again.status_code, errors(again)[0]["code"]) == (409, "invalid_transition")


def test_cancelling_again_while_it_stops_is_fine(acme: Client) -> None:
    job = make_job()
    claim()
    for data in ({}, {"force": False}, {"force": True}):
        answer = post(acme, f"jobs/{job.id}/cancel", data)
        assert (answer.status_code, body(answer)["status"]) == (202, "cancelling")


@pytest.mark.parametrize(
    ("verb", "data", "attr"),
    [
        ("cancel", {"force": "yes"}, "force"),
        ("cancel", {"hard": True}, "hard"),
        ("clone", {"parameters": []}, "parameters"),
        ("clone", {"parameters": {str(n): n for n in range(10_001)}}, "parameters"),
        ("clone", {"name": "x"}, "name"),
        ("clone", [], "non_field_errors"),
    ],
)
def test_a_verb_with_a_bad_body_is_refused(acme: Client, verb: str, data: Any, attr: str) -> None:
    answer = post(acme, f"jobs/{make_job().id}/{verb}", data)
    assert (answer.status_code, errors(answer)[0]["attr"]) == (400, attr)


def test_only_a_failed_or_cancelled_job_is_retried(acme: Client) -> None:
    job = make_job(task("t", max_retries=0))
    assert post(acme, f"jobs/{job.id}/retry").status_code == 409
    run_all({"t": Outcome.FAILED})
    answer = post(acme, f"jobs/{job.id}/retry")
    assert (answer.status_code, body(answer)["status"]) == (200, "pending")


def test_a_job_is_cloned_with_other_parameters(acme: Client) -> None:
    job = make_job(name="n", parameters={"a": 1}, labels={"l": "v"})
    same, other = (
        body(post(acme, f"jobs/{job.id}/clone", data)) for data in ({}, {"parameters": {"b": 2}})
    )
    assert (same["parameters"], other["parameters"]) == ({"a": 1}, {"b": 2})
    assert (other["name"], other["labels"], other["status"]) == ("n", {"l": "v"}, "pending")
    assert len({str(job.id), same["id"], other["id"]}) == 3


def test_a_job_that_has_not_ended_cannot_be_deleted(acme: Client) -> None:
    answer = acme.delete(f"/api/console/jobs/{make_job().id}")
    assert (answer.status_code, errors(answer)[0]["code"]) == (409, "invalid_transition")


# Events ------------------------------------------------------------------------------------------


def test_events_are_dense_and_continue_behind_one(acme: Client) -> None:
    job = make_job(task("a"), task("b", "a"))
    run_all()
    page = body(get(acme, f"jobs/{job.id}/events"))
    assert [event["seq"] for event in page["events"]] == list(range(1, fresh(job).seq + 1))
    assert page["next"] is None
    assert set(page["events"][0]) == {"seq", "at", "type", "actor", "changes"}
    rest = body(get(acme, f"jobs/{job.id}/events?after=2"))["events"]
    assert rest == page["events"][2:]


def test_a_tenant_learns_no_staff_names_from_events(acme: Client) -> None:
    job = make_job()
    staff = staff_client()
    post(staff, f"jobs/{job.id}/cancel")
    path = f"jobs/{job.id}/events"
    assert "user:ada" in get(staff, path).text
    for client, query in ((acme, ""), (staff, "?tenant=acme")):
        text = get(client, path + query).text
        assert "ada" not in text
        assert '"actor":"staff"' in text
